//! A database for one test: a file of its own, or a copy in the PostgreSQL server of the test run.

use std::process::Command;
use std::sync::OnceLock;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use tempfile::TempDir;

/// The two databases that Papierlos runs on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// The server of Debian's package, started by the test run itself.
    Postgres,
}

impl Engine {
    /// The one that `TEST_DATABASE=sqlite|postgres` names; `SQLite` where it is not set.
    ///
    /// # Panics
    /// When it names another.
    #[must_use]
    pub fn of_this_run() -> Engine {
        match std::env::var("TEST_DATABASE").as_deref() {
            Err(_) | Ok("" | "sqlite") => Engine::Sqlite,
            Ok("postgres") => Engine::Postgres,
            Ok(other) => unreachable!("TEST_DATABASE={other}: sqlite or postgres"),
        }
    }
}

/// An empty database that goes away with this value.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File { _folder: TempDir },
    Server { admin: String, name: String },
}

impl TestDatabase {
    /// An empty database on `engine`. None, with a line that says so, where there is no PostgreSQL; in CI
    /// that is a failure.
    ///
    /// # Panics
    /// When the database cannot be made, or in CI when PostgreSQL is missing.
    pub async fn empty(engine: Engine) -> Option<TestDatabase> {
        match engine {
            Engine::Sqlite => Some(TestDatabase::file()),
            Engine::Postgres => TestDatabase::on_server().await,
        }
    }

    /// The address as the server's configuration takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection past the server, for tests that play the database's administrator.
    ///
    /// # Panics
    /// When there is none to be had.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await.expect("the test's own database")
    }

    /// A copy, made while nobody is connected to it.
    ///
    /// # Panics
    /// When it is a file, or the copy cannot be made.
    pub async fn copy(&self) -> TestDatabase {
        let Place::Server { name, .. } = &self.place else {
            unreachable!("a file is copied with its folder");
        };
        let copy = TestDatabase::copy_of(name).await;
        copy.expect("the server of this database")
    }

    fn file() -> TestDatabase {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("papierlos.db").display()
        );
        TestDatabase {
            url,
            place: Place::File { _folder: folder },
        }
    }

    async fn on_server() -> Option<TestDatabase> {
        TestDatabase::copy_of("template0").await
    }

    /// Leaves the database where it is and names it, for [`TestDatabase::copy_of`]. None where it is a file.
    pub(crate) fn keep(self) -> Option<String> {
        let name = match &self.place {
            Place::File { .. } => return None,
            Place::Server { name, .. } => name.clone(),
        };
        std::mem::forget(self);
        Some(name)
    }

    /// A copy of a database of this run's server that nobody is connected to.
    pub(crate) async fn copy_of(template: &str) -> Option<TestDatabase> {
        let admin = server_url()?;
        let name = format!("test_{}", uuid::Uuid::now_v7().simple());
        let connection = connect(&admin)
            .await
            .expect("the PostgreSQL server of this run");
        connection
            .execute_unprepared(&format!(
                "CREATE DATABASE \"{name}\" TEMPLATE \"{template}\""
            ))
            .await
            .expect("a database for this test");
        connection.close().await.expect("an idle connection closes");
        let url = with_database(&admin, &name);
        Some(TestDatabase {
            url,
            place: Place::Server { admin, name },
        })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Place::Server { admin, name } = &self.place else {
            return;
        };
        let (admin, name) = (admin.clone(), name.clone());
        // A thread with a runtime of its own: a destructor cannot wait for the one it runs on.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let connection = connect(&admin).await?;
                connection
                    .execute_unprepared(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))
                    .await?;
                connection.close().await
            })
        })
        .join();
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("the database of this test stays until the server ends: {dropped:?}");
        }
    }
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}

/// `admin` with another database name: the last part of the path.
fn with_database(admin: &str, name: &str) -> String {
    let (server, _) = admin
        .rsplit_once('/')
        .expect("postgres://user:password@host:port/database");
    format!("{server}/{name}")
}

/// The server of this run: nextest's set-up script names it; `cargo test` starts one for this process.
fn server_url() -> Option<String> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER
        .get_or_init(|| match std::env::var("TEST_POSTGRES_URL") {
            Ok(url) => Some(url),
            Err(_) => start_server(),
        })
        .clone()
}

fn start_server() -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");
    let reason = match std::env::var("TEST_POSTGRES_SKIPPED") {
        Ok(reason) => reason,
        Err(_) => {
            let output = Command::new(script)
                .args(["start", &std::process::id().to_string()])
                .output()
                .expect("scripts/postgres.sh");
            if output.status.success() {
                return Some(String::from_utf8_lossy(&output.stdout).trim().to_owned());
            }
            String::from_utf8_lossy(&output.stderr).trim().to_owned()
        }
    };
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "in CI nothing is skipped: {reason}"
    );
    eprintln!("skipped: PostgreSQL: {reason}");
    None
}
