use indexer::extract::{Format, Limits, TextState};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::builder::Builder;
use crate::support::{block_on, data, extractor, limits};

/// What can happen to the bytes of a document.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    /// A number somewhere becomes another.
    Number(prop::sample::Index, u32),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        6 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (at(), any::<u32>()).prop_map(|(at, number)| Change::Number(at, number)),
        2 => (at(), 1..500_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => (at(), 1..500_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match change {
        Change::Set(at, byte) => bytes[at.index(length)] = *byte,
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Remove(at, count) => {
            let at = at.index(length);
            bytes.drain(at..(at + count).min(length));
        }
        Change::Repeat(at, count) => {
            let at = at.index(length);
            let part = bytes[at..(at + count).min(length)].to_vec();
            bytes.splice(at..at, part);
        }
        Change::Number(at, number) => {
            let from = at.index(length);
            let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit) else {
                return;
            };
            let start = from + start;
            let end = bytes[start..]
                .iter()
                .position(|byte| !byte.is_ascii_digit());
            let end = end.map_or(length, |end| start + end);
            bytes.splice(start..end, number.to_string().into_bytes());
        }
    }
}

/// A document whose structure is in plain sight, so that changes hit it.
fn bare() -> Vec<u8> {
    let mut pdf = Builder::new();
    let form = pdf.stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"q Q");
    let contents = pdf.stream("", b"/Fm Do BT /F1 12 Tf 60 700 Td (Bescheid) Tj ET");
    let pages: Vec<usize> = (0..3)
        .map(|_| {
            pdf.page(
                &format!("{contents} 0 R"),
                &format!("/XObject << /Fm {form} 0 R >>"),
            )
        })
        .collect();
    pdf.finish(&pages)
}

pub(crate) fn a_mutated_document_ends_in_a_defined_state() {
    let seeds = [bare(), data("muenz5dmbek-1977-03.pdf")];
    let limits = Limits {
        cpu_seconds_max: 2,
        ..limits()
    };
    let chars_max = usize::try_from(limits.document_chars_max).expect("fits");
    let extractor = extractor(limits);
    let cases = (0..seeds.len(), prop::collection::vec(change(), 1..12));
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&cases, |(seed, changes)| {
        let mut content = seeds[seed].clone();
        changes
            .iter()
            .for_each(|change| apply(&mut content, change));
        let extraction = block_on(extractor.extract(content.as_slice(), None))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let chars: usize = extraction
            .pages
            .iter()
            .map(|page| page.text.chars().count())
            .sum();
        prop_assert!(chars <= 2 * chars_max);
        if extraction.state == TextState::Readable {
            prop_assert!(extraction.format != Format::Unknown && chars > 0);
        }
        Ok(())
    });
    result.expect("no content makes an error");
}
