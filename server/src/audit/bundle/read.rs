//! Reads a bundle as a [`LogSource`]: in order, in flat memory, trusting nothing it finds.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fmt, thread};

use sha2::{Digest, Sha256};

use super::openings::Line;
use super::write::ENTRIES_FULL;
use super::{
    BundleError, CHECKPOINT, DECLARATION, KEYS, LOG, MANIFEST, OPENINGS, PAYLOAD, POLICY,
    TAG_MANIFEST, TAIL, WITNESSED,
};
use crate::audit::leaf::LEAF_BYTES_MAX;
use crate::audit::note::{Checkpoint, NOTE_BYTES_MAX};
use crate::audit::rotation::{HANDOVERS_MAX, HandoverNote};
use crate::audit::tile::{ENTRIES_BYTES_MAX, TILE_BYTES, TILE_WIDTH, Tile, TilePath};
use crate::audit::timestamp::{self, REPLY_BYTES_MAX};
use crate::audit::verify::{
    Chunk, LogSource, Offers, Openings, Presence, SourceError, Stamped, TransportCheck,
};

/// Largest manifest that is read: some ten million files.
const MANIFEST_BYTES_MAX: usize = 1 << 30;
/// Most bytes of a line of openings.
const LINE_BYTES_MAX: u64 = 1 << 24;
const READ_BYTES: usize = 128 * 1024;

/// An exported log on disk.
pub struct Bundle {
    root: PathBuf,
    log: PathBuf,
    size: Option<u64>,
    openings_offered: bool,
    place: Place,
    openings: Option<Lines>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bundle({})", self.root.display())
    }
}

/// What is read next.
enum Place {
    Entries(u64),
    Tail {
        read: Option<BufReader<File>>,
        seq: u64,
    },
    Leftovers,
    End,
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, SourceError> {
    result.map_err(|source| {
        Box::new(BundleError::File {
            path: path.display().to_string(),
            source,
        }) as SourceError
    })
}

/// Nothing where there is no such file, and where a folder lies in its place.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if [NotFound, IsADirectory, NotADirectory].contains(&error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes of a file, at most one more than `limit`; nothing if there is none.
fn read_up_to(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = if_there(File::open(path))? else {
        return Ok(None);
    };
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes =
        Vec::with_capacity(READ_BYTES.min(usize::try_from(limit).unwrap_or(READ_BYTES)));
    let read = if_there(file.take(limit).read_to_end(&mut bytes))?;
    Ok(read.map(|_count| bytes))
}

impl Bundle {
    /// Opens an exported log.
    pub fn open(root: &Path) -> Result<Self, BundleError> {
        let log = root.join(LOG);
        if !log.is_dir() {
            return Err(BundleError::NotABundle(root.display().to_string()));
        }
        let failed = |source| BundleError::File {
            path: log.display().to_string(),
            source,
        };
        let note = read_up_to(&log.join(CHECKPOINT), NOTE_BYTES_MAX).map_err(failed)?;
        let claimed = note.and_then(|note| Checkpoint::claimed(&note).ok());
        let mut bundle = Self {
            root: root.to_owned(),
            size: claimed.map(|checkpoint| checkpoint.size),
            openings_offered: log.join(OPENINGS).is_file(),
            log,
            place: Place::Entries(0),
            openings: None,
        };
        bundle.restart().map_err(|source| BundleError::File {
            path: OPENINGS.to_owned(),
            source,
        })?;
        Ok(bundle)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.place = Place::Entries(0);
        self.openings = None;
        if self.openings_offered {
            let file = File::open(self.log.join(OPENINGS))?;
            self.openings = Some(Lines {
                read: BufReader::with_capacity(READ_BYTES, file),
                next: Vec::new(),
            });
        }
        Ok(())
    }

    fn lines(&mut self, below: u64) -> Result<Openings, SourceError> {
        let path = self.log.join(OPENINGS);
        match &mut self.openings {
            Some(lines) => at(&path, lines.take(below)).map(Openings::Lines),
            None => Ok(Openings::default()),
        }
    }

