//! Rules of files.

use proptest::prelude::*;

use super::model::{Rule, fold, words_within};
use super::term::{Facts, Term, Verdict};
use crate::base::{CivilDate, PlanUnitId};
use crate::file_plan::Disposal;

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).expect("a date")
}

#[test]
fn retention_ends_with_the_year_in_which_the_period_elapses() {
    for (closed, years, until, transfer) in [
        ("2026-03-15", 10, Some("2036-12-31"), "2029-03-15"),
        ("2026-12-31", 10, Some("2036-12-31"), "2029-12-31"),
        ("2027-01-01", 10, Some("2037-12-31"), "2030-01-01"),
        ("2024-02-29", 1, Some("2025-12-31"), "2027-03-01"),
        ("2026-03-15", 0, Some("2026-12-31"), "2029-03-15"),
        // Behind the calendar: kept for ever, and never too short.
        ("2026-03-15", 300, None, "2029-03-15"),
    ] {
        let term = Term::of(day(closed), Some(years), Some(3));
        assert_eq!(term.from, day(closed));
        assert_eq!(term.until, until.map(day), "{closed} {years}");
        assert_eq!(term.transfer_on, Some(day(transfer)), "{closed}");
    }
    let for_ever = Term::of(day("2026-03-15"), None, None);
    assert_eq!((for_ever.until, for_ever.transfer_on), (None, None));
}

#[test]
fn a_verdict_names_everything_that_stands_against_it() {
    let facts = Facts {
        term: None,
        today: Some(day("2037-01-01")),
        held: false,
        held_inside: false,
        disposal: Disposal::Destroy,
    };
    let ended = Some(Term::of(day("2026-03-15"), Some(10), None));
    for (facts, expected) in [
        (facts, vec!["not_closed", "no_archive_decision"]),
        (
            Facts {
                term: ended,
                ..facts
            },
            vec!["no_archive_decision"],
        ),
        (
            Facts {
                term: ended,
                today: Some(day("2036-12-31")),
                ..facts
            },
            vec!["retention_runs", "no_archive_decision"],
        ),
        (
            Facts {
                term: ended,
                held: true,
                held_inside: true,
                ..facts
            },
            vec!["hold", "hold_inside", "no_archive_decision"],
        ),
        (
            Facts {
                term: Some(Term::of(day("2026-03-15"), None, None)),
                ..facts
            },
            vec!["kept_forever", "no_archive_decision"],
        ),
    ] {
        let verdict = Verdict::of(&facts);
        assert_eq!(verdict.reasons, expected);
        assert!(!verdict.disposable());
    }
}

#[test]
fn words_are_folded_and_mean_themselves() {
    assert_eq!(fold("Straßenbäume ÄÖÜ Café"), "strassenbaeume aeoeue cafe");
    assert_eq!(words_within("100% Bäume"), ["%100\\%%", "%baeume%"]);
    assert_eq!(words_within("  "), Vec::<String>::new());
}

#[test]
fn the_source_of_a_rule_is_read_as_it_was_written() {
    let unit = PlanUnitId::new();
    let rule = Rule {
        retention_years: Some(10),
        transfer_years: None,
        disposal: Disposal::Appraise,
        unit,
        unit_version: 7,
    };
    assert_eq!(Rule::parse_source(&rule.source()), Some((unit, 7)));
    assert_eq!(Rule::parse_source("nothing"), None);
}

proptest! {
    #[test]
    fn retention_never_ends_before_it_began(
        year in 1500_i32..=2200, month in 1_u8..=12, of_month in 1_u8..=28,
        years in proptest::option::of(0_u32..1_000), transfer in proptest::option::of(0_u32..1_000),
    ) {
        let closed = day(&format!("{year:04}-{month:02}-{of_month:02}"));
        let term = Term::of(closed, years, transfer);
        if let Some(until) = term.until {
            prop_assert!(until >= closed);
            prop_assert!(until.to_string().ends_with("-12-31"));
            let whole = until.year() - closed.year();
            prop_assert_eq!(Some(u32::try_from(whole).expect("later")), years);
        }
        if let Some(transfer_on) = term.transfer_on {
            prop_assert!(transfer_on >= closed);
        }
    }
}
