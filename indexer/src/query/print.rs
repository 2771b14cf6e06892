//! A query written back, so that reading it again gives the same.

use super::{DateField, FieldName, Node, Place, Ranges};
use crate::entry::Day;

/// The query as text.
pub(crate) fn print(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out, false);
    out
}

fn write(node: &Node, out: &mut String, inner: bool) {
    match node {
        Node::All(parts) => group(parts, " ", out, inner),
        Node::Any(parts) => group(parts, " ODER ", out, inner),
        Node::Not(part) => {
            out.push('-');
            write(part, out, true);
        }
        Node::Word { text, prefix } => {
            out.push_str(text);
            if *prefix {
                out.push('*');
            }
        }
        Node::Phrase(text) => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        Node::In(place, part) => {
            out.push_str(name(FieldName::In(*place)));
            out.push(':');
            write(part, out, true);
        }
        Node::Days { field, from, to } => {
            out.push_str(name(FieldName::Date(*field)));
            out.push(':');
            days(*from, *to, out);
        }
        Node::Value {
            field,
            ranges,
            words,
        } => value(field, ranges.as_ref(), words.as_deref(), out),
        Node::Years { from, to } => {
            out.push_str(name(FieldName::Year));
            out.push(':');
            match (from, to) {
                (0, to) => out.push_str(&format!("..{to:04}")),
                (from, 9999) => out.push_str(&format!("{from:04}..")),
                (from, to) if from == to => out.push_str(&format!("{from:04}")),
                (from, to) => out.push_str(&format!("{from:04}..{to:04}")),
            }
        }
    }
}

fn value(field: &str, ranges: Option<&Ranges>, words: Option<&Node>, out: &mut String) {
    out.push_str(field);
    out.push(':');
    match (words, ranges) {
        (Some(words), _) => write(words, out, true),
        (None, Some(ranges)) if ranges.written.contains(' ') => {
            out.push('"');
            out.push_str(&ranges.written);
            out.push('"');
        }
        (None, Some(ranges)) => out.push_str(&ranges.written),
        (None, None) => {}
    }
}

fn name(field: FieldName) -> &'static str {
    field.german()
}

fn group(parts: &[Node], between: &str, out: &mut String, inner: bool) {
    if inner {
        out.push('(');
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        write(part, out, true);
    }
    if inner {
        out.push(')');
    }
}

fn days(from: Option<Day>, to: Option<Day>, out: &mut String) {
    if let Some(from) = from {
        out.push_str(&from.to_string());
    }
    if from != to {
        out.push_str("..");
        if let Some(to) = to {
            out.push_str(&to.to_string());
        }
    }
}

/// The German names of the parts, for explanations.
pub(crate) fn place_in_german(place: Place) -> &'static str {
    match place {
        Place::Value(_) => "feld",
        Place::Text
        | Place::Title
        | Place::Reference
        | Place::Correspondent
        | Place::Kind
        | Place::Department
        | Place::Tag
        | Place::File => FieldName::In(place).german(),
    }
}

/// The German names of the dates, for explanations.
pub(crate) fn date_in_german(field: DateField) -> &'static str {
    FieldName::Date(field).german()
}
