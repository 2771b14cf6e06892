//! The signature container: what is signed (RFC 5652, 5.4), and the container around it.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc3161::ID_AA_TIME_STAMP_TOKEN;
use const_oid::db::rfc5911::{
    ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA,
};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _, Sequence};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::{Attribute, Attributes};

use super::certificates::Chain;
use super::digest::Digest;
use super::public_key::{self, Refused};
use super::timestamp::Timestamp;

/// Why a container is none of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// It is not a CMS container of one signature.
    #[error("the signature container cannot be read")]
    Unreadable(#[source] der::Error),
    /// A part is missing that a PAdES signature has.
    #[error("the signature container lacks {what}")]
    Lacking {
        /// Which one.
        what: &'static str,
    },
    /// It speaks of another document.
    #[error("the signature is over another document")]
    OtherDocument,
    /// The signature is of a kind that is not checked here.
    #[error("the algorithm of the signature is not known here")]
    UnknownAlgorithm,
    /// The signature is not that of the certificate's key.
    #[error("the signature is not that of the key in the certificate")]
    WrongSignature,
}

impl From<der::Error> for CmsError {
    fn from(error: der::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl From<Refused> for CmsError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown => Self::UnknownAlgorithm,
            Refused::Wrong => Self::WrongSignature,
        }
    }
}

/// `ESSCertIDv2` of RFC 5035; the digest is named unless it is SHA-256, its default.
#[derive(Sequence)]
pub(super) struct CertificateIdV2 {
    #[asn1(optional = "true")]
    pub(super) algorithm: Option<AlgorithmIdentifierOwned>,
    pub(super) hash: OctetString,
    #[asn1(optional = "true")]
    pub(super) issuer_serial: Option<IssuerSerial>,
}

/// `IssuerSerial` of RFC 5035; the hash says enough.
#[derive(Sequence)]
pub(super) struct IssuerSerial {
    issuer: Any,
    serial_number: Any,
}

/// `SigningCertificateV2` of RFC 5035.
#[derive(Sequence)]
pub(super) struct SigningCertificateV2 {
    pub(super) certificates: Vec<CertificateIdV2>,
    #[asn1(optional = "true")]
    pub(super) policies: Option<Vec<Any>>,
}

/// What is signed: attributes that name the document by its digest, and the certificate by its own.
///
/// No time is among them: in PAdES the time that the signer claims stands in the PDF (ETSI EN 319 142-1).
/// It outlives the call, so that a sealing service may be asked over a network in between: [`Dtbs::bytes`]
/// goes there, and [`Dtbs::complete`] takes the answer.
#[derive(Debug, Clone)]
pub struct Dtbs {
    chain: Chain,
    attributes: Attributes,
    bytes: Vec<u8>,
}

impl Dtbs {
    /// What the key of `chain` has to sign for a document with this digest, made by the chain's algorithm.
    ///
    /// # Errors
    ///
    /// [`CmsError::Unreadable`] where an attribute cannot be written.
    pub fn new(chain: &Chain, document_digest: &[u8]) -> Result<Self, CmsError> {
        let digest = chain.algorithm().digest();
        let id = CertificateIdV2 {
            algorithm: (digest != Digest::Sha256).then(|| digest.identifier()),
            hash: OctetString::new(digest.of(&[&chain.leaf().to_der()?]))?,
            issuer_serial: None,
        };
        let signing_certificate = SigningCertificateV2 {
            certificates: vec![id],
            policies: None,
        };
        let attributes: Attributes = SetOfVec::try_from(vec![
            attribute(ID_CONTENT_TYPE, Any::encode_from(&ID_DATA)?)?,
            attribute(
                ID_MESSAGE_DIGEST,
                Any::encode_from(&OctetString::new(document_digest)?)?,
            )?,
            attribute(
                ID_AA_SIGNING_CERTIFICATE_V_2,
                Any::encode_from(&signing_certificate)?,
            )?,
        ])?;
        Ok(Self {
            chain: chain.clone(),
            bytes: attributes.to_der()?,
            attributes,
        })
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their digest, for a key that signs digests only.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        self.chain.algorithm().digest().of(&[&self.bytes])
    }

