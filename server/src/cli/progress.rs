//! Progress of long work: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How far something is, on standard error.
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
    begun: Instant,
    told: Instant,
}

impl Progress {
    pub(super) fn begin(what: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let form = "{msg} {bar:32} {pos}/{len} · {per_sec} · {eta}";
            let style = ProgressStyle::with_template(form);
            let bar = ProgressBar::new(total).with_message(what);
            bar.with_style(style.unwrap_or_else(|_wrong| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self {
            what,
            total,
            done: 0,
            bar,
            begun: now,
            told: now,
        }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.reach(self.done + 1);
    }

    /// So many are done.
    pub(super) fn reach(&mut self, done: u64) {
        self.done = done;
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if self.told.elapsed() >= LINE_EVERY => {
                self.told = Instant::now();
                self.line();
            }
            None => {}
        }
    }

    fn line(&self) {
        let milliseconds = self.begun.elapsed().as_millis().max(1);
        let rate = u128::from(self.done) * 1000 / milliseconds;
        let Self {
            what, total, done, ..
        } = self;
        drop(writeln!(
            std::io::stderr(),
            "{what}: {done}/{total}, {rate}/s"
        ));
    }

    /// Does something with the terminal that must not be torn by the bar.
    pub(super) fn aside(&self, speak: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(speak),
            None => speak(),
        }
    }

    /// The end: the bar goes, a plain line stays.
    pub(super) fn end(self) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.line(),
        }
    }
}
