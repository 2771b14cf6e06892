//! Pages as pictures: drawn once, the same ever after, with the words that were looked for in their places.

use reqwest::Method;
use serde_json::Value;
use tests::tesseract::has_tesseract;
use tests::town::{id_of, send};
use tests::{Client, Town, fixtures};

use super::scans::{file as file_sample, recognised, sample};
use super::{faults, file, path};

/// How wide and high a picture is, by the first bytes of a WebP without loss.
pub(super) fn dots(picture: &[u8]) -> (u32, u32) {
    assert_eq!(picture.get(..4), Some(b"RIFF".as_slice()));
    assert_eq!(picture.get(8..16), Some(b"WEBPVP8L".as_slice()));
    assert_eq!(picture.get(20), Some(&0x2f));
    let size = picture.get(21..25).and_then(|bits| bits.try_into().ok());
    let size = u32::from_le_bytes(size.expect("a size"));
    ((size & 0x3fff) + 1, ((size >> 14) & 0x3fff) + 1)
}

pub(super) async fn page(client: &Client, at: &str, query: &[(&str, &str)]) -> Value {
    client.get_with(at, query).await.is(200).json()
}

/// The words of a page that are marked.
pub(super) fn hits(page: &Value) -> Vec<&str> {
    let words = page["words"].as_array().into_iter().flatten();
    let hits = words.filter(|word| word["mark"] == true);
    hits.filter_map(|word| word["text"].as_str()).collect()
}

/// How many pages, sizes and places of words were made for somebody who looked.
async fn made(town: &Town) -> usize {
    let records = town.records(0).await;
    let drawn = records
        .iter()
        .filter(|(_, _, record)| record["action"] == "content.draw");
    drawn.count()
}

#[tokio::test]
async fn a_page_is_drawn_once_and_is_the_same_ever_after() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = fixtures::pdf(&["Erste Seite", "Zweite Seite"]);
    let filed = file(&town, "Zwei Seiten", &content).await;
    let document = path(&id_of(&filed));
    let clerk = town.clerk();
    let at = format!("{document}/pages/2");
    let told = page(&clerk, &at, &[]).await;
    assert_eq!(told["number"], 2);
    assert_eq!(told["pages"], 2);
    assert_eq!(told["size"]["width"], 595.0);
    assert_eq!(told["size"]["height"], 842.0);
    assert_eq!(told["rotation"], 0);
    assert_eq!(told["drawn_from"], "content");
    assert_eq!(told["text_page"], 2);
    let links = told["pictures"].as_array().expect("pictures");
    let sizes: Vec<_> = links
        .iter()
        .map(|link| (link["width"].as_u64(), link["height"].as_u64()))
        .collect();
    let expected = [(320, 453), (800, 1132), (1600, 2264)];
    let expected = expected.map(|(width, height)| (Some(width), Some(height)));
    assert_eq!(sizes, expected);
    assert!(links.iter().all(|link| link["sha256"].is_null()), "{told}");

    let href = links[1]["href"].as_str().expect("an address");
    let first = clerk.get(href).await.is(200);
    assert_eq!(dots(&first.body), (800, 1132));
    assert_eq!(first.media_type(), Some("image/webp"));
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));
    assert_eq!(first.header("x-content-type-options"), Some("nosniff"));
    let policy = first.header("content-security-policy");
    assert!(policy.is_some_and(|policy| policy.contains("sandbox")));
    let again = clerk.get(&format!("{at}/picture")).await.is(200);
    assert!(again.body == first.body && again.etag() == first.etag());

    // What is told of it is what comes.
    let told = page(&clerk, &at, &[]).await;
    let sha256 = told["pictures"][1]["sha256"].as_str().expect("a digest");
    assert_eq!(first.etag(), format!("\"sha256-{sha256}\""));
    let etag = first.etag();
    let known = [("if-none-match", etag.as_str())];
    let same = send(&clerk, Method::GET, href, &known, None).await.is(304);
    assert!(same.body.is_empty());
    let head = send(&clerk, Method::HEAD, href, &[], None).await.is(200);
    assert!(head.body.is_empty());
    assert_eq!(
        head.header("content-length"),
        Some(&*first.body.len().to_string())
    );

    // Two who want the same at the same time get the same, and it is drawn once.
    let small = format!("{at}/picture?width=320");
    let (one, other) = tokio::join!(clerk.get(&small), clerk.get(&small));
    let (one, other) = (one.is(200), other.is(200));
    assert_eq!(dots(&one.body), (320, 453));
    assert!(one.body == other.body);
    // The sizes of the pages, the words of this one, and two pictures.
    assert_eq!(made(&town).await, 4);

    let thumbnail = clerk.get(&format!("{document}/thumbnail")).await.is(200);
    assert_eq!(dots(&thumbnail.body), (320, 453));
    assert!(thumbnail.body != one.body, "page 1 is not page 2");
    // Nothing of it is told as a change of the document.
    let history = clerk.get(&format!("{document}/history")).await.is(200);
    assert!(!history.text().contains("content.draw"));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let Some(town) = Town::start().await else {
        return;
    };
    let filed = file(&town, "Brief", &fixtures::pdf(&["Eine Seite"])).await;
    let document = path(&id_of(&filed));
    let clerk = town.clerk();
    for wrong in ["801", "0", "70000"] {
        let at = format!("{document}/pages/1/picture?width={wrong}");
        let answer = clerk.get(&at).await.is_problem(400, "query-invalid");
        let detail = answer.json()["errors"][0]["detail"].clone();
        let detail = detail.as_str().unwrap_or_default().to_owned();
        for allowed in ["320", "800", "1600"] {
            assert!(detail.contains(allowed), "{detail}");
        }
        assert_eq!(answer.json()["errors"][0]["parameter"], "width");
        assert_eq!(faults(&answer).len(), 1);
    }
    for nowhere in [
        "/pages/0",
        "/pages/2",
        "/pages/0/picture",
        "/pages/2/picture",
        "/pages/x",
        "/pages/1?version=2",
        "/thumbnail?version=2",
    ] {
        let at = format!("{document}{nowhere}");
        clerk.get(&at).await.is_problem(404, "not-found");
    }
    let long = "a".repeat(3_000);
    let asked = [("q", long.as_str())];
    let at = format!("{document}/pages/1");
    let refused = clerk.get_with(&at, &asked).await;
    refused.is_problem(400, "query-invalid");
    // The rights are those of content.
    for rest in ["/pages/1", "/pages/1/picture", "/thumbnail"] {
        let at = format!("{document}{rest}");
        town.other().get(&at).await.is_problem(404, "not-found");
        let registrar = town.registrar().await;
        registrar.get(&at).await.is_problem(403, "forbidden");
        town.auditor().get(&at).await.is(200);
    }
}

