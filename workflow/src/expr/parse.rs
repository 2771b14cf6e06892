//! An expression is read, and each piece of it checked where it stands.

use super::check::{
    chosen, compared, dative, fits, is_yes_no, joined, known, negative, no_minus, of_kind,
    remedy_for, summed,
};
use super::lex::{Placed, Token, fault, tokens};
use super::words::CALLS;
use super::{Expr, Fault, Kind, Named, Names, Op};
use crate::instance::Value;

/// How long an expression may be, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 2_000;
/// How deep brackets, `not` and `-` may stand in each other.
pub const DEPTH_MAX: usize = 32;
/// How many literals a list may have.
pub const LIST_MAX: usize = 100;

pub(super) fn read(text: &str, names: &dyn Names) -> Result<(Expr, Kind), Fault> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let said = format!("Der Ausdruck hat mehr als {EXPRESSION_BYTES_MAX} Bytes.");
        return Err(fault(
            1,
            said,
            "Bitte auf mehrere Schritte oder Ausgänge verteilen.",
        ));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
        names,
    };
    let node = parser.or()?;
    let (token, at) = parser.peek().clone();
    if token != Token::End {
        let remedy = match &token {
            Token::Word(word) if word == "und" => "Und heißt and.",
            Token::Word(word) if word == "oder" => "Oder heißt or.",
            Token::Word(_) | Token::Literal(_) | Token::Sign(_) | Token::End => {
                "Bitte mit and, or, einem Vergleich oder + und - verbinden, oder entfernen."
            }
        };
        return Err(fault(at, "Hier müsste der Ausdruck enden.", remedy));
    }
    Ok((node.expr, node.kind))
}

/// A short name of a function: small letters, digits and dashes, a letter first.
fn is_code(code: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    code.starts_with(|c: char| c.is_ascii_lowercase())
        && (2..=64).contains(&code.len())
        && code.chars().all(fits)
}

/// What was read: where it begins, what it is, and what it can only be.
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) expr: Expr,
    pub(super) kind: Kind,
    pub(super) one_of: Option<Vec<String>>,
}

struct Parser<'a> {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    names: &'a dyn Names,
}

/// What ends every expression; there is always one.
static END: Placed = (Token::End, 1);

