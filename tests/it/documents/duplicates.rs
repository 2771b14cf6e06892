//! What says the same: the same bytes, the scan of a letter, and what only looks like it.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tests::tesseract::has_tesseract;
use tests::town::{OTHER, OWN, add, id_of, send};
use tests::{Answer, Client, Town, fixtures, wait_until, wait_until_within};

use super::path;
use crate::inspections::Personnel;
use crate::records::register;

const LETTER: &str = "Stadt Hollerfurt an der Aue, Fachbereich Finanzen\n\
    Frau Erika Becker, Lindenweg 14, 05321 Hollerfurt\n\
    Rechnung 2025-0418 vom 11.02.2025\n\
    Sehr geehrte Frau Becker,\n\
    für die Benutzung der Mehrzweckhalle am Sportplatz stelle ich Ihnen\n\
    318,40 Euro in Rechnung. Darin enthalten sind die Reinigung der Umkleiden\n\
    und die Bereitstellung der Beleuchtungsanlage. Ich bitte Sie, den Betrag\n\
    bis zum 14.03.2025 unter Angabe des Kassenzeichens 1.0418.2025.1 zu\n\
    überweisen. Für Rückfragen stehe ich Ihnen unter der Durchwahl\n\
    02590 939-217 gerne zur Verfügung.\n\
    Mit freundlichen Grüßen\n\
    im Auftrag Häusermann";

/// A page takes seconds of the processor, and its readers give way to everything else.
const PATIENCE: Duration = Duration::from_secs(240);

/// The letter with some passages written, or read, otherwise.
fn letter(changes: &[(&str, &str)]) -> String {
    let mut text = LETTER.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the letter has no {from}");
        text = text.replace(from, to);
    }
    text
}

/// As a machine read it.
fn misread() -> String {
    letter(&[
        ("Umkleiden", "Urnkleiden"),
        ("Betrag", "Befrag"),
        ("Reinigung", "Reiuigung"),
        ("318,40", "3l8,4O"),
    ])
}

async fn file(client: &Client, title: &str, content: &[u8]) -> String {
    let metadata = json!({"title": title});
    id_of(&client.file("brief.pdf", content, &metadata).await.is(201))
}

/// What a client is told of the duplicates of a document.
async fn told(client: &Client, id: &str) -> Value {
    let found = client.get(&format!("{}/duplicates", path(id))).await;
    found.is(200).json()
}

/// The kinds and ids of those that are named.
fn named(told: &Value) -> Vec<(String, String)> {
    let items = told["items"].as_array().expect("items");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    items
        .iter()
        .map(|item| (text(&item["kind"]), text(&item["document"]["id"])))
        .collect()
}

fn of(kind: &str, id: &str) -> (String, String) {
    (kind.to_owned(), id.to_owned())
}

async fn act(client: &Client, id: &str, verb: &str, body: Option<Value>) -> Answer {
    let etag = client.get(&path(id)).await.is(200).etag();
    let at = format!("{}/{verb}", path(id));
    let headers = [("if-match", etag.as_str())];
    send(client, Method::POST, &at, &headers, body.as_ref()).await
}

/// How many keys of texts there are.
async fn keys(town: &Town) -> i64 {
    let on = match town.app.database() {
        Some(database) => database.connect().await,
        None => crate::at_rest::connect(&town.app.data().join("papierlos.db")).await,
    };
    crate::at_rest::number(&on, "SELECT count(*) FROM sketch_key").await
}

