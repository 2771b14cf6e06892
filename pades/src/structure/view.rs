//! The objects of a file, as somebody sees them who has it up to one of its revisions.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::packed::unpack;
use super::parse::{Indirect, Parser, is_space};
use super::xref::{Entry, revisions};
use super::{Broken, DEPTH_MAX, Dictionary, FILE_BYTES_MAX, Id, Object, Revision};

/// Objects in one object stream.
const PACKED_OBJECTS_MAX: usize = 200_000;

/// A whole file.
pub(crate) struct Pdf<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) revisions: Vec<Revision>,
    parsed: RefCell<HashMap<usize, Result<Rc<Indirect>, Broken>>>,
    packed: RefCell<HashMap<usize, Result<Rc<Packed>, Broken>>>,
}

/// What an object stream holds.
struct Packed {
    objects: Vec<(u32, Rc<Object>)>,
    /// A dictionary in it has the same key twice.
    ambiguous: bool,
}

/// The file up to and with one revision.
#[derive(Clone, Copy)]
pub(crate) struct View<'p> {
    pub(crate) pdf: &'p Pdf<'p>,
    /// Its place among the revisions.
    pub(crate) revision: usize,
}

impl<'a> Pdf<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(Broken::new(FILE_BYTES_MAX, "a longer file than is read"));
        }
        Ok(Self {
            bytes,
            revisions: revisions(bytes)?,
            parsed: RefCell::default(),
            packed: RefCell::default(),
        })
    }

    pub(crate) fn view(&self, revision: usize) -> View<'_> {
        View {
            pdf: self,
            revision,
        }
    }

    pub(crate) fn newest(&self) -> View<'_> {
        self.view(self.revisions.len().saturating_sub(1))
    }

    /// What stands behind the last revision.
    pub(crate) fn rest(&self) -> &[u8] {
        let end = self.revisions.last().map_or(0, |last| last.end);
        self.bytes.get(end..).unwrap_or_default()
    }

    /// The entry for an object as of a revision, and which revision says so.
    fn entry(&self, number: u32, revision: usize) -> Option<(usize, Entry)> {
        let upto = self.revisions.get(..=revision)?;
        upto.iter()
            .enumerate()
            .rev()
            .find_map(|(at, one)| Some((at, *one.entries.get(&number)?)))
    }

    /// The object at this place of the file.
    fn at(&self, offset: usize, revision: usize) -> Result<Rc<Indirect>, Broken> {
        if let Some(known) = self.parsed.borrow().get(&offset) {
            return known.clone();
        }
        // A length that leads back here finds this instead of going round for ever.
        let turning = Err(Broken::new(offset, "a length that needs itself"));
        self.parsed.borrow_mut().insert(offset, turning);
        let length = |id| {
            let object = self.view(revision).get(id).ok()?;
            usize::try_from(object.integer()?).ok()
        };
        let parsed = Parser::new(self.bytes, offset)
            .indirect(length)
            .map(Rc::new);
        self.parsed.borrow_mut().insert(offset, parsed.clone());
        parsed
    }

    fn in_stream(&self, offset: usize, revision: usize) -> Result<Rc<Packed>, Broken> {
        if let Some(known) = self.packed.borrow().get(&offset) {
            return known.clone();
        }
        let objects = self.unpacked(offset, revision).map(Rc::new);
        self.packed.borrow_mut().insert(offset, objects.clone());
        objects
    }

    fn unpacked(&self, offset: usize, revision: usize) -> Result<Packed, Broken> {
        let wrong = || Broken::new(offset, "no object stream");
        let indirect = self.at(offset, revision)?;
        let Object::Stream(entries, data) = &indirect.object else {
            return Err(wrong());
        };
        let number = |key: &str| {
            let number = entries.get(key).and_then(Object::integer);
            number.and_then(|number| usize::try_from(number).ok())
        };
        let (count, first) = (number("N"), number("First"));
        let (count, first) = (count.ok_or_else(wrong)?, first.ok_or_else(wrong)?);
        if !entries.is("Type", "ObjStm") || count > PACKED_OBJECTS_MAX {
            return Err(wrong());
        }
        let packed = self.bytes.get(data.clone()).ok_or_else(wrong)?;
        let bytes = unpack(entries, packed, offset)?;
        let mut heads = Parser::new(&bytes, 0);
        let (mut objects, mut ambiguous) = (Vec::new(), false);
        for _ in 0..count {
            heads.skip();
            let number = heads.unsigned().and_then(|it| u32::try_from(it).ok());
            heads.skip();
            let at = heads.unsigned().and_then(|it| usize::try_from(it).ok());
            let (number, at) = (number.ok_or_else(wrong)?, at.ok_or_else(wrong)?);
            let place = first.checked_add(at).ok_or_else(wrong)?;
            let mut parser = Parser::new(&bytes, place);
            objects.push((number, Rc::new(parser.object()?)));
            ambiguous |= parser.ambiguous;
        }
        Ok(Packed { objects, ambiguous })
    }
}

