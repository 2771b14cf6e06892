//! Where a signature stands: fields that are made, with their place on a page.

use lopdf::{Dictionary, Object, ObjectId, Stream, text_string};

use super::acroform;
use super::certification::{self, Permission};
use super::check;
use super::pdf::{DEPTH_MAX, Pdf};
use super::prepare::PrepareError;
use super::structure;
use super::update::Update;

/// The longest name of a field.
pub const FIELD_NAME_CHARS_MAX: usize = 100;

/// The smallest side of a field that is seen.
pub const SIDE_POINTS_MIN: f32 = 8.0;

/// Printed, and locked against being moved: what PDF/A asks of an annotation, and what hides nothing.
const WIDGET_FLAGS: i64 = 132;

/// Why something is not the name of a field.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a field is called by 1 to {FIELD_NAME_CHARS_MAX} characters without a full stop or control characters"
)]
pub struct FieldNameError;

/// The name of a field: a full stop would make it a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(String);

impl FieldName {
    /// A name, if it is one.
    ///
    /// # Errors
    ///
    /// [`FieldNameError`].
    pub fn new(name: impl Into<String>) -> Result<Self, FieldNameError> {
        let name = name.into();
        let length = name.chars().count();
        let fits = (1..=FIELD_NAME_CHARS_MAX).contains(&length)
            && !name
                .chars()
                .any(|character| character == '.' || character.is_control());
        fits.then_some(Self(name)).ok_or(FieldNameError)
    }

    /// The name itself where no field of the PDF has it, else with the first number behind it that is free.
    #[must_use]
    pub fn free_in(&self, pdf: &Pdf) -> Self {
        if !acroform::is_named(pdf, &self.0) {
            return self.clone();
        }
        let free = (2_u32..)
            .map(|number| format!("{}{number}", self.0))
            .find(|name| !acroform::is_named(pdf, name));
        Self(free.unwrap_or_else(|| self.0.clone()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A rectangle in points, from the lower left corner of a page that is not turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Its left side.
    pub left: f32,
    /// Its lower side.
    pub bottom: f32,
    /// How wide it is.
    pub width: f32,
    /// How high it is.
    pub height: f32,
}

impl Rect {
    fn numbers(self) -> [f32; 4] {
        [
            self.left,
            self.bottom,
            self.left + self.width,
            self.bottom + self.height,
        ]
    }

    fn is_within(self, outer: [f32; 4]) -> bool {
        let [left, bottom, right, top] = self.numbers();
        // What is not a number compares as nothing does.
        left >= outer[0] - 0.01
            && bottom >= outer[1] - 0.01
            && right <= outer[2] + 0.01
            && top <= outer[3] + 0.01
            && self.width >= SIDE_POINTS_MIN
            && self.height >= SIDE_POINTS_MIN
    }
}

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// It is not seen.
    Nowhere,
    /// On a page.
    On {
        /// Which one, from 1.
        page: usize,
        /// And where.
        rect: Rect,
    },
}

/// A signature field to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewField {
    /// Its name.
    pub name: FieldName,
    /// Its place.
    pub place: Place,
    /// What a screen reader says of it: *Unterschrift der antragstellenden Person*.
    pub description: String,
}

/// How a field lies on its page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lie {
    pub(super) width: f32,
    pub(super) height: f32,
    /// By how many quarter turns, clockwise, the page is shown.
    pub(super) quarters: u8,
}

impl Lie {
    pub(super) const NONE: Self = Self {
        width: 0.0,
        height: 0.0,
        quarters: 0,
    };
}

