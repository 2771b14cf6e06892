//! How steps end, and what comes of it.

use super::build::{
    actor, deputy, due, end, expr, function, head, id, invoice, known, letter, machine, outcome,
    person, state, step, travel, words,
};
use super::{Case, complete, document, due_effects, none};
use crate::definition::{
    Ask, Assignee, Effect, End, Exit, Join, Lookup, Order, Person, StepKind, Term,
};
use crate::instance::{Command, EffectDue, Event, Refusal, StepStatus, Value};

use super::take::{cents, effected, ordering, running};

#[test]
fn requirements_count_for_outcomes_that_go_on() {
    let mut case = ordering();
    let carl = actor("carl", &["aob"]);
    let small = |limit| {
        let mut carl = carl.clone();
        carl.limit = limit;
        carl
    };
    for limit in [None, Some(0), Some(99_999)] {
        let unmet = Refusal::Requirement(Box::new(words("zu viel")));
        case.cannot(&small(limit), case.complete("order", "done"), unmet);
    }
    case.done(&small(None), "order", "refused");
    assert_eq!(case.state(), "check");
    assert_eq!(case.status(4), StepStatus::Open);
}

#[test]
fn a_requirement_that_names_outcomes_counts_for_these() {
    let mut definition = invoice();
    let order = &mut definition.states[1].steps[0];
    order.require[0].with = vec!["refused".to_owned()];
    let mut case = Case::new(definition);
    case.start(&actor("eva", &[]), &[cents(100)]);
    case.done(&actor("anna", &["kst"]), "factual", "done");
    case.done(&actor("bert", &["kst"]), "arithmetic", "done");
    let carl = actor("carl", &["aob"]);
    let unmet = Refusal::Requirement(Box::new(words("zu viel")));
    case.cannot(&carl, case.complete("order", "refused"), unmet);
    case.done(&carl, "order", "done");
}

#[test]
fn what_is_asked_must_be_answered_and_nothing_else() {
    let mut asking = step("asking", StepKind::Task, Assignee::Anybody);
    asking.asks = vec![
        Ask {
            field: "note".to_owned(),
            required: true,
            with: vec!["refused".to_owned()],
        },
        Ask {
            field: "gross".to_owned(),
            required: false,
            with: Vec::new(),
        },
    ];
    let mut odd = outcome("odd");
    odd.when = Some(expr("gross > 10.00"));
    let mut refused = outcome("refused");
    refused.reason = true;
    asking.outcomes = vec![outcome("done"), refused, odd];
    let states = vec![state("a", "closed", vec![asking]), end("closed", End::Done)];
    let mut case = Case::new(super::build::definition("asking", states));
    let eva = actor("eva", &[]);
    case.start(&eva, &[]);
    let field = |key: &str| Refusal::Field(key.to_owned());
    let not_one_of = |possible: &[&str]| {
        Refusal::NoOutcome(possible.iter().map(|one| (*one).to_owned()).collect())
    };
    let note = ("note", Value::Text("so".to_owned()));
    case.cannot(
        &eva,
        case.answer("asking", "done", std::slice::from_ref(&note)),
        field("note"),
    );
    case.cannot(
        &eva,
        case.answer("asking", "done", &[("gross", Value::Number(1))]),
        field("gross"),
    );
    for empty in ["", "  "] {
        case.cannot(
            &eva,
            case.answer(
                "asking",
                "refused",
                &[("note", Value::Text(empty.to_owned()))],
            ),
            Refusal::Missing(vec!["note".to_owned()]),
        );
    }
    case.cannot(
        &eva,
        case.complete("asking", "nothing"),
        not_one_of(&["done", "refused", "odd"]),
    );
    // What is answered counts for whether an outcome can be chosen.
    case.cannot(
        &eva,
        case.answer("asking", "odd", &[cents(1_000)]),
        not_one_of(&["done", "refused"]),
    );
    let mut silent = case.answer("asking", "refused", std::slice::from_ref(&note));
    if let Command::Complete { note, .. } = &mut silent {
        *note = Some(" ".to_owned());
    }
    case.cannot(&eva, silent, Refusal::NoReason);
    let odd = case.answer("asking", "odd", &[cents(1_001)]);
    case.does(&eva, odd);
    assert_eq!(
        case.instance().fields.get("gross"),
        Some(&Value::Money(1_001))
    );
}

