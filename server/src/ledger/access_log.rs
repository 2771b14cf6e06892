//! The second log as it is written: records, and by what they were at.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::looks::{Looked, SHOWN_MAX, Shown};
use crate::audit::event::Look;
use crate::audit::leaf::{LeafDraft, LeafView, Subject as LeafSubject};
use crate::audit::log::hash_of;
use crate::audit::{LeafHash, Origin};
use crate::base::db::{DbError, sql};
use crate::base::insert::insert;
use crate::base::{DepartmentId, Timestamp, UnitId};
use crate::unit::{Db, Unit};

/// Where it is noted what looks were at.
const SUBJECTS: &str = "access_subject (entity_id, seq, slot, kind)";
/// Older looks that are noted in one step.
const OLDER_STEP: i64 = 2_000;
/// How long the noting of older looks waits when it failed: at first, and at most.
const OLDER_AGAIN_SECONDS: (u64, u64) = (5, 300);

fn draft(looked: &Looked, shown: &[Shown], uow: Uuid) -> LeafDraft {
    let kind = match looked.look {
        Look::ReadFile | Look::TellFile => "file",
        Look::ReadCase | Look::TellCase | Look::ExportCase => "case",
        Look::ReadCorrespondent => "correspondent",
        Look::SignIn
        | Look::SignInByProvider
        | Look::SignInRefused
        | Look::ReadDocument
        | Look::ReadContent
        | Look::ReadText
        | Look::ReadHistory
        | Look::List
        | Look::Search
        | Look::ReadChanges
        | Look::TellChange
        | Look::ReadLog
        | Look::ExportLog
        | Look::ReadLooks
        | Look::Refused => "document",
    };
    let subject = |kind: &'static str, id, version| LeafSubject {
        kind: kind.into(),
        id,
        version,
        state: None,
        blob: None,
    };
    let at = looked.document.into_iter();
    let shown = shown
        .iter()
        .map(|one| subject(one.kind, one.id, one.version));
    let under = looked.under.iter();
    LeafDraft {
        action: looked.look.code().into(),
        actor: looked.actor.account.raw(),
        obo: looked.actor.on_behalf_of.map(crate::base::AccountId::raw),
        role: looked.actor.role().code().into(),
        dept: looked.department.map(DepartmentId::raw),
        outcome: looked.outcome,
        req: looked.actor.request.map(crate::base::RequestId::raw),
        uow,
        subjects: at
            .map(|(id, version)| subject(kind, id, version))
            .chain(shown)
            .chain(under.map(|id| subject("inspection", id.raw(), 1)))
            .collect(),
        private: BTreeMap::new(),
        targets: Vec::new(),
    }
}

/// Records that follow one another, before they are written.
struct Chain {
    next: i64,
    prev: LeafHash,
    last_ts: i64,
    rows: Vec<[Value; 5]>,
    subjects: Vec<[Value; 4]>,
}

impl Chain {
    /// Adds a look; one that showed much is told in several records of one unit.
    fn add(&mut self, looked: &Looked, at: Timestamp, origin: &Origin) -> Result<(), DbError> {
        let uow = UnitId::new().raw();
        let none: &[Shown] = &[];
        let parts: Vec<&[Shown]> = if looked.shown.is_empty() {
            vec![none]
        } else {
            looked.shown.chunks(SHOWN_MAX).collect()
        };
        for part in parts {
            let ts = at.micros().max(self.last_ts);
            let draft = draft(looked, part, uow);
            for (slot, one) in (0_i64..).zip(&draft.subjects) {
                self.subjects.push([
                    one.id.into(),
                    self.next.into(),
                    slot.into(),
                    one.kind.to_string().into(),
                ]);
            }
            let seq = u64::try_from(self.next);
            let seq = seq.map_err(|_source| DbError::Log("the head is negative"))?;
            let (leaf, hash) = draft
                .seal(seq, self.prev, ts, (at.micros() - ts) / 1000, origin)
                .map_err(|_source| DbError::Log("a record is too large"))?;
            self.rows.push([
                self.next.into(),
                self.prev.0.to_vec().into(),
                hash.0.to_vec().into(),
                ts.into(),
                leaf.into(),
            ]);
            (self.next, self.prev, self.last_ts) = (self.next + 1, hash, ts);
        }
        Ok(())
    }
}

