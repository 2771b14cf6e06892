//! The searchable copy of a scan: its pages as pictures, and what stands on them as text behind the
//! pictures. PDF/A-2u.
//!
//! A copy is made of pictures and words alone. Nothing of the file that they came from goes into it: no
//! script, no form, no attachment and no signature.

mod layer;
mod picture;

use krilla::color::luma;
use krilla::configure::{Archival, ConfigurationBuilder, PdfVersion};
use krilla::geom::Size;
use krilla::metadata::{DateTime, Metadata, PageLayout};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::{Document, SerializeSettings};

use crate::face::Face;
use crate::{Moment, PaperError};

/// The shortest and the longest side that a page may have, in points.
const SIDE_MIN: f32 = 3.0;
const SIDE_MAX: f32 = 14_400.0;

/// What a copy says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What it is called.
    pub title: String,
    /// What it is.
    pub description: String,
    /// The language of its text (BCP 47).
    pub language: String,
    /// What made it.
    pub creator: String,
    /// When it was made.
    pub made: Moment,
    /// How large its pictures may be together, as they stand in it, in bytes.
    pub pictures_bytes_max: u64,
}

/// A page. Places and sizes are in points, from its upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
    /// What it looks like: all of it.
    pub picture: Picture,
    /// What stands on it, in reading order.
    pub words: Vec<Word>,
    /// What the places of the words are.
    pub places: Places,
}

/// A picture, dot by dot, without any compression: one byte for each dot where it is grey, three where it
/// has colours. Where all dots are black or white it is kept without loss, otherwise as JPEG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Dots from left to right.
    pub width: u32,
    /// Dots from top to bottom.
    pub height: u32,
    /// The dots.
    pub dots: Vec<u8>,
}

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Its left edge.
    pub left: f32,
    /// Its upper edge.
    pub top: f32,
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

/// What the places of words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// What is black of them: as recognition finds them.
    Ink,
    /// Their line, from the tops of the highest letters to the feet of the lowest.
    Line,
}

/// Makes a copy of pages, one after the other: of each only its compressed picture is kept until the end.
///
/// # Errors
///
/// See [`PaperError`]; never for what a word says.
pub fn make(about: &About, pages: impl IntoIterator<Item = Page>) -> Result<Vec<u8>, PaperError> {
    let face = Face::new()?;
    let mut document = Document::new_with(settings()?);
    document.set_metadata(metadata(about));
    let mut bytes = 0_u64;
    for page in pages {
        let fits = scale(&page);
        let size = sides(&page, fits);
        let (size, settings) = Size::from_wh(size.0, size.1)
            .map(|size| (size, PageSettings::new(size)))
            .ok_or(PaperError::Dots {
                width: page.picture.width,
                height: page.picture.height,
            })?;
        let compressed = picture::compress(page.picture)?;
        bytes = bytes.saturating_add(compressed.bytes);
        if bytes > about.pictures_bytes_max {
            let bytes_max = about.pictures_bytes_max;
            return Err(PaperError::TooLarge { bytes_max });
        }
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        // Behind the picture it is seen by nobody; until a slow viewer has the picture, white is.
        surface.set_fill(Some(Fill {
            paint: luma::Color::white().into(),
            ..Fill::default()
        }));
        for word in &page.words {
            layer::write(&mut surface, &face, word, (page.places, fits));
        }
        surface.draw_image(compressed.image, size);
        surface.finish();
        sheet.finish();
    }
    document.finish().map_err(|error| PaperError::Standard {
        said: format!("{error:?}"),
    })
}

/// By how much a page is made smaller or larger, so that it is one that a PDF may have.
fn scale(page: &Page) -> f32 {
    let (long, short) = (
        page.width.max(page.height),
        page.width.min(page.height).max(f32::MIN_POSITIVE),
    );
    // Of a strip that is both too long and too narrow the length counts.
    (SIDE_MIN / short).max(1.0).min(SIDE_MAX / long)
}

/// The sides of a page that is made so much larger.
fn sides(page: &Page, scale: f32) -> (f32, f32) {
    let side = |points: f32| (points * scale).clamp(SIDE_MIN, SIDE_MAX);
    (side(page.width), side(page.height))
}

fn settings() -> Result<SerializeSettings, PaperError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_U)
        .with_version(PdfVersion::Pdf17)
        .finish()
        .map_err(|error| PaperError::Standard {
            said: format!("{error:?}"),
        })?;
    Ok(SerializeSettings {
        configuration,
        // There is no structure to tell: a scan has none.
        enable_tagging: false,
        ..SerializeSettings::default()
    })
}

fn metadata(about: &About) -> Metadata {
    let made = DateTime::new(about.made.year)
        .month(about.made.month)
        .day(about.made.day)
        .hour(about.made.hour)
        .minute(about.made.minute)
        .second(about.made.second)
        .utc_offset_hour(0);
    let text = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    Metadata::new()
        .title(text(&about.title))
        .description(text(&about.description))
        .language(about.language.clone())
        .creator(text(&about.creator))
        .creation_date(made)
        .page_layout(PageLayout::OneColumn)
}

#[cfg(test)]
mod tests;
