//! The frozen word lists, shipped inside the program.
//!
//! A change here changes what stands in an index: raise `ANALYSIS_VERSION` in `schema` with it.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::fold::fold;
use super::parted::Parting;

const WORDS: &str = include_str!("../../data/words.txt");
const VERBS: &str = include_str!("../../data/verbs.txt");

/// What a word may do inside a compound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Role {
    /// It may stand at the end, where it says what the compound is.
    head: bool,
    /// It may stand before another part.
    modifier: bool,
}

/// The words that the analysis knows.
#[derive(Debug)]
pub(crate) struct Lexicon {
    roles: HashMap<String, Role>,
    whole: HashSet<String>,
    verbs: HashMap<String, String>,
    fixed: HashMap<&'static str, &'static str>,
    irregular: HashMap<&'static str, &'static str>,
    parting: Parting,
}

impl Lexicon {
    /// The lists of this program, read once.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Lexicon> = OnceLock::new();
        SHARED.get_or_init(|| Self::parse(WORDS, VERBS))
    }

    /// `words`: one folded word a line, then a mark: none = head and modifier, `-` = modifier only,
    /// `+` = head only, `!` = a whole that is never split. `verbs`: see the head of that file.
    fn parse(words: &'static str, verbs: &str) -> Self {
        let mut roles = HashMap::new();
        let mut whole = HashSet::new();
        for line in words.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split_whitespace();
            let Some(word) = parts.next() else { continue };
            let mark = parts.next().unwrap_or("");
            if mark.contains('!') {
                whole.insert(word.to_owned());
            }
            let role = Role {
                head: !mark.contains('-'),
                modifier: !mark.contains('+'),
            };
            roles.insert(word.to_owned(), role);
        }
        Self {
            roles,
            whole,
            verbs: verb_forms(verbs),
            fixed: FIXED.iter().copied().collect(),
            irregular: IRREGULAR.iter().copied().collect(),
            parting: Parting::parse(verbs),
        }
    }

    /// Whether a folded base form may stand before another part.
    pub(crate) fn is_modifier(&self, word: &str) -> bool {
        self.roles.get(word).is_some_and(|role| role.modifier)
    }

    /// Whether a folded base form may end a compound.
    pub(crate) fn is_head(&self, word: &str) -> bool {
        self.roles.get(word).is_some_and(|role| role.head)
    }

    /// Whether a stem is a whole that must not be split although its halves are words.
    pub(crate) fn is_whole(&self, word: &str) -> bool {
        self.whole.contains(word)
    }

    /// The stem of a form of a known verb.
    pub(crate) fn verb_stem(&self, form: &str) -> Option<&str> {
        self.verbs.get(form).map(String::as_str)
    }

    /// The verbs that part from their prefixes.
    pub(super) fn parting(&self) -> &Parting {
        &self.parting
    }

    /// The stem of a form that the rules would get wrong. `plain`: it was written without an umlaut.
    pub(crate) fn fixed_stem(&self, form: &str, plain: bool) -> Option<&'static str> {
        let plainly = if plain {
            self.fixed.get(form).copied()
        } else {
            None
        };
        plainly.or_else(|| self.irregular.get(form).copied())
    }
}

/// Forms that would fall together with another word (folded), and the stem they keep.
const FIXED: &[(&str, &str)] = &[
    ("rate", "rate"),
    ("raten", "rate"),
    ("akte", "akte"),
    ("akten", "akte"),
    ("note", "note"),
    ("noten", "note"),
    ("seite", "seite"),
    ("seiten", "seite"),
    ("kosten", "kosten"),
    ("daten", "daten"),
    ("osten", "osten"),
    ("westen", "westen"),
    ("posten", "posten"),
    ("ehe", "ehe"),
    ("ehen", "ehe"),
    ("gabe", "gabe"),
    ("gaben", "gabe"),
    ("weise", "weise"),
    ("stunde", "stunde"),
    ("stunden", "stunde"),
    ("tage", "tag"),
    ("tagen", "tag"),
    ("rat", "rat"),
    ("ratte", "ratte"),
    ("ratten", "ratte"),
    ("wesen", "wesen"),
    ("baden", "baden"),
    ("gleis", "gleis"),
    ("reise", "reise"),
    ("reisen", "reise"),
    ("busse", "bus"),
    ("bussen", "bus"),
    ("sitte", "sitte"),
    ("sitten", "sitte"),
    ("fahrt", "fahrt"),
    ("fahrten", "fahrt"),
    ("bremse", "brems"),
];

