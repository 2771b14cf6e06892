//! What changes a document, what it must be based on, and what the log tells of it.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::town::{id_of, send};
use tests::{Answer, Town, fixtures};

use super::{faults, file, path};

#[tokio::test]
async fn a_change_must_name_the_state_that_it_is_based_on() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let filed = file(&town, "Antrag", b"Inhalt").await;
    let at = path(&id_of(&filed));
    let title = json!({"title": "Antrag auf Parkausweis"});
    send(&clerk, Method::PATCH, &at, &[], Some(&title))
        .await
        .is_problem(428, "precondition-required");
    let changed = clerk.patch(&at, &filed.etag(), &title).await.is(200);
    assert_eq!(changed.etag(), "\"v2\"");
    let stale = clerk
        .patch(&at, &filed.etag(), &title)
        .await
        .is_problem(412, "precondition-failed");
    assert_eq!(stale.json()["current_etag"], "\"v2\"");
    let nothing = clerk
        .patch(&at, "\"v2\"", &title)
        .await
        .is_problem(422, "validation");
    assert_eq!(faults(&nothing), [(String::new(), "unchanged".to_owned())]);
    // Of two who have seen the same, one wins.
    let (one, two) = (json!({"title": "Eins"}), json!({"title": "Zwei"}));
    let other = town.clerk();
    let (one, two) = tokio::join!(
        clerk.patch(&at, "\"v2\"", &one),
        other.patch(&at, "\"v2\"", &two)
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn what_is_missing_stays_and_what_is_null_is_emptied() {
    let Some(town) = Town::start().await else {
        return;
    };
    let metadata = json!({"title": "Antrag", "type": "Antrag", "channel": "post",
        "correspondent": "Erika Beispiel", "document_date": "2026-03-02", "tags": ["Eilt"]});
    let filed = town
        .clerk()
        .file("a.pdf", b"Inhalt", &metadata)
        .await
        .is(201);
    let at = path(&id_of(&filed));
    let change = json!({"correspondent": null, "document_date": null, "channel": null});
    let changed = town
        .clerk()
        .patch(&at, &filed.etag(), &change)
        .await
        .is(200);
    let document = changed.json();
    for emptied in ["correspondent", "document_date", "channel"] {
        assert_eq!(document[emptied], Value::Null, "{emptied}");
    }
    assert_eq!(
        (&document["type"], &document["tags"]),
        (&json!("Antrag"), &json!(["Eilt"]))
    );
    let refused = town
        .clerk()
        .patch(&at, &changed.etag(), &json!({"title": ""}))
        .await;
    let refused = refused.is_problem(422, "validation");
    assert_eq!(
        faults(&refused),
        [("/title".to_owned(), "too-short".to_owned())]
    );
    // A title cannot be emptied, so null is no title.
    let kept = town
        .clerk()
        .patch(&at, &changed.etag(), &json!({"title": null}))
        .await;
    kept.is(422);
}

async fn add_version(
    town: &Town,
    at: &str,
    etag: &str,
    content: &[u8],
    key: Option<&str>,
) -> Answer {
    let clerk = town.clerk();
    let part = Part::bytes(content.to_vec())
        .file_name("neu.pdf")
        .mime_str("application/pdf");
    let form = Form::new().part("content", part.expect("a type"));
    let mut request = clerk
        .request(Method::POST, &format!("{at}/versions"))
        .multipart(form);
    request = request.header("if-match", etag);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    clerk.send(request).await
}

#[tokio::test]
async fn a_new_version_is_in_force_and_the_old_one_stays_readable() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (old, new) = (
        fixtures::unique_pdf("Entwurf"),
        fixtures::unique_pdf("Reinschrift"),
    );
    let filed = file(&town, "Bescheid", &old).await;
    let at = path(&id_of(&filed));
    add_version(&town, &at, "\"v9\"", &new, None)
        .await
        .is_problem(412, "precondition-failed");
    let added = add_version(&town, &at, &filed.etag(), &new, Some("v2"))
        .await
        .is(201);
    assert_eq!(
        (added.etag(), &added.json()["content"]["number"]),
        ("\"v2\"".to_owned(), &json!(2))
    );
    let again = add_version(&town, &at, &filed.etag(), &new, Some("v2"))
        .await
        .is(201);
    assert_eq!(
        (again.json(), again.receipt()),
        (added.json(), added.receipt())
    );
    let clerk = town.clerk();
    assert_eq!(clerk.get(&format!("{at}/content")).await.is(200).body, new);
    assert_eq!(
        clerk
            .get(&format!("{at}/versions/1/content"))
            .await
            .is(200)
            .body,
        old
    );
    assert_eq!(
        clerk
            .get(&format!("{at}/versions/2/content"))
            .await
            .is(200)
            .body,
        new
    );
    clerk
        .get(&format!("{at}/versions/3/content"))
        .await
        .is_problem(404, "not-found");
    let all = clerk.get(&format!("{at}/versions")).await.is(200).json();
    let numbers: Vec<_> = all["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["number"])
        .collect();
    assert_eq!(numbers, [&json!(1), &json!(2)]);
    let read = town.read(&id_of(&filed)).await;
    assert_eq!(read["text"]["state"], "readable");
    let text = clerk.get(&format!("{at}/text")).await.is(200).json();
    assert_eq!(text["version"], 2);
    assert!(
        text["pages"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("Reinschrift")),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_set_aside_has_a_reason_cannot_be_changed_and_comes_back() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let filed = file(&town, "Werbung", b"Inhalt").await;
    let at = path(&id_of(&filed));
    let etag = filed.etag();
    let discard = async |etag: &str, reason: &str| {
        let (at, reason) = (format!("{at}/discard"), json!({"reason": reason}));
        send(
            &clerk,
            Method::POST,
            &at,
            &[("if-match", etag)],
            Some(&reason),
        )
        .await
    };
    let refused = discard(&etag, " ").await.is_problem(422, "validation");
    assert_eq!(
        faults(&refused),
        [("/reason".to_owned(), "too-short".to_owned())]
    );
    let aside = discard(&etag, "Werbung, nicht aktenrelevant").await.is(200);
    assert_eq!(aside.json()["state"], "discarded");
    assert_eq!(aside.json()["reason"], "Werbung, nicht aktenrelevant");
    let again = discard(&aside.etag(), "noch einmal")
        .await
        .is_problem(409, "state-conflict");
    assert_eq!(again.json()["current_state"], "discarded");
    let title = json!({"title": "Doch nicht"});
    clerk
        .patch(&at, &aside.etag(), &title)
        .await
        .is_problem(409, "state-conflict");
    let version = add_version(&town, &at, &aside.etag(), b"anderer Inhalt", None).await;
    version.is_problem(409, "state-conflict");
    // Nothing is deleted.
    assert_eq!(
        clerk.get(&format!("{at}/content")).await.is(200).body,
        "Inhalt"
    );
    let restore = format!("{at}/restore");
    let back = send(
        &clerk,
        Method::POST,
        &restore,
        &[("if-match", &aside.etag())],
        None,
    )
    .await
    .is(200);
    assert_eq!(
        (&back.json()["state"], back.json().get("reason")),
        (&json!("incoming"), None)
    );
    clerk.patch(&at, &back.etag(), &title).await.is(200);
    send(&clerk, Method::DELETE, &at, &[], None).await.is(405);
}

#[tokio::test]
async fn the_history_tells_who_changed_what_from_what_to_what() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let me = clerk.get("/api/v1/me").await.is(200).json()["id"].clone();
    let filed = town.letter("Antrag", "Antrag auf Parkausweis").await;
    let id = id_of(&filed);
    let at = path(&id);
    town.read(&id).await;
    let change = json!({"title": "Antrag (geändert)", "tags": ["Eilt"]});
    let changed = clerk.patch(&at, &filed.etag(), &change).await.is(200);
    let history = clerk.get(&format!("{at}/history")).await.is(200).json();
    let entries = history["items"].as_array().cloned().unwrap_or_default();
    let actions: Vec<_> = entries
        .iter()
        .map(|one| one["action"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        actions,
        ["document.receive", "document.text", "document.change"]
    );
    let (first, text, last) = (&entries[0], &entries[1], &entries[2]);
    assert_eq!(
        (&first["actor"], &first["role"], &first["version"]),
        (&me, &json!("clerk"), &json!(1))
    );
    assert_eq!(text["role"], "system");
    let (seq, hash) = changed.receipt();
    assert_eq!(
        (&last["seq"], &last["hash"], &last["actor"]),
        (&json!(seq), &json!(hash), &me)
    );
    assert_eq!(
        last["changes"],
        json!([
            {"field": "tags", "from": [], "to": ["Eilt"]},
            {"field": "title", "from": "Antrag", "to": "Antrag (geändert)"},
        ])
    );
    let field = |name: &str| {
        let changes = first["changes"].as_array().into_iter().flatten();
        changes
            .filter(|one| one["field"] == name)
            .map(|one| one["to"].clone())
            .next()
    };
    assert_eq!(field("title"), Some(json!("Antrag")));
    assert!(
        first["changes"].to_string().contains("document_version."),
        "{first}"
    );
    // Nothing of this stands in the log itself.
    let leaves = town.records(0).await;
    assert!(
        leaves
            .iter()
            .all(|(_, _, record)| !record.to_string().contains("Antrag"))
    );
}
