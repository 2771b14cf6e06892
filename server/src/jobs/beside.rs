//! Codes on pages that bring their text: looked for where what is drawn there may be one.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use indexer::extract::{Code, Extraction, PageState, Passwords, PictureState};
use storage::Blob;
use tokio_util::io::StreamReader;

use super::runner::{JobError, Runner};
use crate::base::{Job, VersionId};
use crate::documents::{Page, has_sheets};

/// So many workers look at the pages of one version at most: whoever keeps each busy until its end holds up what
/// waits for no longer than that.
const WORKERS_MAX: usize = 8;

/// What was found on pages beside their text.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The codes, by the number of the page, beginning with 0.
    codes: BTreeMap<u32, Vec<Code>>,
    /// The pages on which there may be more: they could not be looked at, or are too many.
    unseen: BTreeSet<u32>,
}

impl Beside {
    /// Takes what a worker told of the first of these pages; gives of how many it did.
    fn take(&mut self, pages: &[u32], told: Vec<Option<Vec<Code>>>) -> usize {
        let many = told.len().min(pages.len());
        for (number, codes) in pages.iter().zip(told) {
            match codes {
                Some(codes) if codes.is_empty() => {}
                Some(codes) => {
                    self.codes.insert(*number, codes);
                }
                None => {
                    self.unseen.insert(*number);
                }
            }
        }
        many
    }

    /// Whether anything is to be kept of it.
    pub(super) fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.unseen.is_empty()
    }

    /// Puts what was found to the pages.
    pub(super) fn tell(mut self, pages: &mut [Page]) {
        for (number, page) in (0_u32..).zip(pages) {
            page.codes = self.codes.remove(&number).unwrap_or_default();
            page.unseen = self.unseen.contains(&number);
        }
    }

    /// What is to be done next where a separator sheet is among the pages: the version is split, if each of them
    /// was looked at. Where pages are to be recognised, that is decided when they were.
    pub(super) fn split(&self, id: VersionId, extraction: Option<&Extraction>) -> Option<Job> {
        let read = extraction.is_some_and(|found| {
            let mut pages = found.pages.iter();
            !found.pages.is_empty() && !pages.any(|page| page.state == PageState::NeedsOcr)
        });
        let pages = self.codes.values().map(|codes| Page {
            codes: codes.clone(),
            ..Page::default()
        });
        let pages: Vec<Page> = pages.collect();
        let whole = read && self.unseen.is_empty();
        (whole && has_sheets(&pages)).then_some(Job::SplitBatch(id))
    }
}

impl Runner {
    /// Looks for codes on the pages of a version that may hold them beside their text: on so many of the first
    /// of them as the settings say. A worker is given the content once for many pages, and another one what
    /// that had no time for.
    pub(super) async fn look_beside(
        &self,
        blob: &Blob,
        extraction: &Extraction,
        passwords: &Passwords,
    ) -> Result<Beside, JobError> {
        let mut beside = Beside::default();
        let most = usize::try_from(self.extractor.limits().codes_pages_max).unwrap_or(usize::MAX);
        if most == 0 {
            return Ok(beside);
        }
        let marked = extraction.marked.as_slice();
        let (mut left, beyond) = marked.split_at(marked.len().min(most));
        for _ in 0..WORKERS_MAX {
            if left.is_empty() {
                break;
            }
            let content = self.storage.open(blob, None).await?;
            let content = StreamReader::new(content.map_err(std::io::Error::other));
            let opening = self.extractor.opening(passwords);
            let told = match Box::pin(opening.look(content, left)).await? {
                PictureState::Drawn(told) => told,
                PictureState::Refused(_) | PictureState::NoPage => break,
            };
            let told = told.into_iter().map(|one| one.map(|seen| seen.codes));
            let many = beside.take(left, told.collect());
            if many == 0 {
                break;
            }
            left = left.get(many..).unwrap_or_default();
        }
        beside.unseen.extend(left.iter().chain(beyond));
        Ok(beside)
    }
}

#[cfg(test)]
mod tests {
    use indexer::extract::CodeKind;

    use super::*;

    fn code(text: &str) -> Vec<Code> {
        vec![Code {
            kind: CodeKind::Qr,
            text: text.to_owned(),
            place: [0, 0, 1, 1],
        }]
    }

    #[test]
    fn what_was_told_of_a_page_stands_on_it_and_what_was_not_is_known() {
        let mut beside = Beside::default();
        assert!(beside.is_empty());
        let told = vec![Some(code("a")), None, Some(Vec::new())];
        assert_eq!(beside.take(&[1, 3, 4, 5], told), 3);
        assert!(!beside.is_empty());
        let mut pages = vec![Page::default(); 6];
        beside.tell(&mut pages);
        let unseen: Vec<bool> = pages.iter().map(|page| page.unseen).collect();
        assert_eq!(unseen, [false, false, false, true, false, false]);
        assert_eq!(pages[1].codes, code("a"));
        assert!(pages[4].codes.is_empty());
    }

    #[test]
    fn of_more_pages_than_were_asked_for_nothing_is_believed() {
        let mut beside = Beside::default();
        let told = vec![Some(code("a")), Some(code("b"))];
        assert_eq!(beside.take(&[7], told), 1);
        assert_eq!(beside.codes.len(), 1);
    }
}
