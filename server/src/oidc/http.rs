//! The ways of a browser to the provider and back, and what the pages ask before.

use actix_web::http::header;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::flow::{self, Begun, Seal};
use super::model::{OidcError, Refusal};
use super::ops::{From as Comes, House};
use super::page;
use super::provider::Provider;
use crate::audit::event::Look;
use crate::base::Actor;
use crate::config::{Auth, Oidc, Rights};
use crate::departments::{Entered, agent_of, cookie_of, session_before, session_cookie};
use crate::http::extract::{ClientAddress, RequestId, pairs};
use crate::http::limits::{RateLimits, wait_for};
use crate::http::openapi::PlainProblems;
use crate::http::{Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;

/// Where the pages send whoever comes with the account of the town.
const START: &str = "/oidc/start";

/// Signing in elsewhere: the provider of this house, where there is one.
#[derive(Debug)]
pub struct SignOn {
    provider: Option<Provider>,
    seal: Seal,
}

impl SignOn {
    /// By the settings; `key` is one that all processes of the archive share.
    #[must_use]
    pub fn new(config: Option<&Oidc>, public_url: &str, key: [u8; 32]) -> Self {
        Self {
            provider: config.map(|config| Provider::new(config.clone(), public_url)),
            seal: Seal::new(key),
        }
    }

    fn provider(&self) -> Result<&Provider, Problem> {
        let provider = self.provider.as_ref();
        provider.ok_or_else(|| Problem::new(Kind::NotFound))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Db(error) => error.into(),
            Refusal::People(error) => error.into(),
            Refusal::Unrecorded => Self::new(Kind::Unavailable).retry_after_seconds(1),
            Refusal::Provider(error) => match error {
                // What we asked the provider ourselves: whoever sent a message may send it again.
                OidcError::Unreachable(_)
                | OidcError::Silent
                | OidcError::Status { .. }
                | OidcError::Answer => Self::new(Kind::Unavailable).retry_after_seconds(5),
                OidcError::Jose(_) | OidcError::Claims(_) => Self::new(Kind::BadRequest),
            },
            Refusal::TooMany { seconds } => wait_for(seconds),
            Refusal::Stale
            | Refusal::Used
            | Refusal::Declined { .. }
            | Refusal::NoLogin { .. }
            | Refusal::Unknown { .. }
            | Refusal::Taken { .. }
            | Refusal::Off => Self::new(Kind::BadRequest),
        }
    }
}

/// How one can sign in here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaysIn)]
struct WaysInView {
    /// Where a browser signs in with an account that the town has elsewhere; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/oidc/start")]
    provider: Option<&'static str>,
}

/// How one can sign in here, beside name and password.
#[utoipa::path(
    get, path = "/api/v1/sign-in", tag = "people", operation_id = "readWaysIn",
    responses((status = 200, description = "The ways", body = WaysInView), PlainProblems)
)]
async fn get_ways_in(sign_on: Data<SignOn>) -> HttpResponse {
    let provider = sign_on.provider.as_ref().map(|_| START);
    std::future::ready(HttpResponse::Ok().json(WaysInView { provider })).await
}

/// The page of a refusal. What is our own mistake is a problem as anywhere.
fn refused(request: &HttpRequest, refusal: Refusal) -> Result<HttpResponse, Problem> {
    let language = Language::of(request.headers());
    if let Refusal::Provider(error) = &refusal {
        tracing::warn!(error = %error, cause = ?error, "nobody can be signed in by the provider");
    } else {
        tracing::info!(reason = %reason(&refusal), "somebody was not signed in by the provider");
    }
    page::of(&refusal, language).map_or_else(|| Err(refusal.into()), Ok)
}

/// Why, without who it is: lines of the log name nobody.
fn reason(refusal: &Refusal) -> String {
    if let Refusal::Provider(error) = refusal {
        format!("{refusal}: {error}")
    } else {
        refusal.to_string()
    }
}

fn see(place: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, place));
    response
}

async fn get_start(
    request: HttpRequest,
    db: Data<Db>,
    sign_on: Data<SignOn>,
) -> Result<HttpResponse, Problem> {
    let provider = sign_on.provider()?;
    let begun = Begun::now(db.now(), session_before(&request));
    let begun = begun.ok_or_else(|| Problem::internal("no chance to be had"))?;
    let place = match provider.sign_in_at(&begun).await {
        Ok(place) => place,
        Err(error) => return refused(&request, error.into()),
    };
    let cookie = begun.cookie(&sign_on.seal);
    let cookie = cookie.ok_or_else(|| Problem::internal("the seal cannot be set"))?;
    let mut response = see(place.as_str());
    response.insert_header((header::SET_COOKIE, cookie));
    Ok(response.finish())
}

