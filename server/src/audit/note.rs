//! Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-policy) with Ed25519.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::leaf::Origin;
use super::merkle::{HASH_BYTES, Hash};
use super::quorum::{Cosigners, Quorum, Reader};

/// Largest note that is looked at.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Most signature lines that are looked at.
pub const SIGNATURES_MAX: usize = 100;
/// Largest policy or key file that is looked at.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;
/// The signature type of plain Ed25519 notes.
const ED25519: u8 = 1;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// What can be wrong with notes, keys and policies.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("not a signed note")]
    Malformed,
    /// A signed note that is not a checkpoint.
    #[error("not a checkpoint")]
    NotACheckpoint,
    /// No signature by a known key.
    #[error("no signature by a known key")]
    UnknownKey,
    /// A known key is named, and its signature is wrong.
    #[error("the signature in the name of {key} is wrong")]
    BadSignature {
        /// Name and id of the key.
        key: String,
    },
    /// Not a key string.
    #[error("not a key: expected name+id+base64")]
    BadKey,
    /// Not a policy: a line of its own kind, a name that was not defined before, no quorum.
    #[error("line {line} of the policy is not understood")]
    BadPolicy {
        /// Line, from 1.
        line: usize,
    },
    /// A key file that others may read.
    #[error("the key file may be read by others; its mode must be 0600")]
    Exposed,
    /// The key file could not be read or written.
    #[error("the key file cannot be used")]
    File(#[source] io::Error),
    /// The operating system gives no randomness.
    #[error("no randomness for a new key")]
    Random(#[source] getrandom::Error),
}

/// The id of a key of this signature type: `SHA-256(name ‖ LF ‖ type ‖ key)[:4]`.
pub(super) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind])
        .chain_update(public)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

pub(super) fn is_key_name(name: &str) -> bool {
    let bad = |char: char| char.is_whitespace() || char.is_control() || char == '+';
    !name.is_empty() && name.len() <= super::leaf::ORIGIN_BYTES_MAX && !name.contains(bad)
}

/// A public key with its name: `name+id+base64`, as printed on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl NoteKey {
    fn new(name: &str, key: VerifyingKey) -> Self {
        Self {
            name: name.to_owned(),
            id: key_id(name, ED25519, key.as_bytes()),
            key,
        }
    }

    /// The name: the origin of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same key under the name of another log (C2SP: a key's name is the origin of its log), so with another id.
    #[must_use]
    pub fn named(&self, origin: &Origin) -> Self {
        Self::new(origin.as_str(), self.key)
    }

    /// The short id as eight hexadecimal digits: a name, not a proof.
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    /// The key for tools such as openssl.
    pub fn to_pem(&self) -> Result<String, NoteError> {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .ok()
            .ok_or(NoteError::BadKey)
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, ED25519, &self.key))
    }
}

impl FromStr for NoteKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, key) = verifying_key(text, ED25519)?;
        Ok(Self::new(name, key))
    }
}

/// `name+id+base64(type ‖ 32 bytes)`, with these 32 bytes for a key whose public half is this.
fn parts_text(name: &str, kind: u8, public: &VerifyingKey, key: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(vec![kind]);
    bytes.extend_from_slice(key);
    let id = hex::encode(key_id(name, kind, public.as_bytes()));
    let encoded = Zeroizing::new(BASE64.encode(&*bytes));
    Zeroizing::new(format!("{name}+{id}+{}", *encoded))
}

/// A public key of this type, as it is printed on paper.
pub(super) fn key_text(name: &str, kind: u8, key: &VerifyingKey) -> String {
    String::clone(&parts_text(name, kind, key, key.as_bytes()))
}

/// Reads what [`key_text`] wrote.
pub(super) fn verifying_key(text: &str, kind: u8) -> Result<(&str, VerifyingKey), NoteError> {
    let (name, id, bytes) = key_parts(text, kind)?;
    let key = VerifyingKey::from_bytes(&bytes);
    let key = key.ok().ok_or(NoteError::BadKey)?;
    // A weak key would accept signatures that nobody made.
    if key_id(name, kind, key.as_bytes()) == id && !key.is_weak() {
        Ok((name, key))
    } else {
        Err(NoteError::BadKey)
    }
}

