//! Duplicates: documents with the same bytes, and documents whose text says the same.
//!
//! Invariants: a document has at most one sketch, that of the newest text of its version in force; what
//! was put aside is not found by it; another document is named for its text, and its text read, only for
//! whoever may read the content of both, and for its bytes for whoever may know of both; what is withheld is
//! compared with nothing.

pub(super) mod http;
mod sketching;
mod wire;

use indexer::likeness::LIKENESS_MIN;
use sea_orm::{Condition, ConnectionTrait};
use storage::Blob;

use super::model::{Document, DocumentError, Held};
use super::{guard, list, looking, rows, same};
use crate::base::{Actor, DocumentId, Right};

pub(super) use sketching::keep;
pub use sketching::{Unsketched, keep_older, unsketched};

/// Documents whose sketches are compared: the newest of those that share a key.
const SKETCHES_MAX: u64 = 1_000;
/// Documents whose texts are laid side by side: those whose sketches are most alike.
const TEXTS_MAX: usize = 20;

/// Whether a text was compared with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// It was.
    Compared,
    /// It is still to be read.
    Pending,
    /// There is none, or too little of it.
    Short,
}

impl Looked {
    /// As it stands in answers.
    const fn code(self) -> &'static str {
        match self {
            Self::Compared => "compared",
            Self::Pending => "pending",
            Self::Short => "short",
        }
    }
}

/// Other documents with the same bytes that the actor may see, with their versions in force.
async fn of_bytes(
    on: &impl ConnectionTrait,
    actor: &Actor,
    held: &Held,
) -> Result<Vec<Held>, DocumentError> {
    looking::hold(on, same::duplicates(on, actor, held).await?).await
}

/// Documents whose content the actor may read.
fn readable(actor: &Actor) -> Condition {
    Condition::all()
        .add(list::visible_among_few(actor, Right::Read))
        .add(list::visible_among_few(actor, Right::ReadContent))
}

/// Documents whose texts are worth to be laid beside that of a document, most alike first, each with the
/// blob of its pages; none of `except`.
async fn worth_a_look(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
    mut except: Vec<DocumentId>,
) -> Result<(Looked, Vec<(Document, Blob)>), DocumentError> {
    let Some((_, sketch)) = rows::sketch(on, id).await? else {
        return Ok((Looked::Pending, Vec::new()));
    };
    let Some(sketch) = sketch else {
        return Ok((Looked::Short, Vec::new()));
    };
    except.push(id);
    let others = rows::sharing_keys(on, &sketch, &except, readable(actor), SKETCHES_MAX).await?;
    let mut alike: Vec<(f64, DocumentId)> = others
        .into_iter()
        .map(|(id, other)| (sketch.likeness(&other), id))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    alike.sort_by(|(one, id), (other, other_id)| other.total_cmp(one).then(id.cmp(other_id)));
    alike.truncate(TEXTS_MAX);
    let ids: Vec<DocumentId> = alike.into_iter().map(|(_, id)| id).collect();
    let found = list::visible_among(on, actor, &ids).await?;
    let held = looking::hold(on, found).await?;
    let versions: Vec<_> = held.iter().map(|one| one.version.id).collect();
    let withheld = guard::withheld(on, &versions).await?;
    let texts = rows::texts(on, &versions).await?;
    let named = texts
        .into_iter()
        .filter(|(version, ..)| !withheld.contains(version))
        .filter_map(|(version, _, name)| Some((version, name?)));
    let named: std::collections::HashMap<_, _> = named.collect();
    let names: Vec<_> = named.values().cloned().collect();
    let blobs = rows::blobs_to_open(on, &names).await?;
    let with_text = held.into_iter().filter_map(|held| {
        let blob = blobs.get(named.get(&held.version.id)?)?;
        Some((held.document, blob.clone()))
    });
    Ok((Looked::Compared, with_text.collect()))
}
