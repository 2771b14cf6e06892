//! What people see of workflows beside the workflows themselves: inboxes, what they are told, calendars.

use actix_web::web;
use sea_orm::ConnectionTrait;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Contract;

use super::inbox::Figures;
use super::{calendar_feed, inbox, notices};
use crate::base::Timestamp;
use crate::base::db::DbError;

/// The part of the contract that these bring.
#[must_use]
pub fn people_contract() -> Contract {
    let mut contract = inbox::ApiDoc::openapi();
    contract.merge(notices::ApiDoc::openapi());
    contract.merge(calendar_feed::ApiDoc::openapi());
    contract
}

/// Their routes.
pub fn people_routes(config: &mut web::ServiceConfig) {
    config
        .configure(inbox::routes)
        .configure(notices::routes)
        .configure(calendar_feed::routes);
}

/// What is open in the house, and what is wrong with mails.
///
/// # Errors
/// Those of the database.
pub async fn figures(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<(Figures, notices::Backlog), DbError> {
    Ok((inbox::figures(on, now).await?, notices::backlog(on).await?))
}
