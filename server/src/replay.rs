//! Idempotency: the saved answer stands in the same transaction as the effect.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::audit::log::{Receipt, hash_of};
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, Actor, Timestamp};
use crate::http::extract::IdempotencyKey;
use crate::http::{Kind, Problem, text};
use crate::unit::{Db, Unit, Written};

/// How long a saved answer is kept.
pub const KEPT_HOURS: i64 = 24;
/// How long a request waits for the answer of the one that used the same key before it.
const FIRST_ANSWER_MAX: Duration = Duration::from_secs(2);

/// The number of the record that a change left in the log.
pub const LOG_SEQ: HeaderName = HeaderName::from_static("papierlos-log-seq");
/// The hash of that record.
pub const LOG_HASH: HeaderName = HeaderName::from_static("papierlos-log-hash");
/// Whether the answer is a saved one.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A digest of everything that makes a request the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// Of these parts, in this order.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().to_vec())
    }
}

/// An answer that can be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Location` and `ETag`.
    pub headers: Vec<(String, String)>,
    /// The JSON body.
    pub body: String,
}

impl Answer {
    /// `201` with this body.
    pub fn created(body: &impl Serialize) -> Result<Self, DbError> {
        Ok(Self {
            status: 201,
            headers: Vec::new(),
            body: serde_json::to_string(body).map_err(|_source| DbError::Log("no JSON"))?,
        })
    }

    /// The same with this header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// The response, with the receipt of what was recorded.
    #[must_use]
    pub fn respond(&self, receipt: Option<Receipt>) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        for (name, value) in &self.headers {
            response.insert_header((name.as_str(), value.as_str()));
        }
        if let Some(receipt) = receipt {
            with_receipt(&mut response, receipt);
        }
        response
            .content_type("application/json")
            .body(self.body.clone())
    }
}

/// Adds the receipt to an answer.
pub fn with_receipt(response: &mut HttpResponseBuilder, receipt: Receipt) {
    response.insert_header((LOG_SEQ, HeaderValue::from(receipt.seq)));
    response.insert_header((LOG_HASH, receipt.hash.to_string()));
}

/// The answer of something that was ended: nothing but the receipt.
#[must_use]
pub fn ended(receipt: Receipt) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    with_receipt(&mut response, receipt);
    response.finish()
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// Nothing: it is new.
    New,
    /// The same request came before, and this was the answer.
    Answered(Answer, Option<Receipt>),
    /// Another request came before under this key.
    Reused,
}

/// Why an answer was not saved.
#[derive(Debug, Error)]
pub enum SaveError {
    /// Another request with the same key was faster: the unit must be given up.
    #[error("the idempotency key was taken meanwhile")]
    KeyTaken,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why what is done once was not done.
enum Undone<E> {
    Failed(E),
    Unsaved(SaveError),
}

impl<E: From<DbError>> From<DbError> for Undone<E> {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl<E: Into<Problem>> From<Undone<E>> for Problem {
    fn from(undone: Undone<E>) -> Self {
        match undone {
            Undone::Failed(error) => error.into(),
            Undone::Unsaved(SaveError::KeyTaken) => Self::new(Kind::IdempotencyInProgress),
            Undone::Unsaved(SaveError::Db(error)) => error.into(),
        }
    }
}

/// What keeps a request from having its effect twice, where its caller gave it a key.
#[derive(Debug, Clone)]
pub struct Once {
    account: AccountId,
    key: Option<IdempotencyKey>,
    request: Fingerprint,
}

impl Once {
    /// For this request of this actor.
    #[must_use]
    pub fn new(actor: &Actor, key: Option<IdempotencyKey>, request: Fingerprint) -> Self {
        // Who acts for somebody, or by a token that does less, asks for something else: what was answered to
        // the one is not given to the other.
        let request = Fingerprint::of(&[
            &request.0,
            actor.scope.code().as_bytes(),
            actor
                .on_behalf_of
                .map(|id| id.to_string())
                .unwrap_or_default()
                .as_bytes(),
        ]);
        Self {
            account: actor.account,
            key,
            request,
        }
    }

