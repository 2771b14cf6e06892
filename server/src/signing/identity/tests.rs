//! The rules of identity checks.

use super::model::{Check, Method, Outcome, SECONDS_MAX};
use crate::base::{AccountId, DepartmentId, DocumentId, IdentityCheckId, Timestamp};
use crate::signing::model::Wanting;

fn check(outcome: Outcome) -> Check {
    Check {
        id: IdentityCheckId::new(),
        document: DocumentId::new(),
        department: DepartmentId::of(uuid::Uuid::nil()),
        clerk: AccountId::new(),
        method: Method::IdentityCard,
        outcome,
        created_at: Timestamp::of_micros(0),
    }
}

#[test]
fn a_check_does_for_its_own_document_on_its_day_and_where_it_says_yes() {
    let at = |seconds| Timestamp::of_micros(0).plus_seconds(seconds);
    let good = check(Outcome::Confirmed);
    assert_eq!(good.wanting(good.document, at(0)), None);
    assert_eq!(good.wanting(good.document, at(SECONDS_MAX)), None);
    let late = good.wanting(good.document, at(SECONDS_MAX + 1));
    assert_eq!(late, Some(Wanting::Age));
    assert_eq!(
        good.wanting(DocumentId::new(), at(0)),
        Some(Wanting::OfThis)
    );
    for outcome in [Outcome::Doubtful, Outcome::Refuted] {
        let other = check(outcome);
        assert_eq!(
            other.wanting(other.document, at(0)),
            Some(Wanting::Result),
            "{outcome:?}"
        );
    }
}

#[test]
fn codes_read_back() {
    for method in Method::ALL {
        assert_eq!(Method::parse(method.code()), Some(*method));
        assert!(!method.german().is_empty());
    }
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::parse(outcome.code()), Some(*outcome));
    }
    assert_eq!(Method::parse("number"), None);
}