#[tokio::test]
async fn where_there_is_no_picture_that_is_said() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let unknown = file(&town, "Vermerk", b"\x01\x02\x03\x04").await;
    let broken = file(&town, "Kaputt", b"%PDF-1.7\nnothing of a document").await;
    for (filed, reason) in [(&unknown, "unknown_format"), (&broken, "damaged")] {
        let id = id_of(filed);
        town.read(&id).await;
        for _ in 0..2 {
            let told = page(&clerk, &format!("{}/pages/1", path(&id)), &[]).await;
            assert_eq!(told["no_picture"]["reason"], reason, "{told}");
            assert!(told["no_picture"]["explanation"].is_string());
            assert_eq!(told["pictures"], serde_json::json!([]));
            assert!(told["size"].is_null() && told["words"].is_null());
            assert!(told["drawn_from"].is_null());
            for rest in ["/pages/1/picture", "/thumbnail"] {
                let none = clerk.get(&format!("{}{rest}", path(&id))).await;
                none.is_problem(404, "no-picture");
            }
        }
    }
}

#[tokio::test]
async fn the_words_of_a_page_have_places_and_those_that_were_looked_for_are_marked() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = fixtures::pdf(&["Antrag auf Anwohnerparkausweis\nDie Genehmigung liegt bei."]);
    let filed = file(&town, "Antrag", &content).await;
    let at = format!("{}/pages/1", path(&id_of(&filed)));
    let clerk = town.clerk();
    let told = page(&clerk, &at, &[("q", "Genehmigungen")]).await;
    assert_eq!(hits(&told), ["Genehmigung"], "{told}");
    let words = told["words"].as_array().expect("words");
    let texts: Vec<_> = words
        .iter()
        .filter_map(|word| word["text"].as_str())
        .collect();
    let expected = [
        "Antrag",
        "auf",
        "Anwohnerparkausweis",
        "Die",
        "Genehmigung",
        "liegt",
        "bei.",
    ];
    assert_eq!(texts, expected);
    let number = |word: &Value, name: &str| word[name].as_f64().expect("a number");
    for word in words {
        let (x, y) = (number(word, "x"), number(word, "y"));
        let (wide, high) = (number(word, "width"), number(word, "height"));
        assert!(x > 0.0 && y > 0.0 && wide > 0.0 && high > 0.0, "{word}");
        assert!(x + wide < 1.0 && y + high < 1.0, "{word}");
        assert!(word["confidence"].is_null(), "{word}");
    }
    // The first line begins 60 points from the left, on a baseline 62 points from the top.
    assert!((number(&words[0], "x") - 60.0 / 595.0).abs() < 0.005);
    let (top, high) = (number(&words[0], "y"), number(&words[0], "height"));
    let baseline = 62.0 / 842.0;
    assert!(top < baseline && baseline < top + high, "{}", words[0]);
    assert!(told["recognition"].is_null());

    // The second line stands below the first; a part of a compound is found as in a search.
    assert!(number(&words[3], "y") > top);
    let told = page(&clerk, &at, &[("q", "Ausweis")]).await;
    assert_eq!(hits(&told), ["Anwohnerparkausweis"]);
    let told = page(&clerk, &at, &[("q", "\"liegt bei\" -Antrag")]).await;
    assert_eq!(hits(&told), ["liegt", "bei."]);
    let told = page(&clerk, &at, &[]).await;
    assert!(told["words"][0]["mark"].is_null());
}

