//! How well documents are read: the words of born-digital pages beside those of pdftotext, and scans beside
//! what plain tesseract reads on the same pages, both held against what stands on them.
//!
//! The tables are printed; the level in `tests/data/reading/reached.txt` is guarded. `QUALITY_CORPUS` names a
//! folder of somebody's own that is measured in place of ours.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use indexer::extract::{
    Extraction, Extractor, Limits, PageState, PictureState, Program, Recogniser, Recognition,
    RecognitionLimits, Want, program,
};
use unicode_normalization::UnicodeNormalization as _;

use super::ratio;

/// Where Debian puts it; the server looks there too.
const TESSERACT: &str = "/usr/bin/tesseract";
/// Of the words that pdftotext finds, at least this share is found.
const RECALL_MIN: f64 = 0.995;
/// By the clock: other tests take the same cores, and a worker gives way to them.
const PATIENCE: Duration = Duration::from_secs(280);
/// Files that may be pages as pictures.
const PICTURES: [&str; 6] = ["pdf", "png", "tif", "tiff", "jpg", "jpeg"];
/// The scans of the set, and where it is written what stands on them.
const SCANS: [(&str, &str); 6] = [
    (
        "indexer/tests/data/scan-emog.pdf",
        "indexer/tests/data/scan-emog.txt",
    ),
    (
        "indexer/tests/data/scan-eurhiuebk.pdf",
        "indexer/tests/data/scan-eurhiuebk.txt",
    ),
    (
        "indexer/tests/data/photo-eurhiuebk.jpg",
        "indexer/tests/data/scan-eurhiuebk.txt",
    ),
    (
        "indexer/tests/data/fax-markeng.tif",
        "indexer/tests/data/fax-markeng.txt",
    ),
    (
        "tests/data/reading/scans/sag.pdf",
        "tests/data/reading/scans/sag.txt",
    ),
    (
        "tests/data/reading/scans/stpo.pdf",
        "tests/data/reading/scans/stpo.txt",
    ),
];

