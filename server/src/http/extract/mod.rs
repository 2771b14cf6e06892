//! Extractors that speak [`Problem`](super::problem::Problem): what a handler takes from a request.

mod body;
mod conditions;
mod fields;
mod objects;
mod range;
mod request;

pub(crate) use body::nearest;
pub use body::{BodyLimits, JSON_BYTES_MAX, Json, body_within, json_of};
pub use conditions::{ETag, IdempotencyKey, IfMatch, IfNoneMatch, IfRange, MaybeKey, NoKey};
pub(crate) use fields::{ANY_FIELD, FIELD};
pub use fields::{FieldParams, FieldQuery, ListQuery, Path, Query, pairs};
pub use range::{Span, Wanted, wanted};
pub use request::{ClientAddress, HeadOnly, RequestId, TraceParent};
