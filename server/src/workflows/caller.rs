//! Who asks something of a workflow, and with what: what every handler here takes from its request.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use storage::Storage;
use uuid::Uuid;

use super::asking::{self, Asked};
use super::beginning::{self, New};
use super::billed;
use super::catalog::Rules;
use super::looking;
use super::model::{Flow, WorkflowError};
use super::ops::{self, Commanded, Desk};
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, WorkflowId};
use crate::cases;
use crate::departments::SignedIn;
use crate::documents::{self, Billed};
use crate::http::extract::{ETag, IdempotencyKey, IfMatch};
use crate::http::{Kind, Problem};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Once, SaveError};
use crate::unit::{Db, Unit};

/// How long whoever repeats waits for the commit of what began just before.
const FIRST_COMMIT_MAX: Duration = Duration::from_secs(2);

/// Who asks.
pub(super) struct Caller {
    /// The request.
    pub(super) request: HttpRequest,
    /// The database.
    pub(super) db: Db,
    /// Where looks are noted.
    pub(super) looks: Looks,
    /// Definitions and calendar.
    pub(super) rules: Rules,
    /// Who it is.
    pub(super) actor: Actor,
    key: Option<IdempotencyKey>,
    if_match: Option<IfMatch>,
}

/// Why nothing was done.
enum NotDone {
    Refused(WorkflowError),
    Unsaved(SaveError),
}

impl From<DbError> for NotDone {
    fn from(error: DbError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<NotDone> for Problem {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::Refused(error) => error.into(),
            NotDone::Unsaved(SaveError::KeyTaken) => Self::new(Kind::IdempotencyInProgress),
            NotDone::Unsaved(SaveError::Db(error)) => error.into(),
        }
    }
}

fn part<T: Clone + 'static>(request: &HttpRequest) -> Result<T, Problem> {
    let found = request.app_data::<Data<T>>();
    let found = found.ok_or_else(|| Problem::internal("a part of the server is missing"))?;
    Ok(found.get_ref().clone())
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let signed = SignedIn::from_request(&request, payload);
        Box::pin(async move {
            let SignedIn(actor) = signed.await?;
            Ok(Self {
                db: part(&request)?,
                looks: part(&request)?,
                rules: part(&request)?,
                key: IdempotencyKey::read(&request)?,
                if_match: IfMatch::read(&request)?,
                actor,
                request,
            })
        })
    }
}

impl Caller {
    /// What keeps the request from having its effect twice.
    pub(super) fn once(&self, said: &impl Serialize) -> Result<Once, Problem> {
        Once::action(&self.actor, self.key.clone(), &self.request, said)
    }

    /// Notes that something was asked for that may not be known.
    pub(super) async fn refused(&self) -> Result<(), Problem> {
        let looked = Looked::of(Look::Refused, &self.actor);
        Ok(self.looks.note(looked).await?)
    }

    /// What a document says as an invoice with which a workflow shall begin that asks for it. Whoever begins is shown
    /// that: it is a look at the content.
    pub(super) async fn billed(
        &self,
        new: &New,
        document: DocumentId,
    ) -> Result<Option<Billed>, Problem> {
        let on = self.db.read();
        if !billed::asks(on, &self.rules, new).await? {
            return Ok(None);
        }
        let storage: Storage = part(&self.request)?;
        let read = documents::billed(on, &storage, (&self.actor, document)).await?;
        let Some((document, billed)) = read else {
            return Ok(None);
        };
        let looked = Looked {
            department: Some(document.department),
            document: Some((document.id.raw(), document.version)),
            ..Looked::of(Look::ReadContent, &self.actor)
        };
        self.looks.note(looked).await?;
        Ok(Some(billed))
    }

    /// Begins a workflow, once. Where the same began before it is shown as it is now; of one that may not be known
    /// an attempt is recorded.
    pub(super) async fn begin(self, once: Once, new: New) -> Result<HttpResponse, Problem> {
        let (rules, saved) = (self.rules.clone(), once.clone());
        let written = self
            .db
            .write(&self.actor, async move |unit: &mut Unit| {
                let begun = Box::pin(beginning::start(unit, &rules, new)).await;
                let begun = begun.map_err(NotDone::Refused)?;
                let answer = shown(unit, &rules, (&begun, 201)).await;
                let answer = answer.map_err(NotDone::Refused)?;
                let kept = saved.save(unit, &answer).await;
                kept.map_err(NotDone::Unsaved)?;
                Ok::<_, NotDone>(answer)
            })
            .await;
        match &written {
            Err(NotDone::Refused(WorkflowError::Repeats { existing })) => {
                return self.repeated(*existing).await;
            }
            Err(NotDone::Refused(WorkflowError::KeyTaken { existing: None, .. })) => {
                self.refused().await?;
            }
            Ok(_) | Err(_) => {}
        }
        once.finish(&self.db, written).await
    }