#[test]
fn fields_are_set_before_exits_are_looked_at() {
    let mut checking = step("checking", StepKind::Task, Assignee::Anybody);
    checking.outcomes[0].effects = vec![
        Effect::Set {
            field: "urgent".to_owned(),
            to: expr("gross > 10.00"),
        },
        Effect::Set {
            field: "lead".to_owned(),
            to: expr("lookup(\"leitweg\", note)"),
        },
        Effect::Notify {
            to: Assignee::Field("lead".to_owned()),
            text: words("Es ist da."),
        },
    ];
    let mut a = state("a", "slow", vec![checking]);
    a.exits.insert(
        0,
        Exit {
            when: Some(expr("urgent")),
            to: "fast".to_owned(),
        },
    );
    let slow = step("slowly", StepKind::Task, Assignee::Anybody);
    let states = vec![
        a,
        state("slow", "closed", vec![slow]),
        end("fast", End::Done),
        end("closed", End::Done),
    ];
    let mut definition = super::build::definition("setting", states);
    definition.lookups = vec![Lookup {
        key: "leitweg".to_owned(),
        rows: [("x".to_owned(), "function:kst-20".to_owned())].into(),
        default: None,
    }];
    let mut case = Case::new(definition);
    let note = ("note", Value::Text("x".to_owned()));
    case.start(&actor("eva", &[]), &[cents(1_001), note]);
    case.done(&actor("eva", &[]), "checking", "done");
    assert_eq!(case.state(), "fast");
    let lead = case.instance().fields.get("lead");
    assert_eq!(lead, Some(&Value::Who(function("kst-20"))));
    let told = due_effects(&case.events)
        .into_iter()
        .any(|effect| matches!(effect, EffectDue::Notify { to, .. } if *to == function("kst-20")));
    assert!(told);
}

/// What a table says of an amount is an amount, not the text that stands there.
#[test]
fn a_row_of_a_table_is_what_its_field_holds() {
    let mut a = state(
        "a",
        "closed",
        vec![step("it", StepKind::Task, Assignee::Anybody)],
    );
    a.on_enter = vec![Effect::Set {
        field: "gross".to_owned(),
        to: expr("lookup(\"fees\", note)"),
    }];
    let mut definition = super::build::definition("fees", vec![a, end("closed", End::Done)]);
    definition.lookups = vec![Lookup {
        key: "fees".to_owned(),
        rows: [("dog".to_owned(), "96.00".to_owned())].into(),
        default: None,
    }];
    let mut case = Case::new(definition);
    let note = ("note", Value::Text("dog".to_owned()));
    case.start(&actor("eva", &[]), &[note]);
    let gross = case.instance().fields.get("gross");
    assert_eq!(gross, Some(&Value::Money(9_600)));
}