#[tokio::test]
async fn a_scan_is_shown_with_its_words_in_their_places() {
    if !has_tesseract() {
        return;
    }
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let id = file_sample(&town, "scan.pdf", &sample("scan-emog.pdf")).await;
    let thumbnail = clerk.get(&format!("{}/thumbnail", path(&id))).await.is(200);
    assert_eq!(dots(&thumbnail.body).0, 320);
    recognised(&town, &id).await;
    let at = format!("{}/pages/1", path(&id));
    let told = page(&clerk, &at, &[("q", "Ausfertigungsdatum")]).await;
    let found = hits(&told);
    assert!(!found.is_empty(), "{told}");
    let same = found.iter().all(|word| word.contains("Ausfertigungsdatum"));
    assert!(same, "{found:?}");
    let engine = told["recognition"]["engine"].as_str().unwrap_or_default();
    assert!(engine.contains("tesseract"), "{engine}");
    assert!(told["recognition"]["languages"].is_string());
    let words = told["words"].as_array().expect("words");
    assert!(words.iter().all(|word| word["confidence"].is_u64()));
    assert_eq!(told["text"]["state"], "recognised");

    let fax = file_sample(&town, "fax.tif", &sample("fax-markeng.tif")).await;
    let second = page(&clerk, &format!("{}/pages/2", path(&fax)), &[]).await;
    assert_eq!(second["pages"], 2);
    let href = second["pictures"][0]["href"].as_str().expect("an address");
    assert_eq!(dots(&clerk.get(href).await.is(200).body).0, 320);
}

#[tokio::test]
async fn each_version_has_pictures_of_its_own() {
    let Some(town) = Town::start().await else {
        return;
    };
    let filed = file(&town, "Entwurf", &fixtures::pdf(&["Erste Fassung"])).await;
    let document = path(&id_of(&filed));
    let clerk = town.clerk();
    let at = format!("{document}/thumbnail");
    let before = clerk.get(&at).await.is(200);
    let content = fixtures::pdf(&["Eine zweite Fassung mit anderem Wortlaut"]);
    let part = reqwest::multipart::Part::bytes(content).file_name("brief.pdf");
    let form = reqwest::multipart::Form::new().part("content", part);
    let request = clerk
        .request(Method::POST, &format!("{document}/versions"))
        .header("if-match", filed.etag())
        .multipart(form);
    clerk.send(request).await.is(201);
    let after = clerk.get(&at).await.is(200);
    assert!(after.body != before.body, "another picture");
    let old = clerk.get(&format!("{at}?version=1")).await.is(200);
    assert!(old.body == before.body);
}
