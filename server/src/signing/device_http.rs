//! What a tablet asks for and sends in. It is known by its cookie; what it sends in is signed by its key, along
//! with the nonce of the job.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use pades::strokes::Strokes;
use serde::de::DeserializeOwned;
use storage::Storage;
use uuid::Uuid;

use super::bus::Bus;
use super::desk::{Desk, Failure, Received, held_for, require_pages};
use super::device_wire::{JobToShow, PageToShow};
use super::events::{self, Watched};
use super::http::{lasting, said};
use super::model::{SigningError, SigningJob, Step};
use super::stamp::Stamp;
use super::wire::{EventQuery, JobStanding, OwnTablet, RefusalReport, SeenReport, SignatureReport};
use super::{ops, rows};
use crate::audit::event::Look;
use crate::base::{Actor, SigningJobId, Timestamp};
use crate::documents::{DocumentError, Painter, Showing};
use crate::http::extract::{Path, Query, json_of};
use crate::http::openapi::{PictureProblems, PlainProblems, SigningProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::tablets::{Device, Signed, Tablet};
use crate::unit::{Db, Unit, Written};

/// Longest name of a browser that is kept, in characters.
const AGENT_CHARS_MAX: usize = 300;

/// A job on this tablet.
async fn job_of(db: &Db, tablet: &Tablet, id: Uuid) -> Result<SigningJob, SigningError> {
    let found = rows::find(db.read(), SigningJobId::of(id)).await?;
    found
        .filter(|job| job.tablet == tablet.id)
        .ok_or(SigningError::NotFound)
}

/// A job on this tablet, and what it reports of it and has signed; that it did not is recorded.
async fn reported<R: DeserializeOwned>(
    (db, looks): (&Db, &Looks),
    tablet: &Tablet,
    id: Uuid,
    signed: &Signed,
) -> Result<(SigningJob, R), Problem> {
    let job = job_of(db, tablet, id).await?;
    if let Err(problem) = signed.require(tablet, &job.nonce) {
        let refused = Looked::of(Look::Refused, &Actor::system()).at(job.document.raw());
        looks.note(refused).await?;
        return Err(problem);
    }
    Ok((job, json_of(&signed.body, "")?))
}

fn standing(job: &SigningJob, now: Timestamp) -> JobStanding {
    JobStanding {
        state: job.state_at(now).into(),
    }
}

fn answer(db: &Db, written: &Written<SigningJob>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    response.json(standing(&written.value, db.now()))
}

/// Writes what a tablet reported, tells whoever watches the job, and answers.
async fn written<F>((db, bus): (&Db, &Bus), operation: F) -> Result<HttpResponse, Problem>
where
    F: AsyncFnOnce(&mut Unit) -> Result<SigningJob, SigningError> + Send + 'static,
{
    let written = db.write(&Actor::system(), operation).await?;
    bus.tell(&written.value);
    Ok(answer(db, &written))
}

/// What this tablet is, and what it has to show.
#[utoipa::path(
    get, path = "/api/v1/tablet", tag = "tablets", operation_id = "readOwnTablet",
    responses((status = 200, description = "This tablet", body = OwnTablet), PlainProblems),
    security(("tablet" = []))
)]
pub(super) async fn get_tablet(db: Data<Db>, device: Device) -> Result<HttpResponse, Problem> {
    let now = db.now();
    let job = ops::shown_on(db.read(), device.tablet.id, now).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, device.cookie()))
        .json(OwnTablet::of(&device.tablet, job.as_ref(), now)))
}

/// What this tablet has to show, as that changes: server-sent events.
///
/// `job` has the id of a job and nothing else; `idle` says that there is none; `revoked` is the last one. It
/// begins with what there is now, unless `Last-Event-ID` names just that.
#[utoipa::path(
    get, path = "/api/v1/tablet/events", tag = "tablets", operation_id = "watchOwnTablet",
    params(EventQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was read last")),
    responses((status = 200, description = "Events", body = String, content_type = "text/event-stream"),
        PlainProblems),
    security(("tablet" = []))
)]
pub(super) async fn get_events(
    request: HttpRequest,
    db: Data<Db>,
    bus: Data<Bus>,
    device: Device,
    Query(query): Query<EventQuery>,
) -> Result<HttpResponse, Problem> {
    let watched = Watched::Tablet(device.tablet.id);
    let said = said(&request);
    Ok(events::answer((&db, &bus), watched, lasting(&query), said))
}

