//! Strokes that are sealed to a notary, opened by somebody else's program.

use std::process::{Command, Output};

use pades::strokes::{Bound, Recipient};

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
