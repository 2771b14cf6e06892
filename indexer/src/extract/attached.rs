//! What a PDF carries within, told by what it is and not by its name: an invoice (ZUGFeRD, Factur-X),
//! whose facts are added to the text, biometric records, which it must not carry, and all other attachments,
//! which are taken out of it.

use std::collections::HashSet;
use std::io;

use lopdf::{DecompressError, Dictionary, Document, LoadOptions, Object, ObjectId};

use super::Reason;
use super::carry::Carrier;
use super::invoice::{self, Invoice};
use super::parts::PartHead;
use super::password::{Password, Passwords};
use super::wire::End;
use super::worker::Deadline;
use crate::guard::Biometric;

/// What a stream of the structure may inflate to.
const STRUCTURE_BYTES_MAX: usize = 64 << 20;
/// What an attachment may inflate to; real invoices have some ten kilobytes.
const ATTACHMENT_BYTES_MAX: usize = 16 << 20;
/// What an attachment may inflate to that is taken out: the worker holds it as a whole.
const WHOLE_BYTES_MAX: u64 = 128 << 20;
/// Attachments that are looked at for an invoice.
const ATTACHMENTS_MAX: usize = 20;
/// Embedded files that are looked at for what they must not be.
const EMBEDDED_MAX: usize = 1_000;
/// Attachments that are told of, taken out or not.
const ALL_MAX: usize = 10_000;
/// Nodes of the tree of names that are looked at.
const NODES_MAX: usize = 10_000;
/// How deep within an object of a PDF an attachment may be named.
const NESTED_MAX: usize = 16;
/// Every attachment, or its media type, is declared by one of these in plain sight.
const SIGNS: [&[u8]; 4] = [
    b"/EmbeddedFile",
    b"/Collection",
    b"text#2Fxml",
    b"application#2Fxml",
];
/// Under these an attachment stands in its specification, the best first.
const STREAMS: [&[u8]; 5] = [b"F", b"UF", b"Unix", b"Mac", b"DOS"];
/// Under these its name does, the best first.
const NAMES: [&[u8]; 5] = [b"UF", b"F", b"Unix", b"Mac", b"DOS"];

/// What was found in the attachments of a PDF.
#[derive(Debug, Default)]
struct Attached {
    /// The facts of the invoice with what they stand in; nothing where there is none that can be read.
    invoice: Option<(ObjectId, Invoice)>,
    /// What one of them is that must not be there.
    biometric: Option<Biometric>,
}

/// Tells what a PDF carries, whose text ended so, and takes it out. `key` is the password that opened it.
pub(super) fn read(
    content: &[u8],
    key: Option<&Password>,
    (end, deadline): (End, Deadline),
    out: &mut Carrier<'_>,
) -> io::Result<End> {
    if !has_signs(content) {
        return Ok(end);
    }
    if deadline.has_passed() {
        return Ok(late(end));
    }
    let Some(document) = load(content, key) else {
        out.left_out("", Reason::PartsDamaged)?;
        return Ok(end);
    };
    let found = look(&document, deadline);
    let own = found.invoice.as_ref().map(|(id, _)| *id);
    if let Some((_, invoice)) = found.invoice {
        out.invoice(invoice)?;
    }
    if let Some(kind) = found.biometric {
        // What it is called there is nobody's business; what it is stands in its place.
        out.left_out(kind.as_str(), Reason::Biometric)?;
    }
    let is_cover = document
        .catalog()
        .is_ok_and(|catalog| catalog.has(b"Collection"));
    if is_cover {
        out.portfolio()?;
    }
    for one in all_attachments(&document) {
        if deadline.has_passed() {
            return Ok(late(end));
        }
        // The invoice is the document itself: its facts stand there.
        if Some(one.stream) != own {
            take_out(&document, one, out)?;
        }
    }
    Ok(end)
}

/// How a reading ends that has no time left for what the document carries.
fn late(end: End) -> End {
    if end == End::Complete { End::Time } else { end }
}

/// Hands out one attachment.
fn take_out(document: &Document, one: Attachment, out: &mut Carrier<'_>) -> io::Result<()> {
    let head = PartHead {
        path: one.name,
        title: None,
    };
    let head = head.bounded();
    if !out.has_room(&head.path)? {
        return Ok(());
    }
    let stream = document.get_object(one.stream).and_then(Object::as_stream);
    let Ok(stream) = stream else {
        return out.left_out(&head.path, Reason::PartsDamaged);
    };
    let packed = u64::try_from(stream.content.len()).unwrap_or(u64::MAX);
    let most = out.longest(Some(packed)).min(WHOLE_BYTES_MAX);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    match stream.decompressed_content_with_limit(most) {
        Ok(content) => out.part(&head, content.as_slice(), Some(packed)),
        Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
            out.left_out(&head.path, Reason::PartsOverLimit)
        }
        Err(_) => out.left_out(&head.path, Reason::PartsDamaged),
    }
}

