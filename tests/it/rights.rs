//! Who stands in for whom, who may enter what, and what a place in the house changes.

use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, add, id_of, send};
use tests::{Answer, Client, wait_until};

/// A request in somebody's stead.
async fn get_for(client: &Client, login: &str, path: &str) -> Answer {
    let request = client
        .request(Method::GET, path)
        .header("papierlos-on-behalf-of", login);
    client.send(request).await
}

async fn post(client: &Client, path: &str) -> Answer {
    send(client, Method::POST, path, &[], None).await
}

fn soon() -> String {
    let later = time::OffsetDateTime::now_utc() + time::Duration::days(7);
    later
        .format(&time::format_description::well_known::Rfc3339)
        .expect("a time")
}

#[test]
fn the_contract_names_the_header_of_deputies_where_it_counts() {
    let contract = tests::contract::contract();
    let named = |path: &str, method: &str| {
        let parameters = contract["paths"][path][method]["parameters"].as_array();
        let mut parameters = parameters.into_iter().flatten();
        parameters.any(|one| one["name"] == "Papierlos-On-Behalf-Of" && one["in"] == "header")
    };
    for (path, method) in [
        ("/api/v1/documents/{id}", "get"),
        ("/api/v1/documents", "post"),
        ("/api/v1/files/{id}/close", "post"),
        ("/api/v1/search", "get"),
        ("/api/v1/changes", "get"),
        ("/api/v1/departments", "get"),
    ] {
        assert!(named(path, method), "{method} {path}");
    }
    for (path, method) in [
        ("/api/v1/session", "post"),
        ("/api/v1/tokens", "post"),
        ("/api/v1/accounts", "get"),
        ("/api/v1/webhooks", "post"),
        ("/health/live", "get"),
    ] {
        assert!(!named(path, method), "{method} {path}");
    }
}

#[tokio::test]
async fn a_deputy_acts_for_a_time_and_both_names_are_recorded() {
    let Some(town) = Town::start().await else {
        return;
    };
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let at = format!("/api/v1/documents/{id}");
    let other = town.other();
    other.get(&at).await.is_problem(404, "not-found");
    get_for(&other, "m.brandt", &at)
        .await
        .is_problem(403, "forbidden");
    let new = json!({"deputy": "k.sommer", "valid_until": soon(), "reason": "Urlaub"});
    let named = town.clerk().post("/api/v1/deputations", &new).await.is(201);
    assert_eq!(named.json()["principal"], "m.brandt");
    town.record_of(&named).await;
    // Only in his stead, and only there.
    other.get(&at).await.is(404);
    let seen = get_for(&other, "m.brandt", &at).await.is(200);
    let request = other
        .request(Method::PATCH, &at)
        .header("papierlos-on-behalf-of", "m.brandt")
        .header("if-match", seen.etag())
        .json(&json!({"title": "Antrag (i. V.)"}));
    let changed = other.send(request).await.is(200);
    let record = town.record_of(&changed).await;
    let accounts = town.admin().get("/api/v1/accounts").await.is(200).json();
    let account = |login: &str| -> Value {
        let all = accounts["items"].as_array().expect("accounts");
        let found = all.iter().find(|one| one["login"] == login);
        found.expect("an account")["id"].clone()
    };
    assert_eq!(record["actor"], account("k.sommer"));
    assert_eq!(record["obo"], account("m.brandt"));
    // A deputy names no deputies and gets no administration.
    let request = other
        .request(Method::POST, "/api/v1/deputations")
        .header("papierlos-on-behalf-of", "m.brandt")
        .json(&json!({"principal": "m.brandt", "deputy": "r.pruefer", "valid_until": soon()}));
    other.send(request).await.is(403);
    let end = format!(
        "/api/v1/deputations/{}/end",
        named.json()["id"].as_str().expect("an id")
    );
    post(&town.auditor(), &end).await.is(404);
    post(&town.clerk(), &end).await.is(200);
    post(&town.clerk(), &end).await.is_problem(409, "conflict");
    get_for(&other, "m.brandt", &at).await.is(403);
}

