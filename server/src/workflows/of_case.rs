//! The workflows of a case, for rooms that tell of it. The caller has the right.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use workflow::definition::Definition;

use super::catalog::Rules;
use super::model::{Flow, WorkflowError};
use super::rows;
use crate::base::CaseId;

/// All workflows that there ever were in a case, the first begun first, each with the definition by which it runs.
///
/// # Errors
/// Where the database fails, or a definition cannot be read any more.
pub async fn of_case(
    on: &impl ConnectionTrait,
    rules: &Rules,
    case: CaseId,
) -> Result<Vec<(Flow, Arc<Definition>)>, WorkflowError> {
    let mut all = Vec::new();
    for flow in rows::in_case(on, case).await? {
        let instance = &flow.instance;
        let named = (instance.definition.as_str(), instance.definition_version);
        let definition = rules.of(on, named, &instance.definition_sha256).await?;
        all.push((flow, definition));
    }
    Ok(all)
}
