//! The letters of what is laid out here: how wide they are, and where marks stand on them.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa_of_krilla::charmap::Charmap;
use skrifa_of_krilla::instance::{LocationRef, Size};
use skrifa_of_krilla::metrics::{BoundingBox, GlyphMetrics};
use skrifa_of_krilla::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

use crate::PaperError;

static REGULAR: &[u8] = include_bytes!("../../fonts/NotoSans-Latin.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/NotoSans-Latin-Bold.ttf");
static FIXED: &[u8] = include_bytes!("../../fonts/NotoSansMono-Latin.ttf");

/// Between a letter and a mark above or below it, in parts of the size of the font.
const MARK_GAP: f32 = 0.04;
/// Where a mark begins that stands above letters, and ends that stands below.
const MARK_ABOVE: f32 = 0.4;
const MARK_BELOW: f32 = 0.06;

/// Stands for a character that the font does not have.
const UNKNOWN: &str = "[?]";

/// The weight of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// For what is read.
    Regular,
    /// For what is seen first.
    Bold,
    /// For what is copied letter by letter: all are equally wide, and none is taken for another.
    Fixed,
}

struct Cut {
    font: Font,
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    units: f32,
}

impl Cut {
    fn new(bytes: &'static [u8]) -> Result<Self, PaperError> {
        let raw = FontRef::new(bytes).map_err(|_unreadable| PaperError::Font)?;
        let font = Font::new(bytes.into(), 0).ok_or(PaperError::Font)?;
        Ok(Self {
            units: font.units_per_em(),
            charmap: raw.charmap(),
            metrics: raw.glyph_metrics(Size::unscaled(), LocationRef::default()),
            font,
        })
    }

    fn id(&self, c: char) -> Option<skrifa_of_krilla::GlyphId> {
        self.charmap.map(c).filter(|id| id.to_u32() != 0)
    }

    fn bounds(&self, id: skrifa_of_krilla::GlyphId) -> BoundingBox {
        let bounds = self.metrics.bounds(id).unwrap_or_default();
        BoundingBox {
            x_min: bounds.x_min / self.units,
            y_min: bounds.y_min / self.units,
            x_max: bounds.x_max / self.units,
            y_max: bounds.y_max / self.units,
        }
    }

    fn advance(&self, id: skrifa_of_krilla::GlyphId) -> f32 {
        self.metrics.advance_width(id).unwrap_or_default() / self.units
    }
}

/// The letter on which marks stand.
#[derive(Clone, Copy)]
struct Base {
    bounds: BoundingBox,
    advance: f32,
}

/// The letters that pages are written with.
pub(crate) struct Letters {
    regular: Cut,
    bold: Cut,
    fixed: Cut,
}

impl Letters {
    pub(crate) fn new() -> Result<Self, PaperError> {
        Ok(Self {
            regular: Cut::new(REGULAR)?,
            bold: Cut::new(BOLD)?,
            fixed: Cut::new(FIXED)?,
        })
    }

    const fn cut(&self, weight: Weight) -> &Cut {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
            Weight::Fixed => &self.fixed,
        }
    }

    pub(crate) fn font(&self, weight: Weight) -> Font {
        self.cut(weight).font.clone()
    }

    /// A text as it is written in letters of one width: what these do not have is a question mark.
    pub(crate) fn fixed(&self, text: &str) -> String {
        let one = |c: char| match c {
            '\n' => c,
            c if self.fixed.id(c).is_some() && !steers(c) => c,
            _ => '?',
        };
        text.chars().map(one).collect()
    }

    /// How wide a text is, in parts of the size of the font.
    pub(crate) fn width(&self, text: &str, weight: Weight) -> f32 {
        self.glyphs(text, weight)
            .iter()
            .map(|glyph| glyph.x_advance)
            .sum()
    }

    /// A text as glyphs, one for each character. What the font does not have is left out: it was refused before, or
    /// replaced ([`plain`]).
    pub(crate) fn glyphs(&self, text: &str, weight: Weight) -> Vec<KrillaGlyph> {
        let cut = self.cut(weight);
        let mut glyphs = Vec::with_capacity(text.len());
        let mut base: Option<Base> = None;
        for (at, c) in text.char_indices() {
            let Some(id) = cut.id(c) else { continue };
            let (bounds, advance) = (cut.bounds(id), cut.advance(id));
            let mut offset = (0.0, 0.0);
            let mut own = advance;
            match &mut base {
                Some(base) if is_mark(c) => {
                    own = 0.0;
                    offset = placed(base, bounds);
                }
                _ => base = Some(Base { bounds, advance }),
            }
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(id.to_u32()),
                own,
                offset.0,
                offset.1,
                0.0,
                at..at + c.len_utf8(),
                None,
            ));
        }
        glyphs
    }
}

