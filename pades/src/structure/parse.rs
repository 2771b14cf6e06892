//! Bytes to objects, without guessing.

use std::ops::Range;

use super::{Broken, DEPTH_MAX, Dictionary, Id, Object};

/// An indirect object as it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct Indirect {
    pub(crate) id: Id,
    pub(crate) object: Object,
    /// From its number to behind `endobj`.
    pub(crate) span: Range<usize>,
    /// Where the values of its own entries stand, if it is a dictionary.
    pub(crate) values: Vec<(Vec<u8>, Range<usize>)>,
    /// A dictionary in it has the same key twice: what it means is a matter of taste.
    pub(crate) ambiguous: bool,
}

pub(super) struct Parser<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    depth: usize,
    values: Vec<(Vec<u8>, Range<usize>)>,
    pub(super) ambiguous: bool,
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

impl<'a> Parser<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            depth: 0,
            values: Vec::new(),
            ambiguous: false,
        }
    }

    pub(super) fn broken(&self, what: &'static str) -> Broken {
        Broken::new(self.at, what)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes over white space and comments.
    pub(super) fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.at += 1;
            } else if byte == b'%' {
                while self.peek().is_some_and(|byte| byte != 10 && byte != 13) {
                    self.at += 1;
                }
            } else {
                return;
            }
        }
    }

    /// Goes over white space only.
    pub(super) fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Takes these bytes if they come next.
    pub(super) fn takes(&mut self, word: &[u8]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = rest.starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Takes a word that ends here.
    pub(super) fn word(&mut self, word: &[u8]) -> bool {
        let before = self.at;
        if self.takes(word) && !self.peek().is_some_and(is_regular) {
            return true;
        }
        self.at = before;
        false
    }

    pub(super) fn unsigned(&mut self) -> Option<u64> {
        let start = self.at;
        let mut value = 0_u64;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            self.at += 1;
        }
        (self.at > start && self.at - start <= 19).then_some(value)
    }

    pub(super) fn object(&mut self) -> Result<Object, Broken> {
        self.skip();
        if self.depth > DEPTH_MAX {
            return Err(self.broken("nested too deep"));
        }
        match self.peek().ok_or_else(|| self.broken("the end"))? {
            b'/' => Ok(Object::Name(self.name()?)),
            b'(' => Ok(Object::String(self.literal()?)),
            b'[' => self.array(),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                Ok(Object::Dictionary(self.dictionary()?))
            }
            b'<' => Ok(Object::String(self.hexadecimal()?)),
            b'+' | b'-' | b'.' | b'0'..=b'9' => self.number(),
            b't' if self.word(b"true") => Ok(Object::Boolean(true)),
            b'f' if self.word(b"false") => Ok(Object::Boolean(false)),
            b'n' if self.word(b"null") => Ok(Object::Null),
            _ => Err(self.broken("no object")),
        }
    }

    fn name(&mut self) -> Result<Vec<u8>, Broken> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| is_regular(*byte)) {
            self.at += 1;
            if byte != b'#' {
                name.push(byte);
                continue;
            }
            let digits = self.bytes.get(self.at..self.at + 2).unwrap_or_default();
            let mut decoded = [0];
            if hex::decode_to_slice(digits, &mut decoded).is_err() {
                return Err(self.broken("a name"));
            }
            name.extend(decoded);
            self.at += 2;
        }
        Ok(name)
    }

    fn literal(&mut self) -> Result<Vec<u8>, Broken> {
        self.at += 1;
        let (mut string, mut open) = (Vec::new(), 1_usize);
        loop {
            let byte = self
                .peek()
                .ok_or_else(|| self.broken("a string without end"))?;
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' if open == 1 => return Ok(string),
                b')' => open -= 1,
                b'\\' => {
                    self.escaped(&mut string)?;
                    continue;
                }
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    string.push(b'\n');
                    continue;
                }
                _ => {}
            }
            string.push(byte);
        }
    }

    fn escaped(&mut self, string: &mut Vec<u8>) -> Result<(), Broken> {
        let byte = self
            .peek()
            .ok_or_else(|| self.broken("a string without end"))?;
        self.at += 1;
        match byte {
            b'n' => string.push(b'\n'),
            b'r' => string.push(b'\r'),
            b't' => string.push(b'\t'),
            b'b' => string.push(8),
            b'f' => string.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else {
                        break;
                    };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                string.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            other => string.push(other),
        }
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<Vec<u8>, Broken> {
        self.at += 1;
        let mut digits = Vec::new();
        loop {
            let byte = self
                .peek()
                .ok_or_else(|| self.broken("a string without end"))?;
            self.at += 1;
            match byte {
                b'>' => break,
                byte if byte.is_ascii_hexdigit() => digits.push(byte),
                byte if is_space(byte) => {}
                _ => return Err(self.broken("a string of hexadecimal digits")),
            }
        }
        if digits.len() % 2 == 1 {
            digits.push(b'0');
        }
        hex::decode(digits).map_err(|_odd| self.broken("a string of hexadecimal digits"))
    }

    fn array(&mut self) -> Result<Object, Broken> {
        self.at += 1;
        self.depth += 1;
        let mut items = Vec::new();
        loop {
            self.skip();
            if self.takes(b"]") {
                self.depth -= 1;
                return Ok(Object::Array(items));
            }
            items.push(self.object()?);
        }
    }

    fn dictionary(&mut self) -> Result<Dictionary, Broken> {
        self.at += 2;
        self.depth += 1;
        let mut entries = Dictionary::default();
        loop {
            self.skip();
            if self.takes(b">>") {
                self.depth -= 1;
                entries.0.retain(|_, value| !value.is_null());
                return Ok(entries);
            }
            if self.peek() != Some(b'/') {
                return Err(self.broken("no key"));
            }
            let key = self.name()?;
            self.skip();
            let start = self.at;
            let value = self.object()?;
            if self.depth == 1 {
                self.values.push((key.clone(), start..self.at));
            }
            self.ambiguous |= entries.0.insert(key, value).is_some();
        }
    }

    /// A number, or the reference that begins with it.
    fn number(&mut self) -> Result<Object, Broken> {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        let whole = text.iter().all(u8::is_ascii_digit);
        if whole {
            let after = self.at;
            if let Some(id) = self.rest_of_reference(text) {
                return Ok(Object::Reference(id));
            }
            self.at = after;
        }
        number(text).ok_or(Broken::new(start, "a number"))
    }

    fn rest_of_reference(&mut self, number: &[u8]) -> Option<Id> {
        let number = str::from_utf8(number).ok()?.parse().ok()?;
        self.skip();
        let generation = u16::try_from(self.unsigned()?).ok()?;
        if !self.peek().is_some_and(is_space) {
            return None;
        }
        self.skip();
        self.word(b"R").then_some(Id { number, generation })
    }

    /// `n g obj … endobj`, beginning here. `length` is asked for the length of a stream that stands elsewhere.
    pub(super) fn indirect(
        mut self,
        length: impl FnOnce(Id) -> Option<usize>,
    ) -> Result<Indirect, Broken> {
        self.skip_spaces();
        let start = self.at;
        let id = self.heading().ok_or(Broken::new(start, "no object"))?;
        let mut object = self.object()?;
        self.skip();
        if let Object::Dictionary(entries) = &object
            && self.takes(b"stream")
        {
            let entries = entries.clone();
            if !self.takes(b"\r\n") && !self.takes(b"\n") {
                return Err(self.broken("a stream without a line of its own"));
            }
            let length = match entries.get("Length") {
                Some(Object::Integer(bytes)) => usize::try_from(*bytes).ok(),
                Some(Object::Reference(id)) => length(*id),
                _ => None,
            };
            let length = length.ok_or_else(|| self.broken("a stream without length"))?;
            let data = self.at..self.at.saturating_add(length);
            self.at = data.end;
            self.skip_spaces();
            if data.end > self.bytes.len() || !self.word(b"endstream") {
                return Err(self.broken("a stream that ends elsewhere"));
            }
            self.skip();
            object = Object::Stream(entries, data);
        }
        if !self.word(b"endobj") {
            return Err(self.broken("an object without end"));
        }
        Ok(Indirect {
            id,
            object,
            span: start..self.at,
            values: self.values,
            ambiguous: self.ambiguous,
        })
    }

    fn heading(&mut self) -> Option<Id> {
        let number = u32::try_from(self.unsigned()?).ok()?;
        self.skip();
        let generation = u16::try_from(self.unsigned()?).ok()?;
        self.skip();
        self.takes(b"obj").then_some(Id { number, generation })
    }
}

