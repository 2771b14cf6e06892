//! The key that signs is handed over to another one, and whoever signs learns of it.

use std::time::Duration;

use storage::{PutRule, Storage};

use super::{Publication, PublishError, Publisher, Which};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::audit::number;
use crate::audit::rotation::{Handover, HandoverNote, KeyChain, short};
use crate::audit::tile::Edge;
use crate::audit::{Checkpoint, NoteSigner, Origin, Value};
use crate::base::Actor;
use crate::base::db::DbError;
use crate::ledger::keys::{self, next_of, row_name};
use crate::ledger::lock::{HeldLock, Wait, hold};
use crate::ledger::objects::handover;
use crate::unit::{Db, Unit};

/// How often in a row it is tried to publish beside others who publish at the same instants, and get no further.
const BESIDE_TRIES_MAX: u32 = 50;
/// How long to wait in between.
const AGAIN: Duration = Duration::from_millis(100);

impl Publisher {
    /// Hands a log over to `new`: the old key signs a last checkpoint, also of a log of looks that has none yet, both
    /// sign the handover, and from the commit on only the new one signs. Its secret half must lie where every process
    /// finds it before.
    ///
    /// Others may write and publish meanwhile: the lock is held from the last checkpoint to the commit, so that the
    /// old key signs nothing in between.
    pub async fn hand_over(
        db: &Db,
        storage: &Storage,
        to: &Publication,
        new: &NoteSigner,
    ) -> Result<(), PublishError> {
        let mut publisher = Self::new(db, storage, to.clone());
        publisher.catch_up().await?;
        publisher.hand_over_locked(new).await
    }

    /// Goes on with whichever key is in force: the handovers are published, and what there is is signed.
    pub async fn go_on(db: &Db, storage: &Storage, to: &Publication) -> Result<(), PublishError> {
        let mut publisher = Self::new(db, storage, to.clone());
        publisher.catch_up().await
    }

    /// Publishes handovers, and what there is. Where looks are not those that were signed nothing is signed, and that
    /// is no reason not to go on: what the lock has can be handed over all the same, and a key that was stolen must be
    /// put out of force there too.
    async fn catch_up(&mut self) -> Result<(), PublishError> {
        self.learn_keys().await?;
        self.know_handovers().await?;
        self.publish_handovers().await?;
        match self.publish_beside().await {
            Err(error) if self.to.which == Which::Looks && error.contradicts() => {
                tracing::warn!(
                    error = %error,
                    log = %self.to.origin,
                    "the log is not the one that was signed: nothing more of it is signed"
                );
                Ok(())
            }
            published => published,
        }
    }

    /// Hands over what the lock has. Refuses a key that may not have the log before anything is committed: what the
    /// database has once, every process reads, and none of them could sign any more.
    async fn hand_over_locked(&mut self, new: &NoteSigner) -> Result<(), PublishError> {
        let held = hold(&self.to.lock, Wait::Yes).await?;
        self.learn_keys().await?;
        let origin = self.to.origin.clone();
        let (old, new) = (self.to.keys.signer(&origin)?, new.named(&origin));
        let found = held.read(&self.chain).await?;
        let (held, locked) = match found {
            Some(locked) => (held, locked),
            None => self.sign_none(held, &old).await?,
        };
        let handover = Handover {
            origin: origin.clone(),
            size: locked.size,
            root: locked.root,
            old: old.verifier(),
            new: new.verifier(),
        };
        let note = handover.sign(&old, &new).map_err(PublishError::Sign)?;
        let number = self.chain.handovers().len() + 1;
        let (_, mut notes) = self.to.keys.known(&origin);
        notes.push(HandoverNote {
            name: row_name(&origin, number),
            note: note.clone(),
        });
        let linked = self.to.keys.linked(&origin, &notes);
        linked.map_err(|(_, source)| PublishError::NotHandedOver {
            key: short(&handover.new),
            path: next_of(self.to.keys.path()),
            source: Box::new(source),
        })?;
        self.commit(&handover, number, &note).await?;
        drop(held);
        Ok(())
    }

    /// What a log without a lock hands over. Looks of which one was damaged before the first of them were signed cannot
    /// be signed: then the old key says that it has signed none, and ends there.
    async fn sign_none(
        &mut self,
        held: HeldLock,
        old: &NoteSigner,
    ) -> Result<(HeldLock, Checkpoint), PublishError> {
        let path = self.to.lock.clone();
        if self.to.which == Which::Changes {
            // It has a record from its beginning on, which was signed a moment ago.
            let size = self.edge.size();
            return Err(PublishError::LockMissing { path, size });
        }
        // Refuses where anything says that some were signed.
        if Box::pin(self.standing()).await?.is_some() {
            return Err(PublishError::LockMoved);
        }
        let none = Checkpoint {
            origin: self.to.origin.clone(),
            size: 0,
            root: Edge::new().root(),
        };
        let note = none.sign(old).map_err(PublishError::Sign)?;
        let held = held.move_on(&self.chain, 0, note).await?;
        Ok((held, none))
    }

