//! Pictures as they stand in a copy: without loss where there is only black and white, else as JPEG.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use krilla::image::{BitsPerComponent, CustomImage, Image, ImageColorspace};

use super::Picture;
use crate::PaperError;

/// How good a JPEG is, from 1 to 100: text stays sharp, and a page in grey takes some hundred kilobytes.
const QUALITY: u8 = 75;

/// A picture that was compressed.
pub(super) struct Compressed {
    pub(super) image: Image,
    /// About how many bytes it takes.
    pub(super) bytes: u64,
}

/// Only black and white.
#[derive(Clone)]
struct TwoTone(Arc<Picture>);

impl Hash for TwoTone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.width, self.0.height, &self.0.dots).hash(state);
    }
}

impl CustomImage for TwoTone {
    fn color_channel(&self) -> &[u8] {
        &self.0.dots
    }

    fn alpha_channel(&self) -> Option<&[u8]> {
        None
    }

    fn bits_per_component(&self) -> BitsPerComponent {
        BitsPerComponent::Eight
    }

    fn size(&self) -> (u32, u32) {
        (self.0.width, self.0.height)
    }

    fn icc_profile(&self) -> Option<&[u8]> {
        None
    }

    fn color_space(&self) -> ImageColorspace {
        ImageColorspace::Luma
    }
}

pub(super) fn compress(picture: Picture) -> Result<Compressed, PaperError> {
    let (width, height) = (picture.width, picture.height);
    let dots = u64::from(width) * u64::from(height);
    let long = u64::try_from(picture.dots.len()).unwrap_or(u64::MAX);
    let wrong = || PaperError::Dots { width, height };
    if dots == 0 {
        return Err(wrong());
    }
    let colour = if long == dots {
        ExtendedColorType::L8
    } else if long == dots * 3 {
        ExtendedColorType::Rgb8
    } else {
        return Err(wrong());
    };
    if colour == ExtendedColorType::L8 && picture.dots.iter().all(|dot| matches!(dot, 0 | 255)) {
        // Of black and white nearly nothing is left; a sixteenth is what much text comes to.
        let bytes = dots / 16;
        let image = Image::from_custom(TwoTone(Arc::new(picture)), false);
        let image = image.map_err(|said| PaperError::Picture { said })?;
        return Ok(Compressed { image, bytes });
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&picture.dots, width, height, colour)
        .map_err(|error| PaperError::Picture {
            said: error.to_string(),
        })?;
    let bytes = u64::try_from(jpeg.len()).unwrap_or(u64::MAX);
    let image = Image::from_jpeg(jpeg.into(), false);
    let image = image.map_err(|said| PaperError::Picture { said })?;
    Ok(Compressed { image, bytes })
}
