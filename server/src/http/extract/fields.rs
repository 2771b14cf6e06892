//! Query strings and path segments: pairs of names and texts, read into a type.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::super::language::text;
use super::super::page::PageRequest;
use super::super::problem::{Kind, Problem};
use super::body::fault_of;

/// The most query parameters that are looked at.
const PARAMETERS_MAX: usize = 200;

/// The path's parameters. What does not read as what it must be names nothing: 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T> Path<T> {
    /// What the path names.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request
            .match_info()
            .iter()
            .map(|(name, value)| Some((name.to_owned(), decode(value, Plus::Plus)?)))
            .collect::<Option<Vec<_>>>();
        let read = found.and_then(|found| read_path(found).ok());
        ready(read.map(Self).ok_or_else(|| Problem::new(Kind::NotFound)))
    }
}

fn read_path<T: DeserializeOwned>(found: Vec<(String, String)>) -> Result<T, FieldError> {
    T::deserialize(Fields {
        groups: grouped(found),
        shape: Shape::Path,
    })
}

/// The query string. Names may repeat where the field is a list. Unknown names are refused where
/// the type says `#[serde(deny_unknown_fields)]`, which it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T> Query<T> {
    /// What was asked.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(pairs(request.query_string()).and_then(read_query).map(Self))
    }
}

/// The query string of a list: a filter, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery<T> {
    /// What the feature filters and sorts by.
    pub filter: T,
    /// Which page.
    pub page: PageRequest,
}

impl<T: DeserializeOwned> FromRequest for ListQuery<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = pairs(request.query_string()).and_then(paged);
        ready(read.map(|(filter, page)| Self { filter, page }))
    }
}

/// A filter, and which page; what is wrong with both is told at once.
fn paged<T: DeserializeOwned>(found: Vec<(String, String)>) -> Result<(T, PageRequest), Problem> {
    let (paging, rest): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(name, _)| name == "limit" || name == "cursor");
    match (PageRequest::read(&paging), read_query(rest)) {
        (Ok(page), Ok(filter)) => Ok((filter, page)),
        (Err(one), Err(other)) => Err(one.and(other)),
        (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
    }
}

/// The query string of a list that is narrowed by fields of the house too: `field.CODE=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldQuery<T> {
    /// What the feature filters and sorts by.
    pub filter: T,
    /// Which field must hold what, in the order of the address.
    pub fields: Vec<(String, String)>,
    /// Which page.
    pub page: PageRequest,
}

/// What stands before the short name of a field.
pub(crate) const FIELD: &str = "field.";
/// What the contract calls all of them.
pub(crate) const ANY_FIELD: &str = "field.CODE";

impl<T> FieldQuery<T> {
    /// The scope of a cursor with the fields that were asked for.
    #[must_use]
    pub fn scope(scope: String, fields: &[(String, String)]) -> String {
        if fields.is_empty() {
            return scope;
        }
        format!("{scope} {}", serde_json::json!(fields))
    }
}

impl<T: DeserializeOwned> FromRequest for FieldQuery<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(pairs(request.query_string()).and_then(|pairs| {
            let (mut fields, mut others) = (Vec::new(), Vec::new());
            for (name, value) in pairs {
                match name.strip_prefix(FIELD) {
                    Some(code) => fields.push((code.to_owned(), value)),
                    None => others.push((name, value)),
                }
            }
            let (filter, page) = paged(others)?;
            Ok(Self {
                filter,
                fields,
                page,
            })
        }))
    }
}

/// Fields of the house in an address, for the contract.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub struct FieldParams {
    /// What a field holds: `CODE` is its short name. Text, numbers, dates, short names of entries, `true`, `false`
    /// and ids exactly; numbers, amounts and dates also as `a..b`, `a..` and `..b`, ends included. Several of one
    /// field: one of them must hold; several fields: all of them. What leads to something that you may not see
    /// finds nothing.
    #[param(rename = "field.CODE", nullable = false, example = "100.00..250.00")]
    field: Option<Vec<String>>,
}

fn read_query<T: DeserializeOwned>(found: Vec<(String, String)>) -> Result<T, Problem> {
    T::deserialize(Fields {
        groups: grouped(found),
        shape: Shape::Query,
    })
    .map_err(|error| {
        let (fault, named) = fault_of(&error.message);
        let name = error.name.or(named).unwrap_or_default();
        Problem::new(Kind::QueryInvalid).parameter(name, fault)
    })
}

