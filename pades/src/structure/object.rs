//! The objects of a PDF.

use std::collections::BTreeMap;
use std::ops::Range;

/// Number and generation of an indirect object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    pub(crate) number: u32,
    pub(crate) generation: u16,
}

/// The entries of a dictionary; those that are null are not there.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Dictionary(pub(crate) BTreeMap<Vec<u8>, Object>);

/// One object. Numbers are kept as text, so that equal means equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Null,
    Boolean(bool),
    Integer(i64),
    /// In the shortest way of writing it.
    Real(Vec<u8>),
    Name(Vec<u8>),
    String(Vec<u8>),
    Array(Vec<Self>),
    Dictionary(Dictionary),
    /// A dictionary, and where its packed bytes lie in the file.
    Stream(Dictionary, Range<usize>),
    Reference(Id),
}

impl Dictionary {
    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        self.0.get(key.as_bytes())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key.as_bytes())
    }

    /// Whether that key stands for this name.
    pub(crate) fn is(&self, key: &str, name: &str) -> bool {
        self.get(key).and_then(Object::name) == Some(name.as_bytes())
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.0.keys().map(Vec::as_slice)
    }
}

impl Object {
    pub(crate) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Real(_)
            | Self::String(_)
            | Self::Array(_)
            | Self::Dictionary(_)
            | Self::Stream(..)
            | Self::Reference(_) => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    pub(crate) fn string(&self) -> Option<&[u8]> {
        if let Self::String(bytes) = self {
            Some(bytes)
        } else {
            None
        }
    }

    pub(crate) fn array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self {
            Some(items)
        } else {
            None
        }
    }

    pub(crate) fn reference(&self) -> Option<Id> {
        if let Self::Reference(id) = self {
            Some(*id)
        } else {
            None
        }
    }

    /// The dictionary, of a stream too.
    pub(crate) fn dictionary(&self) -> Option<&Dictionary> {
        if let Self::Dictionary(entries) | Self::Stream(entries, _) = self {
            Some(entries)
        } else {
            None
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Calls `see` with each reference in this object.
    pub(crate) fn references(&self, see: &mut impl FnMut(Id)) {
        self.named_references(None, &mut |id, _key| see(id));
    }

    /// The same, with the key of the entry that is the reference itself: `key` for this object, none within arrays.
    pub(crate) fn named_references(
        &self,
        key: Option<&[u8]>,
        see: &mut impl FnMut(Id, Option<&[u8]>),
    ) {
        match self {
            Self::Reference(id) => see(*id, key),
            Self::Array(items) => {
                for item in items {
                    item.named_references(None, see);
                }
            }
            Self::Dictionary(entries) | Self::Stream(entries, _) => {
                for (key, item) in &entries.0 {
                    item.named_references(Some(key), see);
                }
            }
            Self::Null
            | Self::Boolean(_)
            | Self::Integer(_)
            | Self::Real(_)
            | Self::Name(_)
            | Self::String(_) => {}
        }
    }
}
