//! A new generation beside the one that serves.

use std::sync::{Mutex, PoisonError, RwLock};

use tantivy::{IndexWriter, Term};

use crate::entry::Entry;
use crate::error::IndexError;
use crate::index::{Index, Payload, engine, writer};
use crate::schema::{document, key_bytes};

/// Where an interrupted rebuild goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// What the feeder gave at the last checkpoint.
    pub cursor: String,
    /// The number of the log it gave with it.
    pub seq: u64,
}

/// A rebuild that is running. `put` may be called from several threads.
///
/// Dropped without `finish`, it leaves what the last checkpoint holds, and the next one goes on there.
#[derive(Debug)]
pub struct Rebuild {
    index: Index,
    number: u32,
    engine: tantivy::Index,
    writer: RwLock<Option<Pen>>,
    resumed: Option<Checkpoint>,
    checkpoint: Mutex<()>,
}

struct Pen(IndexWriter);

impl std::fmt::Debug for Pen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Pen")
    }
}

impl Index {
    /// Begins a rebuild beside the serving generation, or goes on with one that was interrupted.
    ///
    /// # Errors
    /// `Rebuilding` while another one runs; those of the disk.
    pub fn rebuild(&self) -> Result<Rebuild, IndexError> {
        Rebuild::begin(self)
    }

    /// Whether a rebuild was begun and not finished: one that runs, or one that can go on.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn has_unfinished_rebuild(&self) -> Result<bool, IndexError> {
        Ok(self.shared.folder.unfinished()?.is_some())
    }

    /// Removes what an interrupted rebuild left, so that the next one begins at the beginning.
    ///
    /// # Errors
    /// `Rebuilding` while one runs; those of the disk.
    pub fn discard_rebuild(&self) -> Result<(), IndexError> {
        let running = self.shared.rebuilding();
        if *running {
            return Err(IndexError::Rebuilding);
        }
        self.shared.folder.sweep(self.number(), None)
    }
}

impl Rebuild {
    fn begin(index: &Index) -> Result<Self, IndexError> {
        let mut running = index.shared.rebuilding();
        if *running {
            return Err(IndexError::Rebuilding);
        }
        let rebuild = Self::prepare(index)?;
        *running = true;
        Ok(rebuild)
    }

    fn prepare(index: &Index) -> Result<Self, IndexError> {
        let folder = &index.shared.folder;
        let options = &index.shared.options;
        let opened = match folder.unfinished()? {
            // What cannot be opened any more is begun again.
            Some(number) => engine(&folder.path(number))
                .ok()
                .map(|engine| (number, engine)),
            None => None,
        };
        // Complete but never put in force: what lies behind its last checkpoint is unknown.
        let opened = match opened {
            Some((number, engine)) => {
                let payload = Payload::of(&engine)?;
                (payload.applied.is_none() || payload.cursor.is_some()).then_some((number, engine))
            }
            None => None,
        };
        let (number, engine) = if let Some(opened) = opened {
            opened
        } else {
            folder.sweep(index.number(), None)?;
            let number = folder.create(true)?;
            (number, engine(&folder.path(number))?)
        };
        let payload = Payload::of(&engine)?;
        let resumed = payload
            .cursor
            .zip(payload.applied)
            .map(|(cursor, seq)| Checkpoint { cursor, seq });
        let pen = writer(&engine, options.rebuild_bytes, options.rebuild_threads)?;
        Ok(Self {
            index: index.clone(),
            number,
            engine,
            writer: RwLock::new(Some(Pen(pen))),
            resumed,
            checkpoint: Mutex::new(()),
        })
    }

    /// Where an interrupted rebuild was; `None` if this one begins at the beginning.
    #[must_use]
    pub fn resume(&self) -> Option<&Checkpoint> {
        self.resumed.as_ref()
    }

    /// After how many entries its feeder sets a checkpoint.
    #[must_use]
    pub fn interval(&self) -> u64 {
        self.index.shared.options.rebuild_marks.max(1)
    }

