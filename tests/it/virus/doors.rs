//! A real clamd at every door.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::Value;
use tests::clamd::{Clamd, INFECTED, SIGNATURE, STREAM_BYTES_MAX, VARIABLE};
use tests::town::{OWN, id_of, token_of};
use tests::{Answer, Town};

use super::{documents, file, form, infected, lies, town};
use crate::components::zip;
use crate::withheld::decide;

/// It was refused, with the name of the signature.
fn refused(answer: Answer) {
    let problem = answer.is_problem(422, "infected").json();
    assert_eq!(problem["signature"], SIGNATURE);
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains(SIGNATURE) && detail.contains("Quarantäne"),
        "{detail}"
    );
}

/// The records of the log with this action.
async fn records(town: &Town, action: &str) -> Vec<Value> {
    let all = town.records(0).await.into_iter();
    all.map(|(_, _, record)| record)
        .filter(|record| record["action"] == action)
        .collect()
}

#[tokio::test]
async fn what_is_infected_is_no_document_whichever_way_it_comes() {
    let Some(clamd) = Clamd::start().await else {
        return;
    };
    let Some(town) = town(&clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    let clean = file(&clerk, "brief.txt", b"Sehr geehrte Damen und Herren").await;
    let clean = clean.is(201);

    refused(file(&clerk, "brief.txt", &infected()).await);
    // Content before its metadata.
    let early = clerk.request(Method::POST, "/api/v1/documents");
    let early = early.multipart(form("content", "brief.txt", infected()));
    refused(clerk.send(early).await);
    // Another version.
    let path = format!("/api/v1/documents/{}/versions", id_of(&clean));
    let version = clerk.request(Method::POST, &path);
    let version = version.header("if-match", clean.etag());
    refused(
        clerk
            .send(version.multipart(form("content", "brief.txt", infected())))
            .await,
    );
    // A scanner.
    let scanner = town.app.with_token(&town.token("intake").await);
    let upload = scanner.request(Method::POST, "/api/documents/post_document/");
    let upload = upload.multipart(form("document", "scan.txt", infected()));
    let answer = scanner.send(upload).await.is(400).json();
    let detail = answer["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(SIGNATURE), "{answer}");

    assert_eq!(documents(&town).await, 1);
    let read = clerk
        .get(&format!("/api/v1/documents/{}", id_of(&clean)))
        .await;
    assert_eq!(read.is(200).json()["version"], 1);
    let all = lies(&town).await;
    assert_eq!(all.len(), 4, "{all:?}");
    for one in &all {
        assert_eq!(one["signature"], SIGNATURE);
        assert_eq!(one["department"], OWN);
        assert!(one["discarded_at"].is_null());
    }
    let recorded = records(&town, "document.quarantine").await;
    assert_eq!(recorded.len(), 4);
    // The same once more lies there once, and is told twice.
    let again = infected();
    refused(file(&clerk, "brief.txt", &again).await);
    refused(file(&clerk, "noch-einmal.txt", &again).await);
    assert_eq!(lies(&town).await.len(), 5);
    assert_eq!(records(&town, "document.quarantine").await.len(), 6);
}

#[tokio::test]
async fn what_is_wrapped_is_found() {
    let Some(clamd) = Clamd::start().await else {
        return;
    };
    let Some(town) = town(&clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    let archive = zip(&[("ordner/brief.txt", &infected())]);
    let wrapped = BASE64.encode(infected());
    let mail = format!(
        "From: a@hollerfurt.example\r\nTo: b@hollerfurt.example\r\nSubject: Rechnung\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=teil\r\n\r\n\
         --teil\r\nContent-Type: text/plain\r\n\r\nAnbei.\r\n\
         --teil\r\nContent-Type: application/octet-stream; name=rechnung.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=rechnung.bin\r\n\r\n{wrapped}\r\n--teil--\r\n"
    );
    refused(file(&clerk, "ordner.zip", &archive).await);
    refused(file(&clerk, "rechnung.eml", mail.as_bytes()).await);
    assert_eq!(documents(&town).await, 0);
}

#[tokio::test]
async fn a_folder_is_filed_but_for_what_is_infected() {
    let Some(clamd) = Clamd::start().await else {
        return;
    };
    let Some(town) = town(&clamd.address()).await else {
        return;
    };
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "Antrag").expect("a file");
    std::fs::write(folder.path().join("b.txt"), infected()).expect("a file");
    let path = folder.path().to_str().expect("a path");
    let import = ["import", path, "--department", OWN];
    let output = town.app.command(&import).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let words = format!("b.txt: nicht abgelegt: Schadsoftware, in Quarantäne: {SIGNATURE}");
    assert!(said.contains(&words), "{said}");
    assert_eq!(documents(&town).await, 1);
    assert_eq!(lies(&town).await.len(), 1);

    // And from the machine itself it is listed and discarded.
    let list = async |more: &[&str]| {
        let arguments = [&["quarantine", "list"], more].concat();
        let output = town.app.command(&arguments).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let told = list(&[]).await;
    assert!(told.contains(SIGNATURE) && told.contains(OWN), "{told}");
    let line: Value = serde_json::from_str(list(&["--json"]).await.trim()).expect("a line");
    let id = line["id"].as_str().expect("an id");
    let destroy = ["quarantine", "destroy", id, "--reason", "Werbung"];
    let output = town.app.command(&destroy).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with(&format!("{id}: beantragt")), "{said}");
    // From the machine too it takes another person.
    assert!(list(&[]).await.contains(SIGNATURE));
    let output = town.app.command(&destroy).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let proposal = lies(&town).await[0]["proposal"]["id"].clone();
    let proposal = proposal.as_str().expect("an id");
    decide(&town.admin(), proposal, "approve").await.is(200);
    tests::wait_until("it is destroyed", async || lies(&town).await.is_empty()).await;
    assert_eq!(list(&[]).await, "");
    assert!(list(&["--discarded"]).await.contains("vernichtet"));
}

#[tokio::test]
async fn without_an_answer_nothing_comes_in_and_with_one_it_does() {
    let Some(mut clamd) = Clamd::start().await else {
        return;
    };
    let Some(town) = town(&clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    // More than this clamd takes, and less than the settings say.
    let large = vec![b'a'; STREAM_BYTES_MAX + 1];
    file(&clerk, "gross.txt", &large)
        .await
        .is_problem(503, "scanner-unavailable");
    let filed = file(&clerk, "brief.txt", b"Antrag").await.is(201);
    let ready = town.app.anonymous().get("/health/ready").await.is(200);
    assert!(ready.text().contains("ClamAV"), "{}", ready.text());
    clamd.kill();
    let refused = file(&clerk, "brief.txt", b"Noch ein Antrag").await;
    let refused = refused.is_problem(503, "scanner-unavailable");
    assert!(refused.header("retry-after").is_some());
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("Schadsoftware"), "{detail}");
    // What is there is read.
    let path = format!("/api/v1/documents/{}/content", id_of(&filed));
    assert_eq!(clerk.get(&path).await.is(200).body, b"Antrag"[..]);
    let ready = town.app.anonymous().get("/health/ready").await.is(200);
    assert!(ready.text().contains("nothing is taken in"));
    assert_eq!(documents(&town).await, 1);
}

#[tokio::test]
async fn without_a_scanner_nothing_is_looked_for() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = format!("Nur Text: {INFECTED}");
    file(&town.clerk(), "brief.txt", content.as_bytes())
        .await
        .is(201);
    let token = token_of(&town.app, "m.brandt").await;
    town.app
        .with_token(&token)
        .get("/api/v1/quarantine")
        .await
        .is_problem(403, "forbidden");
    assert!(lies(&town).await.is_empty());
    let wrong = town
        .app
        .command_with(&["config"], &[(VARIABLE, "http://clamd")])
        .await;
    assert_eq!(wrong.status.code(), Some(3));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        said.contains("virus.clamd") || said.contains(VARIABLE),
        "{said}"
    );
}
