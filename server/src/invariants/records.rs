//! Documents in cases, references, versions, and what is closed: I-1, I-2, I-3 (by rows), I-4, I-20.

use std::collections::HashMap;

use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::model::{Book, Seen, say};
use super::rows::{all, number, offending};
use crate::base::db::DbError;

const REGISTERED: &str = "SELECT count(*) FROM document WHERE state = 'registered'";

/// I-1: a component stands where the whole stands, and has no reference of its own.
pub(super) async fn filed(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(1);
    seen.looked(number(on, REGISTERED, Vec::new()).await?);
    let why = say(
        "ist registriert, steht aber nicht in Vorgang, Akte und Aktenplaneinheit",
        "is registered, but does not stand in case, file and plan unit",
    );
    let text = "SELECT d.id FROM document d LEFT JOIN record_case c ON c.id = d.case_id \
                LEFT JOIN record_file f ON f.id = c.file_id \
                LEFT JOIN plan_unit u ON u.id = f.plan_unit_id \
                WHERE d.state = 'registered' AND u.id IS NULL";
    offending(on, seen, ("document", why), (text, Vec::new())).await?;
    let why = say(
        "ist registriert und hat kein Geschäftszeichen",
        "is registered and has no reference",
    );
    let text = "SELECT d.id FROM document d WHERE d.state = 'registered' \
                AND d.parent_id IS NULL AND d.reference IS NULL";
    offending(on, seen, ("document", why), (text, Vec::new())).await?;
    let why = say(
        "trägt ein Geschäftszeichen und ist nicht registriert",
        "has a reference and is not registered",
    );
    let text =
        "SELECT d.id FROM document d WHERE d.state <> 'registered' AND d.reference IS NOT NULL";
    offending(on, seen, ("document", why), (text, Vec::new())).await
}

/// I-2: what bears the same reference, what bears the same number, and how many numbers nobody bears.
pub(super) async fn references(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(2);
    let text = "SELECT (SELECT count(*) FROM record_file) + (SELECT count(*) FROM record_case) \
                + (SELECT count(*) FROM document WHERE reference IS NOT NULL) \
                + (SELECT count(*) FROM reference_alias)";
    seen.looked(number(on, text, Vec::new()).await?);
    let all_of = "SELECT id, reference FROM record_file UNION ALL SELECT id, reference FROM record_case \
                  UNION ALL SELECT id, reference FROM document WHERE reference IS NOT NULL \
                  UNION ALL SELECT object_id, reference FROM reference_alias";
    let text = format!(
        "SELECT DISTINCT n.id FROM ({all_of}) n WHERE n.reference IN (SELECT m.reference FROM ({all_of}) m \
         GROUP BY m.reference HAVING count(*) > 1)"
    );
    let why = say(
        "trägt ein Zeichen, das noch etwas anderes trägt oder trug",
        "bears a reference that something else bears or bore",
    );
    offending(on, seen, ("object", why), (&text, Vec::new())).await?;
    for (table, group) in [
        ("record_case", "file_id, parent_id, ordinal"),
        ("document", "case_id, ordinal"),
    ] {
        let when = if table == "document" {
            "WHERE t.case_id IS NOT NULL AND t.ordinal IS NOT NULL"
        } else {
            ""
        };
        let text = format!(
            "SELECT o.id FROM (SELECT t.id, count(*) OVER (PARTITION BY {group}) AS many \
             FROM {table} t {when}) o WHERE o.many > 1"
        );
        let why = say(
            "trägt eine Nummer, die dort zweimal vergeben ist",
            "bears a number that was given there twice",
        );
        let kind = if table == "document" {
            "document"
        } else {
            "case"
        };
        offending(on, seen, (kind, why), (&text, Vec::new())).await?;
    }
    gaps(on, seen).await
}

/// Numbers of documents in cases: the counter is at least the last one, and those that nobody bears were borne
/// by what was filed elsewhere since, which keeps its old reference.
async fn gaps(on: &DatabaseTransaction, seen: &mut Seen) -> Result<(), DbError> {
    let mut used: HashMap<Uuid, (i64, i64)> = HashMap::new();
    let text = "SELECT case_id, max(ordinal), count(*) FROM document \
                WHERE case_id IS NOT NULL AND ordinal IS NOT NULL GROUP BY case_id";
    for row in all(on, text, Vec::new()).await? {
        let counts = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        used.insert(row.try_get_by_index(0)?, counts);
    }
    let mut holes: Vec<(Uuid, i64)> = Vec::new();
    let text =
        "SELECT scope, last FROM reference_counter WHERE scope LIKE 'document:%' ORDER BY scope";
    for row in all(on, text, Vec::new()).await? {
        let scope: String = row.try_get_by_index(0)?;
        let last: i64 = row.try_get_by_index(1)?;
        let case = scope.strip_prefix("document:");
        let Some(case) = case.and_then(|id| Uuid::parse_str(id).ok()) else {
            continue;
        };
        let (highest, many) = used.remove(&case).unwrap_or((0, 0));
        if highest > last {
            let why = say(
                format!("hat die Nummer {highest} vergeben, gezählt ist bis {last}"),
                format!("has given the number {highest}, the counter stands at {last}"),
            );
            seen.offend("case", case, why);
        } else if last > many {
            holes.push((case, last - many));
        }
    }
    for (case, (highest, _)) in used {
        let why = say(
            format!("hat die Nummer {highest} vergeben, aber keinen Zähler"),
            format!("has given the number {highest} and has no counter"),
        );
        seen.offend("case", case, why);
    }
    let missing: i64 = holes.iter().map(|(_, missing)| missing).sum();
    let text = "SELECT count(*) FROM reference_alias WHERE kind = 'document'";
    let former = number(on, text, Vec::new()).await?;
    if u64::try_from(missing).is_ok_and(|missing| missing > former) {
        for (case, missing) in holes {
            let why = say(
                format!("{missing} Nummern trägt niemand, und kein früheres Zeichen erklärt sie"),
                format!("{missing} numbers nobody bears, and no former reference explains them"),
            );
            seen.offend("case", case, why);
        }
    } else if missing > 0 {
        seen.beside(say(
            format!("{missing} Nummern trägt niemand mehr; {former} frühere Zeichen erklären sie."),
            format!(
                "{missing} numbers nobody bears any more; {former} former references explain them."
            ),
        ));
    }
    Ok(())
}

