//! Documents of an office and the pages that an office program makes of them: which ones have none, and what
//! becomes of a conversion.
//!
//! What was made once stays: another version of the program makes nothing anew of what can be shown.

use indexer::extract::{Format, Reason, office_format};
use sea_orm::{ConnectionTrait, Value};
use storage::Blob;

use super::guard;
use super::indexing::to_extract;
use super::keeping::keep_rendition;
use super::model::{DocumentError, Kept, Version};
use super::rows;
use super::scans::{Waiting, waits_for};
use super::unqueued::Unqueued;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{JobKind, RenditionId, Timestamp, VersionId};
use crate::unit::Unit;

/// The kind of the rendition that holds the PDF.
pub(super) const CONVERTED: &str = "converted";
/// What the reader of text found that no other program is to try again.
const REFUSED: [Reason; 5] = [
    Reason::Unsafe,
    Reason::Encrypted,
    Reason::Biometric,
    Reason::Withheld,
    Reason::Empty,
];

/// A version of which pages are to be made.
#[derive(Debug)]
pub struct ToConvert {
    /// It.
    pub version: Version,
    /// Its content.
    pub content: Blob,
    /// What it is.
    pub format: Format,
}

/// Whether an office program may try a document of which the reader of text found this.
#[must_use]
pub fn may_be_converted(format: Format, reason: Option<Reason>) -> bool {
    format.is_of_office() && reason.is_none_or(|reason| !REFUSED.contains(&reason))
}

/// What there is of a version for making pages of it. `None`: it is gone, withheld, no document of an office,
/// or has pages.
pub async fn to_convert(
    on: &impl ConnectionTrait,
    id: VersionId,
    engine: &str,
) -> Result<Option<ToConvert>, DbError> {
    let Some((version, content)) = to_extract(on, id).await? else {
        return Ok(None);
    };
    let done = rows::all_renditions(on, id, CONVERTED).await?;
    let done = done
        .iter()
        .any(|row| row.blob_name.is_some() || row.engine == engine);
    if done || guard::is_withheld(on, id).await? {
        return Ok(None);
    }
    let texts = rows::all_renditions(on, id, "text").await?;
    let format = texts.iter().find_map(|row| {
        let reason = row.reason.as_deref().and_then(Reason::from_name);
        office_format(&row.engine).filter(|format| may_be_converted(*format, reason))
    });
    Ok(format.map(|format| ToConvert {
        version,
        content,
        format,
    }))
}

/// Keeps the PDF that was made of a version, or why there is none. Of what was withheld meanwhile nothing is
/// kept.
pub async fn keep_converted(
    unit: &mut Unit,
    version: VersionId,
    engine: String,
    made: Result<Kept, Reason>,
) -> Result<(), DocumentError> {
    guard::require_still_open(unit, version).await?;
    let (kept, reason) = match made {
        Ok(kept) => (Some(kept), None),
        Err(reason) => (None, Some(reason.as_str())),
    };
    let state = if reason.is_some() {
        "unreadable"
    } else {
        "readable"
    };
    let context = Object::new()
        .with("engine", engine.as_str())
        .with("kind", CONVERTED)
        .with_some("reason", reason)
        .to_bytes();
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: CONVERTED.to_owned(),
        engine,
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        pages: 0,
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: None,
    };
    let document = keep_rendition(unit, version, row, kept.as_ref()).await?;
    let department = Some(document.department);
    unit.record_with(Action::ContentDraw, department, Some(context));
    Ok(())
}

/// Versions that one of `readers` has read, that no office program has made pages of, nor this one has tried
/// to, that no job waits for and that can be opened; at most `limit`.
pub async fn unconverted(
    on: &impl ConnectionTrait,
    engine: &str,
    readers: &[&str],
    limit: u32,
) -> Result<Vec<VersionId>, DbError> {
    let mut values: Vec<Value> = vec![CONVERTED.into()];
    let mut refused = Vec::with_capacity(REFUSED.len());
    for (at, reason) in (6..).zip(REFUSED) {
        values.push(reason.as_str().into());
        refused.push(format!("${at}"));
    }
    let condition = format!(
        "(r.reason IS NULL OR r.reason NOT IN ({})) \
         AND NOT EXISTS (SELECT 1 FROM rendition w WHERE w.kind = $5 \
         AND w.document_version_id = r.document_version_id \
         AND (w.engine = $1 OR w.blob_name IS NOT NULL))",
        refused.join(", ")
    );
    let unqueued = Unqueued {
        job: JobKind::ConvertOffice,
        engine,
        readers,
        condition: &condition,
        values,
    };
    unqueued.find(on, limit).await
}

