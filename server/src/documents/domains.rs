//! Content lies under the keys of the place where its document stands, and follows it there.
//!
//! A document that is moved leaves a job behind ([`Job::MoveContent`](crate::base::Job)); until it has
//! run, content is read under the keys of the old place. Where nobody else has the content, its data key
//! is wrapped for the new place, and no longer for the old one. Where others have it who stay, the
//! document gets a blob of its own. Each step is one unit of work: a kill leaves the content readable
//! under the old keys or under the new ones, at worst with a blob in the store that nobody names.

use sea_orm::ConnectionTrait;
use storage::{Blob, ContentDigests, KeyDomain, Storage, StoreError, WrappedKey};

use super::model::{DocumentError, Kept, Version};
use super::same::{self, Known};
use super::{ops, rows};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::insert::Together;
use crate::base::{CompartmentId, DepartmentId, DocumentId};
use crate::departments;
use crate::unit::{Db, Unit};

/// Content of a document that lies under other keys than those of its place.
#[derive(Debug)]
pub struct Astray {
    document: DocumentId,
    compartment: Option<CompartmentId>,
    blob: Blob,
    content: ContentDigests,
    to: KeyDomain,
}

/// What was made ready outside of the transaction.
#[derive(Debug)]
pub enum Ready {
    /// Its data key, wrapped for the place: nobody elsewhere has the content.
    Wrapped(WrappedKey),
    /// A blob with the same content in the key domain of the place.
    Stored(Box<Kept>),
}

/// The key domain of the place where a document stands.
pub async fn domain_of(on: &impl ConnectionTrait, id: DocumentId) -> Result<KeyDomain, DbError> {
    let document = rows::find(on, id).await?;
    let compartment = document.and_then(|document| document.compartment);
    departments::key_domain(on, compartment).await
}

/// The department in which the document of a version stands.
pub async fn department_of_version(
    on: &impl ConnectionTrait,
    version: &Version,
) -> Result<Option<DepartmentId>, DbError> {
    let document = rows::find(on, version.document).await?;
    Ok(document.map(|document| document.department))
}

/// The first content of a document that lies under other keys than those of its place.
pub async fn astray(on: &impl ConnectionTrait, id: DocumentId) -> Result<Option<Astray>, DbError> {
    let Some(document) = rows::find(on, id).await? else {
        return Ok(None);
    };
    let to = departments::key_domain(on, document.compartment).await?;
    let found = rows::first_elsewhere(on, id, &to).await?;
    Ok(found.map(|(blob, content)| Astray {
        document: id,
        compartment: document.compartment,
        blob,
        content,
        to,
    }))
}

/// Makes ready what the content needs to lie under the keys of its place.
pub async fn prepare(db: &Db, storage: &Storage, astray: &Astray) -> Result<Ready, DocumentError> {
    let (on, to) = (db.read(), &astray.to);
    let instead_of = match same::known_content(on, storage, &astray.content, to).await? {
        // The blob that is left loses its key: that the other one is sound must be known, not likely.
        Known::Stored(kept) => {
            let name = kept.blob.name;
            if same::is_whole(storage, &kept).await? {
                return Ok(Ready::Stored(Box::new(kept)));
            }
            Some(name)
        }
        Known::Lost(name) => Some(name),
        Known::New => None,
    };
    let (name, from) = (astray.blob.name, &astray.blob.domain);
    let shared = rows::is_named_elsewhere(on, name.as_bytes(), astray.compartment).await?;
    // Beside one that is lost it is stored anew, so that the lost one is known to have a successor.
    if instead_of.is_none() && !shared {
        let wrapped = storage.kms().transfer(from, to, &astray.blob.key).await;
        return Ok(Ready::Wrapped(wrapped.map_err(DbError::from)?));
    }
    let content = storage.open(&astray.blob, None).await?;
    let staged = storage.stage(to, content, u64::MAX).await?;
    if staged.content != astray.content {
        let found = staged.content.sha256;
        staged.discard().await;
        let damage = storage::Damage::Digest { found };
        return Err(StoreError::Damaged { name, damage }.into());
    }
    let stored_bytes = staged.stored_bytes;
    Ok(Ready::Stored(Box::new(Kept {
        blob: staged.keep().await?,
        content: astray.content,
        stored_bytes,
        instead_of,
    })))
}

/// Brings content under the keys of its place; refuses where anything has changed since it was made
/// ready.
pub async fn settle(unit: &mut Unit, astray: Astray, ready: Ready) -> Result<(), DocumentError> {
    let found = rows::find_to_change(unit, astray.document).await?;
    let document = found.ok_or(DocumentError::NotFound)?;
    let (name, to) = (astray.blob.name.as_bytes(), &astray.to);
    let key = rows::key_of(unit, name).await?;
    let as_before = document.compartment == astray.compartment
        && key.is_some_and(|key| {
            key.domain == astray.blob.domain.as_str() && key.kek == astray.blob.key.kek
        });
    if !as_before {
        return Err(DbError::Stale.into());
    }
    let how = match ready {
        Ready::Wrapped(wrapped) => {
            let sha256 = astray.content.sha256.as_bytes();
            let elsewhere = rows::is_named_elsewhere(unit.tx(), name, astray.compartment).await?;
            let there = rows::blob_with_content(unit.tx(), sha256, to).await?;
            if elsewhere || there.is_some() {
                return Err(DbError::Stale.into());
            }
            rows::wrap_within(unit, name, to, wrapped).await?;
            "wrapped"
        }
        Ready::Stored(kept) => {
            let mut blob = Together::default();
            let (held, _) = same::hold_blob(unit, &mut blob, &kept).await?;
            blob.run(unit.tx()).await?;
            rows::point_to(unit, document.id, name, &held).await?;
            if !rows::is_named(unit.tx(), name).await? {
                rows::destroy_key(unit, name).await?;
            }
            "stored"
        }
    };
    let context = Object::new()
        .with("blob", hex::encode(name))
        .with("document", document.id.to_string())
        .with("from", astray.blob.domain.as_str())
        .with("how", how)
        .with("to", to.as_str())
        .to_bytes();
    let department = Some(document.department);
    unit.record_with(Action::ContentMove, department, Some(context));
    Ok(())
}

/// Whether all content of a document lies under the keys of its place. The document is locked: it stays
/// there until the unit ends.
pub async fn is_settled(unit: &Unit, id: DocumentId) -> Result<bool, DbError> {
    ops::lock(unit, id).await?;
    Ok(astray(unit.tx(), id).await?.is_none())
}
