//! Signing at the counter: from the pairing of a tablet to the sealed document in the archive.

mod devices;
mod ends;
mod events;
mod identity;
mod life;
mod protocol;
mod stamps;

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
