//! HTML to the text that a reader sees, well enough for a search. Nothing of it is ever shown as HTML.

use mail_parser::decoders::html::html_to_text;

/// What is not text although it stands between tags.
const SILENT: [&str; 4] = ["script", "style", "template", "title"];
/// What begins a line of its own.
const BLOCKS: [&str; 22] = [
    "address",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "tr",
    "ul",
];
/// The longest entity, with its sign and its semicolon.
const ENTITY_BYTES_MAX: usize = 34;

/// The text of HTML: a line a block, a blank between cells, no markup and no programs.
pub(super) fn text(html: &str) -> String {
    let mut out = Lines::default();
    let mut rest = html;
    while !rest.is_empty() {
        let Some((before, tag)) = rest.split_once('<') else {
            out.words(rest);
            break;
        };
        out.words(before);
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        // A sign that begins no tag is a sign.
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            out.words("<");
            rest = tag;
            continue;
        }
        let (inside, after) = tag.split_once('>').unwrap_or((tag, ""));
        rest = after;
        let (closes, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        let name = inside
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !closes && SILENT.contains(&name.as_str()) {
            rest = behind(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) {
            out.line();
        } else if matches!(name.as_str(), "td" | "th") {
            out.words(" ");
        }
    }
    out.done.truncate(out.done.trim_end().len());
    out.done
}

/// What comes behind the end of an element in which signs of tags are no tags.
fn behind<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, after)) = rest.split_once("</") {
        rest = after;
        let ends = after.get(..name.len());
        if ends.is_some_and(|it| it.eq_ignore_ascii_case(name)) {
            return after.split_once('>').map_or("", |(_, behind)| behind);
        }
    }
    ""
}

#[derive(Default)]
struct Lines {
    done: String,
    /// Whether a blank is due before the next word.
    blank: bool,
}

impl Lines {
    fn line(&mut self) {
        self.blank = false;
        if !self.done.is_empty() && !self.done.ends_with('\n') {
            self.done.push('\n');
        }
    }

    fn words(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some((before, entity)) = rest.split_once('&') {
            self.plain(before);
            match entity.split_once(';') {
                Some((name, after)) if name.len() + 2 <= ENTITY_BYTES_MAX => {
                    self.plain(&html_to_text(&format!("&{name};")));
                    rest = after;
                }
                Some(_) | None => {
                    self.plain("&");
                    rest = entity;
                }
            }
        }
        self.plain(rest);
    }

    fn plain(&mut self, raw: &str) {
        for c in raw.chars() {
            if c.is_whitespace() {
                self.blank = true;
                continue;
            }
            if self.blank && !self.done.is_empty() && !self.done.ends_with('\n') {
                self.done.push(' ');
            }
            self.blank = false;
            self.done.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_is_left() {
        let check = |html: &str, expect: &str| assert_eq!(text(html), expect, "{html:?}");
        check(
            "<p>Grüße&nbsp;aus <b>Hol</b>lerfurt</p>",
            "Grüße aus Hollerfurt",
        );
        check("a<br>b<BR/>c", "a\nb\nc");
        check("<td>12</td><td>Euro</td>", "12 Euro");
        check("<style>p{}</style><script>x<y</script>da", "da");
        check("<head><title>x</title></head><body>da", "da");
        check("<!-- weg > auch --> da", "da");
        check(
            "M&uuml;ller &amp; S&#246;hne &quot;x&quot;",
            "Müller & Söhne \"x\"",
        );
        check("1 < 2 & 3", "1 < 2 & 3");
        check("<div>eins</div>\n<div>zwei", "eins\nzwei");
        check("<p", "");
        check("<script>nie", "");
        check("<script>if (a<b) c('</p>')</SCRIPT >da", "da");
    }
}
