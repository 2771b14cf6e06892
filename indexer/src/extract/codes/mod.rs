//! Codes on a page, and whether anything stands on it: looked for in the picture that is drawn for
//! recognition, in the worker that drew it.
//!
//! A picture may be built to keep its reader busy, or to break it. The page itself was handed over before:
//! what goes wrong here costs the codes of this page and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, Luma};
use rxing::helpers::detect_in_luma_slice_with_hints;
use rxing::{BarcodeFormat, DecodeHints, RXingResult};
use serde::{Deserialize, Serialize};

use super::picture::Size;
use super::skew;

/// Most codes of a page that are kept.
pub const CODES_MAX: usize = 16;
/// The longest text of a code that is kept, in characters; a longer one is left out whole.
pub const CODE_CHARS_MAX: usize = 1_000;
/// The longest message about what was seen on a page, in bytes.
pub(super) const SEEN_BYTES_MAX: usize = 128 << 10;

/// Codes are looked for at this resolution or a little less, in dots of an inch: their lines are some dots
/// wide there, and a page at 300 would take four times as long.
pub(super) const LOOKED_AT_DPI: f64 = 200.0;
/// A code with bars or a matrix is looked for so often at most on a page: each time without those that were
/// found.
const ROUNDS_MAX: usize = 6;
/// What is less apart than this is no bar and no gap.
const CONTRAST_MIN: u8 = 24;
/// So many dots around a code go with it: its edges are blurred, and may be read once more.
const AROUND: f64 = 8.0;
/// Rows beside the one in which bars were read belong to the code as long as so many hundredths of its
/// changes between dark and light are in them.
const SAME_BARS_PERCENT: usize = 60;
/// Three corners of a QR code may be told by the middle of their squares: so much of the distance between them
/// lies outside.
const QR_OUTSIDE: f64 = 0.12;

/// Ink is looked for in squares of this side, in points: a stroke of a letter darkens one, a speck does not.
const SQUARE_POINTS: f64 = 2.0;
/// How far from its edges a page is not looked at, in points (18 mm): holes of a punch, shadows of a scanner
/// and staples lie there.
const EDGE_POINTS: f64 = 51.0;
/// A square holds ink where it is darker than this part of the paper.
const INK: f64 = 0.88;
/// Paper that is darker than this is none: nothing is said of such a page.
const PAPER_MIN: u8 = 100;
/// A page is blank where not more than so many millionths of its squares hold ink: of A4 some 13 mm².
const INK_MILLIONTHS_MAX: u64 = 300;

/// What kind of code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// A QR code.
    Qr,
    /// A Data Matrix.
    DataMatrix,
    /// Bars: Code 128.
    Code128,
}

impl CodeKind {
    /// As it stands in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qr => "qr",
            Self::DataMatrix => "data_matrix",
            Self::Code128 => "code_128",
        }
    }
}

/// A code on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// What kind of code it is.
    pub kind: CodeKind,
    /// What it says.
    pub text: String,
    /// About where it stands: left, top, width and height in hundredths of a point, on the page as it is
    /// looked at.
    pub place: [i64; 4],
}

/// What was seen on a page beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Nothing stands on it that is darker than paper, but for specks and at its edges.
    pub bare: bool,
    /// The codes, from top to bottom.
    pub codes: Vec<Code>,
}

impl Seen {
    /// What a worker said of a page, as far as it can be: it may have been taken over.
    pub(super) fn bounded(mut self) -> Self {
        let near = |at: &i64| at.unsigned_abs() <= 100_000_000;
        self.codes.retain_mut(|code| {
            code.text = clean(&code.text);
            let chars = code.text.chars().count();
            (1..=CODE_CHARS_MAX).contains(&chars) && code.place.iter().all(near)
        });
        self.codes.truncate(CODES_MAX);
        self
    }
}

/// A page that was drawn for recognition.
pub(super) struct Sheet {
    /// Its dots, straight.
    pub(super) grey: GrayImage,
    /// How large the page is.
    pub(super) size: Size,
    /// By how much it was turned to lie straight, in hundredths of a degree.
    pub(super) turned: i32,
}

