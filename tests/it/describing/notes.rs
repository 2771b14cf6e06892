//! Notes on files, cases and documents.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{id_of, send};
use tests::{Answer, Client};

use super::{changes, deeds, each, note};
use crate::records::{Registry, act, act_on, fault, text};

fn at(note: &Answer) -> String {
    format!("/api/v1/notes/{}", id_of(note))
}

/// The texts of the notes on an object.
async fn texts(client: &Client, on: &str, object: &Answer) -> Vec<String> {
    let path = format!("/api/v1/notes?{on}={}", id_of(object));
    each(&client.get(&path).await.is(200), "text")
}

#[tokio::test]
async fn a_note_is_seen_by_whoever_sees_what_it_stands_on() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, other) = (registry.town.clerk(), registry.town.other());
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let document = registry.registered(&case, "Antrag").await;
    let nothing = uuid::Uuid::now_v7();
    for (on, object) in [("file", &file), ("case", &case), ("document", &document)] {
        let words = format!("Auf {on}:\nzwei Zeilen");
        let written = note(&clerk, on, object, &words).await.is(201);
        assert_eq!(text(&written, "text"), words);
        assert_eq!(text(&written, "object"), id_of(object));
        let seeing = [&clerk, &registry.head, &registry.manager];
        for client in seeing {
            assert_eq!(texts(client, on, object).await, [words.as_str()]);
            assert_eq!(
                client.get(&at(&written)).await.is(200).json(),
                written.json()
            );
        }
        let by_auditor = registry.town.auditor().get(&at(&written)).await.is(200);
        assert_eq!(by_auditor.json(), written.json());
        let say = json!({"text": "Neugier"});
        let why = json!({"reason": "Neugier"});
        let tries = [
            (Method::GET, "/api/v1/notes?ON=OBJECT", None),
            (Method::GET, "/api/v1/notes/NOTE", None),
            (Method::GET, "/api/v1/notes/NOTE/history", None),
            (Method::PATCH, "/api/v1/notes/NOTE", Some(&say)),
            (Method::POST, "/api/v1/notes/NOTE/withdraw", Some(&why)),
        ];
        for (method, path, body) in tries {
            let path = path.replace("ON=", &format!("{on}="));
            let ask = async |object: &str, note: &str| {
                let path = path.replace("OBJECT", object).replace("NOTE", note);
                let headers = [("if-match", "\"v1\"")];
                let answer = send(&other, method.clone(), &path, &headers, body).await;
                let mut said = answer.is_problem(404, "not-found").json();
                said["instance"] = json!(null);
                said
            };
            let unknown = nothing.to_string();
            assert_eq!(
                ask(&id_of(object), &id_of(&written)).await,
                ask(&unknown, &unknown).await,
                "{path}: there is a difference to what does not exist"
            );
        }
        note(&other, on, object, "Neugier")
            .await
            .is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_note_keeps_what_it_said_before() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let document = registry.town.letter("Antrag", "Antrag").await;
    let beside = note(&clerk, "document", &document, "Daneben").await.is(201);
    let first = note(&clerk, "document", &document, "Ruft zurück")
        .await
        .is(201);
    let path = at(&first);
    let change = json!({"text": "Hat zurückgerufen"});
    let missing = send(&clerk, Method::PATCH, &path, &[], Some(&change)).await;
    missing.is_problem(428, "precondition-required");
    let second = clerk.patch(&path, &first.etag(), &change).await.is(200);
    assert_eq!(text(&second, "text"), "Hat zurückgerufen");
    let stale = clerk.patch(&path, &first.etag(), &change).await;
    let stale = stale.is_problem(412, "precondition-failed");
    assert_eq!(text(&stale, "current_etag"), second.etag());
    let same = clerk.patch(&path, &second.etag(), &change).await;
    assert_eq!(fault(&same.is_problem(422, "validation")).1, "unchanged");
    let told = clerk.get(&format!("{path}/history")).await.is(200);
    assert_eq!(each(&told, "action"), ["note.add", "note.change"]);
    let changed = told.json()["items"][1]["changes"].clone();
    assert_eq!(
        changed,
        json!([{"field": "text", "from": "Ruft zurück", "to": "Hat zurückgerufen"}])
    );
    let words = texts(&clerk, "document", &document).await;
    assert_eq!(words, ["Daneben", "Hat zurückgerufen"]);
    let whole = clerk
        .get(&format!("/api/v1/documents/{}/history", id_of(&document)))
        .await
        .is(200);
    assert_eq!(
        deeds(&whole),
        ["document.receive", "note.add", "note.add", "note.change"]
    );
    // The words themselves stand in no record.
    let (seq, _) = beside.receipt();
    let records = registry.town.records(seq).await;
    assert!(records.len() >= 3, "{records:?}");
    for (_, _, record) in records {
        let said = record.to_string();
        assert!(
            !said.contains("Daneben") && !said.contains("zurück"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn only_its_author_changes_the_words_of_a_note_and_others_withdraw_it() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (clerk, head) = (registry.town.clerk(), &registry.head);
    let file = registry.file("02.1", "Parken").await;
    let written = note(&clerk, "file", &file, "Unfug").await.is(201);
    let change = json!({"text": "Sinn"});
    let foreign = head.patch(&at(&written), &written.etag(), &change).await;
    foreign.is_problem(403, "forbidden");
    let path = format!("{}/withdraw", at(&written));
    let why = json!({"reason": "Betraf eine andere Sache"});
    let by_manager = act(&registry.manager, &path, &written.etag(), &why).await;
    by_manager.is_problem(403, "forbidden");
    let withdrawn = act(head, &path, &written.etag(), &why).await.is(200);
    assert_eq!(text(&withdrawn, "reason"), "Betraf eine andere Sache");
    assert!(texts(&clerk, "file", &file).await.is_empty());
    let all = format!("/api/v1/notes?file={}&withdrawn=true", id_of(&file));
    let all = clerk.get(&all).await.is(200);
    assert_eq!(each(&all, "reason"), ["Betraf eine andere Sache"]);
    let again = act(head, &path, &withdrawn.etag(), &why).await;
    let again = again.is_problem(409, "state-conflict");
    assert_eq!(text(&again, "current_state"), "withdrawn");
    let late = clerk.patch(&at(&written), &withdrawn.etag(), &change).await;
    late.is_problem(409, "state-conflict");
    let output = registry.town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn what_is_closed_or_put_aside_takes_no_note() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let document = registry.registered(&case, "Antrag").await;
    let before = note(&clerk, "document", &document, "Vorher").await.is(201);
    for (path, etag) in [("cases", &case), ("files", &file)] {
        let path = format!("/api/v1/{path}/{}/close", id_of(etag));
        act_on(&clerk, &path, &etag.etag()).await.is(200);
    }
    for (on, object) in [("file", &file), ("case", &case), ("document", &document)] {
        let refused = note(&clerk, on, object, "Nachher").await;
        let refused = refused.is_problem(409, "state-conflict");
        assert_eq!(text(&refused, "current_state"), "closed", "{on}");
    }
    let change = json!({"text": "Nachher"});
    let refused = clerk.patch(&at(&before), &before.etag(), &change).await;
    refused.is_problem(409, "state-conflict");
    assert_eq!(texts(&clerk, "document", &document).await, ["Vorher"]);
    let aside = registry.town.letter("Werbung", "Werbung").await;
    let path = format!("/api/v1/documents/{}/discard", id_of(&aside));
    let why = json!({"reason": "Werbung"});
    act(&clerk, &path, &aside.etag(), &why).await.is(200);
    let refused = note(&clerk, "document", &aside, "Nachher").await;
    let refused = refused.is_problem(409, "state-conflict");
    assert_eq!(text(&refused, "current_state"), "discarded");
}

#[tokio::test]
async fn the_change_feed_tells_of_a_note_by_what_it_stands_on() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let file = registry.file("02.1", "Parken").await;
    let case = registry.case(&file, "Beispiel").await;
    let document = registry.registered(&case, "Antrag").await;
    let after = registry.town.head().await;
    for (on, object) in [("file", &file), ("case", &case), ("document", &document)] {
        note(&clerk, on, object, "Notiz").await.is(201);
    }
    let told: Vec<Value> = changes(&clerk, after)
        .await
        .into_iter()
        .filter(|(action, _)| action == "note.add")
        .map(|(_, one)| one)
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0]["file"], id_of(&file));
    assert_eq!(told[1]["case"], id_of(&case));
    assert_eq!(told[2]["document"], id_of(&document));
    let unseen = changes(&registry.town.other(), after).await;
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[tokio::test]
async fn a_note_that_says_nothing_or_stands_on_nothing_is_refused() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let document = registry.town.letter("Antrag", "Antrag").await;
    let id = id_of(&document);
    for (body, pointer, code) in [
        (json!({"text": "Wohin?"}), "", "one-object"),
        (
            json!({"document": id, "file": id, "text": "Wohin?"}),
            "",
            "one-object",
        ),
        (
            json!({"document": id, "text": " \n "}),
            "/text",
            "too-short",
        ),
        (
            json!({"document": id, "text": "x".repeat(4001)}),
            "/text",
            "too-long",
        ),
        (
            json!({"document": id, "text": "a\u{7}b"}),
            "/text",
            "wrong-format",
        ),
    ] {
        let refused = clerk.post("/api/v1/notes", &body).await;
        let refused = refused.is_problem(422, "validation");
        assert_eq!(fault(&refused), (pointer.to_owned(), code.to_owned()));
    }
    for query in ["", &format!("?document={id}&case={id}")] {
        let refused = clerk.get(&format!("/api/v1/notes{query}")).await;
        refused.is_problem(400, "query-invalid");
    }
    let long = "ä".repeat(4000);
    note(&clerk, "document", &document, &long).await.is(201);
    for number in 1..=3 {
        let words = format!("Nummer {number}");
        note(&clerk, "document", &document, &words).await.is(201);
    }
    let path = format!("/api/v1/notes?document={id}&limit=3");
    let seen = tests::town::walk(&clerk, &path).await;
    let last: Vec<_> = seen[1..].iter().map(|one| one["text"].clone()).collect();
    assert_eq!(last, ["Nummer 1", "Nummer 2", "Nummer 3"]);
    assert_eq!(seen[0]["text"], long);
}

#[tokio::test]
async fn a_note_that_is_sent_twice_under_one_key_is_written_once() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let clerk = registry.town.clerk();
    let document = registry.town.letter("Antrag", "Antrag").await;
    let new = json!({"document": id_of(&document), "text": "Einmal"});
    let headers = [("idempotency-key", "notiz-1")];
    let once = async || send(&clerk, Method::POST, "/api/v1/notes", &headers, Some(&new)).await;
    let (first, second) = (once().await.is(201), once().await.is(201));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.json(), second.json());
    assert_eq!(texts(&clerk, "document", &document).await, ["Einmal"]);
}
