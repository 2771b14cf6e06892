//! Connections: one that writes, some that only read, and what a failing database means.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
    Statement,
};
use thiserror::Error;

/// Connections that a command reads through beside a server.
const BESIDE_MAX: u32 = 6;
/// Longest wait for a connection or a lock.
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// Statements that a connection to SQLite keeps ready, and the one that writes to PostgreSQL.
const STATEMENTS_KEPT: usize = 400;

/// One process that stopped while it held the head of the log must not stop the others for ever: who
/// waits gives up, and the database ends the transaction of one that is silent or gone.
const WRITER_LIMITS: [(&str, &str); 5] = [
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("tcp_keepalives_idle", "15"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// The disk is full: SQLite's number, and the SQLSTATE of PostgreSQL.
const FULL: [&str; 2] = ["13", "53100"];
/// A second one of what must be unique: of a UNIQUE, of a primary key, and of PostgreSQL.
const TAKEN: [&str; 3] = ["2067", "1555", "23505"];
/// SQLite is busy (for whatever reason); PostgreSQL could not serialise, found a deadlock, or waited for a
/// lock in vain.
const CONTENDED: [&str; 7] = ["5", "261", "517", "773", "40001", "40P01", "55P03"];

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

impl DbError {
    /// Whether the database refused because its disk is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.has_code(&FULL)
    }

    /// Whether the database refused because what must be there once only is there already: somebody
    /// else was faster.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.has_code(&TAKEN)
    }

    /// Whether the database refused because somebody else held what was asked for: the same may well
    /// go through another time.
    #[must_use]
    pub fn is_contended(&self) -> bool {
        self.has_code(&CONTENDED)
    }

    /// Whether the database refused with one of these codes.
    fn has_code(&self, codes: &[&str]) -> bool {
        let Self::Failed(error) = self else {
            return false;
        };
        let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = &**error else {
            return false;
        };
        let RuntimeErr::SqlxError(cause) = cause else {
            return false;
        };
        let code = cause.as_database_error().and_then(|error| error.code());
        code.is_some_and(|code| codes.contains(&&*code))
    }
}

impl DbError {
    /// Whether there is no key for the key domain in which something shall stand, or none can be made.
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        use storage::KeyError::{File, Hold, UnknownDomain};
        let Self::Key(cause) = self else {
            return false;
        };
        matches!(**cause, UnknownDomain { .. } | File(_) | Hold(_))
    }
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
    Read {
        /// How many there may be.
        connections_max: u32,
    },
}

impl Access {
    /// As a command reads beside a server.
    pub const BESIDE: Self = Self::Read {
        connections_max: BESIDE_MAX,
    };
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
            Access::Read { connections_max } => connections_max,
        })
        .min_connections(1)
        .connect_timeout(WAIT_MAX)
        .acquire_timeout(WAIT_MAX)
        .test_before_acquire(false)
        // Without these nothing looks after idle connections. Whoever does counts them in a loop that never ends
        // when one is taken and given back at the same moment (sqlx 0.9: the count goes below nothing), and with
        // it the command or the worker that runs it.
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false);
    let read_only = access != Access::Write;
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .create_if_missing(!read_only)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What a savepoint may have to put back is kept in memory: on the disk it would be
            // three times what the log of the database itself writes.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(WAIT_MAX)
            .pragma("recursive_triggers", "ON");
        // Of 100, as the driver has it, a server at work uses more by turns, and would read most of them anew.
        let sqlite = sqlite.statement_cache_capacity(STATEMENTS_KEPT);
        // In KiB where negative: pages that lists, searches and filing come back to are not read anew.
        let sqlite = sqlite.pragma("cache_size", "-8192");
        if read_only {
            sqlite.pragma("query_only", "ON")
        } else {
            // In pages: the same pages are written into the database less often.
            sqlite.pragma("wal_autocheckpoint", "4000")
        }
    });
    options.map_sqlx_postgres_opts(move |postgres| {
        let mode = if read_only { "on" } else { "off" };
        let postgres = postgres.options([
            ("default_transaction_read_only", mode),
            ("synchronous_commit", "on"),
            // What locks keep apart is read anew behind them: by no other level that a cluster is set to.
            ("default_transaction_isolation", "read committed"),
        ]);
        if read_only {
            postgres
        } else {
            postgres
                .options(WRITER_LIMITS)
                .statement_cache_capacity(STATEMENTS_KEPT)
        }
    });
    // The future of the driver is long, and lies in that of everything that opens an archive.
    let connection = Box::pin(Database::connect(options)).await?;
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

/// `($1, $2), ($3, $4) …` for `rows` rows of `columns` columns, behind `after` parameters. For SQLite
/// they bear no numbers, which it would look up one by one: the cost would grow with the square of them.
#[must_use]
pub fn placeholders(backend: DbBackend, rows: usize, columns: usize, after: usize) -> String {
    let row = |row: usize| {
        let each = (0..columns).map(|column| {
            if backend == DbBackend::Sqlite {
                "?".to_owned()
            } else {
                format!("${}", after + row * columns + column + 1)
            }
        });
        format!("({})", each.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;

    use super::{Access, DbError, connect};

    #[tokio::test]
    async fn a_full_database_is_told_from_a_broken_one() {
        let database = connect("sqlite::memory:", Access::Write).await;
        let database = database.expect("a database");
        let run = async |text: &str| -> Result<(), DbError> {
            database.execute_unprepared(text).await?;
            Ok(())
        };
        run("CREATE TABLE room (bytes BLOB)")
            .await
            .expect("a table");
        run("PRAGMA max_page_count = 4").await.expect("a limit");
        let full = run("INSERT INTO room VALUES (zeroblob(1000000))").await;
        assert!(full.expect_err("there is no room").is_full());
        let broken = run("INSERT INTO nowhere VALUES (1)").await;
        assert!(!broken.expect_err("there is no table").is_full());
        assert!(!DbError::GivenUp.is_full());
    }

    #[tokio::test]
    async fn what_is_there_already_is_told_from_what_is_broken() {
        let database = connect("sqlite::memory:", Access::Write).await;
        let database = database.expect("a database");
        let run = async |text: &str| -> Result<(), DbError> {
            database.execute_unprepared(text).await?;
            Ok(())
        };
        let table = "CREATE TABLE name (id TEXT PRIMARY KEY, word TEXT UNIQUE NOT NULL)";
        run(table).await.expect("a table");
        let first = "INSERT INTO name VALUES ('1', 'a')";
        run(first).await.expect("the first");
        for second in ["('1', 'b')", "('2', 'a')"] {
            let taken = run(&format!("INSERT INTO name VALUES {second}")).await;
            let taken = taken.expect_err("it is there already");
            assert!(taken.is_taken() && !taken.is_contended(), "{taken:?}");
        }
        let missing = run("INSERT INTO name VALUES ('3', NULL)").await;
        let missing = missing.expect_err("a word is missing");
        assert!(!missing.is_taken() && !missing.is_contended());
    }

    #[tokio::test]
    async fn what_others_hold_is_told_from_what_is_broken() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let first = connect(&url, Access::Write).await.expect("a database");
        let second = connect(&url, Access::Write).await.expect("a database");
        let hold = "BEGIN IMMEDIATE";
        first.execute_unprepared(hold).await.expect("the lock");
        let at_once = second.execute_unprepared("PRAGMA busy_timeout = 0").await;
        at_once.expect("a setting");
        let busy = second.execute_unprepared(hold).await;
        let busy = DbError::from(busy.expect_err("the first has it"));
        assert!(busy.is_contended() && !busy.is_taken(), "{busy:?}");
    }
}
