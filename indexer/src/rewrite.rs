//! The query with its typing errors replaced, for "did you mean".

use crate::analysis::Analyzer;
use crate::analysis::atoms::atoms;
use crate::plan::Variants;
use crate::query::{Node, print};

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
