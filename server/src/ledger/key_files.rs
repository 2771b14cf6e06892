//! The files of the signing key: whether they can change places, how they do, and how an old one is overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

use crate::audit::note::sync_folder;

/// Largest key file that is overwritten, in bytes; ours have some hundred.
const KEY_BYTES_MAX: u64 = 64 << 10;

/// Why a file can neither make room for another one nor take its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is a link or a folder: a link would be moved and its target stay, with what was secret in it.
    NoFile,
    /// It was mounted by itself, or lies on another disk than its folder: it cannot be moved there.
    Mounted,
    /// It belongs to another account than what is made beside it: whoever reads it now could not read that.
    Owner {
        /// Whose it is, by number.
        owner: u32,
        /// Whose a file is that is made there now.
        own: u32,
    },
}

/// Whether a file, if it is there, can be moved within its folder, and whether what is made there belongs to the same
/// account. Leaves nothing behind, whatever it finds.
pub(super) fn unfit(path: &Path) -> io::Result<Option<Unfit>> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !found.is_file() {
        return Ok(Some(Unfit::NoFile));
    }
    let made = trial(path)?;
    if found.dev() != made.dev() || is_mounted(path) {
        return Ok(Some(Unfit::Mounted));
    }
    let (owner, own) = (found.uid(), made.uid());
    Ok((owner != own).then_some(Unfit::Owner { owner, own }))
}

/// What a file is like that is made beside another one, moved there, and removed.
fn trial(path: &Path) -> io::Result<fs::Metadata> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".trial-");
    let folder = folder_of(path);
    let mut trial = tempfile::Builder::new();
    trial.prefix(&name);
    let (first, second) = (trial.tempfile_in(folder)?, trial.tempfile_in(folder)?);
    let made = first.as_file().metadata()?;
    first
        .persist(second.path())
        .map_err(|failed| failed.error)?;
    second.close()?;
    Ok(made)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Whether something was mounted just there, also of the same disk; unknown counts as not.
fn is_mounted(path: &Path) -> bool {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    statx(CWD, path, flags, StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Moves a file within its folder; durable when this returns.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// Removes a file; durable when this returns.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_folder(path)
}

/// Overwrites a file in its place. On disks that write elsewhere than they are told (flash, copy-on-write file systems,
/// snapshots) its bytes may be there all the same.
pub(super) fn overwrite(path: &Path) -> io::Result<()> {
    let length = fs::metadata(path)?.len().min(KEY_BYTES_MAX);
    let mut file = OpenOptions::new().write(true).open(path)?;
    let zeros = vec![0; usize::try_from(length).unwrap_or_default()];
    file.write_all(&zeros)?;
    file.sync_all()
}

/// Whether a file was overwritten.
pub(super) fn is_overwritten(path: &Path) -> io::Result<bool> {
    Ok(fs::read(path)?.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = all
            .map(|one| one.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_cannot_make_room_is_known_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.key");
        assert_eq!(unfit(&path).expect("looked at"), None);
        fs::write(&path, "a key").expect("written");
        assert_eq!(unfit(&path).expect("looked at"), None);
        let link = folder.path().join("link");
        symlink(&path, &link).expect("a link");
        assert_eq!(unfit(&link).expect("looked at"), Some(Unfit::NoFile));
        let found = unfit(folder.path()).expect("looked at");
        assert_eq!(found, Some(Unfit::NoFile));
        assert_eq!(names(folder.path()), ["link", "log.key"]);
        let owner = fs::metadata(&path).expect("a file").uid();
        // Only the administrator may give files away.
        if chown(&path, Some(owner + 1), None).is_ok() {
            let found = unfit(&path).expect("looked at");
            let (owner, own) = (owner + 1, owner);
            assert_eq!(found, Some(Unfit::Owner { owner, own }));
        }
        assert_eq!(names(folder.path()), ["link", "log.key"]);
        assert_eq!(fs::read(&path).expect("a file"), b"a key");
    }

    #[test]
    fn what_is_mounted_is_told_from_what_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.key");
        fs::write(&path, "a key").expect("written");
        assert!(!is_mounted(&path));
        // Wherever there is a kernel.
        assert!(is_mounted(Path::new("/proc")));
    }

    #[test]
    fn what_is_overwritten_is_as_long_as_before_and_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.key");
        fs::write(&path, "a key").expect("written");
        assert!(!is_overwritten(&path).expect("looked at"));
        overwrite(&path).expect("overwritten");
        assert_eq!(fs::read(&path).expect("a file"), [0; 5]);
        assert!(is_overwritten(&path).expect("looked at"));
        remove(&path).expect("removed");
        assert!(!path.exists());
    }
}
