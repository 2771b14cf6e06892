//! Pages and pictures as dots, in the worker: what people look at and what recognition reads.
//!
//! What a picture asks for (a size of gigabytes, a compression that never ends) is asked here of a
//! process that has little and dies of more.

use std::io::Cursor;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use hayro_syntax::Pdf;
use hayro_syntax::page::Rotation;
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, tiff::TiffDecoder, webp};
use image::imageops::FilterType;
use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageDecoder, ImageResult, RgbImage, RgbaImage,
};
use tiff::decoder::ifd::Value;
use tiff::tags::Tag;

use super::codes::{LOOKED_AT_DPI, Sheet};
use super::password::Passwords;
use super::picture::{self, PageShape, Picture, Size, Want};
use super::wire::{End, Header};
use super::{Engine, Format, PageState, PageText, pdf, skew};

/// The version of `image`, and ours of what is built on it.
pub const ENGINE: Engine = Engine {
    name: "image",
    version: "0.25.10+1",
};

/// The resolution that recognition likes best, in dots of an inch.
const RECOGNITION_DPI: f64 = 300.0;
/// The longest side of a picture for recognition, in dots: a little more than A3 at that resolution.
const RECOGNITION_SIDE_MAX: f64 = 5_000.0;
/// The longest side of a picture for a copy, in dots: a little more than A2 at 200 dots an inch.
const COPY_SIDE_MAX: f64 = 4_500.0;
/// The longest side of a picture in which codes are looked for, in dots: that of A3.
const LOOKED_AT_SIDE_MAX: f64 = 3_400.0;
/// More than any file has.
const RESOLUTION_OF_THE_FILE: u16 = 10_000;
/// A dot whose colours differ by no more is grey: scanners are not exact.
const GREY_WITHIN: u8 = 8;
/// The long side of a page, in points, where the picture does not say its own: that of A4.
const LONG_SIDE_POINTS: f64 = 842.0;

/// Pages of a TIFF are counted up to here.
const LEAVES_MAX: u32 = 10_000;

/// A picture that was decoded, with the size of the page that it stands for, in points.
struct Decoded {
    image: DynamicImage,
    points: (f64, f64),
}

/// One page for each picture of a file; each asks for recognition.
pub(super) fn leaves(
    content: &[u8],
    format: Format,
    header: &Header,
    mut give: impl FnMut(PageText) -> std::io::Result<()>,
) -> std::io::Result<End> {
    let count = match count(content, format) {
        Ok(count) => count,
        Err(end) => return Ok(end),
    };
    for _ in 0..count.min(header.pages) {
        give(PageText {
            text: String::new(),
            state: PageState::NeedsOcr,
        })?;
    }
    Ok(if count > header.pages {
        End::Pages
    } else {
        End::Complete
    })
}

/// How many pages a file of pictures has; the first must at least say its size.
fn count(content: &[u8], format: Format) -> Result<u32, End> {
    if format != Format::Tiff {
        dimensions(content, format)?;
        return Ok(1);
    }
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(content)).map_err(damaged)?;
    let mut count = 1;
    // What follows a broken directory is lost, and what stands before it is not.
    while decoder.more_images() && count < LEAVES_MAX && decoder.next_image().is_ok() {
        count += 1;
    }
    Ok(count)
}

/// How large the pages are, and how they are turned; and the place of the password that told it.
pub(super) fn shapes(
    content: Vec<u8>,
    format: Format,
    passwords: &Passwords,
    header: &Header,
) -> Result<(Vec<u8>, Option<u8>), End> {
    let most = usize::try_from(header.pages).unwrap_or(usize::MAX);
    let mut by = None;
    let shapes: Vec<PageShape> = if format == Format::Pdf {
        let opened = pdf::open(content, passwords)?;
        by = opened.by;
        let shapes = opened.pdf.pages().iter().take(most).map(|page| {
            let (width, height) = page.render_dimensions();
            PageShape {
                size: Size::of_points(f64::from(width), f64::from(height)),
                rotation: match page.rotation() {
                    Rotation::None => 0,
                    Rotation::Horizontal => 90,
                    Rotation::Flipped => 180,
                    Rotation::FlippedHorizontal => 270,
                },
            }
        });
        shapes.collect()
    } else {
        let count = count(&content, format)?.min(header.pages);
        let mut shapes = Vec::new();
        for number in 0..count {
            let content = leaf(&content, format, number)?.0;
            let (dots, density, rotation) = dimensions(&content, format)?;
            let (width, height) = points(dots, density);
            shapes.push(PageShape {
                size: Size::of_points(width, height),
                rotation,
            });
        }
        shapes
    };
    Ok((PageShape::pack_all(&shapes), by))
}