/// Why a document of an office has no pages of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unconverted {
    /// It waits for them.
    Waits(Waiting),
    /// None could be made.
    Failed(Reason),
}

/// What there is to say of a version that has no pages of its own, if anything is.
pub(super) async fn why_unconverted(
    on: &impl ConnectionTrait,
    version: VersionId,
    now: Timestamp,
) -> Result<Option<Unconverted>, DbError> {
    let waits = waits_for(on, JobKind::ConvertOffice, version, now).await?;
    if let Some(waiting) = waits {
        return Ok(Some(Unconverted::Waits(waiting)));
    }
    let tried = rows::all_renditions(on, version, CONVERTED).await?;
    let failed = tried.last().and_then(|row| row.reason.as_deref());
    let reason = failed.and_then(Reason::from_name);
    Ok(reason.map(Unconverted::Failed))
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseConnection;

    use super::*;
    use crate::documents::unqueued::rig::{run, tables, version};

    const ENGINE: &str = "libreoffice 7.4.7.2+1";

    /// That an office program has tried it.
    async fn tried(on: &DatabaseConnection, id: VersionId, engine: &str, reason: Option<&str>) {
        let text = "INSERT INTO rendition VALUES ($1, 'converted', $2, $3, 'readable', $4)";
        let made = reason.is_none().then(|| id.raw().as_bytes().to_vec());
        let reason = reason.map(str::to_owned);
        let values = vec![id.raw().into(), engine.into(), reason.into(), made.into()];
        run(on, text, values).await;
    }

    /// That the guard has found something in it, or what became of that.
    async fn mark(on: &DatabaseConnection, id: VersionId, state: &str) {
        let text = "INSERT INTO rendition VALUES ($1, $2, 'guard 1', NULL, $3, NULL)";
        let values = vec![id.raw().into(), guard::KIND.into(), state.into()];
        run(on, text, values).await;
    }

    #[tokio::test]
    async fn what_has_no_pages_and_was_not_tried_is_found() {
        let on = tables().await;
        let new = version(&on, "docx 1", None).await;
        let pictures = version(&on, "pptx 1", Some("no_text")).await;
        version(&on, "docx 1", Some("unsafe")).await;
        version(&on, "plain 1", None).await;
        version(&on, "hayro 0.9.0+2", None).await;
        let done = version(&on, "odt 1", None).await;
        tried(&on, done, "libreoffice 7.0.0+1", None).await;
        let failed = version(&on, "odt 1", None).await;
        tried(&on, failed, ENGINE, Some("timed_out")).await;
        let before = version(&on, "rtf 1", None).await;
        tried(&on, before, "libreoffice 7.0.0+1", Some("damaged")).await;
        let waits = version(&on, "ods 1", None).await;
        let job = vec![JobKind::ConvertOffice.code().into(), waits.raw().into()];
        run(&on, "INSERT INTO job VALUES ($1, $2)", job).await;
        let withheld = version(&on, "docx 1", None).await;
        mark(&on, withheld, "found").await;
        let released = version(&on, "docx 1", None).await;
        mark(&on, released, "found").await;
        mark(&on, released, guard::RELEASED).await;
        let readers = indexer::extract::office_engines();
        let found = unconverted(&on, ENGINE, &readers, 10).await.expect("rows");
        let mut expect = vec![new, pictures, before, released];
        expect.sort_by_key(|id| id.raw());
        assert_eq!(found, expect);
        let one = unconverted(&on, ENGINE, &readers, 1).await.expect("rows");
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn what_was_refused_as_a_danger_is_shown_to_no_other_program() {
        assert!(may_be_converted(Format::Docx, None));
        assert!(may_be_converted(Format::Pptx, Some(Reason::NoText)));
        assert!(!may_be_converted(Format::Docx, Some(Reason::Unsafe)));
        assert!(!may_be_converted(Format::Text, None));
    }
}
