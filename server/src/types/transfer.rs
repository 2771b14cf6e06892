//! Types and fields out of a file, for the setting up of a house: what is there is brought up to date, the rest
//! is made, and what the file does not name stays.

use serde::Deserialize;
use thiserror::Error;

use super::model::{FieldChange, TypeChange, TypesError};
use super::ops;
use super::wire::{FieldRequest, TypeRequest};
use crate::base::db::DbError;
use crate::http::{Language, Problem};
use crate::unit::Unit;

/// Largest file, in bytes.
pub const SHEET_BYTES_MAX: u64 = 1024 * 1024;

/// What a file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sheet {
    #[serde(rename = "field")]
    fields: Vec<FieldRequest>,
    #[serde(rename = "type")]
    types: Vec<TypeRequest>,
}

/// What became of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// It was made.
    Made,
    /// It was changed.
    Changed,
    /// It was like this already.
    Unchanged,
}

/// Why a file was not taken over. Nothing of it was.
#[derive(Debug, Error)]
pub enum BringError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// What it says of one of them is refused.
    #[error("{code}: {why}")]
    Refused {
        /// Its short name.
        code: String,
        /// Why.
        why: String,
    },
    /// Everything is like this already.
    #[error("nothing would change")]
    Nothing,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Sheet {
    /// Reads TOML: `[[field]]` and `[[type]]`, each as it is sent to `/api/v1/fields` and
    /// `/api/v1/document-types`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn read(text: &str) -> Result<Self, BringError> {
        toml::from_str(text).map_err(|error| BringError::Unreadable(error.to_string()))
    }
}

/// The faults of an entry in one line.
fn refused(code: &str, problem: &Problem) -> BringError {
    let body = problem.body(Language::English, None);
    let faults = body.errors.iter().map(|fault| {
        let pointer = fault.pointer.as_deref().unwrap_or_default();
        format!("{pointer}: {}", fault.detail)
    });
    BringError::Refused {
        code: code.to_owned(),
        why: faults.collect::<Vec<_>>().join("; "),
    }
}

fn brought<T>(code: &str, done: Result<T, TypesError>) -> Result<Brought, BringError> {
    match done {
        Ok(_) => Ok(Brought::Changed),
        Err(TypesError::Unchanged) => Ok(Brought::Unchanged),
        Err(TypesError::Db(error)) => Err(error.into()),
        Err(error) => Err(refused(code, &error.into())),
    }
}

/// Takes over what a file says: fields first, then the types that carry them. Each that is made or changed has a
/// record of its own.
///
/// # Errors
/// Where an entry is refused, and where everything is like this already.
pub async fn bring(unit: &mut Unit, sheet: Sheet) -> Result<Vec<(String, Brought)>, BringError> {
    let mut done = Vec::new();
    for request in sheet.fields {
        let code = request.code.clone();
        let new = request.read().map_err(|problem| refused(&code, &problem))?;
        let all = ops::catalog(unit.tx()).await?;
        let what = match all.field(&new.code) {
            Some(known) => {
                let change = FieldChange {
                    label: (known.label != new.label).then_some(new.label),
                    description: Some(new.description),
                    rules: (known.rules != new.rules).then_some(new.rules),
                    retired: None,
                };
                let (id, version) = (known.id, known.version);
                brought(&code, ops::change_field(unit, id, version, change).await)?
            }
            None => {
                brought(&code, ops::create_field(unit, new).await)?;
                Brought::Made
            }
        };
        done.push((code, what));
    }
    for request in sheet.types {
        let code = request.code.clone();
        let new = request.read().map_err(|problem| refused(&code, &problem))?;
        let all = ops::catalog(unit.tx()).await?;
        let what = match all.kind(Some(&new.code)) {
            Some(known) => {
                let change = TypeChange {
                    name: (known.name != new.name).then_some(new.name),
                    description: Some(new.description),
                    carried: Some(new.carried),
                    retired: None,
                };
                let (id, version) = (known.id, known.version);
                brought(&code, ops::change_type(unit, id, version, change).await)?
            }
            None => {
                brought(&code, ops::create_type(unit, new).await)?;
                Brought::Made
            }
        };
        done.push((code, what));
    }
    if done.iter().all(|(_, what)| *what == Brought::Unchanged) {
        return Err(BringError::Nothing);
    }
    Ok(done)
}
