//! Handovers and the chain that they make: form, eras, faults, and judges that are not ours.

use std::io::Write as _;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;

use super::fixture::{origin, signer};
use super::judges::{in_ci, is_installed};
use crate::audit::event::Action;
use crate::audit::leaf::ROTATE_ACTION;
use crate::audit::note::NoteError;
use crate::audit::rotation::{ChainError, HandoverError, HandoverNote};
use crate::audit::{Checkpoint, Handover, Hash, KeyChain, NoteKey, NoteSigner, Origin, Policy};

const VECTORS: &str = include_str!("../../../../tests/data/audit/vectors.txt");

fn key(seed: u8) -> NoteSigner {
    NoteSigner::from_seed(&origin(), &[seed; 32])
}

fn handover(size: u64, old: &NoteSigner, new: &NoteSigner) -> Handover {
    Handover {
        origin: origin(),
        size,
        root: Hash([3; 32]),
        old: old.verifier(),
        new: new.verifier(),
    }
}

fn note(name: &str, size: u64, old: &NoteSigner, new: &NoteSigner) -> HandoverNote {
    HandoverNote {
        name: name.to_owned(),
        note: handover(size, old, new).sign(old, new).expect("signed"),
    }
}

/// Handovers from key to key, 1 to 2 to 3 and so on, at these sizes.
fn notes(sizes: &[u64]) -> Vec<HandoverNote> {
    let seeds = 1..;
    let made = sizes.iter().zip(seeds).map(|(size, seed)| {
        let name = format!("keys/{seed}");
        note(&name, *size, &key(seed), &key(seed + 1))
    });
    made.collect()
}

fn trusted(seeds: &[u8]) -> Policy {
    Policy::new(seeds.iter().map(|seed| key(*seed).verifier()).collect())
}

/// The chain and where something is wrong.
fn built(seeds: &[u8], notes: &[HandoverNote]) -> (KeyChain, Vec<String>) {
    let (chain, faults) = KeyChain::build(&trusted(seeds), notes);
    (chain, faults.into_iter().map(|(name, _)| name).collect())
}

fn checkpoint(size: u64, by: &NoteSigner) -> Vec<u8> {
    let root = Hash([5; 32]);
    let origin = origin();
    let checkpoint = Checkpoint { origin, size, root };
    checkpoint.sign(by).expect("a checkpoint")
}

#[test]
fn the_record_beside_a_handover_is_called_as_the_verifier_looks_for_it() {
    assert_eq!(Action::LogRotateKey.code(), ROTATE_ACTION);
}

#[test]
fn each_key_signs_within_its_era_whichever_of_them_is_trusted() {
    let notes = notes(&[10, 20]);
    // By key: sizes that it may sign, and that it may not.
    let may: [(u8, &[u64], &[u64]); 3] = [
        (1, &[0, 1, 10], &[11, 20, 21]),
        (2, &[10, 15, 20], &[0, 9, 21]),
        (3, &[20, 21, 1 << 40], &[0, 10, 19]),
    ];
    for pinned in [&[1][..], &[2], &[3], &[1, 3], &[3, 1], &[1, 2, 3]] {
        let (chain, faults) = built(pinned, &notes);
        assert_eq!(faults, Vec::<String>::new(), "{pinned:?}");
        assert_eq!(chain.first(), Some(&key(1).verifier()));
        assert_eq!(chain.newest(), Some(&key(3).verifier()));
        let began: Vec<&NoteKey> = chain.beginners().collect();
        assert_eq!(began, [&key(1).verifier()]);
        for (seed, within, without) in may {
            for size in within {
                let note = checkpoint(*size, &key(seed));
                let (opened, by) = chain.open(&note).expect("within its era");
                assert_eq!((opened.size, by), (*size, &key(seed).verifier()));
            }
            for size in without {
                let error = chain.open(&checkpoint(*size, &key(seed)));
                let retired =
                    matches!(&error, Err(ChainError::Retired { size: found, .. }) if found == size);
                assert!(retired, "{seed} {size}: {error:?}");
            }
        }
        let stranger = chain.open(&checkpoint(15, &key(9)));
        assert!(matches!(
            stranger,
            Err(ChainError::Note(NoteError::UnknownKey))
        ));
    }
    let (alone, faults) = built(&[2], &[]);
    assert!(faults.is_empty() && alone.open(&checkpoint(1, &key(2))).is_ok());
    let (none, faults) = KeyChain::build(&Policy::default(), &notes);
    assert!(faults.is_empty() && none == KeyChain::default());
}

