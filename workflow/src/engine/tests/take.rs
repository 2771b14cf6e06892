//! Who may take a step, and what comes of it.

use super::build::{
    actor, ask, by, definition, deputy, end, head, id, invoice, known, machine, person, state,
    step, travel,
};
use super::{Case, document, due_effects, none};
use crate::definition::{Ask, Assignee, End, Order, Source, Step, StepKind};
use crate::instance::{Assigned, Command, EffectDue, Refusal, StepStatus, Value, WorkDue};

pub(super) fn cents(cents: i64) -> (&'static str, Value) {
    ("gross", Value::Money(cents))
}

pub(super) fn running() -> Case {
    let mut case = Case::new(invoice());
    case.start(&actor("eva", &[]), &[cents(100_000)]);
    case
}

pub(super) fn ordering() -> Case {
    let mut case = running();
    case.done(&actor("anna", &["kst"]), "factual", "done");
    case.done(&actor("bert", &["kst"]), "arithmetic", "done");
    case
}

#[test]
fn an_invoice_goes_from_check_to_export() {
    let mut case = ordering();
    let mut carl = actor("carl", &["aob"]);
    carl.limit = Some(100_000);
    case.done(&carl, "order", "done");
    assert_eq!(case.state(), "exported");
    let export = EffectDue::Work {
        step: 4,
        work: WorkDue::Export {
            to: "finance".to_owned(),
        },
    };
    assert!(due_effects(&case.events).contains(&&export));
    case.does(&machine(), effected(4, "done"));
    let ended = case.instance().ended.as_ref().unwrap();
    assert_eq!(ended.how, End::Done);
    assert_eq!(case.state(), "closed");
    assert!(due_effects(&case.events).contains(&&EffectDue::CloseCase));
    case.cannot(&machine(), Command::Look, Refusal::Ended);
}

pub(super) fn effected(step: u32, outcome: &str) -> Command {
    Command::Effected {
        step,
        outcome: outcome.to_owned(),
        fields: none(),
        note: Some("weil".to_owned()),
    }
}

#[test]
fn a_start_is_checked() {
    let mut definition = invoice();
    definition.start_by = vec![by("intake")];
    let field = |definition: &mut crate::definition::Definition, key: &str| {
        let fields = definition.fields.iter_mut();
        fields.into_iter().position(|one| one.key == key).unwrap()
    };
    let gross = field(&mut definition, "gross");
    definition.fields[gross].required = true;
    let wv = field(&mut definition, "wv_on");
    definition.fields[wv].source = Some(Source::Today);
    let lead = field(&mut definition, "lead");
    definition.fields[lead].source = Some(Source::Initiator);
    let mut case = Case::new(definition);
    let eva = actor("eva", &["intake"]);
    let start = |fields: &[(&str, Value)]| Command::Start {
        fields: known(fields),
    };
    case.cannot(&actor("ole", &[]), start(&[cents(1)]), Refusal::NotAssigned);
    case.cannot(&eva, start(&[]), Refusal::Missing(vec!["gross".to_owned()]));
    for (key, value) in [
        ("gross", Value::Number(1)),
        ("nothing", Value::Number(1)),
        ("note", Value::Text("x".repeat(21))),
        ("lead", Value::Who(Assigned::Anybody)),
        ("participants", Value::Whos(vec![person("a"), person("a")])),
    ] {
        let refusal = Refusal::Field(key.to_owned());
        case.cannot(&eva, start(&[cents(1), (key, value)]), refusal);
    }
    case.cannot(
        &eva,
        start(&[cents(1), ("draft", document("doc"))]),
        Refusal::NoDocument,
    );
    case.cannot(&eva, Command::Look, Refusal::Begun);
    case.start(&eva, &[cents(1)]);
    let lead = case.instance().fields.get("lead");
    assert_eq!(lead, Some(&Value::Who(person("eva"))));
    assert!(case.instance().fields.contains_key("wv_on"));
    case.cannot(&eva, start(&[cents(1)]), Refusal::Begun);
}

