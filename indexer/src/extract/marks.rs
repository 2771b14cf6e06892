//! Pages that bring their text and may hold codes all the same: told while their text is read, by what is drawn
//! on them, and looked at by a worker of their own afterwards.
//!
//! Drawing costs many times what reading does, so a page is drawn only where something on it could be a code.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::hayro_syntax::Filter;
use hayro_interpret::kurbo::{Affine, BezPath, PathEl, Point, Rect};
use hayro_interpret::{DrawMode, Image};

use super::codes::{self, Seen, Sheet};
use super::password::Passwords;
use super::wire::{End, Header};
use super::worker::Deadline;
use super::{pdf, raster};

/// So many pages are looked at by one worker at most.
pub const LOOKED_AT_ONCE_MAX: usize = 64;
/// Seconds of the processor that a worker may take for them, and thrice as many by the clock: what has its text is
/// not to keep others waiting for theirs.
pub(super) const CPU_SECONDS_MAX: u32 = 20;
/// Bytes of the number of a page.
const NUMBER_BYTES: usize = 4;

/// A picture with a shorter side than this, in points (6 mm), is no code that could be read from paper.
const PICTURE_POINTS_MIN: f64 = 17.0;
/// What is thinner than this, in points, is a rule of a table and no bar.
const BOX_POINTS_MIN: f64 = 0.9;
/// A bar and a row of squares are no wider than this on their shorter side, in points (5 mm).
const BOX_POINTS_MAX: f64 = 14.5;
/// So many straight edges of such boxes may be a code: some twenty bars have as many.
const EDGES_MIN: u32 = 60;

/// What a page shows that may be a code.
#[derive(Debug, Default)]
pub(super) struct Marks {
    edges: u32,
    picture: bool,
}

impl Marks {
    /// Whether it is worth drawing the page.
    pub(super) const fn may_be_codes(&self) -> bool {
        self.picture || self.edges >= EDGES_MIN
    }

    /// A picture on a page of this size. Photographs, and logos that are packed like them, count where they
    /// cover half of the page: that is a scan which brings its text.
    pub(super) fn picture(&mut self, image: &Image<'_, '_>, placed: Affine, page: (f64, f64)) {
        let dots = (f64::from(image.width()), f64::from(image.height()));
        let filters = match image {
            Image::Stencil(stencil) => stencil.stream().filters(),
            Image::Raster(raster) => raster.stream().filters(),
        };
        let photo = |filter: &Filter| matches!(filter, Filter::DctDecode | Filter::JpxDecode);
        let (wide, high) = drawn(dots, placed);
        let large = wide * high * 2.0 >= page.0 * page.1;
        let worth = large || !filters.iter().any(photo);
        self.picture |= worth && wide.min(high) >= PICTURE_POINTS_MIN;
    }

    /// A path that is drawn.
    pub(super) fn path(&mut self, path: &BezPath, placed: Affine, mode: &DrawMode) {
        match mode {
            DrawMode::Fill(_) | DrawMode::FillAndStroke(..) => self.filled(path, placed),
            DrawMode::Stroke(pen) => {
                let wide = f64::from(pen.line_width) * placed.determinant().abs().sqrt();
                if (BOX_POINTS_MIN..=BOX_POINTS_MAX).contains(&wide) {
                    let lines = path.elements().iter();
                    let lines = lines.filter(|one| matches!(one, PathEl::LineTo(_)));
                    // A line drawn with a broad pen is a box.
                    self.add(
                        u32::try_from(lines.count())
                            .unwrap_or(u32::MAX)
                            .saturating_mul(3),
                    );
                }
            }
            DrawMode::Invisible => {}
        }
    }

    /// A box that is drawn.
    pub(super) fn rect(&mut self, rect: &Rect, placed: Affine, mode: &DrawMode) {
        if matches!(mode, DrawMode::Fill(_) | DrawMode::FillAndStroke(..)) {
            let corners = [
                Point::new(rect.x0, rect.y0),
                Point::new(rect.x1, rect.y0),
                Point::new(rect.x1, rect.y1),
            ];
            let mut one = Outline::default();
            corners.into_iter().for_each(|at| one.add(placed * at));
            self.add(one.edges());
        }
    }

