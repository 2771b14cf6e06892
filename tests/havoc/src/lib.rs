//! Breaks good bytes, the same way each time, for the tests of whatever reads them.
//!
//! A sample is broken by a [`Dice`] that is seeded with its name: a test that fails does so again, and says
//! which sample, which round and which bytes it was. [`replay`] gives the corpus of a fuzz target to the
//! function that the fuzzer would call, as it lies there and broken.

use std::path::{Path, PathBuf};

/// The variable that says how many broken versions of each sample a test makes.
pub const ROUNDS: &str = "TEST_TORTURE";
/// So much of what went wrong is printed, in bytes.
const SHOWN_BYTES_MAX: usize = 4_000;
/// The most changes at a time.
const CHANGES_MAX: usize = 4;
/// The most bytes that are taken out or repeated at once.
const RUN_BYTES_MAX: usize = 300;

/// Bytes that readers take for something.
const BYTES: &[u8] = b"\0\x01\x7f\x80\xff\"'<>&;:,.=-+%/\\{}[]() \t\r\n0AZaz";
/// Numbers that are too large, too small, or none.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "2147483648",
    "-2147483648",
    "4294967295",
    "18446744073709551615",
    "99999999999999999999999",
    "1e308",
    "NaN",
];
/// The same as four bytes.
const WORDS: [u32; 8] = [
    0,
    1,
    0x7f,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

/// A file of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// How many broken versions of each sample to make: what `TEST_TORTURE` says, or as many as usual.
pub fn rounds(usual: usize) -> usize {
    let said = std::env::var(ROUNDS).ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(usual)
}

/// Chance that is the same each time (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of a sample: other names, other throws.
    pub fn of(name: &str) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len())).copied()
    }
}

/// A sample up to some point: what a transfer leaves that breaks off.
pub fn cut(sample: &[u8], dice: &mut Dice) -> Vec<u8> {
    let end = dice.below(sample.len());
    sample.get(..end).unwrap_or_default().to_vec()
}

/// A sample in which one to twelve bits are wrong: what a bad disk leaves.
pub fn flipped(sample: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=dice.below(12) {
        let (at, bit) = (dice.below(bytes.len()), dice.below(8));
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }
    bytes
}

/// A sample that somebody changed to see what happens.
pub fn broken(sample: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=dice.below(CHANGES_MAX) {
        change(&mut bytes, dice);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    let run = at..(at + 1 + dice.below(RUN_BYTES_MAX)).min(bytes.len());
    match dice.below(8) {
        0 => *bytes = cut(bytes, dice),
        1 | 2 => *bytes = flipped(bytes, dice),
        3 => {
            let byte = dice.pick(BYTES);
            if let (Some(old), Some(new)) = (bytes.get_mut(at), byte) {
                *old = new;
            }
        }
        4 => bytes.extend(dice.pick(BYTES)),
        5 => {
            if run.start < run.end {
                bytes.drain(run);
            }
        }
        6 => {
            let part = bytes.get(run).unwrap_or_default().to_vec();
            bytes.splice(at..at, part);
        }
        _ => number(bytes, at, dice),
    }
}

/// Writes another number over the next one, or over four bytes.
fn number(bytes: &mut Vec<u8>, at: usize, dice: &mut Dice) {
    let tail = bytes.get(at..).unwrap_or_default();
    let digits = tail.iter().position(u8::is_ascii_digit);
    match digits {
        Some(before) if dice.below(2) == 0 => {
            let from = at + before;
            let written = tail.iter().skip(before);
            let end = from + written.take_while(|byte| byte.is_ascii_digit()).count();
            let other = dice.pick(&NUMBERS).unwrap_or_default();
            bytes.splice(from..end, other.bytes());
        }
        Some(_) | None => {
            let word = dice.pick(&WORDS).unwrap_or_default();
            let word = if dice.below(2) == 0 {
                word.to_le_bytes()
            } else {
                word.to_be_bytes()
            };
            for (old, new) in bytes.iter_mut().skip(at).zip(word) {
                *old = new;
            }
        }
    }
}

/// The files of a folder, by name.
///
/// # Panics
/// If there is no such folder, or nothing in it.
#[expect(clippy::panic, reason = "only tests call it")]
pub fn samples(folder: &Path) -> Vec<Sample> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<Sample> = paths
        .filter(|path| path.is_file())
        .map(|path| Sample {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            bytes: std::fs::read(&path).expect("a file of the corpus"),
        })
        .collect();
    assert!(!all.is_empty(), "{} is empty", folder.display());
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// The corpus of a fuzz target.
pub fn corpus(target: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../../fuzz/corpus").join(target)
}

/// Gives the function of a fuzz target its corpus, as it lies there and broken as often as `TEST_TORTURE`
/// says, or as usual.
///
/// # Panics
/// Where the function does: that is what the test is for.
pub fn replay(target: &str, usual: usize, body: impl Fn(&[u8])) {
    for sample in samples(&corpus(target)) {
        let tell = |round: usize, bytes: &[u8]| {
            let _teller = Teller {
                target,
                sample: &sample.name,
                round,
                bytes,
            };
            body(bytes);
        };
        tell(0, &sample.bytes);
        let mut dice = Dice::of(&sample.name);
        for round in 1..=rounds(usual) {
            tell(round, &broken(&sample.bytes, &mut dice));
        }
    }
}

/// Says what was being read when a test failed.
struct Teller<'a> {
    target: &'a str,
    sample: &'a str,
    round: usize,
    bytes: &'a [u8],
}

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let shown = self.bytes.get(..SHOWN_BYTES_MAX).unwrap_or(self.bytes);
            eprintln!(
                "{}/{}, round {}, {} bytes: b\"{}\"",
                self.target,
                self.sample,
                self.round,
                self.bytes.len(),
                shown.escape_ascii()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_broken_in_many_ways_and_the_same_each_time() {
        let sample = b"12;Antrag;2026-03-01\n";
        let all = || -> Vec<Vec<u8>> {
            let mut dice = Dice::of("antrag.csv");
            (0..500).map(|_| broken(sample, &mut dice)).collect()
        };
        let (first, mut second) = (all(), all());
        assert_eq!(first, second);
        second.sort_unstable();
        second.dedup();
        assert!(second.len() > 300, "{} ways", second.len());
        assert_ne!(
            broken(sample, &mut Dice::of("a")),
            broken(sample, &mut Dice::of("b"))
        );
    }

    #[test]
    fn nothing_can_be_broken_too() {
        let mut dice = Dice::of("leer");
        for _ in 0..500 {
            broken(b"", &mut dice);
            flipped(b"", &mut dice);
            cut(b"", &mut dice);
        }
    }

    #[test]
    fn what_is_cut_is_the_beginning() {
        let mut dice = Dice::of("abc");
        for _ in 0..100 {
            let short = cut(b"abcdef", &mut dice);
            assert!(short.len() < 6 && b"abcdef".starts_with(&short));
        }
    }
}
