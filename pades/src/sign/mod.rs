//! Signatures made, up to PAdES B-LTA.
//!
//! A PDF is opened and found fit ([`Pdf::open`]), a place for the signature is made by an incremental
//! update ([`Prepared::new`]), what is signed is asked of a key ([`Dtbs`], [`Signer`]), and the answer is
//! put into the place that was left for it ([`Prepared::complete`]). Later, or at once, a timestamp is
//! added within that place ([`Seal`]), the data by which the signature is checked in years to come are
//! added ([`add_validation_data`]), and a timestamp over all of it ([`Kind::DocumentTimestamp`]).
//!
//! What was there before is an exact prefix of what is there afterwards, each time; each step reads its own
//! result again before it hands it out.

mod acroform;
mod appearance;
mod archive;
mod certificates;
mod certification;
mod check;
mod cms;
mod complete;
mod digest;
mod dss;
mod field;
mod instant;
mod letters;
mod ocsp;
mod pdf;
mod pem;
mod pkcs11;
mod prepare;
mod public_key;
mod revocation;
mod seal;
mod signer;
mod structure;
#[cfg(test)]
mod tests;
mod timestamp;
mod tst;
mod update;

pub use acroform::Field;
pub use appearance::{Appearance, AppearanceError, LINE_CHARS_MAX, LINES_MAX};
pub use archive::{DocumentTimestamp, Witnesses};
pub use certificates::{
    Chain, ChainError, is_self_issued, is_unchecked, issuer_among, not_after, read_certificate,
    write_certificate,
};
pub use certification::Permission;
pub use check::CheckError;
pub use cms::{Cms, CmsError, Dtbs};
pub use complete::CompleteError;
pub use digest::Digest;
pub use dss::{
    VALIDATION_BYTES_MAX, VALIDATION_ITEMS_MAX, ValidationData, ValidationDataError,
    add_validation_data,
};
pub use field::{
    FIELD_NAME_CHARS_MAX, FieldName, FieldNameError, NewField, Place, Rect, SIDE_POINTS_MIN,
    add_fields,
};
pub use instant::Instant;
pub use ocsp::{Holds, OCSP_BYTES_MAX, OcspAnswer, OcspError, OcspRequest, OcspResponse};
pub use pdf::{PDF_BYTES_MAX, Pdf, UnfitError};
pub use pem::PemSigner;
pub use pkcs11::{ModuleKey, Pkcs11Signer};
pub use prepare::{
    At, Kind, PrepareError, Prepared, RESERVE_BYTES, RESERVE_BYTES_MAX, Request,
    STATEMENT_CHARS_MAX, Statement,
};
pub use public_key::SignatureAlgorithm;
pub use revocation::{CRL_BYTES_MAX, Crl, CrlError, Sources, sources};
pub use seal::{Seal, SealError};
pub use signer::{Signer, SignerError, sign};
pub use timestamp::{TIMESTAMP_BYTES_MAX, Timestamp, TimestampError, TimestampRequest};
pub use x509_cert::Certificate;
