//! Search over HTTP.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use indexer::{
    Day, FacetCount, Filters, Highlighted, Index, Key, SearchAnswer, SearchError, SearchRequest,
    Sort, SuggestRequest, Suggestions,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::follower::{Follower, INBOX_OF_UNITS};
use super::pending;
use crate::audit::event::Look;
use crate::audit::log::last_seq;
use crate::base::{Actor, DocumentId, Right, Timestamp};
use crate::cases::{CaseName, FileName};
use crate::departments::{self, Department, SignedIn};
use crate::documents::{self, Channel, CivilDate, Direction, InboxOf, Listed, State, db_problem};
use crate::http::extract::{ListQuery, Query};
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

/// What is looked for. Filters may be given several times: then one of them must hold.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The question: words, "phrases", -not, OR, field:value, prefix*. Empty asks for everything.
    #[param(
        required = false,
        max_length = 2000,
        example = "Parkausweis -Verlängerung datum:2026"
    )]
    q: String,
    /// Short names of departments.
    department: Vec<String>,
    /// Document types, exactly.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Vec<String>,
    /// Tags, exactly.
    tag: Vec<String>,
    /// Correspondents, exactly.
    correspondent: Vec<String>,
    /// Directions.
    direction: Vec<Direction>,
    /// Channels.
    channel: Vec<Channel>,
    /// States.
    state: Vec<State>,
    /// Years.
    year: Vec<i32>,
    /// The case in which they stand.
    #[param(nullable = false)]
    case: Option<Uuid>,
    /// The file in whose cases they stand.
    #[param(nullable = false)]
    file: Option<Uuid>,
    /// `me`: what was handed to you, or to the one for whom you act; `units`: what came in and lies
    /// with nobody.
    #[param(nullable = false, inline)]
    inbox: Option<InboxOf>,
    /// Dated from here on.
    #[param(nullable = false, format = Date)]
    date_from: Option<String>,
    /// Dated up to and including here.
    #[param(nullable = false, format = Date)]
    date_to: Option<String>,
    /// Received from here on.
    #[param(nullable = false, format = DateTime)]
    received_from: Option<String>,
    /// Received up to here.
    #[param(nullable = false, format = DateTime)]
    received_to: Option<String>,
    /// `relevance`, `newest` or `oldest` (by document date), `received` (the last received first).
    #[param(nullable = false, inline)]
    sort: Option<Order>,
    /// Whether to count by department, type, year, tag and correspondent.
    #[param(nullable = false)]
    facets: Option<bool>,
    /// Whether to show passages; yes if nothing is said.
    #[param(nullable = false)]
    snippets: Option<bool>,
    /// Whether to say how the question was understood.
    #[param(nullable = false)]
    explain: Option<bool>,
    /// The number of a record that the answer must know, so that you find what you have just filed.
    /// The search waits for it for up to two seconds, then answers 503 `index-behind`; a record
    /// that does not exist is 400.
    #[param(nullable = false, minimum = 0, maximum = 9007199254740991_u64)]
    min_seq: Option<u64>,
}

/// The order of hits.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    Relevance,
    Newest,
    Oldest,
    Received,
}

/// The answer to a question.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    /// How many documents match, exactly, of those that you may see.
    total: u64,
    /// The hits of this page.
    items: Vec<HitView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// Counts, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    facets: Option<FacetView>,
    /// The question that was answered instead, where a word does not occur as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    corrected: Option<String>,
    /// What was read otherwise than written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// How the question was understood, where that was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explain: Vec<ExplainView>,
    /// Up to which record of the log the answer knows everything.
    index_seq: Option<u64>,
}

