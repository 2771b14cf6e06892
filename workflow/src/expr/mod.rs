//! The closed language of guards: read, checked against what there is, computed. It has no loops, no
//! functions of one's own, and nothing that it could change.

mod check;
mod eval;
mod lex;
mod parse;
#[cfg(test)]
mod tests;
mod words;
mod write;

use crate::instance::{Assigned, Day, Id, Value};

pub(crate) use check::known;
pub use parse::{DEPTH_MAX, EXPRESSION_BYTES_MAX, LIST_MAX};
pub use words::is_word;

use crate::calendar::Calendar;

/// An expression, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// `12`, `1234.50`, `"text"`, `true`, `@2026-03-01`.
    Literal(Value),
    /// `null`: what is not known.
    Null,
    /// A field, by its key.
    Field(String),
    /// `today`: the day by the clocks of Germany.
    Today,
    /// `actor.limit`: up to how much whoever acts may order.
    ActorLimit,
    /// `actor.id`: the person that acts.
    ActorId,
    /// `initiator`: the person that began it.
    Initiator,
    /// `known(field)`: whether anything stands in it.
    Known(String),
    /// `count(field)`: how many a field of kind `whos` names.
    Count(String),
    /// `lookup("table", field)`, `lookup("table", "row")`.
    Lookup {
        /// The table.
        table: String,
        /// What is looked up: a field, or a text.
        key: Box<Expr>,
    },
    /// `done("step")`: whether it was done, and that is not void.
    Done(String),
    /// `outcome("step")`: how it was done last.
    Outcome(String),
    /// `taker("step")`: who took it last.
    Taker(String),
    /// `registered(field)`: whether that document is registered.
    Registered(String),
    /// `frozen(field)`: whether its version in force changes no more.
    Frozen(String),
    /// `destroyed(field)`: whether nothing is left of what that document says.
    Destroyed(String),
    /// `holds(field, "function")`: whether whom a field names holds a function, or is that function.
    Holds {
        /// The field, of kind `who`.
        who: String,
        /// Short name of the function.
        function: String,
    },
    /// `working_days(a, b)`: how many there are after `a` up to and with `b`.
    WorkingDays(Box<Expr>, Box<Expr>),
    /// `add_months(day, 3)`: so many months later, on the same number of the month or on its last day.
    AddMonths {
        /// From when.
        day: Box<Expr>,
        /// How many, 1 to 120.
        months: u16,
    },
    /// `if(when, a, b)`: `a` where it is true, else `b`.
    If {
        /// What is looked at; what is not known is not true.
        when: Box<Expr>,
        /// What it is then.
        then: Box<Expr>,
        /// What it is otherwise.
        otherwise: Box<Expr>,
    },
    /// `not a`.
    Not(Box<Expr>),
    /// `-a`.
    Negated(Box<Expr>),
    /// `a in ["x", "y"]`.
    In {
        /// What.
        item: Box<Expr>,
        /// In which literals.
        list: Vec<Value>,
    },
    /// `a in participants`: whether a field of kind `whos` names him.
    Among {
        /// Who.
        item: Box<Expr>,
        /// The field.
        whos: String,
    },
    /// Two with something between them.
    Pair {
        /// What stands between them.
        op: Op,
        /// What stands before it.
        left: Box<Expr>,
        /// What stands behind it.
        right: Box<Expr>,
    },
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// What an expression is, whatever its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    YesNo,
    /// A whole number.
    Number,
    /// An amount.
    Money,
    /// Text, or the entry of a choice, or an outcome.
    Text,
    /// A day.
    Day,
    /// A person or a function.
    Who,
    /// Several of them.
    Whos,
    /// A document.
    Document,
    /// `null`.
    Null,
}

impl Kind {
    /// As a field names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::YesNo => "yes_no",
            Self::Number => "number",
            Self::Money => "money",
            Self::Text => "text",
            Self::Day => "day",
            Self::Who => "who",
            Self::Whos => "whos",
            Self::Document => "document",
            Self::Null => "null",
        }
    }

    /// In German, for complaints.
    #[must_use]
    pub const fn german(self) -> &'static str {
        match self {
            Self::YesNo => "Ja oder Nein",
            Self::Number => "eine Zahl",
            Self::Money => "ein Betrag",
            Self::Text => "ein Text",
            Self::Day => "ein Tag",
            Self::Who => "eine Person oder Funktion",
            Self::Whos => "mehrere Personen oder Funktionen",
            Self::Document => "ein Dokument",
            Self::Null => "nichts (null)",
        }
    }

    /// The kind of a value.
    #[must_use]
    pub const fn of(value: &Value) -> Self {
        match value {
            Value::YesNo(_) => Self::YesNo,
            Value::Number(_) => Self::Number,
            Value::Money(_) => Self::Money,
            Value::Text(_) => Self::Text,
            Value::Day(_) => Self::Day,
            Value::Who(_) => Self::Who,
            Value::Whos(_) => Self::Whos,
            Value::Document(_) => Self::Document,
        }
    }
}

