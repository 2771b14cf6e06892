//! What is done with correspondents; the only code that writes about them.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::model::{
    ALIASES_MERGED_MAX, Change, Correspondent, CorrespondentError, Details, Merged, others,
    spelling,
};
use super::rows;
use crate::audit::canonical::Object as Json;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, CorrespondentId, Right};
use crate::unit::Unit;

/// So many names are asked for in one question.
const NAMES_AT_ONCE: usize = 400;

async fn add(unit: &mut Unit, details: Details) -> Result<Correspondent, DbError> {
    let (now, by) = (unit.now(), unit.actor().account);
    let new = Correspondent {
        id: CorrespondentId::new(),
        version: 1,
        details,
        merged: None,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    rows::insert(unit, &new).await?;
    unit.record(Action::CorrespondentCreate, None);
    Ok(new)
}

/// The correspondent that a name on a document means: one that the actor knows by this name or alias,
/// else a new one. Two at the same time may make two, which can be merged.
pub async fn named(unit: &mut Unit, name: &str) -> Result<CorrespondentId, DbError> {
    let found = rows::spelled(unit.tx(), unit.actor(), &[name.to_owned()]).await?;
    if let Some(first) = found.first() {
        return Ok(first.id);
    }
    let details = Details {
        name: name.to_owned(),
        ..Details::default()
    };
    Ok(add(unit, details).await?.id)
}

/// The correspondents that the actor knows by one of these names or aliases.
pub async fn spelled(
    on: &impl ConnectionTrait,
    actor: &Actor,
    names: &[String],
) -> Result<Vec<Correspondent>, DbError> {
    rows::spelled(on, actor, names).await
}

/// The correspondents that the actor knows by one of these names or aliases, each with the first of the names
/// that is one of its own.
pub async fn named_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    names: &[String],
) -> Result<Vec<(usize, Correspondent)>, DbError> {
    let mut found: Vec<Correspondent> = Vec::new();
    for some in names.chunks(NAMES_AT_ONCE) {
        for one in rows::spelled(on, actor, some).await? {
            if !found.iter().any(|known| known.id == one.id) {
                found.push(one);
            }
        }
    }
    let ids: Vec<CorrespondentId> = found.iter().map(|one| one.id).collect();
    let known = known_among(on, actor, &ids).await?;
    let mut first: HashMap<String, usize> = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        first.entry(spelling(name)).or_insert(at);
    }
    let mut named: Vec<(usize, Correspondent)> = found
        .into_iter()
        .filter(|one| known.contains(&one.id))
        .filter_map(|one| {
            let spelled = one.details.spellings();
            let at = spelled.iter().filter_map(|name| first.get(name)).min()?;
            Some((*at, one))
        })
        .collect();
    named.sort_by_key(|(at, one)| (*at, one.id));
    Ok(named)
}

/// The correspondents that the actor knows and that have one of these addresses of e-mail, in small letters.
pub async fn reached_at(
    on: &impl ConnectionTrait,
    actor: &Actor,
    mails: &[String],
) -> Result<Vec<Correspondent>, DbError> {
    rows::reached_at(on, actor, mails).await
}

/// A correspondent that the actor knows, or the one into which it was merged.
pub async fn known(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: CorrespondentId,
) -> Result<Option<Correspondent>, DbError> {
    let Some(found) = rows::find(on, (actor, Right::Read), id).await? else {
        return Ok(None);
    };
    Ok(of_ids(on, &[found.id]).await?.remove(&id))
}

/// Those among `ids` that the actor knows.
pub async fn known_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[CorrespondentId],
) -> Result<Vec<CorrespondentId>, DbError> {
    rows::known_among(on, (actor, Right::Read), ids).await
}

