//! Pages that are pictures: drawn, read, and how well.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use indexer::extract::{
    PageState, Picture, PictureState, Program, Read, Reason, Recogniser, Recognition,
    RecognitionLimits, TextState, Want, program,
};

use crate::builder::{Builder, FONT, show, simple};
use crate::support::{block_on, data, extract, extractor, limits, recall, words};

/// Where Debian puts it.
const TESSERACT: &str = "/usr/bin/tesseract";
/// By the clock: other tests take the same cores, and a worker gives way to them.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(280);
/// What is reached on the scans of the tests; a change that reads less is seen here.
const RECALL_MIN: f64 = 0.97;
/// The same for its picture at half the dots, as a phone sends it.
const PHOTO_RECALL_MIN: f64 = 0.96;
/// The same for the fax, of which every second line is missing.
const FAX_RECALL_MIN: f64 = 0.90;

/// Tesseract, or a line that says it is not there; in CI that is a failure.
#[expect(clippy::disallowed_methods, reason = "a setting of the test run")]
fn tesseract() -> Option<Program> {
    let languages = ["deu".to_owned(), "eng".to_owned()];
    match block_on(program(Path::new(TESSERACT), &languages)) {
        Ok(program) => Some(program),
        Err(error) => {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "in CI nothing is skipped: {error}"
            );
            println!("skipped: tesseract: {error}");
            None
        }
    }
}

fn recogniser() -> Recogniser {
    let limits = RecognitionLimits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 60,
        wall_time_max: PATIENCE,
        workers_max: 2,
    };
    Recogniser::new("/proc/self/exe".into(), limits)
}

pub(crate) fn draw(content: &[u8], page: u32, want: Want) -> PictureState<Picture> {
    let limits = indexer::extract::Limits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 20,
        wall_time_max: PATIENCE,
        ..limits()
    };
    block_on(extractor(limits).picture(content, page, want)).expect("a worker")
}

fn drawn(content: &[u8], page: u32, want: Want) -> Picture {
    match draw(content, page, want) {
        PictureState::Drawn(picture) => picture,
        other @ (PictureState::Refused(_) | PictureState::NoPage) => {
            panic!("page {page} was not drawn: {other:?}")
        }
    }
}

fn read(program: &Program, picture: &Picture) -> Read {
    match block_on(recogniser().recognise(program, picture)).expect("a worker") {
        Recognition::Read(read) => read,
        Recognition::Failed(reason) => panic!("not read: {reason}"),
    }
}

