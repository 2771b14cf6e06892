//! Calendars over HTTP.

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::ics::{self, Form};
use super::model::{Feed, FeedError, LABEL_CHARS_MAX, has_form};
use super::{ops, rows};
use crate::audit::event::Look;
use crate::base::{Actor, CalendarFeedId};
use crate::departments::{self, SignedIn};
use crate::http::extract::{ClientAddress, Json, Path, Query};
use crate::http::gather::Fields;
use crate::http::limits::RateLimits;
use crate::http::openapi::{EndProblems, IssueProblems, PlainProblems, ReadProblems};
use crate::http::{Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{ended, with_receipt};
use crate::unit::{Db, Unit};
use crate::workflows::Links;

/// How often it is noted that a calendar is read.
const NOTED_SECONDS: i64 = 3_600;

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::NotFound => Self::new(Kind::NotFound),
            FeedError::InAnothersStead => Self::new(Kind::Forbidden).detail(text(
                "Das geht nur im eigenen Namen, nicht in Vertretung und nicht für eine Funktion.",
                "This is done in one's own name, not as a deputy and not for a function.",
            )),
            FeedError::Scope => Self::new(Kind::Forbidden).detail(text(
                "Dieses Token darf nur lesen.",
                "This token may only read.",
            )),
            FeedError::TooMany => Self::new(Kind::Forbidden).detail(text(
                "Mehr als zehn Kalender gibt es für ein Konto nicht. Bitte zuerst einen beenden.",
                "An account has no more than ten calendars. End one first.",
            )),
            FeedError::NoChance => Self::internal("no random bytes"),
            FeedError::Db(error) => error.into(),
        }
    }
}

/// A calendar to subscribe to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarFeed)]
pub(super) struct FeedView {
    /// Its id.
    id: Uuid,
    /// What it is for.
    label: String,
    /// Since when there is one.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last read, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    read_at: Option<String>,
    /// Its address. Told once, when it is made: whoever knows it reads the calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
}

impl FeedView {
    fn of(feed: &Feed) -> Self {
        Self {
            id: feed.id.raw(),
            label: feed.label.clone(),
            created_at: feed.created_at.to_string(),
            read_at: feed.read_at.map(|at| at.to_string()),
            url: None,
        }
    }
}

/// Your calendars.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarFeedList)]
pub(super) struct FeedList {
    /// Those that were not ended, the oldest first.
    items: Vec<FeedView>,
}

/// A new calendar.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCalendarFeed, example = json!({"label": "Telefon"}))]
pub(super) struct FeedRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    label: String,
}

/// Makes a calendar of your deadlines, appointments and resubmissions, at an address of its own.
///
/// The address is told here and never again. Whoever knows it reads the calendar without signing in; end it when it
/// has become known to others. At most ten.
#[utoipa::path(
    post, path = "/api/v1/calendar-feeds", tag = "notifications", operation_id = "createCalendarFeed",
    request_body = FeedRequest,
    responses((status = 201, description = "Made; the address is in it", body = FeedView), IssueProblems),
    security(("token" = []))
)]
pub(super) async fn post_feed(
    db: Data<Db>,
    links: Data<Links>,
    SignedIn(actor): SignedIn,
    Json(body): Json<FeedRequest>,
) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::new();
    let label = fields.line("/label", &body.label, LABEL_CHARS_MAX);
    let label = fields.done(label.unwrap_or_default())?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::create(unit, label).await
        })
        .await?;
    let (feed, secret) = &written.value;
    let address = format!("{}/api/v1/calendar-feeds/{}.ics", links.url(), *secret.0);
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.json(FeedView {
        url: Some(address),
        ..FeedView::of(feed)
    }))
}

