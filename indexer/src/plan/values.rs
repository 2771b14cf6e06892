//! Numbers, days and years that a query asks for, and fields of the house.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::RangeQuery;

use super::{Planner, Scope};
use crate::clauses::{Boxed, constant, days_between, micros_between, numbers_between, union};
use crate::entry::{Day, FieldNumber};
use crate::explain::Explained;
use crate::query::{DateField, Node, Place, Ranges};

impl Planner<'_> {
    /// What stands in a field of the house: any reading of it that fits.
    pub(super) fn value(
        &mut self,
        field: &str,
        ranges: Option<&Ranges>,
        words: Option<&Node>,
        scope: Scope,
    ) -> Option<Boxed> {
        let mut any: Vec<Boxed> = Vec::new();
        if let Some(ranges) = ranges {
            let explained = Explained::value(field, &ranges.written, !scope.positive);
            self.plan.explained.push(explained);
            let number = |number: Option<i64>| number.map(FieldNumber::Millionths);
            let day = |day: Option<Day>| day.map(FieldNumber::Day);
            let values = self.fields.values;
            if let Some((from, to)) = ranges.numbers {
                let ends = (number(from), number(to));
                any.push(numbers_between(
                    values,
                    field,
                    FieldNumber::Millionths(0),
                    ends,
                ));
            }
            if let Some((from, to)) = ranges.days {
                let ends = (day(from), day(to));
                any.push(numbers_between(
                    values,
                    field,
                    FieldNumber::Day(Day(0)),
                    ends,
                ));
            }
        }
        if let Some(words) = words {
            let place = Some(Place::Value(self.named.len()));
            self.named.push(field.to_owned());
            any.extend(self.node(words, Scope { place, ..scope }));
        }
        union(any)
    }

    pub(super) fn days(&mut self, field: DateField, from: Option<Day>, to: Option<Day>) -> Boxed {
        self.plan.explained.push(Explained::days(field, from, to));
        match field {
            DateField::Document => days_between(self.fields.document_date, from, to),
            DateField::Received => micros_between(self.fields.received_at, from, to),
        }
    }

    pub(super) fn years(&mut self, from: i32, to: i32) -> Boxed {
        self.plan.explained.push(Explained::years(from, to));
        let bound = |year: i32| {
            Bound::Included(Term::from_field_u64(
                self.fields.year,
                u64::try_from(year).unwrap_or(0),
            ))
        };
        constant(Box::new(RangeQuery::new(bound(from), bound(to))))
    }
}
