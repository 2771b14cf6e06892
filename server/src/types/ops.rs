//! What is done with types and fields; the only code that writes about them.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;

use super::catalog::Catalog;
use super::model::{
    Carried, DocumentType, Entry, FIELDS_MAX, Field, FieldChange, NewField, NewType, Rules,
    TYPES_MAX, TypeChange, TypesError,
};
use super::rows;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, FieldId, Right, Timestamp, TypeId};
use crate::files::fold;
use crate::unit::Unit;

/// All types and fields, by what people read.
pub async fn catalog(on: &impl ConnectionTrait) -> Result<Catalog, DbError> {
    let mut all = Catalog {
        types: rows::types(on).await?,
        fields: rows::fields(on).await?,
    };
    // Databases sort by rules of their own.
    all.types
        .sort_by_cached_key(|one| (fold(&one.name), one.code.clone()));
    all.fields
        .sort_by_cached_key(|one| (fold(&one.label), one.code.clone()));
    Ok(all)
}

/// The choices among the fields with these codes: of all fields only these may hold a value in another form than
/// the one in which it was kept.
pub async fn choices(
    on: &impl ConnectionTrait,
    codes: &BTreeSet<&str>,
) -> Result<Vec<Field>, DbError> {
    rows::choices(on, codes).await
}

/// Those types and fields whose rows can be read: what a check of the archive has to go by.
pub async fn readable(on: &impl ConnectionTrait) -> Result<Catalog, DbError> {
    rows::readable(on).await
}

/// Whether a word is a type that was retired: what an upload without fields needs to know.
pub async fn is_retired(on: &impl ConnectionTrait, word: &str) -> Result<bool, DbError> {
    rows::is_retired(on, word).await
}

/// Refuses whoever is not the records manager.
pub(super) fn require_manager(actor: &Actor) -> Result<(), TypesError> {
    if actor.may_somewhere(Right::ManagePlan) {
        Ok(())
    } else {
        Err(TypesError::Forbidden)
    }
}

fn label_free(all: &Catalog, label: &str, but: Option<FieldId>) -> Result<(), TypesError> {
    let folded = fold(label);
    let mut others = all.fields.iter().filter(|one| Some(one.id) != but);
    if others.any(|one| fold(&one.label) == folded) {
        return Err(TypesError::NameTaken { pointer: "/label" });
    }
    Ok(())
}

fn name_free(all: &Catalog, name: &str, but: Option<TypeId>) -> Result<(), TypesError> {
    let folded = fold(name);
    let mut others = all.types.iter().filter(|one| Some(one.id) != but);
    if others.any(|one| fold(&one.name) == folded) {
        return Err(TypesError::NameTaken { pointer: "/name" });
    }
    Ok(())
}

/// Every field of a type is there, and those that come new were not retired.
fn fields_there(all: &Catalog, carried: &[Carried], before: &[Carried]) -> Result<(), TypesError> {
    for (at, one) in carried.iter().enumerate() {
        let had = before.iter().any(|known| known.field == one.field);
        let field = all.field(&one.field);
        if field.is_none_or(|field| field.retired_at.is_some() && !had) {
            return Err(TypesError::NoField { at });
        }
    }
    Ok(())
}

