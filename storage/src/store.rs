//! The store: what is in it, what can go wrong, and what is done with whole blobs.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::backend::{Format, Opened};
use crate::cipher::{CONTENT_BYTES_CEILING, SEALED_CHUNK_BYTES};
use crate::digest::{ContentDigests, ContentHasher, Sha256Digest, Sha256Hasher};
use crate::keys::{KeyDomain, KeyError, Kms, WrappedKey};
use crate::read::{self, ContentStream};
use crate::stage::{Staged, Stager};

/// Whatever a stream of content fails with.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

const BLOBS: &str = "blobs";
pub(crate) const STAGING: &str = "staging";
/// Marks a name under which something is still being written.
pub(crate) const UNFINISHED: &str = ".tmp-";

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The content is longer than allowed.
    #[error("the content is longer than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that was passed.
        limit_bytes: u64,
    },
    /// The stream that brings the content failed.
    #[error("the content did not arrive")]
    Content(#[source] BoxError),
    /// There is no such blob.
    #[error("there is no blob {name}")]
    NotFound {
        /// Its name.
        name: Sha256Digest,
    },
    /// The blob is there, but is not what was stored (or the key is not its key).
    #[error("the blob {name} is damaged: {damage}")]
    Damaged {
        /// Its name.
        name: Sha256Digest,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The range does not lie within the content.
    #[error("the range {start}..{end} is not within the {content_bytes} bytes of the content")]
    Range {
        /// First byte wanted.
        start: u64,
        /// First byte not wanted any more.
        end: u64,
        /// Length of the content.
        content_bytes: u64,
    },
    /// A key is missing or does not fit.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The text is no name for a plain object.
    #[error("{text:?} is no name for an object")]
    ObjectName {
        /// What was given.
        text: String,
    },
    /// There is another object under this name, with other bytes.
    #[error("the object {name} exists with other bytes")]
    Conflict {
        /// The name.
        name: String,
    },
    /// The backend does not list in the order of names.
    #[error("the store does not list blobs in the order of their names")]
    Unordered,
    /// The folder or bucket failed.
    #[error("the store failed to {operation}")]
    Backend {
        /// What was tried.
        operation: &'static str,
        /// What the backend said.
        source: object_store::Error,
    },
}

/// What is wrong with a damaged blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The header is not the header of a blob of a known version.
    Header,
    /// It is shorter or longer than its content asks for.
    Length {
        /// Bytes there should be.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A chunk does not decrypt: it was altered or moved, or the key is another blob's.
    Chunk {
        /// Which chunk.
        number: u64,
    },
    /// The digest of the stored bytes is not the name.
    Digest {
        /// The digest they have.
        found: Sha256Digest,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header => f.write_str("its header is unknown"),
            Self::Length { expected, found } => {
                write!(f, "it has {found} bytes instead of {expected}")
            }
            Self::Chunk { number } => write!(f, "chunk {number} does not decrypt"),
            Self::Digest { found } => write!(f, "its digest is {found}"),
        }
    }
}

impl StoreError {
    pub(crate) fn backend(operation: &'static str) -> impl FnOnce(object_store::Error) -> Self {
        move |source| Self::Backend { operation, source }
    }

    fn backend_again(operation: &'static str) -> impl FnMut(object_store::Error) -> Self {
        move |source| Self::Backend { operation, source }
    }

    pub(crate) const fn damaged(name: Sha256Digest, damage: Damage) -> Self {
        Self::Damaged { name, damage }
    }

    /// Whether the store refused because it is full.
    pub fn is_full(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<std::io::Error>()
                && matches!(
                    io.kind(),
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
                )
            {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// What the store accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Content up to this length is held in memory until it is kept, then written at once.
    pub buffered_bytes_max: usize,
    /// No content is longer, whatever a caller allows. At most 5 GB on S3, whose copy ends there.
    pub content_bytes_max: u64,
    /// No plain object is longer.
    pub object_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            buffered_bytes_max: 4 * 1024 * 1024,
            content_bytes_max: 4 * 1024 * 1024 * 1024,
            object_bytes_max: 16 * 1024 * 1024,
        }
    }
}

/// A kept blob and all that is needed to read it. The key is wrapped, so this is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256 of the stored bytes.
    pub name: Sha256Digest,
    /// Whose key wraps the data key.
    pub domain: KeyDomain,
    /// The data key, wrapped.
    pub key: WrappedKey,
    /// Length of the content.
    pub content_bytes: u64,
}

