use lopdf::{Document, Object, Stream, dictionary};

use super::super::wire::Task;
use super::super::{Format, Limits};
use super::*;

/// Pages of which each draws a picture of its own; all are listed with each. Page 1 has a link to page 2, and
/// page 2 a stamp.
fn batch(count: u8) -> Vec<u8> {
    let mut pdf = Document::with_version("1.5");
    let tree = pdf.new_object_id();
    let pictures: Vec<_> = (1..=count)
        .map(|number| {
            let about = dictionary! {
                "Type" => "XObject", "Subtype" => "Image", "Width" => 2, "Height" => 2,
                "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
            };
            pdf.add_object(Stream::new(about, vec![number; 4]))
        })
        .collect();
    let mut listed = lopdf::Dictionary::new();
    for (number, picture) in (1..).zip(&pictures) {
        listed.set(format!("Im{number}"), *picture);
    }
    let form =
        dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => dictionary! {} };
    let look = pdf.add_object(Stream::new(form, b"0 0 9 9 re f".to_vec()));
    let ids: Vec<_> = (0..count).map(|_| pdf.new_object_id()).collect();
    for (number, id) in (1..).zip(&ids) {
        let drawn = format!("q 595 0 0 842 0 0 cm /Im{number} Do Q");
        let contents = pdf.add_object(Stream::new(dictionary! {}, drawn.into_bytes()));
        let link = dictionary! {
            "Type" => "Annot", "Subtype" => "Link", "AP" => dictionary! { "N" => look },
            "Dest" => vec![Object::from(ids[1]), "Fit".into()],
        };
        let stamp = dictionary! {
            "Type" => "Annot", "Subtype" => "Widget", "P" => *id, "Parent" => tree,
            "Rect" => vec![0.into(), 0.into(), 9.into(), 9.into()],
            "V" => Object::string_literal("geheim"), "AP" => dictionary! { "N" => look },
        };
        let mark = if number == 1 { link } else { stamp };
        let page = dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => contents,
            "Annots" => vec![Object::Dictionary(mark)],
        };
        pdf.objects.insert(*id, page.into());
    }
    let kids: Vec<Object> = ids.iter().map(|id| Object::Reference(*id)).collect();
    let node = dictionary! {
        "Type" => "Pages", "Count" => i64::from(count), "Kids" => kids,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Rotate" => 90,
        "Resources" => dictionary! { "XObject" => listed },
    };
    pdf.objects.insert(tree, node.into());
    let root = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", root);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("a PDF");
    bytes
}

fn part(content: &[u8], first: u32, last: u32) -> Result<Vec<u8>, End> {
    let header = Header::new(Task::Cut(Format::Pdf), &Limits::default());
    let source = Source::open(content, Format::Pdf)?;
    source.part(PageRange { first, last }, &header)
}

/// The first dot of each picture that stands in a document.
fn pictures(pdf: &Document) -> Vec<u8> {
    let streams = pdf.objects.values().filter_map(|one| one.as_stream().ok());
    let pictures = streams.filter(|one| one.dict.has(b"Width"));
    let mut all: Vec<u8> = pictures
        .filter_map(|one| one.content.first().copied())
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn a_part_has_its_pages_and_nothing_of_the_others() {
    let batch = batch(5);
    let bytes = part(&batch, 2, 3).expect("a part");
    assert_eq!(part(&batch, 2, 3), Ok(bytes.clone()));
    let pdf = Document::load_mem(&bytes).expect("a PDF");
    let pages: Vec<_> = pdf.page_iter().collect();
    assert_eq!(pages.len(), 2);
    assert_eq!(pictures(&pdf), [2, 3]);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!text.contains("geheim") && !text.contains("Dest"), "{text}");
    for page in pages {
        let page = pdf.get_dictionary(page).expect("a page");
        // What it had from above it has itself.
        assert_eq!(page.get(b"Rotate").and_then(Object::as_i64).ok(), Some(90));
        assert!(page.has(b"MediaBox"));
        let marks = page.get(b"Annots").and_then(Object::as_array);
        let mark = marks.expect("a mark").first().map(Object::as_dict);
        let mark = mark.expect("a mark").expect("a mark");
        let kind = mark.get(b"Subtype").and_then(Object::as_name).ok();
        assert_eq!(kind, Some(b"Stamp".as_slice()));
    }
    // A link leads elsewhere, and goes.
    let first = part(&batch, 1, 1).expect("a part");
    let first = Document::load_mem(&first).expect("a PDF");
    assert_eq!(pictures(&first), [1]);
    let page = first.page_iter().next().expect("a page");
    assert!(!first.get_dictionary(page).expect("a page").has(b"Annots"));
}

#[test]
fn pages_that_are_not_there_are_no_part() {
    let batch = batch(3);
    for (first, last) in [(0, 1), (3, 4), (2, 1), (4, 9), (1, u32::MAX)] {
        assert_eq!(part(&batch, first, last), Err(End::Pages), "{first} {last}");
    }
    assert_eq!(part(b"%PDF-1.7\nnothing", 1, 1), Err(End::Damaged));
}

#[test]
fn ranges_stand_in_front_of_the_content() {
    let ranges = [
        PageRange { first: 1, last: 2 },
        PageRange { first: 4, last: 4 },
    ];
    let mut bytes = PageRange::pack_all(&ranges);
    bytes.extend(b"%PDF");
    let read = PageRange::unpack_all(&bytes);
    assert_eq!(read, Some((ranges.to_vec(), b"%PDF".as_slice())));
    assert_eq!(PageRange::unpack_all(&[0, 0, 0, 2, 0]), None);
    assert_eq!(PageRange::unpack_all(&[255; 16]), None);
}

#[test]
fn what_a_page_draws_is_told_by_its_names() {
    let found = names(b"q /Im1 Do/Im#32 Do (/no) Tj /A<</B/C>> Q");
    for name in ["Im1", "Im2", "A", "B", "C"] {
        assert!(found.contains(name.as_bytes()), "{name}");
    }
    assert!(!found.contains(b"Im3".as_slice()));
}

#[test]
fn a_fax_becomes_a_page_of_one_bit_for_each_dot() {
    let page = GrayImage::from_fn(10, 2, |x, _| image::Luma([u8::from(x % 3 == 0) * 255]));
    let dots = eight_in_one(&page);
    assert_eq!(dots, [0b1001_0010, 0b0100_0000, 0b1001_0010, 0b0100_0000]);
    let mut part = Part::of_nothing();
    let picture = DynamicImage::ImageLuma8(page);
    part.add_picture(picture, (100.0, 20.0)).expect("a page");
    let bytes = part.finish().expect("a PDF");
    let pdf = Document::load_mem(&bytes).expect("a PDF");
    assert_eq!(pdf.page_iter().count(), 1);
}
