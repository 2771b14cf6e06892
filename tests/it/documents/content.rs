//! Content comes back as it went in: whole, in part, verifiable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};
use tests::town::{id_of, send};
use tests::{Answer, Client, Town, fixtures, wait_until};

use super::{file, path};

/// 300,001 bytes that repeat nowhere, so that a wrong place is a wrong byte.
fn content() -> Vec<u8> {
    let digests = (0_u32..).flat_map(|number| Sha256::digest(number.to_be_bytes()));
    digests.take(300_001).collect()
}

async fn get(client: &Client, at: &str, headers: &[(&str, &str)]) -> Answer {
    send(client, Method::GET, at, headers, None).await
}

#[tokio::test]
async fn content_comes_back_byte_by_byte_with_its_digests() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = content();
    let filed = file(&town, "Bild", &content).await;
    let at = format!("{}/content", path(&id_of(&filed)));
    let clerk = town.clerk();
    let whole = clerk.get(&at).await.is(200);
    assert_eq!(whole.body, content);
    let (sha256, sha512) = (Sha256::digest(&content), Sha512::digest(&content));
    assert_eq!(filed.json()["content"]["sha256"], hex::encode(sha256));
    assert_eq!(filed.json()["content"]["sha512"], hex::encode(sha512));
    let digest = format!(
        "sha-256=:{}:, sha-512=:{}:",
        STANDARD.encode(sha256),
        STANDARD.encode(sha512)
    );
    assert_eq!(whole.header("repr-digest"), Some(&*digest));
    assert_eq!(whole.etag(), format!("\"sha256-{}\"", hex::encode(sha256)));
    assert_eq!(whole.media_type(), Some("application/pdf"));
    // What a stranger sent is never run in our name.
    assert!(
        whole
            .header("content-security-policy")
            .is_some_and(|csp| csp.contains("sandbox"))
    );
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    let inline = clerk.get(&format!("{at}?inline=true")).await.is(200);
    assert!(
        inline
            .header("content-disposition")
            .is_some_and(|one| one.starts_with("inline"))
    );
    let head = send(&clerk, Method::HEAD, &at, &[], None).await.is(200);
    assert!(head.body.is_empty());
    for name in [
        "content-length",
        "etag",
        "repr-digest",
        "content-type",
        "accept-ranges",
    ] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn whatever_is_got_is_asked_for_its_head_too() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    let filed = file(&town, "Bild", &content()).await;
    let at = path(&id_of(&filed));
    // Until it is read its tag changes.
    town.settle().await;
    for path in [
        at.clone(),
        format!("{at}/versions"),
        "/api/v1/documents?limit=1".to_owned(),
        "/api/v1/me".to_owned(),
        "/".to_owned(),
        "/api/v1/documents/0190a0f0-0000-7000-8000-000000000001".to_owned(),
    ] {
        let whole = clerk.get(&path).await;
        let head = get_head(&clerk, &path).await;
        assert_eq!(head.status, whole.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(head.header(name), whole.header(name), "{path}: {name}");
        }
    }
    let wrong = get_head(&clerk, "/api/v1/documents/bulk/preview").await;
    assert_eq!(wrong.is(405).header("allow"), Some("POST"));
    let unknown = get_head(&clerk, "/api/v1/documents?nothing=1").await;
    unknown.is(400);
    get_head(&town.app.anonymous(), &at).await.is(401);
}

async fn get_head(client: &Client, at: &str) -> Answer {
    send(client, Method::HEAD, at, &[], None).await
}

#[tokio::test]
async fn what_the_first_bytes_are_is_no_matter_of_what_was_said() {
    let Some(town) = Town::start().await else {
        return;
    };
    let letter = fixtures::unique_pdf("Als etwas anderes geschickt");
    let said = "application/octet-stream";
    let filed = crate::reading::file(&town, said, &letter, "Brief").await;
    assert_eq!(filed.json()["content"]["media_type"], "application/pdf");
    let at = format!("{}/content?inline=true", path(&id_of(&filed)));
    let shown = town.clerk().get(&at).await.is(200);
    assert_eq!(shown.media_type(), Some("application/pdf"));
    let disposition = shown.header("content-disposition").unwrap_or_default();
    assert!(disposition.starts_with("inline"), "{disposition}");
    assert_eq!(shown.body, letter);
    let office = crate::reading::file(&town, said, &crate::reading::letter(), "Schreiben").await;
    assert_eq!(
        office.json()["content"]["media_type"],
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    );
    // What may be anything is what was said.
    let filed = crate::reading::file(&town, said, b"Nur ein Satz.", "Satz").await;
    assert_eq!(filed.json()["content"]["media_type"], said);
}

