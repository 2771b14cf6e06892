//! Finding: the index that follows the log, and the questions put to it.
//!
//! Invariants: the right of the one who asks is part of every question to the index; what is shown
//! of a hit is read again from the database under the same right; what has moved out of sight since
//! it was indexed is named to the index with the question; every answer says up to which record it
//! knows; an index that takes the place of another knows no less than that.

mod ask;
mod follower;
mod http;
mod index_http;
mod pending;
mod probe;
mod progress;
mod rebuild;
mod rebuilding;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use ask::{Engine, Findable, findable, found, having, neighbours, words};
pub use follower::{FollowError, Follower};
pub use http::{ApiDoc, routes};
pub use probe::IndexProbe;
pub use progress::Progress;
#[cfg(test)]
pub(crate) use rebuild::fill;
pub use rebuild::{Rebuilt, rebuild};
pub use rebuilding::{Past, Rebuilder, Running, Standing};

use indexer::Options;
use indexer::guard::Serials;

/// How the index is opened: one that cannot be used is replaced by an empty one, which the follower
/// fills from the log. `serials` are masked in it.
#[must_use]
pub fn options(memory_bytes: usize, serials: Serials) -> Options {
    Options {
        writer_bytes: memory_bytes,
        replace_unusable: true,
        serials,
        ..Options::default()
    }
}
