//! `papierlos workflow`: which definitions there are, whether one is right, what it looks like, and how it goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use workflow::calendar::Calendar;
use workflow::definition::{Complaint, DEFINITION_BYTES_MAX, Definition, json_schema};
use workflow::instance::Day;
use workflow::simulate::{Choice, Simulation, explore, said as known};
use workflow::{draw, tell};

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::archive::Archive;
use crate::base::{CivilDate, Clock, SystemClock};
use crate::config::Config;
use crate::workflows::{self, Rules, WorkflowError};

/// At which hour a walk begins.
const HOUR: u8 = 9;
/// Most files of a folder.
const FILES_MAX: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Workflow {
    /// Prüft Definitionen und sagt zu jedem Fehler, wo er steht und was zu tun ist.
    Check {
        /// Dateien in TOML; ohne sie alle aus dem Ordner `workflows.folder`.
        #[arg(value_name = "DATEI")]
        files: Vec<PathBuf>,
    },
    /// Listet die Definitionen auf, die dieses Archiv kennt.
    List {
        /// Eine Zeile JSON für jede.
        #[arg(long)]
        json: bool,
    },
    /// Zeigt eine Definition: als Text, als Bild oder als BPMN.
    Show(Show),
    /// Spielt eine Definition durch, mit einer gedachten Uhr, und zeigt den Laufweg.
    Simulate(Simulate),
    /// Gibt das JSON-Schema der Definitionen aus.
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Kurzbezeichnung oder Datei.
    #[arg(value_name = "DEFINITION")]
    which: String,
    /// Als Text für die Verfahrensdokumentation (Markdown).
    #[arg(long, conflicts_with_all = ["svg", "bpmn"])]
    text: bool,
    /// Als Bild.
    #[arg(long, conflicts_with = "bpmn")]
    svg: bool,
    /// Als BPMN 2.0.
    #[arg(long)]
    bpmn: bool,
    /// Die Fassung; sonst die neueste, die gilt.
    #[arg(long, value_name = "NUMMER")]
    number: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Kurzbezeichnung oder Datei.
    #[arg(value_name = "DEFINITION")]
    which: String,
    /// Was mit einem Schritt geschieht: SCHRITT=ERGEBNIS, SCHRITT=!lapse, SCHRITT=!skip, SCHRITT=!return:ZUSTAND.
    #[arg(long, value_name = "SCHRITT=WAS")]
    script: Vec<String>,
    /// Der erste Tag; sonst heute.
    #[arg(long, value_name = "JJJJ-MM-TT")]
    from: Option<String>,
    /// Was ein Feld sagt, von Anfang an oder wo danach gefragt wird: ein Tag 2026-03-02, ein Betrag 12.50, true, ein Text.
    #[arg(long, value_name = "FELD=WERT")]
    field: Vec<String>,
    /// Alle Abzweigungen versuchen: Sackgassen, und Zustände, in die nichts führt.
    #[arg(long)]
    explore: bool,
    /// Alle Ereignisse, eine Zeile JSON für jedes.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Line<'l> {
    id: &'l str,
    version: u32,
    title: &'l str,
    state: &'static str,
    sha256: String,
}

impl Workflow {
    pub(super) async fn run(self, config: &Config) -> Ended {
        match self {
            Self::Check { files } => check(config, files),
            Self::List { json } => list(config, json).await,
            Self::Show(show) => show.run(config).await,
            Self::Simulate(simulate) => simulate.run(config).await,
            Self::Schema => {
                say(&serde_json::to_string_pretty(&json_schema()).unwrap_or_default());
                Ok(())
            }
        }
    }
}

fn wrong(name: &str, complaints: &[Complaint]) -> Failure {
    let lines = complaints.iter().map(|one| format!("{name}, {one}"));
    Failure::new(FINDINGS, lines.collect::<Vec<_>>().join("\n"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        MISSING,
        format!("{} ist nicht lesbar: {error}", path.display()),
    )
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let opened = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut source = Vec::new();
    // One byte more than it may have: then it is refused for its length.
    let mut limited = opened.take(DEFINITION_BYTES_MAX + 1);
    let read = limited.read_to_end(&mut source);
    read.map_err(|error| unreadable(path, &error))?;
    Ok(source)
}

/// The definitions in a folder, by name.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| unreadable(folder, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
        if found.len() > FILES_MAX {
            let said = format!(
                "{} enthält mehr als {FILES_MAX} Definitionen",
                folder.display()
            );
            return Err(Failure::new(USAGE, said));
        }
    }
    found.sort();
    Ok(found)
}

