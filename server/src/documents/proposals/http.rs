//! Proposals over HTTP, and the list of what is withheld: parse, call, render.

use std::collections::{BTreeSet, HashMap, HashSet};

use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use sea_orm::{Condition, ConnectionTrait, DatabaseConnection};
use uuid::Uuid;

use super::model::{About, Proposal, ProposalError, Standing};
use super::ops;
use super::own::{OwnMatter, with_whole};
use super::wire::{Line, NewProposal, ProposalView, WithheldFilter, WithheldPage, WithheldView};
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, ProposalId, QuarantineId, Right, Timestamp, VersionId};
use crate::departments::{self, Department, SignedIn};
use crate::documents::guard::{self, Judged};
use crate::documents::quarantine::may_decide;
use crate::documents::{list, rows};
use crate::http::extract::{Json, ListQuery, Path};
use crate::http::openapi::{CreateProblems, ListProblems, ReadProblems};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

impl From<ProposalError> for Problem {
    #[expect(clippy::too_many_lines, reason = "one arm for each error")]
    fn from(error: ProposalError) -> Self {
        let conflict = |german: &'static str, english: &'static str| {
            Self::new(Kind::Conflict).detail(text(german, english))
        };
        let forbidden = |german: &'static str, english: &'static str| {
            Self::new(Kind::Forbidden).detail(text(german, english))
        };
        match error {
            ProposalError::NotFound => Self::new(Kind::NotFound),
            ProposalError::Forbidden => forbidden(
                "Darüber dürfen Sie nicht entscheiden.",
                "This is not yours to decide on.",
            ),
            ProposalError::InAnothersStead => forbidden(
                "Das geht nur im eigenen Namen, nicht in Vertretung und nicht für eine Funktion.",
                "This is done in one's own name, not as a deputy and not for a function.",
            ),
            ProposalError::FourEyes => forbidden(
                "Das braucht eine weitere Person: Niemand gibt frei, was er selbst beantragt hat.",
                "This takes another person: nobody approves what he proposed.",
            ),
            ProposalError::OwnMatter => forbidden(
                "In eigener Sache entscheidet niemand: Das Dokument betrifft Sie selbst. Bitte wenden Sie sich an \
                 jemand anderen, der darüber entscheidet.",
                "Nobody decides in his own matter: the document concerns you. Please turn to another one who decides \
                 on it.",
            ),
            ProposalError::Elsewhere => forbidden(
                "Denselben Inhalt haben noch andere Dokumente, über die Sie nicht entscheiden. Bitte wenden \
                 Sie sich an die Registratur.",
                "Other documents have the same content, on which you do not decide. Please turn to the \
                 records managers.",
            ),
            ProposalError::Settled => conflict(
                "Der Antrag ist bereits erledigt.",
                "The proposal is settled already.",
            ),
            ProposalError::NotWithheld => conflict(
                "Diese Fassung ist nicht gesperrt.",
                "This version is not withheld.",
            ),
            ProposalError::Over => conflict(
                "Der Inhalt ist schon vernichtet oder freigegeben.",
                "The content was destroyed or released before.",
            ),
            ProposalError::Proposed => conflict(
                "Darüber liegt schon ein Antrag vor.",
                "There is a proposal about it already.",
            ),
            ProposalError::Held => conflict(
                "Eine Löschsperre steht dagegen: auf dem Dokument, auf dem, worin es steht, oder auf dem, was \
                 aus ihm entnommen wurde.",
                "A hold stands against it: on the document, on what it stands in, or on what was taken out \
                 of it.",
            ),
            ProposalError::OpenElsewhere => conflict(
                "Derselbe Inhalt, oder worin er steckt, ist anderswo nicht gesperrt. Bitte warten, bis er \
                 gelesen ist, oder `papierlos check --deep --repair` ausführen lassen.",
                "The same content, or what holds it, is not withheld elsewhere. Please wait until it is \
                 read, or have `papierlos check --deep --repair` run.",
            ),
            ProposalError::Changed => conflict(
                "Der Antrag beträfe inzwischen andere Fassungen. Bitte ablehnen und neu beantragen.",
                "The proposal would be about other versions by now. Please turn it down and propose anew.",
            ),
            ProposalError::TooMany => conflict(
                "Der Antrag beträfe zu viele Fassungen auf einmal.",
                "The proposal would be about too many versions at once.",
            ),
            ProposalError::Part => conflict(
                "Das Dokument steckt in einem anderen, aus dem es entnommen wurde. Entfernt wird nur das Ganze.",
                "The document was taken out of another one, which holds it still. Only the whole is removed.",
            ),
            ProposalError::OtherCase => conflict(
                "Das Dokument steht inzwischen in einem anderen Vorgang. Von hier aus wird es nicht entfernt.",
                "The document stands in another case by now. It is not removed from here.",
            ),
            ProposalError::Document(error) => error.into(),
            ProposalError::Db(error) => error.into(),
        }
    }
}

