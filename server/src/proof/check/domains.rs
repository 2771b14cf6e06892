//! Key domains: each compartment has a key, and content lies under the keys of its place.

use super::documents::enqueue;
use super::{CheckError, Checked, Code, Mode, Outcome};
use crate::base::Job;
use crate::departments;
use crate::documents::evidence;

/// Blobs that are named by the database at once.
const NAMED_MAX: u64 = 1_000;

/// Compartments without a key.
pub(super) async fn keys(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    for (_, domain) in departments::key_domains(on.db.read()).await? {
        if on.storage.kms().active_kek(&domain).is_err() {
            outcome.push(Code::DomainWithoutKey, domain, false);
        }
    }
    Ok(())
}

/// Blobs under the wrong keys that no job will move; repair leaves the job behind.
pub(super) async fn blobs(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    loop {
        let places = departments::key_domains(on.db.read()).await?;
        let step = evidence::elsewhere(on.db.read(), &places, NAMED_MAX).await?;
        let full = u64::try_from(step.len()).is_ok_and(|found| found == NAMED_MAX);
        if mode == Mode::Repair && !step.is_empty() {
            let jobs = step.iter().map(|one| Job::MoveContent(one.document));
            enqueue(on, jobs.collect()).await?;
        }
        for one in &step {
            let what = format!(
                "{} {} in {}, not in {}",
                hex::encode(&one.blob),
                one.document,
                one.lies,
                one.belongs
            );
            outcome.push(Code::BlobAstray, what, mode == Mode::Repair);
        }
        // Without repair the same ones would come again: the first thousand say enough.
        if mode == Mode::Look || !full {
            return Ok(());
        }
    }
}
