//! Components: documents that were taken out of others, such as the attachments of a mail.
//!
//! Invariants: a component is made once for its place in a version, by the job that reads that
//! version's text and in the unit of work that keeps it; it stands where the outermost of what it was
//! taken out of stands, in the same state, at every moment (`rows::family::follow`); it takes no step
//! by itself, and its content stays; it says whether the version is in force out of which it was taken.

pub(super) mod http;
pub(super) mod wire;

use sea_orm::ConnectionTrait;

use super::keeping::ReadText;
use super::model::{
    Details, Document, DocumentError, LeftOut, Metadata, Part, TITLE_CHARS_MAX, Version,
};
use super::ops::{self, Content};
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{DocumentId, Job, VersionId};
use crate::http::name::FileName;
use crate::types::Values;
use crate::unit::Unit;

/// Longest path of a component in what it was taken out of, in characters.
const PATH_CHARS_MAX: usize = 1_000;
/// The name of the reason for what does not fit.
const OVER_LIMIT: &str = "parts_over_limit";

/// Something that was taken out of a version, in the store.
#[derive(Debug)]
pub struct NewPart {
    /// 1, 2, 3 … in that version.
    pub position: u64,
    /// What it is called there, as a stranger wrote it.
    pub path: String,
    /// What it is about, where that is known.
    pub title: Option<String>,
    /// Its bytes.
    pub content: Content,
}

/// How much may be taken out of a document and out of what was taken out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Documents.
    pub parts: u64,
    /// Bytes.
    pub bytes: u64,
    /// How deep.
    pub depth: u64,
}

impl Room {
    /// What is left of it for what lies in a version; nothing where that lies too deep.
    fn left(self, (parts, bytes): (u64, u64), depth: u64) -> Self {
        let open = depth < self.depth;
        Self {
            parts: if open {
                self.parts.saturating_sub(parts)
            } else {
                0
            },
            bytes: if open {
                self.bytes.saturating_sub(bytes)
            } else {
                0
            },
            depth: self.depth.saturating_sub(depth),
        }
    }
}

/// How much of `all` there is for what lies in a version of a document.
pub async fn room(
    on: &impl ConnectionTrait,
    version: &Version,
    all: Room,
) -> Result<Room, DbError> {
    let found = rows::find(on, version.document).await?;
    let part = found.and_then(|one| one.part);
    let family = part.as_ref().map_or(version.document, |part| part.family);
    let depth = part.map_or(0, |part| part.depth);
    Ok(all.left(rows::family_size(on, family, version.id).await?, depth))
}

/// Decides what of the parts of a version becomes a document: not what was taken out before, and not
/// more than a family may hold. The outermost is locked, so that it goes nowhere meanwhile.
pub(super) async fn admit(
    unit: &Unit,
    version: &Version,
    text: &mut ReadText,
) -> Result<Vec<NewPart>, DocumentError> {
    // A reading that was cut short takes nothing away that an earlier one took out.
    if text.parts.is_empty()
        && rows::positions_taken(unit.tx(), version.id)
            .await?
            .is_empty()
    {
        return Ok(Vec::new());
    }
    let document = rows::find(unit.tx(), version.document).await?;
    let document = document.ok_or(DocumentError::NotFound)?;
    let part = document.part.as_ref();
    let family = part.map_or(document.id, |part| part.family);
    rows::find_to_change(unit, family).await?;
    let mut left = text.room.left(
        rows::family_size(unit.tx(), family, version.id).await?,
        part.map_or(0, |part| part.depth),
    );
    let taken = rows::positions_taken(unit.tx(), version.id).await?;
    let mut new = Vec::new();
    for part in std::mem::take(&mut text.parts) {
        let bytes = part.content.kept.content.bytes;
        let had = taken.contains(&part.position);
        if !had && (left.parts == 0 || bytes > left.bytes) {
            text.leave_out(&part.path, OVER_LIMIT);
            continue;
        }
        left.parts = left.parts.saturating_sub(1);
        left.bytes = left.bytes.saturating_sub(bytes);
        if !had {
            new.push(part);
        }
    }
    let many = taken.len().saturating_add(new.len());
    text.info.components = Some(u64::try_from(many).unwrap_or(u64::MAX));
    Ok(new)
}

impl ReadText {
    /// Says of a part that it does not become a document, and why not.
    pub fn leave_out(&mut self, path: &str, reason: &str) {
        let Details { left_out, .. } = &mut self.info.details;
        left_out.push(LeftOut {
            name: path_of(path).unwrap_or_default(),
            reason: reason.to_owned(),
        });
        if self.info.state == "readable" {
            self.info.state = "partly_readable".to_owned();
            self.info.reason = Some(reason.to_owned());
        }
    }
}

