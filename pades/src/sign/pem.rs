//! A key in memory, from PEM: for demonstrations and tests. A seal that counts lies in a module.

use der::pem;
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    KeyPair as _, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::certificates::Chain;
use super::public_key::SignatureAlgorithm;
use super::signer::{Signer, SignerError};

/// A key in memory.
pub struct PemSigner {
    chain: Chain,
    key: Key,
    random: SystemRandom,
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl std::fmt::Debug for PemSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PemSigner")
            .field("name", &self.chain.name())
            .finish_non_exhaustive()
    }
}

impl PemSigner {
    /// A private key as PKCS #8 in PEM (`BEGIN PRIVATE KEY`) with its certificates.
    ///
    /// # Errors
    ///
    /// [`SignerError::Unusable`], and [`SignerError::OtherKey`] where the certificate is not that of the key.
    pub fn new(key_pem: &[u8], chain: Chain) -> Result<Self, SignerError> {
        let (label, der) =
            pem::decode_vec(key_pem).map_err(|_malformed| SignerError::Unusable {
                what: "it is not PEM",
            })?;
        let der = Zeroizing::new(der);
        if label != "PRIVATE KEY" {
            return Err(SignerError::Unusable {
                what: "it is not PKCS #8 (BEGIN PRIVATE KEY)",
            });
        }
        let random = SystemRandom::new();
        let rejected = |_rejected| SignerError::Unusable {
            what: "it is not of the kind of its certificate",
        };
        let (key, public) = match chain.algorithm() {
            SignatureAlgorithm::EcdsaP256Sha256 => {
                let with = &ECDSA_P256_SHA256_ASN1_SIGNING;
                ecdsa(EcdsaKeyPair::from_pkcs8(with, &der, &random).map_err(rejected)?)
            }
            SignatureAlgorithm::EcdsaP384Sha384 => {
                let with = &ECDSA_P384_SHA384_ASN1_SIGNING;
                ecdsa(EcdsaKeyPair::from_pkcs8(with, &der, &random).map_err(rejected)?)
            }
            SignatureAlgorithm::RsaSha256 => {
                let pair = RsaKeyPair::from_pkcs8(&der).map_err(rejected)?;
                let public = pair.public_key().as_ref().to_vec();
                (Key::Rsa(pair), public)
            }
        };
        if chain.public_key().subject_public_key.raw_bytes() != public {
            return Err(SignerError::OtherKey);
        }
        Ok(Self { chain, key, random })
    }
}

fn ecdsa(pair: EcdsaKeyPair) -> (Key, Vec<u8>) {
    let public = pair.public_key().as_ref().to_vec();
    (Key::Ecdsa(pair), public)
}

impl Signer for PemSigner {
    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SignerError> {
        let failed = |_unspecified| SignerError::Unusable {
            what: "it did not sign",
        };
        match &self.key {
            Key::Ecdsa(pair) => {
                let signature = pair.sign(&self.random, bytes).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding = &signature::RSA_PKCS1_SHA256;
                pair.sign(padding, &self.random, bytes, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
        }
    }
}
