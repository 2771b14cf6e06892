//! What the system does for steps in its own time: it seals, makes forms, and writes exports or hands them over. The
//! queue is the rows; each is done once, whatever is repeated: what it made and the end of its step are one unit of work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};
use storage::Storage;
use thiserror::Error;
use workflow::instance::{Command, Id, Instance, StepStatus, Value, WorkDue};

use super::catalog::Rules;
use super::handing::{Handed, HandsOver, Parcel};
use super::model::{Flow, WorkflowError};
use super::ops;
use super::reading;
use super::rows::{self, Work};
use super::{sealing, values};
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Tasks, VersionId, WorkId};
use crate::cases;
use crate::documents::{self, Arriving, Content, DocumentError, Which};
use crate::forms::{self, ForCase, Forms, FormsError};
use crate::signing::{self, HouseSeal, SealPlace, SigningError, Stamp};
use crate::unit::{Db, Unit};

/// How many are looked at in one go.
const AT_ONCE: u32 = 20;
/// Longest pause before another try, in seconds.
const AGAIN_SECONDS_MAX: i64 = 3_600;
/// When it is looked again how it stands with an export that is on its way, in seconds.
const UNDER_WAY_SECONDS: i64 = 60;
/// The largest document that is sealed.
const CONTENT_BYTES_MAX: u64 = 64 << 20;
const PDF: &str = "application/pdf";

