//! What German letters look like, and how people ask for it.

use indexer::{SearchRequest, SuggestRequest};

use crate::house::{EVERYONE, House, day, entry, keys};

#[test]
fn a_genitive_and_a_plural_in_s_are_found() {
    let house = House::of_texts(&[
        "wegen Ihres Widerspruchs",
        "Alle Kitas schließen.",
        "Bestände des Archivs, des Personals und des Vereins",
        "Drei Workshops für Azubis",
        "Ein Fuchs, ein Gas, die Basis, der Kreis",
    ]);
    let plainly = |query: &str| {
        let answer = house.ask(query);
        assert_eq!(answer.corrected, None, "{query}");
        keys(&answer)
    };
    assert_eq!(plainly("Widerspruch"), [1]);
    assert_eq!(plainly("Kita"), [2]);
    assert_eq!(plainly("Archiv Personal Verein"), [3]);
    assert_eq!(plainly("Workshop Azubi"), [4]);
    assert_eq!(plainly("Fuchs Gase Kreises Basis"), [5]);
}

#[test]
fn a_prefix_that_ends_like_a_street_is_none() {
    let house = House::of_texts(&[
        "Die Registratur.",
        "Das Industriegebiet.",
        "Der Strom.",
        "Die Hauptstr. 5",
    ]);
    assert_eq!(house.found("Registr*"), [1]);
    assert_eq!(house.found("Industr*"), [2]);
    assert_eq!(house.found("Str*"), [3]);
    assert_eq!(house.found("Hauptstr*"), [4]);
    let answer = house.ask("Registr*");
    let marked = answer
        .hits
        .first()
        .and_then(|hit| hit.snippets.first())
        .map(|snippet| snippet.text.marks.len());
    assert_eq!(marked, Some(1));
    let request = SuggestRequest {
        fields: Vec::new(),
        text: "Registr".to_owned(),
        access: vec![EVERYONE],
        opened: Vec::new(),
        hidden: Vec::new(),
        limit: 5,
    };
    let suggested = house.index.suggest(&request).expect("an answer");
    let words: Vec<_> = suggested.words.into_iter().map(|word| word.word).collect();
    assert_eq!(words, ["Registratur"]);
}

#[test]
fn a_telephone_number_is_found_however_it_is_grouped() {
    let house = House::of_texts(&[
        "Tel. 02364933123",
        "Fon +49 2364 933123",
        "Ruf 02364 / 933 123",
        "Mobil +492364933123",
        "Zentrale +49(0)2364-933-123",
        "Fax 02364933124",
    ]);
    for query in [
        "02364933123",
        "02364 933123",
        "+49 2364 933123",
        "+492364933123",
        "0049 2364 933123",
        "02364 / 933 123",
        "(02364) 933-123",
        "+49 (0)2364 933123",
    ] {
        assert_eq!(house.found(query), [1, 2, 3, 4, 5], "{query}");
    }
}

#[test]
fn a_section_is_found_in_lists_and_ranges() {
    let house = House::of_texts(&[
        "§§ 16, 17 und 18 BauGB",
        "§§ 16 bis 18 BauGB",
        "§ 17 BauGB",
        "§ 18 BauGB, 17 Blatt",
        "Art. 6 Abs. 1 lit. f DSGVO",
        "Artikel 6 Absatz 1 Buchstabe f DSGVO",
        "Absätze 2 und 3, § 35 a SGB VIII",
    ]);
    assert_eq!(house.found("§ 17 BauGB"), [1, 2, 3]);
    assert_eq!(house.found("§ 16"), [1, 2]);
    assert_eq!(house.found("§ 18"), [1, 2, 4]);
    assert_eq!(house.found("Art. 6 Abs. 1 lit. f DSGVO"), [5, 6]);
    assert_eq!(house.found("Abs. 3"), [7]);
    assert_eq!(house.found("§ 35a"), [7]);
    let answer = house.ask("§ 17 BauGB -Blatt");
    let marks: Vec<Vec<&str>> = answer
        .hits
        .iter()
        .filter(|hit| hit.key.0 == 1)
        .flat_map(|hit| &hit.snippets)
        .map(|snippet| {
            let text = &snippet.text;
            text.marks
                .iter()
                .filter_map(|mark| text.text.get(mark.range.clone()))
                .collect()
        })
        .collect();
    assert_eq!(marks, [["17", "BauGB"]]);
}

