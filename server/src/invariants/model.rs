//! What is found out about invariants.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Value, json};

use super::rules::{RULES, Rule, Wanted};
use crate::base::Timestamp;

/// Most offenders that are named; all are counted.
pub(super) const OFFENDERS_MAX: usize = 100;

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// In German.
    pub de: String,
    /// In English.
    pub en: String,
}

/// A sentence in both languages.
pub(super) fn say(de: impl Into<String>, en: impl Into<String>) -> Words {
    Words {
        de: de.into(),
        en: en.into(),
    }
}

/// What is known about an invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that it speaks of was looked at, and it holds.
    Kept,
    /// It does not hold.
    Broken,
    /// There is nothing of which it speaks, because that is not built.
    NotApplicable,
    /// It was not looked at, or not in full; what was looked at holds.
    NotChecked,
}

impl Verdict {
    /// As it stands in answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::NotApplicable => "not_applicable",
            Self::NotChecked => "not_checked",
        }
    }

    const fn german(self) -> &'static str {
        match self {
            Self::Kept => "eingehalten",
            Self::Broken => "VERLETZT",
            Self::NotApplicable => "nicht anwendbar",
            Self::NotChecked => "nicht geprüft",
        }
    }
}

/// Something that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offender {
    /// What it is: `document`, `workflow`, `record` …
    pub kind: &'static str,
    /// Its id; of a record of the log its number.
    pub id: String,
    /// Why.
    pub why: Words,
}

/// What was seen of one invariant so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    checked: u64,
    count: u64,
    offenders: Vec<Offender>,
    unchecked: Option<Words>,
    beside: Option<Words>,
}

impl Seen {
    /// So many objects were looked at.
    pub(super) fn looked(&mut self, more: u64) {
        self.checked = self.checked.saturating_add(more);
    }

    /// Something breaks it.
    pub(super) fn offend(&mut self, kind: &'static str, id: impl Display, why: Words) {
        self.count = self.count.saturating_add(1);
        if self.offenders.len() < OFFENDERS_MAX {
            let id = id.to_string();
            self.offenders.push(Offender { kind, id, why });
        }
    }

    /// So many more break it that are not named.
    pub(super) fn unnamed(&mut self, more: u64) {
        self.count = self.count.saturating_add(more);
    }

    /// It was not looked at in full.
    pub(super) fn unchecked(&mut self, why: Words) {
        self.unchecked = Some(why);
    }

    /// What is to be said with it, whatever is found.
    pub(super) fn beside(&mut self, what: Words) {
        self.beside = Some(what);
    }
}

/// What was seen of each invariant so far. It stays when a pass is given up.
#[derive(Debug, Default)]
pub(super) struct Book {
    seen: BTreeMap<u8, Seen>,
    not: BTreeMap<u8, Words>,
}

impl Book {
    /// What was seen of one.
    pub(super) fn of(&mut self, number: u8) -> &mut Seen {
        self.seen.entry(number).or_default()
    }

    /// It speaks of nothing that there is.
    pub(super) fn not_applicable(&mut self, number: u8, why: Words) {
        self.not.insert(number, why);
    }

    /// What is known of those that were asked for.
    pub(super) fn findings(mut self, wanted: &Wanted) -> Vec<Finding> {
        let asked = RULES.iter().filter(|rule| wanted.has(rule.number));
        asked.map(|rule| self.finding(rule)).collect()
    }

    fn finding(&mut self, rule: &'static Rule) -> Finding {
        let seen = self.seen.remove(&rule.number);
        let not = self.not.remove(&rule.number);
        let nobody = || say("Niemand hat es angesehen.", "Nobody has looked at it.");
        let (verdict, reason, seen) = match (seen, not) {
            (Some(seen), _) if seen.count > 0 => (Verdict::Broken, seen.unchecked.clone(), seen),
            (_, Some(not)) => (Verdict::NotApplicable, Some(not), Seen::default()),
            (Some(seen), None) if seen.unchecked.is_some() => {
                (Verdict::NotChecked, seen.unchecked.clone(), seen)
            }
            (Some(seen), None) => (Verdict::Kept, seen.beside.clone(), seen),
            (None, None) => (Verdict::NotChecked, Some(nobody()), Seen::default()),
        };
        Finding {
            rule,
            verdict,
            reason,
            checked: seen.checked,
            count: seen.count,
            offenders: seen.offenders,
        }
    }
}

/// What was found out about one invariant.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which.
    pub rule: &'static Rule,
    /// What is known.
    pub verdict: Verdict,
    /// Why it was not looked at, or what is to be said with it.
    pub reason: Option<Words>,
    /// How many objects were looked at.
    pub checked: u64,
    /// How many break it.
    pub count: u64,
    /// Those of them that are named: at most a hundred.
    pub offenders: Vec<Offender>,
}

/// What was found out.
#[derive(Debug, Clone)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// The number of the last record of the log that was looked at.
    pub seq: Option<u64>,
    /// One for each that was asked for, in their order.
    pub findings: Vec<Finding>,
}

impl Report {
    fn any(&self, verdict: Verdict) -> bool {
        self.findings.iter().any(|one| one.verdict == verdict)
    }

    /// Broken before not checked before kept.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.any(Verdict::Broken) {
            Verdict::Broken
        } else if self.any(Verdict::NotChecked) {
            Verdict::NotChecked
        } else {
            Verdict::Kept
        }
    }

    /// As German text for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = Vec::new();
        for one in &self.findings {
            let (id, verdict) = (one.rule.id(), one.verdict.german());
            lines.push(format!("{id:<5} {verdict:<16} {}", one.rule.de));
            if one.checked > 0 {
                lines.push(format!("      geprüft: {}", one.checked));
            }
            if let Some(reason) = &one.reason {
                lines.push(format!("      {}", reason.de));
            }
            for offender in &one.offenders {
                let Offender { kind, id, why } = offender;
                lines.push(format!("      {kind} {id}: {}", why.de));
            }
            let named = u64::try_from(one.offenders.len()).unwrap_or(u64::MAX);
            if one.count > named {
                lines.push(format!("      und {} weitere", one.count - named));
            }
        }
        lines.push(match self.verdict() {
            Verdict::Broken => "Es gibt Verstöße.".to_owned(),
            Verdict::NotChecked => "Kein Verstoß gefunden, aber nicht alles geprüft.".to_owned(),
            Verdict::Kept | Verdict::NotApplicable => "Kein Verstoß.".to_owned(),
        });
        lines.join("\n")
    }

    /// As JSON: what `GET /audit/invariants` answers.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let words = |one: &Words| json!({"de": one.de, "en": one.en});
        let items = self.findings.iter().map(|one| {
            let offenders = one.offenders.iter().map(|offender| {
                json!({"kind": offender.kind, "id": offender.id, "why": words(&offender.why)})
            });
            let mut item = json!({
                "id": one.rule.id(),
                "sentence": {"de": one.rule.de, "en": one.rule.en},
                "source": one.rule.source,
                "verdict": one.verdict.code(),
                "checked": one.checked,
                "broken": one.count,
                "offenders": offenders.collect::<Vec<_>>(),
            });
            if let (Some(reason), Some(item)) = (&one.reason, item.as_object_mut()) {
                item.insert("reason".to_owned(), words(reason));
            }
            item
        });
        let items: Vec<Value> = items.collect();
        let mut all = json!({
            "at": self.at.to_string(),
            "verdict": self.verdict().code(),
            "items": items,
        });
        if let (Some(seq), Some(all)) = (self.seq, all.as_object_mut()) {
            all.insert("seq".to_owned(), seq.into());
        }
        all
    }
}
