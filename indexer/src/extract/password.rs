//! Passwords of documents that are locked: they go to the worker of that document, in front of its content,
//! and nowhere else.

use std::fmt;
use std::io::{self, Read};

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The longest password, in bytes of UTF-8: PDF takes no longer one.
pub const PASSWORD_BYTES_MAX: usize = 127;
/// So many passwords are tried at one document.
pub const PASSWORDS_MAX: usize = 32;

/// What all passwords of a document take at most in front of it: each has a byte for its length.
const PACKED_BYTES_MAX: usize = PASSWORDS_MAX * (PASSWORD_BYTES_MAX + 1);

/// A password. Wiped from memory when dropped, never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password of 1 to [`PASSWORD_BYTES_MAX`] bytes; nothing else is one. However its letters were
    /// typed, it is the same, as PDF wants it (NFKC).
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text: Zeroizing<String> = Zeroizing::new(text.nfkc().collect());
        let fits = (1..=PASSWORD_BYTES_MAX).contains(&text.len());
        fits.then_some(Self(text))
    }

    /// The secret itself, for those who try or keep it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Passwords that are tried at a document, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passwords(Vec<Password>);

static NONE: Passwords = Passwords(Vec::new());

impl Passwords {
    /// No password.
    #[must_use]
    pub fn none() -> &'static Self {
        &NONE
    }

    /// The first [`PASSWORDS_MAX`] of these.
    pub fn of(all: impl IntoIterator<Item = Password>) -> Self {
        Self(all.into_iter().take(PASSWORDS_MAX).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The password at that place, beginning with 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Password> {
        self.0.get(at)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Password> {
        self.0.iter()
    }

    /// Each with its place, as it stands in a frame.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u8, &Password)> {
        (0_u8..).zip(&self.0)
    }

    /// As they stand in front of a document.
    pub(super) fn pack(&self) -> Zeroizing<Vec<u8>> {
        let mut packed = Zeroizing::new(Vec::with_capacity(PACKED_BYTES_MAX));
        for password in &self.0 {
            let text = password.expose().as_bytes();
            packed.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            packed.extend_from_slice(text);
        }
        packed
    }

    /// Reads what [`Passwords::pack`] wrote into so many bytes.
    pub(super) fn read(from: &mut impl Read, bytes: u32) -> io::Result<Self> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        if length > PACKED_BYTES_MAX {
            return Err(invalid());
        }
        let mut packed = Zeroizing::new(vec![0; length]);
        from.read_exact(packed.as_mut_slice())?;
        let mut rest = packed.as_slice();
        let mut all = Vec::new();
        while let Some((length, after)) = rest.split_first() {
            let parted = after.split_at_checked(usize::from(*length));
            let (text, after) = parted.ok_or_else(invalid)?;
            let text = str::from_utf8(text).map_err(|_strange| invalid())?;
            all.push(Password::new(text).ok_or_else(invalid)?);
            rest = after;
        }
        Ok(Self(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(words: &[&str]) -> Passwords {
        Passwords::of(words.iter().filter_map(|word| Password::new(word)))
    }

    #[test]
    fn the_worker_reads_the_passwords_that_the_server_wrote() {
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        let many = vec![longest.as_str(); PASSWORDS_MAX];
        let none: &[&str] = &[];
        for words in [none, &["Grünfläche"], &["a", "Gehalt 2026"], &many] {
            let all = some(words);
            let packed = all.pack();
            let bytes = u32::try_from(packed.len()).expect("a short list");
            let read = Passwords::read(&mut packed.as_slice(), bytes);
            assert_eq!(read.expect("passwords"), all);
        }
        for wrong in [&[3, b'a'][..], &[1, 0xff], &[0]] {
            let bytes = u32::try_from(wrong.len()).expect("a short list");
            let mut from = wrong;
            assert!(Passwords::read(&mut from, bytes).is_err(), "{wrong:?}");
        }
        assert!(Passwords::read(&mut io::empty(), u32::MAX).is_err());
    }

    #[test]
    fn a_password_has_a_length_and_is_never_shown() {
        assert_eq!(Password::new(""), None);
        assert_eq!(some(&["a\u{308}"]), some(&["ä"]));
        assert_eq!(Password::new(&"x".repeat(PASSWORD_BYTES_MAX + 1)), None);
        let shown = format!("{:?}", some(&["Gehalt2026"]));
        assert!(!shown.contains("Gehalt"), "{shown}");
        assert_eq!(some(&["x"; 100]).iter().count(), PASSWORDS_MAX);
    }
}