/// What is to be shown: its pages, as pictures and as text.
///
/// The clerk who sent it must still be allowed to read it. Of a job that is over there is its `state`, and nothing
/// of what was to be signed.
#[utoipa::path(
    get, path = "/api/v1/tablet/jobs/{id}", tag = "tablets", operation_id = "readJobToShow",
    params(("id" = Uuid, Path, description = "The job")),
    responses((status = 200, description = "What to show", body = JobToShow), PictureProblems),
    security(("tablet" = []))
)]
pub(super) async fn get_job(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    painter: Data<Painter>,
    looks: Data<Looks>,
    device: Device,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let job = job_of(&db, &device.tablet, id).await?;
    let now = db.now();
    if job.state_at(now).is_over() {
        return Ok(HttpResponse::Ok().json(JobToShow::over(&job, now)));
    }
    let (clerk, held) = held_for(&db, &job, &request).await?;
    let place = (db.get_ref(), storage.get_ref(), painter.get_ref());
    let showing = Showing::open(place, job.clerk, job.shown).await?;
    let looked = Looked::of(Look::ReadContent, &clerk)
        .at_version(job.document.raw(), held.document.version)
        .within(held.document.department);
    looks.note(looked).await?;
    let mut texts = showing.texts().await?.into_iter();
    let mut pages = Vec::new();
    for (number, (width, height)) in (1_u32..).zip(showing.sizes().await?) {
        pages.push(PageToShow {
            number,
            width,
            height,
            picture: format!("/api/v1/tablet/jobs/{}/pages/{number}/picture", job.id),
            text: texts.next().unwrap_or_default(),
        });
    }
    Ok(HttpResponse::Ok().json(JobToShow::open(&job, now, pages)))
}

/// The picture of a page of what is to be shown, 1600 dots wide.
#[utoipa::path(
    get, path = "/api/v1/tablet/jobs/{id}/pages/{number}/picture", tag = "tablets",
    operation_id = "readPictureToShow",
    params(("id" = Uuid, Path, description = "The job"),
        ("number" = u32, Path, description = "The number of the page", minimum = 1)),
    responses((status = 200, description = "The picture", body = Vec<u8>, content_type = "image/webp",
        headers(
        ("ETag" = String, description = "`\"sha256-…\"`"),
        ("Accept-Ranges" = String, description = "`bytes`"),
        ("Content-Disposition" = String, description = "`inline`"),
        ("Repr-Digest" = String, description = "SHA-256 of the whole picture (RFC 9530)"))),
        PictureProblems),
    security(("tablet" = []))
)]
pub(super) async fn get_picture(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    painter: Data<Painter>,
    device: Device,
    Path((id, number)): Path<(Uuid, u32)>,
) -> Result<HttpResponse, Problem> {
    let job = job_of(&db, &device.tablet, id).await?;
    if job.state_at(db.now()).is_over() {
        return Err(SigningError::NotFound.into());
    }
    held_for(&db, &job, &request).await?;
    let place = (db.get_ref(), storage.get_ref(), painter.get_ref());
    let showing = Showing::open(place, job.clerk, job.shown).await?;
    let mut response = showing.respond(&request, number).await?;
    // Nothing of it stays on a tablet.
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(response)
}

/// Tells how far somebody has come: that it is shown, which pages were seen, that the pad is open.
///
/// Pages that the document does not have, the same one twice, or one seen for more than 3600 seconds are 422, and
/// nothing of the report counts.
#[utoipa::path(
    post, path = "/api/v1/tablet/jobs/{id}/seen", tag = "tablets", operation_id = "reportSeen",
    params(("id" = Uuid, Path, description = "The job"),
        ("Papierlos-Tablet-Signature" = String, Header,
            description = "ECDSA over P-256 with SHA-256, base64url: see `docs/signing.md`")),
    request_body = SeenReport,
    responses((status = 200, description = "Noted", body = JobStanding), SigningProblems),
    security(("tablet" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "which pages there are is known to what draws them"
)]
pub(super) async fn post_seen(
    db: Data<Db>,
    storage: Data<Storage>,
    painter: Data<Painter>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    device: Device,
    Path(id): Path<Uuid>,
    signed: Signed,
) -> Result<HttpResponse, Problem> {
    let tablet = &device.tablet;
    let (job, report) = reported::<SeenReport>((&db, &looks), tablet, id, &signed).await?;
    let (id, tablet, told) = (job.id, tablet.id, report.read()?);
    // That a job is over is said first, and by the rule itself.
    if !told.pages.is_empty() && !job.state_at(db.now()).is_over() {
        let place = (db.get_ref(), storage.get_ref(), painter.get_ref());
        let showing = Showing::open(place, job.clerk, job.shown).await?;
        require_pages(showing.sizes().await?.len(), &told)?;
    }
    written((&db, &bus), async move |unit: &mut Unit| {
        ops::progress(unit, id, tablet, told).await
    })
    .await
}

/// Tells that there is no signature: refused, or nobody touched the tablet for too long.
#[utoipa::path(
    post, path = "/api/v1/tablet/jobs/{id}/refusal", tag = "tablets", operation_id = "reportRefusal",
    params(("id" = Uuid, Path, description = "The job"),
        ("Papierlos-Tablet-Signature" = String, Header,
            description = "ECDSA over P-256 with SHA-256, base64url: see `docs/signing.md`")),
    request_body = RefusalReport,
    responses((status = 200, description = "Over", body = JobStanding), SigningProblems),
    security(("tablet" = []))
)]
pub(super) async fn post_refusal(
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    device: Device,
    Path(id): Path<Uuid>,
    signed: Signed,
) -> Result<HttpResponse, Problem> {
    let tablet = &device.tablet;
    let (job, report) = reported::<RefusalReport>((&db, &looks), tablet, id, &signed).await?;
    let (id, tablet, end) = (job.id, tablet.id, report.read()?);
    written((&db, &bus), async move |unit: &mut Unit| {
        ops::refuse(unit, id, tablet, end).await
    })
    .await
}

