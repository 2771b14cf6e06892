//! Typing errors and suggestions.

use indexer::{Entry, FieldNumber, FieldValue, SuggestRequest, Suggestions};

use crate::house::{EVERYONE, House, entry, keys};

#[test]
fn errors_are_forgiven_only_where_nothing_exact_is_found() {
    let house = House::of_texts(&[
        "Die Genehmigung liegt vor.",
        "Der Bewohnerparkausweis.",
        "Rat",
        "Rad",
    ]);
    for query in ["Genehmigug", "Gehnemigung", "Genemigung", "Genehmigungg"] {
        let answer = house.ask(query);
        assert_eq!(keys(&answer), [1], "{query}");
        assert_eq!(answer.corrected.as_deref(), Some("Genehmigung"), "{query}");
    }
    assert_eq!(house.found("Bewohnerparkauswies"), [2]);
    assert_eq!(house.found("Parkauswies"), [2]);
    assert_eq!(house.found("Rat"), [3]);
    assert_eq!(house.ask("Genehmigung").corrected, None);
    // Short words are taken at their word.
    assert_eq!(house.ask("Rab").total, 0);
}

#[test]
fn only_the_wrong_word_is_replaced() {
    let house = House::of_texts(&["Antrag auf Wohngeld", "Antrag auf Elterngeld"]);
    let answer = house.ask("Antrag Wohngled -Elterngeld");
    assert_eq!(keys(&answer), [1]);
    assert_eq!(
        answer.corrected.as_deref(),
        Some("Antrag Wohngeld -Elterngeld")
    );
    // Both words exist, only not together: that is no typing error.
    assert_eq!(house.ask("Wohngeld Elterngeld").corrected, None);
}

#[test]
fn the_last_word_is_completed() {
    let house = House::with([
        entry(1, "Antrag auf Parkausweis", &["Parkausweis, Parkausweis"]),
        Entry {
            values: vec![FieldValue {
                field: "betrag".to_owned(),
                exact: vec![(
                    "12.50".to_owned(),
                    Some(FieldNumber::Millionths(12_500_000)),
                )],
                words: vec!["12,50 EUR".to_owned(), "12.50".to_owned()],
            }],
            ..entry(2, "Widerspruch", &["Parkplatz und Parkausweis"])
        },
        entry(3, "Parkplatzordnung", &["Parkplatz"]),
    ]);
    let ask = |text: &str| {
        let request = SuggestRequest {
            text: text.to_owned(),
            access: vec![EVERYONE],
            opened: Vec::new(),
            fields: vec!["betrag".to_owned()],
            hidden: Vec::new(),
            limit: 5,
        };
        house.index.suggest(&request).expect("an answer")
    };
    let words: Vec<String> = ask("par").words.into_iter().map(|word| word.word).collect();
    assert_eq!(words, ["Parkausweis", "Parkplatz", "Parkplatzordnung"]);
    let words: Vec<String> = ask("Widerspruch par")
        .words
        .into_iter()
        .map(|word| word.text)
        .collect();
    assert_eq!(words, ["Widerspruch Parkausweis", "Widerspruch Parkplatz"]);
    // What stands before may name a field of the house.
    let words: Vec<String> = ask("betrag:12,50 par")
        .words
        .into_iter()
        .map(|word| word.text)
        .collect();
    assert_eq!(
        words,
        ["betrag:12,50 Parkausweis", "betrag:12,50 Parkplatz"]
    );
    let titles: Vec<u128> = ask("Parkpl")
        .titles
        .into_iter()
        .map(|title| title.key.0)
        .collect();
    assert_eq!(titles, [3]);
    assert!(ask("p").words.is_empty());
}

fn suggested(house: &House, text: &str) -> Suggestions {
    let request = SuggestRequest {
        text: text.to_owned(),
        access: vec![EVERYONE],
        opened: Vec::new(),
        fields: Vec::new(),
        hidden: Vec::new(),
        limit: 5,
    };
    house.index.suggest(&request).expect("an answer")
}

/// The texts that are suggested.
fn texts(house: &House, text: &str) -> Vec<String> {
    let words = suggested(house, text).words;
    words.into_iter().map(|word| word.text).collect()
}

/// The keys of the titles that are suggested, sorted.
fn titles(house: &House, text: &str) -> Vec<u128> {
    let found = suggested(house, text).titles;
    let mut keys: Vec<u128> = found.into_iter().map(|title| title.key.0).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_mistyped_beginning_leads_to_the_nearest_words() {
    let house = House::with([
        entry(1, "Gebührensatzung", &["Gebühren und Satzung"]),
        entry(2, "Hundesatzung", &["Die Satzung"]),
        entry(3, "Widerspruch", &["Bewohnerparkausweis"]),
    ]);
    assert_eq!(texts(&house, "Gebhü"), ["Gebühren", "Gebührensatzung"]);
    assert_eq!(texts(&house, "Satzng"), ["Satzung"]);
    assert_eq!(texts(&house, "Die Satzng"), ["Die Satzung"]);
    // Two errors from eight letters on.
    assert_eq!(
        texts(&house, "Widerspruch Bewonerprk"),
        ["Widerspruch Bewohnerparkausweis"]
    );
    assert!(texts(&house, "Satzxx").is_empty());
    // Too short, nothing near, nothing mistyped.
    assert!(texts(&house, "Gbü").is_empty());
    assert!(texts(&house, "Gebx").is_empty());
    assert!(texts(&house, "Kindergarten").is_empty());
    assert_eq!(texts(&house, "Hundes"), ["Hundesatzung"]);
    assert_eq!(titles(&house, "Hundesatzng"), [2]);
}

#[test]
fn the_beginning_of_a_reference_leads_to_what_bears_it() {
    let mut invoice = entry(1, "Rechnung Stadtwerke", &["Strom"]);
    invoice.references = vec!["01.4.1-2026/0042".to_owned(), "RE-2026-00117".to_owned()];
    let house = House::with([
        invoice,
        entry(2, "Haushalt 2026", &["Plan"]),
        entry(3, "A4-Format", &["Papier"]),
    ]);
    for (typed, expect) in [
        ("01.4", vec![1]),
        ("01.4.", vec![1]),
        ("O1.4", vec![1]),
        ("RE-20", vec![1]),
        ("Rechnung re-20", vec![1]),
        ("Haushalt 202", vec![2]),
        ("2026", vec![1, 2]),
        ("20", vec![2]),
        ("A4-For", vec![3]),
        ("02.4", vec![]),
    ] {
        assert_eq!(titles(&house, typed), expect, "{typed}");
    }
    assert!(texts(&house, "01.4").is_empty());
}

#[test]
fn a_text_of_any_length_is_completed() {
    let house = House::of_texts(&["Ein Antrag"]);
    assert!(texts(&house, &"x".repeat(1_999)).is_empty());
    let many = format!("{}Antrag", "a-1-".repeat(100));
    assert!(titles(&house, &many).is_empty());
}
