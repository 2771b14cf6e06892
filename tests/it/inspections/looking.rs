//! Who looked: what is recorded of whom, who reads it, and what happens when it cannot be written.

use serde_json::{Value, json};
use tests::plan::damage;
use tests::town::{OWN, Town, add, id_of};
use tests::{Client, Start};

use super::{Personnel, is_about, looks};

async fn actions(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.is(200).json();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let action = |one: &Value| one["action"].as_str().unwrap_or_default().to_owned();
    items.iter().map(action).collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn who_looked_at_a_personnel_file_is_told_to_whoever_may_learn_it() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    let (file, document) = (
        format!("/api/v1/files/{}", it.file),
        format!("/api/v1/documents/{}", it.document),
    );
    it.second.get(&document).await.is(200);
    it.second.get(&format!("{document}/content")).await.is(200);
    it.second.get(&file).await.is(200);
    let me = it.second.get("/api/v1/me").await.is(200).json();
    let seen = it
        .head
        .get(&format!("{file}/looks?limit=100"))
        .await
        .is(200)
        .json();
    let items = seen["items"].as_array().expect("looks");
    let own = |action: &str, id: &str| {
        items.iter().any(|one| {
            one["action"] == action
                && one["actor"] == me["id"]
                && one["objects"].to_string().contains(id)
        })
    };
    assert!(own("content.read", &it.document), "{seen}");
    assert!(own("file.read", &it.file), "{seen}");
    // In a compartment only whoever enters it and heads; an auditor with an inspection for it.
    clerk
        .get(&format!("{file}/looks"))
        .await
        .is_problem(403, "forbidden");
    town.auditor()
        .get(&format!("{file}/looks"))
        .await
        .is_problem(404, "not-found");
    town.admin()
        .get(&format!("{file}/looks"))
        .await
        .is_problem(404, "not-found");
    let id = it.opened("audit", 86_400).await;
    let auditor = town.auditor();
    auditor.get(&format!("{document}/content")).await.is(200);
    let told = actions(&auditor, &format!("{document}/looks")).await;
    assert_eq!(
        told.first().map(String::as_str),
        Some("content.read"),
        "{told:?}"
    );
    // Page by page, each look once.
    let mut all = Vec::new();
    let mut path = format!("{file}/looks?limit=2");
    loop {
        let page = it.head.get(&path).await.is(200).json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        all.extend(items.iter().filter_map(|one| one["seq"].as_u64()));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{file}/looks?limit=2&cursor={next}");
    }
    let mut once = all.clone();
    once.dedup();
    assert_eq!(once, all);
    assert!(all.is_sorted_by(|a, b| a > b) && all.len() >= 4, "{all:?}");
    // Under the inspection: what the auditor saw by it, and that somebody read of it is recorded too.
    let under = format!("/api/v1/inspections/{id}/looks");
    assert!(
        actions(&it.head, &under)
            .await
            .contains(&"content.read".to_owned())
    );
    clerk.get(&under).await.is_problem(403, "forbidden");
    let recorded = looks(town).await;
    let read = recorded
        .iter()
        .filter(|look| look["action"] == "looks.read");
    assert!(read.clone().any(|look| is_about(look, "file", &it.file)));
    assert!(read.clone().any(|look| is_about(look, "report", &id)));
    let named = recorded
        .iter()
        .filter(|look| is_about(look, "inspection", &id));
    assert!(
        named
            .clone()
            .any(|look| is_about(look, "document", &it.document))
    );
}

/// A figure that the server tells of itself.
async fn figure(town: &Town, name: &str) -> usize {
    let metrics = town.app.anonymous().get("/metrics").await.is(200).text();
    let value = |line: &str| line.strip_prefix(name)?.trim().parse::<usize>().ok();
    metrics.lines().find_map(value).unwrap_or_default()
}

/// A unit of the plan gets a protection class.
async fn protect(town: &Town, code: &str, class: &str) {
    let registrar = town.registrar().await;
    let plans = registrar.get("/api/v1/file-plans").await.is(200).json();
    let plan = plans["items"][0]["id"].as_str().expect("a plan").to_owned();
    let units = registrar
        .get(&format!("/api/v1/file-plans/{plan}/units?limit=100"))
        .await;
    let units = units.is(200).json();
    let units = units["items"].as_array().expect("units");
    let unit = units
        .iter()
        .find(|one| one["code"] == code)
        .expect("a unit");
    let path = format!("/api/v1/plan-units/{}", unit["id"].as_str().expect("an id"));
    let etag = registrar.get(&path).await.is(200).etag();
    registrar
        .patch(&path, &etag, &json!({"protection": class}))
        .await
        .is(200);
}

