//! Numbers and dates of cells as a person reads them.
//!
//! A cell that says that it is German (its format names the German locale or the euro sign, or
//! writes a date with points) is written in German: `1.234,50 €`, `01.03.2026`. All others are
//! written without regard to country: `1234.5`, `2026-03-01`.

use time::{Date, Duration, Month, Time};

/// The months, for formats that write them out.
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
/// Locales of German in codes of formats: Germany, Austria, Switzerland.
const GERMAN: [&str; 4] = ["-407]", "-C07]", "-807]", "-de"];
/// Decimal places that a number may be written with.
const PLACES_MAX: usize = 15;

/// How a cell shows its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    is_german: bool,
    kind: Kind,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    General,
    Number {
        places: usize,
        grouped: bool,
        percent: bool,
        /// What stands behind the number, such as a currency.
        unit: String,
    },
    When {
        date: Option<Shown>,
        time: bool,
        seconds: bool,
    },
    Text,
}

/// How much of a date is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Day,
    /// With the month written out.
    LongDay,
    Month,
    LongMonth,
    Year,
}

impl Style {
    /// The style of one of the formats that every program knows.
    pub(super) fn built_in(id: u32) -> Self {
        let code = match id {
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            9 => "0%",
            10 => "0.00%",
            14..=16 => "yyyy/mm/dd",
            17 => "yyyy/mm",
            18..=21 | 45..=47 => "hh:mm:ss",
            22 => "yyyy/mm/dd hh:mm",
            37 | 38 => "#,##0",
            39 | 40 => "#,##0.00",
            49 => "@",
            _ => "General",
        };
        Self::of(code)
    }

    /// The style that a format code describes.
    pub(super) fn of(code: &str) -> Self {
        let is_german = GERMAN.iter().any(|locale| code.contains(locale)) || code.contains('€');
        // What negative numbers, nothing and text look like is said behind semicolons.
        let (bare, units) = bare(code.split(';').next().unwrap_or_default());
        let lower = bare.to_ascii_lowercase();
        let has = |c: char| lower.contains(c);
        if (lower.trim().is_empty() && units.is_empty()) || lower.contains("general") {
            return Self {
                is_german,
                kind: Kind::General,
            };
        }
        if has('@') {
            return Self {
                is_german,
                kind: Kind::Text,
            };
        }
        let is_number = has('0') || has('#') || has('?');
        let time = has('h') || has('s');
        let date = shown(&lower, time);
        if !is_number && (time || date.is_some()) {
            let points = lower.contains("d.m") || lower.contains("m.y");
            return Self {
                is_german: is_german || points || lower.contains("d. m"),
                kind: Kind::When {
                    date,
                    time,
                    seconds: has('s'),
                },
            };
        }
        let (_, places) = lower.split_once('.').unwrap_or((&lower, ""));
        let places = places
            .chars()
            .take_while(|c| matches!(c, '0' | '#' | '?'))
            .count();
        Self {
            is_german,
            kind: Kind::Number {
                places: places.min(PLACES_MAX),
                grouped: lower.contains("#,#") || lower.contains("0,0"),
                percent: has('%'),
                unit: units,
            },
        }
    }

    /// A number as a cell of this style shows it; `from_1904` says from when days count.
    pub(super) fn show(&self, number: f64, from_1904: bool) -> String {
        match &self.kind {
            Kind::General | Kind::Text => self.plain(&shortest(number)),
            Kind::Number {
                places,
                grouped,
                percent,
                unit,
            } => {
                let number = if *percent { number * 100.0 } else { number };
                let written = format!("{number:.places$}");
                let mut written = self.grouped(&written, *grouped);
                if *percent {
                    written.push_str(if self.is_german { " %" } else { "%" });
                }
                if !unit.is_empty() {
                    written.push(' ');
                    written.push_str(unit);
                }
                written
            }
            Kind::When {
                date,
                time,
                seconds,
            } => when(number, from_1904).map_or_else(
                || shortest(number),
                |(day, clock)| self.moment(day, clock, (*date, *time, *seconds)),
            ),
        }
    }

    fn plain(&self, written: &str) -> String {
        if self.is_german {
            written.replace('.', ",")
        } else {
            written.to_owned()
        }
    }

    /// With a sign between thousands, where it has one in German.
    fn grouped(&self, written: &str, grouped: bool) -> String {
        if !self.is_german {
            return written.to_owned();
        }
        let (whole, places) = written.split_once('.').unwrap_or((written, ""));
        let digits = whole.trim_start_matches('-');
        let mut out = String::new();
        if whole.len() > digits.len() {
            out.push('-');
        }
        for (number, digit) in digits.chars().enumerate() {
            if grouped && number > 0 && (digits.len() - number).is_multiple_of(3) {
                out.push('.');
            }
            out.push(digit);
        }
        if !places.is_empty() {
            out.push(',');
            out.push_str(places);
        }
        out
    }

    fn moment(&self, day: Date, clock: Time, shown: (Option<Shown>, bool, bool)) -> String {
        let (date, time, seconds) = shown;
        let (y, m, d) = (day.year(), u8::from(day.month()), day.day());
        let name = MONTHS
            .get(usize::from(m.saturating_sub(1)))
            .copied()
            .unwrap_or_default();
        let mut out = match (date, self.is_german) {
            (None, _) => String::new(),
            (Some(Shown::Day), true) => format!("{d:02}.{m:02}.{y}"),
            (Some(Shown::LongDay), true) => format!("{d}. {name} {y}"),
            (Some(Shown::Month), true) => format!("{m:02}.{y}"),
            (Some(Shown::LongMonth), true) => format!("{name} {y}"),
            (Some(Shown::Day | Shown::LongDay), false) => format!("{y}-{m:02}-{d:02}"),
            (Some(Shown::Month | Shown::LongMonth), false) => format!("{y}-{m:02}"),
            (Some(Shown::Year), _) => y.to_string(),
        };
        if time {
            if !out.is_empty() {
                out.push(' ');
            }
            let (h, min, s) = clock.as_hms();
            out.push_str(&format!("{h:02}:{min:02}"));
            if seconds {
                out.push_str(&format!(":{s:02}"));
            }
        }
        out
    }
}

