//! Changes of many documents over HTTP: shown first, then done.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::wire::{
    BulkApply, BulkEffect, BulkField, BulkPreview, BulkRequest, BulkResult, BulkResults, Chosen,
    Exactly,
};
use super::{Bulk, DOCUMENTS_MAX, GivenUp, Outcome, all, one};
use crate::audit::event::Look;
use crate::audit::log::Receipt;
use crate::base::{Actor, DocumentId};
use crate::departments::{self, SignedIn};
use crate::documents::http::{note, refuse};
use crate::documents::list::{self, Order};
use crate::documents::model::{Document, DocumentError};
use crate::http::extract::Json;
use crate::http::openapi::CreateProblems;
use crate::http::page::{Cursors, scope_of};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::Looks;
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

/// What a token binds: who asked, what shall change, and which documents in which version.
fn scope(
    actor: &Actor,
    change: &super::wire::BulkChange,
    documents: &[Exactly],
) -> Result<String, Problem> {
    let account = actor.account.to_string();
    let behalf = actor.on_behalf_of.map(|id| id.to_string());
    let bound = serde_json::json!({"account": account, "behalf": behalf, "change": change,
        "documents": documents});
    scope_of("bulk", &bound, &[])
}

/// The documents that are meant, as far as the actor sees them.
async fn chosen(
    db: &Db,
    actor: &Actor,
    chosen: &Chosen<'_>,
) -> Result<(Vec<DocumentId>, Vec<Document>), Problem> {
    match chosen {
        Chosen::Ids(ids) => {
            let seen = list::visible_among(db.read(), actor, ids).await?;
            Ok((ids.clone(), seen))
        }
        Chosen::Filter(asked) => {
            let departments = departments::departments(db.read()).await?;
            let filter = asked.whole(db, actor, &departments).await?;
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
        Err(GivenUp::Tried(outcomes) | GivenUp::Refused(outcomes)) => Ok(outcomes),
        Err(GivenUp::Db(error)) => Err(error.into()),
        Ok(_) => Ok(Vec::new()),
    }
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
    let (wanted, seen) = chosen(&db, &actor, &body.chosen()?).await?;
    note(&looks, &actor, Look::List, None).await?;
    let exactly = seen.iter().map(|one| (one.id, one.version)).collect();
    let mut outcomes = tried(&db, &actor, exactly, bulk).await?.into_iter();
    let mut found = std::collections::HashMap::new();
    for before in &seen {
        let outcome = outcomes.next().unwrap_or(Err(DocumentError::NotFound));
        found.insert(before.id, (before, outcome));
    }
    let (mut items, mut documents) = (Vec::new(), Vec::new());
    for id in wanted {
        let (version, outcome) = match found.remove(&id) {
            Some((before, outcome)) => {
                let changes = outcome.map(|held| BulkField::between(before, &held.document));
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
            Err(error) => {
                let body = Problem::from(error).body(language, None);
                (Vec::new(), Some(body))
            }
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
fn refused(outcomes: Vec<Outcome>) -> Problem {
    let mut problem = Problem::new(Kind::Conflict).detail(text(
        "Mindestens ein Dokument steht dem entgegen; keines wurde geändert.",
        "At least one document stands against it; none was changed.",
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

/// Does what was previewed: each document in the version that was looked at, with a record of its own.
/// Whatever changed meanwhile is refused, and with `mode: all` everything is.
#[utoipa::path(
    post, path = "/api/v1/documents/bulk/apply", tag = "documents", operation_id = "applyBulk",
    request_body = BulkApply,
    responses((status = 200, description = "What became of each; durable. The receipt is that of the last",
        body = BulkResults), CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_apply(
    db: Data<Db>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    Json(body): Json<BulkApply>,
) -> Result<HttpResponse, Problem> {
    let bulk = body.change.read()?;
    let bound = scope(&actor, &body.change, &body.documents)?;
    if body.documents.len() > DOCUMENTS_MAX || cursors.open::<()>(&bound, &body.token).is_err() {
        let expected = text(
            "der Token der Vorschau, mit ihren documents und derselben change",
            "the token of the preview, with its documents and the same change",
        );
        let fault = Fault::WrongFormat { expected };
        return Err(Problem::new(Kind::Validation).field("/token", fault));
    }
    let wanted = body.documents.iter();
    let wanted: Vec<_> = wanted
        .map(|one| (DocumentId::of(one.id), one.version))
        .collect();
    let (outcomes, receipt) = match body.mode {
        super::wire::BulkMode::All => together(&db, &actor, wanted.clone(), bulk).await?,
        super::wire::BulkMode::Each => apart(&db, &actor, &wanted, &bulk).await?,
    };
    let mut items = Vec::with_capacity(outcomes.len());
    for ((id, _), outcome) in wanted.iter().zip(outcomes) {
        let (version, refusal) = match outcome {
            Ok(held) => (Some(held.document.version), None),
            Err(error) => (None, Some(Problem::from(error).body(language, None))),
        };
        items.push(BulkResult {
            id: id.raw(),
            version,
            refusal,
        });
    }
    let mut response = HttpResponse::Ok();
    if let Some(receipt) = receipt {
        with_receipt(&mut response, receipt);
    }
    Ok(response.json(BulkResults { items }))
}

/// All of them in one unit of work, or none.
async fn together(
    db: &Db,
    actor: &Actor,
    documents: Vec<(DocumentId, u64)>,
    bulk: Bulk,
) -> Result<(Vec<Outcome>, Option<Receipt>), Problem> {
    let written = db
        .write(actor, async move |unit: &mut Unit| {
            let outcomes = all(unit, &documents, &bulk).await?;
            if outcomes.iter().any(Result::is_err) {
                return Err(GivenUp::Refused(outcomes));
            }
            Ok(outcomes)
        })
        .await;
    match written {
        Ok(written) => Ok((written.value, Some(written.receipt))),
        Err(GivenUp::Tried(outcomes) | GivenUp::Refused(outcomes)) => Err(refused(outcomes)),
        Err(GivenUp::Db(error)) => Err(error.into()),
    }
}

/// Each of them in a unit of work of its own.
async fn apart(
    db: &Db,
    actor: &Actor,
    documents: &[(DocumentId, u64)],
    bulk: &Bulk,
) -> Result<(Vec<Outcome>, Option<Receipt>), Problem> {
    let (mut outcomes, mut receipt) = (Vec::with_capacity(documents.len()), None);
    for document in documents {
        let (document, bulk) = (*document, bulk.clone());
        let written = db
            .write(actor, async move |unit: &mut Unit| {
                one(unit, document, &bulk).await
            })
            .await;
        match written {
            Ok(written) => {
                receipt = Some(written.receipt);
                outcomes.push(Ok(written.value));
            }
            // What is done is done: the database alone ends it, and is told for this one too.
            Err(error) => outcomes.push(Err(error)),
        }
    }
    Ok((outcomes, receipt))
}
