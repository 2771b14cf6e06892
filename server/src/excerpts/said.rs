//! What an excerpt says, in German. No async, no IO, no clock.

use paper::Moment;
use paper::report::{Block, Column, Head, Lang, Report, Row, Table, Tone};
use workflow::tell::{SlipLine, slip_of};

use super::gather::{DOCUMENTS_MAX, ENTRIES_MAX, Facts, Slip, Told};
use crate::audit::told::sentence;
use crate::base::{CivilDate, Timestamp, german_instant};
use crate::cases::Life;
use crate::documents::{Standing, State};

/// What an excerpt is called.
pub(super) const TITLE: &str = "Aktenauszug";
/// Signs of a digest in tables.
const SHORT: usize = 16;
const INTRODUCTION: &str = "Dieser Auszug zeigt einen Vorgang mit seinen Dokumenten, Laufwegen und seinem Verlauf, soweit \
                            ihn die Person sehen darf, für die er ausgestellt ist. Maßgeblich ist das elektronische Archiv; \
                            womit sich der Auszug nachprüfen lässt, steht am Ende.";
const PROOF: &str = "Jede Änderung steht als Eintrag in einem fortlaufenden Protokoll, dessen Prüfsummen aufeinander aufbauen. \
                     Nummer und Prüfsumme eines Eintrags sind seine Quittung. Ein Prüfpunkt fasst alle Einträge bis zu einer \
                     Nummer zusammen und ist vom Archiv signiert.";
const HOW: [&str; 4] = [
    "Quittungen: Die Nummern und Prüfsummen des Verlaufs zeilenweise als „Nummer,Prüfsumme“ in eine Datei schreiben und prüfen mit: papierlos verify --receipts DATEI",
    "Prüfpunkt: Der aktuelle Prüfpunkt steht unter GET /api/v1/log/checkpoint; dass er diesen hier fortsetzt, prüft: papierlos verify --since DATEI",
    "Fassungen: Den Inhalt einer Fassung herunterladen und seinen SHA-256-Wert mit dem Anhang vergleichen, etwa mit: sha256sum DATEI",
    "Regeln: Ob Vier-Augen-Prinzip, Zeichnung, Fristen und Vertretung eingehalten sind, rechnet nach: papierlos audit invariants",
];

/// The excerpt.
pub(super) fn report(facts: &Facts) -> Report {
    let mut blocks = vec![
        Block::Paragraph(INTRODUCTION.to_owned()),
        heading("Vorgang"),
        Block::Rows(case(facts)),
        heading("Dokumente"),
        documents(facts),
    ];
    if facts.more {
        blocks.push(warning(format!(
            "Der Vorgang hat mehr als {DOCUMENTS_MAX} Dokumente; gezeigt sind die ersten."
        )));
    }
    blocks.push(heading("Laufwege"));
    if facts.slips.is_empty() {
        blocks.push(Block::Paragraph(
            "In diesem Vorgang lief kein Umlauf.".to_owned(),
        ));
    }
    for slip in &facts.slips {
        slip_blocks(facts, slip, &mut blocks);
    }
    blocks.push(heading("Verlauf"));
    blocks.push(history(facts));
    if facts.told.len() >= ENTRIES_MAX {
        blocks.push(warning(format!(
            "Der Verlauf hat mehr als {ENTRIES_MAX} Einträge; gezeigt sind die ersten."
        )));
    }
    blocks.push(heading("Nachweise"));
    blocks.extend(proofs(facts));
    blocks.push(Block::PageBreak);
    blocks.push(heading("Anhang: Prüfsummen der Fassungen (SHA-256)"));
    blocks.push(digests(facts));
    Report {
        title: TITLE.to_owned(),
        lang: Lang::German,
        head: head(facts),
        blocks,
    }
}

fn heading(text: &str) -> Block {
    Block::Heading {
        level: 2,
        text: text.to_owned(),
    }
}

fn warning(text: String) -> Block {
    Block::Notice {
        tone: Tone::Warning,
        title: None,
        text,
    }
}

fn day(day: CivilDate) -> String {
    let (year, month, day) = day.date().to_calendar_date();
    format!("{day:02}.{:02}.{year:04}", u8::from(month))
}

fn moment(at: Timestamp) -> Moment {
    let at = at.utc();
    Moment {
        year: u16::try_from(at.year()).unwrap_or(u16::MAX),
        month: u8::from(at.month()),
        day: at.day(),
        hour: at.hour(),
        minute: at.minute(),
        second: at.second(),
    }
}

