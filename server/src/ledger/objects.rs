//! What of the log lies in the store: tiles, checkpoints, what others said of them; all of it under one folder.

use storage::{ObjectName, Storage, StoreError};

use crate::audit::tile::Tile;

/// The name of an object of the log.
pub(super) fn name(path: &str) -> Result<ObjectName, StoreError> {
    ObjectName::parse(&format!("log/{path}"))
}

/// An object of the log, by its path there.
///
/// # Errors
/// The store.
pub async fn object(storage: &Storage, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let found = storage.get_object(&name(path)?).await?;
    Ok(found.map(|bytes| bytes.to_vec()))
}

/// A published tile; a partial one that has gone is cut out of the one that took its place.
///
/// # Errors
/// The store.
pub async fn tile(storage: &Storage, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
    if let Some(bytes) = object(storage, &tile.path()).await? {
        return Ok(Some(bytes));
    }
    let Some(full) = tile.full() else {
        return Ok(None);
    };
    let bytes = object(storage, &full.path()).await?;
    Ok(bytes.and_then(|bytes| tile.cut(bytes)))
}