/// What a part is called in what it was taken out of: names of folders and of itself, and nothing that
/// leads anywhere.
fn path_of(raw: &str) -> Option<String> {
    let names = raw
        .split(['/', '\\'])
        .filter(|name| *name != "." && *name != "..");
    let names: Vec<String> = names
        .filter_map(FileName::clean)
        .map(|name| name.as_str().to_owned())
        .collect();
    let path: String = names.join("/").chars().take(PATH_CHARS_MAX).collect();
    (!path.is_empty()).then_some(path)
}

/// What a component is called: what it is about, else its name, else its place.
fn title_of(part: &NewPart, path: Option<&str>) -> String {
    let stem = || {
        let name = path?.rsplit('/').next()?;
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).trim();
        (!stem.is_empty()).then(|| stem.to_owned())
    };
    let title = part.title.as_deref().map(str::trim);
    let title = title.filter(|it| !it.is_empty()).map(ToOwned::to_owned);
    let title = title
        .or_else(stem)
        .unwrap_or_else(|| format!("Anlage {}", part.position));
    title.chars().take(TITLE_CHARS_MAX).collect()
}

/// Makes a document of each part, with a record of its own.
pub(super) async fn take_out(
    unit: &mut Unit,
    parent: &Document,
    version: &Version,
    parts: Vec<NewPart>,
) -> Result<(), DocumentError> {
    for part in parts {
        let path = path_of(&part.path);
        let (now, by) = (unit.now(), unit.actor().account);
        let above = parent.part.as_ref();
        let component = Document {
            id: DocumentId::new(),
            part: Some(Part {
                parent: parent.id,
                family: above.map_or(parent.id, |above| above.family),
                taken_from: version.id,
                position: part.position,
                depth: above.map_or(1, |above| above.depth + 1),
                path: path.clone(),
                superseded: version.number < parent.content_version
                    || above.is_some_and(|above| above.superseded),
            }),
            cut: None,
            version: 1,
            department: parent.department,
            compartment: parent.compartment,
            state: parent.state,
            reason: parent.reason.clone(),
            case: parent.case,
            registered: None,
            inbox: parent.inbox,
            metadata: Metadata {
                title: title_of(&part, path.as_deref()),
                kind: None,
                direction: parent.metadata.direction,
                channel: parent.metadata.channel,
                correspondent: None,
                correspondent_id: None,
                document_date: None,
                received_at: parent.metadata.received_at,
                references: Vec::new(),
                tags: Vec::new(),
                fields: Values::new(),
            },
            content_version: 1,
            created_at: now,
            created_by: by,
            changed_at: now,
            changed_by: by,
        };
        let (own, _) = ops::insert(unit, &component, part.content).await?;
        let context = Object::new()
            .with("parent", parent.id.to_string())
            .with_some("path", path)
            .to_bytes();
        let department = Some(component.department);
        unit.record_with(Action::DocumentComponent, department, Some(context));
        unit.enqueue(Job::ExtractText(own.id));
    }
    Ok(())
}

/// Where a page of components begins.
pub(super) type After = u64;

/// What was taken out of a version, as far as the actor may see it: at most `limit` behind `after`, and
/// whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    visible: sea_orm::Condition,
    version: VersionId,
    after: After,
    limit: u64,
) -> Result<(Vec<Document>, bool), DbError> {
    let mut found = rows::components(on, version, visible, after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere() {
        let check = |raw: &str, expect: Option<&str>| {
            assert_eq!(path_of(raw).as_deref(), expect, "{raw:?}");
        };
        check("Brief.pdf", Some("Brief.pdf"));
        check("Ordner/Unter/Brief.pdf", Some("Ordner/Unter/Brief.pdf"));
        check("../../etc/passwd", Some("etc/passwd"));
        check("/etc/passwd", Some("etc/passwd"));
        check("C:\\Windows\\x.dll", Some("C:/Windows/x.dll"));
        check("a/./b//c", Some("a/b/c"));
        check("Re\u{202e}fdp.exe", Some("Refdp.exe"));
        check("a\0b\u{7}\r\n.txt", Some("ab.txt"));
        check("..", None);
        check("", None);
        let long = "x/".repeat(2_000);
        assert_eq!(path_of(&long).map(|path| path.chars().count()), Some(1_000));
    }

    #[test]
    fn room_is_what_others_left_and_ends_in_the_deep() {
        let all = Room {
            parts: 10,
            bytes: 100,
            depth: 2,
        };
        assert_eq!(
            all.left((3, 40), 1),
            Room {
                parts: 7,
                bytes: 60,
                depth: 1
            }
        );
        assert_eq!(all.left((30, 400), 0).parts, 0);
        assert_eq!(all.left((0, 0), 2).parts, 0);
    }
}
