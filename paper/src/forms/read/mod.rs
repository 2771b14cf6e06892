//! Reads a template and checks all of it: whatever is wrong is said at once, with where and what to do.

mod blocks;
mod pattern;
mod unread;

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};
use toml::Spanned;
use unicode_normalization::UnicodeNormalization as _;

use self::pattern::pattern;
use super::sheet::{
    ConditionSheet, FieldSheet, FieldWord, IdentityWord, Sheet, SignatureSheet, SignerWord,
};
use super::template::{
    Condition, Entry, Field, FieldKind, ID_CHARS_MAX, Signature, Signer, Source, Template, Wording,
};
use super::text::{self, Piece};
use crate::page::letters::unprintable;

/// How large a template may be, in bytes.
pub const TEMPLATE_BYTES_MAX: u64 = 256 << 10;

const FIELDS_MAX: usize = 200;
const BLOCKS_MAX: usize = 500;
const ENTRIES_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 40;
const TEXT_CHARS_DEFAULT: usize = 200;
const TEXT_CHARS_MAX: usize = 4_000;
const LINES_MAX: usize = 40;
const DECIMALS_MAX: usize = 6;
const WORDING_CHARS_MAX: usize = 8_000;
/// As documents take them.
const TITLE_CHARS_MAX: usize = 200;
const TYPE_CHARS_MAX: usize = 100;
const WIDTH_MM: Range<u16> = 40..166;
const HEIGHT_MM: Range<u16> = 15..81;

/// What is wrong with a template, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line, from 1.
    pub line: usize,
    /// The key, as far as there is one.
    pub key: String,
    /// What is wrong.
    pub said: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Zeile {}", self.line)?;
        if !self.key.is_empty() {
            write!(formatter, ", {}", self.key)?;
        }
        write!(formatter, ": {} {}", self.said, self.remedy)
    }
}

impl Template {
    /// Reads and checks a template.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Complaint>> {
        let whole = |said: &str, remedy: &str| {
            vec![Complaint {
                line: 1,
                key: String::new(),
                said: said.to_owned(),
                remedy: remedy.to_owned(),
            }]
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > TEMPLATE_BYTES_MAX {
            let said = format!("Die Vorlage hat mehr als {TEMPLATE_BYTES_MAX} Bytes.");
            return Err(whole(&said, "Bitte auf mehrere Formulare verteilen."));
        }
        let Ok(source) = std::str::from_utf8(bytes) else {
            let said = "Die Vorlage ist kein Text in UTF-8.";
            return Err(whole(said, "Bitte in UTF-8 speichern."));
        };
        let sheet: Sheet = toml::from_str(source).map_err(|_first| unread::all(source))?;
        let mut reader = Reader {
            source,
            complaints: Vec::new(),
            fields: Vec::new(),
            signatures: Vec::new(),
            used: HashSet::new(),
        };
        let template = reader.template(sheet, Sha256::digest(bytes).into());
        if reader.complaints.is_empty() {
            Ok(template)
        } else {
            reader.complaints.sort_by_key(|one| one.line);
            Err(reader.complaints)
        }
    }
}

fn line_of(source: &str, at: usize) -> usize {
    1 + source
        .bytes()
        .take(at)
        .filter(|byte| *byte == b'\n')
        .count()
}

/// A key as it stands in templates: small letters, digits and one more character.
fn is_key(key: &str, dash: char, chars_max: usize) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == dash;
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.len() <= chars_max
        && key.chars().all(fits)
}

struct Reader<'s> {
    source: &'s str,
    complaints: Vec<Complaint>,
    fields: Vec<Field>,
    signatures: Vec<Signature>,
    /// The fields and signatures that stand in blocks: `field name`, `signature citizen`.
    used: HashSet<String>,
}

/// Where something stands: its place in the source, and its key.
#[derive(Clone)]
struct At {
    at: usize,
    key: String,
}

impl At {
    fn of<T>(spanned: &Spanned<T>, key: impl Into<String>) -> Self {
        Self {
            at: spanned.span().start,
            key: key.into(),
        }
    }

