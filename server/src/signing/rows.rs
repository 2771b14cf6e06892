//! Rows of signing jobs.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, FromQueryResult, QueryOrder, QuerySelect, Statement};

use super::model::{Level, Outcome, SigningJob, State, Tongue, wait_seconds};
use super::stuck::Stuck;
use crate::audit::canonical::{Object as Json, SafeInt};
use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, sql};
use crate::base::{
    AccountId, DepartmentId, DocumentId, IdentityCheckId, SigningJobId, TabletId, Timestamp,
    VersionId,
};
use crate::unit::Unit;

pub(super) mod signing_job {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signing_job")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub document_id: Uuid,
        pub document_version_id: Uuid,
        pub number: i64,
        pub sha256: Vec<u8>,
        pub department_id: Uuid,
        pub tablet_id: Uuid,
        pub account_id: Uuid,
        pub purpose: String,
        pub sentence: String,
        pub language: String,
        pub place: String,
        pub nonce: String,
        pub state: String,
        pub reason: Option<String>,
        pub created_at: i64,
        pub expires_at: i64,
        pub shown_at: Option<i64>,
        pub signing_at: Option<i64>,
        pub ended_at: Option<i64>,
        pub pages: String,
        pub restarts: i64,
        pub strokes_sha256: Option<Vec<u8>>,
        pub signed_version_id: Option<Uuid>,
        pub level: Option<String>,
        pub evidence: Option<String>,
        pub held_version_id: Option<Uuid>,
        pub archive_until: Option<i64>,
        pub identity_check_id: Option<Uuid>,
        pub protocol_id: Option<Uuid>,
        pub paper_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn told(id: Uuid) -> String {
    id.to_string()
}

impl signing_job::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with_some("archive_until", self.archive_until.map(at))
            .with("clerk", self.account_id.to_string())
            .with("created_at", at(self.created_at))
            .with("department", self.department_id.to_string())
            .with("document", self.document_id.to_string())
            .with("document_version", self.document_version_id.to_string())
            .with_some("ended_at", self.ended_at.map(at))
            .with_some("evidence", self.evidence.as_deref())
            .with("expires_at", at(self.expires_at))
            .with_some(
                "held_version",
                self.held_version_id.map(|id| id.to_string()),
            )
            .with_some("identity_check", self.identity_check_id.map(told))
            .with("language", self.language.as_str())
            .with_some("level", self.level.as_deref())
            .with("nonce", self.nonce.as_str())
            .with_some("number", SafeInt::new(self.number))
            .with("pages", self.pages.as_str())
            .with_some("paper", self.paper_id.map(told))
            .with("place", self.place.as_str())
            .with_some("protocol", self.protocol_id.map(told))
            .with("purpose", self.purpose.as_str())
            .with_some("reason", self.reason.as_deref())
            .with_some("restarts", SafeInt::new(self.restarts))
            .with("sentence", self.sentence.as_str())
            .with("sha256", hex::encode(&self.sha256))
            .with_some("shown_at", self.shown_at.map(at))
            .with_some("signed_version", self.signed_version_id.map(told))
            .with_some("signing_at", self.signing_at.map(at))
            .with("state", self.state.as_str())
            .with_some(
                "strokes_sha256",
                self.strokes_sha256.as_ref().map(hex::encode),
            )
            .with("tablet", self.tablet_id.to_string())
            .to_bytes()
    }

    /// Told in the history of the document, and erased with it.
    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::SigningJob,
            id: self.id,
            root: self.document_id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

fn outcome_of(row: &signing_job::Model) -> Option<Outcome> {
    Some(Outcome {
        strokes_sha256: row.strokes_sha256.as_deref()?.try_into().ok()?,
        signed: VersionId::of(row.signed_version_id?),
        level: Level::parse(row.level.as_deref()?)?,
        held: row.held_version_id.map(VersionId::of),
        archive_until: row.archive_until.map(Timestamp::of_micros),
        evidence: row.evidence.clone()?,
    })
}

impl TryFrom<signing_job::Model> for SigningJob {
    type Error = DbError;