/// Looks at the attachments of a PDF.
fn look(document: &Document, deadline: Deadline) -> Attached {
    let listed = attachments(document);
    let invoice = listed.iter().find_map(|id| {
        let content = unpacked(document, *id)?;
        let start = content.get(..512).unwrap_or(&content);
        let facts = start.contains(&b'<').then(|| invoice::facts(&content))?;
        Some((*id, facts?))
    });
    let embedded = document
        .objects
        .iter()
        .filter(|(_, object)| is_embedded(object));
    let embedded = embedded.map(|(id, _)| *id).take(EMBEDDED_MAX);
    let biometric = listed
        .iter()
        .copied()
        .chain(embedded)
        .take_while(|_| !deadline.has_passed())
        .find_map(|id| Biometric::of(&unpacked(document, id)?));
    Attached { invoice, biometric }
}

/// Whether a PDF may have attachments.
fn has_signs(content: &[u8]) -> bool {
    let has = |sign: &&[u8]| content.windows(sign.len()).any(|part| part == *sign);
    SIGNS.iter().any(has)
}

fn load(content: &[u8], key: Option<&Password>) -> Option<Document> {
    let options = LoadOptions {
        password: key.map(|key| key.expose().to_owned()),
        max_decompressed_size: Some(STRUCTURE_BYTES_MAX),
        ..LoadOptions::default()
    };
    Document::load_mem_with_options(content, options).ok()
}

/// The same document without its lock, and the place of the password that opened it: the first that does.
pub(super) fn unlocked(content: &[u8], passwords: &Passwords) -> Option<(Vec<u8>, u8)> {
    if passwords.is_empty() {
        return None;
    }
    let locked = load(content, None)?;
    let (by, key) = passwords
        .numbered()
        .find(|(_, password)| locked.authenticate_password(password.expose()).is_ok())?;
    drop(locked);
    let mut document = load(content, Some(key))?;
    document.encryption_state = None;
    let mut plain = Vec::new();
    document.save_to(&mut plain).ok()?;
    Some((plain, by))
}

/// The bytes of a stream.
fn unpacked(document: &Document, id: ObjectId) -> Option<Vec<u8>> {
    let stream = document.get_object(id).ok()?.as_stream().ok()?;
    if stream.dict.has(b"Filter") {
        stream
            .decompressed_content_with_limit(ATTACHMENT_BYTES_MAX)
            .ok()
    } else {
        Some(stream.content.clone())
    }
}

/// Whether it is an embedded file by its own words, wherever it is named: as a note on a page may.
fn is_embedded(object: &Object) -> bool {
    let kind = object.as_stream().and_then(|it| it.dict.get(b"Type"));
    kind.and_then(Object::as_name)
        .is_ok_and(|name| name == b"EmbeddedFile")
}

fn attachments(document: &Document) -> Vec<ObjectId> {
    let mut found = Vec::new();
    let Ok(catalog) = document.catalog() else {
        return found;
    };
    let resolved = |dictionary: &Dictionary, key: &[u8]| -> Option<Object> {
        let value = dictionary.get(key).ok()?;
        document
            .dereference(value)
            .ok()
            .map(|(_, value)| value.clone())
    };
    let mut specifications: Vec<Object> = Vec::new();
    if let Some(Object::Array(files)) = resolved(catalog, b"AF") {
        specifications.extend(files.into_iter().take(ATTACHMENTS_MAX));
    }
    if let Some(Object::Dictionary(names)) = resolved(catalog, b"Names")
        && let Ok(tree) = names.get(b"EmbeddedFiles")
    {
        specifications.extend(named(document, tree.clone(), ATTACHMENTS_MAX));
    }
    for specification in specifications.iter().take(ATTACHMENTS_MAX) {
        let Ok((_, Object::Dictionary(file))) = document.dereference(specification) else {
            continue;
        };
        let Ok(files) = file.get(b"EF").and_then(|it| document.dereference(it)) else {
            continue;
        };
        let Ok(files) = files.1.as_dict() else {
            continue;
        };
        let stream = files.get(b"F").or_else(|_| files.get(b"UF"));
        found.extend(stream.and_then(Object::as_reference));
    }
    found
}

