//! What a zip archive is, by the names in the directory at its end. Nothing is unpacked, nothing is believed: whatever
//! contradicts itself tells nothing.

use super::Format;

/// How much of the end is looked at: directories of documents are far smaller.
pub const TAIL_BYTES: usize = 64 << 10;

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;

/// The main parts of documents in Office Open XML, as all programs call them.
const MAIN_PARTS: [(&[u8], Format); 3] = [
    (b"word/document.xml", Format::Docx),
    (b"xl/workbook.xml", Format::Xlsx),
    (b"ppt/presentation.xml", Format::Pptx),
];
/// With macros it is of another type.
const MACROS: &[u8] = b"vbaProject.bin";

/// The format of a zip archive that ends with `tail`, where the names of its members leave no doubt about it.
pub(super) fn format(tail: &[u8]) -> Option<Format> {
    let mut rest = directory(tail)?;
    let (mut main, mut is_container, mut has_macros) = (None, false, false);
    while !rest.is_empty() {
        let (name, after) = entry(rest)?;
        rest = after;
        is_container |= name == b"[Content_Types].xml" || name == b"mimetype";
        has_macros |= name.ends_with(MACROS);
        let known = MAIN_PARTS.iter().find(|(part, _)| *part == name);
        match (known, main) {
            (Some(_), Some(_)) => return None,
            (Some((_, format)), None) => main = Some(*format),
            (None, _) => {}
        }
    }
    match main {
        Some(format) if is_container && !has_macros => Some(format),
        None if !is_container => Some(Format::Archive),
        Some(_) | None => None,
    }
}

/// The directory of an archive that ends with `tail`, where the whole of it is in it.
fn directory(tail: &[u8]) -> Option<&[u8]> {
    // A comment may follow, and say anything.
    let end = (0..=tail.len().checked_sub(END_BYTES)?).rev().find(|at| {
        let rest = tail.get(*at..).unwrap_or_default();
        rest.starts_with(END)
            && half(rest, 20).is_some_and(|comment| END_BYTES + comment == rest.len())
    })?;
    let bytes = whole(tail.get(end..)?, 12)?;
    tail.get(end.checked_sub(bytes)?..end)
}

/// The name of the first entry, and what follows it.
fn entry(directory: &[u8]) -> Option<(&[u8], &[u8])> {
    if !directory.starts_with(ENTRY) {
        return None;
    }
    let name = half(directory, 28)?;
    let beside = half(directory, 30)? + half(directory, 32)?;
    let after = directory.get(ENTRY_BYTES..)?;
    let (name, after) = after.split_at_checked(name)?;
    Some((name, after.get(beside..)?))
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*found)))
}

fn whole(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*found)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(names: &[&str], comment: &str) -> Vec<u8> {
        let mut directory = Vec::new();
        for name in names {
            let length = u16::try_from(name.len()).expect("short").to_le_bytes();
            let fixed = [ENTRY, &[0; 24], &length, &[2, 0], &[0; 14]].concat();
            assert_eq!(fixed.len(), ENTRY_BYTES);
            directory.extend([&fixed[..], name.as_bytes(), b"xx"].concat());
        }
        let bytes = u32::try_from(directory.len()).expect("short").to_le_bytes();
        let length = u16::try_from(comment.len()).expect("short").to_le_bytes();
        let end = [END, &[0; 8], &bytes, &[0; 4], &length, comment.as_bytes()].concat();
        [b"members".as_slice(), &directory, &end].concat()
    }

    #[test]
    fn documents_of_offices_are_known_by_the_names_of_their_members() {
        let check = |names: &[&str], expect: Option<Format>| {
            assert_eq!(format(&archive(names, "")), expect, "{names:?}");
            assert_eq!(format(&archive(names, "PK\x05\x06 und mehr")), expect);
        };
        let types = "[Content_Types].xml";
        check(&[types, "word/document.xml"], Some(Format::Docx));
        check(&["xl/workbook.xml", "a", types], Some(Format::Xlsx));
        check(&[types, "ppt/presentation.xml"], Some(Format::Pptx));
        check(&["Anlage.pdf", "word/x.xml"], Some(Format::Archive));
        check(&[], Some(Format::Archive));
        check(&[types, "word/document.xml", "word/vbaProject.bin"], None);
        check(&[types, "word/document.xml", "xl/workbook.xml"], None);
        check(&[types, "visio/document.xml"], None);
        check(&["mimetype", "META-INF/container.xml"], None);
        check(&["word/document.xml"], None);
    }

    #[test]
    fn what_contradicts_itself_tells_nothing() {
        let good = archive(&["[Content_Types].xml", "word/document.xml"], "");
        for length in 0..good.len() {
            assert_eq!(format(&good[..length]), None, "{length}");
        }
        for at in 0..good.len() {
            let mut wrong = good.clone();
            wrong[at] = 0xff;
            // It may be told as well, but it ends, and without harm.
            let _told = format(&wrong);
        }
        let (begin, cut) = (good.len() - END_BYTES - 5, good.len() - END_BYTES);
        assert_eq!(format(&[&good[..begin], &good[cut..]].concat()), None);
    }
}
