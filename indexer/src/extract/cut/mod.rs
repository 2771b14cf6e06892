//! Pages of a document as documents of their own, in the worker: the parts of a batch.
//!
//! What a part needs is copied, and nothing else: no page, form or attachment of another part stands in it,
//! drawn or not. The content of pages is taken over as it is; pictures are neither drawn nor packed anew. Of
//! a TIFF the pictures become pages of a PDF, without loss. The same pages give the same bytes each time.

use std::collections::HashSet;
use std::io;

use image::{DynamicImage, GrayImage};
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream, dictionary};

use super::carry::Carrier;
use super::parts::PartHead;
use super::wire::{End, Header};
use super::{Format, raster};

/// Most parts of one document.
pub const RANGES_MAX: usize = 1_000;
/// What a stream of the structure may inflate to, in bytes.
const STRUCTURE_BYTES_MAX: usize = 64 << 20;
/// What the content of a page may inflate to, in bytes, to be read for what it draws.
const CONTENT_BYTES_MAX: usize = 32 << 20;
/// The version of PDF in which parts are written, at least.
const VERSION: &str = "1.7";
/// So many nodes above a page are asked for what it inherits.
const ABOVE_MAX: usize = 64;
/// Deeper than this nothing is copied.
const DEPTH_MAX: usize = 200;
/// What is copied of a page; everything else leads elsewhere.
const OF_PAGE: [&[u8]; 8] = [
    b"CropBox",
    b"BleedBox",
    b"TrimBox",
    b"ArtBox",
    b"Rotate",
    b"UserUnit",
    b"Group",
    b"MediaBox",
];
/// What a page inherits from the nodes above it.
const INHERITED: [&[u8]; 3] = [b"MediaBox", b"CropBox", b"Rotate"];
/// What is copied of a mark on a page: how it looks.
const OF_MARK: [&[u8]; 8] = [
    b"Type", b"Subtype", b"Rect", b"AP", b"AS", b"F", b"BS", b"Border",
];
/// Marks that are not copied: they lead elsewhere, or hold a file.
const NO_MARKS: [&[u8]; 8] = [
    b"Link",
    b"Popup",
    b"FileAttachment",
    b"Movie",
    b"Sound",
    b"Screen",
    b"RichMedia",
    b"3D",
];

/// Pages of a document, the first being 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageRange {
    /// The first.
    pub first: u32,
    /// The last; that may be the same.
    pub last: u32,
}

impl PageRange {
    /// As they stand in front of the content: how many, then the first and the last page of each.
    pub(super) fn pack_all(ranges: &[Self]) -> Vec<u8> {
        let count = u32::try_from(ranges.len()).unwrap_or(u32::MAX);
        let numbers = ranges.iter().flat_map(|one| [one.first, one.last]);
        std::iter::once(count)
            .chain(numbers)
            .flat_map(u32::to_be_bytes)
            .collect()
    }

    /// Reads what `pack_all` wrote; gives what stands behind it too.
    fn unpack_all(content: &[u8]) -> Option<(Vec<Self>, &[u8])> {
        let (count, mut rest) = number(content)?;
        let mut ranges = Vec::new();
        for _ in 0..count {
            let (first, behind) = number(rest)?;
            let (last, behind) = number(behind)?;
            ranges.push(Self { first, last });
            rest = behind;
        }
        Some((ranges, rest))
    }

    /// Its pages among all, beginning with 0.
    fn places(self) -> Option<std::ops::Range<usize>> {
        let first = usize::try_from(self.first.checked_sub(1)?).ok()?;
        let last = usize::try_from(self.last).ok()?;
        (first < last).then_some(first..last)
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*head), rest))
}

