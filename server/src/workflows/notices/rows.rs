//! Rows of notices, of what people have said about mail, and of mails.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use super::model::{Notice, NoticeKind, Setting, Status};
use super::plan::Tell;
use crate::base::db::{DbError, placeholders, sql};
use crate::base::insert::insert;
use crate::base::sight::column;
use crate::base::{AccountId, Actor, Job, MailId, NoticeId, Timestamp, WorkflowId};
use crate::departments::Listener;
use crate::unit::Unit;
use crate::workflows::inbox;

/// A mail, as far as it is needed to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) id: MailId,
    pub(super) account: AccountId,
    pub(super) daily: bool,
    pub(super) status: Status,
    pub(super) due_at: Timestamp,
    pub(super) attempts: i64,
}

/// What the accounts among these have said that have an address.
async fn settings_among(
    on: &impl ConnectionTrait,
    accounts: &BTreeSet<AccountId>,
) -> Result<HashMap<AccountId, Setting>, DbError> {
    let places = placeholders(on.get_database_backend(), 1, accounts.len(), 0);
    let text = format!(
        "SELECT s.account_id, s.mail, s.hour FROM notification_setting s \
         JOIN account a ON a.id = s.account_id \
         WHERE a.mail IS NOT NULL AND s.mail <> 'off' AND s.account_id IN {places}"
    );
    let values: Vec<Value> = accounts.iter().map(|id| id.raw().into()).collect();
    let mut found = HashMap::new();
    for row in on.query_all_raw(sql(on, text, values)).await? {
        found.insert(
            AccountId::of(row.try_get_by_index(0)?),
            setting_of(&row, 1)?,
        );
    }
    Ok(found)
}

fn setting_of(row: &QueryResult, from: usize) -> Result<Setting, DbError> {
    let mode: String = row.try_get_by_index(from)?;
    let hour: i64 = row.try_get_by_index(from + 1)?;
    let unknown = || DbError::Corrupt {
        table: "notification_setting",
        key: mode.clone(),
        what: "the word is unknown",
    };
    Ok(Setting {
        mode: super::model::Mode::parse(&mode).ok_or_else(unknown)?,
        hour: u8::try_from(hour).unwrap_or(super::model::HOUR_DEFAULT),
    })
}

