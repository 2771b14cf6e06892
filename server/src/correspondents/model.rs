//! Correspondents: types, rules, refusals. No async, no IO, no clock.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::base::db::DbError;
use crate::base::{AccountId, CorrespondentId, Timestamp};
use crate::files::fold;

/// Longest name of a correspondent, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Most aliases that may be given.
pub(super) const ALIASES_MAX: usize = 50;
/// Most aliases that one has after mergers.
pub(super) const ALIASES_MERGED_MAX: usize = 500;
/// Longest part of an address, in characters.
pub(super) const ADDRESS_CHARS_MAX: usize = 200;
/// Longest e-mail address, in characters.
pub(super) const EMAIL_CHARS_MAX: usize = 254;

/// What a correspondent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrespondentKind {
    /// Natürliche Person.
    Person,
    /// Organisation.
    Organisation,
}

impl CorrespondentKind {
    /// As it stands in rows and records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "person" => Some(Self::Person),
            "organisation" => Some(Self::Organisation),
            _ => None,
        }
    }
}

/// Where letters reach one; each part where it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Street and number, or a box.
    pub street: Option<String>,
    /// Postleitzahl.
    pub postal_code: Option<String>,
    /// Ort.
    pub city: Option<String>,
    /// Staat.
    pub country: Option<String>,
}

/// What is said about a correspondent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// What it is, where that is known.
    pub kind: Option<CorrespondentKind>,
    /// Its name.
    pub name: String,
    /// What it is also called, sorted.
    pub aliases: Vec<String>,
    /// Its address.
    pub address: Address,
    /// Its e-mail address.
    pub email: Option<String>,
}

/// A correspondent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondent {
    /// Its id.
    pub id: CorrespondentId,
    /// Counts every change; the entity tag.
    pub version: u64,
    /// What is said about it.
    pub details: Details,
    /// What it was merged into; nothing while it stands for itself.
    pub merged: Option<Merged>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: AccountId,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: AccountId,
}

/// A merger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The survivor.
    pub into: CorrespondentId,
    /// The aliases that it brought to the survivor, and takes along when it is split off.
    pub brought: Vec<String>,
}

/// A change: what is `None` stays; what is `Some(None)` is emptied.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    /// What it is.
    pub kind: Option<Option<CorrespondentKind>>,
    /// Another name; the one before becomes an alias.
    pub name: Option<String>,
    /// All aliases.
    pub aliases: Option<Vec<String>>,
    /// The whole address.
    pub address: Option<Address>,
    /// An e-mail address.
    pub email: Option<Option<String>>,
}

impl Details {
    /// The details after a change. A former name stays as an alias, unless all aliases are given.
    #[must_use]
    pub(super) fn changed(&self, change: Change) -> Self {
        let mut details = self.clone();
        let Change {
            kind,
            name,
            aliases,
            address,
            email,
        } = change;
        let given = aliases.is_some();
        details.kind = kind.unwrap_or(details.kind);
        details.aliases = aliases.unwrap_or(details.aliases);
        details.address = address.unwrap_or(details.address);
        details.email = email.unwrap_or(details.email);
        if let Some(name) = name {
            let former = std::mem::replace(&mut details.name, name);
            if !given {
                details.aliases.push(former);
            }
        }
        details.aliases = others(&details.name, std::mem::take(&mut details.aliases));
        details
    }

    /// Everything by which it is found, as names are compared.
    #[must_use]
    pub(super) fn spellings(&self) -> Vec<String> {
        let names = std::iter::once(&self.name).chain(&self.aliases);
        let mut all: Vec<String> = names.map(|name| spelling(name)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The aliases that `other` would bring: its name and its aliases, as far as they are new here.
    #[must_use]
    pub(super) fn brought_by(&self, other: &Self) -> Vec<String> {
        let own = self.spellings();
        let mut names = vec![other.name.clone()];
        names.extend(other.aliases.iter().cloned());
        names.retain(|name| !own.contains(&spelling(name)));
        others("", names)
    }
}

/// A name as names are compared: small letters, ä as ae, single blanks, no points or commas.
#[must_use]
pub(super) fn spelling(name: &str) -> String {
    let plain = |one: char| {
        if matches!(one, '.' | ',' | ';') {
            ' '
        } else {
            one
        }
    };
    let folded: String = fold(name).chars().map(plain).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// These names, sorted, each spelling once, without that of `name`.
#[must_use]
pub(super) fn others(name: &str, mut names: Vec<String>) -> Vec<String> {
    names.sort();
    let mut seen = vec![spelling(name)];
    names.retain(|one| {
        let spelled = spelling(one);
        let new = !seen.contains(&spelled);
        seen.push(spelled);
        new
    });
    names
}

/// Why something about correspondents was not done.
#[derive(Debug, Error)]
pub enum CorrespondentError {
    /// There is no such correspondent, or not for the one who asks.
    #[error("there is no such correspondent")]
    NotFound,
    /// The one who asks may know of it and not do this.
    #[error("this may not be done by this actor")]
    Forbidden,
    /// The other one is not there, not for the one who asks, or merged itself.
    #[error("there is no such survivor")]
    NoSurvivor,
    /// It cannot be merged into itself.
    #[error("it would be merged into itself")]
    Itself,
    /// It was merged already.
    #[error("the correspondent was merged")]
    Merged {
        /// The survivor.
        into: CorrespondentId,
    },
    /// It was not merged, or what it was merged into was merged in its turn.
    #[error("the correspondent cannot be split off")]
    NotMerged,
    /// The survivor would have more names than there may be.
    #[error("too many aliases")]
    TooManyNames,
    /// The version given is not the current one.
    #[error("the correspondent was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The change changes nothing.
    #[error("nothing would change")]
    Unchanged,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}
