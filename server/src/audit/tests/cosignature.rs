//! Cosignatures and policies with witnesses, held against what others compute.

use proptest::prelude::*;

use super::fixture::{origin, policy, signer};
use crate::audit::add_checkpoint::{AddCheckpoint, PROOF_LINES_MAX, number};
use crate::audit::note::NoteError;
use crate::audit::{Checkpoint, Hash, Policy, Quorum, Witness, WitnessKey, WitnessSigner};

const NAME: &str = "zeuge.example/w1";
const SECONDS: u64 = 1_795_370_400;

/// Made with `Ed25519PrivateKey` of Python's `cryptography` 48 from the seed 09…09, checked with `openssl pkeyutl
/// -verify -rawin` of OpenSSL 3.0.
const KEY: &str = "zeuge.example/w1+cf5d5f88+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY";
const LINE: &str = "\u{2014} zeuge.example/w1 z11fiAAAAABrAy2ggRCimze09U3lMuYNka6JEqzJm0ikT7HlcDuavAhqvCCsY+d0Za5Fh+A/HYEmbsCgEVW6d1CB3MedQkq23ECSDA==\n";

fn witness(name: &str, seed: u8) -> WitnessSigner {
    WitnessSigner::from_seed(name, &[seed; 32]).expect("a name")
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: origin(),
        size: 42,
        root: Hash([5; 32]),
    }
}

/// A checkpoint, cosigned by these.
fn cosigned(witnesses: &[&WitnessSigner]) -> String {
    let note = checkpoint().sign(&signer()).expect("signed");
    let mut note = String::from_utf8(note).expect("text");
    for witness in witnesses {
        let line = witness.cosign(&checkpoint().to_text(), SECONDS);
        note.push_str(&line.expect("cosigned").line);
    }
    note
}

#[test]
fn a_cosignature_is_the_one_that_others_compute() {
    let witness = witness(NAME, 9);
    assert_eq!(witness.verifier().to_string(), KEY);
    let made = witness.cosign(&checkpoint().to_text(), SECONDS);
    let made = made.expect("cosigned");
    assert_eq!((made.line.as_str(), made.seconds), (LINE, SECONDS));
    let key: WitnessKey = KEY.parse().expect("a key");
    let note = cosigned(&[]) + LINE;
    let found = key.cosignature(note.as_bytes()).expect("right");
    assert_eq!(found, Some(made));
    // The checkpoint itself opens as before.
    assert!(Checkpoint::open(note.as_bytes(), &policy()).is_ok());
    assert_eq!(key.cosignature(cosigned(&[]).as_bytes()).ok(), Some(None));
}

#[test]
fn of_several_cosignatures_of_a_witness_the_newest_counts_and_none_may_be_wrong() {
    let witness = witness(NAME, 9);
    let text = checkpoint().to_text();
    let later = witness.cosign(&text, SECONDS + 5).expect("cosigned").line;
    let note = cosigned(&[]) + &later + LINE;
    let key = witness.verifier();
    let newest = key.cosignature(note.as_bytes()).expect("right");
    assert_eq!(newest.map(|it| it.seconds), Some(SECONDS + 5));
    // Of another checkpoint, and one whose time was moved.
    let other = text.replace("\n42\n", "\n41\n");
    let foreign = witness.cosign(&other, SECONDS).expect("cosigned").line;
    let moved = LINE.replace("z11fiAAAAABrAy2g", "z11fiAAAAABrAy2h");
    for wrong in [foreign, moved] {
        let note = cosigned(&[&witness]) + &wrong;
        let refused = key.cosignature(note.as_bytes());
        assert!(
            matches!(refused, Err(NoteError::BadSignature { .. })),
            "{wrong}"
        );
    }
    assert!(witness.cosign("no line feed", SECONDS).is_err());
    assert!(witness.cosign(&text, u64::MAX).is_err());
}

#[test]
fn keys_of_witnesses_are_no_keys_of_logs_and_weak_ones_are_refused() {
    let log = signer().verifier().to_string();
    let short = KEY.trim_end_matches('Y');
    let other = KEY.replace("cf5d5f88", "cf5d5f89");
    // The identity point would accept cosignatures that nobody made.
    let zero = "x+00000000+BAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for wrong in [log.as_str(), short, &other, zero, "", "a+b+c"] {
        assert!(wrong.parse::<WitnessKey>().is_err(), "{wrong}");
    }
    assert!(KEY.parse::<crate::audit::NoteKey>().is_err());
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(WitnessSigner::from_seed(name, &[9; 32]).is_err(), "{name}");
    }
}

