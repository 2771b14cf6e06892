//! The levels, one after the other, by our own eyes.

use pades::sign::{
    Appearance, At, Cms, CompleteError, Digest, Dtbs, Kind, Pdf, PrepareError, Prepared, Request,
    Seal, SealError, Signer as _, TIMESTAMP_BYTES_MAX, Timestamp, TimestampError, TimestampRequest,
    add_validation_data, sign,
};

use crate::data;

#[test]
fn what_was_shown_is_an_exact_prefix_of_what_is_signed() {
    let form = data::form();
    let signed = data::signed_by(&form, "Unterschrift", "seal");
    assert!(signed.bytes().starts_with(form.bytes()));
    let fields = signed.signature_fields();
    assert_eq!(fields.len(), 1);
    assert!(fields[0].signed);
    assert_eq!(fields[0].name, "Unterschrift");
}

#[test]
fn keys_of_all_kinds_sign() {
    for key in ["seal", "seal384", "sealrsa"] {
        let signed = data::signed_by(&data::form(), "Unterschrift", key);
        Seal::find(&signed, "Unterschrift").unwrap();
    }
}

#[test]
fn a_service_elsewhere_is_asked_in_between() {
    let form = data::form();
    let field = data::field("Siegel");
    let prepared = data::prepare(&form, At::New(&field), Kind::Signature, Appearance::Nothing);
    let chain = data::chain("seal");
    let dtbs = Dtbs::new(&chain, &prepared.digest(chain.algorithm().digest())).unwrap();
    let sent = dtbs.bytes().to_vec();
    // Meanwhile, elsewhere.
    let answer = data::signer("seal").sign(&sent).unwrap();
    let cms = dtbs.complete(&answer).unwrap();
    prepared.complete(&cms).unwrap();
}

#[test]
fn an_answer_of_another_key_is_refused() {
    let form = data::form();
    let field = data::field("Siegel");
    let prepared = data::prepare(&form, At::New(&field), Kind::Signature, Appearance::Nothing);
    let chain = data::chain("seal");
    let dtbs = Dtbs::new(&chain, &prepared.digest(Digest::Sha256)).unwrap();
    let answer = data::signer("revoked").sign(dtbs.bytes()).unwrap();
    assert!(dtbs.complete(&answer).is_err());
}

#[test]
fn a_signature_over_another_file_does_not_go_into_the_place() {
    let form = data::form();
    let (one, two) = (data::field("Eins"), data::field("Zwei"));
    let nothing = Appearance::Nothing;
    let first = data::prepare(&form, At::New(&one), Kind::Signature, nothing);
    let second = data::prepare(&form, At::New(&two), Kind::Signature, nothing);
    let cms = sign(&first, &data::signer("seal")).unwrap();
    assert!(matches!(
        second.complete(&cms),
        Err(CompleteError::Signature(_))
    ));
}

#[test]
fn a_place_that_is_too_small_is_said_so() {
    let form = data::form();
    let field = data::field("Siegel");
    let request = Request {
        at: At::New(&field),
        kind: Kind::Signature,
        appearance: Appearance::Nothing,
        statement: &data::statement(),
        reserve_bytes: 500,
    };
    let prepared = Prepared::new(&form, &request).unwrap();
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let Err(CompleteError::TooSmall { needed, reserved }) = prepared.complete(&cms) else {
        panic!("it went in");
    };
    assert_eq!(needed, cms.der().len());
    assert_eq!(reserved, 500);
}

#[test]
fn a_signature_is_raised_where_it_stands() {
    if !data::has("openssl") {
        return;
    }
    let signed = data::signed_by(&data::form(), "Unterschrift", "seal");
    let seal = Seal::find(&signed, "Unterschrift").unwrap();
    assert!(!seal.cms().is_timestamped());
    let request = seal.request([3; 16]).unwrap();
    let timestamp = request.accept(&data::answer(request.der(), "tsa")).unwrap();
    let raised = seal.raise(&signed, &timestamp).unwrap();
    assert_eq!(raised.bytes().len(), signed.bytes().len());
    let again = Seal::find(&raised, "Unterschrift").unwrap();
    assert!(again.cms().is_timestamped());
    assert!(matches!(
        again.request([4; 16]),
        Err(SealError::Timestamped)
    ));
}

