//! Changes of many documents over HTTP: shown first, then done.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::wire::{
    BulkApply, BulkChange, BulkEffect, BulkField, BulkMode, BulkPreview, BulkRequest, BulkResult,
    BulkResults, Chosen, Exactly,
};
use super::{Bulk, DOCUMENTS_MAX, GivenUp, Outcome, all};
use crate::audit::event::Look;
use crate::base::{Actor, DocumentId};
use crate::departments::{self, SignedIn};
use crate::documents::filing::FOLLOWERS_MAX;
use crate::documents::http::refuse;
use crate::documents::list::{self, Order};
use crate::documents::model::{Document, DocumentError};
use crate::documents::{asking, fields};
use crate::http::extract::{Json, MaybeKey};
use crate::http::openapi::{CreateProblems, IdempotencyParam};
use crate::http::page::{Cursors, scope_of};
use crate::http::problem::ProblemBody;
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once, SaveError};
use crate::unit::{Db, Unit};

/// What a token binds: who asked, what shall change, and which documents in which version.
fn scope(actor: &Actor, change: &BulkChange, documents: &[Exactly]) -> Result<String, Problem> {
    let account = actor.account.to_string();
    let behalf = actor.on_behalf_of.map(|id| id.to_string());
    let bound = serde_json::json!({"account": account, "behalf": behalf, "change": change,
        "documents": documents});
    scope_of("bulk", &bound, &[])
}

/// The documents that are meant, and those of them that the actor sees.
async fn chosen(
    db: &Db,
    actor: &Actor,
    chosen: Chosen<'_>,
) -> Result<(Vec<DocumentId>, Vec<Document>), Problem> {
    match chosen {
        Chosen::Ids(ids) => {
            let seen = list::visible_among(db.read(), actor, &ids).await?;
            Ok((ids, seen))
        }
        Chosen::Filter(asked, by_field) => {
            let departments = departments::departments(db.read()).await?;
            let mut filter = asked.whole(db, actor, &departments).await?;
            filter.by_field = asking::by_field(db.read(), actor, &by_field).await?;
            let most = u64::try_from(DOCUMENTS_MAX).unwrap_or(u64::MAX);
            let (seen, more) =
                list::page(db.read(), actor, &filter, Order::Newest, None, most).await?;
            if more {
                let fault = Fault::TooMany { max: most };
                return Err(Problem::new(Kind::Validation).field("/filter", fault));
            }
            Ok((seen.iter().map(|one| one.id).collect(), seen))
        }
    }
}

/// What happens to these documents if `bulk` is done: it is done, and given up again.
async fn tried(
    db: &Db,
    actor: &Actor,
    documents: Vec<(DocumentId, u64)>,
    bulk: Bulk,
) -> Result<Vec<Outcome>, Problem> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let given_up = db
        .write(actor, async move |unit: &mut Unit| {
            let outcomes = all(unit, &documents, &bulk).await?;
            Err::<(), _>(GivenUp::Tried(outcomes))
        })
        .await;
    match given_up {
        Err(GivenUp::Tried(outcomes)) => Ok(outcomes),
        Err(GivenUp::TooMany) => Err(too_many()),
        Err(GivenUp::Db(error)) => Err(error.into()),
        Err(GivenUp::KeyTaken) | Ok(_) => Err(Problem::new(Kind::Internal)),
    }
}

/// The refusal of more than move in one unit of work.
fn too_many() -> Problem {
    Problem::new(Kind::Conflict).detail(text(
        format!(
            "Mit ihren Anlagen sind das mehr als {FOLLOWERS_MAX} Dokumente. Bitte weniger auf einmal weiterleiten."
        ),
        format!(
            "With what was taken out of them these are more than {FOLLOWERS_MAX} documents. Hand on fewer at once."
        ),
    ))
}

fn refusal(error: DocumentError, language: Language) -> ProblemBody {
    let mut body = Problem::from(error).body(language, None);
    // The single change names its own members: here they stand in `change`.
    for fault in &mut body.errors {
        if let Some(pointer) = &mut fault.pointer {
            *pointer = format!("/change{pointer}");
        }
    }
    body
}

