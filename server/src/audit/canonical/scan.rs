//! The scanner: one pass over bytes, told to a sink.

use super::{DEPTH_MAX, Fault, NotCanonical, Object, SAFE_INT_MAX, SafeInt, Value, is_key_byte};

/// What the scanner tells while it walks.
pub(super) trait Sink {
    fn text(&mut self, escaped: &str);
    fn int(&mut self, int: i64);
    fn flag(&mut self, flag: bool);
    fn key(&mut self, key: &str);
    fn open(&mut self, value: Value);
    fn close(&mut self);
}

/// Wants to know nothing: the check alone.
pub(super) struct Nothing;

impl Sink for Nothing {
    fn text(&mut self, _: &str) {}
    fn int(&mut self, _: i64) {}
    fn flag(&mut self, _: bool) {}
    fn key(&mut self, _: &str) {}
    fn open(&mut self, _: Value) {}
    fn close(&mut self) {}
}

/// Builds the value while the scanner checks it.
#[derive(Default)]
pub(super) struct Tree {
    open: Vec<(Value, Option<String>)>,
    root: Option<Value>,
}

impl Tree {
    /// The value, if one was completed.
    pub(super) fn into_root(self) -> Option<Value> {
        self.root
    }

    fn add(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some((Value::List(list), _)) => list.push(value),
            Some((Value::Object(object), key)) => {
                object.0.insert(key.take().unwrap_or_default(), value);
            }
            Some((Value::Text(_) | Value::Int(_) | Value::Flag(_), _)) => {}
        }
    }
}

impl Sink for Tree {
    fn text(&mut self, escaped: &str) {
        self.add(Value::Text(unescape(escaped)));
    }
    fn int(&mut self, int: i64) {
        self.add(Value::Int(SafeInt(int)));
    }
    fn flag(&mut self, flag: bool) {
        self.add(Value::Flag(flag));
    }
    fn key(&mut self, key: &str) {
        if let Some((_, slot)) = self.open.last_mut() {
            *slot = Some(key.to_owned());
        }
    }
    fn open(&mut self, value: Value) {
        self.open.push((value, None));
    }
    fn close(&mut self) {
        if let Some((value, _)) = self.open.pop() {
            self.add(value);
        }
    }
}

