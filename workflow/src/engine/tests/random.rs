//! Whatever several people do in whatever order, while clocks jump and versions come: the rules are kept.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::build::{actor, deputy, head, id, invoice, letter, machine, person, travel};
use super::judge::{Entry, Judge};
use super::{Case, complete, document};
use crate::definition::{Definition, Order, StepKind};
use crate::engine::{may_take, replay, timers};
use crate::instance::{Actor, Command, Day, Event, Instant, StepStatus, Value};

/// Something that somebody tries.
#[derive(Clone, Debug)]
struct Act {
    who: usize,
    what: u8,
    step: usize,
    more: usize,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (0..64_usize, 0..40_u8, 0..64_usize, 0..64_usize);
    let act = act.prop_map(|(who, what, step, more)| Act {
        who,
        what,
        step,
        more,
    });
    prop::collection::vec(act, 20..120)
}

/// People with more than one hat, and those who stand in for them.
fn people() -> Vec<Actor> {
    let limit = |limit, mut actor: Actor| {
        actor.limit = Some(limit);
        actor
    };
    let anna = actor("anna", &["kst", "aob"]);
    let mayor = actor("mayor", &["mayor"]);
    let lena = actor("lena", &["mayor", "post"]);
    let carl = limit(1_000_000, actor("carl", &["aob", "kst"]));
    vec![
        limit(1_000, anna.clone()),
        actor("bert", &["kst"]),
        carl.clone(),
        limit(90_000, actor("dora", &["aob"])),
        deputy("dora", &anna),
        deputy("bert", &carl),
        mayor.clone(),
        deputy("lena", &mayor),
        actor("vera", &["mayor"]),
        lena.clone(),
        deputy("otto", &lena),
        actor("otto", &["office", "post"]),
        actor("a", &[]),
        actor("b", &["mayor"]),
        deputy("vera", &actor("a", &[])),
        head("hans"),
        actor("eva", &["kst"]),
        deputy("eva", &actor("mara", &[])),
        actor("mara", &["aob", "mayor"]),
        machine(),
    ]
}

/// Steps that anybody can be asked for.
fn names(more: usize) -> &'static str {
    ["a", "b", "lena", "carl", "vera", "mayor", "bert", "kim"][more % 8]
}

fn values(case: &Case, number: u32, more: usize) -> Vec<(&'static str, Value)> {
    let key = case.step(number).key.as_str();
    let both = Value::Whos(vec![person("a"), person(names(more))]);
    let one = Value::Whos(vec![person("b")]);
    match key {
        "assign" => {
            let few = more.is_multiple_of(2) || names(more) == "a";
            let whos = if few { one } else { both };
            vec![("lead", Value::Who(person("lena"))), ("participants", whos)]
        }
        "drafting" => vec![("draft", document("doc"))],
        "claim" => vec![("gross", Value::Money(5))],
        _ => Vec::new(),
    }
}

fn until(case: &Case, act: &Act) -> Day {
    let today = case.calendar.day_of(case.now);
    today.plus_days(i64::try_from(act.more).unwrap() - 3)
}

/// What somebody asks of the instance as it is.
fn command(case: &Case, act: &Act) -> Option<Command> {
    let steps = &case.instance().steps;
    let number = steps[act.step % steps.len()].number;
    // Mostly it is about what is open.
    let open: Vec<u32> = steps
        .iter()
        .filter(|step| matches!(step.status, StepStatus::Open | StepStatus::Waiting))
        .map(|step| step.number)
        .collect();
    let number = match open.len() {
        0 => number,
        count if act.step < 56 => open[act.step % count],
        _ => number,
    };
    let reason = || "weil".to_owned();
    let until = until(case, act);
    Some(match act.what {
        0..=7 => ending(case, number, act),
        8..=10 => return None,
        11 => Command::Resume { step: number },
        12 => Command::Claim { step: number },
        13 => Command::Release { step: number },
        14 => Command::Return {
            step: number,
            to: ["check", "drafting"][act.more % 2].to_owned(),
            reason: reason(),
        },
        15 => Command::Skip {
            step: number,
            reason: reason(),
        },
        16 => Command::Delegate {
            step: number,
            to: person(names(act.more)),
            reason: None,
        },
        17..=19 => Command::Insert {
            step: number,
            kind: [
                StepKind::Consult,
                StepKind::CoSign,
                StepKind::Information,
                StepKind::Statement,
            ][act.more % 4],
            to: vec![person(names(act.more)), person("kim2")],
            text: None,
            due: (act.more > 40).then_some(until),
            holds: act.more.is_multiple_of(3),
        },
        20 => Command::Withdraw {
            step: number,
            reason: reason(),
        },
        _ => return otherwise(case, number, act),
    })
}

