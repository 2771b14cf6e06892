//! The key file: the wrapping keys of each key domain, in one TOML file that only its owner reads.
//!
//! ```toml
//! format = 1
//!
//! [[domain.documents]]
//! id = "k-0c1f5b7a9e3d2468"
//! active = true
//! created = "2026-11-22T20:00:00Z"
//! key = "base64 of 32 bytes"
//! check = "0c1f5b7a9e3d24680c1f5b7a9e3d2468"
//! ```
//!
//! `check` is a digest of domain and key, and the id is made from it. So a key that was mistyped, moved
//! to another domain or swapped for another is found when the file is read, by name; and two
//! different keys never share an id, so a row that names a key names exactly one.
//!
//! The keys of a domain that is in the file change only while nobody else has the file open
//! ([`KeyHold`]). A domain that is not in it yet may be added at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use crate::digest::Sha256Hasher;
use crate::key_hold::KeyHold;
use crate::key_ring::{Kek, Ring};
use crate::keys::{DataKey, KeyDomain, KeyError, Kms, WrappedKey, unwrap_under, wrap_under};

/// No key file is larger; a larger one is some other file.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const FORMAT: u32 = 1;

/// Why a key file is refused. Never contains key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Reading or writing failed.
    #[error("cannot use the key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others than the owner may read or write it.
    #[error("the key file {} has mode {mode:04o}; only its owner may read it (0600)", path.display())]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key file of a format known here.
    #[error("the key file {} is not understood near line {line}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where reading stopped (the text itself may be secret).
        line: usize,
    },
    /// It would be overwritten, or somebody writes it who holds nothing.
    #[error("{} is there already", path.display())]
    AlreadyThere {
        /// The file that is in the way.
        path: PathBuf,
    },
    /// A key is not base64 of 32 bytes.
    #[error("the key {id} of the key domain {domain} is not the base64 of 32 bytes")]
    KeyLength {
        /// The domain.
        domain: KeyDomain,
        /// The id of the key.
        id: String,
    },
    /// A key does not match its check value or its id: it is not the key it is said to be.
    #[error("the key {id} of the key domain {domain} is a wrong key: its check value differs")]
    WrongKey {
        /// The domain.
        domain: KeyDomain,
        /// The id of the key.
        id: String,
    },
    /// Two keys of a domain have the same id.
    #[error("the key {id} of the key domain {domain} is there twice")]
    DuplicateId {
        /// The domain.
        domain: KeyDomain,
        /// The id of the key.
        id: String,
    },
    /// No key of the domain is active.
    #[error("the key domain {domain} has no active key")]
    NoActiveKey {
        /// The domain.
        domain: KeyDomain,
    },
    /// More than one key of the domain is active.
    #[error("the key domain {domain} has more than one active key: {}", ids.join(", "))]
    SeveralActiveKeys {
        /// The domain.
        domain: KeyDomain,
        /// The ids of the active keys.
        ids: Vec<String>,
    },
    /// The active key cannot be removed.
    #[error("the key {id} of the key domain {domain} is active and stays")]
    ActiveKey {
        /// The domain.
        domain: KeyDomain,
        /// The id of the key.
        id: String,
    },
    /// The text is no instant such as `2026-11-22T20:00:00Z`.
    #[error("{text:?} is no instant such as 2026-11-22T20:00:00Z")]
    Created {
        /// What was given.
        text: String,
    },
}

/// A [`Kms`] whose keys come from a file (see the module). What it has read stays as it was; domains
/// that were added to the file since are read when they are first asked for.
pub struct KeyFile {
    /// Where the keys stand; nowhere for those that do not outlive the process.
    path: Option<PathBuf>,
    ring: RwLock<Ring>,
}

impl KeyFile {
    /// Reads a key file and refuses it unless every key in it is sound and every required domain
    /// has an active key.
    pub fn open(path: &Path, required: &[KeyDomain]) -> Result<Self, KeyError> {
        let ring = read(path)?;
        for domain in required {
            ring.active(domain)?;
        }
        Ok(Self::of(Some(path.to_owned()), ring))
    }