/// Forms that no rule reaches (folded), however they are written, and the stem they share.
const IRREGULAR: &[(&str, &str)] = &[
    ("garten", "garten"),
    ("laden", "laden"),
    ("graben", "graben"),
    ("hoch", "hoh"),
    ("hoh", "hoh"),
    ("dunkl", "dunkel"),
    ("teur", "teuer"),
    ("saubr", "sauber"),
    ("viren", "virus"),
    ("boni", "bonus"),
    ("globen", "globus"),
    ("kakteen", "kaktus"),
    ("atlanten", "atlas"),
    ("villen", "villa"),
    ("taxen", "taxi"),
    // One tax with two names.
    ("mehrwertsteuer", "umsatzsteuer"),
    ("mehrwertsteuern", "umsatzsteuer"),
    ("zeuge", "zeuge"),
    ("zeugen", "zeuge"),
    ("zeugin", "zeuge"),
    ("zeuginnen", "zeuge"),
];

/// Prefixes that any strong verb may have and that part from it, folded.
pub(super) const SHARED_PREFIXES: &[&str] = &[
    "ab", "an", "auf", "aus", "bei", "durch", "ein", "fort", "heraus", "hin", "mit", "nach", "um",
    "vor", "weg", "weiter", "zu", "zuruck", "zusammen",
];

/// `*|schlagen schlug geschlagen`: the forms with each prefix, such as `einschlugen` and `vorgeschlagen`.
fn shared_forms(base: &str, shared: &[String], forms: &mut HashMap<String, String>) {
    let Some(root) = base.strip_suffix("en") else {
        return;
    };
    for prefix in SHARED_PREFIXES {
        let stem = format!("{prefix}{root}");
        let mut add = |form: String| {
            forms.entry(form).or_insert_with(|| stem.clone());
        };
        add(format!("{prefix}{base}"));
        add(format!("{prefix}zu{base}"));
        for form in shared {
            add(format!("{prefix}{form}"));
            // The endings of an adjective: `das eingeschlagene Fenster`.
            if form.starts_with("ge") && form.ends_with("en") {
                for ending in ["e", "en", "er", "es", "em"] {
                    add(format!("{prefix}{form}{ending}"));
                }
            }
        }
    }
}

/// Every form of the listed verbs, folded, with the stem they share.
fn verb_forms(list: &str) -> HashMap<String, String> {
    let mut forms = HashMap::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        // What is a noun as well is a form of its verb where it is written small only, see `parted`.
        let mut words = line
            .split_whitespace()
            .filter(|word| !word.starts_with('~'));
        let Some(verb) = words.next() else { continue };
        let (prefix, base) = verb.split_once('|').unwrap_or(("", verb));
        let base = fold(base);
        if prefix == "*" {
            let shared: Vec<String> = words.map(fold).collect();
            shared_forms(&base, &shared, &mut forms);
            continue;
        }
        let prefix = fold(prefix);
        let (root, infinitive) = match base.strip_suffix("en") {
            Some(root) => (root.to_owned(), "en"),
            None => (base.strip_suffix('n').unwrap_or(&base).to_owned(), "n"),
        };
        // A stem that no noun has: `ändern` must not meet `andere`, nor `fahren` the `Fahrt`.
        let stem = if infinitive == "n" {
            format!("{prefix}{root}n")
        } else {
            format!("{prefix}{root}")
        };
        let mut add = |form: String| {
            forms.entry(form).or_insert_with(|| stem.clone());
        };
        add(format!("{prefix}{root}{infinitive}"));
        for ending in ["e", "t", "et", "te", "ten", "tet", "ete", "eten"] {
            // Short roots would swallow nouns (`Rat`, `Tag`).
            if root.len() + ending.len() >= 5 && !(ending == "e" && prefix.is_empty()) {
                add(format!("{prefix}{root}{ending}"));
            }
        }
        for participle in ["t", "et"] {
            for inflected in ["", "e", "en", "er", "es", "em"] {
                add(format!("{prefix}ge{root}{participle}{inflected}"));
                if prefix.is_empty() && root.len() >= 5 {
                    add(format!("{root}{participle}{inflected}"));
                }
            }
        }
        if !prefix.is_empty() {
            add(format!("{prefix}zu{root}{infinitive}"));
        }
        for form in words {
            let form = fold(form);
            let participle = form.ends_with("en") || form.ends_with('t') || form.starts_with("ge");
            let endings: &[&str] = if participle {
                &["", "e", "en", "er", "es", "em"]
            } else {
                &[""]
            };
            for inflected in endings {
                add(format!("{form}{inflected}"));
            }
        }
    }
    forms
}
