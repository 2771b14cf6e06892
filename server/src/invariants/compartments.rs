//! I-21: the tokens under which the index finds something, against where it stands; and I-22.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indexer::{Index, Key};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::model::{Book, Seen, say};
use super::rows::{all, number, offending};
use super::run::InvariantError;
use crate::base::db::DbError;

/// Documents that are read at once.
const STEP: i64 = 1_000;
/// The bit of a token that stands beside that of the place while something arrives.
const ARRIVING: u64 = 1 << 63;

/// I-21, by rows: what is taken out stands where the whole stands, and content lies under the keys of its place.
pub(super) async fn rows(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(21);
    let text = "SELECT count(*) FROM document WHERE compartment_id IS NOT NULL";
    seen.looked(number(on, text, Vec::new()).await?);
    let why = say(
        "steht in einem anderen Schutzbereich als sein Vorgang",
        "stands in another compartment than its case",
    );
    let text = "SELECT d.id FROM document d JOIN record_case c ON c.id = d.case_id \
                WHERE c.compartment_id IS NOT NULL AND (d.compartment_id IS NULL \
                OR d.compartment_id <> c.compartment_id)";
    offending(on, seen, ("document", why), (text, Vec::new())).await?;
    let why = say(
        "ist eine Anlage und steht in einem anderen Schutzbereich als das Ganze",
        "is a component and stands in another compartment than the whole",
    );
    let text = "SELECT d.id FROM document d JOIN document f ON f.id = d.family_id \
                WHERE f.compartment_id IS NOT NULL AND (d.compartment_id IS NULL \
                OR d.compartment_id <> f.compartment_id)";
    offending(on, seen, ("document", why), (text, Vec::new())).await?;
    let why = say(
        "fragt in einem anderen Schutzbereich als dem des Vorgangs",
        "asks in another compartment than that of its case",
    );
    let text = "SELECT DISTINCT a.instance_id AS id FROM workflow_asked a \
                JOIN workflow_instance w ON w.id = a.instance_id \
                JOIN record_case c ON c.id = w.case_id \
                WHERE c.compartment_id IS NOT NULL AND (w.compartment_id IS NULL \
                OR w.compartment_id <> c.compartment_id)";
    offending(on, seen, ("workflow", why), (text, Vec::new())).await
}

/// The place of a document in the index: of its unit and its compartment.
fn place(unit: i64, compartment: Option<i64>) -> u64 {
    let unit = u64::try_from(unit).unwrap_or_default();
    let inside = compartment.and_then(|one| u64::try_from(one).ok());
    (inside.unwrap_or_default() << 32) | unit
}

/// I-21, by the index: nothing is found under the token of another compartment than its own.
///
/// What changed since the index was written is not held against it.
pub(super) async fn index(
    on: &DatabaseTransaction,
    index: &Index,
    book: &mut Book,
) -> Result<(), InvariantError> {
    let applied = index.applied().unwrap_or_default();
    let applied = i64::try_from(applied).unwrap_or(i64::MAX);
    let owned = index.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut all: HashMap<u128, Vec<u64>> = HashMap::new();
        owned.tokens(|Key(key), token| all.entry(key).or_default().push(token))?;
        Ok::<_, indexer::IndexError>(all)
    });
    let mut tokens = read.await.map_err(|_gone| InvariantError::GivenUp)??;
    let seen = book.of(21);
    let mut after = Uuid::nil();
    loop {
        let text = "SELECT d.id, u.number, c.number, s.seq FROM document d \
                    JOIN department u ON u.id = d.department_id \
                    LEFT JOIN compartment c ON c.id = d.compartment_id \
                    LEFT JOIN audit_subject s ON s.entity_id = d.id AND s.version = d.version \
                    WHERE d.id > $1 ORDER BY d.id LIMIT $2";
        let rows = all(on, text, vec![after.into(), STEP.into()]).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            after = row.try_get_by_index(0).map_err(DbError::from)?;
            let unit: i64 = row.try_get_by_index(1).map_err(DbError::from)?;
            let inside: Option<i64> = row.try_get_by_index(2).map_err(DbError::from)?;
            let seq: Option<i64> = row.try_get_by_index(3).map_err(DbError::from)?;
            let Some(found) = tokens.remove(&after.as_u128()) else {
                continue;
            };
            if seq.is_none_or(|seq| seq > applied) {
                continue;
            }
            compare(seen, after, (&found, place(unit, inside)));
        }
    }
    Ok(())
}

fn compare(seen: &mut Seen, document: Uuid, (found, place): (&[u64], u64)) {
    seen.looked(1);
    let own = |token: &u64| *token == place || *token == (ARRIVING | place);
    if !found.iter().all(own) || found.is_empty() {
        let why = say(
            "wird im Suchindex an einem anderen Ort gefunden, als es steht",
            "is found by the index at another place than where it stands",
        );
        seen.offend("document", document, why);
    }
}

/// Ends what reads the index when whoever waits for it is gone.
#[derive(Debug, Default)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// I-22: the title and the text of each entry of the index, as they are kept there, are looked at once more. The log
/// cannot hold a number, for its records are of a closed form, which `log` looks at.
pub(super) async fn serials(index: Option<&Index>, book: &mut Book) -> Result<(), InvariantError> {
    let Some(index) = index else {
        book.of(22).unchecked(say(
            "Der Suchindex gehört gerade einem anderen Prozess; das Protokoll hat eine geschlossene Form ohne freien Text.",
            "The index belongs to another process now; the log has a closed form without free text.",
        ));
        return Ok(());
    };
    let owned = index.clone();
    let stop = Stop::default();
    let stopped = Arc::clone(&stop.0);
    let read = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        let go_on = || !stopped.load(Ordering::Relaxed);
        let looked = owned.unmasked(|Key(key)| found.push(key), go_on)?;
        Ok::<_, indexer::IndexError>((looked, found))
    });
    let (looked, found) = read.await.map_err(|_gone| InvariantError::GivenUp)??;
    drop(stop);
    let seen = book.of(22);
    seen.looked(looked);
    for key in found {
        let why = say(
            "enthält im Suchindex eine Seriennummer, die nicht unkenntlich gemacht ist",
            "has a serial number in the index that is not masked",
        );
        seen.offend("document", Uuid::from_u128(key), why);
    }
    seen.beside(say(
        "Titel und Text im Suchindex sind nach den eingestellten Mustern durchsucht; die Einträge des Protokolls haben \
         eine geschlossene Form ohne freien Text.",
        "Titles and texts in the index were searched for the shapes of the settings; the records of the log have a \
         closed form without free text.",
    ));
    Ok(())
}
