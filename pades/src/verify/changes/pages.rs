//! Pages: nothing but their annotations may change, and those only as far as is known to be harmless.

use std::collections::BTreeSet;

use crate::structure::{Broken, Dictionary, Id, Object};

use super::super::model::Reason;
use super::{Step, different};

/// Annotations that say something about a page and carry no action.
const HARMLESS: [&str; 7] = [
    "Text",
    "Popup",
    "Highlight",
    "Underline",
    "StrikeOut",
    "Squiggly",
    "Caret",
];

impl Step<'_> {
    pub(super) fn pages(&mut self) -> Result<(), Broken> {
        for (place, leaf) in self.reached.leaves.clone().into_iter().enumerate() {
            let what = format!("{}", place + 1);
            self.judged.insert(leaf);
            let (old, new) = (self.old.get(leaf)?, self.new.get(leaf)?);
            let (Some(old), Some(new)) = (old.dictionary(), new.dictionary()) else {
                self.say(Reason::ChangedPages, what);
                continue;
            };
            for key in different(old, new) {
                match key.as_slice() {
                    b"Annots" => {}
                    b"AA" => self.say(Reason::ChangedScripts, what.clone()),
                    _ => self.say(Reason::ChangedPages, what.clone()),
                }
            }
            self.annotations(old, new, &what)?;
        }
        Ok(())
    }

    fn annotations(
        &mut self,
        old: &Dictionary,
        new: &Dictionary,
        what: &str,
    ) -> Result<(), Broken> {
        if let Some(list) = old.get("Annots").and_then(Object::reference) {
            // Where the list is reached by another way too, it stays fixed.
            self.judged.insert(list);
        }
        let before = self.old.value(old, "Annots")?;
        let after = self.new.value(new, "Annots")?;
        for list in [&before, &after] {
            if list.array().is_none() && !list.is_null() {
                return Err(Broken::new(0, "annotations that are no list"));
            }
        }
        let (before, after) = (
            before.array().unwrap_or_default(),
            after.array().unwrap_or_default(),
        );
        let mut rest = before.iter().peekable();
        let mut seen = BTreeSet::new();
        for one in after {
            if rest.next_if(|next| *next == one).is_some() {
                seen.extend(one.reference());
                continue;
            }
            let Some(id) = one.reference().filter(|id| seen.insert(*id)) else {
                self.say(Reason::ChangedAnnotations, what.to_owned());
                continue;
            };
            self.annotation(id, what)?;
        }
        if rest.next().is_some() {
            self.say(Reason::ChangedAnnotations, what.to_owned());
        }
        Ok(())
    }

    /// An annotation that was not on this page before.
    fn annotation(&mut self, id: Id, what: &str) -> Result<(), Broken> {
        // Where a field is shown is judged with the field; but one that was there does not move to another page.
        if self.new_fields.all.contains_key(&id) {
            if self.old_fields.all.contains_key(&id) && !self.may_show(id)? {
                self.say(Reason::ChangedFields, what.to_owned());
            }
            return Ok(());
        }
        let annotation = self.new.get(id)?;
        let harmless = annotation.dictionary().is_some_and(|entries| {
            let kind = entries.get("Subtype").and_then(Object::name);
            let kind = kind.unwrap_or_default();
            HARMLESS.iter().any(|one| one.as_bytes() == kind)
                && !entries.has("A")
                && !entries.has("AA")
        });
        let was_there = !self.old.get(id)?.is_null();
        let reason = if harmless && !was_there {
            Reason::AnnotatedLater
        } else {
            Reason::ChangedAnnotations
        };
        self.say(reason, what.to_owned());
        Ok(())
    }

    /// A field for a signature that was nowhere to be seen is shown when it is signed.
    fn may_show(&self, id: Id) -> Result<bool, Broken> {
        let Some(field) = self.old_fields.all.get(&id) else {
            return Ok(false);
        };
        let unsigned = !super::reach::signed(self.old, field.value.as_ref())?;
        Ok(field.is_signature() && unsigned && !self.old_fields.is_shown(self.old, id))
    }
}
