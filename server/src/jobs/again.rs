//! Reading again what an older engine has read: a format that was unknown then may be known now.

use super::rows;
use crate::base::db::DbError;
use crate::base::{Job, JobKind};
use crate::documents::evidence;
use crate::unit::{Db, Unit};

/// As many versions are asked to be read again in one step.
const STEP: u64 = 200;
/// No more are asked for while so many texts wait: what comes in now goes first.
const WAITING_MAX: u64 = 20;

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left that an older engine has read.
    Done,
    /// Some are read again now, or wait until others have been.
    More,
}

/// Asks for texts that were read by older versions of today's engines to be read again. Nothing is
/// lost: the new text is one more rendition, and the record of it names the engine.
pub async fn read_again(db: &Db) -> Result<Step, DbError> {
    // The cheap question first: what an older engine has read is looked for among all texts.
    let backlog = rows::backlog(db.read(), JobKind::ExtractText).await?;
    if backlog.waiting > WAITING_MAX {
        return Ok(Step::More);
    }
    let engines = evidence::engines(db.read()).await?;
    let old: Vec<String> = engines
        .into_iter()
        .filter(|engine| indexer::extract::is_outdated(engine))
        .collect();
    if old.is_empty() {
        return Ok(Step::Done);
    }
    let kind = JobKind::ExtractText.code();
    let found = evidence::read_by(db.read(), &old, kind, STEP).await?;
    if found.is_empty() {
        return Ok(Step::Done);
    }
    tracing::info!(
        versions = found.len(),
        "texts of older engines are read again"
    );
    db.keep_house(async move |unit: &mut Unit| {
        let jobs = found.into_iter().map(Job::ExtractText);
        jobs.for_each(|job| unit.enqueue(job));
        Ok::<_, DbError>(Step::More)
    })
    .await
}
