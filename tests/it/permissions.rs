//! Who may do what: the table that a review looks at, and everything that must not leak.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{OTHER, OWN, Town, id_of, send, walk};
use tests::{Answer, Client, fixtures};

use crate::describing::attempts::{DESCRIBED, describe};
use crate::records::attempts::{FILED, filed, filing};

/// What each of them tries, in the order of the table's lines.
const TRIED: &[&str] = &[
    "file in own",
    "file in other",
    "list",
    "read",
    "content",
    "text",
    "versions",
    "history",
    "change",
    "add version",
    "discard",
    "restore",
    "draft in case",
    "register",
    "route",
    "refile document",
    "undo a route",
    "open file",
    "list files",
    "read file",
    "file history",
    "change file",
    "refile file",
    "close file",
    "reopen file",
    "open case",
    "list cases",
    "read case",
    "case history",
    "change case",
    "refile case",
    "close case",
    "reopen case",
    "place hold",
    "lift hold",
    "reference",
    "preview bulk",
    "apply bulk",
    "list correspondents",
    "read correspondent",
    "who it was",
    "create correspondent",
    "change correspondent",
    "merge",
    "split",
    "list notes",
    "read note",
    "note history",
    "add note",
    "change note",
    "withdraw note",
    "list relations",
    "read relation",
    "relation history",
    "relate",
    "withdraw relation",
    "search",
    "suggest",
    "changes",
    "log records",
    "checkpoint",
    "identity",
    "me",
    "own tokens",
    "issue token",
    "own webhooks",
    "create webhook",
    "read webhook",
    "change webhook",
    "end webhook",
    "rotate webhook",
    "test webhook",
    "deliveries",
    "end token",
    "departments",
    "create department",
    "accounts",
    "account",
    "create account",
    "change account",
    "set roles",
    "plans",
    "plan units",
    "export plan",
    "create plan",
    "change plan",
    "import plan",
    "add unit",
    "change unit",
    "retire unit",
];

async fn upload(
    client: &Client,
    path: &str,
    etag: Option<&str>,
    department: Option<&str>,
) -> Answer {
    let metadata = department.map_or_else(|| json!({}), |one| json!({"department": one}));
    let part = reqwest::multipart::Part::bytes(b"Inhalt".to_vec()).file_name("a.txt");
    let mut form = reqwest::multipart::Form::new().part("content", part);
    if department.is_some() {
        form = form.text("metadata", metadata.to_string());
    }
    let mut request = client.request(Method::POST, path).multipart(form);
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    client.send(request).await
}

/// What happens when `client` tries `what` on a fresh document of [`OWN`].
#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn attempt(town: &Town, client: &Client, what: &str, round: &str) -> Answer {
    const NAMING: &[&str] = &[
        "read",
        "content",
        "text",
        "versions",
        "history",
        "change",
        "add version",
        "discard",
        "restore",
    ];
    if !NAMING.contains(&what) {
        return attempt_without(town, client, what, round).await;
    }
    let filed = town
        .letter("Antrag", "Antrag auf Bewohnerparkausweis")
        .await;
    let at = format!("/api/v1/documents/{}", id_of(&filed));
    let mut etag = filed.etag();
    let post = async |path: String, etag: &str, body: Option<Value>| {
        send(
            client,
            Method::POST,
            &path,
            &[("if-match", etag)],
            body.as_ref(),
        )
        .await
    };
    match what {
        "read" => client.get(&at).await,
        "content" => client.get(&format!("{at}/content")).await,
        "text" => {
            town.read(&id_of(&filed)).await;
            client.get(&format!("{at}/text")).await
        }
        "versions" => client.get(&format!("{at}/versions")).await,
        "history" => client.get(&format!("{at}/history")).await,
        "change" => {
            client
                .patch(&at, &etag, &json!({"title": "Geändert"}))
                .await
        }
        "add version" => upload(client, &format!("{at}/versions"), Some(&etag), None).await,
        "discard" => {
            post(
                format!("{at}/discard"),
                &etag,
                Some(json!({"reason": "Werbung"})),
            )
            .await
        }
        "restore" => {
            let reason = json!({"reason": "Werbung"});
            let path = format!("{at}/discard");
            let clerk = town.clerk();
            let aside = send(
                &clerk,
                Method::POST,
                &path,
                &[("if-match", &etag)],
                Some(&reason),
            )
            .await;
            etag = aside.is(200).etag();
            post(format!("{at}/restore"), &etag, None).await
        }
        other => unreachable!("{other} names no document"),
    }
}

