//! What the provider says in its tokens, and whether it is said to us, now, and about what we asked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::base::Timestamp;

/// How far the clocks of two machines may stand apart, in seconds.
pub(super) const SKEW_SECONDS: i64 = 120;
/// The oldest ID token that counts, in seconds. Entra ID sets the times of its own some minutes back; that a token
/// answers what this browser asked, its nonce says and not its age.
const ID_TOKEN_AGE_SECONDS_MAX: i64 = 900;
/// The oldest token that ends sessions, in seconds.
pub(super) const LOGOUT_AGE_SECONDS_MAX: i64 = 600;
/// The longest subject, in characters of one byte: as the standard has it.
const SUBJECT_BYTES_MAX: usize = 255;
/// The most groups of one person. Of more nothing is believed: who is told a part of them does not know which
/// roles ended.
const GROUPS_MAX: usize = 2_000;
/// What a token says that ends sessions.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Why what a token says does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum ClaimsError {
    /// It says something in another form than it must.
    #[error("the token says something in a form that it must not have")]
    Form,
    /// Another provider made it.
    #[error("the token was issued by somebody else")]
    Issuer,
    /// It was made for somebody else.
    #[error("the token was issued to somebody else")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was made at another time than it can have been.
    #[error("the token was issued at a time that cannot be")]
    Issued,
    /// It answers another question.
    #[error("the token answers another request")]
    Nonce,
    /// It is no token that ends sessions.
    #[error("the token does not say that somebody signed out")]
    Event,
}

/// To one or to several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Wire {
    iss: String,
    #[serde(default)]
    sub: Option<String>,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    exp: Option<f64>,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    jti: Option<String>,
    #[serde(default)]
    events: Option<BTreeMap<String, Value>>,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// From whom and for whom a token must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parties<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
}

/// What an ID token says of somebody.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Who it is, for this provider.
    pub(super) subject: String,
    /// The session at the provider.
    pub(super) session: Option<String>,
    /// Everything that it says of the person.
    pub(super) said: BTreeMap<String, Value>,
}

/// What a logout token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedOut {
    pub(super) subject: Option<String>,
    pub(super) session: Option<String>,
    /// Its own id: it counts once.
    pub(super) id: String,
}

/// The groups of somebody. That nothing is said of them is not that there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Groups {
    /// Nothing is said.
    Unsaid,
    /// These, possibly none.
    Said(Vec<String>),
}

fn seconds(at: Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 are exact for centuries"
    )]
    let micros = at.micros() as f64;
    micros / 1_000_000.0
}

impl Wire {
    fn read(payload: &[u8]) -> Result<Self, ClaimsError> {
        serde_json::from_slice(payload).map_err(|_wrong| ClaimsError::Form)
    }

    fn between(&self, parties: Parties<'_>) -> Result<(), ClaimsError> {
        if self.iss != parties.issuer {
            return Err(ClaimsError::Issuer);
        }
        let audience = self.aud.all();
        let to_us = audience.iter().any(|one| one == parties.client);
        let party = match &self.azp {
            Some(azp) => azp == parties.client,
            None => audience.len() == 1,
        };
        if to_us && party {
            Ok(())
        } else {
            Err(ClaimsError::Audience)
        }
    }

    /// Whether it counts `now`, and was made within so many seconds before.
    fn at(&self, now: Timestamp, age_seconds_max: i64) -> Result<(), ClaimsError> {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let skew = SKEW_SECONDS as f64;
        let oldest = seconds(now.plus_seconds(-age_seconds_max));
        let now = seconds(now);
        if self.exp.is_some_and(|exp| now >= exp + skew) {
            return Err(ClaimsError::Expired);
        }
        let early = self.nbf.is_some_and(|nbf| nbf > now + skew);
        if early || self.iat > now + skew || self.iat < oldest - skew {
            return Err(ClaimsError::Issued);
        }
        Ok(())
    }
}

fn fit(subject: &str) -> bool {
    (1..=SUBJECT_BYTES_MAX).contains(&subject.len()) && !subject.chars().any(char::is_control)
}

