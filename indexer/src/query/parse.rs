//! Reading a query.

use super::{
    FieldName, Node, Note, NoteKind, Parsed, QUERY_CHARS_MAX, QUERY_DEPTH_MAX, QUERY_TERMS_MAX,
    Ranges,
};
use super::{amount, date};
use crate::error::SearchError;

/// The fewest characters before an asterisk.
const PREFIX_CHARS_MIN: usize = 2;

/// Reads a query, in which fields of these names may stand beside those of the language.
///
/// # Errors
/// Only the limits: length, number of words, depth.
pub(crate) fn parse(query: &str, known: &[String]) -> Result<Parsed, SearchError> {
    let characters = query.chars().count();
    if characters > QUERY_CHARS_MAX {
        return Err(SearchError::TooLong { characters });
    }
    read(query, known).map_err(|error| in_characters(query, error))
}

/// Who reads the error counts characters.
fn in_characters(query: &str, error: SearchError) -> SearchError {
    let character = |at: usize| query.get(..at).map_or(0, |before| before.chars().count()) + 1;
    match error {
        SearchError::TooManyTerms { at } => SearchError::TooManyTerms { at: character(at) },
        SearchError::TooDeep { at } => SearchError::TooDeep { at: character(at) },
        other @ (SearchError::TooLong { .. }
        | SearchError::Limit { .. }
        | SearchError::Cursor
        | SearchError::Engine { .. }) => other,
    }
}

fn read(query: &str, known: &[String]) -> Result<Parsed, SearchError> {
    let mut reader = Reader {
        tokens: tokens(query, known)?,
        at: 0,
        notes: Vec::new(),
    };
    let mut parts = Vec::new();
    loop {
        parts.extend(reader.any(0)?);
        match reader.tokens.get(reader.at) {
            None => break,
            // A parenthesis that nobody opened.
            Some(token) => reader.notes.push(Note {
                at: token.at,
                kind: NoteKind::Parenthesis,
            }),
        }
        reader.at += 1;
    }
    if reader.tokens.iter().any(|token| token.open_phrase) {
        reader.notes.push(Note {
            at: query.len(),
            kind: NoteKind::OpenPhrase,
        });
    }
    Ok(Parsed {
        node: all_of(parts),
        notes: reader.notes,
    })
}

#[derive(Debug)]
struct Token {
    at: usize,
    kind: Kind,
    /// A phrase whose second mark is missing.
    open_phrase: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Or,
    And,
    Not,
    Phrase(String),
    Word(String),
    Field(FieldName),
    Value(String),
}

fn tokens(query: &str, known: &[String]) -> Result<Vec<Token>, SearchError> {
    let mut found = Vec::new();
    let mut rest = query;
    let mut words = 0;
    while let Some(c) = rest.chars().next() {
        let at = query.len() - rest.len();
        let behind = rest.get(c.len_utf8()..).unwrap_or("");
        let mut open_phrase = false;
        let kind = match c {
            _ if c.is_whitespace() => {
                rest = behind;
                continue;
            }
            '(' => {
                rest = behind;
                Kind::Open
            }
            ')' => {
                rest = behind;
                Kind::Close
            }
            '-' | '−' | '–' if !is_sign(&found, query, at, behind) => {
                rest = behind;
                if !behind.starts_with(|next: char| !next.is_whitespace() && next != ')') {
                    continue;
                }
                Kind::Not
            }
            _ if is_quote(c) => {
                let end = behind.find(is_quote);
                let text = end.and_then(|end| behind.get(..end)).unwrap_or(behind);
                open_phrase = end.is_none();
                rest = behind.get(text.len()..).unwrap_or("");
                rest = rest.strip_prefix(is_quote).unwrap_or(rest);
                Kind::Phrase(text.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            _ => {
                let end = rest.find(ends_word).unwrap_or(rest.len());
                let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
                let (kind, used) = word_kind(word, known);
                rest = word
                    .get(used..)
                    .filter(|tail| !tail.is_empty())
                    .map_or(behind, |_| query.get(at + used..).unwrap_or(""));
                kind
            }
        };
        words += match &kind {
            Kind::Phrase(text) => text.split_whitespace().count(),
            Kind::Word(_) => 1,
            Kind::Open
            | Kind::Close
            | Kind::Or
            | Kind::And
            | Kind::Not
            | Kind::Field(_)
            | Kind::Value(_) => 0,
        };
        if words > QUERY_TERMS_MAX {
            return Err(SearchError::TooManyTerms { at });
        }
        found.push(Token {
            at,
            kind,
            open_phrase,
        });
    }
    Ok(found)
}

/// Whether a dash at `at` belongs to a number: directly behind the name of a field that the house has made.
fn is_sign(found: &[Token], query: &str, at: usize, behind: &str) -> bool {
    let named = matches!(found.last().map(|token| &token.kind), Some(Kind::Value(_)));
    let directly = query.get(..at).is_some_and(|text| text.ends_with(':'));
    named && directly && behind.starts_with(|next: char| next.is_ascii_digit())
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '„' | '“' | '”' | '«' | '»')
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')') || is_quote(c)
}

