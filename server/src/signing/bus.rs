//! Tells those who watch that something happened. What happened stands in the database and nowhere else.

use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::model::SigningJob;
use crate::base::{SigningJobId, TabletId};

/// Most notes that wait for a watcher; whoever missed some looks at what there is now.
const NOTES_MAX: usize = 256;

/// That something happened to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) tablet: TabletId,
    pub(super) job: Option<SigningJobId>,
}

/// Who watches jobs and tablets in this process.
#[derive(Debug, Clone)]
pub struct Bus {
    notes: broadcast::Sender<Note>,
    end: CancellationToken,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            notes: broadcast::Sender::new(NOTES_MAX),
            end: CancellationToken::new(),
        }
    }
}

impl Bus {
    /// Says that something happened to a job.
    pub(super) fn tell(&self, job: &SigningJob) {
        self.note(Note {
            tablet: job.tablet,
            job: Some(job.id),
        });
    }

    /// Says that something happened to a tablet.
    pub(super) fn tell_tablet(&self, tablet: TabletId) {
        self.note(Note { tablet, job: None });
    }

    fn note(&self, note: Note) {
        // Nobody may be watching.
        drop(self.notes.send(note));
    }

    pub(super) fn watch(&self) -> broadcast::Receiver<Note> {
        self.notes.subscribe()
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
