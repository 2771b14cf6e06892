//! Lines of text as the outlines of their letters.

use std::fmt::Write as _;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use super::appearance::AppearanceError;

/// Letters are not larger, and not smaller.
const SIZE_POINTS: std::ops::RangeInclusive<f32> = 4.0..=11.0;

/// From line to line, by the size of the letters.
const LEADING: f32 = 1.25;

/// Draws lines into a room of that width and height, from its upper left corner: a path, not filled yet.
pub(super) fn draw(
    font: &[u8],
    lines: &[String],
    [width, height]: [f32; 2],
) -> Result<String, AppearanceError> {
    let font = FontRef::from_index(font, 0).map_err(|_unreadable| AppearanceError::Font)?;
    let charmap = font.charmap();
    let widths = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let metrics = font.metrics(Size::new(1.0), LocationRef::default());
    let mut longest = 0.0_f32;
    let mut set: Vec<Vec<(GlyphId, f32)>> = Vec::with_capacity(lines.len());
    for line in lines {
        let mut at = 0.0;
        let mut glyphs = Vec::new();
        for letter in line.chars() {
            let glyph = charmap
                .map(letter)
                .ok_or(AppearanceError::NoLetter { letter })?;
            glyphs.push((glyph, at));
            at += widths.advance_width(glyph).unwrap_or(0.0);
        }
        longest = longest.max(at);
        set.push(glyphs);
    }
    #[expect(clippy::cast_precision_loss, reason = "a dozen lines")]
    let count = lines.len() as f32;
    let size = (height / (count * LEADING))
        .min(width / longest.max(0.01))
        .min(*SIZE_POINTS.end());
    if size.is_nan() || size < *SIZE_POINTS.start() {
        return Err(AppearanceError::TooSmall);
    }
    let outlines = font.outline_glyphs();
    let mut pen = Pen::default();
    let mut baseline = height - metrics.ascent.min(1.2) * size;
    for glyphs in set {
        for (glyph, at) in glyphs {
            let Some(outline) = outlines.get(glyph) else {
                continue;
            };
            pen.x = at * size;
            pen.y = baseline;
            let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            outline
                .draw(settings, &mut pen)
                .map_err(|_malformed| AppearanceError::Font)?;
        }
        baseline -= LEADING * size;
    }
    Ok(pen.path)
}

/// Writes outlines as operators of a page, moved to where the letter stands.
#[derive(Default)]
struct Pen {
    path: String,
    x: f32,
    y: f32,
    last: (f32, f32),
}

impl Pen {
    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        let written = self.path.write_fmt(arguments);
        debug_assert!(written.is_ok(), "memory takes everything");
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.put(format_args!("{:.2} {:.2} m\n", self.x + x, self.y + y));
        self.last = (x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.put(format_args!("{:.2} {:.2} l\n", self.x + x, self.y + y));
        self.last = (x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        // A page knows curves of the third degree only.
        let third = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
        let (fx, fy) = self.last;
        self.curve_to(
            third(fx, cx),
            third(fy, cy),
            third(x, cx),
            third(y, cy),
            x,
            y,
        );
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (dx, dy) = (self.x, self.y);
        self.put(format_args!(
            "{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} c\n",
            dx + cx0,
            dy + cy0,
            dx + cx1,
            dy + cy1,
            dx + x,
            dy + y
        ));
        self.last = (x, y);
    }

    fn close(&mut self) {
        self.path.push_str("h\n");
    }
}
