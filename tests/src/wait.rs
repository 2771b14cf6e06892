//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long a test waits before it says that something did not happen. Generous: a machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Asks until the answer is yes, for at most [`PATIENCE`]; `what` names what was waited for.
///
/// # Panics
/// When the time is over.
pub async fn wait_until(what: &str, condition: impl AsyncFnMut() -> bool) {
    wait_until_within(PATIENCE, what, condition).await;
}

/// As [`wait_until`], with a limit of its own.
///
/// # Panics
/// When the time is over.
pub async fn wait_until_within(
    limit: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> bool,
) {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    while !condition().await {
        assert!(
            start.elapsed() < limit,
            "{what}: not within {} s",
            limit.as_secs()
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
