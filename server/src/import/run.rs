//! Filing what was found, several at once.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use indexer::extract::Password;
use indexer::guard::Biometric;
use storage::{Sha256Digest, Sha256Hasher, StoreError};
use thiserror::Error;

use super::media;
use super::sidecar;
use super::walk::{Found, Refusal, open};
use crate::audit::log::Receipt;
use crate::base::db::DbError;
use crate::base::{Actor, DepartmentId, DocumentId, Right};
use crate::departments::Department;
use crate::documents::{
    self, Arrived, Channel, Document, DocumentError, Entered, Entrance, EntryError, Metadata,
    NewDocument,
};
use crate::http::name::FileName;
use crate::http::{Language, Problem};
use crate::unit::{Db, Unit};
use crate::virus::ScanError;

/// How many are filed at the same time: while one waits for the disk, others are read.
const AT_ONCE: usize = 8;
/// Bytes read from the disk at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Why an import cannot go on.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// The documents.
    #[error("a document could not be filed")]
    Document(#[from] DocumentError),
    /// The store, or the virus scanner.
    #[error("nothing can be taken in")]
    Entry(#[from] EntryError),
    /// A thread ended early.
    #[error("the import was given up")]
    GivenUp,
}

/// A document of the archive, as an import speaks of it.
#[derive(Debug, Clone)]
pub struct Filing {
    /// The document; nothing where the import only looks.
    pub document: Option<DocumentId>,
    /// The receipt, where it was filed now.
    pub receipt: Option<Receipt>,
    /// The length of its content.
    pub bytes: u64,
    /// Other documents with the same content.
    pub same: Vec<DocumentId>,
}

/// What became of something in the folder.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is a document now.
    Filed(Filing),
    /// It is a document now, and others have the same content.
    Duplicate(Filing),
    /// An earlier run has filed it.
    Already(Filing),
    /// It was not filed.
    Refused(Refusal),
}

/// What became of one path.
#[derive(Debug, Clone)]
pub struct Report {
    /// The path below the folder.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything was looked at.
    Done,
    /// It was told to end before that.
    Early,
}

/// Whether an import writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It files.
    File,
    /// It only says what it would do.
    Look,
}

/// An import of one folder.
#[derive(Debug)]
pub struct Importer {
    /// The database.
    pub db: Db,
    /// Where content comes in.
    pub entrance: Entrance,
    /// All departments.
    pub departments: Vec<Department>,
    /// Where documents go whose metadata say nothing else.
    pub department: DepartmentId,
    /// Who files.
    pub actor: Actor,
    /// Tags that every document gets.
    pub tags: Vec<String>,
    /// The folder.
    pub root: PathBuf,
    /// Longest content.
    pub bytes_max: u64,
    /// Whether it writes.
    pub mode: Mode,
    claims: Claims,
    seen: Mutex<HashSet<Sha256Digest>>,
}

/// Documents that stand for a source of this run already: two sources of the same name and content
/// are two documents, in the first run and in every other.
#[derive(Debug, Clone, Default)]
struct Claims(Arc<Mutex<HashSet<DocumentId>>>);

impl Claims {
    fn take(&self, known: &[Document], actor: &Actor) -> Option<DocumentId> {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let imported = |document: &&Document| {
            document.created_by == Actor::system().account
                || document.created_by == actor.account
                || document.metadata.channel == Some(Channel::Import)
        };
        let mut free = known.iter().filter(imported).map(|document| document.id);
        free.find(|id| claimed.insert(*id))
    }

    fn add(&self, id: DocumentId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
    }
}

/// Why one source is not filed.
enum Stop {
    Refused(Refusal),
    Failed(ImportError),
}

impl<E: Into<ImportError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// How a unit of work ended without a new document.
enum NotFiled {
    Already(DocumentId),
    Failed(DocumentError),
}

impl From<DbError> for NotFiled {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<DocumentError> for NotFiled {
    fn from(error: DocumentError) -> Self {
        Self::Failed(error)
    }
}

/// A source that was looked at.
struct Source {
    path: PathBuf,
    name: String,
    /// What an earlier version filed it under, where that was another name.
    earlier_name: Option<String>,
    media_type: &'static str,
    sha256: Sha256Digest,
    bytes: u64,
    biometric: bool,
    said: NewDocument,
}

impl Importer {
    /// An import of the folder `root`.
    #[must_use]
    pub fn new(
        (db, entrance): (&Db, Entrance),
        actor: Actor,
        departments: Vec<Department>,
        department: DepartmentId,
        root: PathBuf,
    ) -> Self {
        Self {
            db: db.clone(),
            entrance,
            departments,
            department,
            actor,
            tags: Vec::new(),
            root,
            bytes_max: u64::MAX,
            mode: Mode::File,
            claims: Claims::default(),
            seen: Mutex::default(),
        }
    }