    /// Adds an entry. Each key may be put once in a rebuild.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn put(&self, entry: &Entry) -> Result<(), IndexError> {
        let fields = self.index.shared.fields;
        let entry = self.index.shared.options.serials.entry(entry);
        let document = self
            .index
            .with_analyzer(|analyzer| document(&entry, &fields, analyzer));
        let writer = self.writer.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pen) = writer.as_ref() {
            pen.0.add_document(document)?;
        }
        Ok(())
    }

    /// Puts an entry in the place of the one with its key, where there is one: for what changed since that was put.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn replace(&self, entry: &Entry) -> Result<(), IndexError> {
        let key = Term::from_field_bytes(self.index.shared.fields.key, &key_bytes(entry.key));
        {
            let writer = self.writer.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(pen) = writer.as_ref() {
                pen.0.delete_term(key);
            }
        }
        self.put(entry)
    }

    /// Waits until nothing is left to join, so that little is left to do for `finish`. What was put since the
    /// last checkpoint is lost.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn settle(&self) -> Result<(), IndexError> {
        let mut held = self.writer.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(pen) = held.take() {
            pen.0.wait_merging_threads()?;
        }
        let bytes = self.index.shared.options.writer_bytes;
        *held = Some(Pen(writer(&self.engine, bytes, 1)?));
        Ok(())
    }

    /// Makes everything put so far durable, with the place where the feeder stands.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn checkpoint(&self, cursor: &str, seq: u64) -> Result<(), IndexError> {
        self.commit(&Payload {
            applied: Some(seq),
            cursor: Some(cursor.to_owned()),
        })
    }

    fn commit(&self, payload: &Payload) -> Result<(), IndexError> {
        let _one = self
            .checkpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.writer.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(pen) = writer.as_mut() {
            let mut commit = pen.0.prepare_commit()?;
            commit.set_payload(&payload.text());
            commit.commit()?;
        }
        Ok(())
    }

    /// Makes the new generation the one that serves, knowing the log up to a number, and removes the old.
    ///
    /// # Errors
    /// Those of [`Rebuild::serve`] and [`Retired::remove`].
    pub fn finish(self, seq: u64) -> Result<(), IndexError> {
        self.serve(seq)?.remove()
    }

    /// Makes the new generation the one that serves, knowing the log up to a number. Gives the old one, which is
    /// still to be removed.
    ///
    /// # Errors
    /// Those of the disk; the old generation then serves on and the rebuild can be begun again.
    pub fn serve(self, seq: u64) -> Result<Retired, IndexError> {
        self.commit(&Payload {
            applied: Some(seq),
            cursor: None,
        })?;
        let pen = self
            .writer
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(pen) = pen {
            pen.0.garbage_collect_files().wait()?;
            pen.0.wait_merging_threads()?;
        }
        let writer = self.index.swap(self.number, self.engine.clone())?;
        Ok(Retired {
            writer: writer.map(Pen),
            rebuild: self,
        })
    }
}

/// A generation that serves no more. Dropped without `remove`, it is removed by the next rebuild or opening.
#[derive(Debug)]
pub struct Retired {
    writer: Option<Pen>,
    /// No other one begins before it is gone.
    rebuild: Rebuild,
}

impl Retired {
    /// Waits for what its writer still joins and removes it. Readers that hold its files keep them; the names go.
    ///
    /// # Errors
    /// Those of the disk; the new generation serves all the same.
    pub fn remove(self) -> Result<(), IndexError> {
        let Self { writer, rebuild } = self;
        let waited = writer.map_or(Ok(()), |pen| pen.0.wait_merging_threads());
        let folder = &rebuild.index.shared.folder;
        folder.sweep(rebuild.number, None)?;
        waited.map_err(IndexError::from)
    }
}

impl Drop for Rebuild {
    fn drop(&mut self) {
        // The next one must find the folder free.
        let writer = self.writer.get_mut();
        drop(writer.unwrap_or_else(PoisonError::into_inner).take());
        *self.index.shared.rebuilding() = false;
    }
}
