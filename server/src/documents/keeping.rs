//! What was read of a version is kept: texts and other renditions, and what follows from them.

use indexer::extract::Reason;
use indexer::guard::Biometric;
use indexer::likeness::Sketch;
use uuid::Uuid;

use super::components::{self, NewPart, Room};
use super::model::{Document, DocumentError, Kept, TextInfo};
use super::{duplicates, guard, invoices, passwords, rows, same};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::insert::Together;
use crate::base::{Job, RenditionId, VersionId};
use crate::departments;
use crate::unit::Unit;

/// What a worker found in a version.
#[derive(Debug)]
pub struct ReadText {
    /// What became of it.
    pub info: TextInfo,
    /// The pages, stored; nothing where there is no text.
    pub pages: Option<Kept>,
    /// What is remembered of its text; nothing where there is too little.
    pub sketch: Option<Sketch>,
    /// What it is about as an invoice, stored; nothing where it is none.
    pub invoice: Option<Kept>,
    /// By what that invoice is told from others.
    pub invoice_key: Option<String>,
    /// What was taken out of it, stored.
    pub parts: Vec<NewPart>,
    /// How much a family may hold.
    pub room: Room,
    /// What it is or holds, where that is a biometric record.
    pub biometric: Option<Biometric>,
    /// The password that opened it, stored, where that was not kept before.
    pub password: Option<Kept>,
    /// The rendition of the password that was known when it was read.
    pub known: Option<Uuid>,
}

impl ReadText {
    /// A text of which nothing is taken out.
    #[must_use]
    pub const fn plain(info: TextInfo, pages: Option<Kept>) -> Self {
        Self {
            info,
            pages,
            sketch: None,
            invoice: None,
            invoice_key: None,
            parts: Vec::new(),
            room: Room {
                parts: 0,
                bytes: 0,
                depth: 0,
            },
            biometric: None,
            password: None,
            known: None,
        }
    }
}

/// Keeps the text of a version as a rendition. A version that has its text keeps it; one in which a
/// biometric record was found is withheld. Of what was withheld meanwhile nothing is kept.
pub async fn keep_text(
    unit: &mut Unit,
    version: VersionId,
    mut text: ReadText,
) -> Result<(), DocumentError> {
    let (found, _) = rows::version(unit.tx(), version)
        .await?
        .ok_or(DocumentError::NoVersion)?;
    guard::require_still_open(unit, version).await?;
    let parts = components::admit(unit, &found, &mut text).await?;
    let encrypted = text.info.reason.as_deref() == Some(Reason::Encrypted.as_str());
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: "text".to_owned(),
        engine: text.info.engine,
        state: text.info.state,
        reason: text.info.reason,
        pages: i64::try_from(text.info.pages).unwrap_or(i64::MAX),
        blob_name: None,
        created_at: unit.now().micros(),
        components: text
            .info
            .components
            .map(|many| i64::try_from(many).unwrap_or(i64::MAX)),
        details: text.info.details.to_json(),
    };
    let context = Object::new().with("engine", row.engine.as_str()).to_bytes();
    let (engine, id) = (row.engine.clone(), RenditionId::of(row.id));
    let document = keep_rendition(unit, version, row, text.pages.as_ref()).await?;
    duplicates::keep(unit, &document, (version, id), text.sketch.as_ref()).await?;
    let invoice = (text.invoice, text.invoice_key);
    keep_invoice(unit, version, engine, invoice).await?;
    if let Some(password) = &text.password {
        passwords::keep(unit, version, password).await?;
    } else if encrypted && known_since(unit, version, text.known).await? {
        unit.enqueue(Job::ExtractText(version));
    }
    unit.record_with(Action::TextRead, Some(document.department), Some(context));
    components::take_out(unit, &document, &found, parts).await?;
    match text.biometric {
        Some(kind) => guard::withhold(unit, &found, kind).await,
        None => Ok(()),
    }
}

/// Whether somebody has given another password than this one while the version was being read.
async fn known_since(
    unit: &Unit,
    version: VersionId,
    known: Option<Uuid>,
) -> Result<bool, DbError> {
    let newest = passwords::newest(unit.tx(), version).await?;
    Ok(newest.is_some_and(|newest| Some(newest.id) != known))
}

/// Keeps what a version is about as an invoice. Where it was read as one before and is not any more,
/// that is said too: the newest rendition counts.
async fn keep_invoice(
    unit: &mut Unit,
    version: VersionId,
    engine: String,
    (invoice, key): (Option<Kept>, Option<String>),
) -> Result<(), DocumentError> {
    let before = rows::renditions(unit.tx(), &[version], invoices::KIND).await?;
    let had = before.iter().any(|(_, _, name)| name.is_some());
    if invoice.is_none() && !had {
        return Ok(());
    }
    let state = if invoice.is_some() {
        invoices::READ
    } else {
        invoices::NONE
    };
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: invoices::KIND.to_owned(),
        engine,
        state: state.to_owned(),
        reason: None,
        pages: 0,
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: key,
    };
    keep_rendition(unit, version, row, invoice.as_ref()).await?;
    Ok(())
}

/// Adds a rendition of a version with its blob, and gives the document; the caller records it.
pub(super) async fn keep_rendition(
    unit: &mut Unit,
    version: VersionId,
    mut row: rows::rendition::Model,
    kept: Option<&Kept>,
) -> Result<Document, DocumentError> {
    let (found, _) = rows::version(unit.tx(), version)
        .await?
        .ok_or(DocumentError::NoVersion)?;
    let document = rows::find_to_change(unit, found.document)
        .await?
        .ok_or(DocumentError::NotFound)?;
    if let Some(kept) = kept
        && departments::key_domain(unit.tx(), document.compartment).await? != kept.blob.domain
    {
        // The document was moved while it was read.
        unit.enqueue(Job::MoveContent(document.id));
    }
    let mut all = Together::default();
    let held = match kept {
        Some(kept) => Some(same::hold_blob(unit, &mut all, kept).await?.0),
        None => None,
    };
    row.blob_name = held.as_ref().map(|held| held.name.clone());
    rows::put_rendition(unit, &mut all, document.id, row, held.as_ref());
    all.run(unit.tx()).await?;
    Ok(document)
}
