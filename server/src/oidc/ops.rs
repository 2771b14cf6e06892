//! What is done when somebody comes back from the provider, or has signed out there.

use std::net::IpAddr;

use super::claims::{
    ClaimsError, LOGOUT_AGE_SECONDS_MAX, Parties, Person, SKEW_SECONDS, SignedOut,
};
use super::flow::{Begun, FLOW_SECONDS};
use super::jose::Signed;
use super::model::{OidcError, Refusal, roles_of};
use super::provider::Provider;
use super::rows;
use crate::base::{Actor, RequestId, steers};
use crate::config::{Auth, Rights};
use crate::departments::{
    self, Arrival, ArrivalError, Comes, Entered, Giving, Identity, Login, NAME_CHARS_MAX,
    PeopleError,
};
use crate::unit::{Db, Unit};

/// Where somebody comes from, with which browser.
#[derive(Debug, Clone)]
pub(super) struct From {
    pub(super) request: Option<RequestId>,
    pub(super) address: IpAddr,
    pub(super) agent: Option<String>,
    /// The digest of the session that this browser had when it began.
    pub(super) before: Option<[u8; 32]>,
}

/// What the house has for whoever comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct House<'a> {
    pub(super) db: &'a Db,
    pub(super) auth: &'a Auth,
    pub(super) rights: Rights,
    pub(super) provider: &'a Provider,
}

impl House<'_> {
    fn parties(&self) -> Parties<'_> {
        let config = self.provider.config();
        Parties {
            issuer: &config.issuer,
            client: &config.client_id,
        }
    }

    /// An attempt counts once, however it ends.
    pub(super) async fn once(&self, begun: &Begun) -> Result<(), Refusal> {
        self.note(begun.digest(), FLOW_SECONDS).await
    }

    /// Notes what counts once.
    async fn note(&self, digest: [u8; 32], seconds: i64) -> Result<(), Refusal> {
        let first = self
            .db
            .keep_house(async move |unit: &mut Unit| rows::first(unit, digest, seconds).await)
            .await?;
        if first { Ok(()) } else { Err(Refusal::Used) }
    }

    /// Who it is that comes with this code.
    pub(super) async fn ask(&self, code: &str, begun: &Begun) -> Result<Person, Refusal> {
        let config = self.provider.config();
        let issued = self.provider.redeem(code, begun).await?;
        let token = Signed::parse(&issued.id_token).map_err(OidcError::from)?;
        let payload = self.provider.verified(&token).await?;
        let read = Person::read(&payload, self.parties(), &begun.nonce, self.db.now());
        let mut person = read.map_err(OidcError::from)?;
        let silent = [
            &config.login_claim,
            &config.groups_claim,
            &config.name_claim,
        ];
        if silent.into_iter().any(|claim| !person.says(claim))
            && let Some(more) = self.provider.more(&issued).await?
        {
            person.add(more).map_err(OidcError::from)?;
        }
        Ok(person)
    }

    /// Lets somebody in: finds or makes the account, gives and takes the roles of the groups, opens a session.
    pub(super) async fn enter(&self, person: Person, from: From) -> Result<Entered, Refusal> {
        let config = self.provider.config();
        let identity = Identity {
            issuer: config.issuer.clone(),
            subject: person.subject.clone(),
        };
        let departments = departments::departments(self.db.read()).await?;
        let groups = person.groups(&config.groups_claim);
        let login = person.words(&config.login_claim).and_then(Login::parse);
        let name = person.words(&config.name_claim).map(plain);
        let arrival = Arrival {
            identity: identity.clone(),
            name: name.filter(|name| !name.is_empty()),
            login,
            roles: roles_of(&groups, &config.roles, &departments),
            giving: Giving::of(self.rights),
            may_be_made: config.create_accounts,
            may_be_linked: config.link_by_login,
            may_administer: config.may_give_admin,
        };
        let actor = Actor {
            request: from.request,
            ..Actor::system()
        };
        let arrived = self
            .db
            .write(&actor, async move |unit: &mut Unit| {
                departments::arrive(unit, arrival).await
            })
            .await;
        match arrived {
            Ok(_) | Err(ArrivalError::AsBefore) => {}
            Err(ArrivalError::NoLogin) => {
                return Err(Refusal::NoLogin {
                    subject: person.subject,
                });
            }
            Err(ArrivalError::Unknown) => {
                return Err(Refusal::Unknown {
                    subject: person.subject,
                });
            }
            Err(ArrivalError::Taken) => {
                return Err(Refusal::Taken {
                    subject: person.subject,
                });
            }
            Err(ArrivalError::Off) => return Err(Refusal::Off),
            Err(ArrivalError::People(error)) => return Err(error.into()),
            Err(ArrivalError::Db(error)) => return Err(error.into()),
        }
        let comes = Comes {
            identity,
            session: person.session,
            request: from.request,
            from: from.address,
            agent: from.agent,
            before: from.before,
        };
        Ok(departments::enter_by_provider(self.db, self.auth, comes).await?)
    }

    /// Somebody signed out at the provider: the sessions that were begun there end here too. That a message came
    /// is noted with what it did: one that failed may come again.
    pub(super) async fn signed_out(
        &self,
        token: &str,
        request: Option<RequestId>,
    ) -> Result<(), Refusal> {
        let token = Signed::parse(token).map_err(OidcError::from)?;
        let fits = token.typ().is_none_or(|typ| {
            ["logout+jwt", "jwt", "application/logout+jwt"]
                .iter()
                .any(|known| typ.eq_ignore_ascii_case(known))
        });
        if !fits {
            return Err(OidcError::from(ClaimsError::Event).into());
        }
        let payload = self.provider.verified(&token).await?;
        let read = SignedOut::read(&payload, self.parties(), self.db.now());
        let out = read.map_err(OidcError::from)?;
        let (issuer, digest) = (self.provider.config().issuer.clone(), out.digest());
        let kept = LOGOUT_AGE_SECONDS_MAX + 2 * SKEW_SECONDS;
        let actor = Actor {
            request,
            ..Actor::system()
        };
        let done = self
            .db
            .write(&actor, async move |unit: &mut Unit| {
                if !rows::first(unit, digest, kept).await? {
                    return Err(Refusal::Used);
                }
                let (subject, session) = (out.subject, out.session);
                let ended = departments::end_provider_sessions(unit, &issuer, subject, session);
                Ok(ended.await?)
            })
            .await;
        match done {
            Ok(_) => Ok(()),
            // There was nothing to end: no unit was committed that could have noted it.
            Err(Refusal::People(PeopleError::NoToken)) => self.note(digest, kept).await,
            Err(refusal) => Err(refusal),
        }
    }
}

/// A name as people have one.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_control() && !steers(*c));
    let kept: String = kept.take(NAME_CHARS_MAX).collect();
    kept.trim().to_owned()
}
