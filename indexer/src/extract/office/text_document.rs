//! Documents of a word processor in the manner of Office Open XML (docx).

use std::collections::HashMap;

use super::super::flow::Flow;
use super::super::markup::{self, Item, Markup};
use super::super::package::Package;
use super::super::pager::{Pager, Reading};
use super::super::wire::End;
use super::{of_kind, relations};

/// The text of notes and comments, by kind and id.
type Notes = HashMap<(&'static str, String), String>;

/// The parts with notes: the kind of part, the element of one, and what refers to it.
const NOTES: [(&str, &[u8], &[u8]); 3] = [
    ("footnotes", b"footnote", b"footnoteReference"),
    ("endnotes", b"endnote", b"endnoteReference"),
    ("comments", b"comment", b"commentReference"),
];

pub(super) fn read(package: &mut Package<'_>, main: &str, pager: &mut Pager<'_>) -> Reading {
    let relations = relations(package, main)?;
    let mut notes = Notes::new();
    for (kind, element, _) in NOTES {
        for part in of_kind(&relations, kind) {
            if let Some(part) = package.read(&part)? {
                read_notes(&part, kind, element, &mut notes)?;
            }
        }
    }
    // The same header often stands in several parts: of the first page, of even pages.
    let mut said: Vec<String> = Vec::new();
    let mut margins = |package: &mut Package<'_>, kind: &str, pager: &mut Pager<'_>| -> Reading {
        for part in of_kind(&relations, kind) {
            let Some(part) = package.read(&part)? else {
                continue;
            };
            let text = collect(&part, &notes)?;
            if !said.contains(&text) {
                text.split('\n').try_for_each(|line| pager.flow(line))?;
                said.push(text);
            }
        }
        Ok(())
    };
    margins(package, "header", pager)?;
    let body = package.read(main)?.ok_or(End::Damaged)?;
    {
        let mut flow = Flow::new(pager);
        let read = walk(
            &mut Markup::new(&markup::decode(&body)),
            &notes,
            &mut flow,
            0,
        );
        // What stands before the damage is kept.
        flow.flush()?;
        read?;
    }
    margins(package, "footer", pager)
}

fn collect(part: &[u8], notes: &Notes) -> Reading<String> {
    let mut flow = Flow::collecting();
    walk(&mut Markup::new(&markup::decode(part)), notes, &mut flow, 0)?;
    flow.collected()
}

/// Reads the notes of a part; separators between notes and text have no text.
fn read_notes(part: &[u8], kind: &'static str, element: &[u8], notes: &mut Notes) -> Reading {
    let none = Notes::new();
    let text = markup::decode(part);
    let mut markup = Markup::new(&text);
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        if start.local_name().as_ref() == element {
            let id = markup::attribute(&start, b"id").unwrap_or_default();
            let mut flow = Flow::collecting();
            walk(&mut markup, &none, &mut flow, 1)?;
            notes.insert((kind, id), flow.collected()?);
        }
    }
    Ok(())
}

/// Reads up to the end of the part, or of the element that was opened last.
fn walk(markup: &mut Markup<'_>, notes: &Notes, flow: &mut Flow<'_, '_>, within: usize) -> Reading {
    let outside = markup.depth().saturating_sub(within);
    let mut is_text = false;
    while let Some(item) = markup.next()? {
        match item {
            Item::Open(start) => match start.local_name().as_ref() {
                // Deleted or moved away, codes of fields, and what is shown where a program does
                // not know better.
                b"del" | b"moveFrom" | b"delText" | b"instrText" | b"fldData" | b"Fallback" => {
                    markup.skip()?;
                }
                b"t" => is_text = true,
                b"tab" if is_run(&start) => flow.tab(),
                b"br" | b"cr" => {
                    if markup::attribute(&start, b"type").is_some_and(|kind| kind == "page") {
                        flow.page_break();
                    } else {
                        flow.line_break();
                    }
                }
                b"lastRenderedPageBreak" => flow.page_break(),
                b"noBreakHyphen" => flow.text("-"),
                b"tbl" => flow.table_begin()?,
                b"txbxContent" => flow.beside_begin(),
                reference => {
                    let known = NOTES.iter().find(|(_, _, name)| *name == reference);
                    if let Some((kind, _, _)) = known {
                        let id = markup::attribute(&start, b"id").unwrap_or_default();
                        flow.beside(notes.get(&(*kind, id)).cloned().unwrap_or_default());
                    }
                }
            },
            Item::Text(text) if is_text => flow.text(&text),
            Item::Text(_) => {}
            Item::Close(end) => {
                match end.local_name().as_ref() {
                    b"t" => is_text = false,
                    b"p" => flow.paragraph_end()?,
                    b"tbl" => flow.table_end(),
                    b"tc" => flow.cell_end(),
                    b"tr" => flow.row_end()?,
                    b"txbxContent" => flow.beside_end(),
                    _ => {}
                }
                if within > 0 && markup.depth() <= outside {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Whether it is a tab in the text and not a stop of the ruler, which says where it is.
fn is_run(start: &quick_xml::events::BytesStart<'_>) -> bool {
    markup::attribute(start, b"pos").is_none()
}
