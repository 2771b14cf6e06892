//! Walks the workflows of the demo town: each as its script says, by the operations of the program, by those whom the
//! script names. Nothing is written that did not happen; what is overdue is so because its letter came days ago.
//!
//! A case in which a workflow runs or ran is left alone. Where the house has other rules or forms, so that an act is
//! refused, its workflow stays where it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value as Json;
use storage::Storage;
use time::Date;
use tokio::sync::Mutex;
use workflow::definition::StepKind;
use workflow::instance::{Assigned, Command, Day, StepState, StepStatus, Value};

use super::content::{Deputy, OrdersUpTo, Town, TownDocument};
use super::fill::{FillError, metadata};
use super::pdf;
use super::script::{
    Act, Doing, FlowDocument, FlowFile, Format, Script, TownFlow, day, documents_in, value,
};
use crate::base::{Actor, CaseId, CivilDate, CompartmentId, DocumentId, FileId, WorkflowId};
use crate::cases::{self, NewCase};
use crate::departments::{self, NewDeputation};
use crate::documents::{self, Arriving, Content, Direction};
use crate::files::{self, Confidentiality, Medium, NewFile};
use crate::types::{self, Value as FieldValue, Values};
use crate::unit::{Db, Unit};
use crate::workflows::{self, Asked, Bench, Flow, NewFlow, NewLimit, Rules, WorkflowError};

/// How many workflows are walked at the same time.
const AT_ONCE: usize = 8;
/// How often the system is asked to do what waits: what it does may let more wait.
const WORK_MAX: usize = 8;
const PDF: &str = "application/pdf";
const XML: &str = "application/xml";

/// Who walks.
pub(super) struct Walk<'a> {
    db: &'a Db,
    storage: &'a Storage,
    town: &'a Arc<Town>,
    actors: &'a HashMap<String, Actor>,
    today: Date,
    rules: Rules,
    /// What the system works with: it does one thing after another.
    bench: Mutex<Bench>,
}

/// A workflow that is walked, and its script.
type Walked<'a> = (&'a TownFlow, WorkflowId);

fn unfit(what: &str) -> FillError {
    FillError::Unfit {
        what: what.to_owned(),
    }
}

/// Says who orders how much, where nothing was said yet: one administrator gives it, another approves it.
pub(super) async fn limit(
    db: &Db,
    all: &[OrdersUpTo],
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    if !workflows::page_of_limits(db.read(), (None, 1))
        .await?
        .is_empty()
    {
        return Ok(());
    }
    for one in all {
        let actor = |login: &String| actors.get(login).ok_or_else(|| unfit(login));
        let (gives, approves) = (actor(&one.given_by)?, actor(&one.approved_by)?);
        let new = NewLimit {
            who: one.who.clone(),
            cents: one.euro.saturating_mul(100),
            valid_from: None,
            valid_until: None,
            reason: one.reason.clone(),
        };
        let given = db.write(gives, async move |unit: &mut Unit| {
            workflows::give_limit(unit, new).await
        });
        let id = given.await?.value.id;
        let approved = db.write(approves, async move |unit: &mut Unit| {
            workflows::approve_limit(unit, id).await
        });
        approved.await?;
    }
    Ok(())
}

