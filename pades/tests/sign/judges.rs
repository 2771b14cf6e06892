//! What others say: pyHanko, pdfsig and qpdf judge every level, and every way in which a file was tampered with.
//!
//! pyHanko takes a second to start, so that it judges all files at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use pades::sign::{
    Appearance, At, Kind, Pdf, Permission, Seal, TimestampRequest, add_fields, add_validation_data,
    sign,
};
use serde_json::Value;

use crate::data;

/// A file, and what must be said of it.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Every signature is good; the file is clean.
    Good,
    /// As before, and so it will be when the certificates have expired.
    GoodForLong,
    /// A signature is broken, or its signer is not trusted.
    Bad,
    /// Today the signature looks good, but what is required for long is missing or says no.
    BadForLong,
}

struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: &'static str, pdf: &Pdf, expected: Expected) {
        self.0.push(Case {
            name,
            bytes: pdf.bytes().to_vec(),
            expected,
        });
    }

    fn tampered(&mut self, name: &'static str, pdf: &Pdf, change: impl Fn(&mut Vec<u8>)) {
        let mut bytes = pdf.bytes().to_vec();
        change(&mut bytes);
        assert_ne!(bytes, pdf.bytes(), "{name}");
        self.0.push(Case {
            name,
            bytes,
            expected: Expected::Bad,
        });
    }
}

/// Every level, kind of key and kind of place.
fn levels(cases: &mut Cases) {
    let form = data::form();
    for key in ["seal", "seal384", "sealrsa"] {
        let signed = data::signed_by(&form, "Unterschrift", key);
        cases.add(key, &signed, Expected::Good);
    }
    let font = data::read("font.ttf");
    let lines = [
        "Gesiegelt von der Stadt Müsterstadt".to_owned(),
        "am 2. März 2026, 12:00 Uhr".to_owned(),
    ];
    let text = Appearance::Text {
        font: &font,
        lines: &lines,
    };
    for (name, field, appearance) in [
        ("text", data::field("Siegel"), text),
        ("unseen", data::unseen("Siegel"), Appearance::Nothing),
    ] {
        let prepared = data::prepare(&form, At::New(&field), Kind::Signature, appearance);
        let cms = sign(&prepared, &data::signer("seal")).unwrap();
        cases.add(name, &prepared.complete(&cms).unwrap(), Expected::Good);
    }
    let signed = data::signed_by(&form, "Unterschrift", "seal");
    let seal = Seal::find(&signed, "Unterschrift").unwrap();
    let request = seal.request([5; 16]).unwrap();
    let timestamp = request
        .accept(&data::answer(request.der(), "tsarsa"))
        .unwrap();
    let raised = seal.raise(&signed, &timestamp).unwrap();
    cases.add("raised", &raised, Expected::Good);
    let stamped = data::timestamped(&form, "Unterschrift", "seal", "tsa");
    cases.add("b-t", &stamped, Expected::Good);
    let validation = data::validation_data(&["seal", "tsa"]);
    let long = add_validation_data(&stamped, &validation).unwrap();
    cases.add("b-lt", &long, Expected::GoodForLong);
    let archived = data::document_timestamped(&long, "tsa");
    cases.add("b-lta", &archived, Expected::GoodForLong);
    let validation = data::validation_data(&["seal", "tsa", "tsarsa"]);
    let renewed = add_validation_data(&archived, &validation).unwrap();
    let renewed = data::document_timestamped(&renewed, "tsarsa");
    cases.add("renewed", &renewed, Expected::GoodForLong);
}