/// A document that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hit)]
pub(super) struct HitView {
    /// The document.
    id: Uuid,
    /// Short name of its department.
    department: String,
    /// Its title in pieces, with what matched marked.
    title: Vec<Piece>,
    /// Dokumenttyp.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Where in its life it is.
    state: State,
    /// Absender or recipient.
    correspondent: Option<String>,
    /// Datum des Schreibens.
    #[schema(format = Date)]
    document_date: Option<String>,
    /// When it legally came in, UTC.
    #[schema(format = DateTime)]
    received_at: String,
    /// Geschäftszeichen, once it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reference: Option<String>,
    /// The case in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    case: Option<CaseName>,
    /// The file of that case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    file: Option<FileName>,
    /// References on it.
    references: Vec<String>,
    /// Schlagwörter.
    tags: Vec<String>,
    /// Pages of its text.
    pages: u64,
    /// How well it fits; 0 where the order is by date.
    score: f32,
    /// Passages with what matched.
    snippets: Vec<SnippetView>,
}

/// A passage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snippet)]
pub(super) struct SnippetView {
    /// The page, from 1.
    page: u32,
    /// The text in pieces.
    text: Vec<Piece>,
}

/// A piece of text: put the pieces together and you have the text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Piece {
    /// The text.
    pub(super) text: String,
    /// Whether it is what was looked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) mark: bool,
    /// The part of a compound that was looked for, where it is not the whole word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    part: Option<String>,
}

/// How many hits have a value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FacetCount)]
pub(super) struct CountView {
    /// The value.
    value: String,
    /// How many hits.
    count: u64,
}

/// Counts of the hits by value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facets)]
pub(super) struct FacetView {
    /// By department.
    department: Vec<CountView>,
    /// By type.
    #[serde(rename = "type")]
    kind: Vec<CountView>,
    /// By year.
    year: Vec<CountView>,
    /// By tag.
    tag: Vec<CountView>,
    /// By correspondent.
    correspondent: Vec<CountView>,
}

/// One piece of the question and how it was read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explained)]
pub(super) struct ExplainView {
    /// As it was written.
    written: String,
    /// How it was read, in a sentence.
    reading: String,
    /// The terms that were asked for.
    terms: Vec<String>,
    /// The parts under which the word itself would be found.
    parts: Vec<String>,
    /// How many of the documents that you may see have it.
    documents: u64,
}

fn pieces(highlighted: &Highlighted) -> Vec<Piece> {
    let plain = |text: &str| Piece {
        text: text.to_owned(),
        mark: false,
        part: None,
    };
    let whole = &highlighted.text;
    let mut all = Vec::new();
    let mut at = 0;
    for mark in &highlighted.marks {
        if let Some(before) = whole
            .get(at..mark.range.start)
            .filter(|text| !text.is_empty())
        {
            all.push(plain(before));
        }
        if let Some(text) = whole.get(mark.range.clone()) {
            all.push(Piece {
                text: text.to_owned(),
                mark: true,
                part: mark.part.clone(),
            });
            at = mark.range.end;
        }
    }
    if let Some(rest) = whole.get(at..).filter(|text| !text.is_empty()) {
        all.push(plain(rest));
    }
    all
}

/// The title as it stands in the database now. What matched is known of the indexed title only: it is
/// marked where both are the same.
pub(super) fn titled(indexed: &Highlighted, title: &str) -> Vec<Piece> {
    if indexed.text == title {
        return pieces(indexed);
    }
    pieces(&Highlighted {
        text: title.to_owned(),
        marks: Vec::new(),
    })
}

