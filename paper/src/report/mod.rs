//! Reports: what the program itself writes down for people. Protocols, routing slips, histories of files, cover
//! sheets, letters and notes. PDF/A-2a and PDF/UA-1.
//!
//! A report is a title, what stands around it ([`Head`]), and blocks from top to bottom; [`render`] writes it. Text
//! is text: nothing in it is a sign of anything. What cannot be printed never stops a report: what steers (such as
//! U+202E) is left out, and a character that the font does not have becomes `[?]`.

mod layout;

use crate::page::draw::{self, About};
use crate::page::flow::Flow;
use crate::page::letters::{Letters, plain};
use crate::{Moment, PaperError};

/// Most pages of a report.
pub const PAGES_MAX: usize = 2_000;

/// In which language a report is: what reads it aloud must know, and what the engine adds is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// German.
    #[default]
    German,
    /// German in simple words: all letters are larger.
    Simple,
    /// English.
    English,
}

impl Lang {
    /// As BCP 47 has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::Simple => "de-simple",
            Self::English => "en",
        }
    }
}

/// What the program writes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is: the first heading, and the title of the PDF.
    pub title: String,
    /// In which language it is.
    pub lang: Lang,
    /// What stands around it.
    pub head: Head,
    /// What it says, from top to bottom.
    pub blocks: Vec<Block>,
}

/// What stands around a report: who issues it, when, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The town: above each page, and the author of the PDF.
    pub town: String,
    /// The office in it: above the first page; on the others the title stands there.
    pub office: String,
    /// To whom a letter goes, line by line: in the window of an envelope (DIN 5008, form B). Empty where it is none.
    pub to: Vec<String>,
    /// Under which reference it is kept; below the title.
    pub reference: Option<String>,
    /// The civil date, as it is written; below the title.
    pub date: Option<String>,
    /// At the foot of each page, on the left: by what the sheet is known that lies alone on a table.
    pub foot: String,
    /// What the PDF says about itself, for machines.
    pub about: String,
    /// What made it.
    pub creator: String,
    /// When it was made.
    pub made: Moment,
}

/// What a report consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading. The title is level 1; levels are 2 to 4, and one that would be left out on the way down is not.
    Heading {
        /// 2, 3 or 4.
        level: u16,
        /// A line.
        text: String,
    },
    /// Text. An empty line begins a new paragraph, a single line break a new line.
    Paragraph(String),
    /// Labels and what they are of, one row below the other.
    Rows(Vec<Row>),
    /// A table, whose head stands on each page on which it goes on.
    Table(Table),
    /// Points.
    List(Vec<String>),
    /// Text with a bar beside it: what must not be overlooked.
    Notice {
        /// How much it matters.
        tone: Tone,
        /// In bold, above it.
        title: Option<String>,
        /// As a paragraph.
        text: String,
    },
    /// A code of squares, and what stands beside it.
    Code(Code),
    /// A line to be signed on by hand, with what stands below it.
    Signature(String),
    /// The next block begins a page, unless it would have.
    PageBreak,
}

/// A code of squares for machines, and on its right what it says for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// How many squares it has along each side, without the light edge that stands around it.
    pub squares: u16,
    /// The dark ones: how many squares from the left and from the top.
    pub dark: Vec<(u16, u16)>,
    /// What is said instead of seeing it.
    pub told: String,
    /// Beside it, as a paragraph.
    pub text: String,
    /// Below that in letters that are all equally wide, line by line as it stands, so that it can be copied letter by
    /// letter.
    pub letters: String,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// It explains.
    #[default]
    Plain,
    /// It warns.
    Warning,
}

/// A label and what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub label: String,
    /// What it is; a dash stands for nothing.
    pub value: String,
}

impl Row {
    /// A label and what it is of.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its columns, from left to right; a table without any is left out.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell for each column: a cell that is missing is a dash, one too many joins the last.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands above it.
    pub label: String,
    /// How wide it is, in parts of all; 0 counts as 1.
    pub share: u16,
    /// Where its cells stand.
    pub align: Align,
}

impl Column {
    /// A column of words.
    pub fn new(label: impl Into<String>, share: u16) -> Self {
        Self {
            label: label.into(),
            share,
            align: Align::Left,
        }
    }

    /// A column of numbers.
    pub fn of_numbers(label: impl Into<String>, share: u16) -> Self {
        Self {
            align: Align::Right,
            ..Self::new(label, share)
        }
    }
}

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// Makes a report. The same makes the same bytes.
///
/// # Errors
///
/// [`PaperError::TooLong`] beyond [`PAGES_MAX`]; what else [`PaperError`] names is never for what a text says.
pub fn render(report: &Report) -> Result<Vec<u8>, PaperError> {
    let letters = Letters::new()?;
    write(&layout::lay(&letters, report)?, report)
}

/// The same in small letters and close lines: for what is to stand on a single sheet.
///
/// # Errors
///
/// As [`render`].
pub fn render_dense(report: &Report) -> Result<Vec<u8>, PaperError> {
    let letters = Letters::new()?;
    write(&layout::lay_dense(&letters, report)?, report)
}

fn write(flow: &Flow<'_>, report: &Report) -> Result<Vec<u8>, PaperError> {
    let head = &report.head;
    let about = About {
        title: layout::line(&report.title),
        language: report.lang.code(),
        description: plain(&head.about),
        author: plain(&head.town),
        creator: plain(&head.creator),
        made: head.made,
    };
    draw::write(flow, &about)
}

#[cfg(test)]
mod tests;
