//! Tablets: types and rules. No async, no IO, no clock.

use thiserror::Error;

use super::key::PublicKey;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DepartmentId, PairingId, Right, Role, TabletId, Timestamp};

/// Longest name of a tablet and of its counter, in characters.
pub(super) const NAME_CHARS_MAX: usize = 100;
/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;
/// Most tablets of a house that are not revoked.
pub(super) const TABLETS_MAX: u64 = 1_000;
/// Most tablets that ask to be paired at the same time.
pub(super) const PAIRINGS_MAX: u64 = 100;
/// How long a code is good.
pub(super) const PAIRING_SECONDS: i64 = 600;
/// How long a lease holds without a sign of life of its clerk, who gives one every 15 seconds.
pub(super) const LEASE_SECONDS: i64 = 45;
/// How often it is noted that a tablet is there.
pub(super) const SEEN_EVERY_SECONDS: i64 = 60;
/// How many characters a code has.
pub(super) const CODE_CHARS: usize = 8;
/// The letters of codes: none is taken for another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a tablet shows, and whoever pairs it types in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code(String);

impl Code {
    /// A code by chance: 40 bits of it.
    pub(super) fn of_chance(chance: [u8; CODE_CHARS]) -> Self {
        let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied();
        Self(
            chance
                .into_iter()
                .filter_map(letter)
                .map(char::from)
                .collect(),
        )
    }

    /// Reads what somebody typed: in any case, with or without the dash, and with letters that look alike.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let letters = text
            .chars()
            .filter(|letter| !matches!(letter, '-' | ' '))
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            });
        let code: String = letters.take(CODE_CHARS + 1).collect();
        let known = |byte: u8| LETTERS.contains(&byte);
        (code.len() == CODE_CHARS && code.bytes().all(known)).then_some(Self(code))
    }

    /// As it stands in a row.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is shown: two groups.
    pub(super) fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(CODE_CHARS / 2).unwrap_or_default();
        format!("{first}-{second}")
    }
}

/// A tablet that asks to be paired.
#[derive(Debug, Clone)]
pub(super) struct Pairing {
    /// Its id.
    pub(super) id: PairingId,
    /// What it shows.
    pub(super) code: Code,
    /// Its key.
    pub(super) key: PublicKey,
    /// When it asked.
    pub(super) created_at: Timestamp,
    /// Until when it may be confirmed and fetched.
    pub(super) expires_at: Timestamp,
    /// What became of it.
    pub(super) tablet: Option<TabletId>,
}

/// What a new tablet is called, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct New {
    /// The code that it shows.
    pub(super) code: Code,
    /// Its name.
    pub(super) name: String,
    /// Its counter.
    pub(super) counter: String,
    /// The department whose clerks work with it: short name or id.
    pub(super) department: String,
}

/// Who did it, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Revoked {
    /// When.
    pub(super) at: Timestamp,
    /// By whom.
    pub(super) by: AccountId,
    /// Why.
    pub(super) reason: String,
}

/// Who works with a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The clerk.
    pub by: AccountId,
    /// Since when.
    pub since: Timestamp,
}

/// When it was last heard of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// Of the tablet.
    pub(super) seen: Option<Timestamp>,
    /// Of the clerk who works with it.
    pub(super) lease_seen: Option<Timestamp>,
}

/// A tablet.
#[derive(Debug, Clone)]
pub struct Tablet {
    /// Its id.
    pub id: TabletId,
    /// Counts every change.
    pub version: u64,
    /// Its name.
    pub name: String,
    /// Its counter.
    pub counter: String,
    /// The department whose clerks work with it.
    pub department: DepartmentId,
    pub(super) key: PublicKey,
    pub(super) token_sha256: Option<[u8; 32]>,
    pub(super) paired_at: Timestamp,
    pub(super) paired_by: AccountId,
    pub(super) revoked: Option<Revoked>,
    pub(super) leased: Option<Lease>,
    pub(super) presence: Presence,
}

impl Tablet {
    /// Whether it was revoked.
    #[must_use]
    pub const fn is_revoked(&self) -> bool {
        self.revoked.is_some()
    }

    /// When it was paired.
    #[must_use]
    pub const fn paired_at(&self) -> Timestamp {
        self.paired_at
    }

    /// When it was last heard of it.
    #[must_use]
    pub const fn seen_at(&self) -> Option<Timestamp> {
        self.presence.seen
    }

    /// When it was revoked, where it was.
    #[must_use]
    pub fn revoked_at(&self) -> Option<Timestamp> {
        self.revoked.as_ref().map(|revoked| revoked.at)
    }

    /// What its key is called: SHA-256 of the public one, in hexadecimal digits.
    #[must_use]
    pub fn key_thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// Its public key: the point on P-256, uncompressed, in hexadecimal digits.
    #[must_use]
    pub fn key_point(&self) -> String {
        hex::encode(self.key.bytes())
    }

    /// Who works with it at `now`: a clerk of whom nothing was heard for a while does not any more.
    #[must_use]
    pub fn lease_at(&self, now: Timestamp) -> Option<Lease> {
        let heard = |lease: &Lease| {
            let last = self.presence.lease_seen.unwrap_or(lease.since);
            last.max(lease.since).plus_seconds(LEASE_SECONDS) > now
        };
        self.leased.filter(heard)
    }
}

/// Whether the actor may pair and revoke tablets of a department: administrators, and whoever leads it.
pub(super) fn may_pair(actor: &Actor, department: DepartmentId) -> bool {
    let leads = |grant: &crate::base::Grant| {
        grant.role == Role::Head && grant.units.iter().any(|unit| unit.id == department)
    };
    actor.scope == Scope::Full
        && (actor.is(Role::Admin) || actor.is(Role::System) || actor.grants.iter().any(leads))
}

/// Whether the actor may work with tablets of a department: whoever changes documents there.
pub(super) fn may_work_with(actor: &Actor, department: DepartmentId) -> bool {
    actor.may_in(Right::Edit, department)
}

/// Why something about tablets was not done.
#[derive(Debug, Error)]
pub enum TabletError {
    /// There is no such tablet, or not for the one who asks.
    #[error("there is no such tablet")]
    NotFound,
    /// The one who asks may not do this.
    #[error("this is not for the one who asks")]
    Forbidden,
    /// No tablet shows this code.
    #[error("no tablet shows this code")]
    NoCode,
    /// There is no such department, or not for the one who asks.
    #[error("there is no such department")]
    NoDepartment,
    /// It was revoked.
    #[error("the tablet was revoked")]
    Revoked,
    /// Somebody else works with it.
    #[error("somebody else works with the tablet")]
    Leased {
        /// Since when.
        since: Timestamp,
    },
    /// The one who asks does not work with it.
    #[error("the tablet is not leased by the one who asks")]
    NotLeased,
    /// There are as many as there may be.
    #[error("there are too many tablets")]
    TooMany,
    /// There is no chance to be had.
    #[error("no random bytes")]
    NoChance,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
