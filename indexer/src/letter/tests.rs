use super::{Clue, Zone, read};
use crate::entry::Day;

const LETTER: &str = "Gärtnerei Immergrün OHG\nLindenweg 3 · 05321 Hollerfurt\n\
    Stadt Hollerfurt\nRathausplatz 1\n05321 Hollerfurt\n\
    Ihr Zeichen: 02.2-2025/0017\nKundennummer 4711\n\
    Hollerfurt, den 11. Februar 2025\n\
    Angebot über die Pflege der Grünflächen am Rathausplatz und an der\nAuewiese\n\
    Sehr geehrte Damen und Herren,\n\
    auf Ihr Schreiben vom 03.02.2025 bieten wir an. Wir sind bis zum 31.03.2025 gebunden.\n\
    Mit freundlichen Grüßen\nHeidrun Krömer\n\
    IBAN DE89 3704 0044 0532 0130 00 · USt-IdNr. DE 123 456 789 · Buero@Immergruen.example";

fn day(year: i32, month: u8, day: u8) -> Day {
    Day::from_calendar(year, month, day).expect("a day")
}

fn first_date(text: &str) -> Option<(Day, Clue)> {
    let letter = read(&[text]);
    letter.dates.first().map(|one| (one.value, one.clue))
}

fn first_title(text: &str) -> Option<(String, Clue)> {
    let letter = read(&[text]);
    let first = letter.titles.first();
    first.map(|one| (one.value.clone(), one.clue))
}

#[test]
fn a_letter_says_when_it_was_written_and_what_it_is_about() {
    let letter = read(&[LETTER]);
    let date = letter.dates.first().expect("a date");
    assert_eq!(
        (date.value, date.clue),
        (day(2025, 2, 11), Clue::PlaceAndDate)
    );
    assert_eq!(letter.dates.len(), 1, "{:?}", letter.dates);
    let title = letter.titles.first().expect("a title");
    assert_eq!(
        title.value,
        "Angebot über die Pflege der Grünflächen am Rathausplatz und an der Auewiese"
    );
}

#[test]
fn a_letter_says_by_whom_it_was_written_and_what_it_answers() {
    let letter = read(&[LETTER]);
    let code = letter
        .codes
        .iter()
        .find(|one| one.text == "02.2-2025/0017")
        .expect("the reference");
    assert_eq!((code.label.as_deref(), code.page), (Some("Ihr Zeichen"), 1));
    let zone = |name: &str| {
        let mut named = letter.names.iter();
        named.find(|one| one.text == name).map(|one| one.zone)
    };
    assert_eq!(zone("Gärtnerei Immergrün OHG"), Some(Zone::Head));
    assert_eq!(zone("Heidrun Krömer"), Some(Zone::Closing));
    assert_eq!(letter.mails, ["buero@immergruen.example"]);
    assert_eq!(letter.accounts, ["DE89370400440532013000"]);
    assert_eq!(letter.tax_ids, ["DE123456789"]);
}

#[test]
fn the_date_is_found_where_letters_bear_it() {
    for (text, wanted) in [
        ("Datum: 13.02.2025\nText", Clue::LabelledDate),
        ("Rechnungsdatum 13.02.2025\nText", Clue::LabelledDate),
        (
            "Unser Zeichen Datum\nAB-1 13.02.2025\nText",
            Clue::LabelledDate,
        ),
        ("Ausfertigungsdatum 2025-02-13", Clue::LabelledDate),
        ("Bad Aue, 13. Februar 2025\nText", Clue::PlaceAndDate),
        ("13. Februar 2025\nText", Clue::DateInHead),
        ("01.2-2025/3 · 13. Februar 2025\nText", Clue::DateInHead),
    ] {
        assert_eq!(first_date(text), Some((day(2025, 2, 13), wanted)), "{text}");
    }
}

#[test]
fn other_days_are_not_the_date_of_the_letter() {
    for text in [
        "Heidrun Krömer, geb. 03.07.1971",
        "geboren am 03.07.1971",
        "Geburtsdatum: 03.07.1971",
        "zahlbar bis zum 03.07.2025",
        "Fälligkeitsdatum 03.07.2025",
        "Lieferdatum: 03.07.2025",
        "Eingegangen\n03.07.2025",
        "gültig ab 03.07.2025",
    ] {
        assert_eq!(first_date(text), None, "{text}");
    }
    let meeting = "Sitzung am Dienstag, 3. Juni 2025\nText";
    let weak = read(&[meeting]);
    assert!(weak.dates.iter().all(|one| one.score < 0.5), "{weak:?}");
}

