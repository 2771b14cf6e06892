//! Times as certificates and PDFs write them, in seconds since 1970.

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

use crate::asn1::{GENERALIZED_TIME, Malformed, UTC_TIME, Value};

fn digits(text: &[u8], from: usize, count: usize) -> Option<u16> {
    let part = text.get(from..from.checked_add(count)?)?;
    if !part.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(part).ok()?.parse().ok()
}

fn seconds(year: u16, rest: [u8; 5], offset: UtcOffset) -> Option<i64> {
    let [month, day, hour, minute, second] = rest;
    let month = Month::try_from(month).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
    // A second that is inserted counts as the one before.
    let time = Time::from_hms(hour, minute, second.min(59)).ok()?;
    let moment = PrimitiveDateTime::new(date, time).assume_offset(offset);
    Some(moment.unix_timestamp())
}

/// `UTCTime` or `GeneralizedTime`, in UTC.
pub(super) fn asn1(value: &Value<'_>) -> Result<i64, Malformed> {
    let text = value.content;
    let read = || -> Option<i64> {
        let (year, from) = match value.tag {
            UTC_TIME => {
                let year = digits(text, 0, 2)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, 2)
            }
            GENERALIZED_TIME => (digits(text, 0, 4)?, 4),
            _ => return None,
        };
        let mut rest = [0_u8; 5];
        for (place, part) in rest.iter_mut().enumerate() {
            *part = u8::try_from(digits(text, from + 2 * place, 2)?).ok()?;
        }
        let mut tail = text.get(from + 10..)?;
        // Fractions of a second, as timestamps have them.
        if value.tag == GENERALIZED_TIME && tail.first() == Some(&b'.') {
            let fraction = tail.get(1..)?;
            let end = fraction.iter().position(|byte| !byte.is_ascii_digit())?;
            tail = fraction.get(end..)?;
        }
        (tail == b"Z").then_some(())?;
        seconds(year, rest, UtcOffset::UTC)
    };
    read().ok_or(Malformed)
}

/// A date of ISO 32000-2, 7.9.4: `D:YYYYMMDDHHmmSSOHH'mm`.
pub(super) fn pdf(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b"D:").unwrap_or(text);
    let year = digits(text, 0, 4)?;
    let defaults = [1, 1, 0, 0, 0];
    let mut rest = defaults;
    let mut at = 4;
    for part in &mut rest {
        let Some(value) = digits(text, at, 2) else {
            break;
        };
        *part = u8::try_from(value).ok()?;
        at += 2;
    }
    let offset = match text.get(at) {
        None | Some(b'Z') => UtcOffset::UTC,
        Some(sign @ (b'+' | b'-')) => {
            let hours = i8::try_from(digits(text, at + 1, 2)?).ok()?;
            let from = if text.get(at + 3) == Some(&b'\'') {
                4
            } else {
                3
            };
            let minutes = digits(text, at + from, 2).unwrap_or(0);
            let minutes = i8::try_from(minutes).ok()?;
            let sign = if *sign == b'-' { -1 } else { 1 };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
        Some(_) => return None,
    };
    seconds(year, rest, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_both_worlds_are_read() {
        assert_eq!(pdf(b"D:19700102000000Z"), Some(86_400));
        assert_eq!(pdf(b"D:20240701120000+02'00'"), Some(1_719_828_000));
        assert_eq!(pdf(b"D:20240701120000+0200"), Some(1_719_828_000));
        assert_eq!(pdf(b"D:2024"), Some(1_704_067_200));
        assert_eq!(pdf(b"D:20241301"), None);
        assert_eq!(pdf(b"yesterday"), None);
        let check = |tag, text: &'static str| {
            asn1(&Value {
                tag,
                content: text.as_bytes(),
                raw: &[],
            })
        };
        assert_eq!(check(UTC_TIME, "240701100000Z"), Ok(1_719_828_000));
        assert_eq!(check(UTC_TIME, "700102000000Z"), Ok(86_400));
        assert_eq!(
            check(GENERALIZED_TIME, "20240701100000.123Z"),
            Ok(1_719_828_000)
        );
        assert_eq!(check(GENERALIZED_TIME, "20240701100000"), Err(Malformed));
        assert_eq!(check(UTC_TIME, "2407011000Z"), Err(Malformed));
    }
}
