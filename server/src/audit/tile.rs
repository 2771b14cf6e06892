//! The tree and its entries as files: C2SP tlog-tiles.
//!
//! A tile holds up to 256 hashes of one level (levels are eight tree levels apart), an entry bundle
//! up to 256 leaves. What has 256 never changes again; the last of each level is *partial*.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::leaf::LEAF_BYTES_MAX;
use super::merkle::{self, Hash, HashReader, complete_root, empty_root, fold_peaks};

/// Hashes in a full tile, leaves in a full entry bundle.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of a full tile.
pub const TILE_BYTES: usize = TILE_WIDTH as usize * merkle::HASH_BYTES;
/// Largest entry bundle: 256 leaves, each behind its length.
pub const ENTRIES_BYTES_MAX: usize = TILE_WIDTH as usize * (LEAF_BYTES_MAX + 2);
/// Tree levels that one level of tiles spans.
const TILE_HEIGHT: u8 = 8;
/// Highest level of tiles of a tree with fewer than 2^64 leaves.
const LEVEL_MAX: u8 = 7;
/// Tiles that a reader of hashes keeps at a time.
const CACHED_TILES_MAX: usize = 64;

/// A run of hashes: level, index within the level, number of hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// A tile of 1 to 256 hashes; nothing for one that no tree can have.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let span = TILE_HEIGHT * level.min(LEVEL_MAX) + TILE_HEIGHT;
        let inside = span >= 64 && index == 0 || span < 64 && index < 1 << (64 - span);
        let fits = level <= LEVEL_MAX && inside && (1..=TILE_WIDTH).contains(&width);
        fits.then_some(Self {
            level,
            index,
            width,
        })
    }

    /// The level: 0 holds hashes of leaves.
    pub fn level(self) -> u8 {
        self.level
    }

    /// The place within the level.
    pub fn index(self) -> u64 {
        self.index
    }

    /// The number of hashes.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Whether it can still grow.
    pub fn is_partial(self) -> bool {
        self.width < TILE_WIDTH
    }

    /// The full tile that takes the place of this partial one; nothing for a full one.
    pub fn full(self) -> Option<Self> {
        let full = Self {
            width: TILE_WIDTH,
            ..self
        };
        self.is_partial().then_some(full)
    }

    /// This tile out of the bytes of its full one: its first hashes.
    pub fn cut(self, mut full: Vec<u8>) -> Option<Vec<u8>> {
        let bytes = usize::from(self.width) * merkle::HASH_BYTES;
        (full.len() == TILE_BYTES).then(|| {
            full.truncate(bytes);
            full
        })
    }

    /// The path, such as `tile/0/x001/234` or `tile/1/000.p/12`.
    pub fn path(self) -> String {
        TilePath::Hashes(self).to_string()
    }

    /// The path of the entry bundle beside this tile of level 0.
    pub fn entries_path(self) -> String {
        TilePath::Entries {
            index: self.index,
            width: self.width,
        }
        .to_string()
    }
}

/// The path of a file of the tree, below the prefix of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TilePath {
    /// A tile of hashes.
    Hashes(Tile),
    /// A bundle of entries.
    Entries {
        /// Its place: 256 leaves each.
        index: u64,
        /// Its number of leaves.
        width: u16,
    },
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes(tile) => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries/")?;
                (*index, *width)
            }
        };
        let mut groups = vec![index % 1_000];
        let mut rest = index / 1_000;
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", index % 1_000)?;
        if width < TILE_WIDTH {
            write!(f, ".p/{width}")
        } else {
            Ok(())
        }
    }
}

/// A path that names no file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct BadTilePath;

impl FromStr for TilePath {
    type Err = BadTilePath;

    fn from_str(path: &str) -> Result<Self, BadTilePath> {
        let (level, rest) = path
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(BadTilePath)?;
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, TILE_WIDTH),
            Some((number, width)) => (number, width.parse().ok().ok_or(BadTilePath)?),
        };
        let index = number
            .split('/')
            .try_fold(0_u64, |index, group| {
                let digits = group
                    .strip_prefix('x')
                    .unwrap_or(group)
                    .parse::<u64>()
                    .ok()?;
                index.checked_mul(1_000)?.checked_add(digits)
            })
            .ok_or(BadTilePath)?;
        let level_of_entries = if level == "entries" { 0 } else { u8::MAX };
        let found = if level_of_entries == 0 {
            Tile::new(0, index, width).map(|_| Self::Entries { index, width })
        } else {
            Tile::new(level.parse().ok().ok_or(BadTilePath)?, index, width).map(Self::Hashes)
        };
        // Writing it again leaves no second spelling: no sign, no leading zero, no short group.
        found
            .filter(|found| found.to_string() == path)
            .ok_or(BadTilePath)
    }
}

