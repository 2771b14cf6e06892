//! What a document is, by its first bytes.

use super::wire::Task;
use super::{Format, plain, separated};

/// How much of the beginning is looked at.
pub(super) const HEAD_BYTES: usize = 8 << 10;
/// Readers accept a PDF header anywhere in this much.
const PDF_HEADER_BYTES: usize = 1024;
/// One control character in so many bytes is still text.
const BYTES_PER_CONTROL: usize = 200;

/// Formats that are text to the eye of a program but not of a reader.
const MARKUP: [&[u8]; 3] = [b"<!doctype", b"<?xml", b"<svg"];
/// A page of HTML begins with one of these.
const HTML: [&[u8]; 4] = [b"<!doctype html", b"<html", b"<head", b"<body"];
/// The namespaces of invoices.
const INVOICE: [&[u8]; 3] = [
    b"urn:oasis:names:specification:ubl:schema:xsd:",
    b"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:",
    b"urn:ferd:CrossIndustryDocument:",
];
/// Two of these fields stand at the head of every mail.
const MAIL: [&[u8]; 10] = [
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"received",
    b"return-path",
    b"delivered-to",
    b"mime-version",
    b"content-type",
];
/// What archives begin with: a member, or the end of an empty one.
const ARCHIVE: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// What Outlook, and whatever else keeps streams in one file, begins with.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The brands of pictures that are kept as films are.
const HEIF: [&[u8]; 9] = [
    b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif",
];

/// The format of a document that begins with `head`.
pub(super) fn format(head: &[u8]) -> Format {
    if ARCHIVE.iter().any(|first| head.starts_with(first)) {
        // Before what may stand anywhere: a member may be a PDF. What members are called says whether
        // it is a document of an office: the worker sees.
        Format::Archive
    } else if head.starts_with(COMPOUND) {
        Format::Outlook
    } else if let Some(picture) = picture(head) {
        picture
    } else if is_pdf(head) {
        Format::Pdf
    } else if bare(head).starts_with(b"{\\rtf") {
        Format::Rtf
    } else if is_html(head) {
        Format::Html
    } else if is_mail(head) {
        Format::Mail
    } else if is_text(head) && !is_markup(head) && !is_invoice(head) {
        if is_table(head) {
            Format::Csv
        } else {
            Format::Text
        }
    } else {
        Format::Unknown
    }
}

/// The format of a document that begins with `head`, where these bytes leave no doubt about it: whoever sent it may
/// have called it otherwise.
pub(super) fn unmistakable(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"%PDF-") {
        Some(Format::Pdf)
    } else if head.starts_with(b"{\\rtf1") {
        Some(Format::Rtf)
    } else {
        picture(head).or_else(|| open_document(head))
    }
}

/// An OpenDocument file says what it is in a first member that is not compressed (ODF 1.3, part 2, 3.3).
fn open_document(head: &[u8]) -> Option<Format> {
    const MEMBER: &[u8] = b"mimetype";
    const NAME_AT: usize = 30;
    let rest = head.strip_prefix(b"PK\x03\x04").and(head.get(NAME_AT..))?;
    let said = rest.strip_prefix(MEMBER)?;
    [Format::Odt, Format::Ods, Format::Odp]
        .into_iter()
        .find(|format| {
            let after = said.strip_prefix(format.media_type().as_bytes());
            // A template or a master document has more letters.
            after.is_some_and(|rest| rest.starts_with(b"PK"))
        })
}

/// How content is to be read whose format is told from within only; nothing where it is not read.
pub(super) fn to_open(head: &[u8]) -> Option<Task> {
    if begins(head, b"<?xml") || is_invoice(head) {
        Some(Task::Xml)
    } else {
        // In UTF-16 every other byte is nothing.
        let text = utf16(head).and_then(|_| plain::decode(head))?;
        text.starts_with("<?xml").then_some(Task::Xml)
    }
}

/// The beginning without byte order mark and spaces.
fn bare(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.trim_ascii_start()
}

