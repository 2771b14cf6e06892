//! Instants and days: how they are read, written and moved. Whatever would leave the calendar stays at its edge.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, Month, OffsetDateTime};

use crate::instance::{Day, Instant};

const MICROS: i64 = 1_000_000;

impl Instant {
    /// Reads RFC 3339: `2026-03-01T07:00:00Z`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(at.unix_timestamp_nanos() / 1_000)
            .ok()
            .map(Self)
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// The instant of whole seconds since 1970.
    #[must_use]
    pub const fn of_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// So many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS)))
    }

    /// The same in UTC, as `time` has it; at its edge where it has no such instant.
    #[must_use]
    pub fn utc(self) -> OffsetDateTime {
        let edge = if self.0 < 0 { Date::MIN } else { Date::MAX };
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or_else(|_| edge.midnight().assume_utc())
    }
}

/// RFC 3339 in UTC, with microseconds where there are any.
impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.utc();
        let (hour, minute, second, micros) = at.to_hms_micro();
        write!(
            formatter,
            "{}T{hour:02}:{minute:02}:{second:02}",
            Day(at.date())
        )?;
        if micros > 0 {
            write!(formatter, ".{micros:06}")?;
        }
        formatter.write_str("Z")
    }
}

impl Day {
    /// The day of these numbers, if there is one.
    #[must_use]
    pub fn of(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = Month::try_from(month).ok()?;
        Date::from_calendar_date(year, month, day).ok().map(Self)
    }

    /// Reads `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let format = format_description!("[year]-[month]-[day]");
        let date = Date::parse(text, &format).ok()?;
        // No sign and nothing longer: what is written is what was read.
        let day = Self(date);
        (day.to_string() == text).then_some(day)
    }

    /// So many days of the calendar later, or earlier.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let edge = if days < 0 { Date::MIN } else { Date::MAX };
        // More would not fit into what `Duration` counts.
        let days = Duration::days(days.clamp(-10_000_000, 10_000_000));
        Self(self.0.checked_add(days).unwrap_or(edge))
    }

    /// So many months later: on the same number of the month, or on its last day (§ 188 II and III BGB).
    #[must_use]
    pub fn plus_months(self, months: u16) -> Self {
        let (year, month, day) = self.0.to_calendar_date();
        let count = i32::from(u8::from(month)) - 1 + i32::from(months);
        let year = year + count.div_euclid(12);
        let month = u8::try_from(count.rem_euclid(12) + 1)
            .ok()
            .and_then(|month| Month::try_from(month).ok());
        let Some(month) = month else { return self };
        let day = day.min(month.length(year));
        Self(Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX))
    }

    /// How many days of the calendar lie between this one and an other; negative if the other is earlier.
    #[must_use]
    pub fn days_to(self, other: Self) -> i64 {
        (other.0 - self.0).whole_days()
    }

    /// As letters have it: `01.03.2026`.
    #[must_use]
    pub fn german(self) -> String {
        let (year, month, day) = self.0.to_calendar_date();
        format!("{day:02}.{:02}.{year:04}", u8::from(month))
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(formatter, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("no day of the form YYYY-MM-DD"))
    }
}