/// The tiles that a tree of `new` leaves has and the tree of its first `old` leaves has not.
/// Entry bundles stand beside those of level 0.
pub fn growth(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..=LEVEL_MAX).flat_map(move |level| {
        let shift = u32::from(TILE_HEIGHT * level);
        let (before, after) = (old >> shift, new >> shift);
        let wide = u64::from(TILE_WIDTH);
        let indices = if after > before {
            before / wide..after.div_ceil(wide)
        } else {
            0..0
        };
        indices.filter_map(move |index| {
            let width = u16::try_from((after - index * wide).min(wide)).ok()?;
            Tile::new(level, index, width)
        })
    })
}

/// Where tiles come from.
pub trait TileReader {
    /// What can go wrong while reading.
    type Error;

    /// The bytes of a tile; nothing if there is no such file.
    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// Why hashes could not be had from tiles.
#[derive(Debug, thiserror::Error)]
pub enum TileError<E> {
    /// A tile that the tree needs is not there.
    #[error("the tile {0} is missing")]
    Missing(TilePath),
    /// A tile has not the length of its width.
    #[error("the tile {0} has a wrong length")]
    Length(TilePath),
    /// Reading failed.
    #[error("a tile could not be read")]
    Read(#[source] E),
}

fn read_tile<R: TileReader>(reader: &mut R, tile: Tile) -> Result<Vec<Hash>, TileError<R::Error>> {
    let path = TilePath::Hashes(tile);
    let bytes = reader
        .tile(tile)
        .map_err(TileError::Read)?
        .ok_or(TileError::Missing(path))?;
    let hashes = merkle::hashes(&bytes).ok_or(TileError::Length(path))?;
    if hashes.len() == usize::from(tile.width) {
        Ok(hashes)
    } else {
        Err(TileError::Length(path))
    }
}

/// Hashes of a tree of fixed size, out of its tiles. Trusts the tiles: whoever checks a proof made
/// from them checks the tiles.
#[derive(Debug)]
pub struct TileHashes<'a, R> {
    size: u64,
    reader: &'a mut R,
    cached: HashMap<(u8, u64), Vec<Hash>>,
}

impl<'a, R: TileReader> TileHashes<'a, R> {
    /// The hashes of the tree of `size` leaves.
    pub fn new(size: u64, reader: &'a mut R) -> Self {
        Self {
            size,
            reader,
            cached: HashMap::new(),
        }
    }
}

impl<R: TileReader> HashReader for TileHashes<'_, R> {
    type Error = TileError<R::Error>;

    fn hash(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let (tile_level, inside) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let first = index << inside;
        let tile_index = first / u64::from(TILE_WIDTH);
        if !self.cached.contains_key(&(tile_level, tile_index)) {
            let whole = self
                .size
                .checked_shr(u32::from(TILE_HEIGHT * tile_level))
                .unwrap_or(0);
            let wide = u64::from(TILE_WIDTH);
            let width = whole
                .saturating_sub(tile_index.saturating_mul(wide))
                .min(wide);
            let tile = Tile::new(
                tile_level,
                tile_index,
                u16::try_from(width).unwrap_or_default(),
            );
            let unknown = TilePath::Entries {
                index: tile_index,
                width: 0,
            };
            let hashes = read_tile(self.reader, tile.ok_or(TileError::Missing(unknown))?)?;
            if self.cached.len() >= CACHED_TILES_MAX {
                self.cached.clear();
            }
            self.cached.insert((tile_level, tile_index), hashes);
        }
        let hashes = self
            .cached
            .get(&(tile_level, tile_index))
            .map_or(&[][..], Vec::as_slice);
        let start = usize::try_from(first % u64::from(TILE_WIDTH)).unwrap_or_default();
        let path = TilePath::Entries {
            index: tile_index,
            width: 0,
        };
        let run = hashes
            .get(start..start + (1 << inside))
            .ok_or(TileError::Missing(path))?;
        Ok(complete_root(run))
    }
}

