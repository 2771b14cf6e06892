//! Pages as pictures: what is asked of a worker, and what it hands over.

use serde::{Deserialize, Serialize};

use super::wire::End;
use super::{Engine, Reason};

/// The version of hayro, and ours of what is built on it.
pub const RENDERER: Engine = Engine {
    name: "hayro",
    version: "0.9.0+1",
};

/// What is in front of the bytes of a picture, in bytes.
const HEAD_BYTES: usize = 20;
/// How many times as high as wide a picture for people may be.
const HIGH_MAX: f64 = 6.0;
/// The longest side of a picture, in dots.
const SIDE_MAX: f64 = 30_000.0;

/// What a page is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// For people: in colour, so many dots wide, as WebP without loss.
    Shown {
        /// Dots from left to right.
        width: u16,
    },
    /// For recognition: in grey, at the resolution that recognition likes, straightened, one byte
    /// for each dot.
    Recognition,
    /// For a copy of the page: one byte for each dot where it is grey, three where it has colours, at no
    /// more than this resolution. Where there is only black and white it is that of the file.
    Copy {
        /// Dots of an inch.
        dots_per_inch: u16,
    },
}

/// In the number of a wish: what follows is a resolution and no width.
const COPY: u16 = 1 << 15;

impl Want {
    /// As it stands in a header: the width, a resolution, or nothing.
    pub(super) const fn number(self) -> u16 {
        match self {
            // No picture is wider.
            Self::Shown { width } => width & !COPY,
            Self::Recognition => 0,
            Self::Copy { dots_per_inch } => dots_per_inch | COPY,
        }
    }

    pub(super) const fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Recognition,
            copy if copy & COPY != 0 => Self::Copy {
                dots_per_inch: copy & !COPY,
            },
            width => Self::Shown { width },
        }
    }
}

/// The size of a page as it is looked at, in hundredths of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A page as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageShape {
    /// How large it is.
    pub size: Size,
    /// By how many degrees its content is turned to be looked at, clockwise: 0, 90, 180 or 270.
    pub rotation: u16,
}

/// A word that a page brings, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedWord {
    /// The word.
    pub text: String,
    /// Left, top, width and height in hundredths of a point, on the page as it is looked at.
    pub place: [i64; 4],
}

/// The words that a page brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedPage {
    /// The size of the page.
    pub size: Size,
    /// The words, in reading order.
    pub words: Vec<PlacedWord>,
}

/// A page that was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The size of the page.
    pub size: Size,
    /// Dots from left to right.
    pub width: u32,
    /// Dots from top to bottom.
    pub height: u32,
    /// By how much the page was turned to lie straight, in hundredths of a degree, clockwise.
    pub turned: i32,
    /// What [`Want`] says.
    pub bytes: Vec<u8>,
}

/// What became of the wish for a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PictureState<T> {
    /// It was drawn.
    Drawn(T),
    /// It cannot be drawn, for this reason.
    Refused(Reason),
    /// There is no such page.
    NoPage,
}

impl Picture {
    pub(super) fn pack(self) -> Result<Vec<u8>, End> {
        let mut packed = Vec::new();
        // A picture takes its memory twice here; one that is too large for that was too large.
        packed
            .try_reserve_exact(HEAD_BYTES + self.bytes.len())
            .map_err(|_full| End::Content)?;
        let numbers = [self.size.width, self.size.height, self.width, self.height];
        packed.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
        packed.extend(self.turned.to_be_bytes());
        packed.extend(self.bytes);
        Ok(packed)
    }

    /// Reads what a worker packed; it must be what was wanted. Pictures are long, and are not copied for it.
    pub(super) fn unpack(mut packed: Vec<u8>, want: Want) -> Option<Self> {
        let mut rest = packed.as_slice();
        let width_points = number(&mut rest)?;
        let height_points = number(&mut rest)?;
        let width = number(&mut rest)?;
        let height = number(&mut rest)?;
        let turned = i32::from_be_bytes(number(&mut rest)?.to_be_bytes());
        let dots = u64::from(width).checked_mul(u64::from(height));
        let long = u64::try_from(rest.len()).ok();
        let fits = match want {
            Want::Shown { .. } => {
                rest.starts_with(b"RIFF") && rest.get(8..12) == Some(b"WEBP".as_slice())
            }
            Want::Recognition => long == dots,
            Want::Copy { .. } => long == dots || long == dots.and_then(|dots| dots.checked_mul(3)),
        };
        let sized = width > 0 && height > 0 && width_points > 0 && height_points > 0;
        if !(fits && sized) {
            return None;
        }
        packed.drain(..HEAD_BYTES);
        Some(Self {
            size: Size {
                width: width_points,
                height: height_points,
            },
            width,
            height,
            turned,
            bytes: packed,
        })
    }
}

impl Size {
    /// Of so many points; a page has at least one hundredth of one.
    pub(super) fn of_points(width: f64, height: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped; what is no number becomes the smallest"
        )]
        let hundredths = |points: f64| ((points * 100.0).round().clamp(1.0, 1e9) as u32).max(1);
        Self {
            width: hundredths(width),
            height: hundredths(height),
        }
    }

    /// How many dots a picture of the page has that is to be so many dots wide: it is narrower where the
    /// page is a very long strip.
    #[must_use]
    pub fn shown(self, width: u16) -> (u32, u32) {
        let points = (f64::from(self.width), f64::from(self.height));
        let wide = f64::from(width);
        dots(points, (wide / points.0).min(wide * HIGH_MAX / points.1))
    }
}

