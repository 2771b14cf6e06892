//! Verbs that stand in two places: `rief … an` is `anrufen`.
//!
//! In a main clause the prefix of a verb stands at the end and the verb itself in second place. What the two
//! make together is indexed where the verb stands, behind a mark of its own: so `beitragen` finds *trägt dazu
//! bei*, and `Beitrag` does not. Behind the same mark stand forms that are verbs only because they are
//! written small: *brach* is found by `brechen`, the *Brache* is not.

use std::collections::{HashMap, HashSet};

use super::atoms::{Atom, Shape};
use super::dates::month_number;
use super::fold::fold;
use super::lexicon::SHARED_PREFIXES;
use super::{Analyzer, PARTED, Position};

/// How far the prefix may stand behind its verb, in atoms.
const BRACKET_MAX: usize = 18;

/// The prefix that an atom may be, folded. Only what no noun and no adjective ends a clause with.
pub(super) fn parting(written: &str) -> Option<&'static str> {
    let prefix = match written {
        "ab" => "ab",
        "an" => "an",
        "auf" => "auf",
        "aus" => "aus",
        "bei" => "bei",
        "bekannt" => "bekannt",
        "dar" => "dar",
        "durch" => "durch",
        "ein" => "ein",
        "fest" => "fest",
        "fort" => "fort",
        "frei" => "frei",
        "heraus" => "heraus",
        "her" => "her",
        "hin" => "hin",
        "hinzu" => "hinzu",
        "mit" => "mit",
        "nach" => "nach",
        "nieder" => "nieder",
        "statt" => "statt",
        "teil" => "teil",
        "um" => "um",
        "unter" => "unter",
        "vor" => "vor",
        "weg" => "weg",
        "weiter" => "weiter",
        "wieder" => "wieder",
        "zu" => "zu",
        "zurück" | "zurueck" => "zuruck",
        "zusammen" => "zusammen",
        _ => return None,
    };
    Some(prefix)
}

/// The verbs of the list by the forms in which they part, or in which a noun is written alike.
#[derive(Debug, Default)]
pub(super) struct Parting {
    /// Prefix and form together (`anrief`), with the stem of the verb.
    together: HashMap<String, String>,
    /// Forms without a prefix that are a noun when written with a capital (`brach`).
    alike: HashMap<String, String>,
    /// Forms that a verb has in second place, without any prefix.
    finite: HashSet<String>,
    /// Stems of the verbs that the list has with `um` for themselves.
    around: HashSet<String>,
    /// Infinitives and participles: who types one of them means the verb.
    asked: HashSet<String>,
}

/// One line of the list, folded.
struct Verb {
    prefix: String,
    base: String,
    /// Each with whether it stands behind a `~`.
    forms: Vec<(String, bool)>,
}

impl Parting {
    /// Of the list of verbs, see its head.
    pub(super) fn parse(list: &str) -> Self {
        let verbs: Vec<Verb> = list
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(verb)
            .collect();
        // `nahm` is written down once, for `nehmen`, and holds for every prefix.
        let mut irregular: HashMap<&str, Vec<&str>> = HashMap::new();
        for verb in &verbs {
            if matches!(verb.prefix.as_str(), "" | "*") {
                let forms = verb.forms.iter().map(|(form, _)| form.as_str());
                irregular
                    .entry(&verb.base)
                    .or_default()
                    .extend(forms.filter(|form| !is_participle(form)));
            }
        }
        let mut parting = Self::default();
        for verb in &verbs {
            let finite = finite_forms(&verb.base, irregular.get(verb.base.as_str()));
            match verb.prefix.as_str() {
                "" => parting.add_alike(verb),
                "*" => {
                    for prefix in SHARED_PREFIXES {
                        parting.with_prefix(prefix, verb, &finite);
                    }
                }
                prefix => parting.with_prefix(prefix, verb, &finite),
            }
            if verb.prefix == "um" {
                let stem = format!("um{}", stem_of_base(&verb.base));
                parting.around.insert(stem);
            }
            parting.finite.extend(finite);
        }
        parting
    }