/// Your calendars, without their addresses.
#[utoipa::path(
    get, path = "/api/v1/calendar-feeds", tag = "notifications", operation_id = "listCalendarFeeds",
    responses((status = 200, description = "Yours", body = FeedList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_feeds(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    ops::require_own_name(&actor)?;
    let found = rows::of_account(db.read(), actor.account).await?;
    Ok(HttpResponse::Ok().json(FeedList {
        items: found.iter().map(FeedView::of).collect(),
    }))
}

/// Ends a calendar: from now on its address names nothing.
#[utoipa::path(
    delete, path = "/api/v1/calendar-feeds/{id}", tag = "notifications", operation_id = "endCalendarFeed",
    params(("id" = Uuid, Path, description = "The calendar")),
    responses((status = 204, description = "Ended"), EndProblems),
    security(("token" = []))
)]
pub(super) async fn delete_feed(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = CalendarFeedId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::end(unit, id).await
        })
        .await;
    if let Err(FeedError::NotFound) = &done {
        looks.note(Looked::of(Look::Refused, &actor)).await?;
    }
    Ok(ended(done?.receipt))
}

/// As what the days stand in a calendar.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct CalendarQuery {
    /// As tasks in the place of events: for programs that show the tasks of a subscription.
    tasks: bool,
}

/// A calendar: iCalendar (RFC 5545), with an all-day event for each deadline, appointment and resubmission of yours; or,
/// with `tasks=true`, with a task for each.
///
/// Nobody signs in: the address is the secret. Addresses that name no calendar count as attempts to sign in.
#[utoipa::path(
    get, path = "/api/v1/calendar-feeds/{secret}.ics", tag = "notifications", operation_id = "readCalendarFeed",
    params(("secret" = String, Path, description = "The secret of the address"), CalendarQuery),
    responses((status = 200, description = "The calendar", body = String, content_type = "text/calendar"),
        ReadProblems)
)]
pub(super) async fn get_calendar(
    db: Data<Db>,
    links: Data<Links>,
    limits: Data<RateLimits>,
    looks: Data<Looks>,
    client: ClientAddress,
    Path(secret): Path<String>,
    Query(query): Query<CalendarQuery>,
) -> Result<HttpResponse, Problem> {
    let (on, now) = (db.read(), db.now());
    let feed = match ops::with_secret(on, &secret).await {
        Ok(feed) => feed,
        Err(FeedError::NotFound) => {
            limits.sign_in(client.0)?;
            // As with tokens that are none: the first few of an address.
            if has_form(&secret) && limits.records_forged(client.0) {
                looks
                    .note(Looked::of(Look::Refused, &Actor::nobody()))
                    .await?;
            }
            return Err(FeedError::NotFound.into());
        }
        Err(error) => return Err(error.into()),
    };
    limits.principal(feed.id.raw())?;
    let reader = departments::actor(on, feed.account, now, None).await?;
    let entries = ops::entries(on, (&feed, now), links.url()).await?;
    looks.note(Looked::of(Look::List, &reader)).await?;
    let known = feed
        .read_at
        .is_some_and(|at| at.plus_seconds(NOTED_SECONDS) > now);
    if !known {
        let id = feed.id;
        let noted = db
            .keep_house::<_, FeedError, _>(async move |unit: &mut Unit| {
                Ok(rows::note_read(unit, id).await?)
            })
            .await;
        // That it could not be noted is no reason to withhold it.
        drop(noted);
    }
    let form = if query.tasks {
        Form::Tasks
    } else {
        Form::Events
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/calendar; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .body(ics::calendar(&entries, form)))
}

/// The part of the contract that calendars bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(post_feed, get_feeds, delete_feed, get_calendar))]
pub(in crate::workflows) struct ApiDoc;

/// The routes of calendars.
pub(in crate::workflows) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/api/v1/calendar-feeds")
                .get(get_feeds)
                .post(post_feed),
        )
        .service(web::resource("/api/v1/calendar-feeds/{secret}.ics").get(get_calendar))
        .service(web::resource("/api/v1/calendar-feeds/{id}").delete(delete_feed));
}
