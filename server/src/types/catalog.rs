//! All types and fields of the house together: what a document may say, and how it is asked for.

use std::collections::BTreeMap;

use super::amount::Amount;
use super::model::{DocumentType, Entry, Field, Refusal, Rules, whole};
use super::value::{FIELDS_GIVEN_MAX, Value, Values};
use crate::base::{CivilDate, steers};

/// Digits behind the point of an amount of money.
const MONEY_DECIMALS: u32 = 2;

/// All types and fields.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The types, by name.
    pub types: Vec<DocumentType>,
    /// The fields, by label.
    pub fields: Vec<Field>,
}

/// What is refused, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// A JSON pointer.
    pub pointer: String,
    /// Why.
    pub refusal: Refusal,
}

impl Refused {
    /// What is wrong with a field.
    #[must_use]
    pub fn field(code: &str, refusal: Refusal) -> Self {
        let code = code.replace('~', "~0").replace('/', "~1");
        Self {
            pointer: format!("/fields/{code}"),
            refusal,
        }
    }
}

/// What shall stand in fields: nothing removes what stands there.
pub type Change = BTreeMap<String, Option<Value>>;

/// What is wanted of a field, as it is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Exactly this.
    Is(String),
    /// Millionths, both ends included.
    Numbers(Option<i64>, Option<i64>),
    /// Days, both ends included.
    Days(Option<CivilDate>, Option<CivilDate>),
}

impl Catalog {
    /// The field with this code.
    #[must_use]
    pub fn field(&self, code: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.code == code)
    }

    /// The type that a word is.
    #[must_use]
    pub fn kind(&self, word: Option<&str>) -> Option<&DocumentType> {
        let word = word?;
        self.types.iter().find(|one| one.code == word)
    }

    /// What stands in the fields of a document after a change, and whether it may bear its type. `before` is what
    /// it bore and said so far.
    ///
    /// # Errors
    /// Everything that is refused.
    pub fn changed(
        &self,
        (kind_before, before): (Option<&str>, &Values),
        kind: Option<&str>,
        change: Change,
    ) -> Result<Values, Vec<Refused>> {
        let mut refused = Vec::new();
        let of = self.kind(kind);
        if of.is_some_and(|of| of.retired_at.is_some()) && kind != kind_before {
            refused.push(Refused {
                pointer: "/type".to_owned(),
                refusal: Refusal::Retired,
            });
        }
        let carried: Vec<&str> = of
            .iter()
            .flat_map(|of| &of.carried)
            .map(|one| one.field.as_str())
            .collect();
        let mut after = before.clone();
        for (code, value) in change {
            let Some(value) = value else {
                after.remove(&code);
                continue;
            };
            match self.read(&code, &value, &carried, before.get(&code)) {
                Ok(value) => {
                    after.insert(code, value);
                }
                Err(refusal) => refused.push(Refused::field(&code, refusal)),
            }
        }
        if after.len() > FIELDS_GIVEN_MAX && after.len() > before.len() {
            refused.push(Refused {
                pointer: "/fields".to_owned(),
                refusal: Refusal::TooManyFields,
            });
        }
        if refused.is_empty() {
            Ok(after)
        } else {
            Err(refused)
        }
    }

    fn read(
        &self,
        code: &str,
        value: &Value,
        carried: &[&str],
        before: Option<&Value>,
    ) -> Result<Value, Refusal> {
        let field = self.field(code).ok_or_else(|| Refusal::Unknown {
            near: self.near(code),
        })?;
        // What stands there already may be said again, whatever the field has become.
        if before == Some(value) {
            return Ok(value.clone());
        }
        if !carried.contains(&code) {
            return Err(Refusal::NotOfType {
                carried: carried.iter().map(|one| (*one).to_owned()).collect(),
            });
        }
        if field.retired_at.is_some() {
            return Err(Refusal::Retired);
        }
        field.read(value, before)
    }

    /// The field that may have been meant.
    #[must_use]
    pub fn near(&self, code: &str) -> Option<String> {
        let wanted = code.to_lowercase().replace(['-', ' '], "_");
        let fits = |field: &&Field| {
            field.code == wanted
                || field.label.to_lowercase() == code.to_lowercase()
                || (wanted.len() > 3 && field.code.starts_with(&wanted))
        };
        self.fields.iter().find(fits).map(|one| one.code.clone())
    }

    /// The required fields of a type that a document does not have.
    #[must_use]
    pub fn missing(&self, kind: Option<&str>, values: &Values) -> Vec<Refused> {
        let of = self.kind(kind).into_iter().flat_map(|of| &of.carried);
        of.filter(|one| one.required && !values.contains_key(&one.field))
            .filter(|one| {
                let field = self.field(&one.field);
                field.is_some_and(|field| field.retired_at.is_none())
            })
            .map(|one| Refused::field(&one.field, Refusal::Required))
            .collect()
    }
}

