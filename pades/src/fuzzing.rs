//! What of this crate reads what others wrote, each as a function of bytes: for the fuzzer in `fuzz/`, and for
//! the replay of its corpus in the tests here.
//!
//! A function panics where something is wrong, and says nothing otherwise.

use std::hint::black_box;
use std::slice;

use crate::sign::{
    Certificate, Cms, Crl, Digest, DocumentTimestamp, OcspRequest, OcspResponse, Pdf, Seal,
    Timestamp, TimestampRequest, Witnesses, is_self_issued, is_unchecked, issuer_among, not_after,
    read_certificate, sources, write_certificate,
};
use crate::strokes::Strokes;
use crate::verify::{self, Trust, Verdict};

/// A name, and what is to be tried under it.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 3] = [
    ("container", container),
    ("signature", signature),
    ("strokes", strokes),
];

/// 5 December 2026, noon in UTC.
const AT: i64 = 1_796_472_000;

/// Gives bytes to the target of this name.
///
/// # Panics
/// Where the target does, or where there is none.
pub fn run(name: &str, bytes: &[u8]) {
    let found = TARGETS.into_iter().find(|(known, _)| *known == name);
    let (_, target) = found.expect("a target of this name");
    target(bytes);
}

/// A PDF: whoever trusts nobody is told of no signature that it is good.
fn signature(bytes: &[u8]) {
    let report = verify::verify(bytes, &Trust::new(), AT);
    for one in &report.signatures {
        let good = matches!(one.verdict, Verdict::Valid | Verdict::ValidBut);
        assert!(!good, "{one:?}");
    }
    let Ok(pdf) = Pdf::open(bytes.to_vec()) else {
        return;
    };
    for field in pdf.signature_fields().iter().filter(|field| field.signed) {
        if Seal::find(&pdf, &field.name).is_ok() {
            let witnesses = Witnesses::of(&pdf, &field.name).expect("whom it rests on");
            assert!(witnesses.signers().len() <= witnesses.certificates().len());
        }
    }
    for one in DocumentTimestamp::all(&pdf) {
        assert!(DocumentTimestamp::find(&pdf, one.name()).is_ok());
    }
}

/// What stands in a signature, and what is fetched about it.
fn container(bytes: &[u8]) {
    if let Ok(cms) = Cms::from_der(bytes) {
        assert_eq!(Cms::from_der(cms.der()).ok().as_ref(), Some(&cms));
        black_box(cms.verify(&[b"something else"]).is_ok());
        black_box(cms.timestamps());
        cms.certificates().for_each(certificate);
    }
    if let Ok(timestamp) = Timestamp::from_der(bytes) {
        let again = Timestamp::from_der(timestamp.der()).expect("the same");
        assert_eq!(again.time(), timestamp.time());
        timestamp.certificates().for_each(certificate);
    }
    if let Some(one) = read_certificate(bytes) {
        certificate(&one);
    }
    if let Ok(list) = Crl::from_der(bytes) {
        black_box((list.this_update(), list.next_update()));
    }
    black_box(OcspResponse::from_der(bytes).is_ok());
    let digest = Digest::Sha256;
    if let Ok(request) = TimestampRequest::new(digest, &digest.of(&[b"ours"]), [7; 16]) {
        // Nobody has answered this question.
        assert!(request.accept(bytes).is_err());
    }
    verify::read_for_fuzzing(bytes);
}

fn certificate(one: &Certificate) {
    black_box((sources(one), not_after(one), is_unchecked(one)));
    let own = slice::from_ref(one);
    if issuer_among(one, own).is_some() {
        assert!(is_self_issued(one));
    }
    if let Some(der) = write_certificate(one) {
        verify::read_for_fuzzing(&der);
    }
    black_box(OcspRequest::new(one, one, None).is_ok());
}

/// A record of a signature: what is taken has one encoding, which reads back.
fn strokes(bytes: &[u8]) {
    let Ok(taken) = Strokes::parse(bytes) else {
        return;
    };
    let again = Strokes::parse(taken.canonical().as_bytes()).expect("its own encoding");
    assert_eq!(again.sha256(), taken.sha256());
    assert_eq!(again.canonical(), taken.canonical());
    black_box(taken.svg());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_of_others_never_makes_it_panic() {
        for (name, target) in TARGETS {
            havoc::replay(name, 100, target);
        }
    }
}
