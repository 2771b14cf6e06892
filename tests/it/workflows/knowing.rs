//! What begins only once: the same submission is known again, whoever brings it and in whatever case.

use serde_json::{Value, json};
use tests::town::{id_of, token_of};
use tests::{Answer, Client, fixtures};

use super::{Office, WORKFLOWS, approve, case, letter, post};

const NUMBER: &str = r#"[[field]]
key = "number"
label = "Kennung der Einreichung"
kind = "text"

[[field]]
key = "remark"
"#;

/// An office in which letters are known again by their number.
async fn office() -> Option<Office> {
    let office = Office::open().await?;
    let source = letter("einreichung")
        .replacen(
            "start = \"work\"",
            "start = \"work\"\nunique = [\"number\"]",
            1,
        )
        .replacen("[[field]]\nkey = \"remark\"\n", NUMBER, 1);
    approve(office.town(), office.head(), &source).await;
    Some(office)
}

async fn filed(client: &Client, content: &[u8]) -> String {
    let said = json!({"title": "Einreichung"});
    id_of(&client.file("antrag.pdf", content, &said).await.is(201))
}

/// What begins with a document in a case of its own.
async fn submission(office: &Office, content: &[u8], number: &str) -> Value {
    let town = office.town();
    let document = filed(&town.clerk(), content).await;
    let case = id_of(&case(town, "brief").await);
    json!({"definition": "einreichung", "case": case, "document": document,
        "fields": {"number": number}})
}

async fn begin(client: &Client, new: &Value) -> Answer {
    post(client, WORKFLOWS, Some(new)).await
}

#[tokio::test]
async fn the_same_submission_twice_is_one_workflow() {
    let Some(office) = office().await else {
        return;
    };
    let (town, clerk) = (office.town(), office.town().clerk());
    let content = fixtures::unique_pdf("Antrag aus dem Portal");
    let first = submission(&office, &content, "S-4711").await;
    let begun = begin(&clerk, &first).await.is(201);
    let (id, head) = (id_of(&begun), town.head().await);

    // The same bytes as another document, in another case, its number written otherwise.
    let second = submission(&office, &content, " s-4711 ").await;
    let again = begin(&clerk, &second).await.is(200);
    assert_eq!(id_of(&again), id);
    let place = format!("{WORKFLOWS}/{id}");
    assert_eq!(again.header("location"), Some(place.as_str()));
    assert_eq!(again.header("etag"), begun.header("etag"));
    assert!(again.header("papierlos-log-seq").is_none());
    let there = format!(
        "{WORKFLOWS}?case={}",
        second["case"].as_str().unwrap_or_default()
    );
    let there = clerk.get(&there).await.is(200).json();
    assert_eq!(there["items"], json!([]));
    // And the very same request.
    assert_eq!(id_of(&begin(&clerk, &first).await.is(200)), id);

    // Something else under the same number, and something else said beside it.
    let other = submission(&office, &fixtures::unique_pdf("Etwas anderes"), "S-4711").await;
    let mut said = submission(&office, &content, "S-4711").await;
    said["fields"]["remark"] = json!("eilt");
    for new in [&other, &said] {
        let refused = begin(&clerk, new).await;
        let refused = refused.is_problem(409, "already-exists").json();
        assert_eq!(refused["existing"], id.as_str());
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("Kennung der Einreichung"), "{detail}");
    }
    // Another number, and none, are no repetition.
    let next = submission(&office, &content, "S-4712").await;
    let mut unsaid = submission(&office, &content, "").await;
    unsaid["fields"] = json!({});
    for new in [
        &next,
        &unsaid,
        &submission(&office, &content, "S-4713").await,
    ] {
        begin(&clerk, new).await.is(201);
    }
    let began = |record: &Value| record["action"] == "workflow.start";
    let records = town.records(head + 1).await;
    let began = records.iter().filter(|(_, _, record)| began(record));
    assert_eq!(began.count(), 3);
}

#[tokio::test]
async fn who_may_not_know_of_it_learns_no_more_than_that_there_is_one() {
    let Some(office) = office().await else {
        return;
    };
    let town = office.town();
    let content = fixtures::unique_pdf("Antrag aus dem Portal");
    let first = submission(&office, &content, "S-1").await;
    begin(&town.clerk(), &first).await.is(201);

    let stranger = town.other();
    let new = json!({"plan_unit": "02.1", "subject": "Woanders"});
    let file = stranger.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Woanders", "type": "brief"});
    let case = id_of(&stranger.post("/api/v1/cases", &new).await.is(201));
    let document = filed(&stranger, &content).await;
    let new = json!({"definition": "einreichung", "case": case, "document": document,
        "fields": {"number": "S-1"}});
    let refused = begin(&stranger, &new).await;
    let refused = refused.is_problem(409, "already-exists").json();
    assert_eq!(refused.get("existing"), None);
}

