//! Correspondents: found by the names on documents, known by right, merged and split off.

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, id_of, send};
use tests::{Answer, Client, Town, fixtures};

use super::each;
use crate::records::{Registry, act, fault, text};

const ALL: &str = "/api/v1/correspondents";

/// Files a document from somebody.
async fn from(client: &Client, name: &str) -> Answer {
    let metadata = json!({"title": format!("Schreiben von {name}"), "correspondent": name});
    let content = fixtures::unique_pdf("Sehr geehrte Damen und Herren");
    client.file("a.pdf", &content, &metadata).await.is(201)
}

fn whose(document: &Answer) -> String {
    text(document, "correspondent_id")
}

async fn read(client: &Client, id: &str) -> Answer {
    client.get(&format!("{ALL}/{id}")).await.is(200)
}

/// The names of the correspondents that a client knows.
async fn names(client: &Client, query: &str) -> Vec<String> {
    each(&client.get(&format!("{ALL}?{query}")).await.is(200), "name")
}

/// Merges one correspondent into another.
async fn merge(client: &Client, id: &str, into: &str) -> Answer {
    let etag = read(client, id).await.etag();
    let body = json!({"into": into, "reason": "Doppelt angelegt"});
    act(client, &format!("{ALL}/{id}/merge"), &etag, &body).await
}

/// Splits a correspondent off again.
async fn split(client: &Client, id: &str) -> Answer {
    let etag = read(client, id).await.etag();
    let body = json!({"reason": "Zwei verschiedene"});
    act(client, &format!("{ALL}/{id}/split"), &etag, &body).await
}

/// How many documents a list has.
async fn listed(client: &Client, query: &str) -> Value {
    let path = format!("/api/v1/documents?count=true&{query}");
    client.get(&path).await.is(200).json()["total"].clone()
}

/// How many documents a search finds.
async fn found(client: &Client, query: &[(&str, &str)]) -> Value {
    client
        .get_with("/api/v1/search", query)
        .await
        .is(200)
        .json()
}

