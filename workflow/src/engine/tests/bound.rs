//! Marks that are bound to a version: what voids them, and what may be sent.

use super::build::{
    actor, deputy, head, id, known, letter, letter_that_is_sealed, machine, person, state, step,
};
use super::{Case, complete, document, due_effects};
use crate::definition::{Effect, StepKind};
use crate::instance::{Actor, Assigned, Command, EffectDue, Event, Refusal, StepStatus, Value};

fn mayor() -> Actor {
    actor("mayor", &["mayor"])
}

fn post() -> Actor {
    actor("paul", &["post"])
}

/// A letter that is co-signed by a and b; lena has drafted it.
fn co_signing() -> Case {
    let mut case = Case::new(letter());
    case.start(&actor("eva", &[]), &[]);
    let both = Value::Whos(vec![person("a"), person("b")]);
    let lead = ("lead", Value::Who(person("lena")));
    let assign = case.answer("assign", "done", &[lead, ("participants", both)]);
    case.does(&actor("otto", &["office"]), assign);
    case.done(&actor("a", &[]), "statement", "done");
    case.done(&actor("b", &[]), "statement", "done");
    case.town.write("doc", "lena");
    draft(&mut case);
    case
}

fn draft(case: &mut Case) {
    let draft = case.answer("drafting", "done", &[("draft", document("doc"))]);
    case.does(&actor("lena", &[]), draft);
}

fn signing() -> Case {
    let mut case = co_signing();
    agree(&mut case);
    case
}

fn agree(case: &mut Case) {
    for name in ["a", "b"] {
        let mine = case
            .instance()
            .steps
            .iter()
            .find(|step| step.status == StepStatus::Open && step.assigned == [person(name)]);
        let step = mine.unwrap().number;
        let seen = case.town.sha("doc");
        case.does(&actor(name, &[]), complete(step, "agreed", &[], seen));
    }
}

fn voided(case: &Case) -> Vec<u32> {
    let steps = case.instance().steps.iter();
    let voided = steps.filter(|step| step.status == StepStatus::Voided);
    voided.map(|step| step.number).collect()
}

fn editorial() -> Command {
    Command::Editorial {
        document: id("doc"),
    }
}

#[test]
fn a_letter_goes_from_draft_to_dispatch() {
    let mut case = signing();
    case.done(&mayor(), "sign", "done");
    let sha512 = case.town.sha("doc").unwrap();
    let frozen = case.events.iter().any(|event| {
        matches!(event, Event::Effect { effect: EffectDue::Freeze { version }, .. } if version.sha512 == sha512)
    });
    assert!(frozen);
    case.done(&post(), "send", "done");
    assert_eq!(case.instance().dispatched.get(&id("doc")), Some(&sha512));
    assert_eq!(case.state(), "waiting");
    // It rests until its day.
    let wv = case.open("wv");
    assert!(case.step(wv).held_until.is_some());
    // What was sent stands, whatever is written afterwards.
    case.town.write("doc", "lena");
    assert_eq!(case.does(&machine(), Command::Look), []);
    case.done(&actor("lena", &[]), "wv", "done");
    assert_eq!(case.state(), "closed");
}

#[test]
fn who_signs_must_have_seen_what_is_in_force() {
    let case = co_signing();
    let a = actor("a", &[]);
    let step = case.open("agree");
    let unseen = complete(step, "agreed", &[], None);
    case.cannot(&a, unseen, Refusal::NotSeen);
    for seen in ["", "doc00"] {
        let other = complete(step, "agreed", &[], Some(seen.to_owned()));
        case.cannot(&a, other, Refusal::OtherVersion);
    }
    assert_eq!(
        case.decide(&a, &complete(step, "agreed", &[], Some("DOC01".to_owned())))
            .err(),
        None
    );
}