#[test]
fn the_key_of_a_witness_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("witness.key");
    let witness = WitnessSigner::generate(NAME).expect("randomness");
    witness.save(&path).expect("saved");
    let loaded = WitnessSigner::load(&path).expect("loads");
    assert_eq!(loaded.verifier(), witness.verifier());
    assert!(witness.save(&path).is_err(), "never overwritten");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(&path, open).expect("changed");
    assert!(matches!(
        WitnessSigner::load(&path),
        Err(NoteError::Exposed)
    ));
    assert!(!format!("{witness:?}").contains("PRIVATE"));
    // The key of a log is no key of a witness.
    signer()
        .save(&folder.path().join("log.key"))
        .expect("saved");
    assert!(WitnessSigner::load(&folder.path().join("log.key")).is_err());
}

#[test]
fn a_quorum_counts_witnesses_and_groups() {
    let all: Vec<WitnessSigner> = (1..=5)
        .map(|n| witness(&format!("w{n}.example"), n))
        .collect();
    let lines = |names: &[(&str, usize)]| {
        let line = |(name, at): &(&str, usize)| format!("witness {name} {}\n", all[*at].verifier());
        names.iter().map(line).collect::<String>()
    };
    let five = lines(&[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)]);
    let text = format!(
        "log {}\n{five}group x 2 a b c\ngroup y any d e\ngroup both all x y\nquorum both\n",
        signer().verifier()
    );
    let policy = Policy::parse(&text).expect("a policy");
    assert_eq!(policy.to_string(), text);
    let by = |at: &[usize]| {
        let chosen: Vec<&WitnessSigner> = at.iter().map(|at| &all[*at]).collect();
        let note = cosigned(&chosen);
        let found = policy.cosigners(note.as_bytes()).expect("right");
        assert_eq!(found.times.len(), at.len());
        found.are_enough
    };
    for (at, enough) in [
        (&[0, 1, 3][..], true),
        (&[1, 2, 4][..], true),
        (&[0, 1, 2, 3, 4][..], true),
        (&[0, 1, 2][..], false),
        (&[0, 3, 4][..], false),
        (&[][..], false),
    ] {
        assert_eq!(by(at), enough, "{at:?}");
    }
    let wrong = cosigned(&[&all[0]]).replace("\n42\n", "\n43\n");
    assert!(matches!(
        policy.cosigners(wrong.as_bytes()),
        Err(NoteError::BadSignature { .. })
    ));
    // Who is not named does not count, right or wrong.
    let stranger = cosigned(&[&witness("other.example", 77)]);
    let found = policy.cosigners(stranger.as_bytes()).expect("right");
    assert!(found.times.is_empty() && !found.are_enough);
}

#[test]
fn policies_that_mean_nothing_are_refused_by_their_line() {
    let (one, two) = (witness("one", 1).verifier(), witness("two", 2).verifier());
    let lines = format!("witness a {one}\nwitness b {two}\n");
    for (text, line) in [
        (format!("{lines}quorum c\n"), 3),
        (format!("{lines}quorum a\nquorum b\n"), 4),
        (format!("{lines}group g 3 a b\nquorum g\n"), 3),
        (format!("{lines}group g 0 a b\nquorum g\n"), 3),
        (format!("{lines}group g 01 a b\nquorum g\n"), 3),
        (format!("{lines}group g any\nquorum g\n"), 3),
        (format!("{lines}group g any a a\nquorum g\n"), 3),
        (format!("{lines}group g any g\nquorum g\n"), 3),
        (format!("{lines}group none any a\nquorum none\n"), 3),
        (
            format!("{lines}group g any a\ngroup h any a\nquorum g\n"),
            4,
        ),
        (format!("{lines}group a any b\nquorum a\n"), 3),
        (format!("{lines}witness c {one}\nquorum a\n"), 3),
        (format!("{lines}witness a {two} x\nquorum a\n"), 3),
        (format!("witness a {one} url more\nquorum a\n"), 1),
        (format!("quorum a\nwitness a {one}\n"), 1),
        (format!("witness a {}\nquorum a\n", signer().verifier()), 1),
        (lines.clone(), 3),
        (String::new(), 1),
        ("quorum\u{b}none\n".to_owned(), 1),
    ] {
        let refused = Policy::parse(&text);
        assert!(
            matches!(refused, Err(NoteError::BadPolicy { line: at }) if at == line),
            "{text}: {refused:?}"
        );
    }
    let spaced = format!(" # so\n\twitness  a\t{one}   https://a.example \r\n\n quorum a");
    let read = Policy::parse(&spaced).expect("a policy");
    assert_eq!(
        read.to_string(),
        format!("witness a {one} https://a.example\nquorum a\n")
    );
}

