//! Another department, and a compartment: nothing of them shows anywhere.

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{admit, compartment, plan, unit};
use tests::town::{OWN, Town, add, id_of, send};
use tests::{Answer, Client, fixtures};

use super::{Registry, act, by_reference, register, text};

/// Every address that names one of these, and what must be sent there.
fn addresses(file: &str, case: &str, document: &str) -> Vec<(Method, String, Option<Value>)> {
    let reason = json!({"reason": "Neugier"});
    let get = |path: String| (Method::GET, path, None);
    let post = |path: String, body: Option<Value>| (Method::POST, path, body);
    vec![
        get(format!("/api/v1/files/{file}")),
        get(format!("/api/v1/cases/{case}")),
        get(format!("/api/v1/files/{file}/history")),
        get(format!("/api/v1/cases/{case}/history")),
        get(format!("/api/v1/documents/{document}")),
        get(format!("/api/v1/documents/{document}/history")),
        get(format!("/api/v1/documents/{document}/content")),
        get(format!("/api/v1/documents/{document}/text")),
        get(format!("/api/v1/documents/{document}/versions")),
        (
            Method::PATCH,
            format!("/api/v1/files/{file}"),
            Some(json!({"subject": "Neu"})),
        ),
        (
            Method::PATCH,
            format!("/api/v1/cases/{case}"),
            Some(json!({"subject": "Neu"})),
        ),
        post(format!("/api/v1/files/{file}/close"), None),
        post(format!("/api/v1/cases/{case}/close"), None),
        post(format!("/api/v1/files/{file}/reopen"), Some(reason.clone())),
        post(format!("/api/v1/cases/{case}/reopen"), Some(reason.clone())),
        post(
            format!("/api/v1/files/{file}/refile"),
            Some(json!({"plan_unit": "02.2", "reason": "Neugier"})),
        ),
        post(
            format!("/api/v1/cases/{case}/refile"),
            Some(json!({"file": file, "reason": "Neugier"})),
        ),
        post(
            format!("/api/v1/documents/{document}/refile"),
            Some(json!({"case": case, "reason": "Neugier"})),
        ),
        post(
            format!("/api/v1/documents/{document}/register"),
            Some(json!({"case": case})),
        ),
        post(
            format!("/api/v1/documents/{document}/route"),
            Some(json!({"department": OWN})),
        ),
        get(format!("/api/v1/documents/{document}/recipients")),
        post(
            "/api/v1/holds".to_owned(),
            Some(json!({"file": file, "reason": "Neugier"})),
        ),
        post(
            "/api/v1/holds".to_owned(),
            Some(json!({"case": case, "reason": "Neugier"})),
        ),
        post(
            "/api/v1/holds".to_owned(),
            Some(json!({"document": document, "reason": "Neugier"})),
        ),
    ]
}

async fn ask(client: &Client, (method, path, body): &(Method, String, Option<Value>)) -> Value {
    let headers = [("if-match", "\"v1\"")];
    let answer = send(client, method.clone(), path, &headers, body.as_ref()).await;
    let mut said = answer.is_problem(404, "not-found").json();
    said["instance"] = json!(null);
    said
}

/// None of these addresses answers otherwise than one that names nothing; nor does a reference.
async fn nothing_there(client: &Client, who: &str, ids: [&Answer; 3]) {
    let [file, case, document] = ids.map(id_of);
    let nobody = || uuid::Uuid::now_v7().to_string();
    let nothing = addresses(&nobody(), &nobody(), &nobody());
    for (real, unreal) in addresses(&file, &case, &document).iter().zip(&nothing) {
        let (there, not_there) = (ask(client, real).await, ask(client, unreal).await);
        assert_eq!(there, not_there, "{who}: {}", real.1);
    }
    for answer in ids {
        let reference = text(answer, "reference");
        client
            .get(&by_reference(&reference))
            .await
            .is_problem(404, "not-found");
    }
    // In a body it is as if it did not exist.
    let into = json!({"file": file, "subject": "Neugier"});
    let refused = client.post("/api/v1/cases", &into).await;
    assert!(
        matches!(refused.status.as_u16(), 403 | 422),
        "{who}: {}",
        refused.text()
    );
}

/// Everything that a client can ask for without naming one of these.
async fn lists(client: &Client, file: &str, case: &str, words: &str) -> String {
    let mut said = String::new();
    for path in [
        "/api/v1/files?count=true".to_owned(),
        format!("/api/v1/files?count=true&q={words}"),
        format!("/api/v1/files?count=true&parent={file}"),
        "/api/v1/cases?count=true".to_owned(),
        format!("/api/v1/cases?count=true&file={file}"),
        format!("/api/v1/cases?count=true&q={words}"),
        "/api/v1/documents?count=true&registered=true".to_owned(),
        format!("/api/v1/documents?count=true&file={file}"),
        format!("/api/v1/documents?count=true&case={case}"),
        format!("/api/v1/search?q={words}&facets=true"),
        "/api/v1/search?q=&facets=true".to_owned(),
        format!("/api/v1/search/suggest?q={words}"),
        "/api/v1/changes?limit=1000".to_owned(),
    ] {
        let answer = client.get(&path).await.is(200).json();
        if path.contains("count=true") || path.contains("/search?") {
            assert_eq!(answer["total"], 0, "{path}: {answer}");
        }
        said.push_str(&answer.to_string());
    }
    said
}

