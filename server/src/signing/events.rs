//! Streams of events (server-sent events): what a tablet has to show, and how far a job has come.
//!
//! A stream says what there is whenever that is something else than what it said last, so that whoever
//! connects again has missed nothing; the id of an event names what it said.

use std::io;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::bus::{Bus, Note};
use super::ops;
use super::wire::SigningJobView;
use crate::base::{Actor, SigningJobId, TabletId};
use crate::tablets;
use crate::unit::Db;

/// How often a stream that has nothing to say says that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// After how many milliseconds a browser connects again.
const RETRY: &str = "retry: 1000\n\n";
/// An event, because a page sees no comments; without an id, because nothing has changed.
const ALIVE: &str = "event: alive\ndata: {}\n\n";
/// Proxies are asked to hand on each event as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is watched.
#[derive(Debug, Clone)]
pub(super) enum Watched {
    /// What a tablet has to show.
    Tablet(TabletId),
    /// How far a job has come, for somebody who sees it.
    Job(SigningJobId, Actor),
}

/// How long a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    /// Until either side ends it.
    On,
    /// It says what there is now.
    Once,
}

/// What there is.
struct Told {
    id: String,
    event: &'static str,
    data: String,
    is_last: bool,
}

struct Stream {
    db: Db,
    bus: Bus,
    notes: Receiver<Note>,
    watched: Watched,
    lasting: Lasting,
    said: Option<String>,
    begun: bool,
    over: bool,
}

impl Stream {
    /// What there is now; nothing where it may be seen no more.
    async fn look(&self) -> Option<Told> {
        let (on, now) = (self.db.read(), self.db.now());
        match &self.watched {
            Watched::Tablet(id) => {
                let tablet = tablets::with_id(on, *id).await.ok()??;
                if tablet.is_revoked() {
                    return Some(Told {
                        id: "revoked".to_owned(),
                        event: "revoked",
                        data: "{}".to_owned(),
                        is_last: true,
                    });
                }
                let job = ops::shown_on(on, *id, now).await.ok()?;
                Some(match job {
                    Some(job) => Told {
                        id: job.id.to_string(),
                        event: "job",
                        data: format!("{{\"id\":\"{}\"}}", job.id),
                        is_last: false,
                    },
                    None => Told {
                        id: "idle".to_owned(),
                        event: "idle",
                        data: "{}".to_owned(),
                        is_last: false,
                    },
                })
            }
            Watched::Job(id, actor) => {
                let job = ops::read(on, actor, *id).await.ok()?;
                let state = job.state_at(now);
                let view = SigningJobView::of(&job, now);
                Some(Told {
                    id: format!("{}-{}", job.version, state.code()),
                    event: "state",
                    data: serde_json::to_string(&view).ok()?,
                    is_last: state.is_over(),
                })
            }
        }
    }

    /// Notes that a tablet is there, while it has nothing else to be told: what it is told waits for no write. That it
    /// could not be noted is no reason to leave the tablet in the dark.
    async fn present(&self) {
        let Watched::Tablet(id) = &self.watched else {
            return;
        };
        if let Ok(Some(tablet)) = tablets::with_id(self.db.read(), *id).await
            && !tablet.is_revoked()
        {
            drop(tablets::seen(&self.db, &tablet).await);
        }
    }

    fn concerns(&self, note: Note) -> bool {
        match &self.watched {
            Watched::Tablet(id) => note.tablet == *id,
            Watched::Job(id, _) => note.job == Some(*id),
        }
    }

    /// Waits until something happened to what is watched.
    async fn noted(&mut self) {
        loop {
            match self.notes.recv().await {
                Ok(note) if self.concerns(note) => return,
                Ok(_) => {}
                // What was missed stands in the database.
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// The next piece of the stream.
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if !self.begun {
            self.begun = true;
            return Some((Ok(Bytes::from_static(RETRY.as_bytes())), self));
        }
        loop {
            if self.over || self.bus.is_ended() {
                return None;
            }
            let told = self.look().await?;
            if self.said.as_ref() != Some(&told.id) {
                self.over = told.is_last || self.lasting == Lasting::Once;
                let Told {
                    id, event, data, ..
                } = told;
                let piece = format!("id: {id}\nevent: {event}\ndata: {data}\n\n");
                self.said = Some(id);
                return Some((Ok(Bytes::from(piece)), self));
            }
            if self.lasting == Lasting::Once || told.is_last {
                return None;
            }
            let ended = self.bus.ended();
            tokio::select! {
                () = ended => return None,
                () = self.noted() => {}
                () = tokio::time::sleep(ALIVE_EVERY) => {
                    self.present().await;
                    return Some((Ok(Bytes::from_static(ALIVE.as_bytes())), self));
                }
            }
        }
    }
}

/// The answer that goes on: `said` is the id of the event that the other side had last.
pub(super) fn answer(
    (db, bus): (&Db, &Bus),
    watched: Watched,
    lasting: Lasting,
    said: Option<String>,
) -> HttpResponse {
    let begun = Stream {
        // Before the first look, so that nothing falls in between.
        notes: bus.watch(),
        db: db.clone(),
        bus: bus.clone(),
        watched,
        lasting,
        said,
        begun: false,
        over: false,
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((UNBUFFERED, "no"))
        .streaming(Box::pin(stream::unfold(begun, Stream::next)))
}
