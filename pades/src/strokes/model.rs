//! The record, its limits and its one encoding.

use std::fmt::Write as _;

use ring::digest;

use super::wire;

/// A record has at most so many bytes, as it is sent.
pub const RECORD_BYTES_MAX: usize = 512 << 10;
/// And so many strokes.
pub const STROKES_MAX: usize = 500;
/// And so many samples, over all strokes: two minutes of a quick pen.
pub const POINTS_MAX: usize = 30_000;
/// From its first sample to its last, in tenths of a millisecond: ten minutes.
pub const DURATION_TENTHS_MAX: u32 = 6_000_000;
/// How far from the corner of the pad a sample may lie, in pixels.
pub(super) const COORDINATE_MAX: f64 = 100_000.0;

/// Why a record is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StrokesError {
    /// It is longer than [`RECORD_BYTES_MAX`].
    #[error("the record has {bytes} bytes, more than {RECORD_BYTES_MAX}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It is not a record of this format.
    #[error("the record cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// It is of a version that is not known.
    #[error("the record has version {version}, not 1")]
    UnknownVersion {
        /// Which one.
        version: u32,
    },
    /// It has more strokes or samples than [`STROKES_MAX`] and [`POINTS_MAX`].
    #[error("the record has {strokes} strokes and {points} samples")]
    TooMany {
        /// How many strokes.
        strokes: usize,
        /// How many samples.
        points: usize,
    },
    /// A number is none, or beyond what it may be.
    #[error("{name} of sample {index} is out of range")]
    OutOfRange {
        /// Which channel, or member of the record.
        name: &'static str,
        /// In which sample, counted over all strokes from 0.
        index: usize,
    },
    /// Samples go back in time, or are more than [`DURATION_TENTHS_MAX`] apart.
    #[error("the time of sample {index} does not follow on the one before")]
    OutOfOrder {
        /// Which one.
        index: usize,
    },
    /// There is nothing, or nothing but dots.
    #[error("there is no stroke but for dots")]
    Empty,
    /// There is one straight line.
    #[error("there is only a straight line")]
    StraightLine,
}

/// With what it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// A pen, which tells its pressure.
    Pen,
    /// A finger.
    Touch,
    /// A mouse.
    Mouse,
}

impl Pointer {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pen => "pen",
            Self::Touch => "touch",
            Self::Mouse => "mouse",
        }
    }
}

/// A sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// From the left side of the pad, in hundredths of a pixel.
    pub x: i32,
    /// From its upper side, in hundredths of a pixel.
    pub y: i32,
    /// Since the first sample's clock began, in tenths of a millisecond.
    pub t: u32,
    /// Pressure, in ten-thousandths of what the pen can tell.
    pub p: u16,
    /// Tilt to the right, in degrees.
    pub tx: i8,
    /// Tilt towards whoever writes, in degrees.
    pub ty: i8,
}

/// From where the pen went down to where it went up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stroke {
    /// Its samples, at least one.
    pub points: Vec<Point>,
}

/// The record of a signature, within its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strokes {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Hundredths of a device pixel by pixel.
    pub(super) ratio: u32,
    /// Hundredths of a pixel by inch, where it is known.
    pub(super) ppi: Option<u32>,
    /// Milliseconds since 1970: what the tablet's clock said when the pad was shown.
    pub(super) started_client: u64,
    /// The same by the server's clock.
    pub(super) started_server: u64,
    pub(super) pointer: Pointer,
    pub(super) strokes: Vec<Stroke>,
}

/// What a record says of itself in numbers that betray nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// How many strokes.
    pub strokes: usize,
    /// How many samples.
    pub points: usize,
    /// From the first sample to the last, in tenths of a millisecond.
    pub duration_tenths: u32,
    /// How long the line is, in hundredths of a pixel.
    pub length: u64,
    /// How wide what was written is, in hundredths of a pixel.
    pub width: u32,
    /// And how high.
    pub height: u32,
}

