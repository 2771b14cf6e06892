//! Signatures on the wire, and on the command line.

use pades::verify::{CertificateInfo, Change, Reason, Report, Signature, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use super::check::Checked;
use crate::base::Timestamp;
use crate::http::Language;

/// What is said of the signatures of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileSignatures {
    /// Whether it is a PDF; other files have no signatures that are looked for here.
    pdf: bool,
    /// The worst of the verdicts; absent where nothing is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "valid_but")]
    verdict: Option<&'static str>,
    /// Why the file as a whole cannot be judged, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<SignatureReason>,
    /// States of the file, one after the other, that are kept in it.
    revisions: u32,
    /// How many certificates are trusted here.
    anchors: u32,
    /// When it was judged, UTC: certificates count as of then.
    #[schema(format = DateTime)]
    checked_at: String,
    /// The signatures, in the order in which they were made.
    signatures: Vec<SignatureView>,
}

/// One signature, one verdict.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PdfSignature)]
pub(super) struct SignatureView {
    /// The name of its field.
    #[schema(example = "Siegel")]
    field: String,
    /// What it is for: `approval`, `certification` (it says what may be changed afterwards) or
    /// `document_timestamp`.
    #[schema(example = "approval")]
    kind: &'static str,
    /// `valid`, `valid_but`, `indeterminate` or `invalid`.
    #[schema(example = "valid_but")]
    verdict: &'static str,
    /// The verdict in words.
    #[schema(example = "gültig, aber")]
    verdict_text: &'static str,
    /// Why, the gravest first.
    reasons: Vec<SignatureReason>,
    /// The format as the file names it.
    #[schema(example = "ETSI.CAdES.detached")]
    sub_filter: String,
    /// The digest of the document in the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "SHA-256")]
    digest: Option<String>,
    /// How it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "ECDSA SHA-256")]
    algorithm: Option<String>,
    /// The certificate of who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signer: Option<SignatureCertificate>,
    /// The certificates above it, the trusted one last; empty where none is trusted.
    chain: Vec<SignatureCertificate>,
    /// The file of the trust folder from which the trust comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "wurzel.pem")]
    anchor: Option<String>,
    /// When it was signed, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    signed_at: Option<String>,
    /// Who says so: `signature_timestamp`, `document_timestamp` or `claimed` (the signer alone).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "signature_timestamp")]
    time_source: Option<&'static str>,
    /// What the signer says of the time, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    claimed_at: Option<String>,
    /// Who stamped the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    timestamp_by: Option<SignatureCertificate>,
    /// How far it is prepared for the years to come: `B-B`, `B-T`, `B-LT` or `B-LTA`; absent where it is no PAdES.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "B-LTA")]
    level: Option<&'static str>,
    /// What of the file was signed; absent where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    coverage: Option<SignatureCoverage>,
    /// What the signers allow afterwards: 1 nothing, 2 filling in and signing, 3 annotations too; absent where
    /// none says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 3)]
    permits: Option<u8>,
    /// What happened to the file afterwards.
    changes: Vec<SignatureChange>,
    /// What the signer wrote as the reason; nobody checked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stated_reason: Option<String>,
    /// What the signer wrote as the place; nobody checked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stated_location: Option<String>,
}

/// Why a verdict is what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignatureReason {
    /// Its stable name; `docs/signatures.md` has them all.
    #[schema(example = "time_claimed")]
    code: &'static str,
    /// The sentence, in the language of `Accept-Language`.
    #[schema(example = "Die Zeit der Unterschrift ist nur behauptet; ein Zeitstempel fehlt.")]
    detail: &'static str,
}

/// A certificate in words. All of them come from the certificate itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignatureCertificate {
    /// Whom it names, as RFC 4514 writes it.
    #[schema(example = "CN=Dienstsiegel,O=Stadt Beispielstadt,C=DE")]
    subject: String,
    /// The common name among it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    common_name: Option<String>,
    /// The organisation among it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    organisation: Option<String>,
    /// Who issued it.
    issuer: String,
    /// Its number, in hexadecimal digits.
    serial: String,
    /// SHA-256 of it, in hexadecimal digits.
    sha256: String,
    /// From when it holds, UTC.
    #[schema(format = DateTime)]
    not_before: String,
    /// Until when it holds, UTC.
    #[schema(format = DateTime)]
    not_after: String,
    /// It calls itself qualified. Whether it is, is not said here.
    claims_qualified: bool,
}

