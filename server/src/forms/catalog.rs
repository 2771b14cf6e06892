//! Which forms there are. Templates are read from the disk when the program starts, and never again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use paper::forms::{SHIPPED, TEMPLATE_BYTES_MAX, Template};

use super::model::{FORMS_MAX, FormsError};
use crate::config;

/// A template, as it was read.
#[derive(Debug)]
pub struct Form {
    /// What it says.
    pub template: Template,
    /// Its bytes.
    pub source: Vec<u8>,
    /// How it is called on the disk.
    pub name: String,
}

/// Reads a template from the disk.
///
/// # Errors
/// Where it cannot be read, or is wrong.
pub fn read(path: &Path) -> Result<Form, FormsError> {
    use std::io::Read as _;
    let unreadable = |source| FormsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let opened = std::fs::File::open(path).map_err(unreadable)?;
    let mut source = Vec::new();
    // One byte more than it may have: then it is refused for its length.
    let mut limited = opened.take(TEMPLATE_BYTES_MAX + 1);
    limited.read_to_end(&mut source).map_err(unreadable)?;
    form(path.display().to_string(), source)
}

fn form(name: String, source: Vec<u8>) -> Result<Form, FormsError> {
    match Template::read(&source) {
        Ok(template) => Ok(Form {
            template,
            source,
            name,
        }),
        Err(complaints) => Err(FormsError::Wrong { name, complaints }),
    }
}

/// All forms that there are.
#[derive(Debug, Clone)]
pub struct Forms {
    /// Who issues them.
    pub(crate) town: String,
    /// By id and version.
    all: BTreeMap<(String, u32), Arc<Form>>,
}

impl Forms {
    /// Those that come with the program, and those of the folder that the settings name.
    ///
    /// # Errors
    /// Where one of them cannot be read, is wrong, or is there twice.
    pub fn open(config: &config::Forms) -> Result<Self, FormsError> {
        let mut forms = Self {
            town: config.town.clone(),
            all: BTreeMap::new(),
        };
        for (name, source) in SHIPPED {
            forms.add(form(name.to_owned(), source.to_vec())?)?;
        }
        for path in templates(config.folder.as_deref())? {
            forms.add(read(&path)?)?;
        }
        Ok(forms)
    }

    fn add(&mut self, form: Form) -> Result<(), FormsError> {
        let (id, version) = (form.template.id.clone(), form.template.version);
        let key = (id, version);
        match self.all.get(&key) {
            // Whoever copies a template of the program into the folder has changed nothing.
            Some(before) if before.template.sha256 == form.template.sha256 => Ok(()),
            Some(before) => Err(FormsError::Twice {
                first: before.name.clone(),
                second: form.name,
                id: key.0,
                version: key.1,
            }),
            None => {
                self.all.insert(key, Arc::new(form));
                Ok(())
            }
        }
    }

    /// All of them, by id and version.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Form>> {
        self.all.values()
    }

    /// The newest version of each, by id.
    #[must_use]
    pub fn newest(&self) -> Vec<&Arc<Form>> {
        let mut newest: BTreeMap<&str, &Arc<Form>> = BTreeMap::new();
        for form in self.all.values() {
            newest.insert(&form.template.id, form);
        }
        newest.into_values().collect()
    }

    /// The versions of a form, oldest first.
    #[must_use]
    pub fn versions(&self, id: &str) -> Vec<u32> {
        let of_form = self.all.keys().filter(|(one, _)| one == id);
        of_form.map(|(_, version)| *version).collect()
    }

    /// A form: in this version, or in the newest.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(&self, id: &str, version: Option<u32>) -> Result<Arc<Form>, FormsError> {
        let version = version.or_else(|| self.versions(id).pop());
        let version = version.ok_or(FormsError::NotFound)?;
        let found = self.all.get(&(id.to_owned(), version));
        found.cloned().ok_or(FormsError::NotFound)
    }
}

/// The templates in a folder, by name.
fn templates(folder: Option<&Path>) -> Result<Vec<PathBuf>, FormsError> {
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    let unreadable = |source| FormsError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
        if found.len() > FORMS_MAX {
            let path = folder.to_owned();
            return Err(FormsError::TooMany { path });
        }
    }
    found.sort();
    Ok(found)
}
