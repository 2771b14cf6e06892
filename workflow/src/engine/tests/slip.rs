//! The routing slip is changed on the way.

use std::collections::BTreeMap;

use super::build::{
    actor, definition, deputy, end, function, head, id, invoice, machine, person, state, step,
    travel,
};
use super::{Case, complete};
use crate::definition::{Assignee, Definition, End, StepKind};
use crate::instance::{Assigned, Command, Day, Event, Refusal, StepStatus, Value};

fn checking() -> Case {
    let mut case = Case::new(invoice());
    case.start(&actor("eva", &[]), &[("gross", Value::Money(100))]);
    case
}

fn insert(step: u32, kind: StepKind, to: &[&str], holds: bool) -> Command {
    Command::Insert {
        step,
        kind,
        to: to.iter().map(|name| person(name)).collect(),
        text: Some("bitte".to_owned()),
        due: None,
        holds,
    }
}

fn withdraw(step: u32) -> Command {
    Command::Withdraw {
        step,
        reason: "hat sich erledigt".to_owned(),
    }
}

fn order(case: &Case) -> Vec<u32> {
    case.instance()
        .steps
        .iter()
        .map(|step| step.number)
        .collect()
}

#[test]
fn a_consultation_holds_the_step_until_it_is_done() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    case.does(&anna, insert(1, StepKind::Consult, &["kim", "lou"], false));
    assert_eq!(order(&case), [3, 4, 1, 2]);
    assert_eq!(case.status(1), StepStatus::Waiting);
    let refused = Refusal::NotOpen(StepStatus::Waiting);
    case.cannot(&anna, complete(1, "done", &[], None), refused);
    case.does(&actor("kim", &[]), complete(3, "done", &[], None));
    assert_eq!(case.status(1), StepStatus::Waiting);
    let due = case.step(1).due.clone();
    case.now = case.now.plus_seconds(60);
    case.does(&actor("lou", &[]), complete(4, "done", &[], None));
    assert_eq!(case.status(1), StepStatus::Open);
    // A deadline runs on while somebody is consulted.
    assert_eq!(case.step(1).due, due);
    assert!(case.step(1).opened_at < Some(case.now));
    case.cannot(&actor("lou", &[]), withdraw(4), Refusal::NotAssigned);
    case.cannot(&anna, withdraw(4), Refusal::NotOpen(StepStatus::Done));
}

#[test]
fn what_may_be_inserted_and_by_whom() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    case.cannot(
        &actor("ole", &[]),
        insert(1, StepKind::Consult, &["kim"], true),
        Refusal::NotAssigned,
    );
    for kind in [StepKind::Task, StepKind::Order, StepKind::FinalSign] {
        case.cannot(&anna, insert(1, kind, &["kim"], true), Refusal::NotProvided);
    }
    case.cannot(
        &anna,
        insert(1, StepKind::Consult, &[], true),
        Refusal::Nobody("adhoc".to_owned()),
    );
    case.cannot(
        &anna,
        insert(1, StepKind::Consult, &["kim", "kim"], true),
        Refusal::NotProvided,
    );
    for to in [Assigned::Anybody, Assigned::System] {
        let command = Command::Insert {
            step: 1,
            kind: StepKind::Consult,
            to: vec![to],
            text: None,
            due: None,
            holds: true,
        };
        case.cannot(&anna, command, Refusal::NotProvided);
    }
    let with_due = |due| Command::Insert {
        step: 1,
        kind: StepKind::Statement,
        to: vec![function("legal")],
        text: None,
        due: Some(due),
        holds: false,
    };
    case.cannot(&anna, with_due(Day::of(2026, 3, 1).unwrap()), Refusal::Day);
    case.cannot(&anna, with_due(Day::of(2040, 3, 1).unwrap()), Refusal::Day);
    case.does(&anna, with_due(Day::of(2026, 3, 7).unwrap()));
    // Whoever is asked for a day is asked for that day, and be it a Saturday.
    assert_eq!(
        case.step(3).due.as_ref().unwrap().on,
        Day::of(2026, 3, 7).unwrap()
    );
    assert_eq!(case.status(1), StepStatus::Open);
    // The state waits for a statement, though the step does not.
    case.done(&anna, "factual", "done");
    assert_eq!(case.status(2), StepStatus::Future);
    case.does(&actor("kim", &["legal"]), complete(3, "done", &[], None));
    assert_eq!(case.status(2), StepStatus::Open);
    // What was inserted has but one outcome.
    case.does(&anna, insert(2, StepKind::Consult, &["kim"], true));
    case.cannot(
        &actor("kim", &[]),
        complete(4, "refused", &[], None),
        Refusal::NoOutcome(vec!["done".to_owned()]),
    );
}

