//! Whatever a stranger sends is never run in our name: a browser saves it, or shows it as a picture, a page
//! or text.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use tests::town::id_of;
use tests::{Answer, Client, Town};

/// Where the server names what content is.
const GUESSED: &str = include_str!("../../../server/src/import/media.rs");

/// What else a stranger may call it.
const ACTIVE: &[&str] = &[
    "application/ecmascript",
    "application/javascript",
    "application/mathml+xml",
    "application/pdf",
    "application/rss+xml",
    "application/x-javascript",
    "application/x-shockwave-flash",
    "application/xhtml+xml",
    "application/xslt+xml",
    "image/svg+xml",
    "image/webp",
    "text/css",
    "text/html; charset=utf-8",
    "TEXT/HTML",
    "text/javascript",
    "text/xml",
    "text/xsl",
    "text/vtt",
];

/// What a browser may show.
const HARMLESS: &[&str] = &[
    "application/pdf",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "text/plain",
];

/// Every media type in the source of the server.
fn media_types() -> BTreeSet<String> {
    let words = GUESSED.split('"').skip(1).step_by(2);
    let is_type = |word: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '+' | '-');
        word.matches('/').count() == 1 && word.chars().all(plain)
    };
    let mut all: BTreeSet<String> = words.filter(is_type).map(str::to_owned).collect();
    assert!(all.len() > 20, "{all:?}");
    all.extend(ACTIVE.iter().map(|one| (*one).to_owned()));
    all
}

/// Files a page that would run a script, as what `media_type` says.
async fn filed(client: &Client, media_type: &str) -> String {
    let id = uuid::Uuid::now_v7();
    let content = format!("<html><!-- {id} --><script>alert(1)</script></html>");
    let part = Part::bytes(content.into_bytes()).file_name("seite.html");
    let part = part.mime_str(media_type).expect("a media type");
    let form = Form::new().part("content", part);
    let request = client.request(Method::POST, "/api/v1/documents");
    id_of(&client.send(request.multipart(form)).await.is(201))
}

fn essence(answer: &Answer) -> String {
    let whole = answer.header("content-type").unwrap_or_default();
    let essence = whole.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// No page of ours can load it, and none is it: neither as a program nor as a style.
fn cannot_run(answer: &Answer, media_type: &str) {
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{media_type}"
    );
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let within = policy.split(';').map(str::trim).collect::<Vec<_>>();
    assert!(within.contains(&"sandbox"), "{media_type}: {policy}");
    assert!(
        within.contains(&"default-src 'none'"),
        "{media_type}: {policy}"
    );
    let shown_as = essence(answer);
    for word in ["javascript", "ecmascript", "css"] {
        assert!(!shown_as.contains(word), "{media_type}: {shown_as}");
    }
}

#[tokio::test]
async fn no_content_is_shown_that_could_do_anything() {
    let Some(town) = Town::start().await else {
        return;
    };
    let clerk = town.clerk();
    for media_type in media_types() {
        let id = filed(&clerk, &media_type).await;
        for path in [
            format!("/api/v1/documents/{id}/content"),
            format!("/api/v1/documents/{id}/versions/1/content"),
        ] {
            let saved = clerk.get(&path).await.is(200);
            cannot_run(&saved, &media_type);
            let disposition = saved.header("content-disposition").unwrap_or_default();
            assert!(disposition.starts_with("attachment"), "{media_type}");
            let shown = clerk.get(&format!("{path}?inline=true")).await.is(200);
            cannot_run(&shown, &media_type);
            assert_eq!(
                shown.body, saved.body,
                "{media_type}: the bytes are the same"
            );
            let disposition = shown.header("content-disposition").unwrap_or_default();
            let shown_as = essence(&shown);
            if disposition.starts_with("inline") {
                assert!(
                    HARMLESS.contains(&shown_as.as_str()),
                    "{media_type} is shown as {shown_as}"
                );
            } else {
                assert!(disposition.starts_with("attachment"), "{media_type}");
            }
        }
    }
    // The other interface shows it by the same rule.
    let svg = filed(&clerk, "image/svg+xml").await;
    let known = clerk.get("/api/documents/?page_size=100").await.is(200);
    let numbers = known.json()["results"].as_array().cloned();
    for one in numbers.unwrap_or_default() {
        let path = format!("/api/documents/{}/preview/", one["id"]);
        let shown = clerk.get(&path).await.is(200);
        cannot_run(&shown, &path);
        let disposition = shown.header("content-disposition").unwrap_or_default();
        if disposition.starts_with("inline") {
            assert!(HARMLESS.contains(&essence(&shown).as_str()), "{path}");
        }
    }
    let shown = clerk
        .get(&format!("/api/v1/documents/{svg}/content?inline=true"))
        .await;
    assert_eq!(
        shown.is(200).header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}