/// A line: single blanks, no other signs.
fn line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let odd = |one: char| one.is_control() || steers(one);
    (!line.is_empty() && !line.chars().any(odd)).then_some(line)
}

fn within(amount: Amount, min: Option<Amount>, max: Option<Amount>) -> Result<(), Refusal> {
    if let Some(min) = min.filter(|min| amount < *min) {
        return Err(Refusal::TooSmall {
            min: min.to_string(),
        });
    }
    if let Some(max) = max.filter(|max| amount > *max) {
        return Err(Refusal::TooLarge {
            max: max.to_string(),
        });
    }
    Ok(())
}

fn number(text: &str, decimals: u32) -> Result<Amount, Refusal> {
    Amount::parse(text)
        .filter(|amount| amount.decimals() <= decimals)
        .ok_or(Refusal::NoNumber { decimals })
}

impl Field {
    /// The value in its one writing, where it fits. What stood there before may still be chosen.
    ///
    /// # Errors
    /// Why it does not fit. Whether a reference leads somewhere is not looked at.
    pub fn read(&self, value: &Value, before: Option<&Value>) -> Result<Value, Refusal> {
        let wrong = || Refusal::WrongKind {
            kind: self.rules.kind(),
        };
        match (&self.rules, value) {
            (Rules::Text { chars_max, pattern }, Value::Text(text)) => {
                let text = line(text).ok_or(Refusal::NoLine)?;
                if u32::try_from(text.chars().count()).is_ok_and(|chars| chars > *chars_max) {
                    return Err(Refusal::TooLong { max: *chars_max });
                }
                if let Some(pattern) = pattern
                    && !whole(pattern).is_some_and(|whole| whole.is_match(&text))
                {
                    return Err(Refusal::Pattern {
                        pattern: pattern.clone(),
                    });
                }
                Ok(Value::Text(text))
            }
            (Rules::Number { decimals, min, max }, Value::Text(text)) => {
                let amount = number(text, *decimals)?;
                within(amount, *min, *max)?;
                Ok(Value::Text(amount.written(*decimals)))
            }
            (Rules::Money { currency, min, max }, given) => {
                let (text, said) = match given {
                    Value::Text(amount) => (amount, None),
                    Value::Money { amount, currency } => (amount, currency.as_ref()),
                    Value::Flag(_) | Value::Many(_) | Value::Reference(..) => return Err(wrong()),
                };
                if said.is_some_and(|said| said != currency) {
                    return Err(Refusal::Currency {
                        currency: currency.clone(),
                    });
                }
                let amount = number(text, MONEY_DECIMALS)?;
                within(amount, *min, *max)?;
                Ok(Value::Money {
                    amount: amount.written(MONEY_DECIMALS),
                    currency: Some(currency.clone()),
                })
            }
            (Rules::Date, Value::Text(text)) => {
                let date = CivilDate::parse(text).ok_or(Refusal::NoDate)?;
                Ok(Value::Text(date.to_string()))
            }
            (Rules::Choice { entries, many }, given) => choose(entries, *many, given, before),
            (Rules::Reference(target), Value::Text(id)) => {
                let id = id.parse().map_err(|_source| wrong())?;
                Ok(Value::Reference(Some(*target), id))
            }
            (Rules::Reference(target), Value::Reference(said, id)) => {
                if said.is_some_and(|said| said != *target) {
                    return Err(wrong());
                }
                Ok(Value::Reference(Some(*target), *id))
            }
            (Rules::YesNo, Value::Flag(flag)) => Ok(Value::Flag(*flag)),
            (
                Rules::Text { .. }
                | Rules::Number { .. }
                | Rules::Date
                | Rules::Reference(_)
                | Rules::YesNo,
                _,
            ) => Err(wrong()),
        }
    }

