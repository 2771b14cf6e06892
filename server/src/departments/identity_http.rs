//! Which account belongs to whom elsewhere, over HTTP: for administrators.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::{AccountView, require_admin};
use super::identities::set_identity;
use super::model::{Account, Identity, PeopleError};
use super::ops;
use super::signed_in::SignedIn;
use crate::audit::log::Receipt;
use crate::base::{AccountId, Actor};
use crate::http::extract::{ETag, IfMatch, Json, Path};
use crate::http::openapi::{ChangeProblems, IfMatchParam};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

/// Longest issuer, in bytes.
const ISSUER_BYTES_MAX: usize = 500;
/// Longest subject, in bytes, as the standard has it.
const SUBJECT_BYTES_MAX: usize = 255;

/// Who somebody is for the provider.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Identity, example = json!({"issuer": "https://anmeldung.stadt.example", "subject": "248289761001"}))]
pub(super) struct IdentityView {
    /// The provider: `iss` of its tokens, to the letter.
    #[schema(min_length = 1, max_length = 500)]
    issuer: String,
    /// Who it is there: `sub` of its tokens, to the letter.
    #[schema(min_length = 1, max_length = 255)]
    subject: String,
}

impl From<&Identity> for IdentityView {
    fn from(identity: &Identity) -> Self {
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
        }
    }
}

fn fault(problem: Problem, pointer: &'static str, said: &str, bytes_max: usize) -> Problem {
    let max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    if said.is_empty() {
        problem.field(pointer, Fault::TooShort { min: 1 })
    } else if said.len() > bytes_max {
        problem.field(pointer, Fault::TooLong { max })
    } else if said.chars().any(char::is_control) {
        let expected = text("Text ohne Steuerzeichen", "text without control characters");
        problem.field(pointer, Fault::WrongFormat { expected })
    } else {
        problem
    }
}

/// Links an account with somebody whom the provider knows, who signs in by it from now on.
///
/// Who somebody is there stands on the page that refuses whoever has no account here. An identity belongs to one
/// account: 409 where another has it. Sessions that came of the identity before end. Where it is linked with it
/// already nothing is written, and there is no receipt.
#[utoipa::path(
    put, path = "/api/v1/accounts/{id}/identity", tag = "people", operation_id = "linkAccount",
    params(("id" = Uuid, Path, description = "The account"), IfMatchParam),
    request_body = IdentityView,
    responses((status = 200, description = "The account", body = AccountView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn put_identity(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<IdentityView>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let problem = Problem::new(Kind::Validation);
    let problem = fault(problem, "/issuer", &body.issuer, ISSUER_BYTES_MAX);
    let problem = fault(problem, "/subject", &body.subject, SUBJECT_BYTES_MAX);
    if problem.faults() > 0 {
        return Err(problem);
    }
    let identity = Identity {
        issuer: body.issuer,
        subject: body.subject,
    };
    set(&db, &actor, id, &if_match, Some(identity)).await
}

/// Takes the identity of an account away: its sessions and its roles that came of the provider end. What people
/// gave stays.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/identity", tag = "people", operation_id = "unlinkAccount",
    params(("id" = Uuid, Path, description = "The account"), IfMatchParam),
    responses((status = 200, description = "The account", body = AccountView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn delete_identity(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    set(&db, &actor, id, &if_match, None).await
}

async fn set(
    db: &Db,
    actor: &Actor,
    id: Uuid,
    if_match: &IfMatch,
    identity: Option<Identity>,
) -> Result<HttpResponse, Problem> {
    let id = AccountId::of(id);
    let before = ops::account(db.read(), id).await?;
    let before = before.ok_or(PeopleError::NoAccount)?;
    if_match.check(&ETag::of_version(before.version))?;
    if identity.is_some() && identity == before.identity {
        return answer(db, &before, None).await;
    }
    let expected = Some(before.version);
    let written = db
        .write(actor, async move |unit: &mut Unit| {
            set_identity(unit, id, expected, identity).await
        })
        .await?;
    answer(db, &written.value, Some(written.receipt)).await
}

/// The account; with the receipt of what was written, where anything was.
async fn answer(
    db: &Db,
    account: &Account,
    receipt: Option<Receipt>,
) -> Result<HttpResponse, Problem> {
    let departments = ops::departments(db.read()).await?;
    let mut response = HttpResponse::Ok();
    if let Some(receipt) = receipt {
        with_receipt(&mut response, receipt);
    }
    response.insert_header((header::ETAG, ETag::of_version(account.version).to_string()));
    Ok(response.json(AccountView::of(account, &departments, db.now())))
}
