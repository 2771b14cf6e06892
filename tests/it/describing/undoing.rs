//! Undoing the last move of a document.

use serde_json::{Value, json};
use tests::town::{OTHER, OWN, id_of};
use tests::{Answer, Client, fixtures};

use super::deeds;
use crate::records::{Registry, act, by_reference, fault, text};

fn at(document: &Answer) -> String {
    format!("/api/v1/documents/{}", id_of(document))
}

/// Undoes the move that `moved` was the answer to.
async fn undo(client: &Client, moved: &Answer) -> Answer {
    let body = json!({"seq": moved.receipt().0, "reason": "Irrtum"});
    act(client, &format!("{}/undo", at(moved)), &moved.etag(), &body).await
}

#[tokio::test]
async fn a_document_that_was_handed_on_goes_back_to_where_it_came_from() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, other) = (registry.town.clerk(), registry.town.other());
    let letter = registry.town.letter("Antrag", "Antrag").await;
    let path = format!("{}/route", at(&letter));
    let mine = json!({"department": OWN, "inbox": "m.brandt"});
    let mine = act(&clerk, &path, &letter.etag(), &mine).await.is(200);
    let to = json!({"department": OTHER});
    let moved = act(&clerk, &path, &mine.etag(), &to).await.is(200);
    // Whoever handed it on sees it no longer, and undoes nothing.
    undo(&clerk, &moved).await.is_problem(404, "not-found");
    let auditor = registry.town.auditor();
    undo(&auditor, &moved).await.is_problem(403, "forbidden");
    let back = undo(&other, &moved).await.is(200);
    assert_eq!(text(&back, "department"), OWN);
    other.get(&at(&letter)).await.is_problem(404, "not-found");
    let seen = clerk.get(&at(&letter)).await.is(200).json();
    assert_eq!(seen["inbox"], mine.json()["inbox"]);
    let told = clerk.get(&format!("{}/history", at(&letter))).await.is(200);
    assert_eq!(
        deeds(&told),
        [
            "document.receive",
            "document.route",
            "document.route",
            "document.undo"
        ]
    );
    let told = told.json()["items"].clone();
    let undone = |one: &&Value| one["action"] == "document.undo";
    let told = told.as_array().and_then(|all| all.iter().find(undone));
    let expected = json!({"reason": "Irrtum", "undoes": moved.receipt().0});
    assert_eq!(told.expect("a record")["details"], expected);
    let output = registry.town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_refiled_document_goes_back_under_a_new_reference() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let manager = &registry.manager;
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let other = registry.case(&file, "Anderer").await;
    let registered = registry.registered(&case, "Antrag").await;
    let to = json!({"case": id_of(&other), "reason": "Falsch zugeordnet"});
    let path = format!("{}/refile", at(&registered));
    let moved = act(manager, &path, &registered.etag(), &to).await.is(200);
    let by_clerk = undo(&registry.town.clerk(), &moved).await;
    by_clerk.is_problem(403, "forbidden");
    let back = undo(manager, &moved).await.is(200);
    assert_eq!(back.json()["case"]["id"], id_of(&case));
    for one in [&registered, &moved, &back] {
        let reference = text(one, "reference");
        let named = manager.get(&by_reference(&reference)).await.is(200);
        assert_eq!(id_of(&named), id_of(&registered), "{reference}");
    }
    assert_ne!(text(&back, "reference"), text(&registered, "reference"));
    // An undoing is not undone, and into a closed case nothing goes back.
    undo(manager, &back).await.is_problem(409, "conflict");
    let path = format!("{}/refile", at(&registered));
    let moved = act(manager, &path, &back.etag(), &to).await.is(200);
    let close = format!("/api/v1/cases/{}/close", id_of(&case));
    let clerk = registry.town.clerk();
    crate::records::act_on(&clerk, &close, &case.etag())
        .await
        .is(200);
    let refused = undo(manager, &moved)
        .await
        .is_problem(409, "state-conflict");
    assert_eq!(text(&refused, "current_state"), "closed");
}

#[tokio::test]
async fn a_draft_is_taken_out_of_the_case_within_which_it_was_filed() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let new = json!({"title": "Bescheid", "case": id_of(&case)});
    let content = fixtures::unique_pdf("Bescheid");
    let draft = clerk.file("b.pdf", &content, &new).await.is(201);
    let out = undo(&clerk, &draft).await.is(200);
    assert!(out.json()["case"].is_null());
    assert_eq!(text(&out, "state"), "draft");
    assert_eq!(text(&out, "department"), OWN);
    // The case can be closed: no draft stands in it any more.
    let close = format!("/api/v1/cases/{}/close", id_of(&case));
    crate::records::act_on(&clerk, &close, &case.etag())
        .await
        .is(200);
}

#[tokio::test]
async fn what_came_after_a_move_stands_against_undoing_it() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let letter = registry.town.letter("Antrag", "Antrag").await;
    let path = format!("{}/route", at(&letter));
    let to = json!({"department": OWN, "inbox": "m.brandt"});
    let moved = act(&clerk, &path, &letter.etag(), &to).await.is(200);
    let change = json!({"title": "Antrag und Anlage"});
    let changed = clerk.patch(&at(&letter), &moved.etag(), &change).await;
    let changed = changed.is(200);
    undo(&clerk, &moved)
        .await
        .is_problem(412, "precondition-failed");
    let path = format!("{}/undo", at(&letter));
    for seq in [
        moved.receipt().0,
        changed.receipt().0,
        9_007_199_254_740_991,
    ] {
        let body = json!({"seq": seq});
        let refused = act(&clerk, &path, &changed.etag(), &body).await;
        refused.is_problem(409, "conflict");
    }
    let body = json!({"seq": moved.receipt().0, "reason": " "});
    let refused = act(&clerk, &path, &changed.etag(), &body).await;
    let refused = refused.is_problem(422, "validation");
    assert_eq!(fault(&refused).0, "/reason");
    // Nor is that it was registered.
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let done = crate::records::register(&clerk, &changed, &case)
        .await
        .is(200);
    undo(&clerk, &done).await.is_problem(409, "conflict");
}
