//! Lists, page by page.

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::language::text;
use super::problem::{Fault, Kind, Problem};

/// The most entries of one page.
pub const LIMIT_MAX: u16 = 100;

/// The entries of a page where nothing is asked for.
pub const LIMIT_DEFAULT: u16 = 25;

/// The most characters of a cursor.
const CURSOR_CHARS_MAX: usize = 2048;

/// The format of what is inside a cursor; another number is refused.
const CURSOR_VERSION: u8 = 1;

/// Bytes of the checksum in front of a cursor.
const MAC_BYTES: usize = 12;

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageRequest {
    /// How many entries at most.
    #[param(minimum = 1, maximum = 100, default = 25, required = false)]
    pub limit: u16,
    /// Where to go on: the `next_cursor` of the page before. Opaque, and good for the same list
    /// with the same filter only.
    #[param(max_length = 2048, nullable = false)]
    pub cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: LIMIT_DEFAULT,
            cursor: None,
        }
    }
}

impl PageRequest {
    /// Reads `limit` and `cursor`; other names are not its business.
    ///
    /// # Errors
    /// 400 naming each parameter that is wrong.
    pub fn read(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let mut page = Self::default();
        let mut problem = Problem::new(Kind::QueryInvalid);
        let values = |wanted: &str| -> Vec<&str> {
            pairs
                .iter()
                .filter(|(name, _)| name == wanted)
                .map(|(_, value)| value.as_str())
                .collect()
        };
        match values("limit").as_slice() {
            [] => {}
            [limit] => match limit.parse::<u64>() {
                Ok(0) => problem = problem.parameter("limit", Fault::TooSmall { min: 1 }),
                Ok(limit) => match u16::try_from(limit) {
                    Ok(limit) if limit <= LIMIT_MAX => page.limit = limit,
                    Ok(_) | Err(_) => {
                        let fault = Fault::TooLarge {
                            max: i64::from(LIMIT_MAX),
                        };
                        problem = problem.parameter("limit", fault);
                    }
                },
                Err(_) => {
                    let fault = Fault::WrongType {
                        expected: "u64".to_owned(),
                    };
                    problem = problem.parameter("limit", fault);
                }
            },
            _ => problem = problem.parameter("limit", Fault::Duplicate),
        }
        match values("cursor").as_slice() {
            [] => {}
            [cursor] if cursor.len() <= CURSOR_CHARS_MAX => {
                page.cursor = Some((*cursor).to_owned());
            }
            [_] => problem = problem.parameter("cursor", cursor_fault()),
            _ => problem = problem.parameter("cursor", Fault::Duplicate),
        }
        match problem.faults() {
            0 => Ok(page),
            _ => Err(problem),
        }
    }

    /// What the cursor says, where there is one.
    ///
    /// # Errors
    /// 400 where it was edited or belongs to another list.
    pub fn after<T: DeserializeOwned>(
        &self,
        cursors: &Cursors,
        scope: &str,
    ) -> Result<Option<T>, Problem> {
        self.cursor
            .as_deref()
            .map(|cursor| cursors.open(scope, cursor))
            .transpose()
    }
}

fn cursor_fault() -> Fault {
    Fault::WrongFormat {
        expected: text(
            "der unveränderte next_cursor einer früheren Seite derselben Liste",
            "the unchanged next_cursor of an earlier page of the same list",
        ),
    }
}

/// Makes cursors and reads them back.
///
/// A cursor is readable by anyone who cares to decode it, so nothing secret goes inside; it cannot
/// be edited, and it is bound to a scope: the list, its order and its filter.
pub struct Cursors {
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursors").finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Sealed<'a, T> {
    v: u8,
    k: &'a T,
}

#[derive(Deserialize)]
struct Opened<T> {
    v: u8,
    k: T,
}

