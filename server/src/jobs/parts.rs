//! What a worker takes out of a document, on its way into the store.

use bytes::Bytes;
use indexer::extract::{Extraction, Format, PartHead, Reason, Taken, TextState};
use indexer::guard::Biometric;
use storage::KeyDomain;
use tokio::sync::mpsc;

use super::runner::JobError;
use crate::base::{Actor, DepartmentId};
use crate::documents::{
    Details, Entered, Entering, Entrance, EntryError, LeftOut, NewPart, ReadText, Room,
};
use crate::http::name::FileName;
use crate::import::{HEAD_BYTES, guess};
use crate::unit::Db;
use crate::virus::ScanError;

/// The name of the reason for what the virus scanner knows something against.
const INFECTED: &str = Reason::PartsInfected.as_str();
/// The name of the reason for what does not fit.
const OVER_LIMIT: &str = Reason::PartsOverLimit.as_str();
/// What stands for the name of something that was refused.
const NAMELESS: &str = "Anlage";

/// What became of what was taken out of a version.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// The parts that are stored.
    parts: Vec<NewPart>,
    /// What one of those was that are biometric records.
    pub(super) biometric: Option<Biometric>,
    /// The places of all of those: what they were called is told nowhere.
    unnamed: Vec<u64>,
    /// The other parts that are not stored, by their paths, and why not.
    refused: Vec<(String, &'static str)>,
}

impl Apart {
    fn refuse(&mut self, kind: Biometric, position: u64) {
        self.biometric = self.biometric.or(Some(kind));
        self.unnamed.push(position);
    }

    /// Says in the text which parts did not become documents, and why not; gives the others to it.
    pub(super) fn tell(self, text: &mut ReadText) {
        for (path, reason) in &self.refused {
            text.leave_out(path, reason);
        }
        let refused = u64::try_from(self.refused.len()).unwrap_or(u64::MAX);
        let counted = text.info.components;
        text.info.components = counted.map(|many| many.saturating_sub(refused));
        text.parts = self.parts;
    }
}

/// A part that is arriving.
struct Open {
    head: PartHead,
    position: u64,
    /// Gone where it is too large to be looked at: the rest of it is let pass.
    entering: Option<Entering>,
    first: Vec<u8>,
}

/// Stores each part that comes whole, past the virus scanner and past the guard; none of them is named
/// by a row yet. What the scanner knows something against goes into quarantine, whatever it is; of a
/// biometric record nothing else stays.
pub(super) async fn keep(
    (entrance, domain): (&Entrance, &KeyDomain),
    db: &Db,
    department: Option<DepartmentId>,
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
                    position,
                    entering: Some(entrance.begin_in(domain).await?),
                    first: Vec::new(),
                });
            }
            Taken::Bytes(bytes) => {
                let Some(part) = &mut open else { continue };
                let missing = HEAD_BYTES.saturating_sub(part.first.len());
                part.first.extend(bytes.iter().take(missing));
                let Some(entering) = &mut part.entering else {
                    continue;
                };
                match entering.push(Bytes::from(bytes)).await {
                    Ok(()) => {}
                    Err(EntryError::Scan(ScanError::TooLarge { .. })) => {
                        part.entering = None;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Taken::End { whole } => {
                let Some(part) = open.take() else { continue };
                if whole {
                    finish((db, department), part, &mut apart).await?;
                } else {
                    cut_off(part, &mut apart).await;
                }
            }
        }
    }
    // The worker ended within it.
    if let Some(entering) = open.and_then(|part| part.entering) {
        entering.discard().await;
    }
    Ok(apart)
}

/// Forgets a part that did not come whole. What its beginning tells lies in the whole all the same.
async fn cut_off(part: Open, apart: &mut Apart) {
    if let Some(kind) = Biometric::of(&part.first) {
        apart.refuse(kind, part.position);
    }
    if let Some(entering) = part.entering {
        entering.discard().await;
    }
}

/// Decides what becomes of a part that came whole.
async fn finish(
    (db, department): (&Db, Option<DepartmentId>),
    part: Open,
    apart: &mut Apart,
) -> Result<(), JobError> {
    let Open {
        head,
        position,
        entering,
        first,
    } = part;
    let biometric = Biometric::of(&first);
    let Some(entering) = entering else {
        match biometric {
            Some(kind) => apart.refuse(kind, position),
            None => apart.refused.push((head.path, OVER_LIMIT)),
        }
        return Ok(());
    };
    let name = FileName::clean(&head.path).map(|name| name.as_str().to_owned());
    let media_type = guess(name.as_deref().unwrap_or_default(), &first).to_owned();
    match (entering.finish(media_type, name).await?, biometric) {
        (Entered::Clean(arrived), None) => apart.parts.push(NewPart {
            position,
            path: head.path,
            title: head.title,
            content: arrived.keep(db).await?,
        }),
        (Entered::Clean(arrived), Some(kind)) => {
            arrived.discard().await;
            apart.refuse(kind, position);
        }
        (Entered::Infected(infected), biometric) => {
            infected.put_aside(db, &Actor::system(), department).await?;
            match biometric {
                Some(kind) => apart.refuse(kind, position),
                None => apart.refused.push((head.path, INFECTED)),
            }
        }
    }
    Ok(())
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
    let places = apart.unnamed.iter();
    let mut refused: Vec<_> = places.map(|place| format!("{NAMELESS} {place}")).collect();
    if refused.is_empty() {
        refused.push(NAMELESS.to_owned());
    }
    let refused = refused.into_iter().map(|name| indexer::extract::LeftOut {
        name,
        reason: Reason::Biometric,
    });
    extraction.left_out = refused.chain(extraction.left_out).collect();
    let refused = u32::try_from(apart.unnamed.len()).unwrap_or(u32::MAX);
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
