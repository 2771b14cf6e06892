//! One attempt to sign in at the provider: what is sent along, and what the browser keeps meanwhile.
//!
//! It is kept in a cookie under a seal, so that whoever only begins costs no row; that it counts once is
//! noted when it comes back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base::Timestamp;

/// How long somebody may take to sign in at the provider, in seconds.
pub(super) const FLOW_SECONDS: i64 = 600;
/// The cookie of the attempt. It comes along when the provider sends the browser back, which a stricter one
/// would not.
const NAME: &str = "__Host-papierlos-oidc";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// The key of the seal.
#[derive(Clone)]
pub(super) struct Seal([u8; 32]);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn of(&self, text: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(b"papierlos oidc\0");
        mac.update(text.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

/// An attempt that was begun.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    /// What must come back.
    pub(super) state: String,
    /// What must stand in the token.
    pub(super) nonce: String,
    /// What proves to the provider that the one who asks for the token is the one who began.
    pub(super) verifier: Zeroizing<String>,
    /// When.
    pub(super) at: Timestamp,
    /// The digest of the session that the browser had then. Its own cookie does not come along when the provider
    /// sends the browser back.
    pub(super) before: Option<[u8; 32]>,
}

fn chance() -> Option<String> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
}

impl Begun {
    /// Begins one now, in a browser that had this session; none where the machine has no chance to give.
    pub(super) fn now(at: Timestamp, before: Option<[u8; 32]>) -> Option<Self> {
        Some(Self {
            state: chance()?,
            nonce: chance()?,
            verifier: Zeroizing::new(chance()?),
            at,
            before,
        })
    }

    /// What the provider is told of the verifier.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// The cookie that keeps it.
    pub(super) fn cookie(&self, seal: &Seal) -> Option<String> {
        let text = format!(
            "{}.{}.{}.{}.{}",
            self.at.micros() / 1_000_000,
            self.state,
            self.nonce,
            *self.verifier,
            self.before
                .map_or_else(String::new, |digest| URL_SAFE_NO_PAD.encode(digest))
        );
        let sealed = seal.of(&text)?;
        Some(format!(
            "{NAME}={text}.{sealed}; Max-Age={FLOW_SECONDS}; {ATTRIBUTES}"
        ))
    }

    /// The attempt that a browser kept, where it is ours, still fresh, and the one that comes back.
    pub(super) fn kept(
        cookie: &str,
        seal: &Seal,
        state: Option<&str>,
        now: Timestamp,
    ) -> Option<Self> {
        let (text, sealed) = cookie.rsplit_once('.')?;
        if !bool::from(seal.of(text)?.as_bytes().ct_eq(sealed.as_bytes())) {
            return None;
        }
        let mut parts = text.split('.');
        let mut next = || parts.next().map(str::to_owned);
        let at = Timestamp::of_micros(next()?.parse::<i64>().ok()?.checked_mul(1_000_000)?);
        let kept = Self {
            state: next()?,
            nonce: next()?,
            verifier: Zeroizing::new(next()?),
            at,
            before: next().and_then(|text| read_digest(&text)),
        };
        let fresh = at.plus_seconds(FLOW_SECONDS) > now;
        let same = bool::from(kept.state.as_bytes().ct_eq(state?.as_bytes()));
        (fresh && same).then_some(kept)
    }

    /// What is noted of an attempt that came back.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = Sha256::new().chain_update(b"state\0");
        digest.chain_update(self.state.as_bytes()).finalize().into()
    }
}

fn read_digest(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The cookie that takes it away.
pub(super) fn clear() -> String {
    format!("{NAME}=; Max-Age=0; {ATTRIBUTES}")
}

/// The name of the cookie.
pub(super) const fn name() -> &'static str {
    NAME
}
