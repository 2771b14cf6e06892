use indexer::Vote;
use indexer::extract::Invoice;
use indexer::letter::{Clue, Zone};

use super::model::{Gathered, REASONS_MAX, SUGGESTED_MAX, Suggested, kinds};
use super::reasons::{self, Referred};
use crate::base::{AccountId, Timestamp, TypeId};
use crate::http::{Language, Text, text};
use crate::types::{Catalog, DocumentType};

fn because(what: &'static str) -> Text {
    text(what, what)
}

fn kind(code: &str, retired: bool) -> DocumentType {
    let (at, by) = (Timestamp::of_micros(0), AccountId::new());
    DocumentType {
        id: TypeId::new(),
        version: 1,
        code: code.to_owned(),
        name: code.to_owned(),
        description: None,
        carried: Vec::new(),
        retired_at: retired.then_some(at),
        created_at: at,
        created_by: by,
        changed_at: at,
        changed_by: by,
    }
}

fn catalog() -> Catalog {
    Catalog {
        types: vec![
            kind("Bescheid", false),
            kind("Rechnung", false),
            kind("Mahnung", true),
        ],
        fields: Vec::new(),
    }
}

fn values(all: &[Suggested<String>]) -> Vec<&str> {
    all.iter().map(|one| one.value.as_str()).collect()
}

#[test]
fn several_reasons_make_a_value_surer_and_never_certain() {
    let mut gathered = Gathered::new();
    gathered.add("a", 0.6, because("one"));
    gathered.add("b", 0.7, because("two"));
    gathered.add("a", 0.8, because("three"));
    for _ in 0..9 {
        gathered.add("c", 0.9, because("again"));
    }
    let all = gathered.done();
    let scores: Vec<_> = all.iter().map(|one| (one.value, one.score)).collect();
    assert_eq!(scores.first(), Some(&("c", 0.99)));
    let (name, score) = scores.get(1).expect("the second");
    assert!(*name == "a" && (score - 0.92).abs() < 1e-9, "{scores:?}");
    let told = all.get(1).expect("the second").reasons.first();
    assert_eq!(told, Some(&because("three")), "the strongest comes first");
    assert!(all.iter().all(|one| one.reasons.len() <= REASONS_MAX));
}

#[test]
fn no_more_is_suggested_than_anybody_reads() {
    let mut gathered = Gathered::new();
    for number in 0..50 {
        gathered.add(number, 0.5, because("so"));
    }
    let all = gathered.done();
    assert_eq!(all.len(), SUGGESTED_MAX);
    assert_eq!(all.first().map(|one| one.value), Some(0), "in their order");
}

#[test]
fn a_type_is_told_by_a_word_of_the_title() {
    for (title, wanted) in [
        ("Rechnung Nr. 12 über Pflanzen", vec!["Rechnung"]),
        ("Grundsteuerbescheid für das Jahr 2025", vec!["Bescheid"]),
        ("Erste Mahnung", vec![]),
        ("Ihre Anfrage", vec![]),
    ] {
        let found = kinds(&catalog(), &[title], None, Vec::new());
        assert_eq!(values(&found), wanted, "{title}");
    }
}

#[test]
fn what_a_department_files_counts_and_a_retired_type_does_not() {
    let vote = |value: &str, score: f64| Vote {
        value: value.to_owned(),
        score,
        entries: 4,
        words: vec!["Steuer".to_owned()],
    };
    let votes = vec![vote("Mahnung", 0.8), vote("Vermerk", 0.6)];
    let found = kinds(&catalog(), &["Rechnung"], None, votes);
    assert_eq!(values(&found), ["Rechnung", "Vermerk"]);
    let reason = found.get(1).and_then(|one| one.reasons.first());
    let reason = reason.expect("a reason").get(Language::German).to_owned();
    assert_eq!(
        reason,
        "ähnlich wie 4 Dokumente dieser Art in dieser Abteilung: Steuer"
    );
}

#[test]
fn an_invoice_is_one_by_its_facts() {
    let invoice = Invoice {
        kind: Some("380".to_owned()),
        ..Invoice::default()
    };
    let found = kinds(&catalog(), &["scan_0815"], Some(&invoice), Vec::new());
    assert_eq!(values(&found), ["Rechnung"]);
    let credit = Invoice {
        kind: Some("381".to_owned()),
        ..Invoice::default()
    };
    // The house has no type for it.
    let found = kinds(&catalog(), &["scan_0815"], Some(&credit), Vec::new());
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn reasons_are_sentences_in_both_languages() {
    for (told, german, english) in [
        (
            reasons::clue(Clue::PlaceAndDate),
            "Ort und Datum des Schreibens",
            "place and date of the letter",
        ),
        (
            reasons::reference(Referred::Case, "02.2-2025/0017", Some("Ihr Zeichen"), 1),
            "Aktenzeichen 02.2-2025/0017 in der Zeile „Ihr Zeichen“",
            "reference 02.2-2025/0017 in the line “Ihr Zeichen”",
        ),
        (
            reasons::code("DE123456789", 3),
            "DE123456789 steht auch auf 3 Dokumenten mit diesem Korrespondenten",
            "DE123456789 also stands on 3 documents with this correspondent",
        ),
        (
            reasons::name(Zone::Head, "Klecks GmbH"),
            "„Klecks GmbH“ im Kopf des Schreibens",
            "“Klecks GmbH” in the letterhead",
        ),
    ] {
        assert_eq!(told.get(Language::German), german);
        assert_eq!(told.get(Language::English), english);
    }
}
