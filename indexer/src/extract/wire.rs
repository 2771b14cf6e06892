//! What the server and its worker say to each other: a header and the document one way, frames the
//! other way. The server believes no frame: a worker may have been taken over by its document.

use std::io::{self, Read, Write};

use super::codes::{SEEN_BYTES_MAX, Seen};
use super::parts::{LeftOut, Mail, PartHead};
use super::{Format, Invoice, Layers, Limits, PageState, PageText, Want};

/// Length of the header.
pub(super) const HEADER_BYTES: usize = 68;
const MAGIC: [u8; 4] = *b"plx1";
/// Tag and length before each frame.
pub(super) const FRAME_HEAD_BYTES: usize = 5;

/// What a worker is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Read a PDF.
    Pdf,
    /// Read plain text.
    Text,
    /// Count the pages of a picture file.
    Leaves(Format),
    /// Say how large the pages are and how they are turned.
    Shapes(Format),
    /// Draw the page of that number, beginning with 0.
    Draw(Format, Want, u32),
    /// Say where the words of the page of that number of a PDF stand, beginning with 0.
    Words(u32),
    /// Part text among sheets of paper.
    Sheets,
    /// Draw the sheet of that number, beginning with 0.
    DrawSheet(Want, u32),
    /// Say where the words of the sheet of that number stand, beginning with 0.
    SheetWords(u32),
    /// Draw each of the pages that are wished for in front of the content.
    Several(Format, Want),
    /// Look for codes on the pages of a PDF whose numbers stand in front of it.
    Look,
    /// Make a document of each of the ranges of pages that stand in front of the content.
    Cut(Format),
    /// Read a zip container as what it is: of an office program, or an archive to be taken apart.
    Package,
    /// Read a document in XML, if it is an invoice.
    Xml,
    /// Read HTML.
    Html,
    /// Read Rich Text Format.
    Rtf,
    /// Read a table as text.
    Csv,
    /// Read a mail, and take it apart.
    Mail,
    /// The same as Outlook keeps it.
    Outlook,
    /// Do with the content what the program that started us gives, and say what comes of it.
    Given,
    /// Try what must not succeed, behind these layers.
    SelfTest(Layers),
}

impl Task {
    /// As it stands in a header: its number, what it is about, and the number of a page.
    fn packed(self) -> (u8, [u8; 3], u32) {
        let nothing = [0; 3];
        let of = |format: Format| [drawable(format), 0, 0];
        let drawn = |format: u8, want: Want| {
            let [high, low] = want.number().to_be_bytes();
            [format, high, low]
        };
        match self {
            Self::Pdf => (1, nothing, 0),
            Self::Text => (2, nothing, 0),
            Self::SelfTest(layers) => (3, [layers.bits(), 0, 0], 0),
            Self::Leaves(format) => (4, of(format), 0),
            Self::Shapes(format) => (5, of(format), 0),
            Self::Draw(format, want, page) => (6, drawn(drawable(format), want), page),
            Self::Words(page) => (7, nothing, page),
            Self::Sheets => (8, nothing, 0),
            Self::DrawSheet(want, page) => (9, drawn(0, want), page),
            Self::SheetWords(page) => (10, nothing, page),
            Self::Cut(format) => (11, of(format), 0),
            Self::Look => (12, nothing, 0),
            Self::Several(format, want) => (13, drawn(drawable(format), want), 0),
            Self::Package => (20, nothing, 0),
            Self::Xml => (21, nothing, 0),
            Self::Html => (22, nothing, 0),
            Self::Rtf => (23, nothing, 0),
            Self::Csv => (24, nothing, 0),
            Self::Mail => (30, nothing, 0),
            Self::Outlook => (31, nothing, 0),
            Self::Given => (40, nothing, 0),
        }
    }
}

/// The first bytes a worker gets. They come from the server alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) task: Task,
    pub(super) memory_bytes: u64,
    pub(super) content_bytes: u64,
    pub(super) cpu_seconds: u32,
    pub(super) wall_millis: u32,
    pub(super) pages: u32,
    pub(super) page_chars: u32,
    pub(super) document_chars: u32,
    pub(super) parts: u32,
    pub(super) parts_bytes: u64,
    pub(super) parts_ratio: u32,
    /// Bytes of passwords that follow the header, in front of the document.
    pub(super) password_bytes: u32,
}