/// The pairs of a query string, decoded.
///
/// # Errors
/// 400 where it is not UTF-8, holds U+0000 or has too many parameters.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let unreadable = || {
        Problem::new(Kind::QueryInvalid).detail(text(
            "Die Abfrage ist nicht lesbar: nur UTF-8, prozentkodiert, ohne U+0000.",
            "The query cannot be read: only UTF-8, percent-encoded, without U+0000.",
        ))
    };
    let pieces: Vec<&str> = query.split('&').filter(|piece| !piece.is_empty()).collect();
    if pieces.len() > PARAMETERS_MAX {
        return Err(unreadable());
    }
    pieces
        .into_iter()
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode(name, Plus::Space)?;
            Some((name, decode(value, Plus::Space)?))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(unreadable)
}

/// What `+` means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Plus,
    Space,
}

fn decode(encoded: &str, plus: Plus) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                plain.then(|| u8::from_str_radix(digits, 16).ok())??
            }
            b'+' if plus == Plus::Space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

/// Values by name, in the order in which the names first came.
fn grouped(found: Vec<(String, String)>) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = vec![];
    for (name, value) in found {
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}

/// What is wrong with which parameter, in the words of serde.
#[derive(Debug)]
struct FieldError {
    name: Option<String>,
    message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            name: None,
            message: message.to_string(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// May be read as a struct, a tuple or, where there is one parameter, that itself.
    Path,
    /// A struct or a map.
    Query,
}

struct Fields {
    groups: Vec<(String, Vec<String>)>,
    shape: Shape,
}

impl Fields {
    fn only(self) -> Result<Values, FieldError> {
        let mut groups = self.groups.into_iter();
        match (groups.next(), groups.next()) {
            (Some((name, values)), None) => Ok(Values { name, values }),
            (_, _) => Err(de::Error::custom("expected one parameter")),
        }
    }
}

macro_rules! only {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Fields {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.shape {
            Shape::Path if self.groups.len() == 1 => self.only()?.deserialize_any(visitor),
            Shape::Path | Shape::Query => self.deserialize_map(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_map(Entries {
            groups: self.groups.into_iter(),
            values: None,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_seq(Items {
            groups: self.groups.into_iter(),
        })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    only! { deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_str
    deserialize_string }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf option unit_struct seq tuple_struct identifier
        ignored_any
    }
}

struct Entries {
    groups: std::vec::IntoIter<(String, Vec<String>)>,
    values: Option<Values>,
}

impl<'de> de::MapAccess<'de> for Entries {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, FieldError> {
        let Some((name, values)) = self.groups.next() else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, FieldError> = name.as_str().into_deserializer();
        let key = seed.deserialize(key).map_err(|error| error.at(&name))?;
        self.values = Some(Values { name, values });
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, FieldError> {
        let Some(values) = self.values.take() else {
            return Err(de::Error::custom("a value without a name"));
        };
        let name = values.name.clone();
        seed.deserialize(values).map_err(|error| error.at(&name))
    }
}

impl FieldError {
    fn at(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }
}

struct Items {
    groups: std::vec::IntoIter<(String, Vec<String>)>,
}

impl<'de> de::SeqAccess<'de> for Items {
    type Error = FieldError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, FieldError> {
        let Some((name, values)) = self.groups.next() else {
            return Ok(None);
        };
        seed.deserialize(Values { name, values }).map(Some)
    }
}

/// The values of one name; never none.
struct Values {
    name: String,
    values: Vec<String>,
}

impl Values {
    fn one(self) -> Result<String, FieldError> {
        let mut values = self.values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (_, _) => Err(de::Error::custom(format!(
                "duplicate field `{}`",
                self.name
            ))),
        }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $name:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            let value = self.one()?;
            let value = value.parse().map_err(|_refused| {
                <FieldError as de::Error>::custom(concat!("invalid value, expected ", $name))
            })?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Values {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_string(self.one()?)
    }

    parsed! {
        deserialize_bool visit_bool "a boolean";
        deserialize_i8 visit_i8 "i8"; deserialize_i16 visit_i16 "i16";
        deserialize_i32 visit_i32 "i32"; deserialize_i64 visit_i64 "i64";
        deserialize_u8 visit_u8 "u8"; deserialize_u16 visit_u16 "u16";
        deserialize_u32 visit_u32 "u32"; deserialize_u64 visit_u64 "u64";
        deserialize_f64 visit_f64 "f64";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let name = self.name;
        let each = self
            .values
            .into_iter()
            .map(|value| (name.clone(), vec![value]));
        let groups = each.collect::<Vec<_>>().into_iter();
        visitor.visit_seq(Items { groups })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        let value = self.one()?;
        visitor.visit_enum::<StrDeserializer<'_, FieldError>>(value.as_str().into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct map
        struct identifier
    }
}