#[test]
fn an_old_letter_bears_its_date_at_the_end() {
    let body =
        "Sehr geehrte Damen und Herren,\nich beantrage.\nHollerfurt, den 11.02.2025\ngez. Krömer";
    assert_eq!(
        first_date(body),
        Some((day(2025, 2, 11), Clue::DateAtClosing))
    );
}

#[test]
fn the_subject_is_found_where_letters_bear_it() {
    for (text, wanted, clue) in [
        (
            "Von: a@b.example\nBetreff: Ihre Anfrage\n\nHallo,\nText.",
            "Ihre Anfrage",
            Clue::SubjectLine,
        ),
        (
            "Betrifft:\nAblehnung Ihres Antrags\nSehr geehrter Herr X,",
            "Ablehnung Ihres Antrags",
            Clue::SubjectLine,
        ),
        (
            "Bad Aue, 13. Februar 2025\nAblehnung Ihres Antrags\nSehr geehrter Herr X,",
            "Ablehnung Ihres Antrags",
            Clue::AboveSalutation,
        ),
        (
            "Stadt Bad Aue\n01.2-2025/3 · 13. Februar 2025\nVermerk über die Besprechung\nText geht los.",
            "Vermerk über die Besprechung",
            Clue::BelowDate,
        ),
        (
            "Gesetz über die Zustellung\nAusfertigungsdatum 2005-08-12",
            "Gesetz über die Zustellung",
            Clue::FirstHeading,
        ),
    ] {
        assert_eq!(first_title(text), Some((wanted.to_owned(), clue)), "{text}");
    }
}

#[test]
fn a_subject_may_have_a_colon_and_a_label_is_none() {
    let bill = "Klecks GmbH\n04100 Altenrode\n13. Februar 2025\nRechnung 4711: Papier\nRechnungsnummer: 4711";
    let found = first_title(bill);
    assert_eq!(
        found,
        Some(("Rechnung 4711: Papier".to_owned(), Clue::BelowDate))
    );
    let labelled =
        "Klecks GmbH\n04100 Altenrode\nDatum 13.02.2025\nMahnung zur Rechnung 4711\nWir bitten.";
    let found = first_title(labelled);
    assert_eq!(
        found,
        Some(("Mahnung zur Rechnung 4711".to_owned(), Clue::BelowDate))
    );
}

#[test]
fn a_subject_ends_where_a_paragraph_does() {
    let long = "Dienstanweisung über die Genehmigung und Abrechnung von Dienstreisen";
    for (between, wanted) in [
        ("\n\n", long.to_owned()),
        (" im\n", format!("{long} im Ausland")),
    ] {
        let text = format!("{long}{between}Ausland\n\nDie Anweisung gilt.");
        let found = first_title(&text).map(|(title, _)| title);
        assert_eq!(found, Some(wanted));
    }
    let unparted = format!("{long}\nAn alle Beschäftigten\nDie Anweisung gilt.");
    let found = first_title(&unparted).map(|(title, _)| title);
    assert_eq!(found.as_deref(), Some(long));
}

#[test]
fn a_word_broken_in_a_subject_is_whole() {
    let text = "Widerspruch gegen die Festsetzung der Gebühren für die Abfall-\nentsorgung\nSehr geehrte Frau X,";
    let letter = read(&[text]);
    let found = letter.titles.iter().any(|one| {
        one.value == "Widerspruch gegen die Festsetzung der Gebühren für die Abfallentsorgung"
    });
    assert!(found, "{:?}", letter.titles);
}

#[test]
fn an_address_is_no_title() {
    let letter = read(&["Gerbergasse 14\n05321 Hollerfurt\nTel. 05321 4711\nx@y.example"]);
    assert!(letter.titles.is_empty(), "{:?}", letter.titles);
}

#[test]
fn whatever_is_read_stays_within_limits() {
    let long = "a1 B2 C3 D4 Muster, den 1.1.2025 ".repeat(200_000);
    let many = "Herr Meier 4711/12 a@b.example DE123456789\n".repeat(20_000);
    for text in ["", "\n\n", "Sehr geehrte", ",", &long, &many] {
        let letter = read(&[text, text]);
        assert!(letter.codes.len() <= 1_200 && letter.names.len() <= 1_200);
        assert!(letter.titles.len() <= 3 && letter.dates.len() <= 3);
    }
    let odd = read(&["Betreff:", "ä€\u{1f600}: 1.1.2025", "…„“·|"]);
    assert!(odd.titles.is_empty());
}
