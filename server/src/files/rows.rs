//! Rows of files.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::model::{CaseFile, Closed, Confidentiality, Life, Medium, Rule, fold};
use super::term::Term;
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::{DbError, sql};
use crate::base::{
    AccountId, CivilDate, CompartmentId, DepartmentId, FileId, PlanId, PlanUnitId, Timestamp,
};
use crate::file_plan::Disposal;
use crate::unit::Unit;

pub(super) mod record_file {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "record_file")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub plan_unit_id: Uuid,
        pub parent_id: Option<Uuid>,
        pub reference: String,
        pub year: i64,
        pub ordinal: i64,
        pub subject: String,
        pub folded: String,
        pub department_id: Uuid,
        pub compartment_id: Option<Uuid>,
        pub medium: String,
        pub confidentiality: String,
        pub state: String,
        pub opened_on: String,
        pub closed_at: Option<i64>,
        pub closed_by: Option<Uuid>,
        pub reason: Option<String>,
        pub retention_years: Option<i64>,
        pub transfer_years: Option<i64>,
        pub disposal: String,
        pub rule: String,
        pub retention_from: Option<String>,
        pub retention_until: Option<String>,
        pub transfer_on: Option<String>,
        pub note: Option<String>,
        pub tags: String,
        pub created_at: i64,
        pub created_by: Uuid,
        pub changed_at: i64,
        pub changed_by: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl record_file::Model {
    /// The canonical state: what the record commits to and `verify` computes again.
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        let tags = serde_json::from_str::<Vec<String>>(&self.tags).unwrap_or_default();
        Object::new()
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with_some("closed_at", self.closed_at.map(at))
            .with_some("closed_by", self.closed_by.map(|id| id.to_string()))
            .with_some("compartment", self.compartment_id.map(|id| id.to_string()))
            .with("confidentiality", self.confidentiality.as_str())
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("department", self.department_id.to_string())
            .with("disposal", self.disposal.as_str())
            .with("medium", self.medium.as_str())
            .with_some("note", self.note.as_deref())
            .with("opened_on", self.opened_on.as_str())
            .with("ordinal", number(self.ordinal))
            .with_some("parent", self.parent_id.map(|id| id.to_string()))
            .with("plan_unit", self.plan_unit_id.to_string())
            .with_some("reason", self.reason.as_deref())
            .with("reference", self.reference.as_str())
            .with_some("retention_from", self.retention_from.as_deref())
            .with_some("retention_until", self.retention_until.as_deref())
            .with_some("retention_years", self.retention_years.map(number))
            .with("rule", self.rule.as_str())
            .with("state", self.state.as_str())
            .with("subject", self.subject.as_str())
            .with("tags", tags)
            .with_some("transfer_on", self.transfer_on.as_deref())
            .with_some("transfer_years", self.transfer_years.map(number))
            .with("year", number(self.year))
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::File,
            id: self.id,
            root: self.id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

/// What a corrupt row is called.
struct Corrupt(Uuid);

impl Corrupt {
    fn what(&self, what: &'static str) -> DbError {
        DbError::Corrupt {
            table: "record_file",
            key: self.0.to_string(),
            what,
        }
    }

    fn date(&self, text: &str) -> Result<CivilDate, DbError> {
        CivilDate::parse(text).ok_or_else(|| self.what("a date is not a date"))
    }
}

fn life(row: &record_file::Model) -> Result<Life, DbError> {
    let corrupt = Corrupt(row.id);
    match (row.state.as_str(), row.closed_at, row.closed_by) {
        ("open", None, None) => Ok(Life::Open),
        ("closed", Some(at), Some(by)) => {
            let date = |text: &Option<String>| text.as_deref().map(|one| corrupt.date(one));
            let from = date(&row.retention_from).transpose()?;
            let closed = Closed {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
            };
            let term = Term {
                from: from.ok_or_else(|| corrupt.what("it is closed without a term"))?,
                until: date(&row.retention_until).transpose()?,
                transfer_on: date(&row.transfer_on).transpose()?,
            };
            Ok(Life::Closed(closed, term))
        }
        (_, _, _) => Err(corrupt.what("the state is unknown")),
    }
}

impl TryFrom<record_file::Model> for CaseFile {
    type Error = DbError;

    fn try_from(row: record_file::Model) -> Result<Self, DbError> {
        let corrupt = Corrupt(row.id);
        let years = |years: Option<i64>| years.and_then(|years| u32::try_from(years).ok());
        let source = Rule::parse_source(&row.rule);
        let (unit, unit_version) = source.ok_or_else(|| corrupt.what("the rule is no rule"))?;
        let life = life(&row)?;
        Ok(Self {
            id: FileId::of(row.id),
            version: counted(row.version),
            plan_unit: PlanUnitId::of(row.plan_unit_id),
            parent: row.parent_id.map(FileId::of),
            year: i32::try_from(row.year).map_err(|_source| corrupt.what("the year is none"))?,
            ordinal: counted(row.ordinal),
            department: DepartmentId::of(row.department_id),
            compartment: row.compartment_id.map(CompartmentId::of),
            medium: Medium::parse(&row.medium)
                .ok_or_else(|| corrupt.what("the medium is unknown"))?,
            confidentiality: Confidentiality::parse(&row.confidentiality)
                .ok_or_else(|| corrupt.what("the confidentiality is unknown"))?,
            life,
            opened_on: corrupt.date(&row.opened_on)?,
            rule: Rule {
                retention_years: years(row.retention_years),
                transfer_years: years(row.transfer_years),
                disposal: Disposal::parse(&row.disposal)
                    .ok_or_else(|| corrupt.what("the disposal is unknown"))?,
                unit,
                unit_version,
            },
            tags: serde_json::from_str(&row.tags)
                .map_err(|_source| corrupt.what("a list is not a list"))?,
            reference: row.reference,
            subject: row.subject,
            reason: row.reason,
            note: row.note,
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
        })
    }
}

impl From<&CaseFile> for record_file::Model {
    fn from(file: &CaseFile) -> Self {
        let (closed, term) = match file.life {
            Life::Open => (None, None),
            Life::Closed(closed, term) => (Some(closed), Some(term)),
        };
        let date = |date: CivilDate| date.to_string();
        Self {
            id: file.id.raw(),
            version: signed(file.version),
            plan_unit_id: file.plan_unit.raw(),
            parent_id: file.parent.map(FileId::raw),
            reference: file.reference.clone(),
            year: i64::from(file.year),
            ordinal: signed(file.ordinal),
            subject: file.subject.clone(),
            folded: format!("{}\n{}", fold(&file.subject), fold(&file.reference)),
            department_id: file.department.raw(),
            compartment_id: file.compartment.map(CompartmentId::raw),
            medium: file.medium.code().to_owned(),
            confidentiality: file.confidentiality.code().to_owned(),
            state: file.life.code().to_owned(),
            opened_on: file.opened_on.to_string(),
            closed_at: closed.map(|closed| closed.at.micros()),
            closed_by: closed.map(|closed| closed.by.raw()),
            reason: file.reason.clone(),
            retention_years: file.rule.retention_years.map(i64::from),
            transfer_years: file.rule.transfer_years.map(i64::from),
            disposal: file.rule.disposal.code().to_owned(),
            rule: file.rule.source(),
            retention_from: term.map(|term| date(term.from)),
            retention_until: term.and_then(|term| term.until).map(date),
            transfer_on: term.and_then(|term| term.transfer_on).map(date),
            note: file.note.clone(),
            tags: serde_json::Value::from(file.tags.as_slice()).to_string(),
            created_at: file.created_at.micros(),
            created_by: file.created_by.raw(),
            changed_at: file.changed_at.micros(),
            changed_by: file.changed_by.raw(),
        }
    }
}

/// Adds a file.
pub(super) async fn insert(unit: &mut Unit, new: &CaseFile) -> Result<(), DbError> {
    let row = record_file::Model::from(new);
    let subject = row.subject();
    let active = record_file::ActiveModel::from(row).reset_all();
    record_file::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a file; refuses one that has moved on.
pub(super) async fn save(
    unit: &mut Unit,
    changed: &CaseFile,
    before: &CaseFile,
) -> Result<(), DbError> {
    let row = record_file::Model::from(changed);
    let subject = row.subject();
    let id = row.id;
    let mut active = record_file::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = record_file::Entity::update_many()
        .set(active)
        .filter(record_file::Column::Id.eq(id))
        .filter(record_file::Column::Version.eq(signed(before.version)))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// A file, whoever asks.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: FileId,
) -> Result<Option<CaseFile>, DbError> {
    let row = record_file::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(CaseFile::try_from).transpose()
}

/// Several files, whoever asks, in no order.
pub(super) async fn find_many(
    on: &impl ConnectionTrait,
    ids: &[FileId],
) -> Result<Vec<CaseFile>, DbError> {
    let wanted = record_file::Column::Id.is_in(ids.iter().map(|id| id.raw()));
    let rows = record_file::Entity::find().filter(wanted).all(on).await?;
    rows.into_iter().map(CaseFile::try_from).collect()
}

/// A file for changing it: on PostgreSQL the row is locked.
pub(super) async fn find_to_change(unit: &Unit, id: FileId) -> Result<Option<CaseFile>, DbError> {
    let row = record_file::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(CaseFile::try_from).transpose()
}

/// The files of a unit of the plan, sub-files too, for changing them.
pub(super) async fn in_plan_unit(unit: &Unit, id: PlanUnitId) -> Result<Vec<CaseFile>, DbError> {
    let rows = record_file::Entity::find()
        .filter(record_file::Column::PlanUnitId.eq(id.raw()))
        .order_by_asc(record_file::Column::Id)
        .lock_exclusive()
        .all(unit.tx())
        .await?;
    rows.into_iter().map(CaseFile::try_from).collect()
}

/// The sub-files of a file.
pub(super) async fn parts(on: &impl ConnectionTrait, id: FileId) -> Result<Vec<CaseFile>, DbError> {
    let wanted = record_file::Column::ParentId.eq(id.raw());
    let rows = record_file::Entity::find().filter(wanted).all(on).await?;
    rows.into_iter().map(CaseFile::try_from).collect()
}

/// Whether an edition of the plan is in force on `day`.
pub(super) async fn in_force(
    on: &impl ConnectionTrait,
    plan: PlanId,
    day: CivilDate,
) -> Result<bool, DbError> {
    let text = "SELECT id FROM file_plan WHERE id = $1 AND valid_from <= $2 \
                AND (valid_until IS NULL OR valid_until >= $2)";
    let values = [plan.raw().into(), day.to_string().into()];
    Ok(on.query_one_raw(sql(on, text, values)).await?.is_some())
}

/// The units of the plan with this id or this mark, in any edition, with all those below them.
pub(super) async fn units_below(
    on: &impl ConnectionTrait,
    wanted: &str,
) -> Result<Vec<Uuid>, DbError> {
    let (start, value): (&str, sea_orm::Value) = match wanted.parse::<PlanUnitId>() {
        Ok(id) => ("id = $1", id.raw().into()),
        Err(_) => ("code = $1", wanted.into()),
    };
    let text = format!(
        "WITH RECURSIVE below(id) AS (SELECT id FROM plan_unit WHERE {start} \
         UNION SELECT p.id FROM plan_unit p JOIN below b ON p.parent_id = b.id) \
         SELECT id FROM below"
    );
    let rows = on.query_all_raw(sql(on, text, [value])).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// Whether there is a file with this subject.
pub(super) async fn has_subject(on: &impl ConnectionTrait, subject: &str) -> Result<bool, DbError> {
    Ok(with_subject(on, subject).await?.is_some())
}

/// A file with this subject, whoever asks.
pub(super) async fn with_subject(
    on: &impl ConnectionTrait,
    subject: &str,
) -> Result<Option<FileId>, DbError> {
    let wanted = record_file::Column::Subject.eq(subject);
    let found = record_file::Entity::find().filter(wanted).one(on).await?;
    Ok(found.map(|row| FileId::of(row.id)))
}
