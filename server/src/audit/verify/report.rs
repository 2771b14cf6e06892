//! What verification says: every check with its status, for people and for scripts.

use std::fmt::Write as _;

use serde_json::json;

use super::finding::{Findings, Weight};
use super::witnessed::WitnessedSummary;
use crate::audit::merkle::Hash;
use crate::audit::timestamp::Stamp;

/// A check. Its letter is the level under which it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// The files of a bundle against its manifest.
    Transport,
    /// A: the signature of the checkpoint and whether its key is trusted.
    Signature,
    /// B: form, numbers, links and times of the records.
    Chain,
    /// C: the signed root and the published tiles.
    Tree,
    /// D: proofs made from the tiles.
    Proofs,
    /// E: commitments and their openings, erasures.
    Openings,
    /// E: the state of every entity.
    States,
    /// E: stored content.
    Blobs,
    /// F: checkpoints that the auditor kept.
    Kept,
    /// F: the newest checkpoint that witnesses cosigned.
    Witnesses,
    /// F: receipts that someone kept.
    Receipts,
    /// F: timestamps over checkpoints, and the times of records between them.
    Timestamps,
}

impl Check {
    /// All checks in the order in which they are printed.
    pub const ALL: &[Self] = &[
        Self::Transport,
        Self::Signature,
        Self::Chain,
        Self::Tree,
        Self::Proofs,
        Self::Openings,
        Self::States,
        Self::Blobs,
        Self::Kept,
        Self::Witnesses,
        Self::Receipts,
        Self::Timestamps,
    ];

    /// The letter of its level.
    pub const fn level(self) -> char {
        match self {
            Self::Transport => 'T',
            Self::Signature => 'A',
            Self::Chain => 'B',
            Self::Tree => 'C',
            Self::Proofs => 'D',
            Self::Openings | Self::States | Self::Blobs => 'E',
            Self::Kept | Self::Witnesses | Self::Receipts | Self::Timestamps => 'F',
        }
    }

    /// The stable name for scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Signature => "signature",
            Self::Chain => "chain",
            Self::Tree => "tree",
            Self::Proofs => "proofs",
            Self::Openings => "openings",
            Self::States => "states",
            Self::Blobs => "blobs",
            Self::Kept => "kept-checkpoints",
            Self::Witnesses => "witnesses",
            Self::Receipts => "receipts",
            Self::Timestamps => "timestamps",
        }
    }

    const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Transport, Language::German) => "Paket und Verzeichnis",
            (Self::Transport, Language::English) => "Bundle and manifest",
            (Self::Signature, Language::German) => "Signatur des Prüfpunkts",
            (Self::Signature, Language::English) => "Signature of the checkpoint",
            (Self::Chain, Language::German) => "Kette der Einträge",
            (Self::Chain, Language::English) => "Chain of records",
            (Self::Tree, Language::German) => "Baum und Kacheln",
            (Self::Tree, Language::English) => "Tree and tiles",
            (Self::Proofs, Language::German) => "Nachweise",
            (Self::Proofs, Language::English) => "Proofs",
            (Self::Openings, Language::German) => "Siegel und Löschungen",
            (Self::Openings, Language::English) => "Commitments and erasures",
            (Self::States, Language::German) => "Zustand der Objekte",
            (Self::States, Language::English) => "State of entities",
            (Self::Blobs, Language::German) => "Gespeicherte Inhalte",
            (Self::Blobs, Language::English) => "Stored content",
            (Self::Kept, Language::German) => "Aufbewahrte Prüfpunkte",
            (Self::Kept, Language::English) => "Kept checkpoints",
            (Self::Witnesses, Language::German) => "Bezeugter Prüfpunkt",
            (Self::Witnesses, Language::English) => "Witnessed checkpoint",
            (Self::Receipts, Language::German) => "Quittungen",
            (Self::Receipts, Language::English) => "Receipts",
            (Self::Timestamps, Language::German) => "Zeitstempel",
            (Self::Timestamps, Language::English) => "Timestamps",
        }
    }
}

/// Why a check was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no checkpoint yet, or none was exported.
    NoCheckpoint,
    /// The signature fits the key that came with the material; nobody vouched for that key.
    KeyNotPinned,
    /// Timestamps are right in themselves; nobody vouched for who gave them.
    AuthorityNotVouched,
    /// Files, tiles or bundles of records are missing.
    MaterialMissing,
    /// This source has no such material by its nature.
    NotOffered,
    /// It was not asked for, or what it needs was not given.
    NotAsked,
    /// Openings exist and this reader may not see them.
    Withheld,
    /// An earlier check failed, so this one would say nothing.
    EarlierFailed,
}

impl Reason {
    /// Whether something is missing that should be there (exit code 2).
    pub const fn is_missing(self) -> bool {
        match self {
            Self::NoCheckpoint | Self::MaterialMissing => true,
            Self::KeyNotPinned
            | Self::AuthorityNotVouched
            | Self::NotOffered
            | Self::NotAsked
            | Self::Withheld
            | Self::EarlierFailed => false,
        }
    }

