//! The certificate of a key, and those that vouch for it.

use const_oid::AssociatedOid as _;
use der::{Decode as _, Encode as _};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::KeyUsage;

use super::instant::Instant;
use super::public_key::{self, Refused, SignatureAlgorithm};

/// A chain is not longer.
pub(super) const CHAIN_LENGTH_MAX: usize = 8;

/// Why certificates are no chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Something in it is not a certificate in DER.
    #[error("certificate {index} cannot be read")]
    Unreadable {
        /// Which one, from 0.
        index: usize,
        /// What the reader stumbled over.
        #[source]
        source: der::Error,
    },
    /// There is none.
    #[error("there is no certificate")]
    Empty,
    /// There are too many.
    #[error("there are {length} certificates, more than {CHAIN_LENGTH_MAX}")]
    TooLong {
        /// How many.
        length: usize,
    },
    /// One is not vouched for by the next.
    #[error("certificate {index} was not issued by the one that follows it")]
    NotIssuedByNext {
        /// Which one, from 0.
        index: usize,
    },
    /// Its key is of a kind that is not signed with here.
    #[error("the key of the certificate is neither EC P-256, EC P-384 nor RSA")]
    UnknownKey,
    /// The certificate says that its key is for something else.
    #[error("the key of the certificate is not for signatures")]
    NotForSignatures,
}

/// The certificate of a key, and behind it those that vouch for it, each issued by the next.
///
/// Nothing is said about whether the last one is trusted: that is for whoever judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    certificates: Vec<Certificate>,
    algorithm: SignatureAlgorithm,
}

impl Chain {
    /// Certificates in PEM, that of the key first.
    ///
    /// # Errors
    ///
    /// [`ChainError`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, ChainError> {
        let certificates = Certificate::load_pem_chain(pem)
            .map_err(|source| ChainError::Unreadable { index: 0, source })?;
        Self::new(certificates)
    }

    /// Certificates in DER, that of the key first.
    ///
    /// # Errors
    ///
    /// [`ChainError`].
    pub fn from_der(certificates: &[&[u8]]) -> Result<Self, ChainError> {
        let mut read = Vec::with_capacity(certificates.len());
        for (index, der) in certificates.iter().enumerate() {
            read.push(
                Certificate::from_der(der)
                    .map_err(|source| ChainError::Unreadable { index, source })?,
            );
        }
        Self::new(read)
    }

    fn new(certificates: Vec<Certificate>) -> Result<Self, ChainError> {
        let Some(first) = certificates.first() else {
            return Err(ChainError::Empty);
        };
        if certificates.len() > CHAIN_LENGTH_MAX {
            return Err(ChainError::TooLong {
                length: certificates.len(),
            });
        }
        let tbs = first.tbs_certificate();
        let algorithm = SignatureAlgorithm::of_key(tbs.subject_public_key_info())
            .ok_or(ChainError::UnknownKey)?;
        if let Ok(Some((_, usage))) = tbs.get_extension::<KeyUsage>()
            && !usage.digital_signature()
            && !usage.non_repudiation()
        {
            return Err(ChainError::NotForSignatures);
        }
        for (index, pair) in certificates.windows(2).enumerate() {
            // A kind of signature that is not known here is for whoever judges: it is only passed on.
            if let [subject, issuer] = pair
                && issued_by(subject, issuer) == Err(Refused::Wrong)
            {
                return Err(ChainError::NotIssuedByNext { index });
            }
        }
        Ok(Self {
            certificates,
            algorithm,
        })
    }

    /// The certificate of the key.
    ///
    /// # Panics
    ///
    /// Never: a chain has one.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        assert!(!self.certificates.is_empty(), "a chain has a certificate");
        &self.certificates[0]
    }

    /// All of them, that of the key first.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// What the key signs with.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// When the certificate of the key begins to hold.
    #[must_use]
    pub fn not_before(&self) -> Instant {
        Instant::of(self.leaf().tbs_certificate().validity().not_before)
    }

    /// When the first of them ceases to hold.
    #[must_use]
    pub fn not_after(&self) -> Instant {
        self.certificates
            .iter()
            .map(not_after)
            .min()
            .unwrap_or(Instant::MAX)
    }

    /// What the certificate of the key is called: its common name, else its whole name.
    #[must_use]
    pub fn name(&self) -> String {
        let subject = self.leaf().tbs_certificate().subject();
        subject
            .iter()
            .find(|attribute| attribute.oid == const_oid::db::rfc4519::COMMON_NAME)
            .and_then(text)
            .unwrap_or_else(|| subject.to_string())
    }

    pub(super) fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        self.leaf().tbs_certificate().subject_public_key_info()
    }
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let value = &attribute.value;
    value
        .decode_as::<String>()
        .ok()
        .or_else(|| {
            let text = value
                .decode_as::<der::asn1::PrintableStringRef<'_>>()
                .ok()?;
            Some(text.as_str().to_owned())
        })
        .or_else(|| String::from_utf8(value.value().to_vec()).ok())
}