#[test]
fn another_version_voids_and_goes_back_to_the_earliest_state() {
    let mut case = signing();
    let marks: Vec<_> = case
        .instance()
        .steps
        .iter()
        .filter(|step| step.key == "agree")
        .cloned()
        .collect();
    case.town.write("doc", "lena");
    // Whoever comes first finds it, and nobody signs what nobody has co-signed.
    let sign = case.complete("sign", "done");
    case.cannot(&mayor(), sign, Refusal::OtherVersion);
    case.does(&machine(), Command::Look);
    assert_eq!(case.state(), "co_signing");
    let numbers: Vec<_> = marks.iter().map(|step| step.number).collect();
    assert_eq!(voided(&case), numbers);
    for mark in marks {
        assert_eq!(case.step(mark.number).done, mark.done);
    }
    agree(&mut case);
    case.done(&mayor(), "sign", "done");
    // After the final signature as well.
    case.town.write("doc", "lena");
    case.does(&machine(), Command::Look);
    assert_eq!(case.state(), "co_signing");
    assert_eq!(voided(&case).len(), 5);
}

#[test]
fn a_refusal_binds_nothing_and_a_new_draft_finds_its_own_way() {
    let mut case = co_signing();
    let first = case.open("agree");
    case.does(
        &actor("a", &[]),
        complete(first, "agreed", &[], case.town.sha("doc")),
    );
    let second = case.open("agree");
    case.does(
        &actor("b", &[]),
        complete(second, "refused", &[], case.town.sha("doc")),
    );
    assert_eq!(case.state(), "drafting");
    assert_eq!(case.step(second).done.as_ref().unwrap().bound, None);
    case.town.write("doc", "lena");
    case.does(&machine(), Command::Look);
    assert_eq!(voided(&case), [first]);
    assert_eq!(case.state(), "drafting");
    draft(&mut case);
    assert_eq!(case.state(), "co_signing");
}

#[test]
fn an_editorial_version_of_the_final_signer_says_the_same() {
    let mut case = signing();
    for other in [actor("lena", &[]), actor("a", &[]), head("hans")] {
        case.cannot(&other, editorial(), Refusal::NotAssigned);
    }
    case.does(&mayor(), editorial());
    case.town.write("doc", "mayor");
    case.does(&machine(), Command::Look);
    assert_eq!(case.state(), "signing");
    assert_eq!(voided(&case), [] as [u32; 0]);
    // It was announced for one version, not for all that come.
    case.done(&mayor(), "sign", "done");
    case.done(&post(), "send", "done");
    assert_eq!(
        case.instance().dispatched.get(&id("doc")),
        Some(&"doc02".to_owned())
    );
    let mut case = signing();
    case.does(&mayor(), editorial());
    case.town.write("doc", "mayor");
    case.does(&machine(), Command::Look);
    case.town.write("doc", "mayor");
    case.does(&machine(), Command::Look);
    assert_eq!(case.state(), "co_signing");
    // And with that he has drafted.
    agree(&mut case);
    let sign = case.open("sign");
    assert_eq!(case.may(&mayor(), sign), Err(Refusal::Drafter));
    assert_eq!(case.may(&actor("vera", &["mayor"]), sign), Ok(()));
}

#[test]
fn what_was_announced_is_the_next_version_by_whoever_said_so() {
    for writers in [
        &["lena"][..],
        &["lena", "mayor"],
        &["mayor", "mayor"],
        &["mayor", "lena"],
    ] {
        let mut case = signing();
        case.does(&mayor(), editorial());
        for writer in writers {
            case.town.write("doc", writer);
        }
        case.does(&machine(), Command::Look);
        assert_eq!(case.state(), "co_signing", "{writers:?}");
    }
}

#[test]
fn the_final_signer_says_so_before_his_turn_comes_but_not_afterwards() {
    let mut case = co_signing();
    case.does(&mayor(), editorial());
    case.town.write("doc", "mayor");
    case.does(&machine(), Command::Look);
    agree(&mut case);
    case.done(&mayor(), "sign", "done");
    case.cannot(&mayor(), editorial(), Refusal::NotAssigned);
    let unknown = Command::Editorial {
        document: id("other"),
    };
    case.cannot(&mayor(), unknown, Refusal::NoDocument);
}

