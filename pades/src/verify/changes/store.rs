//! Validation data: it may grow.

use crate::structure::{Broken, Dictionary, Object};

use super::super::model::Reason;
use super::{Step, different};

/// The lists of a store, and of the part of it that belongs to one signature.
const LISTS: [&str; 6] = ["Certs", "CRLs", "OCSPs", "Cert", "CRL", "OCSP"];

impl Step<'_> {
    pub(super) fn store(&mut self) -> Result<(), Broken> {
        let (old, new) = (self.old.catalogue()?, self.new.catalogue()?);
        self.judged
            .extend(old.get("DSS").and_then(Object::reference));
        let (old, new) = (self.old.value(&old, "DSS")?, self.new.value(&new, "DSS")?);
        let Some(after) = new.dictionary() else {
            if !old.is_null() || !new.is_null() {
                self.say(Reason::ChangedValidationData, None);
            }
            return Ok(());
        };
        let none = Dictionary::default();
        let before = old.dictionary().unwrap_or(&none);
        let (mut grown, mut fine) = (false, true);
        self.lists(before, after, (&mut grown, &mut fine))?;
        let (old, new) = (
            self.old.value(before, "VRI")?,
            self.new.value(after, "VRI")?,
        );
        self.judged
            .extend(before.get("VRI").and_then(Object::reference));
        let (old, new) = (
            old.dictionary().unwrap_or(&none),
            new.dictionary().unwrap_or(&none),
        );
        for (key, value) in &new.0 {
            let known = old.0.get(key);
            self.judged.extend(known.and_then(Object::reference));
            let known = match known {
                Some(known) => self.old.dictionary(known)?,
                None => None,
            };
            let value = self.new.dictionary(value)?;
            let (known, value) = (known.unwrap_or_default(), value.unwrap_or_default());
            self.lists(&known, &value, (&mut grown, &mut fine))?;
        }
        if !fine {
            self.say(Reason::ChangedValidationData, None);
        } else if grown {
            self.say(Reason::LaterValidationData, None);
        }
        Ok(())
    }

    /// Whether a list holds the same again under another number.
    fn among(&self, one: &Object, after: &[Object]) -> Result<bool, Broken> {
        let one = self.old.resolve(one)?;
        for other in after {
            if self.new.same(&one, &*self.new.resolve(other)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether each list holds what it held.
    fn lists(
        &mut self,
        old: &Dictionary,
        new: &Dictionary,
        (grown, fine): (&mut bool, &mut bool),
    ) -> Result<(), Broken> {
        for key in different(old, new) {
            let key = String::from_utf8_lossy(&key).into_owned();
            let known = LISTS.contains(&key.as_str())
                || matches!(key.as_str(), "VRI" | "Type" | "TU" | "TS");
            *fine &= known;
        }
        for key in LISTS {
            self.judged.extend(old.get(key).and_then(Object::reference));
            let (before, after) = (self.old.value(old, key)?, self.new.value(new, key)?);
            let before = before.array().unwrap_or_default();
            let after = after.array().unwrap_or_default();
            for one in before {
                *fine &= after.contains(one) || self.among(one, after)?;
            }
            *grown |= after.len() > before.len();
        }
        Ok(())
    }
}
