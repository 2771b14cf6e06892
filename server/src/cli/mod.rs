//! The command line: what each subcommand is called and what it answers with.
//!
//! Exit codes: 0 done, 1 findings (tampering, damage), 2 material missing or something could not be
//! opened, 3 wrong usage.

mod audit;
mod check;
mod demo;
mod export;
mod forms;
mod german;
mod import;
mod keys;
mod log;
mod memory;
mod migrate;
mod plan;
mod progress;
mod quarantine;
mod reindex;
mod serve;
mod sheets;
mod since;
mod starting;
mod strokes;
mod tablets;
mod types;
mod user;
mod verify;
mod verify_pdf;
mod witness;
mod workflow;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::http::yaml::for_old_readers;
use crate::http::{Language, Problem};

/// Findings: something is not as it should be.
pub const FINDINGS: u8 = 1;
/// Something is missing or could not be opened.
pub const MISSING: u8 = 2;
/// The command line was wrong.
pub const USAGE: u8 = 3;

// Below: what stands above an argument or a command here is read as its help, hence in German.

// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "papierlos",
    version,
    about = "Das papierlose Archiv eines Rathauses"
)]
struct Papierlos {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

// What every subcommand understands.
#[derive(Debug, Args)]
struct Common {
    /// Die Datei mit den Einstellungen.
    #[arg(long, global = true, value_name = "DATEI")]
    config: Option<PathBuf>,
    /// Der Ordner für alles, was keinen eigenen Ort hat.
    #[arg(long, global = true, value_name = "ORDNER")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Startet den Server.
    Serve(serve::Serve),
    /// Zeigt Papierlos: eine Stadt mit Personen und Dokumenten, in der gleich gesucht werden kann.
    Demo(demo::Demo),
    /// Legt alles ab, was in einem Ordner liegt; abgebrochen, startet man es einfach noch einmal.
    Import(import::Import),
    /// Der Aktenplan: aus einer Datei übernehmen, in eine schreiben, auflisten.
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Dokumenttypen und Felder: aus einer Datei übernehmen, auflisten.
    #[command(subcommand)]
    Types(types::Types),
    /// Formulare: auflisten, eine Vorlage prüfen, ein Formular zur Probe füllen.
    #[command(subcommand)]
    Forms(forms::Forms),
    /// Trennblätter und Aktenetiketten als PDF schreiben.
    #[command(subcommand)]
    Sheets(sheets::Sheets),
    /// Geschäftsgänge: auflisten, prüfen, zeigen, zur Probe durchspielen.
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    /// Was mit Schadsoftware eingegangen ist: auflisten, verwerfen.
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Die Tablets an den Schaltern: auflisten, sperren.
    #[command(subcommand)]
    Tablets(tablets::Tablets),
    /// Schriftzüge, die für eine Stelle außerhalb verschlüsselt sind: herausgeben, dort öffnen.
    #[command(subcommand)]
    Strokes(strokes::Strokes),
    /// Konten, von diesem Rechner aus: für die erste Administration.
    #[command(subcommand)]
    User(user::User),
    /// Prüft das Protokoll: das dieses Archivs oder ein ausgeleitetes.
    Verify(verify::Verify),
    /// Bezeugt Protokolle anderer: merkt sich ihren Stand und zeichnet nur mit, was ihn fortsetzt.
    Witness(witness::Witness),
    /// Prüft die Unterschriften in PDF-Dateien, eigene wie fremde.
    VerifyPdf(verify_pdf::VerifyPdf),
    /// Für die Rechnungsprüfung: die Regeln nachrechnen, nach denen das Archiv geführt wird.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Schreibt heraus, womit andere selbst prüfen können.
    Export(export::Export),
    /// Gleicht Datenbank, Inhalte, Suchindex, Aufträge und Protokoll miteinander ab.
    Check(check::Check),
    /// Baut den Suchindex neu auf, ohne Server; der laufende tut es selbst (POST /api/v1/index/rebuild).
    Reindex,
    /// Die Schlüssel, mit denen die Datenschlüssel verpackt sind.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Das Protokoll: stempeln lassen, der Tagesbericht auf Papier; den Schlüssel wechseln, der signiert.
    #[command(subcommand)]
    Log(log::Log),
    /// Bringt die Tabellen auf diesen Stand, als deren Eigentümer; gibt auf PostgreSQL Rollen ihre Rechte.
    Migrate(migrate::Migrate),
    /// Zeigt die geltenden Einstellungen und woher jede kommt; Geheimnisse bleiben verdeckt.
    Config,
    /// Gibt den Vertrag der Schnittstelle aus (OpenAPI 3.1).
    Openapi {
        /// Den für Programme, die paperless-ngx kennen.
        #[arg(long)]
        paperless: bool,
        /// Nur, welche Angaben hinter dem Fragezeichen jeder Vorgang kennt.
        #[arg(long, hide = true, conflicts_with = "paperless")]
        parameters: bool,
    },
}

/// What a subcommand ends with: nothing, or what to say and with which code.
type Ended = Result<(), Failure>;

/// Why a subcommand ended badly.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A refusal in the words in which the interface says it; what failed of itself as the logs have it.
    pub(crate) fn refused<E>(code: u8, error: E) -> Self
    where
        E: std::error::Error + Into<Problem> + 'static,
    {
        let causes = chain(&error);
        let problem: Problem = error.into();
        if problem.kind().status().is_server_error() {
            return Self::new(code, causes);
        }
        let body = problem.body(Language::German, None);
        let faults: Vec<String> = body
            .errors
            .into_iter()
            .map(|fault| {
                let at = fault.pointer.unwrap_or_default();
                format!("{}: {}", at.trim_start_matches('/'), fault.detail)
            })
            .collect();
        if faults.is_empty() {
            Self::new(code, body.detail.unwrap_or(body.title))
        } else {
            Self::new(code, faults.join("; "))
        }
    }

