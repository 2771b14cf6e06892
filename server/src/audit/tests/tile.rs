use std::collections::HashMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::fixture::{digest, edge_of, naive_root, tiles};
use crate::audit::merkle::{self, Hash};
use crate::audit::tile::{
    Edge, Tile, TileError, TileHashes, TilePath, TileReader, entries, growth, push_entry,
};

struct Files(HashMap<Tile, Vec<u8>>);

impl TileReader for Files {
    type Error = Infallible;

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&tile).cloned())
    }
}

fn hashes(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|number| Hash(digest("hash", number)))
        .collect()
}

#[test]
fn paths_are_those_of_the_specification() {
    let path = |level, index, width| Tile::new(level, index, width).expect("a tile").path();
    assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(1, 0, 17), "tile/1/000.p/17");
    assert_eq!(path(0, 273, 112), "tile/0/273.p/112");
    assert_eq!(path(0, 1_000, 256), "tile/0/x001/000");
    let entries = Tile::new(0, 1_234_067, 8).expect("a tile").entries_path();
    assert_eq!(entries, "tile/entries/x001/x234/067.p/8");
}

#[test]
fn a_tree_of_70000_has_the_tiles_of_the_specification() {
    let all: Vec<Tile> = growth(0, 70_000).collect();
    let of = |level: u8, partial: bool| {
        all.iter()
            .filter(|tile| tile.level() == level && tile.is_partial() == partial)
            .count()
    };
    assert_eq!((of(0, false), of(1, false), of(2, false)), (273, 1, 0));
    let partial: Vec<u16> = all
        .iter()
        .filter(|it| it.is_partial())
        .map(|it| it.width())
        .collect();
    assert_eq!(partial, [112, 17, 1]);
    let at_256: Vec<String> = growth(0, 256).map(Tile::path).collect();
    assert_eq!(at_256, ["tile/0/000", "tile/1/000.p/1"]);
}

proptest! {
    #[test]
    fn paths_have_one_spelling(level in 0_u8..8, index in any::<u64>(), width in 1_u16..=256) {
        let index = index >> (8 * (u32::from(level) + 1)).min(63);
        let Some(tile) = Tile::new(level, index, width) else { return Ok(()) };
        prop_assert_eq!(tile.path().parse(), Ok(TilePath::Hashes(tile)));
        if level == 0 {
            prop_assert_eq!(tile.entries_path().parse(), Ok(TilePath::Entries { index, width }));
        }
    }

    #[test]
    fn no_text_makes_the_parser_fail_or_find_a_second_spelling(
        path in "(tile/)?([0-9]{1,3}|entries)?/?(x?[0-9]{1,4}/){0,3}x?[+0-9]{0,4}(\\.p/[+0-9]{0,4})?",
    ) {
        if let Ok(found) = path.parse::<TilePath>() {
            prop_assert_eq!(found.to_string(), path);
        }
    }
}

proptest! {
    // Each case computes whole trees by their definition.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn growth_names_every_tile_that_differs(old in 0_u64..1_500, more in 0_u64..1_500) {
        let new = old + more;
        let hashes = hashes(new);
        let before = tiles(&hashes[..usize::try_from(old).expect("small")]);
        let after = tiles(&hashes);
        let written: Vec<Tile> = growth(old, new).collect();
        for (tile, bytes) in &after {
            prop_assert_eq!(written.contains(tile), before.get(tile) != Some(bytes), "{}", tile.path());
        }
        prop_assert!(written.iter().all(|tile| after.contains_key(tile)));
    }

    #[test]
    fn an_edge_has_the_root_and_tiles_of_the_tree_and_loads_from_them(size in 0_u64..2_000) {
        let hashes = hashes(size);
        let (edge, full) = edge_of(&hashes);
        prop_assert_eq!(edge.root(), naive_root(&hashes));
        let mut found = full;
        for (tile, hashes) in edge.partials() {
            found.insert(tile, crate::audit::tile::tile_bytes(hashes));
        }
        let expected = tiles(&hashes);
        prop_assert_eq!(&found, &expected);
        let mut files = Files(expected);
        prop_assert_eq!(Edge::load(size, &mut files).expect("loads"), edge);
        let mut reader = TileHashes::new(size, &mut files);
        prop_assert_eq!(merkle::root(size, &mut reader).expect("reads"), naive_root(&hashes));
    }
}

#[test]
fn levels_above_the_first_are_made_of_full_tiles() {
    let hashes = hashes(66_000);
    let (edge, full) = edge_of(&hashes);
    assert_eq!(edge.root(), naive_root(&hashes));
    let mut files = Files(full);
    files.0.extend(
        edge.partials()
            .map(|(tile, run)| (tile, crate::audit::tile::tile_bytes(run))),
    );
    assert_eq!(files.0.len(), growth(0, 66_000).count());
    let mut reader = TileHashes::new(66_000, &mut files);
    for index in [0, 255, 256, 65_535, 65_536, 65_999] {
        let proof = merkle::inclusion(index, 66_000, &mut reader)
            .expect("reads")
            .expect("inside");
        let leaf = hashes[usize::try_from(index).expect("small")];
        assert_eq!(
            merkle::verify_inclusion(index, 66_000, &leaf, &proof, &edge.root()),
            Ok(())
        );
    }
}

#[test]
fn a_missing_or_short_tile_is_named() {
    let mut files = Files(tiles(&hashes(300)));
    let first = Tile::new(0, 0, 256).expect("a tile");
    files.0.insert(first, vec![0; 31]);
    let mut reader = TileHashes::new(300, &mut files);
    let result = merkle::inclusion(3, 300, &mut reader);
    assert!(matches!(result, Err(TileError::Length(path)) if path == TilePath::Hashes(first)));
    files.0.remove(&first);
    let mut reader = TileHashes::new(300, &mut files);
    assert!(matches!(
        merkle::inclusion(3, 300, &mut reader),
        Err(TileError::Missing(_))
    ));
}

#[test]
fn malformed_paths_are_refused() {
    for path in [
        "tile/8/0/000.p/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/1",
        "tile/0/x001/1",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/0/",
        "tile/entries/",
        "tile/0/999.p/+1",
        "/tile/0/000",
        "tile/0/000/",
        "tile/7/001",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "",
    ] {
        assert!(path.parse::<TilePath>().is_err(), "{path}");
    }
}

#[test]
fn entry_bundles_read_back_and_show_cuts() {
    let mut bundle = Vec::new();
    for entry in [&b"one"[..], b"", b"three"] {
        push_entry(&mut bundle, entry);
    }
    let read: Result<Vec<_>, _> = entries(&bundle).collect();
    assert_eq!(read, Ok(vec![&b"one"[..], b"", b"three"]));
    for cut in 1..bundle.len() {
        let whole = entries(&bundle[..cut]).all(|entry| entry.is_ok());
        assert_eq!(whole, matches!(cut, 5 | 7), "{cut}");
    }
}
