//! Who a name on a document means.

use super::alike::Alike;
use super::model::{Change, Document, DocumentError, Metadata, State};
use crate::correspondents;
use crate::unit::Unit;

/// The metadata with who the correspondent is: the one that is named, else the one that the name means.
pub(super) async fn with_correspondent(
    unit: &mut Unit,
    mut metadata: Metadata,
) -> Result<Metadata, DocumentError> {
    match (metadata.correspondent_id, &metadata.correspondent) {
        (Some(id), name) => {
            let found = correspondents::known(unit.tx(), unit.actor(), id).await?;
            let found = found.ok_or(DocumentError::NoCorrespondent)?;
            metadata.correspondent_id = Some(found.id);
            if name.is_none() {
                metadata.correspondent = Some(found.details.name);
            }
        }
        (None, Some(name)) => {
            metadata.correspondent_id = Some(correspondents::named(unit, name).await?);
        }
        (None, None) => {}
    }
    Ok(metadata)
}

/// The change with who a new correspondent is. The name alone may be told anew, or who it is.
pub(super) async fn of_correspondent(
    unit: &mut Unit,
    alike: &mut Alike,
    before: &Document,
    mut change: Change,
) -> Result<Change, DocumentError> {
    match (&change.correspondent_id, &change.correspondent) {
        (Some(Some(id)), name) => {
            let found = alike.known(unit, *id).await?;
            let found = found.ok_or(DocumentError::NoCorrespondent)?;
            change.correspondent_id = Some(Some(found.id));
            if name.is_none() {
                change.correspondent = Some(Some(found.details.name.clone()));
            }
        }
        (_, Some(Some(name))) => {
            // The same name says nothing new of one who is known, nor on a registered document.
            let metadata = &before.metadata;
            let same = metadata.correspondent.as_ref() == Some(name);
            let settled = metadata.correspondent_id.is_some() || before.state == State::Registered;
            change.correspondent_id = Some(if same && settled {
                metadata.correspondent_id
            } else {
                Some(alike.named(unit, name).await?)
            });
        }
        (_, Some(None)) => change.correspondent_id = Some(None),
        (_, None) => change.correspondent_id = None,
    }
    Ok(change)
}