/// The values of a tree of names, at most `most` and those beside the last.
fn named(document: &Document, tree: Object, most: usize) -> Vec<Object> {
    let mut all = Vec::new();
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut open = vec![tree];
    let mut nodes = 0;
    while let Some(node) = open.pop() {
        nodes += 1;
        if nodes > NODES_MAX || all.len() >= most {
            break;
        }
        let Ok((id, Object::Dictionary(node))) = document.dereference(&node) else {
            continue;
        };
        if id.is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        let array = |key: &[u8]| {
            let value = node.get(key).and_then(|it| document.dereference(it));
            value.ok().and_then(|(_, value)| value.as_array().ok())
        };
        if let Some(names) = array(b"Names") {
            all.extend(names.iter().skip(1).step_by(2).take(most).cloned());
        }
        if let Some(kids) = array(b"Kids") {
            // The last is taken next: what stands first is to come first.
            let kids = kids.iter().take(NODES_MAX).cloned();
            open.extend(kids.collect::<Vec<_>>().into_iter().rev());
        }
    }
    all
}

/// Something that a PDF carries.
struct Attachment {
    /// What it is called there, as a stranger wrote it.
    name: String,
    stream: ObjectId,
}

/// All attachments of a PDF, each once and always in the same order: those of the document itself as its list
/// has them, then those that anything else in it names (a note on a page, a part of its structure), then
/// those that nothing names.
fn all_attachments(document: &Document) -> Vec<Attachment> {
    let catalog = document.catalog().ok();
    let entry = |dictionary: &Dictionary, key: &[u8]| -> Option<Object> {
        let (_, value) = document.dereference(dictionary.get(key).ok()?).ok()?;
        Some(value.clone())
    };
    let mut listed: Vec<Object> = Vec::new();
    if let Some(Object::Dictionary(names)) = catalog.and_then(|it| entry(it, b"Names"))
        && let Ok(tree) = names.get(b"EmbeddedFiles")
    {
        listed.extend(named(document, tree.clone(), ALL_MAX));
    }
    if let Some(Object::Array(files)) = catalog.and_then(|it| entry(it, b"AF")) {
        listed.extend(files.into_iter().take(ALL_MAX));
    }
    let mut named_by: Vec<&Dictionary> = Vec::new();
    for one in &listed {
        if let Ok((_, Object::Dictionary(file))) = document.dereference(one) {
            named_by.push(file);
        }
    }
    for object in document.objects.values() {
        specifications(object, NESTED_MAX, &mut named_by);
    }
    let mut seen = HashSet::new();
    let mut all: Vec<Attachment> = Vec::new();
    for specification in named_by {
        if let Some(one) = attachment_of(document, specification)
            && all.len() < ALL_MAX
            && seen.insert(one.stream)
        {
            all.push(one);
        }
    }
    let unnamed = document.objects.iter();
    let unnamed = unnamed.filter(|(id, object)| is_embedded(object) && !seen.contains(*id));
    let unnamed = unnamed.map(|(id, _)| Attachment {
        name: String::new(),
        stream: *id,
    });
    let left = ALL_MAX.saturating_sub(all.len());
    all.extend(unnamed.take(left));
    all
}

/// What names attachments within an object: dictionaries of one kind, wherever they stand.
fn specifications<'d>(object: &'d Object, depth: usize, found: &mut Vec<&'d Dictionary>) {
    if depth == 0 || found.len() >= 2 * ALL_MAX {
        return;
    }
    let dictionary = match object {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        Object::Array(items) => {
            for item in items {
                specifications(item, depth - 1, found);
            }
            None
        }
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::String(..)
        | Object::Reference(_) => None,
    };
    let Some(dictionary) = dictionary else { return };
    if dictionary.has(b"EF") {
        found.push(dictionary);
    }
    for (_, value) in dictionary.iter() {
        specifications(value, depth - 1, found);
    }
}

/// The attachment that a specification names.
fn attachment_of(document: &Document, specification: &Dictionary) -> Option<Attachment> {
    let (_, streams) = document.dereference(specification.get(b"EF").ok()?).ok()?;
    let streams = streams.as_dict().ok()?;
    let stream = STREAMS
        .iter()
        .find_map(|key| streams.get(key).ok()?.as_reference().ok())?;
    let name = NAMES.iter().find_map(|key| {
        let (_, name) = document.dereference(specification.get(key).ok()?).ok()?;
        lopdf::decode_text_string(name).ok()
    });
    Some(Attachment {
        name: name.unwrap_or_default(),
        stream,
    })
}
