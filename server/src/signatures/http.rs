//! Signatures over HTTP.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use futures_util::TryStreamExt as _;
use storage::Storage;
use tokio_util::io::StreamReader;
use utoipa::OpenApi;
use uuid::Uuid;

use super::check::{CheckError, Checker};
use super::wire::FileSignatures;
use crate::audit::event::Look;
use crate::base::{Actor, DocumentId};
use crate::departments::SignedIn;
use crate::documents::{self, DocumentError, Which, store_problem};
use crate::http::extract::Path;
use crate::http::openapi::TextProblems;
use crate::http::{Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;

impl From<CheckError> for Problem {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Busy => Self::new(Kind::Unavailable)
                .retry_after_seconds(2)
                .detail(text(
                    "Gerade werden viele Unterschriften geprüft. Bitte gleich noch einmal versuchen.",
                    "Many signatures are being judged. Please try again in a moment.",
                )),
            CheckError::Content(_) | CheckError::Worker(_) | CheckError::Talk(_) => {
                Self::internal(error)
            }
        }
    }
}

/// The signatures of the version in force, each with one verdict and its reasons.
///
/// For whoever may read the content. A file that is no PDF has an empty list. Nothing is fetched: what is trusted
/// lies in a folder of the settings, what is known of revocation comes with the file. Sentences come in the
/// language of `Accept-Language`.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/signatures", tag = "documents",
    operation_id = "checkSignatures",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "The signatures, in the order in which they were made",
        body = FileSignatures), TextProblems),
    security(("token" = []))
)]
pub(super) async fn get_signatures(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    checker: Data<Checker>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let bench = Bench {
        db: &db,
        storage: &storage,
        looks: &looks,
        checker: &checker,
        language,
    };
    bench.judge(&actor, id, Which::InForce).await
}

/// The signatures of one version.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/versions/{number}/signatures", tag = "documents",
    operation_id = "checkVersionSignatures",
    params(("id" = Uuid, Path, description = "The document"),
        ("number" = u64, Path, description = "The number of the version", minimum = 1)),
    responses((status = 200, description = "The signatures, in the order in which they were made",
        body = FileSignatures), TextProblems),
    security(("token" = []))
)]
pub(super) async fn get_version_signatures(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    checker: Data<Checker>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(Uuid, u64)>,
) -> Result<HttpResponse, Problem> {
    let bench = Bench {
        db: &db,
        storage: &storage,
        looks: &looks,
        checker: &checker,
        language,
    };
    bench.judge(&actor, id, Which::Number(number)).await
}

/// What judging needs of its request.
struct Bench<'a> {
    db: &'a Db,
    storage: &'a Storage,
    looks: &'a Looks,
    checker: &'a Checker,
    language: Language,
}

impl Bench<'_> {
    async fn judge(&self, actor: &Actor, id: Uuid, which: Which) -> Result<HttpResponse, Problem> {
        let found = documents::content(self.db.read(), actor, DocumentId::of(id), which).await;
        if let Err(DocumentError::NotFound) = &found {
            let refused = Looked::of(Look::Refused, actor).at(id);
            self.looks.note(refused).await?;
        }
        let (document, _version, blob) = found?;
        let opened = self.storage.open(&blob, None).await;
        let stream = opened.map_err(store_problem)?;
        let content = StreamReader::new(stream.map_err(std::io::Error::other));
        let at = self.db.now();
        let checked = self.checker.check(content, at).await?;
        let view = FileSignatures::of(checked, at, self.language);
        // Who signed stands in the content.
        let looked = Looked::of(Look::ReadContent, actor)
            .at_version(document.id.raw(), document.version)
            .within(document.department);
        self.looks.note(looked).await?;
        Ok(HttpResponse::Ok().json(view))
    }
}

/// The part of the contract that signatures bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(get_signatures, get_version_signatures))]
pub struct ApiDoc;

/// The routes of signatures.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/documents/{id}/signatures").get(get_signatures))
        .service(
            web::resource("/api/v1/documents/{id}/versions/{number}/signatures")
                .get(get_version_signatures),
        );
}
