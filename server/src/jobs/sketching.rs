//! Remembers texts that were kept before texts were remembered, so that duplicates of them are found.

use indexer::likeness::Sketch;
use storage::Storage;

use crate::base::DocumentId;
use crate::base::db::DbError;
use crate::documents::{self, Pages, TEXT_BYTES_MAX};
use crate::unit::{Db, Unit};

/// Texts that are looked at in one step.
const STEP: u64 = 50;

/// Makes the sketches that are missing behind a document; gives the last that was looked at, or nothing
/// when there is none left. A text that cannot be read now is left out until the next start.
pub async fn sketch_older(
    db: &Db,
    storage: &Storage,
    after: Option<DocumentId>,
) -> Result<Option<DocumentId>, DbError> {
    let found = documents::unsketched(db.read(), after, STEP).await?;
    let last = found.last().map(|one| one.document);
    let mut sketches = Vec::with_capacity(found.len());
    for one in found {
        let pages = match &one.pages {
            Some(blob) => match storage.read(blob, TEXT_BYTES_MAX).await {
                Ok(packed) => Pages::unpack(&packed),
                Err(error) => {
                    tracing::warn!(document.id = %one.document, error = %error, "a text could not be read to be remembered");
                    continue;
                }
            },
            // It follows its document under other keys just now.
            None if one.has_pages => continue,
            None => None,
        };
        let pages = pages.iter().flat_map(|all| &all.pages);
        let sketch = Sketch::of(pages.map(|page| page.text.as_str()));
        sketches.push((one, sketch));
    }
    if !sketches.is_empty() {
        db.keep_house(async move |unit: &mut Unit| {
            for (older, sketch) in &sketches {
                documents::keep_older(unit, older, sketch.as_ref()).await?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    }
    Ok(last)
}
