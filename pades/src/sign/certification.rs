//! What a PDF that is certified lets be done with it.

use lopdf::{Dictionary, Object, ObjectId};

use super::pdf::Pdf;

/// What may still be done with a certified PDF (`DocMDP`, ISO 32000-2, 12.8.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing but adding validation data and document timestamps.
    Nothing,
    /// Filling in its form, and signing fields that are there.
    Forms,
    /// The same, and annotations.
    Annotations,
}

impl Permission {
    fn number(self) -> i64 {
        match self {
            Self::Nothing => 1,
            Self::Forms => 2,
            Self::Annotations => 3,
        }
    }
}

/// What the certification of a PDF permits; [`None`] where there is none.
///
/// One that cannot be read permits nothing.
pub(super) fn of(pdf: &Pdf) -> Option<Permission> {
    let signature = pdf
        .catalog()
        .ok()
        .and_then(|catalog| pdf.dictionary(catalog.get(b"Perms").ok()?))
        .and_then(|permissions| permissions.get(b"DocMDP").ok())?;
    let number = pdf
        .dictionary(signature)
        .and_then(|signature| pdf.array(signature.get(b"Reference").ok()?))
        .and_then(|references| {
            references
                .iter()
                .filter_map(|reference| pdf.dictionary(reference))
                .find(|reference| {
                    reference
                        .get(b"TransformMethod")
                        .is_ok_and(|method| is_name(pdf, method, b"DocMDP"))
                })
        })
        .and_then(|reference| match reference.get(b"TransformParams") {
            Ok(parameters) => pdf.dictionary(parameters),
            Err(_) => None,
        })
        .map(|parameters| match parameters.get(b"P") {
            Ok(number) => pdf.resolve(number).as_i64().unwrap_or(1),
            // The default of the format.
            Err(_) => 2,
        });
    Some(match number {
        Some(2) => Permission::Forms,
        Some(3) => Permission::Annotations,
        Some(_) | None => Permission::Nothing,
    })
}

fn is_name(pdf: &Pdf, object: &Object, name: &[u8]) -> bool {
    pdf.resolve(object)
        .as_name()
        .is_ok_and(|found| found == name)
}

/// Whether a signature locks the field of that name (`FieldMDP`).
pub(super) fn locks(pdf: &Pdf, name: &str) -> bool {
    pdf.signature_fields()
        .iter()
        .filter_map(|field| field.value)
        .filter_map(|value| pdf.document().get_dictionary(value).ok())
        .filter_map(|signature| pdf.array(signature.get(b"Reference").ok()?))
        .flatten()
        .filter_map(|reference| pdf.dictionary(reference))
        .filter(|reference| {
            reference
                .get(b"TransformMethod")
                .is_ok_and(|method| is_name(pdf, method, b"FieldMDP"))
        })
        .filter_map(|reference| pdf.dictionary(reference.get(b"TransformParams").ok()?))
        .any(|parameters| is_locked_by(pdf, parameters, name))
}

fn is_locked_by(pdf: &Pdf, parameters: &Dictionary, name: &str) -> bool {
    let action = parameters
        .get(b"Action")
        .ok()
        .and_then(|action| pdf.resolve(action).as_name().ok());
    let named = parameters
        .get(b"Fields")
        .ok()
        .and_then(|fields| pdf.array(fields))
        .is_some_and(|fields| {
            fields
                .iter()
                .filter_map(|field| lopdf::decode_text_string(pdf.resolve(field)).ok())
                .any(|field| name == field || name.starts_with(&format!("{field}.")))
        });
    match action {
        Some(b"Include") => named,
        Some(b"Exclude") => !named,
        // `All`, and what is not known.
        Some(_) | None => true,
    }
}

/// What makes a signature a certification: its `Reference`.
pub(super) fn reference(permission: Permission) -> Object {
    let mut parameters = Dictionary::new();
    parameters.set("Type", "TransformParams");
    parameters.set("P", permission.number());
    parameters.set("V", "1.2");
    let mut reference = Dictionary::new();
    reference.set("Type", "SigRef");
    reference.set("TransformMethod", "DocMDP");
    reference.set("TransformParams", parameters);
    Object::Array(vec![Object::Dictionary(reference)])
}

/// The entry of the catalog that names the certification.
pub(super) fn permissions(old: Option<&Dictionary>, signature: ObjectId) -> Dictionary {
    let mut permissions = old.cloned().unwrap_or_default();
    permissions.set("DocMDP", Object::Reference(signature));
    permissions
}
