//! Proposals: types and rules. No async, no IO, no clock.

use thiserror::Error;
use uuid::Uuid;

use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, ProposalId, QuarantineId, Timestamp, VersionId};
use crate::documents::model::DocumentError;

/// Most versions that are destroyed by one proposal: step by step.
const DESTROYED_MAX: usize = 2_000;
/// Most versions that are released by one: all of them at once.
const RELEASED_MAX: usize = 200;

/// What a proposal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A version that is withheld, with all that has to go with it.
    Version(VersionId),
    /// Content in quarantine.
    Quarantined(QuarantineId),
}

impl About {
    /// As it stands in rows and answers.
    pub(in crate::documents) const fn kind(self) -> &'static str {
        match self {
            Self::Version(_) => "version",
            Self::Quarantined(_) => "quarantine",
        }
    }

    pub(in crate::documents) const fn raw(self) -> Uuid {
        match self {
            Self::Version(id) => id.raw(),
            Self::Quarantined(id) => id.raw(),
        }
    }

    /// Reads what `kind` wrote.
    pub(in crate::documents) fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "version" => Some(Self::Version(VersionId::of(id))),
            "quarantine" => Some(Self::Quarantined(QuarantineId::of(id))),
            _ => None,
        }
    }
}

/// What is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Its key is destroyed, and its bytes go.
    Destroy,
    /// It was a mistake: it is as if nothing had been found.
    Release,
}

impl Act {
    /// As it stands in rows and answers.
    pub(in crate::documents) const fn code(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Release => "release",
        }
    }

    /// Most versions that one proposal is about.
    pub(in crate::documents) const fn versions_max(self) -> usize {
        match self {
            Self::Destroy => DESTROYED_MAX,
            Self::Release => RELEASED_MAX,
        }
    }

    /// Reads what `code` wrote.
    pub(in crate::documents) fn parse(code: &str) -> Option<Self> {
        [Self::Destroy, Self::Release]
            .into_iter()
            .find(|act| act.code() == code)
    }
}

/// That somebody did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: AccountId,
}

/// That a proposal came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::documents) struct Ended {
    /// When, and who withdrew it or turned it down; the system, where something stood against it.
    pub signed: Signed,
    /// What stood against it.
    pub reason: Option<String>,
}

/// How far a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::documents) enum Standing {
    /// Somebody else has to approve it.
    Waiting,
    /// It is approved, and being carried out.
    Approved,
    /// It is carried out.
    Done,
    /// It came to nothing.
    Ended,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub(in crate::documents) id: ProposalId,
    /// Counts every change.
    pub(in crate::documents) version: u64,
    /// What it is about.
    pub(in crate::documents) about: About,
    /// What shall be done.
    pub(in crate::documents) act: Act,
    /// All versions with which it is done, in the order of their ids.
    pub(in crate::documents) versions: Vec<VersionId>,
    /// Why.
    pub(in crate::documents) reason: String,
    /// Who proposed it.
    pub(in crate::documents) proposed: Signed,
    /// Who approved it.
    pub(in crate::documents) approved: Option<Signed>,
    /// That it came to nothing.
    pub(in crate::documents) ended: Option<Ended>,
    /// Since when nothing is left to do.
    pub(in crate::documents) done_at: Option<Timestamp>,
}

impl Proposal {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> ProposalId {
        self.id
    }

    /// How far it is.
    pub(in crate::documents) const fn standing(&self) -> Standing {
        if self.done_at.is_some() {
            Standing::Done
        } else if self.ended.is_some() {
            Standing::Ended
        } else if self.approved.is_some() {
            Standing::Approved
        } else {
            Standing::Waiting
        }
    }

    /// Whether the actor made it, who acts in his own name.
    fn is_of(&self, actor: &Actor) -> bool {
        self.proposed.by == actor.account && actor.on_behalf_of.is_none()
    }

    /// Whether the actor reads it because he made it, be it without the right to decide on it.
    pub(in crate::documents) fn is_known_to(&self, actor: &Actor) -> bool {
        self.is_of(actor) && actor.scope != Scope::Intake
    }

    /// Whether the actor may take it back because he made it.
    pub(in crate::documents) fn is_taken_back_by(&self, actor: &Actor) -> bool {
        self.is_of(actor) && actor.scope == Scope::Full
    }

    /// Whether it is about this, or about a version that this would be about too.
    pub(in crate::documents) fn meets(&self, about: About, versions: &[VersionId]) -> bool {
        self.about == about || self.versions.iter().any(|id| versions.contains(id))
    }
}

