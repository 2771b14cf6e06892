//! Content goes in, comes back, is cut to ranges, is limited, and leaves nothing when not kept.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::{BUFFERED_BYTES_MAX, Bench, object, pieces, sample};
use crate::cipher::CHUNK_BYTES;
use crate::digest::{ContentDigests, Sha256Digest};
use crate::objects::PutRule;
use crate::store::StoreError;

const LENGTHS: [usize; 12] = [
    0,
    1,
    15,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    BUFFERED_BYTES_MAX - 1,
    BUFFERED_BYTES_MAX,
    BUFFERED_BYTES_MAX + CHUNK_BYTES + 1,
    20 * CHUNK_BYTES,
    // Three parts of a large upload.
    13 * 1024 * 1024 + 7,
];

pub(super) async fn content_comes_back(bench: &Bench) {
    for length in LENGTHS {
        let content = sample(length);
        let blob = bench.keep(&content).await;
        assert_eq!(
            blob.content_bytes, length as u64,
            "the length of {length} bytes"
        );
        let read = bench.read(&blob).await.expect("a blob can be read");
        assert!(read == content, "{length} bytes come back as they were");
        let digests = bench
            .storage
            .verify_content(&blob)
            .await
            .expect("a blob can be verified");
        assert_eq!(
            digests,
            ContentDigests::of(&content),
            "digests of {length} bytes"
        );
        let stored = bench.stored(&blob).await;
        assert_eq!(
            Sha256Digest::of(&stored),
            blob.name,
            "the name is the digest"
        );
        let leaks = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
        assert!(
            content.len() < 15 || !content.get(..15).is_some_and(leaks),
            "no content stands in the open"
        );
        assert!(
            bench
                .storage
                .exists(&blob.name)
                .await
                .expect("asking works"),
            "it exists"
        );
    }
    assert!(
        bench
            .paths()
            .await
            .iter()
            .all(|path| path.starts_with("blobs/")),
        "keeping leaves nothing but blobs"
    );
}

pub(super) async fn ranges_are_cut_exactly(bench: &Bench) {
    let chunk = CHUNK_BYTES as u64;
    for length in [0, 1, chunk, chunk + 1, 3 * chunk, 20 * chunk + 5] {
        let content = sample(usize::try_from(length).expect("small"));
        let blob = bench.keep(&content).await;
        let edges = [
            0,
            1,
            chunk - 1,
            chunk,
            chunk + 1,
            2 * chunk,
            9 * chunk,
            length - length / 9,
        ];
        let mut edges: Vec<u64> = edges
            .into_iter()
            .chain([length.saturating_sub(1), length])
            .collect();
        edges.retain(|edge| *edge <= length);
        for start in &edges {
            for end in edges.iter().filter(|end| *end >= start) {
                let range = *start..*end;
                let read = bench
                    .range(&blob, range.clone())
                    .await
                    .expect("a range can be read");
                let wanted =
                    usize::try_from(*start).expect("small")..usize::try_from(*end).expect("small");
                assert!(
                    Some(&read[..]) == content.get(wanted),
                    "{range:?} of {length} bytes"
                );
            }
        }
        for (start, end) in [(0, length + 1), (length + 1, length + 1), (1, 0)] {
            let refused = bench.range(&blob, start..end).await;
            assert!(
                matches!(refused, Err(StoreError::Range { content_bytes, .. }) if content_bytes == length),
                "{start}..{end} of {length} bytes is refused"
            );
        }
    }
}

