//! Duplicates on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Looked;
use crate::base::DocumentId;
use crate::documents::model::Document;
use crate::documents::wire::Duplicate;

/// Most pairs of pages that are named for one document.
const PAGES_MAX: usize = 200;

/// Documents that say the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Duplicates {
    /// Whether the text was compared with those of others: `compared`; `pending`, while it is still to be
    /// read; or `short`, where there is none, or too little of it.
    #[schema(example = "compared")]
    pub(super) text: &'static str,
    /// Those with the same bytes first, then those whose text says the same, most alike first.
    pub(super) items: Vec<FoundDuplicate>,
}

/// A document that says the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundDuplicate {
    /// `bytes`: the same content, or content that it had once. `text`: its text says the same, but for
    /// what a machine misreads.
    #[schema(example = "text")]
    kind: &'static str,
    /// How much of the text stands in both letter for letter, from 0 to 1; 1 for the same bytes.
    #[schema(minimum = 0, maximum = 1, example = 0.94)]
    score: f64,
    /// The other document.
    document: Duplicate,
    /// Where this document is read.
    here_url: String,
    /// Where the other is read.
    there_url: String,
    /// Which pages say the same: at most 200.
    pages: Vec<PagePair>,
}

/// Two pages that say the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PagePair {
    /// The number of the page of this document.
    #[schema(minimum = 1)]
    here: u64,
    /// The number of the page of the other.
    #[schema(minimum = 1)]
    there: u64,
    /// Where the page of this document is.
    here_url: String,
    /// Where the page of the other is.
    there_url: String,
}

fn url(document: DocumentId) -> String {
    format!("/api/v1/documents/{document}")
}

impl FoundDuplicate {
    fn of(
        kind: &'static str,
        score: f64,
        (here, there): (DocumentId, &Document),
        pages: impl IntoIterator<Item = (u64, u64)>,
    ) -> Self {
        let (here_url, there_url) = (url(here), url(there.id));
        let pages = pages.into_iter().take(PAGES_MAX);
        let pages = pages.map(|(here, there)| PagePair {
            here,
            there,
            here_url: format!("{here_url}/pages/{here}?by_text=true"),
            there_url: format!("{there_url}/pages/{there}?by_text=true"),
        });
        Self {
            kind,
            score,
            document: Duplicate::from(there),
            pages: pages.collect(),
            here_url,
            there_url,
        }
    }

    /// With the same bytes; `pages` of the version in force, where that is still the same.
    pub(super) fn of_bytes(both: (DocumentId, &Document), pages: u64) -> Self {
        Self::of("bytes", 1.0, both, (1..=pages).map(|page| (page, page)))
    }

    /// With a text that says the same.
    pub(super) fn of_text(
        both: (DocumentId, &Document),
        score: f64,
        pages: Vec<(u64, u64)>,
    ) -> Self {
        Self::of("text", (score * 1_000.0).round() / 1_000.0, both, pages)
    }
}

impl Duplicates {
    pub(super) fn of(looked: Looked, items: Vec<FoundDuplicate>) -> Self {
        Self {
            text: looked.code(),
            items,
        }
    }
}
