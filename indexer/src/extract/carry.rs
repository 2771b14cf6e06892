//! What a worker hands out of a document that contains others, within its limits.

use std::io::{self, Read};

use super::pager::Say;
use super::parts::{LEFT_OUT_MAX, LeftOut, Mail, PartHead};
use super::wire::{End, Frame, Header};
use super::worker::{self, Deadline};
use super::{Invoice, PageText, Reason};

/// Parts are handed out in pieces of this size.
const PIECE_BYTES: usize = 64 << 10;
/// Up to this size a part may be packed as tightly as it likes.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// The way out for pages, fields and parts.
pub(super) struct Carrier<'a> {
    header: &'a Header,
    deadline: Deadline,
    say: Say<'a>,
    parts_left: u32,
    bytes_left: u64,
    left_out: usize,
}

impl<'a> Carrier<'a> {
    pub(super) fn new(header: &'a Header, deadline: Deadline, say: Say<'a>) -> Self {
        Self {
            header,
            deadline,
            say,
            parts_left: header.parts,
            bytes_left: header.parts_bytes,
            left_out: 0,
        }
    }

    pub(super) fn out_of_time(&self) -> bool {
        self.deadline.has_passed()
    }

    /// Gives a text, page by page.
    pub(super) fn text(&mut self, text: &str) -> io::Result<End> {
        let mut give = |page: PageText| (self.say)(Frame::Page(page));
        worker::pages(text, self.header, &mut give)
    }

    pub(super) fn mail(&mut self, mail: &Mail) -> io::Result<()> {
        (self.say)(Frame::Mail(Box::new(mail.clone())))
    }

    pub(super) fn invoice(&mut self, invoice: Invoice) -> io::Result<()> {
        (self.say)(Frame::Invoice(Box::new(invoice)))
    }

    /// Says that what the document shows is a cover.
    pub(super) fn portfolio(&mut self) -> io::Result<()> {
        (self.say)(Frame::Portfolio)
    }

    pub(super) fn left_out(&mut self, name: &str, reason: Reason) -> io::Result<()> {
        self.left_out += 1;
        if self.left_out > LEFT_OUT_MAX {
            return Ok(());
        }
        (self.say)(Frame::LeftOut(LeftOut::new(name, reason)))
    }

    /// Whether another part may be taken out. Otherwise it is named as left out.
    pub(super) fn has_room(&mut self, name: &str) -> io::Result<bool> {
        if self.parts_left > 0 && self.bytes_left > 0 {
            return Ok(true);
        }
        self.left_out(name, Reason::PartsOverLimit)?;
        Ok(false)
    }

    /// How long a part may become that takes so many bytes in its archive.
    pub(super) fn longest(&self, packed: Option<u64>) -> u64 {
        let ratio = u64::from(self.header.parts_ratio);
        let full = packed.map_or(u64::MAX, |packed| {
            packed.saturating_mul(ratio).max(RATIO_FREE_BYTES)
        });
        full.min(self.bytes_left)
    }

    /// Hands out a part, as far as it comes and may; `packed` is what it takes in its archive.
    pub(super) fn part(
        &mut self,
        head: &PartHead,
        mut content: impl Read,
        packed: Option<u64>,
    ) -> io::Result<()> {
        if !self.has_room(&head.path)? {
            return Ok(());
        }
        let full = self.longest(packed);
        (self.say)(Frame::Part(head.clone()))?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut sent: u64 = 0;
        let failed = loop {
            if self.out_of_time() {
                break Some(Reason::PartsOverLimit);
            }
            let read = match content.read(&mut piece) {
                Ok(0) => break None,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Only the part can fail here: the way out is another one.
                Err(_) => break Some(Reason::PartsDamaged),
            };
            sent = sent.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if sent > full {
                break Some(Reason::PartsOverLimit);
            }
            let bytes = piece.get(..read).unwrap_or_default();
            (self.say)(Frame::Bytes(bytes.to_vec()))?;
        };
        // What was unpacked in vain has cost as much as what was not.
        self.bytes_left = self.bytes_left.saturating_sub(sent);
        self.parts_left = self.parts_left.saturating_sub(1);
        (self.say)(Frame::PartEnd(failed.is_none()))?;
        match failed {
            None => Ok(()),
            Some(reason) => self.left_out(&head.path, reason),
        }
    }
}
