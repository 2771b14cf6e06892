//! What of ours reads documents, and what workers and programs say of them, each as a function of bytes.

use std::io;
use std::time::Duration;

use super::carry::Carrier;
use super::layout::{Layout, Place};
use super::pager::{Pager, Reading};
use super::wire::{End, FRAME_HEAD_BYTES, Frame, Header, Task};
use super::worker::Deadline;
use super::{
    Format, Limits, PageShape, PageText, Picture, PlacedPage, Want, archive, detect, directory,
    html, invoice, mail, ocr, office, outlook, plain, rtf, separated, worker,
};
use crate::fuzzing::Target;

/// All of them.
pub(crate) const TARGETS: [Target; 16] = [
    ("csv", csv),
    ("detect", detected),
    ("directory", listed),
    ("frames", frames),
    ("header", header),
    ("html", page),
    ("invoice", bill),
    ("layout", layout),
    ("mail", letter),
    ("numbers", numbers),
    ("outlook", outlook_mail),
    ("package", package),
    ("pictures", pictures),
    ("recognised", recognised),
    ("rtf", rich_text),
    ("text", text),
];

/// Small enough that what is small runs into them, and time without end: nothing else is stopped here.
fn limits() -> Limits {
    Limits {
        pages_max: 40,
        page_chars_max: 4_000,
        document_chars_max: 50_000,
        parts_max: 20,
        parts_bytes_max: 1 << 20,
        cpu_seconds_max: u32::MAX,
        wall_time_max: Duration::from_secs(1 << 20),
        ..Limits::default()
    }
}

/// What a reader said, held against what it may say.
#[derive(Default)]
struct Heard {
    pages: usize,
    chars: usize,
    parts: usize,
    bytes: usize,
    in_part: bool,
}

impl Heard {
    /// Takes a frame as the server does: written, and read again.
    fn take(&mut self, frame: &Frame) {
        let limits = limits();
        match frame {
            Frame::Page(page) => {
                let chars = page.text.chars().count();
                assert!(within(chars, limits.page_chars_max), "{chars} on a page");
                self.pages += 1;
                self.chars += chars;
            }
            Frame::Part(_) => {
                assert!(!self.in_part, "a part within a part");
                self.in_part = true;
                self.parts += 1;
            }
            Frame::Bytes(bytes) => {
                assert!(self.in_part, "bytes of no part");
                self.bytes += bytes.len();
            }
            Frame::PartEnd(_) => {
                assert!(self.in_part, "the end of no part");
                self.in_part = false;
            }
            Frame::Layers(_)
            | Frame::End(_)
            | Frame::Format(_)
            | Frame::Invoice(_)
            | Frame::Probe(..)
            | Frame::Drawn(_)
            | Frame::Seen(_)
            | Frame::Marked(_)
            | Frame::Mail(_)
            | Frame::LeftOut(_)
            | Frame::Opened(_)
            | Frame::Portfolio => {}
        }
        let (tag, body) = written(frame);
        assert!(Frame::parse(tag, body).is_some(), "not read: {frame:?}");
    }

    fn end(&self) {
        let limits = limits();
        assert!(!self.in_part, "a part without an end");
        assert!(within(self.pages, limits.pages_max), "{} pages", self.pages);
        assert!(within(self.chars, limits.document_chars_max));
        assert!(within(self.parts, limits.parts_max), "{} parts", self.parts);
        assert!(u64::try_from(self.bytes).is_ok_and(|bytes| bytes <= limits.parts_bytes_max));
    }
}

fn within(count: usize, max: u32) -> bool {
    u32::try_from(count).is_ok_and(|count| count <= max)
}

/// Tag and body of a frame as it is written.
fn written(frame: &Frame) -> (u8, Vec<u8>) {
    let mut bytes = Vec::new();
    frame.write(&mut bytes).expect("a vector takes all");
    let (head, body) = bytes.split_first_chunk().expect("a head");
    let (tag, length) = Frame::head(*head);
    assert_eq!(usize::try_from(length), Ok(body.len()));
    (tag, body.to_vec())
}