/// Draws one page; gives it too where it was drawn for recognition, so that it can be looked at.
pub(super) fn draw(
    content: Vec<u8>,
    (format, want, number): (Format, Want, u32),
    passwords: &Passwords,
    header: &Header,
) -> Result<(Vec<u8>, Option<Sheet>), End> {
    let (image, size) = if format == Format::Pdf {
        draw_pdf(content, passwords, want, number)?
    } else {
        draw_picture(&content, format, want, number, header)?
    };
    packed(image, size, want)
}

/// Draws one page of a PDF that was opened.
pub(super) fn draw_opened(pdf: &Pdf, want: Want, number: u32) -> Result<Vec<u8>, End> {
    let (image, size) = paint(pdf, number, |points| {
        target(points, RECOGNITION_DPI / 72.0, want)
    })?;
    Ok(packed(image, size, want)?.0)
}

/// Draws one picture of a file of pictures.
pub(super) fn draw_leaf(
    content: &[u8],
    (format, want, number): (Format, Want, u32),
    header: &Header,
) -> Result<Vec<u8>, End> {
    let (image, size) = draw_picture(content, format, want, number, header)?;
    Ok(packed(image, size, want)?.0)
}

/// A page that was drawn, as it is handed over.
fn packed(image: DynamicImage, size: Size, want: Want) -> Result<(Vec<u8>, Option<Sheet>), End> {
    match want {
        Want::Shown { .. } => Ok((shown(&image, size)?.pack()?, None)),
        Want::Copy { .. } => Ok((copied(&image, size).pack()?, None)),
        Want::Recognition => {
            let (grey, turned) = skew::straighten(grey(image));
            let picture = Picture {
                size,
                width: grey.width(),
                height: grey.height(),
                turned,
                bytes: grey.as_raw().clone(),
            };
            let sheet = Sheet { grey, size, turned };
            Ok((picture.pack()?, Some(sheet)))
        }
    }
}

fn draw_pdf(
    content: Vec<u8>,
    passwords: &Passwords,
    want: Want,
    number: u32,
) -> Result<(DynamicImage, Size), End> {
    let pdf: Pdf = pdf::open(content, passwords)?.pdf;
    paint(&pdf, number, |points| {
        target(points, RECOGNITION_DPI / 72.0, want)
    })
}

/// A page of a PDF in the resolution in which codes are looked for.
pub(super) fn paint_for_codes(pdf: &Pdf, number: u32) -> Result<(DynamicImage, Size), End> {
    paint(pdf, number, |points| {
        let (width, height) = points;
        let scale = (LOOKED_AT_DPI / 72.0)
            .min(LOOKED_AT_SIDE_MAX / width)
            .min(LOOKED_AT_SIDE_MAX / height);
        picture::dots(points, scale)
    })
}

/// Draws a page of a PDF with as many dots as are said for its size in points.
fn paint(
    pdf: &Pdf,
    number: u32,
    dots: impl FnOnce((f64, f64)) -> (u32, u32),
) -> Result<(DynamicImage, Size), End> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    // Nothing else ends so here: there is no such page.
    let page = pdf.pages().get(number).ok_or(End::Pages)?;
    let (width, height) = page.render_dimensions();
    let points = (f64::from(width), f64::from(height));
    if !(points.0.is_finite() && points.1.is_finite() && points.0 > 0.0 && points.1 > 0.0) {
        return Err(End::Damaged);
    }
    let dots = dots(points);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a scale need not be exact beyond what the renderer takes"
    )]
    let scale = |dots: u32, points: f64| ((f64::from(dots) + 0.01) / points) as f32;
    let settings = PixmapSettings {
        x_scale: scale(dots.0, points.0),
        y_scale: scale(dots.1, points.1),
        bg_color: WHITE,
    };
    let pixmap = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    let dots = pixmap.data_as_u8_slice().to_vec();
    let image = RgbaImage::from_raw(width, height, dots).ok_or(End::Damaged)?;
    // On white nothing shines through.
    let image = DynamicImage::ImageRgba8(image).into_rgb8();
    let size = Size::of_points(points.0, points.1);
    Ok((DynamicImage::ImageRgb8(image), size))
}

