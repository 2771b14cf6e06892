//! The file plan through the front door: it comes in, it is maintained, it leaves, the schemas judge it.

mod transfer;

use std::path::Path;
use std::process::Command;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::town::{OWN, Town, add, id_of, send, walk};
use tests::{Answer, Client};

const PLANS: &str = "/api/v1/file-plans";
const DEMO: &str = include_str!("../../../server/data/town/aktenplan.csv");
const HEAD: &str = "kennzeichen;bezeichnung;aufbewahrung_jahre;aussonderungsart";

/// Takes a plan over: `said` as metadata, the file as content.
async fn import(client: &Client, file: &[u8], said: Value) -> Answer {
    let metadata = Part::text(said.to_string())
        .mime_str("application/json")
        .expect("a type");
    let content = Part::bytes(file.to_vec()).file_name("plan");
    let form = Form::new()
        .part("metadata", metadata)
        .part("content", content);
    let request = client.request(Method::POST, &format!("{PLANS}/import"));
    client.send(request.multipart(form)).await
}

fn demo() -> Value {
    json!({"name": "Plan", "edition": "2026", "valid_from": "2026-01-01"})
}

async fn unit(client: &Client, plan: &str, code: &str) -> Value {
    let path = format!("{PLANS}/{plan}/units?limit=100&code={code}");
    let found = walk(client, &path).await;
    found
        .into_iter()
        .find(|one| one["code"] == code)
        .expect("a unit")
}

/// The schemas say whether a message is one.
fn judge(version: &str, message: &[u8]) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/xdomea");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), message).expect("a file");
    let schema = data.join(match version {
        "3.1.0" => "3.1.0/xdomea-Nachrichten-AktenplanAustauschen.xsd",
        _ => "4.0.0-message-0301.xsd",
    });
    let judged = Command::new("xmllint")
        .env("XML_CATALOG_FILES", data.join("catalog.xml"))
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg(file.path())
        .output();
    let Ok(judged) = judged else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "in CI nothing is skipped: xmllint is missing"
        );
        eprintln!("skipped: the xdomea schemas: xmllint is missing (Debian: libxml2-utils)");
        return;
    };
    let said = String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "xdomea {version}: {said}");
}