impl Parser<'_> {
    fn peek(&self) -> &Placed {
        self.tokens
            .get(self.next)
            .or_else(|| self.tokens.last())
            .unwrap_or(&END)
    }

    fn take(&mut self) -> Placed {
        let taken = self.peek().clone();
        self.next += 1;
        taken
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = matches!(&self.peek().0, Token::Word(found) if found == word);
        self.next += usize::from(is);
        is
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let is = self.peek().0 == sign_of(sign);
        self.next += usize::from(is);
        is
    }

    fn asks_sign(&mut self, sign: &str) -> Result<(), Fault> {
        let at = self.peek().1;
        if self.takes_sign(sign) {
            return Ok(());
        }
        Err(fault(
            at,
            format!("Hier fehlt „{sign}“."),
            "Bitte einfügen.",
        ))
    }

    fn or(&mut self) -> Result<Node, Fault> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            let right = self.and()?;
            left = joined(Op::Or, left, right)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, Fault> {
        let mut left = self.not()?;
        while self.takes_word("and") {
            let right = self.not()?;
            left = joined(Op::And, left, right)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node, Fault> {
        let at = self.peek().1;
        if !self.takes_word("not") {
            return self.comparison();
        }
        let inner = self.deeper(at, Self::not)?;
        is_yes_no(&inner)?;
        Ok(node(at, Expr::Not(Box::new(inner.expr)), Kind::YesNo))
    }

    /// Reads what stands deeper, unless it is too deep.
    fn deeper(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self) -> Result<Node, Fault>,
    ) -> Result<Node, Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(fault(
                at,
                format!("Das ist tiefer als {DEPTH_MAX} Stufen verschachtelt."),
                "Bitte vereinfachen.",
            ));
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn comparison(&mut self) -> Result<Node, Fault> {
        let left = self.sum()?;
        let at = self.peek().1;
        if self.takes_word("in") {
            let found = self.list(left)?;
            return self.alone(found);
        }
        let Some(op) = self.comparing() else {
            return Ok(left);
        };
        let right = self.sum()?;
        let found = compared(op, at, left, right)?;
        self.alone(found)
    }

    /// A comparison is not compared.
    fn alone(&mut self, found: Node) -> Result<Node, Fault> {
        let at = self.peek().1;
        if self.comparing().is_some() || self.takes_word("in") {
            return Err(fault(
                at,
                "Vergleiche lassen sich nicht aneinanderreihen.",
                "Bitte mit and verbinden: a < b and b < c.",
            ));
        }
        Ok(found)
    }

    fn comparing(&mut self) -> Option<Op> {
        const ALL: [Op; 6] = [
            Op::Equal,
            Op::Unequal,
            Op::LessEqual,
            Op::GreaterEqual,
            Op::Less,
            Op::Greater,
        ];
        ALL.into_iter().find(|op| self.takes_sign(op.sign()))
    }

    /// Whom a field of kind `whos` names.
    fn among(&mut self, item: Node) -> Result<Node, Fault> {
        let (key, kind, at) = self.field_name()?;
        of_kind(at, &key, kind, &[Kind::Whos])?;
        if item.kind != Kind::Who {
            let said = format!(
                "„{key}“ nennt Personen und Funktionen, gesucht wird {}.",
                item.kind.german()
            );
            return Err(fault(
                item.at,
                said,
                "Zum Beispiel: actor.id in beteiligte.",
            ));
        }
        let expr = Expr::Among {
            item: Box::new(item.expr),
            whos: key,
        };
        Ok(node(item.at, expr, Kind::YesNo))
    }

    fn list(&mut self, item: Node) -> Result<Node, Fault> {
        if matches!(self.peek().0, Token::Word(_)) {
            return self.among(item);
        }
        self.asks_sign("[")?;
        let mut list = Vec::new();
        loop {
            let at = self.peek().1;
            let minus = self.takes_sign("-");
            let (Token::Literal(value), _) = self.take() else {
                return Err(fault(
                    at,
                    "In einer Liste stehen nur feste Werte.",
                    "Zum Beispiel: art in [\"a\", \"b\"].",
                ));
            };
            let value = if minus { negative(value, at)? } else { value };
            let found = Kind::of(&value);
            if found != item.kind {
                let said = format!(
                    "Verglichen wird mit {}, hier steht {}.",
                    dative(item.kind),
                    found.german()
                );
                return Err(fault(at, said, remedy_for(item.kind, found)));
            }
            fits(item.one_of.as_ref(), &value, at)?;
            list.push(value);
            if list.len() > LIST_MAX {
                let said = format!("Die Liste hat mehr als {LIST_MAX} Werte.");
                return Err(fault(at, said, "Bitte eine Tabelle (lookup) verwenden."));
            }
            if self.takes_sign("]") {
                break;
            }
            self.asks_sign(",")?;
        }
        let at = item.at;
        let item = Box::new(item.expr);
        Ok(node(at, Expr::In { item, list }, Kind::YesNo))
    }

    fn sum(&mut self) -> Result<Node, Fault> {
        let mut left = self.minus()?;
        loop {
            let at = self.peek().1;
            let op = if self.takes_sign("+") {
                Op::Plus
            } else if self.takes_sign("-") {
                Op::Minus
            } else {
                return Ok(left);
            };
            let right = self.minus()?;
            left = summed(op, at, left, right)?;
        }
    }

    fn minus(&mut self) -> Result<Node, Fault> {
        let at = self.peek().1;
        if !self.takes_sign("-") {
            return self.atom();
        }
        if let Token::Literal(value) = self.peek().0.clone() {
            self.next += 1;
            let kind = Kind::of(&value);
            return Ok(node(at, Expr::Literal(negative(value, at)?), kind));
        }
        let inner = self.deeper(at, Self::atom)?;
        if !matches!(inner.kind, Kind::Number | Kind::Money) {
            return Err(no_minus(at, inner.kind));
        }
        let kind = inner.kind;
        Ok(node(at, Expr::Negated(Box::new(inner.expr)), kind))
    }

    fn atom(&mut self) -> Result<Node, Fault> {
        let (token, at) = self.take();
        match token {
            Token::Literal(value) => {
                let kind = Kind::of(&value);
                Ok(node(at, Expr::Literal(value), kind))
            }
            Token::Sign("(") => {
                let inner = self.deeper(at, Self::or)?;
                self.asks_sign(")")?;
                Ok(Node { at, ..inner })
            }
            Token::Word(word) => self.word(&word, at),
            Token::Sign(sign) => Err(fault(
                at,
                format!("„{sign}“ steht hier falsch."),
                "Hier wird ein Feld, ein fester Wert oder eine Klammer erwartet.",
            )),
            Token::End => Err(fault(
                at,
                "Hier fehlt etwas.",
                "Erwartet wird ein Feld, ein fester Wert oder eine Klammer.",
            )),
        }
    }

    fn word(&mut self, word: &str, at: usize) -> Result<Node, Fault> {
        Ok(match word {
            "null" => node(at, Expr::Null, Kind::Null),
            "today" => node(at, Expr::Today, Kind::Day),
            "initiator" => node(at, Expr::Initiator, Kind::Who),
            "actor" => return self.actor(at),
            "known" => {
                let (key, _) = self.field_in_brackets()?;
                node(at, Expr::Known(key), Kind::YesNo)
            }
            "count" => {
                let key = self.field_of(&[Kind::Whos])?;
                node(at, Expr::Count(key), Kind::Number)
            }
            "registered" => {
                let key = self.field_of(&[Kind::Document])?;
                node(at, Expr::Registered(key), Kind::YesNo)
            }
            "frozen" => {
                let key = self.field_of(&[Kind::Document])?;
                node(at, Expr::Frozen(key), Kind::YesNo)
            }
            "destroyed" => {
                let key = self.field_of(&[Kind::Document])?;
                node(at, Expr::Destroyed(key), Kind::YesNo)
            }
            "holds" => self.holds(at)?,
            "lookup" => self.lookup(at)?,
            "done" => node(at, Expr::Done(self.step()?.0), Kind::YesNo),
            "taker" => node(at, Expr::Taker(self.step()?.0), Kind::Who),
            "outcome" => {
                let (step, outcomes) = self.step()?;
                let found = node(at, Expr::Outcome(step), Kind::Text);
                let one_of = Some(outcomes);
                Node { one_of, ..found }
            }
            "working_days" => self.working_days(at)?,
            "add_months" => self.add_months(at)?,
            "if" => self.chosen(at)?,
            "and" | "or" | "not" | "in" => {
                return Err(fault(
                    at,
                    format!("„{word}“ steht hier falsch."),
                    "Hier wird ein Feld, ein fester Wert oder eine Klammer erwartet.",
                ));
            }
            key => {
                let is_field = self.names.field(key).is_some();
                if !is_field && key == "nicht" {
                    let said = "Ein Feld „nicht“ gibt es nicht.";
                    return Err(fault(at, said, "Die Verneinung heißt not."));
                }
                if !is_field && self.peek().0 == sign_of("(") {
                    let said = format!("„{key}(…)“ gibt es nicht.");
                    return Err(fault(
                        at,
                        said,
                        known("Möglich sind", &CALLS.map(ToOwned::to_owned)),
                    ));
                }
                let kind = self.field(key, at)?;
                let found = node(at, Expr::Field(key.to_owned()), kind);
                let one_of = self.names.entries(key);
                Node { one_of, ..found }
            }
        })
    }

    fn actor(&mut self, at: usize) -> Result<Node, Fault> {
        self.asks_sign(".")?;
        let (token, what) = self.take();
        let found = match &token {
            Token::Word(word) if word == "limit" => node(at, Expr::ActorLimit, Kind::Money),
            Token::Word(word) if word == "id" => node(at, Expr::ActorId, Kind::Who),
            Token::Word(_) | Token::Literal(_) | Token::Sign(_) | Token::End => {
                return Err(fault(
                    what,
                    "Das gibt es von dem, der handelt, nicht.",
                    "Möglich sind: actor.id, actor.limit.",
                ));
            }
        };
        if self.names.actor() {
            return Ok(found);
        }
        Err(fault(
            at,
            "Hier handelt niemand.",
            "actor.id und actor.limit stehen nur in require, in der Bedingung eines Ergebnisses und in dessen effects.",
        ))
    }

    fn field(&self, key: &str, at: usize) -> Result<Kind, Fault> {
        self.names.field(key).ok_or_else(|| {
            let said = format!("Ein Feld „{key}“ gibt es nicht.");
            fault(
                at,
                said,
                known("Felder sind", &self.names.all(Named::Field)),
            )
        })
    }

    fn field_name(&mut self) -> Result<(String, Kind, usize), Fault> {
        let (token, at) = self.take();
        let Token::Word(key) = token else {
            return Err(fault(
                at,
                "Hier fehlt der Schlüssel eines Feldes.",
                known("Felder sind", &self.names.all(Named::Field)),
            ));
        };
        let kind = self.field(&key, at)?;
        Ok((key, kind, at))
    }

    fn field_in_brackets(&mut self) -> Result<(String, Kind), Fault> {
        self.asks_sign("(")?;
        let (key, kind, _) = self.field_name()?;
        self.asks_sign(")")?;
        Ok((key, kind))
    }

    fn field_of(&mut self, kinds: &[Kind]) -> Result<String, Fault> {
        let at = self.peek().1;
        let (key, kind) = self.field_in_brackets()?;
        of_kind(at + 1, &key, kind, kinds)?;
        Ok(key)
    }

    fn holds(&mut self, at: usize) -> Result<Node, Fault> {
        self.asks_sign("(")?;
        let (who, kind, place) = self.field_name()?;
        of_kind(place, &who, kind, &[Kind::Who])?;
        self.asks_sign(",")?;
        let (token, place) = self.take();
        let function = match token {
            Token::Literal(Value::Text(code)) if is_code(&code) => code,
            Token::Literal(_) | Token::Word(_) | Token::Sign(_) | Token::End => {
                return Err(fault(
                    place,
                    "Hier fehlt die Kurzbezeichnung einer Funktion.",
                    "Sie steht in Anführungszeichen: holds(person, \"bm\").",
                ));
            }
        };
        self.asks_sign(")")?;
        Ok(node(at, Expr::Holds { who, function }, Kind::YesNo))
    }

    fn lookup(&mut self, at: usize) -> Result<Node, Fault> {
        self.asks_sign("(")?;
        let (token, place) = self.take();
        let Token::Literal(Value::Text(table)) = token else {
            return Err(fault(
                place,
                "Hier fehlt der Name einer Tabelle.",
                "Zum Beispiel: lookup(\"leitweg\", leitweg_id).",
            ));
        };
        if !self.names.lookup(&table) {
            let said = format!("Eine Tabelle „{table}“ gibt es nicht.");
            let all = self.names.all(Named::Lookup);
            return Err(fault(place, said, known("Tabellen sind", &all)));
        }
        self.asks_sign(",")?;
        let key = if let (Token::Literal(Value::Text(row)), _) = self.peek().clone() {
            self.next += 1;
            Expr::Literal(Value::Text(row))
        } else {
            let (field, kind, place) = self.field_name()?;
            of_kind(
                place,
                &field,
                kind,
                &[Kind::Text, Kind::Number, Kind::YesNo],
            )?;
            Expr::Field(field)
        };
        self.asks_sign(")")?;
        let key = Box::new(key);
        Ok(node(at, Expr::Lookup { table, key }, Kind::Text))
    }

    fn add_months(&mut self, at: usize) -> Result<Node, Fault> {
        self.asks_sign("(")?;
        let day = self.deeper(at, Self::sum)?;
        if day.kind != Kind::Day {
            let said = format!("Hier steht {}, kein Tag.", day.kind.german());
            return Err(fault(day.at, said, "Bitte einen Tag angeben."));
        }
        self.asks_sign(",")?;
        let (token, place) = self.take();
        let months = match token {
            Token::Literal(Value::Number(months)) => u16::try_from(months).ok(),
            Token::Literal(_) | Token::Word(_) | Token::Sign(_) | Token::End => None,
        };
        let Some(months) = months.filter(|months| (1..=120).contains(months)) else {
            return Err(fault(
                place,
                "Hier fehlt die Zahl der Monate.",
                "Bitte 1 bis 120 schreiben: add_months(received_on, 3).",
            ));
        };
        self.asks_sign(")")?;
        let day = Box::new(day.expr);
        Ok(node(at, Expr::AddMonths { day, months }, Kind::Day))
    }

    fn chosen(&mut self, at: usize) -> Result<Node, Fault> {
        self.asks_sign("(")?;
        let when = self.deeper(at, Self::or)?;
        self.asks_sign(",")?;
        let then = self.deeper(at, Self::sum)?;
        self.asks_sign(",")?;
        let otherwise = self.deeper(at, Self::sum)?;
        self.asks_sign(")")?;
        chosen(at, when, then, otherwise)
    }

    /// A step in brackets, and its outcomes.
    fn step(&mut self) -> Result<(String, Vec<String>), Fault> {
        self.asks_sign("(")?;
        let (token, at) = self.take();
        let Token::Literal(Value::Text(step)) = token else {
            return Err(fault(
                at,
                "Hier fehlt der Schlüssel eines Schrittes.",
                "Er steht in Anführungszeichen: done(\"pruefung\").",
            ));
        };
        let Some(outcomes) = self.names.outcomes(&step) else {
            let said = format!("Einen Schritt „{step}“ gibt es nicht.");
            let all = self.names.all(Named::Step);
            return Err(fault(at, said, known("Schritte sind", &all)));
        };
        self.asks_sign(")")?;
        Ok((step, outcomes))
    }

    fn working_days(&mut self, at: usize) -> Result<Node, Fault> {
        self.asks_sign("(")?;
        let from = self.deeper(at, Self::sum)?;
        self.asks_sign(",")?;
        let to = self.deeper(at, Self::sum)?;
        self.asks_sign(")")?;
        for day in [&from, &to] {
            if day.kind != Kind::Day {
                let said = format!("Hier steht {}, kein Tag.", day.kind.german());
                return Err(fault(day.at, said, "Bitte zwei Tage angeben."));
            }
        }
        let expr = Expr::WorkingDays(Box::new(from.expr), Box::new(to.expr));
        Ok(node(at, expr, Kind::Number))
    }
}

fn sign_of(sign: &str) -> Token {
    super::lex::sign(sign).map_or(Token::End, Token::Sign)
}

pub(super) const fn node(at: usize, expr: Expr, kind: Kind) -> Node {
    Node {
        at,
        expr,
        kind,
        one_of: None,
    }
}