#[tokio::test]
async fn a_name_on_a_document_finds_a_correspondent_by_name_or_alias_or_makes_one() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let first = from(&clerk, "Jörg Müller").await;
    let made = read(&clerk, &whose(&first)).await;
    assert_eq!(text(&made, "name"), "Jörg Müller");
    for same in ["JÖRG  MÜLLER", "Joerg Mueller", "Jörg Müller."] {
        assert_eq!(whose(&from(&clerk, same).await), whose(&first), "{same}");
    }
    let other = from(&clerk, "Jorg Muller").await;
    assert_ne!(whose(&other), whose(&first));
    let renamed = json!({"name": "Jörg Müller-Lüdenscheid", "kind": "person",
        "address": {"street": "Marktgasse 3", "city": "Hollerfurt"}, "email": "jm@example.org"});
    let path = format!("{ALL}/{}", whose(&first));
    let renamed = clerk.patch(&path, &made.etag(), &renamed).await.is(200);
    assert_eq!(renamed.json()["aliases"], json!(["Jörg Müller"]));
    assert_eq!(renamed.json()["address"]["city"], "Hollerfurt");
    for name in ["Jörg Müller", "Jörg Müller-Lüdenscheid"] {
        assert_eq!(whose(&from(&clerk, name).await), whose(&first), "{name}");
    }
    // What is written on a document stays, and who it is can be said.
    let metadata = json!({"title": "Anruf", "correspondent": "der Nachbar",
        "correspondent_id": whose(&first)});
    let content = fixtures::unique_pdf("Anruf");
    let named = clerk.file("b.pdf", &content, &metadata).await.is(201);
    assert_eq!(text(&named, "correspondent"), "der Nachbar");
    assert_eq!(whose(&named), whose(&first));
    let path = format!("/api/v1/documents/{}", id_of(&other));
    let to = json!({"correspondent_id": whose(&first)});
    let moved = clerk.patch(&path, &other.etag(), &to).await.is(200);
    assert_eq!(text(&moved, "correspondent"), "Jörg Müller-Lüdenscheid");
    assert_eq!(whose(&moved), whose(&first));
    let none = json!({"correspondent": null});
    let emptied = clerk.patch(&path, &moved.etag(), &none).await.is(200);
    assert!(emptied.json()["correspondent_id"].is_null());
    let unknown = json!({"correspondent_id": uuid::Uuid::now_v7()});
    let unknown = clerk.patch(&path, &emptied.etag(), &unknown).await;
    let unknown = unknown.is_problem(422, "validation");
    let expected = ("/correspondent_id".to_owned(), "not-found".to_owned());
    assert_eq!(fault(&unknown), expected);
    let output = town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_correspondent_is_known_to_whoever_sees_a_document_on_which_it_stands() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, other) = (town.clerk(), town.other());
    let document = from(&clerk, "Geheimrat Geier").await;
    let id = whose(&document);
    let registrar = town.registrar().await;
    for client in [&clerk, &town.auditor(), &registrar] {
        assert_eq!(names(client, "q=gehe").await, ["Geheimrat Geier"]);
    }
    for client in [&other, &town.admin()] {
        assert!(names(client, "q=gehe").await.is_empty());
        assert!(names(client, "").await.is_empty());
        let nothing = uuid::Uuid::now_v7().to_string();
        let merge = json!({"into": id});
        let why = json!({"reason": "Neugier"});
        let tries = [
            (Method::GET, "", None),
            (Method::GET, "/history", None),
            (Method::PATCH, "", Some(json!({"name": "Neu"}))),
            (Method::POST, "/merge", Some(merge)),
            (Method::POST, "/split", Some(why)),
        ];
        for (method, rest, body) in tries {
            let ask = async |id: &str| {
                let headers = [("if-match", "\"v1\"")];
                let path = format!("{ALL}/{id}{rest}");
                let answer = send(client, method.clone(), &path, &headers, body.as_ref()).await;
                let mut said = answer.is_problem(404, "not-found").json();
                said["instance"] = json!(null);
                said
            };
            assert_eq!(ask(&id).await, ask(&nothing).await, "{method} {rest}");
        }
    }
    // The same name in another department is somebody else, until one who sees both says otherwise.
    let own = from(&other, "Geheimrat Geier").await;
    assert_ne!(whose(&own), id);
    let foreign = json!({"title": "X", "correspondent_id": id});
    let foreign = other.file("x.pdf", b"X", &foreign).await;
    let foreign = foreign.is_problem(422, "validation");
    assert_eq!(fault(&foreign).0, "/correspondent_id");
    let into = merge(&other, &whose(&own), &id).await;
    assert_eq!(fault(&into.is_problem(422, "validation")).0, "/into");
    assert_eq!(names(&other, "").await, ["Geheimrat Geier"]);
    assert_eq!(listed(&other, "correspondent=Geheimrat+Geier").await, 1);
    // A document that is handed on takes its correspondent along.
    let path = format!("/api/v1/documents/{}/route", id_of(&document));
    let to = json!({"department": OTHER});
    act(&clerk, &path, &document.etag(), &to).await.is(200);
    read(&other, &id).await;
    assert_eq!(names(&other, "q=geier+ge").await.len(), 2);
    assert!(
        names(&other, "q=rat").await.is_empty(),
        "no beginning of a word"
    );
}

