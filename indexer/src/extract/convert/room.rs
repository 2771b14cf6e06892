//! How much room there is where a conversion works, and who takes it.
//!
//! The folder is in memory as a rule, and others use that too: that it is full is mostly no fault of the document
//! that is being converted, and passes.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// With less than this left, in bytes, nothing is begun, and what fails has failed for want of room …
const LOW_BYTES: u64 = 16 << 20;
/// … or with less than this part of all there is, where that is little.
const LOW_PART: u64 = 4;
/// Bytes of a block, as the system counts them.
const BLOCK_BYTES: u64 = 512;
/// A folder with more in it than this is one that somebody fills.
const ENTRIES_MAX: usize = 20_000;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Bytes that are left.
    free: u64,
    /// Bytes that there are.
    total: u64,
    /// Bytes that lie below the folder of the conversion.
    own: u64,
}

/// Who has taken the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The conversion.
    ByItself,
    /// Others.
    ByOthers,
}

impl Room {
    /// As it is now; nothing where that cannot be told.
    pub(super) async fn of(folder: &Path) -> Option<Self> {
        let folder = folder.to_owned();
        let looked = tokio::task::spawn_blocking(move || Self::look(&folder));
        looked.await.ok()?
    }

    fn look(folder: &Path) -> Option<Self> {
        let about = rustix::fs::statvfs(folder).ok()?;
        Some(Self {
            free: about.f_bavail.checked_mul(about.f_frsize)?,
            total: about.f_blocks.checked_mul(about.f_frsize)?,
            own: used(folder),
        })
    }

    /// Who has taken it, where it is taken: a conversion takes at most so many bytes, and no more than half of
    /// what there is where that runs out.
    pub(super) fn taken(self, most: u64) -> Option<Taken> {
        let is_low = self.free < LOW_BYTES.min(self.total / LOW_PART);
        if self.own > most || (is_low && self.own >= self.total / 2) {
            Some(Taken::ByItself)
        } else if is_low {
            Some(Taken::ByOthers)
        } else {
            None
        }
    }
}

/// Whether a write failed because nothing more fits.
pub(super) fn is_full(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::StorageFull || kind == io::ErrorKind::QuotaExceeded
}

/// What everything below a folder takes. Files come and go meanwhile.
fn used(folder: &Path) -> u64 {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let (mut bytes, mut entries) = (0_u64, 0_usize);
    while let Some(folder) = folders.pop() {
        let Ok(inside) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in inside {
            let Ok(entry) = entry else { continue };
            entries += 1;
            if entries > ENTRIES_MAX {
                return u64::MAX;
            }
            // What the entry itself is, not where it leads.
            let Ok(about) = entry.metadata() else {
                continue;
            };
            let taken = about.blocks().saturating_mul(BLOCK_BYTES);
            bytes = bytes.saturating_add(taken);
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn who_takes_the_room_is_told_apart() {
        let check = |free: u64, total: u64, own: u64, expect: Option<Taken>| {
            let room = Room {
                free: free * MIB,
                total: total * MIB,
                own: own * MIB,
            };
            assert_eq!(room.taken(256 * MIB), expect, "{room:?}");
        };
        check(4_000, 8_000, 10, None);
        check(4_000, 8_000, 257, Some(Taken::ByItself));
        check(15, 8_000, 10, Some(Taken::ByOthers));
        check(0, 8_000, 200, Some(Taken::ByOthers));
        // The little that a container has is full of one document.
        check(1, 64, 63, Some(Taken::ByItself));
        check(1, 64, 10, Some(Taken::ByOthers));
        check(17, 64, 40, None);
        // Where there is little there is no less of it for that.
        check(6, 20, 2, None);
        check(4, 20, 2, Some(Taken::ByOthers));
    }

    #[tokio::test]
    async fn what_lies_below_a_folder_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("a/b");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::write(inner.join("c"), vec![7; 100_000]).expect("a file");
        std::os::unix::fs::symlink("/usr", folder.path().join("link")).expect("a link");
        let room = Room::of(folder.path()).await.expect("it can be told");
        assert!((100_000..1_000_000).contains(&room.own), "{room:?}");
        assert!(room.total > room.free);
        assert!(is_full(&io::Error::from_raw_os_error(libc::ENOSPC)));
        assert!(!is_full(&io::Error::from_raw_os_error(libc::EACCES)));
    }
}
