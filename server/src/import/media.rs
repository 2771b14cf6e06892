//! What content is, by its first bytes; by its name where these do not tell.

/// How many first bytes are looked at.
pub(crate) const HEAD_BYTES: usize = 1024;

/// Zip containers are told apart by their name only.
const BY_NAME: &[(&str, &str)] = &[
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("msg", "application/vnd.ms-outlook"),
];

/// Plain text of one kind or another; the bytes must be text too.
const TEXT_BY_NAME: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("xml", "application/xml"),
    ("json", "application/json"),
    ("eml", "message/rfc822"),
    ("ics", "text/calendar"),
];

const BY_HEAD: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
];

/// The media type of content with this name that begins with `head`.
pub(crate) fn guess(name: &str, head: &[u8]) -> &'static str {
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    let named = |table: &'static [(&str, &'static str)]| {
        let extension = extension.as_deref()?;
        table
            .iter()
            .find(|(known, _)| *known == extension)
            .map(|(_, media)| *media)
    };
    let container = head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0");
    // Readers of PDF allow anything before the header, within the first kilobyte; but a container may
    // begin with a PDF.
    if !container && head.windows(5).any(|window| window == b"%PDF-") {
        return "application/pdf";
    }
    if let Some((_, media)) = BY_HEAD.iter().find(|(first, _)| head.starts_with(first)) {
        return media;
    }
    if container {
        let plain = if head.starts_with(b"PK") {
            "application/zip"
        } else {
            "application/x-ole-storage"
        };
        return named(BY_NAME).unwrap_or(plain);
    }
    if is_text(head) {
        return named(TEXT_BY_NAME).unwrap_or("text/plain");
    }
    "application/octet-stream"
}

fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut in the middle of a character is text; a wrong byte is not.
        Err(error) if error.error_len().is_none() => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_wrong) => return false,
    };
    !whole.is_empty() && !whole.chars().any(|c| c.is_control() && !c.is_whitespace())
}
