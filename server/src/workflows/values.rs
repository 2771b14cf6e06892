//! Values on the wire: plain JSON by the kind of the field, never the tagged form of the engine.

use std::collections::{BTreeMap, HashMap};

use sea_orm::ConnectionTrait;
use serde_json::Value as Json;
use workflow::definition::{Definition, Field, FieldKind};
use workflow::instance::{Assigned, Day, Id, Value};

use super::facts::{account_of, id_of};
use super::limits;
use super::model::{CENTS_MAX, WorkflowError, Wrong};
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, CaseId, CivilDate, DocumentId, Right};
use crate::departments::{Named, functions};
use crate::documents::{self, Document, DocumentError};

/// What was said, as it came.
pub(crate) type Said = BTreeMap<String, Json>;

/// Largest whole number: what JSON keeps exactly.
const NUMBER_MAX: i64 = (1 << 53) - 1;
/// Most people in one field.
const WHOS_MAX: u64 = 50;

/// An amount in euro as it is written: `12.50`, `1250`, `-3.00`; in cents.
pub(super) fn cents_of(text: &str) -> Option<i64> {
    let (minus, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = match digits.split_once('.') {
        Some((whole, part)) => (whole, part),
        None => (digits, "00"),
    };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() != 2 || whole.len() > 11 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = part.parse().ok()?;
    let cents = whole.checked_mul(100)?.checked_add(part)?;
    let cents = if minus { -cents } else { cents };
    (cents.abs() <= CENTS_MAX).then_some(cents)
}

/// An amount as it is written.
pub(super) fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// A day as it is written.
pub(super) fn day_of(text: &str) -> Option<Day> {
    CivilDate::parse(text).map(|day| Day(day.date()))
}

/// Whom `who` names: `function:CODE` or a login.
pub(super) async fn assigned(
    on: &impl ConnectionTrait,
    who: &str,
) -> Result<Option<Assigned>, DbError> {
    if let Some(code) = functions::code_of(who) {
        let found = functions::by_code(on, code).await?;
        return Ok(found.map(|one| Assigned::Function { code: one.code }));
    }
    let found = limits::account(on, who).await?;
    Ok(found.map(|account| Assigned::Person {
        account: id_of(account),
    }))
}

/// Whether an actor may bring a document into a case by a workflow: it stands there, or in none yet and he works with
/// it. What is only shown to him for a time is not his to file: the rules would register it whoever he is.
pub(super) fn may_bring(actor: &Actor, document: &Document, case: CaseId) -> bool {
    match document.case {
        Some(stands_in) => stands_in == case,
        None => [Right::Edit, Right::Register, Right::Route, Right::Refile]
            .into_iter()
            .any(|right| actor.may(right, document.place())),
    }
}

/// Reads values.
pub(super) struct Reader<'a, C> {
    /// Where names are looked up.
    pub(super) on: &'a C,
    /// Who says them.
    pub(super) actor: &'a Actor,
    /// The case: documents must stand in it, or in none yet.
    pub(super) case: CaseId,
    /// Whose fields they are.
    pub(super) definition: &'a Definition,
    /// Whether a document may stand in another case as well: what repeats is told so, whatever case it names.
    pub(super) anywhere: bool,
}

