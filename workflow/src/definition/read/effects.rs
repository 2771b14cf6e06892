//! What is done besides.

use toml::de::DeValue;

use super::Reader;
use super::head::{FEW, TEXT_CHARS_MAX};
use super::sheet::{EFFECT, Placed, Sheet, Text, WORK};
use super::who::Where;
use crate::definition::{Effect, Entry, FieldKind, Lookup};
use crate::expr::{Expr, Kind};
use crate::instance::Value;

/// Keys that say what is done; the others of an effect belong to one of these.
pub(in crate::definition) const EFFECTS: [&str; 11] = [
    "register",
    "freeze",
    "dispatch",
    "destroy",
    "close_case",
    "close_file",
    "move_to",
    "open_case",
    "exclude",
    "set",
    "notify",
];

/// Keys that belong to one of these.
const BELONGING: [(&str, &str); 5] = [
    ("to", "set"),
    ("text", "notify"),
    ("plan_unit", "move_to"),
    ("lead", "move_to"),
    ("subject", "open_case"),
];

impl Reader {
    /// What is done in the same unit of work. `actor`: whether somebody acts then.
    pub(super) fn effects(
        &mut self,
        sheet: &Sheet<'_>,
        key: &str,
        actor: bool,
        each: bool,
    ) -> Vec<Effect> {
        let found = self.list(sheet, key, FEW);
        let all = found.iter().filter_map(|one| self.effect(one, actor, each));
        all.collect()
    }

    fn effect(&mut self, found: &Placed<'_>, actor: bool, each: bool) -> Option<Effect> {
        if let DeValue::Table(table) = found.value
            && let Some(key) = table
                .keys()
                .find(|key| WORK.keys.contains(&key.get_ref().as_ref()))
        {
            let at = found.at.below(key.get_ref());
            let said = "Siegeln, Formulare und Ausleitungen sind Schritte der Art system.";
            let remedy = "Bitte einen Schritt mit kind = \"system\" und effect = { … } anlegen.";
            self.complain(&at, said, remedy);
            return None;
        }
        let sheet = self.sheet(found, EFFECT)?;
        let said: Vec<_> = EFFECTS.into_iter().filter(|key| sheet.has(key)).collect();
        let [key] = said.as_slice() else {
            if said.is_empty() && sheet.strange {
                return None;
            }
            let said = format!("Hier sind es {} Wirkungen.", said.len());
            let remedy = format!(
                "Bitte je Tabelle genau eine angeben: {}.",
                EFFECTS.join(", ")
            );
            self.complain(&sheet.at, said, remedy);
            return None;
        };
        for (other, belongs) in BELONGING {
            if sheet.has(other) && *key != belongs {
                let at = sheet.below(other);
                let said = format!("„{other}“ gehört zu „{belongs}“.");
                self.complain(&at, said, "Bitte entfernen.");
            }
        }
        let document = |reader: &mut Self| {
            let text = reader.text(&sheet, key)?;
            reader.field_of(&text, &[Kind::Document])
        };
        Some(match *key {
            "register" => Effect::Register {
                document: document(self)?,
            },
            "freeze" => Effect::Freeze {
                document: document(self)?,
            },
            "dispatch" => Effect::Dispatch {
                document: document(self)?,
            },
            "destroy" => {
                self.somebody_destroys(&sheet, actor);
                Effect::Destroy {
                    document: document(self)?,
                }
            }
            "exclude" => {
                let text = self.text(&sheet, key)?;
                let who = self.field_of(&text, &[Kind::Who])?;
                Effect::Exclude { who }
            }
            "set" => return self.set(&sheet, actor),
            "move_to" => return self.move_to(&sheet),
            "open_case" => return self.open_case(&sheet),
            "notify" => {
                let to = self.who_in(&sheet, "notify", Where::Beside { each });
                let text = self.need_words(&sheet, "text", TEXT_CHARS_MAX);
                Effect::Notify { to: to?, text }
            }
            _ => self.closes(&sheet, key),
        })
    }

    fn closes(&mut self, sheet: &Sheet<'_>, key: &str) -> Effect {
        if !self.yes(sheet, key) {
            let at = sheet.below(key);
            let said = "Hier steht nicht true.";
            self.complain(&at, said, format!("Bitte {{ {key} = true }} schreiben."));
        }
        if key == "close_file" {
            Effect::CloseFile
        } else {
            Effect::CloseCase
        }
    }

    fn somebody_destroys(&mut self, sheet: &Sheet<'_>, actor: bool) {
        if !actor {
            let said = "Beim Eintritt in einen Zustand wird nichts vernichtet.";
            let remedy = "Bitte an ein Ergebnis eines Schritts der Art approve schreiben.";
            self.complain(&sheet.below("destroy"), said, remedy);
        }
    }

    /// Where a case goes, and whose department has the lead then. Whether all of that is there, the house knows.
    fn move_to(&mut self, sheet: &Sheet<'_>) -> Option<Effect> {
        let compartment = self.text(sheet, "move_to");
        let compartment = compartment.map(|text| self.line(text));
        let plan_unit = self.need(sheet, "plan_unit");
        let plan_unit = plan_unit.map(|text| self.line(text));
        let lead = self.need(sheet, "lead").map(|text| self.code(text));
        Some(Effect::MoveTo {
            compartment: compartment?,
            plan_unit: plan_unit?,
            lead: lead?,
        })
    }

    /// Of which type a case is opened, and how its subject begins.
    fn open_case(&mut self, sheet: &Sheet<'_>) -> Option<Effect> {
        let case_type = self.text(sheet, "open_case");
        let case_type = case_type.map(|text| self.line(text));
        let subject = self.need(sheet, "subject").map(|text| self.line(text));
        Some(Effect::OpenCase {
            case_type: case_type?,
            subject: subject?,
        })
    }

