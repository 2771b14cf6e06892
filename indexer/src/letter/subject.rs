//! What a letter is about: behind `Betreff:`, above the salutation, below the date, or its first heading.

use super::dates::{Placed, days_in};
use super::{Clue, Sheet, Told};

/// What stands in front of a subject.
const LABELS: &[&str] = &["betreff", "betrifft", "betr", "betr.", "subject"];
/// What stands in front of something that is no title: the last word before the colon.
const OTHER_LABELS: &[&str] = &[
    "adresse",
    "aktenzeichen",
    "an",
    "anschrift",
    "ansprechpartner",
    "ansprechpartnerin",
    "auskunft",
    "az",
    "bearbeiter",
    "bearbeiterin",
    "bic",
    "cc",
    "date",
    "datum",
    "e-mail",
    "email",
    "fax",
    "from",
    "gesendet",
    "geschäftszeichen",
    "iban",
    "internet",
    "kassenzeichen",
    "kopie",
    "mail",
    "mobil",
    "name",
    "seite",
    "sent",
    "tel",
    "telefax",
    "telefon",
    "to",
    "von",
    "web",
    "zeichen",
    "zimmer",
    "betreff",
    "subject",
    "bank",
    "konto",
    "ort",
    "straße",
    "plz",
    "stand",
];
/// Words that no title ends in: a line that does goes on below.
const OPEN_ENDS: &[&str] = &[
    "am", "an", "auf", "aus", "bei", "beim", "bis", "das", "dem", "den", "der", "des", "die",
    "durch", "ein", "eine", "einem", "einen", "einer", "eines", "für", "gegen", "im", "in", "mit",
    "nach", "oder", "ohne", "sowie", "über", "um", "und", "unter", "vom", "von", "vor", "zu",
    "zum", "zur", "zwischen", "bzw", "als", "ins", "wegen",
];
/// A line that is at least so long may go on below.
const LONG_CHARS: usize = 50;
const TITLE_CHARS_MIN: usize = 6;
const TITLE_CHARS_MAX: usize = 300;
/// Lines that a title has at most.
const TITLE_LINES_MAX: usize = 3;
/// A number of a house has at most so many digits.
const HOUSE_DIGITS_MAX: usize = 3;
const POSTCODE_DIGITS: usize = 5;
/// A label has at most so many characters.
const LABEL_CHARS_MAX: usize = 30;

/// What may be the title, each text once.
pub(super) fn titles(sheet: &Sheet<'_>, dates: &[Placed]) -> Vec<Told<String>> {
    let mut found: Vec<Told<String>> = Vec::new();
    let mut add = |value: Option<String>, score: f32, clue: Clue| {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return;
        };
        if !found.iter().any(|one| one.value == value) {
            found.push(Told { value, score, clue });
        }
    };
    add(labelled(sheet), 0.95, Clue::SubjectLine);
    add(above_salutation(sheet), 0.85, Clue::AboveSalutation);
    let in_head = |one: &&Placed| one.line.is_some_and(|line| line < sheet.head.max(1));
    let bare = |clue: Clue| matches!(clue, Clue::PlaceAndDate | Clue::DateInHead);
    let mut bare_dates = dates.iter().filter(in_head);
    let dated = bare_dates.find(|one| bare(one.told.clue));
    let mut labelled_dates = dates.iter().filter(in_head);
    let labelled_date = labelled_dates.find(|one| one.told.clue == Clue::LabelledDate);
    // With an address above it is a letter: then its first line names somebody, and the subject stands below.
    let letter = sheet
        .first
        .iter()
        .take(sheet.head)
        .any(|line| is_place(line));
    let (score, below) = match (dated, labelled_date) {
        (Some(one), _) => (0.6, one.line),
        (None, Some(one)) => (if letter { 0.55 } else { 0.3 }, one.line),
        (None, None) => (0.0, None),
    };
    let below = below.and_then(|line| from(sheet, line + 1));
    add(below, score, Clue::BelowDate);
    let first = (0..sheet.head.max(1)).find_map(|line| from(sheet, line));
    let score = if letter { 0.2 } else { 0.45 };
    add(first, score, Clue::FirstHeading);
    found
}

fn labelled(sheet: &Sheet<'_>) -> Option<String> {
    sheet.first.iter().enumerate().find_map(|(at, line)| {
        let (label, rest) = line.split_once(':')?;
        if !LABELS.contains(&label.trim().to_lowercase().as_str()) {
            return None;
        }
        let rest = rest.trim();
        if rest.is_empty() {
            return from(sheet, at + 1);
        }
        Some(with_more(sheet, rest, at + 1))
    })
}

