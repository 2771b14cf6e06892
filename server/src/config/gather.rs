//! Collects what was said, and by whom; the last one to speak counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Origin};
use super::setting::{RESERVED_VARIABLES, SETTINGS, Setting};
use super::shape::Shape;
use crate::http::extract::nearest;

/// Where settings come from. Nothing here reads the process by itself.
pub struct Sources<'a> {
    /// The TOML file.
    pub file: Option<&'a Path>,
    /// The environment.
    pub env: &'a BTreeMap<String, String>,
    /// What the command line sets, by key.
    pub arguments: &'a [(&'static str, String)],
    /// Reads a file.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// A value as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// What was said about each setting, and what is wrong with the saying of it.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) said: BTreeMap<&'static str, Said>,
    pub(super) errors: Vec<ConfigError>,
}

/// Reads all sources: file, then environment, then command line.
pub(super) fn gather(sources: &Sources<'_>) -> Gathered {
    let mut it = Gathered::default();
    if let Some(path) = sources.file {
        it.file(path, sources);
    }
    it.environment(sources);
    for (key, value) in sources.arguments {
        it.said.insert(
            key,
            Said {
                value: value.clone(),
                origin: Origin::Argument,
            },
        );
    }
    it
}

impl Gathered {
    fn file(&mut self, path: &Path, sources: &Sources<'_>) {
        let text = match (sources.read)(path) {
            Ok(text) => text,
            Err(source) => {
                return self.errors.push(ConfigError::File {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let message = error.to_string().trim().replace('\n', "\n    ");
                return self.errors.push(ConfigError::Syntax {
                    path: path.to_owned(),
                    message,
                });
            }
        };
        let origin = Origin::File(path.to_owned());
        let mut entries = vec![];
        for (name, value) in table {
            match value {
                toml::Value::Table(section) => {
                    entries.extend(
                        section
                            .into_iter()
                            .map(|(key, value)| (format!("{name}.{key}"), value)),
                    );
                }
                value @ (toml::Value::String(_)
                | toml::Value::Integer(_)
                | toml::Value::Float(_)
                | toml::Value::Boolean(_)
                | toml::Value::Datetime(_)
                | toml::Value::Array(_)) => entries.push((name, value)),
            }
        }
        for (name, value) in entries {
            self.entry(&name, &value, &origin, sources);
        }
    }

    fn entry(&mut self, name: &str, value: &toml::Value, origin: &Origin, sources: &Sources<'_>) {
        if let Some(setting) = Setting::find(name) {
            match text_of(value, setting.shape) {
                Some(value) => self.say(setting, name, value, origin.clone()),
                None => self.errors.push(ConfigError::Value {
                    name: name.to_owned(),
                    value: match setting.shape.is_secret() {
                        true => "(ein Geheimnis)".to_owned(),
                        false => format!("({})", kind_of(value)),
                    },
                    origin: origin.clone(),
                    allowed: setting.shape.german(),
                }),
            }
            return;
        }
        let secret = name.strip_suffix("_file").and_then(Setting::find);
        match (
            secret.filter(|setting| setting.shape.is_secret()),
            value.as_str(),
        ) {
            (Some(setting), Some(path)) => {
                self.secret_file(setting, setting.key, Path::new(path), sources);
            }
            (_, _) => {
                let near = nearest(name, SETTINGS.iter().map(|setting| setting.key));
                self.errors.push(ConfigError::Unknown {
                    name: name.to_owned(),
                    origin: origin.clone(),
                    near: near.map(ToOwned::to_owned),
                });
            }
        }
    }

    fn environment(&mut self, sources: &Sources<'_>) {
        let ours =
            |name: &str| name.starts_with("PAPIERLOS_") && !RESERVED_VARIABLES.contains(&name);
        let variables: Vec<(String, &Setting)> = SETTINGS
            .iter()
            .map(|setting| (setting.variable(), setting))
            .collect();
        let mut from_here: Vec<&str> = vec![];
        let set = sources
            .env
            .iter()
            .filter(|(name, value)| ours(name) && !value.is_empty());
        for (name, value) in set {
            let plain = variables.iter().find(|(variable, _)| variable == name);
            let by_file = name.strip_suffix("_FILE").and_then(|stem| {
                variables
                    .iter()
                    .find(|(variable, it)| variable == stem && it.shape.is_secret())
            });
            match (plain, by_file) {
                (Some((_, setting)), _) | (None, Some((_, setting)))
                    if from_here.contains(&setting.key) =>
                {
                    self.errors.push(ConfigError::Twice {
                        name: setting.variable(),
                    });
                }
                (Some((_, setting)), _) => {
                    from_here.push(setting.key);
                    self.said.remove(setting.key);
                    self.say(setting, name, value.clone(), Origin::Variable(name.clone()));
                }
                (None, Some((_, setting))) => {
                    from_here.push(setting.key);
                    self.said.remove(setting.key);
                    self.secret_file(setting, name, Path::new(value), sources);
                }
                (None, None) => {
                    let known = variables.iter().map(|(variable, _)| variable.as_str());
                    self.errors.push(ConfigError::Unknown {
                        name: name.clone(),
                        origin: Origin::Variable("Umgebung".to_owned()),
                        near: nearest(name, known).map(ToOwned::to_owned),
                    });
                }
            }
        }
    }

    fn secret_file(
        &mut self,
        setting: &'static Setting,
        name: &str,
        path: &Path,
        sources: &Sources<'_>,
    ) {
        let path: PathBuf = path.to_owned();
        match (sources.read)(&path) {
            Ok(text) => {
                let value = text.trim_end_matches(['\r', '\n']).to_owned();
                self.say(setting, name, value, Origin::SecretFile(path));
            }
            Err(source) => self.errors.push(ConfigError::File { path, source }),
        }
    }

    fn say(&mut self, setting: &'static Setting, name: &str, value: String, origin: Origin) {
        if self
            .said
            .insert(setting.key, Said { value, origin })
            .is_some()
        {
            self.errors.push(ConfigError::Twice {
                name: name.to_owned(),
            });
        }
    }
}

/// What a TOML value is, for people.
fn kind_of(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "Text",
        toml::Value::Integer(_) => "ganze Zahl",
        toml::Value::Float(_) => "Kommazahl",
        toml::Value::Boolean(_) => "Wahrheitswert",
        toml::Value::Datetime(_) => "Zeitpunkt",
        toml::Value::Array(_) => "Liste",
        toml::Value::Table(_) => "Tabelle",
    }
}

/// A TOML value as the text that the environment would hold.
fn text_of(value: &toml::Value, shape: Shape) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(entries) => {
            let texts: Option<Vec<&str>> = entries.iter().map(toml::Value::as_str).collect();
            let between = if shape == Shape::GroupRoles { ";" } else { "," };
            texts.map(|texts| texts.join(between))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
