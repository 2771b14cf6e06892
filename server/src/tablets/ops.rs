//! What is done with tablets; the only code that writes about them.

use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use super::key::PublicKey;
use super::model::{
    CODE_CHARS, Code, Lease, New, PAIRING_SECONDS, PAIRINGS_MAX, Pairing, Presence, Revoked,
    SEEN_EVERY_SECONDS, TABLETS_MAX, Tablet, TabletError, may_pair, may_work_with,
};
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, DepartmentId, PairingId, Right, Role, Sight, TabletId};
use crate::departments;
use crate::unit::{Db, Unit};

/// Takes note that a tablet asks to be paired. Nothing is changed by it: whoever knows no code pairs nothing.
pub(super) async fn ask(db: &Db, key: PublicKey) -> Result<Pairing, TabletError> {
    let mut chance = [0; CODE_CHARS];
    getrandom::fill(&mut chance).map_err(|_none| TabletError::NoChance)?;
    let code = Code::of_chance(chance);
    db.keep_house(async move |unit: &mut Unit| {
        if rows::count_pairings(unit).await? >= PAIRINGS_MAX {
            return Err(TabletError::TooMany);
        }
        let new = Pairing {
            id: PairingId::new(),
            code,
            key,
            created_at: unit.now(),
            expires_at: unit.now().plus_seconds(PAIRING_SECONDS),
            tablet: None,
        };
        rows::insert_pairing(unit, &new).await?;
        Ok(new)
    })
    .await
}

/// The department that is meant, if the actor may pair tablets there. One that he may not know of is none.
async fn department_to_pair(unit: &Unit, wanted: &str) -> Result<DepartmentId, TabletError> {
    let all = departments::departments(unit.tx()).await?;
    let found = all
        .iter()
        .find(|one| one.slug == wanted || one.id.to_string() == wanted);
    let found = found.map(|one| one.id);
    match found {
        Some(id) if may_pair(unit.actor(), id) => Ok(id),
        Some(id) if unit.actor().may_in(Right::Read, id) => Err(TabletError::Forbidden),
        Some(_) | None => Err(TabletError::NoDepartment),
    }
}

/// Whether the actor may pair tablets anywhere.
fn pairs_somewhere(actor: &Actor) -> bool {
    let heads = actor
        .grants
        .iter()
        .flat_map(|grant| grant.department)
        .any(|department| may_pair(actor, department));
    heads || may_pair(actor, DepartmentId::of(uuid::Uuid::nil()))
}

/// Pairs the tablet that shows a code.
pub(super) async fn pair(unit: &mut Unit, new: New) -> Result<Tablet, TabletError> {
    if !pairs_somewhere(unit.actor()) {
        return Err(TabletError::Forbidden);
    }
    let department = department_to_pair(unit, &new.department).await?;
    if rows::count(unit.tx()).await? >= TABLETS_MAX {
        return Err(TabletError::TooMany);
    }
    let pairing = rows::pairing_with_code(unit, &new.code).await?;
    let pairing = pairing.ok_or(TabletError::NoCode)?;
    let tablet = Tablet {
        id: TabletId::new(),
        version: 1,
        name: new.name,
        counter: new.counter,
        department,
        key: pairing.key,
        token_sha256: None,
        paired_at: unit.now(),
        paired_by: unit.actor().account,
        revoked: None,
        leased: None,
        presence: Presence::default(),
    };
    rows::insert(unit, &tablet).await?;
    rows::settle_pairing(unit, pairing.id, tablet.id).await?;
    unit.record(Action::TabletPair, Some(department));
    Ok(tablet)
}

/// Remembers what the cookie of a paired tablet holds: the token that it is given now. One that it was given
/// before counts no more, so that a lost answer costs nothing.
pub(super) async fn claim(
    unit: &mut Unit,
    id: TabletId,
    token: &str,
) -> Result<Tablet, TabletError> {
    let found = rows::find_to_change(unit, id).await?;
    let mut tablet = found.ok_or(TabletError::NotFound)?;
    if tablet.is_revoked() {
        return Err(TabletError::Revoked);
    }
    tablet.token_sha256 = Some(Sha256::digest(token.as_bytes()).into());
    rows::save(unit, &mut tablet).await?;
    let context = Object::new().with("step", "claim").to_bytes();
    unit.record_with(Action::TabletPair, Some(tablet.department), Some(context));
    Ok(tablet)
}

/// Revokes a tablet: from now on nothing is known of it. What it shows ends only where signing is told: revoke it
/// there.
pub async fn revoke(unit: &mut Unit, id: TabletId, reason: String) -> Result<Tablet, TabletError> {
    let found = rows::find_to_change(unit, id).await?;
    let mut tablet = found.ok_or(TabletError::NotFound)?;
    if !may_pair(unit.actor(), tablet.department) {
        let knows = may_work_with(unit.actor(), tablet.department);
        return Err(if knows {
            TabletError::Forbidden
        } else {
            TabletError::NotFound
        });
    }
    if tablet.is_revoked() {
        return Err(TabletError::Revoked);
    }
    tablet.revoked = Some(Revoked {
        at: unit.now(),
        by: unit.actor().account,
        reason,
    });
    tablet.leased = None;
    rows::save(unit, &mut tablet).await?;
    unit.record(Action::TabletRevoke, Some(tablet.department));
    Ok(tablet)
}

