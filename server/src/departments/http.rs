//! People over HTTP: departments, oneself, and the routes of the room.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::accounts::{self, AccountView};
use super::model::{Department, NAME_CHARS_MAX, PeopleError, Slug};
use super::ops;
use super::signed_in::SignedIn;
use super::{
    compartments, deputies, function_http, identity_http, role_grants, session, sessions, units,
};
use crate::base::{Actor, DepartmentId, Right, Role};
use crate::http::extract::{ETag, Json, MaybeKey};
use crate::http::gather::steering;
use crate::http::limits::wait_for;
use crate::http::openapi::{CreateProblems, IdempotencyParam, PlainProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

impl From<PeopleError> for Problem {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each refusal, to be read in one place"
    )]
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
            PeopleError::Ends => Self::new(Kind::Validation).field(
                "/valid_until",
                Fault::Rule {
                    code: "time",
                    detail: text(
                        "Das Ende muss nach dem Beginn und in der Zukunft liegen.",
                        "The end must come after the beginning and lie ahead.",
                    ),
                },
            ),
            PeopleError::NotTogether => Self::new(Kind::Validation).field(
                "/role",
                Fault::Rule {
                    code: "not-together",
                    detail: text(
                        "Ein Konto ist entweder Fachverfahren oder Administration.",
                        "An account is a line-of-business application or an administrator, not both.",
                    ),
                },
            ),
            PeopleError::NotForFunctions => Self::new(Kind::Validation).field(
                "/role",
                Fault::Rule {
                    code: "not-for-functions",
                    detail: text(
                        "Administration und Fachverfahren sind Rollen eines Kontos, nicht einer Funktion.",
                        "An account administers or is an application, not a function.",
                    ),
                },
            ),
            PeopleError::StaysOutside => Self::new(Kind::Conflict).detail(text(
                "Bürgermeisteramt und Administration betreten keine Abschottung.",
                "Neither the mayor nor an administrator enters a compartment.",
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
            PeopleError::NoDestination => Self::new(Kind::Validation).field(
                "/department",
                Fault::Rule {
                    code: "intake-only",
                    detail: text(
                        "Abteilung und Postkorb lassen sich nur für Tokens festlegen, die nur einreichen; der Postkorb nur mit der Abteilung.",
                        "Department and inbox can be laid down for tokens only that just put documents in; the inbox only with the department.",
                    ),
                },
            ),
            PeopleError::NoInbox => {
                Self::new(Kind::Validation).field("/inbox", Fault::NotFound)
            }
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
    Ok(HttpResponse::Ok().json(AccountView::of(&account, &departments, db.now())))
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
    /// What you may do there with what stands in no compartment: `read`, `read_content`, `receive`, `edit`,
    /// `discard`, `route`, `register`, `close`, `reopen`, `refile`, `hold`, `manage_plan`, `inspect`, `looks`,
    /// `purge`; told in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    may: Option<Vec<String>>,
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
            may: None,
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
            may: Some(rights_in(&actor, one.id)),
            ..DepartmentView::of(one, &all)
        })
        .collect();
    Ok(HttpResponse::Ok().json(DepartmentList { items }))
}

/// The names of the rights that somebody has in a department.
fn rights_in(actor: &Actor, department: DepartmentId) -> Vec<String> {
    let all = Right::ALL.iter();
    all.filter(|right| actor.may_in(**right, department))
        .map(|right| right.code().to_owned())
        .collect()
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
    } else if let Some(fault) = steering(name) {
        problem.field(pointer, fault)
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
    // Whoever may not do it learns nothing of what is wrong with it.
    accounts::require_admin(&actor)?;
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
    accounts::post_unlock,
    identity_http::put_identity,
    identity_http::delete_identity,
    role_grants::get_roles,
    role_grants::post_role,
    role_grants::get_waiting,
    role_grants::post_approve,
    role_grants::delete_role,
    function_http::get_functions,
    function_http::post_function,
    function_http::delete_function,
    function_http::get_holders,
    function_http::post_holder,
    function_http::post_approve,
    function_http::delete_holder
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
    given(config);
}

/// The routes of what is given to people: roles and functions.
fn given(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(
            to("/accounts/{id}/identity")
                .put(identity_http::put_identity)
                .delete(identity_http::delete_identity),
        )
        .service(
            to("/accounts/{id}/role-grants")
                .get(role_grants::get_roles)
                .post(role_grants::post_role),
        )
        .service(
            to("/functions")
                .get(function_http::get_functions)
                .post(function_http::post_function),
        )
        .service(to("/functions/{id}").delete(function_http::delete_function))
        .service(
            to("/functions/{id}/holders")
                .get(function_http::get_holders)
                .post(function_http::post_holder),
        )
        .service(to("/function-holders/{id}").delete(function_http::delete_holder))
        .service(to("/function-holders/{id}/approve").post(function_http::post_approve))
        .service(to("/role-grants").get(role_grants::get_waiting))
        .service(to("/role-grants/{id}").delete(role_grants::delete_role))
        .service(to("/role-grants/{id}/approve").post(role_grants::post_approve));
}
