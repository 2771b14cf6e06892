//! A stream of events (server-sent events): how much lies in one's inboxes, and how much one has not been told yet.
//!
//! A stream says what there is whenever that is something else than what it said last, so that whoever connects
//! again has missed nothing; the id of an event names what it said. A change of people or rights ends it: whoever
//! may go on connects again.

use std::io;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use futures_util::stream;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use super::bell::{Bell, Seat};
use super::counting;
use super::model::Me;
use super::rows::Asking;
use super::wire::{InboxCountList, InboxEvent};
use crate::base::Actor;
use crate::base::db::DbError;
use crate::departments;
use crate::unit::Db;
use crate::workflows::notices;

/// How often a stream that has nothing to say says that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause where look after look there was nothing new: what happens in the house concerns few of those who watch.
const PAUSE_MAX: Duration = Duration::from_secs(4);
/// How long a stream goes on; rights that end by themselves end it then at the latest.
const LASTS: Duration = Duration::from_secs(900);
/// After how many milliseconds a browser connects again.
const RETRY: &str = "retry: 1000\n\n";
const ALIVE: &str = ": da\n\n";
/// Proxies are asked to hand on each event as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How long a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    /// Until either side ends it.
    On,
    /// It says what there is now.
    Once,
}

struct Stream {
    db: Db,
    bell: Bell,
    rung: watch::Receiver<u64>,
    actor: Actor,
    lasting: Lasting,
    /// Its place, given back when it ends.
    _seat: Option<Seat>,
    said: Option<String>,
    people: Option<i64>,
    ends: Instant,
    looked: Option<Instant>,
    pause: Duration,
    begun: bool,
    over: bool,
}

impl Stream {
    /// What there is now, and the last record about people; with the name of what is said.
    async fn look(&self) -> Result<(i64, String, String), DbError> {
        let (on, now) = (self.db.read(), self.db.now());
        let people = departments::people_seq(on).await?;
        let me = Me::of(on, &self.actor, now).await?;
        let boxes = me.boxes();
        let asking = Asking {
            actor: &self.actor,
            me: &me,
            now,
        };
        let counted = counting::counts(on, asking, &boxes).await?;
        let counted = InboxCountList::of(&boxes, counted);
        // What one is told is one's own: in another's stead nothing of it is said.
        let (unread, newest) = match self.actor.on_behalf_of {
            Some(_) => (0, None),
            None => notices::unread(on, (&self.actor, now)).await?,
        };
        let event = InboxEvent {
            unread,
            newest: newest.map(|at| at.to_string()),
            boxes: counted.items,
        };
        let data = serde_json::to_string(&event).map_err(|_source| DbError::Log("no JSON"))?;
        let mut id = hex::encode(Sha256::digest(data.as_bytes()));
        id.truncate(24);
        Ok((people, id, data))
    }

    /// Waits until something may have changed.
    async fn waited(&mut self) -> Waited {
        let alive = tokio::time::sleep(ALIVE_EVERY);
        let ended = self.bell.ended();
        tokio::select! {
            () = ended => Waited::Over,
            () = tokio::time::sleep_until(self.ends) => Waited::Over,
            rung = self.rung.changed() => match rung {
                Ok(()) => Waited::Rung,
                Err(_closed) => Waited::Over,
            },
            // Days pass without a record: what is due today is overdue tomorrow.
            () = alive => Waited::Alive,
        }
    }

    /// The next piece of the stream.
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if !self.begun {
            self.begun = true;
            return Some((Ok(Bytes::from_static(RETRY.as_bytes())), self));
        }
        loop {
            if self.over || self.bell.is_ended() {
                return None;
            }
            if let Some(looked) = self.looked {
                let ended = self.bell.ended();
                tokio::select! {
                    () = ended => return None,
                    () = tokio::time::sleep_until(looked + self.pause) => {}
                }
            }
            self.rung.borrow_and_update();
            self.looked = Some(Instant::now());
            let (people, id, data) = self.look().await.ok()?;
            if self.people.is_some_and(|before| before != people) {
                return None;
            }
            self.people = Some(people);
            if self.said.as_ref() != Some(&id) {
                self.pause = PAUSE;
                self.over = self.lasting == Lasting::Once;
                let piece = format!("id: {id}\nevent: inbox\ndata: {data}\n\n");
                self.said = Some(id);
                return Some((Ok(Bytes::from(piece)), self));
            }
            if self.lasting == Lasting::Once {
                return None;
            }
            self.pause = (self.pause * 2).min(PAUSE_MAX);
            match self.waited().await {
                Waited::Over => return None,
                Waited::Rung => {}
                Waited::Alive => {
                    // Nothing has happened for a while: what happens next is said at once.
                    self.pause = PAUSE;
                    return Some((Ok(Bytes::from_static(ALIVE.as_bytes())), self));
                }
            }
        }
    }
}

enum Waited {
    Over,
    Rung,
    Alive,
}

/// The answer that goes on: `said` is the id of the event that the other side had last.
pub(super) fn answer(
    (db, bell): (&Db, &Bell),
    actor: Actor,
    lasting: Lasting,
    said: Option<String>,
) -> HttpResponse {
    let seat = bell.seat(actor.account);
    // Beyond those that go on one says what there is, and ends.
    let lasting = match seat {
        Some(_) => lasting,
        None => Lasting::Once,
    };
    let begun = Stream {
        _seat: seat,
        // Before the first look, so that nothing falls in between.
        rung: bell.watch(),
        db: db.clone(),
        bell: bell.clone(),
        actor,
        lasting,
        said,
        people: None,
        ends: Instant::now() + LASTS,
        looked: None,
        pause: PAUSE,
        begun: false,
        over: false,
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((UNBUFFERED, "no"))
        .streaming(Box::pin(stream::unfold(begun, Stream::next)))
}