#[tokio::test]
async fn a_wrong_department_finds_nothing_of_files_and_cases() {
    let Some(registry) = Registry::start().await else {
        return;
    };
    let file = registry.file("02.1", "Geheimniskram").await;
    let case = registry.case(&file, "Geheimniskram").await;
    let document = registry.registered(&case, "Geheimniskram").await;
    registry.town.settle().await;
    let ids = [&file, &case, &document];
    for (who, client) in [
        ("other", registry.town.other()),
        ("admin", registry.town.admin()),
    ] {
        nothing_there(&client, who, ids).await;
        let said = lists(&client, &id_of(&file), &id_of(&case), "geheimniskram").await;
        for told in ids
            .map(id_of)
            .iter()
            .chain(["Geheimniskram".to_owned()].iter())
        {
            assert!(!said.contains(told), "{who}: {told} in {said}");
        }
    }
    // The registry knows of everything and reads no content.
    let manager = &registry.manager;
    manager
        .get(&format!("/api/v1/files/{}", id_of(&file)))
        .await
        .is(200);
    let at = format!("/api/v1/documents/{}", id_of(&document));
    manager.get(&at).await.is(200);
    manager
        .get(&format!("{at}/content"))
        .await
        .is_problem(403, "forbidden");
}

#[tokio::test]
async fn a_compartment_hides_what_stands_in_it_from_everyone_outside() {
    let Some(town) = Town::start().await else {
        return;
    };
    let hidden = compartment(&town.app, "PERSONAL").await;
    let units = vec![
        unit("02"),
        unit("11").within("PERSONAL"),
        unit("11.1").below("11"),
    ];
    plan(&town, "2020", ("2020-01-01", None), units).await;
    admit(&town.app, hidden, "m.brandt").await;
    let outsider = add(&town.app, "f.nebenan", "clerk", Some(OWN)).await;
    let clerk = town.clerk();
    let new = json!({"plan_unit": "11.1", "subject": "Geheimniskram"});
    // Whoever does not enter it opens nothing there.
    town.app
        .with_token(&outsider)
        .post("/api/v1/files", &new)
        .await
        .is_problem(403, "forbidden");
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    assert_eq!(text(&file, "compartment"), hidden.to_string());
    let new = json!({"file": id_of(&file), "subject": "Geheimniskram"});
    let case = clerk.post("/api/v1/cases", &new).await.is(201);
    let content = fixtures::unique_pdf("Geheimniskram im Text");
    let named = json!({"title": "Geheimniskram"});
    let filed = clerk.file("g.pdf", &content, &named).await.is(201);
    let document = register(&clerk, &filed, &case).await.is(200);
    assert_eq!(text(&document, "compartment"), hidden.to_string());
    tests::wait_until("the text is read", async || {
        let path = format!("/api/v1/documents/{}", id_of(&document));
        clerk.get(&path).await.is(200).json()["text"]["state"] != "pending"
    })
    .await;
    tests::wait_until("the index knows it", async || {
        let found = clerk
            .get("/api/v1/search?q=geheimniskram")
            .await
            .is(200)
            .json();
        found["total"] == 1 && found["items"][0]["state"] == "registered"
    })
    .await;
    town.settle().await;
    let ids = [&file, &case, &document];
    for (who, client) in [
        ("auditor", town.auditor()),
        ("registry", town.registrar().await),
        ("colleague", town.app.with_token(&outsider)),
        ("other", town.other()),
        ("admin", town.admin()),
    ] {
        nothing_there(&client, who, ids).await;
        let said = lists(&client, &id_of(&file), &id_of(&case), "geheimniskram").await;
        for told in ids
            .map(id_of)
            .iter()
            .chain(["Geheimniskram".to_owned()].iter())
        {
            assert!(!said.contains(told), "{who}: {told} in {said}");
        }
    }
    // The same content again: whoever is outside learns nothing of the one inside.
    let outside = town.app.with_token(&outsider);
    let again = json!({"title": "Gleich"});
    let same = outside.file("g.pdf", &content, &again).await.is(201);
    assert_eq!(same.json()["duplicates"], json!([]));
}

