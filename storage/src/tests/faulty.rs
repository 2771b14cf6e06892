//! What is true after each write of the store failed, before or after it worked, or the process died.

use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::{folder, later, memory};
use crate::conformance::{Bench, sample};
use crate::faults::{Effect, Fault, Faulty, Gate, Operation};
use crate::store::StoreError;
use crate::{ObjectName, PutRule};

const LARGE: usize = 13 * 1024 * 1024;

fn bench(store: std::sync::Arc<dyn object_store::ObjectStore>, plan: &str) -> (Bench, Faulty) {
    let faulty = Faulty::parse(store, plan).expect("a good plan");
    (Bench::new(std::sync::Arc::new(faulty.clone())), faulty)
}

#[tokio::test]
async fn a_small_blob_costs_one_put_and_nothing_else() {
    let (bench, faulty) = bench(memory(), "");
    let content = sample(50_000);
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(content.into())]);
    let staged = bench
        .storage
        .stage(&bench.domain, stream, u64::MAX)
        .await
        .expect("staged");
    assert_eq!(
        faulty.count(Operation::Put),
        0,
        "staging small content writes nothing"
    );
    staged.keep().await.expect("kept");
    assert_eq!(faulty.count(Operation::Put), 1);
    for other in [
        Operation::Begin,
        Operation::Get,
        Operation::List,
        Operation::Copy,
        Operation::Rename,
        Operation::Delete,
    ] {
        assert_eq!(faulty.count(other), 0, "{other:?}");
    }
}

/// Which fault, on which length, and whether the blob may be there afterwards.
const TABLE: [(&str, usize); 10] = [
    ("put 1 fail-before", 1000),
    ("put 1 fail-after", 1000),
    ("begin 1 fail-before", LARGE),
    ("begin 1 fail-after", LARGE),
    ("part 2 fail-before", LARGE),
    ("part 2 fail-after", LARGE),
    ("complete 1 fail-before", LARGE),
    ("complete 1 fail-after", LARGE),
    ("rename 1 fail-before", LARGE),
    ("rename 1 fail-after", LARGE),
];

#[tokio::test]
async fn a_failed_write_is_an_error_and_trying_again_is_right() {
    for (plan, length) in TABLE {
        let root = tempfile::tempdir().expect("a folder");
        for store in [memory(), folder(&root).await] {
            let (bench, _) = bench(store, plan);
            let content = sample(length);
            let stage = async || {
                let pieces: Vec<_> = content
                    .chunks(100_000)
                    .map(|it| Ok::<_, std::io::Error>(it.to_vec().into()))
                    .collect();
                let stream = futures_util::stream::iter(pieces);
                bench
                    .storage
                    .stage(&bench.domain, stream, u64::MAX)
                    .await?
                    .keep()
                    .await
            };
            let failed = stage().await.map(drop);
            assert!(
                matches!(failed, Err(StoreError::Backend { .. })),
                "{plan}: {failed:?}"
            );
            let blob = stage().await.expect("the second try works");
            assert!(
                bench.read(&blob).await.expect("it can be read") == content,
                "{plan}"
            );
            // Whatever the first try left is swept, and the blob stays.
            bench
                .storage
                .sweep_staging(later())
                .await
                .expect("sweeping works");
            let left = bench.paths().await;
            assert!(
                left.iter().all(|path| path.starts_with("blobs/")),
                "{plan}: {left:?}"
            );
            assert!(bench.read(&blob).await.is_ok(), "{plan}");
        }
    }
}

#[tokio::test]
async fn after_a_kill_nothing_answers_and_the_bytes_are_whole_or_absent() {
    for (plan, there) in [("put 1 kill-before", false), ("put 1 kill-after", true)] {
        let root = tempfile::tempdir().expect("a folder");
        let store = folder(&root).await;
        let (bench, faulty) = bench(std::sync::Arc::clone(&store), plan);
        let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(sample(1000).into())]);
        let staged = bench
            .storage
            .stage(&bench.domain, stream, u64::MAX)
            .await
            .expect("staged");
        let name = staged.name;
        let mut keep = JoinSet::new();
        keep.spawn(staged.keep());
        while !faulty.is_dead() {
            tokio::task::yield_now().await;
        }
        assert!(keep.try_join_next().is_none(), "{plan}: no answer");
        assert!(
            bench.storage.exists(&name).now_or_never().is_none(),
            "{plan}: all is dead"
        );
        let after = Bench::new(store);
        assert_eq!(
            after.storage.exists(&name).await.expect("asking works"),
            there,
            "{plan}"
        );
        if there {
            after.storage.verify_stored(&name).await.expect("whole");
        }
    }
}

#[tokio::test]
async fn a_held_put_waits_for_its_gate() {
    let gate = Gate::new();
    let (bench, faulty) = bench(memory(), "");
    faulty.add(Fault {
        operation: Operation::Put,
        nth: 1,
        effect: Effect::Hold(gate.clone()),
    });
    let name = ObjectName::parse("one").expect("a good name");
    let storage = bench.storage.clone();
    let at = name.clone();
    let mut put = JoinSet::new();
    put.spawn(async move {
        storage
            .put_object(&at, bytes::Bytes::from_static(b"1"), PutRule::Create)
            .await
    });
    while faulty.count(Operation::Put) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        bench.storage.get_object(&name).await.expect("asking works"),
        None
    );
    gate.open();
    let put = put.join_next().await.expect("a task");
    put.expect("the task ends").expect("the put works");
    assert!(
        bench
            .storage
            .get_object(&name)
            .await
            .expect("asking works")
            .is_some()
    );
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_may_be_repeated() {
    let (bench, _) = bench(memory(), "put 1 fail-after");
    let name = ObjectName::parse("log/tile/0/000").expect("a good name");
    let put = async || {
        bench
            .storage
            .put_object(&name, bytes::Bytes::from_static(b"tile"), PutRule::Create)
            .await
    };
    assert!(put().await.is_err());
    assert_eq!(
        put().await.expect("the same bytes"),
        crate::PutOutcome::Unchanged
    );
}

#[test]
fn plans_are_read_or_refused() {
    assert!("put 1 fail-after".parse::<Fault>().is_ok());
    for bad in [
        "",
        "put",
        "put 1",
        "put x fail-after",
        "put 1 fail",
        "putt 1 fail-after",
        "put 1 fail-after now",
    ] {
        assert!(bad.parse::<Fault>().is_err(), "{bad:?}");
    }
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let failed = |kind: std::io::ErrorKind| StoreError::Backend {
        operation: "store a blob",
        source: object_store::Error::Generic {
            store: "folder",
            source: std::io::Error::from(kind).into(),
        },
    };
    assert!(failed(std::io::ErrorKind::StorageFull).is_full());
    assert!(failed(std::io::ErrorKind::QuotaExceeded).is_full());
    assert!(!failed(std::io::ErrorKind::PermissionDenied).is_full());
}