#[tokio::test]
async fn editions_of_one_name_follow_each_other() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let new = json!({"name": "Plan", "edition": "2026", "valid_from": "2026-01-01"});
    let first = registrar.post(PLANS, &new).await.is(201);
    let same = registrar
        .post(PLANS, &new)
        .await
        .is_problem(409, "already-exists")
        .json();
    assert_eq!(same["existing"], id_of(&first));
    let next = json!({"name": "Plan", "edition": "2027", "valid_from": "2027-01-01"});
    registrar
        .post(PLANS, &next)
        .await
        .is_problem(409, "conflict");
    let other = json!({"name": "Anderer", "edition": "2027", "valid_from": "2027-01-01"});
    registrar.post(PLANS, &other).await.is(201);
    let path = format!("{PLANS}/{}", id_of(&first));
    let back = json!({"valid_until": "2025-12-31"});
    registrar
        .patch(&path, &first.etag(), &back)
        .await
        .is_problem(422, "validation");
    let end = json!({"valid_until": "2026-12-31"});
    let ended = registrar.patch(&path, &first.etag(), &end).await.is(200);
    registrar
        .patch(&path, &first.etag(), &end)
        .await
        .is_problem(412, "precondition-failed");
    registrar.post(PLANS, &next).await.is(201);
    let open = json!({"valid_until": null});
    registrar
        .patch(&path, &ended.etag(), &open)
        .await
        .is_problem(409, "conflict");
    let nothing = json!({"edition": "2026"});
    registrar
        .patch(&path, &ended.etag(), &nothing)
        .await
        .is_problem(422, "validation");
    let all = town.clerk().get(PLANS).await.is(200).json();
    let names: Vec<_> = all["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (one["name"].clone(), one["edition"].clone()))
        .collect();
    assert_eq!(
        names,
        [
            (json!("Anderer"), json!("2027")),
            (json!("Plan"), json!("2026")),
            (json!("Plan"), json!("2027"))
        ]
    );
    let known = registrar
        .request(Method::GET, &path)
        .header("if-none-match", ended.etag());
    registrar.send(known).await.is(304);
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn units_are_added_moved_and_retired_and_the_tree_stays_one() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let new = json!({"name": "Plan", "edition": "2026", "valid_from": "2026-01-01"});
    let plan = id_of(&registrar.post(PLANS, &new).await.is(201));
    let other = json!({"name": "Anderer", "edition": "1", "valid_from": "2026-01-01"});
    let other = id_of(&registrar.post(PLANS, &other).await.is(201));
    let add = async |plan: &str, code: &str, parent: Option<&str>| {
        let body = json!({"code": code, "title": format!("Einheit {code}"), "retention_years": 10,
            "disposal": "B", "parent": parent});
        registrar
            .post(&format!("{PLANS}/{plan}/units"), &body)
            .await
    };
    let one = add(&plan, "1", None).await.is(201);
    let below = add(&plan, "1.1", Some(&id_of(&one))).await.is(201);
    let stranger = add(&other, "1", None).await.is(201);
    let taken = add(&plan, "1", None)
        .await
        .is_problem(409, "already-exists")
        .json();
    assert_eq!(taken["existing"], id_of(&one));
    for parent in [id_of(&stranger), uuid::Uuid::now_v7().to_string()] {
        let refused = add(&plan, "9", Some(&parent))
            .await
            .is_problem(422, "validation");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/parent");
    }
    let at = |answer: &Answer| format!("/api/v1/plan-units/{}", id_of(answer));
    // Nobody hangs below itself, nor below what hangs below it.
    for parent in [id_of(&one), id_of(&below)] {
        let move_there = json!({"parent": parent});
        let refused = registrar.patch(&at(&one), &one.etag(), &move_there).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["code"], "parent-loop");
    }
    // Twelve levels, and no more: not by adding and not by moving.
    let mut deepest = id_of(&below);
    for level in 3..=12 {
        deepest = id_of(
            &add(&plan, &format!("1.1.{level}"), Some(&deepest))
                .await
                .is(201),
        );
    }
    let refused = add(&plan, "1.1.13", Some(&deepest))
        .await
        .is_problem(422, "validation")
        .json();
    assert_eq!(refused["errors"][0]["code"], "too-deep");
    let top = add(&plan, "0", None).await.is(201);
    let move_there = json!({"parent": id_of(&top)});
    let refused = registrar.patch(&at(&one), &one.etag(), &move_there).await;
    assert_eq!(
        refused.is_problem(422, "validation").json()["errors"][0]["code"],
        "too-deep"
    );
    // Everything that is wrong with a unit at once.
    let wrong = json!({"code": "#", "title": " ", "retention_years": 111, "disposal": "X",
        "file_pattern": "{unit", "compartment": "GEHEIM"});
    let refused = registrar.patch(&at(&top), &top.etag(), &wrong).await;
    let refused = refused.is_problem(422, "validation").json();
    let mut pointers: Vec<_> = refused["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| one["pointer"].as_str().unwrap_or_default().to_owned())
        .collect();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/code",
            "/compartment",
            "/disposal",
            "/file_pattern",
            "/retention_years",
            "/title"
        ]
    );
    let change =
        json!({"retention_years": null, "note": " zwei\n Zeilen ", "file_pattern": "{unit}-{seq}"});
    let changed = registrar
        .patch(&at(&top), &top.etag(), &change)
        .await
        .is(200);
    assert_eq!(changed.json()["retention_years"], Value::Null);
    assert_eq!(changed.json()["note"], "zwei Zeilen");
    let record = town.record_of(&changed).await;
    assert_eq!(record["action"], "plan_unit.change");
    let retire = async |etag: &str| {
        let path = format!("{}/retire", at(&top));
        send(&registrar, Method::POST, &path, &[("if-match", etag)], None).await
    };
    retire(&top.etag())
        .await
        .is_problem(412, "precondition-failed");
    let retired = retire(&changed.etag()).await.is(200);
    assert!(retired.json()["retired_at"].is_string());
    let again = retire(&retired.etag())
        .await
        .is_problem(409, "state-conflict")
        .json();
    assert_eq!(again["current_state"], "retired");
    let path = format!("{PLANS}/{plan}/units?retired=true");
    let listed = walk(&town.clerk(), &path).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["code"], "0");
}

