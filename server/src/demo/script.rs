//! What runs in the demo town: a script of what its people do, in days from the day of moving in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use time::{Date, Duration};

use super::content::{Channel, Direction, TownDocument};

/// Everything that runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The files in which it runs.
    #[serde(rename = "file")]
    pub files: Vec<FlowFile>,
    /// Beginnings that several have.
    #[serde(rename = "opening")]
    pub openings: BTreeMap<String, Vec<Act>>,
    /// What runs, one case each.
    #[serde(rename = "flow")]
    pub flows: Vec<TownFlow>,
    /// What waits for whom, as the demo says when it starts.
    #[serde(rename = "desk")]
    pub desks: Vec<Desk>,
}

impl Script {
    /// The file of this key.
    #[must_use]
    pub fn file(&self, key: &str) -> Option<&FlowFile> {
        self.files.iter().find(|file| file.key == key)
    }

    /// What is done in a workflow, from its beginning.
    pub fn acts<'a>(&'a self, flow: &'a TownFlow) -> impl Iterator<Item = &'a Act> {
        let opening = flow.opening.as_ref().and_then(|key| self.openings.get(key));
        opening.into_iter().flatten().chain(&flow.acts)
    }
}

/// A file in which workflows run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowFile {
    /// What it is called here.
    pub key: String,
    /// The mark of its unit in the file plan.
    pub plan_unit: String,
    /// Subject.
    pub subject: String,
    /// User name of who opens it and its cases, in the own department.
    pub clerk: String,
}

/// A case and what runs in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TownFlow {
    /// The key of its file.
    pub file: String,
    /// The subject of the case.
    pub case: String,
    /// Short name of the definition.
    pub definition: String,
    /// User name of who begins it.
    pub by: String,
    /// How far it has come, in German.
    pub state: String,
    /// What is said at the beginning.
    #[serde(default)]
    pub fields: BTreeMap<String, Json>,
    /// The beginning that it shares with others.
    pub opening: Option<String>,
    /// The document with which it begins.
    pub document: Option<FlowDocument>,
    /// Further documents that are there before.
    #[serde(default, rename = "more")]
    pub others: Vec<FlowDocument>,
    /// What is done, after the opening.
    #[serde(default, rename = "do")]
    pub acts: Vec<Act>,
}

impl TownFlow {
    /// Its documents, that with which it begins last.
    pub fn documents(&self) -> impl Iterator<Item = &FlowDocument> {
        self.others.iter().chain(&self.document)
    }
}

/// How the content of a document is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Printed like all others.
    #[default]
    Pdf,
    /// As it stands there.
    Xml,
}

/// A document of a workflow: a letter that came in, or a draft that stands in the case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowDocument {
    /// Slug, unique in the town.
    pub id: String,
    /// How it is written.
    #[serde(default)]
    pub format: Format,
    /// Slug of the department.
    pub department: String,
    /// German name of the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Subject.
    pub title: String,
    /// How many days ago it was written and came in.
    pub days_ago: i64,
    /// How it travelled.
    pub channel: Channel,
    /// Which way; in, if nothing is said. What does not come in is a draft in the case.
    #[serde(default = "incoming")]
    pub direction: Direction,
    /// The other side.
    pub correspondent: String,
    /// Its address.
    pub address: Vec<String>,
    /// User name of who wrote it; empty for what came from outside.
    #[serde(default)]
    pub clerk: String,
    /// User name of who files it; its clerk or that of the file, if nothing is said.
    pub filed_by: Option<String>,
    /// What it says in fields.
    #[serde(default)]
    pub fields: BTreeMap<String, Json>,
    /// Its text, page by page.
    pub pages: Vec<String>,
    /// The same of another version, which comes later.
    #[serde(default)]
    pub revised: Vec<String>,
}

const fn incoming() -> Direction {
    Direction::Incoming
}

impl FlowDocument {
    /// The name under which it comes: unique in the town.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self.format {
            Format::Pdf => format!("{}.pdf", self.id),
            Format::Xml => format!("{}.xml", self.id),
        }
    }

    /// As a document of the town, on this day. Nothing beyond the end of all calendars.
    #[must_use]
    pub fn on(&self, today: Date) -> Option<TownDocument> {
        self.with(&self.pages, today)
    }

    /// The same of the version that comes later.
    #[must_use]
    pub fn revised_on(&self, today: Date) -> Option<TownDocument> {
        self.with(&self.revised, today)
    }

    fn with(&self, pages: &[String], today: Date) -> Option<TownDocument> {
        let day = today.checked_sub(Duration::days(self.days_ago))?;
        let pages = pages.iter().map(|page| text(page.trim(), today));
        Some(TownDocument {
            id: self.id.clone(),
            department: self.department.clone(),
            kind: self.kind.clone(),
            title: self.title.clone(),
            date: day,
            received: day,
            direction: self.direction,
            channel: self.channel,
            correspondent: self.correspondent.clone(),
            address: self.address.clone(),
            clerk: self.clerk.clone(),
            tags: Vec::new(),
            references: Vec::new(),
            pages: pages.collect(),
        })
    }
}

