use proptest::prelude::*;

use super::*;

fn sheet(department: Option<&str>, kind: Option<&str>) -> Payload {
    Payload::Separator(Sheet {
        department: department.map(str::to_owned),
        kind: kind.map(str::to_owned),
    })
}

#[test]
fn a_code_of_ours_says_what_it_was_made_of() {
    let check = |payload: Payload, text: &str| {
        assert_eq!(payload.to_string(), text);
        assert_eq!(Payload::parse(text), Some(payload));
    };
    check(sheet(None, None), "PL1:T");
    check(sheet(Some("buergerbuero"), None), "PL1:T?dept=buergerbuero");
    check(
        sheet(Some("bau"), Some("Antrag & Bescheid")),
        "PL1:T?dept=bau&type=Antrag%20%26%20Bescheid",
    );
    check(sheet(None, Some("Gebühr")), "PL1:T?type=Geb%C3%BChr");
    check(
        Payload::Label("02.1-2026/0003-1".to_owned()),
        "PL1:A?ref=02.1-2026/0003-1",
    );
}

#[test]
fn what_is_not_of_ours_word_for_word_is_none() {
    for text in [
        "",
        "PL1",
        "PL1:",
        "PL2:T",
        "pl1:T",
        " PL1:T",
        "PL1:TX",
        "PL1:A",
        "PL1:A?ref=",
        "PL1:A?ref=%",
        "PL1:A?ref=%FF",
        "PL1:A?ref=%zz",
        "PL1:A?ref=a%00b",
        "PL1:T?dept",
        "https://example.org/PL1:T",
    ] {
        assert_eq!(Payload::parse(text), None, "{text:?}");
    }
    let long = format!("PL1:A?ref={}", "x".repeat(VALUE_CHARS_MAX + 1));
    assert_eq!(Payload::parse(&long), None);
    // What a newer program adds is passed over.
    assert_eq!(
        Payload::parse("PL1:T?colour=blue&type=Brief"),
        Some(sheet(None, Some("Brief")))
    );
}

#[test]
fn sheets_and_labels_are_the_same_each_time() {
    let said = Sheet {
        department: Some("buergerbuero".to_owned()),
        kind: None,
    };
    let first = separator(&said, Some("Bürgerbüro")).expect("a sheet");
    assert_eq!(separator(&said, Some("Bürgerbüro")), Some(first.clone()));
    let pdf = lopdf::Document::load_mem(&first).expect("a PDF");
    assert_eq!(pdf.page_iter().count(), 2);
    let one = Label {
        reference: "02.1",
        subject: "Łódź (Partnerschaft) \\ Reise",
    };
    for many in [1, 3] {
        let printed = labels(&vec![one; many]).expect("labels");
        let pdf = lopdf::Document::load_mem(&printed).expect("a PDF");
        assert_eq!(pdf.page_iter().count(), many);
    }
    let long = "x".repeat(VALUE_CHARS_MAX + 1);
    let reference = long.as_str();
    assert_eq!(labels(&[one, Label { reference, ..one }]), None);
    let kind = Some(long);
    assert_eq!(separator(&Sheet { kind, ..said }, None), None);
}

proptest! {
    #[test]
    fn whatever_a_code_of_ours_says_reads_back(value in "\\PC{1,60}") {
        let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assume!(!line.is_empty());
        let payload = Payload::Label(line);
        let text = payload.to_string();
        prop_assume!(text.len() <= TEXT_BYTES_MAX);
        prop_assert_eq!(Payload::parse(&text), Some(payload));
    }
}

#[test]
fn a_code_for_a_page_has_its_rows() {
    let rows = super::rows("http://127.0.0.1:8080/#/tablets?code=7K2M-Q9XD").expect("a code");
    assert!(rows.len() >= 21, "{}", rows.len());
    for row in &rows {
        assert_eq!(row.len(), rows.len());
        assert!(row.chars().all(|sign| sign == '0' || sign == '1'));
    }
    // The corner from which it is read.
    assert!(rows.first().is_some_and(|row| row.starts_with("1111111")));
    assert_eq!(super::rows(""), None);
    assert_eq!(super::rows(&"x".repeat(501)), None);
}
