//! Deadlines, rests and timers.

use super::build::{
    actor, by, deputy, due, end, head, id, invoice, letter, machine, person, role, state, step,
    travel,
};
use super::{Case, complete};
use crate::definition::{Assignee, DueKind, End, Step, StepKind, Term};
use crate::engine::timers;
use crate::instance::{Assigned, Command, Day, Event, Refusal, StepStatus, TimerKind, Value};

fn day(month: u8, day: u8) -> Day {
    Day::of(2026, month, day).unwrap()
}

fn checking() -> Case {
    let mut case = Case::new(invoice());
    case.start(&actor("eva", &[]), &[("gross", Value::Money(100))]);
    case
}

fn fire(key: &str) -> Command {
    Command::Fire {
        timer: key.to_owned(),
    }
}

fn keys(case: &Case) -> Vec<String> {
    timers(case.instance())
        .into_iter()
        .map(|timer| timer.key)
        .collect()
}

/// What is due fires, until nothing is.
fn tick(case: &mut Case) -> Vec<String> {
    let mut fired = Vec::new();
    while let Some(timer) = timers(case.instance())
        .into_iter()
        .find(|timer| timer.at <= case.now)
    {
        case.does(&machine(), fire(&timer.key));
        fired.push(timer.key);
        assert!(fired.len() < 100);
    }
    fired
}

#[test]
fn timers_fire_once_in_their_order_whatever_the_clock_does() {
    let mut case = checking();
    assert_eq!(case.step(1).due.as_ref().unwrap().on, day(3, 9));
    let all = ["1:remind:0", "1:remind:1", "1:escalate:0"];
    assert_eq!(keys(&case), all);
    case.cannot(&machine(), fire("1:remind:0"), Refusal::NoTimer);
    case.cannot(&machine(), fire("1:lapse"), Refusal::NoTimer);
    // Nobody but the system lets time pass.
    case.goes_to(2026, 3, 6, 12);
    case.cannot(&head("hans"), fire("1:remind:0"), Refusal::NotAssigned);
    assert_eq!(tick(&mut case), ["1:remind:0"]);
    case.cannot(&machine(), fire("1:remind:0"), Refusal::NoTimer);
    // The clock is set back: nothing fires again.
    case.goes_to(2026, 3, 2, 12);
    assert_eq!(tick(&mut case), [] as [&str; 0]);
    case.goes_to(2026, 3, 6, 12);
    assert_eq!(tick(&mut case), [] as [&str; 0]);
    // It jumps ahead: all that is due fires, the earliest first.
    case.goes_to(2027, 1, 1, 0);
    assert_eq!(tick(&mut case), ["1:remind:1", "1:escalate:0"]);
    assert_eq!(keys(&case), [] as [&str; 0]);
    // Whoever it was escalated to is asked as well.
    assert_eq!(case.step(1).assigned.len(), 2);
    case.done(&head("hans"), "factual", "done");
}

#[test]
fn a_step_that_is_done_has_no_timers() {
    let mut case = checking();
    case.done(&actor("anna", &["kst"]), "factual", "done");
    assert_eq!(keys(&case), [] as [&str; 0]);
}

/// A reminder that is counted from the opening stays where it was, whatever becomes of the deadline.
#[test]
fn an_extension_moves_no_reminder_from_the_opening() {
    let mut definition = invoice();
    let mut steps = definition
        .states
        .iter_mut()
        .flat_map(|state| &mut state.steps);
    let due = steps.find_map(|step| step.due.as_mut()).unwrap();
    due.remind = Vec::new();
    due.remind_hours = vec![2, 400];
    let mut case = Case::new(definition);
    case.start(&actor("eva", &[]), &[("gross", Value::Money(100))]);
    let step = case.step(1).clone();
    let at = |hours: i64| step.opened_at.unwrap().plus_seconds(hours * 3_600);
    assert_eq!(step.due.unwrap().remind_at, [at(2), at(400)]);
    case.goes_to(2026, 3, 16, 9);
    let extend = Command::Extend {
        step: 1,
        until: day(3, 27),
        reason: "Lieferant fragt nach".to_owned(),
    };
    case.does(&head("hans"), extend);
    assert_eq!(case.step(1).due.clone().unwrap().remind_at, [at(400)]);
}

