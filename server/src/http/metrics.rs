//! What can be watched: `/metrics` in the `OpenMetrics` text format.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpResponse, http::header};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::problem::Problem;

/// The media type of the exposition.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency histogram: from a cache hit to a request that times out.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    queue: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DiskLabels {
    disk: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LevelLabels {
    level: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    certificate: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WitnessLabels {
    witness: String,
}

type FloatGauge = Gauge<f64, AtomicU64>;

/// What is counted of a database since it was opened.
#[derive(Debug, Clone, Default)]
pub struct DatabaseCounts {
    /// Units of work that were committed.
    pub units: Counter,
    /// Transactions in which they were committed: those that wait together share one.
    pub commits: Counter,
    /// Queries that only read: those of units of work are not among them.
    pub queries: Counter,
}

/// The measurements of one process. Cheap to set; whoever knows a figure sets it.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    queue_depth: Family<QueueLabels, Gauge>,
    queue_age_seconds: Family<QueueLabels, FloatGauge>,
    resident_bytes: Gauge,
    disk_free_bytes: Family<DiskLabels, Gauge>,
    disk_total_bytes: Family<DiskLabels, Gauge>,
    seals_waiting: Family<LevelLabels, Gauge>,
    certificate_end: Family<CertificateLabels, Gauge>,
    witness_size: Family<WitnessLabels, Gauge>,
    witness_age_seconds: Family<WitnessLabels, FloatGauge>,
    witness_refuses: Family<WitnessLabels, Gauge>,
    /// Tokens that are none and were not recorded one by one.
    pub forged_tokens_unrecorded: Counter,
    /// Bytes of content that arrived in uploads, whether or not they were kept.
    pub upload_bytes: Counter,
    /// The sequence number of the last audit record that is committed.
    pub log_head_seq: Gauge,
    /// The size of the tree that the last signed checkpoint stands for.
    pub log_checkpoint_size: Gauge,
    /// Seconds since the last signed checkpoint.
    pub log_checkpoint_age_seconds: FloatGauge,
    /// Seconds since the newest timestamp of the log was asked for; 0 where there is none.
    pub log_timestamp_age_seconds: FloatGauge,
    /// How often in a row none was given since.
    pub log_timestamp_failures: Gauge,
    /// The sequence number up to which the index knows.
    pub index_seq: Gauge,
    /// How many records the index is behind the head of the log.
    pub index_lag_records: Gauge,
    /// Documents that a rebuild of the index has put in; 0 where none runs.
    pub index_rebuild_documents: Gauge,
    /// How many it is to put in; 0 where none runs.
    pub index_rebuild_total: Gauge,
    /// Whether the last one that ended failed.
    pub index_rebuild_failed: Gauge,
    /// Whether the daily report of the log could not be filed; 0 where the settings name no folder.
    pub log_report_failed: Gauge,
    /// Findings of the last consistency check.
    pub check_findings: Gauge,
    /// Emergencies in which an administrator may read now.
    pub break_glass_active: Gauge,
    /// Looks that wait since the access log could not be written.
    pub access_log_waiting: Gauge,
    /// Looks that went on unrecorded and are lost.
    pub access_log_lost: Gauge,
    /// The size of the tree that the last signed checkpoint of the access log stands for.
    pub access_log_checkpoint_size: Gauge,
    /// Seconds since the last signed checkpoint of the access log.
    pub access_log_checkpoint_age_seconds: FloatGauge,
    /// Whether the access log could not be signed the last time.
    pub access_log_unsigned: Gauge,
    /// Whether the access log is not the one that was signed.
    pub access_log_contradicts: Gauge,
    /// Refusals of accounts beyond those in the access log.
    pub refusals_unrecorded: Gauge,
    /// Whether the virus scanner answers; 0 where there is none.
    pub virus_scanner_up: Gauge,
    /// What lies in quarantine.
    pub quarantined: Gauge,
    /// Steps of workflows that are open.
    pub workflow_steps_open: Gauge,
    /// Those of them whose time is over.
    pub workflow_steps_overdue: Gauge,
    /// Timers that are due and have not fired.
    pub workflow_timers_due: Gauge,
    /// For how long the oldest of them has been due.
    pub workflow_timer_age_seconds: FloatGauge,
    /// Mails that were given up, or of which nobody knows whether they were taken.
    pub mails_given_up: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All measurements at zero.
    pub fn new() -> Self {
        Self::of(&DatabaseCounts::default())
    }

    /// All measurements at zero, and what is counted of a database.
    pub fn of(database: &DatabaseCounts) -> Self {
        let mut it = Self {
            registry: Registry::with_prefix("papierlos"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            queue_depth: Family::default(),
            queue_age_seconds: Family::default(),
            resident_bytes: Gauge::default(),
            disk_free_bytes: Family::default(),
            disk_total_bytes: Family::default(),
            seals_waiting: Family::default(),
            certificate_end: Family::default(),
            witness_size: Family::default(),
            witness_age_seconds: Family::default(),
            witness_refuses: Family::default(),
            forged_tokens_unrecorded: Counter::default(),
            upload_bytes: Counter::default(),
            log_head_seq: Gauge::default(),
            log_checkpoint_size: Gauge::default(),
            log_checkpoint_age_seconds: FloatGauge::default(),
            log_timestamp_age_seconds: FloatGauge::default(),
            log_timestamp_failures: Gauge::default(),
            index_seq: Gauge::default(),
            index_lag_records: Gauge::default(),
            index_rebuild_documents: Gauge::default(),
            index_rebuild_total: Gauge::default(),
            index_rebuild_failed: Gauge::default(),
            log_report_failed: Gauge::default(),
            check_findings: Gauge::default(),
            break_glass_active: Gauge::default(),
            access_log_waiting: Gauge::default(),
            access_log_lost: Gauge::default(),
            access_log_checkpoint_size: Gauge::default(),
            access_log_checkpoint_age_seconds: FloatGauge::default(),
            access_log_unsigned: Gauge::default(),
            access_log_contradicts: Gauge::default(),
            refusals_unrecorded: Gauge::default(),
            virus_scanner_up: Gauge::default(),
            quarantined: Gauge::default(),
            workflow_steps_open: Gauge::default(),
            workflow_steps_overdue: Gauge::default(),
            workflow_timers_due: Gauge::default(),
            workflow_timer_age_seconds: FloatGauge::default(),
            mails_given_up: Gauge::default(),
        };
        it.register_requests();
        it.register_machine();
        it.register_states();
        it.register_witnesses();
        it.register_timestamps();
        it.register_looks();
        it.register_index();
        it.register_seals();
        it.register_workflows();
        it.register_database(database);
        it
    }

    fn register_database(&mut self, database: &DatabaseCounts) {
        let registry = &mut self.registry;
        registry.register(
            "units",
            "Units of work that were committed",
            database.units.clone(),
        );
        registry.register(
            "commits",
            "Transactions in which units of work were committed",
            database.commits.clone(),
        );
        registry.register(
            "queries",
            "Queries that only read, without those of units of work",
            database.queries.clone(),
        );
    }

    fn register_requests(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests answered, by the template of their route",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from the first byte of the request to the head of the answer",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        registry.register(
            "forged_tokens_unrecorded",
            "Requests with a token that is none, beyond those in the access log",
            self.forged_tokens_unrecorded.clone(),
        );
        registry.register_with_unit(
            "upload",
            "Content that arrived in uploads",
            Unit::Bytes,
            self.upload_bytes.clone(),
        );
        registry.register(
            "queue_depth",
            "Jobs that wait in a queue; those that were put aside, where its name ends so: failed",
            self.queue_depth.clone(),
        );
        registry.register_with_unit(
            "queue_age",
            "Age of the oldest job that waits in a queue",
            Unit::Seconds,
            self.queue_age_seconds.clone(),
        );
    }

    fn register_machine(&mut self) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "process_resident_memory",
            "Resident memory of the process",
            Unit::Bytes,
            self.resident_bytes.clone(),
        );
        registry.register_with_unit(
            "disk_free",
            "Free room on the disk of a folder of the archive: data, index, database, blobs",
            Unit::Bytes,
            self.disk_free_bytes.clone(),
        );
        registry.register_with_unit(
            "disk_total",
            "All room on the disk of that folder",
            Unit::Bytes,
            self.disk_total_bytes.clone(),
        );
    }

    fn register_looks(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "access_log_checkpoint_size",
            "Tree size of the last signed checkpoint of the access log",
            self.access_log_checkpoint_size.clone(),
        );
        registry.register_with_unit(
            "access_log_checkpoint_age",
            "Time since the last signed checkpoint of the access log",
            Unit::Seconds,
            self.access_log_checkpoint_age_seconds.clone(),
        );
        registry.register(
            "access_log_unsigned",
            "Whether the access log could not be signed the last time: 1 or 0",
            self.access_log_unsigned.clone(),
        );
        registry.register(
            "access_log_contradicts",
            "Whether the access log was seen not to be the one that was signed: 1 or 0",
            self.access_log_contradicts.clone(),
        );
    }

    fn register_states(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "log_head_seq",
            "Last committed audit record",
            self.log_head_seq.clone(),
        );
        registry.register(
            "log_checkpoint_size",
            "Tree size of the last signed checkpoint",
            self.log_checkpoint_size.clone(),
        );
        registry.register_with_unit(
            "log_checkpoint_age",
            "Time since the last signed checkpoint",
            Unit::Seconds,
            self.log_checkpoint_age_seconds.clone(),
        );
        registry.register(
            "log_report_failed",
            "Whether the daily report of the log could not be filed: 1 or 0",
            self.log_report_failed.clone(),
        );
        registry.register(
            "check_findings",
            "Findings of the last consistency check",
            self.check_findings.clone(),
        );
        registry.register(
            "break_glass_active",
            "Emergencies in which an administrator may read content",
            self.break_glass_active.clone(),
        );
        registry.register(
            "access_log_waiting",
            "Looks that wait since the access log could not be written",
            self.access_log_waiting.clone(),
        );
        registry.register(
            "access_log_lost",
            "Looks that went on unrecorded since the start and are lost",
            self.access_log_lost.clone(),
        );
        registry.register(
            "refusals_unrecorded",
            "Refusals of accounts since the start beyond those in the access log",
            self.refusals_unrecorded.clone(),
        );
        registry.register(
            "virus_scanner_up",
            "Whether the virus scanner answers; 0 where the settings name none",
            self.virus_scanner_up.clone(),
        );
        registry.register(
            "quarantined",
            "Contents in quarantine",
            self.quarantined.clone(),
        );
    }

    fn register_witnesses(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "witness_size",
            "Tree size of the newest checkpoint that a witness cosigned; 0 where none",
            self.witness_size.clone(),
        );
        registry.register_with_unit(
            "witness_age",
            "Time since the last cosignature of a witness; since the start where there is none",
            Unit::Seconds,
            self.witness_age_seconds.clone(),
        );
        registry.register(
            "witness_refuses",
            "Whether a witness refuses the log because it does not continue what it knows: 1 or 0",
            self.witness_refuses.clone(),
        );
    }

    /// Says what a witness cosigned last, how long ago, and whether it refuses the log (1 or 0).
    pub fn witness(&self, witness: &str, size: u64, age: Duration, refuses: i64) {
        let labels = WitnessLabels {
            witness: witness.to_owned(),
        };
        self.witness_size
            .get_or_create(&labels)
            .set(i64::try_from(size).unwrap_or(i64::MAX));
        self.witness_age_seconds
            .get_or_create(&labels)
            .set(age.as_secs_f64());
        self.witness_refuses.get_or_create(&labels).set(refuses);
    }

    fn register_timestamps(&mut self) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "log_timestamp_age",
            "Time since the newest timestamp of the log was asked for; 0 where there is none",
            Unit::Seconds,
            self.log_timestamp_age_seconds.clone(),
        );
        registry.register(
            "log_timestamp_failures",
            "Attempts in a row that gave no timestamp of the log",
            self.log_timestamp_failures.clone(),
        );
    }

    /// Says how much room there is on the disk of a folder of the archive.
    pub fn disk(&self, disk: &'static str, free_bytes: u64, total_bytes: u64) {
        let labels = DiskLabels { disk };
        for (gauge, bytes) in [
            (&self.disk_free_bytes, free_bytes),
            (&self.disk_total_bytes, total_bytes),
        ] {
            gauge
                .get_or_create(&labels)
                .set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    fn register_index(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "index_seq",
            "Last audit record in the index",
            self.index_seq.clone(),
        );
        registry.register(
            "index_lag_records",
            "Records that the index is behind the log",
            self.index_lag_records.clone(),
        );
        registry.register(
            "index_rebuild_documents",
            "Documents that a rebuild of the index has put in; 0 where none runs",
            self.index_rebuild_documents.clone(),
        );
        registry.register(
            "index_rebuild_total",
            "Documents that a rebuild of the index is to put in; 0 where none runs",
            self.index_rebuild_total.clone(),
        );
        registry.register(
            "index_rebuild_failed",
            "Whether the last rebuild of the index that ended failed: 1 or 0",
            self.index_rebuild_failed.clone(),
        );
    }

    fn register_seals(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "seals_waiting",
            "Sealed documents that wait for a level, or for another archive timestamp (renewal)",
            self.seals_waiting.clone(),
        );
        registry.register_with_unit(
            "certificate_end_timestamp",
            "When the first certificate of the seal, and that of the notary, ends (Unix time)",
            Unit::Seconds,
            self.certificate_end.clone(),
        );
    }

    /// Says how many sealed documents wait for a level.
    pub fn seals(&self, level: &'static str, count: u64) {
        let labels = LevelLabels { level };
        let waiting = self.seals_waiting.get_or_create(&labels);
        waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Says when a certificate ends, in seconds since 1970.
    pub fn certificate(&self, certificate: &'static str, end_seconds: i64) {
        let labels = CertificateLabels { certificate };
        self.certificate_end.get_or_create(&labels).set(end_seconds);
    }

    fn register_workflows(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "workflow_steps_open",
            "Steps of workflows that are open",
            self.workflow_steps_open.clone(),
        );
        registry.register(
            "workflow_steps_overdue",
            "Open steps of workflows whose time is over",
            self.workflow_steps_overdue.clone(),
        );
        registry.register(
            "workflow_timers_due",
            "Timers of workflows that are due and have not fired",
            self.workflow_timers_due.clone(),
        );
        registry.register_with_unit(
            "workflow_timer_age",
            "For how long the oldest timer that has not fired has been due",
            Unit::Seconds,
            self.workflow_timer_age_seconds.clone(),
        );
        registry.register(
            "mails_given_up",
            "Mails that were given up, or of which nobody knows whether they were taken",
            self.mails_given_up.clone(),
        );
    }

    /// Counts one request. `route` is the template of the route, never the path.
    pub fn request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let method = known(method);
        let labels = RequestLabels {
            method,
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels {
            method,
            route: labels.route,
        };
        self.request_seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// Says how many jobs of a kind wait and how long the oldest has waited.
    pub fn queue(&self, queue: &'static str, depth: u64, oldest: Duration) {
        let labels = QueueLabels { queue };
        self.queue_depth
            .get_or_create(&labels)
            .set(i64::try_from(depth).unwrap_or(i64::MAX));
        self.queue_age_seconds
            .get_or_create(&labels)
            .set(oldest.as_secs_f64());
    }

    /// The exposition.
    ///
    /// # Errors
    /// Only where a measurement cannot be written as text.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        prometheus_client::encoding::text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    async fn measure_memory(&self) {
        let Ok(status) = tokio::fs::read_to_string("/proc/self/status").await else {
            return;
        };
        if let Some(bytes) = resident_bytes(&status) {
            self.resident_bytes.set(bytes);
        }
    }
}

/// The resident memory out of `/proc/self/status`.
pub(super) fn resident_bytes(status: &str) -> Option<i64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Methods that clients invent share one label, or anyone could fill the memory.
fn known(method: &Method) -> &'static str {
    [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ]
    .into_iter()
    .find(|known| method.as_str() == *known)
    .unwrap_or("other")
}

/// What can be watched, for Prometheus. Tells nothing of documents or people.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    operation_id = "readMetrics",
    responses((status = 200, description = "The measurements as OpenMetrics text, version 1.0.0", body = String,
        content_type = "application/openmetrics-text"))
)]
pub async fn get_metrics(metrics: Data<Metrics>) -> Result<HttpResponse, Problem> {
    metrics.measure_memory().await;
    let text = metrics.text().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
        .body(text))
}