/// Hands over a PDF for each of the ranges in front of the content, in their order.
pub(super) fn cut(
    content: &[u8],
    format: Format,
    header: &Header,
    carrier: &mut Carrier<'_>,
) -> io::Result<End> {
    let Some((ranges, content)) = PageRange::unpack_all(content) else {
        return Ok(End::Damaged);
    };
    let source = match Source::open(content, format) {
        Ok(source) => source,
        Err(end) => return Ok(end),
    };
    for range in ranges {
        if carrier.out_of_time() {
            return Ok(End::Time);
        }
        let part = match source.part(range, header) {
            Ok(part) => part,
            Err(end) => return Ok(end),
        };
        let head = PartHead {
            path: "part.pdf".to_owned(),
            title: None,
        };
        carrier.part(&head, part.as_slice(), None)?;
    }
    Ok(End::Complete)
}

/// Where pages come from.
enum Source<'a> {
    Pdf(Box<Document>, Vec<ObjectId>),
    Tiff(&'a [u8]),
}

impl<'a> Source<'a> {
    fn open(content: &'a [u8], format: Format) -> Result<Self, End> {
        if format == Format::Tiff {
            return Ok(Self::Tiff(content));
        }
        let options = LoadOptions {
            max_decompressed_size: Some(STRUCTURE_BYTES_MAX),
            ..LoadOptions::default()
        };
        let document =
            Document::load_mem_with_options(content, options).map_err(|_broken| End::Damaged)?;
        // What opens without a password is open by now.
        if document.is_encrypted() && !document.was_encrypted() {
            return Err(End::Encrypted);
        }
        let pages: Vec<ObjectId> = document.page_iter().collect();
        Ok(Self::Pdf(Box::new(document), pages))
    }

    fn part(&self, range: PageRange, header: &Header) -> Result<Vec<u8>, End> {
        let places = range.places().ok_or(End::Pages)?;
        let part = match self {
            Self::Pdf(document, pages) => {
                let pages = pages.get(places).ok_or(End::Pages)?;
                Part::of(document).with_pages(pages)
            }
            Self::Tiff(content) => {
                let mut part = Part::of_nothing();
                for place in places {
                    let place = u32::try_from(place).map_err(|_far| End::Pages)?;
                    let (image, points) = raster::leaf_whole(content, place, header)?;
                    part.add_picture(image, points)?;
                }
                part
            }
        };
        part.finish()
    }
}

/// A document in the making.
struct Part<'a> {
    from: Option<&'a Document>,
    to: Document,
    /// Objects that are needed and not copied yet.
    open: Vec<ObjectId>,
    taken: HashSet<ObjectId>,
    /// The pages, in their order.
    kids: Vec<Object>,
    next: u32,
    catalog: Dictionary,
}

impl<'a> Part<'a> {
    fn of(from: &'a Document) -> Self {
        let mut to = Document::new();
        let version = from.version.as_str().max(VERSION);
        version.clone_into(&mut to.version);
        let last = from.objects.keys().map(|id| id.0).max().unwrap_or(0);
        Self {
            from: Some(from),
            to,
            open: Vec::new(),
            taken: HashSet::new(),
            kids: Vec::new(),
            next: last.max(from.max_id).saturating_add(1),
            catalog: Dictionary::new(),
        }
    }

    fn of_nothing() -> Self {
        let mut to = Document::new();
        VERSION.clone_into(&mut to.version);
        Self {
            from: None,
            to,
            open: Vec::new(),
            taken: HashSet::new(),
            kids: Vec::new(),
            next: 1,
            catalog: Dictionary::new(),
        }
    }

    fn add(&mut self, object: Object) -> ObjectId {
        let id = (self.next, 0);
        self.next = self.next.saturating_add(1);
        self.to.objects.insert(id, object);
        id
    }