#[test]
fn for_another_one_begins_whom_the_definition_names_for_it() {
    let mut definition = invoice();
    definition.start_by = vec![Assignee::Anybody, by("intake")];
    let source = |definition: &mut crate::definition::Definition, key: &str, source| {
        let mut fields = definition.fields.iter_mut();
        fields.find(|one| one.key == key).unwrap().source = Some(source);
    };
    source(&mut definition, "wv_on", Source::Today);
    source(&mut definition, "lead", Source::Initiator);
    let lead = |who: &str| ("lead", Value::Who(person(who)));
    let begin = |fields: &[(&str, Value)]| Command::Start {
        fields: known(fields),
    };
    let mut case = Case::new(definition);
    let (eva, ole) = (actor("eva", &["intake"]), actor("ole", &[]));
    case.cannot(
        &ole,
        begin(&[lead("uli")]),
        Refusal::Given("lead".to_owned()),
    );
    let today = Value::Day(case.calendar.day_of(case.now));
    let other = Value::Day(crate::instance::Day::of(2026, 3, 3).unwrap());
    for who in [&eva, &ole] {
        case.cannot(
            who,
            begin(&[("wv_on", other.clone())]),
            Refusal::Given("wv_on".to_owned()),
        );
    }
    // What it would be anyway may be said.
    assert!(
        case.decide(&ole, &begin(&[lead("ole"), ("wv_on", today)]))
            .is_ok()
    );
    case.start(&eva, &[lead("uli")]);
    let found = case.instance().fields.get("lead");
    assert_eq!(found, Some(&Value::Who(person("uli"))));
}

#[test]
fn the_only_outcome_need_not_be_named_and_of_several_one_must() {
    let mut first = step("first", StepKind::Task, Assignee::Anybody);
    first.outcomes[0].key = "filed".to_owned();
    let mut second = step("second", StepKind::Task, Assignee::Anybody);
    let mut other = second.outcomes[0].clone();
    other.key = "other".to_owned();
    let mut never = other.clone();
    never.key = "never".to_owned();
    never.when = Some(crate::expr::Expr::Literal(Value::YesNo(false)));
    // What is asked with it may open it.
    let mut granted = other.clone();
    granted.key = "granted".to_owned();
    granted.when = Some(crate::expr::Expr::Field("grant".to_owned()));
    second.asks.push(Ask {
        field: "grant".to_owned(),
        required: false,
        with: Vec::new(),
    });
    second.outcomes.extend([other, never, granted]);
    let mut open = state("a", "closed", vec![first, second]);
    open.adhoc = vec![StepKind::Information];
    let states = vec![open, end("closed", End::Done)];
    let mut case = Case::new(definition("outcomes", states));
    let eva = actor("eva", &[]);
    case.start(&eva, &[]);
    case.done(&eva, "first", "");
    let done = case.step(1).done.as_ref().map(|done| done.outcome.as_str());
    assert_eq!(done, Some("filed"));
    let possible = ["done", "other", "granted"].map(ToOwned::to_owned).to_vec();
    case.cannot(
        &eva,
        case.complete("second", ""),
        Refusal::WhichOutcome(possible),
    );
    // What is not his to do he is not asked how.
    let mut gone = actor("zoe", &[]);
    gone.works_here = false;
    case.cannot(&gone, case.complete("second", ""), Refusal::NotAssigned);
    let inform = Command::Insert {
        step: 2,
        kind: StepKind::Information,
        to: vec![person("uli")],
        text: None,
        due: None,
        holds: false,
    };
    case.does(&eva, inform);
    case.done(&actor("uli", &[]), "adhoc", "");
}

