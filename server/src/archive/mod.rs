//! Start and end of an archive: keys, database, log, store; the same code for every command.

#[cfg(test)]
mod handing;
#[cfg(test)]
mod inspecting;
mod keys;
#[cfg(test)]
mod rotating;
mod schema;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unfinished;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use storage::{Backend, KeyDomain, KeyFile, KeyHold, Kms, Storage};
use thiserror::Error;

use self::keys::{needed_keys, open_keys, open_log_keys};
use crate::audit::event::Action;
use crate::audit::log::Log;
use crate::audit::{LeafHash, NoteKey, NoteSigner, Origin, genesis};
use crate::base::db::{Access, DbError, connect, sql};
use crate::base::{Actor, Clock, SystemClock};
use crate::config::{self, Config, DatabaseUrl};
use crate::documents::DOMAINS;
use crate::ledger::Which;
use crate::ledger::keys::{KeysError, LogKeys};
use crate::ledger::publisher::{Publication, PublishError, Publisher};
use crate::ledger::witnesses::{BadWitness, Configured};
use crate::unit::{Db, Unit};

/// Shortest time between two checkpoints of the log of looks: many look all day, and each costs writes to the disk.
const LOOKS_EVERY: Duration = Duration::from_secs(10);

pub use schema::{SchemaError, bring_up};

