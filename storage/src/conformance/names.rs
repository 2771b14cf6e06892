//! What there is under which name: listing, deleting, plain objects.

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;

use super::{Bench, Creation, object};
use crate::cipher::HEADER;
use crate::digest::Sha256Digest;
use crate::objects::{ObjectName, PutOutcome, PutRule};
use crate::store::StoreError;

/// How many objects S3 tells of in one answer.
const PAGE: usize = 1_000;

pub(super) async fn blobs_are_listed_in_order(bench: &Bench) {
    let mut names = Vec::new();
    for at in 0..12_u8 {
        names.push(bench.keep(&[at]).await.name);
    }
    names.sort_unstable();
    let list = async |after| {
        let listed: Vec<_> = bench
            .storage
            .list(after)
            .try_collect()
            .await
            .expect("blobs can be listed");
        listed
    };
    let listed = list(None).await;
    assert_eq!(
        listed.iter().map(|blob| blob.name).collect::<Vec<_>>(),
        names,
        "all, in order"
    );
    let stored_bytes = (HEADER.len() + 17) as u64;
    assert!(
        listed.iter().all(|blob| blob.stored_bytes == stored_bytes),
        "with their length"
    );
    for (at, after) in names.iter().enumerate() {
        let rest: Vec<_> = list(Some(*after))
            .await
            .into_iter()
            .map(|blob| blob.name)
            .collect();
        assert_eq!(
            Some(&rest[..]),
            names.get(at + 1..),
            "from the one after {after} on"
        );
    }
}

/// More blobs than S3 tells of at once: wherever a listing goes on, nothing is left out or told twice.
pub(super) async fn blobs_are_listed_over_pages(bench: &Bench) {
    let digest = |at: usize| Sha256Digest::of(&at.to_le_bytes());
    let mut names: Vec<_> = (0..PAGE + 100).map(digest).collect();
    names.sort_unstable();
    for some in names.chunks(50) {
        let puts = some.iter().map(|name| {
            let path = bench.storage.path(name);
            async move { bench.raw.put(&path, "a blob".into()).await }
        });
        let put = futures_util::future::join_all(puts).await;
        assert!(put.iter().all(Result::is_ok), "the store takes them");
    }
    let borders = [0, PAGE - 2, PAGE - 1, PAGE, names.len() - 1];
    for after in std::iter::once(None).chain(borders.map(Some)) {
        let from = after.map_or(0, |at| at + 1);
        let listed = bench.storage.list(after.map(|at| names[at]));
        let listed: Vec<_> = listed.try_collect().await.expect("blobs can be listed");
        let listed: Vec<_> = listed.into_iter().map(|blob| blob.name).collect();
        assert!(
            Some(&listed[..]) == names.get(from..),
            "{} after {after:?}",
            listed.len()
        );
    }
}

pub(super) async fn deleting_is_idempotent(bench: &Bench) {
    let blob = bench.keep(b"short-lived").await;
    for _ in 0..2 {
        bench
            .storage
            .delete(&blob.name)
            .await
            .expect("deleting works, also twice");
        assert!(
            !bench
                .storage
                .exists(&blob.name)
                .await
                .expect("asking works"),
            "it is gone"
        );
    }
    bench
        .storage
        .delete(&Sha256Digest([9; 32]))
        .await
        .expect("also what never was");
    let refused = bench.storage.verify_stored(&blob.name).await;
    assert!(
        matches!(refused, Err(StoreError::NotFound { .. })),
        "gone is said to be gone"
    );
}

pub(super) async fn objects_are_created_or_replaced(bench: &Bench) {
    let storage = &bench.storage;
    let name = object("log/tile/0/x001/234.p/5");
    let put = async |bytes: &'static str, rule| {
        storage
            .put_object(&name, Bytes::from_static(bytes.as_bytes()), rule)
            .await
    };
    assert_eq!(
        storage.get_object(&name).await.expect("asking works"),
        None,
        "nothing yet"
    );
    let outcome = put("one", PutRule::Create).await.expect("creating works");
    assert_eq!(outcome, PutOutcome::Written);
    let outcome = put("one", PutRule::Create)
        .await
        .expect("the same bytes are fine");
    assert_eq!(outcome, PutOutcome::Unchanged);
    let refused = put("two", PutRule::Create).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { name: ref at }) if at == name.as_str()),
        "other bytes are a conflict, instead of {refused:?}"
    );
    let found = storage.get_object(&name).await.expect("reading works");
    assert_eq!(found.as_deref(), Some(&b"one"[..]), "the first stays");
    put("two", PutRule::Replace).await.expect("replacing works");
    let found = storage.get_object(&name).await.expect("reading works");
    assert_eq!(found.as_deref(), Some(&b"two"[..]), "replaced");
    for _ in 0..2 {
        storage
            .delete_object(&name)
            .await
            .expect("deleting works, also twice");
    }
    assert_eq!(
        storage.get_object(&name).await.expect("asking works"),
        None,
        "gone"
    );
}

pub(super) async fn objects_are_created_once(bench: &Bench, creation: Creation) {
    let name = object("log/checkpoint");
    let tries = (0..8_u8).map(|at| {
        let bytes = Bytes::from(vec![at; 1000]);
        bench.storage.put_object(&name, bytes, PutRule::Create)
    });
    let outcomes = futures_util::future::join_all(tries).await;
    let written = outcomes
        .iter()
        .filter(|it| matches!(it, Ok(PutOutcome::Written)))
        .count();
    let lost = outcomes
        .iter()
        .filter(|it| matches!(it, Err(StoreError::Conflict { .. })))
        .count();
    assert_eq!(
        written + lost,
        8,
        "each wins or is told that it lost: {outcomes:?}"
    );
    match creation {
        Creation::Atomic => assert_eq!(written, 1, "one of eight wins: {outcomes:?}"),
        Creation::Racy => assert!(written >= 1, "somebody wins: {outcomes:?}"),
    }
    let found = bench
        .storage
        .get_object(&name)
        .await
        .expect("reading works")
        .expect("it is there");
    assert!(
        found.len() == 1000 && found.iter().all(|byte| *byte == found[0]),
        "one writer's bytes"
    );
}

pub(super) async fn objects_are_listed(bench: &Bench) {
    for name in [
        "log/tile/0/000",
        "log/tile/0/000.p/7",
        "log/tile/1/000",
        "other/x",
    ] {
        let bytes = Bytes::from_static(b"1234");
        let put = bench
            .storage
            .put_object(&object(name), bytes, PutRule::Create)
            .await;
        put.expect("creating works");
    }
    bench.keep(b"a blob is no object").await;
    let list = async |prefix: Option<ObjectName>| {
        let listed = bench.storage.list_objects(prefix.as_ref());
        let listed: Vec<_> = listed.try_collect().await.expect("objects can be listed");
        assert!(
            listed.iter().all(|object| object.bytes == 4),
            "with their length"
        );
        let mut names: Vec<_> = listed
            .into_iter()
            .map(|object| object.name.to_string())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        list(Some(object("log/tile/0"))).await,
        ["log/tile/0/000", "log/tile/0/000.p/7"],
        "below a prefix"
    );
    assert_eq!(list(None).await.len(), 4, "all of them");
    assert!(
        list(Some(object("nowhere"))).await.is_empty(),
        "none where there are none"
    );
}
