//! Inflection is removed, derivation is kept.
//!
//! The usual German stemmer cuts `Sicherheit` down to `sich` and `Bürger` down to `burg`. An archive
//! cannot afford that: a clerk who asks for *Sicherheit* must not be shown every letter with *sich* in
//! it. So only endings that change case, number, tense or person go. Input is folded (see `fold`).

use super::lexicon::Lexicon;

const STEM_CHARS_MIN: usize = 3;
const ROUNDS_MAX: usize = 4;

/// Nouns whose plural ends in `-er`: a closed class. Tested as endings, so that compounds follow.
const ER_PLURALS: &[&str] = &[
    "haus",
    "buch",
    "land",
    "kind",
    "bild",
    "feld",
    "geld",
    "gut",
    "amt",
    "dorf",
    "rad",
    "mann",
    "wald",
    "wort",
    "blatt",
    "brett",
    "dach",
    "fach",
    "glas",
    "grab",
    "haupt",
    "holz",
    "huhn",
    "kalb",
    "kleid",
    "kraut",
    "lamm",
    "licht",
    "loch",
    "nest",
    "rind",
    "schild",
    "schloss",
    "tal",
    "tuch",
    "volk",
    "bad",
    "fass",
    "geist",
    "glied",
    "gesicht",
    "gewand",
    "rand",
    "pfand",
    "mal",
    "horn",
    "korn",
    "gehalt",
    "spital",
    "hospital",
    "denkmal",
    "schwert",
    "strauch",
    "wurm",
    "gott",
    "weib",
    "lied",
    "band",
    "irrtum",
    "heiligtum",
    "altertum",
];

/// Bases that take the endings of adjectives although no suffix shows it.
const ADJECTIVES: &[&str] = &[
    "neu",
    "gross",
    "klein",
    "alt",
    "jung",
    "hoh",
    "deutsch",
    "ander",
    "weiter",
    "ganz",
    "offen",
    "erst",
    "zweit",
    "dritt",
    "viert",
    "letzt",
    "nachst",
    "frei",
    "blau",
    "rot",
    "grun",
    "schwarz",
    "weiss",
    "kurz",
    "lang",
    "gut",
    "voll",
    "eigen",
    "fremd",
    "beamt",
    "angestellt",
    "bedienstet",
    "verwandt",
    "beauftragt",
    "vorsitzend",
    "abgeordnet",
    "jugendlich",
    "erwachsen",
    "selbstandig",
    "rechtzeitig",
    "schwer",
    "leicht",
    "schnell",
    "warm",
    "kalt",
    "nass",
    "trocken",
    "hell",
    "dunkel",
    "laut",
    "breit",
    "schmal",
    "stark",
    "schwach",
    "krank",
    "gesund",
    "fest",
    "dicht",
    "leer",
    "kaputt",
    "defekt",
    "direkt",
    "wild",
    "streng",
    "spat",
    "fruh",
    "teuer",
    "sauber",
    "dringend",
    "minderjahrig",
    "ober",
    "unter",
    "inner",
    "ausser",
    "vorder",
    "hinter",
    "mittler",
];

/// Forms that change their ending in the plural, and how much of them stays.
const LATIN_NOUNS: &[(&str, usize)] = &[
    ("firma", 4),
    ("thema", 4),
    ("themas", 4),
    ("konto", 4),
    ("kontos", 4),
    ("schema", 5),
    ("schemas", 5),
    ("risiko", 5),
    ("risikos", 5),
    ("praxis", 4),
    ("nachbarn", 7),
];

const ADJECTIVE_SUFFIXES: &[&str] = &[
    "lich", "ig", "isch", "bar", "sam", "haft", "los", "end", "iert", "massig", "artig", "igt",
    "frei", "voll", "uell", "iell", "onell", "iv", "ional", "zial", "ital", "unal",
];

/// Endings whose `s` belongs to the word. Few end so by nature; far more are a genitive or a plural
/// (`Widerspruchs`, `Kitas`, `Personals`), so that what is kept is named as narrowly as it can be.
const KEEPS_S: &[&str] = &[
    "kurs", "zins", "hals", "puls", "ss", "us", "los", "aos", "nis", "eis", "ais", "ois", "uis",
    "sis", "itis", "polis", "praxis", "galaxis", "fuchs", "dachs", "wachs", "wuchs", "lachs",
    "luchs", "flachs", "sechs", "gas", "glas", "gras", "atlas", "reas", "ias", "ananas", "gips",
    "mops", "raps", "kollaps", "schnaps", "maas",
];

