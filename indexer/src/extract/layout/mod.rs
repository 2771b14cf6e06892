//! Glyphs to text: words by the gaps between glyphs, lines by their baseline, columns by a gutter.
//!
//! A PDF says where each glyph stands and nothing about words. What is drawn one after the other
//! and stands beside each other becomes a *piece*; pieces on one baseline become a *row*; rows keep
//! the order in which they were drawn, but for running text in columns that was drawn row by row.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

/// A gap wider than this, in em, parts two words.
const WORD_GAP: f64 = 0.15;
/// A gap wider than this, in em, parts two pieces.
const PIECE_GAP: f64 = 1.2;
/// A step back of more than this, in em, starts a new piece.
const BACK_STEP: f64 = 0.5;
/// A piece drawn later may fill a place in an earlier row if it stands this near, in em.
const FILL_GAP: f64 = 1.0;
/// Glyphs whose baselines differ by less than this, in em, stand on one line: room for indices.
const BASELINE_STEP: f64 = 0.5;
/// Pieces whose baselines differ by less than this, in em, stand on one row.
const ROW_STEP: f64 = 0.3;
/// The same glyph drawn again within this, in em, makes bold letters, not double ones.
const REDRAW: f64 = 0.1;
/// A piece drawn again within this, in em, is the same piece.
const PIECE_REDRAW: f64 = 0.3;
/// How many rows near a baseline are looked at when a piece looks for its row.
const ROWS_LOOKED_AT: usize = 16;
/// Height of the drawers in which rows are looked up, in points.
const DRAWER: f64 = 8.0;

/// One glyph, in the frame of its own line: `x` runs along the baseline, `y` grows downwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Direction of the baseline in whole degrees; only equal ones share a line.
    pub(super) angle: i16,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) advance: f64,
    pub(super) size: f64,
}

/// The page holds as many characters as it may.
#[derive(Debug)]
pub(super) struct Full;

/// One character on its way into a piece.
struct Mark {
    c: char,
    /// What parts it from the one before, in em.
    gap: f64,
    /// A space was drawn before it.
    spaced: bool,
    /// Where it begins and ends along the line.
    x0: f64,
    x1: f64,
}

struct OpenPiece {
    angle: i16,
    x0: f64,
    x1: f64,
    baseline: f64,
    size: f64,
    marks: Vec<Mark>,
    space_pending: bool,
    /// The last glyph: a second drawing of it is dropped, an accent over it joins it.
    last: Place,
    last_char: char,
}

struct Piece {
    angle: i16,
    x0: f64,
    x1: f64,
    baseline: f64,
    size: f64,
    text: String,
    chars: usize,
    /// Its words, where places are asked for.
    words: Vec<placed::Span>,
}

struct Row {
    /// Pieces by their place in [`Layout::pieces`], from left to right.
    pieces: Vec<usize>,
}

/// Takes the glyphs of one page in the order in which they are drawn.
pub(super) struct Layout {
    chars_max: usize,
    chars: usize,
    unknown: usize,
    /// Kept for its memory alone.
    cleaned: String,
    open: Option<OpenPiece>,
    /// An accent drawn before the letter that it belongs to.
    accent: Option<(char, char, Place)>,
    pieces: Vec<Piece>,
    rows: Vec<Row>,
    drawers: HashMap<(i16, i64), Vec<usize>>,
    placing: bool,
}

impl Layout {
    pub(super) fn new(chars_max: usize) -> Self {
        Self {
            chars_max,
            chars: 0,
            unknown: 0,
            cleaned: String::new(),
            open: None,
            accent: None,
            pieces: Vec::new(),
            rows: Vec::new(),
            drawers: HashMap::new(),
            placing: false,
        }
    }

    /// The same, that also keeps where words stand.
    pub(super) fn placing(chars_max: usize) -> Self {
        Self {
            placing: true,
            ..Self::new(chars_max)
        }
    }

    /// Characters taken so far, blanks not counted.
    pub(super) fn chars(&self) -> usize {
        self.chars
    }

