//! The log, read once from its beginning: I-5, and by what its records say I-6 and I-7.

use std::collections::HashMap;

use sea_orm::DatabaseTransaction;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::model::{Book, say};
use super::people::{Moment, People};
use super::rows::{all, number, offending};
use crate::audit::LeafView;
use crate::base::db::DbError;
use crate::proof;

/// Records that are read at once.
const STEP: i64 = 2_000;
/// Roles that nobody is given: whoever is not signed in, tablets, and the system.
const OF_NOBODY: [&str; 3] = ["anonymous", "tablet", "system"];

/// The record before.
struct Last {
    seq: i64,
    hash: Vec<u8>,
}

/// Reads all records.
pub(super) async fn records(
    on: &DatabaseTransaction,
    people: &People,
    book: &mut Book,
) -> Result<(), DbError> {
    let mut last: Option<Last> = None;
    loop {
        let after = last.as_ref().map_or(-1, |last| last.seq);
        let text = "SELECT seq, prev, h, leaf FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows = all(on, text, vec![after.into(), STEP.into()]).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let seq: i64 = row.try_get_by_index(0)?;
            let prev: Vec<u8> = row.try_get_by_index(1)?;
            let hash: Vec<u8> = row.try_get_by_index(2)?;
            let leaf: Vec<u8> = row.try_get_by_index(3)?;
            book.of(5).looked(1);
            linked(last.as_ref(), (seq, &prev, &hash, &leaf), book);
            if let Ok(view) = LeafView::parse(&leaf) {
                acted(people, (seq, &view), book);
            }
            last = Some(Last { seq, hash });
        }
    }
    head(on, last.as_ref(), book).await
}

/// `SHA-256(0x00 ‖ leaf)`, as RFC 6962 has it.
fn hash_of(leaf: &[u8]) -> Vec<u8> {
    let digest = Sha256::new().chain_update([0]).chain_update(leaf);
    digest.finalize().to_vec()
}

/// I-5: the record follows the one before, and is what its hash says.
fn linked(
    last: Option<&Last>,
    (seq, prev, hash, leaf): (i64, &[u8], &[u8], &[u8]),
    book: &mut Book,
) {
    let seen = book.of(5);
    let next = last.map_or(0, |last| last.seq + 1);
    if seq != next {
        let why = say(
            format!("folgt nicht auf {}: Einträge fehlen", next - 1),
            format!("does not follow {}: records are missing", next - 1),
        );
        seen.offend("record", seq, why);
    }
    if last.is_some_and(|last| last.hash != prev) {
        let why = say(
            "nennt eine andere Prüfsumme als die des Eintrags davor",
            "names another hash than that of the record before",
        );
        seen.offend("record", seq, why);
    }
    if hash_of(leaf) != hash {
        let why = say(
            "hat einen anderen Inhalt als den seiner Prüfsumme",
            "has other content than that of its hash",
        );
        seen.offend("record", seq, why);
    }
    let fits = match LeafView::parse(leaf) {
        Ok(view) => i64::try_from(view.seq) == Ok(seq) && view.prev.0.as_slice() == prev,
        Err(_) => false,
    };
    if !fits {
        let why = say(
            "ist kein Eintrag in der geschlossenen Form dieses Protokolls, oder einer an anderer Stelle",
            "is no record of the closed form of this log, or one of another place",
        );
        seen.offend("record", seq, why.clone());
        book.of(22).offend("record", seq, why);
    }
}

