//! Digests and the hashers that compute them while bytes stream by.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256, Sha512};

/// A text that is not the lower-case hexadecimal form of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected {expected} lower-case hexadecimal digits")]
pub struct DigestFormatError {
    /// How many digits the digest has.
    pub expected: usize,
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $hasher:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// The digest of bytes at hand.
            pub fn of(bytes: &[u8]) -> Self {
                Self(<$hasher>::digest(bytes).into())
            }

            /// The digest as bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl From<[u8; $bytes]> for $name {
            fn from(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = DigestFormatError;

            fn try_from(bytes: &[u8]) -> Result<Self, DigestFormatError> {
                match bytes.try_into() {
                    Ok(bytes) => Ok(Self(bytes)),
                    Err(std::array::TryFromSliceError { .. }) => {
                        Err(DigestFormatError { expected: 2 * $bytes })
                    }
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DigestFormatError;

            /// Reads the form that `Display` writes; upper case is refused, so that a digest has
            /// one spelling only.
            fn from_str(text: &str) -> Result<Self, DigestFormatError> {
                let refused = DigestFormatError { expected: 2 * $bytes };
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(refused);
                }
                let mut bytes = [0; $bytes];
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) => Ok(Self(bytes)),
                    Err(
                        hex::FromHexError::InvalidHexCharacter { .. }
                        | hex::FromHexError::OddLength
                        | hex::FromHexError::InvalidStringLength,
                    ) => Err(refused),
                }
            }
        }
    };
}

digest! {
    /// A SHA-256 digest. Names blobs (of what is stored) and identifies content (of what came in).
    Sha256Digest, 32, Sha256
}

digest! {
    /// A SHA-512 digest, which the exchange format for archives asks for.
    Sha512Digest, 64, Sha512
}

/// What content is, said by its digests and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentDigests {
    /// SHA-256 of the content.
    pub sha256: Sha256Digest,
    /// SHA-512 of the content.
    pub sha512: Sha512Digest,
    /// Length of the content.
    pub bytes: u64,
}

impl ContentDigests {
    /// The digests of content at hand.
    pub fn of(content: &[u8]) -> Self {
        let mut hasher = ContentHasher::new();
        hasher.update(content);
        hasher.finish()
    }
}

/// Computes a [`Sha256Digest`] piece by piece.
#[derive(Clone, Default)]
pub struct Sha256Hasher(Sha256);

impl Sha256Hasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Sha256Digest {
        Sha256Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Sha256Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Hasher")
    }
}

/// Computes [`ContentDigests`] piece by piece.
#[derive(Clone, Default)]
pub struct ContentHasher {
    sha256: Sha256,
    sha512: Sha512,
    bytes: u64,
}

impl ContentHasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sha512.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes it has seen.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digests of all pieces.
    pub fn finish(self) -> ContentDigests {
        ContentDigests {
            sha256: Sha256Digest(self.sha256.finalize().into()),
            sha512: Sha512Digest(self.sha512.finalize().into()),
            bytes: self.bytes,
        }
    }
}

impl fmt::Debug for ContentHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHasher({} bytes)", self.bytes)
    }
}
