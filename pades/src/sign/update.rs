//! One incremental update: what is changed and what is new, written behind what was there.

use std::collections::BTreeMap;
use std::io::Write as _;

use lopdf::xref::XrefType;
use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat, Writer};
use ring::digest;

use super::pdf::{Pdf, UnfitError};

/// Changes to a PDF that are not written yet.
pub(super) struct Update<'a> {
    base: &'a Pdf,
    objects: BTreeMap<ObjectId, Object>,
    last: u32,
}

/// A PDF with an update behind it, and where its objects begin.
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) offsets: BTreeMap<u32, usize>,
}

impl<'a> Update<'a> {
    pub(super) fn new(base: &'a Pdf) -> Self {
        Self {
            base,
            objects: BTreeMap::new(),
            last: base.document().max_id,
        }
    }

    pub(super) fn base(&self) -> &'a Pdf {
        self.base
    }

    /// A number that no revision has used, for an object that comes later.
    pub(super) fn reserve(&mut self) -> ObjectId {
        self.last = self.last.saturating_add(1);
        (self.last, 0)
    }

    pub(super) fn add(&mut self, object: impl Into<Object>) -> ObjectId {
        let id = self.reserve();
        self.objects.insert(id, object.into());
        id
    }

    pub(super) fn set(&mut self, id: ObjectId, object: impl Into<Object>) {
        self.objects.insert(id, object.into());
    }

    /// The object as it will be.
    pub(super) fn get(&self, id: ObjectId) -> Option<&Object> {
        match self.objects.get(&id) {
            Some(object) => Some(object),
            None => self.base.document().get_object(id).ok(),
        }
    }

    /// What `object` refers to, as it will be.
    pub(super) fn resolve<'b>(&'b self, object: &'b Object) -> &'b Object {
        let mut found = object;
        // A chain of references is legal, a circle is not.
        for _ in 0..8 {
            let Object::Reference(id) = found else {
                return found;
            };
            let Some(next) = self.get(*id) else {
                return &Object::Null;
            };
            found = next;
        }
        &Object::Null
    }

    /// The dictionary of an object, to be changed.
    pub(super) fn edit(&mut self, id: ObjectId) -> Result<&mut Dictionary, UnfitError> {
        self.edit_object(id)?
            .as_dict_mut()
            .map_err(|source| UnfitError::Damaged { source })
    }

    /// The array of an object, to be changed.
    pub(super) fn edit_array(&mut self, id: ObjectId) -> Result<&mut Vec<Object>, UnfitError> {
        self.edit_object(id)?
            .as_array_mut()
            .map_err(|source| UnfitError::Damaged { source })
    }

    fn edit_object(&mut self, id: ObjectId) -> Result<&mut Object, UnfitError> {
        if !self.objects.contains_key(&id) {
            let old = self
                .base
                .document()
                .get_object(id)
                .map_err(|source| UnfitError::Damaged { source })?;
            self.objects.insert(id, old.clone());
        }
        self.objects.get_mut(&id).ok_or(UnfitError::Broken {
            what: "an object is missing",
        })
    }

    /// Writes the update behind the PDF, with the same kind of cross-reference as its newest one.
    pub(super) fn write(mut self) -> Written {
        let old = self.base.bytes();
        let mut bytes = Vec::with_capacity(old.len() + (64 << 10));
        bytes.extend_from_slice(old);
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        let mut offsets = BTreeMap::new();
        let objects = std::mem::take(&mut self.objects);
        let mut entries: BTreeMap<u32, (usize, u16)> = BTreeMap::new();
        for ((number, generation), object) in &objects {
            offsets.insert(*number, bytes.len());
            entries.insert(*number, (bytes.len(), *generation));
            write_object(&mut bytes, (*number, *generation), object);
        }
        let mut trailer = self.trailer(&bytes);
        let start = match self.base.document().reference_table.cross_reference_type {
            XrefType::CrossReferenceTable => {
                trailer.set("Size", i64::from(self.last) + 1);
                let start = bytes.len();
                write_table(&mut bytes, &entries);
                bytes.extend_from_slice(b"trailer\n");
                put(&mut bytes, &Object::Dictionary(trailer));
                bytes.push(b'\n');
                start
            }
            XrefType::CrossReferenceStream => {
                let id = self.reserve();
                let start = bytes.len();
                entries.insert(id.0, (start, 0));
                trailer.set("Size", i64::from(self.last) + 1);
                let stream = cross_reference_stream(trailer, &entries);
                write_object(&mut bytes, id, &Object::Stream(stream));
                start
            }
        };
        bytes.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
        Written { bytes, offsets }
    }

    /// What of the trailer goes on: nothing of how the older table was stored.
    fn trailer(&self, written: &[u8]) -> Dictionary {
        let old = &self.base.document().trailer;
        let mut trailer = Dictionary::new();
        for key in [b"Root".as_slice(), b"Info"] {
            if let Ok(value) = old.get(key) {
                trailer.set(key, value.clone());
            }
        }
        let prev = i64::try_from(self.base.document().xref_start).unwrap_or(i64::MAX);
        trailer.set("Prev", prev);
        // The first half names the PDF, the second this state of it.
        let digest = digest::digest(&digest::SHA256, written);
        let state: Vec<u8> = digest.as_ref().iter().copied().take(16).collect();
        let first = old
            .get(b"ID")
            .ok()
            .and_then(|id| self.base.array(id))
            .and_then(|halves| halves.first())
            .and_then(|half| self.base.resolve(half).as_str().ok())
            .map_or_else(|| state.clone(), <[u8]>::to_vec);
        trailer.set(
            "ID",
            vec![
                Object::String(first, StringFormat::Hexadecimal),
                Object::String(state, StringFormat::Hexadecimal),
            ],
        );
        trailer
    }
}

