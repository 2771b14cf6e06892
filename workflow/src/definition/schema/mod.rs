//! What a definition looks like as data, for editors and other programs: JSON Schema 2020-12. Reading checks
//! more: that what is named is there, that kinds fit, that every way leads somewhere.

use serde_json::{Value, json};

use super::pattern::PATTERN_CHARS_MAX;
use super::read::effects::EFFECTS;
use crate::expr::EXPRESSION_BYTES_MAX;

/// The JSON Schema of definitions, TOML taken as data.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = definition();
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:papierlos:schema:workflow-definition:1",
        "title": "Geschäftsgang",
        "description": "A workflow of Papierlos. In TOML; docs/workflows.md says what each key means.",
        "$defs": {
            "key": key(),
            "code": code(),
            "line": { "type": "string", "minLength": 1, "maxLength": 200 },
            "expression": { "type": "string", "minLength": 1, "maxLength": EXPRESSION_BYTES_MAX },
            "words": words(),
            "field": field(),
            "entry": entry(),
            "lookup": lookup(),
            "state": state(),
            "exit": exit(),
            "beside": beside(),
            "step": step(),
            "requirement": requirement(),
            "ask": ask(),
            "step_form": step_form(),
            "skip": skip(),
            "outcome": outcome(),
            "due": due(),
            "escalation": escalation(),
            "lapse": lapse(),
            "assignee": assignee(),
            "effect": effect(),
            "work": work(),
        },
    });
    if let (Value::Object(schema), Value::Object(head)) = (&mut schema, head) {
        schema.extend(head);
    }
    schema
}

fn to(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn list(name: &str, least: usize, most: usize) -> Value {
    json!({ "type": "array", "items": to(name), "minItems": least, "maxItems": most })
}

fn keys(most: usize) -> Value {
    json!({ "type": "array", "items": to("key"), "maxItems": most, "uniqueItems": true })
}

fn yes_no(default: bool) -> Value {
    json!({ "type": "boolean", "default": default })
}

fn whole(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn one_of(words: &[&str]) -> Value {
    json!({ "enum": words })
}

/// A table with these keys and no others.
#[expect(
    clippy::needless_pass_by_value,
    reason = "made in place by each caller"
)]
fn table(required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn key() -> Value {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 40 })
}

fn code() -> Value {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]*$", "minLength": 2, "maxLength": 64 })
}

fn definition() -> Value {
    let required = ["id", "version", "title", "case_type", "start", "state"];
    table(
        &required,
        json!({
            "id": to("code"),
            "version": whole(1, 1_000_000),
            "title": to("words"),
            "description": to("words"),
            "case_type": to("line"),
            "plan_unit": to("line"),
            "compartment": to("line"),
            "legal": list("line", 0, 50),
            "start": to("key"),
            "start_by": list("assignee", 0, 20),
            "cancel_by": list("assignee", 0, 20),
            "matter_of": keys(20),
            "unique": keys(20),
            "per_document": { "type": "boolean" },
            "field": list("field", 0, 200),
            "lookup": list("lookup", 0, 50),
            "state": list("state", 1, 100),
        }),
    )
}

fn words() -> Value {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 2_000 });
    let both = table(&["de"], json!({ "de": text, "en": text }));
    json!({ "anyOf": [text, both] })
}

fn field() -> Value {
    let kinds = [
        "text", "time", "number", "money", "day", "yes_no", "choice", "who", "whos", "document",
    ];
    let from = "^(case\\.(reference|subject|opened_on)|document(\\.(title|correspondent|received_on|dated|field\\..+\
                |invoice\\.(number|gross|due_on|issued_on|leitweg_id|seller_id|seller|duplicate)))?\
                |initiator|today)$";
    table(
        &["key", "label", "kind"],
        json!({
            "key": to("key"),
            "label": to("words"),
            "kind": one_of(&kinds),
            "from": { "type": "string", "pattern": from },
            "or_from": { "type": "string", "pattern": from },
            "required": yes_no(false),
            "private": yes_no(false),
            "chars_max": { "type": "integer", "minimum": 1, "maximum": 8_000, "default": 500 },
            "pattern": { "type": "string", "minLength": 1, "maxLength": PATTERN_CHARS_MAX },
            "example": { "type": "string", "minLength": 1, "maxLength": 8_000 },
            "entries": list("entry", 2, 50),
        }),
    )
}

