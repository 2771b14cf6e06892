//! A log goes over to another key: what the old one says about the new one, and which key may sign what.
//!
//! A *handover* is a note that both keys have signed: the old one vouches for the new one, and the new one shows that
//! its secret half is there. Handovers make a chain. Whoever trusts one key of it trusts those behind it, because
//! each vouches for the next, and those before it, because each has signed by whom it was preceded.
//!
//! Each key has an era: it signs checkpoints from the size of the handover to it up to the size of the handover from
//! it, both included, and no other. A key that was handed over and signs more records than that was used by somebody
//! who should not have it any more.
//!
//! A handover is neither a checkpoint nor a record: its first line is its own, and where a checkpoint has its root
//! (44 characters) it has a number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::canonical::Value;
use super::leaf::Origin;
use super::merkle::{HASH_BYTES, Hash};
use super::note::{Checkpoint, NOTE_BYTES_MAX, NoteError, NoteKey, NoteSigner, Policy};

/// The line that opens every handover: names the format and its version.
pub const HANDOVER_LINE: &str = "papierlos.key/v1";
/// Most handovers of a log that are looked at.
pub const HANDOVERS_MAX: usize = 1_000;
/// Signatures under a handover: of the old key, and of the new one.
const SIGNATURES: usize = 2;

/// What is wrong with a handover, by itself or among the others.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// Not a handover.
    #[error("not a handover of a signing key")]
    Malformed,
    /// One of the two keys has not signed it.
    #[error("the signature of {key} under the handover is missing or wrong")]
    Signature {
        /// The key.
        key: String,
        /// Why.
        source: NoteError,
    },
    /// It is of a log of which no key is trusted.
    #[error("the handover is one of the log {origin}")]
    Foreign {
        /// The log.
        origin: Origin,
    },
    /// It is not made by the key to which the one before it was made: one is missing, or one too many is there.
    #[error("the handover is made by {old}, the one before it went to {before}")]
    NotNext {
        /// Who makes it.
        old: String,
        /// Who should.
        before: String,
    },
    /// It is not over more records than the one before it; of looks: it is over fewer.
    #[error("the handover is over {size} records, the one before it over {before}")]
    SetBack {
        /// Its size.
        size: u64,
        /// That of the one before it.
        before: u64,
    },
    /// It goes to a key that had the log before.
    #[error("the handover goes to {key}, which had the log before")]
    Again {
        /// The key.
        key: String,
    },
    /// A key that is trusted has no place among those of the handovers, or there is none to lead from it to another
    /// one that is trusted.
    #[error("the handovers do not lead to {key}, which is trusted")]
    Unlinked {
        /// The key.
        key: String,
    },
    /// Of looks: it goes to another key than that of the same number of the log beside them.
    #[error("the handover goes to {key}, that of the log beside it to {beside}")]
    Apart {
        /// Where it goes.
        key: String,
        /// Where it should.
        beside: String,
    },
    /// Of looks: it is ahead of the log beside them by more than the one that goes before.
    #[error("the handover is one too many: the log beside it has {beside}")]
    Ahead {
        /// How many there are of the log beside it.
        beside: usize,
    },
}

/// Name and id of a key, as it stands under a note.
#[must_use]
pub fn short(key: &NoteKey) -> String {
    format!("{}+{}", key.name(), key.id())
}

/// What an old key says when a log goes over to a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The log.
    pub origin: Origin,
    /// Number of records under the last checkpoint of the old key.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// The key that ends.
    pub old: NoteKey,
    /// The key that begins.
    pub new: NoteKey,
}

impl Handover {
    /// The text to sign.
    pub fn to_text(&self) -> String {
        let root = BASE64.encode(self.root.0);
        format!(
            "{HANDOVER_LINE}\n{}\n{}\n{root}\n{}\n{}\n",
            self.origin, self.size, self.old, self.new
        )
    }

