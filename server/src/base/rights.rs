//! Who may do what: the one registry. A role reaches as far as this table says; compartments cut
//! across it and are never part of a role.

use super::actor::Role;
use super::ids::{CompartmentId, DepartmentId};

/// What someone may want to do with a file, a case or a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See that it exists, and what is said about it.
    Read,
    /// See the content, the text, and hits in it.
    ReadContent,
    /// Put documents in.
    Receive,
    /// Change metadata and content before registration, add notes and relations.
    Edit,
    /// Put something aside before registration, with a reason.
    Discard,
    /// Hand an incoming document on to another unit or person.
    Route,
    /// Open files and cases, register documents in them.
    Register,
    /// Close a file or a case: zu den Akten.
    Close,
    /// Open it again, with a reason.
    Reopen,
    /// File it elsewhere: Umprotokollierung.
    Refile,
    /// Place and lift a hold.
    Hold,
    /// Maintain the file plan.
    ManagePlan,
    /// Ask for and approve that somebody else inspects it for a time: Einsicht.
    Inspect,
    /// Learn who looked at it.
    Looks,
    /// Propose and approve that what is withheld is destroyed or released.
    Purge,
}

/// Where a role has a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Nowhere.
    Nowhere,
    /// In the unit of the role, for what came in and lies with nobody yet.
    Arriving,
    /// In the unit of the role.
    Own,
    /// In that unit and those below it.
    Below,
    /// In the whole house.
    House,
}

impl Right {
    /// All of them, in the order of the printed table.
    pub const ALL: &'static [Self] = &[
        Self::Read,
        Self::ReadContent,
        Self::Receive,
        Self::Edit,
        Self::Discard,
        Self::Route,
        Self::Register,
        Self::Close,
        Self::Reopen,
        Self::Refile,
        Self::Hold,
        Self::ManagePlan,
        Self::Inspect,
        Self::Looks,
        Self::Purge,
    ];

    /// Its name in the printed table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadContent => "read_content",
            Self::Receive => "receive",
            Self::Edit => "edit",
            Self::Discard => "discard",
            Self::Route => "route",
            Self::Register => "register",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Refile => "refile",
            Self::Hold => "hold",
            Self::ManagePlan => "manage_plan",
            Self::Inspect => "inspect",
            Self::Looks => "looks",
            Self::Purge => "purge",
        }
    }

    /// Whether a token that only reads is enough.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadContent | Self::Looks)
    }
}

/// How far `role` has `right`. The whole of it, so that a review reads it in one place.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one table, to be read in one place")]
pub const fn reach(role: Role, right: Right) -> Reach {
    match role {
        Role::Anonymous | Role::Tablet | Role::Admin | Role::Archive => Reach::Nowhere,
        Role::System => Reach::House,
        Role::Clerk | Role::Mayor => match right {
            Right::Read
            | Right::ReadContent
            | Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route
            | Right::Register
            | Right::Close
            | Right::Inspect => Reach::Own,
            Right::Reopen
            | Right::Refile
            | Right::Hold
            | Right::ManagePlan
            | Right::Looks
            | Right::Purge => Reach::Nowhere,
        },
        Role::Head => match right {
            Right::Read
            | Right::ReadContent
            | Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route
            | Right::Register
            | Right::Close
            | Right::Reopen
            | Right::Hold
            | Right::Inspect
            | Right::Looks
            | Right::Purge => Reach::Below,
            Right::Refile | Right::ManagePlan => Reach::Nowhere,
        },
        Role::RecordsManager => match right {
            Right::Read | Right::Refile | Right::Hold | Right::ManagePlan | Right::Purge => {
                Reach::House
            }
            Right::ReadContent
            | Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route
            | Right::Register
            | Right::Close
            | Right::Reopen
            | Right::Inspect
            | Right::Looks => Reach::Nowhere,
        },
        Role::MailRoom => match right {
            Right::Read
            | Right::ReadContent
            | Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route => Reach::Arriving,
            Right::Register
            | Right::Close
            | Right::Reopen
            | Right::Refile
            | Right::Hold
            | Right::ManagePlan
            | Right::Inspect
            | Right::Looks
            | Right::Purge => Reach::Nowhere,
        },
        Role::Integrator => match right {
            Right::Read | Right::ReadContent | Right::Receive | Right::Edit | Right::Register => {
                Reach::Own
            }
            Right::Discard
            | Right::Route
            | Right::Close
            | Right::Reopen
            | Right::Refile
            | Right::Hold
            | Right::ManagePlan
            | Right::Inspect
            | Right::Looks
            | Right::Purge => Reach::Nowhere,
        },
        Role::Auditor => match right {
            Right::Read | Right::ReadContent | Right::Looks => Reach::House,
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
            | Right::Purge => Reach::Nowhere,
        },
    }
}

/// An org unit with the number that names it in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrgUnit {
    /// The unit.
    pub id: DepartmentId,
    /// Its number.
    pub number: u64,
}

/// A compartment with the number that names it in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compartment {
    /// The compartment.
    pub id: CompartmentId,
    /// Its number, from 1.
    pub number: u64,
}

/// Where something stands: in a unit, and in a compartment or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The unit that it belongs to.
    pub unit: DepartmentId,
    /// The compartment that hides it.
    pub compartment: Option<CompartmentId>,
    /// How far it has come.
    pub stage: Stage,
}

impl Place {
    /// The place of what is somebody's.
    #[must_use]
    pub const fn settled(unit: DepartmentId, compartment: Option<CompartmentId>) -> Self {
        Self {
            unit,
            compartment,
            stage: Stage::Settled,
        }
    }

    /// The place of what comes into a unit, outside of compartments.
    #[must_use]
    pub const fn arriving(unit: DepartmentId) -> Self {
        Self {
            unit,
            compartment: None,
            stage: Stage::Arriving,
        }
    }
}

/// Whether somebody has it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It came in and lies with nobody: neither handed to a person nor registered.
    Arriving,
    /// It is somebody's: in an inbox, a draft, in a case, or put aside.
    Settled,
}

/// Set in the access token of what arrives, beside the token of its place.
pub(super) const ARRIVING: u64 = 1 << 63;

/// The access tokens under which something is found that stands at a place.
#[must_use]
pub fn tokens(unit: u64, compartment: Option<u64>, stage: Stage) -> Vec<u64> {
    let place = token(unit, compartment);
    match stage {
        Stage::Arriving => vec![place, ARRIVING | place],
        Stage::Settled => vec![place],
    }
}

/// The access token of a place in the index: who holds it may find what stands there.
#[must_use]
pub(super) const fn token(unit: u64, compartment: Option<u64>) -> u64 {
    match compartment {
        Some(number) => (number << 32) | unit,
        None => unit,
    }
}
