//! What a signature is checked by in years to come: certificates, lists of revoked ones, and answers about
//! them, in the PDF itself (`DSS`, ISO 32000-2, 12.8.4.3). B-T becomes B-LT.
//!
//! No `VRI`: ETSI EN 319 142-1 makes it optional, and it says nothing that is needed.

use std::collections::BTreeMap;

use der::{Decode as _, Encode as _};
use lopdf::{Dictionary, Object, ObjectId, Stream};
use x509_cert::Certificate;

use super::check::{self, CheckError};
use super::digest::Digest;
use super::ocsp::{OcspError, OcspResponse};
use super::pdf::{Pdf, UnfitError};
use super::revocation::{Crl, CrlError};
use super::update::Update;

/// A PDF holds at most so many of each kind.
pub const VALIDATION_ITEMS_MAX: usize = 1_000;

/// All that is added at once has at most so many bytes.
pub const VALIDATION_BYTES_MAX: usize = 64 << 20;

/// Why validation data are not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationDataError {
    /// A certificate is none.
    #[error("certificate {index} cannot be read")]
    Certificate {
        /// Which one, from 0.
        index: usize,
        /// What the reader stumbled over.
        #[source]
        source: der::Error,
    },
    /// A list is none.
    #[error("revocation list {index} cannot be read")]
    Crl {
        /// Which one, from 0.
        index: usize,
        /// What the reader stumbled over.
        #[source]
        source: CrlError,
    },
    /// An answer is none.
    #[error("answer {index} about a certificate cannot be read")]
    Ocsp {
        /// Which one, from 0.
        index: usize,
        /// What the reader stumbled over.
        #[source]
        source: OcspError,
    },
    /// They are more, or longer, than [`VALIDATION_ITEMS_MAX`] and [`VALIDATION_BYTES_MAX`].
    #[error("{items} items of {bytes} bytes are too many")]
    TooMany {
        /// How many.
        items: usize,
        /// How long all of them are.
        bytes: usize,
    },
    /// The PDF is not one to be changed.
    #[error(transparent)]
    Unfit(#[from] UnfitError),
    /// The PDF that was made does not hold up.
    #[error("the PDF with validation data does not hold up")]
    Check(#[from] CheckError),
}

/// Certificates, lists and answers in DER.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationData {
    /// Certificates: those of signers and authorities, and those that vouch for them.
    pub certificates: Vec<Vec<u8>>,
    /// Lists of revoked certificates.
    pub crls: Vec<Vec<u8>>,
    /// Answers about certificates, as an OCSP responder sends them.
    pub ocsps: Vec<Vec<u8>>,
}

impl ValidationData {
    /// Adds certificates as they stand in a chain or a timestamp.
    ///
    /// # Errors
    ///
    /// [`ValidationDataError::Certificate`] where one cannot be written.
    pub fn add_certificates<'a>(
        &mut self,
        certificates: impl IntoIterator<Item = &'a Certificate>,
    ) -> Result<(), ValidationDataError> {
        for (index, certificate) in certificates.into_iter().enumerate() {
            let der = certificate
                .to_der()
                .map_err(|source| ValidationDataError::Certificate { index, source })?;
            if !self.certificates.contains(&der) {
                self.certificates.push(der);
            }
        }
        Ok(())
    }

    fn lists(&self) -> [(&'static str, &[Vec<u8>]); 3] {
        [
            ("Certs", &self.certificates),
            ("CRLs", &self.crls),
            ("OCSPs", &self.ocsps),
        ]
    }

    fn check(&self) -> Result<(), ValidationDataError> {
        let all = || self.lists().into_iter().flat_map(|(_, items)| items);
        let (items, bytes) = (all().count(), all().map(Vec::len).sum());
        if items > VALIDATION_ITEMS_MAX || bytes > VALIDATION_BYTES_MAX {
            return Err(ValidationDataError::TooMany { items, bytes });
        }
        for (index, der) in self.certificates.iter().enumerate() {
            Certificate::from_der(der)
                .map_err(|source| ValidationDataError::Certificate { index, source })?;
        }
        for (index, der) in self.crls.iter().enumerate() {
            Crl::from_der(der).map_err(|source| ValidationDataError::Crl { index, source })?;
        }
        for (index, der) in self.ocsps.iter().enumerate() {
            OcspResponse::from_der(der)
                .map_err(|source| ValidationDataError::Ocsp { index, source })?;
        }
        Ok(())
    }
}

/// Adds validation data to a PDF, beside what it has; what it has already is not added again.
///
/// That they fit the signatures, and are new enough, is for whoever calls to know.
///
/// # Errors
///
/// [`ValidationDataError`].
pub fn add_validation_data(pdf: &Pdf, data: &ValidationData) -> Result<Pdf, ValidationDataError> {
    data.check()?;
    let mut update = Update::new(pdf);
    let catalog = pdf.catalog_id()?;
    let old = pdf.catalog()?.get(b"DSS").ok();
    let mut store = old
        .and_then(|old| pdf.dictionary(old))
        .cloned()
        .unwrap_or_else(|| {
            let mut store = Dictionary::new();
            store.set("Type", "DSS");
            store
        });
    for (key, items) in data.lists() {
        let mut list = store
            .get(key.as_bytes())
            .ok()
            .and_then(|list| pdf.array(list))
            .cloned()
            .unwrap_or_default();
        let mut known = known(pdf, &list);
        for item in items {
            let digest = Digest::Sha256.of(&[item]);
            if known.contains_key(&digest) {
                continue;
            }
            let id = update.add(Stream::new(Dictionary::new(), item.clone()));
            known.insert(digest, id);
            list.push(Object::Reference(id));
        }
        if !list.is_empty() {
            store.set(key, list);
        }
    }
    match old.and_then(|old| old.as_reference().ok()) {
        Some(id) => update.set(id, store),
        None => {
            let id = update.add(store);
            update.edit(catalog)?.set("DSS", Object::Reference(id));
        }
    }
    Ok(check::increment(pdf, update.write().bytes)?)
}

/// What a list has, by digest.
fn known(pdf: &Pdf, list: &[Object]) -> BTreeMap<Vec<u8>, ObjectId> {
    list.iter()
        .filter_map(|item| {
            let id = item.as_reference().ok()?;
            let stream = pdf.document().get_object(id).ok()?.as_stream().ok()?;
            let content = stream
                .get_plain_content_with_limit(VALIDATION_BYTES_MAX)
                .ok()?;
            Some((Digest::Sha256.of(&[&content]), id))
        })
        .collect()
}
