//! Rows of calendars, and what stands in one.

use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;
use workflow::definition::DueKind;
use workflow::instance::Instance;

use super::model::{ENTRIES_MAX, Entry, Feed, What};
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, CalendarFeedId, CivilDate, Timestamp};
use crate::unit::Unit;

const FEED: &str = "SELECT id, account_id, label, created_at, read_at FROM calendar_feed";

fn feed_of(row: &QueryResult) -> Result<Feed, DbError> {
    let read_at: Option<i64> = row.try_get_by_index(4)?;
    Ok(Feed {
        id: CalendarFeedId::of(row.try_get_by_index(0)?),
        account: AccountId::of(row.try_get_by_index(1)?),
        label: row.try_get_by_index(2)?,
        created_at: Timestamp::of_micros(row.try_get_by_index(3)?),
        read_at: read_at.map(Timestamp::of_micros),
    })
}

/// Adds a calendar.
pub(super) async fn insert(unit: &Unit, feed: &Feed, digest: Vec<u8>) -> Result<(), DbError> {
    let text = "INSERT INTO calendar_feed (id, account_id, digest, label, created_at) \
                VALUES ($1, $2, $3, $4, $5)";
    let values: [Value; 5] = [
        feed.id.raw().into(),
        feed.account.raw().into(),
        digest.into(),
        feed.label.as_str().into(),
        feed.created_at.micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// The calendars of an account that were not ended, the oldest first.
pub(super) async fn of_account(
    on: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<Feed>, DbError> {
    let text = format!("{FEED} WHERE account_id = $1 AND ended_at IS NULL ORDER BY id");
    let rows = on
        .query_all_raw(sql(on, text, [account.raw().into()]))
        .await?;
    rows.iter().map(feed_of).collect()
}

/// The calendar of a secret, unless it was ended or its account is switched off.
pub(super) async fn with_digest(
    on: &impl ConnectionTrait,
    digest: Vec<u8>,
) -> Result<Option<Feed>, DbError> {
    let text = format!(
        "{FEED} WHERE digest = $1 AND ended_at IS NULL AND EXISTS (SELECT 1 FROM account a \
         WHERE a.id = account_id AND a.disabled_at IS NULL)"
    );
    let row = on.query_one_raw(sql(on, text, [digest.into()])).await?;
    row.as_ref().map(feed_of).transpose()
}

/// Ends a calendar of an account; false where there is none.
pub(super) async fn end(
    unit: &Unit,
    (account, id): (AccountId, CalendarFeedId),
) -> Result<bool, DbError> {
    let text = "UPDATE calendar_feed SET ended_at = $1 \
                WHERE id = $2 AND account_id = $3 AND ended_at IS NULL";
    let values = [
        unit.now().micros().into(),
        id.raw().into(),
        account.raw().into(),
    ];
    let done = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a calendar was read.
pub(super) async fn note_read(unit: &Unit, id: CalendarFeedId) -> Result<(), DbError> {
    let text = "UPDATE calendar_feed SET read_at = $1 WHERE id = $2";
    let values = [unit.now().micros().into(), id.raw().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// What stands in the calendar of a person: open steps that are asked of him by name or by a function that he holds,
/// or that he has claimed. Nothing of compartments. Links begin with `url`.
pub(super) async fn entries(
    on: &impl ConnectionTrait,
    (account, functions): (AccountId, &[AccountId]),
    url: &str,
) -> Result<Vec<Entry>, DbError> {
    let mut values: Vec<Value> = vec![account.raw().into()];
    let mut who = Vec::new();
    for one in std::iter::once(&account).chain(functions) {
        values.push(format!("account:{one}").into());
        who.push(format!("${}", values.len()));
    }
    let who = who.join(", ");
    let text = format!(
        "SELECT m.instance_id, m.step, s.label, s.due_on, s.held_until, coalesce(d.title, \
         i.definition_id), c.reference, i.changed_at, i.data FROM (\
         SELECT instance_id, step FROM workflow_asked WHERE who IN ({who}) \
         UNION SELECT instance_id, step FROM workflow_asked \
         WHERE claimed_by IS NOT NULL AND claimed_by = $1) m \
         JOIN workflow_step s ON s.instance_id = m.instance_id AND s.number = m.step \
         JOIN workflow_instance i ON i.id = m.instance_id \
         JOIN record_case c ON c.id = i.case_id \
         LEFT JOIN workflow_definition d ON d.code = i.definition_id \
         AND d.number = i.definition_version \
         WHERE s.status = 'open' AND c.compartment_id IS NULL \
         AND (s.due_on IS NOT NULL OR s.held_until IS NOT NULL) \
         ORDER BY coalesce(s.due_on, '9999'), m.instance_id, m.step LIMIT {ENTRIES_MAX}"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let mut all = Vec::new();
    for row in &rows {
        all.extend(entries_of(row, url)?);
    }
    Ok(all)
}

/// The days of a step: that on which it is due, and that on which it is looked at again.
fn entries_of(row: &QueryResult, url: &str) -> Result<Vec<Entry>, DbError> {
    let (id, number): (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let due_on: Option<String> = row.try_get_by_index(3)?;
    let held_until: Option<i64> = row.try_get_by_index(4)?;
    let data: String = row.try_get_by_index(8)?;
    let instance: Option<Instance> = serde_json::from_str(&data).ok();
    let steps = instance.as_ref().map_or(&[][..], |it| it.steps.as_slice());
    let step = steps.iter().find(|it| i64::from(it.number) == number);
    let due = step.and_then(|step| step.due.as_ref());
    let entry = |what: What, word: &str, day: String, sequence: u64| -> Result<Entry, DbError> {
        Ok(Entry {
            uid: format!("{id}-{number}-{word}@papierlos"),
            what,
            day,
            label: row.try_get_by_index(2)?,
            title: row.try_get_by_index(5)?,
            reference: row.try_get_by_index(6)?,
            url: format!("{url}/#/umlaeufe/{id}"),
            sequence,
            changed_at: Timestamp::of_micros(row.try_get_by_index(7)?),
        })
    };
    let mut all = Vec::new();
    if let Some(day) = due_on {
        let what = match due.map(|due| due.kind) {
            Some(DueKind::Appointment) => What::Appointment,
            Some(DueKind::Deadline) | None => What::Deadline,
        };
        let extended = due.map_or(0, |due| due.extended.len());
        let sequence = u64::try_from(extended).unwrap_or_default();
        all.push(entry(what, "due", day, sequence)?);
    }
    let held = held_until.map(Timestamp::of_micros);
    if let Some(day) = held.and_then(CivilDate::on) {
        // How often it was laid aside is not counted; the events of the workflow are.
        let sequence = instance.as_ref().map_or(0, |it| it.events);
        all.push(entry(What::Resubmission, "wv", day.to_string(), sequence)?);
    }
    Ok(all)
}
