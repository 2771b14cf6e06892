//! `Range`: one range of bytes; several are answered with the whole, as RFC 9110 allows.

use actix_web::HttpRequest;
use actix_web::http::header;

/// A range of bytes that lies within the content: `start..start + length`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u64,
    /// How many bytes.
    pub length: u64,
}

impl Span {
    /// The last byte.
    pub fn last(&self) -> u64 {
        self.start + (self.length - 1)
    }
}

/// What part of the content is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// A part of it.
    Part(Span),
    /// A part that is not there (416).
    Nothing,
}

/// What the request wants of content of `length` bytes. A header that cannot be read counts as
/// not sent.
pub fn wanted(request: &HttpRequest, length: u64) -> Wanted {
    let mut values = request.headers().get_all(header::RANGE);
    let (Some(value), None) = (values.next(), values.next()) else {
        return Wanted::Whole;
    };
    value
        .to_str()
        .ok()
        .and_then(|value| read(value, length))
        .unwrap_or(Wanted::Whole)
}

fn read(value: &str, length: u64) -> Option<Wanted> {
    let (unit, set) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        let suffix = number(last)?.min(length);
        return Some(match suffix {
            0 => Wanted::Nothing,
            suffix => Wanted::Part(Span {
                start: length - suffix,
                length: suffix,
            }),
        });
    }
    let start = number(first)?;
    let end = match last {
        "" => u64::MAX,
        last => number(last)?,
    };
    if end < start {
        return None;
    }
    if start >= length {
        return Some(Wanted::Nothing);
    }
    let last = end.min(length - 1);
    Some(Wanted::Part(Span {
        start,
        length: last - start + 1,
    }))
}

/// A number too large for us lies behind any end.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}
