//! Whom this house trusts: the files of a folder.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use pades::verify::{TRUST_FILE_BYTES_MAX, Trust};

/// What a file must be called to count.
const ENDINGS: [&str; 5] = ["pem", "crt", "cer", "der", "xml"];

/// The folder could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{folder} cannot be read")]
pub struct TrustError {
    folder: PathBuf,
    source: io::Error,
}

/// A file of the folder that is no source of trust.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds no certificate, or too many.
    #[error("{path} is not trusted")]
    Content {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pades::verify::TrustError,
    },
}

/// Reads the certificates and trusted lists of a folder: its files that end in `.pem`, `.crt`, `.cer`, `.der` or
/// `.xml`, in the order of their names. What one of them is not good for is told and passed over.
///
/// # Errors
///
/// If there is no such folder.
pub fn trust_of(folder: &Path) -> Result<(Trust, Vec<FileFault>), TrustError> {
    let wrong = |source| TrustError {
        folder: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase);
        if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let (mut trust, mut faults) = (Trust::new(), Vec::new());
    for path in paths {
        match read(&path) {
            Err(source) => faults.push(FileFault::Read { path, source }),
            Ok(bytes) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if let Err(source) = trust.add(&name, &bytes) {
                    faults.push(FileFault::Content { path, source });
                }
            }
        }
    }
    Ok((trust, faults))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(TRUST_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