/// What an expression may name.
pub trait Names {
    /// The kind of a field.
    fn field(&self, key: &str) -> Option<Kind>;
    /// What a field can only be, if it is a choice.
    fn entries(&self, key: &str) -> Option<Vec<String>>;
    /// Whether there is such a table.
    fn lookup(&self, table: &str) -> bool;
    /// The keys of the outcomes of a step, if there is such a step.
    fn outcomes(&self, step: &str) -> Option<Vec<String>>;
    /// Whether somebody acts: `actor.id` and `actor.limit`.
    fn actor(&self) -> bool;
    /// All that can be named in a place: `field`, `lookup`, `step`. For complaints.
    fn all(&self, what: Named) -> Vec<String>;
}

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A field.
    Field,
    /// A table.
    Lookup,
    /// A step.
    Step,
}

/// What is the case when an expression is computed.
pub trait Facts {
    /// What stands in a field.
    fn field(&self, key: &str) -> Option<Value>;
    /// Today, by the clocks of Germany.
    fn today(&self) -> Day;
    /// Which days are working days.
    fn calendar(&self) -> &Calendar;
    /// Up to how much whoever acts may order, in cents.
    fn limit(&self) -> Option<i64>;
    /// The person that acts.
    fn actor(&self) -> Option<Id>;
    /// The person that began it.
    fn initiator(&self) -> Option<Id>;
    /// What stands in a row of a table, or is its default.
    fn lookup(&self, table: &str, key: &str) -> Option<String>;
    /// Whether a step was done, and that is not void.
    fn done(&self, step: &str) -> bool;
    /// How a step was done last.
    fn outcome(&self, step: &str) -> Option<String>;
    /// Who took a step last.
    fn taker(&self, step: &str) -> Option<Id>;
    /// Whether a person holds a function.
    fn holds(&self, person: &Id, function: &str) -> bool;
    /// Whether a document is registered.
    fn registered(&self, document: &Id) -> bool;
    /// Whether the version of a document that is in force changes no more.
    fn frozen(&self, document: &Id) -> bool;
    /// Whether the content of all versions of a document was destroyed.
    fn destroyed(&self, document: &Id) -> bool;
}

/// What is wrong with an expression, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Zeichen {at}: {said} {remedy}")]
pub struct Fault {
    /// The character, from 1.
    pub at: usize,
    /// What is wrong.
    pub said: String,
    /// What to do.
    pub remedy: String,
}

impl Expr {
    /// Reads an expression that names what there is, and checks its kinds.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn read(text: &str, names: &dyn Names) -> Result<(Self, Kind), Fault> {
        parse::read(text, names)
    }

    /// Reads one that is yes or no.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn read_condition(text: &str, names: &dyn Names) -> Result<Self, Fault> {
        let (expr, kind) = Self::read(text, names)?;
        if kind == Kind::YesNo {
            return Ok(expr);
        }
        Err(Fault {
            at: 1,
            said: format!("Das ist {}, keine Bedingung.", kind.german()),
            remedy: "Bitte vergleichen, zum Beispiel mit == oder >.".to_owned(),
        })
    }

    /// What it is, given what is the case. None: it is not known.
    #[must_use]
    pub fn value(&self, facts: &dyn Facts) -> Option<Value> {
        eval::value(self, facts)
    }

    /// Whether it is true. What is not known is not true.
    #[must_use]
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        matches!(self.value(facts), Some(Value::YesNo(true)))
    }

    /// Does something with it and with each expression in it, from the left.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::WorkingDays(left, right) | Self::Pair { left, right, .. } => {
                left.walk(visit);
                right.walk(visit);
            }
            Self::If {
                when,
                then,
                otherwise,
            } => {
                when.walk(visit);
                then.walk(visit);
                otherwise.walk(visit);
            }
            Self::Not(inner)
            | Self::Negated(inner)
            | Self::In { item: inner, .. }
            | Self::Among { item: inner, .. }
            | Self::AddMonths { day: inner, .. }
            | Self::Lookup { key: inner, .. } => {
                inner.walk(visit);
            }
            Self::Literal(_)
            | Self::Null
            | Self::Field(_)
            | Self::Today
            | Self::ActorLimit
            | Self::ActorId
            | Self::Initiator
            | Self::Known(_)
            | Self::Count(_)
            | Self::Done(_)
            | Self::Outcome(_)
            | Self::Taker(_)
            | Self::Registered(_)
            | Self::Frozen(_)
            | Self::Destroyed(_)
            | Self::Holds { .. } => {}
        }
    }

    /// The fields that it names, each once, in the order in which they stand in it.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        self.walk(&mut |expr| {
            if let Self::Field(key)
            | Self::Known(key)
            | Self::Count(key)
            | Self::Registered(key)
            | Self::Frozen(key)
            | Self::Destroyed(key)
            | Self::Holds { who: key, .. }
            | Self::Among { whos: key, .. } = expr
                && !found.contains(&key.as_str())
            {
                found.push(key);
            }
        });
        found
    }

    /// The functions that it asks of somebody, each once.
    #[must_use]
    pub fn functions(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        self.walk(&mut |expr| {
            if let Self::Holds { function, .. } = expr
                && !found.contains(&function.as_str())
            {
                found.push(function);
            }
        });
        found
    }

    /// The steps that it names, each once.
    #[must_use]
    pub fn steps(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        self.walk(&mut |expr| {
            if let Self::Done(key) | Self::Outcome(key) | Self::Taker(key) = expr
                && !found.contains(&key.as_str())
            {
                found.push(key);
            }
        });
        found
    }
}

/// A person, as a value.
fn person(id: Id) -> Value {
    Value::Who(Assigned::Person { account: id })
}
