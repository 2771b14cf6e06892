//! QR codes to be printed.

use rxing::qrcode::QRCodeWriter;
use rxing::{BarcodeFormat, EncodeHints, Writer as _};

/// The longest text that is written, in bytes: more makes squares that are too small to be read from paper.
pub const QR_BYTES_MAX: usize = 500;

/// The longest text of a code that is drawn large and is not soiled, in bytes.
pub const QR_LARGE_BYTES_MAX: usize = 1_000;

/// A QR code without the light edge that belongs around it: four of its squares wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    /// Squares along each side.
    pub side: u32,
    /// The dark ones: from the left and from the top, beginning with 0.
    pub dark: Vec<(u32, u32)>,
}

impl Qr {
    /// A code that says this, and can be read where a quarter of it is soiled. `None`: the text is empty or
    /// too long.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::with(text, QR_BYTES_MAX, "Q")
    }

    /// A code for a sheet that is filed, and drawn large there: as [`Qr::of`]; of more text one that can be read where
    /// an eighth of it is soiled. `None`: the text is empty or too long for that too.
    #[must_use]
    pub fn large(text: &str) -> Option<Self> {
        Self::of(text).or_else(|| Self::with(text, QR_LARGE_BYTES_MAX, "M"))
    }

    fn with(text: &str, bytes_max: usize, correction: &str) -> Option<Self> {
        if text.is_empty() || text.len() > bytes_max {
            return None;
        }
        let hints = EncodeHints {
            ErrorCorrection: Some(correction.to_owned()),
            Margin: Some("0".to_owned()),
            ..EncodeHints::default()
        };
        let format = BarcodeFormat::QR_CODE;
        let matrix = QRCodeWriter.encode_with_hints(text, &format, 0, 0, &hints);
        let matrix = matrix.ok()?;
        let side = matrix.getWidth();
        let all = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        let dark = all.filter(|(x, y)| matrix.get(*x, *y)).collect();
        Some(Self { side, dark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_no_edge() {
        let qr = Qr::of("PL1:T").expect("a code");
        assert!(qr.side >= 21 && qr.side % 4 == 1, "{}", qr.side);
        for corner in [(0, 0), (qr.side - 1, 0), (0, qr.side - 1)] {
            assert!(qr.dark.contains(&corner), "{corner:?}");
        }
        assert_eq!(Qr::of(""), None);
        assert_eq!(Qr::of(&"x".repeat(QR_BYTES_MAX + 1)), None);
    }

    #[test]
    fn more_text_takes_a_larger_code() {
        let note = "PL1:T\n\u{2014} archiv.example/audit\n";
        assert_eq!(Qr::large(note), Qr::of(note));
        let large = Qr::large(&"x".repeat(QR_LARGE_BYTES_MAX)).expect("a code");
        assert!(large.side > 100, "{}", large.side);
        assert_eq!(Qr::large(&"x".repeat(QR_LARGE_BYTES_MAX + 1)), None);
    }
}
