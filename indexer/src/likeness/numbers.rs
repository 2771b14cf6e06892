//! The numbers of two texts: two invoices of one sender differ in nothing else.

use std::collections::BTreeMap;

/// More that stand on one side only are not looked at one by one: the texts differ.
const APART_MAX: usize = 60;
/// Longest number, in digits, of which it is asked whether it is several that ran together.
const RUN_MAX: usize = 24;
/// So many numbers, at most, ran together.
const PARTS_MAX: usize = 4;
/// So many numbers may stand on one side only: the stamp of the day on which a letter came in has them.
const ONE_SIDED_MAX: usize = 6;
/// One number in so many may be lost in reading.
const ONE_SIDED_SHARE: usize = 8;
/// Digits that machines take for each other.
const TAKEN_FOR: [[char; 2]; 7] = [
    ['0', '6'],
    ['0', '8'],
    ['1', '7'],
    ['3', '8'],
    ['5', '6'],
    ['6', '8'],
    ['8', '9'],
];

/// A run of digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    digits: String,
    /// Whether it was written in digits; else letters stood among them, or it is a sign that is taken for
    /// one.
    clean: bool,
}

impl Number {
    pub(super) const fn clean(digits: String) -> Self {
        Self {
            digits,
            clean: true,
        }
    }

    pub(super) const fn doubtful(digits: String) -> Self {
        Self {
            digits,
            clean: false,
        }
    }
}

/// Whether both texts have the same numbers, in whatever order: a number here for which another stands
/// there is a difference. `noisy`: the words say that a machine misread one of the texts.
pub(super) fn agree(here: &[Number], there: &[Number], noisy: bool) -> bool {
    let mut balance: BTreeMap<&str, Balance> = BTreeMap::new();
    for one in here {
        balance.entry(&one.digits).or_default().here.add(one);
    }
    for one in there {
        balance.entry(&one.digits).or_default().there.add(one);
    }
    let (mut left, mut right, mut both) = (Vec::new(), Vec::new(), 0);
    for (digits, Balance { here, there }) in &balance {
        both += here.all.min(there.all);
        left.extend(std::iter::repeat_n(
            *digits,
            here.all.saturating_sub(there.all),
        ));
        right.extend(std::iter::repeat_n(
            *digits,
            there.all.saturating_sub(here.all),
        ));
    }
    if left.len().max(right.len()) > APART_MAX {
        return false;
    }
    run_together(&mut left, &mut right);
    run_together(&mut right, &mut left);
    let balance = |digits: &str| balance.get(digits).copied().unwrap_or_default();
    keep_clean(&mut left, |digits| {
        let Balance { here, there } = balance(digits);
        here.clean.saturating_sub(there.all)
    });
    keep_clean(&mut right, |digits| {
        let Balance { here, there } = balance(digits);
        there.clean.saturating_sub(here.all)
    });
    let misread = take_misread(&mut left, &mut right);
    if misread > usize::from(noisy) || !(left.is_empty() || right.is_empty()) {
        return false;
    }
    left.len().max(right.len()) <= ONE_SIDED_MAX.max(both / ONE_SIDED_SHARE)
}

/// How often a number stands on each side.
#[derive(Debug, Clone, Copy, Default)]
struct Balance {
    here: Count,
    there: Count,
}

/// How often a number stands on one side.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: usize,
    /// Written in digits.
    clean: usize,
}

impl Count {
    fn add(&mut self, one: &Number) {
        self.all += 1;
        self.clean += usize::from(one.clean);
    }
}

/// Leaves of numbers that stand on one side only those that were written in digits; they are sorted.
fn keep_clean(numbers: &mut Vec<&str>, clean: impl Fn(&str) -> usize) {
    let (mut last, mut kept) = ("", 0);
    numbers.retain(|digits| {
        let digits = *digits;
        if digits != last {
            (last, kept) = (digits, 0);
        }
        kept += 1;
        kept <= clean(digits)
    });
}

/// Takes away numbers that are several on the other side: `11022025` for `11.02.2025`.
fn run_together<'t>(whole: &mut Vec<&'t str>, parts: &mut Vec<&'t str>) {
    whole.retain(|digits| {
        if digits.len() > RUN_MAX {
            return true;
        }
        let mut used = Vec::new();
        if !spelled(digits, parts, &mut used) || used.len() < 2 {
            return true;
        }
        used.sort_unstable();
        for at in used.into_iter().rev() {
            parts.remove(at);
        }
        false
    });
}

/// Whether digits can be written with these parts, each used once; says which.
fn spelled(digits: &str, parts: &[&str], used: &mut Vec<usize>) -> bool {
    if digits.is_empty() {
        return true;
    }
    if used.len() == PARTS_MAX {
        return false;
    }
    for (at, part) in parts.iter().enumerate() {
        // They are sorted: of several that are the same, the first that is left is tried.
        let same = at > 0 && parts.get(at - 1) == Some(part) && !used.contains(&(at - 1));
        if part.is_empty() || used.contains(&at) || same {
            continue;
        }
        let Some(rest) = digits.strip_prefix(*part) else {
            continue;
        };
        used.push(at);
        if spelled(rest, parts, used) {
            return true;
        }
        used.pop();
    }
    false
}

/// Takes away pairs of which one may be the other, misread; says how many.
fn take_misread(left: &mut Vec<&str>, right: &mut Vec<&str>) -> usize {
    let before = left.len();
    left.retain(|here| {
        let other = right.iter().position(|there| is_misread(here, there));
        if let Some(at) = other {
            right.remove(at);
        }
        other.is_none()
    });
    before - left.len()
}

/// Whether they differ in one digit that is easily misread. The last does not count: there numbers that
/// were given one after the other differ, and days and months are too short to tell.
fn is_misread(here: &str, there: &str) -> bool {
    if here.len() != there.len() || here.len() < 3 {
        return false;
    }
    let both = here.chars().zip(there.chars()).enumerate();
    let differ: Vec<_> = both.filter(|(_, (one, other))| one != other).collect();
    let [(at, (one, other))] = differ.as_slice() else {
        return false;
    };
    let pair = [*one.min(other), *one.max(other)];
    *at + 1 < here.len() && TAKEN_FOR.contains(&pair)
}