/// The lines directly above the salutation.
fn above_salutation(sheet: &Sheet<'_>) -> Option<String> {
    let mut at = sheet.salutation?.checked_sub(1)?;
    let mut parts = vec![*sheet.first.get(at)?];
    while parts.len() < TITLE_LINES_MAX && goes_on(sheet, at) {
        let before = at.checked_sub(1)?;
        parts.push(*sheet.first.get(before)?);
        at = before;
    }
    parts.reverse();
    let begins = parts.first().is_some_and(|line| may_be_title(line));
    begins.then(|| joined(&parts))
}

/// A title that begins on this line.
fn from(sheet: &Sheet<'_>, at: usize) -> Option<String> {
    let line = sheet.first.get(at).filter(|line| may_be_title(line))?;
    Some(with_more(sheet, line, at + 1))
}

/// A line with those below into which it was broken.
fn with_more(sheet: &Sheet<'_>, line: &str, next: usize) -> String {
    let mut parts = vec![line];
    let rest = sheet.first.iter().enumerate().skip(next);
    for (at, more) in rest.take(TITLE_LINES_MAX - 1) {
        if sheet.salutation == Some(at) || !goes_on(sheet, at) {
            break;
        }
        parts.push(more);
    }
    joined(&parts)
}

/// Whether a line goes on what the line above it began: after a hyphen, or behind a full line that begins nothing
/// new, or that is open at its end, or where empty lines part everything else.
fn goes_on(sheet: &Sheet<'_>, at: usize) -> bool {
    let above = at.checked_sub(1).and_then(|above| sheet.first.get(above));
    let (Some(above), Some(line)) = (above, sheet.first.get(at)) else {
        return false;
    };
    let small = line.starts_with(char::is_lowercase);
    let parted = sheet.parted.get(at).copied().unwrap_or_default();
    if parted || !(may_be_title(line) || (small && !is_labelled(line))) {
        return false;
    }
    let last = above.split_whitespace().next_back().unwrap_or_default();
    let open = OPEN_ENDS.contains(&last.to_lowercase().as_str());
    let full = above.chars().count() >= LONG_CHARS;
    let paragraphs = sheet.parted.contains(&true);
    above.ends_with('-') || (full && (small || open || paragraphs))
}

/// One line of them; a word broken at the end of a line is whole again.
fn joined(parts: &[&str]) -> String {
    let mut whole = String::new();
    for part in parts {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        let broken = whole.ends_with('-') && part.starts_with(char::is_lowercase);
        if broken {
            whole.pop();
        } else if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(&part);
    }
    whole.trim_end_matches([',', ';', ':']).to_owned()
}

/// `Telefon: …`, `Rechnungsnummer: …`: what stands behind is no title.
fn is_labelled(line: &str) -> bool {
    let Some((label, _)) = line.split_once(':') else {
        return false;
    };
    let last = label.split_whitespace().next_back().unwrap_or_default();
    let last = last.trim_matches(|c: char| !c.is_alphanumeric());
    let last = last.to_lowercase();
    let other = OTHER_LABELS.contains(&last.as_str())
        || last.ends_with("datum")
        || last.ends_with("nummer");
    other && label.chars().count() <= LABEL_CHARS_MAX
}

/// Whether a line could be a title: no address, no label, no date, no sentence.
fn may_be_title(line: &str) -> bool {
    let chars = line.chars().count();
    if !(TITLE_CHARS_MIN..=TITLE_CHARS_MAX).contains(&chars) {
        return false;
    }
    let begins = line.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '„');
    let sentence = line.ends_with(['.', ',', ';', ':']);
    if !begins || sentence || line.contains(['@', '·', '|', '\t']) {
        return false;
    }
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    if letters * 2 < chars || is_labelled(line) || is_address(line) {
        return false;
    }
    // A date that takes most of the line is what the line is about.
    !days_in(line)
        .iter()
        .any(|(_, start, end)| (end - start) * 3 > line.len())
}

/// `05321 Hollerfurt`.
fn is_place(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let code = words.next().unwrap_or_default();
    let code = code.strip_prefix("D-").unwrap_or(code);
    let name = words.next().unwrap_or_default();
    code.len() == POSTCODE_DIGITS
        && code.chars().all(|c| c.is_ascii_digit())
        && name.starts_with(char::is_uppercase)
}

/// `Gerbergasse 14`, `05321 Hollerfurt`, `Postfach 12`.
fn is_address(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = words.last().is_some_and(|word| {
        let digits = word.chars().take_while(char::is_ascii_digit).count();
        word.len() <= 4 && (1..=HOUSE_DIGITS_MAX).contains(&digits)
    });
    is_place(line) || (number && words.len() > 1 && words.len() <= 4)
}
