//! Blobs: the frozen format, ranges against a slice, memory.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};
use proptest::prelude::*;

use super::{folder, memory};
use crate::cipher::{CHUNK_BYTES, ChunkCipher, HEADER, Layout};
use crate::conformance::{Bench, sample};
use crate::digest::{Sha256Digest, Sha512Digest};
use crate::keys::DataKey;
use crate::store::{Blob, Limits, Storage};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_range_is_what_a_slice_is(
        length in 0..6 * CHUNK_BYTES,
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let root = tempfile::tempdir().expect("a folder");
            let (one, two) = (cuts.0.index(length + 1), cuts.1.index(length + 1));
            let range = one.min(two)..one.max(two);
            let content = sample(length);
            for store in [memory(), folder(&root).await] {
                let bench = Bench::new(store);
                let blob = bench.keep(&content).await;
                let read = bench.range(&blob, range.start as u64..range.end as u64).await;
                prop_assert!(read.expect("a range can be read") == content[range.clone()]);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_layout_covers_its_range(
        content_bytes in 0_u64..1 << 40,
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let whole = usize::try_from(content_bytes).expect("64 bits") + 1;
        let (one, two) = (cuts.0.index(whole) as u64, cuts.1.index(whole) as u64);
        let range = one.min(two)..one.max(two);
        let layout = Layout::new(content_bytes);
        let span = layout.span(&range);
        prop_assert!(span.stored.end <= layout.stored_bytes());
        prop_assert!(span.stored.start < span.stored.end);
        prop_assert!(span.skip <= CHUNK_BYTES);
        prop_assert!(span.first < layout.chunks());
        let sealed = CHUNK_BYTES as u64 + 16;
        let most = (range.end - range.start).div_ceil(CHUNK_BYTES as u64) + 1;
        prop_assert!(span.stored.end - span.stored.start <= most * sealed + 16, "no more than needed");
    }

    #[test]
    fn a_digest_reads_what_it_prints(bytes in any::<[u8; 32]>()) {
        let digest = Sha256Digest(bytes);
        prop_assert_eq!(digest.to_string().parse::<Sha256Digest>(), Ok(digest));
        prop_assert_eq!(Sha256Digest::try_from(&bytes[..]), Ok(digest));
        let upper = digest.to_string().to_uppercase();
        prop_assert!(upper.parse::<Sha256Digest>().is_err() || upper == digest.to_string());
    }
}

#[test]
fn digests_are_the_known_ones() {
    assert_eq!(
        Sha256Digest::of(b"abc").to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert!(
        Sha512Digest::of(b"abc")
            .to_string()
            .starts_with("ddaf35a193617abacc417349ae204131")
    );
    assert!("ba78".parse::<Sha256Digest>().is_err());
    assert!("zz".repeat(32).parse::<Sha256Digest>().is_err());
}

/// Blobs of this version must be readable for as long as there are any: what is written under a
/// known key must never change.
#[test]
fn the_format_is_frozen() {
    let cipher = ChunkCipher::new(&DataKey::from_bytes([0x42; 32]));
    let mut blob = HEADER.to_vec();
    let mut first = vec![b'a'; CHUNK_BYTES];
    cipher
        .seal(0, false, &mut first)
        .expect("a chunk can be sealed");
    let mut last = b"the end".to_vec();
    cipher
        .seal(1, true, &mut last)
        .expect("a chunk can be sealed");
    blob.extend_from_slice(&first);
    blob.extend_from_slice(&last);
    assert_eq!(
        blob.len() as u64,
        Layout::new(CHUNK_BYTES as u64 + 7).stored_bytes()
    );
    assert_eq!(hex::encode(HEADER), "897061706965726c6f73010110000000");
    assert_eq!(Sha256Digest::of(&blob).to_string(), GOLDEN);
}

/// Computed by an independent implementation of AES-256-GCM from the description of the format.
const GOLDEN: &str = "0772e7f4886585fbccd1fd6cbac221032814f77496072084ab5afdc6360fa967";

#[tokio::test]
async fn the_end_of_a_full_chunk_is_an_empty_range() {
    let bench = Bench::new(memory());
    let length = 2 * CHUNK_BYTES as u64;
    let blob = bench.keep(&sample(2 * CHUNK_BYTES)).await;
    let read = bench
        .range(&blob, length..length)
        .await
        .expect("a range can be read");
    assert!(read.is_empty());
}

/// A store that takes everything in, keeps nothing, and knows how much was under way at most.
#[derive(Debug, Clone, Default)]
struct Scales {
    now: Arc<AtomicI64>,
    most: Arc<AtomicI64>,
    total: Arc<AtomicI64>,
}

impl Scales {
    fn add(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).expect("small");
        self.total.fetch_add(bytes, Ordering::SeqCst);
        let now = self.now.fetch_add(bytes, Ordering::SeqCst) + bytes;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn remove(&self, bytes: usize) {
        self.now
            .fetch_sub(i64::try_from(bytes).expect("small"), Ordering::SeqCst);
    }
}

impl std::fmt::Display for Scales {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scales")
    }
}

fn no() -> object_store::Error {
    object_store::Error::NotImplemented {
        operation: "anything but uploads".into(),
        implementer: "Scales".into(),
    }
}

fn done() -> PutResult {
    PutResult {
        e_tag: None,
        version: None,
        extensions: Default::default(),
    }
}

#[async_trait]
impl ObjectStore for Scales {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(no())
    }
    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(self.clone()))
    }
    async fn get_opts(&self, _: &Path, _: GetOptions) -> Result<GetResult> {
        Err(no())
    }
    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        locations
    }
    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        futures_util::stream::empty().boxed()
    }
    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(no())
    }
    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(no())
    }
    async fn rename_opts(&self, _: &Path, _: &Path, _: RenameOptions) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl MultipartUpload for Scales {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let scales = self.clone();
        let bytes = data.content_length();
        scales.add(bytes);
        async move {
            // A slow store: others run first, again and again.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            drop(data);
            scales.remove(bytes);
            Ok(())
        }
        .boxed()
    }
    async fn complete(&mut self) -> Result<PutResult> {
        Ok(done())
    }
    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Input that is counted while anybody holds it.