/// The same, for what concerns time or the instance as a whole.
fn otherwise(case: &Case, number: u32, act: &Act) -> Option<Command> {
    let reason = || "weil".to_owned();
    let until = until(case, act);
    Some(match act.what {
        21 => Command::Hold {
            step: number,
            until,
            reason: None,
        },
        22 => Command::Resume { step: number },
        23 => Command::Extend {
            step: number,
            until,
            reason: reason(),
        },
        24 if act.more < 8 => Command::Exclude {
            person: id(names(act.more)),
            reason: reason(),
        },
        25..=26 => Command::Editorial {
            document: id("doc"),
        },
        27 => Command::Look,
        28 if act.more < 2 => Command::Cancel { reason: reason() },
        29 | 30 => {
            let timers = timers(case.instance());
            let timer = timers.get(act.more % timers.len().max(1))?;
            Command::Fire {
                timer: timer.key.clone(),
            }
        }
        _ => return None,
    })
}

fn ending(case: &Case, number: u32, act: &Act) -> Command {
    let step = case.step(number);
    let outcome = match act.more % 16 {
        0 => "refused",
        1 => "expired",
        _ if step.key == "agree" => "agreed",
        _ => "done",
    };
    let fields = values(case, number, act.more);
    if step.kind == StepKind::System {
        return Command::Effected {
            step: number,
            outcome: outcome.to_owned(),
            fields: super::none(),
            note: Some("weil".to_owned()),
        };
    }
    if step.kind == StepKind::Event {
        return Command::Event {
            event: "paid".to_owned(),
            outcome: outcome.to_owned(),
            fields: super::none(),
        };
    }
    complete(number, outcome, &fields, case.town.sha("doc"))
}

/// The world goes on without a command: time passes or jumps, somebody writes.
fn world(case: &mut Case, act: &Act) {
    let hours = |hours: i64| Instant(case.now.0.saturating_add(hours * 3_600_000_000));
    match act.what {
        31 => case.now = hours(1),
        32 | 33 => case.now = hours(30),
        34 => case.now = hours(24 * 40),
        35 => case.now = hours(-50),
        36 | 37 => {
            let frozen = case
                .town
                .documents
                .get(&id("doc"))
                .is_some_and(|doc| doc.frozen);
            // A frozen version does not change: another one comes after it.
            let writer = ["lena", "mayor", "mayor", "vera", "b"][act.more % 5];
            if !frozen || act.more < 20 {
                case.town.write("doc", writer);
            }
        }
        _ => {}
    }
}

/// Who tries it: mostly one of those who could, for otherwise nothing would get far.
fn somebody(case: &Case, people: &[Actor], act: &Act, command: &Command) -> Actor {
    let count = people.len();
    let from = |n: usize| people[(act.who + n) % count].clone();
    if act.who >= 48 {
        return from(0);
    }
    if matches!(command, Command::Fire { .. } | Command::Look) {
        return machine();
    }
    (0..count)
        .map(from)
        .find(|actor| case.decide(actor, command).is_ok())
        .unwrap_or_else(|| from(0))
}

