//! The reference that people read: `/api`, with the contract beside it.
//!
//! The page is our own file: no inline script, so the usual policy for pages holds. Swagger UI
//! comes out of the binary; nothing is loaded from elsewhere.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::middleware::Compress;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::openapi::OpenApi;

use super::extract::{ETag, IfNoneMatch, Path};
use super::problem::{Kind, Problem};

const PAGE: &str = include_str!("reference.html");
const STYLE: &str = include_str!("reference.css");
const SCRIPT: &str = include_str!("reference.js");

/// What of Swagger UI is served; the rest of it is not needed.
const VENDORED: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

/// The contract, rendered once.
#[derive(Debug, Clone)]
pub struct Reference {
    json: Bytes,
    yaml: Bytes,
    etag: ETag,
}

impl Reference {
    /// Renders the contract.
    ///
    /// # Errors
    /// 500 where it cannot be written, which is a mistake of ours.
    pub fn new(contract: &OpenApi) -> Result<Self, Problem> {
        let json = contract.to_json().map_err(Problem::internal)?;
        let yaml = contract.to_yaml().map_err(Problem::internal)?;
        let etag = digest_of(json.as_bytes());
        Ok(Self {
            json: json.into(),
            yaml: yaml.into(),
            etag,
        })
    }
}

fn digest_of(bytes: &[u8]) -> ETag {
    use sha2::Digest;
    ETag::of_sha256(&hex::encode(sha2::Sha256::digest(bytes)))
}

/// The routes: `App::new().configure(reference::routes(Data::new(reference)))`.
pub fn routes(reference: Data<Reference>) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config
            .app_data(reference)
            .service(web::resource("/api").get(get_page))
            .service(
                web::resource("/api/openapi.json")
                    .get(get_json)
                    .wrap(Compress::default()),
            )
            .service(
                web::resource("/api/openapi.yaml")
                    .get(get_yaml)
                    .wrap(Compress::default()),
            )
            .service(
                web::resource("/api/reference/{file}")
                    .get(get_file)
                    .wrap(Compress::default()),
            );
    }
}

async fn get_page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static_file(
        &request,
        "text/html; charset=utf-8",
        Bytes::from_static(PAGE.as_bytes()),
    )
}

async fn get_json(
    request: HttpRequest,
    reference: Data<Reference>,
) -> Result<HttpResponse, Problem> {
    cached(&request, "application/json", &reference.etag, || {
        reference.json.clone()
    })
}

async fn get_yaml(
    request: HttpRequest,
    reference: Data<Reference>,
) -> Result<HttpResponse, Problem> {
    cached(&request, "application/yaml", &reference.etag, || {
        reference.yaml.clone()
    })
}

#[derive(Deserialize)]
struct File {
    file: String,
}

async fn get_file(request: HttpRequest, path: Path<File>) -> Result<HttpResponse, Problem> {
    match path.into_inner().file.as_str() {
        "reference.css" => static_file(&request, "text/css", Bytes::from_static(STYLE.as_bytes())),
        "reference.js" => static_file(
            &request,
            "text/javascript",
            Bytes::from_static(SCRIPT.as_bytes()),
        ),
        file if VENDORED.contains(&file) => vendored(&request, file),
        _ => Err(Problem::new(Kind::NotFound)),
    }
}

fn vendored(request: &HttpRequest, file: &str) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(file, Arc::new(utoipa_swagger_ui::Config::from("")))
        .map_err(|error| Problem::internal(error.to_string()))?
        .ok_or_else(|| Problem::new(Kind::NotFound))?;
    let bytes = match found.bytes {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    };
    // The bytes change with the crate only, so its name and length are tag enough.
    let etag = ETag::new(format!("{file}-{}", bytes.len()))
        .ok_or_else(|| Problem::internal("an asset has an unfit name"))?;
    cached(request, &found.content_type, &etag, || bytes)
}

pub(crate) fn static_file(
    request: &HttpRequest,
    media_type: &str,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    cached(request, media_type, &digest_of(&bytes), || bytes)
}

fn cached(
    request: &HttpRequest,
    media_type: &str,
    etag: &ETag,
    bytes: impl FnOnce() -> Bytes,
) -> Result<HttpResponse, Problem> {
    let known = IfNoneMatch::read(request)?.has(etag);
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    // Weak, because the same file may be sent compressed or not.
    response.insert_header((header::ETAG, format!("W/{etag}")));
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
    if known {
        return Ok(response.finish());
    }
    Ok(response.content_type(media_type).body(bytes()))
}
