use indexer::extract::{Format, Layer, PageState, Reason, TextState};

use crate::builder::{Builder, show, simple};
use crate::support::{data, extract, recall, text};

const DOCUMENTS: [&str; 6] = [
    "bafg",
    "fideverzv",
    "hreggebv",
    "muenz5dmbek-1977-03",
    "ppugv-2021",
    "vwzg-2005",
];

pub(crate) fn every_word_of_a_german_document_is_found() {
    for name in DOCUMENTS {
        let extraction = extract(&data(&format!("{name}.pdf")));
        let truth = String::from_utf8(data(&format!("{name}.txt"))).expect("UTF-8");
        let recall = recall(&text(&extraction), &truth);
        println!(
            "{name}: {} pages, recall {recall:.4}",
            extraction.pages.len()
        );
        assert_eq!(extraction.state, TextState::Readable, "{name}");
        assert_eq!(extraction.format, Format::Pdf);
        assert!(extraction.limits_hit.is_empty());
        assert!(
            extraction.sandbox.has(Layer::Limits) && extraction.sandbox.has(Layer::SystemCalls)
        );
        assert!(recall >= 0.99, "{name}: {recall}");
    }
}

pub(crate) fn german_letters_and_signs_are_right() {
    let lines = [
        "Größe: 5 € für „Straße“ nach § 3 Abs. 2",
        "ÄÖÜ äöü ß – Aktenzeichen 01.4.1-2026/0042",
        "IBAN DE02 1203 0000 0000 2020 51",
    ];
    let extraction = extract(&simple(&lines));
    assert_eq!(
        text(&extraction),
        lines.map(|line| format!("{line}\n")).concat()
    );
}

pub(crate) fn plain_text_is_read_in_every_encoding() {
    let truth = "Grüße aus dem Bürgerbüro: 5 € „ab heute“\nZeile 2";
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(truth.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let windows = b"Gr\xfc\xdfe aus dem B\xfcrgerb\xfcro: 5 \x80 \x84ab heute\x93\r\nZeile 2";
    for content in [truth.as_bytes(), &utf16, windows] {
        let extraction = extract(content);
        assert_eq!(extraction.format, Format::Text);
        assert_eq!(extraction.state, TextState::Readable);
        assert_eq!(text(&extraction), truth);
    }
    let extraction = extract(b"Seite 1\x0cSeite 2");
    let pages: Vec<&str> = extraction
        .pages
        .iter()
        .map(|page| page.text.as_str())
        .collect();
    assert_eq!(pages, ["Seite 1", "Seite 2"]);
}

pub(crate) fn pages_without_text_ask_for_recognition() {
    let mut pdf = Builder::new();
    let image = pdf.stream(
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 \
         /ColorSpace /DeviceGray",
        &[0],
    );
    let contents = pdf.stream("", b"q 595 0 0 842 0 0 cm /Im Do Q");
    let scan = pdf.page(
        &format!("{contents} 0 R"),
        &format!("/XObject << /Im {image} 0 R >>"),
    );
    let letter = pdf.text_page(&["Sehr geehrte Frau Beispiel, anbei der Plan."]);
    let all_scans = pdf.finish(&[scan]);
    let mixed = pdf.finish(&[letter, scan]);

    let extraction = extract(&all_scans);
    assert_eq!(
        extraction.state,
        TextState::Unreadable {
            reason: Reason::NoText
        }
    );
    let extraction = extract(&mixed);
    assert_eq!(
        extraction.state,
        TextState::PartlyReadable {
            reason: Reason::NoText
        }
    );
    let states: Vec<PageState> = extraction.pages.iter().map(|page| page.state).collect();
    assert_eq!(states, [PageState::Read, PageState::NeedsOcr]);

    // Glyphs that nobody can name are no text either.
    let mut pdf = Builder::new();
    let contents = pdf.stream(
        "",
        &show(&["ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"]),
    );
    let map = pdf.stream(
        "",
        b"begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n\
          1 beginbfrange <00> <ff> <E000> endbfrange endcmap",
    );
    let page = pdf.object(format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} 0 R /Resources \
         << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode {map} 0 R \
         >> >> >> >>"
    ));
    let extraction = extract(&pdf.finish(&[page]));
    assert_eq!(
        extraction.state,
        TextState::Unreadable {
            reason: Reason::NoText
        }
    );
}

pub(crate) fn form_objects_and_rotated_pages_are_read() {
    let mut pdf = Builder::new();
    let form = pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 595 842]",
        &show(&["Im Formular steht ein Wort."]),
    );
    let contents = pdf.stream("", b"/Fm Do");
    let page = pdf.object(format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate 90 /Contents {contents} 0 R \
         /Resources << {} /XObject << /Fm {form} 0 R >> >> >>",
        crate::builder::FONT
    ));
    let upright = pdf.stream(
        "",
        b"BT /F1 12 Tf 0 1 -1 0 300 100 Tm (Am Rand entlang) Tj ET",
    );
    let other = pdf.page(&format!("{upright} 0 R"), "");
    let extraction = extract(&pdf.finish(&[page, other]));
    assert_eq!(
        text(&extraction),
        "Im Formular steht ein Wort.\nAm Rand entlang\n"
    );
}

pub(crate) fn marked_replacements_count_instead_of_glyphs() {
    let mut pdf = Builder::new();
    let contents = pdf.stream(
        "",
        b"BT /F1 12 Tf 60 780 Td (Schi) Tj /Span << /ActualText <FEFF00660066> >> BDC (X) Tj EMC \
          (fahrt) Tj ET",
    );
    let page = pdf.page(&format!("{contents} 0 R"), "");
    assert_eq!(text(&extract(&pdf.finish(&[page]))), "Schifffahrt\n");
}
