//! `papierlos verify-pdf`: the signatures of PDFs, ours and foreign.

use std::path::{Path, PathBuf};

use clap::Args;
use pades::verify::{Kind, Reason, Report, Signature, TimeSource, Trust, Verdict};
use serde_json::json;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, chain, complain, say};
use crate::base::{Clock as _, SystemClock, Timestamp};
use crate::config::{Config, Lists};
use crate::http::Language;
use crate::signatures::{Checked, Checker, FileSignatures, trust_of};

#[derive(Debug, Args)]
pub(super) struct VerifyPdf {
    /// Die Dateien.
    #[arg(value_name = "DATEI", required = true)]
    files: Vec<PathBuf>,
    /// Der Ordner derer, denen vertraut wird; ohne ihn der aus den Einstellungen.
    #[arg(long, value_name = "ORDNER")]
    trust: Option<PathBuf>,
    /// Der Zeitpunkt, zu dem geprüft wird, wie 2026-11-26T12:00:00Z; ohne ihn jetzt.
    #[arg(long, value_name = "ZEITPUNKT")]
    at: Option<String>,
    /// Gibt für jede Datei eine Zeile JSON aus.
    #[arg(long)]
    json: bool,
    /// Schreibt Englisch.
    #[arg(long)]
    english: bool,
}

impl VerifyPdf {
    pub(super) async fn run(self, config: &Config) -> Ended {
        let at = match &self.at {
            None => SystemClock.now(),
            Some(text) => Timestamp::parse(text).ok_or_else(|| {
                Failure::new(
                    USAGE,
                    "--at: das ist kein Zeitpunkt wie 2026-11-26T12:00:00Z",
                )
            })?,
        };
        let limits = indexer::extract::Limits {
            memory_bytes_max: config.extract.memory_bytes_max,
            wall_time_max: config.extract.time_max,
            workers_max: 1,
            ..indexer::extract::Limits::default()
        };
        let checker = Checker::new("/proc/self/exe".into(), limits, &self.trusted(config)?)?;
        let mut code = 0;
        for file in &self.files {
            code = worse(code, self.judge(&checker, file, at).await?);
        }
        let said = match (code, self.language()) {
            (0, _) => return Ok(()),
            (FINDINGS, Language::German) => "mindestens eine Unterschrift ist ungültig; siehe oben",
            (FINDINGS, Language::English) => "at least one signature is invalid; see above",
            (_, Language::German) => "nicht für jede Datei feststellbar; siehe oben",
            (_, Language::English) => "it cannot be determined for every file; see above",
        };
        Err(Failure::new(code, said))
    }

    /// Whom to trust. A folder that was named must be there; that of the settings may be missing.
    fn trusted(&self, config: &Config) -> Result<Trust, Failure> {
        // Of a folder that is named here the settings say nothing.
        let trusted = match &self.trust {
            Some(folder) => trust_of(folder, &Lists::new()),
            None => trust_of(&config.signatures_trust, &config.signatures_lists),
        };
        match trusted {
            Ok(trusted) => {
                for fault in &trusted.faults {
                    complain(&chain(fault));
                }
                Ok(trusted.trust)
            }
            Err(error) if self.trust.is_some() => Err(error.into()),
            Err(_missing) => Ok(Trust::new()),
        }
    }

    /// Judges one file and says so; gives the exit code that it calls for.
    async fn judge(&self, checker: &Checker, file: &Path, at: Timestamp) -> Result<u8, Failure> {
        let content = match tokio::fs::File::open(file).await {
            Ok(content) => content,
            Err(error) => {
                complain(&format!("{}: {error}", file.display()));
                return Ok(MISSING);
            }
        };
        let checked = checker.check(content, at).await?;
        let code = code_of(&checked);
        if self.json {
            let view = FileSignatures::of(checked, at, self.language());
            let line = json!({"file": file.display().to_string(), "signatures": view});
            say(&line.to_string());
        } else {
            say(&self.text(file, &checked));
        }
        Ok(code)
    }

    const fn language(&self) -> Language {
        if self.english {
            Language::English
        } else {
            Language::German
        }
    }

