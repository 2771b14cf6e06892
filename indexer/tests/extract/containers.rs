//! Builds zip containers, and what office programs write, as small as it can be, so that each test
//! says what is in it.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A zip container with these members in this order; `mimetype` is stored as it is, and what ends in
/// a slash is a folder.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let method = if *name == "mimetype" {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        let options = SimpleFileOptions::default().compression_method(method);
        if name.ends_with('/') {
            zip.add_directory(*name, options).expect("a folder");
            continue;
        }
        zip.start_file(*name, options).expect("a member");
        zip.write_all(content).expect("a vector takes all");
    }
    zip.finish().expect("a vector takes all").into_inner()
}

const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A list of relations: the last word of the type, and the target; ids are `rId1`, `rId2` …
pub(crate) fn relations(all: &[(&str, &str)]) -> String {
    let each: String = (1..)
        .zip(all)
        .map(|(number, (kind, target))| {
            format!("<Relationship Id='rId{number}' Type='{OFFICE}/{kind}' Target='{target}'/>")
        })
        .collect();
    format!("<Relationships xmlns='{PACKAGE}/relationships'>{each}</Relationships>")
}

/// A list of content types with this main part.
pub(crate) fn types(part: &str, kind: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><Types xmlns='{PACKAGE}/content-types'>\
         <Default Extension='xml' ContentType='application/xml'/>\
         <Override PartName='/{part}' ContentType='application/vnd.openxmlformats-officedocument.\
         {kind}.main+xml'/></Types>"
    )
}

fn package(main: &str, kind: &str, parts: &[(&str, String)]) -> Vec<u8> {
    let types = types(main, kind);
    let mut members: Vec<(&str, &[u8])> = vec![("[Content_Types].xml", types.as_bytes())];
    members.extend(parts.iter().map(|(name, part)| (*name, part.as_bytes())));
    zip(&members)
}

/// The names that every part of a text document may use.
pub(crate) const WORD: &str = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' \
    xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'";

/// A docx whose body this is, with further parts by name; their relations are in `related`.
pub(crate) fn docx(body: &str, related: &[(&str, &str)], parts: &[(&str, String)]) -> Vec<u8> {
    let document = format!("<w:document {WORD}><w:body>{body}</w:body></w:document>");
    let mut all = vec![
        ("word/document.xml", document),
        ("word/_rels/document.xml.rels", relations(related)),
    ];
    all.extend_from_slice(parts);
    package("word/document.xml", "wordprocessingml.document", &all)
}

/// A paragraph of a docx.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// An xlsx with these sheets by name, with shared strings and styles.
pub(crate) fn xlsx(sheets: &[(&str, &str)], strings: &str, styles: &str) -> Vec<u8> {
    let list: String = (1..)
        .zip(sheets)
        .map(|(n, (name, _))| format!("<sheet name='{name}' sheetId='{n}' r:id='rId{n}'/>"))
        .collect();
    let book = format!("<workbook xmlns:r='{OFFICE}'><sheets>{list}</sheets></workbook>");
    let targets: Vec<String> = (1..=sheets.len())
        .map(|n| format!("worksheets/sheet{n}.xml"))
        .collect();
    let mut related: Vec<(&str, &str)> = targets.iter().map(|it| ("worksheet", &**it)).collect();
    related.extend([
        ("sharedStrings", "sharedStrings.xml"),
        ("styles", "styles.xml"),
    ]);
    let names: Vec<String> = targets.iter().map(|it| format!("xl/{it}")).collect();
    let mut parts = vec![
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", relations(&related)),
        ("xl/sharedStrings.xml", format!("<sst>{strings}</sst>")),
        (
            "xl/styles.xml",
            format!("<styleSheet>{styles}</styleSheet>"),
        ),
    ];
    for (name, (_, rows)) in names.iter().zip(sheets) {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        parts.push((name, sheet));
    }
    package("xl/workbook.xml", "spreadsheetml.sheet", &parts)
}

/// A pptx with these slides; the first one has notes.
pub(crate) fn pptx(slides: &[&str], notes: &str) -> Vec<u8> {
    let list: String = (1..=slides.len())
        .map(|n| format!("<p:sldId id='{}' r:id='rId{n}'/>", 255 + n))
        .collect();
    let show = format!(
        "<p:presentation xmlns:p='p' xmlns:r='{OFFICE}'><p:sldIdLst>{list}</p:sldIdLst>\
         </p:presentation>"
    );
    let targets: Vec<String> = (1..=slides.len())
        .map(|n| format!("slides/slide{n}.xml"))
        .collect();
    let related: Vec<(&str, &str)> = targets.iter().map(|it| ("slide", &**it)).collect();
    let names: Vec<String> = targets.iter().map(|it| format!("ppt/{it}")).collect();
    let mut parts = vec![
        ("ppt/presentation.xml", show),
        ("ppt/_rels/presentation.xml.rels", relations(&related)),
        (
            "ppt/slides/_rels/slide1.xml.rels",
            relations(&[("notesSlide", "../notesSlides/notesSlide1.xml")]),
        ),
        ("ppt/notesSlides/notesSlide1.xml", slide(notes)),
    ];
    for (name, content) in names.iter().zip(slides) {
        parts.push((name, slide(content)));
    }
    package(
        "ppt/presentation.xml",
        "presentationml.presentation",
        &parts,
    )
}

fn slide(content: &str) -> String {
    format!("<p:sld xmlns:p='p' xmlns:a='a'>{content}</p:sld>")
}

/// An `OpenDocument` of this kind (`text`, `spreadsheet`, `presentation`).
pub(crate) fn open_document(kind: &str, body: &str, styles: &str) -> Vec<u8> {
    let names = "xmlns:office='o' xmlns:text='t' xmlns:table='b' xmlns:draw='d' xmlns:dc='c' \
                 xmlns:style='s' xmlns:presentation='p'";
    let content = format!(
        "<office:document-content {names}><office:body><office:{kind}>{body}</office:{kind}>\
         </office:body></office:document-content>"
    );
    let styles = format!(
        "<office:document-styles {names}><office:master-styles>{styles}</office:master-styles>\
         </office:document-styles>"
    );
    let mimetype = format!("application/vnd.oasis.opendocument.{kind}");
    zip(&[
        ("mimetype", mimetype.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("styles.xml", styles.as_bytes()),
    ])
}
