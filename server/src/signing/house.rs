//! Seals that the house put on a document without anybody's strokes. Whoever asked for one keeps what is written here of
//! it, and has it raised as those of the counter are: by the same steps, as far as the same setting wants.

use serde::{Deserialize, Serialize};
use storage::Storage;

use super::model::{Level, SigningError, wait_seconds};
use super::raising::{Borne, Came, RaiseError, Raised, Round};
use super::stamp::{Stamp, Stamped};
use super::stuck::Stuck;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::{DocumentId, Timestamp, VersionId};
use crate::documents;
use crate::unit::{Db, Unit};

/// Where a seal stands in the content that bears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealPlace {
    field: String,
    /// From which byte on, and how many.
    gap: (usize, usize),
}

impl SealPlace {
    pub(super) fn of(stamped: &Stamped) -> Self {
        Self {
            field: stamped.field.clone(),
            gap: stamped.gap,
        }
    }
}

/// A seal of the house, how far it has come, and which version bears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseSeal {
    // The first of them: by it rows are told apart.
    level: String,
    document: DocumentId,
    version: VersionId,
    place: SealPlace,
    archive_until: Option<i64>,
}

impl HouseSeal {
    /// As it was put on.
    #[must_use]
    pub fn put_on(document: DocumentId, version: VersionId, place: SealPlace) -> Self {
        Self {
            level: Level::Basic.code().to_owned(),
            document,
            version,
            place,
            archive_until: None,
        }
    }

    fn level(&self) -> Level {
        Level::parse(&self.level).unwrap_or(Level::Basic)
    }

    /// How far it has come: `B-B`, `B-T`, `B-LT` or `B-LTA`.
    #[must_use]
    pub fn level_code(&self) -> &'static str {
        self.level().code()
    }

    /// Which version bears it, to be looked after.
    #[must_use]
    pub fn stuck(&self, why: &str) -> Stuck {
        Stuck {
            document: self.document,
            bearer: self.version,
            level: self.level_code(),
            why: why.to_owned(),
        }
    }

    /// Whether its archive timestamp has ended by then, or it has none.
    #[must_use]
    pub fn is_bare(&self, now: Timestamp) -> bool {
        self.until().is_none_or(|until| until <= now)
    }

    fn until(&self) -> Option<Timestamp> {
        self.archive_until.map(Timestamp::of_micros)
    }

    /// When it is raised next, or its archive timestamp renewed. None: it is as far as the settings want it.
    #[must_use]
    pub fn due(&self, stamp: &Stamp, now: Timestamp) -> Option<Timestamp> {
        let level = self.level();
        if level == Level::Archived {
            let renewed = |until: Timestamp| until.plus_seconds(-stamp.renew_seconds());
            return self.until().map(renewed);
        }
        (level < stamp.level()).then_some(now)
    }

    fn borne(&self) -> Borne {
        let (from, length) = self.place.gap;
        Borne {
            document: self.document,
            bearer: self.version,
            level: self.level(),
            archive_until: self.until(),
            field: self.place.field.clone(),
            gap: from..from.saturating_add(length),
        }
    }
}

/// Under which name seals are counted that are raised no further.
pub const HOUSE_ENDED: &str = super::raising::ENDED;

/// The level of those that are only renewed.
pub const HOUSE_ARCHIVED: &str = Level::Archived.code();

/// The levels that wait, as [`HouseSeal`] writes them, and for what.
pub const HOUSE_WAITS: [(&str, &str); 4] = [
    ("B-B", "B-T"),
    ("B-T", "B-LT"),
    ("B-LT", "B-LTA"),
    ("B-LTA", "renewal"),
];

/// That a seal came further, and stands in no row yet.
pub struct Further(Raised);

