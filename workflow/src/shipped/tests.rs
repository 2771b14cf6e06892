use std::collections::BTreeSet;

use super::SHIPPED;
use crate::calendar::Calendar;
use crate::definition::{
    Assignee, Definition, Effect, End, FieldKind, Requirement, StepKind, Term,
};
use crate::instance::{Assigned, Day, Id, Instant, Value};
use crate::simulate::{Choice, Simulation};

fn all() -> Vec<(&'static str, Definition)> {
    let read = |(name, bytes): &(&'static str, &[u8])| match Definition::read(bytes) {
        Ok(definition) => (*name, definition),
        Err(complaints) => panic!("{name}: {complaints:?}"),
    };
    SHIPPED.iter().map(read).collect()
}

fn of(id: &str) -> Definition {
    let found = all().into_iter().find(|(_, one)| one.id == id);
    found.expect("it is shipped").1
}

#[test]
fn each_can_be_read_and_is_called_as_its_file() {
    let all = all();
    let ids: BTreeSet<_> = all.iter().map(|(_, one)| one.id.clone()).collect();
    assert_eq!(ids.len(), 13, "each once");
    for (name, definition) in &all {
        assert_eq!(*name, format!("{}.toml", definition.id));
        assert!(!definition.legal.is_empty(), "{name}: rules");
        assert!(definition.plan_unit.is_some(), "{name}: plan unit");
        assert!(definition.description.is_some(), "{name}: description");
        let ends = |end| definition.states.iter().any(|state| state.end == Some(end));
        assert!(ends(End::Done), "{name}: it can end well");
    }
}

/// File, version, and the first digits of SHA-256 of the text.
const PINNED: [(&str, u32, &str); 13] = [
    ("business-trip.toml", 2, "d55913ec3a28d26d"),
    ("certificate-of-conduct.toml", 2, "8a3b3659309adf36"),
    ("complaint.toml", 2, "ee8e42c6ee39cde7"),
    ("council-paper.toml", 2, "c154f02a9f3c4842"),
    ("id-handover.toml", 2, "12a050d9a7e1874d"),
    ("incoming-invoice.toml", 2, "b96b0839a141eb37"),
    ("mayors-post.toml", 2, "b4efdbb2af1907c0"),
    ("personnel-closure.toml", 1, "e8ee4fe44b6d704e"),
    ("personnel-entry.toml", 2, "b899903ca6b4f565"),
    ("personnel-opening.toml", 1, "0c73667032d434fe"),
    ("personnel-removal.toml", 2, "541d119543390195"),
    ("registration-certificate.toml", 2, "7e8d4b75d3f7468d"),
    ("registration.toml", 2, "aa77fb9738ce1159"),
];

/// A house that runs a version keeps its text: whoever changes the text counts the version up, in the file and here.
#[test]
fn a_changed_text_has_a_higher_version() {
    for (name, definition) in all() {
        let pinned = PINNED.iter().find(|(file, _, _)| *file == name);
        let (_, version, sha256) = pinned.expect("it is pinned");
        assert_eq!(
            definition.version, *version,
            "{name}: pin the text of this version"
        );
        assert!(
            definition.sha256_hex().starts_with(sha256),
            "{name}: the text has changed: count the version up, and pin {}",
            definition.sha256_hex().get(..16).unwrap_or_default()
        );
    }
}

#[test]
fn each_word_is_said_in_english_too() {
    for (name, definition) in all() {
        for state in &definition.states {
            assert!(state.label.en.is_some(), "{name}: {}", state.id);
            for step in &state.steps {
                assert!(step.label.en.is_some(), "{name}: {}", step.id);
                let said = step.outcomes.iter().filter(|one| one.key != "done");
                assert!(
                    said.clone().all(|one| one.label.en.is_some()),
                    "{name}: {}",
                    step.id
                );
            }
        }
        assert!(
            definition.fields.iter().all(|one| one.label.en.is_some()),
            "{name}"
        );
    }
}

/// Who must be there before they can run: the demo makes these functions.
#[test]
fn the_functions_that_they_name_are_these() {
    let all = all();
    let functions: BTreeSet<_> = all.iter().flat_map(|(_, one)| one.functions()).collect();
    let known = BTreeSet::from([
        "anordnung",
        "bm",
        "bueroleitung",
        "datenschutz",
        "finanzbuchhaltung",
        "gleichstellung",
        "kaemmerei",
        "kst-10",
        "kst-20",
        "personal",
        "personalrat",
        "poststelle",
        "ratsbuero",
        "rechnungseingang",
        "recht",
        "stellvertretung-bm",
        "teamleitung-buergerbuero",
    ]);
    assert_eq!(functions, known);
}