#[test]
fn before_a_step_whose_turn_comes_something_is_inserted_by_who_holds_one() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    case.does(&anna, insert(2, StepKind::Statement, &["kim"], true));
    assert_eq!(order(&case), [1, 3, 2]);
    assert_eq!(case.status(3), StepStatus::Future);
    case.done(&anna, "factual", "done");
    assert_eq!(
        [case.status(3), case.status(2)],
        [StepStatus::Open, StepStatus::Future]
    );
    case.does(&actor("kim", &[]), complete(3, "done", &[], None));
    assert_eq!(case.status(2), StepStatus::Open);
}

#[test]
fn an_information_holds_nobody_up_and_is_left_until_the_end() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    case.does(
        &anna,
        insert(1, StepKind::Information, &["kim", "lou"], false),
    );
    case.done(&anna, "factual", "done");
    case.done(&anna, "arithmetic", "done");
    assert_eq!(case.state(), "ordered");
    assert_eq!(case.status(3), StepStatus::Open);
    case.does(&actor("kim", &[]), complete(3, "done", &[], None));
    let mut carl = actor("carl", &["aob"]);
    carl.limit = Some(100);
    case.done(&carl, "order", "done");
    let export = case.open("export");
    case.does(
        &machine(),
        Command::Effected {
            step: export,
            outcome: "done".to_owned(),
            fields: BTreeMap::new(),
            note: None,
        },
    );
    assert_eq!(case.state(), "closed");
    assert_eq!(case.status(4), StepStatus::Withdrawn);
}

#[test]
fn what_was_inserted_is_withdrawn_by_whoever_inserted_it() {
    let mut case = checking();
    let (anna, bert) = (actor("anna", &["kst"]), actor("bert", &["kst"]));
    case.does(&anna, insert(1, StepKind::Consult, &["kim"], true));
    case.does(
        &actor("kim", &[]),
        insert(3, StepKind::Consult, &["lou"], true),
    );
    assert_eq!(case.status(3), StepStatus::Waiting);
    case.cannot(&bert, withdraw(3), Refusal::NotAssigned);
    case.cannot(&anna, withdraw(4), Refusal::NotAssigned);
    case.cannot(&anna, withdraw(1), Refusal::NotProvided);
    case.does(&deputy("dora", &anna), withdraw(3));
    // And with it what waits for it no more.
    assert_eq!([case.status(3), case.status(4)], [StepStatus::Withdrawn; 2]);
    assert_eq!(case.status(1), StepStatus::Open);
}