fn draw_picture(
    content: &[u8],
    format: Format,
    want: Want,
    number: u32,
    header: &Header,
) -> Result<(DynamicImage, Size), End> {
    let decoded = decoded(content, format, number, header)?;
    let dots = (decoded.image.width(), decoded.image.height());
    let (width, height) = decoded.points;
    let own = (f64::from(dots.0) / width).max(f64::from(dots.1) / height);
    // Black and white stays sharp, and takes little room all the same.
    let as_it_is = matches!(want, Want::Copy { .. })
        && own * 72.0 <= RECOGNITION_DPI * 1.1
        && is_two_tone(&decoded.image);
    let ((wide, high), filter) = if as_it_is {
        let dots_per_inch = RESOLUTION_OF_THE_FILE;
        let want = Want::Copy { dots_per_inch };
        (target(decoded.points, own, want), FilterType::Nearest)
    } else {
        (target(decoded.points, own, want), FilterType::Triangle)
    };
    let image = if dots == (wide, high) {
        decoded.image
    } else {
        decoded.image.resize_exact(wide, high, filter)
    };
    Ok((image, Size::of_points(width, height)))
}

/// A picture of a TIFF with all its dots, and the size of its page in points.
pub(super) fn leaf_whole(
    content: &[u8],
    number: u32,
    header: &Header,
) -> Result<(DynamicImage, (f64, f64)), End> {
    let decoded = decoded(content, Format::Tiff, number, header)?;
    Ok((decoded.image, decoded.points))
}

fn decoded(content: &[u8], format: Format, number: u32, header: &Header) -> Result<Decoded, End> {
    let (content, density) = leaf(content, format, number)?;
    let content = Cursor::new(content);
    let memory = header.memory_bytes / 2;
    let image = match format {
        Format::Jpeg => decode(JpegDecoder::new(content), memory),
        Format::Png => decode(PngDecoder::new(content), memory),
        Format::Tiff => decode(TiffDecoder::new(content), memory),
        Format::Webp => decode(webp::WebPDecoder::new(content), memory),
        Format::Pdf
        | Format::Text
        | Format::Docx
        | Format::Xlsx
        | Format::Pptx
        | Format::Odt
        | Format::Ods
        | Format::Odp
        | Format::Rtf
        | Format::Csv
        | Format::Html
        | Format::Ubl
        | Format::Cii
        | Format::Mail
        | Format::Outlook
        | Format::Archive
        | Format::Unknown => return Err(End::Damaged),
    }?;
    let dots = (image.width(), image.height());
    Ok(Decoded {
        points: points(dots, density),
        image,
    })
}

