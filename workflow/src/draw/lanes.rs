//! Ways that lead to the same state on the same side run together; those to different states never in one line.

/// What keeps lines in one lane apart.
const APART: u32 = 10;

/// All ways to one state on one side.
#[derive(Clone, Debug)]
pub(super) struct Bus {
    pub(super) to: usize,
    /// Where it enters that state.
    pub(super) enters: u32,
    /// Where ways join it.
    pub(super) from: Vec<u32>,
    /// How far from the boxes it runs, from 0.
    pub(super) lane: u32,
}

impl Bus {
    pub(super) const fn new(to: usize, enters: u32, from: Vec<u32>) -> Self {
        Self {
            to,
            enters,
            from,
            lane: 0,
        }
    }

    /// From where to where it runs.
    pub(super) fn span(&self) -> (u32, u32) {
        let all = || self.from.iter().copied().chain([self.enters]);
        (
            all().min().unwrap_or(self.enters),
            all().max().unwrap_or(self.enters),
        )
    }

    fn meets(&self, other: &Self) -> bool {
        let ((top, bottom), (other_top, other_bottom)) = (self.span(), other.span());
        top < other_bottom + APART && other_top < bottom + APART
    }
}

/// Gives each its lane: the shortest run nearest to the boxes.
pub(super) fn lane(mut all: Vec<Bus>) -> Vec<Bus> {
    all.sort_by_key(|bus| {
        let (top, bottom) = bus.span();
        (bottom - top, bus.to)
    });
    let mut placed: Vec<Bus> = Vec::new();
    for mut bus in all {
        let is_free = |lane: &u32| {
            !placed
                .iter()
                .any(|one| one.lane == *lane && one.meets(&bus))
        };
        bus.lane = (0..).find(is_free).unwrap_or_default();
        placed.push(bus);
    }
    placed
}