impl Cursors {
    /// With a key that all processes of one installation share.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(key),
        }
    }

    /// The cursor behind the entry with this sort key.
    ///
    /// # Errors
    /// 500 where the key cannot be written as JSON, which is a mistake of ours.
    pub fn seal<T: Serialize>(&self, scope: &str, key: &T) -> Result<String, Problem> {
        let sealed = Sealed {
            v: CURSOR_VERSION,
            k: key,
        };
        let body = serde_json::to_vec(&sealed).map_err(Problem::internal)?;
        let mut bytes = self.checksum(scope, &body).to_vec();
        bytes.extend_from_slice(&body);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The sort key inside a cursor.
    ///
    /// # Errors
    /// 400 where it was edited, belongs to another scope or is of another version.
    pub fn open<T: DeserializeOwned>(&self, scope: &str, cursor: &str) -> Result<T, Problem> {
        let refuse = || Problem::new(Kind::QueryInvalid).parameter("cursor", cursor_fault());
        let bytes = URL_SAFE_NO_PAD
            .decode(cursor)
            .map_err(|_undecodable| refuse())?;
        let (checksum, body) = bytes.split_at_checked(MAC_BYTES).ok_or_else(refuse)?;
        if !bool::from(checksum.ct_eq(&self.checksum(scope, body))) {
            return Err(refuse());
        }
        let opened: Opened<T> = serde_json::from_slice(body).map_err(|_older| refuse())?;
        match opened.v {
            CURSOR_VERSION => Ok(opened.k),
            _ => Err(refuse()),
        }
    }

    /// HMAC-SHA-256 (RFC 2104) over scope and body, shortened. A cursor grants nothing, so twelve
    /// bytes are plenty.
    fn checksum(&self, scope: &str, body: &[u8]) -> [u8; MAC_BYTES] {
        let padded = |pad: u8| {
            let mut block = Zeroizing::new([pad; 64]);
            for (byte, key) in block.iter_mut().zip(self.key.iter()) {
                *byte ^= key;
            }
            block
        };
        let mut inner = Sha256::new();
        inner.update(padded(0x36).as_slice());
        inner.update(b"papierlos.cursor/v1\n");
        inner.update(scope.as_bytes());
        inner.update(b"\n");
        inner.update(body);
        let mut outer = Sha256::new();
        outer.update(padded(0x5c).as_slice());
        outer.update(inner.finalize());
        let mut short = [0; MAC_BYTES];
        for (to, from) in short.iter_mut().zip(outer.finalize()) {
            *to = from;
        }
        short
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of up to `limit + 1` rows: ask the database for one more than the page holds,
    /// and whether there is a next page needs no second query.
    ///
    /// # Errors
    /// 500 where the sort key cannot be written as JSON.
    pub fn of_rows<K: Serialize>(
        mut rows: Vec<T>,
        request: &PageRequest,
        cursors: &Cursors,
        scope: &str,
        key: impl FnOnce(&T) -> K,
    ) -> Result<Self, Problem> {
        let limit = usize::from(request.limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(cursors.seal(scope, &key(last))?),
            Some(_) | None => None,
        };
        Ok(Self {
            items: rows,
            next_cursor,
        })
    }

    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(each).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// The scope of a cursor: a list and what was asked of it, but for what decides neither which
/// entries there are nor in which order.
///
/// # Errors
/// 500 where the question cannot be written as JSON, which is a mistake of ours.
pub fn scope_of(list: &str, asked: &impl Serialize, without: &[&str]) -> Result<String, Problem> {
    let mut said = serde_json::to_value(asked).map_err(Problem::internal)?;
    if let Some(said) = said.as_object_mut() {
        said.retain(|name, _| !without.contains(&name.as_str()));
    }
    Ok(format!("{list} {said}"))
}

/// The `Link` header to the next page: the same address, another cursor.
pub fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let kept = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && *pair != "cursor" && !pair.starts_with("cursor="));
    let query: Vec<String> = kept
        .map(ToOwned::to_owned)
        .chain([format!("cursor={cursor}")])
        .collect();
    format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))
}

impl<T: Serialize> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.next_cursor {
            response.insert_header((header::LINK, next_link(request, cursor)));
        }
        response.json(self)
    }
}