#[test]
fn what_a_step_does_not_ask_for_is_left_out_and_empty_states_are_left_at_once() {
    let mut only = step("only", StepKind::Task, Assignee::Anybody);
    only.when = Some(expr("urgent"));
    let mut each = step("each", StepKind::Task, Assignee::Each);
    each.each = Some("participants".to_owned());
    let states = vec![
        state("a", "b", vec![only, each]),
        state(
            "b",
            "closed",
            vec![step("it", StepKind::Task, Assignee::Anybody)],
        ),
        end("closed", End::Done),
    ];
    let mut case = Case::new(super::build::definition("empty", states.clone()));
    case.start(&actor("eva", &[]), &[]);
    assert_eq!(case.state(), "b");
    let mut case = Case::new(super::build::definition("empty", states));
    let two = Value::Whos(vec![person("a"), person("b")]);
    case.start(&actor("eva", &[]), &[("participants", two)]);
    assert_eq!(case.state(), "a");
    assert_eq!(
        [case.status(1), case.status(2)],
        [StepStatus::Open, StepStatus::Future]
    );
    assert_eq!(case.step(2).assigned, [person("b")]);
    // A circle of states in which nothing is asked for does not go on for ever.
    let circle = vec![state("a", "b", Vec::new()), state("b", "a", Vec::new())];
    let case = Case::new(super::build::definition("circle", circle));
    let start = Command::Start { fields: none() };
    case.cannot(&actor("eva", &[]), start.clone(), Refusal::TooMany);
    let mut shut = state("a", "b", Vec::new());
    shut.exits[0].when = Some(expr("urgent"));
    let case = Case::new(super::build::definition("shut", vec![shut]));
    case.cannot(&actor("eva", &[]), start, Refusal::Stuck("a".to_owned()));
}

#[test]
fn one_of_several_is_enough_where_any_is_said() {
    let steps = |order, join| {
        let mut both = state(
            "a",
            "closed",
            vec![
                step("one", StepKind::Task, Assignee::Anybody),
                step("two", StepKind::Task, Assignee::Anybody),
            ],
        );
        both.order = order;
        both.join = join;
        let mut case = Case::new(super::build::definition(
            "join",
            vec![both, end("closed", End::Done)],
        ));
        case.start(&actor("eva", &[]), &[]);
        case
    };
    let eva = actor("eva", &[]);
    let mut any = steps(Order::Parallel, Join::Any);
    any.done(&eva, "two", "done");
    assert_eq!(any.state(), "closed");
    assert_eq!(any.status(1), StepStatus::Withdrawn);
    let mut all = steps(Order::Parallel, Join::All);
    all.done(&eva, "two", "done");
    assert_eq!(all.state(), "a");
    all.done(&eva, "one", "done");
    assert_eq!(all.state(), "closed");
    let mut sequence = steps(Order::Sequence, Join::All);
    assert_eq!(sequence.status(2), StepStatus::Future);
    sequence.done(&eva, "one", "done");
    assert_eq!(sequence.status(2), StepStatus::Open);
}

#[test]
fn an_outcome_with_a_state_leaves_at_once() {
    let mut case = running();
    case.done(&actor("anna", &["kst"]), "factual", "refused");
    assert_eq!(case.state(), "rejected");
    assert_eq!(case.status(2), StepStatus::Withdrawn);
    assert_eq!(case.instance().ended.as_ref().unwrap().how, End::Dropped);
}

#[test]
fn a_step_is_sent_back_to_where_the_definition_says() {
    let mut case = ordering();
    let carl = actor("carl", &["aob"]);
    let order = case.open("order");
    let back = |to: &str, reason: &str| Command::Return {
        step: order,
        to: to.to_owned(),
        reason: reason.to_owned(),
    };
    let ways = vec!["check".to_owned()];
    case.cannot(&carl, back("exported", "so"), Refusal::NoWayBack(ways));
    case.cannot(&carl, back("check", " "), Refusal::NoReason);
    case.cannot(
        &actor("ole", &[]),
        back("check", "so"),
        Refusal::NotAssigned,
    );
    case.does(&carl, back("check", "Konto fehlt"));
    assert_eq!(case.state(), "check");
    assert_eq!(case.status(order), StepStatus::Done);
    assert_eq!(case.step(order).done.as_ref().unwrap().outcome, "returned");
    assert_eq!(case.open("factual"), order + 1);
}

