//! Tokens and sessions: issued, known again, noted when they are used, ended.
//!
//! A session is a token that came of signing in; that of a browser travels in a cookie and never as a
//! bearer, and also ends when it is not used.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::acting::actor;
use super::attempts::{Attempt, Attempts};
use super::known::{self, KnownPeople, Person};
use super::model::{Begun, Carrier, Login, PeopleError, Token, Use};
use super::ops::{require_admin, require_destination, require_full};
use super::password;
use super::rows::{self, Which, uses};
use crate::audit::event::Action;
use crate::base::actor::{Destination, Scope};
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, RequestId, Timestamp, TokenId};
use crate::config::Auth;
use crate::unit::{Db, Unit, Written};

/// Longest life of a token that was issued by hand.
pub(crate) const TOKEN_DAYS_MAX: i64 = 400;
/// What a token begins with, so that a leaked one is recognised by scanners.
const TOKEN_PREFIX: &str = "plt_";
/// What the session of a browser begins with.
const COOKIE_PREFIX: &str = "pls_";
/// What is kept of the name of a browser.
const AGENT_CHARS_MAX: usize = 200;

/// A new token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub label: String,
    /// What it may be used for.
    pub scope: Scope,
    /// How long it lives.
    pub seconds: i64,
    /// Where it puts what it takes in; only for tokens that do nothing else.
    pub destination: Option<Destination>,
}

/// A token's secret: shown once.
#[derive(Debug)]
pub struct Secret(pub Zeroizing<String>);

