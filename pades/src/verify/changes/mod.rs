//! What happened to a file from one revision to the next.
//!
//! Everything that an earlier revision shows is followed from its catalogue. What is reached must stay as it
//! is, but for a few places, each with rules of its own: fields of the form, annotations of pages, validation
//! data, metadata. What is not known to be harmless is a change.

mod form;
mod pages;
mod reach;
mod store;
mod words;

use std::collections::BTreeSet;

use crate::structure::{Broken, Dictionary, Id, Object, Pdf, View};

use super::fields::Fields;
use super::model::{Change, Reason};
use reach::Reached;
pub(super) use words::is_noted;

/// Changes that are told of one revision.
const CHANGES_MAX: usize = 100;

/// One revision against the one before.
pub(super) struct Step<'p> {
    old: View<'p>,
    new: View<'p>,
    old_fields: Fields,
    new_fields: Fields,
    changed: BTreeSet<Id>,
    reached: Reached,
    /// Objects that were compared where they have rules of their own.
    judged: BTreeSet<Id>,
    found: BTreeSet<Change>,
}

/// What a revision changed. An error: it cannot be told.
pub(super) fn of_revision(pdf: &Pdf<'_>, revision: usize) -> Result<Vec<Change>, Broken> {
    let Some(before) = revision.checked_sub(1) else {
        return Ok(Vec::new());
    };
    let (old, new) = (pdf.view(before), pdf.view(revision));
    if pdf.revisions.get(revision).is_some_and(|one| one.hybrid) {
        return Err(Broken::new(0, "a later revision with two tables"));
    }
    let old_fields = Fields::read(old)?;
    let reached = Reached::from(old, &old_fields)?;
    let mut step = Step {
        new_fields: Fields::read(new)?,
        changed: changed(old, new)?,
        judged: BTreeSet::new(),
        found: BTreeSet::new(),
        old,
        new,
        old_fields,
        reached,
    };
    step.judge()?;
    Ok(step.found.into_iter().collect())
}

/// The objects of which this revision says something else than the one before.
fn changed(old: View<'_>, new: View<'_>) -> Result<BTreeSet<Id>, Broken> {
    let mut changed = BTreeSet::new();
    let Some(revision) = new.pdf.revisions.get(new.revision) else {
        return Ok(changed);
    };
    for number in revision.entries.keys() {
        // An object lives on under its old generation or is another one: both are looked at.
        for id in [new.id_of(*number), old.id_of(*number)]
            .into_iter()
            .flatten()
        {
            let (before, after) = (old.get(id)?, new.get(id)?);
            if !new.same(&before, &after) {
                changed.insert(id);
            }
        }
    }
    Ok(changed)
}