/// What `tesseract -l deu` by itself reads on a picture.
fn plain(picture: &Picture) -> String {
    let mut child = Command::new(TESSERACT)
        .args(["stdin", "stdout", "-l", "deu"])
        // Its threads wait for each other busily where others work too.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("tesseract");
    let mut stdin = child.stdin.take().expect("a pipe");
    write!(stdin, "P5\n{} {}\n255\n", picture.width, picture.height).expect("a pipe");
    stdin.write_all(&picture.bytes).expect("a pipe");
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn page_of(name: &str, page: usize) -> String {
    let truth = String::from_utf8(data(name)).expect("UTF-8");
    truth.split('\u{c}').nth(page).expect("a page").to_owned()
}

pub(crate) fn scans_are_read_as_well_as_by_plain_tesseract() {
    let Some(program) = tesseract() else { return };
    let check = |name: &str, truth: &str, page: u32, least: f64| {
        let picture = drawn(&data(name), page, Want::Recognition);
        let truth = page_of(truth, usize::try_from(page).expect("few pages"));
        let ours = recall(&read(&program, &picture).text, &truth);
        let theirs = recall(&plain(&picture), &truth);
        println!("{name}, page {page}: {ours:.4} of the words; plain tesseract {theirs:.4}");
        assert!(ours >= least, "{name}: {ours:.4} of the words");
        assert!(
            ours >= theirs,
            "{name}: {ours:.4}, plain tesseract {theirs:.4}"
        );
    };
    check("scan-emog.pdf", "scan-emog.txt", 0, RECALL_MIN);
    check("scan-eurhiuebk.pdf", "scan-eurhiuebk.txt", 0, RECALL_MIN);
    check(
        "photo-eurhiuebk.jpg",
        "scan-eurhiuebk.txt",
        0,
        PHOTO_RECALL_MIN,
    );
    check(
        "photo-eurhiuebk.webp",
        "scan-eurhiuebk.txt",
        0,
        PHOTO_RECALL_MIN,
    );
    check("fax-markeng.tif", "fax-markeng.txt", 0, FAX_RECALL_MIN);
    check("fax-markeng.tif", "fax-markeng.txt", 1, FAX_RECALL_MIN);
}

pub(crate) fn picture_files_ask_for_recognition_page_by_page() {
    let check = |name: &str, pages: usize| {
        let extraction = extract(&data(name));
        let reason = Reason::NoText;
        assert_eq!(extraction.state, TextState::Unreadable { reason }, "{name}");
        let states: Vec<PageState> = extraction.pages.iter().map(|page| page.state).collect();
        assert_eq!(states, vec![PageState::NeedsOcr; pages], "{name}");
    };
    check("fax-markeng.tif", 2);
    check("photo-eurhiuebk.jpg", 1);
    check("photo-eurhiuebk.webp", 1);
}

fn grey(picture: &Picture) -> GrayImage {
    GrayImage::from_raw(picture.width, picture.height, picture.bytes.clone()).expect("its dots")
}

fn png(image: GrayImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = DynamicImage::ImageLuma8(image);
    image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

pub(crate) fn a_page_on_its_head_is_read_and_its_words_are_found_in_place() {
    let Some(program) = tesseract() else { return };
    let straight = drawn(&data("scan-emog.pdf"), 0, Want::Recognition);
    let turned = image::imageops::rotate180(&grey(&straight));
    let picture = drawn(&png(turned), 0, Want::Recognition);
    let truth = page_of("scan-emog.txt", 0);
    let read_turned = read(&program, &picture);
    assert!(recall(&read_turned.text, &truth) >= RECALL_MIN);
    // The first words stand below and right of the middle.
    let middle = [picture.size.width / 2, picture.size.height / 2].map(i64::from);
    let first = read_turned.words.first().expect("words");
    assert!(first.place[1] > middle[1], "{first:?}");
    let first = read(&program, &straight).words.remove(0);
    assert!(first.place[1] < middle[1], "{first:?}");
}

pub(crate) fn a_crooked_page_is_read_and_its_words_are_found_in_place() {
    let Some(program) = tesseract() else { return };
    let straight = drawn(&data("scan-emog.pdf"), 0, Want::Recognition);
    let truth = page_of("scan-emog.txt", 0);
    let expected = read(&program, &straight);
    for degrees in [-4.0_f64, 4.0] {
        let crooked = crooked(&grey(&straight), degrees);
        let picture = drawn(&png(crooked.clone()), 0, Want::Recognition);
        assert!(picture.turned.abs() > 300, "{}", picture.turned);
        let read = read(&program, &picture);
        let (ours, without) = (recall(&read.text, &truth), {
            let untouched = Picture {
                width: crooked.width(),
                height: crooked.height(),
                bytes: crooked.into_raw(),
                turned: 0,
                ..picture
            };
            recall(&plain(&untouched), &truth)
        });
        println!("{degrees} degrees: {ours:.4} of the words; as it lies {without:.4}");
        assert!(ours >= RECALL_MIN, "{degrees}: {ours:.4} of the words");
        assert!(ours > without, "{degrees}: straightening is worth it");
        // A long word of the middle of the page stands where the crooked page shows it.
        let word = expected.words.iter().filter(|word| word.text.len() > 12);
        let word =
            word.min_by_key(|word| (word.place[1] - i64::from(straight.size.height) / 2).abs());
        let word = word.expect("a long word");
        let same: Vec<_> = read
            .words
            .iter()
            .filter(|one| one.text == word.text)
            .collect();
        let (x, y) = middle(word.place, straight.size.width, straight.size.height);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let there = (cos * x - sin * y, sin * x + cos * y);
        let near = same.iter().any(|one| {
            let (x, y) = middle(one.place, straight.size.width, straight.size.height);
            (x - there.0).abs() < 0.02 && (y - there.1).abs() < 0.02
        });
        assert!(near, "{word:?} at {there:?}, found {same:?}");
    }
}

/// The middle of a box seen from that of the page, in widths of the page.
#[expect(clippy::cast_precision_loss, reason = "hundredths of points on a page")]
fn middle(place: [i64; 4], width: u32, height: u32) -> (f64, f64) {
    let [left, top, wide, high] = place.map(|it| it as f64);
    let width = f64::from(width);
    (
        (left + wide / 2.0) / width - 0.5,
        (top + high / 2.0) / width - f64::from(height) / width / 2.0,
    )
}

/// The page, turned clockwise; what comes in from outside is grey like its paper.
fn crooked(page: &GrayImage, degrees: f64) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let middle = (
        f64::from(page.width()) / 2.0,
        f64::from(page.height()) / 2.0,
    );
    GrayImage::from_fn(page.width(), page.height(), |x, y| {
        let (dx, dy) = (f64::from(x) - middle.0, f64::from(y) - middle.1);
        let from = (
            cos * dx + sin * dy + middle.0,
            cos * dy - sin * dx + middle.1,
        );
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a place outside becomes one that is none"
        )]
        let (x, y) = (
            from.0.round().max(-1.0) as i64,
            from.1.round().max(-1.0) as i64,
        );
        let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        let dot = place.and_then(|(x, y)| page.get_pixel_checked(x, y));
        dot.copied().unwrap_or(Luma([235]))
    })
}

