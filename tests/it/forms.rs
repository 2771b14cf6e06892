//! Forms: what they ask, what becomes of them, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::app::Start;
use tests::town::{OTHER, OWN, id_of, send};
use tests::{Answer, Client, Town, fixtures, verapdf};

use crate::records::Registry;

pub(crate) const FORMS: &str = "/api/v1/forms";
/// What is said in the shipped forms when they are tested.
const VALUES: &str = include_str!("../../paper/src/forms/tests/values.toml");
/// A form of an office.
pub(crate) const DOG: &str = r#"id = "hund"
version = 1
title = "Anmeldung eines Hundes"
document_type = "Anmeldung"
[[field]]
key = "name"
label = "Name des Hundes"
kind = "text"
required = true
[[signature]]
key = "keeper"
label = "Halterin oder Halter"
who = "citizen"
[[block]]
kind = "fields"
fields = ["name"]
[[block]]
kind = "signature"
signatures = ["keeper"]
"#;

/// What the table of permissions tries.
pub(crate) const TRIED: &[&str] = &[
    "list forms",
    "read form",
    "fill form",
    "fill form in case",
    "preview form",
];

/// What happens when `client` tries one of them.
pub(crate) async fn attempt(town: &Town, client: &Client, what: &str) -> Answer {
    let at = format!("{FORMS}/einwilligung");
    match what {
        "list forms" => client.get(FORMS).await,
        "read form" => client.get(&at).await,
        "fill form" => client.post(&format!("{at}/documents"), &consent()).await,
        "preview form" => client.post(&format!("{at}/preview"), &consent()).await,
        _ => {
            let (_, case) = crate::records::attempts::file_and_case(town).await;
            let mut body = consent();
            body["case"] = json!(id_of(&case));
            body["department"] = Value::Null;
            client.post(&format!("{at}/documents"), &body).await
        }
    }
}

/// A consent, filed in [`OWN`].
pub(crate) fn consent() -> Value {
    json!({"department": OWN, "values": values("einwilligung")})
}

/// What is said in a shipped form, as JSON.
fn values(id: &str) -> Value {
    let all: toml::Table = VALUES.parse().expect("values");
    let of_form = all.get(id).and_then(toml::Value::as_table).expect("a form");
    let said = of_form.iter().map(|(key, value)| {
        let value = match value.as_bool() {
            Some(flag) => json!(flag),
            None => json!(value.as_str().expect("a text")),
        };
        (key.clone(), value)
    });
    Value::Object(said.collect())
}

pub(crate) fn text_of(pdf: &Path) -> String {
    let mut command = Command::new("pdftotext");
    let output = command.arg("-layout").arg(pdf).arg("-").output();
    let output = output.expect("Debian's package poppler-utils");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Keeps what was answered as a PDF.
pub(crate) fn keep(folder: &TempDir, name: &str, answer: &Answer) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, &answer.body).expect("a file");
    path
}

/// The pointers and codes of a refusal.
fn faults(problem: &Answer) -> Vec<(String, String)> {
    let problem = problem.json();
    let all = problem["errors"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, member: &str| one[member].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|one| (text(one, "pointer"), text(one, "code")))
        .collect()
}