    fn try_from(row: signing_job::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "signing_job",
            key: row.id.to_string(),
            what,
        };
        let sha256: Option<[u8; 32]> = row.sha256.as_slice().try_into().ok();
        let spot = serde_json::from_str(&row.place).ok();
        let pages = serde_json::from_str(&row.pages).ok();
        Ok(Self {
            id: SigningJobId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            document: DocumentId::of(row.document_id),
            shown: VersionId::of(row.document_version_id),
            number: u64::try_from(row.number).unwrap_or_default(),
            sha256: sha256.ok_or_else(|| corrupt("a digest has the wrong length"))?,
            department: DepartmentId::of(row.department_id),
            tablet: TabletId::of(row.tablet_id),
            clerk: AccountId::of(row.account_id),
            language: Tongue::parse(&row.language)
                .ok_or_else(|| corrupt("the language is unknown"))?,
            spot: spot.ok_or_else(|| corrupt("the place cannot be read"))?,
            state: State::parse(&row.state).ok_or_else(|| corrupt("the state is unknown"))?,
            pages: pages.ok_or_else(|| corrupt("the pages cannot be read"))?,
            outcome: outcome_of(&row),
            created_at: Timestamp::of_micros(row.created_at),
            expires_at: Timestamp::of_micros(row.expires_at),
            shown_at: row.shown_at.map(Timestamp::of_micros),
            signing_at: row.signing_at.map(Timestamp::of_micros),
            ended_at: row.ended_at.map(Timestamp::of_micros),
            restarts: u32::try_from(row.restarts).unwrap_or(u32::MAX),
            purpose: row.purpose,
            sentence: row.sentence,
            nonce: row.nonce,
            reason: row.reason,
            identity_check: row.identity_check_id.map(IdentityCheckId::of),
            protocol: row.protocol_id.map(DocumentId::of),
            paper: row.paper_id.map(DocumentId::of),
        })
    }
}

impl TryFrom<&SigningJob> for signing_job::Model {
    type Error = DbError;

    fn try_from(job: &SigningJob) -> Result<Self, DbError> {
        let corrupt = |_error: serde_json::Error| DbError::Corrupt {
            table: "signing_job",
            key: job.id.to_string(),
            what: "it cannot be written",
        };
        let outcome = job.outcome.as_ref();
        Ok(Self {
            id: job.id.raw(),
            version: i64::try_from(job.version).unwrap_or(i64::MAX),
            document_id: job.document.raw(),
            document_version_id: job.shown.raw(),
            number: i64::try_from(job.number).unwrap_or(i64::MAX),
            sha256: job.sha256.to_vec(),
            department_id: job.department.raw(),
            tablet_id: job.tablet.raw(),
            account_id: job.clerk.raw(),
            purpose: job.purpose.clone(),
            sentence: job.sentence.clone(),
            language: job.language.code().to_owned(),
            place: serde_json::to_string(&job.spot).map_err(corrupt)?,
            nonce: job.nonce.clone(),
            state: job.state.code().to_owned(),
            reason: job.reason.clone(),
            created_at: job.created_at.micros(),
            expires_at: job.expires_at.micros(),
            shown_at: job.shown_at.map(Timestamp::micros),
            signing_at: job.signing_at.map(Timestamp::micros),
            ended_at: job.ended_at.map(Timestamp::micros),
            pages: serde_json::to_string(&job.pages).map_err(corrupt)?,
            restarts: i64::from(job.restarts),
            strokes_sha256: outcome.map(|it| it.strokes_sha256.to_vec()),
            signed_version_id: outcome.map(|it| it.signed.raw()),
            level: outcome.map(|it| it.level.code().to_owned()),
            evidence: outcome.map(|it| it.evidence.clone()),
            held_version_id: outcome.and_then(|it| it.held).map(VersionId::raw),
            archive_until: outcome
                .and_then(|it| it.archive_until)
                .map(Timestamp::micros),
            identity_check_id: job.identity_check.map(IdentityCheckId::raw),
            protocol_id: job.protocol.map(DocumentId::raw),
            paper_id: job.paper.map(DocumentId::raw),
        })
    }
}

