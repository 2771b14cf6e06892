//! Signing at the counter: from the pairing of a tablet to the sealed document in the archive.

mod devices;
mod ends;
mod events;
mod identity;
mod keys;
mod levels;
mod life;
mod protocol;
mod stamps;

use std::process::Command;

use reqwest::Method;
use serde_json::Value;
use tests::tablet::{FakeTablet, Shown, form, sealed, send};
use tests::town::{Town, id_of};
use tests::{Answer, Client, Start};

pub(crate) const JOBS: &str = "/api/v1/signing-jobs";

/// A town with a seal and a tablet.
pub(crate) struct Counter {
    pub(crate) town: Town,
    pub(crate) tablet: FakeTablet,
}

impl Counter {
    pub(crate) async fn open() -> Option<Counter> {
        Self::of(Start::new()).await
    }

    pub(crate) async fn of(start: Start) -> Option<Counter> {
        let town = Town::of(sealed(start)).await?;
        let tablet = FakeTablet::paired(&town).await;
        Some(Counter { town, tablet })
    }

    /// A document that is shown.
    pub(crate) async fn shown(&self) -> (String, Vec<u8>, Shown) {
        let (filed, content) = form(&self.town).await;
        let document = id_of(&filed);
        let job = send(&self.town, &document, &self.tablet).await;
        (document, content, self.tablet.show(&job).await)
    }

    pub(crate) async fn state(&self, job: &str) -> Value {
        let path = format!("{JOBS}/{job}");
        self.town.clerk().get(&path).await.is(200).json()
    }

    /// How many versions a document has.
    pub(crate) async fn versions(&self, document: &str) -> usize {
        let path = format!("/api/v1/documents/{document}/versions");
        let all = self.town.clerk().get(&path).await.is(200).json();
        all["items"].as_array().map_or(0, Vec::len)
    }
}

/// Adds a version by hand.
pub(crate) async fn add_version(client: &Client, document: &str, content: &[u8]) -> Answer {
    let path = format!("/api/v1/documents/{document}");
    let etag = client.get(&path).await.is(200).etag();
    let part = reqwest::multipart::Part::bytes(content.to_vec()).file_name("neu.pdf");
    let part = part.mime_str("application/pdf").expect("a type");
    let form = reqwest::multipart::Form::new().part("content", part);
    let request = client.request(Method::POST, &format!("{path}/versions"));
    client
        .send(request.header("if-match", etag).multipart(form))
        .await
}

/// What pdfsig says of every signature: that it is one over what it covers. Named, where it is not there.
pub(crate) fn valid(signed: &[u8]) {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("signed.pdf");
    std::fs::write(&path, signed).expect("written");
    let said = match Command::new("pdfsig").arg("-nocert").arg(&path).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "in CI nothing is skipped: pdfsig is missing ({error})"
            );
            eprintln!("skipped: pdfsig is missing ({error})");
            return;
        }
    };
    let all = said.matches("- Signature Validation:").count();
    let good = said.matches("Signature is Valid").count();
    assert!(all > 0 && all == good, "{said}");
}
