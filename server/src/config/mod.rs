//! The configuration: one TOML file, `PAPIERLOS_` variables, the command line.
//!
//! The same input gives the same configuration: nothing here looks at the process or the disk by
//! itself, except [`Config::of_process`].

mod access;
mod blobs;
mod error;
mod forms;
mod gather;
mod lists;
mod log;
mod mail;
mod network;
mod oidc;
mod print;
mod read;
mod seal;
mod setting;
mod shape;
mod virus;
mod workflows;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexer::extract::Passwords;
use indexer::guard::Serials;
use zeroize::Zeroizing;

use crate::http::limits::Rates;
use read::Reader;

pub use access::{AccessLog, Rule, Unwritable, What};
pub use blobs::{S3, Storage};
pub use error::{ConfigError, ConfigErrors, Origin};
pub use forms::Forms;
pub use gather::Sources;
pub use lists::Lists;
pub use log::{Log, LogWitness};
pub use mail::{Mail, MailTls};
pub use network::{Network, Ports};
pub use oidc::{GroupRole, Oidc};
pub use print::{Shown, table};
pub use read::DatabaseUrl;
pub use seal::{Seal, SealKey, SealLevel, Signing};
pub use setting::{RESERVED_VARIABLES, SETTINGS, Setting};
pub use shape::Shape;
pub use virus::{Clamd, Virus};
pub use workflows::Workflows;

/// Words that are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps it.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Gives it to the one who needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of everything that has no place of its own.
    pub data_dir: PathBuf,
    /// Listening.
    pub server: Server,
    /// Sizes.
    pub limits: Limits,
    /// Times.
    pub timeouts: Timeouts,
    /// Requests per time.
    pub rates: Rates,
    /// The database.
    pub database: Database,
    /// The blobs.
    pub storage: Storage,
    /// The keys that wrap the keys of blobs.
    pub key_file: PathBuf,
    /// The audit log.
    pub log: Log,
    /// The search index.
    pub index: Index,
    /// Text out of documents.
    pub extract: Extract,
    /// Which serial numbers of identity documents nobody searches by.
    pub serials: Serials,
    /// Messages to subscribers.
    pub webhooks: Webhooks,
    /// Passwords and tokens.
    pub auth: Auth,
    /// Attempts to sign in.
    pub sign_in: SignIn,
    /// How rights are given.
    pub rights: Rights,
    /// How looks are recorded.
    pub access_log: AccessLog,
    /// The provider of identities, where there is one.
    pub oidc: Option<Oidc>,
    /// Forms.
    pub forms: Forms,
    /// What looks for viruses, where anything does.
    pub virus: Option<Virus>,
    /// The folder of those whose signatures are trusted.
    pub signatures_trust: PathBuf,
    /// Which files there are meant, by their hash.
    pub signatures_lists: Lists,
    /// The seal of the house, where there is one.
    pub seal: Option<Seal>,
    /// What is signed at the counters.
    pub signing: Signing,
    /// Where mail is handed over, where anywhere.
    pub mail: Option<Mail>,
    /// Workflows.
    pub workflows: Workflows,
    /// At which hour (UTC) everything is checked.
    pub nightly_hour: u8,
    /// Log lines.
    pub logging: Logging,
    shown: Vec<Shown>,
}

/// Listening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The address that people use, without a slash at the end.
    pub public_url: String,
    /// Threads; `None` is one for each core.
    pub workers: Option<usize>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a stopping server finishes what it has begun.
    pub shutdown: Duration,
}

impl Server {
    /// Whether browsers come by TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Content of one upload.
    pub upload_bytes_max: u64,
    /// A JSON body.
    pub body_bytes_max: usize,
    /// Connections at the same time.
    pub connections_max: usize,
}

/// Times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the head of a request.
    pub head: Duration,
    /// For standing still.
    pub idle: Duration,
    /// For a whole request.
    pub request_max: Duration,
    /// For an idle connection.
    pub keep_alive: Duration,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Connections for reading.
    pub connections_max: u32,
}

/// The search index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its folder.
    pub dir: PathBuf,
    /// Memory for writing.
    pub memory_bytes_max: usize,
    /// The pause between two commits.
    pub commit: Duration,
}

/// Text out of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Processes.
    pub workers: usize,
    /// Memory of each.
    pub memory_bytes_max: u64,
    /// Time for one document.
    pub time_max: Duration,
    /// Pages of one document.
    pub pages_max: u32,
    /// Characters of the text of one document.
    pub text_chars_max: u32,
    /// Documents that are taken out of one.
    pub parts_max: u32,
    /// Bytes of all of them.
    pub parts_bytes_max: u64,
    /// How many times larger than packed one of them may be.
    pub parts_ratio_max: u32,
    /// How deep they may lie.
    pub parts_depth_max: u32,
    /// Pages of one that bring their text and are looked at for codes; 0: none.
    pub codes_pages_max: u32,
    /// What is tried at PDFs that are locked.
    pub pdf_passwords: Passwords,
    /// Processes that recognise text; none: one for each core.
    pub ocr_workers: Option<usize>,
    /// Where tesseract is.
    pub ocr_program: PathBuf,
    /// Its languages, the first first.
    pub ocr_languages: Vec<String>,
    /// Processes that make pages of documents of an office.
    pub office_workers: usize,
    /// Where LibreOffice is.
    pub office_program: PathBuf,
    /// Where it works.
    pub office_dir: PathBuf,
    /// Its memory.
    pub office_memory_bytes_max: u64,
    /// Its time for one document, of the processor.
    pub office_time_max: Duration,
    /// Whether a searchable copy is made of every scan; else when somebody asks.
    pub copies_always: bool,
}

