//! Signed tokens of the provider, as JOSE has them: taken apart, and held against its keys.
//!
//! The signatures are computed by the library that TLS uses; here stands only which may be asked for.
//! Allowed are four, all by a public key: nothing that the provider publishes can sign.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use thiserror::Error;

/// The most bytes of a token.
const TOKEN_BYTES_MAX: usize = 64 << 10;
/// The most keys that are looked at.
const KEYS_MAX: usize = 64;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum JoseError {
    /// It is no compact JWS.
    #[error("the token is not signed as it must be")]
    Form,
    /// Its algorithm is not one of those that are allowed.
    #[error("the token is signed by an algorithm that is not allowed")]
    Algorithm,
    /// It must be understood in a way that is not.
    #[error("the token asks for something critical")]
    Critical,
    /// None of the keys fits.
    #[error("the token is signed by no key of the provider")]
    NoKey,
    /// The signature is another.
    #[error("the signature of the token is wrong")]
    Signature,
}

/// How a token may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A key as the provider publishes it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Jwk {
    #[serde(default)]
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// The keys of the provider.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// A token that was taken apart and not yet believed.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

impl<'a> Signed<'a> {
    /// Takes a compact JWS apart.
    pub(super) fn parse(token: &'a str) -> Result<Self, JoseError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(JoseError::Form);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(JoseError::Form)?;
        let header = decoded(header).ok_or(JoseError::Form)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_wrong| JoseError::Form)?;
        if header.crit.is_some() {
            return Err(JoseError::Critical);
        }
        Ok(Self {
            algorithm: Algorithm::parse(&header.alg).ok_or(JoseError::Algorithm)?,
            kid: header.kid,
            typ: header.typ,
            signed,
            payload: decoded(payload).ok_or(JoseError::Form)?,
            signature: decoded(signature).ok_or(JoseError::Form)?,
        })
    }

    /// What kind of token it says it is.
    pub(super) fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// What it says, where one of the keys signed it. A name of a key that nobody has is told apart from a
    /// wrong signature: then the keys may have changed.
    pub(super) fn verified(&self, keys: &Jwks) -> Result<&[u8], JoseError> {
        let mut fitting = keys.keys.iter().take(KEYS_MAX).filter(|key| self.fits(key));
        let mut last = JoseError::NoKey;
        // Without a name any key of the kind may have signed it.
        for key in &mut fitting {
            match self.by(key) {
                Ok(()) => return Ok(&self.payload),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn fits(&self, key: &Jwk) -> bool {
        let kind = match self.algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => key.kty == "RSA",
            Algorithm::Es256 => key.kty == "EC" && key.crv.as_deref() == Some("P-256"),
            Algorithm::EdDsa => key.kty == "OKP" && key.crv.as_deref() == Some("Ed25519"),
        };
        let named = match (&self.kid, &key.kid) {
            (Some(wanted), Some(has)) => wanted == has,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let for_signing = key.usage.as_deref().is_none_or(|usage| usage == "sig");
        let says = key.alg.as_deref().map(Algorithm::parse);
        let same = says.is_none_or(|says| says == Some(self.algorithm));
        kind && named && for_signing && same
    }

    fn by(&self, key: &Jwk) -> Result<(), JoseError> {
        let part = |text: &Option<String>| {
            let bytes = text.as_deref().and_then(decoded);
            bytes.ok_or(JoseError::NoKey)
        };
        let (message, signature) = (self.signed.as_bytes(), self.signature.as_slice());
        let verified = match self.algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let (n, e) = (part(&key.n)?, part(&key.e)?);
                let parameters = match self.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa => {
                        &RSA_PKCS1_2048_8192_SHA256
                    }
                };
                let key = RsaPublicKeyComponents {
                    n: without_zeros(&n),
                    e: without_zeros(&e),
                };
                key.verify(parameters, message, signature)
            }
            Algorithm::Es256 => {
                let (x, y) = (part(&key.x)?, part(&key.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(JoseError::NoKey);
                }
                let point = [&[4_u8][..], &x, &y].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Algorithm::EdDsa => {
                UnparsedPublicKey::new(&ED25519, part(&key.x)?).verify(message, signature)
            }
        };
        verified.map_err(|_unspecified| JoseError::Signature)
    }
}

/// The number without the zeros that it needs not begin with.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