/// What somebody has said about mail.
pub(super) async fn setting(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Setting, DbError> {
    let text = "SELECT mail, hour FROM notification_setting WHERE account_id = $1";
    let row = on
        .query_one_raw(sql(on, text, [account.raw().into()]))
        .await?;
    row.map_or_else(|| Ok(Setting::default()), |row| setting_of(&row, 0))
}

/// Writes it down.
pub(super) async fn put_setting(
    unit: &Unit,
    account: AccountId,
    setting: Setting,
) -> Result<(), DbError> {
    let text = "INSERT INTO notification_setting (account_id, mail, hour, changed_at) \
                VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) \
                DO UPDATE SET mail = excluded.mail, hour = excluded.hour, \
                changed_at = excluded.changed_at";
    let values = [
        account.raw().into(),
        setting.mode.code().into(),
        i64::from(setting.hour).into(),
        unit.now().micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// The mail of an account that waits.
pub(super) async fn waiting(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<MailId>, DbError> {
    let text = "SELECT id FROM mail WHERE account_id = $1 AND status = 'waiting'";
    let row = on
        .query_one_raw(sql(on, text, [account.raw().into()]))
        .await?;
    Ok(match row {
        Some(row) => Some(MailId::of(row.try_get_by_index(0)?)),
        None => None,
    })
}

/// The mail of an account that waits, or a new one; it is sent when it is due.
async fn mail_for(
    unit: &mut Unit,
    account: AccountId,
    setting: Setting,
) -> Result<Option<MailId>, DbError> {
    let Some(due) = setting.due(unit.now()) else {
        return Ok(None);
    };
    if let Some(known) = waiting(unit.tx(), account).await? {
        return Ok(Some(known));
    }
    let id = MailId::new();
    // Another process may be about to do the same.
    let text = "INSERT INTO mail (id, account_id, kind, status, created_at, due_at, attempts) \
                VALUES ($1, $2, $3, 'waiting', $4, $5, 0) \
                ON CONFLICT (account_id) WHERE status = 'waiting' DO NOTHING";
    let values = [
        id.raw().into(),
        account.raw().into(),
        setting.mode.code().into(),
        unit.now().micros().into(),
        due.micros().into(),
    ];
    let added = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    if added.rows_affected() == 1 {
        unit.enqueue(Job::SendMail(id));
        return Ok(Some(id));
    }
    waiting(unit.tx(), account).await
}

/// Writes down what people are told of a workflow.
pub(super) async fn tell(
    unit: &mut Unit,
    workflow: WorkflowId,
    new: Vec<(Listener, &Tell)>,
) -> Result<(), DbError> {
    if new.is_empty() {
        return Ok(());
    }
    let accounts: BTreeSet<AccountId> = new.iter().map(|(one, _)| one.account).collect();
    let settings = settings_among(unit.tx(), &accounts).await?;
    let mut mails = HashMap::new();
    for (account, setting) in settings {
        if let Some(mail) = mail_for(unit, account, setting).await? {
            mails.insert(account, mail);
        }
    }
    let now = unit.now().micros();
    let rows = new.into_iter().map(|(one, tell)| -> [Value; 9] {
        [
            NoticeId::new().raw().into(),
            one.account.raw().into(),
            one.in_stead_of.map(AccountId::raw).into(),
            tell.kind.code().into(),
            workflow.raw().into(),
            tell.step.map(i64::from).into(),
            tell.said.clone().into(),
            now.into(),
            mails.get(&one.account).map(|id| id.raw()).into(),
        ]
    });
    let into = "notice (id, account_id, principal_id, kind, instance_id, step, said, created_at, \
                mail_id)";
    insert(unit.tx(), into, rows.collect()).await
}

fn of(name: &'static str) -> Expr {
    column("n", name)
}

/// The notices of an account that it may know of now: of a workflow whose case it sees, or for which it is asked by
/// name; or in the stead of somebody whose deputy it is.
fn visible(actor: &Actor, now: Timestamp) -> Condition {
    let stands_in = Query::select()
        .expr(Expr::val(1))
        .from_as(Alias::new("deputation"), Alias::new("d"))
        .and_where(column("d", "principal_id").eq(of("principal_id")))
        .and_where(column("d", "deputy_id").eq(of("account_id")))
        .and_where(column("d", "ended_at").is_null())
        .and_where(column("d", "valid_from").lte(now.micros()))
        .and_where(column("d", "valid_until").gt(now.micros()))
        .to_owned();
    let in_stead = Condition::all()
        .add(of("principal_id").is_not_null())
        .add(Expr::exists(stands_in))
        .add(inbox::open_to(actor, of("instance_id")));
    Condition::all()
        .add(of("account_id").eq(actor.account.raw()))
        .add(
            Condition::any()
                .add(inbox::known_to(actor, of("instance_id"), now))
                .add(in_stead),
        )
}

/// Which notices.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// Not read yet.
    pub(super) unread: bool,
    /// That a mail tells of.
    pub(super) mail: Option<MailId>,
}

/// Behind which notice a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct After {
    created_at: i64,
    id: Uuid,
}

impl After {
    pub(super) const fn of(notice: &Notice) -> Self {
        Self {
            created_at: notice.created_at.micros(),
            id: notice.id.raw(),
        }
    }
}

fn narrowed(mut query: SelectStatement, wanted: Wanted) -> SelectStatement {
    if wanted.unread {
        query.and_where(of("read_at").is_null());
    }
    if let Some(mail) = wanted.mail {
        query.and_where(of("mail_id").eq(mail.raw()));
    }
    query
}

/// The notices of an account, the newest first: at most `limit` behind `after`.
pub(super) async fn notices(
    on: &impl ConnectionTrait,
    (actor, now): (&Actor, Timestamp),
    wanted: Wanted,
    after: Option<After>,
    limit: u64,
) -> Result<Vec<Notice>, DbError> {
    let names = [
        ("n", "id"),
        ("n", "kind"),
        ("n", "instance_id"),
        ("i", "definition_id"),
        ("f", "title"),
        ("c", "compartment_id"),
        ("n", "step"),
        ("s", "label"),
        ("s", "due_on"),
        ("n", "said"),
        ("n", "principal_id"),
        ("n", "created_at"),
        ("n", "read_at"),
    ];
    let mut query = Query::select();
    for (at, name) in names {
        query.expr(column(at, name));
    }
    query
        .from_as(Alias::new("notice"), Alias::new("n"))
        .join_as(
            JoinType::InnerJoin,
            Alias::new("workflow_instance"),
            Alias::new("i"),
            column("i", "id").eq(of("instance_id")),
        )
        .join_as(
            JoinType::InnerJoin,
            Alias::new("record_case"),
            Alias::new("c"),
            column("c", "id").eq(column("i", "case_id")),
        )
        .join_as(
            JoinType::LeftJoin,
            Alias::new("workflow_definition"),
            Alias::new("f"),
            Condition::all()
                .add(column("f", "code").eq(column("i", "definition_id")))
                .add(column("f", "number").eq(column("i", "definition_version"))),
        )
        .join_as(
            JoinType::LeftJoin,
            Alias::new("workflow_step"),
            Alias::new("s"),
            Condition::all()
                .add(column("s", "instance_id").eq(of("instance_id")))
                .add(column("s", "number").eq(of("step"))),
        )
        .cond_where(visible(actor, now));
    let mut query = narrowed(query.to_owned(), wanted);
    if let Some(place) = after {
        let same = Condition::all()
            .add(of("created_at").eq(place.created_at))
            .add(of("id").lt(place.id));
        query.cond_where(
            Condition::any()
                .add(of("created_at").lt(place.created_at))
                .add(same),
        );
    }
    query
        .order_by_expr(of("created_at"), Order::Desc)
        .order_by_expr(of("id"), Order::Desc)
        .limit(limit);
    let rows = on.query_all(&query).await?;
    rows.iter().map(notice_of).collect()
}

fn notice_of(row: &QueryResult) -> Result<Notice, DbError> {
    let id: Uuid = row.try_get_by_index(0)?;
    let kind: String = row.try_get_by_index(1)?;
    let definition: String = row.try_get_by_index(3)?;
    let title: Option<String> = row.try_get_by_index(4)?;
    let compartment: Option<Uuid> = row.try_get_by_index(5)?;
    let step: Option<i64> = row.try_get_by_index(6)?;
    let label: Option<String> = row.try_get_by_index(7)?;
    let principal: Option<Uuid> = row.try_get_by_index(10)?;
    let read_at: Option<i64> = row.try_get_by_index(12)?;
    let step = step.and_then(|number| u32::try_from(number).ok());
    Ok(Notice {
        id: NoticeId::of(id),
        kind: NoticeKind::parse(&kind).ok_or_else(|| DbError::Corrupt {
            table: "notice",
            key: id.to_string(),
            what: "the kind is unknown",
        })?,
        workflow: WorkflowId::of(row.try_get_by_index(2)?),
        title: title.unwrap_or_else(|| definition.clone()),
        definition,
        hidden: compartment.is_some(),
        step: step.map(|number| (number, label.unwrap_or_default())),
        due_on: row.try_get_by_index(8)?,
        said: row.try_get_by_index(9)?,
        in_stead_of: principal.map(AccountId::of),
        created_at: Timestamp::of_micros(row.try_get_by_index(11)?),
        read_at: read_at.map(Timestamp::of_micros),
    })
}

/// How many notices an account has not read, and when the last of them was written.
pub(in crate::workflows) async fn unread(
    on: &impl ConnectionTrait,
    (actor, now): (&Actor, Timestamp),
) -> Result<(u64, Option<Timestamp>), DbError> {
    let mut query = Query::select();
    query
        .expr(of("id").count())
        .expr(of("created_at").max())
        .from_as(Alias::new("notice"), Alias::new("n"))
        .and_where(of("read_at").is_null())
        .cond_where(visible(actor, now));
    let Some(row) = on.query_one(&query).await? else {
        return Ok((0, None));
    };
    let (count, last): (i64, Option<i64>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok((
        u64::try_from(count).unwrap_or_default(),
        last.map(Timestamp::of_micros),
    ))
}

/// Which notices are marked as read.
#[derive(Debug, Clone)]
pub(super) enum Read {
    /// These.
    These(Vec<NoticeId>),
    /// All that were written until then.
    Until(Timestamp),
}

/// Marks notices of an account as read; says how many were not before.
pub(super) async fn mark_read(
    unit: &Unit,
    account: AccountId,
    read: &Read,
) -> Result<u64, DbError> {
    let tx = unit.tx();
    let mut values: Vec<Value> = vec![unit.now().micros().into(), account.raw().into()];
    let which = match read {
        Read::These(ids) if ids.is_empty() => return Ok(0),
        Read::These(ids) => {
            let mut places = Vec::new();
            for id in ids {
                values.push(id.raw().into());
                places.push(format!("${}", values.len()));
            }
            format!("id IN ({})", places.join(", "))
        }
        Read::Until(at) => {
            values.push(at.micros().into());
            "created_at <= $3".to_owned()
        }
    };
    let text = format!(
        "UPDATE notice SET read_at = $1 WHERE account_id = $2 AND read_at IS NULL AND {which}"
    );
    let done = tx.execute_raw(sql(tx, text, values)).await?;
    Ok(done.rows_affected())
}

const MAIL: &str = "SELECT id, account_id, kind, status, due_at, attempts FROM mail";

/// A mail, locked where there are others who could send it.
pub(super) async fn mail(unit: &Unit, id: MailId) -> Result<Option<Mail>, DbError> {
    let tx = unit.tx();
    let postgres = tx.get_database_backend() == sea_orm::DbBackend::Postgres;
    let lock = if postgres { " FOR UPDATE" } else { "" };
    let text = format!("{MAIL} WHERE id = $1{lock}");
    let Some(row) = tx.query_one_raw(sql(tx, text, [id.raw().into()])).await? else {
        return Ok(None);
    };
    let (kind, status): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    Ok(Some(Mail {
        id,
        account: AccountId::of(row.try_get_by_index(1)?),
        daily: kind == "daily",
        status: Status::parse(&status).ok_or_else(|| DbError::Corrupt {
            table: "mail",
            key: id.to_string(),
            what: "the status is unknown",
        })?,
        due_at: Timestamp::of_micros(row.try_get_by_index(4)?),
        attempts: row.try_get_by_index(5)?,
    }))
}

/// Writes down where a mail is.
pub(super) async fn put_mail(unit: &Unit, mail: Mail, error: Option<&str>) -> Result<(), DbError> {
    let text = "UPDATE mail SET kind = $1, status = $2, due_at = $3, attempts = $4, last_at = $5, \
                error = $6 WHERE id = $7";
    let kind = if mail.daily { "daily" } else { "each" };
    let values = [
        kind.into(),
        mail.status.code().into(),
        mail.due_at.micros().into(),
        mail.attempts.into(),
        unit.now().micros().into(),
        error.map(str::to_owned).into(),
        mail.id.raw().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// What one mail tells of goes with another one.
pub(super) async fn hand_on(unit: &Unit, from: MailId, to: MailId) -> Result<(), DbError> {
    let text = "UPDATE notice SET mail_id = $1 WHERE mail_id = $2";
    let values = [to.raw().into(), from.raw().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// The last mail of an account that was given up, and what was said of it.
pub(super) async fn last_failure(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<(Timestamp, String)>, DbError> {
    let text = "SELECT last_at, coalesce(error, '') FROM mail \
                WHERE account_id = $1 AND status IN ('failed', 'unsure') AND last_at IS NOT NULL \
                ORDER BY last_at DESC LIMIT 1";
    let row = on
        .query_one_raw(sql(on, text, [account.raw().into()]))
        .await?;
    Ok(match row {
        Some(row) => Some((
            Timestamp::of_micros(row.try_get_by_index(0)?),
            row.try_get_by_index(1)?,
        )),
        None => None,
    })
}

/// How many mails were given up, or may have been taken.
pub(super) async fn given_up(on: &impl ConnectionTrait) -> Result<u64, DbError> {
    let text = "SELECT count(*) FROM mail WHERE status IN ('failed', 'unsure')";
    let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
        return Ok(0);
    };
    let count: i64 = row.try_get_by_index(0)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The mails that were given up since `since`, or of which nobody knows whether they were taken.
pub(super) async fn given_up_since(
    on: &impl ConnectionTrait,
    since: Timestamp,
) -> Result<Vec<MailId>, DbError> {
    let text = "SELECT id FROM mail WHERE status IN ('failed', 'unsure') AND last_at >= $1 \
                ORDER BY last_at, id";
    let rows = on
        .query_all_raw(sql(on, text, [since.micros().into()]))
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: Uuid = row.try_get_by_index(0)?;
        found.push(MailId::of(id));
    }
    Ok(found)
}

/// Forgets what was told before `before`, and the mails about it.
pub(super) async fn sweep(unit: &Unit, before: Timestamp) -> Result<(), DbError> {
    let tx = unit.tx();
    let notices = "DELETE FROM notice WHERE created_at < $1";
    tx.execute_raw(sql(tx, notices, [before.micros().into()]))
        .await?;
    let mails = "DELETE FROM mail WHERE created_at < $1 AND status NOT IN ('waiting', 'sending') \
                 AND NOT EXISTS (SELECT 1 FROM notice WHERE mail_id = mail.id)";
    tx.execute_raw(sql(tx, mails, [before.micros().into()]))
        .await?;
    Ok(())
}