#[test]
fn the_forms_that_they_name_are_these() {
    let all = all();
    let forms: BTreeSet<_> = all.iter().flat_map(|(_, one)| one.forms()).collect();
    let known = BTreeSet::from([
        "ausweis-empfang",
        "dienstreise-genehmigung",
        "eingangsbestaetigung",
        "fuehrungszeugnis",
        "meldebestaetigung",
        "rechnung-rueckgabe",
        "zwischennachricht",
    ]);
    assert_eq!(forms, known);
}

/// A form is filled from fields with the same key: what it must have is there, and choices are the same.
#[test]
fn each_form_finds_what_it_asks_for() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../paper/forms");
    for (name, definition) in all() {
        for form in definition.forms() {
            let source = std::fs::read_to_string(folder.join(format!("{form}.toml")));
            let source: toml::Table = source.expect(form).parse().expect(form);
            let fields = source["field"].as_array().expect("fields");
            for asked in fields {
                let key = asked["key"].as_str().expect("a key");
                let must = asked.get("required").and_then(toml::Value::as_bool) == Some(true);
                let Some(field) = definition.field(key) else {
                    assert!(
                        !must || asked.get("from").is_some(),
                        "{name}: {form}: {key}"
                    );
                    continue;
                };
                if let FieldKind::Choice(entries) = &field.kind {
                    let known = asked["entries"].as_array().expect("entries");
                    let known: Vec<_> = known
                        .iter()
                        .filter_map(|one| one["value"].as_str())
                        .collect();
                    let said = entries
                        .iter()
                        .all(|one| known.contains(&one.value.as_str()));
                    assert!(said, "{name}: {form}: {key}");
                }
            }
        }
    }
}

/// I-10: whoever orders is none of those who attested, whoever signs has not drafted.
#[test]
fn four_eyes_see_each_order_and_each_final_signature() {
    for (name, definition) in all() {
        for step in definition.states.iter().flat_map(|state| &state.steps) {
            let is_bound = matches!(
                step.kind,
                StepKind::FinalSign | StepKind::CoSign | StepKind::Dispatch | StepKind::Counter
            );
            assert!(!is_bound || step.binds.is_some(), "{name}: {}", step.id);
            assert!(
                step.kind != StepKind::Order || !step.distinct_from.is_empty(),
                "{name}: {}",
                step.id
            );
        }
    }
    let invoice = of("incoming-invoice");
    for id in ["order_payment", "order_high", "order_mayor"] {
        let (_, step) = invoice.step(id).expect(id);
        assert_eq!(step.distinct_from, ["attest_factual", "attest_arithmetic"]);
        let limit = step
            .require
            .iter()
            .any(|one| one.is.to_string() == "actor.limit >= gross");
        assert!(limit, "{id}: I-11");
    }
}

/// I-12: nothing is sent that was not signed before.
#[test]
fn what_is_sent_was_signed() {
    for (name, definition) in all() {
        let steps: Vec<_> = definition
            .states
            .iter()
            .flat_map(|state| &state.steps)
            .collect();
        for step in steps.iter().filter(|step| step.kind == StepKind::Dispatch) {
            let signed = steps
                .iter()
                .any(|one| one.kind == StepKind::FinalSign && one.binds == step.binds);
            assert!(signed, "{name}: {}", step.id);
            let marks = step.outcomes.iter().flat_map(|one| &one.effects);
            let mut marks = marks.filter(|one| matches!(one, Effect::Dispatch { .. }));
            assert!(marks.next().is_some(), "{name}: {}", step.id);
        }
    }
}

/// I-15: a card is handed over only after all that the law asks for.
#[test]
fn a_card_is_handed_over_after_identity_pin_letter_signature_and_fee() {
    let definition = of("id-handover");
    let (_, step) = definition.step("hand_over").expect("hand over");
    let asked: String = step.require.iter().map(|one| one.is.to_string()).collect();
    for wanted in [
        "identify",
        "confirm_pin",
        "reset_pin",
        "sign_receipt",
        "fee_settled",
    ] {
        assert!(asked.contains(wanted), "{wanted}");
    }
    let (_, deleted) = definition.step("fingerprints_deleted").expect("deletion");
    assert_eq!(deleted.kind, StepKind::Event);
    assert_eq!(definition.compartment.as_deref(), Some("AUSWEIS"));
}

