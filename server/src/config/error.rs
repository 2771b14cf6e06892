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

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not TOML: {message}", path = path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// There is no such setting.
    #[error("{name} ({origin}): there is no such setting{}", near_text(near.as_deref()))]
    Unknown {
        /// The name.
        name: String,
        /// Where it stands.
        origin: Origin,
        /// What was perhaps meant.
        near: Option<String>,
    },
    /// The value is not allowed.
    #[error("{name} = {value} ({origin}): allowed is {allowed}")]
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
    #[error("{name} is missing: needed with {because}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What needs it.
        because: &'static str,
    },
    /// A secret is given directly and by a file.
    #[error("{name} and {name}_FILE are both given: keep one")]
    Twice {
        /// The setting or variable.
        name: String,
    },
}

fn near_text(near: Option<&str>) -> String {
    near.map(|near| format!("; perhaps {near} was meant"))
        .unwrap_or_default()
}

/// Everything that is wrong, at least one thing.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong:")?;
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
