//! Passwords, tokens and accounts, through the front door.

use reqwest::Method;
use serde_json::{Value, json};
use tests::Client;
use tests::app::Start;
use tests::town::{OWN, Town, send};

#[tokio::test]
async fn a_password_changes_by_its_owner_or_an_administrator() {
    let Some(town) = Town::start().await else {
        return;
    };
    let me = town.clerk().get("/api/v1/me").await.is(200).json();
    let path = format!("/api/v1/accounts/{}", me["id"].as_str().expect("an id"));
    let etag = format!("\"v{}\"", me["version"]);
    let new = json!({"password": "ein neuer langer Satz"});
    town.other().patch(&path, &etag, &new).await.is(403);
    town.app
        .with_token(&town.token("read").await)
        .patch(&path, &etag, &new)
        .await
        .is(403);
    // An administrator need not know the one before, and there is none here.
    let changed = town.admin().patch(&path, &etag, &new).await.is(200);
    // Whoever knew the old one is out.
    town.clerk().get("/api/v1/me").await.is(401);
    let anonymous = town.app.anonymous();
    let sign_in = async |password: &str| {
        let who = json!({"login": "m.brandt", "password": password});
        anonymous.post("/api/v1/session", &who).await
    };
    let session = sign_in("ein neuer langer Satz").await.is(201).json();
    let session = town
        .app
        .with_token(session["secret"].as_str().expect("a secret"));
    let etag = changed.etag();
    let name = json!({"name": "Chef"});
    session.patch(&path, &etag, &name).await.is(403);
    // Whoever finds an open session cannot keep its owner out.
    let next = |current: Option<&str>| json!({"password": "noch ein langer Satz", "current_password": current});
    let missing = json!({"password": "noch ein langer Satz"});
    for (body, code) in [
        (missing, "required"),
        (next(Some("geraten und falsch")), "wrong-password"),
    ] {
        let refused = session.patch(&path, &etag, &body).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], "/current_password");
        assert_eq!(refused["errors"][0]["code"], code);
    }
    let right = next(Some("ein neuer langer Satz"));
    session.patch(&path, &etag, &right).await.is(200);
    session.get("/api/v1/me").await.is(401);
    sign_in("ein neuer langer Satz").await.is(401);
    sign_in("noch ein langer Satz").await.is(201);
}

#[tokio::test]
async fn guessing_the_own_password_counts_as_signing_in() {
    let start = Start::new().with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "3");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let me = town.clerk().get("/api/v1/me").await.is(200).json();
    let path = format!("/api/v1/accounts/{}", me["id"].as_str().expect("an id"));
    let etag = format!("\"v{}\"", me["version"]);
    let guess = json!({"password": "noch ein langer Satz", "current_password": "geraten"});
    for _ in 0..3 {
        town.clerk().patch(&path, &etag, &guess).await.is(422);
    }
    town.clerk()
        .patch(&path, &etag, &guess)
        .await
        .is_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_token_that_only_reads_ends_itself_and_no_other() {
    let Some(town) = Town::start().await else {
        return;
    };
    let new = json!({"label": "Leser", "scope": "read", "days": 1});
    let issue = async || {
        let issued = town.clerk().post("/api/v1/tokens", &new).await.is(201);
        let issued = issued.json();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (
            text(&issued["secret"]),
            format!("/api/v1/tokens/{}", text(&issued["token"]["id"])),
        )
    };
    let ((secret, own), (other_secret, other)) = (issue().await, issue().await);
    let reader = town.app.with_token(&secret);
    send(&reader, Method::DELETE, &other, &[], None)
        .await
        .is_problem(403, "forbidden");
    town.app
        .with_token(&other_secret)
        .get("/api/v1/me")
        .await
        .is(200);
    send(&reader, Method::DELETE, &own, &[], None).await.is(204);
    reader.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn forged_tokens_do_not_fill_the_log() {
    let Some(town) = Town::start().await else {
        return;
    };
    let refusals = async || -> u64 {
        let metrics = town.app.anonymous().get("/metrics").await.is(200).text();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("papierlos_forged_tokens_unrecorded_total "));
        let (_, count) = line.expect("a figure").split_once(' ').expect("a number");
        count.parse().expect("a number")
    };
    // What has not even the form of a token is none of the log's business.
    for _ in 0..20 {
        let nonsense = town.app.with_token("Bahnhof");
        nonsense.get("/api/v1/me").await.is(401);
    }
    assert_eq!(refusals().await, 0);
    let forged = format!("plt_{}", "A".repeat(43));
    for _ in 0..25 {
        town.app.with_token(&forged).get("/api/v1/me").await.is(401);
    }
    let counted = refusals().await;
    assert!((1..=15).contains(&counted), "{counted} not recorded");
}

#[tokio::test]
async fn what_people_create_is_created_once() {
    let Some(town) = Town::start().await else {
        return;
    };
    let admin = town.admin();
    let post = async |client: &Client, path: &str, key: &str, body: &Value| {
        let headers = [("idempotency-key", key)];
        send(client, Method::POST, path, &headers, Some(body)).await
    };
    let account = json!({"login": "b.lang", "name": "B. Lang", "password": "ein langer Satz",
        "roles": [{"role": "clerk", "department": OWN}]});
    let department = json!({"slug": "standesamt", "name": "Standesamt"});
    for (path, body, field) in [
        ("/api/v1/accounts", &account, "name"),
        ("/api/v1/departments", &department, "name"),
    ] {
        let first = post(&admin, path, "eins", body).await;
        let first = if path.ends_with("accounts") {
            first.is(201)
        } else {
            // The key is taken by another request.
            first.is_problem(422, "idempotency-key-reused");
            post(&admin, path, "zwei", body).await.is(201)
        };
        let key = if path.ends_with("accounts") {
            "eins"
        } else {
            "zwei"
        };
        let again = post(&admin, path, key, body).await.is(201);
        assert_eq!(again.json(), first.json());
        assert_eq!(again.receipt(), first.receipt());
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("etag"), first.header("etag"));
        let mut other = body.clone();
        other[field] = json!("Anders");
        post(&admin, path, key, &other)
            .await
            .is_problem(422, "idempotency-key-reused");
        admin
            .post(path, body)
            .await
            .is_problem(409, "already-exists");
    }
    let mut other = account.clone();
    other["password"] = json!("ein anderer Satz");
    post(&admin, "/api/v1/accounts", "eins", &other)
        .await
        .is_problem(422, "idempotency-key-reused");
    // A secret is shown once and not kept for a repetition.
    let token = json!({"label": "Scanner", "scope": "intake", "days": 30});
    let session = json!({"login": "b.lang", "password": "ein langer Satz"});
    for (path, body) in [("/api/v1/tokens", &token), ("/api/v1/session", &session)] {
        let refused = post(&town.clerk(), path, "drei", body).await;
        let refused = refused.is_problem(400, "bad-request").json();
        assert_eq!(refused["errors"][0]["header"], "Idempotency-Key");
    }
}
