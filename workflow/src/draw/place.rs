//! Where the nodes of a process lie, and how its ways run.

use super::bpmn::{Flow, Graph, Node, What};
use super::measure;

const COLUMN: u32 = 190;
const ROW: u32 = 190;
/// From the top of a lane to the middle of its first row.
const FIRST: u32 = 80;
/// What one way to another state takes below the rows.
const CHANNEL: u32 = 20;
const BUS: u32 = 10;
pub(super) const POOL: u32 = 20;
/// The bands with the names of the process and of a lane.
pub(super) const BAND: u32 = 30;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    const fn around(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self {
            x: x - width / 2,
            y: y - height / 2,
            width,
            height,
        }
    }

    const fn middle(self) -> (u32, u32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    const fn right(self) -> u32 {
        self.x + self.width
    }

    const fn bottom(self) -> u32 {
        self.y + self.height
    }
}

/// A way, and where its name stands.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) points: Vec<(u32, u32)>,
    pub(super) label: Option<Area>,
}

/// All places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) pool: Area,
    pub(super) lanes: Vec<Area>,
    pub(super) nodes: Vec<Area>,
    pub(super) routes: Vec<Route>,
}

/// Places a process of so many lanes.
pub(super) fn place(graph: &Graph, lanes: usize) -> Places {
    let count = u32::try_from(lanes).unwrap_or(u32::MAX);
    let begin = POOL + 2 * BAND + BUS * (count + 2);
    let columns = graph.nodes.iter().map(|node| node.column).max();
    let width = 2 * BAND + BUS * (count + 2) + COLUMN * (columns.unwrap_or(0) + 1);
    let mut areas = Vec::new();
    let mut y = POOL;
    for lane in 0..lanes {
        let height = lane_height(graph, lane);
        areas.push(Area {
            x: POOL + BAND,
            y,
            width,
            height,
        });
        y += height;
    }
    let nodes: Vec<_> = graph
        .nodes
        .iter()
        .map(|node| area(node, graph, &areas, begin))
        .collect();
    let mut router = Router {
        graph,
        lanes: &areas,
        nodes: &nodes,
        used: vec![0; lanes],
    };
    let routes = graph.flows.iter().map(|flow| router.route(flow)).collect();
    Places {
        pool: Area {
            x: POOL,
            y: POOL,
            width: width + BAND,
            height: y - POOL,
        },
        lanes: areas,
        nodes,
        routes,
    }
}

fn lane_height(graph: &Graph, lane: usize) -> u32 {
    let rows = graph.nodes.iter().filter(|node| node.lane == lane);
    let is_end = rows
        .clone()
        .all(|node| matches!(node.what, What::End | What::Stopped));
    let rows = rows.map(|node| node.row).max().unwrap_or(0) + 1;
    let leads = graph
        .flows
        .iter()
        .filter(|flow| leads_away(flow, graph, lane));
    let leads = u32::try_from(leads.count()).unwrap_or(u32::MAX);
    if is_end {
        return 2 * FIRST;
    }
    FIRST + ROW * rows - 50 + CHANNEL * (leads + 1)
}

/// Whether a way leaves the rows of a lane: to another lane, or back to the beginning of its own.
fn leads_away(flow: &Flow, graph: &Graph, lane: usize) -> bool {
    let ends = (graph.nodes.get(flow.from), graph.nodes.get(flow.to));
    let (Some(from), Some(to)) = ends else {
        return false;
    };
    from.lane == lane && is_away(from, to)
}

const fn is_beside(what: What) -> bool {
    matches!(what, What::Reminds(_) | What::Told(_) | What::Lapses(_))
}

const fn is_away(from: &Node, to: &Node) -> bool {
    let told = matches!(to.what, What::Told(_));
    from.lane != to.lane || (to.column <= from.column && !told)
}

fn area(node: &Node, graph: &Graph, lanes: &[Area], begin: u32) -> Area {
    let top = lanes.get(node.lane).map_or(POOL, |lane| lane.y);
    let x = begin + COLUMN * node.column + COLUMN / 2;
    let y = top + FIRST + ROW * node.row;
    let beside = |task: usize| {
        let task = graph.nodes.get(task).unwrap_or(node);
        (begin + COLUMN * task.column + COLUMN / 2, y + 45)
    };
    match node.what {
        What::User | What::Service | What::Receive => Area::around(x, y, 140, 90),
        What::Exclusive | What::Parallel => Area::around(x, y, 50, 50),
        What::Start => Area::around(x, y - 35, 36, 36),
        What::End | What::Stopped | What::Pass => Area::around(x, y, 36, 36),
        What::Reminds(task) => {
            let (x, y) = beside(task);
            Area::around(x - 34, y, 36, 36)
        }
        What::Told(task) => {
            let (x, y) = beside(task);
            Area::around(x - 34, y + 58, 28, 28)
        }
        What::Lapses(task) => {
            let (x, y) = beside(task);
            Area::around(x + 34, y, 36, 36)
        }
    }
}