#[test]
fn keys_of_one_name_that_nothing_links_are_told_also_without_any_handover() {
    let (chain, faults) = built(&[1, 2], &[]);
    assert_eq!(faults, ["keys", "keys"]);
    assert_eq!(chain.keys().len(), 2);
    let (_, faults) = built(&[1, 1], &[]);
    assert_eq!(faults, Vec::<String>::new());
    let other: Origin = "other.example/audit".parse().expect("an origin");
    let keys = vec![key(1).verifier(), key(2).named(&other).verifier()];
    let (_, faults) = KeyChain::build(&Policy::new(keys), &[]);
    assert!(faults.is_empty(), "{faults:?}");
}

/// Handovers of looks from each of these keys to the next one.
fn of_looks(seeds: &[u8]) -> Vec<HandoverNote> {
    let looks = origin().of_looks().expect("a name");
    let made = seeds.windows(2).map(|pair| {
        let (old, new) = (key(pair[0]).named(&looks), key(pair[1]).named(&looks));
        let handover = Handover {
            origin: looks.clone(),
            ..handover(3, &old, &new)
        };
        HandoverNote {
            name: format!("keys/{}", pair[1]),
            note: handover.sign(&old, &new).expect("signed"),
        }
    });
    made.collect()
}

#[test]
fn handovers_of_looks_go_where_those_beside_them_go_and_are_one_ahead_at_most() {
    let looks = origin().of_looks().expect("a name");
    let (beside, _) = built(&[1], &notes(&[10, 20]));
    let cases: [(&[u8], &[&str]); 6] = [
        (&[1, 2, 3], &[]),
        (&[1, 2, 3, 4], &[]),
        // That one is missing their number says.
        (&[1, 2], &[]),
        (&[1, 2, 3, 4, 5], &["keys/5"]),
        (&[1, 9, 3], &["keys/9"]),
        (&[1, 9, 2, 3], &["keys/9", "keys/2"]),
    ];
    for (seeds, expected) in cases {
        let notes = of_looks(seeds);
        let (chain, faults) = KeyChain::build(&trusted(&[1]).under(&looks), &notes);
        assert!(faults.is_empty(), "{seeds:?}: {faults:?}");
        let apart = chain.apart(&notes, &beside);
        let found: Vec<&str> = apart.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, expected, "{seeds:?}");
    }
}

