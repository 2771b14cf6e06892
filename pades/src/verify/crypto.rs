//! Digests and signatures, computed by `ring`.

use ring::digest as rd;
use ring::signature::{self as rs, UnparsedPublicKey, VerificationAlgorithm};

use crate::asn1::{Malformed, SEQUENCE, Value, inner};

/// A digest that signatures use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(super) fn of_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.2.840.113549.2.5" => Self::Md5,
            "1.3.14.3.2.26" => Self::Sha1,
            "2.16.840.1.101.3.4.2.4" => Self::Sha224,
            "2.16.840.1.101.3.4.2.1" => Self::Sha256,
            "2.16.840.1.101.3.4.2.2" => Self::Sha384,
            "2.16.840.1.101.3.4.2.3" => Self::Sha512,
            _ => return None,
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) const fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    /// The digest of these parts, one after the other; nothing where it is not computed here.
    pub(super) fn compute(self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        let algorithm = match self {
            Self::Md5 | Self::Sha224 => return None,
            Self::Sha1 => &rd::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &rd::SHA256,
            Self::Sha384 => &rd::SHA384,
            Self::Sha512 => &rd::SHA512,
        };
        let mut context = rd::Context::new(algorithm);
        parts.iter().for_each(|part| context.update(part));
        Some(context.finish().as_ref().to_vec())
    }
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    rd::digest(&rd::SHA256, bytes).as_ref().to_vec()
}

/// Why a signature is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Unsupported,
    Mismatch,
}

/// What a good signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    Enough,
    Weak,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Pkcs1(Digest),
    /// With salt of so many bytes.
    Pss(Digest, usize),
    Ecdsa(Digest),
    Ed25519,
}

