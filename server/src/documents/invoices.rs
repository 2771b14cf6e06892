//! What an invoice is about, as it stands in its XML: kept as a rendition of the version, shown with
//! the document, found as words of it.

use indexer::extract::Invoice;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use storage::Storage;
use utoipa::ToSchema;

use super::guard;
use super::looking;
use super::model::Held;
use super::rows;
use crate::base::db::DbError;

/// The kind of rendition.
pub(super) const KIND: &str = "invoice";
/// The state of a rendition that holds facts, and of one that says that there are none any more.
pub(super) const READ: &str = "readable";
pub(super) const NONE: &str = "none";
/// Most bytes of stored facts that are read back.
pub const INVOICE_BYTES_MAX: u64 = 64 << 10;

/// Reads what was stored; `None`: it is not ours.
#[must_use]
pub fn unpack_invoice(bytes: &[u8]) -> Option<Invoice> {
    serde_json::from_slice(bytes).ok()
}

/// What an invoice says of itself. Whoever sent it wrote it: nothing of it has been checked but its form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceView {
    /// Rechnungsnummer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "RE-2026-0815")]
    pub number: Option<String>,
    /// Code of its kind (UNTDID 1001): `380` is an invoice, `381` a credit note.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "380")]
    pub kind: Option<String>,
    /// Verkäufer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seller: Option<String>,
    /// Käufer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub buyer: Option<String>,
    /// Rechnungsdatum.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    pub issued: Option<String>,
    /// Fälligkeit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    pub due: Option<String>,
    /// The amount with tax, with a decimal point.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "336.90")]
    pub gross: Option<String>,
    /// The currency of the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "EUR")]
    pub currency: Option<String>,
    /// What the buyer wants to be named, such as a Leitweg-ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "04011000-12345-03")]
    pub buyer_reference: Option<String>,
    /// The accounts to pay to.
    pub ibans: Vec<String>,
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        Self {
            number: invoice.number,
            kind: invoice.kind,
            seller: invoice.seller,
            buyer: invoice.buyer,
            issued: invoice.issued,
            due: invoice.due,
            gross: invoice.gross,
            currency: invoice.currency,
            buyer_reference: invoice.buyer_reference,
            ibans: invoice.ibans,
        }
    }
}

/// What the version in force says as an invoice, as it is shown; the caller may read its content.
pub(super) async fn told(
    on: &impl ConnectionTrait,
    storage: &Storage,
    held: &Held,
) -> Result<Option<InvoiceView>, DbError> {
    let found = read(on, storage, held).await?;
    Ok(found.map(InvoiceView::from))
}

/// What the version in force says as an invoice; the caller may read its content. Where that cannot be read
/// back, the rest of the document is told all the same.
pub(super) async fn read(
    on: &impl ConnectionTrait,
    storage: &Storage,
    held: &Held,
) -> Result<Option<Invoice>, DbError> {
    let mut blob = None;
    for _ in 0..looking::LOOKS_MAX {
        let found = rows::renditions(on, &[held.version.id], KIND).await?;
        let Some((_, _, Some(name))) = found.into_iter().next() else {
            return Ok(None);
        };
        blob = rows::blob_to_open(on, &name).await?;
        if blob.is_some() {
            break;
        }
    }
    let Some(blob) = blob else {
        return Ok(None);
    };
    // It stands in the content, and is told no more than that.
    if guard::is_withheld(on, held.version.id).await? {
        return Ok(None);
    }
    match storage.read(&blob, INVOICE_BYTES_MAX).await {
        Ok(stored) => Ok(unpack_invoice(&stored)),
        Err(error) => {
            tracing::error!(document = %held.document.id, error = %error,
                "what an invoice is about could not be read; `papierlos check` will name it");
            Ok(None)
        }
    }
}
