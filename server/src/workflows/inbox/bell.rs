//! Tells those who watch their inbox that something may have changed. What has stands in the database.

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Rings for all who watch in this process.
#[derive(Debug, Clone)]
pub struct Bell {
    rung: watch::Sender<u64>,
    end: CancellationToken,
}

impl Default for Bell {
    fn default() -> Self {
        Self {
            rung: watch::Sender::new(0),
            end: CancellationToken::new(),
        }
    }
}

impl Bell {
    /// Says that something may have changed.
    pub fn ring(&self) {
        self.rung
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.rung.subscribe()
    }

    /// Ends all streams: the server is about to stop, and would wait for them.
    pub fn end(&self) {
        self.end.cancel();
    }

    pub(super) fn ended(&self) -> WaitForCancellationFutureOwned {
        self.end.clone().cancelled_owned()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.end.is_cancelled()
    }
}