/// As [`attempt`], for what names no document.
async fn attempt_without(town: &Town, client: &Client, what: &str, round: &str) -> Answer {
    match what {
        "file in own" => upload(client, "/api/v1/documents", None, Some(OWN)).await,
        "file in other" => upload(client, "/api/v1/documents", None, Some(OTHER)).await,
        "list" => client.get("/api/v1/documents").await,
        "search" => client.get("/api/v1/search?q=Antrag").await,
        "suggest" => client.get("/api/v1/search/suggest?q=Antr").await,
        "changes" => client.get("/api/v1/changes").await,
        "log records" => client.get("/api/v1/log/records?limit=1").await,
        "checkpoint" => client.get("/api/v1/log/checkpoint").await,
        "identity" => client.get("/api/v1/log/identity").await,
        "own webhooks" => client.get("/api/v1/webhooks").await,
        "create webhook" => {
            let new = json!({"url": "https://fachverfahren.invalid/", "events": ["*"]});
            client.post("/api/v1/webhooks", &new).await
        }
        "read webhook" | "change webhook" | "end webhook" | "rotate webhook" | "test webhook"
        | "deliveries" => attempt_on_webhook(town, client, what).await,
        "draft in case" | "register" | "route" | "refile document" | "undo a route" => {
            filing(town, client, what).await
        }
        what if FILED.contains(&what) => filed(town, client, what).await,
        what if DESCRIBED.contains(&what) => describe(town, client, what).await,
        other => administer(town, client, other, round).await,
    }
}

/// What happens on a subscription of the clerk of [`OWN`].
async fn attempt_on_webhook(town: &Town, client: &Client, what: &str) -> Answer {
    let new = json!({"url": "https://fachverfahren.invalid/", "events": ["*"]});
    let created = town.clerk().post("/api/v1/webhooks", &new).await.is(201);
    let at = format!("/api/v1/webhooks/{}", id_of(&created));
    let etag = created.etag();
    let headers = [("if-match", etag.as_str())];
    let answer = match what {
        "read webhook" => client.get(&at).await,
        "change webhook" => client.patch(&at, &etag, &json!({"active": false})).await,
        "end webhook" => send(client, Method::DELETE, &at, &headers, None).await,
        "rotate webhook" => {
            send(
                client,
                Method::POST,
                &format!("{at}/rotate"),
                &headers,
                None,
            )
            .await
        }
        "test webhook" => send(client, Method::POST, &format!("{at}/test"), &[], None).await,
        _ => client.get(&format!("{at}/deliveries")).await,
    };
    // An account may have only so many.
    let now = town.clerk().get(&at).await.is(200);
    let etag = now.etag();
    let headers = [("if-match", etag.as_str())];
    send(&town.clerk(), Method::DELETE, &at, &headers, None).await;
    answer
}

async fn administer(town: &Town, client: &Client, what: &str, round: &str) -> Answer {
    let someone = async || {
        let all = town.admin().get("/api/v1/accounts").await.is(200).json();
        let all = all["items"].as_array().cloned().unwrap_or_default();
        let one = all
            .into_iter()
            .find(|one| one["login"] == "k.sommer")
            .expect("an account");
        (
            one["id"].as_str().unwrap_or_default().to_owned(),
            format!("\"v{}\"", one["version"]),
        )
    };
    match what {
        "me" => client.get("/api/v1/me").await,
        "own tokens" => client.get("/api/v1/tokens").await,
        "issue token" => {
            let new = json!({"label": "Scanner", "scope": "full", "days": 1});
            client.post("/api/v1/tokens", &new).await
        }
        "departments" => client.get("/api/v1/departments").await,
        "create department" => {
            let new = json!({"slug": format!("amt-{round}"), "name": "Amt"});
            client.post("/api/v1/departments", &new).await
        }
        "accounts" => client.get("/api/v1/accounts").await,
        "create account" => {
            let new = json!({"login": format!("neu-{round}"), "name": "Neu"});
            client.post("/api/v1/accounts", &new).await
        }
        "account" => {
            let (id, _) = someone().await;
            client.get(&format!("/api/v1/accounts/{id}")).await
        }
        "end token" => {
            // Another one of the same account, wherever it may issue one; else one of the clerk.
            let new = json!({"label": "Scanner", "scope": "read", "days": 1});
            let mut issued = client.post("/api/v1/tokens", &new).await;
            if issued.status != 201 {
                issued = town.clerk().post("/api/v1/tokens", &new).await.is(201);
            }
            let id = issued.json()["token"]["id"].as_str().map(str::to_owned);
            let path = format!("/api/v1/tokens/{}", id.unwrap_or_default());
            send(client, Method::DELETE, &path, &[], None).await
        }
        "change account" => {
            let (id, etag) = someone().await;
            let change = json!({"name": format!("K. Sommer {round}")});
            client
                .patch(&format!("/api/v1/accounts/{id}"), &etag, &change)
                .await
        }
        "set roles" => {
            let (id, etag) = someone().await;
            let path = format!("/api/v1/accounts/{id}/roles");
            let roles = json!({"roles": [{"role": "clerk", "department": OTHER}]});
            let based_on = [("if-match", &*etag)];
            send(client, Method::PUT, &path, &based_on, Some(&roles)).await
        }
        other => maintain(town, client, other).await,
    }
}