    /// Writes a new key file with one fresh key a domain, mode 0600, durable when this returns.
    /// Refuses to overwrite. `created` is the instant to note, such as `2026-11-22T20:00:00Z`.
    pub fn create(path: &Path, domains: &[KeyDomain], created: &str) -> Result<Self, KeyError> {
        let ring = fresh(domains, created)?;
        let held = KeyHold::to_write(path)?;
        if path.exists() {
            return Err(KeyFileError::AlreadyThere { path: path.into() }.into());
        }
        write(&ring, path, &held)?;
        Ok(Self::of(Some(path.to_owned()), ring))
    }

    /// Fresh keys that stand in no file, for stores that do not outlive the process.
    pub fn generate(domains: &[KeyDomain], created: &str) -> Result<Self, KeyError> {
        Ok(Self::of(None, fresh(domains, created)?))
    }

    const fn of(path: Option<PathBuf>, ring: Ring) -> Self {
        Self {
            path,
            ring: RwLock::new(ring),
        }
    }

    /// Rotation: gives a domain a new active key and keeps the old ones for reading. Returns the id
    /// of the new key. Whoever has the file open sees the new key after opening it again.
    pub fn rotate(path: &Path, domain: &KeyDomain, created: &str) -> Result<String, KeyError> {
        let held = KeyHold::to_write(path)?;
        let mut ring = read(path)?;
        ring.active(domain)?;
        let id = add_active(&mut ring, domain, created)?;
        write(&ring, path, &held)?;
        Ok(id)
    }

    /// Removes a key that is not active. What it alone wrapped is lost for good: rewrap first, and
    /// see with [`KeyFile::check`] that nobody names it.
    pub fn remove(path: &Path, domain: &KeyDomain, id: &str) -> Result<(), KeyError> {
        let held = KeyHold::to_write(path)?;
        let mut ring = read(path)?;
        ring.take(domain, id)?;
        write(&ring, path, &held)
    }

    /// Makes a key for a domain that has none; false where it has one. The key is in the file, and
    /// durable, before it is used. Others may have the file open: they find the domain when they
    /// ask for it, and nobody makes a second key for it.
    pub fn add_missing(&self, domain: &KeyDomain, created: &str) -> Result<bool, KeyError> {
        if self.ring_with(domain).active(domain).is_ok() {
            return Ok(false);
        }
        let Some(path) = &self.path else {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            add_active(&mut ring, domain, created)?;
            return Ok(true);
        };
        let held = KeyHold::to_write(path)?;
        let mut ring = read(path)?;
        let missing = ring.active(domain).is_err();
        if missing {
            add_active(&mut ring, domain, created)?;
            write(&ring, path, &held)?;
        }
        drop(held);
        self.adopt(ring);
        Ok(missing)
    }

    /// Refuses, by name, the first key that rows still need and that is not here.
    pub fn check(&self, needed: &[(KeyDomain, String)]) -> Result<(), KeyError> {
        needed
            .iter()
            .try_for_each(|(domain, id)| self.ring_with(domain).kek(domain, id).map(drop))
    }

    /// The ids of the keys of a domain, oldest first.
    pub fn key_ids(&self, domain: &KeyDomain) -> Vec<String> {
        self.ring_with(domain).ids(domain)
    }

    /// Gives the domain a new active key.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn add_active(
        &mut self,
        domain: &KeyDomain,
        created: &str,
    ) -> Result<String, KeyError> {
        let ring = self.ring.get_mut().unwrap_or_else(PoisonError::into_inner);
        add_active(ring, domain, created)
    }

    /// Takes a key away.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn take(&mut self, domain: &KeyDomain, id: &str) -> Result<(), KeyError> {
        let ring = self.ring.get_mut().unwrap_or_else(PoisonError::into_inner);
        ring.take(domain, id)
    }

    /// The same keys once more.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn copy(&self) -> Self {
        Self::of(self.path.clone(), self.ring().clone())
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys, with those of `domain` if the file has got them since.
    fn ring_with(&self, domain: &KeyDomain) -> RwLockReadGuard<'_, Ring> {
        let known = self.ring().active(domain).is_ok();
        if !known
            && let Some(path) = &self.path
            && let Ok(found) = read(path)
        {
            self.adopt(found);
        }
        self.ring()
    }

    /// Takes over the domains that are not known yet.
    fn adopt(&self, found: Ring) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.adopt(found);
    }
}