/// A secret key of this type: what a key file holds.
pub(super) fn secret_text(name: &str, kind: u8, key: &SigningKey) -> Zeroizing<String> {
    let text = parts_text(name, kind, &key.verifying_key(), key.as_bytes());
    Zeroizing::new(format!("{SECRET_PREFIX}{}", *text))
}

/// Reads what [`secret_text`] wrote.
pub(super) fn signing_key(text: &str, kind: u8) -> Result<(&str, SigningKey), NoteError> {
    let rest = text.strip_prefix(SECRET_PREFIX).ok_or(NoteError::BadKey)?;
    let (name, id, mut seed) = key_parts(rest, kind)?;
    let key = SigningKey::from_bytes(&seed);
    seed.zeroize();
    if key_id(name, kind, key.verifying_key().as_bytes()) == id {
        Ok((name, key))
    } else {
        Err(NoteError::BadKey)
    }
}

/// Splits `name+id+base64(type ‖ 32 bytes)`.
fn key_parts(text: &str, kind: u8) -> Result<(&str, [u8; 4], [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (name, id, encoded) = (parts.next(), parts.next(), parts.next());
    let name = name
        .filter(|name| is_key_name(name))
        .ok_or(NoteError::BadKey)?;
    let mut found = [0; 4];
    let id = id.filter(|id| !id.bytes().any(|byte| byte.is_ascii_uppercase()));
    hex::decode_to_slice(id.ok_or(NoteError::BadKey)?, &mut found)
        .ok()
        .ok_or(NoteError::BadKey)?;
    let decoded = BASE64
        .decode(encoded.ok_or(NoteError::BadKey)?)
        .map(Zeroizing::new);
    let decoded = decoded.ok().ok_or(NoteError::BadKey)?;
    match decoded.split_first() {
        Some((first, key)) if *first == kind => {
            Ok((name, found, key.try_into().ok().ok_or(NoteError::BadKey)?))
        }
        Some(_) | None => Err(NoteError::BadKey),
    }
}

/// The secret key of a log. Forgotten bytes are overwritten.
pub struct NoteSigner {
    name: String,
    key: SigningKey,
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier())
    }
}

