//! What is wrong with what should be a regular expression, and where: the engine says the former in English and the
//! latter not at all.

use regex_lite::{Error, Regex};

/// What is wrong with a regular expression, and at which of its characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    what: What,
    /// From 1.
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    RoundOpen,
    RoundShut,
    SquareOpen,
    Range,
    Repetition,
    Count,
    Escape,
    LookAround,
    Reference,
    Unicode,
    Nested,
    Question,
    Deep,
    Large,
    /// What the engine says in words that nobody knows here.
    Other,
}

/// What the engine says, word for word.
const SAID: &[(What, &[&str])] = &[
    (
        What::RoundOpen,
        &[
            "found open group without closing ')'",
            "expected closing ')', but got end of pattern",
            "expected capture group name, but got end of pattern",
            "expected end of capture group name, but got end of pattern",
            "expected ':' or ')' to end inline flags, but got end of pattern",
        ],
    ),
    (What::RoundShut, &["found closing ')' without matching '('"]),
    (
        What::SquareOpen,
        &[
            "found unclosed character class",
            "non-empty character class has no closing bracket",
            "non-empty character class has no closing bracket after dash",
            "negated character class has no closing bracket",
            "character class begins with literal ']' but has no closing bracket",
        ],
    ),
    (
        What::Range,
        &[
            "invalid range in character class",
            "character class ranges must start and end with a single character",
        ],
    ),
    (
        What::Repetition,
        &[
            "uncounted repetition operator must be applied to a sub-expression",
            "counted repetition operator must be applied to a sub-expression",
        ],
    ),
    (
        What::Count,
        &[
            "found unclosed counted repetition operator",
            "found incomplete and unclosed counted repetition operator",
            "found counted repetition operator with a comma that is unclosed",
            "found counted repetition with min and max that is unclosed",
            "expected closing brace for counted repetition, but got something else",
            "found counted repetition with a min bigger than its max",
            "found start of special word boundary or repetition without an end",
            "expected decimal number, but found no digits",
            "got invalid decimal number",
        ],
    ),
    (
        What::Escape,
        &[
            "saw start of escape sequence, but saw end of pattern before it finished",
            "unrecognized escape sequence",
            "invalid escape sequence in character class",
            "expected hexadecimal number in braces, but got non-hex digit",
            "expected hexadecimal number, but saw end of pattern before closing brace",
            "expected hexadecimal number in braces, but got no digits",
            "got invalid hexadecimal number in braces",
            "expected fixed length hexadecimal number, but saw end of pattern first",
            "expected fixed length hexadecimal number, but got non-hex digit",
            "got invalid fixed length hexadecimal number",
            "expected hexadecimal number, but saw end of pattern first",
            "special word boundary assertion is unclosed or has an invalid character",
            "special word boundary assertion is unrecognized",
        ],
    ),
    (What::LookAround, &["look-around is not supported"]),
    (What::Reference, &["backreferences are not supported"]),
    (
        What::Unicode,
        &["Unicode character classes are not supported"],
    ),
    (
        What::Nested,
        &[
            "nested character classes are not supported",
            "character class intersection is not supported",
            "character class difference is not supported",
            "character class symmetric difference is not supported",
        ],
    ),
    (
        What::Question,
        &[
            "empty flag directive '(?)' is not allowed",
            "invalid group name",
            "empty capture group names are not allowed",
            "duplicate capture group name",
            "unrecognized inline flag",
            "inline flag negation cannot be repeated",
            "duplicate inline flag is not allowed",
            "inline flags cannot end with negation directive",
        ],
    ),
    (What::Deep, &["pattern has too much nesting"]),
    (
        What::Large,
        &[
            "compiled regex exceeded size limit",
            "too many capture groups",
        ],
    ),
];

impl What {
    fn of(error: &Error) -> Self {
        let said = error.to_string();
        let is_said = |all: &[&str]| all.iter().any(|one| *one == said);
        let known = SAID.iter().find(|(_, all)| is_said(all));
        known.map_or(Self::Other, |(what, _)| *what)
    }

