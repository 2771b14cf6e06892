//! The searchable copy of a scan: its pages as pictures with their text behind them, as PDF/A.
//!
//! Invariants: the copy is a rendition beside the content, which keeps every byte; it is made of pictures that
//! a worker drew and of words, and of nothing else of the file; of a PDF that is signed there is none. A newer
//! text makes a new one, and the old ones stay.

pub(super) mod http;
mod ops;

use std::collections::HashMap;

use futures_util::TryStreamExt;
use indexer::extract::{PICTURES, RENDERER, Reason};
use sea_orm::ConnectionTrait;
use storage::{Blob, Storage, StoreError};

pub use self::ops::keep as keep_copy;
use super::guard;
use super::indexing::to_extract;
use super::looking::LOOKS_MAX;
use super::model::DocumentError;
use super::rows::{self, rendition};
use super::scans::{self, Progress, WORDS};
use super::words::{PlacedWords, WORDS_BYTES_MAX, WordsPage};
use crate::base::db::DbError;
use crate::base::{DocumentId, RenditionId, Timestamp, VersionId};

/// The kind of the rendition.
const COPY: &str = "copy";
/// What a copy is.
pub const COPY_MEDIA_TYPE: &str = "application/pdf";
/// What a copy is called whose content came without a name.
const UNNAMED: &str = "Durchsuchbare Kopie";
/// What a signed PDF says of itself, always in the clear: which of its bytes the signature covers.
const SIGNED: &[u8] = b"/ByteRange";
/// What could not be drawn for want of time or memory is tried again after so long, in microseconds.
const TRIED_AGAIN_AFTER: i64 = 3_600 * 1_000_000;

/// Why there is no copy of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The document is signed: a copy is none of what was signed.
    Signed,
    /// It has too many pages.
    Pages,
    /// Its pictures would be too large, or its words too many.
    Size,
    /// A page could not be drawn.
    Drawing(Reason),
}

impl Refusal {
    /// As it stands in the row.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Pages => "too_many_pages",
            Self::Size => "copy_too_large",
            Self::Drawing(reason) => reason.as_str(),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Signed, Self::Pages, Self::Size]
            .into_iter()
            .find(|known| known.as_str() == name)
            .or_else(|| Reason::from_name(name).map(Self::Drawing))
    }

    /// Whether another try may end otherwise.
    const fn passes(self) -> bool {
        matches!(
            self,
            Self::Drawing(Reason::TimedOut | Reason::OutOfMemory | Reason::Crashed)
        )
    }
}

/// What makes copies: what writes them, and what draws the pages of a PDF and of all else.
fn engine() -> String {
    let (paper, pdf, pictures) = (paper::ENGINE, RENDERER, PICTURES);
    format!(
        "{} {}, {} {}, {} {}",
        paper.name, paper.version, pdf.name, pdf.version, pictures.name, pictures.version
    )
}

/// Of which text a copy was made, as it stands in the row.
fn of_text(text: RenditionId) -> String {
    format!("{{\"text\":\"{text}\"}}")
}

/// Of what the copy of a version is to be made.
#[derive(Debug)]
enum Basis {
    /// It is not known yet: its text, or what stands on its pages, is still to be read.
    Pending,
    /// No copy is needed, or none can be made: no page of it was recognised.
    None,
    /// Of this text.
    Text(Box<rendition::Model>),
}

async fn basis(on: &impl ConnectionTrait, version: VersionId) -> Result<Basis, DbError> {
    let mut texts = rows::all_renditions(on, version, "text").await?;
    let Some(text) = texts.pop() else {
        return Ok(Basis::Pending);
    };
    if !indexer::extract::is_drawn(&text.engine) {
        return Ok(Basis::None);
    }
    let words = rows::all_renditions(on, version, WORDS).await?;
    let last = words.last();
    if !scans::is_recognised(&text.engine) {
        let waits = text.reason.as_deref() == Some(Reason::NoText.as_str());
        // Whoever recognises has been here, and found no page to look at.
        let looked_at = last.is_some_and(|row| row.created_at > text.created_at);
        return Ok(if waits && !looked_at {
            Basis::Pending
        } else {
            Basis::None
        });
    }
    let goes_on = last.and_then(Progress::of).is_some();
    Ok(if goes_on {
        Basis::Pending
    } else {
        Basis::Text(Box::new(text))
    })
}

