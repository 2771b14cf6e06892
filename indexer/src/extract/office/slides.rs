//! Presentations in the manner of Office Open XML (pptx): a slide a page, with its notes, its
//! diagrams and what was remarked about it.

use super::super::flow::Flow;
use super::super::markup::{self, Item, Markup};
use super::super::package::Package;
use super::super::pager::{Pager, Reading};
use super::super::wire::End;
use super::{Relation, of_kind, relations};

pub(super) fn read(package: &mut Package<'_>, main: &str, pager: &mut Pager<'_>) -> Reading {
    let relations = relations(package, main)?;
    let list = package.read(main)?.ok_or(End::Damaged)?;
    let list = markup::decode(&list);
    let mut markup = Markup::new(&list);
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        if start.local_name().as_ref() != b"sldId" {
            continue;
        }
        // It has a number of its own beside the id of the part.
        let id = markup::prefixed(&start, b"id").unwrap_or_default();
        if let Some(Relation { target, .. }) = relations.get(&id) {
            slide(package, target, pager)?;
        }
        pager.page_end()?;
    }
    Ok(())
}

fn slide(package: &mut Package<'_>, part: &str, pager: &mut Pager<'_>) -> Reading {
    let content = package.read(part)?.ok_or(End::Damaged)?;
    let mut say = |part: &[u8]| -> Reading {
        let mut flow = Flow::collecting();
        let read = walk(&markup::decode(part), &mut flow);
        // What stands before the damage is kept.
        let text = flow.collected()?;
        text.split('\n').try_for_each(|line| pager.line(line))?;
        read
    };
    say(&content)?;
    let relations = relations(package, part)?;
    for kind in ["diagramData", "notesSlide", "comments"] {
        for part in of_kind(&relations, kind) {
            if let Some(part) = package.read(&part)? {
                say(&part)?;
            }
        }
    }
    Ok(())
}

/// The paragraphs of a part, a line each.
pub(super) fn paragraphs(part: &str) -> Reading<String> {
    let mut flow = Flow::collecting();
    walk(part, &mut flow)?;
    flow.collected()
}

fn walk(part: &str, flow: &mut Flow<'_, '_>) -> Reading {
    let mut markup = Markup::new(part);
    let mut is_text = false;
    while let Some(item) = markup.next()? {
        match item {
            Item::Open(start) => match start.local_name().as_ref() {
                b"Fallback" => markup.skip()?,
                // Older remarks have their words in an element `text`.
                b"t" | b"text" => is_text = true,
                b"br" => flow.line_break(),
                b"tbl" => flow.table_begin()?,
                _ => {}
            },
            Item::Text(text) if is_text => flow.text(&text),
            Item::Text(_) => {}
            Item::Close(end) => match end.local_name().as_ref() {
                b"t" => is_text = false,
                // A remark on a cell has no paragraphs.
                b"text" => {
                    is_text = false;
                    flow.paragraph_end()?;
                }
                b"p" => flow.paragraph_end()?,
                b"tbl" => flow.table_end(),
                b"tc" => flow.cell_end(),
                b"tr" => flow.row_end()?,
                _ => {}
            },
        }
    }
    Ok(())
}
