//! A second, as PDFs and tokens write it.

use std::time::Duration;

use der::DateTime;

/// A second since 1970, in UTC. Whoever calls has a clock; this crate has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// The last second that a certificate can name.
    pub const MAX: Self = Self(253_402_300_799);

    /// A second, by its number since 1970. What is after the year 9999 is its last second.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        if seconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(seconds)
        }
    }

    /// Its number.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0
    }

    pub(super) fn of(time: x509_cert::time::Time) -> Self {
        Self::from_unix_seconds(time.to_unix_duration().as_secs())
    }

    fn date_time(self) -> DateTime {
        // Every number up to `MAX` has one.
        DateTime::from_unix_duration(Duration::from_secs(self.0)).unwrap_or(DateTime::INFINITY)
    }

    /// As PDF writes it.
    pub(super) fn pdf_date(self) -> String {
        let at = self.date_time();
        format!(
            "D:{:04}{:02}{:02}{:02}{:02}{:02}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minutes(),
            at.seconds()
        )
    }

    /// The fraction of a `GeneralizedTime` that [`Instant::from_generalized`] drops, in microseconds; what is finer
    /// is cut off.
    pub(super) fn micros_of_generalized(text: &[u8]) -> u32 {
        let digits = text.iter().skip_while(|byte| **byte != b'.').skip(1);
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        // Behind the last digit come zeros.
        let mut six = digits.chain(std::iter::repeat(&b'0')).take(6);
        six.try_fold(0, |all: u32, digit| {
            all.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
        })
        .unwrap_or(0)
    }

    /// A `GeneralizedTime` as RFC 3161 writes it: in UTC, with or without a fraction, which is dropped.
    pub(super) fn from_generalized(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
        let whole = match text.split_once('.') {
            Some((whole, fraction))
                if !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                whole
            }
            Some(_) => return None,
            None => text,
        };
        if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u16>().ok();
        let small = |from, to| u8::try_from(number(from, to)?).ok();
        let at = DateTime::new(
            number(0, 4)?,
            small(4, 6)?,
            small(6, 8)?,
            small(8, 10)?,
            small(10, 12)?,
            small(12, 14)?,
        )
        .ok()?;
        Some(Self(at.unix_duration().as_secs()))
    }
}