    /// A file or folder that cannot be read or written, with what to do; the cause follows.
    pub(crate) fn of_path(path: &Path, error: &std::io::Error) -> Self {
        let said = starting::of_path(path, error);
        Self::new(MISSING, format!("{said} (Ursache: {error})"))
    }

    /// The whole chain of causes, in one line; before it what to do, where that is known.
    pub(crate) fn of(code: u8, error: &(dyn std::error::Error + 'static)) -> Self {
        let causes = chain(error);
        match starting::german(error) {
            Some(german) => Self::new(code, format!("{german} (Ursache: {causes})")),
            None => Self::new(code, causes),
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::of(MISSING, &error)
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_line = cause.to_string();
        if !line.ends_with(&cause_line) {
            line.push_str(": ");
            line.push_str(&cause_line);
        }
        next = cause.source();
    }
    line
}

/// A line on standard output.
pub(crate) fn say(line: &str) {
    // Whoever reads may have gone; that is no reason to fail.
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// A bar on standard error where that is a terminal; nothing elsewhere.
pub(crate) fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  noch {eta}");
    bar.set_style(style.unwrap_or_else(|_bad| ProgressStyle::default_bar()));
    bar
}

fn complain(line: &str) {
    drop(writeln!(std::io::stderr(), "papierlos: {line}"));
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    memory::begin_anew();
    let papierlos = match read(std::env::args_os()) {
        Ok(papierlos) => papierlos,
        Err(error) => return answered(&error),
    };
    // One TLS, named once; a second call would be refused, which is harmless.
    drop(rustls::crypto::ring::default_provider().install_default());
    match run(papierlos) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn read(arguments: impl Iterator<Item = OsString>) -> Result<Papierlos, clap::Error> {
    let mut command = german::german(Papierlos::command());
    let mut found = command.try_get_matches_from_mut(arguments)?;
    Papierlos::from_arg_matches_mut(&mut found).map_err(|error| error.format(&mut command))
}

/// Help and version are printed as they are asked for; what was wrong is said.
fn answered(error: &clap::Error) -> ExitCode {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
    );
    if asked {
        drop(error.print());
    } else {
        complain(&german::sentence(error));
    }
    if error.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::SUCCESS
    }
}

fn run(papierlos: Papierlos) -> Ended {
    let Papierlos { command, common } = papierlos;
    if let Command::Openapi {
        paperless,
        parameters,
    } = command
    {
        return openapi(paperless, parameters);
    }
    let mut arguments: Vec<(&'static str, String)> = Vec::new();
    if let Some(data) = &common.data {
        arguments.push(("data_dir", data.display().to_string()));
    }
    if let Command::Serve(serve) = &command
        && let Some(listen) = serve.listen()
    {
        arguments.push(("server.listen", listen));
    }
    if let Command::Demo(demo) = &command {
        demo.settings(common.data.as_deref(), &mut arguments);
    }
    let mut config = Config::of_process(common.config.as_deref(), &arguments)
        .map_err(|errors| Failure::new(USAGE, errors.to_string()))?;
    // A person looks at these two: a line for each request would hide what they are told.
    let quiet = matches!(command, Command::Demo(_) | Command::Import(_));
    if quiet
        && config
            .shown()
            .iter()
            .any(|one| one.key == "logging.level" && one.is_default)
    {
        "warn".clone_into(&mut config.logging.level);
    }
    log_to_stderr(&config);
    match command {
        Command::Serve(serve) => serve.run(config),
        Command::Demo(demo) => demo.run(config),
        Command::Import(import) => runtime()?.block_on(import.run(&config)),
        Command::Plan(plan) => runtime()?.block_on(plan.run(&config)),
        Command::Types(types) => runtime()?.block_on(types.run(&config)),
        Command::Forms(one) => one.run(&config),
        Command::Sheets(one) => runtime()?.block_on(one.run(&config)),
        Command::Workflow(one) => runtime()?.block_on(one.run(&config)),
        Command::Quarantine(one) => runtime()?.block_on(one.run(&config)),
        Command::Tablets(one) => runtime()?.block_on(one.run(&config)),
        Command::Strokes(one) => runtime()?.block_on(one.run(&config)),
        Command::User(user) => runtime()?.block_on(user.run(&config)),
        Command::Verify(verify) => verify.run(&config),
        Command::Witness(witness) => witness.run(),
        Command::VerifyPdf(verify) => runtime()?.block_on(verify.run(&config)),
        Command::Audit(audit) => runtime()?.block_on(audit.run(&config)),
        Command::Export(export) => export.run(&config),
        Command::Check(check) => runtime()?.block_on(check.run(&config)),
        Command::Reindex => runtime()?.block_on(reindex::run(&config)),
        Command::Keys(keys) => runtime()?.block_on(keys.run(&config)),
        Command::Log(log) => runtime()?.block_on(log.run(&config)),
        Command::Migrate(migrate) => runtime()?.block_on(migrate.run(&config)),
        Command::Config => {
            say(config.print().trim_end());
            Ok(())
        }
        Command::Openapi { .. } => Ok(()),
    }
}

/// The contract as it is committed: YAML with a first line that says where it comes from.
pub fn contract_yaml() -> Result<String, String> {
    let yaml = crate::app::contract()
        .to_yaml()
        .map_err(|error| error.to_string())?;
    Ok(format!(
        "# Generated by `papierlos openapi` from the code; a test keeps it current.\n{}",
        for_old_readers(&yaml)
    ))
}

/// The contract for clients of paperless-ngx as it is committed.
pub fn paperless_yaml() -> Result<String, String> {
    let yaml = crate::app::paperless_contract()
        .to_yaml()
        .map_err(|error| error.to_string())?;
    Ok(format!(
        "# Generated by `papierlos openapi --paperless` from the code; a test keeps it current.\n{}",
        for_old_readers(&yaml)
    ))
}

fn openapi(paperless: bool, parameters: bool) -> Ended {
    let text = match (paperless, parameters) {
        (true, _) => paperless_yaml(),
        (false, true) => Ok(crate::app::listed_parameters()),
        (false, false) => contract_yaml(),
    };
    let text = text.map_err(|error| Failure::new(MISSING, error))?;
    say(text.trim_end());
    Ok(())
}

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

/// Comes when the process is told to end: Ctrl-C, or SIGTERM.
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

fn log_to_stderr(config: &Config) {
    // The migrator says on every start that there is nothing to do.
    let level = format!("{},sea_orm_migration=warn", config.logging.level);
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(terminal)
        .with_writer(std::io::stderr);
    let set = match config.logging.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_target(false).try_init(),
    };
    // A second start in the same process keeps the first one's lines.
    drop(set);
}