/// The unfinished tiles of every level: the right edge of a growing tree, and its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Level {
    finished: u64,
    open: Vec<Hash>,
}

impl Edge {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of the tree of `size` leaves, from its partial tiles.
    pub fn load<R: TileReader>(size: u64, reader: &mut R) -> Result<Self, TileError<R::Error>> {
        let mut levels = Vec::new();
        let mut whole = size;
        while whole > 0 {
            let wide = u64::from(TILE_WIDTH);
            let level = u8::try_from(levels.len()).unwrap_or(LEVEL_MAX);
            let width = u16::try_from(whole % wide).unwrap_or_default();
            let open = match Tile::new(level, whole / wide, width) {
                Some(tile) => read_tile(reader, tile)?,
                None => Vec::new(),
            };
            levels.push(Level {
                finished: whole / wide,
                open,
            });
            whole /= wide;
        }
        Ok(Self { size, levels })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of the next leaf; hands out every tile that it completes.
    pub fn append(&mut self, leaf: Hash, full: &mut impl FnMut(Tile, &[Hash])) {
        self.size += 1;
        self.push(0, leaf, full);
    }

    /// Appends 256 leaves whose root is already known, at a border of tiles.
    pub(crate) fn append_tile(
        &mut self,
        leaves: &[Hash],
        root: Hash,
        full: &mut impl FnMut(Tile, &[Hash]),
    ) {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let Some(level) = self.levels.first_mut() else {
            return;
        };
        if let Some(tile) = Tile::new(0, level.finished, TILE_WIDTH) {
            full(tile, leaves);
        }
        level.finished += 1;
        self.size += u64::from(TILE_WIDTH);
        self.push(1, root, full);
    }

    fn push(&mut self, from: usize, hash: Hash, full: &mut impl FnMut(Tile, &[Hash])) {
        let mut carry = hash;
        for at in from..=usize::from(LEVEL_MAX) {
            if self.levels.len() <= at {
                self.levels.resize_with(at + 1, Level::default);
            }
            let Some(level) = self.levels.get_mut(at) else {
                return;
            };
            level.open.push(carry);
            if level.open.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let number = u8::try_from(at).unwrap_or(LEVEL_MAX);
            if let Some(tile) = Tile::new(number, level.finished, TILE_WIDTH) {
                full(tile, &level.open);
            }
            carry = complete_root(&level.open);
            level.finished += 1;
            level.open.clear();
        }
    }

    /// The partial tiles of the tree as it is.
    pub fn partials(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.levels
            .iter()
            .zip(0_u8..)
            .filter_map(|(level, number)| {
                let width = u16::try_from(level.open.len()).ok()?;
                Some((
                    Tile::new(number, level.finished, width)?,
                    level.open.as_slice(),
                ))
            })
    }

    /// The root of the tree as it is.
    pub fn root(&self) -> Hash {
        let right = self
            .levels
            .iter()
            .fold(None, |right, level| fold_peaks(&level.open, right));
        right.unwrap_or_else(empty_root)
    }
}

/// The bytes of a tile.
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Appends a leaf to an entry bundle: its length in two bytes, then its bytes. Leaves are capped
/// at 8 KiB; a longer one is a mistake in our own code.
///
/// # Panics
/// If the leaf is longer than [`LEAF_BYTES_MAX`].
pub fn push_entry(bundle: &mut Vec<u8>, leaf: &[u8]) {
    assert!(
        leaf.len() <= LEAF_BYTES_MAX,
        "a leaf of {} bytes",
        leaf.len()
    );
    let length = u16::try_from(leaf.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(leaf);
}

/// An entry bundle that ends within an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry bundle ends within an entry")]
pub struct CutEntry;

/// The leaves of an entry bundle, in order. Ends after the first error.
pub fn entries(bundle: &[u8]) -> impl Iterator<Item = Result<&[u8], CutEntry>> {
    let mut rest = bundle;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let entry = rest.split_first_chunk().and_then(|(length, tail)| {
            tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        });
        match entry {
            Some((leaf, tail)) => {
                rest = tail;
                Some(Ok(leaf))
            }
            None => {
                rest = &[];
                Some(Err(CutEntry))
            }
        }
    })
}
