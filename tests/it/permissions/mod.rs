//! Who may do what: the table, and everything that must not leak.

mod attempts;
mod table;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, id_of, send, walk};
use tests::{Client, fixtures};

/// Everything that a client can ask for without naming a document.
async fn everything(client: &Client, words: &str) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for path in [
        "/api/v1/documents?limit=100&count=true".to_owned(),
        format!("/api/v1/documents?department={OTHER}&count=true"),
        format!("/api/v1/search?q={words}&facets=true&explain=true"),
        format!("/api/v1/search?q={words}*&facets=true&explain=true"),
        format!("/api/v1/search?q=&facets=true&department={OTHER}"),
        "/api/v1/search?q=&facets=true&sort=received".to_owned(),
        format!("/api/v1/search?q=-{words}%20OR%20{words}&facets=true&explain=true"),
        format!("/api/v1/search?q=%22{words}%22&facets=true&explain=true"),
        "/api/v1/search/suggest?q=Geheimn".to_owned(),
        "/api/v1/search/suggest?q=G".to_owned(),
        "/api/v1/changes?limit=1000".to_owned(),
        "/api/v1/correspondents?limit=100".to_owned(),
        "/api/v1/correspondents?q=Geheim".to_owned(),
        "/api/v1/departments".to_owned(),
    ] {
        let answer = client.get(&path).await.is(200).json();
        all.push((path, answer));
    }
    all
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn nothing_of_another_department_shows_anywhere() {
    let Some(town) = Town::start().await else {
        return;
    };
    let secret = "Geheimniskrämerei";
    let metadata = json!({"title": secret, "type": "Geheimart", "tags": ["Geheimtag"],
        "correspondent": "Geheimrat", "document_date": "1987-06-05"});
    let content = fixtures::unique_pdf(&format!("{secret} in der Amtsstube"));
    let filed = town
        .other()
        .file("geheim.pdf", &content, &metadata)
        .await
        .is(201);
    let id = id_of(&filed);
    let own = town.letter("Eigenes", "Antrag").await;
    town.settle().await;
    let seen = everything(&town.other(), secret).await;
    assert!(
        seen.iter()
            .any(|(_, answer)| answer.to_string().contains("Geheimart")),
        "the test finds nothing"
    );
    for (who, client) in [("clerk", town.clerk()), ("admin", town.admin())] {
        for (path, answer) in everything(&client, secret).await {
            let said = answer.to_string();
            // The question itself comes back in `explain`; nothing else may.
            let told = [
                "Geheimart",
                "Geheimtag",
                "Geheimrat",
                "Amtsstube",
                "1987",
                &id,
            ];
            for word in told {
                assert!(!said.contains(word), "{who} {path}: {word} in {said}");
            }
            if path.contains("search") && path.contains(secret) {
                let explained = answer["explain"].as_array().into_iter().flatten();
                let counted: u64 = explained.filter_map(|one| one["documents"].as_u64()).sum();
                let all = answer["total"].as_u64().unwrap_or_default();
                assert!(
                    counted <= all,
                    "{who} {path}: counts what may not be seen: {said}"
                );
            }
            if path.contains(OTHER) {
                assert_eq!(answer["total"], 0, "{who} {path}");
            }
        }
        let at = format!("/api/v1/documents/{id}");
        for rest in [
            "",
            "/content",
            "/text",
            "/duplicates",
            "/versions",
            "/versions/1/content",
            "/history",
        ] {
            let hidden = client
                .get(&format!("{at}{rest}"))
                .await
                .is_problem(404, "not-found");
            let nothing = uuid::Uuid::now_v7();
            let unknown = client
                .get(&format!("/api/v1/documents/{nothing}{rest}"))
                .await;
            let (mut hidden, mut unknown) = (hidden.json(), unknown.is(404).json());
            for one in [&mut hidden, &mut unknown] {
                one["instance"] = json!(null);
            }
            assert_eq!(
                hidden, unknown,
                "{who} {rest}: there is a difference to what does not exist"
            );
        }
    }
    // Filing the same content tells nothing of the other's.
    let same = town
        .clerk()
        .file("a.pdf", &content, &json!({"title": "Gleich"}))
        .await
        .is(201);
    assert_eq!(same.json()["duplicates"], json!([]));
    assert_eq!(
        same.json()["content"]["sha256"],
        filed.json()["content"]["sha256"]
    );
    assert_eq!(
        town.admin()
            .get("/api/v1/documents?count=true")
            .await
            .is(200)
            .json()["total"],
        0
    );
    drop(own);
}

