//! Serial numbers of identity documents: found in texts by their shape, their check digit and what stands
//! around them, and masked. Ordinary numbers stay as they are.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::entry::{Entry, FieldValue};

/// What stands in the place of each sign that is masked.
pub const MASK: char = '█';

/// What stands for that sign where a masked text is looked at again: of one byte, as what was masked.
const MASKED: u8 = 0x1a;

/// The first sign of a serial number that is no number: the letters without vowels, B, D, Q and S.
const FIRST: &[u8] = b"CFGHJKLMNPRTVWXYZ";
/// The word for machine readable zones.
const ZONES: &str = "MRZ";
/// The longest shape, in signs.
const SIGNS_MAX: usize = 20;
/// The shortest: fewer signs would be anything.
const SIGNS_MIN: usize = 6;
/// How far before a number what it is may stand, in bytes.
const BEFORE_BYTES: usize = 120;
/// The same for one that is digits only.
const BEFORE_DIGITS_BYTES: usize = 32;

/// Words that say that a serial number follows, but not of what: enough where the check digit is right and
/// the page speaks of an identity document.
const SERIAL: [&str; 8] = [
    "seriennummer",
    "serien-nr",
    "seriennr",
    "serial number",
    "serial no",
    "dokumentennummer",
    "dokumenten-nr",
    "document no",
];
/// What stands in words that say that another number follows.
const OTHER: [&str; 27] = [
    "rechnung",
    "aktenzeichen",
    "geschäftszeichen",
    "kassenzeichen",
    "kennzeichen",
    "kunden",
    "vorgang",
    "beleg",
    "steuer",
    "iban",
    "konto",
    "telefon",
    "telefax",
    "rufnummer",
    "mobil",
    "vertrag",
    "bestell",
    "auftrag",
    "artikel",
    "inventar",
    "buchung",
    "zahlung",
    "referenz",
    "sendungs",
    "ordnungsmerkmal",
    "antragsn",
    "debitor",
];
/// Whole words that say so: as a part of others they would say nothing (`beantragt`, `Urkunde`).
const OTHER_WHOLE: [&str; 8] = [
    "az", "gz", "tel", "fax", "handy", "antrag", "kunde", "sendung",
];

/// One sign of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// `9`
    Digit,
    /// `A`
    Letter,
    /// `L`
    First,
    /// `X`
    Any,
    /// `C`
    Check,
    /// What stands between apostrophes.
    Exactly(u8),
}

/// What a serial number looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialShape(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The machine readable zones of cards and passports.
    Zones,
    Signs(Vec<Sign>),
}

impl SerialShape {
    /// Reads a shape: `MRZ`, or signs of which `9` is a digit, `A` a letter, `L` one of the letters with
    /// which serial numbers begin, `X` such a letter or a digit, and `C` the check digit over all that
    /// stands before it (ICAO Doc 9303: 7, 3, 1); what stands between apostrophes is meant as it is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == ZONES {
            return Some(Self(Kind::Zones));
        }
        let mut signs = Vec::new();
        let mut literal = false;
        for byte in text.bytes() {
            match byte {
                b'\'' => literal = !literal,
                _ if literal && byte.is_ascii_alphanumeric() => {
                    signs.push(Sign::Exactly(byte.to_ascii_uppercase()));
                }
                _ if literal => return None,
                b'9' => signs.push(Sign::Digit),
                b'A' => signs.push(Sign::Letter),
                b'L' => signs.push(Sign::First),
                b'X' => signs.push(Sign::Any),
                b'C' => signs.push(Sign::Check),
                _ => return None,
            }
        }
        let fits = (SIGNS_MIN..=SIGNS_MAX).contains(&signs.len());
        (fits && !literal).then_some(Self(Kind::Signs(signs)))
    }
}

