//! Who is called when work was left behind: each kind has its own, so that nobody looks in vain.

use std::sync::Arc;

use tokio::sync::watch;

use crate::base::{Job, JobKind};

/// Says that work of a kind waits, after the commit that left it.
#[derive(Debug, Clone)]
pub(super) struct Calls(Arc<[watch::Sender<u64>]>);

impl Calls {
    pub(super) fn new() -> Self {
        let one = |_place: usize| watch::Sender::new(0);
        Self((0..JobKind::COUNT).map(one).collect())
    }

    /// Follows how often work of this kind was left behind by this process.
    pub(super) fn follow(&self, kind: JobKind) -> watch::Receiver<u64> {
        match self.0.get(kind.place()) {
            Some(one) => one.subscribe(),
            // Nobody is ever called.
            None => watch::channel(0).1,
        }
    }

    /// These kinds of work wait now.
    pub(super) fn call(&self, left: Left) {
        for (place, one) in self.0.iter().enumerate() {
            if left.0 & (1 << place) != 0 {
                one.send_modify(|times| *times = times.wrapping_add(1));
            }
        }
    }
}

/// Which kinds of work a batch leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Left(u32);

impl Left {
    pub(super) fn by(jobs: &[Job]) -> Self {
        let bits = jobs.iter().map(|job| 1 << job.kind().place());
        Self(bits.fold(0, |all, bit: u32| all | bit))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, Left};
    use crate::base::{DocumentId, Job, JobKind, VersionId};

    #[test]
    fn only_those_are_called_whose_work_was_left_behind() {
        let calls = Calls::new();
        let kinds = [
            JobKind::ExtractText,
            JobKind::MoveContent,
            JobKind::SendMail,
        ];
        let mut following = kinds.map(|kind| calls.follow(kind));
        let texts = Left::by(&[Job::ExtractText(VersionId::new())]);
        let moves = Left::by(&[Job::MoveContent(DocumentId::new())]);
        calls.call(texts.and(moves).and(Left::by(&[])));
        let called = following.each_mut().map(|one| {
            let called = one.has_changed().expect("it is there");
            one.mark_unchanged();
            called
        });
        assert_eq!(called, [true, true, false]);
        calls.call(Left::default());
        let called = following.map(|one| one.has_changed().expect("it is there"));
        assert_eq!(called, [false, false, false]);
    }
}
