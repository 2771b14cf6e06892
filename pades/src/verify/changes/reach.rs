//! What an earlier revision shows, followed from its catalogue.

use std::collections::{BTreeMap, BTreeSet};

use crate::structure::{Broken, Dictionary, Id, Object, View};

use super::super::fields::{Fields, form};
use super::super::model::Reason;

/// Pages of one file.
const PAGES_MAX: usize = 200_000;
/// Objects that are followed.
const OBJECTS_MAX: usize = 2_000_000;

/// Entries of a field that filling it in may change.
pub(super) const FILLED: [&str; 5] = ["V", "AP", "AS", "I", "RV"];

/// Entries that mean a page, a field or the catalogue as what it is. By any other it is shown as something else, such as the
/// list of pictures of a page, and then rules of its own would let the page be changed.
const AS_SUCH: [&str; 11] = [
    "P", "Pg", "Parent", "Obj", "T", "AN", "TA", "IRT", "Popup", "Pages", "Data",
];

/// The objects of a revision, by what may happen to them.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Nothing may.
    pub(super) fixed: BTreeSet<Id>,
    /// Of those that are pages or what lies above them, and what it is called if it changes.
    pub(super) pages: BTreeMap<Id, Reason>,
    /// What fields show that may be filled in, and which fields.
    pub(super) loose: BTreeMap<Id, BTreeSet<String>>,
    /// The pages in order.
    pub(super) leaves: Vec<Id>,
    /// What has rules of its own and is not followed.
    apart: BTreeSet<Id>,
    /// How often something was found to be loose.
    loosened: usize,
}

impl Reached {
    pub(super) fn from(view: View<'_>, fields: &Fields) -> Result<Self, Broken> {
        let mut reached = Self::default();
        let catalogue = view.catalogue()?;
        reached.apart.insert(view.root()?);
        reached.apart.extend(fields.all.keys());
        if let Some(pages) = catalogue.get("Pages") {
            reached.tree(view, pages)?;
        }
        for (key, value) in &catalogue.0 {
            // These four have rules of their own.
            if !matches!(
                key.as_slice(),
                b"AcroForm" | b"DSS" | b"Metadata" | b"Extensions"
            ) {
                reached.follow(view, Some(key), value)?;
            }
        }
        for (key, value) in &view.trailer().0 {
            if !matches!(key.as_slice(), b"Root" | b"Info") {
                reached.follow(view, Some(key), value)?;
            }
        }
        // What objects lie in says what they are.
        for stream in view.object_streams() {
            reached.follow(view, None, &Object::Reference(stream))?;
        }
        for leaf in reached.leaves.clone() {
            let page = view.get(leaf)?;
            let Some(entries) = page.dictionary() else {
                continue;
            };
            reached.entries(view, entries, &["Annots"])?;
            // Annotations stay as they are, but for those that are fields.
            let annotations = view.value(entries, "Annots")?;
            for one in annotations.array().unwrap_or_default() {
                reached.follow(view, None, one)?;
            }
        }
        reached.form(view, fields)?;
        reached.store(view, &catalogue)?;
        Ok(reached)
    }

    /// Whether an object may not change. Programs do not mind generations much, so none counts here.
    pub(super) fn is_fixed(&self, id: Id) -> bool {
        let of = |generation| Id { generation, ..id };
        let mut all = self.fixed.range(of(0)..=of(u16::MAX));
        all.next().is_some()
    }

    /// The tree of pages: what lies above them is fixed, they themselves are compared by their keys.
    fn tree(&mut self, view: View<'_>, root: &Object) -> Result<(), Broken> {
        let mut open = vec![root.clone()];
        let (mut seen, mut nodes) = (BTreeSet::new(), Vec::new());
        while let Some(next) = open.pop() {
            let id = next
                .reference()
                .ok_or(Broken::new(0, "a page that is no object of its own"))?;
            if !seen.insert(id) || seen.len() > PAGES_MAX {
                return Err(Broken::new(0, "pages that go round"));
            }
            self.pages.insert(id, Reason::ChangedPages);
            let node = view.get(id)?;
            if matches!(&*node, Object::Stream(..)) {
                return Err(Broken::new(0, "a page that is a stream"));
            }
            let Some(entries) = node.dictionary() else {
                // A page that is not there may not come to be.
                self.fixed.insert(id);
                continue;
            };
            if let Some(kids) = entries.get("Kids") {
                nodes.push(entries.clone());
                let list = view.resolve(kids)?;
                if let Some(list_id) = kids.reference() {
                    self.pages.insert(list_id, Reason::ChangedPages);
                }
                open.extend(list.array().unwrap_or_default().iter().rev().cloned());
            } else {
                self.apart.insert(id);
                self.leaves.push(id);
            }
        }
        // What pages inherit: followed when it is known which objects are pages.
        self.follow(view, Some(b"Pages"), root)?;
        for entries in nodes {
            self.entries(view, &entries, &[])?;
        }
        Ok(())
    }

