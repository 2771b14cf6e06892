//! Compounds into their parts: `Bewohnerparkausweis` is `Bewohner`, `Park`, `Ausweis`.
//!
//! Splitting happens when a text is indexed, never when a query is read: so `Parkausweis` finds the
//! longer word, while `Kaufvertrag` does not find every `Vertrag`. Every stretch of neighbouring parts
//! becomes a term (`bewohnerpark`, `parkausweis`, `ausweis`), so that compounds inside compounds are found.

use super::lexicon::Lexicon;
use super::stem::stem;

const WORD_BYTES_MAX: usize = 60;
const PARTS_MAX: usize = 6;

/// What may stand between two parts, longest first.
const LINKS: &[&str] = &["ens", "ern", "es", "en", "er", "s", "n", "e"];

/// Short words that may stand inside of compounds. At the beginning any short word of the list may;
/// elsewhere parts have at least four letters.
const SHORT_PARTS: &[&str] = &[
    "amt", "bau", "rat", "weg", "rad", "kfz", "lkw", "pkw", "tag", "hof", "ohr", "eis", "gas",
    "tor", "tur", "see", "ehe", "uhr", "bus", "bad", "zug", "ort",
];

/// Short words that may end a compound.
const SHORT_HEADS: &[&str] = &[
    "amt", "rat", "weg", "bau", "uhr", "bus", "bad", "hof", "rad", "tag", "zug", "see", "ort",
    "tor", "tur",
];

/// From how many letters on a known noun may end a compound whose beginning is unknown.
const HEAD_AFTER_UNKNOWN_MIN: usize = 6;

/// Shorter nouns that may do so as well.
const HEADS_AFTER_UNKNOWN: &[&str] = &[
    "platz", "stadt", "karte", "liste", "recht", "kasse", "markt", "brief", "blatt", "halle",
    "kreis", "gasse", "allee",
];

/// What stands before verbs and the nouns made of them: `Überprüfung` is no kind of `Prüfung` but the same.
const PREFIXES: &[&str] = &[
    "ab", "an", "auf", "aus", "be", "bei", "da", "dar", "durch", "ein", "emp", "ent", "er", "fehl",
    "fest", "fort", "ge", "gegen", "her", "hin", "hinter", "inne", "los", "mit", "miss", "nach",
    "neben", "nieder", "ob", "uber", "um", "un", "unter", "ur", "ver", "vor", "weg", "weiter",
    "wider", "wieder", "zer", "zu", "zuruck", "zusammen",
];

/// One part of a compound: where it starts, where its base ends, where the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    start: usize,
    base_end: usize,
    next: usize,
}

