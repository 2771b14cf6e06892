//! What a worker takes out of a document, on its way into the store.

use bytes::Bytes;
use indexer::extract::{Extraction, Format, PartHead, Reason, Taken, TextState};
use indexer::guard::Biometric;
use storage::{KeyDomain, Storage};
use tokio::sync::mpsc;

use super::runner::JobError;
use crate::base::{Actor, DepartmentId};
use crate::documents::{
    self, Details, Entered, Entering, Entrance, EntryError, Infected, LeftOut, NewPart, ReadText,
    Room, evidence,
};
use crate::http::name::FileName;
use crate::import::{HEAD_BYTES, guess};
use crate::unit::Db;
use crate::virus::ScanError;

/// The name of the reason for what the virus scanner knows something against.
const INFECTED: &str = Reason::PartsInfected.as_str();
/// The name of the reason for what does not fit.
const OVER_LIMIT: &str = Reason::PartsOverLimit.as_str();
/// The name of the reason for what the virus scanner gave no verdict on.
const UNSCANNED: &str = Reason::PartsUnscanned.as_str();
/// Bytes of infected parts that are held until the last part has its verdict; more go into quarantine at
/// once.
const ASIDE_BYTES_MAX: u64 = 64 << 20;
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
    /// Those that go into quarantine once every part has its verdict, and how many bytes they are: a try
    /// that ends before leaves no record of them.
    aside: Vec<Infected>,
    aside_bytes: u64,
}

impl Apart {
    fn refuse(&mut self, kind: Biometric, position: u64) {
        self.biometric = self.biometric.or(Some(kind));
        self.unnamed.push(position);
    }

    /// Leaves a part out; what kind of biometric record it is, where it is one, goes before the reason.
    fn leave_out(&mut self, part: (String, u64), biometric: Option<Biometric>, why: &'static str) {
        let (path, position) = part;
        match biometric {
            Some(kind) => self.refuse(kind, position),
            None => self.refused.push((path, why)),
        }
    }