    const fn either(&self, german: &'static str, english: &'static str) -> &'static str {
        if self.english { english } else { german }
    }

    const fn sentence(&self, reason: Reason) -> &'static str {
        match self.language() {
            Language::German => reason.german(),
            Language::English => reason.english(),
        }
    }

    fn text(&self, file: &Path, checked: &Checked) -> String {
        let name = file.display();
        match checked {
            Checked::NoPdf => {
                let what = self.either("keine PDF-Datei", "no PDF");
                format!("{name}: {what}")
            }
            Checked::Failed(reason) => format!("{name}: {}", self.sentence(*reason)),
            Checked::Judged(report) => self.report(&format!("{name}"), report),
        }
    }

    fn report(&self, name: &str, report: &Report) -> String {
        let mut text = format!("{name}: ");
        if let Some(problem) = report.problem {
            text.push_str(self.sentence(problem));
            return text;
        }
        if report.signatures.is_empty() {
            text.push_str(self.either("nicht unterschrieben", "not signed"));
            return text;
        }
        let (signatures, trusted) = (
            self.either("Unterschriften", "signatures"),
            self.either("vertraute Zertifikate", "trusted certificates"),
        );
        let (many, anchors) = (report.signatures.len(), report.anchors);
        text.push_str(&format!("{signatures}: {many}, {trusted}: {anchors}"));
        for one in &report.signatures {
            self.signature(&mut text, one);
        }
        text
    }

    fn signature(&self, text: &mut String, one: &Signature) {
        let verdict = match self.language() {
            Language::German => one.verdict.german(),
            Language::English => one.verdict.english(),
        };
        let kind = match one.kind {
            Kind::Approval => self.either("Unterschrift", "signature"),
            Kind::Certification => self.either("Zertifizierung", "certification"),
            Kind::DocumentTimestamp => self.either("Dokument-Zeitstempel", "document timestamp"),
        };
        text.push_str(&format!("\n  {} ({kind}): {verdict}", one.field));
        for (key, value) in self.facts(one) {
            text.push_str(&format!("\n    {key}: {value}"));
        }
        for reason in &one.reasons {
            let (code, sentence) = (reason.as_str(), self.sentence(*reason));
            text.push_str(&format!("\n    - {sentence} [{code}]"));
        }
    }

    fn facts(&self, one: &Signature) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if let Some(signer) = &one.signer {
            facts.push((self.either("von", "by"), signer.subject.clone()));
            facts.push((
                self.either("ausgestellt von", "issued by"),
                signer.issuer.clone(),
            ));
        }
        if let Some(when) = one.signed_at {
            let source = match when.source {
                TimeSource::SignatureTimestamp => self.either("laut Zeitstempel", "by a timestamp"),
                TimeSource::DocumentTimestamp => {
                    self.either("laut Dokument-Zeitstempel", "by a document timestamp")
                }
                TimeSource::Claimed => self.either(
                    "laut Unterzeichner, nicht belegt",
                    "as the signer says, not proven",
                ),
            };
            let at = Timestamp::of_micros(when.seconds.saturating_mul(1_000_000));
            facts.push((self.either("am", "at"), format!("{at} ({source})")));
        }
        if let Some(level) = one.level {
            facts.push((
                self.either("Stufe", "level"),
                format!("PAdES {}", level.as_str()),
            ));
        }
        if let Some(coverage) = one.coverage {
            let (revision, all) = (coverage.revision, coverage.revisions);
            let what = if coverage.whole_file {
                self.either("die ganze Datei", "the whole file").to_owned()
            } else {
                format!("{} {revision}/{all}", self.either("Stand", "revision"))
            };
            facts.push((self.either("umfasst", "covers"), what));
        }
        facts
    }
}

/// Valid, whatever is to be minded: 0. Invalid: findings. All else cannot be determined.
fn code_of(checked: &Checked) -> u8 {
    match checked {
        Checked::NoPdf | Checked::Failed(_) => MISSING,
        Checked::Judged(report) => match report.verdict() {
            Some(Verdict::Valid | Verdict::ValidBut) => 0,
            Some(Verdict::Invalid) => FINDINGS,
            Some(Verdict::Indeterminate) | None => MISSING,
        },
    }
}

/// The code that says more: what is invalid before what cannot be determined.
fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (FINDINGS, _) | (_, FINDINGS) => FINDINGS,
        (one, other) => one.max(other),
    }
}
