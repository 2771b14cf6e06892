//! What of this crate reads what strangers wrote, each as a function of bytes: for the fuzzer in `fuzz/`, and
//! for the replay of its corpus in the tests here.
//!
//! A function panics where something is wrong, and says nothing otherwise.

use crate::body::Body;
use crate::extract;
use crate::guard::{Biometric, SerialShape, Serials};
use crate::likeness::{Sketch, Text};
use crate::query::{self, parse, print};
use crate::search::Sort;
use crate::{cursor, letter, marked};

/// A name, and what is to be tried under it.
pub type Target = (&'static str, fn(&[u8]));

const OWN: [Target; 9] = [
    ("amount", amount),
    ("biometric", biometric),
    ("body", body),
    ("cursor", position),
    ("letter", proposals),
    ("likeness", likeness),
    ("marked", marks),
    ("query", question),
    ("serials", serials),
];

/// All of them.
pub fn targets() -> impl Iterator<Item = Target> {
    OWN.into_iter().chain(extract::fuzzing::TARGETS)
}

/// Gives bytes to the target of this name.
///
/// # Panics
/// Where the target does, or where there is none.
pub fn run(name: &str, bytes: &[u8]) {
    let found = targets().find(|(known, _)| *known == name);
    let (_, target) = found.expect("a target of this name");
    target(bytes);
}

/// The fields of the house that questions may name here.
fn fields() -> [String; 2] {
    ["betrag".to_owned(), "nummer".to_owned()]
}

fn question(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(parsed) = parse(&text, &fields()) else {
        return;
    };
    for note in &parsed.notes {
        assert!(note.at <= text.len(), "{note:?} lies behind the question");
    }
    if let Some(node) = &parsed.node {
        // What is printed may be longer than a question may be, but never makes no sense.
        parse(&print(node), &fields()).ok();
    }
}

/// A question in the first line, a text below it.
fn marks(bytes: &[u8]) {
    let all = String::from_utf8_lossy(bytes);
    let (asked, text) = all.split_once('\n').unwrap_or((&all, &all));
    let Ok(found) = marked(asked, &fields(), text) else {
        return;
    };
    let mut end = 0;
    for range in found {
        assert!(end <= range.start, "{range:?} overlaps what ends at {end}");
        assert!(text.get(range.clone()).is_some(), "{range:?} is no stretch");
        end = range.end;
    }
}

fn amount(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if query::millionths(&text).is_some() {
        assert!(!query::is_field_name(&text), "a number names no field");
    }
}

fn position(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for sort in [
        Sort::Relevance,
        Sort::DateDesc,
        Sort::DateAsc,
        Sort::ReceivedDesc,
    ] {
        if let Ok(rank) = cursor::read(&text, sort) {
            assert_eq!(cursor::write(rank, sort), text.to_ascii_lowercase());
        }
    }
}

/// Pages, parted by form feeds.
fn proposals(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let pages: Vec<&str> = text.split('\u{c}').collect();
    let letter = letter::read(&pages);
    for score in letter.titles.iter().map(|told| told.score) {
        assert!((0.0..=1.0).contains(&score), "{score}");
    }
}

/// Two texts, parted by a form feed.
fn likeness(bytes: &[u8]) {
    if let Some(sketch) = Sketch::from_bytes(bytes) {
        assert_eq!(sketch.to_bytes(), bytes);
    }
    let all = String::from_utf8_lossy(bytes);
    let (here, there) = all.split_once('\u{c}').unwrap_or((&all, &all));
    if let (Some(one), Some(other)) = (Sketch::of([here]), Sketch::of([there])) {
        let alike = one.likeness(&other);
        assert!((0.0..=1.0).contains(&alike), "{alike}");
        assert_eq!(one.keys().len(), other.keys().len());
    }
    let (here, there) = (Text::of([here]), Text::of([there]));
    if let Some(same) = here.same(&there) {
        assert!((0.0..=1.0).contains(&same), "{same}");
    }
    for (one, other) in here.pages_alike(&there) {
        assert!(one > 0 && other > 0, "pages count from 1");
    }
}

/// A shape in the first line, a text below it.
fn serials(bytes: &[u8]) {
    let all = String::from_utf8_lossy(bytes);
    let (shape, text) = all.split_once('\n').unwrap_or(("", &all));
    let known = ["MRZ", "LXXXXXXXXC", "A99999999"].map(SerialShape::parse);
    let shapes = known.into_iter().chain([SerialShape::parse(shape)]);
    let words = vec!["Personalausweis".to_owned(), "Reisepass".to_owned()];
    let masked = Serials::new(shapes.flatten().collect(), words);
    let masked = masked.mask(text);
    assert_eq!(masked.chars().count(), text.chars().count(), "sign by sign");
}

fn biometric(bytes: &[u8]) {
    if let Some(kind) = Biometric::of(bytes) {
        assert_eq!(Biometric::from_name(kind.as_str()), Some(kind));
    }
}

/// What is kept of an entry, as a disk gives it back.
fn body(bytes: &[u8]) {
    let Some(body) = Body::open(bytes) else {
        return;
    };
    assert!(body.title().len() <= bytes.len() && body.len() <= bytes.len());
    for index in 0..=body.len() {
        if let Some(page) = body.page(index) {
            body.page_of(page.first_position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many broken versions of each sample, where nothing else is said.
    const ROUNDS: usize = 150;

    #[test]
    fn what_is_read_of_strangers_never_makes_it_panic() {
        for (name, target) in OWN {
            havoc::replay(name, ROUNDS, target);
        }
    }

    #[test]
    fn what_is_read_of_documents_and_workers_never_makes_it_panic() {
        for (name, target) in extract::fuzzing::TARGETS {
            havoc::replay(name, ROUNDS, target);
        }
    }
}
