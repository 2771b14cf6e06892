//! Where words stand: the pieces of a page once more, word by word, each with its box.

use super::{Layout, Mark, Piece, columns, composed, usual_gap};

/// How far letters reach above their baseline, in em.
const ABOVE: f64 = 0.8;
/// How far they reach below it, in em.
const BELOW: f64 = 0.22;

/// A word of a piece, along its line.
pub(super) struct Span {
    text: String,
    x0: f64,
    x1: f64,
}

/// A word with its place in points: left, top, right, bottom.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::extract) struct Boxed {
    pub(in crate::extract) text: String,
    pub(in crate::extract) edges: [f64; 4],
}

impl Layout {
    /// The words of the page with their places, in the order of its text.
    pub(in crate::extract) fn words(&mut self) -> Vec<Boxed> {
        let rows = self.close_all();
        let mut all: Vec<Boxed> = Vec::new();
        for row in columns::in_reading_order(&self.pieces, rows) {
            let mut before: Option<&Piece> = None;
            for piece in row.iter().filter_map(|&at| self.pieces.get(at)) {
                let joined = before.is_some_and(|before| !piece.is_parted_from(before));
                for (at, span) in piece.words.iter().enumerate() {
                    let edges = piece.edges_of(span);
                    match all.last_mut() {
                        Some(Boxed {
                            text,
                            edges: [left, top, right, bottom],
                        }) if at == 0 && joined => {
                            text.push_str(&span.text);
                            *left = left.min(edges[0]);
                            *top = top.min(edges[1]);
                            *right = right.max(edges[2]);
                            *bottom = bottom.max(edges[3]);
                        }
                        Some(_) | None => all.push(Boxed {
                            text: span.text.clone(),
                            edges,
                        }),
                    }
                }
                before = Some(piece);
            }
        }
        all
    }
}

impl Piece {
    /// Left, top, right and bottom of a word, on the page as it is looked at.
    fn edges_of(&self, span: &Span) -> [f64; 4] {
        let (sin, cos) = f64::from(self.angle).to_radians().sin_cos();
        let (top, bottom) = (
            self.baseline - ABOVE * self.size,
            self.baseline + BELOW * self.size,
        );
        let mut edges = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for (along, down) in [
            (span.x0, top),
            (span.x1, top),
            (span.x0, bottom),
            (span.x1, bottom),
        ] {
            let (x, y) = (along * cos - down * sin, along * sin + down * cos);
            let [left, top, right, bottom] = edges;
            edges = [left.min(x), top.min(y), right.max(x), bottom.max(y)];
        }
        edges
    }
}

/// The words of a piece, parted as in its text.
pub(super) fn spans(marks: &[Mark]) -> Vec<Span> {
    let usual = usual_gap(marks);
    let mut spans: Vec<Span> = Vec::new();
    for mark in marks {
        match spans.last_mut() {
            Some(span) if !mark.begins_word(usual) => {
                span.text.push(mark.c);
                span.x0 = span.x0.min(mark.x0);
                span.x1 = span.x1.max(mark.x1);
            }
            Some(_) | None => spans.push(Span {
                text: mark.c.to_string(),
                x0: mark.x0,
                x1: mark.x1,
            }),
        }
    }
    for span in &mut spans {
        span.text = composed(std::mem::take(&mut span.text));
    }
    spans
}