/// As [`attempt`], for an edition of a file plan and a unit of it.
async fn maintain(town: &Town, client: &Client, what: &str) -> Answer {
    let plans = "/api/v1/file-plans";
    let name = uuid::Uuid::now_v7();
    let new = json!({"name": name, "edition": "1", "valid_from": "2026-01-01"});
    let unit = json!({"code": "1", "title": "Eins", "retention_years": 10, "disposal": "B"});
    let registrar = town.registrar().await;
    let made = registrar.post(plans, &new).await.is(201);
    let at = format!("{plans}/{}", id_of(&made));
    let units = format!("{at}/units");
    let added = registrar.post(&units, &unit).await.is(201);
    let one = format!("/api/v1/plan-units/{}", id_of(&added));
    let etag = added.etag();
    match what {
        "plans" => client.get(plans).await,
        "plan units" => client.get(&units).await,
        "export plan" => client.get(&format!("{at}/export")).await,
        "create plan" => {
            let new =
                json!({"name": uuid::Uuid::now_v7(), "edition": "1", "valid_from": "2026-01-01"});
            client.post(plans, &new).await
        }
        "change plan" => {
            let end = json!({"valid_until": "2026-12-31"});
            client.patch(&at, &made.etag(), &end).await
        }
        "import plan" => {
            let path = format!("{plans}/import?name={name}&edition=1");
            let table = "code;title;retention_years;disposal\n2;Zwei;10;B\n";
            let request = client.request(Method::POST, &path);
            let request = request.header("content-type", "text/csv").body(table);
            client.send(request).await
        }
        "add unit" => {
            let unit =
                json!({"code": "2", "title": "Zwei", "retention_years": 10, "disposal": "B"});
            client.post(&units, &unit).await
        }
        "change unit" => client.patch(&one, &etag, &json!({"title": "Zwei"})).await,
        "retire unit" => {
            let path = format!("{one}/retire");
            send(client, Method::POST, &path, &[("if-match", &etag)], None).await
        }
        other => unreachable!("nobody knows how to try {other}"),
    }
}

#[tokio::test]
async fn who_may_do_what() {
    let Some(town) = Town::start().await else {
        return;
    };
    tests::wait_until("a checkpoint is published", async || {
        town.clerk().get("/api/v1/log/checkpoint").await.status == 200
    })
    .await;
    let units = vec![tests::plan::unit("02.1"), tests::plan::unit("02.2")];
    tests::plan::plan(&town, "2020", ("2020-01-01", None), units).await;
    let head = tests::town::add(&town.app, "l.heide", "head", Some(OWN)).await;
    let intake = town.token("intake").await;
    let read = town.token("read").await;
    let people = [
        ("clerk", town.clerk()),
        ("other", town.other()),
        ("head", town.app.with_token(&head)),
        ("auditor", town.auditor()),
        ("registrar", town.registrar().await),
        ("admin", town.admin()),
        ("intake", town.app.with_token(&intake)),
        ("read", town.app.with_token(&read)),
        ("nobody", town.app.anonymous()),
        (
            "forged",
            town.app
                .with_token("plt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ),
    ];
    let mut table = format!("{:<18}", "");
    for (name, _) in &people {
        write!(table, "{name:<10}").expect("text");
    }
    for what in TRIED {
        write!(table, "\n{what:<18}").expect("text");
        for (name, client) in &people {
            let answer = attempt(&town, client, what, name).await;
            write!(table, "{:<10}", answer.status.as_str()).expect("text");
        }
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"));
}

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