/// Names a deputy for whoever is away for a time from now.
async fn name_deputy(
    db: &Db,
    one: &Deputy,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    let actor = |login: &String| actors.get(login).ok_or_else(|| unfit(login));
    let (principal, deputy) = (actor(&one.user)?, actor(&one.deputy)?);
    let now = db.now();
    let new = NewDeputation {
        principal: principal.account,
        deputy: deputy.account,
        valid_from: now,
        valid_until: now.plus_seconds(i64::from(one.days) * 86_400),
        reason: Some(one.reason.clone()),
    };
    let named = db.write(principal, async move |unit: &mut Unit| {
        departments::name_deputy(unit, new).await
    });
    named.await?;
    Ok(())
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        (db, storage): (&'a Db, &'a Storage),
        (town, actors): (&'a Arc<Town>, &'a HashMap<String, Actor>),
        bench: Bench,
    ) -> Result<Self, FillError> {
        let today = CivilDate::on(db.now()).ok_or_else(|| unfit("the clock"))?;
        Ok(Self {
            db,
            storage,
            town,
            actors,
            today: today.date(),
            rules: bench.rules.clone(),
            bench: Mutex::new(bench),
        })
    }

    fn script(&self) -> &'a Script {
        &self.town.script
    }

    fn actor(&self, login: &str) -> Result<&'a Actor, FillError> {
        self.actors.get(login).ok_or_else(|| unfit(login))
    }

    /// Walks all of them.
    pub(super) async fn all(&self) -> Result<(), FillError> {
        let mut open = HashMap::new();
        for (at, file) in self.script().files.iter().enumerate() {
            let known = files::with_subject(self.db.read(), &file.subject).await?;
            if at == 0 && known.is_none() {
                for one in &self.town.deputies {
                    name_deputy(self.db, one, self.actors).await?;
                }
            }
            let id = match known {
                Some(id) => id,
                None => self.open_file(file).await?,
            };
            open.insert(file.key.as_str(), id);
        }
        let flows = self.script().flows.iter();
        let flows = flows.map(|flow| Box::pin(self.flow(flow, &open)));
        let mut walked = stream::iter(flows).buffer_unordered(AT_ONCE);
        while walked.try_next().await?.is_some() {}
        Ok(())
    }

    async fn open_file(&self, file: &FlowFile) -> Result<FileId, FillError> {
        let new = NewFile {
            plan_unit: Some(file.plan_unit.clone()),
            subject: file.subject.clone(),
            department: None,
            medium: Medium::Electronic,
            confidentiality: Confidentiality::Open,
            opened_on: None,
            tags: Vec::new(),
            note: None,
            parent: None,
        };
        let opened = self
            .db
            .write(self.actor(&file.clerk)?, async move |unit: &mut Unit| {
                files::open(unit, new).await
            });
        Ok(opened.await?.value.id)
    }

    /// The case of a workflow: it is opened, where it is not there yet.
    async fn case(
        &self,
        (flow, file): (&TownFlow, &FlowFile),
        (id, kind): (FileId, String),
    ) -> Result<CaseId, FillError> {
        let known = cases::in_file(self.db.read(), &[id]).await?;
        if let Some(case) = known.into_iter().find(|case| case.subject == flow.case) {
            return Ok(case.id);
        }
        let new = NewCase {
            file: id,
            parent: None,
            subject: flow.case.clone(),
            kind: Some(kind),
            department: None,
            opened_on: None,
            note: None,
            tags: Vec::new(),
        };
        let opened = self
            .db
            .write(self.actor(&file.clerk)?, async move |unit: &mut Unit| {
                cases::open(unit, new).await
            });
        Ok(opened.await?.value.id)
    }

    /// One workflow, from its case to the last act.
    async fn flow(
        &self,
        flow: &'a TownFlow,
        files: &HashMap<&str, FileId>,
    ) -> Result<(), FillError> {
        let file = self.script().file(&flow.file);
        let file = file.ok_or_else(|| unfit(&flow.file))?;
        let id = files.get(file.key.as_str()).copied();
        let id = id.ok_or_else(|| unfit(&flow.file))?;
        // A house without the definitions of the program has workflows of its own.
        let Some(kind) = self.rules.case_type(&flow.definition) else {
            return Ok(());
        };
        let case = self.case((flow, file), (id, kind)).await?;
        if workflows::any_in(self.db.read(), case).await? {
            return Ok(());
        }
        for document in flow.documents() {
            let known = documents::first_named(self.db.read(), &document.file_name()).await?;
            if known.is_none() {
                self.file(document, (file, case)).await?;
            }
        }
        let walked = async {
            let id = self.begin(flow, case).await?;
            for act in self.script().acts(flow) {
                Box::pin(self.act((flow, id), act)).await?;
            }
            Ok::<_, FillError>(())
        };
        match walked.await {
            Err(FillError::Workflow(error)) if is_refusal(&error) => {
                tracing::warn!(
                    case = flow.case,
                    meant = flow.state,
                    error = %error,
                    "a workflow of the demo town stays where it is: this house has other rules"
                );
                Ok(())
            }
            other => other,
        }
    }

    /// Files a document: what comes in in its department, what is written here as a draft in the case.
    async fn file(
        &self,
        document: &FlowDocument,
        (file, case): (&FlowFile, CaseId),
    ) -> Result<(), FillError> {
        let by = document.filed_by.as_ref().or_else(|| {
            let clerk = &document.clerk;
            (!clerk.is_empty()).then_some(clerk)
        });
        let actor = self.actor(by.unwrap_or(&file.clerk))?;
        let said = document.on(self.today).ok_or_else(|| unfit(&document.id))?;
        let mut metadata = metadata(&said).ok_or_else(|| unfit(&document.id))?;
        metadata.fields = self.fields(document).await?;
        let bytes = match document.format {
            Format::Pdf => self.printed(said).await?,
            Format::Xml => said.pages.concat().into_bytes(),
        };
        let draft = metadata.direction != Direction::Incoming;
        let compartment = match cases::find(self.db.read(), case).await? {
            Some(case) if draft => case.compartment,
            Some(_) | None => None,
        };
        let content = self.kept(document, bytes, compartment).await?;
        let department = departments::department(self.db.read(), &document.department).await?;
        let department = department.ok_or_else(|| unfit(&document.department))?.id;
        let filed = self.db.write(actor, async move |unit: &mut Unit| {
            if draft {
                documents::draft(unit, department, Some(case), metadata, content).await?;
            } else {
                documents::receive(unit, department, metadata, content).await?;
            }
            Ok::<_, FillError>(())
        });
        filed.await?;
        Ok(())
    }

    /// Printing is work for a processor: off the threads that wait.
    async fn printed(&self, said: TownDocument) -> Result<Vec<u8>, FillError> {
        let town = Arc::clone(self.town);
        let printed = tokio::task::spawn_blocking(move || {
            pdf::render(&said, &town).map_err(|source| FillError::Print {
                id: said.id.clone(),
                source,
            })
        });
        printed.await.map_err(|_gone| FillError::GivenUp)?
    }

    /// What it says in fields, as far as its type carries them: in an older folder it may not.
    async fn fields(&self, document: &FlowDocument) -> Result<Values, FillError> {
        let catalog = types::catalog(self.db.read()).await?;
        let kind = catalog.kind(Some(&document.kind));
        let is_carried = |code: &str| {
            let mut carried = kind.into_iter().flat_map(|kind| &kind.carried);
            carried.any(|one| one.field == code)
        };
        let of = |(code, raw): (&String, &Json)| {
            let said = match value(raw, self.today, &|_none: &str| None) {
                Json::Bool(flag) => FieldValue::Flag(flag),
                Json::String(text) => FieldValue::Text(text),
                other @ (Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                    FieldValue::Text(other.to_string())
                }
            };
            (code.clone(), said)
        };
        let known = document.fields.iter().filter(|(code, _)| is_carried(code));
        Ok(known.map(of).collect())
    }

    async fn kept(
        &self,
        document: &FlowDocument,
        bytes: Vec<u8>,
        compartment: Option<CompartmentId>,
    ) -> Result<Content, FillError> {
        let media_type = match document.format {
            Format::Pdf => PDF,
            Format::Xml => XML,
        };
        let domain = departments::key_domain(self.db.read(), compartment).await?;
        let mut arriving = Arriving::begin_in(self.storage, &domain).await?;
        arriving.push(Bytes::from(bytes)).await?;
        let arrived = arriving.finish(media_type.to_owned(), Some(document.file_name()));
        Ok(arrived.await?.keep(self.db).await?)
    }

    /// The documents that fields name, by their slugs.
    async fn named(
        &self,
        flow: &TownFlow,
        fields: &BTreeMap<String, Json>,
    ) -> Result<HashMap<String, DocumentId>, FillError> {
        let mut named = HashMap::new();
        for slug in documents_in(fields) {
            let document = flow.documents().find(|one| one.id == slug);
            let name = document.ok_or_else(|| unfit(slug))?.file_name();
            if let Some(found) = documents::first_named(self.db.read(), &name).await? {
                named.insert(slug.to_owned(), found.id);
            }
        }
        Ok(named)
    }

    async fn said(
        &self,
        flow: &TownFlow,
        fields: &BTreeMap<String, Json>,
    ) -> Result<BTreeMap<String, Json>, FillError> {
        let named = self.named(flow, fields).await?;
        let id = |slug: &str| named.get(slug).map(ToString::to_string);
        let of = |(key, raw): (&String, &Json)| (key.clone(), value(raw, self.today, &id));
        Ok(fields.iter().map(of).collect())
    }

    async fn begin(&self, flow: &TownFlow, case: CaseId) -> Result<WorkflowId, FillError> {
        let document = match &flow.document {
            Some(document) => {
                let name = document.file_name();
                let found = documents::first_named(self.db.read(), &name).await?;
                found.map(|found| found.id)
            }
            None => None,
        };
        let new = NewFlow {
            definition: flow.definition.clone(),
            version: None,
            case,
            document,
            billed: None,
            fields: self.said(flow, &flow.fields).await?,
        };
        let rules = self.rules.clone();
        let begun = self
            .db
            .write(self.actor(&flow.by)?, async move |unit: &mut Unit| {
                Box::pin(workflows::start(unit, &rules, new)).await
            });
        Ok(begun.await?.value.flow.id)
    }

    async fn act(&self, walked: Walked<'_>, act: &Act) -> Result<(), FillError> {
        match act.command {
            Doing::Work => self.work().await,
            Doing::Version => self.version(walked, act).await,
            Doing::Event
            | Doing::Complete
            | Doing::Claim
            | Doing::Return
            | Doing::Hold
            | Doing::Insert => self.command(walked, act).await,
        }
    }

    /// Lets the system do what waits for it, in this workflow and in others.
    async fn work(&self) -> Result<(), FillError> {
        let bench = self.bench.lock().await;
        for _ in 0..WORK_MAX {
            if Box::pin(bench.carry_out()).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Adds another version to a document, and looks at what that makes void.
    async fn version(&self, (flow, id): Walked<'_>, act: &Act) -> Result<(), FillError> {
        let slug = act.document.as_deref().unwrap_or_default();
        let document = flow.documents().find(|one| one.id == slug);
        let document = document.ok_or_else(|| unfit(slug))?;
        let said = document.revised_on(self.today);
        let said = said.ok_or_else(|| unfit(slug))?;
        let bytes = self.printed(said).await?;
        let found = documents::first_named(self.db.read(), &document.file_name()).await?;
        let found = found.ok_or_else(|| unfit(slug))?;
        let content = self.kept(document, bytes, found.compartment).await?;
        let added = self
            .db
            .write(self.actor(&act.by)?, async move |unit: &mut Unit| {
                documents::add_version(unit, found.id, found.version, content).await
            });
        added.await?;
        let rules = self.rules.clone();
        let system = Actor::system();
        let looked = self.db.write(&system, async move |unit: &mut Unit| {
            Box::pin(workflows::command(unit, &rules, id, Command::Look)).await
        });
        looked.await?;
        Ok(())
    }

    /// Who acts, himself or in another's stead.
    async fn doer(&self, act: &Act) -> Result<Actor, FillError> {
        let actor = self.actor(&act.by)?.clone();
        let Some(principal) = &act.instead_of else {
            return Ok(actor);
        };
        let principal = self.actor(principal)?.account;
        let standing = departments::deputy_for(self.db.read(), actor, principal, self.db.now());
        standing.await?.ok_or_else(|| unfit(&act.by))
    }

    async fn command(&self, (flow, id): Walked<'_>, act: &Act) -> Result<(), FillError> {
        let found = workflows::find(self.db.read(), id).await?;
        let running = found.ok_or_else(|| unfit(&flow.case))?;
        let doer = self.doer(act).await?;
        let asked = self.asked(flow, (&running, act)).await?;
        let rules = self.rules.clone();
        let done = self.db.write(&doer, async move |unit: &mut Unit| {
            Box::pin(workflows::ask(unit, &rules, (id, None), asked)).await
        });
        done.await?;
        Ok(())
    }

    async fn asked(
        &self,
        script: &TownFlow,
        (flow, act): (&Flow, &Act),
    ) -> Result<Asked, FillError> {
        let fields = self.said(script, &act.fields).await?;
        if act.command == Doing::Event {
            return Ok(Asked::Event {
                event: act.event.clone().unwrap_or_default(),
                outcome: act.outcome.clone().unwrap_or_default(),
                fields,
            });
        }
        let state = meant(flow, (act, self.actor(&act.by)?));
        // What is not open is asked for all the same: the rules say why it is not.
        let number = state.map_or(0, |step| step.number);
        let seen = match state {
            Some(step) if act.command == Doing::Complete => self.seen(flow, step).await?,
            Some(_) | None => None,
        };
        Ok(match act.command {
            Doing::Claim => Asked::Plain(Command::Claim { step: number }),
            Doing::Return => Asked::Plain(Command::Return {
                step: number,
                to: act.to.clone().unwrap_or_default(),
                reason: act.reason.clone().unwrap_or_default(),
            }),
            Doing::Hold => {
                let until = act.until.as_deref().unwrap_or_default();
                let until = day(until, self.today);
                Asked::Plain(Command::Hold {
                    step: number,
                    until: Day(until.ok_or_else(|| unfit(&script.case))?),
                    reason: act.reason.clone(),
                })
            }
            Doing::Insert => Asked::Insert {
                step: number,
                kind: StepKind::Consult,
                to: act.to.iter().cloned().collect(),
                text: act.note.clone(),
                due: None,
                holds: true,
            },
            Doing::Complete | Doing::Event | Doing::Version | Doing::Work => Asked::Complete {
                step: number,
                outcome: act.outcome.clone().unwrap_or_default(),
                fields,
                note: act.note.clone(),
                seen,
                documents: Vec::new(),
            },
        })
    }

    /// The version to which a mark is bound: the one in force.
    async fn seen(&self, flow: &Flow, step: &StepState) -> Result<Option<String>, FillError> {
        let field = step.binds.as_ref();
        let bound = field.and_then(|field| flow.instance.fields.get(field));
        let Some(Value::Document(id)) = bound else {
            return Ok(None);
        };
        let Ok(id) = id.0.parse::<DocumentId>() else {
            return Ok(None);
        };
        let standing = documents::standing(self.db.read(), &[id]).await?;
        let version = standing.first().and_then(documents::Standing::in_force);
        Ok(version.map(|version| hex::encode(version.sha512)))
    }
}

/// The open step that is meant: of several of the same key the one for which somebody is asked by name.
fn meant<'a>(flow: &'a Flow, (act, actor): (&Act, &Actor)) -> Option<&'a StepState> {
    let account = actor.account.to_string();
    let steps = flow.instance.steps.iter();
    let open = steps.filter(|step| step.key == act.step && step.status == StepStatus::Open);
    let open: Vec<&StepState> = open.collect();
    let own =
        |one: &Assigned| matches!(one, Assigned::Person { account: asked } if asked.0 == account);
    let named = open.iter().find(|step| step.assigned.iter().any(own));
    named.or(open.first()).copied()
}

/// Whether rules have refused an act, and nothing failed.
const fn is_refusal(error: &WorkflowError) -> bool {
    !matches!(error, WorkflowError::Db(_))
}
