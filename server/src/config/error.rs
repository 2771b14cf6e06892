//! What is wrong with a configuration: all of it at once.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A file of its own, that an environment variable or a setting names.
    SecretFile(PathBuf),
    /// The command line.
    Argument,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) | Self::SecretFile(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Argument => f.write_str("command line"),
        }
    }
}

impl Origin {
    /// The same for people.
    fn german(&self) -> String {
        match self {
            Self::Default => "Vorgabe".to_owned(),
            Self::Argument => "Befehlszeile".to_owned(),
            Self::File(_) | Self::SecretFile(_) | Self::Variable(_) => self.to_string(),
        }
    }
}

/// One thing that is wrong. Whoever runs the house reads it: in German, with the names of settings as they are.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path} kann nicht gelesen werden", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} ist kein TOML: {message}", path = path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// There is no such setting.
    #[error("{name} ({}): diese Einstellung gibt es nicht{}", origin.german(), near_text(near.as_deref()))]
    Unknown {
        /// The name.
        name: String,
        /// Where it stands.
        origin: Origin,
        /// What was perhaps meant.
        near: Option<String>,
    },
    /// The value is not allowed.
    #[error("{name} = {value} ({}): erlaubt ist {allowed}", origin.german())]
    Value {
        /// The setting.
        name: String,
        /// The value; for secrets only that there is one.
        value: String,
        /// Where it stands.
        origin: Origin,
        /// What is allowed.
        allowed: String,
    },
    /// A value is needed because of another.
    #[error("{name} fehlt: nötig mit {because}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What needs it.
        because: &'static str,
    },
    /// A secret is given directly and by a file.
    #[error("{name} und {name}_FILE sind beide gesetzt: nur eines angeben")]
    Twice {
        /// The setting or variable.
        name: String,
    },
}

fn near_text(near: Option<&str>) -> String {
    near.map(|near| format!("; war vielleicht {near} gemeint?"))
        .unwrap_or_default()
}

/// Everything that is wrong, at least one thing.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Die Konfiguration ist falsch:")?;
        for error in &self.0 {
            write!(f, "\n  {error}")?;
            if let ConfigError::File { source, .. } = error {
                write!(f, ": {source}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
