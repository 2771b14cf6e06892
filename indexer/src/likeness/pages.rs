//! Which pages of two documents say the same.

use super::text::common;

/// A page with fewer words is like any.
const WORDS_MIN: usize = 5;
/// Of the shorter of two pages, this many words in a hundred stand on the other.
const SHARE: usize = 60;
/// As far from its own number a page is looked for.
const AWAY_MAX: usize = 25;
/// Pages that are looked at.
const PAGES_MAX: usize = 500;

/// For each page here the one there that has most of it, by their numbers; pages are given with their
/// words sorted.
pub(super) fn alike(here: &[Vec<&str>], there: &[Vec<&str>]) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    for (at, words) in here.iter().enumerate().take(PAGES_MAX) {
        let near = there.iter().enumerate().take(PAGES_MAX);
        let near = near.filter(|(other, _)| at.abs_diff(*other) <= AWAY_MAX);
        let best = near
            .filter_map(|(other, others)| {
                let short = words.len().min(others.len());
                let both = common(words, others);
                let found = short >= WORDS_MIN && both * 100 >= short * SHARE;
                let away = usize::MAX - at.abs_diff(other);
                found.then_some((both, away, other))
            })
            .max();
        if let Some((_, _, other)) = best {
            all.push((number(at), number(other)));
        }
    }
    all
}

/// The number of the page at this place.
fn number(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1)
}
