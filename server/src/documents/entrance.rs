//! Where content comes in from outside: it goes into the store and past the virus scanner, piece by piece.
//!
//! Invariants: where there is a scanner, nothing leaves here as content that can be filed without its
//! word; what it knows something against can only be put into quarantine.

use bytes::Bytes;
use sea_orm::ConnectionTrait;
use storage::{KeyDomain, Storage, StoreError};
use thiserror::Error;

use super::http::store_problem;
use super::intake::{Arrived, Arriving};
use super::quarantine::{Infected, QUARANTINE};
use crate::base::db::DbError;
use crate::base::{Actor, DepartmentId};
use crate::departments;
use crate::http::{Kind, Problem, text};
use crate::unit::Db;
use crate::virus::{Scan, ScanError, Scanner, Verdict};

/// After how many seconds another try makes sense where the scanner did not answer.
const RETRY_AFTER_SECONDS: u64 = 30;

/// Why content did not come in.
#[derive(Debug, Error)]
pub enum EntryError {
    /// The store.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The scanner.
    #[error("the virus scanner gave no verdict")]
    Scan(#[from] ScanError),
}

impl From<EntryError> for Problem {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Store(error) => store_problem(error),
            EntryError::Scan(ScanError::TooLarge { limit_bytes }) => {
                Self::new(Kind::PayloadTooLarge)
                    .limit_bytes(limit_bytes)
                    .detail(text(
                        "Der Inhalt ist größer, als auf Schadsoftware geprüft werden kann.",
                        "The content is larger than what can be scanned for viruses.",
                    ))
            }
            EntryError::Scan(
                error @ (ScanError::Unreachable(_)
                | ScanError::Slow(_)
                | ScanError::Broken(_)
                | ScanError::Silent
                | ScanError::Answer(_)
                | ScanError::Refused),
            ) => Self::new(Kind::ScannerUnavailable)
                .detail(text(
                    "Der Inhalt kann zurzeit nicht auf Schadsoftware geprüft werden und wurde deshalb \
                     nicht angenommen. Bitte später noch einmal versuchen.",
                    "The content cannot be scanned for viruses at the moment and was not taken in. \
                     Please try again later.",
                ))
                .retry_after_seconds(RETRY_AFTER_SECONDS)
                .source(error),
        }
    }
}

/// Where content comes in.
#[derive(Debug, Clone)]
pub struct Entrance {
    storage: Storage,
    scanner: Option<Scanner>,
}

impl Entrance {
    /// Into this store, past this scanner where there is one.
    #[must_use]
    pub fn new(storage: &Storage, scanner: Option<Scanner>) -> Self {
        Self {
            storage: storage.clone(),
            scanner,
        }
    }

    /// Begins to take content that stands in no compartment yet.
    pub async fn begin(&self) -> Result<Entering, EntryError> {
        let general = KeyDomain::parse(departments::GENERAL).map_err(StoreError::from)?;
        self.begin_in(&general).await
    }

    /// Begins to take content under the keys of `domain`.
    pub async fn begin_in(&self, domain: &KeyDomain) -> Result<Entering, EntryError> {
        let scan = match &self.scanner {
            Some(scanner) => Some(scanner.begin().await?),
            None => None,
        };
        let arriving = Arriving::begin_in(&self.storage, domain).await?;
        Ok(Entering { arriving, scan })
    }
}

/// Content that is coming in.
#[derive(Debug)]
pub struct Entering {
    arriving: Arriving,
    scan: Option<Scan>,
}

impl Entering {
    /// Takes the next piece. After an error only discarding is left.
    pub async fn push(&mut self, piece: Bytes) -> Result<(), EntryError> {
        let Some(scan) = &mut self.scan else {
            return Ok(self.arriving.push(piece).await?);
        };
        let shown = piece.clone();
        let arriving = &mut self.arriving;
        tokio::try_join!(
            async { arriving.push(piece).await.map_err(EntryError::from) },
            async { scan.push(&shown).await.map_err(EntryError::from) },
        )?;
        Ok(())
    }

    /// Forgets what came so far.
    pub async fn discard(self) {
        self.arriving.discard().await;
    }

    /// That was all.
    pub async fn finish(
        self,
        media_type: String,
        file_name: Option<String>,
    ) -> Result<Entered, EntryError> {
        let verdict = match self.scan {
            Some(scan) => scan.finish().await,
            None => Ok(Verdict::Clean),
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) => {
                self.arriving.discard().await;
                return Err(error.into());
            }
        };
        let arrived = self.arriving.finish(media_type, file_name).await?;
        Ok(match verdict {
            Verdict::Clean => Entered::Clean(arrived),
            Verdict::Infected(signature) => Entered::Infected(Infected::new(arrived, signature)),
        })
    }
}

/// Content that has come in whole.
#[derive(Debug)]
pub enum Entered {
    /// It can be filed.
    Clean(Arrived),
    /// It can be put into quarantine.
    Infected(Infected),
}

impl Entered {
    /// The same; what two people have released as a false alarm of the scanner is clean.
    pub async fn judged(self, on: &impl ConnectionTrait) -> Result<Self, DbError> {
        match self {
            Self::Clean(arrived) => Ok(Self::Clean(arrived)),
            Self::Infected(infected) => infected.judged(on).await,
        }
    }

    /// What can be filed. What cannot is put into quarantine, and whoever brought it is told so.
    pub async fn admit(
        self,
        db: &Db,
        actor: &Actor,
        department: Option<DepartmentId>,
    ) -> Result<Arrived, Problem> {
        match self.judged(db.read()).await? {
            Self::Clean(arrived) => Ok(arrived),
            Self::Infected(infected) => Err(infected.refuse(db, actor, department).await),
        }
    }
}

/// Makes the key of the quarantine where there is none.
pub async fn prepare_quarantine(db: &Db) -> Result<(), DbError> {
    let domain = KeyDomain::parse(QUARANTINE)?;
    departments::make_key(db, &domain).await.map(drop)
}