/// A number in its shortest form.
fn number(text: &[u8]) -> Option<Object> {
    let (minus, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let digits = str::from_utf8(digits).ok()?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    if part.is_empty() {
        let value: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        return Some(Object::Integer(if minus { -value } else { value }));
    }
    let sign = if minus { "-" } else { "" };
    Some(Object::Real(format!("{sign}{whole}.{part}").into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Object, Broken> {
        Parser::new(text.as_bytes(), 0).object()
    }

    #[test]
    fn what_says_the_same_is_the_same() {
        for (one, other) in [
            ("595.0", "595"),
            ("0.50", ".5"),
            ("-0012", "-12"),
            ("/A#42", "/AB"),
            ("(a\\142c)", "<616263>"),
            ("(a\\\nb)", "(ab)"),
            ("<< /A 1 /B null >>", "<</A 1>>"),
            ("[1 0 R 2]", "[1  0  R%x\n2]"),
        ] {
            assert_eq!(read(one), read(other), "{one} {other}");
            assert!(read(one).is_ok(), "{one}");
        }
        assert_ne!(read("(1)"), read("1"));
        assert_ne!(read("[1 0 R]"), read("[1 0 2]"));
    }

    #[test]
    fn nothing_is_guessed() {
        for wrong in [
            "",
            "--5",
            "1e5",
            "5.5.5",
            "<4x>",
            "(open",
            "[1 2",
            "<< /A >>",
            "<< 1 2 >>",
            "/A#4",
            "obj",
            "]",
            ">>",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&"[".repeat(200_000)).is_err());
        let twice = |text: &str| {
            let mut parser = Parser::new(text.as_bytes(), 0);
            parser.object().map(|_object| parser.ambiguous)
        };
        assert_eq!(twice("<< /A 1 /B 2 >>"), Ok(false));
        assert_eq!(twice("<< /A 1 /A 1 >>"), Ok(true));
        assert_eq!(twice("<< /A null /A 1 >>"), Ok(true));
        assert_eq!(twice("[<< /B << /A 1 /#41 1 >> >>]"), Ok(true));
    }

    #[test]
    fn an_object_ends_where_it_says() {
        let whole = b"7 0 obj\n<< /Length 4 >>\nstream\nabcd\nendstream\nendobj\n";
        let indirect = Parser::new(whole, 0).indirect(|_id| None);
        let indirect = indirect.expect("an object");
        assert_eq!(indirect.span, 0..whole.len() - 1);
        assert!(matches!(indirect.object, Object::Stream(_, data) if data == (31..35)));
        let text = String::from_utf8_lossy(whole).into_owned();
        for (from, to) in [
            ("4 >>", "3 >>"),
            ("4 >>", "400 >>"),
            ("endobj", "endob"),
            ("7 0 obj", "7 obj"),
        ] {
            let wrong = text.replace(from, to);
            let read = Parser::new(wrong.as_bytes(), 0).indirect(|_id| None);
            assert!(read.is_err(), "{wrong}");
        }
    }
}