#[test]
fn an_old_text_that_comes_again_is_another_version() {
    let mut case = co_signing();
    case.does(&mayor(), editorial());
    case.town.write("doc", "mayor");
    agree(&mut case);
    let third = case.town.write("doc", "lena");
    case.does(&machine(), Command::Look);
    agree(&mut case);
    assert_eq!(case.state(), "signing");
    // The first text is put in force again.
    let known = case.town.documents.get_mut(&id("doc")).unwrap();
    assert_eq!(known.sha512, third);
    known.version += 1;
    known.sha512 = "doc01".to_owned();
    case.does(&machine(), Command::Look);
    assert_eq!(case.state(), "co_signing");
}

#[test]
fn who_drafted_it_does_not_sign_it() {
    let case = signing();
    let sign = case.open("sign");
    let lena = actor("lena", &["mayor"]);
    assert_eq!(case.may(&lena, sign), Err(Refusal::Drafter));
    assert_eq!(
        case.may(&deputy("lena", &mayor()), sign),
        Err(Refusal::Drafter)
    );
    assert_eq!(
        case.may(&deputy("vera", &lena), sign),
        Err(Refusal::Drafter)
    );
    assert_eq!(case.may(&deputy("vera", &mayor()), sign), Ok(()));
    // Where nobody knows who made which version, whoever made any has drafted it.
    let mut case = signing();
    case.does(&mayor(), editorial());
    case.town.write("doc", "mayor");
    case.does(&machine(), Command::Look);
    assert_eq!(case.may(&mayor(), sign), Ok(()));
    case.town.makers.clear();
    assert_eq!(case.may(&mayor(), sign), Err(Refusal::Drafter));
}

#[test]
fn nothing_is_sent_that_is_not_signed_and_frozen() {
    let mut case = signing();
    case.done(&mayor(), "sign", "done");
    let known = case.town.documents.get_mut(&id("doc")).unwrap();
    known.frozen = false;
    let send = case.complete("send", "done");
    assert!(matches!(
        case.decide(&post(), &send),
        Err(Refusal::Requirement(_))
    ));
    let mut stale = send.clone();
    if let Command::Complete { seen, .. } = &mut stale {
        *seen = None;
    }
    case.cannot(&post(), stale, Refusal::NotSeen);
    // A definition that sends without having anything signed is found out when it is sent.
    let mut definition = letter();
    let drafting = definition
        .states
        .iter_mut()
        .find(|state| state.id == "drafting")
        .unwrap();
    drafting.exits[0].to = "sending".to_owned();
    let mut case = Case::new(definition);
    case.start(&actor("eva", &[]), &[]);
    let nobody = Value::Whos(Vec::new());
    let fields = [
        ("lead", Value::Who(person("lena"))),
        ("participants", nobody),
    ];
    let assign = case.answer("assign", "done", &fields);
    case.cannot(
        &actor("otto", &["office"]),
        assign,
        Refusal::Missing(vec!["participants".to_owned()]),
    );
    let fields = [
        ("lead", Value::Who(person("lena"))),
        ("participants", Value::Whos(vec![person("a")])),
    ];
    let assign = case.answer("assign", "done", &fields);
    case.does(&actor("otto", &["office"]), assign);
    case.done(&actor("a", &[]), "statement", "done");
    case.town.write("doc", "lena");
    draft(&mut case);
    let send = case.complete("send", "done");
    assert!(matches!(
        case.decide(&post(), &send),
        Err(Refusal::Requirement(_))
    ));
}

#[test]
fn a_final_signature_with_a_reservation_is_none() {
    let mut definition = letter();
    let signing_state = definition
        .states
        .iter_mut()
        .find(|state| state.id == "signing")
        .unwrap();
    let mut reserved = super::build::outcome("reserved");
    reserved.reason = true;
    signing_state.steps[0].outcomes.push(reserved);
    let mut case = signing();
    case.definition = definition;
    case.done(&mayor(), "sign", "reserved");
    assert_eq!(case.state(), "sending");
    let send = case.complete("send", "done");
    assert!(matches!(
        case.decide(&post(), &send),
        Err(Refusal::Requirement(_))
    ));
}

