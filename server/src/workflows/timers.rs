//! Timers: rows that follow from workflows and say when something is to be done. Those that are due are found by an
//! index and fired, by the system, one after another in each workflow.
//!
//! Whether a timer fires is decided by the workflow alone, in the unit of work that fires it: a timer that another
//! server has fired, that was moved meanwhile, or that is not due by the clock of that unit is refused there and
//! harmless. What has fired never fires again, whatever the clock does. A timer that is refused for another reason is
//! tried again later, and stays visible as one that is due.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use uuid::Uuid;
use workflow::instance::{Command, Refusal};

use super::catalog::Rules;
use super::model::WorkflowError;
use super::ops;
use crate::base::db::{DbError, sql};
use crate::base::{Actor, Timestamp, WorkflowId};
use crate::unit::{Db, Unit};

/// Timers that are looked at in one step.
const STEP_MAX: u64 = 200;
/// Workflows that are worked on at the same time: they share their commits.
const AT_ONCE_MAX: usize = 32;
/// After how long a timer is tried again that could not fire.
const AGAIN: Duration = Duration::from_secs(60);
/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A timer that is due, by its place in the order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: i64,
    workflow: Uuid,
    key: String,
}

/// The next timers that are due, behind one of them.
async fn due(
    on: &impl ConnectionTrait,
    now: Timestamp,
    after: Option<&Due>,
) -> Result<Vec<Due>, DbError> {
    let mut values = vec![now.micros().into()];
    let behind = match after {
        Some(after) => {
            values.push(after.at.into());
            values.push(after.workflow.into());
            values.push(after.key.clone().into());
            " AND due_at >= $2 AND (due_at > $2 OR instance_id > $3 \
             OR (instance_id = $3 AND key > $4))"
        }
        None => "",
    };
    let text = format!(
        "SELECT due_at, instance_id, key FROM workflow_timer WHERE due_at <= $1{behind} \
         ORDER BY due_at, instance_id, key LIMIT {STEP_MAX}"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                at: row.try_get_by_index(0)?,
                workflow: row.try_get_by_index(1)?,
                key: row.try_get_by_index(2)?,
            })
        })
        .collect()
}

/// What became of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fired {
    /// It fired, or there was nothing left to fire.
    Over,
    /// It could not.
    Stuck,
}

/// Fires timers.
#[derive(Debug)]
pub struct Timers {
    db: Db,
    rules: Rules,
    /// Those that could not fire, with the time at which they are tried again.
    stuck: HashMap<(Uuid, String), Timestamp>,
}

impl Timers {
    /// Of this house.
    #[must_use]
    pub fn new(db: &Db, rules: &Rules) -> Self {
        Self {
            db: db.clone(),
            rules: rules.clone(),
            stuck: HashMap::new(),
        }
    }

    /// How often it is looked whether one is due.
    #[must_use]
    pub const fn pause() -> Duration {
        LOOK_EVERY
    }

    /// How many timers are due now: found one page behind the other, as [`Timers::step`] finds them.
    ///
    /// # Errors
    /// Where what is due cannot be found.
    pub async fn count_due(&self) -> Result<usize, DbError> {
        let now = self.db.now();
        let (mut after, mut count) = (None, 0);
        loop {
            let found = due(self.db.read(), now, after.as_ref()).await?;
            count += found.len();
            match found.last() {
                Some(last) => after = Some(last.clone()),
                None => return Ok(count),
            }
        }
    }

    async fn fire(&self, one: &Due) -> Fired {
        let (id, timer) = (WorkflowId::of(one.workflow), one.key.clone());
        let rules = self.rules.clone();
        let command = Command::Fire { timer };
        let done = self
            .db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                Box::pin(ops::command(unit, &rules, id, command)).await
            })
            .await;
        match done {
            Ok(_) | Err(WorkflowError::NotFound) => Fired::Over,
            Err(WorkflowError::Refused(refused))
                if matches!(refused.refusal, Refusal::NoTimer | Refusal::Ended) =>
            {
                // Another server has fired it, or it was moved. A row that stays says so once a minute.
                Fired::Stuck
            }
            Err(error) => {
                tracing::warn!(
                    workflow.id = %id,
                    workflow.timer = one.key,
                    error = %error,
                    cause = ?error,
                    "a timer is due and could not fire; it is tried again"
                );
                Fired::Stuck
            }
        }
    }

    /// Fires those of one workflow, in their order.
    async fn fire_all(&self, timers: Vec<Due>) -> Vec<(Due, Fired)> {
        let mut done = Vec::with_capacity(timers.len());
        for one in timers {
            let fired = self.fire(&one).await;
            done.push((one, fired));
        }
        done
    }

    /// Fires what is due now; says how many timers fired.
    ///
    /// # Errors
    /// Where what is due cannot be found.
    pub async fn step(&mut self) -> Result<u64, DbError> {
        let now = self.db.now();
        // After a step back of the clock nothing is held up longer than it should be.
        let again = now.plus_seconds(i64::try_from(AGAIN.as_secs()).unwrap_or(60));
        self.stuck
            .retain(|_, until| *until > now && *until <= again);
        let (mut after, mut fired) = (None, 0);
        loop {
            let found = due(self.db.read(), now, after.as_ref()).await?;
            let Some(last) = found.last().cloned() else {
                return Ok(fired);
            };
            after = Some(last);
            self.rules.keep_units(&self.db).await?;
            let mut by_workflow: BTreeMap<Uuid, Vec<Due>> = BTreeMap::new();
            for one in found {
                if !self.stuck.contains_key(&(one.workflow, one.key.clone())) {
                    by_workflow.entry(one.workflow).or_default().push(one);
                }
            }
            let mut waiting: Vec<Vec<Due>> = by_workflow.into_values().collect();
            // What was due first fires first.
            waiting.sort_unstable();
            let mut waiting = waiting.into_iter().peekable();
            while waiting.peek().is_some() {
                let some = waiting.by_ref().take(AT_ONCE_MAX);
                let done = join_all(some.map(|timers| self.fire_all(timers))).await;
                for (one, what) in done.into_iter().flatten() {
                    match what {
                        Fired::Over => fired += 1,
                        Fired::Stuck => {
                            self.stuck.insert((one.workflow, one.key), again);
                        }
                    }
                }
            }
        }
    }
}
