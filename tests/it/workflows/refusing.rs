//! What is refused, each with its sentence.

use reqwest::Method;
use serde_json::json;
use tests::town::{OTHER, OWN, add, id_of, send};

use super::{Office, WORKFLOWS, post, seen, step};
use crate::records::fault;

#[tokio::test]
async fn whoever_may_not_know_of_a_workflow_gets_404() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, _) = office.begun().await;
    let at = format!("{WORKFLOWS}/{}", id_of(&flow));
    for rest in ["", "/history", "/timers"] {
        let path = format!("{at}{rest}");
        town.other().get(&path).await.is_problem(404, "not-found");
    }
    let stranger = town.other();
    for what in ["claim", "release", "resume"] {
        let path = step(&flow, 1, what);
        post(&stranger, &path, None)
            .await
            .is_problem(404, "not-found");
    }
    let reason = json!({"reason": "Neugier"});
    post(&stranger, &format!("{at}/cancel"), Some(&reason))
        .await
        .is(404);
    let nothing = format!("{WORKFLOWS}/{}", uuid::Uuid::now_v7());
    town.clerk()
        .get(&nothing)
        .await
        .is_problem(404, "not-found");
    post(&town.clerk(), &step(&flow, 9, "claim"), None)
        .await
        .is(404);
}

#[tokio::test]
async fn what_does_not_fit_at_the_beginning_names_its_field() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let case = office.case("brief").await;
    let document = town.letter("Entwurf", "Text").await;
    let (case, document) = (id_of(&case), id_of(&document));
    let whole = json!({"definition": "brief", "case": case, "document": document});
    let with = |key: &str, value: serde_json::Value| {
        let mut body = whole.clone();
        body[key] = value;
        body
    };
    let other = id_of(&office.case("rechnung").await);
    let nobody = uuid::Uuid::now_v7();
    for (body, pointer, code) in [
        (
            with("definition", json!("gibt-es-nicht")),
            "/definition",
            "not-found",
        ),
        (with("case", json!(nobody)), "/case", "not-found"),
        (with("case", json!(other)), "/case", "case-type"),
        (with("document", json!(nobody)), "/document", "not-found"),
        (
            with("fields", json!({"nothing": "x"})),
            "/fields/nothing",
            "unknown",
        ),
        (
            with("fields", json!({"remark": "x".repeat(21)})),
            "/fields/remark",
            "too-long",
        ),
        (
            with("fields", json!({"remark": 3})),
            "/fields/remark",
            "wrong-format",
        ),
        (
            json!({"definition": "brief", "case": case}),
            "/fields/letter",
            "required",
        ),
    ] {
        let refused = town
            .clerk()
            .post(WORKFLOWS, &body)
            .await
            .is_problem(422, "validation");
        assert_eq!(
            fault(&refused),
            (pointer.to_owned(), code.to_owned()),
            "{body}"
        );
    }
    let flow = town.clerk().post(WORKFLOWS, &whole).await.is(201);
    let again = town
        .clerk()
        .post(WORKFLOWS, &whole)
        .await
        .is_problem(409, "already-exists");
    assert_eq!(again.json()["existing"], id_of(&flow));
}