#[tokio::test]
async fn units_are_listed_by_mark_page_by_page_and_by_what_is_asked() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let more = format!("{DEMO}99;ÄMTER und Würden_50%;1;V;;\n9_9;Unterstrich;1;V;;\n");
    let report = import(&registrar, more.as_bytes(), demo())
        .await
        .is(200)
        .json();
    let plan = report["plan"].as_str().expect("an id");
    let clerk = town.clerk();
    let codes = async |query: &str| -> Vec<String> {
        let found = walk(&clerk, &format!("{PLANS}/{plan}/units?{query}")).await;
        let code = |one: &Value| one["code"].as_str().unwrap_or_default().to_owned();
        found.iter().map(code).collect()
    };
    let all = codes("limit=5").await;
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(all.len(), 29);
    assert_eq!(all, sorted, "by mark, each once");
    assert_eq!(
        codes("limit=2&code=01.4").await,
        ["01.4", "01.4.1", "01.4.2"]
    );
    assert_eq!(codes("code=9_").await, ["9_9"]);
    assert_eq!(
        codes("parent=none").await,
        ["01", "02", "10", "16", "99", "9_9"]
    );
    let id = unit(&clerk, plan, "01.4").await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(codes(&format!("parent={id}")).await, ["01.4.1", "01.4.2"]);
    assert_eq!(codes("q=%C3%A4mter").await, ["99"]);
    assert_eq!(codes("q=01.4.").await, ["01.4.1", "01.4.2"]);
    assert_eq!(
        codes("limit=1&q=personal").await,
        ["01.3", "01.3.1", "02.1.1"]
    );
    assert_eq!(codes("retired=true").await, Vec::<String>::new());
    clerk
        .get(&format!("{PLANS}/{plan}/units?parent=oben"))
        .await
        .is_problem(400, "query-invalid");
    let page = clerk
        .get(&format!("{PLANS}/{plan}/units?limit=5"))
        .await
        .is(200)
        .json();
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    clerk
        .get(&format!(
            "{PLANS}/{plan}/units?limit=5&retired=false&cursor={cursor}"
        ))
        .await
        .is_problem(400, "query-invalid");
    let nothing = uuid::Uuid::now_v7();
    clerk
        .get(&format!("{PLANS}/{nothing}/units"))
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn everybody_reads_the_plan_and_only_the_records_manager_maintains_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let report = import(&registrar, DEMO.as_bytes(), demo())
        .await
        .is(200)
        .json();
    let plan = report["plan"].as_str().expect("an id");
    let one = unit(&registrar, plan, "01").await;
    let path = format!("/api/v1/plan-units/{}", one["id"].as_str().expect("an id"));
    let read = town.app.with_token(&town.token("read").await);
    let mut readers = vec![
        town.clerk(),
        town.other(),
        town.auditor(),
        town.admin(),
        read,
    ];
    for role in ["head", "mayor", "mail_room", "integrator"] {
        let token = add(&town.app, role, role, Some(OWN)).await;
        readers.push(town.app.with_token(&token));
    }
    let token = add(&town.app, "archive", "archive", None).await;
    readers.push(town.app.with_token(&token));
    for client in readers {
        client.get(&path).await.is(200);
        client
            .get(&format!("{PLANS}/{plan}/export?format=csv"))
            .await
            .is(200);
        client
            .patch(&path, "\"v1\"", &json!({"title": "Meins"}))
            .await
            .is_problem(403, "forbidden");
        import(&client, DEMO.as_bytes(), demo())
            .await
            .is_problem(403, "forbidden");
    }
    let intake = town.app.with_token(&town.token("intake").await);
    intake.get(&path).await.is_problem(403, "forbidden");
    town.app
        .anonymous()
        .get(&path)
        .await
        .is_problem(401, "unauthenticated");
    assert_eq!(unit(&registrar, plan, "01").await["version"], 1);
}

#[tokio::test]
async fn a_repeated_request_has_its_effect_once() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let table = format!("{HEAD}\n1;Eins;10;B\n");
    let take = async |key: &str, table: &str| {
        let path = format!("{PLANS}/import?name=Plan&edition=2026&valid_from=2026-01-01");
        let request = registrar.request(Method::POST, &path);
        let request = request.header("content-type", "text/csv");
        let request = request.header("idempotency-key", key);
        registrar.send(request.body(table.to_owned())).await
    };
    let first = take("plan", &table).await.is(200);
    // Not «nothing changed»: the answer of the first time.
    let again = take("plan", &table).await.is(200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text(), first.text());
    assert_eq!(again.receipt(), first.receipt());
    assert_eq!(again.json()["created"], 1);
    take("plan", &format!("{table}2;Zwei;10;B\n"))
        .await
        .is_problem(422, "idempotency-key-reused");

    let plan = first.json()["plan"].as_str().expect("an id").to_owned();
    let edition = json!({"name": "Anderer", "edition": "1", "valid_from": "2026-01-01"});
    let unit = json!({"code": "2", "title": "Zwei", "retention_years": null, "disposal": "A"});
    for (path, body) in [
        (PLANS.to_owned(), edition),
        (format!("{PLANS}/{plan}/units"), unit),
    ] {
        let key = uuid::Uuid::now_v7().to_string();
        let headers = [("idempotency-key", key.as_str())];
        let post = async || send(&registrar, Method::POST, &path, &headers, Some(&body)).await;
        let first = post().await.is(201);
        let again = post().await.is(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
        assert_eq!(id_of(&again), id_of(&first));
        assert_eq!(again.etag(), first.etag());
        assert_eq!(again.receipt(), first.receipt());
        registrar
            .post(&path, &body)
            .await
            .is_problem(409, "already-exists");
    }
}