/// Two people and the town, one after the other, in fields that were there before; and certified files.
fn several(cases: &mut Cases) {
    let fields = [data::field("Eins"), data::unseen("Zwei")];
    let empty = add_fields(&data::form(), &fields).unwrap();
    let strokes = data::strokes();
    let mut pdf = empty;
    let (seen, unseen) = (Appearance::Strokes(&strokes), Appearance::Nothing);
    for (name, appearance) in [("Eins", seen), ("Zwei", unseen)] {
        let prepared = data::prepare(&pdf, At::Existing(name), Kind::Signature, appearance);
        let cms = sign(&prepared, &data::signer("seal")).unwrap();
        pdf = prepared.complete(&cms).unwrap();
    }
    cases.add("two", &pdf, Expected::Good);
    let third = data::unseen("Siegel");
    let nothing = Appearance::Nothing;
    let prepared = data::prepare(&pdf, At::New(&third), Kind::Signature, nothing);
    let cms = sign(&prepared, &data::signer("sealrsa")).unwrap();
    cases.add("three", &prepared.complete(&cms).unwrap(), Expected::Good);

    let empty = add_fields(&data::form(), &[data::field("Eins")]).unwrap();
    let field = data::unseen("Siegel");
    let kind = Kind::Certification(Permission::Forms);
    let prepared = data::prepare(&empty, At::New(&field), kind, nothing);
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let certified = prepared.complete(&cms).unwrap();
    cases.add("certified", &certified, Expected::Good);
    let appearance = Appearance::Strokes(&strokes);
    let prepared = data::prepare(
        &certified,
        At::Existing("Eins"),
        Kind::Signature,
        appearance,
    );
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let signed = prepared.complete(&cms).unwrap();
    cases.add("certified-signed", &signed, Expected::Good);

    let kind = Kind::Certification(Permission::Nothing);
    let prepared = data::prepare(&data::form(), At::New(&field), kind, nothing);
    let cms = sign(&prepared, &data::signer("seal")).unwrap();
    let cms = cms.with_timestamp(&data::timestamp(&cms, "tsa")).unwrap();
    let certified = prepared.complete(&cms).unwrap();
    let validation = data::validation_data(&["seal", "tsa"]);
    let long = add_validation_data(&certified, &validation).unwrap();
    let archived = data::document_timestamped(&long, "tsa");
    cases.add("certified-b-lta", &archived, Expected::GoodForLong);
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes
        .windows(wanted.len())
        .rposition(|window| window == wanted)
        .unwrap()
}

/// What somebody might do to a signed file, and signers that are not to be trusted.
fn tampered(cases: &mut Cases) {
    let form = data::form();
    let signed = data::signed_by(&form, "Unterschrift", "seal");
    cases.tampered("a bit of the text", &signed, |bytes| {
        bytes[1_000] ^= 1;
    });
    cases.tampered("the time", &signed, |bytes| {
        let at = find(bytes, b"(D:2026");
        bytes[at + 6] = b'5';
    });
    cases.tampered("the signature", &signed, |bytes| {
        let seal = Seal::find(&Pdf::open(bytes.clone()).unwrap(), "Unterschrift").unwrap();
        let digits: String = seal
            .cms()
            .signature()
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let at = find(bytes, digits.as_bytes()) + digits.len() - 1;
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    });
    cases.tampered("moved", &signed, |bytes| {
        let at = find(bytes, b"/Rect[80");
        bytes[at + 6] = b'9';
    });
    cases.tampered("another appearance", &signed, |bytes| {
        let at = find(bytes, b"/Subtype/Form");
        let stream = at + bytes[at..].windows(6).position(|w| w == b"stream").unwrap();
        bytes[stream + 20] ^= 1;
    });
    updated(cases, &signed);
    let expired = data::signed_by(&form, "Unterschrift", "expired");
    cases.add("expired", &expired, Expected::Bad);
    let revoked = data::timestamped(&form, "Unterschrift", "revoked", "tsa");
    let validation = data::validation_data(&["revoked", "tsa"]);
    let revoked = add_validation_data(&revoked, &validation).unwrap();
    cases.add("revoked", &revoked, Expected::BadForLong);
    let foreign = data::timestamped(&form, "Unterschrift", "seal", "foreigntsa");
    cases.add("a foreign authority", &foreign, Expected::Bad);
    let stamped = data::timestamped(&form, "Unterschrift", "seal", "tsa");
    cases.add("nothing to check by", &stamped, Expected::BadForLong);
}

type Change = fn(&mut lopdf::IncrementalDocument, lopdf::ObjectId);