    /// Takes the parts out of the store again that no row names: the try has failed, and the next one
    /// stores them anew.
    pub(super) async fn forget(self, db: &Db, storage: &Storage) {
        for part in self.parts {
            let name = part.content.kept.blob.name;
            match evidence::has_blob_row(db.read(), name.as_bytes()).await {
                Ok(true) => {}
                Ok(false) => {
                    if let Err(error) = storage.delete(&name).await {
                        tracing::warn!(%error, "a blob that nobody names stays; `papierlos check` will name it");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a blob that nobody names stays; `papierlos check` will name it");
                }
            }
        }
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
    /// Gone where it is left out, for this reason: the rest of it is let pass.
    entering: Result<Entering, &'static str>,
    first: Vec<u8>,
}

/// Stores each part that comes whole, past the virus scanner and past the guard; none of them is named
/// by a row yet. What the scanner knows something against goes into quarantine, whatever it is; of a
/// biometric record nothing else stays. In the last try, `last`, what the scanner has no verdict on is left
/// out. A try that fails leaves nothing behind.
pub(super) async fn keep(
    (entrance, domain): (&Entrance, &KeyDomain),
    (db, storage): (&Db, &Storage),
    department: Option<DepartmentId>,
    last: bool,
    taken: mpsc::Receiver<Taken>,
) -> Result<Apart, JobError> {
    let mut apart = Apart::default();
    let place = (db, department);
    let each = keep_each((entrance, domain), place, last, taken, &mut apart);
    let whole = Box::pin(each).await;
    if let Err(error) = whole {
        apart.forget(db, storage).await;
        return Err(error);
    }
    Ok(apart)
}

async fn keep_each(
    (entrance, domain): (&Entrance, &KeyDomain),
    (db, department): (&Db, Option<DepartmentId>),
    last: bool,
    mut taken: mpsc::Receiver<Taken>,
    apart: &mut Apart,
) -> Result<(), JobError> {
    let mut position = 0;
    let mut open: Option<Open> = None;
    while let Some(one) = taken.recv().await {
        match one {
            Taken::Head(head) => {
                position += 1;
                let entering = match entrance.begin_in(domain).await {
                    Ok(entering) => Ok(entering),
                    Err(error) => Err(left_out(&error, last).ok_or(error)?),
                };
                open = Some(Open {
                    head,
                    position,
                    entering,
                    first: Vec::new(),
                });
            }
            Taken::Bytes(bytes) => {
                let Some(part) = &mut open else { continue };
                let missing = HEAD_BYTES.saturating_sub(part.first.len());
                part.first.extend(bytes.iter().take(missing));
                let Ok(entering) = &mut part.entering else {
                    continue;
                };
                if let Err(error) = entering.push(Bytes::from(bytes)).await {
                    part.entering = Err(left_out(&error, last).ok_or(error)?);
                }
            }
            Taken::End { whole } => {
                let Some(part) = open.take() else { continue };
                if whole {
                    finish((db, department), part, last, apart).await?;
                } else {
                    cut_off(part, apart).await;
                }
            }
        }
    }
    // The worker ended within it.
    if let Some(Ok(entering)) = open.map(|part| part.entering) {
        entering.discard().await;
    }
    for infected in std::mem::take(&mut apart.aside) {
        put_aside(infected, (db, department)).await?;
    }
    Ok(())
}

/// Why a part is left out where the scanner fails like this; nothing where another try may do.
const fn left_out(error: &EntryError, last: bool) -> Option<&'static str> {
    match error {
        EntryError::Scan(ScanError::TooLarge { .. } | ScanError::Refused) => Some(OVER_LIMIT),
        EntryError::Scan(ScanError::Slow(_) | ScanError::Answer(_)) if last => Some(UNSCANNED),
        EntryError::Scan(_) | EntryError::Store(_) => None,
    }
}

async fn put_aside(
    infected: Infected,
    (db, department): (&Db, Option<DepartmentId>),
) -> Result<(), JobError> {
    infected.put_aside(db, &Actor::system(), department).await?;
    Ok(())
}

/// Forgets a part that did not come whole. What its beginning tells lies in the whole all the same.
async fn cut_off(part: Open, apart: &mut Apart) {
    if let Some(kind) = Biometric::of(&part.first) {
        apart.refuse(kind, part.position);
    }
    if let Ok(entering) = part.entering {
        entering.discard().await;
    }
}

/// Decides what becomes of a part that came whole.
async fn finish(
    (db, department): (&Db, Option<DepartmentId>),
    part: Open,
    last: bool,
    apart: &mut Apart,
) -> Result<(), JobError> {
    let Open {
        head,
        position,
        entering,
        first,
    } = part;
    let biometric = Biometric::of(&first);
    let entering = match entering {
        Ok(entering) => entering,
        Err(why) => {
            apart.leave_out((head.path, position), biometric, why);
            return Ok(());
        }
    };
    let name = FileName::clean(&head.path).map(|name| name.as_str().to_owned());
    let media_type = guess(name.as_deref().unwrap_or_default(), &first).to_owned();
    let entered = match entering.finish(media_type, name).await {
        Ok(entered) => entered.judged(db.read()).await?,
        Err(error) => {
            let why = left_out(&error, last).ok_or(error)?;
            apart.leave_out((head.path, position), biometric, why);
            return Ok(());
        }
    };
    let sha256 = match &entered {
        Entered::Clean(arrived) => Some(arrived.sha256()),
        Entered::Infected(_) => None,
    };
    let released = match (biometric, sha256) {
        (Some(_), Some(sha256)) => documents::is_released(db.read(), sha256.as_bytes()).await?,
        (_, _) => false,
    };
    let biometric = biometric.filter(|_| !released);
    match (entered, biometric) {
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
            let bytes = apart.aside_bytes.saturating_add(infected.bytes());
            if bytes > ASIDE_BYTES_MAX {
                put_aside(infected, (db, department)).await?;
            } else {
                apart.aside_bytes = bytes;
                apart.aside.push(infected);
            }
            apart.leave_out((head.path, position), biometric, INFECTED);
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

/// What is kept of what was read of a version.
pub(super) fn kept(
    extraction: Extraction,
    apart: &Apart,
    biometric: Option<Biometric>,
    is_released: bool,
) -> Extraction {
    match biometric {
        Some(_) => withheld(extraction, apart),
        None if is_released => released(extraction, apart),
        None => extraction,
    }
}

/// What is kept of what was read of a version that two people have released: all of it. What the guard still
/// takes for a biometric record in it becomes no document: it stands in the original only.
fn released(mut extraction: Extraction, apart: &Apart) -> Extraction {
    for one in &mut extraction.left_out {
        if one.reason == Reason::Biometric {
            NAMELESS.clone_into(&mut one.name);
        }
    }
    if apart.unnamed.is_empty() {
        return extraction;
    }
    let refused = apart.unnamed.iter();
    let refused = refused.map(|place| indexer::extract::LeftOut {
        name: format!("{NAMELESS} {place}"),
        reason: Reason::Biometric,
    });
    extraction.left_out = refused.chain(extraction.left_out).collect();
    let refused = u32::try_from(apart.unnamed.len()).unwrap_or(u32::MAX);
    extraction.parts = extraction.parts.saturating_sub(refused);
    if let TextState::Readable = extraction.state {
        extraction.state = TextState::PartlyReadable {
            reason: Reason::Biometric,
        };
    }
    extraction
}

/// What is kept of what was read of a version that is withheld: no text, no facts, no names of what was
/// refused.
fn withheld(mut extraction: Extraction, apart: &Apart) -> Extraction {
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
        // Most carry nothing, and are no containers.
        Format::Pdf => (extraction.parts > 0).then(|| u64::from(extraction.parts)),
        Format::Text
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
        portfolio: extraction.portfolio,
        left_out: left_out
            .map(|one| LeftOut {
                name: one.name.clone(),
                reason: one.reason.as_str().to_owned(),
            })
            .collect(),
    }
}