    /// How many of them could not be told.
    pub(super) fn unknown(&self) -> usize {
        self.unknown
    }

    /// Takes what one glyph stands for: most often one character.
    pub(super) fn push(&mut self, text: &str, place: Place) -> Result<(), Full> {
        let mut cleaned = std::mem::take(&mut self.cleaned);
        cleaned.clear();
        for c in text.chars() {
            match c {
                // A soft hyphen that takes room is drawn: it is a hyphen.
                '\u{ad}' if place.advance > 0.1 * place.size => cleaned.push('-'),
                _ => clean(c, |c| cleaned.push(c)),
            }
        }
        // What comes of a ligature shares its room.
        let mut place = place;
        let count = u32::try_from(cleaned.chars().count()).unwrap_or(u32::MAX);
        place.advance /= f64::from(count.max(1));
        let mut result = Ok(());
        for c in cleaned.chars() {
            result = self.push_char(c, place);
            if result.is_err() {
                break;
            }
            place.x += place.advance;
        }
        self.cleaned = cleaned;
        result
    }

    fn push_char(&mut self, c: char, place: Place) -> Result<(), Full> {
        if self.chars >= self.chars_max {
            return Err(Full);
        }
        if let Some((combining, spacing, at)) = self.accent.take() {
            let joins = c.is_alphabetic()
                && near(place, at)
                && (place.x - at.x).abs() < 0.5 * at.size
                && place.x < at.x + 0.8 * at.advance;
            if joins {
                self.place(c, place);
                self.combine(combining);
                return Ok(());
            }
            self.place(spacing, at);
        }
        if let Some(combining) = combining(c) {
            if self.stands_over_last(place) {
                self.combine(combining);
            } else {
                self.accent = Some((combining, c, place));
            }
            return Ok(());
        }
        self.place(c, place);
        Ok(())
    }

    fn stands_over_last(&self, place: Place) -> bool {
        self.open.as_ref().is_some_and(|open| {
            !open.space_pending
                && open.last_char.is_alphabetic()
                && near(place, open.last)
                && place.x > open.last.x - 0.3 * open.last.size
                && place.x < open.last.x + 0.6 * open.last.advance
        })
    }

    fn combine(&mut self, c: char) {
        if let Some(open) = &mut self.open {
            open.marks.push(Mark {
                c,
                gap: 0.0,
                spaced: false,
                x0: open.last.x,
                x1: open.last.x + open.last.advance,
            });
        }
    }

    fn place(&mut self, c: char, place: Place) {
        if let Some(open) = &mut self.open {
            let gap = (place.x - open.x1) / place.size.max(open.last.size);
            if open.redraws(c, place) {
                return;
            }
            if near(place, open.last) && (-BACK_STEP..=PIECE_GAP).contains(&gap) {
                open.take(c, place, gap);
                self.count(c);
                return;
            }
            self.close();
        }
        if c == ' ' {
            return;
        }
        self.count(c);
        self.open = Some(OpenPiece {
            angle: place.angle,
            x0: place.x,
            x1: place.x + place.advance,
            baseline: place.y,
            size: place.size,
            marks: vec![Mark {
                c,
                gap: 0.0,
                spaced: false,
                x0: place.x,
                x1: place.x + place.advance,
            }],
            space_pending: false,
            last: place,
            last_char: c,
        });
    }

    fn count(&mut self, c: char) {
        if c != ' ' {
            self.chars += 1;
        }
        if c == char::REPLACEMENT_CHARACTER {
            self.unknown += 1;
        }
    }