/// The copy that was made of a text by today's engine, or why none could be.
async fn newest(
    on: &impl ConnectionTrait,
    version: VersionId,
    text: RenditionId,
) -> Result<Option<rendition::Model>, DbError> {
    let details = of_text(text);
    rows::newest_drawn(on, version, (COPY, &engine()), Some(&details)).await
}

/// Whether there is a copy of a version, or somebody asked for one: of whatever text, by whatever engine.
pub async fn has_copy(on: &impl ConnectionTrait, version: VersionId) -> Result<bool, DbError> {
    let all = rows::all_renditions(on, version, COPY).await?;
    Ok(!all.is_empty())
}

/// How it stands with the copy of a version.
#[derive(Debug)]
enum Standing {
    /// It is there: a blob, and SHA-256 of its content.
    Made(Blob, [u8; 32]),
    /// There is none, for this reason.
    Refused(Refusal),
    /// It can be made, and was not.
    Open,
    /// Its text is still to be read.
    Pending,
    /// There is no need.
    None,
}

async fn standing(
    on: &impl ConnectionTrait,
    version: VersionId,
    now: Timestamp,
) -> Result<Standing, DbError> {
    let text = match basis(on, version).await? {
        Basis::Pending => return Ok(Standing::Pending),
        Basis::None => return Ok(Standing::None),
        Basis::Text(text) => RenditionId::of(text.id),
    };
    // Between looking for the blob and for its key it may have followed its document.
    for _ in 0..LOOKS_MAX {
        let Some(row) = newest(on, version, text).await? else {
            return Ok(Standing::Open);
        };
        let Some(name) = &row.blob_name else {
            return Ok(refused(&row, now).map_or(Standing::Open, Standing::Refused));
        };
        if let Some((blob, sha256)) = rows::blob_with_digest(on, name).await? {
            return Ok(Standing::Made(blob, sha256));
        }
    }
    Err(DbError::Corrupt {
        table: "blob_key",
        key: version.to_string(),
        what: "the key of a copy is missing",
    })
}

/// Why a copy was refused; nothing where it is worth another try.
fn refused(row: &rendition::Model, now: Timestamp) -> Option<Refusal> {
    let refusal = row.reason.as_deref().and_then(Refusal::from_name)?;
    let since = now.micros().saturating_sub(row.created_at);
    (!refusal.passes() || since < TRIED_AGAIN_AFTER).then_some(refusal)
}

/// What there is of a version to make a copy of.
#[derive(Debug)]
pub struct ToCopy {
    /// The document.
    pub document: DocumentId,
    /// The version.
    pub version: VersionId,
    /// The name under which the content came. The title is a matter of the house, and a copy is handed on.
    pub title: String,
    /// The content.
    pub content: Blob,
    /// Whether that is a PDF.
    pub is_pdf: bool,
    /// Of which text it is made.
    pub text: RenditionId,
}

/// What there is of a version to make a copy of. `None`: it is gone or withheld, its text is not complete, there
/// is no need, or the copy is there.
///
/// # Errors
///
/// Where the database fails.
pub async fn to_copy(
    on: &impl ConnectionTrait,
    id: VersionId,
    now: Timestamp,
) -> Result<Option<ToCopy>, DbError> {
    if guard::is_withheld(on, id).await? {
        return Ok(None);
    }
    let Basis::Text(text) = basis(on, id).await? else {
        return Ok(None);
    };
    let made = newest(on, id, RenditionId::of(text.id)).await?;
    if made.is_some_and(|row| row.blob_name.is_some() || refused(&row, now).is_some()) {
        return Ok(None);
    }
    let Some((version, content)) = to_extract(on, id).await? else {
        return Ok(None);
    };
    Ok(Some(ToCopy {
        document: version.document,
        version: id,
        title: version.file_name.unwrap_or_else(|| UNNAMED.to_owned()),
        content,
        is_pdf: text.engine.starts_with(RENDERER.name),
        text: RenditionId::of(text.id),
    }))
}