#[test]
fn authorities_on_other_curves_are_understood_and_not_when_a_byte_is_wrong() {
    if !data::has("openssl") {
        return;
    }
    for authority in ["tsa521", "tsabp384"] {
        let signed = data::timestamped(&data::form(), "Unterschrift", "seal", authority);
        let seal = Seal::find(&signed, "Unterschrift").unwrap();
        assert!(seal.cms().is_timestamped(), "{authority}");
        let digest = Digest::Sha256;
        let request = TimestampRequest::new(digest, &digest.of(&[b"eins"]), [1; 16]).unwrap();
        let mut broken = data::answer(request.der(), authority);
        request.accept(&broken).unwrap();
        let last = broken.len() - 5;
        broken[last] ^= 1;
        assert!(request.accept(&broken).is_err(), "{authority}");
    }
}

#[test]
fn what_a_later_signature_covers_is_not_raised() {
    if !data::has("openssl") {
        return;
    }
    let signed = data::signed_by(&data::form(), "Unterschrift", "seal");
    let seal = Seal::find(&signed, "Unterschrift").unwrap();
    let request = seal.request([3; 16]).unwrap();
    let timestamp = request.accept(&data::answer(request.der(), "tsa")).unwrap();
    let later = data::document_timestamped(&signed, "tsa");
    let seal = Seal::find(&later, "Unterschrift").unwrap();
    assert!(matches!(
        seal.raise(&later, &timestamp),
        Err(SealError::Covered { by }) if by == "Zeitstempel"
    ));
}

#[test]
fn answers_to_other_questions_are_no_timestamps() {
    if !data::has("openssl") {
        return;
    }
    let digest = Digest::Sha256;
    let asked = |document: &[u8], nonce| {
        TimestampRequest::new(digest, &digest.of(&[document]), nonce).unwrap()
    };
    let request = asked(b"eins", [1; 16]);
    let answer = data::answer(request.der(), "tsa");
    request.accept(&answer).unwrap();
    for other in [asked(b"zwei", [1; 16]), asked(b"eins", [2; 16])] {
        assert!(matches!(
            other.accept(&answer),
            Err(TimestampError::Other { .. })
        ));
    }
    let mut broken = answer.clone();
    let last = broken.len() - 5;
    broken[last] ^= 1;
    assert!(request.accept(&broken).is_err());
    // PKIStatusInfo alone: rejection.
    let refused = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02];
    assert!(matches!(
        request.accept(&refused),
        Err(TimestampError::Refused { status: 2, .. })
    ));
    assert!(matches!(
        Timestamp::from_der(request.der()),
        Err(TimestampError::Unreadable(_))
    ));
    let long = vec![0; TIMESTAMP_BYTES_MAX + 1];
    assert!(matches!(
        request.accept(&long),
        Err(TimestampError::TooLong { .. })
    ));
}

#[test]
fn an_archive_timestamp_is_renewed() {
    if !data::has("openssl") {
        return;
    }
    let signed = data::timestamped(&data::form(), "Unterschrift", "seal", "tsa");
    let data = data::validation_data(&["seal", "tsa"]);
    let long = add_validation_data(&signed, &data).unwrap();
    let archived = data::document_timestamped(&long, "tsa");
    // Ten years later, by another authority: its certificate is new, the rest is there.
    let data = data::validation_data(&["seal", "tsa", "tsarsa"]);
    let renewed = add_validation_data(&archived, &data).unwrap();
    let streams = |pdf: &Pdf| pdf.bytes().windows(9).filter(|w| w == b"endstream").count();
    assert_eq!(streams(&renewed), streams(&archived) + 1);
    let renewed = data::document_timestamped(&renewed, "tsarsa");
    let names: Vec<String> = renewed
        .signature_fields()
        .into_iter()
        .map(|field| field.name)
        .collect();
    assert_eq!(names, ["Unterschrift", "Zeitstempel", "Zeitstempel2"]);
}

