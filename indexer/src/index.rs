//! The index: opened once, shared by all who ask and the one who writes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, NoMergePolicy};
use tantivy::schema::IndexRecordOption;
use tantivy::store::Compressor;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{
    DocSet, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TERMINATED,
    TantivyError, Term,
};

use crate::access::AccessCache;
use crate::analysis::Analyzer;
use crate::body::Body;
use crate::entry::{Change, Key};
use crate::error::{IndexError, Unusable};
use crate::facets::Labels;
use crate::generation::{Folder, MASKS, sync_dir};
use crate::guard::Serials;
use crate::merge::Layers;
use crate::schema::{Fields, SPELLED, Splitter, document, key_bytes, schema};

/// How an index is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory of the writer that follows the log, in bytes; at least 15 MB.
    pub writer_bytes: usize,
    /// Memory of a rebuild, in bytes, shared by its threads; at least 15 MB each.
    pub rebuild_bytes: usize,
    /// Threads of a rebuild.
    pub rebuild_threads: usize,
    /// After how many documents a rebuild sets a mark, from which it goes on after a kill; at least 1.
    pub rebuild_marks: u64,
    /// Whether an index that cannot be used is replaced by an empty one instead of refused.
    pub replace_unusable: bool,
    /// What is masked in every entry before it is written.
    pub serials: Serials,
}

const WRITER_BYTES_MIN: usize = 15_000_000;
const ANALYZER_WORDS: usize = 20_000;

impl Default for Options {
    fn default() -> Self {
        Self {
            writer_bytes: 16_000_000,
            rebuild_bytes: 128_000_000,
            rebuild_threads: 2,
            rebuild_marks: 10_000,
            replace_unusable: false,
            serials: Serials::default(),
        }
    }
}

/// A searchable copy of what the log says. Cheap to clone; all clones are one index.
#[derive(Clone, Debug)]
pub struct Index {
    pub(crate) shared: Arc<Shared>,
}

/// What all clones share.
pub(crate) struct Shared {
    pub(crate) folder: Folder,
    pub(crate) options: Options,
    pub(crate) fields: Fields,
    serving: RwLock<Arc<Serving>>,
    pen: Mutex<Pen>,
    rebuilding: Mutex<bool>,
    pub(crate) analyzers: Mutex<Vec<Analyzer>>,
}

impl Shared {
    /// Whether a rebuild runs; none begins or goes while this is held.
    pub(crate) fn rebuilding(&self) -> MutexGuard<'_, bool> {
        self.rebuilding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Index")
            .field("dir", &self.folder.dir())
            .finish_non_exhaustive()
    }
}

/// The generation that answers.
pub(crate) struct Serving {
    pub(crate) engine: tantivy::Index,
    pub(crate) reader: IndexReader,
    pub(crate) access: Arc<AccessCache>,
    pub(crate) labels: Labels,
    applied: RwLock<Option<u64>>,
}

/// The generation that is written, by one at a time.
struct Pen {
    number: u32,
    writer: Option<IndexWriter>,
}

/// What a commit says about itself.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Payload {
    /// Number in the log up to which the index knows everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) applied: Option<u64>,
    /// Where an unfinished rebuild goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

impl Payload {
    pub(crate) fn of(engine: &tantivy::Index) -> tantivy::Result<Self> {
        let payload = engine.load_metas()?.payload;
        Ok(payload
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A writer of one generation.
pub(crate) fn writer(
    engine: &tantivy::Index,
    bytes: usize,
    threads: usize,
) -> tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread((bytes / threads.max(1)).max(WRITER_BYTES_MIN))
        .num_worker_threads(threads.max(1))
        .num_merge_threads(1)
        .build();
    let writer: IndexWriter = engine.writer_with_options(options)?;
    writer.set_merge_policy(Box::new(Layers));
    Ok(writer)
}

/// Opens a generation's files, making them first if there are none.
pub(crate) fn engine(path: &Path) -> tantivy::Result<tantivy::Index> {
    let (schema, _) = schema();
    let directory = MmapDirectory::open(path)?;
    let engine = if tantivy::Index::exists(&directory)? {
        tantivy::Index::open(directory)?
    } else {
        // The stored text is packed page by page, see `body`.
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            // Each entry is a block of its own: nobody reads what stands beside it.
            docstore_blocksize: 1,
            ..IndexSettings::default()
        };
        tantivy::Index::create(directory, schema, settings)?
    };
    engine
        .tokenizers()
        .register(SPELLED, TextAnalyzer::from(Splitter));
    Ok(engine)
}

impl Serving {
    pub(crate) fn open(engine: tantivy::Index) -> Result<Self, IndexError> {
        let reader = engine
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(0)
            .try_into()?;
        let applied = Payload::of(&engine)?.applied;
        let serving = Self {
            engine,
            reader,
            access: Arc::default(),
            labels: Labels::default(),
            applied: RwLock::new(applied),
        };
        serving.labels.follow(&serving.reader.searcher())?;
        Ok(serving)
    }