/// A blob as the store sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// SHA-256 of the stored bytes, if nobody altered them.
    pub name: Sha256Digest,
    /// Length of the stored bytes.
    pub stored_bytes: u64,
    /// When it was stored, by the clock of the store.
    pub modified: SystemTime,
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Unfinished objects removed.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) format: Format,
    pub(crate) kms: Arc<dyn Kms>,
    pub(crate) limits: Limits,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Storage({})", self.store)
    }
}

impl Storage {
    /// A store on an object store ([`crate::Backend::open`] opens one) with keys from `kms`.
    pub fn new(opened: impl Into<Opened>, kms: Arc<dyn Kms>, limits: Limits) -> Self {
        let Opened { objects, format } = opened.into();
        Self {
            store: objects,
            format,
            kms,
            limits,
        }
    }

    /// Where a blob of this name lies.
    pub(crate) fn path(&self, name: &Sha256Digest) -> Path {
        blob_path(self.format, name)
    }

    /// The keys it uses.
    pub fn kms(&self) -> &Arc<dyn Kms> {
        &self.kms
    }

    /// Takes content in: hashes and encrypts it while it streams. Nothing is there until
    /// [`Staged::keep`] has returned.
    ///
    /// Memory stays flat whatever the length. Refuses content longer than `limit_bytes` or than the
    /// store's own limit; what was written by then is removed.
    pub async fn stage<S, E>(
        &self,
        domain: &KeyDomain,
        content: S,
        limit_bytes: u64,
    ) -> Result<Staged, StoreError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<BoxError>,
    {
        let mut stager = self.begin(domain, limit_bytes).await?;
        let mut content = std::pin::pin!(content);
        while let Some(piece) = content.next().await {
            match piece {
                Ok(piece) => stager.push(piece).await?,
                Err(error) => {
                    stager.discard().await;
                    return Err(StoreError::Content(error.into()));
                }
            }
        }
        stager.finish().await
    }

    /// [`Storage::stage`] for callers who push pieces instead of having a stream.
    pub async fn begin(&self, domain: &KeyDomain, limit_bytes: u64) -> Result<Stager, StoreError> {
        let limit = limit_bytes
            .min(self.limits.content_bytes_max)
            .min(CONTENT_BYTES_CEILING);
        Stager::begin(self, domain, limit).await
    }

    /// Reads a blob, or a range of its content, as a stream of decrypted and authenticated pieces.
    ///
    /// Only the chunks that the range touches are fetched and decrypted. A damaged chunk ends the
    /// stream with [`StoreError::Damaged`] before any byte of it is given out; pieces given out
    /// earlier are sound.
    pub async fn open(
        &self,
        blob: &Blob,
        range: Option<Range<u64>>,
    ) -> Result<ContentStream, StoreError> {
        read::open(self, blob, range).await
    }

