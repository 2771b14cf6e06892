//! The lock: the last signed checkpoint, in a file that no backup of the database restores.

use std::path::Path;

use super::publisher::PublishError;
use crate::audit::note::{Checkpoint, Policy};

/// The checkpoint in the lock file; nothing before the first.
pub(super) async fn read_lock(
    path: &Path,
    policy: &Policy,
) -> Result<Option<Checkpoint>, PublishError> {
    match tokio::fs::read(path).await {
        Ok(note) => match Checkpoint::open(&note, policy) {
            Ok((checkpoint, _)) => Ok(Some(checkpoint)),
            Err(source) => Err(PublishError::ForeignLock {
                path: path.to_owned(),
                source,
            }),
        },
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PublishError::Lock {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Replaces the lock: written beside it, synced, renamed, folder synced.
pub(super) async fn write_lock(path: &Path, note: Vec<u8>) -> Result<(), PublishError> {
    let target = path.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let folder = target.parent().unwrap_or(Path::new("."));
        let beside = target.with_extension("new");
        let mut file = std::fs::File::create(&beside)?;
        std::io::Write::write_all(&mut file, &note)?;
        file.sync_all()?;
        std::fs::rename(&beside, &target)?;
        std::fs::File::open(folder)?.sync_all()
    });
    let written = written
        .await
        .unwrap_or_else(|gone| Err(std::io::Error::other(gone)));
    written.map_err(|source| PublishError::Lock {
        path: path.to_owned(),
        source,
    })
}
