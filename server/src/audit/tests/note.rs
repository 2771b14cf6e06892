use proptest::prelude::*;

use super::fixture::{origin, policy, signer};
use crate::audit::note::{NOTE_BYTES_MAX, NoteError};
use crate::audit::{Checkpoint, Hash, NoteKey, NoteSigner, Origin, Policy};

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: origin(),
        size: 42,
        root: Hash([5; 32]),
    }
}

/// The example of the specification, with the key of the Go documentation.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The key of the fixture under the name of the log of looks: SHA-256(name ‖ "\n" ‖ 0x01 ‖ key), four bytes of it.
const LOOKS: &str =
    "archive.example/audit/access+510cac7a+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

#[test]
fn a_note_that_others_signed_opens() {
    let key: NoteKey = PETER.parse().expect("a key");
    assert_eq!(key.to_string(), PETER);
    let policy = Policy::new(vec![key]);
    let (text, key) = policy.open(PETER_NOTE.as_bytes()).expect("a valid note");
    assert!(text.ends_with("what your problem is.\n"));
    assert_eq!(
        (key.name(), key.id().as_str()),
        ("PeterNeumann", "c74f20a3")
    );
}

#[test]
fn a_checkpoint_opens_under_its_key_and_no_other() {
    let note = checkpoint().sign(&signer()).expect("signed");
    let (opened, key) = Checkpoint::open(&note, &policy())
        .map(|(it, key)| (it, key.clone()))
        .expect("opens");
    assert_eq!((opened, key), (checkpoint(), signer().verifier()));
    let stranger = NoteSigner::from_seed(&origin(), &[8; 32]);
    let strangers = Policy::new(vec![stranger.verifier()]);
    assert!(matches!(
        Checkpoint::open(&note, &strangers),
        Err(NoteError::UnknownKey)
    ));
    let foreign = NoteSigner::from_seed(&"other.example/x".parse().expect("valid"), &[7; 32]);
    let note = checkpoint().sign(&foreign).expect("signed");
    let both = Policy::new(vec![foreign.verifier(), signer().verifier()]);
    assert!(matches!(
        Checkpoint::open(&note, &both),
        Err(NoteError::UnknownKey)
    ));
}

#[test]
fn the_key_of_a_log_signs_that_of_its_looks_under_the_name_of_that() {
    let looks = origin().of_looks().expect("a name");
    assert_eq!(looks.as_str(), "archive.example/audit/access");
    let signer = signer().named(&looks);
    assert_eq!(signer.verifier().to_string(), LOOKS);
    assert_eq!(
        policy().under(&looks).keys(),
        &[LOOKS.parse::<NoteKey>().expect("a key")]
    );
    let checkpoint = Checkpoint {
        origin: looks.clone(),
        ..checkpoint()
    };
    let note = checkpoint.sign(&signer).expect("signed");
    let opened = Checkpoint::open(&note, &policy().under(&looks)).map(|(it, _)| it);
    assert_eq!(opened.expect("opens"), checkpoint);
    // Neither key counts for the other log, and no log has another one's key by its name.
    assert!(Checkpoint::open(&note, &policy()).is_err());
    let other: Origin = "other.example/audit/access".parse().expect("a name");
    assert_eq!(policy().under(&other), policy());
    assert_eq!(policy().under(&origin()), policy());
}

#[test]
fn unknown_signatures_are_ignored_and_wrong_ones_of_known_keys_are_not() {
    let note = String::from_utf8(checkpoint().sign(&signer()).expect("signed")).expect("text");
    let stranger = NoteSigner::from_seed(&origin(), &[8; 32]);
    let other = String::from_utf8(checkpoint().sign(&stranger).expect("signed")).expect("text");
    let line = other.lines().last().expect("a line");
    let both = format!("{note}{line}\n");
    assert!(Checkpoint::open(both.as_bytes(), &policy()).is_ok());
    let keys = Policy::new(vec![signer().verifier(), stranger.verifier()]);
    assert!(Checkpoint::open(both.as_bytes(), &keys).is_ok());
    let changed = both.replace("\n42\n", "\n43\n");
    assert!(matches!(
        Checkpoint::open(changed.as_bytes(), &keys),
        Err(NoteError::BadSignature { .. })
    ));
}