impl Step<'_> {
    fn say(&mut self, reason: Reason, what: impl Into<Option<String>>) {
        let revision = u32::try_from(self.new.revision + 1).unwrap_or(u32::MAX);
        // Of many changes what they happened to is left out, never what they are.
        let what = what.into().filter(|_| self.found.len() < CHANGES_MAX);
        self.found.insert(Change {
            revision,
            reason,
            what,
        });
    }

    fn judge(&mut self) -> Result<(), Broken> {
        if let Some(at) = self.new.unaccounted()? {
            self.say(Reason::ChangedBytes, format!("{at}"));
        }
        self.trailer()?;
        self.catalogue()?;
        self.pages()?;
        self.form()?;
        self.store()?;
        self.rest()
    }

    fn trailer(&mut self) -> Result<(), Broken> {
        let (old, new) = (self.old.trailer(), self.new.trailer());
        // A catalogue that has another number is compared like any other.
        if old.get("Encrypt") != new.get("Encrypt") {
            self.say(Reason::ChangedCatalogue, "Encrypt".to_owned());
        }
        if !self.new.is_sized() {
            return Err(Broken::new(0, "objects beyond the size of the file"));
        }
        self.information()?;
        if let Some(id) = old.get("Info").and_then(Object::reference) {
            self.judged.insert(id);
        }
        Ok(())
    }

    fn catalogue(&mut self) -> Result<(), Broken> {
        self.judged.insert(self.old.root()?);
        let (old, new) = (self.old.catalogue()?, self.new.catalogue()?);
        for key in different(&old, &new) {
            let name = String::from_utf8_lossy(&key).into_owned();
            match key.as_slice() {
                b"AcroForm" | b"DSS" => {}
                b"Metadata" => self.metadata((&old, &new))?,
                b"Extensions" => {
                    let extensions = self.new.value(&new, "Extensions")?;
                    if !is_extensions(&extensions) {
                        self.say(Reason::ChangedCatalogue, name);
                    }
                }
                b"Version" if new.get("Version").is_some_and(|it| it.name().is_some()) => {}
                b"OpenAction" | b"AA" | b"URI" => self.say(Reason::ChangedScripts, name),
                b"Names" | b"Dests" | b"AF" | b"Collection" => {
                    self.say(Reason::ChangedNames, name);
                }
                b"Pages" => self.say(Reason::ChangedPages, name),
                _ => self.say(Reason::ChangedCatalogue, name),
            }
        }
        let metadata = old.get("Metadata").and_then(Object::reference);
        if let Some(id) = metadata.filter(|id| self.changed.contains(id)) {
            if old.get("Metadata") == new.get("Metadata") {
                self.metadata((&old, &new))?;
            }
            self.judged.insert(id);
        }
        if let Some(id) = old.get("Extensions").and_then(Object::reference)
            && self.changed.contains(&id)
        {
            self.judged.insert(id);
            if !is_extensions(&*self.new.get(id)?) {
                self.say(Reason::ChangedCatalogue, "Extensions".to_owned());
            }
        }
        Ok(())
    }

    fn metadata(&mut self, (old, new): (&Dictionary, &Dictionary)) -> Result<(), Broken> {
        let (before, metadata) = (
            self.old.value(old, "Metadata")?,
            self.new.value(new, "Metadata")?,
        );
        let is_metadata =
            matches!(&*metadata, Object::Stream(entries, _) if entries.is("Type", "Metadata"));
        let reason = if is_metadata || metadata.is_null() {
            Reason::MetadataChangedLater
        } else {
            Reason::ChangedCatalogue
        };
        let what = self.xmp(&before, &metadata);
        self.say(reason, what);
        Ok(())
    }

    /// What was changed and has no place of its own.
    fn rest(&mut self) -> Result<(), Broken> {
        let changed: Vec<Id> = self.changed.iter().copied().collect();
        for id in changed {
            let what = format!("{} {} R", id.number, id.generation);
            if self.reached.is_fixed(id) {
                let reason = self.reached.pages.get(&id).copied();
                self.say(reason.unwrap_or(Reason::ChangedObjects), what);
                continue;
            }
            if self.judged.contains(&id) {
                continue;
            }
            if let Some(fields) = self.reached.loose.get(&id).cloned() {
                for field in fields {
                    self.say(Reason::FormFilledLater, field);
                }
                continue;
            }
            let (old, new) = (self.old.get(id)?, self.new.get(id)?);
            // Nobody saw it before, or nobody needs it: it was followed from nowhere.
            if old.is_null() || new.is_null() || (is_references(&old) && is_references(&new)) {
                continue;
            }
            self.say(Reason::ChangedObjects, what);
        }
        Ok(())
    }
}

/// Whether an object is cross-references, which are read as such.
fn is_references(object: &Object) -> bool {
    matches!(object, Object::Stream(entries, _) if entries.is("Type", "XRef"))
}

/// The keys with different values.
fn different(old: &Dictionary, new: &Dictionary) -> BTreeSet<Vec<u8>> {
    let keys = old.keys().chain(new.keys()).map(<[u8]>::to_vec);
    let keys: BTreeSet<Vec<u8>> = keys.collect();
    keys.into_iter()
        .filter(|key| old.0.get(key) != new.0.get(key))
        .collect()
}

