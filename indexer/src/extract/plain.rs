//! Plain text: its encoding, and form feeds as the ends of pages.

use super::detect::{self, Order};
use super::{Engine, layout};

pub(super) const ENGINE: Engine = Engine {
    name: "plain",
    version: "1",
};

/// What Windows-1252 puts where Latin-1 has control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

/// The text of these bytes, or nothing if they are no text.
///
/// UTF-16 by its byte order mark, else UTF-8 if it is valid, else Windows-1252, which everything is.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    if let Some(order) = detect::utf16(bytes) {
        return Some(decode_utf16(bytes.get(2..).unwrap_or_default(), order));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if !bytes.is_empty() && !detect::is_text(bytes) {
        return None;
    }
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| decode_1252(byte)).collect(),
    })
}

fn decode_utf16(bytes: &[u8], order: Order) -> String {
    let units = bytes.chunks_exact(2).map(|pair| {
        let pair = [
            pair.first().copied().unwrap_or(0),
            pair.get(1).copied().unwrap_or(0),
        ];
        match order {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        }
    });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn decode_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252
            .get(usize::from(byte - 0x80))
            .copied()
            .unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

/// The pages of a text: form feeds end them, and so does a line at `chars_max`, so that nothing of
/// a long text without form feeds is lost.
pub(super) fn pages(text: &str, chars_max: usize) -> impl Iterator<Item = String> {
    text.split('\u{c}').flat_map(move |page| Chunks {
        rest: tidy(page),
        chars_max,
    })
}

struct Chunks {
    rest: String,
    chars_max: usize,
}

impl Iterator for Chunks {
    type Item = String;

    /// A page that is blank is still a page; the end is marked by an emptied `chars_max`.
    fn next(&mut self) -> Option<String> {
        if self.chars_max == 0 {
            return None;
        }
        let Some((end, _)) = self.rest.char_indices().nth(self.chars_max) else {
            self.chars_max = 0;
            return Some(std::mem::take(&mut self.rest));
        };
        let (head, _) = self.rest.split_at(end);
        let cut = head
            .rfind('\n')
            .or_else(|| head.rfind(' '))
            .map_or(end, |at| at + 1);
        let tail = self.rest.split_off(cut);
        Some(std::mem::replace(&mut self.rest, tail))
    }
}

/// One kind of line end, and no invisible characters.
fn tidy(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut chars = page.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            '\u{ad}' => {
                // A soft hyphen shows only where a line ends.
                if matches!(chars.peek(), Some('\n' | '\r')) {
                    out.push('-');
                }
            }
            _ => layout::clean(c, |c| out.push(c)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_letters_survive_every_encoding() {
        let text = "Größe: 5 € „ab“ § 3 – ß";
        let little: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        let windows = b"Gr\xf6\xdfe: 5 \x80 \x84ab\x93 \xa7 3 \x96 \xdf";
        for bytes in [
            text.as_bytes(),
            &[b"\xef\xbb\xbf", text.as_bytes()].concat(),
            &little,
            &big,
            windows,
        ] {
            assert_eq!(decode(bytes).as_deref(), Some(text), "{bytes:x?}");
        }
        assert_eq!(decode(b"a\0b"), None);
    }

    #[test]
    fn form_feeds_and_the_limit_make_pages() {
        let check = |text: &str, max: usize, expect: &[&str]| {
            assert_eq!(pages(text, max).collect::<Vec<_>>(), expect, "{text:?}");
        };
        check(
            "eins\r\nzwei\u{c}drei\rvier",
            100,
            &["eins\nzwei", "drei\nvier"],
        );
        check("a\u{c}\u{c}b", 100, &["a", "", "b"]);
        check("aaaa\nbbbb\ncc", 10, &["aaaa\nbbbb\n", "cc"]);
        check("ääääääää", 3, &["äää", "äää", "ää"]);
        check("Ver\u{ad}\nwal\u{ad}tung", 100, &["Ver-\nwaltung"]);
    }
}