/// A step of the system reminds nobody by itself: the definition says who is told.
#[test]
fn who_is_reminded_is_whom_the_definition_names() {
    for named in [true, false] {
        let mut paying = step("paying", StepKind::Event, Assignee::System);
        paying.event = Some("fee_paid".to_owned());
        let mut clock = due(Term::Days(14));
        clock.remind_hours = vec![24];
        clock.remind_to = named.then_some(Assignee::Initiator);
        paying.due = Some(clock);
        let states = vec![state("a", "closed", vec![paying]), end("closed", End::Done)];
        let mut case = Case::new(super::build::definition("fee", states));
        case.start(&actor("eva", &[]), &[]);
        case.goes_to(2027, 1, 1, 0);
        let events = case.does(&machine(), fire("1:remind:0"));
        let told = events.iter().find_map(|event| {
            if let Event::Reminded { to, .. } = event {
                return Some(to.clone());
            }
            None
        });
        let expected = if named {
            vec![person("eva")]
        } else {
            Vec::new()
        };
        assert_eq!(told, Some(expected));
        // That asks nobody.
        assert_eq!(case.step(1).assigned, [Assigned::System]);
    }
}

#[test]
fn a_deadline_is_extended_also_after_it_has_passed() {
    let mut case = checking();
    let hans = head("hans");
    let extend = |until| Command::Extend {
        step: 1,
        until,
        reason: "Lieferant fragt nach".to_owned(),
    };
    case.cannot(
        &actor("anna", &["kst"]),
        extend(day(3, 20)),
        Refusal::NotAssigned,
    );
    case.cannot(&hans, extend(day(3, 9)), Refusal::Day);
    case.goes_to(2026, 3, 16, 9);
    assert_eq!(tick(&mut case).len(), 3);
    case.cannot(&hans, extend(day(3, 13)), Refusal::Day);
    case.does(&hans, extend(day(3, 20)));
    let due = case.step(1).due.clone().unwrap();
    assert_eq!((due.on, due.kind), (day(3, 20), DueKind::Deadline));
    assert_eq!(due.extended.len(), 1);
    assert_eq!(due.extended[0].from, day(3, 9));
    assert!(due.rule.contains("20.03.2026"), "{}", due.rule);
    // Its timers are new ones.
    assert_eq!(keys(&case).len(), 3);
    case.does(&hans, extend(day(3, 27)));
    assert_eq!(case.step(1).due.as_ref().unwrap().extended.len(), 2);
    case.goes_to(2026, 4, 30, 9);
    assert_eq!(tick(&mut case).len(), 3);
}

#[test]
fn a_deadline_that_nobody_may_extend_stays_and_none_goes_beyond_its_bound() {
    let mut case = Case::new(travel());
    case.start(&actor("eva", &[]), &[]);
    let extend = |step, until| Command::Extend {
        step,
        until,
        reason: "so".to_owned(),
    };
    case.cannot(&head("hans"), extend(1, day(6, 1)), Refusal::NotProvided);
    case.done(&head("hans"), "approve", "done");
    case.cannot(&head("hans"), extend(2, day(12, 1)), Refusal::NotProvided);
    let mut case = Case::new(letter());
    case.start(&actor("eva", &[]), &[("latest", Value::Day(day(3, 10)))]);
    let fields = [
        ("lead", Value::Who(person("lena"))),
        ("participants", Value::Whos(vec![person("a")])),
    ];
    let assign = case.answer("assign", "done", &fields);
    let otto = actor("otto", &["office"]);
    case.does(&otto, assign);
    let statement = case.open("statement");
    case.cannot(&otto, extend(statement, day(3, 11)), Refusal::Day);
    case.does(&otto, extend(statement, day(3, 10)));
}

#[test]
fn who_asked_skips_what_is_overdue() {
    let mut case = Case::new(letter());
    case.start(&actor("eva", &[]), &[]);
    let fields = [
        ("lead", Value::Who(person("lena"))),
        ("participants", Value::Whos(vec![person("a"), person("b")])),
    ];
    let assign = case.answer("assign", "done", &fields);
    let otto = actor("otto", &["office"]);
    case.does(&otto, assign);
    let [a, b] = [2, 3];
    let skip = |step| Command::Skip {
        step,
        reason: "hat nichts gesagt".to_owned(),
    };
    case.done(&actor("a", &[]), "statement", "done");
    case.cannot(&otto, skip(b), Refusal::NotProvided);
    case.goes_to(2026, 3, 6, 9);
    case.cannot(&otto, skip(a), Refusal::NotOpen(StepStatus::Done));
    case.cannot(&actor("b", &[]), skip(b), Refusal::NotAssigned);
    case.does(&deputy("dora", &otto), skip(b));
    assert_eq!(case.status(b), StepStatus::Skipped);
    assert_eq!(case.state(), "drafting");
}

#[test]
fn what_lapses_ends_by_itself_and_is_no_mark() {
    let mut case = Case::new(travel());
    case.start(&actor("eva", &[]), &[]);
    case.done(&head("hans"), "approve", "done");
    assert_eq!(case.step(2).due.as_ref().unwrap().on, day(9, 2));
    case.goes_to(2026, 9, 2, 23);
    assert_eq!(tick(&mut case), [] as [&str; 0]);
    case.goes_to(2026, 9, 3, 0);
    assert_eq!(tick(&mut case), ["2:lapse"]);
    assert_eq!(case.state(), "dropped");
    let done = case.step(2).done.as_ref().unwrap();
    assert_eq!((done.by.account.0.as_str(), &done.bound), ("system", &None));
    assert_eq!(keys(&case), [] as [&str; 0]);
}

