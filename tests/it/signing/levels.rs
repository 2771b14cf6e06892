//! Seals are raised after the counter, as far as the settings want them, and nobody waits for it.

use std::process::Command;

use serde_json::Value;
use tests::tablet::{FakeTablet, form, send};
use tests::town::{Town, id_of};
use tests::{Authority, Start, wait_until, wait_until_within};

use super::{Counter, JOBS, add_version, valid};
use crate::at_rest::verdict;
use crate::reading::past_guards;

/// Longer than a seal waits when somebody was not there once.
const LONG: std::time::Duration = std::time::Duration::from_secs(90);

/// A counter whose seal an authority of its own has issued.
async fn counter(authority: &Authority, level: &str) -> Option<Counter> {
    let town = Town::of(authority.seals(Start::new(), level)).await?;
    let tablet = FakeTablet::paired(&town).await;
    Some(Counter { town, tablet })
}

/// A document that was signed: its id, and that of its job.
async fn signed(counter: &Counter) -> (String, String) {
    let (filed, _) = form(&counter.town).await;
    let document = id_of(&filed);
    let job = send(&counter.town, &document, &counter.tablet).await;
    let shown = counter.tablet.show(&job).await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    (document, job)
}

async fn level(counter: &Counter, job: &str) -> Value {
    counter.state(job).await["outcome"]["level"].clone()
}

async fn content(counter: &Counter, document: &str, number: usize) -> Vec<u8> {
    let path = format!("/api/v1/documents/{document}/versions/{number}/content");
    counter.town.clerk().get(&path).await.is(200).body.to_vec()
}

async fn judged(counter: &Counter, document: &str) -> Value {
    let path = format!("/api/v1/documents/{document}/signatures");
    counter.town.clerk().get(&path).await.is(200).json()
}

/// What pyHanko says of every signature of a document, with revocation required: that it is good. Named, where it
/// is not there.
fn good_to_pyhanko(authority: &Authority, content: &[u8]) {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("sealed.pdf");
    std::fs::write(&path, content).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/pyhanko.sh");
    let output = Command::new(script)
        .arg(authority.path("root.pem"))
        .arg(&path)
        .output()
        .expect("a shell");
    if output.status.code() == Some(75) {
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI nothing is skipped: pyHanko cannot be had"
        );
        eprintln!("skipped: pyHanko cannot be had");
        return;
    }
    let said: Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
    let signatures = said["signatures"].as_array().cloned().unwrap_or_default();
    let timestamps = said["timestamps"].as_array().cloned().unwrap_or_default();
    assert!(!signatures.is_empty(), "{said}");
    for one in &signatures {
        assert_eq!(one["now"]["good"], true, "{said}");
        assert_eq!(one["long"]["good"], true, "{said}");
    }
    for one in &timestamps {
        assert_eq!(one["now"]["good"], true, "{said}");
    }
}

async fn waiting(counter: &Counter, for_what: &str) -> String {
    let metrics = counter.town.app.anonymous().get("/metrics").await;
    let text = metrics.is(200).text();
    let line = format!("papierlos_seals_waiting{{level=\"{for_what}\"}} ");
    let found = text.lines().find_map(|it| it.strip_prefix(&line));
    found.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_seal_is_raised_to_an_archive_step_by_step() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(counter) = counter(&authority, "b-lta").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("the seal is at B-LTA", async || {
        level(&counter, &job).await == "B-LTA"
    })
    .await;
    // Shown, signed, with a timestamp, with what is known of the certificates, archived.
    assert_eq!(counter.versions(&document).await, 5);
    let stamped = content(&counter, &document, 3).await;
    let long = content(&counter, &document, 4).await;
    let archived = content(&counter, &document, 5).await;
    assert!(long.len() > stamped.len() && long.starts_with(&stamped));
    assert!(archived.len() > long.len() && archived.starts_with(&long));
    let outcome = counter.state(&job).await["outcome"].clone();
    assert!(outcome["archive_until"].is_string(), "{outcome}");
    assert_ne!(outcome["sealed_version"], outcome["signed_version"]);
    let told = judged(&counter, &document).await;
    assert_eq!(told["verdict"], "valid", "{told}");
    assert_eq!(told["signatures"][0]["level"], "B-LTA", "{told}");
    assert_eq!(told["signatures"][1]["kind"], "document_timestamp");
    good_to_pyhanko(&authority, &long);
    good_to_pyhanko(&authority, &archived);
    // Two timestamps, and nobody asks for more.
    assert_eq!(authority.asked(), 2);
    let path = format!("{JOBS}/{job}");
    let record = counter.town.clerk().get(&path).await.is(200).json();
    assert!(record["reason"].is_null(), "{record}");
}