struct Router<'a> {
    graph: &'a Graph,
    lanes: &'a [Area],
    nodes: &'a [Area],
    /// How many ways run below the rows of each lane already.
    used: Vec<u32>,
}

impl Router<'_> {
    fn route(&mut self, flow: &Flow) -> Route {
        let ends = (
            self.graph.nodes.get(flow.from),
            self.graph.nodes.get(flow.to),
        );
        let areas = (self.nodes.get(flow.from), self.nodes.get(flow.to));
        let ((Some(from), Some(to)), (Some(left), Some(right))) = (ends, areas) else {
            return Route {
                points: Vec::new(),
                label: None,
            };
        };
        if is_away(from, to) {
            return self.away(flow, (from, *left), (to, *right));
        }
        let points = self.within((from, *left), (to, *right));
        let label = points.first().zip(points.get(1)).map(|(at, next)| {
            let (x, y) = if at.0 == next.0 {
                (at.0 + 5, at.1.max(next.1) - 16)
            } else {
                (at.0 + 5, at.1 - 16)
            };
            label(&flow.name, x, y)
        });
        Route {
            points,
            label: label.flatten(),
        }
    }

    /// Below the rows, along the left edge, and in from there.
    fn away(&mut self, flow: &Flow, from: (&Node, Area), to: (&Node, Area)) -> Route {
        let (node, area) = from;
        let (x, y) = area.middle();
        let lane = self.lanes.get(node.lane);
        let lane_bottom = lane.map_or(y, |lane| lane.bottom());
        let used = self.used.get_mut(node.lane);
        let number = used.map_or(0, |used| {
            *used += 1;
            *used
        });
        let channel = lane_bottom - CHANNEL * number;
        let aside = 8 * node.row;
        let mut points = match node.what {
            What::Lapses(_) | What::Reminds(_) => vec![(x, area.bottom())],
            What::Exclusive => {
                let corridor = x + 55 + aside;
                vec![(x, area.bottom()), (x, y + 50), (corridor, y + 50)]
            }
            What::Start
            | What::End
            | What::Stopped
            | What::User
            | What::Service
            | What::Receive
            | What::Parallel
            | What::Pass
            | What::Told(_) => vec![(area.right(), y), (area.right() + 14 + aside, y)],
        };
        let corridor = points.last().map_or(x, |point| point.0);
        let number = u32::try_from(to.0.lane).unwrap_or(0);
        let bus = POOL + 2 * BAND + BUS * (number + 1);
        let (_, enters) = to.1.middle();
        points.extend([
            (corridor, channel),
            (bus, channel),
            (bus, enters),
            (to.1.x, enters),
        ]);
        let wide = measure::width(&flow.name, 11, false);
        Route {
            points,
            label: label(&flow.name, corridor.saturating_sub(wide + 8), channel - 15),
        }
    }

    /// From the left to the right in one lane.
    fn within(&self, from: (&Node, Area), to: (&Node, Area)) -> Vec<(u32, u32)> {
        let ((x, y), (to_x, to_y)) = (from.1.middle(), to.1.middle());
        if matches!(to.0.what, What::Told(_)) {
            return vec![(x, from.1.bottom()), (to_x, to.1.y)];
        }
        if from.0.what == What::Start {
            let is_task = matches!(to.0.what, What::User | What::Service | What::Receive);
            return if is_task {
                vec![(from.1.right(), y), (to.1.x, y)]
            } else {
                vec![(from.1.right(), y), (to_x, y), (to_x, to.1.y)]
            };
        }
        if matches!(from.0.what, What::Lapses(_)) {
            let before = to.1.x.saturating_sub(12);
            let below = from.1.bottom() + 10;
            return vec![
                (x, from.1.bottom()),
                (x, below),
                (before, below),
                (before, to_y),
                (to.1.x, to_y),
            ];
        }
        let end = if to.0.row < from.0.row {
            (to_x, to.1.bottom())
        } else {
            (to_x, to.1.y)
        };
        if self.is_blocked(from.0, to.0) {
            let above = y.saturating_sub(60);
            return vec![(x, from.1.y), (x, above), (to_x, above), end];
        }
        if from.0.row == to.0.row {
            return vec![(from.1.right(), y), (to.1.x, to_y)];
        }
        if from.0.row < to.0.row {
            return vec![(x, from.1.bottom()), (x, to_y), (to.1.x, to_y)];
        }
        vec![(from.1.right(), y), (to_x, y), end]
    }

    /// Whether something stands between two in the row of the first.
    fn is_blocked(&self, from: &Node, to: &Node) -> bool {
        let between = |node: &&Node| {
            node.lane == from.lane
                && node.row == from.row
                && !is_beside(node.what)
                && node.column > from.column
                && node.column < to.column
        };
        from.row >= to.row && self.graph.nodes.iter().any(|node| between(&node))
    }
}

fn label(name: &str, x: u32, y: u32) -> Option<Area> {
    (!name.is_empty()).then(|| Area {
        x,
        y,
        width: measure::width(name, 11, false),
        height: 14,
    })
}
