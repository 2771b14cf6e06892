//! Where it is signed: the strokes are drawn, the seal is put on, the document is stored and added as a version.

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Data};
use pades::strokes::Strokes;
use serde_json::json;
use storage::Storage;

use super::model::{CONTENT_BYTES_MAX, SeenPage, SigningError, SigningJob, seen_together};
use super::ops::{self, Ready, Told};
use super::stamp::{Stamp, Stamped};
use super::wire::{self, SignatureReport};
use super::{apart, identity};
use crate::base::{Actor, Timestamp};
use crate::departments;
use crate::documents::{self, Arriving, Content, DocumentError, Held, Painter, Showing};
use crate::http::extract::RequestId;
use crate::http::gather::Fields;
use crate::http::{Fault, Problem};
use crate::tablets::{Signed, Tablet};
use crate::unit::{Db, Unit, Written};

/// What a sealed document is.
const PDF: &str = "application/pdf";
/// What sealed strokes are: CMS in DER.
const CMS: &str = "application/cms";

/// The document as the clerk who sent the job may see it now.
pub(super) async fn held_for(
    db: &Db,
    job: &SigningJob,
    request: &HttpRequest,
) -> Result<(Actor, Held), SigningError> {
    let id = RequestId::known(request);
    let clerk = departments::actor(db.read(), job.clerk, db.now(), id).await?;
    let held = documents::read(db.read(), &clerk, job.document).await?;
    Ok((clerk, held))
}

/// Why nothing was signed.
pub(super) enum Failure {
    Signing(SigningError),
    Problem(Problem),
}

impl From<SigningError> for Failure {
    fn from(error: SigningError) -> Self {
        Self::Signing(error)
    }
}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        Self::Signing(error.into())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What came in.
pub(super) struct Received<'a> {
    pub(super) told: Told,
    pub(super) report: &'a SignatureReport,
    pub(super) signed: &'a Signed,
    pub(super) strokes: Strokes,
    pub(super) agent: String,
}

/// Where it is signed.
pub(super) struct Desk<'a> {
    pub(super) db: &'a Db,
    pub(super) storage: &'a Storage,
    pub(super) painter: &'a Painter,
    pub(super) stamp: &'a Data<Stamp>,
}

impl Desk<'_> {
    /// Draws the strokes, puts the seal on, stores the document and adds it as a version.
    pub(super) async fn sign(
        &self,
        request: &HttpRequest,
        tablet: &Tablet,
        (job, received): (&SigningJob, Received<'_>),
    ) -> Result<Written<SigningJob>, Failure> {
        let (clerk, held) = held_for(self.db, job, request).await?;
        if held.version.id != job.shown {
            return Err(SigningError::Changed.into());
        }
        let place = (self.db, self.storage, self.painter);
        let showing = Showing::open(place, job.clerk, job.shown).await?;
        let count = showing.sizes().await?.len();
        require_pages(count, &received.told)?;
        let content = showing.content(CONTENT_BYTES_MAX).await?;
        let strokes_sha256 = received.strokes.sha256();
        let (stamped, sealed) = self.stamped(job, content, received.strokes.clone()).await?;
        let mut evidence = evidence_of(self.db.now(), tablet, (job, &received));
        let told = (&received.told, count);
        evidence["pages"] = pages_of(job, &showing, told).await?;
        evidence["identity_check"] = identity::evidence(self.db.read(), job)
            .await
            .map_err(SigningError::from)?;
        evidence["field"] = json!(stamped.field);
        evidence["gap"] = json!(stamped.gap);
        let name = held.version.file_name.clone();
        let content = self
            .kept(job, Bytes::from(stamped.content), (PDF, name))
            .await?;
        evidence["signed_sha256"] = json!(hex::encode(content.kept.content.sha256.0));
        let strokes = match sealed {
            Some((der, certificate)) => {
                let kept = self.kept(job, Bytes::from(der), (CMS, None)).await?.kept;
                evidence["sealed_strokes"] = json!({
                    "sha256": hex::encode(kept.content.sha256.0),
                    "certificate_sha256": hex::encode(certificate),
                });
                Some((kept, certificate))
            }
            None => None,
        };
        let ready = Ready {
            content,
            strokes_sha256,
            strokes,
            told: received.told,
            evidence: evidence.to_string(),
        };
        let (id, on) = (job.id, tablet.id);
        let written = self
            .db
            .write(&clerk, async move |unit: &mut Unit| {
                ops::complete(unit, id, on, ready).await
            })
            .await?;
        Ok(Written {
            value: written.value.0,
            receipt: written.receipt,
        })
    }

    /// The document as it is sealed, and the strokes as only the notary opens them.
    async fn stamped(
        &self,
        job: &SigningJob,
        content: Vec<u8>,
        strokes: Strokes,
    ) -> Result<(Stamped, Option<(Vec<u8>, [u8; 32])>), SigningError> {
        let written = (&strokes, self.db.now());
        let ready = self.stamp.prepare(&content, &job.spot, written).await?;
        let stamped = self.stamp.put_on(ready).await?;
        let (stamp, sha256) = (Data::clone(self.stamp), job.sha256);
        // Off the thread that serves others.
        let done = tokio::task::spawn_blocking(move || stamp.seal_strokes(sha256, strokes));
        let sealed = done
            .await
            .map_err(|gone| SigningError::Seal(gone.into()))??;
        apart::check(&stamped.content, &stamped.field).await?;
        Ok((stamped, sealed))
    }

    async fn kept(
        &self,
        job: &SigningJob,
        bytes: Bytes,
        (media_type, file_name): (&str, Option<String>),
    ) -> Result<Content, DocumentError> {
        let domain = documents::domain_of(self.db.read(), job.document).await?;
        let mut arriving = Arriving::begin_in(self.storage, &domain).await?;
        arriving.push(bytes).await?;
        let arrived = arriving.finish(media_type.to_owned(), file_name).await?;
        arrived.keep(self.db).await
    }
}

