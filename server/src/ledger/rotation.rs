//! Rotation of the key that signs the log, beside servers that run or without them.
//!
//! A new key is made beside the old one, the old one hands both logs over, that of looks first, and the files change
//! places. Each step is durable before the next one begins, and at each instant a key of each log is in force that every
//! process finds: before the commit of its handover the old one, from then on the new one, wherever it lies.
//!
//! A rotation that was cut off behind a handover is gone on with by the next call, with the key that was made then:
//! that is in force already. A new key that no log was given is overwritten, and another one made: somebody may have it
//! by now, and nothing depends on it. Where only the old key is left to be done away with, that is done, and then the
//! keys are rotated.
//!
//! Each handover of the log of changes has one of the log of looks of the same number, which was committed before: also
//! where nobody looked in between, and where that log was never signed (the old key then signs it now, as it is, be it
//! empty). So whoever verifies looks can tell how many handovers there must be.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use storage::Storage;
use thiserror::Error;

use super::Which;
pub use super::key_files::Unfit;
use super::key_files::{is_overwritten, overwrite, remove, rename, unfit};
use super::keys::{KeysError, beside, next_of};
use super::publisher::{Publication, PublishError, Publisher};
use crate::audit::note::NoteError;
use crate::audit::rotation::{KeyChain, short};
use crate::audit::{NoteKey, NoteSigner};
use crate::unit::Db;

/// What becomes of the secret half of the old key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKey {
    /// It is overwritten and removed.
    Destroyed,
    /// It stays beside the new one, under its id.
    Kept,
}

/// A step of a rotation that is done, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The new key lies beside the old one.
    Made,
    /// That of looks was handed over: there the new key is in force.
    LooksHandedOver,
    /// The log of changes knows that it was handed over: there the new key is in force, too.
    HandedOver,
    /// The handovers are published, and the new key has signed.
    Published,
    /// The old key was moved aside.
    SetAside,
    /// The new key lies in its place.
    Replaced,
    /// The old key is overwritten.
    Blanked,
}

/// The two logs of an archive: one key signs both, so they go over together.
#[derive(Debug, Clone)]
pub struct Logs {
    /// How the log of changes is published.
    pub changes: Publication,
    /// How the log of looks is published.
    pub looks: Publication,
}

/// What a rotation ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The how manieth handover of the logs, from 1.
    pub number: usize,
    /// Over how many records the old key signed its last checkpoint of the log of changes.
    pub size: u64,
    /// The old key.
    pub old: NoteKey,
    /// The key in force.
    pub new: NoteKey,
    /// Whether a rotation was gone on with that had been cut off: the key in force is the one that was made then.
    pub resumed: bool,
    /// Whether an old key was done away with first that another rotation had left.
    pub cleared: bool,
    /// Where old keys lie that were kept.
    pub kept: Vec<PathBuf>,
}

/// How far a rotation had come when it stopped: which logs the new key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// None.
    Neither,
    /// That of looks.
    Looks,
    /// Both.
    Both,
    /// The database does not say.
    Unknown,
}

