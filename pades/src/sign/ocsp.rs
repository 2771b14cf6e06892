//! A question whether a certificate holds, and whether an answer is one to it (RFC 6960).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_KP_OCSP_SIGNING, ID_SHA_1};
use const_oid::db::rfc6960::{ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NONCE};
use der::asn1::{BitString, GeneralizedTime, Null, OctetString};
use der::{Any, Choice, Decode as _, Encode as _, Enumerated, Sequence};
use ring::digest;
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::serial_number::SerialNumber;

use super::certificates::issued_by;
use super::instant::Instant;
use super::public_key;

/// An answer is not longer.
pub const OCSP_BYTES_MAX: usize = 256 << 10;

/// Why an answer is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// It is none in DER.
    #[error("the answer of the OCSP responder cannot be read")]
    Unreadable(#[source] der::Error),
    /// It is longer than [`OCSP_BYTES_MAX`].
    #[error("the answer of the OCSP responder has {bytes} bytes")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The responder says no.
    #[error("the OCSP responder refused (status {status})")]
    Refused {
        /// Its number by RFC 6960.
        status: u8,
    },
    /// It is not of the basic kind, or says nothing about the certificate.
    #[error("the answer of the OCSP responder is not about the certificate")]
    OtherCertificate,
    /// Its signature is not that of the issuer, or of somebody to whom that left it.
    #[error("the signature of the OCSP responder does not hold")]
    WrongSignature,
}

impl From<der::Error> for OcspError {
    fn from(error: der::Error) -> Self {
        Self::Unreadable(error)
    }
}

#[derive(Sequence, Clone, Debug, PartialEq, Eq)]
struct CertId {
    algorithm: AlgorithmIdentifierOwned,
    issuer_name_hash: OctetString,
    issuer_key_hash: OctetString,
    serial_number: SerialNumber,
}

#[derive(Sequence)]
struct SingleRequest {
    certificate: CertId,
}

#[derive(Sequence)]
struct TbsRequest {
    requests: Vec<SingleRequest>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct Request {
    tbs: TbsRequest,
}

#[derive(Enumerated, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Status {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

#[derive(Sequence)]
struct Response {
    status: Status,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<ResponseBytes>,
}

#[derive(Sequence, Clone, Debug)]
struct Basic {
    data: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Vec<Certificate>>,
}

#[derive(Choice)]
enum ResponderId {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    ByName(Any),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    ByKey(Any),
}

#[derive(Sequence)]
struct Data {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "zero")]
    version: u8,
    responder: ResponderId,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

fn zero() -> u8 {
    0
}

#[derive(Sequence, Clone, Debug)]
struct RevokedInfo {
    time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    reason: Option<Any>,
}

#[derive(Choice, Clone, Debug)]
enum CertStatus {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence, Clone, Debug)]
struct SingleResponse {
    certificate: CertId,
    status: CertStatus,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// A question about one certificate. [`OcspRequest::der`] is sent as `application/ocsp-request`.
#[derive(Debug, Clone)]
pub struct OcspRequest {
    id: CertId,
    der: Vec<u8>,
}

impl OcspRequest {
    /// Asks about a certificate, named as every responder knows it: by SHA-1, which here names and proves
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`OcspError::Unreadable`] where it cannot be written.
    pub fn new(
        certificate: &Certificate,
        issuer: &Certificate,
        nonce: Option<[u8; 16]>,
    ) -> Result<Self, OcspError> {
        let id = cert_id(certificate, issuer)?;
        let extensions = match nonce {
            None => None,
            Some(nonce) => Some(vec![x509_cert::ext::Extension {
                extn_id: ID_PKIX_OCSP_NONCE,
                critical: false,
                extn_value: OctetString::new(OctetString::new(nonce)?.to_der()?)?,
            }]),
        };
        let request = Request {
            tbs: TbsRequest {
                requests: vec![SingleRequest {
                    certificate: id.clone(),
                }],
                extensions,
            },
        };
        Ok(Self {
            id,
            der: request.to_der()?,
        })
    }

