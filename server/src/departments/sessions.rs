//! The sessions of an account over HTTP: opened by a browser, listed, ended.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::require_admin;
use super::attempts::Attempts;
use super::cookie::{self, Browsers};
use super::model::{Begun, Carrier, PeopleError, Token};
use super::session::{Door, SignIn, enter};
use super::signed_in::{SignedIn, actor_of, asking};
use super::tokens::{self, Secret};
use crate::base::{AccountId, Timestamp, TokenId};
use crate::config::Auth;
use crate::http::Problem;
use crate::http::extract::{ClientAddress, Json, NoKey, Path};
use crate::http::limits::RateLimits;
use crate::http::openapi::{EndProblems, IssueProblems, PlainProblems};
use crate::ledger::looks::Looks;
use crate::replay::{self, with_receipt};
use crate::unit::{Db, Unit};

/// How a session travels.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionKind {
    /// In the cookie of a browser.
    Cookie,
    /// As a bearer token that came of signing in.
    Bearer,
    /// A token that was issued: no session.
    Token,
}

impl From<Option<Carrier>> for SessionKind {
    fn from(carrier: Option<Carrier>) -> Self {
        match carrier {
            Some(Carrier::Cookie) => Self::Cookie,
            Some(Carrier::Bearer) => Self::Bearer,
            None => Self::Token,
        }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    /// Its id.
    id: Uuid,
    /// `cookie` or `bearer`; `token`, where a token that was issued asks how it is signed in.
    kind: SessionKind,
    /// Whether it was begun at the provider of identities.
    by_provider: bool,
    /// Whether it is the one that asks.
    current: bool,
    /// When it was opened, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends at the latest, UTC. One of a browser ends sooner where it is not used.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When it was last used, UTC, to the minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_used_at: Option<String>,
    /// From which network, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "192.0.2.0/24")]
    network: Option<String>,
    /// By what, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent: Option<String>,
}

impl SessionView {
    fn of(token: &Token, asking: TokenId) -> Self {
        let used = token.used.as_ref();
        Self {
            id: token.id.raw(),
            kind: token.session.into(),
            by_provider: token.begun == Begun::AtProvider,
            current: token.id == asking,
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.to_string(),
            last_used_at: used.map(|used| used.at.to_string()),
            network: used.map(|used| used.network.clone()),
            agent: used.and_then(|used| used.agent.clone()),
        }
    }
}

/// How one is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(super) struct SignedInView {
    /// What every change by the cookie must send along as `Papierlos-Csrf`; only where a cookie asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    csrf: Option<String>,
    /// The session.
    session: SessionView,
}

/// The sessions of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionList {
    /// The sessions, oldest first.
    items: Vec<SessionView>,
}

/// The digest of the session that a browser has now.
pub(crate) fn session_before(request: &HttpRequest) -> Option<[u8; 32]> {
    let secret = cookie::secret_of(request)?;
    Some(Sha256::digest(secret.as_bytes()).into())
}

/// What a browser says about itself, as far as it is kept.
pub(crate) fn agent_of(request: &HttpRequest) -> Option<String> {
    let said = request.headers().get(header::USER_AGENT)?;
    tokens::agent_of(&String::from_utf8_lossy(said.as_bytes()))
}

/// The cookie of a session that was just opened.
pub(crate) fn session_cookie((token, secret): &(Token, Secret), now: Timestamp) -> String {
    let left = token.expires_at.micros() - now.micros();
    let life = Duration::from_micros(u64::try_from(left).unwrap_or_default());
    cookie::set(&secret.0, life)
}

