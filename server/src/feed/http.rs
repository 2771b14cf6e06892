//! The change feed and the log over HTTP.

use std::collections::HashSet;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use paper::report::Lang;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use storage::Storage;
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::rows::changes_between;
use super::timestamps::{self, get_timestamp, get_timestamps, post_timestamp};
use crate::audit::event::Look;
use crate::audit::record_line;
use crate::base::db::{DbError, sql};
use crate::base::{Actor, CivilDate, Role};
use crate::departments::SignedIn;
use crate::forms::Forms;
use crate::http::extract::{HeadOnly, Query};
use crate::http::openapi::{ListProblems, PlainProblems, ReadProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::Which;
use crate::ledger::keys::KeysError;
use crate::ledger::looks::{self, Looks, Shown};
use crate::ledger::objects::object;
use crate::ledger::publisher::Publication;
use crate::ledger::report::{self, House, Outside, ReportError, When};
use crate::ledger::witnesses::{Standing, Trouble, Witnesses};
use crate::unit::Db;

/// Most entries in one answer.
const ENTRIES_MAX: u64 = 1_000;
/// Records of the log that one answer of the change feed looks at: who may see little waits no longer
/// than others.
const WINDOW: i64 = 20_000;
/// The largest number that every JSON parser reads exactly.
const SEQ_MAX: i64 = 9_007_199_254_740_991;
/// Entries where nothing is asked for.
const ENTRIES_DEFAULT: u64 = 100;

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The number of the last record that you know; without it the log is read from its beginning.
    #[param(nullable = false, minimum = 0, maximum = 9007199254740991_u64)]
    after: Option<u64>,
    /// How many entries at most.
    #[param(nullable = false, minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

impl After {
    /// First number wanted, and how many.
    fn read(&self) -> Result<(i64, u64), Problem> {
        let limit = self.limit.unwrap_or(ENTRIES_DEFAULT);
        let refuse = |fault| Problem::new(Kind::QueryInvalid).parameter("limit", fault);
        if limit == 0 {
            return Err(refuse(Fault::TooSmall { min: 1 }));
        }
        if limit > ENTRIES_MAX {
            return Err(refuse(Fault::TooLarge { max: 1_000 }));
        }
        let first = match self.after {
            None => 0,
            Some(after) => {
                let after = i64::try_from(after).ok().filter(|after| *after <= SEQ_MAX);
                let wrong = || {
                    Problem::new(Kind::QueryInvalid)
                        .parameter("after", Fault::TooLarge { max: SEQ_MAX })
                };
                after.ok_or_else(wrong)? + 1
            }
        };
        Ok((first, limit))
    }
}

/// A change of a file, a case, a document or a relation that you may see; exactly one of them is named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeEntry {
    /// The number of the record.
    pub(super) seq: u64,
    /// Its hash, in hex: with `seq` the receipt.
    pub(super) hash: String,
    /// When, UTC.
    #[schema(format = DateTime)]
    pub(super) at: String,
    /// What: `document.receive`, `document.change`, `note.add`, `case.open`, `file.close` …
    pub(super) action: String,
    /// The document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) document: Option<Uuid>,
    /// The case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) case: Option<Uuid>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) file: Option<Uuid>,
    /// The relation: you see both of its documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) relation: Option<Uuid>,
}

/// A part of the change feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changes {
    /// The changes, by rising number; each number once for each file, case, document and relation.
    pub(super) items: Vec<ChangeEntry>,
    /// What to give as `after` next: everything up to it was looked at.
    pub(super) next_after: Option<u64>,
    /// Whether to ask on at once. An answer may be empty all the same: it looks at a bounded part of
    /// the log.
    pub(super) more: bool,
}