#[test]
fn what_needs_no_signature_is_frozen_when_it_is_sent() {
    let send = crate::definition::Step {
        binds: Some("draft".to_owned()),
        ..step(
            "send",
            StepKind::Dispatch,
            crate::definition::Assignee::Anybody,
        )
    };
    let mut registering = state("a", "closed", vec![send]);
    registering.on_enter = vec![Effect::Register {
        document: "draft".to_owned(),
    }];
    let states = vec![
        registering,
        super::build::end("closed", crate::definition::End::Done),
    ];
    let mut case = Case::new(super::build::definition("plain", states));
    // Where no document is named there is none to be registered, and none to be sent.
    let mut without = Case::new(case.definition.clone());
    without.start(&actor("eva", &[]), &[]);
    assert_eq!(due_effects(&without.events), Vec::<&EffectDue>::new());
    let send = without.complete("send", "done");
    without.cannot(&actor("eva", &[]), send, Refusal::NoDocument);
    case.town.write("doc", "eva");
    case.start(&actor("eva", &[]), &[("draft", document("doc"))]);
    let events = case.done(&actor("eva", &[]), "send", "done");
    let effects = due_effects(&events);
    assert!(matches!(
        effects[..],
        [EffectDue::Freeze { .. }, EffectDue::Dispatch { .. }]
    ));
    assert!(matches!(
        due_effects(&case.events)[0],
        EffectDue::Register { .. }
    ));
}

#[test]
fn who_co_signed_besides_is_asked_again() {
    let mut case = co_signing();
    let step = case.open("agree");
    case.does(
        &actor("a", &[]),
        Command::Insert {
            step,
            kind: StepKind::CoSign,
            to: vec![person("kim")],
            text: None,
            due: None,
            holds: false,
        },
    );
    let adhoc = case.open("adhoc");
    case.does(
        &actor("kim", &[]),
        complete(adhoc, "done", &[], case.town.sha("doc")),
    );
    assert!(case.step(adhoc).done.as_ref().unwrap().bound.is_some());
    case.town.write("doc", "lena");
    case.does(&machine(), Command::Look);
    assert_eq!(voided(&case), [adhoc]);
    let again = case.open("adhoc");
    assert_ne!(again, adhoc);
    assert_eq!(case.step(again).assigned, [person("kim")]);
    agree(&mut case);
    assert_eq!(case.state(), "co_signing");
    case.does(
        &actor("kim", &[]),
        complete(again, "done", &[], case.town.sha("doc")),
    );
    assert_eq!(case.state(), "signing");
}

#[test]
fn a_seal_of_the_system_says_the_same() {
    let definition = letter_that_is_sealed();
    for (writers, says_the_same) in [
        (&["system"][..], true),
        (&["lena"], false),
        (&["lena", "system"], false),
    ] {
        let mut case = signing();
        case.definition = definition.clone();
        case.done(&mayor(), "sign", "done");
        let seal = case.open("seal");
        for writer in writers {
            case.town.write("doc", writer);
        }
        let known = case.town.documents.get_mut(&id("doc")).unwrap();
        known.frozen = true;
        let sealed = Command::Effected {
            step: seal,
            outcome: "done".to_owned(),
            fields: known_none(),
            note: None,
        };
        if says_the_same {
            case.does(&machine(), sealed);
            case.done(&post(), "send", "done");
            assert_eq!(case.state(), "waiting");
        } else {
            case.cannot(&machine(), sealed, Refusal::OtherVersion);
        }
    }
}

#[test]
fn an_application_seals_nothing() {
    let definition = letter_that_is_sealed();
    let mut case = signing();
    case.definition = definition;
    case.done(&mayor(), "sign", "done");
    let seal = case.open("seal");
    case.town.write("doc", "application");
    let application = Actor {
        system: true,
        ..actor("application", &[])
    };
    let sealed = Command::Effected {
        step: seal,
        outcome: "done".to_owned(),
        fields: known_none(),
        note: None,
    };
    case.cannot(&application, sealed, Refusal::OtherVersion);
}

