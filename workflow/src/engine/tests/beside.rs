//! Side ways: what runs beside a state holds nothing up and loses no place, and ends with the last state that it names.

use std::collections::BTreeMap;

use super::build::{actor, head};
use super::{Case, complete};
use crate::definition::Definition;
use crate::engine::may_begin;
use crate::instance::{Actor, Command, Day, Refusal, StepStatus, Value};

/// Two are asked at the same time, then something is drafted by a day, then it is sent. Meanwhile an interim notice.
const SOURCE: &str = r#"
id = "neben"
version = 1
title = "Mit Nebenweg"
case_type = "neben"
start = "asked"

[[field]]
key = "by_day"
label = "Antwort bis"
kind = "day"
required = true

[[field]]
key = "open"
label = "Offen"
kind = "yes_no"

[[state]]
id = "asked"
label = "Gefragt"
order = "parallel"
next = "drafted"

  [[state.step]]
  id = "one"
  label = "Eins"
  kind = "statement"
  assignee = { function = "kst" }

  [[state.step]]
  id = "two"
  label = "Zwei"
  kind = "statement"
  assignee = { function = "kst" }

[[state]]
id = "drafted"
label = "Entwurf"
next = "sent"

  [[state.step]]
  id = "draft"
  label = "Entwerfen"
  kind = "task"
  assignee = { function = "aob" }

    [state.step.due]
    field = "by_day"
    kind = "appointment"
    remind = [-1, 0]

[[state]]
id = "interim"
label = "Zwischennachricht"
beside = { states = ["asked", "drafted"], by = [{ function = "aob" }], when = 'not (open == false)' }
adhoc = ["consult"]

  [[state.step]]
  id = "write"
  label = "Schreiben"
  kind = "task"
  assignee = { function = "aob" }
  outcomes = [
    { key = "written", label = "geschrieben" },
    { key = "longer", label = "dauert länger", effects = [{ set = "by_day", to = "by_day + 14" }] },
  ]

  [[state.step]]
  id = "check"
  label = "Prüfen"
  kind = "task"
  assignee = { function = "kst" }
  return_to = ["interim"]
  outcomes = [
    { key = "right", label = "richtig" },
    { key = "anew", label = "neu", to = "interim", reason = true },
  ]

[[state]]
id = "sent"
label = "Versand"
next = "done"

  [[state.step]]
  id = "send"
  label = "Absenden"
  kind = "task"
  assignee = { function = "kst" }

[[state]]
id = "done"
label = "Erledigt"
end = "done"
"#;

fn day(month: u8, day: u8) -> Day {
    Day::of(2026, month, day).unwrap()
}

fn begun() -> (Case, Actor, Actor) {
    let definition = Definition::read(SOURCE.as_bytes()).expect("it can be read");
    let mut case = Case::new(definition);
    let (kst, aob) = (actor("kim", &["kst"]), actor("otto", &["aob"]));
    case.start(&kst, &[("by_day", Value::Day(day(3, 10)))]);
    (case, kst, aob)
}

fn beside() -> Command {
    Command::Beside {
        state: "interim".to_owned(),
    }
}

#[test]
fn it_runs_beside_and_takes_no_place_from_anybody() {
    let (mut case, kst, aob) = begun();
    case.cannot(&kst, beside(), Refusal::NotAssigned);
    let names = |case: &Case, actor: &Actor| {
        let states = may_begin(&case.definition, case.instance(), case.setting(actor));
        states.len()
    };
    assert_eq!((names(&case, &kst), names(&case, &aob)), (0, 1));
    case.done(&kst, "one", "done");
    let two = case.open("two");
    case.does(&aob, beside());
    assert_eq!(names(&case, &aob), 0, "once at a time");
    case.cannot(&aob, beside(), Refusal::NotProvided);
    // The other statement is as open as it was, and the state goes on without the side way.
    assert_eq!(case.status(two), StepStatus::Open);
    assert_eq!(case.state(), "asked");
    case.done(&kst, "two", "done");
    assert_eq!(case.state(), "drafted");
    case.done(&aob, "write", "written");
    case.done(&kst, "check", "right");
    assert_eq!(case.state(), "drafted");
    // It can be begun again, and is asked for no more where it does not run.
    case.does(&aob, beside());
    let write = case.open("write");
    case.done(&aob, "draft", "done");
    assert_eq!(case.state(), "sent");
    assert_eq!(case.status(write), StepStatus::Withdrawn);
    case.cannot(&aob, beside(), Refusal::NotProvided);
    case.done(&kst, "send", "done");
    assert!(case.instance().ended.is_some());
}