pub(crate) fn pages_are_drawn_for_people_at_the_width_that_is_wanted() {
    let content = simple(&["Sehr geehrte Damen und Herren"]);
    for width in [320, 800, 1600] {
        let picture = drawn(&content, 0, Want::Shown { width });
        assert_eq!(picture.width, u32::from(width));
        let image = image::load_from_memory_with_format(&picture.bytes, ImageFormat::WebP);
        let image = image.expect("a WebP").to_luma8();
        assert_eq!(
            (image.width(), image.height()),
            (picture.width, picture.height)
        );
        let ink = image.pixels().filter(|dot| dot.0[0] < 128).count();
        assert!(ink > 50 && ink < image.len() / 20, "{ink} dark dots");
    }
    assert_eq!(draw(&content, 1, Want::Recognition), PictureState::NoPage);
    let fax = drawn(&data("fax-markeng.tif"), 1, Want::Shown { width: 800 });
    // 102 lines of an inch are drawn as high as they are wide.
    assert!((1_100..1_160).contains(&fax.height), "{}", fax.height);
    assert_eq!(
        draw(&data("fax-markeng.tif"), 2, Want::Recognition),
        PictureState::NoPage
    );
}

pub(crate) fn pages_are_drawn_for_a_copy_dot_by_dot() {
    let want = Want::Copy { dots_per_inch: 150 };
    let count = |picture: &Picture| usize::try_from(picture.width * picture.height).expect("few");
    let scan = drawn(&data("scan-emog.pdf"), 0, want);
    assert!((1_240..=1_241).contains(&scan.width), "{}", scan.width);
    assert_eq!(scan.turned, 0);
    assert_eq!(scan.bytes.len(), count(&scan), "it is grey");
    // Black and white as it came: 204 dots of an inch, and no grey between.
    let fax = drawn(&data("fax-markeng.tif"), 0, want);
    assert_eq!(fax.width, 1_688);
    assert_eq!(fax.bytes.len(), count(&fax));
    assert!(fax.bytes.iter().all(|dot| matches!(dot, 0 | 255)));
    let red = RgbImage::from_pixel(40, 60, image::Rgb([200, 30, 30]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    red.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    let red = drawn(&bytes.into_inner(), 0, want);
    assert_eq!((red.width, red.height), (40, 60), "nothing is made larger");
    assert_eq!(red.bytes.len(), 3 * count(&red));
}

pub(crate) fn what_is_told_of_a_page_fits_its_picture() {
    let mut pdf = Builder::new();
    let upright = pdf.text_page(&["Sehr geehrte Damen und Herren"]);
    let contents = pdf.stream("", &show(&["Auf der Seite liegend"]));
    let turned = pdf.object(format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate 90 \
         /Contents {contents} 0 R /Resources << {FONT} >> >>"
    ));
    let content = pdf.finish(&[upright, turned]);
    let shapes = block_on(extractor(limits()).shapes(content.as_slice())).expect("a worker");
    let PictureState::Drawn(shapes) = shapes else {
        panic!("the pages have no shapes");
    };
    let told: Vec<_> = shapes
        .iter()
        .map(|shape| (shape.size.width, shape.size.height, shape.rotation))
        .collect();
    assert_eq!(told, [(59_500, 84_200, 0), (84_200, 59_500, 90)]);
    for (number, shape) in (0_u32..).zip(&shapes) {
        let picture = drawn(&content, number, Want::Shown { width: 800 });
        assert_eq!(shape.size.shown(800), (picture.width, picture.height));
        let page = block_on(extractor(limits()).words(content.as_slice(), number));
        let PictureState::Drawn(page) = page.expect("a worker") else {
            panic!("no words on page {number}");
        };
        assert_eq!(page.size, shape.size);
        let image = image::load_from_memory_with_format(&picture.bytes, ImageFormat::WebP);
        let image = image.expect("a WebP").to_luma8();
        assert!(page.words.len() >= 4, "{:?}", page.words);
        for word in &page.words {
            let ink = ink_within(&image, word.place, shape.size.width);
            assert!(ink > 5, "{word:?}: {ink} dark dots on page {number}");
        }
        let all = image.pixels().filter(|dot| dot.0[0] < 192).count();
        let inside: usize = page
            .words
            .iter()
            .map(|word| ink_within(&image, word.place, shape.size.width))
            .sum();
        assert!(
            inside * 100 >= all * 98,
            "{inside} of {all} dark dots lie in words"
        );
    }
    let words = |content: &[u8], number| block_on(extractor(limits()).words(content, number));
    let beyond = words(&content, 2).expect("a worker");
    assert_eq!(beyond, PictureState::NoPage);
    let photo = words(&data("photo-eurhiuebk.jpg"), 0).expect("no worker is needed");
    assert_eq!(photo, PictureState::Refused(Reason::UnknownFormat));
}

/// The dark dots of a picture within a place on its page.
fn ink_within(image: &GrayImage, place: [i64; 4], width: u32) -> usize {
    let dots = |hundredths: i64| hundredths * i64::from(image.width()) / i64::from(width);
    let [left, top, wide, high] = place.map(dots);
    let pixels = image.enumerate_pixels();
    pixels
        .filter(|(x, y, dot)| {
            let (x, y) = (i64::from(*x), i64::from(*y));
            let across = left <= x && x <= left + wide + 1;
            across && top <= y && y <= top + high + 1 && dot.0[0] < 192
        })
        .count()
}

pub(crate) fn the_program_is_looked_for_and_named() {
    let languages = ["deu".to_owned()];
    let look = |path: &str| block_on(program(Path::new(path), &languages));
    assert!(look("/nonexistent/tesseract").is_err());
    assert!(look("/bin/true").is_err());
    let Some(found) = tesseract() else { return };
    assert!(
        found.engine().starts_with("tesseract "),
        "{}",
        found.engine()
    );
    let klingon = ["tlh".to_owned()];
    assert!(block_on(program(Path::new(TESSERACT), &klingon)).is_err());
}

pub(crate) fn hostile_pictures_end_in_a_reason() {
    let check = |what: &str, content: &[u8], reasons: &[Reason]| {
        for want in [Want::Recognition, Want::Shown { width: 800 }] {
            let state = draw(content, 0, want);
            let refused =
                matches!(&state, PictureState::Refused(reason) if reasons.contains(reason));
            assert!(refused, "{what}: {state:?}");
        }
        // The text worker survives them as well: nobody learns more than that there is no text.
        let extraction = extract(content);
        assert!(
            extraction.pages.iter().all(|page| page.text.is_empty()),
            "{what}"
        );
    };
    let whole = data("photo-eurhiuebk.jpg");
    let broken = [Reason::Damaged, Reason::Crashed];
    // All of their dots are there: nothing but their number keeps them from being drawn.
    let large = [Reason::TooLarge, Reason::OutOfMemory];
    check(
        "a JPEG of two bytes more than its number",
        &whole[..5],
        &broken,
    );
    check(
        "a TIFF without a directory",
        b"II*\0\xff\xff\xff\xff",
        &broken,
    );
    check("a WebP without a picture", b"RIFF\x04\0\0\0WEBP", &broken);
    check(
        "a PNG of 30,000 by 30,000",
        &whole_png(30_000, 30_000),
        &large,
    );
    check(
        "a PNG of a thousand million by one",
        &whole_png(1_000_000_000, 1),
        &large,
    );
    check("a PNG without dots", &empty_png(0, 0), &broken);
    check(
        "a TIFF of 20,000 by 20,000",
        &whole_tiff(20_000, 20_000),
        &large,
    );
    // The same way, but smaller, they are drawn.
    for small in [whole_png(100, 50), whole_tiff(100, 50)] {
        let picture = drawn(&small, 0, Want::Recognition);
        assert_eq!((picture.width, picture.height), (100, 50));
    }
    // A half of a picture: what can be seen of it, or that it is damaged.
    for keep in [whole.len() / 2, whole.len() - 2] {
        let half = whole.get(..keep).expect("it is longer");
        let state = draw(half, 0, Want::Recognition);
        let told = matches!(
            state,
            PictureState::Drawn(_) | PictureState::Refused(Reason::Damaged)
        );
        assert!(told, "a half picture: {state:?}");
    }
}

pub(crate) fn a_tiff_whose_pages_go_round_in_a_circle_ends() {
    let mut content = empty_tiff(8, 8);
    // The first directory names itself as the next.
    let end = content.len();
    content[end - 4..].copy_from_slice(&8_u32.to_le_bytes());
    let extraction = extract(&content);
    assert!(extraction.pages.len() <= 2, "{:?}", extraction.pages.len());
}

/// A PNG that promises so many dots and has none.
fn empty_png(width: u32, height: u32) -> Vec<u8> {
    png_of(width, height, b"x\x9c\x03\0\0\0\0\x01")
}

/// A PNG of so many black dots.
fn whole_png(width: u32, height: u32) -> Vec<u8> {
    png_of(width, height, &zeros((width + 1) * height))
}

fn png_of(width: u32, height: u32, packed: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = b"IHDR".to_vec();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 0, 0, 0, 0]);
    chunk(&mut bytes, &head);
    chunk(&mut bytes, &[&b"IDAT"[..], packed].concat());
    chunk(&mut bytes, b"IEND");
    bytes
}

