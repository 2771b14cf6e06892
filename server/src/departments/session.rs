//! Signing in and out, and the tokens of one's own account.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::attempts::Attempts;
use super::cookie;
use super::http::name_fault;
use super::model::{Begun, Carrier, Token};
use super::ops;
use super::sessions::{agent_of, session_before};
use super::signed_in::{SignedIn, actor_of, credential};
use super::tokens::{self, Credential, Knock, NewToken, Secret, TOKEN_DAYS_MAX, Wanted};
use crate::audit::event::Look;
use crate::base::actor::Scope;
use crate::base::{AccountId, Actor, TokenId};
use crate::config::Auth;
use crate::http::extract::{ClientAddress, Json, NoKey, Path, RequestId};
use crate::http::limits::RateLimits;
use crate::http::openapi::{EndProblems, IssueProblems, PlainProblems};
use crate::http::{Fault, Kind, Problem};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{self, with_receipt};
use crate::unit::{Db, Unit, Written};

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"login": "m.brandt", "password": "…"}))]
pub(super) struct SignIn {
    /// The name to sign in with.
    #[schema(max_length = 64)]
    pub(super) login: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 256)]
    pub(super) password: Zeroizing<String>,
}

/// A token, with its secret: it is shown only here.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedToken {
    /// Send it as `Authorization: Bearer …`.
    secret: String,
    /// The token.
    token: TokenView,
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(super) struct TokenView {
    /// Its id.
    id: Uuid,
    /// What it is for.
    label: String,
    /// `full`, `read` or `intake`.
    scope: ScopeView,
    /// The department into which it files, where that is laid down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<Uuid>,
    /// The account in whose inbox that goes, where that is laid down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    inbox: Option<Uuid>,
    /// When it was issued, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends, UTC.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When it was last used, UTC, to some minutes; none where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_used_at: Option<String>,
    /// From which network it was last used, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "192.0.2.0/24")]
    network: Option<String>,
}

/// What a token may be used for.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Scope)]
pub(super) enum ScopeView {
    /// Everything that the account may.
    Full,
    /// Reading only.
    Read,
    /// Putting documents in, and nothing else.
    Intake,
}

impl From<ScopeView> for Scope {
    fn from(scope: ScopeView) -> Self {
        match scope {
            ScopeView::Full => Self::Full,
            ScopeView::Read => Self::Read,
            ScopeView::Intake => Self::Intake,
        }
    }
}

impl From<Scope> for ScopeView {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Full => Self::Full,
            Scope::Read => Self::Read,
            Scope::Intake => Self::Intake,
        }
    }
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.raw(),
            label: token.label.clone(),
            scope: token.scope.into(),
            department: token.destination.map(|one| one.department.raw()),
            inbox: token
                .destination
                .and_then(|one| one.inbox)
                .map(AccountId::raw),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.to_string(),
            last_used_at: token.used.as_ref().map(|used| used.at.to_string()),
            network: token.used.as_ref().map(|used| used.network.clone()),
        }
    }
}

/// Signs in; the answer holds a token for as long as the settings say (twelve hours, where they say
/// nothing else). Whoever has failed too often under a name waits, longer each time, whether or not
/// there is such an account: 429 with `Retry-After`. No `Idempotency-Key`: the secret of a token is not saved.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "people", operation_id = "signIn",
    request_body = SignIn,
    responses((status = 201, description = "Signed in", body = IssuedToken), IssueProblems)
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
    looks: Data<Looks>,
    limits: Data<RateLimits>,
    client: ClientAddress,
    _: NoKey,
    Json(body): Json<SignIn>,
) -> Result<HttpResponse, Problem> {
    let SignIn { login, password } = body;
    let door = Door {
        db: &db,
        auth: &auth,
        attempts: &attempts,
        looks: &looks,
        limits: &limits,
        client,
    };
    let written = enter(&request, door, (&login, password), Carrier::Bearer).await?;
    let (token, secret) = &written.value;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    let body = IssuedToken {
        secret: secret.0.to_string(),
        token: TokenView::from(token),
    };
    Ok(response.json(body))
}

/// What stands at the door: who counts, who records, from where somebody comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door<'a> {
    /// The database.
    pub db: &'a Db,
    /// What a password must be, how long a session lasts.
    pub auth: &'a Auth,
    /// The failed attempts.
    pub attempts: &'a Attempts,
    /// The access log.
    pub looks: &'a Looks,
    /// How often one address may try.
    pub limits: &'a RateLimits,
    /// From where.
    pub client: ClientAddress,
}

