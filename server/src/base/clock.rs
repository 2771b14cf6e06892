//! Time is an input.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::macros::format_description;

/// An instant, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Whole microseconds, because that is what both databases keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn of_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// `self` moved by whole seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// As a date and time in UTC.
    #[must_use]
    pub fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// From a date and time; what is finer than a microsecond is cut off.
    #[must_use]
    pub fn from_utc(at: OffsetDateTime) -> Self {
        Self(i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX))
    }

    /// Reads RFC 3339 in any offset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let format = &time::format_description::well_known::Rfc3339;
        OffsetDateTime::parse(text, format).ok().map(Self::from_utc)
    }
}

/// RFC 3339 in UTC with exactly six digits after the second.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
        );
        f.write_str(
            &self
                .utc()
                .format(&format)
                .map_err(|_source| std::fmt::Error)?,
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Says what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now, as the machine believes it.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_utc(OffsetDateTime::now_utc())
    }
}

/// Notices that the clock was set back: what was to be done soon by the old time would wait for the difference.
#[derive(Debug, Default)]
pub struct SetBack(Option<Timestamp>);

/// By how much a clock goes back without that anybody is told: machines do that by themselves.
const SET_BACK_SECONDS: i64 = 60;

impl SetBack {
    /// Whether it went back since it was asked the last time. The first answer is yes: nobody knows what the clock
    /// did before.
    pub fn noticed(&mut self, now: Timestamp) -> bool {
        let before = self.0.replace(now);
        before.is_none_or(|before| now.plus_seconds(SET_BACK_SECONDS) < before)
    }
}

/// A clock that a test moves.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.micros())))
    }

    /// Moves the clock, backwards if `micros` is negative.
    pub fn step(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::{SetBack, Timestamp};

    #[test]
    fn a_clock_that_was_set_back_is_noticed_once() {
        let mut set_back = SetBack::default();
        let now = Timestamp::of_micros(1_000_000_000_000);
        assert!(set_back.noticed(now), "what was before is not known");
        assert!(!set_back.noticed(now.plus_seconds(3_600)));
        assert!(!set_back.noticed(now.plus_seconds(3_541)), "it creeps");
        assert!(set_back.noticed(now));
        assert!(!set_back.noticed(now));
    }
}
