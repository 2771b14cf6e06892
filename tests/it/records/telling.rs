//! What is told of files and cases afterwards: their history, and the change feed.

use serde_json::{Value, json};
use tests::Client;
use tests::town::id_of;

use super::{Registry, act, act_on};

async fn actions(client: &Client, path: &str) -> Vec<String> {
    let told = client.get(path).await.is(200).json();
    let items = told["items"].as_array().cloned().unwrap_or_default();
    let action = |one: &Value| one["action"].as_str().unwrap_or_default().to_owned();
    items.iter().map(action).collect()
}

#[tokio::test]
async fn the_history_of_a_file_and_a_case_tells_what_happened_to_them() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, head) = (registry.town.clerk(), &registry.head);
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    registry.registered(&case, "Antrag").await;
    let (file_at, case_at) = (
        format!("/api/v1/files/{}", id_of(&file)),
        format!("/api/v1/cases/{}", id_of(&case)),
    );
    let change = json!({"subject": "Parken und Halten"});
    clerk.patch(&file_at, &file.etag(), &change).await.is(200);
    let new = json!({"file": id_of(&file), "reason": "Klage 4 K 17/26"});
    let hold = head.post("/api/v1/holds", &new).await.is(201);
    let lift = format!("/api/v1/holds/{}/lift", id_of(&hold));
    let why = json!({"reason": "Klage zurückgenommen"});
    act(head, &lift, &hold.etag(), &why).await.is(200);
    let closed = act_on(&clerk, &format!("{case_at}/close"), &case.etag())
        .await
        .is(200);
    let reason = json!({"reason": "Widerspruch"});
    act(head, &format!("{case_at}/reopen"), &closed.etag(), &reason)
        .await
        .is(200);
    let path = format!("{file_at}/history");
    assert_eq!(
        actions(&clerk, &path).await,
        ["file.open", "file.change", "hold.place", "hold.lift"]
    );
    let told = clerk.get(&path).await.is(200).json();
    let changed = &told["items"][1]["changes"];
    let subject = |one: &&Value| one["field"] == "subject";
    let changed = changed.as_array().and_then(|all| all.iter().find(subject));
    let changed = changed.expect("the subject changed");
    assert_eq!(changed["from"], "Parken");
    assert_eq!(changed["to"], "Parken und Halten");
    assert_eq!(told["items"][1]["version"], 2);
    let held = told["items"][2].to_string();
    assert!(
        held.contains("hold.reason") && held.contains("Klage 4 K 17/26"),
        "{held}"
    );
    assert_eq!(
        told["items"][3]["details"]["reason"],
        "Klage zurückgenommen"
    );
    assert_eq!(
        actions(&clerk, &format!("{case_at}/history")).await,
        ["case.open", "case.close", "case.reopen"]
    );
    for client in [registry.town.other(), registry.town.admin()] {
        for at in [&file_at, &case_at] {
            client
                .get(&format!("{at}/history"))
                .await
                .is_problem(404, "not-found");
        }
    }
    // What was recorded of holds is what the rows say.
    let output = registry.town.app.command(&["verify"]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[tokio::test]
async fn the_change_feed_tells_of_files_and_cases_that_one_may_see() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let document = registry.registered(&case, "Antrag").await;
    let of = async |client: &Client| {
        let told = client.get("/api/v1/changes?limit=1000").await.is(200);
        let items = told.json()["items"].as_array().cloned();
        items.unwrap_or_default()
    };
    let told = of(&registry.town.clerk()).await;
    for (field, answer, action) in [
        ("file", &file, "file.open"),
        ("case", &case, "case.open"),
        ("document", &document, "document.register"),
    ] {
        let about = |one: &&Value| one[field] == answer.json()["id"] && one["action"] == action;
        let found = told.iter().find(about).expect(action);
        let named = ["file", "case", "document"].map(|one| found.get(one).is_some());
        assert_eq!(named.iter().filter(|one| **one).count(), 1, "{found}");
    }
    assert_eq!(of(&registry.town.other()).await, Vec::<Value>::new());
    assert_eq!(of(&registry.town.admin()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_narrows_a_list_has_a_length_and_blanks_narrow_nothing() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    registry.case(&file, "Beispiel").await;
    let plans = clerk.get("/api/v1/file-plans").await.is(200).json();
    let plan = plans["items"][0]["id"].as_str().expect("a plan").to_owned();
    for list in [
        "/api/v1/files".to_owned(),
        "/api/v1/cases".to_owned(),
        format!("/api/v1/file-plans/{plan}/units"),
    ] {
        let long = "x".repeat(201);
        let refused = clerk.get(&format!("{list}?q={long}")).await.is(400);
        let error = &refused.json()["errors"][0];
        assert_eq!(error["code"], "too-long", "{list}: {error}");
        let all = clerk.get(&list).await.is(200).json();
        let blank = clerk.get(&format!("{list}?q=%20")).await.is(200).json();
        assert_eq!(all["items"], blank["items"], "{list}");
        assert_ne!(all["items"].as_array().map(Vec::len), Some(0), "{list}");
    }
}
