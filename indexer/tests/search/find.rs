//! What is found, and what is not.

use indexer::{Filters, Key, NoteKind, Reading, SearchRequest, Sort};

use crate::house::{EVERYONE, House, day, entry, keys};

#[test]
fn compounds_are_found_by_their_parts_but_not_the_other_way_round() {
    let house = House::of_texts(&[
        "Der Bewohnerparkausweis liegt bereit.",
        "Ein Kaufvertrag.",
        "Ein Vertrag.",
    ]);
    assert_eq!(house.found("Parkausweis"), [1]);
    assert_eq!(house.found("parkausweise"), [1]);
    assert_eq!(house.found("Ausweis"), [1]);
    assert_eq!(house.found("Bewohner Parkausweis"), [1]);
    assert_eq!(house.found("Bewohner-Parkausweis"), [1]);
    assert_eq!(house.found("Kaufvertrag"), [2]);
    assert_eq!(house.found("Vertrag"), [2, 3]);
}

#[test]
fn a_question_in_which_nothing_can_be_looked_for_is_answered_by_all_and_says_so() {
    let house = House::of_texts(&["Ein Kaufvertrag.", "Ein Mietvertrag."]);
    let says = |query: &str| {
        let answer = house.ask(query);
        let mut kinds = answer.notes.iter().map(|note| note.kind);
        (answer.total, kinds.any(|kind| kind == NoteKind::NoWords))
    };
    assert_eq!(says("--- !!"), (2, true));
    assert_eq!(says(""), (2, false));
    assert_eq!(says("Kaufvertrag !!"), (1, false));
    assert_eq!(says("NICHT Kaufvertrag"), (1, false));
}

#[test]
fn hyphens_do_not_part_what_belongs_together() {
    let house = House::of_texts(&[
        "Der Bewohner-Parkausweis.",
        "Ein Anwohnerparkausweis-Antrag.",
        "Kauf- und Mietvertrag",
    ]);
    assert_eq!(house.found("Bewohnerparkausweis"), [1]);
    assert_eq!(house.found("Anwohnerparkausweisantrag"), [2]);
    assert_eq!(house.found("Parkausweis"), [1, 2]);
    assert_eq!(house.found("Kaufvertrag"), [3]);
    assert_eq!(house.found("Mietvertrag"), [3]);
}

#[test]
fn spellings_of_names_fall_together() {
    let house = House::of_texts(&[
        "Frau Müller, Hauptstraße 5",
        "Herr Mueller, Hauptstr. 5",
        "Muller, Hauptstrasse 5",
    ]);
    for query in [
        "Müller",
        "mueller",
        "MULLER",
        "Hauptstraße",
        "Hauptstrasse",
        "Hauptstr.",
        "\"Hauptstr. 5\"",
    ] {
        assert_eq!(house.found(query), [1, 2, 3], "{query}");
    }
}

#[test]
fn words_that_only_look_alike_stay_apart() {
    let house = House::of_texts(&[
        "Die Sicherheit.",
        "Er hat sich gemeldet.",
        "Der Rat tagt.",
        "Eine Ratte.",
        "Ein Bürger.",
        "Eine Burg.",
    ]);
    assert_eq!(house.found("Sicherheit"), [1]);
    assert_eq!(house.found("Rat"), [3]);
    assert_eq!(house.found("Bürger"), [5]);
    assert_eq!(house.found("Burg"), [6]);
}

#[test]
fn all_words_must_occur_and_excluded_ones_must_not() {
    let house = House::of_texts(&[
        "Antrag auf Wohngeld",
        "Antrag auf Elterngeld",
        "Bescheid über Wohngeld",
    ]);
    assert_eq!(house.found("Antrag Wohngeld"), [1]);
    assert_eq!(house.found("Antrag -Wohngeld"), [2]);
    assert_eq!(house.found("Wohngeld ODER Elterngeld"), [1, 2, 3]);
    assert_eq!(house.found("(Antrag ODER Bescheid) Wohngeld"), [1, 3]);
    assert_eq!(house.found("-Antrag"), [3]);
    assert_eq!(house.found(""), [1, 2, 3]);
}

