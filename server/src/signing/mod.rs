//! Signing at the counter: a document is shown on a tablet, signed by hand, sealed, and filed as a version.
//!
//! Invariants: a job is for one version of one document, one tablet, one clerk and one purpose, and is used
//! once; it ends in one way, which is recorded; the sealed document and the end of its job are one unit of
//! work, so that nothing is signed by half; what was shown is an exact prefix of what is filed; no time series
//! of strokes is kept but sealed to a key that is not here; what was found out is written down for people too, once.

mod apart;
mod authority;
mod bus;
mod desk;
mod device_http;
mod device_wire;
mod ends;
mod events;
mod evidence;
mod house;
mod http;
mod identity;
mod key;
mod model;
mod ops;
mod outside;
mod protocol;
mod raising;
mod revoke_http;
mod rows;
mod stamp;
mod stuck;
#[cfg(test)]
mod tests;
mod validation;
mod wire;

pub use apart::{PREPARE_COMMAND, prepare_main};
pub use bus::Bus;
pub use ends::Ends;
pub use evidence::{KINDS, roots_astray, states};
pub use house::{
    Further, HOUSE_ARCHIVED, HOUSE_ENDED, HOUSE_WAITS, HouseCame, HouseSeal, Raiser, SealPlace,
    settle_house,
};
pub use http::{ApiDoc, routes};
#[cfg(test)]
pub(crate) use identity::codes as identity_codes;
pub use model::{SigningError, SigningJob, State, Step, Wanting};
pub use ops::revoke;
pub use protocol::{FILE_NAME as PROTOCOL_FILE_NAME, Protocols, ToWrite};
pub use raising::{RaiseError, raise, waiting};
pub use stamp::{Stamp, StampError, seal};
pub use stuck::{
    ENDED_BY, STUCK_MAX, Stuck, TOLD_AFTER_SECONDS, ended as seals_ended,
    long_waiting as seals_long_waiting, still_borne,
};

use sea_orm::ConnectionTrait;
use storage::Blob;

use crate::base::{DocumentId, SigningJobId};
use crate::documents;
use crate::unit::Db;

/// Strokes as they were sealed to the notary: ciphertext.
#[derive(Debug)]
pub struct SealedStrokes {
    /// The document that was signed.
    pub document: DocumentId,
    /// The ciphertext.
    pub blob: Blob,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
}

/// The sealed strokes of a job; nothing where there is no such job, or none were kept.
///
/// # Errors
/// [`SigningError`].
pub async fn sealed_strokes(
    on: &impl ConnectionTrait,
    id: SigningJobId,
) -> Result<Option<SealedStrokes>, SigningError> {
    let Some(job) = rows::find(on, id).await? else {
        return Ok(None);
    };
    let Some(outcome) = &job.outcome else {
        return Ok(None);
    };
    let found = documents::sealed_strokes(on, outcome.signed).await?;
    Ok(found.map(|(blob, sha256)| SealedStrokes {
        document: job.document,
        blob,
        sha256,
    }))
}

/// Says of jobs whose time is over that it is, to the log and to those who watch.
///
/// # Errors
/// [`SigningError`].
pub async fn expire(db: &Db, bus: &Bus) -> Result<(), SigningError> {
    for job in ops::expire(db).await? {
        bus.tell(&job);
    }
    Ok(())
}
