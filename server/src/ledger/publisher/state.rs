//! How far a log is published, and what is known of it by whoever publishes it.

use super::PublishError;
use crate::base::Timestamp;

/// Whether the database holds another log than the one that was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contradiction {
    /// Nobody has held it against the lock yet, or nobody could.
    #[default]
    NotLookedFor,
    /// None was found: the database goes on where the lock ended. Or there is no lock by which that could be said,
    /// which is told and signs nothing.
    NotFound,
    /// One was found. That holds until the end of the process.
    Found,
}

impl Contradiction {
    /// What is known after the database was held against the lock.
    #[must_use]
    pub fn after(self, held: Result<(), &PublishError>) -> Self {
        if self == Self::Found {
            return self;
        }
        match held {
            Ok(()) => Self::NotFound,
            Err(error) if error.contradicts() => Self::Found,
            Err(error) if error.has_no_lock() => Self::NotFound,
            Err(_) => self,
        }
    }
}

/// How far the log is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Published {
    /// Leaves under the last signed checkpoint.
    pub size: u64,
    /// When it was signed.
    pub at: Option<Timestamp>,
    /// Whether the last attempt failed.
    pub failing: bool,
    /// Whether the database holds another log than the one that was signed.
    pub contradiction: Contradiction,
}

impl Published {
    /// Whether the database was seen to hold another log than the one that was signed.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        self.contradiction == Contradiction::Found
    }
}

#[cfg(test)]
mod tests {
    use super::{Contradiction, PublishError};

    #[test]
    fn what_contradicts_stays_and_what_nobody_could_look_at_is_not_known() {
        let (found, missing) = (
            PublishError::RolledBack { locked: 5 },
            PublishError::LockMissing {
                path: "lock".into(),
                size: 5,
            },
        );
        let unread = PublishError::Lock {
            path: "lock".into(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        let none = Contradiction::NotLookedFor;
        assert_eq!(none.after(Ok(())), Contradiction::NotFound);
        assert_eq!(none.after(Err(&found)), Contradiction::Found);
        assert_eq!(none.after(Err(&missing)), Contradiction::NotFound);
        assert_eq!(none.after(Err(&unread)), Contradiction::NotLookedFor);
        let known = Contradiction::NotFound;
        assert_eq!(known.after(Err(&unread)), Contradiction::NotFound);
        assert_eq!(known.after(Err(&found)), Contradiction::Found);
        let set_back = Contradiction::Found;
        assert_eq!(set_back.after(Ok(())), Contradiction::Found);
        assert_eq!(set_back.after(Err(&missing)), Contradiction::Found);
    }
}
