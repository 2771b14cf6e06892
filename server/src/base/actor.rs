//! Who acts: an account with the roles it holds at this moment.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::DbError;
use super::ids::{AccountId, DepartmentId, RequestId, TokenId};
use super::rights::{Compartment, OrgUnit, Place, Reach, Right, reach};
use super::sight::{Inspected, Sight, Table};

/// What a person is in the town hall. Closed: a new role is a decision, not a string. Ordered by how
/// much it carries; what each may do stands in [`super::rights::reach`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nobody known: who is not signed in.
    Anonymous,
    /// Unterschriften-Tablet: shows and takes what it is sent, nothing else.
    Tablet,
    /// Stadtarchiv: appraises what is offered; no content before its transfer.
    Archive,
    /// Fachverfahren: files and reads in its unit, in the name of a function.
    Integrator,
    /// Poststelle: takes in and hands on what lies with nobody; no access afterwards.
    MailRoom,
    /// Sachbearbeitung: files and reads in the own unit.
    Clerk,
    /// Leitung: as Sachbearbeitung, in the own unit and those below it.
    Head,
    /// Bürgermeisteramt: the own unit and what is routed to it; not all files, no compartment.
    Mayor,
    /// Registratur: metadata of all files outside of compartments, the file plan, references.
    RecordsManager,
    /// Rechnungsprüfung: reads everything outside of compartments, changes nothing; every look is
    /// recorded.
    Auditor,
    /// Technical administration: accounts and departments, no content.
    Admin,
    /// The system itself: jobs and the command line.
    System,
}

impl Role {
    /// Those that can be given to an account.
    pub const GIVEN: &'static [Self] = &[
        Self::Tablet,
        Self::Archive,
        Self::Integrator,
        Self::MailRoom,
        Self::Clerk,
        Self::Head,
        Self::Mayor,
        Self::RecordsManager,
        Self::Auditor,
        Self::Admin,
    ];

    /// As it stands in rows, records and answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Tablet => "tablet",
            Self::Archive => "archive",
            Self::Integrator => "integrator",
            Self::MailRoom => "mail_room",
            Self::Clerk => "clerk",
            Self::Head => "head",
            Self::Mayor => "mayor",
            Self::RecordsManager => "records_manager",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// Reads what `code` wrote.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::GIVEN
            .iter()
            .copied()
            .chain([Self::System])
            .find(|role| role.code() == code)
    }

    /// Whether whoever holds it stays out of all compartments, whatever else is opened to him:
    /// administration holds no keys, and the mayor decides about people, who are not read about.
    #[must_use]
    pub const fn stays_outside(self) -> bool {
        match self {
            Self::Mayor | Self::Admin => true,
            Self::Anonymous
            | Self::Tablet
            | Self::Archive
            | Self::Integrator
            | Self::MailRoom
            | Self::Clerk
            | Self::Head
            | Self::RecordsManager
            | Self::Auditor
            | Self::System => false,
        }
    }

    /// Whether the same account may hold `other` too: a line-of-business application never
    /// administers.
    #[must_use]
    pub fn goes_with(self, other: Self) -> bool {
        let pair = [self, other];
        !(pair.contains(&Self::Integrator) && pair.contains(&Self::Admin))
    }

    /// Whether it is held in a unit; the others hold in the whole house.
    #[must_use]
    pub const fn in_a_unit(self) -> bool {
        match self {
            Self::Tablet
            | Self::Integrator
            | Self::MailRoom
            | Self::Clerk
            | Self::Head
            | Self::Mayor => true,
            Self::Anonymous
            | Self::Archive
            | Self::RecordsManager
            | Self::Auditor
            | Self::Admin
            | Self::System => false,
        }
    }
}

/// A role, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The unit; none for roles that hold in the whole house.
    pub department: Option<DepartmentId>,
    /// That unit first, then those below it.
    pub units: Vec<OrgUnit>,
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

/// Where a token that only takes documents in puts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// The department: no other one is open to the token.
    pub department: DepartmentId,
    /// The account in whose inbox they go; none: that of the department.
    pub inbox: Option<AccountId>,
}

