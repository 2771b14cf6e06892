//! What is not built yet. Each says why, and what would be looked at is looked at as soon as there is any.

use sea_orm::DatabaseTransaction;

use super::model::{Book, say};
use super::rows::number;
use crate::base::db::DbError;

/// I-14, I-19, I-23 and I-26.
pub(super) async fn absent(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let text = "SELECT count(*) FROM document WHERE channel IN ('portal', 'fit_connect')";
    let from_portals = number(on, text, Vec::new()).await?;
    book.not_applicable(
        14,
        say(
            format!(
                "Eine Anbindung an FIT-Connect ist nicht gebaut; {from_portals} Dokumente nennen das Portal als Weg, \
                 ohne Kennung einer Einreichung."
            ),
            format!(
                "FIT-Connect is not built; {from_portals} documents name the portal as their way, without the id of a \
                 submission."
            ),
        ),
    );
    book.not_applicable(
        19,
        say(
            "Die Aussonderung ist nicht gebaut.",
            "Disposal is not built.",
        ),
    );
    book.not_applicable(
        23,
        say(
            "Ersetzendes Scannen mit Transfervermerk ist nicht gebaut; Papier wird hier nicht vernichtet.",
            "Replacement scanning with transfer notes is not built; no paper is destroyed here.",
        ),
    );
    book.not_applicable(
        26,
        say(
            "Die Ausgabe ganzer Akten (xdomea 0401) ist nicht gebaut.",
            "The export of whole files (xdomea 0401) is not built.",
        ),
    );
    Ok(())
}