impl NoteSigner {
    /// A new key of this name, from the randomness of the operating system.
    pub fn generate(origin: &Origin) -> Result<Self, NoteError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(NoteError::Random)?;
        Ok(Self::from_seed(origin, &seed))
    }

    /// The key that grows from a seed.
    pub fn from_seed(origin: &Origin, seed: &[u8; 32]) -> Self {
        Self {
            name: origin.as_str().to_owned(),
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The public half.
    pub fn verifier(&self) -> NoteKey {
        NoteKey::new(&self.name, self.key.verifying_key())
    }

    /// The same key as it signs the log of another name.
    #[must_use]
    pub fn named(&self, origin: &Origin) -> Self {
        Self {
            name: origin.as_str().to_owned(),
            key: self.key.clone(),
        }
    }

    /// `PRIVATE+KEY+name+id+base64`: what a key file holds.
    pub fn to_secret_string(&self) -> Zeroizing<String> {
        secret_text(&self.name, ED25519, &self.key)
    }

    /// Reads what [`NoteSigner::to_secret_string`] wrote.
    pub fn from_secret_string(text: &str) -> Result<Self, NoteError> {
        let (name, key) = signing_key(text, ED25519)?;
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

    /// Signs a text that ends in a line feed and makes it a note.
    pub fn sign(&self, text: &str) -> Result<Vec<u8>, NoteError> {
        if !is_note_text(text) {
            return Err(NoteError::Malformed);
        }
        let mut signature = self.verifier().id.to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        Ok(format!(
            "{text}\n\u{2014} {} {}\n",
            self.name,
            BASE64.encode(signature)
        )
        .into_bytes())
    }
}

/// Writes the text of a secret key to a new file that only its owner can read.
pub(super) fn save_secret(path: &Path, secret: &str) -> Result<(), NoteError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(NoteError::File)?;
    let text = Zeroizing::new(format!("{secret}\n"));
    file.write_all(text.as_bytes()).map_err(NoteError::File)?;
    file.sync_all().map_err(NoteError::File)?;
    sync_folder(path).map_err(NoteError::File)
}

/// Reads the file of a secret key; refuses one that others may read.
pub(super) fn load_secret(path: &Path) -> Result<Zeroizing<String>, NoteError> {
    let file = fs::File::open(path).map_err(NoteError::File)?;
    #[cfg(unix)]
    {
        let meta = file.metadata().map_err(NoteError::File)?;
        if std::os::unix::fs::MetadataExt::mode(&meta) & 0o077 != 0 {
            return Err(NoteError::Exposed);
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.take(KEY_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(NoteError::File)?;
    Ok(text)
}

/// A file that was created or moved is safe only once its folder is.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && !text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}

/// The keys whose signatures count, and which witnesses must have cosigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    keys: Vec<NoteKey>,
    quorum: Quorum,
}

impl Policy {
    /// Trusts these keys, and asks for no witness.
    pub fn new(keys: Vec<NoteKey>) -> Self {
        Self {
            keys,
            quorum: Quorum::default(),
        }
    }

    /// The same keys, with these witnesses.
    #[must_use]
    pub fn witnessed(self, quorum: Quorum) -> Self {
        Self { quorum, ..self }
    }

    /// The keys, in the order of the policy.
    pub fn keys(&self) -> &[NoteKey] {
        &self.keys
    }

    /// The witnesses, and how many of them must have cosigned.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Which witnesses of the policy have cosigned a note. Says nothing about the signature of the
    /// log: see [`Policy::open`].
    pub fn cosigners(&self, note: &[u8]) -> Result<Cosigners<'_>, NoteError> {
        self.quorum.cosigners(note)
    }

    /// The same policy with these keys of the log.
    #[must_use]
    pub fn with_keys(&self, keys: Vec<NoteKey>) -> Self {
        let mut with = self.clone();
        with.keys = keys;
        with
    }

    /// The keys as they sign the log of this name: the log of looks is signed by the key of the log beside which it
    /// stands, under its own name. Every other key stays as it is.
    #[must_use]
    pub fn under(&self, origin: &Origin) -> Self {
        let mut named = self.clone();
        for key in &mut named.keys {
            if origin.is_of_looks_beside(&key.name) {
                *key = key.named(origin);
            }
        }
        named
    }

    /// Reads a C2SP policy (tlog-policy): lines `log`, `witness`, `group`, and one `quorum`. Where
    /// a log is to be found is of no concern here and not kept.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut keys = Vec::new();
        let mut reader = Reader::default();
        for (number, line) in text.lines().enumerate() {
            let bad = || NoteError::BadPolicy { line: number + 1 };
            if line.chars().any(|char| char.is_control() && char != '\t') {
                return Err(bad());
            }
            let words = line.split([' ', '\t']).filter(|word| !word.is_empty());
            let words: Vec<&str> = words.collect();
            match words.as_slice() {
                [] => {}
                [comment, ..] if comment.starts_with('#') => {}
                ["log", key] | ["log", key, _] => {
                    let key = key.parse::<NoteKey>().ok().ok_or_else(bad)?;
                    if keys.contains(&key) {
                        return Err(bad());
                    }
                    keys.push(key);
                }
                other => reader.line(other).ok_or_else(bad)?,
            }
        }
        // Without a word about witnesses nobody knows how many are wanted: not even none.
        let line = text.lines().count() + 1;
        let quorum = reader.finish().ok_or(NoteError::BadPolicy { line })?;
        Ok(Self { keys, quorum })
    }

    /// Opens a note: every signature by a known key must be right, and there must be one. Returns
    /// the signed text and the key; signatures by unknown keys are ignored.
    pub fn open<'a>(&self, note: &'a [u8]) -> Result<(&'a str, &NoteKey), NoteError> {
        let (text, signatures) = split_note(note)?;
        let mut opened = None;
        for line in signatures {
            let (name, id, signature) = line?;
            let Some(key) = self
                .keys
                .iter()
                .find(|key| key.name == name && key.id == id)
            else {
                continue;
            };
            let wrong = || NoteError::BadSignature {
                key: format!("{name}+{}", hex::encode(id)),
            };
            let signature = Signature::from_slice(&signature).ok().ok_or_else(wrong)?;
            key.key
                .verify_strict(text.as_bytes(), &signature)
                .ok()
                .ok_or_else(wrong)?;
            opened = opened.or(Some(key));
        }
        opened.map(|key| (text, key)).ok_or(NoteError::UnknownKey)
    }
}

