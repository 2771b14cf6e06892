//! Rows of proposals: that what is withheld or in quarantine is destroyed or released.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::super::proposals::model::{About, Act, Ended, Proposal, Signed};
use super::tables::{at, list_of, list_text};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, ProposalId, Timestamp, VersionId};
use crate::unit::Unit;

pub(in crate::documents) mod proposal {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposal")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub object_kind: String,
        pub object_id: Uuid,
        pub act: String,
        /// JSON: the ids of the versions.
        pub versions: String,
        pub reason: String,
        pub proposed_at: i64,
        pub proposed_by: Uuid,
        pub approved_at: Option<i64>,
        pub approved_by: Option<Uuid>,
        pub ended_at: Option<i64>,
        pub ended_by: Option<Uuid>,
        pub end_reason: Option<String>,
        pub done_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl proposal::Model {
    pub(in crate::documents) fn state_bytes(&self) -> Vec<u8> {
        let id = |id: Uuid| id.to_string();
        let versions = serde_json::from_str::<Vec<String>>(&self.versions).unwrap_or_default();
        Object::new()
            .with("act", self.act.as_str())
            .with_some("approved_at", self.approved_at.map(at))
            .with_some("approved_by", self.approved_by.map(id))
            .with_some("done_at", self.done_at.map(at))
            .with_some("end_reason", self.end_reason.as_deref())
            .with_some("ended_at", self.ended_at.map(at))
            .with_some("ended_by", self.ended_by.map(id))
            .with("object", self.object_id.to_string())
            .with("object_kind", self.object_kind.as_str())
            .with("proposed_at", at(self.proposed_at))
            .with("proposed_by", self.proposed_by.to_string())
            .with("reason", self.reason.as_str())
            .with("versions", versions)
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Proposal,
            id: self.id,
            root: self.id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

fn signed(at: Option<i64>, by: Option<Uuid>) -> Option<Signed> {
    Some(Signed {
        at: Timestamp::of_micros(at?),
        by: AccountId::of(by?),
    })
}

impl TryFrom<proposal::Model> for Proposal {
    type Error = DbError;

    fn try_from(row: proposal::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "proposal",
            key: row.id.to_string(),
            what,
        };
        let mut versions = Vec::new();
        for id in list_of("proposal", row.id, &row.versions)? {
            let id: Result<VersionId, _> = id.parse();
            versions.push(id.map_err(|_source| corrupt("a version is no id"))?);
        }
        let ended = signed(row.ended_at, row.ended_by).map(|signed| Ended {
            signed,
            reason: row.end_reason.clone(),
        });
        Ok(Self {
            id: ProposalId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            about: About::of(&row.object_kind, row.object_id)
                .ok_or_else(|| corrupt("it is about nothing that there is"))?,
            act: Act::parse(&row.act).ok_or_else(|| corrupt("the act is unknown"))?,
            versions,
            proposed: Signed {
                at: Timestamp::of_micros(row.proposed_at),
                by: AccountId::of(row.proposed_by),
            },
            approved: signed(row.approved_at, row.approved_by),
            ended,
            done_at: row.done_at.map(Timestamp::of_micros),
            reason: row.reason,
        })
    }
}

impl From<&Proposal> for proposal::Model {
    fn from(one: &Proposal) -> Self {
        let ids: Vec<String> = one.versions.iter().map(ToString::to_string).collect();
        let ended = one.ended.as_ref();
        Self {
            id: one.id.raw(),
            version: i64::try_from(one.version).unwrap_or(i64::MAX),
            object_kind: one.about.kind().to_owned(),
            object_id: one.about.raw(),
            act: one.act.code().to_owned(),
            versions: list_text(&ids),
            reason: one.reason.clone(),
            proposed_at: one.proposed.at.micros(),
            proposed_by: one.proposed.by.raw(),
            approved_at: one.approved.map(|signed| signed.at.micros()),
            approved_by: one.approved.map(|signed| signed.by.raw()),
            ended_at: ended.map(|ended| ended.signed.at.micros()),
            ended_by: ended.map(|ended| ended.signed.by.raw()),
            end_reason: ended.and_then(|ended| ended.reason.clone()),
            done_at: one.done_at.map(Timestamp::micros),
        }
    }
}

/// Adds a proposal.
pub(in crate::documents) async fn proposal_insert(
    unit: &mut Unit,
    new: &Proposal,
) -> Result<(), DbError> {
    let row = proposal::Model::from(new);
    let subject = row.subject();
    let active = proposal::ActiveModel::from(row).reset_all();
    proposal::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a proposal: its approval, or how it ended.
pub(in crate::documents) async fn proposal_save(
    unit: &mut Unit,
    one: &mut Proposal,
) -> Result<(), DbError> {
    use proposal::Column;
    let before = i64::try_from(one.version).unwrap_or(i64::MAX);
    one.version += 1;
    let row = proposal::Model::from(&*one);
    let subject = row.subject();
    let done = proposal::Entity::update_many()
        .col_expr(Column::Version, row.version.into())
        .col_expr(Column::ApprovedAt, row.approved_at.into())
        .col_expr(Column::ApprovedBy, row.approved_by.into())
        .col_expr(Column::EndedAt, row.ended_at.into())
        .col_expr(Column::EndedBy, row.ended_by.into())
        .col_expr(Column::EndReason, row.end_reason.into())
        .col_expr(Column::DoneAt, row.done_at.into())
        .filter(Column::Id.eq(row.id))
        .filter(Column::Version.eq(before))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// One proposal, whoever asks.
pub(in crate::documents) async fn proposal_find(
    on: &impl ConnectionTrait,
    id: ProposalId,
) -> Result<Option<Proposal>, DbError> {
    let row = proposal::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Proposal::try_from).transpose()
}

/// The proposals that are neither done nor ended, the oldest first: few at any time.
pub(in crate::documents) async fn proposals_open(
    on: &impl ConnectionTrait,
) -> Result<Vec<Proposal>, DbError> {
    let rows = proposal::Entity::find()
        .filter(proposal::Column::EndedAt.is_null())
        .filter(proposal::Column::DoneAt.is_null())
        .order_by_asc(proposal::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Proposal::try_from).collect()
}