    fn with_pages(mut self, pages: &[ObjectId]) -> Self {
        let Some(from) = self.from else { return self };
        for page in pages {
            if let Ok(page) = from.get_dictionary(*page) {
                let page = self.page(from, page);
                self.kids.push(Object::Dictionary(page));
            }
        }
        // Which layers are shown.
        if let Ok(layers) = from.catalog().and_then(|it| it.get(b"OCProperties")) {
            let layers = self.copied(layers, 0);
            self.catalog.set("OCProperties", layers);
        }
        while let Some(id) = self.open.pop() {
            if let Ok(object) = from.get_object(id) {
                let object = self.copied(object, 0);
                self.to.objects.insert(id, object);
            }
        }
        self
    }

    fn page(&mut self, from: &'a Document, page: &'a Dictionary) -> Dictionary {
        let mut own = dictionary! { "Type" => "Page" };
        for key in OF_PAGE {
            let found = match page.get(key) {
                Ok(found) => Some(found),
                Err(_) if INHERITED.contains(&key) => inherited(from, page, key),
                Err(_) => None,
            };
            if let Some(found) = found {
                let found = self.copied(found, 0);
                own.set(key, found);
            }
        }
        if let Ok(contents) = page.get(b"Contents") {
            let contents = self.copied(contents, 0);
            own.set("Contents", contents);
        }
        let marks = self.marks(from, page);
        if !marks.is_empty() {
            own.set("Annots", marks);
        }
        let resources = self.resources(from, page);
        own.set("Resources", resources);
        own
    }

    /// What a page draws with: of pictures and forms those that it names. Some programs list the pictures of
    /// all pages with each.
    fn resources(&mut self, from: &'a Document, page: &'a Dictionary) -> Dictionary {
        let mut own = Dictionary::new();
        let found = page.get(b"Resources").ok();
        let found = found.or_else(|| inherited(from, page, b"Resources"));
        let found = found.and_then(|it| from.dereference(it).ok());
        let Some(found) = found.and_then(|(_, it)| it.as_dict().ok()) else {
            return own;
        };
        let named = content_of(from, page).map(|content| names(&content));
        for (key, value) in found.iter() {
            let listed = from.dereference(value).ok();
            let listed = listed.and_then(|(_, it)| it.as_dict().ok());
            let copy = match (listed, &named) {
                (Some(listed), Some(named)) if key == b"XObject" => {
                    let all = listed
                        .iter()
                        .any(|(name, one)| named.contains(name) && draws_with_its_page(from, one));
                    let mut kept = Dictionary::new();
                    for (name, one) in listed.iter() {
                        if all || named.contains(name) {
                            let one = self.copied(one, 0);
                            kept.set(name.clone(), one);
                        }
                    }
                    Object::Dictionary(kept)
                }
                (_, _) => self.copied(value, 0),
            };
            own.set(key.clone(), copy);
        }
        own
    }

    /// The marks on a page, as far as they are drawn: stamps, notes, what stands in the fields of a form.
    fn marks(&mut self, from: &'a Document, page: &'a Dictionary) -> Vec<Object> {
        let found = page.get(b"Annots").and_then(|it| from.dereference(it));
        let Some(found) = found.ok().and_then(|(_, it)| it.as_array().ok()) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for mark in found {
            let mark = from.dereference(mark).ok();
            let Some(mark) = mark.and_then(|(_, it)| it.as_dict().ok()) else {
                continue;
            };
            let kind = mark.get(b"Subtype").and_then(Object::as_name).ok();
            if !mark.has(b"AP") || kind.is_some_and(|kind| NO_MARKS.contains(&kind)) {
                continue;
            }
            let mut own = Dictionary::new();
            for key in OF_MARK {
                if let Ok(value) = mark.get(key) {
                    let value = self.copied(value, 0);
                    own.set(key, value);
                }
            }
            // The form to which a field belongs stays behind; how it looks does not.
            if kind.is_some_and(|kind| kind == b"Widget") {
                own.set("Subtype", "Stamp");
            }
            all.push(Object::Dictionary(own));
        }
        all
    }

