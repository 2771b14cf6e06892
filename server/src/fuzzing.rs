//! What of the server reads what strangers wrote, each as a function of bytes: for the fuzzer in `fuzz/`, and
//! for the replay of its corpus in the tests here.
//!
//! A function panics where something is wrong, and says nothing otherwise.

use actix_web::FromRequest;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use serde::Deserialize;

use crate::audit::add_checkpoint::AddCheckpoint;
use crate::audit::bundle::openings::Line;
use crate::audit::merkle::{Frontier, hashes, verify_consistency, verify_inclusion};
use crate::audit::tile::{TilePath, entries};
use crate::audit::{
    Checkpoint, Handover, Hash, Leaf, LeafView, NoteKey, Policy, Slot, WitnessKey, canonical,
    leaf_hash, record_line,
};
use crate::base::CivilDate;
use crate::base::pattern::{Facts, Level, Pattern, REFERENCE_CHARS_MAX};
use crate::departments::cookie_of;
use crate::http::extract::{
    ETag, IdempotencyKey, IfMatch, IfNoneMatch, IfRange, RequestId, TraceParent, Wanted, json_of,
    pairs, wanted,
};
use crate::http::multipart::{Content, Upload};
use crate::http::name::{Disposition, FILE_NAME_BYTES_MAX, FileName};
use crate::http::page::{Cursors, PageRequest};
use crate::http::{Language, Problem};
use crate::types::{Sheet, read_value};
use crate::virus::Verdict;
use crate::{file_plan, oidc, virus};

/// A name, and what is to be tried under it.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 17] = [
    ("canonical", canonical_value),
    ("clamd", answer),
    ("file_name", file_name),
    ("headers", headers),
    ("json", json),
    ("leaf", leaf),
    ("multipart", multipart),
    ("note", note),
    ("openings", openings),
    ("page", page),
    ("pattern", pattern),
    ("plan", plan),
    ("proof", proof),
    ("tiles", tiles),
    ("token", token),
    ("types", types),
    ("value", value),
];

/// Gives bytes to the target of this name.
///
/// # Panics
/// Where the target does, or where there is none.
pub fn run(name: &str, bytes: &[u8]) {
    let found = TARGETS.into_iter().find(|(known, _)| *known == name);
    let (_, target) = found.expect("a target of this name");
    target(bytes);
}

/// What was refused is the sender's fault and can be said in both languages.
fn told(problem: &Problem) {
    for language in [Language::German, Language::English] {
        let body = problem.body(language, None);
        assert!(body.status < 500, "a fault of ours: {problem:?}");
        assert!(!body.title.is_empty(), "no title: {problem:?}");
    }
}

fn leaf(bytes: &[u8]) {
    drop(record_line(bytes));
    if let Ok(view) = LeafView::parse(bytes) {
        let said = view.subjects().count() + view.private().count() + view.targets().count();
        assert!(said <= bytes.len());
    }
    if let Ok(leaf) = Leaf::parse(bytes) {
        assert_eq!(leaf.to_bytes().ok().as_deref(), Some(bytes), "one writing");
    }
}

fn canonical_value(bytes: &[u8]) {
    let parsed = canonical::Value::parse(bytes);
    assert_eq!(parsed.is_ok(), canonical::check(bytes).is_ok());
    if let Ok(value) = parsed {
        assert_eq!(value.to_bytes(), bytes, "one writing");
    }
}

