//! Files of every format built to break their reader, each by a generator: what swells, nests, goes round or
//! lies about its size. What a PDF can do besides stands in [`hostile`](crate::hostile).

use std::fmt::Write as _;

use indexer::extract::{Extraction, Limits, PictureState, Reason, Room, Want};

use crate::builder::{Builder, show};
use crate::containers::{docx, open_document, paragraph, pptx, xlsx, zip};
use crate::outlook::golden_outlook;
use crate::parts::{ROOM, apart};
use crate::scans::draw;
use crate::support::{block_on, data, extractor, limits, text};
use crate::torture::peak_kib;

/// What may become of it.
enum Expect {
    /// It is read, and this is in it.
    Read(&'static str),
    /// There is no text, or not all of it, for one of these reasons.
    For(&'static [Reason]),
    /// It comes to an end.
    Any,
}

use Expect::{Any, For, Read};

type Wicked = (&'static str, Vec<u8>, Expect);

/// A resource ran out, or a limit was reached before.
const TOO_MUCH: &[Reason] = &[
    Reason::OutOfMemory,
    Reason::TimedOut,
    Reason::Crashed,
    Reason::TooLarge,
    Reason::Unsafe,
];

/// Whatever there is keeps to the limits, and whoever looks at it is told in words.
pub(crate) fn keeps_to(limits: &Limits, name: &str, extraction: &Extraction) {
    let size = |max: u32| usize::try_from(max).expect("64 bits");
    assert!(
        extraction.pages.len() <= size(limits.pages_max),
        "{name}: {} pages",
        extraction.pages.len()
    );
    let chars: usize = extraction
        .pages
        .iter()
        .map(|page| page.text.chars().count())
        .sum();
    // A character that is not in a font may become several.
    assert!(
        chars <= 2 * size(limits.document_chars_max),
        "{name}: {chars} characters"
    );
    if let Some(reason) = extraction.state.reason() {
        assert!(reason.german().ends_with('.'), "{name}: {reason}");
    }
}

pub(crate) fn files_of_every_format_end_within_their_limits() {
    let files: Vec<Wicked> = [documents(), offices(), markup(), tables_and_text(), mails()]
        .into_iter()
        .flatten()
        .collect();
    let limits = Limits {
        cpu_seconds_max: 1,
        ..limits()
    };
    let before = peak_kib();
    let extractor = extractor(limits.clone());
    let mut wrong = Vec::new();
    for (name, content, expect) in &files {
        let extraction = block_on(extractor.extract(content.as_slice(), None)).expect("a worker");
        println!(
            "{name}: {} bytes, {:?}, {} pages",
            content.len(),
            extraction.state,
            extraction.pages.len()
        );
        keeps_to(&limits, name, &extraction);
        let right = match expect {
            Read(words) => text(&extraction).contains(words),
            For(reasons) => {
                let reason = extraction.state.reason();
                reason.is_some_and(|it| reasons.contains(&it))
            }
            Any => true,
        };
        if !right {
            wrong.push((*name, extraction.state));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let grown = peak_kib() - before;
    assert!(grown < 64 << 10, "this process grew by {grown} KiB");
}

/// PDFs whose trees go round, and with tables that are huge or say so.
fn documents() -> Vec<Wicked> {
    let page_with = |catalogue: &str, objects: &[&str]| {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Rundweg"]);
        for object in objects {
            pdf.object(*object);
        }
        pdf.finish(&[page]);
        pdf.set(1, format!("<< /Type /Catalog /Pages 2 0 R {catalogue} >>"));
        pdf.finish_with("")
    };
    // Objects 3 and 4 are the contents and the page.
    let names = page_with(
        "/Names << /EmbeddedFiles 5 0 R >>",
        &[
            "<< /Kids [5 0 R 6 0 R 5 0 R] >>",
            "<< /Kids [5 0 R] /Names [(a) 6 0 R (b) 5 0 R] /EF << /F 6 0 R >> >>",
        ],
    );
    let files = format!("/AF [{}]", "5 0 R ".repeat(200_000));
    let files = page_with(&files, &["<< /Type /Filespec /EF << /F 5 0 R >> >>"]);
    let long_table = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Lange Tabelle"]);
        for _ in 0..150_000 {
            pdf.object("null");
        }
        pdf.finish(&[page])
    };
    let promised = {
        let mut pdf = Builder::new();
        let page = pdf.text_page(&["Versprochen"]);
        let whole = String::from_utf8_lossy(&pdf.finish(&[page])).into_owned();
        let whole = whole.replacen("xref\n0 5\n", "xref\n0 4294967295\n", 1);
        whole
            .replacen("/Size 5", "/Size 4294967295", 1)
            .into_bytes()
    };
    let patterns = {
        let mut pdf = Builder::new();
        let own = pdf.next();
        pdf.stream(
            &format!(
                "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] \
                 /XStep 1e-9 /YStep 1e-9 /Resources << /Pattern << /P {own} 0 R >> >>"
            ),
            b"/Pattern cs /P scn 0 0 9 9 re f",
        );
        let contents = [
            b"/Pattern cs /P scn 0 0 9 9 re f ".to_vec(),
            show(&["Muster"]),
        ]
        .concat();
        let contents = pdf.stream("", &contents);
        let page = pdf.page(
            &format!("{contents} 0 R"),
            &format!("/Pattern << /P {own} 0 R >>"),
        );
        pdf.finish(&[page])
    };
    vec![
        ("a tree of names that holds itself", names, Read("Rundweg")),
        ("200,000 associated files", files, Any),
        ("a table of 150,000 objects", long_table, Any),
        ("a table that promises more than there is", promised, Any),
        ("a pattern of itself without a step", patterns, Any),
    ]
}

/// What office programs never wrote.
fn offices() -> Vec<Wicked> {
    let empty = "<w:p/>".repeat(400_000);
    let one_line = paragraph(&"ab ".repeat(2_000_000));
    let cell = "<c t='s'><v>4294967295</v></c><c s='99999999999'><v>1e400</v></c>";
    let rows = format!("<row>{}</row>", cell.repeat(20_000));
    let codes = format!(
        "<numFmts><numFmt numFmtId='164' formatCode='{}'/></numFmts><cellXfs>{}</cellXfs>",
        "0.".repeat(100_000),
        "<xf numFmtId='164'/>".repeat(20_000)
    );
    let formats = format!("<row>{}</row>", "<c s='1'><v>1</v></c>".repeat(5_000));
    let spaces = "<text:p><text:s text:c='4294967295'/>x</text:p>".repeat(1_000);
    let repeated = "<table:table><table:table-row table:number-rows-repeated='-1'>\
        <table:table-cell table:number-columns-repeated='99999999999999999999'><text:p>x</text:p>\
        </table:table-cell></table:table-row></table:table>";
    let entities = "<!DOCTYPE o [<!ENTITY a 'xxxxxxxx'><!ENTITY b SYSTEM 'http://a.example/'>]>\
        <office:document-content>&a;&b;</office:document-content>";
    let drawing = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", entities.as_bytes()),
    ]);
    let slides = vec!["<a:p><a:r><a:t>x</a:t></a:r></a:p>"; 5_000];
    vec![
        ("400,000 empty paragraphs", docx(&empty, &[], &[]), Any),
        ("a paragraph of 6 MB", docx(&one_line, &[], &[]), Any),
        (
            "a text that is its own header",
            docx(
                &paragraph("Eigener Kopf"),
                &[("header", "document.xml"), ("footnotes", "document.xml")],
                &[],
            ),
            Any,
        ),
        (
            "cells that name what is not there",
            xlsx(&[("T", &rows)], "", ""),
            Any,
        ),
        (
            "formats without end",
            xlsx(&[("T", &formats)], "", &codes),
            Any,
        ),
        (
            "four thousand million spaces",
            open_document("text", &spaces, ""),
            Any,
        ),
        (
            "rows repeated less than never",
            open_document("spreadsheet", repeated, ""),
            Any,
        ),
        (
            "entities in an open document",
            drawing,
            For(&[Reason::Unsafe]),
        ),
        (
            "5,000 slides",
            pptx(&slides, ""),
            For(&[Reason::TooLarge, Reason::TimedOut]),
        ),
    ]
}

/// HTML and XML.
fn markup() -> Vec<Wicked> {
    let ubl = "xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'";
    let deep = format!("<Invoice {ubl}>{}", "<a>".repeat(1_000_000));
    let outside = format!(
        "<!DOCTYPE Invoice [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><Invoice {ubl}><ID>&f;</ID></Invoice>"
    );
    let long_names = {
        let name = "n".repeat(10_000);
        format!(
            "<Invoice {ubl}>{}{}{}</Invoice>",
            format!("<{name}>").repeat(100),
            "<ID>7</ID>".repeat(1_000),
            format!("</{name}>").repeat(100)
        )
    };
    let attributes = (0..300_000).fold(format!("<Invoice {ubl}"), |mut all, number| {
        write!(all, " a{number}='x'").expect("a string takes all");
        all
    });
    let page = |inner: String| format!("<html><body>{inner}</body></html>").into_bytes();
    vec![
        (
            "an invoice a million deep",
            deep.into_bytes(),
            For(&[Reason::Unsafe]),
        ),
        (
            "an invoice from outside",
            outside.into_bytes(),
            For(&[Reason::Unsafe]),
        ),
        (
            "an invoice of long names",
            long_names.into_bytes(),
            Read("7\t7"),
        ),
        (
            "an invoice of attributes",
            format!("{attributes}/>").into_bytes(),
            Any,
        ),
        (
            "a page 20,000 deep",
            page("<div>".repeat(20_000) + "unten"),
            Read("unten"),
        ),
        (
            "a million entities",
            page("&auml;&#x110000;&nix;".repeat(300_000)),
            Any,
        ),
        (
            "scripts that do not end",
            page("<script></scrip".repeat(300_000)),
            Any,
        ),
        (
            "comments in comments",
            page("<!--".repeat(500_000) + "--> danach"),
            Any,
        ),
        ("a million cells", page("<td>1".repeat(1_000_000)), Any),
    ]
}

/// Rich text, separated values, plain text.
fn tables_and_text() -> Vec<Wicked> {
    let rich = |inner: String| format!("{{\\rtf1\\ansi {inner}}}").into_bytes();
    let field = [b"a;b\n1;2\n3;\"".to_vec(), vec![b'x'; 100 << 20]].concat();
    let quotes = [b"a;b\n1;2\n".to_vec(), b"\";\"\"\n".repeat(500_000)].concat();
    let columns = [b";".repeat(1_000_000), b"\n".to_vec()].concat().repeat(2);
    vec![
        ("a million groups", rich("{\\b x}".repeat(1_000_000)), Any),
        (
            "a million beginnings",
            rich("{".repeat(1_000_000)),
            For(&[Reason::Unsafe]),
        ),
        ("a million ends", rich("x}".repeat(1_000_000)), Any),
        (
            "more fonts than there are",
            rich(format!(
                "{{\\fonttbl{}}}{}x",
                "{\\f7\\fcharset238 A;}".repeat(100_000),
                "\\f7 ".repeat(200_000)
            )),
            Any,
        ),
        (
            "binary data without end",
            rich("davor\\par\\bin2147483647 x".into()),
            Read("davor"),
        ),
        ("a field of 100 MB", field, For(TOO_MUCH)),
        ("quotes within quotes", quotes, Any),
        ("a million columns", columns, Any),
        ("a line of 50 MB", vec![b'a'; 50 << 20], For(TOO_MUCH)),
        (
            "100,000 pages",
            b"x\x0c".repeat(100_000),
            For(&[Reason::TooLarge]),
        ),
        (
            "nothing but accents",
            "\u{301}".repeat(1_000_000).into_bytes(),
            Any,
        ),
    ]
}

fn mails() -> Vec<Wicked> {
    let head = "From: a@b.example\r\nTo: c@d.example\r\n";
    let many = |line: &str, count: usize| format!("{head}{}\r\nText", line.repeat(count));
    let word = "=?utf-8?Q?=C3=BC?= ".repeat(100_000);
    let folded = format!("{head}Subject:{}\r\n\r\nText", "\r\n x".repeat(500_000));
    let address = format!("{head}Cc: {}\r\n\r\nText", "\"a\" <a@b>, (".repeat(200_000));
    vec![
        (
            "100,000 fields",
            many("X-A: b\r\n", 100_000).into_bytes(),
            Any,
        ),
        (
            "100,000 recipients",
            many("To: e@f.example\r\n", 100_000).into_bytes(),
            Any,
        ),
        (
            "a subject of words",
            format!("{head}Subject: {word}\r\n\r\nText").into_bytes(),
            Any,
        ),
        ("a folded subject", folded.into_bytes(), Any),
        ("comments in addresses", address.into_bytes(), Any),
    ]
}

/// Four bytes of an archive, as a number.
fn number(bytes: &[u8], at: usize) -> usize {
    let four: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
    usize::try_from(u32::from_le_bytes(four)).expect("64 bits")
}

/// The archive, and where its list and its end begin.
fn listed(name: &str, content: &[u8]) -> (Vec<u8>, usize, usize) {
    let archive = zip(&[(name, content)]);
    let end = archive.len() - 22;
    let list = number(&archive, end + 16);
    (archive, list, end)
}

/// An archive of so many members that all are the same bytes.
fn overlapping(count: u16, content: &[u8]) -> Vec<u8> {
    let (archive, list, end) = listed("00000", content);
    let entry = &archive[list..end];
    let mut all = archive[..list].to_vec();
    for number in 0..count {
        let mut copy = entry.to_vec();
        copy[46..51].copy_from_slice(format!("{number:05}").as_bytes());
        all.extend(copy);
    }
    let length = u32::try_from(all.len() - list).expect("short");
    let mut tail = archive[end..].to_vec();
    tail[8..10].copy_from_slice(&count.to_le_bytes());
    tail[10..12].copy_from_slice(&count.to_le_bytes());
    tail[12..16].copy_from_slice(&length.to_le_bytes());
    all.extend(tail);
    all
}

/// An archive whose one member is said to become so long.
fn lying(content: &[u8], length: u32) -> Vec<u8> {
    let (mut archive, list, _) = listed("lang.bin", content);
    archive[list + 24..list + 28].copy_from_slice(&length.to_le_bytes());
    archive[22..26].copy_from_slice(&length.to_le_bytes());
    archive
}

pub(crate) fn archives_that_lie_give_no_more_than_there_is_room_for() {
    let room = Room {
        parts: 50,
        bytes: 4 << 20,
    };
    let limits = Limits {
        cpu_seconds_max: 2,
        ..limits()
    };
    let zeros = vec![0; 1 << 20];
    let long = "lang/".repeat(3_000) + "x";
    let names = [
        "a\0b.txt",
        "rechnung\u{202e}fdp.exe",
        "..\\..\\..\\x",
        "/./../y",
        "CON",
        &long,
        "\u{feff}\u{200b}",
    ];
    let named: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
    let mut cut_list = zip(&[("a", b"a"), ("b", b"b")]);
    let list = number(&cut_list, cut_list.len() - 22 + 16);
    cut_list.truncate(list + 10);
    let extractor = extractor(limits.clone());
    for (name, archive) in [
        (
            "ten thousand times the same bytes",
            overlapping(10_000, &zeros),
        ),
        ("more than it says", lying(&vec![0; 8 << 20], 10)),
        ("less than it says", lying(b"kurz", u32::MAX - 1)),
        ("names that lead elsewhere", zip(&named)),
        ("a list that breaks off", cut_list),
        ("an end that points into itself", {
            let (mut archive, _, end) = listed("a", b"a");
            let own = u32::try_from(end).expect("short");
            archive[end + 16..end + 20].copy_from_slice(&own.to_le_bytes());
            archive
        }),
    ] {
        let (read, parts) = apart(&extractor, &archive, room);
        println!("{name}: {:?}, {} parts", read.state, parts.len());
        keeps_to(&limits, name, &read);
        let bytes: usize = parts.iter().map(|(_, _, bytes)| bytes.len()).sum();
        assert!(parts.len() <= 50 && bytes <= 4 << 20, "{name}: {bytes}");
        assert_eq!(usize::try_from(read.parts), Ok(parts.len()), "{name}");
        let hidden = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(
            parts.iter().all(|(path, _, _)| !path.contains(hidden)),
            "{name}: names are data, and can be seen"
        );
    }
}

/// Mails of Outlook whose tables name what is not there, or themselves.
pub(crate) fn mails_whose_chains_go_round_end() {
    let good = golden_outlook(b"%PDF-1.7 Lageplan");
    let sector = 1_usize << number(&good, 30).to_le_bytes()[0];
    let place = |id: usize| (id + 1) * sector;
    let (table, folder) = (place(number(&good, 76)), place(number(&good, 48)));
    // Each sector is followed by itself.
    let mut itself = good.clone();
    for at in 0..sector / 4 {
        let entry = table + 4 * at;
        if number(&itself, entry) < 0xffff_fffa {
            let own = u32::try_from(at).expect("short").to_le_bytes();
            itself[entry..entry + 4].copy_from_slice(&own);
        }
    }
    // Every entry of the folder is its own neighbour and its own child.
    let mut neighbours = good.clone();
    for at in 0..sector / 128 {
        let own = u32::try_from(at).expect("short").to_le_bytes();
        for field in [68, 72, 76] {
            let place = folder + 128 * at + field;
            neighbours[place..place + 4].copy_from_slice(&own);
        }
    }
    let patched = |at: usize, value: u32| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let limits = Limits {
        cpu_seconds_max: 1,
        ..limits()
    };
    let extractor = extractor(limits.clone());
    for (name, mail) in [
        ("sectors that follow themselves", itself),
        ("entries beside themselves", neighbours),
        ("tables without end", patched(44, u32::MAX)),
        ("tables of tables without end", patched(72, u32::MAX)),
        ("tables of tables in a circle", patched(68, 0)),
        ("a folder that is a table", patched(48, 0)),
        ("short sectors that go round", patched(60, 0)),
        ("a stream of 4 GiB", patched(folder + 120, u32::MAX)),
    ] {
        let (read, parts) = apart(&extractor, &mail, ROOM);
        println!("{name}: {:?}, {} parts", read.state, parts.len());
        keeps_to(&limits, name, &read);
        assert_eq!(usize::try_from(read.parts), Ok(parts.len()), "{name}");
    }
}

/// A picture of a phone that says it is so large.
fn inflated_jpeg() -> Vec<u8> {
    let mut photo = data("photo-eurhiuebk.jpg");
    let frame = photo
        .windows(2)
        .position(|two| matches!(two, [0xff, 0xc0 | 0xc2]))
        .expect("a frame");
    photo[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    photo
}

/// A fax of two bytes, as high and wide as can be said.
fn endless_fax() -> Vec<u8> {
    let mut fax = b"II*\0\x08\0\0\0".to_vec();
    let tags: [(u16, u32); 8] = [
        (256, 1_000_000),
        (257, 0x7fff_ffff),
        (258, 1),
        (259, 4),
        (262, 0),
        (273, 110),
        (278, 0x7fff_ffff),
        (279, 2),
    ];
    fax.extend(8_u16.to_le_bytes());
    for (tag, value) in tags {
        fax.extend(tag.to_le_bytes());
        fax.extend(4_u16.to_le_bytes());
        fax.extend(1_u32.to_le_bytes());
        fax.extend(value.to_le_bytes());
    }
    // No further directory; then the strip.
    fax.extend(0_u32.to_le_bytes());
    fax.extend([0, 0]);
    fax
}

pub(crate) fn pictures_that_promise_too_much_are_not_drawn() {
    let canvas = {
        // A canvas of 2^24 by 2^24 without a picture on it.
        let mut webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        webp.extend([0xff; 6]);
        webp
    };
    let lossless = b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2f\xff\xff\xff\x0f\0".to_vec();
    let directories = {
        // Ten directories, the last of which leads back to the first.
        let mut tiff = b"II*\0\x08\0\0\0".to_vec();
        for number in 1..=10_u32 {
            tiff.extend(0_u16.to_le_bytes());
            let next = if number == 10 { 8 } else { 8 + 6 * number };
            tiff.extend(next.to_le_bytes());
        }
        tiff
    };
    for (name, picture) in [
        ("a photo of 65,500 by 65,500", inflated_jpeg()),
        ("a fax without end", endless_fax()),
        ("a canvas without a picture", canvas),
        ("a picture without dots", lossless),
        ("directories in a circle", directories),
    ] {
        for want in [Want::Recognition, Want::Shown { width: 400 }] {
            let state = draw(&picture, 0, want);
            let refused = matches!(state, PictureState::Refused(_) | PictureState::NoPage);
            assert!(refused, "{name}: it was drawn");
        }
        let limits = limits();
        let read = block_on(extractor(limits.clone()).extract(picture.as_slice(), None));
        keeps_to(&limits, name, &read.expect("a worker"));
    }
}
