//! What a log sends to a witness (C2SP tlog-witness, `add-checkpoint`): the size that the witness
//! cosigned last, the proof that the new tree continues that one, and the new checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::merkle::{HASH_BYTES, Hash};
use super::note::NOTE_BYTES_MAX;

/// Below this path a witness takes them.
pub const PATH: &str = "add-checkpoint";
/// The media type of the answer 409: the size that the witness cosigned last, and a line feed.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// Most lines of a proof.
pub const PROOF_LINES_MAX: usize = 63;
/// Longest body: a note, a proof, a number.
pub const BODY_BYTES_MAX: usize = NOTE_BYTES_MAX + PROOF_LINES_MAX * 45 + 32;

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness cosigned last; 0 if it never did.
    pub old: u64,
    /// The consistency proof (RFC 6962, 2.1.2) from there.
    pub proof: Vec<Hash>,
    /// The checkpoint, as a note.
    pub note: Vec<u8>,
}

impl AddCheckpoint {
    /// The body.
    pub fn to_body(&self) -> Vec<u8> {
        let mut head = format!("old {}\n", self.old);
        for hash in &self.proof {
            head.push_str(&BASE64.encode(hash.0));
            head.push('\n');
        }
        head.push('\n');
        [head.as_bytes(), self.note.as_slice()].concat()
    }

    /// Reads what [`AddCheckpoint::to_body`] writes, and nothing else. The note is not looked at.
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > BODY_BYTES_MAX {
            return None;
        }
        let mut rest = body;
        let old = line(&mut rest)?.strip_prefix("old ")?;
        let old = number(old)?;
        let mut proof = Vec::new();
        loop {
            let line = line(&mut rest)?;
            if line.is_empty() {
                break;
            }
            let hash: [u8; HASH_BYTES] = BASE64.decode(line).ok()?.try_into().ok()?;
            proof.push(Hash(hash));
            if proof.len() > PROOF_LINES_MAX {
                return None;
            }
        }
        let note = rest.to_vec();
        Some(Self { old, proof, note })
    }
}

/// A size in its one writing: digits without a zero before them.
pub fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Takes the next line off.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = rest.split_at_checked(end)?;
    *rest = after.get(1..)?;
    std::str::from_utf8(line).ok()
}