    /// For an action on something that exists: its address, the state on which it is based and what
    /// else is said are the request. Ask [`Once::answered`] before anything is compared with what is
    /// there: the first time has changed it.
    pub fn action(
        actor: &Actor,
        key: Option<IdempotencyKey>,
        request: &HttpRequest,
        said: &impl Serialize,
    ) -> Result<Self, Problem> {
        let said = serde_json::to_vec(said).map_err(Problem::internal)?;
        let based_on = request.headers().get(header::IF_MATCH);
        let based_on = based_on.map(HeaderValue::as_bytes).unwrap_or_default();
        let path = request.path().as_bytes();
        let print = Fingerprint::of(&[request.method().as_str().as_bytes(), path, based_on, &said]);
        Ok(Self::new(actor, key, print))
    }

    /// The answer that was given before, if any.
    pub async fn answered(&self, db: &Db) -> Result<Option<HttpResponse>, Problem> {
        match &self.key {
            Some(key) => answer(look_up(db, self.account, key, &self.request).await?),
            None => Ok(None),
        }
    }

    /// Saves the answer in the unit that has the effect.
    pub async fn save(&self, unit: &Unit, answer: &Answer) -> Result<(), SaveError> {
        match &self.key {
            Some(key) if !save(unit, key, &self.request, answer).await? => Err(SaveError::KeyTaken),
            Some(_) | None => Ok(()),
        }
    }

    /// The answer of a write; where another request with the same key was faster, its answer.
    pub async fn finish<E: Into<Problem>>(
        &self,
        db: &Db,
        written: Result<Written<Answer>, E>,
    ) -> Result<HttpResponse, Problem> {
        let problem: Problem = match written {
            Ok(written) => return Ok(written.value.respond(Some(written.receipt))),
            Err(error) => error.into(),
        };
        if problem.kind() == Kind::IdempotencyInProgress {
            self.first_answer(db).await
        } else {
            Err(problem)
        }
    }

    /// Does it once: the answer that was given before, or the one that `operation` gives now, saved
    /// with its effect.
    pub async fn run<E, F>(
        self,
        db: &Db,
        actor: &Actor,
        operation: F,
    ) -> Result<HttpResponse, Problem>
    where
        E: From<DbError> + Into<Problem> + Send + 'static,
        F: AsyncFnOnce(&mut Unit) -> Result<Answer, E> + Send + 'static,
    {
        if let Some(answer) = self.answered(db).await? {
            return Ok(answer);
        }
        let saved = self.clone();
        let written = db
            .write(actor, async move |unit: &mut Unit| {
                let answer = operation(unit).await.map_err(Undone::Failed)?;
                saved.save(unit, &answer).await.map_err(Undone::Unsaved)?;
                Ok::<_, Undone<E>>(answer)
            })
            .await;
        self.finish(db, written).await
    }

