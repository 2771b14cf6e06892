//! The filters that clients put into addresses, read into conditions.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, Order};
use uuid::Uuid;

use super::model::{Called, bound, day, instant, numbers, yes};
use super::rows;
use crate::base::DocumentId;
use crate::base::db::DbError;
use crate::documents::{Bound, Choice, Instant, Key, Tagged, Wanted};
use crate::http::{Fault, Kind, Problem, text};

/// What decides neither which documents are listed nor in which order; and what cannot be otherwise here.
const TRIMMINGS: &[&str] = &[
    "page",
    "page_size",
    "ordering",
    "fields",
    "truncate_content",
    "full_perms",
    "format",
    "include_selection_data",
];

/// The parameters that hold a question to the index.
const QUESTIONS: &[&str] = &[
    "query",
    "text",
    "title_content",
    "title_search",
    "content__icontains",
];

/// What documents never have here.
const NEVER: &[&str] = &[
    "archive_serial_number",
    "storage_path",
    "owner",
    "custom_fields",
];

/// By how many keys a list is sorted.
const ORDER_KEYS_MAX: usize = 6;

/// A list that is asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The conditions.
    pub(super) wanted: Vec<Wanted>,
    /// A question to the index, with the parameter that it came in.
    pub(super) question: Option<(&'static str, String)>,
    /// By what it is sorted, where that was said.
    pub(super) order: Vec<(Key, Order)>,
}

fn wrong(name: &str, fault: Fault) -> Problem {
    Problem::new(Kind::QueryInvalid).parameter(name.to_owned(), fault)
}

fn unreadable(name: &str) -> Problem {
    let expected = text(
        "ein Wert, wie ihn dieser Filter nimmt",
        "a value that this filter takes",
    );
    wrong(name, Fault::WrongFormat { expected })
}

