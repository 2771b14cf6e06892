//! The fields of a form, and which of them are signed.

use std::collections::{BTreeMap, BTreeSet};

use crate::structure::{Broken, DEPTH_MAX, Dictionary, Id, Object, View};

use super::certificate::clean;

/// Fields of one form.
pub(super) const FIELDS_MAX: usize = 100_000;

/// A field, or a place where one is shown.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) parent: Option<Id>,
    pub(super) entries: Dictionary,
    /// Its name with those above it.
    pub(super) name: String,
    /// What kind of field it is; it may come from above.
    pub(super) kind: Option<Vec<u8>>,
    /// Its value as it stands there; it may come from above.
    pub(super) value: Option<Object>,
    pub(super) flags: i64,
    /// It has a name of its own; else it is only a place where the one above is shown.
    pub(super) is_field: bool,
    /// Fields below it.
    pub(super) has_fields: bool,
}

impl Field {
    pub(super) fn is_signature(&self) -> bool {
        self.kind.as_deref() == Some(b"Sig")
    }
}

/// All fields of a form, as they lie in one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) all: BTreeMap<Id, Field>,
    /// In the order of the form.
    pub(super) order: Vec<Id>,
}

/// What a field has from those above it.
#[derive(Clone, Default)]
struct Above {
    id: Option<Id>,
    name: String,
    kind: Option<Vec<u8>>,
    value: Option<Object>,
    flags: i64,
}

/// The form of a file, where it has one.
pub(super) fn form(view: View<'_>) -> Result<Option<Dictionary>, Broken> {
    let catalogue = view.catalogue()?;
    let form = view.value(&catalogue, "AcroForm")?;
    Ok(form.dictionary().cloned())
}

impl Fields {
    pub(super) fn read(view: View<'_>) -> Result<Self, Broken> {
        let mut fields = Self::default();
        let Some(form) = form(view)? else {
            return Ok(fields);
        };
        let list = view.value(&form, "Fields")?;
        for item in list.array().unwrap_or_default() {
            fields.add(view, item, &Above::default(), 0)?;
        }
        Ok(fields)
    }

    fn add(
        &mut self,
        view: View<'_>,
        item: &Object,
        above: &Above,
        depth: usize,
    ) -> Result<(), Broken> {
        let wrong = |what| Broken::new(0, what);
        let id = item
            .reference()
            .ok_or(wrong("a field that is no object of its own"))?;
        if depth > DEPTH_MAX || self.all.len() >= FIELDS_MAX {
            return Err(wrong("too many fields"));
        }
        if self.all.contains_key(&id) {
            return Err(wrong("a field that stands in the form twice"));
        }
        let object = view.get(id)?;
        if matches!(&*object, Object::Stream(..)) {
            // Of a field the entries are compared; a stream could be shown by something else.
            return Err(wrong("a field that is a stream"));
        }
        let Some(entries) = object.dictionary().cloned() else {
            // A field that was taken away leaves such a hole behind.
            return Ok(());
        };
        let own = view.value(&entries, "T")?;
        let own = own.string().map(text);
        let name = match (&own, above.name.is_empty()) {
            (Some(own), true) => own.clone(),
            (Some(own), false) => format!("{}.{own}", above.name),
            (None, _) => above.name.clone(),
        };
        let kind = view.value(&entries, "FT")?;
        let kind = kind.name().map(<[u8]>::to_vec).or(above.kind.clone());
        let value = entries.get("V").cloned().or(above.value.clone());
        let flags = view.value(&entries, "Ff")?.integer().unwrap_or(above.flags);
        let below = Above {
            id: Some(id),
            name: name.clone(),
            kind: kind.clone(),
            value: value.clone(),
            flags,
        };
        let kids = view.value(&entries, "Kids")?;
        let field = Field {
            parent: above.id,
            entries,
            name,
            kind,
            value,
            flags,
            is_field: own.is_some() || above.id.is_none(),
            has_fields: false,
        };
        self.all.insert(id, field);
        self.order.push(id);
        let mut has_fields = false;
        for kid in kids.array().unwrap_or_default() {
            self.add(view, kid, &below, depth + 1)?;
            let kid = kid.reference().and_then(|kid| self.all.get(&kid));
            has_fields |= kid.is_some_and(|kid| kid.is_field);
        }
        if let Some(field) = self.all.get_mut(&id) {
            field.has_fields = has_fields;
        }
        Ok(())
    }

    /// The fields that are signed: which, and where the signature is.
    pub(super) fn signed<'f>(
        &'f self,
        view: View<'f>,
    ) -> impl Iterator<Item = (Id, &'f Field, &'f Object)> {
        self.order.iter().filter_map(move |id| {
            let field = self.all.get(id)?;
            let value = field.value.as_ref()?;
            let ends = field.is_field && !field.has_fields && field.is_signature();
            let there = view.resolve(value).is_ok_and(|value| !value.is_null());
            (ends && there).then_some((*id, field, value))
        })
    }
}

/// Text as PDFs write it: UTF-16, UTF-8 or an encoding that is Latin in all that matters here.
pub(super) fn text(bytes: &[u8]) -> String {
    let text = if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        let pairs = rest.chunks_exact(2);
        let units = pairs.filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
        char::decode_utf16(units)
            .map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    } else if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    };
    clean(&text)
}

/// Which fields somebody locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    All,
    These(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

impl Locked {
    /// What a dictionary of FieldMDP or of a lock says; nothing where it cannot be told, which locks all.
    pub(super) fn read(view: View<'_>, entries: &Dictionary) -> Result<Self, Broken> {
        let action = view.value(entries, "Action")?;
        let names = view.value(entries, "Fields")?;
        let mut set = BTreeSet::new();
        for name in names.array().unwrap_or_default() {
            let name = view.resolve(name)?;
            set.extend(name.string().map(text));
        }
        Ok(match action.name() {
            Some(b"Include") => Self::These(set),
            Some(b"Exclude") => Self::AllBut(set),
            _ => Self::All,
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        // A name stands for all below it as well.
        let among = |set: &BTreeSet<String>| {
            set.iter().any(|one| {
                name.strip_prefix(one.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        match self {
            Self::All => true,
            Self::These(set) => among(set),
            Self::AllBut(set) => !among(set),
        }
    }
}

impl Fields {
    /// Whether a field is seen on some page, or one of the places below it.
    pub(super) fn is_seen(&self, view: View<'_>, id: Id) -> bool {
        let mut family = BTreeSet::from([id]);
        // Those above come first.
        self.order.iter().any(|one| {
            let above = self.all.get(one).and_then(|field| field.parent);
            if *one != id && !above.is_some_and(|above| family.contains(&above)) {
                return false;
            }
            family.insert(*one);
            self.is_shown(view, *one)
        })
    }

    /// Whether a field is seen on some page.
    pub(super) fn is_shown(&self, view: View<'_>, id: Id) -> bool {
        let Some(field) = self.all.get(&id) else {
            return false;
        };
        let flags = field.entries.get("F").and_then(Object::integer);
        // Hidden. What is only not to be looked at is printed, or comes when a mouse goes over it.
        let hidden = flags.is_some_and(|flags| flags & 0b10 != 0);
        let rect = view.value(&field.entries, "Rect");
        let sides = rect.map(|rect| rect.array().map(<[Object]>::to_vec));
        let Ok(Some(sides)) = sides else {
            return false;
        };
        let [left, bottom, right, top] = sides.as_slice() else {
            return true;
        };
        !hidden && left != right && bottom != top
    }
}
