//! Content to text, page by page, in a process of its own.
//!
//! Whoever sends a document may have built it to break its reader. So no document is parsed here:
//! [`Extractor`] starts the same binary again as a worker ([`worker_main`]), which gives up files,
//! network, processes and all but a little memory and time before it reads the first byte, serves
//! one document and ends. A document that kills its worker costs its own text and nothing else.

mod archive;
mod attached;
mod becoming;
mod carry;
mod codes;
mod convert;
mod cut;
mod detect;
mod directory;
mod flow;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod host;
mod html;
mod invoice;
mod layout;
mod mail;
mod marks;
mod markup;
mod ocr;
mod ocr_worker;
mod office;
mod opening;
mod outlook;
mod package;
mod pager;
mod parts;
mod password;
mod pdf;
mod picture;
mod plain;
mod probe;
mod raster;
mod reason;
mod rtf;
mod sandbox;
mod separated;
mod several;
mod sheets;
mod skew;
mod talk;
mod verdict;
mod wire;
mod worker;

use std::time::Duration;

pub use codes::{CODE_CHARS_MAX, CODES_MAX, Code, CodeKind, Seen};
pub use convert::{
    CONVERT_COMMAND, Conversion, ConversionLimits, Converter, Office, OfficeError, convert_main,
    office_engines, office_format, office_program,
};
pub use cut::{PageRange, RANGES_MAX};
pub use directory::TAIL_BYTES;
pub use host::{ExtractError, Extractor};
pub use invoice::Invoice;
pub use marks::LOOKED_AT_ONCE_MAX;
pub use ocr::{
    Program, ProgramError, Read, Recogniser, Recognition, RecognitionLimits, Word, program,
};
pub use ocr_worker::{RECOGNISE_COMMAND, recognise_main};
pub use opening::{Opening, Unlocked};
pub use parts::{Address, LeftOut, Mail, PartHead, Room, Taken};
pub use password::{PASSWORD_BYTES_MAX, PASSWORDS_MAX, Password, Passwords};
pub use picture::{PageShape, Picture, PictureState, PlacedPage, PlacedWord, RENDERER, Size, Want};
pub use probe::{Attempt, Outcome, Probe};
pub use raster::ENGINE as PICTURES;
pub use reason::Reason;
pub use sandbox::{Layer, Layers};
pub use several::{DrawnPage, PAGES_AT_ONCE_MAX, PageWish};
pub use sheets::{PAGE_END, SHEETS, sheet};
pub use worker::{Given, WORKER_COMMAND, behind_layers, given_main, worker_main};

/// What a document is, judged by its first bytes and never by its name.
///
/// Only formats that can be read have a name of their own; whatever is added gets its variant here, its
/// engine below and its arm in the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A PDF file.
    Pdf,
    /// Plain text in UTF-8, UTF-16 with a byte order mark, or Windows-1252.
    Text,
    /// A text document in the manner of Office Open XML.
    Docx,
    /// A table in the manner of Office Open XML.
    Xlsx,
    /// A presentation in the manner of Office Open XML.
    Pptx,
    /// A text in `OpenDocument`.
    Odt,
    /// A table in `OpenDocument`.
    Ods,
    /// A presentation in `OpenDocument`.
    Odp,
    /// Rich Text Format.
    Rtf,
    /// A table as text: cells parted by semicolons, tabs or commas.
    Csv,
    /// HTML.
    Html,
    /// An invoice of EN 16931 in UBL.
    Ubl,
    /// An invoice of EN 16931 in UN/CEFACT CII.
    Cii,
    /// A mail as it travels: RFC 5322 and MIME.
    Mail,
    /// A mail as Outlook keeps it.
    Outlook,
    /// A zip archive that is no document of an office.
    Archive,
    /// A picture in JPEG.
    Jpeg,
    /// A picture in PNG.
    Png,
    /// Pictures in TIFF, one for each page.
    Tiff,
    /// A picture in WebP.
    Webp,
    /// Anything else. It is kept and can be found by its metadata.
    Unknown,
}

impl Format {
    /// Every format, in the order of their numbers between server and worker.
    pub const ALL: [Self; 21] = [
        Self::Pdf,
        Self::Text,
        Self::Docx,
        Self::Xlsx,
        Self::Pptx,
        Self::Odt,
        Self::Ods,
        Self::Odp,
        Self::Rtf,
        Self::Csv,
        Self::Html,
        Self::Ubl,
        Self::Cii,
        Self::Mail,
        Self::Outlook,
        Self::Archive,
        Self::Jpeg,
        Self::Png,
        Self::Tiff,
        Self::Webp,
        Self::Unknown,
    ];