    /// Reads a small blob whole.
    pub async fn read(&self, blob: &Blob, max_bytes: u64) -> Result<Vec<u8>, StoreError> {
        if blob.content_bytes > max_bytes {
            return Err(StoreError::TooLarge {
                limit_bytes: max_bytes,
            });
        }
        let mut stream = self.open(blob, None).await?;
        let mut content = Vec::with_capacity(usize::try_from(blob.content_bytes).unwrap_or(0));
        while let Some(piece) = stream.try_next().await? {
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }

    /// Checks that the stored bytes still have the digest they are named by, without any key.
    /// Returns how many there are.
    pub async fn verify_stored(&self, name: &Sha256Digest) -> Result<u64, StoreError> {
        let mut source = read::fetch(self, name, None).await?;
        let mut hasher = Sha256Hasher::new();
        let mut bytes = 0;
        let mut left = source.stored_bytes;
        while left > 0 {
            let piece = source
                .next(name, left.min(16 * SEALED_CHUNK_BYTES as u64))
                .await?;
            hasher.update(&piece);
            bytes += piece.len() as u64;
            left -= piece.len() as u64;
            tokio::task::yield_now().await;
        }
        let found = hasher.finish();
        if found == *name {
            Ok(bytes)
        } else {
            Err(StoreError::damaged(*name, Damage::Digest { found }))
        }
    }

    /// Reads the whole content and computes its digests anew.
    pub async fn verify_content(&self, blob: &Blob) -> Result<ContentDigests, StoreError> {
        let mut stream = self.open(blob, None).await?;
        let mut hasher = ContentHasher::new();
        while let Some(piece) = stream.try_next().await? {
            hasher.update(&piece);
            tokio::task::yield_now().await;
        }
        Ok(hasher.finish())
    }

    /// Whether there is a blob of this name. Does not say that it is sound.
    pub async fn exists(&self, name: &Sha256Digest) -> Result<bool, StoreError> {
        Ok(self.length(name).await?.is_some())
    }

    /// How many bytes of a blob are stored; nothing where there is none. Does not say that they are
    /// sound.
    pub async fn length(&self, name: &Sha256Digest) -> Result<Option<u64>, StoreError> {
        match self.store.head(&self.path(name)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(StoreError::Backend {
                operation: "look for a blob",
                source,
            }),
        }
    }

    /// Deletes a blob for good: durable when this returns. Deleting what is not there is no error.
    pub async fn delete(&self, name: &Sha256Digest) -> Result<(), StoreError> {
        delete(&*self.store, &self.path(name)).await
    }

    /// Lists the blobs in the order of their names, from the one after `after` on.
    ///
    /// Ends with [`StoreError::Unordered`] on a backend that lists in another order, because then
    /// paging would skip blobs.
    pub fn list(
        &self,
        after: Option<Sha256Digest>,
    ) -> BoxStream<'static, Result<StoredBlob, StoreError>> {
        let blobs = Path::from(BLOBS);
        let listed = match &after {
            Some(after) => self.store.list_with_offset(Some(&blobs), &self.path(after)),
            None => self.store.list(Some(&blobs)),
        };
        let (mut last, format) = (after, self.format);
        listed
            .map_err(|source| StoreError::Backend {
                operation: "list blobs",
                source,
            })
            .try_filter_map(move |meta| {
                let blob = stored_blob(format, &meta);
                let in_order = match (&blob, &last) {
                    (Some(blob), Some(last)) => blob.name > *last,
                    (Some(_) | None, None) | (None, Some(_)) => true,
                };
                last = blob.map(|blob| blob.name).or(last);
                std::future::ready(if in_order {
                    Ok(blob)
                } else {
                    Err(StoreError::Unordered)
                })
            })
            .boxed()
    }

    /// Removes what was begun and never kept, if it was last written before `before`.
    ///
    /// Uploads under way must be younger. Parts of a multipart upload that a dead process left on
    /// S3 are not visible here: set a lifecycle rule (`AbortIncompleteMultipartUpload`).
    pub async fn sweep_staging(&self, before: SystemTime) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let mut unfinished = self.list_unfinished(before);
        while let Some(meta) = unfinished.try_next().await? {
            delete(&*self.store, &meta.location).await?;
            swept.objects += 1;
            swept.bytes += meta.size;
        }
        Ok(swept)
    }

    /// What [`Storage::sweep_staging`] would remove. Removes nothing.
    pub async fn unfinished(&self, before: SystemTime) -> Result<Swept, StoreError> {
        let mut found = Swept::default();
        let mut unfinished = self.list_unfinished(before);
        while let Some(meta) = unfinished.try_next().await? {
            found.objects += 1;
            found.bytes += meta.size;
        }
        Ok(found)
    }

    fn list_unfinished(
        &self,
        before: SystemTime,
    ) -> BoxStream<'static, Result<ObjectMeta, StoreError>> {
        let listed = self.store.list(None);
        let unfinished = listed.try_filter(move |meta| {
            let path = meta.location.as_ref();
            let unfinished = path.starts_with("staging/") || path.contains(UNFINISHED);
            let old = SystemTime::from(meta.last_modified) < before;
            std::future::ready(unfinished && old)
        });
        unfinished
            .map_err(StoreError::backend_again("list what is unfinished"))
            .boxed()
    }
}

pub(crate) async fn delete(store: &dyn ObjectStore, path: &Path) -> Result<(), StoreError> {
    match store.delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(source) => Err(StoreError::Backend {
            operation: "delete",
            source,
        }),
    }
}

/// Where a blob of this name lies in a store of this format.
pub(crate) fn blob_path(format: Format, name: &Sha256Digest) -> Path {
    let [a, b, ..] = name.0;
    Path::from(match format {
        Format::V1 => format!("{BLOBS}/{a:02x}/{b:02x}/{name}"),
        Format::V2 => format!("{BLOBS}/{a:02x}/{name}"),
    })
}

/// What is listed there and is no blob is not ours to name; a sweep takes what is unfinished.
fn stored_blob(format: Format, meta: &ObjectMeta) -> Option<StoredBlob> {
    let name: Sha256Digest = meta.location.filename()?.parse().ok()?;
    let stored_bytes = meta.size;
    (meta.location == blob_path(format, &name)).then_some(StoredBlob {
        name,
        stored_bytes,
        modified: meta.last_modified.into(),
    })
}
