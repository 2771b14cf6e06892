//! What is attached to PDFs: taken out wherever it is named, each once, and nothing of it costs more than
//! it may.

use indexer::extract::{Format, Reason, Room, TextState};
use lopdf::{Document, Object, ObjectId, Stream, dictionary};

use crate::builder::{bomb, simple};
use crate::parts::{apart, take};
use crate::support::{extractor, limits, text};

/// A PDF in the making, with its catalogue at hand.
struct Carrier(Document);

impl Carrier {
    fn new() -> Self {
        Self(Document::load_mem(&simple(&["Deckblatt der Mappe"])).expect("a PDF"))
    }

    fn stream(&mut self, content: &[u8]) -> ObjectId {
        let dictionary = dictionary! { "Type" => "EmbeddedFile" };
        self.0.add_object(Stream::new(dictionary, content.to_vec()))
    }

    /// What names an attachment.
    fn specification(&mut self, name: &[u8], stream: ObjectId) -> ObjectId {
        let name = Object::String(name.to_vec(), lopdf::StringFormat::Literal);
        self.0.add_object(dictionary! {
            "Type" => "Filespec", "UF" => name, "EF" => dictionary! { "F" => stream },
        })
    }

    fn attachment(&mut self, name: &[u8], content: &[u8]) -> ObjectId {
        let stream = self.stream(content);
        self.specification(name, stream)
    }

    fn set(&mut self, key: &str, value: impl Into<Object>) {
        self.0.catalog_mut().expect("a catalogue").set(key, value);
    }

    /// Puts a node of the tree of names in its place.
    fn names(&mut self, node: impl Into<Object>) {
        let names = dictionary! { "EmbeddedFiles" => node.into() };
        self.set("Names", names);
    }

    fn finish(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.save_to(&mut bytes).expect("a vector takes all");
        bytes
    }
}

fn key(name: &str) -> Object {
    Object::string_literal(name)
}

pub(crate) fn everything_that_is_attached_to_a_pdf_is_taken_out_once() {
    let mut pdf = Carrier::new();
    let first = pdf.attachment(b"\xfe\xff\0P\0l\0\xe4\0n\0e\0.\0t\0x\0t", b"Plan der Halle");
    let second = pdf.attachment(b"../../etc/passwd", b"root:x:0:0");
    let third = pdf.attachment(b"Liste.csv", b"a;b\n1;2\n");
    let left = pdf
        .0
        .add_object(dictionary! { "Names" => vec![key("a"), first.into()] });
    let right = pdf
        .0
        .add_object(dictionary! { "Names" => vec![key("b"), second.into()] });
    pdf.names(dictionary! { "Kids" => vec![left.into(), right.into()] });
    // Named twice, and it comes once.
    pdf.set("AF", vec![Object::from(first), third.into()]);
    // On a page, as a note has it; and one that nothing names.
    let inner = pdf.stream(&simple(&["Anlage zur Notiz"]));
    let note = dictionary! {
        "Type" => "Filespec", "F" => key("Notiz.pdf"), "EF" => dictionary! { "F" => inner },
    };
    pdf.0.add_object(dictionary! {
        "Type" => "Annot", "Subtype" => "FileAttachment", "FS" => note,
    });
    pdf.stream(b"ohne Namen");
    pdf.set(
        "Collection",
        dictionary! { "Type" => "Collection", "View" => "T" },
    );
    let (extraction, parts) = take(&pdf.finish());
    assert_eq!(extraction.state, TextState::Readable);
    assert_eq!(extraction.format, Format::Pdf);
    assert!(extraction.portfolio);
    assert_eq!(text(&extraction), "Deckblatt der Mappe\n");
    let named: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(path, _, content)| (path.as_str(), content.as_slice()))
        .collect();
    let inner = simple(&["Anlage zur Notiz"]);
    assert_eq!(
        named,
        [
            ("Pläne.txt", &b"Plan der Halle"[..]),
            ("../../etc/passwd", b"root:x:0:0"),
            ("Liste.csv", b"a;b\n1;2\n"),
            ("Notiz.pdf", &inner),
            ("", b"ohne Namen"),
        ],
        "names are data only, and the server cleans them"
    );
    assert_eq!((extraction.parts, extraction.left_out.len()), (5, 0));
}

pub(crate) fn an_attachment_costs_no_more_than_it_may() {
    // A tree of names that goes round in a circle, and names that lead nowhere.
    let mut pdf = Carrier::new();
    let one = pdf.attachment(b"eins.txt", b"eins");
    let root = pdf.0.new_object_id();
    let nowhere = (4_000, 0);
    let node = dictionary! {
        "Kids" => vec![root.into(), nowhere.into()],
        "Names" => vec![key("a"), one.into(), key("b"), nowhere.into(), key("c"), Object::Null],
    };
    pdf.0.objects.insert(root, node.into());
    pdf.names(root);
    pdf.specification(b"weg.txt", nowhere);
    let (extraction, parts) = take(&pdf.finish());
    let names: Vec<&str> = parts.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(names, ["eins.txt"]);
    let left: Vec<_> = extraction.left_out.iter().map(|one| one.reason).collect();
    assert_eq!(left, [Reason::PartsDamaged]);

    // One that swells beyond measure is left where it is, and the next one comes.
    let mut pdf = Carrier::new();
    let dictionary = dictionary! { "Type" => "EmbeddedFile", "Filter" => "FlateDecode" };
    let swollen = Stream::new(dictionary, bomb(b"a", 24 << 20));
    let swollen = pdf.0.add_object(swollen);
    let swollen = pdf.specification(b"bombe.bin", swollen);
    let good = pdf.attachment(b"gut.txt", b"gut");
    pdf.set("AF", vec![Object::from(swollen), good.into()]);
    let room = Room {
        parts: 10,
        bytes: 4 << 20,
    };
    let (extraction, parts) = apart(&extractor(limits()), &pdf.finish(), room);
    let names: Vec<&str> = parts.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(names, ["gut.txt"]);
    let reason = Reason::PartsOverLimit;
    assert_eq!(extraction.state, TextState::PartlyReadable { reason });
    assert_eq!(extraction.left_out[0].name, "bombe.bin");

    // No more of them than there is room for.
    let mut pdf = Carrier::new();
    let all: Vec<Object> = (0..5)
        .map(|number| {
            let name = format!("{number}.txt");
            pdf.attachment(name.as_bytes(), b"x").into()
        })
        .collect();
    pdf.set("AF", all);
    let room = Room {
        parts: 3,
        bytes: 1 << 20,
    };
    let content = pdf.finish();
    let (extraction, parts) = apart(&extractor(limits()), &content, room);
    assert_eq!(parts.len(), 3);
    assert_eq!(extraction.left_out.len(), 2);
    assert_eq!(extraction.state, TextState::PartlyReadable { reason });
}

pub(crate) fn the_invoice_of_a_pdf_stays_where_it_is() {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../tests/data/xrechnung/01.01a-INVOICE_uncefact.xml");
    let invoice = std::fs::read(path).expect("a sample");
    let mut pdf = Carrier::new();
    let invoice = pdf.attachment(b"factur-x.xml", &invoice);
    let report = pdf.attachment(b"Zeitnachweis.txt", b"Montag: 8 Stunden");
    pdf.set("AF", vec![Object::from(invoice), report.into()]);
    let (extraction, parts) = take(&pdf.finish());
    assert!(extraction.invoice.is_some());
    assert_eq!(extraction.state, TextState::Readable);
    let names: Vec<&str> = parts.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(names, ["Zeitnachweis.txt"]);
}
