//! What a signature looks like: the strokes of a pen, or lines of text, drawn as paths.
//!
//! No font, no picture, no transparency: an appearance brings nothing that PDF/A could object to. Its one
//! colour is a grey by calibration, which holds with any output intent and with none.

use std::fmt::Write as _;

use lopdf::{Dictionary, Object, Stream};

use super::field::{Lie, empty_form};
use super::letters;
use crate::strokes::{Point, Pointer, Strokes};

/// Lines of text in one appearance.
pub const LINES_MAX: usize = 12;

/// Letters in one line.
pub const LINE_CHARS_MAX: usize = 200;

/// Around what is drawn, in points.
const MARGIN: f32 = 2.0;

/// A pixel is at most so many points: a small signature stays small.
const POINTS_BY_PIXEL_MAX: f32 = 1.5;

/// Samples nearer to the last one than that, in points, add nothing that is seen.
const STEP_POINTS_MIN: f32 = 0.35;

/// What a signature looks like.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Appearance<'a> {
    /// Nothing is seen.
    Nothing,
    /// The strokes of a pen, fitted into the field, thicker where it was pressed.
    Strokes(&'a Strokes),
    /// Lines of text, as large as they fit, drawn by the outlines of a font.
    Text {
        /// A font: TrueType or OpenType.
        font: &'a [u8],
        /// What stands in it, line by line.
        lines: &'a [String],
    },
}

/// Why an appearance cannot be drawn.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppearanceError {
    /// The font cannot be read.
    #[error("the font cannot be read")]
    Font,
    /// The font has no such letter.
    #[error("the font has no {letter:?}")]
    NoLetter {
        /// Which one.
        letter: char,
    },
    /// There is nothing to write, or more than [`LINES_MAX`] lines of [`LINE_CHARS_MAX`] letters.
    #[error("{lines} lines of text, or one of them, are none or too long")]
    Lines {
        /// How many lines.
        lines: usize,
    },
    /// The field is not seen: what should be seen in it would be lost.
    #[error("the field has no size")]
    Unseen,
    /// The text would be smaller than it can be read.
    #[error("the text does not fit into the field")]
    TooSmall,
}

/// Draws into a form of the size of the field, turned as its page is.
pub(super) fn draw(appearance: Appearance<'_>, lie: Lie) -> Result<Stream, AppearanceError> {
    if lie.width <= 0.0 || lie.height <= 0.0 {
        return match appearance {
            Appearance::Nothing => Ok(empty_form()),
            Appearance::Strokes(_) | Appearance::Text { .. } => Err(AppearanceError::Unseen),
        };
    }
    let (width, height) = if lie.quarters.is_multiple_of(2) {
        (lie.width, lie.height)
    } else {
        (lie.height, lie.width)
    };
    let content = match appearance {
        Appearance::Nothing => return Ok(empty_form()),
        Appearance::Strokes(strokes) => pen(strokes, width, height),
        Appearance::Text { font, lines } => {
            let longest = lines.iter().map(|line| line.chars().count()).max();
            if lines.len() > LINES_MAX
                || !longest.is_some_and(|l| (1..=LINE_CHARS_MAX).contains(&l))
            {
                return Err(AppearanceError::Lines { lines: lines.len() });
            }
            letters::draw(font, lines, [width - 2.0 * MARGIN, height - 2.0 * MARGIN])
                .map(|path| format!("/Grey cs 0 sc\n1 0 0 1 {MARGIN} {MARGIN} cm\n{path}f\n"))?
        }
    };
    Ok(form(content, width, height, lie.quarters))
}

fn form(content: String, width: f32, height: f32, quarters: u8) -> Stream {
    let mut dictionary = Dictionary::new();
    dictionary.set("Type", "XObject");
    dictionary.set("Subtype", "Form");
    dictionary.set(
        "BBox",
        vec![
            0.into(),
            0.into(),
            Object::Real(width),
            Object::Real(height),
        ],
    );
    // A page that is shown turned turns what lies on it: turned back, it stands upright.
    let matrix = match quarters {
        1 => [0, 1, -1, 0],
        2 => [-1, 0, 0, -1],
        3 => [0, -1, 1, 0],
        _ => [1, 0, 0, 1],
    };
    let mut matrix: Vec<Object> = matrix.into_iter().map(Object::Integer).collect();
    matrix.extend([0.into(), 0.into()]);
    dictionary.set("Matrix", matrix);
    let mut calibration = Dictionary::new();
    calibration.set(
        "WhitePoint",
        vec![Object::Real(0.9505), Object::Real(1.0), Object::Real(1.089)],
    );
    calibration.set("Gamma", Object::Real(2.2));
    let mut colours = Dictionary::new();
    colours.set(
        "Grey",
        vec![
            Object::Name(b"CalGray".to_vec()),
            Object::Dictionary(calibration),
        ],
    );
    let mut resources = Dictionary::new();
    resources.set("ColorSpace", colours);
    dictionary.set("Resources", resources);
    let mut stream = Stream::new(dictionary, content.into_bytes());
    // What cannot be compressed stays as it is.
    if stream.compress().is_err() {
        return stream;
    }
    stream
}

