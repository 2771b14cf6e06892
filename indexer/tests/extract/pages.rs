//! Pages of what has none: text on sheets of paper, and documents of an office by an office program.

use std::path::Path;
use std::time::Duration;

use indexer::extract::{
    Conversion, ConversionLimits, Converter, Format, Limits, Office, PictureState, PlacedPage,
    Reason, Want, office_program, sheet,
};
use tempfile::TempDir;

use crate::containers::{WORD, paragraph, zip};
use crate::support::{block_on, extract, extractor, limits, text};

/// Where Debian puts it.
const LIBREOFFICE: &str = "/usr/lib/libreoffice/program/soffice.bin";
/// Memory and seconds of the processor that do for every sound document.
const ENOUGH: (u64, u32) = (1 << 30, 60);
/// By the clock: other tests take the same cores, and a worker gives way to them.
const PATIENCE: Duration = Duration::from_secs(280);

fn patient() -> Limits {
    Limits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 20,
        wall_time_max: PATIENCE,
        ..limits()
    }
}

fn drawn<T: std::fmt::Debug>(state: PictureState<T>) -> T {
    match state {
        PictureState::Drawn(drawn) => drawn,
        other @ (PictureState::Refused(_) | PictureState::NoPage) => panic!("not drawn: {other:?}"),
    }
}

fn words_of(text: &str, number: u32) -> PlacedPage {
    drawn(block_on(extractor(patient()).sheet_words(text, number)).expect("a worker"))
}

fn joined(page: &PlacedPage) -> String {
    let words: Vec<&str> = page.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

pub(crate) fn text_is_drawn_on_sheets_with_its_words_in_their_places() {
    let text = "Antrag auf Gr\u{fc}nfl\u{e4}che\nName\tOrt\nUlf\tBonn\n\u{c}Seite zwei\n";
    let extractor = extractor(patient());
    let leaves = drawn(block_on(extractor.sheets(text)).expect("a worker"));
    assert_eq!(leaves, [1, 2]);
    let want = Want::Shown { width: 800 };
    let picture = drawn(block_on(extractor.sheet_picture(text, 0, want)).expect("a worker"));
    assert_eq!(picture.size, sheet().size);
    assert_eq!((picture.width, picture.height), sheet().size.shown(800));
    let image = image::load_from_memory(&picture.bytes)
        .expect("a picture")
        .into_luma8();
    let dark = |top: u32, bottom: u32| {
        let rows = image
            .enumerate_pixels()
            .filter(|(_, y, _)| (top..bottom).contains(y));
        rows.filter(|(_, _, dot)| dot.0[0] < 128).count()
    };
    // Three lines, nothing, and what is said of the sheet in grey.
    assert!(dark(76, 140) > 200, "{}", dark(76, 140));
    assert_eq!(dark(200, 1_000), 0);
    let page = words_of(text, 0);
    assert_eq!(page.size, picture.size);
    assert_eq!(
        joined(&page),
        "Antrag auf Gr\u{fc}nfl\u{e4}che Name Ort Ulf Bonn"
    );
    let [left, top, wide, high] = page.words[0].place;
    assert!((left - 5_669).abs() < 60, "{left}");
    assert!(
        (5_669..7_000).contains(&top) && high > 500 && wide > 2_500,
        "{:?}",
        page.words[0]
    );
    // Cells stand below each other.
    assert!((page.words[4].place[0] - page.words[6].place[0]).abs() < 60);
    assert_eq!(joined(&words_of(text, 1)), "Seite zwei");
    let beyond = block_on(extractor.sheet_picture(text, 2, want)).expect("a worker");
    assert_eq!(beyond, PictureState::NoPage);
}

pub(crate) fn a_long_text_is_parted_among_sheets_and_ends() {
    let mut limits = patient();
    limits.pages_max = 40;
    // Lines without end, without a blank, and without anything.
    for text in [
        "x".repeat(1_000_000),
        "\n".repeat(1_000_000) + "x",
        "\t".repeat(1_000_000),
    ] {
        let extractor = extractor(limits.clone());
        let leaves = drawn(block_on(extractor.sheets(&text)).expect("a worker"));
        assert!((1..=40).contains(&leaves.len()), "{}", leaves.len());
        let last = u32::try_from(leaves.len() - 1).expect("a number");
        let want = Want::Shown { width: 320 };
        drawn(block_on(extractor.sheet_picture(&text, last, want)).expect("a worker"));
    }
    // A blank text has a sheet.
    let extractor = extractor(limits);
    let leaves = drawn(block_on(extractor.sheets("")).expect("a worker"));
    assert_eq!(leaves, [1]);
}

pub(crate) fn strange_letters_are_boxes_and_keep_their_names() {
    let text = "\u{141}ukasz \u{3a9}mega \u{41c}\u{438}\u{440} \u{6f22}\u{5b57} \u{1f600} \u{2610}";
    assert_eq!(joined(&words_of(text, 0)), text);
    // What turns round what stands there is left out.
    assert_eq!(joined(&words_of("gpj.\u{202e}exe", 0)), "gpj.exe");
}

/// LibreOffice, or a line that says it is not there; in CI that is a failure.
#[expect(clippy::disallowed_methods, reason = "a setting of the test run")]
fn libreoffice() -> Option<Office> {
    match block_on(office_program(Path::new(LIBREOFFICE))) {
        Ok(office) => Some(office),
        Err(error) => {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "in CI nothing is skipped: {error}"
            );
            println!("skipped: LibreOffice: {error}");
            None
        }
    }
}

