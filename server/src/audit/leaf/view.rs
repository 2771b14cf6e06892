//! Reads a leaf in one pass, without allocating: the hot path of the verifier.

use std::borrow::Cow;
use std::collections::BTreeMap;

use uuid::Uuid;

use super::stamp::{TIMESTAMP_BYTES, parse_micros};
use super::{
    ERASE_ACTION, LEAF_BYTES_MAX, LEAF_LINE, Leaf, LeafDraft, LeafError, ORIGIN_BYTES_MAX, Origin,
    Outcome, Subject, Target, is_origin_byte, is_safe, is_token,
};
use crate::audit::canonical::SAFE_INT_MAX;
use crate::audit::commitment::{Commitment, Slot, is_slot_name};
use crate::audit::merkle::Hash;

/// A leaf that was read and found exactly of its form; borrows from its bytes.
#[derive(Debug, Clone, Copy)]
pub struct LeafView<'a> {
    /// What was done.
    pub action: &'a str,
    /// Who did it.
    pub actor: Uuid,
    /// Offset of the raw clock in milliseconds.
    pub clk_ms: i64,
    /// Department.
    pub dept: Option<Uuid>,
    /// Name of the log.
    pub origin: &'a str,
    /// On whose behalf.
    pub obo: Option<Uuid>,
    /// Outcome.
    pub outcome: Outcome,
    /// Hash of the record before.
    pub prev: Hash,
    /// Request.
    pub req: Option<Uuid>,
    /// Role.
    pub role: &'a str,
    /// Number of the record.
    pub seq: u64,
    /// Time in microseconds since 1970 (UTC).
    pub ts_micros: i64,
    /// Unit of work.
    pub uow: Uuid,
    private: &'a str,
    subjects: &'a str,
    targets: &'a str,
}

/// A subject of a [`LeafView`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectView<'a> {
    /// The word for it.
    pub kind: &'a str,
    /// Its id.
    pub id: Uuid,
    /// Its version after the change.
    pub version: u64,
    /// Commitment to its state.
    pub state: Option<Commitment>,
    /// Commitment to the digests of its content.
    pub blob: Option<Commitment>,
}

impl<'a> LeafView<'a> {
    /// Reads a leaf; refuses every byte that [`Leaf::to_bytes`] would not have written.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, LeafError> {
        if bytes.len() > LEAF_BYTES_MAX {
            return Err(LeafError::TooLarge { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes)
            .ok()
            .ok_or(LeafError::Field("encoding"))?;
        let mut cursor = Cursor { text, at: 0 };
        let view = cursor.leaf()?;
        if cursor.at == bytes.len() {
            Ok(view)
        } else {
            Err(LeafError::Field("v"))
        }
    }

    /// The subjects, in order.
    pub fn subjects(&self) -> Subjects<'a> {
        Subjects {
            cursor: Cursor {
                text: self.subjects,
                at: 0,
            },
        }
    }

