//! Who takes, begins, breaks off, skips, extends, or is told.

use toml::de::DeValue;

use super::Reader;
use super::head::FEW;
use super::sheet::{ASSIGNEE, Placed, Sheet};
use crate::definition::{Assignee, Person};
use crate::expr::Kind;

/// Roles that a definition may name.
const ROLES: [(&str, ()); 6] = [
    ("clerk", ()),
    ("head", ()),
    ("mayor", ()),
    ("mail_room", ()),
    ("records_manager", ()),
    ("integrator", ()),
];

/// Where somebody is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// Who may begin it: nothing is known yet.
    Start,
    /// Who may break it off.
    Cancel,
    /// Who takes a step, with one step for each member of a field or not.
    Step {
        /// Whether there is one step each.
        each: bool,
    },
    /// Who skips or extends a step, or is told.
    Beside {
        /// Whether there is one step each.
        each: bool,
    },
}

impl Where {
    /// The keys that may stand there.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Start => &["function", "role", "anybody"],
            Self::Cancel => &[
                "function",
                "role",
                "anybody",
                "field",
                "initiator",
                "manager_of",
                "taker_of",
            ],
            Self::Step { each: true } => &["each"],
            Self::Step { each: false } => &[
                "function",
                "role",
                "field",
                "initiator",
                "manager_of",
                "taker_of",
                "anybody",
                "system",
            ],
            Self::Beside { .. } => &[
                "function",
                "role",
                "field",
                "initiator",
                "manager_of",
                "taker_of",
                "anybody",
            ],
        }
    }

    const fn has_each(self) -> bool {
        matches!(
            self,
            Self::Step { each: true } | Self::Beside { each: true }
        )
    }
}

impl Reader {
    pub(super) fn whos(&mut self, sheet: &Sheet<'_>, key: &str, place: Where) -> Vec<Assignee> {
        let found = self.list(sheet, key, FEW);
        let all = found.iter().filter_map(|one| self.who(one, place));
        all.collect()
    }

    /// Who is named under a key, if somebody is.
    pub(super) fn who_in(
        &mut self,
        sheet: &Sheet<'_>,
        key: &str,
        place: Where,
    ) -> Option<Assignee> {
        let found = sheet.get(key)?;
        self.who(&found, place)
    }

    pub(super) fn who(&mut self, found: &Placed<'_>, place: Where) -> Option<Assignee> {
        let sheet = self.sheet(found, ASSIGNEE)?;
        let mains = ASSIGNEE.keys.iter().filter(|key| **key != "department");
        let said: Vec<_> = mains.copied().filter(|key| sheet.has(key)).collect();
        let [key] = said.as_slice() else {
            if said.is_empty() && sheet.strange {
                return None;
            }
            self.complain(
                &sheet.at,
                if said.is_empty() {
                    "Hier ist niemand genannt.".to_owned()
                } else {
                    format!("Hier ist mehr als einer genannt: {}.", said.join(", "))
                },
                format!("Bitte genau eines angeben: {}.", place.keys().join(", ")),
            );
            return None;
        };
        if sheet.has("department") && *key != "role" {
            let at = sheet.below("department");
            let said = "„department“ gehört zu „role“.";
            self.complain(&at, said, "Bitte entfernen.");
        }
        if !place.keys().contains(key) {
            let said = match (place, *key) {
                (Where::Step { each: false }, "each") => {
                    "Für wen es je einen Schritt gibt, ist nicht gesagt."
                }
                (Where::Step { each: true }, _) => "Der Schritt geht an je einen aus „each“.",
                _ => "Das geht an dieser Stelle nicht.",
            };
            let remedy = match (place, *key) {
                (Where::Step { each: false }, "each") => {
                    "Bitte am Schritt each = \"feld\" angeben, mit einem Feld der Art whos."
                        .to_owned()
                }
                _ => format!("Möglich sind: {}.", place.keys().join(", ")),
            };
            self.complain(&sheet.below(key), said, remedy);
            return None;
        }
        self.named(&sheet, key, place)
    }

    fn named(&mut self, sheet: &Sheet<'_>, key: &str, place: Where) -> Option<Assignee> {
        match key {
            "function" => {
                let code = self.text(sheet, key)?;
                Some(Assignee::Function(self.code(code)))
            }
            "role" => self.role(sheet),
            "field" => {
                let text = self.text(sheet, key)?;
                let field = self.field_of(&text, &[Kind::Who])?;
                Some(Assignee::Field(field))
            }
            "manager_of" => self.manager_of(sheet, place),
            "taker_of" => {
                let text = self.text(sheet, key)?;
                let step = self.step_of(&text)?;
                Some(Assignee::TakerOf(step))
            }
            _ => {
                let value = sheet.get(key)?;
                if !matches!(value.value, DeValue::Boolean(true)) {
                    let remedy = format!("Bitte {{ {key} = true }} schreiben.");
                    self.complain(&value.at, "Hier steht nicht true.", remedy);
                }
                Some(match key {
                    "initiator" => Assignee::Initiator,
                    "each" => Assignee::Each,
                    "anybody" => Assignee::Anybody,
                    _ => Assignee::System,
                })
            }
        }
    }

    fn role(&mut self, sheet: &Sheet<'_>) -> Option<Assignee> {
        let role = self.text(sheet, "role")?;
        self.word(&role, &ROLES, "Eine Rolle")?;
        let department = self.text(sheet, "department");
        Some(Assignee::Role {
            role: role.text,
            department: department.map(|code| self.code(code)),
        })
    }

    fn manager_of(&mut self, sheet: &Sheet<'_>, place: Where) -> Option<Assignee> {
        let text = self.text(sheet, "manager_of")?;
        let person = match text.text.as_str() {
            "initiator" => Person::Initiator,
            "each" if place.has_each() => Person::Each,
            "each" => {
                let said = "Hier gibt es nicht je einen Schritt.";
                let remedy = "Bitte „initiator“ oder ein Feld der Art who nennen.";
                self.complain(&text.at, said, remedy);
                return None;
            }
            _ => Person::Field(self.field_of(&text, &[Kind::Who])?),
        };
        Some(Assignee::ManagerOf(person))
    }
}
