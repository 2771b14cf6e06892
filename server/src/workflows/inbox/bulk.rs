//! One command for many steps: each by itself, in one unit of work, with a record for each workflow that it changes.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::instance::Command;

use super::bell::Bell;
use super::model::BULK_MAX;
use crate::audit::event::Look;
use crate::base::WorkflowId;
use crate::base::db::DbError;
use crate::departments::SignedIn;
use crate::http::extract::{Json, MaybeKey};
use crate::http::gather::Fields;
use crate::http::openapi::{CreateProblems, IdempotencyParam};
use crate::http::problem::ProblemBody;
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once, SaveError};
use crate::unit::{Db, Unit};
use crate::workflows::Rules;
use crate::workflows::asking::{Asked, ask};
use crate::workflows::model::{NOTE_CHARS_MAX, REASON_CHARS_MAX, WorkflowError};
use crate::workflows::values::day_of;

/// Longest outcome, in characters.
const OUTCOME_CHARS_MAX: usize = 100;
/// Longest login or `function:CODE`, in characters.
const WHO_CHARS_MAX: usize = 100;

/// What is done to each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InboxCommand {
    /// You take it upon yourself.
    Claim,
    /// You give it back.
    Release,
    /// It is done, with `outcome`; with `note`, where one is wanted.
    Complete,
    /// It is given to `to`; with `reason`.
    Delegate,
    /// It rests until `until` (Wiedervorlage); with `reason`.
    Hold,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InboxStep {
    /// The workflow.
    workflow: Uuid,
    /// The number of the step.
    #[schema(minimum = 1)]
    step: u32,
}

/// One command for up to 200 steps.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"command": "complete", "outcome": "approved",
    "items": [{"workflow": "01922f3c-0000-7000-8000-000000000000", "step": 3}]}))]
pub(super) struct InboxBulk {
    /// What is done to each.
    command: InboxCommand,
    /// With `complete`: the outcome.
    #[serde(default)]
    #[schema(nullable = false, max_length = 100)]
    outcome: Option<String>,
    /// With `complete`: a note.
    #[serde(default)]
    #[schema(nullable = false, max_length = 4000)]
    note: Option<String>,
    /// With `delegate`: a login, or `function:` and a short name.
    #[serde(default)]
    #[schema(nullable = false, max_length = 100)]
    to: Option<String>,
    /// With `hold`: until which day.
    #[serde(default)]
    #[schema(nullable = false, format = Date)]
    until: Option<String>,
    /// With `delegate` and `hold`: why.
    #[serde(default)]
    #[schema(nullable = false, max_length = 1000)]
    reason: Option<String>,
    /// The steps.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<InboxStep>,
}

/// What became of a step: `version` where it was done, `refusal` where it was not.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxBulkResult {
    /// The workflow.
    workflow: Uuid,
    /// The number of the step.
    step: u32,
    /// The version of the workflow after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<u64>,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refusal: Option<ProblemBody>,
}

/// What became of each.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InboxBulkResults {
    /// In the order in which they were named.
    items: Vec<InboxBulkResult>,
}

/// A command, as it is given to each step.
#[derive(Debug, Clone)]
enum Each {
    Claim,
    Release,
    Complete {
        outcome: String,
        note: Option<String>,
    },
    Delegate {
        to: String,
        reason: Option<String>,
    },
    Hold {
        until: workflow::instance::Day,
        reason: Option<String>,
    },
}

impl Each {
    fn of(&self, step: u32) -> Asked {
        match self.clone() {
            Self::Claim => Asked::Plain(Command::Claim { step }),
            Self::Release => Asked::Plain(Command::Release { step }),
            Self::Complete { outcome, note } => Asked::Complete {
                step,
                outcome,
                fields: std::collections::BTreeMap::new(),
                note,
                seen: None,
                documents: Vec::new(),
            },
            Self::Delegate { to, reason } => Asked::Delegate { step, to, reason },
            Self::Hold { until, reason } => Asked::Plain(Command::Hold {
                step,
                until,
                reason,
            }),
        }
    }
}