/// Updates behind a signature, which leave it whole and change what is seen.
const CHANGES: [(&str, Change); 4] = [
    ("a page turned afterwards", |update, page| {
        update.opt_clone_object_to_new_document(page).unwrap();
        let page = update.new_document.get_dictionary_mut(page).unwrap();
        page.set("Rotate", 180);
    }),
    ("a page added afterwards", |update, page| {
        let old = update.get_prev_documents();
        let tree = old
            .get_dictionary(page)
            .and_then(|page| page.get(b"Parent"))
            .and_then(lopdf::Object::as_reference)
            .unwrap();
        let copy = old.get_object(page).unwrap().clone();
        let copy = update.new_document.add_object(copy);
        update.opt_clone_object_to_new_document(tree).unwrap();
        let tree = update.new_document.get_dictionary_mut(tree).unwrap();
        tree.set("Count", 2);
        let kids = tree.get_mut(b"Kids").and_then(lopdf::Object::as_array_mut);
        kids.unwrap().push(lopdf::Object::Reference(copy));
    }),
    ("moved afterwards", |update, page| {
        let widget = widget(update, page);
        let widget = update.new_document.get_dictionary_mut(widget).unwrap();
        let place = [100, 700, 300, 770].map(lopdf::Object::from);
        widget.set("Rect", place.to_vec());
    }),
    ("another appearance afterwards", |update, page| {
        let widget = widget(update, page);
        let mut form = lopdf::Dictionary::new();
        form.set("Type", "XObject");
        form.set("Subtype", "Form");
        form.set("BBox", [0, 0, 9, 9].map(lopdf::Object::from).to_vec());
        let form = lopdf::Stream::new(form, b"0 0 9 9 re f".to_vec());
        let form = update.new_document.add_object(form);
        let mut appearances = lopdf::Dictionary::new();
        appearances.set("N", lopdf::Object::Reference(form));
        let widget = update.new_document.get_dictionary_mut(widget).unwrap();
        widget.set("AP", appearances);
    }),
];

/// The widget of the signature, ready to be changed.
fn widget(update: &mut lopdf::IncrementalDocument, page: lopdf::ObjectId) -> lopdf::ObjectId {
    let page = update.get_prev_documents().get_dictionary(page).unwrap();
    let annotations = page.get(b"Annots").and_then(lopdf::Object::as_array);
    let widget = annotations.unwrap()[0].as_reference().unwrap();
    update.opt_clone_object_to_new_document(widget).unwrap();
    widget
}

fn updated(cases: &mut Cases, signed: &Pdf) {
    for (name, change) in CHANGES {
        let document = lopdf::Document::load_mem(signed.bytes()).unwrap();
        let page = document.page_iter().next().unwrap();
        let mut update = lopdf::IncrementalDocument::create_from(signed.bytes().to_vec(), document);
        change(&mut update, page);
        let mut bytes = Vec::new();
        update.save_to(&mut bytes).unwrap();
        cases.0.push(Case {
            name,
            bytes,
            expected: Expected::Bad,
        });
    }
}