    /// Commitments to details, by name of slot.
    pub fn private(&self) -> impl Iterator<Item = (&'a str, Commitment)> + use<'a> {
        let mut cursor = Cursor {
            text: self.private,
            at: 0,
        };
        std::iter::from_fn(move || {
            cursor.eat(",");
            if cursor.is_done() {
                None
            } else {
                cursor.slot().ok()
            }
        })
    }

    /// The openings that this record erases.
    pub fn targets(&self) -> impl Iterator<Item = (u64, &'a str)> + use<'a> {
        let mut cursor = Cursor {
            text: self.targets,
            at: 0,
        };
        std::iter::from_fn(move || {
            cursor.eat(",");
            if cursor.is_done() {
                None
            } else {
                cursor.target().ok()
            }
        })
    }

    /// An owned copy.
    pub fn to_leaf(&self) -> Result<Leaf, LeafError> {
        let token = |text: &str| Cow::Owned(text.to_owned());
        let target = |(seq, slot): (u64, &str)| {
            let slot = slot
                .parse::<Slot>()
                .ok()
                .ok_or(LeafError::Field("targets"))?;
            Ok(Target { seq, slot })
        };
        let draft = LeafDraft {
            action: token(self.action),
            actor: self.actor,
            obo: self.obo,
            role: token(self.role),
            dept: self.dept,
            outcome: self.outcome,
            req: self.req,
            uow: self.uow,
            subjects: self
                .subjects()
                .map(|subject| subject.to_subject())
                .collect(),
            private: self
                .private()
                .map(|(slot, it)| (slot.into(), it))
                .collect::<BTreeMap<_, _>>(),
            targets: self
                .targets()
                .map(target)
                .collect::<Result<_, LeafError>>()?,
        };
        Ok(Leaf {
            seq: self.seq,
            prev: self.prev,
            ts_micros: self.ts_micros,
            clk_ms: self.clk_ms,
            origin: self.origin.parse::<Origin>()?,
            draft,
        })
    }
}

impl SubjectView<'_> {
    fn to_subject(self) -> Subject {
        Subject {
            kind: Cow::Owned(self.kind.to_owned()),
            id: self.id,
            version: self.version,
            state: self.state,
            blob: self.blob,
        }
    }
}

/// The subjects of a leaf.
#[derive(Debug, Clone)]
pub struct Subjects<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Subjects<'a> {
    type Item = SubjectView<'a>;

    fn next(&mut self) -> Option<SubjectView<'a>> {
        self.cursor.eat(",");
        if self.cursor.is_done() {
            None
        } else {
            self.cursor.subject().ok()
        }
    }
}