fn run(definition: Definition, acts: &[Act]) -> Vec<Event> {
    let people = people();
    let mut case = Case::new(definition);
    case.town.managers.insert(id("eva"), person("mara"));
    case.town.write("doc", "lena");
    let mut entries = Vec::new();
    let gross = ("gross", Value::Money(50_000));
    let start = Command::Start {
        fields: super::build::known(&[gross]),
    };
    attempt(&mut case, &actor("eva", &["kst"]), &start, &mut entries);
    for act in acts {
        if case.instance().ended.is_some() {
            break;
        }
        world(&mut case, act);
        if let Some(command) = command(&case, act) {
            let actor = somebody(&case, &people, act, &command);
            attempt(&mut case, &actor, &command, &mut entries);
        }
    }
    Judge::judge(&case.definition, &entries);
    let written = serde_json::to_string(&case.events).unwrap();
    let read: Vec<Event> = serde_json::from_str(&written).unwrap();
    assert_eq!(replay(&read), case.instance);
    case.events
}

/// A command that is refused changes nothing; one that is not is replayed to the same instance.
fn attempt(case: &mut Case, actor: &Actor, command: &Command, entries: &mut Vec<Entry>) {
    if let Command::Complete { step, .. } = command {
        let setting = case.setting(actor);
        let may = may_take(&case.definition, case.instance(), *step, setting);
        // A version that came since may have changed that: it is looked at first.
        let is_news = case.decide(&machine(), &Command::Look) != Ok(Vec::new());
        if may.is_err() && !is_news {
            assert!(case.decide(actor, command).is_err());
        }
    }
    let before: Vec<_> = case
        .instance
        .iter()
        .flat_map(|one| one.steps.clone())
        .collect();
    let town = case.town.clone();
    let Ok(events) = case.try_to(actor, command) else {
        return;
    };
    for step in before.iter().filter(|step| step.done.is_some()) {
        assert_eq!(case.step(step.number).done, step.done);
    }
    // Each time would take long, and what does not fit is found by the next one as well.
    if entries.len().is_multiple_of(8) {
        assert_eq!(replay(&case.events), case.instance);
    }
    entries.push(Entry {
        actor: actor.clone(),
        now: case.now,
        town,
        command: command.clone(),
        events,
    });
}

/// The letter, one after another where it was all at once.
fn slowly() -> Definition {
    let mut letter = letter();
    for state in &mut letter.states {
        state.order = Order::Sequence;
        state.adhoc = vec![
            StepKind::Consult,
            StepKind::CoSign,
            StepKind::Information,
            StepKind::Statement,
        ];
    }
    letter
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

/// Nothing is shown by rules that were kept where nothing happened.
#[test]
fn what_is_tried_goes_far() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ended = 0;
    for turn in 0..600 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        let definition = [invoice, letter, slowly, travel][turn % 4]();
        let events = run(definition, &acts);
        ended += usize::from(matches!(events.last(), Some(Event::Ended { .. })));
        for event in &events {
            *seen.entry(name(event)).or_default() += 1;
        }
    }
    assert!(ended > 100, "{ended}: {seen:?}");
    for event in [
        "started",
        "entered",
        "step_made",
        "step_opened",
        "step_waits",
        "claimed",
        "released",
        "completed",
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
        "editorial_taken",
        "reminded",
        "escalated",
        "field_set",
        "effect freeze",
        "effect dispatch",
        "effect close_case",
        "effect work",
        "ended",
    ] {
        assert!(seen.contains_key(event), "{event} never happened: {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 700,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_invoice_keeps_its_rules(acts in acts()) {
        run(invoice(), &acts);
    }

    #[test]
    fn a_letter_keeps_its_rules(acts in acts()) {
        run(letter(), &acts);
    }

    #[test]
    fn a_letter_that_goes_round_keeps_its_rules(acts in acts()) {
        run(slowly(), &acts);
    }

    #[test]
    fn a_travel_keeps_its_rules(acts in acts()) {
        run(travel(), &acts);
    }
}
