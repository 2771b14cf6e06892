//! Pages out of text that has none, within the limits of a document.
//!
//! What a reader of an office format finds goes through here, line by line: running text becomes
//! pages that end where a paragraph ends, a sheet or a slide becomes a page of its own.

use std::io;

use super::layout;
use super::wire::{End, Frame, Header};
use super::worker::Deadline;
use super::{Format, Invoice, PageState, PageText};

/// A page of running text has so many characters at most.
pub(super) const FLOW_CHARS_MAX: usize = 3_000;
/// The clock is asked once in so many lines.
const LINES_PER_LOOK: u32 = 64;

/// Takes what a worker has to say.
pub(super) type Say<'s> = &'s mut dyn FnMut(Frame) -> io::Result<()>;

/// Why reading goes no further.
pub(super) enum Stop {
    /// The document is over, or more of it is not read.
    End(End),
    /// Nobody listens any more.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

/// What a reader comes back with.
pub(super) type Reading<T = ()> = Result<T, Stop>;

/// Makes pages and gives each away at once.
pub(super) struct Pager<'s> {
    say: Say<'s>,
    deadline: Deadline,
    pages_left: usize,
    chars_left: usize,
    page_chars: usize,
    /// The page that is being filled, and its characters.
    page: String,
    chars: usize,
    lines: u32,
}

impl<'s> Pager<'s> {
    pub(super) fn new(header: &Header, deadline: Deadline, say: Say<'s>) -> Self {
        let size = |max: u32| usize::try_from(max).unwrap_or(usize::MAX);
        Self {
            say,
            deadline,
            pages_left: size(header.pages),
            chars_left: size(header.document_chars),
            page_chars: size(header.page_chars).max(1),
            page: String::new(),
            chars: 0,
            lines: 0,
        }
    }

    /// Says what the document is.
    pub(super) fn format(&mut self, format: Format) -> Reading {
        Ok((self.say)(Frame::Format(format))?)
    }

    /// Says what an invoice is about.
    pub(super) fn invoice(&mut self, invoice: Invoice) -> Reading {
        Ok((self.say)(Frame::Invoice(Box::new(invoice)))?)
    }

    /// Adds a line; tabs part its cells. A blank one is left out.
    pub(super) fn line(&mut self, line: &str) -> Reading {
        if self.lines.is_multiple_of(LINES_PER_LOOK) && self.deadline.has_passed() {
            return Err(End::Time.into());
        }
        self.lines = self.lines.wrapping_add(1);
        let line = line.trim_end();
        if line.trim_start().is_empty() {
            return Ok(());
        }
        for c in line.chars() {
            if c == '\t' {
                self.push(c)?;
                continue;
            }
            let mut pushed = Ok(());
            layout::clean(c, |c| {
                if pushed.is_ok() {
                    pushed = self.push(c);
                }
            });
            pushed?;
        }
        self.push('\n')
    }

    /// Adds a line of running text: a page that has become too long ends before it, or within it
    /// where it is longer than a page.
    pub(super) fn flow(&mut self, line: &str) -> Reading {
        let (at, chars, pages_left) = (self.page.len(), self.chars, self.pages_left);
        self.line(line)?;
        if self.chars <= FLOW_CHARS_MAX {
            return Ok(());
        }
        // A page may have ended within the line already: then nothing of what stood before is left.
        if 0 < at && at < self.page.len() && pages_left == self.pages_left {
            let rest = self.page.split_off(at);
            let (left, rest_chars) = (std::mem::replace(&mut self.page, rest), self.chars - chars);
            self.chars = rest_chars;
            self.give(left, PageState::Read)?;
        }
        while self.chars > FLOW_CHARS_MAX {
            let end = self.page.char_indices().nth(FLOW_CHARS_MAX);
            let end = end.map_or(self.page.len(), |(at, _)| at);
            let (head, _) = self.page.split_at(end);
            let cut = head.rfind([' ', '\n']).map_or(end, |at| at + 1);
            let rest = self.page.split_off(cut);
            self.chars = rest.chars().count();
            let full = std::mem::replace(&mut self.page, rest);
            self.give(full, PageState::Read)?;
        }
        Ok(())
    }

    fn push(&mut self, c: char) -> Reading {
        if self.chars_left == 0 {
            return Err(End::Chars.into());
        }
        if self.chars >= self.page_chars {
            let cut = self.page.rfind('\n').map_or(self.page.len(), |at| at + 1);
            let rest = self.page.split_off(cut);
            self.chars = rest.chars().count();
            let full = std::mem::replace(&mut self.page, rest);
            self.give(full, PageState::Read)?;
        }
        self.page.push(c);
        self.chars += 1;
        self.chars_left -= 1;
        Ok(())
    }

    /// Ends a page of running text, if anything stands on it.
    pub(super) fn page_break(&mut self) -> Reading {
        if self.page.is_empty() {
            return Ok(());
        }
        self.page_end()
    }

    /// Ends a page, be it blank.
    pub(super) fn page_end(&mut self) -> Reading {
        self.chars = 0;
        let page = std::mem::take(&mut self.page);
        self.give(page, PageState::Read)
    }

    fn give(&mut self, text: String, state: PageState) -> Reading {
        let Some(left) = self.pages_left.checked_sub(1) else {
            self.page.clear();
            self.chars = 0;
            return Err(End::Pages.into());
        };
        self.pages_left = left;
        Ok((self.say)(Frame::Page(PageText { text, state }))?)
    }

    /// Gives the last page away and says how the document ended.
    pub(super) fn finish(mut self, read: Reading) -> io::Result<End> {
        let end = match read {
            Ok(()) => End::Complete,
            Err(Stop::End(end)) => end,
            Err(Stop::Io(error)) => return Err(error),
        };
        if self.page.trim().is_empty() {
            return Ok(end);
        }
        let state = match end {
            End::Complete => PageState::Read,
            End::Damaged | End::Stumbled => PageState::Damaged,
            End::Chars
            | End::Pages
            | End::Time
            | End::Content
            | End::Unsafe
            | End::Unknown
            | End::Encrypted
            | End::NotText
            | End::Empty => PageState::Cut,
        };
        let page = std::mem::take(&mut self.page);
        match self.give(page, state) {
            Ok(()) => Ok(end),
            Err(Stop::End(other)) => Ok(other),
            Err(Stop::Io(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::super::wire::Task;
    use super::*;

    /// The pages that come of these lines of running text.
    fn flowed(lines: &[&str], limits: &Limits) -> Vec<String> {
        let header = Header::new(Task::Rtf, limits);
        let mut pages = Vec::new();
        let mut say = |frame: Frame| -> io::Result<()> {
            if let Frame::Page(page) = frame {
                pages.push(page.text);
            }
            Ok(())
        };
        let mut pager = Pager::new(&header, Deadline::new(&header), &mut say);
        let read = lines.iter().try_for_each(|line| pager.flow(line));
        pager.finish(read).expect("whoever listens takes all");
        pages
    }

    #[test]
    fn a_line_longer_than_any_page_is_parted_between_characters() {
        let limits = Limits {
            page_chars_max: 4_000,
            ..Limits::default()
        };
        // An odd number of bytes stands before it, and each of its letters has two.
        let long = "ä".repeat(15_500);
        let pages = flowed(&["ab", &long, "danach"], &limits);
        assert!(pages.iter().all(|page| page.chars().count() <= 4_000));
        let all = pages.concat().replace('\n', "");
        assert_eq!(all, format!("ab{long}danach"));
    }
}
