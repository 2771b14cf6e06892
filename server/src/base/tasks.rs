//! Background work that has an owner: it is told to end, and waited for.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
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

/// What comes in so quick succession is one piece of news.
const BREATH: Duration = Duration::from_millis(20);

/// Waits until the log has grown, at most for `every`; false where the server ends. Whoever looks each time would
/// look a hundred times a second while much comes in.
pub(crate) async fn news(
    head: &mut watch::Receiver<Option<u64>>,
    every: Duration,
    end: &CancellationToken,
) -> bool {
    let grown = async {
        tokio::time::sleep(BREATH).await;
        tokio::select! {
            // A closed channel is no reason to hurry.
            Ok(()) = head.changed() => {}
            () = tokio::time::sleep(every) => {}
        }
    };
    end.run_until_cancelled(grown).await.is_some()
}
