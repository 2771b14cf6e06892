//! The witness over HTTP, as C2SP tlog-witness says; nothing here is for people but `/`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::folder::{Folder, FolderError, Refusal};
use crate::audit::add_checkpoint::{BODY_BYTES_MAX, SIZE_TYPE};

/// Longest time for a body: it is short.
const BODY_MAX: Duration = Duration::from_secs(10);
const TEXT: &str = "text/plain; charset=utf-8";

/// A witness that several threads ask.
#[derive(Debug, Clone)]
pub struct Service(Arc<Mutex<Folder>>);

impl Service {
    /// Of this folder.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self(Arc::new(Mutex::new(folder)))
    }

    /// Does something with the folder, one after the other, where waiting for the disk holds up
    /// nobody else. What went wrong in between lies on the disk, if anywhere.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Folder) -> T + Send + 'static,
    ) -> Option<T> {
        let folder = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut folder.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await.ok()
    }
}

/// The routes of a witness.
pub fn routes(service: Service) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config
            .app_data(Data::new(service))
            .service(web::resource("/add-checkpoint").post(post_add_checkpoint))
            .service(web::resource("/checkpoints/{name}").get(get_checkpoint))
            .service(web::resource("/").get(get_told));
    }
}

fn said(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, TEXT))
        .body(format!("{text}\n"))
}

/// What is known of the logs, one after the other, for people.
async fn get_told(service: Data<Service>) -> HttpResponse {
    match service.with(|folder| folder.told()).await {
        Some(Ok(told)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, TEXT))
            .body(told),
        Some(Err(error)) => failed(&error),
        None => said(StatusCode::INTERNAL_SERVER_ERROR, "Abgebrochen."),
    }
}

/// The newest checkpoint that was cosigned, as a note.
async fn get_checkpoint(service: Data<Service>, request: HttpRequest) -> HttpResponse {
    let name = request.match_info().get("name").unwrap_or_default();
    let name = name.to_owned();
    match service.with(move |folder| folder.newest(&name)).await {
        Some(Ok(Some(note))) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, TEXT))
            .body(note),
        Some(Ok(None)) => said(StatusCode::NOT_FOUND, "Nichts mitgezeichnet."),
        Some(Err(error)) => failed(&error),
        None => said(StatusCode::INTERNAL_SERVER_ERROR, "Abgebrochen."),
    }
}

/// A log asks for a cosignature.
async fn post_add_checkpoint(service: Data<Service>, payload: Payload) -> HttpResponse {
    let body = tokio::time::timeout(BODY_MAX, payload.to_bytes_limited(BODY_BYTES_MAX));
    let body = match body.await {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(_broken))) => return said(StatusCode::BAD_REQUEST, "Die Anfrage brach ab."),
        Ok(Err(_long)) => return said(StatusCode::PAYLOAD_TOO_LARGE, "Die Anfrage ist zu lang."),
        Err(_late) => return said(StatusCode::REQUEST_TIMEOUT, "Die Anfrage dauerte zu lange."),
    };
    match service.with(move |folder| folder.add(&body)).await {
        Some(Ok(line)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, TEXT))
            .body(line),
        Some(Err(refusal)) => refused(&refusal),
        None => said(StatusCode::INTERNAL_SERVER_ERROR, "Abgebrochen."),
    }
}

fn refused(refusal: &Refusal) -> HttpResponse {
    let stands = |size: u64| {
        HttpResponse::Conflict()
            .insert_header((CONTENT_TYPE, SIZE_TYPE))
            .body(format!("{size}\n"))
    };
    match refusal {
        Refusal::Malformed => said(
            StatusCode::BAD_REQUEST,
            "Das ist keine Anfrage an einen Zeugen.",
        ),
        Refusal::Smaller => said(
            StatusCode::BAD_REQUEST,
            "Der Prüfpunkt ist kleiner als der alte.",
        ),
        Refusal::UnknownLog => said(StatusCode::NOT_FOUND, "Dieses Protokoll ist unbekannt."),
        Refusal::UnknownKey => said(
            StatusCode::FORBIDDEN,
            "Kein bekannter Schlüssel dieses Protokolls hat den Prüfpunkt signiert.",
        ),
        Refusal::Stands(size) => stands(*size),
        Refusal::OtherRoot(size) => {
            tracing::error!(
                witness.refused = %refusal,
                "a log has shown another tree of the same size: it was forked"
            );
            stands(*size)
        }
        Refusal::Inconsistent => {
            tracing::error!(
                witness.refused = %refusal,
                "a log does not continue what was cosigned: it was forked, or the proof is wrong"
            );
            said(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Der Nachweis führt nicht vom alten Prüfpunkt zu diesem.",
            )
        }
        Refusal::ClockBehind => {
            tracing::error!(witness.refused = %refusal, "nothing is cosigned until the clock is right");
            said(
                StatusCode::SERVICE_UNAVAILABLE,
                "Die Uhr des Zeugen steht vor seiner letzten Mitzeichnung.",
            )
        }
        Refusal::Failed(error) => failed(error),
    }
}

fn failed(error: &FolderError) -> HttpResponse {
    tracing::error!(error = %error, cause = ?error, "the folder of the witness cannot be used");
    said(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Der Zeuge kann seinen Ordner nicht benutzen.",
    )
}
