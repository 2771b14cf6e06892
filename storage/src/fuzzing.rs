//! What of this crate reads what others wrote, each as a function of bytes: for the fuzzer in `fuzz/`, and for
//! the replay of its corpus in the tests here.
//!
//! A function panics where something is wrong, and says nothing otherwise.

use crate::cipher::{CHUNK_BYTES, CONTENT_BYTES_CEILING, ChunkCipher, Layout, TAG_BYTES};
use crate::digest::{Sha256Digest, Sha512Digest};
use crate::key_file::domains_in;
use crate::keys::{DataKey, KeyDomain, open, seal};
use crate::objects::ObjectName;

/// A name, and what is to be tried under it.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 4] = [
    ("blob", blob),
    ("key_file", key_file),
    ("names", names),
    ("sealed", sealed),
];

/// Gives bytes to the target of this name.
///
/// # Panics
/// Where the target does, or where there is none.
pub fn run(name: &str, bytes: &[u8]) {
    let found = TARGETS.into_iter().find(|(known, _)| *known == name);
    let (_, target) = found.expect("a target of this name");
    target(bytes);
}

fn key() -> DataKey {
    DataKey::from_bytes([7; 32])
}

/// A length and a range, eight bytes each, then a chunk that somebody put in the place of ours.
fn blob(bytes: &[u8]) {
    let (numbers, chunk) = bytes.split_at_checked(24).unwrap_or((bytes, b""));
    let numbers = numbers.as_chunks::<8>().0;
    let mut numbers = numbers.iter().map(|eight| u64::from_le_bytes(*eight));
    let mut number = |below: u64| numbers.next().unwrap_or(0) % below;
    let content = number(CONTENT_BYTES_CEILING + 1);
    let start = number(content + 1);
    let end = start + number(content - start + 1);
    let layout = Layout::new(content);
    let span = layout.span(&(start..end));
    assert!(span.stored.start < span.stored.end, "{span:?}");
    assert!(span.stored.end <= layout.stored_bytes(), "{span:?}");
    assert!(span.first < layout.chunks() && span.skip <= CHUNK_BYTES);
    // Nothing decrypts that was not encrypted by this key, for this place.
    let cipher = ChunkCipher::new(&key());
    let mut foreign = bytes.to_vec();
    assert!(cipher.open(0, true, &mut foreign).is_err());
    let place = span.first % 1_000;
    let mut ours = chunk.to_vec();
    assert!(cipher.seal(place, false, &mut ours).is_ok());
    assert_eq!(ours.len(), chunk.len() + TAG_BYTES);
    assert!(cipher.open(place, true, &mut ours.clone()).is_err());
    let length = cipher.open(place, false, &mut ours);
    assert_eq!(length, Ok(chunk.len()));
    assert!(ours.starts_with(chunk));
}

fn key_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for domain in domains_in(text).unwrap_or_default() {
        assert_eq!(KeyDomain::parse(domain.as_str()).ok(), Some(domain));
    }
}

fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(name) = ObjectName::parse(&text) {
        let mut segments = name.as_str().split('/');
        assert!(segments.all(|segment| !segment.is_empty() && segment != ".."));
    }
    if let Ok(digest) = text.parse::<Sha256Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(digest) = text.parse::<Sha512Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(domain) = KeyDomain::parse(&text) {
        assert_eq!(domain.as_str(), text);
    }
}

/// A sealed value: what was not sealed for this place does not open.
fn sealed(bytes: &[u8]) {
    assert!(open(&key(), b"here", bytes).is_err());
    let sealed = seal(&key(), b"here", bytes).expect("randomness");
    assert_eq!(open(&key(), b"here", &sealed).ok().as_deref(), Some(bytes));
    assert!(open(&key(), b"there", &sealed).is_err());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_of_others_never_makes_it_panic() {
        for (name, target) in TARGETS {
            havoc::replay(name, 100, target);
        }
    }
}
