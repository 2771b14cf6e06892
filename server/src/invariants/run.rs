//! All invariants that were asked for, over one state of the database, within a time.

use std::time::Duration;

use indexer::Index;
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionOptions, TransactionTrait,
};
use storage::Storage;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use workflow::calendar::Calendar;

use super::model::{Book, Report, say};
use super::people::People;
use super::rules::Wanted;
use super::{compartments, contents, flows, log, outside, pairs, records};
use crate::base::db::{DbError, sql};
use crate::unit::Db;

/// One of these at a time: each holds a state of the database for as long as it takes.
static PLACE: Semaphore = Semaphore::const_new(1);

/// Why nothing can be said.
#[derive(Debug, Error)]
pub enum InvariantError {
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The index.
    #[error("the index failed")]
    Index(#[from] indexer::IndexError),
    /// A thread ended early.
    #[error("the look at the invariants was given up")]
    GivenUp,
}

impl From<sea_orm::DbErr> for InvariantError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Rows, log and index.
    Whole,
    /// Every content is read, too.
    Deep,
}

/// What is looked at.
#[derive(Debug)]
pub struct Against {
    /// The database.
    pub db: Db,
    /// The store.
    pub storage: Storage,
    /// The index; nothing while another process holds it.
    pub index: Option<Index>,
    /// Which days are working days.
    pub calendar: Calendar,
    /// How long it may take.
    pub within: Duration,
    /// How much is looked at.
    pub depth: Depth,
}

/// What is looked at in one go, and given up together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Filed,
    References,
    Digests,
    Versions,
    Mutations,
    Records,
    Flows,
    Approvals,
    Destroyed,
    Biometric,
    Gone,
    Closed,
    Compartments,
    Serials,
    Absent,
    Contents,
}

/// The passes, each with what it looks at, in the order in which they are made: what is quick comes first.
const PASSES: &[(Pass, &[u8])] = &[
    (Pass::Absent, &[14, 19, 23, 26]),
    (Pass::Filed, &[1]),
    (Pass::References, &[2]),
    (Pass::Digests, &[3]),
    (Pass::Versions, &[4]),
    (Pass::Approvals, &[10]),
    (Pass::Destroyed, &[18]),
    (Pass::Biometric, &[16]),
    (Pass::Gone, &[17]),
    (Pass::Closed, &[20]),
    (Pass::Compartments, &[21]),
    (Pass::Flows, &flows::RULES),
    (Pass::Records, &[5, 6, 7, 22]),
    (Pass::Mutations, &[5]),
    (Pass::Serials, &[22]),
    (Pass::Contents, &[3, 16]),
];

/// Looks at the invariants that are asked for. Writes nothing.
///
/// # Errors
/// Where the database or the index fails. What there was no time for is not checked, and says so.
pub async fn run(against: &Against, wanted: &Wanted) -> Result<Report, InvariantError> {
    let until = Instant::now() + against.within;
    let mut book = Book::default();
    let place = timeout_at(until, PLACE.acquire()).await;
    let Ok(place) = place else {
        for (_, numbers) in PASSES {
            late(&mut book, numbers);
        }
        return Ok(Report {
            at: against.db.now(),
            seq: None,
            findings: book.findings(wanted),
        });
    };
    let _place = place.map_err(|_closed| InvariantError::GivenUp)?;
    let on = snapshot(&against.db).await?;
    let seq = log::last(&on).await?;
    let people = People::read(&on).await?;
    for (pass, numbers) in PASSES {
        let deep = *pass != Pass::Contents || against.depth == Depth::Deep;
        if !deep || !wanted.has_any(numbers) {
            continue;
        }
        let done = Box::pin(one(*pass, &on, (against, &people), &mut book));
        let done = timeout_at(until, done).await;
        match done {
            Ok(done) => {
                done?;
                // Where there is nothing to look at nothing breaks it.
                for number in *numbers {
                    book.of(*number);
                }
            }
            Err(_late) => late(&mut book, numbers),
        }
    }
    on.rollback().await.map_err(DbError::from)?;
    if against.depth == Depth::Whole {
        let said = say(
            "Nach den Zeilen und dem Protokoll; die Inhalte selbst liest papierlos audit invariants --deep.",
            "By rows and log; the contents themselves are read by papierlos audit invariants --deep.",
        );
        book.of(3).beside(said);
    }
    Ok(Report {
        at: against.db.now(),
        seq,
        findings: book.findings(wanted),
    })
}

fn late(book: &mut Book, numbers: &[u8]) {
    for number in numbers {
        book.of(*number).unchecked(say(
            "Die Zeit reichte nicht; mit --only oder ?only= wenige auf einmal prüfen.",
            "There was no time; look at few at once by --only or ?only=.",
        ));
    }
}

/// One state of the database until the end, whatever is written meanwhile.
async fn snapshot(db: &Db) -> Result<DatabaseTransaction, DbError> {
    let reader = db.read();
    let postgres = reader.get_database_backend() == DbBackend::Postgres;
    let options = TransactionOptions {
        isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
        access_mode: postgres.then_some(AccessMode::ReadOnly),
        ..TransactionOptions::default()
    };
    let snapshot = reader.begin_with_options(options).await?;
    // The first statement fixes what is seen.
    let first = sql(&snapshot, "SELECT seq FROM audit_head", []);
    snapshot.query_one_raw(first).await?;
    Ok(snapshot)
}

async fn one(
    pass: Pass,
    on: &DatabaseTransaction,
    (against, people): (&Against, &People),
    book: &mut Book,
) -> Result<(), InvariantError> {
    match pass {
        Pass::Filed => records::filed(on, book).await?,
        Pass::References => records::references(on, book).await?,
        Pass::Digests => records::digests(on, book).await?,
        Pass::Versions => records::versions(on, book).await?,
        Pass::Mutations => log::mutations(on, book).await?,
        Pass::Records => log::records(on, people, book).await?,
        Pass::Flows => flows::all(on, (people, &against.calendar), book).await?,
        Pass::Approvals => pairs::approvals(on, book).await?,
        Pass::Destroyed => pairs::destroyed(on, book).await?,
        Pass::Biometric => contents::biometric(on, book).await?,
        Pass::Gone => {
            contents::gone(on, book).await?;
            contents::stored(on, &against.storage, book).await?;
        }
        Pass::Closed => records::closed(on, book).await?,
        Pass::Compartments => {
            compartments::rows(on, book).await?;
            match &against.index {
                Some(index) => compartments::index(on, index, book).await?,
                None => book.of(21).unchecked(say(
                    "Der Suchindex gehört gerade einem anderen Prozess; die Zeilen sind geprüft.",
                    "The index belongs to another process now; the rows were looked at.",
                )),
            }
        }
        Pass::Serials => compartments::serials(against.index.as_ref(), book).await?,
        Pass::Absent => outside::absent(on, book).await?,
        Pass::Contents => contents::read(on, &against.storage, book).await?,
    }
    Ok(())
}
