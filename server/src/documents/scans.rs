//! Pages that were read as pictures: which ones wait, and what becomes of their text.

use indexer::likeness::Sketch;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::Blob;
use utoipa::ToSchema;
use uuid::Uuid;

use super::duplicates;
use super::guard;
use super::indexing::to_extract;
use super::keeping::keep_rendition;
use super::looking::LOOKS_MAX;
use super::model::{DocumentError, Kept, TextInfo};
use super::rows;
use super::unqueued::Unqueued;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::{DbError, sql};
use crate::base::{DocumentId, JobKind, RenditionId, Timestamp, VersionId};
use crate::unit::Unit;

/// What stands between the engines of a text that two of them read.
const AND: &str = ", ";

/// The kind of the rendition that holds words with their places.
pub(super) const WORDS: &str = "words";

/// A version of which pages are to be read as pictures.
#[derive(Debug)]
pub struct Scan {
    /// The document.
    pub document: DocumentId,
    /// Its content.
    pub content: Blob,
    /// What the text reader made of it.
    pub text: TextInfo,
    /// The pages that the text reader gave, and those that were recognised since; nothing where none has
    /// any text.
    pub pages: Option<Blob>,
    /// How far this engine has come with it before.
    pub progress: Progress,
}

/// How far recognition has come with a version: it stands in the last rendition of words while pages are
/// left to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Every page up to this number was looked at.
    pub through: u32,
    /// So many words were kept of them.
    pub words: u64,
    /// Why the first page that could not be read was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Progress {
    /// What a rendition of words says; nothing where no page was left.
    pub(in crate::documents) fn of(row: &rows::rendition::Model) -> Option<Self> {
        serde_json::from_str(row.details.as_deref()?).ok()
    }
}

/// What there is of a version for reading its pictures with this engine. `None`: it is gone, withheld, or
/// was never looked at.
///
/// # Errors
///
/// Where its text is there but the key of it is not.
pub async fn to_recognise(
    on: &impl ConnectionTrait,
    id: VersionId,
    engine: &str,
) -> Result<Option<Scan>, DbError> {
    let Some((version, content)) = to_extract(on, id).await? else {
        return Ok(None);
    };
    if guard::is_withheld(on, id).await? {
        return Ok(None);
    }
    // Between looking for the text and for its key the text may have followed its document.
    for _ in 0..LOOKS_MAX {
        let texts = rows::all_renditions(on, id, "text").await?;
        // What recognition made of it is not read again: it begins anew from the text reader's.
        let first = texts.iter().rfind(|row| !row.engine.contains(AND));
        let Some(first) = first.cloned() else {
            return Ok(None);
        };
        let (last, progress) = match begun(on, id, engine, (&first, texts)).await? {
            Some((last, progress)) => (last, progress),
            None => (first.clone(), Progress::default()),
        };
        let pages = match &last.blob_name {
            Some(name) => rows::blob_to_open(on, name).await?,
            None => None,
        };
        if pages.is_some() || last.blob_name.is_none() {
            return Ok(Some(Scan {
                document: version.document,
                content,
                text: rows::text_info(first),
                pages,
                progress,
            }));
        }
    }
    Err(DbError::Corrupt {
        table: "blob_key",
        key: id.to_string(),
        what: "the key of a text is missing",
    })
}

/// The text and the progress of an engine that has begun with what the text reader gave, and has pages
/// left.
async fn begun(
    on: &impl ConnectionTrait,
    id: VersionId,
    engine: &str,
    (first, texts): (&rows::rendition::Model, Vec<rows::rendition::Model>),
) -> Result<Option<(rows::rendition::Model, Progress)>, DbError> {
    let since =
        |row: &rows::rendition::Model| (row.created_at, row.id) > (first.created_at, first.id);
    let words = rows::all_renditions(on, id, WORDS).await?;
    let words = words
        .into_iter()
        .rfind(|row| row.engine == engine && since(row));
    let Some(progress) = words.as_ref().and_then(Progress::of) else {
        return Ok(None);
    };
    let both = engines(&first.engine, engine);
    let mut texts = texts.into_iter();
    let text = texts.rfind(|row| row.engine == both && since(row));
    Ok(text.map(|text| (text, progress)))
}

/// What recognition made of a version.
#[derive(Debug)]
pub struct Recognised {
    /// What became of the text of all pages.
    pub info: TextInfo,
    /// That text, stored, where there is any.
    pub text: Option<Kept>,
    /// What is remembered of it; nothing where there is too little.
    pub sketch: Option<Sketch>,
    /// The words with their places, stored; nothing where no page could be read.
    pub words: Option<Kept>,
    /// How many pages were recognised.
    pub pages: u64,
    /// How many could not be.
    pub failed: u64,
    /// The engine that recognised, with its version.
    pub engine: String,
    /// How far it has come, where pages are left.
    pub progress: Option<Progress>,
}

