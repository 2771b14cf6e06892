//! By when a step is to be done.

use super::head::FEW;
use super::sheet::{DUE, ESCALATION, LAPSE, Sheet};
use super::steps::is_personal;
use super::who::Where;
use super::{Age, Reader};
use crate::definition::{Assignee, Due, DueKind, Effect, Escalation, Lapse, Step, Term};
use crate::expr::{Kind, known};

/// How a term is counted, and by how many at most.
const TERMS: [(&str, i64, i64); 5] = [
    ("working_days", 0, 2_500),
    ("days", 0, 3_650),
    ("weeks", 1, 520),
    ("months", 1, 120),
    ("hours", HOURS_MIN, HOURS_MAX),
];
const HOURS_MIN: i64 = 1;
const HOURS_MAX: i64 = 8_760;
const OFFSET_MAX: i64 = 3_650;
/// Working days before and after the day on which something is due.
const AROUND_MAX: i64 = 250;

impl Reader {
    /// Of a step all else of which is known.
    pub(super) fn due(&mut self, sheet: &Sheet<'_>, step: &Step, each: bool) -> Option<Due> {
        let found = sheet.get("due")?;
        let sheet = self.sheet(&found, DUE)?;
        let term = self.term(&sheet);
        let kind = self.text(&sheet, "kind").and_then(|text| {
            let kinds = [
                ("deadline", DueKind::Deadline),
                ("appointment", DueKind::Appointment),
            ];
            self.word(&text, &kinds, "Die Art")
        });
        let before = self.text(&sheet, "before");
        let before = before.and_then(|text| self.field_of(&text, &[Kind::Day]));
        let lapse = self.lapse(&sheet, step);
        let last = lapse.as_ref().map(|lapse| i64::from(lapse.after));
        let term = term?;
        let remind = self.remind(&sheet, &term, last);
        let remind_hours = self.remind_hours(&sheet, &term);
        let remind_to = self.remind_to(&sheet);
        let escalate = self.escalate(&sheet, last, each);
        let extend_by = self.who_in(&sheet, "extend_by", Where::Beside { each });
        Some(Due {
            term,
            kind: kind.unwrap_or(DueKind::Deadline),
            before,
            remind,
            remind_hours,
            remind_to,
            escalate,
            lapse,
            extend_by,
        })
    }

    fn term(&mut self, sheet: &Sheet<'_>) -> Option<Term> {
        let counted = TERMS.iter().map(|(key, ..)| *key);
        let said: Vec<_> = counted
            .chain(["field"])
            .filter(|key| sheet.has(key))
            .collect();
        let [key] = said.as_slice() else {
            if said.is_empty() && sheet.strange {
                return None;
            }
            let said = if said.is_empty() {
                "Wie lange es dauern darf, ist nicht gesagt.".to_owned()
            } else {
                format!("Die Frist ist mehrfach gesagt: {}.", said.join(", "))
            };
            let remedy =
                "Bitte genau eines angeben: working_days, days, weeks, months, hours, field.";
            self.complain(&sheet.at, said, remedy);
            return None;
        };
        let offsets = ["offset_days", "offset_working_days"];
        if *key == "field" {
            return self.term_of_field(sheet);
        }
        for offset in offsets {
            if sheet.has(offset) {
                let said = format!("„{offset}“ gehört zu „field“.");
                self.complain(&sheet.below(offset), said, "Bitte entfernen.");
            }
        }
        let (_, least, most) = TERMS.iter().find(|(term, ..)| term == key)?;
        let count = self.number(sheet, key, *least..=*most)?;
        let count = u16::try_from(count).ok()?;
        Some(match *key {
            "working_days" => Term::WorkingDays(count),
            "days" => Term::Days(count),
            "weeks" => Term::Weeks(count),
            "months" => Term::Months(count),
            _ => Term::Hours(count),
        })
    }