/// What each of these is today, whoever asks: itself, or the one into which it was merged.
pub async fn of_ids(
    on: &impl ConnectionTrait,
    ids: &[CorrespondentId],
) -> Result<HashMap<CorrespondentId, Correspondent>, DbError> {
    let mut all: HashMap<CorrespondentId, Correspondent> = HashMap::new();
    let mut wanted = ids.to_vec();
    while !wanted.is_empty() {
        wanted.sort_unstable();
        wanted.dedup();
        let found = rows::find_many(on, &wanted).await?;
        wanted = found
            .iter()
            .filter_map(|one| Some(one.merged.as_ref()?.into))
            .collect();
        all.extend(found.into_iter().map(|one| (one.id, one)));
        wanted.retain(|id| !all.contains_key(id));
    }
    let mut today = HashMap::new();
    for id in ids {
        let mut one = all.get(id);
        while let Some(merged) = one.and_then(|one| one.merged.as_ref()) {
            one = all.get(&merged.into);
        }
        if let Some(one) = one {
            today.insert(*id, one.clone());
        }
    }
    Ok(today)
}

/// The ids of these and of all that were merged into one of them.
pub async fn with_below(
    on: &impl ConnectionTrait,
    ids: &[CorrespondentId],
) -> Result<Vec<Uuid>, DbError> {
    rows::with_below(on, ids).await
}

/// A correspondent that the actor knows, as it is: merged or not.
pub(super) async fn read(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: CorrespondentId,
) -> Result<Correspondent, CorrespondentError> {
    let found = rows::find(on, (actor, Right::Read), id).await?;
    found.ok_or(CorrespondentError::NotFound)
}

/// Those among `ids` that the actor may change.
pub(super) async fn may_change(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[CorrespondentId],
) -> Result<Vec<CorrespondentId>, DbError> {
    rows::known_among(on, (actor, Right::Edit), ids).await
}

/// A correspondent that the actor may change, locked.
async fn to_change(unit: &Unit, id: CorrespondentId) -> Result<Correspondent, CorrespondentError> {
    let found = rows::find_to_change(unit, id).await?;
    let found = found.ok_or(CorrespondentError::NotFound)?;
    let (on, actor) = (unit.tx(), unit.actor());
    if rows::find(on, (actor, Right::Edit), id).await?.is_some() {
        return Ok(found);
    }
    Err(match rows::find(on, (actor, Right::Read), id).await? {
        Some(_) => CorrespondentError::Forbidden,
        None => CorrespondentError::NotFound,
    })
}

fn expect(one: &Correspondent, expected: u64) -> Result<(), CorrespondentError> {
    if one.version == expected {
        return Ok(());
    }
    Err(CorrespondentError::Stale {
        current: one.version,
    })
}

fn stepped(unit: &Unit, before: &Correspondent) -> Correspondent {
    Correspondent {
        version: before.version + 1,
        changed_at: unit.now(),
        changed_by: unit.actor().account,
        ..before.clone()
    }
}

/// Makes a correspondent.
pub(super) async fn create(
    unit: &mut Unit,
    mut details: Details,
) -> Result<Correspondent, CorrespondentError> {
    if !unit.actor().may_somewhere(Right::Edit) {
        return Err(CorrespondentError::Forbidden);
    }
    details.aliases = others(&details.name, details.aliases);
    Ok(add(unit, details).await?)
}

/// Changes what is said about a correspondent.
pub(super) async fn change(
    unit: &mut Unit,
    id: CorrespondentId,
    expected: u64,
    change: Change,
) -> Result<Correspondent, CorrespondentError> {
    let before = to_change(unit, id).await?;
    if let Some(merged) = &before.merged {
        return Err(CorrespondentError::Merged { into: merged.into });
    }
    expect(&before, expected)?;
    let mut after = stepped(unit, &before);
    after.details = before.details.changed(change);
    if after.details == before.details {
        return Err(CorrespondentError::Unchanged);
    }
    if after.details.aliases.len() > ALIASES_MERGED_MAX {
        return Err(CorrespondentError::TooManyNames);
    }
    rows::save(unit, &after, &before).await?;
    unit.record(Action::CorrespondentChange, None);
    Ok(after)
}

