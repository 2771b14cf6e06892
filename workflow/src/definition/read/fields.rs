//! Fields and tables.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::Reader;
use super::head::LABEL_CHARS_MAX;
use super::sheet::{ENTRY, FIELD, LOOKUP, Placed, Sheet, Text};
use crate::definition::{
    CaseFact, DocumentFact, Entry, Field, FieldKind, InvoiceFact, Lookup, PATTERN_CHARS_MAX,
    Pattern, Source, is_code,
};
use crate::expr::{Kind, is_word};

const CHARS_DEFAULT: i64 = 500;
const CHARS_MAX: i64 = 8_000;
const ENTRIES_MAX: usize = 50;
const ROWS_MAX: usize = 1_000;
const ROW_CHARS_MAX: usize = 200;
/// The word for a time of day.
const TIME: &str = "time";
const DOCUMENT_FIELD: &str = "document.field.";

/// The kinds of fields, as they are written; of a choice and a text what belongs to them is read besides.
const KINDS: [(&str, Kind); 10] = [
    ("text", Kind::Text),
    // A text to expressions; told apart by its word.
    (TIME, Kind::Text),
    ("number", Kind::Number),
    ("money", Kind::Money),
    ("day", Kind::Day),
    ("yes_no", Kind::YesNo),
    // Told apart by its word.
    ("choice", Kind::Null),
    ("who", Kind::Who),
    ("whos", Kind::Whos),
    ("document", Kind::Document),
];

impl Reader {
    pub(super) fn field(&mut self, found: &Placed<'_>) {
        let Some(sheet) = self.sheet(found, FIELD) else {
            return;
        };
        let Some(key) = self.need(&sheet, "key") else {
            return;
        };
        let taken = self.fields.iter().any(|field| field.key == key.text);
        self.key(&key, taken);
        if is_word(&key.text) {
            let said = format!("„{}“ ist ein Wort der Ausdrücke.", key.text);
            self.complain(&key.at, said, "Bitte das Feld anders nennen.");
        }
        let label = self.need_words(&sheet, "label", LABEL_CHARS_MAX);
        let Some(kind) = self.field_kind(&sheet) else {
            self.known.broken.push(key.text);
            return;
        };
        let source = self
            .text(&sheet, "from")
            .and_then(|from| self.source(&from, &kind));
        let other = self.text(&sheet, "or_from");
        if let Some(other) = &other
            && sheet.get("from").is_none()
        {
            let said = "Wo nichts an erster Stelle steht, gibt es auch kein „sonst“.";
            self.complain(&other.at, said, "Bitte from statt or_from schreiben.");
        }
        let fallback = other.and_then(|from| self.source(&from, &kind));
        let required = self.yes(&sheet, "required");
        let private = self.yes(&sheet, "private");
        self.fields.push(Field {
            key: key.text,
            label,
            kind,
            source,
            fallback,
            required,
            private,
        });
    }

    fn field_kind(&mut self, sheet: &Sheet<'_>) -> Option<FieldKind> {
        let text = self.need(sheet, "kind")?;
        let kind = self.word(&text, &KINDS, "Die Art")?;
        let is_choice = text.text == "choice";
        let is_text = text.text == "text";
        for (key, belongs, to) in [
            ("chars_max", is_text, "text"),
            ("pattern", is_text, "text"),
            ("example", is_text, "text"),
            ("entries", is_choice, "choice"),
        ] {
            if sheet.has(key) && !belongs {
                let at = sheet.below(key);
                let said = format!("„{key}“ gehört zu Feldern der Art {to}.");
                self.complain(&at, said, "Bitte entfernen.");
            }
        }
        Some(match kind {
            Kind::Text if text.text == TIME => FieldKind::Time,
            Kind::Text => {
                let most = self.number(sheet, "chars_max", 1..=CHARS_MAX);
                let most = usize::try_from(most.unwrap_or(CHARS_DEFAULT));
                let chars_max = most.unwrap_or_default();
                let pattern = self.pattern(sheet, chars_max);
                FieldKind::Text { chars_max, pattern }
            }
            Kind::Number => FieldKind::Number,
            Kind::Money => FieldKind::Money,
            Kind::Day => FieldKind::Day,
            Kind::YesNo => FieldKind::YesNo,
            Kind::Who => FieldKind::Who,
            Kind::Whos => FieldKind::Whos,
            Kind::Document => FieldKind::Document,
            Kind::Null => FieldKind::Choice(self.entries(sheet)),
        })
    }