    /// Shows what was committed last.
    fn reload(&self, applied: u64) -> Result<(), IndexError> {
        self.reader.reload()?;
        self.labels.follow(&self.reader.searcher())?;
        *self.applied.write().unwrap_or_else(PoisonError::into_inner) = Some(applied);
        Ok(())
    }

    /// What can be searched, and up to which number of the log it knows. The number never runs ahead.
    pub(crate) fn view(&self) -> (Searcher, Option<u64>) {
        let applied = *self.applied.read().unwrap_or_else(PoisonError::into_inner);
        (self.reader.searcher(), applied)
    }
}

impl Index {
    /// Opens the index in a folder and holds the folder; makes an empty one where there is none.
    ///
    /// What a crash left over is removed; an unfinished rebuild stays and can go on.
    ///
    /// # Errors
    /// `Locked` if another process holds it, `NeedsRebuild` if its files are damaged, of another version or
    /// mask something else (unless `Options::replace_unusable` says to begin anew).
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, IndexError> {
        let folder = Folder::hold(dir.as_ref(), options.serials.name())?;
        let opened = match folder.current() {
            Ok(Some(number)) => open_generation(&folder, number).map(|serving| (number, serving)),
            Ok(None) => begin(&folder),
            Err(error) => Err(error),
        };
        let (number, serving) = match opened {
            Err(IndexError::NeedsRebuild { .. }) if options.replace_unusable => begin(&folder)?,
            other => other?,
        };
        folder.sweep(number, folder.unfinished()?)?;
        let (_, fields) = schema();
        let pen = Pen {
            number,
            writer: Some(writer(&serving.engine, options.writer_bytes, 1)?),
        };
        // Whatever the last commit does not name is left over from a crash.
        if let Some(writer) = &pen.writer {
            writer.garbage_collect_files().wait()?;
        }
        let shared = Shared {
            folder,
            options,
            fields,
            serving: RwLock::new(Arc::new(serving)),
            pen: Mutex::new(pen),
            rebuilding: Mutex::new(false),
            analyzers: Mutex::new(Vec::new()),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Number in the log up to which the index knows everything; `None` before the first step.
    #[must_use]
    pub fn applied(&self) -> Option<u64> {
        self.serving().view().1
    }

    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.serving().view().0.num_docs()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies steps and the number of the log they lead to, in one commit, and shows them.
    ///
    /// The last step about a key counts. After a crash either all of it happened or nothing, and
    /// `applied` says which: replaying from there is exactly once.
    ///
    /// # Errors
    /// Those of the disk. A batch that failed is not visible and may be applied again.
    pub fn apply(
        &self,
        changes: impl IntoIterator<Item = Change>,
        seq: u64,
    ) -> Result<(), IndexError> {
        let changes = last_of_each(changes);
        let mut pen = self.pen();
        let serving = self.serving();
        if pen.writer.is_none() {
            pen.writer = Some(writer(
                &serving.engine,
                self.shared.options.writer_bytes,
                1,
            )?);
        }
        let done = self.write(pen.writer.as_mut(), &changes, seq);
        if done.is_err() {
            // A writer that failed once is not trusted with the next batch.
            pen.writer = None;
        }
        done?;
        serving.reload(seq)
    }

    fn write(
        &self,
        writer: Option<&mut IndexWriter>,
        changes: &[Change],
        seq: u64,
    ) -> Result<(), IndexError> {
        let Some(writer) = writer else { return Ok(()) };
        let fields = &self.shared.fields;
        self.with_analyzer(|analyzer| {
            for change in changes {
                writer.delete_term(Term::from_field_bytes(fields.key, &key_bytes(change.key())));
                if let Change::Put(entry) = change {
                    let entry = self.shared.options.serials.entry(entry);
                    writer.add_document(document(&entry, fields, analyzer))?;
                }
            }
            Ok::<(), IndexError>(())
        })?;
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(
            &Payload {
                applied: Some(seq),
                cursor: None,
            }
            .text(),
        );
        commit.commit()?;
        Ok(())
    }

    /// The folder in which it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.shared.folder.dir()
    }

    /// How many bytes its files have, those of a rebuild included.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn bytes(&self) -> Result<u64, IndexError> {
        self.shared.folder.bytes()
    }

