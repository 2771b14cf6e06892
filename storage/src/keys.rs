//! Keys: the domains they belong to, how data keys are wrapped, and who wraps them.
//!
//! Every blob has a data key of its own. It is stored only *wrapped*: encrypted under the
//! key-encryption key (KEK) of its key domain, which a [`Kms`] holds. Losing the wrapped key of a
//! blob loses the blob, in every copy and backup: this is how erasure is done.

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::key_file::KeyFileError;
use crate::key_hold::KeyHoldError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// Bytes of a wrapped data key: nonce, encrypted key, tag.
pub(crate) const WRAPPED_BYTES: usize = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// Why a key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no name for a key domain.
    #[error("a key domain is 1 to 32 of a-z, 0-9 and '-', not {text:?}")]
    DomainFormat {
        /// What was given.
        text: String,
    },
    /// Nobody holds keys for this domain.
    #[error("there is no key for the key domain {domain}")]
    UnknownDomain {
        /// The domain without keys.
        domain: KeyDomain,
    },
    /// The key that wrapped a data key is not there (any more).
    #[error("the key {kek} of the key domain {domain} is missing")]
    MissingKek {
        /// The domain.
        domain: KeyDomain,
        /// The id of the missing key.
        kek: String,
    },
    /// A wrapped key did not open: it was altered, or belongs to another domain or key.
    #[error("the key {kek} of the key domain {domain} does not open this wrapped key")]
    Refused {
        /// The domain.
        domain: KeyDomain,
        /// The id of the key that was tried.
        kek: String,
    },
    /// A sealed value did not open: it was altered, or belongs to another key or context.
    #[error("the sealed value does not open under this key and context")]
    Sealed,
    /// The operating system gave no random bytes.
    #[error("no random bytes")]
    NoRandomness(#[source] getrandom::Error),
    /// The cipher refused the value, because it is longer than the cipher allows.
    #[error("the value is too long to encrypt")]
    TooLong,
    /// The key file is not usable.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The key file is not free.
    #[error(transparent)]
    Hold(#[from] KeyHoldError),
    /// A remote key service did not answer.
    #[error("the key service for the key domain {domain} did not answer")]
    Unavailable {
        /// The domain asked about.
        domain: KeyDomain,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The name of a compartment whose blobs share a wrapping key: 1 to 32 of `a-z`, `0-9`, `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDomain(Box<str>);

impl KeyDomain {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(KeyError::DomainFormat { text: text.into() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyDomain {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

impl fmt::Display for KeyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyDomain({})", self.0)
    }
}

/// A secret key of 256 bits. Wiped from memory when dropped, never shown by `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    /// A new key from the operating system's random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut key = Self([0; KEY_BYTES]);
        getrandom::fill(&mut key.0).map_err(KeyError::NoRandomness)?;
        Ok(key)
    }

    /// A key from its bytes. The caller wipes its own copy.
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The secret itself, for those who wrap or use it.
    pub const fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    pub(crate) fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(<&Key<Aes256Gcm>>::from(&self.0))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// A data key encrypted under a key of its domain. Not secret by itself; stands in the row that
/// names the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The id of the key that wrapped it.
    pub kek: String,
    /// The encrypted key.
    pub bytes: Vec<u8>,
}

/// Holds the wrapping keys. A key file is one ([`crate::KeyFile`]); a remote service may be another.
///
/// Implementations bind the wrapped key to its domain: `unwrap` under another domain fails.
pub trait Kms: Send + Sync {
    /// Encrypts a data key under the active key of the domain.
    fn wrap<'a>(
        &'a self,
        domain: &'a KeyDomain,
        key: &'a DataKey,
    ) -> BoxFuture<'a, Result<WrappedKey, KeyError>>;

    /// Decrypts a data key, under whichever key of the domain wrapped it.
    fn unwrap<'a>(
        &'a self,
        domain: &'a KeyDomain,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<DataKey, KeyError>>;

    /// The id of the key that `wrap` uses for this domain.
    fn active_kek(&self, domain: &KeyDomain) -> Result<String, KeyError>;

    /// The domains there are keys for, in order.
    fn domains(&self) -> Vec<KeyDomain>;

    /// Makes a key for a domain that has none; false where it has one. Durable when this returns.
    /// `created` is the instant to note, such as `2026-11-22T20:00:00Z`.
    fn add_missing<'a>(
        &'a self,
        domain: &'a KeyDomain,
        created: &'a str,
    ) -> BoxFuture<'a, Result<bool, KeyError>>;

    /// Wraps a data key under the active key of another domain. What was given stays as it is: the
    /// caller puts the new one in its place.
    fn transfer<'a>(
        &'a self,
        from: &'a KeyDomain,
        to: &'a KeyDomain,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<WrappedKey, KeyError>> {
        async move {
            let key = self.unwrap(from, wrapped).await?;
            self.wrap(to, &key).await
        }
        .boxed()
    }

    /// Wraps a data key anew under the active key, so that an old key can be retired. The blob
    /// itself is not touched. A key that is already under the active one comes back as it is.
    fn rewrap<'a>(
        &'a self,
        domain: &'a KeyDomain,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<WrappedKey, KeyError>> {
        async move {
            if wrapped.kek == self.active_kek(domain)? {
                return Ok(wrapped.clone());
            }
            let key = self.unwrap(domain, wrapped).await?;
            self.wrap(domain, &key).await
        }
        .boxed()
    }
}