#[test]
fn a_step_is_taken_by_those_who_are_asked() {
    let case = running();
    let anna = actor("anna", &["kst"]);
    assert_eq!(case.may(&anna, 1), Ok(()));
    assert_eq!(case.may(&actor("ole", &[]), 1), Err(Refusal::NotAssigned));
    assert_eq!(
        case.may(&anna, 2),
        Err(Refusal::NotOpen(StepStatus::Future))
    );
    assert_eq!(case.may(&anna, 9), Err(Refusal::NoStep));
    // A deputy has the functions of whom he stands for; in the name of another function nothing is asked.
    assert_eq!(case.may(&deputy("dora", &anna), 1), Ok(()));
    let mut both = actor("anna", &["kst", "aob"]);
    both.function = Some("aob".to_owned());
    assert_eq!(case.may(&both, 1), Err(Refusal::NotAssigned));
    both.function = Some("kst".to_owned());
    assert_eq!(case.may(&both, 1), Ok(()));
    both.function = Some("mayor".to_owned());
    assert_eq!(case.may(&both, 1), Err(Refusal::NotAssigned));
    assert_eq!(case.may(&machine(), 1), Err(Refusal::NotAssigned));
}

#[test]
fn persons_roles_and_anybody_are_asked_by_what_they_are() {
    let steps = vec![
        step(
            "by_role",
            StepKind::Task,
            Assignee::Role {
                role: "clerk".to_owned(),
                department: Some("bau".to_owned()),
            },
        ),
        step("by_anybody", StepKind::Task, Assignee::Anybody),
        step(
            "by_field",
            StepKind::Task,
            Assignee::Field("lead".to_owned()),
        ),
        step("by_starter", StepKind::Task, Assignee::Initiator),
        step("by_system", StepKind::Task, Assignee::System),
    ];
    let mut all = state("all", "closed", steps);
    all.order = Order::Parallel;
    let definition = super::build::definition("all", vec![all, end("closed", End::Done)]);
    let mut case = Case::new(definition);
    case.start(&actor("eva", &[]), &[("lead", Value::Who(person("lena")))]);
    let may = |who: &crate::instance::Actor| -> Vec<u32> {
        (1..=5)
            .filter(|step| case.may(who, *step).is_ok())
            .collect()
    };
    let mut clerk = actor("carl", &[]);
    clerk.roles.insert(("clerk".to_owned(), "amt".to_owned()));
    clerk.works_here = false;
    assert_eq!(may(&clerk), [] as [u32; 0]);
    clerk.roles.insert(("clerk".to_owned(), "bau".to_owned()));
    assert_eq!(may(&clerk), [1]);
    assert_eq!(may(&actor("lena", &[])), [2, 3]);
    assert_eq!(may(&actor("eva", &[])), [2, 4]);
    // Who stands for another takes what that one is asked for, not what he is asked for himself.
    let lena_for_eva = deputy("lena", &actor("eva", &[]));
    assert_eq!(may(&lena_for_eva), [2, 4]);
    assert_eq!(may(&machine()), [5]);
}

#[test]
fn claimed_by_one_is_not_taken_by_another() {
    let mut case = running();
    let (anna, bert) = (actor("anna", &["kst"]), actor("bert", &["kst"]));
    case.does(&anna, Command::Claim { step: 1 });
    let claimed = case.step(1).claimed.clone().unwrap();
    assert_eq!(case.may(&bert, 1), Err(Refusal::Claimed(claimed.clone())));
    case.cannot(
        &anna,
        Command::Claim { step: 1 },
        Refusal::Claimed(claimed.clone()),
    );
    case.cannot(
        &bert,
        Command::Release { step: 1 },
        Refusal::Claimed(claimed),
    );
    assert_eq!(case.may(&deputy("dora", &anna), 1), Ok(()));
    case.does(&head("hans"), Command::Release { step: 1 });
    assert_eq!(case.may(&bert, 1), Ok(()));
    case.cannot(&anna, Command::Release { step: 1 }, Refusal::NotProvided);
    case.does(&bert, Command::Claim { step: 1 });
    case.does(&bert, Command::Release { step: 1 });
    case.does(&anna, Command::Claim { step: 1 });
    case.done(&deputy("dora", &anna), "factual", "done");
    assert_eq!(case.step(1).claimed, None);
}