impl Scheme {
    pub(super) fn name(self) -> String {
        match self {
            Self::Pkcs1(digest) => format!("RSA PKCS#1 {}", digest.as_str()),
            Self::Pss(digest, _) => format!("RSA-PSS {}", digest.as_str()),
            Self::Ecdsa(digest) => format!("ECDSA {}", digest.as_str()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }

    /// The scheme of an algorithm identifier. `digest` is what was named beside it, for those that name none.
    pub(super) fn of(algorithm: &Value<'_>, digest: Option<Digest>) -> Result<Self, Bad> {
        let read = || -> Result<(String, Option<Value<'_>>), Malformed> {
            let mut parts = algorithm.within(SEQUENCE)?;
            let oid = parts.next()?.oid()?;
            let parameters = if parts.is_empty() {
                None
            } else {
                Some(parts.next()?)
            };
            Ok((oid, parameters))
        };
        let (oid, parameters) = read().map_err(|Malformed| Bad::Unsupported)?;
        let given = digest.ok_or(Bad::Unsupported);
        Ok(match oid.as_str() {
            "1.2.840.113549.1.1.1" => Self::Pkcs1(given?),
            "1.2.840.113549.1.1.4" => Self::Pkcs1(Digest::Md5),
            "1.2.840.113549.1.1.5" => Self::Pkcs1(Digest::Sha1),
            "1.2.840.113549.1.1.14" => Self::Pkcs1(Digest::Sha224),
            "1.2.840.113549.1.1.11" => Self::Pkcs1(Digest::Sha256),
            "1.2.840.113549.1.1.12" => Self::Pkcs1(Digest::Sha384),
            "1.2.840.113549.1.1.13" => Self::Pkcs1(Digest::Sha512),
            "1.2.840.113549.1.1.10" => {
                let parameters = parameters.ok_or(Bad::Unsupported)?;
                let (digest, salt) = pss(&parameters).map_err(|Malformed| Bad::Unsupported)?;
                Self::Pss(digest, salt)
            }
            "1.2.840.10045.2.1" => Self::Ecdsa(given?),
            "1.2.840.10045.4.1" => Self::Ecdsa(Digest::Sha1),
            "1.2.840.10045.4.3.1" => Self::Ecdsa(Digest::Sha224),
            "1.2.840.10045.4.3.2" => Self::Ecdsa(Digest::Sha256),
            "1.2.840.10045.4.3.3" => Self::Ecdsa(Digest::Sha384),
            "1.2.840.10045.4.3.4" => Self::Ecdsa(Digest::Sha512),
            "1.3.101.112" => Self::Ed25519,
            _ => return Err(Bad::Unsupported),
        })
    }

    /// The digest that belongs to it.
    pub(super) const fn digest(self) -> Option<Digest> {
        match self {
            Self::Pkcs1(digest) | Self::Pss(digest, _) | Self::Ecdsa(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }
}

/// RSASSA-PSS with one digest for everything: all that is computed here. The digest, and the length of the salt.
fn pss(parameters: &Value<'_>) -> Result<(Digest, usize), Malformed> {
    let mut parts = parameters.within(SEQUENCE)?;
    let hash = match parts.maybe(inner(0))? {
        Some(value) => digest_of(&value.reader().next()?)?.ok_or(Malformed)?,
        None => Digest::Sha1,
    };
    let mask = match parts.maybe(inner(1))? {
        Some(value) => {
            let mut inside = value.reader();
            let mut mgf = inside.expect(SEQUENCE)?.reader();
            if mgf.next()?.oid()? != "1.2.840.113549.1.1.8" {
                return Err(Malformed);
            }
            digest_of(&mgf.next()?)?.ok_or(Malformed)?
        }
        None => Digest::Sha1,
    };
    let salt = match parts.maybe(inner(2))? {
        Some(value) => value.reader().next()?.small()?,
        None => 20,
    };
    let known = matches!(hash, Digest::Sha256 | Digest::Sha384 | Digest::Sha512);
    match usize::try_from(salt) {
        Ok(salt) if known && mask == hash => Ok((hash, salt)),
        Ok(_) | Err(_) => Err(Malformed),
    }
}

/// What kind of key a certificate has.
enum Key<'a> {
    /// Its bytes, and how long the modulus is, in bits.
    Rsa(&'a [u8], usize),
    P256(&'a [u8]),
    P384(&'a [u8]),
    Ed25519(&'a [u8]),
}

fn key(spki: &[u8]) -> Result<Key<'_>, Malformed> {
    let mut parts = Value::whole(spki)?.within(SEQUENCE)?;
    let mut algorithm = parts.expect(SEQUENCE)?.reader();
    let bits = parts.next()?.bits()?;
    let kind = algorithm.next()?.oid()?;
    match kind.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => {
            let mut numbers = Value::whole(bits)?.within(SEQUENCE)?;
            let modulus = numbers.next()?.content;
            let leading = modulus.iter().take_while(|byte| **byte == 0).count();
            let first = modulus.get(leading).ok_or(Malformed)?;
            let zeros = usize::try_from(first.leading_zeros()).unwrap_or(0);
            Ok(Key::Rsa(bits, (modulus.len() - leading) * 8 - zeros))
        }
        "1.2.840.10045.2.1" => match algorithm.next()?.oid()?.as_str() {
            "1.2.840.10045.3.1.7" => Ok(Key::P256(bits)),
            "1.3.132.0.34" => Ok(Key::P384(bits)),
            _ => Err(Malformed),
        },
        "1.3.101.112" => Ok(Key::Ed25519(bits)),
        _ => Err(Malformed),
    }
}

/// Below this a key of RSA is weak, in bits.
const RSA_BITS_MIN: usize = 2048;

/// Whether the key signed the message in this way.
pub(super) fn verify(
    spki: &[u8],
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> Result<Strength, Bad> {
    let key = key(spki).map_err(|Malformed| Bad::Unsupported)?;
    let short = matches!(key, Key::Rsa(_, bits) if bits < RSA_BITS_MIN);
    let worth = |weak: bool| {
        if weak {
            Strength::Weak
        } else {
            Strength::Enough
        }
    };
    if let (Key::Rsa(key, _), Scheme::Pss(digest, salt)) = (&key, scheme)
        && salt != digest.bytes()
    {
        let numbers = || -> Result<_, Malformed> {
            let mut numbers = Value::whole(key)?.within(SEQUENCE)?;
            Ok((numbers.next()?.content, numbers.next()?.content))
        };
        let numbers = numbers().map_err(|Malformed| Bad::Unsupported)?;
        super::pss::verify(numbers, (digest, salt), message, signature)?;
        return Ok(worth(short));
    }
    let (bytes, algorithm): (&[u8], &'static dyn VerificationAlgorithm) = match (key, scheme) {
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha1)) => {
            (key, &rs::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha256)) => {
            (key, &rs::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha384)) => (key, &rs::RSA_PKCS1_2048_8192_SHA384),
        (Key::Rsa(key, _), Scheme::Pkcs1(Digest::Sha512)) => {
            (key, &rs::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha256, 32)) => (key, &rs::RSA_PSS_2048_8192_SHA256),
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha384, 48)) => (key, &rs::RSA_PSS_2048_8192_SHA384),
        (Key::Rsa(key, _), Scheme::Pss(Digest::Sha512, 64)) => (key, &rs::RSA_PSS_2048_8192_SHA512),
        (Key::P256(key), Scheme::Ecdsa(Digest::Sha256)) => (key, &rs::ECDSA_P256_SHA256_ASN1),
        (Key::P256(key), Scheme::Ecdsa(Digest::Sha384)) => (key, &rs::ECDSA_P256_SHA384_ASN1),
        (Key::P384(key), Scheme::Ecdsa(Digest::Sha256)) => (key, &rs::ECDSA_P384_SHA256_ASN1),
        (Key::P384(key), Scheme::Ecdsa(Digest::Sha384)) => (key, &rs::ECDSA_P384_SHA384_ASN1),
        (Key::Ed25519(key), Scheme::Ed25519) => (key, &rs::ED25519),
        _ => return Err(Bad::Unsupported),
    };
    UnparsedPublicKey::new(algorithm, bytes)
        .verify(message, signature)
        .map_err(|_unspecified| Bad::Mismatch)?;
    let weak = short || scheme.digest().is_some_and(Digest::is_weak);
    Ok(worth(weak))
}

/// The digest that an algorithm identifier names.
pub(super) fn digest_of(algorithm: &Value<'_>) -> Result<Option<Digest>, Malformed> {
    let oid = algorithm.within(SEQUENCE)?.next()?.oid()?;
    Ok(Digest::of_oid(&oid))
}
