//! What a report says, as a page. No async, no IO, no clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use paper::Moment;
use paper::report::{Block, Code, Head, Lang, Report, Row, render_dense};

use super::{Facts, ReportError};
use crate::audit::told::sentence;
use crate::base::{CivilDate, Timestamp, german_instant};
use crate::codes;

/// So many kinds of action are named.
const KINDS_MAX: usize = 4;
/// So many witnesses are named.
const WITNESSES_MAX: usize = 3;
/// Digits of a digest that stand together.
const GROUP: usize = 8;

/// The words of a language.
#[derive(Clone, Copy)]
struct Words(Lang);

impl Words {
    const fn say(self, german: &'static str, english: &'static str) -> &'static str {
        match self.0 {
            Lang::German | Lang::Simple => german,
            Lang::English => english,
        }
    }

    fn instant(self, at: Timestamp) -> String {
        match self.0 {
            Lang::German | Lang::Simple => german_instant(at),
            Lang::English => at.to_string(),
        }
    }
}

/// The report as PDF/A: one page. The same facts make the same bytes.
///
/// # Errors
/// Where the signed note is too long for a code.
pub fn render(facts: &Facts, lang: Lang) -> Result<Vec<u8>, ReportError> {
    Ok(render_dense(&report(facts, lang)?)?)
}

/// What of a signed note stands in the code: all of it; where that is too long, its text and as many of its signatures
/// as fit, the first first, which is that of the log. What is left out are witnesses' signatures.
#[must_use]
pub fn carried(note: &str) -> String {
    if note.len() <= codes::LARGE_BYTES_MAX {
        return note.to_owned();
    }
    let (text, signatures) = note.rsplit_once("\n\n").unwrap_or((note, ""));
    let mut carried = format!("{text}\n\n");
    for line in signatures.lines() {
        if carried.len() + line.len() + 1 > codes::LARGE_BYTES_MAX {
            break;
        }
        carried.push_str(line);
        carried.push('\n');
    }
    carried
}

pub(super) fn report(facts: &Facts, lang: Lang) -> Result<Report, ReportError> {
    let words = Words(lang);
    let mut rows = identity(facts, words);
    rows.extend(anchors(facts, words));
    let heading = format!(
        "{} {}",
        words.say("Seit", "Since"),
        words.instant(facts.since.at)
    );
    let blocks = vec![
        Block::Rows(rows),
        Block::Heading {
            level: 2,
            text: heading,
        },
        Block::Rows(activity(facts, words)),
        Block::Code(code(facts, words)?),
        Block::Signature(
            words
                .say(
                    "Ausgedruckt und abgelegt: Datum, Name, Unterschrift",
                    "Printed and filed: date, name, signature",
                )
                .to_owned(),
        ),
    ];
    Ok(Report {
        title: words
            .say("Tagesbericht des Protokolls", "Daily report of the log")
            .to_owned(),
        lang,
        head: head(facts, words),
        blocks,
    })
}

fn head(facts: &Facts, words: Words) -> Head {
    let origin = &facts.checkpoint.origin;
    let at = facts.now.utc();
    let title = words.say("Tagesbericht", "Daily report");
    Head {
        town: facts.house.town.clone(),
        office: format!("{} {origin}", words.say("Archiv", "Archive")),
        to: Vec::new(),
        reference: None,
        date: CivilDate::on(facts.now).map(|day| match words.0 {
            Lang::German | Lang::Simple => {
                let (year, month, day) = day.date().to_calendar_date();
                format!("{day:02}.{:02}.{year:04}", u8::from(month))
            }
            Lang::English => day.to_string(),
        }),
        foot: format!("{title} {origin}, {}", facts.checkpoint.size),
        about: format!(
            "{title} {origin}, {} {}",
            facts.checkpoint.size, facts.checkpoint.root
        ),
        creator: "Papierlos".to_owned(),
        made: Moment {
            year: u16::try_from(at.year()).unwrap_or(u16::MAX),
            month: u8::from(at.month()),
            day: at.day(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
        },
    }
}

/// Digits in groups, as they are compared and copied.
pub(super) fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / GROUP);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at.is_multiple_of(GROUP) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

