use image::imageops::{rotate90, rotate180, rotate270};
use image::{GrayImage, Luma};
use rxing::{BarcodeFormat, MultiFormatWriter, Writer as _};

use super::super::picture::Size;
use super::*;

/// Chance that is the same each time.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % sides.max(1)
    }
}

/// Paper of A4 at so many dots of an inch.
fn paper(dpi: u32) -> GrayImage {
    GrayImage::from_pixel(dpi * 8_268 / 1_000, dpi * 11_693 / 1_000, Luma([243]))
}

fn dot(page: &mut GrayImage, x: u32, y: u32, value: u8) {
    if let Some(dot) = page.get_pixel_mut_checked(x, y) {
        dot.0[0] = value;
    }
}

/// Dark dots here and there: so many of a thousand.
fn with_noise(mut page: GrayImage, thousandths: u32) -> GrayImage {
    let mut dice = Dice(7);
    let (width, height) = page.dimensions();
    for _ in 0..width * height / 1_000 * thousandths {
        let (x, y) = (dice.roll(width), dice.roll(height));
        dot(&mut page, x, y, 70);
    }
    page
}

/// Lines of something like letters, from and to a part of the page in tenths.
fn with_lines(mut page: GrayImage, dpi: u32, (from, to): (u32, u32)) -> GrayImage {
    let mut dice = Dice(3);
    let (width, height) = page.dimensions();
    let (line, letter) = (dpi / 6, dpi / 12);
    let mut y = height * from / 10;
    while y + line < height * to / 10 {
        let mut x = width / 8;
        while x + letter < width * 7 / 8 {
            let (wide, high) = (letter / 5 + 1, letter);
            let stroke = x + dice.roll(letter / 2);
            for down in 0..high {
                for along in 0..wide {
                    dot(&mut page, stroke + along, y + down, 25);
                }
            }
            for along in 0..letter * 2 / 3 {
                dot(&mut page, x + along, y + dice.roll(high), 25);
            }
            x += letter;
        }
        y += line;
    }
    page
}

/// A code, its modules this wide in tenths of a millimetre.
fn with_code(
    mut page: GrayImage,
    (kind, text): (CodeKind, &str),
    (left, top, tenths): (u32, u32, u32),
    dpi: u32,
) -> GrayImage {
    let format = match kind {
        CodeKind::Qr => BarcodeFormat::QR_CODE,
        CodeKind::DataMatrix => BarcodeFormat::DATA_MATRIX,
        CodeKind::Code128 => BarcodeFormat::CODE_128,
    };
    let high = if kind == CodeKind::Code128 { 30 } else { 0 };
    let matrix = MultiFormatWriter
        .encode(text, &format, 0, high)
        .expect("a code");
    let side = (dpi * tenths / 254).max(1);
    for y in 0..matrix.getHeight() {
        for x in 0..matrix.getWidth() {
            if matrix.get(x, y) {
                for at in 0..side * side {
                    let (along, down) = (at % side, at / side);
                    let (x, y) = (left + x * side + along, top + y * side + down);
                    dot(&mut page, x, y, 20);
                }
            }
        }
    }
    page
}

fn seen(page: GrayImage, dpi: u32) -> Seen {
    let points = |dots: u32| f64::from(dots) * 72.0 / f64::from(dpi);
    let size = Size::of_points(points(page.width()), points(page.height()));
    let sheet = Sheet {
        grey: page,
        size,
        turned: 0,
    };
    look(&sheet, || false)
}

fn said(seen: &Seen) -> Vec<(CodeKind, &str)> {
    let codes = seen.codes.iter();
    codes.map(|code| (code.kind, code.text.as_str())).collect()
}

const SHEET: &str = "PL1:T?dept=buergerbuero&type=Antrag";

#[test]
fn each_kind_of_code_is_read_however_the_page_lies() {
    for dpi in [150, 200, 300] {
        for kind in [CodeKind::Qr, CodeKind::DataMatrix, CodeKind::Code128] {
            let text = if kind == CodeKind::Code128 {
                "RE-2026-0815"
            } else {
                SHEET
            };
            let page = with_lines(paper(dpi), dpi, (4, 9));
            let page = with_code(page, (kind, text), (dpi, dpi, 5), dpi);
            let page = with_noise(page, 2);
            for (turned, page) in [
                (0, page.clone()),
                (90, rotate90(&page)),
                (180, rotate180(&page)),
                (270, rotate270(&page)),
            ] {
                let seen = seen(page, dpi);
                assert_eq!(said(&seen), [(kind, text)], "{kind:?} {dpi} {turned}");
                assert!(!seen.bare);
            }
        }
    }
}

