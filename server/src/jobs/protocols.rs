//! Writes the readable protocols of signatures.

use super::rows::{self, Claimed};
use super::runner::{JobError, Runner};
use crate::base::{Actor, SigningJobId};
use crate::documents;
use crate::signing::{PROTOCOL_FILE_NAME, SigningError, ToWrite};
use crate::unit::Unit;

impl Runner {
    /// Writes the protocol of a signature and files it beside the signed document, in one unit of work with the end
    /// of the job. Killed before, it begins again; running it twice finds the one that is there.
    pub(super) async fn write_protocol(
        &self,
        id: SigningJobId,
        claimed: &Claimed,
    ) -> Result<(), JobError> {
        let job = claimed.id;
        let now = self.db.now();
        let found = self.protocols.to_write(self.db.read(), id, now).await?;
        let Some(ready) = found else {
            return self.leave(job).await;
        };
        let (document, title) = (ready.document, ready.title());
        let report = ready.report;
        let made = tokio::task::spawn_blocking(move || paper::report::render(&report)).await?;
        let file = (made?, PROTOCOL_FILE_NAME.to_owned());
        let content = documents::store_report((&self.db, &self.storage), document, file).await?;
        let filed = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                rows::done(unit, job).await?;
                ToWrite::file(unit, id, title, content).await
            })
            .await;
        match filed {
            Ok(_) => Ok(()),
            // Another one was faster.
            Err(SigningError::State { .. }) => self.leave(job).await,
            Err(error) => Err(error.into()),
        }
    }
}