impl Header {
    pub(super) fn new(task: Task, limits: &Limits) -> Self {
        Self {
            task,
            memory_bytes: limits.memory_bytes_max,
            content_bytes: limits.content_bytes_max,
            cpu_seconds: limits.cpu_seconds_max,
            wall_millis: u32::try_from(limits.wall_time_max.as_millis()).unwrap_or(u32::MAX),
            pages: limits.pages_max,
            page_chars: limits.page_chars_max,
            document_chars: limits.document_chars_max,
            parts: limits.parts_max,
            parts_bytes: limits.parts_bytes_max,
            parts_ratio: limits.parts_ratio_max,
            password_bytes: 0,
        }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let (task, about, page) = self.task.packed();
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC);
        bytes.push(task);
        bytes.extend(about);
        bytes.extend(self.memory_bytes.to_be_bytes());
        bytes.extend(self.content_bytes.to_be_bytes());
        let rest = [
            self.cpu_seconds,
            self.wall_millis,
            self.pages,
            self.page_chars,
            self.document_chars,
        ];
        bytes.extend(rest.into_iter().flat_map(u32::to_be_bytes));
        bytes.extend(self.parts.to_be_bytes());
        bytes.extend(self.parts_bytes.to_be_bytes());
        bytes.extend(self.parts_ratio.to_be_bytes());
        bytes.extend(page.to_be_bytes());
        bytes.extend(self.password_bytes.to_be_bytes());
        bytes
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let [a, b, c, d, task, about, high, low] = take::<8>(from)?;
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let format = || {
            DRAWABLE
                .get(usize::from(about))
                .copied()
                .ok_or_else(invalid)
        };
        let want = Want::from_number(u16::from_be_bytes([high, low]));
        let task = match (task, [a, b, c, d] == MAGIC) {
            (1, true) => Task::Pdf,
            (2, true) => Task::Text,
            (3, true) => Task::SelfTest(Layers::from_bits(about)),
            (4, true) => Task::Leaves(format()?),
            (5, true) => Task::Shapes(format()?),
            (6, true) => Task::Draw(format()?, want, 0),
            (7, true) => Task::Words(0),
            (8, true) => Task::Sheets,
            (9, true) => Task::DrawSheet(want, 0),
            (10, true) => Task::SheetWords(0),
            (11, true) => Task::Cut(format()?),
            (12, true) => Task::Look,
            (13, true) => Task::Several(format()?, want),
            (20, true) => Task::Package,
            (21, true) => Task::Xml,
            (22, true) => Task::Html,
            (23, true) => Task::Rtf,
            (24, true) => Task::Csv,
            (30, true) => Task::Mail,
            (31, true) => Task::Outlook,
            (40, true) => Task::Given,
            _ => return Err(invalid()),
        };
        let mut header = Self {
            task,
            memory_bytes: u64::from_be_bytes(take(from)?),
            content_bytes: u64::from_be_bytes(take(from)?),
            cpu_seconds: u32::from_be_bytes(take(from)?),
            wall_millis: u32::from_be_bytes(take(from)?),
            pages: u32::from_be_bytes(take(from)?),
            page_chars: u32::from_be_bytes(take(from)?),
            document_chars: u32::from_be_bytes(take(from)?),
            parts: u32::from_be_bytes(take(from)?),
            parts_bytes: u64::from_be_bytes(take(from)?),
            parts_ratio: u32::from_be_bytes(take(from)?),
            password_bytes: 0,
        };
        let number = u32::from_be_bytes(take(from)?);
        header.password_bytes = u32::from_be_bytes(take(from)?);
        if let Task::Draw(_, _, page)
        | Task::Words(page)
        | Task::DrawSheet(_, page)
        | Task::SheetWords(page) = &mut header.task
        {
            *page = number;
        }
        Ok(header)
    }
}