fn converted(
    office: &Office,
    folder: &TempDir,
    (format, content): (Format, &[u8]),
    (memory_bytes_max, cpu_seconds_max): (u64, u32),
) -> Conversion {
    let limits = ConversionLimits {
        content_bytes_max: 64 << 20,
        made_bytes_max: 32 << 20,
        memory_bytes_max,
        cpu_seconds_max,
        wall_time_max: PATIENCE,
        workers_max: 1,
    };
    let converter = Converter::new("/proc/self/exe".into(), limits, folder.path().to_owned());
    let made = block_on(converter.convert(office, format, content)).expect("a worker");
    let left = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 0, "a conversion leaves nothing");
    made
}

fn made(conversion: Conversion) -> Vec<u8> {
    match conversion {
        Conversion::Made(pdf) => pdf,
        Conversion::Failed(reason) => panic!("not converted: {reason}"),
    }
}

/// Long enough that a name in it need not be written otherwise, and of this test alone.
fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

pub(crate) fn documents_of_an_office_become_pages() {
    let Some(office) = libreoffice() else { return };
    assert!(office.engine().starts_with("libreoffice "));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/reading/golden");
    let folder = folder();
    for (name, format, word) in [
        ("letter.docx", Format::Docx, "Erlaubnisbescheid"),
        ("letter.odt", Format::Odt, "Erlaubnisbescheid"),
        ("letter.rtf", Format::Rtf, "Erlaubnisbescheid"),
        ("budget.ods", Format::Ods, "Ans\u{e4}tze"),
        ("slides.pptx", Format::Pptx, "B\u{fc}rgerversammlung"),
    ] {
        let content = std::fs::read(golden.join(name)).expect("a sample");
        let pdf = made(converted(&office, &folder, (format, &content), ENOUGH));
        let read = text(&extract(&pdf));
        assert!(read.contains(word), "{name}: {read}");
        let want = Want::Shown { width: 320 };
        let picture = block_on(extractor(patient()).picture(pdf.as_slice(), 0, want));
        assert_eq!(drawn(picture.expect("a worker")).width, 320, "{name}");
        let words = block_on(extractor(patient()).words(pdf.as_slice(), 0)).expect("a worker");
        assert!(!drawn(words).words.is_empty(), "{name}");
    }
}

pub(crate) fn an_office_program_works_in_a_folder_of_any_length() {
    let Some(office) = libreoffice() else { return };
    let long = "folder-".repeat(20);
    let folder = tempfile::Builder::new().prefix(&long).tempdir();
    let folder = folder.expect("a folder");
    let content = b"{\\rtf1\\ansi Vermerk\\par}";
    let content = (Format::Rtf, content.as_slice());
    let pdf = made(converted(&office, &folder, content, ENOUGH));
    assert!(text(&extract(&pdf)).contains("Vermerk"));
}

pub(crate) fn an_office_program_reads_no_file_that_a_document_names() {
    let Some(office) = libreoffice() else { return };
    let secrets = folder();
    let secret = secrets.path().join("secret.txt");
    std::fs::write(&secret, "GEHEIMWORT").expect("a file");
    let content = format!(
        "{{\\rtf1\\ansi Vorher {{\\field{{\\*\\fldinst INCLUDETEXT \"{}\"}}{{\\fldrslt alt}}}} nachher\\par}}",
        secret.display()
    );
    let pdf = made(converted(
        &office,
        &folder(),
        (Format::Rtf, content.as_bytes()),
        ENOUGH,
    ));
    let read = text(&extract(&pdf));
    assert!(
        read.contains("Vorher") && read.contains("nachher"),
        "{read}"
    );
    assert!(!read.contains("GEHEIMWORT"), "{read}");
}

/// A docx with this body, as small as an office program takes it.
fn letter(body: &str) -> Vec<u8> {
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    let types = format!(
        "<Types xmlns='{PACKAGE}/content-types'><Default Extension='rels' \
         ContentType='application/vnd.openxmlformats-package.relationships+xml'/><Override \
         PartName='/word/document.xml' ContentType='application/\
         vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/></Types>"
    );
    let relations = format!(
        "<Relationships xmlns='{PACKAGE}/relationships'><Relationship Id='rId1' \
         Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' \
         Target='word/document.xml'/></Relationships>"
    );
    let document = format!("<w:document {WORD}><w:body>{body}</w:body></w:document>");
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

pub(crate) fn a_hostile_document_costs_its_own_pages() {
    let Some(office) = libreoffice() else { return };
    let folder = folder();
    let check = |content: &[u8], limits: (u64, u32), expect: Option<Reason>| match converted(
        &office,
        &folder,
        (Format::Docx, content),
        limits,
    ) {
        Conversion::Failed(reason) => assert!(expect.is_none_or(|it| it == reason), "{reason}"),
        Conversion::Made(pdf) => panic!("{} bytes were made", pdf.len()),
    };
    let sound = letter(&paragraph("Wort"));
    made(converted(&office, &folder, (Format::Docx, &sound), ENOUGH));
    check(
        b"PK\x03\x04 no archive at all",
        ENOUGH,
        Some(Reason::Damaged),
    );
    let half = sound.get(..sound.len() / 2).expect("a half");
    check(half, ENOUGH, Some(Reason::Damaged));
    // Next to nothing on its way, and much when it is unpacked.
    let swollen = letter(&paragraph(&"a".repeat(60_000_000)));
    check(&swollen, ENOUGH, None);
    // A paragraph of thousands of pages, and little time.
    let endless = letter(&paragraph(&"a b ".repeat(2_000_000)));
    // Its own handler of signals may come first: then it has crashed.
    check(&endless, (1 << 30, 6), None);
    // Where there is not even memory for the program.
    check(&sound, (32 << 20, 60), None);
}