#[test]
fn codes_are_one_with_and_without_blanks() {
    let house = House::of_texts(&[
        "Rechnung RE-2026-00117",
        "Die K 12 wird gesperrt",
        "Hauptstr. 5 a",
        "IBAN DE 02 1203 0000 0000 2020 51",
        "IBAN DE02 120300000000202051",
        "Betrag 1.234 €, Gebühr 50 Euro",
        "on March 5, 2027",
        "§ 433 BGB",
    ]);
    assert_eq!(house.found("RE2026-00117"), [1]);
    assert_eq!(house.found("K12"), [2]);
    assert_eq!(house.found("K 12"), [2]);
    assert_eq!(house.found("Hauptstraße 5a"), [3]);
    assert_eq!(house.found("DE02120300000000202051"), [4, 5]);
    assert_eq!(house.found("1.234,00"), [6]);
    assert_eq!(house.found("50,00 €"), [6]);
    assert_eq!(house.found("5. März 2027"), [7]);
    assert_eq!(house.found("BGB 433"), [8]);
}

#[test]
fn a_verb_in_two_places_is_found_and_no_noun_like_it() {
    let house = House::of_texts(&[
        "Frau Öztürk rief am Montag im Amt an.",
        "Das trägt zur Ruhe bei.",
        "Der Beitrag ist fällig.",
        "In der Nacht brach ein Rohr.",
        "Die Brache am Bahnhof",
    ]);
    assert_eq!(house.found("anrufen"), [1]);
    assert_eq!(house.found("angerufen"), [1]);
    assert_eq!(house.found("beitragen"), [2, 3]);
    assert_eq!(house.found("Beitrag"), [3]);
    assert_eq!(house.found("brechen"), [4]);
    assert_eq!(house.found("Brachen"), [5]);
    assert_eq!(house.found("\"brach ein\""), [4]);
    let answer = house.ask("anrufen");
    let snippet = answer.hits.first().and_then(|hit| hit.snippets.first());
    let marked = snippet.map(|snippet| {
        let marks = snippet.text.marks.iter();
        marks
            .filter_map(|mark| snippet.text.text.get(mark.range.clone()))
            .collect::<Vec<_>>()
    });
    assert_eq!(marked, Some(vec!["rief"]));
}

#[test]
fn a_name_with_hyphens_is_found_by_its_beginning_and_with_an_error() {
    let house = House::of_texts(&[
        "Karla Müller-Lüdenscheidt",
        "Karla Müller, Lüdenscheid",
        "Karl-Heinz Lüdenitz",
    ]);
    assert_eq!(house.found("Müller-Lüd*"), [1]);
    assert_eq!(house.found("Karl-Hei*"), [3]);
    let answer = house.ask("Mueller-Ludenscheitt");
    assert_eq!(keys(&answer), [1]);
    assert_eq!(answer.corrected.as_deref(), Some("Mueller-Lüdenscheidt"));
}

#[test]
fn a_number_is_found_in_groups_and_in_one() {
    let house = House::of_texts(&[
        "Bestellung 4500-0291",
        "Bestellung 4500 0291",
        "Bestellung 45000291",
        "Tel. (02364) 933-123",
        "IBAN DE02 1203 0000 0000 2020 51",
    ]);
    for query in ["4500-0291", "4500 0291", "45000291"] {
        assert_eq!(house.found(query), [1, 2, 3], "{query}");
    }
    assert_eq!(house.found("0236493*"), [4]);
    assert_eq!(house.found("DE021203*"), [5]);
}

#[test]
fn a_year_of_any_century_is_counted() {
    let entries = (1_u128..)
        .zip([1523, 1799, 2026, 2199])
        .map(|(number, year)| {
            let mut entry = entry(number, "Urkunde", &["Text"]);
            entry.document_date = day(year, 5, 1);
            entry
        });
    let house = House::with(entries);
    let mut request = SearchRequest::new("Text", vec![EVERYONE]);
    request.facets = true;
    let facets = house
        .search(&request)
        .facets
        .expect("facets were asked for");
    let years: Vec<_> = facets
        .year
        .iter()
        .map(|year| (year.value.as_str(), year.count))
        .collect();
    assert_eq!(years, [("1523", 1), ("1799", 1), ("2026", 1), ("2199", 1)]);
}

