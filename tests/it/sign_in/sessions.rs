//! Sessions of browsers: the cookie, what a change by it needs, where one is signed in, and how it ends.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::Start;
use tests::town::{OWN, Town, id_of, send};
use tests::{Answer, Client, wait_until};

use super::attempts::account;

const PASSWORD: &str = "ein langer Satz";
const SESSIONS: &str = "/api/v1/sessions";

/// A browser that is signed in.
struct Browser {
    client: Client,
    cookie: String,
    csrf: String,
    id: String,
}

impl Browser {
    /// Signs in, from `from`; `before` is the cookie that it has until now.
    async fn open(town: &Town, from: &str, before: Option<&str>) -> Browser {
        let client = town.app.anonymous();
        let mut headers = vec![
            ("x-forwarded-for", from),
            ("user-agent", "Mozilla/5.0 (Amtsstube) Firefox/140.0"),
            ("sec-fetch-site", "same-origin"),
        ];
        headers.extend(before.map(|cookie| ("cookie", cookie)));
        let who = json!({"login": "b.lang", "password": PASSWORD});
        let opened = send(&client, Method::POST, SESSIONS, &headers, Some(&who)).await;
        let opened = opened.is(201);
        let set = opened.header("set-cookie").expect("a cookie");
        let (cookie, _) = set.split_once(';').expect("attributes");
        let body = opened.json();
        Browser {
            client,
            cookie: cookie.to_owned(),
            csrf: body["csrf"].as_str().expect("a word").to_owned(),
            id: id_of_session(&body["session"]),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let headers = [("cookie", self.cookie.as_str())];
        send(&self.client, Method::GET, path, &headers, None).await
    }

    /// A change as our own page sends it.
    async fn change(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.change_with(
            method,
            path,
            &[("papierlos-csrf", self.csrf.as_str())],
            body,
        )
        .await
    }

    async fn change_with(
        &self,
        method: Method,
        path: &str,
        more: &[(&'static str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut headers = vec![("cookie", self.cookie.as_str())];
        headers.extend(more);
        send(&self.client, method, path, &headers, body).await
    }
}

fn id_of_session(session: &Value) -> String {
    session["id"].as_str().expect("an id").to_owned()
}

async fn town_of(start: Start) -> Option<Town> {
    let start = start
        .with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0")
        .with("PAPIERLOS_SERVER_TRUSTED_PROXIES", "127.0.0.1");
    let town = Town::of(start).await?;
    let new = json!({"login": "b.lang", "name": "B. Lang", "password": PASSWORD,
        "roles": [{"role": "clerk", "department": OWN}]});
    town.admin().post("/api/v1/accounts", &new).await.is(201);
    Some(town)
}

async fn town() -> Option<Town> {
    town_of(Start::new()).await
}

#[tokio::test]
async fn a_browser_signs_in_by_a_cookie_that_no_script_can_read() {
    let Some(town) = town().await else {
        return;
    };
    let anonymous = town.app.anonymous();
    let wrong = json!({"login": "b.lang", "password": "geraten"});
    let refused = anonymous.post(SESSIONS, &wrong).await;
    let refused = refused.is_problem(401, "unauthenticated");
    assert!(refused.header("set-cookie").is_none());
    let who = json!({"login": "b.lang", "password": PASSWORD});
    let opened = anonymous.post(SESSIONS, &who).await.is(201);
    assert_eq!(town.record_of(&opened).await["action"], "token.issue");
    let set = opened.header("set-cookie").expect("a cookie").to_owned();
    let parts: Vec<&str> = set.split("; ").collect();
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(parts.contains(&attribute), "{attribute} in {set}");
    }
    let cookie = parts[0];
    let (name, secret) = cookie.split_once('=').expect("name and value");
    assert_eq!(name, "__Host-papierlos");
    assert!(
        !opened.text().contains(secret),
        "the secret is in the cookie only"
    );
    let by = async |headers: &[(&'static str, &str)]| {
        send(&anonymous, Method::GET, "/api/v1/me", headers, None).await
    };
    let me = by(&[("cookie", cookie)]).await.is(200).json();
    assert_eq!(me["login"], "b.lang");
    // What travels in a cookie is no token, and no token is a session.
    let bearer = format!("Bearer {secret}");
    by(&[("authorization", bearer.as_str())]).await.is(401);
    let token = town.token("full").await;
    let as_cookie = format!("__Host-papierlos={token}");
    by(&[("cookie", as_cookie.as_str())]).await.is(401);
    by(&[("cookie", "__Host-papierlos=nonsense")]).await.is(401);
    // Who sends both is who the token says.
    let bearer = format!("Bearer {token}");
    let me = by(&[("authorization", bearer.as_str()), ("cookie", cookie)]).await;
    assert_eq!(me.is(200).json()["login"], "m.brandt");
    let verified = town.app.command(&["verify", "--json"]).await;
    let verdict = crate::at_rest::verdict(&verified);
    assert!(verdict.codes.is_empty(), "{:?}", verdict.codes);
}

#[tokio::test]
async fn a_change_by_cookie_comes_from_our_own_page_or_not_at_all() {
    let Some(town) = town().await else {
        return;
    };
    let browser = Browser::open(&town, "192.0.2.7", None).await;
    let new = json!({"label": "Scanner", "scope": "intake", "days": 1});
    let issue = async |more: &[(&'static str, &str)]| {
        browser
            .change_with(Method::POST, "/api/v1/tokens", more, Some(&new))
            .await
    };
    let word = ("papierlos-csrf", browser.csrf.as_str());
    let host = town.app.address().to_owned();
    issue(&[word]).await.is(201);
    issue(&[
        word,
        ("sec-fetch-site", "same-origin"),
        ("origin", host.as_str()),
    ])
    .await
    .is(201);
    let other = Browser::open(&town, "192.0.2.7", None).await;
    for wrong in [
        vec![],
        vec![("sec-fetch-site", "same-origin"), ("origin", host.as_str())],
        vec![("papierlos-csrf", other.csrf.as_str())],
        vec![word, ("sec-fetch-site", "cross-site")],
        vec![word, ("sec-fetch-site", "same-site")],
        vec![word, ("origin", "https://anderswo.example")],
        vec![word, ("origin", "null")],
    ] {
        issue(&wrong).await.is_problem(403, "forbidden");
    }
    let tokens = browser.get("/api/v1/tokens").await.is(200).json();
    assert_eq!(tokens["items"].as_array().map(Vec::len), Some(2));
    // Nor may another site sign somebody in.
    let who = json!({"login": "b.lang", "password": PASSWORD});
    let cross = [("sec-fetch-site", "cross-site")];
    let anonymous = town.app.anonymous();
    send(&anonymous, Method::POST, SESSIONS, &cross, Some(&who))
        .await
        .is_problem(403, "forbidden");
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_it() {
    let Some(town) = town().await else {
        return;
    };
    let desk = Browser::open(&town, "192.0.2.7", None).await;
    let home = Browser::open(&town, "2001:db8:1:2::7", None).await;
    let phone = Browser::open(&town, "198.51.100.9", None).await;
    let who = json!({"login": "b.lang", "password": PASSWORD});
    let anonymous = town.app.anonymous();
    let program = anonymous.post("/api/v1/session", &who).await.is(201).json();
    let program = town
        .app
        .with_token(program["secret"].as_str().expect("a secret"));
    let new = json!({"label": "Scanner", "scope": "read", "days": 1});
    let issued = desk
        .change(Method::POST, "/api/v1/tokens", Some(&new))
        .await;
    let issued = issued.is(201).json();
    let token = town
        .app
        .with_token(issued["secret"].as_str().expect("a secret"));
    let listed = desk.get(SESSIONS).await.is(200).json();
    let listed = listed["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(listed.len(), 4, "{listed:?}");
    let of = |id: &str| {
        let found = listed.iter().find(|one| one["id"] == id);
        found.expect("the session").clone()
    };
    let (here, there) = (of(&desk.id), of(&home.id));
    assert_eq!(
        (&here["current"], &there["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(here["kind"], "cookie");
    assert_eq!(here["network"], "192.0.2.0/24");
    assert_eq!(there["network"], "2001:db8:1::/48");
    assert_eq!(here["agent"], "Mozilla/5.0 (Amtsstube) Firefox/140.0");
    assert!(here["last_used_at"].is_string(), "{here}");
    let asked = desk.get("/api/v1/session").await.is(200).json();
    assert_eq!(asked["csrf"], desk.csrf.as_str());
    assert_eq!(asked["session"]["id"], desk.id.as_str());
    let asked = program.get("/api/v1/session").await.is(200).json();
    assert_eq!(
        (&asked["session"]["kind"], &asked["csrf"]),
        (&json!("bearer"), &Value::Null)
    );
    // One of them, by another.
    let phone_at = format!("{SESSIONS}/{}", phone.id);
    let ended = desk.change(Method::DELETE, &phone_at, None).await.is(204);
    assert_eq!(town.record_of(&ended).await["action"], "token.revoke");
    phone.get("/api/v1/me").await.is(401);
    desk.change(Method::DELETE, &phone_at, None).await.is(404);
    // All others; what was issued stays.
    desk.change(Method::DELETE, SESSIONS, None).await.is(204);
    home.get("/api/v1/me").await.is(401);
    program.get("/api/v1/me").await.is(401);
    token.get("/api/v1/me").await.is(200);
    desk.get("/api/v1/me").await.is(200);
    let none = desk.change(Method::DELETE, SESSIONS, None).await.is(204);
    assert!(none.header("papierlos-log-seq").is_none());
    let out = desk
        .change(Method::DELETE, "/api/v1/session", None)
        .await
        .is(204);
    let set = out.header("set-cookie").expect("the cookie is taken away");
    assert!(set.starts_with("__Host-papierlos=; Max-Age=0;"), "{set}");
    desk.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_token_that_only_reads_ends_no_session_and_learns_of_none() {
    let Some(town) = town().await else {
        return;
    };
    let desk = Browser::open(&town, "192.0.2.7", None).await;
    let reader = town.app.with_token(&town.token("read").await);
    for id in [desk.id.clone(), uuid::Uuid::now_v7().to_string()] {
        let path = format!("{SESSIONS}/{id}");
        send(&reader, Method::DELETE, &path, &[], None)
            .await
            .is_problem(403, "forbidden");
    }
    desk.get("/api/v1/me").await.is(200);
}

#[tokio::test]
async fn whoever_signs_in_again_has_another_session_and_the_one_before_ends() {
    let Some(town) = town().await else {
        return;
    };
    let first = Browser::open(&town, "192.0.2.7", None).await;
    let second = Browser::open(&town, "192.0.2.7", Some(&first.cookie)).await;
    assert_ne!(first.cookie, second.cookie);
    assert_ne!(first.csrf, second.csrf);
    first.get("/api/v1/me").await.is(401);
    second.get("/api/v1/me").await.is(200);
}

#[tokio::test]
async fn an_administrator_ends_the_sessions_of_an_account_and_nobody_else_does() {
    let Some(town) = town().await else {
        return;
    };
    let desk = Browser::open(&town, "192.0.2.7", None).await;
    let home = Browser::open(&town, "198.51.100.9", None).await;
    let all = format!(
        "/api/v1/accounts/{}/sessions",
        account(&town, "b.lang").await
    );
    let one = format!("{SESSIONS}/{}", home.id);
    let delete =
        async |client: &Client, path: &str| send(client, Method::DELETE, path, &[], None).await;
    for client in [town.clerk(), town.other(), town.auditor()] {
        delete(&client, &all).await.is_problem(403, "forbidden");
        delete(&client, &one).await.is_problem(404, "not-found");
    }
    desk.change(Method::DELETE, &all, None).await.is(403);
    delete(&town.admin(), &one).await.is(204);
    home.get("/api/v1/me").await.is(401);
    desk.get("/api/v1/me").await.is(200);
    delete(&town.admin(), &all).await.is(204);
    desk.get("/api/v1/me").await.is(401);
    let nobody = format!("/api/v1/accounts/{}/sessions", uuid::Uuid::now_v7());
    delete(&town.admin(), &nobody).await.is(404);
    // From the machine itself, too.
    let desk = Browser::open(&town, "192.0.2.7", None).await;
    let done = town.app.command(&["user", "sign-out", "b.lang"]).await;
    assert!(done.status.success(), "{done:?}");
    desk.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let Some(town) = town().await else {
        return;
    };
    let desk = Browser::open(&town, "192.0.2.7", None).await;
    let home = Browser::open(&town, "198.51.100.9", None).await;
    let me = desk.get("/api/v1/me").await.is(200).json();
    let path = format!("/api/v1/accounts/{}", me["id"].as_str().expect("an id"));
    let etag = format!("\"v{}\"", me["version"]);
    let new = json!({"password": "noch ein langer Satz", "current_password": PASSWORD});
    let headers = [
        ("if-match", etag.as_str()),
        ("papierlos-csrf", desk.csrf.as_str()),
    ];
    desk.change_with(Method::PATCH, &path, &headers, Some(&new))
        .await
        .is(200);
    desk.get("/api/v1/me").await.is(401);
    home.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_one_in_use_lives_on() {
    let start = Start::new().with("PAPIERLOS_SIGN_IN_IDLE_SECONDS", "10");
    let Some(town) = town_of(start).await else {
        return;
    };
    let used = Browser::open(&town, "192.0.2.7", None).await;
    let idle = Browser::open(&town, "198.51.100.9", None).await;
    let last = Browser::open(&town, "198.51.100.9", None).await;
    wait_until("the unused sessions are gone", async || {
        let listed = used.get(SESSIONS).await.is(200).json();
        listed["items"].as_array().map(Vec::len) == Some(1)
    })
    .await;
    idle.get("/api/v1/me").await.is(401);
    last.change(Method::DELETE, "/api/v1/session", None)
        .await
        .is(401);
    used.get("/api/v1/me").await.is(200);
}

#[tokio::test]
async fn when_a_token_was_last_used_is_known() {
    let Some(town) = town().await else {
        return;
    };
    let clerk = town.clerk();
    let new = json!({"label": "Scanner", "scope": "intake", "days": 30});
    let issued = clerk.post("/api/v1/tokens", &new).await.is(201).json();
    let id = id_of_session(&issued["token"]);
    let shown = async || {
        let listed = clerk.get("/api/v1/tokens").await.is(200).json();
        let listed = listed["items"].as_array().cloned().unwrap_or_default();
        let found = listed.into_iter().find(|one| one["id"] == id.as_str());
        found.expect("the token")
    };
    assert!(shown().await["last_used_at"].is_null());
    let scanner = town
        .app
        .with_token(issued["secret"].as_str().expect("a secret"));
    let filed = scanner.file("a.pdf", b"Inhalt", &json!({})).await.is(201);
    // It files, and reads nothing: not what it filed, not a list, not who it is.
    for path in [
        format!("/api/v1/documents/{}", id_of(&filed)),
        "/api/v1/documents".to_owned(),
        "/api/v1/me".to_owned(),
        "/api/v1/session".to_owned(),
        SESSIONS.to_owned(),
        "/api/v1/tokens".to_owned(),
        "/api/v1/departments".to_owned(),
        "/api/v1/changes".to_owned(),
        "/api/v1/search?q=Inhalt".to_owned(),
    ] {
        scanner.get(&path).await.is_problem(403, "forbidden");
    }
    wait_until("the use is noted", async || {
        shown().await["last_used_at"].is_string()
    })
    .await;
    assert_eq!(shown().await["network"], "127.0.0.0/24");
}
