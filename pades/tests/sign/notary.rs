//! Strokes that are sealed to a notary, opened by somebody else's program.

use std::process::{Command, Output};

use pades::strokes::{Bound, Opener, Recipient, StrokesOpenError};

use crate::data;

fn opened(sealed: &[u8], key: &str) -> Output {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("sealed");
    std::fs::write(&file, sealed).unwrap();
    let pki = data::folder().join("pki");
    Command::new("openssl")
        .args(["cms", "-decrypt", "-binary", "-inform", "DER", "-in"])
        .arg(&file)
        .arg("-inkey")
        .arg(pki.join(format!("{key}.key")))
        .arg("-recip")
        .arg(pki.join(format!("{key}.pem")))
        .output()
        .unwrap()
}

#[test]
fn openssl_opens_what_was_sealed_and_finds_the_document_named() {
    if !data::has("openssl") {
        return;
    }
    for key in ["notary", "notary384"] {
        let recipient = Recipient::from_pem(&data::pki(&format!("{key}.pem"))).unwrap();
        let bound = Bound {
            document_sha256: [0x5a; 32],
            strokes: data::strokes(),
        };
        let sealed = recipient.seal(&bound).unwrap();
        let output = opened(&sealed.der, key);
        assert!(output.status.success(), "{key}: {}", data::said(&output));
        assert_eq!(output.stdout, bound.canonical().into_bytes());
        assert_eq!(Bound::parse(&output.stdout).unwrap(), bound);
        // Each time anew.
        assert_ne!(recipient.seal(&bound).unwrap().der, sealed.der);
    }
}

#[test]
fn nothing_of_the_record_stands_in_what_is_sealed() {
    let recipient = Recipient::from_pem(&data::pki("notary.pem")).unwrap();
    let bound = Bound {
        document_sha256: [0x5a; 32],
        strokes: data::strokes(),
    };
    let sealed = recipient.seal(&bound).unwrap();
    for word in [b"document".as_slice(), b"\"x\":", b"strokes"] {
        assert!(!sealed.der.windows(word.len()).any(|window| window == word));
    }
}

#[test]
fn another_key_or_a_changed_byte_opens_nothing() {
    if !data::has("openssl") {
        return;
    }
    let recipient = Recipient::from_pem(&data::pki("notary.pem")).unwrap();
    let bound = Bound {
        document_sha256: [0x5a; 32],
        strokes: data::strokes(),
    };
    let mut sealed = recipient.seal(&bound).unwrap().der;
    assert!(!opened(&sealed, "seal").status.success());
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    assert!(!opened(&sealed, "notary").status.success());
}

#[test]
fn keys_that_cannot_be_sealed_to_are_refused() {
    assert!(Recipient::from_pem(&data::pki("sealrsa.pem")).is_err());
    assert!(Recipient::from_pem(b"text").is_err());
}

fn opener(name: &str) -> Opener {
    let pem = String::from_utf8(data::pki(&format!("{name}.key"))).unwrap();
    Opener::from_pem(&pem).unwrap()
}

#[test]
fn the_notary_opens_what_was_sealed_and_nobody_else_does() {
    for (key, other) in [
        ("notary", "notary384"),
        ("notary384", "notary"),
        ("notary", "seal"),
    ] {
        let recipient = Recipient::from_pem(&data::pki(&format!("{key}.pem"))).unwrap();
        let bound = Bound {
            document_sha256: [0x5a; 32],
            strokes: data::strokes(),
        };
        let sealed = recipient.seal(&bound).unwrap().der;
        assert_eq!(opener(key).open(&sealed).unwrap(), bound, "{key}");
        let locked = opener(other).open(&sealed);
        assert!(
            matches!(locked, Err(StrokesOpenError::Locked)),
            "{other}: {locked:?}"
        );
    }
}

#[test]
fn not_one_byte_of_it_can_be_changed() {
    let recipient = Recipient::from_pem(&data::pki("notary.pem")).unwrap();
    let bound = Bound {
        document_sha256: [0x5a; 32],
        strokes: data::strokes(),
    };
    let sealed = recipient.seal(&bound).unwrap().der;
    let notary = opener("notary");
    for at in (0..sealed.len()).step_by(7) {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        // Who it is for may be said otherwise: the key tells, not the name.
        if let Ok(opened) = notary.open(&changed) {
            assert_eq!(opened, bound, "{at}");
        }
    }
    assert!(notary.open(&sealed[..sealed.len() - 1]).is_err());
    assert!(notary.open(b"").is_err());
    assert!(notary.open(&vec![0x30; 3 << 20]).is_err());
    let mut content = sealed;
    let last = content.len() - 1;
    content[last] ^= 1;
    assert!(matches!(
        notary.open(&content),
        Err(StrokesOpenError::Locked)
    ));
}

#[test]
fn what_is_no_key_of_a_notary_is_refused() {
    for name in ["sealrsa.key", "notary.pem"] {
        let pem = String::from_utf8(data::pki(name)).unwrap();
        assert!(
            matches!(Opener::from_pem(&pem), Err(StrokesOpenError::Key)),
            "{name}"
        );
    }
}
