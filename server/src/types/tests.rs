//! The rules of types and fields, and properties of what is exact.

use proptest::prelude::*;
use serde_json::json;

use super::amount::Amount;
use super::catalog::{Asked, Catalog, Change, day};
use super::model::{Carried, DocumentType, Entry, Field, Refusal, Rules, whole};
use super::value::{Value, Values, read_value};
use crate::base::{AccountId, CivilDate, FieldId, Timestamp, TypeId};

fn field(code: &str, rules: Rules) -> Field {
    let at = Timestamp::of_micros(0);
    Field {
        id: FieldId::new(),
        version: 1,
        code: code.to_owned(),
        label: code.to_uppercase(),
        description: None,
        rules,
        retired_at: None,
        created_at: at,
        created_by: AccountId::new(),
        changed_at: at,
        changed_by: AccountId::new(),
    }
}

fn document_type(code: &str, fields: &[(&str, bool)]) -> DocumentType {
    let at = Timestamp::of_micros(0);
    let carried = fields.iter().map(|(field, required)| Carried {
        field: (*field).to_owned(),
        required: *required,
    });
    DocumentType {
        id: TypeId::new(),
        version: 1,
        code: code.to_owned(),
        name: code.to_owned(),
        description: None,
        carried: carried.collect(),
        retired_at: None,
        created_at: at,
        created_by: AccountId::new(),
        changed_at: at,
        changed_by: AccountId::new(),
    }
}

fn money() -> Rules {
    Rules::Money {
        currency: "EUR".to_owned(),
        min: Amount::parse("0"),
        max: None,
    }
}

