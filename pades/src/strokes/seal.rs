//! Strokes sealed to a key that is not here: CMS `AuthEnvelopedData` (RFC 5083, 5084), the key agreed upon by
//! ECDH (RFC 5753).
//!
//! A notary opens it with any program that knows CMS, in ten years too: `openssl cms -decrypt` does. What is
//! inside names the document by its digest, so that strokes cannot be put under another one; a program that
//! opens it finds that in plain JSON.

use aes_kw::{KeyInit as _, KwAes256};
use cms::authenveloped_data::AuthEnvelopedData;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo,
    OriginatorIdentifierOrKey, OriginatorPublicKey, RecipientEncryptedKey, RecipientInfo,
    RecipientInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5753::{
    DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME, DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME,
};
use const_oid::db::rfc5911::{ID_AES_256_GCM, ID_AES_256_WRAP, ID_CT_AUTH_ENVELOPED_DATA, ID_DATA};
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, SECP_256_R_1, SECP_384_R_1};
use der::asn1::{BitString, OctetString};
use der::{Any, DecodePem as _, Encode as _, Sequence};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{aead, agreement, digest};
use serde::Deserialize;
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::model::{RECORD_BYTES_MAX, Strokes, StrokesError};
use super::wire;

/// Why strokes cannot be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StrokesSealError {
    /// The certificate of the recipient cannot be read.
    #[error("the certificate of the recipient cannot be read")]
    Certificate(#[source] der::Error),
    /// Its key is not one that can be sealed to.
    #[error("the key of the recipient is neither EC P-256 nor EC P-384")]
    UnknownKey,
    /// The container cannot be written.
    #[error("the sealed strokes cannot be written")]
    Container(#[source] der::Error),
    /// There is no chance, or the recipient's key is no point on its curve.
    #[error("there is no key to seal with")]
    NoKey,
}

/// The strokes of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The SHA-256 of the document that was shown.
    pub document_sha256: [u8; 32],
    /// How it was signed.
    pub strokes: Strokes,
}

impl Bound {
    /// What is sealed: the one encoding of the record, within an object that names the document.
    #[must_use]
    pub fn canonical(&self) -> String {
        let digest: String = self
            .document_sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let strokes = self.strokes.canonical();
        format!("{{\"v\":1,\"document_sha256\":\"{digest}\",\"strokes\":{strokes}}}")
    }

    /// Reads what was sealed, after whoever has the key has opened it.
    ///
    /// # Errors
    ///
    /// [`StrokesError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StrokesError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Opened {
            v: u32,
            document_sha256: String,
            strokes: wire::Record,
        }
        // The digest and its names stand around a record.
        if bytes.len() > RECORD_BYTES_MAX * 2 {
            return Err(StrokesError::TooLong { bytes: bytes.len() });
        }
        let opened: Opened = serde_json::from_slice(bytes).map_err(StrokesError::Unreadable)?;
        if opened.v != 1 {
            return Err(StrokesError::UnknownVersion { version: opened.v });
        }
        let document_sha256 = unhex(&opened.document_sha256).ok_or(StrokesError::OutOfRange {
            name: "document_sha256",
            index: 0,
        })?;
        Ok(Self {
            document_sha256,
            strokes: Strokes::try_from(opened.strokes)?,
        })
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// Sealed strokes, in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedStrokes {
    /// The container. It is all that is kept.
    pub der: Vec<u8>,
    /// Its SHA-256, for the log.
    pub sha256: [u8; 32],
}

/// To whom strokes are sealed: a notary, by the certificate of a key that never comes here.
#[derive(Debug, Clone)]
pub struct Recipient {
    certificate: Certificate,
    curve: Curve,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Curve {
    P256,
    P384,
}

impl Curve {
    fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
        }
    }

    pub(super) fn scheme(self) -> (ObjectIdentifier, &'static digest::Algorithm) {
        match self {
            Self::P256 => (DH_SINGLE_PASS_STD_DH_SHA_256_KDF_SCHEME, &digest::SHA256),
            Self::P384 => (DH_SINGLE_PASS_STD_DH_SHA_384_KDF_SCHEME, &digest::SHA384),
        }
    }
}

/// `ECC-CMS-SharedInfo` of RFC 5753, without a `ukm`.
#[derive(Sequence)]
pub(super) struct SharedInfo {
    pub(super) key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    pub(super) bits: OctetString,
}

/// `GCMParameters` of RFC 5084.
#[derive(Sequence)]
pub(super) struct GcmParameters {
    pub(super) nonce: OctetString,
    pub(super) tag_bytes: u8,
}

pub(super) const KEY_BYTES: usize = 32;