#[test]
fn stop_words_neither_hinder_nor_break_phrases() {
    let house = House::of_texts(&[
        "Antrag auf Parkausweis",
        "Parkausweis: Antrag",
        "auf dem Antrag",
    ]);
    assert_eq!(house.found("der Antrag auf einen Parkausweis"), [1, 2]);
    assert_eq!(house.found("\"Antrag auf Parkausweis\""), [1]);
    assert_eq!(house.found("\"auf dem\""), [3]);
    assert_eq!(house.found("auf"), [1, 3]);
}

#[test]
fn phrases_keep_their_order_and_do_not_cross_pages() {
    let house = House::with([
        entry(1, "eins", &["Sicherheit und Ordnung"]),
        entry(2, "zwei", &["Ordnung und Sicherheit"]),
        entry(3, "drei", &["am Ende Sicherheit und", "Ordnung am Anfang"]),
    ]);
    assert_eq!(house.found("\"Sicherheit und Ordnung\""), [1]);
    assert_eq!(house.found("Sicherheit Ordnung"), [1, 2, 3]);
}

#[test]
fn references_are_found_exactly_and_by_parts() {
    let mut referenced = entry(1, "Rechnung", &["Ihr Schreiben"]);
    referenced.references = vec!["01.4.1-2026/0042".to_owned()];
    let house = House::with([
        referenced,
        entry(2, "Text", &["unser Zeichen 01.4.1-2026/0043"]),
        entry(3, "Scan", &["Zeichen O1.4.1-2O26/OO42"]),
        entry(4, "Akte", &["Az. II-3/2025"]),
    ]);
    assert_eq!(house.found("01.4.1-2026/0042"), [1, 3]);
    assert_eq!(house.found("2026/0042"), [1, 3]);
    assert_eq!(house.found("01.4.1-2026"), [1, 2, 3]);
    assert_eq!(house.found("0043"), [2]);
    assert_eq!(house.found("43"), [2]);
    assert_eq!(house.found("II-3/2025"), [4]);
    assert_eq!(house.found("11-3/2025"), [4]);
    assert_eq!(house.found("az:01.4.1-2026/0042"), [1]);
    assert_eq!(house.found("01.4.1*"), [1, 2, 3]);
}

#[test]
fn codes_are_found_in_every_spelling() {
    let house = House::of_texts(&[
        "IBAN DE89 3704 0044 0532 0130 00, Betrag 1.234,56 EUR",
        "IBAN DE89370400440532013000, Betrag 1234,56 EUR",
        "gemäß § 17 Abs. 7 PAuswV, am 1. März 2025",
        "nach § 18 PAuswV Nr. 17, am 01.03.2025, max.mustermann@stadt.de, Tel. 02364/933-123",
    ]);
    assert_eq!(house.found("DE89370400440532013000"), [1, 2]);
    assert_eq!(house.found("DE89 3704 0044 0532 0130 00"), [1, 2]);
    assert_eq!(house.found("\"0532 0130\""), [1, 2]);
    assert_eq!(house.found("1.234,56"), [1, 2]);
    assert_eq!(house.found("1234,56"), [1, 2]);
    assert_eq!(house.found("§ 17 Abs. 7 PAuswV"), [3]);
    assert_eq!(house.found("§17 PAuswV"), [3]);
    assert_eq!(house.found("01.03.2025"), [3, 4]);
    assert_eq!(house.found("1. März 2025"), [3, 4]);
    assert_eq!(house.found("max.mustermann@stadt.de"), [4]);
    assert_eq!(house.found("mustermann"), [4]);
    assert_eq!(house.found("+49 2364 933123"), [4]);
    assert_eq!(house.found("02364 933123"), [4]);
}

