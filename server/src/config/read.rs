//! Reads texts as values, and remembers every one that cannot be read.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use indexer::extract::{Password, Passwords};
use indexer::guard::SerialShape;
use reqwest::Url;

use super::Secret;
use super::access::AccessLog;
use super::error::{ConfigError, Origin};
use super::gather::{Gathered, Said};
use super::network::{Network, Ports};
use super::oidc::GroupRole;
use super::setting::Setting;
use super::shape::Shape;
use super::virus::Clamd;

/// The most passwords that are tried at a document.
const PASSWORDS_TRIED_MAX: usize = 20;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of `SQLite`.
    Sqlite(PathBuf),
    /// A `PostgreSQL` server; the whole address, password included.
    Postgres(Secret),
}

impl DatabaseUrl {
    fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or_default();
            return (!path.is_empty()).then(|| Self::Sqlite(PathBuf::from(path)));
        }
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))?;
        // The driver names the whole of an address that it cannot read, password included; and what follows a # it does
        // not look at.
        let is_read = Url::parse(text).is_ok_and(|url| url.fragment().is_none());
        (!rest.is_empty() && is_read).then(|| Self::Postgres(Secret::new(text.to_owned())))
    }
}

/// The address without its password.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (rest, query) = match rest.split_once('?') {
        // A password may stand in the parameters as well.
        Some((rest, query)) if query.contains("password") => (rest, "?…".to_owned()),
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (rest, String::new()),
    };
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{user}:********@{host}")
        }
        None => rest.to_owned(),
    };
    format!("{scheme}://{rest}{query}")
}

/// Gives out values by key. A value that cannot be read is noted and replaced by the default.
pub(super) struct Reader {
    gathered: Gathered,
    data_dir: String,
}

impl Reader {
    pub(super) fn new(gathered: Gathered) -> Self {
        let mut reader = Self {
            gathered,
            data_dir: String::new(),
        };
        reader.data_dir = reader.text("data_dir");
        while reader.data_dir.len() > 1 && reader.data_dir.ends_with('/') {
            reader.data_dir.pop();
        }
        reader
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        PathBuf::from(&self.data_dir)
    }

