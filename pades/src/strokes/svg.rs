//! A record as a picture for whoever examines it: every sample as it was taken, nothing smoothed.

use std::fmt::Write as _;

use super::model::{Decimal, Point, Strokes};

impl Strokes {
    /// The record as SVG, in pixels of the pad: a line from sample to sample, as thick as the pen was pressed.
    ///
    /// What is seen in a PDF is smoothed; this is not. Places beyond the pad are cut off.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut svg = String::new();
        // Writing to a `String` does not fail.
        let mut put = |arguments: std::fmt::Arguments<'_>| {
            let written = svg.write_fmt(arguments);
            debug_assert!(written.is_ok(), "memory takes everything");
        };
        let (width, height) = (self.width, self.height);
        put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n"
        ));
        put(format_args!(
            "<g fill=\"#000\" stroke=\"#000\" stroke-linecap=\"round\">\n"
        ));
        for stroke in &self.strokes {
            if let [only] = stroke.points.as_slice() {
                put(format_args!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" stroke=\"none\"/>\n",
                    pixels(only.x),
                    pixels(only.y),
                    Decimal(thickness(only) / 2, 2)
                ));
            }
            for pair in stroke.points.windows(2) {
                let [from, to] = pair else { continue };
                put(format_args!(
                    "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke-width=\"{}\"/>\n",
                    pixels(from.x),
                    pixels(from.y),
                    pixels(to.x),
                    pixels(to.y),
                    Decimal((thickness(from) + thickness(to)) / 2, 2)
                ));
            }
        }
        put(format_args!("</g>\n</svg>\n"));
        svg
    }
}

fn pixels(hundredths: i32) -> Decimal {
    Decimal(i64::from(hundredths), 2)
}

/// Half a pixel to three and a half, in hundredths of a pixel.
fn thickness(point: &Point) -> i64 {
    50 + i64::from(point.p) * 3 / 100
}