/// What a request brings along to say who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// `Authorization: Bearer …`.
    Bearer(&'a str),
    /// The cookie of a browser.
    Cookie(&'a str),
}

impl<'a> Credential<'a> {
    pub(super) const fn secret(self) -> &'a str {
        match self {
            Self::Bearer(secret) | Self::Cookie(secret) => secret,
        }
    }

    /// Whether this could be one of ours: the prefix and 32 bytes in base64url.
    pub(super) fn has_form(self) -> bool {
        let prefix = match self {
            Self::Bearer(_) => TOKEN_PREFIX,
            Self::Cookie(_) => COOKIE_PREFIX,
        };
        self.secret().strip_prefix(prefix).is_some_and(|secret| {
            secret.len() == 43
                && secret
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
    }

    fn fits(self, carrier: Option<Carrier>) -> bool {
        matches!(self, Self::Cookie(_)) == (carrier == Some(Carrier::Cookie))
    }
}

/// Issues a token for an account: for oneself, or by an administrator.
pub async fn issue_token(
    unit: &mut Unit,
    account: AccountId,
    new: NewToken,
) -> Result<(Token, Secret), PeopleError> {
    if unit.actor().account == account {
        require_full(unit.actor())?;
    } else {
        require_admin(unit.actor())?;
    }
    add_token(unit, account, new, Way::Issued).await
}

/// How a token came about.
#[derive(Debug)]
enum Way {
    /// It was issued by hand.
    Issued,
    /// Somebody signed in: how it travels, where that was, and what the session is called there.
    SignedIn(Carrier, Begun, Option<String>),
}

async fn add_token(
    unit: &mut Unit,
    account: AccountId,
    new: NewToken,
    way: Way,
) -> Result<(Token, Secret), PeopleError> {
    let known = rows::account(unit.tx(), account)
        .await?
        .ok_or(PeopleError::NoAccount)?;
    if known.disabled_at.is_some() {
        return Err(PeopleError::NoAccount);
    }
    if let Some(destination) = new.destination {
        require_destination(unit, account, &new, destination).await?;
    }
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(random.as_mut()).map_err(|_source| PeopleError::Hash)?;
    let (session, begun, provider_session) = match way {
        Way::Issued => (None, Begun::Here, None),
        Way::SignedIn(carrier, begun, there) => (Some(carrier), begun, there),
    };
    let prefix = match session {
        Some(Carrier::Cookie) => COOKIE_PREFIX,
        Some(Carrier::Bearer) | None => TOKEN_PREFIX,
    };
    let secret = Zeroizing::new(format!(
        "{prefix}{}",
        URL_SAFE_NO_PAD.encode(random.as_ref())
    ));
    let row = rows::access_token::Model {
        id: TokenId::new().raw(),
        version: 1,
        account_id: account.raw(),
        digest: Sha256::digest(secret.as_bytes()).to_vec(),
        label: new.label,
        scope: new.scope.code().to_owned(),
        created_at: unit.now().micros(),
        expires_at: unit.now().plus_seconds(new.seconds).micros(),
        revoked_at: None,
        department_id: new.destination.map(|one| one.department.raw()),
        inbox_id: new
            .destination
            .and_then(|one| one.inbox)
            .map(AccountId::raw),
        session: session.map(|carrier| carrier.code().to_owned()),
        begun: begun.code().map(str::to_owned),
        provider_session,
    };
    rows::insert_token(unit, row.clone()).await?;
    unit.record(Action::TokenIssue, None);
    Ok((Token::try_from(row)?, Secret(secret)))
}

/// Ends a token: the one that is `used` for asking, another of one's own with one that may do
/// everything, or any by an administrator.
pub(crate) async fn revoke_token(
    unit: &mut Unit,
    used: TokenId,
    id: TokenId,
) -> Result<(), PeopleError> {
    end(unit, used, id, |_any| true).await
}

async fn end(
    unit: &mut Unit,
    used: TokenId,
    id: TokenId,
    may_be: fn(&rows::access_token::Model) -> bool,
) -> Result<(), PeopleError> {
    if used != id {
        require_full(unit.actor())?;
    }
    let row = rows::token(unit.tx(), id.raw()).await?;
    let row = row.filter(may_be).ok_or(PeopleError::NoToken)?;
    if row.account_id != unit.actor().account.raw() {
        require_admin(unit.actor()).map_err(|_refused| PeopleError::NoToken)?;
    }
    if row.revoked_at.is_some() {
        return Err(PeopleError::NoToken);
    }
    rows::revoke_token(unit, row).await?;
    unit.record(Action::TokenRevoke, None);
    Ok(())
}

/// Ends a session: as [`revoke_token`], and a token that was issued is none.
pub(crate) async fn end_session(
    unit: &mut Unit,
    used: TokenId,
    id: TokenId,
) -> Result<(), PeopleError> {
    end(unit, used, id, |row| row.session.is_some()).await
}

/// Ends the sessions of an account but one: one's own, or those of another by an administrator. Says
/// how many; of none nothing is recorded, and then there is nothing to commit.
pub(crate) async fn end_sessions(
    unit: &mut Unit,
    account: AccountId,
    but: Option<TokenId>,
) -> Result<usize, PeopleError> {
    if unit.actor().account == account {
        require_full(unit.actor())?;
    } else {
        require_admin(unit.actor())?;
    }
    let known = rows::account(unit.tx(), account).await?;
    known.ok_or(PeopleError::NoAccount)?;
    let ended = rows::revoke_tokens(unit, account, Which::Sessions { but }).await?;
    let count = ended.len();
    for one in ended {
        unit.changed(one);
        unit.record(Action::TokenRevoke, None);
    }
    if count == 0 {
        return Err(PeopleError::NoToken);
    }
    Ok(count)
}

/// Who knocks, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Knock<'a> {
    /// The request.
    pub request: Option<RequestId>,
    /// What was typed as a name.
    pub login: &'a str,
    /// The address.
    pub from: IpAddr,
}

/// The session that is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// How it will travel.
    pub carrier: Carrier,
    /// What asked for it, in its own words.
    pub agent: Option<String>,
    /// The digest of the session of the same browser until now: it ends.
    pub before: Option<[u8; 32]>,
    /// Where it was begun.
    pub begun: Begun,
    /// What the session there is called.
    pub provider_session: Option<String>,
}

/// Signs in with name and password, and opens a session for as long as the settings say.
///
/// The time is the same whether the account exists or not, and so is the answer to whoever has
/// failed too often.
pub(crate) async fn sign_in(
    db: &Db,
    auth: &Auth,
    attempts: &Attempts,
    knock: Knock<'_>,
    password: Zeroizing<String>,
    wanted: Wanted,
) -> Result<(Actor, Written<(Token, Secret)>), PeopleError> {
    let Knock {
        request,
        login,
        from,
    } = knock;
    let attempt = attempts.begin(db, login, from).await?;
    let row = match Login::parse(login) {
        Some(login) => rows::account_by_login(db.read(), login.as_str()).await?,
        None => None,
    };
    let stored = row.as_ref().and_then(|row| row.password.clone());
    let matches = password::matches(auth, stored.clone(), password).await?;
    let account = row.as_ref().map(|row| AccountId::of(row.id));
    let Some(row) = row.filter(|row| matches && row.disabled_at.is_none()) else {
        attempts.failed(db, &attempt, account, request).await?;
        return Err(PeopleError::SignIn);
    };
    let id = AccountId::of(row.id);
    let actor = actor(db.read(), id, db.now(), request).await?;
    let new = NewToken {
        label: "Anmeldung".to_owned(),
        scope: Scope::Full,
        seconds: i64::try_from(auth.session.as_secs()).unwrap_or(i64::MAX),
        destination: None,
    };
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            // Nobody comes in by a password that was changed meanwhile, or to an account that was switched off.
            let now = rows::account(unit.tx(), id).await?;
            if now.is_none_or(|now| now.password != stored || now.disabled_at.is_some()) {
                return Err(PeopleError::SignIn);
            }
            Attempts::succeeded(unit, &attempt, id).await?;
            open(unit, id, new, wanted, from).await
        })
        .await?;
    Ok((actor, written))
}