pub(super) async fn limits_hold(bench: &Bench) {
    for length in [10, 2 * CHUNK_BYTES, BUFFERED_BYTES_MAX + 3 * CHUNK_BYTES] {
        let limit_bytes = length as u64 - 1;
        let content = sample(length);
        let refused = bench
            .storage
            .stage(&bench.domain, pieces(&content), limit_bytes)
            .await;
        assert!(
            matches!(refused, Err(StoreError::TooLarge { limit_bytes: limit }) if limit == limit_bytes),
            "{length} bytes are too many for {limit_bytes}"
        );
        let exact = bench
            .storage
            .stage(&bench.domain, pieces(&content), length as u64)
            .await;
        exact.expect("exactly the limit is fine").discard().await;
    }
    let blob = bench.keep(b"ten bytes!").await;
    let refused = bench.storage.read(&blob, 9).await;
    assert!(
        matches!(refused, Err(StoreError::TooLarge { limit_bytes: 9 })),
        "reading has a limit"
    );
    let large = Bytes::from(vec![0; (1 << 20) + 1]);
    let refused = bench
        .storage
        .put_object(&object("large"), large, PutRule::Replace)
        .await;
    assert!(
        matches!(refused, Err(StoreError::TooLarge { .. })),
        "objects have a limit"
    );
}

pub(super) async fn what_is_not_kept_leaves_nothing(bench: &Bench) {
    let before = bench.paths().await;
    for length in [100, BUFFERED_BYTES_MAX + 5 * CHUNK_BYTES, 13 * 1024 * 1024] {
        let content = sample(length);
        let staged = bench
            .storage
            .stage(&bench.domain, pieces(&content), u64::MAX)
            .await;
        let staged = staged.expect("content can be staged");
        let name = staged.name;
        staged.discard().await;
        assert!(
            !bench.storage.exists(&name).await.expect("asking works"),
            "nothing was kept"
        );
        let broken = pieces(&content).chain(futures_util::stream::iter([Err(
            std::io::Error::other("the line broke"),
        )]));
        let refused = bench.storage.stage(&bench.domain, broken, u64::MAX).await;
        assert!(
            matches!(refused, Err(StoreError::Content(_))),
            "a broken stream is said to be one"
        );
    }
    // The thread of a write that was given up takes its file away when it comes to it.
    let gone = async {
        while bench.paths().await != before {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(std::time::Duration::from_secs(10), gone).await;
    assert!(gone.is_ok(), "left: {:?}", bench.paths().await);

    what_a_dead_process_left_is_swept_by_age(bench).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "a real backend dates its objects by a real clock"
)]
async fn what_a_dead_process_left_is_swept_by_age(bench: &Bench) {
    let stray = Path::from("staging/0123456789abcdef");
    bench
        .raw
        .put(&stray, "left".into())
        .await
        .expect("the store takes it");
    let blob = bench.keep(b"kept").await;
    let day = Duration::from_secs(86_400);
    let young = bench
        .storage
        .sweep_staging(SystemTime::now() - day)
        .await
        .expect("sweeping works");
    assert_eq!(young.objects, 0, "what is young stays");
    let swept = bench
        .storage
        .sweep_staging(SystemTime::now() + day)
        .await
        .expect("sweeping works");
    assert_eq!((swept.objects, swept.bytes), (1, 4), "what is old goes");
    assert!(bench.read(&blob).await.is_ok(), "blobs stay");
}

pub(super) async fn the_same_blob_may_be_kept_twice(bench: &Bench) {
    for length in [1000, BUFFERED_BYTES_MAX + 5 * CHUNK_BYTES] {
        let blob = bench.keep(&sample(length)).await;
        let stored = Bytes::from(bench.stored(&blob).await);
        let path = bench.storage.path(&blob.name);
        let again = futures_util::future::join_all((0..4).map(|_| {
            let stored = stored.clone();
            bench.raw.put(&path, stored.into())
        }));
        assert!(
            again.await.iter().all(Result::is_ok),
            "writing it again is fine"
        );
        let read = bench.read(&blob).await.expect("the blob can be read");
        assert!(read == sample(length), "and changes nothing");
    }
    let contents: Vec<_> = (0..8).map(|at| sample(40_000 + at)).collect();
    let blobs = futures_util::future::join_all(contents.iter().map(|content| bench.keep(content)));
    for (blob, content) in blobs.await.iter().zip(&contents) {
        let read = bench.read(blob).await.expect("the blob can be read");
        assert!(read == *content, "many at once do not disturb each other");
    }
}