/// What changed since a number of the log, in the files, cases and documents that you may see, in
/// notes on them, and in relations of which you see both documents. A party (`party`) is told of no
/// changes in what is opened to it: it inspects what is registered, not how that came about.
///
/// The numbers come from the audit log: they rise in the order of the commits and never change, so
/// that nothing is missed and nothing comes twice.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "log", operation_id = "readChanges",
    params(After),
    responses((status = 200, description = "The changes", body = Changes), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_changes(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Query(after): Query<After>,
) -> Result<HttpResponse, Problem> {
    let (first, limit) = after.read()?;
    // Before the rows are read: what is committed meanwhile must not be counted as looked at.
    let head = *db.head().borrow();
    let on = db.read();
    let end = first.saturating_add(WINDOW - 1);
    let query = changes_between(&actor, (first, end), limit + 1);
    let rows = on.query_all(&query).await.map_err(DbError::from)?;
    let mut items = Vec::with_capacity(rows.len());
    let mut shown = Vec::with_capacity(rows.len());
    for row in &rows {
        let item = change(row)?;
        shown.push(shown_by(&item, row)?);
        items.push(item);
    }
    let changes = page(items, limit, after.after, window(end, head));
    // The page is the beginning of them; each thing is named once.
    shown.truncate(changes.items.len());
    let mut named = HashSet::new();
    shown.retain(|one| named.insert(one.id));
    let looked = looks::Looked::of(Look::ReadChanges, &actor).showing(shown);
    looks.note(looked).await?;
    Ok(HttpResponse::Ok().json(changes))
}

/// How far an answer has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Up to here; the log goes on.
    Upto(u64),
    /// To the end of the log, which was here.
    All(Option<u64>),
}

/// What an answer has looked at whose window ends at `end`.
pub(super) fn window(end: i64, head: Option<u64>) -> Looked {
    let end = u64::try_from(end).unwrap_or_default();
    if head.is_some_and(|head| end < head) {
        Looked::Upto(end)
    } else {
        Looked::All(head)
    }
}

/// An answer of at most `limit` of these changes.
pub(super) fn page(
    mut items: Vec<ChangeEntry>,
    limit: u64,
    after: Option<u64>,
    looked: Looked,
) -> Changes {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let cut = items.len() > most;
    if cut {
        // A record is not cut in two: the last number comes whole in the next answer, unless it is
        // the only one.
        let last = items.last().map(|last| last.seq);
        items.truncate(most);
        if items.first().map(|first| first.seq) != last {
            items.retain(|item| Some(item.seq) != last);
        }
    }
    let last = items.last().map(|item| item.seq);
    let (next_after, more) = match looked {
        _ if cut => (last, true),
        Looked::Upto(end) => (Some(end), true),
        Looked::All(head) => (last.max(head).max(after), false),
    };
    Changes {
        items,
        next_after,
        more,
    }
}

fn change(row: &sea_orm::QueryResult) -> Result<ChangeEntry, DbError> {
    let seq: i64 = row.try_get_by_index(0)?;
    let hash: Vec<u8> = row.try_get_by_index(1)?;
    let leaf: Vec<u8> = row.try_get_by_index(2)?;
    let id: Uuid = row.try_get_by_index(3)?;
    let (is_document, is_case): (bool, bool) = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
    let is_relation: bool = row.try_get_by_index(6)?;
    let line = record_line(&leaf).unwrap_or_default();
    let text = |key: &str| {
        line.get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(ChangeEntry {
        seq: u64::try_from(seq).unwrap_or_default(),
        hash: hex::encode(hash),
        at: text("ts"),
        action: text("action"),
        document: is_document.then_some(id),
        case: is_case.then_some(id),
        file: (!is_document && !is_case && !is_relation).then_some(id),
        relation: is_relation.then_some(id),
    })
}

/// What a change told of, as the access log names it.
fn shown_by(item: &ChangeEntry, row: &sea_orm::QueryResult) -> Result<Shown, DbError> {
    let version: i64 = row.try_get_by_index(7)?;
    let named = [
        (item.document, "document"),
        (item.case, "case"),
        (item.relation, "relation"),
        (item.file, "file"),
    ];
    let named = named
        .into_iter()
        .find_map(|(id, kind)| id.map(|id| (id, kind)));
    let (id, kind) = named.ok_or(DbError::Log("a change is about nothing"))?;
    Ok(Shown {
        kind,
        id,
        version: u64::try_from(version).unwrap_or_default(),
        hidden: row.try_get_by_index(8)?,
    })
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NoCheckpoint => Self::new(Kind::NotFound),
            ReportError::Db(error) => error.into(),
            error @ (ReportError::TooLong | ReportError::Paper(_) | ReportError::Store(_)) => {
                Self::internal(error)
            }
        }
    }
}