#[derive(Debug, Clone)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    // Inlined, the comparison with a short literal is a few instructions instead of a call.
    #[inline]
    fn eat(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal.as_bytes());
        if found {
            self.at += literal.len();
        }
        found
    }

    #[inline]
    fn need(&mut self, literal: &str, field: &'static str) -> Result<(), LeafError> {
        if self.eat(literal) {
            Ok(())
        } else {
            Err(LeafError::Field(field))
        }
    }

    /// The next bytes, exactly so many.
    fn take<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], LeafError> {
        let taken = self
            .rest()
            .first_chunk::<N>()
            .ok_or(LeafError::Field(field))?;
        self.at += N;
        Ok(taken)
    }

    /// Everything up to the next quote, which is stepped over.
    fn quoted(&mut self, limit: usize, field: &'static str) -> Result<&'a str, LeafError> {
        let rest = self.rest();
        let window = rest.get(..=limit).unwrap_or(rest);
        let length = window
            .iter()
            .position(|byte| *byte == b'"')
            .ok_or(LeafError::Field(field))?;
        let text = self
            .text
            .get(self.at..self.at + length)
            .ok_or(LeafError::Field(field))?;
        self.at += length + 1;
        Ok(text)
    }

    fn token(&mut self, field: &'static str) -> Result<&'a str, LeafError> {
        let token = self.quoted(super::TOKEN_BYTES_MAX, field)?;
        if is_token(token.as_bytes()) {
            Ok(token)
        } else {
            Err(LeafError::Field(field))
        }
    }

    /// A UUID in lower case, then a quote.
    fn uuid(&mut self, field: &'static str) -> Result<Uuid, LeafError> {
        let text = self.take::<37>(field)?;
        uuid_of(text).ok_or(LeafError::Field(field))
    }

    /// 64 lower-case hexadecimal digits, then a quote.
    fn hash(&mut self, field: &'static str) -> Result<[u8; 32], LeafError> {
        let digits = self.take::<64>(field)?;
        let hash = unhex(digits).ok_or(LeafError::Field(field))?;
        self.need("\"", field)?;
        Ok(hash)
    }

    fn uint(&mut self, field: &'static str) -> Result<u64, LeafError> {
        let rest = self.rest();
        let count = rest
            .iter()
            .take(17)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let digits = rest.get(..count).unwrap_or_default();
        let number = digits
            .iter()
            .fold(0, |all, digit| all * 10 + u64::from(digit - b'0'));
        let shortest = count == 1 || digits.first().is_some_and(|digit| *digit != b'0');
        if count == 0 || !shortest || !is_safe(number) {
            return Err(LeafError::Field(field));
        }
        self.at += count;
        Ok(number)
    }

    fn int(&mut self, field: &'static str) -> Result<i64, LeafError> {
        let negative = self.eat("-");
        let magnitude = i64::try_from(self.uint(field)?).unwrap_or(SAFE_INT_MAX);
        match (negative, magnitude) {
            (true, 0) => Err(LeafError::Field(field)),
            (true, magnitude) => Ok(-magnitude),
            (false, magnitude) => Ok(magnitude),
        }
    }

    fn optional_uuid(
        &mut self,
        literal: &str,
        field: &'static str,
    ) -> Result<Option<Uuid>, LeafError> {
        if self.eat(literal) {
            self.uuid(field).map(Some)
        } else {
            Ok(None)
        }
    }

    fn leaf(&mut self) -> Result<LeafView<'a>, LeafError> {
        self.need(LEAF_LINE, "domain")?;
        self.need("{\"action\":\"", "action")?;
        let action = self.token("action")?;
        self.need(",\"actor\":\"", "actor")?;
        let actor = self.uuid("actor")?;
        self.need(",\"clk\":", "clk")?;
        let clk_ms = self.int("clk")?;
        let dept = self.optional_uuid(",\"dept\":\"", "dept")?;
        self.need(",\"log\":\"", "log")?;
        let origin = self.quoted(ORIGIN_BYTES_MAX, "log")?;
        if origin.is_empty() || !origin.bytes().all(is_origin_byte) {
            return Err(LeafError::Field("log"));
        }
        let obo = self.optional_uuid(",\"obo\":\"", "obo")?;
        self.need(",\"outcome\":\"", "outcome")?;
        let outcome = match self.quoted(7, "outcome")? {
            "ok" => Outcome::Ok,
            "refused" => Outcome::Refused,
            _ => return Err(LeafError::Field("outcome")),
        };
        self.need(",\"prev\":\"", "prev")?;
        let prev = Hash(self.hash("prev")?);
        let private = self.private()?;
        let req = self.optional_uuid(",\"req\":\"", "req")?;
        self.need(",\"role\":\"", "role")?;
        let role = self.token("role")?;
        self.need(",\"seq\":", "seq")?;
        let seq = self.uint("seq")?;
        let subjects = self.subjects()?;
        let targets = self.targets()?;
        if targets.is_empty() == (action == ERASE_ACTION) {
            return Err(LeafError::Field("targets"));
        }
        self.need(",\"ts\":\"", "ts")?;
        let ts = self.take::<TIMESTAMP_BYTES>("ts")?;
        let ts_micros = parse_micros(ts).ok_or(LeafError::Field("ts"))?;
        self.need("\",\"uow\":\"", "uow")?;
        let uow = self.uuid("uow")?;
        self.need(",\"v\":1}", "v")?;
        Ok(LeafView {
            action,
            actor,
            clk_ms,
            dept,
            origin,
            obo,
            outcome,
            prev,
            req,
            role,
            seq,
            ts_micros,
            uow,
            private,
            subjects,
            targets,
        })
    }

    fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn private(&mut self) -> Result<&'a str, LeafError> {
        if !self.eat(",\"priv\":{") {
            return Ok("");
        }
        let start = self.at;
        let mut previous = "";
        loop {
            let (name, _) = self.slot()?;
            if name <= previous {
                return Err(LeafError::Field("priv"));
            }
            previous = name;
            if !self.eat(",") {
                break;
            }
        }
        let inner = self.since(start);
        self.need("}", "priv")?;
        Ok(inner)
    }

    fn slot(&mut self) -> Result<(&'a str, Commitment), LeafError> {
        self.need("\"", "priv")?;
        let name = self.quoted(crate::audit::commitment::SLOT_NAME_BYTES_MAX, "priv")?;
        if !is_slot_name(name.as_bytes()) {
            return Err(LeafError::Field("priv"));
        }
        self.need(":\"", "priv")?;
        Ok((name, Commitment(self.hash("priv")?)))
    }

    fn subjects(&mut self) -> Result<&'a str, LeafError> {
        self.need(",\"subj\":[", "subj")?;
        let start = self.at;
        if !self.rest().starts_with(b"]") {
            self.subject()?;
            while self.eat(",") {
                self.subject()?;
            }
        }
        let inner = self.since(start);
        self.need("]", "subj")?;
        Ok(inner)
    }

    fn subject(&mut self) -> Result<SubjectView<'a>, LeafError> {
        self.need("{\"", "subj")?;
        let blob = if self.eat("blob\":\"") {
            let blob = Commitment(self.hash("subj")?);
            self.need(",\"", "subj")?;
            Some(blob)
        } else {
            None
        };
        self.need("id\":\"", "subj")?;
        let id = self.uuid("subj")?;
        let state = if self.eat(",\"state\":\"") {
            Some(Commitment(self.hash("subj")?))
        } else {
            None
        };
        self.need(",\"t\":\"", "subj")?;
        let kind = self.token("subj")?;
        self.need(",\"ver\":", "subj")?;
        let version = self.uint("subj")?;
        self.need("}", "subj")?;
        Ok(SubjectView {
            kind,
            id,
            version,
            state,
            blob,
        })
    }

    fn targets(&mut self) -> Result<&'a str, LeafError> {
        if !self.eat(",\"targets\":[") {
            return Ok("");
        }
        let start = self.at;
        let mut previous = None;
        loop {
            let target = self.target()?;
            if previous.is_some_and(|previous| previous >= target) {
                return Err(LeafError::Field("targets"));
            }
            previous = Some(target);
            if !self.eat(",") {
                break;
            }
        }
        let inner = self.since(start);
        self.need("]", "targets")?;
        Ok(inner)
    }

    fn target(&mut self) -> Result<(u64, &'a str), LeafError> {
        self.need("{\"seq\":", "targets")?;
        let seq = self.uint("targets")?;
        self.need(",\"slot\":\"", "targets")?;
        let slot = self.quoted(crate::audit::commitment::SLOT_NAME_BYTES_MAX, "targets")?;
        slot.parse::<Slot>()
            .ok()
            .ok_or(LeafError::Field("targets"))?;
        self.need("}", "targets")?;
        Ok((seq, slot))
    }
}

