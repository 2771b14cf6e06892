//! Entity tags, conditions and idempotency keys.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest};

use super::super::language::text;
use super::super::problem::{Fault, Kind, Problem};

/// The most characters of an idempotency key.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// The most entity tags in one header that are looked at.
const TAGS_MAX: usize = 32;

/// A strong entity tag. Equal tags mean equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// The tag of a state that has a version number.
    pub fn of_version(version: u64) -> Self {
        Self(format!("v{version}"))
    }

    /// The tag of content, by its SHA-256 in hexadecimal.
    pub fn of_sha256(hex: &str) -> Self {
        Self(format!("sha256-{hex}"))
    }

    /// Any other tag; `None` where a character is not allowed in one.
    pub fn new(opaque: impl Into<String>) -> Option<Self> {
        let opaque = opaque.into();
        let allowed = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte);
        (!opaque.is_empty() && opaque.bytes().all(allowed)).then_some(Self(opaque))
    }

    /// What stands between the quotes.
    pub fn opaque(&self) -> &str {
        &self.0
    }

    /// The version number, where it is one of [`ETag::of_version`].
    pub fn version(&self) -> Option<u64> {
        let digits = self.0.strip_prefix('v')?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// One tag of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    tag: ETag,
    weak: bool,
}

/// A list of entity tags, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Listed>),
}

impl Tags {
    /// `Ok(None)`: the header was not sent.
    fn read(request: &HttpRequest, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut listed = vec![];
        let mut seen = false;
        for value in request.headers().get_all(name) {
            seen = true;
            let value = value.to_str().ok().ok_or_else(|| malformed(name))?.trim();
            if value == "*" {
                return Ok(Some(Self::Any));
            }
            read_list(value, &mut listed).ok_or_else(|| malformed(name))?;
        }
        Ok(seen.then_some(Self::These(listed)))
    }

    fn strongly(&self, current: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags
                .iter()
                .any(|listed| !listed.weak && listed.tag == *current),
        }
    }

    fn weakly(&self, current: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|listed| listed.tag == *current),
        }
    }
}

/// Reads `"a", W/"b"`; `None` where it is anything else.
fn read_list(value: &str, into: &mut Vec<Listed>) -> Option<()> {
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return (!into.is_empty()).then_some(());
        }
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        let after = after.trim_start();
        if into.len() == TAGS_MAX || !(after.is_empty() || after.starts_with(',')) {
            return None;
        }
        into.push(Listed {
            tag: ETag::new(opaque)?,
            weak,
        });
        rest = after;
    }
}

fn malformed(name: &HeaderName) -> Problem {
    let expected = text(
        "eine Liste von ETags in Anführungszeichen oder *",
        "a list of quoted entity tags, or *",
    );
    Problem::new(Kind::BadRequest).header(canonical(name), Fault::WrongFormat { expected })
}

fn canonical(name: &HeaderName) -> &'static str {
    match name {
        name if name == header::IF_MATCH => "If-Match",
        name if name == header::IF_NONE_MATCH => "If-None-Match",
        _ => "If-Range",
    }
}

/// `If-Match`, which every change of something that exists must send.
///
/// As an extractor it refuses a request without it (428). Take `Option<IfMatch>` nowhere: an
/// operation either needs it or does not look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Tags);

impl IfMatch {
    /// What the request says, if it says anything.
    ///
    /// # Errors
    /// 400 where the header is malformed.
    pub fn read(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        Ok(Tags::read(request, &header::IF_MATCH)?.map(Self))
    }

    /// Compares strongly with what is there now. Call it in the transaction that makes the change.
    ///
    /// # Errors
    /// 412 with the current tag.
    pub fn check(&self, current: &ETag) -> Result<(), Problem> {
        if self.0.strongly(current) {
            return Ok(());
        }
        Err(Problem::new(Kind::PreconditionFailed)
            .detail(text(
                "Das wurde inzwischen geändert. Bitte neu laden und die Änderung prüfen.",
                "This was changed meanwhile. Please read it again and check your change.",
            ))
            .current_etag(current))
    }