#[tokio::test]
async fn every_range_is_the_bytes_at_that_place() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = content();
    let filed = file(&town, "Bild", &content).await;
    let at = format!("{}/content", path(&id_of(&filed)));
    let clerk = town.clerk();
    // Around the borders of encrypted chunks, whatever their size.
    let borders = [1_usize << 12, 1 << 14, 1 << 15, 1 << 16, 1 << 17, 1 << 18];
    let around = borders
        .iter()
        .flat_map(|border| [(border - 1, border + 1), (*border, border + 70_000)]);
    for (first, last) in [(0, 0), (0, 299_999), (300_000, 300_000), (5, 999_999)]
        .into_iter()
        .chain(around)
    {
        let range = format!("bytes={first}-{last}");
        let part = get(&clerk, &at, &[("range", &range)]).await.is(206);
        let end = (last + 1).min(content.len());
        assert_eq!(
            part.body,
            content.get(first..end).expect("within"),
            "{range}"
        );
        let expected = format!("bytes {first}-{}/300001", end - 1);
        assert_eq!(part.header("content-range"), Some(&*expected));
    }
    let tail = get(&clerk, &at, &[("range", "bytes=-7")]).await.is(206);
    assert_eq!(tail.body, content.get(299_994..).expect("within"));
    let open = get(&clerk, &at, &[("range", "bytes=299990-")])
        .await
        .is(206);
    assert_eq!(open.body, content.get(299_990..).expect("within"));
    let behind = get(&clerk, &at, &[("range", "bytes=300001-")]).await;
    let behind = behind.is_problem(416, "range-not-satisfiable");
    assert_eq!(behind.header("content-range"), Some("bytes */300001"));
    // Several ranges, another unit, nonsense: the whole.
    for range in ["bytes=0-1,5-6", "pages=1-2", "bytes=x-y", "bytes=9-2"] {
        let whole = get(&clerk, &at, &[("range", range)]).await.is(200);
        assert_eq!(whole.body.len(), content.len(), "{range}");
    }
}

#[tokio::test]
async fn conditions_save_bytes_and_join_what_broke_off() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = content();
    let filed = file(&town, "Bild", &content).await;
    let document = path(&id_of(&filed));
    let at = format!("{document}/content");
    let clerk = town.clerk();
    let etag = clerk.get(&at).await.etag();
    for known in [etag.as_str(), "*", &format!("\"other\", W/{etag}")] {
        let same = get(&clerk, &at, &[("if-none-match", known)]).await.is(304);
        assert!(same.body.is_empty());
    }
    get(&clerk, &at, &[("if-none-match", "\"other\"")])
        .await
        .is(200);
    get(&clerk, &at, &[("if-match", "\"other\"")])
        .await
        .is_problem(412, "precondition-failed");
    let range = ("range", "bytes=10-19");
    let rest = get(&clerk, &at, &[range, ("if-range", &etag)])
        .await
        .is(206);
    assert_eq!(rest.body, content.get(10..20).expect("within"));
    let whole = get(&clerk, &at, &[range, ("if-range", "\"other\"")])
        .await
        .is(200);
    assert_eq!(whole.body.len(), content.len());
    // The document itself has conditions too.
    get(&clerk, &document, &[("if-none-match", &filed.etag())])
        .await
        .is(304);
    get(&clerk, &document, &[("if-none-match", "\"v9\"")])
        .await
        .is(200);
}

#[tokio::test]
async fn whoever_learns_of_content_without_its_bytes_has_looked() {
    let Some(town) = Town::start().await else {
        return;
    };
    let filed = file(&town, "Bild", &content()).await;
    let at = format!("{}/content", path(&id_of(&filed)));
    let clerk = town.clerk();
    let etag = clerk.get(&at).await.etag();
    let looks = async || -> u64 {
        let said = town.app.command(&["verify", "--json"]).await;
        let said: Value = serde_json::from_slice(&said.stdout).expect("a report");
        said["access"]["records"].as_u64().unwrap_or_default()
    };
    wait_until("the first look is recorded", async || looks().await >= 1).await;
    let before = looks().await;
    // Tells nothing that its reader does not have.
    get(&clerk, &at, &[("if-none-match", &etag)]).await.is(304);
    let head = clerk.request(Method::HEAD, &at);
    clerk.send(head).await.is(200);
    get(&clerk, &at, &[("if-match", "\"other\"")]).await.is(412);
    get(&clerk, &at, &[("range", "bytes=99999999-")])
        .await
        .is(416);
    wait_until("three looks are recorded", async || {
        looks().await >= before + 3
    })
    .await;
    assert_eq!(looks().await, before + 3);
}

#[tokio::test]
async fn a_text_has_the_pages_of_the_document() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = tests::fixtures::pdf(&["Straßenschäden § 14", "Seite zwei"]);
    let id = id_of(&file(&town, "Bericht", &content).await);
    let document = town.read(&id).await;
    assert_eq!(
        (&document["text"]["state"], &document["text"]["pages"]),
        (&"readable".into(), &2.into())
    );
    let text = town
        .clerk()
        .get(&format!("{}/text", path(&id)))
        .await
        .is(200)
        .json();
    let pages: Vec<_> = text["pages"].as_array().into_iter().flatten().collect();
    assert_eq!(pages.len(), 2);
    assert_eq!(
        (&pages[0]["number"], &pages[1]["number"]),
        (&1.into(), &2.into())
    );
    assert_eq!(
        pages[0]["text"].as_str().map(str::trim),
        Some("Straßenschäden § 14")
    );
    assert_eq!(pages[1]["text"].as_str().map(str::trim), Some("Seite zwei"));
}

#[tokio::test]
async fn content_whose_stored_bytes_were_damaged_is_stored_anew() {
    let Some(town) = Town::start().await else {
        return;
    };
    let content = fixtures::unique_pdf("Bringt es noch einmal");
    let file = async || {
        let filed = town.clerk().file("a.pdf", &content, &json!({})).await;
        id_of(&filed.is(201))
    };
    drop(file().await);
    for damage in [
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2),
        |bytes: &mut Vec<u8>| bytes.iter_mut().for_each(|byte| *byte ^= 1),
    ] {
        town.settle().await;
        for blob in crate::at_rest::blobs(town.app.data()) {
            let mut bytes = std::fs::read(&blob).expect("a blob");
            damage(&mut bytes);
            std::fs::write(&blob, bytes).expect("a blob");
        }
        let again = file().await;
        let path = format!("/api/v1/documents/{again}/content");
        let read = town.clerk().get(&path).await.is(200);
        assert!(read.body == content, "other bytes came back");
    }
}