fn entry() -> Value {
    let properties = json!({ "value": to("key"), "label": to("words") });
    table(&["value", "label"], properties)
}

fn lookup() -> Value {
    let row = json!({ "type": "string", "minLength": 1, "maxLength": 200 });
    table(
        &["key", "rows"],
        json!({
            "key": to("key"),
            "rows": {
                "type": "object",
                "additionalProperties": row,
                "minProperties": 1,
                "maxProperties": 1_000,
            },
            "default": row,
        }),
    )
}

fn state() -> Value {
    let adhoc = [
        "consult",
        "information",
        "statement",
        "task",
        "co_sign",
        "seen",
    ];
    table(
        &["id", "label"],
        json!({
            "id": to("key"),
            "label": to("words"),
            "end": one_of(&["done", "dropped"]),
            "order": { "enum": ["sequence", "parallel"], "default": "sequence" },
            "join": { "enum": ["all", "any"], "default": "all" },
            "next": to("key"),
            "exits": list("exit", 1, 20),
            "adhoc": { "type": "array", "items": one_of(&adhoc), "uniqueItems": true },
            "on_enter": list("effect", 0, 20),
            "beside": to("beside"),
            "step": list("step", 0, 500),
        }),
    )
}

fn beside() -> Value {
    table(
        &["states", "by"],
        json!({
            "states": { "type": "array", "items": to("key"), "minItems": 1, "maxItems": 100, "uniqueItems": true },
            "by": list("assignee", 1, 20),
            "when": to("expression"),
        }),
    )
}

fn exit() -> Value {
    let properties = json!({ "when": to("expression"), "to": to("key") });
    table(&["to"], properties)
}

fn step() -> Value {
    let kinds = super::read::step_kinds();
    table(
        &["id", "label", "kind"],
        json!({
            "id": to("key"),
            "label": to("words"),
            "help": to("words"),
            "kind": one_of(&kinds),
            "mark": to("key"),
            "assignee": to("assignee"),
            "each": to("key"),
            "when": to("expression"),
            "require": list("requirement", 0, 20),
            "distinct_from": keys(20),
            "own_matter": yes_no(false),
            "ask": list("ask", 0, 50),
            "binds": to("key"),
            "form": to("step_form"),
            "event": to("key"),
            "effect": to("work"),
            "skip": to("skip"),
            "return_to": keys(20),
            "outcomes": list("outcome", 1, 20),
            "due": to("due"),
        }),
    )
}

fn requirement() -> Value {
    table(
        &["is", "otherwise"],
        json!({ "is": to("expression"), "otherwise": to("words"), "with": keys(20) }),
    )
}

fn ask() -> Value {
    let whole = table(
        &["field"],
        json!({ "field": to("key"), "required": yes_no(true), "with": keys(20) }),
    );
    json!({ "anyOf": [to("key"), whole] })
}

fn step_form() -> Value {
    let properties = json!({ "form": to("code"), "into": to("key") });
    table(&["form", "into"], properties)
}

fn skip() -> Value {
    let properties = json!({ "by": to("assignee"), "overdue": yes_no(false) });
    table(&["by"], properties)
}

fn outcome() -> Value {
    table(
        &["key", "label"],
        json!({
            "key": to("key"),
            "label": to("words"),
            "to": to("key"),
            "reason": yes_no(false),
            "said": yes_no(false),
            "when": to("expression"),
            "effects": list("effect", 0, 20),
        }),
    )
}

