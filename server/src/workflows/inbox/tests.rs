//! The rules of inboxes.

use super::model::{Due, Ends, Inbox, Me, Range};
use crate::base::{AccountId, DepartmentId, Role, Timestamp};

fn me() -> Me {
    let unit = DepartmentId::new();
    Me {
        person: Some(AccountId::new()),
        account: AccountId::new(),
        functions: vec![("kst-20".to_owned(), AccountId::new())],
        roles: vec![(Role::Clerk, unit)],
        departments: vec![unit],
    }
}

#[test]
fn an_inbox_is_named_as_it_is_read() {
    for name in ["me", "unit", "function:kst-20"] {
        let inbox = Inbox::parse(name).expect("an inbox");
        assert_eq!(inbox.to_string(), name);
    }
    for wrong in ["", "function:", "functions", "Me"] {
        assert_eq!(Inbox::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn each_inbox_is_made_of_ranges_and_another_ones_of_none() {
    let me = me();
    let boxes: Vec<String> = me.boxes().iter().map(ToString::to_string).collect();
    assert_eq!(boxes, ["me", "function:kst-20", "unit"]);
    let (_, function) = &me.functions[0];
    let held = me.ranges(&Inbox::Function("kst-20".to_owned()));
    assert_eq!(held, [Range::Who(vec![format!("account:{function}")])]);
    assert!(me.ranges(&Inbox::Function("kst-21".to_owned())).is_empty());
    let (role, unit) = &me.roles[0];
    assert_eq!(
        me.ranges(&Inbox::Unit),
        [
            Range::Who(vec![format!("role:{}:{unit}", role.code())]),
            Range::Anybody(vec![unit.raw()])
        ]
    );
}

#[test]
fn who_looks_for_a_function_has_no_inbox_of_his_own() {
    let me = Me {
        person: None,
        ..me()
    };
    assert!(!me.boxes().contains(&Inbox::Me));
    assert!(me.ranges(&Inbox::Me).is_empty());
}

#[test]
fn many_ranges_are_read_together() {
    let me = Me {
        departments: (0..70).map(|_| DepartmentId::new()).collect(),
        ..me()
    };
    assert_eq!(me.ranges(&Inbox::Unit).len(), 2);
}

#[test]
fn days_end_by_german_clocks() {
    let now = Timestamp::parse("2026-10-24T10:00:00Z").expect("an instant");
    let ends = Ends::at(now);
    let at = |text| Timestamp::parse(text).expect("an instant").micros();
    assert_eq!(ends.overdue, now.micros());
    // Tomorrow the clocks are put back.
    assert_eq!(ends.today, at("2026-10-24T22:00:00Z"));
    assert_eq!(ends.week, at("2026-10-31T23:00:00Z"));
    let numbers = Due::ALL.map(Due::number);
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}
