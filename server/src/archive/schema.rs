//! The schema of the database: brought up by the steps that are missing, refused where it is not the
//! one that the steps make.

use std::collections::BTreeSet;

use migrations::Migrator;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use thiserror::Error;

use crate::base::db::{Access, DbError, connect, sql};

/// Why a database cannot be used.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// A newer program has been at it.
    #[error(
        "the archive was brought to {step} by a newer version of this program; start that one \
         (ein neueres Papierlos hat dieses Archiv weitergeführt; bitte jenes starten)"
    )]
    Newer {
        /// The step that this program does not have.
        step: String,
    },
    /// Its tables are not those that the steps make.
    #[error(
        "the archive was made by another build of this program, with other tables ({what}); go on \
         with that build, or set up a new archive and import \
         (das Archiv stammt von einem anderen Stand des Programms; bitte mit jenem weiterarbeiten \
         oder ein neues Archiv anlegen)"
    )]
    OtherBuild {
        /// A table or a column that is too much or missing.
        what: String,
    },
    /// The database.
    #[error("the database failed")]
    Failed(#[from] DbErr),
    /// The connection to compare with.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A column: its table, its name.
type Column = (String, String);

/// Brings the schema to this version; nothing is done where it is there already.
///
/// # Errors
/// Where a newer program or another build has made it, before anything is changed.
pub async fn bring_up(on: &DatabaseConnection) -> Result<(), SchemaError> {
    let text = "SELECT version FROM seaql_migrations";
    // Without the table there is no schema yet; whatever else is wrong shows in the next statement.
    let rows = on.query_all_raw(sql(on, text, [])).await;
    let rows = rows.unwrap_or_default();
    let mut applied = BTreeSet::new();
    for row in &rows {
        applied.insert(row.try_get_by_index::<String>(0)?);
    }
    let known: BTreeSet<String> = Migrator::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    if let Some(step) = applied.difference(&known).next() {
        let step = step.clone();
        return Err(SchemaError::Newer { step });
    }
    if applied == known {
        compare(on, whole()).await?;
    } else if !applied.is_empty() {
        compare(on, made_by(&applied).await?).await?;
    }
    if applied != known {
        Migrator::up(on, None).await?;
    }
    Ok(())
}

/// The columns that all steps make, as they are written down: making them takes longer than all else at a start.
fn whole() -> BTreeSet<Column> {
    migrations::columns()
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect()
}

/// The columns that some of the steps make.
async fn made_by(steps: &BTreeSet<String>) -> Result<BTreeSet<Column>, SchemaError> {
    let fresh = connect("sqlite::memory:", Access::Write).await?;
    let manager = SchemaManager::new(&fresh);
    for step in Migrator::migrations() {
        if steps.contains(step.name()) {
            step.up(&manager).await?;
        }
    }
    let made = columns(&fresh).await?;
    fresh.close().await?;
    Ok(made)
}

/// Compares the columns of the database with those that the same steps make: the names of steps stay
/// while the program is not released, and what they do may not.
async fn compare(on: &DatabaseConnection, wanted: BTreeSet<Column>) -> Result<(), SchemaError> {
    let tables: BTreeSet<&String> = wanted.iter().map(|(table, _)| table).collect();
    let mut found = columns(on).await?;
    // What somebody has put beside it is none of our business.
    found.retain(|(table, _)| tables.contains(table));
    match wanted.symmetric_difference(&found).next() {
        None => Ok(()),
        Some((table, column)) => Err(SchemaError::OtherBuild {
            what: format!("{table}.{column}"),
        }),
    }
}

async fn columns(on: &DatabaseConnection) -> Result<BTreeSet<Column>, DbErr> {
    let text = if on.get_database_backend() == DbBackend::Postgres {
        "SELECT c.relname::text, a.attname::text FROM pg_class c \
         JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relnamespace = to_regnamespace(current_schema()::text) AND c.relkind = 'r' \
         AND a.attnum > 0 AND NOT a.attisdropped"
    } else {
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table'"
    };
    let rows = on.query_all_raw(sql(on, text, [])).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use migrations::Migrator;
    use sea_orm_migration::MigratorTrait;

    use super::{Column, made_by, whole};

    /// As `migrations/src/columns.txt` has them.
    fn written(columns: impl IntoIterator<Item = Column>) -> String {
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column) in columns {
            tables.entry(table).or_default().push(column);
        }
        let lines = tables.iter();
        let lines = lines.map(|(table, columns)| format!("{table}: {}", columns.join(" ")));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn the_columns_that_are_written_down_are_those_that_the_steps_make() {
        let steps = Migrator::migrations();
        let steps = steps.iter().map(|step| step.name().to_owned()).collect();
        let made = made_by(&steps).await.expect("the steps");
        assert!(
            made == whole(),
            "migrations/src/columns.txt must be:\n{}",
            written(made)
        );
    }
}
