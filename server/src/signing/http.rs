//! Signing jobs over HTTP, for clerks: send, watch, call off; and who works with a tablet.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use storage::Storage;
use utoipa::OpenApi;
use uuid::Uuid;

use super::bus::Bus;
use super::events::{self, Lasting, Watched};
use super::model::{CONTENT_BYTES_MAX, New, SigningError, SigningJob, Wanting};
use super::stamp::Stamp;
use super::wire::{
    EventQuery, LeaseRequest, SignedOnPaper, SigningCancellation, SigningJobList, SigningJobView,
    SigningRequest,
};
use super::{device_http, identity, ops, revoke_http, rows};
use crate::audit::event::Look;
use crate::base::{Actor, DocumentId, Right, SigningJobId, TabletId, VersionId};
use crate::departments::SignedIn;
use crate::documents::{self, DocumentError, Which};
use crate::http::extract::{Json, Path, Query};
use crate::http::openapi::{ListOfProblems, ReadProblems, SigningProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::tablets::{self, TabletError, TabletView, Taking};
use crate::unit::{Db, Unit, Written};

/// Most jobs of a document that are listed.
const LISTED_MAX: u64 = 100;
/// After how many seconds another try makes sense where the key of the seal did not answer.
const RETRY_AFTER_SECONDS: u64 = 5;

impl From<SigningError> for Problem {
    #[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::NotFound => Self::new(Kind::NotFound),
            SigningError::NoTablet => {
                Self::new(Kind::Validation).field("/tablet", Fault::NotFound)
            }
            SigningError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Abbrechen kann, wer die Unterschrift angefordert hat oder das Dokument bearbeiten darf.",
                "It is called off by whoever sent it or may edit the document.",
            )),
            SigningError::InAnothersStead => Self::new(Kind::Forbidden).detail(text(
                "Das geht nur im eigenen Namen, nicht in Vertretung und nicht für eine Funktion.",
                "This is done in one's own name, not as a deputy and not for a function.",
            )),
            SigningError::NoSeal => Self::new(Kind::NotImplemented).detail(text(
                "Dieses Archiv hat kein Siegel: Ohne seal.key oder seal.module wird nicht am Tablet \
                 unterschrieben. Bitte auf Papier unterschreiben lassen und einscannen.",
                "This archive has no seal: without seal.key or seal.module nothing is signed on tablets. Have \
                 it signed on paper, and scan that.",
            )),
            SigningError::Busy => Self::new(Kind::Conflict).detail(text(
                "Das Tablet zeigt gerade ein anderes Dokument. Bitte das zuerst beenden oder abbrechen.",
                "The tablet shows another document. Finish that first, or call it off.",
            )),
            // Who has it, has it: no handler lets it come here.
            SigningError::Leased => Self::new(Kind::Conflict),
            SigningError::OtherVersion { current } => Self::new(Kind::Conflict).detail(text(
                format!("In Kraft ist inzwischen Fassung {current}. Bitte neu laden und prüfen."),
                format!("Version {current} is in force by now. Please read it again and check."),
            )),
            SigningError::Changed => Self::new(Kind::Conflict).detail(text(
                "Das Dokument hat inzwischen eine andere Fassung. Es wurde nicht unterschrieben.",
                "The document has another version by now. It was not signed.",
            )),
            SigningError::State { current } => Self::new(Kind::StateConflict)
                .detail(text(
                    "Dieser Unterschriftsvorgang ist beendet oder noch nicht so weit.",
                    "This signing job is over, or not that far yet.",
                ))
                .current_state(current.code()),
            SigningError::Unfit(source) => Self::new(Kind::Validation)
                .field(
                    "",
                    Fault::Rule {
                        code: "not-signable",
                        detail: text(
                            "Nur ein PDF bis 64 MiB, das unverschlüsselt und unbeschädigt ist und weitere \
                             Unterschriften zulässt, kann unterschrieben werden.",
                            "Only a PDF of up to 64 MiB can be signed that is neither encrypted nor damaged and \
                             permits further signatures.",
                        ),
                    },
                )
                .source(source),
            SigningError::NoPlace(source) => Self::new(Kind::Validation)
                .field(
                    "/place",
                    Fault::Rule {
                        code: "no-place",
                        detail: text(
                            "Dort gibt es keinen freien Platz für die Unterschrift: kein solches leeres Feld, keine \
                             solche Seite, oder das Rechteck liegt nicht ganz auf ihr.",
                            "There is no room for the signature there: no such empty field, no such page, or the \
                             rectangle does not lie wholly on it.",
                        ),
                    },
                )
                .source(source),
            SigningError::Strokes(source) => Self::new(Kind::Validation)
                .field(
                    "/strokes",
                    Fault::Rule {
                        code: "no-signature",
                        detail: text(
                            "Das ist keine Unterschrift: nichts, nur Punkte, nur ein gerader Strich, oder die \
                             Aufzeichnung ist nicht lesbar.",
                            "This is no signature: nothing, dots only, one straight line, or the record cannot be read.",
                        ),
                    },
                )
                .source(source),
            SigningError::Seal(source) => Self::new(Kind::Unavailable)
                .detail(text(
                    "Das Siegel konnte nicht angebracht werden. Bitte gleich noch einmal versuchen.",
                    "The seal could not be put on. Please try again in a moment.",
                ))
                .retry_after_seconds(RETRY_AFTER_SECONDS)
                .source(source),
            SigningError::NoChance => Self::internal("no random bytes"),
            SigningError::Identity(wanting) => unidentified(wanting),
            SigningError::NoScan => {
                Self::new(Kind::Validation).field("/document", Fault::NotFound)
            }
            SigningError::Protocol(error) => Self::internal(error),
            SigningError::Relation(error) => (*error).into(),
            SigningError::Tablet(error) => error.into(),
            SigningError::Document(error) => error.into(),
            SigningError::Db(error) => error.into(),
        }
    }
}