/// Makes a field.
pub(super) async fn create_field(unit: &mut Unit, new: NewField) -> Result<Field, TypesError> {
    require_manager(unit.actor())?;
    let all = catalog(unit.tx()).await?;
    if all.field(&new.code).is_some() {
        return Err(TypesError::CodeTaken);
    }
    label_free(&all, &new.label, None)?;
    if all.fields.len() >= FIELDS_MAX {
        return Err(TypesError::TooMany { max: FIELDS_MAX });
    }
    let (now, by) = (unit.now(), unit.actor().account);
    let field = Field {
        id: FieldId::new(),
        version: 1,
        code: new.code,
        label: new.label,
        description: new.description,
        rules: new.rules,
        retired_at: None,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    rows::insert_field(unit, &field).await?;
    unit.record(Action::FieldCreate, None);
    Ok(field)
}

/// Makes a type.
pub(super) async fn create_type(unit: &mut Unit, new: NewType) -> Result<DocumentType, TypesError> {
    require_manager(unit.actor())?;
    let all = catalog(unit.tx()).await?;
    if all.kind(Some(&new.code)).is_some() {
        return Err(TypesError::CodeTaken);
    }
    name_free(&all, &new.name, None)?;
    fields_there(&all, &new.carried, &[])?;
    if all.types.len() >= TYPES_MAX {
        return Err(TypesError::TooMany { max: TYPES_MAX });
    }
    let (now, by) = (unit.now(), unit.actor().account);
    let made = DocumentType {
        id: TypeId::new(),
        version: 1,
        code: new.code,
        name: new.name,
        description: new.description,
        carried: new.carried,
        retired_at: None,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    rows::insert_type(unit, &made).await?;
    unit.record(Action::DocumentTypeCreate, None);
    Ok(made)
}

/// What a value must be like from now on, if nothing changes that never changes.
fn ruled(before: &Rules, after: Rules) -> Result<Rules, TypesError> {
    let fixed = |pointer| Err(TypesError::Fixed { pointer });
    match (before, &after) {
        (Rules::Text { .. }, Rules::Text { .. })
        | (Rules::Date, Rules::Date)
        | (Rules::YesNo, Rules::YesNo) => Ok(after),
        (Rules::Number { decimals, .. }, Rules::Number { decimals: new, .. }) => {
            // Fewer digits would say that what stands there was never written.
            if new < decimals {
                return fixed("/decimals");
            }
            Ok(after)
        }
        (Rules::Money { currency, .. }, Rules::Money { currency: new, .. }) => {
            if new != currency {
                return fixed("/currency");
            }
            Ok(after)
        }
        (Rules::Reference(target), Rules::Reference(new)) => {
            if new != target {
                return fixed("/target");
            }
            Ok(after)
        }
        (
            Rules::Choice { entries, many },
            Rules::Choice {
                entries: new,
                many: several,
            },
        ) => {
            let stays = |entry: &Entry| new.iter().any(|one| one.code == entry.code);
            if !entries.iter().all(stays) {
                return fixed("/entries");
            }
            if *many && !several {
                return fixed("/many");
            }
            Ok(after)
        }
        (
            Rules::Text { .. }
            | Rules::Number { .. }
            | Rules::Money { .. }
            | Rules::Date
            | Rules::Choice { .. }
            | Rules::Reference(_)
            | Rules::YesNo,
            _,
        ) => fixed("/kind"),
    }
}

/// Refuses what has moved on since the caller looked at it.
fn expect(current: u64, expected: u64) -> Result<(), TypesError> {
    if current == expected {
        Ok(())
    } else {
        Err(TypesError::Stale { current })
    }
}

/// When something was retired, after a change that may say so.
fn retired_at(unit: &Unit, before: Option<Timestamp>, said: Option<bool>) -> Option<Timestamp> {
    match said {
        Some(true) => before.or(Some(unit.now())),
        Some(false) => None,
        None => before,
    }
}

/// Changes a field, retires it or takes it up again. What documents say in it stays.
pub(super) async fn change_field(
    unit: &mut Unit,
    id: FieldId,
    expected: u64,
    change: FieldChange,
) -> Result<Field, TypesError> {
    require_manager(unit.actor())?;
    let before = rows::field_to_change(unit, id).await?;
    let before = before.ok_or(TypesError::NotFound)?;
    expect(before.version, expected)?;
    let mut after = before.clone();
    if let Some(label) = change.label {
        let all = catalog(unit.tx()).await?;
        label_free(&all, &label, Some(id))?;
        after.label = label;
    }
    if let Some(rules) = change.rules {
        after.rules = ruled(&before.rules, rules)?;
    }
    after.description = change.description.unwrap_or(after.description);
    after.retired_at = retired_at(unit, before.retired_at, change.retired);
    if after == before {
        return Err(TypesError::Unchanged);
    }
    let retired = before.retired_at.is_none() && after.retired_at.is_some();
    after.version += 1;
    after.changed_at = unit.now();
    after.changed_by = unit.actor().account;
    rows::save_field(unit, &after).await?;
    unit.record(
        if retired {
            Action::FieldRetire
        } else {
            Action::FieldChange
        },
        None,
    );
    Ok(after)
}

/// Changes a type, retires it or takes it up again. Documents that bear it keep it.
pub(super) async fn change_type(
    unit: &mut Unit,
    id: TypeId,
    expected: u64,
    change: TypeChange,
) -> Result<DocumentType, TypesError> {
    require_manager(unit.actor())?;
    let before = rows::type_to_change(unit, id).await?;
    let before = before.ok_or(TypesError::NotFound)?;
    expect(before.version, expected)?;
    let all = catalog(unit.tx()).await?;
    let mut after = before.clone();
    if let Some(name) = change.name {
        name_free(&all, &name, Some(id))?;
        after.name = name;
    }
    if let Some(carried) = change.carried {
        fields_there(&all, &carried, &before.carried)?;
        after.carried = carried;
    }
    after.description = change.description.unwrap_or(after.description);
    after.retired_at = retired_at(unit, before.retired_at, change.retired);
    if after == before {
        return Err(TypesError::Unchanged);
    }
    let retired = before.retired_at.is_none() && after.retired_at.is_some();
    after.version += 1;
    after.changed_at = unit.now();
    after.changed_by = unit.actor().account;
    rows::save_type(unit, &after).await?;
    unit.record(
        if retired {
            Action::DocumentTypeRetire
        } else {
            Action::DocumentTypeChange
        },
        None,
    );
    Ok(after)
}
