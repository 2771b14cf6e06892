//! An object store that fails by plan, for tests of what must be true afterwards.
//!
//! A plan says which operation of which kind goes wrong, and how. In text, for processes that are
//! started from outside: `put 1 fail-after, rename 2 crash-before`.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};
use tokio::sync::Semaphore;

/// A kind of operation on the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A whole object is written.
    Put,
    /// A multipart upload is begun.
    Begin,
    /// A part is written.
    Part,
    /// A multipart upload is completed.
    Complete,
    /// A multipart upload is given up.
    Abort,
    /// An object, a range or its metadata is read.
    Get,
    /// An object is deleted.
    Delete,
    /// Objects are listed.
    List,
    /// An object is copied.
    Copy,
    /// An object is renamed.
    Rename,
}

/// How an operation goes wrong.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Nothing is done, an error comes back.
    FailBefore,
    /// It is done, and an error comes back all the same.
    FailAfter,
    /// It waits until the gate is opened, then goes on.
    Hold(Gate),
    /// The process dies before: this and every later operation never returns.
    KillBefore,
    /// The process dies after it was done: this and every later operation never returns.
    KillAfter,
    /// The process really dies before (`abort`).
    CrashBefore,
    /// The process really dies after it was done.
    CrashAfter,
}

/// Holds operations back until it is opened.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it, for good.
    pub fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // It has no permits: acquiring ends when the gate is opened.
        drop(self.0.acquire().await);
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The kind of operation.
    pub operation: Operation,
    /// Which one of its kind, counted from 1.
    pub nth: usize,
    /// What happens to it.
    pub effect: Effect,
}

/// A text that is no plan of faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no fault: {text:?}; a fault reads `put 1 fail-after`")]
pub struct PlanError {
    /// What was given.
    pub text: String,
}

impl FromStr for Fault {
    type Err = PlanError;

    fn from_str(text: &str) -> std::result::Result<Self, PlanError> {
        let refused = || PlanError { text: text.into() };
        let mut words = text.split_whitespace();
        let operation = match words.next().ok_or_else(refused)? {
            "put" => Operation::Put,
            "begin" => Operation::Begin,
            "part" => Operation::Part,
            "complete" => Operation::Complete,
            "abort" => Operation::Abort,
            "get" => Operation::Get,
            "delete" => Operation::Delete,
            "list" => Operation::List,
            "copy" => Operation::Copy,
            "rename" => Operation::Rename,
            _ => return Err(refused()),
        };
        let nth = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or_else(refused)?;
        let effect = match words.next().ok_or_else(refused)? {
            "fail-before" => Effect::FailBefore,
            "fail-after" => Effect::FailAfter,
            "kill-before" => Effect::KillBefore,
            "kill-after" => Effect::KillAfter,
            "crash-before" => Effect::CrashBefore,
            "crash-after" => Effect::CrashAfter,
            _ => return Err(refused()),
        };
        match words.next() {
            None => Ok(Self {
                operation,
                nth,
                effect,
            }),
            Some(_) => Err(refused()),
        }
    }
}

/// An object store with a plan of faults. Clones share the plan and the counts.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
}

struct Plan {
    faults: Mutex<Vec<Fault>>,
    counts: Mutex<HashMap<Operation, usize>>,
    dead: AtomicBool,
}

impl Faulty {
    /// Wraps a store.
    pub fn new(inner: Arc<dyn ObjectStore>, faults: Vec<Fault>) -> Self {
        let faults = Mutex::new(faults);
        let (counts, dead) = (Mutex::default(), AtomicBool::new(false));
        Self {
            inner,
            plan: Arc::new(Plan {
                faults,
                counts,
                dead,
            }),
        }
    }

    /// Wraps a store with a plan in text, its faults separated by commas.
    pub fn parse(inner: Arc<dyn ObjectStore>, plan: &str) -> std::result::Result<Self, PlanError> {
        let faults = plan
            .split(',')
            .map(str::trim)
            .filter(|fault| !fault.is_empty());
        Ok(Self::new(
            inner,
            faults
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()?,
        ))
    }

