//! Tells those who watch their inbox that something may have changed. What has stands in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::base::AccountId;

/// How many streams of one account go on at the same time. Each looks anew whenever the bell rings.
const STREAMS_MAX: usize = 20;

/// How many streams each account has.
type Watching = Arc<Mutex<HashMap<AccountId, usize>>>;

/// Rings for all who watch in this process.
#[derive(Debug, Clone)]
pub struct Bell {
    rung: watch::Sender<u64>,
    end: CancellationToken,
    watching: Watching,
}

/// The place of a stream that goes on, as long as it does.
#[derive(Debug)]
pub(super) struct Seat {
    account: AccountId,
    watching: Watching,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = watching.get_mut(&self.account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                watching.remove(&self.account);
            }
        }
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self {
            rung: watch::Sender::new(0),
            end: CancellationToken::new(),
            watching: Watching::default(),
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

    /// A place for one more stream of an account; none where it has as many as may go on.
    pub(super) fn seat(&self, account: AccountId) -> Option<Seat> {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        let count = watching.entry(account).or_default();
        if *count >= STREAMS_MAX {
            return None;
        }
        *count += 1;
        Some(Seat {
            account,
            watching: Arc::clone(&self.watching),
        })
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

#[cfg(test)]
mod tests {
    use super::{AccountId, Bell, STREAMS_MAX};

    #[test]
    fn an_account_has_so_many_streams_and_no_more() {
        let (bell, account) = (Bell::default(), AccountId::new());
        let mut seats: Vec<_> = (0..STREAMS_MAX)
            .filter_map(|_| bell.seat(account))
            .collect();
        assert_eq!(seats.len(), STREAMS_MAX);
        assert!(bell.seat(account).is_none());
        assert!(bell.clone().seat(account).is_none());
        assert!(bell.seat(AccountId::new()).is_some());
        seats.pop();
        assert!(bell.seat(account).is_some());
    }
}
