//! What an invoice is about, as it stands in its XML: kept as a rendition of the version, shown with
//! the document, found as words of it.

use indexer::extract::Invoice;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use sha2::{Digest, Sha256};
use storage::Storage;
use utoipa::ToSchema;

use super::guard;
use super::looking;
use super::model::{Document, DocumentError, Held};
use super::rows;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Right, VersionId};

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

/// A number or a name as it is compared by which something is known again: without blanks, in capital letters.
#[must_use]
pub fn comparable(said: &str) -> String {
    let letters = said.chars().filter(|letter| !letter.is_whitespace());
    letters.collect::<String>().to_uppercase()
}

/// By what an invoice is told from all others: its seller, its number, its day and its amount, in one digest. `None`:
/// it does not say all of that. It is kept with the facts, as `details` of their rendition.
#[must_use]
pub fn invoice_key(invoice: &Invoice) -> Option<String> {
    let seller = invoice.seller_id.as_ref().or(invoice.seller.as_ref())?;
    // 336.9 and 336.90 are one amount.
    let gross = invoice.gross.as_deref()?;
    let (whole, part) = gross.split_once('.').unwrap_or((gross, ""));
    let amount = format!("{whole}.{}", part.trim_end_matches('0'));
    let facts = [
        comparable(seller),
        comparable(invoice.number.as_deref()?),
        comparable(invoice.issued.as_deref()?),
        amount,
        invoice.currency.clone().unwrap_or_default(),
    ];
    let digest = Sha256::digest(facts.join("\n").as_bytes());
    Some(format!("{{\"invoice\":\"{}\"}}", hex::encode(digest)))
}

/// What a version of a document says of itself as an invoice.
#[derive(Debug, Clone)]
pub struct Billed {
    /// The version that says so.
    pub version: VersionId,
    /// What it says.
    pub invoice: Invoice,
}

/// What the version in force says as an invoice, to whoever may read its content; with the document, since that is a
/// look at it. Nothing where there is nothing to be seen.
pub(crate) async fn billed(
    on: &impl ConnectionTrait,
    storage: &Storage,
    (actor, id): (&Actor, DocumentId),
) -> Result<Option<(Document, Billed)>, DocumentError> {
    let held = match looking::read(on, actor, id).await {
        Ok(held) => held,
        Err(DocumentError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !looking::sees(on, actor, Right::ReadContent, &held.document).await? {
        return Ok(None);
    }
    let invoice = read(on, storage, &held).await?;
    let version = held.version.id;
    Ok(invoice.map(|invoice| (held.document, Billed { version, invoice })))
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
    /// The number of the seller's value added tax, or his tax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "DE123456789")]
    pub seller_id: Option<String>,
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
            seller_id: invoice.seller_id,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Invoice {
        Invoice {
            number: Some("RE-7".into()),
            seller: Some("Musterbau GmbH".into()),
            seller_id: Some("DE123456789".into()),
            issued: Some("2026-11-02".into()),
            gross: Some("336.90".into()),
            currency: Some("EUR".into()),
            ..Invoice::default()
        }
    }

    #[test]
    fn an_invoice_is_the_same_however_it_is_written_and_another_by_each_of_its_facts() {
        let key = invoice_key(&first()).expect("a key");
        let same = Invoice {
            number: Some("re-7 ".into()),
            seller: Some("Musterbau".into()),
            gross: Some("336.9".into()),
            due: Some("2026-12-02".into()),
            ..first()
        };
        assert_eq!(invoice_key(&same).as_deref(), Some(key.as_str()));
        let said = |text: &str| Some(text.to_owned());
        for other in [
            Invoice {
                number: said("RE-8"),
                ..first()
            },
            Invoice {
                seller_id: said("DE987654321"),
                ..first()
            },
            Invoice {
                issued: said("2026-11-03"),
                ..first()
            },
            Invoice {
                gross: said("336.91"),
                ..first()
            },
            Invoice {
                currency: said("CHF"),
                ..first()
            },
        ] {
            assert_ne!(
                invoice_key(&other).as_deref(),
                Some(key.as_str()),
                "{other:?}"
            );
        }
        let unsaid = Invoice {
            gross: None,
            ..first()
        };
        assert_eq!(invoice_key(&unsaid), None);
    }
}
