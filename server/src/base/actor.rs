//! Who acts: an account with the roles it holds at this moment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::{AccountId, DepartmentId, RequestId};

/// What a person is in the town hall. Closed: a new role is a decision, not a string.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nobody known: who is not signed in.
    Anonymous,
    /// Sachbearbeitung: files and reads in the own department.
    Clerk,
    /// Rechnungsprüfung: reads everything, changes nothing; every look is recorded.
    Auditor,
    /// Technical administration: accounts and departments, no content.
    Admin,
    /// The system itself: jobs and the command line.
    System,
}

impl Role {
    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Clerk => "clerk",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Clerk, Self::Auditor, Self::Admin, Self::System]
            .into_iter()
            .find(|role| role.code() == code)
    }
}

/// A role, and where it holds. `department` is empty for roles that hold everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where.
    pub department: Option<DepartmentId>,
    /// The access token of that department in the index.
    pub number: Option<u64>,
}

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything that the account may.
    Full,
    /// Reading only.
    Read,
    /// Putting documents in, and nothing else: for scanners.
    Intake,
}

impl Scope {
    /// As it stands in rows and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Read => "read",
            Self::Intake => "intake",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Full, Self::Read, Self::Intake]
            .into_iter()
            .find(|scope| scope.code() == code)
    }
}

/// The one who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account.
    pub account: AccountId,
    /// The roles that it holds now.
    pub grants: Vec<Grant>,
    /// What its token allows.
    pub scope: Scope,
    /// The request, when there is one.
    pub request: Option<RequestId>,
}

/// The departments whose documents someone may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All of them.
    All,
    /// These; with their access tokens in the index.
    Departments(Vec<(DepartmentId, u64)>),
}

impl Actor {
    /// The system itself: start, jobs, command line.
    #[must_use]
    pub fn system() -> Self {
        let system = Grant {
            role: Role::System,
            department: None,
            number: None,
        };
        Self {
            account: AccountId::of(Uuid::nil()),
            grants: vec![system],
            scope: Scope::Full,
            request: None,
        }
    }

    /// Whoever has not signed in.
    #[must_use]
    pub const fn nobody() -> Self {
        Self {
            account: AccountId::of(Uuid::nil()),
            grants: Vec::new(),
            scope: Scope::Read,
            request: None,
        }
    }

    /// Whether the account holds `role` anywhere.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    /// Whether documents of `department` may be changed.
    #[must_use]
    pub fn may_file_in(&self, department: DepartmentId) -> bool {
        self.scope != Scope::Read
            && self.grants.iter().any(|grant| match grant.role {
                Role::Clerk => grant.department == Some(department),
                Role::System => true,
                Role::Anonymous | Role::Auditor | Role::Admin => false,
            })
    }

    /// The departments whose documents may be read.
    #[must_use]
    pub fn sight(&self) -> Sight {
        if self.scope == Scope::Intake {
            return Sight::Departments(Vec::new());
        }
        if self.is(Role::Auditor) || self.is(Role::System) {
            return Sight::All;
        }
        let seen = self.grants.iter().filter(|grant| grant.role == Role::Clerk);
        Sight::Departments(
            seen.filter_map(|grant| Some((grant.department?, grant.number?)))
                .collect(),
        )
    }

    /// Whether documents of `department` may be read.
    #[must_use]
    pub fn may_see(&self, department: DepartmentId) -> bool {
        match self.sight() {
            Sight::All => true,
            Sight::Departments(seen) => seen.iter().any(|(id, _)| *id == department),
        }
    }

    /// The role under which a record names the actor: the one that carries the most.
    #[must_use]
    pub fn role(&self) -> Role {
        self.grants
            .iter()
            .map(|grant| grant.role)
            .max()
            .unwrap_or(Role::Anonymous)
    }
}
