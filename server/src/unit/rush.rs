//! When many file at once: the first second belongs to those who wait for an answer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// In this time half of what came is forgotten.
const HALF_LIFE: Duration = Duration::from_millis(25);
/// So much of what came and is not forgotten makes a rush: some 170 changes a second.
const MANY: f64 = 6.0;
/// For how long a rush holds back what nobody waits for. One that lasts is no rush but the work of the day.
pub(super) const HOLDS: Duration = Duration::from_secs(1);
/// After so long without many a rush is over, and another one may begin: a slow commit ends none.
const OVER: Duration = Duration::from_millis(500);

/// How much people change at the moment.
#[derive(Debug, Default)]
pub(super) struct Rush(Mutex<Option<Pressure>>);

#[derive(Debug, Clone, Copy)]
struct Pressure {
    came: f64,
    at: Instant,
    /// Since when there is a rush, and when there were many last.
    rush: Option<(Instant, Instant)>,
}

impl Pressure {
    fn came(self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at);
        let halves = passed.as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.came * (-halves).exp2()
    }

    /// Since when there is a rush that is not over.
    fn since(self, now: Instant) -> Option<Instant> {
        let lasts = |last: Instant| now.saturating_duration_since(last) < OVER;
        let (since, _) = self.rush.filter(|(_, last)| lasts(*last))?;
        Some(since)
    }
}

impl Rush {
    /// Somebody changes something.
    pub(super) fn note(&self, now: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let came = kept.map_or(0.0, |before| before.came(now)) + 1.0;
        let rush = if came >= MANY {
            let since = kept.and_then(|before| before.since(now));
            Some((since.unwrap_or(now), now))
        } else {
            kept.and_then(|before| before.rush)
        };
        let at = now;
        *kept = Some(Pressure { came, at, rush });
    }

    /// Whether a rush has just begun, and goes on.
    pub(super) fn holds(&self, now: Instant) -> bool {
        let kept = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.filter(|kept| kept.came(now) >= MANY) else {
            return false;
        };
        let since = kept.since(now);
        since.is_some_and(|since| now.saturating_duration_since(since) < HOLDS)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Rush;

    /// Whether it is a rush each tenth of a second, when so many changes come in each.
    fn each_tenth(changes: &[u32]) -> Vec<bool> {
        let (rush, begin) = (Rush::default(), Instant::now());
        let tenth = Duration::from_millis(100);
        let mut held = Vec::new();
        let mut at = begin;
        for many in changes {
            for number in 0..*many {
                rush.note(at + tenth * number / *many);
            }
            at += tenth;
            held.push(rush.holds(at));
        }
        held
    }

    #[test]
    fn a_few_people_at_work_are_no_rush() {
        assert_eq!(each_tenth(&[1, 3, 5, 10, 10, 10]), [false; 6]);
    }

    #[test]
    fn many_at_once_hold_the_rest_back_until_they_are_done() {
        assert_eq!(
            each_tenth(&[2, 60, 60, 0, 0]),
            [false, true, true, false, false]
        );
    }

    #[test]
    fn a_rush_that_lasts_holds_nothing_back_after_its_first_second() {
        let mut held = each_tenth(&[60; 30]);
        assert_eq!(held.drain(..9).collect::<Vec<_>>(), [true; 9]);
        assert_eq!(held.split_off(1), [false; 20]);
        // A slow commit in between ends none: what came after it is not held back anew.
        let dip = [vec![60; 15], vec![0; 3], vec![60; 3]].concat();
        assert_eq!(each_tenth(&dip).split_off(15), [false; 6]);
        // Another one after it does again.
        let two = [vec![60; 15], vec![0; 6], vec![60; 3]].concat();
        assert_eq!(each_tenth(&two).split_off(21), [true; 3]);
    }
}