/// Adds a job.
pub(super) async fn insert(unit: &mut Unit, new: &SigningJob) -> Result<(), DbError> {
    let row = signing_job::Model::try_from(new)?;
    let subject = row.subject();
    let active = signing_job::ActiveModel::from(row).reset_all();
    signing_job::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a job; refuses one that has moved on.
pub(super) async fn save(unit: &mut Unit, job: &mut SigningJob) -> Result<(), DbError> {
    let before = i64::try_from(job.version).unwrap_or(i64::MAX);
    job.version += 1;
    let row = signing_job::Model::try_from(&*job)?;
    let subject = row.subject();
    let id = row.id;
    let mut active = signing_job::ActiveModel::from(row).reset_all();
    active.id = ActiveValue::NotSet;
    let done = signing_job::Entity::update_many()
        .set(active)
        .filter(signing_job::Column::Id.eq(id))
        .filter(signing_job::Column::Version.eq(before))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// One job, whoever asks.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: SigningJobId,
) -> Result<Option<SigningJob>, DbError> {
    let row = signing_job::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(SigningJob::try_from).transpose()
}

/// One job, locked until the unit ends.
pub(super) async fn find_to_change(
    unit: &Unit,
    id: SigningJobId,
) -> Result<Option<SigningJob>, DbError> {
    let row = signing_job::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(SigningJob::try_from).transpose()
}

/// The job of a tablet that is not over, as far as that was said.
pub(super) async fn open_on(
    on: &impl ConnectionTrait,
    tablet: TabletId,
) -> Result<Option<SigningJob>, DbError> {
    let row = signing_job::Entity::find()
        .filter(signing_job::Column::TabletId.eq(tablet.raw()))
        .filter(signing_job::Column::EndedAt.is_null())
        .one(on)
        .await?;
    row.map(SigningJob::try_from).transpose()
}

/// The jobs about a document, the newest first.
pub(super) async fn of_document(
    on: &impl ConnectionTrait,
    document: DocumentId,
    limit: u64,
) -> Result<Vec<SigningJob>, DbError> {
    let rows = signing_job::Entity::find()
        .filter(signing_job::Column::DocumentId.eq(document.raw()))
        .order_by_desc(signing_job::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(SigningJob::try_from).collect()
}

/// Jobs whose time is over, and of which nobody has said so.
pub(super) async fn run_out(
    on: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<SigningJobId>, DbError> {
    let rows = signing_job::Entity::find()
        .filter(signing_job::Column::EndedAt.is_null())
        .filter(signing_job::Column::ExpiresAt.lte(now.micros()))
        .limit(limit)
        .all(on)
        .await?;
    Ok(rows.iter().map(|row| SigningJobId::of(row.id)).collect())
}

/// The jobs of a query that names `signing_job` as `t`.
async fn due(on: &impl ConnectionTrait, query: Statement) -> Result<Vec<SigningJob>, DbError> {
    let rows = on.query_all_raw(query).await?;
    rows.iter()
        .map(|row| SigningJob::try_from(signing_job::Model::from_query_result(row, "")?))
        .collect()
}

/// The levels below one, as SQL lists them.
fn below(target: Level) -> String {
    let below = Level::ALL.into_iter().filter(|level| *level < target);
    let quoted: Vec<String> = below.map(|level| format!("'{}'", level.code())).collect();
    quoted.join(", ")
}

/// Jobs whose seal is to be raised to `target` and does not wait: those that were never tried first, then
/// those whose wait is over longest.
pub(super) async fn to_raise(
    on: &impl ConnectionTrait,
    target: Level,
    (now, limit): (Timestamp, i64),
) -> Result<Vec<SigningJob>, DbError> {
    let below = below(target);
    if below.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT t.* FROM signing_job t LEFT JOIN seal_wait w ON w.job_id = t.id \
         WHERE t.level IN ({below}) AND t.reason IS NULL \
         AND (t.level = '{}' OR t.held_version_id IS NOT NULL) \
         AND (w.next_at IS NULL OR w.next_at <= $1) \
         ORDER BY coalesce(w.next_at, 0), t.id LIMIT $2",
        Level::Basic.code()
    );
    due(on, sql(on, text, [now.micros().into(), limit.into()])).await
}

/// Jobs whose archive timestamp ends by then and that do not wait, those that end first first.
pub(super) async fn to_renew(
    on: &impl ConnectionTrait,
    by: Timestamp,
    (now, limit): (Timestamp, i64),
) -> Result<Vec<SigningJob>, DbError> {
    let text = "SELECT t.* FROM signing_job t LEFT JOIN seal_wait w ON w.job_id = t.id \
                WHERE t.archive_until IS NOT NULL AND t.archive_until <= $1 AND t.reason IS NULL \
                AND (w.next_at IS NULL OR w.next_at <= $2) \
                ORDER BY t.archive_until, t.id LIMIT $3";
    let values = [by.micros().into(), now.micros().into(), limit.into()];
    due(on, sql(on, text, values)).await
}

/// How many seals below `target` are at which level.
pub(super) async fn count_below(
    on: &impl ConnectionTrait,
    target: Level,
) -> Result<Vec<(Level, u64)>, DbError> {
    let below = below(target);
    if below.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT level, count(*) FROM signing_job WHERE level IN ({below}) AND reason IS NULL \
         AND (level = '{}' OR held_version_id IS NOT NULL) GROUP BY level",
        Level::Basic.code()
    );
    let mut counts = Vec::new();
    for row in on.query_all_raw(sql(on, text, [])).await? {
        let code: String = row.try_get_by_index(0)?;
        let count: i64 = row.try_get_by_index(1)?;
        if let Some(level) = Level::parse(&code) {
            counts.push((level, u64::try_from(count).unwrap_or_default()));
        }
    }
    Ok(counts)
}

/// How many archive timestamps end by then.
pub(super) async fn count_ending(on: &impl ConnectionTrait, by: Timestamp) -> Result<u64, DbError> {
    let text = "SELECT count(*) FROM signing_job \
                WHERE archive_until IS NOT NULL AND archive_until <= $1 AND reason IS NULL";
    let row = on
        .query_one_raw(sql(on, text, [by.micros().into()]))
        .await?;
    let count: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(count
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or_default())
}

/// What a query gives of seals: document, version that bears it, level, why.
async fn stuck(on: &impl ConnectionTrait, query: Statement) -> Result<Vec<Stuck>, DbError> {
    let mut found = Vec::new();
    for row in on.query_all_raw(query).await? {
        let (document, bearer): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let level: String = row.try_get_by_index(2)?;
        let why: Option<String> = row.try_get_by_index(3)?;
        if let Some(level) = Level::parse(&level) {
            found.push(Stuck {
                document: DocumentId::of(document),
                bearer: VersionId::of(bearer),
                level: level.code(),
                why: why.unwrap_or_default(),
            });
        }
    }
    Ok(found)
}

/// Seals that are raised no further for one of these reasons, the newest first.
pub(super) async fn ended_by(
    on: &impl ConnectionTrait,
    reasons: &[&str],
    limit: u32,
) -> Result<Vec<Stuck>, DbError> {
    let quoted: Vec<String> = reasons.iter().map(|one| format!("'{one}'")).collect();
    let text = format!(
        "SELECT document_id, coalesce(held_version_id, signed_version_id), level, reason \
         FROM signing_job WHERE level IS NOT NULL AND reason IN ({}) ORDER BY id DESC LIMIT $1",
        quoted.join(", ")
    );
    stuck(on, sql(on, text, [i64::from(limit).into()])).await
}

/// Seals below `target` that were put on before a time and still wait, and those whose archive timestamp has ended now;
/// the oldest first.
pub(super) async fn long_below(
    on: &impl ConnectionTrait,
    target: Level,
    (before, now): (Timestamp, Timestamp),
    limit: u32,
) -> Result<Vec<Stuck>, DbError> {
    let text = format!(
        "SELECT document_id, coalesce(held_version_id, signed_version_id), level, reason \
         FROM signing_job WHERE reason IS NULL AND (archive_until <= $1 \
         OR (level IN ({}) AND ended_at <= $2 \
         AND (level = '{}' OR held_version_id IS NOT NULL))) ORDER BY id LIMIT $3",
        below(target),
        Level::Basic.code()
    );
    let values = [
        now.micros().into(),
        before.micros().into(),
        i64::from(limit).into(),
    ];
    stuck(on, sql(on, text, values)).await
}

/// Lets a seal wait that could not be raised: longer each time, or so many seconds.
pub(super) async fn postpone(
    unit: &Unit,
    id: SigningJobId,
    seconds: Option<i64>,
) -> Result<(), DbError> {
    let on = unit.tx();
    let text = "SELECT attempts FROM seal_wait WHERE job_id = $1";
    let row = on.query_one_raw(sql(on, text, [id.raw().into()])).await?;
    let before: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    let attempts = before.unwrap_or_default().saturating_add(1);
    let waits = wait_seconds(u32::try_from(attempts).unwrap_or(u32::MAX));
    let next = unit.now().plus_seconds(seconds.unwrap_or(waits));
    let text = "INSERT INTO seal_wait (job_id, attempts, next_at) VALUES ($1, $2, $3) \
                ON CONFLICT (job_id) DO UPDATE SET attempts = excluded.attempts, \
                next_at = excluded.next_at";
    let values = [id.raw().into(), attempts.into(), next.micros().into()];
    on.execute_raw(sql(on, text, values)).await?;
    Ok(())
}

/// Forgets that a seal waited.
pub(super) async fn forget_wait(unit: &Unit, id: SigningJobId) -> Result<(), DbError> {
    let text = "DELETE FROM seal_wait WHERE job_id = $1";
    let on = unit.tx();
    on.execute_raw(sql(on, text, [id.raw().into()])).await?;
    Ok(())
}
