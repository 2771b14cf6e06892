//! One text of the schema for both databases: types by placeholder, guards by generator.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Runs the statements of `schema` one by one, with `{uuid}`, `{blob}`, `{big}` and `{bool}`
/// replaced by the database's own types. `{strict}` and `{clustered}` end a table; the latter keeps
/// its rows in the tree of its key, where the database can.
pub(crate) async fn create(manager: &SchemaManager<'_>, schema: &[&str]) -> Result<(), DbErr> {
    let db = manager.get_connection();
    for statement in schema {
        db.execute_unprepared(&typed(db.get_database_backend(), statement))
            .await?;
    }
    Ok(())
}

fn typed(backend: DbBackend, statement: &str) -> String {
    let (uuid, blob, big, boolean, strict, clustered) = if backend == DbBackend::Postgres {
        ("UUID", "BYTEA", "BIGINT", "BOOLEAN", "", "")
    } else {
        let clustered = " STRICT, WITHOUT ROWID";
        ("BLOB", "BLOB", "INTEGER", "INTEGER", " STRICT", clustered)
    };
    statement
        .replace("{uuid}", uuid)
        .replace("{blob}", blob)
        .replace("{big}", big)
        .replace("{bool}", boolean)
        .replace("{strict}", strict)
        .replace("{clustered}", clustered)
}

/// What a table allows beyond SELECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Rows are added and never touched again.
    AppendOnly,
    /// Like `AppendOnly`, and a row must carry the next `seq` and the last `h` as its `prev`.
    Chained,
    /// Rows are added with `version` 1, change only with `version` + 1 under the same `id`, and stay.
    Versioned,
}

/// Puts the triggers of `guard` on `table`.
///
/// SQLite's `INSERT OR REPLACE` walks past UPDATE and DELETE triggers, hence the BEFORE INSERT
/// guards there. PostgreSQL's TRUNCATE has a trigger of its own; `ENABLE ALWAYS` survives
/// `session_replication_role = replica`.
pub(crate) async fn guard(
    manager: &SchemaManager<'_>,
    table: &str,
    guard: Guard,
    key: &str,
) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let statements = if db.get_database_backend() == DbBackend::Postgres {
        postgres_guard(table, guard)
    } else {
        sqlite_guard(table, guard, key)
    };
    for statement in statements {
        db.execute_unprepared(&statement).await?;
    }
    Ok(())
}

fn sqlite_guard(table: &str, guard: Guard, key: &str) -> Vec<String> {
    let refuse = |name: &str, when: &str, condition: &str, says: &str| {
        format!(
            "CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} {condition} \
             BEGIN SELECT RAISE(ABORT, '{table}: {says}'); END"
        )
    };
    let mut all = vec![refuse("no_delete", "DELETE", "", "rows are never deleted")];
    match guard {
        Guard::AppendOnly => {
            all.push(refuse("no_update", "UPDATE", "", "rows are never changed"));
            all.push(refuse(
                "no_replace",
                "INSERT",
                &format!("WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})"),
                "rows are never replaced",
            ));
        }
        Guard::Chained => {
            all.push(refuse("no_update", "UPDATE", "", "rows are never changed"));
            all.push(refuse(
                "next",
                "INSERT",
                &format!(
                    "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), -1) + 1 FROM {table}) OR \
                     (NEW.seq > 0 AND NEW.prev IS NOT (SELECT h FROM {table} WHERE seq = NEW.seq - 1))"
                ),
                "a row must follow the last one",
            ));
        }
        Guard::Versioned => {
            all.push(refuse(
                "step",
                "UPDATE",
                "WHEN NEW.version IS NOT OLD.version + 1 OR NEW.id IS NOT OLD.id",
                "a change must carry the next version",
            ));
            all.push(refuse(
                "first",
                "INSERT",
                &format!(
                    "WHEN NEW.version IS NOT 1 OR EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"
                ),
                "a row begins with version 1",
            ));
        }
    }
    all
}

fn postgres_guard(table: &str, guard: Guard) -> Vec<String> {
    let body = match guard {
        Guard::AppendOnly => format!(
            "BEGIN \
             RAISE EXCEPTION '{table}: rows are never changed or deleted' USING ERRCODE = 'P0001'; END"
        ),
        // The key refuses a number that is taken, so whoever has the last one before it is the next.
        Guard::Chained => format!(
            "DECLARE last BYTEA; BEGIN \
             IF TG_OP = 'INSERT' THEN \
               SELECT h INTO last FROM {table} WHERE seq = NEW.seq - 1; \
               IF NEW.seq <> 0 AND NEW.prev IS DISTINCT FROM last THEN \
                 RAISE EXCEPTION '{table}: a row must follow the last one'; END IF; \
               RETURN NEW; \
             END IF; \
             RAISE EXCEPTION '{table}: rows are never changed or deleted' USING ERRCODE = 'P0001'; END"
        ),
        Guard::Versioned => format!(
            "BEGIN IF TG_OP = 'INSERT' THEN \
               IF NEW.version <> 1 THEN RAISE EXCEPTION '{table}: a row begins with version 1'; END IF; \
               RETURN NEW; \
             ELSIF TG_OP = 'UPDATE' THEN \
               IF NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id THEN \
                 RAISE EXCEPTION '{table}: a change must carry the next version'; END IF; \
               RETURN NEW; \
             END IF; \
             RAISE EXCEPTION '{table}: rows are never deleted'; END"
        ),
    };
    // What is allowed is told by a condition where one can say it: then the function is not called.
    let triggers: &[(&str, &str, &str)] = match guard {
        Guard::AppendOnly => &[("guard", "UPDATE OR DELETE", "")],
        Guard::Chained => &[("guard", "INSERT OR UPDATE OR DELETE", "")],
        Guard::Versioned => &[
            ("guard_insert", "INSERT", "WHEN (NEW.version <> 1)"),
            (
                "guard_update",
                "UPDATE",
                "WHEN (NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id)",
            ),
            ("guard_delete", "DELETE", ""),
        ],
    };
    let mut all = vec![
        format!("CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"),
        format!(
            "CREATE FUNCTION {table}_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION '{table}: rows are never deleted'; END $$"
        ),
        format!(
            "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_truncate()"
        ),
        format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate"),
    ];
    for (name, events, when) in triggers {
        all.push(format!(
            "CREATE TRIGGER {table}_{name} BEFORE {events} ON {table} \
             FOR EACH ROW {when} EXECUTE FUNCTION {table}_guard()"
        ));
        all.push(format!(
            "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}"
        ));
    }
    all
}