/// Whether what was shown has this page.
fn is_page_of(count: usize, page: u32) -> bool {
    page > 0 && usize::try_from(page).is_ok_and(|page| page <= count)
}

/// Refuses pages that what was shown does not have: nobody can have seen them.
pub(super) fn require_pages(count: usize, told: &Told) -> Result<(), Problem> {
    let mut fields = Fields::new();
    for (at, seen) in told.pages.iter().enumerate() {
        if !is_page_of(count, seen.page) {
            fields.fault(format!("/pages/{at}/page"), Fault::NotFound);
        }
    }
    fields.done(())
}

/// The pages that were seen, with the digests of the pictures that were shown of them. What was told on the way of
/// pages that there are not is left out.
async fn pages_of(
    job: &SigningJob,
    showing: &Showing<'_>,
    (told, count): (&Told, usize),
) -> Result<serde_json::Value, Problem> {
    let mut pages = Vec::new();
    for SeenPage { page, seconds } in seen_together(&job.pages, &told.pages) {
        if !is_page_of(count, page) {
            continue;
        }
        let shown = showing.shown(page).await?;
        pages.push(json!({
            "page": page,
            "seconds": seconds,
            "picture_sha256": shown.map(hex::encode),
        }));
    }
    Ok(pages.into())
}

/// What a court would ask for, but for what is found out on the way.
fn evidence_of(
    now: Timestamp,
    tablet: &Tablet,
    (job, received): (&SigningJob, &Received<'_>),
) -> serde_json::Value {
    let measures = received.strokes.measures();
    let (by_tablet, by_server) = received.strokes.started();
    let when = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "v": 1,
        "document_sha256": hex::encode(job.sha256),
        "sentence": job.sentence,
        "language": wire::code_of(received.report.language),
        "zoom": received.report.zoom,
        "strokes": {
            "sha256": hex::encode(received.strokes.sha256()),
            "count": measures.strokes,
            "points": measures.points,
            "milliseconds": measures.duration_tenths / 10,
            "length": measures.length / 100,
            "width": measures.width / 100,
            "height": measures.height / 100,
            "pointer": wire::pointer_of(received.strokes.pointer()),
        },
        "restarts": received.told.restarts,
        "device": {
            "tablet": tablet.id,
            "name": tablet.name,
            "counter": tablet.counter,
            "key": tablet.key_point(),
            "key_sha256": tablet.key_thumbprint(),
            "signature": received.signed.signature,
            "body_sha256": received.signed.body_sha256(),
            "user_agent": received.agent,
        },
        "clerk": job.clerk,
        "job": job.id,
        "nonce": job.nonce,
        "times": {
            "sent": job.created_at.to_string(),
            "shown": when(job.shown_at),
            "pad": when(job.signing_at),
            "received": now.to_string(),
            "pad_by_tablet": by_tablet,
            "pad_by_server": by_server,
        },
    })
}