/// Decodes a picture and turns it as its camera was held.
fn decode(decoder: ImageResult<impl ImageDecoder>, memory: u64) -> Result<DynamicImage, End> {
    let mut decoder = decoder.map_err(damaged)?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(memory);
    decoder.set_limits(limits).map_err(|_limit| End::Content)?;
    if decoder.total_bytes() > memory {
        return Err(End::Content);
    }
    let orientation = decoder.orientation();
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| match error {
        image::ImageError::Limits(_) => End::Content,
        image::ImageError::Decoding(_)
        | image::ImageError::Encoding(_)
        | image::ImageError::Parameter(_)
        | image::ImageError::Unsupported(_)
        | image::ImageError::IoError(_) => End::Damaged,
    })?;
    if let Ok(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

/// Dots and, where it is said, dots of an inch in both directions, as the picture is looked at; and by how
/// many degrees it is turned for that, clockwise.
type Dimensions = ((u32, u32), Option<(f64, f64)>, u16);

fn dimensions(content: &[u8], format: Format) -> Result<Dimensions, End> {
    fn dots(decoder: ImageResult<impl ImageDecoder>) -> Result<((u32, u32), u16), End> {
        let mut decoder = decoder.map_err(damaged)?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(End::Damaged);
        }
        use image::metadata::Orientation as Held;
        let rotation = match decoder.orientation() {
            Ok(Held::Rotate90 | Held::Rotate90FlipH) => 90,
            Ok(Held::Rotate180 | Held::FlipVertical) => 180,
            Ok(Held::Rotate270 | Held::Rotate270FlipH) => 270,
            Ok(Held::NoTransforms | Held::FlipHorizontal) | Err(_) => 0,
        };
        Ok(((width, height), rotation))
    }
    let cursor = Cursor::new(content);
    let mut density = None;
    let ((width, height), rotation) = match format {
        Format::Jpeg => dots(JpegDecoder::new(cursor)),
        Format::Png => dots(PngDecoder::new(cursor)),
        Format::Webp => dots(webp::WebPDecoder::new(cursor)),
        Format::Tiff => {
            density = leaf(content, format, 0)?.1;
            dots(TiffDecoder::new(cursor))
        }
        Format::Pdf
        | Format::Text
        | Format::Docx
        | Format::Xlsx
        | Format::Pptx
        | Format::Odt
        | Format::Ods
        | Format::Odp
        | Format::Rtf
        | Format::Csv
        | Format::Html
        | Format::Ubl
        | Format::Cii
        | Format::Mail
        | Format::Outlook
        | Format::Archive
        | Format::Unknown => Err(End::Damaged),
    }?;
    Ok(if matches!(rotation, 90 | 270) {
        let density = density.map(|(x, y)| (y, x));
        ((height, width), density, rotation)
    } else {
        ((width, height), density, rotation)
    })
}

/// The bytes of a file, and its dots of an inch across and down.
type Leaf = (Vec<u8>, Option<(f64, f64)>);

/// The file with the picture of that number in front, and its dots of an inch where they are said.
///
/// The library opens the first picture of a TIFF only; where that one lies stands in the first bytes.
fn leaf(content: &[u8], format: Format, number: u32) -> Result<Leaf, End> {
    if format != Format::Tiff {
        // Nothing else ends so here: there is no such page.
        return if number == 0 {
            Ok((content.to_vec(), None))
        } else {
            Err(End::Pages)
        };
    }
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(content)).map_err(damaged)?;
    for _ in 0..number {
        if !decoder.more_images() || decoder.next_image().is_err() {
            return Err(End::Pages);
        }
    }
    let density = density(&mut decoder);
    let place = decoder.ifd_pointer().ok_or(End::Damaged)?.0;
    let mut content = content.to_vec();
    let little = content.first() == Some(&b'I');
    let big = content.get(2..4) == Some(&[43, 0]) || content.get(2..4) == Some(&[0, 43]);
    let (at, bytes) = match (little, big) {
        (true, true) => (8, place.to_le_bytes().to_vec()),
        (false, true) => (8, place.to_be_bytes().to_vec()),
        (little, false) => {
            let place = u32::try_from(place).map_err(|_far| End::Damaged)?;
            let bytes = if little {
                place.to_le_bytes()
            } else {
                place.to_be_bytes()
            };
            (4, bytes.to_vec())
        }
    };
    let head = content.get_mut(at..at + bytes.len()).ok_or(End::Damaged)?;
    head.copy_from_slice(&bytes);
    Ok((content, density))
}

fn density(decoder: &mut tiff::decoder::Decoder<Cursor<&[u8]>>) -> Option<(f64, f64)> {
    // Any other type is none that a resolution may have.
    let mut ratio = |tag: Tag| {
        if let Value::Rational(over, under) = decoder.find_tag(tag).ok()??
            && under > 0
        {
            Some(f64::from(over) / f64::from(under))
        } else {
            None
        }
    };
    let (x, y) = (ratio(Tag::XResolution)?, ratio(Tag::YResolution)?);
    let unit: Option<u16> = decoder.find_tag_unsigned(Tag::ResolutionUnit).ok()?;
    let inch = match unit {
        None | Some(2) => 1.0,
        Some(3) => 2.54,
        // Only the ratio is known; a fax is found by it all the same.
        Some(_) => return None,
    };
    let sensible = |value: &f64| (20.0..=5_000.0).contains(value);
    Some((x * inch, y * inch)).filter(|(x, y)| sensible(x) && sensible(y))
}

