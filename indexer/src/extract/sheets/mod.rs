//! Text on sheets of paper: what is shown of a document of which nobody draws the original.
//!
//! It shows what was read, in the order in which it was read, and does not pretend to be more: one face, one
//! size, black on white. A page of the text begins a sheet; one that is too long for it goes on overleaf.

mod face;
mod paper;

use std::ops::ControlFlow;

use face::{Face, UNITS};
pub(super) use paper::Foot;

use super::wire::{End, Header};
use super::worker::Deadline;
use super::{Engine, PageShape, picture::Size};

/// What parts text among sheets; a newer version parts or draws it otherwise.
pub const SHEETS: Engine = Engine {
    name: "sheets",
    version: "1",
};

/// The pages of a text are parted by this in what a worker is given.
pub const PAGE_END: char = '\u{c}';

/// A4, in points.
const WIDTH: f64 = 595.28;
const HEIGHT: f64 = 841.89;
/// On every side.
const MARGIN: f64 = 56.69;
/// The height of letters, and from line to line.
const SIZE: f64 = 10.0;
const LEADING: f64 = 14.0;
/// The height of letters below the sheet.
const FOOT_SIZE: f64 = 7.0;
/// Rows of a sheet: as many as fit between the margins.
const ROWS: usize = 52;
/// From left to right between the margins, in units of the face.
const ROOM: u32 = 98_600;
/// What follows a tab begins at a multiple of this, in units of the face …
const TAB: u32 = 14_500;
/// … and at least so far from what stands before it.
const GAP: u32 = UNITS;
/// The clock is asked once in so many lines.
const LINES_PER_LOOK: u32 = 64;

/// How large a sheet is, and how it is turned.
#[must_use]
pub fn sheet() -> PageShape {
    PageShape {
        size: Size::of_points(WIDTH, HEIGHT),
        rotation: 0,
    }
}

/// Letters that stand one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    /// Where they begin, in units of the face from the margin.
    left: u32,
    text: String,
}

/// What stands from margin to margin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    pieces: Vec<Piece>,
    /// Where it ends.
    end: u32,
}

impl Row {
    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Goes on at the next tab; false: there is none left.
    fn tab(&mut self) -> bool {
        let begin = self.end.saturating_add(GAP);
        let left = begin.div_ceil(TAB).saturating_mul(TAB);
        if left >= ROOM {
            return false;
        }
        self.end = left;
        let text = String::new();
        self.pieces.push(Piece { left, text });
        true
    }

    fn push(&mut self, text: &str, wide: u32) {
        match self.pieces.last_mut() {
            Some(piece) => piece.text.push_str(text),
            None => self.pieces.push(Piece {
                left: self.end,
                text: text.to_owned(),
            }),
        }
        self.end = self.end.saturating_add(wide);
    }

    fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.is_empty())
    }
}

/// Gives the rows of a line, one after the other. Words are broken only where one is wider than the sheet.
fn rows(face: &Face, line: &str, give: &mut impl FnMut(Row) -> ControlFlow<()>) -> ControlFlow<()> {
    let line: String = line.chars().filter(|c| is_shown(*c)).collect();
    let mut row = Row::default();
    for (number, cell) in line.trim_end().split('\t').enumerate() {
        if number > 0 && !row.tab() {
            let full = std::mem::take(&mut row);
            if !full.is_blank() {
                give(full)?;
            }
        }
        for word in cell.split_inclusive(' ') {
            let bare = face.wide(word.trim_end_matches(' '));
            if row.end.saturating_add(bare) > ROOM && !row.is_blank() {
                give(std::mem::take(&mut row))?;
            }
            if row.end.saturating_add(bare) <= ROOM {
                row.push(word, face.wide(word));
                continue;
            }
            if bare <= ROOM {
                // Nothing but tabs stood before it.
                row = Row::default();
                row.push(word, face.wide(word));
                continue;
            }
            let mut letter = [0; 4];
            for c in word.chars() {
                let wide = face.letter(c).wide;
                if row.end.saturating_add(wide) > ROOM {
                    give(std::mem::take(&mut row))?;
                }
                row.push(c.encode_utf8(&mut letter), wide);
            }
        }
    }
    give(row)
}

/// Whether a character takes part: what only steers others would be drawn as a box, or turn round what
/// stands there.
fn is_shown(c: char) -> bool {
    c == '\t'
        || !(c.is_control()
            || matches!(
                c,
                '\u{ad}'
                    | '\u{200b}'..='\u{200f}'
                    | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}'
                    | '\u{fe00}'..='\u{fe0f}'
                    | '\u{feff}'
            ))
}