/// So many zeros as zlib keeps them, with the codes that deflate fixes: one, then runs of 258.
fn zeros(count: u32) -> Vec<u8> {
    /// One literal, a run of the longest kind one byte back, the end: their bits, the first one lowest.
    const ZERO: (u32, u32) = (0b0000_1100, 8);
    const RUN: (u32, u32) = (0b1010_0011, 13);
    const END: (u32, u32) = (0, 7);
    let mut out = b"x\x9c".to_vec();
    let (mut bits, mut held) = (0_u32, 0);
    let mut put = |(code, length): (u32, u32)| {
        bits |= code << held;
        held += length;
        while held >= 8 {
            let [low, ..] = bits.to_le_bytes();
            out.push(low);
            bits >>= 8;
            held -= 8;
        }
    };
    // The last block, of fixed codes.
    put((0b011, 3));
    put(ZERO);
    (0..(count - 1) / 258).for_each(|_| put(RUN));
    (0..(count - 1) % 258).for_each(|_| put(ZERO));
    put(END);
    put((0, 7));
    out.extend((((count % 65_521) << 16) | 1).to_be_bytes());
    out
}

fn chunk(bytes: &mut Vec<u8>, body: &[u8]) {
    let length = u32::try_from(body.len() - 4).expect("short");
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    bytes.extend((!crc).to_be_bytes());
}

