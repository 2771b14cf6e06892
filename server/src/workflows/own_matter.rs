//! Whose matter a document is: of whom a workflow says so that names it.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use uuid::Uuid;
use workflow::definition::Definition;
use workflow::instance::{Assigned, Id, Instance, Taker, Value};

use super::facts::account_of;
use super::rows;
use crate::base::db::{DbError, sql};
use crate::base::{Actor, DocumentId, WorkflowId};
use crate::documents::{AskingOwn, OwnMatter};
use crate::unit::Unit;

/// The word of a definition for whoever began.
const INITIATOR: &str = "initiator";
/// Workflows that name a document, or named it when they ended.
const NAMING: &str = "SELECT instance_id FROM workflow_document WHERE document_id = $1";

/// Nobody decides about what is withheld of his own matter.
pub const OWN_MATTER: OwnMatter = OwnMatter { within, durable };

fn within(unit: &Unit, documents: Vec<DocumentId>) -> AskingOwn<'_> {
    Box::pin(is_own(unit.tx(), unit.actor(), documents))
}

fn durable<'a>(
    on: &'a DatabaseConnection,
    actor: &'a Actor,
    documents: Vec<DocumentId>,
) -> AskingOwn<'a> {
    Box::pin(is_own(on, actor, documents))
}

/// The persons whose matter a workflow is.
fn persons<'i>(definition: &Definition, instance: &'i Instance) -> Vec<&'i Id> {
    let mut found = Vec::new();
    let mut add = |one: &'i Assigned| {
        if let Assigned::Person { account } = one {
            found.push(account);
        }
    };
    for field in &definition.matter_of {
        match instance.fields.get(field) {
            Some(Value::Who(one)) => add(one),
            Some(Value::Whos(all)) => all.iter().for_each(&mut add),
            Some(
                Value::YesNo(_)
                | Value::Number(_)
                | Value::Money(_)
                | Value::Text(_)
                | Value::Day(_)
                | Value::Document(_),
            )
            | None => {}
        }
    }
    if definition.matter_of.iter().any(|field| field == INITIATOR) {
        let Taker {
            account,
            on_behalf_of,
            ..
        } = &instance.initiator;
        found.push(account);
        found.extend(on_behalf_of);
    }
    found
}

async fn naming(
    on: &impl ConnectionTrait,
    document: DocumentId,
) -> Result<Vec<WorkflowId>, DbError> {
    let rows = on
        .query_all_raw(sql(on, NAMING, [document.raw().into()]))
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: Uuid = row.try_get_by_index(0)?;
        found.push(WorkflowId::of(id));
    }
    Ok(found)
}

/// The definition by which a workflow runs. It is kept since the first one began by it.
async fn definition_of(
    on: &impl ConnectionTrait,
    instance: &Instance,
) -> Result<Definition, DbError> {
    let named = (instance.definition.as_str(), instance.definition_version);
    let kept = rows::definition(on, named).await?;
    let read = kept.and_then(|kept| Definition::read_kept(&kept.source).ok());
    read.ok_or(DbError::Log(
        "a workflow whose definition cannot be read any more",
    ))
}

async fn is_own(
    on: &impl ConnectionTrait,
    actor: &Actor,
    documents: Vec<DocumentId>,
) -> Result<bool, DbError> {
    for document in documents {
        for id in naming(on, document).await? {
            let Some(flow) = rows::find(on, id).await? else {
                continue;
            };
            let definition = definition_of(on, &flow.instance).await?;
            let persons = persons(&definition, &flow.instance);
            let mut accounts = persons.into_iter().map(account_of);
            if accounts.any(|id| id == actor.account || actor.on_behalf_of == Some(id)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
