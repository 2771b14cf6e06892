//! A town that is made once for a run and copied from then on: adding its people by the command line takes longer
//! than most tests.
//!
//! `TEST_RUN_DIR` names the folder of the run. Without it each test makes a town of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::app::TestApp;
use crate::database::{Engine, TestDatabase};

/// What each copy is made of.
#[derive(Debug)]
pub(crate) struct Mould<T> {
    data: PathBuf,
    database: Option<String>,
    /// What was noted when it was made.
    pub noted: T,
}

#[derive(Deserialize, Serialize)]
struct Note<T> {
    database: Option<String>,
    noted: T,
}

impl<T: DeserializeOwned + Serialize> Mould<T> {
    /// The one of this run, made by `make` where nobody has yet: a server and what is to be noted. None where the
    /// run has no folder or its PostgreSQL is not its own, or where `make` gives none.
    pub(crate) async fn of_this_run<F>(engine: Engine, make: F) -> Option<Mould<T>>
    where
        F: AsyncFnOnce() -> Option<(TestApp, T)>,
    {
        let run = std::env::var_os("TEST_RUN_DIR").filter(|run| !run.is_empty())?;
        // On a server that stays the database of the mould would stay, too.
        if engine == Engine::Postgres && std::env::var_os("TEST_POSTGRES_OWN").is_none() {
            return None;
        }
        let folder = PathBuf::from(run).join(match engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        });
        let (data, note) = (folder.join("data"), folder.join("note.json"));
        let held = hold(folder).await;
        if !note.exists() {
            // Left by one that failed.
            fs::remove_dir_all(&data).ok();
            let (mut app, noted) = make().await?;
            app.stop();
            copy(app.data(), &data);
            let database = app.keep_database();
            let text = serde_json::to_vec(&Note { database, noted }).expect("JSON");
            fs::write(&note, text).expect("the folder of the run");
        }
        let text = fs::read(&note).expect("the note of the mould");
        drop(held);
        let Note { database, noted } =
            serde_json::from_slice(&text).expect("the note of the mould");
        Some(Mould {
            data,
            database,
            noted,
        })
    }

    /// A copy of the data folder, and of the database where that is not in it.
    pub(crate) async fn copy(&self) -> (TempDir, Option<TestDatabase>) {
        let folder = TempDir::new().expect("a temporary folder");
        copy(&self.data, folder.path());
        let database = match &self.database {
            Some(name) => TestDatabase::copy_of(name).await,
            None => None,
        };
        (folder, database)
    }
}

/// Holds the folder: whoever else wants it waits, in this process or another.
async fn hold(folder: PathBuf) -> File {
    let held = tokio::task::spawn_blocking(move || {
        fs::create_dir_all(&folder)?;
        let file = File::create(folder.join("lock"))?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    held.await
        .expect("the task ends")
        .expect("the folder of the run")
}

/// Copies what is in a folder into another, with who may read it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let mode = fs::metadata(from).expect("a folder").permissions();
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file is copied");
        }
    }
    fs::set_permissions(to, mode).expect("our own folder");
}