#[test]
fn four_eyes_count_persons_on_both_sides_and_over_all_rounds() {
    let mut case = ordering();
    let order = case.open("order");
    let both = |name| {
        let mut both = actor(name, &["aob"]);
        both.limit = Some(i64::MAX);
        both
    };
    assert_eq!(case.may(&both("anna"), order), Err(Refusal::FourEyes(1)));
    assert_eq!(case.may(&both("bert"), order), Err(Refusal::FourEyes(2)));
    assert_eq!(
        case.may(&deputy("carl", &both("anna")), order),
        Err(Refusal::FourEyes(1))
    );
    assert_eq!(
        case.may(&deputy("bert", &both("carl")), order),
        Err(Refusal::FourEyes(2))
    );
    assert_eq!(case.may(&both("carl"), order), Ok(()));
    // Sent back, the checks are done by others: who checked before still does not order, and who has ordered
    // does not check.
    case.done(&both("carl"), "order", "refused");
    assert_eq!(case.state(), "check");
    let mut carl = both("carl");
    carl.functions.insert("kst".to_owned());
    let factual = case.open("factual");
    assert_eq!(case.may(&carl, factual), Err(Refusal::FourEyes(order)));
    case.done(&actor("dora", &["kst"]), "factual", "done");
    case.done(&actor("dora", &["kst"]), "arithmetic", "done");
    let order = case.open("order");
    assert_eq!(case.may(&both("anna"), order), Err(Refusal::FourEyes(1)));
    assert!(matches!(
        case.may(&both("dora"), order),
        Err(Refusal::FourEyes(_))
    ));
    assert_eq!(case.may(&both("carl"), order), Ok(()));
}

#[test]
fn a_deputy_who_checked_keeps_his_principal_from_ordering() {
    let mut case = running();
    let anna = actor("anna", &["kst", "aob"]);
    case.done(&deputy("dora", &anna), "factual", "done");
    case.done(&actor("bert", &["kst"]), "arithmetic", "done");
    let order = case.open("order");
    assert_eq!(case.may(&anna, order), Err(Refusal::FourEyes(1)));
    assert_eq!(
        case.may(&actor("dora", &["aob"]), order),
        Err(Refusal::FourEyes(1))
    );
}

#[test]
fn nobody_decides_his_own_matter() {
    let mut case = Case::new(travel());
    case.town.managers.insert(id("eva"), person("mara"));
    let mara = actor("mara", &[]);
    case.start(&actor("eva", &[]), &[]);
    assert_eq!(case.step(1).assigned, [person("mara")]);
    assert_eq!(case.may(&mara, 1), Ok(()));
    // Eva stands in for her own manager; that does not make it another matter.
    assert_eq!(case.may(&deputy("eva", &mara), 1), Err(Refusal::OwnMatter));
    case.done(&mara, "approve", "done");
    assert_eq!(case.state(), "claiming");
}

#[test]
fn an_own_matter_may_be_allowed_for_a_mark_but_not_for_an_order() {
    let with = |kind, own_matter| {
        let steps = vec![Step {
            own_matter,
            ..step("it", kind, Assignee::Anybody)
        }];
        let states = vec![state("a", "closed", steps), end("closed", End::Done)];
        let mut case = Case::new(super::build::definition("own", states));
        let eva = actor("eva", &[]);
        case.start(&eva, &[("applicant", Value::Who(person("eva")))]);
        case.may(&eva, 1)
    };
    let own = Err(Refusal::OwnMatter);
    assert_eq!(with(StepKind::Attest, true), Ok(()));
    assert_eq!(with(StepKind::Attest, false), own);
    assert_eq!(with(StepKind::Order, true), own);
    assert_eq!(with(StepKind::Approve, true), own);
    assert_eq!(with(StepKind::Task, false), Ok(()));
}