/// What somebody does.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Act {
    /// User name; nobody where the system works.
    pub by: String,
    /// User name of the one in whose stead.
    #[serde(rename = "for")]
    pub instead_of: Option<String>,
    /// What.
    pub command: Doing,
    /// With which step.
    pub step: String,
    /// How the step is done.
    pub outcome: Option<String>,
    /// What is said.
    pub fields: BTreeMap<String, Json>,
    /// A note, or the reason of an outcome.
    pub note: Option<String>,
    /// To which state it is sent back; who is asked.
    pub to: Option<String>,
    /// Until which day it rests.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What happened outside.
    pub event: Option<String>,
    /// Slug of the document that gets another version.
    pub document: Option<String>,
}

/// What is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// A step is done.
    #[default]
    Complete,
    /// A step is taken.
    Claim,
    /// It is sent back.
    Return,
    /// It rests until a day.
    Hold,
    /// Somebody is asked for a talk before it (Rücksprache).
    Insert,
    /// Something happened outside.
    Event,
    /// A document gets another version.
    Version,
    /// The system does what waits for it.
    Work,
}

/// What waits for somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// User name.
    pub user: String,
    /// What, in German and English.
    pub what: String,
}

/// A day that is written as `today`, `today+3` or `today-12`.
#[must_use]
pub fn day(raw: &str, today: Date) -> Option<Date> {
    match raw.strip_prefix("today")? {
        "" => Some(today),
        days => moved(today, days),
    }
}

fn moved(today: Date, days: &str) -> Option<Date> {
    let days: i64 = days.parse().ok()?;
    today.checked_add(Duration::days(days))
}

/// A value of a field: days as days, documents by their ids.
pub fn value(raw: &Json, today: Date, document: &impl Fn(&str) -> Option<String>) -> Json {
    match raw {
        Json::String(text) => {
            let id = text.strip_prefix("document:").and_then(document);
            let day = day(text, today).map(|day| day.to_string());
            Json::String(id.or(day).unwrap_or_else(|| text.clone()))
        }
        Json::Array(all) => all.iter().map(|one| value(one, today, document)).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => raw.clone(),
    }
}

/// The slugs of the documents that stand in fields.
pub fn documents_in(fields: &BTreeMap<String, Json>) -> impl Iterator<Item = &str> {
    let named = fields.values().filter_map(Json::as_str);
    named.filter_map(|text| text.strip_prefix("document:"))
}

/// A text with its days: `{d-12}` as 14.11.2026, `{i-12}` as 2026-11-14.
#[must_use]
pub fn text(raw: &str, today: Date) -> String {
    let mut pieces = raw.split('{');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let marked = piece.split_once('}');
        let written = marked.and_then(|(mark, rest)| Some((written(mark, today)?, rest)));
        match written {
            Some((day, rest)) => {
                out.push_str(&day);
                out.push_str(rest);
            }
            None => {
                out.push('{');
                out.push_str(piece);
            }
        }
    }
    out
}

fn written(mark: &str, today: Date) -> Option<String> {
    if let Some(days) = mark.strip_prefix('i') {
        return moved(today, days).map(|day| day.to_string());
    }
    let day = moved(today, mark.strip_prefix('d')?)?;
    let (number, month) = (day.day(), u8::from(day.month()));
    Some(format!("{number:02}.{month:02}.{}", day.year()))
}

#[cfg(test)]
mod tests {
    use super::{day, text, value};
    use serde_json::json;
    use time::macros::date;

    #[test]
    fn days_are_counted_from_the_day_of_moving_in() {
        let today = date!(2026 - 03 - 01);
        assert_eq!(day("today", today), Some(today));
        assert_eq!(day("today+3", today), Some(date!(2026 - 03 - 04)));
        assert_eq!(day("today-1", today), Some(date!(2026 - 02 - 28)));
        for odd in ["", "heute", "today3x", "todays"] {
            assert_eq!(day(odd, today), None, "{odd}");
        }
        let said = text("vom {d-1}, {i+1}, {x} und {", today);
        assert_eq!(said, "vom 28.02.2026, 2026-03-02, {x} und {");
    }

    #[test]
    fn values_name_days_and_documents() {
        let today = date!(2026 - 03 - 01);
        let known = |slug: &str| (slug == "brief").then(|| "id".to_owned());
        let of = |raw| value(&raw, today, &known);
        assert_eq!(of(json!("document:brief")), json!("id"));
        assert_eq!(of(json!("document:other")), json!("document:other"));
        assert_eq!(of(json!(["today", "a.b"])), json!(["2026-03-01", "a.b"]));
        assert_eq!(of(json!(3)), json!(3));
    }
}
