//! What clients name, ask and page by: types and rules.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::base::{CivilDate, DocumentId, Timestamp};
use crate::documents::Bound;

/// The largest number that names something: the clients' smallest whole numbers have 31 bits.
pub(super) const NUMBER_MAX: i64 = 0x7fff_ffff;
/// Entries of a page where nothing is said.
const PAGE_SIZE_DEFAULT: u64 = 25;
/// Most documents of a page; whoever asks for more gets this many, and a next page.
pub(super) const DOCUMENTS_MAX: u64 = 1_000;
/// Most tags, types or correspondents of a page.
pub(super) const WORDS_MAX: u64 = 100_000;
/// Most uploads of a page.
pub(super) const UPLOADS_MAX: u64 = 100;

/// What a number names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Called {
    /// A document, by its id.
    Document,
    /// A tag.
    Tag,
    /// A correspondent.
    Correspondent,
    /// A type.
    Kind,
    /// An account, by its id.
    Account,
    /// A field of the house, by its short name.
    Field,
}

impl Called {
    /// As it stands in rows.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Tag => "tag",
            Self::Correspondent => "correspondent",
            Self::Kind => "document_type",
            Self::Account => "account",
            Self::Field => "custom_field",
        }
    }
}

/// What was put in by this interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    /// The id that was answered.
    pub(super) id: Uuid,
    /// Its number.
    pub(super) number: i64,
    /// The document that it became.
    pub(super) document: DocumentId,
    /// When.
    pub(super) at: Timestamp,
    /// The name under which it came.
    pub(super) file_name: Option<String>,
    /// What it claimed to be.
    pub(super) media_type: String,
    /// The document of an earlier upload of the same content by the same token.
    pub(super) before: Option<DocumentId>,
}

/// The last page that is looked for: what lies behind it would not fit into any database.
const PAGE_MAX: u64 = 1_000_000_000;
/// The most numbers in one filter.
const NUMBERS_MAX: usize = 1_000;

/// Which page, from 1, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paging {
    /// The page.
    pub(super) page: u64,
    /// Its entries.
    pub(super) size: u64,
}

impl Paging {
    /// Reads `page` and `page_size`. `None`: there is no such page.
    pub(super) fn read(pairs: &[(String, String)], most: u64) -> Option<Self> {
        let value = |name: &str| {
            let mut named = pairs.iter().rev().filter(|(known, _)| known == name);
            named.next().map(|(_, value)| value.as_str())
        };
        let page = match value("page") {
            Some(page) => {
                let page = page.parse().ok();
                page.filter(|page| (1..=PAGE_MAX).contains(page))?
            }
            None => 1,
        };
        // Nonsense is passed over, as it is there.
        let size = value("page_size").and_then(|size| size.parse().ok());
        let size = size.filter(|size| *size > 0);
        Some(Self {
            page,
            size: size.unwrap_or(PAGE_SIZE_DEFAULT).min(most),
        })
    }

    /// How many entries come before it.
    pub(super) const fn offset(self) -> u64 {
        (self.page - 1).saturating_mul(self.size)
    }

    /// Whether it is a page of a list with so many entries; an empty list has one page.
    pub(super) const fn exists(self, count: u64) -> bool {
        self.page == 1 || self.offset() < count
    }

    /// Whether a page follows.
    pub(super) const fn has_next(self, count: u64) -> bool {
        self.offset().saturating_add(self.size) < count
    }
}

/// A list of numbers, separated by commas, each once. `None`: something in it is none, or they are too
/// many.
pub(super) fn numbers(text: &str) -> Option<Vec<i64>> {
    let numbers: Option<BTreeSet<i64>> = text
        .split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .map(|number| {
            number
                .parse()
                .ok()
                .filter(|number| (0..=NUMBER_MAX).contains(number))
        })
        .collect();
    let numbers = numbers.filter(|numbers| numbers.len() <= NUMBERS_MAX)?;
    Some(numbers.into_iter().collect())
}

/// Yes or no, in the spellings that clients have for it.
pub(super) fn yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "t" | "yes" => Some(true),
        "false" | "0" | "f" | "no" => Some(false),
        _ => None,
    }
}

/// `gt`, `gte`, `lt`, `lte`.
pub(super) fn bound(text: &str) -> Option<Bound> {
    match text {
        "gt" => Some(Bound::After),
        "gte" => Some(Bound::From),
        "lt" => Some(Bound::Before),
        "lte" => Some(Bound::UpTo),
        _ => None,
    }
}

/// The civil date at the beginning of a date or an instant.
pub(super) fn day(text: &str) -> Option<CivilDate> {
    let (date, rest) = match text.split_once(['T', ' ']) {
        Some((date, rest)) => (date, Some(rest)),
        None => (text, None),
    };
    let is_time = rest.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    CivilDate::parse(date).filter(|_| is_time)
}

/// A bound in time: an instant, or a whole day (UTC), of which the later bounds begin with the next.
pub(super) fn instant(bound: Bound, text: &str) -> Option<(Bound, i64)> {
    const DAY: i64 = 86_400_000_000;
    if let Some(at) = Timestamp::parse(text) {
        return Some((bound, at.micros()));
    }
    let start = CivilDate::parse(text)?;
    let start = Timestamp::parse(&format!("{start}T00:00:00Z"))?.micros();
    Some(match bound {
        Bound::After => (Bound::From, start + DAY),
        Bound::From => (Bound::From, start),
        Bound::Before => (Bound::Before, start),
        Bound::UpTo => (Bound::Before, start + DAY),
    })
}
