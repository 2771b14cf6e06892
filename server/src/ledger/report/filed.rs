//! The report of a day in its folder: written once, whole or not at all.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use paper::report::Lang;
use sea_orm::ConnectionTrait;
use thiserror::Error;

use super::{House, Outside, ReportError, When, gather, render};
use crate::base::{CivilDate, Timestamp};

/// Whoever may look into the folder may read and print what lies there: it names nobody.
const MODE: u32 = 0o644;
/// So many seconds of a day may pass before its report is missed.
const MISSED_AFTER_SECONDS: i64 = 3_600;

/// What became of the report of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filed {
    /// It was written now, to this path.
    Now(PathBuf),
    /// It was there.
    Before,
    /// Nothing was signed yet that could be printed.
    NotYet,
}

/// Why the report of a day could not be filed.
#[derive(Debug, Error)]
pub enum FilingError {
    /// It could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// It could not be written.
    #[error("the report {path} cannot be written")]
    Write {
        /// Where it was to lie.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No calendar has this day.
    #[error("the clock shows a day that no calendar has")]
    NoDay,
    /// A thread ended early.
    #[error("the report was given up")]
    GivenUp,
}

/// What the report of a day is called: `2026-11-26.pdf`.
#[must_use]
pub fn file_name(day: CivilDate) -> String {
    format!("{day}.pdf")
}

/// Files the report of the day that it is by the clocks of Germany, unless it is there. Several may do so at once: the
/// name decides, the first one wins, and nothing is ever written over.
///
/// # Errors
/// Where it cannot be made or written: then nothing of it lies there, and it is tried again.
pub async fn file(
    on: &impl ConnectionTrait,
    house: &House,
    (folder, now): (&Path, Timestamp),
    outside: Outside<'_>,
) -> Result<Filed, FilingError> {
    let day = CivilDate::on(now).ok_or(FilingError::NoDay)?;
    let path = folder.join(file_name(day));
    if tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Ok(Filed::Before);
    }
    let facts = match gather(on, house, (When::Day(day), now), outside).await {
        Ok(facts) => facts,
        Err(ReportError::NoCheckpoint) => return Ok(Filed::NotYet),
        Err(error) => return Err(error.into()),
    };
    let filing = tokio::task::spawn_blocking(move || {
        let made = render(&facts, Lang::German)?;
        match create(&path, &made) {
            Ok(()) => Ok(Filed::Now(path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Filed::Before),
            Err(source) => Err(FilingError::Write { path, source }),
        }
    });
    filing
        .await
        .unwrap_or_else(|_gone| Err(FilingError::GivenUp))
}

/// Writes a file that is not there yet: beside it, synced, then under its name, and the folder synced. Whoever finds
/// the name finds all of it.
fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".")
        .suffix(".part")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist_noclobber(path).map_err(|lost| lost.error)?;
    File::open(folder)?.sync_all()
}

/// The report that should lie in a folder by now and does not: that of this day, or, within its first hour, that of the
/// day before.
#[must_use]
pub fn is_missing(folder: &Path, now: Timestamp) -> Option<String> {
    let wanted = CivilDate::on(now.plus_seconds(-MISSED_AFTER_SECONDS))?;
    let there = |day: CivilDate| folder.join(file_name(day)).is_file();
    let filed = there(wanted) || CivilDate::on(now).is_some_and(there);
    (!filed).then(|| file_name(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_written_once_and_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("2026-11-26.pdf");
        create(&path, b"%PDF-1.7").expect("written");
        let again = create(&path, b"other").expect_err("it is there");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).expect("a file"), b"%PDF-1.7");
        let lies = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(lies, 1, "nothing is left beside it");
        let nowhere = folder.path().join("fehlt").join("2026-11-26.pdf");
        assert!(create(&nowhere, b"x").is_err());
    }

    #[test]
    fn a_report_is_missed_an_hour_after_its_day_began() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = |at: &str| {
            let at = Timestamp::parse(at).expect("an instant");
            is_missing(folder.path(), at)
        };
        let day = |name: &str| Some(format!("{name}.pdf"));
        // Half past midnight by the clocks of Germany.
        assert_eq!(missing("2026-11-25T23:30:00Z"), day("2026-11-25"));
        assert_eq!(missing("2026-11-26T00:30:00Z"), day("2026-11-26"));
        let write = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(path, b"%PDF").expect("a file");
        };
        write("2026-11-25.pdf");
        assert_eq!(missing("2026-11-25T23:30:00Z"), None);
        assert_eq!(missing("2026-11-26T00:30:00Z"), day("2026-11-26"));
        write("2026-11-26.pdf");
        assert_eq!(missing("2026-11-25T23:30:00Z"), None);
        assert_eq!(missing("2026-11-26T12:00:00Z"), None);
    }
}
