//! What was read of a token: kept until something is recorded about people, units or what they may
//! do, or until a right that has a time begins or ends.
//!
//! One look at one row tells each request whether it still holds, so that a change is in force for
//! the next one, whichever process made it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use sea_orm::ConnectionTrait;

use super::model::{Carrier, Department, Use};
use super::rows;
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, Actor, RequestId, Timestamp, TokenId};
use crate::unit::Db;

/// Tokens that are kept; beyond, all are forgotten and read again.
const TOKENS_MAX: usize = 4_096;

/// SHA-256 of a token.
pub(super) type Digest = [u8; 32];

/// Who tokens speak for, as far as it was read.
#[derive(Debug, Default)]
pub struct KnownPeople {
    state: Mutex<State>,
    /// When tokens were used, as far as that is still to be written down.
    uses: Mutex<HashMap<TokenId, Use>>,
}

#[derive(Debug, Default)]
struct State {
    /// The last record that speaks of people when this was read.
    seq: i64,
    tokens: HashMap<Digest, Arc<Person>>,
}

/// What a token says, and from when until when, in microseconds.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) actor: Actor,
    pub(super) token: TokenId,
    /// How it travels, where it came of signing in.
    pub(super) session: Option<Carrier>,
    /// When it was last noted that the token is used, in microseconds.
    pub(super) noted: AtomicI64,
    pub(super) departments: Arc<Vec<Department>>,
    pub(super) holds: std::ops::Range<i64>,
}

impl Person {
    /// The actor of a request.
    pub(super) fn acting(&self, request: Option<RequestId>) -> Actor {
        Actor {
            request,
            ..self.actor.clone()
        }
    }

    /// Whether that it is used `now` is to be noted: not more often than `every`.
    pub(super) fn is_worth_noting(&self, now: Timestamp, every: Duration) -> bool {
        let last = self.noted.load(Ordering::Relaxed);
        let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX);
        now.micros().saturating_sub(last) >= every
            && self
                .noted
                .compare_exchange(last, now.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl KnownPeople {
    /// What is known of a token when `seq` is the last record about people.
    pub(super) fn get(&self, digest: &Digest, seq: i64, now: Timestamp) -> Option<Arc<Person>> {
        let state = self.state.lock().ok()?;
        let found = state.tokens.get(digest).filter(|_| state.seq == seq)?;
        found
            .holds
            .contains(&now.micros())
            .then(|| Arc::clone(found))
    }

    /// A token was used; somebody will come and write it down.
    pub(super) fn used(&self, token: TokenId, used: Use) {
        if let Ok(mut uses) = self.uses.lock() {
            uses.insert(token, used);
        }
    }

    /// What is to be written down; nothing of it is kept.
    pub(super) fn take_uses(&self) -> HashMap<TokenId, Use> {
        self.uses
            .lock()
            .map(|mut uses| std::mem::take(&mut *uses))
            .unwrap_or_default()
    }

    /// Keeps what was read after `seq` was the last record about people.
    pub(super) fn keep(&self, digest: Digest, seq: i64, person: Arc<Person>) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if state.seq != seq || state.tokens.len() >= TOKENS_MAX {
            state.tokens.clear();
            state.seq = seq;
        }
        state.tokens.insert(digest, person);
    }
}

/// The last record that speaks of people.
pub(crate) async fn people_seq(on: &impl ConnectionTrait) -> Result<i64, DbError> {
    let text = "SELECT seq FROM people_head WHERE id = 1";
    let row = on.query_one_raw(sql(on, text, [])).await?;
    let row = row.ok_or(DbError::Log("the head of people is missing"))?;
    Ok(row.try_get_by_index(0)?)
}

/// When the next right of an account that has a time begins or ends.
pub(super) async fn next_turn(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<i64>, DbError> {
    let text = "SELECT min(at) FROM (\
        SELECT valid_from AS at, account_id FROM role_grant UNION ALL \
        SELECT valid_until, account_id FROM role_grant UNION ALL \
        SELECT valid_from, account_id FROM compartment_grant UNION ALL \
        SELECT valid_until, account_id FROM compartment_grant UNION ALL \
        SELECT valid_from, account_id FROM inspection UNION ALL \
        SELECT valid_until, account_id FROM inspection UNION ALL \
        SELECT valid_from, account_id FROM function_holder UNION ALL \
        SELECT valid_until, account_id FROM function_holder UNION ALL \
        SELECT g.valid_from, h.account_id FROM role_grant g \
        JOIN function_holder h ON h.function_id = g.account_id UNION ALL \
        SELECT g.valid_until, h.account_id FROM role_grant g \
        JOIN function_holder h ON h.function_id = g.account_id) turn \
        WHERE account_id = $1 AND at > $2";
    let values = [account.raw().into(), now.micros().into()];
    let row = on.query_one_raw(sql(on, text, values)).await?;
    Ok(match row {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    })
}

/// The departments as the one who asks was read with, or as they are now.
pub async fn departments_of(
    request: &HttpRequest,
    db: &Data<Db>,
) -> Result<Arc<Vec<Department>>, DbError> {
    let known = request
        .extensions()
        .get::<Arc<Person>>()
        .map(|person| Arc::clone(&person.departments));
    match known {
        Some(known) => Ok(known),
        None => Ok(Arc::new(rows::departments(db.read()).await?)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;
    use std::time::Duration;

    use super::{KnownPeople, Person};
    use crate::base::{Actor, Timestamp, TokenId};

    fn person(holds: std::ops::Range<i64>) -> Arc<Person> {
        Arc::new(Person {
            actor: Actor::system(),
            token: TokenId::new(),
            session: None,
            noted: AtomicI64::new(0),
            departments: Arc::default(),
            holds,
        })
    }

    #[test]
    fn a_use_is_noted_once_in_a_while() {
        let (person, minute) = (person(0..i64::MAX), Duration::from_secs(60));
        let at = |seconds: i64| Timestamp::of_micros(seconds * 1_000_000);
        let noted =
            [100, 100, 159, 160, 161, 220].map(|now| person.is_worth_noting(at(now), minute));
        assert_eq!(noted, [true, false, false, true, false, true]);
    }

    #[test]
    fn nothing_is_known_behind_a_newer_record_or_outside_its_time() {
        let known = KnownPeople::default();
        let (one, other) = ([1; 32], [2; 32]);
        let at = Timestamp::of_micros;
        known.keep(one, 7, person(100..200));
        assert!(known.get(&one, 7, at(100)).is_some());
        assert!(known.get(&one, 7, at(99)).is_none(), "before its time");
        assert!(known.get(&one, 7, at(200)).is_none(), "after its time");
        assert!(known.get(&other, 7, at(100)).is_none(), "another token");
        assert!(known.get(&one, 8, at(100)).is_none(), "a newer record");
        known.keep(other, 8, person(100..200));
        assert!(
            known.get(&one, 8, at(100)).is_none(),
            "what was read before the record is gone"
        );
        assert!(known.get(&other, 8, at(100)).is_some());
    }
}
