//! Who held what when: roles, functions, deputations and order limits, in the order of the log.
//!
//! Clocks are set back; numbers of the log are not. What was given counts from its record on and until the record
//! that ended it; what was given for a time counts by the clock, too.

use std::collections::{HashMap, HashSet};

use sea_orm::{DatabaseTransaction, QueryResult};
use uuid::Uuid;

use super::rows::all;
use crate::base::db::DbError;
use crate::base::rights::{Reach, reach};
use crate::base::{Right, Role};

/// A request that was let in may go on for so long after what it rested on has ended, in microseconds.
const RACE: i64 = 60_000_000;

/// When something happened: by the log and by the clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The number of its record.
    pub(super) seq: i64,
    /// Microseconds since 1970.
    pub(super) at: i64,
}

/// How long something was given.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    until: Option<(i64, i64)>,
    valid_from: Option<i64>,
    valid_until: Option<i64>,
}

impl Span {
    /// Columns from `at` on: record of the beginning, record of the last change, end, first and last instant.
    fn of(row: &QueryResult, at: usize) -> Result<Option<Self>, DbError> {
        let from: Option<i64> = row.try_get_by_index(at)?;
        let last: Option<i64> = row.try_get_by_index(at + 1)?;
        let ended: Option<i64> = row.try_get_by_index(at + 2)?;
        let valid_from = row.try_get_by_index(at + 3)?;
        let valid_until = row.try_get_by_index(at + 4)?;
        Ok(from.map(|from| Self {
            from,
            until: ended.map(|at| (last.unwrap_or(from), at)),
            valid_from,
            valid_until,
        }))
    }

    fn holds(&self, when: Moment) -> bool {
        let begun = self.valid_from.is_none_or(|from| from <= when.at + RACE);
        let over = self.valid_until.is_some_and(|until| until + RACE < when.at);
        let ended = self
            .until
            .is_some_and(|(seq, at)| seq < when.seq && at + RACE < when.at);
        self.from < when.seq && begun && !over && !ended
    }
}

#[derive(Debug)]
struct Grant {
    role: String,
    department: Option<Uuid>,
    span: Span,
}

#[derive(Debug)]
struct Limit {
    cents: i64,
    days: (String, Option<String>),
    span: Span,
}

/// Who held what when.
#[derive(Debug, Default)]
pub(super) struct People {
    grants: HashMap<Uuid, Vec<Grant>>,
    /// By holder: the function.
    held: HashMap<Uuid, Vec<(Uuid, Span)>>,
    /// By deputy: whom he stood in for.
    deputies: HashMap<Uuid, Vec<(Uuid, Span)>>,
    limits: HashMap<Uuid, Vec<Limit>>,
    codes: HashMap<String, Uuid>,
    functions: HashSet<Uuid>,
    slugs: HashMap<String, Uuid>,
    parents: HashMap<Uuid, Uuid>,
}

/// From which record on something holds that may have waited for its approval, and its last record.
const RECORDS: &str = "(SELECT s.seq FROM audit_subject s WHERE s.entity_id = t.id AND s.version = \
    CASE WHEN t.approved_at IS NULL THEN 1 ELSE 2 END), \
    (SELECT s.seq FROM audit_subject s WHERE s.entity_id = t.id AND s.version = t.version)";

impl People {
    /// Reads it.
    pub(super) async fn read(on: &DatabaseTransaction) -> Result<Self, DbError> {
        let mut people = Self::default();
        people.units(on).await?;
        people.roles(on).await?;
        people.holders(on).await?;
        people.deputations(on).await?;
        people.order_limits(on).await?;
        Ok(people)
    }

    async fn units(&mut self, on: &DatabaseTransaction) -> Result<(), DbError> {
        let text = "SELECT id, slug, parent_id FROM department";
        for row in all(on, text, Vec::new()).await? {
            let id: Uuid = row.try_get_by_index(0)?;
            self.slugs.insert(row.try_get_by_index(1)?, id);
            if let Some(parent) = row.try_get_by_index(2)? {
                self.parents.insert(id, parent);
            }
        }
        let text = "SELECT id, function FROM account WHERE function IS NOT NULL";
        for row in all(on, text, Vec::new()).await? {
            let id: Uuid = row.try_get_by_index(0)?;
            self.codes.insert(row.try_get_by_index(1)?, id);
            self.functions.insert(id);
        }
        Ok(())
    }