impl Person {
    /// Reads what a verified ID token says, where it is said to us and answers what was asked.
    pub(super) fn read(
        payload: &[u8],
        parties: Parties<'_>,
        asked_nonce: &str,
        now: Timestamp,
    ) -> Result<Self, ClaimsError> {
        let wire = Wire::read(payload)?;
        wire.between(parties)?;
        if wire.exp.is_none() {
            return Err(ClaimsError::Form);
        }
        wire.at(now, ID_TOKEN_AGE_SECONDS_MAX)?;
        let nonce = wire.nonce.as_deref().unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(asked_nonce.as_bytes())) {
            return Err(ClaimsError::Nonce);
        }
        let subject = wire.sub.filter(|sub| fit(sub)).ok_or(ClaimsError::Form)?;
        let mut said = wire.more;
        // Where the settings take it for the login, it is one.
        said.insert("sub".to_owned(), Value::String(subject.clone()));
        Ok(Self {
            subject,
            session: wire.sid.filter(|sid| fit(sid)),
            said,
        })
    }

    /// Adds what the provider says when it is asked about the same person; what the token says counts.
    pub(super) fn add(&mut self, more: BTreeMap<String, Value>) -> Result<(), ClaimsError> {
        let same = more.get("sub").and_then(Value::as_str) == Some(self.subject.as_str());
        if !same {
            return Err(ClaimsError::Form);
        }
        for (name, value) in more {
            if !self.says(&name) {
                self.said.insert(name, value);
            }
        }
        Ok(())
    }

    /// Whether anything is said under this name.
    pub(super) fn says(&self, name: &str) -> bool {
        self.said.get(name).is_some_and(|value| !value.is_null())
    }

    /// The words under this name.
    pub(super) fn words(&self, name: &str) -> Option<&str> {
        let words = self.said.get(name)?.as_str()?.trim();
        (!words.is_empty()).then_some(words)
    }

    /// The groups under this name. What is neither a list of words nor a word says nothing, and neither does a
    /// list that is too long.
    pub(super) fn groups(&self, name: &str) -> Groups {
        match self.said.get(name) {
            Some(Value::String(one)) if one.trim().is_empty() => Groups::Unsaid,
            Some(Value::String(one)) => Groups::Said(vec![one.clone()]),
            Some(Value::Array(several)) if several.len() > GROUPS_MAX => {
                tracing::warn!(
                    oidc.groups = several.len(),
                    oidc.groups_max = GROUPS_MAX,
                    "somebody is in more groups than are looked at: roles stay as they are"
                );
                Groups::Unsaid
            }
            Some(Value::Array(several)) => {
                let words = several.iter().map(Value::as_str);
                let words: Option<Vec<&str>> = words.collect();
                words.map_or(Groups::Unsaid, |words| {
                    Groups::Said(words.into_iter().map(str::to_owned).collect())
                })
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                Groups::Unsaid
            }
        }
    }
}

impl SignedOut {
    /// Reads what a verified logout token says.
    pub(super) fn read(
        payload: &[u8],
        parties: Parties<'_>,
        now: Timestamp,
    ) -> Result<Self, ClaimsError> {
        let wire = Wire::read(payload)?;
        wire.between(parties)?;
        wire.at(now, LOGOUT_AGE_SECONDS_MAX)?;
        let says = wire.events.as_ref().and_then(|all| all.get(LOGOUT_EVENT));
        // With a nonce it is an ID token that somebody got hold of.
        if wire.nonce.is_some() || !says.is_some_and(Value::is_object) {
            return Err(ClaimsError::Event);
        }
        let id = wire.jti.filter(|jti| fit(jti)).ok_or(ClaimsError::Form)?;
        let (subject, session) = (wire.sub.filter(|it| fit(it)), wire.sid.filter(|it| fit(it)));
        if subject.is_none() && session.is_none() {
            return Err(ClaimsError::Form);
        }
        Ok(Self {
            subject,
            session,
            id,
        })
    }

    /// What is noted of it, so that it counts once.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = Sha256::new().chain_update(b"logout\0");
        digest.chain_update(self.id.as_bytes()).finalize().into()
    }
}
