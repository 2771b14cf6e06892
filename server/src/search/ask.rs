//! The engine for rooms that bring an interface of their own: the same right, the same look.

use actix_web::web::{self, Data};
use indexer::{
    Filters, Index, Key, LIMIT_MAX, Neighbours, NeighboursRequest, Opened, SearchRequest,
    SuggestRequest,
};
use uuid::Uuid;

use super::follower::{Follower, SUPERSEDED};
use super::http::{Reach, reach_of, search_problem};
use super::pending;
use crate::base::{Actor, DocumentId};
use crate::documents::{self, State};
use crate::http::Problem;
use crate::unit::Db;

/// What a question is put to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine<'a> {
    /// The database.
    pub(crate) db: &'a Db,
    /// The index.
    pub(crate) index: &'a Data<Index>,
    /// What keeps it up to date.
    pub(crate) follower: &'a Follower,
}

/// The documents that answer a question, the best first, at most `most`, each with how well it fits;
/// `name` is the parameter that the question came in.
///
/// # Errors
/// Where the question cannot be read, and where the index is too far behind.
pub(crate) async fn found(
    engine: Engine<'_>,
    actor: &Actor,
    (name, question): (&'static str, &str),
    most: usize,
) -> Result<Vec<(DocumentId, f32)>, Problem> {
    let Engine {
        db,
        index,
        follower,
    } = engine;
    let Reach { access, opened } = reach_of(db, actor).await?;
    let mut request = SearchRequest {
        opened,
        hidden: pending::hidden(db, index, follower, actor).await?,
        limit: LIMIT_MAX,
        snippets: false,
        fields: documents::askable(db.read(), question).await?,
        ..SearchRequest::new(question, access)
    };
    let mut all = Vec::new();
    loop {
        let (asked, of) = (request.clone(), index.get_ref().clone());
        let answer = web::block(move || of.search(&asked))
            .await
            .map_err(Problem::internal)?
            .map_err(|error| search_problem(name, error))?;
        let hits = answer.hits.iter();
        all.extend(hits.map(|hit| (DocumentId::of(Uuid::from_u128(hit.key.0)), hit.score)));
        request.after = answer.next;
        if request.after.is_none() || all.len() >= most {
            all.truncate(most);
            return Ok(all);
        }
    }
}

/// Words that complete a text, from the documents that the actor may search.
///
/// # Errors
/// Where the text cannot be read, and where the index is too far behind.
pub(crate) async fn words(
    engine: Engine<'_>,
    actor: &Actor,
    (name, typed): (&'static str, &str),
    limit: usize,
) -> Result<Vec<String>, Problem> {
    let Engine {
        db,
        index,
        follower,
    } = engine;
    let Reach { access, opened } = reach_of(db, actor).await?;
    let request = SuggestRequest {
        text: typed.to_owned(),
        access,
        opened,
        fields: documents::askable(db.read(), typed).await?,
        hidden: pending::hidden(db, index, follower, actor).await?,
        limit: limit.clamp(1, indexer::SUGGESTIONS_MAX),
    };
    let of = index.get_ref().clone();
    let found = web::block(move || of.suggest(&request))
        .await
        .map_err(Problem::internal)?
        .map_err(|error| search_problem(name, error))?;
    Ok(found.words.into_iter().map(|one| one.word).collect())
}

/// What the one who asks may find: found out once for several questions of one request.
#[derive(Debug, Clone)]
pub(crate) struct Findable {
    access: Vec<u64>,
    opened: Vec<Opened>,
    hidden: Vec<Key>,
}

/// What the actor may find.
///
/// # Errors
/// Where the index is too far behind.
pub(crate) async fn findable(engine: Engine<'_>, actor: &Actor) -> Result<Findable, Problem> {
    let Engine {
        db,
        index,
        follower,
    } = engine;
    let Reach { access, opened } = reach_of(db, actor).await?;
    Ok(Findable {
        access,
        opened,
        hidden: pending::hidden(db, index, follower, actor).await?,
    })
}

/// The states of documents that count for what their department files: what was put aside or is superseded does not.
const FILED: [State; 3] = [State::Incoming, State::Draft, State::Registered];

/// The documents of a department that are most like a text, of those that the actor may search; not the document
/// of which the text is.
///
/// # Errors
/// Where the index cannot be asked.
pub(crate) async fn neighbours(
    engine: Engine<'_>,
    findable: &Findable,
    (id, department): (DocumentId, &str),
    pages: Vec<String>,
) -> Result<Neighbours, Problem> {
    let request = NeighboursRequest {
        pages,
        key: Some(Key(id.raw().as_u128())),
        department: department.to_owned(),
        states_left_out: vec![State::Discarded.code().to_owned(), SUPERSEDED.to_owned()],
        access: findable.access.clone(),
        opened: findable.opened.clone(),
        hidden: findable.hidden.clone(),
    };
    let of = engine.index.get_ref().clone();
    web::block(move || of.neighbours(&request))
        .await
        .map_err(Problem::internal)?
        .map_err(|error| search_problem("id", error))
}

/// The documents of a department on which a code stands, such as an account, of those that the actor may search;
/// at most `most`.
///
/// # Errors
/// Where the index cannot be asked.
pub(crate) async fn having(
    engine: Engine<'_>,
    findable: &Findable,
    (department, code): (&str, &str),
    most: usize,
) -> Result<Vec<DocumentId>, Problem> {
    let request = SearchRequest {
        opened: findable.opened.clone(),
        hidden: findable.hidden.clone(),
        filters: Filters {
            department: vec![department.to_owned()],
            state: FILED.iter().map(|one| one.code().to_owned()).collect(),
            ..Filters::default()
        },
        limit: most.clamp(1, LIMIT_MAX),
        snippets: false,
        ..SearchRequest::new(code, findable.access.clone())
    };
    let of = engine.index.get_ref().clone();
    let answer = web::block(move || of.search(&request))
        .await
        .map_err(Problem::internal)?
        .map_err(|error| search_problem("id", error))?;
    // Another code that is nearly like it says nothing.
    if answer.corrected.is_some() {
        return Ok(Vec::new());
    }
    let hits = answer.hits.iter();
    Ok(hits
        .map(|hit| DocumentId::of(Uuid::from_u128(hit.key.0)))
        .collect())
}
