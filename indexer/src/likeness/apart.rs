//! How two texts differ in their words: what a machine misread, and what was written otherwise.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::hunks::hunks;
use super::text::{NOISY, shape};

/// Of a place with more pairs of words, no pair is looked at.
const PAIRS_MAX: usize = 900;
/// Longest run of shapes that is compared as one; a longer word is compared with none.
const JOINED_MAX: usize = 200;
/// Steps of comparing shapes in all, after which two texts are not the same.
const STEPS_MAX: usize = 50_000_000;
/// From this share of other shapes on, in thousandths, a word is another word.
const OTHER: usize = 450;
/// A word of two letters says nothing.
const LETTERS_MIN: usize = 3;
/// So many words in a row may stand on one side only: a stamp, a line of a fax. More are a sentence.
const RUN_MAX: usize = 12;
/// … or one word in so many of a long text.
const RUN_SHARE: usize = 50;
/// So many words in all, or one in so many.
const EXTRA_SHARE: usize = 12;
/// One word in so many may be another one, where a text was misread elsewhere too.
const OTHER_SHARE: usize = 400;
/// Words that nobody can make out, at most; and one for so many places that were misread.
const GARBLED_MAX: usize = 3;
const GARBLED_SHARE: usize = 4;

/// What two texts differ in.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Places where a machine took letters for others.
    pub(super) misread: usize,
    /// Words in those places.
    touched: usize,
    /// Words that have some likeness left.
    garbled: usize,
    /// Words for which quite other words stand.
    other: usize,
    /// Words that stand on one side only, or for others, and say that something is not so.
    denied: usize,
    /// Most words in a row that stand on one side only.
    run: usize,
    /// All words that do.
    extra: usize,
    /// How often each difference was met. What differs twice in the same way was written so: `Meyer` and
    /// `Meier`.
    met: HashMap<(Vec<char>, Vec<char>), usize, RandomState>,
    /// Steps that comparing has taken.
    steps: usize,
}

impl Apart {
    /// What they differ in.
    pub(super) fn between(here: &[String], there: &[String]) -> Self {
        let all = hunks(here, there);
        // What was only moved is no difference: a column may be read before or after another.
        let mut moved: HashMap<&str, (usize, usize), RandomState> = HashMap::default();
        for (left, right) in &all {
            left.iter()
                .for_each(|word| moved.entry(word).or_default().0 += 1);
            right
                .iter()
                .for_each(|word| moved.entry(word).or_default().1 += 1);
        }
        for (left, right) in moved.values_mut() {
            let both = (*left).min(*right);
            (*left, *right) = (both, both);
        }
        let mut apart = Self::default();
        for (left, right) in all {
            if apart.steps > STEPS_MAX {
                break;
            }
            let stays = |left: &mut usize| {
                let moved = *left > 0;
                *left = left.saturating_sub(1);
                !moved
            };
            let mut here: Vec<&str> = left.iter().map(String::as_str).collect();
            here.retain(|word| moved.get_mut(word).is_none_or(|many| stays(&mut many.0)));
            let mut there: Vec<&str> = right.iter().map(String::as_str).collect();
            there.retain(|word| moved.get_mut(word).is_none_or(|many| stays(&mut many.1)));
            apart.weigh(&here, &there);
        }
        apart
    }

    /// Whether all of it can be what a machine made of the same text of so many words.
    pub(super) fn is_noise(&self, words: usize) -> bool {
        let noisy = self.misread >= NOISY;
        let other_max = if noisy { words / OTHER_SHARE } else { 0 };
        let garbled_max = (self.misread + 2) / GARBLED_SHARE;
        let twice = self.met.values().any(|many| *many > 1);
        self.steps <= STEPS_MAX
            && self.denied == 0
            && self.other <= other_max
            && !twice
            && self.garbled <= garbled_max.min(GARBLED_MAX)
            && self.run <= RUN_MAX.max(words / RUN_SHARE)
            && self.extra <= RUN_MAX.max(words / EXTRA_SHARE)
            && self.touched <= words / 2
    }

    /// One place.
    fn weigh(&mut self, here: &[&str], there: &[&str]) {
        let most = here.len().max(there.len());
        if here.is_empty() || there.is_empty() {
            self.denied += denials(here) + denials(there);
            self.stands_alone(most);
            return;
        }
        if here.len() * there.len() > PAIRS_MAX {
            self.other += here.len().min(there.len());
            self.stands_alone(most);
            return;
        }
        // `eine` and `keine` look alike, and say the opposite.
        let contrary = |one: &&str| there.iter().any(|other| are_contrary(one, other));
        self.denied += usize::from(here.iter().any(contrary));
        // As one: a space too many or too few is misread too.
        let (left, right) = (shapes(&here.concat()), shapes(&there.concat()));
        let long = left.len().max(right.len());
        if long <= JOINED_MAX {
            self.steps += left.len() * right.len();
            let steps = distance(&left, &right);
            // So many letters may be a word of denial.
            let denied = steps >= LETTERS_MIN && denials(here) != denials(there);
            if steps <= slips(long) && !denied {
                self.misread += 1;
                self.touched += most;
                self.meet(steps, left, right);
                return;
            }
        }
        self.weigh_one_by_one(here, there);
    }