fn check(config: &Config, files: Vec<PathBuf>) -> Ended {
    let files = match (files.is_empty(), &config.workflows.folder) {
        (false, _) => files,
        (true, Some(folder)) => in_folder(folder)?,
        (true, None) => {
            let said = "Bitte eine Datei nennen, oder einen Ordner mit workflows.folder.";
            return Err(Failure::new(USAGE, said));
        }
    };
    let mut complaints = Vec::new();
    for path in files {
        match Definition::read(&bytes_of(&path)?) {
            Ok(definition) => say(&format!(
                "{}: {}, Fassung {}: in Ordnung; Zustände: {}, Felder: {}, SHA-256 {}",
                path.display(),
                definition.id,
                definition.version,
                definition.states.len(),
                definition.fields.len(),
                definition.sha256_hex()
            )),
            Err(all) => complaints.push(wrong(&path.display().to_string(), &all).message),
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Failure::new(FINDINGS, complaints.join("\n")))
}

fn refused(error: WorkflowError) -> Failure {
    if let WorkflowError::Complaints(all) = &error {
        return wrong("Definition", all);
    }
    Failure::refused(FINDINGS, error)
}

async fn list(config: &Config, json: bool) -> Ended {
    let rules = Rules::open(&config.workflows).map_err(refused)?;
    let archive = Archive::existing(config).await?;
    let listed = rules.all(archive.db.read()).await;
    archive.db.close().await;
    for one in listed? {
        let definition = rules.definition(&one).map_err(refused)?;
        let (id, version, state) = (one.code(), one.number(), one.standing().code());
        let title = definition.title.de.as_str();
        if json {
            let sha256 = definition.sha256_hex();
            let line = Line {
                id,
                version,
                title,
                state,
                sha256,
            };
            say(&serde_json::to_string(&line).unwrap_or_default());
        } else {
            let state = match state {
                "active" => "",
                "proposed" => " (vorgeschlagen)",
                _ => " (außer Kraft)",
            };
            say(&format!("{id}, Fassung {version}: {title}{state}"));
        }
    }
    Ok(())
}

/// The definition in a file, of the program, or of this archive.
async fn find(
    config: &Config,
    which: &str,
    version: Option<u32>,
) -> Result<Arc<Definition>, Failure> {
    let path = Path::new(which);
    if path.is_file() {
        let read = Definition::read(&bytes_of(path)?);
        return read.map(Arc::new).map_err(|all| wrong(which, &all));
    }
    let shipped = workflows::shipped().map_err(|all| wrong(which, &all))?;
    let fits = |number: u32| version.is_none_or(|version| version == number);
    let of_program = shipped.into_iter().map(|one| one.definition);
    let mut of_program = of_program.filter(|one| one.id == which && fits(one.version));
    let rules = Rules::open(&config.workflows).map_err(refused)?;
    if let Ok(archive) = Archive::existing(config).await {
        let listed = rules.named(archive.db.read(), (which, version)).await;
        archive.db.close().await;
        if let Some(listed) = listed? {
            return rules.definition(&listed).map_err(refused);
        }
    }
    of_program.next().ok_or_else(|| {
        let said = format!("Die Definition {which} gibt es nicht, weder als Datei noch hier.");
        Failure::new(MISSING, said)
    })
}

impl Show {
    async fn run(self, config: &Config) -> Ended {
        let definition = find(config, &self.which, self.number).await?;
        let shown = match (self.text, self.svg, self.bpmn) {
            (_, true, _) => draw::svg(&definition),
            (_, _, true) => draw::bpmn(&definition),
            (_, false, false) => tell::text(&definition, &tell::NoNames),
        };
        say(shown.trim_end());
        Ok(())
    }
}

impl Simulate {
    async fn run(self, config: &Config) -> Ended {
        let definition = find(config, &self.which, None).await?;
        let calendar: Calendar = workflows::calendar(&config.workflows);
        let first = match &self.from {
            Some(text) => CivilDate::parse(text),
            None => CivilDate::on(SystemClock.now()),
        };
        let first = first.ok_or_else(|| {
            let said = "Der erste Tag ist keiner; erwartet wird JJJJ-MM-TT.";
            Failure::new(USAGE, said)
        })?;
        let start = calendar.at(Day(first.date()), HOUR);
        if self.explore {
            let findings = explore(&definition, &calendar, start);
            if findings.is_empty() {
                say("Jeder Zustand wird erreicht, und jede Abzweigung führt an ein Ende.");
                return Ok(());
            }
            let told = findings.iter().map(|one| one.german(&definition));
            let lines: Vec<String> = told.collect();
            return Err(Failure::new(FINDINGS, lines.join("\n")));
        }
        let mut walk = Simulation::new(&definition, &calendar, start);
        for said in &self.script {
            let (step, choice) = Choice::parse(said).ok_or_else(|| {
                let said = format!("{said}: erwartet wird SCHRITT=ERGEBNIS, SCHRITT=!lapse, SCHRITT=!skip oder SCHRITT=!return:ZUSTAND.");
                Failure::new(USAGE, said)
            })?;
            if definition.step(&step).is_none() {
                let said = format!("Einen Schritt „{step}“ gibt es in {} nicht.", definition.id);
                return Err(Failure::new(USAGE, said));
            }
            walk = walk.choosing(step, choice);
        }
        for said in &self.field {
            let read = known(&definition, said);
            let (field, value) = read.map_err(|wrong| Failure::new(USAGE, wrong))?;
            walk = walk.knowing(field, value);
        }
        let ended = walk.run();
        if self.json {
            for event in walk.events() {
                say(&serde_json::to_string(event).unwrap_or_default());
            }
        } else {
            say(walk.slip().trim_end());
        }
        ended.map_err(|at| Failure::new(FINDINGS, at.german(&definition)))
    }
}