/// I-3, as far as rows say it: a version is added once and never changed.
pub(super) async fn digests(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(3);
    let text = "SELECT count(*) FROM document_version v JOIN document d ON d.id = v.document_id \
                WHERE d.state = 'registered'";
    seen.looked(number(on, text, Vec::new()).await?);
    let why = say(
        "hat keinen Inhalt mit dieser Prüfsumme",
        "has no content with that digest",
    );
    let text = "SELECT v.id FROM document_version v LEFT JOIN blob b ON b.name = v.blob_name \
                WHERE b.name IS NULL OR length(b.sha512) <> 64 OR length(b.sha256) <> 32";
    offending(on, seen, ("version", why), (text, Vec::new())).await?;
    // What is moved under other keys gets another blob of the same content.
    let why = say(
        "ist festgeschrieben und liegt nicht mehr in ihrem Dokument",
        "is frozen and does not belong to its document any more",
    );
    let text = "SELECT w.document_version_id AS id FROM workflow_frozen w \
                LEFT JOIN document_version v ON v.id = w.document_version_id WHERE v.id IS NULL";
    offending(on, seen, ("version", why), (text, Vec::new())).await
}

/// I-4.
pub(super) async fn versions(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(4);
    seen.looked(number(on, "SELECT count(*) FROM document", Vec::new()).await?);
    let why = say(
        "hat Fassungen, die nicht 1 bis n zählen, oder keine, die gilt",
        "has versions that are not numbered 1 to n, or none in force",
    );
    let text = "SELECT d.id FROM document d LEFT JOIN (SELECT v.document_id AS whole, count(*) AS many, \
                min(v.number) AS low, max(v.number) AS high, count(DISTINCT v.number) AS different \
                FROM document_version v GROUP BY v.document_id) n ON n.whole = d.id \
                WHERE n.many IS NULL OR n.low <> 1 OR n.high <> n.many OR n.different <> n.many \
                OR d.content_version < 1 OR d.content_version > n.high";
    offending(on, seen, ("document", why), (text, Vec::new())).await
}

/// I-20: what is open in closed cases, and what was added to them since.
pub(super) async fn closed(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(20);
    let text = "SELECT count(*) FROM record_case WHERE state = 'closed'";
    seen.looked(number(on, text, Vec::new()).await?);
    let why = say(
        "ist z. d. A., aber ein Umlauf läuft in ihm",
        "is closed, but a workflow runs in it",
    );
    let text = "SELECT DISTINCT c.id FROM record_case c JOIN workflow_instance w ON w.case_id = c.id \
                WHERE c.state = 'closed' AND w.ended_at IS NULL";
    offending(on, seen, ("case", why), (text, Vec::new())).await?;
    let why = say(
        "ist z. d. A., aber ein Schritt in ihm ist offen",
        "is closed, but a step in it is open",
    );
    let text = "SELECT DISTINCT c.id FROM record_case c JOIN workflow_instance w ON w.case_id = c.id \
                JOIN workflow_step s ON s.instance_id = w.id WHERE c.state = 'closed' \
                AND w.ended_at IS NOT NULL AND s.status IN ('open', 'waiting')";
    offending(on, seen, ("case", why), (text, Vec::new())).await?;
    let why = say(
        "ist z. d. A., aber ein nicht registriertes Dokument steht in ihm",
        "is closed, but a document that is not registered stands in it",
    );
    let text = "SELECT DISTINCT c.id FROM record_case c JOIN document d ON d.case_id = c.id \
                WHERE c.state = 'closed' AND d.state IN ('incoming', 'draft')";
    offending(on, seen, ("case", why), (text, Vec::new())).await?;
    let why = say(
        "bekam eine Fassung, nachdem der Vorgang z. d. A. ging",
        "got a version after its case was closed",
    );
    // By the order of the log: clocks are set back, numbers are not. What the house puts on it, such as the
    // timestamp of a seal, is no change.
    let text = "SELECT d.id FROM record_case c \
                JOIN audit_subject k ON k.entity_id = c.id AND k.version = c.version \
                JOIN document d ON d.case_id = c.id \
                JOIN document_version v ON v.document_id = d.id \
                JOIN audit_subject s ON s.entity_id = v.id AND s.version = 1 \
                WHERE c.state = 'closed' AND s.seq > k.seq AND d.parent_id IS NULL AND v.created_by <> $1";
    let text = format!("SELECT DISTINCT o.id FROM ({text}) o");
    offending(
        on,
        seen,
        ("document", why),
        (&text, vec![Uuid::nil().into()]),
    )
    .await
}
