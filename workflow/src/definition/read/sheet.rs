//! A definition as it stands in TOML: tables with the keys that they may have, and where each thing stands.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Reader;
use super::head::LABEL_CHARS_MAX;
use crate::definition::Words;

/// A kind of table, and the keys that it may have. `schema` has the same.
pub(in crate::definition) struct Shape {
    /// Its name in the schema.
    pub(in crate::definition) name: &'static str,
    /// Its keys.
    pub(in crate::definition) keys: &'static [&'static str],
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $shape:ident = $name:literal: $($key:literal)+;)+) => {
        $($(#[$doc])* pub(in crate::definition) const $shape: &Shape = &Shape {
            name: $name,
            keys: &[$($key),+],
        };)+
        /// All of them.
        #[cfg(test)]
        pub(in crate::definition) const SHAPES: &[&Shape] = &[$($shape),+];
    };
}

shapes! {
    DEFINITION = "definition": "id" "version" "title" "description" "case_type" "plan_unit" "compartment" "legal" "start"
        "start_by" "cancel_by" "matter_of" "unique" "per_document" "field" "lookup" "state";
    WORDS = "words": "de" "en";
    FIELD = "field": "key" "label" "kind" "from" "or_from" "required" "private" "chars_max" "pattern"
        "example" "entries";
    ENTRY = "entry": "value" "label";
    LOOKUP = "lookup": "key" "rows" "default";
    STATE = "state": "id" "label" "end" "order" "join" "next" "exits" "adhoc" "on_enter" "beside" "step";
    BESIDE = "beside": "states" "by" "when";
    EXIT = "exit": "when" "to";
    STEP = "step": "id" "label" "help" "kind" "mark" "assignee" "each" "when" "require" "distinct_from" "own_matter" "ask"
        "binds" "form" "event" "effect" "skip" "return_to" "outcomes" "due";
    REQUIREMENT = "requirement": "is" "otherwise" "with";
    ASK = "ask": "field" "required" "with";
    STEP_FORM = "step_form": "form" "into";
    SKIP = "skip": "by" "overdue";
    OUTCOME = "outcome": "key" "label" "to" "reason" "said" "when" "effects";
    DUE = "due": "working_days" "days" "weeks" "months" "hours" "field" "offset_days" "offset_working_days" "kind"
        "before" "remind" "remind_hours" "remind_to" "escalate" "lapse" "extend_by";
    ESCALATION = "escalation": "after" "to";
    LAPSE = "lapse": "after" "outcome";
    ASSIGNEE = "assignee": "function" "role" "department" "field" "initiator" "manager_of" "taker_of" "each" "anybody"
        "system";
    EFFECT = "effect": "register" "freeze" "dispatch" "destroy" "close_case" "close_file" "move_to" "plan_unit" "lead"
        "open_case" "subject" "exclude" "set" "to" "notify" "text";
    WORK = "work": "seal" "export" "form" "into";
}

/// Shapes of tables that are named in complaints by what they call themselves.
const NAMED: [&str; 4] = ["field", "lookup", "state", "step"];

/// Where something stands: its place in the source, and its key.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) at: usize,
    pub(super) key: String,
}

impl At {
    /// The whole.
    pub(super) const fn start() -> Self {
        Self {
            at: 0,
            key: String::new(),
        }
    }

    /// The same place with a key below it.
    pub(super) fn below(&self, key: &str) -> Self {
        let key = if self.key.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.key)
        };
        Self { at: self.at, key }
    }

    /// The same key at another place.
    fn moved(&self, at: usize) -> Self {
        Self {
            at,
            key: self.key.clone(),
        }
    }

    /// The same place with another key.
    pub(super) fn named(&self, key: impl Into<String>) -> Self {
        Self {
            at: self.at,
            key: key.into(),
        }
    }
}

/// A value with where it stands.
#[derive(Clone)]
pub(super) struct Placed<'a> {
    pub(super) value: &'a DeValue<'a>,
    pub(super) at: At,
}

/// A text with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) at: At,
}

/// A table with where it stands. Its keys are known.
pub(super) struct Sheet<'a> {
    table: &'a DeTable<'a>,
    pub(super) at: At,
    /// Whether it has keys that there are not: then what seems to be missing may be one of these.
    pub(super) strange: bool,
}