/// Adds empty signature fields to a PDF, to be signed later by their names.
///
/// A PDF that several people sign gets all its fields before the first of them signs: a field that is added
/// to a signed PDF is a change that some programs frown upon.
///
/// # Errors
///
/// [`PrepareError`].
pub fn add_fields(pdf: &Pdf, fields: &[NewField]) -> Result<Pdf, PrepareError> {
    let mut update = Update::new(pdf);
    if pdf.signature_fields().iter().any(|field| field.signed) {
        refuse_by_certification(pdf, Permission::Annotations)?;
    }
    let mut made = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        if fields
            .iter()
            .take(index)
            .any(|other| other.name == field.name)
        {
            return Err(PrepareError::NameTaken {
                name: field.name.0.clone(),
            });
        }
        let (id, _) = add(&mut update, field)?;
        made.push(id);
        let form = update.add(empty_form());
        update.edit(id)?.set("AP", appearances(form));
    }
    acroform::add_to_form(&mut update, &made)?;
    Ok(check::increment(pdf, update.write().bytes)?)
}

/// Refuses where the PDF is certified and permits less than `needed`.
pub(super) fn refuse_by_certification(pdf: &Pdf, needed: Permission) -> Result<(), PrepareError> {
    match certification::of(pdf) {
        Some(permission) if permission < needed => Err(PrepareError::Certified { permission }),
        Some(_) | None => Ok(()),
    }
}

/// Makes a field and its widget, on its page; the form does not know of it yet.
pub(super) fn add(
    update: &mut Update<'_>,
    field: &NewField,
) -> Result<(ObjectId, Lie), PrepareError> {
    let pdf = update.base();
    if acroform::is_named(pdf, &field.name.0) {
        return Err(PrepareError::NameTaken {
            name: field.name.0.clone(),
        });
    }
    let (number, rect) = match field.place {
        Place::Nowhere => (1, None),
        Place::On { page, rect } => (page, Some(rect)),
    };
    let page = number
        .checked_sub(1)
        .and_then(|index| pdf.pages().get(index))
        .copied()
        .ok_or(PrepareError::NoSuchPage {
            page: number,
            pages: pdf.page_count(),
        })?;
    if let Some(rect) = rect
        && !rect.is_within(visible_box(pdf, page))
    {
        return Err(PrepareError::OutsidePage { page: number });
    }
    let id = update.reserve();
    let mut widget = Dictionary::new();
    widget.set("Type", "Annot");
    widget.set("Subtype", "Widget");
    widget.set("FT", "Sig");
    widget.set("T", text_string(&field.name.0));
    if !field.description.is_empty() {
        widget.set("TU", text_string(&field.description));
    }
    widget.set("F", WIDGET_FLAGS);
    widget.set("P", Object::Reference(page));
    let numbers = rect.map_or([0.0; 4], Rect::numbers);
    widget.set(
        "Rect",
        numbers.into_iter().map(Object::Real).collect::<Vec<_>>(),
    );
    update.set(id, widget);
    add_to_page(update, page, id)?;
    let Some(rect) = rect else {
        return Ok((id, Lie::NONE));
    };
    structure::add_form(update, page, id)?;
    let lie = Lie {
        width: rect.width,
        height: rect.height,
        quarters: quarters(pdf, page),
    };
    Ok((id, lie))
}

/// Where the widget of a field lies that is there already.
pub(super) fn lie(pdf: &Pdf, widget: ObjectId) -> Lie {
    let Ok(dictionary) = pdf.document().get_dictionary(widget) else {
        return Lie::NONE;
    };
    let Some([left, bottom, right, top]) = dictionary
        .get(b"Rect")
        .ok()
        .and_then(|rect| numbers(pdf, rect))
    else {
        return Lie::NONE;
    };
    let page = dictionary
        .get(b"P")
        .ok()
        .and_then(|page| page.as_reference().ok())
        .or_else(|| page_of(pdf, widget));
    Lie {
        width: (right - left).abs(),
        height: (top - bottom).abs(),
        quarters: page.map_or(0, |page| quarters(pdf, page)),
    }
}

