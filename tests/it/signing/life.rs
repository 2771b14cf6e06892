//! The whole life of a job that ends as it should.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::Start;
use tests::tablet::{Shown, form, notary, request};
use tests::town::{Town, id_of};

use super::{Counter, JOBS, valid};

#[tokio::test]
async fn what_is_signed_on_a_tablet_is_a_sealed_version_with_what_was_shown_as_its_beginning() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let town = &counter.town;
    let (document, content, shown) = counter.shown().await;
    assert_eq!(shown.pages.len(), 2);
    let picture = shown.pages[0]["picture"].as_str().expect("a picture");
    let picture = counter.tablet.get(picture).await.is(200);
    assert_eq!(picture.media_type(), Some("image/webp"));
    assert_eq!(picture.header("cache-control"), Some("no-store"));
    let seen = json!({"pages": [{"page": 1, "seconds": 4}], "signing": true});
    counter.tablet.tell(&shown, "seen", &seen).await.is(200);
    assert_eq!(counter.state(&shown.id).await["state"], "signing");

    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await
        .is(200);
    assert_eq!(done.json()["state"], "done");
    let record = town.record_of(&done).await;
    assert_eq!(record["action"], "signing.sign");

    let path = format!("/api/v1/documents/{document}/content");
    let signed = town.clerk().get(&path).await.is(200).body;
    assert!(signed.len() > content.len() && signed.starts_with(&content));
    let job = counter.state(&shown.id).await;
    assert_eq!(job["outcome"]["level"], "B-B");
    let evidence = &job["outcome"]["evidence"];
    assert_eq!(evidence["restarts"], 1);
    assert_eq!(evidence["sentence"], "Ich habe den Ausweis erhalten.");
    assert_eq!(evidence["device"]["tablet"], counter.tablet.id);
    assert_eq!(evidence["strokes"]["count"], 3);
    assert_eq!(evidence["pages"][0]["seconds"], 12);
    assert!(evidence["pages"][0]["picture_sha256"].is_string());
    assert!(evidence["sealed_strokes"].is_null());
    valid(&signed);
    // No sample of the strokes is kept anywhere.
    assert!(!job.to_string().contains("\"pts\""));
}

#[tokio::test]
async fn a_signature_that_is_handed_in_again_signs_nothing_twice() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let signature = shown.signature();
    for _ in 0..2 {
        let done = counter.tablet.tell(&shown, "signature", &signature).await;
        assert_eq!(done.is(200).json()["state"], "done");
    }
    assert_eq!(counter.versions(&document).await, 2);
    // Other strokes are another signature, for which there is no job.
    let mut other = signature;
    other["strokes"]["strokes"][0]["pts"][3]["x"] = json!(130.0);
    let answer = counter.tablet.tell(&shown, "signature", &other).await;
    answer.is_problem(409, "state-conflict");
    assert_eq!(counter.versions(&document).await, 2);
}

#[tokio::test]
async fn strokes_are_kept_sealed_where_a_notary_is_named() {
    let start = Start::new().with("PAPIERLOS_SIGNING_NOTARY_CERTIFICATE", notary());
    let Some(counter) = Counter::of(start).await else {
        return;
    };
    let (_, _, shown) = counter.shown().await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    let job = counter.state(&shown.id).await;
    let sealed = &job["outcome"]["evidence"]["sealed_strokes"];
    assert!(sealed["sha256"].is_string() && sealed["certificate_sha256"].is_string());
    opened_by_the_notary(&counter, &shown, &job).await;
}

