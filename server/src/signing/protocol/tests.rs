//! What protocols say.

use paper::report::Report;
use serde_json::{Value, json};

use super::said::{Facts, report};
use crate::base::{
    AccountId, DepartmentId, DocumentId, SigningJobId, TabletId, Timestamp, VersionId,
};
use crate::signing::model::{Level, Outcome, SigningJob, Spot, State, Tongue};

fn at(seconds: i64) -> Timestamp {
    Timestamp::of_micros(1_772_452_800_000_000).plus_seconds(seconds)
}

fn outcome() -> Outcome {
    Outcome {
        held: None,
        archive_until: None,
        strokes_sha256: [2; 32],
        signed: VersionId::new(),
        level: Level::Basic,
        evidence: String::new(),
    }
}

fn job() -> SigningJob {
    SigningJob {
        id: SigningJobId::new(),
        version: 4,
        document: DocumentId::new(),
        shown: VersionId::new(),
        number: 1,
        sha256: [1; 32],
        department: DepartmentId::of(uuid::Uuid::nil()),
        tablet: TabletId::new(),
        clerk: AccountId::new(),
        purpose: "Aushändigung".to_owned(),
        sentence: "Ich habe den Ausweis erhalten.".to_owned(),
        language: Tongue::German,
        spot: Spot::Field("unterschrift".to_owned()),
        nonce: "5a17".to_owned(),
        state: State::Done,
        reason: None,
        created_at: at(0),
        expires_at: at(600),
        shown_at: Some(at(1)),
        signing_at: Some(at(30)),
        ended_at: Some(at(50)),
        pages: Vec::new(),
        restarts: 1,
        outcome: Some(outcome()),
        identity_check: None,
        protocol: None,
        paper: None,
    }
}

fn written(evidence: Value) -> Report {
    let facts = Facts {
        town: "Stadt Musterstadt",
        office: "Bürgerbüro",
        reference: Some("02.1-1".to_owned()),
        title: "Empfangsbestätigung",
        purpose: "Aushändigung",
        sentence: "Ich habe den Ausweis erhalten.",
        clerk: "J. Brinkhoff".to_owned(),
        check: None,
        evidence,
        now: at(60),
    };
    report(&job(), &outcome(), &facts)
}

fn words(report: &Report) -> String {
    format!("{:?}", report.blocks)
}

#[test]
fn what_was_found_out_is_said_and_what_was_not_is_a_gap() {
    let evidence = json!({
        "signed_sha256": "ab12", "language": "de", "zoom": 150, "gap": [900, 20000], "field": "f",
        "strokes": {"pointer": "pen", "count": 3, "points": 180, "milliseconds": 900, "width": 400,
            "height": 90, "sha256": "cd34"},
        "pages": [{"page": 1, "seconds": 12, "picture_sha256": "ef56"}],
        "device": {"name": "Tablet 2", "counter": "Schalter 2", "key": "04bb", "key_sha256": "aa",
            "signature": "sig", "body_sha256": "body77"},
        "times": {"sent": "2026-03-02T12:00:00Z", "shown": null},
    });
    let said = words(&written(evidence));
    for wanted in [
        "ab12",
        "150 %",
        "Stift",
        "400 × 90",
        "ef56",
        "Tablet 2",
        "04bb",
        "sig",
        "body77",
        "ab Byte 900, 20000 Bytes",
        "02.03.2026, 13:00:00 Uhr (UTC+1)",
        "keine eingetragen",
        "nicht aufbewahrt",
        "handschriftlichen",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(!said.contains("qualifiziert"), "{said}");
}

#[test]
fn evidence_of_any_shape_makes_a_report() {
    for evidence in [
        Value::Null,
        json!([]),
        json!({"pages": {}, "gap": "x", "strokes": 3, "sealed_strokes": 1}),
        json!({"pages": [null, 7, {"page": {}}], "device": [], "times": {"sent": "never"}}),
    ] {
        let report = written(evidence);
        assert!(report.blocks.len() > 10);
        assert!(paper::report::render(&report).is_ok());
    }
}
