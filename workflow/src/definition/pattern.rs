//! What a text must look like.

use regex_lite::{Error, Regex, RegexBuilder};

use super::flaw::Flaw;

/// Most characters of a pattern.
pub const PATTERN_CHARS_MAX: usize = 200;
/// Most bytes of what is made of one: `[a-z]{9}{9}{9}` is short and large.
const COMPILED_BYTES_MAX: usize = 256 * 1024;
/// How deep its brackets go at most.
const DEPTH_MAX: u32 = 20;

/// What a text must look like: a regular expression that the whole text must match, in time that grows no faster
/// than text and pattern do.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As the definition has it.
    pub source: String,
    /// A text that matches: what people are told, and what is made up in simulations.
    pub example: String,
    whole: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.example == other.example
    }
}

fn compiled(source: &str) -> Result<Regex, Error> {
    let read = |source: &str| {
        RegexBuilder::new(source)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(DEPTH_MAX)
            .build()
    };
    // Alone first: `a)|(b` is none, though it would be one between brackets.
    read(source)?;
    read(&format!("\\A(?:{source})\\z"))
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn new(source: String, example: String) -> Result<Self, Flaw> {
        match compiled(&source) {
            Ok(whole) => Ok(Self {
                source,
                example,
                whole,
            }),
            Err(error) => Err(Flaw::of(&source, &error, compiled)),
        }
    }

    /// Whether a text looks like that.
    #[must_use]
    pub fn is_met_by(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(source: &str) -> Result<Pattern, Flaw> {
        Pattern::new(source.to_owned(), String::new())
    }

    #[test]
    fn the_whole_text_matches() {
        for (source, right, wrong) in [
            ("[0-9]{3}", "123", ["1234", "12", "x123", "123\n"]),
            ("a|b", "b", ["ab", "ba", "c", ""]),
            ("(?m)^a$", "a", ["a\nb", "b\na", "a\n", ""]),
        ] {
            let pattern = pattern(source).expect(source);
            assert!(pattern.is_met_by(right), "{source}");
            for wrong in wrong {
                assert!(!pattern.is_met_by(wrong), "{source}: {wrong:?}");
            }
        }
    }

    #[test]
    fn what_is_none_or_too_large_is_refused() {
        let deep = format!("{}a{}", "(".repeat(50), ")".repeat(50));
        for source in ["a)|(b", "[", "((((a{99}){99}){99}){99})", "(?=a)", &deep] {
            assert!(pattern(source).is_err(), "{source}");
        }
    }

    /// What makes other engines think for years.
    #[test]
    fn no_text_takes_long() {
        let pattern = pattern("(a*)*b").expect("a pattern");
        assert!(!pattern.is_met_by(&"a".repeat(8_000)));
    }
}
