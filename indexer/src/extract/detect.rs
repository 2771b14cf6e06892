//! What a document is, by its first bytes.

use super::Format;

/// How much of the beginning is looked at.
pub(super) const HEAD_BYTES: usize = 8 << 10;
/// Readers accept a PDF header anywhere in this much.
const PDF_HEADER_BYTES: usize = 1024;
/// One control character in so many bytes is still text.
const BYTES_PER_CONTROL: usize = 200;

/// Formats that are text to the eye of a program but not of a reader.
const MARKUP: [&[u8]; 5] = [b"{\\rtf", b"<!doctype html", b"<html", b"<?xml", b"<svg"];
/// A mail begins with one of these.
const MAIL: [&[u8]; 5] = [
    b"return-path:",
    b"received:",
    b"delivered-to:",
    b"mime-version:",
    b"x-mozilla-status:",
];

/// The format of a document that begins with `head`.
pub(super) fn format(head: &[u8]) -> Format {
    if let Some(picture) = picture(head) {
        picture
    } else if is_pdf(head) {
        Format::Pdf
    } else if is_text(head) && !is_markup(head) {
        Format::Text
    } else {
        Format::Unknown
    }
}

/// The formats of scanners, fax machines and phones, by the numbers that they begin with.
fn picture(head: &[u8]) -> Option<Format> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Format::Tiff),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(Format::Webp),
        _ => None,
    }
}

fn is_pdf(head: &[u8]) -> bool {
    head.get(..PDF_HEADER_BYTES)
        .unwrap_or(head)
        .windows(5)
        .any(|five| five == b"%PDF-")
}

/// Whether bytes can be shown as text: no NUL, next to no control characters.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    if utf16(bytes).is_some() {
        return true;
    }
    let controls = bytes
        .iter()
        .filter(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
        .count();
    !bytes.is_empty() && !bytes.contains(&0) && controls <= bytes.len() / BYTES_PER_CONTROL
}

/// The byte order of UTF-16 text, by its mark.
pub(super) fn utf16(bytes: &[u8]) -> Option<Order> {
    // FF FE 00 00 would be UTF-32, which nobody sends; as UTF-16 it begins with a NUL.
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

/// The order of the two bytes of a UTF-16 unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

fn is_markup(head: &[u8]) -> bool {
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let begins = |prefix: &&[u8]| {
        head.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    MARKUP.iter().any(begins) || MAIL.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        let check = |head: &[u8], expect: Format| assert_eq!(format(head), expect, "{head:?}");
        check(b"%PDF-1.7\n%\xe2\xe3", Format::Pdf);
        check(b"\n\n junk before %PDF-1.4", Format::Pdf);
        check("Grüße aus dem Bürgerbüro\n".as_bytes(), Format::Text);
        check(b"Gr\xfc\xdfe aus 1252\r\n", Format::Text);
        check(b"\xff\xfeA\0b\0", Format::Text);
        check(b"\xfe\xff\0A", Format::Text);
        check(b"one\x0ctwo", Format::Text);
        check(b"PK\x03\x04\x14\0\0\0", Format::Unknown);
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Format::Png);
        check(b"II*\0\x08\0\0\0", Format::Tiff);
        check(b"MM\0*\0\0\0\x08", Format::Tiff);
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", Format::Jpeg);
        check(b"RIFF\x10\0\0\0WEBPVP8L", Format::Webp);
        check(b"RIFF\x10\0\0\0WAVEfmt ", Format::Unknown);
        check(b"{\\rtf1\\ansi", Format::Unknown);
        check(b"\xef\xbb\xbf <?xml version='1.0'?>", Format::Unknown);
        check(b"<!DOCTYPE HTML><p>x", Format::Unknown);
        check(b"Received: from a by b\r\n", Format::Unknown);
        check(b"", Format::Unknown);
        check(b"\x01\x02\x03\x04", Format::Unknown);
    }
}