#[test]
fn several_codes_of_a_page_are_told_from_top_to_bottom_with_their_places() {
    let dpi = 300;
    let page = with_lines(paper(dpi), dpi, (5, 9));
    let page = with_code(page, (CodeKind::Qr, SHEET), (300, 1_000, 8), dpi);
    let page = with_code(page, (CodeKind::Code128, "ABC-123"), (900, 300, 5), dpi);
    let page = with_code(page, (CodeKind::DataMatrix, "12345"), (1_500, 600, 6), dpi);
    let page = with_code(page, (CodeKind::Code128, "XYZ-789"), (900, 1_400, 5), dpi);
    let seen = seen(page, dpi);
    assert_eq!(
        said(&seen),
        [
            (CodeKind::Code128, "ABC-123"),
            (CodeKind::DataMatrix, "12345"),
            (CodeKind::Qr, SHEET),
            (CodeKind::Code128, "XYZ-789"),
        ]
    );
    // The first dot of the square lies at 300 of 300 dots of an inch: 72 points.
    let [left, top, wide, high] = seen.codes[2].place;
    assert!((6_000..8_200).contains(&left), "{left}");
    assert!((22_500..25_000).contains(&top), "{top}");
    assert!((5_500..11_000).contains(&wide) && (5_500..11_000).contains(&high));
}

#[test]
fn a_page_without_codes_has_none() {
    let page = with_noise(with_lines(paper(300), 300, (1, 9)), 4);
    let seen = seen(page, 300);
    assert_eq!(said(&seen), []);
    assert!(!seen.bare);
}

#[test]
fn a_page_on_which_nothing_stands_is_bare_in_spite_of_specks_and_holes() {
    for dpi in [150, 300] {
        assert!(seen(paper(dpi), dpi).bare, "{dpi}");
        assert!(seen(with_noise(paper(dpi), 5), dpi).bare, "noise at {dpi}");
        let mut punched = with_noise(paper(dpi), 2);
        let (radius, height) = (dpi * 3 * 10 / 254, punched.height());
        for hole in [height / 2 - dpi * 400 / 254, height / 2 + dpi * 400 / 254] {
            for at in 0..4 * radius * radius {
                let (x, y) = (at % (2 * radius), at / (2 * radius));
                let inside = x.abs_diff(radius).pow(2) + y.abs_diff(radius).pow(2);
                if inside < radius * radius {
                    dot(&mut punched, dpi * 90 / 254 + x, hole - radius + y, 15);
                }
            }
        }
        assert!(seen(punched, dpi).bare, "holes at {dpi}");
        // What shines through from the other side is lighter than ink.
        let mut shines = with_lines(paper(dpi), dpi, (1, 9));
        for one in shines.pixels_mut() {
            one.0[0] = 243 - (243 - one.0[0]) / 9;
        }
        assert!(seen(shines, dpi).bare, "through at {dpi}");
    }
}

#[test]
fn a_page_with_one_line_is_not_bare() {
    for dpi in [150, 200, 300] {
        let mut page = paper(dpi);
        page = with_lines(page, dpi, (5, 5));
        assert!(seen(page, dpi).bare, "no line at {dpi}");
        let one = with_lines(paper(dpi), dpi, (4, 5));
        assert!(!seen(one, dpi).bare, "lines at {dpi}");
    }
    // A sheet that is black all over is no paper.
    let black = GrayImage::from_pixel(1_240, 1_754, Luma([8]));
    assert!(!seen(black, 150).bare);
}

#[test]
fn what_a_worker_says_is_taken_within_limits() {
    let code = |text: &str, place| Code {
        kind: CodeKind::Qr,
        text: text.to_owned(),
        place,
    };
    let here = [0, 0, 100, 100];
    let long = "x".repeat(CODE_CHARS_MAX + 1);
    let mut codes = vec![
        code("a\u{0}b\u{7}", here),
        code(&long, here),
        code("\u{1}", here),
        code("far", [i64::MIN, 0, 1, 1]),
    ];
    codes.extend((0..40).map(|_| code("mehr", here)));
    let seen = Seen { bare: true, codes }.bounded();
    assert_eq!(seen.codes.len(), CODES_MAX);
    assert_eq!(seen.codes[0], code("ab", here));
    assert_eq!(seen.codes[1].text, "mehr");
}

#[test]
fn no_code_is_looked_for_when_there_is_no_time() {
    let page = with_code(paper(150), (CodeKind::Qr, SHEET), (200, 200, 8), 150);
    let size = Size::of_points(595.0, 842.0);
    let sheet = Sheet {
        grey: page,
        size,
        turned: 0,
    };
    assert_eq!(look(&sheet, || true).codes, []);
}

#[test]
fn pictures_of_any_shape_are_looked_at() {
    for (width, height) in [(1, 1), (1, 4_000), (4_000, 1), (17, 31)] {
        let page = GrayImage::from_fn(width, height, |x, y| {
            Luma([u8::from((x ^ y) & 1 == 0) * 255])
        });
        assert!(!seen(page, 150).bare);
    }
}
