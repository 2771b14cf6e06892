//! Passages and marks.

use indexer::{Highlighted, SearchRequest};
use proptest::prelude::*;

use crate::house::{EVERYONE, House, entry};

fn marked(text: &Highlighted) -> Vec<&str> {
    text.marks
        .iter()
        .map(|mark| {
            text.text
                .get(mark.range.clone())
                .expect("a mark lies between characters")
        })
        .collect()
}

/// Pages and marked words of the first hit.
#[track_caller]
fn check(pages: &[&str], query: &str, expect: &[(u32, &[&str])]) {
    let house = House::with([entry(1, "Ohne Titel", pages)]);
    let answer = house.ask(query);
    let hit = answer.hits.first().expect("a hit");
    let found: Vec<(u32, Vec<&str>)> = hit
        .snippets
        .iter()
        .map(|it| (it.page, marked(&it.text)))
        .collect();
    let expect: Vec<(u32, Vec<&str>)> = expect
        .iter()
        .map(|(page, words)| (*page, words.to_vec()))
        .collect();
    assert_eq!(found, expect, "{query:?}");
}

#[test]
fn whole_words_are_marked_on_their_page() {
    check(
        &["Erste Seite", "Der Antrag auf Wohngeld"],
        "Wohngeld",
        &[(2, &["Wohngeld"])],
    );
    check(
        &["Viele Anträge, ein Antrag"],
        "Antrag",
        &[(1, &["Anträge", "Antrag"])],
    );
    check(
        &["Der Bewohnerparkausweis"],
        "Parkausweis",
        &[(1, &["Bewohnerparkausweis"])],
    );
    check(
        &["zur Verwal-\ntung des Parks"],
        "Verwaltung",
        &[(1, &["Verwaltung"])],
    );
    check(
        &["zur Verwal\u{ad}tung des Parks"],
        "Verwaltung",
        &[(1, &["Verwaltung"])],
    );
    check(
        &["vor Sicherheit und Ordnung danach Ordnung"],
        "\"Sicherheit und Ordnung\"",
        &[(1, &["Sicherheit und Ordnung"])],
    );
    check(
        &["Az 01.4.1-2026/0042 vom"],
        "01.4.1-2026/0042",
        &[(1, &["01.4.1-2026/0042"])],
    );
    check(&["nach § 17 Abs. 7 PAuswV"], "§ 17", &[(1, &["§ 17"])]);
    check(
        &["Konto DE89 3704 0044 0532 0130 00 bitte"],
        "DE89370400440532013000",
        &[(1, &["DE89 3704 0044 0532 0130 00"])],
    );
    check(&["Betrag 1.234,56 EUR"], "1234,56", &[(1, &["1.234,56"])]);
    check(
        &["Genehmigungen und genehmigt"],
        "geneh*",
        &[(1, &["Genehmigungen", "genehmigt"])],
    );
    check(&["Die Genehmigung"], "Genehmigug", &[(1, &["Genehmigung"])]);
    check(
        &["leer", "auch", "Hier steht kein Wort davon"],
        "\"Ohne Titel\"",
        &[(1, &[])],
    );
}

#[test]
fn the_part_of_a_compound_is_named() {
    let house = House::of_texts(&["Der Bewohnerparkausweis"]);
    let answer = house.ask("Parkausweis");
    let mark = answer
        .hits
        .first()
        .and_then(|hit| hit.snippets.first())
        .and_then(|it| it.text.marks.first());
    assert_eq!(
        mark.and_then(|mark| mark.part.as_deref()),
        Some("parkausweis")
    );
}

#[test]
fn titles_are_marked_too() {
    let house = House::with([entry(
        1,
        "Antrag auf Bewohnerparkausweis 01.4.1-2026/0042",
        &["Text"],
    )]);
    for (query, expect) in [
        ("Antrag", vec!["Antrag"]),
        ("Parkausweis", vec!["Bewohnerparkausweis"]),
        ("01.4.1-2026/0042", vec!["01.4.1-2026/0042"]),
        ("titel:\"Antrag auf\"", vec!["Antrag auf"]),
        ("anträ*", vec!["Antrag"]),
    ] {
        let answer = house.ask(query);
        let hit = answer.hits.first().expect("a hit");
        assert_eq!(marked(&hit.title), expect, "{query}");
    }
}

#[test]
fn the_passage_with_most_of_the_words_comes_first_in_choice() {
    let filler = "und dann kam lange nichts mehr dazu ".repeat(20);
    let page =
        format!("Antrag {filler} Antrag auf Wohngeld für Familie {filler} Antrag {filler} Antrag");
    let house = House::with([entry(1, "Ohne Titel", &[&page])]);
    let answer = house.ask("Wohngeld Familie Antrag");
    let snippets = &answer.hits.first().expect("a hit").snippets;
    assert!(
        snippets
            .iter()
            .any(|it| marked(&it.text) == ["Antrag", "Wohngeld", "Familie"]),
        "{snippets:?}"
    );
    assert!(snippets.iter().all(|it| it.text.text.len() < 400));
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Antrag".to_owned()),
        Just("Verwal-\ntung".to_owned()),
        Just("Verwal\u{ad}tung".to_owned()),
        Just("Bewohnerparkausweis".to_owned()),
        Just("§ 17".to_owned()),
        Just("01.4.1-2026/0042".to_owned()),
        Just("„Größe“".to_owned()),
        Just("Mu\u{308}ller".to_owned()),
        "[a-zäöüß€ .,-]{1,9}",
        "\\PC{1,3}",
        "[ \n\t]{1,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn marks_lie_between_characters_and_cover_what_matched(
        pages in proptest::collection::vec(proptest::collection::vec(word(), 0..40), 1..4)
    ) {
        let pages: Vec<String> = pages.iter().map(|words| words.join(" ")).collect();
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let house = House::with([entry(1, "Titel", &pages)]);
        for (query, forms) in [
            ("Verwaltung", vec!["Verwaltung"]),
            ("Antrag", vec!["Antrag", "antrag"]),
            ("Parkausweis", vec!["Bewohnerparkausweis"]),
            ("Müller", vec!["Mu\u{308}ller"]),
            ("01.4.1-2026/0042", vec!["01.4.1-2026/0042"]),
        ] {
            let answer = house.search(&SearchRequest::new(query, vec![EVERYONE]));
            for hit in &answer.hits {
                for snippet in &hit.snippets {
                    for mark in marked(&snippet.text) {
                        prop_assert!(forms.contains(&mark), "{:?} for {}", mark, query);
                    }
                }
            }
        }
    }
}
