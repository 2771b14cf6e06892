//! The peer of the index: tantivy as its manual shows it, with German stems and the same facets.

use std::path::Path;

use indexer::Entry;
use tantivy::aggregation::AggContextParams;
use tantivy::aggregation::AggregationCollector;
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{
    BooleanQuery, ConstScoreQuery, FuzzyTermQuery, Occur, Query, QueryParser, TermQuery,
};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

/// The raw index.
pub(crate) struct Raw {
    index: Index,
    fields: Fields,
}

#[derive(Clone, Copy)]
struct Fields {
    key: Field,
    text: Field,
    acl: Field,
    department: Field,
    kind: Field,
    tag: Field,
    correspondent: Field,
    year: Field,
    received: Field,
}

fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(80))
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::German))
        .build()
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("german")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default()
        .set_indexing_options(indexing)
        .set_stored();
    let fields = Fields {
        key: builder.add_text_field("key", STRING | STORED),
        text: builder.add_text_field("text", text),
        acl: builder.add_u64_field("acl", INDEXED),
        department: builder.add_text_field("department", STRING | FAST),
        kind: builder.add_text_field("kind", STRING | FAST),
        tag: builder.add_text_field("tag", STRING | FAST),
        correspondent: builder.add_text_field("correspondent", STRING | FAST),
        year: builder.add_u64_field("year", INDEXED | FAST),
        received: builder.add_i64_field("received", FAST),
    };
    (builder.build(), fields)
}

impl Raw {
    /// The index in this folder; a new one where there is none.
    pub(crate) fn open(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let (schema, fields) = schema();
        let index =
            Index::open_in_dir(folder).or_else(|_none| Index::create_in_dir(folder, schema));
        let index = index.expect("a raw index");
        index.tokenizers().register("german", analyzer());
        Self { index, fields }
    }

    pub(crate) fn writer(&self, bytes: usize, threads: usize) -> IndexWriter {
        self.index
            .writer_with_num_threads(threads, bytes)
            .expect("a writer")
    }

    pub(crate) fn add(&self, writer: &IndexWriter, entry: &Entry) {
        let fields = &self.fields;
        let mut document = TantivyDocument::default();
        let mut text = entry.title.clone();
        for page in &entry.pages {
            text.push('\n');
            text.push_str(page);
        }
        document.add_text(fields.key, entry.key.0.to_string());
        document.add_text(fields.text, text);
        for token in &entry.acl {
            document.add_u64(fields.acl, *token);
        }
        document.add_text(fields.department, &entry.department);
        document.add_text(fields.kind, entry.kind.as_deref().unwrap_or_default());
        document.add_text(
            fields.correspondent,
            entry.correspondent.as_deref().unwrap_or_default(),
        );
        for tag in &entry.tags {
            document.add_text(fields.tag, tag);
        }
        document.add_u64(fields.year, u64::try_from(entry.year()).unwrap_or_default());
        document.add_i64(fields.received, entry.received_at);
        writer.add_document(document).expect("a document");
    }

    pub(crate) fn asker(&self) -> Asker {
        let reader = self
            .index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into();
        let mut parser = QueryParser::for_index(&self.index, vec![self.fields.text]);
        parser.set_conjunction_by_default();
        let facets = ["department", "kind", "year", "tag", "correspondent"];
        let facets = facets.map(|field| {
            let one = serde_json::json!({ "terms": { "field": field, "size": 20 } });
            (field.to_owned(), one)
        });
        let facets = serde_json::Value::Object(facets.into_iter().collect());
        Asker {
            reader: reader.expect("a reader"),
            parser,
            fields: self.fields,
            facets: serde_json::from_value(facets).expect("facets"),
        }
    }
}

/// Asks the raw index.
pub(crate) struct Asker {
    reader: IndexReader,
    parser: QueryParser,
    fields: Fields,
    facets: Aggregations,
}

impl Asker {
    pub(crate) fn documents(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    pub(crate) fn segments(&self) -> usize {
        self.reader.searcher().segment_readers().len()
    }

    /// The best twenty, how many there are, and the facets; the number of hits. Where nothing is found,
    /// every word is asked for again with typing errors allowed.
    pub(crate) fn ask(&self, text: &str, token: u64) -> usize {
        let (query, _faults) = self.parser.parse_query_lenient(text);
        let total = self.run(query, token);
        if total > 0 {
            return total;
        }
        let mut analyzer = analyzer();
        let mut stream = analyzer.token_stream(text);
        let mut words: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        while let Some(word) = stream.next() {
            let distance = if word.text.chars().count() < 8 { 1 } else { 2 };
            let term = Term::from_field_text(self.fields.text, &word.text);
            words.push((
                Occur::Must,
                Box::new(FuzzyTermQuery::new(term, distance, true)),
            ));
        }
        self.run(Box::new(BooleanQuery::new(words)), token)
    }

    fn run(&self, query: Box<dyn Query>, token: u64) -> usize {
        let seen = Term::from_field_u64(self.fields.acl, token);
        let seen = TermQuery::new(seen, IndexRecordOption::Basic);
        let seen: Box<dyn Query> = Box::new(ConstScoreQuery::new(Box::new(seen), 0.0));
        let query = BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, seen)]);
        let facets =
            AggregationCollector::from_aggs(self.facets.clone(), AggContextParams::default());
        let best = TopDocs::with_limit(20).order_by_score();
        let asked = self
            .reader
            .searcher()
            .search(&query, &(best, Count, facets));
        let (_best, count, _facets) = asked.expect("an answer");
        count
    }
}