/// The terms of the parts of a folded word, stemmed; empty if it is not a compound. `capital`: it was
/// written like a noun.
pub(crate) fn parts(word: &str, capital: bool, lexicon: &Lexicon) -> Vec<String> {
    let whole = stem(word, lexicon);
    if word.len() < 6
        || word.len() > WORD_BYTES_MAX
        || lexicon.is_whole(&whole)
        || lexicon.is_whole(word)
    {
        return Vec::new();
    }
    if word.bytes().any(|byte| !byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    // The list holds no compounds: what stands in it has no parts.
    if lexicon.is_head(word) || lexicon.is_head(&whole) {
        return Vec::new();
    }
    let (parts, known) = match split(word, lexicon).or_else(|| behind_abstract(word, lexicon)) {
        Some(parts) => (parts, true),
        None if capital => (behind_unknown(word, lexicon), false),
        None => return Vec::new(),
    };
    let mut terms = Vec::new();
    let mut add = |stretch: &str| {
        let term = stem(stretch, lexicon);
        if term.len() >= 3 && term != whole && !terms.contains(&term) {
            terms.push(term);
        }
    };
    for (from, first) in parts.iter().enumerate() {
        for (to, last) in parts.iter().enumerate().skip(from) {
            if !known || from > 0 || to + 1 < parts.len() {
                add(word.get(first.start..last.base_end).unwrap_or(""));
            }
        }
    }
    // People leave out what stands in the middle: `Bewohnerausweis`.
    for left_out in 1..parts.len().saturating_sub(1) {
        if let (Some(before), Some(after), Some(last)) = (
            parts.get(left_out - 1),
            parts.get(left_out + 1),
            parts.last(),
        ) && let (Some(beginning), Some(end)) = (
            word.get(..before.next),
            word.get(after.start..last.base_end),
        ) && known
        {
            add(&format!("{beginning}{end}"));
        }
    }
    terms
}

/// The known end of a compound that begins with a name or a rare word: `Goethestraße`, `Wippgerät`.
fn behind_unknown(word: &str, lexicon: &Lexicon) -> Vec<Part> {
    if PREFIXES
        .iter()
        .any(|prefix| prefix.len() >= 4 && word.starts_with(prefix))
    {
        return Vec::new();
    }
    let mut best: Option<(usize, Vec<Part>)> = None;
    for start in 4..word.len().saturating_sub(4) {
        let (Some(beginning), Some(end)) = (word.get(..start), word.get(start..)) else {
            continue;
        };
        if !could_be_a_word(beginning) {
            continue;
        }
        let long = end.len() >= HEAD_AFTER_UNKNOWN_MIN
            && stem(end, lexicon).len() + 1 >= HEAD_AFTER_UNKNOWN_MIN;
        let parts = if (long && is_head(end, lexicon)) || HEADS_AFTER_UNKNOWN.contains(&end) {
            vec![Part {
                start,
                base_end: word.len(),
                next: word.len(),
            }]
        } else if end.len() >= 2 * HEAD_AFTER_UNKNOWN_MIN {
            let moved = |part: Part| Part {
                start: part.start + start,
                base_end: part.base_end + start,
                next: part.next + start,
            };
            split(end, lexicon)
                .unwrap_or_default()
                .into_iter()
                .map(moved)
                .collect()
        } else {
            continue;
        };
        let Some(shortest) = parts.iter().map(|part| part.base_end - part.start).min() else {
            continue;
        };
        // Short parts are found by chance; among long ones the earliest start knows most of the word.
        if shortest >= 4
            && best
                .as_ref()
                .is_none_or(|(least, _)| shortest.min(6) > *least)
        {
            best = Some((shortest.min(6), parts));
        }
    }
    best.map(|(_, parts)| parts).unwrap_or_default()
}

/// Ends of abstract nouns with the `s` that links them: where they stand before a known noun, the border
/// is certain, whatever the noun is.
const ABSTRACT: &[&str] = &["ungs", "heits", "keits", "schafts", "tions", "tats"];

/// `Verschattungsstudie`, `Erfrischungsgeld`: the first part is none of the list, but what its end tells.
fn behind_abstract(word: &str, lexicon: &Lexicon) -> Option<Vec<Part>> {
    ABSTRACT.iter().find_map(|ending| {
        let base_end = word.find(ending)? + ending.len() - 1;
        let next = base_end + 1;
        let end = word.get(next..)?;
        if base_end < 7 || end.len() < 3 {
            return None;
        }
        let first = Part {
            start: 0,
            base_end,
            next,
        };
        if is_head(end, lexicon) {
            return Some(vec![
                first,
                Part {
                    start: next,
                    base_end: word.len(),
                    next: word.len(),
                },
            ]);
        }
        let mut parts = vec![first];
        parts.extend(split(end, lexicon)?.into_iter().map(|part| Part {
            start: part.start + next,
            base_end: part.base_end + next,
            next: part.next + next,
        }));
        Some(parts)
    })
}

/// A vowel and a consonant, and not only prefixes.
fn could_be_a_word(text: &str) -> bool {
    let vowel = |byte: u8| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    text.bytes().any(vowel) && !text.bytes().all(vowel) && !only_prefixes(text)
}

fn only_prefixes(text: &str) -> bool {
    text.is_empty()
        || PREFIXES
            .iter()
            .any(|prefix| text.strip_prefix(prefix).is_some_and(only_prefixes))
}

/// Fewest parts; among those the one whose shortest part is longest.
fn split(word: &str, lexicon: &Lexicon) -> Option<Vec<Part>> {
    let mut best: Vec<Option<(usize, usize, Part)>> = vec![None; word.len() + 1];
    let mut reachable = vec![false; word.len() + 1];
    if let Some(start) = reachable.first_mut() {
        *start = true;
    }
    for start in 0..word.len() {
        if !reachable.get(start).copied().unwrap_or(false) {
            continue;
        }
        let (count, shortest) = match best.get(start).copied().flatten() {
            Some((count, shortest, _)) => (count, shortest),
            None => (0, usize::MAX),
        };
        if count >= PARTS_MAX {
            continue;
        }
        for part in parts_at(word, start, lexicon) {
            let shorter = shortest.min(part.base_end - part.start);
            let better = best.get(part.next).copied().flatten().is_none_or(
                |(old_count, old_shortest, _)| {
                    count + 1 < old_count || (count + 1 == old_count && shorter > old_shortest)
                },
            );
            if better
                && let (Some(slot), Some(flag)) =
                    (best.get_mut(part.next), reachable.get_mut(part.next))
            {
                *slot = Some((count + 1, shorter, part));
                *flag = true;
            }
        }
    }
    let mut parts = Vec::new();
    let mut at = word.len();
    while at > 0 {
        let (_, _, part) = best.get(at).copied().flatten()?;
        parts.push(part);
        at = part.start;
    }
    parts.reverse();
    (parts.len() >= 2).then_some(parts)
}

fn parts_at(word: &str, start: usize, lexicon: &Lexicon) -> Vec<Part> {
    let mut found = Vec::new();
    for base_end in start + 3..=word.len() {
        let Some(piece) = word.get(start..base_end) else {
            continue;
        };
        if base_end == word.len() {
            if start > 0 && is_head(piece, lexicon) {
                found.push(Part {
                    start,
                    base_end,
                    next: base_end,
                });
            }
            continue;
        }
        let short = base_end - start == 3 && start > 0 && !SHORT_PARTS.contains(&piece);
        if short || !is_modifier(piece, lexicon) {
            continue;
        }
        found.push(Part {
            start,
            base_end,
            next: base_end,
        });
        let Some(rest) = word.get(base_end..) else {
            continue;
        };
        for link in LINKS {
            if rest.len() > link.len() + 2 && rest.starts_with(link) {
                found.push(Part {
                    start,
                    base_end,
                    next: base_end + link.len(),
                });
            }
        }
    }
    found
}

/// Whether a piece may stand before another part.
pub(crate) fn is_modifier(piece: &str, lexicon: &Lexicon) -> bool {
    if piece.len() == 3 {
        return lexicon.is_modifier(piece);
    }
    // `Schul-`, `Kirch-`: the base has lost its `e`.
    lexicon.is_modifier(piece) || lexicon.is_modifier(&format!("{piece}e"))
}

/// Whether a piece may end a compound.
pub(crate) fn is_head(piece: &str, lexicon: &Lexicon) -> bool {
    // The end of the word carries the inflection.
    let base = stem(piece, lexicon);
    [piece, &base, &format!("{base}e"), &format!("{base}en")]
        .into_iter()
        .any(|form| lexicon.is_head(form) && (form.len() > 3 || SHORT_HEADS.contains(&form)))
}
