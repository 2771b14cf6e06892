//! What is done with signing jobs; the only code that writes about them.

use sea_orm::ConnectionTrait;

use super::model::{
    Level, New, Outcome, RESTARTS_MAX, SeenPage, SigningError, SigningJob, State, Step,
    seen_together,
};
use super::{identity, rows};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Job, Right, SigningJobId, TabletId, Timestamp, VersionId};
use crate::documents::{self, Content, DocumentError, Held, Kept};
use crate::relations::{self, RelationError, RelationKind};
use crate::tablets::{self, Tablet, Taking, Took};
use crate::unit::{Db, Unit};

/// Bytes of chance that a tablet signs along.
const NONCE_BYTES: usize = 16;
/// How many jobs are ended in one go.
const AT_ONCE: u64 = 100;
/// Why a job ended that was sent by somebody else to a tablet that is taken now.
const TAKEN_OVER: &str = "taken_over";
/// Why a job ended whose tablet is known no more.
const TABLET_REVOKED: &str = "tablet_revoked";

fn context(tablet: TabletId, what: &str) -> Vec<u8> {
    Object::new()
        .with("step", what)
        .with("tablet", tablet.to_string())
        .to_bytes()
}

/// Refuses whoever acts for another: who had it signed is who was there.
pub(super) fn require_own_name(actor: &Actor) -> Result<(), SigningError> {
    if actor.on_behalf_of.is_none() {
        return Ok(());
    }
    Err(SigningError::InAnothersStead)
}

/// Ends a job without a signature.
async fn ended(
    unit: &mut Unit,
    job: SigningJob,
    step: Step,
    reason: Option<String>,
) -> Result<SigningJob, SigningError> {
    let mut job = job.stepped(step, unit.now())?;
    job.reason = reason;
    rows::save(unit, &mut job).await?;
    let (action, said) = match step {
        Step::Refuse => (Action::SigningRefuse, "refuse"),
        Step::Cancel => (Action::SigningEnd, "cancel"),
        Step::Expire => (Action::SigningEnd, "expire"),
        Step::Fail => (Action::SigningEnd, "fail"),
        Step::Change => (Action::SigningEnd, "change"),
        Step::Link => (Action::SigningPaper, "link"),
        Step::Show | Step::Begin | Step::Sign => (Action::SigningProgress, "step"),
    };
    let context = context(job.tablet, said);
    unit.record_with(action, Some(job.department), Some(context));
    Ok(job)
}

/// Makes room on a tablet: what has run out has, and what somebody else sent goes when the tablet is taken.
async fn make_room(unit: &mut Unit, tablet: TabletId, took: Took) -> Result<(), SigningError> {
    let Some(open) = rows::open_on(unit.tx(), tablet).await? else {
        return Ok(());
    };
    if open.has_run_out(unit.now()) {
        ended(unit, open, Step::Expire, None).await?;
        return Ok(());
    }
    if took == Took::Now && open.clerk != unit.actor().account {
        ended(unit, open, Step::Cancel, Some(TAKEN_OVER.to_owned())).await?;
        return Ok(());
    }
    Err(SigningError::Busy)
}

/// Takes a tablet to work with it; what another clerk had sent to it is called off.
pub(super) async fn lease(
    unit: &mut Unit,
    id: TabletId,
    taking: Taking,
) -> Result<Tablet, SigningError> {
    require_own_name(unit.actor())?;
    let (tablet, took) = tablets::lease(unit, id, taking).await?;
    if took == Took::Already {
        return Err(SigningError::Leased);
    }
    match make_room(unit, id, took).await {
        // One's own goes on.
        Ok(()) | Err(SigningError::Busy) => Ok(tablet),
        Err(error) => Err(error),
    }
}

/// Gives a tablet back; what was sent to it is called off.
pub(super) async fn give_back(unit: &mut Unit, id: TabletId) -> Result<Tablet, SigningError> {
    let tablet = tablets::give_back(unit, id).await?;
    if let Some(open) = rows::open_on(unit.tx(), id).await? {
        let step = if open.has_run_out(unit.now()) {
            Step::Expire
        } else {
            Step::Cancel
        };
        ended(unit, open, step, None).await?;
    }
    Ok(tablet)
}

/// Revokes a tablet; what it shows is called off with it, whoever sent that: gives that job too.
///
/// # Errors
/// [`SigningError`].
pub async fn revoke(
    unit: &mut Unit,
    id: TabletId,
    reason: String,
) -> Result<(Tablet, Option<SigningJob>), SigningError> {
    let tablet = tablets::revoke(unit, id, reason).await?;
    let Some(open) = rows::open_on(unit.tx(), id).await? else {
        return Ok((tablet, None));
    };
    // Locked and looked at again: it may have been signed this moment.
    let found = rows::find_to_change(unit, open.id).await?;
    let Some(open) = found.filter(|job| !job.state.is_over()) else {
        return Ok((tablet, None));
    };
    let job = if open.has_run_out(unit.now()) {
        ended(unit, open, Step::Expire, None).await?
    } else {
        ended(unit, open, Step::Cancel, Some(TABLET_REVOKED.to_owned())).await?
    };
    Ok((tablet, Some(job)))
}