/// Two correspondents that the actor may change, locked in an order of their own.
async fn both(
    unit: &Unit,
    id: CorrespondentId,
    other: CorrespondentId,
) -> Result<(Correspondent, Correspondent), CorrespondentError> {
    if other < id {
        rows::find_to_change(unit, other).await?;
    }
    let one = to_change(unit, id).await?;
    let other = match to_change(unit, other).await {
        Err(CorrespondentError::NotFound) => return Err(CorrespondentError::NoSurvivor),
        other => other?,
    };
    Ok((one, other))
}

/// Merges one correspondent into another: its names become aliases there, and it leads there from now
/// on. Documents keep what was written on them, and are found by the survivor.
pub(super) async fn merge(
    unit: &mut Unit,
    id: CorrespondentId,
    expected: u64,
    into: CorrespondentId,
    reason: Option<String>,
) -> Result<Correspondent, CorrespondentError> {
    if id == into {
        return Err(CorrespondentError::Itself);
    }
    let (before, survivor) = both(unit, id, into).await?;
    if let Some(merged) = &before.merged {
        return Err(CorrespondentError::Merged { into: merged.into });
    }
    expect(&before, expected)?;
    if survivor.merged.is_some() {
        return Err(CorrespondentError::NoSurvivor);
    }
    let brought = survivor.details.brought_by(&before.details);
    if !brought.is_empty() {
        let mut named = stepped(unit, &survivor);
        named.details.aliases.extend(brought.iter().cloned());
        named.details.aliases.sort();
        if named.details.aliases.len() > ALIASES_MERGED_MAX {
            return Err(CorrespondentError::TooManyNames);
        }
        rows::save(unit, &named, &survivor).await?;
        let context = Json::new().with("merged", id.to_string()).to_bytes();
        unit.record_with(Action::CorrespondentChange, None, Some(context));
    }
    let mut merged = stepped(unit, &before);
    merged.merged = Some(Merged { into, brought });
    rows::save(unit, &merged, &before).await?;
    let context = Json::new()
        .with("into", into.to_string())
        .with_some("reason", reason)
        .to_bytes();
    unit.record_with(Action::CorrespondentMerge, None, Some(context));
    Ok(merged)
}

/// Undoes a merger: it stands for itself again, and takes the aliases along that it brought. Documents
/// that were filed under the survivor meanwhile stay with that.
pub(super) async fn split(
    unit: &mut Unit,
    id: CorrespondentId,
    expected: u64,
    reason: String,
) -> Result<Correspondent, CorrespondentError> {
    let seen = read(unit.tx(), unit.actor(), id).await?;
    let Some(merged) = &seen.merged else {
        return Err(CorrespondentError::NotMerged);
    };
    let (before, survivor) = both(unit, id, merged.into).await?;
    let Some(merged) = before.merged.clone() else {
        return Err(CorrespondentError::NotMerged);
    };
    expect(&before, expected)?;
    // Where the survivor was merged in its turn, that comes first: its aliases went on with it.
    if survivor.merged.is_some() || survivor.id != merged.into {
        return Err(CorrespondentError::NotMerged);
    }
    let mut left = stepped(unit, &survivor);
    // A namesake that stays merged is found by its name as before.
    let stay: Vec<String> = rows::merged_into(unit.tx(), survivor.id)
        .await?
        .iter()
        .filter(|one| one.id != id)
        .flat_map(|one| one.details.spellings())
        .collect();
    let gone = |name: &String| merged.brought.contains(name) && !stay.contains(&spelling(name));
    left.details.aliases.retain(|name| !gone(name));
    if left.details.aliases != survivor.details.aliases {
        rows::save(unit, &left, &survivor).await?;
        let context = Json::new().with("split", id.to_string()).to_bytes();
        unit.record_with(Action::CorrespondentChange, None, Some(context));
    }
    let mut alone = stepped(unit, &before);
    alone.merged = None;
    rows::save(unit, &alone, &before).await?;
    let context = Json::new().with("reason", reason).to_bytes();
    unit.record_with(Action::CorrespondentSplit, None, Some(context));
    Ok(alone)
}
