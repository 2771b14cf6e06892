//! Documents as the worker and the index want them.

use sea_orm::ConnectionTrait;
use storage::Blob;

use super::fields;
use super::guard;
use super::invoices;
use super::list;
use super::model::{DocumentError, Held, Metadata, Version};
use super::rows;
use crate::base::db::DbError;
use crate::base::rights::tokens;
use crate::base::{Actor, DocumentId, VersionId};
use crate::correspondents::{self, Correspondent};
use crate::files;

use super::looking::{LOOKS_MAX, hold};

/// What a worker needs to read a version: its blob and what it claims to be.
pub async fn to_extract(
    on: &impl ConnectionTrait,
    id: VersionId,
) -> Result<Option<(Version, Blob)>, DbError> {
    for _ in 0..LOOKS_MAX {
        let Some((version, name)) = rows::version(on, id).await? else {
            return Ok(None);
        };
        if let Some(blob) = rows::blob_to_open(on, &name).await? {
            return Ok(Some((version, blob)));
        }
    }
    Ok(None)
}

/// A document as the index wants it.
#[derive(Debug, Clone)]
pub struct Indexed {
    /// The document with its version in force.
    pub held: Held,
    /// The short name of its department.
    pub department: String,
    /// The access tokens of its place.
    pub tokens: Vec<u64>,
    /// The blob of its text, where it has one.
    pub text: Option<Blob>,
    /// The blob of what it is about as an invoice, where it is one.
    pub invoice: Option<Blob>,
    /// The references of the house by which it is found: its own, those of its case and its file,
    /// and what all three were called before.
    pub names: Vec<String>,
    /// Who wrote or received it, by the name that is known today; else as it is written on it.
    pub correspondent: Option<String>,
    /// What that one is also called.
    pub also_called: Vec<String>,
    /// What stands in its fields.
    pub values: Vec<indexer::FieldValue>,
}

/// The name of who stands on a document, and the others by which it is found.
fn called(metadata: &Metadata, known: Option<&Correspondent>) -> (Option<String>, Vec<String>) {
    let written = metadata.correspondent.clone();
    let Some(known) = known else {
        return (written, Vec::new());
    };
    let name = known.details.name.clone();
    let mut others = known.details.aliases.clone();
    others.extend(written.filter(|written| *written != name));
    others.sort();
    others.dedup();
    (Some(name), others)
}

/// The references of the house that lead to each document.
async fn names_of(
    on: &impl ConnectionTrait,
    held: &[Held],
) -> Result<std::collections::HashMap<DocumentId, Vec<String>>, DbError> {
    let mut ids: Vec<uuid::Uuid> = Vec::new();
    for one in held {
        ids.push(one.document.id.raw());
        ids.extend(one.document.part.as_ref().map(|part| part.family.raw()));
        if let Some(filed) = &one.filed {
            ids.extend([filed.case.id.raw(), filed.file.id.raw()]);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let aliases = files::aliases(on, &ids).await?;
    let mut all = std::collections::HashMap::new();
    for one in held {
        let mut own = vec![one.document.id.raw()];
        let registered = one.document.registered.as_ref();
        let above = one.parent.as_ref().and_then(|it| it.reference.clone());
        let mut names: Vec<String> = registered
            .map(|it| it.reference.clone())
            .into_iter()
            .chain(above)
            .collect();
        if let Some(part) = &one.document.part {
            own.push(part.family.raw());
        }
        if let Some(filed) = &one.filed {
            own.extend([filed.case.id.raw(), filed.file.id.raw()]);
            names.extend([filed.case.reference.clone(), filed.file.reference.clone()]);
        }
        let old = aliases.iter().filter(|(id, _)| own.contains(id));
        names.extend(old.map(|(_, reference)| reference.clone()));
        all.insert(one.document.id, names);
    }
    Ok(all)
}

/// The blobs with what versions are about as invoices.
async fn invoices_of(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<std::collections::HashMap<VersionId, Blob>, DbError> {
    let found = rows::renditions(on, versions, invoices::KIND).await?;
    let named = found
        .into_iter()
        .filter_map(|(version, _, name)| Some((version, name?)));
    let named: Vec<(VersionId, Vec<u8>)> = named.collect();
    let names: Vec<_> = named.iter().map(|(_, name)| name.clone()).collect();
    let blobs = rows::blobs_to_open(on, &names).await?;
    let open = |(version, name)| Some((version, blobs.get(&name)?.clone()));
    Ok(named.into_iter().filter_map(open).collect())
}

/// Documents as the index wants them.
pub async fn to_index(
    on: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<Vec<Indexed>, DocumentError> {
    let documents = list::visible_among(on, &Actor::system(), ids).await?;
    let held = hold(on, documents).await?;
    let versions: Vec<_> = held.iter().map(|one| one.version.id).collect();
    let withheld = guard::withheld(on, &versions).await?;
    let open = |version: &VersionId| !withheld.contains(version);
    let texts = rows::texts(on, &versions).await?;
    let names: Vec<_> = texts
        .iter()
        .filter_map(|(_, _, name)| name.clone())
        .collect();
    let blobs = rows::blobs_to_open(on, &names).await?;
    let mut text_of: std::collections::HashMap<_, _> = texts
        .into_iter()
        .filter_map(|(version, _, name)| Some((version, blobs.get(&name?)?.clone())))
        .collect();
    let mut invoice_of = invoices_of(on, &versions).await?;
    let departments = crate::departments::departments(on).await?;
    let compartments = crate::departments::compartment_numbers(on).await?;
    let mut names_of = names_of(on, &held).await?;
    let metadata = held.iter().map(|one| &one.document.metadata);
    let ids: Vec<_> = metadata.filter_map(|one| one.correspondent_id).collect();
    let known = correspondents::of_ids(on, &ids).await?;
    let mut values_of = fields::found_by(on, &held).await?;
    let mut all = Vec::with_capacity(held.len());
    for held in held {
        let department = departments
            .iter()
            .find(|one| one.id == held.document.department);
        let department = department.ok_or(DocumentError::NoDepartment)?;
        let text = text_of.remove(&held.version.id);
        let text = text.filter(|_| open(&held.version.id));
        let invoice = invoice_of.remove(&held.version.id);
        let invoice = invoice.filter(|_| open(&held.version.id));
        let compartment = held.document.compartment;
        let hidden = compartment.and_then(|id| compartments.get(&id).copied());
        if compartment.is_some() && hidden.is_none() {
            return Err(DocumentError::NoDepartment);
        }
        let stage = held.document.stage();
        let (slug, tokens) = (
            department.slug.clone(),
            tokens(department.number, hidden, stage),
        );
        let names = names_of.remove(&held.document.id).unwrap_or_default();
        let id = held.document.metadata.correspondent_id;
        let known = id.and_then(|id| known.get(&id));
        let (correspondent, also_called) = called(&held.document.metadata, known);
        let values = values_of.remove(&held.document.id).unwrap_or_default();
        all.push(Indexed {
            held,
            values,
            names,
            correspondent,
            also_called,
            department: slug,
            tokens,
            text,
            invoice,
        });
    }
    Ok(all)
}