#[test]
fn a_correction_shows_a_word_as_documents_write_it() {
    let house = House::of_texts(&["Die Abfallgebühren steigen."]);
    let answer = house.ask("Gebuhhr");
    assert_eq!(keys(&answer), [1]);
    assert_eq!(answer.corrected.as_deref(), Some("Gebühr"));
}

#[test]
fn words_written_apart_are_joined_where_nothing_else_is_found() {
    let house = House::of_texts(&["Der Kindergarten", "Regelung zum Homeoffice", "Ein Garten"]);
    for (query, expect, corrected) in [
        ("Kinder Garten", 1, "Kindergarten"),
        ("Home Office Regelung", 2, "Homeoffice Regelung"),
    ] {
        let answer = house.ask(query);
        assert_eq!(keys(&answer), [expect], "{query}");
        assert_eq!(answer.corrected.as_deref(), Some(corrected));
    }
}

#[test]
fn hidden_words_take_no_place_from_visible_ones() {
    let hidden = (1..).zip(words("verwa", 5_000)).map(|(number, word)| {
        let mut entry = entry(number, "Geheim", &[word.as_str()]);
        entry.acl = vec![9];
        entry
    });
    let house = House::with(hidden);
    house.put([entry(90_001, "Offen", &["Die Verwzugabe."])]);
    let request = SuggestRequest {
        fields: Vec::new(),
        text: "verw".to_owned(),
        access: vec![EVERYONE],
        opened: Vec::new(),
        hidden: Vec::new(),
        limit: 5,
    };
    let suggested = house.index.suggest(&request).expect("an answer");
    let words: Vec<_> = suggested.words.into_iter().map(|word| word.word).collect();
    assert_eq!(words, ["Verwzugabe"]);
}

#[test]
fn suggestions_come_in_the_order_of_visible_entries() {
    // Fifty words that others use twice, one that the asker has twice.
    let hidden = (0..100)
        .zip(words("parka", 50).cycle())
        .map(|(number, word)| {
            let mut entry = entry(number, "Geheim", &[word.as_str()]);
            entry.acl = vec![9];
            entry
        });
    let house = House::with(hidden);
    let once = words("parka", 50)
        .zip(1_000..)
        .map(|(word, number)| entry(number, "Offen", &[word.as_str()]));
    house.put(once);
    house.put([
        entry(2_000, "Offen", &["Parkzone"]),
        entry(2_001, "Offen", &["Parkzone"]),
    ]);
    let request = SuggestRequest {
        fields: Vec::new(),
        text: "park".to_owned(),
        access: vec![EVERYONE],
        opened: Vec::new(),
        hidden: Vec::new(),
        limit: 1,
    };
    let suggested = house.index.suggest(&request).expect("an answer");
    let words: Vec<_> = suggested
        .words
        .into_iter()
        .map(|word| (word.word, word.entries))
        .collect();
    assert_eq!(words, [("Parkzone".to_owned(), 2)]);
}

/// Words that nobody has, all different.
fn words(start: &str, count: usize) -> impl Iterator<Item = String> + Clone {
    let start = start.to_owned();
    (0..count).map(move |number| {
        let letter = |place: u32| {
            char::from(b'a' + u8::try_from(number / 26_usize.pow(place) % 26).expect("a letter"))
        };
        format!("{start}{}{}{}", letter(2), letter(1), letter(0))
    })
}

#[test]
fn hidden_words_crowd_no_correction_out() {
    // Hidden words nearly like the one typed would fill the list of candidates.
    let hidden = (1..)
        .zip(words("geneh", 26 * 26 * 26))
        .filter(|(_, word)| word.starts_with("genehz"))
        .map(|(number, word)| {
            let mut entry = entry(number, "Geheim", &[word.as_str()]);
            entry.acl = vec![9];
            entry
        });
    let house = House::with(hidden);
    house.put([entry(90_001, "Offen", &["genehzzzz"])]);
    let answer = house.ask("genehzzq");
    assert_eq!(answer.corrected.as_deref(), Some("genehzzzz"));
    let answer = house.ask("genehqqqq");
    assert_eq!(answer.corrected, None);
}