#[tokio::test]
async fn what_of_a_class_is_recorded_is_what_the_configuration_says() {
    let classes = "still:none:go_on, inhalt:content:go_on, *:all:go_on";
    let start = Start::new().with("PAPIERLOS_ACCESS_LOG_CLASSES", classes);
    let Some(it) = Personnel::of(start).await else {
        return;
    };
    let (town, clerk, auditor) = (&it.town, it.town.clerk(), it.town.auditor());
    let mut seen = Vec::new();
    for (class, wanted) in [
        ("still", [false, false]),
        ("inhalt", [false, true]),
        ("anders", [true, true]),
    ] {
        protect(town, "02", class).await;
        let new = json!({"plan_unit": "02", "subject": format!("Akte {class}")});
        let file = clerk.post("/api/v1/files", &new).await.is(201);
        let (_, document) = super::papers(town, &file, class).await;
        seen.push((class, document, wanted));
    }
    let (own, theirs) = (
        clerk.get("/api/v1/me").await.is(200).json()["id"].clone(),
        auditor.get("/api/v1/me").await.is(200).json()["id"].clone(),
    );
    for (class, document, wanted) in &seen {
        protect(town, "02", class).await;
        let before = looks(town).await.len();
        let at = format!("/api/v1/documents/{document}");
        for client in [&clerk, &auditor] {
            client.get(&at).await.is(200);
            client.get(&format!("{at}/content")).await.is(200);
        }
        tests::wait_until("the auditor's looks are recorded", async || {
            let all = looks(town).await;
            let mut new = all.iter().skip(before);
            new.any(|one| one["actor"] == theirs && one["action"] == "content.read")
        })
        .await;
        let all = looks(town).await;
        let recorded = |actor: &Value, action: &str| {
            all.iter().skip(before).any(|one| {
                one["actor"] == *actor
                    && one["action"] == action
                    && is_about(one, "document", document)
            })
        };
        let of_clerk = [
            recorded(&own, "document.read"),
            recorded(&own, "content.read"),
        ];
        assert_eq!(of_clerk, *wanted, "{class}");
        // Of an auditor everything is recorded, whatever the class.
        assert!(
            recorded(&theirs, "document.read") && recorded(&theirs, "content.read"),
            "{class}"
        );
    }
}

#[tokio::test]
async fn when_a_look_cannot_be_recorded_a_class_is_refused_or_goes_on() {
    let classes = "streng:all:refuse, *:all:go_on";
    let start = Start::new().with("PAPIERLOS_ACCESS_LOG_CLASSES", classes);
    let Some(it) = Personnel::of(start).await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    let outside = add(&town.app, "f.nebenan", "clerk", Some(OWN)).await;
    let outside = town.app.with_token(&outside);
    let letter = id_of(&town.letter("Antrag", "Antrag").await);
    protect(town, "02", "streng").await;
    let new = json!({"plan_unit": "02", "subject": "Strenge Akte"});
    let strict = clerk.post("/api/v1/files", &new).await.is(201);
    let (_, strict) = super::papers(town, &strict, "streng").await;
    let at = |id: &str| format!("/api/v1/documents/{id}");
    outside.get(&at(&strict)).await.is(200);
    // Whoever has the database's password makes the second log unwritable.
    damage(&town.app, "ALTER TABLE access_subject RENAME TO gone").await;
    outside.get(&at(&letter)).await.is(200);
    for path in [
        at(&strict),
        format!("{}/content", at(&strict)),
        format!("{}/text", at(&strict)),
    ] {
        let refused = outside
            .get(&path)
            .await
            .is_problem(503, "access-log-unavailable");
        assert!(refused.header("retry-after").is_some(), "{path}");
    }
    // What stands in a guarded compartment is never shown unrecorded, whatever its class.
    clerk
        .get(&at(&it.document))
        .await
        .is_problem(503, "access-log-unavailable");
    let list = clerk.get("/api/v1/documents").await;
    list.is_problem(503, "access-log-unavailable");
    outside.get(&at(&letter)).await.is(200);
    tests::wait_until("the figure says so", async || {
        let metrics = town.app.anonymous().get("/metrics").await.is(200).text();
        metrics.lines().any(|line| {
            let value = line.strip_prefix("papierlos_access_log_waiting ");
            value
                .and_then(|value| value.parse::<u64>().ok())
                .is_some_and(|value| value > 0)
        })
    })
    .await;
    assert!(
        town.app
            .log()
            .contains("the access log could not be continued")
    );
    damage(&town.app, "ALTER TABLE gone RENAME TO access_subject").await;
    tests::wait_until("it is written again", async || {
        outside.get(&at(&strict)).await.status == 200
    })
    .await;
    clerk.get(&at(&it.document)).await.is(200);
    // What went on unrecorded is recorded now, what was refused as refused.
    let all = looks(town).await;
    let of = |id: &str| {
        all.iter()
            .filter(|one| is_about(one, "document", id))
            .collect::<Vec<_>>()
    };
    assert!(of(&letter).len() >= 2, "{all:?}");
    assert!(
        of(&strict).iter().any(|one| one["outcome"] == "refused"),
        "{all:?}"
    );
}