    /// Puts the signature into a container, after the certificate's key has said that it is one: ECDSA in
    /// ASN.1, or RSA.
    ///
    /// # Errors
    ///
    /// [`CmsError::WrongSignature`] where it is not.
    pub fn complete(self, signature: &[u8]) -> Result<Cms, CmsError> {
        let algorithm = self.chain.algorithm();
        let digest = algorithm.digest();
        public_key::verify(
            self.chain.public_key(),
            &algorithm.identifier(),
            Some(digest),
            &self.bytes,
            signature,
        )?;
        let leaf = self.chain.leaf().tbs_certificate();
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: leaf.issuer().clone(),
                serial_number: leaf.serial_number().clone(),
            }),
            digest_alg: digest.identifier(),
            signed_attrs: Some(self.attributes),
            signature_algorithm: algorithm.identifier(),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let certificates: Vec<CertificateChoices> = self
            .chain
            .certificates()
            .iter()
            .cloned()
            .map(CertificateChoices::Certificate)
            .collect();
        Cms::of(SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![digest.identifier()])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: ID_DATA,
                econtent: None,
            },
            certificates: Some(CertificateSet::try_from(certificates)?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![signer])?,
        })
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, der::Error> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}

/// A container of one signature, as it stands in a PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cms {
    der: Vec<u8>,
    data: SignedData,
}

impl Cms {
    fn of(data: SignedData) -> Result<Self, CmsError> {
        let content = ContentInfo {
            content_type: ID_SIGNED_DATA,
            content: Any::encode_from(&data)?,
        };
        Ok(Self {
            der: content.to_der()?,
            data,
        })
    }

