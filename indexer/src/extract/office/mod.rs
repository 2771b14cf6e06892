//! Office formats: zip containers that hold XML. Which one it is, the container says itself: by its
//! member `mimetype` or by its list of content types, never by its name.

mod numbers;
mod open_document;
mod sheets;
mod slides;
mod text_document;

use std::collections::HashMap;

use super::markup::{self, Item, Markup};
use super::package::Package;
use super::pager::{Pager, Reading};
use super::wire::End;
use super::{Engine, Format};

pub(super) const DOCX: Engine = Engine {
    name: "docx",
    version: "1",
};
pub(super) const XLSX: Engine = Engine {
    name: "xlsx",
    version: "1",
};
pub(super) const PPTX: Engine = Engine {
    name: "pptx",
    version: "1",
};
pub(super) const ODT: Engine = Engine {
    name: "odt",
    version: "1",
};
pub(super) const ODS: Engine = Engine {
    name: "ods",
    version: "1",
};
pub(super) const ODP: Engine = Engine {
    name: "odp",
    version: "1",
};

/// The kinds of main part, by what is in their content type: plain, template, show, with macros.
const MAIN_PARTS: [(&str, Format); 10] = [
    ("wordprocessingml.document.main+xml", Format::Docx),
    ("wordprocessingml.template.main+xml", Format::Docx),
    ("application/vnd.ms-word.", Format::Docx),
    ("spreadsheetml.sheet.main+xml", Format::Xlsx),
    ("spreadsheetml.template.main+xml", Format::Xlsx),
    ("application/vnd.ms-excel.", Format::Xlsx),
    ("presentationml.presentation.main+xml", Format::Pptx),
    ("presentationml.slideshow.main+xml", Format::Pptx),
    ("presentationml.template.main+xml", Format::Pptx),
    ("application/vnd.ms-powerpoint.", Format::Pptx),
];

/// Reads a container, if it is one of an office program.
pub(super) fn read(content: &[u8], pager: &mut Pager<'_>) -> Reading {
    let mut package = Package::open(content)?;
    if let Some(format) = open_document(&mut package)? {
        pager.format(format)?;
        open_document::read(&mut package, format, pager)?;
    } else if let Some((format, main)) = office_open(&mut package)? {
        pager.format(format)?;
        if format == Format::Docx {
            text_document::read(&mut package, &main, pager)?;
        } else if format == Format::Xlsx {
            sheets::read(&mut package, &main, pager)?;
        } else {
            slides::read(&mut package, &main, pager)?;
        }
    } else {
        return Err(End::Unknown.into());
    }
    if package.is_damaged() {
        return Err(End::Damaged.into());
    }
    Ok(())
}

fn open_document(package: &mut Package<'_>) -> Reading<Option<Format>> {
    let Some(kind) = package.read("mimetype")? else {
        return Ok(None);
    };
    let kind = String::from_utf8_lossy(&kind);
    let Some(kind) = kind
        .trim()
        .strip_prefix("application/vnd.oasis.opendocument.")
    else {
        return Ok(None);
    };
    let kind = kind
        .trim_end_matches("-template")
        .trim_end_matches("-master");
    Ok(match kind {
        "text" => Some(Format::Odt),
        "spreadsheet" => Some(Format::Ods),
        "presentation" => Some(Format::Odp),
        _ => None,
    })
}

/// The main part of a container in the manner of Office Open XML, and what it is.
fn office_open(package: &mut Package<'_>) -> Reading<Option<(Format, String)>> {
    let Some(types) = package.read("[Content_Types].xml")? else {
        return Ok(None);
    };
    let types = markup::decode(&types);
    let mut markup = Markup::new(&types);
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        if start.local_name().as_ref() != b"Override" {
            continue;
        }
        let kind = markup::attribute(&start, b"ContentType").unwrap_or_default();
        let is_main = kind.contains(".main+xml");
        let format = MAIN_PARTS
            .iter()
            .find(|(part, _)| is_main && kind.contains(part));
        if let Some((_, format)) = format {
            let name = markup::attribute(&start, b"PartName").unwrap_or_default();
            return Ok(Some((*format, name.trim_start_matches('/').to_owned())));
        }
    }
    Ok(None)
}

/// A part that another one names.
struct Relation {
    /// The last word of its type.
    kind: String,
    /// Its name in the container.
    target: String,
}

/// The parts that `part` names, by their ids. What lies outside of the container is not among them.
fn relations(package: &mut Package<'_>, part: &str) -> Reading<HashMap<String, Relation>> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let list = format!("{folder}/_rels/{name}.rels");
    let mut all = HashMap::new();
    let Some(list) = package.read(list.trim_start_matches('/'))? else {
        return Ok(all);
    };
    let list = markup::decode(&list);
    let mut markup = Markup::new(&list);
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        let said = |name: &[u8]| markup::attribute(&start, name).unwrap_or_default();
        if start.local_name().as_ref() != b"Relationship" || said(b"TargetMode") == "External" {
            continue;
        }
        let kind = said(b"Type");
        let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
        let target = within(folder, &said(b"Target"));
        all.insert(said(b"Id"), Relation { kind, target });
    }
    Ok(all)
}

/// The name that `target` means where it is said in `folder`.
fn within(folder: &str, target: &str) -> String {
    let whole = if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("{folder}/{target}")
    };
    let mut steps: Vec<&str> = Vec::new();
    for step in whole.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            _ => steps.push(step),
        }
    }
    steps.join("/")
}

/// The parts of this kind, in the order of their names.
fn of_kind(relations: &HashMap<String, Relation>, kind: &str) -> Vec<String> {
    let mut all: Vec<String> = relations
        .values()
        .filter(|relation| relation.kind == kind)
        .map(|relation| relation.target.clone())
        .collect();
    // header2 comes before header10.
    all.sort_by_key(|name| (name.len(), name.clone()));
    all.dedup();
    all
}

/// A number as a cell with this format code shows it. For the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn shown(code: &str, number: f64, from_1904: bool) -> String {
    numbers::Style::of(code).show(number, from_1904)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_named_from_where_it_is_named() {
        assert_eq!(within("word", "header1.xml"), "word/header1.xml");
        assert_eq!(
            within("ppt/slides", "../notesSlides/n.xml"),
            "ppt/notesSlides/n.xml"
        );
        assert_eq!(
            within("xl", "/xl/worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(within("word", "../../../etc/passwd"), "etc/passwd");
    }
}