/// A TIFF that promises so many dots in one strip of one byte.
fn empty_tiff(width: u32, height: u32) -> Vec<u8> {
    directory(width, height, (1, 0, 1))
}

/// A TIFF of so many black dots, packed by deflate.
fn whole_tiff(width: u32, height: u32) -> Vec<u8> {
    let packed = zeros(width * height);
    let length = u32::try_from(packed.len()).expect("short");
    let behind = directory(width, height, (8, 0, length)).len();
    let behind = u32::try_from(behind).expect("short");
    [directory(width, height, (8, behind, length)), packed].concat()
}

/// A TIFF with one strip: how it is packed, where it stands, how long it is.
fn directory(width: u32, height: u32, strip: (u32, u32, u32)) -> Vec<u8> {
    let (packed, place, length) = strip;
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    let tags: [(u16, u32); 8] = [
        (256, width),
        (257, height),
        (258, 8),
        (259, packed),
        (262, 1),
        (273, place),
        (278, height),
        (279, length),
    ];
    bytes.extend(8_u16.to_le_bytes());
    for (tag, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(4_u16.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    bytes
}

pub(crate) fn a_word_of_a_scan_is_found_in_its_text() {
    let Some(program) = tesseract() else { return };
    let picture = drawn(&data("scan-eurhiuebk.pdf"), 0, Want::Recognition);
    let read = read(&program, &picture);
    let found = words(&read.text);
    assert!(found.len() > 50, "{} different words", found.len());
    assert!(read.confidence > 80, "{}", read.confidence);
    let page = [picture.size.width, picture.size.height].map(i64::from);
    for word in &read.words {
        let [left, top, width, height] = word.place;
        let inside = left >= 0 && top >= 0 && left + width <= page[0] && top + height <= page[1];
        assert!(inside && width > 0 && height > 0, "{word:?}");
    }
}