/// A note; what stands in it is tried as a key, as a policy and as a question to a witness too.
fn note(bytes: &[u8]) {
    if let Ok(claimed) = Checkpoint::claimed(bytes) {
        let again = Checkpoint::parse_text(&claimed.to_text());
        assert_eq!(again.ok(), Some(claimed));
    }
    if let Ok(handover) = Handover::open(bytes) {
        assert!(Checkpoint::claimed(bytes).is_err(), "it is no checkpoint");
        let again = Handover::parse_text(&handover.to_text());
        assert_eq!(again, Some(handover));
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(key) = text.trim().parse::<NoteKey>() {
        assert_eq!(key.to_string().parse::<NoteKey>().ok(), Some(key));
    }
    if let Ok(key) = text.trim().parse::<WitnessKey>() {
        assert_eq!(key.to_string().parse::<WitnessKey>().ok(), Some(key));
    }
    if let Some(asked) = AddCheckpoint::parse(bytes) {
        assert_eq!(asked.to_body(), bytes, "one writing");
    }
    if let Ok(policy) = Policy::parse(&text) {
        assert_eq!(
            Policy::parse(&policy.to_string()).ok(),
            Some(policy.clone())
        );
        assert!(policy.open(bytes).is_err(), "a policy signs nothing");
    }
}

/// A path of a tile, or the bytes of a bundle of entries, or a frontier.
fn tiles(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text, "one writing");
    }
    let read: usize = entries(bytes).flatten().map(|entry| entry.len() + 2).sum();
    assert!(read <= bytes.len());
    if let Ok(frontier) = Frontier::from_bytes(bytes) {
        assert_eq!(frontier.to_bytes(), bytes);
        frontier.root();
    }
}

/// Two numbers of eight bytes, then hashes: a proof that somebody made up.
fn proof(bytes: &[u8]) {
    let Some((numbers, rest)) = bytes.split_first_chunk::<16>() else {
        return;
    };
    let [one, other] = [0, 8].map(|at| {
        let eight = numbers.iter().skip(at).take(8);
        eight.fold(0, |number: u64, byte| number << 8 | u64::from(*byte))
    });
    let whole = rest.len() - rest.len() % 32;
    let proof = hashes(rest.get(..whole).unwrap_or_default()).unwrap_or_default();
    let (leaf, root) = (leaf_hash(b"made up"), Hash([1; 32]));
    assert!(verify_inclusion(one, other, &leaf, &proof, &root).is_err());
    verify_consistency(one, other, &leaf, &root, &proof).ok();
}

/// Lines of openings, as a bundle brings them.
fn openings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        if let Some(read) = Line::parse(line) {
            assert_eq!(Line::seq_of(line.as_bytes()), Some(read.seq));
            if let Ok(slot) = read.slot.parse::<Slot>() {
                assert_eq!(slot.to_string(), read.slot, "one writing");
            }
        }
    }
}

fn plan(bytes: &[u8]) {
    match file_plan::read(bytes) {
        Ok(draft) => {
            let mut codes: Vec<&str> = draft.entries.iter().map(|it| it.code.as_str()).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), draft.entries.len(), "a mark stands once");
        }
        Err(findings) => {
            assert!(findings.list().len() <= 1_000);
            for finding in findings.list() {
                assert!(!finding.sentence(Language::German).is_empty());
            }
        }
    }
}

fn pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(pattern) = text.parse::<Pattern>() else {
        return;
    };
    assert_eq!(
        pattern.to_string().parse::<Pattern>().ok(),
        Some(pattern.clone())
    );
    let facts = Facts {
        unit: "02.1.4",
        year: 2026,
        file: "02.1.4-2026/0007",
        case: "02.1.4-2026/0007-3",
        org: "ordnung",
    };
    for level in [Level::File, Level::Case, Level::Document] {
        if pattern.check(level).is_ok() {
            let made = pattern.make(&facts, u64::MAX);
            assert!(made.is_none_or(|made| made.chars().count() <= REFERENCE_CHARS_MAX));
        }
    }
}

/// What stands behind the `?` of a list.
fn page(bytes: &[u8]) {
    let cursors = Cursors::new([7; 32]);
    let text = String::from_utf8_lossy(bytes);
    let read = pairs(&text).and_then(|pairs| PageRequest::read(&pairs));
    match read.and_then(|page| page.after::<(i64, String)>(&cursors, "fuzz")) {
        Ok(Some(key)) => {
            let again = cursors.seal("fuzz", &key);
            assert!(again.is_ok(), "what was sealed can be sealed");
        }
        Ok(None) => {}
        Err(problem) => told(&problem),
    }
}

