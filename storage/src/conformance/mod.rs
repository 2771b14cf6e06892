//! One suite of behaviour that every backend passes: memory, folder, S3.
//!
//! Each case gets a store of its own, empty or not, and leaves what it made. The suite panics on
//! the first broken promise, saying which.

mod content;
mod damage;
mod keys;
mod names;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::backend::{MARKER, Opened};
use crate::cipher::CHUNK_BYTES;
use crate::digest::ContentDigests;
use crate::key_file::KeyFile;
use crate::keys::{KeyDomain, Kms};
use crate::objects::ObjectName;
use crate::store::{Blob, Limits, Storage, StoreError};

/// An instant for keys that nobody keeps.
const CREATED: &str = "2026-01-01T00:00:00Z";
/// Small, so that content of a few chunks already takes the way of large content.
const BUFFERED_BYTES_MAX: usize = 3 * CHUNK_BYTES;

/// What a backend does when several create the same object at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// One wins, the others are told. Every backend for production does this.
    Atomic,
    /// It looks first and writes later, so that several may believe they won. Fit for tests only.
    Racy,
}

/// Runs the whole suite; `store` gives an empty store each time it is called.
pub async fn conformance(creation: Creation, store: impl AsyncFn() -> Arc<dyn ObjectStore>) {
    content::content_comes_back(&Bench::new(store().await)).await;
    content::ranges_are_cut_exactly(&Bench::new(store().await)).await;
    damage::damage_is_found(&Bench::new(store().await)).await;
    keys::keys_are_bound(&Bench::new(store().await)).await;
    keys::keys_rotate(store().await).await;
    keys::keys_follow_into_another_domain(&Bench::new(store().await)).await;
    keys::what_is_staged_may_still_go_elsewhere(&Bench::new(store().await)).await;
    content::limits_hold(&Bench::new(store().await)).await;
    content::what_is_not_kept_leaves_nothing(&Bench::new(store().await)).await;
    content::the_same_blob_may_be_kept_twice(&Bench::new(store().await)).await;
    names::blobs_are_listed_in_order(&Bench::new(store().await)).await;
    names::deleting_is_idempotent(&Bench::new(store().await)).await;
    names::objects_are_created_or_replaced(&Bench::new(store().await)).await;
    names::objects_are_created_once(&Bench::new(store().await), creation).await;
    names::objects_are_listed(&Bench::new(store().await)).await;
    // The last: where all stores share a bucket, whatever lists it reads these too.
    names::blobs_are_listed_over_pages(&Bench::new(store().await)).await;
}

/// A store with keys, and what the cases do with it again and again.
pub(crate) struct Bench {
    pub(crate) raw: Arc<dyn ObjectStore>,
    pub(crate) storage: Storage,
    pub(crate) domain: KeyDomain,
}

impl Bench {
    pub(crate) fn new(raw: impl Into<Opened>) -> Self {
        let domain = domain("documents");
        let keys = KeyFile::generate(&[domain.clone(), self::domain("personnel")], CREATED);
        Self::with_keys(raw, Arc::new(keys.expect("keys can be made")))
    }

    fn with_keys(raw: impl Into<Opened>, kms: Arc<dyn Kms>) -> Self {
        let opened = raw.into();
        let raw = Arc::clone(&opened.objects);
        let limits = Limits {
            buffered_bytes_max: BUFFERED_BYTES_MAX,
            content_bytes_max: 1 << 30,
            object_bytes_max: 1 << 20,
        };
        let storage = Storage::new(opened, kms, limits);
        Self {
            raw,
            storage,
            domain: domain("documents"),
        }
    }

    pub(crate) async fn keep(&self, content: &[u8]) -> Blob {
        let staged = self
            .storage
            .stage(&self.domain, pieces(content), u64::MAX)
            .await;
        let staged = staged.expect("content can be staged");
        assert_eq!(
            staged.content,
            ContentDigests::of(content),
            "the digests of the content"
        );
        let name = staged.name;
        let stored_bytes = staged.stored_bytes;
        let blob = staged.keep().await.expect("staged content can be kept");
        assert_eq!(blob.name, name, "the name is known before keeping");
        let verified = self.storage.verify_stored(&name).await;
        assert_eq!(
            verified.expect("the blob is sound"),
            stored_bytes,
            "the stored length"
        );
        blob
    }

    async fn stored(&self, blob: &Blob) -> Vec<u8> {
        let found = self
            .raw
            .get(&self.storage.path(&blob.name))
            .await
            .expect("the blob is there");
        found.bytes().await.expect("the blob can be read").to_vec()
    }

    async fn tamper(&self, blob: &Blob, bytes: Vec<u8>) {
        let path = self.storage.path(&blob.name);
        self.raw
            .put(&path, bytes.into())
            .await
            .expect("the store takes any bytes");
    }

    pub(crate) async fn read(&self, blob: &Blob) -> Result<Vec<u8>, StoreError> {
        self.storage.read(blob, u64::MAX).await
    }

    pub(crate) async fn range(
        &self,
        blob: &Blob,
        range: std::ops::Range<u64>,
    ) -> Result<Vec<u8>, StoreError> {
        let pieces: Vec<Bytes> = self
            .storage
            .open(blob, Some(range))
            .await?
            .try_collect()
            .await?;
        Ok(pieces.concat())
    }

    pub(crate) async fn paths(&self) -> Vec<String> {
        let listed: Vec<_> = self
            .raw
            .list(None)
            .try_collect()
            .await
            .expect("the store can be listed");
        let paths = listed.into_iter().map(|meta| meta.location.to_string());
        paths.filter(|path| path != MARKER).collect()
    }
}

/// Bytes that differ everywhere, so that nothing can be mixed up unseen.
pub(crate) fn sample(bytes: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15 ^ bytes as u64;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content
}

/// Content in pieces whose length has nothing to do with chunks.
fn pieces(content: &[u8]) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let pieces: Vec<_> = content
        .chunks(50_021)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    futures_util::stream::iter(pieces)
}

pub(crate) fn domain(name: &str) -> KeyDomain {
    KeyDomain::parse(name).expect("a good name")
}

fn object(name: &str) -> ObjectName {
    ObjectName::parse(name).expect("a good name")
}
