//! How far the mail room and the mayor see.

use std::collections::BTreeSet;

use serde_json::json;
use tests::plan::{admit, compartment, unit};
use tests::town::{OTHER, OWN, Town, add, id_of, send, walk};
use tests::{Answer, Client, fixtures};

use crate::records::{act, act_on};

/// What somebody finds in every place that tells of documents.
async fn found(client: &Client, id: &str, word: &str) -> [bool; 5] {
    let has = async |path: String| {
        let answer = client.get(&path).await.is(200);
        answer.text().contains(id)
    };
    [
        client.get(&format!("/api/v1/documents/{id}")).await.status == 200,
        has("/api/v1/documents?count=true".to_owned()).await,
        has(format!("/api/v1/search?q={word}")).await,
        has(format!("/api/v1/search/suggest?q={word}")).await,
        has("/api/v1/changes?limit=1000".to_owned()).await,
    ]
}

async fn totals(client: &Client) -> [u64; 2] {
    let listed = client.get("/api/v1/documents?count=true").await.is(200);
    let searched = client.get("/api/v1/search?q=&facets=true").await.is(200);
    [listed, searched].map(|answer| answer.json()["total"].as_u64().expect("a number"))
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn a_mail_room_sees_what_lies_with_nobody_and_nothing_afterwards() {
    let Some(town) = Town::start().await else {
        return;
    };
    tests::plan::plan(&town, "2020", ("2020-01-01", None), vec![unit("02.1")]).await;
    let post = add(&town.app, "p.stelle", "mail_room", Some(OWN)).await;
    let post = town.app.with_token(&post);
    let file = async |title: &str| -> Answer {
        let content = fixtures::unique_pdf(title);
        let new = json!({"title": title});
        post.file("brief.pdf", &content, &new).await.is(201)
    };
    let (handed, aside, registered) = (
        file("Handschlag").await,
        file("Beiseite").await,
        file("Veraktung").await,
    );
    town.settle().await;
    let all = [
        (&handed, "Handschlag"),
        (&aside, "Beiseite"),
        (&registered, "Veraktung"),
    ];
    for (one, word) in all {
        assert_eq!(found(&post, &id_of(one), word).await, [true; 5], "{word}");
    }
    assert_eq!(totals(&post).await, [3, 3]);
    let at = |one: &Answer| format!("/api/v1/documents/{}", id_of(one));
    post.get(&format!("{}/content", at(&handed))).await.is(200);
    // A draft is somebody's from its beginning.
    let draft = json!({"title": "Bescheid", "draft": true, "direction": "outgoing"});
    post.file("b.pdf", &fixtures::unique_pdf("Bescheid"), &draft)
        .await
        .is_problem(403, "forbidden");
    // Nobody of the mail room can be given what only lies there until somebody has it.
    let to = json!({"department": OWN, "inbox": "p.stelle"});
    let path = format!("{}/route", at(&handed));
    act(&post, &path, &handed.etag(), &to)
        .await
        .is_problem(422, "validation");
    let to = json!({"department": OWN, "inbox": "m.brandt"});
    act(&post, &path, &handed.etag(), &to).await.is(200);
    let reason = json!({"reason": "Werbung"});
    let path = format!("{}/discard", at(&aside));
    act(&post, &path, &aside.etag(), &reason).await.is(200);
    let clerk = town.clerk();
    let new = json!({"plan_unit": "02.1", "subject": "Parken"});
    let akte = clerk.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&akte), "subject": "Antrag"});
    let case = clerk.post("/api/v1/cases", &new).await.is(201);
    crate::records::register(&clerk, &registered, &case)
        .await
        .is(200);
    // At once, before the index has followed, and when it has.
    for _ in 0..2 {
        for (one, word) in all {
            assert_eq!(found(&post, &id_of(one), word).await, [false; 5], "{word}");
            for rest in ["", "/content", "/text", "/versions", "/history"] {
                let path = format!("{}{rest}", at(one));
                post.get(&path).await.is_problem(404, "not-found");
            }
        }
        assert_eq!(totals(&post).await, [0, 0]);
        town.settle().await;
    }
    let restore = format!("{}/restore", at(&aside));
    act_on(&post, &restore, "\"v2\"").await.is(404);
    for path in ["/api/v1/files?count=true", "/api/v1/cases?count=true"] {
        assert_eq!(post.get(path).await.is(200).json()["total"], 0, "{path}");
    }
    for (one, word) in all {
        let seen = found(&clerk, &id_of(one), word).await;
        assert_eq!(seen, [true; 5], "the clerk loses {word}");
    }
    // What is taken back lies with nobody once more.
    act_on(&clerk, &restore, "\"v2\"").await.is(200);
    town.settle().await;
    assert_eq!(found(&post, &id_of(&aside), "Beiseite").await, [true; 5]);
}

