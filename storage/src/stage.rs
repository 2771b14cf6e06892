//! Taking content in: hash, encrypt, hold or upload; then keep or discard.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

use crate::backend::Format;
use crate::cipher::{CHUNK_BYTES, ChunkCipher, HEADER, SEALED_CHUNK_BYTES};
use crate::digest::{ContentDigests, ContentHasher, Sha256Digest, Sha256Hasher};
use crate::keys::{DataKey, KeyDomain, KeyError, Kms, WrappedKey};
use crate::store::{Blob, STAGING, Storage, StoreError, blob_path};

/// Bytes of a part of a large upload. S3 wants at least 5 MiB and at most 10,000 parts.
const PART_BYTES: usize = 6 * 1024 * 1024;
/// Parts on their way at once; one more is being filled.
const PARTS_IN_FLIGHT_MAX: usize = 2;
/// After so many chunks others get a turn, however fast the content comes.
const CHUNKS_PER_TURN: u64 = 4;

/// Content on its way in. Dropping it discards it.
pub struct Stager {
    store: Arc<dyn ObjectStore>,
    format: Format,
    domain: KeyDomain,
    key: WrappedKey,
    cipher: ChunkCipher,
    limit_bytes: u64,
    buffered_bytes_max: usize,
    content: ContentHasher,
    stored: Sha256Hasher,
    stored_bytes: u64,
    /// The chunk being filled, not yet encrypted.
    chunk: Vec<u8>,
    chunks: u64,
    /// Encrypted and not yet sent.
    sealed: Vec<Bytes>,
    sealed_bytes: usize,
    upload: Option<Upload>,
}

impl std::fmt::Debug for Stager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stager({} bytes)", self.content.bytes())
    }
}

impl Stager {
    pub(crate) async fn begin(
        storage: &Storage,
        domain: &KeyDomain,
        limit_bytes: u64,
    ) -> Result<Self, StoreError> {
        // The key is made here and used for this one blob: the nonces of the format rest on it.
        let key = DataKey::generate()?;
        let wrapped = storage.kms.wrap(domain, &key).await?;
        let mut stager = Self {
            store: Arc::clone(&storage.store),
            format: storage.format,
            domain: domain.clone(),
            key: wrapped,
            cipher: ChunkCipher::new(&key),
            limit_bytes,
            buffered_bytes_max: storage.limits.buffered_bytes_max,
            content: ContentHasher::new(),
            stored: Sha256Hasher::new(),
            stored_bytes: 0,
            chunk: Vec::with_capacity(SEALED_CHUNK_BYTES),
            chunks: 0,
            sealed: Vec::new(),
            sealed_bytes: 0,
            upload: None,
        };
        stager.hold(Bytes::from_static(&HEADER));
        Ok(stager)
    }

    /// Takes the next piece of content. After an error only discarding is left.
    pub async fn push(&mut self, mut piece: Bytes) -> Result<(), StoreError> {
        if self.content.bytes() + piece.len() as u64 > self.limit_bytes {
            self.abort().await;
            return Err(StoreError::TooLarge {
                limit_bytes: self.limit_bytes,
            });
        }
        while !piece.is_empty() {
            // A full chunk waits until it is known not to be the last.
            if self.chunk.len() == CHUNK_BYTES {
                self.seal_chunk(false)?;
                self.send_when_due().await?;
                if self.chunks.is_multiple_of(CHUNKS_PER_TURN) {
                    tokio::task::yield_now().await;
                }
            }
            let taken = piece.len().min(CHUNK_BYTES - self.chunk.len());
            let bytes = piece.get(..taken).unwrap_or_default();
            self.content.update(bytes);
            self.chunk.extend_from_slice(bytes);
            piece.advance(taken);
        }
        Ok(())
    }

    /// Ends the content.
    pub async fn finish(mut self) -> Result<Staged, StoreError> {
        self.seal_chunk(true)?;
        if self.upload.is_some() {
            self.send_part().await?;
        }
        let body = match self.upload.take() {
            Some(upload) => Body::Uploaded(upload),
            None => Body::Buffered(std::mem::take(&mut self.sealed)),
        };
        Ok(Staged {
            content: self.content.finish(),
            name: self.stored.finish(),
            stored_bytes: self.stored_bytes,
            key: self.key,
            domain: self.domain,
            store: self.store,
            format: self.format,
            body,
        })
    }

    /// Removes what was written so far, as well as it can; a sweep removes the rest.
    pub async fn discard(mut self) {
        self.abort().await;
    }

    async fn abort(&mut self) {
        self.sealed.clear();
        if let Some(upload) = self.upload.take() {
            upload.abort().await;
        }
    }

    fn hold(&mut self, bytes: Bytes) {
        self.stored.update(&bytes);
        self.stored_bytes += bytes.len() as u64;
        self.sealed_bytes += bytes.len();
        self.sealed.push(bytes);
    }

    fn seal_chunk(&mut self, last: bool) -> Result<(), StoreError> {
        let next = Vec::with_capacity(if last { 0 } else { SEALED_CHUNK_BYTES });
        let mut chunk = std::mem::replace(&mut self.chunk, next);
        self.cipher
            .seal(self.chunks, last, &mut chunk)
            .or(Err(KeyError::TooLong))?;
        self.chunks += 1;
        self.hold(Bytes::from(chunk));
        Ok(())
    }