/// Words with their number.
pub(crate) type Words = HashMap<String, usize>;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[expect(clippy::disallowed_methods, reason = "a setting of the test run")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says that a tool is missing; in CI that is a failure.
fn skip(what: &str) {
    assert!(
        setting("CI").as_deref() != Some("true"),
        "in CI nothing is skipped: {what}"
    );
    println!("skipped: {what}");
}

/// Whether pdftotext and pdftoppm can be started.
fn has_poppler() -> bool {
    let tools = ["pdftotext", "pdftoppm"];
    let missing = tools
        .iter()
        .find(|tool| Command::new(tool).arg("-v").output().is_err());
    if let Some(tool) = missing {
        skip(&format!("{tool} of Debian's poppler-utils is missing"));
    }
    missing.is_none()
}

fn tesseract() -> Option<Program> {
    let languages = ["deu".to_owned(), "eng".to_owned()];
    match block_on(program(Path::new(TESSERACT), &languages)) {
        Ok(program) => Some(program),
        Err(error) => {
            skip(&format!("tesseract: {error}"));
            None
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// An extractor whose workers are this binary; they have more time than those of the archive, which are
/// built to be fast.
fn extractor() -> Extractor {
    let limits = Limits {
        cpu_seconds_max: 120,
        wall_time_max: PATIENCE,
        ..Limits::default()
    };
    Extractor::new(PathBuf::from("/proc/self/exe"), limits)
}

pub(crate) fn extract(content: &[u8]) -> Extraction {
    block_on(extractor().extract(content, None)).expect("a worker")
}

fn content(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a document that can be read")
}

/// The folder that is measured in place of our set; where it is relative, from the root of the workspace.
fn somebodys_own() -> Option<PathBuf> {
    let folder = root().join(setting("QUALITY_CORPUS")?);
    assert!(
        folder.is_dir(),
        "QUALITY_CORPUS: {} is no folder",
        folder.display()
    );
    Some(folder)
}

/// Everything in a folder and in those below it that ends in one of these.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if ends_in(&path, endings) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| endings.iter().any(|one| one.eq_ignore_ascii_case(ending)))
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{ad}' | '\u{2010}')
}

/// The words of a text. One that is broken at the end of a line or a page is one, without its hyphen, as
/// pdftotext has it.
pub(crate) fn words(text: &str) -> Words {
    let text: String = text.nfkc().collect();
    let mut joined = String::with_capacity(text.len());
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty()) {
        match line.strip_suffix(is_hyphen) {
            Some(head) => joined.push_str(head),
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    let joined = joined.replace('\u{ad}', "");
    let mut words = Words::new();
    for word in joined.split(|c: char| !c.is_alphanumeric()) {
        if !word.is_empty() {
            *words.entry(word.to_owned()).or_default() += 1;
        }
    }
    words
}

/// How many of the words that are wanted are there, each as often as it is wanted.
pub(crate) fn found(wanted: &Words, there: &Words) -> usize {
    let each = wanted
        .iter()
        .map(|(word, number)| (*number).min(there.get(word).copied().unwrap_or_default()));
    each.sum()
}

pub(crate) fn count(words: &Words) -> usize {
    words.values().sum()
}

fn pages(extraction: &Extraction) -> Vec<String> {
    let pages = extraction.pages.iter();
    pages.map(|page| page.text.clone()).collect()
}

/// Runs a program of others to its end.
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("a program that was there before");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

/// What pdftotext reads; nothing where it cannot open the document, which is said.
fn pdftotext(path: &Path) -> String {
    let mut command = Command::new("pdftotext");
    let command = command.args(["-enc", "UTF-8"]).arg(path).arg("-");
    let output = command.output().expect("a program that was there before");
    if !output.status.success() {
        println!("left out: pdftotext cannot read {}", path.display());
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn words_of_born_digital_pages_are_those_of_pdftotext() {
    if !has_poppler() {
        return;
    }
    let ours = [
        root().join("tests/data/reading/pdf"),
        root().join("indexer/tests/data"),
    ];
    let folders = somebodys_own().map_or(ours.to_vec(), |folder| vec![folder]);
    let paths = folders.iter().flat_map(|folder| files(folder, &["pdf"]));
    let (mut all_wanted, mut all_found) = (0, 0);
    println!(
        "{:<28} {:>7} {:>7} {:>7}",
        "born-digital", "words", "found", "recall"
    );
    let line = |name: &str, wanted: usize, found: usize| {
        let recall = ratio(found, wanted);
        println!("{name:<28} {wanted:>7} {found:>7} {recall:>7.4}");
    };
    for path in paths {
        let wanted = words(&pdftotext(&path));
        // A scan has no words of its own.
        if wanted.is_empty() {
            continue;
        }
        let there = words(&pages(&extract(&content(&path))).join("\n"));
        let (number, hits) = (count(&wanted), found(&wanted, &there));
        line(&name(&path), number, hits);
        all_wanted += number;
        all_found += hits;
    }
    assert!(all_wanted > 0, "no PDF with words in {folders:?}");
    line("all", all_wanted, all_found);
    assert!(
        ratio(all_found, all_wanted) >= RECALL_MIN,
        "recall fell below {RECALL_MIN}"
    );
}

/// How much of what stands on pages was read.
#[derive(Clone, Copy, Default)]
struct Accuracy {
    chars: usize,
    wrong: usize,
    words: usize,
    found: usize,
}

impl Accuracy {
    fn add(&mut self, truth: &str, read: &str) {
        let (truth_chars, read_chars) = (chars(truth), chars(read));
        self.chars += truth_chars.len();
        self.wrong += distance(&truth_chars, &read_chars);
        let wanted = words(truth);
        self.words += count(&wanted);
        self.found += found(&wanted, &words(read));
    }

    /// Page by page where there are as many; else as one text.
    fn of(truth: &str, read: &[String]) -> Self {
        let mut accuracy = Self::default();
        let truth: Vec<&str> = truth.trim_end().split('\u{c}').collect();
        if truth.len() == read.len() {
            for (truth, read) in truth.iter().zip(read) {
                accuracy.add(truth, read);
            }
        } else {
            accuracy.add(&truth.join("\n"), &read.join("\n"));
        }
        accuracy
    }

    fn plus(self, other: Self) -> Self {
        Self {
            chars: self.chars + other.chars,
            wrong: self.wrong + other.wrong,
            words: self.words + other.words,
            found: self.found + other.found,
        }
    }

    /// 1 less the edit distance by the length.
    fn of_chars(self) -> f64 {
        ratio(self.chars.saturating_sub(self.wrong), self.chars.max(1))
    }

    /// The share of the words that were read, each as often as it stands there.
    fn of_words(self) -> f64 {
        ratio(self.found, self.words.max(1))
    }
}

/// The characters of a text; where its lines end does not count.
fn chars(text: &str) -> Vec<char> {
    let text: String = text.nfkc().collect();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().collect()
}

/// How many characters must be put in, taken out or exchanged to make one text of the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, c) in one.iter().enumerate() {
        let mut corner = number;
        row[0] = number + 1;
        for (column, d) in other.iter().enumerate() {
            let above = row[column + 1];
            let exchanged = corner + usize::from(c != d);
            row[column + 1] = exchanged.min(above + 1).min(row[column] + 1);
            corner = above;
        }
    }
    row[other.len()]
}

/// Pages as the archive reads them: their text where they have one, else what is recognised.
fn read_by_us(program: &Program, content: &[u8], extraction: &Extraction) -> Vec<String> {
    let pages = (0_u32..).zip(&extraction.pages);
    pages
        .map(|(number, page)| match page.state {
            PageState::NeedsOcr => recognised(program, content, number),
            PageState::Read | PageState::Cut | PageState::Damaged => page.text.clone(),
        })
        .collect()
}

/// What is read on the picture of a page; one that cannot be read counts as empty.
fn recognised(program: &Program, content: &[u8], page: u32) -> String {
    let drawn = block_on(extractor().picture(content, page, Want::Recognition));
    let picture = match drawn.expect("a worker") {
        PictureState::Drawn(picture) => picture,
        PictureState::Refused(reason) => {
            println!("page {page} is not drawn: {reason}");
            return String::new();
        }
        PictureState::NoPage => return String::new(),
    };
    let limits = RecognitionLimits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 60,
        wall_time_max: PATIENCE,
        workers_max: 1,
    };
    let recogniser = Recogniser::new("/proc/self/exe".into(), limits);
    match block_on(recogniser.recognise(program, &picture)).expect("a worker") {
        Recognition::Read(read) => read.text,
        Recognition::Failed(reason) => {
            println!("page {page} is not read: {reason}");
            String::new()
        }
    }
}

/// Pages as `tesseract -l deu` reads them by itself; those of a PDF are drawn by pdftoppm.
fn read_plainly(path: &Path) -> Vec<String> {
    if !ends_in(path, &["pdf"]) {
        return plain(path);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("pdftoppm");
    let command = command.args(["-r", "300", "-gray"]).arg(path);
    run(command.arg(folder.path().join("page")));
    let pictures = files(folder.path(), &["pgm"]);
    let pages = pictures.iter().map(|picture| plain(picture).join("\n"));
    pages.collect()
}

fn plain(path: &Path) -> Vec<String> {
    let mut command = Command::new(TESSERACT);
    let command = command.arg(path).args(["-", "-l", "deu"]);
    let output = run(command.env("OMP_THREAD_LIMIT", "1"));
    let text = String::from_utf8_lossy(&output.stdout);
    let pages = text.trim_end().split('\u{c}');
    pages.map(str::to_owned).collect()
}

/// Pictures of pages and what stands on them.
fn scans() -> Vec<(PathBuf, PathBuf)> {
    let Some(folder) = somebodys_own() else {
        let scans = SCANS.iter();
        let paths = scans.map(|(scan, truth)| (root().join(scan), root().join(truth)));
        return paths.collect();
    };
    let paths = files(&folder, &PICTURES).into_iter();
    let with_truth = paths.map(|path| {
        let truth = path.with_extension("txt");
        (path, truth)
    });
    with_truth.filter(|(_, truth)| truth.is_file()).collect()
}

/// The levels that were reached and are kept: of characters and of words.
fn reached() -> [f64; 2] {
    let text = fs::read_to_string(root().join("tests/data/reading/reached.txt"));
    let text = text.expect("the levels");
    ["characters", "words"].map(|what| {
        let mut lines = text.lines();
        let level = lines.find_map(|line| line.strip_prefix("scans")?.trim().strip_prefix(what));
        let level = level.expect("a level for characters and one for words");
        level
            .trim()
            .parse()
            .expect("a level that was measured, in tests/data/reading/reached.txt")
    })
}

pub(crate) fn scans_are_read_no_worse_than_by_plain_tesseract() {
    let Some(program) = tesseract() else { return };
    if !has_poppler() {
        return;
    }
    let (mut all_ours, mut all_plain) = (Accuracy::default(), Accuracy::default());
    println!(
        "{:<28} {:>5} {:>7} {:>7} {:>12} {:>12}",
        "scan", "pages", "chars", "words", "plain chars", "plain words"
    );
    let line = |name: &str, pages: usize, ours: Accuracy, plain: Accuracy| {
        let (chars, words) = (ours.of_chars(), ours.of_words());
        let (plain_chars, plain_words) = (plain.of_chars(), plain.of_words());
        println!(
            "{name:<28} {pages:>5} {chars:>7.4} {words:>7.4} {plain_chars:>12.4} {plain_words:>12.4}"
        );
    };
    let mut all_pages = 0;
    for (path, truth) in scans() {
        let content = content(&path);
        let extraction = extract(&content);
        let mut states = extraction.pages.iter().map(|page| page.state);
        if !states.any(|state| state == PageState::NeedsOcr) {
            // In a folder of somebody's own there are others beside scans; in ours there are not.
            assert!(
                somebodys_own().is_some(),
                "{}: no page is a picture",
                name(&path)
            );
            continue;
        }
        let truth = fs::read_to_string(&truth).expect("a text in UTF-8");
        let (ours, plain) = std::thread::scope(|threads| {
            let plain = threads.spawn(|| read_plainly(&path));
            let ours = read_by_us(&program, &content, &extraction);
            (ours, plain.join().expect("plain tesseract has read it"))
        });
        let (ours, plain) = (Accuracy::of(&truth, &ours), Accuracy::of(&truth, &plain));
        line(&name(&path), extraction.pages.len(), ours, plain);
        all_pages += extraction.pages.len();
        all_ours = all_ours.plus(ours);
        all_plain = all_plain.plus(plain);
    }
    if all_pages == 0 {
        println!("no scan has a text beside it");
        return;
    }
    line("all", all_pages, all_ours, all_plain);
    assert!(
        all_ours.of_words() >= all_plain.of_words(),
        "plain tesseract reads more words"
    );
    if somebodys_own().is_none() {
        let [chars, words] = reached();
        assert!(
            all_ours.of_chars() >= chars && all_ours.of_words() >= words,
            "what is read of scans fell below {chars} of the characters and {words} of the words"
        );
    }
}
