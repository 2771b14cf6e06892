//! The folder: what is refused, what is left, who may look in.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{folder, later};
use crate::backend::{Backend, BackendError};
use crate::conformance::{Bench, sample};
use crate::disk::Step;
use crate::folder::Folder;

fn backend(path: &Path) -> Backend {
    Backend::Folder { path: path.into() }
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"))
    {
        if entry.file_type().expect("a type").is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[tokio::test]
async fn a_new_folder_is_private_and_marked() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("store");
    let store = backend(&path).open().await.expect("it opens");
    let bench = Bench::new(store);
    let blob = bench.keep(&sample(10)).await;
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&path), 0o700);
    let marker = std::fs::read_to_string(path.join("papierlos-store")).expect("a marker");
    assert_eq!(marker, "papierlos.store/v2\n");
    let hex = blob.name.to_string();
    let ab = hex.get(..2).expect("hex");
    assert_eq!(mode(&path.join("blobs").join(ab).join(&hex)), 0o600);
    backend(&path).open().await.expect("it opens again");
    let space = backend(&path)
        .free_space()
        .expect("asking works")
        .expect("a folder has an end");
    assert!(
        space.free_bytes > 0 && space.free_bytes <= space.total_bytes,
        "{space:?}"
    );
}

#[tokio::test]
async fn a_folder_with_something_else_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("letter.txt"), "private").expect("it can be written");
    let refused = backend(root.path()).open().await.map(drop);
    assert!(
        matches!(refused, Err(BackendError::NotAStore { .. })),
        "{refused:?}"
    );
    assert_eq!(files(root.path()).len(), 1, "and is left as it was");
}

