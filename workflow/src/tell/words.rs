//! The words of the house for what a definition and an instance know.

use super::{Names, condition, joined};
use crate::definition::{
    Assignee, Beside, Definition, Due, DueKind, FieldKind, Person, StepKind, Term,
};
use crate::instance::{Assigned, StepStatus};

/// A kind of step, with its sign from the rules of business where it has one.
#[must_use]
pub const fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Task => "Aufgabe (z. w. V.)",
        StepKind::Seen => "Sichtvermerk",
        StepKind::Information => "zur Kenntnis (z. K.)",
        StepKind::Consult => "Rücksprache (R)",
        StepKind::Statement => "Stellungnahme (Stn.)",
        StepKind::CoSign => "Mitzeichnung (Mz.)",
        StepKind::FinalSign => "Schlusszeichnung (Schlz.)",
        StepKind::Attest => "Feststellung",
        StepKind::Order => "Anordnung",
        StepKind::Approve => "Genehmigung",
        StepKind::Identity => "Feststellung der Identität",
        StepKind::Counter => "Unterschrift am Schalter",
        StepKind::Resubmit => "Wiedervorlage (Wv.)",
        StepKind::Dispatch => "Versand (Ab-Vermerk)",
        StepKind::Event => "Meldung von außen",
        StepKind::System => "durch das System",
    }
}

/// A mark, as it stands on a routing slip: the sign of its kind, or what a definition calls it.
#[must_use]
pub fn mark(mark: &str) -> String {
    let known = match mark {
        "task" => "z. w. V.",
        "seen" => "gesehen",
        "information" => "z. K.",
        "consult" => "R",
        "statement" => "Stn.",
        "co_sign" => "Mz.",
        "final_sign" => "Schlz.",
        "attest" => "festgestellt",
        "order" => "angeordnet",
        "approve" => "genehmigt",
        "identity" => "Identität festgestellt",
        "counter" => "unterschrieben",
        "resubmit" => "Wv.",
        "dispatch" | "ab" => "Ab",
        "event" => "Meldung",
        "system" => "System",
        "gebuehr" => "Gebühr",
        "geprueft" => "geprüft",
        "uebermittelt" => "übermittelt",
        "ausgehaendigt" => "ausgehändigt",
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// Where a step is.
#[must_use]
pub const fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Future => "steht noch aus",
        StepStatus::Open => "zu erledigen",
        StepStatus::Waiting => "wartet auf einen eingefügten Schritt",
        StepStatus::Done => "erledigt",
        StepStatus::Voided => "hinfällig, eine neue Fassung liegt vor",
        StepStatus::Skipped => "übersprungen",
        StepStatus::Withdrawn => "entfallen",
    }
}

/// A role, by its code.
#[must_use]
pub fn role(code: &str) -> &str {
    match code {
        "clerk" => "Sachbearbeitung",
        "head" => "Leitung",
        "mayor" => "Verwaltungsleitung",
        "mail_room" => "Poststelle",
        "records_manager" => "Registratur",
        "auditor" => "Rechnungsprüfung",
        "integrator" => "angebundenes Fachverfahren",
        "admin" => "technische Verwaltung",
        other => other,
    }
}

/// What a field holds.
#[must_use]
pub const fn field_kind(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } => "Text",
        FieldKind::Time => "Uhrzeit",
        FieldKind::Number => "Zahl",
        FieldKind::Money => "Betrag",
        FieldKind::Day => "Tag",
        FieldKind::YesNo => "Ja oder Nein",
        FieldKind::Choice(_) => "Auswahl",
        FieldKind::Who => "Person oder Funktion",
        FieldKind::Whos => "Personen oder Funktionen",
        FieldKind::Document => "Dokument",
    }
}

/// Who takes a step.
#[must_use]
pub fn assignee(who: &Assignee, definition: &Definition, names: &dyn Names) -> String {
    match who {
        Assignee::Function(code) => function(code, names),
        Assignee::Role { role, department } => in_role(role, department.as_deref(), names),
        Assignee::Field(key) => format!("wer unter {} steht", field(key, definition)),
        Assignee::Initiator => "wer das Verfahren begonnen hat".to_owned(),
        Assignee::ManagerOf(person) => {
            format!("Vorgesetzte von: {}", self::person(person, definition))
        }
        Assignee::TakerOf(key) => format!("wer {} erledigt hat", step(key, definition)),
        Assignee::Each => "jede genannte Stelle für sich".to_owned(),
        Assignee::Anybody => "wer in dem Vorgang arbeiten darf".to_owned(),
        Assignee::System => "System".to_owned(),
    }
}

