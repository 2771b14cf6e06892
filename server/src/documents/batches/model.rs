//! Parts of batches: types and rules. No async, no IO, no clock.

use indexer::extract::{CodeKind, PageRange, RANGES_MAX, Reason};

use crate::base::{DocumentId, VersionId};
use crate::codes::Payload;
use crate::documents::model::TITLE_CHARS_MAX;
use crate::documents::text::Page;

/// Most parts of one document.
pub(super) const PARTS_MAX: usize = RANGES_MAX;

/// Of which pages of another document a document was made. It does not follow that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The other document: the batch.
    pub batch: DocumentId,
    /// Of which of its versions.
    pub version: VersionId,
    /// The first of its pages, beginning with 1.
    pub first: u32,
    /// The last of them.
    pub last: u32,
}

/// Why a document is not split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSplit {
    /// Documents were made of its pages before.
    Before,
    /// A document was made of just these pages before.
    PartBefore,
    /// On no page is a separator sheet.
    NoSheets,
    /// There would be more parts than there may be.
    TooMany,
    /// It stands in a compartment, and what is made of it would not.
    Compartment,
    /// Pages cannot be taken out of it, for this reason.
    Content(Reason),
}

/// A part of a batch that is to become a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its first page, beginning with 1.
    pub first: u32,
    /// Its last page.
    pub last: u32,
    /// What it is called; without it, as the batch, with its number.
    pub title: Option<String>,
    /// Dokumenttyp.
    pub kind: Option<String>,
    /// The short name of the department for which it is, by its separator sheet.
    pub department: Option<String>,
}

impl Section {
    pub(super) const fn range(&self) -> PageRange {
        PageRange {
            first: self.first,
            last: self.last,
        }
    }

    /// What the document is called: the part of that number of a batch.
    pub(super) fn title(&self, batch: &str, number: usize) -> String {
        if let Some(title) = &self.title {
            return title.clone();
        }
        let end = format!(" – Teil {number}");
        let room = TITLE_CHARS_MAX.saturating_sub(end.chars().count());
        let batch: String = batch.chars().take(room).collect();
        format!("{}{end}", batch.trim_end())
    }
}

/// The separator sheet that a page is, if it is one.
fn sheet_of(page: &Page) -> Option<crate::codes::Sheet> {
    let codes = page.codes.iter();
    // Bars are too easily something else.
    let squares = codes.filter(|code| code.kind != CodeKind::Code128);
    squares
        .filter_map(|code| Payload::parse(&code.text))
        .find_map(|payload| match payload {
            Payload::Separator(sheet) => Some(sheet),
            Payload::Label(_) => None,
        })
}

/// Whether any page is a separator sheet.
#[must_use]
pub fn has_sheets(pages: &[Page]) -> bool {
    pages.iter().any(|page| sheet_of(page).is_some())
}

/// What lies between separator sheets, in order; the sheets themselves are in none of them. What a sheet says
/// is said of the part behind it. Sheets that follow each other part once, and the last of them that says
/// something counts: the back of a sheet is a sheet. Without any sheet there are no sections.
#[must_use]
pub fn sections(pages: &[Page]) -> Vec<Section> {
    if !has_sheets(pages) {
        return Vec::new();
    }
    let mut all: Vec<Section> = Vec::new();
    let mut said = crate::codes::Sheet::default();
    let mut open: Option<Section> = None;
    for (number, page) in (1_u32..).zip(pages) {
        if let Some(sheet) = sheet_of(page) {
            all.extend(open.take());
            if sheet != crate::codes::Sheet::default() {
                said = sheet;
            }
        } else if let Some(section) = &mut open {
            section.last = number;
        } else {
            let said = std::mem::take(&mut said);
            open = Some(Section {
                first: number,
                last: number,
                title: None,
                kind: said.kind,
                department: said.department,
            });
        }
    }
    all.extend(open);
    all
}

/// The references that labels on pages name, each with the first page on which it stands.
pub(in crate::documents) fn labels(pages: &[Page]) -> Vec<(u32, String)> {
    let mut all: Vec<(u32, String)> = Vec::new();
    for (number, page) in (1_u32..).zip(pages) {
        for code in &page.codes {
            if let Some(Payload::Label(reference)) = Payload::parse(&code.text)
                && all.iter().all(|(_, known)| *known != reference)
                && all.len() < LABELS_MAX
            {
                all.push((number, reference));
            }
        }
    }
    all
}

/// So many labels of one document are looked at.
const LABELS_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use indexer::extract::Code;

    use super::*;

    fn page(code: &str) -> Page {
        let mut page = Page::default();
        if !code.is_empty() {
            page.codes.push(Code {
                kind: CodeKind::Qr,
                text: code.to_owned(),
                place: [0, 0, 1, 1],
            });
        }
        page
    }

    fn check(codes: &[&str], expect: &[(u32, u32, Option<&str>)]) {
        let pages: Vec<Page> = codes.iter().map(|code| page(code)).collect();
        let found = sections(&pages);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.first, one.last, one.kind.as_deref()))
            .collect();
        assert_eq!(found, expect, "{codes:?}");
    }

    #[test]
    fn parts_lie_between_the_sheets() {
        let (t, antrag) = ("PL1:T", "PL1:T?type=Antrag");
        check(&["", "", ""], &[]);
        check(&[t, "", "", t, ""], &[(2, 3, None), (5, 5, None)]);
        check(&["", t, "", t], &[(1, 1, None), (3, 3, None)]);
        // The back of a sheet, in either order.
        check(&[antrag, t, "", ""], &[(3, 4, Some("Antrag"))]);
        check(&[t, antrag, "", ""], &[(3, 4, Some("Antrag"))]);
        // What was said is said of one part.
        check(
            &[antrag, "", t, ""],
            &[(2, 2, Some("Antrag")), (4, 4, None)],
        );
        check(&[t], &[]);
        check(&[t, t], &[]);
        // A label and the codes of others part nothing.
        check(&["", "PL1:A?ref=02.1", "https://example.org", ""], &[]);
    }

    #[test]
    fn labels_are_told_once_with_their_page() {
        let pages = ["", "PL1:A?ref=a", "PL1:A?ref=b", "PL1:A?ref=a"].map(page);
        assert_eq!(labels(&pages), [(2, "a".to_owned()), (3, "b".to_owned())]);
    }

    #[test]
    fn a_title_is_not_too_long() {
        let mut section = Section {
            first: 1,
            last: 2,
            title: None,
            kind: None,
            department: None,
        };
        assert_eq!(section.title("Posteingang", 3), "Posteingang – Teil 3");
        let long = section.title(&"x".repeat(TITLE_CHARS_MAX), 1_000);
        assert_eq!(long.chars().count(), TITLE_CHARS_MAX);
        assert!(long.ends_with(" – Teil 1000"), "{long}");
        section.title = Some("Antrag".to_owned());
        assert_eq!(section.title("Posteingang", 3), "Antrag");
    }
}