#[test]
fn who_took_a_step_is_asked_for_another() {
    let mut second = step(
        "second",
        StepKind::Task,
        Assignee::TakerOf("first".to_owned()),
    );
    second.due = Some(due(Term::Days(1)));
    let manager = step(
        "third",
        StepKind::Task,
        Assignee::ManagerOf(Person::Field("lead".to_owned())),
    );
    let states = vec![
        state(
            "a",
            "closed",
            vec![
                step("first", StepKind::Task, Assignee::Anybody),
                second,
                manager,
            ],
        ),
        end("closed", End::Done),
    ];
    let mut case = Case::new(super::build::definition("taker", states));
    case.town.managers.insert(id("lena"), person("mara"));
    case.start(&actor("eva", &[]), &[("lead", Value::Who(person("lena")))]);
    assert_eq!(case.step(2).assigned, []);
    let anna = actor("anna", &[]);
    case.done(&deputy("dora", &anna), "first", "done");
    assert_eq!(case.step(2).assigned, [person("anna")]);
    assert_eq!(case.may(&actor("dora", &[]), 2), Err(Refusal::NotAssigned));
    case.done(&anna, "second", "done");
    assert_eq!(case.step(3).assigned, [person("mara")]);
}

#[test]
fn only_the_system_says_what_happened_outside() {
    let mut case = Case::new(travel());
    let eva = actor("eva", &[]);
    case.start(&eva, &[]);
    case.done(&head("hans"), "approve", "done");
    let claim = case.answer("claim", "done", &[cents(5_000)]);
    case.does(&eva, claim);
    let paid = |event: &str, fields: &[(&str, Value)]| Command::Event {
        event: event.to_owned(),
        outcome: "done".to_owned(),
        fields: known(fields),
    };
    case.cannot(&eva, paid("paid", &[]), Refusal::NotAssigned);
    case.cannot(&machine(), paid("lost", &[]), Refusal::NotAwaited);
    case.cannot(
        &machine(),
        paid("paid", &[cents(1)]),
        Refusal::Field("gross".to_owned()),
    );
    let step = case.open("paid");
    case.cannot(
        &machine(),
        complete(step, "done", &[], None),
        Refusal::NotProvided,
    );
    case.cannot(&machine(), effected(step, "done"), Refusal::NotProvided);
    case.does(&machine(), paid("paid", &[("count", Value::Number(7))]));
    assert_eq!(case.state(), "closed");
    assert_eq!(case.instance().fields.get("count"), Some(&Value::Number(7)));
}

#[test]
fn what_the_system_could_not_do_goes_where_the_outcome_says() {
    let mut case = ordering();
    let mut carl = actor("carl", &["aob"]);
    carl.limit = Some(i64::MAX);
    case.done(&carl, "order", "done");
    case.cannot(&carl, effected(4, "done"), Refusal::NotAssigned);
    case.does(&machine(), effected(4, "refused"));
    assert_eq!(case.state(), "check");
    assert!(matches!(case.events.last(), Some(Event::StepOpened { .. })));
}

#[test]
fn a_form_for_a_persons_step_only_fills_a_field() {
    let mut hearing = step("hearing", StepKind::Task, Assignee::Anybody);
    hearing.form = Some(crate::definition::StepForm {
        form: "receipt".to_owned(),
        into: "draft".to_owned(),
    });
    let states = vec![
        state("a", "closed", vec![hearing]),
        end("closed", End::Done),
    ];
    let mut case = Case::new(super::build::definition("form", states));
    case.start(&actor("eva", &[]), &[]);
    assert_eq!(due_effects(&case.events).len(), 1);
    case.town.write("doc", "system");
    let made = |fields: &[(&str, Value)]| Command::Effected {
        step: 1,
        outcome: "done".to_owned(),
        fields: known(fields),
        note: None,
    };
    case.cannot(
        &machine(),
        made(&[]),
        Refusal::Missing(vec!["draft".to_owned()]),
    );
    // Nobody goes on without it: nobody would make it then.
    let early = case.decide(&actor("eva", &[]), &case.complete("hearing", "done"));
    assert!(matches!(early, Err(Refusal::Requirement(_))));
    case.does(&machine(), made(&[("draft", document("doc"))]));
    assert_eq!(case.status(1), StepStatus::Open);
    assert_eq!(case.instance().fields.get("draft"), Some(&document("doc")));
    case.done(&actor("eva", &[]), "hearing", "done");
    assert!(case.instance().ended.is_some());
}

