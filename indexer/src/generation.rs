//! The folder of the index: generations, which of them is in force, and who may write.
//!
//! ```text
//! LOCK                     held while the index is open
//! CURRENT                  the name of the generation in force
//! gen-0001/version         version of the analysis that made it
//! gen-0001/masks           which serial numbers are masked in it; none: there is no such file
//! gen-0001/rebuild         present until a rebuild is finished
//! gen-0001/…               files of the engine
//! ```
//!
//! `CURRENT` is replaced in one step (write, sync, rename, sync the folder). Whatever it does not name is
//! either the unfinished rebuild, which may go on, or left over from a crash, and removed at opening.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{IndexError, Unusable};
use crate::schema::ANALYSIS_VERSION;

const CURRENT: &str = "CURRENT";
const LOCK: &str = "LOCK";
const VERSION: &str = "version";
/// The name of the file that says what is masked.
pub(crate) const MASKS: &str = "masks";
const REBUILD: &str = "rebuild";
const PREFIX: &str = "gen-";

/// The folder, held for writing.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
    masks: String,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is missing and takes its lock. The lock goes with the process. `masks` is
    /// the name of what is to be masked in it.
    pub(crate) fn hold(dir: &Path, masks: String) -> Result<Self, IndexError> {
        fs::create_dir_all(dir).map_err(|source| IndexError::io(dir, source))?;
        let path = dir.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| IndexError::io(&path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                dir: dir.to_owned(),
                masks,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(IndexError::Locked {
                dir: dir.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(IndexError::io(&path, source)),
        }
    }

    /// The folder itself.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The number of the generation in force; `None` in a new folder.
    pub(crate) fn current(&self) -> Result<Option<u32>, IndexError> {
        let path = self.dir.join(CURRENT);
        match fs::read_to_string(&path) {
            Ok(name) => number_of(name.trim())
                .map(Some)
                .ok_or_else(|| self.unusable(Unusable::Damaged)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(IndexError::io(&path, source)),
        }
    }

    /// The folder of a generation.
    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.dir.join(format!("{PREFIX}{number:04}"))
    }

    /// The error that asks for a rebuild.
    pub(crate) fn unusable(&self, reason: Unusable) -> IndexError {
        IndexError::NeedsRebuild {
            dir: self.dir.clone(),
            reason,
        }
    }

    /// Whether a generation was made by this version of the analysis, and masks what is to be masked.
    pub(crate) fn check_version(&self, number: u32) -> Result<(), IndexError> {
        self.check_analysis(number)?;
        let path = self.path(number).join(MASKS);
        match fs::read_to_string(&path) {
            Ok(masks) if masks == self.masks => Ok(()),
            Ok(_) => Err(self.unusable(Unusable::Masks)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.masks.is_empty() => {
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.unusable(Unusable::Masks))
            }
            Err(_) => Err(self.unusable(Unusable::Damaged)),
        }
    }

    fn check_analysis(&self, number: u32) -> Result<(), IndexError> {
        match fs::read_to_string(self.path(number).join(VERSION)) {
            Ok(text) => match text.trim().parse::<u32>() {
                Ok(found) if found == ANALYSIS_VERSION => Ok(()),
                Ok(found) => Err(self.unusable(Unusable::Version {
                    found,
                    expected: ANALYSIS_VERSION,
                })),
                Err(_) => Err(self.unusable(Unusable::Damaged)),
            },
            Err(_) => Err(self.unusable(Unusable::Damaged)),
        }
    }

    /// Makes the folder of a new generation behind all others.
    pub(crate) fn create(&self, rebuild: bool) -> Result<u32, IndexError> {
        let number = self.numbers()?.into_iter().max().unwrap_or(0) + 1;
        let path = self.path(number);
        fs::create_dir(&path).map_err(|source| IndexError::io(&path, source))?;
        if rebuild {
            write_durably(&path, REBUILD, "")?;
        }
        if !self.masks.is_empty() {
            write_durably(&path, MASKS, &self.masks)?;
        }
        write_durably(&path, VERSION, &ANALYSIS_VERSION.to_string())?;
        sync_dir(&self.dir)?;
        Ok(number)
    }

    /// The rebuild that was not finished, if this version of the analysis can go on with it.
    pub(crate) fn unfinished(&self) -> Result<Option<u32>, IndexError> {
        let current = self.current()?;
        Ok(self.numbers()?.into_iter().find(|number| {
            Some(*number) != current
                && self.path(*number).join(REBUILD).exists()
                && self.check_version(*number).is_ok()
        }))
    }

    /// Puts a generation in force. After the rename a crash is harmless: the old one is swept at opening.
    pub(crate) fn enforce(&self, number: u32) -> Result<(), IndexError> {
        let marker = self.path(number).join(REBUILD);
        match fs::remove_file(&marker) {
            Ok(()) => sync_dir(&self.path(number))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(IndexError::io(&marker, source)),
        }
        write_durably(&self.dir, CURRENT, &format!("{PREFIX}{number:04}\n"))
    }

    /// Removes every generation but the one in force, the one that serves and, if told to keep it, an unfinished
    /// rebuild.
    pub(crate) fn sweep(&self, serving: u32, keep: Option<u32>) -> Result<(), IndexError> {
        // Another one serves than is in force where `CURRENT` was replaced and could not be made durable.
        let kept = [self.current()?, Some(serving), keep];
        for number in self.numbers()? {
            if !kept.contains(&Some(number)) {
                let path = self.path(number);
                fs::remove_dir_all(&path).map_err(|source| IndexError::io(&path, source))?;
            }
        }
        sync_dir(&self.dir)
    }

    /// How many bytes the files of all generations have.
    pub(crate) fn bytes(&self) -> Result<u64, IndexError> {
        let mut bytes = 0;
        for number in self.numbers()? {
            let path = self.path(number);
            let files = fs::read_dir(&path).map_err(|source| IndexError::io(&path, source))?;
            for file in files {
                let file = file.map_err(|source| IndexError::io(&path, source))?;
                // One that was joined with others meanwhile is gone.
                bytes += file.metadata().map_or(0, |data| data.len());
            }
        }
        Ok(bytes)
    }

    fn numbers(&self) -> Result<Vec<u32>, IndexError> {
        let entries =
            fs::read_dir(&self.dir).map_err(|source| IndexError::io(&self.dir, source))?;
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| IndexError::io(&self.dir, source))?;
            numbers.extend(entry.file_name().to_str().and_then(number_of));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

fn write_durably(dir: &Path, name: &str, content: &str) -> Result<(), IndexError> {
    let target = dir.join(name);
    let temporary = dir.join(format!("{name}.new"));
    let write = || -> io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &target)
    };
    write().map_err(|source| IndexError::io(&target, source))?;
    sync_dir(dir)
}

/// A name is durable only when its folder is.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), IndexError> {
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| IndexError::io(dir, source))
}