    fn filled(&mut self, path: &BezPath, placed: Affine) {
        let mut one = Outline::default();
        for element in path.elements() {
            match element {
                PathEl::MoveTo(at) => {
                    self.add(one.edges());
                    one = Outline::default();
                    one.add(placed * *at);
                }
                PathEl::LineTo(at) => one.add(placed * *at),
                PathEl::QuadTo(..) | PathEl::CurveTo(..) => one.curved = true,
                PathEl::ClosePath => {}
            }
            if self.edges >= EDGES_MIN {
                return;
            }
        }
        self.add(one.edges());
    }

    const fn add(&mut self, edges: u32) {
        self.edges = self.edges.saturating_add(edges);
    }
}

/// How large a picture of so many dots stands on the page, in points.
fn drawn((wide, high): (f64, f64), placed: Affine) -> (f64, f64) {
    let [a, b, c, d, _, _] = placed.as_coeffs();
    (a.hypot(b) * wide, c.hypot(d) * high)
}

/// What is drawn in one go, without lifting the pen.
#[derive(Debug, Default)]
struct Outline {
    around: Option<Rect>,
    points: u32,
    curved: bool,
}

impl Outline {
    fn add(&mut self, at: Point) {
        self.points = self.points.saturating_add(1);
        let here = Rect::from_points(at, at);
        self.around = Some(self.around.map_or(here, |around| around.union_pt(at)));
    }

    /// Its straight edges, where it is a bar, a square, a row of squares or made of such.
    fn edges(&self) -> u32 {
        let Some(around) = self.around else { return 0 };
        let (wide, high) = (around.width(), around.height());
        let thin = wide.min(high);
        // Squares that touch may be one outline: it has a corner for each.
        let many = self.points > 8;
        let fits = thin >= BOX_POINTS_MIN && (thin <= BOX_POINTS_MAX || many);
        if self.curved || !fits {
            return 0;
        }
        self.points
    }
}

/// The numbers of pages as they stand in front of a content.
pub(super) fn pack(pages: &[u32]) -> Vec<u8> {
    let many = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    let numbers = std::iter::once(&many).chain(pages);
    numbers.flat_map(|number| number.to_be_bytes()).collect()
}

/// The numbers of pages in front of a content, and the content.
fn unpack(mut packed: Vec<u8>) -> Option<(Vec<u32>, Vec<u8>)> {
    let (many, rest) = packed.split_first_chunk::<NUMBER_BYTES>()?;
    let many = usize::try_from(u32::from_be_bytes(*many)).ok()?;
    if many > LOOKED_AT_ONCE_MAX {
        return None;
    }
    let (numbers, _) = rest.split_at_checked(many * NUMBER_BYTES)?;
    let numbers = numbers.as_chunks::<NUMBER_BYTES>().0.iter();
    let numbers = numbers.map(|number| u32::from_be_bytes(*number));
    let numbers: Vec<u32> = numbers.collect();
    packed.drain(..(many + 1) * NUMBER_BYTES);
    Some((numbers, packed))
}

/// Looks at the pages of a PDF whose numbers stand in front of it, beginning with 0: what is on each, in their
/// order, as far as there is time. Nothing of a page at which the renderer stumbled.
pub(super) fn look(
    given: Vec<u8>,
    passwords: &Passwords,
    header: &Header,
    deadline: Deadline,
) -> Result<Vec<u8>, End> {
    let (pages, content) = unpack(given).ok_or(End::Damaged)?;
    let pdf = pdf::open(content, passwords)?.pdf;
    let mut all: Vec<Option<Seen>> = Vec::new();
    let pages = pages.into_iter().filter(|number| *number < header.pages);
    for number in pages {
        if deadline.has_passed() {
            break;
        }
        let one = || -> Result<Seen, End> {
            let (image, size) = raster::paint_for_codes(&pdf, number)?;
            let sheet = Sheet {
                grey: raster::grey(image),
                size,
                turned: 0,
            };
            Ok(codes::look(&sheet, || deadline.has_passed()))
        };
        let seen = catch_unwind(AssertUnwindSafe(one));
        // Cut short, it is not known what else stands there.
        let whole = !deadline.has_passed();
        all.push(seen.ok().and_then(Result::ok).filter(|_| whole));
    }
    serde_json::to_vec(&all).map_err(|_unwritable| End::Damaged)
}