/// Gives sheet after sheet, each with the number of the page of the text that it shows, beginning with 1.
fn each(
    text: &str,
    face: &Face,
    deadline: Deadline,
    give: &mut impl FnMut(u32, Vec<Row>) -> ControlFlow<()>,
) -> Result<(), End> {
    let mut lines: u32 = 0;
    for (number, page) in (1_u32..).zip(text.split(PAGE_END)) {
        let mut sheet: Vec<Row> = Vec::new();
        for line in page.trim_end().split('\n') {
            if lines.is_multiple_of(LINES_PER_LOOK) && deadline.has_passed() {
                return Err(End::Time);
            }
            lines = lines.wrapping_add(1);
            let flow = rows(face, line, &mut |row| {
                sheet.push(row);
                if sheet.len() < ROWS {
                    return ControlFlow::Continue(());
                }
                give(number, std::mem::take(&mut sheet))
            });
            if flow.is_break() {
                return Ok(());
            }
        }
        // A blank page has one row, and so a sheet.
        if !sheet.is_empty() && give(number, sheet).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// For each sheet the number of the page of the text that stands on it, packed.
pub(super) fn leaves(
    content: Vec<u8>,
    header: &Header,
    deadline: Deadline,
) -> Result<Vec<u8>, End> {
    let text = String::from_utf8(content).map_err(|_strange| End::NotText)?;
    let most = usize::try_from(header.pages).unwrap_or(usize::MAX).max(1);
    let mut numbers: Vec<u32> = Vec::new();
    each(&text, &Face::open()?, deadline, &mut |number, _| {
        numbers.push(number);
        if numbers.len() < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(numbers.into_iter().flat_map(u32::to_be_bytes).collect())
}

/// Reads what `leaves` packed: sheets in the order of the pages, and at least one.
pub(super) fn unpack_leaves(packed: &[u8]) -> Option<Vec<u32>> {
    let (numbers, rest) = packed.as_chunks::<4>();
    let numbers: Vec<u32> = numbers.iter().map(|one| u32::from_be_bytes(*one)).collect();
    let sound = rest.is_empty() && numbers.first() == Some(&1) && numbers.is_sorted();
    sound.then_some(numbers)
}

/// The sheet of that number as a PDF, beginning with 0.
pub(super) fn page(
    content: Vec<u8>,
    number: u32,
    foot: Foot,
    deadline: Deadline,
) -> Result<Vec<u8>, End> {
    let text = String::from_utf8(content).map_err(|_strange| End::NotText)?;
    let face = Face::open()?;
    let mut left = number;
    let mut found = None;
    each(&text, &face, deadline, &mut |_, rows| {
        if left == 0 {
            found = Some(rows);
            return ControlFlow::Break(());
        }
        left -= 1;
        ControlFlow::Continue(())
    })?;
    // Nothing else ends so here: there is no such sheet.
    let rows = found.ok_or(End::Pages)?;
    Ok(paper::pdf(&face, &rows, foot))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(line: &str) -> Vec<Vec<(u32, String)>> {
        let face = Face::open().expect("our own face");
        let mut all = Vec::new();
        let flow = rows(&face, line, &mut |row| {
            assert!(row.end <= ROOM + face.wide("   "), "{row:?}");
            let pieces = row.pieces.into_iter();
            all.push(pieces.map(|piece| (piece.left, piece.text)).collect());
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
        all
    }

    #[test]
    fn the_face_has_what_a_german_house_writes() {
        let face = Face::open().expect("our own face");
        for c in "AaZzÄÖÜäöüßẞ€§§„“–—•©²³½łšžčñøıİΑωЖя→☐☒✓".chars()
        {
            assert_ne!(face.letter(c).glyph, 0, "{c}");
        }
        assert_eq!(face.letter('漢').glyph, 0);
        // It fits as the numbers say.
        let room = f64::from(ROOM) * SIZE / f64::from(UNITS);
        assert!(room <= WIDTH - 2.0 * MARGIN);
        let rows = f64::from(u32::try_from(ROWS).expect("a number"));
        assert!(rows * LEADING <= HEIGHT - 2.0 * MARGIN);
    }

    #[test]
    fn lines_are_broken_between_words_and_nothing_is_lost() {
        let words = "Grundstücksverkehrsgenehmigung ".repeat(40);
        let all = laid(&words);
        assert!(all.len() > 5, "{}", all.len());
        for row in &all {
            assert_eq!(row.len(), 1);
            assert!(row[0].1.trim_end().ends_with("genehmigung"), "{row:?}");
        }
        let again: String = all.into_iter().flatten().map(|(_, text)| text).collect();
        assert_eq!(again.trim_end(), words.trim_end());
        // One word that is wider than the sheet.
        let long = "x".repeat(1_000);
        let all = laid(&long);
        assert!(all.len() > 1);
        let again: String = all.into_iter().flatten().map(|(_, text)| text).collect();
        assert_eq!(again, long);
    }

    #[test]
    fn cells_stand_below_each_other() {
        let (first, second) = (laid("Name\tOrt\tBetrag"), laid("Ulf\tBonn\t7"));
        let lefts = |rows: &[Vec<(u32, String)>]| -> Vec<u32> {
            rows.iter().flatten().map(|(left, _)| *left).collect()
        };
        assert_eq!(lefts(&first), [0, TAB, 2 * TAB]);
        assert_eq!(lefts(&first), lefts(&second));
        // More cells than fit go on below.
        let wide = ["Zelle"; 30].join("\t");
        assert!(laid(&wide).len() > 3);
        assert_eq!(laid(""), vec![Vec::<(u32, String)>::new()]);
        let bare = vec![vec![(0, "abc".to_owned())]];
        assert_eq!(laid("\u{202e}a\u{200b}b\u{ad}c"), bare);
    }

    #[test]
    fn what_a_worker_says_of_sheets_is_believed_only_if_it_can_be() {
        let pack = |numbers: &[u32]| -> Vec<u8> {
            numbers.iter().flat_map(|one| one.to_be_bytes()).collect()
        };
        assert_eq!(unpack_leaves(&pack(&[1, 1, 2, 4])), Some(vec![1, 1, 2, 4]));
        for wrong in [&[][..], &[2], &[1, 3, 2], &[0, 1]] {
            assert_eq!(unpack_leaves(&pack(wrong)), None, "{wrong:?}");
        }
        assert_eq!(unpack_leaves(&[0, 0, 0, 1, 0]), None);
    }
}
