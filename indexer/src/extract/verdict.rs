//! What a conversation says about the document.

use std::os::unix::process::ExitStatusExt as _;

use super::sandbox::Layers;
use super::talk::Talk;
use super::wire::End;
use super::{Extraction, Format, Limit, Limits, PageState, PageText, Reason, TextState};

impl Talk {
    /// The layers that held the worker.
    pub(super) fn held(&self) -> Layers {
        self.held.unwrap_or_default()
    }

    /// Why the worker ended before it said so.
    fn died_of(&self) -> Reason {
        let says = |words: &[u8]| self.last_words.windows(words.len()).any(|it| it == words);
        let signal = self.status.and_then(|status| status.signal());
        if self.timed_out || signal == Some(libc::SIGXCPU) {
            Reason::TimedOut
        } else if self.broken {
            Reason::Crashed
        } else if says(b"memory allocation of") || signal == Some(libc::SIGKILL) {
            // Nobody but the kernel kills a worker that has time left, and for this reason.
            Reason::OutOfMemory
        } else {
            Reason::Crashed
        }
    }

    /// Why the worker gave less than it was asked for, if it did.
    pub(super) fn fell_short(&self) -> Option<Reason> {
        match (self.too_long, self.end) {
            (true, _) | (_, Some(End::Content | End::Pages | End::Chars)) => Some(Reason::TooLarge),
            (_, Some(End::Complete)) => None,
            (_, Some(End::Encrypted)) => Some(Reason::Encrypted),
            (_, Some(End::Damaged | End::Stumbled)) => Some(Reason::Damaged),
            (_, Some(End::NotText)) => Some(Reason::NotText),
            (_, Some(End::Unsafe)) => Some(Reason::Unsafe),
            (_, Some(End::Unknown)) => Some(Reason::UnknownFormat),
            (_, Some(End::Empty)) => Some(Reason::Empty),
            (_, Some(End::Time)) => Some(Reason::TimedOut),
            (_, None) => Some(self.died_of()),
        }
    }

    /// The result for the one who asked.
    #[expect(clippy::too_many_lines, reason = "one arm for each end")]
    pub(super) fn into_extraction(self, format: Format, limits: &Limits) -> Extraction {
        let mut limits_hit = Vec::new();
        let mut hit = |limit: Limit| {
            if !limits_hit.contains(&limit) {
                limits_hit.push(limit);
            }
        };
        let cut_short = match (self.too_long, self.end) {
            (true, _) | (_, Some(End::Content)) => {
                hit(Limit::Content);
                Some(Reason::TooLarge)
            }
            (_, Some(End::Complete)) => None,
            (_, Some(End::Encrypted)) => Some(Reason::Encrypted),
            (_, Some(End::Damaged | End::Stumbled)) => Some(Reason::Damaged),
            (_, Some(End::NotText)) => Some(Reason::NotText),
            (_, Some(End::Unsafe)) => Some(Reason::Unsafe),
            (_, Some(End::Unknown)) => Some(Reason::UnknownFormat),
            (_, Some(End::Pages)) => {
                hit(Limit::Pages);
                Some(Reason::TooLarge)
            }
            (_, Some(End::Chars)) => {
                hit(Limit::DocumentChars);
                Some(Reason::TooLarge)
            }
            (_, Some(End::Empty)) => Some(Reason::Empty),
            (_, Some(End::Time)) => {
                hit(Limit::Time);
                Some(Reason::TimedOut)
            }
            (_, None) => {
                let reason = self.died_of();
                match reason {
                    Reason::TimedOut => hit(Limit::Time),
                    Reason::OutOfMemory => hit(Limit::Memory),
                    Reason::Empty
                    | Reason::Encrypted
                    | Reason::Damaged
                    | Reason::TooLarge
                    | Reason::Crashed
                    | Reason::NoText
                    | Reason::UnknownFormat
                    | Reason::NotText
                    | Reason::Unsafe
                    | Reason::PartsEncrypted
                    | Reason::PartsDamaged
                    | Reason::PartsOverLimit
                    | Reason::PartsTooDeep
                    | Reason::PartsElsewhere
                    | Reason::Biometric
                    | Reason::Withheld
                    | Reason::PartsInfected
                    | Reason::PartsUnscanned
                    | Reason::UnreadPicture => {}
                }
                Some(reason)
            }
        };
        let page_chars = usize::try_from(limits.page_chars_max).unwrap_or(usize::MAX);
        let is_full = |page: &PageText| {
            page.state == PageState::Cut
                && page.text.chars().filter(|c| !c.is_whitespace()).count() >= page_chars
        };
        if self.pages.iter().any(is_full) {
            hit(Limit::PageChars);
        }
        // What is missing of the document itself is told before what is missing of its parts.
        let state = match (judge(&self.pages, cut_short), self.carried.left_out.first()) {
            (TextState::Readable, Some(left)) => TextState::PartlyReadable {
                reason: left.reason,
            },
            (state, _) => state,
        };
        let sandbox = self.held();
        let mut marked = self.marked.unwrap_or_default();
        marked.retain(|number| {
            let page = usize::try_from(*number)
                .ok()
                .and_then(|at| self.pages.get(at));
            page.is_some_and(|page| page.state != PageState::NeedsOcr)
        });
        marked.sort_unstable();
        marked.dedup();
        // Only a worker that opened it can tell what a container holds.
        let format = match (self.format, self.end) {
            (Some(told), _) => told,
            (None, Some(End::Unknown)) => Format::Unknown,
            (None, _) => format,
        };
        Extraction {
            state,
            format,
            engine: format.engine(),
            mail: self.carried.mail,
            parts: self.carried.parts,
            left_out: self.carried.left_out,
            limits_hit,
            sandbox,
            stumbled: self.end == Some(End::Stumbled),
            opened: self.opened.map(usize::from),
            portfolio: self.carried.portfolio,
            marked,
            invoice: self.invoice,
            pages: self.pages,
        }
    }
}

