//! Writes a bundle in one pass and flat memory.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::openings;
use super::{
    BundleError, CHECKPOINT, DECLARATION, KEYS, LOG, MANIFEST, OPENINGS, POLICY, TAG_MANIFEST,
    TAIL, VERIFY_PY, VERIFY_SH, VERIFY_TXT, WITNESSED,
};
use crate::audit::commitment::Slot;
use crate::audit::leaf::LEAF_BYTES_MAX;
use crate::audit::merkle::{Hash, leaf_hash};
use crate::audit::note::{Checkpoint, Policy};
use crate::audit::rotation::HandoverNote;
use crate::audit::tile::{Edge, TILE_WIDTH, Tile, push_entry, tile_bytes};
use crate::audit::timestamp;
use crate::audit::verify::{OpeningRow, Stamped};

/// Whether a bundle carries openings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpeningsPart {
    /// It does: those that the reader may not see are marked as withheld.
    Included,
    /// It does not.
    LeftOut,
}

/// What a bundle begins with.
#[derive(Debug, Clone, Copy)]
pub struct BundleHead<'a> {
    /// The newest signed checkpoint, as a note; nothing if the log has none yet.
    pub checkpoint: Option<&'a [u8]>,
    /// The newest checkpoint that witnesses cosigned, as a note; nothing if none did.
    pub witnessed: Option<&'a [u8]>,
    /// The keys of the log, and its witnesses.
    pub policy: &'a Policy,
    /// By what the log went over from key to key, in order.
    pub handovers: &'a [HandoverNote],
    /// Whether openings follow.
    pub openings: OpeningsPart,
    /// The civil date of the export, `YYYY-MM-DD`.
    pub date: &'a str,
    /// The name of the organisation, for `bag-info.txt`.
    pub organisation: &'a str,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleSummary {
    /// Number of records.
    pub records: u64,
    /// How many of them are newer than the checkpoint.
    pub tail: u64,
    /// Whether the records have the root of the checkpoint. A bundle of a log that was tampered
    /// with is written all the same: it is evidence.
    pub root: RootOfExport,
    /// Payload files.
    pub files: u64,
    /// Payload bytes.
    pub bytes: u64,
}

/// How the exported records and the checkpoint stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootOfExport {
    /// The records have its root.
    Fits,
    /// They have not, or there are fewer than it says.
    Differs,
    /// There is no checkpoint.
    NoCheckpoint,
}

/// A file whose digest is taken while it is written.
struct Hashed {
    path: PathBuf,
    file: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
}

impl Hashed {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BundleError> {
        self.digest.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.file
            .write_all(bytes)
            .map_err(|source| file_error(&self.path, source))
    }
}

fn file_error(path: &Path, source: io::Error) -> BundleError {
    BundleError::File {
        path: path.display().to_string(),
        source,
    }
}

/// Writes the records of a log, in order, with their openings.
pub struct BundleWriter {
    root: PathBuf,
    manifest: BufWriter<File>,
    checkpoint: Option<Checkpoint>,
    info: String,
    edge: Edge,
    /// Records of the entry bundle that is being filled.
    filling: Vec<u8>,
    tail: Option<Hashed>,
    openings: Option<Hashed>,
    line: String,
    fits: bool,
    files: u64,
    bytes: u64,
}

impl fmt::Debug for BundleWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BundleWriter({}, {} records)",
            self.root.display(),
            self.edge.size()
        )
    }
}

impl BundleWriter {
    /// Begins a bundle in a folder that is empty or does not exist.
    pub fn create(root: &Path, head: BundleHead<'_>) -> Result<Self, BundleError> {
        let failed = |source| file_error(root, source);
        fs::create_dir_all(root).map_err(failed)?;
        if fs::read_dir(root).map_err(failed)?.next().is_some() {
            return Err(BundleError::NotEmpty(root.display().to_string()));
        }
        let manifest = root.join(MANIFEST);
        let file = File::create(&manifest).map_err(|source| file_error(&manifest, source))?;
        let checkpoint = head
            .checkpoint
            .and_then(|note| Checkpoint::claimed(note).ok());
        let mut writer = Self {
            root: root.to_owned(),
            manifest: BufWriter::new(file),
            info: bag_info(&head, checkpoint.as_ref()),
            checkpoint,
            edge: Edge::new(),
            filling: Vec::new(),
            tail: None,
            openings: None,
            line: String::new(),
            fits: false,
            files: 0,
            bytes: 0,
        };
        writer.payload(POLICY, head.policy.to_string().as_bytes())?;
        for (number, handover) in (1..).zip(head.handovers) {
            writer.payload(&format!("{KEYS}/{number}"), &handover.note)?;
        }
        if let Some(note) = head.checkpoint {
            writer.payload(CHECKPOINT, note)?;
        }
        if let Some(note) = head.witnessed {
            writer.payload(WITNESSED, note)?;
        }
        if head.openings == OpeningsPart::Included {
            writer.openings = Some(writer.start(OPENINGS)?);
        }
        writer.pass_checkpoint()?;
        Ok(writer)
    }