/// Why the system did not do what a step asks.
#[derive(Debug, Error)]
pub enum WorkError {
    /// There is no folder for exports.
    #[error("workflows.export_folder is not set")]
    NoFolder,
    /// The export cannot be written.
    #[error("the export cannot be written")]
    Write(#[from] std::io::Error),
    /// The name of a target is no name of a folder.
    #[error("the export has no name that a folder could bear")]
    Name,
    /// The row cannot be read.
    #[error("what is to be done cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// The form cannot be made.
    #[error("the form cannot be made: {}", forms::why_not(.0))]
    Form(#[from] FormsError),
    /// The seal cannot be put on.
    #[error("the seal cannot be put on: {0}")]
    Seal(#[from] SigningError),
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The store.
    #[error("the content cannot be read or stored")]
    Store(#[from] storage::StoreError),
    /// The workflow.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What is said of it to whoever looks at the workflow: for people, and nothing of what it went wrong with.
fn told(error: &WorkError) -> String {
    let german = match error {
        WorkError::NoFolder => {
            "Für Ausgaben ist kein Ordner eingerichtet (workflows.export_folder)."
        }
        WorkError::Write(_) => "Die Ausgabe lässt sich nicht schreiben.",
        WorkError::Name => "Das Ziel der Ausgabe hat einen Namen, den kein Ordner tragen kann.",
        WorkError::Unreadable(_) => "Was zu tun ist, lässt sich nicht lesen.",
        WorkError::Form(error) => {
            return format!(
                "Das Formular lässt sich nicht erstellen: {}",
                forms::why_not(error)
            );
        }
        WorkError::Seal(_) => "Das Siegel lässt sich nicht anbringen; dafür braucht es ein PDF.",
        WorkError::Document(_) | WorkError::Workflow(_) => {
            "Das Dokument oder der Umlauf lässt es so nicht zu."
        }
        WorkError::Store(_) | WorkError::Db(_) => "Der Speicher antwortet nicht.",
    };
    german.to_owned()
}

/// With what the system works.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The database.
    pub db: Db,
    /// The store.
    pub storage: Storage,
    /// For what is tidied up behind.
    pub tasks: Tasks,
    /// The seal of the house.
    pub stamp: Arc<Stamp>,
    /// The forms.
    pub forms: Forms,
    /// Definitions and calendar.
    pub rules: Rules,
    /// How exports come to applications.
    pub hands_over: HandsOver,
}

/// What was made for a step, before it stands in any row.
enum MadeFor {
    Sealed {
        document: DocumentId,
        over: VersionId,
        content: Box<Content>,
        place: SealPlace,
    },
    Form {
        form: Box<ForCase>,
        into: String,
    },
    Exported {
        to: String,
        name: String,
    },
    Handed(Handed),
}

/// What is said of a step whose export was handed over, and when it is looked again, in seconds.
const fn waiting(handed: Handed) -> (&'static str, i64) {
    match handed {
        Handed::Nobody => (
            "Für dieses Ziel nimmt niemand Ausgaben entgegen (workflows.export_webhooks).",
            UNDER_WAY_SECONDS,
        ),
        Handed::UnderWay => ("Die Ausgabe ist unterwegs.", UNDER_WAY_SECONDS),
        Handed::Taken => (
            "Die Ausgabe ist übergeben; die Gegenseite hat sich noch nicht dazu erklärt.",
            AGAIN_SECONDS_MAX,
        ),
        Handed::Again => (
            "Die Gegenseite nimmt die Ausgabe nicht an; es wird weiter versucht.",
            AGAIN_SECONDS_MAX,
        ),
    }
}

impl Bench {
    /// The clock may have been set back: what waits longer than work ever does is due now.
    ///
    /// # Errors
    /// Where the queue cannot be written.
    pub async fn bring_near(&self) -> Result<(), DbError> {
        let near: Result<u64, DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                let farthest = unit.now().plus_seconds(2 * AGAIN_SECONDS_MAX);
                rows::work_brought_near(unit, farthest).await
            })
            .await;
        let near = near?;
        if near > 0 {
            tracing::warn!(
                steps = near,
                "the clock was set back; what was put off until after it is done now"
            );
        }
        Ok(())
    }

    /// Does what waits and is due; gives how many were done. What fails is tried again later, less and less often,
    /// and says why to whoever looks at its workflow.
    ///
    /// # Errors
    /// Only where the queue itself cannot be read or written.
    pub async fn carry_out(&self) -> Result<usize, DbError> {
        let mut done = 0;
        let due = (self.db.now(), AT_ONCE);
        for work in rows::work_due(self.db.read(), due).await? {
            let ran = Box::pin(self.one(&work)).await;
            match ran {
                Ok(()) => done += 1,
                Err(error) => self.failed(work, &error).await?,
            }
        }
        Ok(done)
    }

    async fn failed(&self, work: Work, error: &WorkError) -> Result<(), DbError> {
        tracing::warn!(
            workflow = %work.flow,
            workflow.step = work.step,
            attempts = work.attempts,
            error = %error,
            cause = ?error,
            "a step of the system failed; it will be tried again"
        );
        let pause = 1_i64 << work.attempts.clamp(1, 12);
        let why = told(error);
        self.db
            .keep_house(async move |unit: &mut Unit| {
                let due = unit.now().plus_seconds(pause.min(AGAIN_SECONDS_MAX));
                rows::work_failed(unit, (&work, due), &why).await
            })
            .await
    }

    async fn one(&self, work: &Work) -> Result<(), WorkError> {
        let found = rows::find(self.db.read(), work.flow).await?;
        let waits = found.filter(|flow| waits(&flow.instance, work.step));
        let Some(flow) = waits else {
            return self.leave(work).await;
        };
        let what: WorkDue = serde_json::from_str(&work.work)?;
        let made = match what {
            WorkDue::Seal { document } => self.seal(&document).await?,
            WorkDue::Form { form, into } => self.form(&flow, (form, into)).await?,
            WorkDue::Export { to } => self.export(&flow, (work, to)).await?,
        };
        self.keep(work, made).await
    }

    /// It needs not be done any more.
    async fn leave(&self, work: &Work) -> Result<(), WorkError> {
        let work = work.clone();
        let left: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::work_done(unit, &work).await)
            .await;
        Ok(left?)
    }

    /// Everything about a sealed PDF but that it is filed.
    async fn seal(&self, document: &Id) -> Result<MadeFor, WorkError> {
        let id: DocumentId = document
            .0
            .parse()
            .map_err(|_no_id| WorkflowError::NoDocument)?;
        let system = Actor::system();
        let found = documents::content(self.db.read(), &system, id, Which::InForce).await;
        let (_, version, blob) = found?;
        let content = self.storage.read(&blob, CONTENT_BYTES_MAX).await?;
        let (sealed, place) = signing::seal(&self.stamp, &content, self.db.now()).await?;
        let domain = documents::domain_of(self.db.read(), id).await?;
        let mut arriving = Arriving::begin_in(&self.storage, &domain).await?;
        arriving.push(Bytes::from(sealed)).await?;
        let arrived = arriving.finish(PDF.to_owned(), version.file_name.clone());
        let content = arrived.await?.keep(&self.db).await?;
        Ok(MadeFor::Sealed {
            document: id,
            over: version.id,
            content: Box::new(content),
            place,
        })
    }

    async fn form(
        &self,
        flow: &Flow,
        (form, into): (String, String),
    ) -> Result<MadeFor, WorkError> {
        let values = plain(self.db.read(), &flow.instance).await?;
        let with = (&self.db, &self.storage, &self.tasks);
        let system = Actor::system();
        let of = (&system, flow.case, form.as_str());
        let made = forms::make_for_case(with, &self.forms, of, values).await?;
        Ok(MadeFor::Form {
            form: Box::new(made),
            into,
        })
    }

    /// Hands it over to the application that the settings name for this target; else writes a file whose name is that
    /// of the workflow and the step: written again it is the same file.
    async fn export(&self, flow: &Flow, (work, to): (&Work, String)) -> Result<MadeFor, WorkError> {
        if let Some(login) = self.rules.export_webhook(&to) {
            let login = login.to_owned();
            return self.hand_over(flow, (work, &to), login).await;
        }
        let folder = self.rules.export_folder().ok_or(WorkError::NoFolder)?;
        let plain_name = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
        if to.is_empty() || !to.chars().all(plain_name) {
            return Err(WorkError::Name);
        }
        let folder = folder.join(&to);
        let name = format!("{}-{}.json", flow.id, work.step);
        let body = serde_json::to_vec_pretty(&self.told(flow, work).await?)?;
        write(&folder, &name, &body).await?;
        Ok(MadeFor::Exported { to, name })
    }

    /// Hands an export over, once; the step waits until the application says what became of it.
    async fn hand_over(
        &self,
        flow: &Flow,
        (work, to): (&Work, &str),
        login: String,
    ) -> Result<MadeFor, WorkError> {
        let body = json!({
            "type": "workflow.export",
            "timestamp": self.db.now().to_string(),
            "data": {
                "to": to,
                "case": flow.case.to_string(),
                "workflow": flow.id.to_string(),
                "export": self.told(flow, work).await?,
            },
        });
        let parcel = Parcel {
            login,
            work: work.id,
            case: flow.case,
            body: serde_json::to_string(&body)?,
        };
        let HandsOver(hands_over) = self.hands_over;
        let handed: Result<Handed, DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| hands_over(unit, parcel).await)
            .await;
        Ok(MadeFor::Handed(handed?))
    }

