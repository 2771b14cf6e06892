//! Suggestions: types and the rules that need nothing but the document. No async, no IO, no clock.

use indexer::Vote;
use indexer::extract::{Invoice, Mail};
use indexer::letter::{Letter, Told};

use super::reasons;
use crate::base::{CivilDate, Timestamp, steers};
use crate::documents::{Direction, Document, Held, TITLE_CHARS_MAX};
use crate::http::Text;
use crate::types::Catalog;

/// So many are made of each kind at most.
pub(super) const SUGGESTED_MAX: usize = 5;
/// So many reasons are given for one.
pub(super) const REASONS_MAX: usize = 3;
/// Nothing that is suggested is certain.
const SCORE_MAX: f64 = 0.99;
/// Words of a title among which the name of a type is looked for.
const TITLE_WORDS: usize = 6;
/// A shorter name of a type is not looked for at the end of words.
const ENDING_CHARS_MIN: usize = 5;

/// Something that could be said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suggested<T> {
    /// What.
    pub(super) value: T,
    /// How sure that is, from 0 to 1.
    pub(super) score: f64,
    /// What speaks for it, the strongest first.
    pub(super) reasons: Vec<Text>,
}

/// What is gathered of one kind: several reasons for one value make it surer.
#[derive(Debug)]
pub(super) struct Gathered<T> {
    all: Vec<(T, Vec<(f64, Text)>)>,
}

impl<T: PartialEq> Gathered<T> {
    pub(super) const fn new() -> Self {
        Self { all: Vec::new() }
    }

    /// Adds a reason for a value.
    pub(super) fn add(&mut self, value: T, score: f64, reason: Text) {
        let known = self.all.iter().position(|(known, _)| *known == value);
        match known.and_then(|at| self.all.get_mut(at)) {
            Some((_, reasons)) => reasons.push((score, reason)),
            None => self.all.push((value, vec![(score, reason)])),
        }
    }

    /// The surest first; among equals the one that was added first.
    pub(super) fn done(self) -> Vec<Suggested<T>> {
        let mut all: Vec<Suggested<T>> = self.all.into_iter().map(weighed).collect();
        all.sort_by(|left, right| right.score.total_cmp(&left.score));
        all.truncate(SUGGESTED_MAX);
        all
    }
}

/// As sure as reasons make it that are taken to be independent.
fn weighed<T>((value, mut reasons): (T, Vec<(f64, Text)>)) -> Suggested<T> {
    let doubt: f64 = reasons
        .iter()
        .map(|(score, _)| 1.0 - score.clamp(0.0, 1.0))
        .product();
    reasons.sort_by(|left, right| right.0.total_cmp(&left.0));
    let reasons = reasons.into_iter().map(|(_, reason)| reason);
    Suggested {
        value,
        score: (1.0 - doubt).min(SCORE_MAX),
        reasons: reasons.take(REASONS_MAX).collect(),
    }
}

/// What a mail says of itself, where the document is one.
pub(super) fn mail_of(held: &Held) -> Option<&Mail> {
    held.text.as_ref()?.details.mail.as_ref()
}