impl fmt::Display for SerialShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kind::Signs(signs) = &self.0 else {
            return f.write_str(ZONES);
        };
        for sign in signs {
            match sign {
                Sign::Digit => f.write_str("9")?,
                Sign::Letter => f.write_str("A")?,
                Sign::First => f.write_str("L")?,
                Sign::Any => f.write_str("X")?,
                Sign::Check => f.write_str("C")?,
                Sign::Exactly(byte) => write!(f, "'{}'", char::from(*byte))?,
            }
        }
        Ok(())
    }
}

/// The value of a sign for a check digit; nothing for a sign that has none.
fn worth(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    }
}

/// Whether `digit` is the check digit over `signs` (ICAO Doc 9303-3: weights 7, 3, 1).
fn checks(signs: &[u8], digit: u8) -> bool {
    let mut sum = 0;
    for (sign, weight) in signs.iter().zip([7, 3, 1].into_iter().cycle()) {
        let Some(worth) = worth(*sign) else {
            return false;
        };
        sum += worth * weight;
    }
    digit.is_ascii_digit() && u32::from(digit - b'0') == sum % 10
}

/// Whether a word has this shape, all its check digits right.
fn fits(signs: &[Sign], word: &[u8]) -> bool {
    signs.len() == word.len()
        && signs
            .iter()
            .zip(word)
            .enumerate()
            .all(|(at, (sign, byte))| match sign {
                Sign::Digit => byte.is_ascii_digit(),
                Sign::Letter => byte.is_ascii_uppercase(),
                Sign::First => FIRST.contains(byte),
                Sign::Any => byte.is_ascii_digit() || FIRST.contains(byte),
                Sign::Check => checks(word.get(..at).unwrap_or_default(), *byte),
                Sign::Exactly(wanted) => byte == wanted,
            })
}

/// What serial numbers look like and which words announce them. Without shapes nothing is masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serials {
    zones: bool,
    shapes: Vec<Vec<Sign>>,
    words: Vec<String>,
}

impl Serials {
    /// Numbers of these shapes near these words.
    #[must_use]
    pub fn new(shapes: Vec<SerialShape>, words: Vec<String>) -> Self {
        let mut all = Self::default();
        for SerialShape(kind) in shapes {
            match kind {
                Kind::Zones => all.zones = true,
                Kind::Signs(signs) => all.shapes.push(signs),
            }
        }
        let words = words.into_iter().map(|word| lowered(word.trim()));
        all.words = words.filter(|word| !word.is_empty()).collect();
        all
    }

    /// What tells one set of shapes and words from another; empty where nothing is masked.
    pub(crate) fn name(&self) -> String {
        if !self.zones && self.shapes.is_empty() {
            return String::new();
        }
        let zones = self.zones.then(|| ZONES.to_owned());
        let shapes = self.shapes.iter();
        let shapes = shapes.map(|signs| SerialShape(Kind::Signs(signs.clone())).to_string());
        let shapes: Vec<String> = zones.into_iter().chain(shapes).collect();
        format!("2 {} {}", shapes.join(","), self.words.join(","))
    }

    /// The text with every serial number masked, sign by sign.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for place in found {
            if place.end <= done {
                continue;
            }
            let start = place.start.max(done);
            out.push_str(text.get(done..start).unwrap_or_default());
            let masked = text.get(start..place.end).unwrap_or_default().chars();
            out.extend(masked.map(|sign| if sign.is_whitespace() { sign } else { MASK }));
            done = place.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Whether a serial number stands in a text that should have been masked in it. Of what was masked there is none.
    pub(crate) fn finds(&self, text: &str) -> bool {
        let placeholder = char::from(MASKED).to_string();
        !self.find(&text.replace(MASK, &placeholder)).is_empty()
    }

