//! Wiring: the parts of a running server, its routes, its end.

mod parts;
mod probes;

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use indexer::Index;
use indexer::extract::Extractor;
use thiserror::Error;
use tokio::sync::watch;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Contract;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use self::parts::Parts;
use self::probes::{BlobsProbe, DatabaseProbe, FREE_BYTES_MIN, LogProbe};
use crate::archive::{Archive, OpenError};
use crate::base::{Behind, JobKind, Tasks, Timestamp};
use crate::config::{Auth, Config};
use crate::http::edge::{Edge, edge};
use crate::http::extract::BodyLimits;
use crate::http::health::{Health, Probe};
use crate::http::limits::RateLimits;
use crate::http::metrics::Metrics;
use crate::http::multipart::Room;
use crate::http::openapi::EdgeParts;
use crate::http::page::Cursors;
use crate::http::parameters::{Parameters, parameters};
use crate::http::reference::Reference;
use crate::jobs::{self, Runner};
use crate::ledger::looks::Looks;
use crate::ledger::publisher::{PublishError, Published, Publisher};
use crate::proof::check::{CheckError, Checked, Depth, Mode, Outcome, check};
use crate::search::{Follower, IndexProbe, Progress};
use crate::unit::Db;
use crate::webhooks::{self, Postman};
use crate::{
    cases, correspondents, departments, documents, feed, file_plan, files, inspections, notes,
    oidc, paperless, refiling, relations, replay, retention, search, types,
};

/// Why a server could not start or ended badly.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The archive.
    #[error("the archive cannot be opened")]
    Open(#[from] OpenError),
    /// The published log and the database contradict each other.
    #[error("the log cannot be continued")]
    Publish(#[from] PublishError),
    /// The index.
    #[error("the index cannot be opened")]
    Index(#[from] indexer::IndexError),
    /// The address.
    #[error("server.listen: {address} cannot be listened on")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The socket.
    #[error("the server ended with an error")]
    Ended(#[source] std::io::Error),
}

/// The contract of everything that this server answers.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Papierlos",
        description = "The paperless archive of a town hall: file a document, find it, prove it.\n\n\
            Every mutating answer carries a receipt, `Papierlos-Log-Seq` and `Papierlos-Log-Hash`: keep \
            it, and nobody can take the record out of the log unseen. Problems are RFC 9457; lists go \
            on by `cursor`; changes need `If-Match`; `Idempotency-Key` makes a repetition harmless.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    tags(
        (name = "file plan", description = "The file plan: editions, units, import and export"),
        (name = "files", description = "Files and sub-files: open, read, refile, close, hold"),
        (name = "cases", description = "Cases and sub-cases in files"),
        (name = "documents", description = "File, read, register and change documents"),
        (name = "types", description = "Document types and the fields that they carry"),
        (name = "correspondents", description = "Who stands on the other side of documents"),
        (name = "notes", description = "What people write on files, cases and documents"),
        (name = "relations", description = "What one document is to another"),
        (name = "inspections", description = "Reading for a time: inspections, emergencies, and who looked"),
        (name = "search", description = "Find documents"),
        (name = "log", description = "The change feed, and the log for auditors"),
        (name = "webhooks", description = "Changes, told to your own program"),
        (name = "people", description = "Sign-in, tokens, accounts, departments"),
        (name = "health", description = "For whoever runs the server")
    ),
    paths(
        crate::http::health::get_live,
        crate::http::health::get_ready
    )
)]
struct Base;

/// The part of the contract that each room brings.
const ROOMS: [fn() -> Contract; 16] = [
    departments::ApiDoc::openapi,
    oidc::ApiDoc::openapi,
    file_plan::ApiDoc::openapi,
    files::ApiDoc::openapi,
    cases::ApiDoc::openapi,
    correspondents::ApiDoc::openapi,
    types::ApiDoc::openapi,
    documents::ApiDoc::openapi,
    refiling::ApiDoc::openapi,
    retention::ApiDoc::openapi,
    notes::ApiDoc::openapi,
    relations::ApiDoc::openapi,
    inspections::ApiDoc::openapi,
    feed::ApiDoc::openapi,
    search::ApiDoc::openapi,
    webhooks::ApiDoc::openapi,
];

