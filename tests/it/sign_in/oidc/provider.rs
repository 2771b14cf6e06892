//! The provider itself: silent, another one, with other keys; and what it tells by itself.

use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};
use tests::provider::{LOGOUT_EVENT, Provider, now, signed, signed_with, unsigned};
use tests::town::Town;
use tests::{Answer, wait_until};

use super::{Begun, MADE, browse, by, enters, roles, town_with};

/// What the provider says when somebody signed out there, with this id.
fn message(provider: &Provider, id: &str, more: &Value) -> Value {
    let mut claims = json!({"iss": provider.issuer(), "aud": "archiv", "iat": now(),
        "exp": now() + 120, "jti": id, "events": {LOGOUT_EVENT: {}}});
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    claims
}

/// The provider tells it.
async fn tell(town: &Town, token: &str) -> Answer {
    let client = town.app.anonymous();
    let request = client
        .request(Method::POST, "/oidc/back-channel")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("logout_token={token}"));
    client.send(request).await
}

#[tokio::test]
async fn a_provider_that_does_not_answer_keeps_nobody_waiting_and_nobody_out() {
    let provider = Provider::start().await;
    let more = [("SECONDS_MAX", "1")];
    let Some(town) = town_with(&provider, &more).await else {
        return;
    };
    let start = format!("{}/oidc/start", town.app.address());
    provider.hold(true);
    let silent = "antwortet zurzeit nicht";
    browse(&start, "").await.refuses(502, silent);
    // It is not asked by each who comes.
    for _ in 0..5 {
        browse(&start, "").await.refuses(502, silent);
    }
    assert_eq!(provider.asked(), ["/.well-known/openid-configuration"]);
    let new = json!({"login": "b.lang", "name": "B. Lang", "password": "ein langer Satz"});
    town.admin().post("/api/v1/accounts", &new).await.is(201);
    let who = json!({"login": "b.lang", "password": "ein langer Satz"});
    let opened = town.app.anonymous().post("/api/v1/sessions", &who).await;
    opened.is(201);
    provider.hold(false);
    wait_until("the provider is asked again", async || {
        browse(&start, "").await.status == 303
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_another_one_is_not_asked_for_anything() {
    let provider = Provider::start().await;
    provider.poses_as("https://anderswo.example");
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let start = format!("{}/oidc/start", town.app.address());
    let page = browse(&start, "").await;
    page.refuses(502, "hat die Prüfung nicht bestanden");
    assert_eq!(provider.asked(), ["/.well-known/openid-configuration"]);
}

#[tokio::test]
async fn the_provider_changes_its_keys() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    enters(&town, &provider, "n.neu", &json!({})).await;
    let asked = |provider: &Provider| {
        let all = provider.asked();
        all.iter().filter(|path| *path == "/keys").count()
    };
    assert_eq!(asked(&provider), 1);
    provider.calls_its_keys(&["two"]);
    let begun = Begun::at(&town, &provider).await;
    let token = signed_with(
        &json!({"alg": "RS256", "kid": "two"}),
        &begun.claims("n.neu"),
    );
    assert_eq!(begun.with(token).await.status, 303);
    assert_eq!(asked(&provider), 2);
    // The old one counts no more, and names that nobody has do not make it ask without end.
    for _ in 0..8 {
        let begun = Begun::at(&town, &provider).await;
        let page = begun.with(signed(&begun.claims("n.neu"))).await;
        page.refuses(502, "hat die Prüfung nicht bestanden");
    }
    assert!(asked(&provider) <= 6, "{}", asked(&provider));
}

#[tokio::test]
async fn what_the_token_does_not_say_is_asked_for() {
    let provider = Provider::start().await;
    provider.says(Some(json!({"sub": "sub-n.neu", "groups": ["archiv"]})));
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let cookie = enters(&town, &provider, "n.neu", &json!({})).await;
    assert_eq!(roles(&town, &cookie).await, ["clerk"]);
    // It speaks of somebody else, or not at all: that is no empty list.
    provider.says(Some(json!({"sub": "sub-another", "groups": []})));
    let begun = Begun::at(&town, &provider).await;
    let page = begun.with(signed(&begun.claims("n.neu"))).await;
    page.refuses(502, "hat die Prüfung nicht bestanden");
    assert_eq!(roles(&town, &cookie).await, ["clerk"]);
}

#[tokio::test]
async fn whoever_signs_out_at_the_provider_is_signed_out_here() {
    let provider = Provider::start().await;
    let Some(town) = town_with(&provider, &MADE).await else {
        return;
    };
    let desk = enters(&town, &provider, "n.neu", &json!({"sid": "s1"})).await;
    let home = enters(&town, &provider, "n.neu", &json!({"sid": "s2"})).await;
    let other = enters(&town, &provider, "o.neu", &json!({"sid": "s3"})).await;
    let message = |id: &str, more: Value| message(&provider, id, &more);
    let tell = async |token: String| tell(&town, &token).await;
    for wrong in [
        message("a", json!({"sub": "sub-n.neu", "nonce": "n"})),
        message("b", json!({"sub": "sub-n.neu", "aud": "another"})),
        message("c", json!({"sub": "sub-n.neu", "events": {}})),
        message("d", json!({})),
    ] {
        tell(signed(&wrong)).await.is(400);
    }
    let keyless = format!(
        "{}.",
        unsigned(
            &json!({"alg": "none"}),
            &message("e", json!({"sub": "sub-n.neu"}))
        )
    );
    tell(keyless).await.is(400);
    by(&town, &desk, "/api/v1/me").await.is(200);
    let one = signed(&message("f", json!({"sub": "sub-n.neu", "sid": "s1"})));
    tell(one.clone()).await.is(200);
    by(&town, &desk, "/api/v1/me").await.is(401);
    by(&town, &home, "/api/v1/me").await.is(200);
    tell(one).await.is(400);
    tell(signed(&message("g", json!({"sub": "sub-n.neu"}))))
        .await
        .is(200);
    by(&town, &home, "/api/v1/me").await.is(401);
    by(&town, &other, "/api/v1/me").await.is(200);
    // Of somebody who is not here there is nothing to end.
    let nobody = signed(&message("h", json!({"sub": "sub-nobody"})));
    tell(nobody.clone()).await.is(200);
    tell(nobody).await.is(400);
}

#[tokio::test]
async fn a_message_that_could_not_be_followed_may_come_again() {
    let provider = Provider::start().await;
    let Some(mut town) = town_with(&provider, &MADE).await else {
        return;
    };
    let desk = enters(&town, &provider, "n.neu", &json!({})).await;
    let token = signed(&message(&provider, "a", &json!({"sub": "sub-n.neu"})));
    let renamed =
        |old: &str, new: &str| format!("ALTER TABLE access_token RENAME COLUMN {old} TO {new}");
    // The database does not do it: nothing is noted of the message either.
    sql(&town, &renamed("begun", "away")).await;
    tell(&town, &token).await.is(500);
    sql(&town, &renamed("away", "begun")).await;
    by(&town, &desk, "/api/v1/me").await.is(200);
    tell(&town, &token).await.is(200);
    by(&town, &desk, "/api/v1/me").await.is(401);
    tell(&town, &token).await.is(400);
    // The provider does not say its keys when it is asked: that is no fault of the message.
    let desk = enters(&town, &provider, "n.neu", &json!({})).await;
    town.app.stop();
    town.app.resume();
    provider.keeps_its_keys(true);
    let token = signed(&message(&provider, "b", &json!({"sub": "sub-n.neu"})));
    tell(&town, &token).await.is(503);
    provider.keeps_its_keys(false);
    wait_until("its keys are asked for again", async || {
        tell(&town, &token).await.status == 200
    })
    .await;
    by(&town, &desk, "/api/v1/me").await.is(401);
}

/// Past the server: what goes wrong with a database.
async fn sql(town: &Town, text: &str) {
    let database = Database::connect(town.app.database_url()).await;
    let database = database.expect("the test's own database");
    let done = database.execute_unprepared(text).await;
    done.expect("a statement");
    database.close().await.expect("an idle connection closes");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let Some(town) = Town::start().await else {
        return;
    };
    let ways = town.app.anonymous().get("/api/v1/sign-in").await.is(200);
    assert!(ways.json()["provider"].is_null());
    for path in ["/oidc/start", "/oidc/callback", "/oidc/sign-out"] {
        town.app.anonymous().get(path).await.is(404);
    }
    // An administrator is not made by a group unless that is said.
    let provider = Provider::start().await;
    let mut app = town.app;
    app.stop();
    app.set("PAPIERLOS_OIDC_ISSUER", &provider.issuer());
    app.set("PAPIERLOS_OIDC_CLIENT_ID", "archiv");
    app.set("PAPIERLOS_OIDC_ROLES", "leitung=admin");
    let said = app.refuses_to_start();
    for wrong in ["oidc.issuer", "oidc.allow_http", "oidc.may_give_admin"] {
        assert!(said.contains(wrong), "{wrong} in {said}");
    }
    app.set("PAPIERLOS_OIDC_ALLOW_HTTP", "true");
    app.set("PAPIERLOS_OIDC_MAY_GIVE_ADMIN", "true");
    app.resume();
    let ways = app.anonymous().get("/api/v1/sign-in").await.is(200);
    assert_eq!(ways.json()["provider"], "/oidc/start");
}
