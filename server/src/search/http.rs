//! Search over HTTP.

use std::time::Duration;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use indexer::{Index, Key, Opened, SearchError, SearchRequest, Sort, SuggestRequest, Suggestions};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::follower::Follower;
use super::index_http;
use super::pending;
use super::wire::{Answer, Asked, Order, Piece, answer, field_filter, titled};
use crate::audit::event::Look;
use crate::audit::log::last_seq;
use crate::base::sight::Extent;
use crate::base::{Actor, DocumentId, Right};
use crate::correspondents;
use crate::departments::{self, SignedIn};
use crate::documents::{self, Document, State};
use crate::http::extract::{FieldParams, FieldQuery, Query};
use crate::http::openapi::SearchProblems;
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;

/// What decides neither which documents are found nor in which order: it may change from page to
/// page.
const TRIMMINGS: &[&str] = &["facets", "snippets", "explain", "min_seq"];

/// How long a search waits for `min_seq`.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(2);

/// Up to which record the index knows everything.
const INDEX_SEQ: header::HeaderName = header::HeaderName::from_static("papierlos-index-seq");

/// What the one who asks may find.
pub(super) struct Reach {
    /// By the places of his roles.
    pub(super) access: Vec<u64>,
    /// Because it is opened to him by itself.
    pub(super) opened: Vec<Opened>,
}

/// What the one who asks may find: content is what is searched, so it must be open to him.
pub(super) async fn reach_of(db: &Db, actor: &Actor) -> Result<Reach, Problem> {
    let sight = actor.sight(Right::ReadContent);
    let opened = sight.opened(db.read(), &actor.house).await?;
    let key = |id: &Uuid| Key(id.as_u128());
    Ok(Reach {
        // Nobody searches as the system: without a filter nothing is found.
        access: sight.tokens(&actor.house).unwrap_or_default(),
        opened: opened
            .into_iter()
            .map(|one| Opened {
                within: one.names.iter().map(key).collect(),
                tokens: one.tokens,
                states: match one.extent {
                    Extent::Whole => Vec::new(),
                    Extent::Registered => vec![State::Registered.code().to_owned()],
                },
            })
            .collect(),
    })
}

/// What is wrong with a question, which came in this parameter.
pub(super) fn search_problem(question: &'static str, error: SearchError) -> Problem {
    let detail = text(error.german(), error.to_string());
    match error {
        SearchError::TooLong { .. }
        | SearchError::TooManyTerms { .. }
        | SearchError::TooDeep { .. } => Problem::new(Kind::QueryInvalid).parameter(
            question,
            Fault::Rule {
                code: "query-too-large",
                detail,
            },
        ),
        SearchError::Limit { .. } => Problem::new(Kind::QueryInvalid).parameter(
            "limit",
            Fault::Rule {
                code: "limit",
                detail,
            },
        ),
        SearchError::Cursor => Problem::new(Kind::QueryInvalid).parameter(
            "cursor",
            Fault::Rule {
                code: "cursor",
                detail,
            },
        ),
        SearchError::Engine { source } => Problem::internal(source),
    }
}

fn sort_of(order: Option<Order>) -> Sort {
    match order {
        Some(Order::Newest) => Sort::DateDesc,
        Some(Order::Oldest) => Sort::DateAsc,
        Some(Order::Received) => Sort::ReceivedDesc,
        Some(Order::Relevance) | None => Sort::Relevance,
    }
}

