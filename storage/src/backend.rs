//! Where a store lives: a folder or an S3 bucket.

use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::folder::Folder;

/// The object that says that this is a store of ours, and in which format.
pub(crate) const MARKER: &str = "papierlos-store";

/// How blobs lie in a store. It is settled when the store begins, and stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `blobs/ab/cd/<name>`: nearly every blob of a young archive made a folder of its own.
    V1,
    /// `blobs/ab/<name>`: 256 folders, which file systems with indexed directories fill with millions.
    #[default]
    V2,
}

impl Format {
    const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// What the marker says.
    const fn marker(self) -> &'static str {
        match self {
            Self::V1 => "papierlos.store/v1\n",
            Self::V2 => "papierlos.store/v2\n",
        }
    }

    fn of(marker: &[u8]) -> Option<Self> {
        let known = |format: &Self| format.marker().as_bytes() == marker;
        Self::ALL.into_iter().find(known)
    }
}

/// A store that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where its objects are.
    pub objects: Arc<dyn ObjectStore>,
    /// How they lie there.
    pub format: Format,
}

/// What a test makes is of the newest format.
#[cfg(any(test, feature = "faults"))]
impl<S: ObjectStore> From<Arc<S>> for Opened {
    fn from(objects: Arc<S>) -> Self {
        let objects: Arc<dyn ObjectStore> = objects;
        objects.into()
    }
}

#[cfg(any(test, feature = "faults"))]
impl From<Arc<dyn ObjectStore>> for Opened {
    fn from(objects: Arc<dyn ObjectStore>) -> Self {
        let format = Format::default();
        Self { objects, format }
    }
}

/// Why a folder or bucket was not opened.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The folder cannot be made or used.
    #[error("cannot use the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It holds something else: opening it as a store could do harm.
    #[error("{place} is not empty and is not a store (there is no {MARKER} in it)")]
    NotAStore {
        /// The folder or bucket.
        place: String,
    },
    /// It is a store of a format that this version does not know.
    #[error("{place} is a store of another format: {found:?}")]
    OtherFormat {
        /// The folder or bucket.
        place: String,
        /// What its marker says.
        found: String,
    },
    /// The backend failed, or its settings are wrong.
    #[error("cannot open {place}")]
    Backend {
        /// The folder or bucket.
        place: String,
        /// What the backend said.
        source: object_store::Error,
    },
}

/// A secret setting; `Debug` does not show it, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Room on the disk of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes of the whole file system.
    pub total_bytes: u64,
}

impl Space {
    /// The room on the disk of this folder.
    ///
    /// # Errors
    /// Where the folder is not there, or its file system does not tell.
    pub fn of(folder: &FsPath) -> std::io::Result<Self> {
        let room = rustix::fs::statvfs(folder)?;
        Ok(Self {
            free_bytes: room.f_bavail.saturating_mul(room.f_frsize),
            total_bytes: room.f_blocks.saturating_mul(room.f_frsize),
        })
    }
}

/// Where a store lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// A folder of a local file system that keeps what it has synced.
    Folder {
        /// The folder; made with mode 0700 if it is missing.
        path: PathBuf,
    },
    /// A bucket of an S3 service. The bucket must exist.
    S3 {
        /// Name of the bucket.
        bucket: String,
        /// Address of the service, such as `https://s3.example.org`.
        endpoint: String,
        /// Region to sign for.
        region: String,
        /// Id of the access key.
        access_key: String,
        /// The secret of the access key.
        secret_key: Secret,
        /// Whether the address may be `http:` (tests, or a service on the same machine).
        allow_http: bool,
        /// Everything is kept below this; empty for the whole bucket.
        prefix: String,
    },
}