/// A word, an operator, or the name of a field; and how many bytes of it were read.
fn word_kind(word: &str, known: &[String]) -> (Kind, usize) {
    match word {
        "ODER" | "OR" | "||" => return (Kind::Or, word.len()),
        "UND" | "AND" | "&&" => return (Kind::And, word.len()),
        "NICHT" | "NOT" => return (Kind::Not, word.len()),
        _ => {}
    }
    if let Some((name, _)) = word.split_once(':')
        && let Some(field) = FieldName::of(name)
    {
        return (Kind::Field(field), name.len() + 1);
    }
    if let Some((name, _)) = word.split_once(':') {
        let lower = name.to_lowercase();
        let bare = lower.strip_prefix("feld.").or(lower.strip_prefix("field."));
        let bare = bare.unwrap_or(&lower);
        if let Some(field) = known.iter().find(|field| *field == bare) {
            return (Kind::Value(field.clone()), name.len() + 1);
        }
    }
    (Kind::Word(word.to_owned()), word.len())
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    notes: Vec<Note>,
}

impl Reader {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn place(&self) -> usize {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(0, |token| token.at)
    }

    fn note(&mut self, kind: NoteKind) {
        self.notes.push(Note {
            at: self.place(),
            kind,
        });
    }

    /// Alternatives.
    fn any(&mut self, depth: usize) -> Result<Option<Node>, SearchError> {
        let mut parts = Vec::new();
        let mut wants_more = false;
        loop {
            match self.all(depth)? {
                Some(part) => parts.push(part),
                None if wants_more || self.peek() == Some(&Kind::Or) => {
                    self.note(NoteKind::Operator)
                }
                None => {}
            }
            wants_more = self.peek() == Some(&Kind::Or);
            if !wants_more {
                return Ok(any_of(parts));
            }
            self.at += 1;
        }
    }

    /// Everything up to the next alternative.
    fn all(&mut self, depth: usize) -> Result<Option<Node>, SearchError> {
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                None | Some(Kind::Or | Kind::Close) => return Ok(all_of(parts)),
                Some(Kind::And) => {
                    if parts.is_empty() {
                        self.note(NoteKind::Operator);
                    }
                    self.at += 1;
                }
                Some(
                    Kind::Open
                    | Kind::Not
                    | Kind::Phrase(_)
                    | Kind::Word(_)
                    | Kind::Field(_)
                    | Kind::Value(_),
                ) => {
                    parts.extend(self.one(depth)?);
                }
            }
        }
    }

    fn one(&mut self, depth: usize) -> Result<Option<Node>, SearchError> {
        let at = self.place();
        let Some(token) = self.tokens.get_mut(self.at) else {
            return Ok(None);
        };
        let kind = std::mem::replace(&mut token.kind, Kind::And);
        self.at += 1;
        match kind {
            Kind::Open => self.group(at, depth),
            Kind::Not => {
                if depth >= QUERY_DEPTH_MAX * 2 {
                    return Err(SearchError::TooDeep { at });
                }
                match self.peek() {
                    Some(
                        Kind::Open
                        | Kind::Not
                        | Kind::Phrase(_)
                        | Kind::Word(_)
                        | Kind::Field(_)
                        | Kind::Value(_),
                    ) => Ok(self.one(depth + 1)?.map(negated)),
                    None | Some(Kind::Close | Kind::Or | Kind::And) => {
                        self.note(NoteKind::Operator);
                        Ok(None)
                    }
                }
            }
            Kind::Phrase(text) => Ok(has_letters(&text).then_some(Node::Phrase(text))),
            Kind::Word(text) => Ok(self.word(text, at)),
            Kind::Field(field) => self.field(field, at, depth),
            Kind::Value(field) => self.value(field, at, depth),
            Kind::Close | Kind::Or | Kind::And => Ok(None),
        }
    }

    fn group(&mut self, at: usize, depth: usize) -> Result<Option<Node>, SearchError> {
        if depth >= QUERY_DEPTH_MAX {
            return Err(SearchError::TooDeep { at });
        }
        let inner = self.any(depth + 1)?;
        if self.peek() == Some(&Kind::Close) {
            self.at += 1;
        } else {
            self.notes.push(Note {
                at,
                kind: NoteKind::Parenthesis,
            });
        }
        Ok(inner)
    }

    fn word(&mut self, text: String, at: usize) -> Option<Node> {
        let Some(start) = text.strip_suffix('*') else {
            return has_letters(&text).then_some(Node::Word {
                text,
                prefix: false,
            });
        };
        let start = start
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_owned();
        let long = start.chars().filter(|c| c.is_alphanumeric()).count() >= PREFIX_CHARS_MIN;
        if !long {
            self.notes.push(Note {
                at,
                kind: NoteKind::ShortPrefix,
            });
        }
        has_letters(&start).then_some(Node::Word {
            text: start,
            prefix: long,
        })
    }

    fn field(
        &mut self,
        field: FieldName,
        at: usize,
        depth: usize,
    ) -> Result<Option<Node>, SearchError> {
        if !matches!(
            self.peek(),
            Some(Kind::Open | Kind::Phrase(_) | Kind::Word(_))
        ) {
            self.notes.push(Note {
                at,
                kind: NoteKind::EmptyField,
            });
            return Ok(None);
        }
        let text = match self.peek() {
            Some(Kind::Word(text) | Kind::Phrase(text)) => Some(text.clone()),
            _ => None,
        };
        let read = match (field, &text) {
            (FieldName::Date(field), Some(text)) => {
                date::range(text).map(|(from, to)| Node::Days { field, from, to })
            }
            (FieldName::Year, Some(text)) => {
                date::years(text).map(|(from, to)| Node::Years { from, to })
            }
            (FieldName::In(_) | FieldName::Date(_) | FieldName::Year, _) => None,
        };
        if let Some(node) = read {
            self.at += 1;
            return Ok(Some(node));
        }
        let value = self.one(depth + 1)?;
        match field {
            FieldName::In(place) => Ok(value.map(|value| inside(place, value))),
            FieldName::Date(_) | FieldName::Year => {
                self.notes.push(Note {
                    at,
                    kind: NoteKind::Date,
                });
                Ok(value)
            }
        }
    }
}