/// Policies as this program makes them, and as others may.
fn any_policy() -> impl Strategy<Value = String> {
    let witnesses = 0..6_usize;
    (witnesses, 0..8_usize, any::<bool>(), any::<bool>()).prop_map(
        |(count, wanted, url, grouped)| {
            let mut text = format!("log {}\n", signer().verifier());
            for at in 0..count {
                let number = u8::try_from(at).expect("few");
                let key = witness("w", number + 1).verifier();
                let url = if url { " https://w.example/x" } else { "" };
                text.push_str(&format!("witness w{at} {key}{url}\n"));
            }
            let members: Vec<String> = (0..count).map(|at| format!("w{at}")).collect();
            let wanted = wanted.min(count);
            match (wanted, grouped) {
                (0, _) => text.push_str("quorum none\n"),
                (_, false) => text.push_str("quorum w0\n"),
                (k, true) => {
                    let word = match k {
                        all if all == count => "all".to_owned(),
                        1 => "any".to_owned(),
                        some => some.to_string(),
                    };
                    let members = members.join(" ");
                    text.push_str(&format!("group g {word} {members}\nquorum g\n"));
                }
            }
            text
        },
    )
}

proptest! {
    #[test]
    fn a_policy_that_was_printed_reads_back_as_the_same(text in any_policy()) {
        let policy = Policy::parse(&text).expect("a policy");
        prop_assert_eq!(policy.to_string(), text);
        prop_assert_eq!(Policy::parse(&policy.to_string()).ok(), Some(policy));
    }

    #[test]
    fn a_quorum_of_the_settings_is_met_by_so_many_and_by_no_fewer(all in 1..6_u8, wanted in 0..6_usize, by in 0..6_usize) {
        let signers: Vec<WitnessSigner> =
            (0..all).map(|at| witness(&format!("w{at}"), at + 1)).collect();
        let witnesses = signers.iter().map(|one| Witness::of(one.verifier())).collect();
        let (wanted, by) = (wanted.min(all.into()), by.min(all.into()));
        let policy = policy().witnessed(Quorum::of(witnesses, wanted));
        let again = Policy::parse(&policy.to_string());
        let again = again.ok();
        prop_assert_eq!(again.as_ref(), Some(&policy));
        let chosen: Vec<&WitnessSigner> = signers.iter().take(by).collect();
        let found = policy.cosigners(cosigned(&chosen).as_bytes()).expect("right");
        prop_assert_eq!(found.are_enough, by >= wanted);
    }

    #[test]
    fn a_changed_cosigned_note_never_counts(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let one = witness("w", 1);
        let policy = policy().witnessed(Quorum::of(vec![Witness::of(one.verifier())], 1));
        let note = cosigned(&[&one]).into_bytes();
        let mut changed = note.clone();
        let place = place.index(note.len());
        changed[place] = byte;
        let counts = Checkpoint::open(&changed, &policy).is_ok()
            && policy.cosigners(&changed).is_ok_and(|found| found.are_enough);
        prop_assert_eq!(counts, changed == note);
    }

    #[test]
    fn what_is_sent_to_a_witness_is_read_as_it_was_written(
        old in any::<u64>(), hashes in prop::collection::vec(any::<[u8; 32]>(), 0..=63),
        note in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let proof = hashes.into_iter().map(Hash).collect();
        let sent = AddCheckpoint { old, proof, note };
        prop_assert_eq!(AddCheckpoint::parse(&sent.to_body()), Some(sent));
    }

    #[test]
    fn no_bytes_make_a_witness_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(read) = AddCheckpoint::parse(&bytes) {
            prop_assert_eq!(read.to_body(), bytes);
        }
    }
}

#[test]
fn what_is_no_question_to_a_witness_is_not_read() {
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";
    let many = format!("{hash}\n").repeat(PROOF_LINES_MAX + 1);
    for wrong in [
        "",
        "old 1",
        "old 1\n",
        "old 01\n\nx",
        "old +1\n\nx",
        "old -1\n\nx",
        "new 1\n\nx",
        "old 1\nxx\n\nx",
        &format!("old 1\n{hash}"),
        &format!("old 1\n{hash} \n\nx"),
        &format!("old 1\n{}\n\nx", hash.trim_end_matches('=')),
        &format!("old 1\n{many}\nx"),
    ] {
        assert_eq!(AddCheckpoint::parse(wrong.as_bytes()), None, "{wrong}");
    }
    let read = AddCheckpoint::parse(format!("old 7\n{hash}\n\nx\n\ny").as_bytes());
    let read = read.expect("a question");
    assert_eq!((read.old, read.proof.len()), (7, 1));
    assert_eq!(read.note, b"x\n\ny");
    assert_eq!(
        (number("0"), number("00"), number("")),
        (Some(0), None, None)
    );
}
