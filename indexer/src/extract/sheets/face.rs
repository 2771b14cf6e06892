//! The letters with which text is drawn: which of them there are, and how wide each is.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use crate::extract::wire::End;

/// A part of DejaVu Sans; `indexer/assets/README.md` says which.
pub(super) const FONT: &[u8] = include_bytes!("../../../assets/DejaVuSans-excerpt.ttf");
/// Units of the face in the height of its letters.
pub(super) const UNITS: u32 = 2_048;
/// The characters below this are looked up once.
const COMMON: u32 = 0x250;

/// A letter: its place in the face, where it is there, and how far the next one stands from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// 0 is the box that stands for what is missing.
    pub(super) glyph: u16,
    /// In units of the face.
    pub(super) wide: u32,
}

/// The face, ready to be asked.
pub(super) struct Face {
    map: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    common: Vec<Letter>,
}

impl Face {
    pub(super) fn open() -> Result<Self, End> {
        // The bytes are ours.
        let font = FontRef::new(FONT).map_err(|_broken| End::Stumbled)?;
        let mut face = Self {
            map: font.charmap(),
            metrics: font.glyph_metrics(Size::unscaled(), LocationRef::default()),
            common: Vec::new(),
        };
        let common = (0..COMMON).map(|code| face.look_up(code));
        face.common = common.collect();
        Ok(face)
    }

    pub(super) fn letter(&self, c: char) -> Letter {
        let code = u32::from(c);
        let common = usize::try_from(code)
            .ok()
            .and_then(|at| self.common.get(at));
        common.copied().unwrap_or_else(|| self.look_up(code))
    }

    /// How wide a text is, in units of the face.
    pub(super) fn wide(&self, text: &str) -> u32 {
        let widths = text.chars().map(|c| self.letter(c).wide);
        widths.fold(0, u32::saturating_add)
    }

    fn look_up(&self, code: u32) -> Letter {
        let glyph = self.map.map(code).unwrap_or(GlyphId::NOTDEF);
        let wide = self.metrics.advance_width(glyph).unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a width of a face of ours, in whole units"
        )]
        let wide = wide.clamp(0.0, 16_384.0) as u32;
        Letter {
            glyph: u16::try_from(glyph.to_u32()).unwrap_or_default(),
            wide,
        }
    }
}