    /// What a document is found by: each value exactly, and as a number where it is one.
    #[must_use]
    pub fn found_by(&self, value: &Value) -> Vec<(String, Option<i64>)> {
        match value {
            Value::Text(text) => {
                let number = match &self.rules {
                    Rules::Number { .. } | Rules::Money { .. } => {
                        Amount::parse(text).map(Amount::millionths)
                    }
                    Rules::Date => CivilDate::parse(text).map(day),
                    Rules::Text { .. }
                    | Rules::Choice { .. }
                    | Rules::Reference(_)
                    | Rules::YesNo => None,
                };
                vec![(text.clone(), number)]
            }
            Value::Flag(flag) => vec![(flag.to_string(), None)],
            Value::Many(all) => all.iter().map(|one| (one.clone(), None)).collect(),
            Value::Money { amount, .. } => {
                vec![(
                    amount.clone(),
                    Amount::parse(amount).map(Amount::millionths),
                )]
            }
            Value::Reference(_, id) => vec![(id.to_string(), None)],
        }
    }

    /// The words by which a document is found: what people would type. A reference has none: whoever finds the
    /// document need not know what it leads to.
    #[must_use]
    pub fn words(&self, value: &Value) -> Vec<String> {
        let label = |code: &String| {
            let Rules::Choice { entries, .. } = &self.rules else {
                return None;
            };
            let entry = entries.iter().find(|entry| entry.code == *code);
            entry.map(|entry| entry.label.clone())
        };
        match (&self.rules, value) {
            (Rules::Choice { .. }, Value::Text(code)) => label(code).into_iter().collect(),
            (Rules::Choice { .. }, Value::Many(all)) => all.iter().filter_map(label).collect(),
            (Rules::Number { decimals, .. }, Value::Text(text)) => match Amount::parse(text) {
                Some(amount) => vec![amount.german(*decimals), text.clone()],
                None => vec![text.clone()],
            },
            (_, Value::Money { amount, currency }) => {
                let currency = currency.clone().unwrap_or_default();
                let german = Amount::parse(amount).map(|amount| amount.german(MONEY_DECIMALS));
                german
                    .map(|german| format!("{german} {currency}"))
                    .into_iter()
                    .chain([amount.clone()])
                    .collect()
            }
            (_, Value::Text(text)) => vec![text.clone()],
            (_, Value::Flag(_) | Value::Many(_) | Value::Reference(..)) => Vec::new(),
        }
    }

    /// Whether [`Self::words`] has more of the field than the value: labels, decimals.
    #[must_use]
    pub const fn shapes_words(&self) -> bool {
        match self.rules {
            Rules::Choice { .. } | Rules::Number { .. } => true,
            Rules::Text { .. }
            | Rules::Money { .. }
            | Rules::Date
            | Rules::Reference(_)
            | Rules::YesNo => false,
        }
    }

    /// A value as the field would hold it now: what was chosen alone is a list, since several may be chosen.
    #[must_use]
    pub fn as_it_is_now(&self, value: &Value) -> Value {
        match (&self.rules, value) {
            (Rules::Choice { many: true, .. }, Value::Text(one)) => Value::Many(vec![one.clone()]),
            (
                Rules::Text { .. }
                | Rules::Number { .. }
                | Rules::Money { .. }
                | Rules::Date
                | Rules::Choice { .. }
                | Rules::Reference(_)
                | Rules::YesNo,
                _,
            ) => value.clone(),
        }
    }