    /// The answer of the request that was faster. It may still wait for its commit.
    async fn first_answer(&self, db: &Db) -> Result<HttpResponse, Problem> {
        let mut head = db.head();
        let end = tokio::time::Instant::now() + FIRST_ANSWER_MAX;
        loop {
            head.borrow_and_update();
            if let Some(answer) = self.answered(db).await? {
                return Ok(answer);
            }
            if !matches!(
                tokio::time::timeout_at(end, head.changed()).await,
                Ok(Ok(()))
            ) {
                return Err(Problem::new(Kind::IdempotencyInProgress).retry_after_seconds(1));
            }
        }
    }
}

/// Whether an answer is saved under this key, to whatever request.
pub async fn knows(db: &Db, actor: &Actor, key: &IdempotencyKey) -> Result<bool, DbError> {
    let on = db.read();
    let text = "SELECT 1 FROM idempotency WHERE account_id = $1 AND key = $2";
    let values = [actor.account.raw().into(), key.as_str().into()];
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

/// Looks a key up.
async fn look_up(
    db: &Db,
    account: AccountId,
    key: &IdempotencyKey,
    request: &Fingerprint,
) -> Result<Known, DbError> {
    let on = db.read();
    let text = "SELECT request, uow, status, headers, body FROM idempotency \
                WHERE account_id = $1 AND key = $2";
    let values = [account.raw().into(), key.as_str().into()];
    let Some(row) = on.query_one_raw(sql(on, text, values)).await? else {
        return Ok(Known::New);
    };
    let before: Vec<u8> = row.try_get_by_index(0)?;
    if before != request.0 {
        return Ok(Known::Reused);
    }
    let headers: String = row.try_get_by_index(3)?;
    let status: i64 = row.try_get_by_index(2)?;
    let answer = Answer {
        status: u16::try_from(status).unwrap_or(200),
        headers: serde_json::from_str(&headers).unwrap_or_default(),
        body: row.try_get_by_index(4)?,
    };
    let receipt = receipt_of(on, row.try_get_by_index(1)?).await?;
    Ok(Known::Answered(answer, receipt))
}

/// The last record of a unit.
async fn receipt_of(on: &impl ConnectionTrait, unit: Uuid) -> Result<Option<Receipt>, DbError> {
    let text = "SELECT seq, h FROM audit WHERE uow = $1 ORDER BY seq DESC LIMIT 1";
    let Some(row) = on.query_one_raw(sql(on, text, [unit.into()])).await? else {
        return Ok(None);
    };
    let seq: i64 = row.try_get_by_index(0)?;
    let hash: Vec<u8> = row.try_get_by_index(1)?;
    let seq = u64::try_from(seq).unwrap_or_default();
    Ok(Some(Receipt {
        seq,
        hash: hash_of(&hash)?,
    }))
}

/// Saves the answer in the unit that has the effect. False when the key was taken meanwhile: then
/// the unit must be given up and the saved answer read.
async fn save(
    unit: &Unit,
    key: &IdempotencyKey,
    request: &Fingerprint,
    answer: &Answer,
) -> Result<bool, DbError> {
    let text = "INSERT INTO idempotency \
                (account_id, key, request, uow, status, headers, body, created_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id, key) DO NOTHING";
    let headers = serde_json::to_string(&answer.headers).unwrap_or_default();
    let values = [
        unit.actor().account.raw().into(),
        key.as_str().into(),
        request.0.clone().into(),
        unit.id().raw().into(),
        i64::from(answer.status).into(),
        headers.into(),
        answer.body.clone().into(),
        unit.now().micros().into(),
    ];
    let done = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets answers that are older than [`KEPT_HOURS`].
pub async fn sweep(db: &Db) -> Result<(), DbError> {
    let before = Timestamp::of_micros(db.now().micros()).plus_seconds(-KEPT_HOURS * 3600);
    db.keep_house(async move |unit: &mut Unit| {
        let text = "DELETE FROM idempotency WHERE created_at < $1";
        unit.tx()
            .execute_raw(sql(unit.tx(), text, [before.micros().into()]))
            .await?;
        Ok(())
    })
    .await
}

/// The answer to a known key; nothing where it is new.
fn answer(known: Known) -> Result<Option<HttpResponse>, Problem> {
    match known {
        Known::New => Ok(None),
        Known::Answered(answer, receipt) => {
            let mut response = answer.respond(receipt);
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(Some(response))
        }
        Known::Reused => Err(Problem::new(Kind::IdempotencyKeyReused).detail(text(
            "Dieser Idempotency-Key kam schon mit einer anderen Anfrage. Bitte für jede Anfrage einen neuen wählen und nur \
             dieselbe mit demselben wiederholen.",
            "This Idempotency-Key came before with another request. Choose a new one for each request, and repeat only \
             the same one with the same key.",
        ))),
    }
}