    /// Where serial numbers stand, in order.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.zones {
            found.extend(zones(text));
        }
        if self.shapes.is_empty() {
            return found;
        }
        let mut lower = None;
        for place in words(text) {
            let word = text.get(place.clone()).unwrap_or_default();
            let upper = word.to_ascii_uppercase();
            let shapes = self.shapes.iter();
            let mut shapes = shapes.filter(|signs| fits(signs, upper.as_bytes()));
            let Some(first) = shapes.next() else { continue };
            let checked =
                first.contains(&Sign::Check) || shapes.any(|it| it.contains(&Sign::Check));
            let (lower, named) = lower.get_or_insert_with(|| {
                let lower = lowered(text);
                let named = self.words.iter().any(|word| lower.contains(word.as_str()));
                (lower, named)
            });
            if self.is_announced(lower, &place, checked && *named) {
                found.push(place);
            }
        }
        found.sort_by_key(|place| place.start);
        found
    }

    /// Whether what stands around a word says that it is a serial number: the nearest word that says
    /// what it is counts. `serial` says whether words do that leave open of what.
    fn is_announced(&self, lower: &str, place: &Range<usize>, serial: bool) -> bool {
        let word = lower.get(place.clone()).unwrap_or_default();
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        let reach = if digits {
            BEFORE_DIGITS_BYTES
        } else {
            BEFORE_BYTES
        };
        let mut from = place.start.saturating_sub(reach);
        while !lower.is_char_boundary(from) {
            from += 1;
        }
        let before = lower.get(from..place.start).unwrap_or_default();
        let last = |words: &mut dyn Iterator<Item = &str>| {
            let ends = words.filter_map(|word| Some(before.rfind(word)? + word.len()));
            ends.max().unwrap_or(0)
        };
        let mut own = last(&mut self.words.iter().map(String::as_str));
        if serial {
            own = own.max(last(&mut SERIAL.into_iter()));
        }
        let whole = OTHER_WHOLE.into_iter();
        let whole = whole.filter_map(|word| last_whole(lower, from..place.start, word));
        let other = last(&mut OTHER.into_iter()).max(whole.max().unwrap_or(0));
        if own > 0 && own > other {
            let between = before.get(own..).unwrap_or_default();
            let is_digit = |byte: u8| byte.is_ascii_digit() || byte == MASKED;
            return !digits || !between.bytes().any(is_digit);
        }
        let after = lower.get(place.end..).unwrap_or_default();
        let after = after.trim_start_matches([' ', '(', ',', ':', '-']);
        !digits
            && other == 0
            && self
                .words
                .iter()
                .any(|word| after.starts_with(word.as_str()))
    }

    /// The same for what stands in a field: its name may say what it is.
    fn mask_in(&self, field: &str, text: &str) -> String {
        let name = format!("{} ", field.replace('_', "-"));
        let whole = format!("{name}{text}");
        let masked = self.mask(&whole);
        masked.get(name.len()..).unwrap_or(text).to_owned()
    }

    /// An entry without serial numbers.
    pub(crate) fn entry<'e>(&self, entry: &'e Entry) -> Cow<'e, Entry> {
        if !self.zones && self.shapes.is_empty() {
            return Cow::Borrowed(entry);
        }
        let one = |text: &String| self.mask(text).into_owned();
        let all = |texts: &[String]| -> Vec<String> { texts.iter().map(one).collect() };
        let values = entry.values.iter().map(|value| {
            let exact = value.exact.iter().map(|(text, number)| {
                let masked = self.mask_in(&value.field, text);
                let number = number.filter(|_| masked == *text);
                (masked, number)
            });
            let words = value.words.iter();
            FieldValue {
                field: value.field.clone(),
                exact: exact.collect(),
                words: words.map(|text| self.mask_in(&value.field, text)).collect(),
            }
        });
        Cow::Owned(Entry {
            key: entry.key,
            version: entry.version,
            acl: entry.acl.clone(),
            within: entry.within.clone(),
            department: entry.department.clone(),
            direction: entry.direction.clone(),
            channel: entry.channel.clone(),
            state: entry.state.clone(),
            document_date: entry.document_date,
            received_at: entry.received_at,
            added_at: entry.added_at,
            title: one(&entry.title),
            pages: all(&entry.pages),
            references: all(&entry.references),
            correspondent: entry.correspondent.as_ref().map(one),
            also_called: all(&entry.also_called),
            tags: all(&entry.tags),
            kind: entry.kind.as_ref().map(one),
            file_name: entry.file_name.as_ref().map(one),
            values: values.collect(),
        })
    }
}

