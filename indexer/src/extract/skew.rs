//! A page that lies askew, put straight: lines of text lie level where the rows of the page are either
//! full or empty.
//!
//! Recognition copes with two degrees. At four it lost one word in ten of a page that it read whole when
//! straight, and in the other direction nearly all of them.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, Luma};

/// The angle up to which pages are put straight, in degrees.
const DEGREES_MAX: f64 = 6.0;
/// Below this recognition does as well by itself, and no dot is touched.
const DEGREES_MIN: f64 = 0.8;
/// The long side of the picture in which the angle is looked for, in dots.
const SIDE: u32 = 1_200;
/// By how much the rows must be clearer than those of the page as it is.
const CLEARER: f64 = 1.2;

/// The page, straight, and by how much it was turned: hundredths of a degree, clockwise.
pub(super) fn straighten(page: GrayImage) -> (GrayImage, i32) {
    let degrees = angle(&page);
    if degrees.abs() < DEGREES_MIN {
        return (page, 0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "an angle of few degrees")]
    let turned = (degrees * 100.0).round() as i32;
    (turn(&page, f64::from(turned) / 100.0), turned)
}

/// By how much the page must be turned clockwise to lie straight, in degrees.
fn angle(page: &GrayImage) -> f64 {
    let long = page.width().max(page.height()).max(1);
    let dots = if long > SIDE {
        let shrink = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(long)).max(1);
        let side = |side: u32| u32::try_from(shrink(side)).unwrap_or(SIDE);
        let page = DynamicImage::ImageLuma8(page.clone());
        let (width, height) = (side(page.width()), side(page.height()));
        dark(
            &page
                .resize_exact(width, height, FilterType::Triangle)
                .into_luma8(),
        )
    } else {
        dark(page)
    };
    if dots.is_empty() {
        return 0.0;
    }
    let level = clearness(&dots, 0.0);
    let mut best = (0.0, level);
    let look = |degrees: f64, best: &mut (f64, f64)| {
        let found = clearness(&dots, degrees);
        if found > best.1 {
            *best = (degrees, found);
        }
    };
    let steps =
        |from: f64, by: f64, count: i32| (0..=count).map(move |at| from + f64::from(at) * by);
    for degrees in steps(-DEGREES_MAX, 0.5, 24) {
        look(degrees, &mut best);
    }
    let middle = best.0;
    for degrees in steps(middle - 0.5, 0.1, 10) {
        look(degrees, &mut best);
    }
    if best.1 < level * CLEARER {
        0.0
    } else {
        best.0
    }
}

/// The dots that are darker than the paper.
fn dark(page: &GrayImage) -> Vec<(f64, f64)> {
    let dots = f64::from(page.width()) * f64::from(page.height());
    let sum: f64 = page.pixels().map(|dot| f64::from(dot.0[0])).sum();
    let limit = sum / dots.max(1.0) * 0.7;
    page.enumerate_pixels()
        .filter(|(_, _, dot)| f64::from(dot.0[0]) < limit)
        .map(|(x, y, _)| (f64::from(x), f64::from(y)))
        .collect()
}

/// How much the rows differ from their neighbours when the page is turned by so much.
fn clearness(dots: &[(f64, f64)], degrees: f64) -> f64 {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let mut rows = vec![0_u32; usize::try_from(SIDE).unwrap_or(0) * 3];
    for (x, y) in dots {
        let row = x * sin + y * cos + f64::from(SIDE);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a row outside is none"
        )]
        if let Some(row) = rows.get_mut(row as usize) {
            *row += 1;
        }
    }
    let pairs = rows.iter().zip(rows.iter().skip(1));
    pairs
        .map(|(one, next)| f64::from(one.abs_diff(*next)).powi(2))
        .sum()
}

