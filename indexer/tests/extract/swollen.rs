//! Containers and markup built to break their reader, and every good sample cut and flipped.

use std::fmt::Write as _;

use indexer::extract::{Extraction, Limits, Reason, TextState};

use crate::containers::{WORD, docx, open_document, paragraph, pptx, types, xlsx, zip};
use crate::support::{block_on, extract, extractor, limits};

fn reason(extraction: &Extraction) -> Option<Reason> {
    extraction.state.reason()
}

/// A docx whose main part is this.
fn with_body(part: &[u8]) -> Vec<u8> {
    let types = types("word/document.xml", "wordprocessingml.document");
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("word/document.xml", part),
    ])
}

/// A container of empty members that counts so many in its directory.
fn with_entries(count: u32) -> Vec<u8> {
    let mut local = Vec::new();
    let mut directory = Vec::new();
    for number in 0..count {
        let name = format!("{number:07}");
        let offset = u32::try_from(local.len()).expect("a short file");
        local.extend(b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07\0\0\0");
        local.extend(name.as_bytes());
        directory.extend(b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07\0");
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length) = (local.len(), directory.len());
    let short = u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes();
    let mut all = local;
    all.extend(directory);
    all.extend(b"PK\x05\x06\0\0\0\0");
    all.extend(short);
    all.extend(short);
    all.extend(u32::try_from(length).expect("a short file").to_le_bytes());
    all.extend(u32::try_from(start).expect("a short file").to_le_bytes());
    all.extend([0, 0]);
    all
}

#[expect(clippy::too_many_lines, reason = "one table of cases")]
pub(crate) fn every_container_built_to_do_harm_ends_in_its_state() {
    let swollen = vec![b' '; 64 << 20];
    let laughs: String = (1..=9).fold(String::from("<!ENTITY l0 'ha'>"), |mut all, n| {
        let inner = format!("&l{};", n - 1).repeat(10);
        write!(all, "<!ENTITY l{n} '{inner}'>").expect("a string takes all");
        all
    });
    let laughs = format!(
        "<?xml version='1.0'?><!DOCTYPE d [{laughs}]><w:document {WORD}><w:body><w:p><w:r><w:t>&l9;\
         </w:t></w:r></w:p></w:body></w:document>"
    );
    let outside = "<!DOCTYPE d [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><a>&f;</a>";
    let nested = "<w:p>".repeat(100_000);
    let attributes: String = (0..200_000).fold(String::new(), |mut all, n| {
        write!(all, " a{n}='x'").expect("a string takes all");
        all
    });
    let attributes = format!("<w:document {WORD}><w:br{attributes}/></w:document>");
    let groups = [b"{\\rtf1 ".to_vec(), b"{".repeat(1_000_000)].concat();
    let rows = "<table:table-row table:number-rows-repeated='1000000'><table:table-cell \
        table:number-columns-repeated='16384'><text:p>x</text:p></table:table-cell></table:table-row>";
    let sheet = format!("<table:table>{rows}</table:table>");
    let all: [(&str, Vec<u8>, &[Reason]); 11] = [
        ("a member swells", with_body(&swollen), &[Reason::Unsafe]),
        (
            "a billion laughs",
            with_body(laughs.as_bytes()),
            &[Reason::Unsafe],
        ),
        (
            "an entity from outside",
            with_body(outside.as_bytes()),
            &[Reason::Unsafe],
        ),
        (
            "an invoice of laughs",
            laughs.clone().into_bytes(),
            &[Reason::Unsafe],
        ),
        (
            "deep nesting",
            with_body(nested.as_bytes()),
            &[Reason::Unsafe],
        ),
        (
            "many attributes",
            with_body(attributes.as_bytes()),
            &[Reason::NoText],
        ),
        (
            "sixty thousand members",
            with_entries(60_000),
            &[Reason::TooLarge],
        ),
        (
            "a million members",
            with_entries(1_000_000),
            &[Reason::TooLarge],
        ),
        ("groups in groups", groups, &[Reason::Unsafe]),
        (
            "tags without end",
            b"<html><a <a <a \"".repeat(100_000),
            &[Reason::NoText],
        ),
        (
            "a main part that is not there",
            zip(&[(
                "[Content_Types].xml",
                types("no.xml", "wordprocessingml.document").as_bytes(),
            )]),
            &[Reason::Damaged],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, content, expect) in &all {
        let extraction = extract(content);
        assert!(!extraction.stumbled, "{name}");
        if !reason(&extraction).is_some_and(|reason| expect.contains(&reason)) {
            wrong.push((*name, extraction.state));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    // Stored as it is: no bomb, and still more than may be.
    let large = zip(&[("mimetype", &vec![b' '; 130 << 20])]);
    let limits = Limits {
        memory_bytes_max: 1 << 30,
        cpu_seconds_max: 20,
        ..limits()
    };
    let extraction = block_on(extractor(limits).extract(large.as_slice(), None)).expect("a worker");
    assert_eq!(reason(&extraction), Some(Reason::TooLarge));
    let repeated = extract(&open_document("spreadsheet", &sheet, ""));
    assert_eq!(repeated.state, TextState::Readable);
    assert_eq!(repeated.pages.len(), 1);
}

pub(crate) fn cut_and_flipped_documents_end_in_a_state() {
    let good = [
        docx(&paragraph("Bescheid"), &[], &[]),
        xlsx(&[("Eins", "<row><c><v>5</v></c></row>")], "", ""),
        pptx(&["<a:p><a:r><a:t>Folie</a:t></a:r></a:p>"], ""),
        open_document("text", "<text:p>Satzung</text:p>", ""),
        open_document("spreadsheet", "<table:table table:name='a'/>", ""),
        open_document(
            "presentation",
            "<draw:page><text:p>x</text:p></draw:page>",
            "",
        ),
        b"{\\rtf1\\ansi {\\footnote f} text\\par\\u252?\\bin3 abc}".to_vec(),
        b"<html><p>Seite &auml; <script>x</script></p></html>".to_vec(),
        b"a;b\n1;\"2\n3\"\n".to_vec(),
        b"<?xml version='1.0'?><Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:\
          Invoice-2'><ID>7</ID></Invoice>"
            .to_vec(),
    ];
    let extractor = extractor(Limits {
        cpu_seconds_max: 2,
        ..limits()
    });
    let mut count = 0;
    for content in &good {
        let length = content.len();
        let cuts = (1..6).map(|part| content[..length * part / 6].to_vec());
        let flips = (0..10).map(|number| {
            let mut flipped = content.clone();
            let at = (number * 7_919 + 13) % length;
            flipped[at] ^= 1 << (number % 8);
            flipped
        });
        for broken in cuts.chain(flips) {
            let read = block_on(extractor.extract(broken.as_slice(), None));
            let extraction = read.expect("no content makes an error");
            assert_ne!(reason(&extraction), Some(Reason::Crashed), "{broken:?}");
            // What is damaged is told by the reader, and not by its panic.
            assert!(!extraction.stumbled, "{broken:?}");
            count += 1;
        }
    }
    assert_eq!(count, 150);
}
