//! What the pages of a version are drawn from: its content, what an office program made of it, or the text
//! that was read.

use indexer::extract::{PAGE_END, PICTURES, RENDERER, SHEETS, office_format};
use storage::Blob;
use uuid::Uuid;

use super::Easel;
use crate::base::{DocumentId, VersionId};
use crate::documents::converting::CONVERTED;
use crate::documents::http::store_problem;
use crate::documents::looking::LOOKS_MAX;
use crate::documents::model::Version;
use crate::documents::rows;
use crate::documents::text::{Pages, TEXT_BYTES_MAX};
use crate::http::Problem;

/// What is drawn.
#[derive(Debug, Clone)]
pub(super) enum Ground {
    /// The content itself.
    Content(Blob),
    /// The PDF that an office program made of it: the rendition, and what made it.
    Converted(Blob, Uuid, String),
    /// The text that was read, on sheets of paper: the rendition.
    Text(Blob, Uuid),
}

impl Ground {
    /// As it is told.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Content(_) => "content",
            Self::Converted(..) => "converted",
            Self::Text(..) => "text",
        }
    }

    /// What draws: a page of a PDF is drawn by the one, every picture is read and written by the other.
    fn engine(&self) -> String {
        let (first, second) = (RENDERER, PICTURES);
        let drawing = format!(
            "{} {}, {} {}",
            first.name, first.version, second.name, second.version
        );
        match self {
            Self::Content(_) => drawing,
            Self::Converted(_, _, office) => format!("{office}, {drawing}"),
            Self::Text(..) => format!("{} {}, {drawing}", SHEETS.name, SHEETS.version),
        }
    }

    /// The rendition that is drawn.
    const fn rendition(&self) -> Option<Uuid> {
        match self {
            Self::Content(_) => None,
            Self::Converted(_, id, _) | Self::Text(_, id) => Some(*id),
        }
    }
}

/// What is drawn, or told, of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) document: DocumentId,
    pub(super) version: VersionId,
    pub(super) kind: &'static str,
    pub(super) engine: String,
    pub(super) page: Option<u32>,
    pub(super) width: Option<u16>,
    /// The rendition that is drawn, where it is not the content.
    pub(super) of: Option<Uuid>,
}

impl About {
    pub(super) fn of(version: &Version, ground: &Ground, kind: &'static str) -> Self {
        Self {
            document: version.document,
            version: version.id,
            kind,
            engine: ground.engine(),
            page: None,
            width: None,
            of: ground.rendition(),
        }
    }

    /// A page, and how wide where it is a picture.
    pub(super) fn on(self, page: u32, width: Option<u16>) -> Self {
        Self {
            page: Some(page),
            width,
            ..self
        }
    }

    /// As it stands in the row: the same text for the same thing.
    pub(super) fn details(&self) -> Option<String> {
        let facts = [
            self.of.map(|id| format!("\"of\":\"{id}\"")),
            self.page.map(|page| format!("\"page\":{page}")),
            self.width.map(|width| format!("\"width\":{width}")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        (!facts.is_empty()).then(|| format!("{{{}}}", facts.join(",")))
    }
}

/// What the pages of a version are drawn from today.
pub(super) async fn ground(
    easel: &Easel<'_>,
    version: &Version,
    content: &Blob,
) -> Result<Ground, Problem> {
    let on = easel.db.read();
    // Between looking for a blob and for its key it may have followed its document.
    for _ in 0..LOOKS_MAX {
        let texts = rows::all_renditions(on, version.id, "text").await?;
        let text = texts.into_iter().next_back();
        let engine = text.as_ref().map_or("", |text| text.engine.as_str());
        if is_drawn(easel, engine, content).await? {
            break;
        }
        if office_format(engine).is_some() {
            let made = rows::all_renditions(on, version.id, CONVERTED).await?;
            let made = made.into_iter().rfind(|row| row.blob_name.is_some());
            if let Some(made) = made
                && let Some(name) = &made.blob_name
            {
                let Some(blob) = rows::blob_to_open(on, name).await? else {
                    continue;
                };
                return Ok(Ground::Converted(blob, made.id, made.engine));
            }
        }
        let Some(text) = text else { break };
        let Some(name) = &text.blob_name else { break };
        if let Some(blob) = rows::blob_to_open(on, name).await? {
            return Ok(Ground::Text(blob, text.id));
        }
    }
    Ok(Ground::Content(content.clone()))
}

/// Whether pages are drawn from the content itself. What read it knows; where nobody has read it, its first
/// bytes say so.
async fn is_drawn(easel: &Easel<'_>, engine: &str, content: &Blob) -> Result<bool, Problem> {
    if indexer::extract::is_drawn(engine) {
        return Ok(true);
    }
    if !matches!(engine.split(' ').next(), None | Some("" | "none")) {
        return Ok(false);
    }
    let reader = super::content_of(easel.storage, content).await?;
    let drawn = indexer::extract::Extractor::draws(reader).await;
    drawn.map_err(Problem::internal)
}

/// A text as a worker parts it among sheets.
pub(super) async fn text_to_draw(easel: &Easel<'_>, text: &Blob) -> Result<String, Problem> {
    let packed = easel.storage.read(text, TEXT_BYTES_MAX).await;
    let packed = packed.map_err(store_problem)?;
    // A long text takes a while, and others are served by this thread.
    let joined = tokio::task::spawn_blocking(move || {
        let pages = Pages::unpack(&packed).map(|all| all.pages);
        let pages = pages.unwrap_or_default().into_iter();
        let texts = pages.map(|page| page.text.replace(PAGE_END, " "));
        texts.collect::<Vec<_>>().join(&PAGE_END.to_string())
    });
    joined.await.map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_of_the_content_is_called_as_ever() {
        let about = |of| About {
            document: DocumentId::new(),
            version: VersionId::new(),
            kind: super::super::PICTURE,
            engine: String::new(),
            page: None,
            width: None,
            of,
        };
        let check = |about: About, expect: Option<&str>| {
            assert_eq!(about.details().as_deref(), expect);
        };
        check(about(None), None);
        check(about(None).on(2, None), Some("{\"page\":2}"));
        check(
            about(None).on(2, Some(800)),
            Some("{\"page\":2,\"width\":800}"),
        );
        let id = Uuid::nil();
        let of = format!("{{\"of\":\"{id}\",\"page\":7}}");
        check(about(Some(id)).on(7, None), Some(&of));
    }
}
