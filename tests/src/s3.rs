//! An S3 server in this process, on a folder: quick, without versions and locks. The real one is a job of
//! its own (`scripts/ceph.sh`).

use std::net::SocketAddr;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Its access key.
pub const ACCESS_KEY: &str = "papierlos";
/// Its secret key.
pub const SECRET_KEY: &str = "papierlos-test-secret";
/// The bucket that exists from the start.
pub const BUCKET: &str = "papierlos";
/// The region it answers for.
pub const REGION: &str = "us-east-1";

/// A running S3 server. Ends with this value; its objects go too.
#[derive(Debug)]
pub struct TestS3 {
    address: SocketAddr,
    server: JoinHandle<()>,
    folder: TempDir,
}

impl TestS3 {
    /// Starts it on a free port of loopback, with one empty bucket.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> TestS3 {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let files = FileSystem::new(folder.path()).expect("an S3 server on a folder");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    // A client that goes away is its own affair.
                    http.serve_connection(TokioIo::new(socket), service)
                        .await
                        .ok();
                });
            }
        });
        TestS3 {
            address,
            server,
            folder,
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder of the bucket, for tests that play the storage's administrator.
    #[must_use]
    pub fn folder(&self) -> std::path::PathBuf {
        self.folder.path().join(BUCKET)
    }
}

impl Drop for TestS3 {
    fn drop(&mut self) {
        self.server.abort();
    }
}
