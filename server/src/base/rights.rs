//! Who may do what: the one registry. A role reaches as far as this table says; compartments cut
//! across it and are never part of a role.

use sea_orm::Value;
use uuid::Uuid;

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
        }
    }

    /// Whether a token that only reads is enough.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadContent)
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
            | Right::Close => Reach::Own,
            Right::Reopen | Right::Refile | Right::Hold | Right::ManagePlan => Reach::Nowhere,
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
            | Right::Hold => Reach::Below,
            Right::Refile | Right::ManagePlan => Reach::Nowhere,
        },
        Role::RecordsManager => match right {
            Right::Read | Right::Refile | Right::Hold | Right::ManagePlan => Reach::House,
            Right::ReadContent
            | Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route
            | Right::Register
            | Right::Close
            | Right::Reopen => Reach::Nowhere,
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
            | Right::ManagePlan => Reach::Nowhere,
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
            | Right::ManagePlan => Reach::Nowhere,
        },
        Role::Auditor => match right {
            Right::Read | Right::ReadContent => Reach::House,
            Right::Receive
            | Right::Edit
            | Right::Discard
            | Right::Route
            | Right::Register
            | Right::Close
            | Right::Reopen
            | Right::Refile
            | Right::Hold
            | Right::ManagePlan => Reach::Nowhere,
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
const ARRIVING: u64 = 1 << 63;

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
const fn token(unit: u64, compartment: Option<u64>) -> u64 {
    match compartment {
        Some(number) => (number << 32) | unit,
        None => unit,
    }
}

/// Everything for which someone has a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All of it, compartments too: the system itself.
    All,
    /// What stands in one of these units, and in no compartment or one of these.
    Some {
        /// The units.
        units: Vec<OrgUnit>,
        /// Further units, of which only what arrives is reached.
        arriving: Vec<OrgUnit>,
        /// The compartments.
        compartments: Vec<Compartment>,
    },
}

impl Sight {
    /// Nothing at all.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Some {
            units: Vec::new(),
            arriving: Vec::new(),
            compartments: Vec::new(),
        }
    }

    /// Whether it reaches a place.
    #[must_use]
    pub fn reaches(&self, place: Place) -> bool {
        match self {
            Self::All => true,
            Self::Some {
                units,
                arriving,
                compartments,
            } => {
                let arrives = place.stage == Stage::Arriving;
                let mut reached = units.iter().chain(arriving.iter().filter(|_| arrives));
                reached.any(|unit| unit.id == place.unit)
                    && place
                        .compartment
                        .is_none_or(|id| compartments.iter().any(|one| one.id == id))
            }
        }
    }

    /// What a row `t` with unit and compartment must fulfil, as the end of a WHERE clause; the values are
    /// added to `values`. What only arrives in a unit counts for nothing here.
    pub fn condition(&self, values: &mut Vec<Value>) -> String {
        let (units, compartments) = match self {
            Self::All => return String::new(),
            Self::Some { units, .. } if units.is_empty() => return " AND 1 = 0".to_owned(),
            Self::Some {
                units,
                compartments,
                ..
            } => (units, compartments),
        };
        let mut list = |ids: Vec<Uuid>| {
            let marks: Vec<String> = (values.len() + 1..=values.len() + ids.len())
                .map(|at| format!("${at}"))
                .collect();
            values.extend(ids.into_iter().map(Value::from));
            marks.join(", ")
        };
        let units = list(units.iter().map(|unit| unit.id.raw()).collect());
        let inside = if compartments.is_empty() {
            String::new()
        } else {
            let inside = list(compartments.iter().map(|one| one.id.raw()).collect());
            format!(" OR t.compartment_id IN ({inside})")
        };
        format!(" AND t.department_id IN ({units}) AND (t.compartment_id IS NULL{inside})")
    }

    /// The access tokens in the index. `None`: no filter at all.
    #[must_use]
    pub fn tokens(&self) -> Option<Vec<u64>> {
        let Self::Some {
            units,
            arriving,
            compartments,
        } = self
        else {
            return None;
        };
        let inside: Vec<Option<u64>> = std::iter::once(None)
            .chain(compartments.iter().map(|one| Some(one.number)))
            .collect();
        let of = |units: &[OrgUnit], mark: u64| -> Vec<u64> {
            let each = |unit: &OrgUnit| {
                let number = unit.number;
                inside.iter().map(move |one| mark | token(number, *one))
            };
            units.iter().flat_map(each).collect()
        };
        let mut all = of(units, 0);
        all.extend(of(arriving, ARRIVING));
        Some(all)
    }
}