/// Why an archive could not be opened. Each says what to look at.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A folder could not be made.
    #[error("the folder {path} cannot be used")]
    Folder {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The archive has rows but the file with its keys is gone.
    #[error(
        "the {what} {path} is missing, but the archive was set up with one; \
         bring the file back from its safe place"
    )]
    Missing {
        /// Which file.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
    },
    /// The key file cannot be used, or lacks a key.
    #[error("the keys cannot be used")]
    Keys(#[from] storage::KeyError),
    /// The signing key cannot be used.
    #[error("the signing key {path} cannot be used")]
    Signer {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: crate::audit::note::NoteError,
    },
    /// The signing key is not the one in force.
    #[error("the log cannot be signed")]
    SigningKey(#[source] Box<KeysError>),
    /// The archive belongs to another log.
    #[error("the archive was set up as {what} {found}, but the settings say {expected}")]
    Foreign {
        /// What differs.
        what: &'static str,
        /// What the archive says.
        found: String,
        /// What the settings say.
        expected: String,
    },
    /// The name of the log has a form that a log cannot have.
    #[error("log.origin: {0} is not a name for a log")]
    Origin(String),
    /// The settings name a witness that is none.
    #[error("the witnesses of the log cannot be asked")]
    Witness(#[from] BadWitness),
    /// Lock, published log and database contradict each other.
    #[error("the log cannot be continued")]
    Lock(#[from] PublishError),
    /// The folder of the database is not there.
    #[error(
        "{path}: there is no such folder; name the archive's folder with --data, or set up a new \
         archive with `papierlos serve`"
    )]
    NoFolder {
        /// Its path.
        path: PathBuf,
    },
    /// The folder is there, but no archive in it.
    #[error("{path}: there is no archive here; name the archive's folder with --data")]
    NoArchive {
        /// Where its database should be.
        path: PathBuf,
    },
    /// The schema is that of another program, or cannot be brought up.
    #[error("the database cannot be brought to this version")]
    Migrate(#[from] SchemaError),
    /// The store.
    #[error("the store cannot be opened")]
    Backend(#[from] storage::BackendError),
    /// The database.
    #[error("the database cannot be opened")]
    Db(#[from] DbError),
}

/// An open archive: what every command needs. The server adds its tasks.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The database.
    pub db: Db,
    /// The store.
    pub storage: Storage,
    /// Where the store lies.
    pub backend: Backend,
    /// The key file, for checks and rotation.
    pub keys: Arc<KeyFile>,
    /// Keeps the key file as it was read while this archive is open.
    pub hold: Arc<KeyHold>,
    /// How the log is published.
    pub publication: Publication,
    /// Who is asked to cosign it.
    pub witnesses: Configured,
    /// How the log of looks is published.
    pub looks: Publication,
    /// The name of the second log, and its first `prev`.
    pub access: (Origin, LeafHash),
    /// The key of cursors: the same in every process of the archive.
    pub cursor_key: [u8; 32],
}

/// The address of the database, as the driver wants it.
#[must_use]
pub fn database_url(config: &Config) -> String {
    match &config.database.url {
        // A path from the root, or its beginning would be taken for a host; what ends a path in an address or
        // begins a code there is written as a code. A question mark never comes: there the settings cut it.
        DatabaseUrl::Sqlite(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let path = path.display().to_string();
            format!("sqlite://{}", path.replace('%', "%25").replace('#', "%23"))
        }
        DatabaseUrl::Postgres(url) => url.expose().to_owned(),
    }
}

/// Refuses to look for a database in a folder that is not there.
pub fn require_folder(config: &Config) -> Result<(), OpenError> {
    let DatabaseUrl::Sqlite(path) = &config.database.url else {
        return Ok(());
    };
    match path.parent() {
        Some(path) if !path.as_os_str().is_empty() && !path.is_dir() => Err(OpenError::NoFolder {
            path: path.to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Refuses to take a folder without an archive for one that is new and empty: its name was mistyped, or the
/// database is lost. A database elsewhere is there, or cannot be reached.
pub fn require_archive(config: &Config) -> Result<(), OpenError> {
    require_folder(config)?;
    match &config.database.url {
        DatabaseUrl::Sqlite(path) if !path.exists() => {
            Err(OpenError::NoArchive { path: path.clone() })
        }
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => Ok(()),
    }
}

/// Makes a folder that only its owner may enter.
fn folder(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|source| OpenError::Folder {
        path: path.to_owned(),
        source,
    })
}

fn folders(config: &Config) -> Result<(), OpenError> {
    folder(&config.data_dir)?;
    let database = match &config.database.url {
        DatabaseUrl::Sqlite(path) => path.parent(),
        DatabaseUrl::Postgres(_) => None,
    };
    let parents = [
        config.key_file.parent(),
        config.log.signing_key_file.parent(),
        database,
    ];
    for parent in parents
        .into_iter()
        .flatten()
        .filter(|path| !path.as_os_str().is_empty())
    {
        folder(parent)?;
    }
    folder(&config.log.lock_dir)?;
    folder(&config.index.dir)
}

/// Whether the lock lies on the file system of the database: whatever sets that back may set back both.
/// Not where the database is a server of its own, or one of them is not there.
#[must_use]
pub fn lock_beside_database(config: &Config) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let DatabaseUrl::Sqlite(database) = &config.database.url else {
        return false;
    };
    let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
    device(database).is_some_and(|found| device(&config.log.lock_dir) == Some(found))
}

fn backend(config: &Config) -> Backend {
    match &config.storage {
        config::Storage::Folder(path) => Backend::Folder { path: path.clone() },
        config::Storage::S3(s3) => Backend::S3 {
            bucket: s3.bucket.clone(),
            endpoint: s3.endpoint.clone(),
            region: s3.region.clone(),
            access_key: s3.access_key.clone(),
            secret_key: storage::Secret::new(s3.secret_key.expose()),
            allow_http: s3.allow_http,
            prefix: s3.prefix.clone(),
        },
    }
}

impl Archive {
    /// Opens the archive of these settings; sets one up where there is none. For commands with which an archive
    /// begins; the others take [`Archive::existing`].
    ///
    /// Nothing is written to a log that the lock contradicts: such an archive is not opened.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        Self::open_at(config, Arc::new(SystemClock)).await
    }

    /// Like [`Archive::open`], but sets nothing up.
    pub async fn existing(config: &Config) -> Result<Self, OpenError> {
        require_archive(config)?;
        Self::open(config).await
    }

    /// Like [`Archive::open`], by another clock.
    pub async fn open_at(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        folders(config)?;
        let hold = Arc::new(KeyHold::shared(&config.key_file)?);
        let archive = Self::open_parts(config, clock, hold).await?;
        archive.begin().await?;
        Ok(archive)
    }

    /// Like [`Archive::open`], by whoever holds the key file alone.
    pub async fn open_alone(config: &Config, hold: Arc<KeyHold>) -> Result<Self, OpenError> {
        let archive = Self::open_parts(config, Arc::new(SystemClock), hold).await?;
        archive.begin().await?;
        Ok(archive)
    }

    /// Like [`Archive::existing`], also where the lock contradicts its log, and says so: it takes no change
    /// then and is only looked at.
    pub async fn open_to_check(config: &Config) -> Result<(Self, Option<PublishError>), OpenError> {
        require_archive(config)?;
        folders(config)?;
        let hold = Arc::new(KeyHold::shared(&config.key_file)?);
        let archive = Self::open_parts(config, Arc::new(SystemClock), hold).await?;
        match archive.begin().await {
            Ok(()) => Ok((archive, None)),
            Err(OpenError::Lock(contradiction)) => {
                archive.db.freeze();
                Ok((archive, Some(contradiction)))
            }
            Err(error) => Err(error),
        }
    }

    /// Holds the log against the lock, and begins it where there is none.
    async fn begin(&self) -> Result<(), OpenError> {
        Publisher::check(&self.db, &self.storage, self.publication.clone()).await?;
        Ok(begin_log(&self.db).await?)
    }

    async fn open_parts(
        config: &Config,
        clock: Arc<dyn Clock>,
        hold: Arc<KeyHold>,
    ) -> Result<Self, OpenError> {
        let url = database_url(config);
        let setup = connect(&url, Access::Write).await?;
        bring_up(&setup).await?;
        let known = stored(&setup, "verifier").await?;
        let domains: Result<Vec<_>, _> = DOMAINS
            .iter()
            .map(|domain| KeyDomain::parse(domain))
            .collect();
        let domains = domains?;
        let now = clock.now().to_string();
        let keys = Arc::new(open_keys(config, known.is_some(), &domains, &now)?);
        keys.check(&needed_keys(&setup).await?)?;
        // A log keeps its name for ever; the address that a default was made of may change.
        let kept = stored(&setup, "origin").await?;
        let said = config
            .shown()
            .iter()
            .any(|one| one.key == "log.origin" && !one.is_default);
        let name = kept
            .filter(|_| !said)
            .unwrap_or_else(|| config.log.origin.clone());
        let origin: Origin = name.parse().map_err(|_bad| OpenError::Origin(name))?;
        let log_keys = Arc::new(open_log_keys(config, known, &origin, &setup).await?);
        let cursor_key = set_up(&setup, &origin, log_keys.first()).await?;
        drop(setup.close().await);

        let kms: Arc<dyn Kms> = Arc::clone(&keys) as Arc<dyn Kms>;
        let backend = backend(config);
        let storage = Storage::new(
            backend.open().await?,
            Arc::clone(&kms),
            storage::Limits {
                content_bytes_max: config.limits.upload_bytes_max,
                ..storage::Limits::default()
            },
        );
        let first = genesis(&origin, log_keys.first());
        let log = Log::new(
            origin.clone(),
            first,
            kms,
            domains
                .first()
                .cloned()
                .ok_or_else(|| OpenError::Origin(origin.to_string()))?,
        );
        let db = Db::open(&url, config.database.connections_max, log, clock).await?;
        let access = access_origin(&origin)?;
        let access = (access.clone(), genesis(&access, log_keys.first()));
        let (publication, looks) = publications(config, (origin, access.0.clone()), log_keys);
        Ok(Self {
            db,
            storage,
            backend,
            keys,
            hold,
            publication,
            witnesses: Configured::of(&config.log)?,
            looks,
            access,
            cursor_key,
        })
    }
}

/// An archive that is only read, by an auditor or beside a running server: nothing is set up, brought
/// to a newer version or written.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The address of the database.
    pub url: String,
    /// The store, with the keys that open what is in it.
    pub storage: Storage,
    /// The name of the log.
    pub origin: Origin,
    /// The public key of the log: of the signing key where that can be read, else as the database
    /// has it.
    pub key: NoteKey,
    /// Who is asked to cosign it.
    pub witnesses: Configured,
    /// The file that holds the last signed checkpoint.
    pub lock: PathBuf,
    /// The same of the log of looks.
    pub looks_lock: PathBuf,
}

impl Reading {
    /// Opens what is there.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        require_folder(config)?;
        let url = database_url(config);
        let database = connect(&url, Access::BESIDE).await?;
        let origin = stored(&database, "origin").await?.unwrap_or_default();
        let verifier = stored(&database, "verifier").await?.unwrap_or_default();
        drop(database.close().await);
        let domains: Result<Vec<_>, _> = DOMAINS
            .iter()
            .map(|domain| KeyDomain::parse(domain))
            .collect();
        let kms: Arc<dyn Kms> = Arc::new(KeyFile::open(&config.key_file, &domains?)?);
        let path = &config.log.signing_key_file;
        let wrong = |source| OpenError::Signer {
            path: path.clone(),
            source,
        };
        let key = if path.exists() {
            NoteSigner::load(path).map_err(wrong)?.verifier()
        } else {
            verifier.parse().map_err(wrong)?
        };
        let backend = backend(config).open().await?;
        Ok(Self {
            url,
            storage: Storage::new(backend, kms, storage::Limits::default()),
            origin: origin
                .parse()
                .map_err(|_source| OpenError::Origin(origin.clone()))?,
            key,
            witnesses: Configured::of(&config.log)?,
            lock: lock_file(config, Which::Changes),
            looks_lock: lock_file(config, Which::Looks),
        })
    }
}

/// How the log of changes is published, and how that of looks.
fn publications(
    config: &Config,
    (origin, looks): (Origin, Origin),
    keys: Arc<LogKeys>,
) -> (Publication, Publication) {
    let changes = Publication {
        which: Which::Changes,
        origin,
        keys,
        lock: lock_file(config, Which::Changes),
        every: config.log.publish,
        heartbeat: config.log.heartbeat,
    };
    let looks = Publication {
        which: Which::Looks,
        origin: looks,
        lock: lock_file(config, Which::Looks),
        every: LOOKS_EVERY,
        ..changes.clone()
    };
    (changes, looks)
}

/// The file that holds the last signed checkpoint of a log.
fn lock_file(config: &Config, which: Which) -> PathBuf {
    config.log.lock_dir.join(match which {
        Which::Changes => "checkpoint",
        Which::Looks => "access-checkpoint",
    })
}

/// The name of the second log.
pub fn access_origin(origin: &Origin) -> Result<Origin, OpenError> {
    origin
        .of_looks()
        .map_err(|_source| OpenError::Origin(origin.to_string()))
}

/// What the archive says of itself under `name`.
pub async fn stored(on: &impl ConnectionTrait, name: &str) -> Result<Option<String>, DbError> {
    let text = "SELECT value FROM installation WHERE name = $1";
    let row = on.query_one_raw(sql(on, text, [name.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

async fn store(on: &impl ConnectionTrait, name: &str, value: &str) -> Result<(), DbError> {
    let text = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    on.execute_raw(sql(on, text, [name.into(), value.into()]))
        .await?;
    Ok(())
}

/// Writes down at the first start what must never differ later; gives the key of cursors.
async fn set_up(
    on: &impl ConnectionTrait,
    origin: &Origin,
    first: &NoteKey,
) -> Result<[u8; 32], OpenError> {
    let verifier = first.to_string();
    for (what, name, expected) in [
        ("log", "origin", origin.as_str()),
        ("verifier", "verifier", verifier.as_str()),
    ] {
        store(on, name, expected).await?;
        let found = stored(on, name).await?.unwrap_or_default();
        if found != expected {
            let expected = expected.to_owned();
            return Err(OpenError::Foreign {
                what,
                found,
                expected,
            });
        }
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|_source| DbError::Log("the machine gave no random bytes"))?;
    store(on, "cursor_key", &hex::encode(key)).await?;
    let kept = stored(on, "cursor_key").await?.unwrap_or_default();
    hex::decode_to_slice(kept, &mut key)
        .map_err(|_source| DbError::Log("the key of cursors is not a key"))?;
    Ok(key)
}

/// The first record. Another process may be faster: then there is nothing to do.
async fn begin_log(db: &Db) -> Result<(), DbError> {
    if db.head().borrow().is_some() {
        return Ok(());
    }
    let begun = db
        .write(&Actor::system(), async |unit: &mut Unit| {
            unit.record(Action::LogStart, None);
            Ok::<(), DbError>(())
        })
        .await;
    let Err(error) = begun else { return Ok(()) };
    let on = db.read();
    let text = "SELECT seq FROM audit_head WHERE id = 1";
    match on.query_one_raw(sql(on, text, [])).await? {
        Some(_) => Ok(()),
        None => Err(error),
    }
}
