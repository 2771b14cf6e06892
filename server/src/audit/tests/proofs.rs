//! Level D: tiles that say one thing where they are compared with the records, and another where proofs are made.

use std::collections::HashSet;

use super::attacks::{COUNT, SIGNED, check, since};
use super::fixture::{Archive, Online, Row, codes, draft, id, names, policy, state_bytes};
use crate::audit::tile::Tile;
use crate::audit::verify::{
    Check, Chunk, Code, LogSource, Offers, Options, Proofs, Reason, Report, SourceError, Status,
    Trust, verify,
};
use crate::audit::{Slot, Subject};

type Later = fn(Vec<u8>) -> Option<Vec<u8>>;

/// An archive whose store gives each tile as it is when first asked for it, and then as `later` makes it.
struct TwoFaced {
    honest: Online,
    asked: HashSet<Tile>,
    later: Later,
}

impl LogSource for TwoFaced {
    fn offers(&self) -> Offers {
        self.honest.offers()
    }

    fn policy(&mut self) -> Result<Option<String>, SourceError> {
        self.honest.policy()
    }

    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        self.honest.checkpoint()
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, SourceError> {
        self.honest.next_chunk()
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.honest.rewind()
    }

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError> {
        let bytes = self.honest.tile(tile)?;
        if self.asked.insert(tile) {
            return Ok(bytes);
        }
        Ok(bytes.and_then(self.later))
    }

    fn entries(&mut self, index: u64, width: u16) -> Result<Option<Vec<u8>>, SourceError> {
        self.honest.entries(index, width)
    }
}

#[track_caller]
fn proves(later: Later, options: Options<'_>, expected: &[Code]) -> Report {
    let mut source = TwoFaced {
        honest: Online::new(&Archive::build(COUNT, SIGNED)),
        asked: HashSet::new(),
        later,
    };
    let options = Options {
        trust: Trust::Pinned(policy()),
        ..options
    };
    let report = verify(&mut source, &options).expect("a readable source");
    assert_eq!(codes(&report), names(expected), "{:?}", report.findings);
    report
}

fn one_bit_off(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    bytes[0] ^= 1;
    Some(bytes)
}

fn too_short(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    bytes.pop();
    Some(bytes)
}

fn gone(_bytes: Vec<u8>) -> Option<Vec<u8>> {
    None
}

fn with_proofs(proofs: Proofs, kept: Options<'static>) -> Options<'static> {
    Options { proofs, ..kept }
}

#[test]
fn proofs_out_of_tiles_that_stay_as_they_were_are_clean() {
    let report = proves(Some, with_proofs(Proofs::All, since(300)), &[]);
    let proven = (report.status(Check::Proofs), report.proofs);
    assert_eq!(proven, (Status::Ok, SIGNED + 1));
}

#[test]
fn a_tile_that_was_exchanged_proves_no_record() {
    let all = with_proofs(Proofs::All, Options::default());
    let report = proves(one_bit_off, all, &[Code::InclusionProofFailed]);
    let proven = (report.status(Check::Proofs), report.exit_code());
    assert_eq!(proven, (Status::Tampered, 1));
}

#[test]
fn a_tile_that_was_exchanged_does_not_prove_what_was_kept() {
    let none = with_proofs(Proofs::Sample(0), since(300));
    let report = proves(one_bit_off, none, &[Code::ConsistencyProofFailed]);
    let proven = (report.status(Check::Proofs), report.status(Check::Kept));
    assert_eq!(proven, (Status::Tampered, Status::Ok));
}

#[test]
fn without_its_tile_nothing_is_proven_and_that_is_said() {
    for later in [too_short as Later, gone] {
        let report = proves(later, Options::default(), &[Code::TileMissing]);
        let proven = (report.status(Check::Proofs), report.exit_code());
        let missing = Status::NotChecked(Reason::MaterialMissing);
        assert_eq!(proven, (missing, 2));
    }
}

#[test]
fn an_opening_of_content_that_names_none_is_found() {
    let nameless = |archive: &mut Archive| {
        let entity = id("document", 9_999);
        let mut draft = draft("document.create", 9_999);
        draft.subjects.push(Subject {
            kind: "document".into(),
            id: entity,
            version: 1,
            state: None,
            blob: None,
        });
        let state = state_bytes(entity, 1);
        let openings = [
            (Slot::State(0), state.clone()),
            (Slot::Blob(0), b"{}".to_vec()),
        ];
        let seq = archive.append(draft, &openings);
        let row = Row {
            version: 1,
            seq: Some(seq),
            bytes: state,
        };
        archive.rows.insert(entity, row);
    };
    check(nameless, &[Code::BlobClaimMalformed]);
}
