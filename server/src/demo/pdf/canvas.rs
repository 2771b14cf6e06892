//! The few drawing operations that a letter needs.

use crate::demo::metrics::{Font, encode};

/// Points in a millimetre.
pub(super) const MM: f64 = 72.0 / 25.4;
pub(super) const PAGE_WIDTH: f64 = 210.0 * MM;
pub(super) const PAGE_HEIGHT: f64 = 297.0 * MM;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colour(pub(super) f64, pub(super) f64, pub(super) f64);

impl Colour {
    pub(super) const BLACK: Self = Self(0.0, 0.0, 0.0);
    pub(super) const GREY: Self = Self(0.38, 0.38, 0.38);
    pub(super) const GREEN: Self = Self(0.09, 0.36, 0.29);
    pub(super) const BLUE: Self = Self(0.10, 0.33, 0.56);
    pub(super) const STAMP: Self = Self(0.20, 0.24, 0.62);
    pub(super) const SILVER: Self = Self(0.95, 0.95, 0.93);
}

/// Content of one page.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    bytes: Vec<u8>,
}

impl Canvas {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn put(&mut self, operations: &str) {
        self.bytes.extend_from_slice(operations.as_bytes());
        self.bytes.push(b'\n');
    }

    pub(super) fn text(
        &mut self,
        x: f64,
        y: f64,
        font: Font,
        size: f64,
        colour: Colour,
        text: &str,
    ) {
        self.fill(colour);
        self.put(&format!("BT /{} {size:.2} Tf {x:.2} {y:.2} Td", font.key()));
        self.bytes.push(b'(');
        for code in encode(text) {
            if matches!(code, b'(' | b')' | b'\\') {
                self.bytes.push(b'\\');
            }
            self.bytes.push(code);
        }
        self.put(") Tj ET");
    }

    /// A text that ends at `x`.
    pub(super) fn text_right(
        &mut self,
        x: f64,
        y: f64,
        font: Font,
        size: f64,
        colour: Colour,
        text: &str,
    ) {
        self.text(x - font.width(text, size), y, font, size, colour, text);
    }

    /// What is added to each blank from here on.
    pub(super) fn spread(&mut self, points: f64) {
        self.put(&format!("{points:.3} Tw"));
    }

    pub(super) fn fill(&mut self, Colour(red, green, blue): Colour) {
        self.put(&format!("{red:.2} {green:.2} {blue:.2} rg"));
    }

    fn stroke(&mut self, width: f64, Colour(red, green, blue): Colour) {
        self.put(&format!("{width:.2} w {red:.2} {green:.2} {blue:.2} RG"));
    }

    pub(super) fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, width: f64, colour: Colour) {
        self.stroke(width, colour);
        self.put(&format!("{x1:.2} {y1:.2} m {x2:.2} {y2:.2} l S"));
    }

    pub(super) fn frame(&mut self, x: f64, y: f64, width: f64, height: f64, colour: Colour) {
        self.stroke(1.1, colour);
        self.put(&format!("{x:.2} {y:.2} {width:.2} {height:.2} re S"));
    }

    pub(super) fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, colour: Colour) {
        self.fill(colour);
        self.put(&format!("{x:.2} {y:.2} {width:.2} {height:.2} re f"));
    }

    fn disc(&mut self, x: f64, y: f64, radius: f64) {
        let bend = radius * 0.5523;
        let (left, right, low, high) = (x - radius, x + radius, y - radius, y + radius);
        self.put(&format!("{right:.2} {y:.2} m"));
        self.put(&format!(
            "{right:.2} {:.2} {:.2} {high:.2} {x:.2} {high:.2} c",
            y + bend,
            x + bend
        ));
        self.put(&format!(
            "{:.2} {high:.2} {left:.2} {:.2} {left:.2} {y:.2} c",
            x - bend,
            y + bend
        ));
        self.put(&format!(
            "{left:.2} {:.2} {:.2} {low:.2} {x:.2} {low:.2} c",
            y - bend,
            x - bend
        ));
        self.put(&format!(
            "{:.2} {low:.2} {right:.2} {:.2} {right:.2} {y:.2} c f",
            x + bend,
            y - bend
        ));
    }

    /// The arms of the town: an elder in berry on silver, below it the river in blue. `size` is the width.
    pub(super) fn arms(&mut self, x: f64, y: f64, size: f64) {
        let unit = size / 40.0;
        self.put("q");
        self.put(&format!("{unit:.4} 0 0 {unit:.4} {x:.2} {y:.2} cm"));
        self.put("0 48 m 40 48 l 40 22 l 40 10 30 3 20 0 c 10 3 0 10 0 22 c h W n");
        self.bar(0.0, 0.0, 40.0, 48.0, Colour::SILVER);
        self.bar(0.0, 0.0, 40.0, 15.0, Colour::BLUE);
        self.stroke(1.8, Colour::SILVER);
        self.put("0 9 m 5 13 8 13 13 9 c 18 5 22 5 27 9 c 32 13 35 13 40 9 c S");
        self.stroke(1.6, Colour::GREEN);
        self.put("20 15 m 20 36 l S 20 21 m 10 33 l S 20 21 m 30 33 l S 20 26 m 15 39 l S 20 26 m 25 39 l S");
        self.fill(Colour(0.30, 0.10, 0.32));
        for (berry, height) in [
            (9.0, 34.5),
            (14.5, 40.5),
            (20.0, 37.5),
            (25.5, 40.5),
            (31.0, 34.5),
        ] {
            self.disc(berry, height, 2.9);
        }
        self.put("Q");
        self.stroke(1.2, Colour::GREEN);
        self.put("q");
        self.put(&format!("{unit:.4} 0 0 {unit:.4} {x:.2} {y:.2} cm"));
        self.put("0 48 m 40 48 l 40 22 l 40 10 30 3 20 0 c 10 3 0 10 0 22 c h S");
        self.put("Q");
    }
}
