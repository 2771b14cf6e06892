//! Passwords of versions that are locked: each is kept as a rendition, a blob like those of texts and
//! pictures, so that it lies encrypted under the keys of the place of its document, follows it there, is
//! wrapped anew with all others and goes with its key.
//!
//! Invariants: no password stands in a row, in a record, in a message or in an answer; a digest of what is
//! stored tells nothing of it, nor does the length: there is chance in it, and it is filled up.

use std::fmt;

use bytes::Bytes;
use indexer::extract::{PASSWORD_BYTES_MAX, Password, Passwords};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize, Serializer};
use storage::{KeyDomain, KeyError, Storage};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::intake::Arriving;
use super::keeping::keep_rendition;
use super::looking::LOOKS_MAX;
use super::model::{Document, DocumentError, Kept};
use super::ops::Content;
use super::rows;
use crate::base::db::DbError;
use crate::base::{RenditionId, VersionId};
use crate::http::Fault;
use crate::unit::{Db, Unit};

/// The kind of rendition.
pub(super) const KIND: &str = "password";
/// Its state.
const STATE: &str = "kept";
/// What stands where other renditions name what made them.
const ENGINE: &str = "given";
/// What its content is.
const MEDIA_TYPE: &str = "application/octet-stream";

/// Bytes of chance before the password: no list of words leads from a digest to it.
const SALT_BYTES: usize = 32;
/// So long is what is stored, whatever the password.
const PACKED_BYTES: usize = 256;
const _: () = assert!(SALT_BYTES + 1 + PASSWORD_BYTES_MAX <= PACKED_BYTES);

/// A password as it comes in. It never goes out: where what holds it is written, there only stands that
/// there is one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Given(Zeroizing<String>);

impl Given {
    /// The password, or what is wrong with it.
    pub(super) fn read(&self) -> Result<Password, Fault> {
        if self.0.is_empty() {
            return Err(Fault::TooShort { min: 1 });
        }
        let max = u64::try_from(PASSWORD_BYTES_MAX).unwrap_or(u64::MAX);
        Password::new(&self.0).ok_or(Fault::TooLong { max })
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// What is known of the lock of a version.
#[derive(Debug, Default)]
pub struct Known {
    /// The rendition that holds the password.
    id: Option<Uuid>,
    /// The password, where there is one.
    pub passwords: Passwords,
}

impl Known {
    /// What tells it from what is known later.
    #[must_use]
    pub const fn id(&self) -> Option<Uuid> {
        self.id
    }
}

/// The password by which a version opens, as far as it is known.
pub async fn known(
    on: &impl ConnectionTrait,
    storage: &Storage,
    version: VersionId,
) -> Result<Known, DocumentError> {
    let mut known = Known::default();
    // Between looking for the blob and for its key it may have followed its document.
    for _ in 0..LOOKS_MAX {
        let Some(row) = newest(on, version).await? else {
            return Ok(known);
        };
        known.id = Some(row.id);
        let Some(name) = row.blob_name else {
            return Ok(known);
        };
        if let Some(blob) = rows::blob_to_open(on, &name).await? {
            let most = u64::try_from(PACKED_BYTES).unwrap_or(u64::MAX);
            let packed = Zeroizing::new(storage.read(&blob, most).await?);
            known.passwords = Passwords::of(unpack(&packed));
            return Ok(known);
        }
    }
    // Its key was destroyed: nobody knows it any more.
    Ok(known)
}

/// The newest rendition that holds a password of a version.
pub(super) async fn newest(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<Option<rows::rendition::Model>, DbError> {
    let all = rows::all_renditions(on, version, KIND).await?;
    Ok(all.into_iter().next_back())
}

/// Stores a password under the keys of `domain`; no row names it yet.
pub async fn store(
    db: &Db,
    storage: &Storage,
    domain: &KeyDomain,
    password: &Password,
) -> Result<Kept, DocumentError> {
    let packed = pack(password).map_err(DbError::from)?;
    let mut arriving = Arriving::begin_in(storage, domain).await?;
    arriving.push(Bytes::copy_from_slice(&packed)).await?;
    let arrived = arriving.finish(MEDIA_TYPE.to_owned(), None).await?;
    Ok(arrived.keep(db).await?.kept)
}

/// The same content, with the password by which it opens.
pub(super) async fn with(
    db: &Db,
    storage: &Storage,
    mut content: Content,
    password: Option<&Password>,
) -> Result<Content, DocumentError> {
    if let Some(password) = password {
        let domain = content.kept.blob.domain.clone();
        content.password = Some(store(db, storage, &domain, password).await?);
    }
    Ok(content)
}

/// Keeps a stored password as that of a version, and gives the document; the caller records it.
pub(super) async fn keep(
    unit: &mut Unit,
    version: VersionId,
    stored: &Kept,
) -> Result<Document, DocumentError> {
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: KIND.to_owned(),
        engine: ENGINE.to_owned(),
        state: STATE.to_owned(),
        reason: None,
        pages: 0,
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: None,
    };
    keep_rendition(unit, version, row, Some(stored)).await
}

fn pack(password: &Password) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(KeyError::NoRandomness)?;
    let text = password.expose().as_bytes();
    let mut packed = Zeroizing::new(Vec::with_capacity(PACKED_BYTES));
    packed.extend_from_slice(&salt);
    packed.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    packed.extend_from_slice(text);
    packed.resize(PACKED_BYTES, 0);
    Ok(packed)
}

fn unpack(packed: &[u8]) -> Option<Password> {
    let (_, rest) = packed.split_at_checked(SALT_BYTES)?;
    let (length, rest) = rest.split_first()?;
    let text = rest.get(..usize::from(*length))?;
    Password::new(std::str::from_utf8(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).expect("a password")
    }

    #[test]
    fn a_password_is_read_as_it_was_stored_and_looks_different_each_time() {
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        for text in ["g", "Grünfläche 7", &longest] {
            let (one, other) = (pack(&password(text)), pack(&password(text)));
            let (one, other) = (one.expect("chance"), other.expect("chance"));
            assert_eq!((one.len(), other.len()), (PACKED_BYTES, PACKED_BYTES));
            assert_ne!(*one, *other);
            assert_eq!(unpack(&one), Some(password(text)));
        }
        assert_eq!(unpack(&[0; PACKED_BYTES]), None);
        assert_eq!(unpack(b"short"), None);
        assert_eq!(unpack(&[0xff; PACKED_BYTES]), None);
    }

    #[test]
    fn a_password_that_came_in_is_never_written() {
        let given: Given = serde_json::from_str("\"geheim-4711\"").expect("a word");
        let shown = format!("{given:?} {}", serde_json::json!(given));
        assert!(!shown.contains("geheim"), "{shown}");
        assert_eq!(given.read().ok(), Some(password("geheim-4711")));
        let given: Given = serde_json::from_str("\"\"").expect("a word");
        assert!(matches!(given.read(), Err(Fault::TooShort { min: 1 })));
        let long = serde_json::json!("x".repeat(PASSWORD_BYTES_MAX + 1));
        let given: Given = serde_json::from_value(long).expect("a word");
        assert!(matches!(given.read(), Err(Fault::TooLong { max: 127 })));
    }
}