fn due() -> Value {
    let mut due = table(
        &[],
        json!({
            "working_days": whole(0, 2_500),
            "days": whole(0, 3_650),
            "weeks": whole(1, 520),
            "months": whole(1, 120),
            "hours": whole(1, 8_760),
            "field": to("key"),
            "offset_days": whole(-3_650, 3_650),
            "offset_working_days": whole(-3_650, 3_650),
            "kind": { "enum": ["deadline", "appointment"], "default": "deadline" },
            "before": to("key"),
            "remind": { "type": "array", "items": whole(-250, 250), "maxItems": 20, "uniqueItems": true },
            "remind_hours": { "type": "array", "items": whole(1, 8_760), "maxItems": 20, "uniqueItems": true },
            "escalate": list("escalation", 0, 20),
            "lapse": to("lapse"),
            "remind_to": to("assignee"), "extend_by": to("assignee"),
        }),
    );
    let terms = ["working_days", "days", "weeks", "months", "hours", "field"];
    exactly_one(&mut due, &terms);
    due
}

/// A table in which exactly one of these keys stands.
fn exactly_one(table: &mut Value, keys: &[&str]) {
    let each: Vec<_> = keys
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    if let Value::Object(table) = table {
        table.insert("oneOf".to_owned(), Value::Array(each));
    }
}

fn escalation() -> Value {
    let properties = json!({ "after": whole(0, 250), "to": to("assignee") });
    table(&["after", "to"], properties)
}

fn lapse() -> Value {
    let properties = json!({ "after": whole(0, 250), "outcome": to("key") });
    table(&["after", "outcome"], properties)
}

fn assignee() -> Value {
    let roles = [
        "clerk",
        "head",
        "mayor",
        "mail_room",
        "records_manager",
        "integrator",
    ];
    let yes = json!({ "const": true });
    let mut who = table(
        &[],
        json!({
            "function": to("code"),
            "role": one_of(&roles),
            "department": to("code"),
            "field": to("key"),
            "initiator": yes,
            "manager_of": to("key"),
            "taker_of": to("key"),
            "each": yes,
            "anybody": yes,
            "system": yes,
        }),
    );
    let mains = [
        "function",
        "role",
        "field",
        "initiator",
        "manager_of",
        "taker_of",
        "each",
        "anybody",
        "system",
    ];
    exactly_one(&mut who, &mains);
    if let Value::Object(who) = &mut who {
        let only = json!({ "department": ["role"] });
        who.insert("dependentRequired".to_owned(), only);
    }
    who
}

fn effect() -> Value {
    let mut effect = table(
        &[],
        json!({
            "register": to("key"),
            "freeze": to("key"),
            "dispatch": to("key"),
            "destroy": to("key"),
            "close_case": { "const": true },
            "close_file": { "const": true },
            "move_to": to("line"),
            "plan_unit": to("line"),
            "lead": to("code"),
            "open_case": to("line"), "subject": to("line"),
            "exclude": to("key"),
            "set": to("key"),
            "to": to("expression"),
            "notify": to("assignee"),
            "text": to("words"),
        }),
    );
    exactly_one(&mut effect, &EFFECTS);
    if let Value::Object(effect) = &mut effect {
        let both = json!({
            "set": ["to"],
            "to": ["set"],
            "notify": ["text"],
            "text": ["notify"],
            "move_to": ["plan_unit", "lead"],
            "plan_unit": ["move_to"],
            "lead": ["move_to"],
            "open_case": ["subject"], "subject": ["open_case"],
        });
        effect.insert("dependentRequired".to_owned(), both);
    }
    effect
}

fn work() -> Value {
    let mut work = table(
        &[],
        json!({ "seal": to("key"), "export": to("code"), "form": to("code"), "into": to("key") }),
    );
    exactly_one(&mut work, &["seal", "export", "form"]);
    if let Value::Object(work) = &mut work {
        let both = json!({ "form": ["into"], "into": ["form"] });
        work.insert("dependentRequired".to_owned(), both);
    }
    work
}

#[cfg(test)]
mod tests;
