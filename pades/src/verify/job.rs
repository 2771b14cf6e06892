//! A verification as bytes in and bytes out, for a worker that has nothing else.

use super::{Report, Trust, verify};

/// Whom to trust, as a worker is given it: packed once, for any number of files.
///
/// # Errors
///
/// Where the certificates cannot be written, which does not happen.
pub fn pack(trust: &Trust) -> Result<Vec<u8>, serde_json::Error> {
    let packed = serde_json::to_vec(trust)?;
    let length = u64::try_from(packed.len()).unwrap_or(u64::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(packed);
    Ok(bytes)
}

/// What a worker is given first: as of when. What [`pack`] made follows, then the file.
pub fn head(at: i64) -> Vec<u8> {
    at.to_be_bytes().to_vec()
}

/// Does what these three ask for; nothing where they are not that.
pub fn run(bytes: &[u8]) -> Option<Vec<u8>> {
    let (at, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (trust, file) = rest.split_at_checked(length)?;
    let trust: Trust = serde_json::from_slice(trust).ok()?;
    serde_json::to_vec(&verify(file, &trust, i64::from_be_bytes(*at))).ok()
}

/// What a worker said.
///
/// # Errors
///
/// Where it is no report.
pub fn report(bytes: &[u8]) -> Result<Report, serde_json::Error> {
    serde_json::from_slice(bytes)
}