/// The formats of which pages are drawn.
const DRAWABLE: [Format; 5] = [
    Format::Pdf,
    Format::Jpeg,
    Format::Png,
    Format::Tiff,
    Format::Webp,
];

/// The place of a format among those that are drawn.
fn drawable(format: Format) -> u8 {
    let place = DRAWABLE.iter().position(|one| *one == format);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

fn take<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// How a worker ended that lived to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All there was.
    Complete,
    /// No password, no text.
    Encrypted,
    /// Not one page could be found.
    Damaged,
    /// The bytes are no text.
    NotText,
    /// Stopped at [`Limits::pages_max`].
    Pages,
    /// Stopped at [`Limits::document_chars_max`].
    Chars,
    /// Stopped because time was running out.
    Time,
    /// Stopped because the content was longer than it may be.
    Content,
    /// Stopped because of how it is built: it swells or nests beyond measure.
    Unsafe,
    /// No format that is read, seen from within.
    Unknown,
    /// There is nothing in it.
    Empty,
    /// The reader panicked outside of a page: there is no sense in the structure, and a fault is ours.
    Stumbled,
}

impl End {
    const ALL: [Self; 12] = [
        Self::Complete,
        Self::Encrypted,
        Self::Damaged,
        Self::NotText,
        Self::Pages,
        Self::Chars,
        Self::Time,
        Self::Content,
        Self::Unsafe,
        Self::Unknown,
        Self::Empty,
        Self::Stumbled,
    ];
}

/// One message of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first: what holds the worker.
    Layers(Layers),
    /// The next page.
    Page(PageText),
    /// The last.
    End(End),
    /// What the document is, where only the worker can tell.
    Format(Format),
    /// What the invoice is about that the document is or holds.
    Invoice(Box<Invoice>),
    /// What an attempt came to: its number and that of its outcome.
    Probe(u8, u8),
    /// A picture, the shapes of pages or the words of one, as `picture` packs them; or what was given to do.
    Drawn(Vec<u8>),
    /// What was seen on a page that was drawn for recognition.
    Seen(Box<Seen>),
    /// The numbers of the pages that bring their text and may hold codes too, beginning with 0.
    Marked(Vec<u32>),
    /// What a mail says of itself.
    Mail(Box<Mail>),
    /// Something that is not taken out.
    LeftOut(LeftOut),
    /// A part begins.
    Part(PartHead),
    /// The next bytes of the part.
    Bytes(Vec<u8>),
    /// The part ends, and is whole or not.
    PartEnd(bool),
    /// The place of the password that opened the document.
    Opened(u8),
    /// What the document shows is a cover: it is there for what is attached to it.
    Portfolio,
}

/// The longest facts of an invoice, in bytes.
const INVOICE_BYTES_MAX: usize = 32 << 10;
/// The number of a frame that holds bytes of a part.
pub(super) const BYTES: u8 = 33;

const STATES: [PageState; 4] = [
    PageState::Read,
    PageState::NeedsOcr,
    PageState::Cut,
    PageState::Damaged,
];