#[tokio::test]
async fn validation_data_alone_are_added_where_no_more_is_wanted() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let Some(counter) = counter(&authority, "b-lt").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("the seal is at B-LT", async || {
        level(&counter, &job).await == "B-LT"
    })
    .await;
    assert_eq!(counter.versions(&document).await, 4);
    valid(&content(&counter, &document, 4).await);
    let told = judged(&counter, &document).await;
    assert_eq!(told["verdict"], "valid", "{told}");
    assert_eq!(told["signatures"][0]["level"], "B-LT", "{told}");
}

#[tokio::test]
async fn with_the_responders_away_a_seal_waits_and_is_raised_later() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.keep_silent(true);
    let Some(counter) = counter(&authority, "b-lt").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("the seal is at B-T", async || {
        level(&counter, &job).await == "B-T"
    })
    .await;
    wait_until("it is seen to wait", async || {
        waiting(&counter, "B-LT").await == "1"
    })
    .await;
    assert_eq!(counter.versions(&document).await, 3);
    authority.keep_silent(false);
    wait_until_within(LONG, "the seal is at B-LT", async || {
        level(&counter, &job).await == "B-LT"
    })
    .await;
    assert_eq!(counter.versions(&document).await, 4);
}

#[tokio::test]
async fn nobody_is_led_to_where_nobody_may_be_asked() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    // Not one of the networks that the settings allow.
    authority.move_certificate("http://169.254.169.254/ca.cer");
    let Some(counter) = counter(&authority, "b-lt").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("it is seen to wait", async || {
        waiting(&counter, "B-LT").await == "1"
    })
    .await;
    assert_eq!(level(&counter, &job).await, "B-T");
    assert_eq!(counter.versions(&document).await, 3);
    authority.move_certificate_back();
    wait_until_within(LONG, "the seal is at B-LT", async || {
        level(&counter, &job).await == "B-LT"
    })
    .await;
}

#[tokio::test]
async fn a_seal_whose_document_has_another_version_stays_where_it_was() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.keep_silent(true);
    let Some(counter) = counter(&authority, "b-lta").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("the seal is at B-T", async || {
        level(&counter, &job).await == "B-T"
    })
    .await;
    let clerk = counter.town.clerk();
    let other = tests::fixtures::unique_pdf("Eine spätere Fassung");
    add_version(&clerk, &document, &other).await.is(201);
    authority.keep_silent(false);
    wait_until_within(LONG, "that is written down", async || {
        counter.state(&job).await["reason"] == "superseded"
    })
    .await;
    assert_eq!(level(&counter, &job).await, "B-T");
    assert_eq!(counter.versions(&document).await, 4);
}

#[tokio::test]
async fn a_seal_that_was_revoked_stays_where_it_was_and_says_why() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.revoke_seal();
    let Some(counter) = counter(&authority, "b-lt").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("that is written down", async || {
        counter.state(&job).await["reason"] == "revoked"
    })
    .await;
    assert_eq!(level(&counter, &job).await, "B-T");
    assert_eq!(counter.versions(&document).await, 3);
    // The figures and the check say so, until the document has another version.
    let ended = async || {
        let output = counter.town.app.command(&["check", "--json"]).await;
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        said["counts"]["seal-ended"]["found"].as_u64()
    };
    wait_until("it is counted", async || {
        waiting(&counter, "ended").await == "1"
    })
    .await;
    assert_eq!(ended().await, Some(1));
    let other = tests::fixtures::unique_pdf("Eine spätere Fassung");
    add_version(&counter.town.clerk(), &document, &other)
        .await
        .is(201);
    assert_eq!(ended().await, None);
}