    /// What an export says.
    async fn told(&self, flow: &Flow, work: &Work) -> Result<Json, WorkError> {
        let on = self.db.read();
        let case = cases::find(on, flow.case).await?;
        let case = case.ok_or(WorkflowError::NotFound)?;
        let ids = flow
            .instance
            .fields
            .values()
            .filter_map(|value| match value {
                Value::Document(id) => id.0.parse().ok(),
                Value::YesNo(_)
                | Value::Number(_)
                | Value::Money(_)
                | Value::Text(_)
                | Value::Day(_)
                | Value::Who(_)
                | Value::Whos(_) => None,
            });
        let ids: Vec<DocumentId> = ids.collect();
        let standing = documents::standing(on, &ids).await?;
        let named = standing.iter().filter_map(|one| {
            let version = one.in_force()?;
            let registered = one.document.registered.as_ref();
            Some(json!({
                "id": one.document.id.to_string(),
                "title": one.document.metadata.title,
                "reference": registered.map(|it| it.reference.clone()),
                "version": version.number,
                "sha512": hex::encode(version.sha512),
            }))
        });
        Ok(json!({
            "key": format!("{}-{}", flow.id, work.step),
            "workflow": flow.id.to_string(),
            "definition": flow.instance.definition,
            "definition_version": flow.instance.definition_version,
            "case": {"id": case.id.to_string(), "reference": case.reference,
                "subject": case.subject},
            "fields": plain(on, &flow.instance).await?,
            "documents": named.collect::<Vec<Json>>(),
        }))
    }

