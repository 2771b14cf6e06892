//! Accounts of people whom the town knows elsewhere: an identity is an issuer and a subject, and an account has
//! one or none. What comes of an identity, sessions and roles, is told apart from what people gave.

use std::net::IpAddr;

use thiserror::Error;

use super::acting::actor;
use super::model::{Account, Begun, Carrier, Identity, Login, NewRole, PeopleError, Token};
use super::ops::{self, require_admin};
use super::roles::{self, Giving};
use super::rows::{self, account, identities};
use super::tokens::{self, NewToken, Secret, Wanted};
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, RequestId, Role};
use crate::config::Auth;
use crate::unit::{Db, Unit, Written};

/// Somebody whom the provider names, and what the settings say about such people.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Who it is.
    pub identity: Identity,
    /// The name to sign in with, where the provider says one that can be one.
    pub login: Option<Login>,
    /// The name for people.
    pub name: Option<String>,
    /// The roles that come of it; none: nothing is said, and they stay as they are.
    pub roles: Option<Vec<NewRole>>,
    /// How many people it takes to give one.
    pub giving: Giving,
    /// Whether an account is made where there is none.
    pub may_be_made: bool,
    /// Whether an account that has no identity and bears the name is taken for theirs.
    pub may_be_linked: bool,
    /// Whether that also holds for an account that administers.
    pub may_administer: bool,
}