/// One value in every header that is read by us.
fn headers(bytes: &[u8]) {
    const LENGTHS: [u64; 4] = [0, 1, 1_000, u64::MAX];
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut request = TestRequest::default();
    for name in [
        "if-match",
        "if-none-match",
        "if-range",
        "range",
        "idempotency-key",
        "accept-language",
        "traceparent",
        "x-request-id",
        "cookie",
    ] {
        request = request.insert_header((name, value.clone()));
    }
    let request = request.to_http_request();
    let tag = ETag::of_version(1);
    match IfMatch::read(&request) {
        Ok(found) => {
            if let Some(Err(problem)) = found.map(|found| found.check(&tag)) {
                told(&problem);
            }
        }
        Err(problem) => told(&problem),
    }
    match IfNoneMatch::read(&request) {
        Ok(found) => assert!(!found.has(&tag) || !bytes.is_empty()),
        Err(problem) => told(&problem),
    }
    if let Err(problem) = IdempotencyKey::read(&request) {
        told(&problem);
    }
    let ranged = IfRange::read(&request).allows(&tag);
    assert!(!ranged || !bytes.is_empty());
    for length in LENGTHS {
        if let Wanted::Part(span) = wanted(&request, length) {
            assert!(span.length > 0 && span.last() < length, "{span:?}");
        }
    }
    Language::of(request.headers());
    assert!(!RequestId::incoming(request.headers()).0.is_nil());
    if let Some(trace) = TraceParent::incoming(request.headers()) {
        assert_eq!(trace.trace_id().len(), 32);
    }
    assert!(cookie_of(&request, "papierlos").is_none_or(|secret| secret.len() <= bytes.len()));
}

/// Something with fields, so that faults have names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    title: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    number: Option<u8>,
}

fn json(bytes: &[u8]) {
    match json_of::<Asked>(bytes, "/metadata") {
        Ok(asked) => {
            let mut all = asked.tags.iter().chain([&asked.title]);
            assert!(all.all(|text| !text.contains('\0')), "{:?}", asked.number);
        }
        Err(problem) => told(&problem),
    }
}

fn value(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    if let Ok(value) = read_value(&json) {
        let kept = value.to_canonical().to_bytes();
        assert!(canonical::check(&kept).is_ok(), "{value:?}");
        assert!(!value.to_json().is_null());
    }
}

/// A file of types and fields in TOML, and a day in text.
fn types(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    Sheet::read(&text).ok();
    if let Some(day) = CivilDate::parse(&text) {
        assert_eq!(day.year(), day.date().year());
    }
}

fn file_name(bytes: &[u8]) {
    let Some(name) = FileName::clean(&String::from_utf8_lossy(bytes)) else {
        return;
    };
    let kept = name.as_str();
    assert!((1..=FILE_NAME_BYTES_MAX).contains(&kept.len()), "{kept:?}");
    assert!(
        !kept.contains(['/', '\\']) && kept != "." && kept != "..",
        "{kept:?}"
    );
    assert!(!kept.chars().any(char::is_control), "{kept:?}");
    for way in [Disposition::Attachment, Disposition::Inline] {
        let header = name.disposition(way);
        assert!(
            header.is_ascii() && HeaderValue::from_str(&header).is_ok(),
            "{header:?}"
        );
    }
}

/// The body of a form with the boundary `XX`.
fn multipart(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let body = bytes.to_vec();
    let seen = runtime.expect("a runtime").block_on(async move {
        let (request, mut payload) = TestRequest::post()
            .insert_header(("content-type", "multipart/form-data; boundary=XX"))
            .set_payload(body)
            .to_http_parts();
        let upload = Upload::from_request(&request, &mut payload).await?;
        let received = upload
            .read::<serde_json::Value, u64>(async |_metadata, mut content: Content| {
                while let Some(piece) = content.piece().await {
                    piece?;
                }
                Ok(content.seen_bytes())
            })
            .await?;
        Ok::<u64, Problem>(received.content)
    });
    match seen {
        Ok(seen) => assert!(u64::try_from(bytes.len()).is_ok_and(|sent| seen <= sent)),
        Err(problem) => told(&problem),
    }
}

fn answer(bytes: &[u8]) {
    if let Some(Verdict::Infected(name)) = virus::told(&String::from_utf8_lossy(bytes)) {
        assert!(!name.chars().any(char::is_control), "{name:?}");
    }
}

/// A token in the first line, keys in JSON below it.
fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (token, keys) = text.split_once('\n').unwrap_or((&text, ""));
    oidc::is_signed(token, keys);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_of_strangers_never_makes_it_panic() {
        for (name, target) in TARGETS {
            havoc::replay(name, 100, target);
        }
    }
}
