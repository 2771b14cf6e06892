//! Timestamps (RFC 3161): what is asked, and whether the answer is one to that question.

use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::db::rfc3161::ID_CT_TST_INFO;
use const_oid::db::rfc5911::{
    ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_MESSAGE_DIGEST,
    ID_SIGNED_DATA,
};
use der::asn1::{OctetString, Uint};
use der::{Any, Decode as _, Encode as _, Sequence, Tag, Tagged as _};
use ring::digest;
use x509_cert::Certificate;
use x509_cert::attr::Attributes;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::certificates;
use super::cms::{self as container, Cms, CmsError, SigningCertificateV2};
use super::digest::Digest;
use super::instant::Instant;
use super::public_key;
use super::tst::{Accuracy, MessageImprint, Status, TimeStampReq, TimeStampResp, TstInfo};

/// An answer is not longer; those in use have some thousand bytes.
pub const TIMESTAMP_BYTES_MAX: usize = 64 << 10;

/// Why an answer is no timestamp of what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// It is not an answer in DER.
    #[error("the answer of the timestamp authority cannot be read")]
    Unreadable(#[source] der::Error),
    /// It is longer than [`TIMESTAMP_BYTES_MAX`].
    #[error("the answer of the timestamp authority has {bytes} bytes")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The authority says no.
    #[error("the timestamp authority refused (status {status}): {text}")]
    Refused {
        /// Its number by RFC 3161.
        status: u8,
        /// What it says.
        text: String,
    },
    /// It is about something else: another imprint, or another question.
    #[error("the timestamp is about another {what}")]
    Other {
        /// What does not fit.
        what: &'static str,
    },
    /// A part is missing or is not as RFC 3161 has it.
    #[error("the timestamp lacks {what}")]
    Lacking {
        /// Which one.
        what: &'static str,
    },
    /// Its certificate does not hold at the time that it tells.
    #[error(
        "the certificate of the timestamp authority does not hold at the time of the timestamp"
    )]
    OutsideValidity,
    /// Its signature is not that of its certificate, or of a kind that is not known here.
    #[error("the signature of the timestamp does not hold")]
    Signature(#[source] CmsError),
}

