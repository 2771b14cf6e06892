//! The lock: the last signed checkpoint, in a file that no backup of the database restores.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::publisher::PublishError;
use crate::audit::note::Checkpoint;
use crate::audit::rotation::KeyChain;

/// The checkpoint in the lock file; nothing before the first.
pub(super) async fn read_lock(
    path: &Path,
    keys: &KeyChain,
) -> Result<Option<Checkpoint>, PublishError> {
    opened(path, tokio::fs::read(path).await, keys)
}

fn opened(
    path: &Path,
    read: io::Result<Vec<u8>>,
    keys: &KeyChain,
) -> Result<Option<Checkpoint>, PublishError> {
    match read {
        Ok(note) => match keys.open(&note) {
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

/// Whether to wait where another process is about to move the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until it has.
    Yes,
    /// Not: it is told as held.
    No,
}

/// The lock while nobody else may move it: by a lock of the system on a file beside it, for all who share its folder.
#[derive(Debug)]
pub(super) struct HeldLock {
    path: PathBuf,
    #[expect(dead_code, reason = "closing it lets the lock go")]
    held: File,
}

/// Holds the lock.
pub(super) async fn hold(path: &Path, wait: Wait) -> Result<HeldLock, PublishError> {
    let target = path.to_owned();
    let held = tokio::task::spawn_blocking(move || {
        let failed = |source| PublishError::Lock {
            path: target.clone(),
            source,
        };
        let held = File::create(target.with_extension("held")).map_err(failed)?;
        match wait {
            Wait::Yes => held.lock().map_err(failed)?,
            Wait::No => match held.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(PublishError::LockHeld),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            },
        }
        Ok(HeldLock { path: target, held })
    });
    held.await.unwrap_or_else(|gone| {
        Err(PublishError::Lock {
            path: path.to_owned(),
            source: io::Error::other(gone),
        })
    })
}

impl HeldLock {
    /// The checkpoint in it.
    pub(super) async fn read(&self, keys: &KeyChain) -> Result<Option<Checkpoint>, PublishError> {
        read_lock(&self.path, keys).await
    }

    /// Moves the lock on from a checkpoint over `before` records, unless another process moved it meanwhile; gives it
    /// back when that is durable. Where nobody waits for that any more it is let go then, and not before.
    ///
    /// Refuses a checkpoint that these keys would not open again: in the lock it could never be replaced.
    pub(super) async fn move_on(
        self,
        keys: &KeyChain,
        before: u64,
        note: Vec<u8>,
    ) -> Result<Self, PublishError> {
        let locked = self.read(keys).await?;
        if locked.map_or(0, |locked| locked.size) != before {
            return Err(PublishError::LockMoved);
        }
        let opened = keys.open(&note);
        opened.map_err(|source| PublishError::NotInForce { source })?;
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || {
            let written = write_lock(&self.path, &note);
            written.map(|()| self)
        });
        let written = written.await;
        let written = written.unwrap_or_else(|gone| Err(io::Error::other(gone)));
        written.map_err(|source| PublishError::Lock { path, source })
    }
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
    use super::{PublishError, Wait, hold, read_lock};
    use crate::audit::merkle::Hash;
    use crate::audit::note::{Checkpoint, NoteSigner};
    use crate::audit::rotation::KeyChain;

    #[tokio::test]
    async fn of_many_who_move_the_lock_at_once_one_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint");
        let origin: crate::audit::leaf::Origin = "archive.example/audit".parse().expect("origin");
        let signer = NoteSigner::from_seed(&origin, &[7; 32]);
        let keys = KeyChain::of(signer.verifier());
        let moves = (1..=16).map(|size| {
            let (origin, root) = (origin.clone(), Hash::default());
            let checkpoint = Checkpoint { origin, size, root };
            let note = checkpoint.sign(&signer).expect("a note");
            let (path, keys) = (&path, &keys);
            async move {
                let moved = async {
                    let held = hold(path, Wait::No).await?;
                    held.move_on(keys, 0, note).await.map(drop)
                };
                (size, moved.await)
            }
        });
        let mut moved = Vec::new();
        for (size, done) in futures_util::future::join_all(moves).await {
            match done {
                Ok(()) => moved.push(size),
                Err(error) => {
                    let beside = matches!(error, PublishError::LockMoved | PublishError::LockHeld);
                    assert!(beside, "{error}");
                }
            }
        }
        let locked = read_lock(&path, &keys).await.expect("a lock");
        assert_eq!(moved, vec![locked.expect("a checkpoint").size]);
    }

    #[tokio::test]
    async fn a_lock_that_is_held_was_not_moved_and_is_free_again_when_it_is_let_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint");
        let origin: crate::audit::leaf::Origin = "archive.example/audit".parse().expect("origin");
        let signer = NoteSigner::from_seed(&origin, &[7; 32]);
        let keys = KeyChain::of(signer.verifier());
        let note = |size| {
            let (origin, root) = (origin.clone(), Hash::default());
            let checkpoint = Checkpoint { origin, size, root };
            checkpoint.sign(&signer).expect("a note")
        };
        let held = hold(&path, Wait::No).await.expect("it is free");
        let refused = hold(&path, Wait::No).await;
        assert!(matches!(refused, Err(PublishError::LockHeld)));
        // Whoever has moved it has it still.
        let held = held.move_on(&keys, 0, note(3)).await.expect("moved");
        let refused = hold(&path, Wait::No).await;
        assert!(matches!(refused, Err(PublishError::LockHeld)));
        drop(held);
        let held = hold(&path, Wait::No).await.expect("it is free");
        let refused = held.move_on(&keys, 2, note(4)).await;
        assert!(matches!(refused, Err(PublishError::LockMoved)));

        // Nor does it take what it would not open again.
        let own = NoteSigner::from_seed(&origin, &[8; 32]);
        let (origin, root) = (origin.clone(), Hash::default());
        let foreign = Checkpoint {
            origin,
            size: 4,
            root,
        };
        let foreign = foreign.sign(&own).expect("a note");
        let held = hold(&path, Wait::No).await.expect("it is free");
        let refused = held.move_on(&keys, 3, foreign).await;
        assert!(matches!(refused, Err(PublishError::NotInForce { .. })));
        let locked = read_lock(&path, &keys).await.expect("a lock");
        assert_eq!(locked.map(|locked| locked.size), Some(3));
    }
}
