//! `openapi.yaml`, and whether an answer keeps it.

use std::path::Path;
use std::sync::OnceLock;

use reqwest::Method;
use serde_json::Value;

use crate::client::Answer;
use crate::schema::Schemas;

/// Headers that an answer bears only now and then; the others that are documented always come.
const NOW_AND_THEN: &[&str] = &[
    "link",
    "papierlos-index-seq",
    "idempotent-replayed",
    "retry-after",
    // Signing out takes a cookie away only where one was sent.
    "set-cookie",
    // A change that changes nothing leaves no record; coverage.rs sees to those that do.
    "papierlos-log-seq",
    "papierlos-log-hash",
];
/// Headers that are a promise: whoever sends one documents it.
const PROMISES: &[&str] = &[
    "etag",
    "location",
    "link",
    "repr-digest",
    "content-range",
    "retry-after",
    "www-authenticate",
    "content-disposition",
    "accept-ranges",
    "idempotent-replayed",
];

/// What is served and no part of a contract, and why. Nothing else may be.
pub const OUTSIDE: &[(&str, &str)] = &[
    ("/", "a page for people"),
    ("/tablet", "a page for people"),
    ("/pages/{name}", "what pages are made of"),
    ("/api", "shows the contract"),
    ("/api/openapi.json", "is the contract"),
    ("/api/openapi.yaml", "is the contract"),
    ("/api/reference/{file}", "what that page is made of"),
    ("/add-checkpoint", "of a witness: C2SP says what comes"),
    ("/checkpoints/{name}", "of a witness: what it cosigned"),
    ("/oidc/start", "OpenID Connect says where it leads"),
    ("/oidc/callback", "OpenID Connect says what comes"),
    ("/oidc/sign-out", "OpenID Connect says where it leads"),
    ("/oidc/back-channel", "OpenID Connect says what comes"),
];

/// One operation of the contract.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// GET, POST …
    pub method: String,
    /// The path with its `{parameters}`.
    pub path: String,
    /// Whether someone must be signed in.
    pub signed_in: bool,
}

/// The contract as it is committed.
///
/// # Panics
/// Never: `build.rs` has made it.
#[must_use]
pub fn contract() -> &'static Value {
    static CONTRACT: OnceLock<Value> = OnceLock::new();
    CONTRACT.get_or_init(|| read(include_str!(concat!(env!("OUT_DIR"), "/openapi.json"))))
}

/// Each test has a process of its own: what would be read in each is read when the tests are built, and in a form
/// that is quick to read.
fn read(contract: &str) -> Value {
    contract.parse().expect("build.rs has written JSON")
}

/// Where the contract lies.
#[must_use]
pub fn path() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml"))
}

/// The contract for clients of paperless-ngx as it is committed.
///
/// # Panics
/// Never: `build.rs` has made it.
#[must_use]
pub fn foreign_contract() -> &'static Value {
    static CONTRACT: OnceLock<Value> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        read(include_str!(concat!(
            env!("OUT_DIR"),
            "/openapi-paperless.json"
        )))
    })
}

/// Where the contract for clients of paperless-ngx lies.
#[must_use]
pub fn foreign_path() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../openapi-paperless.yaml"
    ))
}

/// The contract that an address keeps: below `/api/`, what is not ours is the foreign one.
fn contract_of(path: &str) -> &'static Value {
    match path.strip_prefix("/api/") {
        Some(rest)
            if !["v1/", "openapi.", "reference/"]
                .iter()
                .any(|ours| rest.starts_with(ours)) =>
        {
            foreign_contract()
        }
        Some(_) | None => contract(),
    }
}

/// All operations, by path and method.
#[must_use]
pub fn operations() -> Vec<Operation> {
    operations_of(contract())
}

/// All operations of the contract for clients of paperless-ngx.
#[must_use]
pub fn foreign_operations() -> Vec<Operation> {
    operations_of(foreign_contract())
}

fn operations_of(contract: &Value) -> Vec<Operation> {
    let paths = contract["paths"].as_object();
    let mut all = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            all.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                signed_in: operation.get("security").is_some(),
            });
        }
    }
    all.sort();
    all
}

