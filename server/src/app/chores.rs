//! What a server does by itself: figures, checks, sweeping, noting what was used.

use std::sync::Arc;
use std::time::Duration;

use super::Server;
use super::anchors::{age_of, signing_looks, stamping, witnessing};
use super::disks::Disks;
use crate::base::db::DbError;
use crate::base::tasks::news;
use crate::base::{JobKind, SetBack, Timestamp};
use crate::http::metrics::Metrics;
use crate::ledger::looks::Looks;
use crate::ledger::publisher::Published;
use crate::proof::check::{CheckError, Checked, Depth, Mode, Outcome, check, lists, reports};
use crate::search::{Progress, Rebuilder};
use crate::unit::Db;
use crate::virus::Scanner;
use crate::{departments, documents, inspections, jobs, replay, signing, webhooks, workflows};

/// How often it is looked whether more can be read again.
const AGAIN_EVERY: Duration = Duration::from_secs(5);
/// A pause in which others come to write.
const BETWEEN_SKETCHES: Duration = Duration::from_millis(100);

/// How often it is looked whether a seal is to be raised.
const RAISE_EVERY: Duration = Duration::from_secs(1);
/// After how long the timestamp authority is asked again where it did not answer.
const RAISE_AGAIN: Duration = Duration::from_secs(30);

impl Server {
    /// Writes down once a second which tokens were used.
    pub(super) fn note_uses(&self) {
        let (db, people) = (self.archive.db.clone(), Arc::clone(&self.people));
        self.tasks.start("token uses", |end| async move {
            loop {
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
                if let Err(error) = departments::note_uses(&db, &people).await {
                    tracing::warn!(error = %error, "that tokens were used could not be noted");
                }
            }
        });
    }

