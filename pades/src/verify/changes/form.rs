//! Fields: filled in, signed, or rebuilt.

use crate::structure::{Broken, Dictionary, Id, Object};

use super::super::fields::{Field, form};
use super::super::model::Reason;
use super::reach::{FILLED, signed};
use super::{Step, different};

/// What a new field for a signature may have: nothing that acts.
const NEW_FIELD: [&str; 27] = [
    "DR",
    "H",
    "Q",
    "FT",
    "Ff",
    "T",
    "TU",
    "TM",
    "V",
    "Lock",
    "SV",
    "Type",
    "Subtype",
    "Rect",
    "F",
    "P",
    "AP",
    "DA",
    "MK",
    "M",
    "NM",
    "BS",
    "Border",
    "StructParent",
    "Contents",
    "Kids",
    "Parent",
];
/// Entries of a field for a signature that signing it sets.
const SIGNED: [&str; 6] = ["V", "AP", "F", "M", "DA", "MK"];
/// Nobody may change the field any more.
const READ_ONLY: i64 = 1;
/// A button that only does something.
const PUSH_BUTTON: i64 = 1 << 16;

impl Step<'_> {
    pub(super) fn form(&mut self) -> Result<(), Broken> {
        let (old, new) = (form(self.old)?, form(self.new)?);
        let catalogue = self.old.catalogue()?;
        for entries in [Some(&catalogue), old.as_ref()].into_iter().flatten() {
            for key in ["AcroForm", "Fields", "DR"] {
                let id = entries.get(key).and_then(Object::reference);
                self.judged.extend(id);
            }
        }
        if let Some(old) = &old {
            let resources = self.old.value(old, "DR")?;
            let lists = resources
                .dictionary()
                .into_iter()
                .flat_map(|all| all.0.values());
            let lists: Vec<Id> = lists.filter_map(Object::reference).collect();
            self.judged.extend(lists);
        }
        match (&old, &new) {
            (None, None) => return Ok(()),
            (Some(_), None) => {
                self.say(Reason::ChangedFields, "AcroForm".to_owned());
                return Ok(());
            }
            (None, Some(new)) => self.form_entries(&Dictionary::default(), new)?,
            (Some(old), Some(new)) => self.form_entries(old, new)?,
        }
        for (id, field) in self.old_fields.all.clone() {
            self.judged.insert(id);
            match self.new_fields.all.get(&id).cloned() {
                Some(now) if now.parent == field.parent => self.field(id, &field, &now)?,
                Some(_) | None => self.say(lost(&field), field.name.clone()),
            }
        }
        for id in self.new_fields.order.clone() {
            if !self.old_fields.all.contains_key(&id)
                && let Some(field) = self.new_fields.all.get(&id).cloned()
            {
                self.new_field(id, &field)?;
            }
        }
        Ok(())
    }

    /// The form itself: its fields may become more, and the fonts they are written in.
    fn form_entries(&mut self, old: &Dictionary, new: &Dictionary) -> Result<(), Broken> {
        for key in different(old, new) {
            let name = String::from_utf8_lossy(&key).into_owned();
            let fine = match key.as_slice() {
                b"Fields" => true,
                b"SigFlags" => {
                    // That there are signatures, and that nothing but more may be written, is not taken back.
                    let before = self.old.value(old, "SigFlags")?.integer().unwrap_or(0);
                    let flags = self.new.value(new, "SigFlags")?;
                    flags
                        .integer()
                        .is_some_and(|flags| (0..4).contains(&flags) && flags & before == before)
                }
                b"DR" => self.resources_grow(old, new)?,
                b"DA" => !old.has("DA") && new.get("DA").is_some_and(|it| it.string().is_some()),
                _ => false,
            };
            if !fine {
                self.say(Reason::ChangedFields, name);
            }
        }
        if old.get("DR") == new.get("DR") && !self.resources_grow(old, new)? {
            self.say(Reason::ChangedFields, "DR".to_owned());
        }
        if self.writes_otherwise(old, new)? {
            self.say(Reason::FormFilledLater, None);
        }
        let before = self.old.value(old, "Fields")?;
        let after = self.new.value(new, "Fields")?;
        let mut rest = before.array().unwrap_or_default().iter().peekable();
        for one in after.array().unwrap_or_default() {
            rest.next_if(|next| *next == one);
        }
        if let Some(lost) = rest.next() {
            let id = lost.reference();
            let name = id.and_then(|id| self.old_fields.all.get(&id));
            let name = name.map(|field| field.name.clone());
            self.say(Reason::ChangedFields, name);
        }
        Ok(())
    }

    /// Whether something came to be by which a field is written that was there: programs that draw fields
    /// themselves show it otherwise then.
    fn writes_otherwise(&self, old: &Dictionary, new: &Dictionary) -> Result<bool, Broken> {
        let fields = &self.old_fields.all;
        if !old.has("DA") && new.has("DA") && fields.values().any(is_filled_in) {
            return Ok(true);
        }
        let mut ways = Vec::new();
        let holders = fields.values().map(|field| &field.entries);
        for entries in holders.chain(std::iter::once(old)) {
            let way = self.old.value(entries, "DA")?;
            ways.extend(way.string().map(<[u8]>::to_vec));
        }
        let (before, after) = (self.old.value(old, "DR")?, self.new.value(new, "DR")?);
        for (kind, list) in after.dictionary().into_iter().flat_map(|all| &all.0) {
            let known = before.dictionary().and_then(|all| all.0.get(kind));
            let known = match known {
                Some(known) => self.old.dictionary(known)?.unwrap_or_default(),
                None => Dictionary::default(),
            };
            let list = self.new.dictionary(list)?.unwrap_or_default();
            let mut added = list.keys().filter(|name| !known.0.contains_key(*name));
            if added.any(|name| ways.iter().any(|way| mentions(way, name))) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether all that fields could be written with is as it was.
    fn resources_grow(&self, old: &Dictionary, new: &Dictionary) -> Result<bool, Broken> {
        let (before, after) = (self.old.value(old, "DR")?, self.new.value(new, "DR")?);
        let (Some(before), Some(after)) = (before.dictionary(), after.dictionary()) else {
            return Ok(before.is_null());
        };
        for (key, value) in &before.0 {
            let Some(now) = after.0.get(key) else {
                return Ok(false);
            };
            let (value, now) = (self.old.resolve(value)?, self.new.resolve(now)?);
            let same = match (value.dictionary(), now.dictionary()) {
                (Some(value), Some(now)) => value
                    .0
                    .iter()
                    .all(|(key, value)| now.0.get(key) == Some(value)),
                _ => value == now,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A field that was there before.
    fn field(&mut self, id: Id, old: &Field, new: &Field) -> Result<(), Broken> {
        let name = || Some(old.name.clone());
        let was_signed = old.is_signature() && signed(self.old, old.value.as_ref())?;
        let is_signed = old.is_signature() && signed(self.new, new.value.as_ref())?;
        let (mut filled, mut signs) = (false, false);
        // An appearance that something else shows as well is not the field's to change.
        let shared = old.entries.get("AP").and_then(Object::reference);
        let shared = shared.is_some_and(|id| self.reached.is_fixed(id));
        if shared && !was_signed && old.entries.get("AP") != new.entries.get("AP") {
            self.say(Reason::ChangedFields, name());
        }
        for key in different(&old.entries, &new.entries) {
            let key = String::from_utf8_lossy(&key).into_owned();
            let among = |keys: &[&str]| keys.contains(&key.as_str());
            if matches!(key.as_str(), "A" | "AA") {
                self.say(Reason::ChangedScripts, name());
            } else if was_signed {
                self.say(Reason::ChangedSignatureField, name());
            } else if key == "Ff" && new.flags == old.flags | READ_ONLY {
                // Whoever signs closes the fields that he locks, and his own.
                filled |= !is_signed;
            } else if old.is_signature() {
                if is_signed && among(&SIGNED) {
                    signs = true;
                } else {
                    self.say(Reason::ChangedFields, name());
                }
            } else if is_filled_in(old) && (among(&FILLED) || key == "M") {
                filled = true;
            } else {
                self.say(Reason::ChangedFields, name());
            }
        }
        if filled {
            self.say(Reason::FormFilledLater, name());
        }
        // The value may have come to the field without the field itself being written.
        if signs || (!was_signed && is_signed) {
            self.signs(id, new)?;
        }
        Ok(())
    }

    /// Somebody signed here.
    fn signs(&mut self, id: Id, field: &Field) -> Result<(), Broken> {
        let value = match &field.value {
            Some(value) => self.new.resolve(value)?,
            None => return Ok(()),
        };
        let stamps = value.dictionary().is_some_and(|entries| {
            entries.is("SubFilter", "ETSI.RFC3161") && !entries.is("Type", "Sig")
        });
        // One that is seen paints on a page, as signatures do.
        let seen = self.new_fields.is_seen(self.new, id);
        let stamps = stamps && !seen;
        let added = !self.old_fields.all.contains_key(&id);
        let reason = if stamps {
            Reason::LaterTimestamp
        } else if added && seen {
            Reason::LaterSignatureAdded
        } else {
            Reason::LaterSignature
        };
        self.say(reason, field.name.clone());
        Ok(())
    }

    /// A field that was not there before: only one for a signature may come, and only signed if it is seen.
    fn new_field(&mut self, id: Id, field: &Field) -> Result<(), Broken> {
        let name = || Some(field.name.clone());
        let scripts = field.entries.has("A") || field.entries.has("AA");
        if scripts {
            self.say(Reason::ChangedScripts, name());
            return Ok(());
        }
        let known = field
            .entries
            .keys()
            .all(|key| NEW_FIELD.iter().any(|one| one.as_bytes() == key));
        // What was something else before does not become a field.
        let was_there = !self.old.get(id)?.is_null();
        let below_old = field
            .parent
            .is_some_and(|parent| self.old_fields.all.contains_key(&parent));
        if !field.is_signature() || !known || was_there || below_old {
            self.say(Reason::ChangedFields, name());
            return Ok(());
        }
        if signed(self.new, field.value.as_ref())? {
            if field.is_field {
                self.signs(id, field)?;
            }
        } else if self.new_fields.is_shown(self.new, id) {
            self.say(Reason::ChangedFields, name());
        }
        Ok(())
    }
}

/// Whether a field is one to be filled in by people.
fn is_filled_in(field: &Field) -> bool {
    match field.kind.as_deref() {
        Some(b"Tx" | b"Ch") => true,
        Some(b"Btn") => field.flags & PUSH_BUTTON == 0,
        _ => false,
    }
}

/// Whether a field may be written with what has this name.
fn mentions(way: &[u8], name: &[u8]) -> bool {
    let named = [b"/", name].concat();
    // Names can be written in several ways.
    way.contains(&b'#') || way.windows(named.len()).any(|part| part == named)
}

fn lost(field: &Field) -> Reason {
    if field.is_signature() {
        Reason::ChangedSignatureField
    } else {
        Reason::ChangedFields
    }
}
