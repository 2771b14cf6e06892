//! PAdES: signatures of PDFs, made and judged. Bytes in, bytes and words out.
//!
//! No network, no clock and nothing on the disk of its own: whoever calls brings time, chance and transport. What it
//! promises and where the rules come from stands in `docs/sealing.md` and `docs/signatures.md`.

mod asn1;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod sign;
pub mod strokes;
mod structure;
pub mod verify;