/// Those of the proposals that wait and on which the actor decides: not in his own matter. It takes as many queries for
/// many as for one.
async fn decided_by(
    on: &DatabaseConnection,
    (actor, own): (&Actor, OwnMatter),
    proposals: &[&Proposal],
) -> Result<HashSet<ProposalId>, DbError> {
    let waiting = proposals.iter().copied();
    let waiting: Vec<&Proposal> = waiting
        .filter(|one| one.standing() == Standing::Waiting)
        .collect();
    if waiting.is_empty() {
        return Ok(HashSet::new());
    }
    let about: Vec<VersionId> = waiting
        .iter()
        .filter_map(|one| match one.about {
            About::Version(id) => Some(id),
            About::Quarantined(_) => None,
        })
        .collect();
    let about = rows::with_documents(on, &about).await?;
    let decides = |one: &&Proposal| match one.about {
        About::Quarantined(_) => may_decide(actor).is_ok(),
        About::Version(id) => about
            .get(&id)
            .is_some_and(|(_, document)| actor.may(Right::Purge, document.place())),
    };
    let deciding: Vec<&Proposal> = waiting.into_iter().filter(decides).collect();
    let versions = deciding.iter().flat_map(|one| one.versions.iter().copied());
    let versions: Vec<VersionId> = versions.collect();
    let his = own.among(on, actor, &versions).await?;
    let is_his = |one: &Proposal| one.versions.iter().any(|version| his.contains(version));
    let decided = deciding.into_iter().filter(|one| !is_his(one));
    Ok(decided.map(|one| one.id).collect())
}

/// Whether the actor decides on a proposal that waits: not in his own matter.
async fn decides_himself(
    on: &DatabaseConnection,
    who: (&Actor, OwnMatter),
    one: &Proposal,
) -> Result<bool, DbError> {
    Ok(decided_by(on, who, &[one]).await?.contains(&one.id))
}

/// What was done. That the actor named something of which he may not know is noted.
async fn noted<T>(
    looks: &Looks,
    actor: &Actor,
    done: Result<T, ProposalError>,
) -> Result<T, Problem> {
    if let Err(ProposalError::NotFound) = &done {
        looks.note(Looked::of(Look::Refused, actor)).await?;
    }
    Ok(done?)
}

/// Writes something about a proposal, and answers with what became of it.
async fn changed<F>(
    (db, looks, own): (&Db, &Looks, OwnMatter),
    actor: &Actor,
    status: StatusCode,
    operation: F,
) -> Result<HttpResponse, Problem>
where
    F: AsyncFnOnce(&mut Unit) -> Result<Proposal, ProposalError> + Send + 'static,
{
    let done = db.write(actor, operation).await;
    let written = noted(looks, actor, done).await?;
    let decides = decides_himself(db.read(), (actor, own), &written.value).await?;
    let mut response = HttpResponse::build(status);
    with_receipt(&mut response, written.receipt);
    Ok(response.json(ProposalView::of(&written.value, actor, decides)))
}

/// The most versions of one's own proposals that are listed, those of the newest first: as many as a statement of
/// SQLite takes with all else in it.
const OWN_MAX: usize = 20_000;

/// Whom withheld versions are told: who decides on the document, who may learn who looked at it; and of exactly those
/// versions whoever sees the document and has proposed himself what becomes of them.
fn told_to(actor: &Actor, open: &[Proposal]) -> rows::ToldTo {
    let own = open.iter().rev().filter(|one| one.is_known_to(actor));
    let own = own.flat_map(|one| one.versions.iter().map(|version| version.raw()));
    rows::ToldTo {
        documents: Condition::any()
            .add(list::visible_among_few(actor, Right::Purge))
            .add(list::visible_among_few(actor, Right::Looks)),
        own: own.take(OWN_MAX).collect(),
        own_documents: list::visible_among_few(actor, Right::Read),
    }
}

