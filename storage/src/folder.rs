//! An object store in a folder whose writes and deletes are durable when they return.
//!
//! Reading and listing are `object_store`'s own local backend. Writing is not, for four reasons found in
//! its source (0.14.2): deletes are not synced, so that what was erased can come back after a
//! power cut; a writer into a folder that another one has just made does not wait for that folder's
//! own entry; each new folder of the fan-out costs a sync more than it needs; and what a crash
//! leaves unfinished is hidden from listings, so that nobody can sweep it.
//!
//! A write goes to `<name>.tmp-<random>` beside its place, is synced, renamed, and the folder synced.

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    RenameTargetMode, Result, UploadPart,
};

#[cfg(test)]
use crate::disk::Step;
use crate::disk::{Disk, Publish, Unfinished, generic, sync_folders};

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    reader: LocalFileSystem,
    disk: Arc<Disk>,
}

impl Folder {
    /// Opens a folder that exists, and makes sure that the entries of its subfolders are durable, now or
    /// with the first write: a process may have died between making and syncing one.
    pub(crate) fn open(root: &FsPath) -> Result<Self> {
        let reader = LocalFileSystem::new_with_prefix(root)?.with_fsync(true);
        let mut unsure = HashSet::new();
        sync_folders(root, 0, &mut unsure).map_err(generic)?;
        Ok(Self {
            reader,
            disk: Arc::new(Disk::unsure_of(unsure)),
        })
    }

    /// What was done since the last time this was asked.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.disk.steps()
    }
}

/// What is still to be listed.
enum Listing {
    Folder(Path),
    Object(ObjectMeta),
}

impl Listing {
    /// What it is sorted by; a folder stands where the objects in it stand.
    fn key(&self) -> String {
        match self {
            Self::Folder(path) => format!("{path}/"),
            Self::Object(meta) => meta.location.to_string(),
        }
    }
}

impl Folder {
    /// Lists in the order of names, as S3 does. One branch (`blobs/ab`) is in memory at a time.
    fn in_order(
        &self,
        prefix: Option<&Path>,
        offset: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let reader = self.reader.clone();
        let offset = offset.map(Path::to_string);
        let todo = vec![Listing::Folder(prefix.cloned().unwrap_or_default())];
        futures_util::stream::try_unfold(todo, move |mut todo| {
            let (reader, offset) = (reader.clone(), offset.clone());
            async move {
                while let Some(next) = todo.pop() {
                    match next {
                        Listing::Object(meta) => return Ok(Some((meta, todo))),
                        Listing::Folder(path) => {
                            let from = todo.len();
                            todo.extend(inside(&reader, &path).await?.into_iter().filter(|it| {
                                offset.as_ref().is_none_or(|offset| {
                                    let key = it.key();
                                    key > *offset
                                        || (key.ends_with('/') && offset.starts_with(&key))
                                })
                            }));
                            if let Some(found) = todo.get_mut(from..) {
                                found.sort_by_cached_key(|it| std::cmp::Reverse(it.key()));
                            }
                        }
                    }
                }
                Ok(None)
            }
        })
        .boxed()
    }
}

/// What is in a folder: near the root its entries, further down all objects below it at once.
async fn inside(reader: &LocalFileSystem, path: &Path) -> Result<Vec<Listing>> {
    if path.parts_count() >= 2 {
        return reader
            .list(Some(path))
            .map_ok(Listing::Object)
            .try_collect()
            .await;
    }
    let found = reader.list_with_delimiter(Some(path)).await?;
    let folders = found.common_prefixes.into_iter().map(Listing::Folder);
    Ok(folders
        .chain(found.objects.into_iter().map(Listing::Object))
        .collect())
}

impl std::fmt::Display for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Folder({})", self.reader)
    }
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let publish = match options.mode {
            PutMode::Overwrite => Publish::Replace,
            PutMode::Create => Publish::Create,
            PutMode::Update(_) => return Err(unsupported("conditional updates")),
        };
        if !options.attributes.is_empty() {
            return Err(unsupported("attributes"));
        }
        let path = self.reader.path_to_filesystem(location)?;
        let disk = Arc::clone(&self.disk);
        blocking(move || {
            let mut unfinished = disk.create_beside(&path)?;
            payload
                .iter()
                .try_for_each(|bytes| unfinished.file.write_all(bytes))
                .map_err(generic)?;
            disk.publish(unfinished, &path, publish)
        })
        .await?;
        Ok(written())
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            return Err(unsupported("attributes"));
        }
        let path = self.reader.path_to_filesystem(location)?;
        let disk = Arc::clone(&self.disk);
        let upload = blocking(move || {
            let unfinished = disk.create_beside(&path)?;
            Ok(FolderUpload {
                disk,
                path,
                at: 0,
                unfinished: Some(Arc::new(unfinished)),
            })
        });
        Ok(Box::new(upload.await?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.reader.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.reader.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        locations
            .then(move |location| {
                let Self { reader, disk } = this.clone();
                async move {
                    let location = location?;
                    let path = reader.path_to_filesystem(&location)?;
                    blocking(move || disk.remove(&path)).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.in_order(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.in_order(prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.reader.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.reader.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        match options.target_mode {
            RenameTargetMode::Create => return self.reader.rename_opts(from, to, options).await,
            RenameTargetMode::Overwrite => {}
        }
        let from = self.reader.path_to_filesystem(from)?;
        let to = self.reader.path_to_filesystem(to)?;
        let disk = Arc::clone(&self.disk);
        blocking(move || disk.rename(&from, &to)).await
    }
}

#[derive(Debug)]
struct FolderUpload {
    disk: Arc<Disk>,
    path: PathBuf,
    at: u64,
    /// Gone once completed or aborted.
    unfinished: Option<Arc<Unfinished>>,
}

#[async_trait]
impl MultipartUpload for FolderUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let mut at = self.at;
        self.at += data.content_length() as u64;
        let unfinished = self.unfinished.clone();
        async move {
            let unfinished = unfinished.ok_or_else(|| unsupported("parts after the end"))?;
            blocking(move || {
                for bytes in &data {
                    unfinished.file.write_all_at(bytes, at).map_err(generic)?;
                    at += bytes.len() as u64;
                }
                Ok(())
            })
            .await
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts_open = || unsupported("completion while parts are on their way");
        let unfinished = self
            .unfinished
            .take()
            .and_then(Arc::into_inner)
            .ok_or_else(parts_open)?;
        let (disk, path) = (Arc::clone(&self.disk), self.path.clone());
        blocking(move || disk.publish(unfinished, &path, Publish::Replace)).await?;
        Ok(written())
    }

    async fn abort(&mut self) -> Result<()> {
        let unfinished = self.unfinished.take();
        blocking(move || {
            drop(unfinished);
            Ok(())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

fn written() -> PutResult {
    PutResult {
        e_tag: None,
        version: None,
        extensions: Default::default(),
    }
}

fn unsupported(operation: &str) -> Error {
    Error::NotImplemented {
        operation: operation.into(),
        implementer: "Folder".into(),
    }
}
