//! PDF through hayro: its interpreter draws a page on a device that keeps the glyphs and drops the
//! rest.
//!
//! hayro has no budget of work: a page can keep it busy for ever or make it ask for any amount of
//! memory. What can be stopped from the device is stopped here; the rest dies with the worker.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, SoftMask, TransformExt as _, interpret_page,
};
use hayro_syntax::object::{Dict, String as PdfString};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf, PdfData};

use super::attached;
use super::layout::{Full, Layout, Place};
use super::marks::Marks;
use super::password::Passwords;
use super::picture::{PlacedPage, PlacedWord, Size};
use super::wire::{End, Header};
use super::worker::Deadline;
use super::{Engine, PageState, PageText};

/// The version of hayro-interpret, and ours of what is built on it.
pub(super) const ENGINE: Engine = Engine {
    name: "hayro",
    version: "0.9.0+3",
};

/// The clock is asked once in so many drawings.
const DRAWINGS_PER_LOOK: u32 = 256;
/// A page with fewer characters than this that shows something else needs recognition.
const CHARS_MIN: usize = 20;
/// So many paths are a drawing or letters turned into outlines, not rules and boxes.
const PATHS_MIN: u32 = 400;
/// One unknown character in so many makes a text useless.
const CHARS_PER_UNKNOWN: usize = 10;
/// A replacement text longer than this does not stand for a few glyphs.
const ACTUAL_CHARS_MAX: usize = 64;

/// What ends a page before its end.
enum Stop {
    Full,
    Time,
}

/// A PDF that was opened.
pub(super) struct Opened {
    pub(super) pdf: Pdf,
    /// The place of the password that opened it, where it took one.
    pub(super) by: Option<u8>,
}

/// A PDF that has at least one page, opened without a password or by the first one that fits.
pub(super) fn open(content: impl Into<PdfData>, passwords: &Passwords) -> Result<Opened, End> {
    let content = content.into();
    let opened = match Pdf::new(content.clone()) {
        Ok(pdf) => Opened { pdf, by: None },
        Err(LoadPdfError::Decryption(DecryptionError::PasswordProtected)) => {
            unlock(&content, passwords).ok_or(End::Encrypted)?
        }
        Err(LoadPdfError::Decryption(
            DecryptionError::UnsupportedAlgorithm
            | DecryptionError::InvalidEncryption
            | DecryptionError::MissingIDEntry,
        )) => return Err(End::Encrypted),
        Err(LoadPdfError::Invalid) => return Err(End::Damaged),
    };
    if opened.pdf.pages().is_empty() {
        return Err(End::Damaged);
    }
    Ok(opened)
}

/// Opens what is locked by the first password that fits.
fn unlock(content: &PdfData, passwords: &Passwords) -> Option<Opened> {
    let fitting = passwords.numbered().find_map(|(by, password)| {
        let pdf = Pdf::new_with_password(content.clone(), password.expose()).ok()?;
        Some(Opened { pdf, by: Some(by) })
    });
    fitting.or_else(|| {
        // hayro knows neither the letters that older locks are made of, nor the passwords of their owners.
        let (plain, by) = attached::unlocked(content.as_ref(), passwords)?;
        let pdf = Pdf::new(plain).ok()?;
        Some(Opened { pdf, by: Some(by) })
    })
}

/// Reads page after page and gives each away at once: what was given survives the worker. `marked` are told the
/// numbers of those that bring their text and may hold codes too, beginning with 0.
pub(super) fn read(
    pdf: &Pdf,
    header: &Header,
    deadline: Deadline,
    marked: &mut Vec<u32>,
    mut give: impl FnMut(PageText) -> std::io::Result<()>,
) -> std::io::Result<End> {
    let cache = InterpreterCache::new();
    let mut chars_left = usize::try_from(header.document_chars).unwrap_or(usize::MAX);
    let page_chars = usize::try_from(header.page_chars).unwrap_or(usize::MAX);
    let pages_max = usize::try_from(header.pages).unwrap_or(usize::MAX);
    for (number, page) in (0_u32..).zip(pdf.pages().iter().take(pages_max)) {
        let chars_max = page_chars.min(chars_left);
        let mut drawing = Drawing::new(Layout::new(chars_max), deadline);
        let stop = drawing.read(page, &cache);
        let out_of_time = matches!(stop, Some(Stopped::By(Stop::Time)));
        chars_left = chars_left.saturating_sub(drawing.layout.chars());
        let may_be_codes = drawing.marks.may_be_codes();
        let page = drawing.into_page(stop);
        // What is to be recognised is looked at then.
        if may_be_codes && page.state != PageState::NeedsOcr {
            marked.push(number);
        }
        give(page)?;
        if out_of_time {
            return Ok(End::Time);
        }
        if chars_left == 0 {
            return Ok(End::Chars);
        }
    }
    Ok(if pdf.pages().len() > pages_max {
        End::Pages
    } else {
        End::Complete
    })
}