/// What a check of an identity lacks.
fn unidentified(wanting: Wanting) -> Problem {
    let (code, detail) = match wanting {
        Wanting::Check => (
            "identity-check-required",
            text(
                "Dieses Formular verlangt eine Identitätsprüfung. Bitte zuerst eintragen, wie die Identität \
                 festgestellt wurde.",
                "This form asks for an identity check. Please record first how the identity was checked.",
            ),
        ),
        Wanting::OfThis => (
            "identity-check-of-another",
            text(
                "Zu diesem Dokument gibt es eine solche Identitätsprüfung nicht.",
                "There is no such identity check beside this document.",
            ),
        ),
        Wanting::Result => (
            "identity-not-confirmed",
            text(
                "Bei dieser Prüfung wurde die Identität nicht bestätigt.",
                "That check did not confirm the identity.",
            ),
        ),
        Wanting::Age => (
            "identity-check-old",
            text(
                "Diese Identitätsprüfung ist älter als zwölf Stunden. Bitte neu prüfen und eintragen.",
                "That identity check is older than twelve hours. Please check and record it again.",
            ),
        ),
    };
    Problem::new(Kind::Validation).field("/identity_check", Fault::Rule { code, detail })
}

/// What was done; an attempt at a job or a document of which the actor may not know is recorded.
pub(super) async fn noted<T>(
    looks: &Looks,
    actor: &Actor,
    done: Result<T, SigningError>,
) -> Result<T, Problem> {
    let hidden = matches!(
        done,
        Err(SigningError::NotFound
            | SigningError::NoTablet
            | SigningError::NoScan
            | SigningError::Document(DocumentError::NotFound))
    );
    if hidden {
        looks.note(Looked::of(Look::Refused, actor)).await?;
    }
    Ok(done?)
}

fn answer(status: u16, db: &Db, written: &Written<SigningJob>) -> HttpResponse {
    let job = &written.value;
    let mut response = if status == 201 {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    if status == 201 {
        let place = format!("/api/v1/signing-jobs/{}", job.id);
        response.insert_header((header::LOCATION, place));
    }
    with_receipt(&mut response, written.receipt);
    response.json(SigningJobView::of(job, db.now()))
}

/// Looks whether a document can be signed as it is asked for, before anybody is shown it.
async fn fit(
    (db, storage): (&Db, &Storage),
    stamp: &Stamp,
    actor: &Actor,
    new: &New,
) -> Result<VersionId, SigningError> {
    let found = documents::content(db.read(), actor, new.document, Which::InForce).await;
    let (document, version, blob) = found?;
    if !actor.may(Right::Edit, document.place()) {
        return Err(DocumentError::Forbidden.into());
    }
    ops::require_own_name(actor)?;
    if !stamp.has_key() {
        return Err(SigningError::NoSeal);
    }
    if version.number != new.number {
        return Err(SigningError::OtherVersion {
            current: version.number,
        });
    }
    if blob.content_bytes > CONTENT_BYTES_MAX {
        return Err(SigningError::Unfit("it is too large".into()));
    }
    let read = storage.read(&blob, CONTENT_BYTES_MAX).await;
    let content = read.map_err(DocumentError::from)?;
    stamp.try_on(&content, &new.spot).await?;
    Ok(version.id)
}

/// Sends a document to a tablet, to be signed.
///
/// It must be a PDF, and in force in the version that is named. The tablet must be free, or yours: you work with
/// it from now on. Nobody is shown anything where it could not be signed in the end.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/signing-jobs", tag = "signing", operation_id = "sendToTablet",
    params(("id" = Uuid, Path, description = "The document")),
    request_body = SigningRequest,
    responses((status = 201, description = "Sent", body = SigningJobView,
        headers(("Location" = String, description = "The job"))), SigningProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what sending needs of its request"
)]
pub(super) async fn post_job(
    db: Data<Db>,
    storage: Data<Storage>,
    stamp: Data<Stamp>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<SigningRequest>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    // Whoever may not know of the document is told nothing else.
    let known = documents::read(db.read(), &actor, id).await;
    noted(&looks, &actor, known.map_err(SigningError::from)).await?;
    let new = body.read(id)?;
    let shown = fit((&db, &storage), &stamp, &actor, &new).await;
    let shown = noted(&looks, &actor, shown).await?;
    let seconds_max = stamp.seconds_max();
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::send(unit, new, (shown, seconds_max)).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    bus.tell(&written.value);
    Ok(answer(201, &db, &written))
}

