//! The folder of a witness: its key, and the newest checkpoint of each log that it cosigned.
//!
//! ```text
//! witness.key          the secret key; made at the first start, never again
//! checkpoints/NAME     the newest checkpoint of a log, as a note with the own cosignature
//! refused/NAME         the first one that was refused because it continues nothing, as evidence
//! held                 a lock of the system: one process has the folder
//! ```

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::audit::add_checkpoint::AddCheckpoint;
use crate::audit::leaf::Origin;
use crate::audit::merkle::{empty_root, verify_consistency};
use crate::audit::note::{Checkpoint, NoteError};
use crate::audit::{NoteKey, Policy, WitnessKey, WitnessSigner};
use crate::base::{Clock, Timestamp};

const KEY: &str = "witness.key";
const CHECKPOINTS: &str = "checkpoints";
const REFUSED: &str = "refused";
const HELD: &str = "held";
/// Characters of the name of a log in the name of its file; the digest behind them tells logs apart.
const NAME_CHARS_MAX: usize = 64;
/// Digits of the digest there.
const NAME_DIGITS: usize = 16;

/// Why a folder is that of no witness, or can be no more.
#[derive(Debug, Error)]
pub enum FolderError {
    /// A file or folder.
    #[error("{path} cannot be used", path = path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{path} is in use by another process", path = path.display())]
    Taken {
        /// Its path.
        path: PathBuf,
    },
    /// The key.
    #[error("the key {path} cannot be used", path = path.display())]
    Key {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: NoteError,
    },
    /// A new witness has no name yet.
    #[error("a new witness needs a name")]
    NoName,
    /// No key can be called so.
    #[error("{0} is not a name for a witness")]
    BadName(String),
    /// The witness is called otherwise.
    #[error("the witness is called {found}, not {expected}")]
    OtherName {
        /// As its key says.
        found: String,
        /// As was said.
        expected: String,
    },
    /// The key is there and what it cosigned is not, or the other way round.
    #[error("{path} is missing: what was cosigned is not known any more", path = path.display())]
    Lost {
        /// What is missing.
        path: PathBuf,
    },
    /// What lies there was not cosigned by this witness.
    #[error("{path} is not what this witness cosigned", path = path.display())]
    Damaged {
        /// Its path.
        path: PathBuf,
    },
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It is no question to a witness.
    #[error("not a question to a witness")]
    Malformed,
    /// The log is not known.
    #[error("the log is not known")]
    UnknownLog,
    /// No key that is known of this log signed it.
    #[error("no known key of the log signed it")]
    UnknownKey,
    /// It is smaller than what the question begins with.
    #[error("it is smaller than the old one")]
    Smaller,
    /// The question begins with another size than that of the newest one.
    #[error("the newest cosigned checkpoint has {0} records")]
    Stands(u64),
    /// Another root over as many records was cosigned.
    #[error("another root over {0} records was cosigned")]
    OtherRoot(u64),
    /// The proof does not lead there from the newest one.
    #[error("the proof does not fit")]
    Inconsistent,
    /// The clock shows a time before the last cosignature.
    #[error("the clock is behind the last cosignature")]
    ClockBehind,
    /// It could not be written down.
    #[error("what was cosigned could not be written down")]
    Failed(#[source] FolderError),
}

/// The newest checkpoint of a log.
struct Stands {
    checkpoint: Checkpoint,
    /// When it was cosigned, in seconds since 1970.
    seconds: u64,
}

/// A witness.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    signer: WitnessSigner,
    logs: Vec<NoteKey>,
    clock: Arc<dyn Clock>,
    /// Something was renamed and may not be durable yet.
    is_doubtful: bool,
    /// Held until the end.
    _held: File,
}

fn used<T>(path: &Path, result: io::Result<T>) -> Result<T, FolderError> {
    result.map_err(|source| FolderError::File {
        path: path.to_owned(),
        source,
    })
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder that only its owner may enter.
fn make(path: &Path) -> Result<(), FolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    used(path, made)
}

/// What the file of a log is called: as the log, as far as files may, and a digest of that.
fn name_of(origin: &str) -> String {
    let plain = origin.chars().take(NAME_CHARS_MAX).map(|char| {
        let stays = char.is_ascii_alphanumeric() || matches!(char, '.' | '-');
        if stays { char } else { '_' }
    });
    let digest = hex::encode(Sha256::digest(origin));
    let digits = digest.get(..NAME_DIGITS).unwrap_or_default();
    format!("{}-{digits}", plain.collect::<String>())
}

