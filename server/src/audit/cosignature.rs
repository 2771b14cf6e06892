//! Cosignatures of witnesses (C2SP tlog-cosignature, `cosignature/v1`) with Ed25519.
//!
//! A cosignature says that its witness saw this checkpoint at this time, that it continues all that
//! the witness had seen of the log before, and that it was the largest.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::note::{
    NoteError, is_key_name, is_note_text, key_id, key_text, load_secret, save_secret, secret_text,
    signature_text, signing_key, split_note, verifying_key,
};

/// The signature type of cosignatures with Ed25519.
const COSIGNATURE: u8 = 4;

/// What is signed: the time, and the whole text of the checkpoint.
fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// Larger ones are no times (C2SP tlog-cosignature).
fn is_time(seconds: u64) -> bool {
    i64::try_from(seconds).is_ok()
}

/// A cosignature that is right, as it stands in a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Its line, with its line feed.
    pub line: String,
    /// When it was made, in seconds since 1970.
    pub seconds: u64,
}

/// The public key of a witness with its name: `name+id+base64`, as printed on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl WitnessKey {
    fn new(name: &str, key: VerifyingKey) -> Self {
        Self {
            name: name.to_owned(),
            id: key_id(name, COSIGNATURE, key.as_bytes()),
            key,
        }
    }

    /// The name of the witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short id as eight hexadecimal digits: a name, not a proof.
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    /// Whether it is the same key, whatever it is called: it counts once.
    pub fn is_key_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Whether a signature line speaks of this key.
    pub(super) fn is_named(&self, name: &str, id: [u8; 4]) -> bool {
        self.name == name && self.id == id
    }

    /// The time of a cosignature on this text; nothing where it is wrong.
    pub(super) fn time_of(&self, text: &str, signature: &[u8]) -> Option<u64> {
        let (seconds, signature) = signature.split_first_chunk()?;
        let seconds = u64::from_be_bytes(*seconds);
        let signature = Signature::from_slice(signature).ok()?;
        let verified = self
            .key
            .verify_strict(message(text, seconds).as_bytes(), &signature);
        (verified.is_ok() && is_time(seconds)).then_some(seconds)
    }

    /// The newest cosignature of this witness in a note; a wrong one in its name is an error.
    pub fn cosignature(&self, note: &[u8]) -> Result<Option<Cosignature>, NoteError> {
        let (text, signatures) = split_note(note)?;
        let mut found: Option<Cosignature> = None;
        for line in signatures {
            let (name, id, signature) = line?;
            if !self.is_named(name, id) {
                continue;
            }
            let seconds =
                self.time_of(text, &signature)
                    .ok_or_else(|| NoteError::BadSignature {
                        key: format!("{name}+{}", hex::encode(id)),
                    })?;
            if found.as_ref().is_none_or(|before| before.seconds < seconds) {
                let line = signature_text(name, id, &signature);
                found = Some(Cosignature { line, seconds });
            }
        }
        Ok(found)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, COSIGNATURE, &self.key))
    }
}

impl FromStr for WitnessKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, key) = verifying_key(text, COSIGNATURE)?;
        Ok(Self::new(name, key))
    }
}

/// The secret key of a witness. Forgotten bytes are overwritten.
pub struct WitnessSigner {
    name: String,
    key: SigningKey,
}

impl fmt::Debug for WitnessSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessSigner({})", self.verifier())
    }
}

impl WitnessSigner {
    /// A new key of this name, from the randomness of the operating system.
    pub fn generate(name: &str) -> Result<Self, NoteError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(NoteError::Random)?;
        Self::from_seed(name, &seed)
    }

    /// The key that grows from a seed; refuses a name that no key can have.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::BadKey);
        }
        Ok(Self {
            name: name.to_owned(),
            key: SigningKey::from_bytes(seed),
        })
    }

    /// The public half.
    pub fn verifier(&self) -> WitnessKey {
        WitnessKey::new(&self.name, self.key.verifying_key())
    }

    /// `PRIVATE+KEY+name+id+base64`: what a key file holds.
    pub fn to_secret_string(&self) -> Zeroizing<String> {
        secret_text(&self.name, COSIGNATURE, &self.key)
    }

    /// Reads what [`WitnessSigner::to_secret_string`] wrote.
    pub fn from_secret_string(text: &str) -> Result<Self, NoteError> {
        let (name, key) = signing_key(text, COSIGNATURE)?;
        let name = name.to_owned();
        Ok(Self { name, key })
    }

    /// Writes the key to a new file that only its owner can read; refuses to overwrite one.
    pub fn save(&self, path: &Path) -> Result<(), NoteError> {
        save_secret(path, &self.to_secret_string())
    }

    /// Reads a key file; refuses one that others may read.
    pub fn load(path: &Path) -> Result<Self, NoteError> {
        Self::from_secret_string(load_secret(path)?.trim_end())
    }

    /// Cosigns the text of a checkpoint at this time. Whether it continues what was cosigned before
    /// is for the caller to know.
    pub fn cosign(&self, text: &str, seconds: u64) -> Result<Cosignature, NoteError> {
        if !is_note_text(text) || !is_time(seconds) {
            return Err(NoteError::Malformed);
        }
        let signed = self.key.sign(message(text, seconds).as_bytes()).to_bytes();
        let signature = [seconds.to_be_bytes().as_slice(), signed.as_slice()].concat();
        let id = self.verifier().id;
        Ok(Cosignature {
            line: signature_text(&self.name, id, &signature),
            seconds,
        })
    }
}
