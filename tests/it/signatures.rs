//! Signatures of PDFs, by REST and from the command line: what the table of the samples says, in both places.

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::app::Start;
use tests::town::{Town, id_of};
use tests::{Answer, Client};

/// The samples that the crate is tested with.
fn samples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../pades/tests/data"))
}

fn sample(name: &str) -> Vec<u8> {
    let path = samples().join(format!("{name}.pdf"));
    std::fs::read(&path).expect("a sample")
}

fn trust() -> String {
    samples().join("trust").to_string_lossy().into_owned()
}

async fn town() -> Option<Town> {
    Town::of(Start::new().with("PAPIERLOS_SIGNATURES_TRUST", trust())).await
}

async fn file(client: &Client, name: &str, content: &[u8]) -> String {
    let title = json!({"title": "Vertrag"});
    let filed = client.file(name, content, &title).await.is(201);
    format!("/api/v1/documents/{}", id_of(&filed))
}

fn codes(signature: &Value) -> Vec<&str> {
    let reasons = signature["reasons"].as_array().into_iter().flatten();
    reasons.filter_map(|one| one["code"].as_str()).collect()
}

#[tokio::test]
async fn each_signature_has_one_verdict_and_its_reasons() {
    let Some(town) = town().await else {
        return;
    };
    let clerk = town.clerk();
    let at = file(&clerk, "vertrag.pdf", &sample("blta")).await;
    let told = clerk.get(&format!("{at}/signatures")).await.is(200).json();
    assert_eq!(told["pdf"], true, "{told}");
    assert_eq!(told["verdict"], "valid", "{told}");
    assert_eq!(told["anchors"], 1, "{told}");
    let first = &told["signatures"][0];
    assert_eq!(first["level"], "B-LTA");
    assert_eq!(first["field"], "Siegel");
    assert_eq!(first["verdict_text"], "gültig");
    assert_eq!(first["time_source"], "signature_timestamp");
    assert_eq!(first["signer"]["common_name"], "Dienstsiegel");
    assert_eq!(first["anchor"], "root.pem");
    assert_eq!(first["coverage"]["whole_file"], false);
    // What a certificate says of itself is said as that.
    assert_eq!(first["signer"]["claims_qualified"], true);
    assert!(codes(first).contains(&"claims_qualified"), "{first}");
    assert_eq!(told["signatures"][1]["kind"], "document_timestamp");
    let version = clerk.get(&format!("{at}/versions/1/signatures")).await;
    let version = version.is(200).json();
    assert_eq!(version["signatures"], told["signatures"]);
    clerk
        .get(&format!("{at}/versions/2/signatures"))
        .await
        .is_problem(404, "not-found");
    town.other()
        .get(&format!("{at}/signatures"))
        .await
        .is_problem(404, "not-found");
}

async fn verdict_of(clerk: &Client, name: &str) -> (Answer, Value) {
    let at = file(clerk, &format!("{name}.pdf"), &sample(name)).await;
    let answer = clerk.get(&format!("{at}/signatures")).await.is(200);
    let verdict = answer.json()["verdict"].clone();
    (answer, verdict)
}

#[tokio::test]
async fn what_was_changed_is_not_called_valid_and_what_is_no_pdf_is_not_signed() {
    let Some(town) = town().await else {
        return;
    };
    let clerk = town.clerk();
    for (name, reason) in [
        ("x-flip", "digest_mismatch"),
        ("x-page-appended", "changed_pages"),
        ("x-appearance-replaced", "changed_objects"),
        ("x-field-moved", "changed_signature_field"),
        ("x-shadow-replace", "changed_objects"),
        ("revoked", "certificate_revoked"),
        ("expired", "certificate_expired"),
        ("wrong-tsa", "timestamp_invalid"),
    ] {
        let (answer, verdict) = verdict_of(&clerk, name).await;
        assert_eq!(verdict, "invalid", "{name}: {}", answer.text());
        let told = answer.json();
        let first = &told["signatures"][0];
        assert!(codes(first).contains(&reason), "{name}: {first}");
    }
    let (_, verdict) = verdict_of(&clerk, "untrusted").await;
    assert_eq!(verdict, "indeterminate");
    let (_, verdict) = verdict_of(&clerk, "filled").await;
    assert_eq!(verdict, "valid_but");
    let (answer, verdict) = verdict_of(&clerk, "x-header-moved").await;
    assert_eq!(verdict, "indeterminate");
    assert_eq!(answer.json()["problem"]["code"], "structure_not_understood");
    let (answer, verdict) = verdict_of(&clerk, "other-text").await;
    assert!(verdict.is_null(), "{}", answer.text());
    let at = file(&clerk, "notiz.txt", b"Nur Text").await;
    let told = clerk.get(&format!("{at}/signatures")).await.is(200).json();
    assert_eq!(told["pdf"], false, "{told}");
    assert_eq!(told["signatures"], json!([]));
}