/// The text in small letters, each at its place.
fn lowered(text: &str) -> String {
    let small = |sign: char| match sign {
        'Ä' => 'ä',
        'Ö' => 'ö',
        'Ü' => 'ü',
        other => other.to_ascii_lowercase(),
    };
    text.chars().map(small).collect()
}

/// Where in a part of a text a word ends that stands there last as a whole, from the beginning of the part.
fn last_whole(text: &str, part: Range<usize>, word: &str) -> Option<usize> {
    let is_whole = |at: usize| {
        let (start, end) = (part.start + at, part.start + at + word.len());
        let before = text.get(..start).and_then(|it| it.chars().next_back());
        let after = text.get(end..).and_then(|it| it.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    };
    let mut found = text.get(part.clone())?.rmatch_indices(word);
    let (at, _) = found.find(|(at, _)| is_whole(*at))?;
    Some(at + word.len())
}

/// Words that may be serial numbers: letters and digits of ASCII, between other signs.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = None;
    let ends = text.char_indices().map(Some).chain(std::iter::once(None));
    ends.filter_map(move |next| match next {
        Some((at, sign)) if sign.is_alphanumeric() => {
            start.get_or_insert(at);
            None
        }
        Some((at, _)) => Some(start.take()?..at),
        None => Some(start.take()?..text.len()),
    })
    .filter(move |place| {
        let word = text.get(place.clone()).unwrap_or_default();
        (SIGNS_MIN..=SIGNS_MAX).contains(&word.len())
            && word.is_ascii()
            && word.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// The lines of machine readable zones in which a number stands, whatever spaces recognition put there.
fn zones(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place = start..start + line.len();
        start = place.end;
        // Three lines of thirty with spaces between them, and some to spare.
        if line.len() > 200 {
            continue;
        }
        let signs: Vec<u8> = line
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        if is_zone(&signs) {
            found.push(place);
        }
    }
    found
}

/// Whether these signs are a line of a zone that holds a number, or a whole zone in one line.
fn is_zone(signs: &[u8]) -> bool {
    if !signs.iter().all(|byte| worth(*byte).is_some()) || !signs.contains(&b'<') {
        return false;
    }
    match signs.len() {
        30 => is_card_line(signs),
        36 | 44 => is_booklet_line(signs),
        72 => signs
            .split_at_checked(36)
            .is_some_and(|(_, second)| is_booklet_line(second)),
        88 => signs
            .split_at_checked(44)
            .is_some_and(|(_, second)| is_booklet_line(second)),
        90 => signs
            .split_at_checked(30)
            .is_some_and(|(first, _)| is_card_line(first)),
        _ => false,
    }
}

/// The first line of a card (TD1): kind, state, number, its check digit.
fn is_card_line(line: &[u8]) -> bool {
    let kind = matches!(line.first(), Some(b'I' | b'A' | b'C'));
    let state = line.get(2..5).unwrap_or_default();
    let is_state = state.first().is_some_and(u8::is_ascii_uppercase)
        && state
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || *byte == b'<');
    kind && is_state && is_checked(line, 5..14)
}

/// The second line of a passport (TD3) or a larger card (TD2): number, state, birth, sex, expiry, each
/// with its check digit.
fn is_booklet_line(line: &[u8]) -> bool {
    is_checked(line, 0..9) && is_checked(line, 13..19) && is_checked(line, 21..27)
}

/// Whether what stands in `place` is followed by its check digit.
fn is_checked(line: &[u8], place: Range<usize>) -> bool {
    let digit = line.get(place.end).copied().unwrap_or_default();
    line.get(place)
        .is_some_and(|signs| checks(signs, digit) && signs.iter().any(|byte| *byte != b'<'))
}