    fn weigh_one_by_one(&mut self, here: &[&str], there: &[&str]) {
        let mut open: Vec<(&str, Vec<char>)> =
            there.iter().map(|word| (*word, shapes(word))).collect();
        let mut alone: Vec<&str> = Vec::new();
        for word in here {
            let own = shapes(word);
            let mut taken = 0;
            let each = open.iter().enumerate().map(|(at, (_, other))| {
                let long = own.len().max(other.len());
                let steps = if own == *other {
                    0
                } else if long > JOINED_MAX {
                    long
                } else {
                    taken += own.len() * other.len();
                    distance(&own, other)
                };
                let far = if steps <= slips(long) {
                    0
                } else {
                    steps * 1_000 / long.max(1)
                };
                (far, at, steps)
            });
            let nearest = each.min();
            self.steps += taken;
            let Some((far, at, steps)) = nearest.filter(|(far, _, _)| *far <= OTHER) else {
                alone.push(word);
                continue;
            };
            let (other, shapes) = open.remove(at);
            self.denied += usize::from(denies(word) != denies(other));
            if far > 0 {
                self.garbled += 1;
                self.touched += 1;
            } else if steps > 0 || other != *word {
                self.misread += 1;
                self.touched += 1;
                self.meet(steps, own, shapes);
            }
        }
        let left = alone.iter().filter(|word| tells(word)).count();
        let right = open.iter().filter(|(word, _)| tells(word)).count();
        let denied = denials(&alone) + open.iter().filter(|(word, _)| denies(word)).count();
        self.denied += denied;
        self.other += left.min(right);
        self.stands_alone(alone.len().max(open.len()));
    }

    fn stands_alone(&mut self, words: usize) {
        self.run = self.run.max(words);
        self.extra += words;
    }

    /// Remembers a difference. Other letters of the same shapes are none.
    fn meet(&mut self, steps: usize, here: Vec<char>, there: Vec<char>) {
        if steps > 0 {
            *self.met.entry((here, there)).or_default() += 1;
        }
    }
}

/// Whether a word is long enough to tell one text from another.
fn tells(word: &str) -> bool {
    word.chars().count() >= LETTERS_MIN
}

/// Whether a word says that something is not so, or may be such a word misread.
fn denies(word: &str) -> bool {
    let own = shapes(word);
    let not = shapes("nicht");
    matches!(word, "nie" | "ohne" | "weder")
        || own.starts_with(&shapes("kein"))
        || own.len().abs_diff(not.len()) <= 1 && distance(&own, &not) <= 1
}

/// How many of these words do.
fn denials(words: &[&str]) -> usize {
    words.iter().filter(|word| denies(word)).count()
}

/// Whether one word is the other with `k` or `un` before it: `eine` and `keine`, `zulässig` and `unzulässig`.
fn are_contrary(one: &str, other: &str) -> bool {
    let denies = |one: &str, other: &str| {
        other.starts_with("ein") && one.strip_prefix('k') == Some(other)
            || tells(other) && one.strip_prefix("un") == Some(other)
    };
    denies(one, other) || denies(other, one)
}

/// The shapes of a word: `rn` is `m`, `ii` is `u`.
fn shapes(word: &str) -> Vec<char> {
    let joined = word.replace("rn", "m").replace("ii", "u");
    joined.chars().map(shape).collect()
}

/// In how many of so many shapes a machine may be wrong.
const fn slips(long: usize) -> usize {
    match long {
        0 | 1 => 0,
        2..8 => 1,
        more => more / 4,
    }
}

/// How many shapes must be changed, added or taken away to make one of the other (Levenshtein).
fn distance(here: &[char], there: &[char]) -> usize {
    let mut last: Vec<usize> = (0..=there.len()).collect();
    let mut next = last.clone();
    for (row, one) in (1_usize..).zip(here) {
        next[0] = row;
        for (column, other) in there.iter().enumerate() {
            let changed = last[column] + usize::from(one != other);
            let added = last[column + 1].min(next[column]) + 1;
            next[column + 1] = changed.min(added);
        }
        std::mem::swap(&mut last, &mut next);
    }
    last[there.len()]
}