const NOT_A_DIGIT: u8 = 0xff;

/// The value of each lower-case hexadecimal digit; [`NOT_A_DIGIT`] for every other byte.
static DIGITS: [u8; 256] = {
    let mut digits = [NOT_A_DIGIT; 256];
    let mut value = 0_u8;
    while value < 16 {
        let digit = if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        };
        digits[digit as usize] = value;
        value += 1;
    }
    digits
};

fn digit(byte: u8) -> u8 {
    DIGITS
        .get(usize::from(byte))
        .copied()
        .unwrap_or(NOT_A_DIGIT)
}

/// Reads lower-case hexadecimal digits.
pub(crate) fn unhex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let mut out = [0; N];
    if pairs.len() != N {
        return None;
    }
    let mut bad = 0;
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        let (high, low) = (digit(*high), digit(*low));
        bad |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    (bad & 0xf0 == 0).then_some(out)
}

/// Reads a hyphenated UUID in lower case and the quote after it.
fn uuid_of(text: &[u8; 37]) -> Option<Uuid> {
    let mut bytes = [0; 16];
    let (mut at, mut bad) = (0, 0);
    for (index, byte) in bytes.iter_mut().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            bad |= text.get(at)? ^ b'-';
            at += 1;
        }
        let (high, low) = (digit(*text.get(at)?), digit(*text.get(at + 1)?));
        bad |= (high | low) & 0xf0;
        *byte = high << 4 | low & 0x0f;
        at += 2;
    }
    bad |= text.get(36)? ^ b'"';
    (bad == 0).then_some(Uuid::from_bytes(bytes))
}