    /// Ends the open piece and finds its row.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let text = spell(&open.marks);
        let words = if self.placing {
            placed::spans(&open.marks)
        } else {
            Vec::new()
        };
        let piece = Piece {
            angle: open.angle,
            x0: open.x0,
            x1: open.x1,
            baseline: open.baseline,
            size: open.size,
            chars: open.marks.len(),
            text,
            words,
        };
        let drawer = drawer(piece.baseline);
        let mut home = None;
        for near in [drawer, drawer - 1, drawer + 1] {
            let rows = self
                .drawers
                .get(&(piece.angle, near))
                .map_or(&[][..], Vec::as_slice);
            for &row in rows.iter().rev().take(ROWS_LOOKED_AT) {
                match self.fits(&piece, row) {
                    Fit::Redrawn => return,
                    Fit::At(place) => home = home.or(Some((row, place))),
                    Fit::No => {}
                }
            }
        }
        let index = self.pieces.len();
        self.pieces.push(piece);
        if let Some((row, place)) = home
            && let Some(row) = self.rows.get_mut(row)
        {
            row.pieces.insert(place.min(row.pieces.len()), index);
            return;
        }
        self.drawers
            .entry((open.angle, drawer))
            .or_default()
            .push(self.rows.len());
        self.rows.push(Row {
            pieces: vec![index],
        });
    }

    /// Whether and where a piece belongs to a row.
    fn fits(&self, piece: &Piece, row: usize) -> Fit {
        let is_last = row + 1 == self.rows.len();
        let Some(row) = self.rows.get(row) else {
            return Fit::No;
        };
        let neighbours: Vec<&Piece> = row
            .pieces
            .iter()
            .filter_map(|&at| self.pieces.get(at))
            .collect();
        let em = |other: &Piece| piece.size.max(other.size);
        let level =
            |other: &Piece, step: f64| (piece.baseline - other.baseline).abs() <= step * em(other);
        if neighbours.iter().any(|other| {
            level(other, PIECE_REDRAW)
                && (piece.x0 - other.x0).abs() <= PIECE_REDRAW * em(other)
                && piece.text == other.text
        }) {
            return Fit::Redrawn;
        }
        let place = neighbours.partition_point(|other| other.x0 <= piece.x0);
        let left = place.checked_sub(1).and_then(|at| neighbours.get(at));
        let right = neighbours.get(place);
        let touches = |gap: f64, em: f64| (-0.3 * em..=FILL_GAP * em).contains(&gap);
        let overlaps = |gap: f64, em: f64| gap < -0.3 * em;
        let left_gap = left.map(|left| (piece.x0 - left.x1, em(left), *left));
        let right_gap = right.map(|right| (right.x0 - piece.x1, em(right), *right));
        let sides = [left_gap, right_gap];
        let mut sides = sides.iter().flatten();
        if sides.clone().any(|(gap, em, _)| overlaps(*gap, *em)) {
            return Fit::No;
        }
        let on_row = neighbours
            .first()
            .is_some_and(|first| level(first, ROW_STEP));
        let follows = is_last && right.is_none() && on_row;
        // An index or an exponent stands higher or lower, but close by.
        if follows
            || sides.any(|(gap, em, other)| {
                touches(*gap, *em) && (on_row || level(other, BASELINE_STEP))
            })
        {
            return Fit::At(place);
        }
        Fit::No
    }

    /// Ends what is open and gives the rows.
    fn close_all(&mut self) -> Vec<Vec<usize>> {
        if let Some((_, spacing, at)) = self.accent.take() {
            self.place(spacing, at);
        }
        self.close();
        self.rows.iter().map(|row| row.pieces.clone()).collect()
    }

    /// The text of the page.
    pub(super) fn finish(&mut self) -> String {
        let rows = self.close_all();
        let mut text = String::new();
        for row in columns::in_reading_order(&self.pieces, rows) {
            let from = text.len();
            let mut before: Option<&Piece> = None;
            for piece in row.iter().filter_map(|&at| self.pieces.get(at)) {
                if before.is_some_and(|before| piece.is_parted_from(before)) {
                    text.push(' ');
                }
                text.push_str(&piece.text);
                before = Some(piece);
            }
            if text.len() > from {
                text.push('\n');
            }
        }
        text
    }
}

impl Piece {
    /// Whether a blank stands between this piece and the one before it on its row.
    fn is_parted_from(&self, before: &Self) -> bool {
        self.x0 - before.x1 > WORD_GAP * self.size.min(before.size)
    }
}

enum Fit {
    Redrawn,
    At(usize),
    No,
}

