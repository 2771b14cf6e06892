//! Prints a document of the demo town as a PDF: letterhead, address, reference, text, page numbers.
//!
//! The same document gives the same bytes, always: no clock, no chance, fixed ids.

mod canvas;
mod letterhead;

use lopdf::{Document, Object, Stream, dictionary};
use sha2::{Digest, Sha256};

use self::canvas::{Canvas, Colour, MM};
use super::content::{Channel, Direction, Town, TownDocument};
use super::layout::{Row, Style};
use super::metrics::Font;

const LEFT: f64 = 25.0 * MM;
const TEXT_WIDTH: f64 = 165.0 * MM;
/// The smallest size tried before a page is allowed to run into its foot.
const SIZE_MIN: f64 = 7.5;

/// Why a document could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The structure of the file was refused by the writer.
    #[error("the pages could not be put together")]
    Structure(#[source] lopdf::Error),
    /// The bytes could not be written.
    #[error("the file could not be written")]
    Write(#[source] std::io::Error),
}

/// What kind of paper a document is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paper {
    /// A letter of the town.
    Letter,
    /// Minutes, notes, contracts: the town's head, no address.
    Memo,
    /// A form of the town.
    Form,
    /// A letter from a citizen or an authority.
    Private,
    /// An invoice or an offer.
    Company,
    /// An e-mail.
    Mail,
}

impl Paper {
    fn of(document: &TownDocument) -> Self {
        let mail = document
            .pages
            .first()
            .is_some_and(|page| page.starts_with("Von: ") || page.starts_with("From: "));
        let counter = matches!(document.channel, Channel::Counter | Channel::Portal);
        match (document.direction, document.kind.as_str()) {
            _ if mail => Self::Mail,
            (_, "Formular") => Self::Form,
            (Direction::Incoming, "Antrag") if counter => Self::Form,
            (Direction::Incoming, "Rechnung" | "Angebot") => Self::Company,
            (Direction::Incoming, "Vertrag" | "Vermerk" | "Protokoll") => Self::Memo,
            (Direction::Incoming, _) => Self::Private,
            (Direction::Outgoing, "Vertrag" | "Ausschreibung" | "Satzung") => Self::Memo,
            (Direction::Outgoing, _) if !document.address.is_empty() => Self::Letter,
            (Direction::Outgoing | Direction::Internal, _) => Self::Memo,
        }
    }

    fn style(self, document: &TownDocument) -> Style {
        let serif = self == Self::Private && !document.correspondent.contains("Kreis");
        let (regular, bold) = if serif {
            (Font::Serif, Font::SerifBold)
        } else {
            (Font::Sans, Font::SansBold)
        };
        let justify = matches!(
            document.kind.as_str(),
            "Niederschrift" | "Satzung" | "Vertrag" | "Dienstanweisung" | "Vorlage"
        );
        Style {
            regular,
            bold,
            size: if serif { 11.5 } else { 10.8 },
            width: TEXT_WIDTH,
            justify,
            hyphenate: justify || self == Self::Letter,
            columns: !matches!(self, Self::Mail | Self::Private),
        }
    }
}

/// Prints a document.
///
/// # Errors
/// Only if the PDF writer refuses; the text never makes it fail.
pub fn render(document: &TownDocument, town: &Town) -> Result<Vec<u8>, PdfError> {
    let paper = Paper::of(document);
    let total = document.pages.len();
    let pages: Vec<Vec<u8>> = document
        .pages
        .iter()
        .enumerate()
        .map(|(index, text)| page(document, town, paper, text, (index + 1, total)))
        .collect();
    assemble(document, town, pages)
}

fn page(
    document: &TownDocument,
    town: &Town,
    paper: Paper,
    text: &str,
    (number, total): (usize, usize),
) -> Vec<u8> {
    let mut canvas = Canvas::default();
    let (top, bottom) = if number == 1 {
        letterhead::first(&mut canvas, document, town, paper)
    } else {
        letterhead::following(&mut canvas, document, town, paper)
    };
    let mut style = paper.style(document);
    let mut rows = style.rows(text);
    while style.height(&rows) > top - bottom && style.size > SIZE_MIN {
        style.size -= 0.25;
        rows = style.rows(text);
    }
    draw(&mut canvas, &rows, &style, top);
    if total > 1 || paper != Paper::Private {
        let label = format!("Seite {number} von {total}");
        let right = LEFT + TEXT_WIDTH - Font::Sans.width(&label, 8.0);
        canvas.text(right, 12.0 * MM, Font::Sans, 8.0, Colour::GREY, &label);
    }
    canvas.into_bytes()
}

