//! Fields of the house as clients of paperless-ngx read them.

use serde::Serialize;
use utoipa::ToSchema;

use super::ops::Numbers;
use crate::types::{Field, Rules, Value, Values};

/// A field of the house.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomField)]
pub(super) struct CustomFieldView {
    /// Its number.
    pub(super) id: i64,
    /// What people read.
    name: String,
    /// `string`, `integer`, `float`, `monetary`, `date`, `boolean` or `select`. Of a choice that allows many the
    /// labels stand in a `string`.
    data_type: &'static str,
    /// What can be chosen, and the currency.
    extra_data: ExtraData,
}

/// What else is said about a field.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ExtraData {
    /// What can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    select_options: Option<Vec<SelectOption>>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    default_currency: Option<String>,
}

/// What can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SelectOption {
    /// Its short name.
    id: String,
    /// What people read.
    label: String,
}

impl CustomFieldView {
    pub(super) fn of(number: i64, field: &Field) -> Self {
        let mut extra_data = ExtraData::default();
        let data_type = match &field.rules {
            Rules::Text { .. } | Rules::Choice { many: true, .. } | Rules::Reference(_) => "string",
            Rules::Number { decimals: 0, .. } => "integer",
            Rules::Number { .. } => "float",
            Rules::Money { currency, .. } => {
                extra_data.default_currency = Some(currency.clone());
                "monetary"
            }
            Rules::Date => "date",
            Rules::YesNo => "boolean",
            Rules::Choice { entries, .. } => {
                let options = entries.iter().map(|entry| SelectOption {
                    id: entry.code.clone(),
                    label: entry.label.clone(),
                });
                extra_data.select_options = Some(options.collect());
                "select"
            }
        };
        Self {
            id: number,
            name: field.label.clone(),
            data_type,
            extra_data,
        }
    }
}

/// What stands in a field.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CustomValue {
    /// The number of the field.
    field: i64,
    /// What stands there: text, `true` or `false`, a date, the short name of an entry, `EUR12.50`, a number as text.
    value: serde_json::Value,
}

impl CustomValue {
    pub(super) fn of(values: &Values, numbers: &Numbers) -> Vec<Self> {
        let known = numbers.fields().iter();
        let said = known.filter_map(|(number, field)| {
            let value = match field.as_it_is_now(values.get(&field.code)?) {
                Value::Money { amount, currency } => {
                    let currency = currency.as_deref().unwrap_or_default();
                    serde_json::Value::from(format!("{currency}{amount}"))
                }
                many @ Value::Many(_) => serde_json::Value::from(field.words(&many).join(", ")),
                other @ (Value::Text(_) | Value::Flag(_)) => other.to_json(),
                Value::Reference(..) => return None,
            };
            Some(Self {
                field: *number,
                value,
            })
        });
        said.collect()
    }
}
