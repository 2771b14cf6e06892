//! Query parameters that an operation does not have are refused, as the contract says.

use std::collections::HashMap;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{OpenApi, RefOr};

use super::extract::{ANY_FIELD, FIELD, nearest, pairs};
use super::problem::{Fault, Kind, Problem};

/// The names of the query parameters of each operation, by the template of its route.
#[derive(Debug, Default)]
pub struct Parameters(HashMap<&'static str, Vec<Operation>>);

/// A method of a route, with the names that it knows.
type Operation = (Method, Vec<&'static str>);

impl Parameters {
    /// Reads lines of a method, a route and names, as [`list`] writes them.
    #[must_use]
    pub fn of(lines: &'static str) -> Self {
        let mut known = Self::default();
        for line in lines.lines() {
            let mut words = line.split(' ');
            if let (Some(Ok(method)), Some(route)) =
                (words.next().map(str::parse::<Method>), words.next())
            {
                known
                    .0
                    .entry(route)
                    .or_default()
                    .push((method, words.collect()));
            }
        }
        known
    }

    /// Names each parameter that the operation does not have. An operation that the contract does
    /// not have is none of our business.
    fn check(&self, method: &Method, route: &str, query: &str) -> Result<(), Problem> {
        let known = self.0.get(route).and_then(|operations| {
            let found = operations.iter().find(|(known, _)| known == method);
            found.map(|(_, names)| names)
        });
        let Some(known) = known else { return Ok(()) };
        let mut problem = Problem::new(Kind::QueryInvalid);
        for (name, _) in pairs(query)? {
            // Fields of the house are named by the house: the contract has one name for all of them.
            let is_field = name.starts_with(FIELD) && known.contains(&ANY_FIELD);
            if !known.contains(&name.as_str()) && !is_field {
                let near = nearest(&name, known.clone()).map(str::to_owned);
                problem = problem.parameter(name, Fault::Unknown { near });
            }
        }
        if problem.faults() > 0 {
            return Err(problem);
        }
        Ok(())
    }
}

/// The query parameters of a contract: a line for each operation. A server reads them from such a list and not from the
/// contract: that takes ten megabytes to make, most of which stay with the process.
#[must_use]
pub fn list(contract: &OpenApi) -> String {
    let mut lines = String::new();
    for (route, item) in &contract.paths.paths {
        let operations = [
            (Method::GET, &item.get),
            (Method::HEAD, &item.head),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            let of_query = operation
                .parameters
                .iter()
                .flatten()
                .filter_map(|one| match one {
                    RefOr::T(one) => matches!(one.parameter_in, ParameterIn::Query).then_some(one),
                    RefOr::Ref(_) => None,
                });
            let words = [method.as_str(), route.as_str()].into_iter();
            let words: Vec<&str> = words.chain(of_query.map(|one| one.name.as_str())).collect();
            lines.push_str(&words.join(" "));
            lines.push('\n');
        }
    }
    lines
}

/// Refuses unknown query parameters before anything else is looked at.
///
/// # Errors
/// 400 naming each of them.
pub async fn parameters<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if !request.query_string().is_empty()
        && let Some(known) = request.app_data::<Data<Parameters>>()
        && let Some(route) = request.match_pattern()
    {
        known.check(request.method(), &route, request.query_string())?;
    }
    next.call(request).await
}
