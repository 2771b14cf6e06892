//! A verification as bytes in and bytes out, for a worker that has nothing else.

use serde::{Deserialize, Serialize};

use super::{Report, Trust, verify};

/// What goes with a file, as it is written.
#[derive(Serialize)]
struct Sent<'a> {
    at: i64,
    trust: &'a Trust,
}

/// The same, as it is read.
#[derive(Deserialize)]
struct Head {
    at: i64,
    trust: Trust,
}

/// What stands before a file that a worker is given.
///
/// # Errors
///
/// Where the certificates cannot be written, which does not happen.
pub fn head(trust: &Trust, at: i64) -> Result<Vec<u8>, serde_json::Error> {
    let head = serde_json::to_vec(&Sent { at, trust })?;
    let length = u64::try_from(head.len()).unwrap_or(u64::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(head);
    Ok(bytes)
}

/// Does what [`head`] and the file behind it ask for; nothing where they are not that.
pub fn run(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (head, file) = rest.split_at_checked(length)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    serde_json::to_vec(&verify(file, &head.trust, head.at)).ok()
}

/// What a worker said.
///
/// # Errors
///
/// Where it is no report.
pub fn report(bytes: &[u8]) -> Result<Report, serde_json::Error> {
    serde_json::from_slice(bytes)
}
