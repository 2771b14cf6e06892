//! Plain objects: small, public, not encrypted, named by their writer.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::store::{self, Storage, StoreError, UNFINISHED};

const OBJECTS: &str = "objects";
/// A conditional put that lost against a writer who is not done yet is tried so often.
const CREATE_TRIES_MAX: u32 = 5;

/// The name of a plain object: segments of `A-Z a-z 0-9 . _ -` joined by `/`, at most 512 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Box<str>);

impl ObjectName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let segment = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && !segment.contains(UNFINISHED)
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if text.len() <= 512 && text.split('/').all(segment) {
            Ok(Self(text.into()))
        } else {
            Err(StoreError::ObjectName { text: text.into() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self) -> Path {
        Path::from(format!("{OBJECTS}/{}", self.0))
    }
}

impl FromStr for ObjectName {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::parse(text)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectName({})", self.0)
    }
}

/// What to do with an object that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutRule {
    /// Leave it: equal bytes are fine, other bytes are a [`StoreError::Conflict`].
    Create,
    /// Replace it in one step: readers see the old bytes or the new ones.
    Replace,
}

/// What a put did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written.
    Written,
    /// The same bytes were there already.
    Unchanged,
}

/// A plain object as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its name.
    pub name: ObjectName,
    /// Its length.
    pub bytes: u64,
}

impl Storage {
    /// Writes a plain object; durable when this returns, also when it was there already.
    pub async fn put_object(
        &self,
        name: &ObjectName,
        bytes: Bytes,
        rule: PutRule,
    ) -> Result<PutOutcome, StoreError> {
        let limit_bytes = self.limits.object_bytes_max;
        if bytes.len() as u64 > limit_bytes {
            return Err(StoreError::TooLarge { limit_bytes });
        }
        let failed = StoreError::backend("store an object");
        match rule {
            PutRule::Replace => match self.store.put(&name.path(), bytes.into()).await {
                Ok(_) => Ok(PutOutcome::Written),
                Err(source) => Err(failed(source)),
            },
            PutRule::Create => self.create_object(name, bytes).await,
        }
    }

    async fn create_object(
        &self,
        name: &ObjectName,
        bytes: Bytes,
    ) -> Result<PutOutcome, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let options = PutOptions::from(PutMode::Create);
            let payload = PutPayload::from(bytes.clone());
            let exists = match self.store.put_opts(&name.path(), payload, options).await {
                Ok(_) => return Ok(PutOutcome::Written),
                Err(exists @ object_store::Error::AlreadyExists { .. }) => exists,
                Err(source) => {
                    return Err(StoreError::Backend {
                        operation: "store an object",
                        source,
                    });
                }
            };
            match self.get_object(name).await? {
                Some(found) if found == bytes => return Ok(PutOutcome::Unchanged),
                Some(_) => {
                    return Err(StoreError::Conflict {
                        name: name.to_string(),
                    });
                }
                // Refused, and yet not there: another writer is at it, or just gave up.
                None if tries < CREATE_TRIES_MAX => {}
                None => {
                    let operation = "create an object beside another writer";
                    return Err(StoreError::Backend {
                        operation,
                        source: exists,
                    });
                }
            }
        }
    }

    /// Reads a plain object.
    pub async fn get_object(&self, name: &ObjectName) -> Result<Option<Bytes>, StoreError> {
        let failed = StoreError::backend("read an object");
        let found = match self.store.get(&name.path()).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        let limit_bytes = self.limits.object_bytes_max;
        if found.meta.size > limit_bytes {
            return Err(StoreError::TooLarge { limit_bytes });
        }
        found.bytes().await.map(Some).map_err(failed)
    }

    /// Deletes a plain object for good. Deleting what is not there is no error.
    pub async fn delete_object(&self, name: &ObjectName) -> Result<(), StoreError> {
        store::delete(&*self.store, &name.path()).await
    }

    /// Lists the plain objects below a prefix of whole segments (all of them without one), in no
    /// particular order.
    pub fn list_objects(
        &self,
        prefix: Option<&ObjectName>,
    ) -> BoxStream<'static, Result<StoredObject, StoreError>> {
        let prefix = prefix.map_or_else(|| Path::from(OBJECTS), ObjectName::path);
        let listed = self.store.list(Some(&prefix));
        listed
            .map_err(|source| StoreError::Backend {
                operation: "list objects",
                source,
            })
            .try_filter_map(|meta| {
                let name = meta
                    .location
                    .as_ref()
                    .strip_prefix("objects/")
                    .and_then(|name| {
                        // What does not parse is unfinished; a sweep takes it.
                        ObjectName::parse(name).ok()
                    });
                let bytes = meta.size;
                std::future::ready(Ok(name.map(|name| StoredObject { name, bytes })))
            })
            .boxed()
    }
}