async fn lines(
    on: &impl ConnectionTrait,
    actor: &Actor,
    all: &[Department],
    finds: &[rows::rendition::Model],
) -> Result<Vec<Line>, DbError> {
    let ids: Vec<VersionId> = finds
        .iter()
        .map(|find| VersionId::of(find.document_version_id))
        .collect();
    let judged = guard::all_judged(on, &ids).await?;
    let known = rows::with_documents(on, &ids).await?;
    let mut lines = Vec::with_capacity(finds.len());
    let mut told = HashSet::new();
    for find in finds {
        let id = VersionId::of(find.document_version_id);
        // Withheld again it was found twice: the newest find stands for it.
        if !told.insert(id) {
            continue;
        }
        let Some((version, document)) = known.get(&id).cloned() else {
            continue;
        };
        let department = all.iter().find(|one| one.id == document.department);
        lines.push(Line {
            department: department.map(|one| one.slug.clone()),
            decides: actor.may(Right::Purge, document.place()),
            found: find.reason.clone().unwrap_or_default(),
            found_at: Timestamp::of_micros(find.created_at),
            judged: judged.get(&id).copied().unwrap_or(Judged::Withheld),
            version,
            document,
        });
    }
    Ok(lines)
}

/// The lines, each with what is proposed about it. A proposal about a version that somebody else decides on may name
/// one's own too: one is told of it, and does not approve it.
async fn views(
    on: &DatabaseConnection,
    (actor, own): (&Actor, OwnMatter),
    open: &[Proposal],
    lines: Vec<Line>,
) -> Result<Vec<WithheldView>, DbError> {
    let deciding = lines.iter().filter(|line| line.decides);
    let documents: BTreeSet<DocumentId> = deciding
        .flat_map(|line| with_whole(&line.document))
        .collect();
    let his = (own.durable)(on, actor, documents.into_iter().collect()).await?;
    let about = |line: &Line| {
        let mut open = open.iter();
        open.find(|one| one.versions.contains(&line.version.id))
    };
    let proposed: Vec<Option<&Proposal>> = lines.iter().map(about).collect();
    let each: HashMap<ProposalId, &Proposal> = proposed
        .iter()
        .flatten()
        .map(|one| (one.id, *one))
        .collect();
    let each: Vec<&Proposal> = each.into_values().collect();
    let decided = decided_by(on, (actor, own), &each).await?;
    let view = |(mut line, proposal): (Line, Option<&Proposal>)| {
        let mut all = with_whole(&line.document).into_iter();
        line.decides = line.decides && !all.any(|document| his.contains(&document));
        let view = proposal.map(|one| ProposalView::of(one, actor, decided.contains(&one.id)));
        WithheldView::of(line, view)
    };
    Ok(lines.into_iter().zip(proposed).map(view).collect())
}

/// The versions in which a biometric record was found and that are withheld, with what is proposed about them.
///
/// For those who decide on them (`purge`: heads and records managers, in a compartment those who enter it), for those
/// who may learn who looked at them, and for those who see the document and have proposed it themselves.
#[utoipa::path(
    get, path = "/api/v1/withheld", tag = "withheld", operation_id = "listWithheld",
    params(WithheldFilter, PageRequest),
    responses((status = 200, description = "The newest find first", body = WithheldPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn get_withheld(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    own: Data<OwnMatter>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<WithheldFilter>,
) -> Result<HttpResponse, Problem> {
    let scope = scope_of("withheld", &asked, &[])?;
    let before: Option<Uuid> = wanted.after(&cursors, &scope)?;
    let limit = usize::from(wanted.limit);
    let finds = rows::Finds {
        kind: guard::KIND,
        found: guard::FOUND,
        over: asked.over == Some(true),
    };
    let many = u64::from(wanted.limit) + 1;
    let open = rows::proposals_open(db.read()).await?;
    let told = told_to(&actor, &open);
    let mut found = rows::finds(db.read(), finds, told, before, many).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.id)?),
        Some(_) | None => None,
    };
    let all = departments::departments_of(&request, &db).await?;
    let lines = lines(db.read(), &actor, &all, &found).await?;
    let shown = lines.iter().map(|line| line.document.shown()).collect();
    let seen = Looked::of(Look::List, &actor);
    looks.note(seen.showing(shown)).await?;
    let own = *own.get_ref();
    let items = views(db.read(), (&actor, own), &open, lines).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(WithheldPage { items, next_cursor }))
}

