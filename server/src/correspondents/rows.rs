//! Rows of correspondents.

use std::collections::{BTreeSet, HashMap};

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, Func, LikeExpr, Query, SelectStatement};
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::model::{Address, Correspondent, CorrespondentKind, Details, Merged, spelling};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, placeholders, sql};
use crate::base::{AccountId, Actor, Asked, CorrespondentId, Right, Sight, Table, Timestamp};
use crate::unit::Unit;

pub(super) mod correspondent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "correspondent")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub kind: Option<String>,
        pub name: String,
        /// JSON: a list of texts.
        pub aliases: String,
        pub street: Option<String>,
        pub postal_code: Option<String>,
        pub city: Option<String>,
        pub country: Option<String>,
        pub email: Option<String>,
        pub merged_into: Option<Uuid>,
        /// JSON: the aliases that the survivor got from it.
        pub brought: Option<String>,
        pub created_at: i64,
        pub created_by: Uuid,
        pub changed_at: i64,
        pub changed_by: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// By which spellings one that was not merged is found.
mod correspondent_name {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "correspondent_name")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub spelling: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub correspondent_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn written(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}

impl correspondent::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("aliases", self.aliases.as_str())
            .with_some("brought", self.brought.as_deref())
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with_some("city", self.city.as_deref())
            .with_some("country", self.country.as_deref())
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with_some("email", self.email.as_deref())
            .with_some("kind", self.kind.as_deref())
            .with_some("merged_into", self.merged_into.map(|id| id.to_string()))
            .with("name", self.name.as_str())
            .with_some("postal_code", self.postal_code.as_deref())
            .with_some("street", self.street.as_deref())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Correspondent,
            id: self.id,
            root: self.id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<correspondent::Model> for Correspondent {
    type Error = DbError;

    fn try_from(row: correspondent::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "correspondent",
            key: row.id.to_string(),
            what,
        };
        let names = |json: &str| {
            serde_json::from_str(json).map_err(|_source| corrupt("its names are no list"))
        };
        let kind = match row.kind.as_deref() {
            Some(code) => {
                Some(CorrespondentKind::parse(code).ok_or_else(|| corrupt("its kind is none"))?)
            }
            None => None,
        };
        let merged = match row.merged_into {
            Some(into) => Some(Merged {
                into: CorrespondentId::of(into),
                brought: names(row.brought.as_deref().unwrap_or("[]"))?,
            }),
            None => None,
        };
        Ok(Self {
            id: CorrespondentId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            details: Details {
                kind,
                aliases: names(&row.aliases)?,
                name: row.name,
                address: Address {
                    street: row.street,
                    postal_code: row.postal_code,
                    city: row.city,
                    country: row.country,
                },
                email: row.email,
            },
            merged,
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
        })
    }
}

impl From<&Correspondent> for correspondent::Model {
    fn from(one: &Correspondent) -> Self {
        let (details, merged) = (&one.details, one.merged.as_ref());
        Self {
            id: one.id.raw(),
            version: i64::try_from(one.version).unwrap_or(i64::MAX),
            kind: details.kind.map(|kind| kind.code().to_owned()),
            name: details.name.clone(),
            aliases: written(&details.aliases),
            street: details.address.street.clone(),
            postal_code: details.address.postal_code.clone(),
            city: details.address.city.clone(),
            country: details.address.country.clone(),
            email: details.email.clone(),
            merged_into: merged.map(|merged| merged.into.raw()),
            brought: merged.map(|merged| written(&merged.brought)),
            created_at: one.created_at.micros(),
            created_by: one.created_by.raw(),
            changed_at: one.changed_at.micros(),
            changed_by: one.changed_by.raw(),
        }
    }
}

/// By what it is found, in order: by nothing of its own, once it was merged.
fn found_by(one: &Correspondent) -> Vec<String> {
    match one.merged {
        Some(_) => Vec::new(),
        None => one.details.spellings(),
    }
}