    fn term_of_field(&mut self, sheet: &Sheet<'_>) -> Option<Term> {
        self.not_both(sheet, "offset_days", "offset_working_days");
        let text = self.text(sheet, "field")?;
        let field = self.field_of(&text, &[Kind::Day]);
        let bounds = || -OFFSET_MAX..=OFFSET_MAX;
        let days = self.number(sheet, "offset_days", bounds());
        let working = self.number(sheet, "offset_working_days", bounds());
        let offset = working.or(days).unwrap_or(0);
        Some(Term::Field {
            field: field?,
            offset: i32::try_from(offset).ok()?,
            working: sheet.has("offset_working_days"),
        })
    }

    fn remind(&mut self, sheet: &Sheet<'_>, term: &Term, last: Option<i64>) -> Vec<i32> {
        let mut remind: Vec<i32> = Vec::new();
        for one in self.list(sheet, "remind", FEW) {
            let Some(count) = self.as_number(&one, -AROUND_MAX..=AROUND_MAX) else {
                continue;
            };
            if early(term).is_some_and(|early| count < -early) {
                let said = "Diese Erinnerung läge vor dem Tag, an dem der Schritt beginnt.";
                self.complain(
                    &one.at,
                    said,
                    "Bitte näher an den Tag der Fälligkeit rücken.",
                );
            }
            if last.is_some_and(|last| count > last) {
                let said = "Diese Erinnerung käme, nachdem der Schritt verfallen ist.";
                self.complain(&one.at, said, "Bitte vor den Tag aus „lapse“ rücken.");
            }
            let Ok(count) = i32::try_from(count) else {
                continue;
            };
            if remind.contains(&count) {
                let said = format!("An „{count}“ wird schon erinnert.");
                self.complain(&one.at, said, "Bitte einmal entfernen.");
            }
            remind.push(count);
        }
        remind
    }

    /// Hours from the opening: before a term in hours ends, of which alone that can be said.
    fn remind_hours(&mut self, sheet: &Sheet<'_>, term: &Term) -> Vec<u16> {
        let mut found: Vec<u16> = Vec::new();
        for one in self.list(sheet, "remind_hours", FEW) {
            let count = self.as_number(&one, HOURS_MIN..=HOURS_MAX);
            let Some(count) = count.and_then(|count| u16::try_from(count).ok()) else {
                continue;
            };
            if let Term::Hours(last) = term
                && count >= *last
            {
                let said = "Diese Erinnerung käme nicht vor dem Ablauf der Frist.";
                let remedy = "Gezählt wird ab dem Öffnen des Schrittes: Bitte weniger Stunden als „hours“ angeben.";
                self.complain(&one.at, said, remedy);
            }
            if found.contains(&count) {
                let said = format!("Nach {count} Stunden wird schon erinnert.");
                self.complain(&one.at, said, "Bitte einmal entfernen.");
            }
            found.push(count);
        }
        found
    }

    /// Who is reminded, where it is not whoever has the step.
    fn remind_to(&mut self, sheet: &Sheet<'_>) -> Option<Assignee> {
        let to = self.who_in(sheet, "remind_to", Where::Beside { each: false });
        if sheet.has("remind_to") && !sheet.has("remind") && !sheet.has("remind_hours") {
            let said = "„remind_to“ gehört zu einer Erinnerung, und hier ist keine.";
            let remedy = "Bitte „remind“ oder „remind_hours“ angeben, oder „remind_to“ entfernen.";
            self.complain(&sheet.below("remind_to"), said, remedy);
        }
        to
    }