impl Folder {
    /// Takes the folder of a witness of these logs; makes a new witness of this name where there is
    /// none. What was cosigned before must be there and be its own.
    ///
    /// # Errors
    /// Where it is not, or another process has the folder.
    pub fn open(
        root: &Path,
        name: Option<&str>,
        logs: Vec<NoteKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FolderError> {
        make(root)?;
        let held = root.join(HELD);
        let held_file = used(&held, File::create(&held))?;
        match held_file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::Taken {
                    path: root.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return used(&held, Err(source)),
        }
        let folder = Self {
            root: root.to_owned(),
            signer: signer(root, name)?,
            logs,
            clock,
            is_doubtful: false,
            _held: held_file,
        };
        for origin in folder.origins() {
            folder.read(origin)?;
        }
        Ok(folder)
    }

    /// Its public key.
    #[must_use]
    pub fn key(&self) -> WitnessKey {
        self.signer.verifier()
    }

    /// The names of the logs, each once.
    #[must_use]
    pub fn origins(&self) -> Vec<&str> {
        let mut origins: Vec<&str> = self.logs.iter().map(NoteKey::name).collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// The key and the logs, for people; of each log where its newest checkpoint is to be had.
    pub fn told(&self) -> Result<String, FolderError> {
        let key = self.key();
        let mut told = format!("Zeuge: {}\nSchlüssel: {key}\n", key.name());
        for origin in self.origins() {
            told.push_str(&format!("Protokoll: {origin}\n"));
            let line = match self.read(origin)? {
                Some(stands) => {
                    let seconds = i64::try_from(stands.seconds).unwrap_or(i64::MAX);
                    let at = Timestamp::of_micros(seconds.saturating_mul(1_000_000));
                    let (size, name) = (stands.checkpoint.size, name_of(origin));
                    format!("  mitgezeichnet: {size} Einträge, {at}, /{CHECKPOINTS}/{name}\n")
                }
                None => "  noch nichts mitgezeichnet\n".to_owned(),
            };
            told.push_str(&line);
        }
        Ok(told)
    }

    /// The newest checkpoint of the log whose file is called so, as a note.
    pub fn newest(&mut self, name: &str) -> Result<Option<Vec<u8>>, FolderError> {
        self.settle()?;
        let known = self.origins().iter().any(|origin| name_of(origin) == name);
        if !known {
            return Ok(None);
        }
        let path = self.root.join(CHECKPOINTS).join(name);
        let read = fs::read(&path);
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => used(&path, other).map(Some),
        }
    }

    /// Cosigns a checkpoint that continues what was cosigned before; gives the line of the
    /// cosignature, which is durable then.
    ///
    /// # Errors
    /// Each way in which it does not, as C2SP tlog-witness orders them.
    pub fn add(&mut self, body: &[u8]) -> Result<String, Refusal> {
        let asked = AddCheckpoint::parse(body).ok_or(Refusal::Malformed)?;
        let claimed = Checkpoint::claimed(&asked.note).map_err(|_bad| Refusal::Malformed)?;
        let policy = self.policy_of(claimed.origin.as_str());
        if policy.keys().is_empty() {
            return Err(Refusal::UnknownLog);
        }
        let (text, _) = policy
            .open(&asked.note)
            .map_err(|_bad| Refusal::UnknownKey)?;
        if asked.old > claimed.size {
            return Err(Refusal::Smaller);
        }
        self.settle().map_err(Refusal::Failed)?;
        let stands = self.read(claimed.origin.as_str());
        let stands = stands.map_err(Refusal::Failed)?;
        if let Err(refusal) = continues(&asked, &claimed, stands.as_ref()) {
            if matches!(refusal, Refusal::OtherRoot(_) | Refusal::Inconsistent) {
                self.keep_refused(&claimed.origin, &policy, &asked.note);
            }
            return Err(refusal);
        }
        let seconds = self.clock.now().micros().div_euclid(1_000_000);
        let seconds = u64::try_from(seconds).unwrap_or_default();
        if stands.is_some_and(|stands| seconds < stands.seconds) {
            return Err(Refusal::ClockBehind);
        }
        let cosignature = self.signer.cosign(text, seconds);
        let cosignature = cosignature.map_err(|_bad| Refusal::Malformed)?;
        let mut note = policy
            .strip(&asked.note)
            .map_err(|_bad| Refusal::Malformed)?;
        note.extend_from_slice(cosignature.line.as_bytes());
        self.write(claimed.origin.as_str(), &note)
            .map_err(Refusal::Failed)?;
        Ok(cosignature.line)
    }

    fn policy_of(&self, origin: &str) -> Policy {
        let keys = self.logs.iter().filter(|key| key.name() == origin);
        Policy::new(keys.cloned().collect())
    }

    /// What was cosigned of a log: from the disk each time, so that nothing in memory is believed
    /// that may have come to nothing there.
    fn read(&self, origin: &str) -> Result<Option<Stands>, FolderError> {
        let path = self.root.join(CHECKPOINTS).join(name_of(origin));
        let note = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => used(&path, other)?,
        };
        // The own cosignature is what counts: the key of the log may be another one by now.
        let claimed = Checkpoint::claimed(&note).ok();
        let claimed = claimed.filter(|claimed| claimed.origin.as_str() == origin);
        let cosigned = self.key().cosignature(&note).ok().flatten();
        match (claimed, cosigned) {
            (Some(checkpoint), Some(cosignature)) => Ok(Some(Stands {
                checkpoint,
                seconds: cosignature.seconds,
            })),
            (_, _) => Err(FolderError::Damaged { path }),
        }
    }