/// Writes anew by what it is found.
async fn write_names(unit: &Unit, one: &Correspondent) -> Result<(), DbError> {
    correspondent_name::Entity::delete_many()
        .filter(correspondent_name::Column::CorrespondentId.eq(one.id.raw()))
        .exec(unit.tx())
        .await?;
    let names = found_by(one);
    if names.is_empty() {
        return Ok(());
    }
    let rows = names.into_iter().map(|spelling| {
        let row = correspondent_name::Model {
            spelling,
            correspondent_id: one.id.raw(),
        };
        correspondent_name::ActiveModel::from(row).reset_all()
    });
    correspondent_name::Entity::insert_many(rows)
        .exec_without_returning(unit.tx())
        .await?;
    Ok(())
}

/// Adds a correspondent.
pub(super) async fn insert(unit: &mut Unit, new: &Correspondent) -> Result<(), DbError> {
    let row = correspondent::Model::from(new);
    let subject = row.subject();
    let active = correspondent::ActiveModel::from(row).reset_all();
    correspondent::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    write_names(unit, new).await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a correspondent; refuses one that has moved on.
pub(super) async fn save(
    unit: &mut Unit,
    changed: &Correspondent,
    before: &Correspondent,
) -> Result<(), DbError> {
    let row = correspondent::Model::from(changed);
    let subject = row.subject();
    let id = row.id;
    let version = i64::try_from(before.version).unwrap_or(i64::MAX);
    let mut active = correspondent::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = correspondent::Entity::update_many()
        .set(active)
        .filter(correspondent::Column::Id.eq(id))
        .filter(correspondent::Column::Version.eq(version))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    write_names(unit, changed).await?;
    unit.changed(subject);
    Ok(())
}

/// The documents on which a correspondent stands, or on which one stands that was merged into it: the
/// tree below it has few members.
fn bearing() -> SelectStatement {
    let stands = "d.correspondent_id IN (WITH RECURSIVE below(id) AS (\
        SELECT correspondent.id UNION SELECT m.id FROM correspondent m \
        JOIN below b ON m.merged_into = b.id) SELECT id FROM below)";
    Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new("document"), Alias::new("d"))
        .and_where(Expr::cust(stands))
        .to_owned()
}

/// The condition that the actor has `right` on a document on which a correspondent stands.
fn seen(actor: &Actor, right: Right) -> Condition {
    // As where documents are named one by one: SQLite would walk through a department for each.
    let sight = actor.sight(right);
    let documents = bearing()
        .cond_where(sight.settled(Table::Document, "d", Asked::ByName))
        .to_owned();
    Condition::all().add(Expr::exists(documents))
}

fn made_by(actor: &Actor) -> Expr {
    correspondent::Column::CreatedBy.eq(actor.account.raw())
}

/// The condition that a correspondent is within the actor's reach: he has `right` on a document on which
/// it stands, or made it and it stands on none yet. What it became on documents out of his sight is not his
/// to know.
fn within_reach(actor: &Actor, right: Right) -> Condition {
    let fresh = Condition::all()
        .add(made_by(actor))
        .add(Expr::exists(bearing()).not());
    match actor.sight(right) {
        Sight::All => Condition::all(),
        Sight::Some { .. } if actor.may_somewhere(right) => {
            Condition::any().add(fresh).add(seen(actor, right))
        }
        Sight::Some { .. } => Condition::all().add(Expr::cust("1 = 0")),
    }
}

/// The condition that a name of the actor's own means this correspondent: one within his reach, or one that
/// he made, so that who only hands in does not make the same sender anew with each letter.
fn meant_by(actor: &Actor) -> Condition {
    match actor.sight(Right::Read) {
        Sight::All => Condition::all(),
        Sight::Some { .. } => Condition::any()
            .add(made_by(actor))
            .add(seen(actor, Right::Read)),
    }
}

/// One correspondent, if it is within the actor's reach.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    (actor, right): (&Actor, Right),
    id: CorrespondentId,
) -> Result<Option<Correspondent>, DbError> {
    let row = correspondent::Entity::find_by_id(id.raw())
        .filter(within_reach(actor, right))
        .one(on)
        .await?;
    row.map(Correspondent::try_from).transpose()
}

/// Those among `ids` that are within the actor's reach.
pub(super) async fn known_among(
    on: &impl ConnectionTrait,
    (actor, right): (&Actor, Right),
    ids: &[CorrespondentId],
) -> Result<Vec<CorrespondentId>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Uuid> = correspondent::Entity::find()
        .select_only()
        .column(correspondent::Column::Id)
        .filter(correspondent::Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .filter(within_reach(actor, right))
        .into_tuple()
        .all(on)
        .await?;
    Ok(found.into_iter().map(CorrespondentId::of).collect())
}

