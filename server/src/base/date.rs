//! A civil date: a day on the calendar, without an hour and without a zone.

use std::ops::RangeInclusive;

use time::Date;
use time::macros::format_description;

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
