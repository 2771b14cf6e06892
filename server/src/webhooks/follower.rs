//! Webhooks follow the log: how far they are stands in the same commit as the deliveries that came
//! of it, so the follower may be killed at any instant and there may be several of them.

use std::collections::HashSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::log::{self, Followed};
use super::model::{Thing, Told, Webhook, WebhookError};
use super::ops;
use super::rows::{self, delivery};
use crate::base::db::DbError;
use crate::base::tasks::news;
use crate::base::{DeliveryId, Job, Tasks};
use crate::unit::{Db, Unit};

/// Records that are looked at in one step.
const STEP_RECORDS_MAX: u64 = 500;
/// How often the log is looked at when this process has written nothing: others may have.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause between two steps, so that many changes share a commit.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause after an error.
const PAUSE_FAILED: Duration = Duration::from_secs(2);

/// Whether there is more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Moved,
    Nothing,
}

/// Turns records into deliveries.
#[derive(Debug)]
pub struct Follower {
    db: Db,
}

impl Follower {
    /// Starts the task that follows.
    pub fn start(db: &Db, tasks: &Tasks) {
        let follower = Self { db: db.clone() };
        tasks.start("webhooks", |end| follower.run(end));
    }

    async fn run(self, end: CancellationToken) {
        let mut head = self.db.head();
        loop {
            head.borrow_and_update();
            let pause = match self.step().await {
                Ok(Step::Moved) => PAUSE,
                Ok(Step::Nothing) => {
                    if !news(&mut head, LOOK_EVERY, &end).await {
                        return;
                    }
                    continue;
                }
                Err(error) => {
                    tracing::error!(error = %error, cause = ?error, "webhooks cannot follow the log");
                    PAUSE_FAILED
                }
            };
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn step(&self) -> Result<Step, WebhookError> {
        let on = self.db.read();
        let active = rows::active(on).await?;
        let Some(since) = active.iter().map(|one| one.since_seq).min() else {
            return Ok(Step::Nothing);
        };
        let place = log::followed(on).await?;
        // What nobody was subscribed to is passed over.
        let records = log::records(on, place.max(since), STEP_RECORDS_MAX).await?;
        let Some(last) = records.last().map(|one| one.seq) else {
            return Ok(Step::Nothing);
        };
        let mut deliveries = Vec::new();
        for webhook in &active {
            deliveries.extend(self.told(webhook, &records).await?);
        }
        let moved: Result<bool, DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                if !log::advance(unit, place, last).await? {
                    return Ok(false);
                }
                for one in &deliveries {
                    unit.enqueue(Job::DeliverWebhook(DeliveryId::of(one.id)));
                }
                rows::insert_deliveries(unit, deliveries).await?;
                Ok(true)
            })
            .await;
        moved?;
        Ok(Step::Moved)
    }

    /// What of these records one subscriber is told.
    async fn told(
        &self,
        webhook: &Webhook,
        records: &[Followed],
    ) -> Result<Vec<delivery::Model>, WebhookError> {
        let on = self.db.read();
        let wanted: Vec<&Followed> = records
            .iter()
            .filter(|one| one.seq > webhook.since_seq && webhook.events.matches(&one.action))
            .collect();
        let mut ids: Vec<Thing> = Vec::new();
        ids.extend(wanted.iter().flat_map(|one| &one.things));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let Some(owner) = ops::owner(on, webhook.account, self.db.now()).await? else {
            return Ok(Vec::new());
        };
        let seen = rows::visible_among(on, &owner, &ids).await?;
        let seen: HashSet<Thing> = seen.into_iter().collect();
        let mut told = Vec::new();
        for record in wanted {
            let visible = record.things.iter().filter(|one| seen.contains(one));
            for thing in visible {
                // What came along in a record is told by its own kind of change only.
                if !thing.is_told_by(&record.action) {
                    continue;
                }
                let change = Told::Change {
                    seq: record.seq,
                    thing: *thing,
                };
                let now = self.db.now();
                told.push(rows::waiting(webhook.id, change, &record.action, now));
            }
        }
        Ok(told)
    }
}
