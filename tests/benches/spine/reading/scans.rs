//! Recognition: the archive's, two pages at a time, against tesseract by itself, two processes at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _};
use indexer::extract::{
    Extractor, Picture, PictureState, Program, Recogniser, Recognition, RecognitionLimits, Size,
    Want, program,
};

use super::{SCANS, Turns, data, extractor, has, said, shipped};
use crate::Plan;
use crate::process::scratch;
use crate::table::{Line, Series};

const WHAT: &str = "recognition of scanned pages, drawn before, two at a time";
/// Pages that are read at the same time.
const PLACES: usize = 2;
/// Dots of an inch at which the archive has pages drawn for recognition.
const DPI: u32 = 300;
const UNIT: &str = "pages/min";

/// A scanned page: the PDF, and as `pdftoppm` draws it, for tesseract and for ours.
struct Sheet {
    pdf: PathBuf,
    drawn: PathBuf,
    picture: Picture,
}

impl Sheet {
    fn draw(folder: &Path, name: &str) -> Self {
        let (pdf, drawn) = (data(name), folder.join(name).with_extension("pgm"));
        let mut command = Command::new("pdftoppm");
        command.args(["-gray", "-singlefile", "-r", &DPI.to_string()]);
        let pgm = said(command.arg(&pdf));
        fs::write(&drawn, &pgm).expect("room on the disk");
        Self {
            pdf,
            drawn,
            picture: picture(&pgm),
        }
    }
}

/// The dots of a PGM of one byte for each.
fn picture(pgm: &[u8]) -> Picture {
    let mut parts = pgm.splitn(4, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (magic, sides, _white, dots) = (next(), next(), next(), next());
    let sides = String::from_utf8_lossy(sides);
    let sides: Vec<u32> = sides
        .split(' ')
        .filter_map(|side| side.parse().ok())
        .collect();
    let (b"P5", [width, height]) = (magic, sides.as_slice()) else {
        unreachable!("pdftoppm draws no PGM: {sides:?}")
    };
    let hundredths = |dots: u32| dots * 7_200 / DPI;
    Picture {
        size: Size {
            width: hundredths(*width),
            height: hundredths(*height),
        },
        width: *width,
        height: *height,
        turned: 0,
        bytes: dots.to_vec(),
    }
}

/// What reads, and so many pages to be read.
struct Desk<'a> {
    plan: &'a Plan,
    recogniser: Recogniser,
    painter: Extractor,
    program: Program,
    sheets: Vec<Sheet>,
    pages: usize,
}

impl Desk<'_> {
    fn pages(&self) -> impl Iterator<Item = &Sheet> {
        self.sheets.iter().cycle().take(self.pages)
    }

    fn per_minute(&self, since: Instant) -> f64 {
        60.0 * self.pages as f64 / since.elapsed().as_secs_f64()
    }

    async fn recognise(&self, picture: &Picture) {
        let read = self.recogniser.recognise(&self.program, picture).await;
        let read = read.expect("a worker");
        assert!(
            matches!(&read, Recognition::Read(read) if !read.words.is_empty()),
            "a scan was not read"
        );
    }

    async fn read_pdf(&self, sheet: &Sheet) {
        let content = fs::read(&sheet.pdf).expect("a PDF");
        let drawn = self.painter.picture(&content[..], 0, Want::Recognition);
        match drawn.await.expect("a worker") {
            PictureState::Drawn(picture) => self.recognise(&picture).await,
            other @ (PictureState::Refused(_) | PictureState::NoPage) => {
                unreachable!("{}: {other:?}", sheet.pdf.display())
            }
        }
    }

    /// The archive's own way with pages that were drawn before.
    fn ours(&self) -> f64 {
        let since = Instant::now();
        let all = stream::iter(self.pages());
        let read = all.for_each_concurrent(PLACES, |sheet| self.recognise(&sheet.picture));
        self.plan.runtime.block_on(read);
        self.per_minute(since)
    }

    /// The same, and drawn and straightened by the archive.
    fn whole(&self) -> f64 {
        let since = Instant::now();
        let all = stream::iter(self.pages());
        let read = all.for_each_concurrent(PLACES, |sheet| self.read_pdf(sheet));
        self.plan.runtime.block_on(read);
        self.per_minute(since)
    }

    /// Tesseract by itself, told the language and the resolution.
    fn theirs(&self) -> f64 {
        let language = self.program.languages().first();
        let language = language.expect("a language").as_str();
        let pages: Vec<&Sheet> = self.pages().collect();
        let next = AtomicUsize::new(0);
        let since = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..PLACES {
                scope.spawn(|| {
                    while let Some(sheet) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let mut command = Command::new(self.program.path());
                        command.arg(&sheet.drawn).args(["stdout", "-l", language]);
                        command.args(["--dpi", &DPI.to_string()]);
                        said(command.env("OMP_THREAD_LIMIT", "1"));
                    }
                });
            }
        });
        self.per_minute(since)
    }
}

pub(super) fn scans(plan: &Plan) -> Vec<Line> {
    let settings = shipped().extract;
    let found = plan
        .runtime
        .block_on(program(&settings.ocr_program, &settings.ocr_languages));
    let program = match found {
        Ok(program) => program,
        Err(error) => return vec![Line::skipped(WHAT, &error.to_string())],
    };
    if !has("pdftoppm") {
        return vec![Line::skipped(WHAT, "pdftoppm (poppler-utils) is missing")];
    }
    let (rounds, pages) = if plan.quick { (3, 6) } else { (5, 16) };
    let folder = scratch();
    let cpu_seconds_max = u32::try_from(settings.time_max.as_secs()).unwrap_or(u32::MAX);
    let limits = RecognitionLimits {
        memory_bytes_max: settings.memory_bytes_max,
        cpu_seconds_max,
        wall_time_max: settings.time_max * 5,
        workers_max: PLACES,
    };
    let sheets = SCANS.iter().map(|name| Sheet::draw(folder.path(), name));
    let desk = Desk {
        plan,
        recogniser: Recogniser::new(tests::app::binary(), limits),
        painter: extractor(PLACES),
        program,
        sheets: sheets.collect(),
        pages,
    };
    let mut whole = Vec::new();
    let turns = Turns::measure(
        rounds,
        || {
            whole.push(desk.whole());
            desk.ours()
        },
        || desk.theirs(),
    );
    let (ratio, theirs) = (turns.ratio(), Series::of(turns.theirs.iter().copied()));
    let line = turns.line(WHAT, "tesseract", UNIT);
    // The first is the one for the caches.
    let whole = Series::of(whole.into_iter().skip(1));
    let with = "the same, drawn and straightened by the archive; tesseract is given drawn pages";
    let by = whole.median() / theirs.median();
    vec![
        line.must("≥ 0.95 ×", ratio.median() >= 0.95),
        Line::new(with, whole.show(UNIT)).against(
            format!("tesseract {}", theirs.show(UNIT)),
            Series::of([by]).show("×"),
        ),
    ]
}
