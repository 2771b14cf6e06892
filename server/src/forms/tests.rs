use std::collections::BTreeMap;

use paper::forms::{Given, Language, Why};
use serde_json::json;

use super::catalog::Forms;
use super::model::{FormsError, given, legible, letterhead, sentence};
use super::ops::commit;
use crate::base::Timestamp;
use crate::config;

const TEMPLATE: &str = r#"id = "hund"
version = 1
title = "Anmeldung eines Hundes"
document_type = "Anmeldung"
[[field]]
key = "name"
label = "Name"
kind = "text"
[[block]]
kind = "fields"
fields = ["name"]
"#;

fn open(templates: &[(&str, String)]) -> Result<Forms, FormsError> {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    for (name, source) in templates {
        std::fs::write(folder.path().join(name), source).expect("a template");
    }
    Forms::open(&config::Forms {
        folder: Some(folder.path().to_owned()),
        town: "Stadt Haltern am See".to_owned(),
    })
}

#[test]
fn a_folder_adds_forms_and_later_versions_stand_beside_earlier_ones() {
    let second = TEMPLATE.replace("version = 1", "version = 12");
    let templates = [
        ("hund-1.toml", TEMPLATE.to_owned()),
        ("hund-12.toml", second),
        ("liesmich.txt", "kein Formular".to_owned()),
    ];
    let forms = open(&templates).expect("all are right");
    assert_eq!(forms.versions("hund"), [1, 12]);
    let found = |version| {
        forms
            .find("hund", version)
            .map(|form| form.template.version)
    };
    assert!(matches!(found(None), Ok(12)));
    assert!(matches!(found(Some(1)), Ok(1)));
    assert!(matches!(found(Some(2)), Err(FormsError::NotFound)));
    assert!(matches!(
        forms.find("katze", None),
        Err(FormsError::NotFound)
    ));
    let newest: Vec<_> = forms
        .newest()
        .iter()
        .map(|form| (form.template.id.clone(), form.template.version))
        .collect();
    assert!(newest.contains(&("hund".to_owned(), 12)));
    assert!(newest.contains(&("ausweis-empfang".to_owned(), 1)));
    assert_eq!(forms.all().count(), newest.len() + 1);
}

#[test]
fn the_same_version_twice_is_refused_unless_it_is_the_same() {
    let same = [
        ("a.toml", TEMPLATE.to_owned()),
        ("b.toml", TEMPLATE.to_owned()),
    ];
    assert!(open(&same).is_ok());
    let other = TEMPLATE.replace("eines Hundes", "einer Katze");
    let twice = [("a.toml", TEMPLATE.to_owned()), ("b.toml", other)];
    let refused = open(&twice).expect_err("they differ");
    let said = refused.to_string();
    for word in ["a.toml", "b.toml", "version 1", "hund"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_template_that_is_wrong_is_refused_with_its_name_and_line() {
    let wrong = [("hund.toml", TEMPLATE.replace("\"text\"", "\"blob\""))];
    let said = open(&wrong).expect_err("no such kind").to_string();
    assert!(
        said.contains("hund.toml") && said.contains("Zeile 8"),
        "{said}"
    );
    let none = Forms::open(&config::Forms {
        folder: Some("/nowhere/at/all".into()),
        town: String::new(),
    });
    assert!(matches!(none, Err(FormsError::Unreadable { .. })));
}

#[test]
fn json_becomes_values_and_null_says_nothing() {
    let said: BTreeMap<String, serde_json::Value> = serde_json::from_value(json!({
        "a": "x", "b": true, "c": 13.5, "d": null, "e": [1], "f": {"g": 1}}))
    .expect("an object");
    let expect = BTreeMap::from([
        ("a".to_owned(), Given::Text("x".to_owned())),
        ("b".to_owned(), Given::Flag(true)),
        ("c".to_owned(), Given::Number("13.5".to_owned())),
        ("e".to_owned(), Given::Other),
        ("f".to_owned(), Given::Other),
    ]);
    assert_eq!(given(&said), expect);
}

#[test]
fn a_letterhead_bears_the_german_day_and_nothing_that_cannot_be_printed() {
    let now = Timestamp::parse("2025-12-31T23:30:00Z").expect("an instant");
    let head = letterhead("Stadt \u{202e}Đ中", "Amt\n1".to_owned(), None, now);
    assert_eq!(head.town, "Stadt Đ");
    assert_eq!(head.office, "Amt1");
    assert_eq!(head.date, "01.01.2026");
    assert_eq!((head.made.year, head.made.hour), (2025, 23));
}

#[test]
fn what_binds_to_values_differs_each_time_and_tells_nothing() {
    let forms = open(&[("hund.toml", TEMPLATE.to_owned())]).expect("right");
    let form = forms.find("hund", None).expect("there");
    let said = BTreeMap::from([("name".to_owned(), Given::Text("Rex".to_owned()))]);
    let filled = form.template.fill(&said, &BTreeMap::new()).expect("fits");
    let (one, other) = (
        commit(&filled).expect("one"),
        commit(&filled).expect("other"),
    );
    assert_ne!(one, other);
    assert_eq!((one.salt.len(), one.sha256.len()), (64, 64));
    let made = paper::forms::render(
        &form.template,
        &filled,
        &letterhead("Stadt", String::new(), None, Timestamp::of_micros(0)),
        Language::German,
    );
    assert!(made.is_ok_and(|made| made.places.is_empty()));
}

#[test]
fn each_refusal_is_a_sentence_in_both_languages() {
    let all = [
        Why::Unknown,
        Why::NotAsked {
            field: "what".to_owned(),
        },
        Why::Missing,
        Why::WrongKind,
        Why::NotADay,
        Why::NotAnEntry {
            entries: vec!["a".to_owned()],
        },
        Why::NotANumber { decimals: 2 },
        Why::OutOfRange {
            min: Some(0),
            max: None,
        },
        Why::TooLong { chars_max: 3 },
        Why::TooManyLines { lines: 1 },
        Why::Pattern {
            pattern: "[0-9]+".to_owned(),
        },
        Why::Unprintable {
            character: '\u{202e}',
        },
    ];
    for why in all {
        let (german, english) = sentence(&why);
        assert!(
            german.ends_with(['.', '+']) && german != english,
            "{german}"
        );
    }
    let told = |character| sentence(&Why::Unprintable { character }).0;
    assert!(told('🌻').starts_with("Das Zeichen 🌻 (U+1F33B) kann"));
    assert!(told('\u{202e}').starts_with("Das Zeichen U+202E kann"));
}

#[test]
fn what_a_form_cannot_hold_is_seen_to_be_missing() {
    assert_eq!(legible("A. Bürger 🌻🌻"), "A. Bürger [?]");
    assert_eq!(legible("王\u{200d}小明 Đorđević\r\nḪ"), "[?] Đorđević\nḪ");
    assert_eq!(legible("a\u{202e}b"), "ab");
    assert_eq!(legible("\u{200b}"), "");
}