fn catalog() -> Catalog {
    Catalog {
        types: vec![
            document_type("Rechnung", &[("nummer", true), ("betrag", true)]),
            document_type("Antrag", &[("nummer", false)]),
        ],
        fields: vec![
            field(
                "nummer",
                Rules::Text {
                    chars_max: 10,
                    pattern: Some("R-[0-9]{4}".to_owned()),
                },
            ),
            field("betrag", money()),
        ],
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn given(code: &str, value: Value) -> Change {
    Change::from([(code.to_owned(), Some(value))])
}

fn refusals(
    catalog: &Catalog,
    before: &Values,
    kind: &str,
    change: Change,
) -> Vec<(String, Refusal)> {
    let changed = catalog.changed((Some(kind), before), Some(kind), change);
    let refused = changed.expect_err("it is refused");
    refused
        .into_iter()
        .map(|one| (one.pointer, one.refusal))
        .collect()
}

#[test]
fn a_value_stands_only_in_a_field_of_the_type_and_is_kept_when_the_type_changes() {
    let all = catalog();
    let none = Values::new();
    let said = all.changed(
        (Some("Rechnung"), &none),
        Some("Rechnung"),
        given("betrag", text("12.5")),
    );
    let said = said.expect("it fits");
    let amount = Value::Money {
        amount: "12.50".to_owned(),
        currency: Some("EUR".to_owned()),
    };
    assert_eq!(said["betrag"], amount);
    // The type becomes another one: what was said stays, also where it is said again, and can be taken away.
    let kept = all.changed(
        (Some("Rechnung"), &said),
        Some("Antrag"),
        given("betrag", amount),
    );
    assert_eq!(kept, Ok(said.clone()));
    let carried = vec!["nummer".to_owned()];
    assert_eq!(
        refusals(&all, &said, "Antrag", given("betrag", text("13"))),
        [("/fields/betrag".to_owned(), Refusal::NotOfType { carried })]
    );
    let removed = Change::from([("betrag".to_owned(), None)]);
    let gone = all.changed((Some("Antrag"), &said), Some("Antrag"), removed);
    assert_eq!(gone, Ok(Values::new()));
    // A word that is no type has no fields.
    let carried = Vec::new();
    assert_eq!(
        refusals(&all, &none, "Werbung", given("betrag", text("13"))),
        [("/fields/betrag".to_owned(), Refusal::NotOfType { carried })]
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let all = catalog();
    let mut change = given("betrag", text("-1"));
    change.extend(given("nummer", text("R-1")));
    change.extend(given("numer", text("R-0001")));
    let found = refusals(&all, &Values::new(), "Rechnung", change);
    let pattern = "R-[0-9]{4}".to_owned();
    assert_eq!(
        found,
        [
            (
                "/fields/betrag".to_owned(),
                Refusal::TooSmall {
                    min: "0".to_owned()
                }
            ),
            ("/fields/numer".to_owned(), Refusal::Unknown { near: None }),
            ("/fields/nummer".to_owned(), Refusal::Pattern { pattern }),
        ]
    );
    let missing = all.missing(Some("Rechnung"), &Values::new());
    assert_eq!(missing.len(), 2);
    assert_eq!(all.missing(Some("Antrag"), &Values::new()), []);
}

#[test]
fn what_was_retired_is_given_no_more_and_stays_where_it_stands() {
    let mut all = catalog();
    all.types[0].retired_at = Some(Timestamp::of_micros(1));
    let none = Values::new();
    let retired = all.changed((Some("Antrag"), &none), Some("Rechnung"), Change::new());
    let retired = retired.expect_err("it is refused");
    assert_eq!(retired[0].pointer, "/type");
    let kept = all.changed((Some("Rechnung"), &none), Some("Rechnung"), Change::new());
    assert!(kept.is_ok());
    let entry = |code: &str, retired: bool| Entry {
        code: code.to_owned(),
        label: code.to_uppercase(),
        retired,
    };
    let choice = field(
        "stand",
        Rules::Choice {
            entries: vec![entry("offen", false), entry("alt", true)],
            many: true,
        },
    );
    let both = Value::Many(vec!["alt".to_owned(), "offen".to_owned()]);
    assert!(choice.read(&both, None).is_err());
    let had = text("alt");
    let ordered = Value::Many(vec!["offen".to_owned(), "alt".to_owned()]);
    assert_eq!(choice.read(&both, Some(&had)), Ok(ordered));
    assert_eq!(choice.words(&text("offen")), ["OFFEN"]);
}

#[test]
fn what_was_chosen_alone_is_told_as_a_list_once_several_may_be_chosen() {
    let choice = |many: bool| {
        let entries = Vec::new();
        field("stand", Rules::Choice { entries, many })
    };
    let (one, list) = (text("offen"), Value::Many(vec!["offen".to_owned()]));
    assert_eq!(choice(true).as_it_is_now(&one), list);
    assert_eq!(choice(true).as_it_is_now(&list), list);
    assert_eq!(choice(false).as_it_is_now(&one), one);
    assert_eq!(field("tag", Rules::Date).as_it_is_now(&one), one);
}

#[test]
fn only_labels_and_decimals_alter_the_words_of_a_value() {
    let entries = |label: &str| {
        vec![Entry {
            code: "1".to_owned(),
            label: label.to_owned(),
            retired: false,
        }]
    };
    let choice = |label: &str| Rules::Choice {
        entries: entries(label),
        many: false,
    };
    let number = |decimals| Rules::Number {
        decimals,
        min: None,
        max: None,
    };
    let line = |chars_max| Rules::Text {
        chars_max,
        pattern: None,
    };
    let money = |min: &str| Rules::Money {
        currency: "EUR".to_owned(),
        min: Amount::parse(min),
        max: None,
    };
    for (before, after) in [
        (choice("Alt"), choice("Neu")),
        (number(0), number(2)),
        (line(5), line(9)),
        (money("0"), money("-1")),
        (Rules::Date, Rules::Date),
        (Rules::YesNo, Rules::YesNo),
    ] {
        let (before, mut after) = (field("feld", before), field("feld", after));
        after.label = "Anders".to_owned();
        let altered = before.words(&text("1")) != after.words(&text("1"));
        assert_eq!(altered, after.shapes_words(), "{after:?}");
    }
}

#[test]
fn a_pattern_is_one_by_itself() {
    let is_whole = |pattern: &str, text: &str| whole(pattern).map(|whole| whole.is_match(text));
    assert_eq!(is_whole("a|b", "b"), Some(true));
    assert_eq!(is_whole("a|b", "xb"), Some(false));
    assert_eq!(is_whole("a)|(?:b", "xb"), None);
}

#[test]
fn numbers_of_json_are_taken_where_they_are_exact() {
    assert_eq!(read_value(&json!(12)), Ok(text("12")));
    assert_eq!(read_value(&json!(12.5)), Err(Refusal::Inexact));
    assert_eq!(read_value(&json!({"amount": 0.1})), Err(Refusal::Inexact));
    for other in [
        json!(null),
        json!([1]),
        json!({}),
        json!({"file": "x"}),
        json!({"amount": "1", "x": 1}),
    ] {
        assert_eq!(read_value(&other), Err(Refusal::Shape), "{other}");
    }
}

#[test]
fn amounts_are_written_as_people_read_them() {
    let amount = Amount::parse("1234567.5").expect("a number");
    assert_eq!(amount.german(2), "1.234.567,50");
    assert_eq!(amount.written(2), "1234567.50");
}

#[test]
fn a_field_is_asked_for_exactly_or_within_bounds() {
    let amount = field("betrag", money());
    let numbers = |from: Option<i64>, to: Option<i64>| Ok(Asked::Numbers(from, to));
    assert_eq!(
        amount.asked("1.5"),
        numbers(Some(1_500_000), Some(1_500_000))
    );
    assert_eq!(
        amount.asked("1..2"),
        numbers(Some(1_000_000), Some(2_000_000))
    );
    assert_eq!(amount.asked("..2"), numbers(None, Some(2_000_000)));
    assert!(amount.asked("..").is_err());
    assert!(amount.asked("eins..2").is_err());
    let due = field("faellig", Rules::Date);
    let date = CivilDate::parse("2026-03-01");
    assert_eq!(due.asked("2026-03-01.."), Ok(Asked::Days(date, None)));
    assert_eq!(date.map(day), Some(20_513));
    let number = field(
        "nummer",
        Rules::Text {
            chars_max: 9,
            pattern: None,
        },
    );
    assert_eq!(number.asked(" R  1 "), Ok(Asked::Is("R 1".to_owned())));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(millionths in -1_000_000_000_000_000_000_i64..=1_000_000_000_000_000_000) {
        let amount = Amount::of_millionths(millionths).expect("not too large");
        for decimals in 0..=6 {
            prop_assert_eq!(Amount::parse(&amount.written(decimals)), Some(amount));
            // What is written for people is found when people type it.
            let typed = indexer::millionths(&amount.german(decimals));
            prop_assert!(typed == Some(millionths) || amount.german(0).len() > 15);
        }
        prop_assert!(amount.decimals() <= 6);
    }

    #[test]
    fn no_text_makes_reading_fall_over(text in "\\PC{0,40}") {
        if let Some(amount) = Amount::parse(&text) {
            prop_assert_eq!(Amount::parse(&amount.written(0)), Some(amount));
        }
        let _typed = indexer::millionths(&text);
        for rules in [money(), Rules::Date, Rules::YesNo, Rules::Number { decimals: 3, min: None, max: None }] {
            let field = field("feld", rules);
            let _asked = field.asked(&text);
            if let Ok(read) = field.read(&Value::Text(text.clone()), None) {
                // What was read once is read as itself.
                prop_assert_eq!(field.read(&read, None), Ok(read.clone()));
                prop_assert!(!field.found_by(&read).is_empty());
            }
        }
    }

    #[test]
    fn days_have_the_order_of_dates(one in 0_i32..200_000, other in 0_i32..200_000) {
        let date = |days: i32| {
            let date = time::Date::from_julian_day(2_300_000 + days).expect("a day");
            CivilDate::of(date)
        };
        if let (Some(one), Some(other)) = (date(one), date(other)) {
            prop_assert_eq!(one.cmp(&other), day(one).cmp(&day(other)));
            let field = field("tag", Rules::Date);
            let read = field.read(&Value::Text(one.to_string()), None);
            prop_assert_eq!(read, Ok(Value::Text(one.to_string())));
        }
    }
}