/// The ids that a list or a search shows, page by page.
async fn ids(client: &Client, path: &str) -> BTreeSet<String> {
    let all = walk(client, path).await;
    let ids = all.iter().filter_map(|one| one["id"].as_str());
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_role_finds_what_it_lists_but_for_the_registry_that_reads_no_content() {
    let Some(town) = Town::start().await else {
        return;
    };
    let waits = town.letter("Anzeige", "Anzeige der Ankunft").await;
    let handed = town.letter("Hinweis", "Hinweis der Bürgerin").await;
    let to = json!({"department": OWN, "inbox": "m.brandt"});
    let path = format!("/api/v1/documents/{}/route", id_of(&handed));
    act(&town.clerk(), &path, &handed.etag(), &to).await.is(200);
    let content = fixtures::unique_pdf("Abrechnung");
    let theirs = town
        .other()
        .file("brief.pdf", &content, &json!({"title": "Abrechnung"}))
        .await
        .is(201);
    let all = [&waits, &handed, &theirs].map(id_of);
    town.settle().await;
    let person = async |login: &str, role: &str, department: &str| {
        let token = add(&town.app, login, role, Some(department)).await;
        town.app.with_token(&token)
    };
    let room = person("p.stelle", "mail_room", OWN).await;
    let application = person("f.verfahren", "integrator", OWN).await;
    let roles = [
        ("clerk", town.clerk(), 2, 2),
        ("clerk elsewhere", town.other(), 1, 1),
        ("head", person("l.heide", "head", OWN).await, 2, 2),
        ("mayor", person("o.haupt", "mayor", OTHER).await, 1, 1),
        ("mail room", room, 1, 1),
        ("integrator", application, 2, 2),
        ("auditor", town.auditor(), 3, 3),
        ("admin", town.admin(), 0, 0),
        ("registry", town.registrar().await, 3, 0),
    ];
    for (role, client, listed, found) in roles {
        let lists = ids(&client, "/api/v1/documents?limit=2").await;
        let finds = ids(&client, "/api/v1/search?q=&limit=2").await;
        let walked = [&lists, &finds].map(|one| u64::try_from(one.len()).expect("a few"));
        assert_eq!(walked, [listed, found], "{role}");
        assert_eq!(totals(&client).await, [listed, found], "{role}");
        assert!(finds.is_subset(&lists), "{role}");
        for id in &all {
            let known = if lists.contains(id) { 200 } else { 404 };
            let read = match (known, finds.contains(id)) {
                (404, _) => 404,
                (_, true) => 200,
                (_, false) => 403,
            };
            let path = format!("/api/v1/documents/{id}");
            client.get(&path).await.is(known);
            client.get(&format!("{path}/content")).await.is(read);
        }
    }
}

#[tokio::test]
async fn the_mayor_sees_the_own_office_and_enters_no_compartment() {
    let Some(town) = Town::start().await else {
        return;
    };
    let handed = town.letter("Einladung", "Einladung zum Richtfest").await;
    let kept = town.letter("Antrag", "Antrag").await;
    let mayor = add(&town.app, "o.haupt", "mayor", Some(OTHER)).await;
    let mayor = town.app.with_token(&mayor);
    let at = |one: &Answer| format!("/api/v1/documents/{}", id_of(one));
    mayor.get(&at(&handed)).await.is(404);
    let to = json!({"department": OTHER, "inbox": "o.haupt"});
    let path = format!("{}/route", at(&handed));
    act(&town.clerk(), &path, &handed.etag(), &to).await.is(200);
    mayor.get(&at(&handed)).await.is(200);
    mayor.get(&at(&kept)).await.is(404);
    // Not by a grant, and not by one that came before the office.
    let admin = town.admin();
    let personal = compartment(&town.app, "PERSONAL").await;
    let grants = format!("/api/v1/compartments/{personal}/grants");
    for login in ["o.haupt", "chef"] {
        let ask = json!({"account": login, "reason": "Neugier"});
        admin.post(&grants, &ask).await.is_problem(409, "conflict");
    }
    admit(&town.app, personal, "k.sommer").await;
    let entered = async || {
        let all = town.other().get("/api/v1/compartments").await.is(200);
        all.json()["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(entered().await, 1);
    let accounts = admin.get("/api/v1/accounts").await.is(200).json();
    let accounts = accounts["items"].as_array().cloned().unwrap_or_default();
    let sommer = accounts.iter().find(|one| one["login"] == "k.sommer");
    let sommer = sommer.expect("an account");
    let path = format!(
        "/api/v1/accounts/{}/roles",
        sommer["id"].as_str().unwrap_or_default()
    );
    let etag = format!("\"v{}\"", sommer["version"]);
    let roles = json!({"roles": [{"role": "mayor", "department": OTHER}]});
    send(
        &admin,
        reqwest::Method::PUT,
        &path,
        &[("if-match", &etag)],
        Some(&roles),
    )
    .await
    .is(200);
    assert_eq!(entered().await, 0);
}