/// Words that end in `s` as a whole, although longer ones with that ending are inflected (`Rechts`
/// is none, `Baurechts` is).
const WHOLE_WITH_S: &[&str] = &[
    "rechts", "links", "stets", "bereits", "abseits", "falls", "eins", "mittels", "als", "gans",
    "fels", "ochs", "thomas", "lukas", "lucas", "jonas", "niklas", "nikolas", "nicolas", "douglas",
    "texas", "paris", "boris", "doris", "iris", "chris", "francis", "gratis", "dennis", "elvis",
    "damals",
];

/// Endings of inflected words that look like one of `KEEPS_S`.
const LOSES_S: &[&str] = &["baus", "staus", "magazins", "benzins", "akkus", "menus"];

/// Abbreviations that stand for a word.
const SHORT_FORMS: &[(&str, &str)] = &[
    ("eur", "euro"),
    ("az", "aktenzeichen"),
    ("abs", "absatz"),
    ("nr", "nummer"),
    ("tel", "telefon"),
    ("abt", "abteilung"),
    ("plz", "postleitzahl"),
    ("mwst", "umsatzsteuer"),
    ("ust", "umsatzsteuer"),
];

/// The common stem of the forms of a folded word that was written without umlauts and ß.
pub(crate) fn stem(word: &str, lexicon: &Lexicon) -> String {
    stem_of(word, true, lexicon)
}