/// Finds documents.
///
/// The question is read in German: inflected forms, ä = ae = a, ß = ss, parts of compounds
/// («Parkausweis» finds «Bewohnerparkausweis»), references with O/0 and I/1 taken for each other;
/// a word that nobody uses is looked for in nearly the same spelling, and `corrected` says so.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "search", operation_id = "search",
    params(Asked, FieldParams, PageRequest),
    responses((status = 200, description = "The hits", body = Answer, headers(
        ("Papierlos-Index-Seq" = u64, description = "Up to which record the index knows everything"),
        ("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        SearchProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a search needs of its request"
)]
pub(super) async fn get_search(
    http: HttpRequest,
    db: Data<Db>,
    index: Data<Index>,
    follower: Data<Follower>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    FieldQuery {
        filter: asked,
        fields: by_field,
        page,
    }: FieldQuery<Asked>,
) -> Result<HttpResponse, Problem> {
    reach(&db, &follower, asked.min_seq).await?;
    let all = departments::departments_of(&http, &db).await?;
    let scope = scope_of("search", &asked, TRIMMINGS)?;
    let scope = FieldQuery::<()>::scope(scope, &by_field);
    let lies = asked.lies(db.read(), &actor).await?;
    let mut filters = asked.filters(lies)?;
    let by_field = documents::by_field(db.read(), &actor, &by_field).await?;
    filters.values = by_field.into_iter().map(field_filter).collect();
    if !filters.correspondent.is_empty() {
        // The index knows a correspondent by the name of today: whoever asks by another one finds it too.
        let known = correspondents::spelled(db.read(), &actor, &filters.correspondent).await?;
        let names = known.into_iter().map(|one| one.details.name);
        filters.correspondent.extend(names);
    }
    let Reach { access, opened } = reach_of(&db, &actor).await?;
    let request = SearchRequest {
        query: asked.q.clone(),
        access,
        opened,
        fields: documents::askable(db.read(), &asked.q).await?,
        hidden: pending::hidden(&db, &index, &follower, &actor).await?,
        filters,
        facets: asked.facets == Some(true),
        sort: sort_of(asked.sort),
        limit: usize::from(page.limit),
        after: page.after(&cursors, &scope)?,
        snippets: asked.snippets != Some(false),
        explain: asked.explain == Some(true),
    };
    let engine = index.get_ref().clone();
    let found = web::block(move || engine.search(&request))
        .await
        .map_err(Problem::internal)?;
    let found = found.map_err(|error| search_problem("q", error))?;
    let ids: Vec<_> = found
        .hits
        .iter()
        .map(|hit| DocumentId::of(Uuid::from_u128(hit.key.0)))
        .collect();
    let held = documents::lines_among(db.read(), &actor, &ids).await?;
    let shown = held.iter().map(|line| line.document.shown()).collect();
    looks
        .note(Looked::of(Look::Search, &actor).showing(shown))
        .await?;
    let next_cursor = match &found.next {
        Some(next) => Some(cursors.seal(&scope, next)?),
        None => None,
    };
    let mut answer = answer(found, held, &all, next_cursor, language);
    let head = *db.head().borrow();
    if follower.progress().is_catching_up(head) {
        let said = text(
            "Der Suchindex wird gerade aufgebaut; es fehlen noch Dokumente.",
            "The search index is being built; documents are still missing.",
        );
        answer.notes.insert(0, said.get(language).to_owned());
    }
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &answer.next_cursor {
        response.insert_header((header::LINK, next_link(&http, cursor)));
    }
    if let Some(seq) = answer.index_seq {
        response.insert_header((INDEX_SEQ, header::HeaderValue::from(seq)));
    }
    Ok(response.json(answer))
}

async fn reach(db: &Db, follower: &Follower, min_seq: Option<u64>) -> Result<(), Problem> {
    let Some(wanted) = min_seq else { return Ok(()) };
    if follower
        .progress()
        .seq
        .is_some_and(|applied| applied >= wanted)
    {
        return Ok(());
    }
    // Nobody waits for a record that does not exist; another process may have written it.
    if db.head().borrow().is_none_or(|head| head < wanted)
        && last_seq(db.read()).await?.is_none_or(|last| last < wanted)
    {
        let detail = text(
            "Diesen Eintrag gibt es noch nicht.",
            "There is no such record yet.",
        );
        let fault = Fault::Rule {
            code: "no-such-record",
            detail,
        };
        return Err(Problem::new(Kind::QueryInvalid).parameter("min_seq", fault));
    }
    if follower.reaches(wanted, WAIT_MAX).await {
        return Ok(());
    }
    let now = follower.progress().seq.unwrap_or_default();
    Err(Problem::new(Kind::IndexBehind)
        .index(now, wanted)
        .retry_after_seconds(1))
}

/// What is being typed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Typing {
    /// The text so far; its last word is completed.
    #[param(required = false, max_length = 2000, example = "Bewohnerp")]
    q: String,
    /// How many words and titles at most.
    #[param(nullable = false, minimum = 1, maximum = 20, default = 8)]
    limit: Option<usize>,
}

/// What it could become.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestions)]
pub(super) struct SuggestView {
    /// Words that complete the text; where none begins as it ends, those nearest to that.
    words: Vec<WordView>,
    /// Titles that fit; of a number, also those of documents whose reference begins so.
    titles: Vec<TitleView>,
}

/// A word that completes the text, or that was probably meant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedWord)]
pub(super) struct WordView {
    /// The whole text with this word at its end.
    text: String,
    /// The word, as documents write it.
    word: String,
    /// How many of the documents that you may see have it.
    documents: u64,
}

/// A title that fits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedTitle)]
pub(super) struct TitleView {
    /// The document.
    id: Uuid,
    /// Its title in pieces.
    title: Vec<Piece>,
}

/// Completes what is being typed, from the documents that you may see.
#[utoipa::path(
    get, path = "/api/v1/search/suggest", tag = "search", operation_id = "suggest",
    params(Typing),
    responses((status = 200, description = "Words and titles", body = SuggestView, headers(
        ("Papierlos-Index-Seq" = u64, description = "Up to which record the index knows everything"))), SearchProblems),
    security(("token" = []))
)]
pub(super) async fn get_suggest(
    db: Data<Db>,
    index: Data<Index>,
    follower: Data<Follower>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Query(typing): Query<Typing>,
) -> Result<HttpResponse, Problem> {
    let limit = typing.limit.unwrap_or(8);
    if !(1..=indexer::SUGGESTIONS_MAX).contains(&limit) {
        let fault = if limit == 0 {
            Fault::TooSmall { min: 1 }
        } else {
            Fault::TooLarge { max: 20 }
        };
        return Err(Problem::new(Kind::QueryInvalid).parameter("limit", fault));
    }
    let Reach { access, opened } = reach_of(&db, &actor).await?;
    let request = SuggestRequest {
        fields: documents::askable(db.read(), &typing.q).await?,
        text: typing.q,
        access,
        opened,
        hidden: pending::hidden(&db, &index, &follower, &actor).await?,
        limit,
    };
    let engine = index.get_ref().clone();
    let found = web::block(move || engine.suggest(&request))
        .await
        .map_err(Problem::internal)?;
    let found = found.map_err(|error| search_problem("q", error))?;
    let Suggestions { words, titles, seq } = found;
    let ids: Vec<_> = titles
        .iter()
        .map(|one| DocumentId::of(Uuid::from_u128(one.key.0)))
        .collect();
    // What has moved out of sight since it was indexed is not shown, and titles are those of now.
    let seen = documents::visible_among(db.read(), &actor, &ids).await?;
    let titles: Vec<TitleView> = titles
        .iter()
        .filter_map(|one| {
            let id = Uuid::from_u128(one.key.0);
            let document = seen.iter().find(|document| document.id.raw() == id)?;
            Some(TitleView {
                id,
                title: titled(&one.title, &document.metadata.title),
            })
        })
        .collect();
    // Titles are shown before anyone has searched.
    if !titles.is_empty() {
        let shown = seen.iter().map(Document::shown).collect();
        looks
            .note(Looked::of(Look::Search, &actor).showing(shown))
            .await?;
    }
    let words = words.into_iter().map(|one| WordView {
        text: one.text,
        word: one.word,
        documents: one.entries,
    });
    let mut response = HttpResponse::Ok();
    if let Some(seq) = seq {
        response.insert_header((INDEX_SEQ, header::HeaderValue::from(seq)));
    }
    Ok(response.json(SuggestView {
        words: words.collect(),
        titles,
    }))
}

/// The part of the contract that search brings.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    get_search,
    get_suggest,
    index_http::get_index,
    index_http::post_rebuild
))]
pub struct ApiDoc;

/// The routes of search.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/search").get(get_search))
        .service(web::resource("/api/v1/search/suggest").get(get_suggest))
        .service(web::resource("/api/v1/index").get(index_http::get_index))
        .service(web::resource("/api/v1/index/rebuild").post(index_http::post_rebuild));
}