    /// Has both keys sign it: the old one, then the new one.
    pub fn sign(&self, old: &NoteSigner, new: &NoteSigner) -> Result<Vec<u8>, NoteError> {
        let text = self.to_text();
        let mut note = old.sign(&text)?;
        // Of the second note only its line: behind the text and an empty line.
        let second = new.sign(&text)?;
        note.extend_from_slice(second.get(text.len() + 1..).unwrap_or_default());
        Ok(note)
    }

    /// Reads a note that both keys that it names have signed, and nobody else. Whether one of them is trusted is for
    /// a [`KeyChain`] to say.
    pub fn open(note: &[u8]) -> Result<Self, HandoverError> {
        let (text, handover) = Self::claimed(note).ok_or(HandoverError::Malformed)?;
        for key in [&handover.old, &handover.new] {
            let only = Policy::new(vec![key.clone()]);
            match only.open(note) {
                Ok((signed, _)) if signed == text => {}
                Ok(_) => return Err(HandoverError::Malformed),
                Err(source) => {
                    let key = short(key);
                    return Err(HandoverError::Signature { key, source });
                }
            }
        }
        Ok(handover)
    }

    /// The text of a note with two signatures, and what it says; signatures are not checked.
    fn claimed(note: &[u8]) -> Option<(&str, Self)> {
        if note.len() > NOTE_BYTES_MAX {
            return None;
        }
        let note = std::str::from_utf8(note).ok()?;
        let (text, signatures) = note.rsplit_once("\n\n")?;
        // The text keeps the first of the two line feeds.
        let text = note.get(..=text.len())?;
        let handover = Self::parse_text(text)?;
        (signatures.lines().count() == SIGNATURES).then_some((text, handover))
    }

    /// Reads what [`Handover::to_text`] writes and nothing else.
    pub fn parse_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != HANDOVER_LINE {
            return None;
        }
        let origin: Origin = lines.next()?.parse().ok()?;
        let size = lines.next()?.parse::<u64>().ok()?;
        let root: [u8; HASH_BYTES] = BASE64.decode(lines.next()?).ok()?.try_into().ok()?;
        let old: NoteKey = lines.next()?.parse().ok()?;
        let new: NoteKey = lines.next()?.parse().ok()?;
        let own = |key: &NoteKey| key.name() == origin.as_str();
        if lines.next().is_some() || !own(&old) || !own(&new) || old == new {
            return None;
        }
        let handover = Self {
            root: Hash(root),
            origin,
            size,
            old,
            new,
        };
        (handover.to_text() == text).then_some(handover)
    }

    /// The SHA-256 of a note, as the record beside it has it.
    pub fn digest(note: &[u8]) -> String {
        hex::encode(Sha256::digest(note))
    }

    /// The digest in what that record says.
    pub fn said(context: &[u8]) -> Option<String> {
        let said = Value::parse(context).ok()?;
        let digest = said.as_object()?.get("handover")?.as_text()?;
        Some(digest.to_owned())
    }
}

/// A note that should be a handover, with where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverNote {
    /// Where: for those who look for it.
    pub name: String,
    /// Its bytes.
    pub note: Vec<u8>,
}

/// A key, and over how many records it may sign: from `from` on up to `until`, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// The key.
    pub key: NoteKey,
    /// The size at which it was given the log.
    pub from: u64,
    /// The size at which it handed it over; nothing for the one in force.
    pub until: Option<u64>,
}

impl Era {
    /// Whether the key may sign a checkpoint over so many records.
    pub fn covers(&self, size: u64) -> bool {
        self.from <= size && self.until.is_none_or(|until| size <= until)
    }
}

/// Why a checkpoint does not open under a chain of keys.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The note, its signature or its form.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A key signed more than it may, or less.
    #[error("{key} signed a checkpoint over {size} records, outside of its era")]
    Retired {
        /// Name and id of the key.
        key: String,
        /// Number of records.
        size: u64,
    },
}

