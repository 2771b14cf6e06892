//! The keys of the log: which one is in force, where its secret half lies, and by which it was preceded.
//!
//! The chain of keys is that of the handovers in the database, behind the key with which the archive was set up. The
//! secret half lies in a file, and while a rotation is under way also beside it: whichever of the two is in force by
//! the chain signs. So there is no moment at which none of them is, and a process that learns of a handover goes on
//! with the new key as soon as it finds it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sea_orm::{ConnectionTrait, DbBackend};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::audit::note::NoteError;
use crate::audit::rotation::{HandoverError, HandoverNote, KeyChain, short};
use crate::audit::{NoteKey, NoteSigner, Origin, Policy};
use crate::base::db::{DbError, sql};

/// How the rows of handovers are called: this, their number, a dot, the name of the log.
const ROW: &str = "handover.";
/// The lock of whoever hands a key over and whoever is about to sign; nothing else here takes locks of this kind.
const HANDING: i64 = 0x5061_7069_6572_0002;

/// Why there is no key to sign with.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The key file is gone.
    #[error("the signing key {path} is missing, but the log was signed with one")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key file cannot be used.
    #[error("the signing key {path} cannot be used")]
    Signer {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: NoteError,
    },
    /// The key file holds a key that was handed over.
    #[error(
        "the signing key {found} in {path} was handed over: {newest} signs the log now; put that key in its place"
    )]
    Retired {
        /// The key file.
        path: PathBuf,
        /// Name and id of the key in it.
        found: String,
        /// Name and id of the key in force.
        newest: String,
    },
    /// The key file holds a key that this log never had.
    #[error("the signing key {found} in {path} is not one of this log, which {newest} signs")]
    Foreign {
        /// The key file.
        path: PathBuf,
        /// The key in it.
        found: Box<NoteKey>,
        /// Name and id of the key in force.
        newest: String,
    },
    /// The handovers in the database make no chain.
    #[error("{name} in the database cannot be used")]
    Handover {
        /// Which one.
        name: String,
        /// Why.
        source: HandoverError,
    },
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
}

/// A path beside another one: the same name with an ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    PathBuf::from(beside)
}

/// Where a new key lies until it takes the place of the one before it.
pub(super) fn next_of(path: &Path) -> PathBuf {
    beside(path, ".next")
}

/// The name of the row of a handover.
pub(super) fn row_name(origin: &Origin, number: usize) -> String {
    format!("{ROW}{number}.{origin}")
}

/// A handover as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    origin: String,
    number: u64,
    note: String,
}

/// All handovers in the database, log by log, in their order.
async fn rows(on: &impl ConnectionTrait) -> Result<Vec<Row>, DbError> {
    let text = format!("SELECT name, value FROM installation WHERE name LIKE '{ROW}%'");
    let mut rows = Vec::new();
    for row in on.query_all_raw(sql(on, text, [])).await? {
        let name: String = row.try_get_by_index(0)?;
        let parts = name.strip_prefix(ROW).and_then(|rest| rest.split_once('.'));
        let Some((number, origin)) = parts else {
            continue;
        };
        rows.push(Row {
            origin: origin.to_owned(),
            // What is no number comes last, and is found out as what it is.
            number: number.parse().unwrap_or(u64::MAX),
            note: row.try_get_by_index(1)?,
        });
    }
    rows.sort_by(|left, right| (&left.origin, left.number).cmp(&(&right.origin, right.number)));
    Ok(rows)
}

/// Whether one of the handovers that are known is not among those that were read.
fn lacks(read: &[Row], known: &[Row]) -> bool {
    let same = |one: &Row, other: &Row| (&one.origin, one.number) == (&other.origin, other.number);
    known
        .iter()
        .any(|known| !read.iter().any(|row| same(row, known)))
}

fn notes(rows: &[Row], origin: &str) -> Vec<HandoverNote> {
    let of_it = rows.iter().filter(|row| row.origin == origin);
    of_it
        .map(|row| HandoverNote {
            name: format!("handover {}", row.number),
            note: row.note.clone().into_bytes(),
        })
        .collect()
}

/// The handovers of the log of this name, as the database has them, in their order.
pub async fn handovers(
    on: &impl ConnectionTrait,
    origin: &str,
) -> Result<Vec<HandoverNote>, DbError> {
    Ok(notes(&rows(on).await?, origin))
}

/// Makes whoever is about to sign wait for a handover that is being committed: also for one whose process has died
/// meanwhile. Where there is one writer anyway, nobody waits.
async fn after_handing(on: &impl ConnectionTrait) -> Result<(), DbError> {
    if on.get_database_backend() == DbBackend::Postgres {
        let text = "SELECT pg_advisory_xact_lock_shared($1)";
        on.execute_raw(sql(on, text, [HANDING.into()])).await?;
    }
    Ok(())
}