impl Reader {
    /// What stands in a field that the house has made: words, and a number or a date where it reads as one.
    fn value(
        &mut self,
        field: String,
        at: usize,
        depth: usize,
    ) -> Result<Option<Node>, SearchError> {
        let text = match self.peek() {
            Some(Kind::Word(text) | Kind::Phrase(text)) => Some(text.clone()),
            Some(Kind::Open) => None,
            _ => {
                let kind = NoteKind::EmptyField;
                self.notes.push(Note { at, kind });
                return Ok(None);
            }
        };
        let ranges = text.and_then(|written| {
            let (numbers, days) = (amount::range(&written), date::range(&written));
            (numbers.is_some() || days.is_some()).then_some(Ranges {
                written,
                numbers,
                days,
            })
        });
        // Words have no sign: a number below nothing is none of those above.
        let marks = ['<', '>', '≤', '≥', '-', '−', '–'];
        let bounded = |text: &str| text.contains("..") || text.starts_with(marks);
        if ranges
            .as_ref()
            .is_some_and(|ranges| bounded(&ranges.written))
        {
            self.at += 1;
            return Ok(Some(Node::Value {
                field,
                ranges,
                words: None,
            }));
        }
        let words = self.one(depth + 1)?;
        Ok(words.map(|words| match words {
            // A field inside a field: the inner one counts.
            Node::In(..) | Node::Days { .. } | Node::Years { .. } | Node::Value { .. } => words,
            Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Word { .. } | Node::Phrase(_) => {
                Node::Value {
                    field,
                    ranges,
                    words: Some(Box::new(words)),
                }
            }
        }))
    }
}

/// A field inside a field: the inner one counts.
fn inside(place: super::Place, value: Node) -> Node {
    match value {
        Node::In(..) | Node::Days { .. } | Node::Years { .. } | Node::Value { .. } => value,
        Node::Not(inner) => Node::Not(Box::new(inside(place, *inner))),
        Node::All(_) | Node::Any(_) | Node::Word { .. } | Node::Phrase(_) => {
            Node::In(place, Box::new(value))
        }
    }
}

fn negated(node: Node) -> Node {
    match node {
        Node::Not(inner) => *inner,
        other @ (Node::All(_)
        | Node::Any(_)
        | Node::Word { .. }
        | Node::Phrase(_)
        | Node::In(..)
        | Node::Days { .. }
        | Node::Value { .. }
        | Node::Years { .. }) => Node::Not(Box::new(other)),
    }
}

fn has_letters(text: &str) -> bool {
    text.chars().any(|c| c.is_alphanumeric() || c == '§')
}

/// Several parts as one; a list inside a list is one list.
fn all_of(parts: Vec<Node>) -> Option<Node> {
    let mut flat = Vec::new();
    for part in parts {
        if let Node::All(inner) = part {
            flat.extend(inner);
        } else {
            flat.push(part);
        }
    }
    if flat.len() > 1 {
        Some(Node::All(flat))
    } else {
        flat.pop()
    }
}

fn any_of(parts: Vec<Node>) -> Option<Node> {
    let mut flat = Vec::new();
    for part in parts {
        if let Node::Any(inner) = part {
            flat.extend(inner);
        } else {
            flat.push(part);
        }
    }
    if flat.len() > 1 {
        Some(Node::Any(flat))
    } else {
        flat.pop()
    }
}