    /// A copy in which pages of the document from which it comes lead nowhere.
    fn copied(&mut self, object: &Object, depth: usize) -> Object {
        if depth > DEPTH_MAX {
            return Object::Null;
        }
        match object {
            Object::Reference(id) => {
                if self.from.is_none_or(|from| is_elsewhere(from, *id)) {
                    return Object::Null;
                }
                if self.taken.insert(*id) {
                    self.open.push(*id);
                }
                Object::Reference(*id)
            }
            Object::Array(all) => {
                Object::Array(all.iter().map(|one| self.copied(one, depth + 1)).collect())
            }
            Object::Dictionary(all) => Object::Dictionary(self.copied_all(all, depth)),
            Object::Stream(stream) => {
                let mut dict = self.copied_all(&stream.dict, depth);
                let length = i64::try_from(stream.content.len()).unwrap_or(i64::MAX);
                dict.set("Length", length);
                Object::Stream(Stream {
                    dict,
                    content: stream.content.clone(),
                    allows_compression: false,
                    start_position: None,
                })
            }
            Object::Null
            | Object::Boolean(_)
            | Object::Integer(_)
            | Object::Real(_)
            | Object::Name(_)
            | Object::String(..) => object.clone(),
        }
    }

    fn copied_all(&mut self, all: &Dictionary, depth: usize) -> Dictionary {
        let mut own = Dictionary::new();
        for (key, value) in all.iter() {
            let value = self.copied(value, depth + 1);
            own.set(key.clone(), value);
        }
        own
    }

    /// A page that is this picture.
    fn add_picture(&mut self, image: DynamicImage, (width, height): (f64, f64)) -> Result<(), End> {
        let (across, down) = (image.width(), image.height());
        let (space, bits, dots) = if image.color().has_color() {
            ("DeviceRGB", 8_i64, raster::on_white(&image).into_raw())
        } else {
            let grey = raster::grey(image);
            if grey.pixels().all(|dot| matches!(dot.0[0], 0 | 255)) {
                ("DeviceGray", 1, eight_in_one(&grey))
            } else {
                ("DeviceGray", 8, grey.into_raw())
            }
        };
        let about = dictionary! {
            "Type" => "XObject",
            "Subtype" => "Image",
            "Width" => i64::from(across),
            "Height" => i64::from(down),
            "ColorSpace" => space,
            "BitsPerComponent" => bits,
        };
        let mut picture = Stream::new(about, dots);
        picture.compress().map_err(|_unpacked| End::Damaged)?;
        let picture = self.add(Object::Stream(picture));
        let drawn = format!("q {width:.3} 0 0 {height:.3} 0 0 cm /P Do Q");
        let contents = Stream::new(Dictionary::new(), drawn.into_bytes());
        let contents = self.add(Object::Stream(contents));
        #[expect(clippy::cast_possible_truncation, reason = "the size of a page")]
        let side = |points: f64| Object::Real(points as f32);
        self.kids.push(Object::Dictionary(dictionary! {
            "Type" => "Page",
            "MediaBox" => vec![0.into(), 0.into(), side(width), side(height)],
            "Contents" => contents,
            "Resources" => dictionary! { "XObject" => dictionary! { "P" => picture } },
        }));
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, End> {
        let kids = std::mem::take(&mut self.kids);
        if kids.is_empty() {
            return Err(End::Damaged);
        }
        let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
        let tree = self.add(Object::Null);
        let mut pages = Vec::with_capacity(kids.len());
        for mut page in kids {
            if let Object::Dictionary(page) = &mut page {
                page.set("Parent", tree);
            }
            pages.push(Object::Reference(self.add(page)));
        }
        let node = dictionary! { "Type" => "Pages", "Kids" => pages, "Count" => count };
        self.to.objects.insert(tree, Object::Dictionary(node));
        let mut catalog = std::mem::take(&mut self.catalog);
        catalog.set("Type", "Catalog");
        catalog.set("Pages", tree);
        let root = self.add(Object::Dictionary(catalog));
        let info = dictionary! { "Producer" => Object::string_literal("Papierlos") };
        let info = self.add(Object::Dictionary(info));
        self.to.trailer.set("Root", root);
        self.to.trailer.set("Info", info);
        self.to.max_id = self.next.saturating_sub(1);
        let mut bytes = Vec::new();
        let saved = self.to.save_to(&mut bytes);
        saved.map_err(|_unwritten| End::Damaged)?;
        Ok(bytes)
    }
}

/// Whether an object is part of what holds a document together: that is made anew.
fn is_elsewhere(from: &Document, id: ObjectId) -> bool {
    let found = from.get_object(id).and_then(Object::as_dict);
    found.is_ok_and(|one| {
        [b"Page".as_slice(), b"Pages", b"Catalog"]
            .into_iter()
            .any(|kind| one.has_type(kind))
    })
}

/// What a page has from the nodes above it.
fn inherited<'a>(from: &'a Document, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = page;
    for _ in 0..ABOVE_MAX {
        let above = node.get(b"Parent").ok()?.as_reference().ok()?;
        node = from.get_dictionary(above).ok()?;
        if let Ok(found) = node.get(key) {
            return Some(found);
        }
    }
    None
}

