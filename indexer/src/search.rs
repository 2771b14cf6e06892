//! A question and its answer.

use std::sync::Arc;

use tantivy::query::{AllQuery, BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, Searcher, Term};

use crate::access::{Access, Opened};
use crate::analysis::{Analyzer, PART};
use crate::clauses::{constant, days_between, instants_between, numbers_between, union};
use crate::collect::{Gather, Gathered, Rank};
use crate::correct::Corrector;
use crate::cursor;
use crate::entry::{Day, FieldNumber, Key};
use crate::error::SearchError;
use crate::explain::{Explained, Reading};
use crate::facets::Facets;
use crate::index::{Index, Serving};
use crate::plan::{Plan, Planner, Variants};
use crate::query::{Node, Note, NoteKind, Parsed, parse, print};
use crate::rewrite::{join_words, rewrite};
use crate::schema::{exact_term, key_bytes};
use crate::snippet::{Highlighted, Snippet, Snippets};

/// The most hits in one answer.
pub const LIMIT_MAX: usize = 100;

/// The order of the hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The best first.
    #[default]
    Relevance,
    /// The latest document date first; those without a date last.
    DateDesc,
    /// The earliest document date first; those without a date last.
    DateAsc,
    /// The latest arrival first.
    ReceivedDesc,
}

/// What hits must be like. Several values of one filter are alternatives; filters add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// What hits stand in; here all of it.
    pub within: Vec<Key>,
    /// What hits stand in besides; one of these.
    pub within_any: Vec<Key>,
    /// Departments.
    pub department: Vec<String>,
    /// Types of document.
    pub kind: Vec<String>,
    /// Tags.
    pub tag: Vec<String>,
    /// Correspondents.
    pub correspondent: Vec<String>,
    /// Directions.
    pub direction: Vec<String>,
    /// Channels.
    pub channel: Vec<String>,
    /// States.
    pub state: Vec<String>,
    /// Years.
    pub year: Vec<i32>,
    /// First and last document date.
    pub document_date: (Option<Day>, Option<Day>),
    /// First and last instant of arrival, in microseconds since 1970 UTC.
    pub received: (Option<i64>, Option<i64>),
    /// Fields of the house; all of them.
    pub values: Vec<FieldFilter>,
}

/// What a field of the house must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFilter {
    /// The name of the field.
    pub field: String,
    /// One of these.
    pub any: Vec<FieldWanted>,
}

/// What is wanted of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldWanted {
    /// Exactly this.
    Is(String),
    /// Numbers in millionths, both ends included.
    Numbers(Option<i64>, Option<i64>),
    /// Days, both ends included.
    Days(Option<Day>, Option<Day>),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// In the query language; empty asks for everything.
    pub query: String,
    /// Names of fields of the house that the query may name.
    pub fields: Vec<String>,
    /// The tokens of the asker. Without any, nothing is found.
    pub access: Vec<u64>,
    /// What the asker may find besides.
    pub opened: Vec<Opened>,
    /// Entries that are not found whatever their tokens say: the asker may no longer see them, and the
    /// index does not know it yet.
    pub hidden: Vec<Key>,
    /// What hits must be like.
    pub filters: Filters,
    /// Whether to count facets.
    pub facets: bool,
    /// The order of the hits.
    pub sort: Sort,
    /// How many hits, 1 to `LIMIT_MAX`.
    pub limit: usize,
    /// The `next` of an earlier answer, to go on behind it.
    pub after: Option<String>,
    /// Whether to show passages and marks.
    pub snippets: bool,
    /// Whether to say how the query was understood.
    pub explain: bool,
}

impl SearchRequest {
    /// A question with twenty hits, passages, and nothing else.
    #[must_use]
    pub fn new(query: impl Into<String>, access: Vec<u64>) -> Self {
        Self {
            query: query.into(),
            fields: Vec::new(),
            access,
            opened: Vec::new(),
            hidden: Vec::new(),
            filters: Filters::default(),
            facets: false,
            sort: Sort::default(),
            limit: 20,
            after: None,
            snippets: true,
            explain: false,
        }
    }
}