/// The strokes leave the archive as ciphertext, and are opened by whoever has the key.
async fn opened_by_the_notary(counter: &Counter, shown: &Shown, job: &Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (sealed, svg, record) = (path("sealed"), path("s.svg"), path("s.json"));
    let app = &counter.town.app;
    let export = ["strokes", "export", &shown.id, "--out", &sealed];
    let done = app.command(&export).await;
    assert!(done.status.success(), "{done:?}");
    // Nothing is overwritten.
    assert_eq!(app.command(&export).await.status.code(), Some(2));
    let bytes = std::fs::read(&sealed).expect("a file");
    let evidence = &job["outcome"]["evidence"];
    assert_eq!(
        evidence["sealed_strokes"]["sha256"],
        hex::encode(Sha256::digest(&bytes))
    );
    let key = notary().replace(".pem", ".key");
    let document = path("shown.pdf");
    let shown_path = format!(
        "/api/v1/documents/{}/versions/1/content",
        text(&job["document"])
    );
    let content = counter.town.clerk().get(&shown_path).await.is(200).body;
    std::fs::write(&document, &content).expect("written");
    let mut open = vec!["strokes", "open", &sealed, "--key", &key, "--out", &svg];
    open.extend(["--record", &record, "--document", &document]);
    let done = app.command(&open).await;
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        said.contains(&text(&evidence["strokes"]["sha256"])),
        "{said}"
    );
    assert!(said.contains(&text(&evidence["document_sha256"])), "{said}");
    let drawn = std::fs::read_to_string(&svg).expect("a picture");
    assert!(drawn.contains("<svg") && drawn.matches("<line").count() > 100);
    assert!(std::fs::read_to_string(&record).is_ok_and(|it| it.contains("\"pts\"")));
    // Another key, and another document.
    let (other, wrong) = (key.replace("notary.key", "seal.key"), path("t.svg"));
    let with = ["strokes", "open", &sealed, "--key", &other, "--out", &wrong];
    assert_eq!(app.command(&with).await.status.code(), Some(1));
    let mut about = vec!["strokes", "open", &sealed, "--key", &key, "--out", &wrong];
    about.extend(["--document", &sealed]);
    assert_eq!(app.command(&about).await.status.code(), Some(1));
    assert!(!std::path::Path::new(&wrong).exists());
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn the_signature_of_the_tablet_can_be_checked_by_the_evidence_alone() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (_, _, shown) = counter.shown().await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    let job = counter.state(&shown.id).await;
    let evidence = &job["outcome"]["evidence"];
    let device = &evidence["device"];
    let said = format!(
        "papierlos-tablet-1\nPOST /api/v1/tablet/jobs/{}/signature\n{}\n{}",
        text(&evidence["job"]),
        text(&evidence["nonce"]),
        text(&device["body_sha256"]),
    );
    let key = hex::decode(text(&device["key"])).expect("digits");
    assert_eq!(
        text(&device["key_sha256"]),
        hex::encode(Sha256::digest(&key))
    );
    let signature = URL_SAFE_NO_PAD.decode(text(&device["signature"]));
    let signature = signature.expect("base64url");
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key);
    key.verify(said.as_bytes(), &signature)
        .expect("a signature of the tablet");
    let other = said.replace("POST", "PUT");
    assert!(key.verify(other.as_bytes(), &signature).is_err());
}

#[tokio::test]
async fn nobody_has_seen_a_page_that_there_is_not() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    for page in [0, 3, 99] {
        let mut wrong = shown.signature();
        wrong["pages"] = json!([{"page": 1, "seconds": 2}, {"page": page, "seconds": 1}]);
        let answer = counter.tablet.tell(&shown, "signature", &wrong).await;
        let refused = answer.is_problem(422, "validation");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/pages/1/page");
    }
    assert_eq!(counter.versions(&document).await, 1);
    // What is told on the way is no different, and nothing of it is kept.
    let pages_seen = |one: Value| {
        let first = json!({"page": 2, "seconds": 4});
        json!({"pages": [first, one], "signing": true})
    };
    for (wrong, pointer, code) in [
        (
            json!({"page": 0, "seconds": 4}),
            "/pages/1/page",
            "not-found",
        ),
        (
            json!({"page": 3, "seconds": 4}),
            "/pages/1/page",
            "not-found",
        ),
        (
            json!({"page": 2, "seconds": 5}),
            "/pages/1/page",
            "duplicate",
        ),
        (
            json!({"page": 1, "seconds": 3_601}),
            "/pages/1/seconds",
            "too-large",
        ),
    ] {
        let answer = counter
            .tablet
            .tell(&shown, "seen", &pages_seen(wrong))
            .await;
        let refused = answer.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["pointer"], pointer);
        assert_eq!(refused["errors"][0]["code"], code);
    }
    let job = counter.state(&shown.id).await;
    assert_eq!(
        (&job["state"], &job["pages_seen"]),
        (&json!("shown"), &json!([]))
    );
    let seen = json!({"pages": [{"page": 2, "seconds": 4}], "signing": true});
    counter.tablet.tell(&shown, "seen", &seen).await.is(200);
    let signature = shown.signature();
    let done = counter.tablet.tell(&shown, "signature", &signature).await;
    done.is(200);
    let job = counter.state(&shown.id).await;
    let pages = job["outcome"]["evidence"]["pages"].as_array().cloned();
    let pages = pages.unwrap_or_default();
    let numbers: Vec<_> = pages.iter().map(|page| page["page"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
}

#[tokio::test]
async fn what_is_no_signature_is_refused_and_the_job_goes_on() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let (document, _, shown) = counter.shown().await;
    let mut nothing = shown.signature();
    nothing["strokes"]["strokes"] = json!([]);
    let mut dot = shown.signature();
    dot["strokes"]["strokes"] = json!([{"pts": [{"x": 9, "y": 9, "t": 0, "p": 0.5}]}]);
    let mut other_words = shown.signature();
    other_words["sentence"] = json!("Ich schenke der Stadt mein Haus.");
    for wrong in [nothing, dot, other_words] {
        let answer = counter.tablet.tell(&shown, "signature", &wrong).await;
        answer.is_problem(422, "validation");
    }
    assert_eq!(counter.versions(&document).await, 1);
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    assert_eq!(done.is(200).json()["state"], "done");
}