struct Counted(Vec<u8>, Scales);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.remove(self.0.len());
    }
}

#[tokio::test]
async fn memory_stays_flat_however_long_the_content_is() {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 1024;
    let (held, sent) = (Scales::default(), Scales::default());
    let input = held.clone();
    let content = futures_util::stream::iter(0..PIECES).map(move |_| {
        input.add(PIECE);
        Ok::<_, Infallible>(Bytes::from_owner(Counted(vec![7; PIECE], input.clone())))
    });
    let bench = Bench::new(Arc::new(sent.clone()));
    let storage = Storage::new(
        Arc::new(sent.clone()),
        Arc::clone(bench.storage.kms()),
        Limits::default(),
    );
    let staged = storage
        .stage(&bench.domain, content, u64::MAX)
        .await
        .expect("it is taken in");
    assert_eq!(
        staged.content.bytes,
        (PIECE * PIECES) as u64,
        "256 MiB came in"
    );
    staged.keep().await.expect("it is kept");
    let most = |scales: &Scales| scales.most.load(Ordering::SeqCst);
    assert!(
        most(&held) <= PIECE as i64,
        "one piece is held at a time: {}",
        most(&held)
    );
    assert!(
        most(&sent) <= 13 * 1024 * 1024,
        "two parts are under way: {}",
        most(&sent)
    );
    assert!(
        sent.total.load(Ordering::SeqCst) > (PIECE * PIECES) as i64,
        "all of it was sent"
    );
    assert_eq!(
        sent.now.load(Ordering::SeqCst),
        0,
        "nothing is left under way"
    );
}

#[tokio::test]
async fn a_blob_longer_than_its_row_says_is_refused() {
    let bench = Bench::new(memory());
    let blob = bench.keep(&sample(1000)).await;
    for content_bytes in [0, 999, 1001, 100_000] {
        let wrong = Blob {
            content_bytes,
            ..blob.clone()
        };
        let refused = bench.read(&wrong).await;
        assert!(
            matches!(refused, Err(crate::StoreError::Damaged { .. })),
            "{content_bytes}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn only_the_chunks_of_a_range_are_fetched() {
    let root = tempfile::tempdir().expect("a folder");
    for store in [memory(), folder(&root).await] {
        let bench = Bench::new(store);
        let content = sample(20 * CHUNK_BYTES);
        let blob = bench.keep(&content).await;
        // Everything but the fifth chunk is spoiled, and nobody notices.
        let path = bench.storage.path(&blob.name);
        let found = bench.raw.get(&path).await.expect("it is there");
        let mut stored = found.bytes().await.expect("it can be read").to_vec();
        let sealed = CHUNK_BYTES + 16;
        let (start, end) = (16 + 4 * sealed, 16 + 5 * sealed);
        for (at, byte) in stored.iter_mut().enumerate() {
            if !(start..end).contains(&at) {
                *byte ^= 0xff;
            }
        }
        bench
            .raw
            .put(&path, stored.into())
            .await
            .expect("it can be written");
        let range = 4 * CHUNK_BYTES as u64 + 10..5 * CHUNK_BYTES as u64;
        let read = bench
            .range(&blob, range)
            .await
            .expect("the fifth chunk is sound");
        assert!(read == content[4 * CHUNK_BYTES + 10..5 * CHUNK_BYTES]);
        let pieces = bench
            .storage
            .open(&blob, Some(0..10))
            .await
            .expect("it is opened");
        assert!(
            pieces.try_collect::<Vec<_>>().await.is_err(),
            "the first chunk is not"
        );
    }
}
