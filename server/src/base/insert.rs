//! Many rows into one table or several, with few different statements and few words to the database: the way
//! there and back costs more than a row.

use std::borrow::Cow;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityName as _,
    EntityTrait, IdenStatic as _, Iterable as _, Value,
};

use super::db::{DbError, placeholders, sql};

/// Rows in one INSERT: few sizes, so that each statement is prepared once.
const ROWS_AT_ONCE: [usize; 4] = [64, 16, 4, 1];
/// Rows of all tables that are told with one word. Of more, the way there and back is the smaller part; and each
/// number of rows is a statement of its own.
const ROWS_TOGETHER_MAX: usize = 64;
/// The same for PostgreSQL, which plans each of these statements.
const ROWS_PLANNED_MAX: usize = 16;

/// Statements that are told with one word.
const STATEMENTS_TOGETHER_MAX: usize = 8;

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
pub struct Insert {
    into: Cow<'static, str>,
    columns: usize,
    values: Vec<Value>,
    /// What is said behind the values.
    rest: &'static str,
}

impl Insert {
    /// `into` names the table and its columns.
    #[must_use]
    pub fn new<const COLUMNS: usize>(into: &'static str, rows: Vec<[Value; COLUMNS]>) -> Self {
        Self {
            into: Cow::Borrowed(into),
            columns: COLUMNS,
            values: rows.into_iter().flatten().collect(),
            rest: "",
        }
    }

    /// One row as an entity has it, in the columns that it sets.
    pub(crate) fn of<A: ActiveModelTrait>(row: &A) -> Self {
        let set = <A::Entity as EntityTrait>::Column::iter()
            .filter_map(|column| Some((column, row.get(column).into_value()?)));
        let (columns, values): (Vec<_>, Vec<_>) = set.unzip();
        let names: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
        let table = A::Entity::default();
        let into = format!("\"{}\" (\"{}\")", table.table_name(), names.join("\", \""));
        Self {
            into: Cow::Owned(into),
            columns: columns.len(),
            values,
            rest: "",
        }
    }

    /// Where one is there already, it stays as it is.
    pub(crate) fn unless_there(self) -> Self {
        let rest = " ON CONFLICT DO NOTHING";
        Self { rest, ..self }
    }

    /// How many there are.
    fn rows(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// Writes them.
    pub(crate) async fn run(mut self, tx: &DatabaseTransaction) -> Result<(), DbError> {
        let mut left = self.rows();
        let mut values = std::mem::take(&mut self.values).into_iter();
        for size in ROWS_AT_ONCE {
            while left >= size {
                let text = self.text(tx, size, 0);
                let part: Vec<Value> = values.by_ref().take(size * self.columns).collect();
                tx.execute_raw(sql(tx, text, part)).await?;
                left -= size;
            }
        }
        Ok(())
    }

    /// The statement for `rows` rows, its parameters behind `after` others.
    fn text(&self, on: &impl ConnectionTrait, rows: usize, after: usize) -> String {
        let places = placeholders(on.get_database_backend(), rows, self.columns, after);
        format!("INSERT INTO {} VALUES {places}{}", self.into, self.rest)
    }
}

/// A statement and its values; its parameters stand in their order.
pub(crate) type Told = (&'static str, Vec<Value>);

/// Runs statements one after the other, on SQLite with one word.
pub(crate) async fn in_turn(tx: &DatabaseTransaction, mut all: Vec<Told>) -> Result<(), DbError> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        while !all.is_empty() {
            let some = all.drain(..all.len().min(STATEMENTS_TOGETHER_MAX));
            let (texts, values): (Vec<String>, Vec<Vec<Value>>) =
                some.map(|(text, values)| (in_order(text), values)).unzip();
            let text = texts.join("; ");
            tx.execute_raw(sql(tx, text, values.into_iter().flatten()))
                .await?;
        }
        return Ok(());
    }
    for (text, values) in all {
        tx.execute_raw(sql(tx, text, values)).await?;
    }
    Ok(())
}

/// Rows for several tables, none of which is read before all are written.
#[derive(Debug, Default)]
pub struct Together(Vec<Insert>);

impl Together {
    /// Adds rows.
    pub fn put(&mut self, rows: Insert) {
        if rows.rows() > 0 {
            self.0.push(rows);
        }
    }

    /// Writes all of them.
    pub async fn run(self, tx: &DatabaseTransaction) -> Result<(), DbError> {
        self.told(tx, None).await.map(drop)
    }

    /// Writes all of them, and runs `last` behind them: on how many rows it worked.
    pub(crate) async fn run_with(
        self,
        tx: &DatabaseTransaction,
        last: Told,
    ) -> Result<u64, DbError> {
        self.told(tx, Some(last)).await
    }

    async fn told(self, tx: &DatabaseTransaction, last: Option<Told>) -> Result<u64, DbError> {
        let rows: usize = self.0.iter().map(Insert::rows).sum();
        let parts = self.0.len() + usize::from(last.is_some());
        let postgres = tx.get_database_backend() == DbBackend::Postgres;
        if parts > 1 && !postgres && rows <= ROWS_TOGETHER_MAX {
            return self.in_a_row(tx, last).await;
        }
        if parts > 1 && postgres && rows <= ROWS_PLANNED_MAX {
            return self.at_once(tx, last).await;
        }
        for one in self.0 {
            one.run(tx).await?;
        }
        let Some((text, values)) = last else {
            return Ok(0);
        };
        Ok(tx.execute_raw(sql(tx, text, values)).await?.rows_affected())
    }