    /// The entry bundle of this number: full, or partial with as many as the checkpoint says, or
    /// else with the most that there are.
    fn entries_at(&self, index: u64) -> Result<Option<(Vec<u8>, usize)>, SourceError> {
        let full = TilePath::Entries {
            index,
            width: TILE_WIDTH,
        }
        .to_string();
        let path = self.log.join(full);
        if let Some(bytes) = at(&path, read_up_to(&path, ENTRIES_BYTES_MAX))? {
            return Ok(Some((bytes, ENTRIES_FULL)));
        }
        let wide = u64::from(TILE_WIDTH);
        let claimed = self
            .size
            .filter(|size| size / wide == index)
            .map(|size| size % wide);
        let claimed = claimed.and_then(|width| u16::try_from(width).ok());
        let widths = claimed.into_iter().chain((1..TILE_WIDTH).rev());
        for width in widths.filter(|width| *width > 0) {
            let path = self
                .log
                .join(TilePath::Entries { index, width }.to_string());
            if let Some(bytes) = at(&path, read_up_to(&path, ENTRIES_BYTES_MAX))? {
                return Ok(Some((bytes, usize::from(width))));
            }
        }
        Ok(None)
    }

    fn begin_tail(&mut self, seq: u64) -> Result<(), SourceError> {
        let path = self.log.join(TAIL);
        let file = at(&path, if_there(File::open(&path)))?;
        let read = file
            .filter(|_file| !path.is_dir())
            .map(|file| BufReader::with_capacity(READ_BYTES, file));
        self.place = Place::Tail { read, seq };
        Ok(())
    }

    fn next_entries(&mut self, index: u64) -> Result<Option<Chunk>, SourceError> {
        let wide = u64::from(TILE_WIDTH);
        let Some((entries, expected)) = self.entries_at(index)? else {
            if self.size.is_some_and(|size| index * wide < size) {
                // What follows a hole has no place; the verifier says what is missing.
                self.place = Place::End;
            } else {
                self.begin_tail(index * wide)?;
            }
            return Ok(None);
        };
        let end = index * wide + u64::try_from(expected).unwrap_or(wide);
        let openings = self.lines(end)?;
        if expected == ENTRIES_FULL {
            self.place = Place::Entries(index + 1);
        } else {
            self.begin_tail(end)?;
        }
        Ok(Some(Chunk {
            entries,
            expected: Some(expected),
            openings,
            ..Chunk::default()
        }))
    }

    fn next_tail(&mut self) -> Result<Option<Chunk>, SourceError> {
        let path = self.log.join(TAIL);
        let Place::Tail {
            read: Some(read),
            seq,
        } = &mut self.place
        else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        let mut count = 0;
        while count < ENTRIES_FULL && at(&path, read_entry(read, &mut entries))? {
            count += 1;
        }
        *seq += u64::try_from(count).unwrap_or_default();
        let end = *seq;
        if entries.is_empty() {
            return Ok(None);
        }
        let openings = self.lines(end)?;
        Ok(Some(Chunk {
            entries,
            openings,
            ..Chunk::default()
        }))
    }
}

/// Copies the next entry; a cut one is copied as far as it goes, for the verifier to see.
fn read_entry(read: &mut BufReader<File>, entries: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = Vec::new();
    read.by_ref().take(2).read_to_end(&mut length)?;
    entries.extend_from_slice(&length);
    let Ok(length) = <[u8; 2]>::try_from(length) else {
        return Ok(false);
    };
    let length = u64::from(u16::from_be_bytes(length));
    let copied = read.by_ref().take(length).read_to_end(entries)?;
    Ok(u64::try_from(copied) == Ok(length))
}

impl LogSource for Bundle {
    fn offers(&self) -> Offers {
        let openings = if self.openings_offered {
            Presence::Present
        } else {
            Presence::Absent
        };
        Offers {
            checkpoints: Presence::Present,
            tiles: Presence::Present,
            openings,
            witnessed: Presence::Present,
            ..Offers::default()
        }
    }