    /// What a text must look like, with a text that does.
    fn pattern(&mut self, sheet: &Sheet<'_>, chars_max: usize) -> Option<Pattern> {
        let example = self.text(sheet, "example");
        let Some(source) = self.text(sheet, "pattern") else {
            if let Some(example) = example {
                let said = "Ein Beispiel gehört zu einem Muster.";
                self.complain(&example.at, said, "Bitte auch pattern angeben.");
            }
            return None;
        };
        let Some(example) = example else {
            let said = "Zu einem Muster gehört ein Text, der passt.";
            self.complain(&source.at, said, "Bitte auch example angeben.");
            return None;
        };
        if source.text.chars().count() > PATTERN_CHARS_MAX {
            let remedy = format!("Bitte höchstens {PATTERN_CHARS_MAX} Zeichen.");
            self.complain(&source.at, "Das Muster ist zu lang.", remedy);
            return None;
        }
        // A value is trimmed before it is looked at, and what is empty then is none.
        if example.text.is_empty() || example.text.trim() != example.text {
            let said = "Das Beispiel ist leer, oder am Rand stehen Leerzeichen.";
            let remedy = "Eingaben werden am Rand beschnitten: Bitte ein Muster ohne Leerzeichen am Rand wählen.";
            self.complain(&example.at, said, remedy);
        }
        match Pattern::new(source.text, example.text) {
            Ok(pattern) => {
                let short = pattern.example.chars().count() <= chars_max;
                if !short || !pattern.is_met_by(&pattern.example) {
                    let said = format!("„{}“ passt nicht zum Muster.", pattern.example);
                    let remedy =
                        "Das Muster gilt für den ganzen Text, mit höchstens chars_max Zeichen.";
                    self.complain(&example.at, said, remedy);
                }
                Some(pattern)
            }
            Err(flaw) => {
                let said = format!("Das ist kein regulärer Ausdruck: {}.", flaw.german());
                let remedy = "Bitte prüfen; er gilt für den ganzen Text.";
                self.complain(&source.at, said, remedy);
                None
            }
        }
    }