impl Recipient {
    /// The recipient of a certificate in PEM; its key lies on P-256 or P-384.
    ///
    /// # Errors
    ///
    /// [`StrokesSealError::Certificate`] and [`StrokesSealError::UnknownKey`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, StrokesSealError> {
        let certificate = Certificate::from_pem(pem).map_err(StrokesSealError::Certificate)?;
        let key = certificate.tbs_certificate().subject_public_key_info();
        let curve = key
            .algorithm
            .parameters
            .as_ref()
            .filter(|_| key.algorithm.oid == ID_EC_PUBLIC_KEY)
            .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
        let curve = match curve {
            Some(SECP_256_R_1) => Curve::P256,
            Some(SECP_384_R_1) => Curve::P384,
            Some(_) | None => return Err(StrokesSealError::UnknownKey),
        };
        Ok(Self { certificate, curve })
    }

    /// The SHA-256 of the certificate: which of several keys opens what is sealed.
    ///
    /// # Errors
    ///
    /// [`StrokesSealError::Container`].
    pub fn certificate_sha256(&self) -> Result<[u8; 32], StrokesSealError> {
        let der = self
            .certificate
            .to_der()
            .map_err(StrokesSealError::Container)?;
        Ok(sha256(&der))
    }

    /// Seals strokes. What was in memory on the way is overwritten, but for the record itself: whoever calls
    /// lets go of that.
    ///
    /// # Errors
    ///
    /// [`StrokesSealError`].
    pub fn seal(&self, bound: &Bound) -> Result<SealedStrokes, StrokesSealError> {
        let random = SystemRandom::new();
        let no_key = |_unspecified| StrokesSealError::NoKey;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        random.fill(&mut *key).map_err(no_key)?;
        let mut nonce = [0; aead::NONCE_LEN];
        random.fill(&mut nonce).map_err(no_key)?;
        let cipher = aead::UnboundKey::new(&aead::AES_256_GCM, &*key).map_err(no_key)?;
        let mut content = Zeroizing::new(bound.canonical().into_bytes());
        // The key is for this once: a nonce can be used twice by nobody.
        let tag = aead::LessSafeKey::new(cipher)
            .seal_in_place_separate_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::empty(),
                &mut content,
            )
            .map_err(no_key)?;
        let recipient = self.wrap(&random, &key)?;
        let der = container(recipient, &nonce, &content, tag.as_ref())
            .map_err(StrokesSealError::Container)?;
        Ok(SealedStrokes {
            sha256: sha256(&der),
            der,
        })
    }

    /// The key, wrapped under one that only the recipient can agree upon.
    fn wrap(
        &self,
        random: &SystemRandom,
        key: &[u8; KEY_BYTES],
    ) -> Result<KeyAgreeRecipientInfo, StrokesSealError> {
        let no_key = |_unspecified| StrokesSealError::NoKey;
        let broken = StrokesSealError::Container;
        let own = agreement::EphemeralPrivateKey::generate(self.curve.agreement(), random)
            .map_err(no_key)?;
        let own_public = own.compute_public_key().map_err(no_key)?;
        let tbs = self.certificate.tbs_certificate();
        let theirs = agreement::UnparsedPublicKey::new(
            self.curve.agreement(),
            tbs.subject_public_key_info().subject_public_key.raw_bytes(),
        );
        let wrapping = AlgorithmIdentifierOwned {
            oid: ID_AES_256_WRAP,
            parameters: None,
        };
        let info = SharedInfo {
            key_info: wrapping.clone(),
            bits: OctetString::new(256_u32.to_be_bytes()).map_err(broken)?,
        };
        let info = info.to_der().map_err(broken)?;
        let (scheme, kdf) = self.curve.scheme();
        let agreed = agreement::agree_ephemeral(own, &theirs, |shared| derive(kdf, shared, &info))
            .map_err(no_key)?;
        let mut wrapped = [0; KEY_BYTES + 8];
        KwAes256::new_from_slice(&*agreed)
            .map_err(|_length| StrokesSealError::NoKey)?
            .wrap_key(key, &mut wrapped)
            .map_err(|_length| StrokesSealError::NoKey)?;
        Ok(KeyAgreeRecipientInfo {
            version: CmsVersion::V3,
            originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
                algorithm: AlgorithmIdentifierOwned {
                    oid: ID_EC_PUBLIC_KEY,
                    parameters: None,
                },
                public_key: BitString::from_bytes(own_public.as_ref()).map_err(broken)?,
            }),
            ukm: None,
            key_enc_alg: AlgorithmIdentifierOwned {
                oid: scheme,
                parameters: Some(Any::encode_from(&wrapping).map_err(broken)?),
            },
            recipient_enc_keys: vec![RecipientEncryptedKey {
                rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                    issuer: tbs.issuer().clone(),
                    serial_number: tbs.serial_number().clone(),
                }),
                enc_key: OctetString::new(wrapped).map_err(broken)?,
            }],
        })
    }
}

/// The derivation of ANSI X9.63: one block is as long as the key, or longer.
pub(super) fn derive(
    kdf: &'static digest::Algorithm,
    shared: &[u8],
    info: &[u8],
) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut context = digest::Context::new(kdf);
    context.update(shared);
    context.update(&1_u32.to_be_bytes());
    context.update(info);
    let block = context.finish();
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    for (to, from) in key.iter_mut().zip(block.as_ref()) {
        *to = *from;
    }
    key
}

fn container(
    recipient: KeyAgreeRecipientInfo,
    nonce: &[u8],
    content: &[u8],
    tag: &[u8],
) -> Result<Vec<u8>, der::Error> {
    let parameters = GcmParameters {
        nonce: OctetString::new(nonce)?,
        tag_bytes: 16,
    };
    let enveloped = AuthEnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos::try_from(vec![RecipientInfo::Kari(recipient)])?,
        auth_encrypted_content_info: EncryptedContentInfo {
            content_type: ID_DATA,
            content_enc_alg: AlgorithmIdentifierOwned {
                oid: ID_AES_256_GCM,
                parameters: Some(Any::encode_from(&parameters)?),
            },
            encrypted_content: Some(OctetString::new(content)?),
        },
        auth_attrs: None,
        mac: OctetString::new(tag)?,
        unauth_attrs: None,
    };
    ContentInfo {
        content_type: ID_CT_AUTH_ENVELOPED_DATA,
        content: Any::encode_from(&enveloped)?,
    }
    .to_der()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.as_ref());
    sha256
}
