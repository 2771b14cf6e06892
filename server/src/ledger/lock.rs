//! The lock: the last signed checkpoint, in a file that no backup of the database restores.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use super::publisher::PublishError;
use crate::audit::note::{Checkpoint, Policy};

/// The checkpoint in the lock file; nothing before the first.
pub(super) async fn read_lock(
    path: &Path,
    policy: &Policy,
) -> Result<Option<Checkpoint>, PublishError> {
    opened(path, tokio::fs::read(path).await, policy)
}

fn opened(
    path: &Path,
    read: io::Result<Vec<u8>>,
    policy: &Policy,
) -> Result<Option<Checkpoint>, PublishError> {
    match read {
        Ok(note) => match Checkpoint::open(&note, policy) {
            Ok((checkpoint, _)) => Ok(Some(checkpoint)),
            Err(source) => Err(PublishError::ForeignLock {
                path: path.to_owned(),
                source,
            }),
        },
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PublishError::Lock {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Moves the lock on from a checkpoint over `before` records, unless another process moved it meanwhile or is about
/// to: looking and writing are one step for all who share its folder, by a lock of the system on a file beside it.
pub(super) async fn move_lock(
    path: &Path,
    policy: &Policy,
    before: u64,
    note: Vec<u8>,
) -> Result<(), PublishError> {
    let (target, policy) = (path.to_owned(), policy.clone());
    let moved = tokio::task::spawn_blocking(move || {
        let failed = |source| PublishError::Lock {
            path: target.clone(),
            source,
        };
        // It is let go when the file is closed.
        let held = File::create(target.with_extension("held")).map_err(failed)?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PublishError::LockMoved),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let locked = opened(&target, std::fs::read(&target), &policy)?;
        if locked.map_or(0, |locked| locked.size) != before {
            return Err(PublishError::LockMoved);
        }
        write_lock(&target, &note).map_err(failed)
    });
    moved.await.unwrap_or_else(|gone| {
        Err(PublishError::Lock {
            path: path.to_owned(),
            source: io::Error::other(gone),
        })
    })
}

/// Replaces the lock: written beside it, synced, renamed, folder synced.
fn write_lock(target: &Path, note: &[u8]) -> io::Result<()> {
    let beside = target.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(note)?;
    file.sync_all()?;
    std::fs::rename(&beside, target)?;
    File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{PublishError, move_lock, read_lock};
    use crate::audit::merkle::Hash;
    use crate::audit::note::{Checkpoint, NoteSigner, Policy};

    #[tokio::test]
    async fn of_many_who_move_the_lock_at_once_one_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint");
        let origin: crate::audit::leaf::Origin = "archive.example/audit".parse().expect("origin");
        let signer = NoteSigner::from_seed(&origin, &[7; 32]);
        let policy = Policy::new(vec![signer.verifier()]);
        let moves = (1..=16).map(|size| {
            let (origin, root) = (origin.clone(), Hash::default());
            let checkpoint = Checkpoint { origin, size, root };
            let note = checkpoint.sign(&signer).expect("a note");
            let (path, policy) = (&path, &policy);
            async move { (size, move_lock(path, policy, 0, note).await) }
        });
        let mut moved = Vec::new();
        for (size, done) in futures_util::future::join_all(moves).await {
            match done {
                Ok(()) => moved.push(size),
                Err(error) => assert!(matches!(error, PublishError::LockMoved), "{error}"),
            }
        }
        let locked = read_lock(&path, &policy).await.expect("a lock");
        assert_eq!(moved, vec![locked.expect("a checkpoint").size]);
    }
}
