//! Relations between documents.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, id_of, send};
use tests::{Answer, Client};

use super::{changes, each, relate};
use crate::records::{Registry, act, act_on, fault, text};

fn at(relation: &Answer) -> String {
    format!("/api/v1/relations/{}", id_of(relation))
}

/// The relations of a document that a client sees.
async fn of(client: &Client, document: &Answer) -> Vec<Value> {
    let path = format!("/api/v1/relations?document={}", id_of(document));
    let list = client.get(&path).await.is(200).json();
    list["items"].as_array().cloned().unwrap_or_default()
}

/// Hands a document on to the other department.
async fn hand_on(client: &Client, document: &Answer) {
    let path = format!("/api/v1/documents/{}/route", id_of(document));
    let to = json!({"department": OTHER});
    act(client, &path, &document.etag(), &to).await.is(200);
}

#[tokio::test]
async fn a_relation_is_seen_from_both_documents_under_the_name_of_each() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let names = [
        ("answers", "answered_by", "beantwortet durch"),
        ("supersedes", "superseded_by", "ersetzt durch"),
        ("belongs_to", "includes", "dazu gehört"),
        ("duplicate_of", "duplicated_by", "hat als Dublette"),
        ("attachment_of", "has_attachment", "hat als Anlage"),
    ];
    let answer = registry.town.letter("Bescheid", "Bescheid").await;
    let asked = registry.town.letter("Antrag", "Antrag").await;
    for (kind, inverse, label) in names {
        let made = relate(&clerk, kind, &answer, &asked).await.is(201).json();
        assert_eq!(made["from_source"]["name"], kind);
        assert_eq!(made["from_target"]["name"], inverse);
        assert_eq!(made["from_target"]["label"], label);
        assert_eq!(made["source"]["title"], "Bescheid");
        assert_eq!(made["target"]["title"], "Antrag");
    }
    let (from_answer, from_asked) = (of(&clerk, &answer).await, of(&clerk, &asked).await);
    assert_eq!(from_answer.len(), names.len());
    assert_eq!(from_answer, from_asked);
    let path = format!("/api/v1/relations?document={}", id_of(&asked));
    let english = [("accept-language", "en")];
    let english = send(&clerk, Method::GET, &path, &english, None).await;
    let english = english.is(200).json();
    assert_eq!(english["items"][0]["from_target"]["label"], "answered by");
    let page = clerk.get(&format!("{path}&limit=2")).await.is(200);
    assert!(page.json()["next_cursor"].is_string());
    let walked = tests::town::walk(&clerk, &format!("{path}&limit=2")).await;
    assert_eq!(walked, from_asked);
}

