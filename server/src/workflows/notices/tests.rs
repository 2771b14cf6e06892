//! Who is told what, when mail goes, and what stands in it.

use std::collections::{BTreeMap, BTreeSet};

use workflow::definition::{DueKind, End, StepKind, Words};
use workflow::instance::{
    Assigned, Day, Directive, Done, DueState, EffectDue, Event, Id, Instance, Instant, StepState,
    StepStatus, Taker,
};

use super::model::{Letter, Mode, Notice, NoticeKind, Setting, Status, next_hour, pause};
use super::plan::plan;
use crate::base::{MailId, NoticeId, Timestamp, WorkflowId};

const DAY: i64 = 86_400_000_000;

fn taker(account: &str) -> Taker {
    Taker {
        account: Id(account.to_owned()),
        on_behalf_of: None,
        function: None,
    }
}

fn person(account: &str) -> Assigned {
    Assigned::Person {
        account: Id(account.to_owned()),
    }
}

fn words(text: &str) -> Words {
    Words {
        de: text.to_owned(),
        en: None,
    }
}

fn step(number: u32) -> StepState {
    let day = time::Date::from_ordinal_date(2026, 300).expect("a day");
    StepState {
        number,
        key: "check".to_owned(),
        state: "checking".to_owned(),
        round: 1,
        kind: StepKind::Task,
        label: words("prüfen"),
        mark: "task".to_owned(),
        binds: None,
        assigned: vec![person("anna"), person("bert")],
        claimed: None,
        status: StepStatus::Open,
        directive: None,
        opened_at: Some(Instant(0)),
        due: Some(DueState {
            on: Day(day),
            overdue_at: Instant(10 * DAY),
            kind: DueKind::Deadline,
            rule: String::new(),
            extended: Vec::new(),
            remind_at: Vec::new(),
            escalate_at: Vec::new(),
            lapse_at: None,
        }),
        held_until: None,
        done: None,
        fired: BTreeSet::new(),
    }
}

fn instance(steps: Vec<StepState>) -> Instance {
    Instance {
        definition: "invoice".to_owned(),
        definition_version: 1,
        definition_sha256: String::new(),
        state: "checking".to_owned(),
        round: 1,
        ended: None,
        initiator: taker("chris"),
        started_at: Instant(0),
        changed_at: Instant(0),
        fields: BTreeMap::new(),
        steps,
        excluded: BTreeSet::new(),
        editorial: BTreeMap::new(),
        dispatched: BTreeMap::new(),
        sent_in: BTreeMap::new(),
        opened: Vec::new(),
        events: 1,
    }
}

/// What is told of one event: the kinds, and whom.
fn told(after: &Instance, event: Event) -> Vec<(NoticeKind, Vec<Assigned>)> {
    let tells = plan(after, &[event]);
    tells.into_iter().map(|it| (it.kind, it.whom)).collect()
}

#[test]
fn whoever_is_asked_is_told_and_a_reminder_goes_to_whoever_has_it() {
    let at = Instant(DAY);
    let open = instance(vec![step(1)]);
    let both = vec![person("anna"), person("bert")];
    let opened = Event::StepOpened {
        step: 1,
        assigned: None,
        due: None,
        at,
    };
    assert_eq!(told(&open, opened), [(NoticeKind::Asked, both.clone())]);
    let remind = |at| Event::Reminded {
        step: 1,
        timer: "1:remind:0".to_owned(),
        to: Vec::new(),
        at,
    };
    assert_eq!(told(&open, remind(at)), [(NoticeKind::Reminded, both)]);
    // Where the definition names somebody, he is told and nobody else.
    let carla = vec![person("carla")];
    let named = Event::Reminded {
        step: 1,
        timer: "1:remind:0".to_owned(),
        to: carla.clone(),
        at,
    };
    assert_eq!(told(&open, named), [(NoticeKind::Reminded, carla)]);
    let claimed = StepState {
        claimed: Some(taker("bert")),
        ..step(1)
    };
    let claimed = instance(vec![claimed]);
    // On the day itself it is due.
    assert_eq!(
        told(&claimed, remind(Instant(9 * DAY))),
        [(NoticeKind::Due, vec![person("bert")])]
    );
}

#[test]
fn whoever_inserted_a_step_is_told_that_it_was_done() {
    let at = Instant(DAY);
    let done = Done {
        outcome: "done".to_owned(),
        by: taker("anna"),
        at,
        note: None,
        bound: None,
        documents: Vec::new(),
    };
    let completed = Event::Completed {
        step: 1,
        done: done.clone(),
    };
    let own = instance(vec![step(1)]);
    assert!(told(&own, completed.clone()).is_empty());
    let inserted = StepState {
        directive: Some(Directive {
            by: taker("dora"),
            at,
            text: None,
            holds: None,
        }),
        done: Some(done),
        ..step(1)
    };
    assert_eq!(
        told(&instance(vec![inserted]), completed),
        [(NoticeKind::Done, vec![person("dora")])]
    );
}

