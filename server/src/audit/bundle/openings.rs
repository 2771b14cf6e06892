//! The lines of `private/openings.jsonl`: one opening each, by rising number of the record.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::audit::commitment::SALT_BYTES;
use crate::audit::leaf::unhex;
use crate::audit::verify::{OpeningContent, OpeningRow};

/// A line that was read; the slot is not checked to be one.
pub(crate) struct Line<'a> {
    pub(crate) seq: u64,
    pub(crate) slot: &'a str,
    pub(crate) content: LineContent,
}

/// What a line holds.
pub(crate) enum LineContent {
    Open {
        salt: [u8; SALT_BYTES],
        bytes: Vec<u8>,
    },
    Erased,
    Withheld,
}

impl<'a> Line<'a> {
    /// The number of the record at the start of a line.
    pub(crate) fn seq_of(line: &[u8]) -> Option<u64> {
        let rest = line.strip_prefix(b"{\"seq\":")?;
        let digits = rest
            .iter()
            .take(20)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
    }

    /// Reads a line; accepts only what [`write()`] writes.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let seq = Self::seq_of(text.as_bytes())?;
        let (_, rest) = text.split_once(",\"slot\":\"")?;
        let (slot, rest) = rest.split_once("\",")?;
        let content = match rest {
            "\"erased\":true}" => LineContent::Erased,
            "\"withheld\":true}" => LineContent::Withheld,
            open => {
                let (salt, rest) = open.strip_prefix("\"salt\":\"")?.split_once('"')?;
                let encoded = rest.strip_prefix(",\"bytes\":\"")?.strip_suffix("\"}")?;
                let (salt, bytes) = (unhex(salt.as_bytes())?, BASE64.decode(encoded).ok()?);
                LineContent::Open { salt, bytes }
            }
        };
        Some(Self { seq, slot, content })
    }
}

/// Appends the line of an opening, with its line feed.
pub(crate) fn write(out: &mut String, row: &OpeningRow) {
    let slot = &row.slot;
    let written = match &row.content {
        OpeningContent::Open(opening) => writeln!(
            out,
            "{{\"seq\":{},\"slot\":\"{slot}\",\"salt\":\"{}\",\"bytes\":\"{}\"}}",
            row.seq,
            hex::encode(opening.salt),
            BASE64.encode(&opening.bytes),
        ),
        // What cannot be read cannot be handed on either; the verifier will miss it.
        OpeningContent::Erased | OpeningContent::Unreadable => {
            writeln!(
                out,
                "{{\"seq\":{},\"slot\":\"{slot}\",\"erased\":true}}",
                row.seq
            )
        }
        OpeningContent::Withheld => {
            writeln!(
                out,
                "{{\"seq\":{},\"slot\":\"{slot}\",\"withheld\":true}}",
                row.seq
            )
        }
    };
    // Writing to a text cannot fail.
    written.unwrap_or_default();
}
