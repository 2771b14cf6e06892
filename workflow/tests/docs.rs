//! What docs/workflows.md says is so.

use workflow::calendar::Calendar;
use workflow::definition::{Definition, json_schema};
use workflow::instance::{Day, Instant, Value};
use workflow::simulate::{Choice, Simulation, explore};

const DOCS: &str = include_str!("../../docs/workflows.md");
const KEYS: &str = include_str!("data/schluesselausgabe.toml");
const FOUND: &str = include_str!("../../docs/definitions/fundsache.toml");
const CLOSED: &str = include_str!("../../docs/definitions/strassensperrung.toml");
const ACCESS: &str = include_str!("../../docs/definitions/auskunft-dsgvo.toml");
const FULL: &str = include_str!("data/full.toml");

/// The rows of the table whose head begins so: what stands in their cells.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let (_, table) = DOCS.split_once(head).expect(head);
    let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
    let cells = |row: &'static str| row.trim_matches('|').split(" | ").map(str::trim).collect();
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(rows.len() > 3, "{head}");
    rows
}

#[test]
fn the_example_is_whole_and_right() {
    assert!(DOCS.contains(&format!("```toml\n{}\n```", KEYS.trim_end())));
    let read = Definition::read(KEYS.as_bytes()).expect("right");
    let start = Instant::parse("2026-03-02T08:00:00Z").expect("an instant");
    assert_eq!(explore(&read, &Calendar::new([]), start), []);
}

/// The longer one: it goes all its ways, and what is found a second time is not handed out for a report of the first.
#[test]
fn the_longer_example_goes_all_its_ways() {
    assert!(DOCS.contains("(definitions/fundsache.toml)"));
    let read = Definition::read(FOUND.as_bytes()).expect("right");
    let (calendar, start) = (Calendar::new([]), Instant::parse("2026-03-02T08:00:00Z"));
    let start = start.expect("an instant");
    assert_eq!(explore(&read, &calendar, start), []);
    let chosen = [("owner_came", "found"), ("check_identity", "not_proven")];
    let mut walk = Simulation::new(&read, &calendar, start);
    for (step, outcome) in chosen {
        walk = walk.choosing(step, Choice::Outcome(outcome.to_owned()));
    }
    // Nobody comes a second time.
    walk = walk.choosing("retention", Choice::Outcome("done".to_owned()));
    walk = walk.knowing("finder_claims", Value::YesNo(false));
    assert_eq!(walk.run(), Ok(()));
    let slip = walk.slip();
    assert!(slip.contains("Versteigerung anordnen"), "{slip}");
}

/// The other two: each way ends, a fee of a table is an amount, and a month that was too short is told and prolonged.
#[test]
fn the_other_examples_go_all_their_ways() {
    let (calendar, start) = (Calendar::new([]), Instant::parse("2026-03-02T08:00:00Z"));
    let start = start.expect("an instant");
    for (name, source) in [("strassensperrung", CLOSED), ("auskunft-dsgvo", ACCESS)] {
        assert!(
            DOCS.contains(&format!("(definitions/{name}.toml)")),
            "{name}"
        );
        let read = Definition::read(source.as_bytes());
        let read = read.unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"));
        assert_eq!(explore(&read, &calendar, start), [], "{name}");
    }
    let read = Definition::read(CLOSED.as_bytes()).expect("right");
    let chosen = Value::Text("feast".to_owned());
    let mut walk = Simulation::new(&read, &calendar, start).knowing("sort", chosen);
    assert_eq!(walk.run(), Ok(()));
    let slip = walk.slip();
    assert!(slip.contains("Zahlung"), "{slip}");
    let read = Definition::read(ACCESS.as_bytes()).expect("right");
    let came = Value::Day(Day::parse("2026-03-02").expect("a day"));
    let mut walk = Simulation::new(&read, &calendar, start)
        .knowing("received_on", came)
        .choosing("identify", Choice::Outcome("complex".to_owned()))
        .choosing("prolong", Choice::Outcome("yes".to_owned()));
    assert_eq!(walk.run(), Ok(()));
    let slip = walk.slip();
    // Two months more than the one: the 2 June 2026.
    assert!(slip.contains("„Auskunft bis“: 02.06.2026"), "{slip}");
}

#[test]
fn every_key_is_told() {
    let schema = json_schema();
    let defs = schema.pointer("/$defs").and_then(|defs| defs.as_object());
    let defs = defs.expect("definitions").iter();
    let tables = defs.map(|(_, of)| of).chain([&schema]);
    let (_, told) = DOCS.split_once("## Reference").expect("a reference");
    let mut count = 0;
    for of in tables {
        let of = of.pointer("/anyOf/1").unwrap_or(of);
        let keys = of.get("properties").and_then(|keys| keys.as_object());
        for key in keys.into_iter().flat_map(|keys| keys.keys()) {
            let starts = ["`", "{ ", ", "].map(|before| format!("{before}{key}"));
            assert!(starts.iter().any(|start| told.contains(start)), "{key}");
            count += 1;
        }
    }
    assert!(count > 90, "{count}");
}

#[test]
fn deadlines_end_as_is_told() {
    for row in table("| opened | term |") {
        let [opened, term, deadline, appointment, _] = row.as_slice() else {
            panic!("{row:?}");
        };
        let term = term.trim_matches('`');
        let of_field = term.starts_with("offset");
        for (kind, expected) in [("deadline", deadline), ("appointment", appointment)] {
            let field = if of_field {
                "field = \"back_by\"\n"
            } else {
                ""
            };
            let due = format!("[state.step.due]\n{field}{term}\nkind = \"{kind}\"");
            let changed = KEYS.replace(
                "[state.step.due]\n    field = \"back_by\"\n    remind = [-1]",
                &due,
            );
            let read = Definition::read(changed.as_bytes()).expect(term);
            let (_, step) = read.step("take_back").expect("a step");
            let due = step.due.as_ref().expect("a term");
            let at = Instant::parse(&format!("{opened}T11:00:00Z")).expect(opened);
            let day = Day::parse(opened);
            let state = Calendar::new([]).due(due, at, |_| day, str::to_owned, |_| Vec::new());
            let on = state.map(|state| state.on.to_string());
            assert_eq!(on.as_deref(), Some(*expected), "{opened} {term} {kind}");
        }
    }
}

#[test]
fn expressions_are_read_as_they_are_told() {
    for row in table("| expression | with |") {
        let expression = row.first().expect("a cell").trim_matches('`');
        let changed = FULL.replace("\"actor.limit >= gross\"", &format!("'{expression}'"));
        assert_ne!(changed, FULL);
        let read = Definition::read(changed.as_bytes());
        assert!(read.is_ok(), "{expression}: {read:?}");
    }
}

#[test]
fn the_error_that_is_told_is_said() {
    let changed = KEYS.replace("\"back_by > today\"", "\"back_by > 5\"");
    let complaints = Definition::read(changed.as_bytes()).expect_err("wrong");
    let said: Vec<_> = complaints.iter().map(ToString::to_string).collect();
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(DOCS.contains(&format!("> {said}\n")), "{said}");
}