/// The common stem of the forms of a folded word. `plain`: folding has changed nothing but case, so that
/// `Rate` can be told from `Räte`.
pub(crate) fn stem_of(word: &str, plain: bool, lexicon: &Lexicon) -> String {
    if let Some((_, long)) = SHORT_FORMS.iter().find(|(short, _)| *short == word) {
        return stem_of(long, plain, lexicon);
    }
    if word.len() < 4 || word.bytes().any(|b| !b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut stem = word.to_owned();
    for _ in 0..ROUNDS_MAX {
        let fixed = lexicon.fixed_stem(&stem, plain);
        if let Some(known) = fixed.or_else(|| lexicon.verb_stem(&stem)) {
            return known.to_owned();
        }
        if let Some(stem) = parted_verb(&stem, lexicon) {
            return stem;
        }
        if !strip_once(&mut stem) {
            break;
        }
    }
    stem
}

fn cut(word: &mut String, ending: &str) -> bool {
    let Some(rest) = word.strip_suffix(ending) else {
        return false;
    };
    if rest.len() < STEM_CHARS_MIN || !rest.bytes().any(is_vowel) {
        return false;
    }
    let length = rest.len();
    word.truncate(length);
    true
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

fn strip_once(word: &mut String) -> bool {
    feminine(word)
        || latin(word)
        || adjective(word)
        || plural_in_er(word)
        || cut_plural(word)
        || genitive(word)
        || participle(word)
        || simple_participle(word)
}

/// Ends of nouns for people other than those in `-er`, whose female form is made with `-in`.
const PEOPLE: &[&str] = &[
    "arzt", "kolleg", "kund", "nachbar", "anwalt", "beamt", "dent", "rent", "nent", "ient", "sent",
    "ist", "ekt", "iat", "ikant", "log", "pat", "koch", "freund", "chef", "wirt",
];

/// `Antragstellerin`, `Antragstellerinnen` → `antragsteller`, `Ärztinnen` → `arzt`.
fn feminine(word: &mut String) -> bool {
    for ending in ["innen", "in"] {
        let Some(rest) = word.strip_suffix(ending) else {
            continue;
        };
        let person = (rest.len() >= 5 && rest.ends_with("er"))
            || PEOPLE.iter().any(|noun| rest.ends_with(noun));
        if person {
            let length = rest.len();
            word.truncate(length);
            return true;
        }
    }
    false
}

/// `Ministerium`, `Museum`, `Zentrum`, `Firma`: the plural cuts what looks like the stem.
fn latin(word: &mut String) -> bool {
    for (ending, keep) in [("ium", 1), ("iums", 1), ("trum", 2), ("trums", 2)] {
        if word.len() > ending.len() + 2 && word.ends_with(ending) {
            word.truncate(word.len() - ending.len() + keep);
            return true;
        }
    }
    if let Some(root) = word
        .strip_suffix("eum")
        .or_else(|| word.strip_suffix("eums"))
    {
        *word = format!("{root}ee");
        return true;
    }
    for (form, length) in LATIN_NOUNS {
        if word.ends_with(form) {
            word.truncate(word.len() - form.len() + length);
            return true;
        }
    }
    false
}

/// `öffentlicher`, `öffentlichem`, `gültiger`: only behind what is an adjective for certain.
fn adjective(word: &mut String) -> bool {
    for ending in [
        "eren", "erer", "eres", "erem", "ere", "er", "em", "es", "en", "e",
    ] {
        let Some(base) = word.strip_suffix(ending) else {
            continue;
        };
        let short = ADJECTIVES.contains(&base);
        let long = base.len() >= 5
            && ADJECTIVE_SUFFIXES
                .iter()
                .any(|suffix| base.ends_with(suffix));
        if short || long {
            let length = base.len();
            word.truncate(length);
            return true;
        }
    }
    false
}

fn plural_in_er(word: &mut String) -> bool {
    for ending in ["ern", "er"] {
        let Some(base) = word.strip_suffix(ending) else {
            continue;
        };
        if ER_PLURALS.iter().any(|noun| base.ends_with(noun)) {
            let length = base.len();
            word.truncate(length);
            return true;
        }
    }
    false
}

fn cut_plural(word: &mut String) -> bool {
    if word.ends_with("nisse") || word.ends_with("nissen") || word.ends_with("nisses") {
        let keep = word.trim_end_matches(['s', 'e', 'n']).len();
        word.truncate(keep);
        word.push('s');
        return true;
    }
    if word.ends_with("ee") {
        return false;
    }
    if word.ends_with("een")
        || word.ends_with("ern")
        || word.ends_with("eln")
        || word.as_str() == "herrn"
    {
        word.truncate(word.len() - 1);
        return true;
    }
    cut(word, "en") || cut(word, "e")
}

fn keeps_s(word: &str) -> bool {
    WHOLE_WITH_S.contains(&word)
        || (KEEPS_S.iter().any(|kept| word.ends_with(kept))
            && !LOSES_S.iter().any(|lost| word.ends_with(lost)))
}

fn genitive(word: &mut String) -> bool {
    if !word.ends_with('s') || keeps_s(word) {
        // `Vertrages`, `Hauses`, `Preises`: the `e` tells that the `s` is an ending.
        return word.ends_with("es") && !word.ends_with("ies") && cut(word, "es");
    }
    if word.ends_with("es") {
        return cut(word, "es");
    }
    let valid = word
        .as_bytes()
        .iter()
        .rev()
        .nth(1)
        .is_some_and(|before| b"abcdfghiklmnoprtuvwy".contains(before));
    valid && cut(word, "s")
}

/// Prefixes that part from their verb, folded.
const PARTING: &[&str] = &[
    "zuruck", "zusammen", "weiter", "wieder", "nieder", "heraus", "hinaus", "durch", "nach",
    "fest", "frei", "fort", "auf", "aus", "ein", "vor", "weg", "los", "her", "hin", "bei", "mit",
    "ab", "an", "um", "zu",
];

/// `zurückgeschnitten`, `abgeschafft`, `abzuschaffen`: the verb of a prefix that parts, although no list
/// names the two together.
fn parted_verb(word: &str, lexicon: &Lexicon) -> Option<String> {
    PARTING.iter().find_map(|prefix| {
        let rest = word.strip_prefix(prefix)?;
        if let Some(root) = rest.strip_prefix("ge") {
            if let Some(stem) = lexicon.verb_stem(rest) {
                return Some(format!("{prefix}{stem}"));
            }
            let root = root.strip_suffix('t')?;
            return is_root(root).then(|| format!("{prefix}{root}"));
        }
        let root = rest.strip_prefix("zu")?.strip_suffix("en")?;
        is_root(root).then(|| format!("{prefix}{root}"))
    })
}

/// Nouns and others that begin and end like a participle.
const NO_PARTICIPLES: &[&str] = &[
    "gericht",
    "gesicht",
    "gewicht",
    "geschaft",
    "gestalt",
    "gespenst",
    "gedicht",
    "geflecht",
    "geschlecht",
    "gefecht",
    "geschicht",
    "gerecht",
    "gefahrt",
    "gewandt",
    "gesandt",
    "gerucht",
];

/// `geschwärzt`, `gepachtet` → `schwarz`, `pacht`.
fn simple_participle(word: &mut String) -> bool {
    let root = word
        .strip_prefix("ge")
        .and_then(|rest| rest.strip_suffix("et").or_else(|| rest.strip_suffix('t')));
    let Some(root) = root else { return false };
    if !is_root(root) || NO_PARTICIPLES.contains(&word.as_str()) {
        return false;
    }
    *word = root.to_owned();
    true
}

/// Four letters or more with one sounding part, as the roots of verbs have.
fn is_root(text: &str) -> bool {
    let sounding = text
        .as_bytes()
        .chunk_by(|left, right| is_vowel(*left) == is_vowel(*right))
        .filter(|run| run.first().copied().is_some_and(is_vowel))
        .count();
    text.len() >= 4 && sounding == 1
}

/// `genehmigt`, `reguliert`: forms that no list has to name.
fn participle(word: &mut String) -> bool {
    (word.ends_with("igt") || word.ends_with("iert")) && word.len() > 6 && cut(word, "t")
}