impl Strokes {
    /// Reads a record as a tablet sends it.
    ///
    /// # Errors
    ///
    /// [`StrokesError`]; a record that nobody would call a signature is refused too.
    pub fn parse(bytes: &[u8]) -> Result<Self, StrokesError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(StrokesError::TooLong { bytes: bytes.len() });
        }
        let record: wire::Record =
            serde_json::from_slice(bytes).map_err(StrokesError::Unreadable)?;
        let strokes = Self::try_from(record)?;
        strokes.check()?;
        Ok(strokes)
    }

    /// Refuses what is no signature: nothing, dots, one straight line.
    fn check(&self) -> Result<(), StrokesError> {
        let measures = self.measures();
        // Three pixels: a finger that was put down and up again.
        if measures.width.max(measures.height) < 300 {
            return Err(StrokesError::Empty);
        }
        if let [only] = self.strokes.as_slice()
            && is_straight(&only.points)
        {
            return Err(StrokesError::StraightLine);
        }
        Ok(())
    }

    /// The strokes in their order.
    #[must_use]
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// With what it was written.
    #[must_use]
    pub fn pointer(&self) -> Pointer {
        self.pointer
    }

    /// When the pad was shown, in milliseconds since 1970: by the clock of the tablet, and of the server.
    #[must_use]
    pub fn started(&self) -> (u64, u64) {
        (self.started_client, self.started_server)
    }

    /// What can be said of it without telling how somebody writes.
    #[must_use]
    pub fn measures(&self) -> Measures {
        let points = || self.strokes.iter().flat_map(|stroke| &stroke.points);
        let extent = |of: fn(&Point) -> i32| match (points().map(of).min(), points().map(of).max())
        {
            (Some(min), Some(max)) => max.abs_diff(min),
            _ => 0,
        };
        let duration = match (points().next(), points().last()) {
            (Some(first), Some(last)) => last.t.saturating_sub(first.t),
            _ => 0,
        };
        let length: u64 = self
            .strokes
            .iter()
            .flat_map(|stroke| stroke.points.windows(2))
            .map(|pair| match pair {
                [a, b] => {
                    let (dx, dy) = (u64::from(a.x.abs_diff(b.x)), u64::from(a.y.abs_diff(b.y)));
                    (dx * dx + dy * dy).isqrt()
                }
                _ => 0,
            })
            .sum();
        Measures {
            strokes: self.strokes.len(),
            points: points().count(),
            duration_tenths: duration,
            length,
            width: extent(|point| point.x),
            height: extent(|point| point.y),
        }
    }

    /// The one encoding of a record: JSON, members in a fixed order, no space, numbers with as many digits as
    /// they need. It is what is hashed and sealed, and it reads back to the same record.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let mut put = |arguments: std::fmt::Arguments<'_>| {
            let written = text.write_fmt(arguments);
            debug_assert!(written.is_ok(), "memory takes everything");
        };
        put(format_args!("{{\"v\":1,\"unit\":\"css-px\","));
        if let Some(ppi) = self.ppi {
            put(format_args!("\"ppi\":{},", Decimal(i64::from(ppi), 2)));
        }
        put(format_args!(
            "\"w\":{},\"h\":{},\"dpr\":{},\"started\":{{\"client\":{},\"server\":{}}},\"pointerType\":\"{}\",\"strokes\":[",
            self.width,
            self.height,
            Decimal(i64::from(self.ratio), 2),
            self.started_client,
            self.started_server,
            self.pointer.as_str()
        ));
        for (index, stroke) in self.strokes.iter().enumerate() {
            put(format_args!("{}{{\"pts\":[", comma(index)));
            for (index, point) in stroke.points.iter().enumerate() {
                put(format_args!(
                    "{}{{\"x\":{},\"y\":{},\"t\":{},\"p\":{},\"tx\":{},\"ty\":{}}}",
                    comma(index),
                    Decimal(i64::from(point.x), 2),
                    Decimal(i64::from(point.y), 2),
                    Decimal(i64::from(point.t), 1),
                    Decimal(i64::from(point.p), 4),
                    point.tx,
                    point.ty
                ));
            }
            put(format_args!("]}}"));
        }
        put(format_args!("]}}"));
        text
    }

    /// The SHA-256 of the one encoding.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, self.canonical().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        bytes
    }
}

fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

/// A whole number of parts of ten, written as a decimal without needless zeros.
pub(super) struct Decimal(pub(super) i64, pub(super) u32);

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(parts, mut digits) = *self;
        let mut magnitude = parts.unsigned_abs();
        while digits > 0 && magnitude.is_multiple_of(10) {
            magnitude /= 10;
            digits -= 1;
        }
        let sign = if parts < 0 { "-" } else { "" };
        if digits == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10_u64.pow(digits);
        let width = digits as usize;
        let (whole, rest) = (magnitude / unit, magnitude % unit);
        write!(f, "{sign}{whole}.{rest:0width$}")
    }
}

/// Whether no sample lies off the line from the first to the last by more than a fiftieth of its length.
fn is_straight(points: &[Point]) -> bool {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return true;
    };
    let (dx, dy) = (
        i64::from(last.x) - i64::from(first.x),
        i64::from(last.y) - i64::from(first.y),
    );
    let squared = dx * dx + dy * dy;
    if squared == 0 {
        return false;
    }
    points.iter().all(|point| {
        let (px, py) = (
            i64::from(point.x) - i64::from(first.x),
            i64::from(point.y) - i64::from(first.y),
        );
        // Twice the area by the length is the distance: compared without a root.
        (dx * py - dy * px).abs() * 50 <= squared
    })
}
