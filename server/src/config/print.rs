//! Shows a configuration, and what can be configured.

use super::error::Origin;
use super::gather::Said;
use super::read::without_password;
use super::setting::{SETTINGS, Setting};
use super::shape::Shape;

/// One setting as it counts, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// The setting.
    pub key: &'static str,
    /// Its value; stars in place of a secret.
    pub value: String,
    /// Who said so.
    pub origin: String,
    /// Whether anyone said so at all.
    pub is_default: bool,
}

impl Shown {
    pub(super) fn new(setting: &'static Setting, said: Said) -> Self {
        let value = match setting.shape {
            Shape::Secret if said.value.is_empty() => String::new(),
            Shape::Secret => "********".to_owned(),
            Shape::Database => without_password(&said.value),
            Shape::Path
            | Shape::Listen
            | Shape::Clamd
            | Shape::Url
            | Shape::Addresses
            | Shape::Networks
            | Shape::Ports
            | Shape::Classes
            | Shape::GroupRoles
            | Shape::SerialNumbers
            | Shape::Count { .. }
            | Shape::Bytes { .. }
            | Shape::Text { .. }
            | Shape::OneOf(_)
            | Shape::Flag => said.value,
        };
        Self {
            key: setting.key,
            value,
            is_default: said.origin == Origin::Default,
            origin: said.origin.to_string(),
        }
    }
}

impl super::Config {
    /// The configuration as a TOML file, each line with where its value comes from. Secrets are
    /// stars.
    pub fn print(&self) -> String {
        let mut out = String::new();
        let mut section = "";
        for shown in self.shown() {
            let (of, name) = shown.key.split_once('.').unwrap_or(("", shown.key));
            if of != section {
                out.push_str(&format!("\n[{of}]\n"));
                section = of;
            }
            let value = serde_json::Value::from(shown.value.as_str());
            out.push_str(&format!("{name} = {value}  # {}\n", german(shown)));
        }
        out
    }
}

/// Who said so, for people.
fn german(shown: &Shown) -> &str {
    match shown.origin.as_str() {
        "default" => "Vorgabe",
        "command line" => "Befehlszeile",
        // The name of a variable, or the path of a file.
        other => other,
    }
}

/// The tables that `docs/configuration.md` must contain, word for word.
pub fn table() -> String {
    let mut out = String::new();
    let mut section = None;
    for setting in SETTINGS {
        let of = setting.key.split_once('.').map_or("", |(of, _)| of);
        if section != Some(of) {
            let title = match of {
                "" => "Above all sections".to_owned(),
                of => format!("`[{of}]`"),
            };
            out.push_str(&format!(
                "\n### {title}\n\n| setting | variable | default | allowed | meaning |\n| --- | --- | --- | --- | --- |\n"
            ));
            section = Some(of);
        }
        let default = match setting.default {
            "" => "(nothing)".to_owned(),
            default => format!("`{default}`"),
        };
        let file = match setting.shape.is_secret() {
            true => format!(" or `{}_FILE`", setting.variable()),
            false => String::new(),
        };
        out.push_str(&format!(
            "| `{}` | `{}`{file} | {default} | {} | {} |\n",
            setting.key,
            setting.variable(),
            setting.shape.allowed(),
            setting.help
        ));
    }
    out
}
