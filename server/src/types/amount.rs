//! Numbers that are never rounded.

use std::fmt;

/// Most digits behind the point.
pub(super) const DECIMALS_MAX: u32 = 6;
const ONE: i64 = 1_000_000;
/// The largest magnitude, in whole ones.
pub(super) const WHOLE_MAX: i64 = 1_000_000_000_000;

/// A number with at most six digits behind the point, counted in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// So many millionths, where they are not too many.
    #[must_use]
    pub fn of_millionths(millionths: i64) -> Option<Self> {
        let most = WHOLE_MAX.saturating_mul(ONE);
        (-most..=most)
            .contains(&millionths)
            .then_some(Self(millionths))
    }

    /// In millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Reads `-1234.50`: digits, and behind a point at most six more.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = match digits.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (digits, None),
        };
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
        if !plain(whole) || whole.len() > 15 || part.is_some_and(|part| !plain(part)) {
            return None;
        }
        let part = part.unwrap_or("0");
        let places = u32::try_from(part.len()).ok()?;
        let missing = DECIMALS_MAX.checked_sub(places)?;
        let part = part.parse::<i64>().ok()? * 10_i64.pow(missing);
        let sum = whole
            .parse::<i64>()
            .ok()?
            .checked_mul(ONE)?
            .checked_add(part)?;
        Self::of_millionths(if negative { -sum } else { sum })
    }

    /// How many digits behind the point it needs.
    #[must_use]
    pub fn decimals(self) -> u32 {
        let mut rest = self.0.unsigned_abs() % ONE.unsigned_abs();
        let mut places = DECIMALS_MAX;
        while places > 0 && rest.is_multiple_of(10) {
            rest /= 10;
            places -= 1;
        }
        places
    }

    fn digits(self, decimals: u32) -> (bool, String, String) {
        let places = decimals.max(self.decimals());
        let magnitude = self.0.unsigned_abs();
        let (whole, part) = (
            magnitude / ONE.unsigned_abs(),
            magnitude % ONE.unsigned_abs(),
        );
        let shown = part / 10_u64.pow(DECIMALS_MAX.saturating_sub(places));
        let width = usize::try_from(places).unwrap_or(0);
        let part = if places == 0 {
            String::new()
        } else {
            format!("{shown:0width$}")
        };
        (self.0 < 0, whole.to_string(), part)
    }

    /// As programs write it, with at least so many digits behind the point.
    #[must_use]
    pub fn written(self, decimals: u32) -> String {
        let (negative, whole, part) = self.digits(decimals);
        let sign = if negative { "-" } else { "" };
        if part.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{part}")
        }
    }

    /// As it is written in German: `1.234,50`.
    #[must_use]
    pub fn german(self, decimals: u32) -> String {
        let (negative, whole, part) = self.digits(decimals);
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        let sign = if negative { "-" } else { "" };
        if part.is_empty() {
            format!("{sign}{grouped}")
        } else {
            format!("{sign}{grouped},{part}")
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written(0))
    }
}
