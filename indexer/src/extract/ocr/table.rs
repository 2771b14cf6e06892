//! What tesseract says of a page: a table of words. Nothing it says is believed further than that.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::super::Reason;

/// The most words of a page.
const WORDS_MAX: usize = 100_000;
/// The longest word, in bytes.
const WORD_BYTES_MAX: usize = 1_000;

/// A word, in dots of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) place: [f64; 4],
    pub(super) confidence: f64,
    /// Block, paragraph, line.
    at: [u32; 3],
}

/// The words of a page in reading order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Page {
    pub(super) words: Vec<Found>,
}

impl Page {
    /// How sure the program is of it all, from 0 to 100.
    pub(super) fn confidence(&self) -> f64 {
        let letters: f64 = self.words.iter().map(Found::letters).sum();
        let sure = self
            .words
            .iter()
            .map(|word| word.confidence * word.letters());
        if letters > 0.0 {
            sure.sum::<f64>() / letters
        } else {
            0.0
        }
    }

    /// How much was read with some confidence: what two looks at a page are compared by.
    pub(super) fn weight(&self) -> f64 {
        let sure = |word: &Found| (word.confidence - 50.0).max(0.0) * word.letters();
        self.words.iter().map(sure).sum()
    }

    /// The text: a space between words, a line for each line, an empty line between paragraphs.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut before: Option<[u32; 3]> = None;
        for word in &self.words {
            match before {
                None => {}
                Some(at) if at == word.at => text.push(' '),
                Some([block, paragraph, _]) if [block, paragraph] == word.at[..2] => {
                    text.push('\n');
                }
                Some(_) => text.push_str("\n\n"),
            }
            text.push_str(&word.text);
            before = Some(word.at);
        }
        if before.is_some() {
            text.push('\n');
        }
        text
    }
}

impl Found {
    fn letters(&self) -> f64 {
        f64::from(u32::try_from(self.text.chars().count()).unwrap_or(u32::MAX))
    }
}

/// Reads the table. None: it is none.
pub(super) fn parse(table: &[u8]) -> Option<Page> {
    let table = std::str::from_utf8(table).ok()?;
    let mut lines = table.lines();
    let head = lines.next()?;
    if !head.starts_with("level\tpage_num\t") {
        return None;
    }
    let words = lines.filter_map(word).take(WORDS_MAX);
    Some(Page {
        words: words.collect(),
    })
}

/// One line of the table, if it is a word with letters.
fn word(line: &str) -> Option<Found> {
    let mut cells = line.splitn(12, '\t');
    if cells.next()? != "5" {
        return None;
    }
    let mut numbers = [0_u32; 9];
    for number in &mut numbers {
        *number = cells.next()?.parse().ok()?;
    }
    let [
        _page,
        block,
        paragraph,
        line,
        _word,
        left,
        top,
        width,
        height,
    ] = numbers;
    let confidence: f64 = cells.next()?.parse().ok()?;
    let text: String = cells.next()?.chars().filter(|c| !c.is_control()).collect();
    let text = text.trim();
    if text.is_empty() || text.len() > WORD_BYTES_MAX || !confidence.is_finite() {
        return None;
    }
    Some(Found {
        text: text.to_owned(),
        place: [left, top, width, height].map(f64::from),
        confidence: confidence.clamp(0.0, 100.0),
        at: [block, paragraph, line],
    })
}

/// A confidence as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a hundred"
)]
pub(super) fn hundredth(confidence: f64) -> u8 {
    confidence.round().clamp(0.0, 100.0) as u8
}

/// Why the program ended as it did.
pub(in crate::extract) fn died_of(status: ExitStatus, no_memory: bool) -> Reason {
    match status.signal() {
        Some(libc::SIGXCPU) => Reason::TimedOut,
        // Nobody but the kernel kills a program that has time left: for memory.
        Some(libc::SIGKILL) => Reason::OutOfMemory,
        _ if no_memory => Reason::OutOfMemory,
        _ => Reason::Crashed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\t\
                        height\tconf\ttext\n";

    #[test]
    fn words_become_lines_and_paragraphs() {
        let table = format!(
            "{HEAD}1\t1\t0\t0\t0\t0\t0\t0\t800\t600\t-1\t\n\
             5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\tSehr\n\
             5\t1\t1\t1\t1\t2\t50\t20\t60\t12\t90.0\tgeehrte\n\
             5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t40\tFrau\n\
             5\t1\t1\t1\t2\t2\t10\t40\t30\t12\t95\t \n\
             5\t1\t1\t2\t1\t1\t10\t80\t30\t12\t80\tanbei\n\
             5\tnonsense\n"
        );
        let page = parse(table.as_bytes()).expect("a table");
        assert_eq!(page.text(), "Sehr geehrte\nFrau\n\nanbei\n");
        assert_eq!(page.words[0].place, [10.0, 20.0, 30.0, 12.0]);
        assert!(
            (page.confidence() - (4.0 * 96.5 + 7.0 * 90.0 + 4.0 * 40.0 + 5.0 * 80.0) / 20.0).abs()
                < 1e-9
        );
        assert!((page.weight() - (4.0 * 46.5 + 7.0 * 40.0 + 5.0 * 30.0)).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_table_is_none() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"Sehr geehrte"), None);
        assert_eq!(parse(b"\xff\xfe"), None);
        assert_eq!(parse(HEAD.as_bytes()), Some(Page::default()));
    }
}