    /// The version number that it names, where it names one and nothing else.
    pub fn version(&self) -> Option<u64> {
        let Tags::These(tags) = &self.0 else {
            return None;
        };
        let [Listed { tag, weak: false }] = tags.as_slice() else {
            return None;
        };
        // Written otherwise it is another tag.
        let version = tag.version()?;
        (ETag::of_version(version) == *tag).then_some(version)
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request).and_then(|found| {
            found.ok_or_else(|| {
                Problem::new(Kind::PreconditionRequired).header("If-Match", Fault::Required)
            })
        }))
    }
}

/// `If-None-Match`: answer only if it has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IfNoneMatch(Option<Tags>);

impl IfNoneMatch {
    /// What the request says.
    ///
    /// # Errors
    /// 400 where the header is malformed.
    pub fn read(request: &HttpRequest) -> Result<Self, Problem> {
        Tags::read(request, &header::IF_NONE_MATCH).map(Self)
    }

    /// Whether the caller has the current state already (304 on GET and HEAD).
    pub fn has(&self, current: &ETag) -> bool {
        self.0.as_ref().is_some_and(|tags| tags.weakly(current))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// `If-Range`: honour the range only if the content is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfRange {
    /// Not sent: the range stands.
    Absent,
    /// Only for this content.
    Tag(ETag),
    /// A date, a weak tag or nonsense: the range is not honoured, the whole is sent.
    Unusable,
}

impl IfRange {
    /// What the request says.
    pub fn read(request: &HttpRequest) -> Self {
        let Some(value) = request.headers().get(header::IF_RANGE) else {
            return Self::Absent;
        };
        let mut listed = vec![];
        let read = value
            .to_str()
            .ok()
            .and_then(|value| read_list(value.trim(), &mut listed));
        match (read, listed.pop(), listed.is_empty()) {
            (Some(()), Some(Listed { tag, weak: false }), true) => Self::Tag(tag),
            (_, _, _) => Self::Unusable,
        }
    }

    /// Whether a range of content with this tag may be sent.
    pub fn allows(&self, current: &ETag) -> bool {
        match self {
            Self::Absent => true,
            Self::Tag(tag) => tag == current,
            Self::Unusable => false,
        }
    }
}

/// `Idempotency-Key`: 1 to 255 visible ASCII characters, chosen by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// What the request says, if it says anything.
    ///
    /// # Errors
    /// 400 where the key is too long, empty, doubled or has other characters.
    pub fn read(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        const NAME: &str = "Idempotency-Key";
        let mut values = request.headers().get_all("idempotency-key");
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let refuse = |fault| Err(Problem::new(Kind::BadRequest).header(NAME, fault));
        if values.next().is_some() {
            return refuse(Fault::Duplicate);
        }
        let visible = value
            .as_bytes()
            .iter()
            .all(|byte| (0x21..=0x7e).contains(byte));
        let expected = text(
            "1 bis 255 sichtbare ASCII-Zeichen, zum Beispiel eine UUID",
            "1 to 255 visible ASCII characters, a UUID for instance",
        );
        match value.to_str() {
            Ok(key) if visible && (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()) => {
                Ok(Some(Self(key.to_owned())))
            }
            Ok(_) | Err(_) => refuse(Fault::WrongFormat { expected }),
        }
    }

    /// The key as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As an extractor it refuses a request without a key; take [`MaybeKey`] where it may be missing.
impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request).and_then(|key| {
            key.ok_or_else(|| {
                Problem::new(Kind::BadRequest).header("Idempotency-Key", Fault::Required)
            })
        }))
    }
}

/// An [`IdempotencyKey`] that may be missing, but not wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaybeKey(pub Option<IdempotencyKey>);

impl FromRequest for MaybeKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(IdempotencyKey::read(request).map(Self))
    }
}

/// Refuses an [`IdempotencyKey`] where the answer holds a secret: a saved answer would keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoKey;

impl FromRequest for NoKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(IdempotencyKey::read(request).and_then(|key| match key {
            None => Ok(Self),
            Some(_) => Err(Problem::new(Kind::BadRequest).header(
                "Idempotency-Key",
                Fault::Rule {
                    code: "not-here",
                    detail: text(
                        "Hier nicht möglich: Die Antwort enthält ein Geheimnis und wird nicht aufbewahrt.",
                        "Not possible here: the answer holds a secret and is not kept.",
                    ),
                },
            )),
        }))
    }
}
