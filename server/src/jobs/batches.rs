//! Splits batches by the separator sheets in them.

use super::rows::{self, Claimed};
use super::runner::{JobError, Runner};
use crate::base::{Actor, VersionId};
use crate::documents::{self, Batch, By, DocumentError, MakeError, Pages, TEXT_BYTES_MAX};
use crate::unit::Unit;

impl Runner {
    /// Makes documents of what lies between the separator sheets of a version, all of them in one unit of work
    /// with the end of the job. Killed before, it begins again; running it twice makes nothing twice. What
    /// cannot be split stays as it is: whoever asks for it by hand is told why.
    pub(super) async fn split_batch(
        &self,
        id: VersionId,
        claimed: &Claimed,
    ) -> Result<(), JobError> {
        let job = claimed.id;
        let Some(batch) = documents::to_split(self.db.read(), id).await? else {
            return self.leave(job).await;
        };
        let packed = self.storage.read(&batch.pages, TEXT_BYTES_MAX).await?;
        let pages = Pages::unpack(&packed).map(|all| all.pages);
        let sections = documents::sections(&pages.unwrap_or_default());
        if sections.is_empty() {
            return self.leave(job).await;
        }
        if sections.len() > indexer::extract::RANGES_MAX {
            tracing::warn!(
                document.version = %id,
                parts = sections.len(),
                "a batch has too many separator sheets and is not split"
            );
            return self.leave(job).await;
        }
        let domain = documents::domain_of(self.db.read(), batch.document).await?;
        let into = (&self.db, &self.storage, &self.entrance);
        let content = (&batch.content, &domain);
        let made = documents::make(into, &self.extractor, content, &sections);
        let contents = match Box::pin(made).await {
            Ok(contents) => contents,
            Err(error) => return self.not_made(error, (id, &batch), claimed).await,
        };
        let spare = contents.clone();
        let parts = sections.into_iter().zip(contents).collect();
        let of = (batch.document, id);
        let kept = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                rows::done(unit, job).await?;
                documents::keep_parts(unit, of, By::Sheets, parts).await
            })
            .await;
        let Err(error) = kept else {
            return Ok(());
        };
        documents::forget_parts(&self.db, &self.storage, spare).await;
        let meanwhile = matches!(
            error,
            DocumentError::Withheld
                | DocumentError::Destroyed
                | DocumentError::NotSplit(_)
                | DocumentError::NoVersion
                | DocumentError::State { .. }
                | DocumentError::Case(_)
        );
        if meanwhile {
            self.leave(job).await
        } else {
            Err(error.into())
        }
    }

    /// What becomes of the job where no content was made.
    async fn not_made(
        &self,
        error: MakeError,
        (id, batch): (VersionId, &Batch),
        claimed: &Claimed,
    ) -> Result<(), JobError> {
        match error {
            MakeError::Infected(infected) => {
                let department = Some(batch.department);
                (*infected)
                    .put_aside(&self.db, &Actor::system(), department)
                    .await?;
                self.leave(claimed.id).await
            }
            MakeError::Document(DocumentError::NotSplit(reason)) => {
                tracing::warn!(document.version = %id, ?reason, "a batch cannot be split");
                self.leave(claimed.id).await
            }
            MakeError::Document(error) => Err(error.into()),
            MakeError::Worker(error) => Err(error.into()),
            MakeError::Entry(error) => Err(error.into()),
        }
    }
}