/// What a dictionary of extensions may hold: which of them the file uses, and nothing that is shown.
fn is_extensions(object: &Object) -> bool {
    const KEYS: [&[u8]; 6] = [
        b"Type",
        b"BaseVersion",
        b"ExtensionLevel",
        b"ExtensionRevision",
        b"URL",
        b"ADBE",
    ];
    fn plain(object: &Object, depth: usize) -> bool {
        match object {
            Object::Dictionary(entries) => {
                depth < 3 && entries.0.values().all(|value| plain(value, depth + 1))
            }
            Object::Array(items) => depth < 3 && items.iter().all(|item| plain(item, depth + 1)),
            Object::Name(_) | Object::Integer(_) | Object::String(_) => true,
            Object::Null
            | Object::Boolean(_)
            | Object::Real(_)
            | Object::Stream(..)
            | Object::Reference(_) => false,
        }
    }
    let Some(entries) = object.dictionary() else {
        return false;
    };
    let known = |entries: &Dictionary| {
        entries
            .keys()
            .all(|key| KEYS.contains(&key) || key.len() <= 8)
    };
    plain(object, 0) && known(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these objects, the first of which is the catalogue, and one of those that came later.
    pub(super) fn file<B: AsRef<[u8]> + Clone>(first: &[B], later: &[(u32, B)]) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let first: Vec<(u32, B)> = (1_u32..).zip(first.iter().cloned()).collect();
        let prev = revision(&mut bytes, &first, None);
        revision(&mut bytes, later, Some(prev));
        bytes
    }

    fn revision<B: AsRef<[u8]>>(
        bytes: &mut Vec<u8>,
        objects: &[(u32, B)],
        prev: Option<usize>,
    ) -> usize {
        let mut table = String::from("xref\n");
        for (number, body) in objects {
            table.push_str(&format!("{number} 1\n{:010} 00000 n \n", bytes.len()));
            bytes.extend(format!("{number} 0 obj\n").bytes());
            bytes.extend(body.as_ref());
            bytes.extend(b"\nendobj\n");
        }
        let prev = prev.map(|at| format!("/Prev {at}")).unwrap_or_default();
        let at = bytes.len();
        table.push_str(&format!(
            "trailer\n<< /Size 20 /Root 1 0 R {prev} >>\nstartxref\n{at}\n%%EOF\n"
        ));
        bytes.extend(table.bytes());
        at
    }

    pub(super) fn reasons(bytes: &[u8]) -> Vec<Reason> {
        let pdf = Pdf::read(bytes).expect("a file");
        let changes = of_revision(&pdf, 1).expect("changes");
        changes.into_iter().map(|change| change.reason).collect()
    }

    #[test]
    fn a_field_is_shown_otherwise_when_what_it_is_written_with_comes_to_be() {
        let field = "<< /FT /Tx /T (Betrag) /V (10) /DA (/Neu 12 Tf) /Rect [0 0 9 9] >>";
        let first = [
            "<< /Type /Catalog /Pages 2 0 R /AcroForm 3 0 R >>",
            "<< /Type /Pages /Kids [] /Count 0 >>",
            "<< /Fields [4 0 R] /DR << /Font << /Alt 5 0 R >> >> >>",
            field,
            "<< /Type /Font >>",
        ];
        let check = |form: &str, expected: &[Reason]| {
            let bytes = file(&first, &[(3, form), (6, "<< /Type /Font >>")]);
            assert_eq!(reasons(&bytes), expected, "{form}");
        };
        let fonts = |all: &str| format!("<< /Fields [4 0 R] /DR << /Font << {all} >> >> >>");
        check(&fonts("/Alt 5 0 R"), &[]);
        check(&fonts("/Alt 5 0 R /Anders 6 0 R"), &[]);
        check(&fonts("/Alt 5 0 R /Neu 6 0 R"), &[Reason::FormFilledLater]);
        check(
            &fonts("/Neu 6 0 R"),
            &[Reason::ChangedFields, Reason::FormFilledLater],
        );
        let written = "<< /Fields [4 0 R] /DA (/Alt 9 Tf) /DR << /Font << /Alt 5 0 R >> >> >>";
        check(written, &[Reason::FormFilledLater]);
    }

    #[test]
    fn a_place_to_sign_is_not_closed_unnoticed() {
        let field =
            |kind: &str, more: &str| format!("<< /FT /{kind} /T (Hier) /Rect [0 0 0 0] {more} >>");
        let check = |kind: &str, before: &str, after: &str, expected: &[Reason]| {
            let (old, new) = (field(kind, before), field(kind, after));
            let first = [
                "<< /Type /Catalog /Pages 2 0 R /AcroForm 3 0 R >>",
                "<< /Type /Pages /Kids [] /Count 0 >>",
                "<< /Fields [4 0 R] >>",
                &old,
            ];
            let bytes = file(&first, &[(4, &new)]);
            assert_eq!(reasons(&bytes), expected, "{kind} {after}");
        };
        let closed = [Reason::FormFilledLater];
        check("Sig", "", "/Ff 1", &closed);
        check("Tx", "", "/Ff 1", &closed);
        check("Sig", "/Ff 1", "/Ff 0", &[Reason::ChangedFields]);
        let signed = "/Ff 1 /V << /Type /Sig /ByteRange [0 1 2 1] /Contents <00> >>";
        check("Sig", "", signed, &[Reason::LaterSignature]);
    }
}
