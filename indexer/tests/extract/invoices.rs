//! Invoices: the real ones of the test suite of XRechnung, and one within a PDF.

use std::path::PathBuf;

use indexer::extract::{Format, Invoice, Reason, TextState};
use lopdf::dictionary;

use crate::builder::{Builder, simple};
use crate::support::{extract, text};

fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/xrechnung");
    std::fs::read(path.join(name)).expect("a sample")
}

/// What the first sample says, by eye, in both languages.
fn first() -> Invoice {
    let said = |text: &str| Some(text.to_owned());
    Invoice {
        number: said("123456XX"),
        kind: said("380"),
        seller: said("[Seller name]"),
        seller_id: said("DE123456789"),
        buyer: said("[Buyer name]"),
        issued: said("2016-04-04"),
        due: None,
        gross: said("336.9"),
        currency: said("EUR"),
        buyer_reference: said("04011000-12345-03"),
        ibans: vec!["DE79000000001234567890".into()],
    }
}

pub(crate) fn an_invoice_in_xml_gives_its_facts_and_its_text() {
    for (name, format) in [
        ("01.01a-INVOICE_ubl.xml", Format::Ubl),
        ("01.01a-INVOICE_uncefact.xml", Format::Cii),
    ] {
        let extraction = extract(&sample(name));
        assert_eq!(
            (extraction.state, extraction.format),
            (TextState::Readable, format),
            "{name}"
        );
        assert_eq!(extraction.invoice, Some(first()), "{name}");
        let all = text(&extraction);
        for words in [
            "Rechnung\t123456XX",
            "Rechnungsdatum\t04.04.2016",
            "Bruttobetrag\t336,9 EUR",
            "Zeitschrift Inland",
            "Zahlbar sofort ohne Abzug.",
            "DE 123456789",
        ] {
            assert!(all.contains(words), "{name}: {words}: {all}");
        }
    }
    for name in ["01.03a-INVOICE_ubl.xml", "01.04a-INVOICE_uncefact.xml"] {
        let extraction = extract(&sample(name));
        let invoice = extraction.invoice.expect("an invoice");
        assert_eq!(extraction.state, TextState::Readable, "{name}");
        assert!(invoice.number.is_some() && invoice.gross.is_some() && invoice.issued.is_some());
        assert!(
            invoice.seller.is_some() && invoice.buyer_reference.is_some(),
            "{name}"
        );
    }
    // Broken off in the middle: what was said before is known.
    let mut cut = sample("01.01a-INVOICE_ubl.xml");
    cut.truncate(4_000);
    let extraction = extract(&cut);
    assert_eq!(
        extraction.state,
        TextState::PartlyReadable {
            reason: Reason::Damaged
        }
    );
    assert_eq!(extraction.invoice.and_then(|it| it.number), first().number);
}

/// A PDF that carries `content` as an attachment.
fn carrying(content: &[u8]) -> Vec<u8> {
    let mut document = lopdf::Document::load_mem(&simple(&["Rechnung vom April"])).expect("a PDF");
    let dictionary = dictionary! { "Type" => "EmbeddedFile", "Subtype" => "text/xml" };
    let stream = document.add_object(lopdf::Stream::new(dictionary, content.to_vec()));
    let file = document.add_object(dictionary! {
        "Type" => "Filespec", "F" => lopdf::Object::string_literal("anhang.dat"),
        "EF" => dictionary! { "F" => stream },
    });
    let catalog = document.catalog_mut().expect("a catalog");
    catalog.set("AF", vec![lopdf::Object::from(file)]);
    document.compress();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a vector takes all");
    bytes
}

pub(crate) fn a_pdf_with_an_invoice_keeps_its_text_and_gives_the_facts() {
    let extraction = extract(&carrying(&sample("01.01a-INVOICE_uncefact.xml")));
    assert_eq!(
        (extraction.state, extraction.format),
        (TextState::Readable, Format::Pdf)
    );
    assert_eq!(text(&extraction), "Rechnung vom April\n");
    assert_eq!(extraction.invoice, Some(first()));
    // Another attachment, or none that can be read: the text stays.
    for other in [&b"<plan/>"[..], b"<!DOCTYPE a><a/>", b"\0\x01"] {
        let extraction = extract(&carrying(other));
        assert_eq!(
            (extraction.state, extraction.invoice),
            (TextState::Readable, None)
        );
    }
    let mut pdf = Builder::new();
    let page = pdf.text_page(&["Ohne Anhang"]);
    assert_eq!(extract(&pdf.finish(&[page])).invoice, None);
}

pub(crate) fn a_biometric_record_in_a_pdf_is_told_wherever_it_is_attached() {
    let told = |pdf: &[u8]| {
        let extraction = extract(pdf);
        let reason = Reason::Biometric;
        assert_eq!(extraction.state, TextState::PartlyReadable { reason });
        let left_out = extraction.left_out.into_iter();
        left_out
            .map(|one| (one.name, one.reason))
            .collect::<Vec<_>>()
    };
    let record = b"FIR\x00010\0\0\0\0\0\x01\x40\0\0";
    let expect = [("finger_image".to_owned(), Reason::Biometric)];
    assert_eq!(told(&carrying(record)), expect);
    // As a note on a page has it: in no list of the document.
    let mut document = lopdf::Document::load_mem(&simple(&["Vermerk"])).expect("a PDF");
    let dictionary = dictionary! { "Type" => "EmbeddedFile" };
    document.add_object(lopdf::Stream::new(dictionary, record.to_vec()));
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a vector takes all");
    assert_eq!(told(&bytes), expect);
}
