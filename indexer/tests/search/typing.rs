//! Typing errors and suggestions.

use indexer::{Entry, FieldNumber, FieldValue, SuggestRequest};

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