    /// The stable name for scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCheckpoint => "no-checkpoint",
            Self::KeyNotPinned => "key-not-pinned",
            Self::AuthorityNotVouched => "authority-not-vouched",
            Self::MaterialMissing => "material-missing",
            Self::NotOffered => "not-offered",
            Self::NotAsked => "not-asked",
            Self::Withheld => "withheld",
            Self::EarlierFailed => "earlier-failed",
        }
    }

    const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::NoCheckpoint, Language::German) => "kein Prüfpunkt vorhanden",
            (Self::NoCheckpoint, Language::English) => "there is no checkpoint",
            (Self::KeyNotPinned, Language::German) => {
                "Signatur passt zum mitgelieferten Schlüssel; für diesen bürgt niemand"
            }
            (Self::KeyNotPinned, Language::English) => {
                "the signature fits the key that came along; nobody vouched for that key"
            }
            (Self::AuthorityNotVouched, Language::German) => {
                "in sich richtig; für die Zeitstempelstelle bürgt niemand (--tsa-roots)"
            }
            (Self::AuthorityNotVouched, Language::English) => {
                "right in themselves; nobody vouched for the authority (--tsa-roots)"
            }
            (Self::MaterialMissing, Language::German) => "Material fehlt",
            (Self::MaterialMissing, Language::English) => "material is missing",
            (Self::NotOffered, Language::German) => "hier nicht enthalten",
            (Self::NotOffered, Language::English) => "not part of this material",
            (Self::NotAsked, Language::German) => "nicht verlangt",
            (Self::NotAsked, Language::English) => "not asked for",
            (Self::Withheld, Language::German) => "Öffnungen zurückgehalten",
            (Self::Withheld, Language::English) => "openings withheld",
            (Self::EarlierFailed, Language::German) => "eine frühere Prüfung schlug fehl",
            (Self::EarlierFailed, Language::English) => "an earlier check failed",
        }
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Checked; nothing was found.
    Ok,
    /// Checked; something contradicts.
    Tampered,
    /// Not checked; says nothing.
    NotChecked(Reason),
}

/// The language of a printed report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// German.
    German,
    /// English.
    English,
}

/// The checkpoint that was checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointSummary {
    /// Number of records under it.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Name and id of the key that signed it, if the signature is right.
    pub key: Option<String>,
}

/// The timestamps that were found right in themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StampSummary {
    /// How many there are.
    pub count: u64,
    /// The newest of them.
    pub newest: Option<Stamp>,
}

impl StampSummary {
    fn to_json(&self) -> serde_json::Value {
        let newest = self.newest.as_ref().map(|stamp| {
            json!({
                "size": stamp.size, "at": stamp.at_text(), "serial": stamp.serial,
                "authority": stamp.authority,
            })
        });
        json!({ "count": self.count, "newest": newest })
    }

    fn write_text(&self, out: &mut String, language: Language) -> std::fmt::Result {
        let Some(stamp) = &self.newest else {
            return Ok(());
        };
        let (count, size, at) = (self.count, stamp.size, stamp.at_text());
        let (serial, authority) = (&stamp.serial, &stamp.authority);
        match language {
            Language::German => writeln!(
                out,
                "Zeitstempel: {count}, der neueste über {size} Einträge, {at}, Nummer {serial}, {authority}"
            ),
            Language::English => writeln!(
                out,
                "Timestamps: {count}, the newest over {size} records, {at}, number {serial}, {authority}"
            ),
        }
    }
}

/// How many openings were seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpeningCounts {
    /// Opened and compared.
    pub checked: u64,
    /// Lawfully erased.
    pub erased: u64,
    /// There, but not for this reader.
    pub withheld: u64,
}

/// The result of a verification.
#[derive(Debug, Clone)]
pub struct Report {
    /// The name of the log, if anything names it.
    pub origin: Option<String>,
    /// Number of records read.
    pub records: u64,
    /// The hash of the last one.
    pub head: Option<Hash>,
    /// The checkpoint.
    pub checkpoint: Option<CheckpointSummary>,
    /// The newest checkpoint that witnesses cosigned.
    pub witnessed: Option<WitnessedSummary>,
    /// Number of records after the checkpoint: chained, not yet signed.
    pub tail: u64,
    /// Openings.
    pub openings: OpeningCounts,
    /// Number of states compared.
    pub states: u64,
    /// Number of proofs made and checked.
    pub proofs: u64,
    /// Timestamps over checkpoints.
    pub timestamps: StampSummary,
    /// Everything that was found.
    pub findings: Findings,
    /// What each check would say if nothing had been found.
    pub(super) base: Vec<(Check, Status)>,
}

impl Report {
    /// The result of one check.
    pub fn status(&self, check: Check) -> Status {
        if self.findings.weigh(check, Weight::Tampering) {
            return Status::Tampered;
        }
        if self.findings.weigh(check, Weight::Missing) {
            return Status::NotChecked(Reason::MaterialMissing);
        }
        let base = self.base.iter().find(|(known, _)| *known == check);
        base.map_or(Status::NotChecked(Reason::NotAsked), |(_, status)| *status)
    }

