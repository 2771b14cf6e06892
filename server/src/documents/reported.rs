//! Reports: what the program itself writes down, filed as a draft beside what it speaks of.

use bytes::Bytes;
use storage::Storage;

use super::intake::Arriving;
use super::model::{Direction, DocumentError, Held, Metadata, TITLE_CHARS_MAX};
use super::ops::{self, Content};
use super::{domains, fields, looking};
use crate::base::{CivilDate, DocumentId};
use crate::types::Values;
use crate::unit::{Db, Unit};

/// What reports are made as.
const MEDIA_TYPE: &str = "application/pdf";

/// Makes a report durable, under the keys of the document beside which it will stand.
///
/// # Errors
/// Those of the store and of the database.
pub async fn store_report(
    (db, storage): (&Db, &Storage),
    beside: DocumentId,
    (pdf, file_name): (Vec<u8>, String),
) -> Result<Content, DocumentError> {
    let domain = domains::domain_of(db.read(), beside).await?;
    let mut arriving = Arriving::begin_in(storage, &domain).await?;
    if let Err(error) = arriving.push(Bytes::from(pdf)).await {
        arriving.discard().await;
        return Err(error.into());
    }
    let arrived = arriving.finish(MEDIA_TYPE.to_owned(), Some(file_name));
    arrived.await?.keep(db).await
}

/// Files a report as a draft where a document stands: in its case, or in its department where it has none. A type
/// that the house has retired is left out: that is no reason to lose a report.
///
/// # Errors
/// Where nothing may be filed there any more: its case is closed.
pub async fn file_report(
    unit: &mut Unit,
    beside: DocumentId,
    (title, kind): (String, Option<String>),
    content: Content,
) -> Result<Held, DocumentError> {
    let document = looking::read(unit.tx(), unit.actor(), beside)
        .await?
        .document;
    let metadata = Metadata {
        title: title.chars().take(TITLE_CHARS_MAX).collect(),
        kind,
        direction: Direction::Internal,
        channel: None,
        correspondent: None,
        correspondent_id: None,
        document_date: CivilDate::on(unit.now()),
        received_at: unit.now(),
        references: Vec::new(),
        tags: Vec::new(),
        fields: Values::new(),
    };
    let untyped = Metadata {
        kind: None,
        ..metadata.clone()
    };
    let metadata = match fields::of_new(unit.tx(), unit.actor(), metadata).await {
        Err(DocumentError::Fields(_)) => untyped,
        other => other?,
    };
    let (department, case) = (document.department, document.case);
    let (held, _) = ops::draft(unit, department, case, metadata, content).await?;
    Ok(held)
}
