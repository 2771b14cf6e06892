//! The key of the seal: with a service elsewhere, and until when its certificate holds.

use serde_json::Value;
use tests::sealing::{CREDENTIAL, Manner, TOKEN};
use tests::tablet::FakeTablet;
use tests::town::Town;
use tests::{Authority, SealingService, Start, wait_until};

use super::Counter;

async fn counter(start: Start) -> Option<Counter> {
    let town = Town::of(start).await?;
    let tablet = FakeTablet::paired(&town).await;
    Some(Counter { town, tablet })
}

#[tokio::test]
async fn a_service_elsewhere_seals_and_is_sent_a_digest() {
    let Some(service) = SealingService::start().await else {
        return;
    };
    let Some(counter) = counter(service.seals(Start::new(), TOKEN)).await else {
        return;
    };
    let (document, content, shown) = counter.shown().await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    assert_eq!(done.is(200).json()["state"], "done");
    let path = format!("/api/v1/documents/{document}/content");
    let signed = counter.town.clerk().get(&path).await.is(200).body;
    assert!(signed.len() > content.len() && signed.starts_with(&content));
    let asked = service.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["credentialID"], CREDENTIAL);
    assert_eq!(asked[0]["hashAlgorithmOID"], "2.16.840.1.101.3.4.2.1");
    assert_eq!(asked[0]["signAlgo"], "1.2.840.10045.4.3.2");
    let hashes = asked[0]["hashes"].as_array().map(Vec::len);
    assert_eq!(hashes, Some(1));
    let digest = asked[0]["hashes"][0].as_str().map(str::len);
    assert_eq!(digest, Some(44), "SHA-256 in base64: {}", asked[0]);
}

#[tokio::test]
async fn what_the_service_says_wrongly_goes_into_no_document() {
    let Some(service) = SealingService::start().await else {
        return;
    };
    let Some(counter) = counter(service.seals(Start::new(), TOKEN)).await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    for manner in [Manner::Wrong, Manner::Refusing] {
        service.behave(manner);
        let answer = counter
            .tablet
            .tell(&shown, "signature", &shown.signature())
            .await;
        answer.is_problem(503, "unavailable");
        assert_eq!(counter.versions(&document).await, 1, "{manner:?}");
    }
    // The job goes on, and the next try does.
    service.behave(Manner::Right);
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    assert_eq!(done.is(200).json()["state"], "done");
    assert_eq!(counter.versions(&document).await, 2);
}

#[tokio::test]
async fn a_service_that_does_not_know_the_house_seals_nothing() {
    let Some(service) = SealingService::start().await else {
        return;
    };
    let Some(counter) = counter(service.seals(Start::new(), "anders")).await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let answer = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    answer.is_problem(503, "unavailable");
    assert_eq!(counter.versions(&document).await, 1);
    assert!(service.asked().is_empty());
    assert!(!counter.town.app.log().contains("anders"));
}

#[tokio::test]
async fn a_certificate_that_ends_is_told() {
    let Some(authority) = Authority::start(0).await else {
        return;
    };
    // It holds for a year.
    for (days, told) in [("300", false), ("400", true)] {
        let start = authority
            .seals(Start::new(), "b-t")
            .with("PAPIERLOS_SIGNING_WARN_DAYS", days);
        let Some(town) = Town::of(start).await else {
            return;
        };
        let output = town.app.command(&["check", "--json"]).await;
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let found = said["counts"]["certificate-ends"]["found"].as_u64();
        assert_eq!(found, told.then_some(1), "{said}");
        let name = "papierlos_certificate_end_timestamp_seconds{certificate=\"seal\"}";
        wait_until("the figures say so", async || {
            let metrics = town.app.anonymous().get("/metrics").await.is(200);
            metrics.text().contains(name)
        })
        .await;
    }
}
