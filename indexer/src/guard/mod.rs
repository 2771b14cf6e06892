//! What must not be in an archive, told by what it is: biometric templates are refused, serial numbers
//! of identity documents are kept out of the index.
//!
//! Both work on what they are given and know nothing of documents. What they cannot tell stands in
//! `docs/privacy.md`.

mod biometric;
mod serials;
#[cfg(test)]
mod tests;

pub use biometric::{Biometric, HEAD_BYTES};
pub use serials::{MASK, SerialShape, Serials};