impl From<der::Error> for TimestampError {
    fn from(error: der::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// A question to a timestamp authority. [`TimestampRequest::der`] is sent as `application/timestamp-query`,
/// the answer goes to [`TimestampRequest::accept`].
#[derive(Debug, Clone)]
pub struct TimestampRequest {
    imprint: MessageImprint,
    nonce: Uint,
    der: Vec<u8>,
}

impl TimestampRequest {
    /// Asks for a timestamp over something with this digest. `nonce` is chance, for this question alone.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Unreadable`] where it cannot be written.
    pub fn new(digest: Digest, imprint: &[u8], nonce: [u8; 16]) -> Result<Self, TimestampError> {
        let imprint = MessageImprint {
            algorithm: digest.identifier_with_null(),
            hash: OctetString::new(imprint)?,
        };
        let nonce = Uint::new(&nonce)?;
        let request = TimeStampReq {
            version: 1,
            imprint: imprint.clone(),
            policy: None,
            nonce: Some(nonce.clone()),
            cert_req: true,
        };
        Ok(Self {
            der: request.to_der()?,
            imprint,
            nonce,
        })
    }

    /// Asks for a timestamp over a signature: with it, B-B becomes B-T.
    ///
    /// # Errors
    ///
    /// [`TimestampError`].
    pub fn for_signature(cms: &Cms, nonce: [u8; 16]) -> Result<Self, TimestampError> {
        let signature = cms.signature().map_err(TimestampError::Signature)?;
        Self::new(Digest::Sha256, &Digest::Sha256.of(&[signature]), nonce)
    }

    /// The question in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Takes the answer, if it is one to this question: granted, over this imprint, with this nonce, signed by
    /// the key of a certificate that it brings and that is for timestamps.
    ///
    /// Whether that certificate is trusted is not asked.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] says what does not fit.
    pub fn accept(&self, response: &[u8]) -> Result<Timestamp, TimestampError> {
        let timestamp = Timestamp::of_response(response)?;
        let info = timestamp.info()?;
        if info.imprint.hash != self.imprint.hash
            || info.imprint.algorithm.oid != self.imprint.algorithm.oid
        {
            return Err(TimestampError::Other { what: "imprint" });
        }
        if info.nonce.as_ref() != Some(&self.nonce) {
            return Err(TimestampError::Other { what: "question" });
        }
        Ok(timestamp)
    }
}

/// A timestamp whose own signature holds.
#[derive(Debug, Clone)]
pub struct Timestamp {
    der: Vec<u8>,
    data: SignedData,
    signer: Certificate,
    time: Instant,
    /// What comes behind that second.
    micros: u32,
    accuracy_micros: u64,
    serial: String,
}

impl Timestamp {
    /// Takes the timestamp out of an answer that was granted, whatever the question was, and checks it as
    /// [`Timestamp::from_der`] does.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] says what does not fit.
    pub fn of_response(response: &[u8]) -> Result<Self, TimestampError> {
        if response.len() > TIMESTAMP_BYTES_MAX {
            return Err(TimestampError::TooLong {
                bytes: response.len(),
            });
        }
        let response = TimeStampResp::from_der(response)?;
        match response.status.status {
            Status::Granted | Status::GrantedWithMods => {}
            status @ (Status::Rejection
            | Status::Waiting
            | Status::RevocationWarning
            | Status::RevocationNotification) => {
                return Err(TimestampError::Refused {
                    // The number of a variant.
                    status: status as u8,
                    text: response.status.text.unwrap_or_default().join(" "),
                });
            }
        }
        let token = response.token.ok_or(TimestampError::Lacking {
            what: "the timestamp itself",
        })?;
        Self::from_der(&token.to_der()?)
    }

    /// Reads a timestamp and checks its signature by the certificate that it brings.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] says what does not fit.
    pub fn from_der(bytes: &[u8]) -> Result<Self, TimestampError> {
        let der =
            container::first_element(bytes).ok_or(TimestampError::Lacking { what: "its end" })?;
        let content = ContentInfo::from_der(der)?;
        if content.content_type != ID_SIGNED_DATA {
            return Err(TimestampError::Lacking {
                what: "a signature",
            });
        }
        let data: SignedData = content.content.decode_as()?;
        let [signer_info] = data.signer_infos.0.as_slice() else {
            return Err(TimestampError::Lacking {
                what: "exactly one signature",
            });
        };
        let signer = signer_certificate(&data, signer_info)
            .ok_or(TimestampError::Lacking {
                what: "the certificate of the authority",
            })?
            .clone();
        let content = token_content(&data)?;
        check_signature(signer_info, &signer, content.as_bytes())?;
        let info = TstInfo::from_der(content.as_bytes())?;
        let time = time_of(&info.time)?;
        let validity = signer.tbs_certificate().validity();
        if time < Instant::of(validity.not_before) || time > Instant::of(validity.not_after) {
            return Err(TimestampError::OutsideValidity);
        }
        let micros = Instant::micros_of_generalized(info.time.value());
        let accuracy_micros = info.accuracy.as_ref().map_or(0, Accuracy::in_micros);
        Ok(Self {
            der: der.to_vec(),
            serial: hex::encode(without_sign(info.serial_number.as_bytes())),
            accuracy_micros,
            data,
            signer,
            time,
            micros,
        })
    }

    fn info(&self) -> Result<TstInfo, TimestampError> {
        let content = token_content(&self.data)?;
        Ok(TstInfo::from_der(content.as_bytes())?)
    }

    /// Whether it is over a document of these pieces.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Other`] where it is not.
    pub fn verify(&self, document: &[&[u8]]) -> Result<(), TimestampError> {
        let imprint = self.info()?.imprint;
        let digest = Digest::by_oid(imprint.algorithm.oid).ok_or(TimestampError::Lacking {
            what: "a digest that is known here",
        })?;
        if imprint.hash.as_bytes() == digest.of(document) {
            Ok(())
        } else {
            Err(TimestampError::Other { what: "imprint" })
        }
    }

    /// The token in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The time that it tells, to the second.
    #[must_use]
    pub fn time(&self) -> Instant {
        self.time
    }

    /// The same in microseconds since 1970.
    #[must_use]
    pub fn time_micros(&self) -> i64 {
        let seconds = i64::try_from(self.time.unix_seconds()).unwrap_or(i64::MAX);
        seconds
            .saturating_mul(1_000_000)
            .saturating_add(i64::from(self.micros))
    }

    /// By how much that may be wrong at most, in microseconds, by the word of the authority; 0 where it says nothing.
    #[must_use]
    pub fn accuracy_micros(&self) -> u64 {
        self.accuracy_micros
    }

    /// The number under which the authority knows it, in hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Who gave it: the subject of its certificate (RFC 4514).
    #[must_use]
    pub fn authority(&self) -> String {
        self.signer.tbs_certificate().subject().to_string()
    }

    /// The certificate of the authority.
    #[must_use]
    pub fn signer_certificate(&self) -> &Certificate {
        &self.signer
    }

    /// The certificates that it brings, that of the authority among them.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        container::certificates(&self.data)
    }
}

/// A number that is not negative, without the byte that only says so.
fn without_sign(bytes: &[u8]) -> &[u8] {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        bytes => bytes,
    }
}

