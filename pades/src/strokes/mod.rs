//! The strokes of a signature: how a pen moved.
//!
//! A record is what a tablet sends: samples in the order in which they were taken, each with place, time,
//! pressure and tilt (the channels X, Y, T, F, TX and TY of ISO/IEC 19794-7, the ends of strokes being S). It
//! is read once ([`Strokes::parse`]), within limits; from then on it has one encoding
//! ([`Strokes::canonical`]) and one digest. How somebody moves a pen tells who it is: a record is drawn and
//! forgotten, or sealed at once to a key that is not here ([`Recipient`]).

mod model;
mod open;
mod seal;
mod svg;
#[cfg(test)]
mod tests;
mod wire;

pub use model::{
    DURATION_TENTHS_MAX, Measures, POINTS_MAX, Point, Pointer, RECORD_BYTES_MAX, STROKES_MAX,
    Stroke, Strokes, StrokesError,
};
pub use open::{Opener, SEALED_BYTES_MAX, StrokesOpenError};
pub use seal::{Bound, Recipient, SealedStrokes, StrokesSealError};
