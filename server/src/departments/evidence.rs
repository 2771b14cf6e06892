//! The states of people and rights, computed from their rows as they are now.

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::rows::{self, State};
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::db::DbError;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[
    Kind::Department,
    Kind::Account,
    Kind::RoleGrant,
    Kind::Compartment,
    Kind::CompartmentGrant,
    Kind::Deputation,
    Kind::FunctionHolder,
    Kind::AccessToken,
    Kind::SignInLock,
];

async fn of<M: FromQueryResult + State>(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    let mut facts = Vec::new();
    for row in on.query_all_raw(part.query(on, kind.table())).await? {
        let model = M::from_query_result(&row, "")?;
        facts.push(part.fact(&row, model.key(), model.state())?);
    }
    Ok(facts)
}

/// The states of the entities of a kind. Kinds of other rooms have none here.
pub async fn states(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    match kind {
        Kind::Department => of::<rows::department::Model>(on, kind, part).await,
        Kind::Account => of::<rows::account::Model>(on, kind, part).await,
        Kind::RoleGrant => of::<rows::role_grant::Model>(on, kind, part).await,
        Kind::AccessToken => of::<rows::access_token::Model>(on, kind, part).await,
        Kind::Compartment => of::<rows::compartment::Model>(on, kind, part).await,
        Kind::CompartmentGrant => of::<rows::compartment_grant::Model>(on, kind, part).await,
        Kind::Deputation => of::<rows::deputation::Model>(on, kind, part).await,
        Kind::SignInLock => of::<rows::sign_in_lock::Model>(on, kind, part).await,
        Kind::FunctionHolder => of::<rows::function_holder::Model>(on, kind, part).await,
        Kind::Inspection
        | Kind::FilePlan
        | Kind::PlanUnit
        | Kind::File
        | Kind::Case
        | Kind::Hold
        | Kind::Document
        | Kind::DocumentVersion
        | Kind::Rendition
        | Kind::Correspondent
        | Kind::DocumentType
        | Kind::Field
        | Kind::Note
        | Kind::Relation
        | Kind::Webhook
        | Kind::Quarantine
        | Kind::Proposal
        | Kind::Tablet
        | Kind::SigningJob
        | Kind::IdentityCheck
        | Kind::WorkflowDefinition
        | Kind::Workflow
        | Kind::OrderLimit => Ok(Vec::new()),
    }
}

/// The entities of this room's kinds in a range of records whose noted root is another than their
/// rows name.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    let mut all = Vec::new();
    for (kind, join, root) in [
        (Kind::Department, "", "t.id"),
        (Kind::Account, "", "t.id"),
        (Kind::RoleGrant, "", "t.account_id"),
        (Kind::AccessToken, "", "t.account_id"),
        (Kind::SignInLock, "", "t.account_id"),
        (Kind::FunctionHolder, "", "t.account_id"),
    ] {
        all.extend(states::roots_astray(on, kind, join, root, (from, upto)).await?);
    }
    Ok(all)
}
