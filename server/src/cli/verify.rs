//! `papierlos verify`: the log of this archive while it lives, or a bundle that was exported.

use std::path::{Path, PathBuf};

use clap::Args;
use pades::verify::TRUST_FILE_BYTES_MAX;
use serde_json::json;

use super::since::{self, read};
use super::{Ended, FINDINGS, Failure, USAGE, bar, runtime, say};
use crate::archive::{OpenError, Reading, access_origin};
use crate::audit::Origin;
use crate::audit::bundle::Bundle;
use crate::audit::note::{Checkpoint, NoteError, NoteKey, Policy};
use crate::audit::verify::{Language, Options, Presence, Receipts, Report, Trust, verify};
use crate::config::Config;
use crate::proof::{Blobs, DatabaseLog, Look, Place, Wanted, Which};

/// Largest policy that is read, in bytes.
const POLICY_BYTES_MAX: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Der Ordner eines Prüfbündels; ohne ihn dieses Archiv.
    #[arg(value_name = "PRÜFBÜNDEL")]
    bundle: Option<PathBuf>,
    /// Ein aufbewahrter Prüfpunkt eines der beiden Protokolle, den es fortsetzen muss, als Datei oder als Tagesbericht
    /// (PDF oder Scan); mehrfach möglich.
    #[arg(long, value_name = "DATEI")]
    since: Vec<PathBuf>,
    /// Aufbewahrte Quittungen, je Zeile `Nummer,Prüfsumme`: Diese Einträge muss das Protokoll haben.
    #[arg(long, value_name = "DATEI")]
    receipts: Option<PathBuf>,
    /// Der öffentliche Schlüssel des Protokolls, vom Papier, auch für das der Zugriffe; ohne ihn zählt der, der hier liegt.
    /// Mehrfach möglich: der erste und der neueste, wenn das Protokoll seinen Schlüssel gewechselt hat.
    #[arg(long, value_name = "NAME+KENNUNG+SCHLÜSSEL")]
    key: Vec<String>,
    /// Schlüssel des Protokolls und seiner Zeugen, vom Papier, als Datei (C2SP tlog-policy); statt --key.
    #[arg(long, value_name = "DATEI", conflicts_with = "key")]
    policy: Option<PathBuf>,
    /// Wem Zeitstempel geglaubt werden: die Wurzelzertifikate ihrer Stellen, als PEM. Ohne sie wird geprüft, ob jeder
    /// Zeitstempel in sich richtig ist und was er über die Zeiten sagt, nicht, von wem er ist.
    #[arg(long, value_name = "DATEI")]
    tsa_roots: Option<PathBuf>,
    /// Liest jedes Byte der Inhalte; ohne dies nur, ob sie da sind.
    #[arg(long)]
    blobs: bool,
    /// Gibt JSON aus.
    #[arg(long)]
    json: bool,
    /// Schreibt Englisch.
    #[arg(long)]
    english: bool,
}

/// What the caller brought along.
struct Brought {
    trust: Trust,
    kept: Vec<Vec<u8>>,
    receipts: Receipts,
    authorities: Option<pades::verify::Trust>,
}

impl Verify {
    pub(super) fn run(self, config: &Config) -> Ended {
        let brought = self.brought(config)?;
        match &self.bundle {
            Some(_) if self.blobs => Err(Failure::new(
                USAGE,
                "--blobs: neben einem Prüfbündel liegen keine Inhalte",
            )),
            Some(bundle) => self.bundle(bundle, brought),
            None => self.living(config, brought),
        }
    }

    fn brought(&self, config: &Config) -> Result<Brought, Failure> {
        let keys: Result<Vec<NoteKey>, _> = self.key.iter().map(|text| text.parse()).collect();
        let mut keys =
            keys.map_err(|_bad| Failure::new(USAGE, "--key: das ist kein öffentlicher Schlüssel"))?;
        keys.dedup();
        let trust = match &self.policy {
            Some(path) => Trust::Pinned(policy(path)?),
            None if keys.is_empty() => Trust::FirstUse,
            None => Trust::Pinned(Policy::new(keys)),
        };
        let mut kept = Vec::new();
        for path in &self.since {
            kept.extend(since::kept(path, config)?);
        }
        let receipts = match &self.receipts {
            Some(path) => {
                let text = String::from_utf8_lossy(&read(path, 1 << 30)?).into_owned();
                Receipts::parse(&text).map_err(|bad| {
                    let said = format!(
                        "{}: Zeile {} ist keine Quittung; in jeder steht `Nummer,Prüfsumme` (Ursache: {bad})",
                        path.display(),
                        bad.line,
                    );
                    Failure::new(USAGE, said)
                })?
            }
            None => Receipts::default(),
        };
        Ok(Brought {
            trust,
            kept,
            receipts,
            authorities: self.authorities()?,
        })
    }

    /// Whom timestamps are believed.
    fn authorities(&self) -> Result<Option<pades::verify::Trust>, Failure> {
        let Some(path) = &self.tsa_roots else {
            return Ok(None);
        };
        let mut trust = pades::verify::Trust::new();
        let bytes = read(path, TRUST_FILE_BYTES_MAX)?;
        trust
            .add(&path.display().to_string(), &bytes)
            .map_err(|error| {
                let said = format!(
                    "--tsa-roots: in {} steht kein Zertifikat (Ursache: {error})",
                    path.display()
                );
                Failure::new(USAGE, said)
            })?;
        Ok(Some(trust))
    }

