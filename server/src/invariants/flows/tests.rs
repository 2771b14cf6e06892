//! The workflows of the program, walked by the engine's own simulation: nothing is broken by them, and what is bent in
//! their journals is found.

use std::collections::BTreeSet;

use uuid::Uuid;
use workflow::calendar::Calendar;
use workflow::definition::{Definition, StepKind};
use workflow::engine;
use workflow::instance::{Bound, Day, EffectDue, Event};
use workflow::simulate::Simulation;

use super::super::journal::{Entry, Flow, Kept, Version, Versions};
use super::super::model::Book;
use super::super::people::{Moment, People};
use super::super::rules::Wanted;
use super::{House, RULES, Walk, made};

/// The shipped definition of a name, and the events of a walk through it.
fn walked(source: &[u8]) -> (Definition, Vec<Event>) {
    let definition = Definition::read(source).expect("a definition of the program");
    let calendar = Calendar::new([]);
    let day = time::Date::from_calendar_date(2026, time::Month::March, 2).expect("a day");
    let start = calendar.at(Day(day), 9);
    let mut walk = Simulation::new(&definition, &calendar, start);
    walk.run().expect("it comes to an end");
    let events = walk.events().to_vec();
    (definition, events)
}

fn shipped(id: &str) -> (Definition, Vec<Event>) {
    let all = workflow::shipped::SHIPPED.iter();
    let found = all.map(|(_, source)| walked(source));
    let mut found = found.filter(|(definition, _)| definition.id == id);
    found.next().expect("it comes with the program")
}

fn bound(event: &Event) -> Option<&Bound> {
    if let Event::Completed { done, .. } = event {
        return done.bound.as_ref();
    }
    let Event::Effect {
        effect: EffectDue::Dispatch { version },
        ..
    } = event
    else {
        return None;
    };
    Some(version)
}

/// The versions that the events speak of, all made by somebody else and frozen.
fn versions(events: &[Event]) -> Versions {
    let mut found = Versions::new();
    for bound in events.iter().filter_map(bound) {
        let document = Uuid::parse_str(&bound.document.0).unwrap_or_default();
        found.entry(document).or_default().push(Version {
            number: i64::try_from(bound.version).expect("a number"),
            by: Uuid::from_u128(9),
            sha512: bound.sha512.clone(),
            frozen: true,
        });
    }
    found
}

/// What is broken, of what does not ask who held what.
fn broken(definition: &Definition, events: &[Event]) -> BTreeSet<String> {
    let instance = engine::replay(events).expect("events that fit");
    let (sha256, calendar) = (definition.sha256_hex(), Calendar::new([]));
    let entry = |(number, event): (i64, &Event)| Entry {
        number,
        when: Moment { seq: number, at: 0 },
        account: Uuid::nil(),
        obo: None,
        department: None,
        events: Some(vec![event.clone()]),
    };
    let named = (definition.id.clone(), i64::from(definition.version));
    let steps = instance.steps.iter();
    let flow = Flow {
        id: Uuid::from_u128(1),
        version: i64::try_from(events.len()).expect("a number"),
        department: Uuid::nil(),
        definition: named.clone(),
        sha256: sha256.clone(),
        state: instance.state.clone(),
        ended_at: instance.ended.as_ref().map(|ended| ended.at.0),
        data: serde_json::to_string(&instance).expect("JSON"),
        entries: (1_i64..).zip(events).map(entry).collect(),
        steps: steps
            .map(|step| (i64::from(step.number), made::row_of(step)))
            .collect(),
    };
    let kept = Kept {
        code: named.0,
        number: named.1,
        sha256: sha256.clone(),
        computed: sha256,
        id: Uuid::from_u128(2),
        definition: Some(definition.clone()),
    };
    let (people, versions) = (People::default(), versions(events));
    let house = House {
        people: &people,
        calendar: &calendar,
        kept: vec![kept],
    };
    let mut book = Book::default();
    for number in RULES {
        book.of(number);
    }
    let walk = Walk {
        house: &house,
        flow: &flow,
        versions: &versions,
        definition: None,
        instance: None,
    };
    walk.through(&mut book);
    let wanted = "I-8,I-9,I-10,I-12,I-13,I-15,I-24,I-25";
    let findings = book.findings(&Wanted::parse(wanted).expect("names"));
    let broken = findings.iter().filter(|one| one.count > 0);
    broken.map(|one| one.rule.id()).collect()
}

/// The numbers of the steps with this key.
fn numbers(events: &[Event], key: &str) -> BTreeSet<u32> {
    let steps = events.iter().filter_map(|event| {
        let Event::StepMade { step, .. } = event else {
            return None;
        };
        (step.key == key).then_some(step.number)
    });
    steps.collect()
}

/// The events, with another outcome of a step.
fn with_outcome(events: &[Event], key: &str, outcome: &str) -> Vec<Event> {
    let own = numbers(events, key);
    let mut bent = events.to_vec();
    for event in &mut bent {
        if let Event::Completed { step, done } = event
            && own.contains(step)
        {
            outcome.clone_into(&mut done.outcome);
        }
    }
    bent
}

fn only(id: &str) -> BTreeSet<String> {
    [id.to_owned()].into()
}

#[test]
fn the_workflows_of_the_program_break_nothing() {
    for (name, source) in workflow::shipped::SHIPPED {
        let (definition, events) = walked(source);
        assert_eq!(broken(&definition, &events), BTreeSet::new(), "{name}");
    }
}

#[test]
fn a_card_is_not_handed_over_without_identity_pin_and_deletion() {
    let (definition, events) = shipped("id-handover");
    for (key, outcome) in [("identify", "wrong_person"), ("confirm_pin", "postponed")] {
        let bent = with_outcome(&events, key, outcome);
        assert_eq!(broken(&definition, &bent), only("I-15"), "{key}");
    }
}

#[test]
fn nothing_is_issued_before_its_fee() {
    let (definition, events) = shipped("registration-certificate");
    let bent = with_outcome(&events, "fee", "failed");
    assert_eq!(broken(&definition, &bent), only("I-13"));
}

#[test]
fn nothing_is_sent_that_was_not_signed_or_was_signed_otherwise() {
    let (definition, events) = shipped("mayors-post");
    let mut unsigned = events.clone();
    for event in &mut unsigned {
        if let Event::StepMade { step, .. } = event
            && step.kind == StepKind::FinalSign
        {
            step.kind = StepKind::Seen;
        }
    }
    assert_eq!(broken(&definition, &unsigned), only("I-12"));
    let signs = numbers(&events, "final_sign");
    let mut other = events;
    for event in &mut other {
        if let Event::Completed { step, done } = event
            && (signs.is_empty() || signs.contains(step))
            && let Some(bound) = &mut done.bound
        {
            bound.sha512 = "0".repeat(128);
        }
    }
    assert_eq!(broken(&definition, &other), only("I-9"));
}

#[test]
fn a_due_date_that_was_moved_is_found() {
    let (definition, events) = shipped("incoming-invoice");
    let mut bent = events;
    for event in &mut bent {
        if let Event::StepOpened { due: Some(due), .. } = event {
            due.overdue_at.0 += 1;
        }
    }
    assert_eq!(broken(&definition, &bent), only("I-24"));
}
