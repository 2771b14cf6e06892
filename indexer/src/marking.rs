//! Which stretches of a text a query asks for, without an index: what a page shows of a hit.
//!
//! The words of the query are read as a search reads them and the text as the index reads it, so that the
//! same words fall together. What only an index knows, such as typing errors, is not looked for.

use std::ops::Range;

use crate::analysis::Analyzer;
use crate::analysis::complex::Group;
use crate::analysis::fold::fold_start;
use crate::analysis::question::Unit;
use crate::error::SearchError;
use crate::plan::Mark;
use crate::query::{Node, Place, parse};
use crate::snippet::marks_in;

/// The words of a page repeat; more need not be remembered.
const WORDS_MAX: usize = 10_000;

/// The stretches of `text`, in bytes, that `query` asks for; `fields` are the names of fields of the house
/// that it may name. They do not overlap.
///
/// # Errors
///
/// Where the query goes beyond a limit, as in a search.
pub fn marked(
    query: &str,
    fields: &[String],
    text: &str,
) -> Result<Vec<Range<usize>>, SearchError> {
    let Some(node) = parse(query, fields)?.node else {
        return Ok(Vec::new());
    };
    let mut analyzer = Analyzer::new(WORDS_MAX);
    let mut wanted = Wanted {
        analyzer: &mut analyzer,
        marks: Vec::new(),
    };
    wanted.node(&node, true);
    let marks = wanted.marks;
    // Beside words that mean something, stop words are noise, as in a search.
    let stop_words = marks.iter().all(|(_, stop_word)| *stop_word);
    let marks = marks
        .iter()
        .filter(|(_, stop_word)| stop_words || !stop_word)
        .map(|(mark, _)| mark);
    let found = marks_in(text, marks, &mut analyzer);
    Ok(found.into_iter().map(|mark| mark.range).collect())
}

/// Gathers what a query asks of a text.
struct Wanted<'a> {
    analyzer: &'a mut Analyzer,
    /// Each with whether it is a stop word.
    marks: Vec<(Mark, bool)>,
}

