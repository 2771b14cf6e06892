//! What the index is given and what it is asked to forget.

use std::fmt;

use time::{Date, Month};

/// The name of an entry, chosen by whoever feeds the index (a UUID as a number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

impl Key {
    pub(crate) fn from_halves(high: u64, low: u64) -> Self {
        Self((u128::from(high) << 64) | u128::from(low))
    }

    pub(crate) fn high(self) -> u64 {
        u64::try_from(self.0 >> 64).unwrap_or(u64::MAX)
    }

    pub(crate) fn low(self) -> u64 {
        u64::try_from(self.0 & u128::from(u64::MAX)).unwrap_or(u64::MAX)
    }
}

/// A civil date, counted in days since 1970-01-01. It has no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

const UNIX_EPOCH_JULIAN_DAY: i32 = 2_440_588;

impl Day {
    /// The day of a calendar date; `None` where the calendar has no such day.
    #[must_use]
    pub fn from_calendar(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = Month::try_from(month).ok()?;
        let date = Date::from_calendar_date(year, month, day).ok()?;
        Some(Self(date.to_julian_day() - UNIX_EPOCH_JULIAN_DAY))
    }

    /// Year, month and day; `None` outside the years the calendar knows.
    #[must_use]
    pub fn calendar(self) -> Option<(i32, u8, u8)> {
        let julian = self.0.checked_add(UNIX_EPOCH_JULIAN_DAY)?;
        let date = Date::from_julian_day(julian).ok()?;
        let (year, month, day) = date.to_calendar_date();
        Some((year, u8::from(month), day))
    }

    /// The calendar year; 0 outside the years the calendar knows.
    #[must_use]
    pub fn year(self) -> i32 {
        self.calendar().map_or(0, |(year, _, _)| year)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calendar() {
            Some((year, month, day)) => write!(out, "{year:04}-{month:02}-{day:02}"),
            None => write!(out, "{} days", self.0),
        }
    }
}

/// One thing that can be found: the current state of whatever the key names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name under which it is replaced and removed.
    pub key: Key,
    /// Which state of it this is; handed back with each hit.
    pub version: u64,
    /// Whoever holds one of these tokens may find it.
    pub acl: Vec<u64>,
    /// Names of what it stands in, chosen like its own.
    pub within: Vec<Key>,
    /// The title, shown with each hit.
    pub title: String,
    /// The text, page by page.
    pub pages: Vec<String>,
    /// File references and other codes by which people name it.
    pub references: Vec<String>,
    /// Who wrote or received it, outside the house.
    pub correspondent: Option<String>,
    /// What that one is also called; finds, and is not counted.
    pub also_called: Vec<String>,
    /// Free words attached to it.
    pub tags: Vec<String>,
    /// The type of document.
    pub kind: Option<String>,
    /// The department it belongs to.
    pub department: String,
    /// Incoming, outgoing, internal.
    pub direction: Option<String>,
    /// How it came or went.
    pub channel: Option<String>,
    /// Where it stands in its life.
    pub state: String,
    /// The date written on it.
    pub document_date: Option<Day>,
    /// When it arrived, in microseconds since 1970 UTC.
    pub received_at: i64,
    /// When it was added, in microseconds since 1970 UTC.
    pub added_at: i64,
    /// The name under which the content came.
    pub file_name: Option<String>,
    /// What stands in fields of its own.
    pub values: Vec<FieldValue>,
}

/// A number in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldNumber {
    /// A number, in millionths.
    Millionths(i64),
    /// A day.
    Day(Day),
}

/// What stands in one field of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue {
    /// The name of the field, of small letters, digits and underscores.
    pub field: String,
    /// What is asked for exactly, and as a number where it is one.
    pub exact: Vec<(String, Option<FieldNumber>)>,
    /// The words by which it is found.
    pub words: Vec<String>,
}

impl Entry {
    /// The year it is filed under: of its date, else of its arrival.
    #[must_use]
    pub fn year(&self) -> i32 {
        self.document_date
            .unwrap_or_else(|| day_of_micros(self.received_at))
            .year()
    }
}

/// One step of the index.
#[expect(
    clippy::large_enum_variant,
    reason = "steps are handed over one by one and soon spent"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The entry replaces whatever its key named before.
    Put(Entry),
    /// Nothing is found under the key any more.
    Remove(Key),
}

impl Change {
    /// The key the change is about.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Put(entry) => entry.key,
            Self::Remove(key) => *key,
        }
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

pub(crate) fn day_of_micros(micros: i64) -> Day {
    Day(i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX))
}

pub(crate) fn micros_of_day(day: Day) -> i64 {
    i64::from(day.0).saturating_mul(MICROS_PER_DAY)
}