    /// Shows what the same began before. It may still wait for its commit.
    async fn repeated(&self, existing: WorkflowId) -> Result<HttpResponse, Problem> {
        let mut head = self.db.head();
        let end = tokio::time::Instant::now() + FIRST_COMMIT_MAX;
        let (on, now) = (self.db.read(), self.db.now());
        let seen = (&self.actor, now);
        let (flow, desk) = loop {
            head.borrow_and_update();
            match Box::pin(ops::read(on, &self.rules, seen, existing)).await {
                Err(WorkflowError::NotFound) => {}
                found => break found?,
            }
            let news = tokio::time::timeout_at(end, head.changed()).await;
            if !matches!(news, Ok(Ok(()))) {
                let busy = Problem::new(Kind::IdempotencyInProgress);
                return Err(busy.retry_after_seconds(1));
            }
        };
        self.looked(&flow).await?;
        let answer = looking::answer(on, &self.rules, (&flow, &desk), (200, now)).await?;
        let place = format!("/api/v1/workflows/{}", flow.id);
        Ok(answer.with_header("location", place).respond(None))
    }

    /// A workflow that the caller may know of; an attempt at another one is recorded.
    pub(super) async fn see(&self, id: Uuid) -> Result<(Flow, Desk), Problem> {
        self.rules.keep_missed_units(&self.db).await?;
        let (on, now) = (self.db.read(), self.db.now());
        let seen = (&self.actor, now);
        let found = ops::read(on, &self.rules, seen, WorkflowId::of(id)).await;
        if matches!(found, Err(WorkflowError::NotFound)) {
            self.refused().await?;
        }
        Ok(found?)
    }

    /// Notes that a workflow was looked at: as its case.
    pub(super) async fn looked(&self, flow: &Flow) -> Result<(), Problem> {
        let looked = Looked::of(Look::ReadCase, &self.actor)
            .at(flow.case.raw())
            .within(flow.department);
        Ok(self.looks.note(looked).await?)
    }

    /// The version on which a change is based, where that was said: it is compared where the change is made. Where it
    /// may be one of several, that which there is now is taken; another one is refused.
    async fn based_on(&self, id: Uuid) -> Result<Option<u64>, Problem> {
        let Some(if_match) = &self.if_match else {
            return Ok(None);
        };
        if let Some(version) = if_match.version() {
            return Ok(Some(version));
        }
        let (flow, _) = Box::pin(self.see(id)).await?;
        if_match.check(&ETag::of_version(flow.version))?;
        Ok(Some(flow.version))
    }

    /// Does something with a workflow, once, and shows it as it is then. Whether the caller may know of it is looked
    /// at in the unit that does it; an attempt at another one is recorded.
    pub(super) async fn act<F>(
        self,
        id: Uuid,
        said: &impl Serialize,
        operation: F,
    ) -> Result<HttpResponse, Problem>
    where
        F: AsyncFnOnce(
                &mut Unit,
                Rules,
                (WorkflowId, Option<u64>),
            ) -> Result<Commanded, WorkflowError>
            + Send
            + 'static,
    {
        let once = self.once(said)?;
        if let Some(answer) = once.answered(&self.db).await? {
            return Ok(answer);
        }
        self.rules.keep_missed_units(&self.db).await?;
        let expected = self.based_on(id).await?;
        let (rules, saved) = (self.rules.clone(), once.clone());
        let written = self
            .db
            .write(&self.actor, async move |unit: &mut Unit| {
                let meant = (WorkflowId::of(id), expected);
                let done = operation(unit, rules.clone(), meant).await;
                let done = done.map_err(NotDone::Refused)?;
                let answer = shown(unit, &rules, (&done, 200)).await;
                let answer = answer.map_err(NotDone::Refused)?;
                let kept = saved.save(unit, &answer).await;
                kept.map_err(NotDone::Unsaved)?;
                Ok::<_, NotDone>(answer)
            })
            .await;
        if matches!(&written, Err(NotDone::Refused(WorkflowError::NotFound))) {
            self.refused().await?;
        }
        once.finish(&self.db, written).await
    }

    /// Asks something of a workflow, once.
    pub(super) async fn ask(
        self,
        id: Uuid,
        said: &impl Serialize,
        asked: Asked,
    ) -> Result<HttpResponse, Problem> {
        self.act(
            id,
            said,
            async move |unit: &mut Unit, rules: Rules, meant: (WorkflowId, Option<u64>)| {
                Box::pin(asking::ask(unit, &rules, meant, asked)).await
            },
        )
        .await
    }
}

/// The answer that shows a workflow to whoever has just changed it: also where he does not know of it any more.
pub(super) async fn shown(
    unit: &mut Unit,
    rules: &Rules,
    (done, status): (&Commanded, u16),
) -> Result<Answer, WorkflowError> {
    let (on, now, flow) = (unit.tx(), unit.now(), &done.flow);
    // What the command did may have moved or changed its case.
    let case = cases::find(on, flow.case).await?;
    let case = case.ok_or(WorkflowError::NotFound)?;
    let desk = done.desk.with_case(case, unit.actor());
    looking::answer(on, rules, (flow, &desk), (status, now)).await
}
