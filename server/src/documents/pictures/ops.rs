//! Keeps what was drawn.

use indexer::extract::Reason;

use super::ground::About;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::RenditionId;
use crate::documents::guard;
use crate::documents::keeping::keep_rendition;
use crate::documents::model::{DocumentError, Kept};
use crate::documents::rows::rendition;
use crate::unit::Unit;

/// Keeps what was made of a version, or why nothing could be. Of what was withheld or destroyed while it was drawn
/// nothing is kept: a picture would outlive what it shows.
pub(super) async fn keep(
    unit: &mut Unit,
    about: About,
    made: Result<Kept, Reason>,
) -> Result<(), DocumentError> {
    guard::require_still_open(unit, about.version).await?;
    let (kept, reason) = match made {
        Ok(kept) => (Some(kept), None),
        Err(reason) => (None, Some(reason)),
    };
    let state = if reason.is_some() {
        "unreadable"
    } else {
        "readable"
    };
    let context = Object::new()
        .with("engine", about.engine.as_str())
        .with("kind", about.kind)
        .with_some("of", about.of.map(|id| id.to_string()).as_deref())
        .with_some("page", about.page)
        .with_some("reason", reason.map(Reason::as_str))
        .with_some("width", about.width.map(u32::from))
        .to_bytes();
    let row = rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: about.version.raw(),
        kind: about.kind.to_owned(),
        engine: about.engine.clone(),
        state: state.to_owned(),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        pages: i64::from(about.page.is_some()),
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: about.details(),
    };
    let document = keep_rendition(unit, about.version, row, kept.as_ref()).await?;
    let department = Some(document.department);
    unit.record_with(Action::ContentDraw, department, Some(context));
    Ok(())
}