/// The words of one page, with where they stand.
pub(super) fn words(
    content: Vec<u8>,
    passwords: &Passwords,
    number: u32,
    header: &Header,
    deadline: Deadline,
) -> Result<Vec<u8>, End> {
    let pdf = open(content, passwords)?.pdf;
    words_of(&pdf, number, header, deadline)
}

/// The same of a PDF that was opened.
pub(super) fn words_of(
    pdf: &Pdf,
    number: u32,
    header: &Header,
    deadline: Deadline,
) -> Result<Vec<u8>, End> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    // Nothing else ends so here: there is no such page.
    let page = pdf.pages().get(number).ok_or(End::Pages)?;
    let cache = InterpreterCache::new();
    let chars_max = usize::try_from(header.page_chars).unwrap_or(usize::MAX);
    let mut drawing = Drawing::new(Layout::placing(chars_max), deadline);
    // What stood before the reader stumbled is worth having.
    if let Some(Stopped::By(Stop::Time)) = drawing.read(page, &cache) {
        return Err(End::Time);
    }
    let (width, height) = page.render_dimensions();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a place beyond all numbers is none on the page, and is left out"
    )]
    let hundredths = |points: f64| (points * 100.0).round() as i64;
    let words = drawing.layout.words().into_iter().map(|word| {
        let [left, top, right, bottom] = word.edges.map(hundredths);
        PlacedWord {
            text: word.text,
            place: [
                left,
                top,
                right.saturating_sub(left),
                bottom.saturating_sub(top),
            ],
        }
    });
    let page = PlacedPage {
        size: Size::of_points(f64::from(width), f64::from(height)),
        words: words.collect(),
    };
    page.pack()
}

/// Why a page ended early.
enum Stopped {
    By(Stop),
    /// hayro met something it did not expect.
    Stumbled,
}

/// The device: one page as it is drawn.
struct Drawing {
    layout: Layout,
    deadline: Deadline,
    drawings: u32,
    images: u32,
    paths: u32,
    marks: Marks,
    /// How large the page is, in points.
    size: (f64, f64),
    /// Marked content that says what its glyphs stand for; the outermost is first and counts.
    actual: Vec<Option<Actual>>,
}

struct Actual {
    text: String,
    place: Option<Place>,
}

impl Drawing {
    fn new(layout: Layout, deadline: Deadline) -> Self {
        Self {
            layout,
            deadline,
            drawings: 0,
            images: 0,
            paths: 0,
            marks: Marks::default(),
            size: (0.0, 0.0),
            actual: Vec::new(),
        }
    }

    fn read<'a>(&mut self, page: &Page<'a>, cache: &InterpreterCache<'a>) -> Option<Stopped> {
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.look_at_clock();
            let (width, height) = page.render_dimensions();
            self.size = (f64::from(width), f64::from(height));
            let mut context = Context::new(
                page.initial_transform(true).to_kurbo(),
                Rect::new(0.0, 0.0, f64::from(width), f64::from(height)),
                cache,
                page.xref(),
                InterpreterSettings::default(),
            );
            interpret_page(page, &mut context, self);
        }));
        result.err().map(|cause| match cause.downcast::<Stop>() {
            Ok(stop) => Stopped::By(*stop),
            Err(_) => Stopped::Stumbled,
        })
    }

    fn into_page(mut self, stop: Option<Stopped>) -> PageText {
        let text = self.layout.finish();
        let chars = self.layout.chars();
        let shows_more = self.images > 0 || self.paths >= PATHS_MIN;
        let state = match stop {
            Some(Stopped::By(Stop::Full | Stop::Time)) => PageState::Cut,
            Some(Stopped::Stumbled) => PageState::Damaged,
            None if self.layout.unknown() * CHARS_PER_UNKNOWN > chars => PageState::NeedsOcr,
            None if chars < CHARS_MIN && shows_more => PageState::NeedsOcr,
            None => PageState::Read,
        };
        PageText { text, state }
    }

    /// Ends the page from inside the interpreter, which offers no other way out.
    fn stop(stop: Stop) -> ! {
        resume_unwind(Box::new(stop))
    }

    fn look_at_clock(&mut self) {
        if self.drawings.is_multiple_of(DRAWINGS_PER_LOOK) && self.deadline.has_passed() {
            Self::stop(Stop::Time);
        }
        self.drawings = self.drawings.wrapping_add(1);
    }

    fn glyph(&mut self, glyph: &Glyph<'_>, transform: Affine) {
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let Some(place) = place(transform, f64::from(advance.unwrap_or(0.0))) else {
            return;
        };
        if let Some(actual) = self.actual.iter_mut().flatten().next() {
            actual.cover(place);
            return;
        }
        let mut buffer = [0; 4];
        let result = match glyph.as_unicode() {
            Some(BfString::Char(c)) => self.layout.push(c.encode_utf8(&mut buffer), place),
            Some(BfString::String(text)) => self.layout.push(&text, place),
            None => self.layout.push("\u{fffd}", place),
        };
        if let Err(Full) = result {
            Self::stop(Stop::Full);
        }
    }
}

