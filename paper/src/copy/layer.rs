//! Words behind a picture: each as wide as it is seen, and on the line on which it is seen.

use krilla::geom::{Point, Transform};
use krilla::surface::Surface;

use super::{Places, Word};
use crate::face::{Face, Shaped};

/// The parts of the size of a font above and below the line that a place of the kind `Line` spans.
const LINE_ABOVE: f32 = 0.8;
const LINE_BELOW: f32 = 0.22;
/// A dash or a full stop is not taken for a letter of a font twenty times as large: so much of the size of
/// the font is black at least.
const INK_MIN: f32 = 0.45;
/// Beyond this nothing is a word on a page, in points.
const FAR: f32 = 30_000.0;
/// What is smaller is none either, in points.
const NEAR: f32 = 0.05;
/// How many times wider, or narrower, than its font a word may be. Beyond that a PDF has no numbers for it.
const STRETCH_MAX: f32 = 1_000.0;

/// Writes a word; `scale` is by how much its page is made larger.
pub(super) fn write(
    surface: &mut Surface<'_>,
    face: &Face,
    word: &Word,
    (places, scale): (Places, f32),
) {
    let Some(shaped) = face.shape(&word.text) else {
        return;
    };
    let Some(stand) = stand(word, &shaped, places) else {
        return;
    };
    let place = Transform::from_row(
        stand.stretch * scale,
        0.0,
        0.0,
        scale,
        word.left * scale,
        stand.line * scale,
    );
    surface.push_transform(&place);
    surface.draw_glyphs(
        Point::from_xy(0.0, 0.0),
        &shaped.glyphs,
        face.font(),
        &shaped.text,
        stand.size,
        false,
    );
    surface.pop();
}

/// How a word is written so that it fills its place.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stand {
    /// The size of the font.
    size: f32,
    /// Where its line is, from the top of the page.
    line: f32,
    /// How much wider it is than the font makes it.
    stretch: f32,
}

fn stand(word: &Word, shaped: &Shaped, places: Places) -> Option<Stand> {
    let sides = [word.left, word.top, word.width, word.height];
    let sound = sides
        .iter()
        .all(|side| side.is_finite() && side.abs() < FAR);
    if !sound || word.width < NEAR || word.height < NEAR {
        return None;
    }
    let (above, below) = match places {
        Places::Ink => (shaped.top, -shaped.bottom),
        Places::Line => (LINE_ABOVE, LINE_BELOW),
    };
    let size = word.height / (above + below).max(INK_MIN);
    Some(Stand {
        size,
        line: word.top + word.height - below * size,
        stretch: (word.width / (shaped.width * size)).clamp(STRETCH_MAX.recip(), STRETCH_MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, height: f32) -> Word {
        Word {
            text: text.to_owned(),
            left: 50.0,
            top: 100.0,
            width: 80.0,
            height,
        }
    }

    fn stands(text: &str, height: f32, places: Places) -> Stand {
        let face = Face::new().expect("a font");
        let shaped = face.shape(text).expect("a word");
        stand(&word(text, height), &shaped, places).expect("a place")
    }

    #[test]
    fn ink_fills_its_place_whatever_letters_a_word_has() {
        // The same font, seen as three words: without, with and with only what hangs below the line.
        let (low, high) = (
            stands("aus", 5.57, Places::Ink),
            stands("Tag", 9.54, Places::Ink),
        );
        assert!((low.size - high.size).abs() < 0.6, "{low:?} {high:?}");
        assert!(low.line > 105.0 && low.line <= 105.6, "{low:?}");
        assert!(high.line < 108.0 && high.line > 106.5, "{high:?}");
        let dash = stands("–", 0.8, Places::Ink);
        assert!(dash.size < 2.0, "{dash:?}");
    }

    #[test]
    fn a_line_is_as_high_as_its_font() {
        let stand = stands("aus", 10.2, Places::Line);
        assert!((stand.size - 10.0).abs() < 0.01);
        assert!((stand.line - 108.0).abs() < 0.01);
    }

    #[test]
    fn no_word_is_stretched_beyond_what_a_pdf_has_numbers_for() {
        let face = Face::new().expect("a font");
        let shaped = face.shape("Wort").expect("a word");
        let check = |width: f32, height: f32, expect: f32| {
            let word = Word {
                width,
                ..word("Wort", height)
            };
            let stand = stand(&word, &shaped, Places::Ink).expect("a place");
            assert!((stand.stretch - expect).abs() < 1e-6, "{stand:?}");
        };
        check(29_000.0, 0.05, 1_000.0);
        check(0.05, 29_000.0, 0.001);
    }

    #[test]
    fn a_word_that_stands_nowhere_is_left_out() {
        let face = Face::new().expect("a font");
        let shaped = face.shape("Wort").expect("a word");
        for height in [0.0, 1e-30, 0.01, -1.0, f32::NAN, f32::INFINITY, 1e9] {
            assert_eq!(stand(&word("Wort", height), &shaped, Places::Ink), None);
        }
    }
}