    fn with_prefix(&mut self, prefix: &str, verb: &Verb, finite: &[String]) {
        let base = &verb.base;
        let stem = format!("{prefix}{}", stem_of_base(base));
        for form in finite {
            self.together
                .entry(format!("{prefix}{form}"))
                .or_insert_with(|| stem.clone());
        }
        let root = base.strip_suffix("en").unwrap_or(base);
        self.asked.extend([
            format!("{prefix}{base}"),
            format!("{prefix}zu{base}"),
            format!("{prefix}ge{root}t"),
            format!("{prefix}ge{root}et"),
        ]);
        for (form, _) in &verb.forms {
            // `*|rufen gerufen` and `an|geben angegeben`.
            let bare = form.strip_prefix(prefix).unwrap_or(form);
            if is_participle(bare) {
                self.asked.insert(format!("{prefix}{bare}"));
            }
        }
    }

    fn add_alike(&mut self, verb: &Verb) {
        let stem = stem_of_base(&verb.base);
        let mut any = false;
        for (form, _) in verb.forms.iter().filter(|(_, alike)| *alike) {
            any = true;
            self.alike
                .entry(form.clone())
                .or_insert_with(|| stem.clone());
        }
        if any {
            self.asked.insert(verb.base.clone());
            let participles = verb.forms.iter().map(|(form, _)| form);
            self.asked
                .extend(participles.filter(|form| is_participle(form)).cloned());
        }
    }

    /// The stem of the verb that a folded form is where it is written small: with its prefix before it, so that
    /// it may stand so at the end of a clause.
    pub(super) fn together(&self, form: &str) -> Option<&str> {
        self.together.get(form).map(String::as_str)
    }

    /// The same of a form without any prefix that a noun is written like.
    pub(super) fn alike(&self, form: &str) -> Option<&str> {
        self.alike.get(form).map(String::as_str)
    }

    /// Whether a folded form may be the verb of a clause.
    fn is_finite(&self, form: &str) -> bool {
        self.finite.contains(form) || AUXILIARIES.contains(&form)
    }

    /// `Es geht um: …`, `Kopie geht an: …`: whether what looks like the prefix of a verb announces something, so
    /// that it is a preposition. `Wir ziehen um: …` is a verb all the same.
    fn only_announces(&self, prefix: &str, stem: &str) -> bool {
        stem == "angeh" || (prefix == "um" && !self.around.contains(stem))
    }

    /// Whether who types a folded form means a verb that may stand parted.
    pub(super) fn is_asked(&self, form: &str) -> bool {
        self.asked.contains(form)
    }
}

fn verb(line: &str) -> Option<Verb> {
    let mut words = line.split_whitespace();
    let (prefix, base) = {
        let verb = words.next()?;
        verb.split_once('|').unwrap_or(("", verb))
    };
    let forms = words.map(|form| {
        let bare = form.strip_prefix('~');
        (fold(bare.unwrap_or(form)), bare.is_some())
    });
    Some(Verb {
        prefix: fold(prefix),
        base: fold(base),
        forms: forms.collect(),
    })
}

/// The stem that the analysis gives to the forms of a verb without a prefix.
fn stem_of_base(base: &str) -> String {
    base.strip_suffix("en").unwrap_or(base).to_owned()
}

fn finite_forms(base: &str, irregular: Option<&Vec<&str>>) -> Vec<String> {
    let root = base
        .strip_suffix("en")
        .or_else(|| base.strip_suffix('n'))
        .unwrap_or(base);
    let endings = ["e", "t", "et", "te", "ten", "ete", "eten"];
    let mut forms: Vec<String> = endings.map(|ending| format!("{root}{ending}")).into();
    forms.push(base.to_owned());
    forms.extend(
        irregular
            .into_iter()
            .flatten()
            .map(|form| (*form).to_owned()),
    );
    forms
}

/// `gerufen`, `gesandt`; not `geht`.
fn is_participle(form: &str) -> bool {
    form.len() >= 6 && form.starts_with("ge") && (form.ends_with("en") || form.ends_with('t'))
}

/// Verbs that part from nothing: with one of them a clause has its verb. Folded.
const AUXILIARIES: &[&str] = &[
    "ist", "sind", "war", "waren", "hat", "habe", "haben", "hatte", "hatten", "wird", "werden",
    "wurde", "wurden", "kann", "konnen", "konnte", "konnten", "muss", "mussen", "musste",
    "mussten", "soll", "sollen", "sollte", "sollten", "darf", "durfen", "durfte", "durften",
    "will", "wollen", "wollte", "wollten", "mochte", "mochten",
];