#[test]
fn a_manager_who_is_not_known_is_the_head_of_the_department() {
    let mut case = Case::new(travel());
    case.start(&actor("eva", &[]), &[]);
    assert_eq!(case.may(&head("hans"), 1), Ok(()));
    // And so is one who certainly may not: the manager of the applicant is the applicant.
    let mut case = Case::new(travel());
    case.town.managers.insert(id("eva"), person("eva"));
    case.start(&actor("eva", &[]), &[]);
    assert_eq!(case.step(1).assigned.len(), 2);
    assert_eq!(case.may(&head("hans"), 1), Ok(()));
    assert_eq!(case.may(&actor("eva", &[]), 1), Err(Refusal::OwnMatter));
}

/// What is said with a step counts before it is done.
#[test]
fn whoever_names_himself_or_his_own_draft_takes_the_step_no_more() {
    let approve = Step {
        asks: vec![ask("applicant")],
        ..step("approve", StepKind::Approve, by("aob"))
    };
    let sign = Step {
        asks: vec![ask("draft")],
        binds: Some("draft".to_owned()),
        ..step("sign", StepKind::FinalSign, by("aob"))
    };
    let steps = vec![approve, sign];
    let ends = end("closed", End::Done);
    let mut case = Case::new(definition(
        "asked",
        vec![state("one", "closed", steps), ends],
    ));
    case.town.write("doc", "carl");
    case.start(&actor("eva", &[]), &[]);
    let carl = actor("carl", &["aob"]);
    let own = case.answer(
        "approve",
        "done",
        &[("applicant", Value::Who(person("carl")))],
    );
    case.cannot(&carl, own, Refusal::OwnMatter);
    let other = case.answer(
        "approve",
        "done",
        &[("applicant", Value::Who(person("eva")))],
    );
    case.does(&carl, other);
    let own = case.answer("sign", "done", &[("draft", document("doc"))]);
    case.cannot(&carl, own.clone(), Refusal::Drafter);
    case.does(&actor("dora", &["aob"]), own);
}

#[test]
fn whoever_has_checked_orders_nothing_whatever_a_definition_says() {
    let order = step("order", StepKind::Order, by("aob"));
    let check = step("check", StepKind::Attest, by("aob"));
    for (first, second) in [("order", "check"), ("check", "order")] {
        let mut steps = vec![order.clone(), check.clone()];
        if first == "check" {
            steps.reverse();
        }
        let ends = end("closed", End::Done);
        let mut case = Case::new(definition("pay", vec![state("one", "closed", steps), ends]));
        case.start(&actor("eva", &[]), &[]);
        let carl = actor("carl", &["aob"]);
        case.done(&carl, first, "done");
        let again = case.complete(second, "done");
        case.cannot(&carl, again, Refusal::FourEyes(1));
        case.done(&actor("dora", &["aob"]), second, "done");
    }
}

/// It is the document that is signed, by whichever field it is named.
#[test]
fn what_is_to_be_signed_is_not_sent_by_another_name_either() {
    let sign = Step {
        binds: Some("draft".to_owned()),
        ..step("sign", StepKind::FinalSign, by("mayor"))
    };
    let send = Step {
        binds: Some("letter".to_owned()),
        ..step("send", StepKind::Dispatch, by("post"))
    };
    let mut states = vec![
        state("sending", "signing", vec![send]),
        state("signing", "closed", vec![sign]),
    ];
    states.push(end("closed", End::Done));
    let mut case = Case::new(definition("letters", states));
    let draft = case.definition.field("draft").unwrap().clone();
    case.definition.fields.push(crate::definition::Field {
        key: "letter".to_owned(),
        ..draft
    });
    case.town.write("doc", "lena");
    let named = [("draft", document("doc")), ("letter", document("doc"))];
    case.start(&actor("eva", &[]), &named);
    let send = case.complete("send", "done");
    let refused = case.decide(&actor("paul", &["post"]), &send);
    assert!(
        matches!(refused, Err(Refusal::Requirement(_))),
        "{refused:?}"
    );
}