    /// Says once that the hours of an emergency are over.
    pub(super) fn tell_emergencies(&self) {
        let db = self.archive.db.clone();
        self.tasks.start("emergencies", |end| async move {
            loop {
                if let Err(error) = inspections::tell_expired(&db).await {
                    tracing::warn!(
                        error = %error,
                        cause = ?error,
                        "that the hours of an emergency are over could not be said"
                    );
                }
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(5)) => {}
                }
            }
        });
    }

    /// Fires the timers of workflows that are due.
    pub(super) fn fire_timers(&self) {
        let mut timers = workflows::Timers::new(&self.archive.db, &self.rules);
        self.tasks.start("timers", |end| async move {
            loop {
                match Box::pin(timers.step()).await {
                    Ok(0) => {}
                    Ok(fired) => tracing::debug!(workflow.timers = fired, "timers fired"),
                    Err(error) => tracing::warn!(
                        error = %error,
                        cause = ?error,
                        "it could not be looked which timers are due"
                    ),
                }
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(workflows::Timers::pause()) => {}
                }
            }
        });
    }

    /// Looks at workflows whose documents have other versions, and rings for those who watch their inboxes.
    pub(super) fn follow_workflows(&self) {
        let db = self.archive.db.clone();
        let mut follower = workflows::Follower::new(&db, &self.rules, &self.bell);
        self.tasks.start("workflows", |end| async move {
            let mut head = db.head();
            loop {
                head.borrow_and_update();
                match Box::pin(follower.step()).await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => tracing::warn!(
                        error = %error,
                        cause = ?error,
                        "workflows cannot follow the log"
                    ),
                }
                if !news(&mut head, workflows::Follower::pause(), &end).await {
                    return;
                }
            }
        });
    }

    /// Says of signing jobs that their time is over.
    pub(super) fn end_signing(&self) {
        let (db, bus) = (self.archive.db.clone(), self.bus.clone());
        self.tasks.start("signing jobs", |end| async move {
            loop {
                if let Err(error) = signing::expire(&db, &bus).await {
                    tracing::warn!(
                        error = %error,
                        cause = ?error,
                        "that the time of a signing job is over could not be said"
                    );
                }
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        });
    }

    /// Does what steps of workflows ask of the system: seals, forms, exports.
    pub(super) fn work_for_workflows(&self) {
        let bench = self.bench();
        let mut head = self.archive.db.head();
        let db = self.archive.db.clone();
        let mut set_back = SetBack::default();
        self.tasks.start("workflows", |end| async move {
            loop {
                if set_back.noticed(db.now())
                    && let Err(error) = bench.bring_near().await
                {
                    tracing::warn!(error = %error, "what waits for too long could not be looked for");
                }
                if let Err(error) = Box::pin(bench.carry_out()).await {
                    tracing::warn!(
                        error = %error,
                        cause = ?error,
                        "what steps of workflows ask could not be looked at"
                    );
                }
                if !news(&mut head, Duration::from_secs(1), &end).await {
                    return;
                }
            }
        });
    }

    /// Raises seals as far as the settings want them, and renews their archive timestamps, where the settings name
    /// a timestamp authority.
    pub(super) fn raise_seals(&self) {
        if self.stamp.tsa().is_none() {
            return;
        }
        let (db, storage) = (self.archive.db.clone(), self.archive.storage.clone());
        let stamp = Arc::clone(&self.stamp);
        self.tasks.start("timestamps", |end| async move {
            loop {
                let raised = match Box::pin(signing::raise(&db, &storage, &stamp)).await {
                    Ok(_) => Box::pin(workflows::raise_seals(&db, &storage, &stamp)).await,
                    Err(error) => Err(error),
                };
                let pause = match raised {
                    Ok(_) => RAISE_EVERY,
                    Err(error) => {
                        tracing::warn!(
                            error = %error,
                            cause = ?error,
                            "seals cannot be raised now; they wait where they are"
                        );
                        RAISE_AGAIN
                    }
                };
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }

    /// Checks at start what a start can wait for, and everything every night.
    pub(super) fn check(&self, metrics: &Arc<Metrics>) {
        let (archive, index) = (self.archive.clone(), self.index.clone());
        let (metrics, hour) = (Arc::clone(metrics), self.config.nightly_hour);
        let rights = self.config.rights;
        let trust = self.config.signatures_trust.clone();
        let named = self.config.signatures_lists.clone();
        let stamp = Arc::clone(&self.stamp);
        let filed_in = self.config.log.report_dir.clone();
        let log = &self.config.log;
        let stamped_every = log.tsa.as_ref().map(|_tsa| log.tsa_every);
        self.tasks.start("check", |end| async move {
            let mut depth = Depth::Quick;
            loop {
                let on = Checked {
                    db: archive.db.clone(),
                    storage: archive.storage.clone(),
                    index: Some(index.clone()),
                    changes: archive.publication.clone(),
                    looks: archive.looks.clone(),
                    now: archive.db.now().utc().into(),
                    rights,
                    certificates: stamp.ends().clone(),
                    witnesses: archive.witnesses.clone(),
                    stamped_every,
                };
                tokio::select! {
                    () = end.cancelled() => return,
                    mut checked = check(&on, depth, Mode::Look) => {
                        if let (Ok(outcome), Depth::Whole) = (&mut checked, depth) {
                            lists((trust.as_path(), &named), outcome);
                            reports(filed_in.as_deref(), archive.db.now(), outcome);
                        }
                        tell(checked, depth, &metrics);
                    }
                }
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(until(hour, archive.db.now())) => {}
                }
                depth = Depth::Whole;
            }
        });
    }

    /// Once after the start: has read again what older engines have read.
    pub(super) fn read_again(&self) {
        let db = self.archive.db.clone();
        self.tasks.start("reading again", |end| async move {
            loop {
                match jobs::read_again(&db).await {
                    Ok(jobs::Step::Done) => return,
                    Ok(jobs::Step::More) => {}
                    Err(error) => {
                        tracing::warn!(error = %error, "older texts could not be looked for");
                    }
                }
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(AGAIN_EVERY) => {}
                }
            }
        });
    }

    /// Once after the start: remembers the texts that were kept before texts were remembered.
    pub(super) fn sketch_older(&self) {
        let (db, storage) = (self.archive.db.clone(), self.archive.storage.clone());
        self.tasks.start("sketching", |end| async move {
            let mut after = None;
            loop {
                let pause = match jobs::sketch_older(&db, &storage, after).await {
                    Ok(None) => return,
                    Ok(last) => {
                        after = last;
                        BETWEEN_SKETCHES
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "older texts could not be remembered");
                        AGAIN_EVERY
                    }
                };
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }

    /// Keeps the figures of `/metrics` fresh, and sweeps what has had its time.
    pub(super) fn watch(&self, metrics: &Arc<Metrics>) {
        let (db, follower) = (self.archive.db.clone(), self.follower.clone());
        let (published, metrics) = (self.published.clone(), Arc::clone(metrics));
        let (looks, rebuilder) = (self.looks.clone(), self.rebuilder.clone());
        let disks = Disks::of(&self.config);
        let keep = self.config.webhooks.keep;
        let attempts = self.attempts();
        let scanner = self.config.virus.as_ref().map(Scanner::new);
        let stamp = Arc::clone(&self.stamp);
        let witnesses = self.witnesses.clone();
        self.tasks.start("figures", |end| async move {
            let mut rounds: u32 = 0;
            loop {
                let now = *published.borrow();
                figures(&db, follower.progress(), now, &metrics).await;
                witnessing(&witnesses, db.now(), &metrics);
                rebuilding(&rebuilder, &metrics);
                guarding(&db, &looks, &metrics).await;
                signing_looks(db.now(), looks.published(), &metrics);
                sealing(&db, &stamp, &metrics).await;
                going_on(&db, &metrics).await;
                stamping(&db, &metrics).await;
                for (disk, space) in disks.rooms().unwrap_or_default() {
                    metrics.disk(disk, space.free_bytes, space.total_bytes);
                }
                if let Some(scanner) = &scanner {
                    tokio::select! {
                        () = end.cancelled() => return,
                        () = scanning(&db, scanner, &metrics) => {}
                    }
                }
                if rounds.is_multiple_of(720) {
                    swept(replay::sweep(&db).await, "old saved answers");
                    swept(webhooks::sweep(&db, keep).await, "old deliveries");
                    swept(attempts.sweep(&db).await, "old attempts to sign in");
                    swept(departments::sweep_uses(&db).await, "uses of ended tokens");
                    swept(workflows::sweep_notices(&db).await, "old notices");
                }
                rounds = rounds.wrapping_add(1);
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(5)) => {}
                }
            }
        });
    }
}

/// What could not be swept is swept another time.
fn swept(done: Result<(), DbError>, what: &str) {
    if let Err(error) = done {
        tracing::warn!(error = %error, "{what} could not be swept");
    }
}

/// What a check found, for those who watch: a figure and a line each.
fn tell(checked: Result<Outcome, CheckError>, depth: Depth, metrics: &Metrics) {
    match checked {
        Ok(outcome) => {
            metrics
                .check_findings
                .set(i64::try_from(outcome.open()).unwrap_or(i64::MAX));
            for finding in outcome.list() {
                tracing::warn!(
                    check.code = finding.code.name(),
                    check.what = finding.what,
                    "check: {}",
                    finding.code.german()
                );
            }
            if outcome.open() == 0 {
                tracing::info!(check.depth = ?depth, "check: clean");
            }
        }
        Err(error) => {
            tracing::error!(error = %error, cause = ?error, "the check could not be carried out");
        }
    }
}

/// How long it is until this hour (UTC) comes next.
fn until(hour: u8, now: Timestamp) -> Duration {
    let of_day = now.micros().div_euclid(1_000_000).rem_euclid(86_400);
    let left = (i64::from(hour) * 3_600 - of_day).rem_euclid(86_400);
    Duration::from_secs(u64::try_from(if left == 0 { 86_400 } else { left }).unwrap_or(86_400))
}

async fn figures(db: &Db, index: Progress, published: Published, metrics: &Metrics) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let head = db.head().borrow().map_or(0, |seq| seq + 1);
    let applied = index.seq.map_or(0, |seq| seq + 1);
    metrics.log_head_seq.set(whole(head.saturating_sub(1)));
    metrics.index_seq.set(whole(applied.saturating_sub(1)));
    metrics
        .index_lag_records
        .set(whole(head.saturating_sub(applied)));
    metrics.log_checkpoint_size.set(whole(published.size));
    let age = age_of(published, db.now());
    metrics.log_checkpoint_age_seconds.set(age);
    let queues = [
        (JobKind::ExtractText, "jobs", "failed"),
        (JobKind::ReadScan, "scans", "scans_failed"),
        (JobKind::ConvertOffice, "conversions", "conversions_failed"),
        (JobKind::DeliverWebhook, "webhooks", "webhooks_failed"),
        (JobKind::MoveContent, "moves", "moves_failed"),
        (JobKind::CarryOut, "destructions", "destructions_failed"),
        (JobKind::MakeCopy, "copies", "copies_failed"),
        (JobKind::SplitBatch, "splits", "splits_failed"),
        (JobKind::WriteProtocol, "protocols", "protocols_failed"),
        (JobKind::SendMail, "mails", "mails_failed"),
    ];
    for (kind, waiting, failed) in queues {
        if let Ok(backlog) = jobs::backlog(db.read(), kind).await {
            let oldest = backlog
                .oldest
                .map_or(0, |at| db.now().micros() - at.micros());
            let age = Duration::from_micros(u64::try_from(oldest).unwrap_or_default());
            metrics.queue(waiting, backlog.waiting, age);
            metrics.queue(failed, backlog.failed, Duration::ZERO);
        }
    }
}

