//! As much of JSON Schema as the contract uses; a keyword it does not know is a finding of its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Keywords that say something about a value without forbidding any.
const TALK: &[&str] = &[
    "description",
    "example",
    "examples",
    "title",
    "default",
    "format",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentMediaType",
    "contentEncoding",
];
/// Keywords that are understood.
const UNDERSTOOD: &[&str] = &[
    "$ref",
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "propertyNames",
];

/// Checks values by the schemas of one document.
#[derive(Clone, Copy, Debug)]
pub struct Schemas<'a> {
    root: &'a Value,
}

impl<'a> Schemas<'a> {
    /// Those that `root` holds; `$ref` is looked up in it.
    #[must_use]
    pub const fn of(root: &'a Value) -> Schemas<'a> {
        Schemas { root }
    }

    /// What is wrong with `value`, each finding with its place. Members that the schema does not
    /// name are wrong too: what is sent is documented.
    #[must_use]
    pub fn findings(&self, schema: &'a Value, value: &Value) -> Vec<String> {
        let mut findings = Vec::new();
        self.check(schema, value, "", &mut findings);
        self.closed(schema, value, "", &mut findings);
        findings
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let Some(name) = schema.get("$ref").and_then(Value::as_str) else {
            return schema;
        };
        let pointer = name.trim_start_matches('#');
        let found = self.root.pointer(pointer);
        self.resolve(found.unwrap_or_else(|| unreachable!("{name} names nothing")))
    }

    fn check(&self, schema: &'a Value, value: &Value, at: &str, findings: &mut Vec<String>) {
        let schema = self.resolve(schema);
        let Some(keywords) = schema.as_object() else {
            return;
        };
        for keyword in keywords.keys() {
            if !TALK.contains(&keyword.as_str()) && !UNDERSTOOD.contains(&keyword.as_str()) {
                findings.push(format!(
                    "{at}: nobody here understands the keyword {keyword}"
                ));
            }
        }
        if let Some(allowed) = keywords.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            findings.push(format!("{at}: {value} is none of {allowed:?}"));
        }
        if keywords.get("const").is_some_and(|only| only != value) {
            findings.push(format!("{at}: {value} is not the constant"));
        }
        if !has_type(keywords, value) {
            findings.push(format!("{at}: {value} is not of type {}", keywords["type"]));
            return;
        }
        bounds(keywords, value, at, findings);
        self.combined(keywords, value, at, findings);
        self.members(keywords, value, at, findings);
    }

    fn combined(
        &self,
        keywords: &'a Map<String, Value>,
        value: &Value,
        at: &str,
        findings: &mut Vec<String>,
    ) {
        for part in list(keywords, "allOf") {
            self.check(part, value, at, findings);
        }
        for (keyword, exactly_one) in [("oneOf", true), ("anyOf", false)] {
            let parts = list(keywords, keyword);
            if parts.is_empty() {
                continue;
            }
            let all: Vec<_> = parts
                .iter()
                .map(|part| self.findings(part, value))
                .collect();
            let fitting = all.iter().filter(|findings| findings.is_empty()).count();
            if fitting == 0 {
                findings.push(format!("{at}: fits none of {keyword}: {all:?}"));
            } else if exactly_one && fitting > 1 {
                findings.push(format!("{at}: fits {fitting} of oneOf"));
            }
        }
    }

    fn members(
        &self,
        keywords: &'a Map<String, Value>,
        value: &Value,
        at: &str,
        findings: &mut Vec<String>,
    ) {
        if let (Some(schema), Some(items)) = (keywords.get("items"), value.as_array()) {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}/{index}");
                self.check(schema, item, &at, findings);
                self.closed(schema, item, &at, findings);
            }
        }
        let Some(object) = value.as_object() else {
            return;
        };
        for name in list(keywords, "required").iter().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                findings.push(format!("{at}: {name} is missing"));
            }
        }
        if let Some(properties) = keywords.get("properties").and_then(Value::as_object) {
            for (name, schema) in properties {
                if let Some(member) = object.get(name) {
                    let at = format!("{at}/{name}");
                    self.check(schema, member, &at, findings);
                    self.closed(schema, member, &at, findings);
                }
            }
        }
        if let Some(schema) = keywords
            .get("additionalProperties")
            .filter(|one| one.is_object())
        {
            let named = keywords.get("properties").and_then(Value::as_object);
            for (name, member) in object {
                if named.is_none_or(|named| !named.contains_key(name)) {
                    self.check(schema, member, &format!("{at}/{name}"), findings);
                }
            }
        }
    }

    /// Members that nothing in the schema names.
    fn closed(&self, schema: &'a Value, value: &Value, at: &str, findings: &mut Vec<String>) {
        let Some(object) = value.as_object() else {
            return;
        };
        let mut named = BTreeSet::new();
        if !self.names(schema, &mut named) || named.is_empty() {
            return;
        }
        for name in object.keys().filter(|name| !named.contains(name.as_str())) {
            findings.push(format!("{at}/{name} is not documented"));
        }
    }

    /// Gathers the names of members. False where any name is allowed.
    fn names(&self, schema: &'a Value, named: &mut BTreeSet<&'a str>) -> bool {
        let Some(keywords) = self.resolve(schema).as_object() else {
            return false;
        };
        if keywords
            .get("additionalProperties")
            .is_some_and(|more| *more != Value::Bool(false))
        {
            return false;
        }
        if let Some(properties) = keywords.get("properties").and_then(Value::as_object) {
            named.extend(properties.keys().map(String::as_str));
        }
        let parts = ["allOf", "oneOf", "anyOf"]
            .into_iter()
            .flat_map(|one| list(keywords, one));
        let mut closed = true;
        for part in parts {
            closed &= self.names(part, named);
        }
        closed
    }
}

fn list<'a>(keywords: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    keywords
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn has_type(keywords: &Map<String, Value>, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => unreachable!("{other} is no type"),
    };
    match keywords.get("type") {
        None => true,
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        Some(other) => unreachable!("{other} is no type"),
    }
}

fn bounds(keywords: &Map<String, Value>, value: &Value, at: &str, findings: &mut Vec<String>) {
    let bound = |name: &str| keywords.get(name).and_then(Value::as_f64);
    let mut range = |what: f64, min: &str, max: &str| {
        if bound(min).is_some_and(|min| what < min) || bound(max).is_some_and(|max| what > max) {
            findings.push(format!("{at}: {what} is not within {min} and {max}"));
        }
    };
    let count = |many: usize| f64::from(u32::try_from(many).unwrap_or(u32::MAX));
    match value {
        Value::Number(number) => {
            range(number.as_f64().unwrap_or_default(), "minimum", "maximum");
        }
        Value::String(text) => range(count(text.chars().count()), "minLength", "maxLength"),
        Value::Array(items) => range(count(items.len()), "minItems", "maxItems"),
        Value::Null | Value::Bool(_) | Value::Object(_) => {}
    }
    format(keywords, value, at, findings);
}

fn format(keywords: &Map<String, Value>, value: &Value, at: &str, findings: &mut Vec<String>) {
    use time::format_description::well_known::{Iso8601, Rfc3339};
    let (Some(format), Some(text)) = (
        keywords.get("format").and_then(Value::as_str),
        value.as_str(),
    ) else {
        return;
    };
    let fits = match format {
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "date-time" => time::OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        "date" => time::Date::parse(text, &Iso8601::DATE).is_ok(),
        _ => true,
    };
    if !fits {
        findings.push(format!("{at}: {text} is no {format}"));
    }
}