/// Turns a page clockwise around its middle; what comes in from outside is white.
fn turn(page: &GrayImage, degrees: f64) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_x, middle_y) = middle(page.width(), page.height());
    GrayImage::from_fn(page.width(), page.height(), |x, y| {
        let (dx, dy) = (f64::from(x) - middle_x, f64::from(y) - middle_y);
        let from_x = cos * dx + sin * dy + middle_x;
        let from_y = cos * dy - sin * dx + middle_y;
        Luma([between(page, from_x, from_y)])
    })
}

fn middle(width: u32, height: u32) -> (f64, f64) {
    (f64::from(width) / 2.0, f64::from(height) / 2.0)
}

/// The dot at a place between four.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places are compared with the page before, and a mix of bytes is a byte"
)]
fn between(page: &GrayImage, x: f64, y: f64) -> u8 {
    let (left, top) = (x.floor(), y.floor());
    if left < 0.0 || top < 0.0 {
        return 255;
    }
    let (share_x, share_y) = (x - left, y - top);
    let dot = |right: u32, down: u32| {
        let found = page.get_pixel_checked(left as u32 + right, top as u32 + down);
        found.map_or(255.0, |dot| f64::from(dot.0[0]))
    };
    let above = dot(0, 0) * (1.0 - share_x) + dot(1, 0) * share_x;
    let below = dot(0, 1) * (1.0 - share_x) + dot(1, 1) * share_x;
    (above * (1.0 - share_y) + below * share_y).round() as u8
}

/// Where a box of a page that was turned lies on the page as it was: left, top, width, height in dots.
pub(super) fn back(place: [f64; 4], size: (u32, u32), turned: i32) -> [f64; 4] {
    if turned == 0 {
        return place;
    }
    let [left, top, width, height] = place;
    let (sin, cos) = (f64::from(turned) / 100.0).to_radians().sin_cos();
    let (middle_x, middle_y) = middle(size.0, size.1);
    let (dx, dy) = (left + width / 2.0 - middle_x, top + height / 2.0 - middle_y);
    let x = cos * dx + sin * dy + middle_x;
    let y = cos * dy - sin * dx + middle_y;
    // A word that lies askew needs a little more room.
    let wide = width * cos.abs() + height * sin.abs();
    let high = height * cos.abs() + width * sin.abs();
    [x - wide / 2.0, y - high / 2.0, wide, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of black lines with gaps.
    fn lines() -> GrayImage {
        GrayImage::from_fn(600, 800, |x, y| {
            let inside = (60..540).contains(&x) && (60..740).contains(&y);
            let ink = inside && y % 20 < 8 && (x / 7) % 5 != 0;
            Luma([if ink { 20 } else { 240 }])
        })
    }

    #[test]
    fn a_crooked_page_is_put_straight_and_a_straight_one_left_alone() {
        for degrees in [-5.0, -3.0, -1.5, 1.5, 3.0, 5.0] {
            let (straight, turned) = straighten(turn(&lines(), -degrees));
            let off = f64::from(turned) / 100.0 - degrees;
            assert!(off.abs() <= 0.2, "{degrees}: turned by {turned}");
            assert!(angle(&straight).abs() <= 0.2, "{degrees}: still crooked");
        }
        assert_eq!(straighten(lines()), (lines(), 0));
        let blank = GrayImage::from_pixel(50, 50, Luma([255]));
        assert_eq!(straighten(blank.clone()), (blank, 0));
    }

    #[test]
    fn a_box_is_found_again_on_the_page_as_it_was() {
        let mut page = GrayImage::from_pixel(400, 400, Luma([255]));
        (0..10).for_each(|dot| page.put_pixel(300 + dot, 100, Luma([0])));
        let turned = turn(&page, 3.0);
        let (x, y, _) = turned
            .enumerate_pixels()
            .find(|(_, _, dot)| dot.0[0] < 128)
            .expect("the dots are somewhere");
        let place = [f64::from(x), f64::from(y), 1.0, 1.0];
        let [left, top, ..] = back(place, (400, 400), 300);
        assert!(
            (299.0..311.0).contains(&left) && (98.0..102.0).contains(&top),
            "{left} {top}"
        );
    }
}