    /// Reads how a field is asked for: exactly, or for numbers and dates `a..b`, `a..` and `..b`.
    ///
    /// # Errors
    /// Where it is nothing that could stand in the field.
    pub fn asked(&self, text: &str) -> Result<Asked, Refusal> {
        let wrong = || Refusal::WrongKind {
            kind: self.rules.kind(),
        };
        let (from, to) = match text.split_once("..") {
            Some((from, to)) if !from.is_empty() || !to.is_empty() => (from, to),
            Some(_) => return Err(wrong()),
            None => (text, text),
        };
        match &self.rules {
            Rules::Number { .. } | Rules::Money { .. } => {
                let end = |text: &str| {
                    let read = Amount::parse(text).map(Amount::millionths);
                    if text.is_empty() {
                        Ok(None)
                    } else {
                        read.map(Some).ok_or_else(wrong)
                    }
                };
                Ok(Asked::Numbers(end(from)?, end(to)?))
            }
            Rules::Date => {
                let end = |text: &str| {
                    if text.is_empty() {
                        return Ok(None);
                    }
                    CivilDate::parse(text).map(Some).ok_or(Refusal::NoDate)
                };
                Ok(Asked::Days(end(from)?, end(to)?))
            }
            Rules::Choice { entries, .. } => {
                if entries.iter().any(|entry| entry.code == text) {
                    return Ok(Asked::Is(text.to_owned()));
                }
                Err(Refusal::NoEntry {
                    allowed: entries.iter().map(|entry| entry.code.clone()).collect(),
                })
            }
            Rules::Reference(_) => {
                let id: uuid::Uuid = text.parse().map_err(|_source| wrong())?;
                Ok(Asked::Is(id.to_string()))
            }
            Rules::YesNo if text == "true" || text == "false" => Ok(Asked::Is(text.to_owned())),
            Rules::YesNo => Err(wrong()),
            Rules::Text { .. } => line(text).map(Asked::Is).ok_or(Refusal::NoLine),
        }
    }
}

/// Days since 1970-01-01.
#[must_use]
pub(crate) fn day(date: CivilDate) -> i64 {
    const UNIX_EPOCH_JULIAN_DAY: i32 = 2_440_588;
    i64::from(date.date().to_julian_day() - UNIX_EPOCH_JULIAN_DAY)
}

fn choose(
    entries: &[Entry],
    many: bool,
    given: &Value,
    before: Option<&Value>,
) -> Result<Value, Refusal> {
    let wrong = Refusal::WrongKind {
        kind: super::model::Kind::Choice,
    };
    let codes = match given {
        Value::Text(one) => vec![one.clone()],
        Value::Many(all) if many => all.clone(),
        Value::Flag(_) | Value::Many(_) | Value::Money { .. } | Value::Reference(..) => {
            return Err(wrong);
        }
    };
    let had: Vec<&String> = match before {
        Some(Value::Text(one)) => vec![one],
        Some(Value::Many(all)) => all.iter().collect(),
        Some(Value::Flag(_) | Value::Money { .. } | Value::Reference(..)) | None => Vec::new(),
    };
    let open = |entry: &&Entry| !entry.retired || had.contains(&&entry.code);
    let allowed = || Refusal::NoEntry {
        allowed: entries
            .iter()
            .filter(open)
            .map(|entry| entry.code.clone())
            .collect(),
    };
    let known = |code: &String| entries.iter().filter(open).any(|entry| entry.code == *code);
    if codes.is_empty() || !codes.iter().all(known) {
        return Err(allowed());
    }
    if !many {
        return Ok(Value::Text(codes.into_iter().next().unwrap_or_default()));
    }
    let chosen = entries.iter().filter(|entry| codes.contains(&entry.code));
    Ok(Value::Many(
        chosen.map(|entry| entry.code.clone()).collect(),
    ))
}
