//! File names: taken from strangers, given to browsers.

use std::ffi::OsStr;
use std::fmt::Write;

use actix_web::http::header::ContentDisposition;
use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization;

use crate::base::steers;

/// The most bytes of a file name, as on common file systems.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// The most bytes of what counts as an extension and survives shortening.
const EXTENSION_BYTES_MAX: usize = 16;

/// A file name without a path, control or direction characters; NFC; 1 to 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// What is left of a stranger's name; `None` where nothing is.
    pub fn clean(raw: &str) -> Option<Self> {
        let base = raw.rsplit(['/', '\\']).next().unwrap_or_default();
        let visible: String = base.chars().filter(|c| !is_invisible(*c)).nfc().collect();
        let trimmed = visible.trim().trim_end_matches('.').trim_end();
        let short = shorten(trimmed);
        (!short.is_empty() && short != "..").then_some(Self(short))
    }

    /// What is left of a name as a disk has it. What is not UTF-8 is read as Windows-1252: so old shares and archives
    /// of this country are written.
    pub fn of_disk(raw: &OsStr) -> Option<Self> {
        match raw.to_str() {
            Some(name) => Self::clean(name),
            None => {
                let (name, _) = WINDOWS_1252.decode_without_bom_handling(raw.as_encoded_bytes());
                Self::clean(&name)
            }
        }
    }

    /// The name of an uploaded part: `filename*` (RFC 5987) before `filename`.
    pub(super) fn of_part(disposition: &ContentDisposition) -> Option<Self> {
        if let Some(extended) = disposition.get_filename_ext() {
            let charset = extended.charset.to_string().to_ascii_lowercase();
            let decoded = match charset.as_str() {
                "utf-8" => String::from_utf8(extended.value.clone()).ok(),
                "iso-8859-1" => Some(extended.value.iter().copied().map(char::from).collect()),
                _ => None,
            };
            if let Some(name) = decoded.as_deref().and_then(Self::clean) {
                return Some(name);
            }
        }
        // Browsers write these three, and no other character, in percent form (WHATWG, form data).
        let name = disposition.get_filename()?;
        Self::clean(
            &name
                .replace("%22", "\"")
                .replace("%0D", "")
                .replace("%0A", ""),
        )
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The header value that makes a browser save or show it under this name (RFC 6266, 8187).
    pub fn disposition(&self, disposition: Disposition) -> String {
        let fallback: String = self
            .0
            .chars()
            .map(|c| match c {
                '"' | '\\' | '%' => '_',
                c if c.is_ascii() && !c.is_ascii_control() => c,
                _ => '_',
            })
            .collect();
        let mut value = format!("{}; filename=\"{fallback}\"", disposition.word());
        if fallback != self.0 {
            value.push_str("; filename*=UTF-8''");
            for byte in self.0.bytes() {
                if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                    value.push(char::from(byte));
                } else if write!(value, "%{byte:02X}").is_err() {
                    break;
                }
            }
        }
        value
    }
}

/// Whether a browser saves the content or shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Saves it.
    Attachment,
    /// Shows it, where it can.
    Inline,
}

impl Disposition {
    /// The word in `Content-Disposition`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Attachment => "attachment",
            Self::Inline => "inline",
        }
    }
}

/// Control characters, and those that turn the direction of what follows: `gpj.exe` must not be
/// shown as `exe.jpg`.
fn is_invisible(c: char) -> bool {
    c.is_control() || steers(c) || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fffc}' | '\u{fffd}')
}

/// Cuts the stem, not the extension.
fn shorten(name: &str) -> String {
    if name.len() <= FILE_NAME_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() < EXTENSION_BYTES_MAX => {
            (stem, format!(".{extension}"))
        }
        Some(_) | None => (name, String::new()),
    };
    let room = FILE_NAME_BYTES_MAX - extension.len();
    let mut short = String::new();
    for c in stem.chars() {
        if short.len() + c.len_utf8() > room {
            break;
        }
        short.push(c);
    }
    short.push_str(&extension);
    short
}