/// Those that were merged into one, not those that were merged into them before.
pub(super) async fn merged_into(
    on: &impl ConnectionTrait,
    id: CorrespondentId,
) -> Result<Vec<Correspondent>, DbError> {
    let rows = correspondent::Entity::find()
        .filter(correspondent::Column::MergedInto.eq(id.raw()))
        .all(on)
        .await?;
    rows.into_iter().map(Correspondent::try_from).collect()
}

/// One correspondent for changing it, whoever asks: on PostgreSQL the row is locked.
pub(super) async fn find_to_change(
    unit: &Unit,
    id: CorrespondentId,
) -> Result<Option<Correspondent>, DbError> {
    let row = correspondent::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Correspondent::try_from).transpose()
}

/// Several correspondents, whoever asks.
pub(super) async fn find_many(
    on: &impl ConnectionTrait,
    ids: &[CorrespondentId],
) -> Result<Vec<Correspondent>, DbError> {
    let wanted = correspondent::Column::Id.is_in(ids.iter().map(|id| id.raw()));
    let rows = correspondent::Entity::find().filter(wanted).all(on).await?;
    rows.into_iter().map(Correspondent::try_from).collect()
}

/// The correspondents within the actor's reach that are spelled so, by name or alias; the first made
/// first, those by name before those by alias.
pub(super) async fn spelled(
    on: &impl ConnectionTrait,
    actor: &Actor,
    names: &[String],
) -> Result<Vec<Correspondent>, DbError> {
    let wanted: Vec<String> = names.iter().map(|name| spelling(name)).collect();
    let named = Query::select()
        .column(correspondent_name::Column::CorrespondentId)
        .from(correspondent_name::Entity)
        .and_where(correspondent_name::Column::Spelling.is_in(wanted.clone()))
        .to_owned();
    let rows = correspondent::Entity::find()
        .filter(correspondent::Column::Id.in_subquery(named))
        .filter(meant_by(actor))
        .order_by_asc(correspondent::Column::Id)
        .all(on)
        .await?;
    let found: Result<Vec<_>, DbError> = rows.into_iter().map(Correspondent::try_from).collect();
    let mut found: Vec<Correspondent> = found?;
    found.sort_by_key(|one| !wanted.contains(&spelling(&one.details.name)));
    Ok(found)
}

/// The correspondents within the actor's reach that have one of these addresses of e-mail, which are in small
/// letters.
pub(super) async fn reached_at(
    on: &impl ConnectionTrait,
    actor: &Actor,
    mails: &[String],
) -> Result<Vec<Correspondent>, DbError> {
    if mails.is_empty() {
        return Ok(Vec::new());
    }
    let small = Expr::expr(Func::lower(correspondent::Column::Email.into_expr()));
    let rows = correspondent::Entity::find()
        .filter(ExprTrait::is_in(small, mails.iter().cloned()))
        .filter(correspondent::Column::MergedInto.is_null())
        .filter(within_reach(actor, Right::Read))
        .order_by_asc(correspondent::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Correspondent::try_from).collect()
}

/// What a list shall contain.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// Beginnings of words in a name or alias; all of them, in one of its names.
    pub words: Option<String>,
    /// Of this kind.
    pub kind: Option<CorrespondentKind>,
    /// Merged into this one; else those that stand for themselves.
    pub merged_into: Option<CorrespondentId>,
}

/// Behind which correspondent a page begins.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    name: String,
    id: Uuid,
}

impl After {
    /// The place of a correspondent.
    pub(super) fn of(one: &Correspondent) -> Self {
        Self {
            name: one.details.name.clone(),
            id: one.id.raw(),
        }
    }
}