/// Hands in a signature. The answer is sent when the sealed document is a version: durable, with its record.
///
/// Sent again with the same strokes, it is answered again, and nothing happens twice. Where the document got
/// another version meanwhile, 409, and nothing was signed.
#[utoipa::path(
    post, path = "/api/v1/tablet/jobs/{id}/signature", tag = "tablets", operation_id = "handInSignature",
    params(("id" = Uuid, Path, description = "The job"),
        ("Papierlos-Tablet-Signature" = String, Header,
            description = "ECDSA over P-256 with SHA-256, base64url: see `docs/signing.md`")),
    request_body = SignatureReport,
    responses((status = 200, description = "Signed and sealed", body = JobStanding), SigningProblems),
    security(("tablet" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a signature needs of its request"
)]
pub(super) async fn post_signature(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    painter: Data<Painter>,
    stamp: Data<Stamp>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    device: Device,
    Path(id): Path<Uuid>,
    signed: Signed,
) -> Result<HttpResponse, Problem> {
    let tablet = &device.tablet;
    let (job, report) = reported::<SignatureReport>((&db, &looks), tablet, id, &signed).await?;
    require_sentence(&job, &report)?;
    let record = serde_json::to_vec(&report.strokes).map_err(Problem::internal)?;
    let strokes = Strokes::parse(&record).map_err(SigningError::Strokes)?;
    let digest = strokes.sha256();
    if is_repeated(&job, digest) {
        return Ok(HttpResponse::Ok().json(standing(&job, db.now())));
    }
    let current = job.state_at(db.now());
    if current.after(Step::Sign).is_none() {
        return Err(SigningError::State { current }.into());
    }
    let desk = Desk {
        db: &db,
        storage: &storage,
        painter: &painter,
        stamp: &stamp,
    };
    let received = Received {
        told: report.told()?,
        report: &report,
        signed: &signed,
        strokes,
        agent: agent_of(&request),
    };
    let done = Box::pin(desk.sign(&request, tablet, (&job, received))).await;
    match done {
        Ok(written) => {
            bus.tell(&written.value);
            Ok(answer(&db, &written))
        }
        Err(Failure::Signing(error)) => {
            let now = rows::find(db.read(), job.id).await?;
            if let Some(now) = now.filter(|now| is_repeated(now, digest)) {
                return Ok(HttpResponse::Ok().json(standing(&now, db.now())));
            }
            give_up((&db, &bus), &job, &error).await?;
            Err(error.into())
        }
        Err(Failure::Problem(problem)) => Err(problem),
    }
}

/// Ends a job of which nothing can come any more; where another try may do, it goes on.
async fn give_up(
    (db, bus): (&Db, &Bus),
    job: &SigningJob,
    error: &SigningError,
) -> Result<(), Problem> {
    let step = match error {
        SigningError::Changed => Step::Change,
        SigningError::Unfit(_) | SigningError::NoPlace(_) | SigningError::NoSeal => Step::Fail,
        SigningError::Document(
            DocumentError::NotFound
            | DocumentError::Forbidden
            | DocumentError::Closed
            | DocumentError::State { .. }
            | DocumentError::Withheld
            | DocumentError::Case(_),
        ) => Step::Fail,
        SigningError::NotFound
        | SigningError::NoTablet
        | SigningError::Forbidden
        | SigningError::InAnothersStead
        | SigningError::Busy
        | SigningError::Leased
        | SigningError::OtherVersion { .. }
        | SigningError::State { .. }
        | SigningError::Strokes(_)
        | SigningError::Seal(_)
        | SigningError::NoChance
        | SigningError::Identity(_)
        | SigningError::NoScan
        | SigningError::Protocol(_)
        | SigningError::Relation(_)
        | SigningError::Tablet(_)
        | SigningError::Document(_)
        | SigningError::Db(_) => return Ok(()),
    };
    let id = job.id;
    let ended = db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            ops::end(unit, id, step).await
        })
        .await;
    match ended {
        Ok(written) => bus.tell(&written.value),
        // It ended otherwise meanwhile.
        Err(SigningError::State { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Whether a job was signed by these strokes.
fn is_repeated(job: &SigningJob, strokes_sha256: [u8; 32]) -> bool {
    let outcome = job.outcome.as_ref();
    outcome.is_some_and(|outcome| outcome.strokes_sha256 == strokes_sha256)
}

fn require_sentence(job: &SigningJob, report: &SignatureReport) -> Result<(), Problem> {
    if report.sentence == job.sentence {
        return Ok(());
    }
    Err(Problem::new(Kind::Validation).field(
        "/sentence",
        Fault::Rule {
            code: "other-sentence",
            detail: text(
                "Bestätigt wird der Satz, der gezeigt wurde.",
                "What is confirmed is the sentence that was shown.",
            ),
        },
    ))
}

fn agent_of(request: &HttpRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    agent
        .unwrap_or_default()
        .chars()
        .take(AGENT_CHARS_MAX)
        .collect()
}