/// What does not go with a command is refused: it was meant otherwise.
fn superfluous(fields: &mut Fields, body: &InboxBulk) {
    let command = body.command;
    let complete = command == InboxCommand::Complete;
    let reasoned = matches!(command, InboxCommand::Delegate | InboxCommand::Hold);
    for (pointer, given, fits) in [
        ("/outcome", body.outcome.is_some(), complete),
        ("/note", body.note.is_some(), complete),
        ("/to", body.to.is_some(), command == InboxCommand::Delegate),
        (
            "/until",
            body.until.is_some(),
            command == InboxCommand::Hold,
        ),
        ("/reason", body.reason.is_some(), reasoned),
    ] {
        if given && !fits {
            let detail = text(
                "Das gehört nicht zu diesem command.",
                "This does not go with this command.",
            );
            let code = "not-with-command";
            fields.fault(pointer, Fault::Rule { code, detail });
        }
    }
}

impl InboxBulk {
    fn read(&self) -> Result<Each, Problem> {
        let mut fields = Fields::new();
        superfluous(&mut fields, self);
        let most = u64::try_from(BULK_MAX).unwrap_or(u64::MAX);
        if self.items.is_empty() {
            fields.fault("/items", Fault::Required);
        }
        if self.items.len() > BULK_MAX {
            fields.fault("/items", Fault::TooMany { max: most });
        }
        let mut seen = std::collections::HashSet::new();
        // Of too many it is enough to say that.
        for (at, one) in self.items.iter().take(BULK_MAX).enumerate() {
            if !seen.insert((one.workflow, one.step)) {
                fields.fault(format!("/items/{at}"), Fault::Duplicate);
            }
        }
        let outcome = self.outcome.as_deref();
        let outcome = outcome.and_then(|raw| fields.line("/outcome", raw, OUTCOME_CHARS_MAX));
        let note = self.note.as_deref();
        let note = note.and_then(|raw| fields.paragraph("/note", raw, NOTE_CHARS_MAX));
        let to = self.to.as_deref();
        let to = to.and_then(|raw| fields.line("/to", raw, WHO_CHARS_MAX));
        let reason = self.reason.as_deref();
        let reason = reason.and_then(|raw| fields.paragraph("/reason", raw, REASON_CHARS_MAX));
        let until = self.until.as_deref();
        let until = until.and_then(|raw| fields.date("/until", raw));
        let until = until.and_then(|day| day_of(&day.to_string()));
        for (pointer, missing) in [
            (
                "/outcome",
                self.command == InboxCommand::Complete && self.outcome.is_none(),
            ),
            (
                "/to",
                self.command == InboxCommand::Delegate && self.to.is_none(),
            ),
            (
                "/until",
                self.command == InboxCommand::Hold && self.until.is_none(),
            ),
        ] {
            if missing {
                fields.fault(pointer, Fault::Required);
            }
        }
        let each = match self.command {
            InboxCommand::Claim => Some(Each::Claim),
            InboxCommand::Release => Some(Each::Release),
            InboxCommand::Complete => outcome.map(|outcome| Each::Complete { outcome, note }),
            InboxCommand::Delegate => to.map(|to| Each::Delegate { to, reason }),
            InboxCommand::Hold => until.map(|until| Each::Hold { until, reason }),
        };
        // Where it is missing, a fault says so.
        fields.done(each.unwrap_or(Each::Claim))
    }
}

/// What became of the steps, by their places; versions and refusals.
type Outcomes = HashMap<usize, Result<u64, WorkflowError>>;

/// Why a unit of work is given up.
enum GivenUp {
    /// Nothing of it was done.
    Nothing(Outcomes),
    /// The idempotency key came before; its answer must be read.
    KeyTaken,
    /// The database.
    Db(DbError),
}

