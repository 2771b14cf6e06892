//! Finds the signatures of a file: in every revision, so that one that was taken away is found too.

use std::collections::{BTreeMap, BTreeSet};

use crate::structure::{Broken, Dictionary, Id, Object, Pdf, View};

use super::SIGNATURES_MAX;
use super::fields::{Fields, Locked, text};
use super::model::{Change, Reason};
use super::range::Signed;

/// A signature as it was found.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) field: String,
    pub(super) entries: Dictionary,
    pub(super) sub_filter: String,
    /// What speaks against it before anything is computed.
    pub(super) reasons: Vec<Reason>,
    pub(super) signed: Option<Signed>,
    /// The revision that was signed, beginning with 0.
    pub(super) revision: Option<usize>,
    /// What it allows of later changes.
    pub(super) permits: Option<u8>,
    pub(super) certifies: bool,
    pub(super) locked: Vec<Locked>,
}

/// All signatures of a file, in the order in which they were made, and what later revisions changed.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) candidates: Vec<Candidate>,
    /// By revision; those before the first signature are empty.
    pub(super) changes: Vec<Result<Vec<Change>, Broken>>,
    pub(super) encrypted: bool,
}

/// A signature, while the revisions are walked.
struct Found {
    field: String,
    first: usize,
    object: Object,
    lock: Option<Object>,
    fields: BTreeSet<Id>,
}

impl Gathered {
    pub(super) fn from(pdf: &Pdf<'_>) -> Result<Self, Reason> {
        let broken = |_broken: Broken| Reason::StructureNotUnderstood;
        let mut found: Vec<(Option<Id>, Found)> = Vec::new();
        for revision in 0..pdf.revisions.len() {
            let view = pdf.view(revision);
            let fields = Fields::read(view).map_err(broken)?;
            for (field_id, field, value) in fields.signed(view) {
                let id = value.reference();
                let known = found
                    .iter_mut()
                    .find(|(one, known)| *one == id && (id.is_some() || known.object == *value));
                if let Some((_, known)) = known {
                    known.fields.insert(field_id);
                    continue;
                }
                if found.len() >= SIGNATURES_MAX {
                    return Err(Reason::LimitReached);
                }
                let one = Found {
                    field: field.name.clone(),
                    first: revision,
                    object: value.clone(),
                    lock: field.entries.get("Lock").cloned(),
                    fields: BTreeSet::from([field_id]),
                };
                found.push((id, one));
            }
        }
        let newest = pdf.newest();
        let shown = Fields::read(newest).map_err(broken)?;
        let shown: BTreeMap<Id, usize> = shown
            .signed(newest)
            .filter_map(|(_, _, value)| value.reference())
            .fold(BTreeMap::new(), |mut all, id| {
                *all.entry(id).or_default() += 1;
                all
            });
        let mut candidates = Vec::new();
        for (id, one) in found {
            let times = id.map_or(1, |id| shown.get(&id).copied().unwrap_or(0));
            candidates.push(Candidate::of(pdf, id, one, times).map_err(broken)?);
        }
        candidates.sort_by_key(|one| one.signed.as_ref().map(|signed| signed.after.end));
        let first = candidates.iter().filter_map(|one| one.revision).min();
        let changes = (0..pdf.revisions.len()).map(|revision| {
            if first.is_none_or(|first| revision <= first) {
                Ok(Vec::new())
            } else {
                super::changes::of_revision(pdf, revision)
            }
        });
        Ok(Self {
            changes: changes.collect(),
            candidates,
            encrypted: newest.trailer().has("Encrypt"),
        })
    }
}

impl Candidate {
    fn of(pdf: &Pdf<'_>, id: Option<Id>, found: Found, shown: usize) -> Result<Self, Broken> {
        let view = pdf.view(found.first);
        let object = view.resolve(&found.object)?;
        let entries = object.dictionary().cloned().unwrap_or_default();
        let sub_filter = view.value(&entries, "SubFilter")?;
        let sub_filter = text(sub_filter.name().unwrap_or_default());
        let mut one = Self {
            field: found.field,
            sub_filter,
            reasons: Vec::new(),
            signed: None,
            revision: None,
            permits: None,
            certifies: false,
            locked: Vec::new(),
            entries,
        };
        one.permissions(view, found.lock.as_ref())?;
        if shown == 0 {
            one.reasons.push(Reason::SignatureRemoved);
        }
        if shown > 1 || found.fields.len() > 1 {
            one.reasons.push(Reason::SignatureShared);
        }
        let Some(id) = id else {
            one.reasons.push(Reason::ContentsInvalid);
            return Ok(one);
        };
        match Signed::read(view, id) {
            Err(reason) => one.reasons.push(reason),
            Ok(signed) => {
                one.revision = signed.revision(view);
                match one.revision {
                    None => one.reasons.push(Reason::CoverageIncomplete),
                    Some(revision) if revision != found.first => {
                        one.reasons.push(Reason::NotInSignedRevision);
                    }
                    Some(_) => {}
                }
                one.signed = Some(signed);
            }
        }
        // The signature that is shown now is the one that was made then.
        let now = pdf.newest().get(id)?;
        if shown > 0 && !view.same(&object, &now) {
            one.reasons.push(Reason::ChangedSignatureField);
        }
        Ok(one)
    }

    /// What the signer says of later changes: DocMDP, FieldMDP, and the lock of the field.
    fn permissions(&mut self, view: View<'_>, lock: Option<&Object>) -> Result<(), Broken> {
        let permits = |parameters: &Dictionary| -> Result<u8, Broken> {
            let level = view.value(parameters, "P")?;
            // What cannot be told allows nothing.
            Ok(match level.integer() {
                None if level.is_null() => 2,
                Some(level @ 1..=3) => u8::try_from(level).unwrap_or(1),
                _ => 1,
            })
        };
        let references = view.value(&self.entries, "Reference")?;
        for reference in references.array().unwrap_or_default() {
            let reference = view.dictionary(reference)?.unwrap_or_default();
            let method = view.value(&reference, "TransformMethod")?;
            let parameters = view.value(&reference, "TransformParams")?;
            let parameters = parameters.dictionary().cloned().unwrap_or_default();
            match method.name() {
                Some(b"DocMDP") => {
                    self.certifies = true;
                    let level = permits(&parameters)?;
                    self.permits = Some(self.permits.map_or(level, |known| known.min(level)));
                }
                Some(b"FieldMDP") => self.locked.push(Locked::read(view, &parameters)?),
                _ => {}
            }
        }
        if let Some(lock) = lock
            && let Some(lock) = view.dictionary(lock)?
        {
            self.locked.push(Locked::read(view, &lock)?);
            if lock.has("P") {
                let level = permits(&lock)?;
                self.permits = Some(self.permits.map_or(level, |known| known.min(level)));
            }
        }
        Ok(())
    }

    pub(super) fn is_timestamp(&self) -> bool {
        self.sub_filter == "ETSI.RFC3161"
    }
}