/// Why reading went wrong: the address, or the database.
enum Failed {
    Problem(Problem),
    Db(DbError),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<DbError> for Failed {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl Asked {
    /// Reads the parameters of a list of documents.
    ///
    /// # Errors
    /// 400 naming a filter that does not exist here, or whose value cannot be read: a filter that is
    /// passed over would show what was not asked for.
    pub(super) async fn read(
        on: &impl ConnectionTrait,
        pairs: &[(String, String)],
    ) -> Result<Self, Problem> {
        let mut asked = Self::default();
        let mut read: BTreeSet<&str> = BTreeSet::new();
        for (name, value) in pairs {
            if name == "ordering" {
                asked.order = ordering(value);
            }
            if TRIMMINGS.contains(&name.as_str()) {
                continue;
            }
            if !read.insert(name) {
                return Err(wrong(name, Fault::Duplicate));
            }
            if let Some(known) = QUESTIONS.iter().find(|known| *known == name) {
                if asked.question.is_some() {
                    return Err(wrong(name, Fault::Duplicate));
                }
                if !value.trim().is_empty() {
                    asked.question = Some((known, value.clone()));
                }
                continue;
            }
            // An empty filter filters nothing, as it does there.
            if value.trim().is_empty() {
                continue;
            }
            match filter(on, name, value).await {
                Ok(wanted) => asked.wanted.extend(wanted),
                Err(Failed::Problem(problem)) => return Err(problem),
                Err(Failed::Db(error)) => return Err(error.into()),
            }
        }
        Ok(asked)
    }
}

fn ordering(value: &str) -> Vec<(Key, Order)> {
    let keys = value.split(',').filter_map(|name| {
        let (name, order) = match name.trim().strip_prefix('-') {
            Some(name) => (name, Order::Desc),
            None => (name.trim(), Order::Asc),
        };
        let key = match name {
            "created" => Key::Dated,
            "added" => Key::Added,
            "modified" => Key::Changed,
            "title" => Key::Title,
            "correspondent__name" | "correspondent" => Key::Correspondent,
            "document_type__name" | "document_type" => Key::Kind,
            _ => return None,
        };
        Some((key, order))
    });
    keys.take(ORDER_KEYS_MAX).collect()
}

async fn filter(
    on: &impl ConnectionTrait,
    name: &str,
    value: &str,
) -> Result<Option<Wanted>, Failed> {
    let (field, how) = match name.split_once("__") {
        Some((field, how)) => (field, how),
        None => (name, ""),
    };
    let read = match (field, how) {
        ("tags", _) => Some(Wanted::Tags(tags(on, (name, how), value).await?)),
        ("is_tagged", "") => Some(Wanted::Tags(Tagged::Word(whether(name, value)?))),
        ("correspondent", _) => {
            let choice = choice(on, Called::Correspondent, (name, how), value).await?;
            Some(Wanted::Correspondent(choice))
        }
        ("document_type", _) => {
            let choice = choice(on, Called::Kind, (name, how), value).await?;
            Some(Wanted::Kind(choice))
        }
        ("title", "icontains") => Some(Wanted::TitleHas(value.to_owned())),
        ("id", "" | "in") => {
            let numbers = numbers(value).ok_or_else(|| unreadable(name))?;
            let found = rows::names(on, Called::Document, &numbers).await?;
            let ids = found.iter().filter_map(|id| Uuid::parse_str(id).ok());
            Some(Wanted::Ids(ids.map(DocumentId::of).collect()))
        }
        ("created" | "added" | "modified", _) => Some(time((name, field, how), value)?),
        ("is_in_inbox", "") => {
            let yes = yes(value).ok_or_else(|| unreadable(name))?;
            Some(Wanted::Unregistered(yes))
        }
        ("mime_type", "") => Some(Wanted::Media(value.to_owned())),
        ("checksum", "" | "iexact") => {
            let sha256 = hex::decode(value).map_err(|_source| unreadable(name))?;
            Some(Wanted::Content(sha256))
        }
        ("has_custom_fields", "") => {
            let yes = yes(value).ok_or_else(|| unreadable(name))?;
            yes.then_some(Wanted::Impossible)
        }
        (field, how) if NEVER.contains(&field) => {
            let without = match how {
                "isnull" => yes(value).ok_or_else(|| unreadable(name))?,
                other => other.ends_with("none"),
            };
            (!without).then_some(Wanted::Impossible)
        }
        (_, _) => return Err(wrong(name, Fault::Unknown { near: None }).into()),
    };
    Ok(read)
}

fn whether(name: &str, value: &str) -> Result<Choice, Problem> {
    match yes(value) {
        Some(true) => Ok(Choice::Some),
        Some(false) => Ok(Choice::Nothing),
        None => Err(unreadable(name)),
    }
}

async fn tags(
    on: &impl ConnectionTrait,
    (name, how): (&str, &str),
    value: &str,
) -> Result<Tagged, Failed> {
    if how != "id__all" {
        return Ok(Tagged::Word(
            choice(on, Called::Tag, (name, how), value).await?,
        ));
    }
    let numbers = numbers(value).ok_or_else(|| unreadable(name))?;
    let found = rows::names(on, Called::Tag, &numbers).await?;
    if found.len() < numbers.len() {
        // A tag that nobody has is on no document.
        return Ok(Tagged::Word(Choice::OneOf(Vec::new())));
    }
    Ok(Tagged::AllOf(found))
}

async fn choice(
    on: &impl ConnectionTrait,
    called: Called,
    (name, how): (&str, &str),
    value: &str,
) -> Result<Choice, Failed> {
    match how {
        "id" | "id__in" | "id__none" => {
            let numbers = numbers(value).ok_or_else(|| unreadable(name))?;
            let found = rows::names(on, called, &numbers).await?;
            Ok(match how {
                "id__none" => Choice::NoneOf(found),
                _ => Choice::OneOf(found),
            })
        }
        "isnull" => match yes(value) {
            Some(true) => Ok(Choice::Nothing),
            Some(false) => Ok(Choice::Some),
            None => Err(unreadable(name).into()),
        },
        _ => Err(wrong(name, Fault::Unknown { near: None }).into()),
    }
}

fn time((name, field, how): (&str, &str, &str), value: &str) -> Result<Wanted, Problem> {
    let how = how.strip_prefix("date__").unwrap_or(how);
    let bound = bound(how).ok_or_else(|| wrong(name, Fault::Unknown { near: None }))?;
    let of = match field {
        "created" => {
            let day = day(value).ok_or_else(|| unreadable(name))?;
            return Ok(Wanted::Dated(bound, day.to_string()));
        }
        "added" => Instant::Added,
        _ => Instant::Changed,
    };
    let (bound, micros): (Bound, i64) = instant(bound, value).ok_or_else(|| unreadable(name))?;
    Ok(Wanted::At(of, bound, micros))
}
