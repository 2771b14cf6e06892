//! Wiring: the parts of a running server, its routes, its end.

mod anchors;
mod chores;
mod contract;
mod disks;
mod parts;
mod probes;
mod workers;

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

use self::contract::known_parameters;
pub use self::contract::{contract, listed_parameters, paperless_contract};
use self::disks::{Disks, DisksProbe, FREE_BYTES_MIN};
use self::parts::Parts;
use self::probes::{
    AccessLogProbe, BlobsProbe, DatabaseProbe, LogProbe, OfficeProbe, ScansProbe, VirusProbe,
};
use self::workers::{connections_of_one, workers};
use crate::archive::{Archive, OpenError};
use crate::base::{Behind, Tasks};
use crate::config::{Auth, Config};
use crate::documents::{self, Entrance};
use crate::forms::{self, Forms, FormsError};
use crate::http::edge::{Edge, edge};
use crate::http::extract::BodyLimits;
use crate::http::health::{Health, Probe};
use crate::http::limits::RateLimits;
use crate::http::metrics::Metrics;
use crate::http::multipart::Room;
use crate::http::page::Cursors;
use crate::http::parameters::parameters;
use crate::http::reference::Reference;
use crate::jobs::{Copies, Offices, Runner, Scans};
use crate::ledger::looks::Looks;
use crate::ledger::publisher::{Publication, PublishError, Published, Publisher};
use crate::ledger::witnesses::Witnesses;
use crate::search::{Follower, IndexProbe, Rebuilder};
use crate::virus::Scanner;
use crate::webhooks::{self, Postman};
use crate::{
    departments, oidc, paperless, refiling, search, signatures, signing, tablets, workflows,
};

/// Longest time that the end waits until the last looks are signed.
const LOOKS_LAST: Duration = Duration::from_secs(10);