/// A code where it stands among the dots of a picture.
#[derive(Debug)]
struct Found {
    kind: CodeKind,
    text: String,
    /// Left, top, width, height.
    place: [f64; 4],
}

/// Looks at a page; `hurry` says that there is no time left.
pub(super) fn look(sheet: &Sheet, hurry: impl Fn() -> bool) -> Seen {
    let bare = catch_unwind(AssertUnwindSafe(|| is_bare(sheet))).unwrap_or(false);
    let found = catch_unwind(AssertUnwindSafe(|| read(sheet, hurry))).unwrap_or_default();
    let (width, height) = sheet.grey.dimensions();
    let across = f64::from(sheet.size.width) / f64::from(width.max(1));
    let down = f64::from(sheet.size.height) / f64::from(height.max(1));
    #[expect(clippy::cast_possible_truncation, reason = "places on a page")]
    let hundredths = |dots: f64, scale: f64| (dots * scale).round() as i64;
    let codes = found.into_iter().map(|one| {
        let place = skew::back(one.place, (width, height), sheet.turned);
        let [left, top, wide, high] = place;
        Code {
            kind: one.kind,
            text: one.text,
            place: [
                hundredths(left, across),
                hundredths(top, down),
                hundredths(wide, across),
                hundredths(high, down),
            ],
        }
    });
    let mut codes: Vec<Code> = codes.collect();
    codes.sort_by_key(|code| (code.place[1], code.place[0]));
    Seen { bare, codes }.bounded()
}

/// Looks for codes of all kinds.
fn read(sheet: &Sheet, hurry: impl Fn() -> bool) -> Vec<Found> {
    let (mut page, scale) = shrunk(sheet);
    let mut all = Vec::new();
    let kinds: [fn(&mut GrayImage) -> Vec<Found>; 3] = [squares, bars, matrices];
    for kind in kinds {
        if hurry() {
            break;
        }
        // One kind that breaks leaves the others.
        let found = catch_unwind(AssertUnwindSafe(|| kind(&mut page)));
        all.extend(found.unwrap_or_default());
    }
    for one in &mut all {
        one.place = one.place.map(|at| at * scale);
    }
    all
}

/// The page in the resolution in which codes are looked for, and how many of its own dots are one there.
fn shrunk(sheet: &Sheet) -> (GrayImage, f64) {
    let (width, height) = sheet.grey.dimensions();
    let dpi = f64::from(width) * 7_200.0 / f64::from(sheet.size.width.max(1));
    if dpi <= LOOKED_AT_DPI * 1.1 {
        return (sheet.grey.clone(), 1.0);
    }
    // In whole steps, so that the edges of a code stay where they are.
    let step = (dpi / LOOKED_AT_DPI).ceil().clamp(2.0, 16.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "fewer dots than there are"
    )]
    let side = |dots: u32| ((f64::from(dots) / step).floor() as u32).max(1);
    let page = DynamicImage::ImageLuma8(sheet.grey.clone());
    let small = page.resize_exact(side(width), side(height), FilterType::Triangle);
    (small.into_luma8(), step)
}

/// QR codes.
fn squares(page: &mut GrayImage) -> Vec<Found> {
    one_by_one(page, BarcodeFormat::QR_CODE, |_, one| {
        let [left, top, wide, high] = around(one)?;
        let (out_x, out_y) = (wide * QR_OUTSIDE, high * QR_OUTSIDE);
        let place = [
            left - out_x,
            top - out_y,
            wide + 2.0 * out_x,
            high + 2.0 * out_y,
        ];
        Some((CodeKind::Qr, place))
    })
}

/// Data Matrices.
fn matrices(page: &mut GrayImage) -> Vec<Found> {
    one_by_one(page, BarcodeFormat::DATA_MATRIX, |_, one| {
        Some((CodeKind::DataMatrix, around(one)?))
    })
}

