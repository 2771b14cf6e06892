//! Whatever people do by whatever definition: by each that comes with the program, and by small ones that are made
//! up. Thousands of cases, the same with every run; `PAPIERLOS_TEST_SEED` throws others, and `TEST_CASES` more.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::invent::invent;
use super::play::{Play, Told};
use crate::definition::Definition;
use crate::instance::Event;
use crate::shipped::SHIPPED;

/// Sequences by each definition that ships.
const CASES: u32 = 80;
/// Sequences by definitions that are made up, each by one of its own.
const INVENTED: u32 = 900;
/// What is thrown where nobody says otherwise.
const SEED: u64 = 2_026;

/// Who is who, and what they do.
#[derive(Clone, Debug)]
struct Thrown {
    town: u64,
    acts: Vec<u64>,
}

fn thrown() -> impl Strategy<Value = Thrown> {
    let act = any::<u64>().no_shrink();
    let acts = prop::collection::vec(act, 10..110);
    (any::<u64>().no_shrink(), acts).prop_map(|(town, acts)| Thrown { town, acts })
}

/// A number that a variable says.
#[expect(clippy::disallowed_methods, reason = "tests have no settings")]
fn said(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Throws; a sequence that breaks a rule is made as short as it gets, and told.
fn keeps(cases: u32, what: &str, run: impl Fn(&Thrown, Told)) {
    let seed = said("PAPIERLOS_TEST_SEED").unwrap_or(SEED);
    let many = said("TEST_CASES").and_then(|many| u32::try_from(many).ok());
    let config = Config {
        cases: many.unwrap_or(cases),
        failure_persistence: None,
        ..Config::default()
    };
    let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let kept = runner.run(&thrown(), |thrown| {
        run(&thrown, Told::Silently);
        Ok(())
    });
    match kept {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("{what}: {why}"),
        Err(TestError::Fail(why, thrown)) => {
            eprintln!("{what}, PAPIERLOS_TEST_SEED={seed}: {why}, by {thrown:?}:");
            run(&thrown, Told::Aloud);
            panic!("{what}: {why}; but not again");
        }
    }
}

fn shipped(name: &str) -> Definition {
    let mut all = SHIPPED.iter();
    let (_, bytes) = all.find(|(file, _)| *file == name).unwrap();
    Definition::read(bytes).unwrap()
}

fn play(definition: &Definition, thrown: &Thrown, told: Told) -> Vec<Event> {
    Play::new(definition.clone(), thrown.town, told).run(thrown.town, &thrown.acts)
}

fn by_shipped(name: &str) {
    let definition = shipped(name);
    keeps(CASES, name, |thrown, told| {
        play(&definition, thrown, told);
    });
}

#[test]
fn an_identity_card_is_handed_over_by_the_rules() {
    by_shipped("id-handover.toml");
}

#[test]
fn a_certificate_of_conduct_keeps_the_rules() {
    by_shipped("certificate-of-conduct.toml");
}

#[test]
fn a_certificate_of_registration_keeps_the_rules() {
    by_shipped("registration-certificate.toml");
}

#[test]
fn a_registration_keeps_the_rules() {
    by_shipped("registration.toml");
}

#[test]
fn the_mayors_post_keeps_the_rules() {
    by_shipped("mayors-post.toml");
}

#[test]
fn a_complaint_keeps_the_rules() {
    by_shipped("complaint.toml");
}

#[test]
fn a_council_paper_keeps_the_rules() {
    by_shipped("council-paper.toml");
}

#[test]
fn an_incoming_invoice_keeps_the_rules() {
    by_shipped("incoming-invoice.toml");
}

#[test]
fn a_business_trip_keeps_the_rules() {
    by_shipped("business-trip.toml");
}

#[test]
fn an_entry_in_a_personnel_file_keeps_the_rules() {
    by_shipped("personnel-entry.toml");
}

#[test]
fn the_opening_of_a_personnel_file_keeps_the_rules() {
    by_shipped("personnel-opening.toml");
}

#[test]
fn the_closure_of_a_personnel_file_keeps_the_rules() {
    by_shipped("personnel-closure.toml");
}

#[test]
fn a_removal_from_a_personnel_file_keeps_the_rules() {
    by_shipped("personnel-removal.toml");
}

#[test]
fn by_whatever_definition_the_rules_are_kept() {
    keeps(INVENTED, "invented", |thrown, told| {
        let (source, definition) = invent(thrown.town);
        if told == Told::Aloud {
            eprintln!("{source}");
        }
        if let Ok(definition) = definition {
            play(&definition, thrown, told);
        }
    });
}

/// How an event is called.
fn name(event: &Event) -> String {
    let written = serde_json::to_value(event).unwrap();
    let name = written["event"].as_str().unwrap();
    match written["effect"]["do"].as_str() {
        Some(what) => format!("{name} {what}"),
        None => name.to_owned(),
    }
}

/// What happened, and how often.
type Seen = BTreeMap<String, usize>;

fn count(seen: &mut Seen, events: &[Event]) {
    for event in events {
        *seen.entry(name(event)).or_default() += 1;
        if let Event::Ended { how, .. } = event {
            *seen.entry(format!("{how:?}")).or_default() += 1;
        }
    }
}

fn throws(turns: u64) -> impl Iterator<Item = Thrown> {
    (0..turns).map(|turn| Thrown {
        town: turn,
        acts: (0..110).map(|act| (turn << 16) | (act + 1)).collect(),
    })
}

/// Nothing is shown by rules that were kept where nothing happened.
#[test]
fn what_people_do_by_what_ships_goes_far() {
    let mut all = Seen::new();
    for (file, _) in SHIPPED {
        let definition = shipped(file);
        let mut seen = Seen::new();
        for thrown in throws(25) {
            count(&mut seen, &play(&definition, &thrown, Told::Silently));
        }
        for event in ["completed", "Done"] {
            assert!(seen.contains_key(event), "{file}: no {event}: {seen:?}");
        }
        all.extend(seen);
    }
    for event in [
        "claimed",
        "excluded",
        "delegated",
        "voided",
        "escalated",
        "editorial_taken",
        "Dropped",
    ] {
        assert!(all.contains_key(event), "no {event}: {all:?}");
    }
}

#[test]
fn what_people_do_by_what_is_made_up_goes_far() {
    let (mut seen, mut read, mut faulty) = (Seen::new(), 0, Seen::new());
    for thrown in throws(300) {
        match invent(thrown.town).1 {
            Ok(definition) => {
                read += 1;
                count(&mut seen, &play(&definition, &thrown, Told::Silently));
            }
            Err(complaints) => {
                let first = complaints.first().map(|one| one.said.clone());
                *faulty.entry(first.unwrap_or_default()).or_default() += 1;
            }
        }
    }
    assert!(read > 150, "{read} definitions are sound: {faulty:#?}");
    for event in [
        "step_waits",
        "released",
        "skipped",
        "withdrawn",
        "voided",
        "returned",
        "delegated",
        "held",
        "resumed",
        "extended",
        "excluded",
        "editorial_announced",
        "reminded",
        "escalated",
        "field_set",
        "field_emptied",
        "effect register",
        "effect freeze",
        "effect dispatch",
        "effect close_case",
        "Done",
        "Dropped",
    ] {
        assert!(seen.contains_key(event), "{event} never happened: {seen:?}");
    }
}