/// Opens a session; the one that the same browser had until now ends.
pub(super) async fn open(
    unit: &mut Unit,
    account: AccountId,
    new: NewToken,
    wanted: Wanted,
    from: IpAddr,
) -> Result<(Token, Secret), PeopleError> {
    if let Some(before) = wanted.before {
        let found = rows::token_by_digest(unit.tx(), &before).await?;
        if let Some(row) = found.filter(|row| row.session.is_some() && row.revoked_at.is_none()) {
            rows::revoke_token(unit, row).await?;
            unit.record(Action::TokenRevoke, None);
        }
    }
    let way = Way::SignedIn(wanted.carrier, wanted.begun, wanted.provider_session);
    let (mut token, secret) = add_token(unit, account, new, way).await?;
    let used = Use {
        at: unit.now(),
        network: shortened(from),
        agent: wanted.agent,
    };
    uses::note(unit, token.id, &used).await?;
    token.used = Some(used);
    Ok((token, secret))
}

/// The address without what names one device: a /24 of IPv4, a /48 of IPv6.
pub(super) fn shortened(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// What is kept of what a program says about itself.
pub(super) fn agent_of(said: &str) -> Option<String> {
    let plain = said.trim().chars().filter(|c| !c.is_control());
    let kept: String = plain.take(AGENT_CHARS_MAX).collect();
    (!kept.is_empty()).then_some(kept)
}

/// Who a token or a session speaks for, with the roles held now. `None`: unknown, ended, or
/// switched off.
pub(super) async fn authenticate(
    db: &Db,
    known: &KnownPeople,
    credential: Credential<'_>,
    idle: Duration,
) -> Result<Option<Arc<Person>>, DbError> {
    if !credential.has_form() {
        return Ok(None);
    }
    let digest = Sha256::digest(credential.secret().as_bytes());
    // Before anything is read of them: what is recorded meanwhile makes it void.
    let (seq, now) = (known::people_seq(db.read()).await?, db.now());
    if let Some(person) = known.get(&digest.into(), seq, now) {
        return Ok(Some(person));
    }
    let found = person_of(db, credential, &digest, (now, idle)).await?;
    let found = found.map(Arc::new);
    if let Some(person) = &found {
        known.keep(digest.into(), seq, Arc::clone(person));
    }
    Ok(found)
}

async fn person_of(
    db: &Db,
    credential: Credential<'_>,
    digest: &[u8],
    (now, idle): (Timestamp, Duration),
) -> Result<Option<Person>, DbError> {
    let Some(row) = rows::token_by_digest(db.read(), digest).await? else {
        return Ok(None);
    };
    let account = AccountId::of(row.account_id);
    let standing = rows::account(db.read(), account).await?;
    let revoked = row.revoked_at.is_some();
    let token = with_use(db.read(), row).await?;
    let ends = token.ends(idle);
    if ends <= now
        || revoked
        || !credential.fits(token.session)
        || standing.is_none_or(|account| account.disabled_at.is_some())
    {
        return Ok(None);
    }
    let actor = actor(db.read(), account, now, None).await?;
    let turn = known::next_turn(db.read(), account, now).await?;
    Ok(Some(Person {
        actor: Actor {
            scope: token.scope,
            token: Some(token.id),
            destination: token.destination,
            ..actor
        },
        token: token.id,
        session: token.session,
        noted: AtomicI64::new(token.used.as_ref().map_or(0, |used| used.at.micros())),
        departments: Arc::new(rows::departments(db.read()).await?),
        holds: now.micros()..turn.map_or(ends.micros(), |turn| turn.min(ends.micros())),
    }))
}

/// The token of a row, and when it was last used.
async fn with_use(
    on: &impl ConnectionTrait,
    row: rows::access_token::Model,
) -> Result<Token, DbError> {
    let mut token = Token::try_from(row)?;
    token.used = uses::of_token(on, token.id).await?;
    Ok(token)
}

/// One token that was neither ended nor is over, and when it was last used.
pub(super) async fn token(
    on: &impl ConnectionTrait,
    id: TokenId,
    now: Timestamp,
) -> Result<Option<Token>, DbError> {
    let row = rows::token(on, id.raw()).await?;
    let lives =
        |row: &rows::access_token::Model| row.revoked_at.is_none() && row.expires_at > now.micros();
    match row.filter(lives) {
        Some(row) => Ok(Some(with_use(on, row).await?)),
        None => Ok(None),
    }
}

/// The tokens of an account that can be used `now`, and when they last were. With sessions that
/// nobody used for too long.
pub(crate) async fn tokens(
    on: &impl ConnectionTrait,
    id: AccountId,
    now: Timestamp,
) -> Result<Vec<Token>, DbError> {
    let rows = rows::tokens(on, id, now).await?;
    let mut used: HashMap<TokenId, Use> = uses::of_account(on, id).await?;
    rows.into_iter()
        .map(|row| {
            let mut token = Token::try_from(row)?;
            token.used = used.remove(&token.id);
            Ok(token)
        })
        .collect()
}

/// Whether this is the password of the account; it has none where it only has tokens. It is an
/// attempt like one to sign in: `None` says that it failed.
pub(crate) async fn knows_password(
    db: &Db,
    auth: &Auth,
    attempts: &Attempts,
    knock: Knock<'_>,
    password: Zeroizing<String>,
) -> Result<Option<Attempt>, PeopleError> {
    let attempt = attempts.begin(db, knock.login, knock.from).await?;
    let row = rows::account_by_login(db.read(), knock.login).await?;
    let id = row.as_ref().map(|row| AccountId::of(row.id));
    if password::matches(auth, row.and_then(|row| row.password), password).await? {
        return Ok(Some(attempt));
    }
    attempts.failed(db, &attempt, id, knock.request).await?;
    Ok(None)
}

/// Writes down when tokens were used since this was last called: not with each request, and nobody
/// waits for it.
pub async fn note_uses(db: &Db, known: &KnownPeople) -> Result<(), DbError> {
    let used = known.take_uses();
    if used.is_empty() {
        return Ok(());
    }
    db.keep_house(async move |unit: &mut Unit| {
        for (token, used) in &used {
            uses::note(unit, *token, used).await?;
        }
        Ok(())
    })
    .await
}

/// Forgets from where ended tokens were used.
pub async fn sweep_uses(db: &Db) -> Result<(), DbError> {
    db.keep_house(async move |unit: &mut Unit| uses::sweep(unit).await)
        .await
}

#[cfg(test)]
mod tests {
    use super::{AGENT_CHARS_MAX, Credential, agent_of, shortened};
    use crate::departments::model::Carrier;

    #[test]
    fn no_address_of_one_device_is_kept() {
        for (address, kept) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            assert_eq!(shortened(address.parse().expect("an address")), kept);
        }
    }

    #[test]
    fn what_a_browser_says_is_short_and_plain() {
        assert_eq!(agent_of(" Mozilla/5.0\u{7} "), Some("Mozilla/5.0".into()));
        assert_eq!(agent_of(" \t "), None);
        let long = agent_of(&"ä".repeat(10_000)).expect("a name");
        assert_eq!(long.chars().count(), AGENT_CHARS_MAX);
    }

    #[test]
    fn a_session_of_a_browser_is_no_token_and_a_token_no_session() {
        let tail = "A".repeat(43);
        let (cookie, token) = (format!("pls_{tail}"), format!("plt_{tail}"));
        assert!(Credential::Cookie(&cookie).has_form());
        assert!(!Credential::Bearer(&cookie).has_form());
        assert!(Credential::Bearer(&token).has_form());
        assert!(!Credential::Cookie(&token).has_form());
        assert!(Credential::Cookie(&cookie).fits(Some(Carrier::Cookie)));
        for carrier in [None, Some(Carrier::Bearer)] {
            assert!(!Credential::Cookie(&cookie).fits(carrier));
            assert!(Credential::Bearer(&token).fits(carrier));
        }
        assert!(!Credential::Bearer(&token).fits(Some(Carrier::Cookie)));
    }
}
