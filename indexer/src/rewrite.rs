//! The query with its typing errors replaced, for "did you mean".

use crate::analysis::Analyzer;
use crate::analysis::atoms::atoms;
use crate::plan::Variants;
use crate::query::{Node, print};

/// The query with neighbouring words written as one where that is a word: `Kinder Garten`. `None` if
/// there are none.
pub(crate) fn join_words<E>(
    node: &Node,
    mut is_word: impl FnMut(&str) -> Result<bool, E>,
) -> Result<Option<Node>, E> {
    let Node::All(parts) = node else {
        return Ok(None);
    };
    let mut joined: Vec<Node> = Vec::with_capacity(parts.len());
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        at += 1;
        if let (Some(left), Some(right)) = (plain(part), parts.get(at).and_then(plain)) {
            let text = format!("{left}{}", right.to_lowercase());
            if is_word(&text)? {
                joined.push(Node::Word {
                    text,
                    prefix: false,
                });
                at += 1;
                continue;
            }
        }
        joined.push(part.clone());
    }
    Ok((joined.len() < parts.len()).then_some(Node::All(joined)))
}

fn plain(node: &Node) -> Option<&str> {
    match node {
        Node::Word {
            text,
            prefix: false,
        } => text.chars().all(char::is_alphabetic).then_some(text),
        Node::All(_)
        | Node::Any(_)
        | Node::Not(_)
        | Node::Word { .. }
        | Node::Phrase(_)
        | Node::In(..)
        | Node::Value { .. }
        | Node::Days { .. }
        | Node::Years { .. } => None,
    }
}

/// The query as it should have been typed.
pub(crate) fn rewrite(node: &Node, variants: &Variants, analyzer: &mut Analyzer) -> String {
    print(&replace(node, variants, analyzer))
}

fn replace(node: &Node, variants: &Variants, analyzer: &mut Analyzer) -> Node {
    match node {
        Node::All(parts) => Node::All(
            parts
                .iter()
                .map(|part| replace(part, variants, analyzer))
                .collect(),
        ),
        Node::Any(parts) => Node::Any(
            parts
                .iter()
                .map(|part| replace(part, variants, analyzer))
                .collect(),
        ),
        Node::In(place, inner) => Node::In(*place, Box::new(replace(inner, variants, analyzer))),
        Node::Word {
            text,
            prefix: false,
        } => Node::Word {
            text: corrected(text, variants, analyzer),
            prefix: false,
        },
        Node::Not(_)
        | Node::Word { .. }
        | Node::Phrase(_)
        | Node::Days { .. }
        | Node::Years { .. } => node.clone(),
        Node::Value {
            field,
            ranges,
            words,
        } => Node::Value {
            field: field.clone(),
            ranges: ranges.clone(),
            words: words
                .as_ref()
                .map(|words| Box::new(replace(words, variants, analyzer))),
        },
    }
}

fn corrected(text: &str, variants: &Variants, analyzer: &mut Analyzer) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for atom in atoms(text) {
        let stem = &analyzer.word(&atom.text).stem.clone();
        let Some(best) = variants.get(stem).and_then(|variants| variants.first()) else {
            continue;
        };
        out.push_str(text.get(end..atom.start).unwrap_or(""));
        out.push_str(&best.written);
        end = atom.end;
    }
    out.push_str(text.get(end..).unwrap_or(""));
    out
}
