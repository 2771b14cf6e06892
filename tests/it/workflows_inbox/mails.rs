//! Mails, taken by a real host.

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::admit;
use tests::sink::{LINKS, Sink};
use tests::town::send;
use tests::{Answer, Client, Start, wait_until};

use super::{BY_FIELD, Office, colleagues};

const SETTINGS: &str = "/api/v1/notification-settings";

async fn put(client: &Client, body: &Value) -> Answer {
    send(client, Method::PUT, SETTINGS, &[], Some(body)).await
}

async fn office() -> Option<(Office, Sink)> {
    let sink = Sink::start()?;
    let mut start = Start::new();
    for (name, value) in sink.variables() {
        start = start.with(name, value);
    }
    Some((Office::of(start, BY_FIELD).await?, sink))
}

async fn mails(sink: &Sink, count: usize) -> Vec<Value> {
    wait_until("the mail is taken", async || sink.mails().len() >= count).await;
    sink.mails()
}

#[tokio::test]
async fn without_a_host_nobody_gets_mail() {
    let Some(office) = Office::open(BY_FIELD).await else {
        return;
    };
    let clerk = office.town.clerk();
    let is = clerk.get(SETTINGS).await.is(200).json();
    assert_eq!(
        (&is["mail_available"], &is["mail"]),
        (&json!(false), &json!("off"))
    );
    let wanted = json!({"mail": "each", "address": "m.brandt@stadt.example"});
    put(&clerk, &wanted).await.is_problem(409, "state-conflict");
    // What may be left out is not null.
    let null = json!({"mail": "off", "hour": null});
    put(&clerk, &null).await.is_problem(422, "validation");
}

#[tokio::test]
async fn a_mail_says_that_something_waits_and_no_more() {
    let Some((office, sink)) = office().await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    for (wrong, pointer) in [
        (json!({"mail": "each"}), "/address"),
        (json!({"mail": "each", "address": "niemand"}), "/address"),
        (
            json!({"mail": "each", "address": "a@anderswo.example"}),
            "/address",
        ),
        (
            json!({"mail": "daily", "hour": 24, "address": "a@stadt.example"}),
            "/hour",
        ),
    ] {
        let refused = put(&colleague, &wrong).await.is_problem(422, "validation");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{wrong}");
    }
    let wanted = json!({"mail": "each", "address": "s.kollege@stadt.example"});
    let set = put(&colleague, &wanted).await.is(200);
    let record = office.town.record_of(&set).await;
    assert_eq!(record["action"], "account.change");
    let again = put(&colleague, &wanted).await.is(200);
    assert!(
        again.header("papierlos-log-seq").is_none(),
        "nothing is new"
    );
    let workflow = office
        .begin("Baum der Familie Heimlich", Some("s.kollege"))
        .await;
    let mail = mails(&sink, 1).await.remove(0);
    assert_eq!(mail["to"], json!(["s.kollege@stadt.example"]));
    assert_eq!(mail["from"], "papierlos@stadt.example");
    assert_eq!(mail["auto"], "auto-generated");
    let subject = mail["subject"].as_str().unwrap_or_default();
    assert!(
        subject.starts_with("Papierlos: ansehen – Prüfung (fällig am"),
        "{subject}"
    );
    let text = mail["text"].as_str().unwrap_or_default();
    let link = format!("{LINKS}/#/umlaeufe/{workflow}");
    assert!(text.contains(&link), "{text}");
    assert!(!text.contains("Heimlich"), "{text}");
    // Each is told once.
    office.begin("Strauch", Some("s.kollege")).await;
    let all = mails(&sink, 2).await;
    assert_eq!(all.len(), 2);
    assert!(!all[1]["text"].as_str().unwrap_or_default().contains(&link));
    assert_ne!(all[0]["id"], all[1]["id"]);
}

#[tokio::test]
async fn of_a_compartment_a_mail_says_that_something_waits_and_nothing_else() {
    let Some((office, sink)) = office().await else {
        return;
    };
    let town = &office.town;
    let (colleague, _) = colleagues(town).await;
    for login in ["m.brandt", "s.kollege"] {
        admit(&town.app, office.hidden, login).await;
    }
    let wanted = json!({"mail": "each", "address": "s.kollege@stadt.example"});
    put(&colleague, &wanted).await.is(200);
    let workflow = office.begin_inside("Geheim", Some("s.kollege")).await;
    let mail = mails(&sink, 1).await.remove(0);
    assert_eq!(mail["subject"], "Papierlos: Ein Vorgang wartet");
    let text = mail["text"].as_str().unwrap_or_default();
    for word in ["Geheim", "Prüfung", "ansehen", workflow.as_str()] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_seen_and_what_may_have_been_is_not_sent_again() {
    let Some((mut office, sink)) = office().await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    let failure = async |client: &Client| {
        let is = client.get(SETTINGS).await.is(200).json();
        is["last_failure"]["error"].as_str().map(str::to_owned)
    };
    let nobody = json!({"mail": "each", "address": "unbekannt@stadt.example"});
    put(&colleague, &nobody).await.is(200);
    office.begin("Baum", Some("s.kollege")).await;
    wait_until("the failure is seen", async || {
        failure(&colleague).await.as_deref() == Some("550")
    })
    .await;
    let silent = json!({"mail": "each", "address": "stumm@stadt.example"});
    put(&colleague, &silent).await.is(200);
    office.begin("Strauch", Some("s.kollege")).await;
    assert_eq!(mails(&sink, 1).await.len(), 1);
    wait_until("the failure is seen", async || {
        failure(&colleague).await.as_deref() == Some("connection")
    })
    .await;
    let other = office.town.app.anonymous();
    wait_until("it is counted", async || {
        let figures = other.get("/metrics").await.text();
        figures.contains("papierlos_mails_given_up 2")
    })
    .await;
    let output = office.town.app.command(&["check", "--json"]).await;
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let all = found["findings"].as_array().cloned().unwrap_or_default();
    let given_up = all.iter().filter(|one| one["code"] == "mail-given-up");
    assert_eq!(given_up.count(), 2, "{found}");
    assert!(office.town.app.stop().success());
    office.town.app.resume();
    let colleague = office
        .town
        .app
        .with_token(&tests::town::token_of(&office.town.app, "s.kollege").await);
    let wanted = json!({"mail": "each", "address": "s.kollege@stadt.example"});
    put(&colleague, &wanted).await.is(200);
    office.begin("Hecke", Some("s.kollege")).await;
    assert_eq!(
        mails(&sink, 2).await.len(),
        2,
        "the silent one once, the last one once"
    );
}

#[tokio::test]
async fn the_daily_mail_waits_for_its_hour_and_goes_at_once_where_that_is_wanted_then() {
    let Some((office, sink)) = office().await else {
        return;
    };
    let (colleague, _) = colleagues(&office.town).await;
    // An hour that is not now, whatever the time is.
    let hour = (time::OffsetDateTime::now_utc().hour() + 12) % 24;
    let daily = json!({"mail": "daily", "hour": hour, "address": "s.kollege@stadt.example"});
    put(&colleague, &daily).await.is(200);
    for subject in ["Baum", "Strauch"] {
        office.begin(subject, Some("s.kollege")).await;
    }
    assert!(sink.mails().is_empty());
    let each = json!({"mail": "each", "address": "s.kollege@stadt.example"});
    put(&colleague, &each).await.is(200);
    let all = mails(&sink, 1).await;
    assert_eq!(all.len(), 1, "both in one");
    assert_eq!(all[0]["subject"], "Papierlos: 2 Meldungen");
}
