//! Keys of domains, as they are held in memory.

use std::collections::BTreeMap;

use crate::key_file::KeyFileError;
use crate::keys::{DataKey, KeyDomain, KeyError};

/// A wrapping key.
#[derive(Clone)]
pub(crate) struct Kek {
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) created: String,
    pub(crate) key: DataKey,
}

/// The wrapping keys by their domains, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Ring(pub(crate) BTreeMap<KeyDomain, Vec<Kek>>);

impl Ring {
    /// The key that wraps for this domain.
    pub(crate) fn active(&self, domain: &KeyDomain) -> Result<&Kek, KeyError> {
        let keys = self.of(domain)?;
        keys.iter()
            .find(|kek| kek.active)
            .ok_or_else(|| unknown(domain))
    }

    /// The key of this domain and id.
    pub(crate) fn kek(&self, domain: &KeyDomain, id: &str) -> Result<&Kek, KeyError> {
        let keys = self.of(domain)?;
        keys.iter()
            .find(|kek| kek.id == id)
            .ok_or_else(|| KeyError::MissingKek {
                domain: domain.clone(),
                kek: id.into(),
            })
    }

    fn of(&self, domain: &KeyDomain) -> Result<&Vec<Kek>, KeyError> {
        self.0.get(domain).ok_or_else(|| unknown(domain))
    }

    /// The ids of the keys of a domain, oldest first.
    pub(crate) fn ids(&self, domain: &KeyDomain) -> Vec<String> {
        let keys = self.0.get(domain).into_iter().flatten();
        keys.map(|kek| kek.id.clone()).collect()
    }

    /// Makes this the key that wraps for the domain; those before it read on.
    pub(crate) fn activate(&mut self, domain: &KeyDomain, new: Kek) {
        let keys = self.0.entry(domain.clone()).or_default();
        for kek in keys.iter_mut() {
            kek.active = false;
        }
        keys.push(new);
    }

    /// Takes a key away that is not active.
    pub(crate) fn take(&mut self, domain: &KeyDomain, id: &str) -> Result<(), KeyError> {
        if self.kek(domain, id)?.active {
            let active = KeyFileError::ActiveKey {
                domain: domain.clone(),
                id: id.into(),
            };
            return Err(active.into());
        }
        if let Some(keys) = self.0.get_mut(domain) {
            keys.retain(|kek| kek.id != id);
        }
        Ok(())
    }

    /// Takes over the domains that are not known here.
    pub(crate) fn adopt(&mut self, found: Self) {
        for (domain, keys) in found.0 {
            self.0.entry(domain).or_insert(keys);
        }
    }
}

fn unknown(domain: &KeyDomain) -> KeyError {
    KeyError::UnknownDomain {
        domain: domain.clone(),
    }
}
