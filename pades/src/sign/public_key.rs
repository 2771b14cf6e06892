//! Which signatures are made and checked, and how a public key checks one.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY, ID_RSASSA_PSS,
    RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use der::asn1::Null;
use der::{Any, Decode as _, Encode as _};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::digest::Digest;
use crate::verify::crypto::ecdsa;

/// What a key of ours signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// RSA PKCS #1 v1.5 with SHA-256.
    RsaSha256,
}

impl SignatureAlgorithm {
    /// What a key signs with, by its public half; [`None`] where there is no such thing here.
    #[must_use]
    pub fn of_key(key: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        match Kind::of(key)? {
            Kind::P256 => Some(Self::EcdsaP256Sha256),
            Kind::P384 => Some(Self::EcdsaP384Sha384),
            Kind::Rsa => Some(Self::RsaSha256),
        }
    }

    /// The digest that belongs to it, over the document as over what is signed.
    #[must_use]
    pub fn digest(self) -> Digest {
        match self {
            Self::EcdsaP256Sha256 | Self::RsaSha256 => Digest::Sha256,
            Self::EcdsaP384Sha384 => Digest::Sha384,
        }
    }

    pub(super) fn identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            Self::EcdsaP256Sha256 => (ECDSA_WITH_SHA_256, None),
            Self::EcdsaP384Sha384 => (ECDSA_WITH_SHA_384, None),
            Self::RsaSha256 => (SHA_256_WITH_RSA_ENCRYPTION, Some(Any::from(Null))),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
}

impl Kind {
    fn of(key: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        match key.algorithm.oid {
            RSA_ENCRYPTION => Some(Self::Rsa),
            ID_EC_PUBLIC_KEY => {
                let curve = key
                    .algorithm
                    .parameters
                    .as_ref()?
                    .decode_as::<ObjectIdentifier>()
                    .ok()?;
                match curve {
                    SECP_256_R_1 => Some(Self::P256),
                    SECP_384_R_1 => Some(Self::P384),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// What a signature is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is of a kind that is not checked here.
    Unknown,
    /// It is not the key's signature over the message.
    Wrong,
}

/// Checks a signature over `message` as `algorithm` names it, where that leaves the digest open by `digest`.
pub(super) fn verify(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<Digest>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refused> {
    let Some(with) = verification(key, algorithm, digest) else {
        return elsewhere(key, algorithm, message, signature);
    };
    UnparsedPublicKey::new(with, key.subject_public_key.raw_bytes())
        .verify(message, signature)
        .map_err(|_wrong| Refused::Wrong)
}

/// ECDSA on curves or with digests that `ring` does not compute, by what judges signatures.
fn elsewhere(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refused> {
    let (Ok(key), Ok(algorithm)) = (key.to_der(), algorithm.to_der()) else {
        return Err(Refused::Unknown);
    };
    match ecdsa(&key, &algorithm, message, signature) {
        Some(true) => Ok(()),
        Some(false) => Err(Refused::Wrong),
        None => Err(Refused::Unknown),
    }
}

fn verification(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<Digest>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let kind = Kind::of(key)?;
    let oid = algorithm.oid;
    if oid == ID_RSASSA_PSS {
        let parameters = algorithm.parameters.as_ref()?.to_der().ok()?;
        return if kind == Kind::Rsa {
            pss(&parameters, digest)
        } else {
            None
        };
    }
    let digest = match oid {
        SHA_256_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_256 => Digest::Sha256,
        SHA_384_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_384 => Digest::Sha384,
        SHA_512_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_512 => Digest::Sha512,
        RSA_ENCRYPTION => digest?,
        _ => return None,
    };
    let is_rsa = matches!(
        oid,
        SHA_256_WITH_RSA_ENCRYPTION
            | SHA_384_WITH_RSA_ENCRYPTION
            | SHA_512_WITH_RSA_ENCRYPTION
            | RSA_ENCRYPTION
    );
    match (kind, is_rsa, digest) {
        (Kind::Rsa, true, Digest::Sha256) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        (Kind::Rsa, true, Digest::Sha384) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        (Kind::Rsa, true, Digest::Sha512) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        (Kind::P256, false, Digest::Sha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
        (Kind::P256, false, Digest::Sha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
        (Kind::P384, false, Digest::Sha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
        (Kind::P384, false, Digest::Sha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
        (Kind::P256 | Kind::P384, false, Digest::Sha512)
        | (Kind::P256 | Kind::P384, true, _)
        | (Kind::Rsa, false, _) => None,
    }
}

/// RSASSA-PSS whose mask is made by the same digest, and whose salt is as long: all that is in use.
fn pss(parameters: &[u8], digest: Option<Digest>) -> Option<&'static dyn VerificationAlgorithm> {
    #[derive(der::Sequence)]
    struct Parameters {
        #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
        hash: AlgorithmIdentifierOwned,
        #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
        mask: AlgorithmIdentifierOwned,
        #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
        salt: u16,
    }
    let parameters = Parameters::from_der(parameters).ok()?;
    let hash = Digest::by_oid(parameters.hash.oid)?;
    let mask = parameters
        .mask
        .parameters
        .as_ref()?
        .decode_as::<AlgorithmIdentifierOwned>()
        .ok()?;
    if mask.oid != hash.oid() || digest.is_some_and(|digest| digest != hash) {
        return None;
    }
    match (hash, parameters.salt) {
        (Digest::Sha256, 32) => Some(&signature::RSA_PSS_2048_8192_SHA256),
        (Digest::Sha384, 48) => Some(&signature::RSA_PSS_2048_8192_SHA384),
        (Digest::Sha512, 64) => Some(&signature::RSA_PSS_2048_8192_SHA512),
        (Digest::Sha256 | Digest::Sha384 | Digest::Sha512, _) => None,
    }
}
