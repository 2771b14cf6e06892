use proptest::prelude::*;

use super::*;
use crate::error::SearchError;

#[track_caller]
fn check(query: &str, printed: &str) {
    let parsed = parse(query, &[]).expect("within the limits");
    let text = parsed.node.as_ref().map(print).unwrap_or_default();
    assert_eq!(text, printed, "reading {query:?}");
}

#[track_caller]
fn noted(query: &str, kind: NoteKind) {
    let parsed = parse(query, &[]).expect("within the limits");
    assert!(
        parsed.notes.iter().any(|note| note.kind == kind),
        "{query:?}: {:?}",
        parsed.notes
    );
}

#[test]
fn words_phrases_and_operators_are_read() {
    check("Antrag Parkausweis", "Antrag Parkausweis");
    check("  Antrag   UND Parkausweis ", "Antrag Parkausweis");
    check("Antrag ODER Widerspruch", "Antrag ODER Widerspruch");
    check(
        "Antrag OR Widerspruch Bescheid",
        "Antrag ODER (Widerspruch Bescheid)",
    );
    check(
        "(Antrag ODER Widerspruch) Bescheid",
        "(Antrag ODER Widerspruch) Bescheid",
    );
    check("\"neuer  Parkausweis\"", "\"neuer Parkausweis\"");
    check("„neuer Parkausweis“", "\"neuer Parkausweis\"");
    check("Antrag -Hund", "Antrag -Hund");
    check("Antrag NICHT Hund", "Antrag -Hund");
    check("--Hund", "Hund");
    check("-(Hund Katze)", "-(Hund Katze)");
    check("Parkaus*", "Parkaus*");
    check("01.4.1-2026/0042", "01.4.1-2026/0042");
    check("Ein- und Ausgang", "Ein- und Ausgang");
    check("", "");
    check(" - ", "");
}

#[test]
fn fields_have_german_and_english_names() {
    check("titel:Antrag", "titel:Antrag");
    check("TITLE:Antrag", "titel:Antrag");
    check("von:Müller", "korrespondent:Müller");
    check("az:\"01.4 2026\"", "aktenzeichen:\"01.4 2026\"");
    check("tag:eilt", "schlagwort:eilt");
    check(
        "titel:(Antrag ODER Bescheid)",
        "titel:(Antrag ODER Bescheid)",
    );
    check("-titel:Antrag", "-titel:Antrag");
    check("titel: Antrag", "titel:Antrag");
    check("https://stadt.de 10:30", "https://stadt.de 10:30");
}

#[test]
fn dates_are_read_in_every_spelling() {
    check("datum:2025", "datum:2025-01-01..2025-12-31");
    check("datum:2025-03", "datum:2025-03-01..2025-03-31");
    check("datum:03.2025", "datum:2025-03-01..2025-03-31");
    check("datum:2024-02", "datum:2024-02-01..2024-02-29");
    check("datum:01.03.2025", "datum:2025-03-01");
    check("datum:1.3.25", "datum:2025-03-01");
    check(
        "datum:2025-01-01..2025-03-31",
        "datum:2025-01-01..2025-03-31",
    );
    check(
        "datum:01.01.2025..31.03.2025",
        "datum:2025-01-01..2025-03-31",
    );
    check("datum:>=2025", "datum:2025-01-01..");
    check("datum:>2025", "datum:2026-01-01..");
    check("datum:<2025-03", "datum:..2025-02-28");
    check("datum:<=2025-03", "datum:..2025-03-31");
    check("eingang:..2025", "eingang:..2025-12-31");
    check("jahr:2025", "jahr:2025");
    check("jahr:2023..2025", "jahr:2023..2025");
    check("jahr:>=2024", "jahr:2024..");
}