#[tokio::test]
async fn a_seal_that_has_waited_for_days_is_named() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    authority.keep_silent(true);
    let Some(counter) = counter(&authority, "b-lta").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("the seal is at B-T", async || {
        level(&counter, &job).await == "B-T"
    })
    .await;
    let named = async || {
        let output = counter.town.app.command(&["check", "--json"]).await;
        let found = verdict(&output).json["findings"].clone();
        let found = found.as_array().cloned().unwrap_or_default();
        let mut waits = found.into_iter().filter(|one| one["code"] == "seal-waits");
        waits.next().map(|one| one["what"].clone())
    };
    assert_eq!(named().await, None);
    // Four days, in microseconds.
    let later = "UPDATE signing_job SET ended_at = ended_at - 345600000000";
    past_guards(&counter.town, "signing_job", later).await;
    let seal = format!("{document}: B-T");
    assert_eq!(named().await, Some(Value::from(seal)));
}

#[tokio::test]
async fn addresses_in_the_houses_own_network_are_not_asked_unless_the_settings_allow_it() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    let start = authority
        .seals(Start::new(), "b-lt")
        .with("PAPIERLOS_SEAL_ALLOW_PRIVATE", "");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let tablet = FakeTablet::paired(&town).await;
    let counter = Counter { town, tablet };
    let (_, job) = signed(&counter).await;
    wait_until("the log says so", async || {
        counter.town.app.log().contains("Refused {")
    })
    .await;
    assert_eq!(level(&counter, &job).await, "B-T");
}

#[tokio::test]
async fn an_archive_timestamp_is_renewed_before_its_certificate_ends() {
    // The seal's timestamp and the first one over the document are by a certificate that ends soon.
    let Some(authority) = Authority::start(2).await else {
        return;
    };
    let Some(counter) = counter(&authority, "b-lta").await else {
        return;
    };
    let (document, job) = signed(&counter).await;
    wait_until("the document has its second timestamp", async || {
        counter.versions(&document).await == 6
    })
    .await;
    assert_eq!(level(&counter, &job).await, "B-LTA");
    let (archived, renewed) = (
        content(&counter, &document, 5).await,
        content(&counter, &document, 6).await,
    );
    assert!(renewed.len() > archived.len() && renewed.starts_with(&archived));
    good_to_pyhanko(&authority, &renewed);
    let told = judged(&counter, &document).await;
    let all = told["signatures"].as_array().cloned().unwrap_or_default();
    let verdicts: Vec<&Value> = all.iter().map(|one| &one["verdict"]).collect();
    // What is known of the newest authority comes with the next timestamp.
    assert_eq!(verdicts, ["valid", "valid", "valid_but"], "{told}");
    wait_until("nothing waits for another one", async || {
        waiting(&counter, "renewal").await == "0"
    })
    .await;
    assert_eq!(authority.asked(), 3);
    assert_eq!(counter.versions(&document).await, 6);
}

#[tokio::test]
async fn a_timestamp_that_would_end_no_later_is_not_added() {
    let Some(authority) = Authority::start(usize::MAX).await else {
        return;
    };
    let Some(counter) = counter(&authority, "b-lta").await else {
        return;
    };
    let (first, _) = signed(&counter).await;
    wait_until("another one was asked for", async || authority.asked() >= 3).await;
    // When a second document has come as far, the first was tried and left alone.
    let (second, job) = signed(&counter).await;
    wait_until("the second is at B-LTA", async || {
        level(&counter, &job).await == "B-LTA"
    })
    .await;
    assert_eq!(counter.versions(&first).await, 5);
    assert_eq!(counter.versions(&second).await, 5);
    wait_until("nothing waits for its first one", async || {
        waiting(&counter, "B-LTA").await == "0"
    })
    .await;
}
