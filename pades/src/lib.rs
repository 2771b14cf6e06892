//! PAdES: signatures of PDFs, made and judged. Bytes in, bytes out.
//!
//! No network, no clock and nothing on the disk of its own: whoever calls brings time, chance and transport. What it
//! promises and where the rules come from stands in `docs/sealing.md`.

pub mod sign;
pub mod strokes;