#[test]
fn fields_narrow_the_search() {
    let mut invoice = entry(1, "Rechnung Stadtwerke", &["Wir stellen in Rechnung"]);
    invoice.kind = Some("Rechnung".to_owned());
    invoice.correspondent = Some("Stadtwerke Musterstadt".to_owned());
    invoice.tags = vec!["eilt".to_owned()];
    invoice.file_name = Some("scan_2026-01.pdf".to_owned());
    invoice.document_date = day(2026, 1, 15);
    let letter = entry(
        2,
        "Brief",
        &["Zur Rechnung der Stadtwerke vom Januar, bitte beachten: eilt"],
    );
    let house = House::with([invoice, letter]);
    assert_eq!(house.found("Rechnung"), [1, 2]);
    for query in [
        "titel:Rechnung",
        "typ:Rechnung",
        "von:Stadtwerke",
        "tag:eilt",
        "datei:scan",
        "jahr:2026",
        "datum:2026-01",
        "datum:15.01.2026",
        "datum:>=2026",
        "korrespondent:\"Stadtwerke Musterstadt\"",
        "type:Rechnung",
        "titel:Stadtw*",
    ] {
        assert_eq!(house.found(query), [1], "{query}");
    }
    assert_eq!(house.found("abteilung:Bürgerbüro"), [1, 2]);
    assert_eq!(house.found("Rechnung -typ:Rechnung"), [2]);
}

#[test]
fn prefixes_find_words_as_they_are_written() {
    let house = House::of_texts(&["Genehmigungen", "genehmigt", "Gene", "Verträge"]);
    assert_eq!(house.found("genehmigung*"), [1]);
    assert_eq!(house.found("geneh*"), [1, 2]);
    assert_eq!(house.found("gene*"), [1, 2, 3]);
    assert_eq!(house.found("vertra*"), [4]);
    assert_eq!(house.found("verträ*"), [4]);
}

