//! What lies in the folder: sorted, with the reason for everything that is not filed.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::sidecar;

/// Why something in the folder is not filed.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Its name begins with a dot.
    #[error("hidden")]
    Hidden,
    /// It has no content.
    #[error("empty")]
    Empty,
    /// A link that leads out of the folder, to a folder, or nowhere.
    #[error("a link that does not lead to content in the folder")]
    Link,
    /// A device, a pipe, a socket.
    #[error("not an ordinary file of the disk")]
    Special,
    /// It could not be read.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// It is longer than the archive takes.
    #[error("longer than the {0} bytes that the archive takes")]
    TooLarge(u64),
    /// The virus scanner knows something against it; it was put into quarantine.
    #[error("infected: {0}")]
    Infected(String),
    /// Metadata lie here for something that does not.
    #[error("metadata without the content that they describe")]
    Widowed,
    /// The metadata beside it are wrong.
    #[error("its metadata are wrong: {0}")]
    Metadata(String),
    /// It is a biometric record, which no archive keeps.
    #[error("a biometric record, which the archive does not keep")]
    Biometric,
    /// The account may not file in that department.
    #[error("the account may not file in this department")]
    Forbidden,
}

/// Something in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path below the folder.
    pub path: PathBuf,
    /// Why it is not filed; nothing where it can be tried.
    pub refused: Option<Refusal>,
}

/// Everything below `root`, by path. Only the folder itself can fail.
pub fn walk(root: &Path) -> io::Result<Vec<Found>> {
    let root = root.canonicalize()?;
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(source) if folder.as_os_str().is_empty() => return Err(source),
            Err(source) => {
                found.push(refused(folder, unreadable(&source)));
                continue;
            }
        };
        for entry in entries {
            match entry {
                Ok(entry) => {
                    let path = folder.join(entry.file_name());
                    match look(&root, &path) {
                        Seen::Folder => folders.push(path),
                        Seen::Sidecar => {}
                        Seen::Refused(refusal) => found.push(refused(path, refusal)),
                        Seen::Content => found.push(Found {
                            path,
                            refused: None,
                        }),
                    }
                }
                Err(source) => found.push(refused(folder.clone(), unreadable(&source))),
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

fn refused(path: PathBuf, refusal: Refusal) -> Found {
    Found {
        path,
        refused: Some(refusal),
    }
}

fn unreadable(source: &io::Error) -> Refusal {
    Refusal::Unreadable(source.to_string())
}

enum Seen {
    Folder,
    Sidecar,
    Content,
    Refused(Refusal),
}

fn look(root: &Path, path: &Path) -> Seen {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    if hidden {
        return Seen::Refused(Refusal::Hidden);
    }
    let whole = root.join(path);
    let met = match whole.symlink_metadata() {
        Ok(met) => met,
        Err(source) => return Seen::Refused(unreadable(&source)),
    };
    if met.is_dir() {
        return Seen::Folder;
    }
    if let Some(described) = sidecar::described(&whole) {
        let widowed = !described.exists();
        return if widowed {
            Seen::Refused(Refusal::Widowed)
        } else {
            Seen::Sidecar
        };
    }
    if met.is_symlink() {
        return linked(root, &whole);
    }
    content(&met)
}

fn linked(root: &Path, whole: &Path) -> Seen {
    let target = whole
        .canonicalize()
        .ok()
        .filter(|target| target.starts_with(root));
    match target.and_then(|target| target.metadata().ok()) {
        Some(met) if met.is_file() => content(&met),
        Some(_) | None => Seen::Refused(Refusal::Link),
    }
}

fn content(met: &Metadata) -> Seen {
    if !met.is_file() {
        Seen::Refused(Refusal::Special)
    } else if met.len() == 0 {
        Seen::Refused(Refusal::Empty)
    } else {
        Seen::Content
    }
}

/// Opens what [`walk`] found. Whatever was put in its place meanwhile: what is opened lies in the
/// folder and is an ordinary file.
pub(super) fn open(root: &Path, path: &Path) -> Result<File, Refusal> {
    let root = root.canonicalize().map_err(|source| unreadable(&source))?;
    let whole = root.join(path);
    let ordinary = whole
        .metadata()
        .map_err(|source| unreadable(&source))?
        .is_file();
    if !ordinary {
        return Err(Refusal::Special);
    }
    let file = File::open(&whole).map_err(|source| unreadable(&source))?;
    let opened = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let opened = opened.map_err(|source| unreadable(&source))?;
    if !opened.starts_with(&root) {
        return Err(Refusal::Link);
    }
    Ok(file)
}
