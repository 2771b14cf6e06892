//! Signed files of `tests/data`, and what is to be said of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Level, Reason, Report, TimeSource, Trust, Verdict, job, verify};

/// 5 December 2026, noon in UTC: the files were signed a few days before.
const AT: i64 = 1_796_472_000;
/// 1 February 2027.
const LATER: i64 = 1_801_483_200;

fn data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
}

fn trust() -> Trust {
    let mut trust = Trust::new();
    let root = std::fs::read(data().join("trust/root.pem")).expect("a root");
    trust.add("root.pem", &root).expect("a certificate");
    trust
}

/// The samples by name, in order.
fn samples() -> BTreeMap<String, Vec<u8>> {
    let folder = std::fs::read_dir(data()).expect("a folder");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let pdfs = paths.filter(|path| path.extension().is_some_and(|it| it == "pdf"));
    pdfs.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy();
        (name.into_owned(), std::fs::read(&path).expect("a sample"))
    })
    .collect()
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(data().join(format!("{name}.pdf"))).expect("a sample")
}

/// One line for a file: its verdicts with their reasons.
fn line(report: &Report) -> String {
    let mut parts = Vec::new();
    parts.extend(report.problem.map(|it| format!("problem: {}", it.as_str())));
    for one in &report.signatures {
        let reasons: Vec<&str> = one.reasons.iter().map(|it| it.as_str()).collect();
        let level = one.level.map_or("-", Level::as_str);
        let verdict = one.verdict.as_str();
        parts.push(format!(
            "{}: {verdict} {level} [{}]",
            one.field,
            reasons.join(" ")
        ));
    }
    parts.join("; ")
}

#[test]
fn every_sample_is_judged_as_the_table_says() {
    let trust = trust();
    let mut table = String::new();
    for (name, bytes) in samples() {
        let report = verify(&bytes, &trust, AT);
        table.push_str(&format!("{name}\t{}\n", line(&report)));
    }
    let expected = std::fs::read_to_string(data().join("expected.tsv")).unwrap_or_default();
    let new = table.lines().filter(|line| !expected.contains(line));
    let new: Vec<&str> = new.collect();
    assert!(
        table == expected,
        "not in the table: {new:#?}\nthe table is\n{table}"
    );
}

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

fn holds(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Valid | Verdict::ValidBut)
}

#[test]
fn what_was_signed_cannot_be_changed_in_one_bit() {
    let (trust, mut chance) = (trust(), Chance(7));
    for (name, bytes) in samples() {
        if name.starts_with("x-") {
            continue;
        }
        let whole = verify(&bytes, &trust, AT);
        for _ in 0..8 {
            let (at, bit) = (chance.below(bytes.len()), chance.below(8));
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let report = verify(&changed, &trust, AT);
            for one in report.signatures.iter().filter(|one| holds(one.verdict)) {
                // It holds still only if the bit lies behind it, or says the same in another way.
                let before = whole.signatures.iter();
                let mut before = before.filter(|it| it.field == one.field);
                assert!(before.any(|it| holds(it.verdict)), "{name} {at} {bit}");
                let covered = one.coverage.expect("a coverage").bytes;
                let behind = u64::try_from(at).expect("small") >= covered;
                // Not all that comes in a signature is signed: certificates that are known otherwise.
                let spoken = is_digit(&bytes, at);
                assert!(behind || spoken, "{name} {at} {bit} {one:?}");
            }
        }
    }
}

/// Whether a place of a file lies in a long row of digits: in a signature.
fn is_digit(bytes: &[u8], at: usize) -> bool {
    let around = bytes.get(at.saturating_sub(8)..at + 8).unwrap_or_default();
    around
        .iter()
        .filter(|byte| byte.is_ascii_hexdigit())
        .count()
        > 12
}

#[test]
fn a_file_that_was_cut_holds_no_more_than_what_is_there() {
    let (trust, mut chance) = (trust(), Chance(11));
    for (name, bytes) in samples() {
        for _ in 0..15 {
            let end = chance.below(bytes.len());
            let cut = bytes.get(..end).expect("within");
            for one in verify(cut, &trust, AT).signatures {
                let covered = one.coverage.map(|it| it.bytes);
                let whole = covered.is_some_and(|it| it <= u64::try_from(end).expect("small"));
                assert!(!holds(one.verdict) || whole, "{name} {end}");
            }
        }
    }
}

#[test]
fn no_attack_is_called_valid() {
    let trust = trust();
    // What is left of these is a signature that holds, of less than there was.
    let harmless = ["x-store-cut", "x-overlay-by-stranger"];
    for (name, bytes) in samples() {
        if !name.starts_with("x-") || harmless.contains(&name.as_str()) {
            continue;
        }
        let verdict = verify(&bytes, &trust, AT).verdict();
        assert!(verdict > Some(Verdict::ValidBut), "{name}");
    }
}

