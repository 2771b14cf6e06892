//! People over HTTP: sign-in, tokens, accounts, departments; and the extractor that knows who asks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::accounts::{self, AccountView};
use super::cookie::{self, Browsers};
use super::known::{KnownPeople, Person};
use super::model::{Carrier, Department, NAME_CHARS_MAX, PeopleError, Slug, Use};
use super::ops;
use super::tokens::{self, Credential};
use super::{compartments, deputies, session, sessions, units};
use crate::base::actor::Scope;
use crate::base::{Actor, RequestId, Right, Role, Timestamp, TokenId};
use crate::http::extract::{ClientAddress, ETag, Json, MaybeKey};
use crate::http::limits::{RateLimits, wait_for};
use crate::http::openapi::{CreateProblems, IdempotencyParam, PlainProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

impl From<PeopleError> for Problem {
    #[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NoAccount | PeopleError::NoToken => Self::new(Kind::NotFound),
            PeopleError::NoDepartment => {
                Self::new(Kind::Validation).field("/department", Fault::NotFound)
            }
            PeopleError::Nothing => Self::new(Kind::NotFound),
            PeopleError::Taken => Self::new(Kind::AlreadyExists),
            PeopleError::Loop => Self::new(Kind::Validation).field(
                "/parent",
                Fault::Rule {
                    code: "loop",
                    detail: text(
                        "Eine Abteilung kann nicht unter sich selbst stehen.",
                        "A department cannot stand below itself.",
                    ),
                },
            ),
            PeopleError::FourEyes => Self::new(Kind::Forbidden).detail(text(
                "Dafür braucht es zwei Personen.",
                "This takes two people.",
            )),
            PeopleError::Time => Self::new(Kind::Validation).field(
                "/valid_until",
                Fault::Rule {
                    code: "time",
                    detail: text(
                        "Das Ende muss nach dem Beginn und in der Zukunft liegen, höchstens 400 Tage danach.",
                        "The end must come after the beginning and lie ahead, at most 400 days after it.",
                    ),
                },
            ),
            PeopleError::Settled => Self::new(Kind::Conflict).detail(text(
                "Das ist bereits erledigt.",
                "This is settled already.",
            )),
            PeopleError::RoleAndDepartment => Self::new(Kind::Validation).field(
                "/department",
                Fault::Rule {
                    code: "role-and-department",
                    detail: text(
                        "Diese Rolle gilt in einer Abteilung, oder sie gilt im ganzen Haus und hat keine.",
                        "This role is held in a department, or it holds in the whole house and has none.",
                    ),
                },
            ),
            PeopleError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Das darf nur die Administration.",
                "Only an administrator may do this.",
            )),
            PeopleError::Scope => Self::new(Kind::Forbidden).detail(text(
                "Dieses Token darf das nicht, auch wenn das Konto es darf.",
                "This token may not do this, even if the account may.",
            )),
            PeopleError::KeyTaken => {
                Self::new(Kind::IdempotencyInProgress).retry_after_seconds(1)
            }
            PeopleError::SignIn => Self::new(Kind::Unauthenticated).detail(text(
                "Name oder Passwort stimmen nicht.",
                "Name or password are wrong.",
            )),
            PeopleError::Wait { seconds } => wait_for(seconds),
            PeopleError::NotLocked => Self::new(Kind::StateConflict)
                .current_state("unlocked")
                .detail(text(
                    "Dieses Konto ist nicht gesperrt.",
                    "This account is not locked.",
                )),
            PeopleError::LastAdmin => Self::new(Kind::Conflict).detail(text(
                "Das letzte Administrationskonto muss bleiben.",
                "The last administrator must stay.",
            )),
            PeopleError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .current_etag(&ETag::of_version(current)),
            PeopleError::Hash => Self::internal(error),
            PeopleError::Db(error) => error.into(),
        }
    }
}