/// The engines of a text of which pages were recognised.
#[must_use]
pub fn engines(reader: &str, recogniser: &str) -> String {
    format!("{reader}{AND}{recogniser}")
}

/// Whether pages of a text that names these engines were recognised.
pub(super) fn is_recognised(engines: &str) -> bool {
    engines.contains(AND)
}

/// Keeps what recognition made of a version: a text that stands in for the one before, which stays, and
/// the words. Where there was no page to look at, the text before is in force as it is, and words without
/// any say that this engine was here. Of what was withheld meanwhile nothing is kept.
pub async fn keep_recognised(
    unit: &mut Unit,
    version: VersionId,
    found: Recognised,
) -> Result<(), DocumentError> {
    guard::require_still_open(unit, version).await?;
    let before = rows::all_renditions(unit.tx(), version, "text").await?;
    let replaced = before.last().map(|row| row.id.to_string());
    let progress = found.progress.as_ref().map(serde_json::to_string);
    let words = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: WORDS.to_owned(),
        engine: found.engine.clone(),
        state: found.info.state.clone(),
        reason: found.info.reason.clone(),
        pages: i64::try_from(found.pages).unwrap_or(i64::MAX),
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: progress.and_then(Result::ok),
    };
    let looked_at_any = found.pages + found.failed > 0;
    let context = if looked_at_any {
        let info = found.info;
        let text = rows::rendition::Model {
            id: RenditionId::new().raw(),
            kind: "text".to_owned(),
            engine: info.engine,
            pages: i64::try_from(info.pages).unwrap_or(i64::MAX),
            components: info
                .components
                .map(|many| i64::try_from(many).unwrap_or(i64::MAX)),
            details: info.details.to_json(),
            ..words.clone()
        };
        let context = Object::new()
            .with("engine", text.engine.as_str())
            .with_some("replaces", replaced.as_deref());
        let id = RenditionId::of(text.id);
        let document = keep_rendition(unit, version, text, found.text.as_ref()).await?;
        duplicates::keep(unit, &document, (version, id), found.sketch.as_ref()).await?;
        context
    } else {
        Object::new().with("engine", found.engine.as_str())
    };
    let document = keep_rendition(unit, version, words, found.words.as_ref()).await?;
    let department = Some(document.department);
    unit.record_with(Action::TextRead, department, Some(context.to_bytes()));
    Ok(())
}

/// Versions that this engine has not looked at, that no job waits for and that can be opened: of which
/// pages have no text, or were recognised by another engine; at most `limit`. Only what one of `readers`
/// has read can be drawn.
pub async fn unrecognised(
    on: &impl ConnectionTrait,
    engine: &str,
    readers: &[&str],
    limit: u32,
) -> Result<Vec<VersionId>, DbError> {
    let unqueued = Unqueued {
        job: JobKind::ReadScan,
        engine,
        readers,
        condition: "(r.reason = 'no_text' OR EXISTS (\
             SELECT 1 FROM rendition o WHERE o.kind = 'words' \
             AND o.document_version_id = r.document_version_id AND o.engine <> $1)) \
             AND NOT EXISTS (SELECT 1 FROM rendition w WHERE w.kind = 'words' \
             AND w.document_version_id = r.document_version_id AND w.engine = $1)",
        values: Vec::new(),
    };
    unqueued.find(on, limit).await
}

/// What is still to be done for the text of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be done.
    pub job: JobKind,
    /// How far it is.
    pub state: WaitingState,
    /// Its place in the queue, beginning with 1.
    pub place: u64,
}

/// How far the work on a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingState {
    /// It is being done.
    Running,
    /// It waits for its turn.
    Waiting,
    /// It failed too often and was put aside.
    Failed,
}

impl WaitingState {
    /// As it stands in answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// Work on a text that is still to be done.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TextWaiting)]
pub(crate) struct WaitingView {
    /// `text`: its text is to be read. `scan`: pages that are pictures are to be recognised. `copy`: its
    /// searchable copy is to be made.
    #[schema(example = "scan")]
    pub task: &'static str,
    /// `waiting`, `running`, or `failed`: it failed too often and was put aside.
    #[schema(example = "waiting")]
    pub state: &'static str,
    /// Its place among all that wait for the same, beginning with 1.
    #[schema(minimum = 1)]
    pub place: u64,
}

impl WaitingView {
    /// What is about to stand in the queue, or was done at this moment.
    pub(super) const fn beginning(task: &'static str) -> Self {
        Self {
            task,
            state: WaitingState::Waiting.code(),
            place: 1,
        }
    }
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        Self {
            task: match waiting.job {
                JobKind::ReadScan => "scan",
                JobKind::ConvertOffice => "pages",
                JobKind::MakeCopy => "copy",
                JobKind::ExtractText
                | JobKind::DeliverWebhook
                | JobKind::MoveContent
                | JobKind::CarryOut
                | JobKind::SplitBatch
                | JobKind::WriteProtocol
                | JobKind::SendMail => "text",
            },
            state: waiting.state.code(),
            place: waiting.place,
        }
    }
}