/// Why somebody does not come in, or nothing had to be written.
#[derive(Debug, Error)]
pub(crate) enum ArrivalError {
    /// All is as it was: there is nothing to commit.
    #[error("nothing has changed")]
    AsBefore,
    /// The provider says no name that can be a login.
    #[error("there is no login")]
    NoLogin,
    /// Nobody is known by this identity.
    #[error("there is no account of this identity")]
    Unknown,
    /// The login belongs to another account.
    #[error("the login belongs to another account")]
    Taken,
    /// The account is switched off.
    #[error("the account is switched off")]
    Off,
    /// Something about people.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Somebody comes from the provider: finds, links or makes the account, and gives and takes the roles that come
/// of the provider.
pub(crate) async fn arrive(unit: &mut Unit, arrival: Arrival) -> Result<(), ArrivalError> {
    require_admin(unit.actor())?;
    let found = identities::of_identity(unit.tx(), &arrival.identity).await?;
    let is_new = found.is_none();
    let row = match found {
        Some(row) => row,
        None => taken_up(unit, &arrival).await?,
    };
    if row.disabled_at.is_some() {
        return Err(ArrivalError::Off);
    }
    let mut changed = 0;
    if let Some(wanted) = arrival.roles {
        changed = roles::follow(unit, AccountId::of(row.id), wanted, arrival.giving).await?;
    }
    if is_new || changed > 0 {
        Ok(())
    } else {
        Err(ArrivalError::AsBefore)
    }
}

/// The account of somebody who comes for the first time.
async fn taken_up(unit: &mut Unit, arrival: &Arrival) -> Result<account::Model, ArrivalError> {
    if !arrival.may_be_made && !arrival.may_be_linked {
        return Err(ArrivalError::Unknown);
    }
    let login = arrival.login.clone().ok_or(ArrivalError::NoLogin)?;
    let Some(row) = rows::account_by_login(unit.tx(), login.as_str()).await? else {
        if !arrival.may_be_made {
            return Err(ArrivalError::Unknown);
        }
        let name = arrival.name.clone();
        let name = name.unwrap_or_else(|| login.as_str().to_owned());
        let made = ops::NewRow {
            identity: Some(arrival.identity.clone()),
            ..ops::NewRow::of(login, name)
        };
        return Ok(ops::insert_account(unit, made).await?);
    };
    let id = AccountId::of(row.id);
    let now = unit.now();
    let held = roles::given(unit.tx(), id).await?;
    let administers = held
        .iter()
        .any(|one| one.role == Role::Admin && one.stands(now));
    let free = row.function.is_none() && row.identity_subject.is_none();
    if !arrival.may_be_linked || !free || (administers && !arrival.may_administer) {
        return Err(ArrivalError::Taken);
    }
    if row.disabled_at.is_some() {
        return Err(ArrivalError::Off);
    }
    Ok(put(unit, row, Some(arrival.identity.clone())).await?)
}

/// Writes whose identity an account is, and says so in the log.
async fn put(
    unit: &mut Unit,
    mut row: account::Model,
    identity: Option<Identity>,
) -> Result<account::Model, PeopleError> {
    let action = match identity {
        Some(_) => Action::AccountLink,
        None => Action::AccountUnlink,
    };
    (row.identity_issuer, row.identity_subject) = match identity {
        Some(identity) => (Some(identity.issuer), Some(identity.subject)),
        None => (None, None),
    };
    let id = AccountId::of(row.id);
    rows::update_account(unit, row).await?;
    unit.record(action, None);
    rows::account(unit.tx(), id)
        .await?
        .ok_or(PeopleError::NoAccount)
}

/// Links an account with an identity, or takes that away: a deliberate act of an administrator. The sessions and
/// the roles that came of the identity before end. Nothing is written where it is the same.
pub(crate) async fn set_identity(
    unit: &mut Unit,
    id: AccountId,
    expected: Option<u64>,
    identity: Option<Identity>,
) -> Result<Account, PeopleError> {
    require_admin(unit.actor())?;
    let row = rows::account(unit.tx(), id).await?;
    let row = row.filter(|row| row.function.is_none());
    let row = row.ok_or(PeopleError::NoAccount)?;
    let current = u64::try_from(row.version).unwrap_or_default();
    if expected.is_some_and(|expected| expected != current) {
        return Err(PeopleError::Stale { current });
    }
    if let Some(identity) = &identity {
        let whose = identities::of_identity(unit.tx(), identity).await?;
        if whose.is_some_and(|other| other.id != row.id) {
            return Err(PeopleError::Taken);
        }
    }
    let before = row.identity();
    if identity.is_none() && before.is_none() {
        return Err(PeopleError::Nothing);
    }
    if identity == before {
        return Err(PeopleError::Settled);
    }
    let was_another = before.is_some();
    put(unit, row, identity).await?;
    if was_another {
        end_sessions(unit, identities::Of::Account(id)).await?;
        // Only ends: how many people it takes to give is no question here.
        roles::follow(unit, id, Vec::new(), Giving::ByTwo).await?;
    }
    ops::account(unit.tx(), id)
        .await?
        .ok_or(PeopleError::NoAccount)
}

/// Somebody of whom the provider has said who it is.
#[derive(Debug, Clone)]
pub(crate) struct Comes {
    /// Who it is.
    pub identity: Identity,
    /// The session at the provider, where it named one.
    pub session: Option<String>,
    /// The request.
    pub request: Option<RequestId>,
    /// From where.
    pub from: IpAddr,
    /// With what, in its own words.
    pub agent: Option<String>,
    /// The digest of the session that the same browser had until now: it ends.
    pub before: Option<[u8; 32]>,
}

/// Somebody who is in.
#[derive(Debug)]
pub(crate) struct Entered {
    /// Who.
    pub actor: Actor,
    /// The session, and its secret.
    pub written: Written<(Token, Secret)>,
}

/// Opens the session of a browser for the account of an identity.
pub(crate) async fn enter_by_provider(
    db: &Db,
    auth: &Auth,
    comes: Comes,
) -> Result<Entered, PeopleError> {
    let row = identities::of_identity(db.read(), &comes.identity).await?;
    let id = AccountId::of(row.ok_or(PeopleError::SignIn)?.id);
    let actor = actor(db.read(), id, db.now(), comes.request).await?;
    let new = NewToken {
        label: "Anmeldung".to_owned(),
        scope: Scope::Full,
        seconds: i64::try_from(auth.session.as_secs()).unwrap_or(i64::MAX),
        destination: None,
    };
    let wanted = Wanted {
        carrier: Carrier::Cookie,
        agent: comes.agent,
        before: comes.before,
        begun: Begun::AtProvider,
        provider_session: comes.session,
    };
    let (identity, from) = (comes.identity, comes.from);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            // Whoever was linked a moment ago may not be any more, or be switched off.
            let row = identities::of_identity(unit.tx(), &identity).await?;
            if row.is_none_or(|row| row.id != id.raw() || row.disabled_at.is_some()) {
                return Err(PeopleError::SignIn);
            }
            tokens::open(unit, id, new, wanted, from).await
        })
        .await?;
    Ok(Entered { actor, written })
}

/// Ends the sessions that were begun at the provider: one of them, or all of somebody.
pub(crate) async fn end_provider_sessions(
    unit: &mut Unit,
    issuer: &str,
    subject: Option<String>,
    session: Option<String>,
) -> Result<usize, PeopleError> {
    require_admin(unit.actor())?;
    let account = match subject {
        Some(subject) => {
            let issuer = issuer.to_owned();
            let found = identities::of_identity(unit.tx(), &Identity { issuer, subject }).await?;
            Some(AccountId::of(found.ok_or(PeopleError::NoToken)?.id))
        }
        None => None,
    };
    let of = match (account, session) {
        (account, Some(session)) => identities::Of::Session { session, account },
        (Some(account), None) => identities::Of::Account(account),
        (None, None) => return Err(PeopleError::NoToken),
    };
    match end_sessions(unit, of).await? {
        0 => Err(PeopleError::NoToken),
        ended => Ok(ended),
    }
}

async fn end_sessions(unit: &mut Unit, of: identities::Of) -> Result<usize, PeopleError> {
    let open = identities::sessions(unit.tx(), of, unit.now()).await?;
    let ended = open.len();
    for row in open {
        rows::revoke_token(unit, row).await?;
        unit.record(Action::TokenRevoke, None);
    }
    Ok(ended)
}
