//! Where blobs are stored, as settings name it.

use std::path::PathBuf;

use super::Secret;
use super::read::Reader;

/// Where blobs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In a folder.
    Folder(PathBuf),
    /// On an S3 service.
    S3(S3),
}

/// An S3 service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    /// Its address.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// What every name begins with.
    pub prefix: String,
    /// The region.
    pub region: String,
    /// The access key.
    pub access_key: String,
    /// The secret key.
    pub secret_key: Secret,
    /// Whether TLS may be missing.
    pub allow_http: bool,
}

pub(super) fn read(reader: &mut Reader) -> Storage {
    const S3_BACKEND: &str = "storage.backend = \"s3\"";
    let folder = reader.path("storage.folder");
    let s3 = S3 {
        endpoint: reader.text("storage.s3_endpoint"),
        bucket: reader.text("storage.s3_bucket"),
        prefix: reader.text("storage.s3_prefix"),
        region: reader.text("storage.s3_region"),
        access_key: reader.text("storage.s3_access_key"),
        secret_key: reader.secret("storage.s3_secret_key"),
        allow_http: reader.flag("storage.s3_allow_http"),
    };
    if reader.text("storage.backend") != "s3" {
        return Storage::Folder(folder);
    }
    let needed = [
        ("storage.s3_endpoint", s3.endpoint.is_empty()),
        ("storage.s3_bucket", s3.bucket.is_empty()),
        ("storage.s3_access_key", s3.access_key.is_empty()),
        ("storage.s3_secret_key", s3.secret_key.is_empty()),
    ];
    for (name, _) in needed.into_iter().filter(|(_, missing)| *missing) {
        reader.missing(name, S3_BACKEND);
    }
    if s3.endpoint.starts_with("http://") && !s3.allow_http {
        let allowed = "eine Adresse, die mit https:// beginnt, oder storage.s3_allow_http = true";
        reader.refuse("storage.s3_endpoint", &s3.endpoint, allowed);
    }
    Storage::S3(s3)
}
