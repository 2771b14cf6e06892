//! ASN.1 as it stands in the bytes: signatures are over bytes, so that nothing is written anew.
//!
//! Lengths of both kinds are read, since signatures come in BER as well.

use std::borrow::Cow;

/// Not the ASN.1 that was expected here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the ASN.1 that was expected")]
pub(crate) struct Malformed;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// How deep values of indefinite length may lie in one another.
const DEPTH_MAX: usize = 32;

/// The tag of a context-specific value: primitive, or with others in it.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// As [`context`], with others in it.
pub(crate) const fn inner(number: u8) -> u8 {
    0xa0 | number
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    /// What is in it.
    pub(crate) content: &'a [u8],
    /// All of it, with tag and length.
    pub(crate) raw: &'a [u8],
}

/// Values, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn next(&mut self) -> Result<Value<'a>, Malformed> {
        let (value, rest) = value(self.rest, 0)?;
        self.rest = rest;
        Ok(value)
    }

    /// The next value, of this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Value<'a>, Malformed> {
        let value = self.next()?;
        if value.tag == tag {
            Ok(value)
        } else {
            Err(Malformed)
        }
    }

    /// The next value if it is of this tag.
    pub(crate) fn maybe(&mut self, tag: u8) -> Result<Option<Value<'a>>, Malformed> {
        if self.peek() == Some(tag) {
            self.next().map(Some)
        } else {
            Ok(None)
        }
    }

    /// That there is nothing more.
    pub(crate) const fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// All values to the end.
    pub(crate) fn all(mut self, max: usize) -> Result<Vec<Value<'a>>, Malformed> {
        let mut values = Vec::new();
        while !self.is_empty() {
            if values.len() >= max {
                return Err(Malformed);
            }
            values.push(self.next()?);
        }
        Ok(values)
    }
}

fn value(bytes: &[u8], depth: usize) -> Result<(Value<'_>, &[u8]), Malformed> {
    let [tag, first, ..] = *bytes else {
        return Err(Malformed);
    };
    // Tags of more than one byte do not occur in signatures.
    if tag & 0x1f == 0x1f || depth > DEPTH_MAX {
        return Err(Malformed);
    }
    if first == 0x80 {
        return indefinite(bytes, tag, depth);
    }
    let (length, head) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = bytes.get(2..2 + count).ok_or(Malformed)?;
        if count > 4 {
            return Err(Malformed);
        }
        let length = digits
            .iter()
            .fold(0_usize, |all, digit| all << 8 | usize::from(*digit));
        (length, 2 + count)
    };
    let end = head.checked_add(length).ok_or(Malformed)?;
    let content = bytes.get(head..end).ok_or(Malformed)?;
    let (raw, rest) = bytes.split_at_checked(end).ok_or(Malformed)?;
    Ok((Value { tag, content, raw }, rest))
}

fn indefinite(bytes: &[u8], tag: u8, depth: usize) -> Result<(Value<'_>, &[u8]), Malformed> {
    if tag & 0x20 == 0 {
        return Err(Malformed);
    }
    let all = bytes.get(2..).ok_or(Malformed)?;
    let mut rest = all;
    while !rest.starts_with(&[0, 0]) {
        (_, rest) = value(rest, depth + 1)?;
    }
    let content_bytes = all.len() - rest.len();
    let content = all.get(..content_bytes).ok_or(Malformed)?;
    let (raw, rest) = bytes.split_at_checked(content_bytes + 4).ok_or(Malformed)?;
    Ok((Value { tag, content, raw }, rest))
}

impl<'a> Value<'a> {
    /// The one value that these bytes are.
    pub(crate) fn whole(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let value = reader.next()?;
        reader.end()?;
        Ok(value)
    }

    pub(crate) const fn reader(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// What is in it, if it has this tag.
    pub(crate) fn within(&self, tag: u8) -> Result<Reader<'a>, Malformed> {
        if self.tag == tag {
            Ok(self.reader())
        } else {
            Err(Malformed)
        }
    }

    /// An object identifier in numbers.
    pub(crate) fn oid(&self) -> Result<String, Malformed> {
        if self.tag != OID {
            return Err(Malformed);
        }
        oid(self.content)
    }

