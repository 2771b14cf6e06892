//! What can be asked, and what is refused: for the contract of this interface.

use crate::http::Kind;
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::response::Response;
use utoipa::{IntoParams, IntoResponses};

/// What all refusals have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct DetailProblems;

impl IntoResponses for DetailProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        crate::http::openapi::details(&[
            Kind::BadRequest,
            Kind::Unauthenticated,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::NotAcceptable,
            Kind::RequestTimeout,
            Kind::PayloadTooLarge,
            Kind::UnsupportedMediaType,
            Kind::TooManyRequests,
            Kind::ContentDestroyed,
            Kind::ContentWithheld,
            Kind::Internal,
            Kind::Unavailable,
            Kind::InsufficientStorage,
        ])
    }
}

/// Conditions and ranges that do not hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct RangeRefusals;

impl IntoResponses for RangeRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        crate::http::openapi::details(&[Kind::PreconditionFailed, Kind::RangeNotSatisfiable])
    }
}

/// Which page.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub(super) struct PageQuery {
    /// The page, from 1.
    #[param(minimum = 1, nullable = false)]
    page: Option<u64>,
    /// Entries of a page, 25 where nothing is said.
    #[param(minimum = 1, nullable = false)]
    page_size: Option<u64>,
}

/// Which uploads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub(super) struct TaskQuery {
    /// The id that was answered to the upload.
    #[param(nullable = false)]
    task_id: Option<String>,
    /// The page, from 1; in the tenth form.
    #[param(minimum = 1, nullable = false)]
    page: Option<u64>,
    /// Entries of a page, at most 100; in the tenth form.
    #[param(minimum = 1, nullable = false)]
    page_size: Option<u64>,
}

/// Which words.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub(super) struct WordQuery {
    /// The page, from 1.
    #[param(minimum = 1, nullable = false)]
    page: Option<u64>,
    /// Entries of a page, 25 where nothing is said.
    #[param(minimum = 1, nullable = false)]
    page_size: Option<u64>,
    /// This within the name, in any case.
    #[param(rename = "name__icontains", nullable = false)]
    name_icontains: Option<String>,
    /// This name, in any case.
    #[param(rename = "name__iexact", nullable = false)]
    name_iexact: Option<String>,
    /// Names that begin with this, in any case.
    #[param(rename = "name__istartswith", nullable = false)]
    name_istartswith: Option<String>,
    /// Numbers, separated by commas.
    #[param(rename = "id__in", nullable = false)]
    id_in: Option<String>,
    /// `name` or `-name`.
    #[param(nullable = false)]
    ordering: Option<String>,
}

/// What is being typed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub(super) struct AutocompleteQuery {
    /// The text so far; its last word is completed.
    #[param(nullable = false, max_length = 2000)]
    term: Option<String>,
    /// How many words at most: 10 where nothing is said, 20 in any case.
    #[param(minimum = 1, nullable = false)]
    limit: Option<u64>,
}

/// Which documents. Besides these: `tags__id__in`, `tags__id__none`, `is_tagged`, the same of
/// `correspondent` and `document_type` as of `tags` (with `__isnull`), `created`, `added` and
/// `modified` with `__gt`, `__gte`, `__lt`, `__lte` or `__date__gt` and so on, `id__in`,
/// `mime_type`, `checksum__iexact`. A filter that is none of these is 400.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub(super) struct DocumentQuery {
    /// The page, from 1.
    #[param(minimum = 1, nullable = false)]
    page: Option<u64>,
    /// Documents of a page: 25 where nothing is said, 1,000 in any case.
    #[param(minimum = 1, nullable = false)]
    page_size: Option<u64>,
    /// A question in the language of our search; the first 1,000 hits, the best first.
    #[param(nullable = false, max_length = 2000)]
    query: Option<String>,
    /// `created`, `added`, `modified`, `title`, `correspondent__name`, `document_type__name`, several
    /// separated by commas, each with `-` before it for the reverse; `-created` where nothing is said.
    #[param(nullable = false)]
    ordering: Option<String>,
    /// This within the title.
    #[param(rename = "title__icontains", nullable = false)]
    title_icontains: Option<String>,
    /// Numbers of tags, separated by commas; all of them.
    #[param(rename = "tags__id__all", nullable = false)]
    tags_id_all: Option<String>,
    /// The number of a correspondent.
    #[param(rename = "correspondent__id", nullable = false)]
    correspondent_id: Option<String>,
    /// The number of a type.
    #[param(rename = "document_type__id", nullable = false)]
    document_type_id: Option<String>,
    /// Dated from here on.
    #[param(rename = "created__date__gte", nullable = false)]
    created_date_gte: Option<String>,
    /// Whether it is not registered yet.
    #[param(nullable = false)]
    is_in_inbox: Option<String>,
}

/// How content is handed out.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters for the contract")]
pub(super) struct OriginalQuery {
    /// There is no other copy than the original.
    #[param(nullable = false)]
    original: Option<String>,
}