/// Proposes to destroy or to release a version that is withheld.
///
/// It is not done before somebody else who decides on it has approved it. The proposal names all versions with
/// which it is done: those with the same content within the key domain, and, where it is to be destroyed, what
/// they were taken out of.
#[utoipa::path(
    post, path = "/api/v1/withheld/{version}/proposals", tag = "withheld",
    operation_id = "proposeOnWithheld",
    params(("version" = Uuid, Path, description = "The version")),
    request_body = NewProposal,
    responses((status = 201, description = "Waits for approval", body = ProposalView), CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_on_withheld(
    db: Data<Db>,
    looks: Data<Looks>,
    own: Data<OwnMatter>,
    SignedIn(actor): SignedIn,
    Path(version): Path<Uuid>,
    Json(body): Json<NewProposal>,
) -> Result<HttpResponse, Problem> {
    let about = About::Version(VersionId::of(version));
    proposed((&db, &looks, *own.get_ref()), &actor, about, &body).await
}

/// Proposes to destroy content in quarantine, or to release it as a false alarm. For administrators and
/// records managers.
///
/// Released content is not given out: the same content is let in when it is brought again, though the scanner
/// knows that signature.
#[utoipa::path(
    post, path = "/api/v1/quarantine/{id}/proposals", tag = "quarantine",
    operation_id = "proposeOnQuarantined",
    params(("id" = Uuid, Path, description = "The entry")),
    request_body = NewProposal,
    responses((status = 201, description = "Waits for approval", body = ProposalView), CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_on_quarantined(
    db: Data<Db>,
    looks: Data<Looks>,
    own: Data<OwnMatter>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<NewProposal>,
) -> Result<HttpResponse, Problem> {
    may_decide(&actor)?;
    let about = About::Quarantined(QuarantineId::of(id));
    proposed((&db, &looks, *own.get_ref()), &actor, about, &body).await
}

async fn proposed(
    place: (&Db, &Looks, OwnMatter),
    actor: &Actor,
    about: About,
    body: &NewProposal,
) -> Result<HttpResponse, Problem> {
    let (act, reason) = body.read()?;
    let own = place.2;
    changed(
        place,
        actor,
        StatusCode::CREATED,
        async move |unit: &mut Unit| {
            let one = ops::propose(unit, (about, act), reason).await?;
            own.refuse(unit, &one.versions).await?;
            Ok(one)
        },
    )
    .await
}

/// One proposal.
#[utoipa::path(
    get, path = "/api/v1/proposals/{id}", tag = "withheld", operation_id = "readProposal",
    params(("id" = Uuid, Path, description = "The proposal")),
    responses((status = 200, description = "The proposal", body = ProposalView), ReadProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn get_proposal(
    db: Data<Db>,
    looks: Data<Looks>,
    own: Data<OwnMatter>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = ops::known(db.read(), &actor, ProposalId::of(id)).await;
    let one = noted(&looks, &actor, found).await?;
    let decides = decides_himself(db.read(), (&actor, *own.get_ref()), &one).await?;
    Ok(HttpResponse::Ok().json(ProposalView::of(&one, &actor, decides)))
}

/// Approves a proposal that waits: somebody who decides on what it is about, and did not make it.
///
/// What is released is released at once. What is destroyed is destroyed by a job that begins at once; from then
/// on its content is 410 `content-destroyed`.
#[utoipa::path(
    post, path = "/api/v1/proposals/{id}/approve", tag = "withheld", operation_id = "approveProposal",
    params(("id" = Uuid, Path, description = "The proposal")),
    responses((status = 200, description = "Approved", body = ProposalView), CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_approve(
    db: Data<Db>,
    looks: Data<Looks>,
    own: Data<OwnMatter>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = ProposalId::of(id);
    let own = *own.get_ref();
    changed(
        (&db, &looks, own),
        &actor,
        StatusCode::OK,
        async move |unit: &mut Unit| {
            let one = ops::approve(unit, id).await?;
            own.refuse(unit, &one.versions).await?;
            Ok(one)
        },
    )
    .await
}

/// Withdraws a proposal that waits, or turns it down: whoever made it, or somebody who decides on what it is about.
#[utoipa::path(
    post, path = "/api/v1/proposals/{id}/end", tag = "withheld", operation_id = "endProposal",
    params(("id" = Uuid, Path, description = "The proposal")),
    responses((status = 200, description = "Came to nothing", body = ProposalView), CreateProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_end(
    db: Data<Db>,
    looks: Data<Looks>,
    own: Data<OwnMatter>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = ProposalId::of(id);
    let own = *own.get_ref();
    changed(
        (&db, &looks, own),
        &actor,
        StatusCode::OK,
        async move |unit: &mut Unit| {
            let one = ops::end(unit, id).await?;
            // What somebody proposed himself he takes back.
            if !one.is_taken_back_by(unit.actor()) {
                own.refuse(unit, &one.versions).await?;
            }
            Ok(one)
        },
    )
    .await
}
