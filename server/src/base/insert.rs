//! Many rows into one table, with few different statements.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::db::{DbError, placeholders, sql};

/// Rows in one INSERT: few sizes, so that each statement is prepared once.
const ROWS_AT_ONCE: [usize; 4] = [64, 16, 4, 1];

/// One INSERT for many rows; `into` names the table and its columns.
pub(crate) async fn insert<const COLUMNS: usize>(
    tx: &DatabaseTransaction,
    into: &'static str,
    rows: Vec<[Value; COLUMNS]>,
) -> Result<(), DbError> {
    Insert::new(into, rows).run(tx).await
}

/// Rows for one table.
#[derive(Debug)]
pub(crate) struct Insert {
    into: &'static str,
    columns: usize,
    values: Vec<Value>,
}

impl Insert {
    /// `into` names the table and its columns.
    pub(crate) fn new<const COLUMNS: usize>(
        into: &'static str,
        rows: Vec<[Value; COLUMNS]>,
    ) -> Self {
        Self {
            into,
            columns: COLUMNS,
            values: rows.into_iter().flatten().collect(),
        }
    }

    /// How many there are.
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// Writes them.
    pub(crate) async fn run(self, tx: &DatabaseTransaction) -> Result<(), DbError> {
        let (mut left, mut values) = (self.rows(), self.values.into_iter());
        for size in ROWS_AT_ONCE {
            while left >= size {
                let text = statement(tx, self.into, size, self.columns, 0);
                let part: Vec<Value> = values.by_ref().take(size * self.columns).collect();
                tx.execute_raw(sql(tx, text, part)).await?;
                left -= size;
            }
        }
        Ok(())
    }

    /// The statement for `rows` rows, its parameters behind `after` others.
    pub(crate) fn text(&self, on: &impl ConnectionTrait, rows: usize, after: usize) -> String {
        statement(on, self.into, rows, self.columns, after)
    }

    /// The values, row by row.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }
}

fn statement(
    on: &impl ConnectionTrait,
    into: &str,
    rows: usize,
    columns: usize,
    after: usize,
) -> String {
    let places = placeholders(on.get_database_backend(), rows, columns, after);
    format!("INSERT INTO {into} VALUES {places}")
}
