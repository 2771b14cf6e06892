//! Lists in pages, as clients of paperless-ngx walk through them.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::model::Paging;
use super::version::Version;
use crate::http::edge::Edge;
use crate::http::extract::pairs;
use crate::http::{Kind, Problem, text};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T: ToSchema> {
    /// How many entries there are in all, of those that you may see.
    pub(super) count: u64,
    /// Where the next page is.
    pub(super) next: Option<String>,
    /// Where the page before is.
    pub(super) previous: Option<String>,
    /// The numbers of all entries, not only of this page; in forms below the tenth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) all: Option<Vec<i64>>,
    /// The entries of this page.
    pub(super) results: Vec<T>,
}

impl<T: ToSchema> Page<T> {
    /// A page of a list that is there as a whole.
    pub(super) fn cut(
        request: &HttpRequest,
        version: Version,
        paging: Paging,
        entries: Vec<T>,
        number: impl Fn(&T) -> i64,
    ) -> Result<Self, Problem> {
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let all = (!version.is_tenth()).then(|| entries.iter().map(number).collect());
        let (skip, take) = (paging.offset(), paging.size);
        let results = entries
            .into_iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            .take(usize::try_from(take).unwrap_or(usize::MAX));
        Self::of(request, paging, count, all, results.collect())
    }

    /// A page of a list with `count` entries.
    pub(super) fn of(
        request: &HttpRequest,
        paging: Paging,
        count: u64,
        all: Option<Vec<i64>>,
        results: Vec<T>,
    ) -> Result<Self, Problem> {
        if !paging.exists(count) {
            return Err(no_page());
        }
        let next = paging.has_next(count).then_some(paging.page + 1);
        let previous = paging.page.checked_sub(1).filter(|page| *page > 0);
        Ok(Self {
            count,
            next: next.map(|page| address(request, page)),
            previous: previous.map(|page| address(request, page)),
            all,
            results,
        })
    }
}

/// Nothing is on this page.
pub(super) fn no_page() -> Problem {
    Problem::new(Kind::NotFound).detail(text("Diese Seite gibt es nicht.", "Invalid page."))
}

/// Which page is asked for.
pub(super) fn paging(request: &HttpRequest, most: u64) -> Result<Paging, Problem> {
    Paging::read(&pairs(request.query_string())?, most).ok_or_else(no_page)
}

/// The beginning of our own addresses, as the client has come here.
pub(super) fn origin(request: &HttpRequest) -> String {
    let edge = request.app_data::<Data<Edge>>();
    let scheme = match edge.is_some_and(|edge| edge.https) {
        true => "https",
        false => "http",
    };
    let host = request.headers().get(header::HOST);
    let host = host
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// The address of another page of the same list.
fn address(request: &HttpRequest, page: u64) -> String {
    let mut query: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && *pair != "page" && !pair.starts_with("page="))
        .collect();
    let page = format!("page={page}");
    query.push(&page);
    format!("{}{}?{}", origin(request), request.path(), query.join("&"))
}