    /// The question in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

fn cert_id(certificate: &Certificate, issuer: &Certificate) -> Result<CertId, OcspError> {
    let sha1 = |bytes: &[u8]| {
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
        OctetString::new(digest.as_ref())
    };
    let issuer = issuer.tbs_certificate();
    Ok(CertId {
        algorithm: AlgorithmIdentifierOwned {
            oid: ID_SHA_1,
            parameters: Some(Any::from(Null)),
        },
        issuer_name_hash: sha1(&issuer.subject().to_der()?)?,
        issuer_key_hash: sha1(
            issuer
                .subject_public_key_info()
                .subject_public_key
                .raw_bytes(),
        )?,
        serial_number: certificate.tbs_certificate().serial_number().clone(),
    })
}

/// What a responder says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// It is not revoked.
    Good,
    /// It is, since then.
    Revoked(Instant),
    /// The responder does not know it.
    Unknown,
}

/// An answer that was read.
#[derive(Debug, Clone)]
pub struct OcspResponse {
    basic: Basic,
    responses: Vec<SingleResponse>,
}

/// What an answer says, by a signature that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OcspAnswer {
    /// What it says.
    pub holds: Holds,
    /// When that was known.
    pub this_update: Instant,
    /// Until when it is said, where it says so.
    pub next_update: Option<Instant>,
}

impl OcspResponse {
    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// [`OcspError`]; a responder that refuses is one too.
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > OCSP_BYTES_MAX {
            return Err(OcspError::TooLong { bytes: der.len() });
        }
        let response = Response::from_der(der)?;
        if response.status != Status::Successful {
            return Err(OcspError::Refused {
                // The number of a variant.
                status: response.status as u8,
            });
        }
        let bytes = response
            .bytes
            .filter(|bytes| bytes.kind == ID_PKIX_OCSP_BASIC)
            .ok_or(OcspError::OtherCertificate)?;
        let basic = Basic::from_der(bytes.response.as_bytes())?;
        let data: Data = basic.data.decode_as()?;
        Ok(Self {
            basic,
            responses: data.responses,
        })
    }

    /// What it says to a question: by the issuer's own signature, or that of a certificate which the issuer
    /// made for this.
    ///
    /// Whether it is new enough is for whoever calls to know.
    ///
    /// # Errors
    ///
    /// [`OcspError`].
    pub fn answer(
        &self,
        request: &OcspRequest,
        issuer: &Certificate,
    ) -> Result<OcspAnswer, OcspError> {
        if !self.is_signed_for(issuer) {
            return Err(OcspError::WrongSignature);
        }
        let found = self
            .responses
            .iter()
            .find(|single| {
                let (asked, told) = (&request.id, &single.certificate);
                asked.algorithm.oid == told.algorithm.oid
                    && asked.issuer_name_hash == told.issuer_name_hash
                    && asked.issuer_key_hash == told.issuer_key_hash
                    && asked.serial_number == told.serial_number
            })
            .ok_or(OcspError::OtherCertificate)?;
        let instant =
            |time: GeneralizedTime| Instant::from_unix_seconds(time.to_unix_duration().as_secs());
        Ok(OcspAnswer {
            holds: match &found.status {
                CertStatus::Good(_) => Holds::Good,
                CertStatus::Revoked(revoked) => Holds::Revoked(instant(revoked.time)),
                CertStatus::Unknown(_) => Holds::Unknown,
            },
            this_update: instant(found.this_update),
            next_update: found.next_update.map(instant),
        })
    }

    fn is_signed_for(&self, issuer: &Certificate) -> bool {
        let Ok(message) = self.basic.data.to_der() else {
            return false;
        };
        let signed_by = |certificate: &Certificate| {
            public_key::verify(
                certificate.tbs_certificate().subject_public_key_info(),
                &self.basic.algorithm,
                None,
                &message,
                self.basic.signature.raw_bytes(),
            )
            .is_ok()
        };
        signed_by(issuer)
            || self.basic.certificates.iter().flatten().any(|certificate| {
                is_for_answers(certificate)
                    && issued_by(certificate, issuer).is_ok()
                    && signed_by(certificate)
            })
    }
}

fn is_for_answers(certificate: &Certificate) -> bool {
    certificate
        .tbs_certificate()
        .get_extension::<ExtendedKeyUsage>()
        .is_ok_and(|usage| usage.is_some_and(|(_, usage)| usage.0.contains(&ID_KP_OCSP_SIGNING)))
}
