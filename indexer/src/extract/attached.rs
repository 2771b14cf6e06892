//! What a PDF carries within, told by what it is and not by its name: an invoice (ZUGFeRD, Factur-X),
//! whose facts are added to the text, and biometric records, which it must not carry.

use std::collections::HashSet;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::invoice::{self, Invoice};
use super::worker::Deadline;
use crate::guard::Biometric;

/// What a stream of the structure may inflate to.
const STRUCTURE_BYTES_MAX: usize = 64 << 20;
/// What an attachment may inflate to; real invoices have some ten kilobytes.
const ATTACHMENT_BYTES_MAX: usize = 16 << 20;
/// Attachments that are looked at.
const ATTACHMENTS_MAX: usize = 20;
/// Embedded files that are looked at for what they must not be.
const EMBEDDED_MAX: usize = 1_000;
/// Nodes of the tree of names that are looked at.
const NODES_MAX: usize = 1_000;
/// Every attachment, or its media type, is declared by one of these in plain sight.
const SIGNS: [&[u8]; 3] = [b"/EmbeddedFile", b"text#2Fxml", b"application#2Fxml"];

/// What was found in the attachments of a PDF.
#[derive(Debug, Default)]
pub(super) struct Attached {
    /// The facts of the invoice; nothing where there is none that can be read.
    pub(super) invoice: Option<Invoice>,
    /// What one of them is that must not be there.
    pub(super) biometric: Option<Biometric>,
}

/// Looks at the attachments of a PDF.
pub(super) fn look(content: &[u8], deadline: Deadline) -> Attached {
    let Some(document) = opened(content) else {
        return Attached::default();
    };
    let listed = attachments(&document);
    let invoice = listed.iter().find_map(|id| {
        let content = unpacked(&document, *id)?;
        let start = content.get(..512).unwrap_or(&content);
        start.contains(&b'<').then(|| invoice::facts(&content))?
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
        .find_map(|id| Biometric::of(&unpacked(&document, id)?));
    Attached { invoice, biometric }
}

/// A PDF that may have attachments.
fn opened(content: &[u8]) -> Option<Document> {
    let has = |sign: &&[u8]| content.windows(sign.len()).any(|part| part == *sign);
    if !SIGNS.iter().any(has) {
        return None;
    }
    let options = LoadOptions {
        max_decompressed_size: Some(STRUCTURE_BYTES_MAX),
        ..LoadOptions::default()
    };
    Document::load_mem_with_options(content, options).ok()
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
        specifications.extend(named(document, tree.clone()));
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

/// The values of a tree of names.
fn named(document: &Document, tree: Object) -> Vec<Object> {
    let mut all = Vec::new();
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut open = vec![tree];
    let mut nodes = 0;
    while let Some(node) = open.pop() {
        nodes += 1;
        if nodes > NODES_MAX || all.len() >= ATTACHMENTS_MAX {
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
            all.extend(
                names
                    .iter()
                    .skip(1)
                    .step_by(2)
                    .take(ATTACHMENTS_MAX)
                    .cloned(),
            );
        }
        if let Some(kids) = array(b"Kids") {
            open.extend(kids.iter().take(NODES_MAX).cloned());
        }
    }
    all
}