fn begins(head: &[u8], prefix: &[u8]) -> bool {
    let start = bare(head).get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn has(head: &[u8], wanted: &[u8]) -> bool {
    head.windows(wanted.len())
        .any(|part| part.eq_ignore_ascii_case(wanted))
}

/// HTML, also behind a declaration of XML or a comment.
fn is_html(head: &[u8]) -> bool {
    let is_page = has(head, b"<html") || has(head, b"<!doctype html");
    HTML.iter().any(|start| begins(head, start))
        || (is_page
            && [&b"<?xml"[..], b"<!--"]
                .iter()
                .any(|start| begins(head, start)))
}

/// An invoice in XML that does not say that it is XML.
fn is_invoice(head: &[u8]) -> bool {
    bare(head).starts_with(b"<") && INVOICE.iter().any(|space| has(head, space))
}

fn is_table(head: &[u8]) -> bool {
    let is_whole = head.len() < HEAD_BYTES;
    plain::decode(head).is_some_and(|text| separated::separator(&text, is_whole).is_some())
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

/// The pictures of telephones: HEIC and its kin, which nothing here decodes.
pub(super) fn is_heif(head: &[u8]) -> bool {
    let brand = head.get(8..12).unwrap_or_default();
    head.get(4..8) == Some(b"ftyp".as_slice()) && HEIF.contains(&brand)
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
    MARKUP.iter().any(|prefix| begins(head, prefix))
}

/// Whether these are the fields of a mail: nothing but fields up to the first blank line, and two that
/// mails have.
fn is_mail(head: &[u8]) -> bool {
    let mut known = Vec::new();
    let mut lines = without_envelope(head)
        .split(|byte| *byte == b'\n')
        .peekable();
    let mut first = true;
    while let Some(line) = lines.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // The last line may be cut.
        if line.is_empty() || lines.peek().is_none() {
            break;
        }
        if !first && matches!(line.first(), Some(b' ' | b'\t')) {
            continue;
        }
        first = false;
        let colon = line.iter().position(|byte| *byte == b':');
        let Some((name, _)) = colon.and_then(|at| line.split_at_checked(at)) else {
            return false;
        };
        let name = name.trim_ascii_end().to_ascii_lowercase();
        let plain = |byte: &u8| byte.is_ascii_graphic();
        if name.is_empty() || !name.iter().all(plain) {
            return false;
        }
        if MAIL.contains(&name.as_slice()) && !known.contains(&name) {
            known.push(name);
        }
    }
    known.len() >= 2
}

/// A mail without the line that a mailbox puts before it.
pub(super) fn without_envelope(mail: &[u8]) -> &[u8] {
    if !mail.starts_with(b"From ") {
        return mail;
    }
    let end = mail.iter().position(|byte| *byte == b'\n');
    end.and_then(|at| mail.get(at + 1..)).unwrap_or(mail)
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
        check(b"PK\x03\x04\x14\0\0\0", Format::Archive);
        check(b"PK\x05\x06\0\0", Format::Archive);
        check(b"PK\x03\x04\x14\0brief.pdf%PDF-1.7", Format::Archive);
        check(b"PK is no archive", Format::Text);
        check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", Format::Outlook);
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Format::Png);
        check(b"II*\0\x08\0\0\0", Format::Tiff);
        check(b"MM\0*\0\0\0\x08", Format::Tiff);
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", Format::Jpeg);
        check(b"RIFF\x10\0\0\0WEBPVP8L", Format::Webp);
        check(b"RIFF\x10\0\0\0WAVEfmt ", Format::Unknown);
        check(b"{\\rtf1\\ansi", Format::Rtf);
        check(b"\xef\xbb\xbf <?xml version='1.0'?>", Format::Unknown);
        check(b"<!DOCTYPE HTML><p>x", Format::Html);
        check(b"<?xml version='1.0'?><!DOCTYPE html><html>", Format::Html);
        check(b"<!-- mail --><html>", Format::Html);
        check(b"<svg xmlns='http://www.w3.org/2000/svg'>", Format::Unknown);
        check(b"Name;Ort\nM\xfcller;Bonn\n", Format::Csv);
        check(
            b"Received: from a by b\r\n\tfor c;\r\nSubject: x\r\n\r\nText",
            Format::Mail,
        );
        check(b"From a@b Mon Mar  2\nFrom: a@b\nTo: c@d\n\n", Format::Mail);
        check(b"X-Mozilla-Status: 0\nFROM: a@b\nDate: x\n\n", Format::Mail);
        check(b"Received: from a by b\r\n", Format::Text);
        check(b"Von: Amt\nAn: alle\nBetreff: Umzug\n\n", Format::Text);
        check(b"From: here\nto there it is\nfar\n", Format::Text);
        check(b"", Format::Unknown);
        check(b"\x01\x02\x03\x04", Format::Unknown);
    }

    #[test]
    fn pictures_that_nothing_decodes_are_known() {
        for brand in [b"heic", b"mif1", b"avif"] {
            let head = [&b"\0\0\0\x18ftyp"[..], brand, b"\0\0\0\0mif1heic"].concat();
            assert!(is_heif(&head), "{head:?}");
            assert_eq!(format(&head), Format::Unknown);
        }
        assert!(!is_heif(b"\0\0\0\x18ftypisom"));
        assert!(!is_heif(b"\0\0\0\x18ftyp"));
        assert!(!is_heif(b""));
    }

    #[test]
    fn what_leaves_no_doubt_is_told_and_nothing_else() {
        let check = |head: &[u8], expect: Option<Format>| {
            assert_eq!(unmistakable(head), expect, "{head:?}");
        };
        check(b"%PDF-1.7\n", Some(Format::Pdf));
        // A reader accepts it, but it may be anything else.
        check(b"Anlage\n%PDF-1.7\n", None);
        check(b"{\\rtf1\\ansi", Some(Format::Rtf));
        check(b"\xff\xd8\xff\xe0", Some(Format::Jpeg));
        check(b"<!doctype html>", None);
        check(b"Sehr geehrte Damen und Herren", None);
        check(b"", None);
        let member = |said: &str| {
            let fixed = [&b"PK\x03\x04"[..], &[0; 26], b"mimetype"].concat();
            [&fixed[..], said.as_bytes(), b"PK\x03\x04"].concat()
        };
        for format in [Format::Odt, Format::Ods, Format::Odp] {
            check(&member(format.media_type()), Some(format));
        }
        check(
            &member("application/vnd.oasis.opendocument.text-template"),
            None,
        );
        check(&member("application/epub+zip"), None);
        check(b"PK\x03\x04", None);
    }

    #[test]
    fn what_is_told_from_within_is_opened() {
        let check = |head: &[u8], expect: Option<Task>| {
            assert_eq!(format(head), Format::Unknown, "{head:?}");
            assert_eq!(to_open(head), expect, "{head:?}");
        };
        check(b"\xef\xbb\xbf <?xml version='1.0'?><a/>", Some(Task::Xml));
        check(
            b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'>",
            Some(Task::Xml),
        );
        check(b"RIFF\x10\0\0\0WAVEfmt ", None);
        check(b"", None);
    }
}
