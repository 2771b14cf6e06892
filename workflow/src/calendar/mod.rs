//! Working days, and when a deadline ends: § 31 VwVfG, §§ 187 to 193 BGB, Feiertagsgesetz NW.

mod due;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use time::Weekday;
use tzdb_data::time_zone::europe::BERLIN;

use crate::instance::{Day, Instant};

pub(crate) use due::after_opening;

/// The version of the rules that are written here. A change of them is a new one.
const RULES: &str = "NRW-1";
const HOUR: i64 = 3_600;

/// Which days are working days: none of Saturdays, Sundays, the holidays of North Rhine-Westphalia and the
/// days that the town keeps free besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    free: BTreeSet<Day>,
    version: String,
}

impl Calendar {
    /// The calendar of a town that keeps these days free besides: 24 and 31 December, Rosenmontag.
    #[must_use]
    pub fn new(free: impl IntoIterator<Item = Day>) -> Self {
        let free: BTreeSet<Day> = free.into_iter().collect();
        let version = if free.is_empty() {
            RULES.to_owned()
        } else {
            let days: Vec<_> = free.iter().map(ToString::to_string).collect();
            let digest = hex::encode(Sha256::digest(days.join(" ").as_bytes()));
            let short: String = digest.chars().take(8).collect();
            format!("{RULES}+{} frei ({short})", free.len())
        };
        Self { free, version }
    }

    /// The version of its rules and of its free days: `NRW-1`, `NRW-1+3 frei (0a1b2c3d)`.
    #[must_use]
    pub fn version(&self) -> String {
        self.version.clone()
    }

    /// What is celebrated on a day by law in North Rhine-Westphalia.
    #[must_use]
    pub fn holiday(&self, day: Day) -> Option<&'static str> {
        let (year, month, number) = day.0.to_calendar_date();
        match (u8::from(month), number) {
            (1, 1) => return Some("Neujahr"),
            (5, 1) => return Some("Tag der Arbeit"),
            (10, 3) => return Some("Tag der Deutschen Einheit"),
            (10, 31) if year == 2017 => return Some("Reformationstag"),
            (11, 1) => return Some("Allerheiligen"),
            (12, 25) => return Some("Erster Weihnachtstag"),
            (12, 26) => return Some("Zweiter Weihnachtstag"),
            _ => {}
        }
        match easter(year)?.days_to(day) {
            -2 => Some("Karfreitag"),
            1 => Some("Ostermontag"),
            39 => Some("Christi Himmelfahrt"),
            50 => Some("Pfingstmontag"),
            60 => Some("Fronleichnam"),
            _ => None,
        }
    }

    /// Whether it is worked on a day.
    #[must_use]
    pub fn is_working(&self, day: Day) -> bool {
        let weekend = matches!(day.0.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && !self.free.contains(&day) && self.holiday(day).is_none()
    }

    /// So many working days after a day, or before it. None: the day itself, be it one or not.
    #[must_use]
    pub fn plus_working(&self, day: Day, count: i32) -> Day {
        let step = i64::from(count.signum());
        let mut day = day;
        for _ in 0..count.unsigned_abs() {
            let next = self.first_working(day.plus_days(step), step);
            if next == day {
                break;
            }
            day = next;
        }
        day
    }

    /// The day itself if it is a working day, or the next that is one.
    #[must_use]
    pub fn next_working(&self, day: Day) -> Day {
        self.first_working(day, 1)
    }

    /// The day itself if it is a working day, or the last before it that is one.
    #[must_use]
    pub fn last_working(&self, day: Day) -> Day {
        self.first_working(day, -1)
    }

    fn first_working(&self, day: Day, step: i64) -> Day {
        let mut day = day;
        while !self.is_working(day) {
            let next = day.plus_days(step);
            if next == day {
                break;
            }
            day = next;
        }
        day
    }

    /// How many working days there are after one day up to and with another; negative if the other is earlier.
    #[must_use]
    pub fn working_days(&self, from: Day, to: Day) -> i64 {
        let (first, last, sign) = if from <= to {
            (from, to, 1)
        } else {
            (to, from, -1)
        };
        // Beyond a hundred years nobody counts working days; what is asked for still ends.
        let last = last.min(first.plus_days(36_525));
        let mut day = first;
        let mut count = 0;
        while day < last {
            day = day.plus_days(1);
            count += i64::from(self.is_working(day));
        }
        sign * count
    }

    /// The day of an instant by the clocks of Germany (legal time: § 4 EinhZeitG).
    #[must_use]
    pub fn day_of(&self, at: Instant) -> Day {
        let local = at.plus_seconds(offset(at.seconds()));
        Day(local.utc().date())
    }

    /// An instant as letters have it, by the clocks of Germany: `01.03.2026, 14:05 Uhr`.
    #[must_use]
    pub fn german(&self, at: Instant) -> String {
        let local = at.plus_seconds(offset(at.seconds())).utc();
        let (hour, minute, _) = local.to_hms();
        let day = Day(local.date()).german();
        format!("{day}, {hour:02}:{minute:02} Uhr")
    }

    /// The first instant of a day by the clocks of Germany.
    #[must_use]
    pub fn start_of(&self, day: Day) -> Instant {
        self.at(day, 0)
    }

    /// The first instant after a day by the clocks of Germany.
    #[must_use]
    pub fn end_of(&self, day: Day) -> Instant {
        self.at(day.plus_days(1), 0)
    }

    /// A full hour of a day by the clocks of Germany. Where summer time leaves it out, an hour before it in
    /// terms of the sun; where it comes twice, the first.
    #[must_use]
    pub fn at(&self, day: Day, hour: u8) -> Instant {
        let clock = day.0.midnight().assume_utc().unix_timestamp() + i64::from(hour) * HOUR;
        let fits = |ahead: &i64| offset(clock - ahead) == *ahead;
        let ahead = [2 * HOUR, HOUR].into_iter().find(fits);
        Instant::of_seconds(clock - ahead.unwrap_or_else(|| offset(clock)))
    }
}

/// By how many seconds the clocks of Germany are ahead of UTC.
fn offset(seconds: i64) -> i64 {
    BERLIN
        .find_local_time_type(seconds)
        .map_or(HOUR, |local| i64::from(local.ut_offset()))
}

/// Easter Sunday, as Meeus, Jones and Butcher compute it.
fn easter(year: i32) -> Option<Day> {
    let (a, b, c) = (
        year.rem_euclid(19),
        year.div_euclid(100),
        year.rem_euclid(100),
    );
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c.div_euclid(4), c.rem_euclid(4));
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l).div_euclid(451);
    let n = h + l - 7 * m + 114;
    let (month, day) = (n.div_euclid(31), n.rem_euclid(31) + 1);
    Day::of(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}
