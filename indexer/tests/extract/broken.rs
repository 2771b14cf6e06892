//! Every good sample, cut and with wrong bits: as a transfer leaves it that broke off, and a bad disk.

use std::path::{Path, PathBuf};

use havoc::{Dice, Sample};
use indexer::extract::{Limits, PictureState, Want};

use crate::parts::{ROOM, apart};
use crate::scans::draw;
use crate::support::{extractor, limits};
use crate::torture::peak_kib;
use crate::wicked::keeps_to;

/// Where good samples lie, seen from the root of the workspace.
const FOLDERS: [&str; 5] = [
    "indexer/tests/data",
    "tests/data/reading/golden",
    "tests/data/reading/pdf",
    "tests/data/reading/scans",
    "tests/data/xrechnung",
];
/// Texts about the samples, and no samples.
const NOT: [&str; 2] = ["md", "txt"];
/// Broken versions of each, where nothing else is said: a cut one and one with wrong bits.
const ROUNDS: usize = 2;

fn good() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a root");
    let all = FOLDERS.iter().flat_map(|folder| {
        let mut samples = havoc::samples(&root.join(folder));
        samples.retain(|sample| {
            let path = PathBuf::from(&sample.name);
            let kind = path.extension().and_then(|kind| kind.to_str());
            kind.is_some_and(|kind| !NOT.contains(&kind))
        });
        samples
    });
    all.collect()
}

pub(crate) fn every_good_sample_ends_in_a_state_however_it_is_broken() {
    let samples = good();
    assert!(samples.len() > 35, "{} samples", samples.len());
    let limits = Limits {
        cpu_seconds_max: 2,
        ..limits()
    };
    let extractor = extractor(limits.clone());
    let before = peak_kib();
    for Sample { name, bytes } in &samples {
        let mut dice = Dice::of(name);
        for round in 0..havoc::rounds(ROUNDS) {
            let broken = match round % 3 {
                0 => havoc::cut(bytes, &mut dice),
                1 => havoc::flipped(bytes, &mut dice),
                _ => havoc::broken(bytes, &mut dice),
            };
            let (read, parts) = apart(&extractor, &broken, ROOM);
            keeps_to(&limits, name, &read);
            assert_eq!(
                usize::try_from(read.parts),
                Ok(parts.len()),
                "{name}, round {round}"
            );
            // Pictures are drawn too, which costs more: the first of each.
            if round == 1 && read.format.is_drawn() && !name.ends_with(".pdf") {
                let state = draw(&broken, 0, Want::Shown { width: 400 });
                let told = match &state {
                    PictureState::Drawn(picture) => picture.width > 0,
                    PictureState::Refused(reason) => !reason.german().is_empty(),
                    PictureState::NoPage => true,
                };
                assert!(told, "{name}: {state:?}");
            }
        }
    }
    let grown = peak_kib() - before;
    assert!(grown < 128 << 10, "this process grew by {grown} KiB");
}
