//! What is asked for, and what is known when not all was looked at.

use super::model::{Book, OFFENDERS_MAX, Report, Verdict, say};
use super::rules::{RULES, Wanted};
use crate::base::Timestamp;

fn report(book: Book, only: &str) -> Report {
    Report {
        at: Timestamp::of_micros(0),
        seq: None,
        findings: book.findings(&Wanted::parse(only).expect("names of invariants")),
    }
}

#[test]
fn the_invariants_are_numbered_without_a_hole_and_say_something() {
    for (rule, number) in RULES.iter().zip(1_u8..) {
        assert_eq!(rule.number, number);
        let said = rule.de.ends_with('.') && rule.en.ends_with('.') && !rule.source.is_empty();
        assert!(said, "{}", rule.id());
    }
    assert_eq!(RULES.len(), 26);
}

#[test]
fn the_manual_has_a_row_for_each() {
    let manual = include_str!("../../../docs/invariants.md");
    for rule in &RULES {
        assert!(
            manual.contains(&format!("| {} |", rule.id())),
            "{}",
            rule.id()
        );
    }
}

#[test]
fn names_are_read_one_by_one() {
    let wanted = Wanted::parse("I-9, I-10").expect("two");
    let found: Vec<u8> = (0..=30).filter(|number| wanted.has(*number)).collect();
    assert_eq!(found, [9, 10]);
    for wrong in ["", "I-0", "I-27", "i-9", "9", "I-9,", "I-9 I-10"] {
        assert!(Wanted::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_nobody_has_looked_at_is_never_called_kept() {
    let report = report(Book::default(), "I-1");
    assert_eq!(report.findings[0].verdict, Verdict::NotChecked);
    assert_eq!(report.verdict(), Verdict::NotChecked);
}

#[test]
fn broken_stands_above_what_was_not_checked_and_above_what_is_not_built() {
    let words = || say("weil", "because");
    let mut book = Book::default();
    book.of(1).looked(3);
    book.of(2).unchecked(words());
    book.of(2).offend("document", 7, words());
    book.of(3).unchecked(words());
    book.not_applicable(4, words());
    let report = report(book, "I-1,I-2,I-3,I-4");
    let found: Vec<Verdict> = report.findings.iter().map(|one| one.verdict).collect();
    let expected = [
        Verdict::Kept,
        Verdict::Broken,
        Verdict::NotChecked,
        Verdict::NotApplicable,
    ];
    assert_eq!(found, expected);
    assert_eq!(report.verdict(), Verdict::Broken);
    let json = report.to_json();
    assert_eq!(json["items"][1]["offenders"][0]["id"], "7");
    assert!(report.to_text().contains("I-2"));
}

#[test]
fn offenders_are_named_up_to_a_bound_and_counted_beyond() {
    let mut book = Book::default();
    for id in 0..150 {
        book.of(8).offend("workflow", id, say("weil", "because"));
    }
    book.of(8).unnamed(50);
    let report = report(book, "I-8");
    let finding = &report.findings[0];
    assert_eq!(
        (finding.count, finding.offenders.len()),
        (200, OFFENDERS_MAX)
    );
    assert!(report.to_text().contains("und 100 weitere"));
}
