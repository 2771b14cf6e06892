//! Attempts to sign in: counted under the name that was typed, whether or not there is such an
//! account, so that no answer tells.
//!
//! Two counters stand beside each other. One counts what comes from one network; whoever fails there
//! too often waits, longer each time. The other counts what comes from all networks together that
//! nobody has signed in from lately: guesses from many places at once. Who comes from a known network
//! is not held up by what strangers do elsewhere.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sea_orm::ConnectionTrait;
use sha2::Sha256;

use super::model::PeopleError;
use super::ops::require_admin;
use super::rows;
use super::rows::attempts::{self as counted, Counter, Mark};
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, LockId, RequestId, Timestamp};
use crate::config::SignIn;
use crate::http::limits::network_of;
use crate::unit::{Db, Unit};

/// How attempts are counted here.
#[derive(Clone)]
pub struct Attempts {
    /// Names and networks are kept under it, not as they came: a typed name may be a password.
    key: [u8; 32],
    sign_in: SignIn,
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

/// One attempt, counted as a failure until it is known to be none.
#[derive(Debug)]
pub(crate) struct Attempt {
    login: Mark,
    network: Mark,
    /// Whether somebody signed in from this network lately.
    known: bool,
    /// Whether the next attempt has to wait, and the one before had not.
    begins_to_wait: bool,
}

/// How long the next attempt waits after so many failures.
fn wait(sign_in: &SignIn, failures: i64, failures_max: u32) -> Duration {
    let beyond = failures - i64::from(failures_max);
    if beyond < 0 {
        return Duration::ZERO;
    }
    let doubled = u32::try_from(beyond.min(30)).unwrap_or(30);
    let wait = sign_in.delay.saturating_mul(1 << doubled);
    wait.min(sign_in.delay_max)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl Attempts {
    /// By these settings; `key` is one that all processes of the archive share.
    #[must_use]
    pub const fn new(key: [u8; 32], sign_in: SignIn) -> Self {
        Self { key, sign_in }
    }

    fn mark(&self, of: &str, what: &[u8]) -> Result<Mark, PeopleError> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key);
        let mut mac = mac.map_err(|_source| PeopleError::Hash)?;
        mac.update(of.as_bytes());
        mac.update(&[0]);
        mac.update(what);
        Ok(mac.finalize().into_bytes().into())
    }

    fn login(&self, typed: &str) -> Result<Mark, PeopleError> {
        self.mark("login", typed.trim().to_lowercase().as_bytes())
    }

    /// Counts an attempt, before the password is looked at: of many that come at once none is free.
    ///
    /// Refused while the one before is still waited for; that counts as nothing.
    pub(super) async fn begin(
        &self,
        db: &Db,
        typed: &str,
        from: IpAddr,
    ) -> Result<Attempt, PeopleError> {
        let login = self.login(typed)?;
        let network = self.mark("network", network_of(from).to_string().as_bytes())?;
        let sign_in = self.sign_in;
        db.keep_house(async move |unit: &mut Unit| count(unit, &sign_in, login, network).await)
            .await
    }

    /// Says that the attempt failed. Where the next one has to wait from now on, that is recorded.
    ///
    /// It takes a durable commit whether or not there is an account, so that the time does not tell.
    pub(super) async fn failed(
        &self,
        db: &Db,
        attempt: &Attempt,
        account: Option<AccountId>,
        request: Option<RequestId>,
    ) -> Result<(), PeopleError> {
        if !attempt.begins_to_wait {
            return Ok(());
        }
        let now = db.now();
        let locked = match account {
            Some(account) => counted::lock_of(db.read(), account, now).await?.is_some(),
            None => false,
        };
        if let (Some(account), false) = (account, locked) {
            let actor = Actor {
                request,
                ..Actor::nobody()
            };
            let forget = seconds(self.sign_in.forget);
            db.write(&actor, async move |unit: &mut Unit| {
                place(unit, account, forget).await
            })
            .await?;
        } else {
            let login = attempt.login;
            db.keep_house(async move |unit: &mut Unit| counted::touch(unit, &login).await)
                .await?;
        }
        Ok(())
    }

    /// Says, in the unit of work that makes use of it, that the attempt was none by a stranger.
    pub(super) async fn succeeded(
        unit: &mut Unit,
        attempt: &Attempt,
        account: AccountId,
    ) -> Result<(), PeopleError> {
        counted::forget(unit, &attempt.login, Counter::Network(attempt.network)).await?;
        if !attempt.known {
            counted::forget(unit, &attempt.login, Counter::Everywhere).await?;
        }
        counted::know(unit, &attempt.network).await?;
        let lock = counted::lock_of(unit.tx(), account, unit.now()).await?;
        if let Some(lock) = lock
            && !counted::waits_anywhere(unit, &attempt.login).await?
        {
            counted::lift_lock(unit, lock).await?;
            unit.record(Action::AccountUnlock, None);
        }
        Ok(())
    }