    /// The handover and its record, together or not at all. That of looks has none of its own: looks are of readers, and
    /// the record of the log of changes, which goes over behind it, tells of both.
    async fn commit(
        &self,
        handover: &Handover,
        number: usize,
        note: &[u8],
    ) -> Result<(), PublishError> {
        let context = Object::new()
            .with("handover", Handover::digest(note))
            .with("new", short(&handover.new))
            .with("number", count(number))
            .with("old", short(&handover.old))
            .with("size", count(handover.size))
            .to_bytes();
        let name = row_name(&handover.origin, number);
        let note = String::from_utf8_lossy(note).into_owned();
        let kept: Result<(), DbError> = match self.to.which {
            Which::Changes => {
                let recorded = self
                    .db
                    .write(&Actor::system(), async move |unit: &mut Unit| {
                        keys::keep(unit.tx(), name, note).await?;
                        unit.record_with(Action::LogRotateKey, None, Some(context));
                        Ok::<(), DbError>(())
                    })
                    .await;
                recorded.map(drop)
            }
            Which::Looks => {
                self.db
                    .keep_house(async move |unit: &mut Unit| {
                        keys::keep(unit.tx(), name, note).await
                    })
                    .await
            }
        };
        Ok(kept?)
    }

    /// Publishes, also where another process moves the lock at the same instants: as long as that gets further.
    async fn publish_beside(&mut self) -> Result<(), PublishError> {
        let (mut tries, mut reached) = (0, None);
        loop {
            let beside = match self.attempt(false).await {
                Err(error @ (PublishError::LockMoved | PublishError::LockHeld)) => error,
                done => return done,
            };
            let locked = self.locked().await?.map(|locked| locked.size);
            tries = if locked > reached { 0 } else { tries + 1 };
            if tries > BESIDE_TRIES_MAX {
                return Err(beside);
            }
            reached = locked;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Reads which key is in force.
    pub(super) async fn learn_keys(&mut self) -> Result<(), PublishError> {
        self.to.keys.refresh(self.db.read()).await?;
        self.chain = self.to.keys.chain(&self.to.origin);
        Ok(())
    }

    /// Refuses a database that knows less handovers than were published: it was set back.
    pub(super) async fn know_handovers(&mut self) -> Result<(), PublishError> {
        // Looks go over before changes do.
        let (known, of_changes) = self.to.keys.handed_over(&self.to.origin);
        if known < of_changes {
            return Err(PublishError::HandoverUnknown { number: known + 1 });
        }
        loop {
            let number = self.chain.handovers().len() + 1;
            let Some(note) = self.object(&handover(number)).await? else {
                return Ok(());
            };
            // What no key of ours has signed proves nothing.
            let opened = Handover::open(&note).ok();
            if opened.is_none_or(|next| Some(&next.old) != self.chain.newest()) {
                return Ok(());
            }
            // It may have been made a moment ago.
            self.learn_keys().await?;
            if self.chain.handovers().len() < number {
                return Err(PublishError::HandoverUnknown { number });
            }
        }
    }

    /// Publishes the handovers that are not published, or not as they are known here.
    pub(super) async fn publish_handovers(&mut self) -> Result<(), PublishError> {
        let (chain, kept) = self.to.keys.known(&self.to.origin);
        for (number, HandoverNote { note, .. }) in (1..).zip(kept) {
            let path = handover(number);
            match self.object(&path).await? {
                Some(public) if public == note => {}
                Some(public) if is_another(&chain, &self.to.origin, &public) => {
                    return Err(PublishError::Forked { name: path });
                }
                Some(_) | None => self.put(&path, note, PutRule::Replace).await?,
            }
        }
        self.handed = chain.handovers().len();
        Ok(())
    }
}

/// Whether one of our keys has handed the log over in another way than it is known here: that is no damage, for it takes
/// the key. Whoever has none of them can write whatever has nothing to do with us, and ours in other places or with the
/// signatures in another order: that is damage, and is replaced.
fn is_another(chain: &KeyChain, origin: &Origin, public: &[u8]) -> bool {
    Handover::open(public).is_ok_and(|public| {
        let ours = public.origin == *origin && chain.keys().contains(&public.old);
        ours && !chain.handovers().contains(&public)
    })
}

fn count(number_of: impl TryInto<i64>) -> Value {
    number(number_of.try_into().unwrap_or(i64::MAX))
}
