//! What documents say in their fields, as it stands in rows, records and answers. It can be shown and kept without
//! knowing the field.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::model::{Refusal, Target};
use crate::audit::canonical;

/// Most fields that one document has, or one change names.
pub const FIELDS_GIVEN_MAX: usize = 50;

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, a number, a date or one entry of a choice: each in its one writing.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// Entries of a choice that allows many, in the order of the choice.
    Many(Vec<String>),
    /// An amount and its currency; none, where it was left out.
    Money {
        /// The amount, in its one writing.
        amount: String,
        /// ISO 4217.
        currency: Option<String>,
    },
    /// Something that stands elsewhere. Which kind of thing, where that was said.
    Reference(Option<Target>, Uuid),
}

/// Values by the codes of their fields.
pub type Values = BTreeMap<String, Value>;

impl Value {
    /// As it stands in answers.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => Json::from(text.as_str()),
            Self::Flag(flag) => Json::from(*flag),
            Self::Many(all) => Json::from(all.as_slice()),
            Self::Money { amount, currency } => {
                let mut object = Map::new();
                object.insert("amount".to_owned(), Json::from(amount.as_str()));
                if let Some(currency) = currency {
                    object.insert("currency".to_owned(), Json::from(currency.as_str()));
                }
                Json::Object(object)
            }
            Self::Reference(target, id) => {
                let name = target.map_or("id", Target::code);
                let mut object = Map::new();
                object.insert(name.to_owned(), Json::from(id.to_string()));
                Json::Object(object)
            }
        }
    }

    /// As it stands in the record of the log.
    #[must_use]
    pub fn to_canonical(&self) -> canonical::Value {
        use canonical::{Object, Value as Canonical};
        match self {
            Self::Text(text) => Canonical::from(text.as_str()),
            Self::Flag(flag) => Canonical::Flag(*flag),
            Self::Many(all) => Canonical::List(
                all.iter()
                    .map(|one| Canonical::from(one.as_str()))
                    .collect(),
            ),
            Self::Money { amount, currency } => Canonical::Object(
                Object::new()
                    .with("amount", amount.as_str())
                    .with_some("currency", currency.as_deref()),
            ),
            Self::Reference(target, id) => {
                let mut object = Object::new();
                let name = target.map_or("id", Target::code);
                // The names of targets are keys.
                let _named = object.insert(name, id.to_string());
                Canonical::Object(object)
            }
        }
    }
}

/// Reads what stands in a field, as it comes in.
///
/// # Errors
/// Where no field could hold it.
pub fn read_value(json: &Json) -> Result<Value, Refusal> {
    match json {
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Bool(flag) => Ok(Value::Flag(*flag)),
        Json::Number(number) if number.is_i64() || number.is_u64() => {
            Ok(Value::Text(number.to_string()))
        }
        // What was written is known no longer: 0.1 has no exact binary form.
        Json::Number(_) => Err(Refusal::Inexact),
        Json::Array(all) => {
            let text = |one: &Json| one.as_str().map(str::to_owned);
            let read: Option<Vec<_>> = all.iter().map(text).collect();
            read.map(Value::Many).ok_or(Refusal::Shape)
        }
        Json::Object(object) => read_object(object),
        Json::Null => Err(Refusal::Shape),
    }
}

fn read_object(object: &Map<String, Json>) -> Result<Value, Refusal> {
    if let Some(amount) = object.get("amount") {
        if object
            .keys()
            .any(|key| key != "amount" && key != "currency")
        {
            return Err(Refusal::Shape);
        }
        let amount = match read_value(amount)? {
            Value::Text(text) => text,
            Value::Flag(_) | Value::Many(_) | Value::Money { .. } | Value::Reference(..) => {
                return Err(Refusal::Shape);
            }
        };
        let currency = match object.get("currency") {
            None => None,
            Some(Json::String(currency)) => Some(currency.clone()),
            Some(_) => return Err(Refusal::Shape),
        };
        return Ok(Value::Money { amount, currency });
    }
    let mut members = object.iter();
    let (Some((name, id)), None) = (members.next(), members.next()) else {
        return Err(Refusal::Shape);
    };
    let target = Target::parse(name).ok_or(Refusal::Shape)?;
    let id = id.as_str().and_then(|id| id.parse().ok());
    id.map(|id| Value::Reference(Some(target), id))
        .ok_or(Refusal::Shape)
}