/// Someone who is signed in, with a token that may read. A token that only takes documents in is
/// refused here.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Actor);

/// Someone who may put documents in.
#[derive(Debug, Clone)]
pub struct Intake(pub Actor);

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
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
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
    let id = request
        .extensions()
        .get::<crate::http::extract::RequestId>()
        .map(|id| RequestId::of(id.0));
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

/// In whose stead a request is made: the login of the one who is stood in for.
pub(super) const ON_BEHALF_OF: header::HeaderName =
    header::HeaderName::from_static("papierlos-on-behalf-of");

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
    let principal = ops::account_of_login(db.read(), login)
        .await
        .map_err(PeopleError::from)?
        .ok_or_else(refused)?;
    ops::deputy_for(db.read(), actor, principal, db.now())
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

/// Who I am and what I may do.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "people", operation_id = "whoAmI",
    responses((status = 200, description = "The account", body = AccountView), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_me(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let found = ops::account(db.read(), actor.account).await?;
    let account = found.ok_or(PeopleError::NoAccount)?;
    let departments = ops::departments(db.read()).await?;
    Ok(HttpResponse::Ok().json(AccountView::of(&account, &departments)))
}

/// A department.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Department)]
pub(super) struct DepartmentView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// Its short name.
    slug: String,
    /// Its name.
    name: String,
    /// Short name of the department that it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<String>,
    /// Whether you may put documents in; told in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    may_file: Option<bool>,
}

impl DepartmentView {
    pub(super) fn of(one: &Department, all: &[Department]) -> Self {
        let parent = all.iter().find(|other| Some(other.id) == one.parent);
        Self {
            id: one.id.raw(),
            version: one.version,
            slug: one.slug.clone(),
            name: one.name.clone(),
            parent: parent.map(|parent| parent.slug.clone()),
            may_file: None,
        }
    }
}

/// The departments that you have to do with; for administrators and auditors all of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DepartmentList {
    /// The departments.
    items: Vec<DepartmentView>,
}