#[tokio::test]
async fn without_trust_nothing_is_called_valid() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let (answer, verdict) = verdict_of(&clerk, "blta").await;
    assert_eq!(verdict, "indeterminate", "{}", answer.text());
    assert_eq!(answer.json()["anchors"], 0);
}

/// Runs `papierlos verify-pdf` on samples; gives its code and what it says.
async fn judged(town: &Town, names: &[&str], more: &[&str]) -> (Option<i32>, String) {
    let files: Vec<String> = names
        .iter()
        .map(|name| {
            let path = samples().join(format!("{name}.pdf"));
            path.to_string_lossy().into_owned()
        })
        .collect();
    let trust = trust();
    let mut arguments = vec![
        "verify-pdf",
        "--trust",
        &trust,
        "--at",
        "2026-12-05T12:00:00Z",
    ];
    arguments.extend(more);
    arguments.extend(files.iter().map(String::as_str));
    let output = town.app.command(&arguments).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), said)
}

#[tokio::test]
async fn the_command_line_says_the_same_and_ends_with_what_it_found() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (code, said) = judged(&town, &["blta", "bb-rsa"], &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Siegel (Unterschrift): gültig\n"), "{said}");
    assert!(said.contains("gültig, aber"), "{said}");
    assert!(said.contains("Stufe: PAdES B-LTA"), "{said}");
    assert!(said.contains("[time_claimed]"), "{said}");
    let (code, said) = judged(&town, &["blta", "x-flip", "untrusted"], &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("[digest_mismatch]"), "{said}");
    let (code, said) = judged(&town, &["untrusted"], &[]).await;
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = judged(&town, &["other-text"], &[]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("nicht unterschrieben"), "{said}");
    let (code, said) = judged(&town, &["two"], &["--json", "--english"]).await;
    assert_eq!(code, Some(0), "{said}");
    let told: Value = serde_json::from_str(&said).expect("a line of JSON");
    assert_eq!(told["signatures"]["signatures"][1]["field"], "Erika");
    // A certificate that has expired meanwhile: by then the claim alone is worth nothing.
    let later = ["--at", "2027-02-01T00:00:00Z"];
    let trust = trust();
    for (name, code) in [("soon-expired", 2), ("soon-expired-stamped", 0)] {
        let path = samples().join(format!("{name}.pdf"));
        let path = path.to_string_lossy();
        let mut arguments = vec!["verify-pdf", "--trust", &trust];
        arguments.extend(later);
        arguments.push(&path);
        let output = town.app.command(&arguments).await;
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
    }
    let output = town
        .app
        .command(&["verify-pdf", "--at", "gestern", "x.pdf"])
        .await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// A list whose signature nobody checks is told; named by the hash of another one it is not trusted.
#[tokio::test]
async fn trusted_lists_are_those_that_the_settings_name() {
    let root = std::fs::read_to_string(samples().join("trust/root.pem")).expect("a root");
    let body: String = root.lines().filter(|line| !line.starts_with('-')).collect();
    let list = format!(
        "<TrustServiceStatusList><ServiceInformation>\
         <ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/CA/QC</ServiceTypeIdentifier>\
         <X509Certificate>{body}</X509Certificate>\
         <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted</ServiceStatus>\
         </ServiceInformation></TrustServiceStatusList>"
    );
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("de.xml"), list).expect("written");
    let start = Start::new()
        .with(
            "PAPIERLOS_SIGNATURES_TRUST",
            folder.path().display().to_string(),
        )
        .with("PAPIERLOS_SIGNATURES_LISTS", "");
    let Some(town) = Town::of(start).await else {
        return;
    };
    let output = town.app.command(&["check", "--json"]).await;
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["counts"]["list-unnamed"]["found"], 1, "{said}");
    drop(town);
    let other = format!("de.xml={}", "00".repeat(32));
    let start = Start::new()
        .with(
            "PAPIERLOS_SIGNATURES_TRUST",
            folder.path().display().to_string(),
        )
        .with("PAPIERLOS_SIGNATURES_LISTS", other);
    let Some(town) = Town::of(start).await else {
        return;
    };
    let output = town.app.command(&["check", "--json"]).await;
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["counts"]["list-astray"]["found"], 1, "{said}");
    assert!(said["counts"]["list-unnamed"].is_null(), "{said}");
    let at = file(&town.clerk(), "vertrag.pdf", &sample("blta")).await;
    let told = town.clerk().get(&format!("{at}/signatures")).await;
    assert_eq!(told.is(200).json()["anchors"], 0);
}
