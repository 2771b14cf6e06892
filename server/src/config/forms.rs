//! Forms, as settings name them.

use std::path::PathBuf;

use super::read::Reader;

/// Forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms {
    /// The folder with the town's own templates, where there is one.
    pub folder: Option<PathBuf>,
    /// Who issues forms: stands at the head of each page.
    pub town: String,
}

pub(super) fn read(reader: &mut Reader) -> Forms {
    let folder = reader.text("forms.folder");
    Forms {
        folder: (!folder.is_empty()).then(|| PathBuf::from(folder)),
        town: reader.text("forms.town"),
    }
}
