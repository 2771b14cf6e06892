//! Where it is said whether a certificate still holds, and lists that say so (RFC 5280).

use const_oid::db::rfc5912::{ID_AD_CA_ISSUERS, ID_AD_OCSP};
use der::{Decode as _, Encode as _};
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};

use super::instant::Instant;
use super::public_key;

/// A list is not longer.
pub const CRL_BYTES_MAX: usize = 32 << 20;

/// Where a certificate says that something can be fetched. Whoever fetches checks the addresses: they are
/// written by whoever made the certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Who answers whether it holds.
    pub ocsp: Vec<String>,
    /// Where the list of revoked certificates is.
    pub crls: Vec<String>,
    /// Where the certificate of its issuer is.
    pub issuers: Vec<String>,
}

/// The addresses that a certificate names, those of HTTP only.
#[must_use]
pub fn sources(certificate: &Certificate) -> Sources {
    let tbs = certificate.tbs_certificate();
    let mut sources = Sources::default();
    if let Ok(Some((_, access))) = tbs.get_extension::<AuthorityInfoAccessSyntax>() {
        for description in access.0 {
            let Some(address) = http(&description.access_location) else {
                continue;
            };
            match description.access_method {
                ID_AD_OCSP => sources.ocsp.push(address),
                ID_AD_CA_ISSUERS => sources.issuers.push(address),
                _ => {}
            }
        }
    }
    if let Ok(Some((_, points))) = tbs.get_extension::<CrlDistributionPoints>() {
        for point in points.0 {
            if let Some(DistributionPointName::FullName(names)) = point.distribution_point {
                sources.crls.extend(names.iter().filter_map(http));
            }
        }
    }
    sources
}

fn http(name: &GeneralName) -> Option<String> {
    let GeneralName::UniformResourceIdentifier(address) = name else {
        return None;
    };
    let address = address.as_str();
    let is_http = address.starts_with("http://") || address.starts_with("https://");
    is_http.then(|| address.to_owned())
}

/// Why a list of revoked certificates is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It is none in DER.
    #[error("the revocation list cannot be read")]
    Unreadable(#[source] der::Error),
    /// It is longer than [`CRL_BYTES_MAX`].
    #[error("the revocation list has {bytes} bytes")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It is not that of this issuer.
    #[error("the revocation list is not that of the issuer")]
    OtherIssuer,
    /// Its signature does not hold, or is of a kind that is not known here.
    #[error("the signature of the revocation list does not hold")]
    WrongSignature,
}

/// A list of revoked certificates.
#[derive(Debug, Clone)]
pub struct Crl {
    list: CertificateList,
}

impl Crl {
    /// Reads a list.
    ///
    /// # Errors
    ///
    /// [`CrlError`].
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        if der.len() > CRL_BYTES_MAX {
            return Err(CrlError::TooLong { bytes: der.len() });
        }
        let list = CertificateList::from_der(der).map_err(CrlError::Unreadable)?;
        Ok(Self { list })
    }

    /// Checks that it was signed by the issuer.
    ///
    /// # Errors
    ///
    /// [`CrlError`].
    pub fn verify(&self, issuer: &Certificate) -> Result<(), CrlError> {
        if &self.list.tbs_cert_list.issuer != issuer.tbs_certificate().subject() {
            return Err(CrlError::OtherIssuer);
        }
        let message = self
            .list
            .tbs_cert_list
            .to_der()
            .map_err(CrlError::Unreadable)?;
        public_key::verify(
            issuer.tbs_certificate().subject_public_key_info(),
            &self.list.signature_algorithm,
            None,
            &message,
            self.list.signature.raw_bytes(),
        )
        .map_err(|_refused| CrlError::WrongSignature)
    }

    /// When it was made.
    #[must_use]
    pub fn this_update(&self) -> Instant {
        Instant::of(self.list.tbs_cert_list.this_update)
    }

    /// When the next one is due, where it says so.
    #[must_use]
    pub fn next_update(&self) -> Option<Instant> {
        self.list.tbs_cert_list.next_update.map(Instant::of)
    }

    /// Since when a certificate is revoked, if it stands in the list.
    #[must_use]
    pub fn revoked_at(&self, certificate: &Certificate) -> Option<Instant> {
        let serial = certificate.tbs_certificate().serial_number();
        self.list
            .tbs_cert_list
            .revoked_certificates
            .iter()
            .flatten()
            .find(|revoked| &revoked.serial_number == serial)
            .map(|revoked| Instant::of(revoked.revocation_date))
    }
}