    /// Lets whoever was locked out try again at once. For administrators.
    pub async fn unlock(&self, unit: &mut Unit, account: AccountId) -> Result<(), PeopleError> {
        require_admin(unit.actor())?;
        let row = rows::account(unit.tx(), account).await?;
        let row = row.ok_or(PeopleError::NoAccount)?;
        let forgotten = counted::forget_all(unit, &self.login(&row.login)?).await?;
        let lock = counted::lock_of(unit.tx(), account, unit.now()).await?;
        match lock {
            Some(lock) => counted::lift_lock(unit, lock).await?,
            None if forgotten => {}
            None => return Err(PeopleError::NotLocked),
        }
        unit.record(Action::AccountUnlock, None);
        Ok(())
    }

    /// Forgets what has had its time.
    pub async fn sweep(&self, db: &Db) -> Result<(), DbError> {
        let now = db.now();
        let attempts = now.plus_seconds(-seconds(self.sign_in.forget));
        let networks = now.plus_seconds(-seconds(self.sign_in.network));
        db.keep_house(async move |unit: &mut Unit| counted::sweep(unit, attempts, networks).await)
            .await
    }
}

async fn count(
    unit: &Unit,
    sign_in: &SignIn,
    login: Mark,
    network: Mark,
) -> Result<Attempt, PeopleError> {
    let now = unit.now();
    let since = now.plus_seconds(-seconds(sign_in.network));
    let known = counted::is_known(unit, &network, since).await?;
    // The same for every name: whether there is such an account is not asked here.
    let mut counters = vec![(Counter::Network(network), sign_in.failures_max)];
    if !known {
        counters.push((Counter::Everywhere, sign_in.failures_everywhere_max));
    }
    let mut until = 0;
    for (counter, _) in &counters {
        until = until.max(counted::wait_until(unit, &login, *counter).await?);
    }
    if until > now.micros() {
        let left = Duration::from_micros(u64::try_from(until - now.micros()).unwrap_or_default());
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        return Err(PeopleError::Wait { seconds });
    }
    let forgotten = now.plus_seconds(-seconds(sign_in.forget));
    let mut begins_to_wait = false;
    for (counter, failures_max) in counters {
        let failures = counted::count(unit, &login, counter, forgotten).await?;
        begins_to_wait |= failures >= i64::from(failures_max);
        let wait = seconds(wait(sign_in, failures, failures_max));
        counted::delay(unit, &login, counter, now.plus_seconds(wait)).await?;
    }
    Ok(Attempt {
        login,
        network,
        known,
        begins_to_wait,
    })
}

/// Records that the next attempt has to wait; `forget` seconds from now nothing is remembered.
async fn place(unit: &mut Unit, account: AccountId, forget: i64) -> Result<(), PeopleError> {
    let row = rows::sign_in_lock::Model {
        id: LockId::new().raw(),
        version: 1,
        account_id: account.raw(),
        placed_at: unit.now().micros(),
        ends_at: unit.now().plus_seconds(forget).micros(),
        lifted_at: None,
    };
    counted::insert_lock(unit, row).await?;
    unit.record(Action::AccountLock, None);
    Ok(())
}

/// Since when which accounts are locked.
pub(super) async fn locks(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<std::collections::HashMap<AccountId, Timestamp>, DbError> {
    counted::locks(on, now).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::wait;
    use crate::config::SignIn;

    const SIGN_IN: SignIn = SignIn {
        failures_max: 5,
        failures_everywhere_max: 50,
        delay: Duration::from_secs(2),
        delay_max: Duration::from_secs(900),
        forget: Duration::from_secs(86_400),
        network: Duration::from_secs(86_400),
        idle: Duration::from_secs(3_600),
    };

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait_up_to_its_end() {
        let waits = [1, 4, 5, 6, 7, 13, 14, 15, 1_000, i64::MAX];
        let seconds = waits.map(|failures| wait(&SIGN_IN, failures, 5).as_secs());
        assert_eq!(seconds, [0, 0, 2, 4, 8, 512, 900, 900, 900, 900]);
    }

    #[test]
    fn no_settings_overflow() {
        let longest = SignIn {
            delay: Duration::from_secs(3_600),
            delay_max: Duration::from_secs(86_400),
            ..SIGN_IN
        };
        assert_eq!(wait(&longest, i64::MAX, 1).as_secs(), 86_400);
    }
}
