//! Is it alive, is it ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header};
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use utoipa::ToSchema;

/// How long one check may take before it counts as failed.
const CHECK_SECONDS_MAX: Duration = Duration::from_secs(2);

/// Something that the server needs: the database, the blobs, the index, the log, room on the disk.
pub trait Probe: Send + Sync + 'static {
    /// The name in the answer.
    fn name(&self) -> &'static str;

    /// Looks. The text is for whoever runs the server: no secrets, no names of people.
    fn check(&self) -> BoxFuture<'_, Result<String, String>>;
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

/// Whether the server may be sent requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether all is as it should be.
    pub ready: bool,
    /// Whether the server is about to stop and only finishes what it has begun.
    pub draining: bool,
    /// Each thing looked at.
    pub checks: Vec<Check>,
}

/// The server is alive: it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Liveness {
    /// Always true; a dead server says nothing.
    pub alive: bool,
}

/// The probes of one process.
#[derive(Default)]
pub struct Health {
    probes: Vec<Arc<dyn Probe>>,
    draining: AtomicBool,
}

impl Health {
    /// With these probes.
    pub fn new(probes: Vec<Arc<dyn Probe>>) -> Self {
        Self {
            probes,
            draining: AtomicBool::new(false),
        }
    }

    /// From now on the server is not ready, so that no new requests are sent to it.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Whether the server is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Looks at everything at once.
    pub async fn readiness(&self) -> Readiness {
        let checks = join_all(self.probes.iter().map(|probe| check(probe.as_ref()))).await;
        let draining = self.is_draining();
        Readiness {
            ready: !draining && checks.iter().all(|check| check.ok),
            draining,
            checks,
        }
    }
}

async fn check(probe: &dyn Probe) -> Check {
    let found = tokio::time::timeout(CHECK_SECONDS_MAX, probe.check()).await;
    let (ok, detail) = match found {
        Ok(Ok(detail)) => (true, detail),
        Ok(Err(detail)) => (false, detail),
        Err(_elapsed) => (
            false,
            format!("no answer within {} s", CHECK_SECONDS_MAX.as_secs()),
        ),
    };
    Check {
        name: probe.name().to_owned(),
        ok,
        detail,
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health")
            .field(
                "probes",
                &self
                    .probes
                    .iter()
                    .map(|probe| probe.name())
                    .collect::<Vec<_>>(),
            )
            .field("draining", &self.draining)
            .finish()
    }
}

/// The process answers. Looks at nothing else, so that a slow database does not get it killed.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    operation_id = "isAlive",
    responses((status = 200, description = "Alive", body = Liveness))
)]
pub async fn get_live() -> HttpResponse {
    std::future::ready(HttpResponse::Ok().json(Liveness { alive: true })).await
}

/// All parts that the server needs are as they should be.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    operation_id = "isReady",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready, or about to stop", body = Readiness,
            headers(("Retry-After" = u64, description = "Seconds until the next try makes sense"))),
    )
)]
pub async fn get_ready(health: Data<Health>) -> HttpResponse {
    let readiness = health.readiness().await;
    match readiness.ready {
        true => HttpResponse::Ok().json(readiness),
        false => HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "5"))
            .json(readiness),
    }
}
