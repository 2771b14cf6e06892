//! Failed attempts: counted for every name alike, slowed down, recorded, forgotten.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::Start;
use tests::town::{OWN, Town, send};
use tests::{Answer, Client};

use super::attempts::account;

const PASSWORD: &str = "ein langer Satz";

/// A town behind a proxy, so that people come from somewhere, with `b.lang`, who has a password.
/// Whoever has to wait waits longer than any test.
async fn town(failures_max: &str, everywhere_max: &str) -> Option<Town> {
    let start = Start::new()
        .with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0")
        .with("PAPIERLOS_SERVER_TRUSTED_PROXIES", "127.0.0.1")
        .with("PAPIERLOS_SIGN_IN_FAILURES_MAX", failures_max)
        .with("PAPIERLOS_SIGN_IN_FAILURES_EVERYWHERE_MAX", everywhere_max)
        .with("PAPIERLOS_SIGN_IN_DELAY_SECONDS", "3600")
        .with("PAPIERLOS_SIGN_IN_DELAY_SECONDS_MAX", "3600");
    let town = Town::of(start).await?;
    let new = json!({"login": "b.lang", "name": "B. Lang", "password": PASSWORD,
        "roles": [{"role": "clerk", "department": OWN}]});
    town.admin().post("/api/v1/accounts", &new).await.is(201);
    Some(town)
}

async fn sign_in(town: &Town, from: &str, login: &str, password: &str) -> Answer {
    let who = json!({"login": login, "password": password});
    let headers = [("x-forwarded-for", from)];
    let anonymous = town.app.anonymous();
    send(
        &anonymous,
        Method::POST,
        "/api/v1/session",
        &headers,
        Some(&who),
    )
    .await
}

/// What an answer tells, without what is different each time.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["instance"] = Value::Null;
    if body["retry_after"].is_number() {
        body["retry_after"] = json!("seconds");
        body["detail"] = json!("seconds");
    }
    (answer.status.as_u16(), body)
}

/// The records of the log with this action.
async fn recorded(town: &Town, action: &str) -> Vec<Value> {
    let all = town.records(0).await;
    let records = all.into_iter().map(|(_, _, record)| record);
    records.filter(|one| one["action"] == action).collect()
}

#[tokio::test]
async fn whoever_fails_too_often_waits_and_no_answer_tells_whether_there_is_an_account() {
    let Some(mut town) = town("3", "1000").await else {
        return;
    };
    let from = "192.0.2.1";
    for _ in 0..3 {
        let known = sign_in(&town, from, "b.lang", "geraten").await;
        let unknown = sign_in(&town, from, "x.niemand", "geraten").await;
        assert_eq!(known.status, 401);
        assert_eq!(told(&known), told(&unknown));
    }
    // The right password is not even looked at.
    let locked = sign_in(&town, from, " B.Lang", PASSWORD).await;
    let unknown = sign_in(&town, from, "x.niemand", PASSWORD).await;
    for answer in [&locked, &unknown] {
        let body = answer.clone().is_problem(429, "too-many-requests").json();
        let seconds = body["retry_after"].as_u64().expect("seconds");
        assert!((3_000..=3_600).contains(&seconds), "{seconds}");
        assert_eq!(
            answer.header("retry-after"),
            Some(seconds.to_string().as_str())
        );
    }
    assert_eq!(told(&locked), told(&unknown));
    // It is no matter of one process.
    town.app.stop();
    town.app.resume();
    sign_in(&town, from, "b.lang", PASSWORD).await.is(429);
    sign_in(&town, from, "x.niemand", PASSWORD).await.is(429);
    // Who comes from elsewhere is another matter.
    sign_in(&town, "198.51.100.7", "b.lang", PASSWORD)
        .await
        .is(201);
}

#[tokio::test]
async fn of_many_attempts_at_once_none_is_free() {
    let Some(town) = town("3", "1000").await else {
        return;
    };
    let attempt = |_| sign_in(&town, "192.0.2.1", "b.lang", "geraten");
    let answers = join_all((0..12).map(attempt)).await;
    let count = |status: u16| answers.iter().filter(|one| one.status == status).count();
    assert_eq!((count(401), count(429)), (3, 9));
}