/// Whether the actor may work with a tablet.
#[must_use]
pub fn may_use(actor: &Actor, tablet: &Tablet) -> bool {
    may_work_with(actor, tablet.department)
}

/// What is taken of a tablet that somebody else works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// Nothing: it must be free.
    Free,
    /// All: it is taken over.
    Over,
}

/// Since when somebody works with a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// From now on.
    Now,
    /// He did before.
    Already,
}

/// A tablet with which the actor may work, locked.
async fn to_work_with(unit: &Unit, id: TabletId) -> Result<Tablet, TabletError> {
    let found = rows::find_to_change(unit, id).await?;
    let tablet = found.ok_or(TabletError::NotFound)?;
    if !may_use(unit.actor(), &tablet) {
        let knows = may_pair(unit.actor(), tablet.department);
        return Err(if knows {
            TabletError::Forbidden
        } else {
            TabletError::NotFound
        });
    }
    if tablet.is_revoked() {
        return Err(TabletError::Revoked);
    }
    Ok(tablet)
}

/// Takes a tablet to work with it. Whoever works with it already goes on, and nothing is recorded.
pub async fn lease(
    unit: &mut Unit,
    id: TabletId,
    taking: Taking,
) -> Result<(Tablet, Took), TabletError> {
    let mut tablet = to_work_with(unit, id).await?;
    let me = unit.actor().account;
    let before = tablet.lease_at(unit.now());
    rows::note_lease(unit, id).await?;
    if before.is_some_and(|lease| lease.by == me) {
        return Ok((tablet, Took::Already));
    }
    if let Some(lease) = before
        && taking == Taking::Free
    {
        return Err(TabletError::Leased { since: lease.since });
    }
    tablet.leased = Some(Lease {
        by: me,
        since: unit.now(),
    });
    tablet.presence.lease_seen = Some(unit.now());
    rows::save(unit, &mut tablet).await?;
    let context = Object::new()
        .with_some("instead_of", before.map(|lease| lease.by.to_string()))
        .to_bytes();
    unit.record_with(Action::TabletLease, Some(tablet.department), Some(context));
    Ok((tablet, Took::Now))
}

/// Gives a tablet back.
pub async fn give_back(unit: &mut Unit, id: TabletId) -> Result<Tablet, TabletError> {
    let mut tablet = to_work_with(unit, id).await?;
    let mine = tablet
        .leased
        .is_some_and(|lease| lease.by == unit.actor().account);
    if !mine {
        return Err(TabletError::NotLeased);
    }
    tablet.leased = None;
    rows::save(unit, &mut tablet).await?;
    unit.record(Action::TabletRelease, Some(tablet.department));
    Ok(tablet)
}

/// A sign of life of the clerk who works with a tablet; says whether that is the actor.
pub async fn heartbeat(db: &Db, actor: &Actor, tablet: &Tablet) -> Result<bool, DbError> {
    let lease = tablet.lease_at(db.now());
    if lease.is_none_or(|lease| lease.by != actor.account) {
        return Ok(false);
    }
    let id = tablet.id;
    db.keep_house(async move |unit: &mut Unit| rows::note_lease(unit, id).await)
        .await?;
    Ok(true)
}

/// Notes now and then that a tablet is there.
pub async fn seen(db: &Db, tablet: &Tablet) -> Result<(), DbError> {
    let last = tablet.presence.seen;
    let recent = |at: crate::base::Timestamp| at.plus_seconds(SEEN_EVERY_SECONDS) > db.now();
    if last.is_some_and(recent) {
        return Ok(());
    }
    let id = tablet.id;
    db.keep_house(async move |unit: &mut Unit| rows::note_seen(unit, id).await)
        .await
}

/// A tablet by its id, whoever asks.
pub async fn with_id(on: &impl ConnectionTrait, id: TabletId) -> Result<Option<Tablet>, DbError> {
    rows::find(on, id).await
}

/// The tablets that the actor may work with or pair; all of them for administrators and auditors.
pub async fn visible(on: &impl ConnectionTrait, actor: &Actor) -> Result<Vec<Tablet>, DbError> {
    let whole = actor.is(Role::Admin) || actor.is(Role::Auditor) || actor.is(Role::System);
    let departments = match actor.sight(Right::Edit) {
        Sight::All => None,
        Sight::Some { .. } if whole => None,
        Sight::Some {
            units, arriving, ..
        } => {
            let both = units.iter().chain(&arriving);
            Some(both.map(|unit| unit.id.raw()).collect())
        }
    };
    rows::all(on, departments).await
}