    /// Adds a fault; `nth` counts from the beginning, not from now.
    pub fn add(&self, fault: Fault) {
        lock(&self.plan.faults).push(fault);
    }

    /// How many operations of a kind were asked for.
    pub fn count(&self, operation: Operation) -> usize {
        lock(&self.plan.counts)
            .get(&operation)
            .copied()
            .unwrap_or_default()
    }

    /// Whether a kill has happened.
    pub fn is_dead(&self) -> bool {
        self.plan.dead.load(Ordering::SeqCst)
    }
}

impl Plan {
    fn effect(&self, operation: Operation) -> Option<Effect> {
        let nth = {
            let mut counts = lock(&self.counts);
            let count = counts.entry(operation).or_default();
            *count += 1;
            *count
        };
        let faults = lock(&self.faults);
        let fault = faults
            .iter()
            .find(|fault| fault.operation == operation && fault.nth == nth);
        fault.map(|fault| fault.effect.clone())
    }

    async fn run<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        if self.dead.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        match self.effect(operation) {
            None => work.await,
            Some(Effect::FailBefore) => Err(planned(operation)),
            Some(Effect::FailAfter) => work.await.and_then(|_| Err(planned(operation))),
            Some(Effect::Hold(gate)) => {
                gate.pass().await;
                work.await
            }
            Some(Effect::KillBefore) => self.die().await,
            Some(Effect::KillAfter) => {
                drop(work.await?);
                self.die().await
            }
            Some(Effect::CrashBefore) => std::process::abort(),
            Some(Effect::CrashAfter) => {
                drop(work.await);
                std::process::abort()
            }
        }
    }

    async fn die<T>(&self) -> Result<T> {
        self.dead.store(true, Ordering::SeqCst);
        std::future::pending().await
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.inner)
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let work = self.inner.put_opts(location, payload, options);
        self.plan.run(Operation::Put, work).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let work = self.inner.put_multipart_opts(location, options);
        let inner = self.plan.run(Operation::Begin, work).await?;
        Ok(Box::new(FaultyUpload {
            inner,
            plan: Arc::clone(&self.plan),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.plan
            .run(Operation::Get, self.inner.get_opts(location, options))
            .await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.plan
            .run(Operation::Get, self.inner.get_ranges(location, ranges))
            .await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        locations
            .then(move |location| {
                let this = this.clone();
                async move {
                    let location = location?;
                    let one = futures_util::stream::iter([Ok(location.clone())]).boxed();
                    let mut deleted = this.inner.delete_stream(one);
                    let work = async { deleted.next().await.unwrap_or(Ok(location)) };
                    this.plan.run(Operation::Delete, work).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let plan = Arc::clone(&self.plan);
        let listed = self.inner.list(prefix);
        futures_util::stream::once(async move {
            plan.run(Operation::List, std::future::ready(Ok(()))).await
        })
        .flat_map(move |begun| match begun {
            Ok(()) => futures_util::stream::empty().boxed(),
            Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
        })
        .chain(listed)
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.plan
            .run(Operation::List, self.inner.list_with_delimiter(prefix))
            .await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.plan
            .run(Operation::Copy, self.inner.copy_opts(from, to, options))
            .await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.plan
            .run(Operation::Rename, self.inner.rename_opts(from, to, options))
            .await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    plan: Arc<Plan>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plan")
    }
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let plan = Arc::clone(&self.plan);
        let work = self.inner.put_part(data);
        async move { plan.run(Operation::Part, work).await }.boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.plan
            .run(Operation::Complete, self.inner.complete())
            .await
    }

    async fn abort(&mut self) -> Result<()> {
        self.plan.run(Operation::Abort, self.inner.abort()).await
    }
}

fn planned(operation: Operation) -> Error {
    Error::Generic {
        store: "faulty",
        source: format!("planned fault of {operation:?}").into(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