/// What stands before an adjective: behind it `beantragte` is no verb.
const DETERMINERS: &[&str] = &[
    "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines",
    "ihr", "ihre", "ihren", "ihrem", "ihrer", "ihres", "seine", "seinen", "seiner", "unsere",
    "unseren", "unserer", "alle", "allen", "aller", "diese", "diesen", "dieser", "jede", "jeden",
    "keine", "keinen", "zum", "zur", "vom", "beim", "im", "am",
];

/// Words behind which a prefix belongs to them: `von Anfang an`, `von sich aus`. Folded.
const FROM: &[&str] = &[
    "anfang", "beginn", "jetzt", "da", "nun", "heute", "morgen", "hier", "dort", "sich", "haus",
    "mir", "uns", "grund", "klein", "jeher", "weitem", "ort",
];

/// Words that stand before `nach` and `vor`, which then belong to them: `meiner Meinung nach`, `nach wie vor`.
const BEFORE: &[&str] = &[
    "und",
    "oder",
    "wie",
    "bis",
    "meinung",
    "ansicht",
    "auffassung",
    "erachtens",
    "reihe",
    "sinn",
    "wortlaut",
    "gesetz",
    "je",
];

/// After `mit und` and `vor oder` these tell that no clause ends there.
const GOES_ON: &[&str] = &[
    "ohne", "für", "über", "neben", "zwischen", "gegen", "in", "im", "von",
];