impl<'p> View<'p> {
    pub(crate) fn trailer(&self) -> &'p Dictionary {
        static NONE: Dictionary = Dictionary(std::collections::BTreeMap::new());
        let revision = self.pdf.revisions.get(self.revision);
        revision.map_or(&NONE, |revision| &revision.trailer)
    }

    /// An indirect object; null where there is none.
    pub(crate) fn get(&self, id: Id) -> Result<Rc<Object>, Broken> {
        let null = || Ok(Rc::new(Object::Null));
        let Some((revision, entry)) = self.pdf.entry(id.number, self.revision) else {
            return null();
        };
        match entry {
            Entry::Free => null(),
            Entry::At { generation, .. } if generation != id.generation => null(),
            Entry::At { offset, .. } => {
                let indirect = self.indirect_at(offset, revision, id)?;
                Ok(Rc::new(indirect.object.clone()))
            }
            Entry::In { .. } if id.generation != 0 => null(),
            Entry::In { stream, index } => {
                let Some((at, Entry::At { offset, .. })) = self.pdf.entry(stream, revision) else {
                    return Err(Broken::new(0, "no object stream"));
                };
                let packed = self.pdf.in_stream(offset, at)?;
                match packed.objects.get(index) {
                    Some((number, object)) if *number == id.number => Ok(Rc::clone(object)),
                    _ => Err(Broken::new(offset, "another object than was named")),
                }
            }
        }
    }

    /// The name of the object with that number, where there is one.
    pub(crate) fn id_of(&self, number: u32) -> Option<Id> {
        let generation = match self.pdf.entry(number, self.revision)? {
            (_, Entry::Free) => return None,
            (_, Entry::At { generation, .. }) => generation,
            (_, Entry::In { .. }) => 0,
        };
        Some(Id { number, generation })
    }

    fn indirect_at(&self, offset: usize, revision: usize, id: Id) -> Result<Rc<Indirect>, Broken> {
        let indirect = self.pdf.at(offset, revision)?;
        if indirect.id != id {
            return Err(Broken::new(offset, "another object than was named"));
        }
        Ok(indirect)
    }

    /// An indirect object that stands in the file by itself, as it stands there.
    pub(crate) fn standing(&self, id: Id) -> Result<Option<Rc<Indirect>>, Broken> {
        match self.pdf.entry(id.number, self.revision) {
            Some((revision, Entry::At { offset, generation })) if generation == id.generation => {
                self.indirect_at(offset, revision, id).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What an object stands for: itself, or what it refers to.
    pub(crate) fn resolve(&self, object: &Object) -> Result<Rc<Object>, Broken> {
        let mut at = Rc::new(object.clone());
        for _ in 0..DEPTH_MAX {
            let Object::Reference(id) = *at else {
                return Ok(at);
            };
            at = self.get(id)?;
        }
        Err(Broken::new(0, "references that go round"))
    }

    /// What an entry stands for; null where there is none.
    pub(crate) fn value(&self, entries: &Dictionary, key: &str) -> Result<Rc<Object>, Broken> {
        entries
            .get(key)
            .map_or_else(|| Ok(Rc::new(Object::Null)), |object| self.resolve(object))
    }

    pub(crate) fn dictionary(&self, object: &Object) -> Result<Option<Dictionary>, Broken> {
        Ok(self.resolve(object)?.dictionary().cloned())
    }

    pub(crate) fn root(&self) -> Result<Id, Broken> {
        let root = self.trailer().get("Root").and_then(Object::reference);
        root.ok_or(Broken::new(0, "no catalogue"))
    }

    pub(crate) fn catalogue(&self) -> Result<Dictionary, Broken> {
        let root = self.get(self.root()?)?;
        // A stream could be shown as well.
        if let Object::Dictionary(entries) = &*root {
            Ok(entries.clone())
        } else {
            Err(Broken::new(0, "no catalogue"))
        }
    }

    /// The object streams that objects lie in, as of this revision or one before.
    pub(crate) fn object_streams(&self) -> BTreeSet<Id> {
        let upto = self.pdf.revisions.iter().take(self.revision + 1);
        let entries = upto.flat_map(|one| one.entries.values());
        let streams = entries.filter_map(|entry| match entry {
            Entry::In { stream, .. } => Some(Id {
                number: *stream,
                generation: 0,
            }),
            Entry::Free | Entry::At { .. } => None,
        });
        streams.collect()
    }

    /// Whether every object has a number below the size that its revision tells. Others are not there for some programs.
    pub(crate) fn is_sized(&self) -> bool {
        let mut upto = self.pdf.revisions.iter().take(self.revision + 1);
        let mut before = 0;
        upto.all(|one| {
            let size = one.trailer.get("Size").and_then(Object::integer);
            let size = size.and_then(|size| u32::try_from(size).ok());
            let mut used = one.entries.iter().rev();
            let last = used.find(|(_, entry)| **entry != Entry::Free);
            let fits = size.is_some_and(|size| {
                size >= before && last.is_none_or(|(number, _)| *number < size)
            });
            before = size.unwrap_or(before);
            fits
        })
    }

    /// The bytes of a stream, unpacked; nothing where that is beyond us.
    pub(crate) fn stream(&self, object: &Object) -> Option<Vec<u8>> {
        let object = self.resolve(object).ok()?;
        let Object::Stream(entries, data) = &*object else {
            return None;
        };
        unpack(entries, self.pdf.bytes.get(data.clone())?, data.start).ok()
    }

    /// Whether two objects say the same, each in its own view.
    pub(crate) fn same(&self, one: &Object, other: &Object) -> bool {
        match (one, other) {
            (Object::Stream(a, one), Object::Stream(b, other)) => {
                let bytes = |range: &std::ops::Range<usize>| self.pdf.bytes.get(range.clone());
                let without = |entries: &Dictionary| {
                    let mut entries = entries.clone();
                    entries.0.remove(b"Length".as_slice());
                    entries
                };
                without(a) == without(b) && bytes(one) == bytes(other)
            }
            _ => one == other,
        }
    }

    /// The bytes of this revision that nothing in it accounts for: the first of them.
    pub(crate) fn unaccounted(&self) -> Result<Option<usize>, Broken> {
        let Some(revision) = self.pdf.revisions.get(self.revision) else {
            return Ok(None);
        };
        let mut spans: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (number, entry) in &revision.entries {
            if let Entry::At { offset, generation } = *entry {
                let id = Id {
                    number: *number,
                    generation,
                };
                let indirect = self.indirect_at(offset, self.revision, id)?;
                spans.insert((indirect.span.start, indirect.span.end));
                let packs = indirect.object.dictionary();
                let packs = packs.is_some_and(|entries| entries.is("Type", "ObjStm"));
                // What has two meanings says different things to different programs.
                let two = indirect.ambiguous
                    || (packs && self.pdf.in_stream(offset, self.revision)?.ambiguous);
                if two {
                    return Ok(Some(offset));
                }
            }
        }
        spans.extend(revision.sections.iter().map(|span| (span.start, span.end)));
        let mut at = revision.start;
        for (start, end) in spans {
            // What it points to in earlier revisions is compared like all the rest.
            if start < revision.start {
                continue;
            }
            if start < at {
                // One object within another.
                return Ok(Some(start));
            }
            if let Some(found) = self.not_blank(at, start) {
                return Ok(Some(found));
            }
            at = end;
        }
        Ok(None)
    }

    /// The first byte in between that is neither white space nor comment.
    fn not_blank(&self, from: usize, to: usize) -> Option<usize> {
        let gap = self.pdf.bytes.get(from..to)?;
        let mut parser = Parser::new(gap, 0);
        parser.skip();
        parser.peek().map(|_byte| from + parser.at)
    }

    /// Whether these bytes are white space.
    pub(crate) fn blank(bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| is_space(*byte))
    }
}
