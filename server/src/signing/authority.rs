//! The timestamp authority that the settings name: it is sent digests, and its word goes into its place.

use std::ops::Range;
use std::time::Duration;

use pades::sign::{Cms, Digest, Timestamp as Stamped, TimestampRequest};

use super::apart;
use super::model::SigningError;
use super::raising::{RaiseError, document};
use super::stamp::filled;
use crate::base::tsa::{AskError, Tsa};

/// Where it is asked, and how long it is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authority<'a> {
    pub(super) url: &'a str,
    pub(super) patience: Duration,
}

/// The field in which the signature stands, and where its container does: as it was written down when it was
/// put on.
pub(super) fn place_of(evidence: &str) -> (String, Range<usize>) {
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

fn nonce() -> Result<[u8; 16], RaiseError> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|_none| SigningError::NoChance)?;
    Ok(nonce)
}

fn wrong(error: pades::sign::TimestampError) -> RaiseError {
    RaiseError::Answer(error.into())
}

impl Authority<'_> {
    /// The document with a timestamp over its seal, in the place of that. No byte changes outside of it.
    pub(super) async fn over_seal(
        self,
        content: Vec<u8>,
        (field, gap): (&str, Range<usize>),
    ) -> Result<Vec<u8>, RaiseError> {
        let (cms, request) = asked(&content, gap.clone(), nonce()?)?;
        let answer = self.ask(&request).await?;
        let raised = raised(content, gap, (&cms, &request), &answer)?;
        apart::check(&raised, field).await?;
        Ok(raised)
    }

    /// The document with a timestamp over all of it behind it, and the certificate of that.
    pub(super) async fn over_document(
        self,
        content: &[u8],
        field: &str,
    ) -> Result<(Vec<u8>, Stamped), RaiseError> {
        let ready = apart::prepare_archive(content).await?;
        let pieces = [ready.before.as_slice(), ready.behind.as_slice()];
        let digest = Digest::Sha256.of(&pieces);
        let request = TimestampRequest::new(Digest::Sha256, &digest, nonce()?).map_err(wrong)?;
        let answer = self.ask(&request).await?;
        let timestamp = request.accept(&answer).map_err(wrong)?;
        timestamp.verify(&pieces).map_err(wrong)?;
        let place = filled(timestamp.der(), ready.gap)?;
        let content = [ready.before, place, ready.behind].concat();
        apart::check(&content, field).await?;
        apart::check_archive(&content, &ready.field).await?;
        Ok((content, timestamp))
    }

    async fn ask(self, request: &TimestampRequest) -> Result<Vec<u8>, RaiseError> {
        let Self { url, patience } = self;
        let answer = Tsa { url, patience }.ask(request.der()).await;
        answer.map_err(|error| match error {
            AskError::Unreachable(source) => RaiseError::Unreachable(source),
            AskError::TooLong => RaiseError::Answer(error.into()),
        })
    }
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
