//! Timestamps over a whole PDF, as they stand in it (B-LTA), and on whose certificates a sealed PDF rests.

use x509_cert::Certificate;

use super::acroform::Field;
use super::cms::Cms;
use super::pdf::Pdf;
use super::seal::{Place, Seal, SealError};
use super::timestamp::Timestamp;

/// A timestamp over a whole PDF: it is over all that stands before its end, and its own signature holds.
#[derive(Debug, Clone)]
pub struct DocumentTimestamp {
    name: String,
    timestamp: Timestamp,
    end: usize,
}

impl DocumentTimestamp {
    /// Finds one by the whole name of its field.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn find(pdf: &Pdf, name: &str) -> Result<Self, SealError> {
        let field = pdf
            .signature_fields()
            .into_iter()
            .find(|field| field.name == name && field.signed)
            .ok_or_else(|| SealError::NoSuchSignature {
                name: name.to_owned(),
            })?;
        Self::of(pdf, &field)
    }

    /// Those of a PDF, the oldest first. What cannot be read as one here is left out: it is none of ours.
    #[must_use]
    pub fn all(pdf: &Pdf) -> Vec<Self> {
        let signed = pdf.signature_fields().into_iter();
        let mut all: Vec<Self> = signed
            .filter(|field| field.signed)
            .filter_map(|field| Self::of(pdf, &field).ok())
            .collect();
        all.sort_by_key(|one| one.end);
        all
    }

    fn of(pdf: &Pdf, field: &Field) -> Result<Self, SealError> {
        let place = Place::of(pdf, field)?;
        let bytes = pdf.bytes();
        let timestamp = Timestamp::from_der(&place.container(bytes)?)?;
        timestamp.verify(&place.signed(bytes))?;
        Ok(Self {
            name: field.name.clone(),
            timestamp,
            end: place.end,
        })
    }

    /// The name of its field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The timestamp.
    #[must_use]
    pub fn timestamp(&self) -> &Timestamp {
        &self.timestamp
    }
}

/// Most certificates that a PDF brings along and that are looked at.
const CERTIFICATES_MAX: usize = 200;

/// On whom a sealed PDF rests: whose certificates must be known to hold before it is B-LT.
#[derive(Debug, Clone)]
pub struct Witnesses {
    signers: Vec<Certificate>,
    certificates: Vec<Certificate>,
}

impl Witnesses {
    /// Those of a seal, of its timestamp, of other seals by the same certificate, and of the timestamps over the
    /// PDF that cover it. Signatures of others, and what was there before, are theirs to look after.
    ///
    /// # Errors
    ///
    /// [`SealError`] where there is no such seal.
    pub fn of(pdf: &Pdf, name: &str) -> Result<Self, SealError> {
        let seal = Seal::find(pdf, name)?;
        let mut all = Self {
            signers: Vec::new(),
            certificates: Vec::new(),
        };
        let own = seal.cms().signer_certificate().cloned();
        all.take_cms(seal.cms());
        for field in pdf.signature_fields().iter().filter(|field| field.signed) {
            let Ok(other) = Seal::find(pdf, &field.name) else {
                continue;
            };
            if own.is_some() && other.cms().signer_certificate() == own.as_ref() {
                all.take_cms(other.cms());
            }
        }
        let over = DocumentTimestamp::all(pdf).into_iter();
        for document in over.filter(|one| one.end > seal.place_end()) {
            all.take_timestamp(document.timestamp());
        }
        Ok(all)
    }

    fn take_cms(&mut self, cms: &Cms) {
        add(&mut self.signers, cms.signer_certificate());
        add(&mut self.certificates, cms.certificates());
        for timestamp in cms.timestamps() {
            self.take_timestamp(&timestamp);
        }
    }

    fn take_timestamp(&mut self, timestamp: &Timestamp) {
        add(&mut self.signers, [timestamp.signer_certificate()]);
        add(&mut self.certificates, timestamp.certificates());
    }

    /// The certificates by which it was signed and timestamped.
    #[must_use]
    pub fn signers(&self) -> &[Certificate] {
        &self.signers
    }

    /// All that the PDF brings along for them, those above included.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

fn add<'a>(to: &mut Vec<Certificate>, some: impl IntoIterator<Item = &'a Certificate>) {
    for one in some {
        if to.len() < CERTIFICATES_MAX && !to.contains(one) {
            to.push(one.clone());
        }
    }
}