fn draw(canvas: &mut Canvas, rows: &[Row], style: &Style, top: f64) {
    let mut y = top;
    for row in rows {
        y -= row.gap + style.leading();
        for run in &row.runs {
            canvas.spread(run.spread);
            canvas.text(
                LEFT + run.x,
                y,
                run.font,
                style.size,
                Colour::BLACK,
                &run.text,
            );
        }
        canvas.spread(0.0);
        if row.rule {
            canvas.line(
                LEFT,
                y - 3.0,
                LEFT + style.width,
                y - 3.0,
                0.5,
                Colour::GREY,
            );
        }
    }
}

fn assemble(
    document: &TownDocument,
    town: &Town,
    pages: Vec<Vec<u8>>,
) -> Result<Vec<u8>, PdfError> {
    let mut pdf = Document::with_version("1.7");
    let tree = pdf.new_object_id();
    let mut fonts = lopdf::Dictionary::new();
    for font in Font::ALL {
        let id = add_font(&mut pdf, font);
        fonts.set(font.key(), id);
    }
    let resources = pdf.add_object(dictionary! { "Font" => fonts });
    let mut digest = Sha256::new();
    let mut kids = Vec::new();
    for content in pages {
        digest.update(&content);
        let mut stream = Stream::new(lopdf::Dictionary::new(), content);
        stream.compress().map_err(PdfError::Structure)?;
        let contents = pdf.add_object(stream);
        kids.push(Object::from(pdf.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => tree,
            "MediaBox" => vec![0.into(), 0.into(), Object::Real(595.28), Object::Real(841.89)],
            "Resources" => resources,
            "Contents" => contents,
        })));
    }
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    pdf.objects.insert(
        tree,
        dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into(),
    );
    let catalog = pdf.add_object(dictionary! {
        "Type" => "Catalog",
        "Pages" => tree,
        "Lang" => Object::string_literal("de-DE"),
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
    });
    let day = document.date;
    let created = format!(
        "D:{:04}{:02}{:02}090000+01'00'",
        day.year(),
        u8::from(day.month()),
        day.day()
    );
    let info = pdf.add_object(dictionary! {
        "Title" => lopdf::text_string(&document.title),
        "Creator" => lopdf::text_string(&format!("Stadt {}", town.about.name)),
        "Producer" => Object::string_literal("Papierlos"),
        "CreationDate" => Object::string_literal(created),
    });
    digest.update(document.id.as_bytes());
    let id = Object::string_literal(hex::encode(digest.finalize()));
    pdf.trailer.set("Root", catalog);
    pdf.trailer.set("Info", info);
    pdf.trailer.set("ID", vec![id.clone(), id]);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).map_err(PdfError::Write)?;
    Ok(bytes)
}

fn add_font(pdf: &mut Document, font: Font) -> lopdf::ObjectId {
    let serif = matches!(font, Font::Serif | Font::SerifBold);
    let bold = matches!(font, Font::SansBold | Font::SerifBold);
    let descriptor = pdf.add_object(dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => font.base_name(),
        // Bit 6: nonsymbolic; bit 2: with serifs.
        "Flags" => if serif { 34 } else { 32 },
        "FontBBox" => vec![(-170).into(), (-228).into(), 1003.into(), 962.into()],
        "ItalicAngle" => 0,
        "Ascent" => if serif { 683 } else { 718 },
        "Descent" => if serif { -217 } else { -207 },
        "CapHeight" => if serif { 662 } else { 718 },
        "StemV" => if bold { 140 } else { 88 },
    });
    let widths: Vec<Object> = font
        .widths()
        .iter()
        .map(|width| i64::from(*width).into())
        .collect();
    pdf.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type1",
        "BaseFont" => font.base_name(),
        "Encoding" => "WinAnsiEncoding",
        "FirstChar" => 32,
        "LastChar" => 255,
        "Widths" => widths,
        "FontDescriptor" => descriptor,
    })
}
