//! The fields of the index, and an entry turned into them.
//!
//! An entry is analysed once, before it reaches tantivy: what is handed over is a text whose terms are
//! already made, with one control character before each (see `Spelled`). So the analysis runs where the
//! caller runs, its results serve three fields, and tantivy's own threads only build postings.

use std::sync::Arc;

use tantivy::TantivyDocument;
use tantivy::schema::{
    BytesOptions, FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STORED, Schema,
    TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::analysis::{Analyzer, Position, Word};
use crate::body::{self, PAGE_GAP, PageDraft};
use crate::entry::{Entry, FieldNumber, Key};

/// Raised with every change of fields, analysis, word lists, states or tokens of access: an index of another version is rebuilt.
pub(crate) const ANALYSIS_VERSION: u32 = 13;

/// The name under which the splitter is registered.
pub(crate) const SPELLED: &str = "spelled";

/// The fields of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) key: Field,
    pub(crate) key_high: Field,
    pub(crate) key_low: Field,
    pub(crate) version: Field,
    pub(crate) acl: Field,
    pub(crate) within: Field,
    /// Everything that a plain word may match: text, then title and the rest.
    pub(crate) all: Field,
    /// The same words outside the text, each behind the mark of its section.
    pub(crate) meta: Field,
    /// Words as they are written, for prefixes, typing errors and suggestions.
    pub(crate) vocabulary: Field,
    pub(crate) department: Field,
    pub(crate) kind: Field,
    pub(crate) tag: Field,
    pub(crate) correspondent: Field,
    pub(crate) direction: Field,
    pub(crate) channel: Field,
    pub(crate) state: Field,
    pub(crate) year: Field,
    pub(crate) document_date: Field,
    pub(crate) received_at: Field,
    pub(crate) added_at: Field,
    /// What stands in fields that the house has made: exact values and numbers, each behind its field.
    pub(crate) values: Field,
    pub(crate) body: Field,
}

/// Parts of an entry outside its text. The letter stands before the terms of the field `meta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Title,
    Reference,
    Correspondent,
    Tag,
    Kind,
    File,
    Department,
}

impl Section {
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Title => "t:",
            Self::Reference => "r:",
            Self::Correspondent => "c:",
            Self::Tag => "g:",
            Self::Kind => "k:",
            Self::File => "f:",
            Self::Department => "d:",
        }
    }
}

/// The schema with its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let number = NumericOptions::from(FAST);
    let filter = || {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        TextOptions::from(FAST).set_indexing_options(indexing)
    };
    let terms = || {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        TextOptions::default().set_indexing_options(indexing)
    };
    let spelled = |record: IndexRecordOption, norms: bool| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(SPELLED)
            .set_fieldnorms(norms)
            .set_index_option(record);
        TextOptions::default().set_indexing_options(indexing)
    };
    let fields = Fields {
        key: builder.add_bytes_field("key", BytesOptions::from(INDEXED)),
        within: builder.add_bytes_field("within", BytesOptions::from(INDEXED)),
        key_high: builder.add_u64_field("key_high", number.clone()),
        key_low: builder.add_u64_field("key_low", number.clone()),
        version: builder.add_u64_field("version", number.clone()),
        acl: builder.add_u64_field("acl", NumericOptions::from(INDEXED)),
        all: builder.add_text_field(
            "all",
            spelled(IndexRecordOption::WithFreqsAndPositions, true),
        ),
        meta: builder.add_text_field(
            "meta",
            spelled(IndexRecordOption::WithFreqsAndPositions, true),
        ),
        vocabulary: builder.add_text_field("vocabulary", spelled(IndexRecordOption::Basic, false)),
        department: builder.add_text_field("department", filter()),
        kind: builder.add_text_field("kind", filter()),
        tag: builder.add_text_field("tag", filter()),
        correspondent: builder.add_text_field("correspondent", filter()),
        direction: builder.add_text_field("direction", filter()),
        channel: builder.add_text_field("channel", filter()),
        state: builder.add_text_field("state", filter()),
        year: builder.add_u64_field("year", NumericOptions::from(INDEXED) | FAST),
        document_date: builder.add_i64_field("document_date", number.clone()),
        received_at: builder.add_i64_field("received_at", number.clone()),
        added_at: builder.add_i64_field("added_at", number),
        // Not as columns: ranges are asked of the terms, which have the order of what they stand for.
        values: builder.add_text_field("values", terms()),
        body: builder.add_bytes_field("body", BytesOptions::from(STORED)),
    };
    (builder.build(), fields)
}

