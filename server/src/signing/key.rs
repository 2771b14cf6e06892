//! The key of the seal: in memory, in a module, or with a service elsewhere that is asked for each signature.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use pades::sign::{Chain, Dtbs, SignatureAlgorithm, Signer, SignerError};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::Secret;

/// An answer of a service is not longer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Why a key did not sign.
#[derive(Debug, Error)]
pub(super) enum KeyError {
    /// The key here.
    #[error(transparent)]
    Here(#[from] SignerError),
    /// It ended early.
    #[error("the signature was given up")]
    GivenUp(#[source] tokio::task::JoinError),
    /// The service does not answer, or with an error.
    #[error("the sealing service does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The service answers with something else than one signature.
    #[error("the sealing service answers with something else than one signature: {what}")]
    Answer {
        /// What is wrong with it.
        what: &'static str,
    },
}

/// A key that seals. What it gives is checked by its certificate before it goes anywhere: a key that says
/// something else makes an error, and no PDF.
pub(super) trait SealingKey: Send + Sync {
    /// The certificate of the key, and those that vouch for it.
    fn chain(&self) -> &Chain;

    /// Signs by the algorithm of the chain: ECDSA in ASN.1, or RSA.
    fn sign<'a>(&'a self, dtbs: &'a Dtbs) -> BoxFuture<'a, Result<Vec<u8>, KeyError>>;
}

/// A key of this machine. It may take a while, where it lies in a module.
pub(super) struct Here(pub(super) Arc<dyn Signer + Send + Sync>);

impl SealingKey for Here {
    fn chain(&self) -> &Chain {
        self.0.chain()
    }

    fn sign<'a>(&'a self, dtbs: &'a Dtbs) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        here(Arc::clone(&self.0), dtbs.bytes().to_vec()).boxed()
    }
}

/// Off the thread that serves others.
async fn here(signer: Arc<dyn Signer + Send + Sync>, bytes: Vec<u8>) -> Result<Vec<u8>, KeyError> {
    let done = tokio::task::spawn_blocking(move || signer.sign(&bytes)).await;
    Ok(done.map_err(KeyError::GivenUp)??)
}

/// A service elsewhere, asked as the Cloud Signature Consortium has it (API 2, `signatures/signHash`): it is sent a
/// digest, never a document.
pub(super) struct Remote {
    pub(super) url: String,
    pub(super) credential: String,
    pub(super) token: Secret,
    pub(super) patience: Duration,
    pub(super) chain: Chain,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    #[serde(rename = "credentialID")]
    credential: &'a str,
    hashes: [String; 1],
    #[serde(rename = "hashAlgorithmOID")]
    hash_algorithm: &'static str,
    sign_algo: &'static str,
    operation_mode: &'static str,
}

#[derive(Debug, Deserialize)]
struct Answer {
    signatures: Vec<String>,
}

/// The digest, and the signature over it, as the service knows them.
const fn algorithms(algorithm: SignatureAlgorithm) -> (&'static str, &'static str) {
    const SHA256: &str = "2.16.840.1.101.3.4.2.1";
    const SHA384: &str = "2.16.840.1.101.3.4.2.2";
    match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => (SHA256, "1.2.840.10045.4.3.2"),
        SignatureAlgorithm::EcdsaP384Sha384 => (SHA384, "1.2.840.10045.4.3.3"),
        SignatureAlgorithm::RsaSha256 => (SHA256, "1.2.840.113549.1.1.11"),
    }
}

impl Remote {
    fn question(&self, dtbs: &Dtbs) -> Question<'_> {
        let (hash_algorithm, sign_algo) = algorithms(self.chain.algorithm());
        Question {
            credential: &self.credential,
            hashes: [STANDARD.encode(dtbs.digest())],
            hash_algorithm,
            sign_algo,
            operation_mode: "S",
        }
    }

    async fn ask(&self, question: Question<'_>) -> Result<Vec<u8>, KeyError> {
        let client = Client::builder()
            .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.patience)
            .timeout(self.patience)
            .build()
            .map_err(KeyError::Unreachable)?;
        let sent = client
            .post(format!("{}/signatures/signHash", self.url))
            .bearer_auth(self.token.expose())
            .json(&question)
            .send()
            .await
            .and_then(Response::error_for_status);
        let mut response = sent.map_err(KeyError::Unreachable)?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(KeyError::Unreachable)? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(KeyError::Answer {
                    what: "it is too long",
                });
            }
            body.extend_from_slice(&piece);
        }
        signature_of(&body, self.chain.algorithm())
    }
}