/// What it is, the handovers, the keys that are trusted, where something is wrong, and which key is then the newest.
type Case<'a> = (&'a str, Vec<HandoverNote>, &'a [u8], &'a [&'a str], u8);

/// A handover of another log, by the same keys.
fn foreign() -> HandoverNote {
    let origin: Origin = "other.example/audit".parse().expect("an origin");
    let (old, new) = (key(1).named(&origin), key(2).named(&origin));
    let handover = Handover {
        origin,
        ..handover(10, &old, &new)
    };
    HandoverNote {
        name: "foreign".to_owned(),
        note: handover.sign(&old, &new).expect("signed"),
    }
}

#[test]
fn what_is_wrong_with_handovers_is_told_with_its_place() {
    let honest = notes(&[10, 20, 30]);
    let with = |change: &dyn Fn(&mut Vec<HandoverNote>)| {
        let mut changed = honest.clone();
        change(&mut changed);
        changed
    };
    let foreign = foreign();
    let cases: [Case<'_>; 9] = [
        ("nothing", honest.clone(), &[1], &[], 4),
        (
            "a gap",
            with(&|all| drop(all.remove(1))),
            &[1],
            &["keys/3"],
            2,
        ),
        (
            "a gap, from its other side",
            with(&|all| drop(all.remove(1))),
            &[4],
            &["keys/3"],
            4,
        ),
        (
            "two of one key",
            with(&|all| all.insert(1, note("again", 12, &key(1), &key(7)))),
            &[1],
            &["again", "keys/2"],
            2,
        ),
        (
            "sizes that fall",
            with(&|all| all[1] = note("keys/2", 10, &key(2), &key(3))),
            &[1],
            &["keys/2"],
            2,
        ),
        (
            "a key that comes again",
            with(&|all| all[1] = note("keys/2", 20, &key(2), &key(1))),
            &[2],
            &["keys/2", "keys/3"],
            2,
        ),
        (
            "of another log",
            with(&|all| all.insert(0, foreign.clone())),
            &[1],
            &["foreign"],
            4,
        ),
        (
            "rubbish",
            with(&|all| all[0].note.truncate(40)),
            &[4],
            &["keys/1"],
            4,
        ),
        ("nobody's", honest.clone(), &[8], &["keys"], 8),
    ];
    for (what, notes, pinned, expected, newest) in cases {
        let (chain, faults) = built(pinned, &notes);
        assert_eq!(faults, expected, "{what}");
        assert_eq!(chain.newest(), Some(&key(newest).verifier()), "{what}");
    }
}

#[test]
fn a_log_of_looks_goes_over_again_where_nobody_looked_and_never_below() {
    let looks = origin().of_looks().expect("a name");
    let named = |seed: u8| key(seed).named(&looks);
    let made = |size: u64, seed: u8| {
        let (old, new) = (named(seed), named(seed + 1));
        let handover = Handover {
            origin: looks.clone(),
            ..handover(size, &old, &new)
        };
        HandoverNote {
            name: format!("keys/{seed}"),
            note: handover.sign(&old, &new).expect("signed"),
        }
    };
    let pinned = trusted(&[1]).under(&looks);
    for (sizes, fault) in [([0, 0], None), ([7, 7], None), ([7, 6], Some("keys/2"))] {
        let [one, other] = sizes;
        let (chain, faults) = KeyChain::build(&pinned, &[made(one, 1), made(other, 2)]);
        let faults: Vec<&str> = faults.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            faults,
            fault.into_iter().collect::<Vec<&str>>(),
            "{sizes:?}"
        );
        let newest = if fault.is_none() { 3 } else { 2 };
        assert_eq!(chain.newest(), Some(&named(newest).verifier()), "{sizes:?}");
    }
}

#[test]
fn a_handover_has_one_writing_and_two_signatures() {
    let sound = note("keys/1", 10, &key(1), &key(2)).note;
    assert_eq!(
        Handover::open(&sound).expect("opens"),
        handover(10, &key(1), &key(2))
    );
    let text = String::from_utf8(sound).expect("text");
    let (body, signatures) = text.split_once("\n\n").expect("an empty line");
    let lines: Vec<&str> = signatures.lines().collect();
    let stranger = String::from_utf8(key(9).sign(&format!("{body}\n")).expect("signed"));
    let stranger = stranger.expect("text");
    let third = stranger.lines().last().expect("a line");
    let swapped = format!("{body}\n\n{}\n{}\n", lines[1], lines[0]);
    assert!(Handover::open(swapped.as_bytes()).is_ok(), "in any order");
    for bad in [
        format!("{body}\n\n{}\n", lines[0]),
        format!("{body}\n\n{}\n", lines[1]),
        format!("{body}\n\n{}\n{}\n", lines[0], lines[0]),
        format!("{body}\n\n{}\n{third}\n", lines[0]),
        format!("{text}{third}\n"),
        format!("{body}\nmore\n\n{signatures}"),
        text.replace("\n10\n", "\n010\n"),
        text.replace("papierlos.key/v1", "papierlos.key/v2"),
        text.replace("\n10\n", "\n11\n"),
        format!("{}\n", text.trim_end().trim_end_matches('=')),
        String::new(),
    ] {
        assert!(Handover::open(bad.as_bytes()).is_err(), "{bad}");
    }
    let itself = handover(10, &key(1), &key(1));
    let itself = itself.sign(&key(1), &key(1)).expect("signed");
    assert!(matches!(
        Handover::open(&itself),
        Err(HandoverError::Malformed)
    ));
}