/// The term of a key.
pub(crate) fn key_bytes(key: Key) -> [u8; 16] {
    key.0.to_be_bytes()
}

/// Terms written one behind the other: `\u{1}` starts a position, `\u{2}` stays at it, `\u{3}` leaves a gap.
#[derive(Debug, Default)]
struct Spelled {
    text: String,
}

const NEXT: char = '\u{1}';
const SAME: char = '\u{2}';
const GAP: char = '\u{3}';

impl Spelled {
    fn position(&mut self, position: &Position, mark: &str) {
        let mut control = NEXT;
        position.each_term(|term| {
            self.text.push(control);
            self.text.push_str(mark);
            self.text.push_str(term);
            control = SAME;
        });
    }

    fn gap(&mut self) {
        self.text.push(GAP);
    }
}

/// Turns an entry into the document that tantivy stores.
pub(crate) fn document(entry: &Entry, fields: &Fields, analyzer: &mut Analyzer) -> TantivyDocument {
    analyzer.begin();
    let mut all = Spelled::default();
    let mut meta = Spelled::default();
    let mut vocabulary: Vec<Arc<Word>> = Vec::new();
    let mut drafts = Vec::with_capacity(entry.pages.len());
    for page in &entry.pages {
        let positions = analyzer.text(page, &mut vocabulary);
        positions
            .iter()
            .for_each(|position| all.position(position, ""));
        all.gap();
        let places = positions
            .iter()
            .map(|position| (position.start, position.end))
            .collect();
        drafts.push(PageDraft { text: page, places });
    }
    for (section, text) in sections(entry) {
        let positions = analyzer.text(text, &mut vocabulary);
        // A plain word must not find everything in a department because the department bears its name.
        let plain = section != Section::Department;
        for position in &positions {
            if plain {
                all.position(position, "");
            }
            meta.position(position, section.mark());
        }
        all.gap();
        meta.gap();
    }
    for value in &entry.values {
        let mark = value_mark(&value.field);
        // A number is asked for as a number: `12` in a field is not `12,50`.
        let is_number = value.exact.iter().any(|(_, number)| number.is_some());
        for text in &value.words {
            for position in &analyzer.text(text, &mut vocabulary) {
                all.position(position, "");
                if !is_number {
                    meta.position(position, &mark);
                }
            }
            all.gap();
            meta.gap();
        }
    }
    let mut words = String::new();
    for word in &vocabulary {
        words.push(NEXT);
        words.push_str(&word.vocabulary);
    }
    let mut document = TantivyDocument::default();
    document.add_text(fields.all, all.text);
    document.add_text(fields.meta, meta.text);
    document.add_text(fields.vocabulary, words);
    add_values(&mut document, entry, fields);
    // The only value that is stored, and the last one: see `body`.
    document.add_bytes(fields.body, &body::write(&entry.title, &drafts));
    document
}

/// What stands before the words of a field in the field `meta`.
pub(crate) fn value_mark(field: &str) -> String {
    format!("v.{field}:")
}

/// The term of a value that is asked for exactly.
pub(crate) fn exact_term(field: &str, value: &str) -> String {
    format!("{field}={value}")
}