proptest! {
    #[test]
    fn a_changed_note_never_opens(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let note = checkpoint().sign(&signer()).expect("signed");
        let mut changed = note.clone();
        let place = place.index(note.len());
        changed[place] = byte;
        prop_assert_eq!(Checkpoint::open(&changed, &policy()).is_ok(), changed == note);
    }

    #[test]
    fn no_bytes_make_the_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Checkpoint::open(&bytes, &policy()).is_err());
    }

    #[test]
    fn whatever_reads_as_checkpoint_text_is_written_so(text in "[a-z./]{0,4}\n[+0-9]{0,4}\n[A-Za-z0-9+/=]{43,44}\n") {
        if let Ok(checkpoint) = Checkpoint::parse_text(&text) {
            prop_assert_eq!(checkpoint.to_text(), text);
        }
    }
}

#[test]
fn malformed_notes_keys_and_policies_are_refused() {
    let note = String::from_utf8(checkpoint().sign(&signer()).expect("signed")).expect("text");
    for bad in [
        note.trim_end().to_owned(),
        note.replace("\n\n", "\n"),
        note.replace('\u{2014}', "-"),
        note.replace("42", "4\t2"),
        format!("{note}\n"),
        "\n\n".to_owned(),
        String::new(),
        format!("{}\n{note}", "x".repeat(NOTE_BYTES_MAX)),
    ] {
        assert!(
            matches!(policy().open(bad.as_bytes()), Err(NoteError::Malformed)),
            "{bad}"
        );
    }
    for text in ["a\n042\nx\n", "a\n1\n", "\n1\nAAAA\n", "a\n1\nAAAA\n"] {
        assert!(
            matches!(Checkpoint::parse_text(text), Err(NoteError::NotACheckpoint)),
            "{text}"
        );
    }
    let key = signer().verifier().to_string();
    for bad in [
        key.replace('+', "-"),
        key.replacen("+", "+0", 1),
        format!("{key}A"),
        "a+b+c".to_owned(),
        PETER.replace("c74f20a3", "c74f20a4"),
    ] {
        assert!(bad.parse::<NoteKey>().is_err(), "{bad}");
    }
    // The identity point as key would accept signatures that nobody made.
    let zero = "x+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(zero.parse::<NoteKey>().is_err());
    let policy_text = format!("# c\n\nlog {key} https://x\nquorum none\n");
    assert_eq!(Policy::parse(&policy_text).expect("a policy"), policy());
    for bad in ["log x", "quorum w", "group g any w", "nonsense"] {
        assert!(
            matches!(Policy::parse(bad), Err(NoteError::BadPolicy { line: 1 })),
            "{bad}"
        );
    }
    let twice = format!("log {key}\nlog {key}\n");
    assert!(matches!(
        Policy::parse(&twice),
        Err(NoteError::BadPolicy { line: 2 })
    ));
}

#[test]
fn a_key_file_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.key");
    let signer = NoteSigner::generate(&origin()).expect("randomness");
    signer.save(&path).expect("saved");
    assert_eq!(
        NoteSigner::load(&path).expect("loads").verifier(),
        signer.verifier()
    );
    assert!(
        matches!(signer.save(&path), Err(NoteError::File(_))),
        "never overwritten"
    );
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(&path, open).expect("changed");
    assert!(matches!(NoteSigner::load(&path), Err(NoteError::Exposed)));
    assert!(!format!("{signer:?}").contains("PRIVATE"));
    assert!(
        signer
            .verifier()
            .to_pem()
            .expect("pem")
            .starts_with("-----BEGIN PUBLIC KEY-----")
    );
}