#[test]
fn a_handover_is_no_checkpoint_and_a_checkpoint_no_handover() {
    // Also not where the log is called like the first line.
    let called: Origin = "papierlos.key/v1".parse().expect("an origin");
    for origin in [origin(), called] {
        let (old, new) = (key(1).named(&origin), key(2).named(&origin));
        let handed = Handover {
            origin: origin.clone(),
            size: 10,
            root: Hash([3; 32]),
            old: old.verifier(),
            new: new.verifier(),
        };
        let handed = handed.sign(&old, &new).expect("signed");
        assert!(Handover::open(&handed).is_ok());
        assert!(Checkpoint::claimed(&handed).is_err());
        let root = Hash([3; 32]);
        let checkpoint = Checkpoint {
            origin,
            size: 10,
            root,
        };
        let signed = checkpoint.sign(&old).expect("signed");
        assert!(Handover::open(&signed).is_err());
    }
}

#[test]
fn openssl_finds_both_signatures_of_the_golden_handover() {
    if !is_installed("openssl") {
        assert!(!in_ci(), "openssl is needed to judge a handover");
        eprintln!("skipped: openssl is not there");
        return;
    }
    let golden = VECTORS
        .lines()
        .find_map(|line| line.strip_prefix("handover = "));
    let golden = golden.expect("a vector").replace("\\n", "\n");
    let handover = Handover::open(golden.as_bytes()).expect("a handover");
    assert_eq!(handover.old, signer().verifier());
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(bytes).expect("written");
        path
    };
    let text = file("text", handover.to_text().as_bytes());
    let signatures = golden.split_once("\n\n").expect("an empty line").1;
    for (line, key) in signatures.lines().zip([&handover.old, &handover.new]) {
        let encoded = line.split(' ').next_back().expect("a signature");
        let raw = BASE64.decode(encoded).expect("base64");
        assert_eq!(hex::encode(&raw[..4]), key.id());
        let public = file("key.pem", key.to_pem().expect("pem").as_bytes());
        let signature = file("signature", &raw[4..]);
        let judged = Command::new("openssl")
            .args(["pkeyutl", "-verify", "-pubin", "-rawin", "-inkey"])
            .arg(public)
            .arg("-in")
            .arg(&text)
            .arg("-sigfile")
            .arg(signature)
            .output();
        let judged = judged.expect("openssl runs");
        assert!(judged.status.success(), "{judged:?}");
    }
}

proptest! {
    #[test]
    fn any_trusted_key_leads_to_all_of_a_chain_and_its_eras_leave_no_gap(
        steps in prop::collection::vec(1_u64..1_000, 0..6),
        pinned in any::<prop::sample::Index>(),
        size in 0_u64..6_000,
    ) {
        let sizes: Vec<u64> = steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
        let seeds: Vec<u8> = (1..).take(sizes.len() + 1).collect();
        let (chain, faults) = built(&[seeds[pinned.index(seeds.len())]], &notes(&sizes));
        prop_assert!(faults.is_empty());
        let keys: Vec<NoteKey> = seeds.iter().map(|seed| key(*seed).verifier()).collect();
        prop_assert_eq!(chain.keys(), keys);
        // One key signs this size, or two at a handover, and they follow each other.
        let covering: Vec<usize> = (0..seeds.len()).filter(|at| chain.eras()[*at].covers(size)).collect();
        let handed = sizes.contains(&size);
        prop_assert_eq!(covering.len(), if handed { 2 } else { 1 });
        prop_assert!(covering.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }

    #[test]
    fn with_a_handover_missing_no_key_is_trusted_behind_the_gap(
        sizes in prop::collection::btree_set(1_u64..1_000, 2..6),
        gone in any::<prop::sample::Index>(),
    ) {
        let sizes: Vec<u64> = sizes.into_iter().collect();
        let mut left = notes(&sizes);
        let gone = gone.index(left.len());
        left.remove(gone);
        let (chain, faults) = built(&[1], &left);
        let trusted: Vec<NoteKey> = (1..).take(gone + 1).map(|seed| key(seed).verifier()).collect();
        prop_assert_eq!(chain.keys(), trusted);
        // The last one leaves no trace here: its record does, in the log.
        prop_assert_eq!(faults.is_empty(), gone == sizes.len() - 1);
    }

    #[test]
    fn a_changed_handover_never_opens(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let sound = note("keys/1", 10, &key(1), &key(2)).note;
        let mut changed = sound.clone();
        let place = place.index(sound.len());
        changed[place] = byte;
        prop_assert_eq!(Handover::open(&changed).is_ok(), changed == sound);
    }

    #[test]
    fn no_bytes_make_the_reader_of_handovers_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Handover::open(&bytes).is_err());
    }
}
