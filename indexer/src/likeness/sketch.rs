//! What is remembered of a text, to find those that say nearly the same.
//!
//! The text is written as a row of shapes, without spaces: letters that machines take for each other
//! have one shape. Of all pieces of twelve shapes the least hash under each of 96 functions is kept
//! (`MinHash`): the share of functions under which two texts agree is close to the share of pieces that
//! they have in common. Four of the hashes together make a key.

use super::text::{Reader, WORDS_MIN};

/// Under so many functions the least hash is kept.
const HASHES: usize = 96;
/// So many hashes make a key: with more of them fewer texts share one by chance.
const HASHES_IN_KEY: usize = 4;
/// How many keys a sketch has.
pub const SKETCH_KEYS: usize = HASHES / HASHES_IN_KEY;
/// So many shapes make a piece: about two words.
const PIECE: usize = 12;
/// Shapes of a text that are looked at: about a hundred and fifty pages.
const SHAPES_MAX: usize = 400_000;
/// How like each other two sketches are at least, before their texts are laid side by side. Of two
/// readings with two misread letters in a hundred each, one in a thousand is below it.
pub const LIKENESS_MIN: f64 = 0.4;

/// What is remembered of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    hashes: [u32; HASHES],
}

impl Sketch {
    /// The sketch of these pages. `None`: they have too few words to tell anything.
    #[must_use]
    pub fn of<'t>(pages: impl IntoIterator<Item = &'t str>) -> Option<Self> {
        let (mut shapes, mut words) = (Vec::new(), 0_usize);
        'pages: for page in pages {
            for word in Reader::of(page) {
                words += 1;
                write_shapes(&word, &mut shapes);
                if shapes.len() >= SHAPES_MAX {
                    break 'pages;
                }
            }
        }
        if words < WORDS_MIN || shapes.len() < PIECE {
            return None;
        }
        let factors = factors();
        let mut hashes = [u32::MAX; HASHES];
        for piece in shapes.windows(PIECE) {
            let piece = hash(piece.iter().map(|shape| u64::from(*shape)));
            for (least, factor) in hashes.iter_mut().zip(&factors) {
                let one = upper(piece.wrapping_mul(*factor));
                *least = one.min(*least);
            }
        }
        Some(Self { hashes })
    }

    /// The keys: texts that say nearly the same share at least one.
    #[must_use]
    pub fn keys(&self) -> Vec<i64> {
        let parts = self.hashes.chunks_exact(HASHES_IN_KEY);
        let key = |(number, part): (u64, &[u32])| {
            let part = part.iter().map(|one| u64::from(*one));
            let key = hash(std::iter::once(number).chain(part));
            i64::from_le_bytes(key.to_le_bytes())
        };
        (0_u64..).zip(parts).map(key).collect()
    }

    /// How like each other two texts are, from 0 to 1.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f64 {
        let both = self.hashes.iter().zip(&other.hashes);
        let alike = both.filter(|(here, there)| here == there).count();
        super::text::share(alike, HASHES)
    }

    /// As it stands in a row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes
            .iter()
            .flat_map(|one| one.to_le_bytes())
            .collect()
    }

    /// Reads what `to_bytes` wrote. `None`: it is no sketch of ours.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (parts, rest) = bytes.as_chunks::<4>();
        if parts.len() != HASHES || !rest.is_empty() {
            return None;
        }
        let mut hashes = [0; HASHES];
        for (hash, part) in hashes.iter_mut().zip(parts) {
            *hash = u32::from_le_bytes(*part);
        }
        Some(Self { hashes })
    }
}

/// The shapes of a word: `m` is `rn`, and `n` and `r` have one shape.
fn write_shapes(word: &str, out: &mut Vec<char>) {
    for letter in word.chars() {
        match letter {
            'm' => out.extend(['n', 'n']),
            other => out.push(super::text::shape(other)),
        }
    }
}

/// Numbers to multiply by, odd, always the same.
fn factors() -> [u64; HASHES] {
    let mut factors = [0; HASHES];
    let mut seed = 0_u64;
    for factor in &mut factors {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        *factor = mixed(seed) | 1;
    }
    factors
}

fn hash(parts: impl Iterator<Item = u64>) -> u64 {
    let all = parts.fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
        (hash ^ part).wrapping_mul(0x0100_0000_01b3)
    });
    mixed(all)
}

/// Spreads a number over all bits (`SplitMix64`).
const fn mixed(number: u64) -> u64 {
    let one = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let two = (one ^ (one >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    two ^ (two >> 31)
}

/// The upper half.
fn upper(number: u64) -> u32 {
    u32::try_from(number >> 32).unwrap_or(u32::MAX)
}
