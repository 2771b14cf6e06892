//! Inboxes: who looks into which, and what is asked for.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::base::db::DbError;
use crate::base::rights::{Reach, reach};
use crate::base::{AccountId, Actor, CivilDate, DepartmentId, Right, Role, Sight, Timestamp};
use crate::departments::{self, functions};

/// Most steps of one request that are done something to at once.
pub(super) const BULK_MAX: usize = 200;
/// Most ranges of an index that are read one by one; of more those of departments are read together.
const RANGES_MAX: usize = 60;
/// How many days behind today the next days reach.
const DAYS_NEXT: i64 = 7;

/// Whose inboxes are looked into.
#[derive(Debug, Clone)]
pub(super) struct Me {
    /// The person, or in whose stead; none where somebody looks for a function.
    pub(super) person: Option<AccountId>,
    /// The account that looks.
    pub(super) account: AccountId,
    /// The functions that he holds: short name and id.
    pub(super) functions: Vec<(String, AccountId)>,
    /// The roles that he has: code and department.
    pub(super) roles: Vec<(Role, DepartmentId)>,
    /// Where he may work in cases.
    pub(super) departments: Vec<DepartmentId>,
}

impl Me {
    /// Who asks, with what he holds now.
    pub(super) async fn of(
        on: &impl ConnectionTrait,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Self, DbError> {
        let stead = actor.on_behalf_of;
        let named = departments::named(on, stead.as_slice()).await?;
        let function = stead.and_then(|id| {
            let code = functions::code_of(&named.get(&id)?.login)?;
            Some((code.to_owned(), id))
        });
        let (person, functions) = match function {
            Some(function) => (None, vec![function]),
            None => {
                let person = stead.unwrap_or(actor.account);
                let held = departments::functions_of(on, person, now).await?;
                (Some(person), held)
            }
        };
        let departments = match actor.sight(Right::Edit) {
            Sight::All => Vec::new(),
            Sight::Some { units, .. } => units.iter().map(|unit| unit.id).collect(),
        };
        Ok(Self {
            person,
            account: actor.account,
            functions,
            roles: roles_of(actor).into_iter().collect(),
            departments,
        })
    }

    /// All his inboxes.
    pub(super) fn boxes(&self) -> Vec<Inbox> {
        let own = self.person.map(|_| Inbox::Me);
        let functions = self.functions.iter();
        let functions = functions.map(|(code, _)| Inbox::Function(code.clone()));
        let unit = (!self.roles.is_empty() || !self.departments.is_empty()).then_some(Inbox::Unit);
        own.into_iter().chain(functions).chain(unit).collect()
    }

    /// Which ranges an inbox is made of; none where it is not his.
    pub(super) fn ranges(&self, inbox: &Inbox) -> Vec<Range> {
        let by_name = |id: AccountId| Range::Who(vec![format!("account:{id}")]);
        match inbox {
            Inbox::Me => self.person.map(by_name).into_iter().collect(),
            Inbox::Function(code) => {
                let held = self.functions.iter().filter(|(known, _)| known == code);
                held.map(|(_, id)| by_name(*id)).collect()
            }
            Inbox::Unit => {
                let roles = self.roles.iter();
                let who = roles.map(who_of);
                let who: Vec<String> = who.collect();
                let units: Vec<Uuid> = self.departments.iter().map(|unit| unit.raw()).collect();
                if who.len() + units.len() > RANGES_MAX {
                    return vec![Range::Who(who), Range::Anybody(units)];
                }
                let who = who.into_iter().map(|one| Range::Who(vec![one]));
                let units = units.into_iter().map(|one| Range::Anybody(vec![one]));
                who.chain(units).collect()
            }
        }
    }
}

/// The roles by which an actor is asked: of a head in the departments below as well.
pub(super) fn roles_of(actor: &Actor) -> BTreeSet<(Role, DepartmentId)> {
    let mut roles = BTreeSet::new();
    for grant in actor.grants.iter().filter(|grant| is_asked(grant.role)) {
        let below = reach(grant.role, Right::Read) == Reach::Below;
        let units = match grant.department {
            None => &*actor.house,
            Some(_) if below => grant.units.as_slice(),
            Some(_) => grant.units.get(..1).unwrap_or_default(),
        };
        roles.extend(units.iter().map(|unit| (grant.role, unit.id)));
    }
    roles
}

/// How a row names whoever has a role in a department.
pub(super) fn who_of((role, unit): &(Role, DepartmentId)) -> String {
    format!("role:{}:{unit}", role.code())
}

/// Whether workflows ask for whoever has a role.
const fn is_asked(role: Role) -> bool {
    match role {
        Role::Integrator
        | Role::MailRoom
        | Role::Clerk
        | Role::Head
        | Role::Mayor
        | Role::RecordsManager => true,
        Role::Anonymous
        | Role::Tablet
        | Role::Archive
        | Role::Auditor
        | Role::Admin
        | Role::System => false,
    }
}

/// An inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inbox {
    /// What is asked of the person by name.
    Me,
    /// What is asked of whoever holds a function.
    Function(String),
    /// What is asked of whoever has a role in a department, or may work there.
    Unit,
}

