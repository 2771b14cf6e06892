//! The readable protocol of a signature: what was found out, for people, as a document beside the signed one.
//!
//! Invariants: of a signature there is one protocol, written once; it holds no number of an identity document that can
//! be told from other numbers, and no movement of a pen.

mod said;
#[cfg(test)]
mod tests;

use indexer::guard::Serials;
use paper::report::Report;
use sea_orm::ConnectionTrait;

use self::said::Facts;
use super::model::{SigningError, SigningJob};
use super::{identity, rows};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::{AccountId, Actor, DocumentId, SigningJobId, Timestamp};
use crate::departments;
use crate::documents::{self, Content};
use crate::relations::{self, RelationKind};
use crate::unit::Unit;

/// The type of protocols.
const TYPE: &str = "Unterschriftsprotokoll";
/// The name under which they are kept.
pub const FILE_NAME: &str = "unterschriftsprotokoll.pdf";

/// What protocols have in common.
#[derive(Debug, Clone)]
pub struct Protocols {
    town: String,
    serials: Serials,
}

/// A protocol that is to be written.
#[derive(Debug)]
pub struct ToWrite {
    /// Beside which document.
    pub document: DocumentId,
    /// What it says.
    pub report: Report,
    title: String,
}

impl Protocols {
    /// Those of a town, in which such numbers are masked.
    #[must_use]
    pub const fn new(town: String, serials: Serials) -> Self {
        Self { town, serials }
    }

    /// What the protocol of a job says at `now`. `None`: there is one, or nothing was signed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn to_write(
        &self,
        on: &impl ConnectionTrait,
        id: SigningJobId,
        now: Timestamp,
    ) -> Result<Option<ToWrite>, SigningError> {
        let Some(job) = rows::find(on, id).await? else {
            return Ok(None);
        };
        let Some(outcome) = job.outcome.as_ref().filter(|_| job.protocol.is_none()) else {
            return Ok(None);
        };
        let held = documents::read(on, &Actor::system(), job.document).await?;
        let all = departments::departments(on).await?;
        let office = all.iter().find(|one| one.id == held.document.department);
        let check = match identity::check_of(on, &job).await? {
            Some(check) => {
                let clerk = name_of(on, check.clerk).await?;
                Some((check, clerk))
            }
            None => None,
        };
        let registered = held.document.registered.as_ref();
        let registered = registered.map(|it| it.reference.clone());
        let case = held.filed.as_ref().map(|it| it.case.reference.clone());
        let title = self
            .serials
            .mask(&held.document.metadata.title)
            .into_owned();
        let (purpose, sentence) = (
            self.serials.mask(&job.purpose),
            self.serials.mask(&job.sentence),
        );
        let facts = Facts {
            town: &self.town,
            office: office.map(|one| one.name.as_str()).unwrap_or_default(),
            reference: registered.or(case),
            title: &title,
            purpose: &purpose,
            sentence: &sentence,
            clerk: name_of(on, job.clerk).await?,
            check,
            evidence: serde_json::from_str(&outcome.evidence).unwrap_or_default(),
            now,
        };
        Ok(Some(ToWrite {
            document: job.document,
            report: said::report(&job, outcome, &facts),
            title: format!("{TYPE}: {title}"),
        }))
    }
}

/// The name of somebody, where it is known.
async fn name_of(on: &impl ConnectionTrait, account: AccountId) -> Result<String, SigningError> {
    let found = departments::account(on, account).await?;
    Ok(found.map(|one| one.name).unwrap_or_default())
}

impl ToWrite {
    /// Files the protocol where the signed document stands, by the system, and says that they belong together.
    ///
    /// # Errors
    /// [`SigningError::State`] where another one was filed meanwhile; where the case is closed, until it is open.
    pub async fn file(
        unit: &mut Unit,
        id: SigningJobId,
        title: String,
        content: Content,
    ) -> Result<SigningJob, SigningError> {
        let found = rows::find_to_change(unit, id).await?;
        let mut job = found.ok_or(SigningError::NotFound)?;
        if job.protocol.is_some() {
            return Err(SigningError::State { current: job.state });
        }
        let (beside, kind) = (job.document, Some(TYPE.to_owned()));
        let held = documents::file_report(unit, beside, (title, kind), content).await?;
        let protocol = held.document.id;
        relations::relate(unit, RelationKind::BelongsTo, protocol, beside).await?;
        job.protocol = Some(protocol);
        rows::save(unit, &mut job).await?;
        let context = Object::new()
            .with("protocol", protocol.to_string())
            .with("sha256", hex::encode(held.version.sha256))
            .to_bytes();
        unit.record_with(Action::SigningProtocol, Some(job.department), Some(context));
        Ok(job)
    }

    /// What the document is called.
    #[must_use]
    pub fn title(&self) -> String {
        self.title.clone()
    }
}