    fn policy(&mut self) -> Result<Option<String>, SourceError> {
        let path = self.log.join(POLICY);
        let bytes = at(&path, read_up_to(&path, NOTE_BYTES_MAX))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.log.join(CHECKPOINT);
        at(&path, read_up_to(&path, NOTE_BYTES_MAX))
    }

    fn witnessed(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.log.join(WITNESSED);
        at(&path, read_up_to(&path, NOTE_BYTES_MAX))
    }

    fn handovers(&mut self) -> Result<Vec<HandoverNote>, SourceError> {
        let mut found = Vec::new();
        for number in 1..=HANDOVERS_MAX {
            let name = format!("{KEYS}/{number}");
            let path = self.log.join(&name);
            let Some(note) = at(&path, read_up_to(&path, NOTE_BYTES_MAX))? else {
                break;
            };
            found.push(HandoverNote { name, note });
        }
        Ok(found)
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, SourceError> {
        loop {
            match self.place {
                Place::Entries(index) => {
                    if let Some(chunk) = self.next_entries(index)? {
                        return Ok(Some(chunk));
                    }
                }
                Place::Tail { .. } => match self.next_tail()? {
                    Some(chunk) => return Ok(Some(chunk)),
                    None => self.place = Place::Leftovers,
                },
                Place::Leftovers => {
                    self.place = Place::End;
                    let openings = self.lines(u64::MAX)?;
                    return Ok(Some(Chunk {
                        openings,
                        ..Chunk::default()
                    }));
                }
                Place::End => return Ok(None),
            }
        }
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        let path = self.log.join(OPENINGS);
        at(&path, self.restart())
    }

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.log.join(tile.path());
        at(&path, read_up_to(&path, TILE_BYTES))
    }

    fn timestamps(&mut self) -> Result<Option<Vec<u64>>, SourceError> {
        let path = self.log.join(timestamp::FOLDER);
        let Some(entries) = at(&path, if_there(fs::read_dir(&path)))? else {
            return Ok(Some(Vec::new()));
        };
        let mut sizes = Vec::new();
        for entry in entries {
            let name = at(&path, entry)?.file_name();
            sizes.extend(name.to_str().and_then(timestamp::size_of));
        }
        sizes.sort_unstable();
        Ok(Some(sizes))
    }

    fn timestamp(&mut self, size: u64) -> Result<Option<Stamped>, SourceError> {
        let read = |name: String, limit| {
            let path = self.log.join(name);
            at(&path, read_up_to(&path, limit))
        };
        let note = read(timestamp::checkpoint_path(size), NOTE_BYTES_MAX)?;
        let reply = read(timestamp::reply_path(size), REPLY_BYTES_MAX)?;
        Ok(note.zip(reply).map(|(note, reply)| Stamped { note, reply }))
    }

