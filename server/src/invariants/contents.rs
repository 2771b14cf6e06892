//! What must not be there, and what must be gone: I-16, I-17, and by reading every content I-3.

use std::collections::HashSet;

use sea_orm::DatabaseTransaction;
use storage::{Sha256Digest, Storage, StoreError};
use uuid::Uuid;

use super::model::{Book, say};
use super::rows::{all, number, offending};
use crate::base::db::DbError;
use crate::documents::{self, evidence};

/// Rows that are read at once.
const STEP: u64 = 500;

/// I-16, by what the guard has written down: what it let go, or what was destroyed, two people have decided.
pub(super) async fn biometric(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let mut decided: HashSet<Uuid> = HashSet::new();
    let text = "SELECT versions FROM proposal WHERE approved_by IS NOT NULL AND approved_by <> proposed_by";
    for row in all(on, text, Vec::new()).await? {
        let versions: String = row.try_get_by_index(0)?;
        let versions: Vec<Uuid> = serde_json::from_str(&versions).unwrap_or_default();
        decided.extend(versions);
    }
    let seen = book.of(16);
    seen.looked(number(on, "SELECT count(*) FROM document_version", Vec::new()).await?);
    let mut withheld: HashSet<Uuid> = HashSet::new();
    let mut settled: HashSet<Uuid> = HashSet::new();
    let text = "SELECT document_version_id, state, COALESCE(reason, '') FROM rendition WHERE kind = 'biometric'";
    for row in all(on, text, Vec::new()).await? {
        let version: Uuid = row.try_get_by_index(0)?;
        let state: String = row.try_get_by_index(1)?;
        let reason: String = row.try_get_by_index(2)?;
        if state == "found" {
            // What is to be removed from a file is no such record.
            if reason != "removal" {
                withheld.insert(version);
            }
        } else {
            settled.insert(version);
        }
    }
    for version in &settled {
        if !decided.contains(version) {
            let why = say(
                "wurde freigegeben oder vernichtet, ohne dass zwei Personen es beschlossen",
                "was released or destroyed without a decision of two people",
            );
            seen.offend("version", version, why);
        }
    }
    let waiting = withheld.difference(&settled).count();
    seen.beside(say(
        format!("Nach den Aufzeichnungen der Eingangsprüfung; {waiting} Fassungen sind gesperrt."),
        format!("By what the guard has written down; {waiting} versions are withheld."),
    ));
    Ok(())
}

/// I-17, by rows: neither key nor job, and the tombstone is there.
pub(super) async fn gone(on: &DatabaseTransaction, book: &mut Book) -> Result<(), DbError> {
    let seen = book.of(17);
    let text = "SELECT count(*) FROM destroyed_blob";
    seen.looked(number(on, text, Vec::new()).await?);
    let why = say("ließ einen Schlüssel übrig", "left a key behind");
    let text = "SELECT DISTINCT b.proposal_id AS id FROM destroyed_blob b JOIN blob_key k ON k.name = b.name";
    offending(on, seen, ("proposal", why), (text, Vec::new())).await?;
    let why = say(
        "ließ einen Text oder ein Bild mit Schlüssel übrig",
        "left a text or a picture with its key behind",
    );
    let text = "SELECT DISTINCT b.proposal_id AS id FROM destroyed_blob b \
                JOIN proposal p ON p.id = b.proposal_id AND p.done_at IS NOT NULL \
                JOIN document_version v ON v.blob_name = b.name \
                JOIN rendition r ON r.document_version_id = v.id AND r.blob_name IS NOT NULL \
                JOIN blob_key k ON k.name = r.blob_name";
    offending(on, seen, ("proposal", why), (text, Vec::new())).await?;
    let why = say(
        "hat keinen Nachweis: die Zeile des Inhalts fehlt",
        "has no tombstone: the row of the content is missing",
    );
    let text = "SELECT DISTINCT b.proposal_id AS id FROM destroyed_blob b LEFT JOIN blob o ON o.name = b.name \
                WHERE o.name IS NULL";
    offending(on, seen, ("proposal", why), (text, Vec::new())).await
}

/// I-17, by the store: the bytes of what is said to be done are gone.
pub(super) async fn stored(
    on: &DatabaseTransaction,
    storage: &Storage,
    book: &mut Book,
) -> Result<(), DbError> {
    let mut after: Vec<u8> = Vec::new();
    loop {
        let text = "SELECT b.name, b.proposal_id FROM destroyed_blob b \
                    JOIN proposal p ON p.id = b.proposal_id \
                    WHERE b.name > $1 AND p.done_at IS NOT NULL ORDER BY b.name LIMIT 500";
        let rows = all(on, text, vec![after.clone().into()]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            after = row.try_get_by_index(0)?;
            let proposal: Uuid = row.try_get_by_index(1)?;
            let Ok(name) = <[u8; 32]>::try_from(after.as_slice()) else {
                continue;
            };
            let there = storage.exists(&Sha256Digest(name)).await;
            let seen = book.of(17);
            match there {
                Ok(false) => {}
                Ok(true) => {
                    let why = say(
                        "ließ Bytes im Speicher übrig",
                        "left bytes in the store behind",
                    );
                    seen.offend("proposal", proposal, why);
                }
                Err(_) => {
                    seen.unchecked(say(
                        "Der Speicher antwortet nicht.",
                        "The store does not answer.",
                    ));
                    return Ok(());
                }
            }
        }
    }
}

/// Reads every content: I-3 and I-16.
pub(super) async fn read(
    on: &DatabaseTransaction,
    storage: &Storage,
    book: &mut Book,
) -> Result<(), DbError> {
    let mut after = Uuid::nil();
    loop {
        let step = evidence::contents(on, after, STEP).await?;
        let Some(last) = step.last() else {
            return Ok(());
        };
        after = last.version.raw();
        for one in step {
            let Some(blob) = one.open else {
                continue;
            };
            match storage.verify_content(&blob).await {
                Ok(found) => {
                    let text = "SELECT count(*) FROM document_version v JOIN blob b ON b.name = v.blob_name \
                                WHERE v.id = $1 AND b.sha512 = $2";
                    let sha512 = found.sha512.as_bytes().to_vec();
                    let values = vec![one.version.raw().into(), sha512.into()];
                    if number(on, text, values).await? == 0 {
                        let why = say(
                            "hat einen anderen Inhalt als den, der aufgeschrieben ist",
                            "has other content than what is written down",
                        );
                        book.of(3).offend("version", one.version, why);
                    }
                }
                Err(StoreError::NotFound { .. } | StoreError::Damaged { .. }) => {
                    let why = say(
                        "ist im Speicher beschädigt oder fehlt",
                        "is damaged or missing in the store",
                    );
                    book.of(3).offend("version", one.version, why);
                }
                Err(_) => book.of(3).unchecked(say(
                    "Ein Inhalt ließ sich nicht lesen.",
                    "A content could not be read.",
                )),
            }
            if one.judged {
                continue;
            }
            if let Ok(Some(_)) = documents::biometric_in(storage, &blob).await
                && !evidence::is_released(on, one.version).await?
            {
                let why = say(
                    "ist ein biometrischer Datensatz und liegt offen",
                    "is a biometric record and lies open",
                );
                book.of(16).offend("version", one.version, why);
            }
        }
    }
}