fn page_of(pdf: &Pdf, widget: ObjectId) -> Option<ObjectId> {
    pdf.pages().iter().copied().find(|page| {
        pdf.document()
            .get_dictionary(*page)
            .ok()
            .and_then(|page| pdf.array(page.get(b"Annots").ok()?))
            .is_some_and(|annotations| annotations.contains(&Object::Reference(widget)))
    })
}

/// Puts a widget on its page, wherever the list of its annotations stands.
fn add_to_page(
    update: &mut Update<'_>,
    page: ObjectId,
    widget: ObjectId,
) -> Result<(), PrepareError> {
    let annotations = update
        .get(page)
        .and_then(|page| page.as_dict().ok())
        .and_then(|page| page.get(b"Annots").ok())
        .cloned();
    match annotations {
        Some(Object::Reference(list)) if update.get(list).is_some_and(|l| l.as_array().is_ok()) => {
            update.edit_array(list)?.push(Object::Reference(widget));
        }
        Some(Object::Array(mut list)) => {
            list.push(Object::Reference(widget));
            update.edit(page)?.set("Annots", list);
        }
        Some(_) | None => {
            update
                .edit(page)?
                .set("Annots", vec![Object::Reference(widget)]);
        }
    }
    Ok(())
}

/// An entry of a page that its ancestors may hold for it.
fn inherited<'a>(pdf: &'a Pdf, page: ObjectId, key: &[u8]) -> Option<&'a Object> {
    let mut node = pdf.document().get_dictionary(page).ok()?;
    for _ in 0..DEPTH_MAX {
        if let Ok(value) = node.get(key) {
            return Some(pdf.resolve(value));
        }
        node = pdf.dictionary(node.get(b"Parent").ok()?)?;
    }
    None
}

fn numbers(pdf: &Pdf, object: &Object) -> Option<[f32; 4]> {
    let array = pdf.array(object)?;
    let numbers: Vec<f32> = array
        .iter()
        .filter_map(|number| pdf.resolve(number).as_float().ok())
        .collect();
    <[f32; 4]>::try_from(numbers).ok()
}

/// What is seen of a page: its crop box within its media box, with its corners in order.
fn visible_box(pdf: &Pdf, page: ObjectId) -> [f32; 4] {
    let ordered = |b: [f32; 4]| {
        [
            b[0].min(b[2]),
            b[1].min(b[3]),
            b[0].max(b[2]),
            b[1].max(b[3]),
        ]
    };
    // A page without a size is one that nothing lies on.
    let media = inherited(pdf, page, b"MediaBox")
        .and_then(|found| numbers(pdf, found))
        .map_or([0.0; 4], ordered);
    match inherited(pdf, page, b"CropBox").and_then(|found| numbers(pdf, found)) {
        None => media,
        Some(crop) => {
            let crop = ordered(crop);
            [
                crop[0].max(media[0]),
                crop[1].max(media[1]),
                crop[2].min(media[2]),
                crop[3].min(media[3]),
            ]
        }
    }
}

fn quarters(pdf: &Pdf, page: ObjectId) -> u8 {
    let turned = inherited(pdf, page, b"Rotate")
        .and_then(|turned| turned.as_i64().ok())
        .unwrap_or(0);
    match turned.rem_euclid(360) {
        90 => 1,
        180 => 2,
        270 => 3,
        _ => 0,
    }
}

/// An appearance with nothing on it: PDF/A asks for one.
pub(super) fn empty_form() -> Stream {
    let mut form = Dictionary::new();
    form.set("Type", "XObject");
    form.set("Subtype", "Form");
    form.set("BBox", vec![0.into(), 0.into(), 1.into(), 1.into()]);
    form.set("Resources", Dictionary::new());
    Stream::new(form, Vec::new())
}

/// The entry of a widget that names what it looks like.
pub(super) fn appearances(form: ObjectId) -> Dictionary {
    let mut appearances = Dictionary::new();
    appearances.set("N", Object::Reference(form));
    appearances
}
