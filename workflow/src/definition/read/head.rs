//! What a definition says about itself.

use super::sheet::{At, Sheet, Text};
use super::who::Where;
use super::{Reader, is_key};
use crate::definition::{Definition, Source, is_code};
use crate::expr::Kind;

pub(super) const LABEL_CHARS_MAX: usize = 120;
pub(super) const TEXT_CHARS_MAX: usize = 2_000;
const LINE_CHARS_MAX: usize = 200;
const FIELDS_MAX: usize = 200;
const LOOKUPS_MAX: usize = 50;
const STATES_MAX: usize = 100;
const LEGAL_MAX: usize = 50;
/// Of lists that are short by their nature.
pub(super) const FEW: usize = 20;
const VERSION_MAX: i64 = 1_000_000;
const INITIATOR: &str = "initiator";

impl Reader {
    pub(super) fn definition(&mut self, sheet: &Sheet<'_>, sha256: [u8; 32]) -> Definition {
        let id = self.need(sheet, "id").map(|id| self.id(id));
        let version = self.version(sheet);
        let title = self.need_words(sheet, "title", LABEL_CHARS_MAX);
        let description = self.words(sheet, "description", TEXT_CHARS_MAX);
        let case_type = self.need(sheet, "case_type").map(|text| self.line(text));
        let plan_unit = self.text(sheet, "plan_unit").map(|text| self.line(text));
        let compartment = self.text(sheet, "compartment").map(|text| self.line(text));
        let legal = self.texts(sheet, "legal", LEGAL_MAX);
        let legal = legal.into_iter().map(|text| self.line(text)).collect();
        for field in self.list(sheet, "field", FIELDS_MAX) {
            self.field(&field);
        }
        for lookup in self.list(sheet, "lookup", LOOKUPS_MAX) {
            self.lookup(&lookup);
        }
        let states = self.list(sheet, "state", STATES_MAX);
        if states.is_empty() && !sheet.has("state") {
            let at = sheet.below("state");
            let remedy = "Bitte mindestens zwei Zustände als [[state]] angeben.";
            self.complain(&at, "Es gibt keinen Zustand.", remedy);
        }
        self.known.gather(&states);
        let start = self.need(sheet, "start");
        let start = start.and_then(|text| self.state_of(&text));
        let start_by = self.whos(sheet, "start_by", Where::Start);
        let cancel_by = self.whos(sheet, "cancel_by", Where::Cancel);
        let matter_of = self.matter_of(sheet);
        let unique = self.unique(sheet);
        let per_document = self.per_document(sheet);
        let states = self.states(&states);
        Definition {
            id: id.unwrap_or_default(),
            version,
            sha256,
            title,
            description,
            case_type: case_type.unwrap_or_default(),
            plan_unit,
            compartment,
            legal,
            start_by,
            cancel_by,
            start: start.unwrap_or_default(),
            matter_of,
            unique,
            per_document,
            fields: std::mem::take(&mut self.fields),
            lookups: std::mem::take(&mut self.lookups),
            states,
        }
    }

    fn id(&mut self, id: Text) -> String {
        if !is_code(&id.text) {
            self.complain(
                &id.at,
                format!("Ein Geschäftsgang kann nicht „{}“ heißen.", id.text),
                "Erlaubt sind 2 bis 64 Kleinbuchstaben, Ziffern und Bindestriche, ein Buchstabe zuerst.",
            );
        }
        id.text
    }

    fn version(&mut self, sheet: &Sheet<'_>) -> u32 {
        if !sheet.has("version") {
            let at = sheet.below("version");
            self.complain(&at, "„version“ fehlt.", "Bitte mit 1 beginnen.");
        }
        let version = self.number(sheet, "version", 1..=VERSION_MAX);
        version
            .and_then(|version| u32::try_from(version).ok())
            .unwrap_or_default()
    }

    /// A short text of one line.
    pub(super) fn line(&mut self, text: Text) -> String {
        if text.text.contains('\n') {
            let remedy = "Bitte in eine Zeile schreiben.";
            self.complain(&text.at, "Das hat mehrere Zeilen.", remedy);
        }
        self.wording(&text.at, &text.text, LINE_CHARS_MAX)
    }

    /// A key, which nothing else has.
    pub(super) fn key(&mut self, text: &Text, taken: bool) {
        if !is_key(&text.text) {
            self.complain(
                &text.at,
                format!("„{}“ ist kein Schlüssel.", text.text),
                "Erlaubt sind Kleinbuchstaben, Ziffern und Unterstriche, höchstens 40 Zeichen, ein Buchstabe zuerst.",
            );
        }
        if taken {
            let said = format!("„{}“ gibt es schon.", text.text);
            self.complain(&text.at, said, "Bitte anders nennen.");
        }
    }

    /// A short name, as functions, forms and targets have it.
    pub(super) fn code(&mut self, text: Text) -> String {
        if !is_code(&text.text) {
            self.complain(
                &text.at,
                format!("„{}“ ist kein Kürzel.", text.text),
                "Erlaubt sind 2 bis 64 Kleinbuchstaben, Ziffern und Bindestriche, ein Buchstabe zuerst.",
            );
        }
        text.text
    }

    fn matter_of(&mut self, sheet: &Sheet<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for text in self.texts(sheet, "matter_of", FEW) {
            if text.text == INITIATOR {
                found.push(text.text);
            } else {
                found.extend(self.field_of(&text, &[Kind::Who]));
            }
        }
        found
    }

    /// Fields of which it can be said that two of them are the same.
    fn unique(&mut self, sheet: &Sheet<'_>) -> Vec<String> {
        let kinds = [Kind::Text, Kind::Number, Kind::Money, Kind::Day];
        let mut found = Vec::new();
        for text in self.texts(sheet, "unique", FEW) {
            self.known.unique.push((text.text.clone(), text.at.clone()));
            found.extend(self.field_of(&text, &kinds));
        }
        found
    }

    /// Each document has its own: then one must be named by a document with which it begins.
    fn per_document(&mut self, sheet: &Sheet<'_>) -> bool {
        let said = self.yes(sheet, "per_document");
        let mut fields = self.fields.iter();
        if said && !fields.any(|field| field.source == Some(Source::Document)) {
            let said = "Kein Feld nennt das Dokument, mit dem begonnen wird.";
            let remedy = "Bitte ein Feld mit kind = \"document\" und from = \"document\" anlegen.";
            self.complain(&sheet.below("per_document"), said, remedy);
        }
        said
    }

    /// Two that exclude each other.
    pub(super) fn not_both(&mut self, sheet: &Sheet<'_>, one: &str, other: &str) {
        if sheet.has(one) && sheet.has(other) {
            let at: At = sheet.below(other);
            let said = format!("„{one}“ und „{other}“ gehen nicht zusammen.");
            self.complain(&at, said, "Bitte eines von beiden entfernen.");
        }
    }
}
