//! Signatures of PDFs, as PAdES wants them. Knows nobody: bytes in, bytes and words out.

mod asn1;
mod structure;
pub mod verify;
