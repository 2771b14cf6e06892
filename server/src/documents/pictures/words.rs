//! The words of a page with where they stand, and which of them were asked for.

use indexer::SearchError;
use indexer::extract::PlacedPage;
use storage::Storage;

use super::Easel;
use crate::documents::http::store_problem;
use crate::documents::looking::LOOKS_MAX;
use crate::documents::model::Version;
use crate::documents::rows::{self, rendition};
use crate::documents::scans::{Progress, WORDS};
use crate::documents::words::{PlacedWords, WORDS_BYTES_MAX, WordsPage};
use crate::http::Problem;

/// A word where it stands; places are in hundredths of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) text: String,
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) width: i64,
    pub(super) height: i64,
    /// How sure it was recognised, from 0 to 100; nothing where the page brings it.
    pub(super) confidence: Option<u8>,
}

/// The words of a page, on a page of this size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) words: Vec<Standing>,
    /// What recognised them, and in which languages.
    pub(super) recognised: Option<(String, String)>,
}

impl Sheet {
    pub(super) fn of_places(page: PlacedPage) -> Self {
        let words = page.words.into_iter().map(|word| {
            let [left, top, width, height] = word.place;
            Standing {
                text: word.text,
                left,
                top,
                width,
                height,
                confidence: None,
            }
        });
        Self {
            width: page.size.width,
            height: page.size.height,
            words: words.collect(),
            recognised: None,
        }
    }

    fn of_recognised(page: WordsPage, engine: String) -> Self {
        let words = page.words.into_iter();
        Self {
            width: page.width,
            height: page.height,
            recognised: Some((engine, page.languages)),
            words: words
                .map(|(left, top, width, height, confidence, text)| Standing {
                    text,
                    left,
                    top,
                    width,
                    height,
                    confidence: Some(confidence),
                })
                .collect(),
        }
    }

    /// What stands on the page, line by line.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut before: Option<&Standing> = None;
        for word in &self.words {
            match before {
                Some(before) if word.begins_line_after(before) => text.push('\n'),
                Some(_) => text.push(' '),
                None => {}
            }
            text.push_str(&word.text);
            before = Some(word);
        }
        text
    }

    /// Which of the words a query asks for.
    pub(super) fn marked(&self, query: &str, fields: &[String]) -> Result<Vec<bool>, SearchError> {
        let mut text = String::new();
        let mut places = Vec::with_capacity(self.words.len());
        let mut before: Option<&Standing> = None;
        for word in &self.words {
            // A word that is broken at the end of a line is one to a search.
            text.push(match before {
                Some(before) if !word.begins_line_after(before) => ' ',
                Some(_) | None => '\n',
            });
            let start = text.len();
            text.push_str(&word.text);
            places.push(start..text.len());
            before = Some(word);
        }
        let found = indexer::marked(query, fields, &text)?;
        let is_hit = |place: &std::ops::Range<usize>| {
            let next = found.partition_point(|mark| mark.end <= place.start);
            found.get(next).is_some_and(|mark| mark.start < place.end)
        };
        Ok(places.iter().map(is_hit).collect())
    }
}

impl Standing {
    /// Whether it stands on another line than the word before it.
    fn begins_line_after(&self, before: &Self) -> bool {
        self.left + self.width < before.left
            || self.top + self.height / 2 > before.top + before.height
    }
}

/// The words of a page that were recognised on it, where they were. A long document is recognised in parts,
/// each with words of its own; the newest that has the page counts.
pub(super) async fn recognised(
    easel: &Easel<'_>,
    version: &Version,
    page: u32,
) -> Result<Option<Sheet>, Problem> {
    let on = easel.db.read();
    // Between looking for the blobs and for their keys they may have followed their document.
    'looks: for _ in 0..LOOKS_MAX {
        let parts = rows::all_renditions(on, version.id, WORDS).await?;
        for part in with_page(parts, page) {
            let Some(name) = part.blob_name else { continue };
            let Some(blob) = rows::blob_to_open(on, &name).await? else {
                continue 'looks;
            };
            let found = read(easel.storage, &blob, page, part.engine).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        return Ok(None);
    }
    Ok(None)
}