#[test]
fn it_leads_back_to_its_own_beginning_and_nowhere_else() {
    let (mut case, kst, aob) = begun();
    case.does(&aob, beside());
    case.done(&aob, "write", "written");
    case.done(&kst, "check", "anew");
    let again = case.open("write");
    case.done(&aob, "write", "written");
    let back = Command::Return {
        step: case.open("check"),
        to: "interim".to_owned(),
        reason: "noch einmal".to_owned(),
    };
    case.does(&kst, back);
    assert!(case.open("write") > again);
    assert_eq!(case.state(), "asked");
    // A consultation holds the step before which it stands, and nothing else.
    let consult = Command::Insert {
        step: case.open("write"),
        kind: crate::definition::StepKind::Consult,
        to: vec![super::build::person("kim")],
        text: None,
        due: None,
        holds: false,
    };
    case.does(&aob, consult);
    case.done(&kst, "one", "done");
    case.done(&kst, "two", "done");
    assert_eq!(case.state(), "drafted");
    let asked = case.open("adhoc");
    case.does(&kst, complete(asked, "done", &[], None));
    case.done(&aob, "write", "written");
    assert_eq!(case.state(), "drafted");
    let other = Command::Beside {
        state: "drafted".to_owned(),
    };
    case.cannot(&aob, other, Refusal::NotProvided);
}

#[test]
fn a_deadline_follows_the_day_from_which_it_is_counted() {
    let (mut case, kst, aob) = begun();
    case.done(&kst, "one", "done");
    case.done(&kst, "two", "done");
    let draft = case.open("draft");
    assert_eq!(case.step(draft).due.as_ref().unwrap().on, day(3, 10));
    case.does(&aob, beside());
    case.done(&aob, "write", "longer");
    let due = case.step(draft).due.as_ref().unwrap();
    assert_eq!(due.on, day(3, 24));
    assert_eq!(due.extended.len(), 1);
    assert_eq!(
        (due.extended[0].from, due.extended[0].to),
        (day(3, 10), day(3, 24))
    );
    assert_eq!(
        due.extended[0].reason,
        "„Antwort bis“ ist jetzt der 24.03.2026"
    );
}

#[test]
fn a_side_way_is_entered_by_nothing_and_leads_nowhere() {
    let wrong = |from: &str, to: &str| {
        assert!(SOURCE.contains(from), "{from}");
        let source = SOURCE.replacen(from, to, 1);
        let complaints = Definition::read(source.as_bytes()).expect_err(to);
        assert!(!complaints.is_empty());
        let all = complaints.iter().map(|one| one.said.as_str());
        all.collect::<Vec<_>>().join("\n")
    };
    for (from, to) in [
        ("next = \"sent\"", "next = \"interim\""),
        ("start = \"asked\"", "start = \"interim\""),
        ("adhoc = [\"consult\"]", "next = \"sent\""),
        (
            "label = \"neu\", to = \"interim\"",
            "label = \"neu\", to = \"sent\"",
        ),
        ("[\"asked\", \"drafted\"], by", "[\"asked\", \"done\"], by"),
        (
            "[\"asked\", \"drafted\"], by",
            "[\"asked\", \"interim\"], by",
        ),
        ("states = [\"asked\", \"drafted\"], by", "states = [], by"),
        ("by = [{ function = \"aob\" }], when", "when"),
        ("return_to = [\"interim\"]", "return_to = [\"asked\"]"),
    ] {
        wrong(from, to);
    }
    let said = wrong("next = \"sent\"", "next = \"interim\"");
    assert!(
        said.contains("Von „drafted“ führt kein Weg nach „interim“."),
        "{said}"
    );
}

/// A side way that was gone once, and that stands behind what is to come, opens no way past that.
#[test]
fn what_was_done_beside_leaves_nothing_out_by_a_migration() {
    let (mut case, kst, aob) = begun();
    case.does(&aob, beside());
    case.done(&aob, "write", "written");
    case.done(&kst, "check", "right");
    let newer = SOURCE.replacen("version = 1", "version = 2", 1);
    let newer = newer.replace("\"asked\"", "\"heard\"");
    case.definition = Definition::read(newer.as_bytes()).expect("it can be read");
    let migrate = |to: &str| Command::Migrate {
        states: BTreeMap::from([("asked".to_owned(), to.to_owned())]),
        reason: "neue DA".to_owned(),
    };
    let head = head("hans");
    case.cannot(&head, migrate("sent"), Refusal::NotProvided);
    case.cannot(&head, migrate("interim"), Refusal::NotProvided);
    case.does(&head, migrate("heard"));
    assert_eq!(case.state(), "heard");
}