impl Actual {
    /// Spreads over one more glyph of the same line.
    fn cover(&mut self, place: Place) {
        let covered = self.place.get_or_insert(place);
        if covered.angle == place.angle && (covered.y - place.y).abs() < 0.5 * covered.size {
            let end = (covered.x + covered.advance).max(place.x + place.advance);
            covered.x = covered.x.min(place.x);
            covered.advance = end - covered.x;
        }
    }
}

/// Where a glyph stands. `transform` takes a thousandth of an em to points, downwards.
fn place(transform: Affine, advance: f64) -> Option<Place> {
    let [a, b, c, d, x, y] = transform.as_coeffs();
    let along = a.hypot(b);
    let size = c.hypot(d) * 1000.0;
    if ![along, size, x, y].into_iter().all(f64::is_finite) || size <= 0.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an angle lies between -180 and 180"
    )]
    let degrees = b.atan2(a).to_degrees().round() as i16;
    // A page that lies a little askew has upright lines; -180 and 180 are one direction.
    let upright = [0, 90, -90, 180, -180]
        .into_iter()
        .find(|it| (degrees - it).abs() <= 2);
    let angle = upright.map_or(degrees, |it: i16| if it == -180 { 180 } else { it });
    let (sin, cos) = f64::from(angle).to_radians().sin_cos();
    let advance = advance.clamp(0.0, 5000.0) * along;
    Some(Place {
        angle,
        x: x * cos + y * sin,
        y: y * cos - x * sin,
        advance,
        size,
    })
}

impl<'a> Device<'a> for Drawing {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.look_at_clock();
        self.paths = self.paths.saturating_add(1);
        if !self.marks.may_be_codes() {
            self.marks.path(path, props.transform, mode);
        }
    }

    fn draw_rect(&mut self, rect: &Rect, props: DrawProps<'a>, mode: &DrawMode) {
        self.look_at_clock();
        self.marks.rect(rect, props.transform, mode);
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.look_at_clock();
        self.images = self.images.saturating_add(1);
        self.marks.picture(&image, props.transform, self.size);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.look_at_clock();
            self.glyph(glyph, props.transform * glyph.transform());
        }
    }

    fn begin_marked_content(&mut self, _: &[u8], properties: Option<&Dict<'_>>) {
        self.look_at_clock();
        let text = properties.and_then(|properties| properties.get::<PdfString<'_>>(b"ActualText"));
        let actual = text.and_then(|text| actual_text(text.as_bytes()));
        self.actual
            .push(actual.map(|text| Actual { text, place: None }));
    }

    fn end_marked_content(&mut self) {
        let Some(Some(actual)) = self.actual.pop() else {
            return;
        };
        // Nothing was drawn, or an outer text covers it.
        let Some(place) = actual.place else { return };
        if let Err(Full) = self.layout.push(&actual.text, place) {
            Self::stop(Stop::Full);
        }
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.look_at_clock();
    }

    fn push_clip_rect(&mut self, _: &Rect) {
        self.look_at_clock();
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.look_at_clock();
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

/// A replacement text, if it is short enough to stand for glyphs on one line.
fn actual_text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units = rest
                .chunks_exact(2)
                .filter_map(|pair| Some(u16::from_be_bytes([*pair.first()?, *pair.get(1)?])));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .take(ACTUAL_CHARS_MAX + 1)
                .collect::<String>()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok()?.to_owned(),
        // PDFDocEncoding is Latin-1 but for a few characters that are rare here.
        _ if bytes
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | 0xa1..)) =>
        {
            bytes.iter().map(|&byte| char::from(byte)).collect()
        }
        _ => return None,
    };
    (text.chars().count() <= ACTUAL_CHARS_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_locked() {
        let lock = include_str!("../../../Cargo.lock");
        let (version, _) = ENGINE
            .version
            .split_once('+')
            .expect("our own part is counted");
        let entry = format!("name = \"hayro-interpret\"\nversion = \"{version}\"\n");
        assert!(
            lock.contains(&entry),
            "the version of the engine must follow Cargo.lock"
        );
    }

    #[test]
    fn a_replacement_text_is_read_in_its_encodings() {
        let check = |bytes: &[u8], expect: Option<&str>| {
            assert_eq!(actual_text(bytes).as_deref(), expect, "{bytes:?}");
        };
        check(b"\xfe\xff\0\xfc", Some("ü"));
        check(b"\xef\xbb\xbf\xc3\xbc", Some("ü"));
        check(b"f\xfcr", Some("für"));
        check(&[b'a'; 65], None);
        check(b"\x18", None);
    }
}