/// Of parts, oldest first, those that came to a page, newest first: one for each time that an engine went
/// through the document. The others need not be read.
fn with_page(parts: Vec<rendition::Model>, page: u32) -> Vec<rendition::Model> {
    let mut found = Vec::new();
    // How far the part before came, where it left pages.
    let mut before: Option<(String, u32)> = None;
    for part in parts {
        let through = Progress::of(&part).map(|progress| progress.through);
        let last = through.unwrap_or(u32::MAX);
        let from = match &before {
            Some((engine, from)) if *engine == part.engine && *from < last => *from,
            Some(_) | None => 0,
        };
        before = through.map(|through| (part.engine.clone(), through));
        if from < page && page <= last {
            found.push(part);
        }
    }
    found.reverse();
    found
}

async fn read(
    storage: &Storage,
    blob: &storage::Blob,
    page: u32,
    engine: String,
) -> Result<Option<Sheet>, Problem> {
    let packed = storage.read(blob, WORDS_BYTES_MAX).await;
    let packed = packed.map_err(store_problem)?;
    // A long document has long lists, and others are served by this thread.
    let found = tokio::task::spawn_blocking(move || {
        let pages = PlacedWords::unpack(&packed)?.pages;
        pages.into_iter().find(|one| one.number == page)
    });
    let found = found.await.map_err(Problem::internal)?;
    Ok(found.map(|found| Sheet::of_recognised(found, engine)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::RenditionId;

    fn word(text: &str, left: i64, top: i64) -> Standing {
        Standing {
            text: text.to_owned(),
            left,
            top,
            width: 100 * i64::try_from(text.chars().count()).expect("a short word"),
            height: 200,
            confidence: None,
        }
    }

    #[test]
    fn of_a_long_document_the_part_with_the_page_is_read() {
        let part = |engine: &str, through: Option<u32>| rendition::Model {
            id: RenditionId::new().raw(),
            version: 1,
            document_version_id: RenditionId::new().raw(),
            kind: WORDS.to_owned(),
            engine: engine.to_owned(),
            state: "readable".to_owned(),
            reason: None,
            pages: 1,
            blob_name: None,
            created_at: 0,
            components: None,
            details: through.map(|through| format!("{{\"through\":{through},\"words\":9}}")),
        };
        let parts = [
            part("old", None),
            part("new", Some(10)),
            part("new", Some(20)),
            part("new", None),
            part("new", Some(5)),
        ];
        let check = |page: u32, expect: &[usize]| {
            let found = with_page(parts.to_vec(), page);
            let found: Vec<_> = found.iter().map(|one| one.id).collect();
            let expect: Vec<_> = expect.iter().map(|at| parts[*at].id).collect();
            assert_eq!(found, expect, "{page}");
        };
        check(1, &[4, 1, 0]);
        check(5, &[4, 1, 0]);
        check(6, &[1, 0]);
        check(10, &[1, 0]);
        check(11, &[2, 0]);
        check(21, &[3, 0]);
    }

    #[test]
    fn the_words_that_were_asked_for_are_marked_as_in_a_search() {
        let sheet = Sheet {
            width: 59_500,
            height: 84_200,
            recognised: None,
            words: vec![
                word("Die", 0, 0),
                word("Genehmigung", 400, 0),
                word("der", 1_600, 0),
                word("Verwal-", 2_000, 0),
                word("tung", 0, 300),
                word("liegt", 600, 300),
                word("bei.", 1_200, 300),
            ],
        };
        let check = |query: &str, expect: &[&str]| {
            let marked = sheet.marked(query, &[]).expect("a short query");
            let hits: Vec<_> = sheet
                .words
                .iter()
                .zip(marked)
                .filter(|(_, hit)| *hit)
                .map(|(word, _)| word.text.as_str())
                .collect();
            assert_eq!(hits, expect, "{query}");
        };
        check("Genehmigungen", &["Genehmigung"]);
        check("Verwaltung", &["Verwal-", "tung"]);
        check("\"liegt bei\"", &["liegt", "bei."]);
        check("Hundesteuer", &[]);
    }
}