impl Frame {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let number = |at: Option<usize>| at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX);
        let json;
        let (tag, head, rest): (u8, Vec<u8>, &[u8]) = match self {
            Self::Layers(layers) => (1, vec![layers.bits()], &[]),
            Self::Page(page) => {
                let state = number(STATES.iter().position(|state| *state == page.state));
                (2, vec![state], page.text.as_bytes())
            }
            Self::End(end) => (
                3,
                vec![number(End::ALL.iter().position(|it| it == end))],
                &[],
            ),
            Self::Probe(attempt, outcome) => (4, vec![*attempt, *outcome], &[]),
            Self::Drawn(bytes) => (5, Vec::new(), bytes),
            Self::Seen(seen) => {
                json = serde_json::to_vec(seen)?;
                (6, Vec::new(), &json)
            }
            Self::Marked(pages) => {
                let numbers = pages.iter().flat_map(|number| number.to_be_bytes());
                (7, numbers.collect(), &[])
            }
            Self::Format(format) => {
                let place = Format::ALL.iter().position(|it| it == format);
                (20, vec![number(place)], &[])
            }
            Self::Invoice(facts) => {
                json = serde_json::to_vec(facts)?;
                (21, Vec::new(), &json)
            }
            Self::Mail(mail) => {
                json = serde_json::to_vec(mail)?;
                (30, vec![0], &json)
            }
            Self::LeftOut(left) => (31, vec![left.number()], left.name.as_bytes()),
            Self::Part(part) => {
                json = serde_json::to_vec(part)?;
                (32, vec![0], &json)
            }
            Self::Bytes(bytes) => (BYTES, Vec::new(), bytes),
            Self::PartEnd(whole) => (34, vec![u8::from(*whole)], &[]),
            Self::Opened(by) => (35, vec![*by], &[]),
            Self::Portfolio => (36, vec![1], &[]),
        };
        let length = u32::try_from(head.len() + rest.len()).unwrap_or(u32::MAX);
        let mut frame = vec![tag];
        frame.extend(length.to_be_bytes());
        frame.extend(head);
        to.write_all(&frame)?;
        to.write_all(rest)
    }

    /// Tag and length of the frame that begins so.
    pub(super) fn head(head: [u8; FRAME_HEAD_BYTES]) -> (u8, u32) {
        let [tag, a, b, c, d] = head;
        (tag, u32::from_be_bytes([a, b, c, d]))
    }

    /// The frame of that tag and content, if it is one.
    pub(super) fn parse(tag: u8, mut body: Vec<u8>) -> Option<Self> {
        let first = *body.first()?;
        let frame = match (tag, body.as_slice()) {
            (1, [bits]) => Self::Layers(Layers::from_bits(*bits)),
            (2, _) => {
                let state = *STATES.get(usize::from(first))?;
                body.remove(0);
                Self::Page(PageText {
                    text: String::from_utf8(body).ok()?,
                    state,
                })
            }
            (3, [end]) => Self::End(*End::ALL.get(usize::from(*end))?),
            (4, [attempt, outcome]) => Self::Probe(*attempt, *outcome),
            (5, _) => Self::Drawn(body),
            (6, json) if json.len() <= SEEN_BYTES_MAX => {
                let seen: Seen = serde_json::from_slice(json).ok()?;
                Self::Seen(Box::new(seen.bounded()))
            }
            (7, numbers) if numbers.len().is_multiple_of(4) => {
                let numbers = numbers.as_chunks::<4>().0.iter();
                Self::Marked(numbers.map(|one| u32::from_be_bytes(*one)).collect())
            }
            (20, [format]) => Self::Format(*Format::ALL.get(usize::from(*format))?),
            (21, json) if json.len() <= INVOICE_BYTES_MAX => {
                let invoice: Invoice = serde_json::from_slice(json).ok()?;
                Self::Invoice(Box::new(invoice.sound()))
            }
            (30, [0, json @ ..]) => {
                let mail: Mail = serde_json::from_slice(json).ok()?;
                Self::Mail(Box::new(mail.bounded()))
            }
            (31, [reason, name @ ..]) => {
                Self::LeftOut(LeftOut::of(*reason, str::from_utf8(name).ok()?)?)
            }
            (32, [0, json @ ..]) => {
                let head: PartHead = serde_json::from_slice(json).ok()?;
                Self::Part(head.bounded())
            }
            (BYTES, _) => Self::Bytes(body),
            (34, [whole @ (0 | 1)]) => Self::PartEnd(*whole == 1),
            (35, [by]) => Self::Opened(*by),
            (36, [1]) => Self::Portfolio,
            _ => return None,
        };
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reason;
    use super::super::codes::{Code, CodeKind};
    use super::*;

    #[test]
    fn the_worker_reads_what_the_server_wrote() {
        for task in [
            Task::SelfTest(Layers::ALL),
            Task::Leaves(Format::Tiff),
            Task::Shapes(Format::Pdf),
            Task::Words(1_999),
            Task::Cut(Format::Tiff),
            Task::Look,
            Task::Several(Format::Pdf, Want::Copy { dots_per_inch: 150 }),
            Task::Given,
            Task::Draw(Format::Webp, Want::Shown { width: 1600 }, 70_000),
            Task::Draw(Format::Pdf, Want::Recognition, 0),
            Task::Draw(Format::Tiff, Want::Copy { dots_per_inch: 200 }, 3),
            Task::Sheets,
            Task::DrawSheet(Want::Shown { width: 320 }, 70_000),
            Task::SheetWords(1_999),
        ] {
            let header = Header {
                password_bytes: 4_000,
                ..Header::new(task, &Limits::default())
            };
            let bytes = header.to_bytes();
            assert_eq!(bytes.len(), HEADER_BYTES);
            assert_eq!(
                Header::read(&mut bytes.as_slice()).expect("a whole header"),
                header
            );
        }
        assert!(Header::read(&mut [0; HEADER_BYTES].as_slice()).is_err());
    }

    #[test]
    fn what_can_be_drawn_is_the_same_everywhere() {
        for format in Format::ALL {
            assert_eq!(DRAWABLE.contains(&format), format.is_drawn(), "{format:?}");
            let engine = format.engine();
            let engine = format!("{} {}, tesseract 5", engine.name, engine.version);
            assert_eq!(
                super::super::is_drawn(&engine),
                format.is_drawn(),
                "{engine}"
            );
        }
        assert_eq!(super::super::drawn_engines(), ["hayro", "image"]);
    }

    #[test]
    fn the_server_reads_what_the_worker_wrote() {
        let page = PageText {
            text: "Grüße\n".into(),
            state: PageState::Cut,
        };
        for frame in [
            Frame::Layers(Layers::ALL),
            Frame::Page(page),
            Frame::End(End::Time),
            Frame::Probe(3, 1),
            Frame::Drawn(vec![1, 2, 0xff]),
            Frame::Seen(Box::new(Seen {
                bare: false,
                codes: vec![Code {
                    kind: CodeKind::DataMatrix,
                    text: "RE-7".into(),
                    place: [1, -2, 3, 4],
                }],
            })),
            Frame::Marked(vec![0, 70_000]),
            Frame::Format(Format::Odt),
            Frame::Invoice(Box::new(Invoice {
                number: Some("RE-7".into()),
                ..Invoice::default()
            })),
            Frame::Mail(Box::new(Mail {
                subject: Some("Grüße".into()),
                sent: Some(1),
                ..Mail::default()
            })),
            Frame::LeftOut(LeftOut {
                name: "geheim.pdf".into(),
                reason: Reason::PartsEncrypted,
            }),
            Frame::Part(PartHead {
                path: "Ordner/Brief.pdf".into(),
                title: None,
            }),
            Frame::Bytes(vec![0, 255]),
            Frame::PartEnd(true),
            Frame::Opened(31),
            Frame::Portfolio,
        ] {
            let mut bytes = Vec::new();
            frame.write(&mut bytes).expect("a vector takes all");
            let (head, body) = bytes.split_first_chunk().expect("a head");
            let (tag, length) = Frame::head(*head);
            assert_eq!(usize::try_from(length), Ok(body.len()));
            assert_eq!(Frame::parse(tag, body.to_vec()), Some(frame));
        }
    }

    #[test]
    fn the_server_reads_nothing_else() {
        for (tag, body) in [
            (2, vec![0, 0xff]),
            (2, vec![9, b'a']),
            (3, vec![99]),
            (3, vec![]),
            (1, vec![1, 2]),
            (6, b"{}".to_vec()),
            (6, vec![b' '; SEEN_BYTES_MAX + 1]),
            (7, vec![0]),
            (20, vec![99]),
            (21, b"{\"secret\":1}".to_vec()),
            (21, vec![b' '; INVOICE_BYTES_MAX + 1]),
            (30, vec![0, b'{']),
            (31, vec![0, b'a']),
            (31, vec![11, 0xff]),
            (32, vec![1, b'{', b'}']),
            (33, vec![]),
            (34, vec![2]),
            (35, vec![1, 2]),
            (36, vec![0]),
        ] {
            assert_eq!(Frame::parse(tag, body), None);
        }
    }
}
