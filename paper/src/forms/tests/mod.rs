mod reading;
mod writing;

use std::collections::BTreeMap;

use super::*;
use crate::Moment;

const VALUES: &str = include_str!("values.toml");

fn head() -> Letterhead {
    Letterhead {
        town: "Stadt Haltern am See".to_owned(),
        office: "Bürgerbüro".to_owned(),
        reference: Some("02.1.1-2026-0042/7".to_owned()),
        date: "26.11.2026".to_owned(),
        creator: "Papierlos".to_owned(),
        made: Moment {
            year: 2026,
            month: 11,
            day: 26,
            hour: 9,
            minute: 5,
            second: 0,
        },
        salt: Some("5a17".repeat(16)),
    }
}

fn shipped() -> Vec<Template> {
    let all = SHIPPED
        .iter()
        .map(|(name, bytes)| match Template::read(bytes) {
            Ok(template) => template,
            Err(complaints) => {
                let said: Vec<_> = complaints.iter().map(ToString::to_string).collect();
                panic!("{name}: {}", said.join("\n"))
            }
        });
    all.collect()
}

/// What is said in a shipped form.
fn values(id: &str) -> BTreeMap<String, Given> {
    let all: toml::Table = VALUES.parse().expect("values");
    let of_form = all.get(id).and_then(toml::Value::as_table).expect(id);
    let values = of_form.iter().map(|(key, value)| {
        let given = match value {
            toml::Value::String(text) => Given::Text(text.clone()),
            toml::Value::Boolean(flag) => Given::Flag(*flag),
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => panic!("{key}: {value:?}"),
        };
        (key.clone(), given)
    });
    values.collect()
}

fn fill(template: &Template, given: &BTreeMap<String, Given>) -> Filled {
    template
        .fill(given, &BTreeMap::new())
        .expect("all of it fits")
}

fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes
        .windows(wanted.len())
        .any(|piece| piece == wanted.as_bytes())
}