    /// Fixes all that is reached from here; `key` is that of the entry that holds the object.
    fn follow(
        &mut self,
        view: View<'_>,
        key: Option<&[u8]>,
        object: &Object,
    ) -> Result<(), Broken> {
        let mut open = Vec::new();
        object.named_references(key, &mut |id, key| open.push((id, is_otherwise(key))));
        while let Some((id, otherwise)) = open.pop() {
            let apart = self.apart.contains(&id) && !otherwise;
            if apart || !self.fixed.insert(id) {
                continue;
            }
            if self.fixed.len() > OBJECTS_MAX {
                return Err(Broken::new(0, "too many objects"));
            }
            let object = view.get(id)?;
            object.named_references(None, &mut |id, key| open.push((id, is_otherwise(key))));
        }
        Ok(())
    }

    fn entries(
        &mut self,
        view: View<'_>,
        entries: &Dictionary,
        but: &[&str],
    ) -> Result<(), Broken> {
        for (key, value) in &entries.0 {
            if !but.iter().any(|one| one.as_bytes() == key) {
                self.follow(view, Some(key), value)?;
            }
        }
        Ok(())
    }

    fn form(&mut self, view: View<'_>, fields: &Fields) -> Result<(), Broken> {
        if let Some(form) = form(view)? {
            self.entries(view, &form, &["Fields", "DR"])?;
            // What fields are written with may become more: its lists grow, what is in them stays.
            let resources = view.value(&form, "DR")?;
            for list in resources.dictionary().iter().flat_map(|all| all.0.values()) {
                let list = view.resolve(list)?;
                self.follow(view, None, &list)?;
            }
        }
        for id in &fields.order {
            let Some(field) = fields.all.get(id) else {
                continue;
            };
            let is_signed = field.is_signature() && signed(view, field.value.as_ref())?;
            let mut but = vec!["Parent", "Kids", "P"];
            if !is_signed {
                but.extend(FILLED);
            }
            self.entries(view, &field.entries, &but)?;
        }
        // Only now is it known what is fixed: all else that a field shows may be filled in.
        for id in &fields.order {
            let Some(field) = fields.all.get(id) else {
                continue;
            };
            for key in FILLED {
                if let Some(value) = field.entries.get(key) {
                    self.loosen(view, value, &field.name)?;
                }
            }
        }
        Ok(())
    }

    fn loosen(&mut self, view: View<'_>, object: &Object, name: &str) -> Result<(), Broken> {
        let mut open = Vec::new();
        object.references(&mut |id| open.push(id));
        while let Some(id) = open.pop() {
            let known = self.fixed.contains(&id) || self.apart.contains(&id);
            if known || !self.loose.entry(id).or_default().insert(name.to_owned()) {
                continue;
            }
            self.loosened += 1;
            if self.loosened > OBJECTS_MAX {
                return Err(Broken::new(0, "too many objects"));
            }
            view.get(id)?.references(&mut |id| open.push(id));
        }
        Ok(())
    }

    /// Validation data stays; its lists grow.
    fn store(&mut self, view: View<'_>, catalogue: &Dictionary) -> Result<(), Broken> {
        let store = view.value(catalogue, "DSS")?;
        let Some(entries) = store.dictionary() else {
            return Ok(());
        };
        let mut lists = vec![entries.clone()];
        let vri = view.value(entries, "VRI")?;
        if let Some(vri) = vri.dictionary() {
            for one in vri.0.values() {
                lists.extend(view.dictionary(one)?);
            }
        }
        for one in lists {
            for (key, list) in &one.0 {
                if key == b"VRI" {
                    continue;
                }
                let list = view.resolve(list)?;
                for item in list.array().unwrap_or_default() {
                    self.follow(view, None, item)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether an entry with this key, or an item of a list, may mean a page or a field as something else.
fn is_otherwise(key: Option<&[u8]>) -> bool {
    key.is_some_and(|key| !AS_SUCH.iter().any(|one| one.as_bytes() == key))
}

/// Whether a value of a signature field is there.
pub(super) fn signed(view: View<'_>, value: Option<&Object>) -> Result<bool, Broken> {
    match value {
        Some(value) => Ok(!view.resolve(value)?.is_null()),
        None => Ok(false),
    }
}