    /// Appends the next record.
    pub fn push(&mut self, leaf: &[u8]) -> Result<(), BundleError> {
        if leaf.len() > LEAF_BYTES_MAX {
            return Err(BundleError::LeafTooLarge(leaf.len()));
        }
        let mut full: Vec<(Tile, Vec<Hash>)> = Vec::new();
        self.edge.append(leaf_hash(leaf), &mut |tile, hashes| {
            full.push((tile, hashes.to_vec()))
        });
        let covered = self
            .checkpoint
            .as_ref()
            .map_or(0, |checkpoint| checkpoint.size);
        if self.edge.size() > covered {
            return self.push_tail(leaf);
        }
        push_entry(&mut self.filling, leaf);
        for (tile, hashes) in full {
            self.payload(&tile.path(), &tile_bytes(&hashes))?;
            if tile.level() == 0 {
                let entries = std::mem::take(&mut self.filling);
                self.payload(&tile.entries_path(), &entries)?;
            }
        }
        self.pass_checkpoint()
    }

    fn push_tail(&mut self, leaf: &[u8]) -> Result<(), BundleError> {
        if self.tail.is_none() {
            self.tail = Some(self.start(TAIL)?);
        }
        let mut entry = Vec::with_capacity(leaf.len() + 2);
        push_entry(&mut entry, leaf);
        self.tail.as_mut().map_or(Ok(()), |tail| tail.write(&entry))
    }

    /// Appends an opening. They come by rising number of their record.
    pub fn opening(&mut self, row: &OpeningRow) -> Result<(), BundleError> {
        let Some(file) = &mut self.openings else {
            return Ok(());
        };
        self.line.clear();
        if row.slot.parse::<Slot>().is_ok() {
            openings::write(&mut self.line, row);
        } else {
            // A slot that is none cannot be written as it is; the verifier will not know it.
            let slot = row
                .slot
                .chars()
                .map(|char| if char.is_ascii_lowercase() { char } else { '?' });
            openings::write(
                &mut self.line,
                &OpeningRow {
                    slot: slot.collect(),
                    ..row.clone()
                },
            );
        }
        file.write(self.line.as_bytes())
    }

    /// Adds a checkpoint that was stamped, and the timestamp over it.
    pub fn timestamp(&mut self, size: u64, stamped: &Stamped) -> Result<(), BundleError> {
        self.payload(&timestamp::checkpoint_path(size), &stamped.note)?;
        self.payload(&timestamp::reply_path(size), &stamped.reply)
    }

    /// At the size of the checkpoint: writes the partial tiles and compares the root.
    fn pass_checkpoint(&mut self) -> Result<(), BundleError> {
        let Some(checkpoint) = &self.checkpoint else {
            return Ok(());
        };
        if checkpoint.size != self.edge.size() {
            return Ok(());
        }
        self.fits = self.edge.root() == checkpoint.root;
        self.partials()
    }

    fn partials(&mut self) -> Result<(), BundleError> {
        let partials: Vec<(Tile, Vec<u8>)> = self
            .edge
            .partials()
            .map(|(tile, hashes)| (tile, tile_bytes(hashes)))
            .collect();
        for (tile, bytes) in partials {
            self.payload(&tile.path(), &bytes)?;
            if tile.level() == 0 {
                let entries = std::mem::take(&mut self.filling);
                self.payload(&tile.entries_path(), &entries)?;
            }
        }
        Ok(())
    }