/// One hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The entry.
    pub key: Key,
    /// The state of it that was indexed.
    pub version: u64,
    /// How well it fits; 0 in lists sorted by date.
    pub score: f32,
    /// Its title, with what matched.
    pub title: Highlighted,
    /// Passages, if asked for.
    pub snippets: Vec<Snippet>,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchAnswer {
    /// How many entries match, exactly, of those that the asker may see.
    pub total: u64,
    /// The hits of this page.
    pub hits: Vec<Hit>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// Counts by value, if asked for.
    pub facets: Option<Facets>,
    /// Up to which number of the log the answer knows everything.
    pub seq: Option<u64>,
    /// The query that was answered instead, when a word of the one asked does not occur.
    pub corrected: Option<String>,
    /// What was read otherwise than written.
    pub notes: Vec<Note>,
    /// How the query was understood, if asked for.
    pub explained: Vec<Explained>,
}

struct Asked<'a> {
    request: &'a SearchRequest,
    serving: Arc<Serving>,
    searcher: Searcher,
    access: Access,
    after: Option<Rank>,
}

/// A question answered instead of the one asked.
struct SecondTry {
    plan: Plan,
    gathered: Gathered,
    query: String,
}

impl Index {
    /// Answers a question. Blocks; takes a fraction of a millisecond to some milliseconds.
    ///
    /// # Errors
    /// The limits of the query, the limit, the cursor; failures of the engine.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        if !(1..=LIMIT_MAX).contains(&request.limit) {
            return Err(SearchError::Limit {
                limit: request.limit,
            });
        }
        let after = request
            .after
            .as_deref()
            .map(|text| cursor::read(text, request.sort))
            .transpose()?;
        let parsed = parse(&request.query, &request.fields)?;
        let serving = self.serving();
        let (searcher, seq) = serving.view();
        let access = Access::new(self.shared.fields.acl, &request.access, &serving.access)
            .opening(&self.shared.fields, &request.opened)
            .without(self.shared.fields.key, &request.hidden);
        if access.is_empty() {
            return Ok(nothing(request, seq, parsed.notes));
        }
        let asked = Asked {
            request,
            serving,
            searcher,
            access,
            after,
        };
        let answer = self.with_analyzer(|analyzer| self.answer(&asked, parsed, analyzer))?;
        Ok(SearchAnswer { seq, ..answer })
    }

    fn answer(
        &self,
        asked: &Asked<'_>,
        mut parsed: Parsed,
        analyzer: &mut Analyzer,
    ) -> Result<SearchAnswer, SearchError> {
        let none = Variants::new();
        let mut plan = self.plan(asked, parsed.node.as_ref(), &none, analyzer);
        let is_asked = !asked.request.query.trim().is_empty();
        if is_asked && plan.musts.is_empty() && plan.nots.is_empty() {
            let kind = NoteKind::NoWords;
            parsed.notes.push(Note { at: 0, kind });
        }
        let mut gathered = self.run(asked, &mut plan)?;
        let mut corrected = None;
        if gathered.total == 0
            && let Some(node) = &parsed.node
            && let Some(second) = self.second_try(asked, node, &plan, analyzer)?
        {
            (plan, gathered) = (second.plan, second.gathered);
            corrected = Some(second.query);
        }
        let explained = if asked.request.explain {
            self.explained(asked, plan.explained)?
        } else {
            Vec::new()
        };
        let more = gathered.best.len() > asked.request.limit;
        gathered.best.truncate(asked.request.limit);
        let next = if more {
            gathered
                .best
                .last()
                .map(|hit| cursor::write(hit.0, asked.request.sort))
        } else {
            None
        };
        let marks = if asked.request.snippets {
            plan.marks
        } else {
            Vec::new()
        };
        let snippets = Snippets {
            searcher: &asked.searcher,
            labels: &asked.serving.labels,
            fields: &self.shared.fields,
            marks: &marks,
        };
        let shown = snippets.show(&gathered.best, asked.request.snippets, analyzer)?;
        let mut hits = Vec::with_capacity(shown.len());
        for ((rank, address), shown) in gathered.best.iter().zip(shown) {
            hits.push(Hit {
                key: rank.key,
                version: version_of(asked, *address)?,
                score: score_of(*rank, asked.request.sort),
                title: shown.title,
                snippets: shown.snippets,
            });
        }
        Ok(SearchAnswer {
            total: gathered.total,
            hits,
            next,
            facets: asked
                .request
                .facets
                .then(|| asked.serving.labels.facets(&gathered.counts)),
            seq: None,
            corrected,
            notes: parsed.notes,
            explained,
        })
    }

    /// What was probably meant, where nothing is found: words that belong together, then typing errors.
    fn second_try(
        &self,
        asked: &Asked<'_>,
        node: &Node,
        first: &Plan,
        analyzer: &mut Analyzer,
    ) -> Result<Option<SecondTry>, SearchError> {
        let corrector = self.corrector(asked);
        let joined = join_words(node, |text| {
            let stem = analyzer.word(text).stem.clone();
            let terms = [format!("{PART}{stem}"), stem];
            let entries = corrector.visible(self.shared.fields.all, &terms, 1)?;
            Ok::<bool, SearchError>(entries > 0)
        })?;
        if let Some(joined) = joined {
            let mut plan = self.plan(asked, Some(&joined), &Variants::new(), analyzer);
            let gathered = self.run(asked, &mut plan)?;
            if gathered.total > 0 {
                let query = print(&joined);
                return Ok(Some(SecondTry {
                    plan,
                    gathered,
                    query,
                }));
            }
        }
        let variants = self.variants(asked, first, analyzer)?;
        if variants.is_empty() {
            return Ok(None);
        }
        let mut plan = self.plan(asked, Some(node), &variants, analyzer);
        let gathered = self.run(asked, &mut plan)?;
        let query = rewrite(node, &variants, analyzer);
        Ok((gathered.total > 0).then_some(SecondTry {
            plan,
            gathered,
            query,
        }))
    }

    fn corrector<'a>(&'a self, asked: &'a Asked<'_>) -> Corrector<'a> {
        Corrector {
            searcher: &asked.searcher,
            fields: &self.shared.fields,
            access: &asked.access,
        }
    }

    fn plan(
        &self,
        asked: &Asked<'_>,
        node: Option<&Node>,
        variants: &Variants,
        analyzer: &mut Analyzer,
    ) -> Plan {
        let scored = asked.request.sort == Sort::Relevance;
        let planner = Planner::new(
            &asked.searcher,
            &self.shared.fields,
            analyzer,
            variants,
            scored,
        );
        match node {
            Some(node) => planner.plan(node),
            None => planner.plan(&Node::All(Vec::new())),
        }
    }

    fn run(&self, asked: &Asked<'_>, plan: &mut Plan) -> Result<Gathered, SearchError> {
        let query = self.query(asked, plan);
        let gather = Gather {
            sort: asked.request.sort,
            after: asked.after,
            limit: asked.request.limit,
            facets: asked.request.facets,
            serving: Arc::clone(&asked.serving),
        };
        Ok(asked.searcher.search(&query, &gather)?)
    }

    /// The right to see is one of the conditions: no hit, count or facet is ever taken away afterwards.
    fn query(&self, asked: &Asked<'_>, plan: &mut Plan) -> BooleanQuery {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            vec![(Occur::Must, Box::new(asked.access.clone()))];
        if plan.musts.is_empty() {
            clauses.push((Occur::Must, constant(Box::new(AllQuery))));
        }
        clauses.extend(plan.musts.drain(..).map(|query| (Occur::Must, query)));
        clauses.extend(
            self.filters(&asked.request.filters)
                .into_iter()
                .map(|query| (Occur::Must, query)),
        );
        clauses.extend(plan.nots.drain(..).map(|query| (Occur::MustNot, query)));
        if asked.request.sort == Sort::Relevance {
            clauses.extend(plan.boosts.drain(..).map(|query| (Occur::Should, query)));
        }
        BooleanQuery::new(clauses)
    }

    fn filters(&self, filters: &Filters) -> Vec<Box<dyn Query>> {
        let fields = &self.shared.fields;
        let by_value = [
            (fields.department, &filters.department),
            (fields.kind, &filters.kind),
            (fields.tag, &filters.tag),
            (fields.correspondent, &filters.correspondent),
            (fields.direction, &filters.direction),
            (fields.channel, &filters.channel),
            (fields.state, &filters.state),
        ];
        let mut queries: Vec<Box<dyn Query>> = by_value
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .filter_map(|(field, values)| {
                one_of(
                    values
                        .iter()
                        .map(|value| Term::from_field_text(field, value)),
                )
            })
            .collect();
        let place = |name: &Key| Term::from_field_bytes(fields.within, &key_bytes(*name));
        queries.extend(
            filters
                .within
                .iter()
                .filter_map(|name| one_of(std::iter::once(place(name)))),
        );
        queries.extend(one_of(filters.within_any.iter().map(place)));
        let years = filters
            .year
            .iter()
            .map(|year| year_term(fields.year, *year));
        queries.extend(one_of(years));
        queries.extend(filters.values.iter().filter_map(|wanted| {
            let any = wanted.any.iter();
            union(any.map(|one| self.wanted(&wanted.field, one)).collect())
        }));
        if filters.document_date != (None, None) {
            queries.push(days_between(
                fields.document_date,
                filters.document_date.0,
                filters.document_date.1,
            ));
        }
        if filters.received != (None, None) {
            queries.push(instants_between(
                fields.received_at,
                filters.received.0,
                filters.received.1,
            ));
        }
        queries
    }

    fn wanted(&self, field: &str, wanted: &FieldWanted) -> Box<dyn Query> {
        let values = self.shared.fields.values;
        match wanted {
            FieldWanted::Is(value) => {
                let term = Term::from_field_text(values, &exact_term(field, value));
                constant(Box::new(TermQuery::new(term, IndexRecordOption::Basic)))
            }
            FieldWanted::Numbers(from, to) => {
                let ends = (
                    from.map(FieldNumber::Millionths),
                    to.map(FieldNumber::Millionths),
                );
                numbers_between(values, field, FieldNumber::Millionths(0), ends)
            }
            FieldWanted::Days(from, to) => {
                let ends = (from.map(FieldNumber::Day), to.map(FieldNumber::Day));
                numbers_between(values, field, FieldNumber::Day(Day(0)), ends)
            }
        }
    }

    /// For words that no visible entry has: those that are nearly like them.
    fn variants(
        &self,
        asked: &Asked<'_>,
        plan: &Plan,
        analyzer: &mut Analyzer,
    ) -> Result<Variants, SearchError> {
        let corrector = self.corrector(asked);
        let mut variants = Variants::new();
        for leaf in &plan.leaves {
            if variants.contains_key(&leaf.word.stem)
                || corrector.visible(leaf.field, &leaf.terms, 1)? > 0
            {
                continue;
            }
            let near = corrector.variants(&leaf.word.folded, analyzer)?;
            if !near.is_empty() {
                variants.insert(leaf.word.stem.clone(), near);
            }
        }
        Ok(variants)
    }

    /// Fills in how many visible entries have each piece.
    fn explained(
        &self,
        asked: &Asked<'_>,
        mut explained: Vec<Explained>,
    ) -> Result<Vec<Explained>, SearchError> {
        let corrector = self.corrector(asked);
        for piece in &mut explained {
            let Some((field, mark)) = piece.asked.clone() else {
                continue;
            };
            let phrase = matches!(
                piece.reading,
                Reading::Phrase | Reading::Prefix | Reading::StopWord | Reading::Nearly
            );
            if phrase || piece.terms.is_empty() {
                piece.asked = None;
                continue;
            }
            let terms = piece
                .terms
                .iter()
                .map(|term| Term::from_field_text(field, &format!("{mark}{term}")));
            piece.entries = corrector.count_any(terms.collect())?;
        }
        Ok(explained)
    }
}