impl Asked {
    fn filters(&self, actor: &Actor) -> Result<Filters, Problem> {
        let mut problem = Problem::new(Kind::QueryInvalid);
        let mut day = |name: &'static str, raw: Option<&String>| {
            let date = raw
                .and_then(|raw| CivilDate::parse(raw))
                .map(CivilDate::date);
            if raw.is_some() && date.is_none() {
                let expected = text("ein Datum JJJJ-MM-TT", "a date YYYY-MM-DD");
                let so_far = std::mem::replace(&mut problem, Problem::new(Kind::QueryInvalid));
                problem = so_far.parameter(name, Fault::WrongFormat { expected });
            }
            date.and_then(|date| Day::from_calendar(date.year(), date.month().into(), date.day()))
        };
        let document_date = (
            day("date_from", self.date_from.as_ref()),
            day("date_to", self.date_to.as_ref()),
        );
        let mut instant = |name: &'static str, raw: Option<&String>| {
            let at = raw.and_then(|raw| Timestamp::parse(raw));
            if raw.is_some() && at.is_none() {
                let expected = text("ein Zeitpunkt nach RFC 3339", "a time by RFC 3339");
                let so_far = std::mem::replace(&mut problem, Problem::new(Kind::QueryInvalid));
                problem = so_far.parameter(name, Fault::WrongFormat { expected });
            }
            at.map(Timestamp::micros)
        };
        let received = (
            instant("received_from", self.received_from.as_ref()),
            instant("received_to", self.received_to.as_ref()),
        );
        if problem.faults() > 0 {
            return Err(problem);
        }
        let inbox = self.inbox.map(|inbox| match inbox {
            InboxOf::Me => Key(actor.on_behalf_of.unwrap_or(actor.account).raw().as_u128()),
            InboxOf::Units => INBOX_OF_UNITS,
        });
        let named = [self.case, self.file].into_iter().flatten();
        let within = named.map(|id| Key(id.as_u128())).chain(inbox);
        Ok(Filters {
            within: within.collect(),
            department: self.department.clone(),
            kind: self.kind.clone(),
            tag: self.tag.clone(),
            correspondent: self.correspondent.clone(),
            direction: self
                .direction
                .iter()
                .map(|one| one.code().to_owned())
                .collect(),
            channel: self
                .channel
                .iter()
                .map(|one| one.code().to_owned())
                .collect(),
            state: self.state.iter().map(|one| one.code().to_owned()).collect(),
            year: self.year.clone(),
            document_date,
            received,
        })
    }
}

/// The access tokens of the one who asks: content is what is searched, so it must be open to him.
fn access(actor: &Actor) -> Vec<u64> {
    // Nobody searches as the system: without a filter nothing is found.
    actor.sight(Right::ReadContent).tokens().unwrap_or_default()
}