fn fresh(domains: &[KeyDomain], created: &str) -> Result<Ring, KeyError> {
    let mut ring = Ring::default();
    for domain in domains {
        add_active(&mut ring, domain, created)?;
    }
    Ok(ring)
}

/// Gives the domain a new active key.
fn add_active(ring: &mut Ring, domain: &KeyDomain, created: &str) -> Result<String, KeyError> {
    let looks_like_time = (10..=35).contains(&created.len())
        && created
            .bytes()
            .all(|b| b.is_ascii_digit() || b"TZ:.+-".contains(&b));
    if !looks_like_time {
        return Err(KeyFileError::Created {
            text: created.into(),
        }
        .into());
    }
    let key = DataKey::generate()?;
    let id = id_of(&check_value(domain, &key));
    let kek = Kek {
        id: id.clone(),
        active: true,
        created: created.into(),
        key,
    };
    ring.activate(domain, kek);
    Ok(id)
}

fn read(path: &Path) -> Result<Ring, KeyError> {
    let io = |source| KeyFileError::Io {
        path: path.into(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Permissions {
            path: path.into(),
            mode,
        }
        .into());
    }
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(io)?;
    parse(path, &text)
}

/// Replaces the file in one step: written beside it, synced, renamed, folder synced. Whoever calls it is
/// the only one who writes: what lies beside it was cut off, and was never in force.
fn write(ring: &Ring, path: &Path, _held: &KeyHold) -> Result<(), KeyError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let io = |source| KeyFileError::Io {
        path: path.into(),
        source,
    };
    match std::fs::remove_file(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => {
            let path = beside;
            return Err(KeyFileError::Io { path, source }.into());
        }
    }
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside);
    let mut file = match created {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(KeyFileError::AlreadyThere { path: beside }.into());
        }
        Err(error) => return Err(io(error).into()),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let written = file
        .write_all(render(ring).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&beside, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if let Err(source) = written {
        // The old file still stands; what could not be finished must not block the next try.
        drop(std::fs::remove_file(&beside));
        return Err(io(source).into());
    }
    Ok(())
}

fn render(ring: &Ring) -> Zeroizing<String> {
    let entries = ring.0.values().map(Vec::len).sum::<usize>();
    // Room for all of it, so that no half-grown copy of a key stays behind in memory.
    let mut text = Zeroizing::new(String::with_capacity(256 * (entries + 2)));
    text.push_str(
        "# Keys that wrap the keys of stored content. Without this file the content is lost:\n\
         # keep a copy apart from the backups of the content. Change it only by command.\n",
    );
    let mut write = |line: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        text.write_fmt(line).unwrap_or_default();
    };
    write(format_args!("format = {FORMAT}\n"));
    for (domain, keys) in &ring.0 {
        for kek in keys {
            let check = check_value(domain, &kek.key);
            let mut key = [0; 44];
            drop(BASE64.encode_slice(kek.key.expose(), &mut key));
            let shown = std::str::from_utf8(&key).unwrap_or_default();
            write(format_args!(
                "\n[[domain.{domain}]]\nid = \"{}\"\nactive = {}\ncreated = \"{}\"\n\
                 key = \"{shown}\"\ncheck = \"{check}\"\n",
                kek.id, kek.active, kek.created,
            ));
            key.zeroize();
        }
    }
    text
}