#[test]
fn a_step_is_given_to_others_who_could_take_it() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    let give = |step, to| Command::Delegate {
        step,
        to,
        reason: None,
    };
    case.cannot(
        &actor("ole", &[]),
        give(1, person("kim")),
        Refusal::NotAssigned,
    );
    for to in [Assigned::Anybody, function("kst")] {
        case.cannot(&anna, give(1, to), Refusal::NotProvided);
    }
    case.does(&anna, Command::Claim { step: 1 });
    case.does(&anna, give(1, person("kim")));
    assert_eq!(case.step(1).assigned, [function("kst"), person("kim")]);
    assert_eq!(case.step(1).claimed, None);
    case.done(&actor("kim", &[]), "factual", "done");
    case.done(&actor("bert", &["kst"]), "arithmetic", "done");
    let order = case.open("order");
    // Nobody is given what he may not take.
    let bert = actor("bert", &["aob"]);
    case.cannot(&bert, give(order, person("kim")), Refusal::FourEyes(1));
    // But he may pass it on himself.
    assert_eq!(case.may(&bert, order), Err(Refusal::FourEyes(2)));
    case.does(&bert, give(order, person("carl")));
    case.does(&head("hans"), give(order, function("treasurer")));
    let exclude = Command::Exclude {
        person: id("paul"),
        reason: "so".to_owned(),
    };
    case.does(&head("hans"), exclude);
    case.cannot(
        &head("hans"),
        give(order, person("paul")),
        Refusal::OtherExcluded,
    );
}

/// The head of a department does not draw a final signature to himself, nor to whom he likes.
#[test]
fn a_final_signature_is_given_on_by_whoever_is_asked_for_it_only() {
    let mayor = Assignee::Function("mayor".to_owned());
    let steps = vec![step("sign", StepKind::FinalSign, mayor)];
    let states = vec![state("a", "closed", steps), end("closed", End::Done)];
    let mut case = Case::new(definition("signed", states));
    case.start(&actor("eva", &[]), &[]);
    let sign = case.open("sign");
    let give = |to: &str| Command::Delegate {
        step: sign,
        to: person(to),
        reason: None,
    };
    for to in ["hans", "kim"] {
        case.cannot(&head("hans"), give(to), Refusal::NotAssigned);
    }
    case.does(&actor("ida", &["mayor"]), give("kim"));
}

/// Whose matter it is may be asked for it, or lead the department: who decides it is not for him to say.
#[test]
fn nobody_chooses_who_decides_his_own_matter() {
    let mut case = Case::new(travel());
    let hans = head("hans");
    case.start(&hans, &[]);
    let approve = case.open("approve");
    let give = |to: &str| Command::Delegate {
        step: approve,
        to: person(to),
        reason: None,
    };
    case.cannot(&hans, give("kim"), Refusal::OwnMatter);
    case.cannot(&deputy("dora", &hans), give("kim"), Refusal::OwnMatter);
    case.does(&head("olga"), give("kim"));
    case.done(&actor("kim", &[]), "approve", "done");
    // What decides nothing he gives to whom he likes.
    let claim = case.open("claim");
    let to = person("kim");
    case.does(
        &hans,
        Command::Delegate {
            step: claim,
            to,
            reason: None,
        },
    );
}

#[test]
fn it_is_broken_off_by_whom_the_definition_says() {
    let cancel = || Command::Cancel {
        reason: "doppelt".to_owned(),
    };
    let mut case = checking();
    case.cannot(&actor("anna", &["kst"]), cancel(), Refusal::NotAssigned);
    let silent = Command::Cancel {
        reason: String::new(),
    };
    case.cannot(&head("hans"), silent, Refusal::NoReason);
    case.does(&actor("eva", &[]), cancel());
    assert!(
        case.instance()
            .steps
            .iter()
            .all(|step| step.status == StepStatus::Withdrawn)
    );
    assert!(matches!(
        case.events.last(),
        Some(Event::Ended { by: Some(_), .. })
    ));
    let mut other = invoice();
    other.cancel_by = vec![Assignee::Function("mayor".to_owned())];
    let mut case = Case::new(other);
    case.start(&actor("eva", &[]), &[]);
    case.cannot(&actor("eva", &[]), cancel(), Refusal::NotAssigned);
    case.does(&actor("mayor", &["mayor"]), cancel());
}