#[test]
fn what_cannot_be_read_as_meant_is_read_as_words() {
    check("\"offene Wortfolge", "\"offene Wortfolge\"");
    noted("\"offene Wortfolge", NoteKind::OpenPhrase);
    check("(Antrag Bescheid", "Antrag Bescheid");
    noted("(Antrag Bescheid", NoteKind::Parenthesis);
    check("Antrag) Bescheid", "Antrag Bescheid");
    noted("Antrag) Bescheid", NoteKind::Parenthesis);
    check("ODER Antrag", "Antrag");
    noted("ODER Antrag", NoteKind::Operator);
    check("Antrag ODER", "Antrag");
    noted("Antrag ODER", NoteKind::Operator);
    check("titel:", "");
    noted("titel:", NoteKind::EmptyField);
    check("datum:gestern", "gestern");
    noted("datum:gestern", NoteKind::Date);
    check("datum:31.02.2025", "31.02.2025");
    noted("datum:31.02.2025", NoteKind::Date);
    check("a*", "a");
    noted("a*", NoteKind::ShortPrefix);
}

#[test]
fn limits_refuse() {
    let long = "a".repeat(QUERY_CHARS_MAX + 1);
    assert!(matches!(
        parse(&long, &[]),
        Err(SearchError::TooLong { .. })
    ));
    let many = "a ".repeat(QUERY_TERMS_MAX + 1);
    assert!(matches!(
        parse(&many, &[]),
        Err(SearchError::TooManyTerms { .. })
    ));
    let deep = format!(
        "{}a{}",
        "(".repeat(QUERY_DEPTH_MAX + 1),
        ")".repeat(QUERY_DEPTH_MAX + 1)
    );
    assert!(matches!(
        parse(&deep, &[]),
        Err(SearchError::TooDeep { .. })
    ));
    let nots = format!("{}a", "-".repeat(200));
    assert!(matches!(
        parse(&nots, &[]),
        Err(SearchError::TooDeep { .. })
    ));
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zäöüßA-Z0-9]{1,8}",
        "[a-z.:/*-]{1,6}",
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("\"".to_owned()),
        Just("-".to_owned()),
        Just("ODER".to_owned()),
        Just("UND".to_owned()),
        Just("titel:".to_owned()),
        Just("datum:2025..".to_owned()),
        Just("jahr:2024".to_owned()),
        Just("Wort*".to_owned()),
    ]
}

proptest! {
    #[test]
    fn nothing_typed_makes_it_panic(query in "\\PC{0,200}") {
        let limits = |error: &SearchError| matches!(error, SearchError::TooManyTerms { .. } | SearchError::TooDeep { .. });
        let refused = parse(&query, &[]).err();
        prop_assert!(refused.as_ref().is_none_or(limits), "{:?}", refused);
    }

    #[test]
    fn a_printed_query_reads_as_the_same(pieces in proptest::collection::vec(piece(), 0..16), glue in proptest::collection::vec(any::<bool>(), 16)) {
        let mut query = String::new();
        for (piece, blank) in pieces.iter().zip(glue) {
            query.push_str(piece);
            if blank {
                query.push(' ');
            }
        }
        if let Ok(Parsed { node: Some(node), .. }) = parse(&query, &[]) {
            let printed = print(&node);
            let again = parse(&printed, &[]).expect("a printed query is within the limits");
            prop_assert_eq!(again.node, Some(node), "{} -> {}", query, printed);
        }
    }
}