/// Bars, level or upright.
fn bars(page: &mut GrayImage) -> Vec<Found> {
    one_by_one(page, BarcodeFormat::CODE_128, |page, one| {
        Some((CodeKind::Code128, bars_around(page, one)?))
    })
}

/// Codes of a kind, one after the other. What is found is painted over, so that it is not found again, nor
/// anything else in it.
fn one_by_one(
    page: &mut GrayImage,
    format: BarcodeFormat,
    told: impl Fn(&GrayImage, &RXingResult) -> Option<(CodeKind, [f64; 4])>,
) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let (width, height) = page.dimensions();
    let mut hints = DecodeHints::default();
    for _ in 0..ROUNDS_MAX {
        let dots = page.as_raw();
        let one = detect_in_luma_slice_with_hints(dots, width, height, Some(format), &mut hints);
        let Ok(one) = one else { break };
        let Some((kind, place)) = told(page, &one) else {
            break;
        };
        paint_over(page, place);
        let text = one.getText().to_owned();
        let found = Found { kind, text, place };
        // What is left of a code at its edge is that code.
        match all.iter_mut().find(|before| found.touches(before)) {
            Some(before) => before.place = union(before.place, place),
            None => all.push(found),
        }
    }
    all
}

impl Found {
    /// Whether it says the same as another one beside which it stands.
    fn touches(&self, other: &Self) -> bool {
        let near = |at: f64, size: f64, from: f64, many: f64| {
            at <= from + many + 3.0 * AROUND && from <= at + size + 3.0 * AROUND
        };
        let ([left, top, wide, high], [x, y, across, down]) = (self.place, other.place);
        self.kind == other.kind
            && self.text == other.text
            && near(left, wide, x, across)
            && near(top, high, y, down)
    }
}

/// The box around both.
fn union([left, top, wide, high]: [f64; 4], [x, y, across, down]: [f64; 4]) -> [f64; 4] {
    let (first_x, first_y) = (left.min(x), top.min(y));
    let last_x = (left + wide).max(x + across);
    let last_y = (top + high).max(y + down);
    [first_x, first_y, last_x - first_x, last_y - first_y]
}

/// The box around the points of a code.
fn around(one: &RXingResult) -> Option<[f64; 4]> {
    let points = one.getPoints();
    let of = |pick: fn(f64, f64) -> f64, axis: fn(&rxing::Point) -> f32| {
        let mut all = points.iter().map(|point| f64::from(axis(point)));
        let first = all.next()?;
        Some(all.fold(first, pick))
    };
    let (left, right) = (of(f64::min, |p| p.x)?, of(f64::max, |p| p.x)?);
    let (top, bottom) = (of(f64::min, |p| p.y)?, of(f64::max, |p| p.y)?);
    let finite = [left, right, top, bottom].iter().all(|at| at.is_finite());
    finite.then(|| [left, top, (right - left).max(1.0), (bottom - top).max(1.0)])
}

/// The box around bars of which one line was read.
fn bars_around(page: &GrayImage, one: &RXingResult) -> Option<[f64; 4]> {
    let [left, top, wide, high] = around(one)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place beyond the picture is none"
    )]
    let dots = |at: f64| at.max(0.0).round() as u32;
    let level = wide >= high;
    let line = if level {
        (dots(left), dots(left + wide), dots(top + high / 2.0))
    } else {
        (dots(top), dots(top + high), dots(left + wide / 2.0))
    };
    let (first, last) = beside(page, level, line);
    let (first, many) = (f64::from(first), f64::from(last - first) + 1.0);
    Some(if level {
        [left, first, wide, many]
    } else {
        [first, top, many, high]
    })
}