#[test]
fn a_step_rests_until_a_day() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    let hold = |until| Command::Hold {
        step: 1,
        until,
        reason: None,
    };
    case.cannot(&actor("ole", &[]), hold(day(3, 4)), Refusal::NotAssigned);
    case.cannot(&anna, hold(day(3, 2)), Refusal::Day);
    case.cannot(&anna, hold(Day::of(2033, 1, 1).unwrap()), Refusal::Day);
    case.cannot(&anna, Command::Resume { step: 1 }, Refusal::NotProvided);
    case.does(&anna, hold(day(3, 4)));
    assert_eq!(keys(&case)[0], "1:resume");
    case.goes_to(2026, 3, 4, 0);
    assert_eq!(tick(&mut case), ["1:resume"]);
    assert_eq!(case.step(1).held_until, None);
    assert!(matches!(
        case.events.last(),
        Some(Event::Resumed { by: None, .. })
    ));
    // It may rest again, and is resumed by whoever may take it.
    case.does(&anna, hold(day(3, 30)));
    case.does(&anna, Command::Resume { step: 1 });
    // Resting stops no deadline.
    case.does(&anna, hold(day(3, 30)));
    case.goes_to(2026, 3, 9, 9);
    assert_eq!(tick(&mut case), ["1:remind:0", "1:remind:1"]);
    case.done(&anna, "factual", "done");
    assert_eq!(case.step(1).held_until, None);
}

#[test]
fn escalation_asks_whom_the_definition_means() {
    let mut definition = invoice();
    let factual = &mut definition.states[0].steps[0];
    let clock = factual.due.as_mut().unwrap();
    clock.escalate = vec![
        crate::definition::Escalation {
            after: 0,
            to: role("head"),
        },
        crate::definition::Escalation {
            after: 1,
            to: by("mayor"),
        },
    ];
    let mut case = Case::new(definition);
    case.start(&actor("eva", &[]), &[]);
    let all = timers(case.instance());
    let escalations = all.iter().filter(|timer| timer.what == TimerKind::Escalate);
    assert_eq!(escalations.count(), 2);
    case.goes_to(2026, 3, 11, 9);
    tick(&mut case);
    let mayor = actor("mayor", &["mayor"]);
    assert_eq!(case.may(&mayor, 1), Ok(()));
    assert_eq!(
        case.step(1).assigned[2],
        Assigned::Function {
            code: "mayor".to_owned(),
        }
    );
}

#[test]
fn a_lapse_ends_what_was_inserted_before_the_step_as_well() {
    let mut definition = travel();
    definition.states[1].adhoc = vec![StepKind::Consult];
    let mut case = Case::new(definition);
    let eva = actor("eva", &[]);
    case.start(&eva, &[]);
    case.done(&head("hans"), "approve", "done");
    case.does(
        &eva,
        Command::Insert {
            step: 2,
            kind: StepKind::Consult,
            to: vec![person("kim")],
            text: None,
            due: None,
            holds: false,
        },
    );
    assert_eq!(case.status(2), StepStatus::Waiting);
    case.goes_to(2027, 1, 1, 0);
    assert_eq!(tick(&mut case), ["2:lapse"]);
    assert_eq!(case.status(3), StepStatus::Withdrawn);
    assert_eq!(case.instance().ended.as_ref().unwrap().how, End::Dropped);
}

#[test]
fn hours_and_days_in_fields_are_deadlines_too() {
    let timed = |term| {
        let it = Step {
            due: Some(due(term)),
            ..step("it", StepKind::Task, by("x"))
        };
        let states = vec![state("a", "closed", vec![it]), end("closed", End::Done)];
        let mut case = Case::new(super::build::definition("timed", states));
        case.start(&actor("eva", &[]), &[("wv_on", Value::Day(day(3, 20)))]);
        case.step(1).due.clone()
    };
    assert_eq!(timed(Term::Hours(24)).unwrap().on, day(3, 3));
    let field = |field: &str| Term::Field {
        field: field.to_owned(),
        offset: -2,
        working: true,
    };
    assert_eq!(timed(field("wv_on")).unwrap().on, day(3, 18));
    assert_eq!(timed(field("latest")), None);
}

#[test]
fn nothing_is_taken_by_who_is_gone() {
    let mut case = checking();
    let exclude = Command::Exclude {
        person: id("hans"),
        reason: "so".to_owned(),
    };
    case.does(&head("hans"), exclude);
    case.cannot(
        &head("hans"),
        complete(1, "done", &[], None),
        Refusal::Excluded,
    );
}
