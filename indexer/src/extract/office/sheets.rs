//! Tables in the manner of Office Open XML (xlsx): a sheet a page, a row a line.

use super::super::markup::{self, Item, Markup};
use super::super::package::Package;
use super::super::pager::{Pager, Reading};
use super::super::wire::End;
use super::numbers::Style;
use super::{Relation, of_kind, relations, slides};

/// What all sheets share.
struct Book {
    strings: Vec<String>,
    styles: Vec<Style>,
    from_1904: bool,
}

pub(super) fn read(package: &mut Package<'_>, main: &str, pager: &mut Pager<'_>) -> Reading {
    let relations = relations(package, main)?;
    let mut book = Book {
        strings: Vec::new(),
        styles: Vec::new(),
        from_1904: false,
    };
    for part in of_kind(&relations, "sharedStrings") {
        if let Some(part) = package.read(&part)? {
            book.strings = strings(&markup::decode(&part))?;
        }
    }
    for part in of_kind(&relations, "styles") {
        if let Some(part) = package.read(&part)? {
            book.styles = styles(&markup::decode(&part))?;
        }
    }
    let list = package.read(main)?.ok_or(End::Damaged)?;
    let list = markup::decode(&list);
    let mut markup = Markup::new(&list);
    while let Some(item) = markup.next()? {
        let Item::Open(start) = item else { continue };
        match start.local_name().as_ref() {
            b"workbookPr" => {
                let said = markup::attribute(&start, b"date1904");
                book.from_1904 = said.is_some_and(|said| said == "1" || said == "true");
            }
            b"sheet" => {
                pager.line(&markup::attribute(&start, b"name").unwrap_or_default())?;
                let id = markup::prefixed(&start, b"id").unwrap_or_default();
                if let Some(Relation { target, .. }) = relations.get(&id) {
                    sheet(package, target, &book, pager)?;
                }
                pager.page_end()?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The texts that cells name by number.
fn strings(part: &str) -> Reading<Vec<String>> {
    let mut all = Vec::new();
    let mut markup = Markup::new(part);
    while let Some(item) = markup.next()? {
        if let Item::Open(start) = item
            && start.local_name().as_ref() == b"si"
        {
            all.push(rich_text(&mut markup)?);
        }
    }
    Ok(all)
}

/// The text of the element that was opened last; how it is pronounced is left out.
fn rich_text(markup: &mut Markup<'_>) -> Reading<String> {
    let outside = markup.depth() - 1;
    let mut all = String::new();
    while markup.depth() > outside {
        if let Item::Open(start) = markup.next()?.ok_or(End::Damaged)? {
            match start.local_name().as_ref() {
                b"rPh" => markup.skip()?,
                b"t" => all.push_str(&markup.text()?),
                _ => {}
            }
        }
    }
    Ok(all)
}

/// How the cells of each style show their numbers.
fn styles(part: &str) -> Reading<Vec<Style>> {
    let mut own: Vec<(u32, Style)> = Vec::new();
    let mut all = Vec::new();
    let mut is_cell = false;
    let mut markup = Markup::new(part);
    while let Some(item) = markup.next()? {
        match item {
            Item::Open(start) => {
                let number = |name: &[u8]| {
                    let said = markup::attribute(&start, name);
                    said.and_then(|said| said.parse::<u32>().ok()).unwrap_or(0)
                };
                match start.local_name().as_ref() {
                    b"numFmt" => {
                        let code = markup::attribute(&start, b"formatCode").unwrap_or_default();
                        own.push((number(b"numFmtId"), Style::of(&code)));
                    }
                    b"cellXfs" => {
                        is_cell = true;
                        own.sort_by_key(|(id, _)| *id);
                    }
                    b"xf" if is_cell => {
                        let id = number(b"numFmtId");
                        let found = own.binary_search_by_key(&id, |(id, _)| *id).ok();
                        let found = found.and_then(|at| own.get(at));
                        all.push(
                            found.map_or_else(|| Style::built_in(id), |(_, style)| style.clone()),
                        );
                    }
                    _ => {}
                }
            }
            Item::Close(end) if end.local_name().as_ref() == b"cellXfs" => is_cell = false,
            Item::Close(_) | Item::Text(_) => {}
        }
    }
    Ok(all)
}

fn sheet(package: &mut Package<'_>, part: &str, book: &Book, pager: &mut Pager<'_>) -> Reading {
    let content = package.read(part)?.ok_or(End::Damaged)?;
    let text = markup::decode(&content);
    let mut markup = Markup::new(&text);
    let mut row: Vec<String> = Vec::new();
    let mut margins: Vec<String> = Vec::new();
    while let Some(item) = markup.next()? {
        match item {
            Item::Open(start) => match start.local_name().as_ref() {
                b"c" => {
                    let kind = markup::attribute(&start, b"t").unwrap_or_default();
                    let style = markup::attribute(&start, b"s").and_then(|s| s.parse().ok());
                    let shown = cell(&mut markup, &kind, style, book)?;
                    if !shown.is_empty() {
                        row.push(shown.replace(['\n', '\t'], " "));
                    }
                }
                // It holds them all.
                b"headerFooter" => {}
                name if name.ends_with(b"Header") || name.ends_with(b"Footer") => {
                    margins.push(without_codes(&markup.text()?));
                }
                _ => {}
            },
            Item::Close(end) if end.local_name().as_ref() == b"row" => {
                pager.line(&row.join("\t"))?;
                row.clear();
            }
            Item::Close(_) | Item::Text(_) => {}
        }
    }
    margins.dedup();
    margins.iter().try_for_each(|line| pager.line(line))?;
    let relations = relations(package, part)?;
    for kind in ["comments", "threadedComment", "drawing"] {
        for part in of_kind(&relations, kind) {
            if let Some(part) = package.read(&part)? {
                let text = slides::paragraphs(&markup::decode(&part))?;
                text.split('\n').try_for_each(|line| pager.line(line))?;
            }
        }
    }
    Ok(())
}

/// What the cell that was opened last shows.
fn cell(markup: &mut Markup<'_>, kind: &str, style: Option<usize>, book: &Book) -> Reading<String> {
    let outside = markup.depth() - 1;
    let (mut value, mut inline) = (String::new(), String::new());
    while markup.depth() > outside {
        if let Item::Open(start) = markup.next()?.ok_or(End::Damaged)? {
            match start.local_name().as_ref() {
                b"v" => value = markup.text()?,
                b"is" => inline = rich_text(markup)?,
                // The formula itself is not shown.
                b"f" => markup.skip()?,
                _ => {}
            }
        }
    }
    let value = value.trim();
    Ok(match kind {
        "s" => {
            let text = value
                .parse()
                .ok()
                .and_then(|at: usize| book.strings.get(at));
            text.cloned().unwrap_or_default()
        }
        "inlineStr" => inline,
        "b" if value == "1" => "WAHR".to_owned(),
        "b" if value == "0" => "FALSCH".to_owned(),
        "str" | "e" | "b" => value.to_owned(),
        // A date in the manner of ISO 8601.
        "d" => value.trim_end_matches("T00:00:00").to_owned(),
        _ => match value.parse::<f64>() {
            Ok(number) => {
                let style = style.and_then(|at| book.styles.get(at)).cloned();
                style.unwrap_or_default().show(number, book.from_1904)
            }
            Err(_no_number) => value.to_owned(),
        },
    })
}

/// A header or footer without the codes for its place, font and fields.
fn without_codes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '&' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('&') => out.push('&'),
            Some('"') => {
                let _font = chars.by_ref().take_while(|c| *c != '"').count();
            }
            Some('L' | 'C' | 'R') => out.push(' '),
            Some('0'..='9') => while chars.next_if(char::is_ascii_digit).is_some() {},
            Some(_) | None => {}
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::without_codes;

    #[test]
    fn headers_are_read_without_their_codes() {
        assert_eq!(
            without_codes("&L&\"Arial,Fett\"&12Stadt&CSeite &P"),
            "Stadt Seite"
        );
        assert_eq!(without_codes("Müller && Söhne"), "Müller & Söhne");
    }
}