/// Attacks of `tests/data/shadow`, and what was signed there.
fn shadows() -> BTreeMap<String, Report> {
    let folder = data().join("shadow");
    let mut trust = Trust::new();
    let root = std::fs::read(folder.join("root.pem")).expect("a root");
    trust.add("root.pem", &root).expect("a certificate");
    let entries = std::fs::read_dir(&folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let pdfs = paths.filter(|path| path.extension().is_some_and(|it| it == "pdf"));
    pdfs.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy();
        let bytes = std::fs::read(&path).expect("a sample");
        (name.into_owned(), verify(&bytes, &trust, AT))
    })
    .collect()
}

#[test]
fn what_a_page_shows_has_no_second_role_in_which_it_may_be_changed() {
    let all = shadows();
    let attacks = all.iter().filter(|(name, _)| !name.ends_with("-before"));
    let attacks: Vec<_> = attacks.collect();
    assert_eq!(attacks.len(), 15);
    for (name, report) in attacks {
        let held = report.signatures.iter().filter(|one| holds(one.verdict));
        assert_eq!(held.count(), 0, "{name} {}", line(report));
    }
    // What was signed holds, where nobody prepared it to be read in two ways.
    for name in [
        "catalogue-as-pictures-before",
        "field-as-pictures-before",
        "lock-before",
        "object-stream-before",
        "same-name-before",
        "timestamp-before",
    ] {
        let report = &all[name];
        let verdict = report.verdict();
        assert!(verdict.is_some_and(holds), "{name} {}", line(report));
    }
}

#[test]
fn nobody_is_trusted_who_was_not_named() {
    for (name, bytes) in samples() {
        for one in verify(&bytes, &Trust::new(), AT).signatures {
            assert!(!holds(one.verdict), "{name}");
        }
    }
}

#[test]
fn a_timestamp_outlives_the_certificate_and_a_claim_does_not() {
    let of = |name: &str| verify(&sample(name), &trust(), LATER).signatures.remove(0);
    let claimed = of("soon-expired");
    assert_eq!(claimed.verdict, Verdict::Indeterminate);
    assert!(claimed.reasons.contains(&Reason::ExpiredWithoutProof));
    let stamped = of("soon-expired-stamped");
    assert_eq!(stamped.verdict, Verdict::ValidBut);
    let source = stamped.signed_at.map(|it| it.source);
    assert_eq!(source, Some(TimeSource::SignatureTimestamp));
}

#[test]
fn a_worker_says_what_the_function_says() {
    let (bytes, trust) = (sample("blta"), trust());
    let mut job = job::head(AT);
    job.extend(job::pack(&trust).expect("packed"));
    job.extend(&bytes);
    let said = job::run(&job).expect("a report");
    let report = job::report(&said).expect("a report");
    assert_eq!(report, verify(&bytes, &trust, AT));
    assert!(job::run(b"nonsense").is_none());
}

#[test]
fn reasons_have_names_of_their_own() {
    let mut names: Vec<&str> = Reason::ALL.iter().map(|it| it.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Reason::ALL.len());
    for reason in Reason::ALL {
        let json = serde_json::to_value(reason).expect("a name");
        assert_eq!(json, reason.as_str());
        assert!(reason.german().ends_with('.') && reason.english().ends_with('.'));
    }
}

#[test]
fn the_manual_has_every_reason() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/signatures.md");
    let page = std::fs::read_to_string(path).expect("docs/signatures.md");
    let table = Reason::table();
    assert!(page.contains(&table), "docs/signatures.md lacks\n{table}");
}