#[tokio::test]
async fn signing_in_forgets_the_failures() {
    let Some(town) = town("3", "1000").await else {
        return;
    };
    let from = "2001:db8:1:2::1";
    for _ in 0..3 {
        for _ in 0..2 {
            sign_in(&town, from, "b.lang", "geraten").await.is(401);
        }
        sign_in(&town, from, "b.lang", PASSWORD).await.is(201);
    }
    assert!(recorded(&town, "account.lock").await.is_empty());
    for _ in 0..3 {
        // A network of IPv6 counts as one.
        let from = "2001:db8:1:2:ffff::7";
        sign_in(&town, from, "b.lang", "geraten").await.is(401);
    }
    sign_in(&town, from, "b.lang", PASSWORD).await.is(429);
}

#[tokio::test]
async fn a_lock_is_recorded_and_an_administrator_lifts_it() {
    let Some(town) = town("2", "1000").await else {
        return;
    };
    let from = "192.0.2.1";
    let id = account(&town, "b.lang").await;
    let (at, unlock) = (
        format!("/api/v1/accounts/{id}"),
        format!("/api/v1/accounts/{id}/unlock"),
    );
    let post =
        async |client: &Client, path: &str| send(client, Method::POST, path, &[], None).await;
    let before = town.admin().get(&at).await.is(200).json();
    assert!(before["locked_since"].is_null(), "{before}");
    post(&town.admin(), &unlock)
        .await
        .is_problem(409, "state-conflict");
    for _ in 0..2 {
        sign_in(&town, from, "b.lang", "geraten").await.is(401);
        sign_in(&town, from, "x.niemand", "geraten").await.is(401);
    }
    // One account is locked, and the name that nobody has is none.
    let locks = recorded(&town, "account.lock").await;
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!(locks[0]["subj"][0]["t"], "sign_in_lock");
    assert!(!locks[0].to_string().contains("192.0.2"), "{locks:?}");
    let locked = town.admin().get(&at).await.is(200).json();
    assert!(locked["locked_since"].is_string(), "{locked}");
    assert_eq!(locked["version"], before["version"], "the account itself");
    let all = town.auditor().get("/api/v1/accounts").await.is(200).json();
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let shown = all.iter().filter(|one| one["locked_since"].is_string());
    assert_eq!(shown.count(), 1);
    post(&town.clerk(), &unlock).await.is(403);
    post(&town.auditor(), &unlock).await.is(403);
    let lifted = post(&town.admin(), &unlock).await.is(200);
    let record = town.record_of(&lifted).await;
    assert_eq!(record["action"], "account.unlock");
    assert_eq!(record["subj"][0]["ver"], 2);
    sign_in(&town, from, "b.lang", PASSWORD).await.is(201);
    // The machine itself can lift it too: the only administrator may be the one who is locked out.
    for _ in 0..2 {
        sign_in(&town, from, "b.lang", "geraten").await.is(401);
    }
    sign_in(&town, from, "b.lang", PASSWORD).await.is(429);
    let done = town.app.command(&["user", "unlock", "b.lang"]).await;
    assert!(done.status.success(), "{done:?}");
    sign_in(&town, from, "b.lang", PASSWORD).await.is(201);
    assert_eq!(recorded(&town, "account.unlock").await.len(), 2);
    let verified = town.app.command(&["verify", "--json"]).await;
    let verdict = crate::at_rest::verdict(&verified);
    assert!(verdict.codes.is_empty(), "{:?}", verdict.codes);
    assert_ne!(verdict.exit, 1);
}

#[tokio::test]
async fn guesses_from_many_places_do_not_keep_out_who_comes_from_a_known_one() {
    let Some(town) = town("100", "4").await else {
        return;
    };
    let office = "192.0.2.1";
    sign_in(&town, office, "b.lang", PASSWORD).await.is(201);
    for login in ["b.lang", "x.niemand"] {
        for place in 1..=4 {
            let from = format!("198.51.100.{place}");
            sign_in(&town, &from, login, "geraten").await.is(401);
        }
        sign_in(&town, "203.0.113.9", login, PASSWORD).await.is(429);
        // From the office every name is as open as before.
        sign_in(&town, office, login, "geraten").await.is(401);
    }
    sign_in(&town, office, "b.lang", PASSWORD).await.is(201);
    // That somebody signed in there does not open the way for those who guess.
    sign_in(&town, "203.0.113.9", "b.lang", PASSWORD)
        .await
        .is(429);
    assert_eq!(recorded(&town, "account.lock").await.len(), 1);
    assert_eq!(recorded(&town, "account.unlock").await.len(), 0);
}