/// Messages to subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// Whether TLS may be missing.
    pub allow_http: bool,
    /// Networks that are not public and may receive all the same.
    pub allow_private: Vec<Network>,
    /// Where receivers may listen.
    pub ports: Vec<Ports>,
    /// Deliveries at the same time.
    pub at_once_max: usize,
    /// How long the list keeps deliveries that are over.
    pub keep: Duration,
}

/// Attempts to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// Failures under one name from one network before the next has to wait.
    pub failures_max: u32,
    /// The same from all networks together that are not known.
    pub failures_everywhere_max: u32,
    /// The first wait.
    pub delay: Duration,
    /// The longest.
    pub delay_max: Duration,
    /// After how long without a failure they are forgotten.
    pub forget: Duration,
    /// How long a network from which somebody signed in is known.
    pub network: Duration,
    /// How long the session of a browser may go unused.
    pub idle: Duration,
}

/// Passwords and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Auth {
    /// How long someone stays signed in.
    pub session: Duration,
    /// Memory for one password, in kibibytes as argon2 counts.
    pub argon2_memory_kib: u32,
    /// Passes over it.
    pub argon2_passes: u32,
    /// The fewest characters of a password.
    pub password_chars_min: usize,
}

/// How rights are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Whether it takes two people to give a role.
    pub role_grants_by_two: bool,
    /// How many days an inspection lasts at most.
    pub inspection_days_max: u64,
    /// How many days one lasts at most that enters a compartment.
    pub inspection_days_inside_max: u64,
    /// How many hours an administrator reads in an emergency at most.
    pub break_glass_hours_max: u64,
}

/// Log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// How they look.
    pub format: LogFormat,
    /// Which there are.
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Whether a variable that is none of ours is in the environment of this process.
pub(crate) fn is_in_environment(name: &str) -> bool {
    std::env::vars_os().any(|(known, _)| known == name)
}

impl Config {
    /// Reads the sources: file, environment, command line; the later one counts.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(sources: &Sources<'_>) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(gather::gather(sources));
        let mut config = Self::read(&mut reader);
        let (said, errors) = reader.finish();
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        config.shown = said
            .into_iter()
            .map(|(setting, said)| Shown::new(setting, said))
            .collect();
        Ok(config)
    }

    /// The configuration of this process: its environment and the files of this machine.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn of_process(
        file: Option<&Path>,
        arguments: &[(&'static str, String)],
    ) -> Result<Self, ConfigErrors> {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let named = env
            .get("PAPIERLOS_CONFIG")
            .filter(|path| !path.is_empty())
            .map(Path::new);
        let read = |path: &Path| std::fs::read_to_string(path);
        Self::load(&Sources {
            file: file.or(named),
            env: &env,
            arguments,
            read: &read,
        })
    }

    /// What counts, setting by setting, and who said so; secrets hidden.
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    fn read(reader: &mut Reader) -> Self {
        let server = read_server(reader);
        Self {
            data_dir: reader.data_dir(),
            limits: Limits {
                upload_bytes_max: reader.number("limits.upload_bytes_max"),
                body_bytes_max: reader.small("limits.body_bytes_max"),
                connections_max: reader.small("limits.connections_max"),
            },
            timeouts: Timeouts {
                head: seconds(reader, "timeouts.head_seconds"),
                idle: seconds(reader, "timeouts.idle_seconds"),
                request_max: seconds(reader, "timeouts.request_seconds_max"),
                keep_alive: seconds(reader, "timeouts.keep_alive_seconds"),
            },
            rates: Rates {
                address_per_second: reader.small("rates.address_per_second"),
                principal_per_second: reader.small("rates.principal_per_second"),
                sign_in_per_minute: reader.small("rates.sign_in_per_minute"),
            },
            database: Database {
                url: reader.database("database.url"),
                connections_max: reader.small("database.connections_max"),
            },
            storage: blobs::read(reader),
            key_file: reader.path("keys.key_file"),
            log: log::read(reader, &server),
            index: Index {
                dir: reader.path("index.dir"),
                memory_bytes_max: reader.small("index.memory_bytes_max"),
                commit: Duration::from_millis(reader.number("index.commit_milliseconds")),
            },
            extract: read_extract(reader),
            serials: read_serials(reader),
            webhooks: Webhooks {
                allow_http: reader.flag("webhooks.allow_http"),
                allow_private: reader.networks("webhooks.allow_private"),
                ports: reader.ports("webhooks.ports"),
                at_once_max: reader.small("webhooks.at_once_max"),
                keep: Duration::from_secs(reader.number("webhooks.keep_days") * 86_400),
            },
            auth: read_auth(reader),
            sign_in: read_sign_in(reader),
            access_log: reader.access_log("access_log.classes"),
            rights: Rights {
                role_grants_by_two: reader.flag("rights.role_grants_by_two"),
                inspection_days_max: reader.number("rights.inspection_days_max"),
                inspection_days_inside_max: reader.number("rights.inspection_days_inside_max"),
                break_glass_hours_max: reader.number("rights.break_glass_hours_max"),
            },
            oidc: oidc::read(reader, &server),
            forms: forms::read(reader),
            virus: virus::read(reader),
            signatures_trust: reader.path("signatures.trust"),
            signatures_lists: lists::read(reader),
            seal: seal::read(reader),
            signing: seal::read_signing(reader),
            mail: mail::read(reader, &server),
            workflows: workflows::read(reader),
            nightly_hour: reader.small("check.nightly_hour"),
            logging: Logging {
                format: match reader.text("logging.format").as_str() {
                    "json" => LogFormat::Json,
                    _ => LogFormat::Text,
                },
                level: read_level(reader),
            },
            server,
            shown: vec![],
        }
    }
}

