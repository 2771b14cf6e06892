//! Timestamps of the log over HTTP, for auditors: those that are kept, and having the newest checkpoint stamped.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::http::{note, require_auditor};
use crate::audit::event::Look;
use crate::base::actor::Scope;
use crate::departments::{PeopleError, SignedIn};
use crate::http::extract::{ListQuery, MaybeKey, Path};
use crate::http::openapi::{IdempotencyParam, ListProblems, ReadProblems, StampProblems};
use crate::http::page::{Cursors, PageRequest, next_link};
use crate::http::{Kind, Problem, text};
use crate::ledger::looks::Looks;
use crate::ledger::timestamps::{self, Kept, Stamper, StampingError};
use crate::replay::{Answer, Once};
use crate::unit::{Db, Unit};

const TIMESTAMPS: &str = "/api/v1/log/timestamps";
/// RFC 3161, 3.4.
const REPLY: &str = "application/timestamp-reply";
/// After how many seconds the authority may be asked again.
const AGAIN_SECONDS: u64 = 60;

impl From<StampingError> for Problem {
    fn from(error: StampingError) -> Self {
        match error {
            StampingError::Db(error) => error.into(),
            StampingError::NoAuthority => Self::new(Kind::NotImplemented).detail(text(
                "Dieses Archiv fragt keine Zeitstempelstelle (log.tsa).",
                "This archive asks no timestamp authority (log.tsa).",
            )),
            StampingError::Unsigned => Self::new(Kind::StateConflict)
                .detail(text(
                    "Es gibt noch keinen signierten Prüfpunkt.",
                    "There is no signed checkpoint yet.",
                ))
                .current_state("unsigned"),
            StampingError::Stamped { .. } => Self::new(Kind::StateConflict)
                .detail(text(
                    "Der neueste Prüfpunkt hat schon einen Zeitstempel.",
                    "The newest checkpoint has a timestamp already.",
                ))
                .current_state("stamped"),
            StampingError::Ask(_)
            | StampingError::Answer(_)
            | StampingError::Stamp(_)
            | StampingError::Coarse { .. } => Self::new(Kind::Unavailable)
                .detail(text(
                    "Die Zeitstempelstelle gibt keinen brauchbaren Zeitstempel; es ist alles, wie es war.",
                    "The timestamp authority gives no timestamp that can be used; all is as it was.",
                ))
                .retry_after_seconds(AGAIN_SECONDS)
                .source(error),
            StampingError::Clock { .. } => Self::new(Kind::Unavailable)
                .detail(text(
                    "Die Uhr des Archivs und die der Zeitstempelstelle weichen voneinander ab; der Zeitstempel wurde nicht aufbewahrt.",
                    "The clock of the archive and that of the timestamp authority differ; the timestamp was not kept.",
                ))
                .retry_after_seconds(AGAIN_SECONDS)
                .source(error),
            StampingError::Foreign(_) | StampingError::NoChance | StampingError::Store(_) => {
                Self::internal(error)
            }
        }
    }
}

/// A timestamp over a checkpoint of the log (RFC 3161).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogTimestamp)]
pub(super) struct TimestampView {
    /// How many records the checkpoint covers: the records with smaller numbers.
    size: u64,
    /// When it was stamped, by the clock of the authority, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// The number under which the authority knows it, in hexadecimal digits.
    serial: String,
    /// Who gave it: the subject of its certificate (RFC 4514).
    authority: String,
    /// When it was asked for, by the clock of the archive, UTC.
    #[schema(format = DateTime)]
    asked_at: String,
    /// SHA-256 of the answer of the authority, in hex: of what `GET /api/v1/log/timestamps/{size}` hands out.
    sha256: String,
    /// The checkpoint that was stamped, to the byte: a C2SP signed note.
    checkpoint: String,
}

impl From<&Kept> for TimestampView {
    fn from(kept: &Kept) -> Self {
        Self {
            size: kept.size,
            at: kept.gen_time.to_string(),
            serial: kept.serial.clone(),
            authority: kept.tsa.clone(),
            asked_at: kept.asked_at.to_string(),
            sha256: hex::encode(kept.sha256),
            checkpoint: String::from_utf8_lossy(&kept.note).into_owned(),
        }
    }
}