#[tokio::test]
async fn an_end_keeps_the_key_and_breaking_off_gives_it_back() {
    let Some(office) = office().await else {
        return;
    };
    let clerk = office.town().clerk();
    let content = fixtures::unique_pdf("Antrag aus dem Portal");
    let begun = begin(&clerk, &submission(&office, &content, "S-1").await).await;
    let begun = begun.is(201);
    let dropped = json!({"outcome": "dropped", "note": "Zurückgezogen"});
    let path = super::step(&begun, 1, "complete");
    post(&clerk, &path, Some(&dropped)).await.is(200);
    let again = begin(&clerk, &submission(&office, &content, "S-1").await).await;
    let again = again.is(200);
    assert_eq!(id_of(&again), id_of(&begun));
    assert_eq!(again.json()["ended"]["how"], "dropped");

    let begun = begin(&clerk, &submission(&office, &content, "S-2").await).await;
    let begun = begun.is(201);
    let path = format!("{WORKFLOWS}/{}/cancel", id_of(&begun));
    let reason = json!({"reason": "Falscher Vorgang"});
    post(&clerk, &path, Some(&reason)).await.is(200);
    let anew = begin(&clerk, &submission(&office, &content, "S-2").await).await;
    assert_ne!(id_of(&anew.is(201)), id_of(&begun));
}

#[tokio::test]
async fn who_asks_again_when_the_case_is_closed_is_shown_how_it_ended() {
    let Some(office) = office().await else {
        return;
    };
    let (clerk, head) = (office.town().clerk(), office.head());
    let content = fixtures::unique_pdf("Antrag aus dem Portal");
    let new = submission(&office, &content, "S-1").await;
    let begun = begin(&clerk, &new).await.is(201);
    let done = json!({"outcome": "done"});
    let path = super::step(&begun, 1, "complete");
    post(&clerk, &path, Some(&done)).await.is(200);
    let document = new["document"].as_str().unwrap_or_default();
    let shown = head.get(&format!("/api/v1/documents/{document}")).await;
    let seen = json!({"seen": shown.is(200).json()["content"]["sha512"]});
    let path = super::step(&begun, 2, "complete");
    post(head, &path, Some(&seen)).await.is(200);

    let again = begin(&clerk, &new).await.is(200).json();
    assert_eq!(again["id"], id_of(&begun));
    assert_eq!(again["ended"]["how"], "done");
    // Anything else does not begin in a closed case.
    let mut next = new.clone();
    next["fields"]["number"] = json!("S-2");
    begin(&clerk, &next).await.is_problem(409, "state-conflict");
}

#[tokio::test]
async fn of_many_at_the_same_instant_one_begins_and_all_are_shown_it() {
    let Some(office) = office().await else {
        return;
    };
    let town = office.town();
    let content = fixtures::unique_pdf("Antrag aus dem Portal");
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(submission(&office, &content, "S-1").await);
    }
    let other = town.app.with_token(&token_of(&town.app, "m.brandt").await);
    let clients = [town.clerk(), other];
    let began = all.iter().zip(clients.iter().cycle());
    let began = began.map(|(new, client)| begin(client, new));
    let began = futures_util::future::join_all(began).await;
    let mut statuses: Vec<u16> = began.iter().map(|one| one.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);
    let mut ids: Vec<String> = began.iter().map(id_of).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[tokio::test]
async fn the_same_document_said_in_a_field_for_another_case_is_known_again() {
    let Some(office) = office().await else {
        return;
    };
    let (town, clerk) = (office.town(), office.town().clerk());
    let cases = [case(town, "brief").await, case(town, "brief").await].map(|one| id_of(&one));
    let content = fixtures::unique_pdf("Antrag aus dem Portal");
    let said = json!({"title": "Einreichung", "case": cases[0]});
    let document = id_of(&clerk.file("antrag.pdf", &content, &said).await.is(201));
    let new = |case: &str, number: &str| {
        json!({"definition": "einreichung", "case": case,
            "fields": {"number": number, "letter": document}})
    };
    let begun = begin(&clerk, &new(&cases[0], "S-1")).await.is(201);
    let again = begin(&clerk, &new(&cases[1], "S-1")).await.is(200);
    assert_eq!(id_of(&again), id_of(&begun));
    // What is new names a document of its own case.
    let other = begin(&clerk, &new(&cases[1], "S-2")).await;
    let other = other.is_problem(422, "validation").json();
    assert_eq!(other["errors"][0]["pointer"], "/fields/letter");
}