    fn below(&self, key: &str) -> Self {
        Self {
            at: self.at,
            key: format!("{}.{key}", self.key),
        }
    }
}

impl Reader<'_> {
    fn complain(&mut self, at: &At, said: impl Into<String>, remedy: impl Into<String>) {
        self.complaints.push(Complaint {
            line: line_of(self.source, at.at),
            key: at.key.clone(),
            said: said.into(),
            remedy: remedy.into(),
        });
    }

    fn template(&mut self, sheet: Sheet, sha256: [u8; 32]) -> Template {
        self.head(&sheet);
        let title = At::of(&sheet.title, "title");
        let title = self.headline(&title, sheet.title.into_inner());
        let line = |reader: &mut Self, text: Spanned<String>, key: &str| {
            let at = At::of(&text, key);
            reader.line(&at, &text.into_inner())
        };
        let legal_basis = sheet.legal_basis.into_iter();
        let legal_basis = legal_basis
            .map(|text| line(self, text, "legal_basis"))
            .collect();
        let at = At::of(&sheet.document_type, "document_type");
        self.short(&at, sheet.document_type.get_ref(), TYPE_CHARS_MAX);
        let document_type = line(self, sheet.document_type, "document_type");
        let plan_unit = sheet.plan_unit.map(|text| line(self, text, "plan_unit"));
        let retention = sheet.retention.map(|text| line(self, text, "retention"));
        for field in sheet.field {
            self.field(field);
        }
        for signature in sheet.signature {
            self.signature(signature);
        }
        let mut level = 1;
        let parts = sheet.block.into_iter().enumerate();
        let parts = parts
            .filter_map(|(number, block)| self.part(number + 1, block, &mut level))
            .collect();
        self.all_used();
        Template {
            id: sheet.id.into_inner(),
            version: sheet.version.into_inner(),
            sha256,
            title,
            legal_basis,
            document_type,
            plan_unit,
            retention,
            sample: sheet.sample,
            identity_check: sheet.identity_check == IdentityWord::Required,
            fields: std::mem::take(&mut self.fields),
            signatures: std::mem::take(&mut self.signatures),
            parts,
        }
    }

    fn head(&mut self, sheet: &Sheet) {
        if !is_key(sheet.id.get_ref(), '-', ID_CHARS_MAX) {
            self.complain(
                &At::of(&sheet.id, "id"),
                "So kann ein Formular nicht heißen.",
                format!(
                    "Erlaubt sind Kleinbuchstaben, Ziffern und Bindestriche, höchstens {ID_CHARS_MAX} Zeichen, \
                     ein Buchstabe zuerst."
                ),
            );
        }
        if *sheet.version.get_ref() == 0 {
            let at = At::of(&sheet.version, "version");
            self.complain(&at, "Es gibt keine Fassung 0.", "Bitte mit 1 beginnen.");
        }
        let many = [
            (sheet.field.len(), FIELDS_MAX, "[[field]]"),
            (sheet.block.len(), BLOCKS_MAX, "[[block]]"),
        ];
        for (count, most, key) in many {
            if count > most {
                let at = At::of(&sheet.id, key);
                let said = format!("Das sind {count}, mehr als {most}.");
                self.complain(&at, said, "Bitte auf mehrere Formulare verteilen.");
            }
        }
        if sheet.block.is_empty() {
            let at = At::of(&sheet.id, "[[block]]");
            self.complain(&at, "Das Formular ist leer.", "Bitte Blöcke hinzufügen.");
        }
    }

    /// What stands in lists: a short line.
    fn headline(&mut self, at: &At, wording: Wording) -> Wording {
        for text in wording.all() {
            self.short(at, text, TITLE_CHARS_MAX);
        }
        Wording {
            german: self.line(at, &wording.german),
            simple: wording.simple.map(|text| self.line(at, &text)),
        }
    }

    fn short(&mut self, at: &At, text: &str, chars_max: usize) {
        if text.chars().count() > chars_max {
            let said = format!("Das sind mehr als {chars_max} Zeichen.");
            self.complain(at, said, "Bitte kürzen.");
        }
    }

    fn line(&mut self, at: &At, text: &str) -> String {
        if text.contains('\n') {
            self.complain(
                at,
                "Das hat mehrere Zeilen.",
                "Bitte in eine Zeile schreiben.",
            );
        }
        self.plain(at, text)
    }

    /// A text that is printed: nothing in it steers, and the font has all of its letters.
    fn plain(&mut self, at: &At, text: &str) -> String {
        let text: String = text.nfc().collect();
        let visible: String = text.chars().filter(|c| *c != '\n').collect();
        if let Some(c) = unprintable(&visible) {
            let said = format!(
                "Das Zeichen U+{:04X} lässt sich nicht drucken.",
                u32::from(c)
            );
            self.complain(at, said, "Bitte entfernen oder ersetzen.");
        }
        if text.trim().is_empty() {
            self.complain(at, "Da steht nichts.", "Bitte einen Text schreiben.");
        }
        if text.chars().count() > WORDING_CHARS_MAX {
            let said = format!("Das sind mehr als {WORDING_CHARS_MAX} Zeichen.");
            self.complain(at, said, "Bitte auf mehrere Blöcke verteilen.");
        }
        text
    }

    /// Words without places for fields.
    fn words(&mut self, at: &At, wording: Wording) -> Wording {
        Wording {
            german: self.plain(at, &wording.german),
            simple: wording.simple.map(|text| self.plain(at, &text)),
        }
    }

    /// Words in which fields may stand.
    fn filled(&mut self, at: &At, wording: Wording) -> Wording {
        let wording = self.words(at, wording);
        for text in wording.all() {
            match text::pieces(text) {
                Err(_) => self.complain(
                    at,
                    "Eine geschweifte Klammer hat kein Gegenstück.",
                    "Ein Feld steht so da: {feld}. Eine Klammer selbst wird doppelt geschrieben: {{ }}.",
                ),
                Ok(pieces) => {
                    for piece in pieces {
                        if let Piece::Field(key) = piece {
                            self.uses_field(at, &key);
                        }
                    }
                }
            }
        }
        wording
    }

    fn uses_field(&mut self, at: &At, key: &str) {
        if self.fields.iter().any(|one| one.key == key) {
            self.used.insert(format!("field {key}"));
            return;
        }
        let said = format!("Ein Feld „{key}“ gibt es nicht.");
        let known: Vec<_> = self.fields.iter().map(|one| one.key.as_str()).collect();
        let remedy = format!("Felder sind: {}.", known.join(", "));
        self.complain(at, said, remedy);
    }

    /// A condition names a field whose values can be counted, and one of them.
    fn condition(&mut self, at: &At, sheet: ConditionSheet) -> Condition {
        let at = at.below("when");
        let values = self.values_of(&sheet.field);
        self.used.insert(format!("field {}", sheet.field));
        match values {
            None => self.complain(
                &at,
                format!(
                    "„{}“ ist kein Feld, das weiter oben steht und zu einer Bedingung taugt.",
                    sheet.field
                ),
                "Eine Bedingung nennt ein Feld der Art choice oder yes-no, das weiter oben steht.",
            ),
            Some(values) if !values.contains(&sheet.is) => self.complain(
                &at,
                format!("„{}“ kann „{}“ nicht sein.", sheet.field, sheet.is),
                format!("Möglich sind: {}.", values.join(", ")),
            ),
            Some(_) => {}
        }
        Condition {
            field: sheet.field,
            is: sheet.is,
        }
    }

    fn values_of(&self, key: &str) -> Option<Vec<String>> {
        let field = self.fields.iter().find(|one| one.key == key)?;
        match &field.kind {
            FieldKind::Choice(entries) => {
                Some(entries.iter().map(|entry| entry.value.clone()).collect())
            }
            FieldKind::YesNo => Some(vec!["yes".to_owned(), "no".to_owned()]),
            FieldKind::Text { .. } | FieldKind::Date | FieldKind::Number { .. } => None,
        }
    }

    fn key(&mut self, at: &At, key: &str, taken: bool) {
        if !is_key(key, '_', KEY_CHARS_MAX) {
            self.complain(
                at,
                format!("„{key}“ ist kein Schlüssel."),
                format!(
                    "Erlaubt sind Kleinbuchstaben, Ziffern und Unterstriche, höchstens {KEY_CHARS_MAX} Zeichen, ein \
                     Buchstabe zuerst."
                ),
            );
        }
        if taken {
            let said = format!("„{key}“ gibt es schon.");
            self.complain(at, said, "Bitte anders nennen.");
        }
    }

    fn field(&mut self, spanned: Spanned<FieldSheet>) {
        let at = At::of(&spanned, format!("field {}", spanned.get_ref().key));
        let mut sheet = spanned.into_inner();
        let taken = self.fields.iter().any(|one| one.key == sheet.key);
        self.key(&at, &sheet.key, taken);
        let label = self.words(&at.below("label"), sheet.label.clone());
        let hint = sheet.hint.take();
        let hint = hint.map(|hint| self.words(&at.below("hint"), hint));
        let when = sheet.when.take().map(|when| self.condition(&at, when));
        let kind = self.kind(&at, &mut sheet);
        let source = self.source(&at, sheet.from.as_deref(), &kind);
        self.fields.push(Field {
            key: sheet.key,
            label,
            hint,
            kind,
            required: sheet.required,
            source,
            when,
        });
    }

    fn source(&mut self, at: &At, path: Option<&str>, kind: &FieldKind) -> Option<Source> {
        let path = path?;
        let at = at.below("from");
        let Some(source) = Source::parse(path) else {
            let said = format!("Woher das kommen soll, ist unbekannt: „{path}“.");
            let known: Vec<_> = Source::ALL.iter().map(|one| one.path()).collect();
            self.complain(&at, said, format!("Möglich sind: {}.", known.join(", ")));
            return None;
        };
        let fits = match kind {
            FieldKind::Text { .. } => true,
            FieldKind::Date => source.is_day(),
            FieldKind::Choice(_) | FieldKind::YesNo | FieldKind::Number { .. } => false,
        };
        if !fits {
            let said = format!(
                "Von dort kommt nichts für ein Feld der Art {}.",
                kind.code()
            );
            self.complain(
                &at,
                said,
                "Bitte eine andere Art wählen, oder fragen lassen.",
            );
        }
        Some(source)
    }

    fn kind(&mut self, at: &At, sheet: &mut FieldSheet) -> FieldKind {
        let word = sheet.kind;
        let given = [
            ("chars_max", sheet.chars_max.is_some(), FieldWord::Text),
            ("lines", sheet.lines.is_some(), FieldWord::Text),
            ("pattern", sheet.pattern.is_some(), FieldWord::Text),
            ("entries", sheet.entries.is_some(), FieldWord::Choice),
            ("decimals", sheet.decimals.is_some(), FieldWord::Number),
            ("min", sheet.min.is_some(), FieldWord::Number),
            ("max", sheet.max.is_some(), FieldWord::Number),
            ("unit", sheet.unit.is_some(), FieldWord::Number),
        ];
        for (key, is_given, belongs) in given {
            if is_given && belongs != word {
                let at = at.below(key);
                self.complain(
                    &at,
                    "Das passt nicht zur Art des Feldes.",
                    "Bitte entfernen.",
                );
            }
        }
        match word {
            FieldWord::Text => self.text(at, sheet),
            FieldWord::Date => FieldKind::Date,
            FieldWord::YesNo => FieldKind::YesNo,
            FieldWord::Choice => {
                let entries = sheet.entries.take().unwrap_or_default();
                let at = at.below("entries");
                if !(2..=ENTRIES_MAX).contains(&entries.len()) {
                    let said = format!("Zur Auswahl stehen {}.", entries.len());
                    let remedy = format!("Bitte 2 bis {ENTRIES_MAX} angeben.");
                    self.complain(&at, said, remedy);
                }
                let mut kept: Vec<Entry> = Vec::new();
                for entry in entries {
                    let taken = kept.iter().any(|one| one.value == entry.value);
                    self.key(&at, &entry.value, taken);
                    let label = self.words(&at, entry.label);
                    let value = entry.value;
                    kept.push(Entry { value, label });
                }
                FieldKind::Choice(kept)
            }
            FieldWord::Number => self.number(at, sheet),
        }
    }

    fn number(&mut self, at: &At, sheet: &mut FieldSheet) -> FieldKind {
        let decimals = sheet.decimals.unwrap_or(0);
        if decimals > DECIMALS_MAX {
            let said = format!("Das sind mehr als {DECIMALS_MAX} Stellen.");
            self.complain(&at.below("decimals"), said, "Bitte weniger angeben.");
        }
        if let (Some(min), Some(max)) = (sheet.min, sheet.max)
            && min > max
        {
            let said = "Das Kleinste ist größer als das Größte.";
            self.complain(&at.below("min"), said, "Bitte tauschen.");
        }
        let unit = sheet.unit.take();
        FieldKind::Number {
            decimals,
            min: sheet.min,
            max: sheet.max,
            unit: unit.map(|unit| self.line(&at.below("unit"), &unit)),
        }
    }

    fn text(&mut self, at: &At, sheet: &mut FieldSheet) -> FieldKind {
        let chars_max = sheet.chars_max.unwrap_or(TEXT_CHARS_DEFAULT);
        let lines = sheet.lines.unwrap_or(1);
        for (key, value, most) in [
            ("chars_max", chars_max, TEXT_CHARS_MAX),
            ("lines", lines, LINES_MAX),
        ] {
            if !(1..=most).contains(&value) {
                let said = format!("{value} geht nicht.");
                let remedy = format!("Bitte 1 bis {most} angeben.");
                self.complain(&at.below(key), said, remedy);
            }
        }
        let pattern = match sheet.pattern.take().map(pattern) {
            Some(Ok(pattern)) => Some(pattern),
            Some(Err(place)) => {
                let said = format!("Ab Zeichen {place} ist das kein regulärer Ausdruck.");
                let remedy = "Bitte prüfen; er gilt für den ganzen Text.";
                self.complain(&at.below("pattern"), said, remedy);
                None
            }
            None => None,
        };
        FieldKind::Text {
            chars_max,
            lines,
            pattern,
        }
    }

    fn signature(&mut self, spanned: Spanned<SignatureSheet>) {
        let at = At::of(&spanned, format!("signature {}", spanned.get_ref().key));
        let sheet = spanned.into_inner();
        let taken = self.signatures.iter().any(|one| one.key == sheet.key);
        self.key(&at, &sheet.key, taken);
        let label = self.words(&at.below("label"), sheet.label);
        let (width_mm, height_mm) = (sheet.width_mm.unwrap_or(75), sheet.height_mm.unwrap_or(22));
        for (key, value, range) in [
            ("width_mm", width_mm, WIDTH_MM),
            ("height_mm", height_mm, HEIGHT_MM),
        ] {
            if !range.contains(&value) {
                let said = format!("{value} mm gehen nicht.");
                let remedy = format!("Bitte {} bis {} angeben.", range.start, range.end - 1);
                self.complain(&at.below(key), said, remedy);
            }
        }
        let who = match sheet.who {
            SignerWord::Citizen => Signer::Citizen,
            SignerWord::Clerk => Signer::Clerk,
        };
        self.signatures.push(Signature {
            key: sheet.key,
            label,
            who,
            width_mm,
            height_mm,
        });
    }

    /// What is asked stands in the form, and so does each place to sign.
    fn all_used(&mut self) {
        let fields = self.fields.iter().map(|one| ("field", one.key.clone()));
        let signatures = self
            .signatures
            .iter()
            .map(|one| ("signature", one.key.clone()));
        let all: Vec<_> = fields.chain(signatures).collect();
        for (what, key) in all {
            let key = format!("{what} {key}");
            if !self.used.contains(&key) {
                let at = At { at: 0, key };
                let said = "Das steht in keinem Block.";
                self.complain(&at, said, "Bitte in einem Block nennen oder entfernen.");
            }
        }
    }
}
