//! Rows and blobs: both sides are read in the order of the names and compared as they pass.

use std::time::SystemTime;

use futures_util::TryStreamExt;
use storage::{Sha256Digest, StoreError, StoredBlob};

use super::{CheckError, Checked, Code, Depth, GRACE, Mode, Outcome};
use crate::documents::evidence::{self, BlobRow};

/// Rows that are read at once.
const STEP: u64 = 500;

/// The rows of blobs, in order of their names.
struct Rows<'a> {
    on: &'a Checked,
    step: std::vec::IntoIter<BlobRow>,
    last: Option<[u8; 32]>,
    ended: bool,
}

impl Rows<'_> {
    async fn next(&mut self) -> Result<Option<BlobRow>, CheckError> {
        loop {
            if let Some(row) = self.step.next() {
                self.last = Some(row.name);
                return Ok(Some(row));
            }
            if self.ended {
                return Ok(None);
            }
            let step = evidence::blob_rows(self.on.db.read(), self.last, STEP).await?;
            self.ended = step.is_empty();
            self.step = step.into_iter();
        }
    }
}

pub(super) async fn check(
    on: &Checked,
    depth: Depth,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let old = on.now.checked_sub(GRACE).unwrap_or(SystemTime::UNIX_EPOCH);
    staging(on, old, mode, outcome).await?;
    let mut stored = on.storage.list(None);
    let mut rows = Rows {
        on,
        step: Vec::new().into_iter(),
        last: None,
        ended: false,
    };
    let mut here = stored.try_next().await?;
    let mut row = rows.next().await?;
    loop {
        match (here.take(), row.take()) {
            (None, None) => return Ok(()),
            (Some(blob), Some(named)) if blob.name.0 == named.name => {
                both(on, &blob, &named, (depth, mode), outcome).await?;
                here = stored.try_next().await?;
                row = rows.next().await?;
            }
            (Some(blob), Some(named)) if blob.name.0 < named.name => {
                stray(on, &blob, old, mode, outcome).await?;
                here = stored.try_next().await?;
                row = Some(named);
            }
            (Some(blob), None) => {
                stray(on, &blob, old, mode, outcome).await?;
                here = stored.try_next().await?;
            }
            (passed, Some(named)) => {
                // The row may be younger than the list.
                let gone = !on.storage.exists(&Sha256Digest(named.name)).await?;
                // What was destroyed is not missed.
                if gone && !evidence::is_destroyed(on.db.read(), &named.name).await? {
                    outcome.push(Code::BlobMissing, hex::encode(named.name), false);
                }
                here = passed;
                row = rows.next().await?;
            }
        }
    }
}

/// Uploads that were begun long ago and never finished.
async fn staging(
    on: &Checked,
    old: SystemTime,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let found = match mode {
        Mode::Look => on.storage.unfinished(old).await?,
        Mode::Repair => on.storage.sweep_staging(old).await?,
    };
    if found.objects > 0 {
        let what = format!("{} objects, {} bytes", found.objects, found.bytes);
        outcome.push(Code::StagingLeftover, what, mode == Mode::Repair);
    }
    Ok(())
}

/// A blob that the rows do not name.
async fn stray(
    on: &Checked,
    blob: &StoredBlob,
    old: SystemTime,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    // An upload that is about to be committed, or was since the rows were read.
    if blob.modified > old || evidence::has_blob_row(on.db.read(), &blob.name.0).await? {
        return Ok(());
    }
    if mode == Mode::Repair {
        on.storage.delete(&blob.name).await?;
    }
    outcome.push(Code::BlobUnreferenced, blob.name, mode == Mode::Repair);
    Ok(())
}

/// A blob with its row.
async fn both(
    on: &Checked,
    blob: &StoredBlob,
    row: &BlobRow,
    (depth, mode): (Depth, Mode),
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let unopened = row.open.is_none();
    if unopened && evidence::is_left_over(on.db.read(), &row.name).await? {
        if mode == Mode::Repair {
            on.storage.delete(&blob.name).await?;
        }
        outcome.push(Code::BlobNotDestroyed, blob.name, mode == Mode::Repair);
        return Ok(());
    }
    if blob.stored_bytes != row.stored_bytes {
        let lengths = format!(
            "{} {} of {}",
            blob.name, blob.stored_bytes, row.stored_bytes
        );
        outcome.push(Code::BlobLength, lengths, false);
        return Ok(());
    }
    let Some(open) = &row.open else {
        // What followed its document under other keys, as another blob, is read by nobody any more.
        // What is being destroyed has lost its key already.
        if !evidence::is_named(on.db.read(), &row.name).await?
            || evidence::is_destroyed(on.db.read(), &row.name).await?
        {
            return Ok(());
        }
        outcome.push(Code::BlobKeyMissing, blob.name, false);
        return Ok(());
    };
    if depth != Depth::Deep {
        return Ok(());
    }
    match on.storage.verify_stored(&blob.name).await {
        Ok(_) => {}
        Err(error) => return damaged(blob, error, outcome),
    }
    match on.storage.verify_content(open).await {
        Ok(content) => {
            let fits = content.sha256.as_bytes().as_slice() == row.sha256
                && content.sha512.as_bytes().as_slice() == row.sha512;
            if !fits {
                let what = format!("{} its content is not the one of its row", blob.name);
                outcome.push(Code::BlobDamaged, what, false);
            }
            Ok(())
        }
        Err(error) => damaged(blob, error, outcome),
    }
}

fn damaged(blob: &StoredBlob, error: StoreError, outcome: &mut Outcome) -> Result<(), CheckError> {
    match error {
        StoreError::NotFound { .. } => outcome.push(Code::BlobMissing, blob.name, false),
        StoreError::Damaged { damage, .. } => {
            outcome.push(Code::BlobDamaged, format!("{} {damage}", blob.name), false);
        }
        StoreError::Key(cause) => {
            outcome.push(Code::BlobDamaged, format!("{} {cause}", blob.name), false);
        }
        error @ (StoreError::TooLarge { .. }
        | StoreError::Content(_)
        | StoreError::Range { .. }
        | StoreError::ObjectName { .. }
        | StoreError::Conflict { .. }
        | StoreError::Unordered
        | StoreError::Backend { .. }) => return Err(error.into()),
    }
    Ok(())
}