    async fn send_when_due(&mut self) -> Result<(), StoreError> {
        if self.upload.is_none() && self.sealed_bytes > self.buffered_bytes_max {
            self.upload = Some(Upload::begin(&self.store).await?);
        }
        if self.upload.is_some() && self.sealed_bytes >= PART_BYTES {
            self.send_part().await?;
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), StoreError> {
        if let Some(upload) = &mut self.upload {
            self.sealed_bytes = 0;
            upload.send(std::mem::take(&mut self.sealed)).await?;
        }
        Ok(())
    }
}

/// Content that was taken in whole and is not kept yet. Dropping it discards it.
pub struct Staged {
    /// Digests and length of the content.
    pub content: ContentDigests,
    /// SHA-256 of the bytes as stored: the name of the blob to be.
    pub name: Sha256Digest,
    /// Length of the bytes as stored.
    pub stored_bytes: u64,
    /// The data key, wrapped.
    pub key: WrappedKey,
    domain: KeyDomain,
    store: Arc<dyn ObjectStore>,
    format: Format,
    body: Body,
}

enum Body {
    Buffered(Vec<Bytes>),
    Uploaded(Upload),
}

impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Staged({}, {} bytes)", self.name, self.content.bytes)
    }
}

impl Staged {
    /// Keeps the content as a blob. Durable when this returns: on a folder, the blob and the
    /// entries that lead to it are synced. Writing a blob that is there already changes nothing.
    ///
    /// After an error the blob may or may not be there; nothing names it, so staging the content
    /// again is always right.
    pub async fn keep(self) -> Result<Blob, StoreError> {
        let path = blob_path(self.format, &self.name);
        match self.body {
            Body::Buffered(segments) => {
                let payload = PutPayload::from_iter(segments);
                self.store
                    .put(&path, payload)
                    .await
                    .map_err(StoreError::backend("store a blob"))?;
            }
            Body::Uploaded(upload) => upload.complete(&path).await?,
        }
        Ok(Blob {
            name: self.name,
            domain: self.domain,
            key: self.key,
            content_bytes: self.content.bytes,
        })
    }

    /// Removes what was written, as well as it can; a sweep removes the rest.
    pub async fn discard(self) {
        match self.body {
            Body::Buffered(_) => {}
            Body::Uploaded(upload) => upload.abort().await,
        }
    }

    /// The same for another key domain, whose key wraps the data key instead. Nothing is encrypted
    /// anew: the data key was never kept under the domain before.
    pub async fn within(mut self, kms: &dyn Kms, domain: &KeyDomain) -> Result<Self, StoreError> {
        if self.domain != *domain {
            self.key = kms.transfer(&self.domain, domain, &self.key).await?;
            self.domain = domain.clone();
        }
        Ok(self)
    }

    /// The key domain it is encrypted for.
    pub const fn domain(&self) -> &KeyDomain {
        &self.domain
    }
}

/// A multipart upload to a place of its own; the name is known only at its end.
struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// Gone once completed or aborted.
    multipart: Option<Box<dyn MultipartUpload>>,
    parts: JoinSet<object_store::Result<()>>,
}

impl Upload {
    async fn begin(store: &Arc<dyn ObjectStore>) -> Result<Self, StoreError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(KeyError::NoRandomness)?;
        let path = Path::from(format!("{STAGING}/{}", hex::encode(random)));
        let multipart = store
            .put_multipart(&path)
            .await
            .map_err(StoreError::backend("begin a large blob"))?;
        let multipart = Some(multipart);
        Ok(Self {
            store: Arc::clone(store),
            path,
            multipart,
            parts: JoinSet::new(),
        })
    }

    async fn send(&mut self, segments: Vec<Bytes>) -> Result<(), StoreError> {
        while self.parts.len() >= PARTS_IN_FLIGHT_MAX {
            self.arrived().await?;
        }
        if let Some(multipart) = &mut self.multipart {
            self.parts
                .spawn(multipart.put_part(PutPayload::from_iter(segments)));
        }
        Ok(())
    }

    /// Waits for one part; false when none is on its way.
    async fn arrived(&mut self) -> Result<bool, StoreError> {
        let store = StoreError::backend("store a part of a large blob");
        match self.parts.join_next().await {
            None => Ok(false),
            Some(Ok(Ok(()))) => Ok(true),
            Some(Ok(Err(error))) => Err(store(error)),
            Some(Err(error)) => Err(store(error.into())),
        }
    }

    async fn complete(mut self, name: &Path) -> Result<(), StoreError> {
        while self.arrived().await? {}
        if let Some(multipart) = &mut self.multipart {
            multipart
                .complete()
                .await
                .map_err(StoreError::backend("finish a large blob"))?;
        }
        self.multipart = None;
        let renamed = self.store.rename(&self.path, name).await;
        renamed.map_err(StoreError::backend("name a large blob"))
    }

    async fn abort(mut self) {
        self.parts.shutdown().await;
        if let Some(mut multipart) = self.multipart.take() {
            // What stays is swept, and nothing names it.
            drop(multipart.abort().await);
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut multipart) = self.multipart.take() else {
            return;
        };
        self.parts.abort_all();
        // S3 needs a request to forget the parts. Without a runtime they wait for its lifecycle
        // rule; a folder removes its file on drop.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(async move { multipart.abort().await }));
        }
    }
}
