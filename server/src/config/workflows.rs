//! Workflows, as settings name them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::read::Reader;
use crate::base::CivilDate;

/// Workflows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workflows {
    /// The folder with the town's own definitions: what the command line checks.
    pub folder: Option<PathBuf>,
    /// Whether the definitions of the program are offered.
    pub shipped: bool,
    /// Days that are no working days, besides weekends and the holidays of the state.
    pub free_days: Vec<CivilDate>,
    /// The folder into which exports are written.
    pub export_folder: Option<PathBuf>,
    /// The logins of the applications to which exports are handed over, by target.
    pub export_webhooks: BTreeMap<String, String>,
}

pub(super) fn read(reader: &mut Reader) -> Workflows {
    const FREE: &str = "workflows.free_days";
    let folder = |text: String| (!text.is_empty()).then(|| PathBuf::from(text));
    let said = reader.text(FREE);
    let mut free_days = Vec::new();
    for one in said.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        match CivilDate::parse(one) {
            Some(day) => free_days.push(day),
            None => reader.refuse(FREE, one, "Tage wie 2026-12-24, durch Kommas getrennt"),
        }
    }
    const WEBHOOKS: &str = "workflows.export_webhooks";
    let said = reader.text(WEBHOOKS);
    let mut export_webhooks: BTreeMap<String, String> = BTreeMap::new();
    for one in said.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let named = one
            .split_once('=')
            .map(|(to, login)| (to.trim(), login.trim()));
        match named.filter(|(to, login)| !to.is_empty() && !login.is_empty()) {
            Some((to, login)) if !export_webhooks.contains_key(to) => {
                export_webhooks.insert(to.to_owned(), login.to_owned());
            }
            Some(_) | None => reader.refuse(
                WEBHOOKS,
                one,
                "Ziele mit je einer Anmeldung wie finance=finanzverfahren, durch Kommas getrennt",
            ),
        }
    }
    Workflows {
        folder: folder(reader.text("workflows.folder")),
        shipped: reader.flag("workflows.shipped"),
        free_days,
        export_folder: folder(reader.text("workflows.export_folder")),
        export_webhooks,
    }
}