impl Policy {
    /// A note with the signatures of the keys of the policy alone, in the order of the note. What
    /// others have written behind it is not kept: it may be anything.
    pub fn strip(&self, note: &[u8]) -> Result<Vec<u8>, NoteError> {
        let (text, signatures) = split_note(note)?;
        let mut stripped = format!("{text}\n");
        for line in signatures {
            let (name, id, signature) = line?;
            if self.keys.iter().any(|key| key.name == name && key.id == id) {
                stripped.push_str(&signature_text(name, id, &signature));
            }
        }
        Ok(stripped.into_bytes())
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.keys {
            writeln!(f, "log {key}")?;
        }
        fmt::Display::fmt(&self.quorum, f)
    }
}

/// A signature line, with its line feed.
pub(super) fn signature_text(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    let bytes = [id.as_slice(), signature].concat();
    format!("\u{2014} {name} {}\n", BASE64.encode(bytes))
}

pub(super) type SignatureLine<'a> = (&'a str, [u8; 4], Vec<u8>);

/// The text of a note and its signature lines, unchecked.
pub(super) fn split_note(
    note: &[u8],
) -> Result<
    (
        &str,
        impl Iterator<Item = Result<SignatureLine<'_>, NoteError>>,
    ),
    NoteError,
> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed);
    }
    let note = std::str::from_utf8(note).ok().ok_or(NoteError::Malformed)?;
    let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
    // The text keeps the first of the two line feeds.
    let text = note.get(..=text.len()).ok_or(NoteError::Malformed)?;
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    if !is_note_text(note) || lines.is_empty() || lines.lines().count() > SIGNATURES_MAX {
        return Err(NoteError::Malformed);
    }
    let parse = |line| signature_line(line).ok_or(NoteError::Malformed);
    Ok((text, lines.split('\n').map(parse)))
}

fn signature_line(line: &str) -> Option<SignatureLine<'_>> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64.decode(encoded).ok().filter(|_| is_key_name(name))?;
    let (id, signature) = bytes.split_first_chunk()?;
    Some((name, *id, signature.to_vec()))
}

/// A signed statement: the log of this name has this many records under this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Number of records.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text to sign.
    pub fn to_text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(self.root.0)
        )
    }

    /// Signs it.
    pub fn sign(&self, signer: &NoteSigner) -> Result<Vec<u8>, NoteError> {
        signer.sign(&self.to_text())
    }

    /// Reads the text of a checkpoint. Extension lines are allowed and ignored.
    pub fn parse_text(text: &str) -> Result<Self, NoteError> {
        let read = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let origin = lines.next()?.parse().ok()?;
            let size = lines.next()?;
            let number = size
                .parse::<u64>()
                .ok()
                .filter(|number| number.to_string() == size)?;
            let root: [u8; HASH_BYTES] = BASE64.decode(lines.next()?).ok()?.try_into().ok()?;
            let sound = lines.all(|line| !line.is_empty());
            sound.then_some(Self {
                origin,
                size: number,
                root: Hash(root),
            })
        };
        read().ok_or(NoteError::NotACheckpoint)
    }

    /// Reads a note *without checking its signature*: only to name what it claims.
    pub fn claimed(note: &[u8]) -> Result<Self, NoteError> {
        Self::parse_text(split_note(note)?.0)
    }

    /// Opens a note under a policy. The name of the key must be the origin.
    pub fn open<'p>(note: &[u8], policy: &'p Policy) -> Result<(Self, &'p NoteKey), NoteError> {
        let (text, key) = policy.open(note)?;
        let checkpoint = Self::parse_text(text)?;
        let own = key.name == checkpoint.origin.as_str();
        if own {
            Ok((checkpoint, key))
        } else {
            Err(NoteError::UnknownKey)
        }
    }
}