/// The contract: what `openapi.yaml` holds. It takes tens of megabytes while it is being made.
#[must_use]
pub fn contract() -> Contract {
    let mut contract = Base::openapi();
    for room in ROOMS {
        contract.merge(room());
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    if let Some(components) = contract.components.as_mut() {
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::new("__Host-papierlos");
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        components.add_security_scheme("session", cookie);
    }
    // Whatever a token may ask for, a session may too.
    for item in contract.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            if let Some(ways) = &mut operation.security {
                ways.push(SecurityRequirement::new("session", Vec::<String>::new()));
            }
        }
    }
    utoipa::Modify::modify(&EdgeParts, &mut contract);
    utoipa::Modify::modify(&departments::OnBehalfOf, &mut contract);
    contract
}

/// The query parameters of the contract, room by room: the whole contract is never held for them.
fn known_parameters() -> Parameters {
    let mut known = Parameters::default();
    known.add(&Base::openapi());
    for room in ROOMS {
        known.add(&room());
    }
    known
}

/// The contract of the foreign interface: what `openapi-paperless.yaml` holds.
#[must_use]
pub fn paperless_contract() -> Contract {
    let mut contract = paperless::ApiDoc::openapi();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    if let Some(components) = contract.components.as_mut() {
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
    utoipa::Modify::modify(&EdgeParts, &mut contract);
    contract
}

/// A server that is set up and not yet listening.
pub struct Server {
    config: Config,
    archive: Archive,
    tasks: Tasks,
    index: Index,
    follower: Follower,
    published: watch::Receiver<Published>,
    looks: Looks,
    people: Arc<departments::KnownPeople>,
}

impl Server {
    /// Opens the archive and starts what works in the background.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        let archive = Archive::open(&config).await?;
        let keys = departments::make_missing_keys(&archive.db).await;
        keys.map_err(OpenError::from)?;
        let behind = Arc::new(Behind::start().map_err(ServeError::Ended)?);
        // Whoever opens it starts the threads that write it.
        let open = indexing(&config);
        let opened = behind.run(open).await;
        let index = opened.map_err(|gone| ServeError::Ended(std::io::Error::other(gone)))??;
        let tasks = Tasks::default();
        let publisher =
            Publisher::open(&archive.db, &archive.storage, archive.publication.clone()).await?;
        let published = publisher.state();
        publisher.start(&tasks);
        let follower = Follower::start(
            &archive.db,
            &archive.storage,
            &index,
            config.index.commit,
            &tasks,
            behind,
        );
        let policy = config.access_log.clone();
        let looks = Looks::start(&archive.db, archive.access.clone(), policy, &tasks);
        let extractor = Extractor::new(worker_binary(), extract_limits(&config));
        webhooks::Follower::start(&archive.db, &tasks);
        let (rules, most) = (
            webhooks::Rules::of(&config.webhooks),
            config.webhooks.at_once_max,
        );
        let postman = Postman::new(&archive.db, &archive.storage, &looks, rules);
        Runner::start(
            &archive.db,
            &archive.storage,
            extractor,
            (postman, most),
            &tasks,
        );
        Ok(Self {
            config,
            archive,
            tasks,
            index,
            follower,
            published,
            looks,
            people: Arc::default(),
        })
    }

    /// The archive.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        &self.archive
    }

    /// How sign-in works here.
    #[must_use]
    pub const fn auth(&self) -> &Auth {
        &self.config.auth
    }

    /// How many records the index is behind.
    #[must_use]
    pub fn behind(&self) -> u64 {
        let head = *self.archive.db.head().borrow();
        self.follower.progress().behind(head)
    }

    /// Listens until the process is told to end; `announce` is told the address first.
    pub async fn run(self, announce: impl FnOnce(&str)) -> Result<(), ServeError> {
        let wrong = |source| ServeError::Listen {
            address: self.config.server.listen.to_string(),
            source,
        };
        let listener = TcpListener::bind(self.config.server.listen).map_err(wrong)?;
        let address = format!("http://{}", listener.local_addr().map_err(wrong)?);
        let metrics = Arc::new(Metrics::new());
        let parts = self.parts(&metrics)?;
        let health = parts.health.clone();
        let edge_data = parts.edge.clone();
        let configure = parts.configure();
        let server = &self.config.server;
        let mut http = HttpServer::new(move || {
            App::new()
                .app_data(edge_data.clone())
                .configure(configure.clone())
                .wrap(from_fn(parameters))
                .wrap(from_fn(paperless::versions))
                .wrap(from_fn(departments::refusals))
                .wrap(from_fn(edge))
        })
        .client_request_timeout(self.config.timeouts.head)
        .keep_alive(self.config.timeouts.keep_alive)
        .max_connections(self.config.limits.connections_max)
        .shutdown_timeout(server.shutdown.as_secs())
        .disable_signals();
        if let Some(workers) = server.workers {
            http = http.workers(workers);
        }
        let running = http.listen(listener).map_err(ServeError::Ended)?.run();
        let handle = running.handle();
        self.watch(&metrics);
        self.note_uses();
        // Before anybody is told that it runs: whoever knows may end it.
        let asked_to_end = asked_to_end().map_err(ServeError::Ended)?;
        self.check(&metrics);
        announce(&address);
        self.tasks.start("signals", |end| async move {
            tokio::select! {
                () = asked_to_end => {}
                () = end.cancelled() => {}
            }
            health.drain();
            handle.stop(true).await;
        });
        let ended = running.await;
        self.end().await;
        ended.map_err(ServeError::Ended)
    }

    /// Ends the background work, publishes once more and closes the database: nothing is lost.
    pub async fn end(self) {
        self.tasks.end().await;
        let published = Publisher::open(
            &self.archive.db,
            &self.archive.storage,
            self.archive.publication.clone(),
        );
        if let Ok(mut publisher) = published.await
            && let Err(error) = publisher.publish().await
        {
            tracing::error!(error = %error, "the log could not be published at the end");
        }
        self.archive.db.close().await;
    }

    fn parts(&self, metrics: &Arc<Metrics>) -> Result<Parts, ServeError> {
        let config = &self.config;
        let limits = Arc::new(RateLimits::new(config.rates));
        Ok(Parts {
            db: Data::new(self.archive.db.clone()),
            people: Data::from(Arc::clone(&self.people)),
            browsers: Data::new(departments::Browsers::new(
                config.sign_in.idle,
                &config.server.public_url,
            )),
            sign_on: Data::new(oidc::SignOn::new(
                config.oidc.as_ref(),
                &config.server.public_url,
                self.archive.cursor_key,
            )),
            storage: Data::new(self.archive.storage.clone()),
            looks: Data::new(self.looks.clone()),
            index: Data::new(self.index.clone()),
            follower: Data::new(self.follower.clone()),
            publication: Data::new(self.archive.publication.clone()),
            webhook_rules: Data::new(webhooks::Rules::of(&config.webhooks)),
            cursors: Data::new(Cursors::new(self.archive.cursor_key)),
            reference: Data::new(Reference::new(contract)),
            parameters: Data::new(known_parameters()),
            body_limits: Data::new(BodyLimits {
                json_bytes_max: config.limits.body_bytes_max,
                upload_bytes_max: config.limits.upload_bytes_max,
            }),
            health: Data::new(Health::new(self.probes())),
            metrics: Data::from(Arc::clone(metrics)),
            rate_limits: Data::from(Arc::clone(&limits)),
            auth: Data::new(config.auth),
            attempts: Data::new(self.attempts()),
            rights: Data::new(config.rights),
            follow: Data::new(refiling::FOLLOW),
            tasks: Data::new(self.tasks.clone()),
            room: Data::new(room(&self.archive.backend)),
            edge: Data::new(Edge {
                idle: config.timeouts.idle,
                total: config.timeouts.request_max,
                trusted_proxies: config.server.trusted_proxies.clone(),
                https: config.server.is_https(),
                limits,
                metrics: Arc::clone(metrics),
            }),
        })
    }

    /// Writes down once a second which tokens were used.
    fn note_uses(&self) {
        let (db, people) = (self.archive.db.clone(), Arc::clone(&self.people));
        self.tasks.start("token uses", |end| async move {
            loop {
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
                if let Err(error) = departments::note_uses(&db, &people).await {
                    tracing::warn!(error = %error, "that tokens were used could not be noted");
                }
            }
        });
    }

    fn attempts(&self) -> departments::Attempts {
        departments::Attempts::new(self.archive.cursor_key, self.config.sign_in)
    }

    /// Checks at start what a start can wait for, and everything every night.
    fn check(&self, metrics: &Arc<Metrics>) {
        let (archive, index) = (self.archive.clone(), self.index.clone());
        let (metrics, hour) = (Arc::clone(metrics), self.config.nightly_hour);
        let rights = self.config.rights;
        self.tasks.start("check", |end| async move {
            let mut depth = Depth::Quick;
            loop {
                let on = Checked {
                    db: archive.db.clone(),
                    storage: archive.storage.clone(),
                    index: Some(index.clone()),
                    lock: archive.publication.lock.clone(),
                    now: archive.db.now().utc().into(),
                    rights,
                };
                tokio::select! {
                    () = end.cancelled() => return,
                    checked = check(&on, depth, Mode::Look) => tell(checked, depth, &metrics),
                }
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(until(hour, archive.db.now())) => {}
                }
                depth = Depth::Whole;
            }
        });
    }

    fn probes(&self) -> Vec<Arc<dyn Probe>> {
        vec![
            Arc::new(DatabaseProbe(self.archive.db.clone())),
            Arc::new(BlobsProbe(self.archive.clone())),
            Arc::new(LogProbe(self.published.clone())),
            Arc::new(IndexProbe::new(&self.follower, &self.archive.db)),
        ]
    }

    /// Keeps the figures of `/metrics` fresh, and sweeps what has had its time.
    fn watch(&self, metrics: &Arc<Metrics>) {
        let (db, follower) = (self.archive.db.clone(), self.follower.clone());
        let (published, metrics) = (self.published.clone(), Arc::clone(metrics));
        let looks = self.looks.clone();
        let backend = self.archive.backend.clone();
        let keep = self.config.webhooks.keep;
        let attempts = self.attempts();
        self.tasks.start("figures", |end| async move {
            let mut rounds: u32 = 0;
            loop {
                let now = *published.borrow();
                figures(&db, follower.progress(), now, &metrics).await;
                guarding(&db, &looks, &metrics).await;
                if let Ok(Some(space)) = backend.free_space() {
                    let free = i64::try_from(space.free_bytes).unwrap_or(i64::MAX);
                    metrics.storage_free_bytes.set(free);
                }
                if rounds.is_multiple_of(720)
                    && let Err(error) = replay::sweep(&db).await
                {
                    tracing::warn!(error = %error, "old saved answers could not be swept");
                }
                if rounds.is_multiple_of(720)
                    && let Err(error) = webhooks::sweep(&db, keep).await
                {
                    tracing::warn!(error = %error, "old deliveries could not be swept");
                }
                if rounds.is_multiple_of(720)
                    && let Err(error) = attempts.sweep(&db).await
                {
                    tracing::warn!(error = %error, "old attempts to sign in could not be swept");
                }
                if rounds.is_multiple_of(720)
                    && let Err(error) = departments::sweep_uses(&db).await
                {
                    tracing::warn!(error = %error, "uses of ended tokens could not be swept");
                }
                rounds = rounds.wrapping_add(1);
                tokio::select! {
                    () = end.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(5)) => {}
                }
            }
        });
    }
}

