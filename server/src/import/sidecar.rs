//! What lies beside content and describes it: `letter.pdf.metadata.json` for `letter.pdf`.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::walk::{Refusal, open};
use crate::documents::NewDocument;

const SUFFIX: &str = ".metadata.json";
/// Longest description, in bytes.
const SIDECAR_BYTES_MAX: u64 = 64 * 1024;

/// What a path describes, if it is one that describes.
pub(super) fn described(path: &Path) -> Option<PathBuf> {
    // A name need not be UTF-8.
    let name = path.file_name()?.as_bytes();
    let name = name.strip_suffix(SUFFIX.as_bytes())?;
    (!name.is_empty()).then(|| path.with_file_name(OsStr::from_bytes(name)))
}

/// What is said about the content at `path`; nothing where nothing lies beside it.
pub(super) fn read(root: &Path, path: &Path) -> Result<NewDocument, Refusal> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(SUFFIX);
    let beside = path.with_file_name(name);
    if root.join(&beside).symlink_metadata().is_err() {
        return Ok(NewDocument::default());
    }
    let file = open(root, &beside)?;
    let mut text = String::new();
    let read = file.take(SIDECAR_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|source| Refusal::Metadata(source.to_string()))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > SIDECAR_BYTES_MAX {
        return Err(Refusal::Metadata(format!(
            "more than {SIDECAR_BYTES_MAX} bytes"
        )));
    }
    let said: NewDocument =
        serde_json::from_str(&text).map_err(|source| Refusal::Metadata(source.to_string()))?;
    if said.is_draft() {
        let what = "an import takes in what came from outside: no draft, no case";
        return Err(Refusal::Metadata(what.to_owned()));
    }
    Ok(said)
}