/// What is still to be done for the text of a version, if anything is.
pub(super) async fn waiting(
    on: &impl ConnectionTrait,
    version: VersionId,
    now: Timestamp,
) -> Result<Option<Waiting>, DbError> {
    let jobs = [JobKind::ExtractText, JobKind::ReadScan];
    waiting_for(on, version, &jobs, now).await
}

/// The first of these that is still to be done for a version, if any is.
pub(super) async fn waiting_for(
    on: &impl ConnectionTrait,
    version: VersionId,
    jobs: &[JobKind],
    now: Timestamp,
) -> Result<Option<Waiting>, DbError> {
    for job in jobs.iter().copied() {
        let found = waits_for(on, job, version, now).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// How far a job about a version is, if there is one.
pub(super) async fn waits_for(
    on: &impl ConnectionTrait,
    job: JobKind,
    version: VersionId,
    now: Timestamp,
) -> Result<Option<Waiting>, DbError> {
    let text = "SELECT id, due_at, claimed_until, failed_at FROM job \
                WHERE kind = $1 AND subject = $2";
    let values = [job.code().into(), version.raw().into()];
    let Some(row) = on.query_one_raw(sql(on, text, values)).await? else {
        return Ok(None);
    };
    let id: Uuid = row.try_get_by_index(0)?;
    let due_at: i64 = row.try_get_by_index(1)?;
    let claimed_until: i64 = row.try_get_by_index(2)?;
    let failed_at: Option<i64> = row.try_get_by_index(3)?;
    let state = if failed_at.is_some() {
        WaitingState::Failed
    } else if claimed_until > now.micros() {
        WaitingState::Running
    } else {
        WaitingState::Waiting
    };
    let text = "SELECT count(*) FROM job WHERE kind = $1 AND failed_at IS NULL \
                AND (due_at < $2 OR (due_at = $2 AND id < $3))";
    let values = [job.code().into(), due_at.into(), id.into()];
    let ahead = on.query_one_raw(sql(on, text, values)).await?;
    let ahead: i64 = match ahead {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    let place = u64::try_from(ahead).unwrap_or_default() + 1;
    Ok(Some(Waiting { job, state, place }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::unqueued::rig::{rendition, run, tables, version};

    const ENGINE: &str = "tesseract 5.3.0+1 deu+eng";

    #[tokio::test]
    async fn what_can_be_drawn_and_was_not_looked_at_by_this_engine_is_found() {
        let on = tables().await;
        let no_text = Some("no_text");
        let scan = version(&on, "hayro 0.9.0+2", no_text).await;
        // By another engine, whatever the reason is for what is still missing.
        let old = version(&on, "image 0.25.10+1", Some("too_large")).await;
        rendition(&on, old, ("words", "tesseract 4.1.0+1 deu"), None).await;

        let known = version(&on, "hayro 0.9.0+2", no_text).await;
        rendition(&on, known, ("words", ENGINE), None).await;
        // Slides of pictures and a blank text cannot be drawn.
        version(&on, "pptx 1", no_text).await;
        version(&on, "plain 2", no_text).await;
        version(&on, "hayro 0.9.0+2", None).await;
        let waiting = version(&on, "hayro 0.9.0+2", no_text).await;
        let job = vec![JobKind::ReadScan.code().into(), waiting.raw().into()];
        run(&on, "INSERT INTO job VALUES ($1, $2)", job).await;
        // Nobody can open it: asked for again and again, it would keep all others from being read.
        let lost = version(&on, "hayro 0.9.0+2", no_text).await;
        let text = "DELETE FROM blob_key WHERE name = $1";
        run(&on, text, vec![lost.raw().into()]).await;

        let readers = indexer::extract::drawn_engines();
        let found = unrecognised(&on, ENGINE, &readers, 16).await;
        let mut found: Vec<Uuid> = found
            .expect("an answer")
            .into_iter()
            .map(VersionId::raw)
            .collect();
        found.sort_unstable();
        let mut expected = vec![scan.raw(), old.raw()];
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn progress_stands_in_a_row_and_comes_back() {
        let progress = Progress {
            through: 16,
            words: 4_000,
            failed: Some("timed_out".to_owned()),
        };
        let row = |details: Option<String>| rows::rendition::Model {
            id: Uuid::nil(),
            version: 1,
            document_version_id: Uuid::nil(),
            kind: WORDS.to_owned(),
            engine: ENGINE.to_owned(),
            state: "partly_readable".to_owned(),
            reason: None,
            pages: 16,
            blob_name: None,
            created_at: 0,
            components: None,
            details,
        };
        let json = serde_json::to_string(&progress).expect("JSON");
        assert_eq!(Progress::of(&row(Some(json))), Some(progress));
        assert_eq!(Progress::of(&row(None)), None);
    }
}