/// A page of timestamps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogTimestampPage)]
pub(super) struct TimestampPage {
    /// The timestamps, the newest first.
    items: Vec<TimestampView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A list without a filter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The timestamps of the log. For auditors.
///
/// Each says that the records under its checkpoint were there at its time; the record `log.timestamp` that names it,
/// and all that follow, came after it.
#[utoipa::path(
    get, path = "/api/v1/log/timestamps", tag = "log", operation_id = "listLogTimestamps",
    params(PageRequest),
    responses((status = 200, description = "A page", body = TimestampPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_timestamps(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery { filter: _, page }: ListQuery<Nothing>,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    let scope = "log timestamps";
    let below: Option<u64> = page.after(&cursors, scope)?;
    let limit = usize::from(page.limit);
    let asked = u64::from(page.limit) + 1;
    let mut found = timestamps::list(db.read(), below, asked).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(scope, &last.size)?),
        Some(_) | None => None,
    };
    note(&looks, &actor, Look::ReadLog).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(TimestampPage {
        items: found.iter().map(TimestampView::from).collect(),
        next_cursor,
    }))
}

/// The answer of the authority, as it gave it: `TimeStampResp` of RFC 3161 in DER. For auditors.
///
/// With the checkpoint beside it, `openssl ts -verify -data CHECKPOINT -in ANSWER -CAfile ROOTS` checks it.
#[utoipa::path(
    get, path = "/api/v1/log/timestamps/{size}", tag = "log", operation_id = "readLogTimestamp",
    params(("size" = u64, Path, description = "How many records its checkpoint covers")),
    responses((status = 200, description = "The answer of the authority", body = Vec<u8>,
        content_type = "application/timestamp-reply"), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_timestamp(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(size): Path<u64>,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    let reply = timestamps::reply(db.read(), size).await?;
    let reply = reply.ok_or_else(|| Problem::new(Kind::NotFound))?;
    note(&looks, &actor, Look::ReadLog).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, REPLY))
        .body(reply))
}

/// Has the newest signed checkpoint stamped now, and does not wait for when it would be due. For auditors.
///
/// What leaves the house is a digest. Where that checkpoint has its timestamp already, that is the answer (200), and
/// nothing is recorded. Where the authority does not answer, nothing is changed (503); without one it is 501.
#[utoipa::path(
    post, path = "/api/v1/log/timestamps", tag = "log", operation_id = "stampLog",
    params(IdempotencyParam),
    responses((status = 200, description = "It is stamped already", body = TimestampView),
        (status = 201, description = "Stamped; durable", body = TimestampView, headers(
            ("Location" = String, description = "The answer of the authority"),
            ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        StampProblems),
    security(("token" = []))
)]
pub(super) async fn post_timestamp(
    request: HttpRequest,
    db: Data<Db>,
    stamper: Data<Stamper>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    if actor.scope != Scope::Full {
        return Err(PeopleError::Scope.into());
    }
    let once = Once::action(&actor, key, &request, &())?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let asked = match Box::pin(stamper.ask()).await {
        Ok(asked) => asked,
        Err(StampingError::Stamped { size }) => return stands(&db, size).await,
        Err(error) => return Err(error.into()),
    };
    let size = asked.size();
    let answer = once
        .run(&db, &actor, async move |unit: &mut Unit| {
            let kept = timestamps::keep(unit, &asked).await?;
            let created = Answer::created(&TimestampView::from(&kept))?;
            Ok::<_, StampingError>(
                created.with_header("location", format!("{TIMESTAMPS}/{}", kept.size)),
            )
        })
        .await?;
    stamper.publish(size).await;
    Ok(answer)
}

/// The timestamp that is there.
async fn stands(db: &Db, size: u64) -> Result<HttpResponse, Problem> {
    let found = timestamps::list(db.read(), Some(size.saturating_add(1)), 1).await?;
    let kept = found.first().ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(HttpResponse::Ok().json(TimestampView::from(kept)))
}