#[test]
fn the_end_is_told_to_whoever_began_it_and_what_the_workflow_says_to_whom_it_says() {
    let at = Instant(DAY);
    let open = instance(Vec::new());
    let ended = Event::Ended {
        how: End::Done,
        by: None,
        reason: None,
        at,
    };
    assert_eq!(
        told(&open, ended),
        [(NoticeKind::Ended, vec![person("chris")])]
    );
    let notify = Event::Effect {
        effect: EffectDue::Notify {
            to: person("anna"),
            text: words("Bitte beachten."),
        },
        at,
    };
    let tells = plan(&open, &[notify]);
    let said: Vec<_> = tells.iter().map(|one| one.said.as_deref()).collect();
    assert_eq!(said, [Some("Bitte beachten.")]);
}

#[test]
fn the_daily_mail_comes_at_its_hour_by_german_clocks() {
    let at = |text: &str| Timestamp::parse(text).expect("an instant");
    for (now, hour, next) in [
        ("2026-11-26T05:00:00Z", 7, "2026-11-26T06:00:00Z"),
        ("2026-11-26T06:00:00Z", 7, "2026-11-27T06:00:00Z"),
        ("2026-07-01T12:00:00Z", 7, "2026-07-02T05:00:00Z"),
        ("2026-11-26T05:00:00Z", 0, "2026-11-26T23:00:00Z"),
        // The clocks are put forward and back.
        ("2026-03-28T20:00:00Z", 7, "2026-03-29T05:00:00Z"),
        ("2026-10-24T20:00:00Z", 7, "2026-10-25T06:00:00Z"),
        ("2026-10-24T20:00:00Z", 1, "2026-10-24T23:00:00Z"),
    ] {
        assert_eq!(next_hour(at(now), hour), Some(at(next)), "{now} {hour}");
    }
    let now = at("2026-11-26T05:00:00Z");
    let due = |mode| Setting { mode, hour: 7 }.due(now);
    assert_eq!(due(Mode::Off), None);
    assert_eq!(due(Mode::Each), Some(now));
    assert_eq!(due(Mode::Daily), Some(at("2026-11-26T06:00:00Z")));
}

#[test]
fn each_attempt_waits_longer_and_none_longer_than_four_hours() {
    let seconds: Vec<u64> = (1..=7).map(|one| pause(one).as_secs()).collect();
    assert_eq!(seconds, [60, 240, 960, 3_840, 14_400, 14_400, 14_400]);
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in NoticeKind::ALL {
        assert_eq!(NoticeKind::parse(kind.code()), Some(kind));
    }
    for status in ["waiting", "sending", "sent", "failed", "unsure", "void"] {
        assert_eq!(Status::parse(status).map(Status::code), Some(status));
    }
    for mode in ["off", "each", "daily"] {
        assert_eq!(Mode::parse(mode).map(Mode::code), Some(mode));
    }
}

fn notice(hidden: bool) -> Notice {
    Notice {
        id: NoticeId::new(),
        kind: NoticeKind::Asked,
        workflow: WorkflowId::new(),
        definition: "invoice".to_owned(),
        title: "Eingangsrechnung".to_owned(),
        hidden,
        step: Some((1, "sachlich richtig".to_owned())),
        due_on: Some("2026-12-03".to_owned()),
        said: Some("Geheim".to_owned()),
        in_stead_of: None,
        created_at: Timestamp::of_micros(0),
        read_at: None,
    }
}

fn letter(notices: Vec<Notice>, daily: bool) -> Letter {
    Letter {
        id: MailId::new(),
        to: "anna@stadt.example".to_owned(),
        at: Timestamp::of_micros(0),
        daily,
        notices,
        more: 0,
    }
}

#[test]
fn a_mail_says_what_waits_by_when_and_where() {
    let one = notice(false);
    let link = format!("https://archiv.example/#/umlaeufe/{}", one.workflow);
    let mail = letter(vec![one], false);
    assert_eq!(
        mail.subject(),
        "Papierlos: sachlich richtig – Eingangsrechnung (fällig am 03.12.2026)"
    );
    let text = mail.text("https://archiv.example");
    assert!(text.contains("* Wartet auf Sie: sachlich richtig – Eingangsrechnung, fällig am"));
    assert!(text.contains(&link), "{text}");
    assert!(!text.contains("Geheim"), "{text}");
}

#[test]
fn of_a_compartment_a_mail_says_that_something_waits_and_nothing_else() {
    let one = notice(true);
    let id = one.workflow.to_string();
    let mail = letter(vec![one], false);
    assert_eq!(mail.subject(), "Papierlos: Ein Vorgang wartet");
    let text = mail.text("https://archiv.example");
    assert!(text.contains("* Ein Vorgang wartet\n"), "{text}");
    for word in ["sachlich", "Eingangsrechnung", "03.12.2026", &id] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let many = letter(vec![notice(true), notice(false)], true);
    assert_eq!(many.subject(), "Papierlos: Tagesübersicht, 2 Meldungen");
}