#[tokio::test]
async fn steps_are_taken_by_whom_they_are_asked_of() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, document, _) = office.begun().await;
    // Not yet the turn of the second.
    let early = post(office.head(), &step(&flow, 1, "complete"), Some(&json!({}))).await;
    early.is_problem(403, "forbidden");
    let no_outcome = json!({"outcome": "vielleicht"});
    let refused = post(
        &town.clerk(),
        &step(&flow, 1, "complete"),
        Some(&no_outcome),
    )
    .await;
    assert_eq!(fault(&refused.is(422)).0, "/outcome");
    let no_reason = json!({"outcome": "dropped"});
    let refused = post(&town.clerk(), &step(&flow, 1, "complete"), Some(&no_reason)).await;
    assert_eq!(
        fault(&refused.is(422)),
        ("/note".to_owned(), "required".to_owned())
    );
    // It can end in two ways: which, must be said.
    let unsaid = post(&town.clerk(), &step(&flow, 1, "complete"), Some(&json!({}))).await;
    let unsaid = unsaid.is(422);
    assert_eq!(
        fault(&unsaid),
        ("/outcome".to_owned(), "required".to_owned())
    );
    assert!(unsaid.text().contains("done, dropped"), "{}", unsaid.text());
    let not_asked = json!({"outcome": "done", "fields": {"letter": id_of(&document)}});
    let refused = post(&town.clerk(), &step(&flow, 1, "complete"), Some(&not_asked)).await;
    assert_eq!(fault(&refused.is(422)).0, "/fields/letter");
    let done = json!({"outcome": "done"});
    post(&town.clerk(), &step(&flow, 1, "complete"), Some(&done))
        .await
        .is(200);
    // What is done is done.
    let again = post(&town.clerk(), &step(&flow, 1, "complete"), Some(&json!({}))).await;
    let again = again.is_problem(409, "state-conflict").json();
    assert_eq!(again["current_state"], "done");
    assert!(
        again["detail"]
            .as_str()
            .is_some_and(|it| it.contains("m.brandt")),
        "{again}"
    );
    // The clerk is no head.
    let body = json!({"seen": seen(&town.clerk(), &document).await});
    let refused = post(&town.clerk(), &step(&flow, 2, "complete"), Some(&body)).await;
    refused.is_problem(403, "forbidden");
    // Another version than is in force.
    let other = json!({"seen": "ab".repeat(64)});
    let refused = post(office.head(), &step(&flow, 2, "complete"), Some(&other)).await;
    let refused = refused.is_problem(409, "state-conflict").json();
    assert_eq!(refused["current_state"], "other_version");
    let nowhere = json!({"to": "nirgends", "reason": "So nicht"});
    let refused = post(office.head(), &step(&flow, 2, "return"), Some(&nowhere)).await;
    let refused = refused.is(422);
    assert_eq!(fault(&refused), ("/to".to_owned(), "not-one-of".to_owned()));
    assert!(refused.text().contains("work"), "{}", refused.text());
    let back = json!({"to": "work", "reason": "Anrede fehlt"});
    let back = post(office.head(), &step(&flow, 2, "return"), Some(&back))
        .await
        .is(200);
    assert_eq!(back.json()["state"]["id"], "work");
}

#[tokio::test]
async fn a_stale_change_is_refused_where_the_version_was_said() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, _) = office.begun().await;
    let path = step(&flow, 1, "claim");
    let tag = flow.etag();
    let headers = [("if-match", tag.as_str())];
    let clerk = town.clerk();
    send(&clerk, Method::POST, &path, &headers, None)
        .await
        .is(200);
    let path = step(&flow, 1, "release");
    let stale = send(&clerk, Method::POST, &path, &headers, None).await;
    stale.is_problem(412, "precondition-failed");
    // One of several, or any.
    let at = format!("{WORKFLOWS}/{}", id_of(&flow));
    let either = format!("{tag}, {}", clerk.get(&at).await.is(200).etag());
    for (which, named) in [("release", either.as_str()), ("claim", "*")] {
        let headers = [("if-match", named)];
        let path = step(&flow, 1, which);
        send(&clerk, Method::POST, &path, &headers, None)
            .await
            .is(200);
    }
}

#[tokio::test]
async fn whoever_is_asked_from_elsewhere_sees_the_workflow_and_reads_its_case() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, case) = office.begun().await;
    let at = format!("{WORKFLOWS}/{}", id_of(&flow));
    let nobody = json!({"kind": "statement", "to": ["nie.gesehen"]});
    let refused = post(&town.clerk(), &step(&flow, 1, "insert"), Some(&nobody)).await;
    assert_eq!(fault(&refused.is(422)).0, "/to/0");
    let asked = json!({"kind": "statement", "to": ["k.sommer"], "text": "Was kostet das?"});
    let asked = post(&town.clerk(), &step(&flow, 1, "insert"), Some(&asked))
        .await
        .is(200);
    let slip = asked.json()["slip"].clone();
    let inserted = slip
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["key"] == "adhoc");
    let number = inserted
        .and_then(|one| one["number"].as_u64())
        .expect("a step");
    let number = u32::try_from(number).expect("a small number");
    town.other().get(&at).await.is(200);
    let case_at = format!("/api/v1/cases/{}", id_of(&case));
    town.other().get(&case_at).await.is(404);
    post(&town.other(), &step(&flow, number, "claim"), None)
        .await
        .is(200);
    town.other().get(&case_at).await.is(200);
    let stranger = add(&town.app, "n.neugier", "clerk", Some(OTHER)).await;
    let stranger = town.app.with_token(&stranger);
    stranger.get(&at).await.is(404);
    post(
        &town.other(),
        &step(&flow, number, "complete"),
        Some(&json!({"note": "Nichts"})),
    )
    .await
    .is(200);
    // With the end of the workflow the case closes to him again.
    let dropped = json!({"outcome": "dropped", "note": "Erledigt"});
    post(&town.clerk(), &step(&flow, 1, "complete"), Some(&dropped))
        .await
        .is(200);
    town.other().get(&case_at).await.is(404);
    town.other().get(&at).await.is(404);
    let same = add(&town.app, "c.kollegin", "clerk", Some(OWN)).await;
    town.app.with_token(&same).get(&at).await.is(200);
}
