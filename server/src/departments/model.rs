//! Departments, accounts, tokens: types, rules, refusals.

use std::time::Duration;

use thiserror::Error;

use crate::base::actor::{Destination, Scope};
use crate::base::db::DbError;
use crate::base::rights::OrgUnit;
use crate::base::{AccountId, DepartmentId, GrantId, Role, Timestamp, TokenId};

/// Longest name of a person or a department, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 256;

/// A department of the town hall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Its id.
    pub id: DepartmentId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// Its access token in the index.
    pub number: u64,
    /// Its short name in addresses: `buergerbuero`.
    pub slug: String,
    /// Its name: «Bürgerbüro».
    pub name: String,
    /// The department that it is part of.
    pub parent: Option<DepartmentId>,
}

impl Department {
    /// The department as rights know it.
    #[must_use]
    pub const fn unit(&self) -> OrgUnit {
        OrgUnit {
            id: self.id,
            number: self.number,
        }
    }

    /// Whether it is meant by this short name or id.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        self.slug == wanted || wanted.parse::<DepartmentId>().ok() == Some(self.id)
    }
}

/// Who somebody is for a provider of identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
}

/// A person or a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its version.
    pub version: u64,
    /// The name to sign in with.
    pub login: String,
    /// The name for people.
    pub name: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it has a password.
    pub has_password: bool,
    /// Who it is for the provider of identities.
    pub identity: Option<Identity>,
    /// The roles that were given to it and not ended.
    pub given: Vec<RoleGiven>,
}

/// A role to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    /// The role.
    pub role: Role,
    /// The department; none for roles that hold in the whole house.
    pub department: Option<DepartmentId>,
    /// From when on it holds; none: at once.
    pub valid_from: Option<Timestamp>,
    /// When it ends; none: when it is taken away.
    pub valid_until: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

impl NewRole {
    /// A role without a time.
    #[must_use]
    pub const fn of(role: Role, department: Option<DepartmentId>) -> Self {
        Self {
            role,
            department,
            valid_from: None,
            valid_until: None,
            reason: None,
        }
    }
}

/// A role that was given to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGiven {
    /// Its id.
    pub id: GrantId,
    /// Whose it is.
    pub account: AccountId,
    /// The role.
    pub role: Role,
    /// The department; none for roles that hold in the whole house.
    pub department: Option<DepartmentId>,
    /// When it was given.
    pub given_at: Timestamp,
    /// By whom; not known of old ones.
    pub given_by: Option<AccountId>,
    /// Whether it waits for its approval.
    pub waits: bool,
    /// Who approved or confirmed it.
    pub approved_by: Option<AccountId>,
    /// Why.
    pub reason: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// From when on it holds.
    pub valid_from: Option<Timestamp>,
    /// When it ends.
    pub valid_until: Option<Timestamp>,
}

/// Where a role comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// People gave it.
    People,
    /// It follows what the provider of identities says.
    Provider,
}

impl Origin {
    /// As it stands in rows; people need no word.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::People => None,
            Self::Provider => Some("provider"),
        }
    }
}

/// Whether a role holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has approved it yet.
    Waiting,
    /// Its time has not come.
    Upcoming,
    /// It holds.
    InForce,
    /// Its time is over.
    Over,
}

impl Standing {
    /// As it stands in answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Upcoming => "upcoming",
            Self::InForce => "in_force",
            Self::Over => "over",
        }
    }
}

impl RoleGiven {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.valid_until.is_some_and(|until| until <= now) {
            Standing::Over
        } else if self.waits {
            Standing::Waiting
        } else if self.valid_from.is_some_and(|from| from > now) {
            Standing::Upcoming
        } else {
            Standing::InForce
        }
    }

    /// Whether it holds or still may.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.standing(now) != Standing::Over
    }

    /// Whether there is an instant at which both would hold.
    #[must_use]
    pub fn meets(&self, new: &NewRole, now: Timestamp) -> bool {
        let begins = |from: Option<Timestamp>| from.unwrap_or(now).max(now);
        let before = |at: Timestamp, until: Option<Timestamp>| until.is_none_or(|until| at < until);
        before(begins(self.valid_from), new.valid_until)
            && before(begins(new.valid_from), self.valid_until)
    }

    /// Whether it is what is wanted. A wish without a time leaves that of the role as it is.
    fn is(&self, wanted: &NewRole) -> bool {
        let untimed = wanted.valid_from.is_none() && wanted.valid_until.is_none();
        let same = (self.valid_from, self.valid_until) == (wanted.valid_from, wanted.valid_until);
        (self.role, self.department) == (wanted.role, wanted.department) && (untimed || same)
    }
}

/// What must be ended and what must be given so that of all roles exactly the wanted ones stand.
pub(super) fn changes(
    before: &[RoleGiven],
    wanted: Vec<NewRole>,
    now: Timestamp,
) -> (Vec<GrantId>, Vec<NewRole>) {
    let standing = || before.iter().filter(|one| one.stands(now));
    let unwanted = standing().filter(|one| !wanted.iter().any(|new| one.is(new)));
    let ended = unwanted.map(|one| one.id).collect();
    let missing = |new: &NewRole| !standing().any(|one| one.is(new));
    let new = wanted.into_iter().filter(missing).collect();
    (ended, new)
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it is for, in its owner's words.
    pub label: String,
    /// What it may be used for.
    pub scope: Scope,
    /// Where it puts what it takes in, where that is laid down.
    pub destination: Option<Destination>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How it travels, where it came of signing in.
    pub session: Option<Carrier>,
    /// Where that was.
    pub begun: Begun,
    /// When it was last used, where that was asked for and noted.
    pub used: Option<Use>,
}