/// A fee that has not come is told to people, for the application that waits with it is nobody; and however often a
/// payment fails, it is due by the day that was set when it was first asked.
#[test]
fn a_fee_is_reminded_of_to_people_and_due_by_a_day_that_stays() {
    let definition = of("registration-certificate");
    let (state, fee) = definition.step("fee").expect("the fee");
    let due = fee.due.as_ref().expect("a term");
    assert_eq!(due.remind_hours, [24]);
    assert!(matches!(&due.remind_to, Some(Assignee::Role { role, .. }) if role == "clerk"));
    assert!(matches!(&due.term, Term::Field { field, .. } if field == "pay_by"));
    let sets = |effect: &Effect| matches!(effect, Effect::Set { field, .. } if field == "pay_by");
    assert!(!state.on_enter.iter().any(sets));
    let mut after = fee.outcomes.iter().flat_map(|one| &one.effects);
    assert!(!after.any(sets));
}

#[test]
fn a_defective_card_opens_the_case_for_the_next_one() {
    let definition = of("id-handover");
    let (_, step) = definition.step("hand_over").expect("hand over");
    let defective = step.outcomes.iter().find(|one| one.key == "defective");
    let next = &definition.case_type;
    let opens =
        |effect: &Effect| matches!(effect, Effect::OpenCase { case_type, .. } if case_type == next);
    assert!(defective.is_some_and(|one| one.effects.iter().any(opens)));
}

#[test]
fn what_a_complaint_is_sets_its_clock() {
    let definition = of("complaint");
    let (_, classify) = definition.step("classify").expect("classify");
    let clock = |key: &str| {
        let outcome = classify
            .outcomes
            .iter()
            .find(|one| one.key == key)
            .expect("an outcome");
        let set = outcome.effects.iter().find_map(|one| {
            if let Effect::Set { field, to } = one
                && field == "answer_by"
            {
                return Some(to.to_string());
            }
            None
        });
        set.expect("a clock")
    };
    assert_eq!(clock("ordinary"), "received_on + 14");
    assert_eq!(clock("ifg"), "add_months(received_on, 1)");
    assert_eq!(clock("gdpr"), "add_months(received_on, 1)");
    for key in ["technical", "personal"] {
        let outcome = classify
            .outcomes
            .iter()
            .find(|one| one.key == key)
            .expect("an outcome");
        let excludes = |one: &Effect| matches!(one, Effect::Exclude { who } if who == "accused");
        assert!(outcome.effects.iter().any(excludes), "{key}");
    }
}

#[test]
fn a_complaint_about_conduct_goes_where_only_the_personnel_office_sees_it() {
    let definition = of("complaint");
    assert_eq!(definition.moves(), [("PERSONAL", "01.3")]);
    assert!(definition.functions().contains(&"personal"));
    let calendar = Calendar::new([]);
    let start = Instant::parse("2026-03-02T07:00:00Z").expect("an instant");
    let (step, what) = Choice::parse("classify=personal").expect("a choice");
    let mut walk = Simulation::new(&definition, &calendar, start)
        .knowing("interim", Value::Document(Id("interim".to_owned())))
        .choosing(step, what);
    walk.run().expect("an end");
    let instance = walk.instance().expect("it has begun");
    assert_eq!(instance.state, "closed");
    let inside = instance.steps.iter().filter(|step| step.key != "classify");
    for step in inside {
        let outside = ["poststelle", "bm", "recht", "bueroleitung"];
        let asks = |one: &Assigned| matches!(one, Assigned::Function { code } if outside.contains(&code.as_str()));
        assert!(!step.assigned.iter().any(asks), "{}", step.key);
    }
}

#[test]
fn nobody_approves_the_own_trip_or_entry() {
    for (id, whose) in [
        ("business-trip", "traveller"),
        ("personnel-entry", "employee"),
        ("personnel-removal", "employee"),
        ("personnel-opening", "employee"),
        ("personnel-closure", "employee"),
    ] {
        assert_eq!(of(id).matter_of, [whose]);
    }
    let trip = of("business-trip");
    let (_, step) = trip.step("approve_superior").expect("superior");
    assert!(matches!(step.assignee, Assignee::ManagerOf(_)));
    // Who the mayor is, is not for him to say.
    assert_eq!(trip.held(), ["bm"]);
    let calendar = Calendar::new([]);
    let start = Instant::parse("2026-03-02T07:00:00Z").expect("an instant");
    for (who, key) in [("bm-1", "approve_deputy"), ("jemand", "approve_superior")] {
        let account = Id(who.to_owned());
        let mut walk = Simulation::new(&trip, &calendar, start)
            .knowing("traveller", Value::Who(Assigned::Person { account }));
        for other in ["approve_deputy", "approve_superior"] {
            let choice = format!("{other}=rejected");
            let (step, what) = Choice::parse(&choice).expect("a choice");
            walk = walk.choosing(step, what);
        }
        walk.run().expect(who);
        let instance = walk.instance().expect("it has begun");
        assert_eq!(instance.state, "rejected");
        assert!(instance.steps.iter().any(|step| step.key == key), "{who}");
    }
}

