//! A small index and short ways to ask it.

use std::sync::atomic::{AtomicU64, Ordering};

use indexer::{Change, Day, Entry, Index, Key, Options, SearchAnswer, SearchRequest};
use tempfile::TempDir;

/// The token that all entries carry unless told otherwise.
pub(crate) const EVERYONE: u64 = 7;

/// An index in a folder of its own.
pub(crate) struct House {
    pub(crate) index: Index,
    pub(crate) dir: TempDir,
    seq: AtomicU64,
}

/// An entry that says only what it must.
pub(crate) fn entry(number: u128, title: &str, pages: &[&str]) -> Entry {
    Entry {
        key: Key(number),
        version: 1,
        acl: vec![EVERYONE],
        within: Vec::new(),
        title: title.to_owned(),
        pages: pages.iter().map(|page| (*page).to_owned()).collect(),
        references: Vec::new(),
        correspondent: None,
        also_called: Vec::new(),
        tags: Vec::new(),
        kind: None,
        department: "Bürgerbüro".to_owned(),
        direction: None,
        channel: None,
        state: "veraktet".to_owned(),
        document_date: None,
        received_at: i64::try_from(number).unwrap_or(0) * 1_000_000,
        added_at: 0,
        file_name: None,
        values: Vec::new(),
    }
}

pub(crate) fn day(year: i32, month: u8, day: u8) -> Option<Day> {
    Some(Day::from_calendar(year, month, day).expect("a date of the calendar"))
}

impl House {
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let index = Index::open(dir.path(), Options::default()).expect("a new index");
        Self {
            index,
            dir,
            seq: AtomicU64::new(0),
        }
    }

    pub(crate) fn with(entries: impl IntoIterator<Item = Entry>) -> Self {
        let house = Self::empty();
        house.put(entries);
        house
    }

    /// Entries that have one page each, numbered from 1.
    pub(crate) fn of_texts(texts: &[&str]) -> Self {
        Self::with(
            (1..)
                .zip(texts)
                .map(|(number, text)| entry(number, "Ohne Titel", &[text])),
        )
    }

    pub(crate) fn put(&self, entries: impl IntoIterator<Item = Entry>) {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        self.index
            .apply(entries.into_iter().map(Change::Put), seq)
            .expect("applied");
    }

    pub(crate) fn ask(&self, query: &str) -> SearchAnswer {
        self.search(&SearchRequest::new(query, vec![EVERYONE]))
    }

    pub(crate) fn search(&self, request: &SearchRequest) -> SearchAnswer {
        self.index.search(request).expect("an answer")
    }

    /// The keys of the hits, sorted.
    pub(crate) fn found(&self, query: &str) -> Vec<u128> {
        let mut keys = keys(&self.ask(query));
        keys.sort_unstable();
        keys
    }

    /// Opens the same folder again, as after a restart.
    pub(crate) fn reopen(self) -> Self {
        let Self { index, dir, seq } = self;
        drop(index);
        let index = Index::open(dir.path(), Options::default()).expect("the index opens again");
        Self { index, dir, seq }
    }
}

/// The keys of the hits, in their order.
pub(crate) fn keys(answer: &SearchAnswer) -> Vec<u128> {
    answer.hits.iter().map(|hit| hit.key.0).collect()
}
