use super::*;

fn about() -> About {
    About {
        title: "Antrag Ḡülşen Łukasz".to_owned(),
        description: "Durchsuchbare Kopie".to_owned(),
        language: "de".to_owned(),
        creator: "Papierlos".to_owned(),
        made: Moment {
            year: 2026,
            month: 11,
            day: 2,
            hour: 9,
            minute: 5,
            second: 0,
        },
        pictures_bytes_max: 64 << 20,
    }
}

/// A page with a word, in dots of these values, one after the other.
fn page(values: &[u8], channels: usize) -> Page {
    let (width, height) = (60_u32, 84_u32);
    let many = usize::try_from(width * height).expect("few") * channels;
    Page {
        width: 595.0,
        height: 842.0,
        picture: Picture {
            width,
            height,
            dots: values.iter().copied().cycle().take(many).collect(),
        },
        words: vec![
            word("Ausfertigungsdatum:", 60.0),
            word("Ḡülşen", 300.0),
            word("中文", 400.0),
            word("\u{0}", 500.0),
        ],
        places: Places::Ink,
    }
}

fn word(text: &str, left: f32) -> Word {
    Word {
        text: text.to_owned(),
        left,
        top: 100.0,
        width: 90.0,
        height: 9.0,
    }
}

fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes
        .windows(wanted.len())
        .any(|piece| piece == wanted.as_bytes())
}

#[test]
fn grey_colour_and_black_and_white_become_one_pdf_a() {
    let pages = [
        page(&[0, 90, 255], 1),
        page(&[200, 30, 30], 3),
        page(&[0, 255], 1),
    ];
    let pdf = make(&about(), pages).expect("a copy");
    assert!(pdf.starts_with(b"%PDF-1.7"));
    for wanted in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>U</pdfaid:conformance>",
        "/Lang",
        "/OutputIntents",
        "/ToUnicode",
        "/DCTDecode",
        "/Count 3",
    ] {
        assert!(contains(&pdf, wanted), "{wanted}");
    }
    // Nothing that does anything.
    for missing in ["/JavaScript", "/AcroForm", "/EmbeddedFiles", "/Launch"] {
        assert!(!contains(&pdf, missing), "{missing}");
    }
    // To be judged from outside: PAPER_SAMPLES names a folder.
    if let Some(folder) = option_env!("PAPER_SAMPLES") {
        let path = std::path::Path::new(folder).join("copy.pdf");
        std::fs::write(path, &pdf).expect("a folder");
    }
}

#[test]
fn a_page_of_any_size_is_one_that_a_pdf_may_have() {
    let of = |width: f32, height: f32| Page {
        width,
        height,
        ..page(&[7], 1)
    };
    let check = |page: Page, expect: (f32, f32)| {
        let size = sides(&page, scale(&page));
        let close = |a: f32, b: f32| (a - b).abs() < 0.01;
        assert!(
            close(size.0, expect.0) && close(size.1, expect.1),
            "{size:?}"
        );
        make(&about(), [page]).expect("a copy");
    };
    check(of(595.0, 842.0), (595.0, 842.0));
    check(of(28_800.0, 14_400.0), (14_400.0, 7_200.0));
    check(of(1.5, 30.0), (3.0, 60.0));
    check(of(1e7, 0.01), (14_400.0, 3.0));
}

#[test]
fn a_picture_must_have_the_dots_that_it_says() {
    let mut short = page(&[7], 1);
    short.picture.dots.pop();
    let made = make(&about(), [short]);
    assert!(matches!(made, Err(PaperError::Dots { .. })), "{made:?}");
    let mut empty = page(&[7], 1);
    empty.picture = Picture {
        width: 0,
        height: 9,
        dots: Vec::new(),
    };
    let made = make(&about(), [empty]);
    assert!(matches!(made, Err(PaperError::Dots { .. })), "{made:?}");
}

#[test]
fn a_copy_grows_no_further_than_it_may() {
    let little = About {
        pictures_bytes_max: 2_000,
        ..about()
    };
    let noise: Vec<u8> = (0..=250).map(|at: u8| at.wrapping_mul(97)).collect();
    let made = make(&little, std::iter::repeat_with(|| page(&noise, 1)));
    assert!(matches!(made, Err(PaperError::TooLarge { .. })), "{made:?}");
}

#[test]
fn a_page_without_words_is_a_page_and_a_copy_may_have_none() {
    let blank = Page {
        words: Vec::new(),
        ..page(&[255], 1)
    };
    let pdf = make(&about(), [blank]).expect("a copy");
    assert!(contains(&pdf, "/Count 1"));
    make(&about(), []).expect("a copy");
}

#[test]
fn whatever_a_word_says_and_wherever_it_stands_there_is_a_copy() {
    let long = "Donaudampfschifffahrt".repeat(3_000);
    let texts = [
        "\u{feff}",
        "\u{fffe}a",
        "\u{e000}",
        "\u{f8ff}x",
        "\u{301}",
        "e\u{301}\u{323}",
        "\u{202e}abc",
        "שלום",
        "\u{200d}",
        "👍🏽",
        "\u{10ffff}",
        "\u{0}\u{1}",
        "\u{fffd}",
        "a b\tc\nd",
        "\u{ad}",
        long.as_str(),
        "((\\))",
        "ﬁ",
        "…",
        "\u{fdd0}",
        "\u{2028}",
    ];
    let measures = [
        (1e-30, 1e-30),
        (f32::MIN_POSITIVE, 20_000.0),
        (29_000.0, 1e-20),
        (f32::NAN, 1.0),
        (0.05, 29_000.0),
        (29_000.0, 0.05),
        (90.0, 9.0),
    ];
    let mut nasty = page(&[7], 1);
    nasty.words.clear();
    for text in texts {
        for (width, height) in measures {
            nasty.words.push(Word {
                text: text.to_owned(),
                left: -20_000.0,
                top: 29_000.0,
                width,
                height,
            });
        }
    }
    let line = Page {
        places: Places::Line,
        ..nasty.clone()
    };
    let pdf = make(&about(), [nasty, line]).expect("a copy");
    if let Some(folder) = option_env!("PAPER_SAMPLES") {
        let path = std::path::Path::new(folder).join("nasty.pdf");
        std::fs::write(path, &pdf).expect("a folder");
    }
}