impl<C: ConnectionTrait> Reader<'_, C> {
    /// All of them; or all that is wrong.
    pub(super) async fn read(&self, said: &Said) -> Result<BTreeMap<String, Value>, WorkflowError> {
        let (mut values, mut wrong) = (BTreeMap::new(), Vec::new());
        for (key, json) in said {
            if json.is_null() {
                continue;
            }
            let read = match self.definition.field(key) {
                Some(field) => self.one(field, json).await?,
                None => Err(Wrong::Unknown),
            };
            match read {
                Ok(value) => {
                    values.insert(key.clone(), value);
                }
                Err(fault) => wrong.push((key.clone(), fault)),
            }
        }
        if wrong.is_empty() {
            Ok(values)
        } else {
            Err(WorkflowError::Values(wrong))
        }
    }

    async fn one(&self, field: &Field, json: &Json) -> Result<Result<Value, Wrong>, WorkflowError> {
        Ok(match (&field.kind, json) {
            (FieldKind::Who, Json::String(who)) => match assigned(self.on, who).await? {
                Some(one) => Ok(Value::Who(one)),
                None => Err(Wrong::NotFound),
            },
            (FieldKind::Whos, Json::Array(all)) => self.many(all).await?,
            (FieldKind::Document, Json::String(id)) => match id.parse() {
                Ok(id) => self.document(id).await?,
                Err(_no_id) => Err(Wrong::NotFound),
            },
            (kind, json) => plain(kind, json),
        })
    }

    async fn many(&self, all: &[Json]) -> Result<Result<Value, Wrong>, WorkflowError> {
        if u64::try_from(all.len()).is_ok_and(|many| many > WHOS_MAX) {
            return Ok(Err(Wrong::TooMany(WHOS_MAX)));
        }
        let mut found: Vec<Assigned> = Vec::new();
        for one in all {
            let Json::String(who) = one else {
                return Ok(Err(Wrong::Kind("whos")));
            };
            match assigned(self.on, who).await? {
                Some(one) if found.contains(&one) => {}
                Some(one) => found.push(one),
                None => return Ok(Err(Wrong::NotFound)),
            }
        }
        Ok(Ok(Value::Whos(found)))
    }

    /// A document that the actor sees, in this case; or in none yet, where he works with it.
    pub(super) async fn document(
        &self,
        id: DocumentId,
    ) -> Result<Result<Value, Wrong>, WorkflowError> {
        match documents::read(self.on, self.actor, id).await {
            Ok(held)
                if (self.anywhere && held.document.case.is_some())
                    || may_bring(self.actor, &held.document, self.case) =>
            {
                Ok(Ok(Value::Document(Id(id.to_string()))))
            }
            Ok(_) | Err(DocumentError::NotFound) => Ok(Err(Wrong::NotFound)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A value that names nothing.
fn plain(kind: &FieldKind, json: &Json) -> Result<Value, Wrong> {
    match (kind, json) {
        (FieldKind::Text { chars_max, pattern }, Json::String(text)) => {
            let text = text.replace("\r\n", "\n").trim().to_owned();
            if text.chars().count() > *chars_max {
                return Err(Wrong::TooLong(
                    u64::try_from(*chars_max).unwrap_or(u64::MAX),
                ));
            }
            let odd = |one: char| one.is_control() && one != '\n';
            if text.is_empty() || text.chars().any(odd) {
                return Err(Wrong::Kind("text"));
            }
            match pattern {
                Some(one) if !one.is_met_by(&text) => Err(Wrong::Pattern {
                    pattern: one.source.clone(),
                    example: one.example.clone(),
                }),
                Some(_) | None => Ok(Value::Text(text)),
            }
        }
        (FieldKind::Time, Json::String(text)) => {
            let time = kind.of_text(text.trim());
            time.ok_or(Wrong::Kind("time"))
        }
        (FieldKind::Number, Json::Number(number)) => match number.as_i64() {
            Some(number) if number.abs() <= NUMBER_MAX => Ok(Value::Number(number)),
            Some(_) | None => Err(Wrong::Kind("number")),
        },
        (FieldKind::Money, Json::String(text)) => {
            let cents = cents_of(text).ok_or(Wrong::Kind("money"))?;
            Ok(Value::Money(cents))
        }
        (FieldKind::Day, Json::String(text)) => {
            let day = day_of(text).ok_or(Wrong::Kind("day"))?;
            Ok(Value::Day(day))
        }
        (FieldKind::YesNo, Json::Bool(flag)) => Ok(Value::YesNo(*flag)),
        (FieldKind::Choice(entries), Json::String(text)) => {
            if entries.iter().any(|entry| entry.value == *text) {
                return Ok(Value::Text(text.clone()));
            }
            let all = entries.iter().map(|entry| entry.value.clone());
            Err(Wrong::NotOneOf(all.collect()))
        }
        (kind, _) => Err(Wrong::Kind(kind_word(kind))),
    }
}

/// The word of a kind.
pub(super) const fn kind_word(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } => "text",
        FieldKind::Time => "time",
        FieldKind::Number => "number",
        FieldKind::Money => "money",
        FieldKind::Day => "day",
        FieldKind::YesNo => "yes_no",
        FieldKind::Choice(_) => "choice",
        FieldKind::Who => "who",
        FieldKind::Whos => "whos",
        FieldKind::Document => "document",
    }
}

/// The accounts of people that a value names.
pub(super) fn accounts_in(value: &Value, found: &mut Vec<AccountId>) {
    match value {
        Value::Who(Assigned::Person { account }) => found.push(account_of(account)),
        Value::Whos(all) => {
            for one in all {
                if let Assigned::Person { account } = one {
                    found.push(account_of(account));
                }
            }
        }
        Value::YesNo(_)
        | Value::Number(_)
        | Value::Money(_)
        | Value::Text(_)
        | Value::Day(_)
        | Value::Who(_)
        | Value::Document(_) => {}
    }
}

/// Names of accounts.
pub(super) type Names = HashMap<AccountId, Named>;

/// How the one who is asked is named on the wire: a login, `function:CODE`, `role:CODE`, `role:CODE:DEPARTMENT`,
/// `anybody`, `system`.
pub(super) fn who(one: &Assigned, names: &Names) -> String {
    match one {
        Assigned::Person { account } => {
            let id = account_of(account);
            match names.get(&id) {
                Some(named) => named.login.clone(),
                None => id.to_string(),
            }
        }
        Assigned::Function { code } => format!("function:{code}"),
        Assigned::Role {
            role,
            department: None,
        } => format!("role:{role}"),
        Assigned::Role {
            role,
            department: Some(department),
        } => format!("role:{role}:{department}"),
        Assigned::Anybody => "anybody".to_owned(),
        Assigned::System => "system".to_owned(),
    }
}

/// A value on the wire.
pub(super) fn json(value: &Value, names: &Names) -> Json {
    match value {
        Value::YesNo(flag) => Json::from(*flag),
        Value::Number(number) => Json::from(*number),
        Value::Money(cents) => Json::from(amount(*cents)),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Day(day) => Json::from(day.0.to_string()),
        Value::Who(one) => Json::from(who(one, names)),
        Value::Whos(all) => all.iter().map(|one| Json::from(who(one, names))).collect(),
        Value::Document(id) => Json::from(id.0.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::{amount, cents_of, day_of, plain};
    use crate::workflows::model::Wrong;
    use serde_json::json;
    use workflow::definition::{FieldKind, Pattern};
    use workflow::instance::Value;

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, cents) in [
            ("12.50", 1250),
            ("0.05", 5),
            ("1250", 125_000),
            ("-3.00", -300),
        ] {
            assert_eq!(cents_of(text), Some(cents), "{text}");
        }
        for cents in [0, 5, 99, 100, -1, -250, 123_456_789] {
            assert_eq!(cents_of(&amount(cents)), Some(cents), "{cents}");
        }
        for text in [
            "",
            "-",
            "12,50",
            "12.5",
            "1e3",
            ".50",
            "12.",
            "99999999999999",
        ] {
            assert_eq!(cents_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_fits_the_kind_of_its_field() {
        let text = FieldKind::Text {
            chars_max: 3,
            pattern: None,
        };
        assert_eq!(
            plain(&text, &json!("äöü")),
            Ok(Value::Text("äöü".to_owned()))
        );
        assert_eq!(plain(&text, &json!("äöüß")), Err(Wrong::TooLong(3)));
        assert_eq!(plain(&text, &json!(3)), Err(Wrong::Kind("text")));
        assert_eq!(plain(&FieldKind::Number, &json!(3)), Ok(Value::Number(3)));
        assert_eq!(
            plain(&FieldKind::Number, &json!(3.5)),
            Err(Wrong::Kind("number"))
        );
        assert_eq!(
            plain(&FieldKind::Money, &json!(3)),
            Err(Wrong::Kind("money"))
        );
        assert_eq!(
            plain(&FieldKind::Money, &json!("3.10")),
            Ok(Value::Money(310))
        );
        let time = |said: &str| plain(&FieldKind::Time, &json!(said));
        assert_eq!(time("09:05"), Ok(Value::Text("09:05".to_owned())));
        for said in ["99:99", "24:00", "9:05", "09:5", "09.05", ""] {
            assert_eq!(time(said), Err(Wrong::Kind("time")), "{said}");
        }
        let (pattern, example) = ("[0-9]{4}".to_owned(), "4711".to_owned());
        let digits = FieldKind::Text {
            chars_max: 10,
            pattern: Pattern::new(pattern.clone(), example.clone()).ok(),
        };
        assert_eq!(
            plain(&digits, &json!(" 0815 ")),
            Ok(Value::Text("0815".to_owned()))
        );
        assert_eq!(
            plain(&digits, &json!("08156")),
            Err(Wrong::Pattern { pattern, example })
        );
        assert!(day_of("2026-02-30").is_none() && day_of("2026-02-28").is_some());
        assert_eq!(
            plain(&FieldKind::YesNo, &json!("yes")),
            Err(Wrong::Kind("yes_no"))
        );
    }
}
