//! What is done by this interface: putting in, and naming things by numbers.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::Called;
use super::rows;
use crate::base::db::DbError;
use crate::base::{Actor, DepartmentId, DocumentId};
use crate::documents::{self, Content, DocumentError, Held, Metadata, Word, Words};
use crate::types::{self, Field, Rules};
use crate::unit::{Db, Unit, Written};

/// Puts a document in and notes the upload in the same unit of work.
pub(super) async fn put_in(
    db: &Db,
    actor: &Actor,
    department: DepartmentId,
    (metadata, content): (Metadata, Content),
) -> Result<Written<Uuid>, DocumentError> {
    let token = actor.token.map(crate::base::TokenId::raw);
    db.write(actor, async move |unit: &mut Unit| {
        let held = documents::receive(unit, department, metadata, content).await?;
        // Its own id: that of the document is for those who may read it.
        let id = crate::base::UnitId::new().raw();
        if let Some(token) = token {
            rows::insert_upload(unit, id, token, held.document.id).await?;
        }
        Ok::<_, DocumentError>(id)
    })
    .await
}

/// The words that the actor sees on documents, each with its number.
pub(super) async fn words(
    db: &Db,
    actor: &Actor,
    which: Words,
) -> Result<Vec<(i64, Word)>, DbError> {
    let called = called(which);
    let mut words = documents::words(db.read(), actor, which).await?;
    if which == Words::Kinds {
        add_types(db, &mut words).await?;
    }
    let names: Vec<String> = words.iter().map(|word| word.name.clone()).collect();
    let numbers = rows::numbers(db, called, &names).await?;
    Ok(words
        .into_iter()
        .filter_map(|word| Some((*numbers.get(&word.name)?, word)))
        .collect())
}

/// Adds the document types of the house that stand on no document which the actor sees; those that were retired are
/// offered no more.
async fn add_types(db: &Db, words: &mut Vec<Word>) -> Result<(), DbError> {
    for one in types::catalog(db.read()).await?.types {
        if one.retired_at.is_none() && !words.iter().any(|word| word.name == one.code) {
            words.push(Word {
                name: one.code,
                documents: 0,
                last: 0,
            });
        }
    }
    words.sort_by(|one, other| {
        let folded = |word: &Word| word.name.to_lowercase();
        (folded(one), &one.name).cmp(&(folded(other), &other.name))
    });
    Ok(())
}

/// The fields of the house, each with its number. References are not told here: what they lead to has other numbers.
pub(super) async fn fields(db: &Db) -> Result<Vec<(i64, Field)>, DbError> {
    let mut fields = types::catalog(db.read()).await?.fields;
    fields.retain(|field| !matches!(field.rules, Rules::Reference(_)));
    let names: Vec<String> = fields.iter().map(|field| field.code.clone()).collect();
    let numbers = rows::numbers(db, Called::Field, &names).await?;
    Ok(fields
        .into_iter()
        .filter_map(|field| Some((*numbers.get(&field.code)?, field)))
        .collect())
}

/// What numbers of such words name.
pub(super) const fn called(which: Words) -> Called {
    match which {
        Words::Tags => Called::Tag,
        Words::Correspondents => Called::Correspondent,
        Words::Kinds => Called::Kind,
    }
}

/// The numbers of everything that a page of documents names.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    documents: HashMap<String, i64>,
    tags: HashMap<String, i64>,
    correspondents: HashMap<String, i64>,
    kinds: HashMap<String, i64>,
    fields: Vec<(i64, Field)>,
}

impl Numbers {
    /// Those of these documents.
    pub(super) async fn of(db: &Db, held: &[Held]) -> Result<Self, DbError> {
        let distinct = |mut names: Vec<String>| {
            names.sort_unstable();
            names.dedup();
            names
        };
        let metadata = || held.iter().map(|one| &one.document.metadata);
        let documents = held.iter().map(|one| one.document.id.to_string()).collect();
        let tags = distinct(metadata().flat_map(|one| one.tags.clone()).collect());
        let correspondents = distinct(
            metadata()
                .filter_map(|one| one.correspondent.clone())
                .collect(),
        );
        let kinds = distinct(metadata().filter_map(|one| one.kind.clone()).collect());
        let said = metadata().any(|one| !one.fields.is_empty());
        Ok(Self {
            fields: if said { fields(db).await? } else { Vec::new() },
            documents: rows::numbers(db, Called::Document, &distinct(documents)).await?,
            tags: rows::numbers(db, Called::Tag, &tags).await?,
            correspondents: rows::numbers(db, Called::Correspondent, &correspondents).await?,
            kinds: rows::numbers(db, Called::Kind, &kinds).await?,
        })
    }

    /// The number of a document.
    pub(super) fn document(&self, id: DocumentId) -> i64 {
        self.documents
            .get(&id.to_string())
            .copied()
            .unwrap_or_default()
    }

    /// The numbers of tags.
    pub(super) fn tags(&self, names: &[String]) -> Vec<i64> {
        names
            .iter()
            .filter_map(|name| self.tags.get(name).copied())
            .collect()
    }

    /// The number of a correspondent.
    pub(super) fn correspondent(&self, name: Option<&String>) -> Option<i64> {
        self.correspondents.get(name?).copied()
    }

    /// The fields that a document may say something in, each with its number.
    pub(super) fn fields(&self) -> &[(i64, Field)] {
        &self.fields
    }

    /// The number of a type.
    pub(super) fn kind(&self, name: Option<&String>) -> Option<i64> {
        self.kinds.get(name?).copied()
    }
}
