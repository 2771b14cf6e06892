//! What somebody may be about to type, or probably meant.
//!
//! Words and titles come from entries the asker may see, and from nowhere else.

use std::collections::HashMap;

use tantivy::Term;
use tantivy::collector::Count;
use tantivy::query::{BooleanQuery, FuzzyTermQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;

use crate::access::{Access, Opened};
use crate::analysis::fold::fold_start;
use crate::analysis::{VOCABULARY_SEPARATOR, is_stop_word};
use crate::clauses::union;
use crate::correct::{Corrector, TWO_ERRORS_LETTERS, near_terms};
use crate::entry::Key;
use crate::error::SearchError;
use crate::index::Index;
use crate::plan::{Planner, Variants};
use crate::query::parse;
use crate::search::{SearchRequest, Sort};
use crate::snippet::Highlighted;

/// The most suggestions of each kind.
pub const SUGGESTIONS_MAX: usize = 20;

const PREFIX_CHARS_MIN: usize = 2;
/// The vocabulary has no longer words.
const PREFIX_CHARS_MAX: usize = 60;
/// Fewer letters and digits begin too many references.
const CODE_CHARS_MIN: usize = 3;
/// From how many letters on one error in a beginning is forgiven; shorter ones begin too many words.
const ONE_ERROR_LETTERS: usize = 5;
/// Visible words of a segment that are looked at.
const TERMS_MAX: usize = 4_000;
const CHECKED_MAX: usize = 40;
const COUNT_MAX: u32 = 10_000;

/// What somebody has typed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestRequest {
    /// The text; its last word is completed.
    pub text: String,
    /// The tokens of the asker. Without any, nothing is suggested.
    pub access: Vec<u64>,
    /// What the asker may find besides.
    pub opened: Vec<Opened>,
    /// The names of fields that may stand in the text, beside those of the language.
    pub fields: Vec<String>,
    /// Entries of which nothing is suggested whatever their tokens say.
    pub hidden: Vec<Key>,
    /// How many words and titles at most, 1 to `SUGGESTIONS_MAX`.
    pub limit: usize,
}

/// A word that completes the text, or that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedWord {
    /// The whole text with this word at its end.
    pub text: String,
    /// The word, as documents write it.
    pub word: String,
    /// How many visible entries have it.
    pub entries: u64,
}

/// A title that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestedTitle {
    /// The entry.
    pub key: Key,
    /// Its title.
    pub title: Highlighted,
}

/// What may be meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// Words, the most frequent first; where none begins as the text ends, the nearest ones.
    pub words: Vec<SuggestedWord>,
    /// Titles, the best first; of a number those too whose reference begins so.
    pub titles: Vec<SuggestedTitle>,
    /// Up to which number of the log they are known.
    pub seq: Option<u64>,
}

/// A word of the vocabulary under one folded form.
#[derive(Default)]
struct Candidate {
    forms: Vec<String>,
    /// How many entries may have it at most, those included that the asker may not see.
    at_most: u64,
}

impl Index {
    /// Suggests words and titles.
    ///
    /// # Errors
    /// The limits of the query and of the number of suggestions; failures of the engine.
    pub fn suggest(&self, request: &SuggestRequest) -> Result<Suggestions, SearchError> {
        if !(1..=SUGGESTIONS_MAX).contains(&request.limit) {
            return Err(SearchError::Limit {
                limit: request.limit,
            });
        }
        parse(&request.text, &request.fields)?;
        let serving = self.serving();
        let (searcher, seq) = serving.view();
        let access = Access::new(self.shared.fields.acl, &request.access, &serving.access)
            .opening(&self.shared.fields, &request.opened)
            .without(self.shared.fields.key, &request.hidden);
        let before = request.text.trim_end_matches(char::is_alphanumeric);
        let last = request.text.get(before.len()..).unwrap_or("");
        let code = code_typed(&request.text);
        let folded = fold_start(last);
        let length = folded.chars().count();
        let mut found = Suggestions {
            seq,
            ..Suggestions::default()
        };
        if access.is_empty() || (length < PREFIX_CHARS_MIN && code.is_none()) {
            return Ok(found);
        }
        if (PREFIX_CHARS_MIN..=PREFIX_CHARS_MAX).contains(&length) {
            let corrector = Corrector {
                searcher: &searcher,
                fields: &self.shared.fields,
                access: &access,
            };
            found.words = self.words(&corrector, request, (before, &folded))?;
        }
        let (before, wanted) = if let Some((before, code)) = code {
            (before, format!("(titel:{code}* ODER az:{code}*)"))
        } else {
            let nearest = found.words.first().map(|best| best.word.as_str());
            let meant = nearest.filter(|word| !fold_start(word).starts_with(&folded));
            (before, format!("titel:{}*", meant.unwrap_or(last)))
        };
        found.titles = self.titles(request, before, &wanted)?;
        Ok(found)
    }