#[test]
fn judges_agree_with_every_level_and_with_no_tampered_file() {
    if !data::has("openssl") || !data::has("pdfsig") || !data::has("qpdf") {
        return;
    }
    let mut cases = Cases(Vec::new());
    levels(&mut cases);
    several(&mut cases);
    tampered(&mut cases);
    let place = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = cases
        .0
        .iter()
        .map(|case| {
            let file = place.path().join(format!("{}.pdf", case.name));
            std::fs::write(&file, &case.bytes).unwrap();
            file
        })
        .collect();
    let mut wrong = Vec::new();
    for (case, file) in cases.0.iter().zip(&files) {
        wrong.extend(pdfsig(case, file));
        wrong.extend(qpdf(case, file));
    }
    if let Some(verdicts) = pyhanko(&files) {
        for (case, file) in cases.0.iter().zip(&files) {
            let verdict = &verdicts[file.to_str().unwrap()];
            if !fits(case.expected, verdict) {
                wrong.push(format!("pyHanko on {:?}: {verdict:#}", case.name));
            }
        }
    }
    for case in &cases.0 {
        keep(case.name, &case.bytes);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `PADES_KEEP=DIR` leaves behind what was judged.
#[expect(clippy::disallowed_methods, reason = "tests have no settings")]
pub(crate) fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("PADES_KEEP") {
        std::fs::write(Path::new(&folder).join(format!("{name}.pdf")), bytes).unwrap();
    }
}

/// pdfsig knows no timestamps and asks for no revocation: what it can say is whether a signature is one.
fn pdfsig(case: &Case, file: &Path) -> Option<String> {
    let output = Command::new("pdfsig")
        .args(["-nocert"])
        .arg(file)
        .output()
        .unwrap();
    let said = data::said(&output);
    let all = said.matches("- Signature Validation:").count();
    let good = said.matches("Signature is Valid").count();
    let stamps = said.matches("has not yet been verified").count();
    let whole =
        case.name.ends_with("afterwards") || matches!(case.name, "expired" | "a foreign authority");
    let fits = if case.expected == Expected::Bad && !whole {
        good < all || all == 0
    } else {
        all > stamps && good + stamps == all
    };
    (!fits).then(|| format!("pdfsig on {:?}: {said}", case.name))
}

fn qpdf(case: &Case, file: &Path) -> Option<String> {
    if case.expected == Expected::Bad {
        return None;
    }
    let output = Command::new("qpdf")
        .arg("--check")
        .arg(file)
        .output()
        .unwrap();
    (!output.status.success()).then(|| format!("qpdf on {:?}: {}", case.name, data::said(&output)))
}

/// What pyHanko says, by file.
pub(crate) fn pyhanko(files: &[PathBuf]) -> Option<BTreeMap<String, Value>> {
    let output = Command::new(data::root().join("scripts/pyhanko.sh"))
        .arg(data::folder().join("pki/root.pem"))
        .args(files)
        .output()
        .unwrap();
    if output.status.code() == Some(75) {
        data::skip("pyHanko cannot be had");
        return None;
    }
    assert!(output.status.success(), "{}", data::said(&output));
    let verdicts: BTreeMap<String, Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let verdict: Value = serde_json::from_str(line).unwrap();
            (verdict["file"].as_str().unwrap().to_owned(), verdict)
        })
        .collect();
    assert_eq!(verdicts.len(), files.len());
    Some(verdicts)
}

fn fits(expected: Expected, verdict: &Value) -> bool {
    let none = Vec::new();
    let list = |key: &str| verdict[key].as_array().unwrap_or(&none).clone();
    let (signatures, timestamps) = (list("signatures"), list("timestamps"));
    let good = !signatures.is_empty()
        && signatures
            .iter()
            .chain(&timestamps)
            .all(|signature| signature["now"]["good"] == true);
    let long = signatures.iter().all(|signature| {
        let long = &signature["long"];
        let is_archived = !timestamps.is_empty();
        long["good"] == true && (long["verdict"] == "OK" || !is_archived)
    });
    match expected {
        Expected::Good => good,
        Expected::GoodForLong => good && long,
        Expected::Bad => !good && !long,
        Expected::BadForLong => good && !long,
    }
}

#[test]
fn openssl_accepts_what_is_asked_and_verifies_what_it_answered() {
    if !data::has("openssl") {
        return;
    }
    let digest = pades::sign::Digest::Sha384;
    let request = TimestampRequest::new(digest, &digest.of(&[b"text"]), [0xff; 16]).unwrap();
    let answer = data::answer(request.der(), "tsa");
    let timestamp = request.accept(&answer).unwrap();
    assert!(timestamp.time().unix_seconds() > 1_600_000_000);
    let place = tempfile::tempdir().unwrap();
    let (query, reply) = (place.path().join("query"), place.path().join("reply"));
    std::fs::write(&query, request.der()).unwrap();
    std::fs::write(&reply, &answer).unwrap();
    let output = Command::new("openssl")
        .args(["ts", "-verify", "-queryfile"])
        .arg(&query)
        .arg("-in")
        .arg(&reply)
        .arg("-CAfile")
        .arg(data::folder().join("pki/root.pem"))
        .output()
        .unwrap();
    assert!(data::said(&output).contains("Verification: OK"));
}