#[tokio::test]
async fn forms_are_listed_and_say_what_they_ask() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let all = clerk.get(FORMS).await.is(200).json();
    let ids: Vec<_> = all["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "ab-vermerk",
        "ausweis-empfang",
        "bewohnerparkausweis",
        "dienstreise-genehmigung",
        "eingangsbestaetigung",
        "einwilligung",
        "fuehrungszeugnis",
        "fund-verlust",
        "laufzettel",
        "meldebestaetigung",
        "rechnung-rueckgabe",
        "zwischennachricht",
    ];
    assert_eq!(ids, expected);
    let form = clerk.get(&format!("{FORMS}/ausweis-empfang")).await.is(200);
    let form = form.json();
    assert_eq!(form["sample"], true);
    assert_eq!(form["languages"], json!(["de", "de-simple"]));
    assert_eq!(form["document_type"], "Empfangsbestätigung");
    let fields = form["fields"].as_array().cloned().unwrap_or_default();
    let letter = fields.iter().find(|one| one["key"] == "pin_letter");
    let letter = letter.expect("the field");
    assert_eq!(letter["kind"], "choice");
    assert_eq!(letter["required"], true);
    assert_eq!(letter["entries"][1]["value"], "handed_over");
    let collector = fields.iter().find(|one| one["key"] == "collector");
    let collector = collector.expect("the field");
    let when = json!({"field": "collected_by", "is": "authorised"});
    assert_eq!(collector["when"], when);
    let who: Vec<_> = form["signatures"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["who"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(who, ["citizen", "clerk"]);
    for path in ["/gibt-es-nicht", "/ausweis-empfang?version=2"] {
        let path = format!("{FORMS}{path}");
        clerk.get(&path).await.is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_form_is_filled_from_its_case_and_filed_as_a_draft() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Bewohnerparkausweis").await;
    let person = json!({"name": "Ş̌ahin-Ḡ Đorđević", "kind": "person", "address": {
        "street": "Große Gildestraße 12 a", "postal_code": "45721", "city": "Haltern am See"}});
    let person = clerk.post("/api/v1/correspondents", &person).await.is(201);
    let mut said = values("bewohnerparkausweis");
    let fields = said.as_object_mut().expect("an object");
    for found in [
        "case_reference",
        "name",
        "street",
        "postal_code",
        "city",
        "today",
    ] {
        fields.remove(found);
    }
    let body = json!({"case": id_of(&case), "correspondent_id": id_of(&person),
        "language": "de-simple", "values": said});
    let path = format!("{FORMS}/bewohnerparkausweis/documents");
    let filed = clerk.post(&path, &body).await.is(201);
    let view = filed.json();
    assert_eq!(view["state"], "draft");
    assert_eq!(view["type"], "Antrag");
    assert_eq!(view["title"], "Sie wollen einen Park-Ausweis");
    assert_eq!(view["correspondent"], "Ş̌ahin-Ḡ Đorđević");
    assert_eq!(view["case"]["id"], id_of(&case));
    assert_eq!(view["content"]["media_type"], "application/pdf");
    // Where it is signed is told with the document, and again when it is read.
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let again = clerk.get(&at).await.is(200).json();
    assert_eq!(again["form"], view["form"]);
    assert_eq!(again["form"]["id"], "bewohnerparkausweis");
    assert_eq!(again["form"]["language"], "de-simple");
    let place = &again["form"]["signatures"][0];
    assert_eq!(
        (&place["key"], &place["who"]),
        (&json!("citizen"), &json!("citizen"))
    );
    assert!(
        place["width"].as_f64().is_some_and(|width| width > 200.0),
        "{place}"
    );
    assert!(
        place["bottom"].as_f64().is_some_and(|bottom| bottom > 60.0),
        "{place}"
    );
    // The record says which form it was, and what binds to what was said.
    let record = registry.town.record_of(&filed).await;
    assert_eq!(record["action"], "form.fill", "{record}");
    let history = clerk.get(&format!("{at}/history")).await.is(200).text();
    for word in ["form.fill", "bewohnerparkausweis"] {
        assert!(history.contains(word), "{history}");
    }
    let commitment = again["form"]["values_sha256"].as_str().unwrap_or_default();
    assert_eq!(commitment.len(), 64);
    let content = clerk.get(&format!("{at}/content")).await.is(200);
    holds_what_was_found(&content, &case);
}

/// What was found in the case stands in the form, and what was said.
fn holds_what_was_found(content: &Answer, case: &Answer) {
    let folder = TempDir::new().expect("a temporary folder");
    let text = text_of(&keep(&folder, "antrag.pdf", content));
    let case = case.json();
    let reference = case["reference"].as_str().expect("a reference");
    for word in [
        "Ş̌ahin-Ḡ Đorđević",
        "Große Gildestraße 12 a",
        "RE-AX 123E",
        "30,70",
        reference,
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn the_only_person_of_a_case_is_the_one_on_the_other_side() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Ehrung").await;
    let case = registry.case(&file, "Ehrung").await;
    let letter = async |from: &str| {
        let new = json!({"title": "Schreiben", "case": id_of(&case), "correspondent": from});
        let content = fixtures::unique_pdf("Schreiben");
        clerk.file("a.pdf", &content, &new).await.is(201)
    };
    let mut body = consent();
    body["case"] = json!(id_of(&case));
    body["department"] = Value::Null;
    body["values"]["name"] = Value::Null;
    let path = format!("{FORMS}/einwilligung/documents");
    letter("Erika Beispiel").await;
    letter("Erika Beispiel").await;
    let filed = clerk.post(&path, &body).await.is(201).json();
    assert_eq!(filed["correspondent"], "Erika Beispiel");
    // Of two nobody knows which: it is asked.
    letter("Max Muster").await;
    let refused = clerk.post(&path, &body).await.is_problem(422, "validation");
    let expected = [("/values/name".to_owned(), "required".to_owned())];
    assert_eq!(faults(&refused), expected);
}

#[tokio::test]
async fn all_that_does_not_fit_is_said_at_once() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let path = format!("{FORMS}/ausweis-empfang/documents");
    let said = json!({"family_name": "a\u{202e}b", "born_on": "29.02.1984", "collected_by": "friend",
        "pin_letter": true, "handed_over_at": "24:00", "serial/number": "L01X00T47", "old_card": ["a"]});
    let before = town.documents().await.len();
    let body = json!({"department": OWN, "values": said});
    let refused = clerk.post(&path, &body).await;
    let refused = refused.is_problem(422, "validation");
    let expected = [
        ("/values/family_name", "unprintable"),
        ("/values/given_names", "required"),
        ("/values/born_on", "not-a-day"),
        ("/values/collected_by", "not-one-of"),
        ("/values/identity_checked", "required"),
        ("/values/pin_letter", "wrong-kind"),
        ("/values/old_card", "wrong-kind"),
        ("/values/handed_over_at", "pattern"),
        ("/values/serial~1number", "unknown"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
    assert_eq!(faults(&refused), expected);
    let check = async |change: Value, pointer: &str, code: &str| {
        let mut body = consent();
        for (key, value) in change.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let path = format!("{FORMS}/einwilligung/documents");
        let refused = clerk.post(&path, &body).await.is_problem(422, "validation");
        let expected = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(faults(&refused), expected, "{change}");
    };
    let nothing = uuid::Uuid::now_v7();
    check(json!({"language": "en"}), "/language", "not-one-of").await;
    check(json!({"title": "x".repeat(301)}), "/title", "too-long").await;
    check(json!({"department": OTHER}), "/department", "not-found").await;
    check(
        json!({"case": nothing}),
        "/department",
        "case-or-department",
    )
    .await;
    check(
        json!({"case": nothing, "department": null}),
        "/case",
        "not-found",
    )
    .await;
    check(
        json!({"correspondent_id": nothing}),
        "/correspondent_id",
        "not-found",
    )
    .await;
    assert_eq!(town.documents().await.len(), before, "nothing was filed");
}

#[tokio::test]
async fn a_form_is_filed_once_however_often_it_is_sent() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let path = format!("{FORMS}/einwilligung/documents");
    let key = [("idempotency-key", "einmal-einwilligen-1")];
    let post = async |body: Value| send(&clerk, Method::POST, &path, &key, Some(&body)).await;
    let first = post(consent()).await.is(201);
    let again = post(consent()).await.is(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let mut other = consent();
    other["values"]["name"] = json!("Jemand anders");
    post(other).await.is_problem(422, "idempotency-key-reused");
    assert_eq!(town.documents().await.len(), 1);
}

#[tokio::test]
async fn a_closed_case_takes_no_form_and_a_foreign_one_is_not_there() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let file = registry.file("02.1", "Ehrung").await;
    let case = registry.case(&file, "Ehrung").await;
    let mut body = consent();
    body["case"] = json!(id_of(&case));
    body["department"] = Value::Null;
    let path = format!("{FORMS}/einwilligung/documents");
    let other = registry.town.other().post(&path, &body).await;
    let other = other.is_problem(422, "validation");
    let expected = [("/case".to_owned(), "not-found".to_owned())];
    assert_eq!(faults(&other), expected);
    let clerk = registry.town.clerk();
    let close = format!("/api/v1/cases/{}/close", id_of(&case));
    let etag = case.etag();
    let based_on = [("if-match", etag.as_str())];
    send(&clerk, Method::POST, &close, &based_on, None)
        .await
        .is(200);
    clerk
        .post(&path, &body)
        .await
        .is_problem(409, "state-conflict");
}

#[tokio::test]
async fn every_shipped_form_keeps_the_standards_and_is_read_right() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let folder = TempDir::new().expect("a temporary folder");
    let before = town.documents().await.len();
    let all = clerk.get(FORMS).await.is(200).json();
    let mut files = Vec::new();
    for form in all["items"].as_array().into_iter().flatten() {
        let id = form["id"].as_str().unwrap_or_default();
        for language in form["languages"].as_array().into_iter().flatten() {
            let body = json!({"department": OWN, "language": language, "values": values(id)});
            let shown = clerk
                .post(&format!("{FORMS}/{id}/preview"), &body)
                .await
                .is(200);
            assert_eq!(shown.media_type(), Some("application/pdf"));
            let name = format!("{id}.{}.pdf", language.as_str().unwrap_or_default());
            files.push(keep(&folder, &name, &shown));
        }
    }
    assert_eq!(files.len(), 20);
    assert_eq!(town.documents().await.len(), before, "nothing was filed");
    let text = text_of(&folder.path().join("ausweis-empfang.de.pdf"));
    for word in [
        "Müller-Lüdenscheidt, Đorđević, Ş̌ahin-Ḡ",
        "Ḡülşen Žaneta Nguyễn",
        "Muster – rechtlich zu prüfen",
        "29.02.1984",
        "Seite 1 von 1",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // What the judge passes is worth something only where it refuses others.
    let plain = folder.path().join("plain.pdf");
    std::fs::write(&plain, fixtures::pdf(&["Kein PDF/A"])).expect("a file");
    files.push(plain);
    let mut expected = vec![true; 20];
    expected.push(false);
    for flavour in ["2a", "ua1"] {
        if let Some(verdict) = verapdf::judge(flavour, &files) {
            assert_eq!(verdict.passed, expected, "{flavour}: {}", verdict.said);
        }
    }
}

#[tokio::test]
async fn an_office_adds_its_own_forms_and_none_that_is_used_changes() {
    let folder = TempDir::new().expect("a temporary folder");
    let source = folder.path().join("hund.toml");
    std::fs::write(&source, DOG).expect("a template");
    let start = Start::new()
        .of_its_own()
        .with(
            "PAPIERLOS_FORMS_FOLDER",
            folder.path().display().to_string(),
        )
        .with("PAPIERLOS_FORMS_TOWN", "Stadt Haltern am See");
    let Some(mut town) = Town::of(start).await else {
        return;
    };
    let path = format!("{FORMS}/hund/documents");
    let body = json!({"department": OWN, "values": {"name": "Rex"}});
    // As long as nothing was made of it, it may be changed.
    town.app.stop();
    std::fs::write(&source, DOG.replace("eines Hundes", "eines Hunds")).expect("a template");
    town.app.resume();
    let filed = town.clerk().post(&path, &body).await.is(201).json();
    assert_eq!(filed["title"], "Anmeldung eines Hunds");
    town.app.stop();
    std::fs::write(&source, DOG).expect("a template");
    let said = town.app.refuses_to_start();
    for word in ["hund.toml", "version 1", "hund"] {
        assert!(said.contains(word), "{said}");
    }
    // A new version stands beside the old one.
    std::fs::write(&source, DOG.replace("eines Hundes", "eines Hunds")).expect("a template");
    let second = folder.path().join("hund-2.toml");
    std::fs::write(&second, DOG.replace("version = 1", "version = 2")).expect("a template");
    town.app.resume();
    let clerk = town.clerk();
    let form = clerk.get(&format!("{FORMS}/hund")).await.is(200).json();
    assert_eq!(
        (&form["version"], &form["versions"]),
        (&json!(2), &json!([1, 2]))
    );
    let mut old = body.clone();
    old["version"] = json!(1);
    let filed = clerk.post(&path, &old).await.is(201).json();
    assert_eq!(filed["form"]["version"], 1);
    // What is wrong is said with its name and its line.
    town.app.stop();
    std::fs::write(&second, DOG.replace("\"text\"", "\"blob\"")).expect("a template");
    let said = town.app.refuses_to_start();
    assert!(
        said.contains("hund-2.toml") && said.contains("Zeile 8"),
        "{said}"
    );
    std::fs::remove_file(&second).expect("a template");
    town.app.resume();
}

#[tokio::test]
async fn the_command_line_lists_checks_and_tries_forms() {
    let Some(town) = Town::start().await else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = async |arguments: &[&str]| {
        let output = town.app.command(arguments).await;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, out, _) = run(&["forms", "list"]).await;
    assert_eq!(code, Some(0));
    assert!(
        out.contains("ausweis-empfang, Fassung 1: ") && out.contains("(Muster)"),
        "{out}"
    );
    let (_, out, _) = run(&["forms", "list", "--json"]).await;
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 12);
    let source = path("hund.toml");
    std::fs::write(&source, DOG).expect("a template");
    let (code, out, _) = run(&["forms", "check", &source]).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("hund, Fassung 1: in Ordnung"), "{out}");
    let wrong = DOG.replace("fields = [\"name\"]", "fields = [\"rasse\"]");
    let other = path("katze.toml");
    std::fs::write(&other, wrong).expect("a template");
    let (code, _, err) = run(&["forms", "check", &other]).await;
    assert_eq!(code, Some(1), "{err}");
    for word in ["katze.toml", "Zeile 14", "rasse", "Felder sind: name"] {
        assert!(err.contains(word), "{word}: {err}");
    }
    let (values, out_file) = (path("values.json"), path("hund.pdf"));
    std::fs::write(&values, r#"{"name": "Đoggo"}"#).expect("values");
    let render = [
        "forms", "render", &source, "--values", &values, "--out", &out_file,
    ];
    let (code, out, err) = run(&render).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.contains("1 Seite") && out.contains("(keeper): Seite 1"),
        "{out}"
    );
    assert!(text_of(Path::new(&out_file)).contains("Đoggo"));
    std::fs::write(&values, r#"{"rasse": "Dackel"}"#).expect("values");
    let (code, _, err) = run(&render).await;
    assert_eq!(code, Some(1), "{err}");
    assert!(
        err.contains("name (Name des Hundes): Diese Angabe fehlt."),
        "{err}"
    );
    assert!(err.contains("rasse: "), "{err}");
}