#[tokio::test]
async fn a_store_of_another_format_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("papierlos-store"), "papierlos.store/v3\n").expect("written");
    let refused = backend(root.path()).open().await.map(drop);
    assert!(
        matches!(&refused, Err(BackendError::OtherFormat { found, .. }) if found.contains("v3")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_store_of_the_first_format_stays_as_it_is() {
    use futures_util::TryStreamExt;
    let root = tempfile::tempdir().expect("a folder");
    let marker = root.path().join("papierlos-store");
    std::fs::write(&marker, "papierlos.store/v1\n").expect("written");
    let open = async || backend(root.path()).open().await.expect("it opens");
    let bench = Bench::new(open().await);
    let mut names = Vec::new();
    for length in [1, 100, 2 * 1024 * 1024] {
        let content = sample(length);
        let blob = bench.keep(&content).await;
        let name = blob.name.to_string();
        let [a, b] = [0, 2].map(|at| name.get(at..at + 2).expect("two digits"));
        let path = root.path().join(format!("blobs/{a}/{b}/{name}"));
        assert!(path.is_file(), "{}", path.display());
        assert!(bench.read(&blob).await.expect("it can be read") == content);
        names.push(blob.name);
    }
    names.sort_unstable();
    let listed = async |after| {
        let found: Vec<_> = bench
            .storage
            .list(after)
            .try_collect()
            .await
            .expect("a list");
        found.iter().map(|blob| blob.name).collect::<Vec<_>>()
    };
    assert_eq!(listed(None).await, names);
    let [first, second, third] = names[..] else {
        unreachable!("there are three");
    };
    assert_eq!(listed(Some(first)).await, [second, third]);
    bench
        .storage
        .delete(&second)
        .await
        .expect("it can be deleted");
    assert_eq!(listed(None).await, [first, third]);
    assert!(bench.storage.exists(&third).await.expect("an answer"));
    assert_eq!(open().await.format, crate::Format::V1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("missing").join("store");
    let refused = backend(&path).open().await.map(drop);
    assert!(
        matches!(&refused, Err(BackendError::Folder { path: named, .. }) if *named == path),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_no_obstacle() {
    let root = tempfile::tempdir().expect("a folder");
    let half = root.path().join("papierlos-store.tmp-0011223344556677");
    std::fs::write(&half, "papier").expect("it can be written");
    let store = backend(root.path()).open().await.expect("it opens");
    let swept = Bench::new(store)
        .storage
        .sweep_staging(later())
        .await
        .expect("sweeping works");
    assert_eq!(swept.objects, 1, "what was left is swept");
}

#[tokio::test]
async fn what_a_crash_left_beside_a_blob_is_swept_and_never_listed() {
    use futures_util::TryStreamExt;
    let root = tempfile::tempdir().expect("a folder");
    let bench = Bench::new(folder(&root).await);
    let blob = bench.keep(&sample(100)).await;
    let path = files(&root.path().join("store").join("blobs")).remove(0);
    let mut stray = path.clone().into_os_string();
    stray.push(".tmp-0011223344556677");
    std::fs::write(&stray, "half").expect("it can be written");
    let listed: Vec<_> = bench
        .storage
        .list(None)
        .try_collect()
        .await
        .expect("it can be listed");
    assert_eq!(listed.len(), 1, "only the blob");
    let swept = bench
        .storage
        .sweep_staging(later())
        .await
        .expect("sweeping works");
    assert_eq!((swept.objects, swept.bytes), (1, 4));
    assert!(bench.read(&blob).await.is_ok());
}

#[tokio::test]
async fn dropping_what_is_under_way_removes_it() {
    let root = tempfile::tempdir().expect("a folder");
    let bench = Bench::new(folder(&root).await);
    let mut stager = bench
        .storage
        .begin(&bench.domain, u64::MAX)
        .await
        .expect("it begins");
    stager
        .push(sample(2 * 1024 * 1024).into())
        .await
        .expect("it is taken in");
    let staging = root.path().join("store").join("staging");
    assert_eq!(files(&staging).len(), 1, "large content is on its way");
    drop(stager);
    while !files(&staging).is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn writers_into_new_folders_do_not_disturb_each_other() {
    let root = tempfile::tempdir().expect("a folder");
    let bench = Bench::new(folder(&root).await);
    let contents: Vec<_> = (0..64).map(|at| sample(100 + at)).collect();
    let keeps = contents.iter().map(|content| bench.keep(content));
    for (blob, content) in futures_util::future::join_all(keeps)
        .await
        .iter()
        .zip(&contents)
    {
        assert!(bench.read(blob).await.expect("it can be read") == *content);
    }
    assert!(
        bench
            .paths()
            .await
            .iter()
            .all(|path| !path.contains(".tmp-"))
    );
}

#[tokio::test]
async fn what_an_earlier_process_may_not_have_synced_is_synced_by_the_first_write_below_it() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path().canonicalize().expect("a path");
    let open = || Folder::open(&root).expect("it opens");
    // Where folders hold folders below those that are synced at the start.
    let bench = Bench::new(crate::Opened {
        objects: std::sync::Arc::new(open()),
        format: crate::Format::V1,
    });
    let name = bench.keep(&sample(100)).await.name;
    let path = bench.storage.path(&name);
    let at = |depth: usize| {
        let parts: Vec<_> = path.as_ref().split('/').take(depth).collect();
        root.join(parts.join("/"))
    };
    let folder = open();
    assert_eq!(folder.steps(), [], "a start does not wait for it");
    for above in [vec![Step::SyncFolder(at(2))], Vec::new()] {
        let put = object_store::ObjectStoreExt::put(&folder, &path, "again".into());
        put.await.expect("it can be written");
        let own = [Step::SyncBytes, Step::Name(at(4)), Step::SyncFolder(at(3))];
        assert_eq!(folder.steps(), [own.to_vec(), above].concat());
    }
}

#[tokio::test]
async fn nothing_is_answered_before_it_is_synced() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path().canonicalize().expect("a path");
    let folder = Folder::open(&root).expect("it opens");
    let bench = Bench::new(std::sync::Arc::new(folder.clone()));
    let named = |hex: &str, depth: usize| {
        let whole = bench
            .storage
            .path(&hex.parse().expect("a digest"))
            .to_string();
        root.join(whole.split('/').take(depth).collect::<Vec<_>>().join("/"))
    };
    let sync = |path: PathBuf| Step::SyncFolder(path);

    let name = bench.keep(&sample(100)).await.name;
    let at = |depth| named(&name.to_string(), depth);
    let new_branch = [
        Step::SyncBytes,
        Step::Name(at(3)),
        sync(at(2)),
        sync(at(1)),
        sync(root.clone()),
    ];
    assert_eq!(folder.steps(), new_branch, "new folders are synced, too");

    let path = bench.storage.path(&name);
    let put = object_store::ObjectStoreExt::put(&folder, &path, "again".into());
    put.await.expect("it can be written");
    let known_branch = [Step::SyncBytes, Step::Name(at(3)), sync(at(2))];
    assert_eq!(
        folder.steps(),
        known_branch,
        "known folders are not synced again"
    );

    for removed in [vec![Step::Remove(at(3))], Vec::new()] {
        bench
            .storage
            .delete(&name)
            .await
            .expect("it can be deleted");
        let steps = [removed, vec![sync(at(2))]].concat();
        assert_eq!(
            folder.steps(),
            steps,
            "a delete is synced, even when it finds nothing"
        );
    }

    let large = bench.keep(&sample(2 * 1024 * 1024)).await.name;
    let at = |depth| named(&large.to_string(), depth);
    let steps = folder.steps();
    let bytes = steps.iter().position(|step| *step == Step::SyncBytes);
    let name = steps.iter().position(|step| *step == Step::Name(at(3)));
    let entry = steps.iter().position(|step| *step == sync(at(2)));
    assert!(bytes.is_some() && bytes < name && name < entry, "{steps:?}");
}

#[tokio::test]
async fn a_refused_create_is_synced_for_whoever_relies_on_it() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path().canonicalize().expect("a path");
    let folder = Folder::open(&root).expect("it opens");
    let bench = Bench::new(std::sync::Arc::new(folder.clone()));
    let name = crate::ObjectName::parse("log/tile").expect("a good name");
    for outcome in [crate::PutOutcome::Written, crate::PutOutcome::Unchanged] {
        let bytes = bytes::Bytes::from_static(b"tile");
        let put = bench
            .storage
            .put_object(&name, bytes, crate::PutRule::Create)
            .await;
        assert_eq!(put.expect("creating works"), outcome);
        let last = folder.steps().pop();
        let synced = match outcome {
            crate::PutOutcome::Written => root.clone(),
            crate::PutOutcome::Unchanged => root.join("objects/log"),
        };
        assert_eq!(last, Some(Step::SyncFolder(synced)));
    }
}
