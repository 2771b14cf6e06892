//! Versions for which there is work that stands in no queue: found by what was read of them.

use sea_orm::{ConnectionTrait, Value};

use super::guard;
use crate::base::db::{DbError, sql};
use crate::base::{JobKind, VersionId};

/// Which versions are looked for.
#[derive(Debug)]
pub(super) struct Unqueued<'a> {
    /// The work.
    pub(super) job: JobKind,
    /// What would do it.
    pub(super) engine: &'a str,
    /// One of these has read their text.
    pub(super) readers: &'a [&'a str],
    /// What else holds of `r`, the rendition of their text. `$1` is the engine; its own values begin
    /// with `$5`.
    pub(super) condition: &'a str,
    /// These values.
    pub(super) values: Vec<Value>,
}

impl Unqueued<'_> {
    /// Those that no job waits for and that can be opened and are not withheld; at most `limit`.
    pub(super) async fn find(
        self,
        on: &impl ConnectionTrait,
        limit: u32,
    ) -> Result<Vec<VersionId>, DbError> {
        let mut values: Vec<Value> = vec![
            self.engine.into(),
            self.job.code().into(),
            i64::from(limit).into(),
            guard::KIND.into(),
        ];
        values.extend(self.values);
        let mut likes = Vec::with_capacity(self.readers.len());
        for name in self.readers {
            values.push(format!("{name} %").into());
            likes.push(format!("r.engine LIKE ${}", values.len()));
        }
        let text = format!(
            "SELECT DISTINCT r.document_version_id FROM rendition r \
             JOIN document_version v ON v.id = r.document_version_id \
             JOIN blob_key k ON k.name = v.blob_name \
             WHERE r.kind = 'text' AND ({}) AND {} \
             AND {} AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = $2 \
             AND j.subject = r.document_version_id) \
             ORDER BY r.document_version_id LIMIT $3",
            likes.join(" OR "),
            self.condition,
            guard::open_to_work("$4")
        );
        let rows = on.query_all_raw(sql(on, text, values)).await?;
        rows.iter()
            .map(|row| Ok(VersionId::of(row.try_get_by_index(0)?)))
            .collect()
    }
}

/// As much of the tables as the question touches, for the tests of what is asked.
#[cfg(test)]
pub(super) mod rig {
    use sea_orm::{ConnectionTrait, DatabaseConnection, Value};

    use crate::base::VersionId;
    use crate::base::db::{Access, connect, sql};

    pub(in crate::documents) async fn tables() -> DatabaseConnection {
        let on = connect("sqlite::memory:", Access::Write).await;
        let on = on.expect("a database");
        for table in [
            "rendition (document_version_id BLOB, kind TEXT, engine TEXT, reason TEXT, \
             state TEXT, blob_name BLOB)",
            "document_version (id BLOB, blob_name BLOB)",
            "blob_key (name BLOB)",
            "job (kind TEXT, subject BLOB)",
        ] {
            let made = on
                .execute_unprepared(&format!("CREATE TABLE {table}"))
                .await;
            made.expect("a table");
        }
        on
    }

    pub(in crate::documents) async fn run(on: &DatabaseConnection, text: &str, values: Vec<Value>) {
        on.execute_raw(sql(on, text, values)).await.expect("a row");
    }

    /// A version that a text reader has read.
    pub(in crate::documents) async fn version(
        on: &DatabaseConnection,
        reader: &str,
        reason: Option<&str>,
    ) -> VersionId {
        let id = VersionId::new();
        let text = "INSERT INTO document_version VALUES ($1, $1)";
        run(on, text, vec![id.raw().into()]).await;
        let text = "INSERT INTO blob_key VALUES ($1)";
        run(on, text, vec![id.raw().into()]).await;
        rendition(on, id, ("text", reader), reason).await;
        id
    }

    pub(in crate::documents) async fn rendition(
        on: &DatabaseConnection,
        id: VersionId,
        (kind, engine): (&str, &str),
        reason: Option<&str>,
    ) {
        let text = "INSERT INTO rendition VALUES ($1, $2, $3, $4, 'readable', NULL)";
        let reason = reason.map(str::to_owned);
        let values = vec![id.raw().into(), kind.into(), engine.into(), reason.into()];
        run(on, text, values).await;
    }
}