    /// Replaces the newest checkpoint of a log: written beside it, synced, renamed, folder synced.
    fn write(&mut self, origin: &str, note: &[u8]) -> Result<(), FolderError> {
        let folder = self.root.join(CHECKPOINTS);
        let target = folder.join(name_of(origin));
        let beside = folder.join(format!("{}.new", name_of(origin)));
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(note)?;
            file.sync_all()
        });
        used(&beside, written)?;
        // From here on it is not known which of the two survives, until the folder is synced.
        self.is_doubtful = true;
        used(&target, fs::rename(&beside, &target))?;
        self.settle()
    }

    /// Makes durable what was renamed.
    fn settle(&mut self) -> Result<(), FolderError> {
        if self.is_doubtful {
            let folder = self.root.join(CHECKPOINTS);
            used(&folder, sync(&folder))?;
            self.is_doubtful = false;
        }
        Ok(())
    }

    /// Keeps the first checkpoint that the log signed and that continues nothing: together with the
    /// newest one it is what its holder has to explain.
    fn keep_refused(&self, origin: &Origin, policy: &Policy, note: &[u8]) {
        let folder = self.root.join(REFUSED);
        let path = folder.join(name_of(origin.as_str()));
        let keep = || {
            let note = policy.strip(note).map_err(io::Error::other)?;
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)?;
            let mut file = File::create_new(&path)?;
            file.write_all(&note)?;
            file.sync_all()?;
            sync(&folder)
        };
        match keep() {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                tracing::warn!(error = %error, "a refused checkpoint could not be kept");
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// The key of the witness; a new one where there is neither key nor anything that was cosigned.
fn signer(root: &Path, name: Option<&str>) -> Result<WitnessSigner, FolderError> {
    let (path, checkpoints) = (root.join(KEY), root.join(CHECKPOINTS));
    let wrong = |source| FolderError::Key {
        path: path.clone(),
        source,
    };
    if path.exists() {
        let signer = WitnessSigner::load(&path).map_err(wrong)?;
        let found = signer.verifier().name().to_owned();
        if let Some(expected) = name.filter(|expected| *expected != found) {
            let expected = expected.to_owned();
            return Err(FolderError::OtherName { found, expected });
        }
        if !checkpoints.is_dir() {
            return Err(FolderError::Lost { path: checkpoints });
        }
        return Ok(signer);
    }
    let is_empty = match fs::read_dir(&checkpoints) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return used(&checkpoints, Err(error)),
    };
    if !is_empty {
        return Err(FolderError::Lost { path });
    }
    let name = name.ok_or(FolderError::NoName)?;
    let signer = WitnessSigner::generate(name).map_err(|source| {
        if matches!(source, NoteError::BadKey) {
            FolderError::BadName(name.to_owned())
        } else {
            wrong(source)
        }
    })?;
    make(&checkpoints)?;
    // The key is last: a folder with a key has a place for what it cosigns.
    signer.save(&path).map_err(wrong)?;
    Ok(signer)
}

/// Whether a checkpoint continues what was cosigned of its log.
fn continues(
    asked: &AddCheckpoint,
    claimed: &Checkpoint,
    stands: Option<&Stands>,
) -> Result<(), Refusal> {
    let (size, root) = stands.map_or((0, empty_root()), |stands| {
        (stands.checkpoint.size, stands.checkpoint.root)
    });
    if asked.old != size {
        return Err(Refusal::Stands(size));
    }
    if claimed.size == size && claimed.root != root {
        return Err(Refusal::OtherRoot(size));
    }
    let (old, new) = (asked.old, claimed.size);
    let proven = verify_consistency(old, new, &root, &claimed.root, &asked.proof);
    proven.map_err(|_bad| Refusal::Inconsistent)
}
