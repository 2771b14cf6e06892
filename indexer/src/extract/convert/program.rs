//! The office program, as it is found on this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long the program may take to say what it is.
const SECONDS_MAX: Duration = Duration::from_secs(20);
/// What the program itself is called, beside the script that starts it.
const ITSELF: &str = "soffice.bin";

/// Why no document of an office is converted.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// It is not there, or cannot be started.
    #[error("{path} cannot be started")]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is there but does not say what it is.
    #[error("{path} is no LibreOffice of version 7 or newer")]
    Strange {
        /// Where it is.
        path: PathBuf,
    },
}

/// LibreOffice, as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Office {
    path: PathBuf,
    version: String,
}

impl Office {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name and version, and ours of what is built on it.
    #[must_use]
    pub fn engine(&self) -> String {
        format!("libreoffice {}+{}", self.version, super::OWN_VERSION)
    }

    pub(super) async fn find(path: &Path) -> Result<Self, OfficeError> {
        let missing = |source| OfficeError::Missing {
            path: path.to_owned(),
            source,
        };
        let place = tokio::fs::canonicalize(path).await.map_err(missing)?;
        // The script that people start cannot be started where nothing else may be.
        let itself = place.with_file_name(ITSELF);
        let is_there = tokio::fs::try_exists(&itself).await.unwrap_or_default();
        let place = if is_there { itself } else { place };
        let asked = Command::new(&place)
            // Nowhere: to say what it is it needs no settings.
            .arg("-env:UserInstallation=file:///dev/null/none")
            .args(["--headless", "--version"])
            .env_clear()
            .env("SAL_USE_VCLPLUGIN", "svp")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(SECONDS_MAX, asked)
            .await
            .map_err(|_late| missing(std::io::ErrorKind::TimedOut.into()))?
            .map_err(missing)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = parse_version(&said).ok_or_else(|| OfficeError::Strange {
            path: path.to_owned(),
        })?;
        Ok(Self {
            path: place,
            version,
        })
    }
}

/// `LibreOffice 7.4.7.2 40(Build:2)` in a line.
fn parse_version(said: &str) -> Option<String> {
    let mut lines = said.lines();
    let line = lines.find_map(|line| line.strip_prefix("LibreOffice "))?;
    let version = line.split_ascii_whitespace().next()?;
    let major: u32 = version.split('.').next()?.parse().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (major >= 7 && version.len() <= 40 && version.chars().all(plain)).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_of_itself_is_read() {
        let check = |said: &str, expect: Option<&str>| {
            assert_eq!(parse_version(said).as_deref(), expect, "{said}");
        };
        check("LibreOffice 7.4.7.2 40(Build:2)\n", Some("7.4.7.2"));
        check("\nLibreOffice 25.2.3.2 520(Build:2)\n", Some("25.2.3.2"));
        check("LibreOffice 6.4.0 x\n", None);
        check("OpenOffice 4.1\n", None);
        check("LibreOffice \n", None);
    }
}
