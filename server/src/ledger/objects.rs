//! What of a log lies in the store: tiles, checkpoints, what others said of them; all of it under one folder.

use storage::{ObjectName, Storage, StoreError};

use super::Which;
use crate::audit::tile::Tile;

/// The name of an object of a log, by its path in the folder of that.
pub(super) fn name(which: Which, path: &str) -> Result<ObjectName, StoreError> {
    ObjectName::parse(&format!("{}/{path}", which.folder()))
}

/// The path of a handover, by its number.
pub fn handover(number: usize) -> String {
    format!("keys/{number}")
}

/// An object of a log, by its path there.
///
/// # Errors
/// The store.
pub async fn object(
    storage: &Storage,
    which: Which,
    path: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = storage.get_object(&name(which, path)?).await?;
    Ok(found.map(|bytes| bytes.to_vec()))
}

/// A published tile; a partial one that has gone is cut out of the one that took its place.
///
/// # Errors
/// The store.
pub async fn tile(
    storage: &Storage,
    which: Which,
    tile: Tile,
) -> Result<Option<Vec<u8>>, StoreError> {
    if let Some(bytes) = object(storage, which, &tile.path()).await? {
        return Ok(Some(bytes));
    }
    let Some(full) = tile.full() else {
        return Ok(None);
    };
    let bytes = object(storage, which, &full.path()).await?;
    Ok(bytes.and_then(|bytes| tile.cut(bytes)))
}