    /// Files what was found, in its order as far as `each` is told. When `end` comes, what was begun
    /// is finished and nothing more is begun.
    pub async fn run(
        &self,
        found: Vec<Found>,
        end: impl Future<Output = ()>,
        mut each: impl FnMut(Report),
    ) -> Result<Ended, ImportError> {
        let all = found.len();
        let mut told: usize = 0;
        let reports = stream::iter(found)
            .take_until(end)
            .map(|found| self.one(found))
            .buffered(AT_ONCE);
        let mut reports = std::pin::pin!(reports);
        while let Some(report) = reports.next().await {
            told += 1;
            each(report?);
        }
        Ok(if told == all {
            Ended::Done
        } else {
            Ended::Early
        })
    }

    async fn one(&self, found: Found) -> Result<Report, ImportError> {
        let Found { path, refused } = found;
        let outcome = match refused {
            Some(refusal) => Outcome::Refused(refusal),
            None => match self.file(path.clone()).await {
                Ok(outcome) => outcome,
                Err(Stop::Refused(refusal)) => Outcome::Refused(refusal),
                Err(Stop::Failed(error)) => return Err(error),
            },
        };
        Ok(Report { path, outcome })
    }

    async fn file(&self, path: PathBuf) -> Result<Outcome, Stop> {
        let (root, bytes_max) = (self.root.clone(), self.bytes_max);
        let source = blocking(move || look(&root, path, bytes_max)).await?;
        let source = source.map_err(Stop::Refused)?;
        let (department, metadata) = self.describe(&source).map_err(Stop::Refused)?;
        let mut known = Vec::new();
        for name in std::iter::once(&source.name).chain(&source.earlier_name) {
            let (on, sha256) = (self.db.read(), &source.sha256);
            known.extend(documents::named_with_content(on, department, sha256, name).await?);
        }
        if let Some(id) = self.claims.take(&known, &self.actor) {
            return Ok(Outcome::Already(already(id, source.bytes)));
        }
        if self.mode == Mode::Look {
            let released = documents::is_released(self.db.read(), source.sha256.as_bytes()).await?;
            if source.biometric && !released {
                return Err(Stop::Refused(Refusal::Biometric));
            }
            return self.would(&source).await;
        }
        let (name, password) = (source.name.clone(), source.said.opened_by());
        let entered = self.take_in(source).await?;
        let arrived = self.admit(entered, department).await?;
        let arrived = (arrived, password);
        self.receive(department, name, metadata, arrived).await
    }

    /// The department and the metadata of a source.
    fn describe(&self, source: &Source) -> Result<(DepartmentId, Metadata), Refusal> {
        let mut said = source.said.clone();
        let department = match &said.department {
            None => self.department,
            Some(wanted) => self
                .departments
                .iter()
                .find(|one| one.is(wanted))
                .map(|one| one.id)
                .ok_or_else(|| Refusal::Metadata(format!("there is no department {wanted}")))?,
        };
        if !self.actor.may_in(Right::Receive, department) {
            return Err(Refusal::Forbidden);
        }
        said.channel = said.channel.or(Some(Channel::Import));
        said.tags.extend(self.tags.iter().cloned());
        let metadata = said.metadata(Some(&source.name), self.db.now());
        Ok((
            department,
            metadata.map_err(|problem| Refusal::Metadata(faults(&problem)))?,
        ))
    }

    async fn would(&self, source: &Source) -> Result<Outcome, Stop> {
        let stored = documents::holds_content(self.db.read(), &source.sha256).await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.insert(source.sha256);
        let filing = Filing {
            document: None,
            receipt: None,
            bytes: source.bytes,
            same: Vec::new(),
        };
        Ok(if stored || !first {
            Outcome::Duplicate(filing)
        } else {
            Outcome::Filed(filing)
        })
    }

    /// What can be filed. What cannot is put into quarantine.
    async fn admit(&self, entered: Entered, department: DepartmentId) -> Result<Arrived, Stop> {
        match entered.judged(self.db.read()).await? {
            Entered::Clean(arrived) => Ok(arrived),
            Entered::Infected(infected) => {
                let put = infected.put_aside(&self.db, &self.actor, Some(department));
                Err(Stop::Refused(Refusal::Infected(put.await?)))
            }
        }
    }

    async fn take_in(&self, source: Source) -> Result<Entered, Stop> {
        let (root, entrance) = (self.root.clone(), self.entrance.clone());
        let runtime = tokio::runtime::Handle::current();
        // Reading, digests and cipher are work for a processor: off the threads that wait.
        blocking(move || runtime.block_on(stage(&entrance, &root, source))).await?
    }

