//! What publishes the log, and who outside is to keep something of it: witnesses, a timestamp authority, a binder.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{ServeError, Server};
use crate::archive::Archive;
use crate::base::{Tasks, Timestamp};
use crate::http::metrics::Metrics;
use crate::ledger::publisher::{Published, Publisher};
use crate::ledger::report::{self, Filed};
use crate::ledger::timestamps::{self, Stamper};
use crate::ledger::witnesses::{Trouble, Witnesses};
use crate::unit::Db;

/// How often it is looked whether another day has begun, whose report is to be filed.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// The same before anything was signed: the first report is filed with the first checkpoint.
const REPORT_SOON: Duration = Duration::from_secs(2);

/// How far a log is published.
type Following = watch::Receiver<Published>;

/// Starts what publishes the two logs, and who is asked to cosign that of changes; how far it, and that of looks, is
/// published.
pub(super) async fn publish(
    archive: &Archive,
    tasks: &Tasks,
) -> Result<(Following, Witnesses, Following), ServeError> {
    let (db, storage, to) = (&archive.db, &archive.storage, &archive.publication);
    let publisher = Publisher::open(db, storage, to.clone()).await?;
    let published = publisher.state();
    publisher.start(tasks);
    let witnesses = Witnesses::start(
        db,
        storage,
        to,
        &archive.witnesses,
        published.clone(),
        tasks,
    );
    let seen = Publisher::follow(db, storage, archive.looks.clone(), tasks).await;
    Ok((published, witnesses, seen))
}

impl Server {
    /// Who has the log stamped, where the settings name an authority.
    pub(super) fn stamper(&self) -> Stamper {
        let Archive {
            db,
            storage,
            publication,
            ..
        } = &self.archive;
        Stamper::new(db, storage, publication, self.config.log.tsa.as_deref())
    }

    /// Has the log stamped every so often, where the settings name a timestamp authority.
    pub(super) fn stamp_log(&self) {
        let every = self.config.log.tsa_every;
        timestamps::start(self.stamper(), every, self.published.clone(), &self.tasks);
    }

    /// Files the daily report of the log, where the settings name a folder for it.
    pub(super) fn file_reports(&self, metrics: &Arc<Metrics>) {
        let Some(folder) = self.config.log.report_dir.clone() else {
            return;
        };
        let (db, metrics) = (self.archive.db.clone(), Arc::clone(metrics));
        let (storage, witnesses) = (self.archive.storage.clone(), self.archive.witnesses.clone());
        let house = report::House {
            town: self.config.forms.town.clone(),
            key: self.archive.publication.verifier(),
        };
        self.tasks.start("reports", |end| async move {
            loop {
                let outside = report::Outside {
                    storage: &storage,
                    witnesses: &witnesses,
                };
                let place = (folder.as_path(), db.now());
                let filed = report::file(db.read(), &house, place, outside).await;
                let pause = match &filed {
                    Ok(Filed::Now(path)) => {
                        tracing::info!(report = %path.display(), "the daily report of the log is filed");
                        REPORT_EVERY
                    }
                    Ok(Filed::Before) => REPORT_EVERY,
                    Ok(Filed::NotYet) => REPORT_SOON,
                    Err(error) => {
                        tracing::warn!(
                            error = %error,
                            cause = ?error,
                            "the daily report of the log could not be filed"
                        );
                        REPORT_EVERY
                    }
                };
                metrics.log_report_failed.set(i64::from(filed.is_err()));
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }
}

/// Seconds since the last checkpoint; 0 where there is none.
pub(super) fn age_of(published: Published, now: Timestamp) -> f64 {
    let since = published.at.map_or(0, |at| now.micros() - at.micros());
    Duration::from_micros(u64::try_from(since).unwrap_or_default()).as_secs_f64()
}

/// How far the log of looks is signed, and whether it is the one that was.
pub(super) fn signing_looks(now: Timestamp, published: Published, metrics: &Metrics) {
    let size = i64::try_from(published.size).unwrap_or(i64::MAX);
    metrics.access_log_checkpoint_size.set(size);
    let age = age_of(published, now);
    metrics.access_log_checkpoint_age_seconds.set(age);
    let failing = i64::from(published.failing);
    metrics.access_log_unsigned.set(failing);
    let contradicts = i64::from(published.contradicts());
    metrics.access_log_contradicts.set(contradicts);
}

/// How far witnesses have cosigned the log, and whether one refuses it.
pub(super) fn witnessing(witnesses: &Witnesses, now: Timestamp, metrics: &Metrics) {
    for one in witnesses.standing() {
        // One that never cosigned is silent since somebody asks.
        let (size, at) = one.cosigned.unwrap_or((0, witnesses.since()));
        let since = now.micros().saturating_sub(at.micros());
        let age = Duration::from_micros(u64::try_from(since).unwrap_or_default());
        let refuses = one.trouble.is_some_and(Trouble::is_alarm);
        metrics.witness(one.key.name(), size, age, i64::from(refuses));
    }
}

/// How old the newest timestamp of the log is, and how often in a row none was given.
pub(super) async fn stamping(db: &Db, metrics: &Metrics) {
    match timestamps::standing(db.read()).await {
        Ok(standing) => {
            let since = standing.asked_at;
            let age = since.map_or(0, |at| db.now().micros() - at.micros());
            let age = Duration::from_micros(u64::try_from(age).unwrap_or_default());
            metrics.log_timestamp_age_seconds.set(age.as_secs_f64());
            let failures = i64::try_from(standing.failures).unwrap_or(i64::MAX);
            metrics.log_timestamp_failures.set(failures);
        }
        Err(error) => tracing::warn!(error = %error, "timestamps of the log could not be counted"),
    }
}
