//! Where two texts differ: what stands between the words that both have.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Words here, and those that stand there in their place.
pub(super) type Hunk<'t> = (&'t [String], &'t [String]);

/// The places where two texts differ, in order.
///
/// A word that both have once holds the texts together; as many of these are taken as stand in the same
/// order in both.
pub(super) fn hunks<'t>(here: &'t [String], there: &'t [String]) -> Vec<Hunk<'t>> {
    let held = in_order(&held(here, there));
    let end = std::iter::once((here.len(), there.len()));
    let (mut left, mut right) = (0, 0);
    let mut all = Vec::new();
    for (to_left, to_right) in held.into_iter().chain(end) {
        let between = (
            here.get(left..to_left).unwrap_or_default(),
            there.get(right..to_right).unwrap_or_default(),
        );
        let hunk = trimmed(between);
        if !(hunk.0.is_empty() && hunk.1.is_empty()) {
            all.push(hunk);
        }
        (left, right) = (to_left + 1, to_right + 1);
    }
    all
}

/// How often a word stands on both sides, and where it stood there last.
#[derive(Default)]
struct Met {
    here: usize,
    there: usize,
    last: usize,
}

/// Where the words stand that both have once.
fn held(here: &[String], there: &[String]) -> Vec<(usize, usize)> {
    let mut met: HashMap<&str, Met, RandomState> = HashMap::default();
    for word in here {
        met.entry(word).or_default().here += 1;
    }
    for (at, word) in there.iter().enumerate() {
        let met = met.entry(word).or_default();
        met.there += 1;
        met.last = at;
    }
    let words = here.iter().enumerate();
    words
        .filter_map(|(at, word)| {
            let met = met.get(word.as_str())?;
            (met.here == 1 && met.there == 1).then_some((at, met.last))
        })
        .collect()
}

/// The longest row of pairs that stand in the same order on both sides.
fn in_order(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // By the length of a row: the pair with which the best one of that length ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (_, there)) in pairs.iter().enumerate() {
        let place = ends.partition_point(|end| pairs[*end].1 < *there);
        before.push(place.checked_sub(1).map(|last| ends[last]));
        if place == ends.len() {
            ends.push(index);
        } else {
            ends[place] = index;
        }
    }
    let mut row = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(index) = at {
        row.push(pairs[index]);
        at = before[index];
    }
    row.reverse();
    row
}

/// Without what both begin and end with.
fn trimmed((mut here, mut there): Hunk<'_>) -> Hunk<'_> {
    while let ([one, rest @ ..], [other, others @ ..]) = (here, there)
        && one == other
    {
        (here, there) = (rest, others);
    }
    while let ([rest @ .., one], [others @ .., other]) = (here, there)
        && one == other
    {
        (here, there) = (rest, others);
    }
    (here, there)
}
