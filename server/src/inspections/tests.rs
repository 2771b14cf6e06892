//! The rules, at the instants at which they change.

use super::model::{Inspection, InspectionError, Step, Target, check_time};
use crate::base::sight::Reason;
use crate::base::{AccountId, CompartmentId, FileId, InspectionId, Timestamp};
use crate::departments::Standing;
use crate::holds::Object;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn inspection(account: AccountId, reason: Reason) -> Inspection {
    let asked = Step {
        at: at("2026-11-25T10:00:00Z"),
        by: AccountId::new(),
    };
    let emergency = reason == Reason::Emergency;
    Inspection {
        id: InspectionId::new(),
        version: 1,
        reason,
        account,
        target: Target::Object(Object::File(FileId::new())),
        department: None,
        compartment: None,
        purpose: "Zweck".to_owned(),
        hours: emergency.then_some(2),
        asked,
        first: None,
        approved: None,
        valid_from: (!emergency).then_some(at("2026-11-25T12:00:00Z")),
        valid_until: (!emergency).then_some(at("2026-11-26T12:00:00Z")),
        ended: None,
    }
}

#[test]
fn it_stands_from_its_first_instant_until_before_its_last() {
    let mut one = inspection(AccountId::new(), Reason::Court);
    let standing = |one: &Inspection, text: &str| one.standing(at(text));
    assert_eq!(standing(&one, "2026-11-25T11:00:00Z"), Standing::Waiting);
    assert_eq!(
        standing(&one, "2026-11-26T12:00:00Z"),
        Standing::Over,
        "nobody approved it"
    );
    one.approved = Some(one.asked);
    for (text, wanted) in [
        ("2026-11-25T11:59:59.999999Z", Standing::Upcoming),
        ("2026-11-25T12:00:00Z", Standing::InForce),
        ("2026-11-26T11:59:59.999999Z", Standing::InForce),
        ("2026-11-26T12:00:00Z", Standing::Over),
    ] {
        assert_eq!(standing(&one, text), wanted, "{text}");
    }
    one.ended = Some(one.asked);
    assert_eq!(standing(&one, "2026-11-25T12:00:00Z"), Standing::Over);
}

#[test]
fn an_emergency_that_nobody_approves_lapses() {
    let one = inspection(AccountId::new(), Reason::Emergency);
    assert_eq!(
        one.standing(at("2026-11-25T11:59:59.999999Z")),
        Standing::Waiting
    );
    assert_eq!(one.standing(at("2026-11-25T12:00:00Z")), Standing::Over);
}

#[test]
fn a_compartment_takes_two_approvals_and_an_emergency_one() {
    let mut one = inspection(AccountId::new(), Reason::Audit);
    assert_eq!(one.approvals_needed(), 1);
    one.compartment = Some(CompartmentId::new());
    assert_eq!(one.approvals_needed(), 2);
    one.reason = Reason::Emergency;
    assert_eq!(one.approvals_needed(), 1);
    for account in [one.account, one.asked.by] {
        assert!(one.is_party(account));
    }
    assert!(!one.is_party(AccountId::new()));
    let first = Step {
        at: one.asked.at,
        by: AccountId::new(),
    };
    one.first = Some(first);
    assert!(one.is_party(first.by), "nobody approves twice");
}

#[test]
fn a_time_lies_ahead_and_is_not_longer_than_allowed() {
    let now = at("2026-11-25T10:00:00Z");
    let fits =
        |from: Option<&str>, until: &str| check_time(now, (from.map(at), at(until)), 2).is_ok();
    assert!(fits(None, "2026-11-27T10:00:00Z"));
    assert!(!fits(None, "2026-11-27T10:00:00.000001Z"));
    assert!(!fits(None, "2026-11-25T10:00:00Z"));
    assert!(fits(Some("2026-11-27T10:00:00Z"), "2026-11-29T10:00:00Z"));
    assert!(!fits(
        Some("2026-11-27T10:00:00.000001Z"),
        "2026-11-28T10:00:00Z"
    ));
    // What began before counts from now on.
    assert!(fits(Some("2026-01-01T00:00:00Z"), "2026-11-27T10:00:00Z"));
    let refused = check_time(now, (None, now), 2).expect_err("no time");
    assert!(matches!(refused, InspectionError::Time { days: 2 }));
}