    /// What counts, in the order of the documents, and what is wrong.
    pub(super) fn finish(self) -> (Vec<(&'static Setting, Said)>, Vec<ConfigError>) {
        let said = super::SETTINGS
            .iter()
            .map(|setting| (setting, self.said(setting)))
            .collect();
        (said, self.gathered.errors)
    }

    fn said(&self, setting: &Setting) -> Said {
        self.gathered
            .said
            .get(setting.key)
            .cloned()
            .unwrap_or_else(|| Said {
                value: setting.default.replace("{data_dir}", &self.data_dir),
                origin: Origin::Default,
            })
    }

    /// Reads a value; `None` from `read` means that it is not allowed.
    fn value<T>(&mut self, key: &str, read: impl Fn(Shape, &str) -> Option<T>) -> T {
        let setting = Setting::find(key).expect("the code asks for settings of the table only");
        let said = self.said(setting);
        if let Some(value) = read(setting.shape, said.value.trim()) {
            return value;
        }
        let default = setting.default.replace("{data_dir}", &self.data_dir);
        let value = match setting.shape.is_secret() {
            true => "(ein Geheimnis)".to_owned(),
            false => format!("{:?}", said.value),
        };
        self.gathered.errors.push(ConfigError::Value {
            name: key.to_owned(),
            value,
            origin: said.origin,
            allowed: setting.shape.german(),
        });
        read(setting.shape, &default).expect("every default is allowed")
    }

    pub(super) fn missing(&mut self, name: &'static str, because: &'static str) {
        self.gathered
            .errors
            .push(ConfigError::Missing { name, because });
    }

    pub(super) fn refuse(&mut self, key: &'static str, value: &str, allowed: &str) {
        let origin =
            Setting::find(key).map_or(Origin::Default, |setting| self.said(setting).origin);
        self.gathered.errors.push(ConfigError::Value {
            name: key.to_owned(),
            value: format!("{value:?}"),
            origin,
            allowed: allowed.to_owned(),
        });
    }

    pub(super) fn text(&mut self, key: &str) -> String {
        self.value(key, |shape, text| {
            let fits = match shape {
                Shape::Text { chars_max } => text.chars().count() <= chars_max,
                Shape::OneOf(words) => words.contains(&text),
                Shape::Path => !text.is_empty(),
                Shape::Url => {
                    let rest = text
                        .strip_prefix("https://")
                        .or_else(|| text.strip_prefix("http://"));
                    text.is_empty() || rest.is_some_and(|rest| !rest.is_empty())
                }
                Shape::Listen
                | Shape::Addresses
                | Shape::Networks
                | Shape::Ports
                | Shape::Classes
                | Shape::GroupRoles
                | Shape::SerialNumbers
                | Shape::Count { .. }
                | Shape::Bytes { .. }
                | Shape::Secret
                | Shape::Database
                | Shape::Clamd
                | Shape::Flag => false,
            };
            (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
        })
    }

    pub(super) fn path(&mut self, key: &str) -> PathBuf {
        PathBuf::from(self.text(key))
    }

    pub(super) fn number(&mut self, key: &str) -> u64 {
        self.value(key, |shape, text| match shape {
            Shape::Count { min, max } => digits(text).filter(|number| (min..=max).contains(number)),
            Shape::Bytes { min, max } => bytes(text).filter(|number| (min..=max).contains(number)),
            Shape::Path
            | Shape::Listen
            | Shape::Url
            | Shape::Addresses
            | Shape::Networks
            | Shape::Ports
            | Shape::Classes
            | Shape::GroupRoles
            | Shape::SerialNumbers
            | Shape::Text { .. }
            | Shape::Secret
            | Shape::Database
            | Shape::Clamd
            | Shape::OneOf(_)
            | Shape::Flag => None,
        })
    }

    /// A number whose largest value in the table fits.
    pub(super) fn small<T: TryFrom<u64>>(&mut self, key: &str) -> T {
        T::try_from(self.number(key))
            .ok()
            .expect("the largest value of the table fits its type")
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.value(key, |_, text| text.parse().ok())
    }

    pub(super) fn listen(&mut self, key: &str) -> SocketAddr {
        self.value(key, |_, text| text.parse().ok())
    }

    pub(super) fn addresses(&mut self, key: &str) -> Vec<IpAddr> {
        self.list(key, |address| address.parse().ok())
    }

    pub(super) fn networks(&mut self, key: &str) -> Vec<Network> {
        self.list(key, Network::parse)
    }

    pub(super) fn ports(&mut self, key: &str) -> Vec<Ports> {
        self.list(key, Ports::parse)
    }

    pub(super) fn serial_shapes(&mut self, key: &str) -> Vec<SerialShape> {
        self.list(key, SerialShape::parse)
    }

    pub(super) fn access_log(&mut self, key: &str) -> AccessLog {
        self.value(key, |_, text| AccessLog::parse(text))
    }

    /// Names of groups may hold commas.
    pub(super) fn group_roles(&mut self, key: &str) -> Vec<GroupRole> {
        self.split(key, ';', GroupRole::parse)
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        self.split(key, ',', read)
    }

    fn split<T>(&mut self, key: &str, at: char, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        self.value(key, |_, text| {
            text.split(at)
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(&read)
                .collect()
        })
    }

    pub(super) fn secret(&mut self, key: &str) -> Secret {
        self.value(key, |_, text| Some(Secret::new(text.to_owned())))
    }

    /// Passwords, one in a line.
    pub(super) fn passwords(&mut self, key: &str) -> Passwords {
        self.value(key, |_, text| {
            let lines = text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty());
            let all: Option<Vec<Password>> = lines.map(Password::new).collect();
            let all = all.filter(|all| all.len() <= PASSWORDS_TRIED_MAX)?;
            Some(Passwords::of(all))
        })
    }

    /// Where clamd listens; nothing where it is not said.
    pub(super) fn clamd(&mut self, key: &str) -> Option<Clamd> {
        self.value(key, |_, text| {
            if text.is_empty() {
                Some(None)
            } else {
                Clamd::parse(text).map(Some)
            }
        })
    }

    pub(super) fn database(&mut self, key: &str) -> DatabaseUrl {
        self.value(key, |_, text| DatabaseUrl::parse(text))
    }
}

fn digits(text: &str) -> Option<u64> {
    text.replace('_', "").parse().ok()
}

/// `1048576`, `1 MiB`, `1MiB`, `1M`: powers of 1024 with or without `iB`.
fn bytes(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '_'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return None,
    };
    digits(number)?.checked_mul(factor)
}
