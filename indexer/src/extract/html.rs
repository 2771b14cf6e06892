//! HTML as a reader sees it: no scripts, no styles, one line for each block.
//!
//! Whatever is no well-formed page is read all the same, as browsers do. Nothing is fetched.

use super::pager::{Pager, Reading};
use super::{Engine, plain};

pub(super) const ENGINE: Engine = Engine {
    name: "html",
    version: "1",
};

/// The encoding is declared in so much of the beginning.
const DECLARATION_BYTES: usize = 1024;
/// The longest name of an element or an entity.
const NAME_CHARS_MAX: usize = 32;

/// What stands in these is not shown.
const HIDDEN: [&str; 8] = [
    "script", "style", "template", "noscript", "svg", "math", "object", "iframe",
];
/// These end a line.
const BLOCKS: [&str; 34] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "section",
    "ul",
];
/// Entities by name: those of Latin-1 from U+00A0 on, in order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg \
    macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave \
    Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc \
    euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave \
    uacute ucirc uuml yacute thorn yuml";
/// And those beyond it that occur in letters.
const OTHERS: [(&str, char); 26] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("euro", '€'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("lsaquo", '‹'),
    ("rsaquo", '›'),
    ("bull", '•'),
    ("hellip", '…'),
    ("trade", '™'),
    ("rarr", '→'),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("minus", '−'),
    ("scaron", 'š'),
    ("Scaron", 'Š'),
];

pub(super) fn read(content: &[u8], pager: &mut Pager<'_>) -> Reading {
    Page::new(&mut |line| pager.flow(line)).read(&decode(content))
}

/// What a reader sees of a page that is part of something else, such as a mail.
pub(super) fn text(page: &str) -> String {
    let mut all = String::new();
    let mut keep = |line: &str| -> Reading {
        let line = line.trim();
        if !line.is_empty() {
            all.push_str(line);
            all.push('\n');
        }
        Ok(())
    };
    // Nothing stops one who keeps everything.
    Page::new(&mut keep).read(page).ok();
    all
}

/// The characters of a page: by its byte order mark, else by what it declares, else as plain text.
pub(super) fn decode(content: &[u8]) -> String {
    let head = content.get(..DECLARATION_BYTES).unwrap_or(content);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let label = ["charset=", "encoding="].into_iter().find_map(|before| {
        let (_, rest) = head.split_once(before)?;
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        rest.split(['"', '\'', ' ', ';', '>', '/', '?']).next()
    });
    let declared = label.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    match (encoding_rs::Encoding::for_bom(content), declared) {
        (None, None) => plain::decode(content).unwrap_or_default(),
        (None, Some(encoding)) | (Some((encoding, _)), _) => {
            encoding.decode(content).0.into_owned()
        }
    }
}

struct Page<'p> {
    /// Takes each line.
    take: &'p mut dyn FnMut(&str) -> Reading,
    line: String,
    /// Spaces and line ends count.
    is_verbatim: bool,
    /// Paragraphs in a cell stay in its row.
    is_cell: bool,
}

impl<'p> Page<'p> {
    fn new(take: &'p mut dyn FnMut(&str) -> Reading) -> Self {
        Self {
            take,
            line: String::new(),
            is_verbatim: false,
            is_cell: false,
        }
    }

    fn read(mut self, text: &str) -> Reading {
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let (before, tag) = rest.split_at(at);
            self.text(before)?;
            let Some((name, is_end, behind)) = element(tag) else {
                self.text("<")?;
                rest = tag.strip_prefix('<').unwrap_or_default();
                continue;
            };
            rest = behind;
            if !is_end && HIDDEN.contains(&name.as_str()) && !tag_of(tag, behind).ends_with("/>") {
                rest = behind_end(behind, &name);
                continue;
            }
            self.element(&name, is_end)?;
        }
        self.text(rest)?;
        self.line_end()
    }

    fn element(&mut self, name: &str, is_end: bool) -> Reading {
        match name {
            "pre" | "textarea" => {
                self.line_end()?;
                self.is_verbatim = !is_end;
                Ok(())
            }
            "td" | "th" => {
                self.is_cell = !is_end;
                if !is_end {
                    return Ok(());
                }
                let length = self.line.trim_end().len();
                self.line.truncate(length);
                self.line.push('\t');
                Ok(())
            }
            "tr" | "table" | "title" => {
                self.is_cell = false;
                self.line_end()
            }
            _ if BLOCKS.contains(&name) && self.is_cell => {
                self.space();
                Ok(())
            }
            _ if BLOCKS.contains(&name) => self.line_end(),
            _ => Ok(()),
        }
    }

    fn space(&mut self) {
        if !self.line.is_empty() && !self.line.ends_with([' ', '\t']) {
            self.line.push(' ');
        }
    }

    fn text(&mut self, text: &str) -> Reading {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (c, behind) = match c {
                '&' => entity(rest).unwrap_or((c, rest.strip_prefix(c).unwrap_or_default())),
                _ => (c, rest.strip_prefix(c).unwrap_or_default()),
            };
            rest = behind;
            match c {
                '\n' if self.is_verbatim => self.line_end()?,
                // A space that does not break is one all the same.
                _ if c.is_whitespace() && !self.is_verbatim => self.space(),
                _ if c.is_control() => self.space(),
                _ => self.line.push(c),
            }
        }
        Ok(())
    }

    fn line_end(&mut self) -> Reading {
        let line = std::mem::take(&mut self.line);
        (self.take)(&line)
    }
}