    /// Calls back for every entry with its key and version, in no order.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn entries(&self, mut with: impl FnMut(Key, u64)) -> Result<(), IndexError> {
        let (searcher, _) = self.serving().view();
        for reader in searcher.segment_readers() {
            let fast = reader.fast_fields();
            let (high, low, version) = (
                fast.u64("key_high")?,
                fast.u64("key_low")?,
                fast.u64("version")?,
            );
            for doc in reader.doc_ids_alive() {
                let (Some(high), Some(low), Some(version)) =
                    (high.first(doc), low.first(doc), version.first(doc))
                else {
                    continue;
                };
                with(Key::from_halves(high, low), version);
            }
        }
        Ok(())
    }

    /// Calls back for every entry in whose title or text, as they are kept, a serial number stands that should have
    /// been masked, in no order. Gives how many were looked at: all, or those until `go_on` said no. What is damaged
    /// is passed over.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn unmasked(
        &self,
        mut with: impl FnMut(Key),
        go_on: impl Fn() -> bool,
    ) -> Result<u64, IndexError> {
        let serials = &self.shared.options.serials;
        let (searcher, _) = self.serving().view();
        let broken = |source: std::io::Error| IndexError::from(TantivyError::from(source));
        let mut looked = 0;
        for reader in searcher.segment_readers() {
            let fast = reader.fast_fields();
            let (high, low) = (fast.u64("key_high")?, fast.u64("key_low")?);
            let store = reader.get_store_reader(0).map_err(broken)?;
            for doc in reader.doc_ids_alive() {
                if !go_on() {
                    return Ok(looked);
                }
                let (Some(high), Some(low)) = (high.first(doc), low.first(doc)) else {
                    continue;
                };
                let stored = store.get_document_bytes(doc)?;
                let Some(body) = Body::open(&stored) else {
                    continue;
                };
                looked += 1;
                let mut pages = (0..body.len()).filter_map(|page| body.page(page));
                if serials.finds(body.title()) || pages.any(|page| serials.finds(&page.text)) {
                    with(Key::from_halves(high, low));
                }
            }
        }
        Ok(looked)
    }

    /// Calls back for every entry with each token of access under which it is found, in no order.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tokens(&self, mut with: impl FnMut(Key, u64)) -> Result<(), IndexError> {
        let (searcher, _) = self.serving().view();
        let broken = |source: std::io::Error| IndexError::from(TantivyError::from(source));
        for reader in searcher.segment_readers() {
            let fast = reader.fast_fields();
            let (high, low) = (fast.u64("key_high")?, fast.u64("key_low")?);
            let inverted = reader.inverted_index(self.shared.fields.acl)?;
            let mut terms = inverted.terms().stream().map_err(broken)?;
            while let Some((term, info)) = terms.next() {
                let Ok(token) = <[u8; 8]>::try_from(term) else {
                    continue;
                };
                let token = u64::from_be_bytes(token);
                let postings = inverted.read_postings_from_terminfo(info, IndexRecordOption::Basic);
                let mut postings = postings.map_err(broken)?;
                let mut doc = postings.doc();
                while doc != TERMINATED {
                    if !reader.is_deleted(doc)
                        && let (Some(high), Some(low)) = (high.first(doc), low.first(doc))
                    {
                        with(Key::from_halves(high, low), token);
                    }
                    doc = postings.advance();
                }
            }
        }
        Ok(())
    }

    pub(crate) fn serving(&self) -> Arc<Serving> {
        Arc::clone(
            &self
                .shared
                .serving
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn pen(&self) -> MutexGuard<'_, Pen> {
        self.shared
            .pen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the generation that serves.
    pub(crate) fn number(&self) -> u32 {
        self.pen().number
    }

    /// Lends an analyzer that already knows the words of earlier texts.
    pub(crate) fn with_analyzer<T>(&self, use_it: impl FnOnce(&mut Analyzer) -> T) -> T {
        let lent = self
            .shared
            .analyzers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut analyzer = lent.unwrap_or_else(|| Analyzer::new(ANALYZER_WORDS));
        let value = use_it(&mut analyzer);
        let mut idle = self
            .shared
            .analyzers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < 4 {
            idle.push(analyzer);
        }
        value
    }

    /// Puts a finished generation in force; gives the writer of the old one, which must be gone before its folder is.
    pub(crate) fn swap(
        &self,
        number: u32,
        engine: tantivy::Index,
    ) -> Result<Option<IndexWriter>, IndexError> {
        let mut pen = self.pen();
        let serving = Arc::new(Serving::open(engine)?);
        self.shared.folder.enforce(number)?;
        pen.number = number;
        let old = pen.writer.take();
        if let Some(old) = &old {
            // What it joins from now on is joined for nobody.
            old.set_merge_policy(Box::new(NoMergePolicy));
        }
        *self
            .shared
            .serving
            .write()
            .unwrap_or_else(PoisonError::into_inner) = serving;
        Ok(old)
    }

    /// Waits for merges and releases the writer; the index can still be asked.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn close_writer(&self) -> Result<(), IndexError> {
        if let Some(writer) = self.pen().writer.take() {
            writer.wait_merging_threads()?;
        }
        Ok(())
    }

    /// Files in the folder of the serving generation that no commit names; empty when all is well.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn stray_files(&self) -> Result<Vec<String>, IndexError> {
        let number = self.number();
        let path = self.shared.folder.path(number);
        let engine = Arc::clone(&self.serving());
        let segments = engine.engine.load_metas()?.segments;
        let known: HashSet<String> = segments
            .iter()
            .map(|segment| segment.id().uuid_string())
            .collect();
        let listing = fs::read_dir(&path).map_err(|source| IndexError::io(&path, source))?;
        let mut strays = Vec::new();
        for file in listing {
            let file = file.map_err(|source| IndexError::io(&path, source))?;
            let name = file.file_name().to_string_lossy().into_owned();
            let own =
                name.starts_with('.') || matches!(name.as_str(), "meta.json" | "version" | MASKS);
            let segment = name.split('.').next().unwrap_or_default();
            if !own && !known.contains(segment) {
                strays.push(name);
            }
        }
        Ok(strays)
    }
}

