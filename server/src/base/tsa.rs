//! A timestamp authority that the settings name is asked over HTTP (RFC 3161, 3.4). What it says is for others to
//! read: here it is bytes.

use std::time::Duration;

use pades::sign::TIMESTAMP_BYTES_MAX;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use thiserror::Error;

const QUERY: &str = "application/timestamp-query";

/// Why an authority gave no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// Nobody answers there, or with an error.
    #[error("the timestamp authority does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// The answer is longer than answers are.
    #[error("the answer of the timestamp authority has more than {TIMESTAMP_BYTES_MAX} bytes")]
    TooLong,
}

/// Where it is asked, and how long it is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Tsa<'a> {
    /// Its address.
    pub url: &'a str,
    /// How long.
    pub patience: Duration,
}

impl Tsa<'_> {
    /// What it answers to a question in DER. It is told a digest and who asks; it cannot lead elsewhere.
    pub async fn ask(self, question: &[u8]) -> Result<Vec<u8>, AskError> {
        let client = Client::builder()
            .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.patience)
            .timeout(self.patience)
            .build()?;
        let mut response = client
            .post(self.url)
            .header(CONTENT_TYPE, QUERY)
            .body(question.to_vec())
            .send()
            .await
            .and_then(Response::error_for_status)?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > TIMESTAMP_BYTES_MAX {
                return Err(AskError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}