    /// Visible words that complete what is typed, the most frequent first.
    fn words(
        &self,
        corrector: &Corrector<'_>,
        request: &SuggestRequest,
        (before, typed): (&str, &str),
    ) -> Result<Vec<SuggestedWord>, SearchError> {
        let mut candidates: Vec<(String, Candidate)> =
            self.nearest(corrector, typed)?.into_iter().collect();
        candidates.sort_by(|left, right| {
            right
                .1
                .at_most
                .cmp(&left.1.at_most)
                .then_with(|| left.0.cmp(&right.0))
        });
        let mut words = Vec::new();
        for (folded, candidate) in self.most_frequent(corrector, candidates)? {
            let named = &request.fields;
            words.extend(self.visible_word(corrector, (before, named), &folded, &candidate)?);
        }
        words.sort_by(|left, right| {
            right
                .entries
                .cmp(&left.entries)
                .then_with(|| left.word.cmp(&right.word))
        });
        words.truncate(request.limit);
        Ok(words)
    }

    /// The candidates that most of the visible entries have. They come in the order of how many may
    /// have them at most, so that most need not be counted.
    fn most_frequent(
        &self,
        corrector: &Corrector<'_>,
        candidates: Vec<(String, Candidate)>,
    ) -> Result<Vec<(String, Candidate)>, SearchError> {
        let field = self.shared.fields.vocabulary;
        let mut best: Vec<(u64, (String, Candidate))> = Vec::new();
        for (folded, candidate) in candidates {
            if best.len() == CHECKED_MAX
                && best.last().is_some_and(|last| last.0 >= candidate.at_most)
            {
                break;
            }
            let mut entries = 0;
            for written in &candidate.forms {
                let term = format!("{folded}{VOCABULARY_SEPARATOR}{written}");
                entries += u64::from(corrector.visible(field, &[term], COUNT_MAX)?);
            }
            let at = best.partition_point(|kept| kept.0 >= entries);
            best.insert(at, (entries, (folded, candidate)));
            best.truncate(CHECKED_MAX);
        }
        Ok(best.into_iter().map(|(_, candidate)| candidate).collect())
    }

    /// Visible words of the vocabulary that begin as typed; where none does, those that do with the fewest errors.
    fn nearest(
        &self,
        corrector: &Corrector<'_>,
        typed: &str,
    ) -> Result<HashMap<String, Candidate>, SearchError> {
        let mut found = HashMap::new();
        for errors in 0..=errors_forgiven(typed) {
            found = self.candidates(corrector, typed, errors)?;
            if !found.is_empty() {
                break;
            }
        }
        found.retain(|word, _| !is_stop_word(word));
        Ok(found)
    }

    /// Visible words of the vocabulary that begin so but for some errors; with two the first letter must be right.
    fn candidates(
        &self,
        corrector: &Corrector<'_>,
        typed: &str,
        errors: u8,
    ) -> Result<HashMap<String, Candidate>, SearchError> {
        let field = self.shared.fields.vocabulary;
        let query = FuzzyTermQuery::new_prefix(Term::from_field_text(field, typed), errors, true);
        let first = typed.chars().next().filter(|_| errors > 1);
        let mut found: HashMap<String, Candidate> = HashMap::new();
        for reader in corrector.searcher.segment_readers() {
            let index = reader.inverted_index(field)?;
            let mut stream = near_terms(index.terms(), &query, "", first)?;
            let mut read = 0;
            while stream.advance() && read < TERMS_MAX {
                // What the asker may not see takes no place from what he may.
                if corrector.visible_postings(reader, &index, stream.value(), 1)? == 0 {
                    continue;
                }
                read += 1;
                let Ok(term) = std::str::from_utf8(stream.key()) else {
                    continue;
                };
                let Some((word, written)) = term.split_once(VOCABULARY_SEPARATOR) else {
                    continue;
                };
                let candidate = found.entry(word.to_owned()).or_default();
                candidate.at_most += u64::from(stream.value().doc_freq);
                if !candidate.forms.iter().any(|form| form == written) {
                    candidate.forms.push(written.to_owned());
                }
            }
        }
        Ok(found)
    }