    /// The stable name of the format, for rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Text => "text",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pptx => "pptx",
            Self::Odt => "odt",
            Self::Ods => "ods",
            Self::Odp => "odp",
            Self::Rtf => "rtf",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Ubl => "ubl",
            Self::Cii => "cii",
            Self::Mail => "mail",
            Self::Outlook => "outlook",
            Self::Archive => "archive",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Tiff => "tiff",
            Self::Webp => "webp",
            Self::Unknown => "unknown",
        }
    }

    /// The media type under which such content usually comes.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => {
                "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            }
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
            Self::Rtf => "application/rtf",
            Self::Csv => "text/csv",
            Self::Html => "text/html",
            Self::Ubl | Self::Cii => "application/xml",
            Self::Mail => "message/rfc822",
            Self::Outlook => "application/vnd.ms-outlook",
            Self::Archive => "application/zip",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Webp => "image/webp",
            Self::Unknown => "application/octet-stream",
        }
    }

    /// The format of content that begins with `head`, where the first kilobyte leaves no doubt about it.
    pub fn unmistakable(head: &[u8]) -> Option<Self> {
        detect::unmistakable(head)
    }

    /// The format of an archive in the manner of zip that ends with `tail`, by what its members are called: a document
    /// of an office, or an archive that is none. [`TAIL_BYTES`] are enough.
    pub fn packed(tail: &[u8]) -> Option<Self> {
        directory::format(tail)
    }

    /// Whether its pages can be drawn, for people and for recognition.
    pub const fn is_drawn(self) -> bool {
        matches!(
            self,
            Self::Pdf | Self::Jpeg | Self::Png | Self::Tiff | Self::Webp
        )
    }

    /// Whether an office program can make pages of it.
    pub const fn is_of_office(self) -> bool {
        matches!(
            self,
            Self::Docx | Self::Xlsx | Self::Pptx | Self::Odt | Self::Ods | Self::Odp | Self::Rtf
        )
    }

    /// The engine that reads this format.
    pub const fn engine(self) -> Engine {
        match self {
            Self::Pdf => pdf::ENGINE,
            Self::Text => plain::ENGINE,
            Self::Docx => office::DOCX,
            Self::Xlsx => office::XLSX,
            Self::Pptx => office::PPTX,
            Self::Odt => office::ODT,
            Self::Ods => office::ODS,
            Self::Odp => office::ODP,
            Self::Rtf => rtf::ENGINE,
            Self::Csv => separated::ENGINE,
            Self::Html => html::ENGINE,
            Self::Ubl => invoice::UBL,
            Self::Cii => invoice::CII,
            Self::Mail => mail::ENGINE,
            Self::Outlook => outlook::ENGINE,
            Self::Archive => archive::ENGINE,
            Self::Jpeg | Self::Png | Self::Tiff | Self::Webp => raster::ENGINE,
            // Raised with every format that is added, and with what is told to be biometric: what was unknown
            // before is looked at again.
            Self::Unknown => Engine {
                name: "none",
                version: "5",
            },
        }
    }
}

/// Which program produced a text; a newer version is a reason to extract again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Its name.
    pub name: &'static str,
    /// Its version; what follows a `+` counts our own part of the work.
    pub version: &'static str,
}

/// Whether a text that names this engine and version, with a space between, was read by another
/// version than today's of the same engine.
pub fn is_outdated(engine: &str) -> bool {
    engine.rsplit_once(' ').is_some_and(|(name, version)| {
        let mut known = Format::ALL.iter().map(|format| format.engine());
        known.any(|today| today.name == name && today.version != version)
    })
}

/// The names of the engines that read what can be drawn, each once.
pub fn drawn_engines() -> Vec<&'static str> {
    let drawn = Format::ALL.into_iter().filter(|format| format.is_drawn());
    let mut names: Vec<&str> = drawn.map(|format| format.engine().name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a text that names this engine, with its version behind a space, is one of pages that can be
/// drawn.
pub fn is_drawn(engine: &str) -> bool {
    let name = engine.split(' ').next().unwrap_or_default();
    drawn_engines().contains(&name)
}

/// How much of a document's text could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextState {
    /// All pages.
    Readable,
    /// Some of it; the rest is missing for this reason.
    PartlyReadable {
        /// Why the rest is missing.
        reason: Reason,
    },
    /// Nothing.
    Unreadable {
        /// Why there is no text.
        reason: Reason,
    },
}

