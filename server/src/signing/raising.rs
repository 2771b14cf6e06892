//! Seals get their timestamp, after the counter: what was signed waits at B-B until the authority answers.
//!
//! The queue is the rows themselves. The timestamp goes into the place that was left for it, so that what was
//! signed is the same to the byte; the PDF with it is a version of its own.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use pades::sign::{Cms, TIMESTAMP_BYTES_MAX, TimestampRequest};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use storage::Storage;
use thiserror::Error;

use super::apart;
use super::model::{CONTENT_BYTES_MAX, Level, SigningError, SigningJob};
use super::rows;
use super::stamp::{Stamp, filled};
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
    let (field, gap) = place_of(&outcome.evidence);
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|_none| SigningError::NoChance)?;
    let (cms, request) = asked(&content, gap.clone(), nonce)?;
    let answer = ask((url, patience), &request).await?;
    let raised = raised(content, gap, (&cms, &request), &answer)?;
    apart::check(&raised, &field).await?;
    let content = kept((db, storage), &version, raised).await?;
    settle(db, &job, Some(content)).await?;
    Ok(true)
}

/// The field in which the signature stands, and where its container does: as it was written down when it was
/// put on.
fn place_of(evidence: &str) -> (String, Range<usize>) {
    let read: serde_json::Value = serde_json::from_str(evidence).unwrap_or_default();
    let number = |at: usize| {
        let number = read["gap"][at].as_u64();
        number
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or_default()
    };
    let field = read["field"].as_str().unwrap_or_default().to_owned();
    (field, number(0)..number(0).saturating_add(number(1)))
}

fn document(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RaiseError {
    RaiseError::Document(error.into())
}

/// The container of our own seal, and what the authority is asked about it.
fn asked(
    content: &[u8],
    gap: Range<usize>,
    nonce: [u8; 16],
) -> Result<(Cms, TimestampRequest), RaiseError> {
    let place = content.get(gap).unwrap_or_default();
    let digits = place
        .strip_prefix(b"<")
        .and_then(|rest| rest.strip_suffix(b">"));
    let digits = digits.ok_or_else(|| document("its seal is not where it was put"))?;
    let container = hex::decode(digits).map_err(document)?;
    let cms = Cms::from_der(&container).map_err(document)?;
    let request = TimestampRequest::for_signature(&cms, nonce).map_err(document)?;
    Ok((cms, request))
}

/// The document with the timestamp in the place of its seal. No byte changes outside of it.
fn raised(
    mut content: Vec<u8>,
    gap: Range<usize>,
    (cms, request): (&Cms, &TimestampRequest),
    answer: &[u8],
) -> Result<Vec<u8>, RaiseError> {
    let wrong = |error: pades::sign::TimestampError| RaiseError::Answer(error.into());
    let timestamp = request.accept(answer).map_err(wrong)?;
    let signature = cms.signature().map_err(document)?;
    timestamp.verify(&[signature]).map_err(wrong)?;
    let cms = cms.with_timestamp(&timestamp).map_err(document)?;
    let place = filled(cms.der(), gap.len())?;
    let there = content.get_mut(gap);
    there
        .ok_or_else(|| document("its seal is not where it was put"))?
        .copy_from_slice(&place);
    Ok(content)
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
