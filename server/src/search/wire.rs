//! A question and its answer on the wire.

use std::collections::HashMap;

use indexer::{Day, FacetCount, FieldFilter, FieldWanted, Filters, Highlighted, Key, SearchAnswer};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::follower::{INBOX_OF_UNITS, SUPERSEDED};
use crate::base::{AccountId, Actor, Timestamp};
use crate::cases::{CaseName, FileName};
use crate::departments::{Department, functions};
use crate::documents::{Channel, CivilDate, Direction, Inbox, InboxOf, Listed, ParentView, State};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::types;

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
    pub(super) q: String,
    /// Short names of departments.
    pub(super) department: Vec<String>,
    /// Document types, exactly.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub(super) kind: Vec<String>,
    /// Tags, exactly.
    pub(super) tag: Vec<String>,
    /// Correspondents, exactly: by the name of today, or by a name or alias of one that you know.
    pub(super) correspondent: Vec<String>,
    /// Directions.
    pub(super) direction: Vec<Direction>,
    /// Channels.
    pub(super) channel: Vec<Channel>,
    /// States.
    pub(super) state: Vec<State>,
    /// Years.
    pub(super) year: Vec<i32>,
    /// The case in which they stand.
    #[param(nullable = false)]
    pub(super) case: Option<Uuid>,
    /// The file in whose cases they stand.
    #[param(nullable = false)]
    pub(super) file: Option<Uuid>,
    /// `me`: what was handed to you, or to the one for whom you act; `units`: what came in and lies
    /// with nobody, with a function that was ended or with somebody who was switched off;
    /// `function:CODE`: what was handed to a function.
    #[param(nullable = false, value_type = Option<String>, pattern = "^(me|units|function:[a-z][a-z0-9-]*)$")]
    pub(super) inbox: Option<InboxOf>,
    /// Dated from here on.
    #[param(nullable = false, format = Date)]
    pub(super) date_from: Option<String>,
    /// Dated up to and including here.
    #[param(nullable = false, format = Date)]
    pub(super) date_to: Option<String>,
    /// Received from here on.
    #[param(nullable = false, format = DateTime)]
    pub(super) received_from: Option<String>,
    /// Received up to here.
    #[param(nullable = false, format = DateTime)]
    pub(super) received_to: Option<String>,
    /// `relevance`, `newest` or `oldest` (by document date), `received` (the last received first).
    #[param(nullable = false, inline)]
    pub(super) sort: Option<Order>,
    /// Whether to count by department, type, year, tag and correspondent.
    #[param(nullable = false)]
    pub(super) facets: Option<bool>,
    /// Whether to show passages; yes if nothing is said.
    #[param(nullable = false)]
    pub(super) snippets: Option<bool>,
    /// Whether to say how the question was understood.
    #[param(nullable = false)]
    pub(super) explain: Option<bool>,
    /// The number of a record that the answer must know, so that you find what you have just filed.
    /// The search waits for it for up to two seconds, then answers 503 `index-behind`; a record
    /// that does not exist is 400.
    #[param(nullable = false, minimum = 0, maximum = 9007199254740991_u64)]
    pub(super) min_seq: Option<u64>,
}

/// The order of hits.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    Relevance,
    Newest,
    Oldest,
    Received,
}

/// The answer to a question.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    /// How many documents match, exactly, of those that you may see.
    pub(super) total: u64,
    /// The hits of this page.
    pub(super) items: Vec<HitView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
    /// Counts, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) facets: Option<FacetView>,
    /// The question that was answered instead, where a word does not occur as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) corrected: Option<String>,
    /// What was read otherwise than written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
    /// How the question was understood, where that was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) explain: Vec<ExplainView>,
    /// Up to which record of the log the answer knows everything.
    pub(super) index_seq: Option<u64>,
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
    /// What it was taken out of, where it is a component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<ParentView>,
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

pub(super) fn pieces(highlighted: &Highlighted) -> Vec<Piece> {
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

/// With whom what is looked for lies.
#[derive(Debug)]
pub(super) enum Lies {
    /// With somebody, or with a function.
    With(AccountId),
    /// With nobody, or with one of these, who look there no more.
    WithNobody(Vec<AccountId>),
}

/// How the index names a state.
fn names_of(state: State) -> Vec<String> {
    let mut names = vec![state.code().to_owned()];
    if state == State::Registered {
        names.push(SUPERSEDED.to_owned());
    }
    names
}

impl Asked {
    /// With whom it lies, where that was asked.
    pub(super) async fn lies(
        &self,
        on: &impl ConnectionTrait,
        actor: &Actor,
    ) -> Result<Option<Lies>, Problem> {
        let Some(inbox) = &self.inbox else {
            return Ok(None);
        };
        Ok(Some(match inbox.inbox(on, actor).await? {
            Inbox::Of(account) => Lies::With(account),
            Inbox::OfUnits => Lies::WithNobody(functions::all_gone(on).await?),
        }))
    }

    /// Where hits stand and lie, and in which states.
    fn placed(&self, lies: Option<Lies>) -> Filters {
        let key = |id: Uuid| Key(id.as_u128());
        let named = [self.case, self.file].into_iter().flatten();
        let mut placed = Filters {
            within: named.map(key).collect(),
            state: self.state.iter().flat_map(|one| names_of(*one)).collect(),
            ..Filters::default()
        };
        match lies {
            Some(Lies::With(account)) => placed.within.push(key(account.raw())),
            Some(Lies::WithNobody(gone)) => {
                placed.within_any.push(INBOX_OF_UNITS);
                // What was put aside stays where it lay, and is not what came in.
                let incoming = State::Incoming.code();
                if placed.state.is_empty() || placed.state.iter().any(|one| one == incoming) {
                    placed.state = vec![incoming.to_owned()];
                    placed
                        .within_any
                        .extend(gone.iter().map(|one| key(one.raw())));
                }
            }
            None => {}
        }
        placed
    }

    pub(super) fn filters(&self, lies: Option<Lies>) -> Result<Filters, Problem> {
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
        Ok(Filters {
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
            year: self.year.clone(),
            document_date,
            received,
            ..self.placed(lies)
        })
    }
}

/// What a field must hold, for the index.
pub(super) fn field_filter((field, wanted): (String, Vec<types::Asked>)) -> FieldFilter {
    let day = |date: CivilDate| Day(i32::try_from(types::day(date)).unwrap_or(i32::MAX));
    let any = wanted.into_iter().map(|one| match one {
        types::Asked::Is(value) => FieldWanted::Is(value),
        types::Asked::Numbers(from, to) => FieldWanted::Numbers(from, to),
        types::Asked::Days(from, to) => FieldWanted::Days(from.map(day), to.map(day)),
    });
    FieldFilter {
        field,
        any: any.collect(),
    }
}

pub(super) fn answer(
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

pub(super) fn hit_view(hit: &indexer::Hit, seen: &Listed, departments: &[Department]) -> HitView {
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
        parent: ParentView::of(document, seen.parent.as_ref()),
        references: metadata.references.clone(),
        tags: metadata.tags.clone(),
        pages: seen.pages,
        score: hit.score,
        snippets: snippets.collect(),
    }
}

pub(super) fn facets(facets: indexer::Facets) -> FacetView {
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
