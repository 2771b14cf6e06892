//! Who asks: the extractors that know the token, and in whose stead it acts.

use super::acting;
use super::cookie::{self, Browsers};
use super::functions;
use super::known::{KnownPeople, Person};
use super::model::{Carrier, PeopleError, Use};
use super::ops;
use super::sessions;
use super::tokens::{self, Credential};
use crate::base::actor::Scope;
use crate::base::{Actor, Timestamp, TokenId};
use crate::http::extract::{ClientAddress, RequestId};
use crate::http::limits::RateLimits;
use crate::http::{Form, Kind, Problem, text};
use crate::unit::Db;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi as OpenApiContract, RefOr, Required};

/// Someone who is signed in, with a token that may read. A token that only takes documents in is
/// refused here.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Actor);

/// Someone who may put documents in.
#[derive(Debug, Clone)]
pub struct Intake(pub Actor);

/// Someone with a token, whatever it may be used for: what is shown must be the token's own.
#[derive(Debug, Clone)]
pub struct AnyToken(pub Actor);

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// How often it is noted that a token is used.
const TOKEN_NOTED: Duration = Duration::from_secs(600);
/// How often that a session is; more often where it ends soon when it is not used.
const SESSION_NOTED: Duration = Duration::from_secs(60);

/// What a request brings along to say who asks. A cookie counts where there is no `Authorization`.
pub(super) fn credential(request: &HttpRequest) -> Option<Credential<'_>> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return bearer(request).map(Credential::Bearer);
    }
    cookie::secret_of(request).map(Credential::Cookie)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    // Clients of the other interface say it in its words.
    let known = scheme.eq_ignore_ascii_case("bearer")
        || (Form::of(request.path()) == Form::Detail && scheme.eq_ignore_ascii_case("token"));
    known.then_some(token.trim())
}

pub(super) async fn actor_of(request: HttpRequest) -> Result<(Actor, TokenId), Problem> {
    let missing = || Problem::new(Kind::Unauthenticated);
    let db = request
        .app_data::<Data<Db>>()
        .ok_or_else(|| Problem::internal("no database"))?;
    let browsers = request
        .app_data::<Data<Browsers>>()
        .ok_or_else(|| Problem::internal("nothing is said of browsers"))?;
    let credential = credential(&request).ok_or_else(missing)?;
    let id = RequestId::known(&request);
    let known = request
        .app_data::<Data<KnownPeople>>()
        .ok_or_else(|| Problem::internal("nobody is known"))?;
    let found = tokens::authenticate(db, known, credential, browsers.idle).await?;
    let person = found.ok_or_else(missing)?;
    let (actor, token) = (person.acting(id), person.token);
    note_use(&request, known, &person, (db.now(), browsers.idle));
    request.extensions_mut().insert(person);
    if let Some(limits) = request.app_data::<Data<RateLimits>>() {
        limits.principal(actor.account.raw())?;
    }
    // For the record of refusals, which are seen only after the answer is made: the first of them
    // may be that of the deputation.
    request.extensions_mut().insert(actor.clone());
    if let Credential::Cookie(secret) = credential {
        browsers.check(&request, secret)?;
    }
    let actor = stand_in(db, &request, actor).await?;
    request.extensions_mut().insert(actor.clone());
    Ok((actor, token))
}

/// Remembers that a token or a session is used; somebody else writes it down.
fn note_use(
    request: &HttpRequest,
    known: &KnownPeople,
    person: &Person,
    (now, idle): (Timestamp, Duration),
) {
    let every = match person.session {
        Some(Carrier::Cookie) => SESSION_NOTED.min(idle / 4),
        Some(Carrier::Bearer) => SESSION_NOTED,
        None => TOKEN_NOTED,
    };
    let client = request.extensions().get::<ClientAddress>().copied();
    if let Some(client) = client
        && person.is_worth_noting(now, every)
    {
        let used = Use {
            at: now,
            network: tokens::shortened(client.0),
            agent: sessions::agent_of(request),
        };
        known.used(person.token, used);
    }
}

