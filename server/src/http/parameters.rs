//! Query parameters that an operation does not have are refused, as the contract says.

use std::collections::HashMap;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::extract::{ANY_FIELD, FIELD, nearest, pairs};
use super::problem::{Fault, Kind, Problem};

/// The names of the query parameters of each operation, by the template of its route.
#[derive(Debug, Default)]
pub struct Parameters(HashMap<String, Vec<(Method, Vec<String>)>>);

impl Parameters {
    /// Adds what a part of the contract says.
    pub fn add(&mut self, contract: &OpenApi) {
        for (path, item) in &contract.paths.paths {
            self.0
                .entry(path.clone())
                .or_default()
                .extend(operations(item));
        }
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
            let is_field = name.starts_with(FIELD) && known.iter().any(|one| one == ANY_FIELD);
            if !known.contains(&name) && !is_field {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                let near = nearest(&name, names).map(str::to_owned);
                problem = problem.parameter(name, Fault::Unknown { near });
            }
        }
        if problem.faults() > 0 {
            return Err(problem);
        }
        Ok(())
    }
}

fn operations(item: &PathItem) -> Vec<(Method, Vec<String>)> {
    let all = [
        (Method::GET, &item.get),
        (Method::HEAD, &item.head),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, names(operation.as_ref()?))))
        .collect()
}

fn names(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(|one| match one {
            RefOr::T(one) => Some(one),
            RefOr::Ref(_) => None,
        })
        .filter(|one| matches!(one.parameter_in, ParameterIn::Query))
        .map(|one| one.name.clone())
        .collect()
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