#[test]
fn salt_of_any_length_is_read_and_no_other_than_what_was_signed() {
    let bytes = sample("bb-pss");
    let first = |bytes: &[u8]| verify(bytes, &trust(), AT).signatures.remove(0);
    let one = first(&bytes);
    assert_eq!(one.algorithm.as_deref(), Some("RSA-PSS SHA-256"));
    assert_eq!(one.verdict, Verdict::ValidBut, "{:?}", one.reasons);
    // The last digits of the signature itself: behind it there are only zeros.
    let digits = bytes.iter().enumerate();
    let mut last = digits.filter(|(at, byte)| **byte != b'0' && is_digit(&bytes, *at));
    let (at, _) = last.next_back().expect("a signature");
    let mut changed = bytes.clone();
    changed[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
    assert_eq!(first(&changed).verdict, Verdict::Invalid);
}

/// A sample with one more revision: validation data in its catalogue, and this document information.
fn proven_later(name: &str, information: &str) -> Vec<u8> {
    let mut bytes = sample(name);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (_, catalogue) = text.rsplit_once("\n1 0 obj\n").expect("a catalogue");
    let (catalogue, _) = catalogue.split_once("endobj").expect("its end");
    let (catalogue, _) = catalogue.rsplit_once(">>").expect("a dictionary");
    let (_, prev) = text.rsplit_once("startxref\n").expect("a place");
    let prev = prev.lines().next().expect("a number");
    let objects = [
        (1, format!("{catalogue}/DSS 90 0 R >>")),
        (90, "<< /Certs [91 0 R] >>".to_owned()),
        (91, "<< /Length 4 >>\nstream\nxxxx\nendstream".to_owned()),
        (92, information.to_owned()),
    ];
    let mut table = String::from("xref\n");
    for (number, body) in objects {
        table.push_str(&format!("{number} 1\n{:010} 00000 n \n", bytes.len()));
        bytes.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    }
    let at = bytes.len();
    table.push_str(&format!(
        "trailer\n<< /Size 93 /Root 1 0 R /Info 92 0 R /Prev {prev} >>\nstartxref\n{at}\n%%EOF\n"
    ));
    bytes.extend(table.bytes());
    bytes
}

#[test]
fn whoever_proves_what_was_certified_notes_that_he_wrote_and_gives_no_other_title() {
    let first = |name: &str, information: &str| {
        let bytes = proven_later(name, information);
        verify(&bytes, &trust(), AT).signatures.remove(0)
    };
    let noted = "<< /ModDate (D:20261127) /Producer (Amt) >>";
    let one = first("certified-1", noted);
    assert_eq!(one.verdict, Verdict::ValidBut, "{:?}", one.reasons);
    assert!(one.reasons.contains(&Reason::LaterValidationData));
    assert!(one.reasons.contains(&Reason::MetadataChangedLater));
    let named = "<< /ModDate (D:20261127) /Title (Anders) >>";
    let one = first("certified-1", named);
    assert_eq!(one.verdict, Verdict::Invalid, "{:?}", one.reasons);
    assert!(one.reasons.contains(&Reason::ChangedLocked));
    let told = one
        .changes
        .iter()
        .find(|it| it.reason == Reason::ChangedLocked);
    assert_eq!(told.and_then(|it| it.what.as_deref()), Some("Title"));
    // Whoever allows forms to be filled in has not locked the title.
    let one = first("certified-2", named);
    assert_eq!(one.verdict, Verdict::ValidBut, "{:?}", one.reasons);
}

/// What programs of others write, and what may not be taken for that (`tests/data/foreign`).
#[test]
fn what_programs_of_others_write_is_judged_for_what_it_is() {
    let folder = data().join("foreign");
    let mut trust = Trust::new();
    let root = std::fs::read(folder.join("root.pem")).expect("a root");
    trust.add("root.pem", &root).expect("a certificate");
    for (name, verdict, reason) in [
        (
            "certified-1-stamped",
            Verdict::Valid,
            Reason::LaterTimestamp,
        ),
        ("closed", Verdict::ValidBut, Reason::FormFilledLater),
        (
            "issuer-in-other-letters",
            Verdict::ValidBut,
            Reason::TimeClaimed,
        ),
        ("mask-sha1", Verdict::ValidBut, Reason::TimeClaimed),
        ("mask-sha512", Verdict::ValidBut, Reason::TimeClaimed),
        ("sha3", Verdict::Indeterminate, Reason::AlgorithmUnsupported),
        (
            "x-certified-1-renamed",
            Verdict::Invalid,
            Reason::ChangedLocked,
        ),
        (
            "x-certified-1-stamped-renamed",
            Verdict::Invalid,
            Reason::ChangedLocked,
        ),
        ("x-opened", Verdict::Invalid, Reason::ChangedFields),
        (
            "x-other-algorithm",
            Verdict::Invalid,
            Reason::AttributesInvalid,
        ),
        (
            "x-other-issuer",
            Verdict::Indeterminate,
            Reason::CertificateMissing,
        ),
        ("x-secret", Verdict::Invalid, Reason::ChangedFields),
    ] {
        let bytes = std::fs::read(folder.join(format!("{name}.pdf"))).expect("a sample");
        let report = verify(&bytes, &trust, AT);
        let first = report.signatures.first().expect("a signature");
        assert_eq!(first.verdict, verdict, "{name} {}", line(&report));
        assert!(first.reasons.contains(&reason), "{name} {}", line(&report));
    }
}
