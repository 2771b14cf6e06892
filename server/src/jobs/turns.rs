//! Whose turn it is among the messages: no receiver takes the places of all others.
//!
//! A subscription has half of the places at most. One that fails, to which nothing was delivered since its last
//! failure, has one, and all that fail together have half; a test message does not count as one of a failing
//! subscription, for it asks how the receiver does now.
//!
//! The rows of deliveries and of how receivers do are those of the room `webhooks`, which writes them; here they
//! are read with the jobs that carry them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::base::db::{DbError, sql};
use crate::base::{JobKind, Timestamp};

/// A message whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// The job that carries it.
    pub(super) job: Uuid,
    /// The subscription; none where the delivery is forgotten.
    pub(super) webhook: Option<Uuid>,
    /// Whether it is a test message.
    pub(super) test: bool,
}

/// The messages that this process is sending. Who sends one holds it, so that it counts no longer when the
/// sending has ended, however it did.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Vec<Weak<Turn>>);

impl UnderWay {
    pub(super) fn add(&mut self, turn: &Arc<Turn>) {
        self.0.retain(|one| one.strong_count() > 0);
        self.0.push(Arc::downgrade(turn));
    }

    pub(super) fn now(&self) -> Vec<Turn> {
        let held = self.0.iter().filter_map(Weak::upgrade);
        held.map(|one| *one).collect()
    }
}

/// Who has to wait.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// Subscriptions with as many messages under way as one may have.
    pub(super) full: Vec<Uuid>,
    /// Subscriptions with a change under way: they wait where they fail.
    pub(super) tried: Vec<Uuid>,
    /// Whether all that fail wait.
    pub(super) failing: bool,
}

impl Waits {
    pub(super) fn of<'a>(
        under_way: impl Iterator<Item = &'a Turn>,
        failing: &BTreeSet<Uuid>,
        places: usize,
    ) -> Self {
        let share = (places / 2).max(1);
        let mut all: BTreeMap<Uuid, usize> = BTreeMap::new();
        let (mut tried, mut of_failing) = (BTreeSet::new(), 0);
        for turn in under_way {
            let Some(webhook) = turn.webhook else {
                continue;
            };
            *all.entry(webhook).or_default() += 1;
            if !turn.test {
                tried.insert(webhook);
                of_failing += usize::from(failing.contains(&webhook));
            }
        }
        let full = all.into_iter().filter(|(_, count)| *count >= share);
        Self {
            full: full.map(|(webhook, _)| webhook).collect(),
            tried: tried.into_iter().collect(),
            failing: of_failing >= share,
        }
    }
}

/// The messages whose turn it is, at most `free`, where `places` are sent at the same time. Nothing is claimed.
pub(super) async fn next(
    on: &impl ConnectionTrait,
    now: Timestamp,
    (places, free): (usize, usize),
    under_way: &UnderWay,
) -> Result<Vec<Turn>, DbError> {
    let under_way = under_way.now();
    let mut failing = failing_among(on, &under_way).await?;
    let mut found: Vec<Turn> = Vec::new();
    while found.len() < free {
        let waits = Waits::of(under_way.iter().chain(&found), &failing, places);
        let Some((turn, fails)) = first(on, now, &waits, &found).await? else {
            break;
        };
        if fails {
            failing.extend(turn.webhook);
        }
        found.push(turn);
    }
    Ok(found)
}

/// The subscriptions of these that fail.
async fn failing_among(
    on: &impl ConnectionTrait,
    turns: &[Turn],
) -> Result<BTreeSet<Uuid>, DbError> {
    let webhooks: BTreeSet<Uuid> = turns.iter().filter_map(|one| one.webhook).collect();
    if webhooks.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut values = Vec::new();
    let among = list(&mut values, webhooks);
    let text = format!(
        "SELECT webhook_id FROM webhook_health \
         WHERE first_failure_at IS NOT NULL AND webhook_id IN ({among})"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let mut found = BTreeSet::new();
    for row in &rows {
        found.insert(row.try_get_by_index(0)?);
    }
    Ok(found)
}

/// The message that is due for the longest and neither has to wait nor is among `found`, and whether its
/// subscription fails.
async fn first(
    on: &impl ConnectionTrait,
    now: Timestamp,
    waits: &Waits,
    found: &[Turn],
) -> Result<Option<(Turn, bool)>, DbError> {
    let kind = JobKind::DeliverWebhook.code();
    let mut values: Vec<Value> = vec![kind.into(), now.micros().into()];
    let mut text = "SELECT j.id, d.webhook_id, d.unit_id, h.first_failure_at FROM job j \
        LEFT JOIN webhook_delivery d ON d.id = j.subject \
        LEFT JOIN webhook_health h ON h.webhook_id = d.webhook_id \
        WHERE j.kind = $1 AND j.due_at <= $2 AND j.claimed_until <= $2 AND j.failed_at IS NULL"
        .to_owned();
    if !found.is_empty() {
        let jobs = list(&mut values, found.iter().map(|one| one.job));
        text = format!("{text} AND j.id NOT IN ({jobs})");
    }
    if !waits.full.is_empty() {
        let full = list(&mut values, waits.full.iter().copied());
        text = format!("{text} AND (d.webhook_id IS NULL OR d.webhook_id NOT IN ({full}))");
    }
    let fit = "d.webhook_id IS NULL OR d.unit_id IS NOT NULL OR h.first_failure_at IS NULL";
    if waits.failing {
        text = format!("{text} AND ({fit})");
    } else if !waits.tried.is_empty() {
        let tried = list(&mut values, waits.tried.iter().copied());
        text = format!("{text} AND ({fit} OR d.webhook_id NOT IN ({tried}))");
    }
    text.push_str(" ORDER BY j.due_at, j.id LIMIT 1");
    let Some(row) = on.query_one_raw(sql(on, text, values)).await? else {
        return Ok(None);
    };
    let test: Option<Uuid> = row.try_get_by_index(2)?;
    let failing: Option<i64> = row.try_get_by_index(3)?;
    let turn = Turn {
        job: row.try_get_by_index(0)?,
        webhook: row.try_get_by_index(1)?,
        test: test.is_some(),
    };
    Ok(Some((turn, failing.is_some())))
}

/// Adds ids to the values of a statement; gives what stands for them in its text.
fn list(values: &mut Vec<Value>, ids: impl IntoIterator<Item = Uuid>) -> String {
    let mut names = Vec::new();
    for id in ids {
        values.push(id.into());
        names.push(format!("${}", values.len()));
    }
    names.join(", ")
}
