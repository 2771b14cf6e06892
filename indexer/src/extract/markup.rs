//! XML, element by element, with nothing in it that could swell: no document type, no entity but
//! the five that XML knows, no more than so many elements within each other.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};

use super::pager::{Reading, Stop};
use super::wire::End;

/// Most elements within each other. Office programs write a few dozen.
pub(super) const DEPTH_MAX: usize = 256;
/// A declaration of the encoding stands in so much of the beginning.
const DECLARATION_BYTES: usize = 200;

/// What comes next.
pub(super) enum Item<'a> {
    Open(BytesStart<'a>),
    Close(BytesEnd<'a>),
    Text(Cow<'a, str>),
}

/// A document in XML.
pub(super) struct Markup<'a> {
    reader: Reader<&'a [u8]>,
    open: usize,
}

impl<'a> Markup<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = false;
        Self { reader, open: 0 }
    }

    /// The next item; nothing at the end of a whole document.
    pub(super) fn next(&mut self) -> Reading<Option<Item<'a>>> {
        loop {
            let event = self.reader.read_event();
            match event.map_err(|_source| damaged())? {
                Event::Start(start) => {
                    self.open += 1;
                    if self.open > DEPTH_MAX {
                        return Err(End::Unsafe.into());
                    }
                    return Ok(Some(Item::Open(start)));
                }
                Event::End(end) => {
                    self.open = self.open.saturating_sub(1);
                    return Ok(Some(Item::Close(end)));
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|_source| damaged())?;
                    return Ok(Some(Item::Text(Cow::Owned(text.into_owned()))));
                }
                Event::CData(text) => {
                    let text = text.decode().map_err(|_source| damaged())?;
                    return Ok(Some(Item::Text(Cow::Owned(text.into_owned()))));
                }
                Event::GeneralRef(named) => return Ok(Some(Item::Text(character(&named)?))),
                Event::DocType(_) => return Err(End::Unsafe.into()),
                Event::Eof if self.open > 0 => return Err(damaged()),
                Event::Eof => return Ok(None),
                // Empty elements come as two events.
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open
    }

    /// Passes over the element that was opened last.
    pub(super) fn skip(&mut self) -> Reading {
        let outside = self.open.saturating_sub(1);
        while self.open > outside {
            if self.next()?.is_none() {
                return Err(damaged());
            }
        }
        Ok(())
    }

    /// The text in the element that was opened last, with that of the elements within it.
    pub(super) fn text(&mut self) -> Reading<String> {
        let outside = self.open.saturating_sub(1);
        let mut all = String::new();
        while self.open > outside {
            match self.next()? {
                Some(Item::Text(text)) => all.push_str(&text),
                Some(Item::Open(_) | Item::Close(_)) => {}
                None => return Err(damaged()),
            }
        }
        Ok(all)
    }
}

fn damaged() -> Stop {
    End::Damaged.into()
}

fn character(named: &BytesRef<'_>) -> Reading<Cow<'static, str>> {
    if let Ok(Some(c)) = named.resolve_char_ref() {
        return Ok(Cow::Owned(c.to_string()));
    }
    let name = named.decode().map_err(|_source| damaged())?;
    resolve_xml_entity(&name)
        .map(Cow::Borrowed)
        .ok_or_else(damaged)
}

/// The value of an attribute, by its name without prefix.
pub(super) fn attribute(start: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let mut all = start.attributes();
    // To compare each with each would take forever where there are very many.
    all.with_checks(false)
        .flatten()
        .find(|one| one.key.local_name().as_ref() == name)
        .map(|one| {
            let raw = String::from_utf8_lossy(&one.value);
            quick_xml::escape::unescape(&raw)
                .map(Cow::into_owned)
                .unwrap_or_default()
        })
}

/// The value of an attribute that has a prefix, by its name without it: `id` for `r:id` beside `id`.
pub(super) fn prefixed(start: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let mut all = start.attributes();
    all.with_checks(false)
        .flatten()
        .find(|one| one.key.prefix().is_some() && one.key.local_name().as_ref() == name)
        .map(|one| String::from_utf8_lossy(&one.value).into_owned())
}

/// The characters of an XML document: by its byte order mark, else by what it declares, else UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let head = bytes.get(..DECLARATION_BYTES).unwrap_or(bytes);
    let declared = String::from_utf8_lossy(head);
    let declared = declared.split_once("?>").map_or("", |(one, _)| one);
    let label = declared.split_once("encoding").and_then(|(_, rest)| {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        rest.split(['"', '\'']).nth(1)
    });
    let encoding = label
        .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
        .unwrap_or(encoding_rs::UTF_8);
    encoding.decode(bytes).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<String, End> {
        let mut markup = Markup::new(text);
        let mut out = String::new();
        loop {
            match markup.next() {
                Ok(Some(Item::Text(text))) => out.push_str(&text),
                Ok(Some(Item::Open(_) | Item::Close(_))) => {}
                Ok(None) => return Ok(out),
                Err(Stop::End(end)) => return Err(end),
                Err(Stop::Io(_)) => return Err(End::Time),
            }
        }
    }

    #[test]
    fn what_could_swell_is_refused_and_what_is_broken_is_damaged() {
        assert_eq!(
            all("<a>&lt;x&#228;<b/>y<![CDATA[&z]]></a>"),
            Ok("<xäy&z".into())
        );
        assert_eq!(
            all("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
            Err(End::Unsafe)
        );
        assert_eq!(all("<a>&b;</a>"), Err(End::Damaged));
        assert_eq!(all("<a><b></a>"), Err(End::Damaged));
        assert_eq!(all("<a>"), Err(End::Damaged));
        let nested = |depth: usize| "<a>".repeat(depth) + "x" + &"</a>".repeat(depth);
        assert_eq!(all(&nested(DEPTH_MAX)), Ok("x".into()));
        assert_eq!(all(&nested(DEPTH_MAX + 1)), Err(End::Unsafe));
    }

    #[test]
    fn the_encoding_is_the_one_that_is_declared() {
        let latin = decode(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>");
        assert!(latin.ends_with("<a>ü</a>"), "{latin}");
        assert!(decode("<a>ü</a>".as_bytes()).contains('ü'));
        let utf16: Vec<u8> = "\u{feff}<a>ü</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(decode(&utf16), "<a>ü</a>");
    }
}
