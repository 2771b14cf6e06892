//! Tests of what other crates rely on.

mod blobs;
mod faulty;
mod folders;
mod keys;
mod s3;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::backend::Backend;
use crate::conformance::{Creation, conformance};

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

async fn folder(root: &tempfile::TempDir) -> Arc<dyn ObjectStore> {
    let backend = Backend::Folder {
        path: root.path().join("store"),
    };
    backend
        .open()
        .await
        .expect("a folder can be opened")
        .objects
}

/// An instant to come, by the clock that dates what a folder holds.
#[expect(
    clippy::disallowed_methods,
    reason = "a real folder dates by a real clock"
)]
fn later() -> std::time::SystemTime {
    std::time::SystemTime::now() + std::time::Duration::from_secs(3600)
}

#[tokio::test]
async fn memory_conforms() {
    conformance(Creation::Atomic, async || memory()).await;
}

#[tokio::test]
async fn a_folder_conforms() {
    let root = tempfile::tempdir().expect("a folder");
    let next = std::cell::Cell::new(0);
    conformance(Creation::Atomic, async || {
        next.set(next.get() + 1);
        let backend = Backend::Folder {
            path: root.path().join(next.get().to_string()),
        };
        backend
            .open()
            .await
            .expect("a folder can be opened")
            .objects
    })
    .await;
}
