//! Definitions are walked with an imagined clock.

use workflow::calendar::Calendar;
use workflow::definition::{Definition, End};
use workflow::engine::replay;
use workflow::instance::{Day, Event, Instant, Refusal, StepStatus, Value};
use workflow::shipped::SHIPPED;
use workflow::simulate::{Choice, DeadEnd, Finding, Simulation, explore, said};

const FULL: &str = include_str!("data/full.toml");
const SMALL: &str = include_str!("data/small.toml");
const KEYS: &str = include_str!("data/schluesselausgabe.toml");
const LETTER: &str = include_str!("data/letter.toml");

fn read(source: &str) -> Definition {
    Definition::read(source.as_bytes()).expect("nothing is wrong with it")
}

fn monday(calendar: &Calendar) -> Instant {
    calendar.at(Day::of(2026, 3, 2).expect("a day"), 9)
}

fn walk<'a>(definition: &'a Definition, calendar: &'a Calendar) -> Simulation<'a> {
    Simulation::new(definition, calendar, monday(calendar))
}

fn explored(source: &str) -> Vec<Finding> {
    let calendar = Calendar::new([]);
    explore(&read(source), &calendar, monday(&calendar))
}

#[test]
fn each_sample_comes_to_its_end() {
    let calendar = Calendar::new([]);
    for source in [FULL, SMALL, KEYS, LETTER] {
        let definition = read(source);
        let mut walk = walk(&definition, &calendar);
        walk.run().unwrap();
        let instance = walk.instance().unwrap();
        assert_eq!(instance.ended.as_ref().unwrap().how, End::Done);
        assert_eq!(replay(walk.events()).as_ref(), Some(instance));
        assert_eq!(explored(source), []);
    }
}

#[test]
fn the_slip_says_who_did_what_when() {
    let calendar = Calendar::new([]);
    let definition = read(KEYS);
    let mut walk = walk(&definition, &calendar).knowing("room", Value::Text("E 12".to_owned()));
    walk.run().unwrap();
    let slip = walk.slip();
    for line in [
        "Laufweg: Schlüsselausgabe (schluesselausgabe, Fassung 1)",
        "Begonnen am 02.03.2026 09:00 von sachbearbeitung-1",
        "   1  Schlüssel genehmigen – Rolle head: erledigt",
        "      genehmigt am 03.03.2026 10:00 von head-1: Simulation",
        "Abgeschlossen am 05.03.2026 10:00: Zurückgegeben",
    ] {
        assert!(slip.contains(line), "{line} is not in\n{slip}");
    }
}

#[test]
fn what_somebody_does_can_be_said_beforehand() {
    let calendar = Calendar::new([]);
    let definition = read(LETTER);
    let (step, refused) = Choice::parse("agree=refused").unwrap();
    let mut walk = walk(&definition, &calendar)
        .choosing(step, refused)
        .choosing("statement", Choice::Skip)
        .choosing("sign", Choice::Return("drafting".to_owned()));
    walk.run().unwrap();
    let count = |key: &str, status| {
        let steps = walk.instance().unwrap().steps.iter();
        let found = steps.filter(|step| step.key == key && step.status == status);
        found.count()
    };
    assert_eq!(count("statement", StepStatus::Skipped), 1);
    // Written, turned down by who co-signs; written again, sent back by who signs; written again.
    assert_eq!(count("write", StepStatus::Done), 3);
    assert_eq!(count("sign", StepStatus::Done), 2);
    let reminded = |event: &Event| matches!(event, Event::Reminded { .. });
    assert!(walk.events().iter().any(reminded));
    let said = ["a=b", "a=!lapse", "a=!skip", "a=!return:b"].map(Choice::parse);
    assert!(said.iter().all(Option::is_some));
    for text in ["a", "=b", "a=", "a=!what", ""] {
        assert_eq!(Choice::parse(text), None, "{text}");
    }
}

#[test]
fn what_lapses_lapses_on_its_day() {
    let calendar = Calendar::new([]);
    let definition = read(FULL);
    let mut walk = walk(&definition, &calendar).choosing("check", Choice::Lapse);
    walk.run().unwrap();
    let instance = walk.instance().unwrap();
    assert_eq!(instance.state, "dropped");
    let ended = instance.ended.as_ref().unwrap().at;
    // Due on 9 March, and ten working days more; Good Friday comes later.
    assert_eq!(calendar.day_of(ended), Day::of(2026, 3, 24).unwrap());
}

#[test]
fn dead_ends_are_found() {
    let never = KEYS.replace("back_by > today", "1 == 2");
    let found = explored(&never);
    let blocked = |finding: &Finding| {
        let Finding::DeadEnd { choice, at } = finding else {
            return false;
        };
        let chosen = Some((
            "approve_key".to_owned(),
            Choice::Outcome("approved".to_owned()),
        ));
        *choice == chosen
            && matches!(at, DeadEnd::NoWay { key, why: Refusal::Requirement(_), .. } if key == "approve_key")
    };
    assert!(found.iter().any(blocked), "{found:?}");
    assert!(found.contains(&Finding::Unreached("returned".to_owned())));
}

