//! Rules of people.

use proptest::prelude::*;

use super::domains::{GENERAL, of_code};
use super::model::{Department, NewRole, Origin, RoleGiven, Standing, changes};
use super::role_wire::GivenRole;
use crate::base::{AccountId, DepartmentId, GrantId, Role, Timestamp};

#[test]
fn every_compartment_has_a_key_domain_of_its_own() {
    let named = |code: &str| of_code(code).expect("a key domain").as_str().to_owned();
    assert_eq!(named("PERSONAL"), "personal");
    assert_eq!(named("A_B"), "a-b");
    assert_eq!(named(&"X".repeat(32)), "x".repeat(32));
    assert_ne!(named("GENERAL"), GENERAL);
}

proptest! {
    #[test]
    fn no_two_compartments_share_a_key_domain(
        one in "[A-Z][A-Z0-9_]{1,31}",
        other in "[A-Z][A-Z0-9_]{1,31}",
    ) {
        let (left, right) = (of_code(&one).expect("a domain"), of_code(&other).expect("a domain"));
        prop_assert_eq!(one == other, left == right);
        prop_assert_ne!(left.as_str(), GENERAL);
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::of_micros(micros)
}

fn given(role: Role, (from, until): (Option<i64>, Option<i64>)) -> RoleGiven {
    RoleGiven {
        id: GrantId::new(),
        account: AccountId::new(),
        role,
        department: None,
        given_at: at(0),
        given_by: None,
        waits: false,
        approved_by: None,
        reason: None,
        origin: Origin::People,
        valid_from: from.map(at),
        valid_until: until.map(at),
    }
}

#[test]
fn a_role_holds_from_its_beginning_until_before_its_end() {
    let role = given(Role::Auditor, (Some(10), Some(20)));
    let standing = |now| role.standing(at(now));
    assert_eq!(standing(9), Standing::Upcoming);
    assert_eq!(standing(10), Standing::InForce);
    assert_eq!(standing(19), Standing::InForce);
    assert_eq!(standing(20), Standing::Over);
    let waiting = RoleGiven {
        waits: true,
        ..role
    };
    assert_eq!(waiting.standing(at(10)), Standing::Waiting);
    assert_eq!(waiting.standing(at(20)), Standing::Over);
}

fn time() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    (prop::option::of(0_i64..50), prop::option::of(1_i64..50)).prop_map(|(from, longer)| {
        let until = longer.map(|longer| from.unwrap_or_default() + longer);
        (from, until)
    })
}

proptest! {
    #[test]
    fn two_times_meet_where_one_instant_is_in_both(one in time(), other in time(), now in 0_i64..20) {
        let role = given(Role::Auditor, one);
        let new = NewRole {
            valid_from: other.0.map(at),
            valid_until: other.1.map(at),
            ..NewRole::of(Role::Auditor, None)
        };
        let holds = |(from, until): (Option<i64>, Option<i64>), instant: i64| {
            from.is_none_or(|from| from <= instant) && until.is_none_or(|until| instant < until)
        };
        let both = (now..200).any(|instant| holds(one, instant) && holds(other, instant));
        prop_assert_eq!(role.meets(&new, at(now)), both);
    }

    #[test]
    fn whatever_stood_before_exactly_what_is_wanted_stands_afterwards(
        before in prop::collection::vec((0_usize..4, time()), 0..6),
        wanted in prop::collection::btree_set(0_usize..4, 0..4),
        now in 0_i64..60,
    ) {
        let roles = [Role::Auditor, Role::Admin, Role::Archive, Role::RecordsManager];
        let before: Vec<_> = before.iter().map(|(role, time)| given(roles[*role], *time)).collect();
        let wanted: Vec<_> = wanted.iter().map(|role| roles[*role]).collect();
        let asked = wanted.iter().map(|role| NewRole::of(*role, None)).collect();
        let (ended, new) = changes(&before, asked, at(now));
        let mut stand: Vec<_> = before
            .iter()
            .filter(|one| one.stands(at(now)) && !ended.contains(&one.id))
            .map(|one| one.role)
            .chain(new.iter().map(|one| one.role))
            .collect();
        stand.sort();
        stand.dedup();
        let mut expected = wanted;
        expected.sort();
        prop_assert_eq!(stand, expected);
        let over = before.iter().filter(|one| !one.stands(at(now)));
        prop_assert!(over.into_iter().all(|one| !ended.contains(&one.id)));
    }
}

#[test]
fn every_role_that_can_be_given_can_be_asked_for() {
    for role in Role::GIVEN {
        let asked = serde_json::from_value::<GivenRole>(role.code().into());
        assert_eq!(asked.ok().map(Role::from), Some(*role));
    }
}

#[test]
fn a_department_is_meant_by_its_short_name_or_its_id() {
    let one = Department {
        id: DepartmentId::new(),
        version: 1,
        number: 1,
        slug: "finanzen".to_owned(),
        name: "Finanzen".to_owned(),
        parent: None,
    };
    assert!(one.is("finanzen"));
    assert!(one.is(&one.id.to_string()));
    for other in ["", "Finanzen", &DepartmentId::new().to_string()] {
        assert!(!one.is(other), "{other}");
    }
}

#[test]
fn another_time_is_another_role_and_no_time_leaves_it_as_it_is() {
    let unit = Some(DepartmentId::new());
    let mut held = given(Role::Clerk, (None, Some(100)));
    held.department = unit;
    let same = NewRole::of(Role::Clerk, unit);
    assert_eq!(
        changes(std::slice::from_ref(&held), vec![same.clone()], at(5)),
        (vec![], vec![])
    );
    let longer = NewRole {
        valid_until: Some(at(200)),
        ..same
    };
    let changed = changes(std::slice::from_ref(&held), vec![longer.clone()], at(5));
    assert_eq!(changed, (vec![held.id], vec![longer]));
}
