//! What stands on a report, and that it stands on one page.

use std::collections::BTreeMap;

use lopdf::Document;
use paper::report::{Block, Code, Lang, Row};

use super::gather::activity;
use super::said::{grouped, report};
use super::{Anchors, Baseline, Facts, House, TimestampAnchor, WitnessAnchor, carried, render};
use crate::audit::merkle::Hash;
use crate::audit::note::{Checkpoint, NoteSigner, Policy};
use crate::base::Timestamp;
use crate::codes;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn counts() -> BTreeMap<String, u64> {
    let all = [
        ("account.create", 1),
        ("content.destroy", 2),
        ("document.receive", 120),
        ("document.text", 120),
        ("log.heartbeat", 24),
        ("privacy.erase", 2),
        ("quarantine.discard", 1),
        ("workflow_definition.propose", 7),
    ];
    let owned = all.map(|(action, count)| (action.to_owned(), count));
    owned.into_iter().collect()
}

/// A report of a log of this name; with all that others may keep of it.
fn facts(origin: &str) -> Facts {
    let origin: crate::audit::Origin = origin.parse().expect("a name");
    let signer = NoteSigner::from_seed(&origin, &[7; 32]);
    let checkpoint = Checkpoint {
        origin,
        size: 1_580,
        root: Hash([0xa5; 32]),
    };
    let note = checkpoint.sign(&signer).expect("a note");
    let witness = |name: &str| WitnessAnchor {
        name: name.to_owned(),
        size: 1_579,
        at: at("2026-11-25T22:59:00Z"),
    };
    Facts {
        house: House {
            town: "Stadt Hollerfurt".to_owned(),
            key: signer.verifier(),
        },
        note: String::from_utf8(note).expect("UTF-8"),
        checkpoint,
        signed_at: at("2026-11-25T22:59:59Z"),
        since: Baseline {
            at: at("2026-11-24T23:00:00Z"),
            size: 1_303,
        },
        activity: activity(counts(), 9),
        anchors: Anchors {
            timestamps: vec![TimestampAnchor {
                size: 1_500,
                at: at("2026-11-25T12:00:00Z"),
                serial: "0a12b3c4d5e6f708".to_owned(),
                authority: "Zeitstempelstelle Beispiel, Bonn".to_owned(),
            }],
            witnesses: ["kreis.example/zeuge", "b.example", "c.example", "d.example"]
                .map(witness)
                .to_vec(),
        },
        now: at("2026-11-25T23:00:30Z"),
    }
}

/// The rows of a report, by their labels.
fn rows(facts: &Facts, lang: Lang) -> BTreeMap<String, String> {
    let report = report(facts, lang).expect("a report");
    let rows = report.blocks.into_iter().filter_map(|block| match block {
        Block::Rows(rows) => Some(rows),
        Block::Heading { .. }
        | Block::Paragraph(_)
        | Block::Table(_)
        | Block::List(_)
        | Block::Notice { .. }
        | Block::Code(_)
        | Block::Signature(_)
        | Block::PageBreak => None,
    });
    rows.flatten()
        .map(|Row { label, value }| (label, value))
        .collect()
}

fn code(facts: &Facts) -> Code {
    let report = report(facts, Lang::German).expect("a report");
    let mut codes = report.blocks.into_iter().filter_map(|block| match block {
        Block::Code(code) => Some(code),
        Block::Heading { .. }
        | Block::Paragraph(_)
        | Block::Rows(_)
        | Block::Table(_)
        | Block::List(_)
        | Block::Notice { .. }
        | Block::Signature(_)
        | Block::PageBreak => None,
    });
    codes.next().expect("a code")
}

fn pages(pdf: &[u8]) -> usize {
    let pdf = Document::load_mem(pdf).expect("a PDF");
    pdf.get_pages().len()
}