#[tokio::test]
async fn the_scan_of_a_letter_is_named_beside_the_same_bytes_and_no_other_letter_is() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let content = fixtures::unique_pdf(LETTER);
    let first = file(&clerk, "Brief", &content).await;
    let again = file(&clerk, "Brief, noch einmal", &content).await;
    let scan = file(&clerk, "Scan", &fixtures::unique_pdf(&misread())).await;
    let others = [
        letter(&[("0418", "0419"), ("11.02.", "11.03."), ("14.03.", "14.04.")]),
        letter(&[("318,40", "318,90")]),
        letter(&[("Becker", "Schulze")]),
        letter(&[(
            "Sehr geehrte Frau Becker,",
            "Sehr geehrte Frau Becker,\nauf mein Schreiben haben Sie bisher nicht geantwortet.\n\
             Ich erinnere Sie hiermit an die Erledigung und bitte um Nachricht.",
        )]),
        "Anbei die Unterlagen.".to_owned(),
    ];
    let mut ids = Vec::new();
    for text in &others {
        ids.push(file(&clerk, "Anderes", &fixtures::unique_pdf(text)).await);
    }
    town.settle().await;

    let answer = told(&clerk, &first).await;
    assert_eq!(answer["text"], "compared", "{answer}");
    assert_eq!(
        named(&answer),
        [of("bytes", &again), of("text", &scan)],
        "{answer}"
    );
    let (bytes, text) = (&answer["items"][0], &answer["items"][1]);
    assert_eq!(bytes["score"], 1.0);
    let score = text["score"].as_f64().expect("a score");
    assert!((0.8..1.0).contains(&score), "{answer}");
    for (item, other) in [(bytes, &again), (text, &scan)] {
        assert_eq!(item["here_url"], path(&first));
        assert_eq!(item["there_url"], path(other));
        assert_eq!(
            item["pages"],
            json!([{
                "here": 1,
                "there": 1,
                "here_url": format!("{}/pages/1?by_text=true", path(&first)),
                "there_url": format!("{}/pages/1?by_text=true", path(other)),
            }])
        );
    }
    // The other way round it is the same.
    let back = named(&told(&clerk, &scan).await);
    assert_eq!(back.len(), 2);
    assert!(back.contains(&of("text", &first)) && back.contains(&of("text", &again)));
    // The document itself names the same bytes alone, as before.
    let shown = clerk.get(&path(&first)).await.is(200).json();
    assert_eq!(shown["duplicates"].as_array().map(Vec::len), Some(1));

    let short = ids.pop().expect("the short one");
    assert_eq!(
        told(&clerk, &short).await,
        json!({"text": "short", "items": []})
    );
    for id in ids {
        assert_eq!(
            told(&clerk, &id).await,
            json!({"text": "compared", "items": []})
        );
    }
}

#[tokio::test]
async fn the_letter_is_found_beside_its_scan_once_that_is_recognised() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../indexer/tests/data");
    let text = std::fs::read_to_string(folder.join("scan-emog.txt")).expect("a sample");
    let text = text.replace('\u{c}', "");
    let letter = file(&clerk, "Gesetz", &fixtures::unique_pdf(&text)).await;
    let scan = std::fs::read(folder.join("scan-emog.pdf")).expect("a sample");
    let scan = file(&clerk, "Scan", &scan).await;
    wait_until_within(PATIENCE, "the scan says the same", async || {
        named(&told(&clerk, &letter).await) == [of("text", &scan)]
    })
    .await;
    assert_eq!(named(&told(&clerk, &scan).await), [of("text", &letter)]);
}

#[tokio::test]
async fn pages_are_told_by_what_stands_on_them() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let second = "Anlage: Aufstellung der Leistungen, die Ihnen für die Halle in Rechnung gestellt werden.\n\
                  Auslagen für Strom, Wasser und Heizung sind darin enthalten.";
    let here = fixtures::pdf(&[LETTER, second]);
    let there = fixtures::pdf(&[second, &misread()]);
    let (here, there) = (
        file(&clerk, "Brief", &here).await,
        file(&clerk, "Scan, verkehrt herum", &there).await,
    );
    town.settle().await;
    let answer = told(&clerk, &here).await;
    assert_eq!(named(&answer), [of("text", &there)], "{answer}");
    let pages = answer["items"][0]["pages"].as_array().expect("pages");
    let pages: Vec<_> = pages
        .iter()
        .map(|pair| (pair["here"].clone(), pair["there"].clone()))
        .collect();
    assert_eq!(pages, [(json!(1), json!(2)), (json!(2), json!(1))]);
}

