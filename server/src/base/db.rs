//! Connections: one that writes, some that only read, and what a failing database means.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
};
use thiserror::Error;

/// Most connections that read at the same time.
pub const READERS_MAX: u32 = 6;
/// Longest wait for a connection or a lock.
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, Error)]
pub enum DbError {
    /// The database refused or could not be reached.
    #[error("the database did not carry out the statement")]
    Failed(#[source] Arc<DbErr>),
    /// A write wanted to commit without saying what it did. A bug of ours: nothing was written.
    #[error("a change without an audit record was refused")]
    Unaudited,
    /// The row has moved on since it was read.
    #[error("the row was changed by someone else meanwhile")]
    Stale,
    /// A row holds what our code never writes.
    #[error("{table} {key} cannot be read: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The log could not be continued.
    #[error("the audit log cannot be continued: {0}")]
    Log(&'static str),
    /// The server is going down, or the operation fell over; nothing was written.
    #[error("the write was given up")]
    GivenUp,
    /// Key material could not be used.
    #[error("a key could not be used")]
    Key(#[source] Arc<storage::KeyError>),
}

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl From<storage::KeyError> for DbError {
    fn from(error: storage::KeyError) -> Self {
        Self::Key(Arc::new(error))
    }
}

/// Which way a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The one that writes.
    Write,
    /// Those that cannot write.
    Read,
}

/// Opens `url` (`sqlite://path` or `postgres://…`).
///
/// SQLite runs in WAL with full sync, foreign keys and recursive triggers on. The settings are read
/// back, because some libraries are known to switch the sync off behind one's back.
pub async fn connect(url: &str, access: Access) -> Result<DatabaseConnection, DbError> {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(match access {
            Access::Write => 1,
            Access::Read => READERS_MAX,
        })
        .min_connections(1)
        .connect_timeout(WAIT_MAX)
        .acquire_timeout(WAIT_MAX)
        .test_before_acquire(false)
        .sqlx_logging(false);
    let read_only = access == Access::Read;
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .create_if_missing(!read_only)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT_MAX)
            .pragma("recursive_triggers", "ON");
        if read_only {
            sqlite.pragma("query_only", "ON")
        } else {
            sqlite
        }
    });
    options.map_sqlx_postgres_opts(move |postgres| {
        let mode = if read_only { "on" } else { "off" };
        postgres.options([
            ("default_transaction_read_only", mode),
            ("synchronous_commit", "on"),
        ])
    });
    let connection = Database::connect(options).await?;
    if connection.get_database_backend() == DbBackend::Sqlite {
        check_pragmas(&connection).await?;
    }
    Ok(connection)
}

async fn check_pragmas(connection: &DatabaseConnection) -> Result<(), DbError> {
    for (pragma, expected) in [
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
    ] {
        let asked = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
        let row = connection.query_one_raw(asked).await?;
        let found: i32 = match row {
            Some(row) => row.try_get_by_index(0)?,
            None => 0,
        };
        if found != expected {
            return Err(DbError::Log(
                "a setting that durability rests on is not in force",
            ));
        }
    }
    Ok(())
}

/// A statement with numbered parameters (`$1` …), understood by both databases.
pub fn sql(
    connection: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), text, values)
}

/// `($1, $2), ($3, $4) …` for `rows` rows of `columns` columns.
#[must_use]
pub fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let each = (0..columns).map(|column| format!("${}", row * columns + column + 1));
        format!("({})", each.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