/// The name of the element that `tag` begins with, whether it is its end, and what follows it.
/// A comment or declaration has the name "".
fn element(tag: &str) -> Option<(String, bool, &str)> {
    if let Some(comment) = tag.strip_prefix("<!--") {
        return Some((
            String::new(),
            false,
            comment.split_once("-->").map_or("", |it| it.1),
        ));
    }
    if tag.starts_with("<!") || tag.starts_with("<?") {
        return Some((
            String::new(),
            false,
            tag.split_once('>').map_or("", |it| it.1),
        ));
    }
    let inside = tag.strip_prefix('<')?;
    let is_end = inside.starts_with('/');
    let inside = inside.trim_start_matches('/');
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':');
    let name: String = inside
        .chars()
        .take_while(is_name)
        .take(NAME_CHARS_MAX)
        .collect();
    // A quoted value may hold the sign that ends the tag.
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '>') => {
                let behind = inside.get(at + 1..).unwrap_or_default();
                return Some((name.to_ascii_lowercase(), is_end, behind));
            }
            _ => {}
        }
    }
    Some((name.to_ascii_lowercase(), is_end, ""))
}

/// The tag itself, by what follows it.
fn tag_of<'t>(tag: &'t str, behind: &str) -> &'t str {
    tag.get(..tag.len() - behind.len()).unwrap_or_default()
}

/// What follows the end of the element `name`; nothing if it has none.
fn behind_end<'t>(text: &'t str, name: &str) -> &'t str {
    let mut rest = text;
    while let Some((_, end)) = rest.split_once("</") {
        let is_it = end
            .get(..name.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(name));
        if is_it {
            return end.split_once('>').map_or("", |it| it.1);
        }
        rest = end;
    }
    ""
}

/// The character that `text` names with its first characters, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let end = text
        .char_indices()
        .take(NAME_CHARS_MAX)
        .find(|(_, c)| *c == ';')?
        .0;
    let name = text.get(1..end)?;
    let behind = text.get(end + 1..)?;
    let number = name
        .strip_prefix('#')
        .map(|number| match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        });
    let c = match number {
        Some(number) => char::from_u32(number.ok()?)?,
        None => {
            let latin = LATIN.split_ascii_whitespace().zip('\u{a0}'..);
            let mut all = latin.chain(OTHERS);
            all.find(|(known, _)| *known == name)?.1
        }
    };
    Some((c, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_is_left() {
        let check = |page: &str, expect: &str| assert_eq!(text(page), expect, "{page:?}");
        check(
            "<p>Grüße&nbsp;aus <b>Hol</b>lerfurt</p>",
            "Grüße aus Hollerfurt\n",
        );
        check("a<br>b<BR/>c", "a\nb\nc\n");
        check("<td>12</td><td>Euro</td>", "12\tEuro\n");
        check("<style>p{}</style><script>x<y</script>da", "da\n");
        check("<!-- weg > auch --> da", "da\n");
        check(
            "M&uuml;ller &amp; S&#246;hne &quot;x&quot;",
            "Müller & Söhne \"x\"\n",
        );
        check("1 < 2 & 3", "1 < 2 & 3\n");
        check("<div>eins</div>\n<div>zwei", "eins\nzwei\n");
        check("<p", "");
        check("<script>nie", "");
        check("<script>if (a<b) c('</p>')</SCRIPT >da", "da\n");
    }
}
