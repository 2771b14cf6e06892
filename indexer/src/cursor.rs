//! Where a page of hits ends, as a text that only the index can read.
//!
//! It holds the rank of the last hit: what was there before stays before, whatever is added.

use crate::collect::Rank;
use crate::entry::Key;
use crate::error::SearchError;
use crate::search::Sort;

const BYTES: usize = 1 + 8 + 8 + 16;

fn code(sort: Sort) -> u8 {
    match sort {
        Sort::Relevance => 1,
        Sort::DateDesc => 2,
        Sort::DateAsc => 3,
        Sort::ReceivedDesc => 4,
    }
}

/// The cursor behind a hit.
pub(crate) fn write(rank: Rank, sort: Sort) -> String {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.push(code(sort));
    bytes.extend_from_slice(&rank.primary.to_be_bytes());
    bytes.extend_from_slice(&rank.received.to_be_bytes());
    bytes.extend_from_slice(&rank.key.0.to_be_bytes());
    hex::encode(bytes)
}

/// Reads a cursor made for the same order.
pub(crate) fn read(text: &str, sort: Sort) -> Result<Rank, SearchError> {
    let bytes = hex::decode(text)
        .ok()
        .and_then(|bytes| <[u8; BYTES]>::try_from(bytes).ok());
    let Some([kind, rest @ ..]) = bytes else {
        return Err(SearchError::Cursor);
    };
    let number = |from: usize| {
        rest.get(from..from + 8)
            .and_then(|slice| <[u8; 8]>::try_from(slice).ok())
    };
    let key = rest
        .get(16..32)
        .and_then(|slice| <[u8; 16]>::try_from(slice).ok());
    match (kind == code(sort), number(0), number(8), key) {
        (true, Some(primary), Some(received), Some(key)) => Ok(Rank {
            primary: i64::from_be_bytes(primary),
            received: i64::from_be_bytes(received),
            key: Key(u128::from_be_bytes(key)),
        }),
        _ => Err(SearchError::Cursor),
    }
}
