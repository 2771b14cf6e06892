//! The suite against S3: an S3 server in this process always, a real one where it is named.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::ObjectStore;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::backend::{Backend, BackendError, Secret};
use crate::cipher::CHUNK_BYTES;
use crate::conformance::{Bench, Creation, conformance, sample};

/// `endpoint,bucket,key,secret` of a real server whose bucket exists and may be written to; a region
/// may follow.
const REAL_SERVER: &str = "PAPIERLOS_TEST_S3";

/// An S3 server in this process; it stops when dropped.
struct Server {
    endpoint: String,
    files: tempfile::TempDir,
    _connections: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let files = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(files.path().join("bucket")).expect("a bucket");
        let mut service =
            S3ServiceBuilder::new(s3s_fs::FileSystem::new(files.path()).expect("a file system"));
        service.set_auth(SimpleAuth::from_single("key", "secret"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                open.spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    drop(server.serve_connection(TokioIo::new(socket), service).await);
                });
            }
        });
        Self {
            endpoint,
            files,
            _connections: connections,
        }
    }

    /// How many uploads were begun in parts and neither finished nor given up. s3s-fs 0.14.1 does not
    /// list them; it keeps a file for each beside its buckets.
    fn open_uploads(&self) -> usize {
        let entries = std::fs::read_dir(self.files.path()).expect("its folder");
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(".upload-"))
            .count()
    }

    /// Waits until there is none: what is dropped is given up behind its caller.
    async fn no_upload_is_open(&self) {
        let none = async {
            while self.open_uploads() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let none = tokio::time::timeout(Duration::from_secs(10), none).await;
        assert!(none.is_ok(), "{} uploads are open", self.open_uploads());
    }

    fn bucket(&self, prefix: &str) -> Backend {
        Backend::S3 {
            bucket: "bucket".into(),
            endpoint: self.endpoint.clone(),
            region: "eu-central-1".into(),
            access_key: "key".into(),
            secret_key: Secret::new("secret"),
            allow_http: true,
            prefix: prefix.into(),
        }
    }
}

fn provider() {
    // Another test of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
}

#[tokio::test]
async fn s3_conforms() {
    provider();
    let server = Server::start().await;
    let next = AtomicU64::new(0);
    // s3s-fs 0.14.1 asks whether the object exists and writes afterwards, without a lock.
    conformance(Creation::Racy, async || {
        let prefix = format!("store-{}", next.fetch_add(1, Ordering::Relaxed));
        server
            .bucket(&prefix)
            .open()
            .await
            .expect("the bucket can be opened")
            .objects
    })
    .await;
    server.no_upload_is_open().await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_no_parts() {
    provider();
    let server = Server::start().await;
    let opened = server.bucket("").open().await;
    let bench = Bench::new(opened.expect("the bucket can be opened"));
    let large = Bytes::from(sample(128 * CHUNK_BYTES));
    for dropped in [false, true] {
        let begun = bench.storage.begin(&bench.domain, u64::MAX).await;
        let mut stager = begun.expect("content may begin");
        stager.push(large.clone()).await.expect("it is taken");
        assert_eq!(server.open_uploads(), 1, "it is sent in parts");
        if dropped {
            drop(stager);
        } else {
            stager.discard().await;
        }
        server.no_upload_is_open().await;
    }
}

#[tokio::test]
async fn a_real_s3_server_conforms() {
    #[expect(clippy::disallowed_methods, reason = "a setting of the test run")]
    let Ok(named) = std::env::var(REAL_SERVER) else {
        eprintln!("SKIPPED a_real_s3_server_conforms: {REAL_SERVER} is not set");
        return;
    };
    provider();
    let parts: Vec<&str> = named.split(',').collect();
    let ([endpoint, bucket, access_key, secret_key]
    | [endpoint, bucket, access_key, secret_key, _]) = parts[..]
    else {
        unreachable!("{REAL_SERVER} reads endpoint,bucket,key,secret[,region]");
    };
    let region = parts.get(4).copied().unwrap_or("us-east-1");
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("random bytes");
    let next = AtomicU64::new(0);
    conformance(Creation::Atomic, async || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let backend = Backend::S3 {
            bucket: bucket.into(),
            endpoint: endpoint.into(),
            region: region.into(),
            access_key: access_key.into(),
            secret_key: Secret::new(secret_key),
            allow_http: true,
            prefix: format!("conformance-{}/{at}", hex::encode(random)),
        };
        backend
            .open()
            .await
            .expect("the bucket can be opened")
            .objects
    })
    .await;
}

#[tokio::test]
async fn a_bucket_with_something_else_is_refused() {
    provider();
    let server = Server::start().await;
    let store = server
        .bucket("")
        .open()
        .await
        .expect("an empty bucket becomes a store");
    server
        .bucket("")
        .open()
        .await
        .expect("and is one when opened again");
    let marker = object_store::path::Path::from(crate::backend::MARKER);
    put(&*store.objects, &marker, "papierlos.store/v9\n").await;
    let refused = server.bucket("").open().await.map(drop);
    assert!(
        matches!(refused, Err(BackendError::OtherFormat { .. })),
        "{refused:?}"
    );

    put(
        &*store.objects,
        &object_store::path::Path::from("photos/cat.jpg"),
        "meow",
    )
    .await;
    let refused = server.bucket("photos").open().await.map(drop);
    assert!(
        matches!(refused, Err(BackendError::NotAStore { .. })),
        "{refused:?}"
    );
    assert!(
        server.bucket("documents").open().await.is_ok(),
        "beside it there is room"
    );
    assert_eq!(
        server.bucket("").free_space().expect("asking works"),
        None,
        "a bucket has no end"
    );
}

#[tokio::test]
async fn wrong_credentials_are_refused_when_opened() {
    provider();
    let server = Server::start().await;
    let mut backend = server.bucket("");
    if let Backend::S3 { secret_key, .. } = &mut backend {
        *secret_key = Secret::new("wrong");
    }
    let refused = backend.open().await.map(drop);
    assert!(
        matches!(refused, Err(BackendError::Backend { .. })),
        "{refused:?}"
    );
    assert!(
        !format!("{backend:?}").contains("wrong"),
        "a secret is not shown"
    );
}

async fn put(store: &dyn ObjectStore, path: &object_store::path::Path, text: &'static str) {
    use object_store::ObjectStoreExt;
    store
        .put(path, text.into())
        .await
        .expect("the store takes it");
}
