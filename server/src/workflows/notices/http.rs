//! What people are told, and how, over HTTP.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use utoipa::OpenApi;

use super::mailer::Mailer;
use super::model::{Mode, Notice, NoticeError, Setting};
use super::rows::{self, After, Mail, Wanted};
use super::wire::{
    FailureView, MarkedView, NoticeFilter, NoticePage, NoticeView, ReadRequest, SettingsRequest,
    SettingsView,
};
use crate::audit::event::Look;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, Job};
use crate::departments::{self, SignedIn};
use crate::http::extract::{Json, ListQuery};
use crate::http::openapi::{ListProblems, PlainProblems, SettingProblems};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};
use crate::workflows::inbox::Bell;

impl From<NoticeError> for Problem {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::InAnothersStead => Self::new(Kind::Forbidden).detail(text(
                "Das geht nur im eigenen Namen, nicht in Vertretung und nicht für eine Funktion.",
                "This is done in one's own name, not as a deputy and not for a function.",
            )),
            NoticeError::Scope => Self::new(Kind::Forbidden).detail(text(
                "Dieses Token darf nur lesen.",
                "This token may only read.",
            )),
            NoticeError::NoMail => Self::new(Kind::StateConflict)
                .current_state("no_mail")
                .detail(text(
                    "Dieses Archiv verschickt keine Mails (mail.host ist nicht gesetzt).",
                    "This archive sends no mail (mail.host is not set).",
                )),
            NoticeError::People(error) => error.into(),
            NoticeError::Db(error) => error.into(),
        }
    }
}

/// What one is told is one's own.
fn require_own_name(actor: &Actor) -> Result<(), NoticeError> {
    match actor.on_behalf_of {
        Some(_) => Err(NoticeError::InAnothersStead),
        None => Ok(()),
    }
}

fn require_full(actor: &Actor) -> Result<(), NoticeError> {
    require_own_name(actor)?;
    match actor.scope {
        Scope::Full => Ok(()),
        Scope::Read | Scope::Intake => Err(NoticeError::Scope),
    }
}

async fn views(db: &Db, found: &[Notice]) -> Result<Vec<NoticeView>, Problem> {
    let away: Vec<AccountId> = found.iter().filter_map(|one| one.in_stead_of).collect();
    let names = departments::named(db.read(), &away).await?;
    let view = |one: &Notice| {
        let away = one.in_stead_of.and_then(|id| names.get(&id));
        NoticeView::of(one, away)
    };
    Ok(found.iter().map(view).collect())
}

/// What you are told of workflows, the newest first. Of what you may not know of any more nothing is told.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "notifications", operation_id = "listNotifications",
    params(NoticeFilter, PageRequest),
    responses((status = 200, description = "A page", body = NoticePage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_notices(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<NoticeFilter>,
) -> Result<HttpResponse, Problem> {
    require_own_name(&actor)?;
    let scope = scope_of("notifications", &asked, &[])?;
    let after: Option<After> = wanted.after(&cursors, &scope)?;
    let limit = usize::from(wanted.limit);
    let which = Wanted {
        unread: asked.unread == Some(true),
        mail: None,
    };
    let (on, now) = (db.read(), db.now());
    let many = u64::from(wanted.limit) + 1;
    let mut found = rows::notices(on, (&actor, now), which, after, many).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &After::of(last))?),
        Some(_) | None => None,
    };
    let (unread, _) = rows::unread(on, (&actor, now)).await?;
    looks.note(Looked::of(Look::List, &actor)).await?;
    let items = views(&db, &found).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(NoticePage {
        items,
        next_cursor,
        unread,
    }))
}

/// Says what you have read. What is not yours is passed over.
#[utoipa::path(
    post, path = "/api/v1/notifications/read", tag = "notifications", operation_id = "readNotifications",
    request_body = ReadRequest,
    responses((status = 200, description = "Marked", body = MarkedView), SettingProblems),
    security(("token" = []))
)]
pub(super) async fn post_read(
    db: Data<Db>,
    bell: Data<Bell>,
    SignedIn(actor): SignedIn,
    Json(body): Json<ReadRequest>,
) -> Result<HttpResponse, Problem> {
    require_full(&actor)?;
    let (read, account) = (body.read()?, actor.account);
    let marked: u64 = db
        .keep_house::<_, NoticeError, _>(async move |unit: &mut Unit| {
            Ok(rows::mark_read(unit, account, &read).await?)
        })
        .await?;
    if marked > 0 {
        bell.ring();
    }
    let (unread, _) = rows::unread(db.read(), (&actor, db.now())).await?;
    Ok(HttpResponse::Ok().json(MarkedView { marked, unread }))
}