#[tokio::test]
async fn nobody_learns_of_a_duplicate_that_may_not_be_read() {
    let Some(town) = Town::start().await else {
        return;
    };
    let (clerk, other) = (town.clerk(), town.other());
    let content = fixtures::unique_pdf(LETTER);
    let own = file(&clerk, "Brief", &content).await;
    let text = fixtures::unique_pdf(&misread());
    let metadata = json!({"title": "Geheim", "department": OTHER});
    let hidden = id_of(&other.file("a.pdf", &text, &metadata).await.is(201));
    town.settle().await;
    let nothing = json!({"text": "compared", "items": []});
    assert_eq!(told(&clerk, &own).await, nothing);
    assert_eq!(told(&other, &hidden).await, nothing);
    // Who may read both is told.
    let auditor = told(&town.auditor(), &own).await;
    assert_eq!(named(&auditor), [of("text", &hidden)]);
    let asked = |id: &str| format!("{}/duplicates", path(id));
    clerk
        .get(&asked(&hidden))
        .await
        .is_problem(404, "not-found");
    clerk
        .get(&asked(&uuid::Uuid::now_v7().to_string()))
        .await
        .is_problem(404, "not-found");
    // To compare texts is to read them: whoever knows of a document and reads no content is refused.
    let manager = add(&town.app, "r.registratur", "records_manager", None).await;
    let manager = town.app.with_token(&manager);
    manager.get(&path(&own)).await.is(200);
    manager.get(&asked(&own)).await.is_problem(403, "forbidden");
    town.admin()
        .get(&asked(&own))
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn what_stands_in_a_compartment_is_named_to_those_who_enter_it() {
    let Some(it) = Personnel::start().await else {
        return;
    };
    let (town, clerk) = (&it.town, it.town.clerk());
    let case = clerk.get(&format!("/api/v1/cases/{}", it.case)).await;
    let (content, metadata) = (fixtures::unique_pdf(LETTER), json!({"title": "Abmahnung"}));
    let filed = clerk.file("g.pdf", &content, &metadata).await.is(201);
    let hidden = id_of(&register(&clerk, &filed, &case.is(200)).await.is(200));
    let own = file(&clerk, "Scan", &fixtures::unique_pdf(&misread())).await;
    wait_until("both are compared", async || {
        named(&told(&clerk, &own).await) == [of("text", &hidden)]
    })
    .await;
    let outside = add(&town.app, "f.nebenan", "clerk", Some(OWN)).await;
    let outside = town.app.with_token(&outside);
    assert_eq!(
        told(&outside, &own).await,
        json!({"text": "compared", "items": []})
    );
    let asked = format!("{}/duplicates", path(&hidden));
    outside.get(&asked).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn what_is_put_aside_is_not_named_until_it_is_taken_back() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let first = file(&clerk, "Brief", &fixtures::unique_pdf(LETTER)).await;
    let scan = file(&clerk, "Scan", &fixtures::unique_pdf(&misread())).await;
    town.settle().await;
    assert_eq!(named(&told(&clerk, &first).await), [of("text", &scan)]);
    let all = keys(&town).await;
    let reason = json!({"reason": "Doppelt"});
    act(&clerk, &scan, "discard", Some(reason)).await.is(200);
    assert!(named(&told(&clerk, &first).await).is_empty());
    assert_eq!(keys(&town).await * 2, all, "nothing of it is left to find");
    act(&clerk, &scan, "restore", None).await.is(200);
    assert_eq!(named(&told(&clerk, &first).await), [of("text", &scan)]);
    assert_eq!(keys(&town).await, all);
}

#[tokio::test]
async fn a_new_version_stands_for_its_own_text() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let first = file(&clerk, "Brief", &fixtures::unique_pdf(LETTER)).await;
    let scan = file(&clerk, "Scan", &fixtures::unique_pdf(&misread())).await;
    town.settle().await;
    let replace = async |text: &str| {
        let part = Part::bytes(fixtures::unique_pdf(text)).file_name("neu.pdf");
        let etag = clerk.get(&path(&scan)).await.is(200).etag();
        let request = clerk
            .request(Method::POST, &format!("{}/versions", path(&scan)))
            .header("if-match", etag)
            .multipart(Form::new().part("content", part));
        clerk.send(request).await.is(201);
        town.settle().await;
    };
    replace(&letter(&[("318,40", "512,75")])).await;
    assert!(named(&told(&clerk, &first).await).is_empty());
    assert!(named(&told(&clerk, &scan).await).is_empty());
    replace("Anbei die Unterlagen.").await;
    assert_eq!(told(&clerk, &scan).await["text"], "short");
    replace(&misread()).await;
    assert_eq!(named(&told(&clerk, &first).await), [of("text", &scan)]);
}

#[tokio::test]
async fn texts_from_before_are_remembered_at_the_next_start() {
    let Some(mut town) = Town::start().await else {
        return;
    };
    let first = file(&town.clerk(), "Brief", &fixtures::unique_pdf(LETTER)).await;
    let scan = fixtures::unique_pdf(&misread());
    let scan = file(&town.clerk(), "Scan", &scan).await;
    town.settle().await;
    let url = town.app.database_url();
    town.app.stop();
    // As it stood in an archive of before.
    let database = Database::connect(url).await.expect("the database");
    for table in ["sketch_key", "text_sketch"] {
        let all = format!("DELETE FROM {table}");
        database.execute_unprepared(&all).await.expect("rows");
    }
    database.close().await.expect("closed");
    town.app.resume();
    wait_until("they are found again", async || {
        let answer = told(&town.clerk(), &first).await;
        named(&answer) == [of("text", &scan)]
    })
    .await;
    assert_eq!(told(&town.clerk(), &scan).await["text"], "compared");
}
