//! Quarantine: content that came in infected. It lies encrypted in a key domain of its own, apart from the
//! content of documents, and no door leads out of it but the destruction of its key. Two people end it
//! (`proposals`): they have it destroyed, or say that the scanner is wrong about it; then the same content is
//! let in when it is brought again.
//!
//! Invariants: it is never shown, filed or given out; the same content of the same account lies there
//! once; what lies there, what was destroyed and what was released stays known, with who brought it, when, and
//! why it went.

pub(super) mod http;
mod wire;

use sea_orm::ConnectionTrait;
use storage::KeyDomain;
use thiserror::Error;
use uuid::Uuid;

use super::entrance::Entered;
use super::intake::{Arrived, take_away};
use super::model::DocumentError;
use super::proposals::model::Signed;
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::insert::Together;
use crate::base::{AccountId, Actor, DepartmentId, QuarantineId, Role, Timestamp};
use crate::departments;
use crate::http::{Kind, Problem, text};
use crate::unit::{Db, Unit};

/// The key domain of what lies there. No compartment has it: their codes begin with a letter.
pub(super) const QUARANTINE: &str = "0-quarantine";

/// Content in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its id.
    pub id: QuarantineId,
    /// Counts every change.
    pub version: u64,
    /// The name of its blob.
    pub blob: [u8; 32],
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: u64,
    /// What it is called to be.
    pub media_type: String,
    /// What fits it, as the scanner calls it.
    pub signature: String,
    /// Where it was to go, where that was known.
    pub department: Option<DepartmentId>,
    /// When it came.
    pub created_at: Timestamp,
    /// Who brought it.
    pub created_by: AccountId,
    /// That its key was destroyed.
    pub discarded: Option<Discarded>,
    /// That two people say that the scanner is wrong about it.
    pub released: Option<Signed>,
}

/// That content was discarded: its key is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
    /// Why.
    pub reason: String,
}

/// Why something was not done with the quarantine.
#[derive(Debug, Error)]
pub enum QuarantineError {
    /// The actor may not.
    #[error("the actor may not do this with the quarantine")]
    Forbidden,
}

/// Content that has come in and that the scanner knows something against.
#[derive(Debug)]
pub struct Infected {
    arrived: Arrived,
    signature: String,
}

impl Infected {
    pub(super) const fn new(arrived: Arrived, signature: String) -> Self {
        Self { arrived, signature }
    }

    /// What fits it, as the scanner calls it.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// The content, where two people have said that the scanner is wrong about it; else it stays infected.
    pub(super) async fn judged(self, on: &impl ConnectionTrait) -> Result<Entered, DbError> {
        let sha256 = self.arrived.sha256();
        if rows::is_false_alarm(on, sha256.as_bytes(), &self.signature).await? {
            return Ok(Entered::Clean(self.arrived));
        }
        Ok(Entered::Infected(self))
    }

    /// Its length.
    pub(crate) const fn bytes(&self) -> u64 {
        self.arrived.bytes()
    }

    /// Puts it into quarantine, durably; and gives the name of what fits it.
    pub async fn put_aside(
        self,
        db: &Db,
        actor: &Actor,
        department: Option<DepartmentId>,
    ) -> Result<String, DocumentError> {
        let Self { arrived, signature } = self;
        let (sha256, bytes) = (*arrived.sha256().as_bytes(), arrived.bytes());
        tracing::warn!(
            virus.signature = signature,
            content.sha256 = %arrived.sha256(),
            account.id = %actor.account,
            "infected content was not taken in"
        );
        let context = Object::new()
            .with("sha256", hex::encode(sha256))
            .with("signature", signature.as_str())
            .to_bytes();
        if rows::quarantine_holds(db.read(), &sha256, actor.account).await? {
            arrived.discard().await;
            db.write(actor, async move |unit: &mut Unit| {
                unit.record_with(Action::DocumentQuarantine, department, Some(context));
                Ok::<_, DbError>(())
            })
            .await?;
            return Ok(signature);
        }
        let domain = KeyDomain::parse(QUARANTINE).map_err(DbError::from)?;
        departments::make_key(db, &domain).await?;
        let storage = arrived.storage();
        let (kept, media_type) = arrived.keep_apart(&domain).await?;
        let (spare, name) = (kept.blob.name, signature.clone());
        let written = db.write(actor, async move |unit: &mut Unit| {
            let account = unit.actor().account;
            if rows::quarantine_holds(unit.tx(), &sha256, account).await? {
                // It came twice at the same time.
                unit.record_with(Action::DocumentQuarantine, department, Some(context));
                return Ok::<_, DocumentError>(false);
            }
            let new = Quarantined {
                id: QuarantineId::new(),
                version: 1,
                blob: *kept.blob.name.as_bytes(),
                sha256,
                bytes,
                media_type,
                signature: name,
                department,
                created_at: unit.now(),
                created_by: account,
                discarded: None,
                released: None,
            };
            let mut blob = Together::default();
            rows::insert_blob(unit, &mut blob, &kept);
            blob.run(unit.tx()).await?;
            rows::quarantine_insert(unit, &new).await?;
            unit.record_with(Action::DocumentQuarantine, department, Some(context));
            Ok(true)
        });
        if !written.await?.value {
            take_away(storage, spare).await;
        }
        Ok(signature)
    }

    /// Puts it into quarantine; gives the refusal for whoever brought it.
    pub async fn refuse(self, db: &Db, actor: &Actor, department: Option<DepartmentId>) -> Problem {
        match self.put_aside(db, actor, department).await {
            Ok(signature) => Problem::new(Kind::Infected)
                .detail(text(
                    format!(
                        "In diesem Inhalt wurde Schadsoftware gefunden: {signature}. Er wurde nicht \
                         abgelegt und liegt in Quarantäne."
                    ),
                    format!(
                        "This content is infected: {signature}. It was not filed and lies in \
                         quarantine."
                    ),
                ))
                .signature(&signature),
            Err(error) => error.into(),
        }
    }
}

/// Refuses whoever may not see what lies in quarantine: it is for those who administer, who keep the
/// files, and who audit.
pub(super) fn may_see(actor: &Actor) -> Result<(), QuarantineError> {
    let roles = [
        Role::System,
        Role::Admin,
        Role::RecordsManager,
        Role::Auditor,
    ];
    if roles.iter().any(|role| actor.is(*role)) {
        return Ok(());
    }
    Err(QuarantineError::Forbidden)
}

/// Refuses whoever does not decide on what becomes of it.
pub(super) fn may_decide(actor: &Actor) -> Result<(), QuarantineError> {
    let roles = [Role::System, Role::Admin, Role::RecordsManager];
    if actor.scope == Scope::Full && roles.iter().any(|role| actor.is(*role)) {
        return Ok(());
    }
    Err(QuarantineError::Forbidden)
}

/// At most `limit` entries before `before`, the newest first.
pub async fn quarantine(
    on: &impl ConnectionTrait,
    discarded: bool,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Quarantined>, DbError> {
    rows::quarantine_page(on, discarded, before, limit).await
}

/// How much lies there.
pub async fn count_quarantined(on: &impl ConnectionTrait) -> Result<u64, DbError> {
    rows::quarantine_count(on).await
}
