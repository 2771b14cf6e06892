//! The font of the program: Noto Sans, with the letters of DIN 91379.

use std::ops::Range;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

use crate::PaperError;

static NOTO_SANS: &[u8] = include_bytes!("../fonts/NotoSans-Latin.ttf");

/// Stands in for letters that the font does not have: they can be searched for and copied all the same.
const STAND_IN: char = '\u{fffd}';
/// A word ends after so many characters: longer ones are none, and a line of a PDF has an end.
const WORD_CHARS_MAX: usize = 2_000;
/// Added behind a word: who selects words gets what is between them too.
const SPACE: char = ' ';

/// The font, ready to be measured and written with.
pub(crate) struct Face {
    font: Font,
    raw: FontRef<'static>,
    stand_in: skrifa::GlyphId,
    units: f32,
}

/// A text as glyphs. Measures are parts of the size of the font.
pub(crate) struct Shaped {
    /// What is written.
    pub(crate) text: String,
    /// With what.
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// How wide it is, without the space behind it.
    pub(crate) width: f32,
    /// How far the glyphs reach below the line: negative there.
    pub(crate) bottom: f32,
    /// How far above it.
    pub(crate) top: f32,
}

impl Face {
    pub(crate) fn new() -> Result<Self, PaperError> {
        let raw = FontRef::new(NOTO_SANS).map_err(|_unreadable| PaperError::Font)?;
        let stand_in = raw.charmap().map(STAND_IN).ok_or(PaperError::Font)?;
        let font = Font::new(NOTO_SANS.into(), 0).ok_or(PaperError::Font)?;
        let units = font.units_per_em();
        Ok(Self {
            font,
            raw,
            stand_in,
            units,
        })
    }

    pub(crate) fn font(&self) -> Font {
        self.font.clone()
    }

    /// A word as glyphs, one for each character, and a space behind it. `None`: nothing of it can be
    /// written.
    pub(crate) fn shape(&self, word: &str) -> Option<Shaped> {
        let mut text: String = word
            .chars()
            .filter(|c| is_written(*c))
            .take(WORD_CHARS_MAX)
            .collect();
        if text.chars().all(char::is_whitespace) {
            return None;
        }
        let metrics = self
            .raw
            .glyph_metrics(Size::unscaled(), LocationRef::default());
        let (mut width, mut bottom, mut top) = (0.0_f32, 0.0_f32, 0.0_f32);
        let mut glyphs = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            let (id, glyph) = self.glyph(&metrics, c, at..at + c.len_utf8());
            width += glyph.x_advance;
            if let Some(bounds) = metrics.bounds(id) {
                bottom = bottom.min(bounds.y_min / self.units);
                top = top.max(bounds.y_max / self.units);
            }
            glyphs.push(glyph);
        }
        let behind = text.len()..text.len() + SPACE.len_utf8();
        text.push(SPACE);
        glyphs.push(self.glyph(&metrics, SPACE, behind).1);
        (width > 0.0).then_some(Shaped {
            text,
            glyphs,
            width,
            bottom,
            top,
        })
    }

    fn glyph(
        &self,
        metrics: &GlyphMetrics<'_>,
        c: char,
        range: Range<usize>,
    ) -> (skrifa::GlyphId, KrillaGlyph) {
        let found = self.raw.charmap().map(c);
        let id = found.filter(|id| id.to_u32() != 0).unwrap_or(self.stand_in);
        let advance = metrics.advance_width(id).unwrap_or_default() / self.units;
        let glyph = KrillaGlyph::new(
            GlyphId::new(id.to_u32()),
            advance,
            0.0,
            0.0,
            0.0,
            range,
            None,
        );
        (id, glyph)
    }
}

/// Whether a character is one that a document may hold: none that steers, and none that Unicode does not
/// know as one.
fn is_written(c: char) -> bool {
    let code = u32::from(c);
    let nonsense = code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code);
    !(c.is_control() || nonsense || matches!(c, '\u{feff}' | '\u{fffd}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_the_letters_of_din_91379() {
        let face = Face::new().expect("a font");
        let blocks = [
            0x20..=0x7e,
            0xa0..=0x24f,
            0x300..=0x36f,
            0x1e00..=0x1eff,
            0x2010..=0x2027,
        ];
        let single = "ʰʳʹʺʾʿˈˌ€‡ẞəɨʒ";
        let wanted = blocks.into_iter().flatten().filter_map(char::from_u32);
        for c in wanted.chain(single.chars()) {
            assert!(
                face.raw.charmap().map(c).is_some(),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    #[test]
    fn a_word_becomes_a_glyph_for_each_character_and_a_space() {
        let face = Face::new().expect("a font");
        let shaped = face.shape("Qu\u{7}ḡ中").expect("a word");
        assert_eq!(shaped.text, "Quḡ中 ");
        let ranges: Vec<_> = shaped
            .glyphs
            .iter()
            .map(|glyph| glyph.text_range.clone())
            .collect();
        assert_eq!(ranges, [0..1, 1..2, 2..5, 5..8, 8..9]);
        let missing = shaped.glyphs.get(3).map(|glyph| glyph.glyph_id.to_u32());
        assert_eq!(missing, Some(face.stand_in.to_u32()));
        assert!(shaped.bottom < 0.0 && shaped.top > 0.7 && shaped.width > 1.5);
        assert!(face.shape(" \u{feff}\n").is_none());
    }
}