/// The one who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account.
    pub account: AccountId,
    /// Whose deputy the account is in this request; then the roles are those of that account.
    pub on_behalf_of: Option<AccountId>,
    /// The roles that it holds now.
    pub grants: Vec<Grant>,
    /// The compartments that are open to it now.
    pub compartments: Vec<Compartment>,
    /// What is opened to it by itself now. Not handed on to deputies.
    pub inspections: Vec<Inspected>,
    /// All units of the house.
    pub house: Arc<[OrgUnit]>,
    /// What its token allows.
    pub scope: Scope,
    /// The token itself, when there is one.
    pub token: Option<TokenId>,
    /// Where the token puts what it takes in, where that is laid down.
    pub destination: Option<Destination>,
    /// The request, when there is one.
    pub request: Option<RequestId>,
}

impl Actor {
    /// The system itself: start, jobs, command line.
    #[must_use]
    pub fn system() -> Self {
        let system = Grant {
            role: Role::System,
            department: None,
            units: Vec::new(),
        };
        Self {
            grants: vec![system],
            scope: Scope::Full,
            ..Self::nobody()
        }
    }

    /// Whoever has not signed in.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            account: AccountId::of(Uuid::nil()),
            on_behalf_of: None,
            grants: Vec::new(),
            compartments: Vec::new(),
            inspections: Vec::new(),
            house: Arc::default(),
            scope: Scope::Read,
            token: None,
            destination: None,
            request: None,
        }
    }

    /// Whether the account holds `role` anywhere.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    /// Everything for which the actor has `right`.
    #[must_use]
    pub fn sight(&self, right: Right) -> Sight {
        let allowed = match self.scope {
            Scope::Full => true,
            Scope::Read => right.only_reads(),
            Scope::Intake => right == Right::Receive,
        };
        if !allowed {
            return Sight::nothing();
        }
        if self.is(Role::System) {
            return Sight::All;
        }
        let (mut units, mut arriving): (Vec<OrgUnit>, Vec<OrgUnit>) = (Vec::new(), Vec::new());
        for grant in &self.grants {
            let own = grant.units.get(..1).unwrap_or_default();
            let (into, reached) = match reach(grant.role, right) {
                Reach::Nowhere => continue,
                Reach::Arriving => (&mut arriving, own),
                Reach::Own => (&mut units, own),
                Reach::Below => (&mut units, grant.units.as_slice()),
                Reach::House => (&mut units, &*self.house),
            };
            for unit in reached {
                if !into.contains(unit) {
                    into.push(*unit);
                }
            }
        }
        if let Some(destination) = self.destination {
            units.retain(|unit| unit.id == destination.department);
            arriving.retain(|unit| unit.id == destination.department);
        }
        arriving.retain(|unit| !units.contains(unit));
        Sight::Some {
            units,
            arriving,
            compartments: self.compartments.clone(),
            inspected: self.inspected(right),
        }
    }

    /// What is opened by itself for a right: reading, and where it is said to be told, who looked.
    fn inspected(&self, right: Right) -> Vec<Inspected> {
        let counts = |one: &&Inspected| match right {
            Right::Read | Right::ReadContent => true,
            Right::Looks => one.tells_looks,
            Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route
            | Right::Register
            | Right::Close
            | Right::Reopen
            | Right::Refile
            | Right::Hold
            | Right::ManagePlan
            | Right::Inspect
            | Right::Purge => false,
        };
        self.inspections.iter().filter(counts).copied().collect()
    }

    /// Whether the actor has `right` for a row that stands at a place: by a role there, or because
    /// it is opened to him by itself.
    pub async fn may_with(
        &self,
        on: &impl ConnectionTrait,
        right: Right,
        table: Table,
        row: (Uuid, Place),
    ) -> Result<bool, DbError> {
        self.sight(right).reaches_row(on, table, row).await
    }

    /// Whether the actor has `right` at a place.
    #[must_use]
    pub fn may(&self, right: Right, place: Place) -> bool {
        self.sight(right).reaches(place)
    }

    /// Whether the actor has `right` in a unit, outside of compartments: at least for what arrives
    /// there.
    #[must_use]
    pub fn may_in(&self, right: Right, unit: DepartmentId) -> bool {
        self.may(right, Place::arriving(unit))
    }

    /// Whether the actor has `right` anywhere at all.
    #[must_use]
    pub fn may_somewhere(&self, right: Right) -> bool {
        match self.sight(right) {
            Sight::All => true,
            Sight::Some {
                units,
                arriving,
                inspected,
                ..
            } => !units.is_empty() || !arriving.is_empty() || !inspected.is_empty(),
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
