//! Documents that were made of a form: of which, and where they are signed.
//!
//! What was said in the form stands in its content only; beside it is kept what binds to it: SHA-256 over a salt
//! and the values. The salt stands in the content too: whoever may not read that cannot guess what was said.

use bytes::Bytes;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::Storage;
use utoipa::ToSchema;

use super::http::{answer, told};
use super::intake::Arriving;
use super::keeping::keep_rendition;
use super::model::{DocumentError, Metadata};
use super::ops::{self, Content};
use super::rows::{self, rendition};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DepartmentId, DocumentId, RenditionId, Tasks, VersionId};
use crate::departments::Department;
use crate::http::Language;
use crate::replay::Answer;
use crate::unit::{Db, Unit};

/// The kind of the rendition that says so.
const KIND: &str = "form";
/// Its state.
const MADE: &str = "made";
/// What forms are made as.
const MEDIA_TYPE: &str = "application/pdf";

/// Of which form a version was made, and where it is signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentForm)]
pub(crate) struct DocumentForm {
    /// The form.
    #[schema(example = "ausweis-empfang")]
    pub id: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of the template, in hex.
    pub sha256: String,
    /// The language: `de`, or `de-simple` for simple words.
    #[schema(example = "de")]
    pub language: String,
    /// What binds to the values that were said: SHA-256, in hex, over 32 random bytes, which stand in the document
    /// only, and the values: canonical JSON (RFC 8785) of texts by the keys of fields.
    pub values_sha256: String,
    /// Whether an identity check must be recorded before it is signed.
    #[serde(default)]
    pub identity_check: bool,
    /// Where it is signed, in the order of the form.
    pub signatures: Vec<SignaturePlace>,
}

/// A place to sign. Points (1/72 inch), from the lower left corner of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct SignaturePlace {
    /// Its key in the form.
    #[schema(example = "citizen")]
    pub key: String,
    /// What stands below it.
    pub label: String,
    /// Who signs: `citizen` or `clerk`.
    #[schema(example = "citizen")]
    pub who: String,
    /// The page, from 1.
    #[schema(minimum = 1)]
    pub page: u64,
    /// Its left edge.
    pub left: f32,
    /// Its lower edge.
    pub bottom: f32,
    /// From left to right.
    pub width: f32,
    /// From bottom to top.
    pub height: f32,
}

/// What is filed.
#[derive(Debug)]
pub(crate) struct Made {
    /// Where it goes, unless it goes into a case.
    pub department: DepartmentId,
    /// The case for which it is.
    pub case: Option<CaseId>,
    /// What is said about it.
    pub metadata: Metadata,
    /// The document.
    pub content: Content,
    /// Of what it was made.
    pub form: DocumentForm,
    /// How many pages it has.
    pub pages: u64,
}

/// Makes a form durable, under the keys of the case into which it goes.
pub(crate) async fn store(
    (db, storage, tasks): (&Db, &Storage, &Tasks),
    (actor, case): (&Actor, Option<CaseId>),
    pdf: Vec<u8>,
    file_name: String,
) -> Result<Content, DocumentError> {
    let mut arriving = Arriving::begin(storage).await?;
    if let Err(error) = arriving.push(Bytes::from(pdf)).await {
        arriving.discard().await;
        return Err(error.into());
    }
    let arrived = arriving.finish(MEDIA_TYPE.to_owned(), Some(file_name));
    let arrived = arrived.await?.within_case(db, actor, case).await?;
    arrived.keep_as(db, actor, tasks).await
}

/// Files what was made of a form, as a draft; the answer is that of filing a document.
pub(crate) async fn file(
    unit: &mut Unit,
    made: Made,
    departments: &[Department],
) -> Result<Answer, DocumentError> {
    let Made {
        department,
        case,
        metadata,
        content,
        form,
        pages,
    } = made;
    let (held, _) = ops::draft(unit, department, case, metadata, content).await?;
    keep(unit, held.version.id, &form, pages).await?;
    let language = (departments, Language::German);
    let mut view = told(unit.tx(), unit.actor(), held, language).await?;
    view.form = Some(form);
    answer(201, &view)
}

async fn keep(
    unit: &mut Unit,
    version: VersionId,
    form: &DocumentForm,
    pages: u64,
) -> Result<(), DocumentError> {
    let details = serde_json::to_string(form);
    let details = details.map_err(|_unwritable| DbError::Corrupt {
        table: "rendition",
        key: version.to_string(),
        what: "a form cannot be written",
    })?;
    let row = rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: KIND.to_owned(),
        engine: format!("{} {}", paper::ENGINE.name, paper::ENGINE.version),
        state: MADE.to_owned(),
        reason: None,
        pages: i64::try_from(pages).unwrap_or(i64::MAX),
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: Some(details),
    };
    let context = Object::new()
        .with("form", form.id.as_str())
        .with("language", form.language.as_str())
        .with("template", form.sha256.as_str())
        .with("values", form.values_sha256.as_str())
        .with("version", form.version.to_string())
        .to_bytes();
    let document = keep_rendition(unit, version, row, None).await?;
    let department = Some(document.department);
    unit.record_with(Action::FormFill, department, Some(context));
    Ok(())
}

/// Of which form a version was made, if of one.
pub(super) async fn form_of(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<Option<DocumentForm>, DbError> {
    let rows = rows::all_renditions(on, version, KIND).await?;
    let Some(row) = rows.last() else {
        return Ok(None);
    };
    let form = row.details.as_deref().map(serde_json::from_str);
    let form = form.transpose().map_err(|_unreadable| DbError::Corrupt {
        table: "rendition",
        key: row.id.to_string(),
        what: "what it says of a form cannot be read",
    })?;
    Ok(form)
}

/// Whether an identity check must be recorded before a document is signed: where the form asks for that of which one
/// of its versions was made. What was signed once is a version of no form, and asks for it as before.
pub(crate) async fn wants_identity_check(
    on: &impl ConnectionTrait,
    document: DocumentId,
) -> Result<bool, DbError> {
    for (version, _) in rows::versions(on, &[document]).await? {
        let form = form_of(on, version.id).await?;
        if form.is_some_and(|form| form.identity_check) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_form_is_signed_stands_in_a_row_and_comes_back() {
        let form = DocumentForm {
            id: "ausweis-empfang".to_owned(),
            version: 3,
            sha256: "ab".repeat(32),
            language: "de-simple".to_owned(),
            values_sha256: "cd".repeat(32),
            identity_check: true,
            signatures: vec![SignaturePlace {
                key: "citizen".to_owned(),
                label: "Ihre Unterschrift".to_owned(),
                who: "citizen".to_owned(),
                page: 2,
                left: 70.866_14,
                bottom: 123.456_78,
                width: 226.771_65,
                height: 70.866_14,
            }],
        };
        let text = serde_json::to_string(&form).expect("it can be written");
        let again: DocumentForm = serde_json::from_str(&text).expect("it can be read");
        assert_eq!(again, form);
    }
}
