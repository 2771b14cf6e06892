//! OpenDocument: texts, tables and presentations (odt, ods, odp).
//!
//! What a cell shows stands in it as text, in the language of its author: it is read as it stands.

use super::super::flow::Flow;
use super::super::markup::{self, Item, Markup};
use super::super::package::Package;
use super::super::pager::{Pager, Reading};
use super::super::{Format, wire::End};

/// Spaces that one element may stand for.
const SPACES_MAX: usize = 100;

pub(super) fn read(package: &mut Package<'_>, format: Format, pager: &mut Pager<'_>) -> Reading {
    if let Some(manifest) = package.read("META-INF/manifest.xml")? {
        let manifest = markup::decode(&manifest);
        let mut markup = Markup::new(&manifest);
        while let Some(item) = markup.next()? {
            if let Item::Open(start) = item
                && start.local_name().as_ref() == b"encryption-data"
            {
                return Err(End::Encrypted.into());
            }
        }
    }
    let styles = package.read("styles.xml")?.unwrap_or_default();
    let content = package.read("content.xml")?.ok_or(End::Damaged)?;
    let margin = |which: &[u8], pager: &mut Pager<'_>| -> Reading {
        if format == Format::Odt && !styles.is_empty() {
            let text = margins(&styles, which)?;
            return text.split('\n').try_for_each(|line| pager.flow(line));
        }
        Ok(())
    };
    margin(b"header", pager)?;
    let text = markup::decode(&content);
    body(&mut Markup::new(&text), format, pager)?;
    margin(b"footer", pager)
}

/// The headers or footers, each text once.
fn margins(styles: &[u8], which: &[u8]) -> Reading<String> {
    let text = markup::decode(styles);
    let mut markup = Markup::new(&text);
    let mut all: Vec<String> = Vec::new();
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        let name = start.local_name();
        let name = name.as_ref();
        // header, header-left, header-first; but not the style of one.
        if !name.starts_with(which) || name.ends_with(b"style") {
            continue;
        }
        let outside = markup.depth() - 1;
        let mut flow = Flow::collecting();
        let mut walk = Walk::default();
        while markup.depth() > outside {
            let item = markup.next()?.ok_or(End::Damaged)?;
            walk.step(&mut markup, item, &mut flow)?;
        }
        let text = flow.collected()?;
        if !text.is_empty() && !all.contains(&text) {
            all.push(text);
        }
    }
    Ok(all.join("\n"))
}

fn body(markup: &mut Markup<'_>, format: Format, pager: &mut Pager<'_>) -> Reading {
    let unit: &[u8] = if format == Format::Ods {
        b"table"
    } else {
        b"page"
    };
    let mut is_body = false;
    if format == Format::Odt {
        let mut flow = Flow::new(pager);
        let read = text_body(markup, &mut Walk::default(), &mut flow);
        // What stands before the damage is kept.
        flow.flush()?;
        return read;
    }
    while let Some(item) = markup.next()? {
        match item {
            Item::Open(start) => match start.local_name().as_ref() {
                b"body" => is_body = true,
                b"tracked-changes" | b"scripts" => markup.skip()?,
                name if is_body && name == unit => {
                    let title = markup::attribute(&start, b"name").unwrap_or_default();
                    let read = if format == Format::Ods {
                        pager.line(&title)?;
                        sheet(markup, pager)
                    } else {
                        slide(markup, pager)
                    };
                    read?;
                    pager.page_end()?;
                }
                _ => {}
            },
            Item::Text(_) | Item::Close(_) => {}
        }
    }
    Ok(())
}

fn text_body(markup: &mut Markup<'_>, walk: &mut Walk, flow: &mut Flow<'_, '_>) -> Reading {
    let mut is_body = false;
    while let Some(item) = markup.next()? {
        if let Item::Open(start) = &item
            && start.local_name().as_ref() == b"body"
        {
            is_body = true;
        }
        if is_body {
            walk.step(markup, item, flow)?;
        }
    }
    Ok(())
}

/// A page of a presentation, with its notes.
fn slide(markup: &mut Markup<'_>, pager: &mut Pager<'_>) -> Reading {
    let outside = markup.depth() - 1;
    let mut walk = Walk::default();
    let mut flow = Flow::collecting();
    let mut read = Ok(());
    while read.is_ok() && markup.depth() > outside {
        read = markup.next().and_then(|item| {
            let item = item.ok_or(End::Damaged)?;
            walk.step(markup, item, &mut flow)
        });
    }
    let text = flow.collected()?;
    text.split('\n').try_for_each(|line| pager.line(line))?;
    read
}