/// The departments that you have to do with; for administrators and auditors all of them.
#[utoipa::path(
    get, path = "/api/v1/departments", tag = "people", operation_id = "listDepartments",
    responses((status = 200, description = "By number", body = DepartmentList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_departments(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let all = ops::departments(db.read()).await?;
    let mine = |one: &Department| actor.is(Role::Admin) || actor.may_in(Right::Read, one.id);
    let items = all
        .iter()
        .filter(|one| mine(one))
        .map(|one| DepartmentView {
            may_file: Some(actor.may_in(Right::Receive, one.id)),
            ..DepartmentView::of(one, &all)
        })
        .collect();
    Ok(HttpResponse::Ok().json(DepartmentList { items }))
}

/// A new department.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"slug": "standesamt", "name": "Standesamt"}))]
pub(super) struct DepartmentRequest {
    /// Its short name: 2 to 64 of `a-z 0-9 -`, beginning with a letter.
    #[schema(min_length = 2, max_length = 64, pattern = "^[a-z][a-z0-9-]*$")]
    slug: String,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

pub(super) fn name_fault(problem: Problem, pointer: &'static str, raw: &str) -> Problem {
    // What is longer than allowed stays so, whatever of it is blank.
    let name = raw.trim();
    let max = u64::try_from(NAME_CHARS_MAX).unwrap_or(u64::MAX);
    if name.is_empty() {
        problem.field(pointer, Fault::TooShort { min: 1 })
    } else if raw.chars().count() > NAME_CHARS_MAX {
        problem.field(pointer, Fault::TooLong { max })
    } else if name.chars().any(char::is_control) {
        let expected = text("Text ohne Steuerzeichen", "text without control characters");
        problem.field(pointer, Fault::WrongFormat { expected })
    } else {
        problem
    }
}

/// Creates a department. For administrators.
#[utoipa::path(
    post, path = "/api/v1/departments", tag = "people", operation_id = "createDepartment",
    params(IdempotencyParam),
    request_body = DepartmentRequest,
    responses((status = 201, description = "Created", body = DepartmentView, headers(
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_department(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<DepartmentRequest>,
) -> Result<HttpResponse, Problem> {
    let name = body.name.trim().to_owned();
    let mut problem = name_fault(Problem::new(Kind::Validation), "/name", &body.name);
    let slug = Slug::parse(&body.slug);
    if slug.is_none() {
        let expected = text(
            "a-z, 0-9 und -, beginnend mit a-z",
            "a-z, 0-9 and -, beginning with a-z",
        );
        problem = problem.field("/slug", Fault::WrongFormat { expected });
    }
    let Some(slug) = slug.filter(|_| problem.faults() == 0) else {
        return Err(problem);
    };
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let once = Once::new(&actor, key, Fingerprint::of(&[b"POST /departments", &said]));
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let saved = once.clone();
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let one = ops::create_department(unit, slug, name).await?;
            let answer = Answer::created(&DepartmentView::of(&one, &[]))?;
            saved.save(unit, &answer).await?;
            Ok::<_, PeopleError>(answer)
        })
        .await;
    once.finish(&db, written).await
}

/// The part of the contract that people bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    session::post_session,
    session::delete_session,
    sessions::get_session,
    sessions::post_session,
    sessions::get_sessions,
    sessions::delete_one,
    sessions::delete_others,
    sessions::delete_of_account,
    get_me,
    session::post_token,
    session::get_tokens,
    session::delete_token,
    get_departments,
    post_department,
    units::patch_department,
    compartments::get_compartments,
    compartments::post_compartment,
    compartments::get_grants,
    compartments::post_grant,
    compartments::post_approve,
    compartments::delete_grant,
    deputies::get_deputations,
    deputies::post_deputation,
    deputies::post_end,
    accounts::post_account,
    accounts::get_accounts,
    accounts::get_account,
    accounts::patch_account,
    accounts::put_roles,
    accounts::post_unlock
))]
pub struct ApiDoc;

/// The routes of people.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(
            to("/session")
                .get(sessions::get_session)
                .post(session::post_session)
                .delete(session::delete_session),
        )
        .service(
            to("/sessions")
                .get(sessions::get_sessions)
                .post(sessions::post_session)
                .delete(sessions::delete_others),
        )
        .service(to("/sessions/{id}").delete(sessions::delete_one))
        .service(to("/accounts/{id}/sessions").delete(sessions::delete_of_account))
        .service(to("/me").get(get_me))
        .service(
            to("/tokens")
                .get(session::get_tokens)
                .post(session::post_token),
        )
        .service(to("/tokens/{id}").delete(session::delete_token))
        .service(
            to("/departments")
                .get(get_departments)
                .post(post_department),
        )
        .service(to("/departments/{id}").patch(units::patch_department))
        .service(
            to("/compartments")
                .get(compartments::get_compartments)
                .post(compartments::post_compartment),
        )
        .service(
            to("/compartments/{id}/grants")
                .get(compartments::get_grants)
                .post(compartments::post_grant),
        )
        .service(to("/compartment-grants/{id}").delete(compartments::delete_grant))
        .service(to("/compartment-grants/{id}/approve").post(compartments::post_approve))
        .service(
            to("/deputations")
                .get(deputies::get_deputations)
                .post(deputies::post_deputation),
        )
        .service(to("/deputations/{id}/end").post(deputies::post_end))
        .service(
            to("/accounts")
                .get(accounts::get_accounts)
                .post(accounts::post_account),
        )
        .service(
            to("/accounts/{id}")
                .get(accounts::get_account)
                .patch(accounts::patch_account),
        )
        .service(to("/accounts/{id}/roles").put(accounts::put_roles))
        .service(to("/accounts/{id}/unlock").post(accounts::post_unlock));
}