/// Keeps a handover; whoever looks for it before the end of the transaction waits for that.
pub(super) async fn keep(
    tx: &impl ConnectionTrait,
    name: String,
    note: String,
) -> Result<(), DbError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let text = "SELECT pg_advisory_xact_lock($1)";
        tx.execute_raw(sql(tx, text, [HANDING.into()])).await?;
    }
    let text = "INSERT INTO installation (name, value) VALUES ($1, $2)";
    tx.execute_raw(sql(tx, text, [name.into(), note.into()]))
        .await?;
    Ok(())
}

/// The keys of an archive, shared by all who sign and by all who say who signs.
#[derive(Debug)]
pub struct LogKeys {
    path: PathBuf,
    /// The name under which the keys lie in their files: that of the log of changes.
    origin: Origin,
    /// The key with which the archive was set up.
    first: NoteKey,
    /// Had by whoever reads, until what was read is known here: what was read earlier never takes the place of what was
    /// read later, or a key would sign again that was handed over.
    reading: Mutex<()>,
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// What lies in the key file, and beside it.
    signers: Vec<Arc<NoteSigner>>,
    rows: Vec<Row>,
    /// Of each log whose key was handed over.
    chains: BTreeMap<String, KeyChain>,
}

impl LogKeys {
    /// The keys of a new archive: this one, which lies in the key file already.
    #[must_use]
    pub fn begin(path: &Path, origin: &Origin, signer: NoteSigner) -> Self {
        Self {
            path: path.to_owned(),
            origin: origin.clone(),
            first: signer.verifier(),
            reading: Mutex::default(),
            held: RwLock::new(Held {
                signers: vec![Arc::new(signer)],
                ..Held::default()
            }),
        }
    }

    /// The keys of an archive that was set up with `first`. Refuses a key file whose key is not in force.
    pub async fn open(
        path: &Path,
        origin: &Origin,
        first: NoteKey,
        on: &impl ConnectionTrait,
    ) -> Result<Self, KeysError> {
        let keys = Self {
            path: path.to_owned(),
            origin: origin.clone(),
            first,
            reading: Mutex::default(),
            held: RwLock::default(),
        };
        keys.refresh(on).await?;
        if keys.signer(origin).is_err() {
            // A rotation may have ended since the handovers were read, and before the file was.
            keys.refresh(on).await?;
        }
        keys.signer(origin)?;
        Ok(keys)
    }

    /// Reads the handovers again: who signs is known then, also where there is no key to do so. Handovers that were
    /// known once stay known.
    pub async fn learn(&self, on: &impl ConnectionTrait) -> Result<(), KeysError> {
        let _alone = self.reading.lock().await;
        self.learn_alone(on).await
    }

    /// Reads the handovers again, and the key file where the key in force is not known here.
    pub async fn refresh(&self, on: &impl ConnectionTrait) -> Result<(), KeysError> {
        let _alone = self.reading.lock().await;
        self.learn_alone(on).await?;
        if self.sign_all() {
            return Ok(());
        }
        let path = self.path.clone();
        let loaded = tokio::task::spawn_blocking(move || load(&path)).await;
        let loaded = loaded.unwrap_or_else(|gone| {
            Err(KeysError::Signer {
                path: self.path.clone(),
                source: NoteError::File(io::Error::other(gone)),
            })
        });
        let signers = loaded?.into_iter().map(Arc::new).collect();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.signers = signers;
        Ok(())
    }

    async fn learn_alone(&self, on: &impl ConnectionTrait) -> Result<(), KeysError> {
        after_handing(on).await?;
        let rows = rows(on).await?;
        if self.held().rows == rows {
            return Ok(());
        }
        if lacks(&rows, &self.held().rows) {
            // What follows from it the publisher says: such a database has less records than were signed.
            tracing::warn!("the database no longer knows a handover of the signing key");
            return Ok(());
        }
        let chains = self.chains(&rows)?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        (held.rows, held.chains) = (rows, chains);
        Ok(())
    }

    /// Whether the keys in force are known here, of the log of changes and of those that were handed over: while a
    /// rotation is under way, one log may have gone over and the other not yet.
    fn sign_all(&self) -> bool {
        let names: Vec<String> = self.held().chains.keys().cloned().collect();
        let mut others = names.iter().filter_map(|name| name.parse::<Origin>().ok());
        self.signer(&self.origin).is_ok() && others.all(|origin| self.signer(&origin).is_ok())
    }

    fn chains(&self, rows: &[Row]) -> Result<BTreeMap<String, KeyChain>, KeysError> {
        let mut chains = BTreeMap::new();
        for row in rows {
            if chains.contains_key(&row.origin) {
                continue;
            }
            let Ok(origin) = row.origin.parse::<Origin>() else {
                continue;
            };
            let linked = self.linked(&origin, &notes(rows, &row.origin));
            let chain = linked.map_err(|(name, source)| KeysError::Handover { name, source })?;
            chains.insert(row.origin.clone(), chain);
        }
        Ok(chains)
    }