/// W7: what is returned to the seller has as much more time as it was away.
#[test]
fn the_terms_of_an_invoice_rest_while_it_is_returned() {
    let invoice = of("incoming-invoice");
    let calendar = Calendar::new([]);
    let start = Instant::parse("2026-03-02T07:00:00Z").expect("an instant");
    let day = |text: &str| Value::Day(Day::parse(text).expect("a day"));
    // The letter is made on Monday, 9 March, and settled a day later.
    let mut walk = Simulation::new(&invoice, &calendar, start)
        .knowing("received_on", day("2026-03-02"))
        .knowing("due_on", day("2026-04-01"))
        .knowing("return_letter", Value::Document(Id("letter".to_owned())));
    for choice in ["attest_factual=partial", "draft_return=settled"] {
        let (step, what) = Choice::parse(choice).expect("a choice");
        walk = walk.choosing(step, what);
    }
    walk.run().expect("an end");
    let fields = &walk.instance().expect("it has begun").fields;
    for key in ["due_on", "pay_by"] {
        assert_eq!(fields.get(key), Some(&day("2026-04-02")), "{}", walk.slip());
    }
    assert_eq!(fields.get("suspended_on"), None);
}

#[test]
fn whom_a_complaint_is_about_is_no_participant() {
    let definition = of("complaint");
    let (_, classify) = definition.step("classify").expect("classify");
    let refuses = |one: &Requirement| {
        one.with.is_empty() && one.is.to_string() == "not accused in participants"
    };
    assert!(classify.require.iter().any(refuses));
    for id in ["statement", "co_sign"] {
        let (_, step) = definition.step(id).expect(id);
        let mut all = step.require.iter();
        assert!(
            all.any(|one| one.is.to_string() == "not actor.id == accused"),
            "{id}"
        );
    }
    let (_, prolong) = definition.step("prolong").expect("prolong");
    let effects = prolong.outcomes.iter().filter(|one| one.key == "interim");
    let set: Vec<_> = effects.flat_map(|one| &one.effects).collect();
    assert!(
        matches!(set.as_slice(), [Effect::Set { to, .. }] if to.to_string() == "answer_by + 14"),
        "{set:?}"
    );
}