/// Whether a form draws with what its page lists: then all that is listed may be needed.
fn draws_with_its_page(from: &Document, object: &Object) -> bool {
    let Ok((_, Object::Stream(stream))) = from.dereference(object) else {
        return false;
    };
    let kind = stream.dict.get(b"Subtype").and_then(Object::as_name);
    kind.is_ok_and(|kind| kind == b"Form") && !stream.dict.has(b"Resources")
}

/// What a page draws, unpacked. `None`: that cannot be told.
fn content_of(from: &Document, page: &Dictionary) -> Option<Vec<u8>> {
    let (_, contents) = from.dereference(page.get(b"Contents").ok()?).ok()?;
    let streams: Vec<&Object> = if let Object::Array(all) = contents {
        all.iter().collect()
    } else {
        vec![contents]
    };
    let mut all = Vec::new();
    for one in streams {
        let (_, one) = from.dereference(one).ok()?;
        let left = CONTENT_BYTES_MAX.checked_sub(all.len())?;
        let content = one.as_stream().ok()?.get_plain_content_with_limit(left);
        all.extend(content.ok()?);
        all.push(b'\n');
    }
    Some(all)
}

/// All names that stand in what a page draws, and some that only look so.
fn names(content: &[u8]) -> HashSet<Vec<u8>> {
    let is_end =
        |byte: &u8| byte.is_ascii_whitespace() || *byte == 0 || b"()<>[]{}%".contains(byte);
    let raw = content.split(|byte| *byte == b'/').skip(1);
    raw.map(|rest| {
        let name: Vec<u8> = rest.iter().copied().take_while(|it| !is_end(it)).collect();
        unescaped(&name)
    })
    .collect()
}

/// A name with `#20` as what it stands for.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.split_first_chunk::<2>();
        let code = digits.and_then(|(digits, _)| {
            let digits = str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        match (first, code) {
            (b'#', Some(code)) => {
                plain.push(code);
                rest = behind.get(2..).unwrap_or_default();
            }
            (_, _) => {
                plain.push(*first);
                rest = behind;
            }
        }
    }
    plain
}

/// Black and white, eight dots in a byte, each row in bytes of its own.
fn eight_in_one(page: &GrayImage) -> Vec<u8> {
    let width = usize::try_from(page.width()).unwrap_or(1).max(1);
    let rows = page.as_raw().chunks(width);
    rows.flat_map(|row| {
        row.chunks(8).map(|dots| {
            let bits = dots.iter().enumerate();
            bits.fold(
                0_u8,
                |byte, (at, dot)| {
                    if *dot == 0 { byte } else { byte | (0x80 >> at) }
                },
            )
        })
    })
    .collect()
}

#[cfg(test)]
mod tests;