fn search_problem(error: SearchError) -> Problem {
    let detail = text(error.german(), error.to_string());
    match error {
        SearchError::TooLong { .. }
        | SearchError::TooManyTerms { .. }
        | SearchError::TooDeep { .. } => Problem::new(Kind::QueryInvalid).parameter(
            "q",
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

/// Finds documents.
///
/// The question is read in German: inflected forms, ä = ae = a, ß = ss, parts of compounds
/// («Parkausweis» finds «Bewohnerparkausweis»), references with O/0 and I/1 taken for each other;
/// a word that nobody uses is looked for in nearly the same spelling, and `corrected` says so.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "search", operation_id = "search",
    params(Asked, PageRequest),
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
    ListQuery {
        filter: asked,
        page,
    }: ListQuery<Asked>,
) -> Result<HttpResponse, Problem> {
    reach(&db, &follower, asked.min_seq).await?;
    let all = departments::departments_of(&http, &db)
        .await
        .map_err(db_problem)?;
    let scope = scope_of("search", &asked, TRIMMINGS)?;
    let sort = match asked.sort {
        Some(Order::Newest) => Sort::DateDesc,
        Some(Order::Oldest) => Sort::DateAsc,
        Some(Order::Received) => Sort::ReceivedDesc,
        Some(Order::Relevance) | None => Sort::Relevance,
    };
    let request = SearchRequest {
        query: asked.q.clone(),
        access: access(&actor),
        hidden: pending::hidden(&db, &index, &follower, &actor).await?,
        filters: asked.filters(&actor)?,
        facets: asked.facets == Some(true),
        sort,
        limit: usize::from(page.limit),
        after: page.after(&cursors, &scope)?,
        snippets: asked.snippets != Some(false),
        explain: asked.explain == Some(true),
    };
    let engine = index.get_ref().clone();
    let found = web::block(move || engine.search(&request))
        .await
        .map_err(Problem::internal)?;
    let found = found.map_err(search_problem)?;
    note(&looks, &actor).await?;
    let ids: Vec<_> = found
        .hits
        .iter()
        .map(|hit| DocumentId::of(Uuid::from_u128(hit.key.0)))
        .collect();
    let held = documents::lines_among(db.read(), &actor, &ids).await?;
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

async fn note(looks: &Looks, actor: &Actor) -> Result<(), Problem> {
    Ok(looks.note(Looked::of(Look::Search, actor)).await?)
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
        && last_seq(db.read())
            .await
            .map_err(db_problem)?
            .is_none_or(|last| last < wanted)
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

fn answer(
    found: SearchAnswer,
    seen: Vec<Listed>,
    departments: &[Department],
    next_cursor: Option<String>,
    language: Language,
) -> Answer {
    let mut by_id: HashMap<_, _> = seen
        .into_iter()
        .map(|seen| (seen.document.id.raw(), seen))
        .collect();
    let items = found.hits.iter().filter_map(|hit| {
        // A document that has moved out of sight since it was indexed is not shown.
        let seen = by_id.remove(&Uuid::from_u128(hit.key.0))?;
        Some(hit_view(hit, &seen, departments))
    });
    let sentence = |german: &str, english: &str| match language {
        Language::German => german.to_owned(),
        Language::English => english.to_owned(),
    };
    Answer {
        total: found.total,
        items: items.collect(),
        next_cursor,
        facets: found.facets.map(facets),
        corrected: found.corrected,
        notes: found
            .notes
            .iter()
            .map(|note| sentence(note.german(), note.english()))
            .collect(),
        explain: found
            .explained
            .iter()
            .map(|one| ExplainView {
                written: one.written.clone(),
                reading: sentence(&one.german(), &one.english()),
                terms: one.terms.clone(),
                parts: one.parts.clone(),
                documents: one.entries,
            })
            .collect(),
        index_seq: found.seq,
    }
}

fn hit_view(hit: &indexer::Hit, seen: &Listed, departments: &[Department]) -> HitView {
    let document = &seen.document;
    let metadata = &document.metadata;
    let department = departments.iter().find(|one| one.id == document.department);
    let snippets = hit.snippets.iter().map(|snippet| SnippetView {
        page: snippet.page,
        text: pieces(&snippet.text),
    });
    HitView {
        id: document.id.raw(),
        department: department.map(|one| one.slug.clone()).unwrap_or_default(),
        title: titled(&hit.title, &metadata.title),
        kind: metadata.kind.clone(),
        state: document.state,
        correspondent: metadata.correspondent.clone(),
        document_date: metadata.document_date.map(|date| date.to_string()),
        received_at: metadata.received_at.to_string(),
        reference: document
            .registered
            .as_ref()
            .map(|one| one.reference.clone()),
        case: seen.filed.as_ref().map(|filed| CaseName::from(&filed.case)),
        file: seen.filed.as_ref().map(|filed| FileName::from(&filed.file)),
        references: metadata.references.clone(),
        tags: metadata.tags.clone(),
        pages: seen.pages,
        score: hit.score,
        snippets: snippets.collect(),
    }
}

fn facets(facets: indexer::Facets) -> FacetView {
    let counts = |list: Vec<FacetCount>| {
        list.into_iter()
            .map(|one| CountView {
                value: one.value,
                count: one.count,
            })
            .collect()
    };
    FacetView {
        department: counts(facets.department),
        kind: counts(facets.kind),
        year: counts(facets.year),
        tag: counts(facets.tag),
        correspondent: counts(facets.correspondent),
    }
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
    /// Words that complete the text.
    words: Vec<WordView>,
    /// Titles that fit.
    titles: Vec<TitleView>,
}

/// A word that completes the text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedWord)]
pub(super) struct WordView {
    /// The whole text with the word completed.
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
    let request = SuggestRequest {
        text: typing.q,
        access: access(&actor),
        hidden: pending::hidden(&db, &index, &follower, &actor).await?,
        limit,
    };
    let engine = index.get_ref().clone();
    let found = web::block(move || engine.suggest(&request))
        .await
        .map_err(Problem::internal)?;
    let Suggestions { words, titles, seq } = found.map_err(search_problem)?;
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
        note(&looks, &actor).await?;
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
#[openapi(paths(get_search, get_suggest))]
pub struct ApiDoc;

/// The routes of search.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/search").get(get_search))
        .service(web::resource("/api/v1/search/suggest").get(get_suggest));
}
