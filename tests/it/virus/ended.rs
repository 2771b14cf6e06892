//! The end of what lies in quarantine: two people have it destroyed, or say that the scanner is wrong.

use lopdf::{Object, dictionary};
use reqwest::Method;
use serde_json::json;
use tests::clamd::{FakeClamd, INFECTED};
use tests::town::{id_of, send};
use tests::{fixtures, wait_until};

use super::attempts::propose;
use super::{blobs, documents, file, infected, lies, town};
use crate::key_domains::rows;
use crate::withheld::decide;

/// The keys of what lies there.
const KEYS: &str = "SELECT name FROM blob_key WHERE domain = '0-quarantine'";

#[tokio::test]
async fn what_two_people_destroy_has_neither_key_nor_bytes() {
    let clamd = FakeClamd::start().await;
    let Some(mut town) = town(clamd.address()).await else {
        return;
    };
    let (admin, registrar) = (town.admin(), town.registrar().await);
    let content = infected();
    let refused = file(&town.clerk(), "brief.txt", &content).await;
    refused.is_problem(422, "infected");
    let id = lies(&town).await[0]["id"].clone();
    let entry = format!("/api/v1/quarantine/{}", id.as_str().expect("an id"));
    assert_eq!(rows(&town, KEYS, Vec::new()).await.len(), 1);
    let (lying, _) = blobs(&town).await;
    // There is no such address, for whoever may do the most.
    for rest in ["", "/content", "/text"] {
        admin.get(&format!("{entry}{rest}")).await.is(404);
    }
    let new = json!({"act": "destroy", "reason": " "});
    let blank = registrar.post(&format!("{entry}/proposals"), &new).await;
    blank.is_problem(422, "validation");
    propose(&town.auditor(), &entry, "destroy")
        .await
        .is_problem(403, "forbidden");
    let made = propose(&registrar, &entry, "destroy").await.is(201);
    let proposal = id_of(&made);
    propose(&admin, &entry, "release")
        .await
        .is_problem(409, "conflict");
    decide(&registrar, &proposal, "approve")
        .await
        .is_problem(403, "forbidden");
    decide(&town.clerk(), &proposal, "approve")
        .await
        .is_problem(404, "not-found");
    assert_eq!(rows(&town, KEYS, Vec::new()).await.len(), 1);
    let approved = decide(&admin, &proposal, "approve").await.is(200);
    assert_eq!(
        town.record_of(&approved).await["action"],
        "proposal.approve"
    );
    wait_until("its bytes are gone", async || blobs(&town).await.0 < lying).await;
    wait_until("it is done", async || {
        let one = registrar
            .get(&format!("/api/v1/proposals/{proposal}"))
            .await;
        one.is(200).json()["standing"] == "done"
    })
    .await;
    assert_eq!(rows(&town, KEYS, Vec::new()).await.len(), 0);
    assert!(lies(&town).await.is_empty());
    let all = admin.get("/api/v1/quarantine?discarded=true").await.is(200);
    let gone = all.json()["items"][0].clone();
    assert_eq!(gone["id"], id);
    assert_eq!(gone["reason"], "Absender ist unterrichtet");
    propose(&admin, &entry, "destroy")
        .await
        .is_problem(409, "conflict");
    // What was destroyed may come again, and lies there again.
    let again = file(&town.clerk(), "brief.txt", &content).await;
    again.is_problem(422, "infected");
    assert_eq!(lies(&town).await.len(), 1);

    // All of it is as the log says, and every blob is accounted for.
    town.settle().await;
    assert!(town.app.stop().success(), "{}", town.app.log());
    for arguments in [
        ["check", "--deep", "--json"],
        ["verify", "--blobs", "--json"],
    ] {
        let output = town.app.command(&arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}

#[tokio::test]
async fn a_false_alarm_lets_in_just_that_content_when_it_is_brought_again() {
    let clamd = FakeClamd::start().await;
    let Some(mut town) = town(clamd.address()).await else {
        return;
    };
    let (clerk, registrar) = (town.clerk(), town.registrar().await);
    let content = infected();
    let refused = file(&clerk, "brief.txt", &content).await;
    refused.is_problem(422, "infected");
    let id = lies(&town).await[0]["id"].clone();
    let entry = format!("/api/v1/quarantine/{}", id.as_str().expect("an id"));
    let proposal = id_of(&propose(&town.admin(), &entry, "release").await.is(201));
    // A proposal lets nothing in.
    let early = file(&clerk, "brief.txt", &content).await;
    early.is_problem(422, "infected");
    decide(&registrar, &proposal, "approve").await.is(200);
    let filed = file(&clerk, "brief.txt", &content).await.is(201);
    let path = format!("/api/v1/documents/{}/content", id_of(&filed));
    assert_eq!(clerk.get(&path).await.is(200).body, content);
    file(&clerk, "brief.txt", &infected())
        .await
        .is_problem(422, "infected");
    assert_eq!(documents(&town).await, 1);
    // What lies there stays until two people have it destroyed.
    let all = lies(&town).await;
    let one = all.iter().find(|one| one["id"] == id).expect("an entry");
    assert!(one["released_at"].is_string(), "{one}");
    propose(&town.admin(), &entry, "release")
        .await
        .is_problem(409, "conflict");
    propose(&town.admin(), &entry, "destroy").await.is(201);
    town.settle().await;
    assert!(town.app.stop().success(), "{}", town.app.log());
    let output = town.app.command(&["verify", "--blobs", "--json"]).await;
    assert!(output.status.success(), "{output:?}");
}

/// A PDF in which the scanner finds nothing, and in whose parts it does: what is packed here stands in the clear
/// there.
fn hiding() -> Vec<u8> {
    let mut pdf = lopdf::Document::load_mem(&fixtures::pdf(&["Sammelpost"])).expect("a PDF");
    for object in pdf.objects.values_mut() {
        if let Ok(resources) = object.as_dict_mut()
            && resources.has(b"Font")
        {
            let hidden = dictionary! { "P" => Object::string_literal(INFECTED) };
            resources.set("Properties", hidden);
        }
    }
    let mut bytes = Vec::new();
    pdf.save_modern(&mut bytes).expect("a vector takes all");
    bytes
}

#[tokio::test]
async fn a_part_of_a_batch_is_made_once_it_is_known_as_a_false_alarm() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    let filed = file(&clerk, "sammelpost.pdf", &hiding()).await;
    let id = id_of(&filed.is(201));
    let document = town.read(&id).await;
    let etag = format!("\"v{}\"", document["version"]);
    let split = async || {
        let at = format!("/api/v1/documents/{id}/split");
        let parts = json!({"parts": [{"first_page": 1, "last_page": 1}]});
        let headers = [("If-Match", etag.as_str())];
        send(&clerk, Method::POST, &at, &headers, Some(&parts)).await
    };
    split().await.is_problem(422, "infected");
    let entry = lies(&town).await[0]["id"].clone();
    let entry = format!("/api/v1/quarantine/{}", entry.as_str().expect("an id"));
    let proposal = id_of(&propose(&town.admin(), &entry, "release").await.is(201));
    let registrar = town.registrar().await;
    decide(&registrar, &proposal, "approve").await.is(200);
    split().await.is(201);
    assert_eq!(documents(&town).await, 2);
}