    async fn roles(&mut self, on: &DatabaseTransaction) -> Result<(), DbError> {
        // One that one person gave holds at once, and may be confirmed later: that is no beginning.
        let text = format!(
            "SELECT t.account_id, t.role, t.department_id, {}, t.revoked_at, t.valid_from, t.valid_until \
             FROM role_grant t WHERE t.proposed IS NULL OR t.approved_at IS NOT NULL",
            RECORDS.replace(
                "t.approved_at IS NULL",
                "t.approved_at IS NULL OR t.proposed IS NULL"
            )
        );
        for row in all(on, &text, Vec::new()).await? {
            if let Some(span) = Span::of(&row, 3)? {
                let grant = Grant {
                    role: row.try_get_by_index(1)?,
                    department: row.try_get_by_index(2)?,
                    span,
                };
                let account = row.try_get_by_index(0)?;
                self.grants.entry(account).or_default().push(grant);
            }
        }
        Ok(())
    }

    async fn holders(&mut self, on: &DatabaseTransaction) -> Result<(), DbError> {
        let text = format!(
            "SELECT t.account_id, t.function_id, {}, t.ended_at, t.valid_from, t.valid_until \
             FROM function_holder t WHERE t.proposed IS NULL OR t.approved_at IS NOT NULL",
            RECORDS.replace(
                "t.approved_at IS NULL",
                "t.approved_at IS NULL OR t.proposed IS NULL"
            )
        );
        for row in all(on, &text, Vec::new()).await? {
            if let Some(span) = Span::of(&row, 2)? {
                let (holder, function) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                self.held.entry(holder).or_default().push((function, span));
            }
        }
        Ok(())
    }

    async fn deputations(&mut self, on: &DatabaseTransaction) -> Result<(), DbError> {
        let text = "SELECT t.deputy_id, t.principal_id, \
                    (SELECT s.seq FROM audit_subject s WHERE s.entity_id = t.id AND s.version = 1), \
                    (SELECT s.seq FROM audit_subject s WHERE s.entity_id = t.id AND s.version = t.version), \
                    t.ended_at, t.valid_from, t.valid_until FROM deputation t";
        for row in all(on, text, Vec::new()).await? {
            if let Some(span) = Span::of(&row, 2)? {
                let (deputy, principal) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                let all = self.deputies.entry(deputy).or_default();
                all.push((principal, span));
            }
        }
        Ok(())
    }

    async fn order_limits(&mut self, on: &DatabaseTransaction) -> Result<(), DbError> {
        let text = format!(
            "SELECT t.account_id, t.cents, t.valid_from, t.valid_until, {RECORDS}, t.ended_at \
             FROM order_limit t WHERE t.approved_at IS NOT NULL"
        );
        for row in all(on, &text, Vec::new()).await? {
            let from: Option<i64> = row.try_get_by_index(4)?;
            let last: Option<i64> = row.try_get_by_index(5)?;
            let ended: Option<i64> = row.try_get_by_index(6)?;
            let Some(from) = from else { continue };
            let limit = Limit {
                cents: row.try_get_by_index(1)?,
                days: (row.try_get_by_index(2)?, row.try_get_by_index(3)?),
                span: Span {
                    from,
                    until: ended.map(|at| (last.unwrap_or(from), at)),
                    valid_from: None,
                    valid_until: None,
                },
            };
            let account = row.try_get_by_index(0)?;
            self.limits.entry(account).or_default().push(limit);
        }
        Ok(())
    }

    /// Whether an account is a function.
    pub(super) fn is_function(&self, account: Uuid) -> bool {
        self.functions.contains(&account)
    }

    /// The account of a function.
    pub(super) fn function(&self, code: &str) -> Option<Uuid> {
        self.codes.get(code).copied()
    }

    /// The department with a short name.
    pub(super) fn department(&self, slug: &str) -> Option<Uuid> {
        self.slugs.get(slug).copied()
    }

