//! Documents that a test makes for itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, StringFormat, dictionary};

/// A picture in which there is nothing: a white page, of 16 by 24 dots, as PNG.
const WHITE: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAYCAAAAADWyyLQAAAAEUlEQVR42mP4jwYYRgUGgwAA4Wh+kCkFbXwAAAAASUVORK5CYII=";

/// A scan that is read at once: a white page.
///
/// # Panics
/// Never: the text is our own.
#[must_use]
pub fn white_page() -> Vec<u8> {
    STANDARD.decode(WHITE).expect("base64")
}

/// A born-digital PDF with these pages; each line of a page is a line of text. German letters, § and € are
/// carried by Windows-1252, the encoding of every standard font.
///
/// # Panics
/// On a character that the encoding does not have.
#[must_use]
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut document = Document::with_version("1.7");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let mut kids: Vec<Object> = Vec::new();
    for page in pages {
        let content = document.add_object(Stream::new(dictionary! {}, page_content(page)));
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        });
        kids.push(page.into());
    }
    let count = i64::try_from(kids.len()).expect("few pages");
    let pages = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    document.objects.insert(tree, Object::Dictionary(pages));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document
        .save_to(&mut bytes)
        .expect("a vector takes every byte");
    bytes
}

/// As [`pdf`], of one page and with a comment at the end that makes its bytes unlike any other's.
#[must_use]
pub fn unique_pdf(text: &str) -> Vec<u8> {
    let mut bytes = pdf(&[text]);
    bytes.extend_from_slice(format!("\n% {}\n", uuid::Uuid::now_v7()).as_bytes());
    bytes
}

/// As [`unique_pdf`], with so many bytes more that nobody sees.
///
/// # Panics
/// Never: what is read again is our own.
#[must_use]
pub fn heavy_pdf(text: &str, bytes: usize) -> Vec<u8> {
    let mut document = Document::load_mem(&pdf(&[text])).expect("a PDF");
    document.add_object(Stream::new(dictionary! {}, vec![b'.'; bytes]));
    let mut heavy = Vec::new();
    document
        .save_to(&mut heavy)
        .expect("a vector takes every byte");
    heavy.extend_from_slice(format!("\n% {}\n", uuid::Uuid::now_v7()).as_bytes());
    heavy
}

fn page_content(text: &str) -> Vec<u8> {
    let mut operations = vec![
        Operation::new("BT", vec![]),
        Operation::new("Tf", vec!["F1".into(), 11.into()]),
        Operation::new("TL", vec![14.into()]),
        Operation::new("Td", vec![60.into(), 780.into()]),
    ];
    for line in text.lines() {
        let line = Object::String(windows_1252(line), StringFormat::Literal);
        operations.push(Operation::new("Tj", vec![line]));
        operations.push(Operation::new("T*", vec![]));
    }
    operations.push(Operation::new("ET", vec![]));
    Content { operations }.encode().expect("plain operations")
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| match character {
            '€' => 0x80,
            '„' => 0x84,
            '‚' => 0x82,
            '‘' => 0x91,
            '’' => 0x92,
            '“' => 0x93,
            '”' => 0x94,
            '–' => 0x96,
            '—' => 0x97,
            other => u8::try_from(u32::from(other)).expect("a character of Windows-1252"),
        })
        .collect()
}