/// The first and the last line that look like the one in which bars were read.
fn beside(page: &GrayImage, level: bool, (from, to, at): (u32, u32, u32)) -> (u32, u32) {
    let dot = |along: u32, across: u32| {
        let (x, y) = if level {
            (along, across)
        } else {
            (across, along)
        };
        page.get_pixel_checked(x, y).map_or(255, |dot| dot.0[0])
    };
    let changes = |across: u32| {
        let line: Vec<u8> = (from..=to).map(|along| dot(along, across)).collect();
        let darkest = line.iter().min().copied().unwrap_or(255);
        let lightest = line.iter().max().copied().unwrap_or(255);
        if lightest - darkest < CONTRAST_MIN {
            return 0;
        }
        // The edge of bars is grey and may be what was read.
        let middle = darkest + (lightest - darkest) / 2;
        let dark = line.iter().map(|dot| *dot < middle);
        let pairs = dark.clone().zip(dark.skip(1));
        pairs.filter(|(one, next)| one != next).count()
    };
    let wanted = changes(at) * SAME_BARS_PERCENT / 100;
    let end = if level { page.height() } else { page.width() };
    let alike = |across: &u32| wanted > 0 && changes(*across) >= wanted;
    let first = (0..at).rev().take_while(alike).last().unwrap_or(at);
    let last = (at + 1..end).take_while(alike).last().unwrap_or(at);
    (first, last)
}

/// Makes a box as light as paper, with a little around it.
fn paint_over(page: &mut GrayImage, [left, top, wide, high]: [f64; 4]) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place beyond the picture is none"
    )]
    let dots = |at: f64| at.max(0.0) as u32;
    let right = dots(left + wide + AROUND).min(page.width());
    let bottom = dots(top + high + AROUND).min(page.height());
    for y in dots(top - AROUND)..bottom {
        for x in dots(left - AROUND)..right {
            page.put_pixel(x, y, Luma([255]));
        }
    }
}

/// Without control characters, but for ends of lines and the separator of fields.
fn clean(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\u{1d}'));
    kept.collect::<String>().trim().to_owned()
}

/// Whether nothing stands on a page.
fn is_bare(sheet: &Sheet) -> bool {
    let page = &sheet.grey;
    let per_point = f64::from(page.width()) * 100.0 / f64::from(sheet.size.width.max(1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few dots of a picture that has more"
    )]
    let dots = |points: f64| (points * per_point).round().clamp(1.0, 10_000.0) as u32;
    let (square, edge) = (dots(SQUARE_POINTS).max(2), dots(EDGE_POINTS));
    let (width, height) = page.dimensions();
    // Of a slip that is all edge nothing is said.
    if width < edge * 4 || height < edge * 4 {
        return false;
    }
    let mut means: Vec<u8> = Vec::new();
    let mut top = edge;
    while top + square <= height - edge {
        let mut left = edge;
        while left + square <= width - edge {
            means.push(mean(page, (left, top), square));
            left += square;
        }
        top += square;
    }
    let Some(paper) = median(&means).filter(|paper| *paper >= PAPER_MIN) else {
        return false;
    };
    let limit = f64::from(paper) * INK;
    let ink = means.iter().filter(|mean| f64::from(**mean) < limit);
    let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
    count(ink.count()).saturating_mul(1_000_000) <= count(means.len()) * INK_MILLIONTHS_MAX
}

/// How light a square is.
fn mean(page: &GrayImage, (left, top): (u32, u32), side: u32) -> u8 {
    let mut sum: u64 = 0;
    for y in top..top + side {
        for x in left..left + side {
            sum += page
                .get_pixel_checked(x, y)
                .map_or(255, |dot| u64::from(dot.0[0]));
        }
    }
    u8::try_from(sum / (u64::from(side) * u64::from(side)).max(1)).unwrap_or(255)
}

fn median(all: &[u8]) -> Option<u8> {
    let mut counts = [0_usize; 256];
    for one in all {
        if let Some(count) = counts.get_mut(usize::from(*one)) {
            *count += 1;
        }
    }
    let mut left = all.len() / 2;
    for (value, count) in counts.iter().enumerate() {
        if *count > left {
            return u8::try_from(value).ok();
        }
        left -= count;
    }
    None
}

#[cfg(test)]
mod tests;
