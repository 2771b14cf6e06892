//! The index itself over HTTP, for administrators: how far it is, and having it rebuilt.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use indexer::Index;
use serde::Serialize;
use utoipa::ToSchema;

use super::rebuilding::{Past, Rebuilder, Running};
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{Actor, Role};
use crate::departments::{PeopleError, SignedIn};
use crate::http::openapi::{BeginProblems, PlainProblems};
use crate::http::{Kind, Problem, text};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

const INDEX: &str = "/api/v1/index";

/// How the index stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexStanding)]
pub(super) struct IndexView {
    /// The number of the last record of the log that it has applied; `null` before the first.
    applied: Option<u64>,
    /// How many documents it holds.
    entries: u64,
    /// The rebuild that runs; `null` where none does.
    rebuild: Option<RunningView>,
    /// The last one that ended; `null` where none has since the server began.
    last_rebuild: Option<PastView>,
}

/// A rebuild that runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexRebuild)]
pub(super) struct RunningView {
    /// When it was begun, UTC.
    #[schema(format = DateTime)]
    begun_at: String,
    /// How many documents were put in.
    documents: u64,
    /// How many there are; 0 until they are counted.
    total: u64,
}

/// A rebuild that ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedIndexRebuild)]
pub(super) struct PastView {
    /// When it was begun, UTC.
    #[schema(format = DateTime)]
    begun_at: String,
    /// When it ended, UTC.
    #[schema(format = DateTime)]
    ended_at: String,
    /// How it ended.
    outcome: OutcomeView,
    /// How many documents were put in; 0 where it failed.
    documents: u64,
}

/// How a rebuild ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndexRebuildOutcome)]
pub(super) enum OutcomeView {
    /// The new index answers.
    Done,
    /// The old index answers; the log of the server says why.
    Failed,
}

impl IndexView {
    fn of(index: &Index, rebuilder: &Rebuilder) -> Self {
        let standing = rebuilder.standing();
        Self {
            applied: index.applied(),
            entries: index.len(),
            rebuild: standing.now.map(RunningView::from),
            last_rebuild: standing.last.map(PastView::from),
        }
    }
}

impl From<Running> for RunningView {
    fn from(running: Running) -> Self {
        Self {
            begun_at: running.begun.to_string(),
            documents: running.documents,
            total: running.total,
        }
    }
}

impl From<Past> for PastView {
    fn from(past: Past) -> Self {
        let outcome = if past.done.is_some() {
            OutcomeView::Done
        } else {
            OutcomeView::Failed
        };
        Self {
            begun_at: past.begun.to_string(),
            ended_at: past.ended.to_string(),
            outcome,
            documents: past.done.map_or(0, |done| done.documents),
        }
    }
}

fn require_admin(actor: &Actor) -> Result<(), Problem> {
    if actor.is(Role::Admin) {
        Ok(())
    } else {
        Err(PeopleError::Forbidden.into())
    }
}

fn require_reading(actor: &Actor) -> Result<(), Problem> {
    match actor.scope {
        Scope::Full | Scope::Read => Ok(()),
        Scope::Intake => Err(PeopleError::Scope.into()),
    }
}

/// How far the index is, and how far its rebuild. For administrators.
#[utoipa::path(
    get, path = "/api/v1/index", tag = "health", operation_id = "readIndex",
    responses((status = 200, description = "How it stands", body = IndexView), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_index(
    index: Data<Index>,
    rebuilder: Data<Rebuilder>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    require_reading(&actor)?;
    Ok(HttpResponse::Ok().json(IndexView::of(&index, &rebuilder)))
}

/// Has the index built anew from the documents, beside the one that answers meanwhile. For administrators.
///
/// It is begun and goes on by itself; `GET /api/v1/index` tells how far it is. What is filed meanwhile is found as
/// always. One that the end of the server cut off goes on at the next start where it was marked last. Where the
/// disk has no room for the index once more, it is not begun (507).
#[utoipa::path(
    post, path = "/api/v1/index/rebuild", tag = "health", operation_id = "rebuildIndex",
    responses((status = 202, description = "It is begun", body = IndexView, headers(
        ("Location" = String, description = "Where it is told how far it is"))), BeginProblems),
    security(("token" = []))
)]
pub(super) async fn post_rebuild(
    db: Data<Db>,
    index: Data<Index>,
    rebuilder: Data<Rebuilder>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    if actor.scope != Scope::Full {
        return Err(PeopleError::Scope.into());
    }
    let Some(claim) = rebuilder.claim(db.now()) else {
        let detail = text(
            "Der Suchindex wird schon neu aufgebaut.",
            "The search index is being rebuilt already.",
        );
        return Err(Problem::new(Kind::StateConflict)
            .detail(detail)
            .current_state("rebuilding"));
    };
    if !rebuilder.has_room(&index) {
        let detail = text(
            "Auf der Platte des Suchindex ist kein Platz für einen zweiten.",
            "There is no room for a second search index on the disk of the first.",
        );
        return Err(Problem::new(Kind::InsufficientStorage).detail(detail));
    }
    let written: Result<_, DbError> = db
        .write(&actor, async move |unit: &mut Unit| {
            unit.record(Action::IndexRebuild, None);
            Ok(())
        })
        .await;
    let written = written?;
    claim.go();
    let mut response = HttpResponse::Accepted();
    with_receipt(&mut response, written.receipt);
    response.insert_header((header::LOCATION, INDEX));
    Ok(response.json(IndexView::of(&index, &rebuilder)))
}