/// Shows what a change of many documents would do to each, and what would be refused and why. Nothing is
/// changed. The token binds the change to the versions that were looked at: `applyBulk` does it.
#[utoipa::path(
    post, path = "/api/v1/documents/bulk/preview", tag = "documents", operation_id = "previewBulk",
    request_body = BulkRequest,
    responses((status = 200, description = "What would become of each", body = BulkPreview),
        CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_preview(
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    Json(body): Json<BulkRequest>,
) -> Result<HttpResponse, Problem> {
    let bulk = body.change.read()?;
    let (wanted, seen) = chosen(&db, &actor, body.chosen()?).await?;
    let shown = seen.iter().map(Document::shown).collect();
    let looked = Looked::of(Look::List, &actor).showing(shown);
    looks.note(looked).await?;
    let exactly = seen.iter().map(|one| (one.id, one.version)).collect();
    let outcomes = tried(&db, &actor, exactly, bulk).await?;
    let values = seen.iter().map(|one| &one.metadata.fields);
    let choices = fields::choices_among(db.read(), values.clone()).await?;
    let known = fields::known_of(db.read(), &actor, values).await?;
    let told = (&known, choices.as_slice());
    let mut found: HashMap<DocumentId, _> = HashMap::new();
    for (before, outcome) in seen.iter().zip(outcomes) {
        found.insert(before.id, (before, outcome));
    }
    let (mut items, mut documents) = (Vec::new(), Vec::new());
    for id in wanted {
        let (version, outcome) = match found.remove(&id) {
            Some((before, outcome)) => {
                let changes =
                    outcome.map(|after| BulkField::between(&body.change, (before, &after), told));
                (Some(before.version), changes)
            }
            None => {
                refuse(&looks, &actor, id).await?;
                (None, Err(DocumentError::NotFound))
            }
        };
        if let (Some(version), Ok(_)) = (version, &outcome) {
            let id = id.raw();
            documents.push(Exactly { id, version });
        }
        let (changes, refusal) = match outcome {
            Ok(changes) => (changes, None),
            Err(error) => (Vec::new(), Some(refusal(error, language))),
        };
        items.push(BulkEffect {
            id: id.raw(),
            version,
            changes,
            refusal,
        });
    }
    let token = cursors.seal(&scope(&actor, &body.change, &documents)?, &())?;
    Ok(HttpResponse::Ok().json(BulkPreview {
        items,
        documents,
        token,
    }))
}

/// The refusal of all, where one refusal stands against all: each document that is in the way is named.
fn none_of(outcomes: Vec<Outcome>) -> Problem {
    let mut problem = Problem::new(Kind::Conflict).detail(text(
        "Mindestens ein Dokument steht dem entgegen; keines wurde geändert. Bitte die Vorschau neu holen.",
        "At least one document stands against it; none was changed. Please ask for the preview again.",
    ));
    for (at, outcome) in outcomes.into_iter().enumerate() {
        if let Err(error) = outcome {
            let kind = Problem::from(error).kind();
            let (code, detail) = (kind.slug(), kind.title());
            problem = problem.field(format!("/documents/{at}"), Fault::Rule { code, detail });
        }
    }
    problem
}

/// Refuses what was not previewed like this by the same account.
fn previewed(cursors: &Cursors, actor: &Actor, body: &BulkApply) -> Result<(), Problem> {
    let bound = scope(actor, &body.change, &body.documents)?;
    if body.documents.len() > DOCUMENTS_MAX || cursors.open::<()>(&bound, &body.token).is_err() {
        let expected = text(
            "der Token der Vorschau, mit ihren documents und derselben change",
            "the token of the preview, with its documents and the same change",
        );
        let fault = Fault::WrongFormat { expected };
        return Err(Problem::new(Kind::Validation).field("/token", fault));
    }
    Ok(())
}

/// Does what was previewed, in one unit of work: each document in the version that was looked at, with a record of
/// its own. Whatever changed meanwhile is told and left alone, and with `mode: all` everything is.
#[utoipa::path(
    post, path = "/api/v1/documents/bulk/apply", tag = "documents", operation_id = "applyBulk",
    params(IdempotencyParam),
    request_body = BulkApply,
    responses((status = 200, description = "What became of each; durable. The receipt is that of the last record, and \
        missing where nothing was done",
        body = BulkResults, headers(
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))), CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_apply(
    db: Data<Db>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<BulkApply>,
) -> Result<HttpResponse, Problem> {
    let bulk = body.change.read()?;
    previewed(&cursors, &actor, &body)?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let print = Fingerprint::of(&[b"POST /documents/bulk/apply", &said]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let wanted = body.documents.iter();
    let mut left: Vec<_> = wanted
        .map(|one| (DocumentId::of(one.id), one.version))
        .collect();
    let mut refused: HashMap<DocumentId, ProblemBody> = HashMap::new();
    // What is refused is left out, and the rest is done: each round has fewer documents than the one before.
    while !left.is_empty() {
        let (order, now, bulk, saved) = (
            body.documents.clone(),
            left.clone(),
            bulk.clone(),
            once.clone(),
        );
        let so_far = refused.clone();
        let written = db
            .write(&actor, async move |unit: &mut Unit| {
                let outcomes = all(unit, &now, &bulk).await?;
                if outcomes.iter().any(Result::is_err) {
                    return Err(GivenUp::Tried(outcomes));
                }
                let done = outcomes.into_iter().flatten();
                let done = done.map(|document| (document.id, document.version));
                let results = results(&order, &so_far, &done.collect());
                let mut answer = Answer::created(&results)?;
                answer.status = 200;
                match saved.save(unit, &answer).await {
                    Ok(()) => Ok(answer),
                    Err(SaveError::KeyTaken) => Err(GivenUp::KeyTaken),
                    Err(SaveError::Db(error)) => Err(GivenUp::Db(error)),
                }
            })
            .await;
        let outcomes = match written {
            Ok(written) => return Ok(written.value.respond(Some(written.receipt))),
            Err(GivenUp::KeyTaken) => {
                return once
                    .finish(&db, Err(Problem::new(Kind::IdempotencyInProgress)))
                    .await;
            }
            Err(GivenUp::TooMany) => return Err(too_many()),
            Err(GivenUp::Db(error)) => return Err(error.into()),
            Err(GivenUp::Tried(outcomes)) => outcomes,
        };
        if body.mode == BulkMode::All {
            return Err(none_of(outcomes));
        }
        let tried = left.clone().into_iter().zip(outcomes);
        for ((id, _), outcome) in tried {
            if let Err(error) = outcome {
                left.retain(|(known, _)| *known != id);
                refused.insert(id, refusal(error, language));
            }
        }
    }
    Ok(HttpResponse::Ok().json(results(&body.documents, &refused, &HashMap::new())))
}

/// What became of each, in the order in which they were named.
fn results(
    documents: &[Exactly],
    refused: &HashMap<DocumentId, ProblemBody>,
    done: &HashMap<DocumentId, u64>,
) -> BulkResults {
    let items = documents.iter().map(|one| {
        let id = DocumentId::of(one.id);
        BulkResult {
            id: one.id,
            version: done.get(&id).copied(),
            refusal: refused.get(&id).cloned(),
        }
    });
    BulkResults {
        items: items.collect(),
    }
}
