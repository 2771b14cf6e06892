//! Figures, and the one table in which they are shown.

use std::fmt::Write as _;

/// Measurements of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value that `percent` of all do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at.min(last)).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// `412 (398..430) docs/s`
    pub(crate) fn show(&self, unit: &str) -> String {
        if self.len() == 1 {
            return format!("{} {unit}", figure(self.median()));
        }
        let (low, middle, high) = (
            figure(self.min()),
            figure(self.median()),
            figure(self.max()),
        );
        format!("{middle} ({low}..{high}) {unit}")
    }
}

/// Three digits that mean something.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100_000.0 => format!("{:.0} k", value / 1000.0),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) peer: String,
    pub(crate) ratio: String,
    pub(crate) must: String,
    pub(crate) met: Option<bool>,
}

impl Line {
    pub(crate) fn new(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            measured: measured.into(),
            peer: String::new(),
            ratio: String::new(),
            must: String::new(),
            met: None,
        }
    }

    /// Something that was not measured, and why.
    pub(crate) fn skipped(what: &str, why: &str) -> Self {
        Self::new(what, format!("not measured: {why}"))
    }

    pub(crate) fn against(mut self, peer: impl Into<String>, ratio: impl Into<String>) -> Self {
        self.peer = peer.into();
        self.ratio = ratio.into();
        self
    }

    pub(crate) fn must(mut self, must: &str, met: bool) -> Self {
        must.clone_into(&mut self.must);
        self.met = Some(met);
        self
    }

    fn cells(&self) -> [String; 6] {
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let texts = [
            &self.what,
            &self.measured,
            &self.peer,
            &self.ratio,
            &self.must,
        ];
        let [what, measured, peer, ratio, must] = texts.map(|text| text.replace('|', "/"));
        [what, measured, peer, ratio, must, met.to_owned()]
    }
}

/// The whole table, as Markdown that also reads well in a terminal.
pub(crate) fn table(lines: &[Line]) -> String {
    let head = [
        "what",
        "measured: median (min..max)",
        "floor or peer",
        "ratio",
        "must reach",
        "met",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(lines.iter().map(Line::cells));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(3)
        })
        .collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let blank = width.saturating_sub(cell.chars().count());
            write!(text, "| {cell}{} ", " ".repeat(blank)).expect("a string takes everything");
        }
        text.push_str("|\n");
        if index == 0 {
            for width in &widths {
                write!(text, "| {} ", "-".repeat(*width)).expect("a string takes everything");
            }
            text.push_str("|\n");
        }
    }
    text
}