impl Wanted<'_> {
    fn node(&mut self, node: &Node, positive: bool) {
        match node {
            Node::All(parts) => {
                // Words that follow each other may be one number.
                let mut run: Vec<&str> = Vec::new();
                for part in parts {
                    if let Node::Word {
                        text,
                        prefix: false,
                    } = part
                    {
                        run.push(text);
                        continue;
                    }
                    self.words(&std::mem::take(&mut run).join(" "), positive);
                    self.node(part, positive);
                }
                self.words(&run.join(" "), positive);
            }
            Node::Any(parts) => parts.iter().for_each(|part| self.node(part, positive)),
            Node::Not(inner) => self.node(inner, !positive),
            Node::Word {
                text,
                prefix: false,
            } => self.words(text, positive),
            Node::Word { text, prefix: true } => {
                let folded = fold_start(text);
                let start = folded.chars().filter(|c| c.is_alphanumeric()).collect();
                self.mark(Mark::Prefix(start), positive);
            }
            Node::Phrase(text) => {
                let (mut terms, mut verbs) = (Vec::new(), Vec::new());
                for unit in self.analyzer.question(text) {
                    unit.phrase_terms(&mut terms);
                    unit.verb_terms(&mut verbs);
                }
                if verbs != terms {
                    self.together(verbs, positive);
                }
                self.together(terms, positive);
            }
            Node::In(Place::Text, inner) => self.node(inner, positive),
            // What is asked of the title, a field or a date stands nowhere on the page.
            Node::In(
                Place::Title
                | Place::Reference
                | Place::Correspondent
                | Place::Kind
                | Place::Department
                | Place::Tag
                | Place::File
                | Place::Value(_),
                _,
            )
            | Node::Days { .. }
            | Node::Years { .. }
            | Node::Value { .. } => {}
        }
    }

    fn words(&mut self, text: &str, positive: bool) {
        for unit in self.analyzer.question(text) {
            self.unit(&unit, positive);
        }
    }

    fn unit(&mut self, unit: &Unit, positive: bool) {
        match unit {
            Unit::Word { word, .. } => {
                let stop_word = unit.is_stop_word();
                if positive {
                    self.marks.push((Mark::Word(word.stem.clone()), stop_word));
                    self.marks.push((Mark::Part(word.stem.clone()), stop_word));
                    let parted = self.analyzer.parted_term(word);
                    self.marks
                        .extend(parted.map(|verb| (Mark::Word(verb), stop_word)));
                }
            }
            Unit::Code { terms, .. } => {
                for term in terms {
                    self.mark(Mark::Word(term.clone()), positive);
                }
            }
            Unit::Group {
                group,
                terms,
                joined,
                atoms,
                ..
            } => {
                for term in terms {
                    let size = term.chars().filter(|c| c.is_alphanumeric()).count();
                    self.mark(Mark::Code(term.clone(), size), positive);
                }
                if let Some(word) = joined {
                    self.mark(Mark::Word(word.stem.clone()), positive);
                    self.mark(Mark::Part(word.stem.clone()), positive);
                }
                let mut pieces = Vec::new();
                atoms.iter().for_each(|atom| atom.phrase_terms(&mut pieces));
                match group {
                    Group::Telephone | Group::Spaced => {
                        for piece in pieces {
                            self.mark(Mark::Word(piece), positive);
                        }
                    }
                    Group::Code | Group::Amount => self.together(pieces, positive),
                    Group::Date | Group::Account | Group::Joined | Group::Section => {
                        if pieces.len() > 1 {
                            self.together(pieces, positive);
                        }
                    }
                }
            }
        }
    }

    /// Terms that stand behind each other.
    fn together(&mut self, mut terms: Vec<String>, positive: bool) {
        match (terms.pop(), terms.is_empty()) {
            (Some(only), true) => self.mark(Mark::Word(only), positive),
            (Some(last), false) => {
                terms.push(last);
                self.mark(Mark::Phrase(terms), positive);
            }
            (None, _) => {}
        }
    }

    fn mark(&mut self, mark: Mark, positive: bool) {
        if positive {
            self.marks.push((mark, false));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, text: &str, expect: &[&str]) {
        let found = marked(query, &[], text).expect("a short query");
        let found: Vec<_> = found.into_iter().filter_map(|at| text.get(at)).collect();
        assert_eq!(found, expect, "{query}");
    }

    #[test]
    fn the_forms_of_a_word_are_marked_and_its_parts() {
        let text = "Die Genehmigung vom 5. März; Baugenehmigungen anbei.";
        let both = ["Genehmigung", "Baugenehmigungen"];
        check("Genehmigungen", text, &both);
        check("die Genehmigungen", text, &both);
        check("die", text, &["Die"]);
        check("Geneh*", text, &["Genehmigung"]);
        check("Genehmigung -März", text, &both);
        check("", text, &[]);
    }

    #[test]
    fn what_stands_together_is_marked_as_one() {
        let text = "Bescheid über den Antrag vom 05.03.2026, Antrag abgelehnt.";
        check("\"Antrag abgelehnt\"", text, &["Antrag abgelehnt"]);
        check("text:Bescheid", text, &["Bescheid"]);
        check("titel:Bescheid", text, &[]);
        check("Kfz-Steuer", "Die Kfz-Steuer ist fällig", &["Kfz-Steuer"]);
    }

    #[test]
    fn a_word_broken_at_the_end_of_a_line_is_one() {
        check(
            "Verwaltung",
            "die Verwal-\ntung der Stadt",
            &["Verwal-\ntung"],
        );
    }

    #[test]
    fn what_no_search_reads_is_refused() {
        assert!(marked(&"a".repeat(3_000), &[], "").is_err());
    }
}