    fn bundle(&self, folder: &Path, brought: Brought) -> Ended {
        let mut bundle = Bundle::open(folder)?;
        let progress = indicatif::ProgressBar::no_length();
        let options = Options {
            trust: brought.trust,
            kept: brought.kept,
            receipts: brought.receipts,
            authorities: brought.authorities,
            progress: &|records| progress.set_position(records),
            ..Options::default()
        };
        let report = verify(&mut bundle, &options);
        progress.finish_and_clear();
        let report = report?;
        if self.json {
            say(&report.to_json().to_string());
        } else {
            say(report.to_text(self.language()).trim_end());
        }
        ended(report.exit_code(), self.language())
    }

    fn living(&self, config: &Config, brought: Brought) -> Ended {
        let runtime = runtime()?;
        let reading = runtime.block_on(Reading::open(config))?;
        let look = if self.blobs {
            Look::Digest
        } else {
            Look::Presence
        };
        let blobs = Blobs::new(runtime.handle().clone(), reading.storage.clone(), look);
        let wanted = Wanted {
            openings: Presence::Present,
            states: Presence::Present,
        };
        let open = |which| {
            runtime.block_on(async {
                let place = place(&reading, which)?;
                DatabaseLog::open(place, which, wanted)
                    .await
                    .map_err(Failure::from)
            })
        };

        let (kept_changes, kept_looks) = parted(brought.kept, &access_origin(&reading.origin)?);
        let mut changes = open(Which::Changes)?;
        let progress = bar(changes.records()?);
        let options = Options {
            trust: brought.trust.clone(),
            kept: kept_changes,
            receipts: brought.receipts,
            authorities: brought.authorities,
            blobs: Some(&blobs),
            progress: &|records| progress.set_position(records),
            ..Options::default()
        };
        let changed = verify(&mut changes, &options);
        progress.finish_and_clear();
        let changed = changed?;

        let mut looks = open(Which::Looks)?;
        let options = Options {
            trust: brought.trust,
            kept: kept_looks,
            ..Options::default()
        };
        let looked = verify(&mut looks, &options)?;
        self.print(&changed, &looked);
        let code = worse(changed.exit_code(), looked.exit_code());
        ended(code, self.language())
    }

    fn print(&self, changes: &Report, looks: &Report) {
        if self.json {
            let mut all = changes.to_json();
            if let Some(all) = all.as_object_mut() {
                all.insert("access".to_owned(), looks.to_json());
                let read = if self.blobs { "digest" } else { "presence" };
                all.insert("blobs".to_owned(), read.into());
                let exit = worse(changes.exit_code(), looks.exit_code());
                all.insert("exit".to_owned(), json!(exit));
            }
            say(&all.to_string());
            return;
        }
        let language = self.language();
        say(changes.to_text(language).trim_end());
        if !self.blobs {
            say(match language {
                Language::German => "     Inhalte: nur, ob sie da sind; --blobs liest jedes Byte.",
                Language::English => {
                    "     Content: only whether it is there; --blobs reads every byte."
                }
            });
        }
        say("");
        say(looks.to_text(language).trim_end());
    }

    const fn language(&self) -> Language {
        if self.english {
            Language::English
        } else {
            Language::German
        }
    }
}

/// Where one of the two logs of the archive lies.
pub(super) fn place(reading: &Reading, which: Which) -> Result<Place, OpenError> {
    let (origin, lock) = match which {
        Which::Changes => (reading.origin.clone(), &reading.lock),
        Which::Looks => (access_origin(&reading.origin)?, &reading.looks_lock),
    };
    Ok(Place {
        url: reading.url.clone(),
        storage: reading.storage.clone(),
        origin,
        policy: reading
            .witnesses
            .policy(vec![reading.key.clone()])
            .to_string(),
        lock: lock.clone(),
    })
}

/// Kept checkpoints by the log that they name: of changes, of looks. What names neither is held against the log of
/// changes, which says that it proves nothing.
fn parted(kept: Vec<Vec<u8>>, looks: &Origin) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let of_looks = |note: &[u8]| Checkpoint::claimed(note).is_ok_and(|it| it.origin == *looks);
    kept.into_iter().partition(|note| !of_looks(note))
}

/// The keys of a log and of its witnesses, as somebody wrote them down.
fn policy(path: &Path) -> Result<Policy, Failure> {
    let wrong = |said: String| Failure::new(USAGE, format!("{}: {said}", path.display()));
    let text = String::from_utf8(read(path, POLICY_BYTES_MAX)?);
    let text = text.map_err(|_bad| wrong("das ist kein Text".to_owned()))?;
    let policy = Policy::parse(&text).map_err(|error| {
        if let NoteError::BadPolicy { line } = error {
            wrong(format!(
                "Zeile {line} ist keine Zeile einer Richtlinie (log, witness, group und einmal quorum)"
            ))
        } else {
            Failure::of(USAGE, &error)
        }
    })?;
    if policy.keys().is_empty() {
        return Err(wrong("es fehlt eine Zeile log".to_owned()));
    }
    Ok(policy)
}

/// The code that says more: tampering before missing material before nothing.
fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (FINDINGS, _) | (_, FINDINGS) => FINDINGS,
        (one, other) => one.max(other),
    }
}

fn ended(code: u8, language: Language) -> Ended {
    let said = match (code, language) {
        (0, _) => return Ok(()),
        (FINDINGS, Language::German) => "das Protokoll wurde verändert; siehe oben",
        (FINDINGS, Language::English) => "the log was tampered with; see above",
        (_, Language::German) => "es fehlt Material; siehe oben",
        (_, Language::English) => "material is missing; see above",
    };
    Err(Failure::new(code, said))
}