impl Inbox {
    /// Reads `me`, `function:CODE` or `unit`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "me" => Some(Self::Me),
            "unit" => Some(Self::Unit),
            other => {
                let code = other.strip_prefix("function:")?;
                (!code.is_empty()).then(|| Self::Function(code.to_owned()))
            }
        }
    }
}

impl std::fmt::Display for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Function(code) => write!(f, "function:{code}"),
            Self::Unit => f.write_str("unit"),
        }
    }
}

/// A part of an index in which an inbox is found in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Range {
    /// Those who are asked so.
    Who(Vec<String>),
    /// Whoever may work in a case of one of these departments.
    Anybody(Vec<Uuid>),
}

/// When something is due. Each is in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// Its time is over.
    Overdue,
    /// Today.
    Today,
    /// In the next seven days.
    Week,
    /// After that.
    Later,
    /// It has no deadline.
    None,
}

impl Due {
    /// All of them, as they are numbered in queries.
    pub(super) const ALL: [Self; 5] = [
        Self::Overdue,
        Self::Today,
        Self::Week,
        Self::Later,
        Self::None,
    ];

    /// Its number in queries.
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Overdue => 0,
            Self::Today => 1,
            Self::Week => 2,
            Self::Later => 3,
            Self::None => 4,
        }
    }
}

/// Where the classes of [`Due`] end: each is overdue at this instant at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    /// Now.
    pub(super) overdue: i64,
    /// The beginning of tomorrow, by the clocks of Germany.
    pub(super) today: i64,
    /// The beginning of the day after the next seven.
    pub(super) week: i64,
}

impl Ends {
    /// As it is now.
    pub(super) fn at(now: Timestamp) -> Self {
        let today = CivilDate::on(now);
        let begins = |days: i64| {
            let day = today.and_then(|day| day.plus_days(days));
            day.map_or(now.micros(), |day| day.begins().micros())
        };
        Self {
            overdue: now.micros(),
            today: begins(1),
            week: begins(1 + DAYS_NEXT),
        }
    }
}

/// Who has claimed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claimed {
    /// The one who asks.
    Me,
    /// Nobody.
    Nobody,
    /// Somebody else.
    Others,
}

/// Whether what rests is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Held {
    /// What does not rest.
    #[default]
    Without,
    /// What rests.
    Only,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    /// What is due first comes first, what has no deadline last.
    #[default]
    Due,
    /// What has been open for longest comes first.
    Opened,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// In this inbox; none: in all.
    pub(super) inbox: Option<Inbox>,
    /// Of workflows by this definition.
    pub(super) definition: Option<String>,
    /// Steps of this kind.
    pub(super) kind: Option<String>,
    /// Due then.
    pub(super) due: Option<Due>,
    /// Claimed by.
    pub(super) claimed: Option<Claimed>,
    /// Resting or not.
    pub(super) held: Held,
    /// Words in the subject or the reference of the case.
    pub(super) words: Option<String>,
}
