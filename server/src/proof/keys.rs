//! Rotation of the wrapping keys: data keys are wrapped again, no blob and no opening is touched.
//!
//! Whoever has the key file open knows only the keys that were in it then: it must be held alone.
//! A kill in between leaves rows under both keys, which is a sound state; doing it again goes on.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use storage::{KeyDomain, Kms, WrappedKey};
use thiserror::Error;

use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::audit::number;
use crate::base::Actor;
use crate::base::db::{DbError, sql};
use crate::unit::{Db, Unit};

/// Rows that are wrapped again in one transaction.
const STEP: usize = 500;

/// Why keys were not rotated.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The database.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// A key.
    #[error("a key could not be used")]
    Key(#[from] storage::KeyError),
}

/// How many rows a wrapping key still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The domain.
    pub domain: String,
    /// The key.
    pub kek: String,
    /// Keys of blobs under it.
    pub blobs: u64,
    /// Keys of subjects (openings of the log) under it.
    pub subjects: u64,
}

/// The wrapping keys that rows name.
pub async fn usage(on: &DatabaseConnection) -> Result<Vec<Usage>, DbError> {
    let text = "SELECT domain, kek, sum(blobs), sum(subjects) FROM (\
        SELECT domain, kek, 1 AS blobs, 0 AS subjects FROM blob_key UNION ALL \
        SELECT domain, kek, 0, 1 FROM subject_key) used GROUP BY domain, kek ORDER BY domain, kek";
    let rows = on.query_all_raw(sql(on, text, [])).await?;
    let whole = |number: i64| u64::try_from(number).unwrap_or_default();
    rows.iter()
        .map(|row| {
            Ok(Usage {
                domain: row.try_get_by_index(0)?,
                kek: row.try_get_by_index(1)?,
                blobs: whole(row.try_get_by_index(2)?),
                subjects: whole(row.try_get_by_index(3)?),
            })
        })
        .collect()
}

/// Which rows hold wrapped keys.
#[derive(Debug, Clone, Copy)]
enum Held {
    Blobs,
    Subjects,
}

/// A row whose key is wrapped: its own key as the database has it, and the wrapping.
type Row = (sea_orm::Value, WrappedKey);

impl Held {
    const fn query(self) -> &'static str {
        match self {
            Self::Blobs => {
                "SELECT name, kek, wrapped FROM blob_key WHERE domain = $1 AND kek <> $2"
            }
            Self::Subjects => {
                "SELECT owner_id, kek, wrapped FROM subject_key \
                 WHERE domain = $1 AND kek <> $2"
            }
        }
    }

    const fn update(self) -> &'static str {
        match self {
            Self::Blobs => {
                "UPDATE blob_key SET kek = $1, wrapped = $2 WHERE name = $3 AND kek = $4"
            }
            Self::Subjects => {
                "UPDATE subject_key SET kek = $1, wrapped = $2 WHERE owner_id = $3 AND kek = $4"
            }
        }
    }

    /// The next rows behind `after`: those that are done are not passed over again and again.
    async fn step(
        self,
        on: &DatabaseConnection,
        domain: &KeyDomain,
        active: &str,
        after: Option<sea_orm::Value>,
    ) -> Result<Vec<Row>, DbError> {
        let key = match self {
            Self::Blobs => "name",
            Self::Subjects => "owner_id",
        };
        let behind = match &after {
            Some(_) => format!(" AND {key} > $3"),
            None => String::new(),
        };
        let text = format!("{}{behind} ORDER BY {key} LIMIT {STEP}", self.query());
        let values = [domain.as_str().into(), active.into()];
        let asked = sql(on, text, values.into_iter().chain(after));
        let mut rows = Vec::new();
        for row in on.query_all_raw(asked).await? {
            let name: sea_orm::Value = match self {
                Self::Blobs => row.try_get_by_index::<Vec<u8>>(0)?.into(),
                Self::Subjects => row.try_get_by_index::<uuid::Uuid>(0)?.into(),
            };
            let wrapped = WrappedKey {
                kek: row.try_get_by_index(1)?,
                bytes: row.try_get_by_index(2)?,
            };
            rows.push((name, wrapped));
        }
        Ok(rows)
    }
}

/// What was wrapped again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrapped {
    /// Keys of blobs.
    pub blobs: u64,
    /// Keys of subjects.
    pub subjects: u64,
}

/// Wraps everything of a domain under its active key, step by step, and records it.
pub async fn rewrap(db: &Db, kms: &dyn Kms, domain: &KeyDomain) -> Result<Rewrapped, KeysError> {
    let active = kms.active_kek(domain)?;
    let blobs = rewrap_all(db, kms, domain, &active, Held::Blobs).await?;
    let subjects = rewrap_all(db, kms, domain, &active, Held::Subjects).await?;
    let count = |number: u64| number_of(number);
    let context = Object::new()
        .with("active", active.as_str())
        .with("blobs", count(blobs))
        .with("domain", domain.as_str())
        .with("subjects", count(subjects))
        .to_bytes();
    let recorded: Result<_, DbError> = db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            unit.record_with(Action::KeysRotate, None, Some(context));
            Ok(())
        })
        .await;
    recorded?;
    Ok(Rewrapped { blobs, subjects })
}

fn number_of(count: u64) -> crate::audit::Value {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

async fn rewrap_all(
    db: &Db,
    kms: &dyn Kms,
    domain: &KeyDomain,
    active: &str,
    held: Held,
) -> Result<u64, KeysError> {
    let (mut done, mut after) = (0, None);
    loop {
        let step = held.step(db.read(), domain, active, after).await?;
        let Some((last, _)) = step.last() else {
            return Ok(done);
        };
        after = Some(last.clone());
        let mut changes = Vec::with_capacity(step.len());
        for (name, old) in step {
            let new = kms.rewrap(domain, &old).await?;
            changes.push((name, old.kek, new));
        }
        let written: Result<u64, DbError> = db
            .keep_house(async move |unit: &mut Unit| {
                let tx = unit.tx();
                let mut written = 0;
                for (name, old, new) in changes {
                    let values = [new.kek.into(), new.bytes.into(), name, old.into()];
                    let one = tx.execute_raw(sql(tx, held.update(), values)).await?;
                    written += one.rows_affected();
                }
                Ok(written)
            })
            .await;
        done += written?;
    }
}