/// Why a rotation did not end. Nothing was handed over by this call, except where it says so.
#[derive(Debug, Error)]
pub enum RotateError {
    /// Another process is at it.
    #[error("the signing key {path} is being rotated already")]
    Running {
        /// The key file.
        path: PathBuf,
    },
    /// A file could not be looked at, written, moved or removed.
    #[error("{path} cannot be used")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot make room for another one, or take its place.
    #[error("{path} cannot change places with another key file: {what:?}")]
    Unfit {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        what: Unfit,
    },
    /// Something else lies where the old key would be put.
    #[error(
        "{path} is in the place of the old signing key, and is none that this log has done with"
    )]
    Aside {
        /// Its path.
        path: PathBuf,
    },
    /// A key could not be made, read or written.
    #[error("the key {path} cannot be used")]
    Key {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: NoteError,
    },
    /// A log could not be signed or handed over.
    #[error("the log could not be handed over")]
    Publish {
        /// What was handed over by then, by this call or by one before it.
        gone: Gone,
        /// Why.
        source: Box<PublishError>,
    },
    /// The keys could not be read.
    #[error("the keys of the log cannot be used")]
    Keys(#[from] KeysError),
    /// The new key has both logs, and a file could not be moved or removed.
    #[error("the logs were handed over, and {path} cannot be used")]
    Places {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A file that could not be used before anything was handed over.
fn file(path: &Path, source: io::Error) -> RotateError {
    let path = path.to_owned();
    RotateError::File { path, source }
}

/// A file that could not be used when everything was.
fn places(path: &Path, source: io::Error) -> RotateError {
    let path = path.to_owned();
    RotateError::Places { path, source }
}

/// Puts a new key in force and does away with the old one.
pub async fn rotate(
    db: &Db,
    storage: &Storage,
    logs: &Logs,
    old: OldKey,
) -> Result<Rotated, RotateError> {
    // Without a step to end after, it goes to its end.
    let whole = |_: Step| Next::Go;
    rotate_through(db, storage, logs, old, whole).await
}

/// Whether a rotation goes on behind a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It does.
    Go,
    /// It is cut off: for tests of what must be true then.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests cut a rotation off"))]
    End,
}

/// Like [`rotate`], asking `next` behind each step. Where that ends it, an error says so, as a process that was killed
/// would if it could.
pub(crate) async fn rotate_through(
    db: &Db,
    storage: &Storage,
    logs: &Logs,
    old: OldKey,
    next: impl Fn(Step) -> Next,
) -> Result<Rotated, RotateError> {
    let to = &logs.changes;
    let path = to.keys.path().to_owned();
    let (made, aside) = (next_of(&path), aside_of(&path));
    // Before anything is written that another account could not write again.
    for path in [&path, &made, &aside] {
        if let Some(what) = unfit(path).map_err(|source| file(path, source))? {
            let path = path.clone();
            return Err(RotateError::Unfit { path, what });
        }
    }
    let _alone = alone(&path)?;
    let after = |step: Step| match next(step) {
        Next::Go => Ok(()),
        Next::End => Err(cut_off(&path)),
    };
    to.keys.refresh(db.read()).await?;
    let mut kept = Vec::new();
    // While the key file is gone, the old key is the one that this rotation has set aside.
    let left_over = is_left_over(&aside, &to.keys.chain(&to.origin))?;
    let cleared = left_over && path.exists();
    if cleared {
        kept.extend(do_away(&path, &aside, old, &after, file)?);
    }
    let begun = begun(&path, logs)?;
    let resumed = begun.is_some();
    let new = if let Some(new) = begun {
        new
    } else {
        can_go_over(db, storage, logs).await?;
        make(&path, logs)?
    };
    after(Step::Made)?;
    hand_over(db, storage, logs, &new, &after).await?;
    // The file in force is one or the other at each instant: whoever starts in between looks at both.
    if path.exists() {
        rename(&path, &aside).map_err(|source| places(&aside, source))?;
    }
    after(Step::SetAside)?;
    rename(&made, &path).map_err(|source| places(&path, source))?;
    after(Step::Replaced)?;
    kept.extend(do_away(&path, &aside, old, &after, places)?);
    // Whoever published last has learnt the keys.
    let chain = to.keys.chain(&to.origin);
    let number = chain.handovers().len();
    let Some(last) = chain.handovers().last().cloned() else {
        return Err(cut_off(&path));
    };
    Ok(Rotated {
        number,
        size: last.size,
        old: last.old,
        new: last.new,
        resumed,
        cleared,
        kept,
    })
}

/// Whether both logs can go over: where one cannot, the other one does not begin to, and no key is made. Looks that are
/// not those that were signed go over all the same, as they were signed last.
async fn can_go_over(db: &Db, storage: &Storage, logs: &Logs) -> Result<(), RotateError> {
    for to in [&logs.changes, &logs.looks] {
        let checked = Box::pin(Publisher::check(db, storage, to.clone())).await;
        let Err(source) = checked else { continue };
        // A handover of which the database knows nothing: the key to which it was made may be the one beside.
        let unknown = matches!(source, PublishError::HandoverUnknown { .. });
        if to.which == Which::Looks && source.contradicts() && !unknown {
            continue;
        }
        return Err(RotateError::Publish {
            gone: Gone::Neither,
            source: Box::new(source),
        });
    }
    Ok(())
}

/// The old key hands both logs over, where it has not, and the new one signs.
async fn hand_over(
    db: &Db,
    storage: &Storage,
    logs: &Logs,
    new: &NoteSigner,
    after: &impl Fn(Step) -> Result<(), RotateError>,
) -> Result<(), RotateError> {
    let Logs { changes, looks } = logs;
    for (to, step) in [(looks, Step::LooksHandedOver), (changes, Step::HandedOver)] {
        if !is_in_force(to, new) {
            let handed = Box::pin(Publisher::hand_over(db, storage, to, new)).await;
            if let Err(source) = handed {
                return Err(stopped(db, logs, new, source).await);
            }
        }
        after(step)?;
    }
    for to in [looks, changes] {
        if let Err(source) = Box::pin(Publisher::go_on(db, storage, to)).await {
            return Err(stopped(db, logs, new, source).await);
        }
    }
    after(Step::Published)
}

/// How far it came, as the database has it: a commit may have been made of which nobody was told.
async fn stopped(db: &Db, logs: &Logs, new: &NoteSigner, source: PublishError) -> RotateError {
    let Logs { changes, looks } = logs;
    let known = changes.keys.refresh(db.read()).await.is_ok();
    let gone = match (is_in_force(looks, new), is_in_force(changes, new)) {
        _ if !known => Gone::Unknown,
        (_, true) => Gone::Both,
        (true, false) => Gone::Looks,
        (false, false) => Gone::Neither,
    };
    let source = Box::new(source);
    RotateError::Publish { gone, source }
}

/// Whether a key signs a log now.
fn is_in_force(to: &Publication, key: &NoteSigner) -> bool {
    to.verifier() == key.named(&to.origin).verifier()
}

/// The new key of a rotation that was cut off when it had a log already: it cannot be taken back. Nothing where the key
/// in the key file has both: nobody needs what lies beside it then.
fn begun(path: &Path, logs: &Logs) -> Result<Option<NoteSigner>, RotateError> {
    let load = |path: &Path| {
        NoteSigner::load(path).map_err(|source| RotateError::Key {
            path: path.to_owned(),
            source,
        })
    };
    let changes = &logs.changes;
    let both = [changes, &logs.looks];
    if path.exists() {
        let own = load(path)?;
        if both.iter().all(|to| is_in_force(to, &own)) {
            return Ok(None);
        }
        // It would be destroyed at the end: it must be one of this log.
        let found = own.named(&changes.origin).verifier();
        if !changes.keys.chain(&changes.origin).keys().contains(&found) {
            return Err(RotateError::Keys(KeysError::Foreign {
                path: path.to_owned(),
                found: Box::new(found),
                newest: short(&changes.verifier()),
            }));
        }
    }
    let made = next_of(path);
    if made.exists() {
        let new = load(&made)?;
        if both.iter().any(|to| is_in_force(to, &new)) {
            return Ok(Some(new));
        }
    }
    // Another machine may have gone further.
    for to in both {
        to.keys.signer(&to.origin)?;
    }
    let path = made;
    Err(RotateError::Keys(KeysError::Missing { path }))
}

fn cut_off(path: &Path) -> RotateError {
    file(path, ErrorKind::Interrupted.into())
}

/// Where the old key lies until it is done away with.
fn aside_of(path: &Path) -> PathBuf {
    beside(path, ".retired")
}

/// Whether an old key waits to be done away with. What lies there and is none is somebody else's.
fn is_left_over(aside: &Path, chain: &KeyChain) -> Result<bool, RotateError> {
    if !aside.exists() {
        return Ok(false);
    }
    let ours = match NoteSigner::load(aside) {
        Ok(key) => {
            let key = key.verifier();
            let mut eras = chain.eras().iter();
            eras.any(|era| era.until.is_some() && era.key == key)
        }
        // It was overwritten, and is still to be removed.
        Err(_) => is_overwritten(aside).map_err(|source| file(aside, source))?,
    };
    if ours {
        Ok(true)
    } else {
        let path = aside.to_owned();
        Err(RotateError::Aside { path })
    }
}

/// Holds the right to rotate, as long as the file lives.
fn alone(path: &Path) -> Result<File, RotateError> {
    let held = beside(path, ".rotating");
    let opened = File::create(&held).map_err(|source| file(&held, source))?;
    match opened.try_lock() {
        Ok(()) => Ok(opened),
        Err(TryLockError::WouldBlock) => Err(RotateError::Running {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(file(&held, source)),
    }
}

/// A new key, beside the old one and durable. What lay there no log was given.
fn make(path: &Path, logs: &Logs) -> Result<NoteSigner, RotateError> {
    let (made, writing) = (next_of(path), beside(path, ".making"));
    let failed = |source| RotateError::Key {
        path: made.clone(),
        source,
    };
    // Somebody may have a copy of it: what was never in force must not be put in force.
    if made.exists() {
        overwrite(&made)
            .and_then(|()| remove(&made))
            .map_err(|source| file(&made, source))?;
    }
    match fs::remove_file(&writing) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            return Err(file(&writing, source));
        }
        // It was cut off while it was written.
        Ok(()) | Err(_) => {}
    }
    let new = loop {
        let new = NoteSigner::generate(&logs.changes.origin).map_err(failed)?;
        // Ids are short: two keys of one log that share one could not be told apart under a note.
        if ![&logs.changes, &logs.looks]
            .into_iter()
            .any(|to| is_known(to, &new))
        {
            break new;
        }
    };
    new.save(&writing).map_err(failed)?;
    rename(&writing, &made).map_err(|source| file(&made, source))?;
    Ok(new)
}

/// Whether a log has a key of the same id as this one would bear there.
fn is_known(to: &Publication, new: &NoteSigner) -> bool {
    let id = new.named(&to.origin).verifier().id();
    let mut keys = to.keys.chain(&to.origin).keys().into_iter();
    keys.any(|key| key.id() == id)
}

/// Keeps the old key under its id, or overwrites it in its place and removes it. What fails is told by `failed`.
fn do_away(
    path: &Path,
    aside: &Path,
    old: OldKey,
    after: &impl Fn(Step) -> Result<(), RotateError>,
    failed: fn(&Path, io::Error) -> RotateError,
) -> Result<Option<PathBuf>, RotateError> {
    if !aside.exists() {
        return Ok(None);
    }
    // One that was overwritten already can only go.
    let loaded = NoteSigner::load(aside).ok();
    if let (OldKey::Kept, Some(key)) = (old, loaded) {
        let kept = beside(path, &format!(".{}", key.verifier().id()));
        rename(aside, &kept).map_err(|source| failed(&kept, source))?;
        return Ok(Some(kept));
    }
    overwrite(aside).map_err(|source| failed(aside, source))?;
    after(Step::Blanked)?;
    remove(aside).map_err(|source| failed(aside, source))?;
    Ok(None)
}
