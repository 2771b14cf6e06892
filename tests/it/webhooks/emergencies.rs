//! An emergency is told, as it is asked for, approved and ended, to whoever may know of it.

use std::collections::BTreeSet;

use tests::fixtures;
use tests::town::{OTHER, OWN, add, id_of};

use super::*;

const EVENTS: [&str; 3] = [
    "break_glass.request",
    "break_glass.approve",
    "break_glass.end",
];

/// The types of what a receiver was told.
fn types(receiver: &Receiver) -> BTreeSet<String> {
    let letters = receiver.letters();
    let types = letters.iter().map(Letter::json);
    types
        .map(|message| message["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn an_emergency_is_told_to_whoever_may_know_of_it_and_to_nobody_else() {
    let Some(town) = town().await else { return };
    let second = add(&town.app, "chefin", "admin", None).await;
    let head = add(&town.app, "l.heide", "head", Some(OWN)).await;
    let (second, head) = (town.app.with_token(&second), town.app.with_token(&head));
    let (admin, auditor, other) = (town.admin(), town.auditor(), town.other());
    let (audits, heads, others) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    let created = subscribe(&auditor, &audits.url(), &EVENTS).await;
    subscribe(&head, &heads.url(), &["*"]).await;
    subscribe(&other, &others.url(), &["*"]).await;
    let ask = json!({"department": OWN, "reason": "Geheimer Grund", "hours": 2});
    let asked = admin.post("/api/v1/break-glass", &ask).await.is(201);
    let one = format!("/api/v1/break-glass/{}", id_of(&asked));
    let approved = post(&second, &format!("{one}/approve")).await.is(200);
    let ended = post(&admin, &format!("{one}/end")).await.is(200);
    audits.has(3).await;
    heads.has(3).await;
    let all: BTreeSet<String> = EVENTS.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!((types(&audits), types(&heads)), (all.clone(), all));
    let mut told = BTreeSet::new();
    for letter in audits.letters() {
        let message = letter.json();
        let data = message["data"].as_object().cloned().unwrap_or_default();
        let names: BTreeSet<&str> = data.keys().map(String::as_str).collect();
        let expected = BTreeSet::from(["action", "emergency", "hash", "seq"]);
        assert_eq!(names, expected, "{message}");
        assert_eq!(data["emergency"], id_of(&asked), "{message}");
        assert_eq!(data["action"], message["type"], "{message}");
        told.insert(data["seq"].as_u64());
        let body = String::from_utf8_lossy(&letter.body).into_owned();
        assert!(!body.contains("Geheimer"), "{body}");
    }
    let records = [&asked, &approved, &ended].map(|one| Some(one.receipt().0));
    assert_eq!(told, BTreeSet::from(records));
    let listed = deliveries(&auditor, &path_of(&created)).await;
    assert_eq!(listed.len(), 3);
    assert!(
        listed.iter().all(|one| one["emergency"] == id_of(&asked)),
        "{listed:?}"
    );
    // Of another department's emergency nobody is told, also by what comes after it.
    let content = fixtures::unique_pdf("Haushalt");
    other
        .file("haushalt.pdf", &content, &json!({"title": "Haushalt"}))
        .await
        .is(201);
    others.has(1).await;
    assert!(
        types(&others).is_disjoint(&types(&audits)),
        "{:?}",
        types(&others)
    );
}

#[tokio::test]
async fn whoever_audits_no_longer_finds_no_emergency_among_what_was_told() {
    let Some(town) = town().await else { return };
    let (admin, auditor) = (town.admin(), town.auditor());
    let receiver = Receiver::start().await;
    let path = path_of(&subscribe(&auditor, &receiver.url(), &EVENTS).await);
    let ask = json!({"department": OWN, "reason": "Wiederherstellung", "hours": 2});
    let asked = admin.post("/api/v1/break-glass", &ask).await.is(201);
    receiver.has(1).await;
    let newest = newest_is(&auditor, &path, "delivered").await;
    assert_eq!(newest["emergency"], id_of(&asked));
    let me = auditor.get("/api/v1/me").await.is(200).json();
    let account = format!("/api/v1/accounts/{}", me["id"].as_str().expect("an id"));
    let becomes = async |role: Value| {
        let etag = admin.get(&account).await.is(200).etag();
        let roles = format!("{account}/roles");
        let wanted = json!({"roles": [role]});
        let based_on = [("if-match", &*etag)];
        send(&admin, Method::PUT, &roles, &based_on, Some(&wanted))
            .await
            .is(200);
    };
    becomes(json!({"role": "clerk", "department": OTHER})).await;
    assert_eq!(deliveries(&auditor, &path).await, Vec::<Value>::new());
    becomes(json!({"role": "auditor"})).await;
    assert_eq!(deliveries(&auditor, &path).await, [newest]);
}

/// Past the server: what hours would do. Its guard is switched off, which only an administrator of the database may.
async fn hours_pass(town: &Town) {
    let database = Database::connect(town.app.database_url()).await;
    let database = database.expect("the test's own database");
    let off = if town.app.database().is_some() {
        "ALTER TABLE inspection DISABLE TRIGGER USER"
    } else {
        "DROP TRIGGER inspection_step"
    };
    database
        .execute_unprepared(off)
        .await
        .expect("switched off");
    let over = "UPDATE inspection SET valid_until = valid_from + 1 WHERE kind = 'emergency'";
    let done = database.execute_unprepared(over).await.expect("changed");
    assert_eq!(done.rows_affected(), 1);
    database.close().await.expect("an idle connection closes");
}

async fn said_over(town: &Town) -> usize {
    let records = town.records(0).await;
    let said = records
        .iter()
        .filter(|(_, _, record)| record["action"] == "break_glass.expire");
    said.count()
}

/// An emergency whose hours pass while the server runs, or while none does.
async fn is_told_once(mut town: Town, runs: bool) {
    let second = add(&town.app, "chefin", "admin", None).await;
    let receiver = Receiver::start().await;
    let created = subscribe(&town.auditor(), &receiver.url(), &["break_glass.expire"]).await;
    let ask = json!({"department": OWN, "reason": "Wiederherstellung", "hours": 1});
    let asked = town.admin().post("/api/v1/break-glass", &ask).await.is(201);
    let one = format!("/api/v1/break-glass/{}", id_of(&asked));
    let approve = format!("{one}/approve");
    post(&town.app.with_token(&second), &approve).await.is(200);
    assert_eq!(said_over(&town).await, 0);
    if !runs {
        assert!(town.app.stop().success());
    }
    hours_pass(&town).await;
    if !runs {
        town.app.resume();
    }
    // SQLite is for one server.
    let other = town.app.database().map(|_| town.app.second());
    let letter = receiver.has(1).await.remove(0).json();
    assert_eq!(letter["type"], "break_glass.expire");
    assert_eq!(letter["data"]["emergency"], id_of(&asked));
    // Over, and ended by nobody.
    let over = town.auditor().get(&one).await.is(200).json();
    assert_eq!(over["emergency"]["standing"], "over", "{over}");
    assert_eq!(over["emergency"]["ended_by"], Value::Null, "{over}");
    post(&town.app.with_token(&second), &format!("{one}/end"))
        .await
        .is_problem(409, "conflict");
    // The line stands with the one that was first.
    let log = town.app.log();
    let warned = log.contains("break-glass: the hours are over");
    assert!(warned || other.is_some(), "{log}");
    // Neither the next start nor another server says it once more.
    assert!(town.app.stop().success());
    town.app.resume();
    let path = path_of(&created);
    post(&town.auditor(), &format!("{path}/test")).await.is(202);
    receiver.has(2).await;
    assert_eq!(said_over(&town).await, 1);
    assert_eq!(deliveries(&town.auditor(), &path).await.len(), 2);
    if let Some(mut other) = other {
        other.kill().expect("a child of ours can be killed");
        other.wait().expect("a killed child ends");
    }
}

#[tokio::test]
async fn the_end_of_the_hours_is_told_once_by_however_many_servers() {
    let Some(town) = town().await else { return };
    is_told_once(town, true).await;
}

#[tokio::test]
async fn the_end_of_the_hours_is_told_also_where_no_server_ran_then() {
    let Some(town) = town().await else { return };
    is_told_once(town, false).await;
}
