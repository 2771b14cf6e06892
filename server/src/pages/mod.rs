//! The pages for people: one page, one style, one script, out of the binary.
//!
//! Invariants: nothing is loaded from elsewhere and nothing runs inline, so the strict policy for
//! pages holds; the script uses the same contract as every other program and has no door of its own.

#[cfg(test)]
mod tests;

use actix_web::middleware::Compress;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::http::extract::Path;
use crate::http::reference::static_file;
use crate::http::{Kind, Problem};

const PAGE: &str = include_str!("app.html");
const STYLE: &str = include_str!("app.css");
const SCRIPT: &str = include_str!("app.js");
const WORDS: &str = include_str!("words.js");
const ICON: &str = include_str!("icon.svg");

/// The routes of the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").get(get_page).wrap(Compress::default()))
        .service(
            web::resource("/pages/{name}")
                .get(get_part)
                .wrap(Compress::default()),
        );
}

async fn get_page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static_file(
        &request,
        "text/html; charset=utf-8",
        Bytes::from_static(PAGE.as_bytes()),
    )
}

#[derive(Deserialize)]
struct Part {
    name: String,
}

async fn get_part(request: HttpRequest, path: Path<Part>) -> Result<HttpResponse, Problem> {
    let (media_type, text) = match path.into_inner().name.as_str() {
        "app.css" => ("text/css; charset=utf-8", STYLE),
        "app.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "words.js" => ("text/javascript; charset=utf-8", WORDS),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(Problem::new(Kind::NotFound)),
    };
    static_file(&request, media_type, Bytes::from_static(text.as_bytes()))
}
