//! Plans come in and go out: which format it is, and what a caller is answered.

use std::collections::HashMap;

use actix_web::web::{Data, Payload};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::draft::{Draft, Entry, Findings};
use super::effect;
use super::follow::Follow;
use super::message::{self, Envelope};
use super::model::{IMPORT_BYTES_MAX, Plan, PlanError, PlanUnit};
use super::ops;
use super::rows;
use super::sheet;
use super::wire::{ImportReport, ImportRequest};
use super::xdomea::{self, Xdomea};
use crate::base::db::DbError;
use crate::base::{CompartmentId, PlanId, PlanUnitId, RequestId, Timestamp};
use crate::departments::{self, SignedIn};
use crate::http::extract::{MaybeKey, Path, Query, body_within};
use crate::http::multipart::{Content, Upload};
use crate::http::name::{Disposition, FileName};
use crate::http::openapi::{IdempotencyParam, ListOfProblems, UploadProblems};
use crate::http::{Kind, Language, Problem, text};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

/// In which format a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
pub enum Format {
    /// A table: UTF-8 with a byte order mark, semicolons.
    #[serde(rename = "csv")]
    Csv,
    /// xdomea 4.0.0, message 0301.
    #[default]
    #[serde(rename = "xdomea-4.0.0")]
    Xdomea400,
    /// xdomea 3.1.0, message 0301.
    #[serde(rename = "xdomea-3.1.0")]
    Xdomea310,
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xdomea400 | Self::Xdomea310 => "application/xml",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xdomea400 | Self::Xdomea310 => "xml",
        }
    }
}

/// Reads a plan; whether it is XML or a table is seen from how it begins.
pub fn read(bytes: &[u8]) -> Result<Draft, Findings> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.trim_ascii_start().starts_with(b"<") {
        xdomea::read(text)
    } else {
        sheet::read(text)
    }
}

/// An edition as it is written: by marks, each unit behind the one that it is part of.
async fn draft(on: &impl ConnectionTrait, plan: &Plan) -> Result<Draft, DbError> {
    let rows = rows::units(on, plan.id).await?;
    let units: Result<Vec<_>, _> = rows.into_iter().map(PlanUnit::try_from).collect();
    let units = units?;
    let compartments = departments::compartment_codes(on).await?;
    let codes: HashMap<PlanUnitId, &str> = units
        .iter()
        .map(|unit| (unit.id, unit.code.as_str()))
        .collect();
    let mut below: HashMap<Option<PlanUnitId>, Vec<&PlanUnit>> = HashMap::new();
    for unit in &units {
        below.entry(unit.parent).or_default().push(unit);
    }
    let mut entries = Vec::with_capacity(units.len());
    let mut waiting: Vec<&PlanUnit> = below
        .get(&None)
        .into_iter()
        .flatten()
        .rev()
        .copied()
        .collect();
    while let Some(unit) = waiting.pop() {
        let parent = unit.parent.and_then(|id| codes.get(&id).copied());
        entries.push(entry(unit, parent, &compartments));
        let inside = below.get(&Some(unit.id)).into_iter().flatten();
        waiting.extend(inside.rev().copied());
    }
    Ok(Draft {
        name: Some(plan.name.clone()),
        edition: Some(plan.edition.clone()),
        valid_from: Some(plan.valid_from),
        valid_until: plan.valid_until,
        entries,
    })
}

fn entry(
    unit: &PlanUnit,
    parent: Option<&str>,
    compartments: &HashMap<CompartmentId, String>,
) -> Entry {
    let compartment = unit.compartment.and_then(|id| compartments.get(&id));
    Entry {
        code: unit.code.clone(),
        parent: parent.map(str::to_owned),
        title: unit.title.clone(),
        file_pattern: unit.file_pattern.clone(),
        case_pattern: unit.case_pattern.clone(),
        document_pattern: unit.document_pattern.clone(),
        retention_years: unit.retention_years,
        transfer_years: unit.transfer_years,
        disposal: unit.disposal,
        protection: unit.protection.clone(),
        compartment: compartment.cloned(),
        legal_basis: unit.legal_basis.clone(),
        note: unit.note.clone(),
        retired: unit.retired_at.is_some(),
    }
}

/// Writes a draft in a format.
pub(super) fn print(draft: &Draft, format: Format, envelope: Envelope) -> Result<String, DbError> {
    match format {
        Format::Csv => sheet::write(draft).map_err(|error| {
            tracing::error!(%error, "a table could not be written in memory");
            DbError::GivenUp
        }),
        Format::Xdomea400 => Ok(message::write(draft, Xdomea::V400, envelope)),
        Format::Xdomea310 => Ok(message::write(draft, Xdomea::V310, envelope)),
    }
}

/// An edition in a format.
pub async fn export(
    on: &impl ConnectionTrait,
    plan: &Plan,
    format: Format,
    now: Timestamp,
) -> Result<String, DbError> {
    let draft = draft(on, plan).await?;
    let envelope = Envelope {
        message: RequestId::new().raw(),
        process: plan.id.raw(),
        at: now,
    };
    print(&draft, format, envelope)
}

/// The answer to content that is no plan: everything that is wrong with it.
pub(super) fn unreadable(findings: &Findings) -> Problem {
    let more = findings.more();
    let count = findings.list().len() + more;
    let mut problem = Problem::new(Kind::Validation).detail(text(
        format!("Die Datei kann nicht als Aktenplan gelesen werden; Fehler: {count}."),
        format!("The content cannot be read as a file plan; faults: {count}."),
    ));
    for finding in findings.list() {
        let said = text(
            finding.sentence(Language::German),
            finding.sentence(Language::English),
        );
        problem = problem.content(
            finding.line,
            finding.path.clone(),
            finding.fault.clone(),
            said,
        );
    }
    problem
}