fn known_none() -> std::collections::BTreeMap<String, Value> {
    known(&[])
}

#[test]
fn the_excluded_sign_nothing() {
    let mut case = co_signing();
    let exclude = Command::Exclude {
        person: id("a"),
        reason: "verwandt".to_owned(),
    };
    case.cannot(&actor("b", &[]), exclude.clone(), Refusal::NotAssigned);
    let a = case.open("agree");
    case.does(&actor("a", &[]), Command::Claim { step: a });
    case.does(&head("hans"), exclude.clone());
    assert_eq!(case.step(a).claimed, None);
    assert_eq!(case.may(&actor("a", &[]), a), Err(Refusal::Excluded));
    assert_eq!(
        case.may(&deputy("vera", &actor("a", &[])), a),
        Err(Refusal::Excluded)
    );
    assert!(case.step(a).assigned.contains(&Assigned::Role {
        role: "head".to_owned(),
        department: None,
    }));
    assert_eq!(case.may(&head("hans"), a), Ok(()));
    case.cannot(&head("hans"), exclude, Refusal::NotProvided);
    let himself = Command::Exclude {
        person: id("b"),
        reason: "Nachbar".to_owned(),
    };
    case.does(&actor("b", &[]), himself.clone());
    case.cannot(&actor("b", &[]), himself, Refusal::Excluded);
    // Later rounds know it too.
    case.town.write("doc", "lena");
    case.does(&machine(), Command::Look);
    assert!(case.instance().excluded.contains(&id("b")));
}

#[test]
fn what_is_written_anew_after_it_was_sent_is_looked_at_again() {
    let mut definition = letter();
    let waiting = definition
        .states
        .iter_mut()
        .find(|state| state.id == "waiting");
    let wv = &mut waiting.unwrap().steps[0];
    wv.outcomes
        .push(super::build::back("undeliverable", "drafting"));
    let mut case = signing();
    case.definition = definition;
    case.does(&mayor(), editorial());
    case.town.write("doc", "mayor");
    case.done(&mayor(), "sign", "done");
    case.done(&post(), "send", "done");
    case.done(&actor("lena", &[]), "wv", "undeliverable");
    case.town.write("doc", "lena");
    draft(&mut case);
    agree(&mut case);
    // Marks under what was sent stand; those under what is to be sent now do not.
    let sent = case.instance().sent_in[&id("doc")];
    case.town.write("doc", "lena");
    case.does(&machine(), Command::Look);
    assert_eq!(case.state(), "co_signing");
    let void = voided(&case);
    assert_eq!(void.len(), 2);
    assert!(void.iter().all(|step| case.step(*step).round > sent));
    agree(&mut case);
    case.done(&mayor(), "sign", "done");
    case.done(&post(), "send", "done");
    assert_eq!(case.instance().dispatched[&id("doc")], "doc04");
}

/// A receipt that the system makes, and a citizen signs at the counter.
fn counter() -> Case {
    let sign = crate::definition::Step {
        binds: Some("draft".to_owned()),
        form: Some(crate::definition::StepForm {
            form: "receipt".to_owned(),
            into: "draft".to_owned(),
        }),
        ..step(
            "sign",
            StepKind::Counter,
            crate::definition::Assignee::Anybody,
        )
    };
    let states = vec![
        state("a", "closed", vec![sign]),
        super::build::end("closed", crate::definition::End::Done),
    ];
    Case::new(super::build::definition("counter", states))
}

#[test]
fn what_was_made_to_be_signed_is_not_signed_yet() {
    let mut case = counter();
    case.town.write("doc", "system");
    case.start(&actor("eva", &[]), &[("draft", document("doc"))]);
    let sign = case.complete("sign", "done");
    let refused = case.decide(&actor("eva", &[]), &sign);
    assert!(matches!(refused, Err(Refusal::Requirement(_))));
    // The version of the tablet, or the scan, is another one.
    case.town.write("doc", "eva");
    case.done(&actor("eva", &[]), "sign", "done");
    assert!(case.instance().ended.is_some());
}