/// Sends a document to a tablet. `shown` is the version that was found fit to be signed.
pub(super) async fn send(
    unit: &mut Unit,
    new: New,
    (shown, seconds_max): (VersionId, i64),
) -> Result<SigningJob, SigningError> {
    require_own_name(unit.actor())?;
    let (document, version) = documents::to_sign(unit, new.document).await?;
    if version.number != new.number || version.id != shown {
        return Err(SigningError::OtherVersion {
            current: version.number,
        });
    }
    identity::require(unit, document.id, new.identity_check).await?;
    let (tablet, took) = tablets::lease(unit, new.tablet, Taking::Free).await?;
    make_room(unit, tablet.id, took).await?;
    let mut chance = [0; NONCE_BYTES];
    getrandom::fill(&mut chance).map_err(|_none| SigningError::NoChance)?;
    let job = SigningJob {
        id: SigningJobId::new(),
        version: 1,
        document: document.id,
        shown: version.id,
        number: version.number,
        sha256: version.sha256,
        department: document.department,
        tablet: tablet.id,
        clerk: unit.actor().account,
        purpose: new.purpose,
        sentence: new.sentence,
        language: new.language,
        spot: new.spot,
        nonce: hex::encode(chance),
        state: State::Waiting,
        reason: None,
        created_at: unit.now(),
        expires_at: unit.now().plus_seconds(seconds_max),
        shown_at: None,
        signing_at: None,
        ended_at: None,
        pages: Vec::new(),
        restarts: 0,
        outcome: None,
        identity_check: new.identity_check,
        protocol: None,
        paper: None,
    };
    rows::insert(unit, &job).await?;
    let context = context(tablet.id, "send");
    unit.record_with(Action::SigningSend, Some(job.department), Some(context));
    Ok(job)
}

/// What a tablet tells of how far somebody has come.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The pages that were seen.
    pub(super) pages: Vec<SeenPage>,
    /// Whether the pad is open.
    pub(super) signing: bool,
    /// How often somebody began anew.
    pub(super) restarts: u32,
}

/// A job on this tablet, locked.
async fn on_tablet(
    unit: &Unit,
    id: SigningJobId,
    tablet: TabletId,
) -> Result<SigningJob, SigningError> {
    let found = rows::find_to_change(unit, id).await?;
    let job = found.filter(|job| job.tablet == tablet);
    job.ok_or(SigningError::NotFound)
}

/// Notes how far somebody has come: shown, pages, the pad.
pub(super) async fn progress(
    unit: &mut Unit,
    id: SigningJobId,
    tablet: TabletId,
    told: Told,
) -> Result<SigningJob, SigningError> {
    let job = on_tablet(unit, id, tablet).await?;
    let now = unit.now();
    let mut job = match (job.state_at(now), told.signing) {
        // The pad opens over what was shown, also where its report came first.
        (State::Waiting, true) => job.stepped(Step::Show, now)?.stepped(Step::Begin, now)?,
        (_, true) => job.stepped(Step::Begin, now)?,
        (_, false) => job.stepped(Step::Show, now)?,
    };
    job.pages = seen_together(&job.pages, &told.pages);
    job.restarts = told.restarts.min(RESTARTS_MAX).max(job.restarts);
    rows::save(unit, &mut job).await?;
    let context = context(tablet, job.state.code());
    unit.record_with(Action::SigningProgress, Some(job.department), Some(context));
    Ok(job)
}

/// Whoever was to sign refused, or left.
pub(super) async fn refuse(
    unit: &mut Unit,
    id: SigningJobId,
    tablet: TabletId,
    (step, reason): (Step, Option<String>),
) -> Result<SigningJob, SigningError> {
    let job = on_tablet(unit, id, tablet).await?;
    ended(unit, job, step, reason).await
}

/// Ends a job that cannot come to a signature any more.
pub(super) async fn end(
    unit: &mut Unit,
    id: SigningJobId,
    step: Step,
) -> Result<SigningJob, SigningError> {
    let found = rows::find_to_change(unit, id).await?;
    let job = found.ok_or(SigningError::NotFound)?;
    ended(unit, job, step, None).await
}

/// Calls a job off: the clerk who sent it, whoever works with the tablet now, and whoever may change the
/// document.
pub(super) async fn cancel(
    unit: &mut Unit,
    id: SigningJobId,
    reason: String,
) -> Result<SigningJob, SigningError> {
    let found = rows::find_to_change(unit, id).await?;
    let job = found.ok_or(SigningError::NotFound)?;
    let held = match documents::read(unit.tx(), unit.actor(), job.document).await {
        Ok(held) => held,
        Err(DocumentError::NotFound) => return Err(SigningError::NotFound),
        Err(error) => return Err(error.into()),
    };
    let actor = unit.actor();
    let sent = job.clerk == actor.account;
    if !sent && !actor.may(Right::Edit, held.document.place()) {
        return Err(SigningError::Forbidden);
    }
    ended(unit, job, Step::Cancel, Some(reason)).await
}

