//! Reading: fetch the chunks that are needed, decrypt, cut to the range.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt};

use crate::cipher::{ChunkCipher, HEADER, Layout, SEALED_CHUNK_BYTES};
use crate::digest::Sha256Digest;
use crate::store::{Blob, Damage, Storage, StoreError};

/// Decrypted and authenticated pieces of content.
pub type ContentStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// Chunks read from a folder at once.
const CHUNKS_PER_READ: u64 = 8;

pub(crate) async fn open(
    storage: &Storage,
    blob: &Blob,
    range: Option<Range<u64>>,
) -> Result<ContentStream, StoreError> {
    let content_bytes = blob.content_bytes;
    let range = range.unwrap_or(0..content_bytes);
    if range.start > range.end || range.end > content_bytes {
        let Range { start, end } = range;
        return Err(StoreError::Range {
            start,
            end,
            content_bytes,
        });
    }
    let key = storage.kms.unwrap(&blob.domain, &blob.key).await?;
    let layout = Layout::new(content_bytes);
    let span = layout.span(&range);
    let whole = span.stored == (0..layout.stored_bytes());
    let wanted = if whole {
        None
    } else {
        Some(span.stored.clone())
    };
    let fetched = fetch(storage, &blob.name, wanted).await;
    let source = expect_length(storage, &blob.name, layout.stored_bytes(), fetched).await?;
    let reader = Reader {
        name: blob.name,
        cipher: ChunkCipher::new(&key),
        source,
        header_next: span.first == 0,
        stored_left: span.stored.end - span.stored.start,
        chunk: span.first,
        last: layout.chunks() - 1,
        skip: span.skip,
        left: range.end - range.start,
        ready: VecDeque::new(),
    };
    Ok(futures_util::stream::try_unfold(reader, Reader::next).boxed())
}

/// Compares the length of the stored bytes. A range beyond the end of a cut blob fails in the
/// backend first; then the length is asked for, so that a cut blob is always said to be cut.
async fn expect_length(
    storage: &Storage,
    name: &Sha256Digest,
    expected: u64,
    fetched: Result<Source, StoreError>,
) -> Result<Source, StoreError> {
    let found = match &fetched {
        Ok(source) => source.stored_bytes,
        Err(StoreError::Backend { .. }) => match storage.store.head(&storage.path(name)).await {
            Ok(meta) => meta.size,
            Err(_) => return fetched,
        },
        Err(_) => return fetched,
    };
    if found == expected {
        fetched
    } else {
        Err(StoreError::damaged(
            *name,
            Damage::Length { expected, found },
        ))
    }
}

/// Stored bytes in order, from a file or from the network.
pub(crate) struct Source {
    /// Length of the whole blob, whatever range was asked for.
    pub(crate) stored_bytes: u64,
    origin: Origin,
}

enum Origin {
    File {
        file: Arc<File>,
        at: u64,
    },
    Network {
        pieces: BoxStream<'static, object_store::Result<Bytes>>,
        rest: BytesMut,
    },
}

pub(crate) async fn fetch(
    storage: &Storage,
    name: &Sha256Digest,
    range: Option<Range<u64>>,
) -> Result<Source, StoreError> {
    let start = range.as_ref().map_or(0, |range| range.start);
    let options = GetOptions {
        range: range.map(GetRange::Bounded),
        ..GetOptions::default()
    };
    match storage.store.get_opts(&storage.path(name), options).await {
        Ok(found) => Ok(Source {
            stored_bytes: found.meta.size,
            origin: match found.payload {
                GetResultPayload::File(file, _) => Origin::File {
                    file: Arc::new(file),
                    at: start,
                },
                GetResultPayload::Stream(pieces) => Origin::Network {
                    pieces,
                    rest: BytesMut::new(),
                },
            },
        }),
        Err(object_store::Error::NotFound { .. }) => Err(StoreError::NotFound { name: *name }),
        Err(source) => Err(StoreError::Backend {
            operation: "read a blob",
            source,
        }),
    }
}

impl Source {
    /// The next stored bytes, exactly so many.
    pub(crate) async fn next(
        &mut self,
        name: &Sha256Digest,
        bytes: u64,
    ) -> Result<BytesMut, StoreError> {
        let failed = StoreError::backend("read a blob");
        let expected = self.stored_bytes;
        let ended = |found| StoreError::damaged(*name, Damage::Length { expected, found });
        // Callers ask for a few chunks at most.
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
        match &mut self.origin {
            Origin::File { file, at } => {
                let offset = *at;
                *at += bytes;
                let file = Arc::clone(file);
                let read = tokio::task::spawn_blocking(move || {
                    let mut buffer = BytesMut::zeroed(wanted);
                    file.read_exact_at(&mut buffer, offset).map(|()| buffer)
                });
                match read.await {
                    Ok(Ok(buffer)) => Ok(buffer),
                    Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        Err(ended(offset))
                    }
                    Ok(Err(error)) => Err(failed(object_store::Error::Generic {
                        store: "folder",
                        source: error.into(),
                    })),
                    Err(error) => Err(failed(error.into())),
                }
            }
            Origin::Network { pieces, rest } => {
                if rest.is_empty() {
                    rest.reserve(wanted);
                }
                while rest.len() < wanted {
                    match pieces.try_next().await {
                        Ok(Some(piece)) => rest.extend_from_slice(&piece),
                        Ok(None) => return Err(ended(rest.len() as u64)),
                        Err(error) => return Err(failed(error)),
                    }
                }
                Ok(rest.split_to(wanted))
            }
        }
    }
}

struct Reader {
    name: Sha256Digest,
    cipher: ChunkCipher,
    source: Source,
    header_next: bool,
    /// Stored bytes of the span not yet fetched.
    stored_left: u64,
    /// The next chunk to decrypt.
    chunk: u64,
    last: u64,
    /// Bytes of the next chunk that lie before the range.
    skip: usize,
    /// Bytes of content still to give out.
    left: u64,
    ready: VecDeque<Bytes>,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some((piece, self)));
            }
            if self.stored_left == 0 {
                return Ok(None);
            }
            self.fetch().await?;
        }
    }

    /// Fetches some chunks and decrypts them where they stand.
    async fn fetch(&mut self) -> Result<(), StoreError> {
        let header = if std::mem::take(&mut self.header_next) {
            HEADER.len()
        } else {
            0
        };
        let chunks = match self.source.origin {
            Origin::File { .. } => CHUNKS_PER_READ,
            Origin::Network { .. } => 1,
        };
        let most = header as u64 + chunks * SEALED_CHUNK_BYTES as u64;
        let mut sealed = self
            .source
            .next(&self.name, self.stored_left.min(most))
            .await?;
        self.stored_left -= sealed.len() as u64;
        if sealed.split_to(header)[..] != HEADER[..header] {
            return Err(StoreError::damaged(self.name, Damage::Header));
        }
        while !sealed.is_empty() {
            let mut chunk = sealed.split_to(sealed.len().min(SEALED_CHUNK_BYTES));
            let number = self.chunk;
            let opened = self.cipher.open(number, number == self.last, &mut chunk);
            let length = opened.or(Err(StoreError::damaged(
                self.name,
                Damage::Chunk { number },
            )))?;
            self.chunk += 1;
            chunk.truncate(length);
            chunk.advance(std::mem::take(&mut self.skip).min(length));
            let wanted = usize::try_from(self.left).unwrap_or(usize::MAX);
            chunk.truncate(wanted);
            self.left -= chunk.len() as u64;
            if !chunk.is_empty() {
                self.ready.push_back(chunk.freeze());
            }
        }
        Ok(())
    }
}