/// A title as it may stand in a row, without what nobody sees; nothing where nothing is left.
fn titled(raw: &str) -> Option<String> {
    let seen: String = raw.chars().filter(|one| !steers(*one)).collect();
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(TITLE_CHARS_MAX).collect();
    let line = line.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// What the document may be about. What stands there already is no suggestion.
pub(super) fn titles(
    held: &Held,
    letter: &Letter,
    invoice: Option<&Invoice>,
) -> Vec<Suggested<String>> {
    let mut gathered = Gathered::new();
    let mut add = |raw: &str, score: f64, reason: Text| {
        let new = titled(raw).filter(|title| *title != held.document.metadata.title);
        if let Some(title) = new {
            gathered.add(title, score, reason);
        }
    };
    if let Some(subject) = mail_of(held).and_then(|mail| mail.subject.as_deref()) {
        add(subject, 0.97, reasons::mail_subject());
    } else {
        for told in &letter.titles {
            add(&told.value, f64::from(told.score), reasons::clue(told.clue));
        }
    }
    if let Some(number) = invoice.and_then(|invoice| invoice.number.as_deref()) {
        let from = invoice.and_then(|invoice| invoice.seller.as_deref());
        let from = from.map_or_else(String::new, |seller| format!(", {seller}"));
        let title = format!("Rechnung {number}{from}");
        add(&title, 0.9, reasons::invoice());
    }
    gathered.done()
}

/// When the document may have been written. What came in was not written later.
pub(super) fn dates(
    held: &Held,
    letter: &Letter,
    invoice: Option<&Invoice>,
) -> Vec<Suggested<CivilDate>> {
    let mut gathered = Gathered::new();
    let latest = latest(&held.document);
    let mut add = |date: Option<CivilDate>, score: f64, reason: Text| {
        let fits = |date: &CivilDate| latest.is_none_or(|latest| *date <= latest);
        if let Some(date) = date.filter(fits) {
            gathered.add(date, score, reason);
        }
    };
    let sent = mail_of(held).and_then(|mail| mail.sent);
    if let Some(sent) = sent {
        let at = sent.checked_mul(1_000_000).map(Timestamp::of_micros);
        add(at.and_then(day_of), 0.97, reasons::mail_sent());
    }
    if let Some(issued) = invoice.and_then(|invoice| invoice.issued.as_deref()) {
        add(CivilDate::parse(issued), 0.97, reasons::invoice());
    }
    for told in &letter.dates {
        let Told { value, score, clue } = told;
        let date = CivilDate::parse(&value.to_string());
        add(date, f64::from(*score), reasons::clue(*clue));
    }
    gathered.done()
}

/// The day of an instant, where the calendar has it: a mail says of itself what it likes.
fn day_of(at: Timestamp) -> Option<CivilDate> {
    const SECONDS: std::ops::Range<i64> = 0..253_402_300_800;
    let seconds = at.micros().div_euclid(1_000_000);
    SECONDS
        .contains(&seconds)
        .then(|| CivilDate::on(at))
        .flatten()
}

fn latest(document: &Document) -> Option<CivilDate> {
    match document.metadata.direction {
        Direction::Incoming => CivilDate::on(document.metadata.received_at),
        Direction::Outgoing | Direction::Internal => None,
    }
}

/// Of which type the document may be: by what its department files, by a word of its title, by its facts as an
/// invoice. A type that is retired is not suggested.
pub(super) fn kinds(
    catalog: &Catalog,
    titles: &[&str],
    invoice: Option<&Invoice>,
    votes: Vec<Vote<String>>,
) -> Vec<Suggested<String>> {
    let mut gathered = Gathered::new();
    let open = |word: &str| {
        catalog
            .kind(Some(word))
            .is_none_or(|kind| kind.retired_at.is_none())
    };
    for vote in votes.into_iter().filter(|vote| open(&vote.value)) {
        let reason = reasons::like_of_kind(vote.entries, &vote.words);
        gathered.add(vote.value, vote.score, reason);
    }
    let named = titles.iter().find_map(|title| in_title(catalog, title));
    if let Some((kind, word, score)) = named {
        gathered.add(kind, score, reasons::word_in_title(&word));
    }
    let kind = match invoice.map(|invoice| invoice.kind.as_deref()) {
        Some(Some("381")) => Some("gutschrift"),
        Some(Some(_) | None) => Some("rechnung"),
        None => None,
    };
    let of_house = kind.and_then(|kind| {
        let mut open = catalog.types.iter().filter(|one| one.retired_at.is_none());
        open.find(|one| one.code.to_lowercase() == kind)
    });
    if let Some(kind) = of_house {
        gathered.add(kind.code.clone(), 0.9, reasons::invoice());
    }
    gathered.done()
}

/// The type whose name stands in a title, with the word in which it stands.
fn in_title(catalog: &Catalog, title: &str) -> Option<(String, String, f64)> {
    let words = title
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .take(TITLE_WORDS);
    for word in words {
        let small = word.to_lowercase();
        let open = catalog.types.iter().filter(|one| one.retired_at.is_none());
        let mut best: Option<(&str, f64)> = None;
        for kind in open {
            let name = kind.code.to_lowercase();
            let score = if small == name {
                0.7
            } else if name.chars().count() >= ENDING_CHARS_MIN && small.ends_with(&name) {
                0.55
            } else {
                continue;
            };
            if best.is_none_or(|(_, known)| known < score) {
                best = Some((kind.code.as_str(), score));
            }
        }
        if let Some((kind, score)) = best {
            return Some((kind.to_owned(), word.to_owned(), score));
        }
    }
    None
}
