//! An expression in pieces.

use super::Fault;
use crate::instance::{Day, Value};

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Literal(Value),
    Sign(&'static str),
    End,
}

/// A piece, and the character at which it begins, from 1.
pub(super) type Placed = (Token, usize);

/// The longer ones first.
const SIGNS: [&str; 14] = [
    "==", "!=", "<=", ">=", "<", ">", "+", "-", "(", ")", "[", "]", ",", ".",
];

pub(super) fn fault(at: usize, said: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault {
        at,
        said: said.into(),
        remedy: remedy.into(),
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Fault> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer {
        chars: &chars,
        at: 0,
    };
    let mut found = Vec::new();
    loop {
        lexer.take(|c| c.is_whitespace());
        let at = lexer.at + 1;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        found.push((token, at));
        if is_end {
            return Ok(found);
        }
    }
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn take(&mut self, fits: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| fits(*c)) {
            taken.push(c);
            self.at += 1;
        }
        taken
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let Some(c) = self.peek(0) else {
            return Ok(Token::End);
        };
        match c {
            'a'..='z' | 'A'..='Z' | '_' => {
                let word = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
                Ok(match word.as_str() {
                    "true" => Token::Literal(Value::YesNo(true)),
                    "false" => Token::Literal(Value::YesNo(false)),
                    _ => Token::Word(word),
                })
            }
            '0'..='9' => self.number(),
            '"' => self.text(),
            '@' => self.day(),
            _ => self.sign(c),
        }
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let at = self.at + 1;
        let large = || {
            fault(
                at,
                "Diese Zahl ist zu groß.",
                "Bitte höchstens 15 Stellen vor dem Komma schreiben.",
            )
        };
        let whole = self.take(|c| c.is_ascii_digit());
        if whole.len() > 15 {
            return Err(large());
        }
        let number: i64 = whole.parse().map_err(|_error| large())?;
        let has_cents = self.peek(0) == Some('.');
        if has_cents {
            self.at += 1;
        }
        let cents = self.take(|c| c.is_ascii_digit());
        let follows = self
            .peek(0)
            .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        if follows || (has_cents && cents.len() != 2) {
            return Err(fault(
                at,
                "So wird keine Zahl und kein Betrag geschrieben.",
                "Eine Zahl ist 12, ein Betrag hat genau zwei Stellen nach dem Punkt: 1234.50.",
            ));
        }
        if !has_cents {
            return Ok(Token::Literal(Value::Number(number)));
        }
        let cents: i64 = cents.parse().map_err(|_error| large())?;
        Ok(Token::Literal(Value::Money(number * 100 + cents)))
    }

    fn text(&mut self) -> Result<Token, Fault> {
        let at = self.at + 1;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek(0) else {
                return Err(fault(
                    at,
                    "Hier beginnt ein Text, der nicht endet.",
                    "Bitte mit \" abschließen.",
                ));
            };
            self.at += 1;
            match c {
                '"' => return Ok(Token::Literal(Value::Text(text))),
                '\\' => match self.peek(0) {
                    Some(next @ ('"' | '\\')) => {
                        text.push(next);
                        self.at += 1;
                    }
                    _ => {
                        return Err(fault(
                            self.at,
                            "Nach \\ steht hier nichts, was dazu gehört.",
                            "Es gibt nur \\\" und \\\\.",
                        ));
                    }
                },
                _ => text.push(c),
            }
        }
    }

    fn day(&mut self) -> Result<Token, Fault> {
        let at = self.at + 1;
        self.at += 1;
        let day = self.take(|c| c.is_ascii_digit() || c == '-');
        Day::parse(&day)
            .map(|day| Token::Literal(Value::Day(day)))
            .ok_or_else(|| {
                fault(
                    at,
                    format!("„@{day}“ ist kein Tag."),
                    "Ein Tag steht so da: @2026-03-01.",
                )
            })
    }

    fn sign(&mut self, c: char) -> Result<Token, Fault> {
        let at = self.at + 1;
        let stands = |sign: &&str| {
            sign.chars()
                .enumerate()
                .all(|(ahead, c)| self.peek(ahead) == Some(c))
        };
        if let Some(sign) = SIGNS.into_iter().find(|sign| stands(sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        let remedy = match c {
            '=' => "Gleich ist ==.",
            '&' => "Und heißt and.",
            '|' => "Oder heißt or.",
            '!' => "Nicht heißt not, ungleich ist !=.",
            '\'' | '„' | '“' | '”' => {
                "Ein Text steht in \"…\"; der ganze Ausdruck steht in TOML dann in einfachen Anführungszeichen."
            }
            '*' | '/' => {
                "Gerechnet wird nur mit + und -. Bitte nach dem Ergebnis in einem eigenen Feld fragen, oder es in eine Tabelle ([[lookup]]) schreiben."
            }
            _ => "Bitte entfernen; was es gibt, steht in docs/workflows.md.",
        };
        Err(fault(
            at,
            format!("Das Zeichen „{c}“ gibt es hier nicht."),
            remedy,
        ))
    }
}

/// The sign that is written so.
pub(super) fn sign(sign: &str) -> Option<&'static str> {
    SIGNS.into_iter().find(|one| *one == sign)
}
