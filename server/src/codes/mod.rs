//! Codes of our own, on paper: what separator sheets and labels say, and how they are printed.
//!
//! Invariants: what is printed reads back as what it was made of; a code that is not of ours word for word is
//! none of ours.

mod sheet;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;

pub(crate) use sheet::Label;

/// The longest text of a code of ours, in bytes.
const TEXT_BYTES_MAX: usize = indexer::qr::QR_BYTES_MAX;
/// The longest text of a code that is drawn large, in bytes.
pub const LARGE_BYTES_MAX: usize = indexer::qr::QR_LARGE_BYTES_MAX;
/// The longest value in one, in characters.
pub const VALUE_CHARS_MAX: usize = 100;
/// What each code of ours begins with: the name and the version of what follows.
const OURS: &str = "PL1:";

/// What a code of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Here one document ends and another begins: a separator sheet.
    Separator(Sheet),
    /// The reference of a file or a case: a label.
    Label(String),
}

/// What a separator sheet says of the document behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The short name of the department for which it is.
    pub department: Option<String>,
    /// Dokumenttyp.
    pub kind: Option<String>,
}

/// A text as a QR code, for a page to draw: row by row from above, `1` is dark and `0` is light. `None`: it is too
/// long.
#[must_use]
pub fn rows(text: &str) -> Option<Vec<String>> {
    let qr = indexer::qr::Qr::of(text)?;
    let dark: HashSet<(u32, u32)> = qr.dark.into_iter().collect();
    let sign = |x: u32, y: u32| if dark.contains(&(x, y)) { '1' } else { '0' };
    let row = |y: u32| -> String { (0..qr.side).map(|x| sign(x, y)).collect() };
    Some((0..qr.side).map(row).collect())
}

/// A text as a QR code that is drawn large, on a sheet that is filed: how many squares stand along each side, and the
/// dark ones, by how many stand on their left and above them. `None`: it is empty, or longer than
/// [`LARGE_BYTES_MAX`].
#[must_use]
pub fn squares(text: &str) -> Option<(u16, Vec<(u16, u16)>)> {
    let qr = indexer::qr::Qr::large(text)?;
    let short = |at: u32| u16::try_from(at).ok();
    let dark = qr
        .dark
        .into_iter()
        .map(|(x, y)| Some((short(x)?, short(y)?)));
    Some((short(qr.side)?, dark.collect::<Option<Vec<_>>>()?))
}

impl Payload {
    /// Reads a code. `None`: it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let rest = text.strip_prefix(OURS)?;
        let (what, said) = rest.split_once('?').unwrap_or((rest, ""));
        let pairs = said.split('&').filter(|pair| !pair.is_empty());
        let mut values = Vec::new();
        for pair in pairs {
            let (name, value) = pair.split_once('=')?;
            values.push((name, decoded(value)?));
        }
        // What a newer program adds is not known here, and no reason to know nothing.
        let mut value = |wanted: &str| {
            let at = values.iter().position(|(name, _)| *name == wanted)?;
            Some(values.swap_remove(at).1)
        };
        match what {
            "T" => Some(Self::Separator(Sheet {
                department: value("dept"),
                kind: value("type"),
            })),
            "A" => value("ref").map(Self::Label),
            _ => None,
        }
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, said) = match self {
            Self::Separator(sheet) => (
                'T',
                [
                    ("dept", sheet.department.as_deref()),
                    ("type", sheet.kind.as_deref()),
                ],
            ),
            Self::Label(reference) => ('A', [("ref", Some(reference.as_str())), ("", None)]),
        };
        write!(f, "{OURS}{what}")?;
        let said = said
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        for ((name, value), between) in said.zip(std::iter::once('?').chain(std::iter::repeat('&')))
        {
            write!(f, "{between}{name}={}", encoded(value))?;
        }
        Ok(())
    }
}

/// A separator sheet that says this, printed: two pages of A4; `department` is what the department is called in
/// full. `None`: it does not read back word for word, or is too long.
pub(crate) fn separator(sheet: &Sheet, department: Option<&str>) -> Option<Vec<u8>> {
    let payload = Payload::Separator(sheet.clone());
    let written = payload.to_string();
    // What does not read back word for word parts nothing.
    if Payload::parse(&written).as_ref() != Some(&payload) {
        return None;
    }
    let department = department.map(|name| format!("Für: {name}"));
    let kind = sheet.kind.as_ref();
    let kind = kind.map(|kind| format!("Dokumenttyp: {kind}"));
    let lines: Vec<String> = department.into_iter().chain(kind).collect();
    sheet::separator(&written, &lines)
}

/// Labels, printed: a page of A4 each. `None`: a reference is too long for one, or does not read back.
pub(crate) fn labels(all: &[Label<'_>]) -> Option<Vec<u8>> {
    let mut said = Vec::with_capacity(all.len());
    for one in all {
        let payload = Payload::Label(one.reference.to_owned()).to_string();
        Payload::parse(&payload)?;
        said.push((payload, *one));
    }
    sheet::labels(&said)
}

/// As a value of an address is written (RFC 3986): everything but letters, digits and a few signs by its bytes.
fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Reads what `encoded` wrote; one line, not too long and not empty.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let (digits, behind) = behind.split_first_chunk::<2>()?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    let value = String::from_utf8(bytes).ok()?;
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = (1..=VALUE_CHARS_MAX).contains(&line.chars().count());
    (fits && !line.chars().any(char::is_control)).then_some(line)
}