#[test]
fn fields_of_the_house_are_read_where_they_are_known() {
    let known = ["betrag".to_owned(), "nummer".to_owned()];
    let read = |query: &str| parse(query, &known).expect("within the limits").node;
    let printed = |query: &str| read(query).as_ref().map(print).unwrap_or_default();
    for query in [
        "betrag:12",
        "betrag:1.234,56",
        "betrag:10..20",
        "betrag:>=10",
        "nummer:R-1",
        "nummer:(R-1 ODER R-2)",
        "-nummer:Re*",
    ] {
        assert_eq!(printed(query), query);
        assert_eq!(read(&printed(query)), read(query), "{query}");
    }
    // A dash directly behind the name belongs to the number.
    for (query, numbers) in [
        ("betrag:-12", (Some(-12_000_000), Some(-12_000_000))),
        ("betrag:-5..5", (Some(-5_000_000), Some(5_000_000))),
        ("betrag:-5..-1,5", (Some(-5_000_000), Some(-1_500_000))),
        ("betrag:−12", (Some(-12_000_000), Some(-12_000_000))),
        ("betrag:–12", (Some(-12_000_000), Some(-12_000_000))),
    ] {
        let Some(Node::Value { ranges, words, .. }) = read(query) else {
            panic!("{query} is a value");
        };
        assert_eq!(
            ranges.and_then(|ranges| ranges.numbers),
            Some(numbers),
            "{query}"
        );
        assert_eq!(words, None, "{query}: words have no sign");
        assert_eq!(printed(query), query);
        assert_eq!(read(&printed(query)), read(query), "{query}");
    }
    assert_eq!(printed("-betrag:-12"), "-betrag:-12");
    assert_eq!(printed("betrag: -12"), "-12");
    assert_eq!(printed("betrag:-Hund"), "-Hund");
    assert_eq!(printed("betrag:12 -13"), "betrag:12 -13");
    assert_eq!(printed("feld.betrag:12"), "betrag:12");
    assert_eq!(printed("Field.BETRAG:12"), "betrag:12");
    // Where nobody knows the field, it is a word as before.
    check("betrag:12", "betrag:12");
    assert!(matches!(
        parse("betrag:12", &[]).expect("within the limits").node,
        Some(Node::Word { .. })
    ));
    let Some(Node::Value { ranges, words, .. }) = read("betrag:2025") else {
        panic!("a value");
    };
    let ranges = ranges.expect("it may be a number, and a year");
    assert_eq!(
        ranges.numbers,
        Some((Some(2_025_000_000), Some(2_025_000_000)))
    );
    assert!(ranges.days.is_some() && words.is_some());
    let empty = parse("Antrag betrag:", &known).expect("within the limits");
    assert!(
        empty
            .notes
            .iter()
            .any(|note| note.kind == NoteKind::EmptyField)
    );
}

#[test]
fn numbers_are_read_as_people_type_them() {
    for (typed, read) in [
        ("1.234,56", 1_234_560_000),
        ("1.234,56 €", 1_234_560_000),
        ("1 234,5 EUR", 1_234_500_000),
        ("1.234", 1_234_000_000),
        ("1.23", 1_230_000),
        ("1234.5", 1_234_500_000),
        ("-12", -12_000_000),
        ("0,000001", 1),
    ] {
        assert_eq!(millionths(typed), Some(read), "{typed}");
    }
    for typed in [
        "",
        "-",
        "1,2,3",
        "12.34.56",
        "eins",
        "1.2345678",
        "1.23,4",
        "5,",
        "٣",
    ] {
        assert_eq!(millionths(typed), None, "{typed}");
    }
    assert_eq!(
        amount::range("1..2"),
        Some((Some(1_000_000), Some(2_000_000)))
    );
    assert_eq!(amount::range("..2"), Some((None, Some(2_000_000))));
    assert_eq!(amount::range(">2"), Some((Some(2_000_001), None)));
    assert_eq!(amount::range(".."), None);
}

#[test]
fn ranges_are_read_as_people_write_them() {
    let march = date::range("2026-03");
    assert!(march.is_some());
    for typed in ["März 2026", "1.3.2026-31.3.2026", "1.3.2026 bis 31.3.2026"] {
        assert_eq!(date::range(typed), march, "{typed}");
    }
    assert_eq!(date::years("2025-2026"), Some((2025, 2026)));
    assert_eq!(date::range("Unsinn 2026"), None);
    assert_eq!(date::range("a-b"), None);
}