/// The term of a number: the order of the terms is the order of the numbers.
pub(crate) fn number_term(field: &str, number: FieldNumber) -> String {
    let (kind, number) = match number {
        FieldNumber::Millionths(number) => ('n', number),
        FieldNumber::Day(day) => ('d', i64::from(day.0)),
    };
    // Shifted, so that what is negative comes first.
    let shifted = (i128::from(number) - i128::from(i64::MIN)).unsigned_abs();
    format!("{field}#{kind}{shifted:016x}")
}

fn sections(entry: &Entry) -> impl Iterator<Item = (Section, &str)> {
    std::iter::once((Section::Title, entry.title.as_str()))
        .chain(
            entry
                .references
                .iter()
                .map(|text| (Section::Reference, text.as_str())),
        )
        .chain(
            entry
                .correspondent
                .iter()
                .chain(&entry.also_called)
                .map(|text| (Section::Correspondent, text.as_str())),
        )
        .chain(entry.tags.iter().map(|text| (Section::Tag, text.as_str())))
        .chain(entry.kind.iter().map(|text| (Section::Kind, text.as_str())))
        .chain(
            entry
                .file_name
                .iter()
                .map(|text| (Section::File, text.as_str())),
        )
        .chain(std::iter::once((
            Section::Department,
            entry.department.as_str(),
        )))
}

fn add_values(document: &mut TantivyDocument, entry: &Entry, fields: &Fields) {
    document.add_bytes(fields.key, &key_bytes(entry.key));
    document.add_u64(fields.key_high, entry.key.high());
    document.add_u64(fields.key_low, entry.key.low());
    document.add_u64(fields.version, entry.version);
    for token in &entry.acl {
        document.add_u64(fields.acl, *token);
    }
    for name in &entry.within {
        document.add_bytes(fields.within, &key_bytes(*name));
    }
    document.add_text(fields.department, &entry.department);
    document.add_text(fields.state, &entry.state);
    for tag in &entry.tags {
        document.add_text(fields.tag, tag);
    }
    let optional = [
        (fields.kind, &entry.kind),
        (fields.correspondent, &entry.correspondent),
        (fields.direction, &entry.direction),
        (fields.channel, &entry.channel),
    ];
    for (field, value) in optional {
        if let Some(value) = value {
            document.add_text(field, value);
        }
    }
    document.add_u64(fields.year, u64::try_from(entry.year()).unwrap_or(0));
    if let Some(day) = entry.document_date {
        document.add_i64(fields.document_date, i64::from(day.0));
    }
    for value in &entry.values {
        for (exact, number) in &value.exact {
            document.add_text(fields.values, exact_term(&value.field, exact));
            if let Some(number) = number {
                document.add_text(fields.values, number_term(&value.field, *number));
            }
        }
    }
    document.add_i64(fields.received_at, entry.received_at);
    document.add_i64(fields.added_at, entry.added_at);
}

/// Reads back what `Spelled` wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Splitter;

impl Tokenizer for Splitter {
    type TokenStream<'a> = Split<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Split<'a> {
        Split {
            rest: text,
            token: Token {
                position: usize::MAX,
                ..Token::default()
            },
            next_position: 0,
        }
    }
}

/// The terms of a spelled text.
#[derive(Debug)]
pub(crate) struct Split<'a> {
    rest: &'a str,
    token: Token,
    next_position: usize,
}

impl TokenStream for Split<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let mut chars = self.rest.chars();
            let Some(control) = chars.next() else {
                return false;
            };
            let rest = chars.as_str();
            if control == GAP {
                self.next_position += usize::try_from(PAGE_GAP).unwrap_or(0);
                self.rest = rest;
                continue;
            }
            if control != SAME {
                self.token.position = self.next_position;
                self.next_position += 1;
            }
            let end = rest
                .bytes()
                .position(|byte| byte <= 3)
                .unwrap_or(rest.len());
            let (term, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.token.text.clear();
            self.token.text.push_str(term);
            self.rest = behind;
            return true;
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