/// Whether `concrete` is an address of `template`; a word counts more than a parameter.
fn fits(template: &str, concrete: &str) -> Option<usize> {
    let (mut template, mut concrete) = (template.split('/'), concrete.split('/'));
    let mut words = 0;
    loop {
        match (template.next(), concrete.next()) {
            (None, None) => return Some(words),
            (Some(wanted), Some(found)) if wanted == found => words += 1,
            // A parameter may have an ending: `{secret}.ics`.
            (Some(wanted), Some(found)) => match wanted.strip_prefix('{')?.split_once('}')? {
                (_, "") if !found.is_empty() => {}
                (_, end) if !end.is_empty() && found.len() > end.len() && found.ends_with(end) => {
                    words += 1;
                }
                _ => return None,
            },
            _ => return None,
        }
    }
}

fn item_of(path: &str) -> Option<&'static Value> {
    let paths = contract_of(path)["paths"].as_object()?;
    let fitting = paths
        .iter()
        .filter_map(|(template, item)| Some((fits(template, path)?, item)));
    fitting
        .max_by_key(|(words, _)| *words)
        .map(|(_, item)| item)
}

/// Checks an answer: status, headers, media type and body are as documented, and nothing else comes. What the
/// contract does not have is not found.
///
/// # Panics
/// When they are not; each finding is in the message.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(item) = item_of(path) else {
        let outside = OUTSIDE
            .iter()
            .any(|(template, _)| fits(template, path).is_some());
        assert!(
            outside || answer.status.as_u16() == 404,
            "{} {}: answered, and no contract has it",
            answer.request,
            answer.status
        );
        return;
    };
    // HEAD is GET without the body.
    let name = if *method == Method::HEAD {
        "get"
    } else {
        &method.as_str().to_lowercase()
    };
    let Some(operation) = item.get(name) else {
        assert_eq!(
            answer.status.as_u16(),
            405,
            "{}: no such operation",
            answer.request
        );
        return;
    };
    let mut findings = Vec::new();
    let status = answer.status.as_str();
    match operation["responses"].get(status) {
        None => findings.push(format!("status {status} is not documented")),
        Some(response) => {
            headers(response, answer, &mut findings);
            if *method != Method::HEAD {
                body(contract_of(path), response, answer, &mut findings);
            }
        }
    }
    assert!(
        findings.is_empty(),
        "{} {status} breaks openapi.yaml:\n{}\n{}",
        answer.request,
        findings.join("\n"),
        answer.text().chars().take(2_000).collect::<String>()
    );
}

fn headers(response: &Value, answer: &Answer, findings: &mut Vec<String>) {
    let documented: Vec<String> = response["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.to_lowercase())
        .collect();
    for name in &documented {
        if !NOW_AND_THEN.contains(&name.as_str()) && !answer.headers.contains_key(name.as_str()) {
            findings.push(format!("the header {name} is documented and missing"));
        }
    }
    for name in answer
        .headers
        .keys()
        .map(reqwest::header::HeaderName::as_str)
    {
        let promise = PROMISES.contains(&name) || name.starts_with("papierlos-");
        if promise && !documented.iter().any(|one| one == name) {
            findings.push(format!("the header {name} is sent and not documented"));
        }
    }
}

fn body(
    contract: &'static Value,
    response: &'static Value,
    answer: &Answer,
    findings: &mut Vec<String>,
) {
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        if !answer.body.is_empty() {
            findings.push("a body where none is documented".to_owned());
        }
        return;
    };
    let sent = answer.media_type().unwrap_or_default();
    // Content has the type that its sender gave it.
    let any = content.get("*/*");
    let Some(media) = content.get(sent).or(any) else {
        findings.push(format!("the media type {sent:?} is not documented"));
        return;
    };
    let is_json = sent == "application/json" || sent.ends_with("+json");
    if is_json && any.is_none() {
        findings.extend(Schemas::of(contract).findings(&media["schema"], &answer.json()));
    }
}
