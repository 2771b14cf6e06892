//! The program that recognises, as it is found on this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long the program may take to say what it is.
const SECONDS_MAX: Duration = Duration::from_secs(10);
/// The data by which it finds out which side is up.
const TOP: &str = "osd";

/// Why there is no recognition.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is not there, or cannot be started.
    #[error("{path} cannot be started")]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is there but does not say what it is.
    #[error("{path} is no tesseract of version 4 or newer")]
    Strange {
        /// Where it is.
        path: PathBuf,
    },
    /// The data of the first language are not there.
    #[error("tesseract has no data for `{language}`")]
    NoLanguage {
        /// The language.
        language: String,
    },
}

/// Tesseract, with what it can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    data: PathBuf,
    version: String,
    languages: Vec<String>,
    finds_top: bool,
}

impl Program {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of its data.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The languages that were asked for and are there, in that order.
    #[must_use]
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// Whether it can find out which side of a page is up.
    pub(super) fn finds_top(&self) -> bool {
        self.finds_top
    }

    /// Its name and version, ours of what is built on it, and the languages.
    #[must_use]
    pub fn engine(&self) -> String {
        let own = super::OWN_VERSION;
        format!(
            "tesseract {}+{own} {}",
            self.version,
            self.languages.join("+")
        )
    }

    pub(super) async fn find(path: &Path, wanted: &[String]) -> Result<Self, ProgramError> {
        let strange = || ProgramError::Strange {
            path: path.to_owned(),
        };
        let version = say(path, "--version").await?;
        let version = parse_version(&version).ok_or_else(strange)?;
        let listed = say(path, "--list-langs").await?;
        let (data, known) = parse_languages(&listed).ok_or_else(strange)?;
        let languages: Vec<String> = wanted
            .iter()
            .filter(|language| known.contains(*language))
            .cloned()
            .collect();
        let first = wanted.first().cloned().unwrap_or_default();
        if languages.first() != Some(&first) {
            return Err(ProgramError::NoLanguage { language: first });
        }
        Ok(Self {
            path: std::fs::canonicalize(path).unwrap_or_else(|_gone| path.to_owned()),
            data: std::fs::canonicalize(&data).unwrap_or(data),
            version,
            finds_top: known.iter().any(|language| language == TOP),
            languages,
        })
    }
}

async fn say(path: &Path, flag: &str) -> Result<String, ProgramError> {
    let missing = |source| ProgramError::Missing {
        path: path.to_owned(),
        source,
    };
    let asked = Command::new(path)
        .arg(flag)
        .env_clear()
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(SECONDS_MAX, asked)
        .await
        .map_err(|_late| missing(std::io::ErrorKind::TimedOut.into()))?
        .map_err(missing)?;
    // Some versions answer on standard error.
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// `tesseract 5.3.0` in the first line.
fn parse_version(said: &str) -> Option<String> {
    let version = said.lines().next()?.strip_prefix("tesseract ")?.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    let major: u32 = version.split('.').next()?.parse().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (major >= 4 && version.len() <= 40 && version.chars().all(plain)).then(|| version.to_owned())
}

/// `List of available languages in "/usr/share/…/tessdata/" (3):`, and one in each line.
fn parse_languages(said: &str) -> Option<(PathBuf, Vec<String>)> {
    let mut lines = said.lines();
    let head = lines.find(|line| line.starts_with("List of available languages"))?;
    let folder = head.split('"').nth(1)?;
    let known = lines.map(str::trim).filter(|line| !line.is_empty());
    Some((PathBuf::from(folder), known.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_of_itself_is_read() {
        let version = |said: &str| parse_version(said);
        assert_eq!(
            version("tesseract 5.3.0\n leptonica-1.82.0\n"),
            Some("5.3.0".into())
        );
        assert_eq!(version("tesseract v5.4.1-rc2\n"), Some("5.4.1-rc2".into()));
        assert_eq!(version("tesseract 3.05\n"), None);
        assert_eq!(version("/bin/true (GNU coreutils)\n"), None);
        let said = "List of available languages in \"/usr/share/tessdata/\" (2):\ndeu\nosd\n";
        let (folder, known) = parse_languages(said).expect("a list");
        assert_eq!(folder, PathBuf::from("/usr/share/tessdata/"));
        assert_eq!(known, ["deu", "osd"]);
        assert_eq!(parse_languages("deu\n"), None);
    }
}