fn nothing(request: &SearchRequest, seq: Option<u64>, notes: Vec<Note>) -> SearchAnswer {
    SearchAnswer {
        total: 0,
        hits: Vec::new(),
        next: None,
        facets: request.facets.then(Facets::default),
        seq,
        corrected: None,
        notes,
        explained: Vec::new(),
    }
}

fn one_of(terms: impl Iterator<Item = Term>) -> Option<Box<dyn Query>> {
    let any = terms
        .map(|term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>)
        .collect();
    union(any).map(constant)
}

fn year_term(field: Field, year: i32) -> Term {
    Term::from_field_u64(field, u64::try_from(year).unwrap_or(u64::MAX))
}

fn score_of(rank: Rank, sort: Sort) -> f32 {
    match sort {
        Sort::Relevance => f32::from_bits(u32::try_from(rank.primary).unwrap_or(0)),
        Sort::DateDesc | Sort::DateAsc | Sort::ReceivedDesc => 0.0,
    }
}

fn version_of(asked: &Asked<'_>, address: DocAddress) -> tantivy::Result<u64> {
    let reader = asked.searcher.segment_reader(address.segment_ord);
    let columns = asked.serving.labels.columns(reader)?;
    Ok(columns.version.first(address.doc_id).unwrap_or(0))
}