/// What a check found, for those who watch: a figure and a line each.
fn tell(checked: Result<Outcome, CheckError>, depth: Depth, metrics: &Metrics) {
    match checked {
        Ok(outcome) => {
            metrics
                .check_findings
                .set(i64::try_from(outcome.open()).unwrap_or(i64::MAX));
            for finding in outcome.list() {
                tracing::warn!(
                    check.code = finding.code.name(),
                    check.what = finding.what,
                    "check: {}",
                    finding.code.german()
                );
            }
            if outcome.open() == 0 {
                tracing::info!(check.depth = ?depth, "check: clean");
            }
        }
        Err(error) => {
            tracing::error!(error = %error, cause = ?error, "the check could not be carried out");
        }
    }
}

/// How long it is until this hour (UTC) comes next.
fn until(hour: u8, now: Timestamp) -> Duration {
    let of_day = now.micros().div_euclid(1_000_000).rem_euclid(86_400);
    let left = (i64::from(hour) * 3_600 - of_day).rem_euclid(86_400);
    Duration::from_secs(u64::try_from(if left == 0 { 86_400 } else { left }).unwrap_or(86_400))
}

async fn figures(db: &Db, index: Progress, published: Published, metrics: &Metrics) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let head = db.head().borrow().map_or(0, |seq| seq + 1);
    let applied = index.seq.map_or(0, |seq| seq + 1);
    metrics.log_head_seq.set(whole(head.saturating_sub(1)));
    metrics.index_seq.set(whole(applied.saturating_sub(1)));
    metrics
        .index_lag_records
        .set(whole(head.saturating_sub(applied)));
    metrics.log_checkpoint_size.set(whole(published.size));
    let since = published.at.map_or(0, |at| db.now().micros() - at.micros());
    let since = Duration::from_micros(u64::try_from(since).unwrap_or_default());
    metrics.log_checkpoint_age_seconds.set(since.as_secs_f64());
    let queues = [
        (JobKind::ExtractText, "jobs", "failed"),
        (JobKind::DeliverWebhook, "webhooks", "webhooks_failed"),
        (JobKind::MoveContent, "moves", "moves_failed"),
    ];
    for (kind, waiting, failed) in queues {
        if let Ok(backlog) = jobs::backlog(db.read(), kind).await {
            let oldest = backlog
                .oldest
                .map_or(0, |at| db.now().micros() - at.micros());
            let age = Duration::from_micros(u64::try_from(oldest).unwrap_or_default());
            metrics.queue(waiting, backlog.waiting, age);
            metrics.queue(failed, backlog.failed, Duration::ZERO);
        }
    }
}