impl Analyzer {
    /// `Sie rief gestern im Amt an.`: the verb is also `anrufen`.
    /// `prefixes`: where one may stand, and which.
    pub(super) fn parted(
        &self,
        text: &str,
        atoms: &[Atom<'_>],
        prefixes: &[(usize, &'static str)],
        positions: &mut [Position],
    ) {
        for (at, prefix) in prefixes.iter().copied() {
            if at > 0
                && ends_clause(text, atoms, at)
                && !belongs_before(atoms, at)
                && !follows_prefix(text, atoms, at)
                && let Some((verb, stem)) = self.verb_of(text, atoms, at, prefix)
                && let Some(position) = positions.get_mut(verb)
            {
                position.add(format!("{PARTED}{stem}"));
            }
        }
    }

    /// The verb to which a prefix at the end of a clause belongs, and the stem of both.
    fn verb_of(
        &self,
        text: &str,
        atoms: &[Atom<'_>],
        end: usize,
        prefix: &str,
    ) -> Option<(usize, &str)> {
        let verbs = self.lexicon.parting();
        let announces = announces(text, atoms, end);
        for at in (end.saturating_sub(BRACKET_MAX)..end).rev() {
            if parts_clauses(text, atoms, at) {
                return None;
            }
            let atom = atoms.get(at)?;
            let before = at.checked_sub(1).and_then(|before| atoms.get(before));
            if atom.shape != Shape::Letters || (is_capital(&atom.text) && !asks(atoms, at)) {
                continue;
            }
            // `Wenden Sie sich an: Frau Meier`: the prefix belongs to what it announces.
            if announces && atom.text == "sich" {
                return None;
            }
            let folded = fold(&atom.text);
            let inflected = folded.ends_with('e') || folded.ends_with("en");
            let adjective = inflected && before.is_some_and(|before| is_determiner(&before.text));
            if adjective || before.is_some_and(|before| before.text == "zu") || folded == "bitte" {
                continue;
            }
            if let Some(stem) = verbs.together(&format!("{prefix}{folded}")) {
                let only = announces && verbs.only_announces(prefix, stem);
                let parted = !only || (stem == "umgeh" && names_with(atoms, at, end));
                return parted.then_some((at, stem));
            }
            // The clause has another verb: nothing belongs to the prefix.
            if verbs.is_finite(&folded) {
                return None;
            }
        }
        None
    }
}

/// Whether a word announces a noun.
pub(super) fn is_determiner(written: &str) -> bool {
    DETERMINERS.contains(&written.to_lowercase().as_str())
}

fn is_capital(written: &str) -> bool {
    written.chars().next().is_some_and(char::is_uppercase)
}

/// `Bringen Sie … mit`: a verb with a capital, because it begins its sentence.
fn asks(atoms: &[Atom<'_>], at: usize) -> bool {
    let next = atoms.get(at + 1).map(|next| next.text.as_ref());
    matches!(next, Some("Sie" | "wir" | "bitte"))
}

/// Whether a clause ends behind an atom.
fn ends_clause(text: &str, atoms: &[Atom<'_>], at: usize) -> bool {
    let Some(atom) = atoms.get(at) else {
        return false;
    };
    let next = atoms.get(at + 1);
    let stop = next.map_or(text.len(), |next| next.start);
    let gap = text.get(atom.end..stop).unwrap_or("");
    let sign = gap.trim_start().chars().next();
    if let Some(sign) = sign {
        // `an-` goes on, `an/ab` does, and so does `ab.1`.
        let blank = next.is_none() || gap.contains(char::is_whitespace);
        // `Es geht um "Wohngeld"`: a quotation that begins there goes on.
        let quoted = matches!(sign, '"' | '“' | '”' | '»' | '«') && gap.starts_with(sign);
        return blank && (quoted || matches!(sign, '.' | ',' | ';' | ':' | '!' | '?' | ')' | '–'));
    }
    let Some(next) = next else {
        return true;
    };
    let link = matches!(
        next.text.as_ref(),
        "und" | "oder" | "sowie" | "aber" | "sondern" | "denn"
    );
    let other = atoms.get(at + 2).map_or("", |other| other.text.as_ref());
    gap.matches('\n').count() > 1 || (link && parting(other).is_none() && !GOES_ON.contains(&other))
}

/// Whether what an atom is about stands behind it, in a list or in a paragraph of its own.
fn announces(text: &str, atoms: &[Atom<'_>], at: usize) -> bool {
    let Some(atom) = atoms.get(at) else {
        return false;
    };
    let stop = atoms.get(at + 1).map_or(text.len(), |next| next.start);
    let gap = text.get(atom.end..stop).unwrap_or("");
    match gap.trim_start().chars().next() {
        Some(sign) => sign == ':' || (sign == '–' && gap.contains('\n')),
        None => gap.matches('\n').count() > 1,
    }
}

/// `So gehen Sie mit der Karte um: …`: `umgehen` says with what, `es geht um` does not.
fn names_with(atoms: &[Atom<'_>], verb: usize, end: usize) -> bool {
    let between = atoms.get(verb..end).unwrap_or_default();
    between
        .iter()
        .any(|atom| matches!(atom.text.as_ref(), "mit" | "damit"))
}

/// `nimmt teil an: …`, `setzt sich zusammen aus: …`: the verb has its prefix already.
fn follows_prefix(text: &str, atoms: &[Atom<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| atoms.get(before));
    before.is_some_and(|before| parting(&before.text).is_some()) && announces(text, atoms, at)
}

/// `von Anfang an`, `nach wie vor`, `ab und zu`: no verb has this prefix.
fn belongs_before(atoms: &[Atom<'_>], at: usize) -> bool {
    let back = |count: usize| at.checked_sub(count).and_then(|at| atoms.get(at));
    let Some(last) = back(1) else { return true };
    let folded = fold(&last.text);
    if BEFORE.contains(&folded.as_str()) {
        return true;
    }
    // `vom 1. Mai an`, `von 2025 an`, `ab Mai`.
    let day = last.shape == Shape::Digits || month_number(&folded).is_some();
    let from = (2..=3)
        .filter_map(back)
        .any(|word| matches!(word.text.as_ref(), "von" | "Von" | "vom" | "Vom"));
    from && (day || FROM.contains(&folded.as_str()))
}

/// Whether a sentence ends between an atom and the next, or a clause begins there.
fn parts_clauses(text: &str, atoms: &[Atom<'_>], at: usize) -> bool {
    let (Some(atom), Some(next)) = (atoms.get(at), atoms.get(at + 1)) else {
        return true;
    };
    let gap = text.get(atom.end..next.start).unwrap_or("");
    let blank = gap.contains(char::is_whitespace);
    let number = |atom: &Atom<'_>| atom.shape == Shape::Digits;
    gap.chars().any(|c| match c {
        '!' | '?' | ';' => true,
        ':' => blank,
        // `Dr. Meier`, `Nr. 5` and `3. März` go on.
        '.' => {
            blank
                && !number(atom)
                && !number(next)
                && atom.text.chars().count() > 3
                && is_capital(&next.text)
        }
        // `Ausweise, Pässe und Urkunden` goes on; what begins small is another clause.
        ',' => blank && !is_capital(&next.text) && !number(next),
        _ => false,
    }) || gap.matches('\n').count() > 1
}
