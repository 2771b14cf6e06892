//! Others who publish the same log: that they were first is nothing to be told, unless it goes on.

use std::time::Duration;

use tokio::time::Instant;

use super::PublishError;

/// How often in a row others may have moved the lock in between.
const MOVED_MAX: u32 = 1;
/// How long others may hold the lock: moving it takes a moment, handing the key over as long as a commit.
const HELD_MAX: Duration = Duration::from_secs(60);

/// What attempts in a row came to nothing by.
#[derive(Debug, Default)]
pub(super) struct Beside {
    moved: u32,
    held: Option<Instant>,
}

impl Beside {
    /// Whether an attempt came to nothing only because another process was first.
    pub(super) fn excuses(&mut self, attempt: &Result<(), PublishError>) -> bool {
        match attempt {
            Err(PublishError::LockMoved) => {
                (self.moved, self.held) = (self.moved.saturating_add(1), None);
                self.moved <= MOVED_MAX
            }
            Err(PublishError::LockHeld) => {
                self.moved = 0;
                self.held.get_or_insert_with(Instant::now).elapsed() < HELD_MAX
            }
            Ok(()) | Err(_) => {
                *self = Self::default();
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Beside, HELD_MAX, Instant, PublishError};

    #[test]
    fn a_lock_that_is_moved_again_and_again_is_told_and_one_that_is_held_only_after_a_while() {
        let mut beside = Beside::default();
        let moved = || Err(PublishError::LockMoved);
        let held = || Err(PublishError::LockHeld);
        assert!(beside.excuses(&moved()));
        assert!(!beside.excuses(&moved()));
        assert!(!beside.excuses(&Ok(())));
        assert!(beside.excuses(&moved()));
        // As while a key is handed over, which takes its time.
        for _ in 0..10 {
            assert!(beside.excuses(&held()));
        }
        assert!(beside.excuses(&moved()));
        beside.held = Instant::now().checked_sub(HELD_MAX);
        assert!(beside.held.is_none() || !beside.excuses(&held()));
        assert!(!beside.excuses(&Err(PublishError::RolledBack { locked: 1 })));
    }
}
