//! What two people have decided is carried out.

use super::rows::{self, Claimed};
use super::runner::{JobError, Runner};
use crate::base::{Actor, ProposalId};
use crate::documents::{self, Next, ProposalError};
use crate::unit::Unit;

impl Runner {
    /// Destroys what two people have decided to destroy, step by step. Running it twice finds what is left to
    /// do; the job's row goes when nothing is.
    pub(super) async fn carry_out(
        &self,
        id: ProposalId,
        claimed: &Claimed,
    ) -> Result<(), JobError> {
        let job = claimed.id;
        loop {
            match documents::next_step(self.db.read(), id).await? {
                Next::Content => {
                    self.decided(async move |unit: &mut Unit| {
                        documents::destroy_content(unit, id).await
                    })
                    .await?;
                }
                Next::Made => {
                    self.decided(async move |unit: &mut Unit| {
                        documents::destroy_made(unit, id).await
                    })
                    .await?;
                }
                Next::Bytes => {
                    // Their keys are gone: a kill between two of them leaves noise, which the next run removes.
                    for name in documents::bytes_to_remove(self.db.read(), id).await? {
                        self.storage.delete(&name).await?;
                    }
                    return self
                        .decided(async move |unit: &mut Unit| {
                            rows::done(unit, job).await?;
                            documents::finish_destroying(unit, id).await
                        })
                        .await;
                }
                Next::Nothing => return self.leave(job).await,
            }
        }
    }

    async fn decided<F>(&self, operation: F) -> Result<(), JobError>
    where
        F: AsyncFnOnce(&mut Unit) -> Result<(), ProposalError> + Send + 'static,
    {
        self.db.write(&Actor::system(), operation).await?;
        Ok(())
    }
}