/// The parts of an upload of a plan.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the parts for the contract")]
pub(super) struct ImportForm {
    /// The plan: CSV or xdomea 0301.
    #[schema(value_type = String, format = Binary)]
    content: Vec<u8>,
    /// What is said about it.
    metadata: Option<ImportRequest>,
}

/// The bytes of an upload, within the limit.
async fn gather(mut content: Content) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(piece) = content.piece().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() > IMPORT_BYTES_MAX {
            return Err(too_large());
        }
    }
    Ok(bytes)
}

fn too_large() -> Problem {
    let limit = u64::try_from(IMPORT_BYTES_MAX).unwrap_or(u64::MAX);
    Problem::new(Kind::PayloadTooLarge).limit_bytes(limit)
}

/// The plan and what is said about it: a form, or the plan alone with the rest in the query.
async fn received(
    request: &HttpRequest,
    payload: Payload,
    asked: ImportRequest,
) -> Result<(Vec<u8>, ImportRequest), Problem> {
    let media = request.mime_type().ok().flatten();
    let media = media
        .as_ref()
        .map_or("", actix_web::mime::Mime::essence_str);
    match media {
        "multipart/form-data" => {
            let upload = Upload::from_request(request, &mut payload.into_inner()).await?;
            let received = upload
                .read(async |_: Option<&ImportRequest>, content| gather(content).await)
                .await?;
            Ok((received.content, received.metadata.or(asked)))
        }
        "text/csv" | "application/xml" | "text/xml" => {
            let bytes = body_within(request, payload.into_inner(), IMPORT_BYTES_MAX).await?;
            Ok((bytes.to_vec(), asked))
        }
        _ => Err(Problem::new(Kind::UnsupportedMediaType).detail(text(
            "Erwartet wird multipart/form-data, text/csv oder application/xml.",
            "Send multipart/form-data, text/csv or application/xml.",
        ))),
    }
}

/// Takes a plan over. For the records manager.
///
/// CSV and xdomea 0301 (3.1.0 and 4.0.0) are understood. It is one unit of work: all of it, or
/// nothing and everything that is wrong, each with its line or its place. The same plan again
/// changes nothing and says so. Units are known by their mark; those that the content does not name
/// stay and are reported, unless `retire_missing` is said.
#[utoipa::path(
    post, path = "/api/v1/file-plans/import", tag = "file plan", operation_id = "importPlan",
    params(ImportRequest, IdempotencyParam),
    request_body(content(
        (ImportForm = "multipart/form-data"), (String = "text/csv"), (String = "application/xml"))),
    responses((status = 200, description = "Taken over, or what taking it over would change",
        body = ImportReport, headers(
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        UploadProblems),
    security(("token" = []))
)]
pub(super) async fn post_import(
    request: HttpRequest,
    db: Data<Db>,
    follow: Data<Follow>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Query(asked): Query<ImportRequest>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let (bytes, wanted) = received(&request, payload, asked).await?;
    let said = wanted.said()?;
    let metadata = serde_json::to_vec(&wanted).map_err(Problem::internal)?;
    let print = Fingerprint::of(&[b"POST /file-plans/import", &metadata, &bytes]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    // Up to 16 MiB: off the threads that wait.
    let drafted = tokio::task::spawn_blocking(move || read(&bytes)).await;
    let draft = drafted
        .map_err(Problem::internal)?
        .map_err(PlanError::Unreadable)?;
    let now = db.now();
    let effect = effect::effect(db.read(), now, &draft, &said).await?;
    let dry_run = wanted.dry_run.unwrap_or_default();
    if dry_run || effect.is_nothing() {
        return Ok(HttpResponse::Ok().json(ImportReport::of(&effect, dry_run)));
    }
    let (saved, follow) = (once.clone(), **follow);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let effect = effect::import(unit, &draft, &said, follow).await?;
            let mut answer = Answer::created(&ImportReport::of(&effect, false))?;
            answer.status = 200;
            saved.save(unit, &answer).await?;
            Ok::<_, PlanError>(answer)
        })
        .await;
    if let Err(PlanError::Unchanged) = &written {
        // Somebody took the same plan over between the two looks; perhaps this very request did.
        let answer = once.answered(&db).await?;
        return answer.ok_or_else(|| Problem::new(Kind::Conflict));
    }
    once.finish(&db, written).await
}

/// In which format a plan is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// xdomea 4.0.0 where nothing is said.
    #[param(nullable = false)]
    format: Option<Format>,
}

/// An edition as CSV or as an xdomea message 0301. It can be read in again.
#[utoipa::path(
    get, path = "/api/v1/file-plans/{id}/export", tag = "file plan", operation_id = "exportPlan",
    params(("id" = Uuid, Path, description = "The edition"), ExportQuery),
    responses((status = 200, description = "The plan", content(
        (String = "application/xml"), (String = "text/csv")), headers(
        ("Content-Disposition" = String, description = "The file name (RFC 6266)"))),
        ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_export(
    db: Data<Db>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<Uuid>,
    Query(asked): Query<ExportQuery>,
) -> Result<HttpResponse, Problem> {
    let format = asked.format.unwrap_or_default();
    let plan = ops::plan(db.read(), PlanId::of(id)).await?;
    let plan = plan.ok_or(PlanError::NoPlan)?;
    let exported = export(db.read(), &plan, format, db.now()).await?;
    let name = format!("{} {}.{}", plan.name, plan.edition, format.ending());
    let mut response = HttpResponse::Ok();
    response.content_type(format.media_type());
    if let Some(name) = FileName::clean(&name) {
        let disposition = name.disposition(Disposition::Attachment);
        response.insert_header((header::CONTENT_DISPOSITION, disposition));
    }
    Ok(response.body(exported))
}
