//! The key of a tablet: what is known of it, and how it is told that something was signed by it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// An uncompressed point on P-256: a mark and two coordinates.
const POINT_BYTES: usize = 65;
const COORDINATE_BYTES: usize = 32;
/// Both halves of a signature, one behind the other, as browsers give them.
const SIGNATURE_BYTES: usize = 64;
/// What everything begins with that a tablet signs: nothing else is signed with its key.
const DOMAIN: &str = "papierlos-tablet-1";

/// The public key of a tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey([u8; POINT_BYTES]);

impl PublicKey {
    /// From the coordinates of a JWK.
    pub(super) fn of_coordinates(x: &str, y: &str) -> Option<Self> {
        let (x, y) = (coordinate(x)?, coordinate(y)?);
        let mut point = [0; POINT_BYTES];
        for (to, from) in point
            .iter_mut()
            .zip(std::iter::once(&4_u8).chain(&x).chain(&y))
        {
            *to = *from;
        }
        Some(Self(point))
    }

    /// From a row.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it stands in a row.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of it: what it is called.
    pub(super) fn thumbprint(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }

    /// Whether `signature` (base64url) was made by it over a request.
    pub(super) fn has_signed(&self, signature: &str, said: &Said<'_>) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0);
        signature.len() == SIGNATURE_BYTES && key.verify(&said.bytes(), &signature).is_ok()
    }
}

fn coordinate(text: &str) -> Option<[u8; COORDINATE_BYTES]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// What a tablet signs of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// Where it goes, without a query.
    pub(super) path: &'a str,
    /// What it was given for this: the nonce of a job, or the id of a pairing.
    pub(super) nonce: &'a str,
    /// The body, byte by byte.
    pub(super) body: &'a [u8],
}

impl Said<'_> {
    /// Four lines without a line break at the end.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let digest = hex::encode(Sha256::digest(self.body));
        format!("{DOMAIN}\nPOST {}\n{}\n{digest}", self.path, self.nonce).into_bytes()
    }
}