    /// SQLite takes several statements with one word.
    async fn in_a_row(self, tx: &DatabaseTransaction, last: Option<Told>) -> Result<u64, DbError> {
        // It counts the rows of all of them.
        let before: usize = self.0.iter().map(Insert::rows).sum();
        let before = u64::try_from(before).unwrap_or(u64::MAX);
        let texts = self.0.iter().map(|one| one.text(tx, one.rows(), 0));
        let mut texts: Vec<String> = texts.collect();
        debug_assert!(
            last.is_none() || self.0.iter().all(|one| one.rest.is_empty()),
            "rows that may be there already are not counted"
        );
        let mut values: Vec<Value> = self.0.into_iter().flat_map(|one| one.values).collect();
        if let Some((text, own)) = last {
            texts.push(in_order(text));
            values.extend(own);
        }
        let done = tx.execute_raw(sql(tx, texts.join("; "), values)).await?;
        Ok(done.rows_affected().saturating_sub(before))
    }

    /// PostgreSQL takes several statements as parts of one.
    async fn at_once(
        mut self,
        tx: &DatabaseTransaction,
        last: Option<Told>,
    ) -> Result<u64, DbError> {
        let (text, mut values) = match last {
            Some((text, values)) => (text.to_owned(), values),
            None => match self.0.pop() {
                Some(one) => (one.text(tx, one.rows(), 0), one.values),
                None => return Ok(0),
            },
        };
        let mut parts = Vec::with_capacity(self.0.len());
        for one in self.0 {
            let part = one.text(tx, one.rows(), values.len());
            parts.push(format!("i{} AS ({part})", parts.len()));
            values.extend(one.values);
        }
        let all = sql(tx, format!("WITH {} {text}", parts.join(", ")), values);
        Ok(tx.execute_raw(all).await?.rows_affected())
    }
}

/// The text with parameters that count on behind those of the statements before it.
fn in_order(text: &str) -> String {
    let mut pieces = text.split('$');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for (place, piece) in (1_usize..).zip(pieces) {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = piece
            .strip_suffix(rest)
            .and_then(|number| number.parse().ok());
        debug_assert_eq!(
            number,
            Some(place),
            "the parameters stand in their order: {text}"
        );
        out.push('?');
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, TransactionTrait};

    use super::{Insert, STATEMENTS_TOGETHER_MAX, Together, in_order, in_turn};
    use crate::base::db::{Access, connect, sql};

    #[test]
    fn parameters_that_stand_in_their_order_need_no_numbers() {
        assert_eq!(
            in_order("SET a = $1, b = $2 WHERE c = $3"),
            "SET a = ?, b = ? WHERE c = ?"
        );
        assert_eq!(in_order("RELEASE SAVEPOINT part"), "RELEASE SAVEPOINT part");
    }

    #[tokio::test]
    async fn the_last_statement_alone_is_counted_and_nothing_follows_one_that_fails() {
        let database = connect("sqlite::memory:", Access::Write)
            .await
            .expect("a database");
        for table in [
            "CREATE TABLE a (x INTEGER UNIQUE)",
            "CREATE TABLE head (y INTEGER)",
        ] {
            database.execute_unprepared(table).await.expect("a table");
        }
        database
            .execute_unprepared("INSERT INTO head VALUES (0)")
            .await
            .expect("a row");
        #[expect(clippy::disallowed_methods, reason = "nobody else writes here")]
        let tx = database.begin().await.expect("a transaction");
        for rows in [1_i64, 5, 100] {
            let mut all = Together::default();
            let numbers = (0..rows).map(|number| [(rows * 1000 + number).into()]);
            all.put(Insert::new("a (x)", numbers.collect()));
            let last = (
                "UPDATE head SET y = $1 WHERE y < $2",
                vec![rows.into(), rows.into()],
            );
            assert_eq!(all.run_with(&tx, last).await.expect("rows"), 1, "{rows}");
        }
        let mut none = Together::default();
        none.put(Insert::new("a (x)", vec![[7_i64.into()]]));
        let last = (
            "UPDATE head SET y = $1 WHERE y = $2",
            vec![9_i64.into(), 8_i64.into()],
        );
        assert_eq!(none.run_with(&tx, last).await.expect("rows"), 0);

        let put = |number: usize| {
            let number = i64::try_from(number).expect("small");
            ("INSERT INTO a VALUES ($1)", vec![number.into()])
        };
        // The number 7 is there.
        let all = (0..3 * STATEMENTS_TOGETHER_MAX).map(put).collect();
        in_turn(&tx, all).await.expect_err("one is there");
        let left = tx.query_one_raw(sql(
            &tx,
            "SELECT count(*) FROM a WHERE x BETWEEN 8 AND 99",
            [],
        ));
        let left = left.await.expect("an answer").expect("a row");
        assert_eq!(left.try_get_by_index::<i64>(0).expect("a number"), 0);
    }
}