/// Signs a browser in: the answer sets the cookie `__Host-papierlos`, which no script can read.
///
/// The session lives as long as the settings say, and ends sooner where it is not used. What changes
/// something by the cookie must send `csrf` along as the header `Papierlos-Csrf`. The session that the
/// same browser had until now ends. Whoever has failed too often waits, as at `signIn`. No
/// `Idempotency-Key`: the secret of a session is not saved.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "people", operation_id = "openSession",
    request_body = SignIn,
    responses((status = 201, description = "Signed in", body = SignedInView,
        headers(("Set-Cookie" = String, description = "The session"))), IssueProblems)
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an attempt to sign in needs of its request"
)]
pub(super) async fn post_session(
    request: HttpRequest,
    db: Data<Db>,
    auth: Data<Auth>,
    attempts: Data<Attempts>,
    browsers: Data<Browsers>,
    looks: Data<Looks>,
    limits: Data<RateLimits>,
    client: ClientAddress,
    _: NoKey,
    Json(body): Json<SignIn>,
) -> Result<HttpResponse, Problem> {
    browsers.check_sender(&request)?;
    let door = Door {
        db: &db,
        auth: &auth,
        attempts: &attempts,
        looks: &looks,
        limits: &limits,
        client,
    };
    let SignIn { login, password } = body;
    let written = enter(&request, door, (&login, password), Carrier::Cookie).await?;
    let (token, secret) = &written.value;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    response.insert_header((header::SET_COOKIE, session_cookie(&written.value, db.now())));
    Ok(response.json(SignedInView {
        csrf: Some(cookie::csrf(&secret.0)),
        session: SessionView::of(token, token.id),
    }))
}

/// How one is signed in: the session that asks.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "people", operation_id = "readSession",
    responses((status = 200, description = "The session", body = SignedInView), EndProblems),
    security(("token" = []))
)]
pub(super) async fn get_session(
    request: HttpRequest,
    db: Data<Db>,
    SignedIn(_actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let asking = asking(&request)?;
    let found = tokens::token(db.read(), asking, db.now()).await?;
    let token = found.ok_or(PeopleError::NoToken)?;
    let by_cookie = token.session == Some(Carrier::Cookie);
    let secret = cookie::secret_of(&request).filter(|_| by_cookie);
    Ok(HttpResponse::Ok().json(SignedInView {
        csrf: secret.map(cookie::csrf),
        session: SessionView::of(&token, asking),
    }))
}

/// The sessions of the own account: where one is signed in.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "people", operation_id = "listSessions",
    responses((status = 200, description = "Oldest first", body = SessionList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_sessions(
    request: HttpRequest,
    db: Data<Db>,
    browsers: Data<Browsers>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let asking = asking(&request)?;
    let now = db.now();
    let all = tokens::tokens(db.read(), actor.account, now).await?;
    let lives = |one: &&Token| one.session.is_some() && one.ends(browsers.idle) > now;
    Ok(HttpResponse::Ok().json(SessionList {
        items: all
            .iter()
            .filter(lives)
            .map(|one| SessionView::of(one, asking))
            .collect(),
    }))
}

/// Ends a session: one's own, or any by an administrator.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "people", operation_id = "endSession",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended"), EndProblems),
    security(("token" = []))
)]
pub(super) async fn delete_one(
    request: HttpRequest,
    db: Data<Db>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (actor, asking) = actor_of(request).await?;
    let id = TokenId::of(id);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            tokens::end_session(unit, asking, id).await
        })
        .await?;
    Ok(replay::ended(written.receipt))
}

/// Ends all other sessions of the own account, wherever they are. Tokens that were issued stay.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "people", operation_id = "endOtherSessions",
    responses((status = 204, description = "Ended"), EndProblems),
    security(("token" = []))
)]
pub(super) async fn delete_others(
    request: HttpRequest,
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let asking = asking(&request)?;
    let account = actor.account;
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            tokens::end_sessions(unit, account, Some(asking)).await
        })
        .await;
    ended(done)
}

/// Ends all sessions of an account. For administrators.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/sessions", tag = "people",
    operation_id = "endAccountSessions",
    params(("id" = Uuid, Path, description = "The account")),
    responses((status = 204, description = "Ended"), EndProblems),
    security(("token" = []))
)]
pub(super) async fn delete_of_account(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let account = AccountId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            tokens::end_sessions(unit, account, None).await
        })
        .await;
    ended(done)
}

/// Where there was none, nothing is recorded.
fn ended(done: Result<crate::unit::Written<usize>, PeopleError>) -> Result<HttpResponse, Problem> {
    match done {
        Ok(written) => Ok(replay::ended(written.receipt)),
        Err(PeopleError::NoToken) => Ok(HttpResponse::NoContent().finish()),
        Err(error) => Err(error.into()),
    }
}