#[tokio::test]
async fn who_is_merged_leads_to_the_survivor_and_is_found_by_every_name() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let (old, new) = ("Blitzblank Reinigung", "Strahlemann Service GmbH");
    let first = from(&clerk, old).await;
    let second = from(&clerk, new).await;
    let (from_id, into) = (whose(&first), whose(&second));
    let merged = merge(&clerk, &from_id, &into).await.is(200);
    assert_eq!(text(&merged, "merged_into"), into);
    assert_eq!(text(&read(&clerk, &from_id).await, "merged_into"), into);
    let survivor = read(&clerk, &into).await;
    assert_eq!(survivor.json()["aliases"], json!([old]));
    assert_eq!(names(&clerk, "").await, [new]);
    assert_eq!(names(&clerk, "q=blitz").await, [new]);
    // What went into one is listed where that is asked, to whoever knows it.
    let inside = format!("merged_into={into}");
    assert_eq!(names(&clerk, &inside).await, [old]);
    assert!(names(&town.other(), &inside).await.is_empty());
    let none = format!("merged_into={from_id}");
    assert!(names(&clerk, &none).await.is_empty());
    assert_eq!(whose(&from(&clerk, old).await), into);
    // Each of them got one record, and the documents none.
    let told = clerk.get(&format!("{ALL}/{from_id}/history")).await.is(200);
    assert_eq!(
        each(&told, "action"),
        ["correspondent.create", "correspondent.merge"]
    );
    assert_eq!(told.json()["items"][1]["details"]["into"], into);
    let told = clerk.get(&format!("{ALL}/{into}/history")).await.is(200);
    assert_eq!(
        each(&told, "action"),
        ["correspondent.create", "correspondent.change"]
    );
    let path = format!("/api/v1/documents/{}", id_of(&first));
    assert_eq!(clerk.get(&path).await.is(200).json()["version"], 1);
    // List and search find the documents by every name, and count them under that of the survivor.
    for name in [old, new] {
        let query = format!("correspondent={}", name.replace(' ', "+"));
        assert_eq!(listed(&clerk, &query).await, 3, "{name}");
    }
    assert_eq!(listed(&clerk, &format!("correspondent_id={into}")).await, 3);
    town.settle().await;
    for question in ["korrespondent:Blitzblank", "korrespondent:Strahlemann"] {
        let answer = found(&clerk, &[("q", question), ("facets", "true")]).await;
        assert_eq!(answer["total"], 3, "{question}");
        let counted = &answer["facets"]["correspondent"];
        assert_eq!(*counted, json!([{"value": new, "count": 3}]), "{question}");
    }
    for name in [old, new] {
        let answer = found(&clerk, &[("q", ""), ("correspondent", name)]).await;
        assert_eq!(answer["total"], 3, "{name}");
    }
    // Undone, each stands for itself; what was filed meanwhile stays with the survivor.
    let alone = split(&clerk, &from_id).await.is(200);
    assert!(alone.json()["merged_into"].is_null());
    assert!(names(&clerk, &inside).await.is_empty());
    assert_eq!(read(&clerk, &into).await.json()["aliases"], json!([]));
    assert_eq!(names(&clerk, "").await, [old, new]);
    assert_eq!(listed(&clerk, &format!("correspondent_id={into}")).await, 2);
    assert_eq!(
        listed(&clerk, &format!("correspondent_id={from_id}")).await,
        1
    );
    town.settle().await;
    let answer = found(&clerk, &[("q", "korrespondent:Strahlemann")]).await;
    assert_eq!(
        answer["total"], 2,
        "what is split off is not found by the other's name"
    );
    let output = town.app.command(&["verify"]).await;
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_correspondent_says_whether_one_may_change_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, auditor) = (town.clerk(), town.auditor());
    let id = whose(&from(&clerk, "Blitzblank").await);
    let reads = town.app.with_token(&town.token("read").await);
    for (client, may) in [(&clerk, true), (&auditor, false), (&reads, false)] {
        let one = read(client, &id).await;
        assert_eq!(one.json()["may_change"], may);
        let listed = client.get(ALL).await.is(200).json();
        assert_eq!(listed["items"][0]["may_change"], may, "{listed}");
        // It is what happens.
        let path = format!("{ALL}/{id}");
        let change = json!({"email": "post@blitzblank.example"});
        let changed = client.patch(&path, &one.etag(), &change).await;
        assert_eq!(changed.status, if may { 200 } else { 403 });
    }
    let own = clerk.post(ALL, &json!({"name": "Neu"})).await.is(201);
    assert_eq!(own.json()["may_change"], true);
    assert_eq!(read(&clerk, &id_of(&own)).await.json()["may_change"], true);
}

#[tokio::test]
async fn a_merger_that_makes_no_sense_is_refused() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let mut ids = Vec::new();
    for name in ["A-Werk", "B-Werk", "C-Werk"] {
        ids.push(whose(&from(&clerk, name).await));
    }
    let (a, b, c) = (&ids[0], &ids[1], &ids[2]);
    let itself = merge(&clerk, a, a).await.is_problem(422, "validation");
    assert_eq!(fault(&itself), ("/into".to_owned(), "itself".to_owned()));
    let nothing = uuid::Uuid::now_v7().to_string();
    let into = merge(&clerk, a, &nothing)
        .await
        .is_problem(422, "validation");
    assert_eq!(fault(&into), ("/into".to_owned(), "not-found".to_owned()));
    let auditor = town.auditor();
    merge(&auditor, a, b).await.is_problem(403, "forbidden");
    let early = split(&clerk, a).await.is_problem(409, "state-conflict");
    assert_eq!(text(&early, "current_state"), "not_merged");
    let stale = json!({"into": b});
    let stale = act(&clerk, &format!("{ALL}/{a}/merge"), "\"v9\"", &stale).await;
    stale.is_problem(412, "precondition-failed");
    merge(&clerk, a, b).await.is(200);
    let again = merge(&clerk, a, c).await.is_problem(409, "state-conflict");
    assert_eq!(text(&again, "current_state"), "merged");
    assert_eq!(text(&again, "existing"), *b);
    let loop_of = merge(&clerk, b, a).await.is_problem(422, "validation");
    assert_eq!(fault(&loop_of).0, "/into");
    merge(&clerk, b, c).await.is(200);
    let names = read(&clerk, c).await.json()["aliases"].clone();
    assert_eq!(names, json!(["A-Werk", "B-Werk"]));
    assert_eq!(listed(&clerk, &format!("correspondent_id={c}")).await, 3);
    // The outer merger is undone before the inner one.
    split(&clerk, a).await.is_problem(409, "state-conflict");
    split(&clerk, b).await.is(200);
    split(&clerk, a).await.is(200);
    for (id, count) in [(a, 1), (b, 1), (c, 1)] {
        let query = format!("correspondent_id={id}");
        assert_eq!(listed(&clerk, &query).await, count);
        assert_eq!(read(&clerk, id).await.json()["aliases"], json!([]));
    }
}

