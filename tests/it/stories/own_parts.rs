//! W9: whose matter a letter is, his matter is what lies in it.

use serde_json::{Value, json};
use tests::town::id_of;
use tests::{fixtures, wait_until};

use super::INSIDE;
use super::personnel::{FIRST, SECOND, hall, sorted};
use crate::components::{components, mail};
use crate::withheld::{WITHHELD, decide, propose};

#[tokio::test]
async fn what_lies_in_a_letter_about_somebody_is_his_own_matter_too() {
    let Some(hall) = hall().await else {
        return;
    };
    // The head of the department is the employee; she has the right `purge`.
    let (first, head) = (hall.by(FIRST), hall.by("l.heide"));
    let pdf = fixtures::unique_pdf("Protokoll der Anhörung");
    let letter = mail("Abmahnung", "anbei das Protokoll", &pdf);
    let case = hall.case(FIRST, INSIDE, "personnel_file").await;
    let said = json!({"title": "Abmahnung", "case": case});
    let document = id_of(&first.file("brief.eml", &letter, &said).await.is(201));
    wait_until("it is taken apart", async || {
        components(first, &document).await.len() == 2
    })
    .await;
    let of = (case.as_str(), Some(document.as_str()));
    let fields = json!({"employee": "l.heide"});
    let mut story = hall.begin(FIRST, "personnel-entry", of, fields).await;
    story
        .does(FIRST, "classify", "classified", sorted(true))
        .await;
    story.does(FIRST, "hear", "waived", json!({})).await;
    let why = ("unfounded", "Der Vorwurf traf nicht zu");
    story.says(SECOND, "decide", why).await;
    let lines = async |login: &str| -> Vec<Value> {
        let all = hall.by(login).get(WITHHELD).await.is(200).json();
        all["items"].as_array().cloned().unwrap_or_default()
    };
    // Who proposed takes it back, so that something else could be proposed.
    let seen = lines(SECOND).await;
    let whole = seen.iter().find(|one| one["document"] == document.as_str());
    let proposal = whole.and_then(|one| one["proposal"]["id"].as_str());
    let proposal = proposal.expect("a proposal");
    decide(hall.by(SECOND), proposal, "end").await.is(200);
    let parts = components(first, &document).await;
    let all = lines("l.heide").await;
    let is_part = |line: &&Value| parts.iter().any(|part| part["id"] == line["document"]);
    let parts: Vec<&Value> = all.iter().filter(is_part).collect();
    assert_eq!(parts.len(), 2);
    for line in parts {
        let version = line["version"].as_str().expect("a version");
        let refused = propose(head, version, "release").await;
        refused.is_problem(403, "forbidden");
    }
    // Whom it does not concern decides.
    let line = all.iter().find(is_part).expect("a part");
    let version = line["version"].as_str().expect("a version");
    let other = propose(hall.by("l.zwei"), version, "release").await;
    other.is(201);
}