/// Whether the second log is written, and whether anybody reads in an emergency.
async fn guarding(db: &Db, looks: &Looks, metrics: &Metrics) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (waiting, lost) = looks.unrecorded();
    metrics.access_log_waiting.set(whole(waiting));
    metrics.access_log_lost.set(whole(lost));
    let refusals = looks.refusals_unrecorded();
    metrics.refusals_unrecorded.set(whole(refusals));
    match inspections::emergencies_now(db.read(), db.now()).await {
        Ok(active) => {
            metrics.break_glass_active.set(whole(active));
        }
        Err(error) => tracing::warn!(error = %error, "emergencies could not be counted"),
    }
}

/// How much room the store has for content.
fn room(backend: &storage::Backend) -> Room {
    let backend = backend.clone();
    let free_bytes = move || Some(backend.free_space().ok()??.free_bytes);
    Room::new(free_bytes, FREE_BYTES_MIN)
}

/// The running binary is its own worker; this name also works after an update has replaced it.
fn worker_binary() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

fn extract_limits(config: &Config) -> indexer::extract::Limits {
    indexer::extract::Limits {
        memory_bytes_max: config.extract.memory_bytes_max,
        document_chars_max: config.extract.text_chars_max,
        wall_time_max: config.extract.time_max,
        cpu_seconds_max: u32::try_from(config.extract.time_max.as_secs()).unwrap_or(u32::MAX),
        pages_max: config.extract.pages_max,
        workers_max: config.extract.workers,
        ..indexer::extract::Limits::default()
    }
}

fn indexing(
    config: &Config,
) -> impl FnOnce() -> Result<Index, indexer::IndexError> + Send + 'static {
    let (dir, options) = (
        config.index.dir.clone(),
        search::options(config.index.memory_bytes_max),
    );
    move || Index::open(dir, options)
}

/// Opens the index; one of an older kind is put aside, and the follower builds the new one.
pub async fn open_index(config: &Config) -> Result<Index, ServeError> {
    match tokio::task::spawn_blocking(indexing(config)).await {
        Ok(opened) => Ok(opened?),
        Err(gone) => Err(ServeError::Ended(std::io::Error::other(gone))),
    }
}

/// Listens for SIGTERM and SIGINT from now on; ends when one has come.
fn asked_to_end() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