    /// Whether somebody held a function.
    pub(super) fn held(&self, account: Uuid, function: Uuid, when: Moment) -> bool {
        let mut held = self.held.get(&account).into_iter().flatten();
        held.any(|(one, span)| *one == function && span.holds(when))
    }

    /// Whether somebody stood in for another.
    pub(super) fn stood_in(&self, deputy: Uuid, principal: Uuid, when: Moment) -> bool {
        let mut all = self.deputies.get(&deputy).into_iter().flatten();
        all.any(|(one, span)| *one == principal && span.holds(when))
    }

    /// The functions that somebody held.
    fn functions_of(&self, account: Uuid, when: Moment) -> impl Iterator<Item = Uuid> {
        let held = self.held.get(&account).into_iter().flatten();
        let holds = held.filter(move |(_, span)| span.holds(when));
        holds.map(|(function, _)| *function)
    }

    /// Whose roles count for what somebody does: his own and those of his functions; in another's stead those of
    /// that one; for a function also its own.
    pub(super) fn whose(&self, actor: Uuid, obo: Option<Uuid>, when: Moment) -> Vec<Uuid> {
        let mut whose = Vec::new();
        match obo {
            Some(other) if !self.is_function(other) => {
                whose.push(other);
                whose.extend(self.functions_of(other, when));
            }
            Some(_) | None => {
                whose.extend(obo);
                whose.push(actor);
                whose.extend(self.functions_of(actor, when));
            }
        }
        whose
    }

    /// Whether one of these accounts had a role anywhere.
    pub(super) fn had_role(&self, whose: &[Uuid], role: &str, when: Moment) -> bool {
        self.grants_of(whose, when).any(|grant| grant.role == role)
    }

    fn grants_of(&self, whose: &[Uuid], when: Moment) -> impl Iterator<Item = &Grant> {
        let all = whose.iter().filter_map(|account| self.grants.get(account));
        all.flatten().filter(move |grant| grant.span.holds(when))
    }

    /// Whether a unit lies below another one.
    fn is_below(&self, unit: Uuid, top: Uuid) -> bool {
        let mut next = self.parents.get(&unit).copied();
        // A loop in the tree cannot come about; it would end here all the same.
        for _ in 0..self.parents.len() {
            match next {
                Some(parent) if parent == top => return true,
                Some(parent) => next = self.parents.get(&parent).copied(),
                None => return false,
            }
        }
        false
    }

    fn covers(&self, grant: &Grant, right: Right, unit: Uuid) -> bool {
        let Some(role) = Role::parse(&grant.role) else {
            return false;
        };
        match (grant.department, reach(role, right)) {
            (None, _) => true,
            (Some(own), _) if own == unit => true,
            (Some(own), Reach::Below) => self.is_below(unit, own),
            (Some(_), Reach::Nowhere | Reach::Arriving | Reach::Own | Reach::House) => false,
        }
    }

    /// Whether one of these accounts had a role in a unit.
    pub(super) fn had_role_in(
        &self,
        whose: &[Uuid],
        (role, unit): (&str, Uuid),
        when: Moment,
    ) -> bool {
        let mut grants = self.grants_of(whose, when);
        grants.any(|grant| grant.role == role && self.covers(grant, Right::Read, unit))
    }

    /// Whether one of these accounts could work in a unit.
    pub(super) fn worked_in(&self, whose: &[Uuid], unit: Uuid, when: Moment) -> bool {
        let works = |grant: &Grant| {
            Role::parse(&grant.role).is_some_and(|role| reach(role, Right::Edit) != Reach::Nowhere)
        };
        let mut grants = self.grants_of(whose, when);
        grants.any(|grant| works(grant) && self.covers(grant, Right::Edit, unit))
    }

    /// Up to how much one of these accounts ordered on a day, in cents.
    pub(super) fn limit(&self, whose: &[Uuid], day: &str, when: Moment) -> Option<i64> {
        let all = whose.iter().filter_map(|account| self.limits.get(account));
        let holds = |limit: &&Limit| {
            let (from, until) = &limit.days;
            let in_time = from.as_str() <= day && until.as_deref().is_none_or(|until| day <= until);
            in_time && limit.span.holds(when)
        };
        all.flatten().filter(holds).map(|limit| limit.cents).max()
    }
}
