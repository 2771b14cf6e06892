//! Dates and ranges of dates as people type them.

use crate::analysis::fold::fold;
use crate::entry::Day;

/// An inclusive range; an end may be open, both are not.
pub(crate) type Range = (Option<Day>, Option<Day>);

/// Reads `2025`, `2025-03`, `03.2025`, `März 2025`, `2025-03-01`, `1.3.2025`, `a..b`, `a..`, `..b`, `>=a`,
/// `<b`, and as people write it `1.3.2025-31.3.2025`, `2023-2025`, `a bis b`.
pub(crate) fn range(text: &str) -> Option<Range> {
    if let Some((from, to)) = text.split_once("..") {
        let from = if from.is_empty() {
            None
        } else {
            Some(span(from)?.0)
        };
        let to = if to.is_empty() {
            None
        } else {
            Some(span(to)?.1)
        };
        return (from.is_some() || to.is_some()).then_some((from, to));
    }
    for (sign, read) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign) {
            return span(rest).map(read);
        }
    }
    if let Some((first, last)) = span(text) {
        return Some((Some(first), Some(last)));
    }
    [" bis ", "\u{2013}", "-"].iter().find_map(|sign| {
        let (from, to) = text.split_once(sign)?;
        Some((Some(span(from)?.0), Some(span(to)?.1)))
    })
}

type Reading = fn((Day, Day)) -> Range;

const SIGNS: [(&str, Reading); 6] = [
    (">=", |(first, _)| (Some(first), None)),
    ("<=", |(_, last)| (None, Some(last))),
    ("≥", |(first, _)| (Some(first), None)),
    ("≤", |(_, last)| (None, Some(last))),
    (">", |(_, last)| (Some(Day(last.0 + 1)), None)),
    ("<", |(first, _)| (None, Some(Day(first.0 - 1)))),
];

/// First and last day of a year, a month or a day.
fn span(text: &str) -> Option<(Day, Day)> {
    if let Some((month, year)) = text.trim().split_once(' ')
        && let Some(month) = crate::analysis::dates::month_number(&fold(month))
    {
        return (year.len() == 4)
            .then(|| month_span(year, &month.to_string()))
            .flatten();
    }
    let parts: Vec<&str> = text.trim().split(['-', '.', '/']).collect();
    if parts
        .iter()
        .any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    match parts.as_slice() {
        [year] if year.len() == 4 => {
            let year = year.parse().ok()?;
            Some((
                Day::from_calendar(year, 1, 1)?,
                Day::from_calendar(year, 12, 31)?,
            ))
        }
        [year, month] if year.len() == 4 => month_span(year, month),
        [month, year] if year.len() == 4 => month_span(year, month),
        [year, month, day] if year.len() == 4 => single(year, month, day),
        [day, month, year] => {
            let day = crate::analysis::dates::day_of(day, month, year)?;
            Some((day, day))
        }
        _ => None,
    }
}

fn single(year: &str, month: &str, day: &str) -> Option<(Day, Day)> {
    let day = Day::from_calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    Some((day, day))
}

fn month_span(year: &str, month: &str) -> Option<(Day, Day)> {
    let (year, month): (i32, u8) = (year.parse().ok()?, month.parse().ok()?);
    let first = Day::from_calendar(year, month, 1)?;
    let next = if month == 12 {
        Day::from_calendar(year + 1, 1, 1)?
    } else {
        Day::from_calendar(year, month + 1, 1)?
    };
    Some((first, Day(next.0 - 1)))
}

/// Reads `2025`, `2023..2025`, `>=2024`.
pub(crate) fn years(text: &str) -> Option<(i32, i32)> {
    let (from, to) = range(text)?;
    Some((from.map_or(0, Day::year), to.map_or(9999, Day::year)))
}
