//! What is undone by itself, within the one transaction.

use sea_orm::DatabaseTransaction;

use crate::base::db::DbError;
use crate::base::insert::in_turn;

/// What is undone alone: a unit, and a part of one within it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Savepoint {
    Unit,
    Part,
}

impl Savepoint {
    const fn begins(self) -> &'static str {
        match self {
            Self::Unit => "SAVEPOINT unit",
            Self::Part => "SAVEPOINT part",
        }
    }

    pub(super) const fn ends(self) -> &'static str {
        match self {
            Self::Unit => "RELEASE SAVEPOINT unit",
            Self::Part => "RELEASE SAVEPOINT part",
        }
    }

    const fn is_undone(self) -> &'static str {
        match self {
            Self::Unit => "ROLLBACK TO SAVEPOINT unit",
            Self::Part => "ROLLBACK TO SAVEPOINT part",
        }
    }

    /// Begins it, within what was begun before. The driver's own way costs twice the words.
    pub(super) async fn begin(self, tx: &DatabaseTransaction) -> Result<(), DbError> {
        in_turn(tx, vec![(self.begins(), Vec::new())]).await
    }

    /// Keeps what was done since, as far as the transaction is kept.
    pub(super) async fn release(self, tx: &DatabaseTransaction) -> Result<(), DbError> {
        in_turn(tx, vec![(self.ends(), Vec::new())]).await
    }

    /// Undoes what was done since, with whatever was begun within it and not ended.
    pub(super) async fn undo(self, tx: &DatabaseTransaction) -> Result<(), DbError> {
        let both = [self.is_undone(), self.ends()];
        in_turn(tx, both.map(|text| (text, Vec::new())).into()).await
    }
}