/// What of a file was signed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignatureCoverage {
    /// The state of the file that was signed, beginning with 1.
    revision: u32,
    /// How many there are.
    revisions: u32,
    /// It is the file as it is.
    whole_file: bool,
    /// Bytes up to the end of what was signed.
    bytes: u64,
}

/// Something that happened to a file after a signature.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignatureChange {
    /// With which state of the file, beginning with 1.
    revision: u32,
    /// What kind of change it is, as a reason names it.
    #[schema(example = "form_filled_later")]
    code: &'static str,
    /// The sentence, in the language of `Accept-Language`.
    detail: &'static str,
    /// What it happened to: a field, a page, an entry, an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    what: Option<String>,
}

/// A time in UTC, as all others are written.
fn instant(seconds: i64) -> String {
    Timestamp::of_micros(seconds.saturating_mul(1_000_000)).to_string()
}

const fn sentence(reason: Reason, language: Language) -> &'static str {
    match language {
        Language::German => reason.german(),
        Language::English => reason.english(),
    }
}

impl SignatureReason {
    const fn of(reason: Reason, language: Language) -> Self {
        Self {
            code: reason.as_str(),
            detail: sentence(reason, language),
        }
    }
}

impl SignatureCertificate {
    fn of(one: CertificateInfo) -> Self {
        Self {
            subject: one.subject,
            common_name: one.common_name,
            organisation: one.organisation,
            issuer: one.issuer,
            serial: one.serial,
            sha256: one.sha256,
            not_before: instant(one.not_before),
            not_after: instant(one.not_after),
            claims_qualified: one.claims_qualified,
        }
    }
}

impl SignatureChange {
    fn of(one: Change, language: Language) -> Self {
        Self {
            revision: one.revision,
            code: one.reason.as_str(),
            detail: sentence(one.reason, language),
            what: one.what,
        }
    }
}

impl SignatureView {
    fn of(one: Signature, language: Language) -> Self {
        let reasons = one.reasons.iter();
        let changes = one.changes.into_iter();
        Self {
            field: one.field,
            kind: one.kind.as_str(),
            verdict: one.verdict.as_str(),
            verdict_text: match language {
                Language::German => one.verdict.german(),
                Language::English => one.verdict.english(),
            },
            reasons: reasons
                .map(|reason| SignatureReason::of(*reason, language))
                .collect(),
            sub_filter: one.sub_filter,
            digest: one.digest,
            algorithm: one.algorithm,
            signer: one.signer.map(SignatureCertificate::of),
            chain: one
                .chain
                .into_iter()
                .map(SignatureCertificate::of)
                .collect(),
            anchor: one.anchor,
            signed_at: one.signed_at.map(|it| instant(it.seconds)),
            time_source: one.signed_at.map(|it| it.source.as_str()),
            claimed_at: one.claimed_at.map(instant),
            timestamp_by: one.timestamp_by.map(SignatureCertificate::of),
            level: one.level.map(pades::verify::Level::as_str),
            coverage: one.coverage.map(|it| SignatureCoverage {
                revision: it.revision,
                revisions: it.revisions,
                whole_file: it.whole_file,
                bytes: it.bytes,
            }),
            permits: one.permits,
            changes: changes
                .map(|change| SignatureChange::of(change, language))
                .collect(),
            stated_reason: one.stated_reason,
            stated_location: one.stated_location,
        }
    }
}

impl FileSignatures {
    /// What is answered, in this language.
    pub fn of(checked: Checked, at: Timestamp, language: Language) -> Self {
        let none = |pdf, problem: Option<Reason>| Self {
            pdf,
            verdict: problem.map(|_reason| Verdict::Indeterminate.as_str()),
            problem: problem.map(|reason| SignatureReason::of(reason, language)),
            revisions: 0,
            anchors: 0,
            checked_at: at.to_string(),
            signatures: Vec::new(),
        };
        match checked {
            Checked::NoPdf => none(false, None),
            Checked::Failed(reason) => none(true, Some(reason)),
            Checked::Judged(report) => Self::of_report(*report, language),
        }
    }

    fn of_report(report: Report, language: Language) -> Self {
        let verdict = report.verdict();
        let signatures = report.signatures.into_iter();
        Self {
            pdf: true,
            verdict: verdict.map(Verdict::as_str),
            problem: report
                .problem
                .map(|reason| SignatureReason::of(reason, language)),
            revisions: report.revisions,
            anchors: report.anchors,
            checked_at: instant(report.checked_at),
            signatures: signatures
                .map(|one| SignatureView::of(one, language))
                .collect(),
        }
    }
}