fn seconds(reader: &mut Reader, key: &str) -> Duration {
    Duration::from_secs(reader.number(key))
}

fn languages(joined: &str) -> Vec<String> {
    joined.split('+').map(str::to_owned).collect()
}

fn read_extract(reader: &mut Reader) -> Extract {
    Extract {
        workers: reader.small("extract.workers"),
        memory_bytes_max: reader.number("extract.memory_bytes_max"),
        time_max: seconds(reader, "extract.seconds_max"),
        pages_max: reader.small("extract.pages_max"),
        text_chars_max: reader.small("extract.text_chars_max"),
        parts_max: reader.small("extract.parts_max"),
        parts_bytes_max: reader.number("extract.parts_bytes_max"),
        parts_ratio_max: reader.small("extract.parts_ratio_max"),
        parts_depth_max: reader.small("extract.parts_depth_max"),
        codes_pages_max: reader.small("extract.codes_pages_max"),
        pdf_passwords: reader.passwords("extract.pdf_passwords"),
        ocr_workers: Some(reader.small("extract.ocr_workers")).filter(|count| *count > 0),
        ocr_program: reader.path("extract.ocr_program"),
        ocr_languages: languages(&reader.text("extract.ocr_languages")),
        office_workers: reader.small("extract.office_workers"),
        office_program: reader.path("extract.office_program"),
        office_dir: reader.path("extract.office_dir"),
        office_memory_bytes_max: reader.number("extract.office_memory_bytes_max"),
        office_time_max: seconds(reader, "extract.office_seconds_max"),
        copies_always: reader.flag("extract.copies_always"),
    }
}

fn read_serials(reader: &mut Reader) -> Serials {
    let shapes = reader.serial_shapes("privacy.serial_numbers");
    let words = reader.text("privacy.serial_words");
    Serials::new(shapes, words.split(',').map(str::to_owned).collect())
}

fn read_server(reader: &mut Reader) -> Server {
    let listen = reader.listen("server.listen");
    let public_url = match reader.text("server.public_url") {
        url if url.is_empty() => format!("http://{listen}"),
        url => url.trim_end_matches('/').to_owned(),
    };
    Server {
        listen,
        public_url,
        workers: Some(reader.small("server.workers")).filter(|workers| *workers > 0),
        trusted_proxies: reader.addresses("server.trusted_proxies"),
        shutdown: seconds(reader, "server.shutdown_seconds"),
    }
}

fn read_auth(reader: &mut Reader) -> Auth {
    let memory_bytes = reader.number("auth.argon2_memory_bytes");
    Auth {
        session: Duration::from_secs(reader.number("auth.session_hours") * 60 * 60),
        argon2_memory_kib: u32::try_from(memory_bytes / 1024).unwrap_or(u32::MAX),
        argon2_passes: reader.small("auth.argon2_passes"),
        password_chars_min: reader.small("auth.password_chars_min"),
    }
}

fn read_sign_in(reader: &mut Reader) -> SignIn {
    SignIn {
        failures_max: reader.small("sign_in.failures_max"),
        failures_everywhere_max: reader.small("sign_in.failures_everywhere_max"),
        delay: seconds(reader, "sign_in.delay_seconds"),
        delay_max: seconds(reader, "sign_in.delay_seconds_max"),
        forget: Duration::from_secs(reader.number("sign_in.forget_hours") * 60 * 60),
        network: Duration::from_secs(reader.number("sign_in.network_days") * 86_400),
        idle: seconds(reader, "sign_in.idle_seconds"),
    }
}

fn read_level(reader: &mut Reader) -> String {
    let level = reader.text("logging.level");
    if level
        .parse::<tracing_subscriber::filter::Targets>()
        .is_err()
    {
        let allowed =
            "error, warn, info, debug, trace oder eine Liste wie info,server::audit=debug";
        reader.refuse("logging.level", &level, allowed);
    }
    level
}

#[cfg(test)]
mod tests;