/// Reads what becomes pages, as a worker does.
fn paged(content: &[u8], read: fn(&[u8], &mut Pager<'_>) -> Reading) -> End {
    let header = Header::new(Task::Text, &limits());
    let mut heard = Heard::default();
    let mut say = |frame: Frame| -> io::Result<()> {
        heard.take(&frame);
        Ok(())
    };
    let mut pager = Pager::new(&header, Deadline::new(&header), &mut say);
    let read = read(content, &mut pager);
    let end = pager.finish(read).expect("whoever listens takes all");
    heard.end();
    end
}

/// Reads what has parts, as a worker does.
fn carried(read: impl FnOnce(&mut Carrier<'_>) -> io::Result<End>) {
    let header = Header::new(Task::Mail, &limits());
    let mut heard = Heard::default();
    let mut say = |frame: Frame| -> io::Result<()> {
        heard.take(&frame);
        Ok(())
    };
    let mut carrier = Carrier::new(&header, Deadline::new(&header), &mut say);
    read(&mut carrier).expect("whoever listens takes all");
    heard.end();
}

fn csv(bytes: &[u8]) {
    paged(bytes, separated::read);
}

fn page(bytes: &[u8]) {
    paged(bytes, html::read);
    html::text(&String::from_utf8_lossy(bytes));
}

fn rich_text(bytes: &[u8]) {
    paged(bytes, rtf::read);
}

fn bill(bytes: &[u8]) {
    paged(bytes, invoice::read);
    if let Some(facts) = invoice::facts(bytes) {
        assert_eq!(facts.clone().sound(), facts, "sound is sound");
    }
}

fn package(bytes: &[u8]) {
    if paged(bytes, office::read) == End::Unknown {
        carried(|out| archive::read(bytes, out));
    }
}

fn letter(bytes: &[u8]) {
    carried(|out| mail::read(bytes, out));
}

fn outlook_mail(bytes: &[u8]) {
    carried(|out| outlook::read(bytes.to_vec(), out));
}

fn text(bytes: &[u8]) {
    let Some(text) = plain::decode(bytes) else {
        return;
    };
    let mut heard = Heard::default();
    let header = Header::new(Task::Text, &limits());
    let mut give = |page: PageText| -> io::Result<()> {
        heard.take(&Frame::Page(page));
        Ok(())
    };
    worker::pages(&text, &header, &mut give).expect("whoever listens takes all");
    heard.end();
}

fn detected(bytes: &[u8]) {
    let head = bytes.get(..detect::HEAD_BYTES).unwrap_or(bytes);
    detect::format(head);
    detect::to_open(head);
    assert!(bytes.ends_with(detect::without_envelope(bytes)));
}

/// An archive is told by its end: whatever stands before that changes nothing.
fn listed(bytes: &[u8]) {
    let Some(told) = directory::format(bytes) else {
        return;
    };
    let known = [Format::Docx, Format::Xlsx, Format::Pptx, Format::Archive];
    assert!(known.contains(&told), "{told:?}");
    let behind = [b"PK\x05\x06 PK\x01\x02".as_slice(), bytes].concat();
    assert_eq!(directory::format(&behind), Some(told));
}

/// What a worker may say that was taken over: frame after frame, and nothing of it is believed.
fn frames(bytes: &[u8]) {
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() {
        let (tag, length) = Frame::head(*head);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((body, tail)) = tail.split_at_checked(length) else {
            return;
        };
        rest = tail;
        if let Some(frame) = Frame::parse(tag, body.to_vec()) {
            let (tag, body) = written(&frame);
            assert!(Frame::parse(tag, body).is_some(), "not read: {frame:?}");
        }
    }
}

fn header(bytes: &[u8]) {
    let mut rest = bytes;
    if let Ok(read) = Header::read(&mut rest) {
        let again = Header::read(&mut read.to_bytes().as_slice());
        assert_eq!(again.ok(), Some(read));
    }
}

fn pictures(bytes: &[u8]) {
    for want in [Want::Recognition, Want::Shown { width: 800 }] {
        if let Some(picture) = Picture::unpack(bytes.to_vec(), want) {
            let packed = picture.clone().pack().expect("memory");
            assert_eq!(Picture::unpack(packed, want), Some(picture));
        }
    }
    if let Some(shapes) = PageShape::unpack_all(bytes) {
        assert_eq!(PageShape::pack_all(&shapes), bytes);
        for shape in shapes {
            let (width, height) = shape.size.shown(800);
            assert!(width > 0 && height > 0, "{shape:?}");
        }
    }
    if let Some(page) = PlacedPage::unpack(bytes) {
        let packed = page.pack().expect("words");
        assert_eq!(PlacedPage::unpack(&packed), Some(page));
    }
}

/// A format code, a line end, and a number.
fn numbers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (code, number) = text.rsplit_once('\n').unwrap_or((&text, "1234.5"));
    let number: f64 = number.trim().parse().unwrap_or(46_082.75);
    for from_1904 in [true, false] {
        office::shown(code, number, from_1904);
    }
}

fn recognised(bytes: &[u8]) {
    if let Some((text, confidence)) = ocr::told(bytes) {
        assert!(confidence <= 100 && !text.contains('\0'), "{confidence}");
    }
}

/// Glyphs of eight bytes each: character, direction, place, advance, size, and how far out of this world.
fn layout(bytes: &[u8]) {
    const SCALES: [f64; 8] = [1.0, 10.0, 0.01, -1.0, 1e9, 1e30, -1e30, 1e-30];
    const CHARS: usize = 1_000;
    let (mut plain, mut placing) = (Layout::new(CHARS), Layout::placing(CHARS));
    for glyph in bytes.as_chunks::<8>().0 {
        let [low, high, turn, x, y, advance, size, scale] = *glyph;
        let c = char::from_u32(u32::from(u16::from_le_bytes([low, high])));
        let text = c.unwrap_or(char::REPLACEMENT_CHARACTER).to_string();
        let scale = SCALES.get(usize::from(scale % 8)).copied().unwrap_or(1.0);
        let place = Place {
            angle: i16::from(turn) - 90,
            x: f64::from(x) * scale,
            y: f64::from(y) * scale,
            advance: f64::from(advance) * scale.abs(),
            size: (f64::from(size) + 0.5) * scale.abs(),
        };
        if plain.push(&text, place).is_err() || placing.push(&text, place).is_err() {
            break;
        }
    }
    // An accent that found no letter counts once more.
    assert!(plain.chars() <= CHARS + 2, "{} characters", plain.chars());
    plain.finish();
    placing.words();
}