fn newer() -> Definition {
    let mut newer = invoice();
    newer.version = 2;
    newer.sha256 = [9; 32];
    newer.fields.retain(|field| field.key != "gross");
    newer.states.insert(
        0,
        state(
            "review",
            "check",
            vec![step("review", StepKind::Task, Assignee::Anybody)],
        ),
    );
    newer.states.push(end("moved", End::Dropped));
    newer
}

#[test]
fn it_goes_on_by_another_version_of_its_definition() {
    let mut case = checking();
    case.done(&actor("anna", &["kst"]), "factual", "done");
    let old = std::mem::replace(&mut case.definition, newer());
    // Nothing else is done by another definition than its own.
    case.cannot(&machine(), Command::Look, Refusal::NotProvided);
    let migrate = |to: &str| Command::Migrate {
        states: BTreeMap::from([("check".to_owned(), to.to_owned())]),
        reason: "neue DA".to_owned(),
    };
    case.cannot(
        &actor("anna", &["kst"]),
        migrate("review"),
        Refusal::NotAssigned,
    );
    case.cannot(
        &head("hans"),
        migrate("nowhere"),
        Refusal::NoStateFor("nowhere".to_owned()),
    );
    case.does(&head("hans"), migrate("review"));
    assert_eq!(case.state(), "review");
    assert_eq!(case.instance().definition_version, 2);
    assert_eq!(case.instance().definition_sha256, newer().sha256_hex());
    assert_eq!(case.status(1), StepStatus::Done);
    assert_eq!(case.status(2), StepStatus::Withdrawn);
    assert_eq!(case.instance().fields.get("gross"), None);
    case.cannot(&head("hans"), migrate("review"), Refusal::NotProvided);
    case.definition = old;
    case.definition.id = "other".to_owned();
    case.cannot(&head("hans"), migrate("check"), Refusal::NotProvided);
}

#[test]
fn nothing_is_left_out_by_a_migration() {
    // Eva began it and may break it off: that is why she may also let it go on by another version.
    let eva = actor("eva", &[]);
    let migrate = |from: &str, to: &str| Command::Migrate {
        states: BTreeMap::from([(from.to_owned(), to.to_owned())]),
        reason: "neue DA".to_owned(),
    };
    let mut case = checking();
    case.definition = newer();
    for beyond in ["ordered", "exported", "closed"] {
        case.cannot(&eva, migrate("check", beyond), Refusal::NotProvided);
    }
    case.does(&eva, migrate("check", "moved"));
    assert!(case.instance().ended.is_some());
    // Where the state is there no more: no further than behind what was done.
    let mut case = checking();
    case.done(&actor("anna", &["kst"]), "factual", "done");
    let mut renamed = newer();
    for state in &mut renamed.states {
        if state.id == "check" {
            state.id = "checks".to_owned();
        }
    }
    case.definition = renamed;
    case.cannot(&eva, migrate("check", "ordered"), Refusal::NotProvided);
    case.cannot(&eva, migrate("check", "checks"), Refusal::NotProvided);
    case.does(&eva, migrate("check", "review"));
    assert_eq!(case.state(), "review");
}

#[test]
fn whose_matter_it_is_excludes_nobody_but_himself() {
    let mut own = invoice();
    own.matter_of = vec!["initiator".to_owned()];
    let mut case = Case::new(own);
    case.start(&actor("eva", &[]), &[("gross", Value::Money(100))]);
    let exclude = |who: &str| Command::Exclude {
        person: crate::instance::Id(who.to_owned()),
        reason: "zu streng".to_owned(),
    };
    case.cannot(&actor("eva", &[]), exclude("carl"), Refusal::OwnMatter);
    case.does(&head("hans"), exclude("carl"));
    case.does(&actor("eva", &[]), exclude("eva"));
}

