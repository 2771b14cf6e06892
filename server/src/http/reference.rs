//! The reference that people read: `/api`, with the contract beside it.
//!
//! The page is our own file: no inline script, so the usual policy for pages holds. Swagger UI
//! comes out of the binary; nothing is loaded from elsewhere.

use std::sync::{Arc, OnceLock};

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

/// The contract, rendered when somebody first asks for it: most servers are never asked.
#[derive(Debug)]
pub struct Reference {
    contract: fn() -> OpenApi,
    rendered: OnceLock<Rendered>,
}

#[derive(Debug, Clone)]
struct Rendered {
    json: Bytes,
    yaml: Bytes,
    etag: ETag,
}

impl Reference {
    /// What `contract` makes.
    #[must_use]
    pub fn new(contract: fn() -> OpenApi) -> Self {
        Self {
            contract,
            rendered: OnceLock::new(),
        }
    }

    /// Renders it away from the threads that answer.
    async fn rendered(reference: Data<Self>) -> Result<Rendered, Problem> {
        if let Some(rendered) = reference.rendered.get() {
            return Ok(rendered.clone());
        }
        let made = web::block(move || -> Result<Rendered, Problem> {
            let contract = (reference.contract)();
            let json = contract.to_json().map_err(Problem::internal)?;
            let yaml = contract.to_yaml().map_err(Problem::internal)?;
            let rendered = Rendered {
                etag: digest_of(json.as_bytes()),
                json: json.into(),
                yaml: super::yaml::for_old_readers(&yaml).into(),
            };
            Ok(reference.rendered.get_or_init(|| rendered).clone())
        });
        made.await.map_err(Problem::internal)?
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
    let Rendered { json, etag, .. } = Reference::rendered(reference).await?;
    cached(&request, "application/json", &etag, || json)
}

async fn get_yaml(
    request: HttpRequest,
    reference: Data<Reference>,
) -> Result<HttpResponse, Problem> {
    let Rendered { yaml, etag, .. } = Reference::rendered(reference).await?;
    cached(&request, "application/yaml", &etag, || yaml)
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