/// Says that it was signed on paper instead, and links the scan of that: a document of its own, which belongs to the
/// one that was to be signed.
pub(super) async fn link_paper(
    unit: &mut Unit,
    id: SigningJobId,
    scan: DocumentId,
) -> Result<SigningJob, SigningError> {
    let found = rows::find_to_change(unit, id).await?;
    let job = found.ok_or(SigningError::NotFound)?;
    require_own_name(unit.actor())?;
    if scan == job.document {
        return Err(SigningError::NoScan);
    }
    // The lesser of the two is locked first, as relations do it: nobody waits for the other.
    documents::lock(unit, scan.min(job.document)).await?;
    match documents::to_work_on(unit, job.document, Right::Edit).await {
        Ok(_) => {}
        Err(DocumentError::NotFound) => return Err(SigningError::NotFound),
        Err(error) => return Err(error.into()),
    }
    match documents::read(unit.tx(), unit.actor(), scan).await {
        Ok(_) => {}
        Err(DocumentError::NotFound) => return Err(SigningError::NoScan),
        Err(error) => return Err(error.into()),
    }
    let before = job.state_at(unit.now());
    let mut job = job.stepped(Step::Link, unit.now())?;
    match relations::relate(unit, RelationKind::BelongsTo, scan, job.document).await {
        // That it belongs there was said before.
        Ok(_) | Err(RelationError::Exists { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    job.paper = Some(scan);
    rows::save(unit, &mut job).await?;
    let context = Object::new()
        .with("before", before.code())
        .with("scan", scan.to_string())
        .to_bytes();
    unit.record_with(Action::SigningPaper, Some(job.department), Some(context));
    Ok(job)
}

/// What was signed: in the store, and not in any row yet.
#[derive(Debug)]
pub(super) struct Ready {
    /// The sealed document.
    pub(super) content: Content,
    /// SHA-256 of the record of the strokes.
    pub(super) strokes_sha256: [u8; 32],
    /// The strokes, sealed to the notary, with the digest of his certificate.
    pub(super) strokes: Option<(Kept, [u8; 32])>,
    /// How far somebody had come.
    pub(super) told: Told,
    /// What was found out: JSON.
    pub(super) evidence: String,
}

/// Adds the sealed document as a version, and ends the job: both, or neither. By the clerk who sent it, as he
/// may now.
pub(super) async fn complete(
    unit: &mut Unit,
    id: SigningJobId,
    tablet: TabletId,
    ready: Ready,
) -> Result<(SigningJob, Held), SigningError> {
    let job = on_tablet(unit, id, tablet).await?;
    let mut job = job.stepped(Step::Sign, unit.now())?;
    let added = documents::add_signed(unit, job.document, job.shown, ready.content).await;
    let held = match added {
        Ok(held) => held,
        Err(DocumentError::Stale { .. }) => return Err(SigningError::Changed),
        Err(error) => return Err(error.into()),
    };
    if let Some((kept, certificate)) = &ready.strokes {
        documents::keep_sealed_strokes(unit, held.version.id, *certificate, kept).await?;
    }
    job.pages = seen_together(&job.pages, &ready.told.pages);
    job.restarts = ready.told.restarts.min(RESTARTS_MAX).max(job.restarts);
    job.outcome = Some(Outcome {
        strokes_sha256: ready.strokes_sha256,
        signed: held.version.id,
        level: Level::Basic,
        held: None,
        archive_until: None,
        evidence: ready.evidence,
    });
    rows::save(unit, &mut job).await?;
    let context = Object::new()
        .with("shown", hex::encode(job.sha256))
        .with("signed", hex::encode(held.version.sha256))
        .with("strokes", hex::encode(ready.strokes_sha256))
        .with("tablet", tablet.to_string())
        .to_bytes();
    unit.record_with(Action::SigningSign, Some(job.department), Some(context));
    unit.enqueue(Job::WriteProtocol(job.id));
    Ok((job, held))
}

/// Says of jobs whose time is over that it is; gives those.
pub(super) async fn expire(db: &Db) -> Result<Vec<SigningJob>, SigningError> {
    let waiting = rows::run_out(db.read(), db.now(), AT_ONCE).await?;
    let mut over = Vec::new();
    for id in waiting {
        let done = db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                end(unit, id, Step::Expire).await
            })
            .await;
        match done {
            Ok(written) => over.push(written.value),
            // It ended otherwise meanwhile.
            Err(SigningError::State { .. } | SigningError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(over)
}

/// A job that the actor may see: he sees the document.
pub(super) async fn read(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: SigningJobId,
) -> Result<SigningJob, SigningError> {
    let found = rows::find(on, id).await?;
    let job = found.ok_or(SigningError::NotFound)?;
    match documents::read(on, actor, job.document).await {
        Ok(_) => Ok(job),
        Err(DocumentError::NotFound) => Err(SigningError::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// What a tablet shows at `now`.
pub(super) async fn shown_on(
    on: &impl ConnectionTrait,
    tablet: TabletId,
    now: Timestamp,
) -> Result<Option<SigningJob>, DbError> {
    let open = rows::open_on(on, tablet).await?;
    Ok(open.filter(|job| !job.state_at(now).is_over()))
}