    fn transport(&mut self) -> Result<Option<TransportCheck>, SourceError> {
        transport(&self.root).map(Some)
    }
}

/// The lines of openings, with one line read ahead.
struct Lines {
    read: BufReader<File>,
    next: Vec<u8>,
}

impl Lines {
    /// All lines whose record is below this number; lines without one go with the first that ask.
    fn take(&mut self, below: u64) -> io::Result<Vec<u8>> {
        let mut taken = Vec::new();
        loop {
            if self.next.is_empty() {
                self.read
                    .by_ref()
                    .take(LINE_BYTES_MAX)
                    .read_until(b'\n', &mut self.next)?;
                if self.next.is_empty() {
                    return Ok(taken);
                }
            }
            if below < u64::MAX && Line::seq_of(&self.next).is_some_and(|seq| seq >= below) {
                return Ok(taken);
            }
            taken.append(&mut self.next);
        }
    }
}

/// The digests of both manifests, and what is wrong with the manifests themselves.
fn listed(root: &Path) -> Result<(Vec<(String, String)>, TransportCheck), SourceError> {
    let mut listed = Vec::new();
    let mut found = TransportCheck::default();
    for manifest in [MANIFEST, TAG_MANIFEST] {
        let path = root.join(manifest);
        let bytes = at(&path, read_up_to(&path, MANIFEST_BYTES_MAX))?;
        let Some(bytes) = bytes else {
            found.missing.push(manifest.to_owned());
            continue;
        };
        for line in String::from_utf8_lossy(&bytes).lines() {
            match line.split_once("  ") {
                Some((digest, name)) if is_inside(name, manifest) => {
                    listed.push((digest.to_owned(), name.to_owned()));
                }
                Some(_) | None => found.changed.push(format!("{manifest}: {line}")),
            }
        }
    }
    Ok((listed, found))
}

/// Every file of the payload that the manifest does not name (RFC 8493 §3). A link is a file: it is not followed.
fn unlisted(root: &Path, listed: &[(String, String)]) -> Result<Vec<String>, SourceError> {
    let listed: HashSet<&str> = listed.iter().map(|(_, name)| name.as_str()).collect();
    let mut found = Vec::new();
    let mut folders = vec![PAYLOAD.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in at(&path, fs::read_dir(&path))? {
            let entry = at(&path, entry)?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if at(&path, entry.file_type())?.is_dir() {
                folders.push(name);
            } else if !listed.contains(name.as_str()) {
                found.push(name);
            }
        }
    }
    Ok(found)
}

/// Compares all files with both manifests, on all cores, and the manifests with all files.
fn transport(root: &Path) -> Result<TransportCheck, SourceError> {
    let (listed, mut found) = listed(root)?;
    let is_listed = |wanted: &str| listed.iter().any(|(_, name)| name == wanted);
    // Where a manifest itself is missing, that is said, and not of every file that it would name.
    let is_there = |manifest: &str| !found.missing.iter().any(|name| name == manifest);
    let mut loose = Vec::new();
    if is_there(MANIFEST) {
        loose = unlisted(root, &listed)?;
        if is_there(TAG_MANIFEST) && !is_listed(MANIFEST) {
            loose.push(MANIFEST.to_owned());
        }
    }
    found.unlisted = loose;
    if !is_listed(DECLARATION) && !root.join(DECLARATION).is_file() {
        found.missing.push(DECLARATION.to_owned());
    }
    let next = AtomicUsize::new(0);
    let shared = Mutex::new((found, Ok(())));
    let compare = || {
        while let Some((digest, name)) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = root.join(name);
            let result = at(&path, file_digest(&path));
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            match result {
                Ok(None) => shared.0.missing.push(name.clone()),
                Ok(Some(found)) if found != *digest => shared.0.changed.push(name.clone()),
                Ok(Some(_)) => {}
                Err(error) => shared.1 = Err(error),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(compare);
        }
    });
    let (mut found, result) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    result?;
    found.changed.sort();
    found.missing.sort();
    found.unlisted.sort();
    Ok(found)
}

/// Whether a listed name stays inside the bundle: a manifest must not make us read elsewhere.
fn is_inside(name: &str, manifest: &str) -> bool {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let payload = path.starts_with(PAYLOAD);
    !name.is_empty() && plain && payload == (manifest == MANIFEST)
}

fn file_digest(path: &Path) -> io::Result<Option<String>> {
    let Some(mut file) = if_there(File::open(path))? else {
        return Ok(None);
    };
    let mut digest = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let Some(count) = if_there(file.read(&mut buffer))? else {
            return Ok(None);
        };
        if count == 0 {
            return Ok(Some(hex::encode(digest.finalize())));
        }
        digest.update(buffer.get(..count).unwrap_or_default());
    }
}

/// An entry that is cut is never longer than a leaf and its length.
const _: () = assert!(LEAF_BYTES_MAX <= u16::MAX as usize);