/// Which workflow, what is chosen in it, and the state in which it ends.
const STORIES: &[(&str, &[&str], &str)] = &[
    ("id-handover", &[], "closed"),
    ("id-handover", &["identify=wrong_person"], "aborted"),
    (
        "id-handover",
        &["identify=!lapse", "decide_uncollected=expired"],
        "expired",
    ),
    ("id-handover", &["confirm_pin=not_received"], "closed"),
    ("id-handover", &["sign_receipt=paper"], "closed"),
    (
        "id-handover",
        &["sign_receipt=refused", "decide_refused=pin_reset"],
        "closed",
    ),
    ("id-handover", &["verify=mismatch"], "aborted"),
    ("id-handover", &["confirm_pin=postponed"], "closed"),
    (
        "id-handover",
        &["sign_receipt=refused", "decide_refused=not_handed_over"],
        "aborted",
    ),
    ("id-handover", &["hand_over=defective"], "reordered"),
    ("certificate-of-conduct", &["take_fee=waived"], "closed"),
    (
        "certificate-of-conduct",
        &["identify=represented"],
        "refused",
    ),
    (
        "certificate-of-conduct",
        &["take_fee=cancelled"],
        "cancelled",
    ),
    ("registration-certificate", &[], "closed"),
    (
        "registration-certificate",
        &["check_application=blocked"],
        "closed",
    ),
    ("registration-certificate", &["fee=!lapse"], "lapsed"),
    (
        "registration-certificate",
        &["make_certificate=rejected"],
        "rejected",
    ),
    ("registration", &[], "closed"),
    ("registration", &["check_papers=incomplete"], "closed"),
    ("registration", &["receive_citizen=!lapse"], "missed"),
    ("mayors-post", &[], "closed"),
    ("mayors-post", &["accept_lead=declined"], "closed"),
    ("mayors-post", &["screen=complaint"], "other_way"),
    ("mayors-post", &["co_sign=refused"], "closed"),
    ("mayors-post", &["sign=!return:draft"], "closed"),
    ("mayors-post", &["follow_up=undeliverable"], "closed"),
    ("mayors-post", &["accept_lead=!beside:interim"], "closed"),
    ("mayors-post", &["statement=!beside:interim"], "closed"),
    ("mayors-post", &["sign=!beside:interim"], "closed"),
    ("mayors-post", &["receive=forwarded"], "handed_on"),
    ("mayors-post", &["register_letter=duplicate"], "handed_on"),
    ("mayors-post", &["statement=!skip"], "closed"),
    ("complaint", &["classify=ordinary"], "closed"),
    ("complaint", &["classify=suggestion"], "closed"),
    ("complaint", &["classify=gdpr"], "closed"),
    ("complaint", &["classify=technical"], "closed"),
    ("complaint", &["classify=personal"], "closed"),
    (
        "complaint",
        &["classify=ordinary", "draft_answer=!beside:interim"],
        "closed",
    ),
    (
        "complaint",
        &[
            "classify=gdpr",
            "sign_acknowledgement=!beside:interim",
            "prolong=interim_gdpr",
        ],
        "closed",
    ),
    ("council-paper", &["note_resolution=adjourned"], "closed"),
    ("council-paper", &["put_on_agenda=urgent"], "closed"),
    ("council-paper", &["put_on_agenda=later"], "closed"),
    ("council-paper", &["control_execution=again"], "closed"),
    ("council-paper", &["check_legal=refused"], "closed"),
    ("incoming-invoice", &[], "closed"),
    ("incoming-invoice", &["take_in=unreadable"], "refused"),
    ("incoming-invoice", &["take_in=harmful"], "refused"),
    (
        "incoming-invoice",
        &["attest_arithmetic=rejected", "draft_return=credited"],
        "closed",
    ),
    ("incoming-invoice", &["validator=invalid"], "returned"),
    (
        "incoming-invoice",
        &["validator=invalid", "draft_return=completed"],
        "closed",
    ),
    (
        "incoming-invoice",
        &["attest_factual=partial", "draft_return=settled"],
        "closed",
    ),
    ("incoming-invoice", &["order_payment=over_limit"], "closed"),
    ("incoming-invoice", &["export=refused"], "closed"),
    ("incoming-invoice", &["payment=dunned"], "closed"),
    ("business-trip", &["approve_superior=rejected"], "rejected"),
    ("business-trip", &["request=!lapse"], "dropped"),
    ("business-trip", &["export_claim=refused"], "closed"),
    ("personnel-entry", &[], "closed"),
    ("personnel-entry", &["hear=!lapse"], "closed"),
    ("personnel-entry", &["hear=silent"], "closed"),
    ("personnel-entry", &["ask_removal=interrupted"], "closed"),
    ("personnel-removal", &["check_removal=held"], "closed"),
    ("personnel-opening", &["check_file=incomplete"], "closed"),
    ("personnel-opening", &["open_file=exists"], "not_opened"),
    ("personnel-closure", &["await_closure=moved"], "closed"),
    ("personnel-closure", &["approve_closure=open"], "closed"),
    (
        "personnel-closure",
        &["await_closure=returned"],
        "not_closed",
    ),
];

/// From the first step to an end, with what each table says of exceptions.
#[test]
fn each_story_comes_to_its_end() {
    let calendar = Calendar::new([]);
    let start = Instant::parse("2026-03-02T07:00:00Z").expect("an instant");
    for (id, choices, end) in STORIES {
        let definition = of(id);
        let mut walk = Simulation::new(&definition, &calendar, start);
        // What a form makes is made by the system, which nobody plays here.
        for field in ["receipt", "data_sheet", "interim", "return_letter"] {
            if definition.field(field).is_some() {
                walk = walk.knowing(field, Value::Document(Id(field.to_owned())));
            }
        }
        for choice in *choices {
            let (step, what) = Choice::parse(choice).expect("a choice");
            walk = walk.choosing(step, what);
        }
        let ended = walk.run();
        assert!(ended.is_ok(), "{id} {choices:?}: {ended:?}");
        let state = walk.instance().map(|one| one.state.as_str());
        assert_eq!(state, Some(*end), "{id} {choices:?}\n{}", walk.slip());
    }
}
