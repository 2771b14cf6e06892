//! What is the same text, and what is not.

use proptest::prelude::*;

use super::{LIKENESS_MIN, Sketch, Text};

const LETTER: &str = "Stadt Hollerfurt an der Aue, Fachbereich Finanzen\n\
    Frau Erika Becker, Lindenweg 14, 05321 Hollerfurt\n\
    Rechnung 2025-0418 vom 11.02.2025\n\n\
    Sehr geehrte Frau Becker,\n\
    für die Benutzung der Mehrzweckhalle am Sportplatz stelle ich Ihnen 318,40 Euro in Rechnung. Darin \
    enthalten sind die Reinigung der Umkleiden und die Bereitstellung der Beleuchtungsanlage. Ich bitte \
    Sie, den Betrag bis zum 14.03.2025 unter Angabe des Kassenzeichens 1.0418.2025.1 zu überweisen.\n\
    Für Rückfragen stehe ich Ihnen unter der Durchwahl 02590 939-217 gerne zur Verfügung.\n\
    Mit freundlichen Grüßen\nim Auftrag Häusermann";

/// The letter with some passages written otherwise.
fn letter(changes: &[(&str, &str)]) -> String {
    let mut text = LETTER.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the letter has no {from}");
        text = text.replace(from, to);
    }
    text
}

fn same(here: &str, there: &str) -> Option<f64> {
    let (here, there) = (Text::of([here]), Text::of([there]));
    let one = here.same(&there);
    assert_eq!(one, there.same(&here), "it does not matter who is asked");
    one
}

fn check(changes: &[(&str, &str)], expect: bool) {
    let found = same(LETTER, &letter(changes));
    assert_eq!(found.is_some(), expect, "{changes:?}: {found:?}");
}

#[test]
fn what_a_machine_misreads_is_forgiven() {
    assert_eq!(same(LETTER, LETTER), Some(1.0));
    check(&[("Umkleiden", "Urnkleiden"), ("Betrag", "Befrag")], true);
    check(&[("Beleuchtungsanlage", "Beleuch tungsanlage")], true);
    check(&[("Mehrzweckhalle", "Mehrzweck-\nhalle")], true);
    check(&[("318,40", "3l8,4O"), ("05321", "O5321")], true);
    // The point between the parts of a date is easily lost.
    check(&[("11.02.2025", "1102.2025")], true);
    // The stamp of the day on which it came in.
    check(
        &[("Rechnung 2025", "Eingegangen 13.02.2025\nRechnung 2025")],
        true,
    );
    // A digit inside of a long number, while letters are misread as well.
    let noise = [
        ("Reinigung", "Reiuigung"),
        ("gerne", "gernc"),
        ("Angabe", "Augabe"),
        ("Auftrag", "Auftrog"),
    ];
    check(&noise, true);
    let with_digit: Vec<_> = noise.into_iter().chain([("02590", "02690")]).collect();
    check(&with_digit, true);
    // Another order of the parts of a page.
    let (head, rest) = LETTER.split_once("Rechnung").expect("a heading");
    assert!(same(LETTER, &format!("Rechnung{rest}\n{head}")).is_some());
}

#[test]
fn a_section_is_taken_for_an_eight_and_a_roman_one_for_a_bar() {
    let law = format!(
        "{LETTER}\nNach § 3 Abs. 2 und §§ 7, 9 der Satzung (Amtsblatt I 1474, III) wird die Gebühr fällig."
    );
    let read = law
        .replace("§ 3", "83")
        .replace("§§ 7", "88 7")
        .replace("I 1474", "11474")
        .replace("III", "Ill");
    assert!(same(&law, &read).is_some());
    assert_eq!(same(&law, &law.replace("§ 3", "§ 4")), None);
    assert_eq!(same(&law, &read.replace("83", "84")), None);
}

#[test]
fn another_number_is_another_letter() {
    // The invoice of next month, the next invoice, another amount, another date.
    check(
        &[("0418", "0419"), ("11.02.", "11.03."), ("14.03.", "14.04.")],
        false,
    );
    check(&[("0418", "0419")], false);
    check(&[("318,40", "318,90")], false);
    check(&[("318,40", "420,00")], false);
    check(&[("14.03.2025", "15.03.2025")], false);
    check(&[("Lindenweg 14", "Lindenweg 41")], false);
    // Nor does it help that the scan is bad.
    check(
        &[
            ("Reinigung", "Reiuigung"),
            ("gerne", "gernc"),
            ("Angabe", "Augabe"),
            ("Auftrag", "Auftrog"),
            ("14.03.2025", "14.05.2025"),
        ],
        false,
    );
    // Without words that were misread, a digit that could be is not.
    check(&[("02590", "02690")], false);
}

#[test]
fn another_name_is_another_letter() {
    check(&[("Becker", "Schulze")], false);
    check(&[("Erika Becker", "Maria Becker")], false);
    // Names that a machine might take for each other stand there twice.
    check(&[("Becker", "Bekker")], false);
    check(&[("Sportplatz", "Feuerwehrhaus")], false);
}