fn person(person: &Person, definition: &Definition) -> String {
    match person {
        Person::Initiator => "wer das Verfahren begonnen hat".to_owned(),
        Person::Field(key) => format!("wer unter {} steht", field(key, definition)),
        Person::Each => "der genannten Stelle".to_owned(),
    }
}

/// Several of them, of whom each may.
pub(super) fn assignees(all: &[Assignee], definition: &Definition, names: &dyn Names) -> String {
    let all: Vec<_> = all
        .iter()
        .map(|one| assignee(one, definition, names))
        .collect();
    joined(&all, "oder")
}

/// Where a side way runs, and who begins it.
#[must_use]
pub fn beside_said(one: &Beside, definition: &Definition, names: &dyn Names) -> String {
    let states: Vec<_> = one.states.iter().map(|id| state(id, definition)).collect();
    let who = assignees(&one.by, definition, names);
    let when = one.when.as_ref();
    let when = when.map(|when| format!(", wenn gilt: {}", condition(when, definition)));
    format!(
        "Nebenweg: läuft neben {}, ohne etwas aufzuhalten{}. Beginnen darf: {who}.",
        joined(&states, "und"),
        when.unwrap_or_default()
    )
}

/// Who is asked.
#[must_use]
pub fn assigned(who: &Assigned, names: &dyn Names) -> String {
    match who {
        Assigned::Person { account } => names
            .account(account)
            .unwrap_or_else(|| format!("Konto {}", account.0)),
        Assigned::Function { code } => function(code, names),
        Assigned::Role { role, department } => in_role(role, department.as_deref(), names),
        Assigned::Anybody => "wer in dem Vorgang arbeiten darf".to_owned(),
        Assigned::System => "System".to_owned(),
    }
}

pub(super) fn function(code: &str, names: &dyn Names) -> String {
    names
        .function(code)
        .unwrap_or_else(|| format!("Funktion {code}"))
}

fn in_role(code: &str, department: Option<&str>, names: &dyn Names) -> String {
    let role = role(code);
    department.map_or_else(
        || role.to_owned(),
        |slug| {
            let name = names.department(slug).unwrap_or_else(|| slug.to_owned());
            format!("{role} ({name})")
        },
    )
}

/// What a field is called, in quotes.
pub(super) fn field(key: &str, definition: &Definition) -> String {
    let label = definition.field(key).map(|field| field.label.de.as_str());
    format!("„{}“", label.unwrap_or(key))
}

/// What a step is called, in quotes.
pub(super) fn step(key: &str, definition: &Definition) -> String {
    let label = definition.step(key).map(|(_, step)| step.label.de.as_str());
    format!("„{}“", label.unwrap_or(key))
}

/// What a state is called, in quotes.
pub(super) fn state(id: &str, definition: &Definition) -> String {
    let label = definition.state(id).map(|state| state.label.de.as_str());
    format!("„{}“", label.unwrap_or(id))
}

/// By when, in few words: `5 Arbeitstage, nicht nach „Skonto bis“`.
#[must_use]
pub fn due(due: &Due, definition: &Definition) -> String {
    let mut said = match &due.term {
        Term::WorkingDays(count) => counted(i64::from(*count), "Arbeitstag", "Arbeitstage"),
        Term::Days(count) => counted(i64::from(*count), "Tag", "Tage"),
        Term::Weeks(count) => counted(i64::from(*count), "Woche", "Wochen"),
        Term::Months(count) => counted(i64::from(*count), "Monat", "Monate"),
        Term::Hours(count) => counted(i64::from(*count), "Stunde", "Stunden"),
        Term::Field {
            field: key,
            offset,
            working,
        } => {
            let (one, many) = if *working {
                ("Arbeitstag", "Arbeitstage")
            } else {
                ("Tag", "Tage")
            };
            let count = counted(i64::from(offset.unsigned_abs()), one, many);
            let label = field(key, definition);
            match offset.signum() {
                0 => format!("am Tag {label}"),
                1 => format!("{count} nach {label}"),
                _ => format!("{count} vor {label}"),
            }
        }
    };
    if let Some(key) = &due.before {
        said.push_str(", nicht nach ");
        said.push_str(&field(key, definition));
    }
    match due.kind {
        DueKind::Deadline => said,
        DueKind::Appointment => format!("{said} (Termin)"),
    }
}

pub(super) fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