/// A sheet: a row a line. How often a cell or row is repeated is not told.
fn sheet(markup: &mut Markup<'_>, pager: &mut Pager<'_>) -> Reading {
    let outside = markup.depth() - 1;
    let mut row: Vec<String> = Vec::new();
    let mut comments: Vec<String> = Vec::new();
    while markup.depth() > outside {
        match markup.next()?.ok_or(End::Damaged)? {
            Item::Open(start) => match start.local_name().as_ref() {
                b"table-cell" | b"covered-table-cell" => {
                    let text = cell(markup, &mut comments)?;
                    if !text.is_empty() {
                        row.push(text);
                    }
                }
                // What is drawn on a sheet stands before its rows.
                b"shapes" => {
                    let mut flow = Flow::collecting();
                    let mut walk = Walk::default();
                    let above = markup.depth() - 1;
                    while markup.depth() > above {
                        let item = markup.next()?.ok_or(End::Damaged)?;
                        walk.step(markup, item, &mut flow)?;
                    }
                    comments.push(flow.collected()?);
                }
                _ => {}
            },
            Item::Close(end) if end.local_name().as_ref() == b"table-row" => {
                pager.line(&row.join("\t"))?;
                row.clear();
            }
            Item::Close(_) | Item::Text(_) => {}
        }
    }
    for comment in comments {
        comment.split('\n').try_for_each(|line| pager.line(line))?;
    }
    Ok(())
}

/// The text of a cell; what is said about it goes to the end of its sheet.
fn cell(markup: &mut Markup<'_>, comments: &mut Vec<String>) -> Reading<String> {
    let outside = markup.depth() - 1;
    let mut flow = Flow::collecting();
    let mut walk = Walk::default();
    while markup.depth() > outside {
        let item = markup.next()?.ok_or(End::Damaged)?;
        if let Item::Open(start) = &item
            && matches!(
                start.local_name().as_ref(),
                b"annotation" | b"frame" | b"custom-shape"
            )
        {
            let above = markup.depth() - 1;
            let mut comment = Flow::collecting();
            let mut walk = Walk::default();
            while markup.depth() > above {
                let item = markup.next()?.ok_or(End::Damaged)?;
                walk.step(markup, item, &mut comment)?;
            }
            comments.push(comment.collected()?);
            continue;
        }
        walk.step(markup, item, &mut flow)?;
    }
    Ok(flow.collected()?.replace(['\n', '\t'], " "))
}

/// What is known on the way through text.
#[derive(Default)]
struct Walk {
    /// Paragraphs that are open: text outside of them is only indentation.
    paragraphs: usize,
}

impl Walk {
    fn step(
        &mut self,
        markup: &mut Markup<'_>,
        item: Item<'_>,
        flow: &mut Flow<'_, '_>,
    ) -> Reading {
        match item {
            Item::Open(start) => match start.local_name().as_ref() {
                // Deleted text, and what is no text of a reader.
                b"tracked-changes" | b"scripts" | b"event-listeners" | b"note-citation"
                | b"date-string" | b"creator-initials" | b"ruby-text" => markup.skip()?,
                // Who remarked something and when; but not a field that shows an author or a date.
                b"creator" | b"date" if !start.name().as_ref().starts_with(b"text:") => {
                    markup.skip()?;
                }
                b"p" | b"h" => self.paragraphs += 1,
                b"tab" => flow.tab(),
                b"line-break" => flow.line_break(),
                b"soft-page-break" => flow.page_break(),
                b"s" if self.paragraphs > 0 => {
                    let count = markup::attribute(&start, b"c").and_then(|c| c.parse().ok());
                    flow.text(&" ".repeat(count.unwrap_or(1).min(SPACES_MAX)));
                }
                b"table" => flow.table_begin()?,
                b"note" | b"annotation" | b"text-box" | b"custom-shape" => flow.beside_begin(),
                _ => {}
            },
            Item::Text(text) => {
                if self.paragraphs > 0 {
                    flow.text(&text);
                }
            }
            Item::Close(end) => match end.local_name().as_ref() {
                b"p" | b"h" => {
                    self.paragraphs = self.paragraphs.saturating_sub(1);
                    flow.paragraph_end()?;
                }
                b"table" => flow.table_end(),
                b"table-cell" => flow.cell_end(),
                b"table-row" => flow.row_end()?,
                b"note" | b"annotation" | b"text-box" | b"custom-shape" => flow.beside_end(),
                _ => {}
            },
        }
        Ok(())
    }
}
