//! Who and what is named on the wire: words, people, versions of documents.

use serde::Serialize;
use utoipa::ToSchema;
use workflow::definition::Words;
use workflow::instance::{Assigned, Bound, Id, Taker};

use super::facts::{SYSTEM, account_of};
use super::values::{self, Names};

/// Words in German, and in English where there are any.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowWords)]
pub(super) struct WordsView {
    /// In German.
    de: String,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    en: Option<String>,
}

impl From<&Words> for WordsView {
    fn from(words: &Words) -> Self {
        Self {
            de: words.de.clone(),
            en: words.en.clone(),
        }
    }
}

/// Somebody who is asked, or did something.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowWho)]
pub(super) struct WhoView {
    /// A login, `function:CODE`, `role:CODE`, `role:CODE:DEPARTMENT`, `anybody` or `system`.
    #[schema(example = "m.brandt")]
    who: String,
    /// The name for people, of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// In whose stead: a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    on_behalf_of: Option<String>,
    /// For which function: its short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    function: Option<String>,
}

fn login(id: &Id, names: &Names) -> String {
    if id.0 == SYSTEM {
        return id.0.clone();
    }
    let named = names.get(&account_of(id));
    named.map_or_else(|| id.0.clone(), |named| named.login.clone())
}

fn name(id: &Id, names: &Names) -> Option<String> {
    names.get(&account_of(id)).map(|named| named.name.clone())
}

impl WhoView {
    /// Somebody who is asked.
    pub(super) fn asked(one: &Assigned, names: &Names) -> Self {
        let person = if let Assigned::Person { account } = one {
            name(account, names)
        } else {
            None
        };
        Self {
            who: values::who(one, names),
            name: person,
            on_behalf_of: None,
            function: None,
        }
    }

    /// Somebody who did something.
    pub(super) fn taker(by: &Taker, names: &Names) -> Self {
        Self {
            who: login(&by.account, names),
            name: name(&by.account, names),
            on_behalf_of: by.on_behalf_of.as_ref().map(|id| login(id, names)),
            function: by.function.clone(),
        }
    }

    /// A person.
    pub(super) fn person(id: &Id, names: &Names) -> Self {
        Self {
            who: login(id, names),
            name: name(id, names),
            on_behalf_of: None,
            function: None,
        }
    }
}

/// A version of a document to which a mark is bound.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowBound)]
pub(super) struct BoundView {
    /// The document.
    document: String,
    /// The number of the version.
    version: u64,
    /// SHA-512 of its content, in hex.
    sha512: String,
}

impl From<&Bound> for BoundView {
    fn from(bound: &Bound) -> Self {
        Self {
            document: bound.document.0.clone(),
            version: bound.version,
            sha512: bound.sha512.clone(),
        }
    }
}

impl WordsView {
    /// Words in German only.
    pub(super) const fn german(de: String) -> Self {
        Self { de, en: None }
    }
}