#[tokio::test]
async fn a_correspondent_that_says_nothing_or_too_much_is_refused() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let long = "x".repeat(201);
    let many: Vec<String> = (0..51).map(|number| format!("N{number}")).collect();
    for (body, pointer, code) in [
        (json!({"name": " "}), "/name", "too-short"),
        (json!({"name": long}), "/name", "too-long"),
        (
            json!({"name": "A", "aliases": many}),
            "/aliases",
            "too-many",
        ),
        (
            json!({"name": "A", "aliases": [""]}),
            "/aliases/0",
            "too-short",
        ),
        (
            json!({"name": "A", "address": {"city": long}}),
            "/address/city",
            "too-long",
        ),
        (
            json!({"name": "A", "email": "a.b"}),
            "/email",
            "wrong-format",
        ),
        (
            json!({"name": "A", "email": "a@b"}),
            "/email",
            "wrong-format",
        ),
    ] {
        let refused = clerk.post(ALL, &body).await;
        let refused = refused.is_problem(422, "validation");
        assert_eq!(fault(&refused), (pointer.to_owned(), code.to_owned()));
    }
    let new = json!({"name": "Zweigwerk", "kind": "organisation", "aliases": ["ZW", "zweigwerk"],
        "email": "post@zweigwerk.example"});
    let made = clerk.post(ALL, &new).await.is(201);
    assert_eq!(made.json()["aliases"], json!(["ZW"]));
    assert_eq!(names(&clerk, "kind=organisation").await, ["Zweigwerk"]);
    assert!(names(&clerk, "kind=person").await.is_empty());
    assert!(names(&town.other(), "").await.is_empty());
    let path = format!("{ALL}/{}", id_of(&made));
    let same = json!({"email": "post@zweigwerk.example"});
    let same = clerk.patch(&path, &made.etag(), &same).await;
    assert_eq!(fault(&same.is_problem(422, "validation")).1, "unchanged");
    for name in ["Alpha", "Beta", "Gamma"] {
        from(&clerk, name).await;
    }
    let walked = tests::town::walk(&clerk, &format!("{ALL}?limit=2")).await;
    let walked: Vec<_> = walked.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(walked, ["Alpha", "Beta", "Gamma", "Zweigwerk"]);
}

#[tokio::test]
async fn a_field_that_names_who_was_merged_is_found_under_the_survivor() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let (town, clerk, manager) = (&registry.town, registry.town.clerk(), &registry.manager);
    let field = json!({"code": "gutachter", "label": "Gutachter", "kind": "reference",
        "target": "correspondent"});
    manager.post("/api/v1/fields", &field).await.is(201);
    let kind = json!({"code": "Gutachten", "fields": [{"field": "gutachter"}]});
    manager.post("/api/v1/document-types", &kind).await.is(201);
    let into = whose(&from(&clerk, "Erika Beispiel").await);
    let gone = whose(&from(&clerk, "Erika B. Beispiel").await);
    let metadata =
        json!({"title": "Gutachten", "type": "Gutachten", "fields": {"gutachter": gone}});
    let content = fixtures::unique_pdf("Gutachten");
    clerk.file("a.pdf", &content, &metadata).await.is(201);
    merge(&clerk, &gone, &into).await.is(200);
    town.settle().await;
    for id in [gone.as_str(), into.as_str()] {
        let named = format!("field.gutachter={id}");
        assert_eq!(listed(&clerk, &named).await, 1, "{named}");
        let searched = found(&clerk, &[("q", ""), ("field.gutachter", id)]).await;
        assert_eq!(searched["total"], 1, "{named}");
    }
}
