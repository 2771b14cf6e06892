//! Whom this house trusts: the files of a folder.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use pades::verify::{TRUST_FILE_BYTES_MAX, Trust};
use sha2::{Digest as _, Sha256};

use crate::config::Lists;

/// What a file must be called to count.
const ENDINGS: [&str; 5] = ["pem", "crt", "cer", "der", "xml"];

/// The folder could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{folder} cannot be read")]
pub struct TrustError {
    folder: PathBuf,
    source: io::Error,
}

/// What a trusted list is called. Nobody checks its signature here, so it is named by its hash.
const LIST: &str = "xml";

/// Whom a folder names.
#[derive(Debug, Default)]
pub struct Trusted {
    /// They.
    pub trust: Trust,
    /// Files that are passed over.
    pub faults: Vec<FileFault>,
    /// Trusted lists that count, but that the settings do not name: name and SHA-256.
    pub unnamed: Vec<String>,
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
    /// It is not the one that the settings name.
    #[error("{path} is not the file that signatures.lists names")]
    Other {
        /// Which.
        path: PathBuf,
    },
    /// The settings name it, and it is not there.
    #[error("signatures.lists names {path}, which is not there")]
    Absent {
        /// Which.
        path: PathBuf,
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
/// `.xml`, in the order of their names. What one of them is not good for is told and passed over, and so is what `lists`
/// names and is another file.
///
/// # Errors
///
/// If there is no such folder.
pub fn trust_of(folder: &Path, lists: &Lists) -> Result<Trusted, TrustError> {
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
    let mut trusted = Trusted::default();
    let missing = lists.keys().map(|name| folder.join(name));
    let missing = missing.filter(|path| !paths.contains(path));
    trusted
        .faults
        .extend(missing.map(|path| FileFault::Absent { path }));
    for path in paths {
        if let Err(fault) = trusted.add(path, lists) {
            trusted.faults.push(fault);
        }
    }
    Ok(trusted)
}

impl Trusted {
    fn add(&mut self, path: PathBuf, lists: &Lists) -> Result<(), FileFault> {
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(source) => return Err(FileFault::Read { path, source }),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.into_owned();
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        let named = lists.get(&name);
        if named.is_some_and(|named| *named != sha256) {
            return Err(FileFault::Other { path });
        }
        if let Err(source) = self.trust.add(&name, &bytes) {
            return Err(FileFault::Content { path, source });
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_list = ending.is_some_and(|ending| ending.eq_ignore_ascii_case(LIST));
        if is_list && named.is_none() {
            self.unnamed.push(format!("{name}={}", hex::encode(sha256)));
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(TRUST_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};
    use tempfile::TempDir;

    use super::{FileFault, trust_of};
    use crate::config::Lists;

    const ROOT: &str = include_str!("../../../pades/tests/data/trust/root.pem");

    #[test]
    fn a_list_that_is_another_one_is_not_trusted_and_one_that_nobody_names_is_told() {
        let body: String = ROOT.lines().filter(|line| !line.starts_with('-')).collect();
        let list = format!(
            "<TrustServiceStatusList><ServiceInformation>\
             <ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/CA/QC</ServiceTypeIdentifier>\
             <X509Certificate>{body}</X509Certificate>\
             <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted</ServiceStatus>\
             </ServiceInformation></TrustServiceStatusList>"
        );
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("de.xml"), &list).expect("written");
        let sha256: [u8; 32] = Sha256::digest(&list).into();
        let told = |lists: &Lists| {
            let found = trust_of(folder.path(), lists).expect("a folder");
            (found.trust.len(), found.unnamed, found.faults)
        };
        let (anchors, unnamed, faults) = told(&Lists::new());
        let line = format!("de.xml={}", hex::encode(sha256));
        assert_eq!((anchors, unnamed), (1, vec![line]));
        assert!(faults.is_empty());
        let (anchors, unnamed, faults) = told(&Lists::from([("de.xml".to_owned(), sha256)]));
        assert_eq!((anchors, unnamed.len(), faults.len()), (1, 0, 0));
        let other = Lists::from([
            ("de.xml".to_owned(), [0; 32]),
            ("at.xml".to_owned(), [1; 32]),
        ]);
        let (anchors, unnamed, faults) = told(&other);
        assert_eq!((anchors, unnamed.len()), (0, 0));
        assert!(matches!(
            faults[..],
            [FileFault::Absent { .. }, FileFault::Other { .. }]
        ));
    }
}
