//! Whether each row of a table can be met.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::definition::{Definition, FieldKind};
use crate::expr::{Expr, known};
use crate::instance::Value;

/// What a table is asked for: these, or anything.
type Asked = Option<BTreeSet<String>>;

impl Reader {
    /// A row that nothing asks for is misspelled. Only of what is one of a few that can be said.
    pub(super) fn tables(&mut self, definition: &Definition) {
        let mut tables: BTreeMap<&str, Asked> = BTreeMap::new();
        for expr in super::expressions(definition) {
            expr.walk(&mut |expr| {
                if let Expr::Lookup { table, key } = expr {
                    let all = tables.entry(table).or_insert_with(|| Some(BTreeSet::new()));
                    match (asked(definition, key), all.as_mut()) {
                        (Some(more), Some(all)) => all.extend(more),
                        _ => *all = None,
                    }
                }
            });
        }
        for (table, from, at) in std::mem::take(&mut self.known.rows) {
            let Some(Some(all)) = tables.get(table.as_str()) else {
                continue;
            };
            if !all.contains(&from) {
                let said =
                    format!("Diese Zeile trifft nie zu: Nach „{from}“ wird nirgends gesehen.");
                let all: Vec<_> = all.iter().cloned().collect();
                self.complain(&at, said, known("Nachgesehen wird nach", &all));
            }
        }
    }
}

/// What can stand in what is looked up. None: anything.
fn asked(definition: &Definition, key: &Expr) -> Asked {
    if let Expr::Literal(Value::Text(text)) = key {
        return Some(BTreeSet::from([text.clone()]));
    }
    let Expr::Field(key) = key else {
        return None;
    };
    match &definition.field(key)?.kind {
        FieldKind::Choice(entries) => {
            Some(entries.iter().map(|entry| entry.value.clone()).collect())
        }
        FieldKind::YesNo => Some([true, false].map(|one| one.to_string()).into()),
        FieldKind::Text { .. }
        | FieldKind::Time
        | FieldKind::Number
        | FieldKind::Money
        | FieldKind::Day
        | FieldKind::Who
        | FieldKind::Whos
        | FieldKind::Document => None,
    }
}
