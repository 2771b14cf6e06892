//! Invoices in XML with which workflows begin: what they say goes into fields, and whether they were there before.

use sea_orm::ConnectionTrait;
use uuid::Uuid;
use workflow::definition::{Definition, FieldKind, InvoiceFact, Source};
use workflow::instance::{Id, Value};

use super::beginning::New;
use super::catalog::Rules;
use super::model::WorkflowError;
use super::rows;
use super::values::{cents_of, day_of};
use crate::base::db::{DbError, sql};
use crate::base::{DocumentId, WorkflowId};
use crate::documents::{self, Billed, Document};

/// The currency of all amounts.
const EURO: &str = "EUR";
/// Codes of credit notes (UNTDID 1001): what they name is not owed but given back.
const CREDIT_NOTES: [&str; 9] = ["81", "83", "261", "262", "296", "308", "381", "396", "532"];

/// Another invoice with the same key that can be opened still: it is registered, or a workflow by the same definition
/// runs with it. Whoever asks is told no more than that there is one.
const TWIN: &str = "SELECT 1 FROM rendition r \
    JOIN document_version v ON v.id = r.document_version_id \
    JOIN document d ON d.id = v.document_id AND d.content_version = v.number \
    JOIN blob_key k ON k.name = r.blob_name \
    WHERE r.kind = 'invoice' AND r.details = $1 AND d.id <> $2 \
    AND (d.state = 'registered' OR EXISTS (SELECT 1 FROM workflow_document w \
        JOIN workflow_instance i ON i.id = w.instance_id \
        WHERE w.document_id = d.id AND i.definition_id = $3 AND i.ended_at IS NULL)) \
    LIMIT 1";

/// Workflows by a definition that run and name a document.
const NAMING: &str = "SELECT w.instance_id FROM workflow_document w \
    JOIN workflow_instance i ON i.id = w.instance_id \
    WHERE w.document_id = $1 AND i.definition_id = $2 AND i.ended_at IS NULL";

/// What is known of an invoice with which a workflow begins.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    billed: &'a Billed,
    duplicate: Option<bool>,
}

fn sources(definition: &Definition) -> impl Iterator<Item = &Source> {
    let fields = definition.fields.iter();
    fields.flat_map(|field| field.source.iter().chain(&field.fallback))
}

/// Whether what shall begin asks for what an invoice says: then that is read before.
pub(super) async fn asks(
    on: &impl ConnectionTrait,
    rules: &Rules,
    new: &New,
) -> Result<bool, WorkflowError> {
    let wanted = (new.definition.as_str(), new.version);
    let Some(listed) = rules.find(on, wanted).await? else {
        return Ok(false);
    };
    let definition = rules.read(listed.source())?;
    Ok(sources(&definition).any(|source| matches!(source, Source::Invoice(_))))
}

/// What is known of the invoice that a document is; nothing if it is none, or if another version is in force since it
/// was read.
pub(super) async fn known<'a>(
    on: &impl ConnectionTrait,
    definition: &Definition,
    (document, billed): (&Document, Option<&'a Billed>),
) -> Result<Option<Known<'a>>, DbError> {
    let Some(billed) = billed else {
        return Ok(None);
    };
    let standing = documents::standing(on, &[document.id]).await?;
    let in_force = standing.first().and_then(documents::Standing::in_force);
    if in_force.is_none_or(|version| version.id != billed.version) {
        return Ok(None);
    }
    let wanted = |source: &Source| matches!(source, Source::Invoice(InvoiceFact::Duplicate));
    let duplicate = match documents::invoice_key(&billed.invoice) {
        Some(key) if sources(definition).any(wanted) => {
            let values = [
                key.into(),
                document.id.raw().into(),
                definition.id.as_str().into(),
            ];
            Some(on.query_one_raw(sql(on, TWIN, values)).await?.is_some())
        }
        Some(_) | None => None,
    };
    Ok(Some(Known { billed, duplicate }))
}

impl Known<'_> {
    /// What it says. Amounts are in euro, and nobody owes what a credit note names.
    pub(super) fn value(&self, fact: InvoiceFact) -> Option<Value> {
        let said = &self.billed.invoice;
        let text = |said: &Option<String>| said.clone().map(Value::Text);
        let day = |said: &Option<String>| said.as_deref().and_then(day_of).map(Value::Day);
        match fact {
            InvoiceFact::Number => text(&said.number),
            InvoiceFact::Gross => self.gross().map(Value::Money),
            InvoiceFact::DueOn => day(&said.due),
            InvoiceFact::IssuedOn => day(&said.issued),
            InvoiceFact::LeitwegId => text(&said.buyer_reference),
            InvoiceFact::SellerId => text(&said.seller_id),
            InvoiceFact::Seller => text(&said.seller),
            InvoiceFact::Duplicate => self.duplicate.map(Value::YesNo),
        }
    }

    fn gross(&self) -> Option<i64> {
        let said = &self.billed.invoice;
        let kind = said.kind.as_deref().unwrap_or_default();
        if said.currency.as_deref() != Some(EURO) || CREDIT_NOTES.contains(&kind) {
            return None;
        }
        let gross = said.gross.as_deref()?;
        let (whole, part) = gross.split_once('.').unwrap_or((gross, ""));
        // 336.9 is written 336.90 here, and 336.9000 too.
        let part = part.trim_end_matches('0');
        cents_of(&format!("{whole}.{part:0<2}")).filter(|cents| *cents >= 0)
    }
}

/// Whether this field says that an invoice was there before, and it was: then nobody says otherwise in beginning.
pub(super) fn is_twin(source: Option<&Source>, known: Option<&Known<'_>>) -> bool {
    matches!(source, Some(Source::Invoice(InvoiceFact::Duplicate)))
        && known.is_some_and(|known| known.duplicate == Some(true))
}

async fn naming(
    on: &impl ConnectionTrait,
    definition: &Definition,
    document: DocumentId,
) -> Result<Vec<WorkflowId>, DbError> {
    let values = [document.raw().into(), definition.id.as_str().into()];
    let rows = on.query_all_raw(sql(on, NAMING, values)).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: Uuid = row.try_get_by_index(0)?;
        found.push(WorkflowId::of(id));
    }
    Ok(found)
}

/// The workflow by that definition that runs with a document already, be it in another case.
pub(super) async fn runs_with(
    on: &impl ConnectionTrait,
    definition: &Definition,
    document: DocumentId,
) -> Result<Option<WorkflowId>, DbError> {
    let begun = Value::Document(Id(document.to_string()));
    for id in naming(on, definition, document).await? {
        let Some(flow) = rows::find(on, id).await? else {
            continue;
        };
        let mut fields = definition.fields.iter();
        let with_it = fields.any(|field| {
            field.kind == FieldKind::Document
                && field.source == Some(Source::Document)
                && flow.instance.fields.get(&field.key) == Some(&begun)
        });
        if with_it {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
