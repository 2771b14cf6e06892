//! `papierlos forms`: which forms there are, whether a template is right, and what it looks like.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use paper::forms::{Filled, Language, Refused, Source, TEMPLATE_BYTES_MAX};
use serde::Serialize;
use serde_json::Value;

use super::{Ended, FINDINGS, Failure, MISSING, USAGE, say};
use crate::base::{CivilDate, Clock, SystemClock};
use crate::config::Config;
use crate::forms::{self, Form, FormsError};

#[derive(Debug, Subcommand)]
pub(super) enum Forms {
    /// Listet die Formulare auf: die mitgelieferten und die aus dem Ordner `forms.folder`.
    List {
        /// Eine Zeile JSON für jedes.
        #[arg(long)]
        json: bool,
    },
    /// Prüft eine Vorlage und sagt zu jedem Fehler, wo er steht und was zu tun ist.
    Check {
        /// Die Vorlage, in TOML.
        #[arg(value_name = "DATEI")]
        file: PathBuf,
    },
    /// Füllt ein Formular zur Probe und schreibt es als PDF. Abgelegt wird nichts.
    Render {
        /// Die Vorlage, in TOML.
        #[arg(value_name = "DATEI")]
        file: PathBuf,
        /// Eine Datei mit den Angaben: ein JSON-Objekt, nach den Schlüsseln der Felder.
        #[arg(long, value_name = "JSON")]
        values: Option<PathBuf>,
        /// Wohin das PDF geschrieben wird.
        #[arg(long, value_name = "PDF")]
        out: PathBuf,
        /// Die Sprache: de, oder de-simple für Leichte Sprache.
        #[arg(long, value_name = "SPRACHE", default_value = "de")]
        language: String,
    },
}

#[derive(Debug, Serialize)]
struct Line<'l> {
    id: &'l str,
    version: u32,
    title: &'l str,
    document_type: &'l str,
    sample: bool,
    sha256: String,
    name: &'l str,
}

impl Forms {
    pub(super) fn run(self, config: &Config) -> Ended {
        match self {
            Self::List { json } => list(config, json),
            Self::Check { file } => check(&file),
            Self::Render {
                file,
                values,
                out,
                language,
            } => render(config, (&file, values.as_deref()), &out, &language),
        }
    }
}

fn list(config: &Config, json: bool) -> Ended {
    let forms = forms::Forms::open(&config.forms).map_err(refused)?;
    for form in forms.all() {
        let template = &form.template;
        if json {
            let line = Line {
                id: &template.id,
                version: template.version,
                title: &template.title.german,
                document_type: &template.document_type,
                sample: template.sample,
                sha256: template.sha256_hex(),
                name: &form.name,
            };
            say(&serde_json::to_string(&line).unwrap_or_default());
        } else {
            let sample = if template.sample { " (Muster)" } else { "" };
            let (id, version) = (&template.id, template.version);
            say(&format!(
                "{id}, Fassung {version}: {}{sample}",
                template.title.german
            ));
        }
    }
    Ok(())
}

/// A template, or all that is wrong with it, one line for each.
fn read(file: &Path) -> Result<Form, Failure> {
    forms::read(file).map_err(refused)
}

fn refused(error: FormsError) -> Failure {
    match error {
        FormsError::Wrong { name, complaints } => {
            let lines = complaints.iter().map(|one| format!("{name}, {one}"));
            let lines: Vec<_> = lines.collect();
            Failure::new(FINDINGS, lines.join("\n"))
        }
        FormsError::Unreadable { path, source } => {
            let said = format!("{} ist nicht lesbar: {source}", path.display());
            Failure::new(MISSING, said)
        }
        FormsError::Twice {
            id,
            version,
            first,
            second,
        } => {
            let said = format!(
                "{first} und {second} sind beide Fassung {version} des Formulars {id} und verschieden. Bitte \
                 der Änderung eine neue Fassung geben."
            );
            Failure::new(FINDINGS, said)
        }
        other @ (FormsError::TooMany { .. }
        | FormsError::Changed { .. }
        | FormsError::NotFound
        | FormsError::Refused(_)
        | FormsError::Paper(_)
        | FormsError::Case(_)
        | FormsError::Document(_)
        | FormsError::Db(_)) => Failure::of(FINDINGS, &other),
    }
}

fn check(file: &Path) -> Ended {
    let form = read(file)?;
    let template = &form.template;
    say(&format!(
        "{}, Fassung {}: in Ordnung; Felder: {}, Unterschriften: {}, SHA-256 {}",
        template.id,
        template.version,
        template.fields.len(),
        template.signatures.len(),
        template.sha256_hex()
    ));
    Ok(())
}

fn values_of(file: Option<&Path>) -> Result<BTreeMap<String, Value>, Failure> {
    use std::io::Read as _;
    let Some(file) = file else {
        return Ok(BTreeMap::new());
    };
    let failed = |error: std::io::Error| {
        let said = format!("{} ist nicht lesbar: {error}", file.display());
        Failure::new(MISSING, said)
    };
    let opened = std::fs::File::open(file).map_err(failed)?;
    let mut text = String::new();
    let mut limited = opened.take(TEMPLATE_BYTES_MAX);
    limited.read_to_string(&mut text).map_err(failed)?;
    serde_json::from_str(&text).map_err(|error| {
        let said = format!("{} ist kein JSON-Objekt: {error}", file.display());
        Failure::new(USAGE, said)
    })
}

fn fill(form: &Form, values: &BTreeMap<String, Value>) -> Result<Filled, Failure> {
    let today = CivilDate::on(SystemClock.now()).map(|day| day.to_string());
    let of_today = form.template.fields.iter();
    let of_today = of_today.filter(|field| field.source == Some(Source::Today));
    let found = of_today.filter_map(|field| Some((field.key.clone(), today.clone()?)));
    let filled = form.template.fill(&forms::given(values), &found.collect());
    filled.map_err(|all| {
        let lines: Vec<_> = all.iter().map(sentence).collect();
        Failure::new(FINDINGS, lines.join("\n"))
    })
}

fn sentence(refused: &Refused) -> String {
    let (german, _) = forms::sentence(&refused.why);
    match &refused.label {
        Some(label) => format!("{} ({label}): {german}", refused.key),
        None => format!("{}: {german}", refused.key),
    }
}

fn render(
    config: &Config,
    (file, values): (&Path, Option<&Path>),
    out: &Path,
    language: &str,
) -> Ended {
    let form = read(file)?;
    let language = Language::parse(language).ok_or_else(|| {
        let said = format!("Die Sprache {language} gibt es nicht; möglich sind: de, de-simple");
        Failure::new(USAGE, said)
    })?;
    let filled = fill(&form, &values_of(values)?)?;
    let now = SystemClock.now();
    let head = forms::letterhead(&config.forms.town, String::new(), None, now);
    let made = paper::forms::render(&form.template, &filled, &head, language)?;
    std::fs::write(out, &made.pdf).map_err(|error| {
        let said = format!("{} ist nicht schreibbar: {error}", out.display());
        Failure::new(MISSING, said)
    })?;
    let pages = match made.pages {
        1 => "1 Seite".to_owned(),
        many => format!("{many} Seiten"),
    };
    say(&format!("{}: {pages}", out.display()));
    for place in &made.places {
        say(&format!(
            "  {} ({}): Seite {}, {:.1} × {:.1} Punkt bei {:.1} / {:.1}",
            place.label, place.key, place.page, place.width, place.height, place.left, place.bottom
        ));
    }
    Ok(())
}
