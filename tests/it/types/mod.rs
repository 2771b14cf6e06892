//! Document types and fields, through the front door.

pub(crate) mod attempts;
mod finding;
mod making;
mod saying;

use serde_json::{Value, json};
use tests::{Answer, Client, Town, fixtures};

pub(crate) const TYPES: &str = "/api/v1/document-types";
pub(crate) const FIELDS: &str = "/api/v1/fields";

/// The fields of the tests: one of each kind.
fn fields() -> Vec<Value> {
    vec![
        json!({"code": "nummer", "label": "Rechnungsnummer", "kind": "text", "max_length": 20,
            "pattern": "R-[0-9]+"}),
        json!({"code": "betrag", "label": "Betrag", "kind": "money", "min": "0"}),
        json!({"code": "stueck", "label": "Stückzahl", "kind": "number", "decimals": 3, "max": "1000"}),
        json!({"code": "faellig_am", "label": "Fällig am", "kind": "date"}),
        json!({"code": "stand", "label": "Stand", "kind": "choice", "entries": [
            {"code": "offen", "label": "Unbearbeitet"}, {"code": "fertig", "label": "Abgeschlossen"}]}),
        json!({"code": "merkmale", "label": "Merkmale", "kind": "choice", "many": true, "entries": [
            {"code": "eilt", "label": "Eilig"}, {"code": "skonto", "label": "Skontofähig"}]}),
        json!({"code": "bezug", "label": "Bezug", "kind": "reference", "target": "document"}),
        json!({"code": "bezahlt", "label": "Bezahlt", "kind": "yes_no"}),
    ]
}

/// A town whose registry has made types and fields.
async fn town() -> Option<Town> {
    let town = Town::start().await?;
    let registrar = town.registrar().await;
    for field in fields() {
        registrar.post(FIELDS, &field).await.is(201);
    }
    let codes = [
        "stueck",
        "faellig_am",
        "stand",
        "merkmale",
        "bezug",
        "bezahlt",
    ];
    let mut carried = vec![
        json!({"field": "nummer", "required": true}),
        json!({"field": "betrag", "required": true}),
    ];
    carried.extend(codes.map(|code| json!({"field": code})));
    let invoice = json!({"code": "Rechnung", "name": "Eingangsrechnung", "fields": carried});
    registrar.post(TYPES, &invoice).await.is(201);
    let request = json!({"code": "Antrag", "fields": [{"field": "nummer"}]});
    registrar.post(TYPES, &request).await.is(201);
    Some(town)
}

/// Files a document that says this.
async fn file(client: &Client, title: &str, kind: &str, fields: &Value) -> Answer {
    let metadata = json!({"title": title, "type": kind, "fields": fields});
    let content = fixtures::unique_pdf("Sehr geehrte Damen und Herren");
    client.file("a.pdf", &content, &metadata).await
}

/// The faults of a problem: pointers and codes.
fn faults(problem: &Answer) -> Vec<(String, String)> {
    let problem = problem.json();
    let all = problem["errors"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, member: &str| one[member].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|one| (text(one, "pointer"), text(one, "code")))
        .collect()
}

/// One fault.
fn fault(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}