/// How far a mark moves so that it stands over the middle of its letter, and above or below all that stands there.
fn placed(base: &mut Base, mark: BoundingBox) -> (f32, f32) {
    let middle = |bounds: BoundingBox| f32::midpoint(bounds.x_min, bounds.x_max);
    let across = middle(base.bounds) - base.advance - middle(mark);
    let mut up = 0.0;
    if mark.y_min > MARK_ABOVE {
        up = (base.bounds.y_max + MARK_GAP - mark.y_min).max(0.0);
        base.bounds.y_max = mark.y_max + up;
    } else if mark.y_max < MARK_BELOW {
        up = (base.bounds.y_min - MARK_GAP - mark.y_max).min(0.0);
        base.bounds.y_min = mark.y_min + up;
    }
    (across, up)
}

/// Whether a character stands on the one before it.
pub(crate) const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// Whether a character does something to others instead of being seen: no form holds one.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}

/// Which letters there are: both cuts have the same.
static KNOWN: LazyLock<Option<Charmap<'static>>> =
    LazyLock::new(|| FontRef::new(REGULAR).ok().map(|raw| raw.charmap()));

fn is_known(c: char) -> bool {
    let id = KNOWN.as_ref().and_then(|known| known.map(c));
    id.is_some_and(|id| id.to_u32() != 0)
}

/// The first character of a text that a form cannot hold: one that steers, or that the font does not have.
#[must_use]
pub fn unprintable(text: &str) -> Option<char> {
    text.chars().find(|c| steers(*c) || !is_known(*c))
}

/// A text as it can be printed: what steers is left out, lines and tabs part words, and a character that the font
/// does not have is a question mark in brackets, so that whoever reads sees that something stood there.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            '\n' => plain.push('\n'),
            '\t' | '\r' | '\u{2028}' | '\u{2029}' => plain.push(' '),
            c if steers(c) => {}
            c if is_known(c) => plain.push(c),
            _ => plain.push_str(UNKNOWN),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cuts_have_the_same_letters() {
        let letters = Letters::new().expect("fonts");
        for c in (0x20..0xffff_u32).filter_map(char::from_u32) {
            let (regular, bold) = (letters.regular.id(c), letters.bold.id(c));
            assert_eq!(regular.is_some(), bold.is_some(), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn letters_of_one_width_are_those_of_signed_notes() {
        let letters = Letters::new().expect("fonts");
        let all: String = (' '..='~').chain(['\u{2014}', 'ä', 'ß']).collect();
        assert_eq!(letters.fixed(&all), all);
        assert_eq!(letters.fixed("a\n中\u{7}"), "a\n??");
        for c in all.chars() {
            let width = letters.width(&c.to_string(), Weight::Fixed);
            assert!((width - 0.6).abs() < 0.001, "{c}: {width}");
        }
    }

    #[test]
    fn what_cannot_be_printed_is_left_out_or_seen_to_be_missing() {
        assert_eq!(
            plain("a\u{202e}b\tc\r\nd\u{0}"),
            "ab c \nd",
            "what steers does nothing"
        );
        assert_eq!(plain("u\u{308}中\u{e000}"), "ü[?][?]");
        assert_eq!(unprintable(&plain("\u{fffd}中\u{ad}x")), None);
    }

    #[test]
    fn marks_stand_above_each_other_and_take_no_room() {
        let letters = Letters::new().expect("fonts");
        let alone = letters.width("S", Weight::Regular);
        let marked = "S\u{30c}\u{301}\u{331}";
        assert!((letters.width(marked, Weight::Regular) - alone).abs() < 0.001);
        let glyphs = letters.glyphs(marked, Weight::Regular);
        let [_, caron, acute, below] = glyphs.as_slice() else {
            panic!("{glyphs:?}")
        };
        assert!(caron.y_offset > 0.0 && acute.y_offset > caron.y_offset);
        assert!(below.y_offset <= 0.0);
    }
}