    fn escalate(&mut self, sheet: &Sheet<'_>, last: Option<i64>, each: bool) -> Vec<Escalation> {
        let mut found = Vec::new();
        for one in self.list(sheet, "escalate", FEW) {
            let Some(sheet) = self.sheet(&one, ESCALATION) else {
                continue;
            };
            let after = self.after(&sheet);
            if !sheet.has("to") {
                let said = "Wer es erfährt, ist nicht gesagt.";
                self.complain(&sheet.below("to"), said, "Bitte to = { … } angeben.");
            }
            let to = self.who_in(&sheet, "to", Where::Beside { each });
            if let (Some(after), Some(last)) = (after, last)
                && i64::from(after) > last
            {
                let said = "Das käme, nachdem der Schritt verfallen ist.";
                let remedy = "Bitte vor den Tag aus „lapse“ rücken.";
                self.complain(&sheet.below("after"), said, remedy);
            }
            if let (Some(after), Some(to)) = (after, to) {
                found.push(Escalation { after, to });
            }
        }
        found
    }

    fn after(&mut self, sheet: &Sheet<'_>) -> Option<u16> {
        if !sheet.has("after") {
            let said = "„after“ fehlt.";
            let remedy =
                "Bitte angeben, wie viele Arbeitstage nach der Fälligkeit; 0 ist sofort danach.";
            self.complain(&sheet.below("after"), said, remedy);
        }
        let after = self.number(sheet, "after", 0..=AROUND_MAX)?;
        u16::try_from(after).ok()
    }

    /// A step ends by itself only in a way for which nobody must say or answer for anything.
    fn lapse(&mut self, sheet: &Sheet<'_>, step: &Step) -> Option<Lapse> {
        let found = sheet.get("lapse")?;
        let sheet = self.sheet(&found, LAPSE)?;
        let after = self.after(&sheet);
        let text = self.need(&sheet, "outcome")?;
        let outcome = step.outcomes.iter().find(|one| one.key == text.text);
        let Some(outcome) = outcome else {
            let all: Vec<_> = step.outcomes.iter().map(|one| one.key.clone()).collect();
            let said = format!("Ein Ergebnis „{}“ hat dieser Schritt nicht.", text.text);
            self.complain(&text.at, said, known("Ergebnisse sind", &all));
            return None;
        };
        let asked = step
            .asks
            .iter()
            .find(|ask| ask.required && (ask.with.is_empty() || ask.with.contains(&outcome.key)));
        if let Some(ask) = asked {
            let said = format!(
                "Dieses Ergebnis fragt nach „{}“; von selbst antwortet niemand.",
                ask.field
            );
            let remedy =
                "Bitte ein Ergebnis nehmen, das nichts fragt, oder die Frage mit with begrenzen.";
            self.complain(&text.at, said, remedy);
        }
        if outcome.said {
            let said =
                "Zu diesem Ergebnis gehört ein Vermerk oder ein Dokument; von selbst kommt keines.";
            self.complain(&text.at, said, "Bitte ein anderes Ergebnis nehmen.");
        }
        let destroys = |effect: &Effect| matches!(effect, Effect::Destroy { .. });
        if self.age == Age::New && outcome.effects.iter().any(destroys) {
            let said = "Dass etwas vernichtet wird, beschließt ein Mensch und nicht die Zeit.";
            self.complain(&text.at, said, "Bitte ein anderes Ergebnis nehmen.");
        }
        if is_personal(step.kind) && outcome.to.is_none() {
            let said = "Dieser Vermerk entsteht nicht dadurch, dass Zeit vergeht.";
            let remedy = "Bitte ein Ergebnis nehmen, das mit „to“ anderswohin führt.";
            self.complain(&text.at, said, remedy);
        }
        Some(Lapse {
            after: after?,
            outcome: outcome.key.clone(),
        })
    }
}

/// How many working days there can be at most before a term ends. None: that cannot be said.
fn early(term: &Term) -> Option<i64> {
    match term {
        Term::WorkingDays(count) | Term::Days(count) => Some(i64::from(*count)),
        Term::Weeks(count) => Some(i64::from(*count) * 5),
        Term::Months(count) => Some(i64::from(*count) * 23),
        Term::Hours(count) => Some(i64::from(*count) / 24 + 1),
        Term::Field { .. } => None,
    }
}