    /// Writes what remains: partial tiles, digests, the judges.
    pub fn finish(mut self) -> Result<BundleSummary, BundleError> {
        let covered = self
            .checkpoint
            .as_ref()
            .map_or(0, |checkpoint| checkpoint.size);
        if self.edge.size() < covered {
            self.partials()?;
        }
        for file in [self.tail.take(), self.openings.take()]
            .into_iter()
            .flatten()
        {
            self.close(file)?;
        }
        self.manifest
            .flush()
            .map_err(|source| file_error(&self.root.join(MANIFEST), source))?;
        self.tags()?;
        Ok(BundleSummary {
            records: self.edge.size(),
            tail: self.edge.size().saturating_sub(covered),
            root: match (&self.checkpoint, self.fits) {
                (None, _) => RootOfExport::NoCheckpoint,
                (Some(_), true) => RootOfExport::Fits,
                (Some(_), false) => RootOfExport::Differs,
            },
            files: self.files,
            bytes: self.bytes,
        })
    }

    fn tags(&self) -> Result<(), BundleError> {
        let info = format!("{}Payload-Oxum: {}.{}\n", self.info, self.bytes, self.files);
        let manifest = self.root.join(MANIFEST);
        let listed = fs::read(&manifest).map_err(|source| file_error(&manifest, source))?;
        let bagit = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
        let tags: [(&str, &[u8]); 5] = [
            ("VERIFY.txt", VERIFY_TXT.as_bytes()),
            ("bag-info.txt", info.as_bytes()),
            (DECLARATION, bagit.as_bytes()),
            ("verify.py", VERIFY_PY.as_bytes()),
            ("verify.sh", VERIFY_SH.as_bytes()),
        ];
        let mut digests = format!("{}  {MANIFEST}\n", hex::encode(Sha256::digest(&listed)));
        for (name, bytes) in tags {
            self.plain(name, bytes)?;
            digests.push_str(&format!("{}  {name}\n", hex::encode(Sha256::digest(bytes))));
        }
        self.plain(TAG_MANIFEST, digests.as_bytes())?;
        #[cfg(unix)]
        for name in ["verify.py", "verify.sh"] {
            let path = self.root.join(name);
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(&path, mode).map_err(|source| file_error(&path, source))?;
        }
        Ok(())
    }

    fn plain(&self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = self.root.join(name);
        fs::write(&path, bytes).map_err(|source| file_error(&path, source))
    }

    /// Writes a whole file of the log.
    fn payload(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = self.root.join(LOG).join(name);
        let write = |path: &Path| {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, bytes)
        };
        write(&path).map_err(|source| file_error(&path, source))?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.list(name, Sha256::digest(bytes).as_ref(), length)
    }

    /// Begins a file of the log that is written piece by piece.
    fn start(&self, name: &str) -> Result<Hashed, BundleError> {
        let path = self.root.join(LOG).join(name);
        let open = |path: &Path| {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            File::create(path)
        };
        let file = open(&path).map_err(|source| file_error(&path, source))?;
        Ok(Hashed {
            path,
            file: BufWriter::new(file),
            digest: Sha256::new(),
            bytes: 0,
        })
    }

    fn close(&mut self, mut file: Hashed) -> Result<(), BundleError> {
        file.file
            .flush()
            .map_err(|source| file_error(&file.path, source))?;
        let log = self.root.join(LOG);
        let name = file
            .path
            .strip_prefix(log)
            .unwrap_or(&file.path)
            .display()
            .to_string();
        self.list(&name, file.digest.finalize().as_ref(), file.bytes)
    }

    fn list(&mut self, name: &str, digest: &[u8], bytes: u64) -> Result<(), BundleError> {
        self.files += 1;
        self.bytes += bytes;
        writeln!(self.manifest, "{}  {LOG}/{name}", hex::encode(digest))
            .map_err(|source| file_error(&self.root.join(MANIFEST), source))
    }
}

/// The labels of the bag. A label is one line: what comes from outside loses its line feeds.
fn bag_info(head: &BundleHead<'_>, checkpoint: Option<&Checkpoint>) -> String {
    let line = |text: &str| text.replace(|char: char| char.is_control(), " ");
    let mut info = format!(
        "Bag-Software-Agent: Papierlos\nBagging-Date: {}\nSource-Organization: {}\n",
        line(head.date),
        line(head.organisation),
    );
    if let Some(checkpoint) = checkpoint {
        info.push_str(&format!("Log-Origin: {}\n", checkpoint.origin));
        info.push_str(&format!("Log-Checkpoint-Size: {}\n", checkpoint.size));
        info.push_str(&format!("Log-Checkpoint-Root: {}\n", checkpoint.root));
    }
    for key in head.policy.keys() {
        info.push_str(&format!("Log-Key: {key}\n"));
    }
    info
}

/// Number of records in a full entry bundle, for those who read one beside us.
pub(super) const ENTRIES_FULL: usize = TILE_WIDTH as usize;
