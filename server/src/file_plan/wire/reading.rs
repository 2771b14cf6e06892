//! How what comes in becomes a command: all faults at once.

use std::collections::HashMap;

use super::super::cells::{code, line, pattern};
use super::super::draft::Column;
use super::super::effect::Said;
use super::super::model::{
    Disposal, Fields, NAME_CHARS_MAX, Plan, TEXT_CHARS_MAX, WORD_CHARS_MAX, YEARS_MAX,
};
use super::super::ops::Edition;
use super::{ImportRequest, NewPlan, NewUnit, PlanChange, UnitChange};
use crate::base::pattern::Level;
use crate::base::{CivilDate, CompartmentId, PlanUnitId};
use crate::http::{Fault, Kind, Problem, text};

/// Reads fields one by one and keeps what is wrong with each.
struct Reader(Problem);

impl Reader {
    fn new() -> Self {
        Self(Problem::new(Kind::Validation))
    }

    fn take<T>(&mut self, field: &'static str, read: Result<T, Fault>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(fault) => {
                let so_far = std::mem::replace(&mut self.0, Problem::new(Kind::Validation));
                self.0 = so_far.field(format!("/{field}"), fault);
                None
            }
        }
    }

    fn name(&mut self, field: &'static str, raw: &str) -> Option<String> {
        let read = line(raw, NAME_CHARS_MAX).and_then(|name| name.ok_or(Fault::Required));
        self.take(field, read)
    }

    fn day(&mut self, field: &'static str, raw: &str) -> Option<CivilDate> {
        let expected = || text("ein Datum JJJJ-MM-TT", "a date YYYY-MM-DD");
        let read = CivilDate::parse(raw).ok_or_else(|| Fault::WrongFormat {
            expected: expected(),
        });
        self.take(field, read)
    }

    /// A text that may be missing.
    #[expect(clippy::option_option, reason = "outer: whether it could be read")]
    fn maybe(
        &mut self,
        column: Column,
        raw: Option<&str>,
        read: impl Fn(&str) -> Result<Option<String>, Fault>,
    ) -> Option<Option<String>> {
        self.take(column.english(), raw.map_or(Ok(None), read))
    }

    #[expect(clippy::option_option, reason = "outer: whether it could be read")]
    fn years(&mut self, column: Column, years: Option<u32>) -> Option<Option<u32>> {
        let read = match years {
            Some(years) if years > YEARS_MAX => Err(Fault::TooLarge {
                max: i64::from(YEARS_MAX),
            }),
            years => Ok(years),
        };
        self.take(column.english(), read)
    }

    fn disposal(&mut self, raw: &str) -> Option<Disposal> {
        let allowed = || Disposal::ALL.iter().map(|one| one.code().to_owned());
        let read = Disposal::parse(raw).ok_or_else(|| Fault::NotOneOf {
            allowed: allowed().collect(),
        });
        self.take(Column::Disposal.english(), read)
    }

    #[expect(clippy::option_option, reason = "outer: whether it could be read")]
    fn compartment(
        &mut self,
        raw: Option<&str>,
        known: &HashMap<CompartmentId, String>,
    ) -> Option<Option<CompartmentId>> {
        let Some(raw) = raw else { return Some(None) };
        let found = known.iter().find(|(_, code)| *code == raw);
        let read = found.map(|(id, _)| Some(*id)).ok_or(Fault::NotFound);
        self.take(Column::Compartment.english(), read)
    }

    fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.faults() == 0 => Ok(value),
            Some(_) | None => Err(self.0),
        }
    }
}

fn long(raw: &str) -> Result<Option<String>, Fault> {
    line(raw, TEXT_CHARS_MAX)
}

fn short(raw: &str) -> Result<Option<String>, Fault> {
    line(raw, WORD_CHARS_MAX)
}

impl NewPlan {
    pub(in crate::file_plan) fn edition(&self) -> Result<Edition, Problem> {
        let mut reader = Reader::new();
        let name = reader.name("name", &self.name);
        let edition = reader.name("edition", &self.edition);
        let from = reader.day("valid_from", &self.valid_from);
        let until = match self.valid_until.as_deref() {
            Some(until) => reader.day("valid_until", until),
            None => None,
        };
        let read = name.zip(edition).zip(from);
        let read = read.map(|((name, edition), valid_from)| Edition {
            name,
            edition,
            valid_from,
            valid_until: until,
        });
        reader.finish(read)
    }
}

/// A change of an edition, read.
#[derive(Debug)]
pub(in crate::file_plan) struct EditionChange {
    name: Option<String>,
    edition: Option<String>,
    valid_from: Option<CivilDate>,
    #[expect(
        clippy::option_option,
        reason = "missing, null and a value are three things"
    )]
    valid_until: Option<Option<CivilDate>>,
}

impl EditionChange {
    pub(in crate::file_plan) fn apply(self, before: &Plan) -> Edition {
        Edition {
            name: self.name.unwrap_or_else(|| before.name.clone()),
            edition: self.edition.unwrap_or_else(|| before.edition.clone()),
            valid_from: self.valid_from.unwrap_or(before.valid_from),
            valid_until: self.valid_until.unwrap_or(before.valid_until),
        }
    }
}

