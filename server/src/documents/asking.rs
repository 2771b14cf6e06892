//! Fields as lists and searches ask for them: `field.CODE=…`.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::fields;
use crate::base::db::DbError;
use crate::base::{Actor, CorrespondentId};
use crate::correspondents;
use crate::http::{Fault, Kind, Problem};
use crate::types::{self, Asked, Catalog, Rules, Target};

/// What fields must hold: each field once, with what will do.
pub(crate) type ByField = BTreeMap<String, Vec<Asked>>;

/// Fields as an address asks for them; a field that is asked for twice may hold either.
///
/// # Errors
/// 400 where there is no such field, or nothing like this could stand in it.
pub(crate) async fn by_field(
    on: &impl ConnectionTrait,
    actor: &Actor,
    asked: &[(String, String)],
) -> Result<ByField, Problem> {
    let mut all = ByField::new();
    if asked.is_empty() {
        return Ok(all);
    }
    let catalog = types::catalog(on).await?;
    let mut led = std::collections::BTreeSet::new();
    for (code, text) in asked {
        let Some(field) = catalog.field(code) else {
            let near = catalog.near(code);
            let name = format!("field.{code}");
            return Err(Problem::new(Kind::QueryInvalid).parameter(name, Fault::Unknown { near }));
        };
        let wanted = field
            .asked(text)
            .map_err(|refusal| types::parameter(code, refusal))?;
        if let (Rules::Reference(target), Asked::Is(id)) = (&field.rules, &wanted) {
            led.extend(id.parse::<Uuid>().ok().map(|id| (*target, id)));
        }
        all.entry(code.clone()).or_default().push(wanted);
    }
    // Nobody learns what leads to something of which he may not know.
    let known = fields::known(on, actor, &led).await?;
    for (code, wanted) in &mut all {
        if let Some(Rules::Reference(target)) = rules(&catalog, code) {
            wanted.retain(|one| match one {
                Asked::Is(id) => id
                    .parse::<Uuid>()
                    .is_ok_and(|id| known.contains(&(*target, id))),
                Asked::Numbers(..) | Asked::Days(..) => false,
            });
            if wanted.is_empty() {
                wanted.push(nothing(*target));
            }
            if *target == Target::Correspondent {
                let merged = merged_into(on, actor, wanted).await?;
                wanted.extend(merged);
            }
        }
    }
    Ok(all)
}

/// The correspondents that were merged into one of these, as far as the actor may know of them.
async fn merged_into(
    on: &impl ConnectionTrait,
    actor: &Actor,
    wanted: &[Asked],
) -> Result<Vec<Asked>, DbError> {
    let id = |one: &Asked| match one {
        Asked::Is(id) => id.parse::<CorrespondentId>().ok(),
        Asked::Numbers(..) | Asked::Days(..) => None,
    };
    let ids: Vec<CorrespondentId> = wanted.iter().filter_map(id).collect();
    let all = correspondents::with_below(on, &ids).await?.into_iter();
    let below = all.map(CorrespondentId::of).filter(|id| !ids.contains(id));
    let below: Vec<CorrespondentId> = below.collect();
    let known = correspondents::known_among(on, actor, &below).await?;
    Ok(known
        .into_iter()
        .map(|id| Asked::Is(id.to_string()))
        .collect())
}

fn rules<'c>(catalog: &'c Catalog, code: &str) -> Option<&'c Rules> {
    catalog.field(code).map(|field| &field.rules)
}

/// What no document holds: no text of this kind is the text of an id.
fn nothing(target: Target) -> Asked {
    Asked::Is(format!("no {}", target.code()))
}

/// The names of the fields that this question may name: those whose words everybody may know who finds the document.
pub(crate) async fn askable(
    on: &impl ConnectionTrait,
    question: &str,
) -> Result<Vec<String>, DbError> {
    if !question.contains(':') {
        return Ok(Vec::new());
    }
    let catalog = types::catalog(on).await?;
    let open = catalog
        .fields
        .into_iter()
        .filter(|field| !matches!(field.rules, Rules::Reference(_)));
    Ok(open.map(|field| field.code).collect())
}