/// How far a rebuild of the index is.
fn rebuilding(rebuilder: &Rebuilder, metrics: &Metrics) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let standing = rebuilder.standing();
    let running = standing.now;
    let (documents, total) = running.map_or((0, 0), |now| (now.documents, now.total));
    metrics.index_rebuild_documents.set(whole(documents));
    metrics.index_rebuild_total.set(whole(total));
    let failed = standing.last.is_some_and(|last| last.done.is_none());
    metrics.index_rebuild_failed.set(i64::from(failed));
}

/// Whether the second log is written, and whether anybody reads in an emergency.
async fn guarding(db: &Db, looks: &Looks, metrics: &Metrics) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (waiting, lost) = looks.unrecorded();
    metrics.access_log_waiting.set(whole(waiting));
    metrics.access_log_lost.set(whole(lost));
    let refusals = looks.refusals_unrecorded();
    metrics.refusals_unrecorded.set(whole(refusals));
    match inspections::emergencies_now(db.read(), db.now()).await {
        Ok(active) => {
            metrics.break_glass_active.set(whole(active));
        }
        Err(error) => tracing::warn!(error = %error, "emergencies could not be counted"),
    }
}

/// How far seals are, and until when they can be put on.
async fn sealing(db: &Db, stamp: &signing::Stamp, metrics: &Metrics) {
    let counted = async {
        let of_workflows = workflows::seals_waiting(db.read(), db.now()).await?;
        Ok::<_, DbError>((signing::waiting(db, stamp).await?, of_workflows))
    };
    match counted.await {
        Ok((all, others)) => {
            for (level, count) in all {
                let mut others = others.iter().filter(|(waits, _)| *waits == level);
                let more = others.next().map_or(0, |(_, more)| *more);
                metrics.seals(level, count + more);
            }
        }
        Err(error) => tracing::warn!(error = %error, "waiting seals could not be counted"),
    }
    for &(what, end) in stamp.ends().all() {
        metrics.certificate(what, end.micros() / 1_000_000);
    }
}

