//! A document of each format, by programs that have nothing to do with ours, and the words that a person sees
//! in it. The table is printed; all words must be read.

use std::fs;
use std::io::{Cursor, Write as _};

use cfb::CompoundFile;
use indexer::extract::Extraction;
use serde::Deserialize;

use super::lines;
use super::reading::{Words, count, extract, found, root, words};

#[derive(Deserialize)]
struct Sample {
    name: String,
    format: String,
    /// Below `tests/data/reading`.
    file: String,
    words: String,
}

type Mail = CompoundFile<Cursor<Vec<u8>>>;

/// What the mail below says, beside who writes to whom.
const SUBJECT: &str = "Sondernutzung Mühlengasse";
const FEE: &str = "Die Verwaltungsgebühr beträgt 125 € und ist bis zum 28. Februar zu überweisen.";
const SENDER: [&str; 2] = ["Jörg Großmüller", "joerg.grossmueller@hollerfurt.example"];
const RECIPIENT: &str = "Bürgerbüro";

fn stream(mail: &mut Mail, path: &str, bytes: &[u8]) {
    let mut stream = mail.create_stream(path).expect("a place");
    stream.write_all(bytes).expect("a vector takes all");
}

/// A text of a mail, in UTF-16.
fn wide(mail: &mut Mail, path: &str, text: &str) {
    let units = text.encode_utf16();
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    stream(mail, path, &bytes);
}

/// The head of a list of properties, and the one property of fixed length that is in it.
fn properties(head: usize, tag: u32, value: u64) -> Vec<u8> {
    let mut bytes = vec![0; head];
    bytes.extend(tag.to_le_bytes());
    bytes.extend([6, 0, 0, 0]);
    bytes.extend(value.to_le_bytes());
    bytes
}

/// A mail as Outlook keeps it. Nothing but Outlook writes such: this one is made here.
fn outlook() -> Vec<u8> {
    let mut mail = CompoundFile::create(Cursor::new(Vec::new())).expect("a file");
    // 2026-03-02T08:15:00Z in hundreds of nanoseconds since 1601.
    let sent = (1_772_439_300 + 11_644_473_600) * 10_000_000;
    let top = properties(32, 0x0039_0040, sent);
    stream(&mut mail, "/__properties_version1.0", &top);
    wide(&mut mail, "/__substg1.0_0037001F", SUBJECT);
    wide(&mut mail, "/__substg1.0_0C1A001F", SENDER[0]);
    wide(&mut mail, "/__substg1.0_5D01001F", SENDER[1]);
    wide(&mut mail, "/__substg1.0_1000001F", FEE);
    let to = "/__recip_version1.0_#00000000";
    mail.create_storage(to).expect("a storage");
    let recipient = properties(8, 0x0c15_0003, 1);
    stream(
        &mut mail,
        &format!("{to}/__properties_version1.0"),
        &recipient,
    );
    wide(&mut mail, &format!("{to}/__substg1.0_3001001F"), RECIPIENT);
    mail.flush().expect("a vector takes all");
    mail.into_inner().into_inner()
}

/// All that is told of a document: its pages, and the facts of the invoice that it carries.
fn told(extraction: &Extraction) -> Words {
    let pages = extraction.pages.iter();
    let mut all: Vec<&str> = pages.map(|page| page.text.as_str()).collect();
    if let Some(invoice) = &extraction.invoice {
        let facts = [
            &invoice.number,
            &invoice.issued,
            &invoice.gross,
            &invoice.buyer_reference,
        ];
        all.extend(facts.into_iter().filter_map(|fact| fact.as_deref()));
    }
    words(&all.join("\n"))
}

pub(crate) fn the_words_of_every_format_are_read() {
    let folder = root().join("tests/data/reading");
    let samples: Vec<Sample> = lines(&folder.join("golden.jsonl"));
    let mut documents: Vec<(Sample, Vec<u8>)> = samples
        .into_iter()
        .map(|sample| {
            let content = fs::read(folder.join(&sample.file)).expect("a sample");
            (sample, content)
        })
        .collect();
    let mail = Sample {
        name: "msg".to_owned(),
        format: "outlook".to_owned(),
        file: "made by the test".to_owned(),
        words: [SENDER[0], SENDER[1], RECIPIENT, SUBJECT, FEE].join(" "),
    };
    documents.push((mail, outlook()));
    println!(
        "{:<14} {:<38} {:>6} {:>6}",
        "format", "document", "words", "found"
    );
    let mut complaints = Vec::new();
    for (sample, content) in &documents {
        let extraction = extract(content);
        let (wanted, there) = (words(&sample.words), told(&extraction));
        let (number, hits) = (count(&wanted), found(&wanted, &there));
        let (name, file) = (&sample.name, &sample.file);
        println!("{name:<14} {file:<38} {number:>6} {hits:>6}");
        let format = extraction.format.as_str();
        if format != sample.format {
            complaints.push(format!("{name}: is {format} and not {}", sample.format));
        }
        let lacks = |word: &String| there.get(word) < wanted.get(word);
        let missing: Vec<&String> = wanted.keys().filter(|word| lacks(word)).collect();
        if !missing.is_empty() {
            complaints.push(format!("{name}: missing {missing:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
