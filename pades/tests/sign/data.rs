//! What the tests read and start: certificates, keys, sample files, and the programs of others.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pades::sign::{
    Appearance, At, Chain, Cms, FieldName, Instant, Kind, NewField, Pdf, PemSigner, Place,
    Prepared, RESERVE_BYTES, Rect, Request, Statement, Timestamp, TimestampRequest, ValidationData,
    sign,
};
use pades::strokes::Strokes;

/// 2 March 2026, at noon.
pub(crate) const NOON: Instant = Instant::from_unix_seconds(1_772_452_800);

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

pub(crate) fn pki(name: &str) -> Vec<u8> {
    read(&format!("pki/{name}"))
}

pub(crate) fn form() -> Pdf {
    Pdf::open(read("unsigned/form.pdf")).unwrap()
}

/// The certificate of a key, and the root behind it.
pub(crate) fn chain(name: &str) -> Chain {
    let mut pem = pki(&format!("{name}.pem"));
    pem.extend(pki("root.pem"));
    Chain::from_pem(&pem).unwrap()
}

pub(crate) fn signer(name: &str) -> PemSigner {
    PemSigner::new(&pki(&format!("{name}.key")), chain(name)).unwrap()
}

/// A field at the foot of the first page.
pub(crate) fn field(name: &str) -> NewField {
    NewField {
        name: FieldName::new(name).unwrap(),
        place: Place::On {
            page: 1,
            rect: Rect {
                left: 80.0,
                bottom: 450.0,
                width: 200.0,
                height: 70.0,
            },
        },
        description: "Unterschrift der antragstellenden Person".to_owned(),
    }
}

pub(crate) fn unseen(name: &str) -> NewField {
    NewField {
        name: FieldName::new(name).unwrap(),
        place: Place::Nowhere,
        description: "Zeitstempel".to_owned(),
    }
}

pub(crate) fn statement() -> Statement {
    Statement {
        time: Some(NOON),
        name: Some("Stadt Müsterstadt".to_owned()),
        reason: Some("Handschriftliche elektronische Unterschrift am Schalter".to_owned()),
        location: None,
        contact: None,
    }
}

pub(crate) fn prepare(pdf: &Pdf, at: At<'_>, kind: Kind, appearance: Appearance<'_>) -> Prepared {
    let request = Request {
        at,
        kind,
        appearance,
        statement: &statement(),
        reserve_bytes: RESERVE_BYTES,
    };
    Prepared::new(pdf, &request).unwrap()
}

/// A file that is signed at B-B, with strokes, by the key of that name.
pub(crate) fn signed_by(pdf: &Pdf, field_name: &str, key: &str) -> Pdf {
    let strokes = strokes();
    let field = field(field_name);
    let prepared = prepare(
        pdf,
        At::New(&field),
        Kind::Signature,
        Appearance::Strokes(&strokes),
    );
    let cms = sign(&prepared, &signer(key)).unwrap();
    prepared.complete(&cms).unwrap()
}

/// A file whose signature has a timestamp at once.
pub(crate) fn timestamped(pdf: &Pdf, field_name: &str, key: &str, authority: &str) -> Pdf {
    let field = field(field_name);
    let strokes = strokes();
    let prepared = prepare(
        pdf,
        At::New(&field),
        Kind::Signature,
        Appearance::Strokes(&strokes),
    );
    let cms = sign(&prepared, &signer(key)).unwrap();
    let cms = cms.with_timestamp(&timestamp(&cms, authority)).unwrap();
    prepared.complete(&cms).unwrap()
}

pub(crate) fn timestamp(cms: &Cms, authority: &str) -> Timestamp {
    let request = TimestampRequest::for_signature(cms, [7; 16]).unwrap();
    request.accept(&answer(request.der(), authority)).unwrap()
}

/// The root, what is revoked, and who signed and stamped.
pub(crate) fn validation_data(keys: &[&str]) -> ValidationData {
    let mut data = ValidationData {
        crls: vec![pki("root.crl")],
        ..ValidationData::default()
    };
    for key in keys {
        data.add_certificates(chain(key).certificates()).unwrap();
    }
    data
}

/// Adds a timestamp over the whole file.
pub(crate) fn document_timestamped(pdf: &Pdf, authority: &str) -> Pdf {
    let mut field = unseen("Zeitstempel");
    field.name = field.name.free_in(pdf);
    let prepared = prepare(
        pdf,
        At::New(&field),
        Kind::DocumentTimestamp,
        Appearance::Nothing,
    );
    let digest = pades::sign::Digest::Sha256;
    let request = TimestampRequest::new(digest, &prepared.digest(digest), [9; 16]).unwrap();
    let timestamp = request.accept(&answer(request.der(), authority)).unwrap();
    prepared.complete_with_timestamp(&timestamp).unwrap()
}

/// What `openssl ts` answers in the name of that authority; with SHA-512, where its curve is none of SHA-256.
pub(crate) fn answer(request: &[u8], authority: &str) -> Vec<u8> {
    let place = tempfile::tempdir().unwrap();
    let query = place.path().join("query");
    std::fs::write(&query, request).unwrap();
    let pki = folder().join("pki");
    let section = match authority {
        "tsa521" | "tsabp384" => "tsa512_config",
        _ => "tsa_config",
    };
    let output = Command::new("openssl")
        .args(["ts", "-reply", "-section", section])
        .arg("-config")
        .arg(pki.join("tsa.cnf"))
        .arg("-queryfile")
        .arg(&query)
        .arg("-signer")
        .arg(pki.join(format!("{authority}.pem")))
        .arg("-inkey")
        .arg(pki.join(format!("{authority}.key")))
        .env("TSA_SERIAL", place.path().join("serial"))
        .output()
        .unwrap();
    assert!(output.status.success(), "openssl ts: {}", said(&output));
    output.stdout
}

/// A record of a signature: three strokes of a pen, each sample further than the last.
pub(crate) fn record() -> String {
    let mut strokes = Vec::new();
    let mut t = 0.0_f64;
    for stroke in 0..3 {
        let mut points = Vec::new();
        for step in 0..80 {
            let (at, angle) = (f64::from(step), f64::from(step) / 6.0);
            let x = 120.0 + f64::from(stroke) * 170.0 + at * 1.9;
            let y = 160.0 + angle.sin() * (60.0 - at * 0.4);
            let p = 0.35 + 0.3 * (angle / 2.0).cos().abs();
            points.push(format!(
                r#"{{"x":{x:.2},"y":{y:.2},"t":{t:.1},"p":{p:.4},"tx":12,"ty":-7}}"#
            ));
            t += 5.0;
        }
        t += 120.0;
        strokes.push(format!(r#"{{"pts":[{}]}}"#, points.join(",")));
    }
    format!(
        r#"{{"v":1,"unit":"css-px","ppi":96,"w":900,"h":320,"dpr":2,"started":{{"server":1772452800000,"client":1772452799310}},"pointerType":"pen","strokes":[{}]}}"#,
        strokes.join(",")
    )
}

pub(crate) fn strokes() -> Strokes {
    Strokes::parse(record().as_bytes()).unwrap()
}

/// Whether a program of others is there; says so where it is not, and fails in CI.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        skip(&format!("{program} is missing"));
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings")]
pub(crate) fn skip(why: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "in CI nothing is skipped: {why}"
    );
    println!("skipped: {why}");
}

pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