#[test]
fn who_began_it_excludes_nobody_by_that() {
    let exclude = |who: &str| Command::Exclude {
        person: crate::instance::Id(who.to_owned()),
        reason: "zu streng".to_owned(),
    };
    let eva = actor("eva", &["intake"]);
    let said = [Assignee::Initiator, Assignee::Function("office".to_owned())];
    for cancel_by in [Vec::new(), said.to_vec()] {
        let mut definition = invoice();
        definition.cancel_by.clone_from(&cancel_by);
        let mut case = Case::new(definition);
        case.start(&eva, &[("gross", Value::Money(100))]);
        case.cannot(&eva, exclude("hans"), Refusal::NotAssigned);
        let office = actor("otto", &["office"]);
        if cancel_by.is_empty() {
            case.cannot(&office, exclude("carl"), Refusal::NotAssigned);
        } else {
            case.does(&office, exclude("carl"));
        }
        case.does(&head("hans"), exclude("kim"));
        case.does(&eva, exclude("eva"));
    }
}

#[test]
fn what_may_be_done_is_what_is_not_refused() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    case.does(&anna, insert(1, StepKind::Information, &["kim"], false));
    case.does(&anna, insert(1, StepKind::Consult, &["ole"], true));
    case.does(&anna, insert(2, StepKind::Statement, &["uli"], false));
    let consult = case.open("adhoc");
    case.does(&actor("kim", &[]), Command::Claim { step: consult });
    let tomorrow = crate::instance::Day::of(2026, 3, 31).unwrap();
    for who in [
        anna,
        actor("kim", &[]),
        actor("ole", &[]),
        actor("eva", &[]),
        head("hans"),
    ] {
        let steps: Vec<u32> = case.instance().steps.iter().map(|one| one.number).collect();
        for step in steps {
            let may =
                crate::engine::may(&case.definition, case.instance(), step, case.setting(&who));
            for (word, command) in [
                ("claim", Command::Claim { step }),
                ("release", Command::Release { step }),
                ("resume", Command::Resume { step }),
                ("insert", insert(step, StepKind::Consult, &["zoe"], false)),
                (
                    "withdraw",
                    Command::Withdraw {
                        step,
                        reason: "so".to_owned(),
                    },
                ),
                (
                    "delegate",
                    Command::Delegate {
                        step,
                        to: person("zoe"),
                        reason: None,
                    },
                ),
                (
                    "hold",
                    Command::Hold {
                        step,
                        until: tomorrow,
                        reason: None,
                    },
                ),
                (
                    "extend",
                    Command::Extend {
                        step,
                        until: tomorrow,
                        reason: "so".to_owned(),
                    },
                ),
            ] {
                let goes = case.decide(&who, &command).is_ok();
                assert_eq!(may.contains(&word), goes, "{word} {step} {who:?}");
            }
            let takes = case.may(&who, step).is_ok();
            assert_eq!(may.contains(&"complete"), takes, "{step} {who:?}");
        }
    }
}

#[test]
fn an_instance_has_a_bound() {
    let mut case = checking();
    let anna = actor("anna", &["kst"]);
    let many: Vec<String> = (0..100).map(|n| format!("p{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let command = insert(1, StepKind::Information, &many, false);
    let mut refused = None;
    for _ in 0..30 {
        if let Err(refusal) = case.try_to(&anna, &command) {
            refused = Some(refusal);
            break;
        }
    }
    assert_eq!(refused, Some(Refusal::TooMany));
    assert!(case.instance().steps.len() <= crate::engine::STEPS_MAX);
    let mut more = many;
    more.push("one too many");
    let mut case = checking();
    case.does(&anna, insert(1, StepKind::Information, &["kim"], false));
    case.cannot(
        &anna,
        insert(1, StepKind::Information, &more, false),
        Refusal::TooMany,
    );
    case.cannot(&anna, definition_of_nothing(), Refusal::NoStep);
    assert!(definition("x", Vec::new()).states.is_empty());
}

fn definition_of_nothing() -> Command {
    insert(77, StepKind::Information, &["kim"], false)
}
