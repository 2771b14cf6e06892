//! How far the index is behind the log, and those who wait for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How far the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The last record that it has applied; nothing before the first.
    pub seq: Option<u64>,
    /// Whether the last step failed.
    pub failing: bool,
    /// When there was last nothing left to apply; never before the index has caught up for the
    /// first time since this process began.
    pub caught_up: Option<Instant>,
}

/// How far the index may be behind for a while, in records.
const LAG_MAX: u64 = 1_000;
/// For how long it may be further behind.
const LAG_TIME_MAX: Duration = Duration::from_secs(10);

impl Progress {
    /// How many records it is behind a log with this head.
    #[must_use]
    pub fn behind(&self, head: Option<u64>) -> u64 {
        let count = |seq: Option<u64>| seq.map_or(0, |seq| seq + 1);
        count(head).saturating_sub(count(self.seq))
    }

    /// Whether documents may be missing, and not just those of the last moments: then an answer
    /// must say so.
    #[must_use]
    pub fn is_catching_up(&self, head: Option<u64>) -> bool {
        let behind = self.behind(head);
        behind > LAG_MAX || (behind > 0 && self.caught_up.is_none())
    }

    /// Whether searches should go elsewhere: nothing is indexed yet, or too much is missing and has
    /// been for a while.
    #[must_use]
    pub fn is_too_far_behind(&self, head: Option<u64>, now: Instant) -> bool {
        let lately = self
            .caught_up
            .is_some_and(|at| now.duration_since(at) < LAG_TIME_MAX);
        (self.seq.is_none() && head.is_some()) || (self.behind(head) > LAG_MAX && !lately)
    }
}

/// Those who wait for the index: for them it is not held back.
#[derive(Debug, Default)]
pub(super) struct Hurry {
    waiting: AtomicUsize,
    came: Notify,
}

impl Hurry {
    /// Returns when somebody waits.
    pub(super) async fn somebody(&self) {
        loop {
            // Before it is looked: whoever comes in between is not missed.
            let came = self.came.notified();
            if self.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            came.await;
        }
    }
}

/// One who waits.
pub(super) struct InHurry<'a>(&'a Hurry);

impl<'a> InHurry<'a> {
    pub(super) fn new(hurry: &'a Hurry) -> Self {
        hurry.waiting.fetch_add(1, Ordering::SeqCst);
        hurry.came.notify_waiters();
        Self(hurry)
    }
}

impl Drop for InHurry<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{LAG_MAX, LAG_TIME_MAX, Progress};

    #[test]
    fn an_empty_index_is_not_ready() {
        let now = Instant::now();
        let empty = Progress::default();
        assert!(empty.is_too_far_behind(Some(0), now));
        assert!(empty.is_catching_up(Some(0)));
        assert!(!empty.is_too_far_behind(None, now), "there is no log yet");
        assert!(!empty.is_catching_up(None));
    }

    #[test]
    fn a_half_filled_index_is_not_ready_from_the_first_moment_on() {
        let half = Progress {
            seq: Some(10),
            ..Progress::default()
        };
        let head = Some(10 + LAG_MAX + 1);
        assert!(half.is_too_far_behind(head, Instant::now()));
        assert!(half.is_catching_up(head));
        // The last of them: an answer still says that something is missing.
        assert!(!half.is_too_far_behind(Some(11), Instant::now()));
        assert!(half.is_catching_up(Some(11)));
        assert!(!half.is_catching_up(Some(10)));
    }

    #[test]
    fn a_burst_of_work_is_no_reason_to_go_elsewhere() {
        let now = Instant::now();
        let burst = Progress {
            seq: Some(10),
            failing: false,
            caught_up: Some(now),
        };
        let head = Some(10 + LAG_MAX + 1);
        assert!(!burst.is_too_far_behind(head, now + Duration::from_secs(1)));
        assert!(burst.is_too_far_behind(head, now + LAG_TIME_MAX));
        assert!(burst.is_catching_up(head));
        assert!(!burst.is_catching_up(Some(11)), "the last moments");
    }
}