fn token_content(data: &SignedData) -> Result<OctetString, TimestampError> {
    let info = &data.encap_content_info;
    match &info.econtent {
        Some(content) if info.econtent_type == ID_CT_TST_INFO => Ok(content.decode_as()?),
        Some(_) | None => Err(TimestampError::Lacking { what: "a time" }),
    }
}

fn time_of(time: &Any) -> Result<Instant, TimestampError> {
    (time.tag() == Tag::GeneralizedTime)
        .then(|| Instant::from_generalized(time.value()))
        .flatten()
        .ok_or(TimestampError::Lacking { what: "a time" })
}

fn signer_certificate<'a>(data: &'a SignedData, signer: &SignerInfo) -> Option<&'a Certificate> {
    container::certificates(data).find(|certificate| {
        let tbs = certificate.tbs_certificate();
        match &signer.sid {
            SignerIdentifier::IssuerAndSerialNumber(sid) => {
                tbs.issuer() == &sid.issuer && tbs.serial_number() == &sid.serial_number
            }
            SignerIdentifier::SubjectKeyIdentifier(wanted) => tbs
                .get_extension::<SubjectKeyIdentifier>()
                .is_ok_and(|found| found.is_some_and(|(_, found)| &found == wanted)),
        }
    })
}

fn check_signature(
    signer: &SignerInfo,
    certificate: &Certificate,
    content: &[u8],
) -> Result<(), TimestampError> {
    if !certificates::is_for_timestamps(certificate) {
        return Err(TimestampError::Lacking {
            what: "a certificate that is for timestamps",
        });
    }
    let attributes = signer
        .signed_attrs
        .as_ref()
        .ok_or(TimestampError::Lacking {
            what: "signed attributes",
        })?;
    let content_type = container::value(attributes, ID_CONTENT_TYPE)
        .and_then(|value| value.decode_as::<const_oid::ObjectIdentifier>().ok());
    if content_type != Some(ID_CT_TST_INFO) {
        return Err(TimestampError::Lacking {
            what: "the kind of its content",
        });
    }
    let digest = Digest::by_oid(signer.digest_alg.oid)
        .ok_or(TimestampError::Signature(CmsError::UnknownAlgorithm))?;
    let named = container::value(attributes, ID_MESSAGE_DIGEST)
        .and_then(|value| value.decode_as::<OctetString>().ok())
        .ok_or(TimestampError::Lacking {
            what: "the digest of its content",
        })?;
    if named.as_bytes() != digest.of(&[content]) {
        return Err(TimestampError::Signature(CmsError::OtherDocument));
    }
    if !names_certificate(attributes, certificate) {
        return Err(TimestampError::Lacking {
            what: "the name of its certificate",
        });
    }
    public_key::verify(
        certificate.tbs_certificate().subject_public_key_info(),
        &signer.signature_algorithm,
        Some(digest),
        &attributes.to_der()?,
        signer.signature.as_bytes(),
    )
    .map_err(|refused| TimestampError::Signature(refused.into()))
}

/// Whether the attributes name the certificate by its digest: an authority must (RFC 3161, 2.4.2; RFC 5816).
fn names_certificate(attributes: &Attributes, certificate: &Certificate) -> bool {
    let Ok(der) = certificate.to_der() else {
        return false;
    };
    if let Some(value) = container::value(attributes, ID_AA_SIGNING_CERTIFICATE_V_2) {
        return value
            .decode_as::<SigningCertificateV2>()
            .ok()
            .and_then(|named| named.certificates.into_iter().next())
            .and_then(|first| {
                let digest = match &first.algorithm {
                    Some(algorithm) => Digest::by_oid(algorithm.oid)?,
                    None => Digest::Sha256,
                };
                Some(first.hash.as_bytes() == digest.of(&[&der]))
            })
            .unwrap_or(false);
    }
    container::value(attributes, ID_AA_SIGNING_CERTIFICATE)
        .and_then(|value| value.decode_as::<SigningCertificate>().ok())
        .and_then(|named| named.certificates.into_iter().next())
        .is_some_and(|first| {
            // The older attribute knows no other digest; it binds a name, the signature is over more.
            let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
            first.hash.as_bytes() == digest.as_ref()
        })
}

/// `SigningCertificate` of RFC 2634.
#[derive(Sequence)]
struct SigningCertificate {
    certificates: Vec<CertificateId>,
    #[asn1(optional = "true")]
    policies: Option<Vec<Any>>,
}

#[derive(Sequence)]
struct CertificateId {
    hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

#[derive(Sequence)]
struct IssuerSerial {
    issuer: Any,
    serial_number: Any,
}