async fn shown(
    db: &Db,
    mailer: Option<&Mailer>,
    actor: &Actor,
) -> Result<SettingsView, NoticeError> {
    let on = db.read();
    let setting = rows::setting(on, actor.account).await?;
    let failure = rows::last_failure(on, actor.account).await?;
    Ok(SettingsView {
        mail_available: mailer.is_some(),
        domains: mailer.map_or_else(Vec::new, |mailer| mailer.domains().to_vec()),
        mail: setting.mode.into(),
        hour: setting.hour,
        address: departments::mail_of(on, actor.account).await?,
        last_failure: failure.map(|(at, error)| FailureView {
            at: at.to_string(),
            error,
        }),
    })
}

/// How you are told by mail.
#[utoipa::path(
    get, path = "/api/v1/notification-settings", tag = "notifications", operation_id = "readNotificationSettings",
    responses((status = 200, description = "As it is", body = SettingsView), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_settings(
    db: Data<Db>,
    mailer: Data<Option<Mailer>>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    require_own_name(&actor)?;
    let view = shown(&db, mailer.get_ref().as_ref(), &actor).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// What waits goes as is wanted from now on: at once, at its hour, or not at all.
async fn change_waiting(
    unit: &mut Unit,
    account: AccountId,
    setting: Setting,
) -> Result<(), NoticeError> {
    let Some(id) = rows::waiting(unit.tx(), account).await? else {
        return Ok(());
    };
    let Some(mail) = rows::mail(unit, id).await? else {
        return Ok(());
    };
    let changed = match setting.due(unit.now()) {
        Some(due_at) => Mail {
            daily: setting.mode == Mode::Daily,
            due_at,
            ..mail
        },
        None => Mail {
            status: super::model::Status::Void,
            ..mail
        },
    };
    rows::put_mail(unit, changed, None).await?;
    // The job looks at once, and finds when it is due.
    unit.enqueue(Job::SendMail(id));
    Ok(())
}

/// Says how you are told by mail: not at all, as soon as there is something, or once a day.
///
/// A mail says that something waits, what the workflow and the step are called and when it is due; of workflows in
/// a compartment it says that one waits. A new address is a record of the log.
#[utoipa::path(
    put, path = "/api/v1/notification-settings", tag = "notifications", operation_id = "changeNotificationSettings",
    request_body = SettingsRequest,
    responses((status = 200, description = "As it is now. The receipt is missing where the address is as before",
        body = SettingsView), SettingProblems),
    security(("token" = []))
)]
pub(super) async fn put_settings(
    db: Data<Db>,
    mailer: Data<Option<Mailer>>,
    SignedIn(actor): SignedIn,
    Json(body): Json<SettingsRequest>,
) -> Result<HttpResponse, Problem> {
    require_full(&actor)?;
    let mailer = mailer.get_ref().as_ref();
    let (setting, address) = body.read(mailer)?;
    if setting.mode != Mode::Off && mailer.is_none() {
        return Err(NoticeError::NoMail.into());
    }
    let account = actor.account;
    let before = departments::mail_of(db.read(), account).await?;
    let mut response = HttpResponse::Ok();
    if before == address {
        db.keep_house::<_, NoticeError, _>(async move |unit: &mut Unit| {
            rows::put_setting(unit, account, setting).await?;
            change_waiting(unit, account, setting).await
        })
        .await?;
    } else {
        let written = db
            .write::<_, NoticeError, _>(&actor, async move |unit: &mut Unit| {
                if !departments::set_mail(unit, address).await? {
                    // Somebody else has just said the same.
                    return Err(DbError::Stale.into());
                }
                rows::put_setting(unit, account, setting).await?;
                change_waiting(unit, account, setting).await
            })
            .await?;
        with_receipt(&mut response, written.receipt);
    }
    Ok(response.json(shown(&db, mailer, &actor).await?))
}

/// The part of the contract that notices bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(get_notices, post_read, get_settings, put_settings))]
pub(in crate::workflows) struct ApiDoc;

/// The routes of notices.
pub(in crate::workflows) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/notifications").get(get_notices))
        .service(web::resource("/api/v1/notifications/read").post(post_read))
        .service(
            web::resource("/api/v1/notification-settings")
                .get(get_settings)
                .put(put_settings),
        );
}