/// Why a server could not start or ended badly.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The archive.
    #[error("the archive cannot be opened")]
    Open(#[from] OpenError),
    /// Forms.
    #[error("the forms cannot be offered")]
    Forms(#[from] FormsError),
    /// The published log and the database contradict each other.
    #[error("the log cannot be continued")]
    Publish(#[from] PublishError),
    /// The index.
    #[error("the index cannot be opened")]
    Index(#[from] indexer::IndexError),
    /// The definitions that come with the program.
    #[error("the workflows cannot be offered")]
    Workflows(#[from] workflows::WorkflowError),
    /// The seal of the house.
    #[error("the seal cannot be used")]
    Seal(#[from] signing::StampError),
    /// Whose signatures are trusted cannot be told to those who judge them.
    #[error("signatures cannot be judged")]
    Trust(#[from] signatures::CheckError),
    /// Mail.
    #[error("mail cannot be sent")]
    Mail(#[from] workflows::MailerError),
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

/// A server that is set up and not yet listening.
pub struct Server {
    config: Config,
    archive: Archive,
    tasks: Tasks,
    index: Index,
    follower: Follower,
    rebuilder: Rebuilder,
    published: watch::Receiver<Published>,
    witnesses: Witnesses,
    looks: Looks,
    people: Arc<departments::KnownPeople>,
    scans: Arc<Scans>,
    forms: Forms,
    offices: Arc<Offices>,
    stamp: Arc<signing::Stamp>,
    bus: signing::Bus,
    invitation: tablets::Invitation,
    rules: workflows::Rules,
    bell: workflows::Bell,
    mailer: Option<workflows::Mailer>,
}

impl Server {
    /// Opens the archive and starts what works in the background.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        // Whoever has a seal that cannot be used is told so before anything else begins.
        let stamp = signing::Stamp::open(config.seal.as_ref(), &config.signing).await?;
        let forms = Forms::open(&config.forms)?;
        let rules = workflows::Rules::open(&config.workflows)?;
        let mailer = mailer(&config)?;
        let archive = Archive::open(&config).await?;
        forms::check(archive.db.read(), &forms).await?;
        let keys = departments::make_missing_keys(&archive.db).await;
        keys.map_err(OpenError::from)?;
        ready_for_quarantine(&config, &archive).await?;
        let behind = Arc::new(Behind::start().map_err(ServeError::Ended)?);
        // Whoever opens it starts the threads that write it.
        let open = indexing(&config);
        let opened = behind.run(open).await;
        let index = opened.map_err(|gone| ServeError::Ended(std::io::Error::other(gone)))??;
        let tasks = Tasks::default();
        let (published, witnesses, seen) = anchors::publish(&archive, &tasks).await?;
        let (db, storage) = (&archive.db, &archive.storage);
        let (commit, follows) = (config.index.commit, Arc::clone(&behind));
        let follower = Follower::start(db, storage, &index, commit, &tasks, follows);
        let room = room_of(&index);
        let rebuilder = Rebuilder::start(db, storage, &index, &follower, &tasks, behind, room);
        let policy = config.access_log.clone();
        let looks = Looks::start(db, archive.access.clone(), policy, &tasks).heeding(seen);
        let extractor = Extractor::new(worker_binary(), extract_limits(&config));
        webhooks::Follower::start(&archive.db, &tasks);
        let (hooks, most) = (
            webhooks::Rules::of(&config.webhooks),
            config.webhooks.at_once_max,
        );
        let postman = Postman::new(&archive.db, &archive.storage, &looks, hooks);
        let scans = Arc::new(scans(&config));
        let offices = Arc::new(offices(&config));
        Runner::start(
            &archive.db,
            (&archive.storage, entrance(&archive.storage, &config)),
            (
                extractor,
                config.extract.pdf_passwords.clone(),
                Arc::clone(&scans),
            ),
            (Arc::clone(&offices), copies(&config), protocols(&config)),
            (postman, most, mailer.clone()),
            &tasks,
        );
        Ok(Self {
            config,
            archive,
            tasks,
            index,
            follower,
            rebuilder,
            published,
            witnesses,
            looks,
            people: Arc::default(),
            scans,
            forms,
            offices,
            stamp: Arc::new(stamp),
            bus: signing::Bus::default(),
            invitation: tablets::Invitation::default(),
            rules,
            bell: workflows::Bell::default(),
            mailer,
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

    /// With what the system works for workflows.
    #[must_use]
    pub fn bench(&self) -> workflows::Bench {
        workflows::Bench {
            db: self.archive.db.clone(),
            storage: self.archive.storage.clone(),
            tasks: self.tasks.clone(),
            stamp: Arc::clone(&self.stamp),
            forms: self.forms.clone(),
            rules: self.rules.clone(),
            hands_over: webhooks::HANDS_OVER,
        }
    }

    /// Who may come with a tablet without a code: nobody, unless somebody is invited.
    #[must_use]
    pub const fn invitation(&self) -> &tablets::Invitation {
        &self.invitation
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
        let metrics = Arc::new(Metrics::of(self.archive.db.counted()));
        let parts = self.parts(&metrics)?;
        let health = parts.health.clone();
        let edge_data = parts.edge.clone();
        let configure = parts.configure();
        let (server, limits) = (&self.config.server, &self.config.limits);
        let workers = workers(&self.config);
        let http = HttpServer::new(move || {
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
        .workers(workers)
        .max_connections(connections_of_one(limits.connections_max, workers))
        .shutdown_timeout(server.shutdown.as_secs())
        .disable_signals();
        let running = http.listen(listener).map_err(ServeError::Ended)?.run();
        let handle = running.handle();
        self.watch(&metrics);
        self.note_uses();
        self.read_again();
        self.tell_emergencies();
        self.end_signing();
        self.fire_timers();
        self.follow_workflows();
        self.raise_seals();
        self.stamp_log();
        self.work_for_workflows();
        self.sketch_older();
        // Before anybody is told that it runs: whoever knows may end it.
        let asked_to_end = asked_to_end().map_err(ServeError::Ended)?;
        self.check(&metrics);
        self.file_reports(&metrics);
        announce(&address);
        let (bus, bell) = (self.bus.clone(), self.bell.clone());
        self.tasks.start("signals", |end| async move {
            tokio::select! {
                () = asked_to_end => {}
                () = end.cancelled() => {}
            }
            health.drain();
            // Streams of events would go on for as long as anybody waits.
            bus.end();
            bell.end();
            handle.stop(true).await;
        });
        let ended = running.await;
        self.end().await;
        ended.map_err(ServeError::Ended)
    }

    /// Ends the background work, publishes both logs once more and closes the database: nothing is lost.
    pub async fn end(self) {
        self.tasks.end().await;
        let (archive, looks) = (&self.archive, self.archive.looks.clone());
        publish_last(archive, archive.publication.clone()).await;
        // An archive from before may have looks of years that were never published.
        let published = tokio::time::timeout(LOOKS_LAST, publish_last(archive, looks));
        if published.await.is_err() {
            tracing::warn!("the latest looks are not signed yet; the next start goes on with it");
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
            entrance: Data::new(entrance(&self.archive.storage, config)),
            looks: Data::new(self.looks.clone()),
            index: Data::new(self.index.clone()),
            follower: Data::new(self.follower.clone()),
            rebuilder: Data::new(self.rebuilder.clone()),
            publication: Data::new(self.archive.publication.clone()),
            witnesses: Data::new(self.witnesses.clone()),
            stamper: Data::new(self.stamper()),
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
            forms: Data::new(self.forms.clone()),
            painter: Data::new(documents::Painter::new(Extractor::new(
                worker_binary(),
                drawing_limits(config),
            ))),
            checker: Data::new(checker(config)?),
            stamp: Data::from(Arc::clone(&self.stamp)),
            bus: Data::new(self.bus.clone()),
            invitation: Data::new(self.invitation.clone()),
            rules: Data::new(self.rules.clone()),
            goes_on: Data::new(workflows::GOES_ON),
            own_matter: Data::new(workflows::OWN_MATTER),
            bell: Data::new(self.bell.clone()),
            mailer: Data::new(self.mailer.clone()),
            links: Data::new(workflows::Links::of(config)),
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

    fn attempts(&self) -> departments::Attempts {
        departments::Attempts::new(self.archive.cursor_key, self.config.sign_in)
    }

    fn probes(&self) -> Vec<Arc<dyn Probe>> {
        let mut probes: Vec<Arc<dyn Probe>> = vec![
            Arc::new(DatabaseProbe(self.archive.db.clone())),
            Arc::new(BlobsProbe(self.archive.storage.clone())),
            Arc::new(DisksProbe(Disks::of(&self.config))),
            Arc::new(LogProbe(self.published.clone())),
            Arc::new(AccessLogProbe(self.looks.clone())),
            Arc::new(IndexProbe::new(&self.follower, &self.archive.db)),
            Arc::new(ScansProbe(self.scans.standing())),
            Arc::new(OfficeProbe(self.offices.standing())),
        ];
        if let Some(virus) = &self.config.virus {
            probes.push(Arc::new(VirusProbe(Scanner::new(virus))));
        }
        probes
    }
}

/// Publishes what a log holds beyond its last checkpoint, when nothing is added to it any more.
async fn publish_last(archive: &Archive, to: Publication) {
    let published = Publisher::open(&archive.db, &archive.storage, to);
    if let Ok(mut publisher) = published.await
        && let Err(error) = publisher.publish().await
    {
        tracing::error!(error = %error, "the log could not be published at the end");
    }
}

/// Who hands mails over, where the settings name a host.
fn mailer(config: &Config) -> Result<Option<workflows::Mailer>, ServeError> {
    let settings = config.mail.as_ref();
    Ok(settings.map(workflows::Mailer::new).transpose()?)
}

/// Where there is a scanner, there is a place for what it finds.
async fn ready_for_quarantine(config: &Config, archive: &Archive) -> Result<(), ServeError> {
    if config.virus.is_some() {
        // It is to be in the backups before it is needed.
        let prepared = documents::prepare_quarantine(&archive.db).await;
        prepared.map_err(OpenError::from)?;
    }
    Ok(())
}

/// Where content comes in: past the virus scanner, where the settings name one.
#[must_use]
pub fn entrance(storage: &storage::Storage, config: &Config) -> Entrance {
    Entrance::new(storage, config.virus.as_ref().map(Scanner::new))
}

/// How much room the store has for content.
fn room(backend: &storage::Backend) -> Room {
    let backend = backend.clone();
    let free_bytes = move || Some(backend.free_space().ok()??.free_bytes);
    Room::new(free_bytes, FREE_BYTES_MIN)
}

/// How much room there is for an index beside this one.
fn room_of(index: &Index) -> Room {
    let dir = index.dir().to_owned();
    let free_bytes = move || Some(storage::Space::of(&dir).ok()?.free_bytes);
    Room::new(free_bytes, FREE_BYTES_MIN)
}

/// The running binary is its own worker; this name also works after an update has replaced it.
fn worker_binary() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// How many times the processor time that a page may take it may take by the clock.
const SCAN_PATIENCE: u32 = 5;

/// What reads pictures: as many at once as this process has cores.
fn scans(config: &Config) -> Scans {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = config.extract.ocr_workers.unwrap_or_else(cores);
    // They give way to all else, and so may take long by the clock for the same work.
    let wall_time_max = config.extract.time_max.saturating_mul(SCAN_PATIENCE);
    let painter = indexer::extract::Limits {
        workers_max: workers,
        wall_time_max,
        ..extract_limits(config)
    };
    let limits = indexer::extract::RecognitionLimits {
        memory_bytes_max: config.extract.memory_bytes_max,
        cpu_seconds_max: u32::try_from(config.extract.time_max.as_secs()).unwrap_or(u32::MAX),
        wall_time_max,
        workers_max: workers,
    };
    Scans::new(
        worker_binary(),
        limits,
        Extractor::new(worker_binary(), painter),
        (
            config.extract.ocr_program.clone(),
            config.extract.ocr_languages.clone(),
        ),
    )
}

/// The longest PDF that is made of a document of an office, in bytes.
const CONVERTED_BYTES_MAX: u64 = 64 << 20;

/// What makes pages of documents of an office.
fn offices(config: &Config) -> Offices {
    let extract = &config.extract;
    let limits = indexer::extract::ConversionLimits {
        content_bytes_max: extract_limits(config).content_bytes_max,
        made_bytes_max: CONVERTED_BYTES_MAX,
        memory_bytes_max: extract.office_memory_bytes_max,
        cpu_seconds_max: u32::try_from(extract.office_time_max.as_secs()).unwrap_or(u32::MAX),
        // As with scans: they give way.
        wall_time_max: extract.office_time_max.saturating_mul(SCAN_PATIENCE),
        workers_max: extract.office_workers,
    };
    Offices::new(
        worker_binary(),
        limits,
        (extract.office_program.clone(), extract.office_dir.clone()),
    )
}

/// When searchable copies are made.
const fn copies(config: &Config) -> Copies {
    if config.extract.copies_always {
        Copies::Always
    } else {
        Copies::Asked
    }
}

/// What readable protocols of signatures have in common.
fn protocols(config: &Config) -> signing::Protocols {
    signing::Protocols::new(config.forms.town.clone(), config.serials.clone())
}

/// What judges signatures. What of the trust folder is not good is told and not trusted; without the folder
/// nobody is.
fn checker(config: &Config) -> Result<signatures::Checker, signatures::CheckError> {
    let trust = match signatures::trust_of(&config.signatures_trust, &config.signatures_lists) {
        Ok(trusted) => {
            for fault in &trusted.faults {
                let error: &(dyn std::error::Error + 'static) = fault;
                tracing::warn!(error, "a file of signatures.trust is passed over");
            }
            for list in &trusted.unnamed {
                tracing::warn!(
                    list,
                    "signatures.lists does not name a trusted list, which counts"
                );
            }
            trusted.trust
        }
        Err(error) => {
            tracing::debug!(error = %error, "whose signatures are trusted is not said");
            pades::verify::Trust::new()
        }
    };
    signatures::Checker::new(worker_binary(), drawing_limits(config), &trust)
}

/// What drawing a page may cost while somebody waits for it: no longer than that one is let wait.
fn drawing_limits(config: &Config) -> indexer::extract::Limits {
    let patience = config.timeouts.idle.saturating_mul(2) / 3;
    indexer::extract::Limits {
        wall_time_max: config.extract.time_max.min(patience),
        ..extract_limits(config)
    }
}

fn extract_limits(config: &Config) -> indexer::extract::Limits {
    indexer::extract::Limits {
        memory_bytes_max: config.extract.memory_bytes_max,
        document_chars_max: config.extract.text_chars_max,
        wall_time_max: config.extract.time_max,
        cpu_seconds_max: u32::try_from(config.extract.time_max.as_secs()).unwrap_or(u32::MAX),
        pages_max: config.extract.pages_max,
        workers_max: config.extract.workers,
        parts_max: config.extract.parts_max,
        parts_bytes_max: config.extract.parts_bytes_max,
        parts_ratio_max: config.extract.parts_ratio_max,
        parts_depth_max: config.extract.parts_depth_max,
        codes_pages_max: config.extract.codes_pages_max,
        ..indexer::extract::Limits::default()
    }
}

fn indexing(
    config: &Config,
) -> impl FnOnce() -> Result<Index, indexer::IndexError> + Send + 'static {
    let (dir, options) = (
        config.index.dir.clone(),
        search::options(config.index.memory_bytes_max, config.serials.clone()),
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
