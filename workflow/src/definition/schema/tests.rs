use std::collections::BTreeSet;

use super::*;
use crate::definition::Definition;
use crate::definition::read::sheet::SHAPES;

/// The table of a shape, be it alone or one of two.
fn properties<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let of = match name {
        "definition" => schema,
        _ => schema.pointer(&format!("/$defs/{name}"))?,
    };
    let alone = of.get("properties");
    alone.or_else(|| of.pointer("/anyOf/1/properties"))
}

#[test]
fn each_key_that_is_read_stands_in_the_schema_and_no_other() {
    let schema = json_schema();
    for shape in SHAPES {
        let found = properties(&schema, shape.name).and_then(Value::as_object);
        let found: BTreeSet<_> = found
            .expect(shape.name)
            .keys()
            .map(String::as_str)
            .collect();
        let read: BTreeSet<_> = shape.keys.iter().copied().collect();
        assert_eq!(found, read, "{}", shape.name);
    }
    let names: BTreeSet<_> = SHAPES.iter().map(|shape| shape.name).collect();
    let defs = schema.pointer("/$defs").and_then(Value::as_object);
    for (name, of) in defs.expect("definitions") {
        let is_table = of.get("properties").is_some() || of.get("anyOf").is_some();
        assert_eq!(is_table, names.contains(name.as_str()), "{name}");
    }
}

/// Whether a value is as a schema has it, as far as that is said with the words used here.
fn is_valid(schema: &Value, root: &Value, value: &Value) -> bool {
    let number = |word: &str| schema.get(word).and_then(Value::as_i64);
    let each = |word: &str| schema.get(word).and_then(Value::as_array);
    if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
        let to = root.pointer(to.trim_start_matches('#')).expect(to);
        return is_valid(to, root, value);
    }
    let of_type = match schema.get("type").and_then(Value::as_str) {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    let count = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(all) => all.len(),
        Value::Object(all) => all.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    let count = i64::try_from(count).expect("small");
    let within = |least: &str, most: &str, count: i64| {
        number(least).is_none_or(|least| count >= least)
            && number(most).is_none_or(|most| count <= most)
    };
    let sized = match value {
        Value::String(_) => within("minLength", "maxLength", count),
        Value::Array(_) => within("minItems", "maxItems", count),
        Value::Object(_) => within("minProperties", "maxProperties", count),
        Value::Null | Value::Bool(_) | Value::Number(_) => value
            .as_i64()
            .is_none_or(|number| within("minimum", "maximum", number)),
    };
    let fits = |one: &&Value| is_valid(one, root, value);
    of_type
        && sized
        && schema.get("const").is_none_or(|one| one == value)
        && each("enum").is_none_or(|all| all.contains(value))
        && each("anyOf").is_none_or(|all| all.iter().any(|one| fits(&one)))
        && each("oneOf").is_none_or(|all| all.iter().filter(fits).count() == 1)
        && is_valid_within(schema, root, value)
}

fn is_valid_within(schema: &Value, root: &Value, value: &Value) -> bool {
    let each = |word: &str| schema.get(word).and_then(Value::as_array);
    let (items, object) = (value.as_array(), value.as_object());
    let properties = schema.get("properties").and_then(Value::as_object);
    let more = schema.get("additionalProperties");
    let fits = |(key, value): (&String, &Value)| {
        let known = properties.and_then(|all| all.get(key)).or(more);
        match known {
            Some(Value::Bool(allowed)) => *allowed,
            Some(schema) => is_valid(schema, root, value),
            None => true,
        }
    };
    let has = |key: &Value| {
        let key = key.as_str().expect("a key");
        object.is_some_and(|all| all.contains_key(key))
    };
    let depends = |all: &serde_json::Map<String, Value>| {
        let mut all = all.iter();
        all.all(|(key, others)| {
            let others = others.as_array().expect("keys");
            !has(&json!(key)) || others.iter().all(has)
        })
    };
    let dependent = schema.get("dependentRequired").and_then(Value::as_object);
    let item = schema.get("items");
    object.is_none_or(|all| all.iter().all(fits))
        && each("required").is_none_or(|all| all.iter().all(has))
        && dependent.is_none_or(depends)
        && items.is_none_or(|all| {
            let mut all = all.iter();
            all.all(|one| item.is_none_or(|item| is_valid(item, root, one)))
        })
}

fn data(source: &str) -> Value {
    let data: toml::Table = toml::from_str(source).expect("TOML");
    serde_json::to_value(data).expect("data")
}

#[test]
fn what_is_right_is_valid_and_what_is_misspelt_is_not() {
    let schema = json_schema();
    let valid = |source: &str| is_valid(&schema, &schema, &data(source));
    let full = include_str!("../../../tests/data/full.toml");
    for source in [
        full,
        include_str!("../../../tests/data/small.toml"),
        include_str!("../../../tests/data/schluesselausgabe.toml"),
    ] {
        assert!(Definition::read(source.as_bytes()).is_ok());
        assert!(valid(source));
    }
    for (name, source) in crate::shipped::SHIPPED {
        let source = std::str::from_utf8(source).expect(name);
        assert!(valid(source), "{name}");
    }
    for (old, new) in [
        ("version = 7", "version = 0"),
        ("matter_of", "mater_of"),
        ("unique = [", "unique = [5, "),
        ("kind = \"attest\"", "kind = \"attests\""),
        ("working_days = 5", "working_days = 5\n days = 2"),
        ("hours = 24", ""),
        (
            "{ anybody = true }",
            "{ anybody = true, function = \"poststelle\" }",
        ),
        ("{ initiator = true }", "{ initiator = false }"),
        (
            "function = \"poststelle\"",
            "function = \"poststelle\", department = \"x1\"",
        ),
        (
            "text = \"Bitte noch einmal.\"",
            "words = \"Bitte noch einmal.\"",
        ),
        (", text = \"Bitte noch einmal.\"", ""),
        (
            "effect = { form = \"beleg\", into = \"receipt\" }",
            "effect = { form = \"beleg\" }",
        ),
        ("{ value = \"a\", label = \"A\" }, ", ""),
        ("\"co_sign\", \"seen\"", "\"order\""),
        ("label = \"Seiten\"", "label = { en = \"Pages\" }"),
    ] {
        assert!(full.contains(old), "{old}");
        let changed = full.replacen(old, new, 1);
        assert!(!valid(&changed), "{new}");
        assert!(Definition::read(changed.as_bytes()).is_err(), "{new}");
    }
}
