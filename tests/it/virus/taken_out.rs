//! What is taken out of others passes the scanner too: it may know of a part what it did not see in the whole.

use serde_json::json;
use tests::clamd::{Behaviour, FakeClamd};
use tests::town::id_of;
use tests::wait_until;

use super::{blobs, documents, file, infected, lies, town};
use crate::components::{components, zip};

#[tokio::test]
async fn an_infected_part_becomes_no_document_and_the_whole_says_so() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    // The one in this process does not unpack.
    let archive = zip(&[
        ("ordner/schlimm.txt", &infected()),
        ("ordner/gut.txt", b"Kreuzungsvermerk"),
    ]);
    let whole = file(&clerk, "ordner.zip", &archive).await.is(201);
    town.settle().await;
    let parts = components(&clerk, &id_of(&whole)).await;
    let titles: Vec<_> = parts.iter().map(|one| one["title"].clone()).collect();
    assert_eq!(titles, [json!("gut")]);
    let path = format!("/api/v1/documents/{}", id_of(&whole));
    let told = clerk.get(&path).await.is(200).json();
    let told = told.to_string();
    assert!(
        told.contains("parts_infected") && told.contains("ordner/schlimm.txt"),
        "{told}"
    );
    let all = lies(&town).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["department"], tests::town::OWN);
}

#[tokio::test]
async fn parts_wait_for_a_scanner_that_does_not_answer() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    let archive = zip(&[("gut.txt", b"Kreuzungsvermerk")]);
    // It looks at the whole, and at no part of it.
    clamd.behaves(Behaviour::LooksOnce);
    let whole = file(&clerk, "ordner.zip", &archive).await.is(201);
    wait_until("the scanner has broken off", async || clamd.broken() > 0).await;
    assert_eq!(documents(&town).await, 1);
    clamd.behaves(Behaviour::Looks);
    town.settle().await;
    assert_eq!(components(&clerk, &id_of(&whole)).await.len(), 1);
    assert_eq!(documents(&town).await, 2);
}

#[tokio::test]
async fn a_part_that_the_scanner_does_not_take_is_left_out_and_the_others_are_not() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    let archive = zip(&[
        ("gut.txt", b"Kreuzungsvermerk"),
        ("lang.txt", b"LANG und breit"),
    ]);
    clamd.behaves(Behaviour::TakesLessOf("LANG"));
    let whole = file(&clerk, "ordner.zip", &archive).await.is(201);
    town.settle().await;
    let parts = components(&clerk, &id_of(&whole)).await;
    let titles: Vec<_> = parts.iter().map(|one| one["title"].clone()).collect();
    assert_eq!(titles, [json!("gut")]);
    let path = format!("/api/v1/documents/{}", id_of(&whole));
    let told = clerk.get(&path).await.is(200).json().to_string();
    assert!(
        told.contains("parts_over_limit") && told.contains("lang.txt"),
        "{told}"
    );
    let (lying, named) = blobs(&town).await;
    assert_eq!(lying, named, "a blob that nobody names");
}

#[tokio::test]
async fn a_try_that_fails_leaves_no_blob_and_no_second_record_behind() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    let archive = zip(&[
        ("a.txt", &infected()),
        ("b.txt", b"Kreuzungsvermerk"),
        ("c.txt", b"STOCKT hier"),
    ]);
    clamd.behaves(Behaviour::BreaksOffAt("STOCKT"));
    let whole = file(&clerk, "ordner.zip", &archive).await.is(201);
    wait_until("the second try has failed", async || clamd.broken() > 1).await;
    assert!(lies(&town).await.is_empty());
    clamd.behaves(Behaviour::Looks);
    town.settle().await;
    assert_eq!(components(&clerk, &id_of(&whole)).await.len(), 2);
    let records = town.records(0).await;
    let aside = records
        .iter()
        .filter(|(_, _, record)| record["action"] == "document.quarantine");
    assert_eq!(aside.count(), 1);
    let (lying, named) = blobs(&town).await;
    assert_eq!(lying, named, "a blob that nobody names");
}
