//! What takes two people: I-10 by the rows of what was given, and I-18.

use sea_orm::DatabaseTransaction;

use super::model::{Book, say};
use super::rows::{number, offending};
use crate::base::db::DbError;

/// Something that one gives or proposes and another approves.
struct Pair {
    kind: &'static str,
    table: &'static str,
    /// Whether the second person must be there at all for it to hold.
    broken: &'static str,
    de: &'static str,
    en: &'static str,
}

const PAIRS: [Pair; 8] = [
    Pair {
        kind: "role_grant",
        table: "role_grant",
        broken: "t.approved_by IS NOT NULL AND (t.approved_by = t.granted_by OR t.approved_by = t.account_id)",
        de: "wurde von der Person gebilligt, die sie gab oder bekommt",
        en: "was approved by whoever gave it or gets it",
    },
    Pair {
        kind: "function_holder",
        table: "function_holder",
        broken: "t.approved_by IS NOT NULL AND (t.approved_by = t.granted_by OR t.approved_by = t.account_id)",
        de: "wurde von der Person gebilligt, die sie gab oder bekommt",
        en: "was approved by whoever gave it or gets it",
    },
    Pair {
        kind: "compartment_grant",
        table: "compartment_grant",
        // What the system itself opens at the town's moving in needs nobody (docs/rights.md).
        broken: "EXISTS (SELECT 1 FROM account a WHERE a.id = t.approved_by) AND (t.approved_by = t.granted_by OR t.approved_by = t.account_id \
                 OR t.granted_by = t.account_id)",
        de: "wurde von der Person gebilligt, die sie gab oder bekommt",
        en: "was approved by whoever gave it or gets it",
    },
    Pair {
        kind: "inspection",
        table: "inspection",
        // What is opened by a rule of the house, to whoever takes a step, nobody asked for.
        broken: "EXISTS (SELECT 1 FROM account a WHERE a.id = t.approved_by) AND (t.approved_by = t.asked_by \
                 OR t.approved_by = t.account_id OR t.first_by = t.account_id OR t.first_by = t.approved_by)",
        de: "wurde von der Person freigegeben, die sie beantragt hat oder bekommt, oder zweimal von derselben",
        en: "was approved by whoever asked for it or gets it, or twice by the same",
    },
    Pair {
        kind: "workflow_definition",
        table: "workflow_definition",
        broken: "t.shipped = 0 AND ((t.state = 'active' AND (t.first_by IS NULL OR t.second_by IS NULL)) \
                 OR t.first_by = t.second_by OR t.first_by = t.proposed_by OR t.second_by = t.proposed_by)",
        de: "gilt ohne zwei andere Personen, die sie gebilligt haben",
        en: "holds without two other people who approved it",
    },
    Pair {
        kind: "order_limit",
        table: "order_limit",
        broken: "t.approved_by IS NOT NULL AND (t.approved_by = t.given_by OR t.approved_by = t.account_id)",
        de: "wurde von der Person gebilligt, die sie erteilte oder hat",
        en: "was approved by whoever gave it or has it",
    },
    Pair {
        kind: "proposal",
        table: "proposal",
        broken: "t.approved_by IS NOT NULL AND t.approved_by = t.proposed_by",
        de: "wurde von derselben Person vorgeschlagen und gebilligt",
        en: "was proposed and approved by the same person",
    },
    Pair {
        kind: "proposal",
        table: "proposal",
        broken: "t.done_at IS NOT NULL AND t.approved_by IS NULL",
        de: "wurde ausgeführt, ohne dass eine zweite Person gebilligt hat",
        en: "was carried out without a second person",
    },
];

/// I-10, by rows: none of these was approved by whoever must not.
pub(super) async fn approvals(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(10);
    let mut counted = "";
    for pair in &PAIRS {
        let Pair { table, broken, .. } = pair;
        if counted != *table {
            let text = format!("SELECT count(*) FROM {table}");
            seen.looked(number(on, &text, Vec::new()).await?);
            counted = table;
        }
        let text = format!("SELECT t.id FROM {table} t WHERE {broken}");
        let why = say(pair.de, pair.en);
        offending(on, seen, (pair.kind, why), (&text, Vec::new())).await?;
    }
    // Not broken, for the house has not asked for two people; but whoever audits should know.
    let text = "SELECT count(*) FROM function_holder t WHERE t.approved_by IS NULL AND t.ended_at IS NULL \
                AND EXISTS (SELECT 1 FROM order_limit l WHERE l.account_id = t.function_id \
                AND l.approved_at IS NOT NULL AND l.ended_at IS NULL)";
    let alone = number(on, text, Vec::new()).await?;
    if alone > 0 {
        seen.beside(say(
            format!(
                "{alone} Mal hat eine einzelne Administration eine Funktion mit Anordnungsbefugnis vergeben: \
                 rights.role_grants_by_two verlangt dafür zwei."
            ),
            format!(
                "{alone} times one administrator alone has given a function that orders: \
                 rights.role_grants_by_two asks for two."
            ),
        ));
    }
    Ok(())
}

/// I-18: holds and the two people. What is destroyed today must not be there at all, and has no time to keep; or the
/// law has it removed from a personnel file.
pub(super) async fn destroyed(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(18);
    let carried = "p.act = 'destroy' AND p.approved_at IS NOT NULL AND p.ended_at IS NULL";
    let text = format!("SELECT count(*) FROM proposal p WHERE {carried}");
    seen.looked(number(on, &text, Vec::new()).await?);
    let why = say(
        "hat seinen Schlüssel verloren, ohne dass zwei Personen es beschlossen",
        "has lost its key without a decision of two people",
    );
    let text = "SELECT p.id FROM proposal p WHERE (p.approved_by IS NULL OR p.approved_by = p.proposed_by) \
                AND EXISTS (SELECT 1 FROM destroyed_blob b WHERE b.proposal_id = p.id)";
    offending(on, seen, ("proposal", why), (text, Vec::new())).await?;
    let why = say(
        "wurde vernichtet, als eine Löschsperre galt",
        "was destroyed while a hold was in force",
    );
    // By the order of the log: a hold that was placed before the destruction was approved, and not lifted before it
    // was done.
    let text = "SELECT DISTINCT p.id FROM proposal p \
                JOIN destroyed_blob b ON b.proposal_id = p.id \
                JOIN document_version v ON v.blob_name = b.name \
                JOIN document d ON d.id = v.document_id \
                LEFT JOIN record_case c ON c.id = d.case_id \
                JOIN hold h ON h.object_id = d.id OR h.object_id = c.id OR h.object_id = c.file_id \
                JOIN audit_subject a ON a.entity_id = p.id AND a.version = 2 \
                JOIN audit_subject e ON e.entity_id = p.id AND e.version = p.version \
                JOIN audit_subject k ON k.entity_id = h.id AND k.version = 1 \
                LEFT JOIN audit_subject l ON l.entity_id = h.id AND l.version = 2 \
                WHERE k.seq < a.seq AND (h.lifted_at IS NULL OR l.seq IS NULL OR l.seq > e.seq)";
    offending(on, seen, ("proposal", why), (text, Vec::new())).await?;
    seen.beside(say(
        "Vernichtet wird heute nur, was nie ins Archiv gehörte oder nach einem Verfahren aus einer Akte zu entfernen \
         war; Aussonderung nach Fristen ist nicht gebaut.",
        "What is destroyed today is what never belonged here, or was to be removed from a file by a workflow; disposal \
         by periods is not built.",
    ));
    Ok(())
}
