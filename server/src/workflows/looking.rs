//! A workflow as somebody sees it: with all that he may do with it.

use sea_orm::ConnectionTrait;
use workflow::engine::Setting;
use workflow::instance::{Command, Instant};

use super::catalog::Rules;
use super::facts::account_of;
use super::may::Trial;
use super::model::{Flow, WorkflowError};
use super::ops::Desk;
use super::wire::{FlowView, Shown};
use super::{reading, rows, sealing};
use crate::base::db::DbError;
use crate::base::{CaseId, Timestamp};
use crate::cases::{self, Case};
use crate::departments;
use crate::http::extract::ETag;
use crate::replay::Answer;

/// The view of a workflow, for whom the desk was made.
pub(super) async fn view(
    on: &impl ConnectionTrait,
    rules: &Rules,
    (flow, desk): (&Flow, &Desk),
    now: Timestamp,
) -> Result<FlowView, DbError> {
    let (definition, doer) = (&*desk.definition, &desk.doer);
    let known = (definition, Some(&flow.instance));
    // Nothing that is tried names further documents.
    let tried = Command::Look;
    let house = desk.around.house(on, known, (&tried, doer), now).await?;
    let names = reading::names_of(on, &flow.instance).await?;
    let trial = Trial {
        definition,
        instance: &flow.instance,
        setting: Setting {
            now: Instant(now.micros()),
            actor: doer,
            calendar: rules.calendar(),
            directory: &house,
        },
    };
    let (errors, seals) = sealing::told(rows::work_said(on, flow.id).await?);
    let opened = opened(on, (flow, desk), now).await?;
    let asked = super::ops::is_asked(doer, &desk.around, &flow.instance);
    Ok(FlowView::from(Shown {
        flow,
        case: &desk.around.case,
        definition,
        names: &names,
        private: doer.works_here || asked,
        may: trial.steps(),
        may_all: trial.all(),
        opened,
        beside: trial.beside(),
        editorial: trial.editorial(),
        errors,
        seals,
    }))
}

/// The cases that were opened for a workflow and that whoever looks may see, in their order.
async fn opened(
    on: &impl ConnectionTrait,
    (flow, desk): (&Flow, &Desk),
    now: Timestamp,
) -> Result<Vec<Case>, DbError> {
    let named = flow.instance.opened.iter();
    let ids: Vec<CaseId> = named.filter_map(|id| id.0.parse().ok()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let reader = departments::actor(on, account_of(&desk.doer.account), now, None).await?;
    let seen = cases::visible_among(on, &reader, &ids).await?;
    let mut found = Vec::new();
    for id in ids.into_iter().filter(|id| seen.contains(id)) {
        found.extend(cases::find(on, id).await?);
    }
    Ok(found)
}

/// The answer that shows a workflow.
pub(super) async fn answer(
    on: &impl ConnectionTrait,
    rules: &Rules,
    seen: (&Flow, &Desk),
    (status, now): (u16, Timestamp),
) -> Result<Answer, WorkflowError> {
    let flow = seen.0;
    let view = view(on, rules, seen, now).await?;
    let etag = ETag::of_version(flow.version).to_string();
    let mut answer = Answer::created(&view)?.with_header("etag", etag);
    if status == 201 {
        let place = format!("/api/v1/workflows/{}", flow.id);
        answer = answer.with_header("location", place);
    }
    answer.status = status;
    Ok(answer)
}
