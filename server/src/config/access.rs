//! How looks are recorded, by protection class.

/// What of a class is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Nothing.
    Nothing,
    /// Content and text.
    Content,
    /// Everything.
    All,
}

/// What happens when it cannot be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    /// Nothing is shown.
    Refuse,
    /// It goes on, and is counted.
    GoOn,
}

/// How looks at a class are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What is.
    pub what: What,
    /// What happens when it cannot be.
    pub unwritable: Unwritable,
}

/// How looks are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// By protection class, as the plan writes it.
    pub classes: Vec<(String, Rule)>,
    /// For every other class, and for what has none.
    pub otherwise: Rule,
}

impl AccessLog {
    /// The rule for a class.
    #[must_use]
    pub fn rule(&self, class: Option<&str>) -> Rule {
        let named = |class: &str| self.classes.iter().find(|(name, _)| name == class);
        class
            .and_then(named)
            .map_or(self.otherwise, |(_, rule)| *rule)
    }

    /// Reads a list of `CLASS:WHAT:WHEN`; no class twice.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut read = Self {
            classes: Vec::new(),
            otherwise: Rule {
                what: What::All,
                unwritable: Unwritable::GoOn,
            },
        };
        let mut seen: Vec<&str> = Vec::new();
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            // A class may have a colon in its own name.
            let mut parts = one.rsplitn(3, ':').map(str::trim);
            let (when, what, class) = (parts.next()?, parts.next()?, parts.next()?);
            if class.is_empty() || seen.contains(&class) {
                return None;
            }
            seen.push(class);
            let rule = Rule {
                what: match what {
                    "none" => What::Nothing,
                    "content" => What::Content,
                    "all" => What::All,
                    _ => return None,
                },
                unwritable: match when {
                    "refuse" => Unwritable::Refuse,
                    "go_on" => Unwritable::GoOn,
                    _ => return None,
                },
            };
            if class == "*" {
                read.otherwise = rule;
            } else {
                read.classes.push((class.to_owned(), rule));
            }
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessLog, Rule, Unwritable, What};

    #[test]
    fn a_class_has_its_own_rule_and_everything_else_the_other() {
        let read = AccessLog::parse("PERSONAL:all:refuse, nur:intern:none:go_on,*:content:go_on");
        let read = read.expect("a policy");
        let rule = |what, unwritable| Rule { what, unwritable };
        let other = rule(What::Content, Unwritable::GoOn);
        let all = rule(What::All, Unwritable::Refuse);
        let nothing = rule(What::Nothing, Unwritable::GoOn);
        assert_eq!(read.rule(Some("PERSONAL")), all);
        assert_eq!(read.rule(Some("nur:intern")), nothing);
        assert_eq!(read.rule(Some("personal")), other, "letter by letter");
        assert_eq!(read.rule(None), other);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in [
            "PERSONAL",
            "PERSONAL:all",
            "PERSONAL:some:refuse",
            "PERSONAL:all:perhaps",
            ":all:refuse",
            "A:all:refuse,A:none:go_on",
            "*:all:refuse,*:none:go_on",
        ] {
            assert_eq!(AccessLog::parse(wrong), None, "{wrong}");
        }
    }
}
