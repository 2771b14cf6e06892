//! Versions, tags, texts and the jobs that make them.

use uuid::Uuid;

use super::{CheckError, Checked, Code, FINDINGS_LISTED_MAX, Mode, Outcome};
use crate::base::db::DbError;
use crate::base::job::JobKind;
use crate::base::{DocumentId, Job, VersionId};
use crate::documents::evidence;
use crate::files;
use crate::jobs;
use crate::unit::Unit;

/// Documents that are looked at in one step.
const STEP: u64 = 500;
/// Most documents of one finding that are named by the database at once.
const NAMED_MAX: u64 = 1_000;

/// Jobs that were put aside; repair gives them new attempts.
pub(super) async fn jobs(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let mut after = Uuid::nil();
    loop {
        let step = jobs::failed(on.db.read(), after).await?;
        let Some(last) = step.last() else {
            return Ok(());
        };
        after = last.id;
        for failed in step {
            let job = Job::of(&failed.kind, failed.subject);
            let repaired = match (mode, job) {
                (Mode::Repair, Some(job)) => {
                    enqueue(on, vec![job]).await?;
                    true
                }
                (Mode::Repair, None) | (Mode::Look, _) => false,
            };
            let what = format!("{} {}", failed.kind, failed.subject);
            outcome.push(Code::JobFailed, what, repaired);
        }
    }
}

pub(super) async fn enqueue(on: &Checked, jobs: Vec<Job>) -> Result<(), DbError> {
    on.db
        .keep_house(async move |unit: &mut Unit| {
            jobs.into_iter().for_each(|job| unit.enqueue(job));
            Ok(())
        })
        .await
}

/// Versions without holes.
pub(super) async fn versions(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    for id in evidence::with_version_gaps(on.db.read(), NAMED_MAX).await? {
        outcome.push(Code::VersionGap, id, false);
    }
    Ok(())
}

/// What is filed: registered documents have a case, no reference is or could be given twice.
pub(super) async fn filed(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    for id in evidence::registered_without_case(on.db.read(), NAMED_MAX).await? {
        outcome.push(Code::WithoutCase, id, false);
    }
    for scope in files::counters_behind(on.db.read()).await? {
        outcome.push(Code::CounterBehind, scope, false);
    }
    for reference in files::references_doubled(on.db.read(), NAMED_MAX).await? {
        outcome.push(Code::ReferenceDoubled, reference, false);
    }
    Ok(())
}

/// The tags for filters against those of the documents.
pub(super) async fn tags(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let mut after = Uuid::nil();
    loop {
        let (last, astray) = evidence::with_tags_astray(on.db.read(), after, STEP).await?;
        for id in astray {
            if is_astray(on, id).await? {
                let mut mended = false;
                if mode == Mode::Repair {
                    let done: Result<bool, DbError> = on
                        .db
                        .keep_house(async move |unit: &mut Unit| {
                            evidence::mend_tags(unit, id).await
                        })
                        .await;
                    mended = done?;
                }
                outcome.push(Code::TagsAstray, id, mended);
            }
        }
        let Some(last) = last else { return Ok(()) };
        after = last;
    }
}

/// Looks a second time: between the two statements of the first the document may have changed.
async fn is_astray(on: &Checked, id: DocumentId) -> Result<bool, DbError> {
    let before = Uuid::from_u128(id.raw().as_u128().saturating_sub(1));
    let (_, astray) = evidence::with_tags_astray(on.db.read(), before, 1).await?;
    Ok(astray.contains(&id))
}

/// By what documents are found in their fields, against what stands there.
pub(super) async fn fields(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let mut after = Uuid::nil();
    loop {
        let (last, astray) = evidence::with_fields_astray(on.db.read(), after, STEP).await?;
        for id in astray {
            // A second time: between the two statements of the first the document may have changed.
            let before = Uuid::from_u128(id.raw().as_u128().saturating_sub(1));
            let (_, again) = evidence::with_fields_astray(on.db.read(), before, 1).await?;
            if !again.contains(&id) {
                continue;
            }
            let mut mended = false;
            if mode == Mode::Repair {
                let done: Result<bool, DbError> = on
                    .db
                    .keep_house(async move |unit: &mut Unit| evidence::mend_fields(unit, id).await)
                    .await;
                mended = done?;
            }
            outcome.push(Code::FieldsAstray, id, mended);
        }
        let Some(last) = last else { return Ok(()) };
        after = last;
    }
}

/// Versions whose text nobody will read; repair leaves the job behind.
pub(super) async fn texts(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    loop {
        let kind = JobKind::ExtractText.code();
        let missing = evidence::without_text(on.db.read(), kind, NAMED_MAX).await?;
        let step: Vec<VersionId> = missing;
        let full = u64::try_from(step.len()).is_ok_and(|found| found == NAMED_MAX);
        if mode == Mode::Repair && !step.is_empty() {
            enqueue(on, step.iter().map(|id| Job::ExtractText(*id)).collect()).await?;
        }
        for id in &step {
            outcome.push(Code::TextMissing, id, mode == Mode::Repair);
        }
        // Without repair the same ones would come again: the first thousand say enough.
        if mode == Mode::Look || !full {
            return Ok(());
        }
    }
}

/// What was taken out of documents: as much as their texts say, and where they stand; repair reads
/// again what lacks some.
pub(super) async fn components(
    on: &Checked,
    mode: Mode,
    outcome: &mut Outcome,
) -> Result<(), CheckError> {
    let kind = JobKind::ExtractText.code();
    let step = evidence::without_components(on.db.read(), kind, NAMED_MAX).await?;
    if mode == Mode::Repair && !step.is_empty() {
        enqueue(on, step.iter().map(|id| Job::ExtractText(*id)).collect()).await?;
    }
    for id in step {
        outcome.push(Code::ComponentsMissing, id, mode == Mode::Repair);
    }
    for id in evidence::components_astray(on.db.read(), NAMED_MAX).await? {
        outcome.push(Code::ComponentAstray, id, false);
    }
    Ok(())
}

const _: () = assert!(FINDINGS_LISTED_MAX <= 1_000);