#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
#[tokio::test]
async fn what_is_taken_away_is_gone_with_the_next_request() {
    let Some(town) = Town::start().await else {
        return;
    };
    let id = id_of(&town.letter("Antrag", "Antrag").await);
    let at = format!("/api/v1/documents/{id}");
    let admin = town.admin();
    let account = async |login: &str| {
        let all = walk(&admin, "/api/v1/accounts?").await;
        all.into_iter()
            .find(|one| one["login"] == login)
            .expect("an account")
    };
    // A token.
    let new = json!({"label": "Zweites", "scope": "full", "days": 1});
    let issued = town
        .clerk()
        .post("/api/v1/tokens", &new)
        .await
        .is(201)
        .json();
    let second = town
        .app
        .with_token(issued["secret"].as_str().expect("a secret"));
    second.get(&at).await.is(200);
    let token = issued["token"]["id"].as_str().expect("an id");
    let revoke = format!("/api/v1/tokens/{token}");
    send(&town.other(), Method::DELETE, &revoke, &[], None)
        .await
        .is(404);
    send(&town.clerk(), Method::DELETE, &revoke, &[], None)
        .await
        .is(204);
    second.get(&at).await.is_problem(401, "unauthenticated");
    // A session.
    let new = json!({"login": "b.lang", "name": "B. Lang", "password": "ein langer Satz",
        "roles": [{"role": "clerk", "department": OWN}]});
    admin.post("/api/v1/accounts", &new).await.is(201);
    let wrong = json!({"login": "b.lang", "password": "ein falscher Satz"});
    let nobody = json!({"login": "gibt.es.nicht", "password": "ein falscher Satz"});
    let anonymous = town.app.anonymous();
    let refused = async |body: &Value| {
        let mut refused = anonymous.post("/api/v1/session", body).await.is(401).json();
        refused["instance"] = json!(null);
        refused
    };
    assert_eq!(
        refused(&wrong).await,
        refused(&nobody).await,
        "a login can be guessed"
    );
    let right = json!({"login": "b.lang", "password": "ein langer Satz"});
    let session = anonymous
        .post("/api/v1/session", &right)
        .await
        .is(201)
        .json();
    let session = town
        .app
        .with_token(session["secret"].as_str().expect("a secret"));
    session.get(&at).await.is(200);
    // A role.
    let who = account("b.lang").await;
    let roles = format!(
        "/api/v1/accounts/{}/roles",
        who["id"].as_str().expect("an id")
    );
    let none = json!({"roles": []});
    let tag = |one: &Value| format!("\"v{}\"", one["version"]);
    let seen = tag(&who);
    let put = async |path: &str, etag: &str, body: &Value| {
        send(&admin, Method::PUT, path, &[("if-match", etag)], Some(body)).await
    };
    let taken = put(&roles, &seen, &none).await.is(200);
    assert_ne!(taken.etag(), seen, "the version moves with the roles");
    put(&roles, &seen, &none)
        .await
        .is_problem(412, "precondition-failed");
    send(&admin, Method::PUT, &roles, &[], Some(&none))
        .await
        .is_problem(428, "precondition-required");
    session.get(&at).await.is_problem(404, "not-found");
    assert_eq!(
        session.get("/api/v1/search?q=Antrag").await.is(200).json()["total"],
        0
    );
    let again = json!({"roles": [{"role": "clerk", "department": OWN}]});
    let given = put(&roles, &taken.etag(), &again).await.is(200);
    let path = roles.trim_end_matches("/roles");
    let shown = admin.get(path).await.is(200);
    assert_eq!((shown.etag(), shown.json()), (given.etag(), given.json()));
    session.get(&at).await.is(200);
    // The session itself.
    send(&session, Method::DELETE, "/api/v1/session", &[], None)
        .await
        .is(204);
    session.get("/api/v1/me").await.is(401);
    // The account.
    let off = json!({"disabled": true});
    let who = account("m.brandt").await;
    let path = format!("/api/v1/accounts/{}", who["id"].as_str().expect("an id"));
    let etag = format!("\"v{}\"", who["version"]);
    admin.patch(&path, &etag, &off).await.is(200);
    town.clerk()
        .get(&at)
        .await
        .is_problem(401, "unauthenticated");
    // The last administrator stays.
    let chef = account("chef").await;
    let path = format!("/api/v1/accounts/{}", chef["id"].as_str().expect("an id"));
    let etag = tag(&chef);
    admin
        .patch(&path, &etag, &off)
        .await
        .is_problem(409, "conflict");
    put(&format!("{path}/roles"), &etag, &none)
        .await
        .is_problem(409, "conflict");
}