/// The words that were recognised on the pages of a version, by the number of the page. Of those that were
/// recognised more than once the newest count.
///
/// # Errors
///
/// Where they cannot be read, or follow their document at this moment.
pub async fn recognised_words(
    on: &impl ConnectionTrait,
    storage: &Storage,
    version: VersionId,
) -> Result<HashMap<u32, WordsPage>, DocumentError> {
    let mut found = HashMap::new();
    for part in rows::all_renditions(on, version, WORDS).await? {
        let Some(name) = part.blob_name else {
            continue;
        };
        let blob = rows::blob_to_open(on, &name).await?;
        let blob = blob.ok_or(DbError::Stale)?;
        let packed = storage.read(&blob, WORDS_BYTES_MAX).await?;
        let pages = PlacedWords::unpack(&packed).map(|words| words.pages);
        let pages = pages.unwrap_or_default().into_iter();
        found.extend(pages.map(|page| (page.number, page)));
    }
    Ok(found)
}

/// Whether a PDF is signed. Nothing of it is parsed: a word is looked for that a signature cannot do without,
/// and that no compression can hide.
///
/// # Errors
///
/// Where the content cannot be read.
pub async fn is_signed(storage: &Storage, content: &Blob) -> Result<bool, StoreError> {
    let mut pieces = storage.open(content, None).await?;
    let mut seen: Vec<u8> = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        seen.extend_from_slice(&piece);
        if has_word(&seen) {
            return Ok(true);
        }
        // The word may stand where two pieces meet.
        let tail = seen.len().saturating_sub(SIGNED.len() - 1);
        seen.drain(..tail);
    }
    Ok(false)
}

fn has_word(bytes: &[u8]) -> bool {
    bytes.windows(SIGNED.len()).any(|piece| piece == SIGNED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_in_a_row_and_comes_back() {
        let drawing = Reason::ALL.into_iter().map(Refusal::Drawing);
        for refusal in [Refusal::Signed, Refusal::Pages, Refusal::Size]
            .into_iter()
            .chain(drawing)
        {
            assert_eq!(Refusal::from_name(refusal.as_str()), Some(refusal));
        }
        assert_eq!(Refusal::from_name("other"), None);
    }

    #[test]
    fn only_what_may_end_otherwise_is_tried_again_and_not_at_once() {
        let row = |refusal: Refusal| rendition::Model {
            id: RenditionId::new().raw(),
            version: 1,
            document_version_id: VersionId::new().raw(),
            kind: COPY.to_owned(),
            engine: engine(),
            state: "unreadable".to_owned(),
            reason: Some(refusal.as_str().to_owned()),
            pages: 0,
            blob_name: None,
            created_at: 1_000,
            components: None,
            details: None,
        };
        let check = |refusal: Refusal, after: i64, expect: bool| {
            let now = Timestamp::of_micros(1_000 + after);
            let stands = refused(&row(refusal), now).is_some();
            assert_eq!(stands, expect, "{refusal:?} after {after}");
        };
        check(Refusal::Signed, TRIED_AGAIN_AFTER, true);
        check(Refusal::Drawing(Reason::Damaged), TRIED_AGAIN_AFTER, true);
        check(Refusal::Drawing(Reason::TimedOut), 1, true);
        check(Refusal::Drawing(Reason::TimedOut), TRIED_AGAIN_AFTER, false);
    }

    #[test]
    fn a_signature_is_told_by_its_word_wherever_it_stands() {
        assert!(has_word(b"<< /Type /Sig /ByteRange [0 840 960 240] >>"));
        assert!(!has_word(b"<< /Type /Page /ByteRang"));
        assert!(!has_word(b""));
    }
}