fn identity(facts: &Facts, words: Words) -> Vec<Row> {
    let (checkpoint, key) = (&facts.checkpoint, &facts.house.key);
    vec![
        Row::new(words.say("Protokoll", "Log"), checkpoint.origin.to_string()),
        Row::new(
            words.say("Erstellt am", "Made at"),
            words.instant(facts.now),
        ),
        Row::new(
            words.say("Einträge im Protokoll", "Records in the log"),
            checkpoint.size.to_string(),
        ),
        Row::new(
            words.say("Wurzel (hexadezimal)", "Root (hexadecimal)"),
            grouped(&checkpoint.root.to_string()),
        ),
        Row::new(
            words.say("Wurzel (Base64)", "Root (base64)"),
            BASE64.encode(checkpoint.root.0),
        ),
        Row::new(
            words.say("Signiert am", "Signed at"),
            words.instant(facts.signed_at),
        ),
        Row::new(
            words.say("Kennung des Schlüssels", "Id of the key"),
            key.id(),
        ),
        Row::new(
            words.say("Öffentlicher Schlüssel", "Public key"),
            key.to_string(),
        ),
    ]
}

/// What others keep: the newest timestamp, and the newest witnesses.
fn anchors(facts: &Facts, words: Words) -> Vec<Row> {
    let none = words.say("keiner", "none");
    let records = words.say("Einträge", "records");
    let stamp = facts.anchors.timestamps.first().map(|one| {
        format!(
            "{} {records}, {}, {} {}, {}",
            one.size,
            words.instant(one.at),
            words.say("Seriennummer", "serial number"),
            one.serial,
            one.authority
        )
    });
    let seen = facts.anchors.witnesses.iter().take(WITNESSES_MAX);
    let seen: Vec<String> = seen
        .map(|one| {
            let at = words.instant(one.at);
            format!("{}: {} {records}, {at}", one.name, one.size)
        })
        .collect();
    let seen = if seen.is_empty() {
        none.to_owned()
    } else {
        seen.join("\n")
    };
    vec![
        Row::new(
            words.say("Zeitstempel (RFC 3161)", "Timestamp (RFC 3161)"),
            stamp.unwrap_or_else(|| none.to_owned()),
        ),
        Row::new(words.say("Zeugen", "Witnesses"), seen),
    ]
}

fn activity(facts: &Facts, words: Words) -> Vec<Row> {
    let (activity, from, to) = (&facts.activity, facts.since.size, facts.checkpoint.size);
    let kinds: Vec<String> = activity
        .kinds
        .iter()
        .take(KINDS_MAX)
        .map(|(action, count)| match words.0 {
            Lang::German | Lang::Simple => format!("{count} × {} ({action})", sentence(action)),
            Lang::English => format!("{count} × {action}"),
        })
        .collect();
    let more = activity.kinds.len().saturating_sub(KINDS_MAX);
    let others = (more > 0).then(|| format!("{more} {}", words.say("weitere Arten", "more kinds")));
    let kinds: Vec<String> = kinds.into_iter().chain(others).collect();
    vec![
        Row::new(
            words.say("Neue Einträge", "New records"),
            format!(
                "{} ({} {from} {} {to})",
                to.saturating_sub(from),
                words.say("von", "from"),
                words.say("auf", "to")
            ),
        ),
        Row::new(
            words.say("Die häufigsten", "The most frequent"),
            kinds.join("\n"),
        ),
        Row::new(
            words.say("Besonderes", "Of note"),
            format!(
                "{}: {}, {}: {}, {}: {}",
                words.say("abgewiesene Anfragen", "requests refused"),
                activity.refusals,
                words.say("vernichtete Inhalte", "contents destroyed"),
                activity.destructions,
                words.say("Löschungen", "erasures"),
                activity.erasures
            ),
        ),
    ]
}

fn code(facts: &Facts, words: Words) -> Result<Code, ReportError> {
    let carried = carried(&facts.note);
    let (squares, dark) = codes::squares(&carried).ok_or(ReportError::TooLong)?;
    let text = words.say(
        "Unterschreiben und außerhalb des Rechenzentrums abheften. Nachprüfen, auch nach Jahren: scannen (mindestens \
         200 dpi), dann papierlos verify --since SCAN. Setzt das Protokoll diesen Stand nicht fort, ist seine \
         Vergangenheit umgeschrieben.\n\n\
         Der Code ist der signierte Prüfpunkt, hier zum Abschreiben; Eingerücktes gehört zur Zeile darüber.",
        "Sign it and file it away from the computers. To check it, even years later: scan it (200 dpi or more), then \
         papierlos verify --since SCAN. Where the log does not continue this state, its past was rewritten.\n\n\
         The code is the signed checkpoint, here to be copied; what is indented belongs to the line above.",
    );
    Ok(Code {
        squares,
        dark,
        told: words
            .say(
                "QR-Code mit dem signierten Prüfpunkt, der daneben als Text steht",
                "QR code with the signed checkpoint, which stands beside it as text",
            )
            .to_owned(),
        text: text.to_owned(),
        letters: carried,
    })
}