#[test]
fn what_denies_the_other_is_another_letter() {
    check(&[("stelle ich Ihnen", "stelle ich Ihnen nicht")], false);
    check(&[("der Umkleiden", "der Umkleiden weder")], false);
    let ends = |end: &str| format!("{LETTER}\n{end}");
    let allowed = ends("Hiergegen ist eine Beschwerde zulässig.");
    for denied in [
        "Hiergegen ist keine Beschwerde zulässig.",
        "Hiergegen ist eine Beschwerde unzulässig.",
        "Hiergegen ist eine Beschwerde nieht zulässig.",
    ] {
        assert_eq!(same(&allowed, &ends(denied)), None, "{denied}");
    }
    // The word itself may be misread.
    let refused = ends("Eine Beschwerde ist nicht zulässig.");
    let misread = ends("Eine Beschwerde ist ni cht zulässig.");
    assert!(same(&refused, &misread).is_some());
    let misread = ends("Eine Beschwerde ist nieht zulässig.");
    assert!(same(&refused, &misread).is_some());
}

#[test]
fn a_word_without_end_is_compared_with_none() {
    let with = |word: &str| format!("{LETTER} {}", word.repeat(100_000));
    assert_eq!(same(&with("xk"), &with("kx")), None);
    assert_eq!(same(&with("xk"), &with("xk")), Some(1.0));
}

#[test]
fn a_reminder_is_another_letter() {
    check(
        &[(
            "Sehr geehrte Frau Becker,",
            "Sehr geehrte Frau Becker,\nauf mein Schreiben haben Sie bisher nicht geantwortet. Ich \
             erinnere Sie hiermit an die Erledigung und bitte um Nachricht.",
        )],
        false,
    );
}

#[test]
fn short_texts_are_not_compared() {
    let short = "Anbei die Unterlagen. Mit freundlichen Grüßen";
    assert_eq!(Sketch::of([short]), None);
    assert_eq!(same(short, short), None);
    assert_eq!(same("", ""), None);
    assert_eq!(Sketch::of([]), None);
}

#[test]
fn a_sketch_finds_what_says_nearly_the_same() {
    let sketch = |text: &str| Sketch::of([text]).expect("a sketch");
    let one = sketch(LETTER);
    let misread = sketch(&letter(&[
        ("Umkleiden", "Urnkleiden"),
        ("Betrag", "Befrag"),
        ("Auftrag", "Auftrog"),
    ]));
    let keys = one.keys();
    assert_eq!(keys.len(), super::SKETCH_KEYS);
    assert!(misread.keys().iter().any(|key| keys.contains(key)));
    assert!(one.likeness(&misread) >= LIKENESS_MIN);
    let other = sketch(
        "Niederschrift über die Sitzung des Ausschusses für Umwelt und Mobilität. Der Vorsitzende eröffnet \
         die Sitzung und stellt fest, dass ordnungsgemäß geladen wurde und der Ausschuss beschlussfähig \
         ist. Gegen die Tagesordnung werden keine Einwände erhoben.",
    );
    assert!(one.likeness(&other) < 0.1);
    assert!(!other.keys().iter().any(|key| keys.contains(key)));
    assert_eq!(Sketch::from_bytes(&one.to_bytes()), Some(one));
    assert_eq!(Sketch::from_bytes(b"no sketch"), None);
}

#[test]
fn pages_are_found_by_what_stands_on_them() {
    let (head, rest) = LETTER.split_once("Für Rückfragen").expect("two parts");
    let rest =
        format!("Für Rückfragen{rest} und wünsche Ihnen weiterhin einen angenehmen Aufenthalt");
    let two = Text::of([head, &rest]);
    assert_eq!(two.pages_alike(&two), [(1, 1), (2, 2)]);
    let turned = Text::of(["", &rest, head]);
    assert_eq!(two.pages_alike(&turned), [(1, 3), (2, 2)]);
    let whole = Text::of([LETTER]);
    assert_eq!(two.pages_alike(&whole).first(), Some(&(1, 1)));
    assert!(Text::of([""]).pages_alike(&whole).is_empty());
}

proptest! {
    #[test]
    fn any_two_texts_can_be_compared(
        here in "[a-zäöü0-9 .,\n-]{0,400}",
        there in "[a-zäöü0-9 .,\n-]{0,400}",
    ) {
        let (one, two) = (Text::of([here.as_str()]), Text::of([there.as_str()]));
        let found = one.same(&two);
        prop_assert!(found.is_none_or(|score| (0.0..=1.0).contains(&score)));
        prop_assert!(one.same(&one).is_none_or(|score| score >= 1.0));
        let sketch = Sketch::of([here.as_str()]);
        prop_assert_eq!(sketch.clone().map(|one| one.likeness(&one)), sketch.map(|_| 1.0));
    }
}