/// The keys of a log with their eras: those of its handovers in their order, then others that are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyChain {
    eras: Vec<Era>,
    handovers: Vec<Handover>,
}

impl KeyChain {
    /// A key that the log has had from its beginning.
    pub fn of(key: NoteKey) -> Self {
        Self {
            eras: vec![Era {
                key,
                from: 0,
                until: None,
            }],
            handovers: Vec::new(),
        }
    }

    /// The keys that count where these are trusted and these handovers are known, in their order; and what is wrong
    /// with the handovers, each with where it was found.
    ///
    /// Where a handover is wrong, only those count that are linked with a trusted key without it. Two keys of one name
    /// that no handover links are told also where there is none at all: either that is from before the log went over,
    /// or whoever has one of them has taken away what would say until when it counts.
    pub fn build(trusted: &Policy, notes: &[HandoverNote]) -> (Self, Vec<(String, HandoverError)>) {
        let keys = trusted.keys();
        if keys.is_empty() {
            return (Self::default(), Vec::new());
        }
        let (runs, mut faults) = runs(keys, notes);
        let known = |run: &Vec<Handover>| keys.iter().filter(|key| has(run, key)).count();
        // Of several that know as many the first: `max_by_key` takes the last.
        let run = runs.into_iter().rev().max_by_key(known).unwrap_or_default();
        let run = if known(&run) == 0 { Vec::new() } else { run };
        let origin = run.first().map(|first| first.origin.clone());
        let beside = |key: &NoteKey| {
            let mut others = keys.iter().filter(|other| *other != key);
            others.any(|other| other.name() == key.name())
        };
        let unlinked = |key: &&NoteKey| {
            let other = origin.as_ref().is_some_and(|it| it.as_str() != key.name());
            !other && !has(&run, key) && (!notes.is_empty() || beside(key))
        };
        for key in keys.iter().filter(unlinked) {
            let key = short(key);
            faults.push(("keys".to_owned(), HandoverError::Unlinked { key }));
        }
        let mut eras = eras(&run);
        for key in keys.iter().filter(|key| !has(&run, key)) {
            eras.extend(Self::of(key.clone()).eras);
        }
        let handovers = run;
        (Self { eras, handovers }, faults)
    }

    /// What is wrong between the handovers of looks and those of the log beside them, where nothing is wrong with
    /// either by itself. `notes` are those of looks, of which this chain was built.
    ///
    /// Handover by handover they go to the same keys; looks go over first, so they may have one more.
    pub fn apart(&self, notes: &[HandoverNote], beside: &Self) -> Vec<(String, HandoverError)> {
        let mut faults = Vec::new();
        let pairs = self.handovers.iter().zip(&beside.handovers);
        for (note, (own, other)) in notes.iter().zip(pairs) {
            if own.new != other.new.named(&own.origin) {
                let (key, beside) = (short(&own.new), short(&other.new));
                faults.push((note.name.clone(), HandoverError::Apart { key, beside }));
            }
        }
        let beside = beside.handovers.len();
        if let Some(note) = notes.get(beside + 1) {
            faults.push((note.name.clone(), HandoverError::Ahead { beside }));
        }
        faults
    }

    /// All keys with their eras.
    pub fn eras(&self) -> &[Era] {
        &self.eras
    }

    /// The handovers that link them, in their order.
    pub fn handovers(&self) -> &[Handover] {
        &self.handovers
    }

    /// The key with which the log began, as far as it is known; nothing where no key is trusted.
    pub fn first(&self) -> Option<&NoteKey> {
        self.eras.first().map(|era| &era.key)
    }

    /// The key in force; nothing where no key is trusted.
    pub fn newest(&self) -> Option<&NoteKey> {
        match self.handovers.last() {
            Some(last) => Some(&last.new),
            None => self.first(),
        }
    }