impl SealingKey for Remote {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn sign<'a>(&'a self, dtbs: &'a Dtbs) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        self.ask(self.question(dtbs)).boxed()
    }
}

/// The only signature of an answer.
fn signature_of(body: &[u8], algorithm: SignatureAlgorithm) -> Result<Vec<u8>, KeyError> {
    let wrong = |what| KeyError::Answer { what };
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_source| wrong("it is not as it should be"))?;
    let [only] = answer.signatures.as_slice() else {
        return Err(wrong("there is not one signature in it"));
    };
    let bytes = STANDARD.decode(only);
    let bytes = bytes.map_err(|_source| wrong("the signature is not base64"))?;
    let half = match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => 32,
        SignatureAlgorithm::EcdsaP384Sha384 => 48,
        SignatureAlgorithm::RsaSha256 => return Ok(bytes),
    };
    // Some services write both numbers one behind the other, which ASN.1 never comes to: its first byte is 0x30 and
    // its second says how long the rest is.
    if bytes.len() == 2 * half && !is_sequence(&bytes) {
        let (r, s) = bytes.split_at(half);
        return Ok(sequence(&[integer(r), integer(s)].concat()));
    }
    Ok(bytes)
}

fn is_sequence(bytes: &[u8]) -> bool {
    let length = bytes.get(1).copied().map(usize::from);
    bytes.first() == Some(&0x30) && length.is_some_and(|length| length + 2 == bytes.len())
}

/// A number above zero in ASN.1: without zeros in front, but for one where it would be below zero otherwise.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    let mut content = Vec::new();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    tagged(0x02, &content)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tagged(0x30, content)
}

/// Below 128 bytes, as all that is written here: twice 49 with their heads.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let mut all = vec![tag, length];
    all.extend_from_slice(content);
    all
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use pades::sign::SignatureAlgorithm;

    use super::{STANDARD, signature_of};

    const P256: SignatureAlgorithm = SignatureAlgorithm::EcdsaP256Sha256;

    fn answer(signatures: &[&[u8]]) -> Vec<u8> {
        let all: Vec<String> = signatures.iter().map(|one| STANDARD.encode(one)).collect();
        serde_json::json!({ "signatures": all })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_signature_in_two_numbers_is_written_as_asn1() {
        let mut raw = [0x11; 64];
        raw[0] = 0;
        raw[32] = 0x80;
        let der = signature_of(&answer(&[&raw]), P256).unwrap();
        assert_eq!(der[..4], [0x30, 31 + 2 + 33 + 2, 0x02, 31]);
        assert_eq!(der[35..38], [0x02, 33, 0]);
        assert_eq!(der[38], 0x80);
        assert_eq!(der.len(), 2 + 33 + 35);
    }

    #[test]
    fn a_signature_in_asn1_is_taken_as_it_is() {
        let der = [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01];
        assert_eq!(signature_of(&answer(&[&der]), P256).unwrap(), der);
        // Even where it is as long as the two numbers would be.
        let mut long = [1; 64];
        (long[0], long[1]) = (0x30, 62);
        assert_eq!(signature_of(&answer(&[&long]), P256).unwrap(), long);
    }

    #[test]
    fn what_is_not_one_signature_is_refused() {
        let none = answer(&[]);
        let two = answer(&[&[1], &[2]]);
        for wrong in [
            &b""[..],
            b"{}",
            b"[]",
            b"{\"signatures\":[\"?\"]}",
            b"{\"signatures\":\"AQ==\"}",
            none.as_slice(),
            two.as_slice(),
        ] {
            let said = String::from_utf8_lossy(wrong).into_owned();
            assert!(signature_of(wrong, P256).is_err(), "{said}");
        }
    }
}