fn head(facts: &Facts) -> Head {
    let case = &facts.case;
    Head {
        town: facts.town.clone(),
        office: facts.office.clone(),
        to: Vec::new(),
        reference: Some(case.reference.clone()),
        date: CivilDate::on(facts.now).map(day),
        foot: format!("{TITLE} {}", case.reference),
        about: format!("Aktenauszug, Vorgang {}, Stand {}", case.id, facts.now),
        creator: "Papierlos".to_owned(),
        made: moment(facts.now),
    }
}

fn case(facts: &Facts) -> Vec<Row> {
    let case = &facts.case;
    let file = facts.file.as_ref();
    let life = match case.life {
        Life::Open => "offen".to_owned(),
        Life::Closed(closed) => format!(
            "z. d. A. seit {}, durch {}",
            german_instant(closed.at),
            facts.names.who(closed.by)
        ),
    };
    vec![
        Row::new("Betreff", case.subject.as_str()),
        Row::new("Vorgangszeichen", case.reference.as_str()),
        Row::new("Frühere Zeichen", facts.former.join(", ")),
        Row::new("Vorgangstyp", case.kind.clone().unwrap_or_default()),
        Row::new(
            "Aktenzeichen",
            file.map(|file| file.reference.clone()).unwrap_or_default(),
        ),
        Row::new(
            "Akte",
            file.map(|file| file.subject.clone()).unwrap_or_default(),
        ),
        Row::new("Aktenplan", facts.plan_unit.clone().unwrap_or_default()),
        Row::new("Federführung", facts.office.as_str()),
        Row::new("Laufzeit ab", day(case.opened_on)),
        Row::new("Stand", life),
        Row::new("Kennung", case.id.to_string()),
        Row::new("Ausgestellt für", facts.names.who(facts.by)),
        Row::new("Ausgestellt am", german_instant(facts.now)),
    ]
}

fn short(digest: &[u8]) -> String {
    let hex: String = hex::encode(digest).chars().take(SHORT).collect();
    format!("{hex}…")
}

/// What a document bears: its reference; before that, where it stands.
fn mark(one: &Standing) -> String {
    match (&one.document.registered, one.document.state) {
        (Some(registered), _) => registered.reference.clone(),
        (None, State::Incoming) => "Eingang".to_owned(),
        (None, State::Draft) => "Entwurf".to_owned(),
        (None, State::Discarded) => "aussortiert".to_owned(),
        // A component bears that of the whole.
        (None, State::Registered) => "Anlage".to_owned(),
    }
}

fn documents(facts: &Facts) -> Block {
    if facts.documents.is_empty() {
        return Block::Paragraph(
            "In diesem Vorgang steht kein Dokument, das Sie sehen dürfen.".to_owned(),
        );
    }
    let mut rows = Vec::new();
    for one in &facts.documents {
        for version in &one.versions {
            let in_force = version.number == one.document.content_version;
            rows.push(vec![
                mark(one),
                one.document.metadata.title.clone(),
                format!(
                    "{}{}",
                    version.number,
                    if in_force { " (gilt)" } else { "" }
                ),
                german_instant(version.created_at),
                facts.names.who(version.created_by),
                short(&version.sha256),
            ]);
        }
    }
    Block::Table(Table {
        columns: vec![
            Column::new("Zeichen", 4),
            Column::new("Titel", 6),
            Column::new("Fassung", 2),
            Column::new("Vom", 4),
            Column::new("Durch", 4),
            Column::new("SHA-256", 4),
        ],
        rows,
    })
}

fn digests(facts: &Facts) -> Block {
    let mut rows = Vec::new();
    for one in &facts.documents {
        for version in &one.versions {
            rows.push(vec![
                format!("{}, {}", mark(one), one.document.metadata.title),
                version.number.to_string(),
                hex::encode(version.sha256),
            ]);
        }
    }
    if rows.is_empty() {
        return Block::Paragraph("Keine Fassungen.".to_owned());
    }
    Block::Table(Table {
        columns: vec![
            Column::new("Dokument", 6),
            Column::of_numbers("Fassung", 2),
            Column::new("SHA-256", 12),
        ],
        rows,
    })
}