    /// In German behind `bei Zeichen 3`, in English behind `at character 3`.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::RoundOpen => (
                "öffnet eine runde Klammer, die nicht geschlossen wird",
                "a round bracket opens that is not closed",
            ),
            Self::RoundShut => (
                "schließt eine runde Klammer, die nicht geöffnet wurde",
                "a round bracket closes that was not opened",
            ),
            Self::SquareOpen => (
                "öffnet eine eckige Klammer, die nicht geschlossen wird",
                "a square bracket opens that is not closed",
            ),
            Self::Range => (
                "endet ein Bereich, der nicht von einem Zeichen zu einem späteren geht",
                "a range ends that does not go from one character to a later one",
            ),
            Self::Repetition => (
                "steht eine Wiederholung, vor der nichts steht",
                "there is a repetition with nothing before it",
            ),
            Self::Count => (
                "steht in geschweiften Klammern keine Anzahl wie {3} oder {2,5}",
                "there is no count like {3} or {2,5} in the curly brackets",
            ),
            Self::Escape => (
                "steht ein \\ ohne ein Zeichen, das damit etwas bedeutet",
                "there is a \\ without a character that means something with it",
            ),
            Self::LookAround => (
                "steht ein Blick voraus oder zurück; den gibt es hier nicht",
                "there is a look ahead or behind, which there is not here",
            ),
            Self::Reference => (
                "steht ein Verweis wie \\1; den gibt es hier nicht",
                "there is a reference like \\1, which there is not here",
            ),
            Self::Unicode => (
                "steht eine Klasse von Unicode wie \\p; die gibt es hier nicht",
                "there is a class of Unicode like \\p, which there is not here",
            ),
            Self::Nested => (
                "steht in eckigen Klammern noch eine, oder &&, -- oder ~~; das gibt es hier nicht",
                "there is another square bracket in square brackets, or &&, -- or ~~, which there is not here",
            ),
            Self::Question => (
                "steht hinter (? etwas, das es nicht gibt",
                "there is something behind (? that there is not",
            ),
            Self::Deep => (
                "stehen zu viele Klammern ineinander",
                "too many brackets stand in one another",
            ),
            Self::Large => ("wird er zu groß", "it becomes too large"),
            Self::Other => ("lässt er sich nicht lesen", "it cannot be read"),
        }
    }
}

impl Flaw {
    /// The flaw of a text that is no regular expression, as `error` says; `read` tells whether another one is.
    pub fn of(source: &str, error: &Error, read: impl Fn(&str) -> Result<Regex, Error>) -> Self {
        let what = What::of(error);
        // The engine reads from the left: all beginnings that hold the flaw have it, and what is shorter has not.
        let beginnings: Vec<&str> = source
            .char_indices()
            .filter_map(|(at, one)| source.get(..at + one.len_utf8()))
            .collect();
        let has_it = |beginning: &str| read(beginning).is_err_and(|error| What::of(&error) == what);
        let with = beginnings.iter().rev().take_while(|one| has_it(one));
        Self {
            what,
            at: beginnings.len() + 1 - with.count(),
        }
    }

    /// In German, as the end of a sentence: `bei Zeichen 3 …`.
    #[must_use]
    pub fn german(&self) -> String {
        format!("bei Zeichen {} {}", self.at, self.what.words().0)
    }

    /// In English, as the end of a sentence: `at character 3 …`.
    #[must_use]
    pub fn english(&self) -> String {
        format!("at character {} {}", self.at, self.what.words().1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(source: &str) -> Result<Regex, Error> {
        regex_lite::RegexBuilder::new(source)
            .size_limit(64 * 1024)
            .nest_limit(20)
            .build()
    }

    fn flaw(source: &str) -> Flaw {
        let error = read(source).expect_err(source);
        Flaw::of(source, &error, read)
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let deep = format!("{}a{}", "(".repeat(50), ")".repeat(50));
        for (source, what, at) in [
            ("(a)(b", What::RoundOpen, 4),
            ("x((a)b", What::RoundOpen, 2),
            ("a)|(b", What::RoundShut, 2),
            ("R-[0-9", What::SquareOpen, 3),
            ("(ä[", What::SquareOpen, 3),
            ("[z-a]x", What::Range, 4),
            ("(a[z-a]b)", What::Range, 6),
            ("a|*b", What::Repetition, 3),
            ("a{2,1}", What::Count, 2),
            ("ä{x}", What::Count, 2),
            ("ab\\q", What::Escape, 3),
            ("ab\\", What::Escape, 3),
            ("(?=a)", What::LookAround, 3),
            ("(a)\\1", What::Reference, 5),
            ("\\pL", What::Unicode, 2),
            ("[a[b]]", What::Nested, 3),
            ("(?k)a", What::Question, 3),
            (deep.as_str(), What::Deep, 21),
            ("((((a{999}){999}){999}){999})", What::Large, 29),
        ] {
            assert_eq!(flaw(source), Flaw { what, at }, "{source}");
        }
    }

    #[test]
    fn no_word_of_the_engine_is_repeated() {
        let flaw = flaw("(a)(b");
        let german = "bei Zeichen 4 öffnet eine runde Klammer, die nicht geschlossen wird";
        assert_eq!(flaw.german(), german);
        let english = "at character 4 a round bracket opens that is not closed";
        assert_eq!(flaw.english(), english);
    }

    proptest! {
        #[test]
        fn each_text_that_is_none_has_a_place(source in "[a-c(){}\\[\\]?*+|^$,0-9\\\\<>:=!P-]{1,12}") {
            if let Err(error) = read(&source) {
                let flaw = Flaw::of(&source, &error, read);
                prop_assert!((1..=source.chars().count()).contains(&flaw.at));
                prop_assert_ne!(flaw.what, What::Other);
            }
        }
    }
}
