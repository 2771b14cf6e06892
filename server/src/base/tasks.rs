//! Background work that has an owner: it is told to end, and waited for.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The background tasks of a process.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    end: CancellationToken,
}

impl Tasks {
    /// Starts a task. It is given a token that says when to end.
    pub fn start<F>(&self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = task(self.end.clone());
        self.tracker.spawn(async move {
            work.await;
            tracing::debug!(task = name, "a background task has ended");
        });
    }

    /// Whether the end has been asked for.
    #[must_use]
    pub fn ending(&self) -> bool {
        self.end.is_cancelled()
    }

    /// Asks all tasks to end and waits until they have.
    pub async fn end(&self) {
        self.end.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