/// A format code without what it quotes, and the currency that it names.
fn bare(code: &str) -> (String, String) {
    let (mut bare, mut unit) = (String::new(), String::new());
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let quoted: String = chars.by_ref().take_while(|c| *c != '"').collect();
                unit.push_str(quoted.trim());
            }
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                if let Some(currency) = inside.strip_prefix('$') {
                    unit.push_str(currency.split('-').next().unwrap_or_default().trim());
                } else if matches!(inside.as_str(), "h" | "hh" | "m" | "mm" | "s" | "ss") {
                    bare.push_str(&inside);
                }
            }
            // The next one as it is; as wide as the next one; filled up with the next one.
            '\\' => bare.extend(chars.next().filter(|c| !c.is_alphanumeric())),
            '_' | '*' => {
                chars.next();
            }
            '€' | '$' | '£' => unit.push(c),
            _ => bare.push(c),
        }
    }
    (bare, unit)
}

/// How much of a date a bare format code in small letters shows.
fn shown(code: &str, time: bool) -> Option<Shown> {
    let has = |c: char| code.contains(c);
    // Beside hours or seconds a month is minutes, but where a day or a year is named too.
    let month = has('m') && (!time || has('d') || has('y'));
    match (has('y') || has('j'), month, has('d') || has('t')) {
        (_, true, true) if code.contains("mmm") => Some(Shown::LongDay),
        (_, true, true) | (true, false, true) => Some(Shown::Day),
        (_, true, false) if code.contains("mmm") => Some(Shown::LongMonth),
        (true, true, false) => Some(Shown::Month),
        (true, false, false) => Some(Shown::Year),
        (false, true, false) | (false, false, true) => Some(Shown::Day),
        (false, false, false) => None,
    }
}

/// A number in as few digits as say it, up to the fifteen that a cell holds.
fn shortest(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    if rounded != 0.0 && !(1e-9..1e15).contains(&rounded.abs()) {
        return format!("{rounded:e}");
    }
    rounded.to_string()
}

/// The day and the time that a number of days means.
fn when(number: f64, from_1904: bool) -> Option<(Date, Time)> {
    // The calendar ends with the year 9999.
    if !(0.0..2_958_466.0).contains(&number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
    let seconds = (number * 86_400.0).round() as i64;
    let (mut days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let zero = if from_1904 {
        Date::from_calendar_date(1904, Month::January, 1)
    } else {
        // Programs count a 29th of February 1900 that never was.
        if days < 60 {
            days += 1;
        }
        Date::from_calendar_date(1899, Month::December, 30)
    };
    let day = zero.ok()?.checked_add(Duration::days(days))?;
    let (minutes, seconds) = (rest / 60 % 60, rest % 60);
    let part = |number: i64| u8::try_from(number).ok();
    let clock = Time::from_hms(part(rest / 3_600)?, part(minutes)?, part(seconds)?).ok()?;
    Some((day, clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_show_their_numbers_as_a_person_reads_them() {
        let check = |code: &str, number: f64, expect: &str| {
            assert_eq!(Style::of(code).show(number, false), expect, "{code:?}");
        };
        check("General", 1234.5, "1234.5");
        check("General", 0.1 + 0.2, "0.3");
        check("General", 1e21, "1e21");
        check("0.00", 1234.5, "1234.50");
        check("#,##0.00", 1234.5, "1234.50");
        check("#,##0.00\\ \"€\"", -1_234_567.891, "-1.234.567,89 €");
        check("#,##0.00\\ [$€-407]", 1234.5, "1.234,50 €");
        check(
            "_-* #,##0.00\\ \"€\"_-;\\-* #,##0.00\\ \"€\"_-",
            7.0,
            "7,00 €",
        );
        check("0%", 0.19, "19%");
        check("[$-407]0.0%", 0.195, "19,5 %");
        check("dd.mm.yyyy", 46082.0, "01.03.2026");
        check("dd\\.mm\\.yyyy", 46082.0, "01.03.2026");
        check("[$-407]d. mmmm yyyy;@", 46082.0, "1. März 2026");
        check("[$-407]mmmm yyyy", 46082.0, "März 2026");
        check("dd.mm.yyyy hh:mm", 46_082.604_166_666_7, "01.03.2026 14:30");
        check("yyyy-mm-dd", 46082.0, "2026-03-01");
        check("hh:mm:ss", 0.5, "12:00:00");
        check("[h]:mm", 0.25, "06:00");
        check("@", 12.0, "12");
        check("yyyy", 46082.0, "2026");
        assert_eq!(Style::built_in(14).show(46082.0, false), "2026-03-01");
        assert_eq!(Style::built_in(14).show(44620.0, true), "2026-03-01");
        assert_eq!(Style::built_in(14).show(1.0, false), "1900-01-01");
        assert_eq!(Style::built_in(14).show(-1.0, false), "-1");
        assert_eq!(Style::built_in(14).show(f64::NAN, false), "NaN");
    }
}