/// I-6 and I-7: whoever acted had the role that the record names, and stood in for whom it names.
fn acted(people: &People, (seq, view): (i64, &LeafView<'_>), book: &mut Book) {
    if view.actor.is_nil() {
        return;
    }
    let at = view
        .ts_micros
        .saturating_add(view.clk_ms.saturating_mul(1_000));
    let when = Moment { seq, at };
    if let Some(other) = view.obo {
        book.of(7).looked(1);
        let may = if people.is_function(other) {
            people.held(view.actor, other, when)
        } else {
            people.stood_in(view.actor, other, when)
        };
        if !may {
            let why = say(
                format!(
                    "{}: das Konto {} handelte für {other} ohne Vertretung oder Funktion",
                    view.action, view.actor
                ),
                format!(
                    "{}: account {} acted for {other} without deputation or function",
                    view.action, view.actor
                ),
            );
            book.of(7).offend("record", seq, why);
        }
    }
    if OF_NOBODY.contains(&view.role) {
        return;
    }
    book.of(6).looked(1);
    let whose = people.whose(view.actor, view.obo, when);
    if !people.had_role(&whose, view.role, when) {
        let why = say(
            format!(
                "{}: das Konto {} hatte die Rolle {} damals nicht",
                view.action, view.actor, view.role
            ),
            format!(
                "{}: account {} did not have the role {} then",
                view.action, view.actor, view.role
            ),
        );
        book.of(6).offend("record", seq, why);
    }
}

/// I-5: the head is that of the last record, and no checkpoint speaks of records that are not there.
async fn head(
    on: &DatabaseTransaction,
    last: Option<&Last>,
    book: &mut Book,
) -> Result<(), DbError> {
    let seen = book.of(5);
    let rows = all(on, "SELECT seq, h FROM audit_head WHERE id = 1", Vec::new()).await?;
    let noted = match rows.first() {
        Some(row) => Some((
            row.try_get_by_index::<i64>(0)?,
            row.try_get_by_index::<Vec<u8>>(1)?,
        )),
        None => None,
    };
    let found = last.map(|last| (last.seq, last.hash.clone()));
    if noted != found {
        let (seq, _) = noted.unwrap_or((-1, Vec::new()));
        let why = say(
            "steht am Kopf des Protokolls, ist aber nicht sein letzter Eintrag",
            "is the head of the log and not its last record",
        );
        seen.offend("record", seq, why);
    }
    let signed = number(on, "SELECT max(size) FROM checkpoint", Vec::new()).await?;
    let records = last.map_or(0, |last| u64::try_from(last.seq + 1).unwrap_or_default());
    if signed > records {
        let why = say(
            format!("ist signiert, aber es gibt nur {records} Einträge"),
            format!("is signed, but there are only {records} records"),
        );
        seen.offend("checkpoint", signed, why);
    }
    Ok(())
}

/// I-5: each version of each row has its record, and each record its row.
pub(super) async fn mutations(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(5);
    let mut begun: HashMap<String, i64> = HashMap::new();
    let text = "SELECT kind, count(*) FROM audit_subject WHERE version = 1 GROUP BY kind";
    for row in all(on, text, Vec::new()).await? {
        begun.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    for kind in proof::kinds() {
        let (code, table) = (kind.code(), kind.table());
        let text = format!("SELECT count(*) FROM {table}");
        let rows = number(on, &text, Vec::new()).await?;
        seen.looked(rows);
        let why = say(
            format!("({table}) hat nicht so viele Einträge im Protokoll, wie es Fassungen gibt"),
            format!("({table}) has not as many records in the log as there are versions"),
        );
        let text = format!(
            "SELECT t.id FROM {table} t LEFT JOIN (SELECT s.entity_id AS entity, count(*) AS many, \
             max(s.version) AS newest FROM audit_subject s WHERE s.kind = $1 GROUP BY s.entity_id) n \
             ON n.entity = t.id WHERE n.many IS NULL OR n.many <> t.version OR n.newest <> t.version"
        );
        offending(on, seen, (code, why), (&text, vec![code.into()])).await?;
        let begun = begun.get(code).copied().unwrap_or_default();
        if u64::try_from(begun).ok() == Some(rows) {
            continue;
        }
        let why = say(
            format!("({table}) steht im Protokoll, aber nicht in den Zeilen"),
            format!("({table}) stands in the log and not in the rows"),
        );
        let text = format!(
            "SELECT DISTINCT s.entity_id AS id FROM audit_subject s LEFT JOIN {table} t ON t.id = s.entity_id \
             WHERE s.kind = $1 AND t.id IS NULL"
        );
        offending(on, seen, (code, why), (&text, vec![code.into()])).await?;
    }
    astray(on, book).await
}

/// I-5: what is said of a record is said of one that is there.
async fn astray(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let why = say(
        "soll in einem Eintrag stehen, den es nicht gibt",
        "is said to stand in a record that is not there",
    );
    let text = "SELECT DISTINCT s.entity_id AS id FROM audit_subject s LEFT JOIN audit a ON a.seq = s.seq \
                WHERE a.seq IS NULL";
    offending(
        on,
        book.of(5),
        ("object", why),
        (text, Vec::<sea_orm::Value>::new()),
    )
    .await
}

/// The number of the last record.
pub(super) async fn last(on: &DatabaseTransaction) -> Result<Option<u64>, DbError> {
    let rows = all(on, "SELECT max(seq) FROM audit", Vec::new()).await?;
    let found: Option<i64> = match rows.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    };
    Ok(found.and_then(|seq| u64::try_from(seq).ok()))
}

/// The department that a record names.
pub(super) fn department_of(leaf: &[u8]) -> Option<Uuid> {
    LeafView::parse(leaf).ok().and_then(|view| view.dept)
}
