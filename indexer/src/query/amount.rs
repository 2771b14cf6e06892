//! Numbers and ranges of numbers as people type them.

/// Digits behind the point that are kept.
const PLACES: usize = 6;
/// Digits before it.
const DIGITS_MAX: usize = 12;

/// An inclusive range in millionths; an end may be open, both are not.
pub(crate) type Range = (Option<i64>, Option<i64>);

/// A number as people type it, in millionths: `1.234,56`, `1234,5`, `1234.56`, `1 234,56 €`. A single point before
/// three digits divides thousands, as it is written in German.
#[must_use]
pub fn millionths(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['€', ' ']).trim_end_matches("EUR");
    let plain: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    let (sign, digits) = match plain.strip_prefix(['-', '−', '–']) {
        Some(rest) => (-1, rest),
        None => (1, plain.as_str()),
    };
    let (whole, part) = match digits.split_once(',') {
        Some((whole, part)) => (ungrouped(whole)?, part),
        None => match (ungrouped(digits), digits.split_once('.')) {
            (Some(whole), _) => (whole, ""),
            (None, Some((whole, part))) => (whole.to_owned(), part),
            (None, None) => return None,
        },
    };
    let is_number = |text: &str| text.bytes().all(|one| one.is_ascii_digit());
    let fits = !whole.is_empty() && whole.len() <= DIGITS_MAX && part.len() <= PLACES;
    if !fits || !is_number(&whole) || !is_number(part) {
        return None;
    }
    if part.is_empty() && digits.ends_with([',', '.']) {
        return None;
    }
    format!("{whole}{part:0<PLACES$}")
        .parse::<i64>()
        .ok()
        .map(|number| sign * number)
}

/// A whole number without the points that divide its thousands.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split('.');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let divided = first.len() <= 3 && rest.iter().all(|group| group.len() == 3);
    (rest.is_empty() || divided).then(|| format!("{first}{}", rest.concat()))
}

type Reading = fn(i64) -> Range;

const SIGNS: [(&str, Reading); 6] = [
    (">=", |number| (Some(number), None)),
    ("<=", |number| (None, Some(number))),
    ("≥", |number| (Some(number), None)),
    ("≤", |number| (None, Some(number))),
    (">", |number| (Some(number + 1), None)),
    ("<", |number| (None, Some(number - 1))),
];

/// Reads `12`, `1.234,56`, `a..b`, `a..`, `..b`, `>=a`, `<b`.
pub(crate) fn range(text: &str) -> Option<Range> {
    if let Some((from, to)) = text.split_once("..") {
        let end = |text: &str| match text {
            "" => Some(None),
            text => millionths(text).map(Some),
        };
        let (from, to) = (end(from)?, end(to)?);
        return (from.is_some() || to.is_some()).then_some((from, to));
    }
    for (sign, read) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign) {
            return millionths(rest).map(read);
        }
    }
    millionths(text).map(|number| (Some(number), Some(number)))
}