#[tokio::test]
async fn whoever_acts_for_another_without_right_is_named_in_the_record() {
    let Some(town) = Town::start().await else {
        return;
    };
    let other = town.other();
    let me = other.get("/api/v1/me").await.is(200).json();
    let actor = format!("\"actor\":{}", me["id"]);
    get_for(&other, "m.brandt", "/api/v1/documents")
        .await
        .is_problem(403, "forbidden");
    let database = match town.app.database() {
        Some(database) => database.connect().await,
        None => crate::at_rest::connect(&town.app.data().join("papierlos.db")).await,
    };
    let backend = database.get_database_backend();
    wait_until("the refusal is recorded", async || {
        let all = Statement::from_string(backend, "SELECT leaf FROM access");
        let all = database.query_all_raw(all).await.expect("rows");
        all.iter().any(|row| {
            let leaf: Vec<u8> = row.try_get_by_index(0).expect("a leaf");
            let leaf = String::from_utf8_lossy(&leaf);
            leaf.contains("request.refused") && leaf.contains(&actor)
        })
    })
    .await;
}

#[tokio::test]
async fn a_deputation_that_cannot_be_is_refused_with_its_reason() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let name = async |body: Value| clerk.post("/api/v1/deputations", &body).await;
    name(json!({"deputy": "m.brandt", "valid_until": soon()}))
        .await
        .is_problem(403, "forbidden");
    name(json!({"deputy": "k.sommer", "valid_until": "2001-01-01T00:00:00Z"}))
        .await
        .is_problem(422, "validation");
    name(json!({"deputy": "k.sommer", "valid_until": "2199-01-01T00:00:00Z"}))
        .await
        .is_problem(422, "validation");
    name(json!({"deputy": "niemand", "valid_until": "morgen"}))
        .await
        .is_problem(422, "validation");
    name(json!({"principal": "k.sommer", "deputy": "m.brandt", "valid_until": soon()}))
        .await
        .is_problem(403, "forbidden");
}

#[tokio::test]
async fn nobody_opens_a_compartment_alone() {
    let Some(town) = Town::start().await else {
        return;
    };
    let admin = town.admin();
    let second = add(&town.app, "chefin", "admin", None).await;
    let second = town.app.with_token(&second);
    let new = json!({"code": "PERSONAL", "name": "Personalakten"});
    let made = admin
        .post("/api/v1/compartments", &new)
        .await
        .is(201)
        .json();
    admin
        .post("/api/v1/compartments", &new)
        .await
        .is_problem(409, "already-exists");
    let mine = async |client: &Client| {
        let all = client.get("/api/v1/compartments").await.is(200).json();
        all["items"].as_array().map_or(0, Vec::len)
    };
    let grants = format!(
        "/api/v1/compartments/{}/grants",
        made["id"].as_str().expect("an id")
    );
    let ask = json!({"account": "m.brandt", "reason": "Sachbearbeitung Personal"});
    town.clerk().post(&grants, &ask).await.is(403);
    town.clerk().get(&grants).await.is_problem(404, "not-found");
    let asked = admin.post(&grants, &ask).await.is(201).json();
    assert_eq!(
        mine(&town.clerk()).await,
        0,
        "it does not hold before its approval"
    );
    let grant = format!(
        "/api/v1/compartment-grants/{}",
        asked["id"].as_str().expect("an id")
    );
    post(&admin, &format!("{grant}/approve"))
        .await
        .is_problem(403, "forbidden");
    post(&second, &format!("{grant}/approve")).await.is(200);
    post(&second, &format!("{grant}/approve"))
        .await
        .is_problem(409, "conflict");
    assert_eq!(mine(&town.clerk()).await, 1);
    assert_eq!(mine(&town.other()).await, 0);
    send(&admin, Method::DELETE, &grant, &[], None)
        .await
        .is(204);
    assert_eq!(
        mine(&town.clerk()).await,
        0,
        "it ends with the next request"
    );
}

