//! How a request moves on: what decides whether it has taken too long.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, sleep_until};

/// How often work that is waited for says that the request moves on.
const WORKING_EVERY: Duration = Duration::from_millis(250);

/// Shared by the edge, which watches, and whoever reads the body, who reports.
#[derive(Debug, Clone)]
pub struct Progress(Rc<State>);

#[derive(Debug)]
struct State {
    started: Instant,
    moved: Cell<Instant>,
    waits_for_body: Cell<bool>,
}

/// Why a request ran out of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// The body stopped arriving, or arrived too slowly for too long.
    Client,
    /// Our own work took too long.
    Server,
}

impl Default for Progress {
    fn default() -> Self {
        let now = Instant::now();
        Self(Rc::new(State {
            started: now,
            moved: Cell::new(now),
            waits_for_body: Cell::new(false),
        }))
    }
}

impl Progress {
    /// The progress of this request; one that nobody watches where the edge is not in place.
    pub fn of(request: &HttpRequest) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_default()
    }

    /// Waits for a piece of the body, and tells the watcher so.
    pub async fn body<T>(&self, piece: impl Future<Output = T>) -> T {
        self.0.waits_for_body.set(true);
        let piece = piece.await;
        self.moved();
        piece
    }

    /// Says that a piece of the body is about to be waited for.
    pub(super) fn waits(&self) {
        self.0.waits_for_body.set(true);
    }

    /// Says that the request moved on: the time for the next step begins anew.
    pub fn moved(&self) {
        self.0.waits_for_body.set(false);
        self.0.moved.set(Instant::now());
    }

    /// Waits for work that ends by itself in its own time: the request does not stand still meanwhile.
    pub async fn working<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            self.moved();
            let pause = std::pin::pin!(sleep(WORKING_EVERY));
            if let Either::Left((output, _)) = select(&mut work, pause).await {
                self.moved();
                return output;
            }
        }
    }

    /// Runs `work` until it is done, stands still for `idle` or took `total` altogether.
    pub(super) async fn watch<F>(
        &self,
        idle: Duration,
        total: Duration,
        work: F,
    ) -> Result<F::Output, Overdue>
    where
        F: Future + Unpin,
    {
        let mut work = work;
        loop {
            let due = (self.0.moved.get() + idle).min(self.0.started + total);
            let alarm = std::pin::pin!(sleep_until(due));
            match select(&mut work, alarm).await {
                Either::Left((output, _)) => return Ok(output),
                Either::Right(((), _)) => {
                    let now = Instant::now();
                    if now < self.0.moved.get() + idle && now < self.0.started + total {
                        continue;
                    }
                    let waits = self.0.waits_for_body.get();
                    return Err(if waits {
                        Overdue::Client
                    } else {
                        Overdue::Server
                    });
                }
            }
        }
    }
}
