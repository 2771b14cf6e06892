//! The tables that the schema guards, as the database itself names them, and a row for each of those that no
//! story here fills: a guard asks what is done to a row, not how it came to be.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::is_done;
use crate::at_rest::number;

pub(super) const CHAINED: [&str; 2] = ["audit", "access"];
pub(super) const GROWING: [&str; 12] = [
    "audit",
    "audit_subject",
    "access",
    "access_subject",
    "checkpoint",
    "log_timestamp",
    "blob",
    "destroyed_blob",
    "reference_alias",
    "form_template",
    "workflow_entry",
    "workflow_frozen",
];
pub(super) const VERSIONED: [&str; 32] = [
    "department",
    "account",
    "role_grant",
    "access_token",
    "sign_in_lock",
    "compartment",
    "compartment_grant",
    "deputation",
    "function_holder",
    "document",
    "document_version",
    "rendition",
    "field",
    "document_type",
    "webhook",
    "file_plan",
    "plan_unit",
    "record_file",
    "record_case",
    "hold",
    "note",
    "relation",
    "correspondent",
    "inspection",
    "quarantine",
    "proposal",
    "tablet",
    "signing_job",
    "identity_check",
    "workflow_definition",
    "workflow_instance",
    "order_limit",
];

/// A column of a table that grows.
pub(super) fn column(table: &str) -> &'static str {
    match table {
        "audit" | "access" => "ts",
        "audit_subject" | "access_subject" => "slot",
        "checkpoint" | "blob" => "created_at",
        "destroyed_blob" => "destroyed_at",
        "log_timestamp" => "asked_at",
        "reference_alias" => "since",
        "form_template" => "used_at",
        "workflow_entry" | "workflow_frozen" => "at",
        other => unreachable!("{other}"),
    }
}

/// Which tables have which guard, by the names of their triggers: on SQLite, on PostgreSQL, here.
const KINDS: [(&str, &str, &[&str]); 3] = [
    (
        "name = tbl_name || '_next'",
        "t.tgname = c.relname || '_guard' AND t.tgtype & 4 <> 0",
        &CHAINED,
    ),
    (
        "name = tbl_name || '_no_update'",
        "t.tgname = c.relname || '_guard'",
        &GROWING,
    ),
    (
        "name = tbl_name || '_step'",
        "t.tgname = c.relname || '_guard_update'",
        &VERSIONED,
    ),
];

/// The lists above, the schema and the rights of the roles name the same tables.
pub(super) async fn are_those_of_the_schema(on: &DatabaseConnection) {
    let triggers = |on_sqlite: &str, on_postgres: &str| match is_postgres(on) {
        true => format!(
            "SELECT c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             WHERE NOT t.tgisinternal AND {on_postgres}"
        ),
        false => {
            format!("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND {on_sqlite}")
        }
    };
    for (on_sqlite, on_postgres, tables) in KINDS {
        let found = texts(on, &triggers(on_sqlite, on_postgres)).await;
        assert_eq!(found, named(tables), "{on_sqlite}");
    }
    let all = texts(on, &triggers("true", "true")).await;
    assert_eq!(all, &named(&GROWING) | &named(&VERSIONED));
    // What must have a record for each version is guarded, and the other way round.
    let recorded = match is_postgres(on) {
        true => {
            "SELECT conrelid::regclass::text FROM pg_constraint \
             WHERE contype = 'f' AND confrelid = 'audit_subject'::regclass"
        }
        false => {
            "SELECT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table' AND f.\"table\" = 'audit_subject'"
        }
    };
    assert_eq!(texts(on, recorded).await, named(&VERSIONED));
    if is_postgres(on) {
        let silenced = triggers("", "t.tgenabled <> 'A'");
        assert_eq!(texts(on, &silenced).await, BTreeSet::new());
    }
    assert_eq!(named(migrations::roles::APPEND_ONLY), named(&GROWING));
    let mut may_move = named(migrations::roles::VERSIONED);
    may_move.retain(|table| !table.ends_with("_head"));
    assert_eq!(may_move, named(&VERSIONED));
}

/// Puts a row with its record into each guarded table that is empty: past the foreign keys, which are asked
/// again from here on.
pub(super) async fn fill_up(on: &DatabaseConnection) {
    let (off, back) = match is_postgres(on) {
        true => (
            "SET session_replication_role = replica",
            "SET session_replication_role = origin",
        ),
        false => ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    };
    is_done(on, off).await;
    for table in GROWING.iter().chain(&VERSIONED) {
        let count = format!("SELECT CAST(count(*) AS BIGINT) FROM {table}");
        if number(on, &count).await > 0 {
            continue;
        }
        is_done(on, &row(on, table, 1).await).await;
        if VERSIONED.contains(table) {
            let record = format!(
                "INSERT INTO audit_subject (entity_id, version, seq, slot, kind, root_id) \
                 SELECT id, version, (SELECT max(seq) FROM audit), 0, '{table}', id FROM {table}"
            );
            is_done(on, &record).await;
        }
    }
    is_done(on, back).await;
}

/// The statement that inserts a row in this version, with a value that is nowhere else in each column that must
/// have one.
pub(super) async fn row(on: &DatabaseConnection, table: &str, version: i64) -> String {
    let columns = match is_postgres(on) {
        true => format!(
            "SELECT a.attname::text || ' ' || format_type(a.atttypid, NULL) FROM pg_attribute a \
             WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped"
        ),
        false => format!(
            "SELECT name || ' ' || type FROM pragma_table_info('{table}') WHERE \"notnull\" = 1"
        ),
    };
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in texts(on, &columns).await {
        let (name, kind) = column.split_once(' ').expect("a name and a type");
        values.push(match (name, kind) {
            ("version", _) => version.to_string(),
            (_, "BLOB") => "randomblob(16)".to_owned(),
            (_, "INTEGER") => "abs(random() % 1000000000)".to_owned(),
            (_, "TEXT") => "lower(hex(randomblob(8)))".to_owned(),
            (_, "uuid") => "gen_random_uuid()".to_owned(),
            (_, "bytea") => "uuid_send(gen_random_uuid())".to_owned(),
            (_, "bigint") => "(random() * 1000000000)::bigint".to_owned(),
            (_, "text") => "gen_random_uuid()::text".to_owned(),
            (_, other) => unreachable!("{table}.{name}: {other}"),
        });
        names.push(format!("\"{name}\""));
    }
    format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    )
}

fn is_postgres(on: &DatabaseConnection) -> bool {
    on.get_database_backend() == DbBackend::Postgres
}

fn named(tables: &[&str]) -> BTreeSet<String> {
    tables.iter().map(|table| (*table).to_owned()).collect()
}

async fn texts(on: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
    let statement = Statement::from_string(on.get_database_backend(), sql);
    let rows = on.query_all_raw(statement).await.expect("rows");
    rows.iter()
        .map(|row| row.try_get_by_index(0).expect("a text"))
        .collect()
}
