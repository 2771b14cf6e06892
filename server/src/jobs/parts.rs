//! What a worker takes out of a document, on its way into the store.

use bytes::Bytes;
use indexer::extract::{Extraction, Format, PartHead, Reason, Taken, TextState};
use indexer::guard::Biometric;
use storage::{KeyDomain, Storage};
use tokio::sync::mpsc;

use super::runner::JobError;
use crate::documents::{Arriving, Details, LeftOut, NewPart, Room};
use crate::http::name::FileName;
use crate::import::{HEAD_BYTES, guess};
use crate::unit::Db;

/// What was taken out of a version.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// The parts, stored.
    pub(super) parts: Vec<NewPart>,
    /// What one of them was that is kept nowhere.
    pub(super) biometric: Option<Biometric>,
    /// The places of all such parts.
    pub(super) refused: Vec<u64>,
}

/// What stands for the name of something that was refused.
const NAMELESS: &str = "Anlage";

/// A part that is arriving.
struct Open {
    head: PartHead,
    arriving: Arriving,
    first: Vec<u8>,
}

/// Stores each part that comes whole, and nothing of one that is a biometric record; none of them is
/// named by a row yet.
pub(super) async fn keep(
    storage: &Storage,
    db: &Db,
    domain: &KeyDomain,
    mut taken: mpsc::Receiver<Taken>,
) -> Result<Apart, JobError> {
    let mut apart = Apart::default();
    let mut position = 0;
    let mut open: Option<Open> = None;
    while let Some(one) = taken.recv().await {
        match one {
            Taken::Head(head) => {
                position += 1;
                open = Some(Open {
                    head,
                    arriving: Arriving::begin_in(storage, domain).await?,
                    first: Vec::new(),
                });
            }
            Taken::Bytes(bytes) => {
                let Some(part) = &mut open else { continue };
                let missing = HEAD_BYTES.saturating_sub(part.first.len());
                part.first.extend(bytes.iter().take(missing));
                part.arriving.push(Bytes::from(bytes)).await?;
            }
            Taken::End { whole } => {
                let Some(part) = open.take() else { continue };
                if let Some(kind) = Biometric::of(&part.first) {
                    part.arriving.discard().await;
                    apart.biometric = apart.biometric.or(Some(kind));
                    apart.refused.push(position);
                } else if whole {
                    apart.parts.push(finish(db, part, position).await?);
                } else {
                    part.arriving.discard().await;
                }
            }
        }
    }
    // The worker ended within it.
    if let Some(part) = open {
        part.arriving.discard().await;
    }
    Ok(apart)
}

async fn finish(db: &Db, part: Open, position: u64) -> Result<NewPart, JobError> {
    let Open {
        head,
        arriving,
        first,
    } = part;
    let name = FileName::clean(&head.path).map(|name| name.as_str().to_owned());
    let media_type = guess(name.as_deref().unwrap_or_default(), &first).to_owned();
    let content = arriving.finish(media_type, name).await?.keep(db).await?;
    Ok(NewPart {
        position,
        path: head.path,
        title: head.title,
        content,
    })
}

/// What the worker found in what it does not take out: in an attachment of a PDF.
pub(super) fn biometric(extraction: &Extraction) -> Option<Biometric> {
    let mut found = extraction.left_out.iter();
    let found = found.find(|one| one.reason == Reason::Biometric)?;
    Some(Biometric::from_name(&found.name).unwrap_or(Biometric::Cbeff))
}

/// What is kept of what was read of a version that is withheld: no text, no facts, no names of what was
/// refused.
pub(super) fn withheld(mut extraction: Extraction, apart: &Apart) -> Extraction {
    extraction.pages.clear();
    extraction.invoice = None;
    extraction.state = TextState::Unreadable {
        reason: Reason::Biometric,
    };
    extraction
        .left_out
        .retain(|one| one.reason != Reason::Biometric);
    let places = apart.refused.iter();
    let mut refused: Vec<_> = places.map(|place| format!("{NAMELESS} {place}")).collect();
    if refused.is_empty() {
        refused.push(NAMELESS.to_owned());
    }
    let refused = refused.into_iter().map(|name| indexer::extract::LeftOut {
        name,
        reason: Reason::Biometric,
    });
    extraction.left_out = refused.chain(extraction.left_out).collect();
    let refused = u32::try_from(apart.refused.len()).unwrap_or(u32::MAX);
    extraction.parts = extraction.parts.saturating_sub(refused);
    extraction
}

/// Says of what lies too deep that this is why nothing was taken out of it.
pub(super) fn judged(mut extraction: Extraction, left: Room) -> Extraction {
    if left.depth > 0 {
        return extraction;
    }
    for one in &mut extraction.left_out {
        one.reason = deep(one.reason);
    }
    if let TextState::PartlyReadable { reason } = &mut extraction.state {
        *reason = deep(*reason);
    }
    extraction
}

fn deep(reason: Reason) -> Reason {
    if reason == Reason::PartsOverLimit {
        Reason::PartsTooDeep
    } else {
        reason
    }
}

/// How many parts were taken out, of what contains others.
pub(super) fn counted(extraction: &Extraction) -> Option<u64> {
    match extraction.format {
        Format::Mail | Format::Outlook | Format::Archive => Some(u64::from(extraction.parts)),
        Format::Pdf
        | Format::Text
        | Format::Docx
        | Format::Xlsx
        | Format::Pptx
        | Format::Odt
        | Format::Ods
        | Format::Odp
        | Format::Rtf
        | Format::Csv
        | Format::Html
        | Format::Ubl
        | Format::Cii
        | Format::Jpeg
        | Format::Png
        | Format::Tiff
        | Format::Webp
        | Format::Unknown => None,
    }
}

/// What else was found.
pub(super) fn details(extraction: &Extraction) -> Details {
    let left_out = extraction.left_out.iter();
    Details {
        mail: extraction.mail.as_deref().cloned(),
        left_out: left_out
            .map(|one| LeftOut {
                name: one.name.clone(),
                reason: one.reason.as_str().to_owned(),
            })
            .collect(),
    }
}
