//! Small pieces that queries are put together from.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::entry::{Day, FieldNumber, micros_of_day};
use crate::schema::number_term;

/// Any query.
pub(crate) type Boxed = Box<dyn Query>;

/// A term, counted more or less.
pub(crate) fn weighted(field: Field, term: &str, weight: f32) -> Boxed {
    let term = Term::from_field_text(field, term);
    let query = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
    if (weight - 1.0).abs() < f32::EPSILON {
        query
    } else {
        Box::new(BoostQuery::new(query, weight))
    }
}

/// A condition that makes no hit better.
pub(crate) fn constant(query: Boxed) -> Boxed {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

/// Alternatives; one stands for itself.
pub(crate) fn union(mut any: Vec<Boxed>) -> Option<Boxed> {
    match any.len() {
        0 => None,
        1 => any.pop(),
        _ => Some(Box::new(BooleanQuery::union(any))),
    }
}

/// All of these and none of those.
pub(crate) fn boolean(mut musts: Vec<Boxed>, nots: Vec<Boxed>) -> Option<Boxed> {
    if nots.is_empty() && musts.len() < 2 {
        return musts.pop();
    }
    if musts.is_empty() {
        musts.push(constant(Box::new(AllQuery)));
    }
    let musts = musts.into_iter().map(|query| (Occur::Must, query));
    let nots = nots.into_iter().map(|query| (Occur::MustNot, query));
    Some(Box::new(BooleanQuery::new(musts.chain(nots).collect())))
}

fn bound(value: Option<Term>) -> Bound<Term> {
    value.map_or(Bound::Unbounded, Bound::Included)
}

/// Civil days, both ends included.
pub(crate) fn days_between(field: Field, from: Option<Day>, to: Option<Day>) -> Boxed {
    let term = |day: Day| Term::from_field_i64(field, i64::from(day.0));
    // At least one end must name the field.
    let from = from.or(to.is_none().then_some(Day(i32::MIN)));
    constant(Box::new(RangeQuery::new(
        bound(from.map(term)),
        bound(to.map(term)),
    )))
}

/// Instants of whole days, in UTC, both ends included.
pub(crate) fn micros_between(field: Field, from: Option<Day>, to: Option<Day>) -> Boxed {
    let start = from.map(micros_of_day);
    let end = to.map(|day| micros_of_day(Day(day.0.saturating_add(1))) - 1);
    instants_between(field, start, end)
}

/// Instants in microseconds, both ends included.
pub(crate) fn instants_between(field: Field, from: Option<i64>, to: Option<i64>) -> Boxed {
    let from = from.or(to.is_none().then_some(i64::MIN));
    let term = |value: i64| Term::from_field_i64(field, value);
    constant(Box::new(RangeQuery::new(
        bound(from.map(term)),
        bound(to.map(term)),
    )))
}

/// Numbers in a field of the house, both ends included; `like` says of which kind they are where an end is open.
pub(crate) fn numbers_between(
    values: Field,
    field: &str,
    like: FieldNumber,
    (from, to): (Option<FieldNumber>, Option<FieldNumber>),
) -> Boxed {
    let (lowest, highest) = match like {
        FieldNumber::Millionths(_) => (
            FieldNumber::Millionths(i64::MIN),
            FieldNumber::Millionths(i64::MAX),
        ),
        FieldNumber::Day(_) => (
            FieldNumber::Day(Day(i32::MIN)),
            FieldNumber::Day(Day(i32::MAX)),
        ),
    };
    // Other fields stand beside it among the terms: both ends must be named.
    let end = |number: FieldNumber| {
        let term = number_term(field, number);
        Bound::Included(Term::from_field_text(values, &term))
    };
    constant(Box::new(RangeQuery::new(
        end(from.unwrap_or(lowest)),
        end(to.unwrap_or(highest)),
    )))
}