/// The signing jobs about a document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/signing-jobs", tag = "signing", operation_id = "listSigningJobs",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "The jobs", body = SigningJobList), ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_jobs(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let known = documents::read(db.read(), &actor, id).await;
    let held = noted(&looks, &actor, known.map_err(SigningError::from)).await?;
    let looked = Looked::of(Look::ReadDocument, &actor)
        .at_version(id.raw(), held.document.version)
        .within(held.document.department);
    looks.note(looked).await?;
    let found = rows::of_document(db.read(), id, LISTED_MAX).await?;
    let now = db.now();
    Ok(HttpResponse::Ok().json(SigningJobList {
        items: found
            .iter()
            .map(|job| SigningJobView::of(job, now))
            .collect(),
    }))
}

/// One signing job.
#[utoipa::path(
    get, path = "/api/v1/signing-jobs/{id}", tag = "signing", operation_id = "readSigningJob",
    params(("id" = Uuid, Path, description = "The job")),
    responses((status = 200, description = "The job", body = SigningJobView), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_job(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = ops::read(db.read(), &actor, SigningJobId::of(id)).await;
    let job = noted(&looks, &actor, found).await?;
    Ok(HttpResponse::Ok().json(SigningJobView::of(&job, db.now())))
}

/// How far a job has come, as it goes on: server-sent events.
///
/// Each event is called `state`; its data is the job as `readSigningJob` gives it. It begins with the state of
/// now, unless `Last-Event-ID` names just that, and ends with the job.
#[utoipa::path(
    get, path = "/api/v1/signing-jobs/{id}/events", tag = "signing", operation_id = "watchSigningJob",
    params(("id" = Uuid, Path, description = "The job"), EventQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was read last")),
    responses((status = 200, description = "Events", body = String, content_type = "text/event-stream"),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_events(
    request: HttpRequest,
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Query(query): Query<EventQuery>,
) -> Result<HttpResponse, Problem> {
    let id = SigningJobId::of(id);
    let found = ops::read(db.read(), &actor, id).await;
    noted(&looks, &actor, found).await?;
    let watched = Watched::Job(id, actor);
    let said = said(&request);
    Ok(events::answer((&db, &bus), watched, lasting(&query), said))
}

pub(super) fn lasting(query: &EventQuery) -> Lasting {
    if query.once == Some(true) {
        Lasting::Once
    } else {
        Lasting::On
    }
}

/// The id of the event that the other side had last.
pub(super) fn said(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get("last-event-id")?;
    value.to_str().ok().map(str::to_owned)
}

/// Calls a job off: the clerk who sent it, or whoever may edit the document. The tablet is cleared at once.
#[utoipa::path(
    post, path = "/api/v1/signing-jobs/{id}/cancel", tag = "signing", operation_id = "cancelSigningJob",
    params(("id" = Uuid, Path, description = "The job")),
    request_body = SigningCancellation,
    responses((status = 200, description = "Called off", body = SigningJobView), SigningProblems),
    security(("token" = []))
)]
pub(super) async fn post_cancel(
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<SigningCancellation>,
) -> Result<HttpResponse, Problem> {
    let reason = body.read()?;
    let id = SigningJobId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::cancel(unit, id, reason).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    bus.tell(&written.value);
    Ok(answer(200, &db, &written))
}

/// Says that it was signed on paper instead, and links the scan of that.
///
/// For a job that was called off, refused or over, or could not be sealed. The scan is a document that you may edit;
/// it belongs to the one that was to be signed. The job is `paper` from now on, and nothing leads out of that.
#[utoipa::path(
    post, path = "/api/v1/signing-jobs/{id}/paper", tag = "signing", operation_id = "signedOnPaper",
    params(("id" = Uuid, Path, description = "The job")),
    request_body = SignedOnPaper,
    responses((status = 200, description = "Linked", body = SigningJobView), SigningProblems),
    security(("token" = []))
)]
pub(super) async fn post_paper(
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<SignedOnPaper>,
) -> Result<HttpResponse, Problem> {
    let (id, scan) = (SigningJobId::of(id), DocumentId::of(body.document));
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::link_paper(unit, id, scan).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    bus.tell(&written.value);
    Ok(answer(200, &db, &written))
}