#[test]
fn a_report_says_what_the_log_is_and_what_happened() {
    let facts = facts("archiv.example/audit");
    let rows = rows(&facts, Lang::German);
    for (label, value) in [
        ("Protokoll", "archiv.example/audit"),
        ("Einträge im Protokoll", "1580"),
        (
            "Wurzel (hexadezimal)",
            "a5a5a5a5 a5a5a5a5 a5a5a5a5 a5a5a5a5 a5a5a5a5 a5a5a5a5 a5a5a5a5 a5a5a5a5",
        ),
        ("Kennung des Schlüssels", facts.house.key.id().as_str()),
        (
            "Öffentlicher Schlüssel",
            facts.house.key.to_string().as_str(),
        ),
        ("Signiert am", "25.11.2026, 23:59:59 Uhr (UTC+1)"),
        ("Neue Einträge", "277 (von 1303 auf 1580)"),
        (
            "Besonderes",
            "abgewiesene Anfragen: 9, vernichtete Inhalte: 3, Löschungen: 2",
        ),
    ] {
        assert_eq!(rows.get(label).map(String::as_str), Some(value), "{label}");
    }
    // The root as the note has it.
    let base64 = rows.get("Wurzel (Base64)").expect("a root");
    assert!(facts.note.contains(&format!("\n{base64}\n")), "{base64}");
    let kinds = rows.get("Die häufigsten").expect("kinds");
    let kinds: Vec<&str> = kinds.lines().collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    assert_eq!(
        kinds.first().copied(),
        Some("120 × Ein Dokument ist eingegangen. (document.receive)")
    );
    assert_eq!(kinds.last().copied(), Some("4 weitere Arten"));
    let seen = rows.get("Zeugen").expect("witnesses");
    assert_eq!(seen.lines().count(), 3, "{seen}");
    let stamp = rows.get("Zeitstempel (RFC 3161)").expect("a timestamp");
    assert!(
        stamp.contains("1500 Einträge") && stamp.contains("Seriennummer 0a12b3c4d5e6f708"),
        "{stamp}"
    );
}

#[test]
fn what_others_do_not_keep_is_said() {
    let facts = Facts {
        anchors: Anchors::default(),
        ..facts("archiv.example/audit")
    };
    let german = rows(&facts, Lang::German);
    assert_eq!(german.get("Zeugen").map(String::as_str), Some("keiner"));
    let english = rows(&facts, Lang::English);
    assert_eq!(english.get("Witnesses").map(String::as_str), Some("none"));
    let kinds = english.get("The most frequent").expect("kinds");
    assert!(kinds.starts_with("120 × document.receive\n"), "{kinds}");
}

#[test]
fn the_code_carries_the_signed_note_byte_for_byte() {
    let facts = facts("archiv.example/audit");
    let code = code(&facts);
    assert_eq!(code.letters, facts.note);
    let (squares, dark) = codes::squares(&facts.note).expect("a code");
    assert_eq!((code.squares, code.dark), (squares, dark));
    let policy = Policy::new(vec![facts.house.key.clone()]);
    let opened = Checkpoint::open(code.letters.as_bytes(), &policy).expect("signed");
    assert_eq!(opened.0, facts.checkpoint);
}

#[test]
fn signatures_that_do_not_fit_are_left_out_from_behind() {
    let facts = facts("archiv.example/audit");
    let mut note = facts.note.clone();
    for number in 0..20 {
        note.push_str(&format!("\u{2014} w{number}.example {}\n", "A".repeat(100)));
    }
    let short = carried(&note);
    assert!(short.len() <= codes::LARGE_BYTES_MAX && short.len() > facts.note.len());
    assert!(note.starts_with(&short) && short.ends_with('\n'));
    let policy = Policy::new(vec![facts.house.key.clone()]);
    let opened = Checkpoint::open(short.as_bytes(), &policy).expect("signed");
    assert_eq!(opened.0, facts.checkpoint);
    assert!(codes::squares(&short).is_some());
}

#[test]
fn a_report_is_one_page_in_either_language() {
    let usual = facts("archiv.example/audit");
    let long = facts("papierlos.digitales-rathaus.stadt-hollerfurt.example/audit");
    for facts in [&usual, &long] {
        for lang in [Lang::German, Lang::English] {
            let made = render(facts, lang).expect("a report");
            assert_eq!(pages(&made), 1, "{lang:?} {}", facts.checkpoint.origin);
            assert_eq!(render(facts, lang).expect("a report"), made);
        }
    }
}

#[test]
fn the_longest_name_that_a_log_can_have_is_printed() {
    let facts = facts(&format!("{}/audit", "archiv.example".repeat(14)));
    assert!(render(&facts, Lang::German).is_ok());
    assert_eq!(code(&facts).letters, facts.note);
}

#[test]
fn digits_stand_in_groups() {
    assert_eq!(grouped("0123456789abcdef0"), "01234567 89abcdef 0");
    assert_eq!(grouped(""), "");
}
