//! Files that are whole or absent, and durable when a call returns.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Mutex, PoisonError};

use object_store::{Error, Result};

use crate::store::UNFINISHED;

/// How a finished file gets its name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Publish {
    Replace,
    Create,
}

/// What must be known to sync no more than needed.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// Folders made by this process whose own entries are not synced yet.
    fresh: Mutex<HashSet<PathBuf>>,
    /// Folders that were there at the start and may hold folders whose entries are not synced: a
    /// process may have died between making and syncing one.
    unsure: Mutex<HashSet<PathBuf>>,
    /// What was done in which order; only a test asks.
    #[cfg(test)]
    steps: Mutex<Vec<Step>>,
}

/// A step that durability rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The bytes of an unfinished file were synced.
    SyncBytes,
    /// A file got its name.
    Name(PathBuf),
    /// A file was removed.
    Remove(PathBuf),
    /// The entries of a folder were synced.
    SyncFolder(PathBuf),
}

/// A file under a passing name; removed when dropped, unless it was published.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) file: File,
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; what cannot be removed is swept.
        drop(std::fs::remove_file(&self.path));
    }
}

impl Disk {
    /// A disk on which these folders may hold entries that are not synced.
    pub(crate) fn unsure_of(folders: HashSet<PathBuf>) -> Self {
        Self {
            unsure: Mutex::new(folders),
            ..Self::default()
        }
    }

    pub(crate) fn create_beside(&self, path: &FsPath) -> Result<Unfinished> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| generic(error.into()))?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(UNFINISHED);
        beside.push(hex::encode(random));
        let beside = PathBuf::from(beside);
        let create = || {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&beside)
        };
        let file = match create() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_folder_of(path).and_then(|()| create())
            }
            tried => tried,
        };
        Ok(Unfinished {
            file: file.map_err(generic)?,
            path: beside,
        })
    }

    pub(crate) fn publish(
        &self,
        unfinished: Unfinished,
        path: &FsPath,
        how: Publish,
    ) -> Result<()> {
        unfinished.file.sync_data().map_err(generic)?;
        self.note(Step::SyncBytes);
        let named = match how {
            Publish::Replace => std::fs::rename(&unfinished.path, path),
            Publish::Create => std::fs::hard_link(&unfinished.path, path),
        };
        match named {
            Ok(()) => {
                self.note(Step::Name(path.into()));
                self.sync_folder_of(path).map_err(generic)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // Whoever is told that it exists will rely on it, and its writer may have died
                // before syncing the folder.
                self.sync_folder_of(path).map_err(generic)?;
                let path = path.to_string_lossy().into_owned();
                Err(Error::AlreadyExists {
                    path,
                    source: error.into(),
                })
            }
            Err(error) => Err(generic(error)),
        }
    }

    pub(crate) fn rename(&self, from: &FsPath, to: &FsPath) -> Result<()> {
        let renamed = match std::fs::rename(from, to) {
            Err(error) if error.kind() == ErrorKind::NotFound && from.exists() => self
                .make_folder_of(to)
                .and_then(|()| std::fs::rename(from, to)),
            tried => tried,
        };
        match renamed {
            Ok(()) => {
                self.note(Step::Name(to.into()));
                self.sync_folder_of(to).map_err(generic)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let path = from.to_string_lossy().into_owned();
                Err(Error::NotFound {
                    path,
                    source: error.into(),
                })
            }
            Err(error) => Err(generic(error)),
        }
    }

    fn make_folder_of(&self, path: &FsPath) -> std::io::Result<()> {
        let mut missing = Vec::new();
        let mut at = path.parent();
        while let Some(folder) = at
            && !folder.exists()
        {
            missing.push(folder);
            at = folder.parent();
        }
        for folder in missing.into_iter().rev() {
            // Noted before it can be seen: whoever writes into it syncs its entry, too.
            self.fresh().insert(folder.into());
            match std::fs::create_dir(folder) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Syncs the folder of a changed entry, and above it as far as the folders' own entries may not
    /// be durable.
    fn sync_folder_of(&self, path: &FsPath) -> std::io::Result<()> {
        let mut synced = Vec::new();
        let mut at = path.parent();
        while let Some(folder) = at {
            File::open(folder)?.sync_all()?;
            self.note(Step::SyncFolder(folder.into()));
            self.unsure().remove(folder);
            at = folder.parent();
            let above = at.is_some_and(|parent| self.unsure().contains(parent));
            if !above && !self.fresh().contains(folder) {
                break;
            }
            synced.push(folder);
        }
        if !synced.is_empty() {
            let mut fresh = self.fresh();
            fresh.retain(|folder| !synced.contains(&folder.as_path()));
        }
        Ok(())
    }

    /// Removes a file durably. A file that is not there may have been removed and not synced by a
    /// process that died, so its folder is synced all the same.
    pub(crate) fn remove(&self, path: &FsPath) -> Result<()> {
        let removed = std::fs::remove_file(path);
        if removed.is_ok() {
            self.note(Step::Remove(path.into()));
        }
        let synced = match self.sync_folder_of(path) {
            // Without the folder there is nothing in it.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            tried => tried,
        };
        match removed {
            Ok(()) => synced.map_err(generic),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                synced.map_err(generic)?;
                let path = path.to_string_lossy().into_owned();
                Err(Error::NotFound {
                    path,
                    source: error.into(),
                })
            }
            Err(error) => Err(generic(error)),
        }
    }

    /// What was done since the last time this was asked.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> Vec<Step> {
        std::mem::take(&mut *self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    fn note(&self, step: Step) {
        self.steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step);
    }

    #[cfg(not(test))]
    fn note(&self, _: Step) {}

    fn unsure(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        self.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        // The set is sound after any panic: each change of it is one step.
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Syncs a store's folder and its rooms. Folders further down, as far as they hold folders, are many:
/// they are added to `unsure`, and synced by the first write below each.
pub(crate) fn sync_folders(
    folder: &FsPath,
    depth: u32,
    unsure: &mut HashSet<PathBuf>,
) -> std::io::Result<()> {
    if depth <= 1 {
        File::open(folder)?.sync_all()?;
    } else {
        unsure.insert(folder.into());
    }
    if depth > 8 {
        return Ok(());
    }
    let name = folder.components().next_back();
    let in_blobs = depth == 1 && name.is_some_and(|name| name.as_os_str() == "blobs");
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if in_blobs {
            // Below a branch are the leaves of the fan-out, which hold files only.
            unsure.insert(entry.path());
        } else {
            sync_folders(&entry.path(), depth + 1, unsure)?;
        }
    }
    Ok(())
}

pub(crate) fn generic(error: std::io::Error) -> Error {
    Error::Generic {
        store: "folder",
        source: error.into(),
    }
}