/// What is open in workflows, and whether timers and mails get through.
async fn going_on(db: &Db, metrics: &Metrics) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let now = db.now();
    match workflows::figures(db.read(), now).await {
        Ok((open, mails)) => {
            metrics.workflow_steps_open.set(whole(open.open));
            metrics.workflow_steps_overdue.set(whole(open.overdue));
            metrics.workflow_timers_due.set(whole(open.timers_due));
            let oldest = open.timer_oldest;
            let age = oldest.map_or(0, |at| now.micros() - at.micros());
            let age = Duration::from_micros(u64::try_from(age).unwrap_or_default());
            metrics.workflow_timer_age_seconds.set(age.as_secs_f64());
            metrics.mails_given_up.set(whole(mails.given_up));
        }
        Err(error) => tracing::warn!(error = %error, "workflows could not be counted"),
    }
}

/// Whether the virus scanner answers, and how much lies in quarantine.
async fn scanning(db: &Db, scanner: &Scanner, metrics: &Metrics) {
    let answers = scanner.version().await.is_ok();
    metrics.virus_scanner_up.set(i64::from(answers));
    match documents::count_quarantined(db.read()).await {
        Ok(count) => {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            metrics.quarantined.set(count);
        }
        Err(error) => tracing::warn!(error = %error, "the quarantine could not be counted"),
    }
}