    /// Files what was made, and says that the step is done: both, or neither.
    async fn keep(&self, work: &Work, made: MadeFor) -> Result<(), WorkError> {
        match made {
            MadeFor::Handed(handed) => {
                let (why, seconds) = waiting(handed);
                let work = work.clone();
                let kept: Result<(), DbError> = self
                    .db
                    .keep_house(async move |unit: &mut Unit| {
                        let due = unit.now().plus_seconds(seconds);
                        rows::work_waits(unit, (&work, due), why).await
                    })
                    .await;
                Ok(kept?)
            }
            MadeFor::Exported { to, name } => {
                let note = format!("{to}/{name}");
                self.settle(work, BTreeMap::new(), Some(note)).await
            }
            MadeFor::Sealed {
                document,
                over,
                content,
                place,
            } => {
                let (rules, work) = (self.rules.clone(), work.clone());
                let stamp = Arc::clone(&self.stamp);
                self.db
                    .write(&Actor::system(), async move |unit: &mut Unit| {
                        let held = documents::add_signed(unit, document, over, *content).await?;
                        let seal = HouseSeal::put_on(document, held.version.id, place);
                        Box::pin(effected(unit, &rules, &work, (BTreeMap::new(), None))).await?;
                        sealing::have_raised(unit, &stamp, (&work, seal)).await?;
                        Ok::<(), WorkError>(())
                    })
                    .await?;
                Ok(())
            }
            MadeFor::Form { form, into } => {
                let (rules, work) = (self.rules.clone(), work.clone());
                self.db
                    .write(&Actor::system(), async move |unit: &mut Unit| {
                        let id = forms::file_for_case(unit, *form).await?;
                        let value = Value::Document(Id(id.to_string()));
                        let fields = BTreeMap::from([(into, value)]);
                        Box::pin(effected(unit, &rules, &work, (fields, None))).await
                    })
                    .await?;
                Ok(())
            }
        }
    }

    async fn settle(
        &self,
        work: &Work,
        fields: BTreeMap<String, Value>,
        note: Option<String>,
    ) -> Result<(), WorkError> {
        let (rules, work) = (self.rules.clone(), work.clone());
        self.db
            .write(&Actor::system(), async move |unit: &mut Unit| {
                Box::pin(effected(unit, &rules, &work, (fields, note))).await
            })
            .await?;
        Ok(())
    }
}

/// Whether a step still waits for the system.
fn waits(instance: &Instance, step: u32) -> bool {
    let mut steps = instance.steps.iter();
    let step = steps.find(|one| one.number == step);
    instance.ended.is_none()
        && step.is_some_and(|one| matches!(one.status, StepStatus::Open | StepStatus::Waiting))
}

/// Says that the system has done what a step asks.
async fn effected(
    unit: &mut Unit,
    rules: &Rules,
    work: &Work,
    (fields, note): (BTreeMap<String, Value>, Option<String>),
) -> Result<(), WorkError> {
    rows::work_done(unit, work).await?;
    let (flow, desk) = ops::to_command(unit, rules, (work.flow, None)).await?;
    let mut steps = flow.instance.steps.iter();
    let key = steps
        .find(|one| one.number == work.step)
        .map(|one| one.key.clone());
    let defined = key.and_then(|key| desk.definition.step(&key).map(|(_, step)| step));
    let outcome = defined.and_then(|step| step.outcomes.first());
    let command = Command::Effected {
        step: work.step,
        outcome: outcome.map_or_else(|| DONE.to_owned(), |one| one.key.clone()),
        fields,
        note,
    };
    ops::run(unit, rules, (flow, desk), command).await?;
    Ok(())
}

/// How a step of the system ends where nothing else was defined.
const DONE: &str = "done";

/// What is known of a workflow, as it stands on the wire.
async fn plain(
    on: &impl ConnectionTrait,
    instance: &Instance,
) -> Result<BTreeMap<String, Json>, DbError> {
    let names = reading::names_of(on, instance).await?;
    let of = |(key, value): (&String, &Value)| (key.clone(), values::json(value, &names));
    Ok(instance.fields.iter().map(of).collect())
}

/// Writes a file whole or not at all; it is on the disk when this returns. Whoever else writes the same has a file of
/// its own until it is whole.
async fn write(folder: &Path, name: &str, body: &[u8]) -> Result<(), std::io::Error> {
    use tokio::io::AsyncWriteExt as _;
    tokio::fs::create_dir_all(folder).await?;
    let part = folder.join(format!(".{name}.{}.part", WorkId::new()));
    let whole = async {
        let mut file = tokio::fs::File::create_new(&part).await?;
        file.write_all(body).await?;
        file.sync_all().await?;
        drop(file);
        tokio::fs::rename(&part, folder.join(name)).await
    };
    if let Err(error) = whole.await {
        // It is nobody's any more; the first error is the one that tells.
        drop(tokio::fs::remove_file(&part).await);
        return Err(error);
    }
    tokio::fs::File::open(folder).await?.sync_all().await
}