impl PlanChange {
    pub(in crate::file_plan) fn read(&self) -> Result<EditionChange, Problem> {
        let mut reader = Reader::new();
        let name = self
            .name
            .as_deref()
            .and_then(|raw| reader.name("name", raw));
        let edition = self.edition.as_deref();
        let edition = edition.and_then(|raw| reader.name("edition", raw));
        let from = self.valid_from.as_deref();
        let valid_from = from.and_then(|raw| reader.day("valid_from", raw));
        let valid_until = match &self.valid_until {
            Some(Some(until)) => reader.day("valid_until", until).map(Some),
            Some(None) => Some(None),
            None => None,
        };
        reader.finish(Some(EditionChange {
            name,
            edition,
            valid_from,
            valid_until,
        }))
    }
}

impl NewUnit {
    pub(in crate::file_plan) fn fields(
        &self,
        compartments: &HashMap<CompartmentId, String>,
    ) -> Result<(Fields, Option<PlanUnitId>), Problem> {
        let patch = UnitChange {
            code: Some(self.code.clone()),
            title: Some(self.title.clone()),
            parent: Some(self.parent),
            retention_years: Some(self.retention_years),
            disposal: Some(self.disposal.clone()),
            transfer_years: Some(self.transfer_years),
            file_pattern: Some(self.file_pattern.clone()),
            case_pattern: Some(self.case_pattern.clone()),
            document_pattern: Some(self.document_pattern.clone()),
            protection: Some(self.protection.clone()),
            compartment: Some(self.compartment.clone()),
            legal_basis: Some(self.legal_basis.clone()),
            note: Some(self.note.clone()),
        };
        let nothing = Fields {
            code: String::new(),
            title: String::new(),
            file_pattern: None,
            case_pattern: None,
            document_pattern: None,
            retention_years: None,
            transfer_years: None,
            disposal: Disposal::Appraise,
            protection: None,
            compartment: None,
            legal_basis: None,
            note: None,
        };
        patch.over(nothing, None, compartments)
    }
}

impl UnitChange {
    /// What is said about the unit after the change; everything that is wrong at once.
    pub(in crate::file_plan) fn over(
        &self,
        before: Fields,
        parent: Option<PlanUnitId>,
        compartments: &HashMap<CompartmentId, String>,
    ) -> Result<(Fields, Option<PlanUnitId>), Problem> {
        let mut reader = Reader::new();
        let mut fields = before;
        if let Some(raw) = &self.code
            && let Some(code) = reader.take(Column::Code.english(), code(raw))
        {
            fields.code = code;
        }
        if let Some(raw) = &self.title
            && let Some(title) = reader.take(
                Column::Title.english(),
                long(raw).and_then(|title| title.ok_or(Fault::Required)),
            )
        {
            fields.title = title;
        }
        if let Some(raw) = &self.disposal
            && let Some(disposal) = reader.disposal(raw)
        {
            fields.disposal = disposal;
        }
        if let Some(years) = self.retention_years
            && let Some(years) = reader.years(Column::Retention, years)
        {
            fields.retention_years = years;
        }
        if let Some(years) = self.transfer_years
            && let Some(years) = reader.years(Column::Transfer, years)
        {
            fields.transfer_years = years;
        }
        if let Some(raw) = &self.compartment
            && let Some(found) = reader.compartment(raw.as_deref(), compartments)
        {
            fields.compartment = found;
        }
        self.texts(&mut reader, &mut fields);
        let parent = match self.parent {
            Some(parent) => parent.map(PlanUnitId::of),
            None => parent,
        };
        reader.finish(Some((fields, parent)))
    }

    fn texts(&self, reader: &mut Reader, fields: &mut Fields) {
        type Read = fn(&str) -> Result<Option<String>, Fault>;
        let all: [(Column, _, &mut Option<String>, Read); 6] = [
            (
                Column::FilePattern,
                &self.file_pattern,
                &mut fields.file_pattern,
                |raw| pattern(Level::File, raw),
            ),
            (
                Column::CasePattern,
                &self.case_pattern,
                &mut fields.case_pattern,
                |raw| pattern(Level::Case, raw),
            ),
            (
                Column::DocumentPattern,
                &self.document_pattern,
                &mut fields.document_pattern,
                |raw| pattern(Level::Document, raw),
            ),
            (
                Column::Protection,
                &self.protection,
                &mut fields.protection,
                short,
            ),
            (
                Column::LegalBasis,
                &self.legal_basis,
                &mut fields.legal_basis,
                long,
            ),
            (Column::Note, &self.note, &mut fields.note, long),
        ];
        for (column, raw, target, read) in all {
            if let Some(raw) = raw
                && let Some(value) = reader.maybe(column, raw.as_deref(), read)
            {
                *target = value;
            }
        }
    }
}

impl ImportRequest {
    /// This, and what only the other says.
    pub(in crate::file_plan) fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            edition: self.edition.or(other.edition),
            valid_from: self.valid_from.or(other.valid_from),
            valid_until: self.valid_until.or(other.valid_until),
            dry_run: self.dry_run.or(other.dry_run),
            retire_missing: self.retire_missing.or(other.retire_missing),
        }
    }

    pub(in crate::file_plan) fn said(&self) -> Result<Said, Problem> {
        let mut reader = Reader::new();
        let name = self
            .name
            .as_deref()
            .and_then(|raw| reader.name("name", raw));
        let edition = self.edition.as_deref();
        let edition = edition.and_then(|raw| reader.name("edition", raw));
        let from = self.valid_from.as_deref();
        let valid_from = from.and_then(|raw| reader.day("valid_from", raw));
        let until = self.valid_until.as_deref();
        let valid_until = until.and_then(|raw| reader.day("valid_until", raw));
        reader.finish(Some(Said {
            name,
            edition,
            valid_from,
            valid_until,
            retire_missing: self.retire_missing.unwrap_or_default(),
        }))
    }
}
