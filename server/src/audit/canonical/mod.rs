//! Canonical JSON (RFC 8785) for a closed set of values: texts, safe integers, flags, lists and
//! objects with ASCII keys. No floats and no null, so that two writers can never differ.

use std::collections::BTreeMap;

mod scan;

use scan::{Nothing, Tree, scan};

/// Largest magnitude of an integer that every JSON reader keeps exactly (2^53 - 1).
pub const SAFE_INT_MAX: i64 = (1 << 53) - 1;
/// Deepest nesting of lists and objects.
pub const DEPTH_MAX: usize = 16;

/// An integer that no JSON reader rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafeInt(i64);

impl SafeInt {
    /// The integer, if its magnitude is at most [`SAFE_INT_MAX`]. Larger ones belong in a text.
    pub const fn new(value: i64) -> Option<Self> {
        if value >= -SAFE_INT_MAX && value <= SAFE_INT_MAX {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The plain integer.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A value that has exactly one canonical writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Any Unicode text.
    Text(String),
    /// A safe integer.
    Int(SafeInt),
    /// True or false.
    Flag(bool),
    /// An ordered list.
    List(Vec<Value>),
    /// Named values, each name once.
    Object(Object),
}

/// Named values in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object(BTreeMap<String, Value>);

/// A name that cannot be a key: empty, not printable ASCII, or in need of an escape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key of a canonical object is printable ASCII without quote and backslash")]
pub struct BadKey;

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member under a name known at build time; replaces one of the same name.
    ///
    /// # Panics
    /// If the name is not a valid key, which is a mistake in our own code.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        assert!(is_key(key), "the key {key:?} is not canonical");
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a member if there is a value.
    #[must_use]
    pub fn with_some(self, key: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a member under a name that came as input.
    pub fn insert(&mut self, key: &str, value: impl Into<Value>) -> Result<(), BadKey> {
        if !is_key(key) {
            return Err(BadKey);
        }
        self.0.insert(key.to_owned(), value.into());
        Ok(())
    }

    /// The member of this name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// All members in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_object(&mut out, self);
        out
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(is_key_byte)
}

fn is_key_byte(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}

impl Value {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_value(&mut out, self);
        out
    }

    /// Reads bytes that are exactly canonical; anything else is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotCanonical> {
        let mut tree = Tree::default();
        scan(bytes, &mut tree)?;
        tree.into_root().ok_or(NotCanonical {
            at: 0,
            fault: Fault::End,
        })
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self {
            Some(object)
        } else {
            None
        }
    }

    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The integer, if this is one.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self {
            Some(int.0)
        } else {
            None
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<SafeInt> for Value {
    fn from(int: SafeInt) -> Self {
        Self::Int(int)
    }
}
impl From<u32> for Value {
    fn from(int: u32) -> Self {
        Self::Int(SafeInt(i64::from(int)))
    }
}
impl From<i32> for Value {
    fn from(int: i32) -> Self {
        Self::Int(SafeInt(i64::from(int)))
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}
impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(list: Vec<V>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => write_text(out, text),
        Value::Int(int) => out.extend_from_slice(int.0.to_string().as_bytes()),
        Value::Flag(true) => out.extend_from_slice(b"true"),
        Value::Flag(false) => out.extend_from_slice(b"false"),
        Value::List(list) => {
            out.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
        Value::Object(object) => write_object(out, object),
    }
}

fn write_object(out: &mut Vec<u8>, object: &Object) {
    out.push(b'{');
    for (index, (key, value)) in object.0.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(out, key);
        out.push(b':');
        write_value(out, value);
    }
    out.push(b'}');
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            0x00..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Why bytes are not canonical, and where the reader stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical at byte {at}: {fault}")]
pub struct NotCanonical {
    /// Offset of the first byte that cannot be.
    pub at: usize,
    /// What was wrong there.
    pub fault: Fault,
}

/// What can be wrong with bytes that claim to be canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// The value stops too early.
    #[error("unexpected end")]
    End,
    /// Bytes follow the value.
    #[error("bytes after the value")]
    Trailing,
    /// A byte that no value starts with here: white space, `null`, a float, a stray sign.
    #[error("unexpected byte")]
    Byte,
    /// A key is empty, not ASCII or needs an escape.
    #[error("not a key")]
    Key,
    /// Keys are not in strictly rising order; a repeated key is one of these.
    #[error("keys out of order")]
    Order,
    /// An escape that is not the shortest writing, or a raw control character.
    #[error("escape")]
    Escape,
    /// A number that is not a safe integer in its shortest writing.
    #[error("number")]
    Number,
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested too deeply")]
    Depth,
}

/// Checks in one pass, without allocating, that bytes are exactly canonical.
pub fn check(bytes: &[u8]) -> Result<(), NotCanonical> {
    scan(bytes, &mut Nothing)
}