/// Appends looks to the log, and notes what they were at.
pub(super) async fn append(
    unit: &mut Unit,
    origin: &Origin,
    genesis: LeafHash,
    looks: &[(Looked, Timestamp)],
) -> Result<(), DbError> {
    let tx = unit.tx();
    let lock = if tx.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE"
    } else {
        ""
    };
    let text = format!("SELECT seq, h, ts, noted FROM access_head WHERE id = 1{lock}");
    let (next, prev, last_ts, noted) = match tx.query_one_raw(sql(tx, text, [])).await? {
        None => (0_i64, genesis, 0, None),
        Some(row) => {
            let hash: Vec<u8> = row.try_get_by_index(1)?;
            let hash = hash_of(&hash)?;
            let seq: i64 = row.try_get_by_index(0)?;
            let noted: i64 = row.try_get_by_index(3)?;
            (seq + 1, hash, row.try_get_by_index(2)?, Some(noted))
        }
    };
    // Where older looks are not noted yet, these are not either: they are noted in their order.
    let in_order = noted.is_none_or(|noted| noted == next - 1);
    let mut chain = Chain {
        next,
        prev,
        last_ts,
        rows: Vec::with_capacity(looks.len()),
        subjects: Vec::new(),
    };
    for (looked, at) in looks {
        chain.add(looked, *at, origin)?;
    }
    let Chain {
        next,
        prev,
        last_ts,
        rows,
        subjects,
    } = chain;
    insert(tx, "access (seq, prev, h, ts, leaf)", rows).await?;
    if in_order {
        insert(tx, SUBJECTS, subjects).await?;
    }
    let noted_now = if in_order {
        next - 1
    } else {
        noted.unwrap_or(-1)
    };
    let text = match noted {
        None => "INSERT INTO access_head (id, seq, h, ts, noted) VALUES (1, $1, $2, $3, $4)",
        Some(_) => "UPDATE access_head SET seq = $1, h = $2, ts = $3, noted = $4 WHERE id = 1",
    };
    let values = [
        (next - 1).into(),
        prev.0.to_vec().into(),
        last_ts.into(),
        noted_now.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(())
}

/// Notes what the looks from before were at, of which nobody had noted it; at the start, and until all are.
/// Until then lists of who looked are not complete, so it goes on where it failed.
pub(super) async fn note_older(db: &Db, end: &CancellationToken) {
    let mut failed = 0;
    loop {
        let done: Result<bool, DbError> = db
            .keep_house(async move |unit: &mut Unit| note_some(unit).await)
            .await;
        match done {
            Ok(false) => return,
            Ok(true) if end.is_cancelled() => return,
            Ok(true) => failed = 0,
            Err(error) => {
                tracing::error!(error = %error, "older looks could not be noted by what they were at");
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(older_again(failed)) => {}
                }
                failed = failed.saturating_add(1);
            }
        }
    }
}

/// How long to wait after it failed, having failed so often before without one success: twice as long each time.
fn older_again(failed: u32) -> Duration {
    let (first, most) = OLDER_AGAIN_SECONDS;
    let doubled = 2_u64.saturating_pow(failed).saturating_mul(first);
    Duration::from_secs(doubled.min(most))
}

/// Notes the next of them; whether there may be more.
async fn note_some(unit: &mut Unit) -> Result<bool, DbError> {
    let tx = unit.tx();
    let text = "SELECT seq, noted FROM access_head WHERE id = 1";
    let Some(row) = tx.query_one_raw(sql(tx, text, [])).await? else {
        return Ok(false);
    };
    let (last, noted): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    if noted >= last {
        return Ok(false);
    }
    let upto = last.min(noted.saturating_add(OLDER_STEP));
    let text = "SELECT seq, leaf FROM access WHERE seq > $1 AND seq <= $2 ORDER BY seq";
    let mut subjects: Vec<[Value; 4]> = Vec::new();
    for row in tx
        .query_all_raw(sql(tx, text, [noted.into(), upto.into()]))
        .await?
    {
        let (seq, leaf): (i64, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        // A leaf that cannot be read is for the check to find.
        let Ok(view) = LeafView::parse(&leaf) else {
            continue;
        };
        for (slot, one) in (0_i64..).zip(view.subjects()) {
            subjects.push([
                one.id.into(),
                seq.into(),
                slot.into(),
                one.kind.to_owned().into(),
            ]);
        }
    }
    insert(tx, SUBJECTS, subjects).await?;
    let text = "UPDATE access_head SET noted = $1 WHERE id = 1";
    tx.execute_raw(sql(tx, text, [upto.into()])).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::older_again;

    #[test]
    fn what_fails_is_tried_again_less_and_less_often() {
        let seconds = [0, 1, 2, 5, 6, 7, u32::MAX].map(|failed| older_again(failed).as_secs());
        assert_eq!(seconds, [5, 10, 20, 160, 300, 300, 300]);
    }
}