    /// Reads a container; the zeros with which a PDF fills its place may follow.
    ///
    /// # Errors
    ///
    /// [`CmsError`] where it is none of exactly one signature.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CmsError> {
        let der = first_element(bytes).ok_or(CmsError::Lacking { what: "its end" })?;
        let content = ContentInfo::from_der(der)?;
        if content.content_type != ID_SIGNED_DATA {
            return Err(CmsError::Lacking {
                what: "a signature",
            });
        }
        let data: SignedData = content.content.decode_as()?;
        if data.signer_infos.0.len() != 1 {
            return Err(CmsError::Lacking {
                what: "exactly one signature",
            });
        }
        Ok(Self {
            der: der.to_vec(),
            data,
        })
    }

    /// The container in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificates that it brings.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        certificates(&self.data)
    }

    pub(super) fn signer(&self) -> Result<&SignerInfo, CmsError> {
        let signer = self.data.signer_infos.0.get(0);
        signer.ok_or(CmsError::Lacking {
            what: "a signature",
        })
    }

    /// The bytes of the signature itself: what its timestamp is about.
    ///
    /// # Errors
    ///
    /// [`CmsError::Lacking`] where there is none.
    pub fn signature(&self) -> Result<&[u8], CmsError> {
        Ok(self.signer()?.signature.as_bytes())
    }

    /// The certificate whose key signed, where the container brings it.
    #[must_use]
    pub fn signer_certificate(&self) -> Option<&Certificate> {
        let SignerIdentifier::IssuerAndSerialNumber(sid) = &self.signer().ok()?.sid else {
            return None;
        };
        self.certificates().find(|certificate| {
            certificate.tbs_certificate().issuer() == &sid.issuer
                && certificate.tbs_certificate().serial_number() == &sid.serial_number
        })
    }

    /// Whether there is a timestamp over the signature.
    #[must_use]
    pub fn is_timestamped(&self) -> bool {
        self.signer()
            .ok()
            .and_then(|signer| signer.unsigned_attrs.as_ref())
            .is_some_and(|attributes| {
                attributes
                    .iter()
                    .any(|attribute| attribute.oid == ID_AA_TIME_STAMP_TOKEN)
            })
    }

    /// The timestamps over the signature that can be read, and whose own signatures hold.
    #[must_use]
    pub fn timestamps(&self) -> Vec<Timestamp> {
        let attributes = self.signer().ok().and_then(|it| it.unsigned_attrs.as_ref());
        attributes
            .into_iter()
            .flat_map(|attributes| attributes.iter())
            .filter(|attribute| attribute.oid == ID_AA_TIME_STAMP_TOKEN)
            .flat_map(|attribute| attribute.values.iter())
            .filter_map(|value| Timestamp::from_der(&value.to_der().ok()?).ok())
            .collect()
    }

    /// The same container with a timestamp over its signature. What is signed is not touched.
    ///
    /// # Errors
    ///
    /// [`CmsError`] where the container cannot be written.
    pub fn with_timestamp(&self, timestamp: &Timestamp) -> Result<Self, CmsError> {
        let mut signer = self.signer()?.clone();
        let mut attributes = signer.unsigned_attrs.take().unwrap_or_default();
        attributes.insert(attribute(
            ID_AA_TIME_STAMP_TOKEN,
            Any::from_der(timestamp.der())?,
        )?)?;
        signer.unsigned_attrs = Some(attributes);
        let mut data = self.data.clone();
        data.signer_infos = SignerInfos::try_from(vec![signer])?;
        Self::of(data)
    }

    /// Checks that the signature is over a document with this digest, by the key of its certificate.
    ///
    /// Whether the certificate is trusted, and when, is not asked.
    ///
    /// # Errors
    ///
    /// [`CmsError`] says what does not fit.
    pub fn verify(&self, document: &[&[u8]]) -> Result<(), CmsError> {
        let signer = self.signer()?;
        let digest = Digest::by_oid(signer.digest_alg.oid).ok_or(CmsError::UnknownAlgorithm)?;
        let attributes = signer.signed_attrs.as_ref().ok_or(CmsError::Lacking {
            what: "signed attributes",
        })?;
        let named: OctetString = value(attributes, ID_MESSAGE_DIGEST)
            .ok_or(CmsError::Lacking {
                what: "the digest of the document",
            })?
            .decode_as()?;
        if named.as_bytes() != digest.of(document) {
            return Err(CmsError::OtherDocument);
        }
        let certificate = self.signer_certificate().ok_or(CmsError::Lacking {
            what: "the signer's certificate",
        })?;
        public_key::verify(
            certificate.tbs_certificate().subject_public_key_info(),
            &signer.signature_algorithm,
            Some(digest),
            &attributes.to_der()?,
            signer.signature.as_bytes(),
        )?;
        Ok(())
    }
}

pub(super) fn certificates(data: &SignedData) -> impl Iterator<Item = &Certificate> {
    data.certificates
        .iter()
        .flat_map(|set| set.0.iter())
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        })
}

/// The only value of an attribute that occurs once.
pub(super) fn value(attributes: &Attributes, oid: ObjectIdentifier) -> Option<&Any> {
    let mut with_oid = attributes.iter().filter(|attribute| attribute.oid == oid);
    match (with_oid.next(), with_oid.next()) {
        (Some(only), None) if only.values.len() == 1 => only.values.get(0),
        _ => None,
    }
}

/// The first DER element of some bytes, header and all.
pub(super) fn first_element(bytes: &[u8]) -> Option<&[u8]> {
    let first = *bytes.get(1)?;
    let (header, length) = if first < 0x80 {
        (2, usize::from(first))
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let digits = bytes.get(2..2 + count)?;
        let length = digits
            .iter()
            .fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
        (2 + count, length)
    };
    bytes.get(..header.checked_add(length)?)
}
