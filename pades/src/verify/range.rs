//! What of the file a signature is over: exactly all of it but itself.

use std::ops::Range;

use crate::structure::{Id, Object, View};

use super::model::Reason;

/// What was signed, and the signature.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) before: Range<usize>,
    pub(super) after: Range<usize>,
    pub(super) contents: Vec<u8>,
    /// Where the dictionary of the signature stands.
    pub(super) span: Range<usize>,
}

impl Signed {
    /// Reads the ranges of the signature with that number. Nothing near enough counts.
    pub(super) fn read(view: View<'_>, id: Id) -> Result<Self, Reason> {
        let standing = view
            .standing(id)
            .map_err(|_broken| Reason::StructureNotUnderstood)?
            .ok_or(Reason::ContentsInvalid)?;
        if standing.ambiguous {
            return Err(Reason::StructureNotUnderstood);
        }
        let Object::Dictionary(entries) = &standing.object else {
            return Err(Reason::ContentsInvalid);
        };
        let numbers = entries.get("ByteRange").and_then(Object::array);
        let number = |item: &Object| usize::try_from(item.integer()?).ok();
        let numbers: Option<Vec<usize>> =
            numbers.and_then(|items| items.iter().map(number).collect());
        let Some([0, first, second, length]) = numbers.as_deref() else {
            return Err(Reason::RangeInvalid);
        };
        let (first, second) = (*first, *second);
        let end = second.checked_add(*length).ok_or(Reason::RangeInvalid)?;
        let bytes = view.pdf.bytes;
        if first == 0 || *length == 0 || second <= first || end > bytes.len() {
            return Err(Reason::RangeInvalid);
        }
        // The gap is the value of this key of this dictionary and nothing else: it stands nowhere twice.
        let mut places = standing.values.iter().filter(|(key, _)| key == b"Contents");
        let place = match (places.next(), places.next()) {
            (Some((_, place)), None) => place.clone(),
            _ => return Err(Reason::ContentsInvalid),
        };
        if place != (first..second) {
            return Err(Reason::ContentsInvalid);
        }
        let digits = bytes
            .get(first + 1..second - 1)
            .ok_or(Reason::ContentsInvalid)?;
        if bytes.get(first) != Some(&b'<') || bytes.get(second - 1) != Some(&b'>') {
            return Err(Reason::ContentsInvalid);
        }
        let contents = hex::decode(digits).map_err(|_odd| Reason::ContentsInvalid)?;
        Ok(Self {
            before: 0..first,
            after: second..end,
            contents,
            span: standing.span.clone(),
        })
    }

    pub(super) fn parts<'b>(&self, bytes: &'b [u8]) -> [&'b [u8]; 2] {
        let part = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        [part(&self.before), part(&self.after)]
    }

    /// The revision that was signed, beginning with 0: it must end where the signed bytes do.
    pub(super) fn revision(&self, view: View<'_>) -> Option<usize> {
        let end = self.after.end;
        let revisions = &view.pdf.revisions;
        revisions
            .iter()
            .position(|one| one.eof <= end && end <= one.end)
            .or_else(|| {
                // White space behind the last line, signed as well.
                let last = revisions.len().checked_sub(1)?;
                let from = revisions.get(last)?.end;
                let tail = view.pdf.bytes.get(from..end)?;
                View::blank(tail).then_some(last)
            })
            .filter(|at| {
                revisions
                    .get(*at)
                    .is_some_and(|one| self.span.end <= one.end)
            })
    }
}