impl From<DbError> for GivenUp {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Does it to each of them, each by itself. In the order of the workflows, so that two who do the same wait for each
/// other and not each for the other.
async fn all(
    unit: &mut Unit,
    rules: &Rules,
    (items, each): (&[InboxStep], &Each),
) -> Result<Outcomes, DbError> {
    let mut order: Vec<(usize, InboxStep)> = items.iter().copied().enumerate().collect();
    order.sort_unstable_by_key(|(_, one)| (one.workflow, one.step));
    let mut outcomes = HashMap::new();
    for (at, one) in order {
        let (id, asked) = (WorkflowId::of(one.workflow), each.of(one.step));
        let done = unit
            .attempt(async |unit: &mut Unit| Box::pin(ask(unit, rules, (id, None), asked)).await)
            .await;
        let outcome = match done {
            Ok(commanded) => Ok(commanded.flow.version),
            Err(WorkflowError::Db(error)) => return Err(error),
            Err(refused) => Err(refused),
        };
        outcomes.insert(at, outcome);
    }
    Ok(outcomes)
}

fn results(items: &[InboxStep], mut outcomes: Outcomes, language: Language) -> InboxBulkResults {
    let result = |(at, one): (usize, &InboxStep)| {
        let (version, refusal) = match outcomes.remove(&at) {
            Some(Ok(version)) => (Some(version), None),
            Some(Err(error)) => (None, Some(Problem::from(error).body(language, None))),
            None => (
                None,
                Some(Problem::new(Kind::Internal).body(language, None)),
            ),
        };
        InboxBulkResult {
            workflow: one.workflow,
            step: one.step,
            version,
            refusal,
        }
    };
    InboxBulkResults {
        items: items.iter().enumerate().map(result).collect(),
    }
}

/// Does one thing to up to 200 steps: claims, releases, completes, delegates them or lets them rest.
///
/// Each is looked at by itself, as if it came alone, and has a result of its own; what is refused keeps nothing of
/// the others from being done. All of it is one unit of work, with a record for each workflow.
#[utoipa::path(
    post, path = "/api/v1/inbox/bulk", tag = "inbox", operation_id = "doInInbox",
    params(IdempotencyParam),
    request_body = InboxBulk,
    responses((status = 200, description = "What became of each; durable. The receipt is that of the last record, and \
        missing where nothing was done",
        body = InboxBulkResults, headers(
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))), CreateProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a change of many needs of its request"
)]
pub(super) async fn post_bulk(
    db: Data<Db>,
    rules: Data<Rules>,
    looks: Data<Looks>,
    bell: Data<Bell>,
    language: Language,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<InboxBulk>,
) -> Result<HttpResponse, Problem> {
    let each = body.read()?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let once = Once::new(&actor, key, Fingerprint::of(&[b"POST /inbox/bulk", &said]));
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let (items, saved) = (body.items.clone(), once.clone());
    let rules = rules.get_ref().clone();
    // Each of them asks for it.
    rules.keep_units(&db).await?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let outcomes = all(unit, &rules, (&items, &each)).await?;
            if outcomes.values().all(Result::is_err) {
                return Err(GivenUp::Nothing(outcomes));
            }
            let hidden = is_hidden(&outcomes);
            let mut answer = Answer::created(&results(&items, outcomes, language))?;
            answer.status = 200;
            match saved.save(unit, &answer).await {
                Ok(()) => Ok((answer, hidden)),
                Err(SaveError::KeyTaken) => Err(GivenUp::KeyTaken),
                Err(SaveError::Db(error)) => Err(GivenUp::Db(error)),
            }
        })
        .await;
    let (response, hidden) = match written {
        Ok(written) => {
            bell.ring();
            let (answer, hidden) = written.value;
            (answer.respond(Some(written.receipt)), hidden)
        }
        Err(GivenUp::KeyTaken) => {
            let taken = Problem::new(Kind::IdempotencyInProgress);
            return once.finish(&db, Err(taken)).await;
        }
        Err(GivenUp::Db(error)) => return Err(error.into()),
        Err(GivenUp::Nothing(outcomes)) => {
            let hidden = is_hidden(&outcomes);
            let results = results(&body.items, outcomes, language);
            (HttpResponse::Ok().json(results), hidden)
        }
    };
    if hidden {
        looks.note(Looked::of(Look::Refused, &actor)).await?;
    }
    Ok(response)
}

/// Whether one of them is not to be known of.
fn is_hidden(outcomes: &Outcomes) -> bool {
    let mut all = outcomes.values();
    all.any(|one| matches!(one, Err(WorkflowError::NotFound)))
}