#[tokio::test]
async fn a_head_sees_the_departments_below_and_no_others() {
    let Some(town) = Town::start().await else {
        return;
    };
    let id = id_of(&town.letter("Antrag", "Antrag auf Wohngeld").await);
    let at = format!("/api/v1/documents/{id}");
    let head = add(&town.app, "l.leitung", "head", Some(OTHER)).await;
    let head = town.app.with_token(&head);
    head.get(&at).await.is(404);
    let admin = town.admin();
    let all = admin.get("/api/v1/departments").await.is(200).json();
    let department = |slug: &str| {
        let all = all["items"].as_array().expect("departments");
        let found = all.iter().find(|one| one["slug"] == slug);
        let id = found.expect("a department")["id"].as_str().expect("an id");
        format!("/api/v1/departments/{id}")
    };
    let below = json!({"parent": OTHER});
    let changed = admin
        .patch(&department(OWN), "\"v1\"", &below)
        .await
        .is(200);
    assert_eq!(changed.json()["parent"], OTHER);
    admin
        .patch(&department(OTHER), "\"v1\"", &json!({"parent": OWN}))
        .await
        .is_problem(422, "validation");
    head.get(&at).await.is(200);
    // What one may put documents into is told, so that a page need not know the roles.
    let shown = async |client: &Client| -> Vec<(String, bool)> {
        let all = client.get("/api/v1/departments").await.is(200).json();
        let all = all["items"].as_array().cloned().unwrap_or_default();
        let told = all.iter().map(|one| {
            let slug = one["slug"].as_str().unwrap_or_default().to_owned();
            (slug, one["may_file"].as_bool().expect("a yes or a no"))
        });
        told.collect()
    };
    assert!(shown(&head).await.iter().all(|(_, may_file)| *may_file));
    assert_eq!(shown(&head).await.len(), 2);
    assert!(shown(&town.auditor()).await.iter().all(|(_, may)| !may));
    // So is everything else that one may do there.
    let told = town.auditor().get("/api/v1/departments").await.is(200);
    assert_eq!(
        told.json()["items"][0]["may"],
        json!(["read", "read_content", "looks"])
    );
    let told = admin.get("/api/v1/departments").await.is(200);
    assert_eq!(told.json()["items"][0]["may"], json!([]));
    town.settle().await;
    let found = head.get("/api/v1/search?q=Wohngeld").await.is(200).json();
    assert_eq!(found["total"], 1);
    // Below is not beside: the clerk of the upper department sees nothing more.
    town.other().get(&at).await.is(404);
    admin
        .patch(&department(OWN), &changed.etag(), &json!({"parent": null}))
        .await
        .is(200);
    head.get(&at).await.is(404);
    let found = head.get("/api/v1/search?q=Wohngeld").await.is(200).json();
    assert_eq!(found["total"], 0);
}

#[tokio::test]
async fn a_records_manager_knows_of_everything_and_reads_no_content() {
    let Some(town) = Town::start().await else {
        return;
    };
    let filed = town.letter("Antrag", "Antrag auf Wohngeld").await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    town.settle().await;
    let manager = add(&town.app, "r.registratur", "records_manager", None).await;
    let manager = town.app.with_token(&manager);
    manager.get(&at).await.is(200);
    manager
        .get(&format!("{at}/content"))
        .await
        .is_problem(403, "forbidden");
    manager
        .get(&format!("{at}/text"))
        .await
        .is_problem(403, "forbidden");
    let found = manager
        .get("/api/v1/search?q=Wohngeld")
        .await
        .is(200)
        .json();
    assert_eq!(found["total"], 0, "a hit in the text is content");
}
