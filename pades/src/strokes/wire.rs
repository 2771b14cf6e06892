//! The record as a tablet sends it.

use serde::Deserialize;

use super::model::{
    COORDINATE_MAX, DURATION_TENTHS_MAX, POINTS_MAX, Point, Pointer, STROKES_MAX, Stroke, Strokes,
    StrokesError,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    v: u32,
    #[serde(rename = "unit")]
    _unit: Unit,
    #[serde(default)]
    ppi: Option<f64>,
    w: f64,
    h: f64,
    dpr: f64,
    started: Started,
    #[serde(rename = "pointerType")]
    pointer: WirePointer,
    strokes: Vec<WireStroke>,
}

#[derive(Deserialize)]
enum Unit {
    #[serde(rename = "css-px")]
    CssPixel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Started {
    client: u64,
    server: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WirePointer {
    Pen,
    Touch,
    Mouse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireStroke {
    pts: Vec<WirePoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePoint {
    x: f64,
    y: f64,
    t: f64,
    p: f64,
    #[serde(default)]
    tx: f64,
    #[serde(default)]
    ty: f64,
}

/// `value` in parts of `1 / parts`, if it lies within the range.
fn scaled(value: f64, parts: f64, range: std::ops::RangeInclusive<f64>) -> Option<i64> {
    if !range.contains(&value) {
        return None;
    }
    let scaled = (value * parts).round();
    // Every range that is asked for is far within what a number of 53 bits holds.
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let whole = scaled as i64;
    Some(whole)
}

fn number<T: TryFrom<i64>>(
    value: f64,
    parts: f64,
    range: std::ops::RangeInclusive<f64>,
    name: &'static str,
    index: usize,
) -> Result<T, StrokesError> {
    scaled(value, parts, range)
        .and_then(|whole| T::try_from(whole).ok())
        .ok_or(StrokesError::OutOfRange { name, index })
}

impl WirePoint {
    fn read(&self, index: usize) -> Result<Point, StrokesError> {
        let place = -COORDINATE_MAX..=COORDINATE_MAX;
        let tilt = -90.0..=90.0;
        Ok(Point {
            x: number(self.x, 100.0, place.clone(), "x", index)?,
            y: number(self.y, 100.0, place, "y", index)?,
            t: number(self.t, 10.0, 0.0..=4e8, "t", index)?,
            p: number(self.p, 10_000.0, 0.0..=1.0, "p", index)?,
            tx: number(self.tx, 1.0, tilt.clone(), "tx", index)?,
            ty: number(self.ty, 1.0, tilt, "ty", index)?,
        })
    }
}

impl TryFrom<Record> for Strokes {
    type Error = StrokesError;

    fn try_from(record: Record) -> Result<Self, StrokesError> {
        if record.v != 1 {
            return Err(StrokesError::UnknownVersion { version: record.v });
        }
        let points = record.strokes.iter().map(|stroke| stroke.pts.len()).sum();
        if record.strokes.len() > STROKES_MAX || points > POINTS_MAX {
            return Err(StrokesError::TooMany {
                strokes: record.strokes.len(),
                points,
            });
        }
        let mut strokes = Vec::with_capacity(record.strokes.len());
        let mut index = 0;
        let mut span: Option<(u32, u32)> = None;
        for stroke in record
            .strokes
            .iter()
            .filter(|stroke| !stroke.pts.is_empty())
        {
            let mut read = Vec::with_capacity(stroke.pts.len());
            for point in &stroke.pts {
                let point = point.read(index)?;
                let (first, last) = span.unwrap_or((point.t, point.t));
                if point.t < last || point.t - first > DURATION_TENTHS_MAX {
                    return Err(StrokesError::OutOfOrder { index });
                }
                span = Some((first, point.t));
                read.push(point);
                index += 1;
            }
            strokes.push(Stroke { points: read });
        }
        let side = 1.0..=20_000.0;
        Ok(Self {
            width: number(record.w, 1.0, side.clone(), "w", 0)?,
            height: number(record.h, 1.0, side, "h", 0)?,
            ratio: number(record.dpr, 100.0, 0.1..=16.0, "dpr", 0)?,
            ppi: record
                .ppi
                .map(|ppi| number(ppi, 100.0, 10.0..=2_000.0, "ppi", 0))
                .transpose()?,
            started_client: record.started.client,
            started_server: record.started.server,
            pointer: match record.pointer {
                WirePointer::Pen => Pointer::Pen,
                WirePointer::Touch => Pointer::Touch,
                WirePointer::Mouse => Pointer::Mouse,
            },
            strokes,
        })
    }
}