#[test]
fn filters_add_up_and_their_values_are_alternatives() {
    let mut one = entry(1, "eins", &["Text"]);
    one.kind = Some("Brief".to_owned());
    one.document_date = day(2024, 5, 1);
    let mut two = entry(2, "zwei", &["Text"]);
    two.kind = Some("Rechnung".to_owned());
    two.document_date = day(2025, 5, 1);
    let mut three = entry(3, "drei", &["Text"]);
    three.kind = Some("Rechnung".to_owned());
    three.department = "Kämmerei".to_owned();
    let house = House::with([one, two, three]);
    let ask = |filters: Filters| {
        let mut request = SearchRequest::new("Text", vec![EVERYONE]);
        request.filters = filters;
        let mut found = keys(&house.search(&request));
        found.sort_unstable();
        found
    };
    let kinds = |kinds: &[&str]| {
        kinds
            .iter()
            .map(|kind| (*kind).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ask(Filters {
            kind: kinds(&["Rechnung"]),
            ..Filters::default()
        }),
        [2, 3]
    );
    assert_eq!(
        ask(Filters {
            kind: kinds(&["Rechnung", "Brief"]),
            ..Filters::default()
        }),
        [1, 2, 3]
    );
    let both = Filters {
        kind: kinds(&["Rechnung"]),
        department: kinds(&["Kämmerei"]),
        ..Filters::default()
    };
    assert_eq!(ask(both), [3]);
    assert_eq!(
        ask(Filters {
            year: vec![2024, 2025],
            ..Filters::default()
        }),
        [1, 2]
    );
    let dates = (day(2025, 1, 1), None);
    assert_eq!(
        ask(Filters {
            document_date: dates,
            ..Filters::default()
        }),
        [2]
    );
    assert_eq!(
        ask(Filters {
            received: (Some(2_000_000), Some(2_500_000)),
            ..Filters::default()
        }),
        [2]
    );
}

#[test]
fn of_several_places_one_is_enough_where_that_is_asked() {
    let mut one = entry(1, "eins", &["Text"]);
    one.within = vec![Key(70), Key(80)];
    let mut two = entry(2, "zwei", &["Text"]);
    two.within = vec![Key(71)];
    let house = House::with([one, two]);
    let ask = |within: &[u128], within_any: &[u128]| {
        let mut request = SearchRequest::new("Text", vec![EVERYONE]);
        let names = |names: &[u128]| names.iter().map(|name| Key(*name)).collect();
        request.filters.within = names(within);
        request.filters.within_any = names(within_any);
        let mut found = keys(&house.search(&request));
        found.sort_unstable();
        found
    };
    assert_eq!(ask(&[], &[70, 71]), [1, 2]);
    assert_eq!(ask(&[], &[71, 99]), [2]);
    assert_eq!(ask(&[80], &[70, 71]), [1]);
    assert!(ask(&[80], &[71]).is_empty());
}

#[test]
fn facets_count_exactly_what_was_found() {
    let mut one = entry(1, "eins", &["Text"]);
    one.tags = vec!["eilt".to_owned(), "neu".to_owned()];
    one.document_date = day(2024, 5, 1);
    let mut two = entry(2, "zwei", &["Text"]);
    two.tags = vec!["neu".to_owned()];
    two.document_date = day(2025, 5, 1);
    let three = entry(3, "drei", &["anderes"]);
    let house = House::with([one]);
    house.put([two, three]);
    let mut request = SearchRequest::new("Text", vec![EVERYONE]);
    request.facets = true;
    let facets = house
        .search(&request)
        .facets
        .expect("facets were asked for");
    let tags: Vec<_> = facets
        .tag
        .iter()
        .map(|tag| (tag.value.as_str(), tag.count))
        .collect();
    assert_eq!(tags, [("neu", 2), ("eilt", 1)]);
    let years: Vec<_> = facets
        .year
        .iter()
        .map(|year| (year.value.as_str(), year.count))
        .collect();
    assert_eq!(years, [("2024", 1), ("2025", 1)]);
    let departments: Vec<_> = facets
        .department
        .iter()
        .map(|it| (it.value.as_str(), it.count))
        .collect();
    assert_eq!(departments, [("Bürgerbüro", 2)]);
}

#[test]
fn the_whole_word_the_title_and_the_exact_form_come_first() {
    let house = House::with([
        entry(1, "Sonstiges", &["Der Bewohnerparkausweis wird erteilt"]),
        entry(2, "Sonstiges", &["Der alte Parkausweis wird erteilt"]),
        entry(3, "Parkausweis", &["Der alte Parkausweis wird erteilt"]),
        entry(4, "Sonstiges", &["Zwei alte Parkausweise wurden erteilt"]),
    ]);
    let order = keys(&house.ask("Parkausweis"));
    assert_eq!(order.first(), Some(&3));
    assert_eq!(order.last(), Some(&1));
    let place = |key: u128| order.iter().position(|found| *found == key);
    assert!(place(2) < place(4), "{order:?}");
}

#[test]
fn hits_can_be_sorted_by_date() {
    let mut one = entry(1, "eins", &["Text"]);
    one.document_date = day(2024, 5, 1);
    let mut two = entry(2, "zwei", &["Text"]);
    two.document_date = day(1968, 5, 1);
    let three = entry(3, "drei", &["Text"]);
    let house = House::with([one, two, three]);
    let sorted = |sort: Sort| {
        let mut request = SearchRequest::new("Text", vec![EVERYONE]);
        request.sort = sort;
        keys(&house.search(&request))
    };
    assert_eq!(sorted(Sort::DateDesc), [1, 2, 3]);
    assert_eq!(sorted(Sort::DateAsc), [2, 1, 3]);
    assert_eq!(sorted(Sort::ReceivedDesc), [3, 2, 1]);
    assert_eq!(keys(&house.ask("")), [3, 2, 1]);
}

#[test]
fn an_explanation_says_how_each_word_was_read() {
    let house = House::of_texts(&["Antrag auf Parkausweis, § 17 PAuswV"]);
    let mut request = SearchRequest::new(
        "der Antrag \"auf Parkausweis\" § 17 Bewohnerparkausweis",
        vec![EVERYONE],
    );
    request.explain = true;
    let answer = house.search(&request);
    let readings: Vec<_> = answer
        .explained
        .iter()
        .map(|piece| (piece.written.as_str(), piece.reading))
        .collect();
    assert_eq!(
        readings,
        [
            ("der", Reading::StopWord),
            ("Antrag", Reading::Word),
            ("auf Parkausweis", Reading::Phrase),
            ("§ 17", Reading::Section),
            ("Bewohnerparkausweis", Reading::Word),
        ]
    );
    let last = answer.explained.last().expect("five pieces");
    assert!(last.parts.contains(&"parkausweis".to_owned()));
    assert_eq!(answer.explained.get(1).map(|piece| piece.entries), Some(1));
    assert!(
        answer
            .explained
            .iter()
            .all(|piece| !piece.german().is_empty())
    );
}