/// Of the next `limit` correspondents behind `after`: the last of them, and those that are not found by just
/// their names, or that cannot be read.
pub(super) async fn with_names_astray(
    on: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<(Option<Uuid>, Vec<CorrespondentId>), DbError> {
    let rows = correspondent::Entity::find()
        .filter(correspondent::Column::Id.gt(after))
        .order_by_asc(correspondent::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    let last = rows.last().map(|row| row.id);
    let ids = rows.iter().map(|row| row.id);
    let names = correspondent_name::Entity::find()
        .filter(correspondent_name::Column::CorrespondentId.is_in(ids))
        .all(on)
        .await?;
    let mut kept: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
    for one in names {
        let kept = kept.entry(one.correspondent_id).or_default();
        kept.insert(one.spelling);
    }
    let mut astray = Vec::new();
    for row in rows {
        let id = row.id;
        let kept = kept.remove(&id).unwrap_or_default();
        let Ok(one) = Correspondent::try_from(row) else {
            astray.push(CorrespondentId::of(id));
            continue;
        };
        if !kept.into_iter().eq(found_by(&one)) {
            astray.push(one.id);
        }
    }
    Ok((last, astray))
}

/// Writes anew by what a correspondent is found; false where it cannot be read.
pub(super) async fn mend_names(unit: &Unit, id: CorrespondentId) -> Result<bool, DbError> {
    let found = match find_to_change(unit, id).await {
        Err(DbError::Corrupt { .. }) => return Ok(false),
        found => found?,
    };
    if let Some(one) = found {
        write_names(unit, &one).await?;
    }
    Ok(true)
}

/// A text as a pattern of LIKE takes it literally; `\` escapes.
fn literally(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for one in text.chars() {
        if matches!(one, '%' | '_' | '\\') {
            plain.push('\\');
        }
        plain.push(one);
    }
    plain
}

/// At most `limit` correspondents within the actor's reach behind `after`, by name, and whether more
/// follow. Merged ones are listed where they are asked for; else their survivors are.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    actor: &Actor,
    filter: &Filter,
    after: Option<After>,
    limit: u64,
) -> Result<(Vec<Correspondent>, bool), DbError> {
    use correspondent::Column;
    let mut wanted = Condition::all()
        .add(match filter.merged_into {
            Some(into) => Column::MergedInto.eq(into.raw()),
            None => Column::MergedInto.is_null(),
        })
        .add(within_reach(actor, Right::Read));
    if let Some(kind) = filter.kind {
        wanted = wanted.add(Column::Kind.eq(kind.code()));
    }
    if let Some(words) = &filter.words {
        let mut all = Condition::all();
        for word in spelling(words).split_whitespace() {
            let word = literally(word);
            let like = |pattern: String| {
                let pattern = LikeExpr::new(pattern).escape('\\');
                correspondent_name::Column::Spelling.like(pattern)
            };
            let begins = Condition::any()
                .add(like(format!("{word}%")))
                .add(like(format!("% {word}%")));
            all = all.add(begins);
        }
        let named = Query::select()
            .column(correspondent_name::Column::CorrespondentId)
            .from(correspondent_name::Entity)
            .cond_where(all)
            .to_owned();
        wanted = wanted.add(Column::Id.in_subquery(named));
    }
    if let Some(After { name, id }) = after {
        let same = Condition::all()
            .add(ExprTrait::eq(Column::Name.into_expr(), name.clone()))
            .add(Column::Id.gt(id));
        wanted = wanted.add(Condition::any().add(Column::Name.gt(name)).add(same));
    }
    let mut rows = correspondent::Entity::find()
        .filter(wanted)
        .order_by_asc(Column::Name)
        .order_by_asc(Column::Id)
        .limit(limit + 1)
        .all(on)
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let found: Result<Vec<_>, DbError> = rows.into_iter().map(Correspondent::try_from).collect();
    Ok((found?, more))
}

/// These and all that were merged into one of them.
pub(super) async fn with_below(
    on: &impl ConnectionTrait,
    ids: &[CorrespondentId],
) -> Result<Vec<Uuid>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = placeholders(on.get_database_backend(), 1, ids.len(), 0);
    let text = format!(
        "WITH RECURSIVE below(id) AS (SELECT id FROM correspondent WHERE id IN {list} \
         UNION SELECT m.id FROM correspondent m JOIN below b ON m.merged_into = b.id) \
         SELECT id FROM below"
    );
    let values: Vec<sea_orm::Value> = ids.iter().map(|id| id.raw().into()).collect();
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}