    fn set(&mut self, sheet: &Sheet<'_>, actor: bool) -> Option<Effect> {
        let text = self.text(sheet, "set")?;
        let field = self.field_of(&text, &[])?;
        let to = self.need(sheet, "to")?;
        let (expr, kind) = self.expression(&to, actor)?;
        self.suits(&field, &to, &expr, kind);
        Some(Effect::Set { field, to: expr })
    }

    /// What a field is set to is what it can hold: by its kind, or as a text that means it.
    fn suits(&mut self, field: &str, at: &Text, expr: &Expr, kind: Kind) {
        let Some(field) = self.fields.iter().find(|one| one.key == field) else {
            return;
        };
        let holds = &field.kind;
        let Some(wrong) = self.wrong_for(holds, expr, kind) else {
            return;
        };
        let said = format!(
            "Das Feld „{}“ ist {}; es lässt sich nicht setzen auf: {wrong}.",
            field.key,
            holds.kind().german()
        );
        let remedy = match holds {
            FieldKind::Who | FieldKind::Whos => {
                "Eine Funktion wird so genannt: \"function:kst-20\"."
            }
            FieldKind::Choice(_) => "Bitte einen Wert aus „entries“ nehmen.",
            FieldKind::Money => "Ein Betrag steht so da: 1234.50.",
            FieldKind::Day => "Ein Tag steht so da: @2026-03-01.",
            FieldKind::Time => "Eine Uhrzeit steht so da: \"08:30\".",
            FieldKind::Text { .. } | FieldKind::Number | FieldKind::YesNo | FieldKind::Document => {
                "Bitte einen Ausdruck derselben Art nehmen."
            }
        };
        self.complain(&at.at, said, remedy);
    }

    /// What of an expression a field cannot hold, if it is anything.
    fn wrong_for(&self, holds: &FieldKind, expr: &Expr, kind: Kind) -> Option<String> {
        if let Expr::Null = expr {
            return None;
        }
        if let Expr::If {
            then, otherwise, ..
        } = expr
        {
            let mut both = [then, otherwise].into_iter();
            return both.find_map(|one| self.wrong_for(holds, one, kind));
        }
        if let Expr::Literal(Value::Text(text)) = expr {
            return unsuited(holds, [text]);
        }
        if let Expr::Lookup { table, .. } = expr {
            let names = matches!(holds, FieldKind::Who | FieldKind::Whos);
            let judged = |to: &&String| {
                let is_name = |start| to.starts_with(start);
                !(names && ["function:", "account:"].into_iter().any(is_name))
            };
            let table: Option<&Lookup> = self.lookups.iter().find(|one| one.key == *table);
            let rows = table.into_iter().flat_map(|table| {
                let to = table.rows.values();
                to.chain(table.default.as_ref())
            });
            return unsuited(holds, rows.filter(judged));
        }
        let from = if let Expr::Field(key) = expr {
            self.fields.iter().find(|field| field.key == *key)
        } else {
            None
        };
        let fits = match (holds, from.map(|field| &field.kind)) {
            (FieldKind::Choice(to), Some(FieldKind::Choice(from))) => {
                let is_there = |one: &Entry| to.iter().any(|entry| entry.value == one.value);
                from.iter().all(is_there)
            }
            (FieldKind::Choice(_), _) => false,
            (
                FieldKind::Text {
                    chars_max: to,
                    pattern: asked,
                },
                Some(FieldKind::Text {
                    chars_max: from,
                    pattern: had,
                }),
            ) => {
                from <= to
                    && asked
                        .as_ref()
                        .is_none_or(|asked| had.as_ref() == Some(asked))
            }
            (
                FieldKind::Text {
                    pattern: Some(_), ..
                },
                _,
            ) => false,
            (FieldKind::Time, from) => from == Some(&FieldKind::Time),
            _ => kind == holds.kind(),
        };
        (!fits).then(|| kind.german().to_owned())
    }

    /// What the system does in a step of its own.
    pub(super) fn work(&mut self, found: &Placed<'_>) -> Option<Effect> {
        let sheet = self.sheet(found, WORK)?;
        let mains = ["seal", "export", "form"];
        let said: Vec<_> = mains.into_iter().filter(|key| sheet.has(key)).collect();
        let [key] = said.as_slice() else {
            if said.is_empty() && sheet.strange {
                return None;
            }
            let said = format!("Hier sind es {} Aufgaben.", said.len());
            let remedy = "Bitte genau eine angeben: { seal = F }, { export = \"ziel\" } oder { form = \"id\", into = F }.";
            self.complain(&sheet.at, said, remedy);
            return None;
        };
        if sheet.has("into") && *key != "form" {
            let at = sheet.below("into");
            self.complain(&at, "„into“ gehört zu „form“.", "Bitte entfernen.");
        }
        let text = self.text(&sheet, key)?;
        Some(match *key {
            "seal" => Effect::Seal {
                document: self.field_of(&text, &[Kind::Document])?,
            },
            "export" => Effect::Export {
                to: self.code(text),
            },
            _ => {
                let form = self.code(text);
                let into = self.need(&sheet, "into")?;
                let into = self.field_of(&into, &[Kind::Document])?;
                Effect::Form { form, into }
            }
        })
    }
}

/// The first text that means nothing to a field. Whether what a table says of a function can be one was looked
/// at there.
fn unsuited<'a>(kind: &FieldKind, texts: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let mut texts = texts.into_iter();
    let wrong = texts.find(|text| kind.of_text(text).is_none());
    wrong.map(|text| format!("„{text}“"))
}