fn open_generation(folder: &Folder, number: u32) -> Result<Serving, IndexError> {
    folder.check_version(number)?;
    let path = folder.path(number);
    if !path.join("meta.json").exists() {
        return Err(folder.unusable(Unusable::Damaged));
    }
    // Damaged files are not an accident to report but an index to rebuild.
    match engine(&path) {
        Ok(engine) => match Serving::open(engine) {
            Ok(serving) => Ok(serving),
            Err(_) => Err(folder.unusable(Unusable::Damaged)),
        },
        Err(_) => Err(folder.unusable(Unusable::Damaged)),
    }
}

fn begin(folder: &Folder) -> Result<(u32, Serving), IndexError> {
    let number = folder.create(false)?;
    let path = folder.path(number);
    let serving = Serving::open(engine(&path)?)?;
    sync_dir(&path)?;
    folder.enforce(number)?;
    Ok((number, serving))
}

/// The last step about each key, in the order of the last steps.
fn last_of_each(changes: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let mut last: HashMap<Key, usize> = HashMap::new();
    let mut kept: Vec<Option<Change>> = Vec::new();
    for change in changes {
        if let Some(earlier) = last.insert(change.key(), kept.len())
            && let Some(slot) = kept.get_mut(earlier)
        {
            *slot = None;
        }
        kept.push(Some(change));
    }
    kept.into_iter().flatten().collect()
}
