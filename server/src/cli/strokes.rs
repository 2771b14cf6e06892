//! `papierlos strokes`: strokes that were sealed to a notary. Out of the archive as ciphertext; opened at the notary's,
//! without an archive.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use pades::strokes::{Bound, Opener, Pointer, SEALED_BYTES_MAX, StrokesOpenError};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::export::noted;
use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::audit::event::Look;
use crate::base::{Actor, SigningJobId};
use crate::config::Config;
use crate::ledger::looks::Looked;
use crate::signing;

#[derive(Debug, Subcommand)]
pub(super) enum Strokes {
    /// Schreibt den Schriftzug eines Unterschriftsvorgangs heraus, verschlüsselt, wie er aufbewahrt ist.
    Export {
        /// Die Kennung des Unterschriftsvorgangs; sie steht im Unterschriftsprotokoll.
        #[arg(value_name = "VORGANG")]
        job: Uuid,
        /// In diese Datei wird geschrieben; sie darf noch nicht da sein.
        #[arg(long, value_name = "DATEI")]
        out: PathBuf,
    },
    /// Bei der Stelle mit dem privaten Schlüssel: öffnet einen Schriftzug und zeichnet ihn. Braucht kein Archiv.
    Open {
        /// Der verschlüsselte Schriftzug.
        #[arg(value_name = "DATEI")]
        sealed: PathBuf,
        /// Der private Schlüssel, in PEM (PKCS #8, unverschlüsselt).
        #[arg(long, value_name = "PEM")]
        key: PathBuf,
        /// Das gezeigte Dokument: Gehört der Schriftzug zu einem anderen, wird nichts geschrieben.
        #[arg(long, value_name = "PDF")]
        document: Option<PathBuf>,
        /// In diese Datei wird gezeichnet; sie darf noch nicht da sein.
        #[arg(long, value_name = "SVG")]
        out: PathBuf,
        /// In diese Datei wird die Aufzeichnung geschrieben, mit jedem Messpunkt.
        #[arg(long, value_name = "JSON")]
        record: Option<PathBuf>,
    },
}

impl Strokes {
    pub(super) async fn run(self, config: &Config) -> Ended {
        match self {
            Self::Export { job, out } => {
                let archive = Archive::existing(config).await?;
                let ended = export(config, &archive, (job, &out)).await;
                archive.db.close().await;
                ended
            }
            Self::Open {
                sealed,
                key,
                document,
                out,
                record,
            } => {
                let bound = opened(&sealed, &key)?;
                if let Some(document) = &document {
                    require_of(&bound, document)?;
                }
                write(&out, bound.strokes.svg().as_bytes())?;
                if let Some(record) = &record {
                    write(record, bound.canonical().as_bytes())?;
                }
                said(&bound);
                Ok(())
            }
        }
    }
}

/// Writes the ciphertext. The look is recorded first; what is not recorded is not written.
async fn export(config: &Config, archive: &Archive, (job, out): (Uuid, &Path)) -> Ended {
    let id = SigningJobId::of(job);
    let found = signing::sealed_strokes(archive.db.read(), id).await?;
    let Some(found) = found else {
        let said = format!("{job}: zu einem solchen Vorgang ist kein Schriftzug aufbewahrt");
        return Err(Failure::new(MISSING, said));
    };
    let most = u64::try_from(SEALED_BYTES_MAX).unwrap_or(u64::MAX);
    let sealed = archive.storage.read(&found.blob, most).await?;
    let looked = Looked::of(Look::ReadContent, &Actor::system()).at(found.document.raw());
    noted(config, archive, looked).await?;
    write(out, &sealed)?;
    say(&format!(
        "{}: {} Bytes, SHA-256 {}",
        out.display(),
        sealed.len(),
        hex::encode(found.sha256)
    ));
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        MISSING,
        format!("{} ist nicht lesbar: {error}", path.display()),
    )
}

fn opened(sealed: &Path, key: &Path) -> Result<Bound, Failure> {
    let pem = std::fs::read_to_string(key).map_err(|error| unreadable(key, &error))?;
    let pem = Zeroizing::new(pem);
    let opener = Opener::from_pem(&pem).map_err(|error| refused(key, &error))?;
    let bytes = std::fs::read(sealed).map_err(|error| unreadable(sealed, &error))?;
    opener.open(&bytes).map_err(|error| refused(sealed, &error))
}

fn refused(path: &Path, error: &StrokesOpenError) -> Failure {
    let (code, why) = match error {
        StrokesOpenError::Key => (
            USAGE,
            "das ist kein privater Schlüssel in PEM (PKCS #8, unverschlüsselt) auf P-256 oder P-384",
        ),
        StrokesOpenError::Locked => (
            FINDINGS,
            "der Schlüssel öffnet das nicht: für einen anderen verschlüsselt oder verändert",
        ),
        StrokesOpenError::Container | StrokesOpenError::Inside(_) => {
            (MISSING, "das ist kein verschlüsselter Schriftzug")
        }
    };
    Failure::new(code, format!("{}: {why}", path.display()))
}

/// Refuses another document than the one that was shown.
fn require_of(bound: &Bound, document: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(document).map_err(|error| unreadable(document, &error))?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    if digest == bound.document_sha256 {
        return Ok(());
    }
    let said = format!(
        "{}: der Schriftzug gehört zu einem anderen Dokument, mit SHA-256 {}",
        document.display(),
        hex::encode(bound.document_sha256)
    );
    Err(Failure::new(FINDINGS, said))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let said = format!("{} ist nicht schreibbar: {error}", path.display());
        Failure::new(MISSING, said)
    };
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn said(bound: &Bound) {
    let measures = bound.strokes.measures();
    let with = match bound.strokes.pointer() {
        Pointer::Pen => "Stift",
        Pointer::Touch => "Finger",
        Pointer::Mouse => "Maus",
    };
    say(&format!(
        "SHA-256 des gezeigten Dokuments: {}",
        hex::encode(bound.document_sha256)
    ));
    say(&format!(
        "SHA-256 des Schriftzugs: {}",
        hex::encode(bound.strokes.sha256())
    ));
    say(&format!(
        "{with}, Striche: {}, Messpunkte: {}, Dauer: {} Millisekunden",
        measures.strokes,
        measures.points,
        measures.duration_tenths / 10
    ));
}
