//! Whose matter a document is: of whom a workflow says so that names it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use workflow::definition::Definition;
use workflow::instance::{Assigned, Id, Instance, Taker, Value};

use super::facts::account_of;
use super::rows;
use crate::base::db::{DbError, placeholders, sql};
use crate::base::{Actor, DocumentId, WorkflowId};
use crate::documents::{AskingOwn, OwnMatter};
use crate::unit::Unit;

/// The word of a definition for whoever began.
const INITIATOR: &str = "initiator";
/// How many documents, and how many workflows, are asked for at once.
const AT_ONCE: usize = 500;

/// Nobody decides about what is withheld of his own matter.
pub const OWN_MATTER: OwnMatter = OwnMatter { within, durable };

fn within(unit: &Unit, documents: Vec<DocumentId>) -> AskingOwn<'_> {
    Box::pin(own_among(unit.tx(), unit.actor(), documents))
}

fn durable<'a>(
    on: &'a DatabaseConnection,
    actor: &'a Actor,
    documents: Vec<DocumentId>,
) -> AskingOwn<'a> {
    Box::pin(own_among(on, actor, documents))
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

/// Workflows that name one of these documents, or named it when they ended, with those that they name.
async fn naming(
    on: &impl ConnectionTrait,
    documents: &[DocumentId],
) -> Result<BTreeMap<WorkflowId, Vec<DocumentId>>, DbError> {
    let places = placeholders(on.get_database_backend(), 1, documents.len(), 0);
    let text = format!(
        "SELECT instance_id, document_id FROM workflow_document WHERE document_id IN {places}"
    );
    let values: Vec<sea_orm::Value> = documents.iter().map(|one| one.raw().into()).collect();
    let mut found: BTreeMap<WorkflowId, Vec<DocumentId>> = BTreeMap::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        let flow = WorkflowId::of(row.try_get_by_index(0)?);
        let document = DocumentId::of(row.try_get_by_index(1)?);
        found.entry(flow).or_default().push(document);
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

async fn own_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    documents: Vec<DocumentId>,
) -> Result<BTreeSet<DocumentId>, DbError> {
    let (mut own, mut definitions) = (BTreeSet::new(), BTreeMap::new());
    for some in documents.chunks(AT_ONCE) {
        let named = naming(on, some).await?;
        let flows: Vec<WorkflowId> = named.keys().copied().collect();
        for flows in flows.chunks(AT_ONCE) {
            for flow in rows::these(on, flows).await? {
                let instance = &flow.instance;
                let version = (instance.definition.clone(), instance.definition_version);
                let definition = match definitions.entry(version) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => place.insert(definition_of(on, instance).await?),
                };
                let mut accounts = persons(definition, instance).into_iter().map(account_of);
                if accounts.any(|id| id == actor.account || actor.on_behalf_of == Some(id)) {
                    own.extend(named.get(&flow.id).into_iter().flatten().copied());
                }
            }
        }
    }
    Ok(own)
}