/// Takes a tablet to work with it, or says that you still do: every 15 seconds, or it is free after 45.
///
/// Only the first of them is recorded.
#[utoipa::path(
    post, path = "/api/v1/tablets/{id}/lease", tag = "signing", operation_id = "leaseTablet",
    params(("id" = Uuid, Path, description = "The tablet")),
    request_body = LeaseRequest,
    responses((status = 200, description = "Yours", body = TabletView), SigningProblems),
    security(("token" = []))
)]
pub(super) async fn post_lease(
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<LeaseRequest>,
) -> Result<HttpResponse, Problem> {
    let id = TabletId::of(id);
    let now = db.now();
    let known = tablets::with_id(db.read(), id).await?;
    if let Some(tablet) = known.filter(|one| !one.is_revoked() && tablets::may_use(&actor, one))
        && tablets::heartbeat(&db, &actor, &tablet).await?
    {
        return Ok(HttpResponse::Ok().json(TabletView::of(&tablet, &actor, now)));
    }
    let taking = if body.take_over {
        Taking::Over
    } else {
        Taking::Free
    };
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::lease(unit, id, taking).await
        })
        .await;
    if let Err(SigningError::Leased) = &done {
        // Another page of the same clerk was faster.
        let tablet = tablets::with_id(db.read(), id).await?;
        let tablet = tablet.ok_or(TabletError::NotFound)?;
        return Ok(HttpResponse::Ok().json(TabletView::of(&tablet, &actor, now)));
    }
    let written = tablet_noted(&looks, &actor, done).await?;
    bus.tell_tablet(id);
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(TabletView::of(&written.value, &actor, db.now())))
}

/// A tablet that is named in the path is not there, rather than wrong in the body.
pub(super) async fn tablet_noted<T>(
    looks: &Looks,
    actor: &Actor,
    done: Result<T, SigningError>,
) -> Result<T, Problem> {
    if let Err(SigningError::NoTablet) = &done {
        looks.note(Looked::of(Look::Refused, actor)).await?;
        return Err(TabletError::NotFound.into());
    }
    Ok(done?)
}

/// Gives a tablet back; what you had sent to it is called off.
#[utoipa::path(
    post, path = "/api/v1/tablets/{id}/release", tag = "signing", operation_id = "releaseTablet",
    params(("id" = Uuid, Path, description = "The tablet")),
    responses((status = 200, description = "Free", body = TabletView), SigningProblems),
    security(("token" = []))
)]
pub(super) async fn post_release(
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = TabletId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::give_back(unit, id).await
        })
        .await;
    let written = tablet_noted(&looks, &actor, done).await?;
    bus.tell_tablet(id);
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(TabletView::of(&written.value, &actor, db.now())))
}

/// The part of the contract that signing brings.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    post_lease,
    post_release,
    revoke_http::post_revoke,
    post_job,
    get_jobs,
    get_job,
    get_events,
    post_cancel,
    post_paper,
    identity::http::post_check,
    identity::http::get_checks,
    device_http::get_tablet,
    device_http::get_events,
    device_http::get_job,
    device_http::get_picture,
    device_http::post_seen,
    device_http::post_refusal,
    device_http::post_signature
))]
pub struct ApiDoc;

/// The routes of signing, for clerks and for tablets.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(to("/tablets/{id}/lease").post(post_lease))
        .service(to("/tablets/{id}/release").post(post_release))
        .service(to("/tablets/{id}/revoke").post(revoke_http::post_revoke))
        .service(
            to("/documents/{id}/signing-jobs")
                .get(get_jobs)
                .post(post_job),
        )
        .service(to("/signing-jobs/{id}").get(get_job))
        .service(to("/signing-jobs/{id}/events").get(get_events))
        .service(to("/signing-jobs/{id}/cancel").post(post_cancel))
        .service(to("/signing-jobs/{id}/paper").post(post_paper))
        .service(
            to("/documents/{id}/identity-checks")
                .get(identity::http::get_checks)
                .post(identity::http::post_check),
        )
        .service(to("/tablet").get(device_http::get_tablet))
        .service(to("/tablet/events").get(device_http::get_events))
        .service(to("/tablet/jobs/{id}").get(device_http::get_job))
        .service(to("/tablet/jobs/{id}/pages/{number}/picture").get(device_http::get_picture))
        .service(to("/tablet/jobs/{id}/seen").post(device_http::post_seen))
        .service(to("/tablet/jobs/{id}/refusal").post(device_http::post_refusal))
        .service(to("/tablet/jobs/{id}/signature").post(device_http::post_signature));
}