impl<'a> Sheet<'a> {
    /// What it calls itself.
    fn name(&self) -> Option<&'a str> {
        let found = self.get("key").or_else(|| self.get("id"))?;
        found.value.as_str()
    }

    /// The same, whose keys are named in another way.
    pub(super) fn renamed(self, key: String) -> Self {
        let at = self.at.named(key);
        Self { at, ..self }
    }

    /// What stands under a key.
    pub(super) fn get(&self, key: &str) -> Option<Placed<'a>> {
        let (_, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(Placed {
            at: self.at.below(key).moved(value.span().start),
            value: value.get_ref(),
        })
    }

    /// Where a key stands, or would stand.
    pub(super) fn below(&self, key: &str) -> At {
        let found = self.get(key);
        found.map_or_else(|| self.at.below(key), |found| found.at)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All keys and values, as they stand in a table whose keys are free.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, Placed<'a>)> {
        self.table.iter().map(|(key, value)| {
            let key = key.get_ref().to_string();
            let at = self.at.below(&key).moved(value.span().start);
            let value = value.get_ref();
            (key, Placed { value, at })
        })
    }
}

/// What belongs to a table around this one: in TOML it must stand before this one begins.
fn misplaced(shape: &Shape, key: &str) -> Option<String> {
    let around: &[(&Shape, &str)] = match shape.name {
        "due" => &[
            (STEP, "zum Schritt, vor [state.step.due]"),
            (STATE, "zum Zustand, vor das erste [[state.step]]"),
            (DEFINITION, "an den Anfang, vor die erste Zeile mit [["),
        ],
        "step" => &[
            (STATE, "zum Zustand, vor das erste [[state.step]]"),
            (DEFINITION, "an den Anfang, vor die erste Zeile mit [["),
        ],
        "field" | "lookup" | "state" => {
            &[(DEFINITION, "an den Anfang, vor die erste Zeile mit [[")]
        }
        _ => &[],
    };
    let mut around = around.iter();
    let (_, place) = around.find(|(shape, _)| shape.keys.contains(&key))?;
    Some(format!("Er gehört {place}."))
}

/// How a table of a shape is written.
fn example(shape: &Shape) -> &'static str {
    match shape.name {
        "assignee" => {
            "Zum Beispiel: { role = \"head\" }, { function = \"kst-20\" } oder { field = \"feld\" }."
        }
        "entry" => "Zum Beispiel: { value = \"ja\", label = \"Ja\" }.",
        "beside" => "Zum Beispiel: { states = [\"zustand\"], by = [{ field = \"lead\" }] }.",
        "exit" => "Zum Beispiel: { when = 'betrag > 500.00', to = \"zustand\" }.",
        "requirement" => {
            "Zum Beispiel: { is = 'known(betrag)', otherwise = \"Der Betrag fehlt.\" }."
        }
        "step_form" => "Zum Beispiel: { form = \"formular\", into = \"feld\" }.",
        "skip" => "Zum Beispiel: { by = { role = \"head\" }, overdue = true }.",
        "outcome" => "Zum Beispiel: { key = \"approved\", label = \"genehmigt\" }.",
        "escalation" => "Zum Beispiel: { after = 2, to = { role = \"head\" } }.",
        "lapse" => "Zum Beispiel: { after = 10, outcome = \"expired\" }.",
        "effect" => "Zum Beispiel: { register = \"feld\" } oder { close_case = true }.",
        "work" => "Zum Beispiel: { seal = \"feld\" }.",
        "due" => "Die Frist steht unter dem Schritt: [state.step.due], darunter working_days = 5.",
        "field" | "lookup" | "state" | "step" => {
            "Sie beginnt mit einer Zeile in zwei Klammern, wie [[state]] oder [[state.step]]."
        }
        _ => "Zum Beispiel: { schlüssel = \"wert\" }.",
    }
}

/// What a value is, for whoever wrote another.
fn what(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "ein Text",
        DeValue::Integer(_) => "eine Zahl",
        DeValue::Float(_) => "eine Kommazahl",
        DeValue::Boolean(_) => "true oder false",
        DeValue::Datetime(_) => "ein Datum",
        DeValue::Array(_) => "eine Liste",
        DeValue::Table(_) => "eine Tabelle",
    }
}

impl Reader {
    pub(super) fn wrong(&mut self, found: &Placed<'_>, expected: &str, remedy: &str) {
        let said = format!(
            "Hier steht {}, erwartet wird {expected}.",
            what(found.value)
        );
        self.complain(&found.at, said, remedy);
    }

