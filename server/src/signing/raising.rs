//! Seals get their timestamp, after the counter: what was signed waits at B-B until the authority answers.
//!
//! The queue is the rows themselves. The timestamp goes into the place that was left for it, so that what was
//! signed is the same to the byte; the PDF with it is a version of its own.

use std::time::Duration;

use bytes::Bytes;
use pades::sign::{Pdf, Seal, TIMESTAMP_BYTES_MAX, TimestampRequest};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use storage::Storage;
use thiserror::Error;

use super::model::{CONTENT_BYTES_MAX, Level, SigningError, SigningJob};
use super::rows;
use super::stamp::Stamp;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::Actor;
use crate::base::db::DbError;
use crate::documents::{self, Arriving, Content, DocumentError, Version, Which};
use crate::unit::{Db, Unit};

/// How many are looked at in one go.
const AT_ONCE: u64 = 20;
/// Why a seal stays as it is: the document has another version.
const SUPERSEDED: &str = "superseded";
const PDF: &str = "application/pdf";
const QUERY: &str = "application/timestamp-query";

/// Why a seal got no timestamp.
#[derive(Debug, Error)]
pub enum RaiseError {
    /// The authority does not answer.
    #[error("the timestamp authority does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// It answers with something else.
    #[error("the timestamp authority answers with something else than a timestamp")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The document cannot be raised.
    #[error("the sealed document cannot be raised")]
    Document(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was given up.
    #[error("the work was given up")]
    GivenUp,
    /// The job or its document.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl From<DbError> for RaiseError {
    fn from(error: DbError) -> Self {
        Self::Signing(error.into())
    }
}

impl From<DocumentError> for RaiseError {
    fn from(error: DocumentError) -> Self {
        Self::Signing(error.into())
    }
}

impl From<storage::StoreError> for RaiseError {
    fn from(error: storage::StoreError) -> Self {
        Self::from(DocumentError::from(error))
    }
}

/// Asks for the timestamps of the seals that have none yet. Gives how many got theirs.
///
/// # Errors
/// [`RaiseError`]: the rest waits.
pub async fn raise(db: &Db, storage: &Storage, stamp: &Stamp) -> Result<usize, RaiseError> {
    let Some((url, patience)) = stamp.tsa() else {
        return Ok(0);
    };
    let mut raised = 0;
    for job in rows::to_raise(db.read(), AT_ONCE).await? {
        if raise_one((db, storage), (url, patience), job).await? {
            raised += 1;
        }
    }
    Ok(raised)
}

async fn raise_one(
    (db, storage): (&Db, &Storage),
    (url, patience): (&str, Duration),
    job: SigningJob,
) -> Result<bool, RaiseError> {
    let Some(outcome) = job.outcome.clone() else {
        return Ok(false);
    };
    let system = Actor::system();
    let found = documents::content(db.read(), &system, job.document, Which::InForce).await;
    let (version, blob) = match found {
        Ok((_, version, blob)) if version.id == outcome.signed => (version, blob),
        Ok(_) | Err(DocumentError::Withheld) => {
            settle(db, &job, None).await?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let content = storage.read(&blob, CONTENT_BYTES_MAX).await?;
    let field = field_of(&outcome.evidence);
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|_none| SigningError::NoChance)?;
    let (pdf, seal, request) = blocking(move || asked(content, &field, nonce)).await?;
    let answer = ask((url, patience), &request).await?;
    let raised = blocking(move || {
        let timestamp = request
            .accept(&answer)
            .map_err(|error| RaiseError::Answer(error.into()))?;
        seal.raise(&pdf, &timestamp)
            .map(Pdf::into_bytes)
            .map_err(|error| RaiseError::Document(error.into()))
    });
    let content = kept((db, storage), &version, raised.await?).await?;
    settle(db, &job, Some(content)).await?;
    Ok(true)
}

/// The field in which the signature stands, as it was written down when it was put on.
fn field_of(evidence: &str) -> String {
    let read = serde_json::from_str::<serde_json::Value>(evidence);
    let field = read
        .ok()
        .and_then(|all| all["field"].as_str().map(str::to_owned));
    field.unwrap_or_default()
}

fn asked(
    content: Vec<u8>,
    field: &str,
    nonce: [u8; 16],
) -> Result<(Pdf, Seal, TimestampRequest), RaiseError> {
    let pdf = Pdf::open(content).map_err(|error| RaiseError::Document(error.into()))?;
    let seal = Seal::find(&pdf, field).map_err(|error| RaiseError::Document(error.into()))?;
    let request = seal
        .request(nonce)
        .map_err(|error| RaiseError::Document(error.into()))?;
    Ok((pdf, seal, request))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RaiseError> + Send + 'static,
) -> Result<T, RaiseError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_gone| RaiseError::GivenUp)?
}

async fn ask(
    (url, patience): (&str, Duration),
    request: &TimestampRequest,
) -> Result<Vec<u8>, RaiseError> {
    let client = Client::builder()
        .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(patience)
        .timeout(patience)
        .build()
        .map_err(RaiseError::Unreachable)?;
    let sent = client
        .post(url)
        .header(CONTENT_TYPE, QUERY)
        .body(request.der().to_vec())
        .send()
        .await
        .and_then(Response::error_for_status);
    let mut response = sent.map_err(RaiseError::Unreachable)?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(RaiseError::Unreachable)? {
        if body.len() + piece.len() > TIMESTAMP_BYTES_MAX {
            return Err(RaiseError::Answer("it is too long".into()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

async fn kept(
    (db, storage): (&Db, &Storage),
    version: &Version,
    content: Vec<u8>,
) -> Result<Content, RaiseError> {
    let domain = documents::domain_of(db.read(), version.document).await?;
    let mut arriving = Arriving::begin_in(storage, &domain).await?;
    arriving.push(Bytes::from(content)).await?;
    let arrived = arriving
        .finish(PDF.to_owned(), version.file_name.clone())
        .await?;
    Ok(arrived.keep(db).await?)
}

/// Writes down what became of it: the PDF with the timestamp, or that there will be none.
async fn settle(db: &Db, job: &SigningJob, content: Option<Content>) -> Result<(), RaiseError> {
    let id = job.id;
    db.write(&Actor::system(), async move |unit: &mut Unit| {
        let found = rows::find_to_change(unit, id).await?;
        let mut job = found.ok_or(SigningError::NotFound)?;
        let Some(outcome) = &mut job.outcome else {
            return Err(SigningError::NotFound);
        };
        let held = match content {
            Some(content) => documents::raise(unit, job.document, outcome.signed, content).await?,
            None => None,
        };
        match &held {
            Some(_) => outcome.level = Level::Timestamped,
            None => job.reason = Some(SUPERSEDED.to_owned()),
        }
        rows::save(unit, &mut job).await?;
        let signed = held.map(|held| hex::encode(held.version.sha256));
        let context = Object::new().with_some("signed", signed).to_bytes();
        unit.record_with(Action::SigningRaise, Some(job.department), Some(context));
        Ok(())
    })
    .await?;
    Ok(())
}
