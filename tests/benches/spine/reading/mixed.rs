//! Documents of many formats, no two alike: what lies on the drives of an office.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::data;
use crate::material::{Pool, pdf};

const INVOICE: &str = include_str!("../../../data/xrechnung/01.01a-INVOICE_ubl.xml");
/// One in so many is a scan: its page is recognised.
const SCAN_OF: u64 = 250;
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Writes so many documents into folders of a hundred.
pub(super) fn write(pool: &Pool, folder: &Path, count: u64) {
    let scans = ["scan-emog.pdf", "fax-markeng.tif"];
    let scans = scans.map(|name| (name, fs::read(data(name)).expect("a scan")));
    for number in 0..count {
        let inside = folder.join(format!("{:04}", number / 100));
        fs::create_dir_all(&inside).expect("a folder");
        let (ending, content) = if number % SCAN_OF == SCAN_OF / 2 {
            let at = usize::from(number / SCAN_OF % 2 == 1);
            let (name, scan) = scans.get(at).expect("two scans");
            scanned(name, scan, number)
        } else {
            document(pool, number)
        };
        let path = inside.join(format!("{number:06}.{ending}"));
        fs::write(path, content).expect("room on the disk");
    }
}

/// A scan, with bytes at its end that nobody looks at.
fn scanned(name: &str, scan: &[u8], number: u64) -> (&'static str, Vec<u8>) {
    let ending = if name.ends_with("tif") { "tif" } else { "pdf" };
    let mut content = scan.to_vec();
    content.extend_from_slice(format!("\n% {number}\n").as_bytes());
    (ending, content)
}

/// Half of them PDFs of 5 to 75 KB, three pages each; the others in eight formats.
fn document(pool: &Pool, number: u64) -> (&'static str, Vec<u8>) {
    if number.is_multiple_of(2) {
        let weight = usize::try_from(number / 2 % 8).unwrap_or_default();
        return ("pdf", pdf(pool, number, 5_000 + weight * 10_000));
    }
    let pages = pool.pages(number);
    let text = format!("Vorgang {number}\n\n{}", pages.join("\n\n"));
    match number / 2 % 8 {
        0 => ("docx", docx(&text)),
        1 => ("txt", text.into_bytes()),
        2 => ("html", html(&text)),
        3 => ("csv", csv(&text)),
        4 => ("rtf", rtf(&text)),
        5 => ("eml", mail(pool, number, &text)),
        6 => ("xml", invoice(number)),
        _ => ("xlsx", xlsx(&text)),
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

fn paragraphs(text: &str) -> impl Iterator<Item = String> {
    text.split("\n\n").map(escaped)
}

fn packed(members: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default())
            .expect("a member");
        zip.write_all(content.as_bytes())
            .expect("a vector takes all");
    }
    zip.finish().expect("a vector takes all").into_inner()
}

/// The list of parts of a document of an office.
fn types(part: &str, kind: &str) -> String {
    format!("<Types><Override PartName='{part}' ContentType='{kind}.main+xml'/></Types>")
}

fn docx(text: &str) -> Vec<u8> {
    let body: String = paragraphs(text)
        .map(|text| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"))
        .collect();
    let body = format!("<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
    let types = types("/word/document.xml", WORD);
    packed(&[
        ("[Content_Types].xml", types.as_str()),
        ("word/document.xml", body.as_str()),
    ])
}

fn xlsx(text: &str) -> Vec<u8> {
    let rows: String = paragraphs(text)
        .enumerate()
        .map(|(row, text)| {
            let row = row + 1;
            format!(
                "<row r='{row}'><c r='A{row}'><v>{row}</v></c>\
                 <c r='B{row}' t='inlineStr'><is><t>{text}</t></is></c></row>"
            )
        })
        .collect();
    let office = "http://schemas.openxmlformats.org";
    let main = format!("{office}/spreadsheetml/2006/main");
    let of = format!("{office}/officeDocument/2006/relationships");
    let book = format!(
        "<workbook xmlns='{main}' xmlns:r='{of}'><sheets>\
         <sheet name='Liste' sheetId='1' r:id='r1'/></sheets></workbook>"
    );
    let sheet = format!("<worksheet xmlns='{main}'><sheetData>{rows}</sheetData></worksheet>");
    let relations = format!(
        "<Relationships xmlns='{office}/package/2006/relationships'>\
         <Relationship Id='r1' Type='{of}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
    );
    let types = types("/xl/workbook.xml", SHEET);
    packed(&[
        ("[Content_Types].xml", types.as_str()),
        ("xl/workbook.xml", book.as_str()),
        ("xl/_rels/workbook.xml.rels", relations.as_str()),
        ("xl/worksheets/sheet1.xml", sheet.as_str()),
    ])
}

fn html(text: &str) -> Vec<u8> {
    let body: String = paragraphs(text)
        .map(|text| format!("<p>{text}</p>\n"))
        .collect();
    format!("<!doctype html><html><head><title>Vorgang</title></head><body>{body}</body></html>")
        .into_bytes()
}

fn csv(text: &str) -> Vec<u8> {
    let mut rows = "Nummer;Text;Betrag\n".to_owned();
    for (row, text) in text.split("\n\n").enumerate() {
        let text = text.replace('"', "'");
        rows.push_str(&format!("{row};\"{text}\";{},50\n", row * 37));
    }
    rows.into_bytes()
}

fn rtf(text: &str) -> Vec<u8> {
    let mut content = "{\\rtf1\\ansi\\ansicpg1252\\deff0 ".to_owned();
    for letter in text.chars() {
        match letter {
            '\\' | '{' | '}' => content.extend(['\\', letter]),
            '\n' => content.push_str("\\par\n"),
            letter if letter.is_ascii() => content.push(letter),
            letter => content.push_str(&format!("\\u{}?", u32::from(letter))),
        }
    }
    content.push('}');
    content.into_bytes()
}

/// A mail with a text and a PDF.
fn mail(pool: &Pool, number: u64, text: &str) -> Vec<u8> {
    use base64::Engine as _;
    let attached = pdf(pool, number, 5_000);
    let encoded = base64::engine::general_purpose::STANDARD.encode(attached);
    let mut lines = String::new();
    for (at, letter) in encoded.chars().enumerate() {
        if at > 0 && at % 76 == 0 {
            lines.push_str("\r\n");
        }
        lines.push(letter);
    }
    let text = text.replace('\n', "\r\n");
    format!(
        "From: Erika Beispiel <erika@example.org>\r\nTo: rathaus@example.org\r\n\
         Subject: Vorgang {number}\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100\r\n\
         Message-ID: <{number}@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"grenze\"\r\n\r\n--grenze\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {text}\r\n--grenze\r\nContent-Type: application/pdf; name=\"anlage.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"anlage.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{lines}\r\n--grenze--\r\n"
    )
    .into_bytes()
}

/// An invoice of the tests with a number of its own.
fn invoice(number: u64) -> Vec<u8> {
    INVOICE
        .replace("123456XX", &format!("R-{number:08}"))
        .into_bytes()
}