#[tokio::test]
async fn a_file_that_moves_into_a_compartment_takes_everything_along() {
    let Some(town) = Town::start().await else {
        return;
    };
    let hidden = compartment(&town.app, "PERSONAL").await;
    let units = vec![unit("02"), unit("11").within("PERSONAL")];
    plan(&town, "2020", ("2020-01-01", None), units).await;
    let manager = town.registrar().await;
    let clerk = town.clerk();
    let new = json!({"plan_unit": "02", "subject": "Bewerbung"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Bewerbung"});
    let case = clerk.post("/api/v1/cases", &new).await.is(201);
    let filed = town.letter("Bewerbung", "Lebenslauf").await;
    let document = register(&clerk, &filed, &case).await.is(200);
    town.settle().await;
    let at = format!("/api/v1/files/{}/refile", id_of(&file));
    let body = json!({"plan_unit": "11", "reason": "Personalsache"});
    act(&manager, &at, &file.etag(), &body)
        .await
        .is_problem(403, "forbidden");
    admit(&town.app, hidden, "g.aktuar").await;
    act(&manager, &at, &file.etag(), &body).await.is(200);
    for path in [
        format!("/api/v1/files/{}", id_of(&file)),
        format!("/api/v1/cases/{}", id_of(&case)),
        format!("/api/v1/documents/{}", id_of(&document)),
    ] {
        clerk.get(&path).await.is_problem(404, "not-found");
        manager.get(&path).await.is(200);
    }
    tests::wait_until("the index has followed", async || {
        clerk
            .get("/api/v1/search?q=Lebenslauf")
            .await
            .is(200)
            .json()["total"]
            == 0
    })
    .await;
}

/// What the index tells of a word, in every way in which it can.
async fn told(client: &Client, word: &str) -> [Value; 5] {
    let found = client
        .get(&format!("/api/v1/search?q={word}&facets=true&explain=true"))
        .await
        .is(200)
        .json();
    let typed = client
        .get(&format!("/api/v1/search/suggest?q={word}"))
        .await
        .is(200)
        .json();
    let everything = client.get("/api/v1/search?q=&facets=true").await.is(200);
    [
        found["total"].clone(),
        found["facets"]["department"].clone(),
        found["explain"][0]["documents"].clone(),
        typed["words"].clone(),
        everything.json()["total"].clone(),
    ]
}

#[tokio::test]
async fn what_moves_out_of_sight_is_gone_before_the_index_knows_of_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let hidden = compartment(&town.app, "PERSONAL").await;
    let units = vec![unit("02"), unit("11").within("PERSONAL")];
    plan(&town, "2020", ("2020-01-01", None), units).await;
    admit(&town.app, hidden, "g.aktuar").await;
    let (clerk, manager) = (town.clerk(), town.registrar().await);
    let new = json!({"plan_unit": "02", "subject": "Bewerbung"});
    let file = clerk.post("/api/v1/files", &new).await.is(201);
    let new = json!({"file": id_of(&file), "subject": "Bewerbung"});
    let case = clerk.post("/api/v1/cases", &new).await.is(201);
    let filed = town.letter("Bewerbung", "Lebenslauf").await;
    register(&clerk, &filed, &case).await.is(200);
    let routed = town.letter("Rechnung", "Zahlungsziel").await;
    town.letter("Bleibt", "Hausordnung").await;
    town.settle().await;
    let seen = |documents: u64, all: u64| {
        let by_department = match documents {
            0 => json!([]),
            count => json!([{"value": OWN, "count": count}]),
        };
        (documents, by_department, all)
    };
    let check = async |word: &str, expected: (u64, Value, u64)| {
        let [total, facet, explained, words, all] = told(&clerk, word).await;
        assert_eq!(
            (total, facet, all),
            (json!(expected.0), expected.1, json!(expected.2))
        );
        assert_eq!(explained, json!(expected.0), "{word}");
        assert_eq!(words.as_array().map(Vec::is_empty), Some(expected.0 == 0));
    };
    check("lebenslauf", seen(1, 3)).await;
    check("zahlungsziel", seen(1, 3)).await;
    let auditor = town.auditor();
    assert_eq!(told(&auditor, "lebenslauf").await[0], 1);
    // From here on the index learns nothing.
    let (folder, aside) = (town.app.data().join("index"), town.app.data().join("aside"));
    std::fs::rename(&folder, &aside).expect("the index is taken away");
    let at = format!("/api/v1/documents/{}/route", id_of(&routed));
    let to = json!({"department": tests::town::OTHER});
    act(&clerk, &at, &routed.etag(), &to).await.is(200);
    check("zahlungsziel", seen(0, 2)).await;
    let at = format!("/api/v1/files/{}/refile", id_of(&file));
    let body = json!({"plan_unit": "11", "reason": "Personalsache"});
    act(&manager, &at, &file.etag(), &body).await.is(200);
    check("lebenslauf", seen(0, 1)).await;
    check("hausordnung", seen(1, 1)).await;
    // What one may not enter hides from those too who see the whole house.
    assert_eq!(told(&auditor, "lebenslauf").await[0], 0);
    assert_eq!(told(&auditor, "zahlungsziel").await[0], 1);
    // Nobody sees more for it: where it came to, it is found when the index has followed.
    assert_eq!(told(&town.other(), "zahlungsziel").await[0], 0);
    std::fs::rename(&aside, &folder).expect("the index comes back");
    tests::wait_until("the index has followed", async || {
        told(&town.other(), "zahlungsziel").await[0] == 1
    })
    .await;
    check("lebenslauf", seen(0, 1)).await;
}