/// The token or the session of a request that was found to be of someone.
pub(super) fn asking(request: &HttpRequest) -> Result<TokenId, Problem> {
    let known = request.extensions().get::<Arc<Person>>().map(|it| it.token);
    known.ok_or_else(|| Problem::new(Kind::Unauthenticated))
}

/// In whose stead a request is made: the login of the one who is stood in for, or `function:` and the
/// short name of a function that is held.
pub(super) const ON_BEHALF_OF: header::HeaderName =
    header::HeaderName::from_static("papierlos-on-behalf-of");

/// Adds to a contract the header by which a deputy acts, where it counts: where something is done or
/// seen by the roles of an account. Administration is not handed on, and neither is one's own.
#[derive(Debug, Clone, Copy)]
pub struct OnBehalfOf;

/// What a deputy does in another's stead, by the tags of operations.
const IN_STEAD: &[&str] = &[
    "cases",
    "correspondents",
    "documents",
    "file plan",
    "files",
    "inbox",
    "log",
    "notes",
    "relations",
    "search",
    "workflows",
];

impl utoipa::Modify for OnBehalfOf {
    fn modify(&self, contract: &mut OpenApiContract) {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(2))
            .max_length(Some(64))
            .build();
        let said = "The login of the account in whose stead you act. Without a deputation 403, \
                    whether there is such an account or not.";
        let header = ParameterBuilder::new()
            .name("Papierlos-On-Behalf-Of")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(said))
            .schema(Some(schema))
            .build();
        for item in contract.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.put,
                &mut item.post,
                &mut item.delete,
                &mut item.patch,
            ];
            for operation in operations.into_iter().flatten() {
                let tags = operation.tags.iter().flatten();
                let counts = tags.into_iter().any(|tag| IN_STEAD.contains(&tag.as_str()))
                    || operation.operation_id.as_deref() == Some("listDepartments");
                if counts && operation.security.is_some() {
                    let parameters = operation.parameters.get_or_insert_with(Vec::new);
                    parameters.push(RefOr::T(header.clone()));
                }
            }
        }
    }
}

/// The actor as the deputy of the one whom the request names.
async fn stand_in(db: &Db, request: &HttpRequest, actor: Actor) -> Result<Actor, Problem> {
    let Some(value) = request.headers().get(ON_BEHALF_OF) else {
        return Ok(actor);
    };
    // Whether there is such an account is not told: there is no such deputation.
    let refused = || {
        Problem::new(Kind::Forbidden).detail(text(
            "Für dieses Konto besteht zurzeit keine Vertretung durch Sie.",
            "You are not this account's deputy at this time.",
        ))
    };
    let login = value.to_str().unwrap_or_default();
    if let Some(code) = functions::code_of(login) {
        return functions::acting_for(db.read(), actor, code, db.now())
            .await
            .map_err(PeopleError::from)?
            .ok_or_else(|| {
                Problem::new(Kind::Forbidden).detail(text(
                    "Diese Funktion üben Sie zurzeit nicht aus.",
                    "You do not hold this function at this time.",
                ))
            });
    }
    let principal = ops::account_of_login(db.read(), login)
        .await
        .map_err(PeopleError::from)?
        .ok_or_else(refused)?;
    acting::deputy_for(db.read(), actor, principal, db.now())
        .await
        .map_err(PeopleError::from)?
        .ok_or_else(refused)
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (actor, _) = actor_of(request).await?;
            if actor.scope == Scope::Intake {
                return Err(Problem::new(Kind::Forbidden).detail(text(
                    "Dieses Token darf nur einreichen.",
                    "This token may only put documents in.",
                )));
            }
            Ok(Self(actor))
        })
    }
}

impl FromRequest for AnyToken {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(actor_of(request).await?.0)) })
    }
}

impl FromRequest for Intake {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (actor, _) = actor_of(request).await?;
            if actor.scope == Scope::Read {
                return Err(Problem::new(Kind::Forbidden).detail(text(
                    "Dieses Token darf nur lesen.",
                    "This token may only read.",
                )));
            }
            Ok(Self(actor))
        })
    }
}