#[test]
fn a_container_reads_back() {
    let form = data::form();
    let field = data::field("Siegel");
    let prepared = data::prepare(&form, At::New(&field), Kind::Signature, Appearance::Nothing);
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let mut padded = cms.der().to_vec();
    padded.resize(padded.len() + 1000, 0);
    assert_eq!(Cms::from_der(&padded).unwrap(), cms);
    cms.verify(&prepared.signed_pieces()).unwrap();
    assert!(cms.verify(&[b"something else"]).is_err());
    assert_eq!(data::chain("seal").name(), "Siegel der Stadt Müsterstadt");
}

#[test]
fn a_certification_comes_first_and_is_kept() {
    use pades::sign::Permission;
    let form = data::form();
    let field = data::field("Siegel");
    let nothing = Appearance::Nothing;
    let kind = Kind::Certification(Permission::Nothing);
    let prepared = data::prepare(&form, At::New(&field), kind, nothing);
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let certified = prepared.complete(&cms).unwrap();
    let second = data::field("Zwei");
    let request = Request {
        at: At::New(&second),
        kind: Kind::Signature,
        appearance: nothing,
        statement: &data::statement(),
        reserve_bytes: 8_192,
    };
    assert!(matches!(
        Prepared::new(&certified, &request),
        Err(PrepareError::Certified {
            permission: Permission::Nothing
        })
    ));
    let late = Request { kind, ..request };
    assert!(matches!(
        Prepared::new(&certified, &late),
        Err(PrepareError::CertifiesLate)
    ));
}

#[test]
fn a_sealed_document_says_on_whom_it_rests() {
    use pades::sign::{DocumentTimestamp, Witnesses, is_self_issued, issuer_among, not_after};
    if !data::has("openssl") {
        return;
    }
    let stamped = data::timestamped(&data::form(), "Unterschrift", "seal", "tsa");
    let names = |pdf: &Pdf| {
        let witnesses = Witnesses::of(pdf, "Unterschrift").unwrap();
        let subject = |it: &pades::sign::Certificate| it.tbs_certificate().subject().to_string();
        let mut names: Vec<String> = witnesses.signers().iter().map(subject).collect();
        names.sort();
        names
            .iter()
            .map(|name| name.split(',').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&stamped),
        ["CN=Siegel der Stadt Müsterstadt", "CN=Test Zeitstempel"]
    );
    let archived = data::document_timestamped(&stamped, "tsarsa");
    let archived = data::document_timestamped(&archived, "tsa");
    assert_eq!(names(&archived).len(), 3);
    let all = DocumentTimestamp::all(&archived);
    let fields: Vec<&str> = all.iter().map(DocumentTimestamp::name).collect();
    assert_eq!(fields, ["Zeitstempel", "Zeitstempel2"]);
    DocumentTimestamp::find(&archived, "Zeitstempel2").unwrap();
    assert!(DocumentTimestamp::find(&archived, "Unterschrift").is_err());
    assert!(DocumentTimestamp::find(&archived, "Nichts").is_err());
    // Each of those who signed was vouched for by the root, and nobody stands above that.
    let witnesses = Witnesses::of(&archived, "Unterschrift").unwrap();
    for one in witnesses.signers() {
        let chain = data::chain("seal");
        let issuer = issuer_among(one, chain.certificates()).unwrap();
        assert!(is_self_issued(issuer) && !is_self_issued(one));
        assert!(not_after(one) > data::NOON);
    }
    // What somebody had timestamped before is nothing that the seal rests on.
    let before = data::document_timestamped(&data::form(), "tsarsa");
    let sealed = data::timestamped(&before, "Unterschrift", "seal", "tsa");
    assert_eq!(names(&sealed), names(&stamped));
    // Another authority's word about other bytes is no timestamp over these.
    let mut broken = archived.bytes().to_vec();
    let at = broken
        .windows(4)
        .position(|it| it == b"/FT ")
        .unwrap_or(200);
    broken[at.saturating_sub(40)] ^= 1;
    if let Ok(pdf) = Pdf::open(broken) {
        assert!(DocumentTimestamp::find(&pdf, "Zeitstempel2").is_err());
    }
}