impl TextState {
    /// Why text is missing, if any is.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Readable => None,
            Self::PartlyReadable { reason } | Self::Unreadable { reason } => Some(reason),
        }
    }
}

/// The text of one page; its place in [`Extraction::pages`] is its number less one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    /// Lines end in `\n`. A word broken at the end of a line keeps its hyphen: `-\n`.
    pub text: String,
    /// How good it is.
    pub state: PageState,
}

/// How much of a page could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// All of it, or it is blank.
    Read,
    /// It shows something that is not text, or text that cannot be told: character recognition
    /// could help.
    NeedsOcr,
    /// Its end is missing because a limit was reached.
    Cut,
    /// The reader stumbled; what came before is here.
    Damaged,
}

/// A limit that a document ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`Limits::content_bytes_max`]
    Content,
    /// [`Limits::pages_max`]
    Pages,
    /// [`Limits::page_chars_max`]
    PageChars,
    /// [`Limits::document_chars_max`]
    DocumentChars,
    /// [`Limits::cpu_seconds_max`] or [`Limits::wall_time_max`]
    Time,
    /// [`Limits::memory_bytes_max`]
    Memory,
}

/// What came out of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// How much of it could be read.
    pub state: TextState,
    /// What it is.
    pub format: Format,
    /// Its pages in order.
    pub pages: Vec<PageText>,
    /// Who read it.
    pub engine: Engine,
    /// The limits it ran into, each once.
    pub limits_hit: Vec<Limit>,
    /// What the invoice is about that it is or holds.
    pub invoice: Option<Invoice>,
    /// What held the worker while it read; none where no worker was needed.
    pub sandbox: Layers,
    /// The reader panicked, and not only within a page: the document counts as damaged, and the reader is
    /// to be mended.
    pub stumbled: bool,
    /// What a mail says of itself, where it is one.
    pub mail: Option<Box<Mail>>,
    /// How many parts were taken out whole, one after the other.
    pub parts: u32,
    /// What was not taken out: the first of it, by name.
    pub left_out: Vec<LeftOut>,
    /// The place of the password that opened it, among those that were tried.
    pub opened: Option<usize>,
    /// Its pages are a cover: it is there for what is attached to it.
    pub portfolio: bool,
    /// The numbers of the pages that bring their text and may hold codes too, beginning with 0: what is drawn
    /// there looks like it. Nobody has looked at them yet ([`Opening::look`]).
    pub marked: Vec<u32>,
}

/// What one document may cost. A worker is told these when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest content that is read at all.
    pub content_bytes_max: u64,
    /// Pages; those beyond are not read.
    pub pages_max: u32,
    /// Characters of one page.
    pub page_chars_max: u32,
    /// Characters of one document.
    pub document_chars_max: u32,
    /// Address space of the worker.
    pub memory_bytes_max: u64,
    /// Processor time of the worker.
    pub cpu_seconds_max: u32,
    /// From the start of the worker to its end.
    pub wall_time_max: Duration,
    /// Workers that run at the same time; further documents wait.
    pub workers_max: usize,
    /// Parts that are taken out of one document and of what was taken out of it.
    pub parts_max: u32,
    /// Bytes of all of them, unpacked.
    pub parts_bytes_max: u64,
    /// How many times larger than in its archive a part may become.
    pub parts_ratio_max: u32,
    /// How deep parts may lie in parts.
    pub parts_depth_max: u32,
    /// Pages of one document that bring their text and are looked at for codes.
    pub codes_pages_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            content_bytes_max: 256 << 20,
            pages_max: 2_000,
            page_chars_max: 200_000,
            document_chars_max: 5_000_000,
            memory_bytes_max: 1 << 30,
            cpu_seconds_max: 20,
            wall_time_max: Duration::from_secs(60),
            workers_max: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            parts_max: 1_000,
            parts_bytes_max: 1 << 30,
            parts_ratio_max: 250,
            parts_depth_max: 5,
            codes_pages_max: 200,
        }
    }
}