    /// The keys with which a log may have begun: those that took it over from none.
    pub fn beginners(&self) -> impl Iterator<Item = &NoteKey> {
        let keys = self.eras.iter().map(|era| &era.key);
        keys.filter(move |key| !self.handovers.iter().any(|one| one.new == **key))
    }

    /// The keys alone, the first one first.
    pub fn keys(&self) -> Vec<NoteKey> {
        self.eras.iter().map(|era| era.key.clone()).collect()
    }

    /// Opens a checkpoint: every signature by a key of the chain must be right and within its era, and there must be
    /// one. Signatures by other keys are ignored.
    pub fn open(&self, note: &[u8]) -> Result<(Checkpoint, &NoteKey), ChainError> {
        let mut opened = None;
        for era in &self.eras {
            let only = Policy::new(vec![era.key.clone()]);
            let checkpoint = match Checkpoint::open(note, &only) {
                Ok((checkpoint, _)) => checkpoint,
                Err(NoteError::UnknownKey) => continue,
                Err(error) => return Err(error.into()),
            };
            let size = checkpoint.size;
            if !era.covers(size) {
                let key = short(&era.key);
                return Err(ChainError::Retired { key, size });
            }
            opened = opened.or(Some((checkpoint, &era.key)));
        }
        opened.ok_or(ChainError::Note(NoteError::UnknownKey))
    }
}

/// Whether a key is one of those that these handovers link.
fn has(run: &[Handover], key: &NoteKey) -> bool {
    run.iter().any(|one| one.old == *key || one.new == *key)
}

/// The handovers that follow each other without a fault, run by run.
fn runs(
    keys: &[NoteKey],
    notes: &[HandoverNote],
) -> (Vec<Vec<Handover>>, Vec<(String, HandoverError)>) {
    let (mut runs, mut faults) = (vec![Vec::new()], Vec::new());
    for HandoverNote { name, note } in notes.iter().take(HANDOVERS_MAX) {
        let handover = match Handover::open(note) {
            Ok(handover) => handover,
            Err(fault) => {
                faults.push((name.clone(), fault));
                runs.push(Vec::new());
                continue;
            }
        };
        let ours = |key: &NoteKey| key.name() == handover.origin.as_str();
        if !keys.iter().any(ours) {
            let origin = handover.origin;
            faults.push((name.clone(), HandoverError::Foreign { origin }));
            continue;
        }
        let run = runs.last().map(Vec::as_slice).unwrap_or_default();
        if let Err(fault) = follows(run, &handover) {
            faults.push((name.clone(), fault));
            runs.push(Vec::new());
        }
        if let Some(run) = runs.last_mut() {
            run.push(handover);
        }
    }
    (runs, faults)
}

/// Whether a handover may come behind these.
fn follows(run: &[Handover], next: &Handover) -> Result<(), HandoverError> {
    let Some(last) = run.last() else {
        return Ok(());
    };
    if last.new != next.old {
        return Err(HandoverError::NotNext {
            old: short(&next.old),
            before: short(&last.new),
        });
    }
    // In the log of changes each handover is a record; that of looks does not grow by one.
    let set_back = if next.origin.is_of_looks() {
        next.size < last.size
    } else {
        next.size <= last.size
    };
    if set_back {
        return Err(HandoverError::SetBack {
            size: next.size,
            before: last.size,
        });
    }
    if run.iter().any(|one| one.old == next.new) {
        let key = short(&next.new);
        return Err(HandoverError::Again { key });
    }
    Ok(())
}

/// The keys of a run with their eras.
fn eras(run: &[Handover]) -> Vec<Era> {
    let mut eras = Vec::with_capacity(run.len() + 1);
    let mut from = 0;
    for handover in run {
        eras.push(Era {
            key: handover.old.clone(),
            from,
            until: Some(handover.size),
        });
        from = handover.size;
    }
    eras.extend(run.last().map(|last| Era {
        key: last.new.clone(),
        from,
        until: None,
    }));
    eras
}