    /// The bytes of an octet string, which may come in pieces.
    pub(crate) fn octets(&self) -> Result<Cow<'a, [u8]>, Malformed> {
        match self.tag {
            OCTET_STRING | 0x80 => Ok(Cow::Borrowed(self.content)),
            0x24 | 0xa0 => {
                let mut all = Vec::new();
                for piece in self.reader().all(100_000)? {
                    if piece.tag != OCTET_STRING {
                        return Err(Malformed);
                    }
                    all.extend(piece.content);
                }
                Ok(Cow::Owned(all))
            }
            _ => Err(Malformed),
        }
    }

    /// The bytes of a bit string that has whole bytes.
    pub(crate) fn bits(&self) -> Result<&'a [u8], Malformed> {
        match self.content.split_first() {
            Some((0, bits)) if self.tag == BIT_STRING => Ok(bits),
            _ => Err(Malformed),
        }
    }

    /// A small number that is not negative.
    pub(crate) fn small(&self) -> Result<u32, Malformed> {
        if self.content.is_empty() || self.content.len() > 5 {
            return Err(Malformed);
        }
        if self.content.first().is_some_and(|byte| byte & 0x80 != 0) {
            return Err(Malformed);
        }
        let all = self
            .content
            .iter()
            .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        u32::try_from(all).map_err(|_large| Malformed)
    }

    /// Truth, as DER has it.
    pub(crate) const fn truth(&self) -> Result<bool, Malformed> {
        match self.content {
            [0] => Ok(false),
            [_] => Ok(true),
            _ => Err(Malformed),
        }
    }
}

/// The numbers of an object identifier.
pub(crate) fn oid(content: &[u8]) -> Result<String, Malformed> {
    if content.is_empty() || content.len() > 64 {
        return Err(Malformed);
    }
    let mut text = String::new();
    let (mut arc, mut first, mut open) = (0_u64, true, false);
    for byte in content {
        arc = arc.checked_mul(128).ok_or(Malformed)? | u64::from(byte & 0x7f);
        open = byte & 0x80 != 0;
        if open {
            continue;
        }
        if first {
            let top = (arc / 40).min(2);
            text = format!("{top}.{}", arc - top * 40);
            first = false;
        } else {
            text.push_str(&format!(".{arc}"));
        }
        arc = 0;
    }
    if open { Err(Malformed) } else { Ok(text) }
}

/// A value with this tag and content, in DER.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let digits: Vec<u8> = length
            .to_be_bytes()
            .into_iter()
            .skip_while(|digit| *digit == 0)
            .collect();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
        out.extend(digits);
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_length_say_the_same() {
        let definite = [0x30, 0x03, 0x02, 0x01, 0x05];
        let indefinite = [0x30, 0x80, 0x02, 0x01, 0x05, 0x00, 0x00];
        for bytes in [definite.as_slice(), &indefinite] {
            let value = Value::whole(bytes).expect("a sequence");
            assert_eq!(value.raw, bytes);
            let number = value.reader().next().expect("a number");
            assert_eq!(number.small(), Ok(5));
        }
        assert_eq!(wrap(0x30, &[0x02, 0x01, 0x05]), definite);
        assert_eq!(wrap(4, &[0; 200]).get(..3), Some([4, 0x81, 200].as_slice()));
    }

    #[test]
    fn what_is_cut_is_no_value() {
        let whole = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0x05, 0, 0, 0, 0];
        assert!(Value::whole(&whole).is_ok());
        for end in 0..whole.len() {
            assert!(Value::whole(&whole[..end]).is_err(), "{end}");
        }
        assert!(Value::whole(&[0x04, 0x85, 1, 1, 1, 1, 1]).is_err());
        assert!(Value::whole(&[0x1f, 0x01, 0x00]).is_err());
        assert!(Value::whole(&[0x30, 0x80].repeat(50)).is_err());
    }

    #[test]
    fn names_of_objects_are_read_in_numbers() {
        assert_eq!(
            oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]).as_deref(),
            Ok("1.2.840.113549.1.7.2")
        );
        assert_eq!(oid(&[0x55, 0x1d, 0x0f]).as_deref(), Ok("2.5.29.15"));
        assert_eq!(oid(&[0x80]), Err(Malformed));
    }
}
