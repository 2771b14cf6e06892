//! What witnesses have cosigned: the newest checkpoint of which the log itself says so.

use std::fmt::Write as _;

use serde_json::json;

use super::finding::{Code, Finding, Findings};
use super::report::{Language, Reason, Status};
use super::run::{Start, refused};
use super::source::{LogSource, Offers, Presence, SourceError};
use crate::audit::leaf::{Origin, format_micros};
use crate::audit::merkle::Hash;
use crate::audit::note::{Checkpoint, NoteError};
use crate::audit::quorum::Quorum;
use crate::audit::rotation::{ChainError, KeyChain};

/// The newest checkpoint that witnesses cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedSummary {
    /// Number of records under it.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Names of the witnesses, each with the time of its cosignature in seconds since 1970.
    pub cosigned: Vec<(String, u64)>,
}

/// A time of a cosignature, for people and for scripts.
fn time(seconds: u64) -> Option<String> {
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    format_micros(micros)
}

impl WitnessedSummary {
    pub(super) fn to_json(&self) -> serde_json::Value {
        let cosigned = self
            .cosigned
            .iter()
            .map(|(witness, seconds)| json!({ "witness": witness, "time": time(*seconds) }));
        json!({
            "size": self.size, "root": self.root.to_string(),
            "cosigned": cosigned.collect::<Vec<_>>(),
        })
    }

    pub(super) fn write_text(&self, out: &mut String, language: Language) -> std::fmt::Result {
        let size = self.size;
        let cosigned = self.cosigned.iter().map(|(witness, seconds)| {
            let time = time(*seconds).unwrap_or_else(|| seconds.to_string());
            format!("{witness} ({time})")
        });
        let cosigned = cosigned.collect::<Vec<_>>().join(", ");
        let nobody = cosigned.is_empty();
        match language {
            Language::German if nobody => writeln!(out, "Bezeugt: von niemandem"),
            Language::German => writeln!(out, "Bezeugt: {size} Einträge, von {cosigned}"),
            Language::English if nobody => writeln!(out, "Witnessed: by nobody"),
            Language::English => writeln!(out, "Witnessed: {size} records, by {cosigned}"),
        }
    }
}

/// What is known of witnesses before the first record is read.
#[derive(Debug, Default)]
pub(super) struct Witnessed {
    /// What the log must continue.
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) summary: Option<WitnessedSummary>,
}

impl Witnessed {
    /// Looks at the cosigned checkpoint of a source, where the policy names a witness.
    pub(super) fn look(
        source: &mut dyn LogSource,
        quorum: &Quorum,
        known: (&KeyChain, Option<&Origin>),
        findings: &mut Findings,
    ) -> Result<Self, SourceError> {
        if quorum.witnesses().is_empty() || source.offers().witnessed == Presence::Absent {
            return Ok(Self::default());
        }
        let Some(note) = source.witnessed()? else {
            if quorum.asks() {
                findings.push(Finding::new(Code::WitnessQuorumMissed));
            }
            return Ok(Self::default());
        };
        Ok(Self::of(&note, quorum, known, findings))
    }

    fn of(
        note: &[u8],
        quorum: &Quorum,
        (chain, origin): (&KeyChain, Option<&Origin>),
        findings: &mut Findings,
    ) -> Self {
        let missed =
            |why: &dyn ToString| Finding::new(Code::WitnessQuorumMissed).detail(why.to_string());
        // Whoever signs two checkpoints that do not continue each other has forked his log, whether
        // or not anybody cosigned them: what the log signed is compared in any case.
        let checkpoint = match chain.open(note) {
            Ok((checkpoint, _)) if Some(&checkpoint.origin) == origin => checkpoint,
            Ok((checkpoint, _)) => {
                findings.push(missed(&format!("of {}", checkpoint.origin)));
                return Self::default();
            }
            // Whoever used the key when it was no longer in force wants to be believed.
            Err(error @ ChainError::Retired { .. }) => {
                findings.push(refused(&error));
                return Self::default();
            }
            Err(ChainError::Note(error)) => {
                findings.push(missed(&error));
                return Self::default();
            }
        };
        let cosigned = match quorum.cosigners(note) {
            Ok(cosigners) => {
                let times = cosigners.times.iter();
                let cosigned: Vec<_> = times
                    .map(|(witness, seconds)| (witness.name.clone(), *seconds))
                    .collect();
                if !cosigners.are_enough {
                    findings.push(missed(&format!("cosigned by {}", cosigned.len())));
                }
                cosigned
            }
            Err(NoteError::BadSignature { key }) => {
                findings.push(Finding::new(Code::CosignatureInvalid).detail(key));
                Vec::new()
            }
            Err(error) => {
                findings.push(missed(&error));
                Vec::new()
            }
        };
        Self {
            summary: Some(WitnessedSummary {
                size: checkpoint.size,
                root: checkpoint.root,
                cosigned,
            }),
            checkpoint: Some(checkpoint),
        }
    }
}

impl Start {
    /// What the check of witnesses says if nothing was found.
    pub(super) fn witnessed_status(&self, offers: Offers, broken: bool) -> Status {
        let asked = !self.policy.quorum().witnesses().is_empty();
        match (offers.witnessed, &self.witnessed.summary) {
            _ if !asked => Status::NotChecked(Reason::NotAsked),
            (Presence::Absent, _) => Status::NotChecked(Reason::NotOffered),
            // A policy that names witnesses and wants none of them.
            (Presence::Present, None) => Status::NotChecked(Reason::NotAsked),
            (Presence::Present, Some(_)) if broken => Status::NotChecked(Reason::EarlierFailed),
            (Presence::Present, Some(_)) if !self.pinned => {
                Status::NotChecked(Reason::KeyNotPinned)
            }
            (Presence::Present, Some(_)) => Status::Ok,
        }
    }
}