/// The size of the page in points.
fn points(dots: (u32, u32), density: Option<(f64, f64)>) -> (f64, f64) {
    let (width, height) = (f64::from(dots.0), f64::from(dots.1));
    match density {
        Some((x, y)) => (width * 72.0 / x, height * 72.0 / y),
        None => {
            let scale = LONG_SIDE_POINTS / width.max(height);
            (width * scale, height * scale)
        }
    }
}

/// How many dots a picture of a page gets; `own` are the dots of a point that it has by itself.
fn target(points: (f64, f64), own: f64, want: Want) -> (u32, u32) {
    let (width, height) = points;
    match want {
        // As it is told beforehand.
        Want::Shown { width: wide } => Size::of_points(width, height).shown(wide),
        Want::Recognition => {
            let scale = own
                .min(RECOGNITION_SIDE_MAX / width)
                .min(RECOGNITION_SIDE_MAX / height);
            picture::dots(points, scale)
        }
        Want::Copy { dots_per_inch } => {
            let scale = own
                .min(f64::from(dots_per_inch) / 72.0)
                .min(COPY_SIDE_MAX / width)
                .min(COPY_SIDE_MAX / height);
            picture::dots(points, scale)
        }
    }
}

/// On white, in WebP without loss; without colour where there is none.
fn shown(image: &DynamicImage, size: Size) -> Result<Picture, End> {
    let colour = on_white(image);
    let (width, height) = colour.dimensions();
    let grey = colour
        .pixels()
        .all(|dot| dot.0[0] == dot.0[1] && dot.0[1] == dot.0[2]);
    let mut bytes = Vec::new();
    let encoder = webp::WebPEncoder::new_lossless(&mut bytes);
    let encoded = if grey {
        let dots: Vec<u8> = colour.pixels().map(|dot| dot.0[0]).collect();
        encoder.encode(&dots, width, height, ExtendedColorType::L8)
    } else {
        encoder.encode(&colour, width, height, ExtendedColorType::Rgb8)
    };
    encoded.map_err(damaged)?;
    Ok(Picture {
        size,
        width,
        height,
        turned: 0,
        bytes,
    })
}

/// On white, dot by dot; without colour where there is none.
fn copied(image: &DynamicImage, size: Size) -> Picture {
    let (width, height) = (image.width(), image.height());
    let bytes = match image.as_luma8() {
        Some(grey) => grey.as_raw().clone(),
        None => {
            let colour = on_white(image);
            let is_grey = |dot: &image::Rgb<u8>| {
                let [red, green, blue] = dot.0;
                let (least, most) = (red.min(green).min(blue), red.max(green).max(blue));
                most - least <= GREY_WITHIN
            };
            if colour.pixels().all(is_grey) {
                DynamicImage::ImageRgb8(colour).into_luma8().into_raw()
            } else {
                colour.into_raw()
            }
        }
    };
    Picture {
        size,
        width,
        height,
        turned: 0,
        bytes,
    }
}

/// Whether there is only black and white.
fn is_two_tone(image: &DynamicImage) -> bool {
    let plain = |grey: &GrayImage| grey.as_raw().iter().all(|dot| matches!(dot, 0 | 255));
    image.as_luma8().is_some_and(plain)
}

pub(super) fn grey(image: DynamicImage) -> GrayImage {
    if image.color().has_alpha() {
        return DynamicImage::ImageRgb8(on_white(&image)).into_luma8();
    }
    image.into_luma8()
}

pub(super) fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let clear = image.to_rgba8();
    let mut white = RgbImage::new(clear.width(), clear.height());
    for (from, to) in clear.pixels().zip(white.pixels_mut()) {
        let [red, green, blue, alpha] = from.0;
        let mix = |dot: u8| {
            let mixed = u16::from(dot) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(255)
        };
        to.0 = [mix(red), mix(green), mix(blue)];
    }
    white
}

/// Whatever a decoder says of a file: it cannot be made sense of.
fn damaged<E>(_: E) -> End {
    End::Damaged
}

#[cfg(test)]
mod tests;