    /// The word in its most frequent visible form, if the asker may know it and it fits what stands before.
    fn visible_word(
        &self,
        corrector: &Corrector<'_>,
        (before, named): (&str, &[String]),
        folded: &str,
        candidate: &Candidate,
    ) -> Result<Option<SuggestedWord>, SearchError> {
        let field = self.shared.fields.vocabulary;
        let mut best: Option<(u32, &str)> = None;
        let mut terms = Vec::new();
        for written in &candidate.forms {
            let term = format!("{folded}{VOCABULARY_SEPARATOR}{written}");
            let entries = corrector.visible(field, std::slice::from_ref(&term), COUNT_MAX)?;
            if entries > 0 {
                terms.push(Term::from_field_text(field, &term));
            }
            if entries > best.map_or(0, |best| best.0) {
                best = Some((entries, written));
            }
        }
        let Some((_, word)) = best else {
            return Ok(None);
        };
        let entries = self.together(corrector, (before, named), terms)?;
        let text = format!("{before}{word}");
        Ok((entries > 0).then(|| SuggestedWord {
            text,
            word: word.to_owned(),
            entries,
        }))
    }

    /// How many visible entries have one of the terms and what stands before.
    fn together(
        &self,
        corrector: &Corrector<'_>,
        (before, named): (&str, &[String]),
        terms: Vec<Term>,
    ) -> Result<u64, SearchError> {
        let parsed = parse(before, named)?;
        let Some(node) = parsed.node else {
            return corrector.count_any(terms).map_err(SearchError::from);
        };
        let none = Variants::new();
        let plan = self.with_analyzer(|analyzer| {
            Planner::new(
                corrector.searcher,
                &self.shared.fields,
                analyzer,
                &none,
                false,
            )
            .plan(&node)
        });
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            vec![(Occur::Must, Box::new(corrector.access.clone()))];
        clauses.extend(plan.musts.into_iter().map(|query| (Occur::Must, query)));
        clauses.extend(plan.nots.into_iter().map(|query| (Occur::MustNot, query)));
        let any = terms
            .into_iter()
            .map(|term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>)
            .collect();
        clauses.extend(union(any).map(|query| (Occur::Must, query)));
        let count = corrector
            .searcher
            .search(&BooleanQuery::new(clauses), &Count)?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// The titles that have what stands before, and what is wanted besides.
    fn titles(
        &self,
        request: &SuggestRequest,
        before: &str,
        wanted: &str,
    ) -> Result<Vec<SuggestedTitle>, SearchError> {
        let words = before
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let mut query: String = words
            .map(|word| format!("titel:{} ", word.to_lowercase()))
            .collect();
        query.push_str(wanted);
        let mut search = SearchRequest::new(query, request.access.clone());
        search.opened.clone_from(&request.opened);
        search.hidden.clone_from(&request.hidden);
        search.limit = request.limit;
        search.sort = Sort::Relevance;
        let answer = match self.search(&search) {
            // With a field before each word it may be longer than a question may be.
            Err(SearchError::TooLong { .. } | SearchError::TooManyTerms { .. }) => {
                return Ok(Vec::new());
            }
            other => other?,
        };
        if answer.corrected.is_some() {
            return Ok(Vec::new());
        }
        Ok(answer
            .hits
            .into_iter()
            .map(|hit| SuggestedTitle {
                key: hit.key,
                title: hit.title,
            })
            .collect())
    }
}

/// How many typing errors a folded beginning may have.
fn errors_forgiven(typed: &str) -> u8 {
    let letters = typed.chars().count();
    if letters < ONE_ERROR_LETTERS || !typed.chars().all(char::is_alphabetic) {
        return 0;
    }
    if letters < TWO_ERRORS_LETTERS { 1 } else { 2 }
}

/// The beginning of a reference that a text ends with, behind what stands before it: `01.4.`, `RE-20`.
fn code_typed(text: &str) -> Option<(&str, &str)> {
    let sign = |c: char| matches!(c, '.' | '/' | '-');
    let digits = |piece: &str| piece.contains(|c: char| c.is_ascii_digit());
    let before = text.trim_end_matches(|c: char| c.is_alphanumeric() || sign(c));
    let code = text.get(before.len()..)?.trim_start_matches(sign);
    let last = code.rsplit(sign).next()?;
    let length = code.chars().filter(|c| c.is_alphanumeric()).count();
    // The end of `A4-Format` is a word.
    let ends = last.is_empty() || digits(last);
    (length >= CODE_CHARS_MIN && digits(code) && ends).then_some((before, code))
}