impl OpenPiece {
    fn redraws(&self, c: char, place: Place) -> bool {
        c != ' '
            && c == self.last_char
            && place.angle == self.angle
            && (place.x - self.last.x).abs() < REDRAW * place.size
            && (place.y - self.last.y).abs() < REDRAW * place.size
    }

    fn take(&mut self, c: char, place: Place, gap: f64) {
        self.x1 = self.x1.max(place.x + place.advance);
        if c == ' ' {
            self.space_pending = true;
            return;
        }
        self.marks.push(Mark {
            c,
            gap,
            spaced: std::mem::take(&mut self.space_pending),
            x0: place.x,
            x1: place.x + place.advance,
        });
        if place.size > self.size {
            // The index came first: the line is that of the larger letters.
            self.size = place.size;
            self.baseline = place.y;
        }
        self.last = place;
        self.last_char = c;
    }
}

/// Same direction, and as good as the same baseline.
fn near(one: Place, other: Place) -> bool {
    one.angle == other.angle && (one.y - other.y).abs() <= BASELINE_STEP * one.size.max(other.size)
}

fn drawer(baseline: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a saturated drawer is only a crowded one"
    )]
    let drawer = (baseline / DRAWER).floor() as i64;
    drawer.clamp(i64::MIN + 1, i64::MAX - 1)
}

/// The characters of a piece with a space wherever one was drawn or left.
///
/// Letters set apart for emphasis ("g e s p e r r t") have nearly equal gaps all along: the middle
/// gap is then taken as the normal one.
fn spell(marks: &[Mark]) -> String {
    let usual = usual_gap(marks);
    let mut text = String::with_capacity(marks.len() + marks.len() / 4);
    for (at, mark) in marks.iter().enumerate() {
        if at > 0 && mark.begins_word(usual) {
            text.push(' ');
        }
        text.push(mark.c);
    }
    composed(text)
}

impl Mark {
    /// Whether a blank stands before it, where so much room between letters is usual.
    fn begins_word(&self, usual: f64) -> bool {
        self.spaced || self.gap - usual > WORD_GAP
    }
}

/// The room between letters that is usual in a piece beyond none, in em.
fn usual_gap(marks: &[Mark]) -> f64 {
    let mut gaps: Vec<f64> = marks.iter().skip(1).map(|mark| mark.gap).collect();
    gaps.sort_unstable_by(f64::total_cmp);
    let middle = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
    if gaps.len() >= 4 && (0.05..0.45).contains(&middle) {
        middle
    } else {
        0.0
    }
}

/// Letters and their accents as one.
fn composed(text: String) -> String {
    if text.is_ascii() {
        text
    } else {
        text.nfc().collect()
    }
}

/// Gives what a character stands for in plain text: ligatures taken apart, one kind of space and
/// of hyphen, nothing invisible, nothing that turns the direction of a line.
pub(super) fn clean(c: char, mut give: impl FnMut(char)) {
    match c {
        ' '..='~' => give(c),
        '\t'
        | '\n'
        | '\r'
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => give(' '),
        '\u{2010}' | '\u{2011}' => give('-'),
        '\u{fb00}'..='\u{fb06}' => std::iter::once(c).nfkc().for_each(give),
        // Bullets of the symbol fonts.
        '\u{f0b7}' | '\u{f0a7}' | '\u{f0d8}' | '\u{f0fc}' => give('•'),
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => give(char::REPLACEMENT_CHARACTER),
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => {}
        _ if c.is_control() => {}
        _ => give(c),
    }
}

/// The accent that joins a letter, for one that stands alone.
fn combining(c: char) -> Option<char> {
    Some(match c {
        '\u{a8}' => '\u{308}',
        '\u{b4}' | '\u{2ca}' => '\u{301}',
        '\u{2cb}' => '\u{300}',
        '\u{2c6}' => '\u{302}',
        '\u{2da}' => '\u{30a}',
        '\u{2c7}' => '\u{30c}',
        '\u{b8}' => '\u{327}',
        _ => return None,
    })
}

mod columns;
mod placed;

#[cfg(test)]
mod tests;