/// Reads what a worker said of so many pages; it may have been taken over.
pub(super) fn unpack_seen(packed: &[u8], many: usize) -> Option<Vec<Option<Seen>>> {
    let all: Vec<Option<Seen>> = serde_json::from_slice(packed).ok()?;
    let all = all.into_iter().take(many);
    Some(all.map(|one| one.map(Seen::bounded)).collect())
}

#[cfg(test)]
mod tests {
    use hayro_interpret::kurbo::Shape as _;

    use super::*;

    fn fill() -> DrawMode {
        DrawMode::Fill(hayro_interpret::FillRule::NonZero)
    }

    fn squares(many: u32, side: f64) -> BezPath {
        let mut path = BezPath::new();
        for at in 0..many {
            let left = f64::from(at) * 2.0 * side;
            path.extend(Rect::new(left, 0.0, left + side, side).to_path(0.1));
        }
        path
    }

    #[test]
    fn many_small_boxes_may_be_a_code_and_a_table_is_none() {
        let check = |path: &BezPath, placed: Affine, expect: bool| {
            let mut marks = Marks::default();
            marks.path(path, placed, &fill());
            assert_eq!(marks.may_be_codes(), expect, "{path:?}");
        };
        check(&squares(40, 4.0), Affine::IDENTITY, true);
        check(&squares(10, 4.0), Affine::IDENTITY, false);
        // Large ones are a table with colours, thin ones its rules.
        check(&squares(40, 60.0), Affine::IDENTITY, false);
        check(&squares(40, 0.5), Affine::IDENTITY, false);
        check(&squares(40, 0.5), Affine::scale(8.0), true);
        let mut curved = BezPath::new();
        for at in 0..40 {
            let left = f64::from(at) * 10.0;
            curved.move_to((left, 0.0));
            curved.curve_to((left, 3.0), (left + 3.0, 3.0), (left + 3.0, 0.0));
            curved.line_to((left, 0.0));
        }
        check(&curved, Affine::IDENTITY, false);
    }

    #[test]
    fn boxes_drawn_one_by_one_and_broad_lines_count_too() {
        let mut marks = Marks::default();
        for at in 0..20 {
            assert!(!marks.may_be_codes(), "{at} bars are too few");
            let left = f64::from(at) * 5.0;
            let bar = Rect::new(left, 0.0, left + 2.0, 40.0);
            marks.rect(&bar, Affine::IDENTITY, &fill());
        }
        assert!(marks.may_be_codes());
        let mut marks = Marks::default();
        let mut lines = BezPath::new();
        for at in 0..20 {
            lines.move_to((f64::from(at) * 5.0, 0.0));
            lines.line_to((f64::from(at) * 5.0, 40.0));
        }
        let pen = |line_width: f32| {
            DrawMode::Stroke(hayro_interpret::StrokeProps {
                line_width,
                ..Default::default()
            })
        };
        marks.path(&lines, Affine::IDENTITY, &pen(0.5));
        assert!(!marks.may_be_codes());
        marks.path(&lines, Affine::IDENTITY, &DrawMode::Invisible);
        assert!(!marks.may_be_codes());
        marks.path(&lines, Affine::IDENTITY, &pen(2.0));
        assert!(marks.may_be_codes());
    }

    #[test]
    fn numbers_of_pages_stand_in_front_of_the_content() {
        let mut packed = pack(&[0, 7]);
        packed.extend(b"%PDF");
        assert_eq!(unpack(packed), Some((vec![0, 7], b"%PDF".to_vec())));
        assert_eq!(unpack(pack(&[1; LOOKED_AT_ONCE_MAX + 1])), None);
        assert_eq!(unpack(vec![0, 0, 0, 2, 0, 0, 0, 1]), None);
        assert_eq!(unpack(vec![0, 0]), None);
    }

    #[test]
    fn what_a_worker_saw_is_believed_within_bounds() {
        assert_eq!(unpack_seen(b"[null]", 1), Some(vec![None]));
        assert_eq!(unpack_seen(b"[null,null]", 1), Some(vec![None]));
        assert_eq!(unpack_seen(b"{}", 1), None);
        let far =
            br#"[{"bare":false,"codes":[{"kind":"qr","text":"a","place":[9000000000,0,1,1]}]}]"#;
        assert_eq!(unpack_seen(far, 1), Some(vec![Some(Seen::default())]));
    }
}