/// Signs in within the limits of how often one may try, and records that, or the refusal.
///
/// # Errors
/// 401 where name or password are wrong, 429 after too many attempts.
pub(crate) async fn enter(
    request: &HttpRequest,
    door: Door<'_>,
    (login, password): (&str, Zeroizing<String>),
    carrier: Carrier,
) -> Result<Written<(Token, Secret)>, Problem> {
    door.limits.sign_in(door.client.0)?;
    let id = RequestId::known(request);
    let knock = Knock {
        request: id,
        login,
        from: door.client.0,
    };
    let before = match carrier {
        Carrier::Cookie => session_before(request),
        Carrier::Bearer => None,
    };
    let wanted = Wanted {
        carrier,
        agent: agent_of(request),
        before,
        begun: Begun::Here,
        provider_session: None,
    };
    let (auth, attempts) = (door.auth, door.attempts);
    let signed_in = tokens::sign_in(door.db, auth, attempts, knock, password, wanted).await;
    let (look, mut actor) = match &signed_in {
        Ok(_) => (Look::SignIn, Actor::system()),
        Err(_) => (Look::SignInRefused, Actor::nobody()),
    };
    actor.request = id;
    if let Ok((signed, _)) = &signed_in {
        (actor.account, actor.grants) = (signed.account, signed.grants.clone());
    }
    door.looks.note(Looked::of(look, &actor)).await?;
    Ok(signed_in?.1)
}

/// Records that someone who is signed in did not know the own password.
pub(super) async fn note_refused(looks: &Looks, actor: Actor) -> Result<(), Problem> {
    let looked = Looked::of(Look::SignInRefused, &actor);
    Ok(looks.note(looked).await?)
}

/// Signs out: the session or the token that sends this ends.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "people", operation_id = "signOut",
    responses((status = 204, description = "Signed out",
        headers(("Set-Cookie" = String, description = "Takes the cookie away, where it was the one that asked"))),
        EndProblems),
    security(("token" = []))
)]
pub(super) async fn delete_session(
    request: HttpRequest,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    let by_cookie = matches!(credential(&request), Some(Credential::Cookie(_)));
    let (actor, token) = actor_of(request).await?;
    let done = db.write(&actor, async move |unit: &mut Unit| {
        tokens::revoke_token(unit, token, token).await
    });
    let mut response = replay::ended(done.await?.receipt);
    if by_cookie && let Ok(cleared) = HeaderValue::from_str(&cookie::clear()) {
        response.headers_mut().insert(header::SET_COOKIE, cleared);
    }
    Ok(response)
}

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "Scanner Poststelle", "scope": "intake", "days": 365,
    "department": "buergerbuero", "inbox": "m.brandt"}))]
pub(super) struct TokenRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    label: String,
    /// What it may be used for.
    scope: ScopeView,
    /// How many days it lives.
    #[schema(minimum = 1, maximum = 400)]
    days: i64,
    /// Short name or id of the department into which it files, and into no other one; only with
    /// `intake`.
    #[serde(default)]
    #[schema(max_length = 100)]
    department: Option<String>,
    /// Login or id of the account in whose inbox that goes; only with `department`.
    #[serde(default)]
    #[schema(max_length = 100)]
    inbox: Option<String>,
}

/// Issues a token for the own account. No `Idempotency-Key`: the secret of a token is not saved.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "people", operation_id = "issueToken",
    request_body = TokenRequest,
    responses((status = 201, description = "Issued; the secret is shown only here", body = IssuedToken),
        IssueProblems),
    security(("token" = []))
)]
pub(super) async fn post_token(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    _: NoKey,
    Json(body): Json<TokenRequest>,
) -> Result<HttpResponse, Problem> {
    let mut problem = Problem::new(Kind::Validation);
    let label = body.label.trim().to_owned();
    problem = name_fault(problem, "/label", &body.label);
    if body.days < 1 {
        problem = problem.field("/days", Fault::TooSmall { min: 1 });
    }
    if body.days > TOKEN_DAYS_MAX {
        problem = problem.field(
            "/days",
            Fault::TooLarge {
                max: TOKEN_DAYS_MAX,
            },
        );
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    let places = (body.department.as_deref(), body.inbox.as_deref());
    let new = NewToken {
        label,
        scope: body.scope.into(),
        seconds: body.days * 86_400,
        destination: ops::destination(db.read(), places).await?,
    };
    let account = actor.account;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            tokens::issue_token(unit, account, new).await
        })
        .await?;
    let (token, secret) = &written.value;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    let body = IssuedToken {
        secret: secret.0.to_string(),
        token: TokenView::from(token),
    };
    Ok(response.json(body))
}

/// The tokens of the own account that can be used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenList {
    /// The tokens.
    items: Vec<TokenView>,
}

/// The tokens of the own account that were issued and can be used: neither ended nor expired. Sessions
/// stand in a list of their own.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "people", operation_id = "listTokens",
    responses((status = 200, description = "Without their secrets", body = TokenList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_tokens(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let mut issued = tokens::tokens(db.read(), actor.account, db.now()).await?;
    issued.retain(|one| one.session.is_none());
    Ok(HttpResponse::Ok().json(TokenList {
        items: issued.iter().map(TokenView::from).collect(),
    }))
}

/// Ends a token: the one that sends this, or another one by a token that may do everything.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "people", operation_id = "revokeToken",
    params(("id" = Uuid, Path, description = "The token")),
    responses((status = 204, description = "Ended"), EndProblems),
    security(("token" = []))
)]
pub(super) async fn delete_token(
    request: HttpRequest,
    db: Data<Db>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (actor, used) = actor_of(request).await?;
    let id = TokenId::of(id);
    let done = db.write(&actor, async move |unit: &mut Unit| {
        tokens::revoke_token(unit, used, id).await
    });
    Ok(replay::ended(done.await?.receipt))
}