impl Kms for KeyFile {
    fn wrap<'a>(
        &'a self,
        domain: &'a KeyDomain,
        key: &'a DataKey,
    ) -> BoxFuture<'a, Result<WrappedKey, KeyError>> {
        let wrapped = self
            .ring_with(domain)
            .active(domain)
            .and_then(|kek| wrap_under(&kek.key, &kek.id, domain, key));
        std::future::ready(wrapped).boxed()
    }

    fn unwrap<'a>(
        &'a self,
        domain: &'a KeyDomain,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        let key = self
            .ring_with(domain)
            .kek(domain, &wrapped.kek)
            .and_then(|kek| unwrap_under(&kek.key, domain, wrapped));
        std::future::ready(key).boxed()
    }

    fn active_kek(&self, domain: &KeyDomain) -> Result<String, KeyError> {
        Ok(self.ring_with(domain).active(domain)?.id.clone())
    }

    fn domains(&self) -> Vec<KeyDomain> {
        self.ring().0.keys().cloned().collect()
    }

    fn add_missing<'a>(
        &'a self,
        domain: &'a KeyDomain,
        created: &'a str,
    ) -> BoxFuture<'a, Result<bool, KeyError>> {
        std::future::ready(Self::add_missing(self, domain, created)).boxed()
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = |keys: &Vec<Kek>| keys.iter().map(|kek| kek.id.clone()).collect::<Vec<_>>();
        let ring = self.ring();
        f.debug_map()
            .entries(ring.0.iter().map(|(domain, keys)| (domain, ids(keys))))
            .finish()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    format: u32,
    #[serde(default)]
    domain: BTreeMap<String, Vec<WireKey>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKey {
    id: String,
    active: bool,
    created: String,
    key: String,
    check: String,
}

impl Drop for WireKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// The domains that a key file of this text has keys for. For the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn domains_in(text: &str) -> Option<Vec<KeyDomain>> {
    let ring = parse(Path::new("keys"), text).ok()?;
    Some(ring.0.keys().cloned().collect())
}

fn parse(path: &Path, text: &str) -> Result<Ring, KeyError> {
    // The parser's own message quotes the line it stumbled over, which may hold a key.
    let syntax = |line| KeyFileError::Syntax {
        path: path.into(),
        line,
    };
    let wire: WireFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        syntax(1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count())
    })?;
    if wire.format != FORMAT {
        return Err(syntax(1).into());
    }
    let mut keys = BTreeMap::new();
    for (name, entries) in wire.domain {
        let domain = KeyDomain::parse(&name)?;
        let mut seen = BTreeSet::new();
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            if !seen.insert(entry.id.clone()) {
                return Err(KeyFileError::DuplicateId {
                    domain,
                    id: entry.id.clone(),
                }
                .into());
            }
            found.push(checked(&domain, &entry)?);
        }
        let ids: Vec<String> = found
            .iter()
            .filter(|kek| kek.active)
            .map(|kek| kek.id.clone())
            .collect();
        match ids.len() {
            1 => {}
            0 => return Err(KeyFileError::NoActiveKey { domain }.into()),
            _ => return Err(KeyFileError::SeveralActiveKeys { domain, ids }.into()),
        }
        keys.insert(domain, found);
    }
    Ok(Ring(keys))
}

fn checked(domain: &KeyDomain, entry: &WireKey) -> Result<Kek, KeyFileError> {
    let mut bytes = Zeroizing::new([0; 32]);
    if BASE64.decode_slice(&entry.key, &mut bytes[..]) != Ok(32) {
        return Err(KeyFileError::KeyLength {
            domain: domain.clone(),
            id: entry.id.clone(),
        });
    }
    let key = DataKey::from_bytes(*bytes);
    let check = check_value(domain, &key);
    if entry.check != check || entry.id != id_of(&check) {
        return Err(KeyFileError::WrongKey {
            domain: domain.clone(),
            id: entry.id.clone(),
        });
    }
    Ok(Kek {
        id: entry.id.clone(),
        active: entry.active,
        created: entry.created.clone(),
        key,
    })
}

/// Tells keys apart without telling anything about them: the keys are random, so their digest
/// cannot be searched backwards.
fn check_value(domain: &KeyDomain, key: &DataKey) -> String {
    let mut hasher = Sha256Hasher::new();
    hasher.update(format!("papierlos.key-check/v1\n{domain}\n").as_bytes());
    hasher.update(key.expose());
    let mut check = hasher.finish().to_string();
    check.truncate(32);
    check
}

fn id_of(check: &str) -> String {
    let mut id = format!("k-{check}");
    id.truncate(18);
    id
}