/// Writing to memory does not fail.
fn put(bytes: &mut Vec<u8>, object: &Object) {
    let written = Writer::write_object(bytes, object);
    debug_assert!(written.is_ok(), "memory takes everything");
}

fn write_object(bytes: &mut Vec<u8>, id: ObjectId, object: &Object) {
    bytes.extend_from_slice(format!("{} {} obj\n", id.0, id.1).as_bytes());
    put(bytes, object);
    bytes.extend_from_slice(b"\nendobj\n");
}

/// The numbers in runs without a gap: first number, and the entries.
fn sections(entries: &BTreeMap<u32, (usize, u16)>) -> Vec<(u32, Vec<(usize, u16)>)> {
    let mut sections: Vec<(u32, Vec<(usize, u16)>)> = Vec::new();
    let mut expected = None;
    for (number, entry) in entries {
        match sections.last_mut() {
            Some((_, run)) if expected == Some(*number) => run.push(*entry),
            Some(_) | None => sections.push((*number, vec![*entry])),
        }
        expected = number.checked_add(1);
    }
    sections
}

fn write_table(bytes: &mut Vec<u8>, entries: &BTreeMap<u32, (usize, u16)>) {
    bytes.extend_from_slice(b"xref\n");
    for (first, run) in sections(entries) {
        bytes.extend_from_slice(format!("{first} {}\n", run.len()).as_bytes());
        for (offset, generation) in run {
            let written = write!(bytes, "{offset:010} {generation:05} n\r\n");
            debug_assert!(written.is_ok(), "memory takes everything");
        }
    }
}

fn cross_reference_stream(
    mut dictionary: Dictionary,
    entries: &BTreeMap<u32, (usize, u16)>,
) -> Stream {
    let mut content = Vec::new();
    let mut index = Vec::new();
    for (first, run) in sections(entries) {
        index.push(Object::Integer(i64::from(first)));
        index.push(Object::Integer(i64::try_from(run.len()).unwrap_or(0)));
        for (offset, generation) in run {
            content.push(1);
            // A PDF has at most `PDF_BYTES_MAX`, far below what four bytes hold.
            content.extend_from_slice(&u32::try_from(offset).unwrap_or(u32::MAX).to_be_bytes());
            content.extend_from_slice(&generation.to_be_bytes());
        }
    }
    dictionary.set("Type", "XRef");
    dictionary.set("Index", index);
    dictionary.set("W", vec![1.into(), 4.into(), 2.into()]);
    Stream::new(dictionary, content)
}