pub(super) async fn note(log: &Looks, actor: &Actor, look: Look) -> Result<(), Problem> {
    Ok(log.note(looks::Looked::of(look, actor)).await?)
}

pub(super) fn require_auditor(actor: &Actor) -> Result<(), Problem> {
    if actor.is(Role::Auditor) {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden).detail(text(
        "Das Protokoll selbst liest nur die Rechnungsprüfung.",
        "Only auditors read the log itself.",
    )))
}

/// A record as it stands in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogEntry {
    /// Its number: the index in the tree.
    seq: u64,
    /// Its hash, in hex: `SHA-256(0x00 ‖ leaf)`.
    hash: String,
    /// Its bytes, exactly as they are hashed; the first line names the format.
    leaf: String,
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogEntries {
    /// The records, by number.
    items: Vec<LogEntry>,
    /// What to give as `after` next.
    next_after: Option<u64>,
}

/// The records themselves. For auditors.
#[utoipa::path(
    get, path = "/api/v1/log/records", tag = "log", operation_id = "readLog",
    params(After),
    responses((status = 200, description = "The records", body = LogEntries), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_records(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Query(after): Query<After>,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    let (first, limit) = after.read()?;
    let on = db.read();
    let text = format!("SELECT seq, h, leaf FROM audit WHERE seq >= $1 ORDER BY seq LIMIT {limit}");
    let rows = on
        .query_all_raw(sql(on, text, [first.into()]))
        .await
        .map_err(DbError::from);
    let mut items = Vec::new();
    for row in rows? {
        items.push(record(&row)?);
    }
    note(&looks, &actor, Look::ReadLog).await?;
    let next_after = items.last().map(|item| item.seq).or(after.after);
    Ok(HttpResponse::Ok().json(LogEntries { items, next_after }))
}

fn record(row: &sea_orm::QueryResult) -> Result<LogEntry, DbError> {
    let seq: i64 = row.try_get_by_index(0)?;
    let hash: Vec<u8> = row.try_get_by_index(1)?;
    let leaf: Vec<u8> = row.try_get_by_index(2)?;
    Ok(LogEntry {
        seq: u64::try_from(seq).unwrap_or_default(),
        hash: hex::encode(hash),
        leaf: String::from_utf8_lossy(&leaf).into_owned(),
    })
}

/// The last signed checkpoint of the log: a C2SP signed note.
///
/// It names no person and no document; keep it, and the log can never again be shown otherwise
/// without being found out (`papierlos verify --since`).
#[utoipa::path(
    get, path = "/api/v1/log/checkpoint", tag = "log", operation_id = "readCheckpoint",
    responses((status = 200, description = "The checkpoint", body = String, content_type = "text/plain"),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_checkpoint(
    storage: Data<Storage>,
    SignedIn(_actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    checkpoint(&storage, Which::Changes).await
}

/// The last signed checkpoint of the log of who looked at what: a C2SP signed note. For auditors.
///
/// It names no person and no document. The key that verifies it is the one of the log (`GET /log/identity`) under
/// the name of this log, which is that of the log with `/access` behind it; `papierlos verify --key` with the key of
/// the log verifies both. Keep it, and the log of looks can never again be shown otherwise without being found out
/// (`papierlos verify --since`). There is a new one every ten seconds at most, and none while nobody looks.
#[utoipa::path(
    get, path = "/api/v1/log/access/checkpoint", tag = "log", operation_id = "readAccessCheckpoint",
    responses((status = 200, description = "The checkpoint", body = String, content_type = "text/plain"),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_access_checkpoint(
    storage: Data<Storage>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    checkpoint(&storage, Which::Looks).await
}

async fn checkpoint(storage: &Storage, which: Which) -> Result<HttpResponse, Problem> {
    let found = object(storage, which, "checkpoint").await;
    let note = found
        .map_err(Problem::internal)?
        .ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(note))
}

/// The daily report of the log (Tagesbericht), to be printed, signed by hand and filed: PDF/A-2a, one page, in German.
/// For auditors.
///
/// It says how many records the log has and under which root, by which key that was signed, and in numbers what
/// happened since the beginning of the day before; no person and no document. Its code holds the signed checkpoint:
/// `papierlos verify --since` takes the report, or a scan of it. The server files one a day by itself where
/// `log.report_dir` names a folder.
#[utoipa::path(
    get, path = "/api/v1/log/report", tag = "log", operation_id = "readLogReport",
    responses((status = 200, description = "The report", body = Vec<u8>, content_type = "application/pdf",
        headers(("Content-Disposition" = String, description = "The file name (RFC 6266)"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_report(
    db: Data<Db>,
    publication: Data<Publication>,
    (forms, storage, witnesses): (Data<Forms>, Data<Storage>, Data<Witnesses>),
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    let house = House {
        town: forms.town.clone(),
        key: publication.verifier(),
    };
    let now = db.now();
    let day = CivilDate::on(now).map(report::file_name);
    let name = format!(
        "tagesbericht-{}",
        day.unwrap_or_else(|| "log.pdf".to_owned())
    );
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/pdf");
    let disposition = format!("inline; filename=\"{name}\"");
    answer.insert_header((header::CONTENT_DISPOSITION, disposition));
    // Nothing is given out, so nothing is made and nothing recorded.
    if HeadOnly::asked(&request) {
        report::ready(db.read(), &house).await?;
        return Ok(answer.finish());
    }
    let outside = Outside {
        storage: &storage,
        witnesses: witnesses.configured(),
    };
    let facts = report::gather(db.read(), &house, (When::Now, now), outside).await?;
    note(&looks, &actor, Look::ReadLog).await?;
    let made = web::block(move || report::render(&facts, Lang::German)).await;
    Ok(answer.body(made.map_err(Problem::internal)??))
}

/// Why a witness did not cosign the newest checkpoint when it was asked.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WitnessTrouble {
    /// It was not reached, or could not answer.
    Silent,
    /// It does not know this log or its key.
    Stranger,
    /// Its answer cannot be used.
    Unfit,
    /// The published tiles do not prove that the log continues what it knows.
    NoProof,
    /// The log does not continue what it knows: one of the two was forked.
    Forked,
    /// It knows more records than the log has: the log was set back.
    SetBack,
}

impl From<Trouble> for WitnessTrouble {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Silent => Self::Silent,
            Trouble::Stranger => Self::Stranger,
            Trouble::Unfit => Self::Unfit,
            Trouble::NoProof => Self::NoProof,
            Trouble::Forked => Self::Forked,
            Trouble::SetBack => Self::SetBack,
        }
    }
}

/// A witness of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogWitness {
    /// Its name.
    name: String,
    /// The key that verifies its cosignatures, in the form of signed notes. Write it on paper.
    verifier: String,
    /// How many records the newest checkpoint has that it cosigned; null before the first.
    size: Option<u64>,
    /// When it cosigned that, as its clock says, in UTC; null before the first.
    #[schema(format = DateTime)]
    cosigned_at: Option<String>,
    /// Why it did not cosign a newer one when it was asked last; null where it did, or was not asked.
    trouble: Option<WitnessTrouble>,
}

impl From<Standing> for LogWitness {
    fn from(standing: Standing) -> Self {
        let (size, at) = standing.cosigned.unzip();
        Self {
            name: standing.key.name().to_owned(),
            verifier: standing.key.to_string(),
            size,
            cosigned_at: at.map(|at| at.to_string()),
            trouble: standing.trouble.map(WitnessTrouble::from),
        }
    }
}

/// The witnesses of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogWitnesses {
    /// How many of them must have cosigned a checkpoint.
    quorum: u64,
    /// Each of them, as the settings name them.
    items: Vec<LogWitness>,
}

/// Who cosigns the log, and how far. For auditors.
///
/// It is what this server knows of them; what a witness has cosigned is known by the witness itself.
#[utoipa::path(
    get, path = "/api/v1/log/witnesses", tag = "log", operation_id = "readLogWitnesses",
    responses((status = 200, description = "The witnesses", body = LogWitnesses), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_witnesses(
    witnesses: Data<Witnesses>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    require_auditor(&actor)?;
    note(&looks, &actor, Look::ReadLog).await?;
    Ok(HttpResponse::Ok().json(LogWitnesses {
        quorum: u64::try_from(witnesses.count()).unwrap_or(u64::MAX),
        items: witnesses
            .standing()
            .into_iter()
            .map(LogWitness::from)
            .collect(),
    }))
}

/// Who signs the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogIdentity {
    /// The name of the log.
    origin: String,
    /// The key that verifies its newest checkpoints, in the form of signed notes. Write it on paper.
    verifier: String,
    /// All keys of the log, the first one first: it is the one with which the log began, and the last one is `verifier`.
    /// There is more than one where the log went over to another key.
    keys: Vec<LogKey>,
    /// By what the log went over from key to key, in order: notes that the old key and the new one have signed. Who
    /// trusts one of the keys can trust the others by them (`docs/trust.md`).
    handovers: Vec<String>,
}

/// A key of the log, and which checkpoints it may have signed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogKey {
    /// The key, in the form of signed notes.
    verifier: String,
    /// Its checkpoints cover so many records at least: 0 for the first key.
    from: u64,
    /// Its checkpoints cover so many records at most; without it, the key is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    until: Option<u64>,
}

/// The name of the log and the keys that verify it.
#[utoipa::path(
    get, path = "/api/v1/log/identity", tag = "log", operation_id = "readLogIdentity",
    responses((status = 200, description = "The identity", body = LogIdentity), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_identity(
    db: Data<Db>,
    publication: Data<Publication>,
    SignedIn(_actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let (origin, on) = (&publication.origin, db.read());
    // Another process may have handed the log over. That this one has no key to sign with then is told elsewhere.
    if let Err(KeysError::Db(error)) = publication.keys.learn(on).await {
        return Err(error.into());
    }
    let (chain, notes) = publication.keys.known(origin);
    let text = |note: &[u8]| String::from_utf8_lossy(note).into_owned();
    let newest = chain.newest().cloned();
    let newest = newest.unwrap_or_else(|| publication.verifier());
    let eras = chain.eras().iter().map(|era| LogKey {
        verifier: era.key.to_string(),
        from: era.from,
        until: era.until,
    });
    Ok(HttpResponse::Ok().json(LogIdentity {
        origin: origin.to_string(),
        verifier: newest.to_string(),
        keys: eras.collect(),
        handovers: notes.iter().map(|one| text(&one.note)).collect(),
    }))
}

/// The part of the contract that the log brings.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    get_changes,
    get_records,
    get_checkpoint,
    get_access_checkpoint,
    get_report,
    get_witnesses,
    get_identity,
    timestamps::get_timestamps,
    timestamps::get_timestamp,
    timestamps::post_timestamp
))]
pub struct ApiDoc;

/// The routes of the log.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/changes").get(get_changes))
        .service(web::resource("/api/v1/log/records").get(get_records))
        .service(web::resource("/api/v1/log/checkpoint").get(get_checkpoint))
        .service(web::resource("/api/v1/log/access/checkpoint").get(get_access_checkpoint))
        .service(web::resource("/api/v1/log/report").get(get_report))
        .service(web::resource("/api/v1/log/witnesses").get(get_witnesses))
        .service(web::resource("/api/v1/log/identity").get(get_identity))
        .service(
            web::resource("/api/v1/log/timestamps")
                .get(get_timestamps)
                .post(post_timestamp),
        )
        .service(web::resource("/api/v1/log/timestamps/{size}").get(get_timestamp));
}
