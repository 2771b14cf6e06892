//! What is wrong with a source that is no template yet: every mistake of TOML; or each key that there is not, each value
//! of another kind, and what is missing.

use std::mem;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};

use super::{Complaint, line_of};
use crate::forms::sheet::Sheet;

/// How many complaints are said at once.
const COMPLAINTS_MAX: usize = 100;

/// All that is wrong; at least one complaint, where the source cannot be read.
pub(super) fn all(source: &str) -> Vec<Complaint> {
    let (mut root, errors) = DeTable::parse_recoverable(source);
    let errors = errors.iter().take(COMPLAINTS_MAX);
    let mut found: Vec<Complaint> = errors.map(|error| complaint(source, error)).collect();
    found.sort_by_key(|one| one.line);
    // What follows on the same line is the same mistake, mostly.
    found.dedup_by_key(|one| one.line);
    if !found.is_empty() {
        return found;
    }
    let mut dropped: Vec<String> = Vec::new();
    while found.len() < COMPLAINTS_MAX {
        let Err(error) = Sheet::deserialize(Deserializer::from(root.clone())) else {
            break;
        };
        let missing = between(error.message(), "missing field `");
        // What was complained about and taken out is not missing.
        let known = missing.and_then(|(key, _)| dropped.iter().position(|one| one == key));
        match known {
            Some(place) => drop(dropped.swap_remove(place)),
            None => found.push(complaint(source, &error)),
        }
        let Some(at) = error.span().map(|span| span.start) else {
            break;
        };
        let table = root.get_mut();
        // Without that, the next one is found.
        let goes_on = match missing {
            Some(_) => without_entry(table, at),
            None => without_key(table, at, &mut dropped) || without_entry(table, at),
        };
        if !goes_on {
            break;
        }
    }
    found.sort_by_key(|one| one.line);
    found
}

/// What stands between a beginning and the next backtick, and what follows.
fn between<'m>(message: &'m str, begin: &str) -> Option<(&'m str, &'m str)> {
    message.strip_prefix(begin)?.split_once('`')
}

fn complaint(source: &str, error: &Error) -> Complaint {
    let at = error.span().map_or(0, |span| span.start);
    let message = error.message();
    let possible = |rest: &str| {
        let words = rest.trim_start_matches(", expected ");
        let words = words.trim_start_matches("one of ").replace('`', "");
        format!("Möglich sind: {}.", words.replace(" or ", ", "))
    };
    let manual = "Welche Schlüssel es gibt, steht in docs/forms.md.";
    let (key, said, remedy) = if let Some((key, rest)) = between(message, "unknown field `") {
        let said = format!("Den Schlüssel „{key}“ gibt es hier nicht.");
        (key, said, possible(rest))
    } else if let Some((word, rest)) = between(message, "unknown variant `") {
        let said = format!("Das Wort „{word}“ gibt es hier nicht.");
        ("", said, possible(rest))
    } else if let Some((key, _)) = between(message, "missing field `") {
        let remedy = format!("Bitte angeben. {manual}");
        (key, format!("„{key}“ fehlt."), remedy)
    } else {
        let said = format!("Das ist nicht zu lesen: {message}.");
        ("", said, manual.to_owned())
    };
    Complaint {
        line: line_of(source, at),
        key: key.to_owned(),
        said,
        remedy,
    }
}

/// Takes out the key that stands there, or whose value does; says whether there was one.
fn without_key(table: &mut DeTable<'_>, at: usize, dropped: &mut Vec<String>) -> bool {
    let mut found = false;
    let mut kept = DeTable::new();
    for (key, mut value) in mem::take(table) {
        if key.span().start == at {
            found = true;
        } else if value.span().start == at && !value.get_ref().is_array() {
            dropped.push(key.get_ref().to_string());
            found = true;
        } else {
            found = found || without_key_in(&mut value, at, dropped);
            kept.insert(key, value);
        }
    }
    *table = kept;
    found
}

fn without_key_in(value: &mut Spanned<DeValue<'_>>, at: usize, dropped: &mut Vec<String>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => without_key(table, at, dropped),
        DeValue::Array(array) => array.iter_mut().any(|one| without_key_in(one, at, dropped)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}

/// Takes out the entry of a list in which this stands; says whether there was one.
fn without_entry(table: &mut DeTable<'_>, at: usize) -> bool {
    let mut found = false;
    for (_, value) in table.iter_mut() {
        let DeValue::Array(array) = value.get_mut() else {
            continue;
        };
        let mut rest = DeArray::new();
        for one in array.iter().filter(|one| !holds(one, at)) {
            rest.push(one.clone());
        }
        if rest.len() < array.len() {
            found = true;
            *array = rest;
        }
    }
    found
}

/// Whether a place lies within a value: tables with a head of their own span no more than that.
fn holds(value: &Spanned<DeValue<'_>>, at: usize) -> bool {
    let span = value.span();
    if span.start == at || span.contains(&at) {
        return true;
    }
    match value.get_ref() {
        DeValue::Table(table) => table
            .iter()
            .any(|(key, value)| key.span().start == at || holds(value, at)),
        DeValue::Array(array) => array.iter().any(|one| holds(one, at)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}
