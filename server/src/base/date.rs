//! A civil date: a day on the calendar, without an hour and without a zone.

use std::ops::RangeInclusive;

use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};
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
        Self::of(german(now)?.date())
    }

    /// The first instant of the day by the clocks of Germany.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        let midnight = Timestamp::from_utc(self.0.midnight().assume_utc());
        // Midnight there is one or two hours before that of UTC; the clocks are changed later in the night.
        let summer = midnight.plus_seconds(-7_200);
        if Self::on(summer) == Some(self) {
            summer
        } else {
            midnight.plus_seconds(-3_600)
        }
    }

    /// The day so many days later.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Option<Self> {
        Self::of(self.0.checked_add(time::Duration::days(days))?)
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

/// An instant by the clocks of Germany.
fn german(at: Timestamp) -> Option<OffsetDateTime> {
    let utc = at.utc();
    let local = BERLIN.find_local_time_type(utc.unix_timestamp()).ok()?;
    let offset = UtcOffset::from_whole_seconds(local.ut_offset()).ok()?;
    utc.checked_to_offset(offset)
}

/// An instant as it is written in Germany, by the clocks there: `26.11.2026, 10:05:00 Uhr (UTC+1)`.
#[must_use]
pub fn german_instant(at: Timestamp) -> String {
    let Some(at) = german(at) else {
        return at.to_string();
    };
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!(
        "{day:02}.{:02}.{year:04}, {hour:02}:{minute:02}:{second:02} Uhr (UTC{:+})",
        u8::from(month),
        at.offset().whole_hours()
    )
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
    fn an_instant_is_written_by_german_clocks() {
        for (instant, written) in [
            ("2026-11-26T09:05:00Z", "26.11.2026, 10:05:00 Uhr (UTC+1)"),
            ("2026-07-15T22:00:00Z", "16.07.2026, 00:00:00 Uhr (UTC+2)"),
        ] {
            let at = Timestamp::parse(instant).expect("an instant");
            assert_eq!(german_instant(at), written);
        }
    }

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

    #[test]
    fn a_day_begins_when_german_clocks_say_so() {
        for (day, instant) in [
            ("2026-01-15", "2026-01-14T23:00:00.000000Z"),
            ("2026-07-15", "2026-07-14T22:00:00.000000Z"),
            ("2026-03-29", "2026-03-28T23:00:00.000000Z"),
            ("2026-03-30", "2026-03-29T22:00:00.000000Z"),
            ("2026-10-25", "2026-10-24T22:00:00.000000Z"),
            ("2026-10-26", "2026-10-25T23:00:00.000000Z"),
        ] {
            let begins = CivilDate::parse(day).expect("a day").begins();
            assert_eq!(begins.to_string(), instant, "{day}");
            let before = Timestamp::of_micros(begins.micros() - 1);
            assert_ne!(
                CivilDate::on(before).map(|one| one.to_string()).as_deref(),
                Some(day)
            );
        }
    }
}
