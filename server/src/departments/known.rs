//! What was read of a token: kept until something is recorded about people, units or what they may
//! do, or until a right that has a time begins or ends.
//!
//! One look at one row tells each request whether it still holds, so that a change is in force for
//! the next one, whichever process made it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use sea_orm::ConnectionTrait;

use super::model::Department;
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
pub(super) async fn people_seq(on: &impl ConnectionTrait) -> Result<i64, DbError> {
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

    use super::{KnownPeople, Person};
    use crate::base::{Actor, Timestamp, TokenId};

    fn person(holds: std::ops::Range<i64>) -> Arc<Person> {
        Arc::new(Person {
            actor: Actor::system(),
            token: TokenId::new(),
            departments: Arc::default(),
            holds,
        })
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
