//! Running text in columns that was drawn row by row is read column by column.
//!
//! Labels with their values and narrow tables are not: there a row belongs together.

use super::Piece;

/// So many rows must have text on both sides of a gutter.
const ROWS_MIN: usize = 4;
/// Running text fills its lines: so many characters on average on each side.
const CHARS_MIN: usize = 20;
/// The lines of running text follow closely, in em.
const PITCH_MAX: f64 = 1.7;
/// A page has so many columns at most.
const DEPTH_MAX: usize = 4;
/// A gutter is at least so wide, in em.
const GUTTER_MIN: f64 = 1.0;

/// The rows in the order in which a person reads them.
pub(super) fn in_reading_order(pieces: &[Piece], rows: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    split(pieces, rows, DEPTH_MAX)
}

/// An interval that no piece of a run of rows enters.
#[derive(Clone, Copy)]
struct Gutter {
    from: f64,
    to: f64,
}

fn split(pieces: &[Piece], rows: Vec<Vec<usize>>, depth: usize) -> Vec<Vec<usize>> {
    if depth == 0 {
        return rows;
    }
    let mut out = Vec::with_capacity(rows.len());
    let mut rest = rows.as_slice();
    while let Some((first, others)) = rest.split_first() {
        match run(pieces, rest) {
            Some((length, gutter)) => {
                let (run, after) = rest.split_at(length);
                let (left, right) = part(pieces, run, gutter);
                out.extend(left);
                out.extend(split(pieces, right, depth - 1));
                rest = after;
            }
            None => {
                out.push(first.clone());
                rest = others;
            }
        }
    }
    out
}

/// How many rows from the first on stand in two columns, and what parts them.
fn run(pieces: &[Piece], rows: &[Vec<usize>]) -> Option<(usize, Gutter)> {
    let mut gutter = widest_gap(pieces, rows.first()?)?;
    let (mut length, mut both, mut left, mut right) = (0, 0, 0, 0);
    let mut before: Option<&Piece> = None;
    for row in rows {
        let head = row.first().and_then(|&at| pieces.get(at))?;
        let follows = before.is_none_or(|before| {
            let pitch = head.baseline - before.baseline;
            head.angle == before.angle
                && pitch > 0.0
                && pitch <= PITCH_MAX * before.size.max(head.size)
        });
        let Some(narrower) = narrow(pieces, row, gutter).filter(|_| follows) else {
            break;
        };
        gutter = narrower;
        let count = |is_left: bool| -> usize {
            let side = row.iter().filter_map(|&at| pieces.get(at));
            side.filter(|piece| (piece.x1 <= gutter.from) == is_left)
                .map(|piece| piece.chars)
                .sum()
        };
        let (l, r) = (count(true), count(false));
        if l > 0 && r > 0 {
            both += 1;
            left += l;
            right += r;
        }
        length += 1;
        before = Some(head);
    }
    (both >= ROWS_MIN && left / both >= CHARS_MIN && right / both >= CHARS_MIN)
        .then_some((length, gutter))
}

fn widest_gap(pieces: &[Piece], row: &[usize]) -> Option<Gutter> {
    let pairs = row.iter().zip(row.iter().skip(1));
    let gaps = pairs.filter_map(|(&left, &right)| {
        let (left, right) = (pieces.get(left)?, pieces.get(right)?);
        let wide = right.x0 - left.x1 >= GUTTER_MIN * left.size.max(right.size);
        wide.then_some(Gutter {
            from: left.x1,
            to: right.x0,
        })
    });
    gaps.max_by(|one, other| (one.to - one.from).total_cmp(&(other.to - other.from)))
}

/// What is left of a gutter beside the pieces of a row; nothing if one of them crosses it.
fn narrow(pieces: &[Piece], row: &[usize], gutter: Gutter) -> Option<Gutter> {
    let mut left = gutter;
    for piece in row.iter().filter_map(|&at| pieces.get(at)) {
        let middle = f64::midpoint(left.from, left.to);
        if piece.x1 <= middle {
            left.from = left.from.max(piece.x1);
        } else if piece.x0 >= middle {
            left.to = left.to.min(piece.x0);
        } else {
            return None;
        }
        if left.to - left.from < 0.5 * GUTTER_MIN * piece.size {
            return None;
        }
    }
    Some(left)
}

fn part(
    pieces: &[Piece],
    rows: &[Vec<usize>],
    gutter: Gutter,
) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let is_left = |at: &usize| pieces.get(*at).is_some_and(|piece| piece.x1 <= gutter.from);
    let sides = rows.iter().map(|row| {
        row.iter()
            .copied()
            .partition::<Vec<usize>, _>(|at| is_left(at))
    });
    let (left, right): (Vec<_>, Vec<_>) = sides.unzip();
    let filled = |rows: Vec<Vec<usize>>| rows.into_iter().filter(|row| !row.is_empty()).collect();
    (filled(left), filled(right))
}
