//! The form of a PDF: which signature fields there are, and where the form is changed.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Object, ObjectId, decode_text_string};

use super::pdf::{DEPTH_MAX, Pdf, UnfitError};
use super::update::Update;

/// More fields than that are not looked through.
const FIELDS_MAX: usize = 100_000;

/// What is read of one name on the way to a field.
const NAME_CHARS_MAX: usize = 200;

/// A signature field of a PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, of the whole path: `antrag.unterschrift`.
    pub name: String,
    /// Whether somebody signed it.
    pub signed: bool,
    pub(super) id: ObjectId,
    /// Its widget: itself, or its only kid.
    pub(super) widget: ObjectId,
    pub(super) value: Option<ObjectId>,
}

/// One field on the way down.
struct Step {
    id: ObjectId,
    path: String,
    is_signature: bool,
    depth: usize,
}

/// The signature fields that can be named and reached. What is not an object of its own is left out.
pub(super) fn signature_fields(pdf: &Pdf) -> Vec<Field> {
    let mut found = Vec::new();
    walk(pdf, |field| {
        if let Some(field) = field.signature {
            found.push(field);
        }
    });
    found
}

/// Whether a field, of any kind, has this name, or is on the way to one.
pub(super) fn is_named(pdf: &Pdf, name: &str) -> bool {
    let mut taken = false;
    walk(pdf, |field| taken |= field.path == name);
    taken
}

/// Whether two fields go by one name: programs differ in which of them they mean.
pub(super) fn has_doubles(pdf: &Pdf) -> bool {
    let mut names = BTreeSet::new();
    let mut doubles = false;
    walk(pdf, |field| {
        doubles |= !names.insert(field.path.to_owned());
    });
    doubles
}

/// A field as the walk finds it.
struct Visited<'a> {
    path: &'a str,
    signature: Option<Field>,
}

fn walk(pdf: &Pdf, mut visit: impl FnMut(Visited<'_>)) {
    let Some(fields) = pdf
        .form()
        .and_then(|form| pdf.array(form.get(b"Fields").ok()?))
    else {
        return;
    };
    let mut seen = BTreeSet::new();
    let mut steps: Vec<Step> = fields
        .iter()
        .rev()
        .filter_map(|field| field.as_reference().ok())
        .map(|id| Step {
            id,
            path: String::new(),
            is_signature: false,
            depth: 0,
        })
        .collect();
    while let Some(step) = steps.pop() {
        if step.depth > DEPTH_MAX || seen.len() > FIELDS_MAX || !seen.insert(step.id) {
            continue;
        }
        let Ok(field) = pdf.document().get_dictionary(step.id) else {
            continue;
        };
        let path = joined(pdf, &step.path, field);
        let is_signature = match field.get(b"FT").map(|kind| pdf.resolve(kind).as_name()) {
            Ok(Ok(kind)) => kind == b"Sig",
            Ok(Err(_)) | Err(_) => step.is_signature,
        };
        let kids = kids(pdf, field);
        let (fields, widgets): (Vec<ObjectId>, Vec<ObjectId>) = kids.into_iter().partition(|kid| {
            pdf.document()
                .get_dictionary(*kid)
                .is_ok_and(|kid| kid.has(b"T"))
        });
        let own = fields.is_empty().then(|| widget(field, step.id, &widgets));
        let signature = own.flatten().filter(|_| is_signature).map(|widget| Field {
            name: path.clone(),
            signed: field
                .get(b"V")
                .is_ok_and(|value| !pdf.resolve(value).is_null()),
            id: step.id,
            widget,
            value: field
                .get(b"V")
                .ok()
                .and_then(|value| value.as_reference().ok()),
        });
        visit(Visited {
            path: &path,
            signature,
        });
        steps.extend(fields.into_iter().rev().map(|id| Step {
            id,
            path: path.clone(),
            is_signature,
            depth: step.depth + 1,
        }));
    }
}

fn joined(pdf: &Pdf, path: &str, field: &Dictionary) -> String {
    let own = field
        .get(b"T")
        .ok()
        .and_then(|name| decode_text_string(pdf.resolve(name)).ok())
        // A longer one is nobody's, and would be written down once for each field below it.
        .map(|name| name.chars().take(NAME_CHARS_MAX).collect::<String>());
    match (path.is_empty(), own) {
        (_, None) => path.to_owned(),
        (true, Some(own)) => own,
        (false, Some(own)) => format!("{path}.{own}"),
    }
}

fn kids(pdf: &Pdf, field: &Dictionary) -> Vec<ObjectId> {
    field
        .get(b"Kids")
        .ok()
        .and_then(|kids| pdf.array(kids))
        .map(|kids| {
            kids.iter()
                .filter_map(|kid| kid.as_reference().ok())
                .collect()
        })
        .unwrap_or_default()
}

/// A signature is seen at one place at most: more than one widget is none that we sign.
fn widget(field: &Dictionary, id: ObjectId, widgets: &[ObjectId]) -> Option<ObjectId> {
    match widgets {
        [] if field.has_type(b"Annot") || field.has(b"Rect") || !field.has(b"Kids") => Some(id),
        [only] => Some(*only),
        _ => None,
    }
}

/// Puts fields into the form and says that it holds signatures, wherever the form and its list stand.
pub(super) fn add_to_form(update: &mut Update<'_>, fields: &[ObjectId]) -> Result<(), UnfitError> {
    let catalog = update.base().catalog_id()?;
    let form = update
        .get(catalog)
        .and_then(|catalog| catalog.as_dict().ok())
        .and_then(|catalog| catalog.get(b"AcroForm").ok())
        .cloned();
    match form {
        Some(Object::Reference(id)) => {
            let list = list_of(update.edit(id)?, fields);
            add_to_list(update, list, fields)
        }
        Some(Object::Dictionary(mut form)) => {
            let list = list_of(&mut form, fields);
            update.edit(catalog)?.set("AcroForm", form);
            add_to_list(update, list, fields)
        }
        Some(Object::Null) | None => {
            let mut form = Dictionary::new();
            list_of(&mut form, fields);
            let form = update.add(form);
            update
                .edit(catalog)?
                .set("AcroForm", Object::Reference(form));
            Ok(())
        }
        Some(_) => Err(UnfitError::Broken {
            what: "its form is not a dictionary",
        }),
    }
}

/// Puts the fields into the form where its list stands in it; else says which object is the list.
fn list_of(form: &mut Dictionary, fields: &[ObjectId]) -> Option<ObjectId> {
    // SignaturesExist and AppendOnly.
    let flags = form.get(b"SigFlags").and_then(Object::as_i64).unwrap_or(0);
    form.set("SigFlags", flags | 3);
    if fields.is_empty() {
        return None;
    }
    if let Ok(Object::Reference(id)) = form.get(b"Fields") {
        return Some(*id);
    }
    let mut list = match form.get(b"Fields") {
        Ok(Object::Array(list)) => list.clone(),
        Ok(_) | Err(_) => Vec::new(),
    };
    list.extend(fields.iter().map(|id| Object::Reference(*id)));
    form.set("Fields", list);
    None
}

fn add_to_list(
    update: &mut Update<'_>,
    list: Option<ObjectId>,
    fields: &[ObjectId],
) -> Result<(), UnfitError> {
    if let Some(list) = list {
        update
            .edit_array(list)?
            .extend(fields.iter().map(|id| Object::Reference(*id)));
    }
    Ok(())
}