/// Why something was not done with a proposal, or about what it is about.
#[derive(Debug, Error)]
pub enum ProposalError {
    /// There is no such thing, or not for the one who asks.
    #[error("there is no such proposal, and nothing to propose")]
    NotFound,
    /// The one who asks may know of it and not decide on it.
    #[error("this is not for the one who asks")]
    Forbidden,
    /// Nobody proposes or approves in another's stead.
    #[error("this is done in one's own name")]
    InAnothersStead,
    /// Nobody approves what he proposed.
    #[error("this takes another person")]
    FourEyes,
    /// It was approved, came to nothing, or is done.
    #[error("the proposal is settled")]
    Settled,
    /// Nothing holds it back.
    #[error("it is not withheld")]
    NotWithheld,
    /// It was destroyed or released before.
    #[error("it was destroyed or released before")]
    Over,
    /// Another proposal is about it.
    #[error("another proposal is about it")]
    Proposed,
    /// It bears a hold, or stands in what does.
    #[error("a hold stands against it")]
    Held,
    /// The same content, or what holds it, is given out elsewhere.
    #[error("the same content is open elsewhere")]
    OpenElsewhere,
    /// The same content stands where the one who asks does not decide.
    #[error("the same content stands where another one decides")]
    Elsewhere,
    /// It is his own matter.
    #[error("nobody decides in his own matter")]
    OwnMatter,
    /// It is about other versions by now.
    #[error("it is about other versions by now")]
    Changed,
    /// It would be about too many versions.
    #[error("it is about too many versions")]
    TooMany,
    /// It was taken out of another document, which holds it still.
    #[error("it was taken out of another document")]
    Part,
    /// It stands in another case than the one in which that was decided.
    #[error("it stands in another case")]
    OtherCase,
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl ProposalError {
    /// As it stands in a proposal that was approved and could not be carried out; nothing where trying again
    /// may do.
    pub(in crate::documents) const fn against(&self) -> Option<&'static str> {
        match self {
            Self::Held => Some("hold"),
            Self::OpenElsewhere => Some("open_elsewhere"),
            Self::Changed | Self::NotWithheld | Self::Over | Self::TooMany | Self::NotFound => {
                Some("changed")
            }
            Self::Forbidden
            | Self::InAnothersStead
            | Self::FourEyes
            | Self::OwnMatter
            | Self::Settled
            | Self::Proposed
            | Self::Elsewhere
            | Self::Part
            | Self::OtherCase
            | Self::Document(_)
            | Self::Db(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal() -> Proposal {
        Proposal {
            id: ProposalId::new(),
            version: 1,
            about: About::Version(VersionId::new()),
            act: Act::Destroy,
            versions: vec![VersionId::new()],
            reason: "Fund bestätigt".to_owned(),
            proposed: signed(),
            approved: None,
            ended: None,
            done_at: None,
        }
    }

    fn signed() -> Signed {
        Signed {
            at: Timestamp::of_micros(1),
            by: AccountId::new(),
        }
    }

    #[test]
    fn what_is_done_is_done_and_what_came_to_nothing_waits_no_more() {
        let mut one = proposal();
        assert_eq!(one.standing(), Standing::Waiting);
        one.approved = Some(signed());
        assert_eq!(one.standing(), Standing::Approved);
        one.ended = Some(Ended {
            signed: signed(),
            reason: None,
        });
        assert_eq!(one.standing(), Standing::Ended);
        one.ended = None;
        one.done_at = Some(Timestamp::of_micros(2));
        assert_eq!(one.standing(), Standing::Done);
    }

    #[test]
    fn proposals_meet_where_they_are_about_the_same_version() {
        let one = proposal();
        assert!(one.meets(one.about, &[]));
        let other = About::Version(VersionId::new());
        assert!(one.meets(other, &one.versions));
        assert!(!one.meets(other, &[VersionId::new()]));
    }

    #[test]
    fn who_made_it_takes_it_back_in_his_own_name() {
        let one = proposal();
        let mut actor = Actor::system();
        assert!(!one.is_known_to(&actor) && !one.is_taken_back_by(&actor));
        actor.account = one.proposed.by;
        assert!(one.is_known_to(&actor) && one.is_taken_back_by(&actor));
        actor.scope = Scope::Read;
        assert!(one.is_known_to(&actor) && !one.is_taken_back_by(&actor));
        actor.scope = Scope::Intake;
        assert!(!one.is_known_to(&actor));
        actor.scope = Scope::Full;
        actor.on_behalf_of = Some(AccountId::new());
        assert!(!one.is_known_to(&actor) && !one.is_taken_back_by(&actor));
    }

    #[test]
    fn codes_come_back() {
        for act in [Act::Destroy, Act::Release] {
            assert_eq!(Act::parse(act.code()), Some(act));
        }
        for about in [
            About::Version(VersionId::new()),
            About::Quarantined(QuarantineId::new()),
        ] {
            assert_eq!(About::of(about.kind(), about.raw()), Some(about));
        }
    }
}