#[tokio::test]
async fn refusals_are_recorded_until_there_are_too_many_of_one_account() {
    let start = Start::new();
    let Some(town) = Town::of(start).await else {
        return;
    };
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let other = town.other();
    let me = other.get("/api/v1/me").await.is(200).json()["id"].clone();
    // More than two minutes' worth, so that one minute has too many wherever it begins.
    for _ in 0..300 {
        other.get(&format!("/api/v1/documents/{id}")).await.is(404);
    }
    tests::wait_until("the rest is counted", async || {
        let metrics = town.app.anonymous().get("/metrics").await.is(200).text();
        metrics.lines().any(|line| {
            let value = line.strip_prefix("papierlos_refusals_unrecorded ");
            value
                .and_then(|value| value.parse::<u64>().ok())
                .is_some_and(|value| value > 0)
        })
    })
    .await;
    let all = looks(&town).await;
    let refused = all
        .iter()
        .filter(|one| one["actor"] == me && one["action"] == "request.refused");
    let refused = refused.count();
    assert!((120..=240).contains(&refused), "{refused}");
}

#[tokio::test]
async fn lists_and_searches_are_recorded_as_the_rule_for_everything_else_says() {
    for (classes, wanted) in [
        ("*:none:go_on", [false, false]),
        ("*:content:go_on", [false, true]),
        ("*:all:go_on", [true, true]),
    ] {
        let start = Start::new().with("PAPIERLOS_ACCESS_LOG_CLASSES", classes);
        let Some(town) = Town::of(start).await else {
            return;
        };
        let (clerk, auditor) = (town.clerk(), town.auditor());
        let id =
            async |client: &Client| client.get("/api/v1/me").await.is(200).json()["id"].clone();
        let (own, theirs) = (id(&clerk).await, id(&auditor).await);
        for client in [&clerk, &auditor] {
            client.get("/api/v1/documents").await.is(200);
            client.get("/api/v1/search?q=Antrag").await.is(200);
        }
        let recorded = |all: &[Value], actor: &Value| {
            ["documents.list", "documents.search"].map(|action| {
                all.iter()
                    .any(|one| one["actor"] == *actor && one["action"] == action)
            })
        };
        // Looks are recorded in their order.
        tests::wait_until("the auditor's looks are recorded", async || {
            recorded(&looks(&town).await, &theirs) == [true, true]
        })
        .await;
        assert_eq!(recorded(&looks(&town).await, &own), wanted, "{classes}");
    }
}

#[tokio::test]
async fn the_change_feed_names_to_an_auditor_what_it_told_of() {
    let Some(town) = Town::start().await else {
        return;
    };
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let told = town.auditor().get("/api/v1/changes?limit=1000").await;
    assert!(told.is(200).text().contains(&id));
    tests::wait_until("it is recorded what was told of", async || {
        let all = looks(&town).await;
        all.iter()
            .any(|one| one["action"] == "changes.read" && is_about(one, "document", &id))
    })
    .await;
}

#[tokio::test]
async fn when_more_waits_than_one_append_takes_readers_are_refused_and_the_server_ends() {
    /// More than are gathered for one append.
    const MANY: usize = 600;
    let Some(mut it) = Personnel::start().await else {
        return;
    };
    let clerk = it.town.clerk();
    let outside = add(&it.town.app, "f.nebenan", "clerk", Some(OWN)).await;
    let outside = it.town.app.with_token(&outside);
    let letter = id_of(&it.town.letter("Antrag", "Antrag").await);
    let hidden = format!("/api/v1/documents/{}", it.document);
    let (away, back) = (
        "ALTER TABLE access_subject RENAME TO gone",
        "ALTER TABLE gone RENAME TO access_subject",
    );
    let read_much = async || {
        for _ in 0..MANY {
            let at = format!("/api/v1/documents/{letter}");
            outside.get(&at).await.is(200);
        }
    };
    damage(&it.town.app, away).await;
    read_much().await;
    let refused = async || {
        let refused = clerk.get(&hidden).await;
        refused.is_problem(503, "access-log-unavailable");
    };
    refused().await;
    tests::wait_until("all of them are counted", async || {
        figure(&it.town, "papierlos_access_log_waiting ").await > MANY
    })
    .await;
    damage(&it.town.app, back).await;
    tests::wait_until("it is written again", async || {
        clerk.get(&hidden).await.status == 200
    })
    .await;
    // None is missing, none is there twice, and what was refused is not told as served.
    let all = looks(&it.town).await;
    let of = |id: &str, outcome: &str| {
        let is = |one: &&Value| one["outcome"] == outcome && is_about(one, "document", id);
        all.iter().filter(is).count()
    };
    assert_eq!(of(&letter, "ok"), MANY);
    assert!(of(&it.document, "refused") >= 1);
    damage(&it.town.app, away).await;
    read_much().await;
    refused().await;
    // It does not wait for what cannot be written.
    it.town.app.stop();
}