impl Backend {
    /// Opens the store there, or begins one where there is nothing. Refuses what holds something
    /// else, and stores of other formats.
    pub async fn open(&self) -> Result<Opened, BackendError> {
        let objects = match self {
            Self::Folder { path } => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || open_folder(&path)).await;
                opened.map_err(|error| self.failed(error.into()))??
            }
            Self::S3 { .. } => self.open_bucket()?,
        };
        let format = self.check_marker(&*objects).await?;
        Ok(Opened { objects, format })
    }

    /// Room on the disk; none for a bucket, which does not tell.
    pub fn free_space(&self) -> Result<Option<Space>, BackendError> {
        let Self::Folder { path } = self else {
            return Ok(None);
        };
        match Space::of(path) {
            Ok(space) => Ok(Some(space)),
            Err(source) => Err(BackendError::Folder {
                path: path.clone(),
                source,
            }),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Folder { path } => format!("the folder {}", path.display()),
            Self::S3 {
                bucket,
                endpoint,
                prefix,
                ..
            } => {
                format!("the bucket {bucket} of {endpoint} below {prefix:?}")
            }
        }
    }

    fn failed(&self, source: object_store::Error) -> BackendError {
        BackendError::Backend {
            place: self.place(),
            source,
        }
    }

    fn open_bucket(&self) -> Result<Arc<dyn ObjectStore>, BackendError> {
        let Self::S3 {
            bucket,
            endpoint,
            region,
            access_key,
            secret_key,
            allow_http,
            prefix,
        } = self
        else {
            return Err(BackendError::NotAStore {
                place: self.place(),
            });
        };
        let store = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_endpoint(endpoint)
            .with_region(region)
            .with_access_key_id(access_key)
            .with_secret_access_key(&secret_key.0)
            .with_allow_http(*allow_http)
            .build()
            .map_err(|error| self.failed(error))?;
        if prefix.is_empty() {
            Ok(Arc::new(store))
        } else {
            let prefix = Path::parse(prefix).map_err(|error| self.failed(error.into()))?;
            Ok(Arc::new(PrefixStore::new(store, prefix)))
        }
    }

    async fn format_of(&self, marker: object_store::GetResult) -> Result<Format, BackendError> {
        let found = marker.bytes().await.map_err(|error| self.failed(error))?;
        Format::of(&found).ok_or_else(|| BackendError::OtherFormat {
            place: self.place(),
            found: String::from_utf8_lossy(&found).chars().take(64).collect(),
        })
    }

    async fn check_marker(&self, store: &dyn ObjectStore) -> Result<Format, BackendError> {
        let marker = Path::from(MARKER);
        match store.get(&marker).await {
            Ok(found) => {
                return self.format_of(found).await;
            }
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(self.failed(error)),
        }
        let mut listed = store.list(None);
        while let Some(meta) = listed
            .try_next()
            .await
            .map_err(|error| self.failed(error))?
        {
            // A first start that was cut off leaves an unfinished marker.
            if !meta.location.as_ref().starts_with(MARKER) {
                return Err(BackendError::NotAStore {
                    place: self.place(),
                });
            }
        }
        let options = PutOptions::from(PutMode::Create);
        let format = Format::default();
        let said = PutPayload::from_static(format.marker().as_bytes());
        match store.put_opts(&marker, said, options).await {
            Ok(_) => Ok(format),
            // Somebody else has begun it at the same time, in his format.
            Err(object_store::Error::AlreadyExists { .. }) => {
                let found = store
                    .get(&marker)
                    .await
                    .map_err(|error| self.failed(error))?;
                self.format_of(found).await
            }
            Err(error) => Err(self.failed(error)),
        }
    }
}

fn open_folder(path: &FsPath) -> Result<Arc<dyn ObjectStore>, BackendError> {
    let io = |source| BackendError::Folder {
        path: path.into(),
        source,
    };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => FsPath::new("."),
    };
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(io)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let mut entries = std::fs::read_dir(path).map_err(io)?;
    if entries.next().is_none() {
        // Ours from here on; whoever fills it first decides who may look into it.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(io)?;
    }
    let folder = Folder::open(path).map_err(|source| BackendError::Backend {
        place: format!("the folder {}", path.display()),
        source,
    })?;
    Ok(Arc::new(folder))
}
