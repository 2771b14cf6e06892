//! The check: do rows, blobs, index, jobs and log fit each other?
//!
//! Its quick part runs at every start of the server, the whole every night and on demand. It says
//! what it did not look at, and repairs only when asked, and only what is derived, was never
//! acknowledged, or can be done again.

mod blobs;
mod certificates;
mod documents;
mod domains;
mod finding;
mod guard;
mod index;
mod lists;
mod log;
mod people;
mod reports;
mod witnesses;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use indexer::Index;
use storage::Storage;
use thiserror::Error;

pub use finding::{Code, FINDINGS_LISTED_MAX, Finding, Outcome, Part};
pub use lists::lists;
pub use reports::reports;

use crate::base::db::DbError;
use crate::config::Rights;
use crate::ledger::publisher::Publication;
use crate::ledger::witnesses::Configured;
use crate::signing::Ends;
use crate::unit::Db;

/// How old something unfinished must be before it counts as left over.
pub const GRACE: Duration = Duration::from_secs(24 * 3600);

/// What says that the database may be older than the store.
const DOUBTS: [Code; 12] = [
    Code::LockAhead,
    Code::LockBehind,
    Code::LockMissing,
    Code::LockUnreadable,
    Code::LogForked,
    Code::AccessLockAhead,
    Code::AccessLockBehind,
    Code::AccessLockMissing,
    Code::AccessLockUnreadable,
    Code::AccessForked,
    Code::LogHead,
    Code::IndexAhead,
];

/// Why the check could not be carried out.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The store.
    #[error("the store failed")]
    Store(#[from] storage::StoreError),
    /// The index.
    #[error("the index failed")]
    Index(#[from] indexer::IndexError),
    /// The index could not be built anew.
    #[error("the index could not be built anew")]
    Rebuild(#[from] crate::search::FollowError),
    /// The lock file.
    #[error("the lock {path} cannot be read")]
    Lock {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What must not be there could not be withheld.
    #[error("a version could not be withheld")]
    Document(#[from] crate::documents::DocumentError),
    /// A thread ended early.
    #[error("the check was given up")]
    GivenUp,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What a start can wait for: the heads of the logs, the lock, the jobs.
    Quick,
    /// Everything but the bytes of blobs.
    Whole,
    /// Everything: each blob is read, its digests are computed again.
    Deep,
}

/// Whether what may be repaired is repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is changed.
    Look,
    /// What may be repaired is.
    Repair,
}

/// What is checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The database.
    pub db: Db,
    /// The store.
    pub storage: Storage,
    /// The index; nothing while another process holds it.
    pub index: Option<Index>,
    /// How the log of changes is published.
    pub changes: Publication,
    /// How the log of looks is published.
    pub looks: Publication,
    /// The time of the store's clock: what is older than [`GRACE`] by it is left over.
    pub now: SystemTime,
    /// How rights are to be given.
    pub rights: Rights,
    /// Until when certificates hold by which the house seals.
    pub certificates: Ends,
    /// Who is asked to cosign the log.
    pub witnesses: Configured,
    /// How often the log is to be stamped, where somebody is asked to.
    pub stamped_every: Option<Duration>,
}

/// Runs the check.
pub async fn check(on: &Checked, depth: Depth, mode: Mode) -> Result<Outcome, CheckError> {
    let mut outcome = Outcome::default();
    log::check(on, &mut outcome).await?;
    documents::jobs(on, mode, &mut outcome).await?;
    certificates::check(on, &mut outcome);
    if depth == Depth::Quick {
        outcome.skip(Part::Documents);
        outcome.skip(Part::Blobs);
        outcome.skip(Part::Index);
        return Ok(outcome);
    }
    certificates::seals(on, &mut outcome).await?;
    witnesses::silent(on, &mut outcome).await?;
    log::stamps(on, &mut outcome).await?;
    people::roles(on, &mut outcome).await?;
    people::mails(on, &mut outcome).await?;
    documents::versions(on, &mut outcome).await?;
    documents::filed(on, &mut outcome).await?;
    documents::tags(on, mode, &mut outcome).await?;
    documents::fields(on, mode, &mut outcome).await?;
    people::names(on, mode, &mut outcome).await?;
    documents::texts(on, mode, &mut outcome).await?;
    documents::components(on, mode, &mut outcome).await?;
    guard::check(on, depth, mode, &mut outcome).await?;
    domains::keys(on, &mut outcome).await?;
    domains::blobs(on, mode, &mut outcome).await?;
    index::ahead(on, &mut outcome).await?;
    // To a database that is older than the store, what came after it looks like nobody's.
    let sweep = if DOUBTS.iter().any(|code| outcome.has(*code)) {
        Mode::Look
    } else {
        mode
    };
    blobs::check(on, depth, sweep, &mut outcome).await?;
    if depth != Depth::Deep {
        outcome.skip(Part::BlobDigests);
    }
    index::check(on, mode, &mut outcome).await?;
    Ok(outcome)
}