    fn entries(&mut self, sheet: &Sheet<'_>) -> Vec<Entry> {
        let found = self.list(sheet, "entries", ENTRIES_MAX);
        if found.len() < 2 {
            let at = sheet.below("entries");
            let said = format!("Zur Auswahl stehen {}.", found.len());
            let remedy = format!("Bitte 2 bis {ENTRIES_MAX} angeben.");
            self.complain(&at, said, remedy);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for one in found {
            let Some(sheet) = self.sheet(&one, ENTRY) else {
                continue;
            };
            let label = self.need_words(&sheet, "label", LABEL_CHARS_MAX);
            let Some(value) = self.need(&sheet, "value") else {
                continue;
            };
            let taken = entries.iter().any(|entry| entry.value == value.text);
            self.key(&value, taken);
            let value = value.text;
            entries.push(Entry { value, label });
        }
        entries
    }

    fn source(&mut self, from: &Text, kind: &FieldKind) -> Option<Source> {
        let text = &[Kind::Text][..];
        let day = &[Kind::Day][..];
        let (source, kinds) = match from.text.as_str() {
            "case.reference" => (Source::Case(CaseFact::Reference), text),
            "case.subject" => (Source::Case(CaseFact::Subject), text),
            "case.opened_on" => (Source::Case(CaseFact::OpenedOn), day),
            "document" => (Source::Document, &[Kind::Document][..]),
            "document.title" => (Source::DocumentFact(DocumentFact::Title), text),
            "document.correspondent" => (Source::DocumentFact(DocumentFact::Correspondent), text),
            "document.received_on" => (Source::DocumentFact(DocumentFact::ReceivedOn), day),
            "document.dated" => (Source::DocumentFact(DocumentFact::Dated), day),
            "document.invoice.number" => (Source::Invoice(InvoiceFact::Number), text),
            "document.invoice.gross" => (Source::Invoice(InvoiceFact::Gross), &[Kind::Money][..]),
            "document.invoice.due_on" => (Source::Invoice(InvoiceFact::DueOn), day),
            "document.invoice.issued_on" => (Source::Invoice(InvoiceFact::IssuedOn), day),
            "document.invoice.leitweg_id" => (Source::Invoice(InvoiceFact::LeitwegId), text),
            "document.invoice.seller_id" => (Source::Invoice(InvoiceFact::SellerId), text),
            "document.invoice.seller" => (Source::Invoice(InvoiceFact::Seller), text),
            "document.invoice.duplicate" => {
                (Source::Invoice(InvoiceFact::Duplicate), &[Kind::YesNo][..])
            }
            "initiator" => (Source::Initiator, &[Kind::Who][..]),
            "today" => (Source::Today, day),
            other => match other.strip_prefix(DOCUMENT_FIELD) {
                Some(code) if !code.is_empty() && code.len() <= 64 => (
                    Source::DocumentField(code.to_owned()),
                    &[
                        Kind::Text,
                        Kind::Number,
                        Kind::Money,
                        Kind::Day,
                        Kind::YesNo,
                    ][..],
                ),
                _ => {
                    self.complain(
                        &from.at,
                        format!("Woher das kommen soll, ist unbekannt: „{other}“."),
                        "Möglich sind: case.reference, case.subject, case.opened_on, document, document.title, \
                         document.correspondent, document.received_on, document.dated, document.field.KÜRZEL, \
                         document.invoice.number, .gross, .due_on, .issued_on, .leitweg_id, .seller_id, .seller, \
                         .duplicate, initiator, today.",
                    );
                    return None;
                }
            },
        };
        let is_told = *kind != FieldKind::Time || matches!(source, Source::DocumentField(_));
        if !kinds.contains(&kind.kind()) || !is_told {
            let codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
            let said = format!("Das passt nicht in ein Feld der Art {}.", kind.code());
            let remedy = format!("Es passt in: {}.", codes.join(", "));
            self.complain(&from.at, said, remedy);
        }
        Some(source)
    }

    pub(super) fn lookup(&mut self, found: &Placed<'_>) {
        let Some(sheet) = self.sheet(found, LOOKUP) else {
            return;
        };
        let Some(key) = self.need(&sheet, "key") else {
            return;
        };
        let taken = self.lookups.iter().any(|lookup| lookup.key == key.text);
        self.key(&key, taken);
        let rows = self.rows(&sheet, &key.text);
        let default = self.text(&sheet, "default");
        let default = default.map(|text| self.row(text));
        self.lookups.push(Lookup {
            key: key.text,
            rows,
            default,
        });
    }

    fn rows(&mut self, sheet: &Sheet<'_>, table: &str) -> BTreeMap<String, String> {
        let at = sheet.below("rows");
        let mut rows = BTreeMap::new();
        if let Some(found) = sheet.get("rows")
            && let Some(free) = self.free(&found)
        {
            for (from, to) in free.all() {
                if !matches!(to.value, DeValue::String(_)) {
                    self.wrong(&to, "ein Text", "Zeilen führen von Text zu Text.");
                } else if let Some(to) = self.as_text(to) {
                    let row = (table.to_owned(), from.clone(), to.at.clone());
                    self.known.rows.push(row);
                    let to = self.row(to);
                    rows.insert(from, to);
                }
            }
        }
        if (rows.is_empty() && !sheet.strange) || rows.len() > ROWS_MAX {
            let said = format!("Die Tabelle hat {} Zeilen.", rows.len());
            let remedy =
                format!("Bitte 1 bis {ROWS_MAX} angeben: rows = {{ \"von\" = \"nach\" }}.");
            self.complain(&at, said, remedy);
        }
        rows
    }

    /// What stands in a row. Whoever names a function names one that there can be.
    fn row(&mut self, text: Text) -> String {
        if let Some(code) = text.text.strip_prefix("function:")
            && !is_code(code)
        {
            let said = format!("„{code}“ ist kein Kürzel einer Funktion.");
            self.complain(&text.at, said, "Zum Beispiel: \"function:kst-20\".");
        }
        if text.text.starts_with("account:") {
            let said = "Personen stehen nicht in Tabellen.";
            self.complain(
                &text.at,
                said,
                "Bitte eine Funktion nennen: \"function:kst-20\".",
            );
        }
        self.wording(&text.at, &text.text, ROW_CHARS_MAX)
    }
}