#[test]
fn whom_a_matter_concerns_can_be_excluded_by_the_definition() {
    let mut first = step("first", StepKind::Task, Assignee::Anybody);
    first.outcomes[0].effects = vec![Effect::Exclude {
        who: "applicant".to_owned(),
    }];
    let steps = vec![
        first,
        step(
            "second",
            StepKind::Task,
            Assignee::Field("applicant".to_owned()),
        ),
    ];
    let states = vec![state("a", "closed", steps), end("closed", End::Done)];
    let mut case = Case::new(super::build::definition("excluding", states));
    let eva = actor("eva", &[]);
    case.start(&eva, &[("applicant", Value::Who(person("eva")))]);
    case.done(&eva, "first", "done");
    assert_eq!(case.may(&eva, 2), Err(Refusal::Excluded));
    assert_eq!(case.may(&head("hans"), 2), Ok(()));
}

#[test]
fn a_letter_is_begun_and_assigned() {
    let mut case = Case::new(letter());
    case.start(&actor("eva", &[]), &[]);
    let assign = case.complete("assign", "done");
    case.cannot(
        &actor("otto", &["office"]),
        assign,
        Refusal::Missing(vec!["lead".to_owned(), "participants".to_owned()]),
    );
}

#[test]
fn a_case_with_open_steps_does_not_go_to_the_files() {
    goes_to_the_files(Effect::CloseCase, &EffectDue::CloseCase);
    goes_to_the_files(Effect::CloseFile, &EffectDue::CloseFile);
}

fn goes_to_the_files(effect: Effect, due: &EffectDue) {
    let mut closing = step("closing", StepKind::Task, Assignee::Anybody);
    closing.outcomes[0].effects = vec![effect];
    let steps = vec![closing, step("other", StepKind::Task, Assignee::Anybody)];
    let mut both = state("a", "closed", steps);
    both.order = Order::Parallel;
    let states = vec![both, end("closed", End::Done)];
    let mut case = Case::new(super::build::definition("closing", states));
    let eva = actor("eva", &[]);
    case.start(&eva, &[]);
    case.cannot(&eva, case.complete("closing", "done"), Refusal::NotProvided);
    case.done(&eva, "other", "done");
    case.done(&eva, "closing", "done");
    assert_eq!(due_effects(&case.events), [due]);
}

/// A case that follows is opened with the step that asks for it, each with an id of its own, and not without end.
#[test]
fn another_case_is_opened_with_the_outcome_that_asks_for_it() {
    let open = Effect::OpenCase {
        case_type: "folge".to_owned(),
        subject: "Neubestellung".to_owned(),
    };
    let mut checking = step("checking", StepKind::Task, Assignee::Anybody);
    let mut again = outcome("again");
    again.to = Some("a".to_owned());
    again.effects = vec![open.clone(), open];
    checking.outcomes.push(again);
    let states = vec![
        state("a", "closed", vec![checking]),
        end("closed", End::Done),
    ];
    let mut case = Case::new(super::build::definition("opening", states));
    let eva = actor("eva", &[]);
    case.start(&eva, &[]);
    let events = case.done(&eva, "checking", "again");
    let due = |number: usize| EffectDue::OpenCase {
        case: id(&format!("case-{number}")),
        case_type: "folge".to_owned(),
        subject: "Neubestellung".to_owned(),
    };
    assert_eq!(due_effects(&events), [&due(0), &due(1)]);
    assert_eq!(case.instance().opened, [id("case-0"), id("case-1")]);
    for _ in 1..50 {
        case.done(&eva, "checking", "again");
    }
    case.cannot(&eva, case.complete("checking", "again"), Refusal::TooMany);
    case.done(&eva, "checking", "done");
    assert_eq!(case.instance().opened.len(), 100);
}