    /// The keys of the log of this name by these handovers, or what is wrong with one of them, and which it is.
    pub(super) fn linked(
        &self,
        origin: &Origin,
        notes: &[HandoverNote],
    ) -> Result<KeyChain, (String, HandoverError)> {
        let trusted = Policy::new(vec![self.first.named(origin)]);
        let (chain, faults) = KeyChain::build(&trusted, notes);
        faults.into_iter().next().map_or(Ok(chain), Err)
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file in which the key in force lies, unless a rotation is under way.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key with which the archive was set up: its logs begin with it.
    #[must_use]
    pub const fn first(&self) -> &NoteKey {
        &self.first
    }

    /// The keys of the log of this name, with their eras.
    #[must_use]
    pub fn chain(&self, origin: &Origin) -> KeyChain {
        self.known(origin).0
    }

    /// The keys of the log of this name, with their eras, and the handovers by which they follow each other: both as of
    /// one instant.
    #[must_use]
    pub fn known(&self, origin: &Origin) -> (KeyChain, Vec<HandoverNote>) {
        let held = self.held();
        let chain = held.chains.get(origin.as_str()).cloned();
        let chain = chain.unwrap_or_else(|| KeyChain::of(self.first.named(origin)));
        (chain, notes(&held.rows, origin.as_str()))
    }

    /// How many handovers the log of this name has, and how many that of changes has: both as of one instant.
    pub(super) fn handed_over(&self, origin: &Origin) -> (usize, usize) {
        let held = self.held();
        let count = |origin: &Origin| {
            let chain = held.chains.get(origin.as_str());
            chain.map_or(0, |chain| chain.handovers().len())
        };
        (count(origin), count(&self.origin))
    }

    /// The public half of the key that signs the log of this name.
    #[must_use]
    pub fn verifier(&self, origin: &Origin) -> NoteKey {
        let newest = self.chain(origin).newest().cloned();
        newest.unwrap_or_else(|| self.first.named(origin))
    }

    /// The key that signs the log of this name, under that name.
    pub fn signer(&self, origin: &Origin) -> Result<Arc<NoteSigner>, KeysError> {
        let chain = self.chain(origin);
        let newest = chain.newest().cloned();
        let newest = newest.unwrap_or_else(|| self.first.named(origin));
        let held = self.held();
        let is_newest = |signer: &&Arc<NoteSigner>| signer.named(origin).verifier() == newest;
        if let Some(signer) = held.signers.iter().find(is_newest) {
            return Ok(Arc::new(signer.named(origin)));
        }
        let path = self.path.clone();
        let Some(found) = held.signers.first() else {
            return Err(KeysError::Missing { path });
        };
        let (found, newest) = (found.verifier(), short(&newest));
        if chain.keys().contains(&found.named(origin)) {
            let found = short(&found);
            return Err(KeysError::Retired {
                path,
                found,
                newest,
            });
        }
        Err(KeysError::Foreign {
            path,
            found: Box::new(found),
            newest,
        })
    }
}

/// The keys in the key file and beside it, where there are any. The new one is looked for first: whoever rotates moves
/// it from there into the key file, so that it is found in one of the two whatever is moved meanwhile.
fn load(path: &Path) -> Result<Vec<NoteSigner>, KeysError> {
    // It was written in one step: what cannot be read is none of ours, and no reason not to start.
    let next = load_there(&next_of(path)).ok().flatten();
    let own = load_there(path).map_err(|source| KeysError::Signer {
        path: path.to_owned(),
        source,
    })?;
    Ok(own.into_iter().chain(next).collect())
}

/// The key in a file, where that is there: between two of the renames of a rotation it is not.
fn load_there(path: &Path) -> Result<Option<NoteSigner>, NoteError> {
    match NoteSigner::load(path) {
        Ok(key) => Ok(Some(key)),
        Err(NoteError::File(source)) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{load, next_of};
    use crate::audit::{NoteSigner, Origin};

    #[test]
    fn a_key_is_found_in_its_file_and_beside_it_and_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.key");
        let origin: Origin = "archive.example/audit".parse().expect("an origin");
        let key = |seed: u8| NoteSigner::from_seed(&origin, &[seed; 32]);
        let found = || -> Vec<_> {
            let found = load(&path).expect("it can be read");
            found.iter().map(NoteSigner::verifier).collect()
        };
        assert!(found().is_empty());
        key(2).save(&next_of(&path)).expect("saved");
        assert_eq!(found(), [key(2).verifier()]);
        key(1).save(&path).expect("saved");
        assert_eq!(found(), [key(1).verifier(), key(2).verifier()]);
        // What lies beside it may be anything; the key file may not.
        std::fs::write(next_of(&path), "rubbish").expect("damaged");
        assert_eq!(found(), [key(1).verifier()]);
        std::fs::write(&path, "rubbish").expect("damaged");
        assert!(load(&path).is_err());
    }
}