/// A place in points, with how thick the line is there.
#[derive(Clone, Copy)]
struct Drawn {
    x: f32,
    y: f32,
    width: f32,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "places on a page, to a hundredth of a point"
)]
fn pixels(hundredths: i32) -> f32 {
    hundredths as f32 / 100.0
}

/// How the pad is laid into the field: one scale both ways, what was written in the middle.
struct Fit {
    scale: f32,
    left: f32,
    top: f32,
    nib: f32,
    pressed: bool,
}

impl Fit {
    fn new(strokes: &Strokes, width: f32, height: f32) -> Self {
        let points = || strokes.strokes().iter().flat_map(|stroke| &stroke.points);
        let bounds = |of: fn(&Point) -> i32| {
            let low = points().map(of).min().unwrap_or(0);
            let high = points().map(of).max().unwrap_or(0);
            (pixels(low), pixels(high))
        };
        let (left, right) = bounds(|point| point.x);
        let (top, bottom) = bounds(|point| point.y);
        let nib = (height * 0.022).clamp(0.5, 1.6);
        let margin = MARGIN + nib;
        let room = [
            (width - 2.0 * margin).max(1.0),
            (height - 2.0 * margin).max(1.0),
        ];
        let extent = [(right - left).max(1.0), (bottom - top).max(1.0)];
        let scale = (room[0] / extent[0])
            .min(room[1] / extent[1])
            .min(POINTS_BY_PIXEL_MAX);
        Self {
            scale,
            left: (width - (right - left) * scale) / 2.0 - left * scale,
            top: (height + (bottom - top) * scale) / 2.0 + top * scale,
            nib,
            // A finger and a mouse tell nothing, or always the same.
            pressed: strokes.pointer() == Pointer::Pen
                && points().map(|point| point.p).min() != points().map(|point| point.p).max(),
        }
    }

    fn place(&self, point: &Point, pressure: f32) -> Drawn {
        Drawn {
            x: self.left + pixels(point.x) * self.scale,
            y: self.top - pixels(point.y) * self.scale,
            width: if self.pressed {
                self.nib * (0.45 + 1.1 * pressure)
            } else {
                self.nib
            },
        }
    }

    /// The samples that make a difference, with their pressure evened out over its neighbours.
    fn stroke(&self, points: &[Point]) -> Vec<Drawn> {
        let mut drawn: Vec<Drawn> = Vec::new();
        let mut pressure = points
            .first()
            .map_or(0.5, |point| f32::from(point.p) / 10_000.0);
        for (index, point) in points.iter().enumerate() {
            pressure += (f32::from(point.p) / 10_000.0 - pressure) * 0.4;
            let place = self.place(point, pressure);
            let is_last = index + 1 == points.len();
            let is_near = drawn
                .last()
                .is_some_and(|last| (last.x - place.x).hypot(last.y - place.y) < STEP_POINTS_MIN);
            if !is_near {
                drawn.push(place);
            } else if is_last && drawn.len() > 1 {
                drawn.pop();
                drawn.push(place);
            }
        }
        drawn
    }
}

/// The strokes as curves, of round ends and in pieces of one thickness each.
fn pen(strokes: &Strokes, width: f32, height: f32) -> String {
    let fit = Fit::new(strokes, width, height);
    let mut content = String::from("/Grey CS 0 SC 1 J 1 j\n");
    for stroke in strokes.strokes() {
        curve(&mut content, &fit.stroke(&stroke.points));
    }
    content
}

fn put(content: &mut String, arguments: std::fmt::Arguments<'_>) {
    let written = content.write_fmt(arguments);
    debug_assert!(written.is_ok(), "memory takes everything");
}

/// A tenth of a point: thickness changes in steps that nobody sees.
#[expect(clippy::cast_possible_truncation, reason = "some points, in tenths")]
fn tenths(width: f32) -> i32 {
    (width * 10.0).round() as i32
}

fn curve(content: &mut String, points: &[Drawn]) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    let begin = |content: &mut String, at: &Drawn, width: i32| {
        let (whole, rest) = (width / 10, width % 10);
        put(
            content,
            format_args!("{whole}.{rest} w {:.2} {:.2} m\n", at.x, at.y),
        );
    };
    if points.len() == 1 {
        // A dot: a line of no length with round ends.
        begin(content, first, tenths(first.width * 1.4));
        put(content, format_args!("{:.2} {:.2} l S\n", first.x, first.y));
        return;
    }
    let mut current = None;
    for (index, pair) in points.windows(2).enumerate() {
        let [from, to] = pair else { continue };
        let before = index
            .checked_sub(1)
            .and_then(|i| points.get(i))
            .unwrap_or(first);
        let after = points.get(index + 2).unwrap_or(last);
        let thickness = tenths(f32::midpoint(from.width, to.width)).max(2);
        if current != Some(thickness) {
            if current.is_some() {
                content.push_str("S\n");
            }
            begin(content, from, thickness);
            current = Some(thickness);
        }
        // Catmull and Rom, as a curve of Bézier.
        put(
            content,
            format_args!(
                "{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} c\n",
                from.x + (to.x - before.x) / 6.0,
                from.y + (to.y - before.y) / 6.0,
                to.x - (after.x - from.x) / 6.0,
                to.y - (after.y - from.y) / 6.0,
                to.x,
                to.y
            ),
        );
    }
    content.push_str("S\n");
}
