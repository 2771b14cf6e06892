//! Keeps copies that were made.

use super::{COPY, Refusal, ToCopy, engine, of_text};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::RenditionId;
use crate::documents::guard;
use crate::documents::keeping::keep_rendition;
use crate::documents::model::{DocumentError, Kept};
use crate::documents::rows::{self, rendition};
use crate::unit::Unit;

/// Keeps a copy of a version with so many pages, or why none could be made. It stands in for the one before,
/// which stays. Of what was withheld meanwhile nothing is kept.
///
/// # Errors
///
/// Where the version is withheld or gone.
pub async fn keep(
    unit: &mut Unit,
    source: &ToCopy,
    made: Result<(Kept, u64), Refusal>,
) -> Result<(), DocumentError> {
    guard::require_still_open(unit, source.version).await?;
    let before = rows::all_renditions(unit.tx(), source.version, COPY).await?;
    let replaced = before
        .iter()
        .rfind(|row| row.blob_name.is_some())
        .filter(|_| made.is_ok())
        .map(|row| row.id.to_string());
    let (kept, pages, reason) = match made {
        Ok((kept, pages)) => (Some(kept), pages, None),
        Err(refusal) => (None, 0, Some(refusal.as_str())),
    };
    let engine = engine();
    let context = Object::new()
        .with("engine", engine.as_str())
        .with("kind", COPY)
        .with_some("reason", reason)
        .with_some("replaces", replaced.as_deref())
        .with("text", source.text.to_string())
        .to_bytes();
    let state = if reason.is_some() {
        "unreadable"
    } else {
        "readable"
    };
    let row = rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: source.version.raw(),
        kind: COPY.to_owned(),
        engine,
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        pages: i64::try_from(pages).unwrap_or(i64::MAX),
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: Some(of_text(source.text)),
    };
    let document = keep_rendition(unit, source.version, row, kept.as_ref()).await?;
    let department = Some(document.department);
    unit.record_with(Action::ContentDraw, department, Some(context));
    Ok(())
}