#[tokio::test]
async fn of_a_kind_there_is_one_relation_between_two_documents() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let answer = registry.town.letter("Bescheid", "Bescheid").await;
    let asked = registry.town.letter("Antrag", "Antrag").await;
    let itself = relate(&clerk, "answers", &asked, &asked).await;
    let itself = itself.is_problem(422, "validation");
    assert_eq!(fault(&itself), ("/target".to_owned(), "itself".to_owned()));
    let made = relate(&clerk, "answers", &answer, &asked).await.is(201);
    for (source, target) in [(&answer, &asked), (&asked, &answer)] {
        let again = relate(&clerk, "answers", source, target).await;
        let again = again.is_problem(409, "already-exists");
        assert_eq!(text(&again, "existing"), id_of(&made));
    }
    relate(&clerk, "belongs_to", &asked, &answer).await.is(201);
    let path = format!("{}/withdraw", at(&made));
    let why = json!({"reason": "Falsch zugeordnet"});
    let gone = act(&clerk, &path, &made.etag(), &why).await.is(200);
    assert_eq!(text(&gone, "reason"), "Falsch zugeordnet");
    let again = act(&clerk, &path, &gone.etag(), &why).await;
    again.is_problem(409, "state-conflict");
    // What was withdrawn may be said anew, the other way round too.
    relate(&clerk, "answers", &asked, &answer).await.is(201);
    assert_eq!(of(&clerk, &asked).await.len(), 2);
    let all = format!(
        "/api/v1/relations?document={}&withdrawn=true",
        id_of(&asked)
    );
    assert_eq!(each(&clerk.get(&all).await.is(200), "id").len(), 3);
    let told = clerk.get(&format!("{}/history", at(&made))).await.is(200);
    assert_eq!(
        each(&told, "action"),
        ["relation.create", "relation.withdraw"]
    );
    let both = [
        relate(&clerk, "supersedes", &asked, &answer),
        relate(&clerk, "supersedes", &answer, &asked),
    ];
    let both = futures_util::future::join_all(both).await;
    let mut seen: Vec<u16> = both.iter().map(|one| one.status.as_u16()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [201, 409]);
    let output = registry.town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn whoever_does_not_see_the_other_document_learns_nothing_of_a_relation() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, other) = (registry.town.clerk(), registry.town.other());
    let kept = registry.town.letter("Antrag", "Antrag").await;
    let given = registry.town.letter("Geheimrat", "Geheimrat").await;
    let beside = registry.town.letter("Beiblatt", "Beiblatt").await;
    let after = registry.town.head().await;
    let hidden = relate(&clerk, "answers", &given, &kept).await.is(201);
    let shown = relate(&clerk, "attachment_of", &beside, &kept)
        .await
        .is(201);
    let told = changes(&clerk, after).await;
    let relations: Vec<_> = told
        .iter()
        .map(|(_, one)| one["relation"].clone())
        // A text that is read meanwhile is told of, too.
        .filter(|relation| !relation.is_null())
        .collect();
    assert_eq!(relations, [json!(id_of(&hidden)), json!(id_of(&shown))]);
    hand_on(&clerk, &given).await;
    // From here on the clerk sees one side, and the other department the other.
    for (client, own) in [(&clerk, &kept), (&other, &given)] {
        let seen = of(client, own).await;
        assert!(
            seen.iter().all(|one| one["id"] != id_of(&hidden)),
            "{seen:?}"
        );
        client.get(&at(&hidden)).await.is_problem(404, "not-found");
        let path = format!("{}/history", at(&hidden));
        client.get(&path).await.is_problem(404, "not-found");
        let path = format!("{}/withdraw", at(&hidden));
        let why = json!({"reason": "Neugier"});
        act(client, &path, &hidden.etag(), &why)
            .await
            .is_problem(404, "not-found");
        let told = changes(client, after).await;
        assert!(
            told.iter()
                .all(|(_, one)| one["relation"] != id_of(&hidden)),
            "{told:?}"
        );
        let path = format!("/api/v1/documents/{}/history", id_of(own));
        let told = client.get(&path).await.is(200).text();
        assert!(!told.contains("relation"), "{told}");
    }
    let one = format!("/api/v1/relations?document={}&limit=1", id_of(&kept));
    let page = clerk.get(&one).await.is(200);
    assert_eq!(each(&page, "id"), [id_of(&shown)]);
    assert!(
        page.json()["next_cursor"].is_null(),
        "a count tells otherwise"
    );
    let listed = format!("/api/v1/relations?document={}", id_of(&given));
    clerk.get(&listed).await.is_problem(404, "not-found");
    // Neither is it told by what is refused.
    let unknown = json!({"kind": "supersedes", "source": id_of(&kept),
        "target": uuid::Uuid::now_v7()});
    let unknown = clerk.post("/api/v1/relations", &unknown).await;
    let refused = relate(&clerk, "supersedes", &kept, &given).await;
    let (mut unknown, mut refused) = (unknown.is(422).json(), refused.is(422).json());
    for one in [&mut unknown, &mut refused] {
        one["instance"] = json!(null);
    }
    assert_eq!(unknown, refused);
    relate(&clerk, "supersedes", &given, &kept)
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn what_answers_a_closed_letter_may_say_so_and_what_is_closed_may_not() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let asked = registry.registered(&case, "Antrag").await;
    let close = format!("/api/v1/cases/{}/close", id_of(&case));
    act_on(&clerk, &close, &case.etag()).await.is(200);
    let answer = registry.town.letter("Bescheid", "Bescheid").await;
    let made = relate(&clerk, "answers", &answer, &asked).await.is(201);
    assert!(made.json()["target"]["reference"].is_string());
    let refused = relate(&clerk, "belongs_to", &asked, &answer).await;
    let refused = refused.is_problem(409, "state-conflict");
    assert_eq!(text(&refused, "current_state"), "closed");
    let kind = json!({"kind": "likes", "source": id_of(&answer), "target": id_of(&asked)});
    let refused = clerk.post("/api/v1/relations", &kind).await;
    assert_eq!(fault(&refused.is(422)).0, "/kind");
    let by_auditor = relate(&registry.town.auditor(), "supersedes", &answer, &asked).await;
    by_auditor.is_problem(403, "forbidden");
    clerk
        .get("/api/v1/relations")
        .await
        .is_problem(400, "query-invalid");
}
