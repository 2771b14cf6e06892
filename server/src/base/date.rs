//! A civil date: a day on the calendar, without an hour and without a zone.

use std::ops::RangeInclusive;

use time::macros::format_description;
use time::{Date, UtcOffset};
use tzdb_data::time_zone::europe::BERLIN;

use super::clock::Timestamp;

/// Years that a date may bear.
pub const YEARS: RangeInclusive<i32> = 1500..=2200;

/// A civil date, as it is printed on a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDate(Date);

impl CivilDate {
    /// Reads `YYYY-MM-DD` within [`YEARS`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let format = format_description!("[year]-[month]-[day]");
        let date = Date::parse(text, &format).ok()?;
        Self::of(date)
    }

    /// The day of an instant by the clocks of Germany (legal time: § 4 EinhZeitG): what is closed on
    /// 1 January at half past midnight is closed in the new year, though it is still the old one in UTC.
    #[must_use]
    pub fn on(now: Timestamp) -> Option<Self> {
        let utc = now.utc();
        let local = BERLIN.find_local_time_type(utc.unix_timestamp()).ok()?;
        let offset = UtcOffset::from_whole_seconds(local.ut_offset()).ok()?;
        Self::of(utc.checked_to_offset(offset)?.date())
    }

    /// The civil date of a day within [`YEARS`].
    #[must_use]
    pub fn of(date: Date) -> Option<Self> {
        YEARS.contains(&date.year()).then_some(Self(date))
    }

    /// The date.
    #[must_use]
    pub const fn date(self) -> Date {
        self.0
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.0.year()
    }
}

impl std::fmt::Display for CivilDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(f, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_that_of_german_clocks() {
        for (instant, day) in [
            ("2026-01-15T22:59:59Z", "2026-01-15"),
            ("2026-01-15T23:00:00Z", "2026-01-16"),
            ("2026-07-15T21:59:59Z", "2026-07-15"),
            ("2026-07-15T22:00:00Z", "2026-07-16"),
            ("2025-12-31T23:30:00Z", "2026-01-01"),
            ("2026-03-29T00:59:59Z", "2026-03-29"),
            ("2026-10-24T22:00:00Z", "2026-10-25"),
            ("2026-10-25T22:59:59Z", "2026-10-25"),
            ("2026-10-25T23:00:00Z", "2026-10-26"),
        ] {
            let at = Timestamp::parse(instant).expect("an instant");
            let found = CivilDate::on(at).map(|day| day.to_string());
            assert_eq!(found.as_deref(), Some(day), "{instant}");
        }
    }
}