fn slip_blocks(facts: &Facts, slip: &Slip, blocks: &mut Vec<Block>) {
    let (definition, instance) = (&slip.definition, &slip.instance);
    blocks.push(Block::Heading {
        level: 3,
        text: definition.title.de.clone(),
    });
    let state = definition.state(&instance.state);
    let state = state.map_or(instance.state.as_str(), |state| state.label.de.as_str());
    let began = Timestamp::of_micros(instance.started_at.0);
    let ended = instance.ended.as_ref();
    let ended = ended.map(|ended| german_instant(Timestamp::of_micros(ended.at.0)));
    blocks.push(Block::Rows(vec![
        Row::new("Begonnen", german_instant(began)),
        Row::new("Stand", state),
        Row::new("Beendet", ended.unwrap_or_default()),
        Row::new(
            "Definition",
            format!(
                "{}, Fassung {}",
                instance.definition, instance.definition_version
            ),
        ),
        Row::new(
            "SHA-256 der Definition",
            instance.definition_sha256.as_str(),
        ),
        Row::new("Kennung", slip.id.to_string()),
    ]));
    let lines = slip_of(definition, instance, &facts.names);
    blocks.push(Block::Table(Table {
        columns: vec![
            Column::of_numbers("Nr.", 2),
            Column::new("Schritt", 7),
            Column::new("Gefragt", 5),
            Column::new("Frist", 4),
            Column::new("Vermerk", 7),
            Column::new("Fassung und Anmerkung", 7),
        ],
        rows: lines.iter().map(line).collect(),
    }));
}

/// A step as a row: what it is, who was asked, by when, the mark with its day and name, and to what it is bound.
fn line(one: &SlipLine) -> Vec<String> {
    let mut step = format!("{}\n{}", one.label, one.kind);
    if let Some(directive) = &one.directive {
        step.push('\n');
        step.push_str(directive);
    }
    let mark = match (&one.mark, &one.done, &one.by) {
        (Some(mark), Some(done), _) => format!("{mark}\n{done}"),
        (Some(mark), None, _) => mark.clone(),
        (None, Some(done), Some(by)) => format!("{}, {done}, {by}", one.status),
        (None, _, _) => one.status.clone(),
    };
    let outcome = one
        .outcome
        .as_ref()
        .map(|outcome| format!("Ergebnis: {outcome}"));
    let beside = [outcome, one.bound.clone(), one.note.clone()];
    let mut beside: Vec<String> = beside.into_iter().flatten().collect();
    beside.extend(one.documents.iter().map(|title| format!("Anlage: {title}")));
    vec![
        one.number.to_string(),
        step,
        one.asked.clone(),
        one.due.clone().unwrap_or_default(),
        mark,
        beside.join("\n"),
    ]
}

fn history(facts: &Facts) -> Block {
    let row = |one: &Told| {
        let entry = &one.entry;
        let at = Timestamp::parse(&entry.at).map_or_else(|| entry.at.clone(), german_instant);
        let mut said = sentence(&entry.action).to_owned();
        if let Some(title) = &one.of {
            said.push_str(&format!(" ({title})"));
        }
        vec![
            entry.seq.to_string(),
            at,
            facts.names.who(crate::base::AccountId::of(entry.actor)),
            said,
            entry.hash.chars().take(SHORT).chain(['…']).collect(),
        ]
    };
    Block::Table(Table {
        columns: vec![
            Column::of_numbers("Eintrag", 2),
            Column::new("Wann", 4),
            Column::new("Wer", 4),
            Column::new("Was", 9),
            Column::new("Prüfsumme", 4),
        ],
        rows: facts.told.iter().map(row).collect(),
    })
}

fn proofs(facts: &Facts) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(PROOF.to_owned())];
    let last = facts.told.last().map(|one| &one.entry);
    let mut rows = vec![
        Row::new(
            "Letzter Eintrag dieses Verlaufs",
            last.map(|entry| entry.seq.to_string()).unwrap_or_default(),
        ),
        Row::new(
            "Seine Prüfsumme",
            last.map(|entry| entry.hash.clone()).unwrap_or_default(),
        ),
    ];
    if let Some(checkpoint) = &facts.checkpoint {
        rows.push(Row::new("Protokoll", checkpoint.origin.to_string()));
        rows.push(Row::new(
            "Einträge unter dem Prüfpunkt",
            checkpoint.size.to_string(),
        ));
        rows.push(Row::new(
            "Wurzel des Prüfpunkts",
            checkpoint.root.to_string(),
        ));
    }
    blocks.push(Block::Rows(rows));
    let under = facts.checkpoint.as_ref().map_or(0, |one| one.size);
    if last.is_some_and(|entry| entry.seq >= under) {
        blocks.push(Block::Notice {
            tone: Tone::Plain,
            title: None,
            text: "Die jüngsten Einträge stehen noch unter keinem Prüfpunkt; der nächste schließt sie ein.".to_owned(),
        });
    }
    blocks.push(Block::List(
        HOW.iter().map(|&text| text.to_owned()).collect(),
    ));
    blocks
}