impl Token {
    /// When it ends as things stand; the session of a browser that is not used for so long, sooner.
    #[must_use]
    pub fn ends(&self, idle: Duration) -> Timestamp {
        match self.session {
            Some(Carrier::Cookie) => {
                let last = self.used.as_ref().map_or(self.created_at, |used| used.at);
                let idle = i64::try_from(idle.as_secs()).unwrap_or(i64::MAX);
                self.expires_at.min(last.plus_seconds(idle))
            }
            Some(Carrier::Bearer) | None => self.expires_at,
        }
    }
}

/// How a session travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In the cookie of a browser.
    Cookie,
    /// As a bearer token, in the hands of a program.
    Bearer,
}

impl Carrier {
    /// As it stands in rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Bearer => "bearer",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Cookie, Self::Bearer]
            .into_iter()
            .find(|carrier| carrier.code() == code)
    }
}

/// Where somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// Here, or nowhere.
    Here,
    /// At the provider of identities.
    AtProvider,
}

impl Begun {
    /// As it stands in rows; what was begun here needs no word.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Here => None,
            Self::AtProvider => Some("provider"),
        }
    }
}

/// When and from where a token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// From which network, shortened.
    pub network: String,
    /// By what, in its own words.
    pub agent: Option<String>,
}

/// A login: 2 to 64 of `a-z 0-9 . _ -`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login(String);

/// A short name in addresses: 2 to 64 of `a-z 0-9 -`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

fn short(text: &str, also: &[u8]) -> bool {
    (2..=64).contains(&text.len())
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || also.contains(&b))
}

impl Login {
    /// Reads a login; logins are compared without case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        short(&text, b"._-").then_some(Self(text))
    }

    /// As it stands in the row.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Slug {
    /// Reads a short name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        short(text, b"-").then(|| Self(text.to_owned()))
    }

    /// As it stands in the row.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why something about people was not done.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// There is no such account, or not for the one who asks.
    #[error("there is no such account")]
    NoAccount,
    /// There is no such department, or not for the one who asks.
    #[error("there is no such department")]
    NoDepartment,
    /// There is no such token, or not for the one who asks.
    #[error("there is no such token")]
    NoToken,
    /// The login or the short name is taken.
    #[error("the name is taken")]
    Taken,
    /// The department would stand below itself.
    #[error("a department cannot stand below itself")]
    Loop,
    /// There is no such compartment, grant or deputation, or not for the one who asks.
    #[error("there is no such thing")]
    Nothing,
    /// One person cannot do both: nobody opens a compartment alone, nobody is their own deputy.
    #[error("this takes two people")]
    FourEyes,
    /// The time ends before it begins, or is over, or is too long.
    #[error("the time cannot be")]
    Time,
    /// It was approved, or ended, before.
    #[error("it is settled already")]
    Settled,
    /// The end is not behind the beginning, or not ahead.
    #[error("the end cannot be")]
    Ends,
    /// One account cannot hold both roles.
    #[error("the roles do not go together")]
    NotTogether,
    /// A function does not carry this role.
    #[error("a function does not carry this role")]
    NotForFunctions,
    /// Whoever holds this role enters no compartment.
    #[error("this role enters no compartment")]
    StaysOutside,
    /// The role needs a department, or must have none.
    #[error("the role and the department do not fit")]
    RoleAndDepartment,
    /// The one who asks may not do this.
    #[error("this needs the role of an administrator")]
    Forbidden,
    /// Only a token that takes documents in has a place where it puts them.
    #[error("only a token for intake has a destination")]
    NoDestination,
    /// The account cannot be the inbox: there is none, or it does not read in that department.
    #[error("there is no such inbox")]
    NoInbox,
    /// The token may not do this, whatever the account may.
    #[error("the token may not do this")]
    Scope,
    /// Another request with the same `Idempotency-Key` was faster.
    #[error("the idempotency key was taken meanwhile")]
    KeyTaken,
    /// Name or password are wrong, or the account is switched off. Never says which.
    #[error("the sign-in was refused")]
    SignIn,
    /// Too many attempts failed; the next has to wait. Never says whether there is an account.
    #[error("the next attempt has to wait for {seconds} seconds")]
    Wait {
        /// How long.
        seconds: u64,
    },
    /// Nobody is locked out of the account.
    #[error("the account is not locked")]
    NotLocked,
    /// The last administrator cannot be switched off.
    #[error("the last administrator must stay")]
    LastAdmin,
    /// The version given is not the current one.
    #[error("the account was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hash,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<crate::replay::SaveError> for PeopleError {
    fn from(error: crate::replay::SaveError) -> Self {
        match error {
            crate::replay::SaveError::KeyTaken => Self::KeyTaken,
            crate::replay::SaveError::Db(error) => Self::Db(error),
        }
    }
}