/// The state of a document from those of its pages and what cut it short.
fn judge(pages: &[PageText], cut_short: Option<Reason>) -> TextState {
    let any = |state: PageState| pages.iter().any(|page| page.state == state);
    let has_text = pages
        .iter()
        .any(|page| page.state != PageState::NeedsOcr && !page.text.trim().is_empty());
    let reason = if cut_short.is_some() {
        cut_short
    } else if any(PageState::Cut) {
        Some(Reason::TooLarge)
    } else if any(PageState::Damaged) {
        Some(Reason::Damaged)
    } else if any(PageState::NeedsOcr) || !has_text {
        Some(Reason::NoText)
    } else {
        None
    };
    match reason {
        None => TextState::Readable,
        Some(reason) if has_text => TextState::PartlyReadable { reason },
        Some(reason) => TextState::Unreadable { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_document_follows_from_its_pages() {
        let page = |text: &str, state| PageText {
            text: text.into(),
            state,
        };
        let read = page("Text", PageState::Read);
        let blank = page("", PageState::Read);
        let scan = page("", PageState::NeedsOcr);
        let partly = |reason| TextState::PartlyReadable { reason };
        let not = |reason| TextState::Unreadable { reason };
        let check = |pages: &[&PageText], cut, expect| {
            let pages: Vec<PageText> = pages.iter().map(|page| (*page).clone()).collect();
            assert_eq!(judge(&pages, cut), expect, "{pages:?} {cut:?}");
        };
        check(&[&read, &blank], None, TextState::Readable);
        check(&[&read, &scan], None, partly(Reason::NoText));
        check(&[&scan, &scan], None, not(Reason::NoText));
        check(&[&blank], None, not(Reason::NoText));
        check(
            &[&read, &page("x", PageState::Damaged), &scan],
            None,
            partly(Reason::Damaged),
        );
        check(
            &[&page("x", PageState::Cut)],
            None,
            partly(Reason::TooLarge),
        );
        check(&[&read], Some(Reason::TimedOut), partly(Reason::TimedOut));
        check(
            &[&scan],
            Some(Reason::OutOfMemory),
            not(Reason::OutOfMemory),
        );
        check(&[], Some(Reason::Encrypted), not(Reason::Encrypted));
    }

    #[test]
    fn a_reader_that_panics_is_told_from_a_document_that_is_damaged() {
        let check = |end: End, stumbled: bool| {
            let talk = Talk {
                end: Some(end),
                ..Talk::default()
            };
            let read = talk.into_extraction(Format::Docx, &Limits::default());
            let reason = Reason::Damaged;
            assert_eq!(read.state, TextState::Unreadable { reason });
            assert_eq!(read.stumbled, stumbled);
        };
        check(End::Damaged, false);
        check(End::Stumbled, true);
    }

    #[test]
    fn every_reason_has_a_name_and_a_sentence_of_its_own() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.as_str()), Some(reason));
            assert!(reason.german().ends_with('.') && reason.english().ends_with('.'));
            let twin = Reason::ALL
                .iter()
                .filter(|other| other.german() == reason.german());
            assert_eq!(twin.count(), 1);
        }
    }
}