#[tokio::test]
async fn nobody_is_shown_what_could_not_be_signed() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let clerk = counter.town.clerk();
    let text = clerk
        .file("a.txt", b"kein PDF", &json!({"title": "Text"}))
        .await
        .is(201);
    let path = |id: &str| format!("/api/v1/documents/{id}/signing-jobs");
    let body = request(&counter.tablet.id);
    let answer = clerk.post(&path(&id_of(&text)), &body).await;
    answer.is_problem(422, "validation");
    let (filed, _) = form(&counter.town).await;
    let id = id_of(&filed);
    let mut outside = body.clone();
    outside["place"]["page"] = json!(9);
    let answer = clerk.post(&path(&id), &outside).await;
    answer.is_problem(422, "validation");
    let mut no_field = body.clone();
    no_field.as_object_mut().expect("an object").remove("place");
    no_field["field"] = json!("unterschrift");
    let answer = clerk.post(&path(&id), &no_field).await;
    answer.is_problem(422, "validation");
    for (name, steering) in [
        ("sentence", "Ich zahle \u{202e}001 Euro."),
        ("purpose", "A\u{200f}B"),
    ] {
        let mut steered = body.clone();
        steered[name] = json!(steering);
        let answer = clerk.post(&path(&id), &steered).await;
        let refused = answer.is_problem(422, "validation");
        let pointer = &refused.json()["errors"][0]["pointer"];
        assert_eq!(*pointer, format!("/{name}"));
    }
    let mut stale = body.clone();
    stale["version"] = json!(2);
    clerk
        .post(&path(&id), &stale)
        .await
        .is_problem(409, "conflict");
    // The document of another department is none.
    let other = counter.town.other();
    other
        .post(&path(&id), &body)
        .await
        .is_problem(404, "not-found");
    let listed = clerk.get(&path(&id)).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn without_a_seal_nothing_is_sent_to_a_tablet() {
    let Some(town) = Town::start().await else {
        return;
    };
    let tablet = tests::tablet::FakeTablet::paired(&town).await;
    let (filed, _) = form(&town).await;
    let path = format!("/api/v1/documents/{}/signing-jobs", id_of(&filed));
    let answer = town.clerk().post(&path, &request(&tablet.id)).await;
    answer.is_problem(501, "not-implemented");
}

#[tokio::test]
async fn a_second_signature_goes_onto_the_first() {
    let Some(counter) = Counter::open().await else {
        return;
    };
    let town = &counter.town;
    let (document, _, shown) = counter.shown().await;
    let done = counter
        .tablet
        .tell(&shown, "signature", &shown.signature())
        .await;
    done.is(200);
    let content = format!("/api/v1/documents/{document}/content");
    let first = town.clerk().get(&content).await.is(200).body;
    let mut again = request(&counter.tablet.id);
    again["version"] = json!(2);
    again["place"]["left"] = json!(300.0);
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let sent = town.clerk().post(&path, &again).await.is(201);
    let shown = counter.tablet.show(&id_of(&sent)).await;
    let mut signature = shown.signature();
    signature["strokes"]["strokes"][0]["pts"][3]["x"] = json!(131.0);
    let done = counter.tablet.tell(&shown, "signature", &signature).await;
    done.is(200);
    let second = town.clerk().get(&content).await.is(200).body;
    assert!(second.starts_with(&first));
    valid(&second);
    let jobs = town.clerk().get(&path).await.is(200).json();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(2));
    assert!(
        town.clerk()
            .get(&format!("{JOBS}/{}", shown.id))
            .await
            .status
            == 200
    );
}