/// When a certificate ceases to hold.
#[must_use]
pub fn not_after(certificate: &Certificate) -> Instant {
    Instant::of(certificate.tbs_certificate().validity().not_after)
}

/// Reads a certificate, in DER or in PEM. Nothing where it is none.
#[must_use]
pub fn read_certificate(bytes: &[u8]) -> Option<Certificate> {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        return Some(certificate);
    }
    let chain = Certificate::load_pem_chain(bytes).ok()?;
    chain.into_iter().next()
}

/// A certificate in DER. Nothing where it cannot be written.
#[must_use]
pub fn write_certificate(certificate: &Certificate) -> Option<Vec<u8>> {
    certificate.to_der().ok()
}

/// Whether a certificate vouches for itself: nobody stands above it.
#[must_use]
pub fn is_self_issued(certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    tbs.issuer() == tbs.subject()
}

/// Whether a responder's certificate says that nobody is to be asked about it (RFC 6960, 4.2.2.2.1).
#[must_use]
pub fn is_unchecked(certificate: &Certificate) -> bool {
    let extensions = certificate.tbs_certificate().extensions();
    extensions.is_some_and(|all| {
        let no_check = const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
        all.iter().any(|one| one.extn_id == no_check)
    })
}

/// Who of these issued a certificate: by name, and by a signature that holds.
#[must_use]
pub fn issuer_among<'a>(subject: &Certificate, all: &'a [Certificate]) -> Option<&'a Certificate> {
    all.iter().find(|issuer| issued_by(subject, issuer).is_ok())
}

/// Whether the names fit, and the signature.
pub(super) fn issued_by(subject: &Certificate, issuer: &Certificate) -> Result<(), Refused> {
    if subject.tbs_certificate().issuer() != issuer.tbs_certificate().subject() {
        return Err(Refused::Wrong);
    }
    let (Ok(message), Some(signature)) = (
        subject.tbs_certificate().to_der(),
        subject.signature().as_bytes(),
    ) else {
        return Err(Refused::Wrong);
    };
    public_key::verify(
        issuer.tbs_certificate().subject_public_key_info(),
        subject.signature_algorithm(),
        None,
        &message,
        signature,
    )
}

/// Whether a certificate may sign timestamps, and nothing else (RFC 3161, 2.3).
pub(super) fn is_for_timestamps(certificate: &Certificate) -> bool {
    use x509_cert::ext::pkix::ExtendedKeyUsage;
    let Some(extensions) = certificate.tbs_certificate().extensions() else {
        return false;
    };
    extensions
        .iter()
        .filter(|extension| extension.extn_id == ExtendedKeyUsage::OID && extension.critical)
        .filter_map(|extension| ExtendedKeyUsage::from_der(extension.extn_value.as_bytes()).ok())
        .any(|usage| usage.0 == [const_oid::db::rfc5912::ID_KP_TIME_STAMPING])
}