/// Encrypts a small value under a key: AES-256-GCM with a random nonce, which stands in front.
///
/// `context` is bound, not stored: [`open`] needs the same. Not for more than 2^32 values under one
/// key (the bound for random nonces), and not for content: blobs have a format of their own.
pub fn seal(key: &DataKey, context: &[u8], value: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(KeyError::NoRandomness)?;
    let mut sealed = Vec::with_capacity(NONCE_BYTES + value.len() + TAG_BYTES);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(value);
    let tag = key
        .cipher()
        .encrypt_inout_detached(
            &Nonce::from(nonce),
            context,
            sealed.get_mut(NONCE_BYTES..).unwrap_or_default().into(),
        )
        .or(Err(KeyError::TooLong))?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Decrypts what [`seal`] made under the same key and context.
pub fn open(key: &DataKey, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (nonce, rest) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(KeyError::Sealed)?;
    let (value, tag) = rest
        .split_last_chunk::<TAG_BYTES>()
        .ok_or(KeyError::Sealed)?;
    let mut value = value.to_vec();
    let opened = key.cipher().decrypt_inout_detached(
        &Nonce::from(*nonce),
        context,
        value.as_mut_slice().into(),
        &aes_gcm::Tag::from(*tag),
    );
    match opened {
        Ok(()) => Ok(value),
        Err(aes_gcm::aead::Error) => {
            value.zeroize();
            Err(KeyError::Sealed)
        }
    }
}

/// Wraps `key` under `kek`, bound to the domain and the id of the wrapping key.
pub(crate) fn wrap_under(
    kek: &DataKey,
    id: &str,
    domain: &KeyDomain,
    key: &DataKey,
) -> Result<WrappedKey, KeyError> {
    let bytes = seal(kek, &wrap_context(domain, id), key.expose())?;
    Ok(WrappedKey {
        kek: id.into(),
        bytes,
    })
}

/// Opens what [`wrap_under`] made.
pub(crate) fn unwrap_under(
    kek: &DataKey,
    domain: &KeyDomain,
    wrapped: &WrappedKey,
) -> Result<DataKey, KeyError> {
    let refused = || KeyError::Refused {
        domain: domain.clone(),
        kek: wrapped.kek.clone(),
    };
    if wrapped.bytes.len() != WRAPPED_BYTES {
        return Err(refused());
    }
    let mut opened =
        open(kek, &wrap_context(domain, &wrapped.kek), &wrapped.bytes).or(Err(refused()))?;
    let mut key = DataKey([0; KEY_BYTES]);
    key.0.copy_from_slice(&opened);
    opened.zeroize();
    Ok(key)
}

fn wrap_context(domain: &KeyDomain, kek: &str) -> Vec<u8> {
    format!("papierlos.wrap/v1\n{domain}\n{kek}\n").into_bytes()
}
