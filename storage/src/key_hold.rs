//! Who works with a key file, and who changes it: never both at once.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::keys::KeyError;

/// A hold on a key file, for as long as this value lives; the system ends it with the process.
///
/// Whoever works with the keys has read them once and holds the file together with others; whoever
/// changes the file holds it alone. The hold is on a file of its own beside the key file, which is
/// replaced when it changes. It does not reach processes on other machines. A domain that is not in
/// the file yet may be added meanwhile, by one process after the other.
#[derive(Debug)]
pub struct KeyHold(#[expect(dead_code, reason = "closing it ends the hold")] Option<File>);

/// Why a key file could not be held.
#[derive(Debug, thiserror::Error)]
pub enum KeyHoldError {
    /// Others work with the keys.
    #[error("the keys in {path} are in use")]
    InUse {
        /// The key file.
        path: PathBuf,
    },
    /// The keys are being changed.
    #[error("the keys in {path} are being changed; try again afterwards")]
    Changing {
        /// The key file.
        path: PathBuf,
    },
    /// The file of the hold cannot be used.
    #[error("the file {path} cannot be used")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl KeyHold {
    /// Holds `key_file` together with others. Where nothing can be written beside it, nothing is
    /// held: there it cannot be changed either.
    pub fn shared(key_file: &Path) -> Result<Self, KeyError> {
        let (beside, opened) = open(key_file, ".lock");
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                return Ok(Self(None));
            }
            Err(source) => return Err(failed(beside, source)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => Err(KeyHoldError::Changing {
                path: key_file.to_owned(),
            }
            .into()),
            Err(TryLockError::Error(source)) => Err(failed(beside, source)),
        }
    }

    /// Holds `key_file` alone.
    pub fn alone(key_file: &Path) -> Result<Self, KeyError> {
        let (beside, opened) = open(key_file, ".lock");
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(failed(beside, source)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => Err(KeyHoldError::InUse {
                path: key_file.to_owned(),
            }
            .into()),
            Err(TryLockError::Error(source)) => Err(failed(beside, source)),
        }
    }

    /// Holds the right to write `key_file`; waits for whoever has it.
    pub(crate) fn to_write(key_file: &Path) -> Result<Self, KeyError> {
        let (beside, opened) = open(key_file, ".adding");
        let held = opened.and_then(|file| file.lock().map(|()| file));
        match held {
            Ok(file) => Ok(Self(Some(file))),
            Err(source) => Err(failed(beside, source)),
        }
    }
}

fn open(key_file: &Path, ending: &str) -> (PathBuf, io::Result<File>) {
    let mut beside = key_file.as_os_str().to_owned();
    beside.push(ending);
    let beside = PathBuf::from(beside);
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&beside);
    (beside, opened)
}

fn failed(path: PathBuf, source: io::Error) -> KeyError {
    KeyHoldError::File { path, source }.into()
}
