//! The pages for people: one page, one style and its scripts, out of the binary; and that of the tablet.
//!
//! Invariants: nothing is loaded from elsewhere and nothing runs inline, so the strict policy for
//! pages holds; the scripts use the same contract as every other program and have no door of their own.

#[cfg(test)]
mod tests;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Compress;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::http::extract::Path;
use crate::http::reference::static_file;
use crate::http::{Kind, Problem};

const PAGE: &str = include_str!("app.html");
const STYLE: &str = include_str!("app.css");
const TABLET: &str = include_str!("tablet.html");
const TABLET_STYLE: &str = include_str!("tablet.css");
/// What stands between the tablet's page and the network; of no other page.
const WORKER: &str = "tablet-worker.js";
const SCRIPTS: [(&str, &str); 51] = [
    ("app.js", include_str!("app.js")),
    ("account.js", include_str!("account.js")),
    ("acts.js", include_str!("acts.js")),
    ("beside.js", include_str!("beside.js")),
    ("bulk.js", include_str!("bulk.js")),
    ("correspondents.js", include_str!("correspondents.js")),
    ("describe.js", include_str!("describe.js")),
    ("desk.js", include_str!("desk.js")),
    ("dom.js", include_str!("dom.js")),
    ("fields.js", include_str!("fields.js")),
    ("filling.js", include_str!("filling.js")),
    ("flow.js", include_str!("flow.js")),
    ("flow-acts.js", include_str!("flow-acts.js")),
    ("flow-fields.js", include_str!("flow-fields.js")),
    ("flow-history.js", include_str!("flow-history.js")),
    ("flow-migrate.js", include_str!("flow-migrate.js")),
    ("flow-version.js", include_str!("flow-version.js")),
    ("forms.js", include_str!("forms.js")),
    ("functions.js", include_str!("functions.js")),
    ("inbox.js", include_str!("inbox.js")),
    ("limits.js", include_str!("limits.js")),
    ("live.js", include_str!("live.js")),
    ("markdown.js", include_str!("markdown.js")),
    ("notices.js", include_str!("notices.js")),
    ("pictures.js", include_str!("pictures.js")),
    ("plan.js", include_str!("plan.js")),
    ("procedures.js", include_str!("procedures.js")),
    ("quick.js", include_str!("quick.js")),
    ("record.js", include_str!("record.js")),
    ("records.js", include_str!("records.js")),
    ("slip.js", include_str!("slip.js")),
    ("slip-live.js", include_str!("slip-live.js")),
    ("split.js", include_str!("split.js")),
    ("starting.js", include_str!("starting.js")),
    ("step.js", include_str!("step.js")),
    ("tablet.js", include_str!("tablet.js")),
    ("tablet-door.js", include_str!("tablet-door.js")),
    ("tablet-pad.js", include_str!("tablet-pad.js")),
    (WORKER, include_str!("tablet-worker.js")),
    ("tablets.js", include_str!("tablets.js")),
    ("tasks.js", include_str!("tasks.js")),
    ("tree.js", include_str!("tree.js")),
    ("withheld.js", include_str!("withheld.js")),
    ("words.js", include_str!("words.js")),
    ("words-beside.js", include_str!("words-beside.js")),
    ("words-flow.js", include_str!("words-flow.js")),
    ("words-people.js", include_str!("words-people.js")),
    ("words-registry.js", include_str!("words-registry.js")),
    ("words-tablet.js", include_str!("words-tablet.js")),
    ("words-tasks.js", include_str!("words-tasks.js")),
    ("words-withheld.js", include_str!("words-withheld.js")),
];
const ICON: &str = include_str!("icon.svg");

/// The routes of the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").get(get_page).wrap(Compress::default()))
        .service(
            web::resource("/tablet")
                .get(get_tablet)
                .wrap(Compress::default()),
        )
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

/// The page of the tablet at the counter: it has a key of its own, and nobody signs in on it.
async fn get_tablet(request: HttpRequest) -> Result<HttpResponse, Problem> {
    static_file(
        &request,
        "text/html; charset=utf-8",
        Bytes::from_static(TABLET.as_bytes()),
    )
}

#[derive(Deserialize)]
struct Part {
    name: String,
}

async fn get_part(request: HttpRequest, path: Path<Part>) -> Result<HttpResponse, Problem> {
    let name = path.into_inner().name;
    let script = SCRIPTS.iter().find(|(known, _)| *known == name);
    let (media_type, text) = match (name.as_str(), script) {
        ("app.css", _) => ("text/css; charset=utf-8", STYLE),
        ("tablet.css", _) => ("text/css; charset=utf-8", TABLET_STYLE),
        ("icon.svg", _) => ("image/svg+xml", ICON),
        (_, Some((_, text))) => ("text/javascript; charset=utf-8", *text),
        (_, None) => return Err(Problem::new(Kind::NotFound)),
    };
    let mut answer = static_file(&request, media_type, Bytes::from_static(text.as_bytes()))?;
    if name == WORKER {
        answer.headers_mut().insert(
            HeaderName::from_static("service-worker-allowed"),
            HeaderValue::from_static("/tablet"),
        );
    }
    Ok(answer)
}