    async fn receive(
        &self,
        department: DepartmentId,
        name: String,
        metadata: Metadata,
        (arrived, password): (Arrived, Option<Password>),
    ) -> Result<Outcome, Stop> {
        let admitted = documents::admit(&self.db, &self.actor, Some(department), arrived).await;
        let arrived = match admitted {
            Ok(arrived) => arrived,
            Err(DocumentError::Biometric) => return Err(Stop::Refused(Refusal::Biometric)),
            Err(error) => return Err(error.into()),
        };
        let (sha256, bytes) = (arrived.sha256(), arrived.bytes());
        let content = arrived.keep_with(&self.db, password.as_ref()).await?;
        let (claims, actor) = (self.claims.clone(), self.actor.clone());
        let written = self
            .db
            .write(&self.actor, async move |unit: &mut Unit| {
                // Another import may have been faster since we looked.
                let known =
                    documents::named_with_content(unit.tx(), department, &sha256, &name).await?;
                if let Some(id) = claims.take(&known, &actor) {
                    return Err(NotFiled::Already(id));
                }
                let held = documents::receive(unit, department, metadata, content).await?;
                let same = documents::duplicates(unit.tx(), &actor, &held).await?;
                claims.add(held.document.id);
                Ok((
                    held.document.id,
                    same.iter().map(|one| one.id).collect::<Vec<_>>(),
                ))
            })
            .await;
        match written {
            Ok(written) => {
                let (id, same) = written.value;
                let receipt = Some(written.receipt);
                let alone = same.is_empty();
                let filing = Filing {
                    document: Some(id),
                    receipt,
                    bytes,
                    same,
                };
                Ok(if alone {
                    Outcome::Filed(filing)
                } else {
                    Outcome::Duplicate(filing)
                })
            }
            Err(NotFiled::Already(id)) => Ok(Outcome::Already(already(id, bytes))),
            Err(NotFiled::Failed(DocumentError::Forbidden | DocumentError::NoDepartment)) => {
                Err(Stop::Refused(Refusal::Forbidden))
            }
            Err(NotFiled::Failed(error)) => Err(error.into()),
        }
    }
}

const fn already(id: DocumentId, bytes: u64) -> Filing {
    Filing {
        document: Some(id),
        receipt: None,
        bytes,
        same: Vec::new(),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ImportError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_gone| ImportError::GivenUp)
}

/// Reads a source once, for its digest.
fn look(root: &Path, path: PathBuf, bytes_max: u64) -> Result<Source, Refusal> {
    let unreadable = |source: std::io::Error| Refusal::Unreadable(source.to_string());
    let name = path.file_name().and_then(FileName::of_disk);
    let name = name.ok_or_else(|| Refusal::Unreadable("its name is no name".to_owned()))?;
    // What is not UTF-8 was left out once.
    let raw = path.file_name().filter(|raw| raw.to_str().is_none());
    let earlier_name = raw.and_then(|raw| FileName::clean(&raw.to_string_lossy()));
    let earlier_name = earlier_name.map(|name| name.as_str().to_owned());
    let said = sidecar::read(root, &path)?;
    let mut file = open(root, &path)?;
    let mut head = Vec::with_capacity(media::HEAD_BYTES);
    let first = u64::try_from(media::HEAD_BYTES).unwrap_or(u64::MAX);
    (&mut file)
        .take(first)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let mut digest = Sha256Hasher::new();
    let mut bytes: u64 = 0;
    each_piece(&mut file, |piece| {
        bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        digest.update(piece);
        bytes <= bytes_max
    })
    .map_err(unreadable)?;
    if bytes > bytes_max {
        return Err(Refusal::TooLarge(bytes_max));
    }
    let media_type = media::guess(name.as_str(), &head);
    let name = name.as_str().to_owned();
    Ok(Source {
        path,
        name,
        earlier_name,
        media_type,
        sha256: digest.finish(),
        bytes,
        biometric: Biometric::of(&head).is_some(),
        said,
    })
}

fn each_piece(file: &mut File, mut take: impl FnMut(&[u8]) -> bool) -> std::io::Result<()> {
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if !take(buffer.get(..read).unwrap_or_default()) {
            return Ok(());
        }
    }
}

/// Reads a source again, into the store.
async fn stage(entrance: &Entrance, root: &Path, source: Source) -> Result<Entered, Stop> {
    let unreadable = |source: std::io::Error| Refusal::Unreadable(source.to_string());
    let mut file = open(root, &source.path).map_err(Stop::Refused)?;
    let mut entering = entrance.begin().await?;
    loop {
        let mut buffer = vec![0; PIECE_BYTES];
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                buffer.truncate(read);
                match entering.push(Bytes::from(buffer)).await {
                    Ok(()) => {}
                    Err(
                        EntryError::Store(StoreError::TooLarge { limit_bytes })
                        | EntryError::Scan(ScanError::TooLarge { limit_bytes }),
                    ) => {
                        entering.discard().await;
                        return Err(Stop::Refused(Refusal::TooLarge(limit_bytes)));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                entering.discard().await;
                return Err(Stop::Refused(unreadable(error)));
            }
        }
    }
    Ok(entering
        .finish(source.media_type.to_owned(), Some(source.name))
        .await?)
}

/// The faults of metadata in one line.
fn faults(problem: &Problem) -> String {
    let body = problem.body(Language::English, None);
    let faults: Vec<String> = body
        .errors
        .iter()
        .map(|fault| {
            format!(
                "{}: {}",
                fault.pointer.as_deref().unwrap_or_default(),
                fault.detail
            )
        })
        .collect();
    faults.join("; ")
}