    /// 0 nothing found, 1 tampering, 2 material missing. (3, wrong usage, is the caller's.)
    pub fn exit_code(&self) -> u8 {
        let statuses = || Check::ALL.iter().map(|check| self.status(*check));
        if statuses().any(|status| status == Status::Tampered) {
            return 1;
        }
        let missing = |status| matches!(status, Status::NotChecked(reason) if reason.is_missing());
        if statuses().any(missing) { 2 } else { 0 }
    }

    /// The report for scripts.
    pub fn to_json(&self) -> serde_json::Value {
        let checks = Check::ALL.iter().map(|check| {
            let (status, reason) = match self.status(*check) {
                Status::Ok => ("ok", None),
                Status::Tampered => ("tampered", None),
                Status::NotChecked(reason) => ("not-checked", Some(reason.name())),
            };
            json!({
                "check": check.name(), "level": check.level(), "status": status, "reason": reason,
            })
        });
        let findings = self.findings.list().iter().map(|finding| {
            json!({
                "code": finding.code.name(), "check": finding.code.check().name(),
                "seq": finding.seq, "entity": finding.entity, "detail": finding.detail,
            })
        });
        let counts: serde_json::Map<_, _> = self
            .findings
            .counts()
            .iter()
            .map(|(code, count)| (code.name().to_owned(), json!(count)))
            .collect();
        let checkpoint = self.checkpoint.as_ref().map(|checkpoint| {
            json!({
                "size": checkpoint.size, "root": checkpoint.root.to_string(),
                "key": checkpoint.key,
            })
        });
        json!({
            "origin": self.origin, "records": self.records, "tail": self.tail,
            "head": self.head.map(|head| head.to_string()), "checkpoint": checkpoint,
            "witnessed": self.witnessed.as_ref().map(WitnessedSummary::to_json),
            "openings": {
                "checked": self.openings.checked, "erased": self.openings.erased,
                "withheld": self.openings.withheld,
            },
            "states": self.states, "proofs": self.proofs,
            "timestamps": self.timestamps.to_json(),
            "checks": checks.collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
            "counts": counts,
            "exit": self.exit_code(),
        })
    }

    /// The report for people.
    pub fn to_text(&self, language: Language) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        self.write_text(&mut out, language).unwrap_or_default();
        out
    }

    fn write_text(&self, out: &mut String, language: Language) -> std::fmt::Result {
        let german = language == Language::German;
        let unnamed = if german { "(unbenannt)" } else { "(unnamed)" };
        let origin = self.origin.as_deref().unwrap_or(unnamed);
        let (log, records) = if german {
            ("Protokoll", "Einträge")
        } else {
            ("Log", "records")
        };
        writeln!(out, "{log} {origin}: {} {records}", self.records)?;
        if let Some(checkpoint) = &self.checkpoint {
            let (size, root) = (checkpoint.size, checkpoint.root);
            let key = checkpoint.key.as_deref().unwrap_or("–");
            let tail = self.tail;
            if german {
                writeln!(
                    out,
                    "Prüfpunkt über {size} Einträge, Wurzel {root}, Schlüssel {key}"
                )?;
                writeln!(out, "Noch ohne Prüfpunkt: {tail}")?;
            } else {
                writeln!(
                    out,
                    "Checkpoint over {size} records, root {root}, key {key}"
                )?;
                writeln!(out, "Not yet under a checkpoint: {tail}")?;
            }
        }
        if let Some(witnessed) = &self.witnessed {
            witnessed.write_text(out, language)?;
        }
        self.timestamps.write_text(out, language)?;
        for check in Check::ALL {
            let (label, level) = (check.label(language), check.level());
            let status = match self.status(*check) {
                Status::Ok => "ok".to_owned(),
                Status::Tampered if german => "VERFÄLSCHT".to_owned(),
                Status::Tampered => "TAMPERED".to_owned(),
                Status::NotChecked(reason) => {
                    let not = if german {
                        "nicht geprüft"
                    } else {
                        "not checked"
                    };
                    format!("{not} ({})", reason.label(language))
                }
            };
            writeln!(out, "  {level}  {label:<28} {status}")?;
        }
        self.write_findings(out, language)
    }

    fn write_findings(&self, out: &mut String, language: Language) -> std::fmt::Result {
        for (code, count) in self.findings.counts() {
            let sentence = match language {
                Language::German => code.german(),
                Language::English => code.english(),
            };
            writeln!(out, "{} ({count}): {sentence}", code.name())?;
            let of_code = |finding: &&super::Finding| finding.code == *code;
            for finding in self.findings.list().iter().filter(of_code).take(10) {
                let seq = finding
                    .seq
                    .map(|seq| format!(" seq {seq}"))
                    .unwrap_or_default();
                let entity = finding
                    .entity
                    .map(|id| format!(" {id}"))
                    .unwrap_or_default();
                let detail = finding
                    .detail
                    .as_ref()
                    .map(|it| format!(" {it}"))
                    .unwrap_or_default();
                writeln!(out, "   {seq}{entity}{detail}")?;
            }
        }
        Ok(())
    }
}