/// The dots of a picture of so many points at so many dots for each.
pub(super) fn dots((width, height): (f64, f64), scale: f64) -> (u32, u32) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what a picture may have"
    )]
    let dots = |points: f64| (points * scale).round().clamp(1.0, SIDE_MAX) as u32;
    (dots(width), dots(height))
}

impl PageShape {
    pub(super) fn pack_all(shapes: &[Self]) -> Vec<u8> {
        let numbers = shapes
            .iter()
            .flat_map(|one| [one.size.width, one.size.height, u32::from(one.rotation)]);
        numbers.flat_map(u32::to_be_bytes).collect()
    }

    pub(super) fn unpack_all(packed: &[u8]) -> Option<Vec<Self>> {
        let mut rest = packed;
        let mut shapes = Vec::new();
        while !rest.is_empty() {
            let (width, height) = (number(&mut rest)?, number(&mut rest)?);
            let rotation = u16::try_from(number(&mut rest)?).ok()?;
            let sound = width > 0 && height > 0 && matches!(rotation, 0 | 90 | 180 | 270);
            let size = Size { width, height };
            shapes.push(sound.then_some(Self { size, rotation })?);
        }
        Some(shapes)
    }
}

impl PlacedPage {
    pub(super) fn pack(&self) -> Result<Vec<u8>, End> {
        let page = (self.size.width, self.size.height, &self.words);
        serde_json::to_vec(&page).map_err(|_unwritable| End::Damaged)
    }

    /// Reads what a worker packed. Words that stand nowhere near the page are left out.
    pub(super) fn unpack(packed: &[u8]) -> Option<Self> {
        let (width, height, mut words): (u32, u32, Vec<PlacedWord>) =
            serde_json::from_slice(packed).ok()?;
        words.retain(|word| {
            let [left, top, wide, high] = word.place;
            let near = |at: i64, side: u32| at.unsigned_abs() <= u64::from(side) * 2;
            wide > 0
                && high > 0
                && near(left, width)
                && near(top, height)
                && near(wide, width)
                && near(high, height)
        });
        let size = Size { width, height };
        (width > 0 && height > 0).then_some(Self { size, words })
    }
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_be_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_one_that_is_locked() {
        let lock = include_str!("../../../Cargo.lock");
        let (version, _) = RENDERER.version.split_once('+').expect("our own part");
        let entry = format!("name = \"hayro\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "the version must follow Cargo.lock");
    }

    #[test]
    fn a_picture_is_believed_only_if_it_is_what_was_wanted() {
        let size = Size::of_points(595.0, 842.0);
        let picture = Picture {
            size,
            width: 2,
            height: 3,
            turned: -123,
            bytes: vec![7; 6],
        };
        let packed = picture.clone().pack().expect("memory");
        let unpack = |packed: &[u8], want| Picture::unpack(packed.to_vec(), want);
        let copy = Want::Copy { dots_per_inch: 200 };
        assert_eq!(unpack(&packed, copy), Some(picture.clone()));
        let colours = Picture {
            bytes: vec![7; 18],
            ..picture.clone()
        };
        let coloured = colours.clone().pack().expect("memory");
        assert_eq!(unpack(&coloured, copy), Some(colours));
        assert_eq!(unpack(&coloured, Want::Recognition), None);
        assert_eq!(unpack(&packed, Want::Recognition), Some(picture));
        assert_eq!(unpack(&packed, Want::Shown { width: 2 }), None);
        let (_, short) = packed.split_last().expect("bytes");
        assert_eq!(unpack(short, Want::Recognition), None);
        assert_eq!(unpack(short, copy), None);
        assert_eq!(unpack(&[0; 19], Want::Recognition), None);
        let shape = |size, rotation| PageShape { size, rotation };
        let shapes = [shape(size, 0), shape(Size::of_points(f64::NAN, -1.0), 270)];
        assert_eq!(
            PageShape::unpack_all(&PageShape::pack_all(&shapes)),
            Some(shapes.to_vec())
        );
        assert_eq!(PageShape::unpack_all(&[0; 9]), None);
        assert_eq!(
            PageShape::unpack_all(&PageShape::pack_all(&[shape(size, 45)])),
            None
        );
    }

    #[test]
    fn words_are_believed_only_where_they_stand_on_the_page() {
        let word = |place| PlacedWord {
            text: "Antrag".to_owned(),
            place,
        };
        let page = |words| PlacedPage {
            size: Size::of_points(595.0, 842.0),
            words,
        };
        let there = word([6_000, 7_000, 3_000, 1_100]);
        let astray = [
            word([6_000, i64::MIN, 3_000, 1_100]),
            word([6_000, 7_000, 0, 1_100]),
        ];
        let said = page([vec![there.clone()], astray.to_vec()].concat());
        let packed = said.pack().expect("words");
        assert_eq!(PlacedPage::unpack(&packed), Some(page(vec![there])));
        assert_eq!(PlacedPage::unpack(b"[0,1,[]]"), None);
        assert_eq!(PlacedPage::unpack(b"{}"), None);
    }
}
