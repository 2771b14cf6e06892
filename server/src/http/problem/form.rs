//! How a problem is written: as RFC 9457 says, or as those clients read it that know another interface.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use serde_json::{Value, json};

use super::{Kind, Place, Problem};
use crate::http::language::Language;

/// The form of everything that goes wrong at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/problem+json`.
    Problem,
    /// `{"detail": "…"}`, or lists of sentences by field, as Django REST framework writes them.
    Detail,
}

impl Form {
    /// The form at this address: below `/api/`, everything that is not our own interface speaks like
    /// the one whose clients come there.
    #[must_use]
    pub fn of(path: &str) -> Self {
        const OURS: &[&str] = &["v1/", "openapi.", "reference/"];
        match path.strip_prefix("/api/") {
            Some("v1") | None => Self::Problem,
            Some(rest) if OURS.iter().any(|ours| rest.starts_with(ours)) => Self::Problem,
            Some(_) => Self::Detail,
        }
    }
}

impl Problem {
    /// The response for this reader in this form.
    #[must_use]
    pub fn respond_in(
        &self,
        form: Form,
        language: Language,
        request: Option<uuid::Uuid>,
    ) -> HttpResponse {
        match form {
            Form::Problem => self.respond(language, request),
            Form::Detail => self.respond_with_detail(language),
        }
    }

    fn respond_with_detail(&self, language: Language) -> HttpResponse {
        let inner = &self.0;
        // What is wrong with fields is 400 there, whatever is wrong with them.
        let status = match inner.kind.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            other => other,
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
        response.insert_header((header::VARY, "Accept-Language, Accept"));
        if let Some(seconds) = inner.extras.retry_after {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let Some(bytes) = inner.content_bytes {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{bytes}")));
        }
        if inner.kind == Kind::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Token realm=\"papierlos\""));
        }
        response.json(self.detail_body(status, language))
    }

    fn detail_body(&self, status: StatusCode, language: Language) -> Value {
        let inner = &self.0;
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if status == StatusCode::BAD_REQUEST {
            for (at, fault) in &inner.errors {
                let name = match at {
                    Place::Pointer(name) => name.trim_start_matches('/'),
                    Place::Parameter(name) | Place::Header(name) | Place::Part(name) => name,
                    Place::Content { .. } => "document",
                };
                let sentence = fault.sentence().get(language).to_owned();
                fields.entry(name.to_owned()).or_default().push(sentence);
            }
        }
        if !fields.is_empty() {
            return json!(fields);
        }
        let said = inner.detail.as_ref().map(|detail| detail.get(language));
        let title = inner.kind.title();
        json!({"detail": said.unwrap_or_else(|| title.get(language))})
    }
}