/// Undoes the escapes of a text that the scanner has already accepted.
fn unescape(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('b') => out.push('\u{8}'),
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('f') => out.push('\u{c}'),
            Some('r') => out.push('\r'),
            Some('u') => {
                let code = chars.by_ref().take(4).fold(0, |code, digit| {
                    code * 16 + digit.to_digit(16).unwrap_or_default()
                });
                out.extend(char::from_u32(code));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

pub(super) fn scan<S: Sink>(bytes: &[u8], sink: &mut S) -> Result<(), NotCanonical> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotCanonical {
        at: error.valid_up_to(),
        fault: Fault::Encoding,
    })?;
    let mut scanner = Scanner { text, bytes, at: 0 };
    scanner.value(sink, 0)?;
    if scanner.at == bytes.len() {
        Ok(())
    } else {
        Err(scanner.fault(Fault::Trailing))
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn fault(&self, fault: Fault) -> NotCanonical {
        NotCanonical { at: self.at, fault }
    }

    fn peek(&self) -> Result<u8, NotCanonical> {
        self.bytes
            .get(self.at)
            .copied()
            .ok_or_else(|| self.fault(Fault::End))
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.peek()? != byte {
            return Err(self.fault(Fault::Byte));
        }
        self.at += 1;
        Ok(())
    }

    fn slice(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn value<S: Sink>(&mut self, sink: &mut S, depth: usize) -> Result<(), NotCanonical> {
        match self.peek()? {
            b'"' => {
                let text = self.string()?;
                sink.text(text);
                Ok(())
            }
            b'-' | b'0'..=b'9' => {
                let int = self.number()?;
                sink.int(int);
                Ok(())
            }
            b't' => self.literal(b"true").map(|()| sink.flag(true)),
            b'f' => self.literal(b"false").map(|()| sink.flag(false)),
            b'[' => self.list(sink, depth),
            b'{' => self.object(sink, depth),
            _ => Err(self.fault(Fault::Byte)),
        }
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), NotCanonical> {
        if !self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(literal))
        {
            return Err(self.fault(Fault::Byte));
        }
        self.at += literal.len();
        Ok(())
    }

    fn list<S: Sink>(&mut self, sink: &mut S, depth: usize) -> Result<(), NotCanonical> {
        self.deeper(depth)?;
        sink.open(Value::List(Vec::new()));
        if self.peek()? != b']' {
            loop {
                self.value(sink, depth + 1)?;
                if self.peek()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.expect(b']')?;
        sink.close();
        Ok(())
    }

    fn object<S: Sink>(&mut self, sink: &mut S, depth: usize) -> Result<(), NotCanonical> {
        self.deeper(depth)?;
        sink.open(Value::Object(Object::default()));
        if self.peek()? != b'}' {
            let mut previous = "";
            loop {
                let start = self.at;
                let key = self.key()?;
                if key <= previous {
                    return Err(NotCanonical {
                        at: start,
                        fault: Fault::Order,
                    });
                }
                previous = key;
                sink.key(key);
                self.expect(b':')?;
                self.value(sink, depth + 1)?;
                if self.peek()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.expect(b'}')?;
        sink.close();
        Ok(())
    }

    /// Steps over the bracket that opens a list or an object.
    fn deeper(&mut self, depth: usize) -> Result<(), NotCanonical> {
        if depth >= DEPTH_MAX {
            return Err(self.fault(Fault::Depth));
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<&'a str, NotCanonical> {
        self.expect(b'"')?;
        let start = self.at;
        while is_key_byte(self.peek()?) {
            self.at += 1;
        }
        let key = self.slice(start);
        if key.is_empty() || self.peek()? != b'"' {
            return Err(self.fault(Fault::Key));
        }
        self.at += 1;
        Ok(key)
    }

    fn string(&mut self) -> Result<&'a str, NotCanonical> {
        self.at += 1;
        let start = self.at;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return Err(self.fault(Fault::Escape)),
            }
        }
        let text = self.slice(start);
        self.at += 1;
        Ok(text)
    }

    fn escape(&mut self) -> Result<(), NotCanonical> {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        match rest {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => self.at += 2,
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => self.at += 6,
            _ => return Err(self.fault(Fault::Escape)),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<i64, NotCanonical> {
        let start = self.at;
        let negative = self.peek()? == b'-';
        if negative {
            self.at += 1;
        }
        let digits = self.at;
        let mut value = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            value = value
                .saturating_mul(10)
                .saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let count = self.at - digits;
        let zero_led = count > 1 && self.bytes.get(digits) == Some(&b'0');
        if count == 0 || zero_led || value > SAFE_INT_MAX || (negative && value == 0) {
            return Err(NotCanonical {
                at: start,
                fault: Fault::Number,
            });
        }
        Ok(if negative { -value } else { value })
    }
}

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES * 0x80;

/// How many bytes at the start are neither quote, backslash nor control: eight at a time.
fn plain_run(bytes: &[u8]) -> usize {
    let mut run = 0;
    let mut words = bytes.chunks_exact(8);
    for chunk in &mut words {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = word ^ (ONES * 0x22);
        let quote = quote.wrapping_sub(ONES) & !quote;
        let slash = word ^ (ONES * 0x5c);
        let slash = slash.wrapping_sub(ONES) & !slash;
        // A borrow can flag a byte above a real hit, never one below: the lowest flag is true.
        let hits = (control | quote | slash) & HIGHS;
        if hits != 0 {
            return run + hits.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    let rest = words.remainder();
    run + rest
        .iter()
        .take_while(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\'))
        .count()
}
