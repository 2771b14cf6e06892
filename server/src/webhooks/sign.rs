//! Secrets and signatures of the Standard Webhooks scheme.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a secret begins with in its written form.
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret; the scheme asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// What receiver and sender share.
pub(super) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new one.
    pub(super) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// One that was kept.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// To be sealed.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// In the form that is shown once.
    pub(super) fn text(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(self.0.as_slice()))
    }

    /// `v1,` and the HMAC-SHA-256 of `ID.TIMESTAMP.BODY` in base64.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length; the error of its constructor cannot happen.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The header: one signature for each secret that is valid, the newest first.
pub(super) fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let each: Vec<_> = secrets
        .iter()
        .map(|secret| secret.sign(id, timestamp, body))
        .collect();
    each.join(" ")
}