/// What an attempt came to.
pub enum HouseCame {
    /// Further.
    Further(Further),
    /// It stays as it is, for good: why.
    Never(&'static str),
    /// It is as far as the settings want it.
    Enough,
    /// It is tried again after so many seconds: why.
    Waits(i64, &'static str),
}

/// One go at seals of the house.
pub struct Raiser<'a> {
    round: Round<'a>,
    stamp: &'a Stamp,
}

impl std::fmt::Debug for Raiser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raiser").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Further {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Further").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HouseCame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = match self {
            Self::Further(_) => "further",
            Self::Never(reason) => reason,
            Self::Enough => "enough",
            Self::Waits(_, why) => why,
        };
        f.write_str(said)
    }
}

impl<'a> Raiser<'a> {
    /// None: the settings name no authority of timestamps.
    ///
    /// # Errors
    /// [`RaiseError`].
    pub fn open(on: (&'a Db, &'a Storage), stamp: &'a Stamp) -> Result<Option<Self>, RaiseError> {
        let round = Round::open(on, stamp)?;
        Ok(round.map(|round| Self { round, stamp }))
    }

    /// Raises a seal by a step, after so many attempts that came to nothing.
    ///
    /// # Errors
    /// [`RaiseError`] where nothing more can be done now.
    pub async fn raise(
        &mut self,
        seal: &HouseSeal,
        attempts: u32,
    ) -> Result<HouseCame, RaiseError> {
        if seal.level() != Level::Archived && seal.level() >= self.stamp.level() {
            return Ok(HouseCame::Enough);
        }
        let came = Box::pin(self.round.attempt(&seal.borne())).await?;
        Ok(match came {
            Came::Further(Raised::Never(reason)) => HouseCame::Never(reason),
            Came::Further(raised) => HouseCame::Further(Further(raised)),
            Came::Waits(seconds, why) => {
                let longer = || wait_seconds(attempts.saturating_add(1));
                HouseCame::Waits(seconds.unwrap_or_else(longer), why)
            }
        })
    }
}

/// Adds the version that bears the seal at its new level; gives the seal as it stands now.
///
/// # Errors
/// [`SigningError::Changed`] where there is nothing to add; `Stale` of documents where there is another version,
/// `State` where the document was put aside.
pub async fn settle_house(
    unit: &mut Unit,
    seal: &HouseSeal,
    Further(raised): Further,
) -> Result<HouseSeal, SigningError> {
    let Raised::To {
        level,
        content,
        archive_until,
    } = raised
    else {
        return Err(SigningError::Changed);
    };
    let held = documents::raise(unit, seal.document, seal.version, *content).await?;
    let context = Object::new()
        .with("level", level.code())
        .with("signed", hex::encode(held.version.sha256))
        .to_bytes();
    let department = held.document.department;
    unit.record_with(Action::SigningRaise, Some(department), Some(context));
    Ok(HouseSeal {
        level: level.code().to_owned(),
        version: held.version.id,
        archive_until: archive_until.map(Timestamp::micros),
        ..seal.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::{HOUSE_WAITS, HouseSeal, SealPlace};
    use crate::base::{DocumentId, VersionId};
    use crate::signing::model::Level;

    #[test]
    fn what_is_written_of_a_seal_begins_with_its_level_and_is_read_again() {
        let place = SealPlace {
            field: "Siegel".to_owned(),
            gap: (100, 30),
        };
        let seal = HouseSeal::put_on(DocumentId::new(), VersionId::new(), place);
        let text = serde_json::to_string(&seal).unwrap();
        assert!(text.starts_with("{\"level\":\"B-B\","), "{text}");
        assert_eq!(serde_json::from_str::<HouseSeal>(&text).unwrap(), seal);
        assert_eq!(seal.borne().gap, 100..130);
        let levels: Vec<&str> = Level::ALL.into_iter().map(Level::code).collect();
        let waiting: Vec<&str> = HOUSE_WAITS.into_iter().map(|(level, _)| level).collect();
        assert_eq!(levels, waiting);
    }
}