    /// The whole source. Its keys are looked at.
    pub(super) fn root<'a>(&mut self, root: &'a Spanned<DeTable<'a>>) -> Sheet<'a> {
        let mut sheet = Sheet {
            table: root.get_ref(),
            at: At::start(),
            strange: false,
        };
        self.keys(&mut sheet, DEFINITION);
        sheet
    }

    /// A table of a shape. Keys that it has not are complained about.
    pub(super) fn sheet<'a>(&mut self, found: &Placed<'a>, shape: &Shape) -> Option<Sheet<'a>> {
        let mut sheet = self.table(found, example(shape))?;
        if NAMED.contains(&shape.name)
            && let Some(name) = sheet.name()
        {
            sheet.at = sheet.at.named(format!("{} {name}", shape.name));
        }
        self.keys(&mut sheet, shape);
        Some(sheet)
    }

    /// A table whose keys are free.
    pub(super) fn free<'a>(&mut self, found: &Placed<'a>) -> Option<Sheet<'a>> {
        self.table(found, "Zum Beispiel: { rot = \"function:kst-20\" }.")
    }

    fn table<'a>(&mut self, found: &Placed<'a>, remedy: &str) -> Option<Sheet<'a>> {
        if let DeValue::Table(table) = found.value {
            return Some(Sheet {
                table,
                at: found.at.clone(),
                strange: false,
            });
        }
        self.wrong(found, "eine Tabelle", remedy);
        None
    }

    fn keys(&mut self, sheet: &mut Sheet<'_>, shape: &Shape) {
        for key in sheet.table.keys() {
            if !shape.keys.contains(&key.get_ref().as_ref()) {
                let at = sheet.at.below(key.get_ref()).moved(key.span().start);
                let said = format!("Den Schlüssel „{}“ gibt es hier nicht.", key.get_ref());
                let misplaced = misplaced(shape, key.get_ref());
                let remedy = misplaced
                    .unwrap_or_else(|| format!("Möglich sind: {}.", shape.keys.join(", ")));
                self.complain(&at, said, remedy);
                sheet.strange = true;
            }
        }
    }

    fn missing(&mut self, sheet: &Sheet<'_>, key: &str, remedy: &str) {
        self.complain(&sheet.below(key), format!("„{key}“ fehlt."), remedy);
    }

    pub(super) fn as_text(&mut self, found: Placed<'_>) -> Option<Text> {
        if let DeValue::String(text) = found.value {
            return Some(Text {
                text: text.to_string(),
                at: found.at,
            });
        }
        self.wrong(&found, "ein Text", "Ein Text steht in Anführungszeichen.");
        None
    }

    /// A text, if there is one.
    pub(super) fn text(&mut self, sheet: &Sheet<'_>, key: &str) -> Option<Text> {
        self.as_text(sheet.get(key)?)
    }

    /// A text that must be there. None where it was complained about.
    pub(super) fn need(&mut self, sheet: &Sheet<'_>, key: &str) -> Option<Text> {
        if !sheet.has(key) {
            self.missing(sheet, key, "Bitte angeben.");
        }
        self.text(sheet, key)
    }

    /// A whole number within bounds, if there is one.
    pub(super) fn number(
        &mut self,
        sheet: &Sheet<'_>,
        key: &str,
        bounds: RangeInclusive<i64>,
    ) -> Option<i64> {
        let found = sheet.get(key)?;
        self.as_number(&found, bounds)
    }

    pub(super) fn as_number(
        &mut self,
        found: &Placed<'_>,
        bounds: RangeInclusive<i64>,
    ) -> Option<i64> {
        let DeValue::Integer(number) = found.value else {
            let remedy = if matches!(found.value, DeValue::Float(_)) {
                "Bitte ohne Punkt schreiben."
            } else {
                "Bitte ohne Anführungszeichen schreiben."
            };
            self.wrong(found, "eine ganze Zahl", remedy);
            return None;
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let within = number.filter(|number| bounds.contains(number));
        if within.is_none() {
            let remedy = format!("Bitte {} bis {} angeben.", bounds.start(), bounds.end());
            self.complain(&found.at, "Diese Zahl passt nicht.", remedy);
        }
        within
    }

    /// Yes or no; no if nothing is said.
    pub(super) fn yes(&mut self, sheet: &Sheet<'_>, key: &str) -> bool {
        self.yes_or(sheet, key, false)
    }

    pub(super) fn yes_or(&mut self, sheet: &Sheet<'_>, key: &str, default: bool) -> bool {
        let Some(found) = sheet.get(key) else {
            return default;
        };
        if let DeValue::Boolean(yes) = found.value {
            return *yes;
        }
        self.wrong(
            &found,
            "true oder false",
            "Bitte ohne Anführungszeichen schreiben.",
        );
        default
    }

    /// A list of at most so many; empty if nothing is said.
    pub(super) fn list<'a>(
        &mut self,
        sheet: &Sheet<'a>,
        key: &str,
        most: usize,
    ) -> Vec<Placed<'a>> {
        let Some(found) = sheet.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = found.value else {
            let remedy = "Eine Liste steht in eckigen Klammern; Felder, Tabellen, Zustände und Schritte als [[…]].";
            self.wrong(&found, "eine Liste", remedy);
            return Vec::new();
        };
        if array.len() > most {
            let said = format!("Das sind {}, mehr als {most}.", array.len());
            self.complain(
                &found.at,
                said,
                "Bitte auf mehrere Geschäftsgänge verteilen.",
            );
        }
        let placed = |value: &'a Spanned<DeValue<'a>>| Placed {
            value: value.get_ref(),
            at: found.at.moved(value.span().start),
        };
        array.iter().take(most).map(placed).collect()
    }

    /// A list of texts, each once.
    pub(super) fn texts(&mut self, sheet: &Sheet<'_>, key: &str, most: usize) -> Vec<Text> {
        let mut texts: Vec<Text> = Vec::new();
        for found in self.list(sheet, key, most) {
            let Some(text) = self.as_text(found) else {
                continue;
            };
            if texts.iter().any(|one| one.text == text.text) {
                let said = format!("„{}“ steht hier zweimal.", text.text);
                self.complain(&text.at, said, "Bitte einmal entfernen.");
            } else {
                texts.push(text);
            }
        }
        texts
    }

    /// Words that must be there.
    pub(super) fn need_words(&mut self, sheet: &Sheet<'_>, key: &str, most: usize) -> Words {
        if !sheet.has(key) {
            self.missing(
                sheet,
                key,
                "Bitte einen Text angeben, oder { de = \"…\", en = \"…\" }.",
            );
        }
        self.words(sheet, key, most).unwrap_or_else(|| Words {
            de: String::new(),
            en: None,
        })
    }

    /// Words, if there are any: a text in German, or a table with both languages.
    pub(super) fn words(&mut self, sheet: &Sheet<'_>, key: &str, most: usize) -> Option<Words> {
        let found = sheet.get(key)?;
        if let DeValue::String(text) = found.value {
            let de = self.wording(&found.at, text, most);
            return Some(Words { de, en: None });
        }
        if !matches!(found.value, DeValue::Table(_)) {
            let remedy = "Ein Text, oder { de = \"…\", en = \"…\" }.";
            self.wrong(&found, "ein Text", remedy);
            return None;
        }
        let both = self.sheet(&found, WORDS)?;
        let de = self.need(&both, "de")?;
        let de = self.wording(&de.at, &de.text, most);
        let en = self.text(&both, "en");
        let en = en.map(|en| self.wording(&en.at, &en.text, most));
        Some(Words { de, en })
    }

    /// A wording that is shown: something, not too much, and nothing that steers.
    pub(super) fn wording(&mut self, at: &At, text: &str, most: usize) -> String {
        let text = text.trim();
        if text.is_empty() {
            self.complain(at, "Da steht nichts.", "Bitte einen Text schreiben.");
        }
        if text.chars().count() > most {
            let said = format!("Das sind mehr als {most} Zeichen.");
            self.complain(at, said, "Bitte kürzen.");
        }
        if let Some(c) = text.chars().find(|c| steers(*c)) {
            let said = format!("Das Zeichen U+{:04X} ist unsichtbar.", u32::from(c));
            self.complain(at, said, "Bitte entfernen.");
        }
        // What something is called stands in a line: on the slip, in subjects of mails, in headings.
        if most <= LABEL_CHARS_MAX && text.contains(['\n', '\u{2028}', '\u{2029}']) {
            let said = "Eine Bezeichnung hat keinen Zeilenumbruch.";
            self.complain(at, said, "Bitte in eine Zeile schreiben.");
        }
        text.to_owned()
    }
}

/// Characters that show nothing and turn others around, and those of terminals.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