#[test]
fn what_comes_with_the_program_comes_to_its_end() {
    let calendar = Calendar::new([]);
    for (name, source) in SHIPPED {
        let definition = Definition::read(source).expect(name);
        let mut walk = walk(&definition, &calendar);
        assert_eq!(walk.run(), Ok(()), "{name}\n{}", walk.slip());
        let instance = walk.instance().unwrap();
        assert_eq!(instance.ended.as_ref().unwrap().how, End::Done, "{name}");
        assert_eq!(replay(walk.events()).as_ref(), Some(instance), "{name}");
        // Whatever is chosen once, somebody can go on; a requirement may want what nobody made up.
        let start = monday(&calendar);
        for finding in explore(&definition, &calendar, start) {
            let is_met = match &finding {
                Finding::Unreached(_) => true,
                Finding::DeadEnd { at, .. } => {
                    matches!(
                        at,
                        DeadEnd::NoWay {
                            why: Refusal::Requirement(_),
                            ..
                        }
                    )
                }
            };
            assert!(is_met, "{name}: {finding:?}");
        }
    }
}

/// A state that no single choice leads to, behind an amount beyond a bound, an answer that opens an outcome, and one of two
/// steps of which one is enough.
const HIDDEN: &str = r#"
id = "hidden"
version = 1
title = "Verborgen"
case_type = "hidden"
start = "asked"
field = [
  { key = "price", label = "Preis", kind = "money" },
  { key = "granted", label = "Bewilligt", kind = "yes_no" },
  { key = "heard_on", label = "Gehört am", kind = "day" },
]

[[state]]
id = "asked"
label = "Antrag"
exits = [{ when = "price <= 25000.00", to = "done" }, { to = "waits" }]
[[state.step]]
id = "decide"
label = "Entscheiden"
kind = "task"
assignee = { role = "clerk" }
ask = ["price", "granted", "heard_on"]
require = [{ is = "heard_on <= today", otherwise = "Die Anhörung muss gewesen sein." }]
outcomes = [
  { key = "yes", label = "ja", when = "granted" },
  { key = "no", label = "nein", when = "not granted" },
]

[[state]]
id = "waits"
label = "Warten"
order = "parallel"
join = "any"
exits = [{ when = 'outcome("rest") == "done" and outcome("decide") == "no"', to = "auction" }, { to = "done" }]
[[state.step]]
id = "report"
label = "Meldung"
kind = "event"
event = "reported"
[[state.step]]
id = "rest"
label = "Verwahren"
kind = "task"
assignee = { role = "clerk" }

[[state]]
id = "auction"
label = "Versteigern"
next = "done"
[[state.step]]
id = "sell"
label = "Verkaufen"
kind = "task"
assignee = { role = "clerk" }

[[state]]
id = "done"
label = "Ende"
end = "done"
"#;

#[test]
fn what_lies_behind_a_bound_an_answer_and_two_choices_is_found() {
    assert_eq!(explored(HIDDEN), []);
}

#[test]
fn what_is_answered_can_be_said_beforehand() {
    let calendar = Calendar::new([]);
    let definition = read(HIDDEN);
    for (price, state) in [("25000.00", "done"), ("25000.01", "waits")] {
        let (key, value) = said(&definition, &format!("price={price}")).unwrap();
        let mut walk = walk(&definition, &calendar).knowing(key, value);
        walk.run().unwrap();
        let entered =
            |event: &Event| matches!(event, Event::Entered { state: into, .. } if into == state);
        assert!(walk.events().iter().any(entered), "{price}");
        assert_eq!(walk.instance().unwrap().steps.len() > 1, state == "waits");
    }
    for (text, told) in [
        ("price", "FELD=WERT"),
        ("preis=1.00", "Felder sind: price, granted, heard_on"),
        ("price=1", "ein Betrag wie 12.50"),
        ("price=1.000", "ein Betrag wie 12.50"),
        ("price=--1.00", "ein Betrag wie 12.50"),
        ("granted=ja", "true oder false"),
        ("heard_on=2026-02-30", "ein Tag wie 2026-03-02"),
        ("heard_on=", "ein Tag wie"),
    ] {
        let error = said(&definition, text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
    }
    let minus = said(&definition, "price=-0.50").unwrap();
    assert_eq!(minus, ("price".to_owned(), Value::Money(-50)));
}

#[test]
fn what_was_found_is_told_in_german() {
    let never = read(&KEYS.replace("back_by > today", "1 == 2"));
    let calendar = Calendar::new([]);
    let found = explore(&never, &calendar, monday(&calendar));
    let told: Vec<_> = found.iter().map(|one| one.german(&never)).collect();
    let told = told.join("\n");
    for line in [
        "Mit approve_key=approved: Schritt 1 (approve_key) lässt sich nicht erledigen: Mit keiner Angabe, die versucht wurde, ist eine Bedingung (require) erfüllt: „Der Tag der Rückgabe muss in der Zukunft liegen.“",
        "In den Zustand returned kam keine der Proben.",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
}