/// What comes back from the provider.
#[derive(Debug, Default)]
struct Answered {
    code: Option<String>,
    state: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

impl Answered {
    /// What is said twice is said by somebody else; what we do not know is of no concern.
    fn read(query: &str) -> Option<Self> {
        let mut it = Self::default();
        for (name, value) in pairs(query).ok()? {
            let place = match name.as_str() {
                "code" => &mut it.code,
                "state" => &mut it.state,
                "iss" => &mut it.issuer,
                "error" => &mut it.error,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        Some(it)
    }
}

/// The codes of the standard; what else a provider says is not repeated.
fn declined(said: &str) -> &'static str {
    [
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    ]
    .into_iter()
    .find(|code| *code == said)
    .unwrap_or("error")
}

#[expect(
    clippy::too_many_arguments,
    reason = "what an attempt to sign in needs of its request"
)]
async fn get_callback(
    request: HttpRequest,
    db: Data<Db>,
    auth: Data<Auth>,
    rights: Data<Rights>,
    sign_on: Data<SignOn>,
    looks: Data<Looks>,
    limits: Data<RateLimits>,
    client: ClientAddress,
) -> Result<HttpResponse, Problem> {
    let house = House {
        db: &db,
        auth: &auth,
        rights: **rights,
        provider: sign_on.provider()?,
    };
    let comes = Comes {
        request: RequestId::known(&request),
        address: client.0,
        agent: agent_of(&request),
        before: None,
    };
    let door = (&**limits, &**looks);
    let mut response = match back(&request, &house, &sign_on.seal, door, comes).await {
        Ok(entered) => {
            let mut response = see("/#/angemeldet");
            let cookie = session_cookie(&entered.written.value, db.now());
            response.append_header((header::SET_COOKIE, cookie));
            response.finish()
        }
        Err(refusal) => refused(&request, refusal)?,
    };
    if let Ok(cleared) = header::HeaderValue::from_str(&flow::clear()) {
        response.headers_mut().append(header::SET_COOKIE, cleared);
    }
    Ok(response)
}

/// Whether the attempt is the one that this browser began is asked first; only then is it counted, and anything
/// recorded of it: no page of elsewhere uses up what a town hall may try.
async fn back(
    request: &HttpRequest,
    house: &House<'_>,
    seal: &Seal,
    (limits, looks): (&RateLimits, &Looks),
    comes: Comes,
) -> Result<Entered, Refusal> {
    let answered = Answered::read(request.query_string()).ok_or(Refusal::Stale)?;
    let cookie = cookie_of(request, flow::name()).ok_or(Refusal::Stale)?;
    let state = answered.state.as_deref();
    let begun = Begun::kept(cookie, seal, state, house.db.now()).ok_or(Refusal::Stale)?;
    let within = limits.sign_in_within(comes.address);
    within.map_err(|seconds| Refusal::TooMany { seconds })?;
    house.once(&begun).await?;
    let id = comes.request;
    let comes = Comes {
        before: begun.before,
        ..comes
    };
    let entered = let_in(house, answered, &begun, comes).await;
    let (look, actor) = match &entered {
        Ok(entered) => (Look::SignInByProvider, entered.actor.clone()),
        Err(_) => (Look::SignInRefused, Actor::nobody()),
    };
    let actor = Actor {
        request: id,
        ..actor
    };
    let noted = looks.note(Looked::of(look, &actor)).await;
    match (entered, noted) {
        (Ok(entered), Ok(())) => Ok(entered),
        (Ok(_), Err(_unrecorded)) => Err(Refusal::Unrecorded),
        (Err(refusal), _) => Err(refusal),
    }
}

async fn let_in(
    house: &House<'_>,
    answered: Answered,
    begun: &Begun,
    comes: Comes,
) -> Result<Entered, Refusal> {
    let metadata = house.provider.metadata().await?;
    if !metadata.answers_as(answered.issuer.as_deref()) {
        return Err(OidcError::Answer.into());
    }
    if let Some(said) = answered.error {
        return Err(Refusal::Declined {
            code: declined(&said),
        });
    }
    let code = answered.code.ok_or(Refusal::Stale)?;
    let person = house.ask(&code, begun).await?;
    house.enter(person, comes).await
}

/// Signs out at the provider too. Here nothing happens: whoever comes has signed out before.
async fn get_sign_out(sign_on: Data<SignOn>) -> Result<HttpResponse, Problem> {
    let place = match sign_on.provider()?.sign_out_at().await {
        Ok(place) => place,
        Err(error) => {
            tracing::warn!(error = %error, cause = ?error, "nobody can be signed out at the provider");
            None
        }
    };
    let place = place.as_ref().map_or("/", |place| place.as_str());
    Ok(see(place).finish())
}

/// The provider says that somebody signed out there.
async fn post_back_channel(
    request: HttpRequest,
    db: Data<Db>,
    auth: Data<Auth>,
    rights: Data<Rights>,
    sign_on: Data<SignOn>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let house = House {
        db: &db,
        auth: &auth,
        rights: **rights,
        provider: sign_on.provider()?,
    };
    let missing = || {
        Problem::new(Kind::BadRequest).detail(text(
            "Hier fehlt logout_token als Feld eines Formulars.",
            "The field logout_token of a form is missing here.",
        ))
    };
    let fields = std::str::from_utf8(&body).map_err(|_other| missing())?;
    let fields = pairs(fields).map_err(|_other| missing())?;
    let token = fields.into_iter().find(|(name, _)| name == "logout_token");
    let (_, token) = token.ok_or_else(missing)?;
    if let Err(refusal) = house.signed_out(&token, RequestId::known(&request)).await {
        tracing::warn!(reason = %reason(&refusal), "a message of the provider did not count");
        return Err(refusal.into());
    }
    Ok(HttpResponse::Ok().finish())
}

/// The part of the contract that this brings. Where browsers go is no part of it.
#[derive(Debug, OpenApi)]
#[openapi(paths(get_ways_in))]
pub struct ApiDoc;

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/sign-in").get(get_ways_in))
        .service(web::resource(START).get(get_start))
        .service(web::resource("/oidc/callback").get(get_callback))
        .service(web::resource("/oidc/sign-out").get(get_sign_out))
        .service(web::resource("/oidc/back-channel").post(post_back_channel));
}
